"""What a PyTorch module, PyTorch and the process hold around calls, and whether calls change it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)

from cases.batches import Batch
from cases.models import FunctionRequest
from cases.requests import Execution, Observation, Request, Unsupported
from suite.backends import generators, moment
from suite.backends import pytorch_layers as layers
from suite.backends.purity import watched
from suite.backends.pytorch import unpackable, unsupported_layer


def held(module: Any) -> dict[str, np.ndarray]:
    """Parameters, buffers, gradients, modes, and every generator of random numbers."""
    found = {**generators(), "torch's generator": torch.get_rng_state().numpy(), "training": np.array(module.training)}
    for name, parameter in module.named_parameters():
        found[f"parameter {name}"] = layers.to_numpy(parameter)
        found[f"gradient of {name}"] = np.array(parameter.grad is not None)
    return found | {f"buffer {name}": layers.to_numpy(b) for name, b in module.named_buffers()}


def run_purity(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.purity.watched`."""
    options = dict(request.arguments)
    layer = options["layer"]
    for batch in (options["batch"], options["other"]):
        if reason := unsupported_layer(layer, "fused") or unpackable(batch):
            return Unsupported(reason)

    shared: list[str] = []

    def arguments(batch: Batch) -> tuple:
        asked = Request(layer, options["weights"], batch, execution=Execution())
        inputs, lengths, states = backend._arguments(asked, batch, None)[0]
        if options["given"] == "numpy":  # a tensor that shares its memory with the user's array
            inputs = torch.from_numpy(np.array(batch.inputs, "float32"))
        elif lengths is not None:  # packed by the user, who sees what becomes of it
            return pack_padded_sequence(inputs, lengths, True, enforce_sorted=False), None, states
        return inputs, lengths, states

    def seen(given: tuple) -> dict[str, np.ndarray]:
        inputs, lengths, states = given
        packed = inputs if isinstance(inputs, PackedSequence) else ()
        found = {f"packed {n}": layers.to_numpy(part) for n, part in enumerate(packed)} or {"inputs": layers.to_numpy(inputs)}
        found |= {} if lengths is None else {"lengths": layers.to_numpy(lengths)}
        parts = states if isinstance(states, tuple) else () if states is None else (states,)
        found |= {f"states {n}": layers.to_numpy(s) for n, s in enumerate(parts)}
        return found | {"results that lie in each other's memory": np.array(len(shared))}

    def fresh() -> Any:
        made = layers.build(layer, "fused", backend.place)
        layers.set_weights(made, layer, options["weights"])
        return made.train(options["mode"] == "training")

    def call(module: Any, given: tuple) -> dict[str, np.ndarray]:
        with torch.set_grad_enabled(not options["idle"]):
            outputs, states = module(*given)
        if isinstance(outputs, PackedSequence):
            outputs = pad_packed_sequence(outputs, True)[0]
        every = {"outputs": outputs, **layers.name_states(layer, states)}
        arrays = {name: layers.to_numpy(tensor) for name, tensor in every.items()}
        for number, (name, tensor) in enumerate(every.items()):  # what is written is one's own
            tensor.detach().fill_(7)
            shared.extend(f"{name} and {other}" for other, one in list(every.items())[number + 1:]
                          if not np.array_equal(layers.to_numpy(one), arrays[other]))
        return arrays

    return Observation(watched(options, fresh, arguments, seen, held, call), "fused")


def run_helper(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.purity.helpers_change_no_arguments`."""
    options = dict(request.arguments)
    draws = options["gradients"]

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.tensor(np.array(array, "float32"), requires_grad=draws)

    sequences, padded = [tensor(one) for one in options["sequences"]], tensor(options["padded"])
    lengths, packed = torch.tensor(options["lengths"]), pack_sequence(sequences, enforce_sorted=False)
    given = {"pad": sequences, "pack": [*sequences, padded], "unpack": packed, "unpad": [padded, lengths]}[options["helper"]]

    def seen() -> dict[str, np.ndarray]:
        return {f"{n}": layers.to_numpy(one) for n, one in enumerate(given) if one is not None} | {"count": np.array(len(given))}

    def call() -> dict[str, np.ndarray]:
        first = options["batch_first"]
        if options["helper"] == "pack":
            rows, steps = padded.shape[:2] if first else padded.shape[1::-1]
            parts = (*pack_sequence(sequences, enforce_sorted=False), *pack_padded_sequence(padded, [steps] * rows, first)[:2])
        else:
            parts = ([pad_sequence(given, first)] if options["helper"] == "pad" else unpack_sequence(given)
                     if options["helper"] == "unpack" else unpad_sequence(padded, lengths, first))
        arrays = {f"{n}": layers.to_numpy(one).copy() for n, one in enumerate(parts)}
        for one in parts:  # what is written is one's own
            one.detach().fill_(7)
        return arrays

    with moment("run"):
        before = seen()
        calls = {"first": call()}
        after = seen()
        calls["again"] = call()
    named = {f"calls/{name}/{n}": a for name, each in calls.items() for n, a in each.items()}
    named |= {f"arguments/{when}/{n}": a for when, each in (("before", before), ("after", after)) for n, a in each.items()}
    return Observation(named)


def run_mixed_dtypes(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.purity.order_of_dtypes_is_nothing`: the sequences as they come back, and as they were
    given, as float64."""
    options = dict(request.arguments)
    given = [torch.tensor(np.array(one)).to(getattr(torch, dtype))
             for one, dtype in zip(options["sequences"], options["dtypes"], strict=True)]
    with moment("run"):
        if options["helper"] == "pad":
            found = [row[:len(one)] for row, one in zip(pad_sequence(given, batch_first=True), given, strict=True)]
        else:
            found = unpack_sequence(pack_sequence(given, enforce_sorted=False))
    return Observation({f"{name}/{n}": one.double().numpy() for name, each in (("given", given), ("result", found))
                        for n, one in enumerate(each)})
