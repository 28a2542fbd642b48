"""Faults asked of Keras on TensorFlow and on JAX, for the fifth time: dtypes that are not the layer's own, batches of other lengths,
losses that are seldom used."""

from __future__ import annotations

from tests.faults.base import faults
from tests.faults.in_sparing_again import JAX, TENSORFLOW, common

ALL = (
    *faults("TensorFlow's functions, other dtypes", TENSORFLOW + "nn", {
        "g1t variances of half precision are told in full": (
            "        mean = cast(mean, ori_dtype)\n        variance = cast(variance, ori_dtype)\n", "        mean = cast(mean, ori_dtype)\n"),
        "g1t scores of ctc go through half precision": (
            'compute_dtype = "float32" if result_dtype == "float64" else result_dtype\n    output = tf.cast(output, compute_dtype)',
            'compute_dtype = "float32"\n    output = tf.cast(tf.cast(output, "bfloat16"), compute_dtype)'),
    }),
    *faults("TensorFlow's trainer, other lengths", TENSORFLOW + "trainer", {
        "g1t the lengths of the first batch alone are looked at": (
            "tf.shape(tensor)[1:] for tensor in tensors]", "tf.shape(tensor)[1:] for tensor in tensors[:1]]"),
    }),
    *faults("JAX's core, other dtypes", JAX + "core", {
        "g1j variables lose their fractions where another dtype is asked": (
            "            return x.value.astype(dtype)\n", '            return x.value.astype("int32").astype(dtype)\n'),
    }),
    *common("keras-tensorflow", "losses.losses", {
        "g1t huber is linear from zero on": ("        abs_error <= delta,\n", "        abs_error <= 0,\n"),
        "g1t squared hinge is not squared": ("ops.square(ops.maximum(1.0 - y_true * y_pred, 0.0)), axis=-1", "ops.maximum(1.0 - y_true * y_pred, 0.0), axis=-1"),
    }),
)
