"""What a statement of a family is, and on which variants it is checked.

A statement is a function `check(ask, **variant) -> deviations`, registered by `@statement`. Its variants are rows of a
covering array of its own factors: at `smoke` every value stands in some row, at `full` every pair (or triple) of values does,
at `default` what the statement asks for. The family is the module's name: the group in records and reports.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from typing import Any

import numpy as np

from cases.arrays import DEPTHS
from cases.covering import Row, covering
from cases.invariants.base import REGISTRY as INVARIANTS
from cases.invariants.base import settled
from cases.meeting import told
from cases.plan import Planned
from cases.requests import Deviation, Observation, Refusal, Unsupported


@dataclass(frozen=True)
class Family:
    """One statement of a family.

    factors     name -> values of its variants
    senseless   whether values (a row by name, maybe incomplete) mean nothing together
    usual       name -> fewer values, below `full`: where each costs a compiling framework seconds
    strength    of the covering array at smoke, default and full: 1 each value, 2 each pair
    depth       from which on it is checked at all
    dear        name -> values that a framework that compiles every new model is not asked below `full`
    instead     name -> values that no other framework is asked below `full`, which stand there for those
    sparing     how many of the other variants, the first ones, it is asked there; None: all
    eager       how many more of them where training and prediction alone are compiled, and calls are not
    dense       the strength of the array there at default, where a call costs less there than on other frameworks
    met         rows of default that the array may hold or not: more values that must meet than its strength
    costly      a row takes tenths of a second: where findings hide some, it is asked of no further ones
    """

    name: str
    family: str
    statement: str
    check: Callable[..., Iterable[Deviation]]
    factors: Mapping[str, tuple] = field(default_factory=dict)
    senseless: tuple[tuple[tuple[str, ...], Callable[..., bool]], ...] = ()
    usual: Mapping[str, tuple] = field(default_factory=dict)
    strength: tuple[int, int, int] = (1, 1, 2)
    depth: str = "default"
    source: str = ""
    sparing: int | None = None
    eager: int = 0
    dear: Mapping[str, tuple] = field(default_factory=dict)
    instead: Mapping[str, tuple] = field(default_factory=dict)
    dense: int | None = None
    met: tuple[Row, ...] = ()
    costly: bool = False

    def variants(self, depth: str, sparing: bool = False, eager: bool = False) -> list[Row]:
        """The rows of a depth, in a stable order; none where it is not checked yet. Of a `sparing` plan: those of them, for who
        makes calls `eager`ly some more."""
        if DEPTHS.index(depth) < DEPTHS.index(self.depth):
            return []
        spared = sparing and depth != "full"
        most = None if self.sparing is None else self.sparing + self.eager * eager
        if spared and most == 0:
            return []
        if not self.factors:
            return [{}]
        dense = self.dense if spared and depth == "default" else None
        strength = min(dense or self.strength[DEPTHS.index(depth)], len(self.factors))
        factors = {**self.factors, **(self.usual if depth != "full" else {})}
        rows = covering(f"statement {self.name}", factors, strength, self.senseless)
        if depth == "default":
            rows = [*rows, *(row for row in self.met if row not in rows)]
        if spared:
            return [row for row in rows if not self.is_dear(row)][:most]
        return rows if depth == "full" else [row for row in rows if not has(row, self.instead)]

    def is_dear(self, row: Row) -> bool:
        """Whether a framework that compiles is not asked a row below `full`."""
        return has(row, self.dear)

    def told(self, depth: str, hidden: Callable[[Row], Collection[str]], sparing: bool = False, eager: bool = False) -> list[Row]:
        """The rows of a depth for a subject that shows findings there, whose keys are `hidden`: see `cases.meeting.told`. In a
        `sparing` plan where all rows are hidden one more is asked, where nothing is, if there is one."""
        rows = self.variants(depth, sparing, eager)
        if self.costly or depth == "full":
            return rows
        if sparing:
            clear = (row for row in self.variants(depth) if not self.is_dear(row) and not hidden(row))
            return rows + [*islice(clear, 1)] if rows and all(map(hidden, rows)) else rows
        strength = min(self.strength[DEPTHS.index(depth)], len(self.factors))
        return told(self.name, rows, hidden, {**self.factors, **self.usual}, self.senseless, strength)


def has(row: Row, values: Mapping[str, tuple]) -> bool:
    """Whether some factor has one of the values that are given of it."""
    return any(row[name] in some for name, some in values.items())


REGISTRY: dict[str, Family] = {}


def statement(words: str, factors: Mapping[str, tuple] | None = None, **options: Any):
    """Register the decorated function as a statement of the family that its module is, named after it.

    Raises ValueError when its name or its words are taken, by an invariant too.
    """

    def register(check: Callable[..., Iterable[Deviation]]):
        known = (*REGISTRY.values(), *INVARIANTS.values())
        if taken := [one.name for one in known if one.name == check.__name__ or one.statement == words]:
            raise ValueError(f"statement {check.__name__}: its name or words are those of {taken[0]}")
        family = check.__module__.rsplit(".", 1)[1].replace("_", " ")
        REGISTRY[check.__name__] = Family(check.__name__, family, words, check, factors or {}, **options)
        return check

    return register


def of_subject(
    depth: str, hidden: Callable[[Family, Row], Collection[str]], sparing: bool = False, eager: bool = False,
) -> list[Planned]:
    """Every statement for a subject that shows findings: the keys of those that are `hidden` in a row."""
    return [planned(one, row) for one in sorted(REGISTRY.values(), key=lambda one: (one.family, one.name))
            for row in one.told(depth, partial(hidden, one), sparing, eager)]


@lru_cache(maxsize=8)
def checks(depth: str = "default", sparing: bool = False, eager: bool = False) -> tuple[Planned, ...]:
    """Every statement in every variant of this depth. An identity is NAME::FAMILY-VALUES, stable between runs. A `sparing` plan
    makes fewer, for a framework that compiles, and not so few where it makes calls `eager`ly."""
    return tuple(of_subject(depth, lambda one, row: (), sparing, eager))


def features() -> set[str]:
    """The names of all features that some variant has, at any depth."""
    return {"family"}.union(*(one.factors for one in REGISTRY.values()))


def planned(one: Family, row: Row) -> Planned:
    """The check of one statement in one variant."""

    def run(ask):
        return one.check(ask, **row)

    identity = f"{one.name}::{one.family.replace(' ', '_')}" + "".join(f"-{word(n, v)}" for n, v in sorted(row.items()))
    return Planned(identity, one.name, one.family, one.statement, one.source, "", "", {"family": one.family, **row}, run)


def word(name: str, value: Any) -> str:
    """A value of a variant in an identity: `stateful`, `no_stateful`, `units1`, `lstm`, `mask_none`."""
    if isinstance(value, bool):
        return name if value else f"no_{name}"
    return f"{name}{value}" if isinstance(value, (int, float)) else f"{name}_{value}" if value in ("none", "") else str(value)


def equal(name: str, seen: Any, due: Any, why: str = "") -> list[Deviation]:
    """A deviation where two arrays are not the same, bit for bit, shape and NaN included."""
    seen, due = np.asarray(seen), np.asarray(due)
    where = f"{name}{f' ({why})' if why else ''}"
    if seen.shape != due.shape:
        return [Deviation(name, f"{where}: found shape {seen.shape}, expected {due.shape}")]
    both = (seen == due) | ((seen != seen) & (due != due))
    if both.all():
        return []
    index = tuple(int(i) for i in np.argwhere(~both)[0])
    off = float(abs(float(seen[index]) - float(due[index])))
    words = f"{where}: at {index} found {seen[index]}, expected {due[index]} ({int((~both).sum())} of {both.size} differ)"
    return [Deviation(name, words, off)]


def answered(answer: Observation | Refusal | Unsupported) -> Observation | None:
    """The observation, or None for an error."""
    return answer if isinstance(answer, Observation) else None


def worded(refusal: Refusal) -> list[Deviation]:
    """A deviation where an error says nothing."""
    return [] if refusal.message.strip() else [Deviation("error", f"{refusal.error}: without a word")]


def refused(ask, request: Any, taken: Callable[[Observation], Deviation]) -> list[Deviation]:
    """The deviation `taken` where what must be refused was answered; or of a refusal without a word."""
    answer = ask.answer(request)
    return worded(answer) if isinstance(answer, Refusal) else [taken(settled(answer))]
