"""PyTorch's averages of weights, and batch normalization behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import swa_utils

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def run_averaged(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.averages.averages_are_means`."""
    options = dict(request.arguments)
    module = nn.Module()
    module.weight = nn.Parameter(torch.zeros(3))
    module.wide = nn.Parameter(torch.zeros(3, dtype=torch.float64))
    module.register_buffer("buffer", torch.zeros(3))
    if "numbers" in options["taken"]:
        module.register_buffer("numbers", torch.zeros(3, dtype=torch.int64))
    name = f"{'multi_' if options['how'] == 'together' else ''}avg_fn"
    made = getattr(swa_utils, f"get_{'ema' if options['decays'] else 'swa'}_{name}")
    given = {} if options["how"] == "unsaid" else {name: made(*([options["decay"]] if options["decays"] else []))}
    with moment("run"), torch.no_grad():
        average = swa_utils.AveragedModel(module, use_buffers=options["buffers"], **given)
        path: dict[str, list[np.ndarray]] = {name: [] for name in options["taken"]}
        for number in range(len(options["taken"]["weight"])):
            for own, values in options["taken"].items():
                tensor = getattr(module, own)
                tensor.copy_(torch.tensor(values[number]))
            average.update_parameters(module)
            for own, values in path.items():
                values.append(getattr(average.module, own).detach().numpy().copy())
    return Observation({**{own: np.stack(values) for own, values in path.items()}, "count": average.n_averaged.numpy()})


def run_statistics_again(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.averages.statistics_taken_again_are_means`."""
    options = dict(request.arguments)
    norm = nn.BatchNorm1d(3, momentum=options["momentum"])
    module = nn.Sequential(norm)
    module(torch.ones(4, 3) * torch.arange(4)[:, None])  # in training: statistics that are to be forgotten
    module.train(options["training"])
    with moment("run"):
        swa_utils.update_bn([torch.tensor(np.array(one, "float32")) for one in options["batches"]], module)
    return Observation({"mean": norm.running_mean.numpy(), "variance": norm.running_var.numpy()},
                       facts={"training": module.training, "momentum": norm.momentum})


def run_shared_scale(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.precision.scales_are_shared`."""
    options, gradients = dict(request.arguments), dict(dict(request.arguments)["gradients"])
    weights = {name: nn.Parameter(torch.tensor(np.array(one, "float32"))) for name, one in options["weights"]}
    optimizers = [torch.optim.SGD([one], 1.0) for one in weights.values()]
    scaler = torch.amp.GradScaler("cpu", init_scale=options["scale"], growth_interval=10)
    with moment("run"):
        for name, weight in weights.items():
            weight.grad = scaler.scale(torch.tensor(np.array(gradients[name], "float32")))
            if name == options["broken"]:
                weight.grad[1] = float("inf")
        for one in optimizers:
            scaler.step(one)
        scaler.update()
        found, told = {name: one.detach().numpy() for name, one in weights.items()} | {"scale": np.array(scaler.get_scale())}, []
        for one in (16.0, torch.tensor(2.0)):
            scaler.update(one)
            told.append(scaler.get_scale())
    return Observation({**found, "told": np.array(told)})
