"""What the reference answers about containers: a container is a list of numbers, and a state a dictionary."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.containers import CHANGES, FIRST, KINDS, WRITTEN, of_that_width
from cases.models import FunctionRequest
from cases.requests import Observation, Request


def run_contained(backend: Any, request: FunctionRequest) -> Observation:
    """The stack of what a list holds."""
    options = dict(request.arguments)
    layer, weights = options["layer"], options["weights"]
    held = CHANGES[options["change"]](list(range(FIRST)))
    given = {f"{place}/{n.partition('/')[2]}": a for place, number in enumerate(held) for n, a in weights[number].items()}
    seen = backend.run(Request(layer.but(layers=len(held)), given, options["batch"], wants=("outputs",)))
    return Observation(seen.arrays, facts={
        "held": tuple(held), "listed": len(set(held)) * len(weights[0]), "each": len(weights[0]), "padding": "hold"})


def run_loaded_in_part(backend: Any, request: FunctionRequest) -> Observation:
    """One dictionary updated by another."""
    options = dict(request.arguments)
    before, given = options["weights"], options["others"]
    gone = {"none": [], "weight": list(before)[:1], "layer": list(before)}[options["missing"]]
    new = [] if options["unknown"] == "none" else ["7"]
    after = {**before, **{n: a for n, a in given.items() if n not in gone}}
    every = {"before": before, "given": given, "after": after}
    arrays = {f"{when}/{n}": a for when, each in every.items() for n, a in each.items()}
    told = {"missing": gone, "unknown": new, "asked": [], "heard_of": [*gone, *new], "trained": (), "dtypes": True}
    return Observation(arrays, facts={**told, **{f"due_{n}": one for n, one in told.items()}})


def run_kept_states(backend: Any, request: FunctionRequest) -> Observation:
    """Names, and what is to be said of them."""
    options = dict(request.arguments)
    before = "first." if options["way"] == "under_a_prefix" else ""
    kind = {"none": "float32", "half": "float16", "bfloat16": "bfloat16"}.get(options["cast"], "float64")
    parameters = tuple(options["weights"])
    dtypes = {**{before + n: kind for n in (*parameters, "scale", "share")}, f"{before}count": "int64"}
    history = tuple(before + n for n in parameters) if options["way"] == "with_history" else ()
    return Observation({"count": np.array(2**40 + 1)}, facts={
        "names": tuple(dtypes), "parameters": (*parameters, ), "with_history": history, "dtypes": tuple(dtypes.items()),
        "heard": (("before", before, bool(history)), ("after", before, True)), "bare": parameters, "due_bare": parameters})


def run_told_parts(backend: Any, request: FunctionRequest) -> Observation:
    """A tree of three."""
    lower = ["left", "left.inner"] + ([] if dict(request.arguments)["shared"] else ["right"])
    return Observation({"sizes": np.ones(1)}, facts={
        "modules": ("", *lower), "applied": (*[n for n in ("left.inner", "left", "right") if n in lower], ""),
        "children": ("left", "right"), "own": ("scale", "shift"), "own_buffers": ("count",),
        "by_name": ("left", "left.inner", "right", "scale", "left.inner.bias_hh_l0", "count", "put in place"),
        "refused": ("module", "parameter", "buffer"), "in_training": (0, 0, 0),
        "written": WRITTEN})


def run_waiting(backend: Any, request: FunctionRequest) -> Observation:
    """The equation, in double precision."""
    given = dict(request.arguments)
    inputs = given["inputs"]
    return Observation({"outputs": of_that_width(given["kind"], inputs, given["weights"])}, facts={
        "kind": KINDS[given["kind"]], "width": inputs.shape[2], "waiting": (),
        "dtype": "float64" if given["way"] == "cast" else "float32"})
