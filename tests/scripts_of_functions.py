"""Scripts of the questions that families ask, written where a stack is right, as if it had failed, and where it is wrong.

`python -m tests.scripts_of_functions BACKEND` reads lines of FAULT, a tab and STATEMENT;
for each it plants the fault in a process
of its own, asks the checks of that statement, runs the script of the first that fails, and prints how that ended and why.
"""

from __future__ import annotations

import importlib
import io
import os
import runpy
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from functools import lru_cache
from pathlib import Path

import numpy as np

from cases.batches import BatchPlan
from cases.families import checks
from cases.invariants.base import REGISTRY as INVARIANTS
from cases.invariants.base import Case
from cases.layers import Layer
from cases.models import FunctionRequest
from cases.plan import Planned, planned
from cases.requests import Observation
from suite.backends import BACKENDS
from suite.repros import script
from suite.repros.finding import Asked, NoScript
from suite.repros.functions import WRITERS
from suite.subjects.worker import make
from suite.verdicts import Outcome, Replayed, judge
from tests.planted import InProcess
from tests.test_families import Careless, NotANumber, Off, Raising, Silent, Stays

RAGGED = ("pad_sequences_keeps_sequences", "pad_sequence_keeps_sequences", "packing_gives_back", "unpadding_gives_back",
          "packing_refuses")
DEADLY = {("torch", "lstm-bare_inputs")}
"""A part of a check's identity that is known to end the process of a stack."""


class Lenient(InProcess):
    """Takes what must be refused, and answers something else."""

    def answer(self, request):
        seen = super().answer(request)
        return seen if isinstance(seen, Observation) else Observation({"result": np.zeros((2, 2)), "lengths": np.zeros(2)})


class Noting(InProcess):
    """Notes what is asked."""

    def __init__(self):
        super().__init__()
        self.noted: list[Asked] = []

    def answer(self, request):
        seen = super().answer(request)
        self.noted.append(Asked(request, seen))
        return seen


WRONG = (Off, Silent, NotANumber, Stays, Careless, Lenient, Raising)


@lru_cache
def every(depth: str = "default", each: int = 1000, statement: str = "") -> tuple[Planned, ...]:
    """The checks that ask function requests: some of each statement, or of one alone."""
    case, met, found = Case(Layer("lstm", 2, 3), BatchPlan(4, 5)), Counter(), []
    for check in (*checks(depth), *(planned(INVARIANTS[name], case) for name in RAGGED)):
        if statement not in ("", check.name):
            continue
        met[check.name] += 1
        if met[check.name] <= each and names_asked(check) & set(WRITERS):
            found.append(check)
    return tuple(found)


@lru_cache
def in_nobodys_words(one_of: int) -> tuple[Planned, ...]:
    """Checks that ask function requests of which nobody has put any in words: the first of one statement in so many."""
    some = {check.name: check for check in reversed(checks("default")) if zlib.crc32(check.name.encode()) % one_of == 0}
    return tuple(check for _, check in sorted(some.items()) if (asked := names_asked(check)) and not asked & set(WRITERS))


def names_asked(check: Planned) -> set[str]:
    """The names of the function requests that a check asks of the reference."""
    subject = Noting()
    judge(check, subject)
    return {each.request.name for each in subject.noted if isinstance(each.request, FunctionRequest)}


def told(check: Planned, outcome: Outcome, backend: str, place: int = 0, stop: int | None = None, cut: bool = True) -> str:
    """The script of a failed check, for some of its deviations. `NONE: why` where there is none. cut: whether the lines that ask
    may be cut out, of a subject that answers as the stack does."""
    try:
        return script(outcome.asked, outcome.deviations[place:stop], "fail", [backend], "", "cpu", check.statement,
                      outcome.deviations[place].message, check.identity,
                      (lambda asked: judge(check, Replayed(asked)).deviations) if cut else None)
    except NoScript as reason:
        return f"NONE: {reason}"


def scripts(backend: str, some: Sequence[Planned], most: int = 2, own: bool = False) -> Iterator[tuple[str, str, int]]:
    """What is shown, its script, and how that must end: where the stack passes a check, one for each kind of array that a wrong
    subject gives reason to show, which must exit 0; where it fails, its own. most: how many of one kind of array a statement.
    own: wrong is what the stack itself answers, changed; else the reference."""
    real, done = InProcess(make(BACKENDS[backend], "cpu", 1)), Counter()
    for check in some:
        if any(backend == one and part in check.identity for one, part in DEADLY):
            continue
        true = judge(check, real)
        if true.verdict == "fail":
            yield check.identity, told(check, true, backend), 1
        if true.verdict != "pass":
            continue
        for wrong in WRONG:
            subject = wrong()
            subject.backend = real.backend if own else subject.backend
            outcome = judge(check, subject)
            for place, deviation in enumerate(outcome.deviations if outcome.verdict == "fail" else ()):
                kind = check.name, deviation.where.split("[")[0].split("/")[0]
                if done[kind] < most:
                    done[kind] += 1
                    yield f"{check.identity} {deviation.where}", told(check, outcome, backend, place, place + 1, own), 0


def forked(function: Callable[[], str]) -> str:
    """What a function says in a process of its own."""
    end, start = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = function()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(start, said.encode()[:50_000])
        os._exit(0)
    os.close(start)
    with open(end, "rb") as answer:
        found = answer.read().decode()
    os.waitpid(child, 0)
    return found


def shown(backend: str, fault, statement: str) -> str:
    """Plant a fault; how the script ended of the first check of a statement that fails and has one, and what it said."""
    folder = Path(tempfile.mkdtemp())
    fault.plant(folder)
    real = InProcess(make(BACKENDS[backend], "cpu", 1))
    why = "no check fails"
    for check in every(statement=statement):
        outcome = judge(check, real)
        if outcome.verdict == "fail":
            why = text = told(check, outcome, backend)
            if text.startswith("NONE"):
                continue
            path = folder / "script.py"
            path.write_text(text)
            said = io.StringIO()
            try:
                with redirect_stdout(said):
                    runpy.run_path(str(path), run_name="__main__")
                status = 0
            except SystemExit as end:
                status = end.code
            return f"{status} {' '.join(said.getvalue().split())[:300]}"
    return why


def main(backend: str) -> None:
    """See above."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    if backend != "torch":
        os.environ["KERAS_BACKEND"] = backend.removeprefix("keras-")
        importlib.import_module("keras")
        sys.modules.setdefault("tensorflow", None)  # else every error imports it
    importlib.import_module("torch").set_num_threads(1)
    from tests.faults.__main__ import FAULTS

    for line in sys.stdin.read().splitlines():
        name, statement = line.split("\t")
        fault = next(fault for fault in FAULTS if fault.name == name and fault.subject == backend)
        print(line, forked(lambda fault=fault, statement=statement: shown(backend, fault, statement)), sep="\t", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
