"""What surrounds PyTorch models: one model given sequences of many lengths; a data file fetched; a column of a tensor."""

from __future__ import annotations

import os
import tempfile
from typing import Any

import numpy as np
import torch

from cases.layouts import from_pytorch
from cases.models import FunctionRequest
from cases.requests import Execution, Observation, Request
from suite.backends import moment
from suite.backends import pytorch_optimizers as optimizers
from suite.backends.pytorch_layers import detach, to_numpy
from suite.backends.pytorch_layers import parameters as parameters_of
from suite.backends.pytorch_models import Network, load, loss_of


def run_lengths(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.scenarios.lengths.many`. Nothing is traced: each call runs the module's own code."""
    options = dict(request.arguments)
    model, training = options["model"], options["training"]
    name = model.nodes[0].name

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.tensor(np.array(array), dtype=torch.float32, device=backend.place)

    with moment("build"):
        network = Network(model, False, options["weights"], torch.float32, backend.place)
        load(network, options["weights"])
        stepper = optimizers.Stepper(training.optimizer, dict(training.hyper), list(network.parameters()))
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

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.tensor(np.array(array), dtype=torch.float32, device=backend.place)

    with moment("build"):
        network = Network(model, False, options["weights"], torch.float32, backend.place)
        load(network, options["weights"])
        stepper = optimizers.Stepper(training.optimizer, dict(training.hyper), list(network.parameters()))
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
        whole = torch.tensor(np.array(batch.inputs), dtype=torch.float32, device=backend.place, requires_grad=True)
        weight = torch.tensor(np.array(batch.cotangents["outputs"]), dtype=torch.float32, device=backend.place)
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
    rows = torch.tensor(np.array(options["rows"]), dtype=torch.float32, device=backend.place)
    with moment("run"):
        return Observation({"result": to_numpy(rows[:, options["column"]])})


def run_fetch(backend: Any, request: FunctionRequest) -> Observation:
    """`torch.hub.download_url_to_file` on a file of this machine that holds `content`, told the hash of the whole one."""
    options = dict(request.arguments)
    with tempfile.TemporaryDirectory() as folder:
        path, found = os.path.join(folder, "there"), os.path.join(folder, "fetched")
        with open(path, "wb") as file:
            file.write(options["content"])
        with moment("run"):
            torch.hub.download_url_to_file(f"file://{path}", found, hash_prefix=options["sha256"], progress=False)
        with open(found, "rb") as file:
            return Observation({"result": np.frombuffer(file.read(), "uint8").copy()})
