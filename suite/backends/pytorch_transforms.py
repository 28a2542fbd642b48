"""PyTorch's layers under `torch.func`: forward mode, mapping over rows, the gradients of each row."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.func import functional_call, grad, jvp, vmap
from torch.utils.checkpoint import checkpoint

from cases.layouts import from_pytorch, to_pytorch
from cases.models import FunctionRequest
from cases.requests import Observation, Request, Unsupported
from suite.backends import moment
from suite.backends import pytorch_layers as layers


def run_transformed(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.transforms.transformed`."""
    options = dict(request.arguments)
    asked, transform = options["request"], options["transform"]
    layer, batch = asked.layer, asked.batch
    if reason := backend.supports(asked):
        return Unsupported(reason)
    packed = batch.mask is not None and asked.execution.kernel != "generic"
    if packed and transform not in ("forward mode", "second order", "torch.compile"):
        return Unsupported("packing has its lengths before anything is mapped: rows cannot have lengths of their own")
    module = backend._module(asked)
    if transform == "torch.compile":
        return run_compiled(backend, asked, module)
    own = {name: parameter.detach() for name, parameter in layers.parameters(module).items()}
    places = {id(parameter): place for place, parameter in module.named_parameters()}
    full = {name: places[id(parameter)] for name, parameter in layers.parameters(module).items()}
    (inputs, mask, _), _ = backend._arguments(asked, batch, None)
    states = {name: backend._tensor(array, layer) for name, array in (batch.initial_states or {}).items()}
    cotangents = {name: backend._tensor(array, layer) for name, array in batch.cotangents.items()}

    def run(weights: dict, x: Any, given: dict, valid: Any) -> dict[str, Any]:
        stacked = layers.stack_states(layer, given) if given else None
        outputs, last = functional_call(module, {full[n]: w for n, w in weights.items()}, (x, valid, stacked))
        return {"outputs": outputs, **{f"states/{n}": s for n, s in layers.name_states(layer, last).items()}}

    def loss(weights: dict, x: Any, given: dict, valid: Any, along: dict) -> Any:
        found = run(weights, x, given, valid)
        return sum((found[name] * each).sum() for name, each in along.items())

    def row(tensors: Any) -> Any:
        return {n: t[None] for n, t in tensors.items()} if isinstance(tensors, dict) else tensors[None]

    axis = None if mask is None else 0
    with moment("run"):
        if transform in ("forward mode", "second order"):
            along = {name: backend._tensor(array, layer) for name, array in options["tangents"].items()}
            named = {n.removeprefix("weights/"): a for n, a in options["tangents"].items() if n.startswith("weights/")}
            weights = {name: backend._tensor(array, layer) for name, array in to_pytorch(layer, named).items()}
        if transform == "second order":
            given = {"inputs": inputs, **{f"states/{name}": one for name, one in states.items()}}
            for one in (*own.values(), *given.values()):
                one.requires_grad_()
            leaves, ways = [*own.values(), *given.values()], [*(weights[n] for n in own), *(along[n] for n in given)]
            found = run(own, inputs, states, mask)
            squares = sum((found[name].square() * each).sum() for name, each in cotangents.items()) / 2
            first = torch.autograd.grad(squares, leaves, create_graph=True)
            second = torch.autograd.grad(sum((a * b).sum() for a, b in zip(first, ways, strict=True)), leaves,
                                         allow_unused=True, materialize_grads=True)
            named = dict(zip((*own, *given), map(layers.to_numpy, second), strict=True))
            named |= {f"weights/{n}": a for n, a in from_pytorch(layer, {n: named.pop(n) for n in own}).items()}
            return Observation({f"gradients/{name}": array for name, array in named.items()})
        if transform == "forward mode":
            _, found = jvp(lambda w, x, s: loss(w, x, s, mask, cotangents), (own, inputs, states),
                           (weights, along["inputs"], {name: along[f"states/{name}"] for name in states}))
            return Observation({"derivative": layers.to_numpy(found)})
        if transform == "mapping over rows":
            one = vmap(lambda x, s, m: {n: t[0] for n, t in run(own, row(x), row(s), None if m is None else row(m)).items()},
                       (0, 0, axis))
            found = {n: layers.to_numpy(t) for n, t in one(inputs, states, mask).items()}
            return Observation(found, facts={"padding": backend.padding(layer)})
        each = vmap(grad(lambda w, x, s, m, c: loss(w, row(x), row(s), None if m is None else row(m), row(c))),
                    (None, 0, 0, axis, 0))
        found = {n: layers.to_numpy(t) for n, t in each(own, inputs, states, mask, cotangents).items()}
    rows = [from_pytorch(layer, {n: a[i] for n, a in found.items()}) for i in range(batch.size)]
    return Observation({f"gradients/weights/{n}": np.stack([one[n] for one in rows]) for n in rows[0]},
                       facts={"padding": backend.padding(layer)})


def run_compiled(backend: Any, asked: Request, module: Any) -> Observation:
    """What a module gives that `torch.compile` traced, without its code generator, and its gradients."""
    arguments, leaves = backend._arguments(asked, asked.batch, None, True)
    with moment("run"):
        outputs, last = torch.compile(module, backend="aot_eager")(*arguments)
        found = {name: layers.to_numpy(tensor) for name, tensor in backend._results(asked.layer, outputs, last).items()}
        found |= backend._gradients(asked, module, leaves, outputs, layers.name_states(asked.layer, last))
    return Observation(found, facts={"padding": backend.padding(asked.layer)})


def run_recomputed(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.transforms.recomputed_layers_are_trained_alike`."""
    options, found = dict(request.arguments), {}
    layer, batch = options["layer"], options["batch"]
    if options["mode"] != "full" or options["rate"] or not options["eager"]:
        return Unsupported("PyTorch has torch.utils.checkpoint and no other way; with dropout stacks are asked")
    for name in ("plain", "recomputed"):
        with moment("build"):
            module = layers.build(layer, "fused", backend.place)
            layers.set_weights(module, layer, options["weights"])
            inputs = backend._tensor(batch.inputs, layer)

        def halved(inputs: torch.Tensor, of: float = 1.0, module: torch.nn.Module = module) -> torch.Tensor:
            return module(torch.nn.functional.linear(inputs, of * torch.eye(inputs.shape[2])).float(), None, None)[0]

        with moment("run"):
            with torch.autocast("cpu", enabled=layer.cell == "gru"):
                outputs = halved(inputs, of=0.5) if name == "plain" else checkpoint(halved, inputs, of=0.5, use_reentrant=False)
            (outputs ** 2).sum().backward()
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter -= 0.1 * parameter.grad
        found |= {f"{name}/{n}": a for n, a in layers.get_weights(module, layer).items()}
    return Observation(found)
