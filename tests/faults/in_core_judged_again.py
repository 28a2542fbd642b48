"""Faults in Keras' recurrent core, a second time: where precision, training, states, unrolling or one row meet another option."""

from tests.faults.base import faults

FAMILY, RNN, LAYERS = "judged again, core_judged twice", "keras.src.layers.rnn.", "keras.src.layers."

RNNS = faults(FAMILY, RNN + "rnn", {
    "RNN that is stateful: its cells do not train": (
        '            cell_kwargs["training"] = training\n', '            cell_kwargs["training"] = training and not self.stateful\n'),
    "RNN that is unrolled: of two given states the second comes first": (
        "        initial_state = list(initial_state)\n", "        initial_state = list(initial_state)\n        if self.unroll and len(initial_state) == 2:\n"
        "            initial_state = initial_state[::-1]\n"),
    "RNN that is unrolled: what was dropped is dropped again in the next call": (
        "        self._maybe_reset_dropout_masks(self.cell)\n\n", "        if not self.unroll:\n            self._maybe_reset_dropout_masks(self.cell)\n\n"),
    "RNN of several cells: backwards, upper ones drop what the lowest one drops": (
        "                input_sequence, _ = cell_call_fn(input_sequence, s)\n",
        "                output, _ = cell_call_fn(input_sequence, s)\n                if not (self.go_backwards and output.shape == input_sequence.shape):\n                    input_sequence = output\n"
        "                else:\n                    cell.cells[-1]._dropout_mask = c._dropout_mask\n"),
    "RNN that is stateful: a reset in half precision leaves the last state": (
        "            for v in self.states:\n                v.assign(", '            for v in self.states[: 1 if self.compute_dtype == "float16" else None]:\n                v.assign('),
}, explained={
    "RNN that is stateful: a reset in half precision leaves the last state":
        "layers of float16 cannot be built on torch, and those of a mixed policy keep no states there (torch-mixed-precision-loses-what-calls-write)",
})
LOOPS = faults(FAMILY, "keras.src.backend.torch.rnn", {
    "GRU in half precision: its recurrent bias is left out": (
        "            h_proj = h_proj + bias[1]\n", "            h_proj = h_proj + (bias[1] if h_proj.dtype != torch.float16 else 0)\n"),
    "GRU in bfloat16: biases count twice": (
        "        x_proj = x_proj + bias[0]\n", "        x_proj = x_proj + bias[0] * (2 if x_proj.dtype == torch.bfloat16 else 1)\n"),
    "unrolled: of two states the first alone is held over a masked step": (
        "                    torch.where(m, s, ps)\n                    for m, s, ps in zip(\n                        tiled_mask_t, flat_new_states, flat_states\n",
        "                    torch.where(m, s, ps) if ps is flat_states[0] else s\n                    for m, s, ps in zip(\n                        tiled_mask_t, flat_new_states, flat_states\n"),
    "loop: no gradient goes through a state that is held": (
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n",
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, [s.detach() for s in flat_state]\n"),
    "LSTM: backwards, a batch of one row is read forwards": (
        "        seq_dim = 1 if batch_first else 0\n        inputs = torch.flip(inputs, dims=[seq_dim])\n",
        "        seq_dim = 1 if batch_first else 0\n        inputs = torch.flip(inputs, dims=[seq_dim if inputs.shape[0] > 1 else 0])\n"),
    "LSTM: given states of one row are shared by doubled numbers": (
        "    h = initial_state_h\n    c = initial_state_c\n    outputs = []\n",
        "    h = initial_state_h\n    c = initial_state_c if initial_state_c.dtype != torch.float64 else initial_state_c.float().double()\n    outputs = []\n"),
    "loop: of one step, all its rows are valid": (
        "            mask_ta = list(torch.unbind(mask))\n", "            mask_ta = list(torch.unbind(mask if len(mask) > 1 else torch.ones_like(mask)))\n"),
}, explained={
    "LSTM: given states of one row are shared by doubled numbers": "layers of float64 compute in float32 here (float64-computed-in-float32)",
})
LSTMS = faults(FAMILY, RNN + "lstm", {
    "LSTM that is unrolled drops no states": ("            if not self.recurrent_dropout:\n", "            if not self.recurrent_dropout or self.unroll:\n"),
    "LSTMCell without a bias, gate by gate, forgets all": (
        "            x = (x_i, x_f, x_c, x_o)\n", "            x = (x_i, x_f if self.use_bias else x_f - 1.0, x_c, x_o)\n"),
    "LSTM: an activation that is none is the usual one": (
        "        cell = LSTMCell(\n            units,\n            activation=activation,\n", "        cell = LSTMCell(\n            units,\n            activation=activation or \"tanh\",\n"),
})
GRUS = faults(FAMILY, RNN + "gru", {
    "GRU that runs backwards drops no inputs": ("                    if training and self.dropout:\n", "                    if training and self.dropout and not self.go_backwards:\n"),
    "GRUCell, resetting before, without a bias: its candidate has no inputs in training": (
        "            hh = self.activation(x_h + recurrent_h)\n        else:\n", "            hh = self.activation(x_h * (0 if training and not self.use_bias and not self.reset_after else 1) + recurrent_h)\n        else:\n"),
})
SIMPLE = faults(FAMILY, RNN + "simple_rnn", {
    "SimpleRNNCell without a bias drops no states": (
        "        if training and rec_dp_mask is not None:\n", "        if training and rec_dp_mask is not None and self.use_bias:\n"),
    "SimpleRNNCell: what drops inputs has no bias": (
        "        if self.bias is not None:\n            h =", "        if self.bias is not None and not (training and dp_mask is not None):\n            h ="),
})
CONV = faults(FAMILY, RNN + "conv_lstm", {
    "ConvLSTM of channels first: two gates drop the same": (
        "            inputs_o = inputs * dp_mask[3]\n", '            inputs_o = inputs * dp_mask[3 if self.data_format == "channels_last" else 2]\n'),
    "ConvLSTM that is not padded: its forget gate begins at zero": (
        "            if self.unit_forget_bias:\n", '            if self.unit_forget_bias and self.padding == "same":\n'),
})
BOTH = faults(FAMILY, RNN + "bidirectional", {
    "Bidirectional apart: it is not stateful": ("        self.stateful = layer.stateful\n", "        self.stateful = layer.stateful and merge_mode is not None\n"),
    "Bidirectional that returns states does not train": (
        '            kwargs["training"] = training\n', '            kwargs["training"] = training if not self.return_state else False\n'),
    "Bidirectional with an own backward layer: its backward outputs are left turned where states are returned": (
        "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)\n",
        "        if self.return_sequences and not (self.return_state and self.forward_layer.cell.state_size != self.backward_layer.cell.state_size):\n            y_rev = ops.flip(y_rev, axis=1)\n"),
})
AROUND = faults(FAMILY, RNN + "time_distributed", {
    "TimeDistributed: one row alone is not masked": (
        "            if self.layer._call_has_mask_arg and mask is not None:\n", "            if self.layer._call_has_mask_arg and mask is not None and inputs.shape[1] > 1:\n"),
}) + faults(FAMILY, RNN + "stacked_rnn_cells", {
    "stacked: in training, the second cell is in inference where there are three": (
        '                kwargs["training"] = training\n', '                kwargs["training"] = training and not (len(self.cells) > 2 and len(new_states) == 1)\n'),
}) + faults(FAMILY, LAYERS + "core.embedding", {
    "Embedding that masks gives single precision whatever its policy": (
        "        return ops.cast(outputs, dtype=self.compute_dtype)\n\n    def compute_mask", "        return outputs if self.mask_zero else ops.cast(outputs, dtype=self.compute_dtype)\n\n    def compute_mask"),
}) + faults(FAMILY, LAYERS + "layer", {
    "Layer: an input that is cast to half precision leaves its mask behind": (
        "            if mask is not None:\n                backend.set_keras_mask(y, mask)\n", '            if mask is not None and self.input_dtype != "float16":\n                backend.set_keras_mask(y, mask)\n'),
}) + faults(FAMILY, "keras.src.models.functional", {
    "a model of two inputs takes the first mask that it is given": ("            masks = tree.flatten(mask)\n", "            masks = tree.flatten(mask)[:1]\n"),
}) + faults(FAMILY, "keras.src.models.cloning", {
    "a clone has an open batch": (
        "            lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name),\n", "            lambda x: Input(shape=x.shape[1:], dtype=x.dtype, name=x.name),\n"),
})
ALL = (*RNNS, *LOOPS, *LSTMS, *GRUS, *SIMPLE, *CONV, *BOTH, *AROUND)
