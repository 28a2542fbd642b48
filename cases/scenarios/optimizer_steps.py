"""Single steps of every optimizer: part of `lstm-regression-optimizers` (document 1), which compares optimizers.

A framework's step is held to the equation that it claims (`cases.optimizers`), from equal weights, gradients and
hyper-parameters: four steps, so that momentum, the correction of bias and schedules are seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.optimizers import OPTIMIZERS, OWN, definitions
from cases.requests import Deviation, Note
from cases.scenarios.base import claim
from cases.steps import OptimizerRequest, drawn, expected
from cases.tolerance import compare

NAME = "lstm-regression-optimizers"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "plain": {}, "momentum": {"momentum": 0.9}, "nesterov": {"momentum": 0.9, "nesterov": True}, "centered": {"centered": True},
    "centered_momentum": {"centered": True, "momentum": 0.9}, "amsgrad": {"amsgrad": True},
    "weight_decay": {"weight_decay": 0.3}, "clipvalue": {"clipvalue": 0.4}, "clipnorm": {"clipnorm": 0.5},
    "global_clipnorm": {"global_clipnorm": 0.6}, "schedule": {"decay_rate": 0.5},
    "moving_average": {"ema_overwrite_frequency": 2, "ema_momentum": 0.7}, "accumulation": {"gradient_accumulation_steps": 2},
}
OWN_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "sgd": ("momentum", "nesterov"), "rmsprop": ("momentum", "centered", "centered_momentum"), "adam": ("amsgrad",),
    "adamw": ("amsgrad", "weight_decay"),
}
"""Optimizer -> options that are its own."""
AROUND = ("weight_decay", "clipvalue", "clipnorm", "global_clipnorm", "schedule", "moving_average", "accumulation")
RULES = [{"optimizer": o, "options": option} for o in OPTIMIZERS for option in ("plain", *OWN_OPTIONS.get(o, ()))]
FEW = [
    {"optimizer": "sgd", "options": "weight_decay"}, {"optimizer": "adam", "options": "weight_decay"},
    {"optimizer": "sgd", "options": "clipvalue"}, {"optimizer": "sgd", "options": "clipnorm"},
    {"optimizer": "adagrad", "options": "global_clipnorm"}, {"optimizer": "sgd", "options": "schedule"},
    {"optimizer": "nadam", "options": "schedule"}, {"optimizer": "adam", "options": "moving_average"},
    {"optimizer": "rmsprop", "options": "accumulation"},
]
"""What Keras has on every optimizer, each option on some of them."""
MANY = [{"optimizer": o, "options": a} for o in OPTIMIZERS for a in AROUND]


def hyper(optimizer: str, options: str) -> dict[str, Any]:
    """The hyper-parameters of a variant; with a momentum where the optimizer has one, and the option is not its own."""
    extra = {"momentum": 0.9} if options in AROUND and optimizer in ("sgd", "rmsprop") else {}
    return {**extra, **OPTIONS[options]}


def stepped(ask, request: OptimizerRequest) -> list[Deviation]:
    """Deviations of the weights after each step from the equations of the stack's definitions."""
    seen = ask(request)
    found: list[Deviation] = []
    for name, due in expected(request, seen.facts["stack"]).items():
        if name not in seen.arrays:
            found.append(Deviation(name, f"{name}: nothing came back where the equations have a value"))
            continue
        for number in range(len(due.value)):
            found += compare(f"{name} after step {number + 1}", seen[name][number], due.value[number], due.allowed[number])
    return found


@claim(
    NAME, "From equal weights, gradients and hyper-parameters four steps are those of the equation that the stack claims.", RULES,
    says="It compares SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax and Nadam by their names, as if each were one rule.",
    document="names are not definitions: the place of epsilon, of the rate and of weight decay differ between stacks",
)
def step_is_the_equation(ask, optimizer, options):
    return stepped(ask, drawn(optimizer, hyper(optimizer, options)))


@claim(NAME, "Clipping, weight decay, schedules, moving averages and accumulation act as their equations say.", FEW)
def around_the_step(ask, optimizer, options):
    return stepped(ask, drawn(optimizer, hyper(optimizer, options)))


@claim(NAME, "Clipping, weight decay, schedules, moving averages and accumulation act so in every optimizer.",
       [v for v in MANY if v not in FEW], depth="full")
def around_every_step(ask, optimizer, options):
    return stepped(ask, drawn(optimizer, hyper(optimizer, options)))


@claim(NAME, "A gradient by rows, with a row named twice, steps as the dense one.", [{"optimizer": o} for o in OPTIMIZERS])
def repeated_rows(ask, optimizer):
    return stepped(ask, drawn(optimizer, {}, by_rows=True))


@claim(
    NAME, "The framework's own hyper-parameters are those of the table.", [{"optimizer": o} for o in OPTIMIZERS],
    says="Every optimizer is used with its defaults.",
    document="Keras' defaults are no longer those of its time (Adadelta had a learning rate of 1.0), and PyTorch has others",
)
def defaults(ask, optimizer):
    facts = ask(OptimizerRequest(optimizer, (), {"bias": np.array([0.5, -0.25])})).facts
    stack, seen = facts["stack"], facts["hyper"]
    due = OWN[stack][optimizer]
    found: list[Deviation | Note] = [
        Deviation(name, f"{optimizer}'s {name}: found {seen.get(name, 'none')}, expected {value:g}")
        for name, value in due.items() if np.float32(seen.get(name, np.nan)) != np.float32(value)
    ]
    told = {**seen, **definitions(stack, optimizer)}
    rows = [[optimizer, name, f"{value:.6g}" if isinstance(value, float) else str(value)] for name, value in told.items()]
    return [*found, Note("Defaults and definitions", {"head": ["optimizer", "what", "is"], "rows": rows})]
