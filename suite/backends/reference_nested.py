"""The reference's answers about rows of different lengths, by equations and differences, and steps in one kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.fused_steps import RULES
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


def run_fused_steps(backend: Any, request: FunctionRequest) -> Observation:
    """The equation, of the steps that are not left out."""
    options = dict(request.arguments)
    equation = next(one for name, given, one in RULES.values() if (name, given) == (options["rule"], options["options"]))
    counted = [each for step, each in enumerate(options["slopes"]) if step != options["left_out"]]
    return Observation({f"weights/{number}": equation([each[number] for each in counted if each[number] is not None], weight,
                                                      **options["options"])[-1]
                        for number, weight in enumerate(options["weights"])})
