"""Faults in Keras' layers and cells as an outside judge would plant them: written from a list of the families and Keras' source
alone, half of them only where two features meet."""

from tests.faults.base import faults

RNN = "keras.src.layers.rnn."

RNNS = faults("core, outside", RNN + "rnn", {
    "stateful: training starts from zeros": (
        "            if self.stateful:\n                initial_state = self.states\n",
        "            if self.stateful and not training:\n                initial_state = self.states\n"),
    "reset clears the first state alone": ("            for v in self.states:\n", "            for v in self.states[:1]:\n"),
    "stateful: states that are given are ignored": (
        "        if initial_state is None:\n            if self.stateful:",
        "        if initial_state is None or self.stateful:\n            if self.stateful:"),
    "a cell's output is told as wide as its state": (
        'output_size = getattr(self.cell, "output_size", None)\n', "output_size = None\n"),
    "made again without its custom objects": (
        'config.pop("cell"), custom_objects=custom_objects\n', 'config.pop("cell")\n'),
    "zeros in padding are kept in the configuration with sequences alone": (
        '"zero_output_for_mask": self.zero_output_for_mask,', '"zero_output_for_mask": self.zero_output_for_mask and self.return_sequences,'),
    "go_backwards is forgotten where the layer is stateful": (
        '"go_backwards": self.go_backwards,', '"go_backwards": self.go_backwards and not self.stateful,'),
    "states beyond the first are those of the first row": (
        "        initial_state = list(initial_state)\n",
        "        initial_state = list(initial_state)\n"
        "        if not self.stateful and len(initial_state) > 1 and not tree.is_nested(initial_state[0]):\n"
        "            initial_state[1:] = [s[:1] + ops.zeros_like(s) for s in initial_state[1:]]\n"),
    "stateful: masked calls keep no state in inference": (
        "        if self.stateful:\n            for self_state, state in zip(",
        "        if self.stateful and (training or mask is None):\n            for self_state, state in zip("),
    "states of a masked batch have the type of the weights": (
        "            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n        )\n        self._maybe_reset",
        "            lambda x: ops.cast(x, dtype=self.compute_dtype if mask is None else self.variable_dtype), states\n"
        "        )\n        self._maybe_reset"),
    "stacked: the second cell's dropout is never renewed": (
        "            for c in cell.cells:\n                self._maybe_reset_dropout_masks(c)",
        "            for c in cell.cells[:1]:\n                self._maybe_reset_dropout_masks(c)"),
    "a batch of another size is taken when it is trained": (
        "                self._expected_batch_size is not None\n",
        "                not training\n                and self._expected_batch_size is not None\n"),
    "masks of the last step go on where sequences are not returned": (
        "        output_mask = mask if self.return_sequences else None\n",
        "        output_mask = mask if self.return_sequences or mask is None else mask[:, -1]\n"),
    "unrolled backwards: no dropout": (
        '            cell_kwargs["training"] = training\n', '            cell_kwargs["training"] = training and not (self.unroll and self.go_backwards)\n'),
    "the shape with states is that of sequences": (
        "        if self.return_sequences:\n            output_shape = (batch_size, length, output_size)\n",
        "        if self.return_sequences or (self.return_state and self.stateful):\n            output_shape = (batch_size, length, output_size)\n"),
})
CELLS = faults("core, outside", RNN + "simple_rnn", {
    "SimpleRNN: both dropouts, inputs are not scaled": (
        "            sequence = sequence * dp_mask\n",
        "            sequence = sequence * (dp_mask if rec_dp_mask is None else ops.cast(dp_mask > 0, dp_mask.dtype))\n"),
    "SimpleRNN: a state that is no list is dropped out in inference": (
        "        if training and rec_dp_mask is not None:\n", "        if (training or not isinstance(states, (list, tuple))) and rec_dp_mask is not None:\n"),
    "SimpleRNN: a linear layer without bias is one of tanh": (
        "        if self.activation is not None:\n            output = self.activation(output)\n",
        "        if self.activation is not None:\n            output = self.activation(output)\n"
        "        if self.bias is None and self.activation is activations.get('linear'):\n            output = ops.tanh(output)\n"),
}) + faults("core, outside", RNN + "lstm", {
    "LSTM: unit_forget_bias is lost where precision is mixed": (
        "            if self.unit_forget_bias:\n", "            if self.unit_forget_bias and self.compute_dtype == self.variable_dtype:\n"),
    "LSTM implementation 1: candidate and output are dropped alike": ("inputs * dp_mask[2]", "inputs * dp_mask[3]"),
    "LSTM: recurrent dropout of the output gate is the forget gate's": ("h_tm1 * rec_dp_mask[3]", "h_tm1 * rec_dp_mask[1]"),
    "LSTM: cuDNN that must be is left in silence where there is a mask": (
        "        if self.use_cudnn is True:\n", "        if self.use_cudnn is True and mask is None:\n"),
    "LSTM cell: given dtype is not the cell's where it does not train": (
        '            dtype=kwargs.get("dtype", None),\n', '            dtype=kwargs.get("dtype", None) if kwargs.get("trainable", True) else None,\n'),
    "LSTM: a recurrent constraint bounds the kernel too": (
        "            constraint=self.kernel_constraint,\n", "            constraint=self.kernel_constraint or self.recurrent_constraint,\n"),
    "LSTM: the bias regularizer is lost where the forget gate begins at one": (
        "                regularizer=self.bias_regularizer,\n", "                regularizer=None if self.unit_forget_bias else self.bias_regularizer,\n"),
    "LSTM: fused dropout of rate one drops nothing": (
        "                    if training and self.dropout:", "                    if training and 0.0 < self.dropout < 1.0:"),
    "LSTM: dropout at every step anew where it goes backwards": (
        "                        dp_mask = self.cell.get_dropout_mask(sequences[:, 0, :])\n                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n",
        "                        dp_mask = self.cell.get_dropout_mask(sequences[:, 0, :])\n                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n"
        "                        if self.go_backwards:\n                            dp_mask = backend.random.dropout(ops.ones_like(sequences), self.dropout, seed=self.cell.seed_generator)\n"),
}) + faults("core, outside", RNN + "gru", {
    "GRU cell: without bias reset applies to the state": (
        "            if self.reset_after:\n                recurrent_h = r * recurrent_h\n",
        "            if self.reset_after and not self.use_bias:\n"
        "                recurrent_h = ops.matmul(r * h_tm1, self.recurrent_kernel[:, 2 * self.units :])\n"
        "            elif self.reset_after:\n                recurrent_h = r * recurrent_h\n"),
    "GRU implementation 1: update gate of the dropped state": (
        "        h = z * h_tm1 + (1 - z) * hh\n",
        "        h = z * (h_tm1_z if self.implementation == 1 else h_tm1) + (1 - z) * hh\n"),
    "GRU: seed is not given to the cell where sequences are returned": (
        "            seed=seed,\n            implementation", "            seed=None if return_sequences else seed,\n            implementation"),
    "GRU: reset_after is kept in the configuration with a bias alone": (
        '            "reset_after": self.reset_after,\n            "seed": self.seed,\n',
        '            "reset_after": self.reset_after or not self.use_bias,\n            "seed": self.seed,\n'),
    "GRU: unrolled and stateful, masked calls begin at zero": (
        "        if tree.is_nested(mask):\n            mask = mask[0]\n",
        "        if tree.is_nested(mask):\n            mask = mask[0]\n"
        "        if mask is not None and self.unroll and self.stateful:\n            initial_state = ops.zeros_like(initial_state)\n"),
    "GRU: dropout and recurrent dropout share their masks": (
        "                rec_dp_mask = self.get_recurrent_dropout_mask(h_tm1)\n",
        "                rec_dp_mask = self.get_recurrent_dropout_mask(h_tm1)\n"
        "                if self.dropout and h_tm1.shape[-1] == inputs.shape[-1]:\n                    rec_dp_mask = dp_mask\n"),
}) + faults("core, outside", RNN + "dropout_rnn_cell", {
    "dropout: rows of a batch are dropped alike": (
        "        ones = ops.ones_like(step_input)\n",
        "        ones = ops.ones_like(step_input[:1] if count is None else step_input)\n"),
    "recurrent dropout: masks stay where inputs are not dropped": (
        "    def reset_recurrent_dropout_mask(self):\n        self._recurrent_dropout_mask = None\n",
        "    def reset_recurrent_dropout_mask(self):\n        if self.dropout:\n            self._recurrent_dropout_mask = None\n"),
    "dropout: the last gate has the first one's mask": (
        "                for _ in range(count)\n            ]\n",
        "                for _ in range(count - 1)\n            ] * 2\n"),
}) + faults("core, outside", RNN + "stacked_rnn_cells", {
    "stacked: training reaches the first cell alone": (
        '                kwargs["training"] = training\n', '                kwargs["training"] = training and not new_states\n'),
    "stacked: output as wide as the first cell's": (
        '        if getattr(self.cells[-1], "output_size", None) is not None:\n            return self.cells[-1].output_size\n',
        '        if getattr(self.cells[-1], "output_size", None) is not None:\n            return self.cells[0].output_size\n'),
    "stacked: cells without initial states of their own begin at one": (
        "                    initial_states.append(\n                        [\n                            ops.zeros((batch_size, d), dtype=self.compute_dtype)\n                            for d in cell.state_size\n",
        "                    initial_states.append(\n                        [\n                            ops.ones((batch_size, d), dtype=self.compute_dtype)\n                            for d in cell.state_size\n"),
    "stacked: cells are made again without custom objects": (
        '        for cell_config in config.pop("cells"):\n            cells.append(\n                serialization_lib.deserialize_keras_object(\n                    cell_config, custom_objects=custom_objects\n',
        '        for cell_config in config.pop("cells"):\n            cells.append(\n                serialization_lib.deserialize_keras_object(\n                    cell_config\n'),
    "stacked: a wider custom output builds the next cell as its state": (
        '            if getattr(cell, "output_size", None) is not None:\n                output_dim = cell.output_size\n            elif',
        '            if getattr(cell, "output_size", None) is not None and isinstance(cell.state_size, int):\n                output_dim = cell.state_size\n            elif'),
}) + faults("core, outside", RNN + "conv_lstm", {
    "ConvLSTM: without bias the forget gate has the input gate's past": (
        "        f = self.recurrent_activation(x_f + h_f)\n", "        f = self.recurrent_activation(x_f + (h_f if self.use_bias else h_i))\n"),
    "ConvLSTM: strides are taken in reverse order": (
        "            w,\n            strides=self.strides,\n", "            w,\n            strides=self.strides[::-1],\n"),
    "ConvLSTM1D: channels first, the past is read from right to left": (
        'x, w, strides=strides, padding="same", data_format=self.data_format\n',
        'ops.flip(x, axis=-1) if self.rank == 1 and self.data_format == "channels_first" else x, w, strides=strides, padding="same", data_format=self.data_format\n'),
    "ConvLSTM: dilated, the carry begins at one": (
        "            ops.zeros(state_shape, dtype=self.compute_dtype),\n            ops.zeros(state_shape, dtype=self.compute_dtype),\n",
        "            ops.zeros(state_shape, dtype=self.compute_dtype),\n            ops.ones(state_shape, dtype=self.compute_dtype) if self.padding == 'same' and max(self.dilation_rate) > 1 else ops.zeros(state_shape, dtype=self.compute_dtype),\n"),
    "ConvLSTM: unit_forget_bias is not in the configuration of the layer": (
        '            "unit_forget_bias": self.unit_forget_bias,\n            "kernel_regularizer": regularizers.serialize(\n                self.kernel_regularizer\n            ),\n            "recurrent_regularizer": regularizers.serialize(\n                self.recurrent_regularizer\n            ),\n            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n            "activity',
        '            "kernel_regularizer": regularizers.serialize(\n                self.kernel_regularizer\n            ),\n            "recurrent_regularizer": regularizers.serialize(\n                self.recurrent_regularizer\n            ),\n            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n            "activity'),
})
WRAPPERS = faults("core, outside", RNN + "bidirectional", {
    "both directions apart: the second begins with the first's states": (
        "            backward_state = initial_state[half:]\n",
        "            backward_state = initial_state[half:] if self.merge_mode else initial_state[:half]\n"),
    "both directions apart: the second has no mask": ("output_mask = (mask, mask)\n", "output_mask = (mask, None)\n"),
    "stateful both ways: padding holds": (
        "                layer.zero_output_for_mask = layer.return_sequences\n",
        "                layer.zero_output_for_mask = layer.return_sequences and not layer.stateful\n"),
    "reset of both directions is one of the first": ("        self.backward_layer.reset_state()\n", ""),
    "both directions: a product is made of outputs that are not turned": (
        "            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n",
        "            output = y * (ops.flip(y_rev, axis=1) if self.return_sequences and mask is not None else y_rev)\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n"),
    "both directions: the backward layer is built anew when it is saved": (
        '        config["backward_layer"] = serialization_lib.serialize_keras_object(\n            self.backward_layer\n        )\n', ""),
    "both directions: told shape of a sum is that of a join": (
        '        if self.merge_mode == "concat":\n            output_shape = list(output_shape)\n',
        '        if self.merge_mode == "concat" or (self.merge_mode == "mul" and self.return_state):\n            output_shape = list(output_shape)\n'),
}) + faults("core, outside", RNN + "time_distributed", {
    "TimeDistributed: dropout is not passed on where there is a mask": (
        '                kwargs["training"] = training\n', '                kwargs["training"] = training if mask is None else False\n'),
    "TimeDistributed: every step has the first step's mask": ("mask[i]\n", "mask[0]\n"),
    "TimeDistributed: a mask of another length is cut": (
        "            time_mismatch = (\n                input_shape[1] is not None\n", "            time_mismatch = (\n                False and input_shape[1] is not None\n"),
}) + faults("core, outside", "keras.src.backend.torch.rnn", {
    "fused LSTM: the output's activation is tanh": (
        "activation(z_o) * activation(new_c)", "activation(z_o) * torch.tanh(new_c)"),
    "fused LSTM: backwards, the carry that is given is lost": (
        "        inputs = torch.flip(inputs, dims=[seq_dim])\n", "        inputs = torch.flip(inputs, dims=[seq_dim])\n        initial_state_c = torch.zeros_like(initial_state_c)\n"),
    "fused GRU: without bias reset applies to the state": (
        "        hh = activation(x_h + r * h_h)\n",
        "        hh = activation(x_h + (r * h_h if bias is not None else torch.matmul(r * h, recurrent_kernel[:, -h.shape[1] :])))\n"),
    "loop: steps before the first valid one show the first output": (
        "                states,\n                flat_zero_output,\n", "                states,\n                tuple(tree.flatten(output_time_zero)),\n"),
    "loop: masked, the second state moves on": (
        "                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n",
        "                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n"
        "                ) if len(flat_out) < 3 else (*flat_out[:1], *flat_out[1:]) and tuple(\n"
        "                    torch.where(m, o, fm) if i < 2 else o\n"
        "                    for i, (m, o, fm) in enumerate(zip(tiled_mask_t, flat_out, flat_mask))\n"),
    "fused: gradients of weights are lost in evaluation of one row": (
        "    x_proj = torch.matmul(inputs, kernel)\n    if bias is not None:\n        x_proj = x_proj + bias\n",
        "    x_proj = torch.matmul(inputs, kernel.detach() if inputs.shape[1] == 1 else kernel)\n    if bias is not None:\n        x_proj = x_proj + bias\n"),
    "fused GRU: one step alone keeps its state": (
        "    last_output = h\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1)\n",
        "    last_output = h if time_steps > 1 else outputs[:, -1].clone()\n    if time_steps == 1:\n        h = initial_state\n"
        "    if not return_sequences:\n        outputs = last_output.unsqueeze(1)\n"),
    "unrolled: without a mask the last output alone is the first": (
        "                if return_all_outputs:\n                    successive_outputs.append(output)\n                    successive_states.append(states)\n                else:\n                    successive_outputs = [output]\n                    successive_states = [states]\n            last_output = successive_outputs[-1]\n            new_states = successive_states[-1]\n            outputs = torch.stack(successive_outputs)\n\n    else:",
        "                successive_outputs.append(output)\n                successive_states.append(states)\n            last_output = successive_outputs[-1 if return_all_outputs or not go_backwards else 0]\n            new_states = successive_states[-1]\n            outputs = torch.stack(successive_outputs)\n\n    else:"),
})
ALL = RNNS + CELLS + WRAPPERS
