"""What the reference answers about parts of models: refused calls, frozen parts, other kinds of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation


def run_refused_call(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is kept of a call."""
    outputs = dict(request.arguments)["inputs"].sum(axis=1)
    return Observation({"before": outputs, "after": outputs, "trained": outputs}, facts={"taken": False})


def run_frozen_part(backend: Any, request: FunctionRequest) -> Observation:
    """One weight stays, another moves."""
    return Observation({"before/frozen/0": np.ones(3), "after/frozen/0": np.ones(3),
                        "before/moving/1": np.ones(2), "after/moving/1": np.zeros(2)})
