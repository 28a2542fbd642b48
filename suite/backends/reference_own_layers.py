"""What layers of a user's own are told, in whole answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.own_layers import ROWS, lengths
from cases.families.told_dtypes import PATHS
from cases.models import FunctionRequest
from cases.requests import Observation


def run_own_shapes(backend: Any, request: FunctionRequest) -> Observation:
    """The shapes of the call, and of any number of rows."""
    (shapes,) = dict(request.arguments).values()
    found = {f"{how}{again}/{name}": lengths(shape, rows) for how, rows in (("called", ROWS), ("model", None))
             for again in ("", ", again") for name, shape in shapes}
    return Observation(found | {"alone": lengths(dict(shapes)["keys_shape"], ROWS)})


def run_own_configurations(backend: Any, request: FunctionRequest) -> Observation:
    """All that it was made with."""
    (made_with,) = dict(request.arguments).values()
    return Observation({"config": np.array(made_with[:2]), "again": np.array(made_with)})


def run_arguments(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers with a fraction are cast where they are to be."""
    options = dict(request.arguments)
    return Observation({}, facts={"came": tuple(
        (policy, way, kind, policy.removeprefix("mixed_") if casts and kind == "float32" else kind)
        for policy, casts in options["policies"] for way in options["ways"] for kind in options["kinds"])})


def run_built(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is taken."""
    return Observation({}, facts={"taken": (), "weights": tuple((name, 2, 2) for name in dict(request.arguments)["layers"])})


def run_refused_makings(backend: Any, request: FunctionRequest) -> Observation:
    """All of them."""
    return Observation({}, facts={"made": (), "failed": ()})


def run_refused_tries(backend: Any, request: FunctionRequest) -> Observation:
    """All of them."""
    return Observation({}, facts={"told": tuple((what, True) for what in dict(request.arguments)["tried"])})


def run_specified(backend: Any, request: FunctionRequest) -> Observation:
    """What fits is taken, and nothing else."""
    return Observation({}, facts={"told": tuple((n, way, True, False) for n in range(len(dict(request.arguments)["specs"]))
                                                for way in ("called", "second"))})


def run_policies_by_path(backend: Any, request: FunctionRequest) -> Observation:
    """As they are due."""
    return Observation({"places": np.array([PATHS[path] for path in dict(request.arguments)["paths"]])})
