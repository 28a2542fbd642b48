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
from suite.backends import moment, refuses

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
        return Unsupported(why_absent(backend, absent[0]))
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


def why_absent(backend: Any, name: str) -> str:
    """Why a module cannot be imported here."""
    kept_out = f"{name} is kept out of this interpreter, which it would take seconds to import: --inline asks this"
    return kept_out if name in backend.spared else f"{name} is not installed"


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


def run_exported_model(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.exports.exported_models_are_whole`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    way, kind = options["way"], options["kind"]
    if engine.name == "torch":
        return Unsupported("Keras exports no SavedModel from its torch backend")
    if way == "saved" and engine.name != "tensorflow":
        return Unsupported("TensorFlow saves models of its own engine alone")
    if importlib.util.find_spec("tensorflow") is None:
        return Unsupported(why_absent(backend, "tensorflow"))
    calls = [[np.asarray(one, "int32" if one.dtype.kind == "i" else "float32") for one in call] for call in options["calls"]]
    with moment("build"):
        model = whole(keras, options["words"], calls[0], way == "saved") if kind == "joined" else going_on(keras, calls[0][0])
    with moment("run"):
        due = [np.array(model.predict_on_batch(dict(zip(INPUTS, call, strict=True)) if len(call) > 1 else call[0]))
               if way == "saved" else engine.numpy(
            model([engine.tensor(one) for one in call] if len(call) > 1 else engine.tensor(call[0]))) for call in calls]
        if kind != "joined":
            model.layers[-1].reset_state()
    with tempfile.TemporaryDirectory() as folder:
        with moment("trace"):
            trained, serve, endpoints = saved(keras, model, folder, way, calls[0][0] if kind == "stateful" else None)
        with moment("run"):
            came = [serve(call) for call in calls]
    arrays = {f"{name}/{n}": one for name, every in (("due", due), ("outputs", came)) for n, one in enumerate(every)}
    due_trained = len(model.trainable_variables)
    return Observation(arrays, way, facts={"trained": due_trained if trained is None else trained, "due_trained": due_trained,
                                           "endpoints": endpoints})


INPUTS = ("words", "series")


def whole(keras: Any, words: int, call: list[np.ndarray], by_name: bool) -> Any:
    """A model of ids and series, by name or in that order, whose weights are all drawn; some of its layers drop, normalize or are
    frozen."""
    layers = keras.layers
    ids, series = keras.Input((None,), dtype="int32"), keras.Input((None, call[1].shape[-1]))
    last = layers.SimpleRNN(2)(layers.Embedding(words, 3, mask_zero=True)(ids))
    first = layers.SimpleRNN(2, go_backwards=True)(layers.Dropout(0.5)(series))
    normal = layers.BatchNormalization()(layers.Concatenate()([last, first]))
    given = dict(zip(INPUTS, (ids, series), strict=True)) if by_name else [ids, series]
    return drawn(keras.Model(given, layers.Dense(2, trainable=False)(normal)))


def going_on(keras: Any, inputs: np.ndarray) -> Any:
    """A stateful model of as many rows."""
    start = keras.Input(batch_shape=(len(inputs), None, inputs.shape[-1]))
    return drawn(keras.Model(start, keras.layers.SimpleRNN(2, stateful=True)(start)))


def drawn(model: Any) -> Any:
    """The model, every weight of which is moved from where it began."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        if "float" in weight.dtype:
            weight.assign(weight + random.uniform(0.1, 0.5, weight.shape).astype("float32"))
    return model


def saved(keras: Any, model: Any, folder: str, way: str, for_these: np.ndarray | None) -> tuple[int | None, Any, tuple]:
    """How many weights are trained, where that is told, and what serves a call; exported as it is, or `for_these` rows, beside
    an endpoint of whole numbers: then also what is told of what serves by default, and of what the other one reads."""
    import tensorflow

    if way == "saved":
        tensorflow.saved_model.save(model, folder)
        loaded = tensorflow.saved_model.load(folder)
        signature = loaded.signatures["serving_default"]
        specs = signature.structured_input_signature[1].items()

        def by_name(call: list[np.ndarray]) -> np.ndarray:
            """Inputs are told apart by their axes: their names, and so their order, are TensorFlow's own."""
            given = {name: tensorflow.constant(one) for name, spec in specs for one in call if one.ndim == spec.shape.rank}
            return next(iter(signature(**given).values())).numpy()

        return None, by_name, ()
    if for_these is None:
        model.export(folder, format=FORMATS[way], verbose=False)
    else:
        archive, rows = keras.export.ExportArchive(), len(for_these)
        series = tensorflow.TensorSpec((rows, None, *for_these.shape[2:]), for_these.dtype)
        archive.track_and_add_endpoint("serve", model, [series])
        numbers = [keras.Input(batch_shape=(rows, None, 1), dtype="int32")]
        archive.add_endpoint("more", lambda ids: ids + 1, numbers)
        taken = not refuses(lambda: archive.add_endpoint("more", lambda ids: ids - 1, numbers))
        archive.write_out(folder, verbose=False)
    loaded = tensorflow.saved_model.load(folder)
    endpoints = ()
    if for_these is not None:
        default, more = (loaded.signatures[name] for name in ("serving_default", "more"))
        (first,), (read,) = default.structured_outputs.values(), more.structured_input_signature[1].values()
        endpoints = (tuple(first.shape), read.dtype.name, *(("taken",) if taken else ()))

    def served(call: list[np.ndarray]) -> np.ndarray:
        given = [tensorflow.constant(one) for one in call]
        return loaded.serve(given if len(given) > 1 else given[0]).numpy()

    return len(loaded.trainable_variables), served, endpoints


def run_checkpoint(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.exports.checkpoints_hold_everything`."""
    options, keras = dict(request.arguments), backend.keras
    if backend.engine_name != "tensorflow":
        return Unsupported("checkpoints of TensorFlow are of its own engine's models", always=True)
    import tensorflow

    def made(seed: int) -> tuple[Any, dict[str, Any]]:
        """A model all of whose numbers are drawn; name -> variable."""
        layers, random = keras.layers, np.random.default_rng(seed)
        start = keras.Input(batch_shape=(options["rows"], None, options["features"]))
        cells = [layers.LSTMCell(2), layers.GRUCell(2, dropout=0.5)]
        model = keras.Model(start, layers.RNN(cells, stateful=True)(layers.BatchNormalization()(start)))
        model.compile(keras.optimizers.Adam(), "mse")
        model.optimizer.build(model.trainable_variables)
        kept = [one for one in model.variables if "seed" not in one.path]  # of seeds no file of Keras tells
        found = {f"model/{n}": one for n, one in enumerate(kept)}
        found |= {f"optimizer/{n}": one for n, one in enumerate(model.optimizer.variables)}
        for one in found.values():
            numbers = random.integers(1, 99, one.shape) if "int" in one.dtype else random.uniform(0.1, 0.9, one.shape)
            one.assign(numbers.astype(one.dtype))
        return model, found

    def told(when: str, variables: dict[str, Any]) -> dict[str, np.ndarray]:
        return {f"{when}/{name}": np.array(one.numpy()) for name, one in variables.items()}

    with moment("build"):
        (model, variables), (other, others) = made(1), made(2)
    with moment("run"), tempfile.TemporaryDirectory() as folder:
        path = tensorflow.train.Checkpoint(model=model).write(os.path.join(folder, "checkpoint"))
        between = told("between", others)
        tensorflow.train.Checkpoint(model=other).read(path)
        return Observation(told("before", variables) | between | told("after", others))
