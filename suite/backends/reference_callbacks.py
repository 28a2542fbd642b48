"""What watches a number from epoch to epoch, by the rules alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.callbacks import AGAIN, LATE, LOGGED, due, kept
from cases.models import FunctionRequest
from cases.requests import Observation


def run_watching(backend: Any, request: FunctionRequest) -> Observation:
    """The rules of `cases.callbacks`."""
    options = dict(request.arguments)
    kind, given = options["kind"], dict(options["options"])
    return Observation({f"{name}/{what}": np.array(values, "float64") for name, told in options["told"]
                        for what, values in due(kind, told, given).items()})


def run_interrupted(backend: Any, request: FunctionRequest) -> Observation:
    """Four epochs of three batches, of which the third is interrupted."""
    weights = np.arange(1.0, 4.0)
    return Observation({"epochs before": np.arange(3), "epochs after": np.arange(2, 4), "stopped epochs": np.arange(2),
                        "ended epochs": np.arange(2), "epochs again": np.arange(1), "told": np.array([4, 3]),
                        "stopped batches": np.arange(4) % 3, "weights before": weights, "weights due": 2 * weights,
                        "weights after": 2 * weights})


def run_kept_word(backend: Any, request: FunctionRequest) -> Observation:
    """What is due."""
    kind = dict(request.arguments)["kind"]
    return Observation({name: np.array(values, "float64") for name, values in kept(kind).items()},
                       facts={"header": ("epoch", *LOGGED[0]), "again": AGAIN, "late": LATE} if kind == "logged" else {})
