"""Keras' Sequential, to which layers are added and from which they are taken."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.containers import FIRST
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment

OFFERED = ("appended", "extended", "deleted_last", "joined", "cut", "turned", "cut_then_appended", "cut_then_joined")
"""What a Sequential can do, by `add` and `pop`, and what is made of parts of its list of layers."""


def changed(keras: Any, model: Any, more: list[Any], change: str) -> Any:
    """The model after a change of `cases.families.containers.CHANGES`."""
    if change.startswith("cut_then"):
        return changed(keras, keras.Sequential(model.layers[1:]), more, {"joined": "extended"}.get(change[9:], change[9:]))
    if change == "deleted_last":
        model.pop()
        return model
    if change in ("appended", "extended"):
        for one in more[: 1 if change == "appended" else None]:
            model.add(one)
        return model
    held = list(model.layers)
    return keras.Sequential({"joined": [*held, *more], "cut": held[1:], "turned": held[::-1]}[change])


def run_contained(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.containers.containers_are_lists`."""
    options, keras = dict(request.arguments), backend.keras
    layer, change = options["layer"], options["change"]
    if options["container"] == "list":
        return Unsupported("Keras holds layers in lists of Python")
    if change not in OFFERED:
        return Unsupported("a Sequential takes layers at its end, and gives the last one back")
    inputs = backend.engine.tensor(options["batch"].inputs.astype("float32"))
    kind = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM, "simple_rnn": keras.layers.SimpleRNN}[layer.cell]
    with moment("build"):
        parts = [kind(layer.units, return_sequences=True) for _ in options["weights"]]
        for one, weights in zip(parts, options["weights"], strict=True):
            one.build((None, None, layer.features))
            stacks.give(one, layer, weights)
    with moment("run"):
        model = keras.Sequential(parts[:FIRST])
        if options["called"]:
            model(inputs)
        model = changed(keras, model, parts[FIRST:], change)
        outputs = backend.engine.numpy(model(inputs))
    places = {id(one): number for number, one in enumerate(parts)}
    return Observation({"outputs": np.array(outputs)}, facts={
        "held": tuple(places[id(one)] for one in model.layers), "listed": len(model.trainable_variables),
        "each": len(parts[0].trainable_variables), "padding": "hold"})
