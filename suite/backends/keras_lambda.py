"""Keras' Lambda layers with functions of the user's own, made again."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_layers import passed_mask

ROWS, STEPS, WIDTH = 2, 3, 2


def functions(keras: Any, form: str) -> dict[str, Any]:
    """Functions by what they are for."""
    if form == "in_place_with_defaults":
        return {"function": lambda x, by=2.0: x * by, "mask": lambda x, mask=None: mask & (x[:, :, 0] < 0.5),
                "output_shape": lambda shape, more=(): (*shape, *more)}
    if form == "in_place":
        return {"function": lambda x, by: x * by, "mask": lambda x, mask: mask & (x[:, :, 0] < 0.5),
                "output_shape": lambda shape: tuple(shape)}

    def scaled(x: Any, by: float = 2.0, training: Any = None) -> Any:
        return x * by

    def low(x: Any, mask: Any = None) -> Any:
        return keras.ops.logical_and(mask, keras.ops.less(x[:, :, 0], 0.5))

    def alike(shape: Any) -> Any:
        return tuple(shape)

    return {"function": scaled, "mask": low, "output_shape": alike}


def run_own_functions(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_classes.own_functions_survive`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    part, form, saving = options["part"], options["form"], keras.saving
    given = functions(keras, form)
    named = {one.__name__: one for one in given.values() if form == "named"}
    shapes = {"output_shape": (None, WIDTH)} if part == "mask" else {}  # of any number of steps
    more = {"arguments": {"by": -3.0}} | ({part: given[part]} if part != "function" else {}) | shapes
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a function written in place is told, with a warning
        layer = keras.layers.Lambda(given["function"], **more)
        if options["way"] == "words":
            told = json.loads(json.dumps(saving.serialize_keras_object(layer)))
            again = saving.deserialize_keras_object(told, custom_objects=named, safe_mode=False)
        else:
            again = type(layer).from_config(layer.get_config(), custom_objects=named, safe_mode=False)
    given = np.random.default_rng(5).normal(size=(ROWS, STEPS, WIDTH)).astype("float32")
    given[0, 2] = given[1, 0] = 0.0
    x = keras.layers.Masking()(engine.tensor(given))
    arrays, several = {"due/mask": given.any(-1) & (given[:, :, 0] < 0.5)}, [(STEPS, WIDTH), (WIDTH,)]
    parts = keras.layers.Lambda(lambda x: [x, x[:, 0]], output_shape=several)
    with moment("run"):
        for name, one in (("made", layer), ("again", again)):
            before, outputs = one.get_config()["arguments"], one(x)
            shape = [-1 if size is None else size for size in one.compute_output_shape(tuple(x.shape))]
            arrays |= {f"outputs/{name}": engine.numpy(outputs), f"shape/{name}": np.array(shape),
                       f"arguments/{name}": np.array(list(before) == list(one.get_config()["arguments"]))}
            if (mask := passed_mask(outputs)) is not None:
                arrays[f"mask/{name}"] = engine.numpy(mask)
        told = parts.compute_output_shape(tuple(x.shape))
    return Observation(arrays, facts={"several": (tuple(map(tuple, told)), tuple(tuple(one.shape) for one in parts(x)))})
