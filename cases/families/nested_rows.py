"""Rows of different lengths without padding: nested tensors, and reductions of what a mask leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cases.batches import draw_values
from cases.differences import gradient
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare

Array = np.ndarray
LENGTHS, FEATURES, MASKED = (2, 4, 1), 8, (4, 2, 0)
"""Steps of each row; how many of the first `LENGTHS[1]` steps are left of each masked row, none of the last one's."""
MATRIX = generator("matrix of nested rows").uniform(-1, 1, (FEATURES, 3))
NUDGE, SLACK = 1e-6, 1e-7
"""The step of differences in float64, and how far these may be off."""


def shares(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def level(x: Array) -> Array:
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)


def padded(x: Array) -> Array:
    return np.pad(x, ((0, max(LENGTHS) - len(x)), (0, 0)))


def heads(x: Array) -> Array:
    """Two heads of the features: (heads, steps, features of a head)."""
    return x.reshape(len(x), 2, -1).swapaxes(0, 1)


NESTED: Mapping[str, Callable[[Array], Array]] = {
    "softmax_of_steps": lambda x: shares(x, 0), "softmax_of_features": lambda x: shares(x, -1),
    "sum_of_steps": lambda x: x.sum(axis=0), "mean_of_steps": lambda x: x.mean(axis=0), "amax_of_steps": lambda x: x.max(axis=0),
    "sum_of_features": lambda x: x.sum(axis=-1), "mean_of_features": lambda x: x.mean(axis=-1),
    "level": level, "linear": lambda x: x @ MATRIX, "gated": lambda x: x * np.tanh(x), "padded": padded,
    "joined": lambda x: np.concatenate([x, 2 * x], axis=-1), "bent": lambda x: np.maximum(x, 0),
    "attended": lambda x: shares(x @ x.T / np.sqrt(FEATURES), -1) @ x,
    "log_softmax_of_features": lambda x: np.log(shares(x, -1)), "halved": lambda x: x[:, FEATURES // 2:],
    "split": lambda x: x[:, 3:],
    "sliced": lambda x: x[:, 1:4], "scaled": lambda x: x * MATRIX[:, 0],
    "sum_of_steps_of_heads": lambda x: heads(x).sum(axis=1),
    "mean_of_steps_of_heads": lambda x: heads(x).mean(axis=1), "amax_of_steps_of_heads": lambda x: heads(x).max(axis=1),
    "softmax_of_features_of_heads": lambda x: shares(heads(x), -1), "level_heads": lambda x: level(heads(x)),
    "amax_of_heads": lambda x: heads(x).max(axis=0), "joined_heads": lambda x: heads(x).swapaxes(0, 1).reshape(len(x), -1),
}
"""What is done to a row (steps, features)."""
MADE = ("rows", "offsets")
"""What a nested tensor is made of: single rows, or all their steps in one tensor and where each row begins there."""
LEFT: Mapping[str, Callable[[Array], Array]] = {
    "sum": lambda x: x.sum(axis=0), "mean": lambda x: x.mean(axis=0), "amax": lambda x: x.max(axis=0),
    "prod": lambda x: x.prod(axis=0), "logsumexp": lambda x: np.log(np.exp(x).sum(axis=0)),
    "norm": lambda x: np.sqrt((x**2).sum(axis=0)), "var": lambda x: x.var(axis=0), "std": lambda x: x.std(axis=0),
    "softmax": lambda x: shares(x, 0), "log_softmax": lambda x: np.log(shares(x, 0)),
    "cumsum": lambda x: x.cumsum(axis=0), "normalize": lambda x: x / np.sqrt((x**2).sum(axis=0)),
}
"""What is done to the steps that a mask leaves of a row."""


def slopes(function: Callable[[Array], Array], row: Array, cotangent: Array) -> Array:
    """The gradient of what comes of a row, weighed."""
    return gradient(lambda x: float((function(x) * cotangent).sum()), row, NUDGE)


@statement("What is done to a nested tensor of rows of different lengths is done to each row as if it were alone, and so are the "
           "gradients, whatever it was made of.", {"of": tuple(NESTED), "wanted": ("outputs", "gradients"), "made": MADE},
           strength=(1, 2, 3), sparing=0, source="PyTorch: torch.nested",
           met=tuple({"of": of, "wanted": "outputs", "made": "offsets"} for of in (
               "sum_of_steps_of_heads", "mean_of_steps_of_heads", "padded", "sliced", "amax_of_steps", "attended")),
           usual={"of": tuple(of for of in NESTED if of != "split")},  # of which the gradients end the interpreter
           senseless=((("of", "made"), lambda of, made: of == "split" and made == "offsets"),))
def nested_rows_are_as_alone(ask, of, wanted, made) -> list[Deviation]:
    random, function, found = generator("nested rows", of), NESTED[of], []
    rows = tuple(draw_values(random, (length, FEATURES)) for length in LENGTHS)
    cotangents = tuple(draw_values(random, function(row).shape) for row in rows)
    seen = ask(FunctionRequest("nested", (("of", of), ("rows", rows), ("matrix", MATRIX), ("wanted", wanted),
                                          ("cotangents", cotangents), ("made", made))))
    for number, (row, cotangent) in enumerate(zip(rows, cotangents, strict=True)):
        due = function(row) if wanted == "outputs" else slopes(function, row, cotangent)
        found += compare(f"{wanted}/{number}", seen[f"{wanted}/{number}"], due, SLACK * np.maximum(1, np.abs(due)))
    return found


@statement("A reduction with a mask is one of what the mask leaves, and its gradient goes there alone: none to masked steps, nor "
           "to a row of which nothing is left.", {"of": tuple(LEFT)}, strength=(1, 1, 1), sparing=0,
           source="PyTorch: torch.masked")
def masked_reductions_are_of_what_is_left(ask, of) -> list[Deviation]:
    random, function = generator("masked rows", of), LEFT[of]
    rows = draw_values(random, (len(MASKED), max(MASKED), FEATURES))
    mask = np.arange(max(MASKED)) < np.array(MASKED)[:, None]
    due, cotangents, gradients = [], [], np.zeros(rows.shape)
    for number, length in enumerate(MASKED):
        steps = rows[number, :length]
        result = function(steps) if length else None
        whole = np.zeros((max(MASKED), FEATURES) if function(rows[0]).ndim == 2 else FEATURES)
        weights = np.zeros(whole.shape)
        if length:
            weights[:length if whole.ndim == 2 else None] = draw_values(random, result.shape)
            whole[:length if whole.ndim == 2 else None] = result
            gradients[number, :length] = slopes(function, steps, weights[:length] if whole.ndim == 2 else weights)
        due.append(whole)
        cotangents.append(weights)
    weights = np.stack(cotangents)
    seen = ask(FunctionRequest("masked", (("of", of), ("rows", rows), ("mask", mask), ("cotangents", weights))))
    outputs = np.where(weights != 0, seen["outputs"], 0.0)
    found = compare("outputs", outputs, np.stack(due), SLACK * np.maximum(1, np.abs(np.stack(due))))
    return found + compare("gradients", seen["gradients"], gradients, SLACK * np.maximum(1, np.abs(gradients)))
