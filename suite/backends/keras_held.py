"""Cells of a user's own in Keras that hold layers, in the loop and by hand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from cases.families.held_lists import begun, changes, places
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment

FACTOR, RATE = 0.25, 0.5


@lru_cache(maxsize=1)
def own_cells(keras: Any) -> dict[str, type]:
    """The classes, by what they hold."""
    ops, layers = keras.ops, keras.layers

    class Residual(layers.Layer):
        """The cell's output, and its input."""

        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.cell = layers.GRUCell(units, dropout=RATE)
            self.state_size = self.output_size = units

        def build(self, shape):
            self.cell.build(shape)
            self.built = True

        def call(self, inputs, states, training=False):
            outputs, states = self.cell(inputs, states, training=training)
            return outputs + inputs, states

    class Holding(layers.Layer):
        """A dense layer of input and state, and one behind it."""

        def __init__(self, units, behind, **kwargs):
            super().__init__(**kwargs)
            self.dense = layers.Dense(units, activation="tanh", activity_regularizer=None if behind is not None else (
                keras.regularizers.L2(FACTOR)))
            self.behind, self.state_size, self.output_size = behind, units, units

        def build(self, shape):
            self.dense.build((shape[0], shape[-1] + self.state_size))
            if self.behind is not None:
                self.behind.build((shape[0], self.state_size))
            self.built = True

        def call(self, inputs, states, training=False):
            outputs = self.dense(ops.concatenate([inputs, states[0]], axis=-1))
            if self.behind is not None:
                outputs = self.behind(outputs, training=training)
            return outputs, [outputs]

    return {"residual": Residual, "holding": Holding}


def made(keras: Any, held: str, units: int) -> Any:
    """A cell, or two, that hold what the name says. Not built."""
    layers, cells = keras.layers, own_cells(keras)
    if held == "precisions":
        return [layers.LSTMCell(units, dtype="mixed_bfloat16"), layers.GRUCell(units)]
    if held == "residual":
        return cells["residual"](units)
    behind = {"dropout": lambda: layers.Dropout(RATE), "normalization": lambda: layers.BatchNormalization(momentum=0.5),
              "activity": lambda: None}[held]()
    return cells["holding"](units, behind)


def run_held_drawn(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.held_layers.parts_of_cells_draw_anew`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs = options["inputs"].astype("float32")
    with moment("build"):
        one = keras.layers.RNN(made(keras, options["held"], inputs.shape[-1]), unroll=options["unroll"])
        one.build(inputs.shape)
    with moment("run"):
        given = engine.tensor(inputs)
        found = {"inference": one(given, training=False), "first": one(given, training=True), "again": one(given, training=True),
                 "fewer": one(given[:-1], training=True)}
        return Observation({name: engine.numpy(outputs) for name, outputs in found.items()})


def run_held_counted(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.held_layers.parts_of_cells_act_once_a_step`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs = options["inputs"].astype("float32")

    def told(outputs: Any, layer: Any, cell: Any) -> dict[str, np.ndarray]:
        counted = cell.behind.non_trainable_variables if cell.behind is not None else []
        return {"outputs": engine.numpy(outputs), "losses": np.array(sum(float(loss) for loss in layer.losses)),
                "statistics": np.concatenate([np.zeros(1), *(engine.numpy(v.value).ravel() for v in counted)])}

    with moment("build"):
        loops = [keras.layers.RNN(made(keras, options["held"], inputs.shape[-1]), unroll=options["unroll"]) for _ in range(2)]
        for loop in loops:
            loop.build(inputs.shape)
        loops[1].set_weights(loops[0].get_weights())
        loop, cell = loops[0], loops[1].cell
    with moment("run"):
        given, losses = engine.tensor(inputs), 0.0
        state = [keras.ops.zeros_like(given[:, 0])]
        before = told(given, loop, loop.cell)["losses" if options["held"] == "activity" else "statistics"]
        for t in range(inputs.shape[1]):
            outputs, state = cell(given[:, t], state, training=True)
            losses += sum(float(loss) for loss in cell.losses) if options["held"] == "activity" else 0.0
        found = {"by_hand": {**told(outputs, cell, cell), "losses": np.array(losses)}}
        found["loop"] = told(loop(given, training=True), loop, loop.cell)
    return Observation({"before": before} | {f"{how}/{n}": a for how, each in found.items() for n, a in each.items()})


def run_held_trained(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.held_layers.cells_with_parts_are_trained`."""
    options, keras = dict(request.arguments), backend.keras
    inputs, targets = (options[name].astype("float32") for name in ("inputs", "targets"))
    with moment("build"):
        cell = made(keras, options["held"], inputs.shape[-1])
        model = keras.Sequential([keras.Input(inputs.shape[1:]), keras.layers.RNN(cell)])
        model.compile(keras.optimizers.SGD(0.125), "mse")
        before = np.concatenate([w.ravel() for w in model.get_weights()])
    with moment("run"):
        model.fit(inputs, targets, batch_size=options["rows"], epochs=1, shuffle=False, verbose=0)
        predictions = model.predict(inputs, verbose=0)
    after = np.concatenate([w.ravel() for w in model.get_weights()])
    return Observation({"before": before, "after": after, "predictions": np.asarray(predictions, "float32")})


def run_held_lists(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.held_lists.held_lists_are_followed`."""
    options, keras = dict(request.arguments), backend.keras
    of, found = options["of"], {}

    class Holding(keras.layers.Layer):
        """Holds some layers."""

        def __init__(self, held: Any):
            super().__init__()
            self.held = held

    with moment("build"):
        layers = [keras.layers.Dense(1, use_bias=False) for _ in range(options["layers"])]
        for layer in layers:
            layer.build((None, 1))
    with moment("run"):
        for name, change in changes(of).items():
            one = Holding(begun(of, layers))
            change(one.held, layers)
            mine = {id(weight) for weight in one.trainable_weights}
            numbers = {id(layer): n for n, layer in enumerate(layers)}
            found[name] = (tuple(n for n, layer in enumerate(layers) if id(layer.kernel) in mine),
                           tuple(numbers.get(id(layer), -1) for layer in places(one.held)))
    return Observation({}, facts=found)
