"""What the reference answers about parts of models: refused calls, frozen parts, other kinds of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.normalizations import normalized
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Observation


def run_refused_call(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is kept of a call."""
    outputs = dict(request.arguments)["inputs"].sum(axis=1)
    return Observation({"before": outputs, "after": outputs, "trained": outputs}, facts={"taken": False})


def run_frozen_part(backend: Any, request: FunctionRequest) -> Observation:
    """One weight stays, another moves."""
    return Observation({"before/frozen/0": np.ones(3), "after/frozen/0": np.ones(3),
                        "before/moving/1": np.ones(2), "after/moving/1": np.zeros(2)})


def run_numbers_as(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers are numbers."""
    outputs = dict(request.arguments)["inputs"].astype("float64").sum(axis=1)
    return Observation({"outputs": outputs, "due": outputs, "trained": outputs})


def run_class_weights(backend: Any, request: FunctionRequest) -> Observation:
    """The mean of the weighted cross-entropies."""
    options = dict(request.arguments)
    weights, classes = np.array(options["weights"]), options["classes"]
    shares = np.exp(options["inputs"].sum(axis=2, keepdims=True) * np.linspace(-1.0, 1.0, len(weights)))
    shares /= shares.sum(axis=2, keepdims=True)
    rows, steps = np.indices(classes.shape)
    return Observation({"shares": shares, "loss": np.mean(-np.log(shares[rows, steps, classes]) * weights[classes])})


def run_normalized(backend: Any, request: FunctionRequest) -> Observation:
    """The equation."""
    options = dict(request.arguments)
    return Observation({"outputs": normalized(options["kind"], options["inputs"], options["axes"], options["scale"])})


def run_kept_mask(backend: Any, request: FunctionRequest) -> Observation:
    """The valid ids are summed."""
    ids = dict(request.arguments)["ids"]
    outputs = ids.sum(axis=1, keepdims=True).astype("float64")
    return Observation({"outputs": outputs, "due": outputs, "mask": ids != 0})


def run_both_ways(backend: Any, request: FunctionRequest) -> Observation:
    """One table."""
    options = dict(request.arguments)
    table = generator("a table").normal(size=options["sizes"])
    return Observation({"vectors": table, "scores": options["given"] @ table.T})
