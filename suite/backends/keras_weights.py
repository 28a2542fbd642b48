"""Keras layers' weights: fresh ones, set and read back, and after a step of training with regularizers, constraints and frozen
layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.layers import Layer
from cases.layouts import from_keras, to_keras
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment


def made(backend: Any, layer: Layer, options: dict[str, Any] | None = None) -> list[Any]:
    """The layers as a user writes them, built, with further options."""
    keras, found = backend.keras, []
    for index in range(layer.layers):
        options = {n: filling(keras, v) if n.endswith("_initializer") else v for n, v in (options or {}).items()}
        more = {"reset_after": layer.reset_after} if layer.cell == "gru" else {}
        kind, row = stacks.LAYERS.get(layer.cell, ""), (layer.input_width(index),)
        if layer.convolution:
            kind, row = f"ConvLSTM{layer.convolution.rank}D", (*layer.convolution.space, layer.input_channels(index))
            more = {"kernel_size": layer.convolution.size, "padding": layer.convolution.padding}
        one = getattr(keras.layers, kind)(layer.filters, use_bias=layer.bias, dtype=layer.dtype, return_sequences=True, **more,
                                          **options)
        one = keras.layers.Bidirectional(one) if layer.direction == "bidirectional" else one
        one.build((None, None, *row))
        found.append(one)
    return found


def filling(keras: Any, by: float | tuple[float, float]) -> Any:
    """The initializer: a number everywhere, or numbers that are drawn between two."""
    return keras.initializers.RandomUniform(*by) if isinstance(by, tuple) else keras.initializers.Constant(by)


def read(layer: Layer, layers: list[Any]) -> dict[str, np.ndarray]:
    """`get_weights` by this project's names: each direction's in turn."""
    flat, arrays = [a for one in layers for a in one.get_weights()], {}
    each = 3 if layer.bias else 2
    for number, place in enumerate(to_keras(layer, _shaped(layer))):
        arrays[place] = flat[number * each : (number + 1) * each]
    return {f"weights/{n}": np.array(a, "float64") for n, a in from_keras(layer, arrays).items()}


def _shaped(layer: Layer) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape) for name, shape in layer.weight_shapes().items()}


def run_fresh(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.initial_weights.fresh`."""
    options = dict(request.arguments)
    layer = options["layer"]
    with moment("build"):
        backend.keras.utils.set_random_seed(options["seed"])
        own = {n: v for n, v in options["options"].items() if n != "call"}
        layers = made(backend, layer, own)
    named = tuple((v.name, tuple(v.shape)) for one in layers for v in one.weights)
    return Observation(read(layer, layers), facts={"initial": "keras", "own": named})


def run_read_back(backend: Any, request: FunctionRequest) -> Observation:
    """Weights set by `set_weights` and read by `get_weights`."""
    options = dict(request.arguments)
    layer = options["layer"]
    with moment("build"):
        layers = made(backend, layer)
    with moment("run"):
        arrays = to_keras(layer, options["weights"])
        for index, one in enumerate(layers):
            own = [each for place, each in arrays.items() if place.startswith(f"{index}/")]
            one.set_weights([a.astype("float32") for each in own for a in each])
        return Observation(read(layer, layers))


def run_step(backend: Any, request: FunctionRequest) -> Observation:
    """One `train_on_batch`: see `cases.families.initial_weights.stepped`. Without a mask the first layer is made frozen, with one
    it is frozen afterwards."""
    options, keras = dict(request.arguments), backend.keras
    batch, punished = options["batch"], options["punished"]
    bounds: dict[str, Any] = {}
    if punished:
        for name in ("kernel", "recurrent", "bias"):
            bounds[f"{name}_regularizer"] = keras.regularizers.L2(punished[name])
        bounds |= {"kernel_constraint": keras.constraints.NonNeg(), "bias_constraint": keras.constraints.NonNeg(),
                   "recurrent_constraint": keras.constraints.MaxNorm(0.5, axis=0)}
    with moment("build"):
        inputs = keras.Input((batch.time, options["layers"][0].features))
        mask = None if batch.mask is None else keras.Input((batch.time,), dtype="bool")
        tensor, layers = inputs, []
        for index, layer in enumerate(options["layers"]):
            kind = getattr(keras.layers, stacks.LAYERS[layer.cell])
            layers.append(kind(layer.units, return_sequences=True, trainable=index == 1 or mask is not None,
                               **(bounds if index else {})))
            tensor = layers[-1](tensor, **({"mask": mask} if index == 0 and mask is not None else {}))
        model = keras.Model(inputs if mask is None else [inputs, mask], tensor)
        for layer, one, weights in zip(options["layers"], layers, options["weights"], strict=True):
            stacks.give(one, layer, weights)
        if mask is not None:
            layers[0].trainable = False
        model.compile(optimizer=keras.optimizers.SGD(options["rate"]), loss="mse")
        backend.engine.hasten(model, options["targets"])
    x = batch.inputs.astype("float32") if mask is None else [batch.inputs.astype("float32"), np.array(batch.mask)]
    with moment("run"):
        arrays = {f"before/{k}/{n}": a for k, one in enumerate(layers) for n, a in _named(one).items()}
        outputs = np.asarray(model.predict(x, verbose=0), "float64")
        error = np.mean((outputs - options["targets"]) ** 2, axis=-1)[batch.valid].mean()
        losses = [float(backend.engine.numpy(loss)) for loss in model.losses]
        loss = model.train_on_batch(x, options["targets"].astype("float32"))
        arrays.update({f"after/{k}/{n}": a for k, one in enumerate(layers) for n, a in _named(one).items()})
    arrays |= {"loss": np.array(float(np.ravel(loss)[0])), "error": np.array(error), "losses": np.array(losses)}
    return Observation(arrays)


def run_thawed(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.freezing.thawed_layers_learn`: a step with the layer frozen, and one without."""
    options, keras = dict(request.arguments), backend.keras
    random = np.random.default_rng(2)
    x, y = random.normal(size=(3, 4, 2)).astype("float32"), random.normal(size=(3, 3)).astype("float32")
    punished = {"kernel_regularizer": keras.regularizers.L2(options["factor"])}
    with moment("build"):
        kind = getattr(keras.layers, stacks.LAYERS[options["cell"]])
        one = kind(3, return_sequences=True, trainable=options["how"] != "made", **punished)
        model = keras.Sequential([keras.Input(x.shape[1:]), one, kind(3)])
        outer = keras.Sequential([keras.Input(x.shape[1:]), model, keras.layers.Dense(3)])
        frozen = model if options["how"] == "model" else one
    arrays: dict[str, np.ndarray] = {}

    def keep(when: str) -> None:
        arrays.update({f"{when}/{name}": array for name, array in _named(one).items()})

    with moment("run"):
        keep("made")
        places = {id(each): place for place, each in enumerate(outer.weights)}
        for when, trainable in (("frozen", False), ("thawed", True)):
            frozen.trainable = trainable
            arrays[f"order {when}"] = np.array([places[id(each)] for each in outer.weights])
            outer.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse")
            backend.engine.hasten(outer, y)
            arrays[f"penalty {when}"] = np.array(sum(float(backend.engine.numpy(loss)) for loss in outer.losses))
            outer.train_on_batch(x, y)
            keep(when)
            listed = (one.trainable_variables, one.non_trainable_variables, one.variables)
            arrays[f"listed {when}"] = np.array([len(each) for each in listed])
    return Observation(arrays)


def _named(one: Any) -> dict[str, np.ndarray]:
    return {v.name: np.array(a, "float64") for v, a in zip(one.weights, one.get_weights(), strict=True)}
