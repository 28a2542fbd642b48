"""PyTorch's modules and optimizers that take over the state of others."""

from __future__ import annotations

import copy
import zlib
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim.swa_utils import AveragedModel

from cases.families.schedules import BY_EPOCH
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import LAYERS, named_tensors, to_numpy
from suite.backends.pytorch_schedules import made as schedule

Arrays = dict[str, np.ndarray]


def module(options: dict[str, Any], weights: str) -> nn.Module:
    """A layer with these weights."""
    layer = options["layer"]
    made = LAYERS[layer.cell](layer.features, layer.units, batch_first=True)
    made.load_state_dict(named_tensors(layer, options[weights]))
    return made


def step(optimizer: torch.optim.Optimizer, weights: list[torch.Tensor], slope: float) -> None:
    """One step, with a gradient of this size."""
    for number, weight in enumerate(weights):
        weight.grad = torch.full_like(weight, slope + number)
    optimizer.step(lambda: torch.tensor(1.0))


def remembered(optimizer: torch.optim.Optimizer) -> Arrays:
    """The tensors that an optimizer remembers, copied."""
    return {f"{place}/{name}": np.array(to_numpy(value)) for place, held in optimizer.state_dict()["state"].items()
            for name, value in held.items() if isinstance(value, torch.Tensor) and value.ndim}


def optimizers(name: str, giver: nn.Module, taker: nn.Module) -> dict[str, Arrays]:
    """One optimizer, and another that goes on from what it remembers."""
    (first, own), (second, other) = (
        (getattr(torch.optim, name)(one.parameters(), lr=0.1, **({"momentum": 0.5} if name == "SGD" else {})),
         list(one.parameters())) for one in (giver, taker))
    for slope in (1.0, 2.0):
        step(first, own, slope)
    found = {"before": remembered(first)}
    second.load_state_dict(first.state_dict())
    found["taken"] = remembered(second)
    step(second, other, 5.0)
    return {**found, "moved": remembered(second), "after": remembered(first)}


def run_taken_over(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.taken_over.states_taken_over_are_copies`."""
    options = dict(request.arguments)
    way, arrays = options["way"], {}
    with moment("build"):
        giver, taker = module(options, "weights"), module(options, "others")
    with moment("run"):
        if way not in ("weights", "weights_after_assigning", "vector", "averages"):
            arrays = optimizers(way, giver, taker)
        else:
            state: Any = giver.state_dict()
            if way == "weights_after_assigning":
                copy.deepcopy(taker).load_state_dict(state, assign=True)
            if way == "vector":
                state = {"vector": parameters_to_vector(giver.parameters()).detach().clone()}
                vector_to_parameters(state["vector"], taker.parameters())
            elif way == "averages":
                taker = AveragedModel(giver)
                taker.update_parameters(giver)
            else:
                taker.load_state_dict(state)

            def told() -> Arrays:
                own = taker.module if way == "averages" else taker
                vector = {"vector": parameters_to_vector(own.parameters())} if way == "vector" else own.state_dict()
                return {name: np.array(to_numpy(tensor)) for name, tensor in vector.items()}

            arrays = {"before": {name: np.array(to_numpy(tensor)) for name, tensor in state.items()}, "taken": told()}
            with torch.no_grad():
                for weight in taker.parameters():
                    weight.add_(1.0)
            arrays |= {"moved": told(), "after": {name: np.array(to_numpy(tensor)) for name, tensor in state.items()}}
    return Observation({f"{when}/{name}": array for when, each in arrays.items() for name, array in each.items()})


def marks(state: Any) -> Arrays:
    """A number for each entry of a state, and for what is noted beside it."""
    entries = {**state, "notes": getattr(state, "_metadata", None)}
    return {str(name): np.array(zlib.crc32(repr(value).encode())) for name, value in entries.items()}


def run_loaded_twice(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.taken_over.loaded_states_stay_whole`."""
    options = dict(request.arguments)
    what = options["what"]
    with moment("build"):
        if what in ("module", "parts"):
            made = [module(options, weights) for weights in ("weights", "others", "others")]
        elif what == "optimizer":
            made = [torch.optim.Adam(module(options, "weights").parameters()) for _ in range(3)]
            step(made[0], list(made[0].param_groups[0]["params"]), 1.0)
        else:
            kind, given = next((kind, given) for kind, given in BY_EPOCH.values() if kind == what)
            made = [schedule(kind, dict(given), (0.5,))[1] for _ in range(3)]
    with moment("run"):
        state = made[0].state_dict()
        before = marks(state)
        for one in made[1:]:
            one.load_state_dict(state, **({"strict": False} if what == "parts" else {}))
        after = marks(state)
    return Observation({f"{when}/{name}": mark for when, each in (("before", before), ("after", after))
                        for name, mark in each.items()})
