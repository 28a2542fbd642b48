"""Every fault planted in the reference, one at a time, is noticed by the default plan. `-s` prints by what."""

from collections import Counter
from functools import lru_cache

import faults_in_answers
import faults_in_arithmetic
import faults_in_cells
import faults_in_convolutions
import faults_in_stack
import faults_in_time
import pytest
from noticed import most_likely_first, note
from planted import Fault, InProcess, planted

from cases.plan import Planned, plan
from suite.backends.reference import Reference
from suite.verdicts import Outcome, judge

FAULTS = tuple(
    fault
    for module in (
        faults_in_cells, faults_in_convolutions, faults_in_arithmetic, faults_in_stack, faults_in_time, faults_in_answers,
    )
    for fault in module.FAULTS
)
FIRST = (
    "outputs_match_reference",
    "states_match_reference",
    "padding_follows_convention",
    "mask_is_passed_on",
    "shapes_and_dtypes",
    "gradients_match_reference",
)
"""What notices most faults is asked first, the cheapest question first."""
CASES_PER_ROUND = 20
CLEAN = InProcess()


@lru_cache(maxsize=1)
def checks() -> tuple[Planned, ...]:
    """The default plan in rounds: what holds everywhere on some more cases, then each of the others once more."""
    places: dict[str, int] = {}
    times: Counter[str] = Counter()
    order: dict[str, tuple[int, int, int]] = {}
    found = plan("default")
    for check in found:
        place = places.setdefault(check.identity.split("::")[1], len(places))
        if check.name in FIRST:
            order[check.identity] = place // CASES_PER_ROUND, place, FIRST.index(check.name)
        else:
            order[check.identity] = times[check.name], len(found), place
            times[check.name] += 1
    return tuple(sorted(found, key=lambda check: order[check.identity]))


def first_noticed(fault: Fault, subject: InProcess) -> tuple[Planned, Outcome] | None:
    """The first check that the subject does not pass, and its outcome."""
    cell = "conv_lstm" if "onv" in fault.family else ""
    for check in most_likely_first(fault, sorted(checks(), key=lambda check: not check.layer.startswith(cell))):
        outcome = judge(check, subject, CLEAN) if check.across else judge(check, subject)
        if outcome.verdict not in ("pass", "unsupported"):
            return check, outcome
    return None


@pytest.fixture(scope="module")
def table():
    """Lines of fault and invariant, printed when all faults are done."""
    lines: list[tuple[Fault, Planned]] = []
    yield lines
    print("\n")
    for fault, check in lines:
        print(f"{str(fault):100s} {check.identity}")
    print(f"\n{len(lines)} faults, noticed first by")
    for name, count in Counter(check.name for _, check in lines).most_common():
        print(f"{count:5d} {name}")


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_the_default_plan_notices(fault, table):
    with planted(fault) as package:
        found = first_noticed(fault, InProcess(Reference(package=package)))
    assert found, f"no check of the default plan notices this fault: {fault}"
    check, outcome = found
    assert outcome.verdict == "fail", f"{check.identity} ended as {outcome.verdict}: {outcome.message}"
    assert outcome.worst.where != "error", f"the fault raises instead of giving wrong numbers: {outcome.message}"
    table.append((fault, check))
    note(fault, check)


def test_there_are_faults_of_every_kind_and_each_has_a_name_of_its_own():
    assert len(FAULTS) >= 60
    assert [name for name, count in Counter(map(str, FAULTS)).items() if count > 1] == []
    edits = Counter((fault.module, fault.old, fault.new) for fault in FAULTS)
    assert [edit for edit, count in edits.items() if count > 1] == []
    assert min(Counter(fault.family for fault in FAULTS).values()) >= 4


def test_a_fault_whose_text_is_not_there_is_an_error():
    with (
        pytest.raises(ValueError, match="stands 0 times in cells.py"),
        planted(Fault("x", "y", "cells", "no such", "")),
    ):
        pass


def test_the_copy_without_a_fault_passes_where_a_faulty_one_fails():
    harmless = Fault("none", "none", "cells", "SimpleRNN   h'", "SimpleRNN  h'")
    with planted(harmless) as package:
        assert package.__file__ != Reference().reference.__file__
        subject = InProcess(Reference(package=package))
        assert {judge(check, subject).verdict for check in checks()[:60]} == {"pass"}
