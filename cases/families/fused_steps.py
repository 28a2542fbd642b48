"""Steps of optimizers in one kernel, with a loss that is scaled: some are left out, some gradients come late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.families.optimizer_rules import adagrad, adam, sgd
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare

STEPS, SHAPES, SLACK = 4, ((2, 3), (4,)), 1e-9
BETAS = {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-6, "amsgrad": True}
RULES: Mapping[str, tuple[str, dict[str, Any], Callable[..., list]]] = {
    "sgd": ("SGD", {"lr": 0.1, "momentum": 0.75}, sgd),
    "sgd_ahead": ("SGD", {"lr": 0.1, "momentum": 0.75, "nesterov": True, "weight_decay": 0.25}, sgd),
    "sgd_alone": ("SGD", {"lr": 0.1, "momentum": 0.0}, sgd),
    "adam": ("Adam", {**BETAS, "weight_decay": 0.25}, lambda *given, **options: adam(
        *given, decoupled_weight_decay=False, **options)),
    "adamw": ("AdamW", {**BETAS, "weight_decay": 0.25}, lambda *given, **options: adam(
        *given, decoupled_weight_decay=True, **options)),
    "adagrad": ("Adagrad", {"lr": 0.1, "lr_decay": 0.25, "eps": 1e-6, "weight_decay": 0.25}, adagrad),
}
"""Name -> PyTorch's class, its options, the equation."""
LEFT_OUT = {"first_left_out": 0, "later_left_out": 2}
"""At which step gradients are infinite, so that it is left out."""


@statement("A step in one kernel for all weights, or in several, is that of the equation, where the loss is scaled, a step is "
           "left out since gradients are infinite, and a weight has its first gradient later than the others.",
           {"rule": tuple(RULES), "kernel": ("fused", "foreach", "loop"), "when": ("every", "late", *LEFT_OUT)},
           strength=(1, 2, 3), sparing=0,
           met=tuple({"rule": rule, "kernel": "fused", "when": "first_left_out"} for rule in ("sgd", "sgd_ahead")),
           source="PyTorch: torch.optim, torch.amp.GradScaler")
def fused_steps_are_those_of_loops(ask, rule, kernel, when) -> list[Deviation]:
    random, (name, options, equation) = generator("fused steps", rule), RULES[rule]
    weights = tuple(draw_values(random, shape) for shape in SHAPES)
    slopes = [[draw_values(random, shape) for shape in SHAPES] for _ in range(STEPS)]
    if when == "late":
        slopes[0][1] = None
    seen = ask(FunctionRequest("fused_steps", (
        ("rule", name), ("options", options), ("kernel", kernel), ("weights", weights), ("left_out", LEFT_OUT.get(when)),
        ("slopes", tuple(map(tuple, slopes))))))
    found = []
    for number, weight in enumerate(weights):
        counted = [each[number] for step, each in enumerate(slopes) if each[number] is not None and step != LEFT_OUT.get(when)]
        found += compare(f"weights/{number}", seen[f"weights/{number}"], equation(counted, weight, **options)[-1],
                         np.full(weight.shape, SLACK))
    return found
