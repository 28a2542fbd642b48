"""Averages of a model's weights that a callback lends it, to be evaluated and to predict by them."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, FEATURES = 4, 3, 2
SLACK = 16 * unit_roundoff("float32")
"""TensorFlow changes places by sums and differences."""


@statement("While a callback lends a model the averages of its weights it is evaluated, and predicts, as one that has them; then "
           "it has its own again, and the averages are what they were.",
           {"way": ("evaluate", "predict")}, usual={"way": ("predict",)}, sparing=0,
           source="Keras: SwapEMAWeights")
def lent_weights_are_given_back(ask, way):
    """Arrays: `answer` and `due`, with the averages lent and with them set; `weights/` and `averages/`, `before` and `after`."""
    random = generator("lent weights")
    seen = ask(FunctionRequest("lent_weights", (
        ("way", way), ("inputs", draw_values(random, (ROWS, STEPS, FEATURES))), ("targets", draw_values(random, (ROWS, 2))))))
    found = []
    pairs = [(name, f"{name}/after", f"{name}/before") for name in ("weights", "averages")]
    for name, after, before in (("answer", "answer", "due"), *pairs):
        due = seen[before].astype("float64")
        found += compare(name, seen[after], due, SLACK * np.maximum(1.0, np.abs(due)))
    same = np.array_equal(seen["weights/before"], seen["averages/before"])
    return [*found, *([Deviation("averages", "the averages are the weights themselves: nothing was lent")] if same else [])]
