"""Faults beside those that were found alive in metrics: weights of rows that are lost, or count twice."""

from tests.faults.base import Fault, faults

FAMILY = "found alive"

ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "keras.src.metrics.f_score_metrics", {
        "F score: rows are not weighed": (
            "                val = ops.multiply(val, ops.expand_dims(sample_weight, 1))\n",
            "                pass\n",
        ),
    }),
    *faults(FAMILY, "keras.src.metrics.regression_metrics", {
        "R2: weights of rows are squared": (
            "        sample_weight = ops.cast(sample_weight, y_true.dtype)\n",
            "        sample_weight = ops.square(ops.cast(sample_weight, y_true.dtype))\n",
        ),
    }),
)
