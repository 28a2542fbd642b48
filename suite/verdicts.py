"""From a planned check and a subject to a verdict: pass, fail, unsupported, crash or timeout.

Whether a failure is `known`, or a known one is `fixed`, is the ledger's word (suite.ledger).
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cases.apart import raised
from cases.invariants.base import NotSupported, Refused, settled
from cases.plan import Planned
from cases.requests import Deviation, Note, Observation, Refusal, Unsupported, digest, first_line
from cases.tolerance import Nearest, measuring
from suite.malformed import malformed
from suite.repros.finding import Asked
from suite.subjects.interpreter import Broken, Died, TimedOut

FAILED = ("fail", "crash", "timeout")
BAD = (*FAILED, "fixed")
VERDICTS = ("pass", "fail", "known", "fixed", "unsupported", "crash", "timeout")


@dataclass(frozen=True)
class Outcome:
    """What came of one check: the deviations, worst first; what it noted for the report; `seconds` in all and inside the
    framework; the kernels that ran; where the framework failed, what was asked; its script, or why there is none; where it
    passed, how `near` it came to what is allowed."""

    verdict: str
    message: str = ""
    deviations: tuple[Deviation, ...] = ()
    notes: tuple[Note, ...] = ()
    seconds: float = 0.0
    framework_seconds: float = 0.0
    kernels: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()
    script: str = ""
    no_script: str = ""
    near: Nearest = field(default_factory=Nearest)

    @property
    def worst(self) -> Deviation | Nearest:
        """The worst deviation; where there is none, what came nearest to being one."""
        return self.deviations[0] if self.deviations else self.near


def severity(deviation: Deviation) -> float:
    """How many times more than allowed; NaN is worst."""
    if math.isnan(deviation.deviation):
        return math.inf
    return deviation.deviation / deviation.allowed if deviation.allowed else math.inf


class Asking:
    """A subject as one check asks it: notes what was asked, and which kernels ran."""

    def __init__(self, subject: Any, place: int, kernels: list[str], asked: list[Asked]):
        self._subject, self._place, self._kernels, self._asked = subject, place, kernels, asked

    def answer(self, request: Any) -> Observation | Refusal | Unsupported:
        """Whatever comes back."""
        self._asked.append(Asked(request, None, self._place))
        answer = self._subject.answer(request)
        self._asked[-1] = Asked(request, answer, self._place)
        if isinstance(answer, Observation) and answer.kernel not in self._kernels:
            self._kernels.append(answer.kernel)
        return answer

    def __call__(self, request: Any) -> Observation:
        return settled(self.answer(request))


def judge(check: Planned, *subjects: Any) -> Outcome:
    """Run one check. Errors of the framework, of the adapter, of the process and of the check itself become verdicts."""
    began, inside = time.perf_counter(), sum(subject.seconds for subject in subjects)
    kernels: list[str] = []
    asked: list[Asked] = []
    notes: list[Note] = []
    near = Nearest()

    def outcome(verdict: str, message: str = "", deviations: tuple[Deviation, ...] = (), ours: bool = False) -> Outcome:
        spent = sum(subject.seconds for subject in subjects) - inside
        kept = () if ours or verdict not in FAILED else tuple(asked)
        return Outcome(
            verdict, message, deviations, tuple(notes), time.perf_counter() - began, spent, tuple(kernels), kept,
            near=near if verdict == "pass" else Nearest(),
        )

    for subject in subjects:
        if subject.absent:
            return outcome("unsupported", subject.absent)
        if subject.broken:
            return outcome("crash", subject.broken)
    try:
        asks = [Asking(subject, place, kernels, asked) for place, subject in enumerate(subjects)]
        with measuring() as near:
            found = list(check.run(*asks))
        notes += [each for each in found if isinstance(each, Note)]
        deviations = tuple(sorted((d for d in found if not isinstance(d, Note)), key=severity, reverse=True))
    except NotSupported as reason:
        return outcome("unsupported", str(reason))
    except Refused as error:
        told = raised(error.refusal)
        return outcome("fail", told.message, (told,))
    except Died as error:
        return outcome("crash", str(error))
    except TimedOut as error:
        return outcome("timeout", str(error))
    except Broken as error:
        said = f"the adapter failed, which says nothing about the framework: {last_line(str(error))}"
        return outcome("crash", said, ours=True)
    except Exception as error:
        if deviations := malformed(asked):
            return outcome("fail", deviations[0].message, deviations)
        said = f"the check itself failed, which is our mistake: {type(error).__name__}: {first_line(str(error), 400)}"
        return outcome("crash", said, ours=True)
    if deviations:
        return outcome("fail", deviations[0].message, deviations)
    return outcome("pass")


class Replayed:
    """A subject that answers what was asked as is told here."""

    absent = broken = ""
    seconds = 0.0

    def __init__(self, asked: Sequence[Asked]):
        self._answers = {digest(each.request): each.answer for each in asked}

    def answer(self, request: Any) -> Observation | Refusal | Unsupported:
        """Whatever came back, or is said to have."""
        return self._answers[digest(request)]


def last_line(text: str) -> str:
    """The last line that says something: of a traceback, the error."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")[:400]
