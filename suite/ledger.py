"""The ledger of known failures: strict, and conditional on subject, version and feature.

One entry is one finding (a root cause), in TOML:

    [[known]]
    key = "short-name"                       unique
    title = "one sentence: what is wrong"
    severity = "wrong numbers"               one of SEVERITIES
    subject = ["keras-jax"]                  backends, as shell patterns
    versions = {keras = ">=3.0,<=3.15.1"}    by distribution
    invariant = ["padding_follows_*"]        invariants or scenario/claim that fail, always, as shell patterns
    sometimes = ["unrolled_is_*"]            and those that may fail or pass there: what follows, as the numbers have it
    when = {mask = ["left", "gaps"], states = true}          features that must hold, each one value or several
    unless = [{cell = "gru", reset_after = true}]            none of these may hold
    message = "regular expression"           what the failure must say (optional)
    deviates = ["outputs: differs", "gradients/*"]   all that may be wrong there (optional): see suite.signs
    reason = "why it is wrong"
    issue = "https://… or 'not reported'"

    [[known.also]]                           the same finding elsewhere: subject, invariant, sometimes, when, unless,
    invariant = ["states_match_reference"]   message or deviates of its own
    when = {layers = 2}

A failing check that an entry matches is `known`. Where it shows more than the entry says `deviates`, and no other entry that
covers it explains the rest, it is a failure: a known fault hides no other. A passing one that an entry says fails always is
`fixed`, which is an error until the ledger is mended: so conditions are as narrow as they are true. An entry none of whose checks
fails is one, too.

The suite's own ledger was written for the versions in `constraints.txt`. Of what is newer than these nobody knows what was
mended: an entry that speaks of the newest version explains failures of a later one, too, but none has to fail there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from cases.requests import Deviation
from suite.backends import BACKENDS
from suite.near import hint
from suite.signs import explained, signs
from suite.verdicts import FAILED, Outcome

SEVERITIES = (
    "wrong numbers", "wrong gradients", "lost mask", "error on valid input", "no error on wrong input", "crash",
    "divergence",
)
ELSEWHERE = {"subject", "invariant", "sometimes", "when", "unless", "message", "deviates"}
SEVERAL = {"subject", "invariant", "sometimes", "deviates"}
"""What may be one pattern or several."""
KEYS = {"key", "title", "severity", "versions", "reason", "issue", "also", *ELSEWHERE}
NEEDED = {"key", "title", "severity", "subject", "versions", "reason", "issue"}


class BadLedger(ValueError):
    """A ledger that cannot be read."""


@dataclass(frozen=True)
class Form:
    """The form of a value of an entry, and its words."""

    words: str
    right: Callable[[Any], bool]


def is_text(value: Any) -> bool:
    """Whether it is words."""
    return isinstance(value, str) and bool(value.strip())


def is_condition(value: Any) -> bool:
    """Whether it is a table of features, each with a value or several."""
    return isinstance(value, dict) and bool(value) and all(
        not isinstance(wanted, dict) and wanted != [] for wanted in value.values()
    )


def are_patterns(value: Any) -> bool:
    """Whether it is one pattern or several."""
    return isinstance(value, (list, tuple)) and bool(value) and all(map(is_text, value))


def are_ranges(value: Any) -> bool:
    """Whether it is a table of distributions, each with a range of versions in words."""
    return isinstance(value, dict) and all(isinstance(wanted, str) for wanted in value.values())


TEXT = Form("words", is_text)
PATTERNS = Form("a pattern, or several", are_patterns)
FORMS: Mapping[str, Form] = {
    "key": TEXT, "title": TEXT, "reason": TEXT, "issue": TEXT, "message": TEXT,
    **dict.fromkeys(SEVERAL, PATTERNS),
    "versions": Form('a table, distribution = "range"', are_ranges),
    "when": Form("a table, feature = value", is_condition),
    "unless": Form(
        "a table, feature = value, or several", lambda value: isinstance(value, list) and all(map(is_condition, value))
    ),
}


@dataclass(frozen=True)
class Known:
    """One finding in one place: what is known to fail, where, and why. What an entry says under `also` is a `Known` of the
    same key."""

    key: str
    title: str
    severity: str
    subject: tuple[str, ...]
    versions: Mapping[str, str]
    reason: str
    issue: str
    invariant: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()
    when: Mapping[str, Any] = field(default_factory=dict)
    unless: tuple[Mapping[str, Any], ...] = ()
    message: str = ""
    deviates: tuple[str, ...] = ()
    newest: Mapping[str, str] = field(default_factory=dict)
    """The newest versions that its ledger was written for, by distribution."""
    newer: bool = False
    """Whether it is asked of newer ones: what fails is known, and nothing has to fail."""

    def of(self, backend: str) -> bool:
        """Whether the entry speaks of this backend, in some versions."""
        return any(fnmatchcase(backend, pattern) for pattern in self.subject)

    def concerns(self, backend: str, versions: Mapping[str, str]) -> bool:
        """Whether the entry speaks of this backend in these versions."""
        return self.of(backend) and all(
            name in versions and within(versions[name], wanted) for name, wanted in self.versions.items()
        )

    def at(self, backend: str, versions: Mapping[str, str]) -> Known | None:
        """The entry as it speaks of this backend in these versions, if it does."""
        if self.concerns(backend, versions):
            return self
        clipped = {name: older(version, self.newest.get(name, version)) for name, version in versions.items()}
        return replace(self, newer=True) if self.concerns(backend, clipped) else None

    def covers(self, names: Iterable[str], features: Mapping[str, Any]) -> bool:
        """Whether the entry speaks of a check with one of these names and these features."""
        return self.names(names) and self.holds(features)

    def holds(self, features: Mapping[str, Any]) -> bool:
        """Whether a check with these features meets its conditions."""
        return holds(self.when, features) and not any(holds(no, features) for no in self.unless)

    def names(self, names: Iterable[str]) -> bool:
        """Whether the entry speaks of checks with one of these names, on some conditions."""
        return any(matches(name, (*self.invariant, *self.sometimes)) for name in names)

    def always(self, names: Iterable[str]) -> bool:
        """Whether what it covers by one of these names fails always."""
        return any(matches(name, self.invariant) for name in names)


class Named:
    """Entries by the names that they speak of."""

    def __init__(self, entries: Iterable[Known]):
        self.entries = tuple(entries)
        self._exact: dict[str, list[int]] = {}
        self._open: list[int] = []
        self._found: dict[tuple[str, ...], tuple[Known, ...]] = {}
        for place, known in enumerate(self.entries):
            for name in dict.fromkeys((*known.invariant, *known.sometimes)):
                self._exact.setdefault(name, []).append(place)
            if open_ones((*known.invariant, *known.sometimes)):
                self._open.append(place)

    def speaking(self, names: tuple[str, ...]) -> tuple[Known, ...]:
        """Those that speak of checks with one of these names, on some conditions, in their order."""
        if names not in self._found:
            places = {place for name in names for place in self._exact.get(name, ())}
            places |= {place for place in self._open if self.entries[place].names(names)}
            self._found[names] = tuple(self.entries[place] for place in sorted(places))
        return self._found[names]


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name is one of those that the patterns speak of."""
    return name in patterns or any(fnmatchcase(name, pattern) for pattern in open_ones(patterns))


@cache
def open_ones(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Those of them that speak of more than one name."""
    return tuple(pattern for pattern in patterns if not {"*", "?", "["}.isdisjoint(pattern))


def within(version: str, wanted: str) -> bool:
    """Whether a version is one of those wanted. What is no version (`absent`, a name of a branch) is in no range."""
    try:
        return SpecifierSet(wanted, prereleases=True).contains(version.split("+")[0])
    except InvalidVersion:
        return False


@lru_cache
def older(version: str, other: str) -> str:
    """The older of two versions; the first one where it is no version."""
    try:
        return min(version, other, key=lambda each: Version(each.split("+")[0]))
    except InvalidVersion:
        return version


def written_for(path: Path) -> dict[str, str]:
    """The versions that a file of constraints names, by distribution."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def holds(condition: Mapping[str, Any], features: Mapping[str, Any]) -> bool:
    """Whether every feature named has the value, or one of the values, given for it."""
    for name, wanted in condition.items():
        values = wanted if isinstance(wanted, (list, tuple)) else [wanted]
        if name not in features or not any(same(features[name], value) for value in values):
            return False
    return True


def same(one: Any, other: Any) -> bool:
    """Equal, and not by Python's accident that True == 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def read(path: Path, taken: Collection[str] = (), newest: Mapping[str, str] | None = None) -> tuple[Known, ...]:
    """The entries of a ledger; `taken` are the keys of others, `newest` the newest versions that it was written for. Raises
    BadLedger with the file, the entry and what is wrong with it."""
    try:
        with open(path, "rb") as file:
            parsed = tomllib.load(file)
    except OSError as error:
        raise BadLedger(f"ledger {path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadLedger(f"ledger {path}: not TOML: {error}") from None
    if extra := set(parsed) - {"known"}:
        raise BadLedger(f"ledger {path}: unknown table {sorted(extra)}; entries are [[known]]")
    known = parsed.get("known", [])
    if not (isinstance(known, list) and all(isinstance(raw, dict) for raw in known)):
        raise BadLedger(f"ledger {path}: entries are [[known]], in two brackets")
    keys = [raw.get("key") for raw in known]
    if twice := {k for k in (*keys, *taken) if k and [*keys, *taken].count(k) > 1}:
        raise BadLedger(f"ledger {path}: key used twice: {', '.join(sorted(twice))}")
    places = (place for number, raw in enumerate(known, 1) for place in entry(path, number, raw))
    return tuple(replace(place, newest=dict(newest or {})) for place in places)


def entry(path: Path, number: int, raw: Mapping[str, Any]) -> tuple[Known, ...]:
    """One entry, checked: its first place, then those of `also`, each with the first one's words."""
    where = f"ledger {path}, entry {number} ({raw.get('key', 'without key')})"
    first = {name: value for name, value in raw.items() if name != "also"}
    also = raw.get("also", [])
    if not (isinstance(also, list) and all(isinstance(more, dict) for more in also)):
        raise BadLedger(f"{where}: further places are [[known.also]], in two brackets")
    shared = {name: value for name, value in first.items() if name not in ELSEWHERE - {"subject"}}
    for more in also:
        if extra := set(more) - ELSEWHERE:
            raise BadLedger(f"{where}, also: unknown {', '.join(sorted(extra))} (known: {', '.join(sorted(ELSEWHERE))})")
    return tuple(place(where, values) for values in (first, *({**shared, **more} for more in also)))


def place(where: str, raw: Mapping[str, Any]) -> Known:
    """One place of an entry, checked."""
    if lacking := NEEDED - set(raw):
        raise BadLedger(f"{where}: missing {', '.join(sorted(lacking))}")
    if extra := set(raw) - KEYS:
        raise BadLedger(f"{where}: unknown {', '.join(sorted(extra))} (known: {', '.join(sorted(KEYS))})")
    if "invariant" not in raw and "sometimes" not in raw:
        raise BadLedger(f"{where}: missing invariant: which checks fail?")
    if raw["severity"] not in SEVERITIES:
        raise BadLedger(f"{where}: severity {raw['severity']!r}: expected one of {', '.join(SEVERITIES)}")
    values = dict(raw)
    for name in SEVERAL & set(raw):
        values[name] = (raw[name],) if isinstance(raw[name], str) else raw[name]
    values["unless"] = [raw["unless"]] if isinstance(raw.get("unless"), dict) else raw.get("unless", [])
    for name, expected in FORMS.items():
        if name in values and not expected.right(values[name]):
            raise BadLedger(f"{where}: {name} = {raw[name]!r}: expected {expected.words}")
    try:
        for wanted in values["versions"].values():
            SpecifierSet(wanted)
        re.compile(values.get("message", ""))
    except (InvalidSpecifier, re.error) as error:
        raise BadLedger(f"{where}: {error}") from None
    for pattern in values["subject"]:
        if ":" not in pattern and not any(fnmatchcase(backend, pattern) for backend in BACKENDS):
            known = f"(known: {', '.join(BACKENDS)}, or MODULE:CLASS)"
            raise BadLedger(f"{where}: no backend is named {pattern!r}{hint(pattern, BACKENDS)} {known}")
    several = {*SEVERAL, "unless"} & set(values)
    return Known(**{**values, **{name: tuple(values[name]) for name in several}})


def consult(
    entries: Iterable[Known], names: Iterable[str], features: Mapping[str, Any], outcome: Outcome
) -> tuple[str, Known | None]:
    """The final verdict and the entry that made it; a verdict that is bad has an entry where that explains a part of what was
    found. `entries` are those that concern the subject, or of these the ones that speak of such checks."""
    names = tuple(names)
    covering = [known for known in entries if known.covers(names, features)]
    if outcome.verdict == "pass":
        fixed = next((known for known in covering if known.always(names) and not known.newer), None)
        return ("fixed", fixed) if fixed else ("pass", None)
    if outcome.verdict not in FAILED:
        return outcome.verdict, None
    known = next((each for each in covering if re.search(each.message, outcome.message)), None)
    return ("known" if known and not further(known, covering, outcome) else outcome.verdict), known


def further(known: Known, covering: Iterable[Known], outcome: Outcome) -> list[Deviation]:
    """What is wrong beside what an entry explains, and beside what others that cover the same check do, worst first."""
    if not known.deviates:
        return []
    others = [each for each in covering if each is not known]
    return [
        deviation for shown, deviation in signs(outcome)
        if not explained(shown, known.deviates)
        and not any(explained(shown, each.deviates) and re.search(each.message, deviation.message) for each in others)
    ]


def told_first(entries: Iterable[Known], names: Iterable[str], features: Mapping[str, Any], outcome: Outcome) -> Outcome:
    """An outcome as it is told: where a known finding explains a part of it, what it does not explain comes first."""
    verdict, known = consult(entries, names, features, outcome)
    if known is None or verdict not in FAILED:
        return outcome
    new = further(known, [each for each in entries if each.covers(names, features)], outcome)
    rest = tuple(deviation for deviation in outcome.deviations if deviation not in new)
    first = new if outcome.deviations else []  # of a process that died there are none
    return replace(outcome, message=f"known as {known.key}, and more: {new[0].message}", deviations=(*first, *rest))
