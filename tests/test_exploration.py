"""The search draws what its seed says, finds what the plan does not meet, shrinks it, keeps it, and passes what is known."""

from __future__ import annotations

from collections import Counter

import pytest
from fakes import WrongInOneCorner
from faults_in_stack import LOOP, STEP
from planted import Fault, InProcess, planted
from suite_runs import suite_run

from cases.plan import plan
from cases.space import SIZES, as_unusual, asked, sensible, spaces, unusual
from suite.backends.reference import Reference
from suite.exploration import Judged, explore, find
from suite.verdicts import judge

FAULTS = (
    Fault("a GRU without bias takes its second step twice where it runs backwards", "search", "stack", STEP,
          STEP + '\n        if layer.cell == "gru" and not layer.bias and layer.direction == "backward" and index == 1:'
                 "\n            new = step(layer, weights, x, new)"),
    Fault("an LSTM without bias forgets at its third step where its last output is asked for alone", "search", "stack", LOOP,
          LOOP + '\n        if index == 2 and layer.cell == "lstm" and not layer.bias and not layer.return_sequences:'
                 "\n            states = {n: v * 0.0 for n, v in states.items()}"),
)


def judged(subject):
    return lambda check: Judged(judge(check, subject).verdict)


def drawn(draws: int, seed: int) -> list[str]:
    found: list[str] = []
    find(lambda case: bool(found.append(str(case))), draws, seed)
    return found


def test_the_same_seed_gives_the_same_draws_and_another_seed_gives_others():
    assert drawn(40, 3) == drawn(40, 3)
    assert len(set(drawn(40, 3)) - set(drawn(40, 4))) > 20


def test_every_value_of_every_factor_of_the_plan_is_drawn():
    cases = []
    find(lambda case: bool(cases.append(case)), 600, 0)
    seen = Counter((name, value) for case in cases for name, value in case.features.items())
    seen.update(("convolution", case.layer.convolution) for case in cases)
    for factors in spaces().values():
        for name, values in factors.items():
            assert not [value for value in values if not seen[name, value]], name
    for name, (least, most) in SIZES.items():
        assert {value for (n, value) in seen if n == name} >= set(range(least, most + 1))
    assert all(asked(case) for case in cases if case.array == "explored")
    assert all(sensible({n: v for n, v in case.features.items() if n != "return_state"}) for case in cases)


def test_the_clean_reference_raises_no_alarm():
    explored = explore(judged(InProcess()), 60, 5, None, "reference")
    assert explored.draws == 60 and not explored.new
    assert sum(sum(counts.values()) for counts in explored.counts.values()) > 1000


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_that_smoke_does_not_meet_is_found_and_shrunk(fault):
    with planted(fault) as reference:
        subject = InProcess(Reference(package=reference))
        assert not [c for c in plan("smoke") if not c.across and judge(c, subject).verdict == "fail"]
        explored = explore(judged(subject), 100, 0, None, "faulty")
    assert explored.new
    smallest = min(explored.new, key=lambda failure: failure.size).case
    layer, batch = smallest.layer, smallest.plan
    assert (layer.units, layer.features, layer.layers, batch.batch) == (1, 1, 1, 1) and batch.time <= 3
    condition = {"bias", "direction"} if "GRU" in fault.name else {"bias"}
    assert condition <= set(unusual(smallest)) and len(unusual(smallest)) <= len(condition) + 2
    assert len(explored.new) <= 6, "one fault is told a few times, and not once an invariant"


def test_what_is_found_is_kept_and_replayed_first(tmp_path):
    subject = InProcess(WrongInOneCorner())
    first = explore(judged(subject), 50, 0, tmp_path, "fake")
    again = explore(judged(subject), 1, 99, tmp_path, "fake")
    assert first.new and not first.replayed
    assert again.replayed and {f.check.identity for f in again.new} & {f.check.identity for f in first.new}
    mended = explore(judged(InProcess()), 1, 99, tmp_path, "fake")
    assert not mended.new and not mended.replayed
    assert not explore(judged(subject), 1, 99, tmp_path, "fake").replayed, "what passes is forgotten"


def test_what_is_known_is_shown_once_and_does_not_stop_the_search():
    subject = InProcess(WrongInOneCorner())

    def knowing(check):
        verdict = judge(check, subject).verdict
        if verdict != "fail" and check.features["cell"] == "lstm" and check.name == "outputs_match_reference":
            return Judged("known", "an-entry")
        return Judged(verdict)

    explored = explore(knowing, 50, 0, None, "fake")
    assert [failure.verdict for failure in explored.known] == ["known"]
    assert explored.counts["outputs_match_reference"]["known"] > 1 and explored.new


@pytest.mark.parametrize(("name", "here", "there", "same"), [
    ("mask", "right", "gaps", True), ("mask", "right", "full", False), ("mask", "full", "full", True), ("layers", 2, 3, True),
    ("layers", 3, 2, False), ("direction", "backward", "bidirectional", True), ("bias", False, False, True),
])
def test_a_condition_holds_where_its_kind_does(name, here, there, same):
    assert as_unusual(name, here, there) is same


@pytest.mark.slow
def test_the_command_records_what_it_finds_and_counts_honestly(tmp_path):
    run = suite_run(tmp_path, "--explore", "50", "--subject", "tests.fakes:WrongInOneCorner", "--no-repro-check")
    records = run.records
    assert run.status == 1, run.said
    exploration, = records.explorations
    assert exploration.draws == exploration.planned == 50 and not records.gaps()
    found = {each.id: each for each in records.verdicts}
    assert set(found) == {*exploration.new, *exploration.known} and exploration.new
    assert records.end.planned == {"tests.fakes:WrongInOneCorner": len(found)}
    assert all(each.verdict == "fail" and each.features["cell"] == "gru" for each in found.values())
    assert "50 draws of tests.fakes:WrongInOneCorner" in run.said


def test_a_search_that_was_not_asked_for_changes_nothing(tmp_path):
    run = suite_run(tmp_path, "--subject", "reference", "--depth", "smoke", "-k", "outputs_match_reference")
    assert run.status == 0 and not run.records.explorations and "explore" not in run.said.lower()


def test_a_search_comes_after_the_plan_where_a_depth_is_given(tmp_path):
    run = suite_run(tmp_path, "--subject", "reference", "--depth", "smoke", "--explore", "5",
                    "-k", "outputs_match_reference or explore")
    assert run.status == 0, run.said
    assert run.records.explorations[0].draws == 5 and len(run.records.verdicts) > 3


def test_a_number_of_draws_that_cannot_be_is_said(tmp_path):
    run = suite_run(tmp_path, "--subject", "reference", "--explore", "-3", record=False)
    assert run.status == 4 and "--explore -3" in run.said
