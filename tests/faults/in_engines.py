"""Faults in Keras' loops over time on TensorFlow and JAX, and rarer ones on torch: some show in one shape or one mode alone."""

from tests.faults.base import faults

TENSORFLOW = faults("TensorFlow's loop", "keras.src.backend.tensorflow.rnn", {
    "mask flipped over the batch": ("mask = tf.reverse(mask, [0])", "mask = tf.reverse(mask, [1])"),
    "state goes on through padding": (
        "flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )",
        "flat_final_state = flat_new_state"),
    "held output is zero": ("else tree.flatten(prev_output)", "else flat_zero_output"),
    "zero_output_for_mask always": (
        "if zero_output_for_mask\n                    else tree.flatten(prev_output)", "if True\n                    else tree.flatten(prev_output)"),
    "unrolled: last output is the first": ("last_output = successive_outputs[-1]", "last_output = successive_outputs[0]", 2),
    "unrolled: states go on through padding": ("tf.where(m, s, ps)", "tf.where(m, s, s)"),
    "unrolled: padding gives zero": (
        "output = tf.where(tiled_mask_t, output, prev_output)", "output = tf.where(tiled_mask_t, output, tf.zeros_like(output))"),
    "unrolled: zero_output_for_mask lost": (
        "            if zero_output_for_mask:\n                last_output = tf.where(", "            if False:\n                last_output = tf.where("),
    "open length: the last step is not run": ("max_iterations = time_steps_t\n", "max_iterations = time_steps_t - 1\n"),
    "last output of long sequences": (
        "last_output = tuple(o[-1] for o in outputs)",
        "last_output = tuple(o[-1 if time_steps is None or time_steps < 32 else 0] for o in outputs)"),
    "axes not swapped where batch and time are equal": (
        "        axes = list(range(len(input_t.shape)))\n",
        "        axes = list(range(len(input_t.shape)))\n        if input_t.shape[0] is not None and input_t.shape[0] == input_t.shape[1]:\n            return input_t\n"),
    "held outputs through half": (
        "tf.where(m, o, fm)\n", 'tf.where(m, o, tf.cast(tf.cast(fm, "float16"), fm.dtype))\n'),
    "masked loop: initial states detached": (
        "loop_vars=(time, output_ta, flat_zero_output) + states,",
        "loop_vars=(time, output_ta, flat_zero_output) + tuple(tree.map_structure(tf.stop_gradient, states)),"),
    "float64 outputs through float32": (
        "ta.write(ta_index_to_write, out)\n                    for ta, out in zip(output_ta_t, flat_output)",
        'ta.write(ta_index_to_write, tf.cast(tf.cast(out, "float32"), out.dtype))\n                    for ta, out in zip(output_ta_t, flat_output)'),
    "one step is never masked": (
        "mask_ta = mask_ta.unstack(mask)", "mask_ta = mask_ta.unstack(mask if time_steps != 1 else tf.ones_like(mask))"),
    "unmasked: inputs flipped over the batch": ("ta.unstack(tf.reverse(input_, [0]))", "ta.unstack(tf.reverse(input_, [0 if mask is not None else 1]))"),
}, {"unrolled: last output is the first":
    "the loop keeps one output where the last alone is returned; where it keeps all, nobody reads this one"})
JAX = faults("JAX's loop", "keras.src.backend.jax.rnn", {
    "zero_output_for_mask lost": ("                if zero_output_for_mask:\n                    masked_outs", "                if False:\n                    masked_outs"),
    "GRU: backward not flipped where batch and time are equal": (
        "    h_0 = jnp.asarray(initial_state)\n\n    if go_backwards:", "    h_0 = jnp.asarray(initial_state)\n\n    if go_backwards and inputs.shape[0] != inputs.shape[1]:"),
    "masked backward outputs not flipped": (
        "        if go_backwards:\n            outputs = jnp.flip(outputs, axis=0)", "        if go_backwards and mask is None:\n            outputs = jnp.flip(outputs, axis=0)"),
    "GRU: final state detached": ("return last_output, outputs, [h_last]", "return last_output, outputs, [lax.stop_gradient(h_last)]"),
    "GRU: reset gate detached": ("hh = activation(x_h + r * h_h)", "hh = activation(x_h + lax.stop_gradient(r) * h_h)"),
    "a state as wide as the inputs goes on through padding": (
        "lambda s, ns: jnp.where(is_masked, s, ns),", "lambda s, ns: jnp.where(is_masked & (s.shape[-1] != current_input.shape[-1]), s, ns),"),
    "unrolled: padding gives zero": ("prev_output = successive_outputs[-1]", "prev_output = jnp.zeros_like(output)"),
    "GRU: biases swapped": (
        "        input_bias = bias[0]\n        recurrent_bias = bias[1]", "        input_bias = bias[1]\n        recurrent_bias = bias[0]"),
    "GRU without bias: ones": ("        recurrent_bias = jnp.zeros(3 * hidden_size)", "        recurrent_bias = jnp.ones(3 * hidden_size)"),
    "GRU: long input product in bfloat16": (
        "x_all = jnp.matmul(inputs, kernel) + input_bias", 'x_all = jnp.matmul(inputs.astype("bfloat16") if inputs.shape[1] > 16 else inputs, kernel) + input_bias'),
    "mask of any feature": ("is_masked = jnp.all(\n                    jnp.logical_not(current_mask), axis=-1, keepdims=True\n                )", "is_masked = jnp.logical_not(current_mask[:1])"),
    "last output of one row": ("        last_output = outputs[-1]\n", "        last_output = outputs[-1] if outputs.shape[1] > 1 else outputs[0]\n"),
})
TORCH = faults("torch's loop, rarely", "keras.src.backend.torch.rnn", {
    "axes not swapped where batch and time are equal": (
        "        axes = list(range(len(input_t.shape)))\n",
        "        axes = list(range(len(input_t.shape)))\n        if input_t.shape[0] == input_t.shape[1]:\n            return input_t\n"),
    "held output is zero, with several rows": (
        "else tree.flatten(prev_output)\n", "else tree.flatten(prev_output if mask.shape[1] < 4 else flat_zero_output)\n"),
    "masked loop: the last step of long sequences": ("while time < time_steps_t and it < max_iterations:\n                final_outputs = _step(\n", "while time < time_steps_t and it < min(max_iterations, 30):\n                final_outputs = _step(\n"),
    "masked loop: state not held at the first step": (
        "flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )",
        "flat_final_state = flat_new_state if time == 0 else compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )"),
    "masked loop: state not held at the last step": (
        "flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )",
        "flat_final_state = flat_new_state if time == time_steps_t - 1 else compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )"),
    "masked loop: cell state of the LSTM not held": (
        "                new_states = tree.pack_sequence_as(new_states, flat_final_state)  # noqa: E501",
        "                new_states = tree.pack_sequence_as(new_states, [*flat_final_state[:1], *flat_new_state[1:]])"),
    "masked loop, backwards: outputs zero where states are given": (
        "output_ta_t, new_states, prev_output = (\n                output_ta,\n                states,\n                flat_zero_output,",
        "output_ta_t, new_states, prev_output = (\n                output_ta,\n                tuple(s * 0 for s in states) if go_backwards else states,\n                flat_zero_output,"),
    "fused GRU: no bias means ones": ("if bias is not None:\n        x_proj = x_proj + bias[0]", "if True:\n        x_proj = x_proj + (bias[0] if bias is not None else 1.0)"),
    "fused LSTM: one step is not backward": ("    if go_backwards:\n        seq_dim = 1 if batch_first else 0", "    if go_backwards and inputs.shape[0] != inputs.shape[1]:\n        seq_dim = 1 if batch_first else 0"),
    "fused LSTM: last output without sequences is the cell state": (
        "    last_output = h\n\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1", "    last_output = h if return_sequences else c\n\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1"),
    "unrolled: mask not given backwards": ("            mask_list = torch.unbind(mask)\n", "            mask_list = torch.unbind(mask if time_steps > 1 else torch.ones_like(mask))\n"),
})

TENSORS = faults("torch's tensors", "keras.src.backend.torch.core", {
    "arrays read as they lie in memory": ("        x = np.array(x)\n", "        x = np.array(x).ravel('K').reshape(np.shape(x))\n"),
})

ALL = (*TENSORFLOW, *JAX, *TORCH, *TENSORS)
