"""One line of a run's file: header, verdict, timing, exploration, end. Each value and its line of JSON are a pair.

JSON has no NaN and no infinity. They are written as the strings "NaN", "Infinity" and "-Infinity", which Python's
`float`, JavaScript's `Number` and `pandas.read_json(..., lines=True)` all turn back into the numbers. Number fields are
turned back on reading; a further key (`more`) is left as it was found.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

SCHEMA = 1
VERDICTS = ("pass", "fail", "known", "fixed", "unsupported", "crash", "timeout")
NEW = ("crash", "timeout", "fail", "fixed")
"""The verdicts that make a run fail: what the ledger does not know, worst first."""
SEVERITY = (*NEW, "known", "unsupported", "pass")
"""All verdicts, worst first."""
TIMING_VERDICTS = ("faster", "slower", "equivalent", "inconclusive", "not comparable", "unsupported")
MOST_DEVIATIONS = 5


class Record:
    """What all lines share: `to_line` and `from_line` are a pair."""

    kind: typing.ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The fields, `kind` first, further keys last, as builtins that JSON knows."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "more"}
        return plain({"kind": self.kind, **named, **self.more})

    def to_line(self) -> str:
        """One line of JSON, without the line's end."""
        return json.dumps(self.to_json(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: Mapping[str, Any]):
        """The value that `to_json` made this from. Raises ValueError where a field is missing."""
        known, numbers = {f.name for f in fields(cls)} - {"more"}, _numbers(cls)
        given = {name: _number(value) if name in numbers else value for name, value in line.items() if name in known}
        more = {name: value for name, value in line.items() if name not in known and name != "kind"}
        try:
            return cls(**given, more=more)
        except TypeError as problem:
            raise ValueError(f"a line of kind {cls.kind!r}: {str(problem).replace('__init__() ', '')}") from None


@dataclass(frozen=True)
class Header(Record):
    """The first line of a run: where, when and with what.

    time       when it began, ISO 8601 with the offset
    machine    name -> value, free
    settings   name -> value: every option of the run
    commit     of the project, or ""
    subjects   a mapping each: name, alias, backend, versions {distribution: version}, device, threads, python, padding,
               compiled (`quickly`, or nothing: as users do)
    missing    a mapping each: name, reason: what could have been asked and is not here
    ledger     key -> mapping: title, reason, issue, versions, condition … of the known failures, for readers
    scenarios  name -> mapping: title, text: the documented scenarios, for readers
    """

    time: str
    machine: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    commit: str = ""
    subjects: tuple[Mapping[str, Any], ...] = ()
    missing: tuple[Mapping[str, Any], ...] = ()
    ledger: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scenarios: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    schema: int = SCHEMA
    more: Mapping[str, Any] = field(default_factory=dict)
    kind = "run"

    def __post_init__(self):
        for name in ("subjects", "missing"):
            object.__setattr__(self, name, tuple(getattr(self, name)))


@dataclass(frozen=True)
class Verdict(Record):
    """The outcome of one check.

    id           `SUBJECT::rest`; rest is the same for every subject, run and version
    kernel       what was asked for; `kernel_ran` is what ran, in the framework's own words
    features     a flat mapping: the options of layer, batch and execution
    deviation    the worst deviation, and how much was `allowed`; None where nothing was measured
    deviations   mappings (where, message, deviation, allowed), the first five
    known        the ledger's key, or None
    repro        the file with the script, relative to the run's folder, or None
    seconds      the time that the check took
    source       where the statement comes from, or where a document is wrong about it
    says         what a document says about it, or ""
    notes        mappings (name, value, figure): what was found, whatever the verdict. A value is text, a number, a curve
                 {"x": [...], "y": [...]}, a table {"head": [...], "rows": [...]} or a picture {"image": rows of numbers
                 from 0 to 1}; curves of one figure are drawn together
    """

    id: str
    subject: str
    invariant: str
    verdict: str
    backend: str = ""
    version: str = ""
    device: str = "cpu"
    kernel: str = ""
    kernel_ran: str = ""
    alias: str = ""
    group: str = ""
    statement: str = ""
    scenario: str | None = None
    layer: str = ""
    batch: str = ""
    features: Mapping[str, Any] = field(default_factory=dict)
    deviation: float | None = None
    allowed: float | None = None
    message: str = ""
    deviations: tuple[Mapping[str, Any], ...] = ()
    known: str | None = None
    repro: str | None = None
    seconds: float = 0.0
    source: str = ""
    says: str = ""
    notes: tuple[Mapping[str, Any], ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    kind = "verdict"

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict={self.verdict!r} of {self.id}: expected one of {', '.join(VERDICTS)}")
        object.__setattr__(self, "deviations", tuple(map(_deviation, self.deviations[:MOST_DEVIATIONS])))
        object.__setattr__(self, "notes", tuple(self.notes))

    @property
    def check(self) -> str:
        """The id without its subject: what is the same check for another subject, run or version."""
        return self.id.partition("::")[2] or self.id


@dataclass(frozen=True)
class Timing(Record):
    """Two kernels (or subjects) timed in pairs. `ratio` is b/a: how many times faster `a` is; (`low`, `high`) is its
    95 % interval; `seconds_a` and `seconds_b` are medians of one pass; `self_ratio` is a against a: noise alone."""

    id: str
    subject: str
    workload: str
    cell: str
    a: str
    b: str
    verdict: str
    # `pass` is a word of Python's own, so the field is `pass_` here and `pass` in the file
    pass_: str = "forward"
    kernel_ran_a: str = ""
    kernel_ran_b: str = ""
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    seconds_a: float | None = None
    seconds_b: float | None = None
    rounds: int = 0
    self_ratio: float | None = None
    note: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    kind = "timing"

    def __post_init__(self):
        if self.verdict not in TIMING_VERDICTS:
            raise ValueError(f"verdict={self.verdict!r} of {self.id}: expected one of {', '.join(TIMING_VERDICTS)}")

    @property
    def check(self) -> str:
        """The id without its subject."""
        return self.id.partition("::")[2] or self.id

    def to_json(self) -> dict[str, Any]:
        """The fields, `pass_` under its name in the file."""
        line = super().to_json()
        return {"pass" if name == "pass_" else name: value for name, value in line.items()}

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Timing:
        """The value that `to_json` made this from. Raises ValueError where a field is missing."""
        return super().from_json({"pass_" if name == "pass" else name: value for name, value in line.items()})


@dataclass(frozen=True)
class Exploration(Record):
    """A random search of one subject. What it found are verdicts of their own.

    planned, draws   how many cases were to be drawn and asked, and how many were
    seed             of the draws
    counts           invariant -> verdict -> number of checks, of all draws
    new, known       ids of the verdicts that it added: what the ledger does not know, shrunk; an example of each entry
    replayed         how many failures of earlier searches failed again
    unshrunk         how many of `new` are shown as they were drawn
    """

    subject: str
    planned: int
    draws: int
    seed: int = 0
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    new: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    replayed: int = 0
    unshrunk: int = 0
    seconds: float = 0.0
    more: Mapping[str, Any] = field(default_factory=dict)
    kind = "exploration"

    def __post_init__(self):
        for name in ("new", "known"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def total(self) -> dict[str, int]:
        """verdict -> number of checks."""
        return dict(sum((Counter(counted) for counted in self.counts.values()), Counter()))


@dataclass(frozen=True)
class End(Record):
    """The last line: what was counted, so that a reader can see that nothing was lost.

    counts    subject -> verdict -> number of lines · planned: subject -> number of planned checks
    seconds   in all · in the frameworks · in the harness · exit: the exit status of the run
    explored  the subjects that were to be explored
    """

    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    planned: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    seconds_frameworks: float = 0.0
    seconds_harness: float = 0.0
    exit: int = 0
    explored: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    kind = "end"

    def __post_init__(self):
        object.__setattr__(self, "explored", tuple(self.explored))


KINDS: Mapping[str, type] = {kind.kind: kind for kind in (Header, Verdict, Timing, Exploration, End)}


def plain(value: Any) -> Any:
    """`value` as JSON knows it, and as it is read again: see the module's docstring for NaN and infinities."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a numpy scalar, without importing numpy
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset, types.GeneratorType)):
        return [plain(item) for item in value]
    return plain(asdict(value)) if hasattr(value, "__dataclass_fields__") else str(value)


def _number(value: Any) -> Any:
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


_NUMBERS: dict[type, frozenset[str]] = {}


def _numbers(kind: type) -> frozenset[str]:
    """The fields of a record that hold a float."""
    if kind not in _NUMBERS:
        _NUMBERS[kind] = frozenset(f.name for f in fields(kind) if "float" in str(f.type))
    return _NUMBERS[kind]


def _deviation(item: Any) -> Mapping[str, Any]:
    named = item if isinstance(item, Mapping) else asdict(item)
    return {name: _number(value) if name in ("deviation", "allowed") else value for name, value in named.items()}
