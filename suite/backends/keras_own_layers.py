"""Layers of a user's own in Keras: what they are told, and their configurations; policies by path."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from cases.families.own_layers import lengths
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def run_own_shapes(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_layers.own_layers_are_told_shapes`."""
    keras, engine = backend.keras, backend.engine
    shapes, found = dict(dict(request.arguments)["shapes"]), {}

    class Asking(keras.layers.Layer):
        """Adds up its parts; keeps the shapes that it is told."""

        def build(self, parts_shape: Any, keys_shape: Any, keys_mask_shape: Any) -> None:
            self.shapes = parts_shape, keys_shape, keys_mask_shape

        def call(self, parts: Any, keys: Any, keys_mask: Any = None, others: Any = None) -> Any:
            return keras.ops.mean(parts[0], axis=(1, 2)) + keras.ops.mean(keys, axis=1)

    def given(make: Any) -> tuple[list[Any], dict[str, Any]]:
        first, _, last = shapes["parts_shape"]
        return [make(first), None, make(last)], {"keys": make(shapes["keys_shape"]), "keys_mask": make(shapes["keys_mask_shape"])}

    class Alone(keras.layers.Layer):
        """Keeps the shape that it is told of what it reads, which may be called otherwise."""

        def build(self, shape: Any) -> None:
            self.shape = shape

        def call(self, inputs: Any, others: Any = None) -> Any:
            return inputs

    alone, shape = Alone(), shapes["keys_shape"]
    with moment("build"):
        alone(engine.tensor(np.ones(shape, "float32")), others=[])
    found["alone"] = lengths(alone.shape, alone.shape[0])
    for how, make in (("called", lambda shape: engine.tensor(np.ones(shape, "float32"))),
                      ("model", lambda shape: keras.Input(shape[1:]))):
        layer = Asking()
        with moment("build"):
            parts, more = given(make)
            layer(parts, **more)
        with moment("run"):
            again = keras.saving.deserialize_keras_object(
                keras.saving.serialize_keras_object(layer), custom_objects={"Asking": Asking})
        found |= {f"{who}/{name}": lengths(shape, (shape if name != "parts_shape" else shape[0])[0])
                  for who, one in ((how, layer), (f"{how}, again", again)) if hasattr(one, "shapes")
                  for name, shape in zip(shapes, one.shapes, strict=True)}
    return Observation(found)


def run_own_configurations(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_layers.own_configurations_are_whole`."""
    (made_with,), keras = dict(request.arguments).values(), backend.keras

    class Plain(keras.layers.Layer):
        """Knows what it was made with."""

        def __init__(self, units: int, scale: float = made_with[1], *further: int, name: str | None = None):
            super().__init__(name=name)
            self.made_with = (units, scale, *further)

    with moment("build"):
        config = Plain(made_with[0]).get_config()
        found = {"config": np.array([config.get(name, 0) for name in ("units", "scale")])}
        with suppress(NotImplementedError):
            found["again"] = np.array(Plain.from_config(Plain(*made_with).get_config()).made_with)
    return Observation(found)


def run_policies_by_path(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.told_dtypes.policies_are_of_whole_paths`."""
    options, policies = dict(request.arguments), backend.keras.dtype_policies
    with moment("run"):
        table = policies.DTypePolicyMap(default_policy=policies.DTypePolicy(options["policies"][0]))
        for path, name in options["by"]:
            table[path] = policies.DTypePolicy(name)
        return Observation({"places": np.array([options["policies"].index(table[path].name) for path in options["paths"]])})
