"""Keras models within models: their files, what is made of their text, and their clones."""

from __future__ import annotations

import copy
import json
import pickle
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment, refuses
from suite.backends.keras_callbacks import fill


def sequence(keras: Any, shape: tuple[int, ...], units: int = 2) -> Any:
    """A sequence of two layers, compiled."""
    layers = keras.layers
    model = keras.Sequential([keras.Input(shape), layers.SimpleRNN(units, return_sequences=True, name="steps"),
                              layers.Dense(2, "tanh", name="reader")], name="sequence")
    model.compile(keras.optimizers.SGD(0.0), "mse", loss_weights=[2.0], weighted_metrics=["mae"])
    return model


def graph(keras: Any, shape: tuple[int, ...]) -> Any:
    """A graph of a layer that is called twice, and one of the sequence's names."""
    start, reader = keras.Input(shape), keras.layers.Dense(shape[-1], "tanh", name="reader")
    steps = keras.layers.SimpleRNN(3, return_sequences=True, name="steps")(reader(reader(start)))
    return keras.Model(start, steps, name="graph")


def nested(keras: Any, shape: tuple[int, ...], last: int = 1, deep: bool = True) -> Any:
    """The model, whose last layer has so many units, with the other models where it is `deep`; each of its weights differs."""
    layers, start = keras.layers, keras.Input(shape)
    steps = start
    if deep:  # models in a model, and in one of these a sequence of a graph
        between = keras.Input((shape[0], 2))
        inner = keras.Sequential([keras.Input((shape[0], 2)), graph(keras, (shape[0], 2))], name="inner")
        steps = keras.Model(between, inner(between), name="around")(sequence(keras, shape)(start))
    cells = [layers.SimpleRNNCell(2) for _ in range(3)]
    model = keras.Model(start, layers.Dense(last, name="last")(layers.RNN(cells, return_sequences=True)(steps)))
    if deep:
        model.compile(keras.optimizers.SGD(0.125, weight_decay=0.25), "mse", metrics=["mae"])
    return with_weights(model, "weights of whole copies")


def with_weights(model: Any, *words: str) -> Any:
    """The model, every weight of which is another number, drawn by these words."""
    random = generator(*words)
    model.set_weights([random.uniform(-1.0, 1.0, one.shape).astype("float32") for one in model.get_weights()])
    return model


def listed(keras: Any, number: int) -> Any:
    """A model of a layer that holds layers in lists within lists, a set and a tuple; each weight is another one each time."""

    class Holding(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.parts = [[keras.layers.Dense(2)], {"one": keras.layers.Dense(2)}]
            self.more, self.pair = {keras.layers.Dense(2)}, (keras.layers.Dense(2),)

        def call(self, x: Any) -> Any:
            return self.pair[0](next(iter(self.more))(self.parts[1]["one"](self.parts[0][0](x))))

    return with_weights(keras.Sequential([keras.Input((2,)), Holding()]), "lists within lists", str(number))


def weights(model: Any, name: str) -> dict[str, np.ndarray]:
    """All weights, by their place."""
    return {f"{name}/{place}": one for place, one in enumerate(model.get_weights())}


def run_kept_whole(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.whole_copies.files_hold_every_weight`."""
    options, keras = dict(request.arguments), backend.keras
    shape = options["inputs"].shape[1:]
    with moment("build"):
        model, wider = nested(keras, shape, deep=False), nested(keras, shape, 2, deep=False)
    found = weights(model, "own")
    with moment("run"), tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is passed over
        paths = {kind: Path(folder) / f"model.{kind}" for kind in options["files"]}
        model.save(paths["keras"])
        loaded = keras.models.load_model(paths["keras"], compile=False)
        found |= weights(loaded, "uncompiled")
        other = keras.models.model_from_json(model.to_json())
        model.save_weights(Path(folder) / "small.weights.h5")
        model.save_weights(paths["weights.json"], max_shard_size=options["part"] / 1024**3)
        parts = sum(one.name.startswith("model_") for one in Path(folder).iterdir())
        for kind, path in paths.items():
            fill(other, options["other"])
            other.load_weights(path)
            found |= weights(other, kind)
        lists = [listed(keras, number) for number in range(2)]
        lists[0].save_weights(small := Path(folder) / "lists.weights.h5")
        lists[1].load_weights(small)
        found |= weights(lists[0], "listed") | weights(lists[1], "lists")
        fill(wider, options["other"])
        wider.load_weights(Path(folder) / "small.weights.h5", skip_mismatch=True)
        found |= weights(wider, "skipped")
        fill(wider, options["other"])
        wider.load_weights(paths["keras"], skip_mismatch=True)
        found |= weights(wider, "skipped in a whole model")
        fill(other, options["other"])
        other.load_weights(Path(folder) / "small.weights.h5", objects_to_skip=[other.layers[-1]])
        found |= weights(other, "skipped by name")
        late = keras.Sequential([keras.layers.Dense(2, name="first"), keras.layers.Dense(1, name="last")])
        late(np.ones((1, 3), "float32"))
        for kind in ("keras", "h5"):
            late.save(Path(folder) / f"late.{kind}")
        again = keras.models.load_model(Path(folder) / "late.keras")
        parts_by_name = [keras.layers.Dense(2, name="first"), keras.layers.Dense(4, name="last")]
        named = keras.Sequential([keras.Input((3,)), *parts_by_name])
        fill(named, options["other"])
        named.load_weights(Path(folder) / "late.h5", by_name=True, skip_mismatch=True)
        found |= weights(late, "late") | weights(again, "late again") | weights(named, "named")
        bare, file = keras.Sequential([keras.layers.Dense(1)]), Path(folder) / "nothing.weights.h5"
        unbuilt = "refused" if refuses(lambda: bare.save_weights(file)) else "saved"
    return Observation(found, facts={"last": len(model.layers[-1].weights), "compiled": bool(loaded.compiled),
                                     "parts": parts, "unbuilt": unbuilt})


def run_cloned_whole(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.whole_copies.clones_are_whole`."""
    options, keras = dict(request.arguments), backend.keras
    kind, x = options["kind"], options["inputs"].astype("float32")
    shape, called, layers = x.shape[1:], [], []

    def made(layer: Any) -> Any:
        called.append(f"make {layer.name}")
        return type(layer).from_config(layer.get_config())

    def call(layer: Any, *args: Any, **more: Any) -> Any:
        called.append(f"call {layer.name}")
        return layer(*args, **more)

    with moment("build"):
        if kind in ("whole", "recursive"):
            model, more = nested(keras, shape), {}
            if kind == "recursive":  # the user's function makes every layer within
                more = {"recursive": True, "clone_function": made}
                layers = [f"make {name}" for name in ("last", "reader", "reader", "steps", "steps")]
        elif kind == "by_function":
            model, more = graph(keras, shape), {"clone_function": made, "call_function": call}
            layers = ["make reader", "call reader", "call reader", "make steps", "call steps"]
        else:
            model = sequence(keras, shape)
            more = {"input_tensors": keras.Input(shape, name="others")} if kind == "on_other_inputs" else {}
        if kind in ("pickled", "copied"):
            model = with_weights(model, "weights of what Python copies")
            clone = pickle.loads(pickle.dumps(model)) if kind == "pickled" else copy.deepcopy(model)
        else:
            clone = keras.models.clone_model(model, **more)
            clone.set_weights(model.get_weights())
    with moment("run"):
        found = {"due": model.predict_on_batch(x), "seen": clone.predict_on_batch(x)}
        if kind == "recursive":  # whose inner models are compiled, too
            found["told"] = clone.test_on_batch(x, np.zeros(found["due"].shape, "float32"), return_dict=True)["loss"]
        every = {id(one) for one in model._flatten_layers(include_self=False)}
        shared = tuple(one.name for one in clone._flatten_layers(include_self=False) if id(one) in every)
        fill(clone, options["other"])
        found |= {"again": model.predict_on_batch(x)}
    inner, own = ([one.name for one in which.layers if not isinstance(one, keras.layers.InputLayer)] for which in (clone, model))
    others, ordered = kind == "on_other_inputs", [one.name for one in clone.layers]
    by_number = [clone.get_layer(index=n).name for n in range(len(ordered))]
    by_name = [clone.get_layer(name).name for name in ordered]
    return Observation({name: np.array(one) for name, one in found.items()}, facts={
        "compiled": json.dumps(clone.get_compile_config()), "as": json.dumps(model.get_compile_config()), "shared": shared,
        "called": [one for one in called if "keras_tensor" not in one and "input" not in one]
                  if kind != "recursive" else sorted(one for one in called if one in layers), "layers": layers,
        "found": [by_number, by_name], "order": [ordered, ordered],
        "named": [*inner, clone.inputs[0].name if others else ""], "names": [*own, "others" if others else ""]})
