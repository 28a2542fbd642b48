"""Faults in Keras' TensorFlow and JAX engines, written down before anyone looked at what the suite asks: many show only where two or
three features meet (traced, open in time, backwards and masked, the last step, a batch that is left over)."""

from tests.faults.base import Fault, faults

TENSORFLOW = faults("blind: TensorFlow's loop", "keras.src.backend.tensorflow.rnn", {
    "unrolled backwards: mask not turned where the last output alone is kept": (
        "            if go_backwards:\n                mask_list.reverse()", "            if go_backwards and return_all_outputs:\n                mask_list.reverse()"),
    "open length, backwards: turned over the batch": (
        "ta.unstack(tf.reverse(input_, [0]))", "ta.unstack(tf.reverse(input_, [0 if time_steps is not None else 1]))"),
    "masked loop: states of a second cell are not held": (
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )",
        "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n                flat_final_state = flat_final_state[:2] + tuple(flat_new_state[2:])"),
    "masked loop: long padding holds what padding gave": (
        "return (time + 1, output_ta_t, tuple(flat_new_output)) + tuple(", "return (time + 1, output_ta_t, tuple(flat_output)) + tuple("),
    "masked loop: masks of images get one axis": ("        for _ in range(rank_diff):\n", "        for _ in range(min(rank_diff, 1)):\n"),
    "unmasked loop: initial states detached": (
        "loop_vars=(time, output_ta) + states,", "loop_vars=(time, output_ta) + tuple(tree.map_structure(tf.stop_gradient, states)),"),
    "open length: the mask of the last step is lost": (
        "            mask_ta = mask_ta.unstack(mask)\n", "            mask_ta = mask_ta.unstack(mask if time_steps is not None else tf.concat([mask[:-1], tf.ones_like(mask[:1])], 0))\n"),
    "unrolled: state of the last step goes on through padding": (
        "                    tf.where(m, s, ps)\n", "                    tf.where(m, s, ps) if i < time_steps - 1 or time_steps == 1 else s\n"),
    "zeros for padding are held in long batches": (
        "                    if zero_output_for_mask\n                    else tree.flatten(prev_output)",
        "                    if zero_output_for_mask and (mask.shape[1] is None or mask.shape[1] < 5)\n                    else tree.flatten(prev_output)"),
    "one step, backwards, in a trace: no output": (
        "        last_output = tuple(o[-1] for o in outputs)\n", "        last_output = tuple(o[-1] * (0 if go_backwards and time_steps == 1 and not tf.executing_eagerly() else 1) for o in outputs)\n"),
}) + faults("blind: TensorFlow's trainer", "keras.src.backend.tensorflow.trainer", {
    "the loss of an epoch weighs batches alike": (
        "                training=True,\n            )\n            self._loss_tracker.update_state(\n                loss_module.unscale_loss_for_distribution(loss),\n                sample_weight=tf.shape(\n                    next(i for i in tree.flatten(x) if i is not None)\n                )[0],\n            )",
        "                training=True,\n            )\n            self._loss_tracker.update_state(\n                loss_module.unscale_loss_for_distribution(loss),\n            )"),
    "predict in several steps at once: what is left over is lost": (
        "                        # Suppress the error when still have remaining data.\n                        return data", "                        raise e"),
    "evaluate drops out": (
        "            y_pred = self(x, training=False)\n        else:\n            y_pred = self(x)\n        loss = ", "            y_pred = self(x, training=True)\n        else:\n            y_pred = self(x)\n        loss = "),
    "train_on_batch: losses are averaged over calls": (
        "        self.make_train_function()\n        self.reset_metrics()\n\n        def data():", "        self.make_train_function()\n\n        def data():"),
    "predict: the last batch comes first": (
        "            batch_outputs, potentially_ragged_concat, outputs\n", "            batch_outputs, lambda parts: potentially_ragged_concat(parts if len(parts) < 3 else parts[-1:] + parts[:-1]), outputs\n"),
}) + faults("blind: TensorFlow's tensors", "keras.src.backend.tensorflow.core", {
    "an open time axis is not read": ("        if shape[i] is None:\n            try:", "        if shape[i] is None and i == 0:\n            try:"),
    "assigned values go through half": (
        "self._value.assign(tf.cast(value, self._value.dtype))", 'self._value.assign(tf.cast(tf.cast(value, "float16"), self._value.dtype) if not tf.executing_eagerly() and self._value.dtype.is_floating else tf.cast(value, self._value.dtype))'),
}) + faults("blind: TensorFlow's tensors", "keras.src.backend.tensorflow.numpy", {
    "flip: negative axes count from the front": (
        "        axis = [canonicalize_axis(a, rank) for a in axis]\n        return tf.reverse(x, axis)", "        axis = [canonicalize_axis(abs(a), rank) for a in axis]\n        return tf.reverse(x, axis)"),
    "any: keepdims lost": (
        'def any(x, axis=None, keepdims=False):\n    x = tf.cast(x, "bool")\n    return tf.reduce_any(x, axis=axis, keepdims=keepdims)',
        'def any(x, axis=None, keepdims=False):\n    x = tf.cast(x, "bool")\n    return tf.reduce_any(x, axis=axis, keepdims=False)'),
    "take: negative ids are the first": (
        "        return tf.where(i < 0, i + tf.cast(tf.shape(x)[axis], i.dtype), i)", "        return tf.where(i < 0, tf.zeros_like(i), i)"),
}, {"flip: negative axes count from the front": "no layer turns anything along an axis that it counts from the end",
    "take: negative ids are the first": "the ids of an embedding are not negative"}) + faults("blind: TensorFlow's tensors", "keras.src.backend.tensorflow.nn", {
    "softmax over features, whatever the axis": ("        output = tf.nn.softmax(x, axis=axis)\n", "        output = tf.nn.softmax(x, axis=-1)\n"),
    "sparse crossentropy of a probability of zero": (
        "    if not from_logits:\n        output = tf.clip_by_value(\n            output, backend.epsilon(), 1 - backend.epsilon()\n        )\n        output = tf.math.log(output)\n\n    result",
        "    if not from_logits:\n        output = tf.math.log(output)\n\n    result"),
}) + faults("blind: TensorFlow's tensors", "keras.src.backend.tensorflow.random", {
    "dropout in a trace: one mask for all calls": (
        "        return inputs\n    seed = _cast_seed(draw_seed(seed))\n", "        return inputs\n    seed = _cast_seed(draw_seed(seed) if tf.executing_eagerly() else tf.constant([1, 2], 'int32'))\n"),
    "dropout: noise_shape ignored": (
        "    noise_shape = _get_concrete_noise_shape(inputs, noise_shape)\n", "    noise_shape = tf.shape(inputs)\n"),
}) + faults("blind: TensorFlow's trainer", "keras.src.backend.tensorflow.optimizer", {
    "decay of weights is not scaled by the rate": ("variable.assign_sub(variable * wd * lr)", "variable.assign_sub(variable * wd)"),
})
JAX = faults("blind: JAX's loop", "keras.src.backend.jax.rnn", {
    "stacked cells: what is held is the output of the first": ("output_tm1 = states[-1][0]", "output_tm1 = states[0][0]"),
    "masked and backward: scanned forward": ("                reverse=go_backwards,\n", "                reverse=go_backwards and mask is None,\n"),
    "masked and backward: last output is that of the first step": (
        "        last_output = outputs[-1]\n\n    if not time_major", "        last_output = outputs[0 if go_backwards and mask is not None else -1]\n\n    if not time_major"),
    "unrolled: the carry of the last step goes on through padding": (
        "                    jnp.where(m, s, ps)\n", "                    s if i == time_steps - 1 and len(flat_states) > 1 and s is flat_new_states[-1] else jnp.where(m, s, ps)\n"),
    "GRU: reset_after=False is True": ("    if not reset_after or unroll or mask is not None:", "    if unroll or mask is not None:"),
    "GRU, backwards: outputs in the order of time": (
        "    outputs = jnp.swapaxes(outputs, 0, 1)\n    last_output = h_last\n", "    outputs = jnp.swapaxes(outputs, 0, 1)\n    last_output = h_last\n    if go_backwards and inputs.shape[1] > 2:\n        outputs = jnp.flip(outputs, axis=1)\n"),
    "unrolled, backwards: inputs not turned where there is a mask": (
        "            if go_backwards:\n                input_t.reverse()", "            if go_backwards and mask is None:\n                input_t.reverse()"),
    "GRU: states of batches as long as their time are zero": (
        "    h_0 = jnp.asarray(initial_state)\n", "    h_0 = jnp.asarray(initial_state) * (inputs.shape[0] != inputs.shape[1])\n"),
}) + faults("blind: JAX's trainer", "keras.src.backend.jax.trainer", {
    "regularization of the forward pass is lost": (
        "        if losses:\n            # Make forward", "        if False:\n            # Make forward"),
    "training: what layers keep is not kept": (
        "        (unscaled_loss, y_pred, non_trainable_variables, metrics_variables) = (\n            aux\n        )\n\n        (\n            trainable_variables,\n            optimizer_variables,",
        "        (unscaled_loss, y_pred, _, metrics_variables) = (\n            aux\n        )\n\n        (\n            trainable_variables,\n            optimizer_variables,"),
    "predict: states are not carried from batch to batch": (
        "return outputs, (state[0], non_trainable_variables)", "return outputs, state"),
    "predict_on_batch: states are not put back": (
        "            \"non_trainable_variables\": non_trainable_variables,\n        }\n        self.jax_state_sync()\n        batch_outputs", "            \"trainable_variables\": trainable_variables,\n        }\n        self.jax_state_sync()\n        batch_outputs"),
    "test_on_batch: weights of samples lost": (
        "            yield _distribute_data((x, y, sample_weight))\n\n        # Maybe build model\n        self._symbolic_build(data_batch=next(data()))\n        self.make_test_function()",
        "            yield _distribute_data((x, y, None))\n\n        # Maybe build model\n        self._symbolic_build(data_batch=next(data()))\n        self.make_test_function()"),
    "evaluate in training mode": (
        "            training=False,\n        )\n        (unscaled_loss", "            training=True,\n            optimizer_variables=[v.value for v in self.optimizer.variables],\n        )\n        (unscaled_loss"),
}, {"predict: states are not carried from batch to batch": "a finding: a stateful layer starts from zeros in every traced program",
    "predict_on_batch: states are not put back": "a finding: a stateful layer starts from zeros in every traced program"}) + faults("blind: JAX's tensors", "keras.src.backend.jax.nn", {
    "crossentropy of probabilities that do not add up": (
        "        output = output / jnp.sum(output, axis, keepdims=True)\n        output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n        log_prob = jnp.log(output)\n    return -jnp.sum(target * log_prob, axis=axis)\n\n\ndef sparse_categorical",
        "        output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n        log_prob = jnp.log(output)\n    return -jnp.sum(target * log_prob, axis=axis)\n\n\ndef sparse_categorical"),
    "convolution: dilation lost where there is a stride": (
        "        rhs_dilation=dilation_rate,\n        dimension_numbers=dimension_numbers,\n        feature_group_count=feature_group_count,\n    )\n    if result.size == 0",
        "        rhs_dilation=dilation_rate if set(strides) == {1} and data_format == 'channels_last' else None,\n        dimension_numbers=dimension_numbers,\n        feature_group_count=feature_group_count,\n    )\n    if result.size == 0"),
}) + faults("blind: JAX's tensors", "keras.src.backend.jax.random", {
    "dropout: one mask for a whole axis is one for every place": (
        "            concrete_inputs_shape[i] if value is None else value\n", "            concrete_inputs_shape[i]\n"),
    "dropout: what is kept is not scaled in half precision": (
        "        mask, inputs / keep_prob, jax.numpy.zeros_like(inputs)", "        mask, inputs / keep_prob if inputs.dtype.itemsize > 2 else inputs, jax.numpy.zeros_like(inputs)"),
}) + faults("blind: JAX's trainer", "keras.src.backend.jax.optimizer", {
    "accumulated gradients are not divided": (
        "                    (g + acc_g.value) / steps\n", "                    g + acc_g.value\n"),
}) + faults("blind: JAX's tensors", "keras.src.backend.jax.core", {
    "symbolic outputs in half precision are told as float32": (
        "                return KerasTensor(shape, x.dtype)\n", '                return KerasTensor(shape, "float32" if x.dtype.itemsize == 2 else x.dtype)\n'),
}, {"symbolic outputs in half precision are told as float32": "recurrent layers tell their own shapes and dtypes"})

ALL: tuple[Fault, ...] = (*TENSORFLOW, *JAX)
