"""The `dropout` of PyTorch's recurrent modules, which acts between the layers of a stack."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import nn
from torch._dispatch.python import enable_python_dispatcher

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends import pytorch_layers as layers
from suite.backends.pytorch_cells import again


def run_dropout_between(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.dropout_between_layers.dropped`."""
    options = dict(request.arguments)
    asked, form = options["request"], options["form"]
    if reason := backend.supports(asked):
        return Unsupported(reason)
    with moment("build"):
        module = layers.build(asked.layer, "fused", backend.place, options["rate"])
        layers.set_weights(module, asked.layer, asked.weights)
        outer = nn.ModuleList([nn.Sequential(nn.Identity(), nn.Sequential(module))])
        outer.train(not options["training"]).train(options["training"])  # from without, and from the other mode
    (inputs, lengths, states), _ = backend._arguments(asked, asked.batch, None)
    with moment("run"), torch.random.fork_rng():
        drawn = torch.manual_seed(options["seed"]).get_state()
        with enable_python_dispatcher() if form == "decomposed" else nullcontext(), torch.autocast(
                backend.place.type, torch.bfloat16, options["low"]):
            call = again(lambda x, given: module(x, lengths, given), form)
            leaves = () if states is None else states if isinstance(states, tuple) else (states,)
            for one in leaves:
                one.requires_grad_("gradients" in asked.wants)
            outputs, stacked = call(inputs.requires_grad_("gradients" in asked.wants), states)
        drew = not torch.equal(drawn, torch.get_rng_state())
        named = {"outputs": outputs, **{f"states/{n}": s for n, s in layers.name_states(asked.layer, stacked).items()}}
        arrays = {n: layers.to_numpy(t) for n, t in named.items()}
        if "gradients" in asked.wants:
            torch.rand(7)  # whoever draws again backward must go back for it
            outputs.float().square().sum().backward()
            arrays |= {f"gradients/{n}": layers.to_numpy(p.grad) for n, p in module.named_parameters()}
            slopes = tuple(one.grad for one in leaves)
            given = layers.name_states(asked.layer, slopes if len(slopes) > 1 else slopes[0]) if slopes else {}
            arrays |= {f"gradients/states/{n}": layers.to_numpy(slope) for n, slope in given.items()}
        return Observation(arrays, facts={"padding": backend.padding(asked.layer), "drew": drew})
