"""Scripts of questions of families: on right stacks they exit 0, whatever was said to be wrong; with a fault they exit 1."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Collection, Iterator

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
from suite.backends import BACKENDS as BACKENDS
from suite.repros import script
from suite.repros.finding import Asked, NoScript
from suite.subjects.worker import make
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


class Noting(InProcess):
    """Notes what is asked."""

    def __init__(self):
        super().__init__()
        self.noted: list[Asked] = []

    def answer(self, request):
        seen = super().answer(request)
        self.noted.append(Asked(request, seen))
        return seen


def names_asked(check: Planned) -> set[str]:
    """The names of the function requests that a check asks of the reference."""
    subject = Noting()
    judge(check, subject)
    return {each.request.name for each in subject.noted if isinstance(each.request, FunctionRequest)}


def scripts(backend: str, kinds: Collection[str], depth: str = "default", like: str = "", most: int = 2) -> Iterator[tuple[str, str, int]]:
    """What is shown, the script of it, and how it must end, for every check that asks one of these: where the stack passes, one for
    each array that a wrong subject gives reason to show; where it fails, its own. `NONE: why` where there is no script.
    most: how many of one kind of array a statement."""
    real = InProcess(make(BACKENDS[backend], "cpu", 1))
    probes = importlib.import_module(f"suite.backends.{'pytorch' if backend == 'torch' else 'keras'}_probes").PROBES
    done: Counter = Counter()
    for check in every(depth):
        if like not in check.identity or not names_asked(check) & set(kinds):
            continue
        if backend == "torch" and "lstm-bare_inputs" in check.identity:  # known to end the process
            continue
        true = judge(check, real)
        if true.verdict in ("unsupported", "crash"):
            continue
        wrongs = [true] if true.verdict == "fail" else [judge(check, wrong()) for wrong in WRONG]
        for outcome in wrongs:
            for place, deviation in enumerate(outcome.deviations):
                what = f"{check.identity} {deviation.where.split('[')[0]}"
                kind = (check.name, deviation.where.split("[")[0].split("/")[0])
                if done[what] or done[kind] >= most or outcome.verdict != "fail" or true is outcome and place:
                    continue
                done[what] += 1
                done[kind] += 1
                try:
                    told = outcome.deviations[place : None if true is outcome else place + 1]
                    text = script(outcome.asked, told, "fail", [backend], "", "cpu", check.statement, deviation.message,
                                  check.identity)
                except NoScript as reason:
                    text = f"NONE: {reason}"
                yield what, text, int(true is outcome)
