"""A PyTorch module that computed with other weights, given new ones in one of many ways."""

from __future__ import annotations

import copy
import io
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from cases.layouts import to_pytorch
from cases.models import FunctionRequest
from cases.requests import Execution, Observation, Request, Unsupported
from suite.backends import moment, refuses
from suite.backends import pytorch_layers as layers
from suite.backends.pytorch import unpackable, unsupported_layer
from suite.backends.pytorch_layers import to_numpy

WHOLE = ("loaded", "assigned", "swapped")
"""The ways that take every weight of a module."""
SAME = ("loaded", "swapped", "copied", "data", "cast", "pickled", "deep_copied")
"""The ways after which a module is what it was but for its weights: in its options, its mode, and in what is trained of it."""


def run_given(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.given_weights.given`."""
    options = dict(request.arguments)
    layer, batch, way = options["layer"], options["batch"], options["way"]
    if reason := unsupported_layer(layer, "fused") or unpackable(batch):
        return Unsupported(reason)
    arguments = backend._arguments(Request(layer, options["weights"], batch, execution=Execution()), batch, None)[0]
    old = to_pytorch(layer, options["others"])
    new = {name: array for name, array in to_pytorch(layer, options["weights"]).items()
           if way in WHOLE or not np.array_equal(array, old[name])}  # else only what changes is given
    tensors = {name: torch.tensor(np.array(array, "float32"), device=backend.place) for name, array in new.items()}

    def made(weights: Any) -> nn.Module:
        module = layers.build(layer, "fused", backend.place, 0.25 if layer.layers > 1 else 0.0)
        layers.set_weights(module, layer, weights)
        if way in SAME:
            next(module.parameters()).requires_grad_(False)
        return module.eval()

    def call(module: nn.Module) -> dict[str, np.ndarray]:
        outputs, states = module(*arguments)
        return {name: layers.to_numpy(t) for name, t in {"outputs": outputs, **layers.name_states(layer, states)}.items()}

    with moment("build"):
        module = made(options["others"])
    told = {"before": description(module)}
    with moment("run"), torch.no_grad():
        before, left = call(module)["outputs"], {}
        if way == "cast":  # nothing of a call in one dtype is in the way of one in another
            module.double()(arguments[0].double(), *arguments[1:])
            module.float()
        if way == "called_with":
            prefix = next(n for n, m in module.named_modules() if isinstance(m, nn.RNNBase))
            named = {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}
            after = call(lambda *given: torch.func.functional_call(module, named, given))
            for wrong in (arguments[0][..., :1], arguments[0][None]):  # another width; an axis more
                with suppress(RuntimeError, ValueError, IndexError):
                    torch.func.functional_call(module, named, (wrong, *arguments[1:]))
            left = {"left/outputs": call(module)["outputs"]}
        else:
            module = with_weights(module, tensors, way, lambda: made(options["weights"]), lambda m: layers.set_weights(
                m, layer, options["others"]))
            after = call(module)
    told |= {"after": description(module)} if way in SAME else {}
    states = {name if name == "outputs" else f"states/{name}": array for name, array in after.items()}
    return Observation({**states, **left, "before/outputs": before}, "fused", facts={"told": tuple(told.items())})


def description(module: nn.Module) -> str:
    """Its options, the modes of its parts, and which of its weights are trained."""
    modes = {name: one.training for name, one in module.named_modules()}
    return f"{module}, training: {modes}, trained: {[name for name, one in module.named_parameters() if one.requires_grad]}"


def with_weights(module: nn.Module, tensors: dict[str, torch.Tensor], way: str, other: Any, spoil: Any) -> nn.Module:
    """The module that has these tensors, given in this way. `other` makes one that has them; `spoil` gives one other weights."""
    recurrent = next(m for m in module.modules() if isinstance(m, nn.RNNBase))
    if way in ("loaded", "assigned"):
        recurrent.load_state_dict(tensors, assign=way == "assigned")
    elif way == "swapped":
        torch.__future__.set_swap_module_params_on_conversion(True)
        try:
            recurrent.load_state_dict(tensors)
        finally:
            torch.__future__.set_swap_module_params_on_conversion(False)
    elif way == "pickled":
        place = io.BytesIO()
        torch.save(other(), place)
        place.seek(0)
        return torch.load(place, weights_only=False)
    elif way == "shared":
        first, *_, last = (name for name in recurrent.state_dict() if name.startswith("weight_hh"))
        setattr(recurrent, last, getattr(recurrent, first))
        module = copy.deepcopy(module)
        recurrent = next(m for m in module.modules() if isinstance(m, nn.RNNBase))
        for name in tensors.keys() - {last}:
            getattr(recurrent, name).copy_(tensors[name])
    elif way == "deep_copied":
        original = other()
        module = copy.deepcopy(original)
        spoil(original)
    elif way.startswith("computed") or way in ("normed", "pruned", "uncomputed"):
        module = reparametrized(module, recurrent, tensors, way)
    elif way == "averaged":
        averaged = torch.optim.swa_utils.AveragedModel(module)
        averaged.update_parameters(other())
        return averaged
    else:
        if way == "cast":
            recurrent.double()
        for name, tensor in tensors.items():
            if way == "replaced":
                setattr(recurrent, name, nn.Parameter(tensor))
            elif way == "registered":
                recurrent.register_parameter(name, nn.Parameter(tensor))
            elif way == "data":
                getattr(recurrent, name).data = tensor
            else:
                getattr(recurrent, name).copy_(tensor)
        if way == "cast":
            recurrent.float()
    return module


class Half(nn.Module):
    """A weight that is half of the parameter it is computed from."""

    def forward(self, whole: torch.Tensor) -> torch.Tensor:
        """Half of it."""
        return whole / 2

    def right_inverse(self, half: torch.Tensor) -> torch.Tensor:
        """What it is half of: what is kept when the weight is set."""
        return half * 2


def reparametrized(module: nn.Module, recurrent: nn.RNNBase, tensors: dict[str, torch.Tensor], way: str) -> nn.Module:
    """The module, its matrices computed from other parameters, which are such that it has these tensors."""
    matrices = [name for name in tensors if name.startswith("weight")]
    for name in matrices:
        if way == "pruned":
            prune.identity(recurrent, name)
        elif way == "normed":
            parametrizations.weight_norm(recurrent, name)
        else:
            parametrize.register_parametrization(recurrent, name, Half())

    def give(each: Mapping[str, torch.Tensor]) -> None:
        for name, tensor in each.items():
            if name in matrices and way == "pruned":
                getattr(recurrent, f"{name}_orig").copy_(tensor)
            else:
                setattr(recurrent, name, tensor) if name in matrices else getattr(recurrent, name).copy_(tensor)

    if way == "uncomputed":
        for name in matrices:
            parametrize.remove_parametrizations(recurrent, name)
        for name, tensor in tensors.items():
            getattr(recurrent, name).copy_(tensor)
        return module
    give(tensors)
    if way != "computed_copied":
        return module
    with torch.enable_grad():  # as in training: what it computed with then has a history
        recurrent(torch.zeros(2, 3, recurrent.input_size))
    copied = copy.deepcopy(module)
    give({name: -tensor for name, tensor in tensors.items()})
    return copied


class Counting(nn.Module):
    """Counts its calls in a buffer that it sets anew."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What came, times the count."""
        self.count = self.count + 1
        return x * self.count


def run_called_apart(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.given_weights.calls_with_others_are_apart`."""
    options, call = dict(request.arguments), torch.func.functional_call

    def made(seed: int) -> nn.Sequential:
        torch.manual_seed(seed)
        module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 3), Counting()).train(
            options["training"])
        if options["tied"]:
            module[2].weight = module[0].weight
        return module

    with moment("build"), torch.random.fork_rng():
        module, other = made(1), made(2)
        other(torch.randn(4, 3))  # its statistics are its own
        x = torch.randn(5, 3)
    kept = {**dict(other.named_parameters()), **dict(other.named_buffers())}  # a weight that stands twice has one name
    given = {name: one.detach().clone() for name, one in kept.items()}
    before = to_numpy(module[1].running_mean)
    with moment("run"), torch.no_grad():
        outputs = call(module, given, (x,))
        others = {**given, "nobody": x}, {name: one for name, one in given.items() if name != "0.bias"}
        refused = [refuses(lambda names=names: call(module, dict(names), (x,), strict=True), RuntimeError) for names in others]
        refused.append(refuses(lambda: call(module, (given, {"0.bias": given["0.bias"]}), (x,))))
        due = other(x)
    both = torch.func.stack_module_state([module, other])
    own = [{**dict(one.named_parameters()), **dict(one.named_buffers())} for one in (module, other)]
    stacked, names = {**both[0], **both[1]}, set(both[0]) == {name for name, _ in module.named_parameters()}
    trained = all(one.is_leaf and one.requires_grad for one in both[0].values())
    apart = all(torch.equal(one, torch.stack([each[name] for each in own])) for name, one in stacked.items())
    unlike = copy.deepcopy(module).train(not module.training)
    refused.append(refuses(lambda: torch.func.stack_module_state([module, unlike]), RuntimeError))
    arrays = {"outputs": outputs, "mean": given["1.running_mean"], "count": given["3.count"], "due/outputs": due,
              "due/mean": other[1].running_mean, "due/count": other[3].count}
    return Observation({**{n: to_numpy(one) for n, one in arrays.items()}, "before": before,
                        "after": to_numpy(module[1].running_mean),
                        "calls": to_numpy(module[3].count), "refused": np.array(refused, float),
                        "stacked": np.array([apart and names and stacked.keys() == own[0].keys(), trained], "float64")})
