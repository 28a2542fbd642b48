"""What a run asked, by family: groups of invariants, scenarios, and every value of every feature, counted by subject.

Data alone: groups, scenarios and features are those of the records; the header's catalogue says which there are, so that what
nobody was asked is seen, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from reports.findings import number
from reports.lines import SEVERITY, Verdict
from reports.records import Run

INVARIANTS, SCENARIOS, OPTIONS = "invariants", "scenarios", "options and executions"
KINDS = (INVARIANTS, SCENARIOS, OPTIONS)
NO_PASS, NOBODY_RUNS, NOBODY_ASKED = "no stack passes", "nobody runs this", "nobody was asked"
MOST_VALUES = 24
"""A feature of more values than these is a size or a text, and not an option."""
SIZES = frozenset({"batch", "time", "features", "units"})


@dataclass(frozen=True)
class Family:
    """One family: its kind, its name, subject -> verdict -> number of checks."""

    kind: str
    name: str
    counts: Mapping[str, Mapping[str, int]]

    @property
    def note(self) -> str:
        """What is worth a word: that no stack passes, that none runs it, that none was asked."""
        verdicts = {name for counted in self.counts.values() for name, count in counted.items() if count}
        if not verdicts:
            return NOBODY_ASKED
        if verdicts == {"unsupported"}:
            return NOBODY_RUNS
        return "" if "pass" in verdicts else NO_PASS

    def told(self, subject: str) -> str:
        """The counts of one subject in words."""
        counted = self.counts.get(subject, {})
        order = ("pass", *SEVERITY[:-2], "unsupported")
        return ", ".join(f"{number(counted[name])} {name}" for name in order if counted.get(name)) or "·"


@lru_cache(maxsize=2)
def families(run: Run) -> tuple[Family, ...]:
    """Every family of a run: groups of invariants, then scenarios, then features' values."""
    options = _options(run)
    found: dict[tuple[str, str], dict[str, Counter]] = {}
    for kind, name in _catalogue(run):
        found.setdefault((kind, name), {})
    for each in run.verdicts:
        for key in _of(each, options):
            found.setdefault(key, {}).setdefault(each.subject, Counter())[each.verdict] += 1
    told = [Family(kind, name, counts) for (kind, name), counts in found.items()]
    return tuple(sorted(told, key=lambda family: (KINDS.index(family.kind), family.name)))


def invariants(run: Run) -> list[Family]:
    """Every invariant, and every claim of a scenario, as a family of its own."""
    found: dict[tuple[str, str], dict[str, Counter]] = {}
    for name in run.header.more.get("catalogue", {}).get("invariants", {}):
        found.setdefault((INVARIANTS, name), {})
    for each in run.verdicts:
        if each.group != "ledger":
            key = (SCENARIOS, f"{each.scenario}/{each.invariant}") if each.scenario else (INVARIANTS, each.invariant)
            found.setdefault(key, {}).setdefault(each.subject, Counter())[each.verdict] += 1
    return [Family(kind, name, counts) for (kind, name), counts in found.items()]


def gaps(run: Run) -> dict[str, list[str]]:
    """What no stack passes, nobody runs, nobody was asked -> the names of invariants, claims and features' values."""
    found: dict[str, list[str]] = {NO_PASS: [], NOBODY_RUNS: [], NOBODY_ASKED: []}
    for family in (*invariants(run), *(each for each in families(run) if each.kind == OPTIONS)):
        if family.note:
            found[family.note].append(family.name)
    return {note: names for note, names in found.items() if names}


def rows(run: Run) -> list[list[str]]:
    """A row a family: kind, name, a cell for each subject, the note."""
    return [[each.kind, each.name, *(each.told(name) for name in run.subjects), each.note] for each in families(run)]


def _of(each: Verdict, options: Mapping[str, frozenset]) -> Iterable[tuple[str, str]]:
    if each.group == "ledger":
        return
    yield (SCENARIOS, each.scenario) if each.scenario else (INVARIANTS, each.group or "other")
    for name, value in each.features.items():
        if not each.scenario and name in options and not isinstance(value, (dict, list)):
            yield OPTIONS, f"{name} = {_word(value)}"


@lru_cache(maxsize=2)
def _options(run: Run) -> dict[str, frozenset]:
    """The features that are options: with several values, but not so many that they are sizes."""
    seen: dict[str, set] = {}
    for each in run.verdicts:
        if not each.scenario:
            for name, value in each.features.items():
                if not isinstance(value, (dict, list)):
                    seen.setdefault(name, set()).add(_word(value))
    for name, values in run.header.more.get("catalogue", {}).get("features", {}).items():
        seen.setdefault(name, set()).update(map(_word, values))
    return {name: frozenset(v) for name, v in seen.items() if name not in SIZES and 1 < len(v) <= MOST_VALUES}


def _catalogue(run: Run) -> Iterable[tuple[str, str]]:
    """What the header says that there is."""
    catalogue, options = run.header.more.get("catalogue", {}), _options(run)
    for group in catalogue.get("invariants", {}).values():
        yield INVARIANTS, group
    for name in catalogue.get("scenarios", ()):
        yield SCENARIOS, name
    for name, values in catalogue.get("features", {}).items():
        for value in values:
            if name in options:
                yield OPTIONS, f"{name} = {_word(value)}"


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
