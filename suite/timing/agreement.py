"""Whether two executions compute the same: asked before they are timed, at the size that is timed.

The float64 reference is not at hand here, and too slow at this size, so the framework itself says how far apart two
right answers may be. Execution `b` is asked twice, once with every input and weight moved at random by up to `MOVE`
units of roundoff. How far its answers move is the condition of the problem times a known error. Two right answers
differ by a few units of roundoff in every operation; `FACTOR` times that move is allowed. Together that is the effect
of an error of 2^8 units of roundoff in the data, while a product in TF32 or float16 makes one of 2^13 everywhere.

An error that both executions share is not seen here: that is what the invariants are for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cases.requests import Execution, Observation, Refusal, Request, Unsupported

FACTOR = 16.0
MOVE = 16.0
ROUNDOFF: Mapping[str, float] = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}


@dataclass(frozen=True)
class Agreement:
    """`problem` is empty where both agree; `outcome` says what kind of problem (see `TimingResult`)."""

    outcome: str
    problem: str = ""
    kernel_a: str = ""
    kernel_b: str = ""
    difference: float = float("nan")


def agreement(backend: Any, request: Request, a: Execution, b: Execution) -> Agreement:
    """Ask `request` executed both ways and compare outputs at valid steps and every gradient."""
    found: list[Observation] = []
    for asked in (request.but(execution=a), request.but(execution=b), moved(request).but(execution=b)):
        answer = backend.observe(asked)
        kernel = asked.execution.kernel
        if isinstance(answer, Unsupported):
            return Agreement("unsupported", f"{kernel}: {answer.reason}")
        if isinstance(answer, Refusal):
            return Agreement("refused", f"{kernel} raised {answer.error} at {answer.moment}: {answer.message[:300]}")
        found.append(answer)
    first, second, third = found
    ran = {"kernel_a": first.kernel, "kernel_b": second.kernel}
    names = [n for n in second.arrays if n.startswith(("outputs", "gradients"))]
    if missing := [n for n in names if n not in first.arrays] if names else ["outputs"]:
        return Agreement("differ", f"nothing to compare: {', '.join(missing)} did not come back from both", **ran)
    shares, problems = [], []
    for name in names:
        answers = [at_valid(name, each[name], request) for each in (first, second, third)]
        share, problem = compare(name, *answers, dtype=request.layer.dtype)
        shares.append(share)
        problems += [problem] if problem else []
    outcome = "differ" if problems else "agreed"
    return Agreement(outcome, "; ".join(problems[:2]), **ran, difference=float(np.max(shares)))


def compare(name: str, first: np.ndarray, second: np.ndarray, shifted: np.ndarray, dtype: str) -> tuple[float, str]:
    """The largest difference as a share of what is allowed, and a sentence where it is too large. NaN never agrees."""
    if first.shape != second.shape:
        return float("inf"), f"{name}: shapes {first.shape} and {second.shape}"
    if not first.size:
        return 0.0, ""
    one, other, third = (np.asarray(each, np.float64) for each in (first, second, shifted))
    difference = float(np.max(np.abs(one - other)))
    allowed = FACTOR * float(np.max(np.abs(third - other))) + MOVE * ROUNDOFF[dtype] * float(np.max(np.abs(other)))
    if difference <= allowed:
        return (difference / allowed if allowed else 0.0), ""
    told = f"{name}: differs by up to {difference:.2g}, allowed {allowed:.2g}"
    return difference / allowed if allowed else float("inf"), told


def at_valid(name: str, array: np.ndarray, request: Request) -> np.ndarray:
    """Outputs at valid steps alone: what stands at masked ones is a convention."""
    if name.startswith("outputs") and array.ndim == 3:
        return array[request.batch.valid]
    return array


def moved(request: Request) -> Request:
    """The request with every input and weight moved by a random share, at most `MOVE` units of roundoff."""
    random = np.random.default_rng(0)
    size = MOVE * ROUNDOFF[request.layer.dtype]

    def shift(array: np.ndarray) -> np.ndarray:
        return array * (1 + size * random.uniform(-1, 1, array.shape))

    weights = {name: shift(array) for name, array in request.weights.items()}
    return request.but(weights=weights, batch=request.batch.but(inputs=shift(request.batch.inputs)))
