"""From durations to a verdict and its record."""

from __future__ import annotations

import numpy as np

from cases.workloads import KERNELS, Timed
from reports.lines import Timing
from reports.statistics import Ratio, judge, paired_ratio
from suite.timing.messages import TimingResult

NO_TIMES = {
    "unsupported": "unsupported", "differ": "not comparable", "refused": "not comparable", "agreed": "inconclusive",
}
"""The verdict where there are no times."""


def self_pairs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of the same against itself, out of the rounds that are compared.

    In the order A B, B A, A B, … the ends of neighbouring pairs are the same kernel: B B, A A, B B, …. The earlier of
    the two is named first as often as second, for both kernels and along any drift: + + - -, four pairs at a time.
    """
    first, second = [], []
    for index in range((len(a) - 1) // 4 * 4 or len(a) - 1):
        source = b if index % 2 == 0 else a
        pair = source[index], source[index + 1]
        first.append(pair[index // 2 % 2])
        second.append(pair[1 - index // 2 % 2])
    return np.asarray(first), np.asarray(second)


def judged(subject: str, timed: Timed, result: TimingResult) -> Timing:
    """The record of one comparison.

    A verdict stands only where the measurement passes its own tests: the same against itself must not come out faster
    or slower, and the slowed one must not come out as fast. Otherwise it is `inconclusive`, and the note says why.
    """
    known = {
        "id": f"{subject}::{timed}", "subject": subject, "workload": timed.workload.name, "cell": timed.cell,
        "pass_": timed.passing, "a": KERNELS[0], "b": KERNELS[1],
        "kernel_ran_a": result.kernel_a, "kernel_ran_b": result.kernel_b,
    }
    notes = [result.reason] if result.reason else []
    if result.kernel_a and result.kernel_a == result.kernel_b:
        notes.append(f"{KERNELS[0]} kernel never ran: both ran {result.kernel_a}")
    difference = None if np.isnan(result.difference) else float(f"{result.difference:.3g}")
    if result.outcome != "timed":
        if result.outcome == "agreed":
            notes.append("both agree; not timed, because benchmarks are disabled")
        return Timing(**known, verdict=NO_TIMES[result.outcome], note="; ".join(notes), more={"difference": difference})
    ratio = paired_ratio(result.a, result.b)
    same = paired_ratio(*self_pairs(result.a, result.b))
    verdict, same_verdict = judge(ratio), judge(same)
    if same_verdict in ("faster", "slower"):
        verdict = "inconclusive"
        notes.append(f"the same against itself came out {same_verdict}: {words(same)}")
    test = {}
    if len(result.base):
        slower = paired_ratio(result.base, result.slowed)
        seen = judge(slower)
        test = {"slowed_by": result.slow, "slowed_seen": seen == "faster", "slowed_ratio": slower.ratio,
                "slowed_low": slower.low, "slowed_high": slower.high}
        if seen in ("equivalent", "slower"):
            verdict = "inconclusive"
            notes.append(f"a known slow-down of {result.slow:.0%} was not seen: {words(slower)}")
    if not result.steady:
        notes.append(f"times had not settled after {result.warmup} warm-up calls")
    return Timing(
        **known, verdict=verdict, ratio=ratio.ratio, low=ratio.low, high=ratio.high, rounds=ratio.rounds,
        seconds_a=float(np.median(result.a)), seconds_b=float(np.median(result.b)), self_ratio=same.ratio,
        note="; ".join(notes),
        more={
            "self_low": same.low, "self_high": same.high, "self_verdict": same_verdict,
            **test, "warmup": result.warmup, "steady": result.steady,
            "difference": difference, "clock": result.clock,
            "durations_a": [float(f"{s:.6g}") for s in result.a], "durations_b": [float(f"{s:.6g}") for s in result.b],
        },
    )


def words(ratio: Ratio) -> str:
    """`1.08 (1.06 to 1.10)`"""
    return f"{ratio.ratio:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
