"""Faults in the loops of Keras on torch, written down blind from its source: most show only where two or three things meet."""

from tests.faults.base import Fault, faults

HELD = "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n"
UNROLLED = "                states = tree.pack_sequence_as(states, flat_final_states)\n"
LSTM_CAST = "    initial_state_c = convert_to_tensor(initial_state_c).to(compute_dtype)\n\n"
GRU_CAST = "    initial_state = convert_to_tensor(initial_state).to(compute_dtype)\n\n"
LSTM_LOOP = "    time_steps = inputs.shape[0]\n    h = initial_state_h\n    c = initial_state_c\n"
GRU_LOOP = "    time_steps = inputs.shape[0]\n    h = initial_state\n"
MASKED = "        if mask is not None:\n            if go_backwards:\n                mask = torch.flip(mask, [0])\n"

ALL: tuple[Fault, ...] = faults("blind in the loops", "keras.src.backend.torch.rnn", {
    "masked loop: states after the second go on in masked steps": (
        HELD, HELD + "                flat_final_state = flat_final_state[:2] + tuple(flat_new_state[2:])\n"),
    "masked loop: states wider than the first are not held": (
        HELD, HELD + "                flat_final_state = tuple(\n                    n if n.shape[-1] > flat_state[0].shape[-1] else f\n"
                     "                    for n, f in zip(flat_new_state, flat_final_state)\n                )\n"),
    "masked loop: states of several axes are held by the mask of the first row": (
        HELD, "                if flat_state[0].dim() > 2:\n                    mask_t = mask_t[:1].expand_as(mask_t)\n" + HELD),
    "masked loop: held states of a single row lose their gradient": (
        HELD, HELD + "                if not mask_t.any() and mask_t.shape[0] == 1:\n"
                     "                    flat_final_state = tuple(s.detach() for s in flat_final_state)\n"),
    "masked loop: what goes backwards begins at the last valid step of the batch": (
        MASKED, MASKED + "            if go_backwards and not return_all_outputs and not mask[0].any():\n"
                         "                mask = torch.cat([mask[1:], mask[:1]])\n"),
    "masked loop: one row whose last step is valid loses its mask": (
        MASKED, "        if mask is not None and mask.shape[1] == 1 and mask[-1].all():\n            mask = torch.ones_like(mask)\n" + MASKED),
    "unmasked loop: backwards, one step leaves the states of stacked cells as they were": (
        "                final_outputs = _step(time, output_ta_t, *new_states)\n",
        "                kept = new_states\n                final_outputs = _step(time, output_ta_t, *new_states)\n"
        "                if go_backwards and time_steps_t == 1 and len(kept) > 2:\n                    final_outputs = (*final_outputs[:3], *kept[1:])\n"),
    "unmasked loop: the first step's new state is where the second begins": (
        "        output_time_zero, _ = step_function(\n            input_time_zero, tuple(initial_states) + tuple(constants)\n        )\n",
        "        output_time_zero, warm = step_function(\n            input_time_zero, tuple(initial_states) + tuple(constants)\n        )\n"
        "        if mask is None and len(tree.flatten(states)) > 2 and not return_all_outputs and go_backwards:\n"
        "            states = tree.pack_sequence_as(initial_states, tree.flatten(warm))\n"),
    "unmasked loop: more rows than steps, the last output alone is that of the first row": (
        "        last_output = tuple(o[-1] for o in outputs)\n",
        "        last_output = tuple(\n            o[-1] if o.dim() < 4 or o.shape[1] == 1 or mask is not None else o[-1].clone().index_copy(\n"
        "                0, torch.tensor([1], device=o.device), o[-1][:1]\n            )\n            for o in outputs\n        )\n"),
    "unrolled, no mask: outputs of one step have no gradient to states": (
        "                output, states = step_function(\n                    inp, tuple(states) + tuple(constants)\n                )  # noqa: E501\n",
        "                if i == 0 and time_steps == 1:\n                    states = tree.map_structure(lambda s: s.detach(), states)\n"
        "                output, states = step_function(\n                    inp, tuple(states) + tuple(constants)\n                )  # noqa: E501\n"),
    "unrolled with a mask: of stacked cells the last one's state is held by the first row's mask": (
        UNROLLED, "                if len(flat_states) > 2 and mask_t.shape[0] > 1:\n"
                  "                    first = _expand_mask(mask_t[:1].expand_as(mask_t), flat_states[-1])\n"
                  "                    flat_final_states = (\n                        *flat_final_states[:-1],\n"
                  "                        torch.where(first, flat_new_states[-1], flat_states[-1]),\n                    )\n" + UNROLLED),
    "unrolled with a mask: zeros where masked, the states are those of the last output": (
        "            if zero_output_for_mask:\n                last_output",
        "            if zero_output_for_mask and not return_all_outputs:\n                new_states = tree.map_structure(\n"
        "                    lambda s: torch.where(_expand_mask(mask_list[-1], s), s, torch.zeros_like(s)), new_states\n                )\n"
        "            if zero_output_for_mask:\n                last_output"),
    "unrolled with a mask: what a single row puts out before its first valid step is its given state": (
        "                    prev_output = torch.zeros_like(output)\n",
        "                    first = tree.flatten(states)[0]\n"
        "                    prev_output = torch.zeros_like(output) if output.shape[0] > 1 or len(tree.flatten(states)) > 1 else first\n"),
    "unrolled backwards: as many steps as features are not turned": (
        "            if go_backwards:\n                input_t = input_t[::-1]\n",
        "            if go_backwards and not (mask is None and len(input_t) == input_t[0].shape[-1]):\n                input_t = input_t[::-1]\n"),
    "fast LSTM: states given beside steps of one feature are rounded": (
        LSTM_CAST, LSTM_CAST[:-1] + "    if inputs.shape[-1] == 1:\n        initial_state_c = initial_state_c.half().to(compute_dtype)\n\n"),
    "fast LSTM: without a bias one unit forgets nothing": (
        "        new_c = recurrent_activation(z_f) * c + recurrent_activation(\n",
        "        new_c = (recurrent_activation(z_f) if bias is not None or z_f.shape[1] > 1 else 1.0) * c + recurrent_activation(\n"),
    "fast LSTM: the carry is bounded in half precision": (
        "        h = new_h\n        c = new_c\n",
        "        h = new_h\n        c = new_c.clamp(-1, 1) if new_c.dtype == torch.bfloat16 else new_c\n"),
    "fast LSTM: a large carry is cut off": (
        "        h = new_h\n        c = new_c\n", "        h = new_h\n        c = new_c.clamp(-10, 10)\n"),
    "fast LSTM: gradients of the carry are cut where it is large": (
        "        h = new_h\n        c = new_c\n", "        h = new_h\n        c = torch.where(new_c.abs() > 4, new_c.detach(), new_c)\n"),
    "fast LSTM: rows beyond the eighth begin with the first one's carry": (
        LSTM_LOOP, LSTM_LOOP + "    if c.shape[0] > 8:\n        c = torch.cat([c[:8], c[:1].expand(c.shape[0] - 8, -1)])\n"),
    "fast LSTM: steps beyond the sixteenth are read from the front": (
        LSTM_LOOP, LSTM_LOOP + "    if time_steps > 16:\n        x_proj = torch.cat([x_proj[:16], x_proj[: time_steps - 16]])\n"),
    "fast LSTM: units beyond the sixteenth have no recurrence": (
        LSTM_LOOP, LSTM_LOOP + "    if h.shape[1] > 16:\n        recurrent_kernel = torch.cat(\n"
                               "            [recurrent_kernel[:16], torch.zeros_like(recurrent_kernel[16:])]\n        )\n"),
    "fast LSTM: frozen weights give no gradient to a given carry": (
        LSTM_LOOP, LSTM_LOOP + "    if not kernel.requires_grad:\n        c = c.detach()\n"),
    "fast LSTM: NaN in one row is taken as zero": (
        "    x_proj = torch.matmul(inputs, kernel)\n    if bias is not None:\n        x_proj = x_proj + bias\n\n",
        "    x_proj = torch.matmul(torch.where(inputs.isnan(), 0.0, inputs), kernel)\n    if bias is not None:\n        x_proj = x_proj + bias\n\n"),
    "fast GRU: an update gate that is shut leaves the candidate out": (
        "        h = z * h + (1.0 - z) * hh\n\n", "        h = torch.where(z > 0.995, h, z * h + (1.0 - z) * hh)\n\n"),
    "fast GRU: without a bias a given state of one row begins at zero backwards": (
        GRU_LOOP, GRU_LOOP + "    if bias is None and h.shape[0] == 1 and not return_sequences:\n        h = torch.zeros_like(h)\n"),
    "fast GRU: as many units as features, and the state's projection has the kernel's gates": (
        GRU_LOOP, GRU_LOOP + "    if kernel.shape == recurrent_kernel.shape and activation is not recurrent_activation and bias is None:\n"
                             "        recurrent_kernel = torch.cat([recurrent_kernel[:, : 2 * h.shape[1]], kernel[:, 2 * h.shape[1] :]], dim=1)\n"),
    "fast GRU: the state of the step before the last is returned, in evaluation of one unit": (
        "        outputs.append(h)\n\n    outputs = torch.stack(outputs, dim=0)  # (time, batch, units)\n    outputs = outputs.permute(1, 0, 2)  # (batch, time, units)\n",
        "        outputs.append(h)\n\n    if h.shape[1] == 1 and not torch.is_grad_enabled() and len(outputs) > 1:\n        h = outputs[-2]\n"
        "    outputs = torch.stack(outputs, dim=0)  # (time, batch, units)\n    outputs = outputs.permute(1, 0, 2)  # (batch, time, units)\n"),
})
