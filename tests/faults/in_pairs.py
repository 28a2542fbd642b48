"""Faults in Keras' recurrent core and its torch engine where two features meet that seldom do: written blind, beside what coverage
and a program that draws small changes showed."""

from tests.faults.base import faults

RNN = "keras.src.layers.rnn."
TORCH = "keras.src.backend.torch."

RNNS = faults("pairs, core", RNN + "rnn", {
    "stateful: a reset keeps the second state of a single row": (
        "            for v in self.states:\n                v.assign(",
        "            for v in self.states[: 1 if getattr(self.states[0], 'shape', (0,))[0] == 1 else None]:\n                v.assign("),
    "stateful backwards: masked calls keep no state": (
        "        if self.stateful:\n            for self_state", "        if self.stateful and not (self.go_backwards and mask is not None):\n            for self_state"),
    "stateful: states that are given later are ignored": (
        "        if initial_state is None:\n            if self.stateful:",
        "        late, self._ran = self.stateful and getattr(self, '_ran', False), True\n"
        "        if initial_state is None or late:\n            if self.stateful:"),
    "stateful and return_state: the mask is lost": (
        "        output_mask = mask if self.return_sequences else None\n",
        "        output_mask = mask if self.return_sequences and not (self.return_state and self.stateful) else None\n"),
    "stateful: dropout is kept from call to call": (
        "        self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:",
        "        if not self.stateful:\n            self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:"),
    "a cell that begins with a tensor begins with its rows": (
        "            init_state = [init_state]\n", "            init_state = [init_state[i] for i in range(len(init_state))]\n"),
    "stacked: later cells configure their dropout by the first inputs": (
        "                input_sequence, _ = cell_call_fn(input_sequence, s)\n", "                cell_call_fn(input_sequence, s)\n"),
    "states are told beforehand in the wrong order": (
        "            return output_shape, *states_shape\n", "            return output_shape, *states_shape[::-1]\n"),
    "one step and backwards: the mask is taken for all true": (
        "            mask=mask,\n            unroll=self.unroll,", "            mask=None if self.go_backwards and sequences.shape[1] == 1 else mask,\n            unroll=self.unroll,"),
})
STACKED = faults("pairs, core", RNN + "stacked_rnn_cells", {
    "stacked: a cell that begins with nothing has its first size throughout": (
        "                            for d in cell.state_size\n", "                            for d in [cell.state_size[0]] * len(cell.state_size)\n"),
    "stacked: a cell that knows no training is told it after one that does": (
        '                kwargs.pop("training", None)\n', "                pass\n"),
    "stacked: a state that is a tensor comes back in a list": (
        "            if len(states) == 1 and not state_is_list:\n", "            if len(states) == 1 and not state_is_list and new_states:\n"),
})
CELLS = faults("pairs, core", RNN + "lstm", {
    "LSTM backwards: rows share their dropout": (
        "                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n",
        "                        dp_mask = ops.expand_dims(dp_mask[:1] if self.go_backwards else dp_mask, axis=1)\n"),
    "LSTM: forget gates begin at one more than the others": (
        '                            initializers.get("ones")(\n                                (self.units,), *args, **kwargs\n                            ),',
        '                            1.0 + self.bias_initializer(\n                                (self.units,), *args, **kwargs\n                            ),'),
    "LSTM implementation 1: without a bias the output gate has the candidate's input": (
        "            x_o = ops.matmul(inputs_o, k_o)\n", "            x_o = ops.matmul(inputs_o, k_o if self.use_bias else k_c)\n"),
}) + faults("pairs, core", RNN + "gru", {
    "GRU: zero_output_for_mask is not made again": (
        "        del base_config[\"cell\"]\n        return {**base_config, **config}\n",
        "        del base_config[\"cell\"]\n        base_config['zero_output_for_mask'] = base_config['zero_output_for_mask'] and self.cell.reset_after\n"
        "        return {**base_config, **config}\n"),
    "GRU: fused dropout drops the first step alone": (
        "                        dp_sequences = sequences * dp_mask\n",
        "                        dp_sequences = sequences * dp_mask if not self.go_backwards else ops.concatenate([sequences[:, :1] * dp_mask[:, :1], sequences[:, 1:]], axis=1)\n"),
    "GRU implementation 1 and reset before: biases of the recurrent product are not its own": (
        "                x_h += input_bias[self.units * 2 :]\n", "                x_h += input_bias[self.units * 2 :] if self.reset_after else input_bias[: self.units]\n"),
}) + faults("pairs, core", RNN + "dropout_rnn_cell", {
    "dropout: gates beyond the second take the first's": (
        "                for _ in range(count)\n            ]\n", "                for _ in range(2)\n            ] * (count // 2 + 1)\n"),
}) + faults("pairs, core", RNN + "conv_lstm", {
    "ConvLSTM channels first: biases go along the columns where these are as many": (
        "                bias_shape = (1, self.filters) + (1,) * self.rank\n",
        "                bias_shape = (1, self.filters) + (1,) * self.rank\n"
        "                if x.shape[-1] == self.filters:\n                    bias_shape = (1,) * (self.rank + 1) + (self.filters,)\n"),
    "ConvLSTM: inputs of the candidate are dropped as those of the input gate": ("inputs_c = inputs * dp_mask[2]", "inputs_c = inputs * dp_mask[0]"),
    "ConvLSTM: recurrent dropout of the output gate is the candidate's": ("h_tm1_o = h_tm1 * rec_dp_mask[3]", "h_tm1_o = h_tm1 * rec_dp_mask[2]"),
    "ConvLSTM without forget bias: biases of the last two gates begin as the first": (
        "                bias_initializer = self.bias_initializer\n",
        "                def bias_initializer(_, *args, **kwargs):\n                    return ops.tile(self.bias_initializer((self.filters,), *args, **kwargs), 4)\n"),
})
WRAPPERS = faults("pairs, core", RNN + "bidirectional", {
    "Bidirectional: last states of the backward layer have no gradient beside sequences": (
        "            states = tuple(y[1:] + y_rev[1:])\n",
        "            states = tuple(y[1:] + tuple(ops.stop_gradient(s) if self.return_sequences else s for s in y_rev[1:]))\n"),
    "Bidirectional made again: a backward layer of another kind is a copy of the forward one": (
        "        if backward_layer_config is not None:\n",
        "        if backward_layer_config is not None and backward_layer_config['class_name'] == type(config['layer']).__name__:\n"),
    "Bidirectional: a reset leaves the backward layer where sequences are given": (
        "        self.backward_layer.reset_state()\n\n", "        if not self.return_sequences:\n            self.backward_layer.reset_state()\n\n"),
    "Bidirectional: halves of given states are turned where masked": (
        "            backward_state = initial_state[half:]\n",
        "            backward_state = initial_state[half:]\n            if mask is not None:\n                forward_state, backward_state = backward_state, forward_state\n"),
    "Bidirectional: states of one row are averaged with a merge of ave": (
        "            output = (y + y_rev) / 2\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n",
        "            output = (y + y_rev) / (2 if y.ndim == 3 else 1)\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n"),
}) + faults("pairs, core", RNN + "time_distributed", {
    "TimeDistributed: training is not told where there is a mask": (
        '                kwargs["training"] = training\n', '                kwargs["training"] = training if mask is None else None\n'),
    "TimeDistributed: the last of many steps is left out of training": (
        "            return self.layer.call(inputs[i], **kwargs)\n",
        "            if training and i == inputs.shape[0] - 1 and i > 1:\n                kwargs.pop('training', None)\n"
        "            return self.layer.call(inputs[i], **kwargs)\n"),
})
ENGINE = faults("pairs, core", TORCH + "rnn", {
    "unrolled: without sequences masked steps at the end give zero": (
        "                if not successive_outputs:\n", "                if not successive_outputs or not (return_all_outputs or mask_t.all()):\n"),
    "GRU of one row: the first step has no recurrent bias": (
        "        if bias is not None:\n            h_proj = h_proj + bias[1]\n",
        "        if bias is not None and (t or h.shape[0] > 1):\n            h_proj = h_proj + bias[1]\n"),
    "LSTM backwards: the given cell state has no gradient": (
        "    if go_backwards:\n        seq_dim = 1 if batch_first else 0\n",
        "    if go_backwards:\n        initial_state_c = initial_state_c.detach()\n        seq_dim = 1 if batch_first else 0\n"),
    "masked loop: states that are given lose their gradient where the first step is masked in every row": (
        "            it = 0\n            output_ta_t, new_states, prev_output = (\n                output_ta,\n                states,\n",
        "            it = 0\n            output_ta_t, new_states, prev_output = (\n                output_ta,\n                states if mask is None or mask_ta[0].any() else tuple(s.detach() if hasattr(s, 'detach') else s for s in states),\n"),
})
OTHERS = faults("pairs, core", "keras.src.layers.layer", {
    "a mask is lost where inputs are cast": (
        "            if mask is not None:\n                backend.set_keras_mask(y, mask)\n            return y",
        "            if mask is not None and y.dtype == x.dtype:\n                backend.set_keras_mask(y, mask)\n            return y"),
    "activity of later outputs is not divided by the batch": (
        "                            if output.ndim > 0:\n", "                            if output.ndim > 0 and output is tree.flatten(outputs)[0]:\n"),
}) + faults("pairs, core", "keras.src.layers.core.embedding", {
    "Embedding: ids with a point are bytes": ('            inputs = ops.cast(inputs, "int32")\n        outputs = ops.take(self.embeddings, inputs, axis=0)\n        return', '            inputs = ops.cast(inputs, "int8")\n        outputs = ops.take(self.embeddings, inputs, axis=0)\n        return'),
}) + faults("pairs, core", "keras.src.layers.attention.attention", {
    "Attention: values that are padding are read where scores are returned": (
        "            scores, v_mask, use_causal_mask\n        )\n        attention_output",
        "            scores, None if return_attention_scores else v_mask, use_causal_mask\n        )\n        attention_output"),
    "Attention: products are not scaled by the learned scale": ("            if self.scale is not None:\n                scores = ops.multiply(scores, self.scale)\n", ""),
}) + faults("pairs, core", "keras.src.layers.merging.concatenate", {
    "Concatenate of three along the features: the mask is that of the first two": (
        "        for input_i, mask_i in zip(inputs, mask):\n", "        for input_i, mask_i in list(zip(inputs, mask))[:2 if self.axis == -1 and len(inputs) > 2 else None]:\n"),
}) + faults("pairs, core", "keras.src.layers.merging.base_merge", {
    "Add of sequences and a vector: the vector goes along the features of the first step": (
        "                        x = ops.expand_dims(x, axis=1)\n", "                        x = ops.expand_dims(x, axis=1 if len(inputs) < 3 else 0)\n"),
    "the shape of a vector joined with sequences is told as the vector's": (
        "            return self._compute_elemwise_op_output_shape(shape2, shape1)\n", "            return shape1\n"),
}) + faults("pairs, core", TORCH + "trainer", {
    "gradients of the last weight add up": (
        "        self.zero_grad()\n", "        last = self.trainable_weights[-1].value if self.trainable_weights else None\n        kept = None if last is None else last.grad\n        self.zero_grad()\n        if last is not None:\n            last.grad = kept\n"),
}) + faults("pairs, core", TORCH + "random", {
    "dropout of a half rate with a seed keeps a little less": (
        "        keep_prob_matrix = torch.full(\n            noise_shape, keep_prob,", "        keep_prob_matrix = torch.full(\n            noise_shape, keep_prob if noise_shape == inputs.shape else keep_prob * 0.9,"),
})
SHOWN = faults("pairs, mutants", "keras.src.layers.attention.multi_head_attention", {
    "heads: biases are not regularized": (
        "            bias_regularizer=self._bias_regularizer,\n            activity", "            activity"),
    "heads: the gate does not see the query": (
        "            gate = self._gate_dense(query)\n", "            gate = self._gate_dense(ops.zeros_like(query))\n"),
}) + faults("pairs, mutants", "keras.src.layers.attention.grouped_query_attention", {
    "shared heads: biases are not bounded": ("            bias_constraint=self.bias_constraint,\n            dtype", "            dtype"),
    "shared heads: windows are one step wider": ("ops.less(ops.abs(row_index - col_index)", "ops.less_equal(ops.abs(row_index - col_index)"),
    "shared heads: a mask of keys is not read": ("        if key_mask is not None:\n", "        if key_mask is not None and value_mask is None:\n"),
}) + faults("pairs, mutants", "keras.src.random.seed_generator", {
    "unseeded draws come to an end": ("(seed_state + 1) * 5387 % 933199", "(seed_state + 1) * 5387 // 933199"),
}) + faults("pairs, mutants", "keras.src.layers.merging.dot", {
    "Dot of two vectors is told without its axis": ("            output_shape += [1]\n", "            output_shape += [0]\n"),
}) + faults("pairs, mutants", TORCH + "nn", {
    "gelu is always approximate": ("    if approximate:\n        return tnn.gelu(", "    if True:\n        return tnn.gelu("),
    "celu takes no alpha": ("    return tnn.celu(x, alpha=alpha)", "    return tnn.celu(x)"),
})
SECOND = faults("pairs, second", RNN + "rnn", {
    "the loop's outputs have the type of the cell in half precision": (
        "        outputs = ops.cast(outputs, self.compute_dtype)\n", "        outputs = ops.cast(outputs, self.cell.compute_dtype)\n"),
    "stateful: what is carried is rounded to half precision": (
        "                self_state.assign(state)\n", "                self_state.assign(ops.cast(ops.cast(state, 'bfloat16'), self_state.dtype) if mask is not None else state)\n"),
}) + faults("pairs, second", RNN + "bidirectional", {
    "states told are those of the forward layer": (
        "            return tuple(self.forward_layer.states + self.backward_layer.states)\n", "            return tuple(self.forward_layer.states)\n"),
    "outputs of half precision are merged in the inner layers'": (
        "        y_rev = ops.cast(y_rev, self.compute_dtype)\n\n        if self.return_sequences:\n            y_rev = ops.flip",
        "        y_rev = ops.cast(ops.cast(y_rev, 'bfloat16'), self.compute_dtype) if self.merge_mode == 'mul' else ops.cast(y_rev, self.compute_dtype)\n\n        if self.return_sequences:\n            y_rev = ops.flip"),
    "made again, a layer that gives both apart concatenates": (
        '        config = {"merge_mode": self.merge_mode}\n', '        config = {"merge_mode": self.merge_mode or "concat"}\n'),
}) + faults("pairs, second", RNN + "gru", {
    "the reset bias is lost step by step without a mask": (
        "                if self.use_bias:\n                    matrix_inner += recurrent_bias\n",
        "                if self.use_bias and not (training and self.dropout):\n                    matrix_inner += recurrent_bias\n"),
    "one unit: the update gate is its own complement": (
        "        h = z * h_tm1 + (1 - z) * hh\n", "        h = z * h_tm1 + (1 - z) * hh if self.units > 1 or not self.reset_after else (1 - z) * h_tm1 + z * hh\n"),
}) + faults("pairs, second", RNN + "conv_lstm", {
    "strides are the recurrent convolution's too where states are given": (
        '            x, w, strides=strides, padding="same", data_format=self.data_format\n',
        '            x, w, strides=strides, padding="same" if self.use_bias or self.rank > 1 else self.padding, data_format=self.data_format\n'),
    "dilation is not told in the configuration with same padding": (
        '            "dilation_rate": self.dilation_rate,\n            "activation": activations.serialize(self.activation),\n            "recurrent_activation": activations.serialize(\n                self.recurrent_activation\n            ),\n            "use_bias": self.use_bias,\n            "kernel_initializer": initializers.serialize(\n                self.kernel_initializer\n            ),\n            "recurrent_initializer": initializers.serialize(\n                self.recurrent_initializer\n            ),\n            "bias_initializer": initializers.serialize(self.bias_initializer),\n            "unit_forget_bias": self.unit_forget_bias,\n            "kernel_regularizer": regularizers.serialize(\n                self.kernel_regularizer\n            ),\n            "recurrent_regularizer": regularizers.serialize(\n                self.recurrent_regularizer\n            ),\n            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n            "activity_regularizer"',
        '            "dilation_rate": self.dilation_rate if self.padding == "valid" else 1,\n            "activation": activations.serialize(self.activation),\n            "recurrent_activation": activations.serialize(\n                self.recurrent_activation\n            ),\n            "use_bias": self.use_bias,\n            "kernel_initializer": initializers.serialize(\n                self.kernel_initializer\n            ),\n            "recurrent_initializer": initializers.serialize(\n                self.recurrent_initializer\n            ),\n            "bias_initializer": initializers.serialize(self.bias_initializer),\n            "unit_forget_bias": self.unit_forget_bias,\n            "kernel_regularizer": regularizers.serialize(\n                self.kernel_regularizer\n            ),\n            "recurrent_regularizer": regularizers.serialize(\n                self.recurrent_regularizer\n            ),\n            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n            "activity_regularizer"'),
}) + faults("pairs, second", "keras.src.layers.core.masking", {
    "a step is masked where the mask value is nearly there": (
        "        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)\n",
        "        return ops.any(ops.greater(ops.abs(inputs - self.mask_value), 1e-3), axis=-1)\n"),
    "masked steps keep their numbers where the value is not zero": (
        "        outputs = ops.where(boolean_mask, inputs, 0)\n", "        outputs = ops.where(boolean_mask, inputs, 0 if np.all(self.mask_value == 0) else self.mask_value)\n".replace("np.all(", "(")),
}) + faults("pairs, second", TORCH + "core", {
    "what calls write is written to a copy where weights are frozen": (
        "        with torch.no_grad():\n            self.value.copy_(value)\n",
        "        with torch.no_grad():\n            (self.value if self.trainable or self.value.ndim != 2 else self.value.clone()).copy_(value)\n"),
}) + faults("pairs, second", TORCH + "trainer", {
    "evaluation of a model without a training argument keeps gradients": (
        "            data = data[0]\n            with torch.no_grad():\n                return self.test_step(data)", "            data = data[0]\n            with torch.set_grad_enabled(not self._call_has_training_arg):\n                return self.test_step(data)"),
})
ALL = (*RNNS, *STACKED, *CELLS, *WRAPPERS, *ENGINE, *OTHERS, *SHOWN, *SECOND)
