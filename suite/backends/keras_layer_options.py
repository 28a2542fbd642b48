"""Keras' layers around recurrent ones with options of their own: of weights, activations, noise and windows."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def run_options_of_layers(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.options_of_layers.options_reach_their_weights`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    arrays, weights, dtypes = {}, [], []
    for name, own, row, words in options["layers"]:
        with moment("build"):
            kind, given = getattr(keras.layers, name), {}
            for word, filled, factor, most in zip(words, options["filled"], options["factors"], options["most"], strict=False):
                given |= {f"{word}_initializer": keras.initializers.Constant(filled),
                          f"{word}_regularizer": keras.regularizers.L2(factor),
                          f"{word}_constraint": keras.constraints.MaxNorm(most)}
            taken = inspect.signature(kind.__init__).parameters
            given = {option: value for option, value in given.items() if option in taken}
            one = kind(**own, **given)
            one.build((options["rows"], *row))
            x = np.linspace(-1.0, 1.0, options["rows"] * int(np.prod(row))).reshape(-1, *row)
            x = engine.tensor(np.arange(x.size).reshape(x.shape) % 9 if name == "Embedding" else x.astype("float32"))
        with moment("run"):
            for place, weight in enumerate(one.weights):
                weights.append((name, weight.name))
                arrays[f"{name}/{place}/weight"] = np.array(engine.numpy(weight.value))
                if weight.trainable:
                    ones = keras.ops.ones(weight.shape)
                    held = engine.numpy(weight.constraint(10.0 * ones))
                    arrays[f"{name}/{place}/punished"] = np.array(engine.numpy(weight.regularizer(ones)))
                    arrays[f"{name}/{place}/most"] = np.array(np.sqrt((held**2).sum(axis=0)).max())
            arrays[f"{name}/loss"] = np.array(sum(float(engine.numpy(loss)) for loss in one.losses))
            if name in options["bent"]:
                bent = kind(**own, **given, activation="softsign")
                arrays |= {f"{name}/plain": engine.numpy(one(x)), f"{name}/bent": engine.numpy(bent(x))}
            half = kind(**own, dtype="mixed_bfloat16")
            told = half(keras.Input(row, dtype="int32" if name == "Embedding" else "float32"))
            dtypes.append((name, *(keras.backend.standardize_dtype(each.dtype) for each in (told, half(x)))))
    return Observation(arrays, facts={"weights": tuple(weights), "dtypes": tuple(dtypes)})


def run_shared_draws(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.options_of_layers.draws_are_shared_along_their_axes`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    with moment("run"):
        return Observation({name: engine.numpy(getattr(keras.layers, kind)(options["rate"], seed=3, **own)(
            engine.tensor(np.ones((options["rows"], *row), "float32")), training=True))
            for name, kind, own, row in options["layers"]})


def run_windows_told(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.options_of_layers.windows_tell_what_comes`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    rows, (steps, features), arrays = options["rows"], options["row"], {}
    for place, (kind, own) in enumerate(options["layers"]):
        first = own.get("data_format") == "channels_first"
        shapes = {time: (rows, features, time) if first else (rows, time, features) for time in (steps, None)}
        with moment("build"):
            one = getattr(keras.layers, kind)(**own)
        with moment("run"):
            came = one(engine.tensor(np.ones(shapes[steps], "float32")))
            told = {"came": came.shape, "told": one.compute_output_shape(shapes[steps]), "open": one.compute_output_shape(
                shapes[None])}
        arrays |= {f"{place}/{how}": np.array([-1 if size is None else size for size in shape]) for how, shape in told.items()}
    return Observation(arrays)


def run_inputs_told(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.options_of_layers.inputs_are_what_they_are_told`."""
    options, keras = dict(request.arguments), backend.keras
    layers, row, inputs, own = keras.layers, options["row"], [], []

    def said(tensor: Any, name: str | None) -> tuple:
        return tuple(tensor.shape), keras.backend.standardize_dtype(tensor.dtype), tensor.name if name else None

    with moment("build"):
        for rows, dtype, name, form in options["inputs"]:
            given = {"shape": row, "batch_size": rows} if form == "shape" else {"batch_shape": (rows, *row)}
            inputs.append(keras.Input(**given, dtype=dtype, name=name))
        again = keras.Model.from_config(keras.Model(inputs, [layers.Identity()(one) for one in inputs]).get_config()).inputs
        told = [(one, said(start, one[2]), said(copy, one[2]))
                for one, start, copy in zip(options["inputs"], inputs, again, strict=True)]
        for how in options["own"]:
            shape = (*row[:-1], 2 * row[-1]) if how == "shape" else lambda given: (*given[:-1], 2 * given[-1])
            for rows in (None, options["rows"]):
                double = layers.Lambda(lambda x: keras.ops.concatenate([x, x], axis=-1), output_shape=shape)
                own.append((how, rows, tuple(double(keras.Input(row, batch_size=rows)).shape)))
    return Observation({}, facts={"inputs": tuple(told), "own": tuple(own)})


def run_series_held(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.options_of_layers.series_are_built_of_what_they_begin_with`."""
    options, keras, told, twice = dict(request.arguments), backend.keras, [], []
    layers, row = keras.layers, options["row"]

    def model() -> Any:
        start = keras.Input(row)
        return keras.Model(start, layers.SimpleRNN(2)(start))

    def begun(begin: str) -> Any:
        if begin == "added":
            one = keras.Sequential()
            one.add(model())
            one.add(layers.Dense(3))
            return one
        first = {"input": lambda: [keras.Input(row), layers.SimpleRNN(2)], "model": lambda: [model()],
                 "series": lambda: [keras.Sequential([keras.Input(row), layers.SimpleRNN(2)])]}[begin]()
        return keras.Sequential([*first, layers.Dense(3)])

    def both(how: str) -> None:
        one, other = (layers.Dense(row[-1], name="one") for _ in range(2))
        if how == "listed":
            keras.Sequential([keras.Input(row), one, other])
        elif how == "added":
            series = keras.Sequential([one])
            series.add(other)
        else:
            start = keras.Input(row)
            keras.Model(start, other(one(start)))

    with moment("build"):
        for begin in options["begins"]:
            one = begun(begin)
            seen = [one.built, *(tuple(one.input_shape), tuple(one.output_shape)) * one.built, len(one.weights)]
            one.pop()
            behind = tuple(one.layers[-1].output.shape) if one.layers else ()
            told.append((begin, *seen, behind))
        for how in options["twice"]:
            try:
                both(how)
            except ValueError:
                twice.append((how, True))
            else:
                twice.append((how, False))
    return Observation({}, facts={"series": tuple(told), "twice": tuple(twice)})
