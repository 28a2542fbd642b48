"""Dropout where there is one row alone, and in layers that carry their states from call to call."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

WIDE, STEPS = 24, 3
"""Features, and units: that none of them is dropped at a rate of one half, or the same twice, happens once in 1e7."""


@statement("A batch of one row is dropped from as any other, anew in each call, in layers that carry their states too, and "
           "nothing is dropped in inference.",
           {"cell": ("lstm", "gru", "simple_rnn"), "which": ("dropout", "recurrent_dropout"), "kernel": ("fused", "generic"),
            "rows": (1, 2), "stateful": (True, False), "mask": (False, True)}, strength=(1, 3, 3), sparing=0,
           usual={"rows": (1,), "mask": (False,)},
           source="Keras: dropout, recurrent_dropout, stateful; Srivastava et al. 2014")
def few_rows_are_dropped_from(ask, cell, which, kernel, rows, stateful, mask) -> list[Deviation]:
    """Arrays: `plain`, of a layer without dropout; `idle`, in inference; `first`, `second`, of two calls in training, each of
    which begins with zeros."""
    random = generator("few rows", cell)
    arguments = {"cell": cell, "options": {which: 0.5}, "kernel": kernel, "stateful": stateful, "units": WIDE,
                 "inputs": draw_values(random, (rows, STEPS, WIDE)), "mask": np.arange(STEPS) < STEPS - 1 if mask else None}
    seen = ask(FunctionRequest("few_rows", tuple(arguments.items())))
    slack = 64 * STEPS * unit_roundoff("float32")
    found = compare("idle", seen["idle"], seen["plain"].astype("float64"), slack)
    for name, other in (("first", "plain"), ("second", "plain"), ("second", "first")):
        if np.abs(seen[name].astype("float64") - seen[other]).max() <= 10 * slack:
            found.append(Deviation(name, f"{name}: in training it gives what {other} is"))
    return found
