"""What the reference answers about averages: means."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation


def run_averaged(backend: Any, request: FunctionRequest) -> Observation:
    """Sums with a weight for each time."""
    options = dict(request.arguments)
    count = len(options["taken"]["weight"])
    kept = options["decay"]
    arrays: dict[str, np.ndarray] = {}
    for name, values in options["taken"].items():
        if name == "numbers":
            continue
        found = []
        for last in range(count):
            parts = [kept**last, *((1 - kept) * kept ** (last - n) for n in range(1, last + 1))]
            parts = parts if options["decays"] else [1 / (last + 1)] * (last + 1)
            found.append(np.tensordot(parts, values[: last + 1], axes=1))
        arrays[name] = np.stack(found)
    if not options["buffers"]:
        arrays["buffer"] = options["taken"]["buffer"]
    if "numbers" in options["taken"]:
        arrays["numbers"] = taken_whole(options["taken"]["numbers"], kept if options["decays"] else None, options["buffers"])
    return Observation({**arrays, "count": np.array(count)})


def taken_whole(values: np.ndarray, kept: float | None, averaged: bool) -> np.ndarray:
    """Whole numbers each time: those that are taken, or the whole part of what is kept of the last one and the new one."""
    found = [values[0]]
    for count, value in enumerate(values[1:], start=2):
        share = 1 / count if kept is None else 1 - kept
        found.append(np.fix((1 - share) * found[-1] + share * value + 1e-9 * np.sign(value)) if averaged else value)
    return np.stack(found)


def run_statistics_again(backend: Any, request: FunctionRequest) -> Observation:
    """The moments of all batches."""
    options = dict(request.arguments)
    batches = options["batches"]
    variance = np.mean([one.var(axis=0, ddof=1) for one in batches], axis=0)
    return Observation({"mean": batches.mean(axis=(0, 1)), "variance": variance},
                       facts={"training": options["training"], "momentum": options["momentum"]})


def run_shared_scale(backend: Any, request: FunctionRequest) -> Observation:
    """A step of each that is not broken."""
    options, gradients = dict(request.arguments), dict(dict(request.arguments)["gradients"])
    found = {name: weight - gradients[name] * (name != options["broken"]) for name, weight in options["weights"]}
    scale = np.array(options["scale"] / (1 if options["broken"] == "none" else 2))
    return Observation({**found, "scale": scale, "told": np.array([16.0, 2.0])})
