"""Keras' losses, metrics, optimizers and the like, and functions, found by name and by configuration."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from itertools import count
from types import FunctionType
from typing import Any

from cases.families.whole_configurations import SIZES
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_whole import kinds_of

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
