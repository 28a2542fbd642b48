"""Faults as an outside judge would plant them in Keras' TensorFlow and JAX engines, a second time: where the first ones were missed."""

from __future__ import annotations

from tests.faults.base import faults
from tests.faults.in_sparing_again import JAX, TENSORFLOW, common

ALL = (
    *faults("judged again: TensorFlow's functions", TENSORFLOW + "nn", {
        "ju shares of zero have no bound": (
            "            output, backend.epsilon(), 1 - backend.epsilon()\n", "            output, 0.0, 1 - backend.epsilon()\n"),
        "ju certain truths have no bound": (
            "        output, backend.epsilon(), 1.0 - backend.epsilon()\n    )\n    bce =", "        output, backend.epsilon(), 1.0\n    )\n    bce ="),
        "ju leaky relu has one slope": ("    return tf.nn.leaky_relu(x, alpha=negative_slope)", "    return tf.nn.leaky_relu(x)"),
        "ju the best of a window moves by the window": (
            "    outputs = tf.nn.max_pool(\n        inputs,\n        pool_size,\n        strides,", "    outputs = tf.nn.max_pool(\n        inputs,\n        pool_size,\n        pool_size,"),
        "ju targets of another rank are taken": (
            "    if len(target.shape) != len(output.shape[:-1]):\n", "    if len(target.shape) > len(output.shape[:-1]):\n"),
    }),
    *faults("judged again: TensorFlow's arrays", TENSORFLOW + "numpy", {
        "ju what is chosen has the dtype of the first": (
            "        x1 = convert_to_tensor(x1, dtype)\n        x2 = convert_to_tensor(x2, dtype)\n        return tf.where(condition, x1, x2)",
            "        x1 = convert_to_tensor(x1)\n        x2 = convert_to_tensor(x2, x1.dtype)\n        return tf.where(condition, x1, x2)"),
        "ju bounds that begin are forgotten": (
            "            x = tf.reduce_max(x, axis=axis, keepdims=keepdims)\n            return tf.math.maximum(x, initial)",
            "            return tf.reduce_max(x, axis=axis, keepdims=keepdims)"),
        "ju weighted means along an axis are divided by all weights": (
            "            weights_sum = tf.reduce_sum(weights, axis=axis)\n", "            weights_sum = tf.reduce_sum(weights) / x.shape[0]\n"),
    }),
    *faults("judged again: TensorFlow's draws", TENSORFLOW + "random", {
        "ju uniform draws lie around zero": ("        minval=tf.cast(minval, dtype),\n", "        minval=tf.cast(-maxval, dtype),\n"),
    }),
    *faults("judged again: TensorFlow's core", TENSORFLOW + "core", {
        "ju ragged results become arrays of rows": (
            "    elif isinstance(x, tf.RaggedTensor):\n        x = x.to_tensor()\n    return np.array(x)", "    return np.array(x)"),
        "ju one array among others is mapped alone": (
            "        fn_output_signature = get_fn_output_signature(input)\n", "        fn_output_signature = get_fn_output_signature(xs)\n"),
    }),
    *common("keras-tensorflow", "layers.layer", {
        "ju one mask that is there is all of them": ("        mask_already_computed = all(\n", "        mask_already_computed = any(\n"),
    }),
    *common("keras-tensorflow", "layers.rnn.bidirectional", {
        "ju unmerged last outputs come in the other order": (
            "            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n                'Expected one of {\"concat\", \"sum\", \"ave\", \"mul\"}.'\n            )\n        if self.return_state:\n            if self.merge_mode is None:\n                return output + states\n",
            "            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n                'Expected one of {\"concat\", \"sum\", \"ave\", \"mul\"}.'\n            )\n        if self.return_state:\n            if self.merge_mode is None:\n                return output[::-1] + states\n"),
    }),
    *faults("judged again: JAX's trainer", JAX + "trainer", {
        "ju losses are told that they train": (
            "            sample_weight=sample_weight,\n            training=training,\n        )\n        if losses:",
            "            sample_weight=sample_weight,\n        )\n        if losses:"),
        "ju what a model predicts in several parts is put together of the first batch": (
            "return tree.map_structure_up_to(batch_outputs, np.concatenate, outputs)",
            "return tree.map_structure_up_to(batch_outputs, lambda o: np.concatenate(o) if len(o) < 3 else np.concatenate(o[:2] + o[:1] + o[3:]), outputs)"),
    }),
    *faults("judged again: JAX's core", JAX + "core", {
        "ju pieces are taken along the first axis": (
            "    return [\n        jax.lax.index_in_dim(x, i, axis, keepdims=False)\n", "    return [\n        jax.lax.index_in_dim(x, i, 0, keepdims=False)\n"),
        "ju conditions are turned": (
            "    return jax.lax.cond(pred, true_fun=true_fn, false_fun=false_fn)", "    return jax.lax.cond(pred, true_fun=false_fn, false_fun=true_fn)"),
        "ju a rule for greatest numbers sets them": ("        return inputs.at[idx].max(updates)", "        return inputs.at[idx].set(updates)"),
    }),
    *faults("judged again: JAX's functions", JAX + "nn", {
        "ju gelu is approximate": ("    return jnn.gelu(x, approximate)", "    return jnn.gelu(x)"),
        "ju certain truths have no bound": (
            "    output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n    bce =", "    output = jnp.clip(output, backend.epsilon(), 1.0)\n    bce ="),
        "ju the best of a window moves by the window": (
            "    return _pool(inputs, -jnp.inf, lax.max, pool_size, strides, padding)", "    return _pool(inputs, -jnp.inf, lax.max, pool_size, pool_size, padding)"),
    }),
    *faults("judged again: JAX's arrays", JAX + "numpy", {
        "ju bounds that begin are forgotten": (
            "    return jnp.max(x, axis=axis, keepdims=keepdims, initial=initial)", "    return jnp.max(x, axis=axis, keepdims=keepdims)"),
        "ju what is put around is zero": ("        kwargs[\"constant_values\"] = constant_values\n", ""),
    }),
    *common("keras-jax", "layers.layer", {
        "ju one mask that is there is all of them": ("        mask_already_computed = all(\n", "        mask_already_computed = any(\n"),
    }),
)
