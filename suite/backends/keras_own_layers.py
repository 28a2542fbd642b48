"""Layers of a user's own in Keras: what they are told, and their configurations; policies by path."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from cases.families.own_layers import lengths
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment, refuses


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


def run_arguments(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_layers.arguments_come_in_their_precision`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    came: list[tuple[str, str, str, str]] = []

    weights: list[tuple[str, str, str]] = []

    class Telling(keras.layers.Layer):
        """Keeps the dtypes of what it is given last, and of its weights, of which one asks not to be cast, and one is of
        whole numbers."""

        def build(self, shape: Any) -> None:
            self.cast = self.add_weight(shape=(2,), name="cast")
            self.kept = self.add_weight(shape=(2,), name="kept", autocast=False)
            self.whole = self.add_weight(shape=(2,), name="whole", dtype="int32", initializer="zeros", trainable=False)

        def call(self, first: Any, further: Any = None) -> Any:
            self.last = [keras.backend.standardize_dtype(one.dtype) for one in keras.tree.flatten([first, further])
                         if one is not None]
            self.had = [(one.name, keras.backend.standardize_dtype(keras.ops.convert_to_tensor(one).dtype))
                        for one in (self.cast, self.kept, self.whole)]
            return first

    with moment("run"):
        for policy, casts in options["policies"]:
            layer = Telling(dtype=policy, autocast=casts)
            for kind in options["kinds"]:
                array = np.array([[1, 0]]).astype(kind)
                for way in options["ways"]:
                    given = {"tensor": engine.tensor, "symbol": lambda a: keras.Input((2,), dtype=str(a.dtype)),
                             "listed": lambda a: [a]}.get(way, lambda a: a)(array)
                    layer(*((np.zeros((1, 2), "int32"),) if way == "named" else (given,)), **(
                        {"further": given} if way == "named" else {}))
                    came.append((policy, way, kind, layer.last[-1]))
            weights += [(policy, *one) for one in layer.had]
    return Observation({}, facts={"came": tuple(came), "weights": tuple(weights)})


def run_built(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_layers.built_layers_take_nothing_more`."""
    keras, taken, weights = backend.keras, [], []
    layers = keras.layers

    class Own(layers.Layer):
        """Has a weight, and a layer."""

        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(shape=(shape[-1],))
            self.inner = layers.Dense(2)
            self.inner.build(shape)

        def call(self, x: Any) -> Any:
            return self.inner(x * self.scale)

    made = {"Bidirectional": lambda: layers.Bidirectional(layers.SimpleRNN(2)), "own": Own}
    for name in dict(request.arguments)["layers"]:
        with moment("build"):
            layer = made.get(name, lambda name=name: getattr(layers, name)(2))()
            layer.build((None, 3) if name in ("Dense", "GRUCell") else (None, 4, 3))
        before = len(layer.weights)
        for what, take in (("weight", lambda layer=layer: layer.add_weight(shape=(2,))),
                           ("layer", lambda layer=layer: setattr(layer, "further", layers.Dense(2)))):
            if not refuses(take):
                taken.append((name, what))
        weights.append((name, before, len(layer.weights)))
    return Observation({}, facts={"taken": tuple(taken), "weights": tuple(weights)})


def run_other_names(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_layers.other_names_do_the_same`."""
    options, keras = dict(request.arguments), backend.keras
    layer, metric = keras.layers.Layer(dtype="mixed_bfloat16"), keras.metrics.Metric()
    given = {"shape": (2, 3), "initializer": "ones", "name": "told"}
    more = {"dtype": "float16", "trainable": False, "regularizer": keras.regularizers.L2(0.5),
            "constraint": keras.constraints.NonNeg()}
    with moment("build"):
        made = {"layer": [add(**given, **more) for add in (layer.add_weight, layer.add_variable)],
                "places": [layer.add_weight(**given, **more), layer.add_weight(
                    (2, 3), "ones", "float16", **{n: v for n, v in more.items() if n != "dtype"}, name="told")],
                "metric": [add(**given, dtype="float16") for add in (metric.add_variable, metric.add_weight)]}

        spec = keras.layers.InputSpec(shape=(None, 3), dtype="float32", axes={-1: 3}, optional=True)
        made["specification"] = [spec, keras.layers.InputSpec.from_config(spec.get_config())]

    def of(weight: Any, what: str) -> Any:
        return float(keras.ops.sum(weight.value)) if what == "value" else getattr(weight, what)

    asked = [(who, what, *(of(one, what) for one in made[who])) for who, every in options["older"] for what in every]
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    sizes = {name: (2, 2) for name in options["channels"] if "Conv" in name}
    sizes |= {"SpatialDropout2D": (0.5,), "AveragePooling2D": (2,)}
    try:
        layers = [getattr(keras.layers, name)(*sizes.get(name, ())) for name in options["channels"]]
        places = tuple((name, getattr(one, "cell", one).data_format)
                       for name, one in zip(options["channels"], layers, strict=True))
    finally:
        keras.config.set_image_data_format(before)
    differ = tuple((who, what, str(one), str(other)) for who, what, one, other in asked if not (one is other or one == other))
    return Observation({}, facts={"differ": differ, "told": len(asked), "places": places})
