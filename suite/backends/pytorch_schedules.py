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
from cases.families.schedules import SECOND_BETAS
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment

KINDS = {"step": "StepLR", "multi_step": "MultiStepLR", "exponential": "ExponentialLR", "constant": "ConstantLR",
         "linear": "LinearLR", "polynomial": "PolynomialLR", "cosine": "CosineAnnealingLR",
         "warm_restarts": "CosineAnnealingWarmRestarts", "one_cycle": "OneCycleLR", "cyclic": "CyclicLR",
         "plateau": "ReduceLROnPlateau"}
BY_GROUP = ("base_lr", "max_lr", "min_lr")
"""Options that each group may have its own of, in a list."""


def made(kind: str, options: dict[str, Any], rates: tuple[float, ...], saved: dict[str, Any] | None = None, last: int = -1
         ) -> tuple[torch.optim.Optimizer, Any]:
    """An optimizer with a weight in each group, the rate of the second a tensor, and its scheduler; where a state of the
    optimizer was saved, it is loaded first, and the scheduler goes on behind the `last` epoch."""
    options = {name: list(value[:len(rates)]) if name in BY_GROUP and isinstance(value, tuple) else value
               for name, value in options.items()}
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": torch.tensor(rate, dtype=torch.float64) if n else rate}
              for n, rate in enumerate(rates)]
    turning = options.get("three_phase") or options.get("mode") == "exp_range"  # of Adam the first beta is the momentum
    if turning:
        groups = [{**group, "betas": (0.9, beta)} for group, beta in zip(groups, SECOND_BETAS, strict=False)]
    optimizer = torch.optim.Adam(groups) if turning else torch.optim.SGD(groups, momentum=0.9)
    if saved is not None:
        optimizer.load_state_dict(saved)
        options = {**options, "last_epoch": last}
    if kind in ("one_cycle", "cyclic"):
        options = {**options, "base_momentum": MOMENTA[0], "max_momentum": MOMENTA[1]}
    if kind == "swa":
        return optimizer, swa_utils.SWALR(optimizer, **options)
    if kind in ("lambda", "multiplicative"):
        return optimizer, getattr(lr_scheduler, f"{kind.capitalize()}LR")(
            optimizer, [partial(factor, group=n) for n in range(len(rates))] if len(rates) > 1 else factor,
            options.get("last_epoch", -1))
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


def rates_of(optimizer: torch.optim.Optimizer) -> list[float]:
    """The rates in use, of each group."""
    return [float(group["lr"]) for group in optimizer.param_groups]


def odd(state: Any, name: str = "state") -> list[tuple[str, str]]:
    """What of a state is more than numbers, words and tensors, in lists and dictionaries: no file that is read safely has it."""
    if isinstance(state, dict):
        return [found for key, one in state.items() for found in odd(one, f"{name}/{key}")]
    if isinstance(state, (list, tuple)):
        return [found for one in state for found in odd(one, name)]
    return [] if state is None or isinstance(state, (int, float, str, torch.Tensor)) else [(name, type(state).__name__)]


def run_epochs(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.schedules.rates_by_epoch_are_their_equations`."""
    asked = dict(request.arguments)
    kind, options, kept = asked["kind"], dict(asked["options"]), asked["kept"]
    with moment("build"):
        optimizer, scheduler = made(kind, options, asked["rates"])
    rates, told, momenta, own = [], [], [], optimizer.param_groups[-1]["lr"]
    with moment("run"):
        optimizer.step()  # once is enough: a schedule that is stepped before its optimizer warns
        for epoch in range(asked["epochs"]):
            rates.append(rates_of(optimizer))
            told.append(scheduler.get_last_lr())  # read at the end: the rates of an epoch stay what they were
            momenta.append([group["momentum"] if "momentum" in group else group["betas"][0] for group in optimizer.param_groups])
            if epoch == kept:
                state = scheduler.state_dict()
                saved = copy.deepcopy((optimizer.state_dict(), state))
            onward(scheduler, kind, epoch)
        group = optimizer.param_groups[-1]
        betas = tuple(group["betas"][1] for group in optimizer.param_groups if "betas" in group)
        replaced = group["lr"] is not own or group["lr"] is group.get("initial_lr")
        others = {name: 0.75 * value if isinstance(value, float) else value for name, value in options.items()}
        optimizer, scheduler = made(kind, others, tuple(2 * rate for rate in asked["rates"]))  # all that is saved is loaded
        optimizer.load_state_dict(saved[0])
        scheduler.load_state_dict(saved[1])
        again = rates[:kept] + gone_on(optimizer, scheduler, kind, range(kept, asked["epochs"]))
        more: dict[str, list] = {"rates": rates, "again": again, "told": [[float(one) for one in each] for each in told],
                                 "momenta": momenta}
        if kind in (*KINDS, "swa", "lambda", "multiplicative") and kind != "plateau":
            optimizer, scheduler = made(kind, options, asked["rates"], saved[0], kept - 1)
            more["gone_on"] = rates[:kept] + gone_on(optimizer, scheduler, kind, range(kept, asked["epochs"]))
        if kind == "plateau" and not isinstance(options["min_lr"], tuple):
            optimizer, scheduler = made(kind, options, asked["rates"][:1])
            optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": asked["rates"][1]})
            more["joined"] = gone_on(optimizer, scheduler, kind, range(asked["epochs"]))
        if hasattr(scheduler, "_get_closed_form_lr"):
            optimizer, scheduler = made(kind, options, asked["rates"])
            more["jumped"] = []
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a scheduler is not to be told the epoch any more
                optimizer.step()
                for epoch in asked["told"]:
                    scheduler.step(epoch)
                    more["jumped"].append(rates_of(optimizer))
    return Observation({name: np.array(each).T for name, each in more.items()},
                       facts={"replaced": replaced, "odd": tuple(odd(state)), "betas": betas})


def gone_on(optimizer: torch.optim.Optimizer, scheduler: Any, kind: str, epochs: range) -> list[list[float]]:
    """The rates of these epochs."""
    found = []
    optimizer.step()
    for epoch in epochs:
        found.append(rates_of(optimizer))
        onward(scheduler, kind, epoch)
    return found


def onward(scheduler: Any, kind: str, epoch: int) -> None:
    """An epoch of training ends; a scheduler that has come to its end is left alone."""
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
