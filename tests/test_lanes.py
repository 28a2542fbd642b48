"""Subjects side by side: what runs ahead has its outcome once, in any order of asking, and stops when it is told to."""

from __future__ import annotations

import threading
import time
from collections import deque

import pytest

from cases.workloads import timed
from suite.checks import asked_of, in_turn, units
from suite.lanes import Dealt, Lanes
from suite.opening import open_session
from suite.session import ALONE
from suite.settings import Settings
from suite.subjects.interpreter import Died
from suite.timing.comparison import Comparison, Preparing
from suite.verdicts import Outcome


class Judge:
    """Judges a check by its name, and notes when and where."""

    def __init__(self, seconds: float = 0.0):
        self.seconds, self.seen, self.lock = seconds, [], threading.Lock()
        self.now = self.most = 0

    def __call__(self, check: str) -> Outcome:
        with self.lock:
            self.seen.append(check)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        if "error" in check:
            raise ZeroDivisionError(check)
        return Outcome("pass", check)


def test_each_check_is_judged_once_in_the_order_of_its_lane():
    judge = Judge()
    lanes = Lanes(judge, cores=2)
    lanes.begin({"a": ["a1", "a2", "a3"], "b": ["b1", "b2"]})
    for name in ("b2", "a3", "a1", "b1", "a2"):
        assert lanes.outcome(name, name).message == name
    lanes.stop()
    assert sorted(judge.seen) == ["a1", "a2", "a3", "b1", "b2"]
    assert [n for n in judge.seen if n[0] == "a"] == ["a1", "a2", "a3"]


def test_one_lane_more_moves_at_once_than_there_are_cores():
    judge = Judge(0.03)
    lanes = Lanes(judge, cores=2)
    lanes.begin({name: [f"{name}1", f"{name}2"] for name in "abcd"})
    assert lanes.outcome("d2", "d2").verdict == "pass"
    lanes.stop()
    assert judge.most == 3


def test_what_no_lane_has_is_judged_now():
    lanes = Lanes(Judge())
    assert lanes.outcome("alone", "alone").message == "alone"


def test_our_own_errors_come_back_where_the_outcome_is_waited_for():
    lanes = Lanes(Judge(), cores=1)
    lanes.begin({"a": ["a error", "a2"]})
    with pytest.raises(ZeroDivisionError):
        lanes.outcome("a error", "a error")
    assert lanes.outcome("a2", "a2").verdict == "pass"
    lanes.stop()


def test_stopping_waits_for_what_runs_and_begins_nothing_more():
    judge, hurried = Judge(0.1), []
    lanes = Lanes(judge, cores=1)
    lanes.begin({"a": [f"a{n}" for n in range(50)]})
    lanes.outcome("a0", "a0")
    lanes.stop(lambda: hurried.append(judge.now))
    assert len(judge.seen) <= 3 and judge.now == 0 and len(hurried) == 1
    time.sleep(0.15)
    assert len(judge.seen) <= 3


def test_waiting_is_for_everything_in_the_lanes():
    judge = Judge(0.05)
    lanes = Lanes(judge, cores=2)
    lanes.begin({"a": ["a1", "a2"], "b": ["b1"]})
    lanes.wait()
    assert len(judge.seen) == 3 and not lanes.busy
    lanes.stop()


def test_nothing_is_hurried_where_all_is_done():
    lanes, hurried = Lanes(Judge(), cores=1), []
    lanes.begin({"a": ["a1"]})
    lanes.outcome("a1", "a1")
    lanes.stop(lambda: hurried.append(1))
    lanes.stop(lambda: hurried.append(1))
    assert hurried == []


def test_units_stay_whole_and_the_dearest_of_each_part_come_first():
    checks = open_session(Settings(subjects=("reference",))).all_checks
    found = units(checks)
    assert sorted(str(check) for unit in found for check in unit) == sorted(map(str, checks))
    assert len({unit[0].unit for unit in found}) == len(found) and all(len({c.unit for c in unit}) == 1 for unit in found)
    costs = [(unit[0].part, -sum(check.cost for check in unit)) for unit in found]
    assert costs == sorted(costs) and len(found) > 100
    turns = in_turn(checks)
    assert sorted(turns.values()) == list(range(len(checks))) and turns[str(found[1][0])] == len(found[0])


def test_lanes_that_deal_take_each_unit_once_and_end_together():
    judge = Judge(0.01)
    lanes = Lanes(judge, cores=2)
    hand = deque([f"{unit}{n}" for n in range(3)] for unit in "abcdef")
    lanes.begin({"1": Dealt(hand, first=("first",)), "2": Dealt(hand), "3": Dealt(hand, str.lower)})
    lanes.wait()
    lanes.stop()
    assert sorted(judge.seen) == sorted(["first", *(f"{unit}{n}" for unit in "abcdef" for n in range(3))])
    assert not hand and judge.most == 3


def test_what_is_dealt_and_never_taken_is_given_up_when_stopped():
    judge = Judge(0.05)
    lanes = Lanes(judge, cores=1)
    hand = deque([f"{n}"] for n in range(50))
    lanes.begin({"1": Dealt(hand), "2": Dealt(hand)})
    lanes.outcome("0", "0")
    lanes.stop()
    assert len(judge.seen) <= 6 and not lanes.busy


def test_a_check_of_a_double_is_the_same_check():
    session = open_session(Settings(subjects=("reference",)))
    check, double = session.checks[0], session.subjects[0].double()
    assert str(asked_of(double, check)) == str(check) and asked_of(double, check).subject is double


def test_one_subject_is_asked_in_several_interpreters_where_cores_are_free():
    session = open_session(Settings(subjects=("reference",)))
    session.lanes = Lanes(lambda check: time.sleep(0.0005) or Outcome("pass", check.subject), cores=2)
    checks = [check for check in session.checks if not check.other]
    session.run_ahead(checks)
    seen = {str(check): session.lanes.outcome(str(check), check).message for check in checks}
    session.stop()
    assert set(seen.values()) == {session.subjects[0], *session.doubles} and len(session.doubles) == 2
    assert {double.name for double in session.doubles} == {"reference"}


def test_times_are_prepared_by_the_interpreter_that_is_timed_before_its_checks():
    session = open_session(Settings(subjects=("reference",)))
    seen = []
    session.lanes = Lanes(lambda asked: seen.append(asked), cores=2)
    timings = [Preparing(Comparison(session.subjects[0], what), False) for what in timed("default")]
    session.run_ahead(list(session.checks), timings)
    session.lanes.wait()
    session.stop()
    mine = [asked for asked in seen if asked.subject is session.subjects[0]]
    assert mine[: len(timings)] == timings and session.doubles
    assert len(seen) == len(session.checks) + len(timings)


def test_what_cannot_be_prepared_is_told_when_it_is_measured(monkeypatch):
    def dies(*_):
        raise Died("gone")

    session = open_session(Settings(subjects=("reference",)))
    subject = session.subjects[0]
    monkeypatch.setattr(subject, "ready", lambda: None)
    monkeypatch.setattr(subject, "prepare", dies)
    session.judge(Preparing(Comparison(subject, timed("smoke")[0]), False))


def test_a_few_checks_need_no_further_interpreter():
    session = open_session(Settings(subjects=("reference",)))
    session.lanes = Lanes(lambda check: Outcome("pass", ""), cores=8)
    session.run_ahead(list(session.checks[:ALONE - 1]))
    session.stop()
    assert not session.doubles
