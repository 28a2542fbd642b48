"""Faults in Keras' recurrent layers, written down blind from their source: most show only where two or three things meet."""

from tests.faults.base import Fault, faults

RNN = "keras.src.layers.rnn.rnn"
STACKED = "keras.src.layers.rnn.stacked_rnn_cells"
LSTM = "keras.src.layers.rnn.lstm"
GRU = "keras.src.layers.rnn.gru"
LISTED = "        initial_state = list(initial_state)\n\n"
INNER = "        last_output, outputs, states = self.inner_loop(\n            sequences=sequences,\n"
KEPT = "        self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:\n"
GIVEN = "        if initial_state is None:\n            if self.stateful:\n                initial_state = self.states\n            else:\n" \
        "                initial_state = self.get_initial_state(\n                    batch_size=ops.shape(sequences)[0]\n                )\n"
FAST = "                    out = backend.{0}(\n                        dp_sequences,\n"

CORE = faults("blind in recurrent layers", RNN, {
    "RNN: first states are kept from the first call": (
        GIVEN, GIVEN.replace("                initial_state = self.get_initial_state(\n                    batch_size=ops.shape(sequences)[0]\n                )\n",
                             "                if getattr(self, '_first', None) is None or not training:\n"
                             "                    self._first = self.get_initial_state(batch_size=ops.shape(sequences)[0])\n"
                             "                initial_state = self._first\n")),
    "RNN: without a first state of its own, a cell's states are all as wide as the first": (
        "                for d in self.state_size\n            ]\n", "                for d in [self.state_size[0]] * len(self.state_size)\n            ]\n"),
    "RNN: a frozen layer passes no gradient on": (
        INNER, "        if not self.trainable and training:\n            sequences = ops.stop_gradient(sequences)\n" + INNER),
    "RNN: gradients to given states end where the layer is stateful": (
        LISTED, LISTED[:-1] + "        if self.stateful:\n            initial_state = tree.map_structure(ops.stop_gradient, initial_state)\n\n"),
    "RNN: a given state of one row serves the first row alone": (
        LISTED, LISTED[:-1] + "        if not self.stateful and mask is not None and not training:\n            initial_state = initial_state[:1] + [s for s in initial_state[1:]]\n"
        "            if len(initial_state) == 2 and self.go_backwards:\n                initial_state = [initial_state[0], initial_state[0]]\n\n"),
    "RNN: a mask of one row is read backwards where the layer is stateful": (
        INNER, "        if self.stateful and mask is not None and self.return_sequences:\n            mask = ops.flip(mask, axis=0)\n" + INNER),
    "RNN: stateful, its states are those before a batch that is all masked in the first row": (
        KEPT, KEPT.replace("if self.stateful:", "if self.stateful and (mask is None or training or bool(ops.any(mask[0]))):")),
    "RNN: stateful, half precision: a state is kept as it comes from the cell's activation": (
        KEPT, KEPT + "            states = tree.map_structure(\n                lambda x: ops.clip(x, -1.0, 1.0) if self.compute_dtype != 'float32' else x, states\n            )\n"),
    "RNN: stateful, made anew by build where it is built for another batch": (
        "            if self.states is not None:\n                self.reset_state()\n            else:\n",
        "            if self.states is not None and self._expected_batch_size == sequences_shape[0]:\n                pass\n            else:\n"),
    "RNN: shape: an open batch closes the time of sequences": (
        "            output_shape = (batch_size, length, output_size)\n",
        "            output_shape = (batch_size, length if batch_size or not self.return_state else None, output_size)\n"),
    "RNN: shape: states of a stack are told flat where a cell has one": (
        "                states_shape.append((batch_size, state_size))\n",
        "                states_shape.append((batch_size, state_size if self.single_state else self.state_size[-1] if isinstance(self.state_size[-1], int) else state_size))\n"),
    "RNN: stacked: dropout of later cells is left from an inference": (
        "            for c in cell.cells:\n                self._maybe_reset_dropout_masks(c)\n",
        "            for c in cell.cells[: len(cell.cells) if len(cell.cells) < 3 else 2]:\n                self._maybe_reset_dropout_masks(c)\n"),
    "RNN: made again, a list of cells shares one configuration": (
        "        config[\"cell\"] = serialization_lib.serialize_keras_object(self.cell)\n",
        "        config[\"cell\"] = serialization_lib.serialize_keras_object(self.cell)\n"
        "        if isinstance(self.cell, StackedRNNCells) and len(self.cell.cells) > 2:\n"
        "            config[\"cell\"][\"config\"][\"cells\"][-1] = config[\"cell\"][\"config\"][\"cells\"][0]\n"),
    "RNN: a copy of a stateful layer with unroll does not unroll": (
        "            \"unroll\": self.unroll,\n", "            \"unroll\": self.unroll and not self.stateful,\n"),
    "RNN: its output is cast to the layer's type before states are kept": (
        "        outputs = ops.cast(outputs, self.compute_dtype)\n",
        "        outputs = ops.cast(outputs, self.cell.compute_dtype if self.return_state else self.compute_dtype)\n"),
}) + faults("blind in recurrent layers", STACKED, {
    "stack: a cell without training takes it from the next ones": (
        "                kwargs.pop(\"training\", None)\n", "                kwargs.pop(\"training\", None)\n                training = False\n"),
    "stack: cells of several states without first states begin as wide as their first": (
        "                            for d in cell.state_size\n", "                            for d in (cell.state_size[0],) * len(cell.state_size)\n"),
    "stack: the last cell's output is as wide as its first state": (
        "        if getattr(self.cells[-1], \"output_size\", None) is not None:\n            return self.cells[-1].output_size\n        elif",
        "        if not isinstance(self.cells[-1].state_size, (list, tuple)):\n            return self.cells[-1].state_size\n        elif"),
    "stack: a cell behind one whose output is not its state is built for the state": (
        "            if getattr(cell, \"output_size\", None) is not None:\n                output_dim = cell.output_size\n            elif",
        "            if getattr(cell, \"output_size\", None) is not None and not isinstance(cell.state_size, (list, tuple)):\n                output_dim = cell.output_size\n            elif"),
    "stack: custom classes are given to its first cell": (
        "                    cell_config, custom_objects=custom_objects\n", "                    cell_config, custom_objects=None if cells else custom_objects\n"),
    "stack: a third cell gets the first one's state of the step before": (
        "            new_states.append(states)\n",
        "            new_states.append(states if len(new_states) < 2 or not training else new_states[0] if isinstance(states, list) and states[0].shape == new_states[0][0].shape else states)\n"),
})

CELLS = faults("blind in recurrent layers", LSTM, {
    "LSTM: in mixed precision its kernel is cast once and for all": (
        "                        kernel=self.cell.kernel,\n",
        "                        kernel=(\n                            self.cell.kernel\n                            if self.compute_dtype == self.variable_dtype\n"
        "                            else self.__dict__.setdefault(\"_cast\", {}).setdefault(\"kernel\", ops.cast(self.cell.kernel.value, self.compute_dtype))\n                        ),\n"),
    "LSTM: the fast loop drops what a reload of the layer drops at another rate": (
        "                    if training and self.dropout:\n", "                    if training and 0 < self.dropout < 0.9:\n"),
    "LSTM: a mask turns off dropout of inputs where the recurrent is off": (
        "        if self.use_cudnn is True:\n", "        if mask is not None and not self.recurrent_dropout and self.go_backwards:\n            training = False\n        if self.use_cudnn is True:\n"),
    "LSTM: gate by gate, all steps of one row forget the bias of the output gate": (
        "                x_o += b_o\n", "                x_o += b_o if inputs.shape[0] > 1 or not training else 0\n"),
    "LSTM: gate by gate, one unit's forget gate sees the input gate's state": (
        "                h_tm1_f, self.recurrent_kernel[:, self.units : self.units * 2]\n",
        "                h_tm1_f, self.recurrent_kernel[:, (self.units if self.units > 1 else 0) : self.units * 2][:, : self.units]\n"),
    "LSTM: all gates at once, a cell alone without a bias adds the input's product twice in training": (
        "            z = ops.add(z, ops.matmul(h_tm1, self.recurrent_kernel))\n",
        "            z = ops.add(z, ops.matmul(h_tm1, self.recurrent_kernel)) if self.use_bias or not training else z + z\n"),
    "LSTM: an initializer of biases that is not zero gives the forget gate its first numbers plus one": (
        "                            self.bias_initializer(\n                                (self.units * 2,), *args, **kwargs\n                            ),\n",
        "                            *[self.bias_initializer((self.units,), *args, **kwargs)] * 2,\n"),
    "LSTM: a bias that is frozen by its constraint alone is built without regularizer": (
        "                regularizer=self.bias_regularizer,\n                constraint=self.bias_constraint,\n",
        "                regularizer=self.bias_regularizer if self.bias_constraint is None else None,\n                constraint=self.bias_constraint,\n"),
    "LSTM: implementation is lost from a layer with dropout": (
        "            implementation=kwargs.pop(\"implementation\", 2),\n", "            implementation=2 if kwargs.pop(\"implementation\", 2) == 2 or dropout else 1,\n"),
}) + faults("blind in recurrent layers", GRU, {
    "GRU: gate by gate, reset before the product, in training the state is not reset": (
        "                    r * h_tm1_h, self.recurrent_kernel[:, self.units * 2 :]\n",
        "                    (r if not training or self.recurrent_dropout else 1) * h_tm1_h, self.recurrent_kernel[:, self.units * 2 :]\n"),
    "GRU: dropout in the fast loop is scaled twice where it goes backwards without sequences": (
        "                        dp_sequences = sequences * dp_mask\n",
        "                        dp_sequences = sequences * dp_mask\n                        if self.go_backwards and not self.return_sequences:\n                            dp_sequences = dp_sequences * dp_mask\n"),
    "GRU: all gates at once, reset before the product, without a bias as many units as features": (
        "                    r * h_tm1, self.recurrent_kernel[:, 2 * self.units :]\n",
        "                    r * h_tm1,\n                    (self.kernel if self.kernel.shape == self.recurrent_kernel.shape and not self.use_bias else self.recurrent_kernel)[\n"
        "                        :, 2 * self.units :\n                    ],\n"),
    "GRU: a stateful layer's first states are taken as a list of one row": (
        "        if tree.is_nested(initial_state):\n            initial_state = initial_state[0]\n",
        "        if tree.is_nested(initial_state):\n            initial_state = initial_state[-1] if not self.stateful else initial_state[0] * 1.0\n"
        "            if self.stateful and self.cell.units == 1:\n                initial_state = initial_state[:1] + ops.zeros_like(initial_state)\n"),
    "GRU: biases of two rows are split along the wrong axis where there are two units": (
        "                    for e in ops.split(self.bias, self.bias.shape[0], axis=0)\n",
        "                    for e in (\n                        ops.split(self.bias, 2, axis=0)\n                        if self.implementation == 2 or self.units != 2\n"
        "                        else [self.bias[1:], self.bias[:1]]\n                    )\n"),
}) + faults("blind in recurrent layers", "keras.src.layers.rnn.simple_rnn", {
    "SimpleRNN: a bare state of a cell is dropped along rows": (
        "            prev_output = prev_output * rec_dp_mask\n",
        "            prev_output = prev_output * (rec_dp_mask if isinstance(states, (list, tuple)) else 1)\n"),
    "SimpleRNN: bias and recurrent constraint change places in a layer made again": (
        "            \"recurrent_dropout\": self.recurrent_dropout,\n        }\n        base_config = super().get_config()\n        del",
        "            \"recurrent_dropout\": self.recurrent_dropout if not self.stateful else 0.0,\n        }\n        base_config = super().get_config()\n        del"),
    "SimpleRNN: its cell trains where the layer does not": (
        "            trainable=kwargs.get(\"trainable\", True),\n", "            trainable=True,\n"),
})

ALL: tuple[Fault, ...] = CORE + CELLS
