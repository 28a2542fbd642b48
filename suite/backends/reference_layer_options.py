"""What the reference answers about options of layers: what they say, without a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.options_of_layers import FEATURES, SEQUENCE, SHARED, comes
from cases.models import FunctionRequest
from cases.requests import Observation


def run_options_of_layers(backend: Any, request: FunctionRequest) -> Observation:
    """Each weight is one number, punished by its factor, bounded by its norm."""
    options, arrays = dict(request.arguments), {}
    for name, _, _, words in options["layers"]:
        loss = 0.0
        each = zip(words, options["filled"], options["factors"], options["most"], strict=False)
        for place, (word, filled, factor, most) in enumerate(each):
            loss += 0.0 if word.startswith("moving") else factor * filled**2
            arrays |= {f"{name}/{place}/weight": np.array(filled), f"{name}/{place}/punished": np.array(factor),
                       f"{name}/{place}/most": np.array(most)}
        plain = np.linspace(-1.0, 1.0, options["rows"])
        arrays |= {f"{name}/loss": np.array(loss), f"{name}/plain": plain, f"{name}/bent": plain / (1 + np.abs(plain))}
    return Observation(arrays, facts={
        "weights": tuple((name, one) for name, _, _, words in options["layers"] for one in words.values()),
        "dtypes": tuple((name, "bfloat16", "bfloat16") for name, *_ in options["layers"])})


def run_shared_draws(backend: Any, request: FunctionRequest) -> Observation:
    """Twice or nothing, drawn once for all axes that share it."""
    options = dict(request.arguments)
    found = {}
    for name, *_, row in options["layers"]:
        shape = (options["rows"], *row)
        draws = np.random.default_rng(3).random([1 if axis in SHARED[name][3] else n for axis, n in enumerate(shape)])
        found[name] = np.broadcast_to(2.0 * (draws < options["rate"]), shape)
    return Observation(found)


def run_windows_told(backend: Any, request: FunctionRequest) -> Observation:
    """What comes."""
    options, found = dict(request.arguments), {}
    for place, (kind, own) in enumerate(options["layers"]):
        steps, features = comes(kind, own)
        for how, time in (("came", steps), ("told", steps), ("open", -1)):
            found[f"{place}/{how}"] = np.array((options["rows"], features, time) if "data_format" in own else (
                options["rows"], time, features))
    return Observation(found)


def run_inputs_told(backend: Any, request: FunctionRequest) -> Observation:
    """What is told."""
    options = dict(request.arguments)
    inputs = ((one, *[((one[0], *SEQUENCE), one[1] or "float32", one[2])] * 2) for one in options["inputs"])
    own = ((how, rows, (rows, *SEQUENCE[:-1], 2 * FEATURES)) for how in options["own"] for rows in (None, options["rows"]))
    return Observation({}, facts={"inputs": tuple(inputs), "own": tuple(own)})


def run_series_held(backend: Any, request: FunctionRequest) -> Observation:
    """What is due."""
    options = dict(request.arguments)
    due = (True, (None, *SEQUENCE), (None, 3), 5, (None, 2))
    return Observation({}, facts={"series": tuple((begin, *due) for begin in options["begins"]),
                                  "twice": tuple((how, True) for how in options["twice"])})
