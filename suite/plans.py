"""What each subject is asked: a plan of its own, which passes by what it does not have and what a finding of the ledger hides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from cases.families import Family, of_subject
from cases.invariants import Case, Invariant
from cases.plan import Planned, plan
from suite.ledger import Known, Named
from suite.settings import Settings
from suite.subjects.subject import Subject


@dataclass(eq=False)
class Plans:
    """The plans of a run's subjects, each made when it is first asked for."""

    settings: Settings
    subjects: list[Subject]
    ledger: tuple[Known, ...]
    _made: dict[tuple, list[Planned]] = field(default_factory=dict)
    _ever: dict[str, Named] = field(default_factory=dict)
    _lacks: dict[tuple[str, Case], bool] = field(default_factory=dict)

    def invariants(self, subject: Subject, sparing: bool) -> list[Planned]:
        """Every invariant's check of one subject, in a sparing plan or not."""
        specification = subject.specification
        if (key := (specification.backend, specification.kind, subject.device, sparing)) not in self._made:
            settings = self.settings
            kernel = None if settings.kernel == "all" else settings.kernel
            self._made[key] = plan(settings.depth, settings.seed, kernel, sparing, partial(self.hidden, subject))
        return self._made[key]

    def statements(self, subject: Subject) -> Sequence[Planned]:
        """Every statement of every family as one subject is asked it."""
        specification = subject.specification

        def hidden(one: Family, row: Mapping[str, object]) -> set[str]:
            return self.findings(subject, one.name, {"family": one.family, **row})

        return of_subject(self.settings.depth, hidden, specification.sparing, specification.eager)

    def hidden(self, subject: Subject, invariant: Invariant, case: Case) -> Collection[str] | None:
        """The findings that a subject shows there, or the first one, where they are compared; None where one of them has no such
        case."""
        found: set[str] = set()
        for one in (self.subjects[0], subject) if invariant.across else (subject,):
            if self.lacks(one, case):
                return None
            found |= self.findings(one, invariant.name, case.features)
        return found

    def lacks(self, subject: Subject, case: Case) -> bool:
        """Whether a subject has no such case."""
        if (key := (subject.specification.kind, case)) not in self._lacks:
            self._lacks[key] = subject.specification.lacks(case.layer, case.plan.mask, case.execution)
        return self._lacks[key]

    def findings(self, subject: Subject, name: str, features: Mapping[str, object]) -> set[str]:
        """The findings, of whatever version, that a subject shows in checks of this name and these features: so each version of
        it is asked the same."""
        backend = subject.specification.backend
        if backend not in self._ever:
            self._ever[backend] = Named(known for known in self.ledger if known.of(backend))
        features = {**features, "device": subject.device}
        return {known.key for known in self._ever[backend].speaking((name,)) if known.holds(features)}
