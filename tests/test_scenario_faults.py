"""Faults in what scenarios ask for beyond single layers, each noticed by a claim."""

import numpy as np
import pytest
from planted import InProcess

from cases.requests import Observation, Refusal
from cases.scenarios import claims
from suite.backends.reference import Reference
from suite.verdicts import judge

CHECKS = {f"{c.scenario}/{c.name}": c for c in claims("default")}


class Loading(Reference):
    """The reference; `spoil` changes the arrays of a model's answer."""

    def __init__(self, spoil):
        super().__init__()
        self.spoil = spoil

    def run_model(self, request):
        seen = super().run_model(request)
        if not isinstance(seen, Observation) or "saved" not in seen.arrays:
            return seen
        return Observation({**seen.arrays, **self.spoil(seen.arrays)}, seen.kernel, facts=seen.facts)


@pytest.mark.parametrize(("claim", "spoil"), [
    ("best_checkpoint", lambda arrays: {"loaded": arrays["trained"]}),
    ("best_checkpoint", lambda arrays: {"saved": arrays["trained"], "loaded": arrays["trained"]}),
    ("best_checkpoint", lambda arrays: {"loaded": arrays["saved"] * np.nan}),
    ("history", lambda arrays: {"losses": arrays["losses"][:-1]}),
    ("history", lambda arrays: {"validation": arrays["validation"][:1]}),
    ("history", lambda arrays: {"validation": arrays["validation"] * np.nan}),
], ids=["the last is loaded", "the last is saved", "NaN is loaded", "a loss is lost", "one epoch is recorded", "NaN is recorded"])
def test_a_wrong_checkpoint_or_history_is_noticed(claim, spoil):
    check = CHECKS[f"padded-classifier/{claim}"]
    assert judge(check, InProcess()).verdict == "pass"
    assert judge(check, InProcess(Loading(spoil))).verdict == "fail"


class Joining(Reference):
    """Joins sequences of any lengths: by cutting them, or with an error that says nothing."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def run_function(self, request):
        return self.answer(dict(request.arguments)["sequences"]) if request.name == "batch" else super().run_function(request)


def cut(sequences):
    return Observation({"result": np.stack([one[:3] for one in sequences])})


def dumb(sequences):
    if len({len(one) for one in sequences}) > 1:
        raise Mute("something went wrong")
    return Observation({"result": np.stack(sequences)})


class Mute(Exception):
    pass


def test_mixed_lengths_that_are_joined_or_refused_without_a_word_are_noticed():
    check = CHECKS["one-model-many-lengths/mixed_lengths"]
    passing = judge(check, InProcess())
    assert passing.verdict == "pass" and "same shape" in str(passing.notes[0].value)
    assert "no error was raised" in judge(check, InProcess(Joining(cut))).message

    class Refusing(InProcess):
        def answer(self, request):
            try:
                return super().answer(request)
            except Mute as error:
                return Refusal("Mute", str(error))

    assert "no shape or length" in judge(check, Refusing(Joining(dumb))).message


def test_memory_that_is_reserved_is_noticed_and_a_cpu_has_none():
    check = CHECKS["gpu-memory-growth/not_the_whole_card"]
    assert judge(check, InProcess()).verdict == "unsupported"

    class Greedy(Reference):
        taken = 0.75

        def run_function(self, request):
            return Observation({"before": np.array(1e9), "after": np.array(1e9 + self.taken * 80e9), "total": np.array(80e9)})

    assert judge(check, InProcess(Greedy())).verdict == "fail"
    Greedy.taken = 0.01
    assert judge(check, InProcess(Greedy())).verdict == "pass"


class Ranked(Reference):
    """Trains by a curve instead of a model: each optimizer reaches the line at a step of its own."""

    def __init__(self, reaches, length=2000, bad=()):
        super().__init__()
        self.reaches, self.length, self.bad = reaches, length, bad

    def run_model(self, request):
        name = request.training.optimizer
        losses = 20 * np.exp(-5 * np.arange(self.length) / self.reaches.get(name, 100))
        losses = losses[::-1] if name in self.bad else losses
        return Observation({"losses": losses}, facts={"stack": "keras"})


class Unremembered(InProcess):
    """Hashes no request: those of 2 000 steps are large."""

    def answer(self, request):
        return self.backend.observe(request)


AS_MEASURED = {"rmsprop": 10, "nadam": 22, "adagrad": 250, "sgd": 1200, "adadelta": 1100}


@pytest.mark.parametrize(("verdict", "reaches", "more"), [
    ("pass", AS_MEASURED, {}), ("fail", AS_MEASURED | {"adadelta": 5}, {}), ("fail", AS_MEASURED | {"adam": 1500}, {}),
    ("fail", AS_MEASURED | {"adam": 1e6, "sgd": 1e6}, {}), ("fail", AS_MEASURED, {"length": 1000}),
    ("fail", AS_MEASURED, {"bad": ("adamax",)}),
], ids=["as measured", "Adadelta is first", "Adam is last", "Adam never arrives", "half of the steps", "a loss rises"])
def test_another_ranking_of_optimizers_is_noticed(verdict, reaches, more):
    check = next(c for c in claims("full") if c.identity == "lstm-regression-optimizers/ranking-common")
    assert judge(check, Unremembered(Ranked(reaches, **more))).verdict == verdict
