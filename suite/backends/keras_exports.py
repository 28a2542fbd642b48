"""Keras' models exported, and run as a SavedModel of TensorFlow, a program of PyTorch, or by ONNX Runtime."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from typing import Any

import numpy as np

from cases.layouts import to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported, first_line
from suite.backends import keras_layers as stacks
from suite.backends import moment

FORMATS = {"saved_model": "tf_saved_model", "program": "torch", "onnx": "onnx"}
NEEDS = {"saved_model": ("tensorflow",), "program": ("torch",), "onnx": ("onnx", "onnxruntime")}
CONVERTERS = {"tensorflow": ("tf2onnx",), "jax": ("jax2onnx",)}
"""What `Model.export(format="onnx")` needs besides, by engine."""


def run_exported(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.exports`: the layer behind a Masking where there is a mask."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    asked, way = options["request"], options["way"]
    if way == "saved_model" and engine.name == "torch":
        return Unsupported("Keras exports no SavedModel from its torch backend")
    if way == "program" and engine.name != "torch":
        return Unsupported("Keras exports programs of PyTorch from its torch backend alone")
    needed = (*NEEDS[way], *(CONVERTERS.get(engine.name, ()) if way == "onnx" else ()))
    if absent := [name for name in needed if importlib.util.find_spec(name) is None]:
        return Unsupported(f"{absent[0]} is not installed")
    layer, batch = asked.layer, asked.batch
    if batch.initial_states is not None:
        return Unsupported("what Keras exports here is a model of sequences alone")
    source = "argument" if batch.mask is None else "masking"
    with moment("build"):
        stack = stacks.build(keras, layer, "fused", None, source)
        stack.assign(to_keras(layer, asked.weights))
        model = stacks.functional(keras, stack, 1, batch.time, "fused", False, (), options["fixed"])
    inputs, _ = stacks.masked_inputs(asked.but(execution=asked.execution.but(mask_from=source)), batch)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, {"program": "model.pt2", "onnx": "model.onnx"}.get(way, "model"))
        with moment("trace"):
            if way == "onnx":
                model(engine.tensor(inputs.astype("float32")))  # Keras exports nothing that was never called
            try:
                model.export(path, format=FORMATS[way], verbose=False, **open_axes(way, options["fixed"]))
            except ModuleNotFoundError as absent:  # releases before 3.14 convert by onnxscript
                return Unsupported(f"{absent.name} is not installed")
            except (TypeError, ValueError) as error:
                if not (absent := unoffered(str(error))):
                    raise
                return Unsupported(absent)
        with moment("run"):
            outputs = ran(path, way, inputs.astype("float32"))
    return Observation({"outputs": outputs}, way, facts={"padding": backend.padding(layer)})


def unoffered(words: str) -> str:
    """Why this release does not export so: in its words, it knows no such format, or takes no option for it; or nothing."""
    later = ("Unrecognized format", "Invalid format", "export() got an unexpected keyword argument")
    return f"this release does not export so: {first_line(words, 150)}" if any(word in words for word in later) else ""


def open_axes(way: str, fixed: bool) -> dict[str, Any]:
    """What leaves rows open, and steps unless they are fixed, where that must be said."""
    if way != "program":
        return {}
    from torch.export import Dim

    return {"dynamic_shapes": {0: Dim.AUTO} if fixed else {0: Dim.AUTO, 1: Dim.AUTO}}


def ran(path: str, way: str, inputs: np.ndarray) -> np.ndarray:
    """The outputs of what was exported, without Keras."""
    if way == "saved_model":
        import tensorflow

        loaded = tensorflow.saved_model.load(path)  # which must live while its function runs
        outputs = loaded.serve(tensorflow.constant(inputs))
        return np.asarray(outputs[0] if isinstance(outputs, (list, tuple)) else outputs)
    if way == "program":
        import torch

        outputs = torch.export.load(path).module()(torch.tensor(inputs))
        return np.asarray((outputs[0] if isinstance(outputs, (list, tuple)) else outputs).detach())
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: inputs})[0]
