"""The measurement, inside the subject's interpreter.

    1  both executions are asked, and their answers compared; what does not agree is not timed. This, and building what is
       timed, may be done ahead (`prepare`), while others run
    2  both are called in turn until their times settle: compiling, allocating and caching are not what is measured
    3  they are timed in pairs, A B, B A, A B, …: what drifts falls on both, and each comes first as often as the other.
       How many pairs is settled before the first: stopping when the numbers please would make them say so too often
    4  A is timed in the same way against A made slower by a known share, where that does not take longer than what it
       tests: who does not see that sees nothing

Garbage is collected before, and not meanwhile.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from cases.requests import digest
from suite.backends import Moment
from suite.timing.agreement import Agreement, agreement
from suite.timing.clocks import Clock, Step, clock_of
from suite.timing.messages import TimingRequest, TimingResult

SETTLED = 0.05
"""Two medians closer than this share are the same: the calls have settled."""
WARMUP_SHARE, WARMUP_BLOCKS = 0.5, 40
"""The warm-up ends at this share of the time for the rounds, or after so many blocks, settled or not. While each block
is still faster than the one before, it has up to four times as long."""

SAME_SHARE, SAME_LEAST = 0.25, 2
"""Where both ran the same kernel there is nothing to choose between: they are timed in this share of the time, and for no more
pairs than these where it is up."""
TEST_SHARE = 2.0
"""The slowed one is timed where that takes no more than this share of the time for the rounds."""


@dataclass(frozen=True)
class Ready:
    """What is ready to be timed: whether both agree, and a step of each; or, in `problem`, why there is nothing to time."""

    agreed: Agreement
    steps: tuple[Step, ...] = ()
    problem: TimingResult | None = None


PREPARED: WeakKeyDictionary[Any, dict[str, Ready]] = WeakKeyDictionary()
"""Backend -> what was prepared for it, by the digest of what is asked."""


def prepare(backend: Any, asked: TimingRequest) -> None:
    """Do now what `measure`, asked the same of this backend, would do before it times."""
    PREPARED.setdefault(backend, {})[digest(asked)] = ready(backend, asked)


def ready(backend: Any, asked: TimingRequest) -> Ready:
    """Compare the two executions, and build a step of each. The framework's errors become a result, ours propagate."""
    agreed = agreement(backend, asked.request, asked.a, asked.b)
    ran = {"kernel_a": agreed.kernel_a, "kernel_b": agreed.kernel_b, "difference": agreed.difference}
    if agreed.problem or asked.seconds <= 0:
        return Ready(agreed, problem=TimingResult(agreed.outcome, agreed.problem, **ran))
    try:
        return Ready(agreed, tuple(
            backend.stepper(asked.request.but(execution=execution), asked.backward) for execution in (asked.a, asked.b)
        ))
    except NotImplementedError as reason:
        return Ready(agreed, problem=TimingResult("unsupported", str(reason), **ran))
    except Moment as problem:
        told = f"{type(problem.error).__name__} at {problem.moment}: {problem}"[:400]
        return Ready(agreed, problem=TimingResult("refused", told, **ran))


def measure(backend: Any, asked: TimingRequest) -> TimingResult:
    """Time two executions of one request against each other, which may have been prepared. The framework's errors become a
    result, ours propagate."""
    found = PREPARED.get(backend, {}).pop(digest(asked), None) or ready(backend, asked)
    if found.problem is not None:
        return found.problem
    step_a, step_b = found.steps
    clock = clock_of(backend)
    alike = found.agreed.kernel_a == found.agreed.kernel_b
    seconds, least = (asked.seconds * SAME_SHARE, SAME_LEAST) if alike else (asked.seconds, asked.least)
    with undisturbed():
        typical, calls, steady = warm_up(clock, step_a, step_b, seconds, least=1 if alike else 2)
        pairs = how_many(seconds, sum(typical), least, asked.most)
        a, b, kernels = interleaved(clock, step_a, step_b, pairs)
        again = how_many(seconds / 3, both := typical[0] * (2 + asked.slow), min(4, least), asked.most)
        tried = again * both <= TEST_SHARE * seconds
        base, slower, _ = interleaved(clock, step_a, slowed(clock, step_a, asked.slow), again if tried else 0)
    return TimingResult(
        "timed", "", *kernels, a, b, base, slower, asked.slow, calls, steady, found.agreed.difference, clock.name
    )


def interleaved(clock: Clock, step_a: Step, step_b: Step, pairs: int) -> tuple[np.ndarray, np.ndarray, tuple[str, str]]:
    """(pairs,) seconds of each, measured A B, B A, A B, …, and the kernels that ran last."""
    a, b, kernels = np.empty(pairs), np.empty(pairs), ["", ""]
    for pair in range(pairs):
        for which in (0, 1) if pair % 2 == 0 else (1, 0):
            seconds, kernels[which] = clock.time((step_a, step_b)[which])
            (a, b)[which][pair] = seconds
    return a, b, (kernels[0], kernels[1])


def warm_up(
    clock: Clock, step_a: Step, step_b: Step, seconds: float, least: int = 2
) -> tuple[tuple[float, float], int, bool]:
    """Call both in turn, in blocks, until the median of a block is that of the block before, for both; `least` blocks, however
    long they take.

    The typical seconds of each, how many calls of each were made, and whether they settled before the bound.
    """
    spent, calls, size, last = 0.0, 0, 1, None
    for block in range(WARMUP_BLOCKS):
        times = [(clock.time(step_a)[0], clock.time(step_b)[0]) for _ in range(size)]
        calls, spent = calls + size, spent + sum(map(sum, times))
        here = median(a for a, _ in times), median(b for _, b in times)
        if last and all(abs(x - y) <= SETTLED * min(x, y) for x, y in zip(here, last, strict=True)):
            return here, calls, True
        falling = bool(last) and any(y - x > SETTLED * x for x, y in zip(here, last, strict=True))
        if block + 1 >= least and spent > WARMUP_SHARE * seconds * (4 if falling else 1):
            return here, calls, False
        last, size = here, max(1, min(5, int(0.02 * seconds / max(sum(here), 1e-9))))
    return here, calls, False


def how_many(seconds: float, each: float, least: int, most: int) -> int:
    """How many pairs of `each` seconds fit, an even number between `least` and `most`."""
    fit = int(seconds / max(each, 1e-9))
    return max(2, min(max(fit, least), most) // 2 * 2)


def slowed(clock: Clock, step: Step, share: float) -> Step:
    """`step`, followed by a wait of `share` of the time that it took."""

    def slower() -> str:
        seconds, kernel = clock.time(step)
        clock.wait(share * seconds)
        return kernel

    return slower


@contextmanager
def undisturbed() -> Iterator[None]:
    """Collect garbage now, and not inside."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
