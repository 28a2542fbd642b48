"""A run in words: thirty lines for a terminal, and `summary.md` for a pull request."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from reports import families
from reports.findings import (
    Finding,
    Speed,
    amount,
    excess,
    explored,
    findings,
    headline,
    named,
    new_failures,
    number,
    several,
    speeds,
    versions,
    worst,
)
from reports.lines import VERDICTS, Timing
from reports.records import Run
from reports.shared import shared_in

LINES, COLUMNS = 30, 100


def terminal(run: Run) -> list[str]:
    """At most 30 lines of 100 columns: the verdict, counts, what is missing, failures, findings, speed, time."""
    head = [*textwrap.wrap(headline(run), COLUMNS), *run.gaps()[:3], *run.newer()[:3], "", *_counts(run)]
    foot = [*nearest(run), *scripts_told(run), time_told(run), f"report: {run.folder / 'index.html'}"]
    lists = [
        ("not here:", [f"  {each.get('name')}: {each.get('reason')}" for each in run.header.missing], 1),
        ("explored:", [f"  {explored(each)}" for each in run.explorations], 1),
        ("what failures share:", _shared(run), 2),
        ("new failures, worst first:", _failures(run), 2),
        ("known findings:", [f"  {_short(finding)}" for finding in findings(run)], 1),
        *_speed_lists(run),
    ]
    lists = [(title, rows, step) for title, rows, step in lists if rows]
    room = LINES - len(head) - len(foot) - len(lists)
    shown = _share(room, [len(rows) for _, rows, _ in lists], [step for _, _, step in lists])
    for (title, rows, step), count in zip(lists, shown, strict=True):
        head += [title, *rows[:count]]
        if count < len(rows):
            head.append(f"  … {(len(rows) - count) // step} more in summary.md")
    return [_cut(line) for line in [*head, *foot]]


def markdown(run: Run) -> str:
    """The text of summary.md: verdict, counts, every failure, findings by ledger entry, times, versions, settings."""
    parts = [f"# Conformance of recurrent layers\n\n**{headline(run)}**\n"]
    parts += [f"> {told}\n" for told in (*run.gaps(), *run.newer())]
    parts.append(_table(["subject", "versions", "device", *VERDICTS, "planned"], _count_rows(run, VERDICTS)))
    if run.header.missing:
        gone = _bullets(f"{each.get('name')}: {each.get('reason')}" for each in run.header.missing)
        parts.append(f"Not here, so not asked:\n\n{gone}")
    if run.explorations:
        parts.append(f"Explored at random:\n\n{_bullets(explored(each) for each in run.explorations)}")
    failed = new_failures(run.verdicts)
    parts.append(f"## New failures ({number(len(failed))})\n")
    if common := shared_in(run):
        lines = (f"{one.subject}, {one.told}; a simple one: `{one.simplest.id}`" for one in common)
        parts.append(f"What they share, of all checks of the invariants that failed:\n\n{_bullets(lines)}")
    parts.append(_table(
        ["verdict", "check", "what", "deviation and allowed", "script"],
        ([v.verdict, f"`{v.id}`", v.message, amount(v), f"[script]({v.repro})" if v.repro else ""] for v in failed),
    ) if failed else "None.\n")
    found = findings(run)
    parts.append(f"## Known findings ({number(len(found))})\n")
    parts += [_finding(each) for each in found] or ["None.\n"]
    parts.append("## Families\n\nEvery group of invariants, scenario, option and execution, with the checks of each subject.\n")
    parts.append(_table(["kind", "family", *run.subjects, "note"], families.rows(run)))
    for note, names in families.gaps(run).items():
        parts.append(f"{note[0].upper()}{note[1:]}: {', '.join(f'`{name}`' for name in names)}.\n")
    if run.timings:
        parts.append("## Times\n\nHow many times faster the first kernel is than the second, with its 95 % interval; "
                     "seconds are medians of one pass.\n")
        parts.append(_table(
            ["subject", "cell", "workload", "pass", "first, second", "ratio", "interval", "verdict", "seconds", "note"],
            (timing_row(each) for each in run.timings),
        ))
    parts.append("## Where and how\n")
    parts.append(_bullets([
        f"begun {run.header.time}; {time_told(run)}", *scripts_told(run),
        f"commit {run.header.commit or 'unknown'}",
        *(f"{name}: {value}" for name, value in run.header.machine.items()),
        *nearest(run), *compiling(run),
    ]))
    parts.append("Settings:\n\n" + _bullets(f"{name}: {value}" for name, value in run.header.settings.items()))
    return "\n".join(parts)


def nearest(run: Run) -> list[str]:
    """A line about the check that passed with the least to spare, where any was measured."""
    passed = [each for each in run.verdicts if each.verdict == "pass" and each.deviation is not None and each.allowed]
    if not passed:
        return []
    closest = max(passed, key=excess)
    return [f"nearest to failing of what passes: {excess(closest):.0%} of what is allowed, {closest.id}"]


def compiling(run: Run) -> list[str]:
    """A line where some subjects did not compile as users do."""
    quick = [str(each.get("name")) for each in run.header.subjects if each.get("compiled") == "quickly"]
    how = "XLA compiled quickly, but for what was timed; `--depth full` compiles as users do"
    return [f"{', '.join(quick)}: {how}"] if quick else []


def timing_row(each: Timing) -> list[str]:
    """The cells of one timing, as text."""
    kernels = f"{each.a}, {each.b}"
    if each.kernel_ran_a or each.kernel_ran_b:
        kernels += f" ({each.kernel_ran_a or '?'}, {each.kernel_ran_b or '?'})"
    ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
    interval = "" if each.low is None or each.high is None else f"{each.low:.2f} – {each.high:.2f}"
    seconds = "" if each.seconds_a is None or each.seconds_b is None else f"{each.seconds_a:.3g}, {each.seconds_b:.3g}"
    what = [each.subject, each.cell, each.workload, each.pass_, kernels]
    return [*what, ratio, interval, each.verdict, seconds, each.note]


def align(rows: Sequence[Sequence[str]], right: int = 0) -> list[str]:
    """Rows as lines with columns aligned; columns from index `right` on are flush right (0: none is)."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if right and index >= right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _counts(run: Run) -> list[str]:
    counted = sum(run.counts().values(), Counter())
    shown = [name for name in VERDICTS if counted[name] or name in ("pass", "fail", "known", "unsupported")]
    rows = _count_rows(run, shown)
    for row in rows:
        row.pop(2)
    table = [["subject", "versions", *shown, "planned"], *rows]
    rest = sum(max(map(len, column)) + 2 for index, column in enumerate(zip(*table, strict=True)) if index != 1)
    told = align([[name, _cut(text, max(COLUMNS - rest, 8)), *others] for name, text, *others in table], right=2)
    most = 8
    told = told if len(rows) <= most else [*told[: most + 1], f"… {len(rows) - most} more subjects in summary.md"]
    none = [name for name in VERDICTS if name not in shown]
    return [*told, f"none: {', '.join(none)}"] if none else told


def _count_rows(run: Run, shown: Sequence[str]) -> list[list[str]]:
    """A row a subject: name, versions, device, a count for each verdict in `shown`, whether all planned are there."""
    counts, rows = run.counts(), []
    for subject in run.subjects:
        described = run.described(subject)
        planned = run.end.planned.get(subject) if run.end else None
        here = counts[subject].total()
        last = "?" if planned is None else "all" if planned == here else f"{here} of {planned}"
        who = [named(described) or subject, versions(described), str(described.get("device", ""))]
        rows.append([*who, *(number(counts[subject][name]) if counts[subject][name] else "·" for name in shown), last])
    return rows


def _shared(run: Run) -> list[str]:
    return [line for one in shared_in(run)
            for line in (f"  {one.subject}, {one.told}", f"    a simple one: {one.simplest.id}")]


def _failures(run: Run) -> list[str]:
    """Two lines a failure: its id, and what is wrong."""
    told = []
    for each, count in worst(run.verdicts):
        others = f" (and {count - 1} more of this invariant)" if count > 1 else ""
        what = _cut(each.message, COLUMNS - 8 - len(others) - len(each.verdict))
        told += [f"  {each.id}", f"    {each.verdict}: {what}{others}"]
    return told


def _short(finding: Finding) -> str:
    fixed = sum(check.verdict == "fixed" for check in finding.checks)
    return f"{len(finding.checks):>5} {finding.key}: {finding.title}" + (f" ({fixed} fixed)" if fixed else "")


def _finding(finding: Finding) -> str:
    told = [f"### {finding.title}\n", f"`{finding.key}`: " + ", ".join(
        f"{several(count, 'check')} of {subject}" for subject, count in finding.counts.items()) + ".\n"]
    told.append(_bullets(f"{name}: {text}" for name, text in finding.told))
    example = finding.checks[0]
    told.append(f"For example `{example.id}`: {example.message} {amount(example)}\n")
    return "\n".join(told)


def _speed_lists(run: Run) -> list[tuple[str, list[str], int]]:
    lines: dict[tuple[str, str], dict[tuple[str, str], list[Speed]]] = {}
    for each in speeds(run.timings):
        lines.setdefault((each.a, each.b), {}).setdefault((each.subject, each.cell), []).append(each)
    told = []
    for (a, b), cells in lines.items():
        rows = [[subject, cell, _speed(group)] for (subject, cell), group in cells.items()]
        told.append((f"how many times faster {a} is than {b} (mean, least – most over workloads):",
                     [f"  {line}" for line in align(rows)], 1))
    return told


def _speed(group: list[Speed]) -> str:
    verdicts = sum((Counter(each.verdicts) for each in group), Counter())
    said = ", ".join(f"{count} {name}" for name, count in verdicts.most_common())
    ratios = [
        f"{each.ratio:.2f} ({each.least:.2f} – {each.most:.2f}) "
        + each.pass_.replace("forward+backward", "with backward")
        for each in group if each.ratio is not None and each.least is not None and each.most is not None
    ]
    return f"{said}: " + (", ".join(ratios) or "; ".join(group[0].notes) or "no reason given")


def scripts_told(run: Run) -> list[str]:
    """A line about the scripts of failures, and one for each of up to two that did not show their fault."""
    found = run.end.more.get("repros") if run.end else None
    if not found or not found["written"] + found["without"]:
        return []
    line = f"repros/: {several(found['written'], 'script')}" + f", none for {found['without']}" * bool(found["without"])
    if "tried" not in found:
        return [f"{line}; none was tried again"]
    ran = [each for each in found["tried"] if each["shown"] is not None]
    silent = [each for each in ran if not each["shown"]]
    if ran:
        line += f"; {len(ran)} tried again: " + (f"{len(silent)} of them show no fault" if silent else "each shows its fault")
    if late := len(found["tried"]) - len(ran):
        line += f"; no time for {late}"
    return [line, *(f"  {each['repro']}: {each['said']}" for each in silent[:2])]


def time_told(run: Run) -> str:
    """How long the run took, and where the time went."""
    if run.end is None:
        return "time: unknown, the run was cut off"
    end = run.end
    inside, ours = f"{end.seconds_frameworks:.0f} s in the frameworks", f"{end.seconds_harness:.0f} s in the harness"
    hung = ", ".join(end.more.get("recovered", ()))
    again = f"; once no answer came, and when asked again it did: {hung}" * bool(hung)
    return f"time: {end.seconds:.0f} s, {inside}, {ours}{again}"


def _share(room: int, wanted: Sequence[int], steps: Sequence[int]) -> list[int]:
    """How many rows of each list are shown, so that all fit into `room`: a step each in turn. A list that is not shown
    to its end needs one line more, to say so."""
    given = [0] * len(wanted)
    for budget in range(room, 0, -1):
        given, grown = [0] * len(wanted), True
        while grown:
            grown = False
            for index, (want, step) in enumerate(zip(wanted, steps, strict=True)):
                if given[index] < want and sum(given) + step <= budget:
                    given[index] += step
                    grown = True
        if sum(given) + sum(count < want for count, want in zip(given, wanted, strict=True)) <= room:
            break
    return given


def _cut(text: str, columns: int = COLUMNS) -> str:
    text = " ".join(text.split()) if len(text.splitlines()) > 1 else text
    return text if len(text) <= columns else text[: columns - 1] + "…"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").split())


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {' '.join(str(line).split())}" for line in lines) + "\n"


def write_markdown(run: Run, path: Path) -> Path:
    """Write `markdown(run)` to `path`."""
    path.write_text(markdown(run), encoding="utf-8")
    return path
