"""Losses at the edges of what they take: shares of nothing and of everything, numbers below zero, errors that are large."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation

LEAST = 1e-7
"""What shares of nothing are held to be, and what is taken from shares of everything (Keras: backend.epsilon)."""
MOST = -np.log(LEAST)
NEAR = 0.02
"""How far a loss may be from its equation, as a part: in float32 the number before 1 is 1 - 1.2e-7 and not 1 - 1e-7."""
EDGES: Mapping[str, tuple[list, list, list]] = {
    "kl_divergence": ([[0, 1], [0.5, 0.5]], [[0.25, 0.75], [1, 0]], [np.log(4 / 3), (np.log(0.25) + MOST) / 2]),
    "poisson": ([[1, 1], [0, 2]], [[0, 1], [0, 4]], [(MOST + 1) / 2, 2 - np.log(4)]),
    "binary_crossentropy": ([[1, 0], [0, 1]], [[0, 1], [0, 1]], [MOST, LEAST]),
    "categorical_crossentropy": ([[1, 0], [0, 1]], [[0, 1], [0, 1]], [MOST, LEAST]),
    "binary_focal_crossentropy": ([[1, 0], [0, 1]], [[0, 1], [0, 1]], [MOST, 0]),
    "log_cosh": ([[0, 0], [100, -100]], [[200, -300], [0, 0]], [250 - np.log(2), 100 - np.log(2)]),
    "mean_absolute_percentage_error": ([[-0.5, 2], [-4, 0]], [[0.5, 1], [-1, 0]], [125, 37.5]),
    "mean_squared_logarithmic_error": ([[0, 3], [-1, 1]], [[-2, 3], [0, 1]], [0, 0]),
    "mean_squared_error": ([[1e4, 0], [0, 0]], [[-1e4, 0], [3, 4]], [2e8, 12.5]),
    "huber": ([[1e6, 0], [0, 0]], [[-1e6, 0], [0, 0.5]], [1e6 - 0.25, 0.0625]),
    "cosine_similarity": ([[0, 0], [-3, 4]], [[1, 2], [3, -4]], [0, 1]),
    "categorical_hinge": ([[0, 1], [1, 0]], [[-3, 4], [-3, 4]], [0, 8]),
    "squared_hinge": ([[-1, 1], [-1, 1]], [[100, -100], [-2, 2]], [101**2, 0]),
    "hinge": ([[0, 1], [1, 0]], [[-2, 2], [-2, 2]], [0, 3]),
}
"""Function -> targets, outputs, and what comes of each row."""


@statement("A loss of shares that are nothing or everything, of numbers of either sign, of numbers far apart, is finite and its "
           "equation, where a share is held to be no less than a ten-millionth.", sparing=0, eager=1,
           source="Keras: losses, backend.epsilon")
def losses_are_finite_at_their_edges(ask) -> list[Deviation]:
    found = []
    for name, each in EDGES.items():
        targets, outputs, due = map(np.array, each)
        value = ask(FunctionRequest("loss_by_name", (
            ("name", name), ("form", "function"), ("options", {}), ("targets", targets), ("outputs", outputs),
            ("weights", np.ones(len(due))), ("due", due))))["value"]
        off = np.abs(value - due) <= NEAR * np.abs(due) + 1e-6
        if value.shape != due.shape or not off.all():
            found.append(Deviation(name, f"{name}: found {value.tolist()}, expected about {due.tolist()}"))
    return found
