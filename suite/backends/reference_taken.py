"""What the reference answers about states that are taken over: arrays, copied."""

from __future__ import annotations

from typing import Any

from cases.models import FunctionRequest
from cases.requests import Observation


def run_taken_over(backend: Any, request: FunctionRequest) -> Observation:
    """Weights, and others that were the same and went on."""
    weights = dict(request.arguments)["weights"]
    return Observation({f"{when}/{name}": array + (when == "moved") for when in ("before", "after", "taken", "moved")
                        for name, array in weights.items()})


def run_loaded_twice(backend: Any, request: FunctionRequest) -> Observation:
    """Arrays that are read."""
    weights = dict(request.arguments)["weights"]
    return Observation({f"{when}/{name}": array for when in ("before", "after") for name, array in weights.items()})
