"""What a PyTorch module, PyTorch and the process hold around calls, and whether calls change it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from cases.batches import Batch
from cases.models import FunctionRequest
from cases.requests import Execution, Observation, Request, Unsupported
from suite.backends import generators
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

    def arguments(batch: Batch) -> tuple:
        asked = Request(layer, options["weights"], batch, execution=Execution())
        inputs, lengths, states = backend._arguments(asked, batch, None)[0]
        if options["given"] == "numpy":  # a tensor that shares its memory with the user's array
            inputs = torch.from_numpy(np.array(batch.inputs, "float32"))
        return inputs, lengths, states

    def seen(given: tuple) -> dict[str, np.ndarray]:
        inputs, lengths, states = given
        found = {"inputs": layers.to_numpy(inputs), **({} if lengths is None else {"lengths": layers.to_numpy(lengths)})}
        parts = states if isinstance(states, tuple) else () if states is None else (states,)
        return found | {f"states {n}": layers.to_numpy(s) for n, s in enumerate(parts)}

    def fresh() -> Any:
        made = layers.build(layer, "fused", backend.place)
        layers.set_weights(made, layer, options["weights"])
        return made.train(options["mode"] == "training")

    def call(module: Any, given: tuple) -> dict[str, np.ndarray]:
        with torch.set_grad_enabled(not options["idle"]):
            outputs, states = module(*given)
        every = {"outputs": outputs, **layers.name_states(layer, states)}
        return {name: layers.to_numpy(tensor) for name, tensor in every.items()}

    return Observation(watched(options, fresh, arguments, seen, held, call), "fused")
