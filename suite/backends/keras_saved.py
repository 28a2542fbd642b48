"""Keras models with recurrent layers: trained, saved in every way, loaded, and trained on."""

from __future__ import annotations

import contextlib
import copy
import io
import os
import pickle
import tempfile
from functools import lru_cache
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment, refuses
from suite.backends.keras_again import has_folders, loaded, remade


def parts(keras: Any, part: str) -> list[Any]:
    """The layers of a model, not built; the last one gives two numbers a row."""
    layers = keras.layers
    made = {
        "lstm": lambda: [layers.LSTM(4, return_sequences=True, dropout=0.0), layers.LSTM(5)],
        "gru": lambda: [layers.GRU(4, return_sequences=True), layers.GRU(5, reset_after=False)],
        "simple_rnn": lambda: [layers.SimpleRNN(4, return_sequences=True), layers.SimpleRNN(5)],
        "bidirectional": lambda: [layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
                                  layers.Bidirectional(layers.GRU(3), "sum")],
        "unmerged": lambda: [layers.Bidirectional(layers.LSTM(4), None)],
        "cells": lambda: [layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)])],
        "conv_lstm": lambda: [layers.ConvLSTM2D(3, (1, 3)), layers.Flatten()],
        "words": lambda: [layers.TimeDistributed(layers.LSTM(4)), layers.GRU(3)],
        "stateful": lambda: [layers.SimpleRNN(4, stateful=True)],
        "normalized": lambda: [layers.GRU(4, return_sequences=True, dropout=0.5), layers.BatchNormalization(), layers.LSTM(3)],
        "embedded": lambda: [layers.Embedding(9, 3, mask_zero=True), layers.Bidirectional(layers.LSTM(4)), layers.Dropout(0.0)],
        "loops": lambda: [layers.Bidirectional(layers.RNN(layers.LSTMCell(4)))],
    }[part]()
    return [*made, layers.Dense(2)]


def make(keras: Any, part: str, kind: str, shape: tuple[int, ...], loss: str = "object") -> Any:
    """The model, compiled with this loss. `shape`: that of its inputs; the first axis is fixed for a stateful layer alone."""
    layers = parts(keras, part)
    given = {"batch_shape": shape if part == "stateful" else (None, *shape[1:]),
             "dtype": "int32" if part == "embedded" else "float32"}
    if kind in ("sequential", "deferred"):
        model = keras.Sequential([*([keras.Input(**given)] if kind == "sequential" else []), *layers])
    elif kind == "own":
        model = own_model(keras)(part)
    else:
        model = through(keras, keras.Input(**given), layers)
        model = through(keras, keras.Input(**given), [model]) if kind == "nested" else model
    model.compile(keras.optimizers.Adam(0.01), keras.losses.MeanSquaredError() if loss == "object" else loss)
    return model


def through(keras: Any, start: Any, layers: list[Any]) -> Any:
    """The functional model of the layers."""
    return keras.Model(start, chained(keras, start, layers))


def chained(keras: Any, found: Any, layers: list[Any]) -> Any:
    """What the layers give, one after another; two outputs of one are joined."""
    for layer in layers:
        found = layer(keras.layers.Concatenate()(found) if isinstance(found, (list, tuple)) else found)
    return found


@lru_cache(maxsize=1)
def own_model(keras: Any) -> type:
    """The class of a model of a user's own, which calls its layers one after another and builds none of them."""
    @keras.saving.register_keras_serializable("rnn_conformance")
    class OwnModel(keras.Model):
        def __init__(self, part: str, **kwargs: Any):
            super().__init__(**kwargs)
            self.part, self.inner = part, parts(keras, part)

        def call(self, inputs: Any) -> Any:
            return chained(keras, inputs, self.inner)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "part": self.part}

    return OwnModel


def run_saved(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer a request of `cases.families.saved.asked`."""
    options, keras = dict(request.arguments), backend.keras
    part, way, kind = options["part"], options["way"], options["kind"]
    if way == "folder" and not has_folders(keras):
        return Unsupported("this release writes no folders")
    x, y = options["inputs"].astype("int32" if part == "embedded" else "float32"), options["targets"].astype("float32")
    arrays: dict[str, np.ndarray] = {}

    def predicted(model: Any) -> np.ndarray:
        forget(model)
        return np.asarray(model.predict_on_batch(x), "float32")

    def trained(model: Any) -> float:
        forget(model)
        backend.engine.hasten(model, y)
        return float(np.ravel(model.train_on_batch(x, y))[0])

    with moment("build"):
        keras.utils.set_random_seed(1)
        keras.config.set_dtype_policy(options["policy"])
        try:
            model = make(keras, part, kind, x.shape, options["loss"])
        finally:
            keras.config.set_dtype_policy("float32")
    with moment("run"):
        arrays["predictions/fresh"] = predicted(model)
        for _ in range(2):
            trained(model)
        arrays["predictions/before"] = predicted(model)
    with moment("trace"), tempfile.TemporaryDirectory() as folder:
        forget(model)
        if options["before"] != "nothing":
            path = os.path.join(folder, f"model.{options['before']}")
            (model.save_weights if "weights" in options["before"] else model.save)(path)
        other = again(keras, model, part, way, kind, x)
    with moment("run"):
        arrays["predictions/after"] = predicted(other)
        if options["on"]:
            for when, one in (("before", model), ("after", other)):
                trained(one)
                arrays[f"loss/{when}"] = np.array(trained(one))
                arrays[f"trained/{when}"] = predicted(one)
    return Observation(arrays)


def run_edited_file(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.saved.edited_files_are_whole`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if not hasattr(keras.saving, "KerasFileEditor"):
        return Unsupported("this Keras has no editor of files")
    with moment("build"):
        one, other = (make(keras, options["part"], "functional", options["inputs"].shape) for _ in range(2))
    with moment("run"), tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        paths = [os.path.join(folder, f"{name}.weights.h5") for name in ("first", "second")]
        one.save_weights(paths[0])
        keras.saving.KerasFileEditor(paths[0]).save(paths[1])
        other.load_weights(paths[1])
    return Observation({f"{name}/{n}": engine.numpy(v.value) for name, model in (("written", one), ("read", other))
                        for n, v in enumerate(model.weights) if "seed" not in v.path})


def run_state_tree(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.saved.state_trees_hold_everything`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    x = options["inputs"].astype("float32")
    with moment("build"):
        layers = parts(keras, options["part"])
        model = keras.Sequential([keras.Input(x.shape[1:]), *layers])
        if options["compiled"]:
            model.compile(keras.optimizers.Adam(0.25), "mean_squared_error", metrics=["mean_absolute_error"])
    found = {}
    with moment("run"):
        if options["compiled"]:
            model.train_on_batch(x, np.ones((len(x), 2), "float32"))
        else:
            model(x, training=True)
        variables = [*model.variables, *(model.optimizer.variables if options["compiled"] else ()),
                     *(v for metric in model.metrics for v in metric.variables)]
        tree = model.get_state_tree(value_format="numpy_array")
        for when in ("before", "between", "after"):
            if when == "between":
                for variable in variables:
                    variable.assign(engine.numpy(variable.value) + 1)
            if when == "after":
                model.set_state_tree(tree)
                bare = keras.Sequential([keras.Input(x.shape[1:]), *model.layers])  # has no optimizer for what is told of one
                bare.set_state_tree({name: part for name, part in tree.items() if name != "metrics_variables"})
            found |= {f"{when}/{n}": engine.numpy(v.value) for n, v in enumerate(variables)}
        twice = keras.Sequential([keras.Input((2,)), named_alike(keras)])
        twice.compile("sgd", "mse")
        refused = refuses(twice.get_state_tree)
    kinds = tuple(sorted({type(one).__name__ for one in keras.tree.flatten(tree)}))
    return Observation(found, facts={"refused": refused, "of_metrics": len(model.metrics_variables), "kinds": kinds})


def named_alike(keras: Any) -> Any:
    """A layer of two weights of one name."""
    class Alike(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.parts = [self.add_weight(shape=(shape[-1],), name="part") for _ in range(2)]

        def call(self, x: Any) -> Any:
            return x * self.parts[0] + self.parts[1]

    return Alike()


def forget(model: Any) -> None:
    """Stateful layers start anew."""
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_state()
        if hasattr(layer, "layers"):
            forget(layer)


def again(keras: Any, model: Any, part: str, way: str, kind: str, x: np.ndarray) -> Any:
    """Another model of this one."""
    if way == "pickle":
        return pickle.loads(pickle.dumps(model))
    if way == "deepcopy":
        return copy.deepcopy(model)
    if way == "json":
        other = keras.models.model_from_json(model.to_json())
        other.set_weights(model.get_weights())
        return other
    if way == "clone":
        other = remade(keras, model, way)
        if not other.built:
            other.build(x.shape)
        other.set_weights(model.get_weights())
        return other
    if way in ("keras", "h5", "folder"):
        return loaded(keras, model, way)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.weights.h5")
        model.save_weights(path)
        if way == "weights_of_another_kind":
            kind = "sequential" if kind == "functional" else "functional"
        other = make(keras, part, kind, x.shape)
        other.predict_on_batch(x)
        other.load_weights(path)
        return other
