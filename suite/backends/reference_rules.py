"""What the reference answers about optimizers' rules: the rules; and to what means nothing: no."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.optimizer_rules import CALLED, RULES, lbfgs
from cases.families.refused_by_modules import CALLS, NONE, WARNED
from cases.models import FunctionRequest
from cases.requests import Observation


def run_steps_by_rule(backend: Any, request: FunctionRequest) -> Observation:
    """The weights after each step."""
    options = dict(request.arguments)
    signs = [-1 if up else 1 for up in options["maximize"]]
    path = {f"weight/{n}": np.stack(RULES[options["rule"]][1]([signs[n] * each[n] for each in options["slopes"][n:]], weight,
                                                              **options["options"]))
            for n, weight in enumerate(options["weights"])}
    return Observation(path, facts={"told": "\n".join(f"{name}: {value}" for name, value in options["options"].items())})


def run_lbfgs(backend: Any, request: FunctionRequest) -> Observation:
    """The rule; with a search, the solution."""
    options = dict(request.arguments)
    matrix, target = options["matrix"], options["target"]
    if options["search"]:
        return Observation({"path": np.linalg.solve(matrix, target)[None]}, facts={"asked": options["most"]})
    steps = lbfgs(matrix, target, options["start"], options["lr"], options["calls"] * options["each"])
    return Observation({"path": np.stack(steps)[options["each"] - 1::options["each"]]}, facts={"asked": options["most"]})


def run_optimizer_hooks(backend: Any, request: FunctionRequest) -> Observation:
    """All of them, in their order."""
    return Observation({"rates": np.array([0.5, 0.25, 0.125])}, facts={"called": CALLED})


def run_calls_for_nothing(backend: Any, request: FunctionRequest) -> Observation:
    """All are refused."""
    calls = CALLS[dict(request.arguments)["calls"]]
    return Observation({"refused": np.ones(len(calls))}, facts={"said": tuple((name, "no") for name in calls)})


def run_warned_of(backend: Any, request: FunctionRequest) -> Observation:
    """Of all mistakes, and of nothing else."""
    return Observation({"warned": np.repeat([1.0, 0.0], [len(WARNED), len(NONE)])})
