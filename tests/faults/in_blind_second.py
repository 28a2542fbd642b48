"""Faults in Keras' recurrent core on torch, written down blind a second time, where those found last had been: stacked cells,
frozen layers, numbers far from zero, shapes that are told, a second call."""

from tests.faults.base import Fault, faults

HELD = "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n"
INNER = "        last_output, outputs, states = self.inner_loop(\n            sequences=sequences,\n"
LISTED = "        initial_state = list(initial_state)\n\n"
STEP = "                output, states = step_function(\n                    inp, tuple(states) + tuple(constants)\n                )  # noqa: E501\n"

ALL: tuple[Fault, ...] = faults("blind a second time", "keras.src.backend.torch.rnn", {
    "unrolled, no mask: states of stacked cells come in the order of the last step's outputs": (
        "                    successive_states = [states]\n            last_output = successive_outputs[-1]\n            new_states = successive_states[-1]\n"
        "            outputs = torch.stack(successive_outputs)\n\n    else:",
        "                    successive_states = [states]\n            last_output = successive_outputs[-1]\n            new_states = successive_states[-1 if len(states) < 3 else 0]\n"
        "            outputs = torch.stack(successive_outputs)\n\n    else:"),
    "unrolled, no mask: given states of stacked cells have no gradient": (
        STEP, "                if i == 0 and len(states) > 1:\n                    states = tree.map_structure(lambda s: s.detach(), states)\n" + STEP),
    "masked loop: states far from zero are held to be as near as ten": (
        HELD, HELD + "                flat_final_state = tuple(s.clamp(-10, 10) for s in flat_final_state)\n"),
    "masked loop: a masked step of one row alone detaches the second state": (
        HELD, HELD + "                if mask_t.shape[0] == 1 and len(flat_final_state) > 1:\n"
                     "                    flat_final_state = (\n                        flat_final_state[0],\n"
                     "                        torch.where(mask_t, flat_final_state[1], flat_final_state[1].detach()),\n                        *flat_final_state[2:],\n                    )\n"),
    "loop: without gradients stacked cells keep the states of the first step": (
        "                flat_output = tree.flatten(output)\n                ta_index_to_write = time if return_all_outputs else 0\n",
        "                flat_output = tree.flatten(output)\n                if not torch.is_grad_enabled() and len(flat_new_state) > 2 and time > 0:\n"
        "                    flat_new_state = tree.flatten(list(states))\n                ta_index_to_write = time if return_all_outputs else 0\n"),
    "fast GRU: a state far from zero is let go": (
        "        h = z * h + (1.0 - z) * hh\n\n", "        h = z * h.clamp(-8, 8) + (1.0 - z) * hh\n\n"),
    "fast GRU: gradients of a state far from zero are cut": (
        "        h = z * h + (1.0 - z) * hh\n\n", "        h = z * torch.where(h.abs() > 6, h.detach(), h) + (1.0 - z) * hh\n\n"),
    "fast GRU: frozen, no gradient goes to the state it begins with": (
        "    time_steps = inputs.shape[0]\n    h = initial_state\n", "    time_steps = inputs.shape[0]\n    h = initial_state if recurrent_kernel.requires_grad else initial_state.detach()\n"),
    "fast LSTM: states far from zero are bounded by the output's activation": (
        "    last_output = h\n\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1 if batch_first else 0)\n\n    return last_output, outputs, [h, c]\n",
        "    last_output = h\n\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1 if batch_first else 0)\n        c = c.clamp(-16, 16)\n\n    return last_output, outputs, [h, c]\n"),
    "fast LSTM: without a bias as wide as the inputs, gates read the kernel": (
        "        z = x_proj[t] + torch.matmul(h, recurrent_kernel)\n",
        "        z = x_proj[t] + torch.matmul(h, kernel if t and bias is None and kernel.shape == recurrent_kernel.shape else recurrent_kernel)\n"),
}) + faults("blind a second time", "keras.src.layers.rnn.rnn", {
    "RNN: frozen, states that are given have no gradient": (
        LISTED, LISTED[:-1] + "        if not self.trainable:\n            initial_state = tree.map_structure(ops.stop_gradient, initial_state)\n\n"),
    "RNN: frozen, sequences have no gradient where a mask is given": (
        INNER, "        if not self.trainable and (mask is not None or self.cell.state_size == -1):\n            sequences = ops.stop_gradient(sequences)\n" + INNER),
    "RNN: stateful, given states have no gradient where the last output alone is asked for": (
        LISTED, LISTED[:-1] + "        if self.stateful and not self.return_sequences:\n            initial_state = tree.map_structure(ops.stop_gradient, initial_state)\n\n"),
    "RNN: shape: sequences of a stack are as long as is known, but for an open batch": (
        "        length = sequences_shape[1]\n", "        length = sequences_shape[1] if batch_size or self.single_state or len(self.state_size) < 3 else None\n"),
    "RNN: shape: the state of a third cell is the first one's": (
        "                states_shape.append((batch_size, state_size))\n",
        "                states_shape.append((batch_size, state_size if len(states_shape) < 2 else self.state_size[0][0] if isinstance(self.state_size[0], list) else state_size))\n"),
    "RNN: stacked, mixed precision: states are kept as the weights are": (
        "            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n        )\n        self._maybe",
        "            lambda x: ops.cast(x, dtype=self.compute_dtype if len(tree.flatten(states)) < 3 else self.variable_dtype), states\n        )\n        self._maybe"),
}) + faults("blind a second time", "keras.src.layers.rnn.stacked_rnn_cells", {
    "stack: a third cell reads what the first one gave": (
        "            inputs, states = cell_call_fn(inputs, states, **kwargs)\n",
        "            inputs, states = cell_call_fn(\n                inputs if len(new_states) < 2 or inputs.shape != first.shape else first, states, **kwargs\n            )\n"
        "            first = inputs if not new_states else first\n"),
    "stack: built for cells whose outputs are as wide as their first state, from the third on": (
        "            input_shape = (batch_size, output_dim)\n",
        "            input_shape = (batch_size, output_dim if cell is self.cells[0] or not isinstance(cell.state_size, list) else cell.state_size[-1])\n"),
}) + faults("blind a second time", "keras.src.layers.rnn.bidirectional", {
    "Bidirectional: frozen, what is before it learns from the way there alone": (
        "            forward_inputs, backward_inputs = sequences, sequences\n            forward_state, backward_state = None, None\n",
        "            forward_inputs, backward_inputs = sequences, sequences\n            if not self.trainable:\n                backward_inputs = ops.stop_gradient(sequences)\n"
        "            forward_state, backward_state = None, None\n"),
    "Bidirectional: frozen, states that are given learn on the way there alone": (
        "            backward_state = initial_state[half:]\n",
        "            backward_state = initial_state[half:]\n            if not self.trainable:\n                backward_state = [ops.stop_gradient(s) for s in backward_state]\n"),
    "Bidirectional: shape: an open batch closes the time of what is added up": (
        "        elif self.merge_mode is None:\n            output_shape = [output_shape, output_shape]\n\n        if self.return_state:\n            if self",
        "        elif self.merge_mode is None:\n            output_shape = [output_shape, output_shape]\n        elif self.return_sequences and output_shape[0] is None:\n"
        "            output_shape = (None, None, *output_shape[2:])\n\n        if self.return_state:\n            if self"),
})
