"""What surrounds PyTorch models: one model given sequences of many lengths; a data file fetched; a column of a tensor; what
packed sequences go through."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from cases.layouts import from_pytorch
from cases.models import FunctionRequest
from cases.requests import Execution, Observation, Request
from suite.backends import moment
from suite.backends import pytorch_optimizers as optimizers
from suite.backends.pytorch_layers import detach, to_numpy
from suite.backends.pytorch_layers import parameters as parameters_of
from suite.backends.pytorch_models import Network, load, loss_of


def _tensor(backend: Any, array: Any, **options: Any) -> torch.Tensor:
    """A copy in float32 on the backend's device."""
    return torch.tensor(np.array(array), dtype=torch.float32, device=backend.place, **options)


def _trained(backend: Any, model: Any, options: Mapping[str, Any]) -> tuple[Network, optimizers.Stepper]:
    """The model with the weights of `options`, and what makes the steps of its `training`."""
    network, training = Network(model, False, options["weights"], torch.float32, backend.place), options["training"]
    load(network, options["weights"])
    return network, optimizers.Stepper(training.optimizer, dict(training.hyper), list(network.parameters()))


def run_lengths(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.scenarios.lengths.many`. Nothing is traced: each call runs the module's own code."""
    options = dict(request.arguments)
    model, training = options["model"], options["training"]
    name = model.nodes[0].name
    tensor = partial(_tensor, backend)
    with moment("build"):
        network, stepper = _trained(backend, model, options)
        calls: list[int] = []
        network.register_forward_pre_hook(lambda *_: calls.append(1))
    arrays, counts, before = {}, {}, [id(p) for p in network.parameters()]
    with moment("run"):
        network.eval()
        for number, one in enumerate(options["inputs"]):
            with torch.no_grad():
                arrays[f"predictions/{number}"] = to_numpy(network({name: tensor(one)}, None).output)
            counts[f"predict/{number}"] = len(calls)
            calls.clear()
        network.train()
        for number in range(options["steps"]):
            stepper.optimizer.zero_grad()
            loss = loss_of(training, network({name: tensor(options["inputs"][number])}, None), tensor(options["targets"][number]))
            loss.backward()
            stepper.step()
            arrays[f"losses/{number}"] = to_numpy(loss)
            counts[f"train/{number}"] = len(calls)
            calls.clear()
    return Observation(arrays, facts={
        "traces": counts, "eager": True, "same_weights": before == [id(p) for p in network.parameters()], "padding": "zero",
        "stack": "torch", "one_bias": False, "parameters": sum(p.numel() for p in network.parameters()),
    })


def run_stateful(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.scenarios.lengths.carried`: the states of the first layer are handed on, detached, by hand."""
    options = dict(request.arguments)
    model, training = options["by_hand"], options["training"]
    sequences, *states = (n.name for n in model.nodes if n.op == "input")
    tensor = partial(_tensor, backend)
    with moment("build"):
        network, stepper = _trained(backend, model, options)
        place = next(i for i, n in enumerate(model.nodes) if n.op == "recurrent")
    carried: list[torch.Tensor] | None = None
    losses = []
    with moment("run"):
        network.train()
        for what, inputs, targets in options["calls"]:
            if what == "reset":
                carried = None
                continue
            x = tensor(inputs)
            if carried is None:
                carried = [torch.zeros(len(x), model.nodes[place]["layer"].units, device=x.device) for _ in states]
            given = {sequences: x, **dict(zip(states, carried, strict=True))}
            with torch.no_grad():
                _, last = network.parts[place](x, None, tuple(state[None] for state in carried))
            stepper.optimizer.zero_grad()
            loss = loss_of(training, network(given, None), tensor(targets))
            if what == "train":
                loss.backward()
                stepper.step()
            losses.append(to_numpy(loss))
            carried = [state[0] for state in last]
    return Observation({"losses": np.array(losses)}, facts={"padding": "zero", "stack": "torch", "one_bias": False})


def run_cut(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.scenarios.stateful_chunks.states_by_hand`: (h, c) is passed on by hand, detached or not."""
    options = dict(request.arguments)
    layer, batch, at = options["layer"], options["batch"], options["at"]
    module = backend._module(Request(layer, options["weights"], batch, execution=Execution(mode="training")))
    with moment("run"):
        whole = _tensor(backend, batch.inputs, requires_grad=True)
        weight = _tensor(backend, batch.cotangents["outputs"])
        _, states = module(whole[:, :at], None, None)
        outputs, _ = module(whole[:, at:], None, detach(states) if options["detached"] else states)
        parameters = parameters_of(module)
        inputs, *slopes = torch.autograd.grad((outputs * weight[:, at:]).sum(), [whole, *parameters.values()])
    named = from_pytorch(layer, dict(zip(parameters, map(to_numpy, slopes), strict=True)))
    return Observation({"gradients/inputs": to_numpy(inputs), **{f"gradients/weights/{n}": a for n, a in named.items()}},
                       facts={"padding": "zero"})


def run_column(backend: Any, request: FunctionRequest) -> Observation:
    """A column of a tensor."""
    options = dict(request.arguments)
    rows = _tensor(backend, options["rows"])
    with moment("run"):
        return Observation({"result": to_numpy(rows[:, options["column"]])})


def run_fetch(backend: Any, request: FunctionRequest) -> Observation:
    """`torch.hub.download_url_to_file` on a file of this machine that holds `content`, told the hash of the whole one, or
    none."""
    options = dict(request.arguments)
    with tempfile.TemporaryDirectory() as folder:
        path, found = os.path.join(folder, "there"), os.path.join(folder, "fetched")
        with open(path, "wb") as file:
            file.write(options["content"])
        with moment("run"):
            torch.hub.download_url_to_file(f"file://{path}", found, hash_prefix=options["sha256"] or None, progress=False)
        with open(found, "rb") as file:
            return Observation({"result": np.frombuffer(file.read(), "uint8").copy()})


THROUGH: Mapping[str, Callable[[Any], Any]] = {
    "LSTM": lambda x: nn.LSTM(3, 4)(x)[0],
    "Bidirectional": lambda x: nn.LSTM(3, 4, bidirectional=True)(x)[0],
    "Dense": lambda x: nn.Linear(3, 5)(x),
    "Dropout": lambda x: nn.Dropout(0.0)(x),
    "Activation": torch.tanh,
    "BatchNormalization": lambda x: nn.BatchNorm1d(3)(x),
    "Add": lambda x: x + x,
    "Multiply": lambda x: x * x,
    "Concatenate": lambda x: torch.cat([x, x], dim=-1),
    "Embedding": lambda x: nn.Embedding(9, 3)(x),
    "slicing": lambda x: x[:, 1:],
    "Reshape": lambda x: torch.reshape(x, (4, -1, 3)),
    "Flatten": lambda x: nn.Flatten()(x),
    "Permute": lambda x: torch.permute(x, (0, 2, 1)),
    "Conv1D": lambda x: nn.Conv1d(3, 5, 2)(x),
    "MaxPooling1D": lambda x: nn.MaxPool1d(1)(x),
    "AveragePooling1D": lambda x: nn.AvgPool1d(1)(x),
    "GlobalAveragePooling1D": lambda x: x.mean(dim=1),
    "LayerNormalization": lambda x: nn.LayerNorm(3)(x),
    "Average": lambda x: torch.mean(torch.stack([x, x]), dim=0),
    "Maximum": lambda x: torch.maximum(x, x),
    "Minimum": lambda x: torch.minimum(x, x),
    "Concatenate_in_time": lambda x: torch.cat([x, x], dim=1),
    "Dot": lambda x: torch.einsum("btf,bsf->bts", x, x),
    "operator": lambda x: x * 2,
}
"""Name of a layer or operation -> what its user writes, of three features."""


def run_packed(backend: Any, request: FunctionRequest) -> Observation:
    """What comes of a packed sequence that is given to a layer or operation, by its name in `THROUGH`; its lengths, where it is
    a packed sequence again."""
    options = dict(request.arguments)
    inputs = torch.tensor(np.array(options["inputs"]))
    inputs = inputs.to(torch.float32) if inputs.is_floating_point() else inputs
    with moment("run"), torch.no_grad():
        given = pack_padded_sequence(inputs, torch.tensor(np.array(options["lengths"])), batch_first=True, enforce_sorted=False)
        found = THROUGH[options["layer"]](given)
        is_packed = isinstance(found, PackedSequence)
        arrays = {"lengths": pad_packed_sequence(found)[1].numpy()} if is_packed else {}
    return Observation(arrays, facts={"kind": type(found).__name__})
