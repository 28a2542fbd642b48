"""PyTorch's optimizers with groups of weights, and its containers of parameters."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from torch import nn

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment

LATER = ("maximize", "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay", "amsgrad", "centered",
         "nesterov")
"""Options that a state which was saved by an earlier release may lack: they are then what they are where nothing is said."""


def run_groups(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.groups_of_weights.groups_step_as_alone`: the first group has a rate of its own, a
    tensor of one number; the last weight is added after the first step."""
    options = dict(request.arguments)
    kind, first = getattr(torch.optim, options["optimizer"]), options["first"]

    def fresh() -> list[nn.Parameter]:
        return [nn.Parameter(torch.tensor(np.array(one, "float32"))) for one in options["weights"]]

    def step(optimizer: torch.optim.Optimizer, weights: list[nn.Parameter], number: int, among: range) -> None:
        for place in among:
            weights[place].grad = torch.tensor(np.array(options["slopes"][number][place], "float32"))
        optimizer.step()

    def held(name: str, weights: list[nn.Parameter]) -> dict[str, np.ndarray]:
        return {f"{name}/{n}": one.detach().numpy().copy() for n, one in enumerate(weights)}

    steps, every = len(options["slopes"]), range(len(options["weights"]))
    with moment("run"):
        grouped = fresh()
        optimizer = kind([{"params": grouped[:first], "lr": torch.tensor([0.25], dtype=torch.float64)}], lr=0.125)
        for number in range(steps):
            step(optimizer, grouped, number, every[:first] if number == 0 else every)
            if number == 0:
                optimizer.add_param_group({"params": grouped[first:]})
        alone = fresh()
        for place in every:
            own = kind([alone[place]], lr=0.25 if place < first else 0.125)
            for number in range(0 if place < first else 1, steps):
                step(own, alone, number, range(place, place + 1))
        arrays, saved = held("grouped", grouped) | held("alone", alone), optimizer.state_dict()
        if "differentiable" in optimizer.defaults:
            arrays["differentiated"] = differentiated(kind, options)
        double = [one.detach().double().requires_grad_() for one in grouped]
        names = [["one", "two", "three"][:first], ["four"]]
        named = [[*zip(names[0], double[:first], strict=True)], [(names[1][0], double[first])]]
        other = kind([{"params": each} for each in named], lr=0.5)
        other.load_state_dict(saved)
        older = [one.detach().clone().requires_grad_() for one in grouped]
        groups = [{name: one for name, one in group.items() if name not in LATER} for group in saved["param_groups"]]
        least = kind([{"params": older[:first]}, {"params": older[first:]}], lr=0.5)
        counted = {n: {key: float(one) if key == "step" else one for key, one in state.items()}
                   for n, state in saved["state"].items()}
        least.load_state_dict(copy.deepcopy({**saved, "param_groups": groups, "state": counted}))
        step(least, older, 0, every)
        step(optimizer, grouped, 0, every)
        arrays |= held("later", grouped) | held("older", older)
    remembered = [one for state in other.state.values() for one in state.items()]
    dtypes = tuple((name, str(value.dtype).removeprefix("torch.")) for name, value in remembered
                   if isinstance(value, torch.Tensor) and value.ndim)
    return Observation(arrays, facts={
        "dtypes": dtypes, "empty": tuple(name for name, value in remembered if value is None), "names": names,
        "named": [group.get("param_names") for group in other.state_dict()["param_groups"]]})


def differentiated(kind: Any, options: dict[str, Any]) -> np.ndarray:
    """The first weight after all steps, of an optimizer whose steps are recorded."""
    weight = nn.Parameter(torch.tensor(np.array(options["weights"][0], "float32"))) * 1.0
    own = kind([weight], lr=0.25, differentiable=True)
    for slopes in options["slopes"]:
        weight.grad = torch.tensor(np.array(slopes[0], "float32"))
        own.step()
    return weight.detach().numpy()


def run_held_parameters(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.groups_of_weights.parameters_are_held_themselves`."""
    container = dict(request.arguments)["container"]
    own = [nn.Tanh() if container in ("modules", "sequence") else nn.Parameter(torch.full((2,), float(n))) for n in range(5)]
    place = {id(one): n for n, one in enumerate(own)}

    def of(each: Any) -> np.ndarray:
        return np.array([place.get(id(one), -1) for one in each])

    with moment("run"):
        if container == "modules":
            held = nn.ModuleDict({"b": own[0], "a": own[1]})
            found = {"made": of(held.values())}
            held.update({"d": own[2]} | {"c": own[3]})
            found["updated"] = of(held[name] for name in held)
            held["b"] = own[4]
            found |= {"replaced": of(held.values()), "taken_out": of([held.eval().pop("a")])}
            found["left"] = of(one for _, one in held.items())
            found["listed"] = of(held.children())
            held.clear()
            found["cleared"] = of(held.values())
        elif container == "sequence":
            named = nn.Sequential(OrderedDict(first=own[0], second=own[1]))
            named[1] = own[4]
            times = nn.Sequential(own[0], own[1])
            times *= 3
            cut = nn.ModuleList(own)
            del cut[::2]
            found = {"named": of(named), "times": of(times), "cut_by_steps": of(cut)}
        elif container == "list":
            held = nn.ParameterList(own[:3])
            found = {"made": of(held), "cut": of(held[1:]), "turned": of(held[::-1]), "last": of([held[-1]])}
            found["appended"] = of(held.append(own[3]))
            held += own[4:]
            held[0] = own[4]
            found |= {"replaced": of(held), "listed": of(held.parameters())}
            held[1] = torch.ones(2)
            found["trained"] = np.array([isinstance(held[1], nn.Parameter) and held[1].requires_grad], int)
        else:
            held = nn.ParameterDict(OrderedDict(b=own[0], a=own[1]))  # the keys of a plain one are documented to be sorted
            found = {"made": of(held.values()), "copied": of(held.copy().values())}
            held.update({"c": own[2]})
            found |= {"updated": of(held.values()), "taken_out": of([held.pop("b")]), "left": of(held.values())}
            found |= {"joined": of((held | {"d": own[3]}).values()), "listed": of(held.parameters())}
    return Observation(found)


Pair = tuple[nn.Linear, torch.optim.Optimizer]


def pair(options: dict[str, Any]) -> Pair:
    """A linear layer, and an optimizer of its weights."""
    torch.manual_seed(5)
    layer = nn.Linear(3, 2)
    more = {"momentum": 0.5} if options["optimizer"] == "SGD" else {}
    return layer, getattr(torch.optim, options["optimizer"])(layer.parameters(), lr=0.1, **more)


def regress(layer: nn.Linear, optimizer: torch.optim.Optimizer, options: dict[str, Any]) -> None:
    """One step towards the targets."""
    inputs, targets = (torch.tensor(np.array(options[name], "float32")) for name in ("inputs", "targets"))

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        found = ((layer(inputs) - targets) ** 2).mean()
        found.backward()
        return found

    optimizer.step(loss)


def weights(name: str, layer: nn.Linear) -> dict[str, np.ndarray]:
    """Those of the layer, under this name."""
    return {f"{name}/{n}": np.array(p.detach().numpy()) for n, p in layer.named_parameters()}


def run_frozen_later(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.groups_of_weights.weights_frozen_later_stay`."""
    options = dict(request.arguments)
    with moment("run"):
        layer, optimizer = pair(options)
        regress(layer, optimizer, options)
        layer.bias.requires_grad_(False)
        layer.bias.grad = None
        arrays = weights("before", layer)
        for _ in range(2):
            regress(layer, optimizer, options)
    return Observation(arrays | weights("after", layer))


def run_copied_optimizer(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.groups_of_weights.copied_optimizers_go_on`."""
    options = dict(request.arguments)
    with moment("run"):
        one: Pair = pair(options)
        regress(*one, options)
        other: Pair = copy.deepcopy(one) if options["way"] == "deep_copied" else pickle.loads(pickle.dumps(one))
        arrays = weights("before", one[0])
        regress(*other, options)
        arrays |= weights("kept", one[0]) | weights("copy", other[0])
        third: Pair = pair(options)
        third[0].load_state_dict(one[0].state_dict())
        third[0].bias.requires_grad_(False)
        third[1].load_state_dict(copy.deepcopy(one[1].state_dict()))
        third[0].requires_grad_(True)
        for each in (one, third):
            regress(*each, options)
    return Observation(arrays | weights("after", one[0]) | weights("loaded", third[0]))
