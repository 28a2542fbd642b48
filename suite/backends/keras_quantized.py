"""Keras models that are quantized, saved and made again."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_again import remade


def run_quantized_model(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.quantized_models.quantized_models_are_made_again`. What raises an error is told in
    words."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layers, ids = keras.layers, options["ids"].astype("int32")
    made_of = {"heads": lambda: layers.MultiHeadAttention(2, 2), "shared_heads": lambda: layers.GroupQueryAttention(2, 4, 2)}
    if options["model"] == "shared_heads" and not hasattr(layers, "GroupQueryAttention"):
        return Unsupported("this release of Keras has no GroupQueryAttention")
    with moment("build"):
        given = keras.Input(ids.shape[1:], dtype="int32")
        inside = layers.Embedding(options["words"], 4, mask_zero=True)(given)
        if options["model"] in made_of:
            inside = made_of[options["model"]]()(inside, inside)
        model = keras.Model(given, layers.Dense(6)(layers.GlobalAveragePooling1D()(inside)))
        outputs = lambda one: np.array(engine.numpy(one(engine.tensor(ids))))  # noqa: E731
        before = outputs(model)
        model.quantize(options["mode"])
    found, raised = {"before": before, "after": outputs(model)}, []

    with moment("run"):
        for way in ("file", "configuration"):
            try:
                again = remade(keras, model, way)
                if way == "configuration":
                    again.set_weights(model.get_weights())
                found[way] = outputs(again)
            except Exception as error:
                raised.append((way, f"{type(error).__name__}: {error}"[:300]))
    return Observation(found, facts={"raised": tuple(raised)})
