"""Faults in Keras' recurrent core on torch, from its source alone: half of them where one condition holds, half where two meet."""

from tests.faults.base import Fault, faults

FAMILY = "judged, core_crossed"
RNN = "keras.src.layers.rnn."

LAYERS = faults(FAMILY, RNN + "rnn", {
    "RNN: states that are given are passed over in a backward layer that carries its own": (
        "        if initial_state is None:\n            if self.stateful:\n",
        "        if initial_state is None or (self.stateful and self.go_backwards):\n            if self.stateful:\n"),
    "RNN: the last output alone with its states passes the mask on": (
        "        output_mask = mask if self.return_sequences else None\n",
        "        output_mask = mask if self.return_sequences or self.return_state else None\n"),
    "RNN: a cell that cannot begin has one state": (
        "                ops.zeros((batch_size, d), dtype=self.cell.compute_dtype)\n                for d in self.state_size\n",
        "                ops.zeros((batch_size, d), dtype=self.cell.compute_dtype)\n                for d in self.state_size[:1]\n"),
    "RNN: what is carried drops nothing": (
        "        last_output, outputs, states = self.inner_loop(\n            sequences=sequences,\n            initial_state=initial_state,\n            mask=mask,\n            training=training,\n",
        "        last_output, outputs, states = self.inner_loop(\n            sequences=sequences,\n            initial_state=initial_state,\n            mask=mask,\n            training=training and not self.stateful,\n"),
    "RNN: zeros for the last step alone are not in the configuration": (
        '            "zero_output_for_mask": self.zero_output_for_mask,\n',
        '            "zero_output_for_mask": self.zero_output_for_mask and self.return_sequences,\n'),
    "RNN: a mask is not read where states are carried and no sequence is returned": (
        "            go_backwards=self.go_backwards,\n            mask=mask,\n",
        "            go_backwards=self.go_backwards,\n            mask=None if self.stateful and not self.return_sequences else mask,\n"),
    "RNN: outputs in half precision come back in the dtype of variables where states come too": (
        "        outputs = ops.cast(outputs, self.compute_dtype)\n",
        "        outputs = ops.cast(outputs, self.variable_dtype if self.return_state else self.compute_dtype)\n"),
    "RNN: states in half precision come back in the dtype of variables where a mask is given": (
        "            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n",
        "            lambda x: ops.cast(x, dtype=self.compute_dtype if mask is None else self.variable_dtype), states\n"),
    "RNN, unrolled: a reset forgets nothing": (
        "        if self.states is not None:\n            for v in self.states:\n",
        "        if self.states is not None and not self.unroll:\n            for v in self.states:\n"),
    "RNN: shapes of a cell's states in a stack are told in the reverse order": (
        "                states_shape.append([(batch_size, s) for s in state_size])\n",
        "                states_shape.append([(batch_size, s) for s in state_size[::-1]])\n"),
})
LOOP = faults(FAMILY, "keras.src.backend.torch.rnn", {
    "loop: a mask of one row is that of every step": (
        "            def masking_fn(time):\n                return mask_ta[time]\n",
        "            def masking_fn(time):\n                return mask_ta[time if mask.shape[1] > 1 else 0]\n"),
    "loop, unrolled: masked states keep the step before, but those of the first step": (
        "                flat_final_states = tuple(\n                    torch.where(m, s, ps)\n",
        "                flat_final_states = flat_new_states if i == 0 and zero_output_for_mask else tuple(\n                    torch.where(m, s, ps)\n"),
    "loop, backwards: a mask of two steps is not turned": (
        "            if go_backwards:\n                mask = torch.flip(mask, [0])\n\n            mask_ta",
        "            if go_backwards and time_steps > 2:\n                mask = torch.flip(mask, [0])\n\n            mask_ta"),
    "loop: a mask of whole numbers of one row counts from two": (
        "            if mask.dtype != torch.bool:\n            mask = mask.type(torch.bool)\n".replace("            if mask", "        if mask", 1),
        "        if mask.dtype != torch.bool:\n            mask = mask > 1 if not mask.is_floating_point() and mask.shape[0] == 1 else mask.type(torch.bool)\n"),
    "LSTM backwards: one row is not turned": (
        "        seq_dim = 1 if batch_first else 0\n",
        "        seq_dim = 1 if batch_first and inputs.shape[0] > 1 else 0\n"),
    "GRU: the state that is given is read in half precision": (
        "    initial_state = convert_to_tensor(initial_state).to(compute_dtype)\n",
        "    initial_state = convert_to_tensor(initial_state).to(torch.float16).to(compute_dtype)\n"),
    "LSTM: the carry that is given has no gradient where none of the sequence is returned": (
        "    h = initial_state_h\n    c = initial_state_c\n    outputs = []\n",
        "    h = initial_state_h\n    c = initial_state_c if return_sequences else initial_state_c.detach()\n    outputs = []\n"),
    "GRU without bias, last output alone: the recurrent product is not reset": (
        "        hh = activation(x_h + r * h_h)\n",
        "        hh = activation(x_h + r * h_h) if bias is not None or return_sequences else activation(x_h + h_h)\n"),
})
WRAPPERS = faults(FAMILY, RNN + "bidirectional", {
    "Bidirectional, last outputs: a reset forgets what goes forward alone": (
        "        self.forward_layer.reset_state()\n        self.backward_layer.reset_state()\n",
        "        self.forward_layer.reset_state()\n        if self.return_sequences:\n            self.backward_layer.reset_state()\n"),
    "Bidirectional, last outputs of LSTM: both directions begin with the states of the first": (
        "            backward_state = initial_state[half:]\n",
        "            backward_state = initial_state[half:] if self.return_sequences or half == 1 else initial_state[:half]\n"),
    "Bidirectional, multiplied: a mask that is given is not read": (
        '            kwargs["mask"] = mask\n', '            kwargs["mask"] = mask if self.merge_mode != "mul" else None\n'),
    "Bidirectional averages: the last outputs beside states are summed": (
        "            output = (y + y_rev) / 2\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
        '                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n',
        "            output = (y + y_rev) / (1 if self.return_state and not self.return_sequences else 2)\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
        '                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n'),
}) + faults(FAMILY, RNN + "time_distributed", {
    "TimeDistributed: a mask of steps within steps is read at the first one": (
        '                kwargs["mask"] = mask[i]\n', '                kwargs["mask"] = mask[i] if len(mask.shape) == 2 else mask[0]\n'),
    "TimeDistributed: the inner layer is told that it trains only where a mask is given": (
        "            if self.layer._call_has_training_arg:\n                kwargs[\"training\"] = training\n",
        "            if self.layer._call_has_training_arg:\n                kwargs[\"training\"] = training if mask is None else False\n"),
}) + faults(FAMILY, RNN + "stacked_rnn_cells", {
    "stacked: a cell that tells no output size hands on its last state": (
        "            elif isinstance(cell.state_size, (list, tuple)):\n                output_dim = cell.state_size[0]\n",
        "            elif isinstance(cell.state_size, (list, tuple)):\n                output_dim = cell.state_size[-1]\n"),
    "stacked: what one cell is told the next one is told too": (
        "            else:\n                kwargs.pop(\"training\", None)\n", ""),
})
CELLS = faults(FAMILY, RNN + "lstm", {
    "LSTMCell: one gate at a time, the carry is squashed twice without bias": (
        "        h = o * self.activation(c)\n        return h, [h, c]\n\n    def get_config",
        "        h = o * self.activation(c if self.use_bias or self.implementation == 2 else self.activation(c))\n        return h, [h, c]\n\n    def get_config"),
    "LSTM: inputs are dropped in every step anew where the state is dropped too": (
        "            if training and 0.0 < self.dropout < 1.0:\n                dp_mask = self.get_dropout_mask(inputs)\n                inputs_i",
        "            if training and 0.0 < self.dropout < 1.0:\n                if self.recurrent_dropout:\n                    self.reset_dropout_mask()\n                dp_mask = self.get_dropout_mask(inputs)\n                inputs_i"),
}) + faults(FAMILY, RNN + "conv_lstm", {
    "ConvLSTM backwards passes no mask on": (
        "        mask = tree.flatten(mask)[0]\n        output_mask = mask if self.return_sequences else None\n",
        "        mask = tree.flatten(mask)[0]\n        output_mask = mask if self.return_sequences and not self.go_backwards else None\n"),
    "ConvLSTM without bias: inputs of one gate are dropped as those of another": (
        "            inputs_f = inputs * dp_mask[1]\n", "            inputs_f = inputs * dp_mask[1 if self.use_bias else 0]\n"),
})
AROUND = faults(FAMILY, "keras.src.layers.layer", {
    "Layer: the penalty of outputs counts the first one alone": (
        "                    for output in tree.flatten(outputs):\n                        if backend.is_tensor(output):\n                            loss",
        "                    for output in tree.flatten(outputs)[:1]:\n                        if backend.is_tensor(output):\n                            loss"),
    "Layer: weights that are frozen keep their values where others are set": (
        "            variable.assign(value)\n\n    @property\n    def dtype_policy", "            if variable.trainable:\n                variable.assign(value)\n\n    @property\n    def dtype_policy"),
    "Layer: symbolic inputs of another dtype lose their mask": (
        "            if mask is not None:\n                backend.set_keras_mask(y, mask)\n",
        "            if mask is not None and backend.is_tensor(x):\n                backend.set_keras_mask(y, mask)\n"),
}, {
    "Layer: symbolic inputs of another dtype lose their mask": "a graph is run on tensors, and its masks go with these: what symbols carry is "
    "not read again",
}) + faults(FAMILY, "keras.src.layers.core.embedding", {
    "Embedding: ids that are floats are small": (
        '            inputs = ops.cast(inputs, "int32")\n        outputs = ops.take(self.embeddings, inputs, axis=0)\n',
        '            inputs = ops.cast(inputs, "int8")\n        outputs = ops.take(self.embeddings, inputs, axis=0)\n'),
}) + faults(FAMILY, "keras.src.utils.sequence_utils", {
    "pad_sequences: what is cut behind is as long as the shortest": (
        "        maxlen = np.max(lengths)\n", '        maxlen = np.max(lengths) if truncating == "pre" else np.min(lengths)\n'),
})
UNMET = faults(FAMILY, "keras.src.backend.torch.rnn", {
    "loop in half precision: states move on where the first step is masked": (
        "                return tuple(\n                    torch.where(m, o, fm)\n                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n                )\n",
        "                return tuple(\n                    torch.where(m, o, fm) if o.dtype == torch.float32 or bool(mask[0].all()) else o\n"
        "                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n                )\n"),
}) + faults(FAMILY, RNN + "lstm", {
    "LSTM in training: its gates are sigmoids": (
        "                        recurrent_activation=self.cell.recurrent_activation,\n",
        "                        recurrent_activation=self.cell.recurrent_activation if not training else activations.sigmoid,\n"),
    "LSTM backwards: its recurrent kernel has no penalty": (
        "            recurrent_regularizer=recurrent_regularizer,\n", "            recurrent_regularizer=None if go_backwards else recurrent_regularizer,\n"),
}) + faults(FAMILY, RNN + "conv_lstm", {
    "ConvLSTM in training reads no mask": (
        "            sequences, initial_state=initial_state, mask=mask, training=training\n",
        "            sequences, initial_state=initial_state, mask=None if training else mask, training=training\n"),
}) + faults(FAMILY, RNN + "bidirectional", {
    "Bidirectional in half precision: products come in float32": (
        "            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
        '                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n',
        '            output = ops.cast(y, "float32") * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n'
        '                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n'),
})
"""Each acts where two conditions meet that no check of the plan brought together."""
ALL: tuple[Fault, ...] = (*LAYERS, *LOOP, *WRAPPERS, *CELLS, *AROUND, *UNMET)
