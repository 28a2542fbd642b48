"""Keras' layers that stand in a functional model in a mode of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_again import remade

ROWS, STEPS, WIDTH, UNITS = 3, 4, 3, 4


def drawing(keras: Any, part: str) -> Any:
    """What draws, or counts, in training."""
    layers = keras.layers
    return {
        "lstm": lambda: layers.LSTM(UNITS, dropout=0.5), "dropout": lambda: layers.Dropout(0.5),
        "model": lambda: keras.Sequential([keras.Input((STEPS, WIDTH)), layers.GRU(UNITS, recurrent_dropout=0.5)]),
        "bidirectional": lambda: layers.Bidirectional(layers.SimpleRNN(UNITS, dropout=0.5)),
        "cells": lambda: layers.RNN([layers.LSTMCell(UNITS), layers.GRUCell(UNITS, dropout=0.5)]),
        "statistics": lambda: layers.BatchNormalization(),
    }[part]()


def run_kept_mode(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.kept_modes.own_modes_are_kept`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    own, entry = options["asked"].split("-")
    random = np.random.default_rng(3)
    inputs = random.normal(size=(ROWS, STEPS, WIDTH)).astype("float32")
    with moment("build"):
        given = keras.Input((STEPS, WIDTH))
        first = model = keras.Model(given, drawing(keras, options["part"])(given, training=own == "training"))
        if options["way"] != "built":
            model = remade(keras, first, options["way"])
            model.set_weights(first.get_weights())
        model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=backend.engine_name == "tensorflow")
        one = model.layers[1]
        targets = np.zeros((ROWS, *model.output_shape[1:]), "float32")
        engine.hasten(model, targets if entry == "fit" else None)
    x = engine.tensor(inputs)

    def run() -> Any:
        if entry == "fit":
            return model.train_on_batch(inputs, targets)
        if entry == "predict":
            return model.predict(inputs, verbose=0)
        return engine.numpy(model(x, training=own != "training"))

    with moment("run"):
        alone = engine.numpy(one(x, training=False))
        counts = [v for v in one.non_trainable_variables if "seed" not in v.path]
        arrays = {"alone": np.mean(np.square(alone)) if entry == "fit" else alone}
        if counts:
            arrays["kept/before"] = np.concatenate([engine.numpy(v.value) for v in counts])
        arrays |= {name: np.array(run()) for name in ("first", "second")}
        if counts:
            arrays["kept/after"] = np.concatenate([engine.numpy(v.value) for v in counts])
    return Observation({name: np.asarray(array) for name, array in arrays.items()})


def run_mode_behind(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.kept_modes.modes_stay_with_their_layer`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    own, whole = {"training": True, "inference": False, "none": None}[options["own"]], options["whole"]

    def made(kind: str) -> Any:
        return {"dropout": lambda: keras.layers.Dropout(0.5), "statistics": keras.layers.BatchNormalization,
                "lstm": lambda: keras.layers.LSTM(UNITS, dropout=0.5, return_sequences=True)}[kind]()

    class Inner(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.one = made(options["part"])

        def call(self, inputs: Any) -> Any:
            return self.one(inputs, training=own)

    class Whole(keras.Model if whole == "model" else keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.behind = Inner() if whole == "inner" else made(options["part"]), made(options["behind"])

        def call(self, inputs: Any, training: Any = None) -> Any:
            front = self.one(inputs, **({} if whole == "inner" else {"training": own}))
            return front, self.behind(inputs, **({"training": training} if whole == "told" else {}))

    x = engine.tensor(np.random.default_rng(3).normal(size=(ROWS, STEPS, WIDTH)).astype("float32"))
    with moment("build"):
        layer = Whole()
        layer(x, training=False)
        pair = (layer.one.one if whole == "inner" else layer.one, layer.behind)
        counts = [[v for v in one.non_trainable_variables if "seed" not in v.path] for one in pair]
    arrays = {}
    with moment("run"):
        for n in range(2):
            for place, outputs, moved in zip(("front", "behind"), layer(x, training=not own), counts, strict=True):
                seen = np.concatenate([engine.numpy(v.value) for v in moved]) if moved else engine.numpy(outputs)
                arrays[f"{place}/{n}"] = np.array(seen)
    return Observation(arrays)
