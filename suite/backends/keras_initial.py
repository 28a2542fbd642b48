"""Keras' initializers."""

from __future__ import annotations

from typing import Any

from cases.families.initializers import GAIN, HIGH, LOW, MEAN, SLOPE, TANH, WIDTH
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment

NAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "glorot_uniform": ("GlorotUniform", {}), "glorot_normal": ("GlorotNormal", {}), "he_uniform": ("HeUniform", {}),
    "he_normal": ("HeNormal", {}), "lecun_uniform": ("LecunUniform", {}), "lecun_normal": ("LecunNormal", {}),
    "he_uniform_of_outputs": ("VarianceScaling", {"scale": 2.0, "mode": "fan_out", "distribution": "uniform"}),
    "he_normal_of_outputs": ("VarianceScaling", {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"}),
    "uniform_for_tanh": ("VarianceScaling", {"scale": TANH**2, "mode": "fan_avg", "distribution": "uniform"}),
    "normal_for_tanh": ("VarianceScaling", {"scale": TANH**2, "mode": "fan_avg", "distribution": "untruncated_normal"}),
    "uniform_for_slopes": ("VarianceScaling", {"scale": 2 / (1 + SLOPE**2), "mode": "fan_in", "distribution": "uniform"}),
    "orthogonal": ("Orthogonal", {"gain": GAIN}), "random_uniform": ("RandomUniform", {"minval": LOW, "maxval": HIGH}),
    "random_normal": ("RandomNormal", {"mean": MEAN, "stddev": WIDTH}),
    "truncated_normal": ("TruncatedNormal", {"mean": MEAN, "stddev": WIDTH}), "identity": ("Identity", {}),
    "constant": ("Constant", {"value": MEAN}), "zeros": ("Zeros", {}), "ones": ("Ones", {}),
}
UNSEEDED = ("identity", "constant", "zeros", "ones")


def run_initialized(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.initializers`."""
    options, keras = dict(request.arguments), backend.keras
    name, given = NAMED[options["name"]]

    def drawn(seed: int) -> Any:
        seeded = {} if options["name"] in UNSEEDED else {"seed": seed}
        made = getattr(keras.initializers, name)(**given, **seeded)
        return backend.engine.numpy(made(options["shape"], dtype="float32"))

    with moment("run"):
        arrays = {"first": drawn(options["seed"]), "again": drawn(options["seed"]), "other": drawn(options["seed"] + 1)}
    return Observation(arrays, facts={"cut": options["name"] != "normal_for_tanh"})
