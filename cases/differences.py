"""Slopes of a function by central differences: (f(x + h) - f(x - h)) / 2h is off by h² f'''/6, and by rounding over h."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Value = Callable[[np.ndarray], float]


def slope(value: Value, at: np.ndarray, along: np.ndarray, step: float) -> float:
    """How fast `value` grows from `at` in the direction `along`, of its shape."""
    return (value(at + step * along) - value(at - step * along)) / (2 * step)


def gradient(value: Value, at: np.ndarray, step: float) -> np.ndarray:
    """The slope by each number of `at`."""
    found = np.zeros(at.shape)
    for place in np.ndindex(at.shape):
        along = np.zeros(at.shape)
        along[place] = 1.0
        found[place] = slope(value, at, along, step)
    return found
