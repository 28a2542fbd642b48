"""Families: every statement holds of the reference, is planned at every depth, and fails where an answer is wrong."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from faults_in_families import FAULTS
from noticed import most_likely_first, note
from planted import InProcess, planted

from cases.families import REGISTRY, checks
from cases.families.base import Family, equal
from cases.invariants.base import REGISTRY as INVARIANTS
from cases.requests import Observation, Refusal, Request, Unsupported
from suite.backends.reference import Reference
from suite.verdicts import judge

by_name = pytest.mark.parametrize("one", REGISTRY.values(), ids=lambda one: one.name)


def of(one):
    """Some checks of one statement, at the depth from which on it is checked."""
    return [check for check in checks(one.depth) if check.name == one.name][:12]


class Wrong(InProcess):
    """Changes the arrays of the reference's answers to questions of families."""

    def answer(self, request):
        seen = super().answer(request)
        if not isinstance(seen, Observation):
            return seen
        facts = {**seen.facts, **({"own": seen.facts["own"][::-1]} if "own" in seen.facts else {})}
        return Observation({n: self.array(n, a) for n, a in seen.arrays.items()}, seen.kernel, facts=facts)


class Off(Wrong):
    """Is off by a thousandth, another one each time."""

    def __init__(self):
        super().__init__()
        self.random = np.random.default_rng(0)

    def array(self, name, array):
        size = np.abs(array).max(initial=0.0) if array.dtype != bool else 0
        return array + self.random.uniform(0.5e-3, 1e-3, array.shape) * (size + 1) if array.dtype != bool else array


class Silent(Wrong):
    """Says zero."""

    def array(self, name, array):
        return array * 0


class NotANumber(Wrong):
    """Says NaN."""

    def array(self, name, array):
        return array if array.dtype == bool else array * np.nan


class Stays(Wrong):
    """Whatever came after is what was before."""

    def answer(self, request):
        seen = super().answer(request)
        earlier = {n: seen.arrays.get(n.replace("after", "before"), a) for n, a in seen.arrays.items()}
        return Observation(earlier, facts=seen.facts)

    def array(self, name, array):
        return array


class Careless(InProcess):
    """Takes whatever it is given, and answers nothing of use."""

    def answer(self, request):
        return Observation({"outputs": np.zeros((2, 2))}, facts={"padding": "hold", "initial": "keras", "own": ()})


class Choosy(InProcess):
    """Declines layers without anything besides, and answers the others."""

    def answer(self, request):
        plain = isinstance(request, Request) and not (
            request.layer.layers > 1 or request.layer.direction != "forward" or request.batch.mask is not None
            or request.batch.initial_states is not None or "gradients" in request.wants
            or request.execution.kernel != "fused")
        return Unsupported("nothing to it") if plain else super().answer(request)


class Raising(InProcess):
    """Raises an error in the framework's name."""

    def answer(self, request):
        return Refusal("RuntimeError", "no", "run")


class Declining(InProcess):
    """Cannot be asked."""

    def answer(self, request):
        return Unsupported("not built for this")


@by_name
def test_it_holds_of_the_reference(one):
    found = [(check.identity, outcome.message) for check in of(one) for outcome in [judge(check, InProcess())]
             if outcome.verdict not in ("pass", "unsupported")]
    assert found == []


@by_name
def test_some_wrong_subject_makes_it_deviate(one):
    found = {kind.__name__: [judge(check, kind()).verdict for check in of(one)]
             for kind in (Off, Silent, Stays, NotANumber, Careless, Choosy, Raising)}
    assert any("fail" in seen for name, seen in found.items() if name != "Raising"), found


@by_name
def test_what_is_declared_unsupported_is_neither_pass_nor_failure(one):
    assert {judge(check, Declining()).verdict for check in of(one)} == {"unsupported"}


@by_name
def test_it_is_one_sentence(one):
    assert one.statement[0].isupper() and one.statement.endswith(".") and ". " not in one.statement


@by_name
def test_every_value_is_met_at_full_depth_and_every_usual_one_at_default(one):
    for depth, factors in (("full", one.factors), ("default", {**one.factors, **one.usual})):
        rows = one.variants(depth) + [row for row in one.variants(depth, sparing=True) if one.instead]
        assert [(n, v) for n, values in factors.items() for v in values if rows and not any(row[n] == v for row in rows)] == []


@by_name
def test_rows_that_must_be_met_are_rows_of_its_own_at_default(one):
    rows = one.variants("default")
    assert all(row in rows and set(row) == set(one.factors) for row in one.met)
    assert all(row[name] in one.factors[name] for row in one.met for name in row)


def test_what_stands_together_in_hidden_rows_alone_does_so_in_further_ones():
    def hidden(row) -> tuple[str, ...]:
        return ("finding",) if row["cell"] == "gru" and row["mask"] else ()

    factors = {"cell": ("lstm", "gru"), "mask": (True, False), "size": (1, 2, 3)}
    one = Family("of_this_test", "tests", "A statement.", lambda ask, **row: (), factors, strength=(1, 1, 2))
    rows, told = one.variants("default"), one.told("default", hidden)
    for name, values in factors.items():
        assert {row[name] for row in told if not hidden(row)} == set(values)
    assert any(map(hidden, told)) == any(map(hidden, rows))
    assert one.told("full", hidden) == one.variants("full")
    assert replace(one, costly=True).told("default", hidden) == rows
    assert one.told("default", lambda row: ()) == rows


def test_identities_and_names_are_unique():
    for depth in ("smoke", "default", "full"):
        assert [i for i, count in Counter(check.identity for check in checks(depth)).items() if count > 1] == []
    assert set(REGISTRY) & set(INVARIANTS) == set()


def test_equal_tells_bits_apart_and_takes_nan_for_nan():
    assert equal("x", [np.nan, 1.0], [np.nan, 1.0]) == []
    assert equal("x", [1.0], [1.0 + 2**-52]) != [] and equal("x", [1.0], [[1.0]]) != []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_noticed(fault):
    with planted(fault) as package:
        subject = InProcess(Reference(package=package))
        outcomes = ((check, judge(check, subject)) for check in most_likely_first(fault, checks("default")))
        check, failed = next(((check, outcome) for check, outcome in outcomes if outcome.verdict == "fail"), (None, None))
    assert failed, f"no statement of a family notices this fault: {fault}"
    assert failed.worst.where != "error"
    note(fault, check)
