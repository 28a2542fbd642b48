"""Keras' `fit` of a linear model, twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.fitting import EPOCHS, GROWS, MOMENTUM, RATE, SIZE
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_stateless import advanced


def run_fitting(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.fitting.fitting_is_steps_by_hand`."""
    given, keras = dict(request.arguments), backend.keras
    options, data = dict(given["options"]), {n: given[n].astype("float32") for n in ("inputs", "targets", "samples", "weights")}
    more = {"ema": {"use_ema": True, "ema_momentum": options.get("ema"), "ema_overwrite_frequency": options.get("overwrite")},
            "gathered": {"gradient_accumulation_steps": options.get("gathered")},
            "scale": {"loss_scale_factor": options.get("scale")}, "clip": {"clipnorm": options.get("clip")},
            "cut": {"clipvalue": options.get("cut")}, "decay": {"weight_decay": options.get("decay")}}
    own = {name: value for asked in more if asked in options for name, value in more[asked].items()}
    with moment("build"):
        if "ids" in given:
            data["inputs"] = given["ids"].astype("int32")
            ids = keras.Input(data["inputs"].shape[1:], dtype="int32")
            model = keras.Model(ids, keras.ops.sum(keras.layers.Embedding(len(data["weights"]), 1)(ids), axis=1))
        else:
            model = keras.Sequential([keras.Input(data["inputs"].shape[1:]), keras.layers.Dense(
                1, use_bias=False, kernel_constraint="non_neg" if "floor" in options else None)])
        model.set_weights([data["weights"][:, None]])
        falling = keras.optimizers.schedules.InverseTimeDecay(RATE, 1, options["falls"]) if "falls" in options else RATE
        later = "dynamic" in options or "falls" in options  # is the rate told
        optimizer = inner = keras.optimizers.SGD(2 * RATE if later else falling, MOMENTUM, **own)
        if "dynamic" in options:
            optimizer = keras.optimizers.LossScaleOptimizer(inner, options["dynamic"], GROWS)
        if later:
            optimizer.learning_rate = falling
        model.compile(optimizer, "mse", weighted_metrics=[keras.metrics.MeanAbsoluteError(name="metric")],
                      jit_compile=backend.engine.plain,
                      steps_per_execution=1 if backend.engine.name == "torch" else options.get("at_once", 1))
    cut = {"steps_per_epoch": options["steps"]} if "steps" in options else {"batch_size": SIZE}
    found: dict[str, list] = {"weights": [], "velocity": [], "steps": [], "loss": [], "metric": [], "told": []}

    class Counting(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.ends: list[int] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.ends.append(batch + 1)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            found["told"].append(self.ends[0] / model.steps_per_execution)

    with moment("run"):
        for epochs in EPOCHS[: 1 if options.get("once") else None]:
            told = model.fit(data["inputs"], data["targets"][:, None], sample_weight=data["samples"], epochs=epochs,
                             shuffle=False, verbose=0, callbacks=[Counting()], **cut).history
            found["weights"].append(model.get_weights()[0][:, 0])
            found["velocity"].append(backend.engine.numpy(inner.momentums[0].value)[:, 0])
            found["steps"].append(int(keras.ops.convert_to_numpy(optimizer.iterations)))
            for name in ("loss", "metric"):
                found[name] += told[name]
    return Observation({name: np.array(values, "float64") for name, values in found.items()})


def run_left_out(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.fitting.steps_without_numbers_are_left_out`: an optimizer that is given its state is
    given copies."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    steps = [[engine.tensor(np.asarray(one, "float32")) for _, one in step] for step in options["steps"]]
    found: dict[str, list] = {}

    def made() -> tuple[Any, list[Any]]:
        variables = [keras.Variable(one.astype("float32")) for _, one in options["start"]]
        one = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(options["rate"]), options["scale"], options["grows"])
        one.build(variables)
        return one, variables

    def keep(way: str, weights: list[Any], scale: Any) -> None:
        for name, one in zip(("first", "last", "scale"), (*weights, scale), strict=True):
            found.setdefault(f"{way}/{name}", []).append(np.array(engine.numpy(one), "float64"))

    with moment("run"):
        one, variables = made()
        for gradients in steps if engine.name != "jax" else ():  # where such an optimizer must be given its state
            one.apply(gradients, variables)
            keep("own", [each.value for each in variables], one.dynamic_scale.value)
        if engine.name != "tensorflow":  # whose optimizers take no state
            one, variables = made()
            weights, state = [each.value for each in variables], [each.value for each in one.variables]
            place = next(n for n, each in enumerate(one.variables) if each is one.dynamic_scale)
            for gradients in steps:
                weights, state = advanced(keras, one, state, gradients, weights)
                keep("given", weights, state[place])
    return Observation({name: np.array(each) for name, each in found.items()})


def run_undecayed(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.fitting.names_without_decay_are_those_of_weights`."""
    options, keras = dict(request.arguments), backend.keras
    rate, decay = options["decayed"]
    with moment("build"):
        layer = keras.layers.Dense(options["bias"].shape[0], name=options["layer"])
        layer.build((None, options["kernel"].shape[0]))
        layer.set_weights([options[name].astype("float32") for name in ("kernel", "bias")])
        weights = {"kernel": layer.kernel, "bias": layer.bias,
                   "gain": keras.Variable(options["gain"].astype("float32"), name="gain")}
        optimizer = keras.optimizers.SGD(rate, weight_decay=decay)
        optimizer.exclude_from_weight_decay([weights[name] for name in options["weights"]], list(options["names"]))
        optimizer.build([*weights.values()])
    with moment("run"):
        optimizer.apply([keras.ops.zeros(one.shape) for one in weights.values()], [*weights.values()])
    return Observation({name: backend.engine.numpy(one.value) for name, one in weights.items()})
