"""Keras' layers under a policy of dtypes: as made, from a configuration, from a file; and inside a wrapper of another policy."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.wrappers import PARTS
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.keras_again import configured, loaded
from suite.backends.keras_nests import leaves
from suite.backends.keras_wrappers import loop


def made(keras: Any, kind: str, policy: str) -> tuple[Any, tuple[int, ...]]:
    """The layer, and the shape of a row of its inputs. Its weights are given afterwards: that some cannot be drawn in half
    precision is another question's."""
    layers, drawn = keras.layers, {"recurrent_initializer": "zeros"}
    if kind == "embedding":
        return layers.Embedding(9, 4, mask_zero=True, dtype=policy), (5,)
    if kind in ("bidirectional", "inner"):
        own = "float32" if kind == "inner" else policy
        return layers.Bidirectional(layers.LSTM(4, return_state=True, dtype=own, **drawn), dtype=policy), (5, 3)
    if kind == "cells":
        cells = [layers.LSTMCell(4, dtype=policy, **drawn), layers.GRUCell(3, dtype=policy, **drawn)]
        return layers.RNN(cells, return_state=True, dtype=policy), (5, 3)
    part = PARTS[kind][0].but(dtype=policy)
    drawn = {name: value for name, value in drawn.items() if name not in stacks.cell_options(part)}
    return loop(keras, (part,), return_state=True, **drawn), (5, *stacks.step_shape(part))


def around(keras: Any, one: Any, policy: str) -> Any:
    """A layer of a user's own, of the policy, that gives the first result of another."""
    class Around(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return leaves(one(inputs))[0]

    return Around(dtype=policy)


def run_typed(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.precision.layers_keep_their_policy`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    kind, random = options["kind"], np.random.default_rng(1)
    with moment("build"):
        one, row = made(keras, kind, options["policy"])
        start = keras.Input(row, dtype="int32" if kind == "embedding" else "float32")
        model = keras.Model(start, one(start))
        model.set_weights([random.uniform(-0.9, 0.9, a.shape).astype(a.dtype) for a in model.get_weights()])
        if options["way"] == "configuration":
            one = configured(one, (None, *row))
        elif options["way"] == "file":
            one = loaded(keras, model).layers[-1]
    ids = random.integers(0, 9, (2, *row)).astype("int32")
    given = ids if kind == "embedding" else (ids / 8).astype("float32")  # exact in half precision
    with moment("run"):
        results = leaves(one(engine.tensor(given)))
        dtypes = {"outputs" if n == 0 else f"states/{n}": keras.backend.standardize_dtype(r.dtype) for n, r in enumerate(results)}
        dtypes |= {f"weights/{n}": keras.backend.standardize_dtype(v.dtype) for n, v in enumerate(one.weights)}
        dtypes["inside"] = keras.backend.standardize_dtype(around(keras, one, options["policy"])(engine.tensor(given)).dtype)
        arrays = {}
        if kind == "inner":
            plain, _ = made(keras, kind, "float32")
            plain.build((None, *row))
            plain.set_weights(one.get_weights())
            due = leaves(plain(engine.tensor(given)))[1:]
            arrays = {name: np.stack([engine.numpy(s) for s in some]) for name, some in (("states", results[1:]), ("due", due))}
    return Observation(arrays, facts={"dtypes": dtypes})


def run_masked_number(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.precision.numbers_are_masked_in_half_precision`."""
    options, engine, layers = dict(request.arguments), backend.engine, backend.keras.layers
    with moment("run"):
        outputs = behind = layers.Masking(options["number"], dtype=options["dtype"])(
            engine.tensor(options["inputs"].astype("float32")))
        for dtype in ("float32", options["dtype"]):  # the mask goes with the numbers, whatever they are cast to
            behind = layers.Activation("linear", dtype=dtype)(behind)
        mask = stacks.passed_mask(behind)
    return Observation({"outputs": engine.numpy(outputs), "mask": engine.numpy(mask)})


def run_scaled_model(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.precision.half_models_scale_their_loss`: how many optimizers scale."""
    options, keras = dict(request.arguments), backend.keras
    with moment("build"):
        start = keras.Input((3,))
        model = keras.Sequential([start, keras.layers.Dense(1)])
        model.dtype_policy = keras.dtype_policies.get(options["policy"])
        optimizer = keras.optimizers.SGD()
        if options["given"] == "scaled":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        model.compile(optimizer, "mse", auto_scale_loss=options["given"] != "told_not_to")
    one, scales = model.optimizer, 0
    while hasattr(one, "inner_optimizer"):
        one, scales = one.inner_optimizer, scales + 1
    return Observation({"scales": np.array(scales)})
