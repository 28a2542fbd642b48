"""Keras' initializers."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        if not options["heads"]:
            return backend.engine.numpy(made(options["shape"], dtype="float32"))
        width, *heads = options["shape"]
        one = keras.layers.EinsumDense("btf,fhg->bthg", (None, *heads), kernel_initializer=made)
        one.build((None, None, width))
        return backend.engine.numpy(one.kernel.value)

    with moment("run"):
        arrays = {"first": drawn(options["seed"]), "again": drawn(options["seed"]), "other": drawn(options["seed"] + 1)}
    return Observation(arrays, facts={"cut": options["name"] != "normal_for_tanh"})


def run_drawn_by_name(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.draws`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    name, dtype, shape = options["name"], options["dtype"], options["shape"]
    given = {key: engine.tensor(one.astype("float32")) if isinstance(one, np.ndarray) else one
             for key, one in options["given"].items()}
    ones = engine.tensor(np.ones(64, "float32"))

    def plain(seed: Any, count: int = shape[0]) -> Any:
        if name == "categorical":
            return keras.ops.transpose(keras.random.categorical(num_samples=count, dtype=dtype, seed=seed, **given))
        return getattr(keras.random, name)((count, *shape[1:]), dtype=dtype, seed=seed, **given)

    class Drawing(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return plain(options["seed"])

    def few(seed: Any) -> np.ndarray:
        return engine.numpy(plain(seed, 8))

    def beside(drawn: bool) -> np.ndarray:
        keras.utils.set_random_seed(5)
        if drawn:
            plain(options["seed"], 8)
        return engine.numpy(keras.random.dropout(ones, 0.5))

    with moment("run"):
        first, told = plain(options["seed"]), Drawing()(keras.Input((1,)))
        left, right = (keras.random.SeedGenerator(options["seed"]) for _ in range(2))
        seeds = {"seeded": options["seed"], "again": options["seed"], "other": options["seed"] + 1, "generated": left,
                 "generated on": left, "generated again": right}
        arrays = {"first": np.array(engine.numpy(first))} | {key: few(seed) for key, seed in seeds.items()}
        arrays |= {"loose": few(None), "looser": few(None), "beside/alone": beside(False), "beside/after": beside(True)}
    kinds = {key: (*one.shape, keras.backend.standardize_dtype(one.dtype)) for key, one in (("came", first), ("told", told))}
    return Observation(arrays, facts=kinds)
