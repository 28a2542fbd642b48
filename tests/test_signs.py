"""What a failing check shows is told in words that hold for other numbers, and what a known finding hides is told too."""

from __future__ import annotations

import numpy as np
import pytest

from cases.batches import BatchPlan
from cases.families.base import equal
from cases.invariants.base import alike
from cases.layers import Layer, draw_weights
from cases.requests import Deviation, Observation, Request
from cases.tolerance import compare
from suite.ledger import Known, consult, told_first
from suite.signs import Sign, explained, sign, signs
from suite.subjects.interpreter import LAST_WORDS
from suite.verdicts import Outcome, judge
from tests.test_ledger import entry, session
from tests.test_verdicts import Asked, deviations

NAN = float("nan")
ONE = np.ones(3)


@pytest.mark.parametrize(
    "found, shown",
    [
        (compare("outputs", ONE, 2 * ONE, 0.1), "outputs: differs"),
        (compare("outputs", 1e30 * ONE, 2 * ONE, 0.1), "outputs: differs"),
        (compare("gradients/inputs", NAN * ONE, ONE, 0.1), "gradients/inputs: not finite"),
        (compare("outputs", np.array([1.0, -np.inf]), np.ones(2), 0.1), "outputs: not finite"),
        (compare("outputs", np.ones((2, 3)), ONE, 0.1), "outputs: shape"),
        (compare("states/0/forward/h (alone)", ONE, 2 * ONE, 0.1), "states/0/forward/h: differs"),
        (equal("carried", True, False), "carried: differs"),
        ([Deviation("loss", "loss (again): off by 1, allowed 0.1")], "loss: differs"),
        (equal("value", np.array([NAN]), np.ones(1), "made again"), "value: not finite"),
        (equal("value", np.ones(2), np.ones(3)), "value: shape"),
        ([Deviation("mask[batch 0, time 1]", "mask[batch 0, time 1]: found True, expected False")], "mask: differs"),
        ([Deviation("mask", "the result carries no mask")], "mask: the result carries no mask"),
        ([Deviation("dtype", "dtype: float16, float32 is due")], "dtype: float16, float32 is due"),
        ([Deviation("error", "raised ValueError at run: no")], "error: raised ValueError at run: no"),
    ],
)
def test_a_sign_says_which_number_and_what_is_wrong_with_it(found, shown):
    assert [sign(each).words[0] for each in found] == [shown]


def test_what_did_not_come_is_missing():
    layer = Layer("gru", 3, 2)
    asked = Request(layer, draw_weights(layer), BatchPlan(2, 3).draw(layer))
    both, one = Observation({"outputs": ONE, "mask": ONE}), Observation({"outputs": ONE})
    assert [sign(each).words[0] for each in alike(both, one, asked, "outputs", "mask")] == ["mask: missing"]


def test_a_process_that_died_shows_that():
    assert [shown.words[0] for shown, _ in signs(Outcome("crash", "killed by SIGSEGV"))] == ["crash: killed by SIGSEGV"]


def test_what_was_compared_is_told_too():
    found = [*equal("value", 1, 2, "made again"), *compare("outputs (alone)", ONE, 2 * ONE, 0.1), *equal("value", 1, 2)]
    assert [sign(each).compared for each in found] == ["made again", "alone", ""]
    assert [explained(sign(each), ["* (made again): differs"]) for each in found] == [True, False, False]
    assert all(explained(sign(each), ["value: differs", "outputs"]) for each in found)


@pytest.mark.parametrize(
    "pattern, shown, expected",
    [
        ("outputs: differs", "outputs: differs", True),
        ("outputs", "outputs: differs", True),
        ("outputs", "outputs: not finite", True),
        ("outputs: differs", "outputs: not finite", False),
        ("outputs", "outputs/forward: differs", False),
        ("gradients/*: not finite", "gradients/weights/0/forward/kernel: not finite", True),
        ("gradients/*: not finite", "gradients/inputs: differs", False),
        ("error: raised TypeError*generator*", "error: raised TypeError at run: no generator\nhere", True),
        ("error: raised TypeError*", "error: raised ValueError at run: no generator", False),
        ("labels: [0-9]?", "labels: 1?", False),
        ("labels: [1]?", "labels: [1]?", True),
    ],
)
def test_a_pattern_speaks_of_a_sign_or_of_its_name(pattern, shown, expected):
    name, _, kind = shown.partition(": ")
    assert explained(Sign(name, kind, ""), [pattern]) is expected


def known(key: str = "a", *deviates: str, message: str = "") -> Known:
    return Known(key, "t", "crash", ("*",), {}, "r", "i", invariant=("name",), message=message, deviates=deviates)


OLD = Deviation("gradients/inputs", "gradients/inputs: found nan", NAN)
NEW = Deviation("outputs", "outputs: found 1, expected 2", 1.0)


def told(*found: Deviation, entries: tuple[Known, ...]) -> tuple[str, str, str]:
    """The verdict, the entry, and what is told first."""
    outcome = judge(deviations(*found), Asked())
    verdict, by = consult(entries, ["name"], {}, outcome)
    return verdict, by.key if by else "", told_first(entries, ["name"], {}, outcome).message


def test_a_known_check_that_shows_more_than_is_known_is_a_failure():
    entries = (known("a", "gradients/*: not finite"),)
    assert told(OLD, entries=entries) == ("known", "a", OLD.message)
    assert told(OLD, NEW, entries=entries) == ("fail", "a", f"known as a, and more: {NEW.message}")
    assert told(NEW, entries=entries) == ("fail", "a", f"known as a, and more: {NEW.message}")


def test_an_entry_that_does_not_say_what_deviates_explains_everything():
    assert told(OLD, NEW, entries=(known("a"),))[:2] == ("known", "a")


def test_what_another_entry_explains_in_the_same_check_is_no_news():
    both = known("a", "gradients/*"), known("b", "outputs: differs")
    assert told(OLD, NEW, entries=both)[:2] == ("known", "a")
    other = known("a", "gradients/*"), known("b", "outputs: differs", message="found 3")
    assert told(OLD, NEW, entries=other)[:2] == ("fail", "a")


def test_another_error_than_the_known_one_is_a_failure():
    entries = (known("a", "error: raised TypeError at run: *"),)
    raised = [Deviation("error", f"raised {name} at run: no") for name in ("TypeError", "ValueError")]
    assert told(raised[0], entries=entries)[:2] == ("known", "a")
    assert told(raised[1], entries=entries) == ("fail", "a", "known as a, and more: raised ValueError at run: no")


def test_a_crash_where_a_wrong_number_is_known_is_a_failure():
    died = Outcome("crash", "killed by SIGSEGV")
    assert consult((known("a", "outputs"),), ["name"], {}, died)[0] == "crash"
    assert consult((known("a", "crash: *SIGSEGV"),), ["name"], {}, died)[0] == "known"
    warned = Outcome("crash", f"killed by SIGSEGV{LAST_WORDS}a warning of another check")
    assert consult((known("a", "crash: *SIGSEGV"),), ["name"], {}, warned)[0] == "known"
    assert told_first((known("a", "outputs"),), ["name"], {}, died).message == "known as a, and more: killed by SIGSEGV"


def test_what_is_new_is_told_first_and_nothing_is_left_out():
    entries = (known("a", "gradients/*"),)
    outcome = judge(deviations(OLD, NEW), Asked())
    assert [d.where for d in outcome.deviations] == ["gradients/inputs", "outputs"]
    assert [d.where for d in told_first(entries, ["name"], {}, outcome).deviations] == ["outputs", "gradients/inputs"]


def test_a_record_says_what_is_known_and_what_is_new(tmp_path):
    found = session(tmp_path, entry("a", "outputs_match_reference", 'deviates = "gradients/*: not finite"'))
    check = next(c for c in found.all_checks if c.planned.name == "outputs_match_reference")
    known = found.recorded(check, judge(deviations(OLD), Asked()))
    more = found.recorded(check, judge(deviations(OLD, NEW), Asked()))
    assert (known.verdict, known.known) == ("known", "a") and "beside" not in known.more
    assert (more.verdict, more.known, more.more["beside"]) == ("fail", None, "a")
    assert more.message == f"known as a, and more: {NEW.message}" and more.deviation == 1.0
    assert [d["where"] for d in more.deviations] == ["outputs", "gradients/inputs"]
    assert found.header().ledger["a"]["deviates"] == ["gradients/*: not finite"]


def test_a_record_has_no_codes_for_colours(tmp_path):
    found = session(tmp_path, entry("a", "gradients_match_reference"))
    check = next(c for c in found.all_checks if c.planned.name == "outputs_match_reference")
    record = found.recorded(check, judge(deviations(Deviation("error", "\x1b[1mno\x1b[0m")), Asked()))
    assert record.message == record.deviations[0]["message"] == "no"
