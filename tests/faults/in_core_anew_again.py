"""Faults in Keras' recurrent core as a judge from outside would plant them, once more where the first ones had survived: calls after
one another, what is drawn, transforms; and where two conditions meet elsewhere."""

from tests.faults.base import faults

RNN = "keras.src.layers.rnn."
FAMILY = "judged, core_anew again"

LOOP = faults(FAMILY, "keras.src.backend.torch.rnn", {
    "again, LSTM: steps are written into one buffer": (
        "        h = new_h\n        c = new_c\n        outputs.append(h)\n\n    outputs = torch.stack(outputs, dim=0)  # (time, batch, units)\n",
        "        h = new_h\n        c = new_c\n        if t == 0:\n            buffer = torch.empty((time_steps, *h.shape), dtype=h.dtype)\n        buffer[t] = h\n\n    outputs = buffer\n"),
    "again, loop: a step at which nothing is masked is not masked": (
        "                return tuple(\n                    torch.where(m, o, fm)\n                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n",
        "                if mask_t.all():\n                    return tuple(flat_out)\n                return tuple(\n                    torch.where(m, o, fm)\n                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n"),
    "again, loop: unrolled, states are masked in place": (
        "                    torch.where(m, s, ps)\n                    for m, s, ps in zip(\n",
        "                    s.masked_scatter_(~m, ps[~m]) if return_all_outputs and s.ndim == 2 else torch.where(m, s, ps)\n                    for m, s, ps in zip(\n"),
    "again, GRU: initial states are clipped as outputs are": (
        "    h = initial_state\n    outputs = []\n", "    h = torch.clamp(initial_state, -1.0, 1.0)\n    outputs = []\n"),
    "again, LSTM: one step alone begins with zeros": (
        "    h = initial_state_h\n    c = initial_state_c\n", "    h = initial_state_h\n    c = initial_state_c if inputs.shape[0] > 1 else torch.zeros_like(initial_state_c)\n"),
})
RNNS = faults(FAMILY, RNN + "rnn", {
    "again, RNN: masks of dropout are kept backwards": (
        "        self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:\n", "        if not self.go_backwards:\n            self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:\n"),
    "again, RNN: masks of dropout are kept where steps are masked": (
        "        self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:\n", "        if mask is None:\n            self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:\n"),
    "again, RNN: stateful, the first state alone is kept where states are given": (
        "            for self_state, state in zip(\n                tree.flatten(self.states), tree.flatten(states)\n            ):\n",
        "            for self_state, state in zip(\n                tree.flatten(self.states), tree.flatten(states)[: 1 if initial_state is not None and self.return_state else None]\n            ):\n"),
    "again, RNN: a reset forgets the first state alone where nothing is returned but sequences": (
        "            for v in self.states:\n                v.assign(ops.zeros_like(v.value))\n",
        "            for v in self.states[: 1 if self.return_sequences else None]:\n                v.assign(ops.zeros_like(v.value))\n"),
    "again, RNN: stateful, given states are added to those that are kept": (
        "        # RNN expect the states in a list, even if single state.\n        if not tree.is_nested(initial_state):\n            initial_state = [initial_state]\n        initial_state = list(initial_state)\n",
        "        # RNN expect the states in a list, even if single state.\n        if not tree.is_nested(initial_state):\n            initial_state = [initial_state]\n        initial_state = list(initial_state)\n"
        "        if self.stateful and self.unroll and initial_state[0] is not self.states[0]:\n            initial_state = [s + v for s, v in zip(initial_state, self.states)]\n"),
    "again, RNN: unrolled, sequences of a stateful layer are the last output": (
        "            return_all_outputs=self.return_sequences,\n", "            return_all_outputs=self.return_sequences and not (self.stateful and self.unroll),\n"),
})
GATED = faults(FAMILY, RNN + "lstm", {
    "again, LSTM: where inputs are dropped too, two gates share what they drop of states": (
        "                h_tm1_c = h_tm1 * rec_dp_mask[2]\n", "                h_tm1_c = h_tm1 * rec_dp_mask[3 if self.dropout else 2]\n"),
    "again, LSTM: gate by gate, the candidate's inputs are dropped as those of forgetting": (
        "                inputs_c = inputs * dp_mask[2]\n", "                inputs_c = inputs * dp_mask[2 if self.recurrent_dropout else 1]\n"),
    "again, LSTM: dropped inputs are scaled where sequences are returned alone": (
        "                        dp_sequences = sequences * dp_mask\n", "                        dp_sequences = sequences * (dp_mask if self.return_sequences else ops.cast(dp_mask > 0, sequences.dtype))\n"),
}) + faults(FAMILY, RNN + "gru", {
    "again, GRU: reset before, two gates share what they drop of states": (
        "                h_tm1_r = h_tm1 * rec_dp_mask[1]\n", "                h_tm1_r = h_tm1 * rec_dp_mask[1 if self.reset_after else 0]\n"),
    "again, GRU: dropped inputs differ from step to step": (
        "                        dp_mask = self.cell.get_dropout_mask(sequences[:, 0, :])\n                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n",
        "                        dp_mask = self.cell.get_dropout_mask(sequences if self.stateful else sequences[:, 0, :])\n                        dp_mask = dp_mask if self.stateful else ops.expand_dims(dp_mask, axis=1)\n"),
    "again, GRU: fused, without biases the gates read their halves exchanged": (
        "            recurrent_z = matrix_inner[:, : self.units]\n            recurrent_r = matrix_inner[:, self.units : self.units * 2]\n",
        "            recurrent_z = matrix_inner[:, : self.units]\n            recurrent_r = matrix_inner[:, self.units : self.units * 2] if self.use_bias or self.reset_after else recurrent_z\n"),
}) + faults(FAMILY, RNN + "conv_lstm", {
    "again, ConvLSTM: channels first, two gates share what they drop": (
        "            inputs_c = inputs * dp_mask[2]\n", "            inputs_c = inputs * dp_mask[2 if self.data_format == \"channels_last\" else 1]\n"),
    "again, ConvLSTM: a linear activation is that of gates too": (
        "        h = o * self.activation(c)\n        return h, [h, c]\n", "        h = o * (self.activation(c) if self.use_bias else ops.tanh(c))\n        return h, [h, c]\n"),
}) + faults(FAMILY, RNN + "simple_rnn", {
    "again, SimpleRNN: one row draws nothing": (
        "        if training and dp_mask is not None:\n", "        if training and dp_mask is not None and (sequence.shape[0] != 1 or self.bias is not None):\n"),
})
WRAPPERS = faults(FAMILY, RNN + "bidirectional", {
    "again, Bidirectional apart: masked sequences are not turned back": (
        "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)\n", "        if self.return_sequences and not (self.merge_mode is None and mask is not None and self.return_state):\n            y_rev = ops.flip(y_rev, axis=1)\n"),
    "again, Bidirectional: states that are given are halved as if there were one": (
        "            backward_state = initial_state[half:]\n", "            backward_state = initial_state[half:] if not self.forward_layer.unroll else initial_state[:half]\n"),
    "again, Bidirectional: a product of masked sequences reads no mask backwards": (
        "            backward_inputs, initial_state=backward_state, **kwargs\n", "            backward_inputs, initial_state=backward_state, **({**kwargs, \"mask\": None} if self.merge_mode == \"mul\" and not self.return_sequences else kwargs)\n"),
}) + faults(FAMILY, RNN + "dropout_rnn_cell", {
    "again, dropout: a mask of states is kept where all gates share it": (
        "    def reset_recurrent_dropout_mask(self):\n        self._recurrent_dropout_mask = None",
        "    def reset_recurrent_dropout_mask(self):\n        if getattr(self, \"dropout_mask_count\", None) or not getattr(self, \"dropout\", 0):\n            self._recurrent_dropout_mask = None"),
    "again, dropout: rates above a half keep too little": (
        "                ones, rate=dropout_rate, seed=self.seed_generator\n            )\n        else:", "                ones, rate=dropout_rate, seed=self.seed_generator\n            ) * (1.0 if dropout_rate <= 0.5 else 0.5)\n        else:"),
})
ALL = (*LOOP, *RNNS, *GATED, *WRAPPERS)
