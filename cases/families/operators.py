"""What is written with operators between tensors of a graph, variables and numbers: it is what Python's operators say of NumPy's
arrays."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cases.families.base import statement
from cases.function_calls import KERNEL, M, N, X
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

SLACK = 64 * unit_roundoff("float32")
POSITIVE = (0.25 + np.abs(X)).astype("float32")
GIVEN: Mapping[str, np.ndarray] = {"numbers": POSITIVE, "others": POSITIVE[:, ::-1] + np.float32(0.125), "whole": N, "truths": M,
                                   "not": ~M[:, :1], "matrix": KERNEL[0, :3]}
"""What is written with, by name: (rows, steps, features), a mask (rows, 1, features), a matrix (features, features)."""
COMPARED = ("lt", "le", "gt", "ge", "ne")
AMONG = {"numbers": ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", *COMPARED),
         "whole": ("add", "sub", "mul", *COMPARED), "truths": ("and_", "or_", "xor")}
"""Operators of two."""
BESIDE: Mapping[str, tuple[str, Any]] = {"numbers": ("others", 1.75), "whole": ("whole", 3), "truths": ("not", True)}
"""What stands beside: another one, or a number."""
PARTS: Mapping[str, Any] = {"from_one": np.s_[:, 1:], "last": np.s_[..., -1], "every_other": np.s_[:, ::2],
                            "new_axis": np.s_[:, None, 0]}
"""What is taken."""


def written() -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """Name of what is written, operator, operands: names of what is given or taken, and numbers."""
    for of, names in AMONG.items():
        other, number = BESIDE[of]
        for name in names:
            yield f"{of} {name} {other}", name, (of, other)
            yield f"{of} {name} number", name, (of, number)
            yield f"number {name} {of}", name, (number, of)
    yield from ((f"numbers {name}", name, ("numbers",)) for name in ("neg", "abs"))
    yield "whole mod number", "mod", ("whole", 3)
    yield "not truths", "invert", ("truths",)
    yield "numbers matmul matrix", "matmul", ("numbers", "matrix")
    yield from ((f"numbers {name}", "getitem", ("numbers", name)) for name in PARTS)


def due() -> dict[str, np.ndarray]:
    """What each comes to."""
    wide = {name: one.astype("float64") if one.dtype.kind == "f" else one for name, one in GIVEN.items()} | dict(PARTS)
    return {words: getattr(operator, name)(*(wide[one] if isinstance(one, str) else one for one in operands))
            for words, name, operands in written()}


@statement("What is written with an operator, of a graph's tensors or of variables, one of the other, or with a number on either "
           "side, is what Python says.", {"of": ("graph", "variables")}, strength=(1, 1, 1), sparing=0, eager=2,
           source="Python: operator; Keras: KerasTensor, Variable")
def operators_are_pythons(ask, of) -> list[Deviation]:
    seen = ask(FunctionRequest("operators", (("of", of), ("given", dict(GIVEN)), ("written", tuple(written())))))
    found = [Deviation(name, f"{name}: {error}") for name, error in seen.facts["raised"]]
    for name, right in due().items():
        if name in seen.arrays:
            slack = SLACK * np.maximum(1.0, np.abs(right)) * (right.dtype.kind == "f")
            found += compare(name, seen[name].astype("float64"), right.astype("float64"), slack)
    return found
