"""What the reference answers about groups of weights: each steps by its own slope."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.groups_of_weights import HELD
from cases.models import FunctionRequest
from cases.requests import Observation


def run_groups(backend: Any, request: FunctionRequest) -> Observation:
    """Weights moved by all their slopes."""
    options = dict(request.arguments)
    moved = [one - 0.25 * sum(slopes[n] for slopes in options["slopes"]) for n, one in enumerate(options["weights"])]
    named = {f"{name}/{n}": one for name in ("grouped", "alone", "older", "later") for n, one in enumerate(moved)}
    return Observation({**named, "differentiated": moved[0]}, facts={
        "dtypes": (("moment", "float64"),), "empty": (), "names": [["one"]], "named": [["one"]]})


def run_held_parameters(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers, as lists of Python hold them."""
    return Observation({name: np.array(held) for name, held in HELD[dict(request.arguments)["container"]].items()})


def run_frozen_later(backend: Any, request: FunctionRequest) -> Observation:
    """A weight that moves, and one that does not."""
    slopes = _slopes(dict(request.arguments))
    return Observation({"before/weight": slopes, "after/weight": slopes / 2, "before/bias": slopes[0], "after/bias": slopes[0]})


def run_copied_optimizer(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers before and after a step."""
    slopes = _slopes(dict(request.arguments))
    found = {"before": slopes, "kept": slopes, "copy": slopes / 2, "after": slopes / 2, "loaded": slopes / 2}
    return Observation({f"{when}/{name}": one if name == "weight" else one[0] for when, one in found.items()
                        for name in ("weight", "bias")})


def _slopes(options: dict[str, Any]) -> np.ndarray:
    """(units, features): of a sum of squares."""
    return options["targets"].T @ options["inputs"]
