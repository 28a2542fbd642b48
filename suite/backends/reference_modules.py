"""What the reference answers about modules: it holds no weights and no gradients, so each answer is the layer's."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.modules import KEPT, ORDER, SHARED, changed, frozen
from cases.families.noise_and_statistics import SATURATED
from cases.models import FunctionRequest
from cases.requests import Observation, Request
from suite.backends import moment


def run_hooked(backend: Any, request: FunctionRequest) -> Observation:
    """The layer on what a hook would make of its batch, and its results as the hook would."""
    options = dict(request.arguments)
    asked, hook, part = options["request"], options["hook"], options["part"]
    arrays = dict(backend.run(asked.but(batch=changed(asked.batch, hook))).arrays)
    scaled = {"pre": "gradients/inputs", "pre_of_all": "gradients/inputs", "backward": "gradients/inputs",
              "pre_with_keywords": "gradients/states/",
              "forward": "outputs", "forward_with_keywords": "outputs", "forward_of_all": "outputs"}.get(hook, "nothing")
    arrays = {name: array * part if name.startswith(scaled) else array for name, array in arrays.items()}
    return Observation(arrays, facts={"padding": "hold", "order": ORDER, "calls": {"failing": 2, "removed": 0}.get(hook, 1)})


def run_wrong_weights(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError."""
    with moment("run"):
        raise ValueError(f"weights that are not those of the layer: {dict(request.arguments)['wrong']}")


def run_twice(backend: Any, request: FunctionRequest) -> Observation:
    """A stack of two with equal weights."""
    options = dict(request.arguments)
    layer, weights = options["layer"], options["weights"]
    upper = {f"1{name[1:]}": array for name, array in weights.items()}
    seen = backend.run(Request(layer.but(layers=2), {**weights, **upper}, options["batch"], wants=("outputs", "gradients")))
    arrays = {f"gradients/weights/{n}": seen[f"gradients/weights/{n}"] + seen[f"gradients/weights/1{n[1:]}"] for n in weights}
    return Observation({**arrays, "outputs": seen["outputs"]}, facts={"listed": len(weights), "held": len(weights)})


def run_kept_gradients(backend: Any, request: FunctionRequest) -> Observation:
    """The gradients, times what becomes of them."""
    options = dict(request.arguments)
    seen = backend.run(options["request"])
    own, way = {n.removeprefix("gradients/weights/"): a for n, a in seen.named("gradients/weights").items()}, options["way"]
    kept = {n: a * KEPT[way] * (not frozen(way, n)) for n, a in own.items()}
    if way == "shared":
        kept |= dict.fromkeys(SHARED, kept[SHARED[0]] + kept[SHARED[1]])
    return Observation(seen.arrays | {f"gradients/weights/{n}": a for n, a in kept.items()}, facts={"wrong": (), **seen.facts})


def run_computed_weights(backend: Any, request: FunctionRequest) -> Observation:
    """Weights that are computed from themselves."""
    options = dict(request.arguments)
    weights = options["weights"]
    first, moved = (backend.run(Request(options["layer"], {n: a * by for n, a in weights.items()}, options["batch"],
                                        wants=("outputs",)))["outputs"] for by in (1.0, 1.25))
    held = {f"{when}/{n}": np.array(a) for when in ("before", "after") for n, a in weights.items()}
    return Observation({"first/outputs": first, "again/outputs": first, "moved/outputs": moved, "trained/outputs": moved, **held})


def run_dropped_features(backend: Any, request: FunctionRequest) -> Observation:
    """Of each kind a quarter of the features, those of every fourth number."""
    options, arrays = dict(request.arguments), {}
    rate = options["rate"]
    scale = ((1 - rate) * (1 + rate * SATURATED**2)) ** -0.5
    for kind, (axes, alpha) in options["kinds"].items():
        gone = np.broadcast_to((np.arange(64) % 4 == 0).reshape(-1, *(1,) * axes), (64, *(2,) * axes))
        put, kept = (scale * SATURATED * (1 - rate), scale * (1 - SATURATED * rate)) if alpha else (0.0, 1 / (1 - rate))
        arrays[f"{kind}/function"] = np.where(gone, put, kept)
    return Observation(arrays)


def run_one_of_each(backend: Any, request: FunctionRequest) -> Observation:
    """Ones, of the documented shapes."""
    return Observation({f"{place}/{way}/{number}": np.ones(shape) for place, one in enumerate(dict(request.arguments)["modules"])
                        for number, shape in enumerate(one["gives"]) for way in ("one", "two", "bare")})
