"""The explorer: `index.html`, that shows a run, `findings.html`, and a page for each scenario. Static files that need nothing
but a browser."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from reports import families, findings, plots, rootcauses, summary
from reports.lines import SEVERITY, TIMING_VERDICTS
from reports.pages import scenarios
from reports.pages.data import SIGNS, embedded
from reports.records import NotWritable, Run, read
from reports.shared import shared_in

PAGE, SUMMARY = "index.html", "summary.md"


def write(folder: str | os.PathLike) -> Path:
    """Write `summary.md`, `index.html` and `findings.html` beside the records of the run in `folder`; return the page.

    Raises what `reports.records.read` raises, and NotWritable.
    """
    run = read(folder)
    return write_page(run, run.folder)


def write_page(run: Run, folder: str | os.PathLike, title: str = "Conformance of recurrent layers") -> Path:
    """Write the summary and the pages of a run into `folder`, and the scripts that they link to."""
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        if target.resolve() != run.folder.resolve():
            for name in {each.repro for each in run.verdicts if each.repro and (run.folder / each.repro).is_file()}:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(run.folder / name, target / name)
        (target / SUMMARY).write_text(summary.markdown(run), encoding="utf-8", errors="replace")
        (target / rootcauses.PAGE).write_text(rootcauses.html([run], PAGE), encoding="utf-8", errors="replace")
        (target / PAGE).write_text(html(run, title), encoding="utf-8", errors="replace")
        for name in scenarios.names(run):
            path = target / scenarios.file_name(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(scenario_html(run, name, title), encoding="utf-8", errors="replace")
    except OSError as problem:
        why = (problem.strerror or str(problem)).lower()
        raise NotWritable(f"The report cannot be written to {target}: {why}.") from None
    return target / PAGE


def html(run: Run, title: str = "Conformance of recurrent layers") -> str:
    """The page as text."""
    return _template("index.html").render(_context(run, title))


def scenario_html(run: Run, scenario: str, title: str = "Conformance of recurrent layers") -> str:
    """The page of one scenario as text."""
    return _template("scenario.html").render(title=title, signs=SIGNS, **scenarios.context(run, scenario))


@lru_cache
def _template(name: str) -> jinja2.Template:
    here = jinja2.Environment(
        loader=jinja2.PackageLoader("reports.pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return here.get_template(name)


def _context(run: Run, title: str) -> dict[str, Any]:
    counts = run.counts()
    failed = sum(counted[name] for counted in counts.values() for name in ("fail", "crash", "timeout", "fixed"))
    checked = sum(counted.total() for counted in counts.values())
    return {
        "title": title, "run": run, "headline": findings.headline(run), "gaps": [*run.gaps(), *run.newer()], "signs": SIGNS,
        "state": "fail" if failed else "known" if run.gaps() or not checked else "pass",
        "verdicts": SEVERITY, "subjects": [_subject(run, name, counts[name]) for name in run.subjects],
        "findings": findings.findings(run), "failures": len(findings.new_failures(run.verdicts)),
        "shared": shared_in(run),
        "scenarios": scenarios.listed(run),
        "charts": _charts(run), "timing_rows": [summary.timing_row(each) for each in run.timings],
        "timing_verdicts": [name for name in TIMING_VERDICTS if any(each.verdict == name for each in run.timings)],
        "marks": {name: plots.mark(name) for name in ("faster", "slower", "equivalent", "inconclusive")},
        "families": families.families(run), "family_gaps": families.gaps(run), "names": run.subjects,
        "explorations": [findings.explored(each) for each in run.explorations],
        "time": summary.time_told(run), "data": embedded(run),
    }


def _subject(run: Run, name: str, counted) -> dict[str, Any]:
    described = run.described(name)
    planned = run.end.planned.get(name) if run.end else None
    return {
        "name": findings.named(described) or name, "versions": findings.versions(described), "described": described,
        "counts": counted, "total": counted.total(), "planned": planned,
    }


def _charts(run: Run) -> list[dict[str, Any]]:
    """A chart for each pair of kernels and subject; those of one pair share the axis."""
    pairs: dict[tuple[str, str], dict[str, list]] = {}
    for each in run.timings:
        pairs.setdefault((each.a, each.b), {}).setdefault(each.subject, []).append(each)
    told = []
    for (a, b), subjects in pairs.items():
        ends = plots.span(each for group in subjects.values() for each in group)
        charts = [
            (subject, plots.forest(group, ends, f"{subject}: how many times faster {a} is than {b}"))
            for subject, group in subjects.items() if any(map(plots.measured, group))
        ]
        none = [
            (subject, "; ".join(dict.fromkeys(f"{each.verdict}: {each.note or 'no reason given'}" for each in group)))
            for subject, group in subjects.items() if not any(map(plots.measured, group))
        ]
        told.append({"a": a, "b": b, "charts": charts, "none": none})
    return told
