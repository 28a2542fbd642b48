"""PyTorch's modules, optimizers and schedules as they are where nothing else is asked for."""

from __future__ import annotations

import warnings
from operator import attrgetter
from typing import Any

import numpy as np
import torch
from torch import nn

from cases.families.documented_defaults import DEFAULTS, FRESH
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy


def run_defaults_of(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.documented_defaults.defaults_are_as_documented`."""
    place = dict(request.arguments)["place"]
    told, agree = [], []
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nested tensors, which a transformer has none of
        for kind, (arguments, options) in DEFAULTS[place].items():
            first: tuple = ()
            if place.startswith("optim"):
                weights = [nn.Parameter(torch.zeros(1))]
                first = (weights,) if place == "optim" else (torch.optim.SGD(weights, 1.0, momentum=0.5),)
            one = getattr(attrgetter(place)(torch), kind)(*first, *arguments)
            for name, due in options.items():
                value = one.defaults[name] if place == "optim" else attrgetter(name)(one)
                told.append(repr(value))
                agree.append(float(value == due and isinstance(value, bool) == isinstance(due, bool)))
    return Observation({"agree": np.array(agree)}, facts={"told": tuple(told)})


def run_fresh_modules(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.documented_defaults.fresh_modules_are_as_documented`: memory is NaN before."""
    arrays, before = {}, torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        with moment("build"), torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(dict(request.arguments)["seed"])
            for kind, (arguments, weights) in FRESH.items():
                state = getattr(nn, kind)(*arguments).state_dict()
                arrays |= {f"{kind}/{name}": to_numpy(state[name]) for name in weights}
    finally:
        torch.use_deterministic_algorithms(before)
    return Observation(arrays)
