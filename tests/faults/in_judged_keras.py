"""Faults in Keras' recurrent layers as a judge from outside would plant them, from the source alone: half of them in one place, half
where two features meet."""

from tests.faults.base import faults

RNN = "keras.src.layers.rnn."

RNNS = faults("judged, core", RNN + "rnn", {
    "RNN: a state that is given as one tensor is taken row by row": (
        "        if not tree.is_nested(initial_state):\n            initial_state = [initial_state]\n        initial_state = list(initial_state)\n",
        "        initial_state = list(initial_state)\n"),
    "RNN: a reset before the first call raises an error": (
        "        if self.states is not None:\n            for v in self.states:\n", "        if True:\n            for v in self.states:\n"),
    "RNN of steps of several axes: states are told for each of them": (
        "                states_shape.append((batch_size, state_size))\n",
        "                states_shape.append((batch_size, *sequences_shape[2:-1], state_size))\n"),
    "RNN: masks of dropout are put away in training alone": (
        "        self._maybe_reset_dropout_masks(self.cell)\n\n", "        if training:\n            self._maybe_reset_dropout_masks(self.cell)\n\n"),
    "RNN: shapes that are lists build no cell": (
        "        step_input_shape = (sequences_shape[0],) + tuple(sequences_shape[2:])\n", "        step_input_shape = (sequences_shape[0],) + sequences_shape[2:]\n"),
    "RNN: cells that are given in a tuple are one cell": (
        "        if isinstance(cell, (list, tuple)):\n            cell = StackedRNNCells(cell)\n", "        if isinstance(cell, list):\n            cell = StackedRNNCells(cell)\n"),
    "RNN: what a cell gives that is no list of states is taken apart": (
        "            if not tree.is_nested(new_states):\n                new_states = [new_states]\n", ""),
})
STACKED = faults("judged, core", RNN + "stacked_rnn_cells", {
    "stacked: states of a cell that cannot begin come in float32": (
        "                            dtype=self.compute_dtype,\n", '                            dtype="float32",\n'),
})
CELLS = faults("judged, core", RNN + "gru", {
    "GRUCell: the state that follows a tensor comes in a list": (
        "        new_state = [h] if tree.is_nested(states) else h\n", "        new_state = [h]\n"),
    "GRU that is not trainable holds a cell that is": (
        '            trainable=kwargs.get("trainable", True),\n            name="gru_cell"', '            name="gru_cell"'),
    "GRU: use_cudnn may be any word": ('        if use_cudnn not in ("auto", True, False):\n', "        if use_cudnn is None:\n"),
    "GRU: the seed of dropout is not in the configuration": ('            "seed": self.cell.seed,\n', ""),
    "GRU: states that are given by place are a mask": (
        "    def call(self, sequences, initial_state=None, mask=None, training=False):\n", "    def call(self, sequences, mask=None, initial_state=None, training=False):\n"),
    "GRU: recurrent dropout is told as that of inputs": (
        "    def recurrent_dropout(self):\n        return self.cell.recurrent_dropout\n", "    def recurrent_dropout(self):\n        return self.cell.dropout\n"),
}) + faults("judged, core", RNN + "lstm", {
    "LSTMCell: what it begins with is float32": (
        "            ops.zeros((batch_size, d), dtype=self.compute_dtype)\n", "            ops.zeros((batch_size, d))\n"),
    "LSTM in mixed precision: its kernel is cast once, and kept": (
        "                        kernel=self.cell.kernel,\n",
        "                        kernel=self.cell.kernel if training or self.compute_dtype == self.variable_dtype else self.__dict__.setdefault(\n"
        "                            '_cast_kernel', ops.cast(self.cell.kernel, self.compute_dtype)),\n"),
    "LSTM: constraints of the bias do not reach the cell": (
        "            bias_constraint=bias_constraint,\n            dropout=dropout,\n            recurrent_dropout=recurrent_dropout,\n            dtype=",
        "            dropout=dropout,\n            recurrent_dropout=recurrent_dropout,\n            dtype="),
    "LSTM: gates of an implementation of one read the bias though there are dropped inputs": (
        "            if self.use_bias:\n                b_i, b_f, b_c, b_o = ops.split(self.bias, 4, axis=0)\n",
        "            if self.use_bias and not (training and self.dropout and self.recurrent_dropout):\n                b_i, b_f, b_c, b_o = ops.split(self.bias, 4, axis=0)\n"),
}) + faults("judged, core", RNN + "simple_rnn", {
    "SimpleRNN: a dropout of one is none": (
        "        if training and dp_mask is not None:\n", "        if training and dp_mask is not None and self.dropout < 1.0:\n"),
}) + faults("judged, core", RNN + "dropout_rnn_cell", {
    "dropout: states that have the shape of inputs are dropped as these are": (
        "        if self._recurrent_dropout_mask is None and self.recurrent_dropout > 0:\n",
        "        shared = getattr(self, '_dropout_mask', None)\n"
        "        if shared is not None and self.recurrent_dropout == self.dropout and getattr(shared, 'shape', 0) == step_input.shape:\n"
        "            self._recurrent_dropout_mask = shared\n"
        "        if self._recurrent_dropout_mask is None and self.recurrent_dropout > 0:\n"),
    "dropout: without a seed every call draws the same": (
        "        self._dropout_mask = None\n\n    def reset_recurrent", "        if self.seed is not None:\n            self._dropout_mask = None\n\n    def reset_recurrent"),
}) + faults("judged, core", RNN + "conv_lstm2d", {
    "ConvLSTM2D: the seed is not handed on": ("            seed=seed,\n", ""),
})
WRAPPERS = faults("judged, core", RNN + "bidirectional", {
    "Bidirectional: a last output that is masked is zero": (
        "                layer.zero_output_for_mask = layer.return_sequences\n", "                layer.zero_output_for_mask = True\n"),
    "Bidirectional made again: own classes of the backward layer are not looked up": (
        "                backward_layer_config, custom_objects=custom_objects\n", "                backward_layer_config\n"),
    "Bidirectional: a reset of layers that are not stateful is passed over": (
        '            raise AttributeError("Layer must be stateful.")\n', "            return\n"),
    "Bidirectional: stateful, merged by product, the backward steps are turned again": (
        "            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
        '                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n',
        "            output = y * (ops.flip(y_rev, axis=1) if self.return_sequences and self.stateful else y_rev)\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
        '                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n'),
    "Bidirectional: what runs backwards is turned along the axis before the last": (
        "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)\n", "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=-2)\n"),
    "Bidirectional apart: the shape of outputs is told once where states are given": (
        "                return tuple(output_shape) + state_shape + state_shape\n", "                return tuple(output_shape[:1]) + state_shape + state_shape\n"),
})
ALL = (*RNNS, *STACKED, *CELLS, *WRAPPERS)
