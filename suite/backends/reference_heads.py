"""What the reference answers about attention of several heads: its equation."""

from __future__ import annotations

from typing import Any

from cases.families.heads import attended
from cases.models import FunctionRequest
from cases.requests import Observation


def run_heads(backend: Any, request: FunctionRequest) -> Observation:
    """The equation in double precision."""
    options = dict(request.arguments)
    outputs, scores = attended(options["given"], options["weights"], options["further"])
    wanted = {"none": {}, "each": {"scores": scores}, "mean": {"scores": scores.mean(axis=1)}}[options["scores"]]
    return Observation({"outputs": outputs, **wanted})
