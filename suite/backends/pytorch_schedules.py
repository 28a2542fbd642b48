"""PyTorch's schedulers of the learning rate, epoch by epoch."""

from __future__ import annotations

import copy
import warnings
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.optim import lr_scheduler, swa_utils

from cases.epochs import MOMENTA, factor, measured
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment

KINDS = {"step": "StepLR", "multi_step": "MultiStepLR", "exponential": "ExponentialLR", "constant": "ConstantLR",
         "linear": "LinearLR", "polynomial": "PolynomialLR", "cosine": "CosineAnnealingLR",
         "warm_restarts": "CosineAnnealingWarmRestarts", "one_cycle": "OneCycleLR", "cyclic": "CyclicLR",
         "plateau": "ReduceLROnPlateau"}
BY_GROUP = ("base_lr", "max_lr", "min_lr")
"""Options that each group may have its own of, in a list."""


def made(kind: str, options: dict[str, Any], rates: tuple[float, ...]) -> tuple[torch.optim.Optimizer, Any]:
    """An optimizer with a weight in each group, and its scheduler."""
    options = {name: list(value[:len(rates)]) if name in BY_GROUP and isinstance(value, tuple) else value
               for name, value in options.items()}
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    turning = options.get("three_phase") or options.get("mode") == "exp_range"  # of Adam the first beta is the momentum
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.875)) if turning else torch.optim.SGD(groups, momentum=0.9)
    if kind in ("one_cycle", "cyclic"):
        options = {**options, "base_momentum": MOMENTA[0], "max_momentum": MOMENTA[1]}
    if kind == "swa":
        return optimizer, swa_utils.SWALR(optimizer, **options)
    if kind in ("lambda", "multiplicative"):
        return optimizer, getattr(lr_scheduler, f"{kind.capitalize()}LR")(
            optimizer, [partial(factor, group=n) for n in range(len(rates))] if len(rates) > 1 else factor)
    if kind.startswith(("first", "later")):
        inner = {"sequence": sequence, "chain": chain}[kind.partition("_")[2]](optimizer, options)
        parts = [inner, lr_scheduler.ExponentialLR(optimizer, options["gamma"])]
        parts = parts if kind.startswith("first") else parts[::-1]
        return optimizer, lr_scheduler.SequentialLR(optimizer, parts, [options["change"]])
    if kind in ("one_after_another", "chained"):
        return optimizer, {"one_after_another": sequence, "chained": chain}[kind](optimizer, options)
    return optimizer, getattr(lr_scheduler, KINDS[kind])(optimizer, **options)


def sequence(optimizer: torch.optim.Optimizer, options: dict[str, Any]) -> Any:
    """A linear schedule, and an exponential one behind it."""
    first = lr_scheduler.LinearLR(optimizer, options["start_factor"], options["end_factor"], options["total_iters"])
    second = lr_scheduler.ExponentialLR(optimizer, options["gamma"])
    return lr_scheduler.SequentialLR(optimizer, [first, second], [options["milestone"]])


def chain(optimizer: torch.optim.Optimizer, options: dict[str, Any]) -> Any:
    """A constant and an exponential schedule, one on top of the other."""
    return lr_scheduler.ChainedScheduler([lr_scheduler.ConstantLR(optimizer, options["factor"], options["total_iters"]),
                                          lr_scheduler.ExponentialLR(optimizer, options["gamma"])])


def run_epochs(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.schedules.rates_by_epoch_are_their_equations`."""
    asked = dict(request.arguments)
    kind, options, kept = asked["kind"], dict(asked["options"]), asked["kept"]
    with moment("build"):
        optimizer, scheduler = made(kind, options, asked["rates"])
    rates, told, again, momenta = [], [], [], []
    with moment("run"):
        for epoch in range(asked["epochs"]):
            rates.append([group["lr"] for group in optimizer.param_groups])
            told.append(list(scheduler.get_last_lr()))
            momenta.append([group["momentum"] if "momentum" in group else group["betas"][0] for group in optimizer.param_groups])
            if epoch == kept:
                saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
            onward(optimizer, scheduler, kind, epoch)
        again = rates[:kept]
        others = {name: 0.75 * value if isinstance(value, float) else value for name, value in options.items()}
        optimizer, scheduler = made(kind, others, tuple(2 * rate for rate in asked["rates"]))  # all that is saved is loaded
        optimizer.load_state_dict(saved[0])
        scheduler.load_state_dict(saved[1])
        for epoch in range(kept, asked["epochs"]):
            again.append([group["lr"] for group in optimizer.param_groups])
            onward(optimizer, scheduler, kind, epoch)
        jumped = []
        if hasattr(scheduler, "_get_closed_form_lr"):
            optimizer, scheduler = made(kind, options, asked["rates"])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a scheduler is not to be told the epoch any more
                for epoch in asked["told"]:
                    optimizer.step()
                    scheduler.step(epoch)
                    jumped.append([group["lr"] for group in optimizer.param_groups])
    return Observation({"rates": np.array(rates).T, "again": np.array(again).T, "told": np.array(told).T,
                        "momenta": np.array(momenta).T, **({"jumped": np.array(jumped).T} if jumped else {})})


def onward(optimizer: torch.optim.Optimizer, scheduler: Any, kind: str, epoch: int) -> None:
    """An epoch of training ends; a scheduler that has come to its end is left alone."""
    optimizer.step()
    if kind == "plateau":
        scheduler.step(measured(scheduler.mode)[epoch])
    elif epoch + 1 < getattr(scheduler, "total_steps", epoch + 2):
        scheduler.step()


def run_restarts(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.schedules.restarts_are_where_they_are_told`."""
    asked, rates = dict(request.arguments), []
    with moment("build"):
        optimizer, scheduler = made("warm_restarts", dict(asked["options"]), (asked["rate"],))
    with moment("run"):
        optimizer.step()
        for epoch in asked["told"]:
            scheduler.step(epoch)
            rates.append(optimizer.param_groups[0]["lr"])
    return Observation({"rates": np.array(rates)})
