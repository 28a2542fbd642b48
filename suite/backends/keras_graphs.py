"""Keras layers around recurrent ones: joins, pooling, attention, wrappers; masks made as users make them, by Masking in front."""

from __future__ import annotations

import contextlib
import inspect
from typing import Any

import numpy as np

from cases.families.convolutions_in_time import APART
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment, refuses
from suite.backends.keras_again import loaded

JOINS = {"add": "Add", "multiply": "Multiply", "subtract": "Subtract", "average": "Average",
         "maximum": "Maximum", "minimum": "Minimum"}
RATE = 0.5


def recurrent(keras: Any, layer: Any, weights: Any, features: int) -> Any:
    """One layer as users write it, with these weights."""
    one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units, return_sequences=layer.return_sequences)
    one.build((None, None, features))
    stacks.give(one, layer, weights)
    return one


def copying(keras: Any, width: int, rate: float) -> Any:
    """A cell whose output is its input, as far as dropout leaves it."""
    same = keras.initializers.Identity()  # the first releases do not know it by its name
    return keras.layers.SimpleRNNCell(width, "linear", use_bias=False, kernel_initializer=same, recurrent_initializer="zeros",
                                      dropout=rate)


def telling_nothing(keras: Any, inner: Any) -> Any:
    """A layer of one's own around a layer: it is told whether to train, and tells the inner one nothing, who inherits it."""

    class Around(keras.layers.Layer):
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    return Around(inner)


def around(keras: Any, options: dict[str, Any]) -> Any:
    """The layer that is asked about, called on what its inputs have become."""
    kind, layers = options["kind"].removesuffix("_movies"), keras.layers
    if kind in JOINS:
        one = getattr(layers, JOINS[kind])()
    elif kind.startswith("concatenate"):
        one = layers.Concatenate(axis={"concatenate_time": 1, "concatenate_from_the_end": -2}.get(kind, -1))
    elif kind.startswith("dot"):
        before = kind == "dot_before"
        one = layers.Dot((1, 2) if before else (2, 1))
        return lambda *tensors: one(list(tensors[::-1] if before else tensors))
    elif kind.startswith("cosine"):
        one = layers.Dot((2, 1) if kind == "cosine" else (1, 2), normalize=True)
    elif kind == "pool":
        one = layers.GlobalAveragePooling1D()
    elif kind.startswith("attend"):
        one = layers.Attention()
        return lambda *tensors, **more: one(list(tensors), use_causal_mask=kind == "attend_back")
    elif kind == "words":
        inner = recurrent(keras, options["layer"], options["weights"], options["inputs"][0].shape[-1])
        one = layers.TimeDistributed(inner)
    elif kind == "spatial_dropout":
        one = layers.SpatialDropout1D(RATE)
    elif kind == "shaped_dropout":
        one = layers.Dropout(RATE, noise_shape=(None, 1, None))
    elif kind in ("float16_dropout", "bfloat16_dropout"):
        one = layers.Dropout(RATE, dtype=f"mixed_{kind.partition('_')[0]}")
    elif kind == "wrapped_dropout":
        one = layers.TimeDistributed(layers.Dropout(RATE))
    elif kind == "stacked_dropout":
        cells = [copying(keras, options["inputs"][0].shape[-1], rate) for rate in (0.0, RATE)]
        one = layers.RNN(layers.StackedRNNCells(cells), return_sequences=True)
    else:
        one = telling_nothing(keras, keras.Sequential([layers.Activation("linear"), layers.Dropout(RATE)]))
    training = {"training": options["training"]} if "training" in options else {}
    return lambda *tensors, **more: one(list(tensors) if len(tensors) > 1 else tensors[0], **training)


def masked(keras: Any, tensor: Any, mask: Any, kind: str) -> Any:
    """The exponential behind a layer that masks zeros, where there are some; of movies each step is one place."""
    made = keras.layers.Masking()(tensor) if mask is not None else tensor
    made = keras.layers.Activation("exponential")(made)
    return keras.layers.TimeDistributed(keras.layers.Reshape((1, -1)))(made) if kind.endswith("movies") else made


def run_graph(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the requests of `cases.families.graphs`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    masks, kind = options["masks"], options["kind"]
    inputs = [(x if m is None or kind == "given" else np.where(m[..., None], x, 0.0)).astype("float32")
              for x, m in zip(options["inputs"], masks, strict=True)]
    if kind == "embedding":
        return _embedded(backend, options)
    if kind == "given":
        return _given(backend, options, inputs[0])
    tensors = [engine.tensor(x) for x in inputs]
    if options.get("origin") == "reloaded":
        return _reloaded(backend, options, inputs)
    if kind == "masking":
        with moment("run"):
            one = keras.layers.Masking(options["value"])
            told = {f"told{words}": one.compute_mask(tensors[0], *masks) for words, masks in
                    (("", ()), (" beside another", (keras.ops.ones(tensors[0].shape[:2], "bool"),)))}
            return _seen(engine, one(tensors[0]), **told)
    with moment("build"):
        call = around(keras, options)
    with moment("run"):
        given = [masked(keras, t, m, kind) for t, m in zip(tensors, masks, strict=True)]
        outputs = call(*given)
        return _seen(engine, outputs, **({"again": call(*given)} if "training" in options else {}))


def _seen(engine: Any, outputs: Any, **others: Any) -> Observation:
    """Outputs, the mask that is passed on with them, if one is, and other tensors."""
    passed = stacks.passed_mask(outputs)
    tensors = {"outputs": outputs, **({} if passed is None else {"mask": passed}), **others}
    return Observation({name: engine.numpy(tensor) for name, tensor in tensors.items()}, "eager")


def run_between(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.layers_between`: a mask, made by Masking, through one layer, over padding that holds
    numbers."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if not hasattr(keras.layers, options["layer"]):
        return Unsupported(f"this Keras has no {options['layer']}")
    inputs, there = options["inputs"].astype("float32"), options["mask"][..., None]
    zeroed, padding = engine.tensor(np.where(there, inputs, 0)), engine.tensor(np.where(there, 0, inputs))
    with moment("build"):
        one = getattr(keras.layers, options["layer"])(**options["options"])
        takes = "training" in inspect.signature(one.call).parameters
    with moment("run"):
        training = {"training": options["training"]} if takes else {}
        filled = keras.layers.Activation(lambda x: x + padding)(keras.layers.Masking()(zeroed))
        outputs = one(filled, **training)
        kept = {name: engine.numpy(getattr(one, name).value) for name in ("moving_mean", "moving_variance") if hasattr(one, name)}
        seen = _seen(engine, outputs, plain=one(engine.tensor(inputs), **training), **_twice(backend, options, filled))
        given = engine.tensor(inputs.copy())
        with engine.torch.no_grad() if engine.name == "torch" else contextlib.nullcontext():
            one(given, **training)
    return Observation({**seen.arrays, **kept, "given": engine.numpy(given)}, seen.kernel)


def _twice(backend: Any, options: dict[str, Any], filled: Any) -> dict[str, Any]:
    """Of a normalization without options: of movies (batch, time, 2, features), twice the same, whose steps are masked as a
    whole, the second."""
    keras, whole = backend.keras, options["training"] and options["inputs"].shape[2] > 1  # one feature: a known finding
    if options["layer"] != "BatchNormalization" or options["options"] or not whole:
        return {}
    movies, mask = keras.ops.stack([filled, filled], axis=2), backend.engine.tensor(options["mask"][:, :, None])
    return {"twice": keras.layers.BatchNormalization()(movies, mask=mask, training=True)[:, :, 1]}


def _embedded(backend: Any, options: dict[str, Any]) -> Observation:
    """Ids through an Embedding that masks."""
    keras, engine = backend.keras, backend.engine
    rows = options["weights"]["embeddings"].astype("float32")
    with moment("build"):
        one = keras.layers.Embedding(*rows.shape, mask_zero=True, weights=[rows] if options["origin"] == "given" else None)
        if options["origin"] == "built":
            one.build((None, None))
            one.set_weights([rows])
    with moment("run"):
        return _seen(engine, one(engine.tensor(options["inputs"][0])))


def _reloaded(backend: Any, options: dict[str, Any], inputs: list[np.ndarray]) -> Observation:
    """The same in a model that was saved and loaded."""
    keras, engine = backend.keras, backend.engine
    with moment("build"):
        given = [keras.Input(x.shape[1:]) for x in inputs]
        call = around(keras, options)
        model = keras.Model(given, call(*(masked(keras, t, m, options["kind"])
                                           for t, m in zip(given, options["masks"], strict=True))))
        again = loaded(keras, model)
    with moment("run"):
        return _seen(engine, again([engine.tensor(x) for x in inputs]))


def _given(backend: Any, options: dict[str, Any], inputs: np.ndarray) -> Observation:
    """A model that is called with a mask, alone and as a layer of another."""
    keras, engine = backend.keras, backend.engine
    with moment("build"):
        start = keras.Input((None, inputs.shape[-1]))
        model = keras.Model(start, recurrent(keras, options["layer"], options["weights"], inputs.shape[-1])(start))
    with moment("run"):
        mask = np.array(options["masks"][0])
        outputs = engine.numpy(model(engine.tensor(inputs), mask=engine.tensor(mask)))
        zeroed = np.where(mask[..., None], inputs, 0.0).astype("float32")
        inside = keras.Model(outer := keras.Input((None, inputs.shape[-1])), model(keras.layers.Masking()(outer)))
        again = engine.numpy(inside(engine.tensor(zeroed)))
    return Observation({"outputs": outputs, "inside": again}, "eager")


def run_convolution_in_time(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.convolutions_in_time`."""
    options, keras = dict(request.arguments), backend.keras
    if "edges" in options:
        return Unsupported("Keras' convolutions read zeros where there is no step, and have no option for it")
    kernel = options["kernel"].astype("float32")
    with moment("build"):
        layer = keras.layers.Conv1D(
            kernel.shape[2], len(kernel), options["stride"], options["padding"], dilation_rate=options["dilation"],
            groups=options["groups"], data_format=f"channels_{options['channels']}", use_bias=options["biased"],
            activation=None if options["biased"] else "tanh")
    return convolving(backend, layer, options, [kernel])


def convolving(backend: Any, layer: Any, options: dict[str, Any], weights: list[np.ndarray]) -> Observation:
    """The outputs (rows, steps, filters) of a convolution with these weights and its bias."""
    first = options["channels"] == "first"
    inputs = options["inputs"].astype("float32")
    inputs = np.ascontiguousarray(inputs.swapaxes(1, 2)) if first else inputs
    with moment("build"):
        layer.build(inputs.shape)
        layer.set_weights([*weights, *([options["bias"].astype("float32")] if options["biased"] else [])])
    with moment("run"):
        outputs = backend.engine.numpy(layer(backend.engine.tensor(inputs)))
        return Observation({"outputs": outputs.swapaxes(1, 2) if first else outputs})


def run_other_convolution(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.convolutions_in_time.other_convolutions_are_sums`."""
    options, layers = dict(request.arguments), backend.keras.layers
    kernel, joins = (options[name].astype("float32") for name in ("kernel", "joins"))
    more = {"data_format": f"channels_{options['channels']}", "use_bias": options["biased"]}
    with moment("build"):
        if options["kind"] == "transposed":
            layer = layers.Conv1DTranspose(joins.shape[2], len(joins), APART, **more)
            return convolving(backend, layer, options, [joins.swapaxes(1, 2)])
        many = kernel.shape[2] // options["inputs"].shape[2]
        weights = [kernel.reshape(len(kernel), -1, many)]
        if options["kind"] == "depthwise":
            layer = layers.DepthwiseConv1D(len(kernel), padding="same", depth_multiplier=many, **more)
        else:
            layer = layers.SeparableConv1D(joins.shape[1], len(kernel), padding="same", depth_multiplier=many, **more)
            weights.append(joins[None])
    return convolving(backend, layer, options, weights)


def run_cut_model(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.cut_models.cut_models_are_whole`: a model with a GRU at its end."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layers, behind = keras.layers, options["behind"]
    ids = behind.endswith("embedding")
    given = np.array([[3, 1, 0, 0], [2, 4, 1, 0]], "int32")
    inputs = given if ids else (np.eye(5, 3, -1)[given] + 0.5 * (given[:, :, None] > 0)).astype("float32")
    with moment("build"):
        start = keras.Input((4,), dtype="int32") if ids else keras.Input((4, 3))
        front = layers.Masking()(start) if behind.startswith("mask") and not ids else start
        middle = {"embedding": lambda: layers.Embedding(5, 3, mask_zero="masked" in behind)(start), "masking": lambda: front,
                  "dense": lambda: layers.Dense(3, dtype="bfloat16")(front),
                  "lstm": lambda: layers.LSTM(3, return_sequences=True)(front),
                  "bidirectional": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True))(front)}[
                      behind.removeprefix("masked_")]()
        end = layers.GRU(2)(middle)
        whole, first, second = keras.Model(start, end), keras.Model(start, middle), keras.Model(middle, end)
    with moment("run"):
        x = engine.tensor(inputs)
        found = {"whole": whole(x), "parts": second(first(x)), "function": keras.Function(middle, end)(first(x))}
        refused = refuses(lambda: keras.Model(keras.Input((4, 3)), [end, start]))
        return Observation({name: engine.numpy(one) for name, one in found.items()} | {"refused": np.array(int(refused))},
                           facts={"begins": second.inputs[0].dtype, "ends": middle.dtype})
