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


class Alone(torch.nn.Module):
    """A recurrent module that is called with sequences, and lengths where there are some, and gives its outputs."""

    def __init__(self, module: torch.nn.Module):
        super().__init__()
        self.module = module

    def forward(self, inputs: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Outputs (batch, time, features)."""
        if lengths is None:
            return self.module(inputs)[0]
        packed = torch.nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        return torch.nn.utils.rnn.pad_packed_sequence(self.module(packed)[0], batch_first=True)[0]


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
        alone = Alone(backend._module(asked).rnn).eval()
    traced, found = (backend._tensor(a, layer) for a in (np.ones((*options["traced"], layer.features)), batch.inputs))
    lengths = None if batch.mask is None else torch.tensor(batch.mask.sum(axis=1))
    with moment("trace"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if way == "program":
            free = torch.export.Dim.AUTO
            axes = {0: free} if options["fixed"] else {0: free, 1: free}
            program = torch.export.export(alone, (traced,), dynamic_shapes=(axes,)).module()
        else:
            program = exported(alone, traced, lengths, options["fixed"])
    with moment("run"):
        outputs = program(found) if lengths is None else program(found, lengths)
    outputs = np.asarray(outputs.detach() if isinstance(outputs, torch.Tensor) else outputs)
    missing = batch.time - outputs.shape[1]  # what is packed comes back as long as the longest row
    return Observation({"outputs": np.pad(outputs, ((0, 0), (0, missing), (0, 0)))}, way, facts={"padding": "zero"})


def exported(alone: Alone, traced: torch.Tensor, lengths: torch.Tensor | None, fixed: bool) -> Any:
    """The module in ONNX Runtime, rows left open, and steps unless they are fixed: tensors -> array."""
    import onnxruntime

    open_axes = {0: "rows"} if fixed else {0: "rows", 1: "steps"}
    named = {"inputs": open_axes, "outputs": open_axes}
    arguments: tuple = (traced,)
    if lengths is not None:
        named["lengths"], arguments = {0: "rows"}, (traced, torch.arange(len(traced), 0, -1))
    place = io.BytesIO()
    torch.onnx.export(alone, arguments, place, dynamo=False, input_names=["inputs", "lengths"][:len(arguments)],
                      output_names=["outputs"], dynamic_axes=named)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(place.getvalue(), options, providers=["CPUExecutionProvider"])

    def run(*tensors: torch.Tensor) -> np.ndarray:
        given = dict(zip(("inputs", "lengths"), (t.numpy() for t in tensors), strict=False))
        return session.run(None, given)[0]

    return run
