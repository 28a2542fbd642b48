"""Parts of Keras' models that are frozen while the model is trained."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_again import remade

ROWS, STEPS, WIDTH, UNITS = 3, 4, 3, 2
STATES = {"lstm": 2, "gru": 1, "simple_rnn": 1, "bidirectional": 2, "loop": 2}
"""What begins with states that are computed -> how many it has."""


def part_of(keras: Any, part: str, **options: Any) -> Any:
    """What may be frozen, with options of its own, not built."""
    layers = keras.layers
    cells = [layers.LSTMCell(UNITS), layers.GRUCell(UNITS)]
    return {
        "lstm": lambda: layers.LSTM(UNITS, **options), "gru": lambda: layers.GRU(UNITS, **options),
        "simple_rnn": lambda: layers.SimpleRNN(UNITS, **options),
        "bidirectional": lambda: layers.Bidirectional(layers.GRU(UNITS), **options),
        "loop": lambda: layers.RNN(layers.LSTMCell(UNITS), **options), "stack": lambda: layers.RNN(cells, **options),
        "cells": lambda: layers.RNN(layers.StackedRNNCells(cells, **options)),
        "time_distributed": lambda: layers.TimeDistributed(layers.Dense(UNITS), **options),
        "conv_lstm": lambda: layers.ConvLSTM1D(UNITS, 2, **options),
        "model": lambda: keras.Sequential([layers.LSTM(UNITS)], **options),
        "attention": lambda: layers.MultiHeadAttention(1, UNITS, **options),
        "embedding": lambda: layers.Embedding(WIDTH, UNITS, **options),
    }[part]()


def held(part: str, one: Any) -> Any:
    """What it holds."""
    return one.forward_layer if part == "bidirectional" else one.layer if part == "time_distributed" else one.cell


def run_frozen_part(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.freezing.frozen_parts_stay`."""
    options, keras = dict(request.arguments), backend.keras
    part, how = options["part"], options["how"]
    random = np.random.default_rng(5)
    shape = {"conv_lstm": (STEPS, 5, WIDTH), "embedding": (STEPS,)}.get(part, (STEPS, WIDTH))
    size = (ROWS, *shape)
    inputs = (random.integers(0, WIDTH, size) if part == "embedding" else random.normal(size=size)).astype("float32")
    with moment("build"):
        one = part_of(keras, part, **({"trainable": False} if how == "made" else {}))
        given = keras.Input(shape)
        read = given if part == "embedding" else keras.layers.Dense(WIDTH, name="before")(given)
        begun = {"initial_state": [keras.layers.Dense(UNITS)(keras.layers.Flatten()(given)) for _ in range(STATES[part])]
                 } if part in STATES else {}
        seen = one(read, read) if part == "attention" else one(read, **begun)
        outputs = keras.layers.Dense(1, name="head")(keras.layers.Flatten()(seen))
        model = keras.Model(given, outputs)
        if how != "made":
            (one.cell if part == "cells" else held(part, one) if how == "inside" else one).trainable = False
        if options["way"] == "configuration":
            model = type(model).from_config(model.get_config())
        model.compile(keras.optimizers.SGD(0.5), "mse", run_eagerly=backend.engine_name == "tensorflow")  # sooner, alike
        one = model.get_layer(one.name)
        still = {id(v) for v in (held(part, one) if how == "inside" else one).variables}
        named = {f"{'frozen' if id(v) in still else 'moving'}/{n}": v for n, v in enumerate(model.variables)
                 if "seed" not in v.path}
        targets = np.ones((ROWS, 1), "float32")
        backend.engine.hasten(model, targets)
    with moment("run"):
        arrays = {f"before/{n}": backend.engine.numpy(v.value) for n, v in named.items()}
        model.fit(inputs, targets, verbose=0, shuffle=False)
        arrays |= {f"after/{n}": backend.engine.numpy(v.value) for n, v in named.items()}
    return Observation(arrays)


def run_frozen_drop(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.freezing.frozen_parts_drop`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    part, how, layers = options["part"], options["how"], keras.layers
    random = np.random.default_rng(5)
    x = engine.tensor(random.normal(size=(4, 3, 12)).astype("float32"))

    class Around(keras.Model):
        def __init__(self, one: Any):
            super().__init__()
            self.one = one

        def call(self, inputs: Any) -> Any:
            return self.one(inputs)

    def made(rate: float) -> Any:
        frozen = {"trainable": False} if how == "made" else {}
        one = {"lstm": lambda: layers.LSTM(12, dropout=rate, seed=3, **frozen),
               "dropout": lambda: layers.Dropout(rate, seed=3, **frozen),
               "bidirectional": lambda: layers.Bidirectional(layers.GRU(12, dropout=rate, seed=3), **frozen),
               "stack": lambda: layers.RNN([layers.LSTMCell(12), layers.GRUCell(12, dropout=rate, seed=3)], **frozen),
               "model": lambda: keras.Sequential([layers.SimpleRNN(12, dropout=rate, seed=3)], **frozen)}[part]()
        model = Around(one)
        model(x)
        if how != "made":
            (one if how == "later" else model).trainable = False
        return model

    with moment("build"):
        plain, dropping = made(0.0), made(0.5)
        dropping.set_weights(plain.get_weights())
    with moment("run"):
        arrays = {"plain": plain(x), "idle": dropping(x)} | {name: dropping(x, training=True) for name in ("first", "second")}
    return Observation({name: engine.numpy(array) for name, array in arrays.items()})


def run_frozen_file(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.freezing.files_fit_what_is_frozen`."""
    options, keras, layers = dict(request.arguments), backend.keras, backend.keras.layers
    part, random = options["part"], np.random.default_rng(5)

    def made(frozen: bool) -> tuple[Any, list[Any]]:
        one = {"bidirectional": lambda: layers.Bidirectional(layers.GRU(UNITS)), "normalization": layers.BatchNormalization,
               "cells": lambda: layers.RNN([layers.LSTMCell(UNITS) for _ in range(2)])}[part]()
        model = keras.Sequential([keras.Input((STEPS, UNITS)), one])
        variables = one.weights
        if frozen and options["frozen"] == "inside":
            one = one.forward_layer if part == "bidirectional" else one.cell.cells[0]
        one.trainable = not frozen
        return model, variables

    with moment("build"):
        (saved, own), (loaded, others) = made(options["which"] == "first"), made(options["which"] == "second")
        for each in own:
            each.assign(random.uniform(0.1, 0.9, each.shape).astype("float32"))
    with moment("run"), tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / {"h5": "all.h5", "weights": "all.weights.h5", "keras": "all.keras"}[options["file"]])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # h5 is an old format, and Keras says so
            saved.save_weights(path) if options["file"] == "weights" else saved.save(path)
            loaded.load_weights(path)
    return Observation({f"{name}/{n}": backend.engine.numpy(v.value)
                        for name, each in (("saved", own), ("loaded", others)) for n, v in enumerate(each)})


def run_frozen_model(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.freezing.frozen_models_stay_frozen`."""
    options, keras = dict(request.arguments), backend.keras
    start, one = keras.Input((4, 3)), keras.layers.LSTM(2)
    with moment("build"):
        model = keras.Sequential([start, one], trainable=False) if options["kind"] == "sequential" else (
            keras.Model(start, one(start), trainable=False))
        again = remade(keras, model, options["way"])
    counts = {"weights": model.weights, "trained": model.trainable_weights, "again": again.trainable_weights}
    return Observation({name: np.array(len(weights)) for name, weights in counts.items()})
