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


def run_framed_heads(backend: Any, request: FunctionRequest) -> Observation:
    """Of every frame the means of what may be read."""
    options = dict(request.arguments)
    value, may = options["given"]["value"], options["valid"]["value"][:, :, None]
    queries = options["valid"]["query"].shape[2]
    may = may & (np.tri(queries, value.shape[2], dtype=bool) if options["causal"] else np.ones((queries, 1), bool))
    outputs = may @ value / may.sum(axis=3, keepdims=True)
    return Observation({"outputs": outputs, **{f"alone/{n}": outputs[:, n] for n in range(outputs.shape[1])}})
