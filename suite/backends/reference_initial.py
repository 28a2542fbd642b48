"""What the reference answers about initializers: NumPy draws them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cases.families.initializers import DRAWN, GAIN, GAINS, HIGH, LOW, MEAN
from cases.models import FunctionRequest
from cases.requests import Observation


def drawn(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """An array of this shape."""
    random, flat = np.random.default_rng(seed), (math.prod(shape[:-1]), shape[-1])
    if name == "orthogonal":
        left, _, right = np.linalg.svd(random.normal(size=flat), full_matrices=False)
        return (GAIN * left @ right).reshape(shape)
    if name not in DRAWN:
        return np.eye(*shape) if name == "identity" else np.full(shape, {"constant": MEAN, "ones": 1.0}.get(name, 0.0))
    kind, size = DRAWN[name]
    places = math.prod(shape[:-2])
    wide = size(shape[-2] * places, shape[-1] * places)
    if kind in ("even", "between"):
        return random.uniform(*((LOW, HIGH) if kind == "between" else (-wide, wide)), shape)
    found = random.normal(0.0, wide, (50, *shape))
    if kind == "cut":  # the first of fifty that is not cut off
        found = np.take_along_axis(found, (np.abs(found) < 2 * wide).argmax(axis=0)[None], axis=0)
    return found[0] + (0.0 if kind == "normal" else MEAN)


def run_initialized(backend: Any, request: FunctionRequest) -> Observation:
    """The same from one seed."""
    options = dict(request.arguments)
    arrays = {when: drawn(options["name"], options["shape"], seed) for when, seed in (("first", 1), ("again", 1), ("other", 2))}
    return Observation(arrays, facts={"cut": False})


def run_gains(backend: Any, request: FunctionRequest) -> Observation:
    """The table."""
    return Observation({"gains": np.array([gain for *_, gain in GAINS])})
