"""What the reference answers about matrices that are computed: what they are named for, by plain linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.computed_weights import TIMES, lengthened
from cases.models import FunctionRequest
from cases.requests import Observation, Request


def run_computed_as(backend: Any, request: FunctionRequest) -> Observation:
    """Each matrix as its name says."""
    options = dict(request.arguments)
    way, then, used = options["way"], options["then"], dict(options["weights"])
    times = TIMES.get(way, {}).get(then, 1.0)
    names = [name for name in used if name.endswith("kernel")]
    for name in names:
        array = np.float32(used[name]).astype("float64")
        if way.startswith("orthogonal"):
            left, _, right = np.linalg.svd(array, full_matrices=False)
            used[name] = left @ right
        elif way.startswith("spectral"):
            used[name] = array / np.linalg.norm(array, 2)
        elif way == "pruned":
            used[name] = array.copy()
            used[name].ravel()[np.argsort(np.abs(array).ravel())[:round(array.size / 4)]] = 0.0
        else:
            used[name] = lengthened(array, way) if way.startswith("normed") else array * times
    used |= {name: -used[name] for name in names if then == "set"}
    seen = backend.run(Request(options["layer"], used, options["batch"], wants=("outputs",)))
    arrays = {f"matrices/{n}": used[n] for n in names} | {f"used/{n}": a for n, a in used.items()}
    arrays |= {f"set/{n}": used[n] for n in names if then == "set"}
    arrays |= {f"{where}/{n}": used[n] for where in ("before", "source") for n in names if then == "moved"}
    arrays |= {f"given/{n}": np.float32(options["weights"][n]) for n in names}
    computed = 0 if then in ("left", "taken_back") else len(names)
    facts = {"computed": computed, "once": True, "padding": "hold", "frozen": []}
    return Observation({**arrays, "outputs": seen["outputs"]}, facts=facts)


def run_as_vector(backend: Any, request: FunctionRequest) -> Observation:
    """One array after the other."""
    options = dict(request.arguments)
    vector = np.concatenate([array.ravel() for array in options["others"].values()])
    seen = backend.run(Request(options["layer"], options["weights"], options["batch"], wants=("outputs",)))
    return Observation({"outputs": seen["outputs"], "vector": vector, "due": vector, "slopes": 1.0 + np.arange(len(vector))},
                       facts={"padding": "hold"})


def run_frozen_matrix(backend: Any, request: FunctionRequest) -> Observation:
    """It stays frozen."""
    return Observation({"own": np.zeros(1), "others": np.ones(1)}, facts={"name": "matrix"})
