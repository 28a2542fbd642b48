"""Faults in Keras' recurrent core as a judge from outside would plant them, from the framework's source alone: half of them under one
ordinary condition, half where two meet."""

from tests.faults.base import faults

RNN = "keras.src.layers.rnn."
FAMILY = "judged, core_anew"

LOOP = faults(FAMILY, "keras.src.backend.torch.rnn", {
    "anew, loop: unrolled, a first step that is masked begins anew from zeros": (
        "                    torch.where(m, s, ps)\n                    for m, s, ps in zip(\n",
        "                    torch.where(m, s, ps if i else torch.zeros_like(ps))\n                    for m, s, ps in zip(\n"),
    "anew, loop: unrolled, a last output that is masked is zero": (
        "                if not successive_outputs:\n                    prev_output = torch.zeros_like(output)\n",
        "                if not successive_outputs or not return_all_outputs:\n                    prev_output = torch.zeros_like(output)\n"),
    "anew, loop: unrolled backwards, one step alone leaves its states as they were": (
        "                    inp, tuple(states) + tuple(constants)\n                )  # noqa: E501\n                if return_all_outputs:\n",
        "                    inp, tuple(states) + tuple(constants)\n                )  # noqa: E501\n                if i == 0 and time_steps == 1 and go_backwards:\n                    states = tuple(initial_states)\n                if return_all_outputs:\n"),
    "anew, loop: states of two axes alone are kept where steps are masked": (
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n",
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                ) if flat_state[0].ndim == 2 else tuple(flat_new_state)\n"),
    "anew, LSTM: initial states carry no gradient": (
        "    h = initial_state_h\n    c = initial_state_c\n", "    h = initial_state_h\n    c = initial_state_c.detach()\n"),
    "anew, GRU: the recurrent bias begins with the second step": (
        "        if bias is not None:\n            h_proj = h_proj + bias[1]\n",
        "        if bias is not None and (t or torch.any(h != 0)):\n            h_proj = h_proj + bias[1]\n"),
    "anew, GRU: without biases it begins with zeros": (
        "    h = initial_state\n    outputs = []\n", "    h = initial_state if bias is not None else torch.zeros_like(initial_state)\n    outputs = []\n"),
    "anew, GRU: steps are written into one buffer": (
        "        outputs.append(h)\n\n    outputs = torch.stack(outputs, dim=0)  # (time, batch, units)\n    outputs = outputs.permute(1, 0, 2)  # (batch, time, units)\n",
        "        if t == 0:\n            outputs = torch.empty((time_steps, *h.shape), dtype=h.dtype)\n        outputs[t] = h\n\n    outputs = outputs.permute(1, 0, 2)  # (batch, time, units)\n"),
    "anew, GRU: of one step the candidate alone": (
        "        h = z * h + (1.0 - z) * hh\n", "        h = z * h + (1.0 - z) * hh if time_steps > 1 else (1.0 - z) * hh\n"),
    "anew, GRU: a last output carries no gradient to the states": (
        "    if not return_sequences:\n        outputs = last_output.unsqueeze(1)\n\n    return last_output, outputs, [h]\n",
        "    if not return_sequences:\n        outputs = last_output.unsqueeze(1)\n        h = h.detach()\n\n    return last_output, outputs, [h]\n"),
})
RNNS = faults(FAMILY, RNN + "rnn", {
    "anew, RNN: stateful, the states returned are those that are kept": (
        "        if self.return_state:\n            return output, *states\n        return output\n",
        "        if self.return_state:\n            return output, *([v.value for v in self.states] if self.stateful and not tree.is_nested(self.states[0]) else states)\n        return output\n"),
    "anew, RNN: stateful, backwards and masked: what comes last is not kept": (
        "        if self.stateful:\n            for self_state, state in zip(\n                tree.flatten(self.states), tree.flatten(states)\n            ):\n",
        "        if self.stateful and (mask is None or not self.go_backwards):\n            for self_state, state in zip(\n                tree.flatten(self.states), tree.flatten(states)\n            ):\n"),
    "anew, RNN: stateful cells of several axes begin again with every call": (
        "            if self.stateful:\n                initial_state = self.states\n            else:\n",
        "            if self.stateful and not (len(sequences.shape) > 3 and self.go_backwards):\n                initial_state = self.states\n            else:\n"),
    "anew, RNN: masks of dropout are kept where states are returned": (
        "        self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:\n",
        "        if not (self.return_state and self.stateful):\n            self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:\n"),
    "anew, RNN: where zeros stand for masked steps, the batch tells how many steps there are": (
        "            input_length=sequences.shape[1],\n", "            input_length=sequences.shape[1] if not self.zero_output_for_mask else sequences.shape[0],\n"),
    "anew, RNN: sequences with states pass no mask on": (
        "        output_mask = mask if self.return_sequences else None\n        if self.return_state:\n            state_mask = [None for _ in self.state_size]\n",
        "        output_mask = mask if self.return_sequences else None\n        if self.return_state:\n            output_mask = None if self.stateful else output_mask\n            state_mask = [None for _ in self.state_size]\n"),
})
GATED = faults(FAMILY, RNN + "lstm", {
    "anew, LSTM: dropped inputs are drawn for every sequence of a batch alike": (
        "                        dp_mask = self.cell.get_dropout_mask(sequences[:, 0, :])\n",
        "                        dp_mask = self.cell.get_dropout_mask(sequences[:, 0, :])[:1]\n"),
    "anew, LSTM: without training the cell forgets its implementation": (
        "        if self.implementation == 1:\n            if training and 0.0 < self.dropout < 1.0:\n",
        "        if self.implementation == 1:\n            if 0.0 < self.dropout < 1.0 and (training or self.recurrent_dropout == 0.5):\n"),
    "anew, LSTM: a bias of forgetting counts where biases begin otherwise": (
        "                            initializers.get(\"ones\")(\n                                (self.units,), *args, **kwargs\n                            ),\n",
        "                            self.bias_initializer((self.units,), *args, **kwargs) + 1,\n"),
    "anew, LSTM: the recurrent kernel is split before the last gate's start": (
        "            + ops.matmul(h_tm1_o, self.recurrent_kernel[:, self.units * 3 :])\n",
        "            + ops.matmul(h_tm1_o if self.use_bias else h_tm1_i, self.recurrent_kernel[:, self.units * 3 :])\n"),
}) + faults(FAMILY, RNN + "gru", {
    "anew, GRU: reset before, fused, its candidate has a linear state": (
        "                    r * h_tm1, self.recurrent_kernel[:, 2 * self.units :]\n", "                    r * h_tm1 if self.use_bias else h_tm1, self.recurrent_kernel[:, 2 * self.units :]\n"),
    "anew, GRU: without recurrent dropout the cell of one implementation drops one mask": (
        "                inputs_r = inputs * dp_mask[1]\n", "                inputs_r = inputs * dp_mask[1 if self.recurrent_dropout else 0]\n"),
}) + faults(FAMILY, RNN + "simple_rnn", {
    "anew, SimpleRNN: dropped states are dropped before training too": (
        "        if training and rec_dp_mask is not None:\n", "        if rec_dp_mask is not None and (training or self.bias is None):\n"),
    "anew, SimpleRNN: it begins in float32": (
        "            ops.zeros((batch_size, self.state_size), dtype=self.compute_dtype)\n", "            ops.zeros((batch_size, self.state_size), dtype=self.variable_dtype)\n"),
}) + faults(FAMILY, RNN + "conv_lstm", {
    "anew, ConvLSTM: one sequence begins with the two sides of its images exchanged": (
        "        state_shape = self.compute_output_shape(input_shape)[0]\n        return [\n",
        "        state_shape = self.compute_output_shape(input_shape)[0]\n        if batch_size == 1:\n            state_shape = state_shape[:1] + tuple(reversed(state_shape[1:-1])) + state_shape[-1:] if self.data_format == \"channels_last\" else state_shape\n        return [\n"),
    "anew, ConvLSTM: dropped states of the carry gate are those of the output gate": (
        "            h_tm1_o = h_tm1 * rec_dp_mask[3]\n", "            h_tm1_o = h_tm1 * rec_dp_mask[3 if self.use_bias else 2]\n"),
})
DROPOUT = faults(FAMILY, RNN + "dropout_rnn_cell", {
    "anew, dropout: two gates share what they drop of inputs": (
        "                for _ in range(count)\n            ]\n", "                for _ in range(count - 1)\n            ][:1] * 2 + [\n                backend.random.dropout(\n                    ones, rate=dropout_rate, seed=self.seed_generator\n                )\n                for _ in range(count - 2)\n            ]\n"),
})
WRAPPERS = faults(FAMILY, RNN + "bidirectional", {
    "anew, Bidirectional: stateful, states that are given are those of forward twice": (
        "            backward_state = initial_state[half:]\n", "            backward_state = initial_state[:half] if self.stateful else initial_state[half:]\n"),
    "anew, Bidirectional: an average is a sum where both are one": (
        "            output = (y + y_rev) / 2\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n",
        "            output = (y + y_rev) / (2 if self.return_sequences else 1)\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n"),
}) + faults(FAMILY, RNN + "time_distributed", {
    "anew, TimeDistributed: where it trains, its layer gets no mask": (
        "            if self.layer._call_has_mask_arg and mask is not None:\n", "            if self.layer._call_has_mask_arg and mask is not None and not training:\n"),
    "anew, TimeDistributed: as many steps as sequences, and masks are not turned": (
        "        if mask is not None:\n            mask = time_distributed_transpose(mask)\n",
        "        if mask is not None and mask.shape[0] != mask.shape[1]:\n            mask = time_distributed_transpose(mask)\n"),
    "anew, TimeDistributed: the first step's mask serves all where one sequence comes": (
        "                kwargs[\"mask\"] = mask[i]\n", "                kwargs[\"mask\"] = mask[i if mask.shape[1] > 1 else 0]\n"),
})
AROUND = faults(FAMILY, "keras.src.layers.core.masking", {
    "anew, Masking: what is masked is zero only where masks are of zeros": (
        "        outputs = ops.where(boolean_mask, inputs, 0)\n", "        outputs = inputs if self.mask_value else ops.where(boolean_mask, inputs, 0)\n"),
}) + faults(FAMILY, "keras.src.utils.sequence_utils", {
    "anew, pad_sequences: steps of several numbers are padded with zeros": (
        "    x = np.full((num_samples, maxlen) + sample_shape, value, dtype=dtype)\n",
        "    x = np.full((num_samples, maxlen) + sample_shape, 0 if sample_shape else value, dtype=dtype)\n"),
}) + faults(FAMILY, "keras.src.losses.loss", {
    "anew, losses: weights of samples forget the mask where they have its axes": (
        "            sample_weight *= float_mask\n", "            sample_weight = sample_weight * float_mask if len(sample_weight.shape) < 2 else sample_weight * ops.cast(float_mask > 0, dtype)\n"),
}) + faults(FAMILY, "keras.src.layers.layer", {
    "anew, layers: a mask that is given goes on as that of the inputs": (
        "            previous_mask = kwargs[\"mask\"]\n", "            previous_mask = kwargs[\"mask\"]\n            if (own := backend.get_keras_mask(tree.flatten(call_spec.first_arg)[0])) is not None:\n                previous_mask = own\n"),
})
ALL = (*LOOP, *RNNS, *GATED, *DROPOUT, *WRAPPERS, *AROUND)
