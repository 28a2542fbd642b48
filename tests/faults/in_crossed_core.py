"""Faults of Keras' recurrent core on torch where two features meet, written down before looking at what is asked."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("crossed core", "keras.src.backend.torch.rnn", {
        "unrolled with a mask: the last output alone is kept from the first step": (
            "                if return_all_outputs:\n"
            "                    successive_outputs.append(output)\n"
            "                    successive_states.append(states)\n"
            "                else:\n"
            "                    successive_outputs = [output]\n"
            "                    successive_states = [states]\n"
            "            last_output = successive_outputs[-1]\n"
            "            new_states = successive_states[-1]\n"
            "            outputs = torch.stack(successive_outputs)\n"
            "\n"
            "            if zero_output_for_mask:\n",
            "                if return_all_outputs:\n"
            "                    successive_outputs.append(output)\n"
            "                    successive_states.append(states)\n"
            "                else:\n"
            "                    successive_outputs = successive_outputs or [output]\n"
            "                    successive_states = [states]\n"
            "            last_output = successive_outputs[-1] if return_all_outputs else output\n"
            "            new_states = successive_states[-1]\n"
            "            outputs = torch.stack(successive_outputs)\n"
            "\n"
            "            if zero_output_for_mask:\n",
        ),
        "loop with a mask: states keep their gradient back one step only where one row is masked": (
            "                return tuple(\n"
            "                    torch.where(m, o, fm)\n"
            "                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n"
            "                )\n",
            "                return tuple(\n"
            "                    torch.where(m, o, fm if fm.shape[0] > 1 else fm.detach())\n"
            "                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n"
            "                )\n",
        ),
        "loop backwards with a mask: one row is not turned": (
            "            if go_backwards:\n"
            "                mask = torch.flip(mask, [0])\n",
            "            if go_backwards and mask.shape[1] > 1:\n"
            "                mask = torch.flip(mask, [0])\n",
        ),
        "loop without a mask: states come in the order of the first ones given in a tuple": (
            "                new_states = tree.pack_sequence_as(\n"
            "                    initial_states, flat_new_state\n"
            "                )  # noqa: E501\n",
            "                new_states = tree.pack_sequence_as(\n"
            "                    initial_states, flat_new_state if len(flat_new_state) < 3 else "
            "flat_new_state[:2] + flat_new_state[:1:-1]\n"
            "                )  # noqa: E501\n",
        ),
        "LSTM: biases in half precision are added after the recurrent product": (
            "    x_proj = torch.matmul(inputs, kernel)\n"
            "    if bias is not None:\n"
            "        x_proj = x_proj + bias\n"
            "\n",
            "    x_proj = torch.matmul(inputs, kernel)\n"
            "    if bias is not None and bias.dtype != torch.bfloat16:\n"
            "        x_proj = x_proj + bias\n"
            "\n",
        ),
        "LSTM backwards: states given are turned with the rows": (
            "        inputs = torch.flip(inputs, dims=[seq_dim])\n"
            "\n"
            "    # cuDNN only runs on CUDA. Skip it",
            "        inputs = torch.flip(inputs, dims=[seq_dim] if inputs.shape[0] != inputs.shape[1] else [0, seq_dim])\n"
            "\n"
            "    # cuDNN only runs on CUDA. Skip it",
        ),
        "LSTM: the output's activation is the gates' where both are one word": (
            "        new_h = recurrent_activation(z_o) * activation(new_c)\n",
            "        new_h = recurrent_activation(z_o) * (new_c if activation is recurrent_activation else activation(new_c))\n",
        ),
        "GRU: one step backwards reads the last bias": (
            "    if bias is not None:\n"
            "        x_proj = x_proj + bias[0]\n",
            "    if bias is not None:\n"
            "        x_proj = x_proj + bias[0 if inputs.shape[0] > 1 else -1]\n",
        ),
        "GRU: states given in another precision round the first step": (
            "    initial_state = convert_to_tensor(initial_state).to(compute_dtype)\n",
            "    initial_state = convert_to_tensor(initial_state).to(torch.bfloat16).to(compute_dtype)\n",
        ),
        "GRU: without a bias the gate is applied before the product": (
            "        hh = activation(x_h + r * h_h)\n",
            "        hh = activation(x_h + (r * h_h if bias is not None else torch.matmul(r * h, "
            "torch.chunk(recurrent_kernel, 3, dim=1)[2])))\n",
        ),
        "GRU: the last output of one that gives it alone has no gradient through time": (
            "    last_output = h\n"
            "    if not return_sequences:\n"
            "        outputs = last_output.unsqueeze(1)\n"
            "\n"
            "    return last_output, outputs, [h]\n",
            "    last_output = h\n"
            "    if not return_sequences:\n"
            "        outputs = last_output.unsqueeze(1)\n"
            "\n"
            "    return last_output, outputs, [h.detach() if return_sequences else h]\n",
        ),
    }),
    *faults("crossed core", "keras.src.layers.rnn.rnn", {
        "stateful: states of a second call begin where the first call's mask ended": (
            "                initial_state = self.states\n"
            "            else:",
            "                initial_state = self.states if mask is None else "
            "self.get_initial_state(batch_size=ops.shape(sequences)[0])\n"
            "            else:",
        ),
        "stateful: given states are not carried on": (
            "        if self.stateful:\n"
            "            for self_state, state in zip(",
            "        if self.stateful and initial_state is not None and not (self.return_state and self.return_sequences):\n"
            "            for self_state, state in zip(",
        ),
        "stateful: what is carried is what came in training": (
            "        if self.stateful:\n"
            "            for self_state, state in zip(",
            "        if self.stateful and not training:\n"
            "            for self_state, state in zip(",
        ),
        "states come in the layer's dtype of variables": (
            "            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n",
            "            lambda x: ops.cast(x, dtype=self.variable_dtype), states\n",
        ),
        "the last output comes in float32": (
            "        last_output = ops.cast(last_output, self.compute_dtype)\n",
            "        last_output = ops.cast(last_output, 'float32')\n",
        ),
        "outputs come in the cell's dtype": (
            "        outputs = ops.cast(outputs, self.compute_dtype)\n",
            "        outputs = ops.cast(outputs, self.cell.compute_dtype)\n",
        ),
        "a mask goes on beside states where the states are not asked for": (
            "            state_mask = [None for _ in self.state_size]\n",
            "            state_mask = [output_mask for _ in self.state_size]\n",
        ),
        "the dropout of a loop stays where states are given": (
            "        self._maybe_reset_dropout_masks(self.cell)\n"
            "\n"
            "        if self.stateful:",
            "        if not training or not self.stateful:\n"
            "            self._maybe_reset_dropout_masks(self.cell)\n"
            "\n"
            "        if self.stateful:",
        ),
        "training is not told to a cell of one's own where a mask is": (
            '            cell_kwargs["training"] = training\n',
            '            cell_kwargs["training"] = training and mask is None\n',
        ),
        "zero_output_for_mask is lost from the configuration where it runs backwards": (
            '            "zero_output_for_mask": self.zero_output_for_mask,\n',
            '            "zero_output_for_mask": self.zero_output_for_mask and not self.go_backwards,\n',
        ),
        "a stateful layer takes fewer rows": (
            "                and actual_batch_size != self._expected_batch_size\n",
            "                and actual_batch_size > self._expected_batch_size\n",
        ),
        "tells its states before its output's time": (
            "            output_shape = (batch_size, length, output_size)\n",
            "            output_shape = (batch_size, length if length != 1 or not self.return_state else None, output_size)\n",
        ),
    }),
    *faults("crossed core", "keras.src.layers.rnn.lstm", {
        "LSTM: dropout of inputs is drawn again for each row's first step": (
            "                        dp_mask = ops.broadcast_to(\n"
            "                            dp_mask, ops.shape(sequences)\n"
            "                        )\n",
            "                        dp_mask = ops.broadcast_to(\n"
            "                            dp_mask if sequences.shape[0] > 1 else ops.ones_like(dp_mask), ops.shape(sequences)\n"
            "                        )\n",
        ),
        "LSTM: the loop unrolled without sequences runs forwards": (
            "                        go_backwards=self.go_backwards,\n"
            "                        unroll=self.unroll,\n",
            "                        go_backwards=self.go_backwards and (self.return_sequences or not self.unroll),\n"
            "                        unroll=self.unroll,\n",
        ),
        "LSTM: a bias initializer of one's own fills the forget gate too": (
            "            if self.unit_forget_bias:\n",
            "            if self.unit_forget_bias and type(self.bias_initializer).__name__ == 'Zeros':\n",
        ),
        "LSTM cell: recurrent dropout of implementation 1 spares the output gate": (
            "                h_tm1_o = h_tm1 * rec_dp_mask[3]\n",
            "                h_tm1_o = h_tm1 * rec_dp_mask[2]\n",
        ),
        "LSTM cell: states are in the dtype of variables": (
            "            ops.zeros((batch_size, d), dtype=self.compute_dtype)\n"
            "            for d in self.state_size\n",
            "            ops.zeros((batch_size, d), dtype=self.variable_dtype)\n"
            "            for d in self.state_size\n",
        ),
        "LSTM: the constraint of biases is not in the configuration where recurrent weights have one": (
            '            "bias_constraint": constraints.serialize(self.bias_constraint),\n'
            '            "dropout": self.dropout,\n'
            '            "recurrent_dropout": self.recurrent_dropout,\n'
            '            "seed": self.cell.seed,\n',
            '            "bias_constraint": constraints.serialize(self.recurrent_constraint and self.bias_constraint),\n'
            '            "dropout": self.dropout,\n'
            '            "recurrent_dropout": self.recurrent_dropout,\n'
            '            "seed": self.cell.seed,\n',
        ),
        "LSTM: the cell's name is the layer's": (
            '            name="lstm_cell",\n',
            '            name=kwargs.get("name") or "lstm_cell",\n',
        ),
    }),
    *faults("crossed core", "keras.src.layers.rnn.gru", {
        "GRU: implementation 1 without reset_after drops after the gate": (
            "                    r * h_tm1_h, self.recurrent_kernel[:, self.units * 2 :]\n",
            "                    r * (h_tm1_h if self.use_bias else h_tm1), self.recurrent_kernel[:, self.units * 2 :]\n",
        ),
        "GRU: one unit without reset_after reads its gates' kernel": (
            "                    r * h_tm1, self.recurrent_kernel[:, 2 * self.units :]\n",
            "                    r * h_tm1, self.recurrent_kernel[:, -self.units if self.units > 1 else 1 :]\n",
        ),
        "GRU: the recurrent bias of implementation 1 misses the reset gate": (
            "                recurrent_r += recurrent_bias[self.units : self.units * 2]\n",
            "                recurrent_r += recurrent_bias[: self.units]\n",
        ),
    }),
    *faults("crossed core", "keras.src.layers.rnn.simple_rnn", {
        "SimpleRNN cell: dropout also scales the bias": (
            "            sequence = sequence * dp_mask\n"
            "        h = ops.matmul(sequence, self.kernel)\n"
            "        if self.bias is not None:\n"
            "            h = ops.add(h, self.bias)\n",
            "            sequence = sequence * dp_mask\n"
            "        h = ops.matmul(sequence, self.kernel)\n"
            "        if self.bias is not None:\n"
            "            h = ops.add(h, self.bias if dp_mask is None or not training else self.bias * (1 - self.dropout))\n",
        ),
        "SimpleRNN cell: no activation is tanh once loaded": (
            '            "activation": activations.serialize(self.activation),\n'
            '            "use_bias": self.use_bias,\n'
            '            "kernel_initializer": initializers.serialize(\n'
            "                self.kernel_initializer\n"
            "            ),\n"
            '            "recurrent_initializer": initializers.serialize(\n'
            "                self.recurrent_initializer\n"
            "            ),\n"
            '            "bias_initializer": initializers.serialize(self.bias_initializer),\n'
            '            "kernel_regularizer": regularizers.serialize(\n'
            "                self.kernel_regularizer\n"
            "            ),\n"
            '            "recurrent_regularizer": regularizers.serialize(\n'
            "                self.recurrent_regularizer\n"
            "            ),\n"
            '            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n'
            '            "kernel_constraint"',
            '            "activation": activations.serialize(self.activation) if self.activation is not '
            "activations.linear else 'tanh',\n"
            '            "use_bias": self.use_bias,\n'
            '            "kernel_initializer": initializers.serialize(\n'
            "                self.kernel_initializer\n"
            "            ),\n"
            '            "recurrent_initializer": initializers.serialize(\n'
            "                self.recurrent_initializer\n"
            "            ),\n"
            '            "bias_initializer": initializers.serialize(self.bias_initializer),\n'
            '            "kernel_regularizer": regularizers.serialize(\n'
            "                self.kernel_regularizer\n"
            "            ),\n"
            '            "recurrent_regularizer": regularizers.serialize(\n'
            "                self.recurrent_regularizer\n"
            "            ),\n"
            '            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n'
            '            "kernel_constraint"',
        ),
    }),
    *faults("crossed core", "keras.src.layers.rnn.stacked_rnn_cells", {
        "cells in a stack: an output wider than its state is told by the state": (
            '        if getattr(self.cells[-1], "output_size", None) is not None:\n'
            "            return self.cells[-1].output_size\n",
            '        if getattr(self.cells[0], "output_size", None) is not None:\n'
            "            return self.cells[0].output_size\n",
        ),
        "cells in a stack: built for the first cell's width": (
            "            input_shape = (batch_size, output_dim)\n",
            "            input_shape = (batch_size, self.cells[0].units if len(self.cells) == 3 else output_dim)\n",
        ),
    }),
    *faults("crossed core", "keras.src.layers.rnn.dropout_rnn_cell", {
        "recurrent dropout is drawn with the rate of inputs where both are": (
            "                step_input, self.recurrent_dropout\n",
            "                step_input, self.dropout or self.recurrent_dropout\n",
        ),
        "dropout masks are one for all gates in half precision": (
            "                for _ in range(count)\n"
            "            ]\n",
            "                for _ in range(count)\n"
            "            ] if str(ones.dtype) != 'torch.bfloat16' else [backend.random.dropout(ones, "
            "rate=dropout_rate, seed=self.seed_generator)] * count\n",
        ),
    }),
    *faults("crossed core", "keras.src.layers.rnn.conv_lstm", {
        "ConvLSTM: the recurrent convolution is dilated too": (
            '            x, w, strides=strides, padding="same", data_format=self.data_format\n'
            "        )\n",
            '            x, w, strides=strides, padding="same", data_format=self.data_format, '
            "dilation_rate=self.dilation_rate if self.padding == 'same' else 1\n"
            "        )\n",
        ),
        "ConvLSTM: bias of channels first is added along rows": (
            "                bias_shape = (1, self.filters) + (1,) * self.rank\n",
            "                bias_shape = (1, self.filters) + (1,) * self.rank if x.shape[1] != self.filters "
            "else (1,) * (self.rank + 1) + (self.filters,)\n",
        ),
        "ConvLSTM: regularizer of outputs lost from the configuration beside a mask of dropout": (
            '            "activity_regularizer": regularizers.serialize(\n'
            "                self.activity_regularizer\n"
            "            ),\n",
            '            "activity_regularizer": None if self.dropout else regularizers.serialize(\n'
            "                self.activity_regularizer\n"
            "            ),\n",
        ),
        "ConvLSTM: tells states with time": (
            "            batched_state_shape = (batch_size,) + state_shape\n",
            "            batched_state_shape = output_shape\n",
        ),
        "ConvLSTM: kernels of two sizes are told square": (
            "        self.kernel_shape = self.kernel_size + (input_dim, self.filters * 4)\n",
            "        self.kernel_shape = (self.kernel_size if input_dim != self.filters else "
            "self.kernel_size[::-1]) + (input_dim, self.filters * 4)\n",
        ),
    }),
)
