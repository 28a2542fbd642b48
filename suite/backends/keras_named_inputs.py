"""Keras' functional models whose inputs and outputs have names."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_again import remade


def ordered(every: list[Any], how: str) -> Any:
    """Those of `y` and `c` by their names, by their names in the other order, with others besides, or as they are."""
    order = {"names": "yc", "turned": "cy", "list": "", "more": "ycad"}[how]
    return {name: every["yc".find(name)] for name in order} or every


def run_named_inputs(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.named_inputs.named_inputs_go_to_their_layers`: an LSTM for each of two inputs."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    with moment("build"):
        second, first = (keras.Input((4, 3), name=name) for name in ("y", "c"))
        layers = {name: keras.layers.LSTM(2, name=f"of_{name}") for name in "zb"}
        starts = {"y": second, "c": first} if options["made"] == "dict" else [second, first]
        model = keras.Model(starts, {"z": layers["z"](second), "b": layers["b"](first)})
        if options["way"] != "built":
            other = remade(keras, model, options["way"])
            other.set_weights(model.get_weights())
            model = other
    random = np.random.default_rng(9)
    arrays = [random.normal(size=(3, 4, 3)).astype("float32") for _ in "yc"]
    lengths = [(1, 2, 4), (3, 4, 2)]
    masks = [np.arange(4) < np.array(one)[:, None] if options["masks"] != "none" else None for one in lengths]
    masks = [None, masks[1]] if options["masks"] == "second" else masks
    tensors = [engine.tensor(one) for one in arrays]
    masks = [None if one is None else engine.tensor(one) for one in masks]
    given = {"inputs": ordered(tensors, options["given"])}
    if options["masks"] != "none":
        given["mask"] = masks if options["masks"] == "second" else ordered(masks, options["masks"])
    with moment("run"):
        found = model(**given)
        due = {name: layers[name](engine.tensor(array), mask=mask) for name, array, mask in zip("zb", arrays, masks, strict=True)}
    results = {name: found[name] for name in "zb"} | {f"due/{name}": one for name, one in due.items()}
    return Observation({name: engine.numpy(one) for name, one in results.items()})
