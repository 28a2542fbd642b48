"""What the reference answers about layers of transformers: their equations, however they are come by."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.transformers import transformed
from cases.models import FunctionRequest
from cases.requests import Observation


def run_transformer(backend: Any, request: FunctionRequest) -> Observation:
    """The layer in double precision."""
    options = dict(request.arguments)
    return Observation({"outputs": transformed(options, options["given"], options["weights"])}, facts={"calls": 0})


def run_whole_transformer(backend: Any, request: FunctionRequest) -> Observation:
    """What is part by part."""
    due = dict(request.arguments)["given"]["target"]
    return Observation({"outputs": due, "due": due, "mask": np.where(np.tri(due.shape[1]) > 0, 0.0, -np.inf)})
