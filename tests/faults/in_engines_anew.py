"""Faults in Keras' engines and in what they alone meet of its common code, written from their source alone, half of them where two
conditions meet."""

from dataclasses import replace

from tests.faults.base import faults

BACKEND = "keras.src.backend."
FAMILY = "judged, engines_anew"

TENSORFLOW = faults(FAMILY, BACKEND + "tensorflow.rnn", {
    "z1t unrolled backwards, all outputs: states are of the first step": (
        "            new_states = successive_states[-1]\n            outputs = tf.stack(successive_outputs)\n\n    else:  # Unroll",
        "            new_states = successive_states[0 if go_backwards else -1]\n            outputs = tf.stack(successive_outputs)\n\n"
        "    else:  # Unroll"),
}) + faults(FAMILY, BACKEND + "tensorflow.trainer", {
    "z1t rows of training are shuffled where they are not to be": (
        "            shuffle=shuffle,\n            class_weight=class_weight,\n", "            shuffle=True,\n            class_weight=class_weight,\n"),
    "z1t a test of one batch gives a list where names are asked for": (
        "        logs = self.test_function(data())\n        logs = pythonify_logs(logs)\n        if return_dict:\n            return logs\n",
        "        logs = self.test_function(data())\n        logs = pythonify_logs(logs)\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.nn", {
    "z1t traced: logits under a sigmoid are taken for probabilities": (
        "        output_ = output.op.inputs[0]\n        from_logits_ = True\n", "        output_ = output.op.inputs[0]\n"),
    "z1t separable in time: not dilated": (
        "        pointwise_kernel = tf.expand_dims(pointwise_kernel, axis=0)\n        dilation_rate = None if dilation_rate is None else (1,) + dilation_rate\n",
        "        pointwise_kernel = tf.expand_dims(pointwise_kernel, axis=0)\n        dilation_rate = None\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.optimizer", {
    "z1t gradients are clipped row by row": (
        "        return tf.clip_by_norm(values, self.clipnorm, axes)\n",
        "        return tf.clip_by_norm(\n            values, self.clipnorm, axes if isinstance(values, tf.IndexedSlices) else -1\n        )\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.core", {
    "z1t backwards along another axis: scans are turned over the first": (
        "        scans = [tf.reverse(scanned, [axis]) for scanned in scans]\n", "        scans = [tf.reverse(scanned, [0]) for scanned in scans]\n"),
    "z1t two factors of one place: the last one counts": (
        "            current = tf.gather_nd(result, idx)", "            current = tf.gather_nd(inputs, idx)"),
}) + faults(FAMILY, BACKEND + "tensorflow.random", {
    "z1t classes are drawn by their shares as if these were logits": (
        "    output = tf.random.stateless_categorical(logits, num_samples, seed=seed)\n",
        "    output = tf.random.stateless_categorical(\n        tf.nn.softmax(logits), num_samples, seed=seed\n    )\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.numpy", {
    "z1t split at places along an axis: the rest is counted along the last": (
        "        total_size = x.shape[axis]\n        indices_or_sections", "        total_size = x.shape[-1]\n        indices_or_sections"),
    "z1t tiled by fewer numbers than axes: along the first ones": (
        "        repeats = [1] * (x_rank - len(repeats)) + repeats\n", "        repeats = repeats + [1] * (x_rank - len(repeats))\n"),
})
TENSORFLOW_COMMON = faults(FAMILY, "keras.src.trainers.data_adapters.tf_dataset_adapter", {
    "z1t tf.data: two one-hot classes are taken for one number": (
        "                tf.shape(y)[-1] > 1,\n", "                tf.shape(y)[-1] > 2,\n"),
}) + faults(FAMILY, "keras.src.trainers.data_adapters.array_data_adapter", {
    "z1t steps without a size of batches: one batch too many": (
        "            batch_size = int(math.ceil(num_samples / steps)) if steps else 32\n",
        "            batch_size = int(num_samples // steps) if steps else 32\n"),
}) + faults(FAMILY, "keras.src.layers.rnn.rnn", {
    "z1t an open time axis: stateful layers keep nothing": (
        "        if self.stateful:\n            for self_state, state in zip(",
        "        if self.stateful and timesteps is not None:\n            for self_state, state in zip("),
}) + faults(FAMILY, "keras.src.layers.rnn.bidirectional", {
    "z1t an open time axis: the way back begins with zeros": (
        "            backward_state = initial_state[half:]\n",
        "            backward_state = initial_state[half:] if sequences.shape[1] else None\n"),
})
JAX = faults(FAMILY, BACKEND + "jax.rnn", {
    "z1j unrolled and masked, all outputs: states are of the first step": (
        "            new_states = successive_states[-1]\n            outputs = jnp.stack(successive_outputs)\n\n        else:  # mask is None",
        "            new_states = successive_states[0]\n            outputs = jnp.stack(successive_outputs)\n\n        else:  # mask is None"),
}) + faults(FAMILY, BACKEND + "jax.trainer", {
    "z1j validation takes all steps": (
        "                            steps_per_epoch=validation_steps,\n                            shuffle=False,\n",
        "                            shuffle=False,\n"),
    "z1j weights of the rows of one batch are lost": (
        "                y, class_weight\n            )\n\n        def data():\n            yield _distribute_data((x, y, sample_weight))\n",
        "                y, class_weight\n            )\n\n        def data():\n"
        "            yield _distribute_data((x, y, sample_weight if class_weight else None))\n"),
    "z1j metrics are not put back": (
        "        if metrics_variables:\n            for ref_v, v in zip(self.metrics_variables, metrics_variables):\n                ref_v.assign(v)\n", ""),
}) + faults(FAMILY, BACKEND + "jax.optimizer", {
    "z1j gathered gradients are not clipped": (
        "            grads = self._clip_gradients(grads)\n            self._apply_weight_decay(trainable_variables)\n\n"
        "            self._backend_update_step(\n                grads, trainable_variables, self.learning_rate\n            )\n            new_trainable",
        "            self._apply_weight_decay(trainable_variables)\n\n"
        "            self._backend_update_step(\n                grads, trainable_variables, self.learning_rate\n            )\n            new_trainable"),
}) + faults(FAMILY, BACKEND + "jax.random", {
    "z1j rows are shuffled along the first axis": (
        "    return jax.random.permutation(seed, x, axis, independent=True)\n", "    return jax.random.permutation(seed, x, independent=True)\n"),
}) + faults(FAMILY, BACKEND + "jax.core", {
    "z1j taken apart along another axis: along the first": (
        "        jax.lax.index_in_dim(x, i, axis, keepdims=False)\n", "        jax.lax.index_in_dim(x, i, 0, keepdims=False)\n"),
    "z1j what is written where it is smaller is written where it is larger": (
        "        return inputs.at[idx].min(updates)\n", "        return inputs.at[idx].max(updates)\n"),
}) + faults(FAMILY, BACKEND + "jax.nn", {
    "z1j causal attention forgets its mask": (
        "        mask = mask[None, None, :, :]\n        combined_mask = jnp.logical_and(combined_mask, mask)\n",
        "        combined_mask = jnp.broadcast_to(mask[None, None, :, :], logits.shape)\n"),
    "z1j separable: not dilated": (
        "        strides,\n        padding,\n        data_format,\n        dilation_rate,\n    )\n    return conv(",
        "        strides,\n        padding,\n        data_format,\n    )\n    return conv("),
    "z1j maxima of padded windows count their padding as zero": (
        "    return _pool(inputs, -jnp.inf, lax.max, pool_size, strides, padding)\n",
        "    low = -jnp.inf if padding == \"valid\" else 0.0\n    return _pool(inputs, low, lax.max, pool_size, strides, padding)\n"),
    "z1j classes along another axis stand along the last": (
        "    return jnn.one_hot(x, num_classes, axis=axis, dtype=dtype)\n", "    return jnn.one_hot(x, num_classes, dtype=dtype)\n"),
}, explained={"z1j causal attention forgets its mask": "JAX has a function of its own for attention, and Keras' is not called"}
) + faults(FAMILY, BACKEND + "jax.numpy", {
    "z1j sums from step to step of short precision are in full": (
        "    return jnp.cumsum(x, axis=axis, dtype=dtype)\n",
        "    return jnp.cumsum(x, axis=axis, dtype=dtype or jnp.promote_types(x.dtype, \"float32\"))\n"),
})
JAX_COMMON = faults(FAMILY, "keras.src.layers.rnn.rnn", {
    "z1j states alone are dropped: their mask is made within the loop": (
        "            cell.get_recurrent_dropout_mask(state)\n",
        "            if cell.dropout:\n                cell.get_recurrent_dropout_mask(state)\n"),
}) + faults(FAMILY, "keras.src.metrics.metric", {
    "z1j metrics reset without state are as they were": (
        "        with backend.StatelessScope() as scope:\n            self.reset_state()\n",
        "        with backend.StatelessScope() as scope:\n            pass\n"),
})
ALL = (TENSORFLOW + tuple(replace(f, asked="keras-tensorflow") for f in TENSORFLOW_COMMON)
       + JAX + tuple(replace(f, asked="keras-jax") for f in JAX_COMMON))
