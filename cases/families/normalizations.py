"""Normalizations beside recurrent layers, over steps, over features, or over both."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS = 2, 4
AXES = {"steps": (1,), "features": (2,), "both": (1, 2)}
SMALL = 1e-3


def normalized(kind: str, inputs: np.ndarray, axes: tuple[int, ...], scale: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The equation. Batch normalization, in training, normalizes over all other axes. What is centered has an offset."""
    over = tuple(a for a in range(3) if a not in axes) if kind == "batch" else axes
    centered = inputs - (inputs.mean(over, keepdims=True) if kind in ("layer", "batch") else 0.0)
    size = np.square(centered)
    size = size.sum(over, keepdims=True) if kind == "unit" else size.mean(over, keepdims=True) + SMALL
    shape = [n if a in axes else 1 for a, n in enumerate(inputs.shape)]
    found = centered / np.sqrt(size) * (1.0 if kind == "unit" else scale.reshape(shape))
    return found + (offset.reshape(shape) if kind in ("layer", "batch") else 0.0)


@statement("A normalization is its equation over whichever axes it is asked for, each number with its own scale and "
           "offset, or none, also where there are as many steps as features, and where statistics are taken over all devices.",
           {"kind": ("rms", "layer", "unit", "batch"), "axes": tuple(AXES), "features": (STEPS, STEPS + 1)},
           strength=(1, 2, 3), sparing=4, senseless=((("kind", "axes"), lambda kind, axes: kind == "batch" and axes == "both"),),
           source="Keras: LayerNormalization, RMSNormalization, UnitNormalization, BatchNormalization (axis)")
def normalizations_are_their_equations(ask, kind, axes, features) -> list[Deviation]:
    random = generator("normalizations", kind, features)
    inputs, over = draw_values(random, (ROWS, STEPS, features)), AXES[axes]
    scale, offset = (draw_values(random, tuple(inputs.shape[a] for a in over)) for _ in range(2))
    seen = ask(FunctionRequest("normalized", (("kind", kind), ("inputs", inputs), ("axes", over), ("scale", scale),
                                              ("offset", offset), ("small", SMALL))))
    given = [np.float32(one).astype("float64") for one in (inputs, scale, offset)]
    full = normalized(kind, given[0], over, *given[1:])
    dues = {"outputs": full, "synchronized": full}
    if kind in ("layer", "batch"):
        dues["bare"] = normalized(kind, given[0], over, np.ones_like(scale), np.zeros_like(offset))
    asked = [name for name in dues if name in seen.arrays or name != "synchronized"]
    return [d for name in asked for d in compare(name, seen[name], dues[name],
                                                 256 * unit_roundoff("float32") * (1 + np.abs(dues[name])))]
