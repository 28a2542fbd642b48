"""Keras' optimizers: made from hyper-parameters, and asked for steps on gradients that are handed in."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.optimizers import OWN, definitions, hyper_parameters
from cases.requests import Observation, Unsupported
from cases.steps import GROWTH, OptimizerRequest, Rows
from suite.backends import moment, refuses

KINDS: Mapping[str, str] = {
    "sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adadelta": "Adadelta", "adam": "Adam", "adamax": "Adamax",
    "nadam": "Nadam", "adamw": "AdamW",
}
NONE_WHERE_NEUTRAL = ("clipvalue", "clipnorm", "global_clipnorm", "weight_decay", "ema_overwrite_frequency",
                      "gradient_accumulation_steps", "loss_scale_factor")
"""Options whose neutral value is None in Keras."""


def unsupported(optimizer: str, given: Mapping[str, Any]) -> str | None:
    """None, or why Keras' optimizer cannot be made so."""
    fixed = definitions("keras", optimizer)
    for name, value in given.items():
        if name in fixed and value != fixed[name]:
            return f"Keras' {KINDS[optimizer]} has {name} {fixed[name]}, and no option for it"
    return None


def later(keras: Any, given: Mapping[str, Any]) -> str | None:
    """Which option this release does not have yet, or None."""
    known = inspect.signature(keras.optimizers.Optimizer.__init__).parameters
    asked = [name for name in NONE_WHERE_NEUTRAL if name in given and name not in known]
    return f"optimizers of this release have no {asked[0]}" if asked else None


def make(keras: Any, optimizer: str, given: Mapping[str, Any]) -> Any:
    """Keras' optimizer with the hyper-parameters that are given; Keras' own defaults for the rest."""
    fixed, neutral = definitions("keras", optimizer), hyper_parameters(optimizer, {})
    options = {name: value for name, value in given.items() if name not in (*fixed, "decay_rate", "undecayed", "dynamic_scale")}
    for name in NONE_WHERE_NEUTRAL:
        if name in options and options[name] == neutral[name] and not (optimizer == "adamw" and name == "weight_decay"):
            del options[name]
    if "ema_overwrite_frequency" in options:
        options["use_ema"] = True
    if given.get("decay_rate", 1.0) != 1.0:
        rate = given.get("learning_rate", OWN["keras"][optimizer]["learning_rate"])
        options["learning_rate"] = keras.optimizers.schedules.ExponentialDecay(rate, 1, given["decay_rate"])
    found = getattr(keras.optimizers, KINDS[optimizer])(**options)
    if given.get("undecayed"):
        found.exclude_from_weight_decay(var_names=list(given["undecayed"]))
    if given.get("dynamic_scale"):
        found = keras.optimizers.LossScaleOptimizer(found, given["dynamic_scale"], dynamic_growth_steps=GROWTH)
    return found


def settings(made: Any, optimizer: str) -> dict[str, Any]:
    """The hyper-parameters that the optimizer says it has, by the names of `cases.optimizers`."""
    config = getattr(made, "inner_optimizer", made).get_config()
    found = {name: config[name] for name in OWN["keras"][optimizer] if name in config}
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in found.items()}


def run_optimizer(backend: Any, request: OptimizerRequest) -> Observation | Unsupported:
    """The weights after each step: `apply` as it is, on JAX in a program of `stateless_apply`, which is how it trains."""
    keras, engine, hyper = backend.keras, backend.engine, dict(request.hyper)
    if reason := unsupported(request.optimizer, hyper) or later(keras, hyper):
        return Unsupported(reason)
    by_rows = any(isinstance(g, Rows) for gradients in request.gradients for g in gradients.values())
    if by_rows and engine.name != "tensorflow":
        return Unsupported(f"gradients of an Embedding are dense on the {engine.name} backend")
    names = list(request.weights)
    with moment("build"):
        optimizer = make(keras, request.optimizer, hyper)
        variables = [keras.Variable(np.array(request.weights[n], "float32"), name=n) for n in names]
        optimizer.build(variables)
    path: dict[str, list[np.ndarray]] = {name: [] for name in names}
    one, spoiled, scales = np.array(1.0, "float32"), 0, []
    with moment("run"):
        advance = advancing(engine, optimizer, variables)
        for number, gradients in enumerate(request.gradients, start=1):
            scale = float("inf") if number == request.broken else float(engine.numpy(optimizer.scale_loss(engine.tensor(one))))
            given = [gradient(engine, gradients[name], scale) if name in gradients else None for name in names]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that a weight has no gradient
                advance(given)
            spoiled += sum(not np.array_equal(*(numbers(engine, g) for g in (left, gradient(engine, gradients[name], scale))))
                           for name, left in zip(names, given, strict=True) if name in gradients)
            scales += [float(engine.numpy(optimizer.dynamic_scale.value))] if hyper.get("dynamic_scale") else []
            if number == request.resumed:
                optimizer = again(optimizer, variables)
                advance = advancing(engine, optimizer, variables)
            if request.ended and number == len(request.gradients):
                optimizer.finalize_variable_values(variables)
            for name, variable in zip(names, variables, strict=True):
                path[name].append(engine.numpy(variable.value))
    arrays = {f"weights/{name}": np.stack(found) for name, found in path.items() if found}
    return Observation(arrays, facts={"stack": "keras", "hyper": settings(optimizer, request.optimizer), "spoiled": spoiled,
                                     "scales": tuple(scales)})


def advancing(engine: Any, optimizer: Any, variables: list[Any]) -> Any:
    """What takes a step; JAX takes one that is taken on a condition in a program alone."""
    scaled = engine.name == "jax" and hasattr(optimizer, "inner_optimizer")
    return compiled(engine, optimizer, variables) if scaled else optimizer.apply


def again(optimizer: Any, variables: list[Any]) -> Any:
    """Another optimizer as a file would give it back: made from the configuration, given what this one remembers."""
    other, store = type(optimizer).from_config(optimizer.get_config()), {}
    other.build(variables)
    optimizer.save_own_variables(store)
    other.load_own_variables(store)
    return other


def gradient(engine: Any, given: np.ndarray | Rows, scale: float = 1.0) -> Any:
    """A gradient, of the loss times `scale`, as the engine would give it: of a TensorFlow embedding as slices, not yet summed
    over repeated rows."""
    if not isinstance(given, Rows):
        return engine.tensor(np.array(given * scale, "float32"))
    return engine.tf.IndexedSlices(
        engine.tf.constant(given.values, "float32"), engine.tf.constant(given.indices, "int64"),
        engine.tf.constant((given.rows, given.values.shape[1]), "int64"),
    )


def numbers(engine: Any, given: Any) -> np.ndarray:
    """The numbers of a gradient, those of the rows that it has; a number for NaN."""
    return np.nan_to_num(engine.numpy(given.values if engine.name == "tensorflow" and hasattr(given, "indices") else given))


def compiled(engine: Any, optimizer: Any, variables: list[Any]) -> Any:
    """One step as a program of JAX, which leaves its results in the variables."""
    def program(state: list, gradients: list, weights: list) -> tuple[list, list]:
        return optimizer.stateless_apply(state, gradients, weights)

    run = engine.jax.jit(program)

    def advance(gradients: list) -> None:
        weights, state = run([v.value for v in optimizer.variables], gradients, [v.value for v in variables])
        for variable, value in zip([*variables, *optimizer.variables], [*weights, *state], strict=True):
            variable.assign(value)

    return advance


def run_stepped_apart(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.rare_optimizers.optimizers_of_their_own_are_followed`: each weight after every step,
    the second half by others that are given what the first ones remember, of a store and then as a list."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        return Unsupported("this Keras has no MultiOptimizer")
    variables = [keras.Variable(weight.astype("float32")) for weight in options["weights"]]

    def made() -> Any:
        own = [getattr(keras.optimizers, name)(**given) for name, given in options["kinds"]]
        several = keras.optimizers.MultiOptimizer(
            lambda variable: next(one for one, each in zip(own, variables, strict=True) if each is variable),
            loss_scale_factor=options["scale"])
        several.build(variables)
        return several

    def given(first: Any) -> Any:
        store: dict[str, Any] = {}
        first.save_own_variables(store)
        second, third = made(), made()
        second.load_own_variables(store)
        third.set_weights([engine.numpy(each.value) for each in second.variables])
        return third

    with moment("run"):
        gradients = [[options["scale"] * each for each in step] for step in options["gradients"]]
        optimizer, weights = stepped(engine, made(), variables, gradients, given)
        optimizer.finalize_variable_values(variables)
    return Observation(weights | {f"left/{place}": np.array(engine.numpy(each.value)) for place, each in enumerate(variables)})


def stepped(engine: Any, optimizer: Any, variables: list[Any], gradients: Sequence[Sequence[np.ndarray]],
            other: Callable[[Any], Any]) -> tuple[Any, dict[str, np.ndarray]]:
    """Each weight after every step, `weights/PLACE`, the second half of the steps taken by the `other` of an optimizer; and that
    one."""
    found: list[list[np.ndarray]] = [[] for _ in variables]
    for number, step in enumerate(gradients):
        if 2 * number == len(gradients):
            optimizer = other(optimizer)
        optimizer.apply([engine.tensor(each.astype("float32")) for each in step], variables)
        for place, variable in enumerate(variables):
            found[place].append(np.array(engine.numpy(variable.value)))
    return optimizer, {f"weights/{place}": np.array(each) for place, each in enumerate(found)}


def run_stepped(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.rare_optimizers`: each weight after every step, taken one by one,
    the second half by another optimizer that is given what this one remembers."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if not hasattr(keras.optimizers, options["name"]):
        return Unsupported(f"this Keras has no {options['name']}")
    with moment("build"):
        optimizer = getattr(keras.optimizers, options["name"])(**options["options"])
        variables = [keras.Variable(weight.astype("float32")) for weight in options["weights"]]
    with moment("run"):
        return Observation(stepped(engine, optimizer, variables, options["gradients"], lambda first: again(first, variables))[1])


def run_optimizers_by_path(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.rare_optimizers.patterns_name_whole_paths`."""
    options, optimizers = dict(request.arguments), backend.keras.optimizers
    if not hasattr(optimizers, "OptimizerMap"):
        return Unsupported("this Keras has no OptimizerMap")
    with moment("build"):
        every = [optimizers.SGD() for _ in (*options["patterns"], "default")]
        by_path = optimizers.OptimizerMap(every[-1], dict(zip(options["patterns"], every, strict=False)))
    with moment("run"):
        places = [next(n for n, one in enumerate(every) if one is by_path[path]) for path in options["paths"]]
        chosen = tuple(None if place == len(options["patterns"]) else place for place in places)
        return Observation({}, facts={"chosen": chosen, "refused": refuses(lambda: by_path[options["both"]])})
