"""Keras' `fit` of a linear model, twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.fitting import EPOCHS, MOMENTUM, RATE, SIZE
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


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
        model = keras.Sequential([keras.Input(data["inputs"].shape[1:]), keras.layers.Dense(
            1, use_bias=False, kernel_constraint="non_neg" if "floor" in options else None)])
        model.set_weights([data["weights"][:, None]])
        falling = keras.optimizers.schedules.InverseTimeDecay(RATE, 1, options["falls"]) if "falls" in options else RATE
        optimizer = inner = keras.optimizers.SGD(falling if "dynamic" not in options else 2 * RATE, MOMENTUM, **own)
        if "dynamic" in options:
            optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=options["dynamic"])
            optimizer.learning_rate = falling
        model.compile(optimizer, "mse", weighted_metrics=[keras.metrics.MeanAbsoluteError(name="metric")],
                      jit_compile=backend.engine.plain,
                      steps_per_execution=1 if backend.engine.name == "torch" else options.get("at_once", 1))
    cut = {"steps_per_epoch": options["steps"]} if "steps" in options else {"batch_size": SIZE}
    found: dict[str, list] = {"weights": [], "velocity": [], "steps": [], "loss": [], "metric": []}
    with moment("run"):
        for epochs in EPOCHS[: 1 if options.get("once") else None]:
            told = model.fit(data["inputs"], data["targets"][:, None], sample_weight=data["samples"], epochs=epochs,
                             shuffle=False, verbose=0, **cut).history
            found["weights"].append(model.get_weights()[0][:, 0])
            found["velocity"].append(backend.engine.numpy(inner.momentums[0].value)[:, 0])
            found["steps"].append(int(keras.ops.convert_to_numpy(optimizer.iterations)))
            for name in ("loss", "metric"):
                found[name] += told[name]
    return Observation({name: np.array(values, "float64") for name, values in found.items()})
