"""The `dropout` of PyTorch's recurrent modules, which acts between the layers of a stack."""

from __future__ import annotations

from typing import Any

import torch

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends import pytorch_layers as layers


def run_dropout_between(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.dropout_between_layers.dropped`."""
    options = dict(request.arguments)
    asked = options["request"]
    if reason := backend.supports(asked):
        return Unsupported(reason)
    with moment("build"):
        module = layers.build(asked.layer, "fused", backend.place, options["rate"]).train(options["training"])
        layers.set_weights(module, asked.layer, asked.weights)
    arguments, _ = backend._arguments(asked, asked.batch, None)
    with moment("run"), torch.random.fork_rng():
        torch.manual_seed(options["seed"])
        outputs, stacked = module(*arguments)
        named = {"outputs": outputs, **{f"states/{n}": s for n, s in layers.name_states(asked.layer, stacked).items()}}
        return Observation({n: layers.to_numpy(t) for n, t in named.items()}, facts={"padding": backend.padding(asked.layer)})
