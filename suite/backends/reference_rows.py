"""What the reference answers of rows that are given in many ways, and of modules that are called in every mode."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.crossed_packing import due
from cases.models import FunctionRequest
from cases.requests import Observation, Request
from suite.backends.reference_answers import run_chain

KINDS = ("outputs", "states", "gradients/inputs", "gradients/states", "gradients/weights")


def run_rows_in_every_way(backend: Any, request: FunctionRequest) -> Observation:
    """Rows have one way in: each way has the same answer."""
    arrays: dict[str, np.ndarray] = {}
    for place, (one, _, ways) in enumerate(dict(request.arguments)["each"]):
        seen = backend.run(one) if isinstance(one, Request) else run_chain(backend, one)
        named = {kind: np.concatenate([np.ravel(array) for array in found.values()])
                 for kind in KINDS if (found := seen.named(kind))}
        arrays |= {f"{place}/{way}/{kind}": array for way in ways for kind, array in named.items()}
    return Observation(arrays)


def run_called_in_every_mode(backend: Any, request: FunctionRequest) -> Observation:
    """What was given."""
    options = dict(request.arguments)
    return Observation({f"{place}/{way}/{name}": np.asarray(options["given"][name], "float64") for place, (*_, given, ways) in
                        enumerate(options["kinds"]) for way in ways for name in given}, facts={"drew": (), "changed": ()})


def run_crossed(backend: Any, request: FunctionRequest) -> Observation:
    """The reference has one way: what came and what is due are numbers that were given."""
    options = dict(request.arguments)
    return Observation({f"{place}/{side}/outputs": options["numbers"]["float32"][place : place + 8]
                        for place in range(len(options["rows"])) for side in ("came", "due")}, facts={"odd": ()})


def run_crossed_packing(backend: Any, request: FunctionRequest) -> Observation:
    """What is due."""
    rows = dict(request.arguments)["rows"]
    return Observation({f"{place}/{name}": array for place, row in enumerate(rows) for name, array in due(row).items()},
                       facts={"odd": ()})
