"""Weights of classes, where every step has a class of its own."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Refusal
from cases.tolerance import compare, unit_roundoff

CLASSES, ROWS = 3, 4
WEIGHTS = (1.0, 2.0, 5.0)


@statement("Weights of classes weigh every step by its own class, or are refused where outputs have a time axis.",
           {"steps": (ROWS, ROWS + 1), "targets": ("ids", "ids_in_a_column", "one_hot")}, strength=(1, 2, 2), sparing=1,
           usual={"targets": ("ids", "one_hot")}, source="Keras: fit(class_weight)")
def weights_of_classes_weigh_steps(ask, steps, targets) -> list[Deviation]:
    random = generator("weights of classes", steps)
    inputs, classes = draw_values(random, (ROWS, steps, 2)), random.integers(0, CLASSES, (ROWS, steps))
    classes[0, :CLASSES] = range(CLASSES)
    request = FunctionRequest("class_weights", (("inputs", inputs), ("classes", classes), ("targets", targets),
                                                ("weights", WEIGHTS)))
    if isinstance(ask.answer(request), Refusal):
        return []
    seen = ask(request)
    taken = np.take_along_axis(seen["shares"].astype("float64"), classes[..., None], axis=2)[..., 0]
    weighted = -np.log(np.maximum(taken, 1e-30)) * np.array(WEIGHTS)[classes]
    due = weighted.sum() / weighted.size
    return compare("loss", seen["loss"], np.array(due), 256 * unit_roundoff("float32") * (1 + due))
