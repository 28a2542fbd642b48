"""What the reference answers about parts of models: refused calls, frozen parts, other kinds of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.normalizations import normalized
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


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


def run_meant(backend: Any, request: FunctionRequest) -> Observation:
    """A mean of nothing is zero."""
    options = dict(request.arguments)
    there = options["mask"][:, :, None]
    return Observation({"outputs": (options["inputs"] * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)})


def run_made_with_weights(backend: Any, request: FunctionRequest) -> Observation:
    """The array itself."""
    return Observation({"given/0": np.ones(3), "found/0": np.ones(3)})


def run_dropped_all(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is left."""
    outputs = np.ones((2, 2))
    return Observation({"outputs": outputs, "due": outputs})


def run_bags(backend: Any, request: FunctionRequest) -> Observation:
    """One bag after the other."""
    options, begin, outputs = dict(request.arguments), 0, []
    for count in options["counts"]:
        vectors = options["table"][options["ids"][begin : begin + count]]
        outputs.append(getattr(vectors, options["mode"])(axis=0) if count else np.zeros(options["table"].shape[1]))
        begin += count
    return Observation({"outputs": np.stack(outputs)})


def run_wrong_bags(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError."""
    with moment("run"):
        raise ValueError(f"bags begin at {dict(request.arguments)['begins']}")


def run_padded_with(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError where the dtype cannot hold the number."""
    options = dict(request.arguments)
    number, given = options["number"], options["sequences"]
    with moment("run"):
        if not np.isclose(float(np.array(number).astype(given[0].dtype)), number):
            raise ValueError(f"{number} is no {given[0].dtype}")
    padded = np.full((len(given), max(map(len, given))), number)
    for row, one in enumerate(given):
        padded[row, : len(one)] = one
    return Observation({"padded": padded})


def run_sparse_step(backend: Any, request: FunctionRequest) -> Observation:
    """One and the same thing."""
    table = dict(request.arguments)["table"] / 2
    return Observation({"table": table, "kernel": table})


def run_told_dtypes(backend: Any, request: FunctionRequest) -> Observation:
    """What is told."""
    return Observation({"outputs": np.ones(())}, facts={"dtypes": (("float32", "float32"),)})


def run_kept_mode(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers that are drawn in training, and are not in inference."""
    drawn = dict(request.arguments)["asked"].startswith("training")
    return Observation({"first": np.ones(2), "second": np.full(2, 2.0 if drawn else 1.0), "alone": np.ones(2)})
