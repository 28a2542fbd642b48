"""Keras' layers as parts of a model: declared shapes, dropout of any cell in a loop, masks in wrappers and pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from cases.convolutions import unflat
from cases.families.wrappers import IMPOSSIBLE, OPEN, PARTS, TOLD
from cases.layers import Layer
from cases.layouts import to_keras
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment

FLAGS = ("stateful", "unroll", "zero_output_for_mask")
"""Options of a loop that change no shape; a convolutional one takes the first alone."""


def loop(keras: Any, layers: Sequence[Layer], of_cells: Mapping[str, Any] = MappingProxyType({}), **options: Any) -> Any:
    """One layer of Keras: the layer itself, or a loop over the cells of several; with further options of each cell."""
    if len(layers) == 1:
        layer = layers[0]
        name = f"ConvLSTM{layer.convolution.rank}D" if layer.convolution else stacks.LAYERS[layer.cell]
        return getattr(keras.layers, name)(layer.filters, **{**stacks.cell_options(layer), **of_cells}, **options)
    cells = [getattr(keras.layers, f"{stacks.LAYERS[one.cell]}Cell")(one.units, **{**stacks.cell_options(one), **of_cells})
             for one in layers]
    return keras.layers.RNN(cells, **options)


def run_declared(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.wrappers.declared_shapes_come`."""
    options, keras = dict(request.arguments), backend.keras
    layers, rows, steps = TOLD[options["part"]], options["rows"], options["steps"]
    around = options["inside"] == "time_distributed"
    shape = (steps, *stacks.step_shape(layers[0]))
    shape = (3, *shape) if around else shape

    def made(**flags: bool) -> Any:
        one = loop(keras, layers, return_sequences=options["return_sequences"], return_state=options["return_state"],
                   go_backwards=options["direction"] == "backward", **flags)
        if options["direction"] == "bidirectional":
            one = keras.layers.Bidirectional(one, None if options["merge"] == "none" else options["merge"])
        return keras.layers.TimeDistributed(one) if around else one

    with moment("build"):
        one = made()
        one.build((rows, *shape))
        told = {"computed": one.compute_output_shape((rows, *shape))}
        told["row"] = one.compute_output_shape((1, *shape))
        told["symbolic"] = shapes(keras, one(keras.Input(shape)))
        flags = {"stateful": True} if layers[0].convolution else dict.fromkeys(FLAGS, True)
        told["flagged"] = made(**flags).compute_output_shape((rows, *shape))
    with moment("run"):
        came = one(backend.engine.tensor(np.ones((rows, *shape), "float32")))
    arrays = {f"{how}/{n}": np.array(s) for how, each in told.items() for n, s in named(each).items()}
    return Observation(arrays | {f"came/{n}": np.array(s) for n, s in named(shapes(keras, came)).items()})


def shapes(keras: Any, results: Any) -> Any:
    """The shapes of tensors, nested as they are."""
    if isinstance(results, (list, tuple)):
        return [shapes(keras, one) for one in results]
    return tuple(results.shape)


def named(nested: Any, place: str = "0") -> dict[str, list[int]]:
    """Shapes by their place in the results: 0, 1/0, ..."""
    if isinstance(nested, tuple) and all(size is None or isinstance(size, int) for size in nested):
        return {place: [OPEN if size is None else size for size in nested]}
    start = "" if place == "0" else place + "/"
    return {name: shape for n, one in enumerate(nested) for name, shape in named(one, f"{start}{n}").items()}


def run_dropping(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.wrappers.every_cell_drops`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layers, batch = PARTS[options["part"]], options["batch"]
    inputs = batch.inputs.astype("float32")
    inputs = inputs if layers[0].convolution is None else unflat(layers[0].convolution, inputs, layers[0].convolution.space)

    def made(rate: float, **seed: int) -> Any:
        each = [one.but(**{options["which"]: rate}) if n == options["cell"] else one for n, one in enumerate(layers)]
        unrolled = options["loop"] == "unrolled" and not each[0].convolution
        backwards = options["loop"] == "backward" or unrolled
        one = loop(keras, each, seed, return_sequences=True, go_backwards=backwards, **({"unroll": True} if unrolled else {}))
        one.build(inputs.shape)
        one.set_weights([a.astype("float32") for layer, own in zip(layers, options["weights"], strict=True)
                         for a in to_keras(layer, own)["0/forward"]])
        return one

    with moment("build"):
        plain, dropping = made(0.0), made(options["rate"])
        others = {"twin": made(options["rate"]), "stranger": made(options["rate"], seed=4321)} if options["seeds"] else {}
    with moment("run"):
        given = engine.tensor(inputs)
        found = {"plain": plain(given), "inference": dropping(given)}
        found |= {name: dropping(given, training=True) for name in ("training", "again")}
        for name, other in others.items():
            other(given)  # as many calls as the first one had
            found[name] = other(given, training=True)
    return Observation({name: engine.numpy(one) for name, one in found.items()})


def run_wrapped_mask(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.wrappers.wrappers_refuse_other_masks`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    with moment("build"):
        inside = keras.layers.Dense(2) if options["inside"] == "dense" else keras.layers.LSTM(2)
        inputs = options["inputs"].astype("float32")
        made = keras.layers.TimeDistributed(inside)
        made.build(inputs.shape)
        mask = options["mask"] if options["inside"] == "dense" else np.repeat(options["mask"][:, :, None], 3, axis=2)
    with moment("run"):
        return Observation({"outputs": engine.numpy(made(engine.tensor(inputs), mask=engine.tensor(mask)))})


def run_pooled(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.wrappers.pooling_counts_valid_steps`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layout, inputs = options["layout"], options["inputs"].astype("float32")
    with moment("build"):
        pooled = keras.layers.GlobalAveragePooling1D(f"channels_{'first' if layout == 'first' else 'last'}", layout == "kept")
        pooling = (lambda x, mask: keras.ops.squeeze(pooled(x, mask=mask), 1)) if layout == "kept" else pooled
        inputs = keras.Variable(np.swapaxes(inputs, 1, 2) if layout == "first" else inputs)
        mask = None if options["mask"] is None else engine.tensor(options["mask"])
        cotangents = engine.tensor(options["cotangents"].astype("float32"))
    with moment("run"):
        outputs = pooling(inputs.value, mask=mask)
        slope = engine.differentiate(lambda: keras.ops.sum(pooling(inputs.value, mask=mask) * cotangents), [inputs])[1][0]
        nothing = pooling(inputs.value[:0], mask=None if mask is None else mask[:0])
    slope = engine.numpy(slope)
    return Observation({"outputs": engine.numpy(outputs), "of no rows": engine.numpy(nothing),
                        "gradients/inputs": np.swapaxes(slope, 1, 2) if layout == "first" else slope})


def run_built_part(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.wrappers.built_parts_keep_their_weights`."""
    options, layers, engine = dict(request.arguments), backend.keras.layers, backend.engine
    kind, shape = options["around"], (options["rows"], options["steps"], 3)
    with moment("build"):
        if kind in ("loop", "stacked"):
            part = layers.GRUCell(2)
            part.build((None, 3))
        else:
            part = layers.Dense(2) if kind == "time_distributed" else layers.GRU(2, go_backwards=kind == "backward_layer")
            part.build((None, 3) if kind == "time_distributed" else (None, None, 3))
        before = [engine.numpy(one.value).copy() for one in part.weights]
        start = backend.keras.Input(shape[1:])
        one = {"backward_layer": lambda: layers.Bidirectional(layers.GRU(2), backward_layer=part),
               "loop": lambda: layers.RNN(part), "stacked": lambda: layers.RNN([part, layers.LSTMCell(2)]),
               "time_distributed": lambda: layers.TimeDistributed(part),
               "sequential": lambda: backend.keras.Sequential([start, part]),
               "model": lambda: backend.keras.Model(start, part(start))}[kind]()
    with moment("run"):
        one(engine.tensor(np.ones(shape, "float32")))
        around = {id(each) for each in one.weights}
        named = {"before": before, "after": [engine.numpy(each.value) for each in part.weights if id(each) in around]}
    return Observation({f"{name}/{n}": one for name, arrays in named.items() for n, one in enumerate(arrays)})


def run_other_halves(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.wrappers.other_halves_are_refused`."""
    options, keras = dict(request.arguments), backend.keras
    with moment("build"):
        reset = options["option"] == "reset"
        name = "stateful" if reset else options["option"]
        ahead, back = (keras.layers.LSTM(**{"units": 2, "go_backwards": backwards, name: value})
                       for backwards, value in zip((False, True), options["values"], strict=True))
        made = keras.layers.Bidirectional(ahead, backward_layer=back, merge_mode="sum")
    with moment("run"):
        if reset:
            made.reset_state()
        return Observation({"outputs": backend.engine.numpy(made(backend.engine.tensor(np.ones((1, 2, 3), "float32"))))})


def run_made_convolution(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.wrappers.impossible_convolutions_are_refused`: nothing is built or run."""
    options = dict(request.arguments)
    given = {"filters": 2, "kernel_size": 2, **IMPOSSIBLE[options["wrong"]]}
    if options["wrong"] == "window_of_other_axes":
        given["kernel_size"] = (2,) * (options["axes"] + 1)
    with moment("build"):
        getattr(backend.keras.layers, f"ConvLSTM{options['axes']}D")(**given)
    return Observation({"made": np.array(1)})
