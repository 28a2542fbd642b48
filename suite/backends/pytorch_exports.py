"""PyTorch's layers exported, and run as a program (`torch.export`) or by ONNX Runtime."""

from __future__ import annotations

import importlib.util
import io
import warnings
from typing import Any

import numpy as np
import torch

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends import pytorch_layers as layers


class Alone(torch.nn.Module):
    """A recurrent module that is called with sequences, lengths where it is `packed`, and states where there are some. It gives
    its outputs, and its last states where it is given states or is to tell them."""

    def __init__(self, module: torch.nn.Module, packed: bool, tells: bool = False):
        super().__init__()
        self.module, self.packed, self.tells = module, packed, tells

    def forward(self, inputs: torch.Tensor, *more: torch.Tensor) -> Any:
        """Outputs (batch, time, features), and each state (layers * directions, batch, units)."""
        states = more[1:] if self.packed else more
        given = (states if len(states) > 1 else states[0],) if states else ()
        if self.packed:
            packed = torch.nn.utils.rnn.pack_padded_sequence(inputs, more[0], batch_first=True, enforce_sorted=False)
            result, last = self.module(packed, *given)
            outputs = torch.nn.utils.rnn.pad_packed_sequence(result, batch_first=True)[0]
        else:
            outputs, last = self.module(inputs, *given)
        return (outputs, *(last if isinstance(last, tuple) else (last,))) if states or self.tells else outputs


def run_exported(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.exports`."""
    options = dict(request.arguments)
    asked, way = options["request"], options["way"]
    layer, batch = asked.layer, asked.batch
    if way == "saved_model":
        return Unsupported("PyTorch has no SavedModel")
    if way == "program" and batch.mask is not None:
        return Unsupported("torch.export takes no packed sequences")
    if way == "onnx" and (absent := [n for n in ("onnx", "onnxruntime") if importlib.util.find_spec(n) is None]):
        return Unsupported(f"{absent[0]} is not installed")
    with moment("build"):
        alone = Alone(backend._module(asked).rnn, batch.mask is not None, way == "program").eval()
    traced, found = (backend._tensor(a, layer) for a in (np.ones((*options["traced"], layer.features)), batch.inputs))
    lengths = () if batch.mask is None else (torch.tensor(batch.mask.sum(axis=1)),)
    states: tuple = ()
    if batch.initial_states is not None:
        stacked = layers.stack_states(layer, {n: backend._tensor(a, layer) for n, a in batch.initial_states.items()})
        states = stacked if isinstance(stacked, tuple) else (stacked,)
    with moment("trace"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if way == "program":
            free = torch.export.Dim.AUTO
            axes = {0: free} if options["fixed"] else {0: free, 1: free}
            program = torch.export.export(alone, (traced,), dynamic_shapes=(axes,)).module()
        else:
            program = exported(alone, traced, states, options["fixed"])
    with moment("run"):
        results = program(found, *lengths, *states)
    outputs, *last = (np.asarray(r.detach() if isinstance(r, torch.Tensor) else r)
                      for r in (results if isinstance(results, (tuple, list)) else (results,)))
    missing = batch.time - outputs.shape[1]  # what is packed comes back as long as the longest row
    arrays = {"outputs": np.pad(outputs, ((0, 0), (0, missing), (0, 0)))}
    if last:
        arrays |= {f"states/{n}": a for n, a in layers.name_states(layer, tuple(last) if len(last) > 1 else last[0]).items()}
    return Observation(arrays, way, facts={"padding": "zero"})


def exported(alone: Alone, traced: torch.Tensor, states: tuple, fixed: bool) -> Any:
    """The module in ONNX Runtime, rows left open, and steps unless they are fixed: tensors -> arrays."""
    import onnxruntime

    open_axes = {0: "rows"} if fixed else {0: "rows", 1: "steps"}
    named = {"inputs": open_axes, "outputs": open_axes}
    arguments: tuple = (traced,)
    names = ["inputs"]
    if alone.packed:
        names, named["lengths"], arguments = [*names, "lengths"], {0: "rows"}, (traced, torch.arange(len(traced), 0, -1))
    for number, state in enumerate(states):
        names.append(f"state{number}")
        named |= {f"state{number}": {1: "rows"}, f"last{number}": {1: "rows"}}
        arguments = (*arguments, torch.ones(state.shape[0], len(traced), state.shape[2]))
    place = io.BytesIO()
    torch.onnx.export(alone, arguments, place, dynamo=False, input_names=names,
                      output_names=["outputs", *(f"last{n}" for n in range(len(states)))], dynamic_axes=named)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(place.getvalue(), options, providers=["CPUExecutionProvider"])

    def run(*tensors: torch.Tensor) -> list[np.ndarray]:
        return session.run(None, dict(zip(names, (t.numpy() for t in tensors), strict=True)))

    return run
