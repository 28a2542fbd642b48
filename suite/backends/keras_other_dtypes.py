"""Keras' layers, variables and functions on numbers of another dtype than their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment


def dtypes_of(backend: Any, named: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The dtype of each tensor, by its name."""
    return tuple((name, backend.keras.backend.standardize_dtype(one.dtype)) for name, one in named.items())


def run_states_of_other_dtypes(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.other_dtypes.states_of_any_dtype_are_taken`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    asked, dtype = options["request"], options["dtype"]
    layer, batch = asked.layer, asked.batch
    with moment("build"):
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units, return_sequences=True, return_state=True)
        one.build(batch.inputs.shape)
        stacks.give(one, layer, asked.weights)
    given = [keras.ops.cast(engine.tensor(each.astype("float32")), dtype) for each in batch.initial_states.values()]
    with moment("run"):
        outputs, *states = one(engine.tensor(batch.inputs.astype("float32")), initial_state=given)
    named = {"outputs": outputs, **dict(zip(batch.initial_states, states, strict=True))}
    return Observation({name if name == "outputs" else f"states/{name}": engine.numpy(each) for name, each in named.items()},
                       facts={"padding": "hold", "dtypes": dtypes_of(backend, named)})


def run_converted_variable(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.other_dtypes.variables_are_converted`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    variable = keras.Variable(options["numbers"].astype("float32"))
    with moment("run"):
        named = {dtype: keras.ops.convert_to_tensor(variable, dtype=dtype) for dtype in options["dtypes"]}
        named["float32"] = keras.ops.convert_to_tensor(variable)
        named["listed"] = keras.ops.convert_to_tensor(options["numbers"].tolist(), dtype="int32")
        named["gathered"] = keras.ops.convert_to_tensor([engine.tensor(row) for row in options["numbers"].astype("float32")],
                                                        dtype="int32")
        named["kept"] = keras.ops.convert_to_tensor([engine.tensor(row) for row in options["numbers"].astype("int32")])
        named["stopped"] = keras.ops.stop_gradient(variable)
        halves = keras.ops.convert_to_numpy(keras.ops.cast(options["numbers"].astype("float32"), "bfloat16"))
        named |= {"halves": keras.ops.convert_to_tensor(halves), "widened": keras.ops.convert_to_tensor(halves, dtype="float32")}
        found = {name: np.array(engine.numpy(one), "float64") for name, one in named.items()}
        whole = keras.Variable(options["numbers"].astype("int32"), trainable=False)
        for name, change in (("assigned", variable.assign), ("added", variable.assign_add)):
            found[name] = np.array(engine.numpy(change(options["numbers"].astype("float32"))), "float64")
    return Observation(found, facts={"dtypes": dtypes_of(backend, named), "whole": keras.backend.standardize_dtype(whole.dtype)})


def run_half_moments(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.other_dtypes.moments_of_halves_are_exact`."""
    options, ops, engine = dict(request.arguments), backend.keras.ops, backend.engine
    with moment("run"):
        mean, variance = ops.moments(ops.cast(engine.tensor(options["numbers"].astype("float32")), options["dtype"]), (0, 1))
    named = {"mean": mean, "variance": variance}
    return Observation({n: engine.numpy(one) for n, one in named.items()}, facts={"dtypes": dtypes_of(backend, named)})


def run_half_ctc(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.other_dtypes.ctc_losses_of_halves_are_full`."""
    options, ops, engine = dict(request.arguments), backend.keras.ops, backend.engine
    scores, labels = options["scores"].astype("float32"), options["labels"].astype("int32")
    lengths = (np.full(len(scores), each.shape[1], "int32") for each in (labels, scores))
    given = ops.cast(engine.tensor(scores), options["dtype"])
    with moment("run"):
        loss = ops.ctc_loss(engine.tensor(labels), given, *map(engine.tensor, lengths))
    return Observation({"loss": engine.numpy(loss)}, facts={"dtypes": dtypes_of(backend, {"loss": loss})})


def run_default_precision(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.other_dtypes.whole_numbers_stay_whole`. What raises an error is told in words."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    ops, whole, before = keras.ops, options["whole"].astype("int32"), keras.config.floatx()
    ways = {
        "array": lambda: ops.convert_to_tensor(whole), "list": lambda: ops.convert_to_tensor(whole.tolist()),
        "truths": lambda: ops.convert_to_tensor(options["truths"]),
        "list_of_truths": lambda: ops.convert_to_tensor(options["truths"].tolist()),
        "list_of_numbers": lambda: ops.convert_to_tensor((whole * options["factor"]).tolist()),
        "added": lambda: ops.sum(whole, axis=1), "scaled": lambda: ops.multiply(whole, options["factor"]),
        "picked": lambda: ops.take(options["numbers"].astype("float32"), whole % 4, axis=1),
    }
    named, raised = {}, []
    keras.config.set_floatx(options["floatx"])
    try:
        for name, way in ways.items():
            try:
                named[name] = way()
            except Exception as error:
                raised.append((name, f"{type(error).__name__}: {error}"[:300]))
    finally:
        keras.config.set_floatx(before)
    return Observation({name: np.array(engine.numpy(one), "float64") for name, one in named.items()},
                       facts={"raised": tuple(raised), "kinds": dtypes_of(backend, named)})
