"""Embeddings in front of recurrent layers are trained as what they are: products of one-hot vectors with a table."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

IDS, WIDTH, STEPS = 5, 2, 3
OPTIONS = {"name": "plain", "clipnorm": 0.01, "loss_scale_factor": 8.0, "clipvalue": 0.001, "global_clipnorm": 0.01,
           "use_ema": True, "weight_decay": 0.1, "gradient_accumulation_steps": 2, "initial_scale": 16.0}
"""What an optimizer does with gradients or weights beside its rule -> the value that it is given; its name does nothing, and a
scale to begin with is that of a LossScaleOptimizer around it."""
BATCHES = {True: [[1, 2], [3, 1]], False: [[0, 1], [2, 4]]}
"""By whether an id comes several times in a batch."""


@statement("A table of embeddings is trained as the kernel of a dense layer that reads one-hot vectors, where gradients are "
           "clipped, scaled or gathered too.",
           {"option": tuple(OPTIONS), "repeated": (True, False)}, strength=(1, 1, 2), sparing=7, eager=5,
           met=tuple({"option": option, "repeated": False} for option in ("clipvalue", "global_clipnorm", "clipnorm")),
           source="Keras: optimizers, clipnorm, clipvalue, loss_scale_factor, gradient_accumulation_steps")
def tables_are_trained_as_kernels(ask, option, repeated) -> list[Deviation]:
    random = generator("sparse steps", option)
    table, ids = draw_values(random, (IDS, WIDTH)), np.array(BATCHES[repeated])
    targets = draw_values(random, (len(ids), WIDTH))
    seen = ask(FunctionRequest("sparse_step", (("table", table), ("ids", ids), ("targets", targets), ("steps", STEPS),
                                               ("options", {option: OPTIONS[option]}))))
    if np.array_equal(seen["kernel"], np.float32(table)):
        return [Deviation("kernel", "the kernel was not trained")]
    return compare("table", seen["table"], seen["kernel"].astype("float64"), 512 * unit_roundoff("float32") * (1 + np.abs(table)))
