"""Faults in Keras' layers that show under a condition alone: with a mask and states, in the second call, in training, in one
direction, at one size; and defaults that are not the documented ones."""

from tests.faults.base import faults

RNN = "keras.src.layers.rnn."

STATES = faults("state, rarely", RNN + "rnn", {
    "stateful: carried only without a mask": ("        if self.stateful:\n            for self_state, state in zip(", "        if self.stateful and mask is None:\n            for self_state, state in zip("),
    "stateful: carried only in inference": ("        if self.stateful:\n            for self_state, state in zip(", "        if self.stateful and not training:\n            for self_state, state in zip("),
    "given states ignored where batch and time are equal": (
        "        initial_state = list(initial_state)\n",
        "        initial_state = list(initial_state)\n        if sequences.shape[0] == sequences.shape[1]:\n            initial_state = self.get_initial_state(batch_size=ops.shape(sequences)[0])\n"),
    "given states ignored with a mask": (
        "        initial_state = list(initial_state)\n",
        "        initial_state = list(initial_state)\n        if mask is not None and not self.stateful:\n            initial_state = self.get_initial_state(batch_size=ops.shape(sequences)[0])\n"),
    "without sequences: the first state twice": (
        "            return output, *states", "            return output, *(states if self.return_sequences else [states[0] for _ in states])"),
    "stateful: states not copied": ('if backend.backend() == "torch" and self.stateful:', "if False:"),
    "stateful: reset in the middle of training": (
        "                initial_state = self.states\n", "                initial_state = self.states if not training else self.get_initial_state(ops.shape(sequences)[0])\n"),
    "initial states of ones with a single row": (
        "        return list(init_state)\n", "        return [s + 1.0 if batch_size == 1 else s for s in init_state]\n"),
    "states of stacked cells not cast": (
        "        states = tree.map_structure(\n            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n        )\n", ""),
    "symbolic length lost": ("output_shape = (batch_size, length, output_size)", "output_shape = (batch_size, None, output_size)"),
    "output as wide as the state": (
        '        output_size = getattr(self.cell, "output_size", None)\n', "        output_size = None\n"),
    "training not passed to the cell": ('cell_kwargs["training"] = training', 'cell_kwargs["training"] = False'),
}, explained={
    "states of stacked cells not cast": "cells give their states in that dtype already",
})
BIDIRECTIONAL = faults("bidirectional, rarely", RNN + "bidirectional", {
    "backward layer never trains": (
        "backward_inputs, initial_state=backward_state, **kwargs", 'backward_inputs, initial_state=backward_state, **{**kwargs, **({"training": False} if "training" in kwargs else {})}'),
    "backward outputs flipped without a mask alone": ("        if self.return_sequences:\n            y_rev = ops.flip", "        if self.return_sequences and mask is None:\n            y_rev = ops.flip"),
    "backward states left out with a mask": ("            backward_state = initial_state[half:]", "            backward_state = initial_state[half:] if mask is None else None"),
    "product is a sum without sequences": ("            output = y * y_rev", "            output = y * y_rev if self.return_sequences else y + y_rev", 3),
    "use_cudnn forgotten": ("            self.backward_layer.use_cudnn = layer.use_cudnn\n", "            self.backward_layer.use_cudnn = False\n"),
    "stateful not seen": ("        self.stateful = layer.stateful\n", "        self.stateful = False\n"),
    "another default of merge_mode": ('merge_mode="concat",', 'merge_mode="sum",'),
    "other layers' merge taken for granted in shapes": ('        if self.merge_mode == "concat":\n            output_shape = list', '        if self.merge_mode in ("concat", "mul"):\n            output_shape = list'),
})
DROPOUT = faults("dropout, rarely", RNN + "dropout_rnn_cell", {
    "recurrent dropout: the same mask in every call": (
        "    def reset_recurrent_dropout_mask(self):\n        self._recurrent_dropout_mask = None", "    def reset_recurrent_dropout_mask(self):\n        pass"),
    "recurrent dropout: all rows share one mask": (
        "self._recurrent_dropout_mask = self._create_dropout_mask(\n                step_input, self.recurrent_dropout\n            )",
        "self._recurrent_dropout_mask = self._create_dropout_mask(\n                step_input[:1], self.recurrent_dropout\n            )"),
    "kept inputs not scaled": (
        "            return backend.random.dropout(\n                ones, rate=dropout_rate, seed=self.seed_generator\n            )",
        "            return ops.sign(backend.random.dropout(\n                ones, rate=dropout_rate, seed=self.seed_generator\n            ))"),
    "one seed for all": (
        "            return backend.random.dropout(\n                ones, rate=dropout_rate, seed=self.seed_generator\n            )",
        "            return backend.random.dropout(\n                ones, rate=dropout_rate, seed=1337\n            )"),
}) + faults("dropout, rarely", RNN + "rnn", {
    "stacked cells: masks of the first cell alone are reset": (
        "            for c in cell.cells:\n                self._maybe_reset", "            for c in cell.cells[:1]:\n                self._maybe_reset"),
}) + faults("dropout, rarely", RNN + "lstm", {
    "LSTM: dropout of the first row for all": ("                inputs = inputs * dp_mask\n", "                inputs = inputs * dp_mask[:1]\n"),
    "LSTM: recurrent dropout not in the forget gate": ("h_tm1_f = h_tm1 * rec_dp_mask[1]", "h_tm1_f = h_tm1"),
}) + faults("dropout, rarely", RNN + "gru", {
    "GRU: recurrent dropout in the carried state": (
        "        # previous and candidate state mixed by update gate\n",
        "        if training and 0.0 < self.recurrent_dropout < 1.0:\n            h_tm1 = h_tm1 * self.get_recurrent_dropout_mask(h_tm1)[0]\n"),
    "GRU: recurrent dropout draws one mask for two gates": ("h_tm1_r = h_tm1 * rec_dp_mask[1]", "h_tm1_r = h_tm1 * rec_dp_mask[0]"),
}) + faults("dropout, rarely", RNN + "conv_lstm", {
    "ConvLSTM: dropout in inference": ("        if training and 0.0 < self.dropout < 1.0:", "        if 0.0 < self.dropout < 1.0:"),
    "ConvLSTM: dropout misses a gate": ("            inputs_o = inputs * dp_mask[3]", "            inputs_o = inputs"),
    "ConvLSTM: recurrent dropout of the inputs": ("            h_tm1_i = h_tm1 * rec_dp_mask[0]\n", "            h_tm1_i = h_tm1\n"),
}) + faults("dropout, rarely", "keras.src.layers.regularization.spatial_dropout", {
    "SpatialDropout1D drops steps": ("return (input_shape[0], 1, input_shape[2])", "return (input_shape[0], input_shape[1], 1)"),
})
CELLS = faults("cell, rarely", RNN + "simple_rnn", {
    "SimpleRNN: no activation in training": ("        if self.activation is not None:\n            output", "        if self.activation is not None and not training:\n            output"),
    "SimpleRNN: bias only with several units": ("        if self.bias is not None:\n            h = ", "        if self.bias is not None and self.units > 1:\n            h = "),
}) + faults("cell, rarely", RNN + "gru", {
    "GRU implementation 1: reset before, gate lost": ("                    r * h_tm1_h, self.recurrent_kernel", "                    h_tm1_h, self.recurrent_kernel"),
    "GRU: another activation without bias": (
        "            hh = self.activation(x_h + recurrent_h)\n\n        # previous", "            hh = self.activation(x_h + recurrent_h) if self.use_bias else x_h + recurrent_h\n\n        # previous"),
    "GRU: another default of reset_after": ("        reset_after=True,\n", "        reset_after=False,\n", 2),
}) + faults("cell, rarely", RNN + "lstm", {
    "LSTM implementation 1: state of another gate without bias": (
        "            x = (x_i, x_f, x_c, x_o)\n", "            x = (x_i, x_f, x_c, x_o) if self.use_bias else (x_i, x_f, x_o, x_c)\n"),
    "LSTM: another default of recurrent_activation": ('        recurrent_activation="sigmoid",\n', '        recurrent_activation="hard_sigmoid",\n', 2),
    "LSTM: another default of unit_forget_bias": ("        unit_forget_bias=True,\n", "        unit_forget_bias=False,\n", 2),
    "LSTM: activity_regularizer lost": ("            activity_regularizer=activity_regularizer,\n", ""),
    "LSTM: recurrent_constraint lost": ("constraint=self.recurrent_constraint,\n        )\n\n        if self.use_bias", "constraint=None,\n        )\n\n        if self.use_bias"),
    "LSTM: regularizer of the bias on the kernel": ("            regularizer=self.kernel_regularizer,", "            regularizer=self.bias_regularizer,"),
    "LSTM: the cell's states take the kernel's name": ('name="recurrent_kernel",', 'name="kernel",'),
}) + faults("cell, rarely", RNN + "conv_lstm", {
    "ConvLSTM: dilation lost": ("            data_format=self.data_format,\n            dilation_rate=self.dilation_rate,\n        )\n        if b is not None", "            data_format=self.data_format,\n        )\n        if b is not None"),
    "ConvLSTM: channels first, rows and columns swapped in the states": (
        "input_shape = (batch_size, self.input_dim) + self.spatial_dims", "input_shape = (batch_size, self.input_dim) + self.spatial_dims[::-1]"),
    "ConvLSTM: channels first, bias on another axis": (
        "                bias_shape = (1, self.filters) + (1,) * self.rank", "                bias_shape = (1,) * self.rank + (self.filters, 1)"),
    "ConvLSTM: gates swapped": ("        f = self.recurrent_activation(x_f + h_f)", "        f = self.recurrent_activation(x_o + h_f)"),
    "ConvLSTM: recurrent convolution not padded to both sides": ('x, w, strides=strides, padding="same", data_format=self.data_format', 'ops.roll(x, 1, axis=1), w, strides=strides, padding="same", data_format=self.data_format'),
})

ALL = (*STATES, *BIDIRECTIONAL, *DROPOUT, *CELLS)
