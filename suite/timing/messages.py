"""What is asked of a subject about time, and what comes back. Both travel between interpreters."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cases.requests import Execution, Request, wired

OUTCOMES = ("timed", "agreed", "differ", "unsupported", "refused")


@wired
@dataclass(frozen=True, eq=False)
class TimingRequest:
    """Time `request` executed as `a` and as `b`.

    backward      gradients are part of the call
    seconds       what the paired rounds may take; 0: see whether both agree, and do not time
    least, most   pairs, whatever `seconds` says
    slow          by what share the slowed `a` is slower, with which the measurement tests itself
    """

    request: Request
    a: Execution
    b: Execution
    backward: bool = False
    seconds: float = 1.0
    least: int = 6
    most: int = 60
    slow: float = 0.25


def nothing() -> np.ndarray:
    """No durations."""
    return np.empty(0)


@wired
@dataclass(frozen=True, eq=False)
class TimingResult:
    """What was measured.

    outcome      timed · agreed: not timed, as asked · differ: the two do not compute the same, so they are not timed ·
                 unsupported · refused: the framework raised an error
    reason       why there are no times, in a sentence
    kernel_a, kernel_b   what ran, in the framework's own words
    a, b         (pairs,) seconds of one call, in the order A B, B A, A B, …
    base, slowed (pairs,) seconds of `a` and of `a` made slower by `slow`, in the same order; empty where that was too dear
    warmup       calls of each before the first that counts; `steady`: whether they had settled by then
    difference   the largest difference between the two answers, as a share of what is allowed
    clock        what the seconds were read from
    """

    outcome: str
    reason: str = ""
    kernel_a: str = ""
    kernel_b: str = ""
    a: np.ndarray = field(default_factory=nothing)
    b: np.ndarray = field(default_factory=nothing)
    base: np.ndarray = field(default_factory=nothing)
    slowed: np.ndarray = field(default_factory=nothing)
    slow: float = 0.0
    warmup: int = 0
    steady: bool = False
    difference: float = float("nan")
    clock: str = ""

    def __post_init__(self):
        if self.outcome not in OUTCOMES:
            raise ValueError(f"outcome={self.outcome!r}: expected one of {', '.join(OUTCOMES)}")
