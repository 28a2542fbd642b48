"""Faults that Keras and PyTorch once had, put back where their releases mended them: what a real fault of these layers looks like.

Each is named after the release, or the pull request or issue, that mended it.
"""

from tests.faults.base import faults

RNN, LAYERS, LOOP = "keras.src.layers.rnn.", "keras.src.layers.", "keras.src.backend.torch.rnn"

DROPOUT = faults("real: dropout", RNN + "lstm", {
    "real, Keras 3.0.5: LSTM drops in place": (
        "                inputs = inputs * dp_mask\n", "                inputs *= dp_mask\n"),
    "real, Keras 3.8: LSTM's gates share what recurrent dropout drops": (
        "h_tm1_f = h_tm1 * rec_dp_mask[1]", "h_tm1_f = h_tm1 * rec_dp_mask[0]"),
    "real, Keras 3.9: LSTM drops in inference": ("if training and self.dropout:", "if self.dropout:"),
}) + faults("real: dropout", RNN + "gru", {
    "real, Keras 3.1: GRU drops in place": ("                inputs = inputs * dp_mask\n", "                inputs *= dp_mask\n"),
    "real, Keras 3.8: GRU scales the carried state": (
        "                h_tm1_h = h_tm1 * rec_dp_mask[2]\n",
        "                h_tm1_h = h_tm1 * rec_dp_mask[2]\n                h_tm1 = h_tm1_h\n"),
}) + faults("real: dropout", RNN + "simple_rnn", {
    "real, Keras 3.1: SimpleRNN drops in place": (
        "            sequence = sequence * dp_mask\n", "            sequence *= dp_mask\n"),
}) + faults("real: dropout", RNN + "dropout_rnn_cell", {
    "real, Keras 3.2: recurrent dropout has the rate of dropout": (
        "                step_input, self.recurrent_dropout\n", "                step_input, self.dropout\n"),
}) + faults("real: dropout", RNN + "rnn", {
    "real, Keras 3.1: every stacked cell has the masks of the first one's inputs": (
        "                input_sequence, _ = cell_call_fn(input_sequence, s)\n", ""),
}) + faults("real: dropout", RNN + "conv_lstm", {
    "real, keras 20063: ConvLSTM drops no input": (
        "if training and 0.0 < self.dropout < 1.0:", "if training and 0.0 < self.dropout < 0.0:"),
    "real, keras 20063: ConvLSTM drops no state": (
        "if training and 0.0 < self.recurrent_dropout < 1.0:", "if training and 0.0 < self.recurrent_dropout < 0.0:"),
})
STATES = faults("real: state", RNN + "rnn", {
    "real, keras 20875: carried states are changed while gradients need them": (
        'if backend.backend() == "torch" and self.stateful:', 'if backend.backend() == "numpy" and self.stateful:'),
    "real, keras 20105: a stateful layer takes another batch": (
        "                and actual_batch_size != self._expected_batch_size\n", "                and actual_batch_size < 0\n"),
    "real, Keras 3.3: shapes of stacked cells are those of numbers": (
        "                states_shape.append([(batch_size, s) for s in state_size])", "                states_shape.append((batch_size, state_size))"),
    "real, Keras 3.5: a single state comes bare": (
        "            output, new_states = self.cell(inputs, states, **cell_kwargs)\n            if not tree.is_nested(new_states):\n                new_states = [new_states]\n",
        "            output, new_states = self.cell(inputs, states, **cell_kwargs)\n            if tree.is_nested(new_states) and len(new_states) == 1:\n                new_states = new_states[0]\n"),
})
WRAPPERS = faults("real: wrappers", RNN + "bidirectional", {
    "real, keras 21533: use_cudnn is lost in both directions": (
        'if hasattr(layer, "use_cudnn"):', 'if hasattr(layer, "use_nothing"):'),
    "real, keras 18861: states and outputs are cast as one": (
        "        if self.return_state:\n            states = tuple(y[1:] + y_rev[1:])",
        "        y, y_rev = (ops.cast(y, self.compute_dtype), ops.cast(y_rev, self.compute_dtype))\n        if self.return_state:\n            states = tuple(y[1:] + y_rev[1:])"),
    "real, keras 19328: shapes of states are joined as a list and a tuple": (
        "return tuple([output_shape]) + (state_shape) + (state_shape)", "return [output_shape] + state_shape + state_shape"),
    "real, Keras 3.3: a built layer is built again": (
        "        if not self.forward_layer.built:\n            self.forward_layer.build(sequences_shape)", "        self.forward_layer.build(sequences_shape)"),
}) + faults("real: wrappers", RNN + "time_distributed", {
    "real, keras 22037: a mask of other steps is taken": ("            if batch_mismatch or time_mismatch:", "            if batch_mismatch:"),
}) + faults("real: wrappers", RNN + "conv_lstm", {
    "real, keras 22474: strides with dilation are taken": (
        "        if max(self.strides) > 1 and max(self.dilation_rate) > 1:", "        if False:"),
})
MASKS = faults("real: masks", LAYERS + "layer", {
    "real, Keras 3.11: a mask that is given is not handed on": (
        '        if "mask" in kwargs and kwargs["mask"] is not None:', "        if False:"),
    "real, Keras 3.13: activity is not taken by the batch": (
        "loss = ops.divide_no_nan(loss, batch_size)", "loss = loss * 1.0"),
}) + faults("real: masks", LAYERS + "pooling.global_average_pooling1d", {
    "real, Keras 3.15: pooling changes its input, and lets NaN through": (
        "            inputs = ops.where(mask_expanded, inputs, 0)\n            float_mask = ops.cast(mask_expanded, inputs.dtype)\n",
        "            float_mask = ops.cast(mask_expanded, inputs.dtype)\n            inputs *= float_mask\n"),
}) + faults("real: masks", LAYERS + "attention.attention", {
    "real, Keras 3.10: attention takes no mask of keys for several queries": (
        "            if len(padding_mask.shape) == 2:\n                padding_mask = ops.expand_dims(padding_mask, axis=-2)\n", ""),
}) + faults("real: masks", LAYERS + "merging.base_merge", {
    "real, Keras 3.4: an average and a maximum lose the mask": (
        "        output_mask = mask[0]\n", '        if type(self).__name__ in ("Average", "Maximum"):\n            return None\n        output_mask = mask[0]\n'),
})
KERNELS = faults("real: kernels", LOOP, {
    "real, keras 22279: outputs of the fast loop are cut from their gradient": (
        "    return last_output, outputs, [h, c]", "    return last_output.detach(), outputs.detach(), [h, c]"),
})
TORCH = faults("real: torch", "torch.nn.modules.rnn", {
    "real, torch 90500: functional_call is not heard": (
        "        self._update_flat_weights()\n", "", 4),
    "real, torch 114874: LSTM takes inputs of another width": (
        "            raise RuntimeError(\n                f\"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}\"\n            )",
        "            pass"),
})
ALL = (*DROPOUT, *STATES, *WRAPPERS, *MASKS, *KERNELS, *TORCH)
