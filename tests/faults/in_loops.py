"""Faults in Keras' loops over time on the torch backend: masks, directions, gradients, precision, the fused paths."""

from tests.faults.base import faults

LOOP = "keras.src.backend.torch.rnn"

MASKS = faults("mask in the loop", LOOP, {
    "state goes on through padding": (
        "flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )",
        "flat_final_state = flat_new_state"),
    "mask of the step before": ("return mask_ta[time]", "return mask_ta[time - 1]"),
    "held output is not held": (
        "return (time + 1, output_ta_t, tuple(flat_new_output)) + tuple(",
        "return (time + 1, output_ta_t, tuple(flat_output)) + tuple("),
    "zero_output_for_mask lost": ("if zero_output_for_mask\n                    else", "if False\n                    else"),
    "zero_output_for_mask always": ("if zero_output_for_mask\n                    else", "if True\n                    else"),
    "mask not flipped": ("mask = torch.flip(mask, [0])", "mask = torch.clone(mask)"),
    "mask flipped over the batch": ("mask = torch.flip(mask, [0])", "mask = torch.flip(mask, [1])"),
    "unrolled: padding gives zero": (
        "output = torch.where(tiled_mask_t, output, prev_output)",
        "output = torch.where(tiled_mask_t, output, torch.zeros_like(output))"),
    "unrolled: states chosen the wrong way": ("torch.where(m, s, ps)", "torch.where(m, ps, s)"),
    "unrolled: first output held": ("prev_output = successive_outputs[-1]", "prev_output = successive_outputs[0]"),
    "unrolled: zero_output_for_mask lost": (
        "if zero_output_for_mask:\n                last_output", "if False:\n                last_output"),
    "fused LSTM takes masked sequences": (
        "    if mask is not None:\n        raise NotImplementedError\n\n    # Convert", "    # Convert"),
    "fused GRU takes masked sequences": ("if not reset_after or mask is not None:", "if not reset_after:"),
})
DIRECTIONS = faults("direction", LOOP, {
    "inputs flipped over the batch": ("torch.unbind(torch.flip(input_, [0]))", "torch.unbind(torch.flip(input_, [1]))"),
    "unrolled: inputs not reversed": ("input_t = input_t[::-1]", "input_t = tuple(input_t)"),
    "fused LSTM: inputs not flipped": ("inputs = torch.flip(inputs, dims=[seq_dim])", "inputs = torch.clone(inputs)"),
    "fused GRU: inputs not flipped": ("inputs = torch.flip(inputs, dims=[1])", "inputs = torch.clone(inputs)"),
})
LENGTHS = faults("last step", LOOP, {
    "fused LSTM: last output is the first": ("    last_output = h\n\n", "    last_output = outputs[:, 0]\n\n"),
    "unrolled: states of the first step": ("new_states = successive_states[-1]", "new_states = successive_states[0]", 2),
    "last output is the one before": (
        "last_output = tuple(o[-1] for o in outputs)", "last_output = tuple(o[-2:][0] for o in outputs)"),
}, explained={
    "last output is the one before": "the loop keeps one output where the last alone is returned; where it keeps all, nobody reads this one",
})
GRADIENTS = faults("gradient", LOOP, {
    "cell state detached": ("        c = new_c\n", "        c = new_c.detach()\n"),
    "fused LSTM: initial state detached": (
        "    h = initial_state_h\n    c = initial_state_c\n", "    h = initial_state_h.detach()\n    c = initial_state_c\n"),
    "fused LSTM: recurrent kernel detached": (
        "x_proj[t] + torch.matmul(h, recurrent_kernel)", "x_proj[t] + torch.matmul(h, recurrent_kernel.detach())"),
    "fused GRU: reset gate detached": ("hh = activation(x_h + r * h_h)", "hh = activation(x_h + r.detach() * h_h)"),
    "gradient ends at padding": ("torch.where(m, o, fm)\n", "torch.where(m, o, fm.detach())\n"),
    "generic loop: states detached": (
        "new_states = tree.pack_sequence_as(\n                    initial_states, flat_new_state\n",
        "new_states = tree.pack_sequence_as(\n                    initial_states, [s.detach() for s in flat_new_state]\n"),
})
PRECISION = faults("precision", LOOP, {
    "fused LSTM: input product in bfloat16": (
        "(time, batch, 4*units)\n    x_proj = torch.matmul(inputs, kernel)",
        "(time, batch, 4*units)\n    x_proj = torch.matmul(inputs.bfloat16(), kernel.bfloat16()).to(kernel.dtype)"),
    "fused GRU: recurrent product in half": (
        "h_proj = torch.matmul(h, recurrent_kernel)",
        "h_proj = torch.matmul(h.half(), recurrent_kernel.half()).to(h.dtype)"),
})
FUSED = faults("fused cell", LOOP, {
    "LSTM: gates swapped": ("z_i, z_f, z_c, z_o = torch.chunk(z, 4, dim=1)", "z_i, z_f, z_o, z_c = torch.chunk(z, 4, dim=1)"),
    "LSTM: activation of the output fixed": ("* activation(new_c)", "* torch.tanh(new_c)"),
    "LSTM: states returned swapped": ("return last_output, outputs, [h, c]", "return last_output, outputs, [c, h]"),
    "LSTM: bias lost": ("        x_proj = x_proj + bias\n", "        x_proj = x_proj + 0 * bias\n"),
    "GRU: biases swapped": ("x_proj = x_proj + bias[0]", "x_proj = x_proj + bias[1]"),
    "GRU: update gate inverted": ("h = z * h + (1.0 - z) * hh", "h = (1.0 - z) * h + z * hh"),
    "GRU: reset gate's activation fixed": ("r = recurrent_activation(x_r + h_r)", "r = torch.sigmoid(x_r + h_r)"),
})

ALL = (*MASKS, *DIRECTIONS, *LENGTHS, *GRADIENTS, *PRECISION, *FUSED)
