"""Keras' losses, metrics, initializers and the like, made of their configurations."""

from __future__ import annotations

import inspect
import json
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_stateless import advanced, result


def class_of(keras: Any, name: str) -> type:
    """The class by its module and name."""
    module, _, kind = name.partition(".")
    return getattr(keras.optimizers.schedules if module == "schedules" else getattr(keras, module), kind)


def again(keras: Any, one: Any, way: str) -> Any:
    """Made of its configuration, or of that as text."""
    if way == "configuration":
        return type(one).from_config(one.get_config())
    return keras.saving.deserialize_keras_object(json.loads(json.dumps(keras.saving.serialize_keras_object(one))))


def value(backend: Any, module: str, one: Any, given: tuple[np.ndarray, ...], stateless: bool) -> np.ndarray:
    """What it gives of these arrays; what changes a state does so in a call that is given it, where it is `stateless`."""
    keras, engine = backend.keras, backend.engine
    tensors = [engine.tensor(a.astype("float32" if a.dtype.kind == "f" else "int32")) for a in given]
    if module == "metrics":
        if stateless and one.variables:
            return engine.numpy(result(one, [tensors]))
        one.update_state(*tensors)
        return engine.numpy(one.result())
    if module == "initializers":
        return engine.numpy(one((4, 4)))
    if module == "schedules":
        return np.stack([engine.numpy(one(step)) for step in tensors[0]])
    if module == "optimizers":
        variable, found = keras.Variable(given[0].astype("float32")), []
        one.build([variable])
        weights, state = [variable.value], [each.value for each in one.variables]
        for gradient in tensors[1]:
            if stateless and engine.name != "tensorflow":  # which has no such optimizers
                weights, state = advanced(keras, one, state, [gradient], weights)
                found.append(engine.numpy(weights[0]))
                continue
            one.apply([gradient], [variable])
            found.append(engine.numpy(variable.value))
        return np.stack(found)
    return engine.numpy(one(*tensors))


def run_made_again(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.made_again.parts_are_made_again`."""
    options, keras = dict(request.arguments), backend.keras
    kind, module = class_of(keras, options["name"]), options["name"].partition(".")[0]
    needed = [p.name for p in inspect.signature(kind).parameters.values() if p.default is p.empty and p.kind not in (
        p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    with moment("build"):
        given = {n: class_of(keras, one) if n == "fn" else one for n, one in options["options"].items()}
        every = {"made": kind(**given)}
        every |= {f"again/{way}": again(keras, every["made"], way) for way in ("configuration", "words")}
        if not needed and set(options["options"]) != {"seed"}:
            every["plain"] = kind()
    with moment("run"):
        return Observation({name: value(backend, module, one, options["read"], name == "again/words")
                            for name, one in every.items()})


def run_stateless_steps(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.made_again.steps_leave_what_they_are_given`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if engine.name == "tensorflow":
        return Unsupported("Keras' optimizers on TensorFlow have no stateless steps, and say so")
    gradients = [engine.tensor(one.astype("float32")) for one in options["gradients"]]
    with moment("build"):
        variables, makers = [], []
        for _ in range(2):
            variables.append(keras.Variable(options["weights"].astype("float32")))
            makers.append(class_of(keras, options["name"])(**options["options"]))
            makers[-1].build(variables[-1:])
    found: dict[str, list[np.ndarray]] = {"due": [], "steps": [], "given": [], "kept": []}

    def flat(*some: list[Any]) -> np.ndarray:
        return np.concatenate([np.ravel(engine.numpy(one)).astype("float64") for each in some for one in each])

    with moment("run"):
        weights, state = [variables[0].value], [one.value for one in makers[0].variables]
        for gradient in gradients:
            given = weights, state
            found["kept"].append(flat(*given))
            weights, state = makers[0].stateless_apply(state, [gradient], weights)
            found["given"].append(flat(*given))
            found["steps"].append(flat(weights))
            makers[1].apply_gradients([(gradient, variables[1])])
            found["due"].append(flat([variables[1].value]))
    return Observation({name: np.array(each) for name, each in found.items()})


def run_typed_again(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.made_again.dtypes_are_made_again`."""
    options, keras = dict(request.arguments), backend.keras
    with moment("build"):
        made = class_of(keras, options["name"])(dtype=options["dtype"])
        every = {"made": made} | {way: again(keras, made, way) for way in ("configuration", "words")}
    return Observation({}, facts={name: keras.backend.standardize_dtype(one.dtype) for name, one in every.items()})
