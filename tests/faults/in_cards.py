"""Faults in what Keras' engines hand to the fused kernels of a card, and make of their answers. They are asked without a card."""

from __future__ import annotations

from tests.faults.base import faults

TORCH, JAX, TENSORFLOW = (f"keras.src.backend.{engine}.rnn" for engine in ("torch", "jax", "tensorflow"))
FAMILY = "kernels of cards"

ALL = (
    *faults(FAMILY, TORCH, {
        "gates of a card's GRU in Keras' order": ("torch.cat([r_k, z_k, h_k], dim=1)", "torch.cat([z_k, r_k, h_k], dim=1)"),
        "recurrent gates of a card's GRU in Keras' order": (
            "torch.cat([r_r, z_r, h_r], dim=1)", "torch.cat([z_r, r_r, h_r], dim=1)"),
        "a card's GRU has its biases changed over": (
            "bias_hh = torch.cat([r_bh, z_bh, h_bh])", "bias_hh = torch.cat([r_bi, z_bi, h_bi])"),
        "a card's GRU has the gates of its recurrent bias in Keras' order": (
            "torch.cat([r_bh, z_bh, h_bh])", "torch.cat([z_bh, r_bh, h_bh])"),
        "a card's LSTM adds its bias twice": (
            "        bias_hh = torch.zeros(\n            4 * hidden_size, dtype=bias_ih.dtype, device=device\n        )",
            "        bias_hh = bias_ih"),
        "a card's LSTM has weights without a gradient": (
            "weight_hh = recurrent_kernel.T.contiguous().to(device)", "weight_hh = recurrent_kernel.detach().T.contiguous()"),
        "a card's LSTM begins with h in the place of c": (
            "        (initial_state_h, initial_state_c),\n        params", "        (initial_state_h, initial_state_h),\n        params"),
        "a card's LSTM gives its first output as the last": (
            "    c_n = c_n.squeeze(0)\n    last_output = outputs[:, -1]", "    c_n = c_n.squeeze(0)\n    last_output = outputs[:, 0]"),
        "a card's LSTM gives its states in the other order": (
            "return last_output, outputs, [h_n, c_n]", "return last_output, outputs, [c_n, h_n]"),
        "no card is ever asked for an LSTM": ("    if cudnn_supported:\n        cudnn_inputs", "    if False:\n        cudnn_inputs"),
        "no card is ever asked for a GRU": (
            "    cudnn_supported = cudnn_activation_ok and cudnn_runtime_ok", "    cudnn_supported = False"),
        "a card takes any activation": (
            "        activation in (activations.tanh, torch.tanh, ops.tanh)\n        and recurrent_activation",
            "        recurrent_activation"),
        "both directions of a card begin with the same states": (
            "h_0 = torch.stack([fwd_h0, bwd_h0], dim=0)\n    c_0", "h_0 = torch.stack([fwd_h0, fwd_h0], dim=0)\n    c_0"),
        "both directions of a card's GRU have their weights changed over": (
            "    # torch._VF.gru with bidirectional=True expects 4 params per direction,\n"
            "    # forward direction first, then backward.\n    params = fwd_params + bwd_params",
            "    params = bwd_params + fwd_params"),
        "the backward half of a card ends at the last step": (
            "    fwd_last = y_fwd[:, -1]\n    bwd_last = y_bwd[:, 0]", "    fwd_last = y_fwd[:, -1]\n    bwd_last = y_bwd[:, -1]", 2),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.bidirectional", {
        "the halves of a card are summed for a mean": (
            '            output = (y + y_rev) / 2\n        elif self.merge_mode == "mul":',
            '            output = y + y_rev\n        elif self.merge_mode == "mul":', 3),
        "a card runs both directions with one activation": (
            "        if fwd.cell.activation is not bwd.cell.activation:\n            return False\n", "", 2),
        "a card drops the states of stateful directions": (
            "        if mask is not None or self.stateful:\n            return False\n",
            "        if mask is not None:\n            return False\n", 2),
    }),
    *faults(FAMILY, JAX, {
        "a card's LSTM has its matrices untransposed": (
            "    W_ih = jnp.asarray(kernel).T\n    W_hh", "    W_ih = jnp.asarray(kernel)\n    W_hh"),
        "a card's LSTM starts with zeros": ("    h_0 = jnp.asarray(initial_state_h)\n", "    h_0 = jnp.zeros_like(initial_state_h)\n"),
        "biases stand between the matrices of both directions": (
            "            _pack_matrices(bwd_kernel, bwd_recurrent_kernel),\n            _pack_biases(fwd_bias),",
            "            _pack_biases(fwd_bias),\n            _pack_matrices(bwd_kernel, bwd_recurrent_kernel),"),
    }),
    *faults(FAMILY, TENSORFLOW, {
        "gates of a card's GRU are not changed over": (
            "        weights[0], weights[1] = weights[1], weights[0]\n", ""),
        "a card's LSTM reads behind the lengths": (
            "    full_bias = tf.concat((tf.zeros_like(bias), bias), 0)",
            "    full_bias = tf.concat((bias, bias), 0)"),
        "a card is given masks that are no lengths": (
            "        tf.logical_not(_has_fully_masked_sequence(mask)),\n        _is_sequence_right_padded(mask),",
            "        tf.logical_not(_has_fully_masked_sequence(mask)),\n        True,"),
        "a card's LSTM reverses whole rows": (
            "        outputs = tf.reverse(outputs, axis=[seq_axis])\n", "        pass\n", 2),
    }),
)
