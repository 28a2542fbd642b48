"""PyTorch modules' weights: fresh ones, set and read back, and after a step of training with a frozen module."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cases.layers import Layer
from cases.layouts import from_pytorch
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.pytorch import unsupported_layer
from suite.backends.pytorch_layers import CELLS, LAYERS, named_tensors, to_numpy

NOT_DRAWN = "PyTorch has no convolutional recurrent layer: the adapter's own draws no weights"


def made(layer: Layer) -> torch.nn.Module:
    """The module as a user writes it."""
    return LAYERS[layer.cell](layer.features, layer.units, layer.layers, bias=layer.bias, batch_first=True,
                              bidirectional=layer.direction == "bidirectional")


def read(layer: Layer, module: torch.nn.Module) -> dict[str, np.ndarray]:
    """The state dict by this project's names."""
    found = from_pytorch(layer, {name: to_numpy(value) for name, value in module.state_dict().items()})
    return {f"weights/{n}": np.array(a, "float64") for n, a in found.items()}


def loaded(layer: Layer, weights: Any) -> torch.nn.Module:
    """A module with these weights."""
    module = made(layer)
    module.load_state_dict(named_tensors(layer, weights))
    return module


def run_fresh(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.initial_weights.fresh`."""
    options = dict(request.arguments)
    layer = options["layer"]
    if reason := NOT_DRAWN if layer.convolution else unsupported_layer(layer, "fused"):
        return Unsupported(reason)
    if any(name.endswith("_initializer") for name in options["options"]):
        return Unsupported("PyTorch's recurrent modules have no initializers")
    with moment("build"):
        torch.manual_seed(options["seed"])
        module = made(layer)
    named = tuple((name, tuple(value.shape)) for name, value in module.state_dict().items())
    return Observation(read(layer, module), facts={"initial": "pytorch", "own": named})


def run_parameters(backend: Any, request: FunctionRequest) -> Observation:
    """Every parameter of a fresh module, by PyTorch's names, in order: of a stack (`width`: of its projection) or a cell."""
    options = dict(request.arguments)
    layer, form = options["layer"], options["form"]
    with moment("build"):
        torch.manual_seed(options["seed"])
        if form == "cell":
            module = CELLS[layer.cell](layer.features, layer.units, layer.bias)
        else:
            second = ("tanh",) if layer.cell == "simple_rnn" else ()
            more = (options["width"],) if form == "projected" else ()
            both = layer.direction == "bidirectional"  # all by their places: those are documented too
            module = LAYERS[layer.cell](layer.features, layer.units, layer.layers, *second, layer.bias, True, 0.0, both, *more)
    arrays = {name: to_numpy(parameter) for name, parameter in module.named_parameters()}
    if form == "cell":
        return Observation(arrays)
    listed = [id(weight) for part in module.all_weights for weight in part]
    return Observation(arrays, facts={"listed": listed == [id(parameter) for parameter in module.parameters()]})


def run_read_back(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Weights set by `load_state_dict` and read by `state_dict`."""
    options = dict(request.arguments)
    if reason := unsupported_layer(options["layer"], "fused"):
        return Unsupported(reason)
    with moment("run"):
        return Observation(read(options["layer"], loaded(options["layer"], options["weights"])))


def run_step(backend: Any, request: FunctionRequest) -> Observation:
    """One step of SGD: see `cases.families.initial_weights.stepped`."""
    options = dict(request.arguments)
    batch, described = options["batch"], options["layers"]
    with moment("build"):
        modules = [loaded(layer, weights) for layer, weights in zip(described, options["weights"], strict=True)]
        modules[0].requires_grad_(False)
        every = [p for module in modules for p in module.parameters()]
        optimizer = torch.optim.SGD(every, options["rate"])
    with moment("run"):
        arrays = {f"before/{k}{n.removeprefix('weights/0/forward')}": a for k, module in enumerate(modules)
                  for n, a in read(described[k], module).items()}
        x = torch.tensor(np.array(batch.inputs, "float32"))
        if batch.mask is not None:
            x = pack_padded_sequence(x, torch.tensor(batch.lengths), batch_first=True, enforce_sorted=False)
        outputs = modules[1](modules[0](x)[0])[0]
        if batch.mask is not None:
            outputs = pad_packed_sequence(outputs, batch_first=True, total_length=batch.time)[0]
        errors = (outputs - torch.tensor(np.array(options["targets"], "float32"))) ** 2
        loss = errors.mean(dim=-1)[torch.tensor(batch.valid)].mean()
        loss.backward()
        optimizer.step()
        arrays.update({f"after/{k}{n.removeprefix('weights/0/forward')}": a for k, module in enumerate(modules)
                       for n, a in read(described[k], module).items()})
    return Observation({**arrays, "loss": to_numpy(loss), "error": to_numpy(loss), "losses": np.zeros(0)},
                       facts={"bounded": "PyTorch's recurrent modules have no regularizers and no constraints"})
