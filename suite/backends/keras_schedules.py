"""Keras' schedules of the learning rate, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment

KINDS = {"exponential": "ExponentialDecay", "inverse_time": "InverseTimeDecay", "polynomial": "PolynomialDecay",
         "piecewise": "PiecewiseConstantDecay", "cosine": "CosineDecay", "cosine_restarts": "CosineDecayRestarts"}


def run_schedule(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.schedules`. A step is a whole number of the engine, as an optimizer counts."""
    options, keras = dict(request.arguments), backend.keras
    with moment("build"):
        one = getattr(keras.optimizers.schedules, KINDS[options["kind"]])(**dict(options["options"]))
        other = type(one).from_config(one.get_config())
    with moment("run"):
        steps = [backend.engine.tensor(np.array(step, "int32")) for step in range(options["steps"])]
        return Observation({name: np.array([float(made(step)) for step in steps])
                            for name, made in (("rates", one), ("again", other))})
