"""A stateful Keras model, given batches by every method that a model has."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.keras_again import remade


def run_stateful_calls(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.stateful_calls.stateful_models_go_on`: batches one after another in the rows of what
    a method is given. Arrays: `outputs/PLACE` (rows, time, units) of a method that predicts, `loss/PLACE` of another."""
    options, keras = dict(request.arguments), backend.keras
    layer, steps = options["layer"], options["steps"]
    inputs, targets = (np.array(options[name], "float32") for name in ("inputs", "targets"))
    masked = options["mask"] is not None
    inputs = np.where(options["mask"][:, :, None], inputs, np.float32(-7.5)) if masked else inputs
    rows = len(inputs)
    if options["at_once"] > 1 and backend.engine.name == "torch":
        return Unsupported("steps_per_execution must be 1 on Keras' torch backend")
    with moment("build"):
        start = keras.Input(batch_shape=(rows, None if masked else steps, layer.features))
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units, return_sequences=True, stateful=True)
        behind = keras.layers.ActivityRegularization(l2=options["factor"])
        form, _, way = options["form"].partition("-")
        front = [keras.layers.Masking(-7.5)] if masked else []
        given = front[0](start) if masked else start
        model = keras.Model(start, behind(one(given))) if form == "functional" else keras.Sequential([start, *front, one, behind])
        model = remade(keras, model, way) if way else model
        stacks.give(model.layers[-2], layer, options["weights"])
        model.compile("sgd", "mse", steps_per_execution=options["at_once"])
        model.optimizer.learning_rate = 0.0
    arrays, first = {}, 0
    with moment("run"):
        for place, (name, count) in enumerate(options["calls"]):
            spans = [slice(number * steps, (number + 1) * steps) for number in range(first, first + count)]
            x, y = (np.concatenate([array[:, span] for span in spans]) for array in (inputs, targets))
            first += count
            method = getattr(model, name)
            if name.startswith("predict"):
                given = {} if name.endswith("batch") else {"batch_size": rows, "verbose": 0}
                found = np.array(method(x, **given))
                arrays[f"outputs/{place}"] = np.concatenate(np.split(found, count), axis=1)
                continue
            if name.endswith("batch"):
                found = method(x, y)
            elif name == "fit":
                found = method(x, y, batch_size=rows, shuffle=False, verbose=0).history["loss"][0]
            else:
                found = method(x, y, batch_size=rows, verbose=0)
            arrays[f"loss/{place}"] = np.array(found[0] if isinstance(found, list) else found, "float64")
    return Observation(arrays, facts={"padding": "hold"})


def run_kept_writes(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.stateful_calls.calls_keep_what_they_write`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layers, dtype, arrays = keras.layers, options["dtype"], {}
    first, second = (one.astype("float32") for one in options["inputs"])

    def made(name: str, stateful: bool, unroll: bool) -> Any:
        """Of which the one that is not stateful gives its last states, too."""
        more = {"stateful": stateful, "return_state": not stateful, "unroll": unroll, "dtype": dtype}
        cells = [layers.LSTMCell(4, dtype=dtype), layers.GRUCell(3, dtype=dtype)]
        one = {
            "lstm": lambda: layers.LSTM(4, **more), "simple_rnn": lambda: layers.SimpleRNN(4, **more),
            "stacked": lambda: layers.RNN(layers.StackedRNNCells(cells, dtype=dtype), **more),
            "bidirectional": lambda: layers.Bidirectional(layers.LSTM(4, **more), dtype=dtype),
        }[name]()
        if stateful:
            one.reset_state()  # there is nothing yet
        one.build(first.shape)
        return one

    class Writing(layers.Layer):
        def build(self, shape: Any) -> None:
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)
            self.average = self.add_weight(shape=shape[-1:], initializer="zeros", trainable=False)

        def call(self, inputs: Any) -> Any:
            self.count.assign_add(1.0)
            self.average.assign(self.average / 2 + keras.ops.mean(inputs, axis=(0, 1)) / 2)
            return inputs

    def numbers(outputs: Any) -> np.ndarray:
        return engine.numpy(keras.ops.cast(outputs, "float32"))

    for name, (training, unroll) in options["carrying"]:
        with moment("build"):
            one, other = (made(name, stateful, stateful and unroll) for stateful in (True, False))
            for own, given in zip(other.trainable_variables, one.trainable_variables, strict=True):
                own.assign(given)
        with moment("run"):
            one(engine.tensor(first), training=training)
            states = list(other(engine.tensor(first))[1:])
            precise = "float32" if dtype.startswith("mixed") else dtype
            kept = [each.dtype == precise for each in (*one.trainable_variables, *keras.tree.flatten(one.states))]
            arrays |= {f"precise/{name}": np.array(kept),
                       f"second/{name}": numbers(one(engine.tensor(second))),
                       f"due/{name}": numbers(other(engine.tensor(second), initial_state=states)[0])}
            if name in options["changing"]:
                anew = made(name, False, False)
                for own, given in zip(anew.trainable_variables, other.trainable_variables, strict=True):
                    given.assign(given / 2)
                    own.assign(given)
                for who, each in (("changed", other), ("anew", anew)):
                    arrays[f"{who}/{name}"] = numbers(each(engine.tensor(second))[0])
    with moment("run"):
        writing = Writing(dtype=dtype)
        for inputs in (first, second):
            writing(engine.tensor(inputs))
        spectral = layers.SpectralNormalization(layers.Dense(3, dtype=dtype), dtype=dtype)
        spectral.build(first[:, 0].shape)
        before = engine.numpy(spectral.vector_u.value).copy()
        spectral(engine.tensor(first[:, 0]), training=True)
        arrays |= {name: engine.numpy(one.value) for name, one in (("count", writing.count), ("average", writing.average))}
    return Observation(arrays | {"moved": np.array(not np.array_equal(before, engine.numpy(spectral.vector_u.value)))})


def run_trained_writes(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.stateful_calls.training_keeps_what_calls_write`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layers, rows = keras.layers, options["rows"]
    inputs, targets = (options[name].astype("float32") for name in ("inputs", "targets"))

    class Halving(layers.Layer):
        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(shape=shape[-1:], initializer="ones")
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, inputs: Any, training: bool = False) -> Any:
            if training:
                self.scale.assign(self.scale / 2)
                self.count.assign_add(1.0)
            return inputs * self.scale

    def made() -> Any:
        kind = {"spectral": lambda: layers.SpectralNormalization(layers.Dense(3)), "own": Halving,
                "statistics": layers.BatchNormalization}[options["kind"]]
        model = keras.Sequential([keras.Input(inputs.shape[1:]), kind(), *([] if options["kind"] == "spectral" else
                                                                         [layers.Dense(3)])])
        model.compile(keras.optimizers.SGD(0.0), "mse")
        return model

    with moment("build"):
        called, trained = made(), made()
        trained.set_weights(called.get_weights())
    arrays = {f"begun/{n}": np.array(one) for n, one in enumerate(called.get_weights())}
    with moment("run"):
        pieces = [slice(at, at + rows) for at in range(0, len(inputs), rows)]
        for piece in pieces:
            called(engine.tensor(inputs[piece]), training=True)
        if options["way"] == "fit":
            trained.fit(inputs, targets, batch_size=rows, shuffle=False, verbose=0)
        for piece in pieces if options["way"] != "fit" else ():
            if options["way"] == "train_on_batch":
                trained.train_on_batch(inputs[piece], targets[piece])
            else:
                trained(engine.tensor(inputs[piece]), training=True)
        for name, model in (("called", called), ("trained", trained)):
            arrays |= {f"{name}/{n}": np.array(one) for n, one in enumerate(model.get_weights())}
            arrays[f"{name}/outputs"] = engine.numpy(model(engine.tensor(inputs)))
    return Observation(arrays)
