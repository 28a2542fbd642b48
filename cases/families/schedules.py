"""Schedules of the learning rate: the rate at every step is that of the equation, before, at and after what bounds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases import schedules
from cases.families.base import statement
from cases.models import FunctionRequest
from cases.tolerance import compare, unit_roundoff

RATE = {"initial_learning_rate": 0.75}
KINDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "exponential": ("exponential", {**RATE, "decay_steps": 4, "decay_rate": 0.5}),
    "exponential_stairs": ("exponential", {**RATE, "decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    "inverse_time": ("inverse_time", {**RATE, "decay_steps": 4, "decay_rate": 0.5}),
    "inverse_time_stairs": ("inverse_time", {**RATE, "decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    "polynomial": ("polynomial", {**RATE, "decay_steps": 5, "end_learning_rate": 0.125, "power": 2.0}),
    "polynomial_cycles": ("polynomial", {**RATE, "decay_steps": 5, "end_learning_rate": 0.125, "power": 0.5, "cycle": True}),
    "piecewise": ("piecewise", {"boundaries": (2, 5, 9), "values": (0.75, 0.5, 1.0, 0.25)}),
    "cosine": ("cosine", {**RATE, "decay_steps": 6, "alpha": 0.125}),
    "cosine_warmed": ("cosine", {**RATE, "decay_steps": 6, "alpha": 0.125, "warmup_target": 1.5, "warmup_steps": 3}),
    "cosine_restarts": ("cosine_restarts", {**RATE, "first_decay_steps": 3, "alpha": 0.125, "t_mul": 2.0, "m_mul": 0.75}),
}
"""Name of a variant -> the schedule, its options."""
STEPS = 14
SLACK = 64 * unit_roundoff("float32")
"""Of the highest rate: a power, a cosine, some products in float32."""


@statement("A schedule's learning rate at each step is its equation, as it was made and as it is made again from its "
           "configuration.", {"schedule": tuple(KINDS)}, sparing=1, source="Keras: optimizers.schedules")
def rates_are_their_equations(ask, schedule):
    kind, options = KINDS[schedule]
    seen = ask(FunctionRequest("schedule", (("kind", kind), ("options", tuple(options.items())), ("steps", STEPS))))
    due = np.array([schedules.rate(kind, options, step) for step in range(STEPS)])
    return [d for name in ("rates", "again") for d in compare(name, seen[name], due, SLACK * due.max())]
