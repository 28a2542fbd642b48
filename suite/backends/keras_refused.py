"""Keras' models after a call that they refused."""

from __future__ import annotations

import warnings
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment, refuses


def reader(keras: Any, part: str, units: int, rate: float = 0.0) -> Any:
    """What reads the sequences, not built."""
    layers = keras.layers
    if part == "dense":
        return layers.Dense(units)
    if part == "loop":
        return layers.RNN(layers.LSTMCell(units, dropout=rate))
    if part == "stack":
        return layers.RNN([layers.LSTMCell(units, dropout=rate), layers.GRUCell(units, recurrent_dropout=rate)])
    if part == "bidirectional":
        return layers.Bidirectional(layers.GRU(units, dropout=rate))
    if part == "conv_lstm":
        return layers.ConvLSTM1D(units, 2, dropout=rate)
    return {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}[part](units, dropout=rate)


def run_refused_call(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.refused_calls.refused_calls_leave_nothing`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs, wrong, entry = options["inputs"].astype("float32"), options["wrong"].astype("float32"), options["entry"]
    with moment("build"):
        one = reader(keras, options["part"], options["units"], options["rate"])
        model = keras.Sequential([keras.Input(inputs.shape[1:]), one])
        model.compile(keras.optimizers.SGD(0.0), "mse")
        targets = np.zeros((len(wrong), *model.output_shape[1:]), "float32")
        engine.hasten(model, targets)
    calls = {"training": lambda: one(engine.tensor(wrong), training=True),
             "inference": lambda: one(engine.tensor(wrong)), "predict": lambda: model.predict([wrong], verbose=0),
             "evaluate": lambda: model.evaluate([wrong], targets, verbose=0),
             "fit": lambda: model.fit([wrong], targets, verbose=0)}
    with moment("run"):
        before, taken = model.predict(inputs, verbose=0), True
        model.fit(inputs, before, verbose=0)
        try:
            calls[entry]()
        except Exception:  # whatever the engine says: that it says something is asked elsewhere
            taken = False
        if taken:
            return Observation({}, facts={"taken": True})
        bystander = engine.numpy(keras.layers.Dropout(0.5)(engine.tensor(np.ones_like(inputs))))
        trained = engine.numpy(model(engine.tensor(inputs), training=True))
        model.fit(inputs, before, verbose=0)
        return Observation({"before": before, "after": model.predict(inputs, verbose=0), "trained": trained,
                            "bystander": bystander},
                           facts={"taken": False})


def run_refused_makings(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.refused_makings.impossible_makings_are_refused`."""
    keras, made, failed, taken = backend.keras, [], [], set()
    with moment("build"):
        for number, (what, right, wrong) in enumerate(dict(request.arguments)["made"]):
            kind, inner = attrgetter(what)(keras), {"layer": keras.layers.LSTM(2)} if what == "layers.Bidirectional" else {}
            try:
                if what not in taken:
                    kind(**inner, **right)
                    taken.add(what)
            except Exception as error:
                failed.append((number, f"{type(error).__name__}: {error}"[:200]))
            try:
                kind(**inner, **wrong)
            except (ValueError, TypeError):
                continue
            made.append((number, what))
    return Observation({}, facts={"made": tuple(made), "failed": tuple(failed)})


def run_specified(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.refused_makings.inputs_that_do_not_fit_are_refused`."""
    keras, told = backend.keras, []

    class Specified(keras.layers.Layer):
        """Says what it reads, and gives the last of it."""

        def __init__(self, spec: Any):
            super().__init__()
            self.input_spec = spec

        def call(self, inputs: Any) -> Any:
            return inputs[-1] if isinstance(inputs, list) else inputs

    def array(shape: tuple[int, ...], dtype: str) -> Any:
        return backend.engine.tensor(np.ones(shape, dtype))

    with moment("run"):
        for number, (options, right, wrong) in enumerate(dict(request.arguments)["specs"]):
            dtypes = ("float32", "int32" if "dtype" in options else "float32")
            spec = keras.layers.InputSpec(**options)
            for way in ("called", "second"):
                layer = Specified([keras.layers.InputSpec(ndim=1), spec] if way == "second" else spec)
                taken = []
                for shape, dtype in zip((right, wrong), dtypes, strict=True):
                    given = array(shape, dtype)
                    first = [array((2,), "float32")] if way == "second" else []
                    taken.append(not refuses(partial(layer, [*first, given] if first else given)))
                told.append((number, way, *taken))
    return Observation({}, facts={"told": tuple(told)})


def run_refused_tries(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.refused_makings.impossible_calls_are_refused`."""
    keras, layers = backend.keras, backend.keras.layers
    ones = np.ones((2, 3), "float32")

    def built(size: int = 3) -> Any:
        one = layers.Dense(2)
        one.build((None, size))
        return one

    def model(*more: Any) -> Any:
        start = keras.Input((3,))
        return keras.Model(start, layers.Dense(2, name="only")(start), *more)

    def compiled() -> Any:
        one = model()
        one.compile("sgd", "mse", run_eagerly=True)
        return one

    def sgd(*variables: Any, **options: Any) -> Any:
        one = keras.optimizers.SGD(**options)
        if variables:
            one.build(list(variables))
        return one

    def sequence(*more: Any) -> Any:
        return keras.Sequential([keras.Input((3,)), layers.Dense(2, name="only"), *more])

    decay = keras.optimizers.schedules.ExponentialDecay(0.5, 3, 0.5)
    tries = {
        "variable: another size": lambda: keras.Variable(ones).assign(ones[:, :2]),
        "variable: a constraint that is no function": lambda: setattr(keras.Variable(ones), "constraint", 1.0),
        "variable: a regularizer that is no function": lambda: setattr(keras.Variable(ones), "regularizer", 1.0),
        "variable: its truth": lambda: bool(keras.Variable(1.0)), "symbol: its truth": lambda: bool(keras.KerasTensor((1,))),
        "symbol: its parts": lambda: list(keras.KerasTensor((2,))),
        "symbol: its numbers": lambda: np.array(keras.KerasTensor((2,))),
        "sequence: a second input": lambda: sequence().add(layers.InputLayer((2,))),
        "sequence: a second name": lambda: sequence(layers.Dense(2, name="only")),
        "sequence: another shape": lambda: sequence().build((None, 4)), "sequence: no layer": lambda: sequence().add(1.0),
        "model: other inputs": lambda: model()(ones[:, :2]), "model: a layer by number": lambda: model().get_layer(index=2),
        "model: a layer by name": lambda: model().get_layer("none"),
        "model: a layer by both": lambda: model().get_layer("only", 1),
        "model: its layers are replaced": lambda: setattr(model(), "layers", []),
        "model: trained before it is compiled": lambda: model().fit(ones, ones[:, :2], verbose=0),
        "model: rows that differ": lambda: compiled().fit(ones, ones[:1, :2], verbose=0),
        "model: no outputs": lambda: keras.Model(keras.Input((3,)), []),
        "weights: fewer": lambda: built().set_weights(built().get_weights()[:1]),
        "weights: another shape": lambda: built().set_weights(built(4).get_weights()),
        "weights: of what is not built": lambda: layers.Dense(2).count_params(),
        "optimizer: the rate of a schedule": lambda: setattr(sgd(learning_rate=decay), "learning_rate", 0.5),
        "optimizer: no gradient": lambda: sgd().apply([None], [keras.Variable(ones)]),
        "optimizer: another weight": lambda: sgd(keras.Variable(ones)).apply([ones], [keras.Variable(ones)]),
        "optimizer: weights before it is built": lambda: sgd().set_weights([ones]),
        "losses: no number": lambda: built().add_loss("much"),
    }
    with moment("run"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Observation({}, facts={"told": tuple((what, refuses(tries[what], (
            ValueError, TypeError, AttributeError, NotImplementedError))) for what in dict(request.arguments)["tried"])})
