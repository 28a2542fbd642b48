"""What the reference answers about defaults: what is documented."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.documented_defaults import DEFAULTS, FRESH
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Observation


def run_defaults_of(backend: Any, request: FunctionRequest) -> Observation:
    """The documented options."""
    values = [value for _, options in DEFAULTS[dict(request.arguments)["place"]].values() for value in options.values()]
    return Observation({"agree": np.ones(len(values))}, facts={"told": tuple(map(repr, values))})


def run_fresh_modules(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers drawn as documented."""
    random, arrays = generator("fresh modules"), {}
    for kind, (_, weights) in FRESH.items():
        for name, (way, number) in weights.items():
            drawn = {"all": lambda n=number: np.full((3, 4), n), "even": lambda n=number: random.uniform(-n, n, (32, 16)),
                     "normal": lambda n=number: random.normal(size=(60, 40)) * (np.arange(60) != n)[:, None]}
            arrays[f"{kind}/{name}"] = drawn[way]()
    return Observation(arrays)
