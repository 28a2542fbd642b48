"""What is divided by its own length, or by how far it spreads: gradients in every precision, beside steps of nothing but zeros.

Steps are zeros where Masking, a bidirectional layer or unpacking leaves the padding."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, FEATURES = 2, 3, 4
EMPTY = (0, 1), (1, 2)
"""Row and step of those that are zeros."""
SMALL = 1e-3
NEAR = 1e-6


def long(x: np.ndarray) -> np.ndarray:
    return np.maximum(np.sqrt((x**2).sum(axis=-1, keepdims=True)), 1e-30)


def cosines(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    return x / long(x) @ (other / long(other)).swapaxes(1, 2)


def penalty(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far the rows of a kernel are from being orthogonal: the mean size of their cosines, (1,)."""
    rows = x.reshape(-1, FEATURES)
    sizes = np.abs(cosines(rows[None], rows[None])[0])[np.triu_indices(len(rows), 1)]
    return sizes.mean(keepdims=True)


EQUATIONS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "unit": lambda x, other: x / long(x),
    "layer": lambda x, other: (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + SMALL),
    "root": lambda x, other: x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + SMALL),
    "dot": cosines,
    "cosine": lambda x, other: -(x / long(x) * other / long(other)).sum(axis=-1) * x.any(axis=-1),
    "penalty": penalty,
}
"""Name -> its equation, of inputs and of others beside them; as a loss the cosine counts nothing where a step is zeros."""
LENGTHS = ("unit", "dot", "penalty")
"""What has no gradient where a step is zeros: any finite number will do."""


def slopes(name: str, inputs: np.ndarray, other: np.ndarray, cotangents: np.ndarray) -> np.ndarray:
    """The gradients of the sum by the cotangents, from both sides of each number."""
    found = np.zeros_like(inputs)
    for at in np.ndindex(inputs.shape):
        off = np.zeros_like(inputs)
        off[at] = NEAR * np.abs(inputs[at])
        up, down = (EQUATIONS[name](inputs + sign * off, other) for sign in (1, -1))
        if off[at]:
            found[at] = (cotangents * (up - down)).sum() / (2 * off[at])
        elif name not in (*LENGTHS, "cosine"):
            off[at] = NEAR
            found[at] = (cotangents * (EQUATIONS[name](off + inputs, other) - EQUATIONS[name](inputs - off, other))).sum() / (
                2 * NEAR)
    return found


@statement("What is divided by its own length or spread, and a cosine as a loss or penalty, gives the numbers and gradients "
           "of its equation, of small numbers in half precision too, and finite ones where a step is nothing but zeros; none "
           "where it does not count.",
           {"name": tuple(EQUATIONS), "dtype": ("float32", "float16"), "steps": ("zeros", "small")}, strength=(1, 3, 3),
           sparing=6, usual={"name": ("unit", "root", "dot", "cosine", "penalty")},
           senseless=((("name", "dtype"), lambda name, dtype: name == "penalty" and dtype == "float16"),),
           source="https://github.com/keras-team/keras/issues/23075, https://github.com/keras-team/keras/issues/23546")
def lengths_have_gradients(ask, name, dtype, steps) -> list[Deviation]:
    random = generator("unit lengths")
    inputs, other = (draw_values(random, (ROWS, STEPS, FEATURES)) * (0.01 if steps == "small" else 1.0) for _ in range(2))
    if steps == "zeros":
        for at in EMPTY:
            inputs[at] = 0.0
    inputs, other = (x.astype(dtype).astype("float64") for x in (inputs, other))
    due = EQUATIONS[name](inputs, other)
    cotangents = random.uniform(0.5, 1.5, due.shape).astype(dtype).astype("float64")
    seen = ask(FunctionRequest("unit_lengths", (("name", name), ("dtype", dtype), ("inputs", inputs), ("other", other),
                                                ("cotangents", cotangents), ("small", SMALL))))
    gradients = seen["gradients"].astype("float64")
    found = [Deviation("gradients", f"gradients: {np.sum(~np.isfinite(gradients))} of {gradients.size} numbers are not finite")
             ] if not np.isfinite(gradients).all() else []
    here = inputs.any(axis=-1) if name in LENGTHS else np.ones((ROWS, STEPS), bool)
    wanted = slopes(name, inputs, other, cotangents)[here]
    slack = 64 * unit_roundoff(dtype)
    return found + compare("outputs", seen["outputs"], due, slack * (1 + np.abs(due))) + (
        compare("gradients of numbers", gradients[here], wanted, slack * np.abs(wanted).max()))
