"""PyTorch's normalizations of features, and its convolutions over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy

FEATURES_LAST = ("layer", "rms")
"""The others have them behind the rows."""


def run_norms(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.normalizations.norms_are_their_equations`."""
    given = dict(request.arguments)
    kind, options, wide = given["kind"], {**dict(given["options"]), "eps": given["small"]}, len(given["scale"])
    if kind in ("batch", "instance"):
        options = {"momentum": given["momentum"], **options}
    make = {"layer": nn.LayerNorm, "rms": nn.RMSNorm, "instance": nn.InstanceNorm1d, "batch": nn.BatchNorm1d,
            "group": lambda size, **more: nn.GroupNorm(2, size, **more)}[kind]
    with moment("build"), torch.no_grad():
        module = make(wide, **options)
        for name, values in (("weight", given["scale"]), ("bias", given["shift"])):
            if getattr(module, name, None) is not None:
                getattr(module, name).copy_(torch.tensor(values.astype("float32")))

    def turned(x: torch.Tensor) -> torch.Tensor:
        return x if kind in FEATURES_LAST or x.ndim == 2 else x.transpose(1, 2)

    batches = [torch.tensor(np.array(one)) for one in given["batches"]]
    batches = [turned(one[:, 0] if given["rows"] else one) for one in batches]
    with moment("run"), torch.no_grad():
        for one in batches[:-1]:
            module.train()(one)
            module.load_state_dict({n: held for n, held in module.state_dict().items() if n != "num_batches_tracked"})
        module.train(given["training"]).eps = dict(given["options"]).get("eps", given["small"])
        if kind == "batch" and not given["training"]:  # in training it asks for several devices
            module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
        outputs = turned(module(batches[-1]))
    found = {"outputs": outputs[:, None] if given["rows"] else outputs}
    if getattr(module, "running_mean", None) is not None:
        found |= {"mean": module.running_mean, "variance": module.running_var}
    return Observation({name: to_numpy(one) for name, one in found.items()})


def run_convolution_in_time(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.convolutions_in_time`."""
    options = dict(request.arguments)
    if options["padding"] == "causal":
        return Unsupported("nn.Conv1d has no causal padding: its users pad by hand")
    if options["padding"] == "same" and options["stride"] > 1:
        return Unsupported("nn.Conv1d takes padding='same' for steps of one alone")
    inputs, kernel, bias = (torch.tensor(options[name].astype("float32")) for name in ("inputs", "kernel", "bias"))
    with moment("build"):
        layer = nn.Conv1d(inputs.shape[2], len(bias), len(kernel), options["stride"], options["padding"], options["dilation"],
                          options["groups"], options["biased"], padding_mode=options.get("edges", "zeros"))
        layer.load_state_dict({"weight": kernel.permute(2, 1, 0), **({"bias": bias} if options["biased"] else {})})
    with moment("run"), torch.no_grad():
        outputs = layer(inputs.transpose(1, 2)).transpose(1, 2)  # it reads features first, and nothing else
        return Observation({"outputs": to_numpy(outputs if options["biased"] else outputs.tanh())})
