"""What the reference answers about rows of different lengths: each row's equation, and differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.nested_rows import LEFT, NESTED, slopes
from cases.models import FunctionRequest
from cases.requests import Observation


def run_nested(backend: Any, request: FunctionRequest) -> Observation:
    """The rows, one by one."""
    options = dict(request.arguments)
    function, wanted = NESTED[options["of"]], options["wanted"]
    return Observation({f"{wanted}/{number}": function(row) if wanted == "outputs" else slopes(function, row, by)
                        for number, (row, by) in enumerate(zip(options["rows"], options["cotangents"], strict=True))})


def run_masked(backend: Any, request: FunctionRequest) -> Observation:
    """What is left of the rows, one by one."""
    options = dict(request.arguments)
    outputs, gradients = np.zeros_like(options["cotangents"]), np.zeros_like(options["rows"])
    for row, left, by, output, gradient in zip(options["rows"], options["mask"].sum(axis=1), options["cotangents"], outputs,
                                               gradients, strict=True):
        whole = slice(left if by.ndim == 2 else None)
        if left:
            output[whole] = LEFT[options["of"]](row[:left])
            gradient[:left] = slopes(LEFT[options["of"]], row[:left], by[whole])
    return Observation({"outputs": outputs, "gradients": gradients})
