"""Scripts of questions of families: on right stacks they exit 0, whatever was said to be wrong; with a fault they exit 1."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence

import numpy as np
from test_families import Careless, NotANumber, Off, Raising, Silent, Stays

from cases.batches import BatchPlan
from cases.families import checks
from cases.invariants.base import REGISTRY as INVARIANTS
from cases.invariants.base import Case
from cases.layers import Layer
from cases.models import FunctionRequest
from cases.plan import Planned, planned
from cases.requests import Observation
from suite.repros import script
from suite.repros.finding import Asked, NoScript
from suite.repros.functions import WRITERS
from suite.verdicts import judge
from tests.planted import InProcess

class Lenient(InProcess):
    """Takes what must be refused, and answers something else."""

    def answer(self, request):
        seen = super().answer(request)
        return seen if isinstance(seen, Observation) else Observation({"result": np.zeros((2, 2)), "lengths": np.zeros(2)})


WRONG = (Off, Silent, NotANumber, Stays, Careless, Lenient, Raising)


RAGGED = ("pad_sequences_keeps_sequences", "pad_sequence_keeps_sequences", "packing_gives_back", "unpadding_gives_back",
          "packing_refuses")


def every(depth: str) -> list[Planned]:
    """The checks that ask function requests."""
    case = Case(Layer("lstm", 2, 3), BatchPlan(4, 5))
    return [*checks(depth), *(planned(INVARIANTS[name], case) for name in RAGGED)]


def names_asked(check) -> set[str]:
    """The names of the function requests of a check, as far as the reference answers."""
    return {each.request.name for each in outcome_of(check, InProcess()) if isinstance(each.request, FunctionRequest)}


class Noting(InProcess):
    """Notes what is asked."""

    def __init__(self):
        super().__init__()
        self.noted: list[Asked] = []

    def answer(self, request):
        seen = super().answer(request)
        self.noted.append(Asked(request, seen))
        return seen


def outcome_of(check, subject) -> list[Asked]:
    """What a check asks of the reference."""
    subject = Noting()
    judge(check, subject)
    return subject.noted


def scripts(backend: str, kinds: Sequence[str], depth: str = "default", like: str = "") -> Iterator[tuple[str, str]]:
    """What is shown, and the script of it, of every check that asks one of these: once for each array that a wrong subject
    gives reason to show. `NONE: why` where there is no script."""
    probes = importlib.import_module(f"suite.backends.{'pytorch' if backend == 'torch' else 'keras'}_probes").PROBES
    done = set()
    for check in every(depth):
        if like not in check.identity:
            continue
        names = names_asked(check) & set(kinds)
        if not names or not names <= set(probes):
            continue
        for wrong in WRONG:
            outcome = judge(check, wrong())
            if outcome.verdict != "fail":
                continue
            for place, deviation in enumerate(outcome.deviations):
                what = f"{sorted(names)[0]} {check.identity} {deviation.where.split('[')[0]}"
                if what in done:
                    continue
                done.add(what)
                try:
                    yield what, script(outcome.asked, outcome.deviations[place : place + 1], "fail", [backend], "", "cpu", check.statement,
                                       deviation.message, check.identity)
                except NoScript as reason:
                    yield what, f"NONE: {reason}"
