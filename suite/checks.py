"""What is planned, and whom it asks: a check, or a search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cases.plan import Planned
from suite.subjects.subject import Subject

EXPLORE = "explore"
A_CLAIM = 6
"""What a claim of a scenario takes, in checks of other kinds: about that at `default`."""


@dataclass(frozen=True)
class Check:
    """A planned check and whom it asks: one subject, or one and another. Prints itself as its id."""

    planned: Planned
    subject: Subject
    other: Subject | None = None

    def __str__(self) -> str:
        return f"{self.subject.name}::{self.planned.identity}" + (f"::{self.other.name}" if self.other else "")

    @property
    def names(self) -> tuple[str, ...]:
        """What the ledger may call it."""
        plain = self.planned.name
        return (plain, f"{self.planned.scenario}/{plain}") if self.planned.scenario else (plain,)

    @property
    def features(self) -> Mapping[str, object]:
        """What the ledger's conditions speak of."""
        return {**self.planned.features, "device": self.subject.device,
                **({"other": self.other.specification.backend} if self.other else {})}

    @property
    def unit(self) -> str:
        """What it shares layers and answers with: the scenario, the layer, or the family."""
        return self.planned.scenario or self.planned.layer or self.planned.group

    @property
    def part(self) -> int:
        """In which part of the plan it is: families, layers, scenarios, as pytest collects them."""
        return 2 if self.planned.scenario else 1 if self.planned.layer else 0

    @property
    def cost(self) -> int:
        """Roughly what it takes, to share checks out by."""
        return A_CLAIM if self.planned.scenario else 1

    @property
    def compiled(self) -> bool:
        """Whether the subject is one of those that compile, and take the longest."""
        return self.subject.specification.sparing


@dataclass(frozen=True)
class Exploring:
    """A planned search of one subject. Prints itself as its id."""

    subject: Subject

    def __str__(self) -> str:
        return f"{self.subject.name}::{EXPLORE}"

    unit, part, cost, compiled = EXPLORE, 3, 10_000, False


def units(checks: Iterable[Check | Exploring]) -> list[list[Check | Exploring]]:
    """The checks by what they share layers and answers with, part after part, the dearest first, each unit's in the order that
    they have."""
    found: dict[tuple[int, str], list[Check | Exploring]] = {}
    for check in checks:
        found.setdefault((check.part, check.unit), []).append(check)
    return [found[key] for key in sorted(found, key=lambda key: (key[0], -sum(check.cost for check in found[key])))]


def in_turn(checks: Iterable[Check]) -> dict[str, int]:
    """By what each check prints: its place, subject after subject, in the order in which lanes come to them."""
    by_subject: dict[str, list[Check]] = {}
    for check in checks:
        by_subject.setdefault(check.subject.name, []).append(check)
    return {str(check): turn for turn, check in enumerate(
        check for own in by_subject.values() for unit in units(own) for check in unit)}


def asked_of(double: Subject, check: Check | Exploring) -> Check | Exploring:
    """The check, asked of another interpreter of its subject."""
    return replace(check, subject=double)
