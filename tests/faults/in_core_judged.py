"""Faults in Keras' recurrent core and in what carries its masks, states and calls, as a judge would plant them who has read the
framework alone: half of them under one ordinary condition, half where two meet."""

from tests.faults.base import faults

FAMILY, RNN, LAYERS = "judged again, core_judged", "keras.src.layers.rnn.", "keras.src.layers."

RNNS = faults(FAMILY, RNN + "rnn", {
    "RNN of several cells: their states are told as wide as the first cell's": (
        "                states_shape.append([(batch_size, s) for s in state_size])\n", "                states_shape.append([(batch_size, self.state_size[0][0]) for s in state_size])\n"),
    "RNN that is stateful: in training, an unrolled one keeps nothing": (
        "        if self.stateful:\n            for self_state, state in zip(\n", "        if self.stateful and not (training and self.unroll):\n            for self_state, state in zip(\n"),
    "RNN: the length of sequences is open where states are returned": (
        "            output_shape = (batch_size, length, output_size)\n", "            output_shape = (batch_size, None if self.return_state else length, output_size)\n"),
    "RNN that is stateful and unrolled: its kept states are trained through in place": (
        '            if backend.backend() == "torch" and self.stateful:\n', '            if backend.backend() == "torch" and self.stateful and not self.unroll:\n'),
    "RNN: what an own cell of one state gives is as wide as its state": (
        "        if output_size is None:\n            output_size = self.state_size[0]\n", "        if output_size is None or self.single_state:\n            output_size = self.state_size[0]\n"),
})
LOOPS = faults(FAMILY, "keras.src.backend.torch.rnn", {
    "loop: a row that is masked throughout forgets what it began with": (
        "            mask_ta = list(torch.unbind(mask))\n",
        "            mask_ta = list(torch.unbind(mask))\n            states = tree.map_structure(\n"
        "                lambda s: torch.where(_expand_mask(mask.any(dim=0), s), s, torch.zeros_like(s)), states)\n"),
    "LSTM: gradients do not pass from one 32 steps to the next": (
        "        z = x_proj[t] + torch.matmul(h, recurrent_kernel)\n", "        z = x_proj[t] + torch.matmul(h.detach() if t and t % 32 == 0 else h, recurrent_kernel)\n"),
    "loop: a mask of as many rows as steps is one of steps first": (
        "        if not time_major:\n            mask = swap_batch_timestep(mask)\n",
        "        if not time_major and mask.shape[0] != mask.shape[1]:\n            mask = swap_batch_timestep(mask)\n"),
    "LSTM: its last state is written over the one that it was given": (
        "        outputs = last_output.unsqueeze(1 if batch_first else 0)\n\n",
        "        outputs = last_output.unsqueeze(1 if batch_first else 0)\n    initial_state_c.data.copy_(c.data)\n\n"),
    "LSTM: its cell state is cut off where no backward pass is to come": (
        "        h = new_h\n        c = new_c\n", "        h = new_h\n        c = new_c if new_c.requires_grad else new_c.detach()\n"),
    "unrolled: a masked step begins again": (
        "                        tiled_mask_t, flat_new_states, flat_states\n", "                        tiled_mask_t, flat_new_states, tree.flatten(initial_states)\n"),
    "GRU: a batch of one row forgets what it began with": (
        "    time_steps = inputs.shape[0]\n    h = initial_state\n", "    time_steps = inputs.shape[0]\n    h = initial_state if inputs.shape[1] > 1 else initial_state * 0\n"),
    "LSTM without a bias reads its kernel's gates through hard gates": (
        "        new_h = recurrent_activation(z_o) * activation(new_c)\n",
        "        new_h = (recurrent_activation(z_o) if bias is not None else torch.clamp(z_o / 6 + 0.5, 0, 1)) * activation(new_c)\n"),
    "unrolled backwards: states of a given mask of one step are lost": (
        "            for i in range(time_steps):\n                inp = _get_input_tensor(i)\n                mask_t = mask_list[i]\n",
        "            if go_backwards and time_steps == 1:\n                states = tuple(torch.zeros_like(s) for s in states)\n"
        "            for i in range(time_steps):\n                inp = _get_input_tensor(i)\n                mask_t = mask_list[i]\n"),
}, explained={
    "unrolled backwards: states of a given mask of one step are lost":
        "an unrolled loop that runs backwards over a mask raises an error on torch, whatever the mask is (torch-unrolled-backwards-mask)",
})
LSTMS = faults(FAMILY, RNN + "lstm", {
    "LSTM that is unrolled drops no inputs": (
        "                    if training and self.dropout:\n", "                    if training and self.dropout and not self.unroll:\n"),
    "LSTMCell gate by gate: its output gate is a sigmoid, whatever it was given": (
        "        o = self.recurrent_activation(\n            x_o\n", "        o = activations.sigmoid(\n            x_o\n"),
    "LSTM: the forget gate begins at one only where the other biases begin at zero": (
        "            if self.unit_forget_bias:\n", "            if self.unit_forget_bias and isinstance(self.bias_initializer, initializers.Zeros):\n"),
    "LSTM: all rows of a batch drop the same inputs": (
        "                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n", "                        dp_mask = ops.expand_dims(dp_mask[:1], axis=1)\n"),
    "LSTMCell gate by gate: the output gate reads the dropped state of the candidate": (
        "                h_tm1_o = h_tm1 * rec_dp_mask[3]\n", "                h_tm1_o = h_tm1_c\n"),
    "LSTM: its configuration tells the kernel's constraint as the recurrent one": (
        '            "recurrent_constraint": constraints.serialize(\n                self.recurrent_constraint\n            ),\n            "bias_constraint": constraints.serialize(self.bias_constraint),\n'
        '            "dropout": self.dropout,\n            "recurrent_dropout": self.recurrent_dropout,\n            "seed": self.cell.seed,\n',
        '            "recurrent_constraint": constraints.serialize(self.kernel_constraint),\n            "bias_constraint": constraints.serialize(self.bias_constraint),\n'
        '            "dropout": self.dropout,\n            "recurrent_dropout": self.recurrent_dropout,\n            "seed": self.cell.seed,\n'),
})
GRUS = faults(FAMILY, RNN + "gru", {
    "GRU that is stateful runs forwards": (
        "                        go_backwards=self.go_backwards,\n", "                        go_backwards=self.go_backwards and not self.stateful,\n"),
    "GRU: dropped inputs in half precision are scaled twice": (
        "                        dp_sequences = sequences * dp_mask\n",
        '                        dp_sequences = sequences * dp_mask * (dp_mask if self.compute_dtype == "float16" else 1)\n'),
})
SIMPLE = faults(FAMILY, RNN + "simple_rnn", {
    "SimpleRNNCell: a state that is dropped is dropped in what it gives, too": (
        "        new_state = [output] if isinstance(states, (list, tuple)) else output\n",
        "        if training and rec_dp_mask is not None and self.dropout > 0:\n            output = output * rec_dp_mask\n"
        "        new_state = [output] if isinstance(states, (list, tuple)) else output\n"),
    "SimpleRNN: its configuration tells the dropout of inputs as that of states": (
        '            "recurrent_dropout": self.recurrent_dropout,\n        }\n        base_config = super().get_config()\n        del', '            "recurrent_dropout": self.dropout,\n        }\n        base_config = super().get_config()\n        del'),
})
BOTH = faults(FAMILY, RNN + "bidirectional", {
    "Bidirectional that is given states returns the second direction's first": (
        "            states = tuple(y[1:] + y_rev[1:])\n", "            states = tuple(y[1:] + y_rev[1:] if initial_state is None else y_rev[1:] + y[1:])\n"),
    "Bidirectional: what it is made from again is used up": (
        "        config = copy.deepcopy(config)\n", "        config = config or copy.deepcopy(config)\n"),
    "Bidirectional: a layer that runs backwards is wrapped without a word": (
        "        if self.forward_layer.go_backwards == self.backward_layer.go_backwards:\n",
        "        if not self.forward_layer.go_backwards and not self.backward_layer.go_backwards:\n"),
    "Bidirectional apart: the mask of the backward outputs is turned": (
        "                output_mask = (mask, mask)\n", "                output_mask = (mask, None if mask is None else ops.flip(mask, axis=1))\n"),
    "Bidirectional with states and a mask: both directions begin alike": (
        "            backward_state = initial_state[half:]\n", "            backward_state = initial_state[half:] if mask is None else initial_state[:half]\n"),
    "Bidirectional: averages in half precision are sums": (
        '        elif self.merge_mode == "ave":\n            output = (y + y_rev) / 2\n        elif self.merge_mode == "mul":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n'
        '        else:\n            raise ValueError(\n                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n',
        '        elif self.merge_mode == "ave":\n            output = (y + y_rev) / (2 if self.compute_dtype == self.variable_dtype else 1)\n        elif self.merge_mode == "mul":\n            output = y * y_rev\n'
        '        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                "Unrecognized value for `merge_mode`. "\n                f"Received: {self.merge_mode}"\n'),
})
DISTRIBUTED = faults(FAMILY, RNN + "time_distributed", {
    "TimeDistributed: a mask of more steps than the inputs have is taken": (
        "            if batch_mismatch or time_mismatch:\n", "            if batch_mismatch or (time_mismatch and input_shape[1] > mask_shape[1]):\n"),
    "TimeDistributed passes on no mask around a layer that knows of none": (
        "        self.supports_masking = True\n", "        self.supports_masking = layer.supports_masking\n"),
})
CONV = faults(FAMILY, RNN + "conv_lstm", {
    "ConvLSTM of channels first: its strides are taken in reverse": (
        "            strides=self.strides,\n            padding=padding,\n", '            strides=self.strides if self.data_format == "channels_last" else self.strides[::-1],\n            padding=padding,\n'),
    "ConvLSTM: its last output carries the mask of the sequence where states are returned": (
        "        output_mask = mask if self.return_sequences else None\n", "        output_mask = mask if self.return_sequences or self.return_state else None\n"),
})
AROUND = faults(FAMILY, LAYERS + "core.embedding", {
    "Embedding that is given its weights passes on no mask": (
        "        self.supports_masking = mask_zero\n", "        self.supports_masking = mask_zero and weights is None\n"),
}) + faults(FAMILY, "keras.src.utils.sequence_utils", {
    "pad_sequences: an empty row is zero, whatever the padding is": (
        "        if not len(s):\n            continue", "        if not len(s):\n            x[idx] = 0\n            continue"),
}) + faults(FAMILY, LAYERS + "layer", {
    "Layer: losses of layers within add up from call to call": (
        "        for layer in self._layers:\n            layer._clear_losses()\n", "        for layer in self._layers:\n            if layer.activity_regularizer is None:\n                layer._clear_losses()\n"),
    "Layer: a mask that is given by name is not passed on where the input has its own": (
        '        if "mask" in kwargs and kwargs["mask"] is not None:\n',
        '        if "mask" in kwargs and kwargs["mask"] is not None and tree.flatten(tree.map_structure(backend.get_keras_mask, call_spec.first_arg))[0] is None:\n'),
    "Layer: within one that computes in half, one in single precision reads its weights in half": (
        "                    elif current_scope.dtype != self.compute_dtype:\n",
        '                    elif current_scope.dtype != self.compute_dtype and self.compute_dtype != "float32":\n'),
}) + faults(FAMILY, "keras.src.losses.loss", {
    "loss: weighted and masked, it is divided by all steps": (
        '        if reduction in ("mean", "sum_over_batch_size"):\n            # Valid', '        if sample_weight is None and reduction in ("mean", "sum_over_batch_size"):\n            # Valid'),
}) + faults(FAMILY, LAYERS + "merging.concatenate", {
    "joined in time: a part that has no mask is masked": (
        '                masks.append(ops.ones_like(input_i, dtype="bool"))\n', '                masks.append((ops.zeros_like if self.axis == 1 else ops.ones_like)(input_i, dtype="bool"))\n'),
}) + faults(FAMILY, "keras.src.metrics.reduction_metrics", {
    "metric: where rows are weighted their masked steps count": (
        "        if mask is not None:\n            sample_weight", "        if mask is not None and sample_weight.ndim > 1:\n            sample_weight"),
}, explained={
    "metric: where rows are weighted their masked steps count":
        "weights of rows that do not stand in a column are not multiplied with a mask of rows and steps: an error without the fault",
}) + faults(FAMILY, LAYERS + "core.wrapper", {
    "TimeDistributed made again: own classes are not looked up": (
        '            config.pop("layer"),\n            custom_objects=custom_objects,\n', '            config.pop("layer"),\n'),
})
ALL = (*RNNS, *LOOPS, *LSTMS, *GRUS, *SIMPLE, *BOTH, *DISTRIBUTED, *CONV, *AROUND)
