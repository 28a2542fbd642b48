"""Faults of Keras' recurrent core on torch where masks, states and dropout meet, written down before looking at what is asked."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("meeting core", "keras.src.layers.rnn.rnn", {
        "stateful: states are kept only where no mask came": (
            "        if self.stateful:\n            for self_state, state in zip(\n",
            "        if self.stateful and mask is None:\n            for self_state, state in zip(\n"),
        "stateful: states are kept outside training alone": (
            "        if self.stateful:\n            for self_state, state in zip(\n",
            "        if self.stateful and not training:\n            for self_state, state in zip(\n"),
        "stateful: the batch size is looked at outside training alone": (
            "                self._expected_batch_size is not None\n                and actual_batch_size is not None\n",
            "                self._expected_batch_size is not None\n                and not training\n"
            "                and actual_batch_size is not None\n"),
        "compute_mask: a layer that goes backwards turns its mask round": (
            "        output_mask = mask if self.return_sequences else None\n",
            "        output_mask = mask if self.return_sequences else None\n"
            "        if output_mask is not None and self.go_backwards:\n"
            "            output_mask = ops.flip(output_mask, axis=1)\n"),
        "compute_mask: zeros where the mask is, and no mask any more": (
            "        output_mask = mask if self.return_sequences else None\n",
            "        output_mask = mask if self.return_sequences and not self.zero_output_for_mask else None\n"),
        "compute_mask: with states, the output's mask is the states' too": (
            "            state_mask = [None for _ in self.state_size]\n",
            "            state_mask = [output_mask for _ in self.state_size]\n"),
        "shape: without an output size, the last state's size is the output's": (
            "            output_size = self.state_size[0]\n", "            output_size = self.state_size[-1]\n"),
        "mixed precision: states come back as wide as the weights": (
            "            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n",
            "            lambda x: ops.cast(x, dtype=self.variable_dtype), states\n"),
        "dropout: what a stack's first cell drew is kept for the next call": (
            "            for c in cell.cells:\n                self._maybe_reset_dropout_masks(c)\n",
            "            for c in cell.cells[1:]:\n                self._maybe_reset_dropout_masks(c)\n"),
        "config: a layer rebuilt shares its configuration's cell entry": (
            "        cell = serialization_lib.deserialize_keras_object(\n            config.pop(\"cell\"), custom_objects=custom_objects\n"
            "        )\n        layer = cls(cell, **config)\n",
            "        cell = serialization_lib.deserialize_keras_object(\n            config.pop(\"cell\"), custom_objects=custom_objects\n"
            "        )\n        cell.built = False\n        config.pop(\"unroll\", None)\n        layer = cls(cell, **config)\n"),
        "build: a stateful layer whose states are there is not reset by building again": (
            "            if self.states is not None:\n                self.reset_state()\n",
            "            if self.states is not None:\n                pass\n"),
        "reset: states become zero only where they are finite": (
            "                v.assign(ops.zeros_like(v.value))\n", "                v.assign(v.value * 0)\n"),
        "training: cells are told of it only where there is no mask": (
            "            cell_kwargs[\"training\"] = training\n",
            "            cell_kwargs[\"training\"] = training and mask is None\n"),
    }),
    *faults("meeting core", "keras.src.layers.rnn.stacked_rnn_cells", {
        "a cell that takes no training after one that does is given it": (
            "                kwargs.pop(\"training\", None)\n", "                kwargs.setdefault(\"training\", training)\n"),
        "a cell without an output size counts its last state in building": (
            "                output_dim = cell.state_size[0]\n", "                output_dim = cell.state_size[-1]\n"),
        "the last cell without an output size counts its last state": (
            "            return self.cells[-1].state_size[0]\n", "            return self.cells[-1].state_size[-1]\n"),
        "training reaches the first cell alone": (
            "                kwargs[\"training\"] = training\n",
            "                kwargs[\"training\"] = training and not new_states\n"),
        "a list of one: its single state comes in a list": (
            "            if len(states) == 1 and not state_is_list:\n", "            if len(states) == 1 and len(self.cells) > 1:\n"),
    }),
    *faults("meeting core", "keras.src.layers.rnn.dropout_rnn_cell", {
        "states are masked as the inputs are, where both have one shape": (
            "            self._recurrent_dropout_mask = self._create_dropout_mask(\n                step_input, self.recurrent_dropout\n            )\n",
            "            self._recurrent_dropout_mask = self._create_dropout_mask(\n                step_input, self.recurrent_dropout\n            )\n"
            "            seen = getattr(self, \"_dropout_mask\", None)\n"
            "            if isinstance(seen, list) and seen[0].shape == step_input.shape and self.dropout == self.recurrent_dropout:\n"
            "                self._recurrent_dropout_mask = seen\n"),
        "every sample of a batch gets the first one's recurrent mask": (
            "            self._recurrent_dropout_mask = self._create_dropout_mask(\n                step_input, self.recurrent_dropout\n",
            "            self._recurrent_dropout_mask = self._create_dropout_mask(\n                step_input[:1], self.recurrent_dropout\n"),
        "masks are as wide as the standard type": (
            "        ones = ops.ones_like(step_input)\n", "        ones = ops.ones_like(step_input, dtype=backend.floatx())\n"),
        "the recurrent rate is the input's where both are set": (
            "                step_input, self.recurrent_dropout\n", "                step_input, self.dropout or self.recurrent_dropout\n"),
        "the recurrent mask is kept for the next call": (
            "        self._recurrent_dropout_mask = None\n", "        pass\n", 2),
    }),
    *faults("meeting core", "keras.src.backend.torch.rnn", {
        "unrolled with a mask: what comes before the first valid step is the cell's own": (
            "                    prev_output = torch.zeros_like(output)\n", "                    prev_output = output\n"),
        "unrolled with a mask: masked steps hold the states' gradient back": (
            "                    torch.where(m, s, ps)\n", "                    torch.where(m, s, ps.detach())\n"),
        "loop with a mask: masked steps hold the last output's gradient back": (
            "                    else tree.flatten(prev_output)\n",
            "                    else [o.detach() for o in tree.flatten(prev_output)]\n"),
        "a mask of numbers holds where it is one": (
            "            mask = mask.type(torch.bool)\n", "            mask = mask == mask.max()\n"),
    }),
)
