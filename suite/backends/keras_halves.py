"""Keras' Bidirectional over two layers of the user's own, one a direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.halves import HALVES, ROWS, STEPS
from cases.layers import Layer
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.keras_again import configured, loaded
from suite.backends.keras_wrappers import shapes


def run_halves(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.halves.halves_are_their_layers`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    ahead, back = (half.but(dtype=options["policy"]) for half in HALVES[options["halves"]])
    layers, batch, way = (ahead, back.but(direction="backward")), options["batch"], options["way"]
    shape = (ROWS, STEPS, ahead.features)
    merge = None if options["merge"] == "none" else options["merge"]
    with moment("build"):
        halves = [getattr(keras.layers, stacks.LAYERS[layer.cell])(
            layer.units, **stacks.cell_options(layer), return_state=True, return_sequences=options["return_sequences"],
            go_backwards=backwards) for backwards, layer in enumerate(layers)]
        made = keras.layers.Bidirectional(halves[0], merge, backward_layer=halves[1], dtype=options["policy"])
        made.build(shape)
        for half, layer, weights in zip(stacks.halves(made), layers, options["weights"], strict=True):
            stacks.give(half, layer, weights)
        told = {"computed": made.compute_output_shape(shape)}
        start = keras.Input(batch_shape=shape)
        results = made(start)
        told["symbolic"] = shapes(keras, results)
        if way == "configuration":
            made = configured(made, shape)
        elif way == "file":
            made = loaded(keras, keras.Model(start, results)).layers[-1]
    with moment("run"):
        cast = lambda array: engine.tensor(np.asarray(array, "float32"))  # noqa: E731
        mask = {} if batch.mask is None else {"mask": engine.tensor(batch.mask)}
        states = [cast(a) for half in options["states"] for a in half.values()]
        came = made(cast(batch.inputs), **mask, **({"initial_state": states} if states else {}))
    arrays = {f"{how}/{n}": np.array(one) for how, each in told.items() for n, one in named(each, merge).items()}
    return Observation(arrays | {n: engine.numpy(one) for n, one in named(came, merge).items()})


def named(results: Any, merge: str | None) -> dict[str, Any]:
    """The results of a call, or what stands for them, by name: outputs (or outputs/0, outputs/1) and states/NUMBER."""
    count = 1 if merge else 2
    outputs = {"outputs": results[0]} if merge else {f"outputs/{n}": one for n, one in enumerate(results[:count])}
    return {**outputs, **{f"states/{n}": one for n, one in enumerate(results[count:])}}


def run_turned_halves(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.halves.halves_may_change_places`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layers = tuple(Layer(options["cell"], options["inputs"].shape[2], options["units"], direction=way)
                   for way in ("backward", "forward"))
    with moment("build"):
        kind = getattr(keras.layers, stacks.LAYERS[options["cell"]])
        first, second = (kind(options["units"], return_sequences=True, go_backwards=back) for back in (True, False))
        made = keras.layers.Bidirectional(first, backward_layer=second)
        made.build(options["inputs"].shape)
        for half, layer, weights in zip(stacks.halves(made), layers, options["weights"], strict=True):
            stacks.give(half, layer, weights)
    with moment("run"):
        return Observation({"outputs": engine.numpy(made(engine.tensor(options["inputs"].astype("float32"))))})
