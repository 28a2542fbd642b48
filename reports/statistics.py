"""Intervals: how far a pass rate and a ratio of times may be trusted.

Times are compared in pairs, because what disturbs a shared machine (other work, heat, clock speed) disturbs both
members of a pair measured side by side. A ratio of times is skewed, its logarithm is not; so every mean
here is a mean of logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

MARGIN = 0.05
"""Two times closer than this (as a share) count as the same."""


@dataclass(frozen=True)
class Ratio:
    """How many times longer `b` takes than `a`, so: how many times faster `a` is; with its interval."""

    ratio: float
    low: float
    high: float
    rounds: int


def paired_ratio(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Ratio:
    """The geometric mean of b/a over pairs of durations (seconds), with a Student t interval on the log ratios.

    `a[i]` and `b[i]` were measured next to each other. In A B B A order the pairs are (A, B), (B, A), (A, B), …: which
    of the two came first alternates, so that a drift of the machine that is steady over two neighbouring pairs cancels
    in their mean. The last pair of an odd number is left out, because nothing cancels its drift; the interval comes
    from the single pairs, which a drift can only widen. `rounds` is the number of pairs used.

    A single pair has no spread: its interval is (0, inf). Raises ValueError for sequences of different length, for
    no pair, and for a duration that is not positive and finite.

    Source: the interval of a mean of unknown variance (Student, "The probable error of a mean", Biometrika 6, 1908).
    """
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"durations come in pairs: {first.shape} of a, {second.shape} of b")
    if not first.size:
        raise ValueError("no pair of durations: nothing to compare")
    both = np.concatenate([first, second])
    if not (np.isfinite(both).all() and (both > 0).all()):
        raise ValueError(f"a duration must be positive and finite, found {both[~(np.isfinite(both) & (both > 0))][0]}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence}: must be between 0 and 1")
    logs = np.log(second) - np.log(first)
    if logs.size > 1:
        logs = logs[: logs.size // 2 * 2]
    mean, rounds = float(logs.mean()), int(logs.size)
    if rounds < 2:
        return Ratio(math.exp(mean), 0.0, math.inf, rounds)
    half = float(stdtrit(rounds - 1, 0.5 + confidence / 2) * logs.std(ddof=1) / math.sqrt(rounds))
    return Ratio(math.exp(mean), math.exp(mean - half), math.exp(mean + half), rounds)


def verdict(low: float, high: float, margin: float = MARGIN) -> str:
    """What an interval of b/a says about a: `faster`, `slower`, `equivalent` or `inconclusive`.

    Faster: the whole interval lies above 1 + margin. Slower: below 1 / (1 + margin). Equivalent: between the two.
    Anything else is inconclusive: more rounds are needed. So each of the first three is a statement that holds with the
    confidence of the interval, and noise alone does not make one. Raises ValueError for an interval upside down or NaN.
    """
    if not 0 <= low <= high:
        raise ValueError(f"no interval: low={low}, high={high}")
    upper, lower = 1 + margin, 1 / (1 + margin)
    if low > upper:
        return "faster"
    if high < lower:
        return "slower"
    return "equivalent" if lower <= low and high <= upper else "inconclusive"


def judge(ratio: Ratio, margin: float = MARGIN) -> str:
    """`verdict` of a measured ratio."""
    return verdict(ratio.low, ratio.high, margin)


def wilson(passed: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval (low, high) of a pass rate; (0, 1) where nothing was tried.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    if not 0 <= passed <= total:
        raise ValueError(f"{passed} passed of {total}: not a share")
    if not total:
        return 0.0, 1.0
    z = float(ndtri(0.5 + confidence / 2))
    share, square = passed / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = z * math.sqrt(share * (1 - share) / total + square / (4 * total * total)) / (1 + square / total)
    return max(0.0, middle - half), min(1.0, middle + half)
