"""What the reference answers about modules without states: the equations, and differences of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.differences import gradient
from cases.families.equations_of_modules import GROUPS, STEP, answer, graded, valued
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Observation

WEIGHTS = {"LinearCrossEntropyLoss": {"linear.weight": (4, 4), "linear.bias": (4,)},
           "PReLU": {"weight": (4,)}, "Bilinear": {"weight": (2, 6, 6), "bias": (2,)}}


def run_equations_of_modules(backend: Any, request: FunctionRequest) -> Observation:
    """Each module of the group, with weights of its own."""
    options = dict(request.arguments)
    arrays: dict[str, np.ndarray] = {}
    for one in GROUPS[options["group"]]:
        random = generator("weights of", one.name)
        weights = {name: random.normal(size=shape) for name, shape in WEIGHTS.get(one.name, {}).items()}
        operands = {**{str(n): array for n, array in enumerate(options["inputs"][one.key])}, **weights}
        arrays |= {f"{one.key}/weights/{name}": weight for name, weight in weights.items()}
        arrays |= {f"{one.key}/gradients/{name}": gradient(valued(one, operands, name), operands[name], STEP)
                   for name in graded(one, operands)}
        arrays[f"{one.key}/outputs"] = answer(one, operands)
    told = tuple((one.key, repr(one.options)[1:-1].replace("'", "").replace(": ", "=")) for one in GROUPS[options["group"]])
    return Observation(arrays, facts={"unlike": (), "told": told})
