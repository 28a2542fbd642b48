"""What a run found: new failures worst first, known findings by ledger entry, ratios of times, and one sentence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reports.lines import NEW, SEVERITY, Exploration, Timing, Verdict
from reports.records import Run


@dataclass(frozen=True)
class Finding:
    """An entry of the ledger and the checks it explains in this run."""

    key: str
    entry: Mapping[str, Any]
    checks: tuple[Verdict, ...]

    @property
    def title(self) -> str:
        """One sentence: what is wrong."""
        return str(self.entry.get("title") or self.key)

    @property
    def told(self) -> list[tuple[str, str]]:
        """What the ledger says, as names and texts, without what is empty or said by `title` and `condition`."""
        without = {"key", "title"} | ({"when", "unless"} if self.entry.get("condition") else set())
        return [(name, _text(value)) for name, value in self.entry.items() if name not in without and value]

    @property
    def verdict(self) -> str:
        """The worst verdict of its checks: `fixed` as soon as one of them passes."""
        return worst_verdict(check.verdict for check in self.checks)

    @property
    def counts(self) -> dict[str, int]:
        """subject -> number of checks, `fixed` ones among them."""
        return dict(Counter(check.subject for check in self.checks))


@dataclass(frozen=True)
class Speed:
    """How many times faster kernel `a` is than kernel `b`, over the workloads of one subject, cell and pass."""

    subject: str
    cell: str
    a: str
    b: str
    pass_: str
    ratio: float | None
    least: float | None
    most: float | None
    verdicts: Mapping[str, int]
    notes: tuple[str, ...]


def number(value: int) -> str:
    """An integer with its thousands apart: 1 702."""
    return f"{value:,}".replace(",", " ")


def several(count: int, one: str, more: str = "") -> str:
    """`1 check`, `2 checks`."""
    return f"{number(count)} {one if count == 1 else more or one + 's'}"


def excess(verdict: Verdict) -> float:
    """How many times further off a check is than allowed; infinity where that cannot be said (NaN, a crash)."""
    if verdict.deviation is None or math.isnan(verdict.deviation) or not verdict.allowed:
        return math.inf
    return verdict.deviation / verdict.allowed


def new_failures(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """What the ledger does not know, worst first: crash, timeout, fail, fixed; in each, the furthest off first."""
    return sorted((v for v in verdicts if v.verdict in NEW), key=lambda v: (NEW.index(v.verdict), -excess(v), v.id))


def worst(verdicts: Iterable[Verdict]) -> list[tuple[Verdict, int]]:
    """The worst new failure of each subject and invariant, with the number of failures it stands for."""
    standing: dict[tuple[str, str], list[Verdict]] = {}
    for each in new_failures(verdicts):
        standing.setdefault((each.subject, each.invariant), []).append(each)
    return [(group[0], len(group)) for group in standing.values()]


def findings(run: Run) -> list[Finding]:
    """The ledger's entries that matched in this run, most checks first."""
    keyed: dict[str, list[Verdict]] = {}
    for each in run.verdicts:
        if each.known:
            keyed.setdefault(each.known, []).append(each)
    found = [Finding(key, run.header.ledger.get(key, {}), tuple(checks)) for key, checks in keyed.items()]
    return sorted(found, key=lambda finding: (-len(finding.checks), finding.key))


def worst_verdict(verdicts: Iterable[str]) -> str:
    """The worst of some verdicts; `pass` of none."""
    return min(verdicts, key=SEVERITY.index, default="pass")


def speeds(timings: Iterable[Timing]) -> list[Speed]:
    """Ratios by subject, cell, kernels and pass: the geometric mean over workloads, and the least and the most."""
    grouped: dict[tuple, list[Timing]] = {}
    for each in timings:
        grouped.setdefault((each.subject, each.cell, each.a, each.b, each.pass_), []).append(each)
    return [_speed(key, group) for key, group in grouped.items()]


def _speed(key: tuple, group: list[Timing]) -> Speed:
    subject, cell, a, b, pass_ = key
    measured = [t.ratio for t in group if t.ratio and math.isfinite(t.ratio) and t.verdict != "not comparable"]
    mean = math.exp(sum(math.log(ratio) for ratio in measured) / len(measured)) if measured else None
    return Speed(
        subject, cell, a, b, pass_, mean, min(measured, default=None), max(measured, default=None),
        dict(Counter(t.verdict for t in group)), tuple(dict.fromkeys(t.note for t in group if t.note)),
    )


def headline(run: Run) -> str:
    """The verdict of a run in one sentence."""
    counts = sum(run.counts().values(), Counter())
    total = counts.total()
    failed = sum(counts[name] for name in ("fail", "crash", "timeout"))
    parts = [several(failed, "new failure") if failed else "No new failure"]
    if counts["fixed"]:
        parts.append(f"{several(counts['fixed'], 'check')} fixed that the ledger still lists")
    if found := [each for each in findings(run) if any(check.verdict == "known" for check in each.checks)]:
        parts.append(f"{several(len(found), 'known finding')} in {several(counts['known'], 'check')}")
    if counts["unsupported"]:
        parts.append(f"{number(counts['unsupported'])} unsupported")
    if total and not run.explorations or counts["pass"]:
        parts.append(f"{number(counts['pass'])} of {several(total, 'check')} pass")
    elif not run.explorations:
        parts.append("no check recorded")
    if run.explorations:
        parts.append(f"explored {several(sum(each.draws for each in run.explorations), 'random draw')}")
    return ("Cut off: " if run.cut_off else "") + ", ".join(parts) + "."


def explored(exploration: Exploration) -> str:
    """A search in one sentence."""
    counts = exploration.total
    said = ", ".join(f"{number(counts[name])} {name}" for name in ("pass", "unsupported", *SEVERITY[:-2]) if counts.get(name))
    told = (
        f"{several(exploration.draws, 'draw')} of {exploration.subject}, {several(sum(counts.values()), 'check')}: "
        f"{said or 'none'}; "
        f"{several(len(exploration.new), 'new failure')}"
    )
    if exploration.replayed:
        told += f", {exploration.replayed} failed again"
    if exploration.unshrunk:
        told += f", {exploration.unshrunk} not shrunk"
    return f"{told} ({exploration.seconds:.0f} s, seed {exploration.seed})"


def amount(verdict: Verdict) -> str:
    """How far off, and how far was allowed: `0.012 > 3.1e-07`; empty where nothing was measured."""
    if verdict.deviation is None or not verdict.allowed and (math.isnan(verdict.deviation) or not verdict.deviation):
        return ""
    if verdict.allowed is None:
        return f"{verdict.deviation:.3g}"
    sign = "≤" if verdict.deviation <= verdict.allowed else ">" if verdict.deviation > verdict.allowed else "against"
    return f"{verdict.deviation:.3g} {sign} {verdict.allowed:.2g}"


def versions(described: Mapping[str, Any]) -> str:
    """`keras 3.15.1, torch 2.13.0`."""
    return ", ".join(f"{name} {version}" for name, version in (described.get("versions") or {}).items())


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(item)}" for name, item in value.items())
    return "; ".join(map(_text, value)) if isinstance(value, (list, tuple)) else str(value)


def named(described: Mapping[str, Any]) -> str:
    """A subject's name, and its alias where it has another."""
    name, alias = str(described.get("name", "")), str(described.get("alias") or "")
    return f"{name} ({alias})" if alias and alias != name else name
