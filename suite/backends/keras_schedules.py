"""Keras' schedules of the learning rate, step by step."""

from __future__ import annotations

import warnings
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


def run_steps_given(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.schedules.steps_are_of_what_is_given`."""
    options, keras = dict(request.arguments), backend.keras
    rates, gradients = iter(options["rates"]), [backend.engine.tensor(np.full(2, g, "float32")) for g in options["gradients"]]
    rate, sgd = options["rates"][0], keras.optimizers.SGD
    scaler = keras.optimizers.LossScaleOptimizer(sgd(rate, loss_scale_factor=64.0), initial_scale=options["scale"])
    told = {"function": sgd(lambda: next(rates)), "gathered": sgd(rate, gradient_accumulation_steps=2), "scaled": scaler}
    found = {}
    with moment("run"):
        for name, optimizer in told.items():
            other, one = keras.Variable(np.zeros(3, "float32")), keras.Variable(np.zeros(2, "float32"))
            optimizer.build([other, one])
            for gradient in gradients:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of the weight that has none
                    optimizer.apply([None, optimizer.scale_loss(gradient)], [other, one])
            found[name] = backend.engine.numpy(one.value)
        falling = keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
        first, later = sgd(falling), sgd(0.5)
        later.learning_rate = falling
    return Observation(found, facts={"numbers": tuple(len(each.variables) for each in (first, later))})
