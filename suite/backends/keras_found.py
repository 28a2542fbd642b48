"""Keras' losses, metrics, optimizers and the like, and functions, found by name and by configuration."""

from __future__ import annotations

import copy
import inspect
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from cases.families.whole_configurations import SIZES
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_whole import kinds_of

RATE = 0.25
"""Of the user's own schedule."""
PACKAGES = count()
"""One for each class that is registered: a name is registered once."""
NOT_FUNCTIONS = ("get", "serialize", "deserialize")


def came_of(make: Any, given: Any, due: Any) -> str:
    """What is made of what is given, in words, where it is not what is due, a function, or of the class that is due."""
    try:
        found = make(given)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:80]}"
    return "" if found is due or type(found) is due else f"found {found!r}"[:80]


def needed(kind: type) -> dict[str, Any]:
    """What its constructor needs, None where no value of it is known."""
    taken = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return {p.name: SIZES.get(p.name) for p in taken if p.default is p.empty and p.kind not in (
        p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def run_found_parts(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.found_by_name.parts_are_found_by_their_modules`."""
    keras, name = backend.keras, dict(request.arguments)["module"]
    module = keras.optimizers.schedules if name == "schedules" else getattr(keras, name)
    own = module if hasattr(module, "deserialize") else keras.saving
    make, tell = (getattr(own, f"{way}serialize{'' if own is module else '_keras_object'}") for way in ("de", ""))
    kinds = kinds_of(keras, name) if name not in ("activations", "ops") else []
    classes, functions = [], []
    with moment("run"):
        for kind, options in [(kind, needed(kind)) for kind in kinds]:
            if None in options.values():  # as OptimizerMap, which is of layers
                continue
            one = kind(**options)
            config = tell(one)
            before = copy.deepcopy(config)
            classes += [("made", kind.__name__, came_of(make, config, type(one))),
                        ("left", kind.__name__, "" if config == before else "its configuration is another one afterwards")]
            if hasattr(module, "get") and not options:
                classes.append(("named", kind.__name__, came_of(module.get, kind.__name__, type(one))))
        for word, function in sorted(vars(module).items()):
            if isinstance(function, FunctionType) and word not in NOT_FUNCTIONS:
                functions.append((word, came_of(make, tell(function), function)))
    return Observation({}, facts={"asked": len(classes) + len(functions), "classes": tuple(one for one in classes if one[-1]),
                                  "functions": tuple(one for one in functions if one[-1])})


def owns(keras: Any) -> Iterator[tuple[str, Any, Any, Any]]:
    """What it is called here, its module, the user's class or function under the name of one of Keras', and what is told."""
    schedules = keras.optimizers.schedules
    bases = {"losses": ("Huber", keras.losses.Loss), "metrics": ("Mean", keras.metrics.Metric),
             "initializers": ("Orthogonal", keras.initializers.Initializer), "layers": ("Dense", keras.layers.Layer),
             "regularizers": ("L2", keras.regularizers.Regularizer), "constraints": ("NonNeg", keras.constraints.Constraint),
             "optimizers": ("Adam", keras.optimizers.SGD), "schedules": ("CosineDecay", schedules.LearningRateSchedule)}
    for name, (kind, base) in bases.items():
        own = type(kind, (base,), {"__module__": "own", "get_config": lambda self: {}})
        yield name, schedules if name == "schedules" else getattr(keras, name), own, own()

    def relu(x: Any) -> Any:
        return keras.ops.sin(x)

    relu.__module__ = "own"
    yield "activations", keras.activations, relu, relu


def halves_with(keras: Any, own: Any) -> str:
    """What both halves of a Bidirectional layer have that is made of a layer with the user's activation."""
    try:
        both = keras.layers.Bidirectional(keras.layers.LSTM(2, activation=own))
    except Exception:
        return "refused"
    return "own" if all(half.activation is own for half in (both.forward_layer, both.backward_layer)) else "Keras'"


def run_own_names(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.found_by_name.own_names_are_not_keras`."""
    keras, came = backend.keras, []

    def what(module: Any, config: Any, own: Any) -> str:
        try:
            found = module.deserialize(config)
        except Exception:
            return "refused"
        return "own" if found is own or type(found) is own else "Keras'"

    with moment("run"):
        for name, module, own, made in owns(keras):
            config = module.serialize(made)
            came.append((name, "nowhere", what(module, copy.deepcopy(config), own)))
            if name == "activations":
                came.append((f"halves with {name}", "nowhere", halves_with(keras, own)))
            with keras.saving.custom_object_scope({own.__name__: own}):
                came.append((name, "named", what(module, copy.deepcopy(config), own)))
            keras.saving.register_keras_serializable(f"own{next(PACKAGES)}")(own)
            came.append((name, "registered", what(module, module.serialize(made), own)))
            if name == "activations":
                came.append((f"halves with {name}", "registered", halves_with(keras, own)))
    return Observation({}, facts={"came": tuple(came)})


def users_own(keras: Any) -> dict[str, Any]:
    """Classes and a function of the user's own, registered nowhere, by what they are."""

    def bend(x: Any) -> Any:
        return keras.ops.sin(x)

    class Layer(keras.layers.Layer):
        """Gives what it is given."""

        def call(self, x: Any) -> Any:
            return x + 0.0

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    class Cell(keras.layers.SimpleRNNCell):
        """Another class, and nothing else."""

    class Loss(keras.losses.MeanSquaredError):
        """Another class, and nothing else."""

    class Metric(keras.metrics.MeanSquaredError):
        """Another class, and nothing else."""

    class Optimizer(keras.optimizers.SGD):
        """Another class, and nothing else."""

    class Schedule(keras.optimizers.schedules.LearningRateSchedule):
        """One rate."""

        def __call__(self, step: Any) -> Any:
            return keras.ops.convert_to_tensor(RATE)

        def get_config(self) -> dict:
            return {}

    class Wrapped(Layer):
        """Another class, and nothing else."""

    return {"layer": Layer, "wrapped": Wrapped, "cell": Cell, "activation": bend, "loss": Loss, "metric": Metric,
            "optimizer": Optimizer, "schedule": Schedule}


def run_own_parts_named(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.found_by_name.own_parts_are_found_where_they_are_named`."""
    keras, found = backend.keras, []
    layers, own = keras.layers, users_own(keras)
    named = {one.__name__: one for one in own.values()}

    def stands(model: Any) -> dict[str, Any]:
        inner = [one for one in model.layers if not isinstance(one, layers.InputLayer)]
        return {"layer": type(inner[0]), "wrapped": type(inner[1].layer), "cell": type(inner[2].cell.cells[1]),
                "activation": inner[3].activation}

    def scheduled(optimizer: Any) -> Any:
        return own["schedule"] if float(keras.ops.convert_to_numpy(optimizer.learning_rate)) == RATE else optimizer.learning_rate

    def told(way: str, seen: dict[str, Any]) -> None:
        found.extend((way, part, "own" if one is own[part] else getattr(one, "__name__", str(one))) for part, one in seen.items())

    with moment("build"):
        parts = [own["layer"](), layers.TimeDistributed(own["wrapped"]()),
                 layers.RNN([layers.SimpleRNNCell(2), own["cell"](2)]), layers.Dense(2, activation=own["activation"])]
        series = keras.Sequential([keras.Input((3, 2)), *parts])
        model = keras.Model(series.inputs[0], series.outputs[0])
        optimizer = own["optimizer"](own["schedule"]())
        model.compile(optimizer, own["loss"](), metrics=[own["metric"]()])
    with moment("run"), tempfile.TemporaryDirectory() as folder:
        told("json", stands(keras.models.model_from_json(model.to_json(), custom_objects=named)))
        told("configuration", stands(keras.Model.from_config(model.get_config(), custom_objects=named)))
        told("series", stands(keras.Sequential.from_config(series.get_config(), custom_objects=named)))
        batch = np.ones((1, 3, 2), "float32"), np.ones((1, 2), "float32")
        model.train_on_batch(*batch)
        model.save(file := Path(folder) / "model.keras")
        again = keras.models.load_model(file, custom_objects=named)
        again.test_on_batch(*batch)
        metric = [one for one in again.metrics[-1].metrics] if hasattr(again.metrics[-1], "metrics") else again.metrics[-1:]
        told("file", stands(again) | {"loss": type(again.loss), "metric": type(metric[-1]), "optimizer": type(again.optimizer),
                                      "schedule": scheduled(again.optimizer)})
        one = own["optimizer"].from_config(optimizer.get_config(), custom_objects=named)
        told("optimizer", {"schedule": scheduled(one)})
    return Observation({}, facts={"parts": tuple(found)})
