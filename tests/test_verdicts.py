"""From what a check finds to a verdict: every end that a check may come to has its word, and NaN never passes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cases.batches import BatchPlan
from cases.invariants.base import NotSupported, Refused
from cases.layers import Layer, draw_weights
from cases.plan import Planned, plan
from cases.requests import Deviation, Observation, Refusal, Request, cause
from cases.tolerance import compare
from reports.lines import NEW
from reports.lines import VERDICTS as RECORDED
from suite.subjects.interpreter import Broken, Died, TimedOut
from suite.subjects.specification import Specification
from suite.subjects.subject import Subject
from suite.verdicts import BAD, VERDICTS, judge, severity

NAN = float("nan")


class Asked:
    """A subject that answers with whatever it was given, and notes seconds."""

    absent = broken = None
    seconds = 0.0

    def __init__(self, answer=None):
        self._answer = answer or Observation({"outputs": np.zeros(1)}, "aten::lstm", seconds=0.25)

    def answer(self, request):
        if isinstance(self._answer, Exception):
            raise self._answer
        self.seconds += getattr(self._answer, "seconds", 0.0)
        return self._answer


def planned(run) -> Planned:
    return Planned("name::case", "name", "group", "It holds.", "", "layer", "batch", {}, run)


def deviations(*found: Deviation):
    def run(ask):
        ask("request")
        return found

    return planned(run)


def raises(error: Exception):
    def run(ask):
        raise error

    return planned(run)


def test_the_words_are_those_of_the_records():
    assert set(VERDICTS) == set(RECORDED) and set(BAD) == set(NEW)


def test_no_deviation_is_a_pass():
    outcome = judge(deviations(), Asked())
    assert (outcome.verdict, outcome.message, outcome.worst.deviation) == ("pass", "", None)
    assert outcome.kernels == ("aten::lstm",) and outcome.framework_seconds == 0.25
    assert outcome.seconds > 0


def test_a_pass_says_how_near_it_came_to_what_is_allowed():
    def check(ask):
        far = compare("far", np.array([1.0, 2.0]), np.array([1.0, 2.5]), 1.0)
        return [*far, *compare("near", np.array([3.0]), np.array([3.3]), 0.4), *compare("exact", np.zeros(2), np.zeros(2), 0.0)]

    found = judge(planned(check), Asked())
    assert found.verdict == "pass" and found.worst.deviation == pytest.approx(0.3) and found.worst.allowed == 0.4
    assert judge(deviations(), Asked()).worst.deviation is None
    failed = judge(planned(lambda ask: [*check(ask), *compare("off", np.zeros(1), np.ones(1), 0.1)]), Asked())
    assert failed.verdict == "fail" and failed.worst.deviation == 1.0


def test_the_worst_deviation_is_told_first():
    small, great = Deviation("a", "a: small", 2e-6, 1e-6), Deviation("b", "b: great", 1.0, 1e-6)
    outcome = judge(deviations(small, great), Asked())
    assert outcome.verdict == "fail" and outcome.worst is great and outcome.message == "b: great"


def test_nan_is_worse_than_any_number():
    nan, great = Deviation("a", "a: NaN", NAN, 1e-6), Deviation("b", "b: great", 1e30, 1e-6)
    assert judge(deviations(great, nan), Asked()).worst is nan
    assert severity(nan) == math.inf and severity(Deviation("c", "c", 1.0, 0.0)) == math.inf
    assert severity(Deviation("c", "c", 3.0, 2.0)) == 1.5


@pytest.mark.parametrize(
    "error, verdict, words",
    [
        (NotSupported("no masks"), "unsupported", "no masks"),
        (
            Refused(Refusal("ValueError", "\n  bad shape\nlong story", "build")),
            "fail",
            "raised ValueError at build: bad shape",
        ),
        (Died("the interpreter ended, killed by SIGSEGV"), "crash", "the interpreter ended, killed by SIGSEGV"),
        (TimedOut("no answer within 1 s; killed"), "timeout", "no answer within 1 s; killed"),
        (
            Broken("Traceback\n  File\nKeyError: 'x'\n"),
            "crash",
            "the adapter failed, which says nothing about the framework: KeyError: 'x'",
        ),
        (
            ZeroDivisionError("division by zero"),
            "crash",
            "the check itself failed, which is our mistake: ZeroDivisionError: division by zero",
        ),
        (AssertionError(), "crash", "the check itself failed, which is our mistake: AssertionError: "),
    ],
)
def test_every_error_becomes_a_verdict(error, verdict, words):
    outcome = judge(raises(error), Asked())
    assert (outcome.verdict, outcome.message) == (verdict, words)


@pytest.mark.parametrize(
    "arrays, verdict, words",
    [
        ({"outputs": np.zeros((2, 4))}, "fail", "outputs: found shape (2, 4), expected (2, 3, 4)"),
        ({}, "fail", "outputs: it did not come"),
        ({"outputs": np.zeros((2, 3, 4))}, "crash", "the check itself failed, which is our mistake: "),
    ],
)
def test_a_check_that_cannot_read_an_answer_of_another_form_is_no_mistake_of_ours(arrays, verdict, words):
    layer = Layer("gru", 5, 4)
    request = Request(layer, draw_weights(layer), BatchPlan(2, 3).draw(layer), wants=("outputs",))
    outcome = judge(planned(lambda ask: ask(request)["outputs"][:, 2, 4]), Asked(Observation(arrays)))
    assert outcome.verdict == verdict and outcome.message.startswith(words)


def test_an_error_that_comes_from_asking_becomes_a_verdict():
    assert judge(deviations(), Asked(Died("died"))).verdict == "crash"
    assert judge(deviations(), Asked(Refusal("TypeError", "no"))).message == "raised TypeError at run: no"


def test_an_error_that_begins_with_the_layer_that_was_called_is_told_with_its_cause():
    told = "Exception encountered when calling GRU.call().\n\n\x1b[1mshapes (2, 3) and (4,)\x1b[0m\n\n"
    said = told + "Arguments received by GRU.call():"
    assert cause(said) == "Exception encountered when calling GRU.call(). shapes (2, 3) and (4,)"
    assert cause("first line\nsecond line") == "first line"


def test_a_broken_subject_is_not_asked():
    class Dead(Asked):
        broken = "it does not start"

        def answer(self, request):
            raise AssertionError("asked")

    outcome = judge(deviations(), Dead())
    assert (outcome.verdict, outcome.message) == ("crash", "it does not start")
    assert judge(planned(lambda one, other: ()), Asked(), Dead()).verdict == "crash"


def test_a_subject_that_lacks_the_device_is_not_asked():
    class Without(Asked):
        absent = "torch as installed here cannot use the GPU"

        def answer(self, request):
            raise AssertionError("asked")

    outcome = judge(deviations(), Without())
    assert (outcome.verdict, outcome.message) == ("unsupported", "torch as installed here cannot use the GPU")


def test_a_check_across_two_subjects_asks_both():
    def run(one, other):
        one("request")
        other("request")
        return ()

    outcome = judge(planned(run), Asked(), Asked(Observation({}, "other kernel", seconds=0.5)))
    assert outcome.kernels == ("aten::lstm", "other kernel") and outcome.framework_seconds == 0.75


def fake(name: str) -> Subject:
    kind = f"tests.fakes:{name}"
    return Subject(Specification(name, kind, kind), inline=True)


def test_nan_never_passes_where_a_number_is_due():
    """Every check of the smoke plan; those that pass ask for no numbers."""
    subject, right = fake("GivesNaN"), fake("AlwaysRight")
    silent = {"mask_is_passed_on", "shapes_and_dtypes"}
    passed, seen = set(), set()
    for check in plan("smoke"):
        if (
            check.name not in silent and check.group != "refusals"  # what is due there is an error
            and judge(check, *((subject, right) if check.across else (subject,))).verdict == "pass"
        ):
            passed.add(check.identity)
        seen.add(check.name)
    assert len(seen) > 40 and not passed


def test_wrong_outputs_are_seen_by_the_reference():
    checks = [check for check in plan("smoke") if check.name == "outputs_match_reference"]
    outcomes = [judge(check, fake("WrongOutputs")) for check in checks[:6]]
    assert {o.verdict for o in outcomes} == {"fail"}
    assert all(o.worst.deviation > o.worst.allowed > 0 for o in outcomes)


def test_what_is_asked_of_a_subject_in_the_same_process_is_not_changed():
    layer = Layer("gru", 3, 5)
    asked = Request(layer, draw_weights(layer), BatchPlan(mask="gaps").draw(layer))
    before = asked.batch.inputs.copy()
    fake("AlwaysRight")(asked)
    assert asked.batch.inputs.tobytes() == before.tobytes()
