"""The pages of scenarios: what the documents say, and what the frameworks do. A file each, which needs no script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports import curves, findings
from reports.lines import Verdict
from reports.records import Run

FOLDER = "scenarios"


@dataclass(frozen=True)
class Cell:
    """What one subject does about a claim: how often each verdict came, the worst of them, and what was found, in words."""

    verdict: str
    counts: Mapping[str, int]
    found: Sequence[str]


@dataclass(frozen=True)
class Told:
    """A claim: its check, what the document says, where it is wrong, and a cell for each subject (None: not asked)."""

    name: str
    statement: str
    says: str
    wrong: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True)
class Table:
    """The same table noted by several subjects: the last column is each subject's own, and `differs` says where they do."""

    name: str
    head: Sequence[str]
    rows: Sequence[tuple[Sequence[str], bool]]


@dataclass(frozen=True)
class Figure:
    """Curves that belong together: the legend, and a chart for each subject, over the same axes."""

    name: str
    legend: Sequence[tuple[str, str]]
    charts: Sequence[tuple[str, str]]


def names(run: Run) -> list[str]:
    """The scenarios of a run, in the order of their names."""
    return sorted({each.scenario for each in run.verdicts if each.scenario})


def file_name(scenario: str) -> str:
    """Where a scenario's page lies, relative to the run's folder."""
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in scenario).strip(".") or "scenario"
    return f"{FOLDER}/{plain}.html"


def listed(run: Run) -> list[dict[str, Any]]:
    """For the index: each scenario's name, title, file, and worst verdict."""
    found = []
    for name in names(run):
        own = [each for each in run.verdicts if each.scenario == name]
        found.append({
            "name": name, "title": title_of(run, name), "file": file_name(name), "checks": len(own),
            "verdict": findings.worst_verdict(each.verdict for each in own),
        })
    return found


def title_of(run: Run, scenario: str) -> str:
    """One line on what a scenario is."""
    return str(run.header.scenarios.get(scenario, {}).get("title", "")).replace("`", "")


def context(run: Run, scenario: str) -> dict[str, Any]:
    """What the template shows of one scenario."""
    own = [each for each in run.verdicts if each.scenario == scenario]
    subjects = [name for name in run.subjects if any(each.subject == name for each in own)]
    text = str(run.header.scenarios.get(scenario, {}).get("text", "")).replace("`", "")
    return {
        "scenario": scenario, "about": title_of(run, scenario), "paragraphs": [p for p in text.split("\n\n") if p.strip()],
        "subjects": [{"name": name, "versions": findings.versions(run.described(name))} for name in subjects],
        "claims": claims(run, own, subjects), "figures": figures(own, subjects), "tables": tables(own, subjects),
        "remarks": remarks(own, subjects), "pictures": pictures(own),
        "verdict": findings.worst_verdict(each.verdict for each in own),
    }


def claims(run: Run, own: Sequence[Verdict], subjects: Sequence[str]) -> list[Told]:
    """Each claim once, with all its variants; those on which the document says something come first."""
    found = []
    for name in dict.fromkeys(each.invariant for each in own):
        checks = [each for each in own if each.invariant == name]
        first, every = checks[0], len({variant(each) for each in checks})
        cells = [cell(run, [each for each in checks if each.subject == subject], every) for subject in subjects]
        found.append(Told(name, first.statement, first.says, first.source.partition(": ")[2] or first.source, cells))
    return sorted(found, key=lambda told: not (told.says or told.wrong))


def cell(run: Run, checks: Sequence[Verdict], every: int) -> Cell | None:
    """What one subject does about a claim, which has so many variants in this run."""
    if not checks:
        return None
    counts: dict[str, int] = {}
    for each in checks:
        counts[each.verdict] = counts.get(each.verdict, 0) + 1
    found: dict[str, list[str]] = {}
    for each in checks:
        if each.verdict == "pass":
            continue
        title = str(run.header.ledger.get(each.known, {}).get("title", "")) if each.known else ""
        text = title or each.message or each.verdict
        found.setdefault(text, []).append(variant(each))
    words = []
    if len(checks) < every:
        asked = ", ".join(filter(None, map(variant, checks[:4]))) + " …" * (len(checks) > 4)
        words.append(f"asked {len(checks)} of {every} ways here" + f": {asked}" * bool(asked.strip()))
    for text, which in list(found.items())[:4]:
        named = ", ".join(v for v in which if v)
        words.append(f"{named}: {text}" if named and len(counts) + len(checks) > 2 else text)
    if len(found) > 4:
        words.append(f"and {len(found) - 4} more")
    words += [
        ": ".join(filter(None, (variant(each), str(note["name"]), plain(note["value"]))))
        for each, note in notes(checks, "")[:6]
    ]
    return Cell(findings.worst_verdict(counts), counts, words)


def variant(each: Verdict) -> str:
    """The values that tell a check from the others of its claim."""
    return " ".join(str(value) for name, value in each.features.items() if name != "scenario")


def notes(own: Sequence[Verdict], kind: str) -> list[tuple[Verdict, Mapping[str, Any]]]:
    """The notes whose value has this key: `y` curves, `rows` tables, `image` pictures; `` plain ones."""
    def is_it(value: Any) -> bool:
        return kind in value if kind and isinstance(value, Mapping) else not kind and not isinstance(value, Mapping)

    return [(each, note) for each in own for note in each.notes if is_it(note.get("value"))]


def figures(own: Sequence[Verdict], subjects: Sequence[str]) -> list[Figure]:
    """The curves, by figure and subject; those of a figure share legend and axes."""
    grouped: dict[str, dict[str, list[curves.Curve]]] = {}
    for each, note in notes(own, "y"):
        curve = curves.Curve(str(note["name"]), note["value"].get("x", []), note["value"]["y"])
        grouped.setdefault(str(note.get("figure") or note["name"]), {}).setdefault(each.subject, []).append(curve)
    found = []
    for name, here in grouped.items():
        drawable = [c for group in here.values() for c in group if curves.shown(c).x]
        if not drawable:
            continue
        legend = list(dict.fromkeys(c.name for c in drawable))
        ends = curves.span(drawable)
        charts = []
        for subject in (s for s in subjects if s in here):
            by_name = {c.name: c for c in here[subject]}
            ordered = [by_name.get(n, curves.Curve(n, [], [])) for n in legend]
            charts.append((subject, curves.lines(ordered, f"{subject}: {name}", ends=ends)))
        found.append(Figure(name, [(n, curves.key(i)) for i, n in enumerate(legend)], charts))
    return found


def tables(own: Sequence[Verdict], subjects: Sequence[str]) -> list[Table]:
    """The tables, those of one name joined: a column for each subject."""
    grouped: dict[str, dict[tuple[str, ...], dict[str, str]]] = {}
    heads: dict[str, Sequence[str]] = {}
    for each, note in notes(own, "rows"):
        name = str(note["name"])
        heads.setdefault(name, [str(h) for h in note["value"].get("head", [])])
        for row in note["value"]["rows"]:
            *leading, last = map(str, row)
            grouped.setdefault(name, {}).setdefault(tuple(leading), {})[each.subject] = last
    found = []
    for name, rows in grouped.items():
        here = [s for s in subjects if any(s in values for values in rows.values())]
        told = [
            ((*leading, *(values.get(s, "–") for s in here)), len({values.get(s) for s in here}) > 1)
            for leading, values in rows.items()
        ]
        if all(differs for _, differs in told):  # a mark on every row marks nothing
            told = [(cells, False) for cells, _ in told]
        found.append(Table(name, (*heads[name][:-1], *here), told))
    return found


def remarks(own: Sequence[Verdict], subjects: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """(claim and variant, name, subject, value) of the plain notes."""
    return [
        (" ".join(filter(None, (each.invariant, variant(each)))), str(note["name"]), each.subject, plain(note.get("value")))
        for each, note in notes(own, "")
    ]


def pictures(own: Sequence[Verdict]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(figure and subject, its pictures with their names)."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for each, note in notes(own, "image"):
        heading = ": ".join(filter(None, (each.subject, str(note.get("figure") or ""))))
        name = str(note["name"])
        grouped.setdefault(heading, []).append((name, curves.picture(note["value"]["image"], f"{heading}: {name}")))
    return list(grouped.items())


def plain(value: Any) -> str:
    """A number or text as it is read."""
    if isinstance(value, float):
        return f"{value:.5g}" if math.isfinite(value) else str(value)
    return ", ".join(map(plain, value)) if isinstance(value, (list, tuple)) else str(value)
