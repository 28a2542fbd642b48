"""Keras' models of an open number of steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment

NAMES = ("batch", "last", "back", "mean")


def run_open_lengths(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.open_lengths.open_lengths_are_predicted`: TensorFlow alone has an answer of rows of
    other lengths."""
    options, keras = dict(request.arguments), backend.keras
    layer, batches = options["layer"], [one.astype("float32") for one in options["batches"]]

    class Counting(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * keras.ops.cast(keras.ops.shape(inputs)[1], "float32")

    with moment("build"):
        start = keras.Input((None, layer.features))
        counted, kind = Counting()(start), getattr(keras.layers, stacks.LAYERS[layer.cell])
        all_of_them, last = (kind(layer.units, return_sequences=whole, go_backwards=True) for whole in (True, False))
        valid, turned = (keras.layers.Masking()(one) for one in (start, keras.ops.flip(start, axis=1)))
        back = keras.layers.Attention()([turned, turned], use_causal_mask=True)
        model = keras.Model(start, [all_of_them(counted), last(keras.layers.Masking()(counted)), back,
                                    keras.layers.GlobalAveragePooling1D()(valid)])
        for one in (all_of_them, last):
            stacks.give(one, layer, options["weights"])
        model.compile(jit_compile=backend.engine.plain)
    arrays = {}
    with moment("run"):
        for number, batch in enumerate(batches):
            came = model.predict_on_batch(batch)
            arrays |= {f"{name}/{number}": np.array(one) for name, one in zip(NAMES, came, strict=True)}
        if backend.engine_name == "tensorflow":
            rows = model.predict(((batch,) for batch in batches), verbose=0)[0]
            arrays["features"] = np.array(rows.shape[-1] or 0)
            arrays |= {f"row/{n}": backend.engine.numpy(row) for n, row in enumerate(rows)}
            arrays["dense"] = backend.engine.numpy(keras.ops.convert_to_tensor(rows, ragged=False))
            arrays["numbers"] = keras.ops.convert_to_numpy(rows)
    return Observation(arrays)
