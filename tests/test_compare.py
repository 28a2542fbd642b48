"""What counts as a change between two runs, and what the gate lets pass."""

import math
from dataclasses import replace

import pytest
import synthetic_run
from synthetic_run import small, timing

from reports.compare import NoSubject, NothingInCommon, Side, compare, fails_newly, only, side, told
from reports.gate import gate
from reports.lines import VERDICTS
from reports.records import Run, read


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return synthetic_run.write(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def run(folder):
    return read(folder)


def against(base: Run, new: Run):
    return compare(Side("base", base), Side("new", new))


@pytest.mark.parametrize(
    "was, now, worse",
    [
        ("pass", "fail", True),
        ("pass", "known", True),
        ("fixed", "fail", True),
        ("pass", "crash", True),
        ("fail", "crash", True),
        ("known", "timeout", True),
        ("unsupported", "fail", True),
        ("unsupported", "known", False),
        ("known", "fail", False),
        ("fail", "known", False),
        ("fail", "pass", False),
        ("pass", "pass", False),
        ("pass", "unsupported", False),
        ("crash", "timeout", False),
    ],
)
def test_what_counts_as_newly_failing(was, now, worse):
    assert fails_newly(was, now) is worse
    assert bool(against(small(("a", was)), small(("a", now))).newly_failing) is worse


def test_every_common_check_is_counted_once():
    for was in VERDICTS:
        for now in VERDICTS:
            compared = against(small(("a", was)), small(("a", now)))
            told_ = len(compared.newly_failing) + len(compared.newly_passing) + len(compared.changed)
            assert told_ == (was != now)


def test_two_subjects_are_matched_by_what_was_checked():
    compared = against(small(("a", "pass"), ("b", "pass")), small(("a", "fail"), ("c", "pass"), subject="keras-jax"))
    assert [each.check for each in compared.newly_failing] == ["a"]
    assert compared.only_base == ("b",) and compared.only_new == ("c",) and compared.common == 1


def test_runs_of_several_subjects_keep_their_names(run):
    compared = against(run, run)
    assert compared.common == len(run.verdicts) and not compared.only_base
    assert compared.timed == len(run.timings) and not compared.times


def test_one_subject_against_another_of_the_same_run(folder):
    compared = compare(side(f"{folder}:torch"), side(f"{folder}:keras-torch"))
    assert compared.common == 445 and not compared.only_base and not compared.only_new


def test_an_alias_names_a_subject(run):
    described = tuple({**each, "alias": "old"} if each["name"] == "torch" else each for each in run.header.subjects)
    assert only(replace(run, header=replace(run.header, subjects=described)), "old").subjects == ("torch",)


def test_an_unknown_subject_is_named_with_those_there(folder):
    with pytest.raises(NoSubject, match="'flax'.*keras-jax"):
        side(f"{folder}:flax")


def test_runs_without_a_common_subject_are_not_matched_by_chance(run):
    with pytest.raises(NothingInCommon, match="RUN:SUBJECT"):
        against(run, small(("a", "pass"), subject="flax"))


@pytest.mark.parametrize(
    "before, after, said",
    [
        (1e-9, 2e-9, False),
        (1e-9, 2e-8, False),
        (1e-6, 2e-5, True),
        (2e-5, 1e-6, True),
        (1e-6, 5e-6, False),
        (0.0, 9e-7, True),
        (0.0, 1e-12, False),
        (None, None, False),
        (1e-6, math.nan, True),
        (math.nan, math.nan, False),
        (math.inf, math.inf, False),
    ],
)
def test_a_deviation_that_changed_much_is_told(before, after, said):
    runs = [small(("a", "fail"), deviation=value, allowed=1e-6) for value in (before, after)]
    assert bool(against(*runs).deviating) is said


def test_a_comparison_is_told_with_its_numbers():
    lines = told(against(small(("a", "pass"), ("b", "fail")), small(("a", "fail"), ("b", "pass"))))
    assert any(line.startswith("2 common checks: 1 newly failing, 1 newly passing") for line in lines)
    assert any("a: pass -> fail: a was fail" in line for line in lines)


@pytest.mark.parametrize(
    "base, new, status",
    [
        (small(("a", "pass")), small(("a", "pass")), 0),
        (small(("a", "pass")), small(("a", "fail")), 1),
        (small(("a", "pass")), small(("a", "known")), 1),
        (small(("a", "pass")), small(("a", "unsupported")), 1),
        (small(("a", "pass"), ("b", "pass")), small(("a", "pass")), 1),
        (small(("a", "fail")), small(("a", "fail")), 0),
        (small(("a", "fail")), small(("a", "pass"), ("b", "fail")), 0),
        (small(("a", "pass")), small(("a", "pass"), cut=True), 3),
        (small(("a", "pass"), cut=True), small(("a", "pass")), 3),
        (small(("a", "pass")), small(("a", "fail"), cut=True), 1),
        (small(("a", "pass")), small(("b", "pass")), 3),
        (small(("a", "unsupported")), small(("a", "unsupported")), 3),
        (small(), small(), 3),
    ],
)
def test_the_gate(base, new, status):
    judged = gate(against(base, new))
    assert judged.status == status and judged.reasons


def test_the_gate_may_be_told_to_judge_common_checks_only():
    compared = against(small(("a", "pass"), ("b", "pass")), small(("a", "pass")))
    assert gate(compared, only_common=True).status == 0 and gate(compared, only_common=True).notes


@pytest.mark.parametrize(
    "before, after, status",
    [
        (timing(3.0, 1.0), timing(1.5, 2.0), 1),  # the fused kernel got slower
        (timing(3.0, 1.0), timing(1.5, 1.0), 0),  # the generic one got faster
        (timing(3.0, 1.0), timing(2.9, 2.0), 0),  # within the interval and the margin
        (timing(3.0, 1.0), timing(6.0, 1.0), 0),
        (timing(3.0, 1.0, spread=2.0), timing(1.6, 2.0), 0),
    ],
)
def test_the_gate_on_times(before, after, status):
    compared = against(small(("a", "pass"), timings=[before]), small(("a", "pass"), timings=[after]))
    assert gate(compared).status == status


def test_times_of_two_machines_decide_nothing():
    compared = against(
        small(("a", "pass"), timings=[timing(3.0)], machine={"cores": 2}),
        small(("a", "pass"), timings=[timing(1.5, 9.0)], machine={"cores": 8}),
    )
    assert gate(compared).status == 0 and gate(compared).notes
