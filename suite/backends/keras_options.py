"""Keras' layers with what they hold: shared, bounded, punished, with a kernel by choice, left as they are; and models run some
rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.configurations import BESIDE, TOLD_OF
from cases.layouts import to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment, refuses
from suite.backends.keras_again import remade


def run_shared(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.configurations.shared_layers_stay_shared`."""
    options, keras = dict(request.arguments), backend.keras

    class Own(keras.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)

    with moment("build"):
        one, start = keras.layers.LSTM(3, return_sequences=True), keras.Input((None, 3), name="series")
        first = keras.Input((4, 3))  # which stands in no model
        calls = {"input": first, "output": one(first)}
        turn = keras.layers.Dense(3, "tanh")
        ids = keras.Input((None,), 2, dtype="int32", name="ids")
        model = keras.Model([start, ids], [
            one(turn(one(turn(one(start)))))[:, ::2], keras.layers.Embedding(9, 2, dtype="float16")(ids),
            keras.ops.add(ids, np.array([1], "int32"))])
        both = {"made": model, "again": remade(keras, model, options["way"])}
        kind = keras.Model if options["way"] == "file" else Own  # which no file knows
        beside = kind(start, {"joined": keras.layers.Concatenate()([getattr(keras.layers, layer)(2)(start) for layer in BESIDE])})
        pair = {"made": beside, "again": remade(keras, beside, options["way"])}
        listed = {name: tuple(type(layer).__name__ for layer in each.layers[1:-1]) for name, each in pair.items()}
        series = [keras.Sequential([start, keras.layers.LSTM(2)], name="read")] if options["way"] == "configuration" else []
        paths = {name: tuple(weight.path for weight in each.weights)
                 for one in series for name, each in (("made", one), ("again", remade(keras, one, "configuration")))}
        owned = tuple((weight.path, f"{layer.path}/{weight.name}") for each in both.values() for layer in each.layers
                      if isinstance(layer, (keras.layers.Dense, keras.layers.Embedding)) for weight in layer.weights)
        words = keras.Sequential([keras.Input((None,), dtype="int32", name="words"), keras.layers.Embedding(9, 2)])
        cells = {}
        if options["way"] == "clone":
            cell = keras.layers.SimpleRNNCell(3, recurrent_initializer="zeros")
            loops = keras.Model(start, keras.layers.RNN(cell)(keras.layers.RNN(cell, return_sequences=True)(start)))
            cells = {name: each.count_params() for name, each in (("made", loops), ("again", remade(keras, loops, "clone")))}
        asked = {"made": words, "again": remade(keras, words, "clone") if options["way"] == "clone" else words}
    told = {name: tuple(f"{i.name} {tuple(i.shape)} {i.dtype}" for i in (*each.inputs, *asked[name].inputs))
            for name, each in both.items()}
    arrays = {name: np.array([len(each.layers), each.count_params()]) for name, each in both.items()}
    with moment("run"):
        both["again"].set_weights(model.get_weights())
        x = [backend.engine.tensor(np.linspace(-1.0, 1.0, 24).reshape(2, 4, 3).astype("float32")),
             backend.engine.tensor(np.array([[1, 2], [3, 4]], "float32"))]
        results = {name: each(x) for name, each in both.items()}
        arrays |= {f"outputs/{name}": backend.engine.numpy(each[0]) for name, each in results.items()}
        joined = beside(x[0]) if options["way"] == "configuration" else {"joined": None}  # it is the same in all of them
        tells = {name: {"shapes": tuple(map(tuple, each.compute_output_shape(list(TOLD_OF)))),
                        "dtypes": tuple(one.dtype for one in each([start, ids])),
                        "given": tuple(keras.backend.standardize_dtype(one.dtype) for one in results[name]),
                        "names": tuple(joined) if isinstance(joined, dict) else ()}
                 for name, each in both.items()}
    return Observation(arrays, facts={"inputs": told, "beside": listed, "paths": paths, "owned": owned, "tells": tells,
                                       "cells": {"made": 0, "again": 0} | cells,
                                       "first": tuple(name for name, tensor in calls.items() if getattr(one, name) is tensor)})


def run_optional(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.configurations.optional_inputs_stay_optional`: a layer that may be given a mask."""
    keras, engine = backend.keras, backend.engine
    with moment("build"):
        mask, start = keras.Input((3,), dtype="bool", optional=True), keras.Input((3, 3))
        middle = keras.layers.Dense(3)(start)
        model = keras.Model([mask, start], keras.layers.SimpleRNN(2)(middle, mask=mask))
        other = remade(keras, model, dict(request.arguments)["way"])
        other.set_weights(model.get_weights())
        first, between = keras.Model(start, middle), keras.Model([mask, middle], model.output)
    given = np.random.default_rng(4).normal(size=(3, 3, 3)).astype("float32")
    x, valid, arrays = engine.tensor(given), engine.tensor(np.arange(3) < np.array([[1], [2], [3]])), {}
    with moment("run"):
        for name, one, read in (("made", model, x), ("again", other, x), ("between", between, first(x))):
            arrays |= {f"{name}/without": one([None, read]), f"{name}/with": one([valid, read])}
        needed = [refuses(lambda one=one: one([valid, None])) for one in (model, other)]
        model.compile("sgd", "mse", run_eagerly=True)
        told = model.test_on_batch([None, given], np.zeros((3, 2), "float32"))
    return Observation({name: engine.numpy(array) for name, array in arrays.items()}
                       | {"told": np.array(float(told)), "needed": np.array(needed, "int32")})


def run_chosen_kernel(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.configurations.chosen_kernels_are_right_or_refused`."""
    options, keras, tensor = dict(request.arguments), backend.keras, backend.engine.tensor
    layer, batch = options["request"].layer, options["request"].batch
    kind = getattr(keras.layers, stacks.LAYERS[layer.cell])
    if not stacks.accepts(kind, "use_cudnn"):
        return Unsupported("layers of this release have no use_cudnn")
    choice = {"never": False, "always": True}.get(options["choice"], options["choice"])
    with moment("build"):
        made = kind(layer.units, return_sequences=True, return_state=True, use_cudnn=choice,
                    go_backwards=layer.direction == "backward")
        made = keras.layers.Bidirectional(made) if layer.direction == "bidirectional" else made
        made.build((None, None, layer.features))
        stack = stacks.Stack(keras, layer, [made])
        stack.assign(to_keras(layer, options["request"].weights))
    with moment("run"), backend.watch.listen() as words:
        mask = None if batch.mask is None else tensor(batch.mask)
        outputs, states, _ = stacks.forward(stack, tensor(batch.inputs.astype("float32")), mask)
    found = dict(zip(layer.result_names, (*outputs, *states), strict=True))
    return Observation({name: backend.engine.numpy(one) for name, one in found.items()}, " + ".join(words),
                       facts={"padding": backend.padding(layer)})


def run_compiled_by_default(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.kernels.recurrent_models_are_compiled`."""
    options, layers = dict(request.arguments), backend.keras.layers
    if backend.device == "gpu":
        return Unsupported("on a card TensorFlow runs layers in cuDNN, which is not compiled")
    with moment("build"):
        one = getattr(layers, stacks.LAYERS[options["cell"]])(3)
        one = layers.Bidirectional(one) if options["direction"] == "bidirectional" else one
        both = {name: backend.keras.Sequential([backend.keras.Input((4, 2)), layer])
                for name, layer in (("with", one), ("without", layers.Dense(3)))}
        for model in both.values():
            model.compile(loss="mse")
    return Observation({name: np.array(bool(model.jit_compile)) for name, model in both.items()})


def engine_array(backend: Any, variable: Any) -> np.ndarray:
    """A copy of what a variable holds."""
    return np.array(backend.engine.numpy(variable.value))


def run_bounds(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.configurations.bounds_reach_every_weight`: a layer whose weights are all bounded and
    punished, its losses, and its weights around a step of training whose gradients do not count."""
    options, keras = dict(request.arguments), backend.keras
    kind, factors, random = options["kind"], options["factors"], np.random.default_rng(5)
    given = {f"{name.replace('recurrent_kernel', 'recurrent')}_regularizer": keras.regularizers.L2(factor)
             for name, factor in factors.items() if name != "embeddings"}
    filled = {name: keras.initializers.Constant(value) for name, value in options["filled"].items()}
    given |= {f"{name.replace('recurrent_kernel', 'recurrent')}_initializer": value for name, value in filled.items()
              if name != "embeddings"}
    given |= {"kernel_constraint": keras.constraints.NonNeg(), "bias_constraint": keras.constraints.NonNeg(),
              "recurrent_constraint": keras.constraints.MaxNorm(options["most"], axis=0)}
    gates = {**given, "unit_forget_bias": False}
    row, ids = (4, 3), kind == "embedding"
    with moment("build"):
        if ids:
            row = (4,)
            layer = keras.layers.Embedding(9, 4, embeddings_regularizer=keras.regularizers.L2(factors["embeddings"]),
                                           embeddings_constraint=keras.constraints.NonNeg(),
                                           embeddings_initializer=filled["embeddings"])
        elif kind.startswith("conv_lstm"):
            axes = int(kind[-2])
            row = (3, *(4, 5, 3)[:axes], 2)
            layer = getattr(keras.layers, f"ConvLSTM{axes}D")(3, (2, 3, 2)[:axes], **gates)
        elif kind == "stacked":
            layer = keras.layers.RNN([keras.layers.LSTMCell(5, **gates), keras.layers.GRUCell(4, **given)])
        elif kind == "bidirectional":
            layer = keras.layers.Bidirectional(keras.layers.LSTM(5, **gates))
        else:
            cell, _, how = kind.partition("_") if kind != "simple_rnn" else (kind, "", "")
            more = {"before": {"reset_after": False}, "apart": {"implementation": 1}}.get(how, {})
            layer = getattr(keras.layers, stacks.LAYERS[cell])(5, **(gates if cell == "lstm" else given), **more)
        start = keras.Input(row, dtype="int32" if ids else "float32")
        model = keras.Model(start, layer(start))
        model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
        targets = np.zeros((2, *model.output_shape[1:]), "float32")
        backend.engine.hasten(model, targets)
        first = {f"first/{v.name} {n}": engine_array(backend, v) for n, v in enumerate(layer.trainable_variables)}
        layer.set_weights([random.normal(size=w.shape).astype("float32") for w in layer.get_weights()])

    def weights() -> dict[str, np.ndarray]:
        return {f"{v.name} {n}": engine_array(backend, v) for n, v in enumerate(layer.trainable_variables)}

    with moment("run"):
        before, loss = weights(), sum(float(backend.engine.numpy(one)) for one in model.losses)
        x = random.integers(0, 9, (2, *row)) if ids else random.normal(size=(2, *row)).astype("float32")
        model.train_on_batch(x, targets)
        after = weights()
    return Observation({"loss": np.array(loss), **first, **{f"before/{n}": a for n, a in before.items()},
                        **{f"after/{n}": a for n, a in after.items()}})


def run_bound(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.bounds_of_weights`: a regularizer or a constraint of a matrix."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    kinds = keras.regularizers if hasattr(keras.regularizers, options["name"]) else keras.constraints
    with moment("run"):
        found = getattr(kinds, options["name"])(**options["options"])(engine.tensor(options["weight"].astype("float32")))
        return Observation({"value": np.array(engine.numpy(found))})


def run_activity(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.configurations.losses_are_of_the_last_call`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layer, punished = options["layer"], keras.regularizers.L2(options["factor"])
    with moment("build"):
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(
            layer.units, return_sequences=True, return_state=layer.return_state, activity_regularizer=punished)
        one = keras.layers.Bidirectional(one) if layer.direction == "bidirectional" else one
        start = keras.Input((None, layer.features))
        model = keras.Sequential([start, one]) if options["inside"] == "sequential" else keras.Model(start, one(start))
        if options["inside"] in ("model", "deep"):
            model = keras.Sequential([model]) if options["inside"] == "deep" else model
            model = keras.Model(outer := keras.Input((None, layer.features)), model(outer))
        stacks.give(one, layer, options["weights"])
    arrays = {}
    with moment("run"):
        for number, batch in enumerate(options["batches"]):
            model(engine.tensor(batch.inputs.astype("float32")))
            arrays[f"losses/{number}"] = np.array([engine.numpy(loss) for loss in model.losses], "float64")
    return Observation(arrays)


def run_defaults(backend: Any, request: FunctionRequest) -> Observation:
    """Layers with nothing but what must be given, behind Masking and beside Embedding; and some with options by their places."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layer, batch = options["layer"], options["batch"]
    with moment("build"):
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units)
        one = keras.layers.Bidirectional(one) if layer.direction == "bidirectional" else one
        one.build((None, None, layer.features))
        stacks.give(one, layer, options["weights"])
        wrapped = {"RNN": [keras.layers.LSTMCell(2)], "Bidirectional": [keras.layers.LSTM(2)]}
        places = []
        for name, given in options["places"]:
            config = getattr(keras.layers, name)(*wrapped.get(name, ()), *(value for _, value in given)).get_config()
            places += [(f"{option} of {name}", str(config[option]), str(value)) for option, value in given]
    with moment("run"):
        inputs = np.where(batch.mask[:, :, None], batch.inputs, 0.0).astype("float32")
        outputs = engine.numpy(one(keras.layers.Masking()(engine.tensor(inputs))))
        ids = keras.layers.Embedding(9, 4)(engine.tensor(np.array([[0, 3, 0]], "int32")))
        masks = (("Embedding", "no mask" if stacks.passed_mask(ids) is None else "a mask", "no mask"),)
    return Observation({"outputs": outputs}, facts={"padding": "hold", "masks": masks, "places": tuple(places)})


def run_last_axis(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.edges.last_axes_of_one_are_optional`: series of one feature, and ids."""
    options, keras = dict(request.arguments), backend.keras
    layer, inputs, ids = options["layer"], options["inputs"].astype("float32"), options["ids"].astype("int32")
    with moment("build"):
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units)
        series = keras.Sequential([keras.Input((None, 1)), one])
        stacks.give(one, layer, options["weights"])
        words = keras.Sequential([keras.Input((ids.shape[1],), dtype="int32"), keras.layers.Embedding(9, 2)])
    call = (lambda model, given: model.predict(given, verbose=0)) if options["entry"] == "predict" else (
        lambda model, given: backend.engine.numpy(model(backend.engine.tensor(given))))
    with moment("run"):
        arrays = {"outputs": call(series, inputs[:, :, 0]), "words": call(words, ids), "words more": call(words, ids[:, :, None])}
    return Observation(arrays, facts={"padding": "hold"})


def run_in_parts(backend: Any, request: FunctionRequest) -> Observation:
    """Predicted, two parts at once, and evaluated some rows at a time, and twice trained on all at once, with dropout in front;
    and fitted some rows at a time without dropout, with a rate of 0, and then on the first of them."""
    options, keras = dict(request.arguments), backend.keras
    layer, batch = options["layer"], options["batch"]
    with moment("build"):
        start = keras.Input((batch.time, layer.features))
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units, return_sequences=True)
        punished = keras.layers.ActivityRegularization(l2=options["factor"])
        mask = None if batch.mask is None else keras.Input((batch.time,), dtype="bool")
        outputs = one(keras.layers.Dropout(options["dropout"])(start), **({} if mask is None else {"mask": mask}))
        stacks.give(one, layer, options["weights"])
        model = keras.Model(start if mask is None else [start, mask], punished(outputs))
        plain = keras.Model(model.inputs, punished(one(start, **({} if mask is None else {"mask": mask}))))
        model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
        plain.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse", jit_compile=backend.engine.plain)
    x = batch.inputs.astype("float32")
    x = x if mask is None else [x, np.array(batch.mask)]
    y, size = options["targets"].astype("float32"), options["size"]
    with moment("run"):
        model.steps_per_execution = 1 if backend.engine.name == "torch" else 2  # the torch backend has no other
        heard: list[np.ndarray] = []
        hearing = keras.callbacks.LambdaCallback(
            on_predict_batch_end=lambda batch, logs: heard.append(keras.ops.convert_to_numpy(logs["outputs"])))
        found = np.array(model.predict(x, batch_size=size, verbose=0, callbacks=[hearing]))
        model.steps_per_execution = 1
        loss = model.evaluate(x, y, batch_size=size, verbose=0)
        trained, again = model.train_on_batch(x, y), model.train_on_batch(x, y)
        fitted = plain.fit(x, y, batch_size=size, shuffle=False, verbose=0).history["loss"]
        part = x[:size] if mask is None else [one[:size] for one in x]
        first = plain.train_on_batch(part, y[:size])
    named = {"loss": loss, "trained": trained, "again": again, "fitted": fitted, "first": first}
    losses = {name: np.array(float(np.ravel(value)[0])) for name, value in named.items()}
    return Observation({"outputs": found, "heard": np.concatenate(heard), **losses}, facts={"padding": "hold"})
