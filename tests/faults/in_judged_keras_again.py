"""Faults in Keras' recurrent layers and around them, on torch, as a judge from outside would plant them: a second round, where
survivors of the first were."""

from tests.faults.base import faults

LAYERS = "keras.src.layers."
RNN = LAYERS + "rnn."
TORCH = "keras.src.backend.torch."

LOOPS = faults("judged, again", RNN + "rnn", {
    "RNN: sizes of states that come in a tuple are refused": (
        "        if not isinstance(state_size, (list, tuple, int)):\n", "        if not isinstance(state_size, (list, int)):\n"),
    "RNN: a cell that begins with a tuple begins with one state": (
        "        if not tree.is_nested(init_state):\n            init_state = [init_state]\n        # Force", "        if not isinstance(init_state, list):\n            init_state = [init_state]\n        # Force"),
    "RNN: options that are given by place are in another order": (
        "        return_sequences=False,\n        return_state=False,\n        go_backwards=False,\n        stateful=False,\n        unroll=False,\n        zero_output_for_mask=False,\n",
        "        return_sequences=False,\n        go_backwards=False,\n        return_state=False,\n        stateful=False,\n        unroll=False,\n        zero_output_for_mask=False,\n"),
    "RNN: the first states that a cell gives are kept for batches of that size": (
        "            init_state = get_initial_state_fn(batch_size=batch_size)\n",
        "            kept = self.__dict__.setdefault('_begun', {})\n"
        "            if batch_size not in kept:\n                kept[batch_size] = get_initial_state_fn(batch_size=batch_size)\n"
        "            init_state = kept[batch_size]\n"),
}) + faults("judged, again", RNN + "stacked_rnn_cells", {
    "stacked: cells are called past their own precision": (
        "            cell_call_fn = cell.__call__ if callable(cell) else cell.call\n", "            cell_call_fn = cell.call\n"),
}) + faults("judged, again", RNN + "lstm", {
    "LSTM: options that are given by place are in another order": (
        '        units,\n        activation="tanh",\n        recurrent_activation="sigmoid",\n        use_bias=True,\n        kernel_initializer="glorot_uniform",\n        recurrent_initializer="orthogonal",\n        bias_initializer="zeros",\n        unit_forget_bias=True,\n        kernel_regularizer=None,\n        recurrent_regularizer=None,\n        bias_regularizer=None,\n        activity_regularizer=None,\n',
        '        units,\n        recurrent_activation="sigmoid",\n        activation="tanh",\n        use_bias=True,\n        kernel_initializer="glorot_uniform",\n        recurrent_initializer="orthogonal",\n        bias_initializer="zeros",\n        unit_forget_bias=True,\n        kernel_regularizer=None,\n        recurrent_regularizer=None,\n        bias_regularizer=None,\n        activity_regularizer=None,\n'),
}) + faults("judged, again", RNN + "simple_rnn", {
    "SimpleRNNCell: the state that follows a tensor comes in a list, in training": (
        "        new_state = [output] if isinstance(states, (list, tuple)) else output\n", "        new_state = [output] if training or isinstance(states, (list, tuple)) else output\n"),
    "SimpleRNN: options that are given by place are in another order": (
        '        units,\n        activation="tanh",\n        use_bias=True,\n        kernel_initializer="glorot_uniform",\n        recurrent_initializer="orthogonal",\n        bias_initializer="zeros",\n        kernel_regularizer=None,\n        recurrent_regularizer=None,\n        bias_regularizer=None,\n        activity_regularizer=None,\n',
        '        units,\n        use_bias=True,\n        activation="tanh",\n        kernel_initializer="glorot_uniform",\n        recurrent_initializer="orthogonal",\n        bias_initializer="zeros",\n        kernel_regularizer=None,\n        recurrent_regularizer=None,\n        bias_regularizer=None,\n        activity_regularizer=None,\n'),
}) + faults("judged, again", RNN + "conv_lstm", {
    "ConvLSTM: states that are given by place are a mask": (
        "    def call(self, sequences, initial_state=None, mask=None, training=False):\n", "    def call(self, sequences, mask=None, initial_state=None, training=False):\n"),
})
BOTH = faults("judged, again", RNN + "bidirectional", {
    "Bidirectional: options that are given by place are in another order": (
        '        merge_mode="concat",\n        weights=None,\n        backward_layer=None,\n', '        backward_layer=None,\n        merge_mode="concat",\n        weights=None,\n'),
    "Bidirectional: states that are given by place are a mask": (
        "        sequences,\n        initial_state=None,\n        mask=None,\n        training=None,\n    ):\n        if self._can", "        sequences,\n        mask=None,\n        initial_state=None,\n        training=None,\n    ):\n        if self._can"),
    "Bidirectional: stateful and summed, the last outputs are averaged": (
        "            output = y + y_rev\n        elif self.merge_mode == \"ave\":\n            output = (y + y_rev) / 2\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
        '                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n',
        "            output = (y + y_rev) / (1 if self.return_sequences or not self.stateful else 2)\n        elif self.merge_mode == \"ave\":\n            output = (y + y_rev) / 2\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
        '                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n'),
    "Bidirectional: stateful, the backward layer reads no mask": (
        "            backward_inputs, initial_state=backward_state, **kwargs\n",
        "            backward_inputs, initial_state=backward_state, **{k: v for k, v in kwargs.items() if k != 'mask' or not self.stateful}\n"),
})
AROUND = faults("judged, again", LAYERS + "normalization.unit_normalization", {
    "UnitNormalization takes the mask off": ("        self.supports_masking = True\n", ""),
}) + faults("judged, again", LAYERS + "preprocessing.normalization", {
    "Normalization takes the mask off": ("        self.supports_masking = True\n", ""),
}) + faults("judged, again", TORCH + "nn", {
    "relu writes into what it is given": ("    x = convert_to_tensor(x)\n    return tnn.relu(x)\n", "    x = convert_to_tensor(x)\n    return tnn.relu(x, inplace=not x.requires_grad)\n"),
    "softmax writes into what it is given": (
        "        output = tnn.softmax(x, dim=axis)\n    return cast", "        output = tnn.softmax(x, dim=axis) if x.requires_grad else x.copy_(tnn.softmax(x, dim=axis))\n    return cast"),
}) + faults("judged, again", TORCH + "core", {
    "a list of tensors of whole numbers becomes one of floats": (
        "            return torch.stack([convert_to_tensor(x1) for x1 in x])\n", '            return torch.stack([convert_to_tensor(x1, dtype="float32") for x1 in x])\n'),
    "a number with a point that is converted is double": (
        "            dt = to_torch_dtype(floatx())\n        else:\n", "            dt = torch.float64\n        else:\n"),
}) + faults("judged, again", "keras.src.metrics.reduction_metrics", {
    "Sum: values of several axes are averaged in each row": (
        "            values, sample_weight, reduce_fn=ops.sum, dtype=self.dtype\n", "            values, sample_weight, reduce_fn=ops.sum if sample_weight is None else ops.mean, dtype=self.dtype\n"),
}) + faults("judged, again", LAYERS + "attention.attention", {
    "Attention: a query that is padding keeps its output where values have no mask": (
        "        if q_mask is not None:\n            # Mask", "        if q_mask is not None and v_mask is not None:\n            # Mask"),
})
ALL = (*LOOPS, *BOTH, *AROUND)
