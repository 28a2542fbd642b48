"""Regularizers and constraints that recurrent layers take: each is its documented equation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.tolerance import compare, unit_roundoff

ROWS, COLUMNS = 5, 4
SLACK = 256 * unit_roundoff("float32")
"""Of the largest number: sums of some dozen products in float32. Keras adds 1e-7 to every norm that it divides by."""


def norms(weight: np.ndarray, axis: int) -> np.ndarray:
    """The norms of (rows, columns) along an axis, which is kept."""
    return np.sqrt(np.sum(weight**2, axis=axis, keepdims=True))


def orthogonal(weight: np.ndarray, factor: float, mode: str) -> np.ndarray:
    """`factor` times the mean size of the products of different rows, or columns, of norm 1."""
    unit = (weight if mode == "rows" else weight.T) / norms(weight, 1 if mode == "rows" else 0).reshape(-1, 1)
    sizes = np.abs(unit @ unit.T)
    return factor * np.mean(sizes[~np.eye(len(unit), dtype=bool)])


def between(weight: np.ndarray, min_value: float, max_value: float, rate: float, axis: int) -> np.ndarray:
    """Every norm that is out of bounds is moved towards them by the share `rate`."""
    found = norms(weight, axis)
    return weight * (rate * np.clip(found, min_value, max_value) + (1 - rate) * found) / found


EQUATIONS: Mapping[str, tuple[str, Mapping[str, Any], Callable[[np.ndarray], np.ndarray]]] = {
    "l1": ("L1", {"l1": 0.3}, lambda w: 0.3 * np.abs(w).sum()),
    "l2": ("L2", {"l2": 0.7}, lambda w: 0.7 * np.sum(w**2)),
    "l1_and_l2": ("L1L2", {"l1": 0.3, "l2": 0.7}, lambda w: 0.3 * np.abs(w).sum() + 0.7 * np.sum(w**2)),
    "orthogonal_rows": ("OrthogonalRegularizer", {"factor": 0.6, "mode": "rows"}, lambda w: orthogonal(w, 0.6, "rows")),
    "orthogonal_columns": ("OrthogonalRegularizer", {"factor": 0.6, "mode": "columns"}, lambda w: orthogonal(w, 0.6, "columns")),
    "not_negative": ("NonNeg", {}, lambda w: np.maximum(w, 0.0)),
    "unit_norm": ("UnitNorm", {"axis": 0}, lambda w: w / norms(w, 0)),
    "unit_norm_of_rows": ("UnitNorm", {"axis": 1}, lambda w: w / norms(w, 1)),
    "largest_norm": ("MaxNorm", {"max_value": 1.5, "axis": 0}, lambda w: w * np.minimum(1.0, 1.5 / norms(w, 0))),
    "largest_norm_of_rows": ("MaxNorm", {"max_value": 1.5, "axis": 1}, lambda w: w * np.minimum(1.0, 1.5 / norms(w, 1))),
    "norms_between": ("MinMaxNorm", {"min_value": 1.2, "max_value": 1.8, "rate": 1.0, "axis": 0},
                      lambda w: between(w, 1.2, 1.8, 1.0, 0)),
    "norms_moved_between": ("MinMaxNorm", {"min_value": 1.2, "max_value": 1.8, "rate": 0.25, "axis": 1},
                            lambda w: between(w, 1.2, 1.8, 0.25, 1)),
}
"""Bound -> Keras' name of it, its options, and its equation of a matrix (rows, columns)."""


@statement("A regularizer, and a constraint, is its documented equation.", {"bound": tuple(EQUATIONS)},
           source="Keras: L1, L2, L1L2, OrthogonalRegularizer; NonNeg, UnitNorm, MaxNorm, MinMaxNorm", sparing=5, eager=7)
def bounds_are_their_equations(ask, bound):
    name, options, equation = EQUATIONS[bound]
    weight = generator("bounds").normal(size=(ROWS, COLUMNS)) * np.linspace(0.4, 1.6, ROWS)[:, None]
    seen = ask(FunctionRequest("bound", (("bound", bound), ("name", name), ("options", dict(options)), ("weight", weight))))
    due = np.asarray(equation(weight))
    return compare("value", seen["value"], due, SLACK * np.abs(due).max())
