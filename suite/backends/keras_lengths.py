"""Keras' layers, and a loss, that divide by a length."""

from __future__ import annotations

from typing import Any

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment

LAYERS = {"unit": "UnitNormalization", "layer": "LayerNormalization", "root": "RMSNormalization"}


def run_unit_lengths(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.unit_lengths`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    name, dtype = options["name"], options["dtype"]
    if name in LAYERS and not hasattr(keras.layers, LAYERS[name]):
        return Unsupported(f"this release of Keras has no {LAYERS[name]}")
    with moment("build"):
        variable = keras.Variable(options["inputs"].astype("float32"))
        other, cotangents = (engine.tensor(options[n].astype(dtype)) for n in ("other", "cotangents"))
        counts = engine.tensor(options["inputs"].any(axis=-1).astype(dtype))
        if name == "cosine":
            loss = keras.losses.CosineSimilarity(reduction="none", dtype=dtype)
        elif name == "penalty":
            one = keras.regularizers.OrthogonalRegularizer(factor=1.0)
        elif name == "dot":
            one = keras.layers.Dot(axes=2, normalize=True, dtype=dtype)
        else:
            one = getattr(keras.layers, LAYERS[name])(dtype=dtype, **{} if name == "unit" else {"epsilon": options["small"]})
            one.build(options["inputs"].shape)

    def called() -> Any:
        x = keras.ops.cast(variable.value + 0.0, dtype)
        if name == "penalty":
            return keras.ops.reshape(one(keras.ops.reshape(x, (-1, x.shape[-1]))), (1,))
        return loss(other, x, counts) if name == "cosine" else one([x, other] if name == "dot" else x)

    with moment("run"):
        slope = engine.differentiate(lambda: keras.ops.sum(keras.ops.cast(called() * cotangents, "float32")), [variable])[1][0]
        return Observation({"outputs": engine.numpy(keras.ops.cast(called(), "float32")), "gradients": engine.numpy(slope)})
