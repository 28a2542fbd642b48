"""Statements that ask many crossings at once: what is told where one of them is wrong."""

import numpy as np
import pytest

from cases.apart import answer_at, raised
from cases.families import crossed_calls, crossed_chains, crossed_conditions, crossed_transforms
from cases.models import FunctionRequest
from cases.requests import Observation, Refusal, Request
from cases.smallest import smallest
from suite.backends import moment
from suite.backends.apart import apart
from suite.backends.reference import Reference


class Asking:
    """Asks the reference, whose answers are `spoilt` where a crossing is so."""

    def __init__(self, spoilt):
        self.backend, self.spoilt, self.asked = Reference(), spoilt, []

    def answer(self, request):
        self.asked.append(request)
        answer = self.backend.observe(request)
        if not isinstance(request, FunctionRequest) or not request.name.startswith("crossed"):
            return answer
        each = dict(request.arguments)["each"]
        gone = tuple(f"{place}/" for place, one in enumerate(each) if self.spoilt(one))
        arrays = {name: array + 0.5 if name.startswith(gone) and "outputs" in name else array
                  for name, array in answer.arrays.items()}
        return Observation(arrays, facts=answer.facts)

    __call__ = answer


def test_a_row_is_made_as_plain_as_it_can_be():
    factors = {"a": (0, 1), "b": (0, 1, 2), "c": ("x", "y")}
    row = {"a": 1, "b": 2, "c": "y"}
    assert smallest(row, factors, (), lambda row: row["b"] > 0) == {"a": 0, "b": 2, "c": "x"}
    apart_from = ((("a", "b"), lambda a, b: a == 0 and b == 2),)
    assert smallest(row, factors, apart_from, lambda row: row["b"] > 0) == {"a": 1, "b": 2, "c": "x"}


def test_what_is_wrong_in_a_crossing_is_told_of_its_plainest_form_and_asked_alone():
    ask = Asking(lambda one: one[0].layer.direction == "backward" and not one[0].layer.bias)
    parts = (crossed_conditions.crossed_conditions_are_right(ask, "gru", part) for part in ("even", "odd"))
    found = next(filter(None, parts))
    assert found[0].message.startswith("gru_f2_u3_backward_nobias-none: outputs")
    alone = [request for request in ask.asked if isinstance(request, Request)]
    assert [str(request.layer) for request in alone] == ["gru_f2_u3_backward_nobias"]


def test_what_is_wrong_in_a_chain_is_told_of_its_plainest_form_and_asked_alone():
    ask = Asking(lambda one: dict(one.arguments)["chain"].unroll)
    found = crossed_chains.crossed_chains_match_reference(ask, 0)
    assert found[0].message.startswith("gru_lstm, none, distinct, zeros, forward, built, return_sequences, unroll: ")
    assert [request.name for request in ask.asked][-2:] == ["chain", "crossed_chains"]


def test_what_is_wrong_in_a_call_is_told_of_its_plainest_form():
    found = crossed_calls.crossed_calls_are_right(Asking(lambda one: one[0].layer.stateful and one[0].layer.return_state), "all")
    assert found[0].message.startswith("lstm_f2_u3_stateful, given, none: 0/outputs")


def test_calls_in_training_that_drop_the_same_are_told():
    ask = Asking(lambda one: False)
    seen = ask.backend.observe

    def alike(request):
        answer = seen(request)
        first = {name: answer.arrays[name.replace("/1/", "/0/").replace("/2/", "/0/")] for name in answer.arrays}
        return Observation(first, facts=answer.facts)

    ask.backend.observe = alike
    row = next(row for row in crossed_calls.rows() if row["calls"] == "modes")
    assert "3 calls in training dropped the same" in crossed_calls.wrong(ask, [row])[0].message


def test_what_is_wrong_in_a_transform_is_told_of_its_plainest_form():
    found = crossed_transforms.crossed_transforms_are_right(
        Asking(lambda one: dict(one.arguments)["request"].layer.direction == "backward"))
    assert found[0].message.startswith("mapping over rows, lstm_f3_u4_backward-")


@pytest.mark.parametrize("name", crossed_conditions.FACTORS)
def test_every_value_is_met_in_some_row(name):
    values, others = crossed_conditions.FACTORS[name], crossed_conditions.OTHERS.get(name, ())
    rows = [one.row for kind in crossed_conditions.CLASSES for part in ("even", "odd")
            for one in crossed_conditions.crossings(kind, part)]
    every = {*values, *others} - {"other"} if "other" in values else set(values)
    assert {row[name] for row in rows} >= every
    assert {row["before"] for row in rows} == {(), *crossed_conditions.OTHERS["told"]}


def test_an_error_is_told_of_the_question_that_raised_it():
    def wrong():
        with moment("build"):
            raise ValueError("Exception encountered when calling LSTM.call().\n\nno such thing")

    seen = apart([lambda: Observation({"outputs": np.ones(1)}, facts={"kernel": "a"}), wrong])
    assert list(answer_at(seen, 0).arrays) == ["outputs"] and answer_at(seen, 0).facts == {"kernel": "a"}
    assert isinstance(answer_at(seen, 1), Refusal)
    assert raised(answer_at(seen, 1)).message == (
        "raised ValueError at build: Exception encountered when calling LSTM.call(). no such thing")
