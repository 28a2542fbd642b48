"""Keras' layers at the ends of what half precision holds, and attention where there is nothing to read."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_attention import OPTIONS, carrying


def run_half_range(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.half_ranges.means_stay_in_range`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs = options["inputs"]
    mask = np.broadcast_to(np.arange(inputs.shape[1]) < options["valid"], inputs.shape[:2])
    if not hasattr(keras.layers, options["layer"]):
        loss = getattr(keras.losses, options["layer"])(**options["options"], dtype="float16")
        with moment("run"):
            given = {name: carrying(keras, engine.tensor(inputs.astype(dtype)), None if mask.all() else mask, engine, dtype)
                     for name, dtype in (("outputs", "float16"), ("of float32", "float32"))}
            told = {name: loss(keras.ops.zeros_like(one), one) for name, one in given.items()}
            return Observation({name: np.array(engine.numpy(one)) for name, one in told.items()})
    with moment("build"):
        one = getattr(keras.layers, options["layer"])(**options["options"], dtype="mixed_float16")
        one.build(inputs.shape)
        if hasattr(one, "adapt"):
            one.adapt(inputs.astype("float32"))
    more = {} if mask.all() else {"mask": engine.tensor(np.array(mask))}
    with moment("run"):
        more |= {} if hasattr(one, "adapt") else {"training": True}
        outputs = one(engine.tensor(inputs.astype("float16")), **more)
        wide = one(engine.tensor(inputs.astype("float32")), **more)
        return Observation({"outputs": engine.numpy(outputs), "of float32": engine.numpy(wide)})


def run_attending_nothing(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.half_ranges.answers_of_nothing_are_finite`: the outputs, and the gradients of their
    sum by the inputs."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    with moment("build"):
        one = getattr(keras.layers, options["layer"])(**OPTIONS[options["layer"]], dtype=f"mixed_{options['dtype']}".removeprefix(
            "mixed_float32") or "float32")
        variable = keras.Variable(options["inputs"].astype("float32"))
        given = [options["inputs"].shape] * 2
        one.build(*(given if "num" in str(OPTIONS[options["layer"]]) else [given]))
    mask = engine.tensor(options["mask"])

    def called() -> Any:
        x = keras.ops.cast(variable.value + 0.0, options["dtype"])
        if "num" in str(OPTIONS[options["layer"]]):
            outputs = one(x, x, value_mask=mask, use_causal_mask=options["causal"])
        else:
            outputs = one([x, x], mask=[None, mask], use_causal_mask=options["causal"])
        return keras.ops.cast(outputs, "float32")

    with moment("run"):
        slope = engine.differentiate(lambda: keras.ops.sum(called()), [variable])[1][0]
        return Observation({"outputs": engine.numpy(called()), "gradients": engine.numpy(slope)})


def run_judged_halves(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.half_ranges.halves_are_judged_in_full`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    module, arrays = getattr(keras, options["kind"]), {}
    asked = [(name, name, options["shares"]) for name in options["names"]]
    asked += [(f"far/{name}", name, options["far"]) for name in options["numbers"]]
    with moment("run"):
        for place, name, (targets, predictions) in asked:
            half = keras.ops.cast(engine.tensor(predictions.astype("float32")), options["dtype"])
            for which, given in (("half", half), ("full", keras.ops.cast(half, "float32"))):
                judge = getattr(module, name)()  # a metric anew: it remembers
                arrays[f"{which}/{place}"] = np.array(engine.numpy(judge(engine.tensor(targets.astype("float32")), given)))
    return Observation(arrays)
