"""Faults that a program drew in the engines of TensorFlow and JAX and around the layers, and of which nothing told before."""

from tests.faults.base import Fault, faults

FAMILY, TENSORFLOW, LAYERS = "drawn: engines and around", "keras.src.backend.tensorflow.rnn", "keras.src.layers."
GRU = "        in (activations.sigmoid, tf.sigmoid, ops.sigmoid)\n        and not unroll\n        and use_bias\n        and reset_after\n"
LSTM = "        in (activations.sigmoid, tf.sigmoid, ops.sigmoid)\n        and not unroll\n        and use_bias\n    )\n"
KERNEL = '        rnn_mode="gru",\n        sequence_lengths=sequence_lengths,\n        time_major=time_major,\n    )\n'
TURNED = ("    if go_backwards:\n        outputs = tf.reverse_sequence(\n            outputs,\n            sequence_lengths,\n"
          "            seq_axis=seq_axis,\n            batch_axis=batch_axis,\n        )\n"
          "        outputs = tf.reverse(outputs, axis=[seq_axis])")
ALL: tuple[Fault, ...] = (
    *faults(FAMILY, TENSORFLOW, {
        "TensorFlow: a GRU's kernel of a card takes any activation of the candidate": (
            "        and recurrent_activation\n" + GRU, "        or recurrent_activation\n" + GRU),
        "TensorFlow: an LSTM's kernel of a card takes any activation": (
            "        and recurrent_activation\n" + LSTM, "        or recurrent_activation\n" + LSTM),
        "TensorFlow: an unrolled LSTM runs on a card's kernel": (LSTM, LSTM.replace("        and not unroll\n", "")),
        "TensorFlow: masked rows of a card's GRU are turned as whole ones are": (
            KERNEL + TURNED, KERNEL + "    if go_backwards:\n        outputs = tf.reverse(outputs, axis=[seq_axis])"),
    }),
    *faults(FAMILY, "keras.src.backend.jax.nn", {
        "JAX: threshold keeps what is just as large": (
            "    return jnp.where(x > threshold, x, default_value)", "    return jnp.where(x >= threshold, x, default_value)"),
        "JAX: hard_shrink keeps what is just as large": (
            "    return jnp.where(jnp.abs(x) > threshold, x, 0.0)", "    return jnp.where(jnp.abs(x) >= threshold, x, 0.0)"),
    }),
    *faults(FAMILY, LAYERS + "attention.attention", {
        "Attention that is to be scaled has no scale": ("        if self.use_scale:\n", "        if self.use_scale is None:\n"),
    }),
    *faults(FAMILY, LAYERS + "attention.grouped_query_attention", {
        "GroupQueryAttention: causal alone, the fast kernel is not told": (
            "                    is_causal=True,\n", "                    is_causal=False,\n"),
        **{f"GroupQueryAttention: where it is causal the mask {name} is not read": (f"            and {name} is None\n", "")
           for name in ("value_mask", "key_mask", "attention_mask")},
    }),
    *faults(FAMILY, LAYERS + "attention.multi_head_attention", {
        f"MultiHeadAttention: where it is causal the mask {name} is not read": (f"            and {name} is None\n", "")
        for name in ("value_mask", "key_mask", "attention_mask")}),
    *faults(FAMILY, LAYERS + "attention.multi_head_attention", {
        "MultiHeadAttention: key_dense is that of values": (
            "        return self._key_dense\n", "        return self._value_dense\n"),
        "MultiHeadAttention: output_dense is that of queries": (
            "        return self._output_dense\n", "        return self._query_dense\n"),
    }),
    *faults(FAMILY, LAYERS + "normalization.layer_normalization", {
        "LayerNormalization without a scale has a weight of one all the same": (
            "        if self.scale or self.rms_scaling:\n            self.gamma", "        if True:\n            self.gamma"),
    }),
    *faults(FAMILY, LAYERS + "merging.concatenate", {
        "Concatenate: a mask of features counts where all of it is": (
            "        return ops.any(concatenated, axis=-1, keepdims=False)",
            "        return ops.all(concatenated, axis=-1, keepdims=False) if mask[0] is not None and mask[0].ndim == "
            "inputs[0].ndim else ops.any(concatenated, axis=-1, keepdims=False)"),
    }),
    *faults(FAMILY, LAYERS + "merging.dot", {
        "Dot: a negative axis counts by the axes of the first input": (
            "                    self.axes % len(x2.shape),\n", "                    self.axes % len(x1.shape),\n"),
    }),
    *faults(FAMILY, "keras.src.metrics.confusion_metrics", {
        "AUC: labels are weighed where there are several alone": (
            "        label_weights = None if self.multi_label else self.label_weights\n", "        label_weights = None\n"),
    }),
)
