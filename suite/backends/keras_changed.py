"""Keras models that are changed after they were used, stateless calls, and inputs of other names."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment, refuses


def run_changed_model(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.changed_models.changed_models_are_what_they_became`."""
    options, keras, layers = dict(request.arguments), backend.keras, backend.keras.layers
    inputs, targets = (options[name].astype("float32") for name in ("inputs", "targets"))
    with moment("build"):
        first = layers.Normalization() if options["change"] == "normalized" else layers.Dense(
            2 if options["change"] == "popped" else 3)  # which are then the outputs
        if options["change"] == "normalized":
            first.adapt(inputs)
        model = keras.Sequential([layers.Dense(5) if options["change"] == "emptied" else keras.Input(inputs.shape[1:])])
        if options["change"] == "emptied":
            model.pop()
        for layer in (first, layers.Dense(2)):
            model.add(layer)
        still = keras.optimizers.SGD(0.0)
        model.compile(still, "mse", metrics=["mse"] if options["change"] == "recompiled" else None)

    def found() -> np.ndarray:
        if options["change"] == "recompiled":
            told = model.fit(inputs, targets, verbose=0).history.values()
            return np.array([*model.evaluate(inputs, targets, verbose=0), *(each[0] for each in told)])
        if options["entry"] == "predict":
            return np.array(model.predict(inputs, verbose=0))
        return np.array([model.evaluate(inputs, targets, verbose=0)])

    def due() -> np.ndarray:
        outputs = backend.engine.numpy(model(backend.engine.tensor(inputs)))
        if options["change"] == "recompiled":
            return np.full(4, np.abs(outputs - targets).mean())
        return np.array(outputs) if options["entry"] == "predict" else np.array([((outputs - targets) ** 2).mean()])

    def add() -> None:
        model.add(layers.Dense(2, activation="softplus", bias_initializer="ones"))

    def replace() -> None:
        model.pop()
        add()

    def adapt() -> None:
        model.layers[-1].enable_lora(1)
        model.layers[-1].lora_kernel_b.assign(np.ones((1, 2)))

    changes = {"replaced": replace, "popped": model.pop, "added": add, "adapted": adapt, "emptied": add,
               "normalized": lambda: first.adapt(3 * inputs + 1),
               "recompiled": lambda: model.compile(still, "mae", metrics=["mae"])}
    with moment("run"):
        before = found()
        changes[options["change"]]()
        return Observation({"before": before, "found": found(), "due": due()})


def taken_wrongly(layer: Any, inputs: Any, trained: list, others: list) -> tuple[str, ...]:
    """What a stateless call of a layer takes, though it does not fit, or refuses without a word."""
    wrong = {"too few weights": (trained[:-1], others), "too few statistics": (trained, others[:-1]),
             "a weight of one more": ([np.ones(trained[0].shape[0] + 1, "float32"), *trained[1:]], others),
             "a statistic of one more": (trained, [*others[:-1], np.ones(others[-1].shape[0] + 1, "float32")])}
    found = []
    for name, given in wrong.items():
        try:
            layer.stateless_call(*given, inputs)
        except ValueError as error:
            if str(error).strip():
                continue
        found.append(name)
    return tuple(found)


def scoped(backend: Any, variable: Any) -> dict[str, np.ndarray]:
    """A variable that has another value within a scope, and is given a third there, after a scope in that one has ended; and its
    own value afterwards."""
    keras, numpy = backend.keras, backend.engine.numpy
    values = [backend.engine.tensor(np.full(variable.shape, number, "float32")) for number in (2.0, 3.0)]
    found = {"scope/due/after": np.array(numpy(variable.value)), "scope/due/inside": np.array(numpy(values[0])),
             "scope/due/given": np.array(numpy(values[1]))}
    with keras.StatelessScope([(variable, values[0])]) as scope:
        with keras.StatelessScope():
            pass
        found["scope/inside"] = np.array(numpy(variable.value))
        variable.assign(values[1])
    given = scope.get_current_value(variable)
    return found | {"scope/given": np.array(numpy(given)), "scope/after": np.array(numpy(variable.value))}


def moved_statistics(backend: Any, inputs: Any) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The mean and the variance that a normalization comes to in training, in a call and where they are given; what it has within
    a scope; and what it takes though it does not fit."""
    layer = backend.keras.layers.BatchNormalization(momentum=0.5)
    layer.build(inputs.shape)
    given = [[v.value for v in some] for some in (layer.trainable_variables, layer.non_trainable_variables)]
    wrong, scope = taken_wrongly(layer, inputs, *given), scoped(backend, layer.gamma)
    _, after = layer.stateless_call(*given, inputs, training=True)
    found = {f"moved/{n}": np.array(backend.engine.numpy(one)) for n, one in enumerate(after)}  # before they are moved
    layer(inputs, training=True)
    found |= {f"moved/due/{n}": backend.engine.numpy(v.value) for n, v in enumerate(layer.non_trainable_variables)}
    return found | scope, wrong


def run_stateless_call(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.changed_models.stateless_calls_are_calls`."""
    options, keras, layers = dict(request.arguments), backend.keras, backend.keras.layers
    given = {"dtype": "mixed_bfloat16"} if options["of"] == "dtype" else (
        {"activity_regularizer": "l2"} if options["of"] == "losses" else {})
    inner = {name: value for name, value in given.items() if name == "dtype"}
    with moment("build"):
        layer = {"lstm": lambda: layers.LSTM(2, **given), "loop": lambda: layers.RNN(layers.GRUCell(2, **inner), **given),
                 "bidirectional": lambda: layers.Bidirectional(layers.GRU(2, **inner), **given),
                 "time_distributed": lambda: layers.TimeDistributed(layers.Dense(2, **inner), **given)}[options["part"]]()

    def inputs() -> Any:
        tensor = backend.engine.tensor(options["inputs"].astype("float32"))
        return layers.Masking()(tensor) if options["of"] == "mask" else tensor

    with moment("run"):
        called = layer(inputs())
        due = len(layer.losses)
        trained, others = ([v.value for v in some] for some in (layer.trainable_variables, layer.non_trainable_variables))
        stateless, _, losses = layer.stateless_call(trained, others, inputs(), return_losses=True)
        moved, wrong = moved_statistics(backend, inputs()) if options["of"] == "losses" else ({}, ())
        dtypes = [keras.backend.standardize_dtype(one.dtype) for one in (stateless, called)]
        arrays = [np.array(backend.engine.numpy(keras.ops.cast(one, "float32"))) for one in (stateless, called)]
    return Observation(dict(zip(("outputs", "due"), arrays, strict=True)) | moved, facts={
        "dtype": dtypes[0], "due_dtype": dtypes[1], "losses": len(losses), "due_losses": due, "wrong": wrong})


def run_stateless_metric(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.changed_models.metrics_are_given_their_state`."""
    options, metric = dict(request.arguments), backend.keras.metrics.Mean()
    batches = [[backend.engine.tensor(one.astype("float32")) for one in pair]
               for pair in zip(options["values"], options["weights"], strict=True)]
    with moment("run"):
        metric.update_state(batches[0][0], sample_weight=batches[0][1])
        begun = state = metric.stateless_reset_state()
        for values, weights in batches:
            state = metric.stateless_update_state(state, values, sample_weight=weights)
        optimizer, moved = backend.keras.optimizers.SGD(0.5, momentum=0.5), backend.keras.Variable(np.ones(2, "float32"))
        optimizer.apply([backend.engine.tensor(np.ones(2, "float32"))], [moved])
        short = {"updated": lambda: metric.stateless_update_state(state[:-1], batches[0][0]),
                 "told": lambda: metric.stateless_result(state[:-1])}
        if backend.engine.name != "tensorflow":  # whose optimizers take no state
            state_of, step = [one.value for one in optimizer.variables], [backend.engine.tensor(np.ones(2, "float32"))]
            short |= {"stepped": lambda: optimizer.stateless_apply(state_of[:-1], step, [moved.value]),
                      "weights": lambda: optimizer.stateless_apply(state_of, step, [])}
        taken = tuple(name for name, call in short.items() if not refuses(call))
        found = {"given": metric.stateless_result(state), "own": metric.result(), "copied": copy.deepcopy(metric).result(),
                 "steps": copy.deepcopy(optimizer).iterations.value}
    arrays = {name: np.array(float(backend.engine.numpy(one))) for name, one in found.items()}
    begun = np.array([float(backend.engine.numpy(one)) for one in begun])
    return Observation(arrays | {"begun": begun}, facts={"taken": taken})


def run_names_of_no_input(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.changed_models.names_of_no_input_are_refused`."""
    options, keras, layers = dict(request.arguments), backend.keras, backend.keras.layers
    with moment("build"):
        starts = {name: keras.Input((4,)) for name in ("words", "tags")}
        model = keras.Model(starts, layers.Concatenate()([layers.Dense(2)(starts["words"]), layers.Dense(1)(starts["tags"])]))
    names = ("sounds", "marks") if options["named"] == "others" else ("words", "marks")
    with moment("run"):
        return Observation({"outputs": np.array(model.predict(
            dict(zip(names, options["inputs"].astype("float32"), strict=True)), verbose=0))})
