"""Every layer of a package of Keras, and every loss, metric and the like, made with every option that its constructor takes, and
what its configuration says."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

from cases.families.whole_configurations import COMPILED, NEEDED, OPTIONS, PARTS, POLICIES, SIZES
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment

ELSEWHERE = ("Wrapper", "Layer", "Lambda", "InputLayer", "Input", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer",
             "MeanMetricWrapper", "STFT", "STFTSpectrogram", "IntegerLookup", "StringLookup",
             "TextVectorization", "HashedCrossing", "Hashing")
"""What stands for nothing of its own, runs another framework's or imports it, or asks SciPy for windows of sound."""

REFUSED = re.compile("(?!TypeError)\\w+: ")
"""What is said of an option that a constructor has, and that cannot have another value on this engine."""


def parts(keras: Any) -> dict[str, Callable[[], Any]]:
    """What a constructor needs that is a layer, each time a new one."""
    layers = keras.layers
    return {"cell": lambda: layers.LSTMCell(3), "layer": lambda: layers.LSTM(3, return_sequences=True),
            "cells": lambda: [layers.GRUCell(3), layers.LSTMCell(2)], "backward_layer": lambda: layers.LSTM(
                3, return_sequences=True, go_backwards=True), "inner_optimizer": lambda: keras.optimizers.SGD(0.5)}


def other(name: str, default: Any) -> Any:
    """A value for an option that is not its default; None where none is known."""
    known = OPTIONS.get(name, PARTS.get(name.rpartition("_")[2]))
    if known is not None and not (isinstance(known, str) and isinstance(default, (int, tuple))):  # padding="same", padding=1
        return known
    if isinstance(default, bool):
        return not default
    if isinstance(default, tuple):
        return tuple(other("", one) for one in default)
    if isinstance(default, float) and 0.5 <= default <= 1.0:  # a share
        return default / 2
    return 2 * default + (0.125 if isinstance(default, float) else 1) if isinstance(default, (int, float)) else None


def words(value: Any) -> str:
    """A configuration's value as text: a part by its class, one number for all of several equal ones."""
    if isinstance(value, dict) and "class_name" in value:
        inner = value["config"]
        return str(inner.get("name") if value["class_name"] == "DTypePolicy" else value["class_name"]).lower()
    if isinstance(value, (list, tuple)) and len(set(map(str, value))) == 1:
        return words(value[0])
    if isinstance(value, float):
        return f"{value:.6g}"  # some are kept in float32
    return value if isinstance(value, str) else json.dumps(value, default=str)


def said(keras: Any, option: str, value: Any) -> str:
    """What is given, as its configuration says it."""
    modules = {"initializer": keras.initializers, "regularizer": keras.regularizers, "constraint": keras.constraints}
    module = modules.get(option.rpartition("_")[2])
    return words(value) if module is None else type(module.get(value)).__name__.lower()


def kinds_of(keras: Any, package: str) -> list[type]:
    """The public layers that are defined in a package of `keras.layers`; or the public losses, metrics and the like."""
    schedules = keras.optimizers.schedules
    others = {"losses": (keras.losses, keras.Loss), "metrics": (keras.metrics, keras.Metric),
              "optimizers": (keras.optimizers, keras.Optimizer), "schedules": (schedules, schedules.LearningRateSchedule),
              "initializers": (keras.initializers, keras.Initializer), "regularizers": (keras.regularizers, keras.Regularizer),
              "constraints": (keras.constraints, keras.constraints.Constraint)}
    module, base = others.get(package, (keras.layers, keras.Layer))
    found = {kind for kind in vars(module).values() if inspect.isclass(kind) and issubclass(kind, base) and kind is not base}
    if package not in others:
        found = {kind for kind in found if kind.__module__.split(".")[-2] == package}
    return sorted((kind for kind in found if kind.__name__ not in ELSEWHERE), key=lambda kind: kind.__name__)


def run_whole_configurations(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.whole_configurations.configurations_are_whole`."""
    keras, package = backend.keras, dict(request.arguments)["package"]
    if package in ("compile", "policies"):
        return compiled(keras) if package == "compile" else policies(keras)
    lost, kept, left, named = [], [], [], {}
    with moment("build"):
        for kind in kinds_of(keras, package):
            made, why = told(keras, kind)
            left += [(kind.__name__, option, reason) for option, reason in why.items()]
            lost += [(kind.__name__, option) for one, _ in made[:1] for option, reason in why.items()
                     if REFUSED.match(reason) and option not in one.get_config()]
            for one, options in made:
                named[kind.__name__] = keras.saving.serialize_keras_object(one)["module"]
                first, again = one.get_config(), type(one).from_config(one.get_config()).get_config()
                for option, value in options.items():
                    if option not in first:
                        lost.append((kind.__name__, option))
                    elif value is not None:
                        kept.append((kind.__name__, option, said(keras, option, value), words(first[option]),
                                     words(again.get(option))))
    return Observation({}, facts={"lost": tuple(lost), "kept": tuple(kept), "left": tuple(left), "named": tuple(named.items())})


def told(keras: Any, kind: type) -> tuple[list[tuple[Any, dict[str, Any]]], dict[str, str]]:
    """Layers of one kind with the options that each was given: as many as go together, others alone; and what could not be given,
    with the reason."""
    inner, own = parts(keras), {"trainable": True, "dtype": None} if issubclass(kind, keras.Layer) else {}
    taken = {p.name: p.default for p in list(inspect.signature(kind.__init__).parameters.values())[1:]
             if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    needed = {name: SIZES.get(name) for name, default in taken.items()
              if default is inspect.Parameter.empty or name in NEEDED.get(kind.__name__, ())}
    if unknown := [name for name, value in needed.items() if value is None and name not in inner]:
        return [], dict.fromkeys(unknown, "what it needs is not known here")
    offered = {name: other(name, default) for name, default in {**own, **taken}.items()
               if name not in needed and name not in inner}
    why = {name: "no other value is known here" for name, value in offered.items() if value is None}
    if "thresholds" in offered and offered.pop("num_thresholds", None):
        why["num_thresholds"] = "thresholds stand for it"
    offered = {name: value for name, value in offered.items() if value is not None}

    def make(**options: Any) -> Any:
        return kind(**{name: inner[name]() if name in inner else value for name, value in {**needed, **options}.items()})

    try:
        return [(make(**offered), {**needed, **offered})], why
    except Exception:  # some do not go together
        given, one, made = {}, make(), []
    for name, value in offered.items():
        try:
            one, given = make(**given, **{name: value}), {**given, name: value}
        except Exception:
            try:
                made.append((make(**{name: value}), {name: value}))
            except Exception as error:
                why[name] = f"{type(error).__name__}: {str(error)[:80]}"
    return [(one, {**needed, **given}), *made], why


def policies(keras: Any) -> Observation:
    """The policies of a map, once its configuration was told, and those of a map with a default that is made of its own."""
    kinds, kept = keras.dtype_policies, []
    for default in (None, "float32"):
        one = kinds.DTypePolicyMap(default_policy=default)
        for path, name in POLICIES.items():
            one[path] = kinds.DTypePolicy(name)
        again = kinds.DTypePolicyMap.from_config(one.get_config())
        kept += [("DTypePolicyMap once told", path, name, str(one[path].name), again[path].name if default else name)
                 for path, name in POLICIES.items()]
    return Observation({}, facts={"lost": (), "kept": tuple(kept), "left": ()})


def compiled(keras: Any) -> Observation:
    """What a model says of how it was compiled, and one that is compiled by what it says."""
    models = [keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(2)]) for _ in range(2)]
    with moment("build"):
        models[0].compile(**COMPILED)
        models[1].compile_from_config(models[0].get_compile_config())
        first, again = (model.get_compile_config() for model in models)
    taken = [name for name in inspect.signature(keras.Model.compile).parameters if name != "self"]
    return Observation({}, facts={
        "lost": tuple(("compile", name) for name in taken if name not in first),
        "kept": tuple(("compile", name, *(words(told).lower() for told in (value, first[name], again.get(name))))
                      for name, value in COMPILED.items() if name in first),
        "left": tuple(("compile", name, "it depends on the engine") for name in taken if name not in COMPILED),
    })
