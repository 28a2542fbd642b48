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
