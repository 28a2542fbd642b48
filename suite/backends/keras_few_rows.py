"""Keras' recurrent layers with dropout on few rows, with and without states that are carried."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment


def run_few_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.few_rows.few_rows_are_dropped_from`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs, mask, units = options["inputs"].astype("float32"), options["mask"], options["units"]
    of_kernel = {} if options["kernel"] == "fused" or options["cell"] == "simple_rnn" else {"use_cudnn": False}
    given = {} if mask is None else {"mask": engine.tensor(np.tile(mask, (len(inputs), 1)))}

    def made(**dropped: float) -> Any:
        one = getattr(keras.layers, stacks.LAYERS[options["cell"]])(units, stateful=options["stateful"], seed=7, **of_kernel,
                                                                    **dropped)
        one.build(inputs.shape)
        random = np.random.default_rng(2)
        one.set_weights([random.uniform(-0.5, 0.5, a.shape).astype("float32") for a in one.get_weights()])
        return one

    def call(one: Any, training: bool) -> np.ndarray:
        if options["stateful"]:
            one.reset_state()
        return engine.numpy(one(engine.tensor(inputs), training=training, **given))

    with moment("build"):
        plain, dropping = made(), made(**options["options"])
    with moment("run"):
        arrays = {"plain": call(plain, False), "idle": call(dropping, False)}
        return Observation(arrays | {name: call(dropping, True) for name in ("first", "second")})


def run_both_reset(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.few_rows.resets_reach_both_directions`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    merge = None if options["merge"] == "none" else options["merge"]
    x, arrays = engine.tensor(options["inputs"].astype("float32")), {}
    for sequences in (False, True):
        with moment("build"):
            inner = getattr(keras.layers, stacks.LAYERS[options["cell"]])(2, stateful=True, return_sequences=sequences)
            one = keras.layers.Bidirectional(inner, merge)
        for name in ("first", "carried", "reset"):
            with moment("run"):
                one.reset_state() if name == "reset" else None
                results = one(x)
            found = np.stack([engine.numpy(each) for each in (results if merge is None else [results])])
            arrays[name if sequences else f"last/{name}"] = found
            if sequences and name == "carried":
                halves = [*one.forward_layer.states, *one.backward_layer.states]
                arrays |= {who: np.stack([engine.numpy(each.value) for each in states]) for who, states in (
                    ("told", one.states), ("held", halves))}
    return Observation(arrays)


def run_one_row(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.few_rows.one_row_is_dropped_from`."""
    options, layers, engine = dict(request.arguments), backend.keras.layers, backend.engine
    shapes = {"features": (None, 1, None), "steps": (None, None, 1), "numbers": None}
    with moment("build"):
        one = layers.SpatialDropout1D(0.5, seed=3) if options["kind"] == "spatial" else layers.Dropout(
            0.5, shapes[options["kind"]], seed=3)
    with moment("run"):
        return Observation({"outputs": engine.numpy(one(engine.tensor(options["inputs"].astype("float32")), training=True))})


def run_rows_alone(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.few_rows.rows_are_as_alone`, with weights that are none of them zero."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs = [one.astype("float32") for one in options["inputs"]]

    def call(rows: slice) -> Any:
        given = [engine.tensor(each[rows]) for each in inputs]
        return one(*given) if options["apart"] else one(given if len(given) > 1 else given[0])

    with moment("build"):
        one = getattr(keras.layers, options["layer"])(**options["options"])
        call(slice(None))
        random = np.random.default_rng(8)
        one.set_weights([random.uniform(0.2, 0.8, a.shape).astype(a.dtype) for a in one.get_weights()])
    with moment("run"):
        return Observation({"batch": engine.numpy(call(slice(None)))} | {
            f"alone/{row}": engine.numpy(call(slice(row, row + 1))) for row in (0, 2)})
