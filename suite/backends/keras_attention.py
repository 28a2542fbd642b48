"""Keras' layers of attention on inputs that carry masks, with and without their scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment

OPTIONS = {"Attention": {}, "AdditiveAttention": {}, "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
           "GroupQueryAttention": {"num_query_heads": 2, "num_key_value_heads": 1, "head_dim": 3}}


def carrying(keras: Any, tensor: Any, mask: np.ndarray | None, engine: Any, dtype: str = "float32") -> Any:
    """The tensor, of this dtype, with a mask (rows, steps), or (rows, frames, steps), or (steps,) for all its rows, as a layer of
    a user's own hands it on."""
    if mask is None:
        return tensor
    rows = engine.tensor(np.array(np.broadcast_to(mask, (tensor.shape[0], *mask.shape[1 if mask.ndim > 1 else 0:]))))

    class Masks(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs + 0.0

        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return rows

    return Masks(dtype=dtype)(tensor)


def run_attending(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.attention.attended`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    kind, several = options["layer"], "num" in str(OPTIONS[options["layer"]])
    shapes = [options[n].shape for n in ("query", "value")]
    with moment("build"):
        own = {"attention_axes": (-2,)} if options["own"] is not None and kind == "MultiHeadAttention" else {}
        one = getattr(keras.layers, kind)(**OPTIONS[kind], **own, **options.get("options", {}))
        one.build(*([shapes] if not several else shapes[:2]))
        random = np.random.default_rng(1)
        one.set_weights([random.uniform(-1.0, 1.0, a.shape).astype(a.dtype) for a in one.get_weights()])
    kept: dict[str, np.ndarray] = {}

    def call(rows: slice = slice(None), masks: dict[str, np.ndarray] | None = None, **more: Any) -> Any:
        """On tensors of its own, whose masks are looked at afterwards."""
        own = {n: options[f"{n}_mask"] for n in ("query", "value")} | (masks or {})
        query, value = (carrying(keras, engine.tensor(options[n][rows].astype("float32")), mask, engine)
                        for n, mask in own.items())
        key = None if options["key"] is None else carrying(
            keras, engine.tensor(options["key"][rows].astype("float32")), options["key_mask"], engine)
        found = called(query, value, key, {**more, "use_causal_mask": options["causal"]})
        for name, tensor in (("query", query), ("value", value)):
            if (left := stacks.passed_mask(tensor)) is not None:
                kept[f"kept/{name}"] = engine.numpy(left)[0]
        return found

    def called(query: Any, value: Any, key: Any, more: dict[str, Any]) -> Any:
        if not several:
            return one([query, value, *([] if key is None else [key])], **more)
        own = options["own"]
        own = {} if own is None else {"attention_mask": engine.tensor(np.tile(own, (query.shape[0], 1, 1)))}
        return one(query, value, **({} if key is None else {"key": key}), **own, **more)

    with moment("run"):
        found = {"outputs": call()}
        if (left := stacks.passed_mask(found["outputs"])) is not None:
            kept["handed_on"] = engine.numpy(left)[0].astype(bool)
        found["alone"] = call(slice(1))
        if not several and options["value_mask"] is not None:
            many = options["query"].shape[1]  # rows as queries, of which the first alone is masked
            only = options["value_mask"] | (np.arange(many) > 0)[:, None]
            found["as_many"] = call(slice(many), {"value": only})[:1]
        found["scored/outputs"], found["scores"] = call(return_attention_scores=True)
        if "dropout" in options.get("options", {}):
            found["dropped/outputs"], found["dropped/scores"] = call(return_attention_scores=True, training=True)
    found |= {f"weights/{variable.name}": variable.value for variable in one.trainable_variables}
    return Observation({name: engine.numpy(tensor) for name, tensor in found.items()} | kept)


def run_attending_long(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.attention.attention_over_many_steps`."""
    options, keras = dict(request.arguments), backend.keras
    inputs, one = options["inputs"].astype("float32"), keras.layers.Attention()

    def call(given: Any, **more: Any) -> Any:
        return one([given, given], use_causal_mask=options["causal"], **more)

    with moment("build"):
        start = keras.Input(inputs.shape[1:])
        outputs, _ = call(start, return_attention_scores=True)
        model = keras.Model(start, outputs)
    with moment("run"):
        return Observation({"outputs": backend.engine.numpy(call(backend.engine.tensor(inputs))),
                            "predicted": model.predict(inputs, verbose=0)})
