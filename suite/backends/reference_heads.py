"""What the reference answers about attention of several heads: its equation."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.heads import PENALTIES, attended
from cases.models import FunctionRequest
from cases.requests import Observation


def run_heads(backend: Any, request: FunctionRequest) -> Observation:
    """The equation in double precision."""
    options = dict(request.arguments)
    outputs, scores = attended(options["given"], options["weights"], options["further"])
    squares = {kind: sum((one**2).sum() for name, one in options["weights"].items() if name.endswith(f"/{kind}"))
               for kind in PENALTIES}
    penalties = np.array(sum(PENALTIES[kind] * size for kind, size in squares.items()))
    wanted = {"none": {}, "each": {"scores": scores}, "mean": {"scores": scores.mean(axis=1)}}[options["scores"]]
    return Observation({"outputs": outputs, "penalties": penalties, **wanted}, facts={"constraints": ()})


def run_dropped_scores(backend: Any, request: FunctionRequest) -> Observation:
    """The share, at other places each time."""
    options = dict(request.arguments)
    (rows, steps), rate = options["sizes"], options["rate"]
    count = rows * steps * steps
    kept = (np.arange(count) >= round(rate * count)).reshape(rows, steps, steps) / steps / (1 - rate)
    alone = kept.reshape(-1)[:: steps].reshape(rows, 1, steps)
    return Observation({"first": kept, "second": kept[::-1], "single": alone})
