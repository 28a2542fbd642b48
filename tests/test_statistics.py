"""Ratios of times and pass rates: the intervals hold the truth, and verdicts follow from them."""

import math
import random

import numpy as np
import pytest

from reports.statistics import judge, paired_ratio, verdict, wilson


def test_a_ratio_says_how_many_times_faster_a_is():
    found = paired_ratio([1.0, 2.0, 4.0, 1.0], [2.0, 4.0, 8.0, 2.0])
    assert found.ratio == pytest.approx(2.0) and found.rounds == 4
    assert judge(found) == "faster"
    assert judge(paired_ratio([2.0] * 4, [1.0] * 4)) == "slower"
    assert judge(paired_ratio([1.0] * 4, [1.0] * 4)) == "equivalent"


def test_steady_drift_cancels_in_abba_order():
    drift = [1.02**step for step in range(20)]
    a = [drift[2 * n + n % 2] for n in range(10)]
    b = [drift[2 * n + 1 - n % 2] for n in range(10)]
    assert paired_ratio(a, b).ratio == pytest.approx(1.0, abs=1e-12)
    assert paired_ratio(drift[::2], drift[1::2]).ratio == pytest.approx(1.02)


def test_the_last_pair_of_an_odd_number_is_left_out():
    assert paired_ratio([1.0, 1.0, 1.0], [2.0, 2.0, 9.0]) == paired_ratio([1.0, 1.0], [2.0, 2.0])


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    draw = np.random.default_rng(1)
    held = 0
    for _ in range(600):
        a, b = np.exp(draw.normal(0, 0.05, 12)), 1.3 * np.exp(draw.normal(0, 0.05, 12))
        found = paired_ratio(a, b)
        held += found.low <= 1.3 <= found.high
    assert 0.92 <= held / 600 <= 0.98


def test_equal_kernels_are_never_called_faster_and_a_slowed_one_always_is():
    draw = random.Random(2)
    noise = [[math.exp(draw.gauss(0, 0.03)) for _ in range(20)] for _ in range(400)]
    same = [judge(paired_ratio(a, b)) for a, b in zip(noise[::2], noise[1::2], strict=True)]
    slowed = [judge(paired_ratio(a, [1.2 * each for each in b])) for a, b in zip(noise[::2], noise[1::2], strict=True)]
    assert same.count("faster") + same.count("slower") == 0 and same.count("equivalent") > 190
    assert slowed.count("faster") == 200


def test_one_pair_says_nothing():
    found = paired_ratio([1.0], [3.0])
    assert (found.ratio, found.low, found.high) == (pytest.approx(3.0), 0.0, math.inf) and judge(
        found
    ) == "inconclusive"


@pytest.mark.parametrize(
    "a, b", [([], []), ([1.0], [1.0, 2.0]), ([0.0], [1.0]), ([1.0], [math.nan]), ([1.0], [math.inf])]
)
def test_what_is_no_pair_of_durations_is_refused(a, b):
    with pytest.raises(ValueError):
        paired_ratio(a, b)


@pytest.mark.parametrize(
    "low, high, said",
    [
        (1.06, 1.5, "faster"),
        (1.04, 1.5, "inconclusive"),
        (0.5, 0.9, "slower"),
        (0.96, 1.04, "equivalent"),
        (0.5, 2.0, "inconclusive"),
        (1.01, 1.03, "equivalent"),
    ],
)
def test_verdicts_of_intervals(low, high, said):
    assert verdict(low, high) == said


@pytest.mark.parametrize("low, high", [(2.0, 1.0), (math.nan, 1.0)])
def test_what_is_no_interval_is_refused(low, high):
    with pytest.raises(ValueError):
        verdict(low, high)


def test_wilson_agrees_with_scipy_and_with_the_ends():
    stats = pytest.importorskip("scipy.stats")
    for passed, total in ((3, 10), (0, 7), (7, 7), (990, 1000)):
        expected = stats.binomtest(passed, total).proportion_ci(method="wilson")
        assert wilson(passed, total) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError):
        wilson(2, 1)
