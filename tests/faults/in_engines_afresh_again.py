"""More faults in Keras' engines and in what they alone meet of its common code, where those of `in_engines_afresh` had survived."""

from dataclasses import replace

from tests.faults.base import faults

BACKEND = "keras.src.backend."
FAMILY = "judged, engines_afresh_again"

TENSORFLOW = faults(FAMILY, BACKEND + "tensorflow.trainer", {
    "y2t evaluate takes all steps": (
        "                sample_weight=sample_weight,\n                batch_size=batch_size,\n                steps_per_epoch=steps,\n",
        "                sample_weight=sample_weight,\n                batch_size=batch_size,\n"),
    "y2t several batches an execution: the end of training on them is told with the number of the first": (
        "                    callbacks.on_train_batch_end(end_step, logs)\n", "                    callbacks.on_train_batch_end(begin_step, logs)\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.nn", {
    "y2t what is put behind a widened sequence is left out": ("        padding,\n        output_padding,\n", "        padding,\n        None,\n"),
    "y2t sparse shares of another axis are counted along the last": (
        "    r_shape[axis] = -1  # Broadcast to match the target axis\n", "    r_shape[-1] = -1  # Broadcast to match the target axis\n"),
}) + faults(FAMILY, BACKEND + "tensorflow.random", {
    "y2t normal weights in half precision have a deviation of one": (
        "        shape=shape, mean=mean, stddev=stddev, dtype=dtype, seed=seed\n    )\n\n\ndef uniform",
        "        shape=shape, mean=mean, stddev=1.0 if dtype == \"float16\" else stddev, dtype=dtype, seed=seed\n    )\n\n\ndef uniform"),
}) + faults(FAMILY, BACKEND + "tensorflow.rnn", {
    "y2t backwards nothing is zero over padding": (
        "                    if zero_output_for_mask\n                    else tree.flatten(prev_output)",
        "                    if zero_output_for_mask and not go_backwards\n                    else tree.flatten(prev_output)"),
}) + faults(FAMILY, BACKEND + "tensorflow.sparse", {
    "y2t quotients of rows are by the first rows": (
        "                            func(x1.values, tf.gather(x2, x1.indices)),\n",
        "                            func(x1.values, x2[: tf.shape(x1.indices)[0]]),\n"),
})
TENSORFLOW_COMMON = faults(FAMILY, "keras.src.layers.rnn.time_distributed", {
    "y2t an open time axis: what is wrapped reads no mask": (
        "            if self.layer._call_has_mask_arg and mask is not None:\n",
        "            if self.layer._call_has_mask_arg and mask is not None and inputs.shape[0] is not None:\n"),
}) + faults(FAMILY, "keras.src.export.saved_model_export_archive", {
    "y2t an endpoint may take another one's name": (
        "        if name in self._endpoint_names:\n            raise ValueError(f\"Endpoint name '{name}' is already taken.\")\n", ""),
}) + faults(FAMILY, "keras.src.layers.rnn.gru", {
    "y2t backwards a chosen kernel that there is not is not refused": (
        "        if self.use_cudnn is True:\n            raise ValueError(", "        if self.use_cudnn is True and not self.go_backwards:\n            raise ValueError("),
})
JAX = faults(FAMILY, BACKEND + "jax.trainer", {
    "y2j evaluate takes all steps": (
        "                sample_weight=sample_weight,\n                batch_size=batch_size,\n                steps_per_epoch=steps,\n",
        "                sample_weight=sample_weight,\n                batch_size=batch_size,\n"),
    "y2j an epoch of training takes all steps": ("            steps_per_epoch=steps_per_epoch,\n            shuffle=shuffle,\n", "            shuffle=shuffle,\n"),
    "y2j several batches an execution: the end of a test of them is told with the number of the first": (
        "                callbacks.on_test_batch_end(end_step, logs)\n", "                callbacks.on_test_batch_end(begin_step, logs)\n"),
}) + faults(FAMILY, BACKEND + "jax.rnn", {
    "y2j the fused GRU's candidate is a tanh": ("        hh = activation(x_h + r * h_h)\n", "        hh = jnp.tanh(x_h + r * h_h)\n"),
}) + faults(FAMILY, BACKEND + "jax.nn", {
    "y2j celu bends by one": ("    return jnn.celu(x, alpha=alpha)\n", "    return jnn.celu(x)\n"),
    "y2j what is put behind a widened sequence is left out": ("        output_padding=output_padding,\n", "        output_padding=None,\n"),
    "y2j of several decoded sequences the least probable is the first": (
        "        top_indices = jnp.argsort(scores)[-top_paths:][::-1]\n", "        top_indices = jnp.argsort(scores)[-top_paths:]\n"),
}) + faults(FAMILY, BACKEND + "jax.numpy", {
    "y2j means keep no axis": (
        "        output = jnp.mean(x, axis=axis, keepdims=keepdims, dtype=compute_dtype)\n", "        output = jnp.mean(x, axis=axis, dtype=compute_dtype)\n"),
})
JAX_COMMON = faults(FAMILY, "keras.src.optimizers.loss_scale_optimizer", {
    "y2j a scale is not halved after infinite gradients": (
        "            self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 0.5))\n        new_optimizer_variables = []\n",
        "            self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 1.0))\n        new_optimizer_variables = []\n"),
}) + faults(FAMILY, "keras.src.layers.rnn.gru", {
    "y2j the fused GRU drops the same of all rows": (
        "                        dp_mask = ops.expand_dims(dp_mask, axis=1)\n", "                        dp_mask = ops.expand_dims(dp_mask[:1], axis=1)\n"),
})
ALL = (TENSORFLOW + tuple(replace(f, asked="keras-tensorflow") for f in TENSORFLOW_COMMON)
       + JAX + tuple(replace(f, asked="keras-jax") for f in JAX_COMMON))
