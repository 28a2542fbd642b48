"""What changed between two runs, or between two subjects: verdicts, deviations, times.

Checks are matched by their id without the subject (`Verdict.check`), so that two versions, devices or backends can be
set side by side. Where both sides hold the same subjects, each is matched with its own name.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reports.findings import amount, named, number, several, versions
from reports.lines import Timing, Verdict
from reports.records import RecordsError, Run, read
from reports.statistics import MARGIN

MUCH = 10.0
"""A deviation that changed by more than this factor is told, even where the verdict is the same."""
HOLDS = frozenset({"pass", "fixed"})
FAILS = frozenset({"fail", "known", "crash", "timeout"})
NO_ANSWER = frozenset({"crash", "timeout"})


class NoSubject(RecordsError):
    """A run holds no record of the subject that was asked for."""


class NothingInCommon(RecordsError):
    """Two runs cannot be matched."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a run, or one subject of it."""

    name: str
    run: Run

    @property
    def told(self) -> str:
        """The side in a line: its name, its subjects with their versions, its time."""
        subjects = ", ".join(f"{named(each)} [{versions(each)}]" for each in self.run.header.subjects)
        return f"{self.name}: {subjects or 'no subject described'}, {self.run.header.time}"


@dataclass(frozen=True)
class Change:
    """A check whose verdict or deviation differs."""

    check: str
    base: Verdict
    new: Verdict


@dataclass(frozen=True)
class TimeChange:
    """A timing whose ratio differs by more than both intervals and `MARGIN`: `changed` is new/base of the ratio."""

    check: str
    base: Timing
    new: Timing
    changed: float


@dataclass(frozen=True)
class Comparison:
    """The differences of two sides. Every common check is in exactly one of the four verdict lists, or the same.

    `common` counts the checks that both sides hold, `answered` those of them that neither side declares unsupported.
    """

    base: Side
    new: Side
    common: int
    answered: int
    newly_failing: tuple[Change, ...]
    newly_passing: tuple[Change, ...]
    changed: tuple[Change, ...]
    deviating: tuple[Change, ...]
    only_base: tuple[str, ...]
    only_new: tuple[str, ...]
    times: tuple[TimeChange, ...]
    timed: int

    @property
    def judged(self) -> bool:
        """Whether anything can be said: both runs are whole, and they share a check that both sides could answer."""
        return self.answered > 0 and not self.base.run.cut_off and not self.new.run.cut_off


def side(text: str | os.PathLike) -> Side:
    """`RUN` or `RUN:SUBJECT` -> its records. SUBJECT is a name or an alias. Raises NoSubject, or what `read` raises."""
    given = os.fspath(text)
    if os.path.exists(given) or ":" not in given:
        return Side(given, read(given))
    folder, _, subject = given.rpartition(":")
    return Side(given, only(read(folder), subject))


def only(run: Run, subject: str) -> Run:
    """The part of a run that is about one subject. Raises NoSubject."""
    described = tuple(each for each in run.header.subjects if subject in (each.get("name"), each.get("alias")))
    names = {each.get("name") for each in described} | {subject}
    verdicts = tuple(each for each in run.verdicts if each.subject in names or each.alias == subject)
    timings = tuple(each for each in run.timings if each.subject in names)
    if not verdicts and not timings:
        here = ", ".join(run.subjects) or "none"
        raise NoSubject(f"No record of subject {subject!r} in {run.folder} (available: {here}).")
    return replace(run, header=replace(run.header, subjects=described), verdicts=verdicts, timings=timings)


def compare(base: Side, new: Side) -> Comparison:
    """The differences between two sides. Raises NothingInCommon where several subjects cannot be told apart."""
    keys = _keys(base.run, new.run)
    before, after = _index(base.run.verdicts, keys[0]), _index(new.run.verdicts, keys[1])
    common = [key for key in before if key in after]
    changes = [Change(key, before[key], after[key]) for key in common]
    failing, passing, changed, deviating = [], [], [], []
    for each in changes:
        was, now = each.base.verdict, each.new.verdict
        if fails_newly(was, now):
            failing.append(each)
        elif was in FAILS and now in HOLDS:
            passing.append(each)
        elif was != now:
            changed.append(each)
        elif _much(each.base.deviation, each.new.deviation, each.new.allowed):
            deviating.append(each)
    timed_before, timed_after = _index(base.run.timings, keys[0]), _index(new.run.timings, keys[1])
    pairs = [(key, timed_before[key], timed_after[key]) for key in timed_before if key in timed_after]
    return Comparison(
        base, new, len(common), sum("unsupported" not in (each.base.verdict, each.new.verdict) for each in changes),
        tuple(failing), tuple(passing), tuple(changed), tuple(deviating),
        tuple(key for key in before if key not in after), tuple(key for key in after if key not in before),
        tuple(each for pair in pairs if (each := _time_change(*pair))), len(pairs),
    )


def fails_newly(was: str, now: str) -> bool:
    """Whether a verdict is worse: what held fails; what was not supported fails; what answered wrongly gives no answer.

    From `known` to `fail` is no such change: it failed before, only the ledger no longer says so.
    """
    if was in HOLDS:
        return now in FAILS
    if was == "unsupported":
        return now in FAILS and now != "known"
    return now in NO_ANSWER and was not in NO_ANSWER


def told(comparison: Comparison, most: int = 20) -> list[str]:
    """The comparison in lines of text; `most` checks of each kind."""
    lines = [f"base {comparison.base.told}", f"new  {comparison.new.told}"]
    lines += [f"{each.name}: {gap}" for each in (comparison.base, comparison.new) for gap in each.run.gaps()]
    lines.append(
        f"{several(comparison.common, 'common check')}: {number(len(comparison.newly_failing))} newly failing, "
        f"{number(len(comparison.newly_passing))} newly passing, {number(len(comparison.changed))} otherwise changed, "
        f"{number(len(comparison.deviating))} with the same verdict and a deviation changed more than {MUCH:g} times; "
        f"{number(len(comparison.only_base))} only in base, {number(len(comparison.only_new))} only in new."
    )
    for title, changes in (
        ("newly failing", comparison.newly_failing), ("newly passing", comparison.newly_passing),
        ("otherwise changed", comparison.changed), ("deviation changed", comparison.deviating),
    ):
        lines += _section(title, [_change(each) for each in changes], most)
    lines += _section("only in base", list(comparison.only_base), min(most, 10))
    lines += _section("only in new", list(comparison.only_new), min(most, 10))
    if comparison.timed:
        rows = [
            f"{each.check}: {each.base.a}/{each.base.b} "
            f"{each.base.ratio:.2f} ({each.base.low:.2f} – {each.base.high:.2f}) -> "
            f"{each.new.ratio:.2f} ({each.new.low:.2f} – {each.new.high:.2f}), {each.changed:.2f} times"
            for each in comparison.times
        ]
        lines += _section(f"ratios of times that changed, of {comparison.timed} common", rows, most) or [
            f"{comparison.timed} common timings: no ratio changed beyond its interval and margin"]
    return lines


def _change(each: Change) -> str:
    what = each.new.message or each.base.message
    numbers = " -> ".join(filter(None, (amount(each.base), amount(each.new))))
    return f"{each.check}: {each.base.verdict} -> {each.new.verdict}" + (f": {what}" if what else "") + (
        f" [{numbers}]" if numbers else "")


def _section(title: str, rows: Sequence[str], most: int) -> list[str]:
    if not rows:
        return []
    left = [f"  … {number(len(rows) - most)} more"] if len(rows) > most else []
    return [f"{title} ({number(len(rows))}):", *(f"  {row}" for row in rows[:most]), *left]


def _keys(base: Run, new: Run) -> tuple[bool, bool]:
    """Whether each side's checks keep their subject's name: not where one subject is set against another."""
    left, right = _who(base), _who(new)
    if len(left) <= 1 and len(right) <= 1:
        return False, False
    if left & right:
        return True, True
    raise NothingInCommon(
        f"No common subject (base: {', '.join(sorted(left)) or 'none'}; new: {', '.join(sorted(right)) or 'none'}): "
        "name one on each side, as RUN:SUBJECT."
    )


def _who(run: Run) -> set[str]:
    return {each.subject for each in (*run.verdicts, *run.timings)}


def _index(records: Iterable, with_subject: bool) -> dict:
    return {f"{each.subject}::{each.check}" if with_subject else each.check: each for each in records}


def _much(before: float | None, after: float | None, allowed: float | None) -> bool:
    """Whether a deviation changed more than `MUCH` times, where it matters: far below the allowed all is rounding."""
    if before is None or after is None or math.isnan(before) or math.isnan(after):
        return (before is None or math.isnan(before)) != (after is None or math.isnan(after))
    small, large = sorted((abs(before), abs(after)))
    if large == small:
        return False
    floor = (allowed or 0.0) / MUCH
    return large > floor and large > MUCH * max(small, floor / MUCH)


def _time_change(check: str, base: Timing, new: Timing) -> TimeChange | None:
    ends = (base.low, base.high, new.low, new.high, base.ratio, new.ratio)
    if any(value is None for value in ends) or not base.ratio or not new.ratio:
        return None
    apart = new.low > base.high * (1 + MARGIN) or new.high * (1 + MARGIN) < base.low
    return TimeChange(check, base, new, new.ratio / base.ratio) if apart else None
