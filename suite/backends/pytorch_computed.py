"""PyTorch's recurrent modules whose matrices are computed from other parameters; their weights as one vector."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import (
    parameters_to_vector,
    parametrizations,
    parametrize,
    prune,
    remove_spectral_norm,
    remove_weight_norm,
    spectral_norm,
    vector_to_parameters,
    weight_norm,
)

from cases.layouts import from_pytorch
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_given import Half
from suite.backends.pytorch_layers import LAYERS, named_tensors, to_numpy

ITERATIONS = 200
DIMENSIONS = {"normed_rows": {}, "normed_columns": {"dim": 1}, "normed_whole": {"dim": None}, "normed_by_hook": {},
              "normed_whole_by_hook": {"dim": None}}


class More(nn.Module):
    """A quarter more than another matrix."""

    def forward(self, other: torch.Tensor) -> torch.Tensor:
        """The matrix."""
        return other + 0.25

    def right_inverse(self, matrix: torch.Tensor) -> torch.Tensor:
        """The other one."""
        return matrix - 0.25


def computed(module: nn.RNNBase, name: str, way: str, then: str = "kept") -> None:
    """Let the matrix of this name be computed; what is set later goes back through two that do not change places."""
    if way.startswith("orthogonal"):
        kind = way.partition("_")[2]
        options = {"use_trivialization": False} if kind == "free" else {"orthogonal_map": kind}
        parametrizations.orthogonal(module, name, **options)
    elif way == "spectral":
        parametrizations.spectral_norm(module, name, n_power_iterations=ITERATIONS)
    elif way == "spectral_by_hook":
        spectral_norm(module, name, ITERATIONS)
    elif way.endswith("by_hook"):
        weight_norm(module, name, **DIMENSIONS[way])
    elif way.startswith("normed"):
        parametrizations.weight_norm(module, name, **DIMENSIONS[way])
    elif way == "pruned":
        prune.l1_unstructured(module, name, 0.25)
    else:
        parametrize.register_parametrization(module, name, Half())
        if way == "half_of_half":
            parametrize.register_parametrization(module, name, More() if then == "set" else Half())


def lengthen(module: nn.RNNBase, name: str, way: str) -> None:
    """Multiply the lengths."""
    hook = way.endswith("by_hook")
    length = getattr(module, f"{name}_g") if hook else getattr(module.parametrizations, name).original0
    length.mul_((1 + torch.arange(length.numel())).reshape(length.shape) if length.numel() > 1 else 2)


def leave(module: nn.RNNBase, name: str, way: str, then: str) -> None:
    """Let it be computed no more."""
    if way.endswith("by_hook"):
        (remove_spectral_norm if way.startswith("spectral") else remove_weight_norm)(module, name)
    elif way == "pruned":
        prune.remove(module, name)
    else:
        parametrize.remove_parametrizations(module, name, leave_parametrized=then == "left")


def moved(module: nn.RNNBase, other: nn.RNNBase, way: str, names: list[str]) -> nn.RNNBase:
    """The other module, that computes these matrices as the first one does."""
    for name in names:
        if way.endswith("by_hook"):
            parametrizations.weight_norm(other, name, **{"dim": 0, **DIMENSIONS[way]})
        else:
            parametrize.transfer_parametrizations_and_params(module, other, name)
    if way.endswith("by_hook"):
        other.load_state_dict(module.state_dict())
    return other


def run_computed_as(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.computed_weights.computed_weights_are_what_they_are_named`."""
    options = dict(request.arguments)
    layer, way, then = options["layer"], options["way"], options["then"]
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # weight_norm is to be replaced by that of parametrizations
        torch.manual_seed(3)
        module = LAYERS[layer.cell](layer.features, layer.units, layer.layers, batch_first=True)
        given = named_tensors(layer, options["weights"])
        module.load_state_dict(given)
        matrices = [name for name in given if name.startswith("weight")]
        for name in matrices:
            computed(module, name, way, then)
    inputs, once, fresh, before = torch.tensor(np.array(options["batch"].inputs, "float32")), True, {}, {}
    with moment("run"), torch.no_grad():
        module.train()(inputs)
        module.eval()
        for name in matrices:
            if way in DIMENSIONS:
                lengthen(module, name, way)
        if then == "cached":
            with parametrize.cached():
                module(inputs)
                once = all(getattr(module, name) is getattr(module, name) for name in matrices)
            for parameter in module.parametrizations.parameters():
                parameter.mul_(2)
        elif then == "set":
            for name in matrices:
                fresh[name] = getattr(module, name).flip(0) if way.startswith("orthogonal") else -given[name]
                setattr(module, name, fresh[name].clone())
        elif then == "moved":
            module(inputs)  # a hook computes where it is called
            other = LAYERS[layer.cell](layer.features, layer.units, layer.layers, batch_first=True).eval()
            other.load_state_dict({name: -one if name in matrices else one for name, one in given.items()})
            before = {f"before/{name}": getattr(module, name).clone() for name in matrices}
            source, module = module, moved(module, other, way, matrices)
            before |= {f"source/{name}": getattr(source, name) for name in matrices}
        elif then != "kept":
            for name in matrices:
                with torch.enable_grad():  # what is kept then is trained if what it was computed from was
                    leave(module, name, way, then)
        with parametrize.cached() if then == "cached" else nullcontext():
            outputs = module(inputs)[0]
        own = {name: getattr(module, name) for name in given}
    plain = {name for name, _ in module.named_parameters()}
    frozen = sorted(name for name, parameter in module.named_parameters() if not parameter.requires_grad)
    arrays = {f"matrices/{n}": to_numpy(own[n]) for n in matrices} | {f"given/{n}": to_numpy(given[n]) for n in matrices}
    arrays |= {f"set/{n}": to_numpy(t) for n, t in fresh.items()} | {n: to_numpy(t) for n, t in before.items()}
    used = from_pytorch(layer, {n: to_numpy(t) for n, t in own.items()})
    return Observation({"outputs": to_numpy(outputs), **arrays, **{f"used/{n}": a for n, a in used.items()}},
                       facts={"computed": len(set(matrices) - plain), "once": once, "padding": "zero", "frozen": frozen})


def run_as_vector(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.computed_weights.weights_are_a_vector`."""
    options, layer = dict(request.arguments), dict(request.arguments)["layer"]
    with moment("build"):
        module = LAYERS[layer.cell](layer.features, layer.units, layer.layers, batch_first=True)
        other = named_tensors(layer, options["others"])
        module.load_state_dict(other)
    new = named_tensors(layer, options["weights"])
    inputs = torch.tensor(np.array(options["batch"].inputs, "float32"))
    with moment("run"), torch.no_grad():
        module(inputs)
        with torch.enable_grad():
            vector = parameters_to_vector(module.parameters())
            slopes = torch.autograd.grad(vector @ (1.0 + torch.arange(len(vector))), list(module.parameters()), allow_unused=True,
                                         materialize_grads=True)
        names = [name for name, _ in module.named_parameters()]
        vector_to_parameters(torch.cat([new[n].ravel() for n in names]), module.parameters())
        outputs = module(inputs)[0]
    due = np.concatenate([to_numpy(other[n]).ravel() for n in names])
    return Observation({"outputs": to_numpy(outputs), "vector": to_numpy(vector), "due": due,
                        "slopes": np.concatenate([to_numpy(one).ravel() for one in slopes])}, facts={"padding": "zero"})


def run_frozen_matrix(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.computed_weights.frozen_matrices_stay_frozen`."""
    options, name = dict(request.arguments), "weight_hh_l0"
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = nn.GRU(3, 4)
        getattr(module, name).requires_grad_(False)
    with moment("run"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        computed(module, name, options["way"])
        if options["then"] == "left":
            leave(module, name, options["way"], "left")
    every = [(name in each, parameter.requires_grad) for each, parameter in module.named_parameters()]
    return Observation({what: np.array([float(on) for named, on in every if named == (what == "own")])
                        for what in ("own", "others")}, facts={"name": name})
