"""Findings by root cause, for an upstream issue: what is wrong, where, since when, how much, why, and a script that shows it.

A root cause is an entry of the ledger, or a failure that none explains. `FINDINGS.md` and the page `findings.html` are
made of the same values. What frameworks chose and document (divergences, declared conventions) stands apart.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import jinja2

from reports.findings import amount, excess, number, several, versions, worst
from reports.lines import Verdict
from reports.records import NotWritable, Run

ORDER = (
    "wrong numbers", "wrong gradients", "lost mask", "no error on wrong input", "crash", "error on valid input", "divergence",
)
"""Severities, worst first: a wrong number that nobody is told of comes before an error that everybody sees."""
DIVERGENCE = "divergence"
STACKS: Mapping[str, str] = {
    "keras-tensorflow": "Keras on TensorFlow", "keras-jax": "Keras on JAX", "keras-torch": "Keras on torch", "torch": "PyTorch",
}
KERAS = "Keras, on every backend"
PAGE = "findings.html"
CHOICES = "Choices that are documented or were made on purpose, and that a user who ports a model meets."


@dataclass(frozen=True)
class Cause:
    """A root cause.

    key         of the ledger's entry, or `new: INVARIANT` for what it does not know
    stack       in words: what the fault is in
    counts      subject -> number of checks that fail for it
    example     the check whose script is shortest, or that is furthest off; None where no check of these runs met it
    script      the example's script, and `place`, its file; or `why` there is none
    """

    key: str
    title: str
    severity: str
    stack: str
    versions: str
    condition: str
    reason: str
    issue: str
    counts: Mapping[str, int]
    example: Verdict | None
    script: str = ""
    place: str = ""
    why: str = ""

    @property
    def reported(self) -> str:
        """The upstream issue, or that there is none."""
        return self.issue or "not reported"

    @property
    def numbers(self) -> str:
        """What the example found."""
        return "" if self.example is None else " ".join(filter(None, (self.example.message, f"[{amount(self.example)}]")))


def causes(runs: Sequence[Run]) -> list[Cause]:
    """The root causes that these runs met, and those that their ledgers name and no check met: by stack, worst first."""
    entries: dict[str, Mapping[str, Any]] = {key: entry for run in runs for key, entry in run.header.ledger.items()}
    checks: dict[str, list[tuple[Run, Verdict]]] = {key: [] for key in entries}
    for run in runs:
        for each in run.verdicts:
            if each.known and each.verdict == "known":
                checks.setdefault(each.known, []).append((run, each))
    found = [_known(key, entries.get(key, {}), group) for key, group in checks.items()]
    for run in runs:
        found += [_new(run, each, count) for each, count in worst(run.verdicts) if not each.known]
    return sorted(found, key=lambda cause: (_place(cause.stack), _rank(cause.severity), -sum(cause.counts.values()), cause.key))


def _known(key: str, entry: Mapping[str, Any], checks: list[tuple[Run, Verdict]]) -> Cause:
    patterns = entry.get("subjects") or entry.get("subject") or sorted({each.backend or each.subject for _, each in checks})
    patterns = [patterns] if isinstance(patterns, str) else list(patterns)
    wanted = entry.get("versions", {})
    return Cause(
        key, str(entry.get("title") or key), str(entry.get("severity", "")), stack(patterns),
        ", ".join(f"{n} {v}" for n, v in wanted.items()) if isinstance(wanted, Mapping) else str(wanted),
        str(entry.get("condition", "")), str(entry.get("reason", "")), str(entry.get("issue", "")),
        dict(Counter(each.subject for _, each in checks)), *_example(checks),
    )


def _new(run: Run, each: Verdict, count: int) -> Cause:
    backend = each.backend or each.subject
    what = {"fixed": "the ledger says that this fails, and it passes"}.get(each.verdict, each.verdict)
    beside = each.more.get("beside")
    return Cause(
        f"new: {each.invariant} on {each.subject}", each.statement or each.invariant, what, stack([backend]),
        versions(run.described(each.subject)), f"{each.layer}, {each.batch}, {each.kernel}".strip(", "),
        f"not yet known: more is wrong than the ledger's entry {beside} says" if beside else
        "not yet known: the ledger has no entry", "", {each.subject: count}, *_example([(run, each)]),
    )


def _example(checks: list[tuple[Run, Verdict]]) -> tuple[Verdict | None, str, str, str]:
    """A check, its script, the script's file, and why there is none."""
    scripts = []
    for run, each in checks:
        if each.repro and (path := run.folder / each.repro).is_file():
            scripts.append((path.stat().st_size, each.id, each, path))
    if scripts:
        _, _, each, path = min(scripts, key=lambda item: item[:2])
        return each, path.read_text(encoding="utf-8", errors="replace"), str(each.repro), ""
    if not checks:
        return None, "", "", "no check of this run met it"
    each = max((each for _, each in checks), key=lambda each: (excess(each) != float("inf"), excess(each), each.id))
    return each, "", "", str(each.more.get("no_repro") or "its script is not here")


def stack(patterns: Iterable[str]) -> str:
    """The stack that some backends, or patterns of them, belong to."""
    here = [name for name in STACKS if any(fnmatchcase(name, pattern) for pattern in patterns)]
    if {name for name in STACKS if name.startswith("keras-")} <= set(here):
        return " and ".join([KERAS, *(STACKS[name] for name in here if not name.startswith("keras-"))])
    return " and ".join(STACKS[name] for name in here) or ", ".join(patterns)


def _place(name: str) -> tuple:
    """Keras as a whole first, then a backend alone, then several, then PyTorch."""
    order = [KERAS, *STACKS.values()]
    return (order.index(name) if name in order else 3.5, name)


def _rank(severity: str) -> int:
    return ORDER.index(severity) if severity in ORDER else -1


def conventions(runs: Sequence[Run]) -> list[str]:
    """What each subject declares about itself, and is held to."""
    told = {"hold": "repeat the previous output", "zero": "are zero"}
    said = {
        name: f"{name}: outputs at masked steps {told.get(str(run.described(name)['padding']), run.described(name)['padding'])}"
        for run in runs for name in run.subjects if run.described(name).get("padding")
    }
    return list(said.values())


def grouped(found: Iterable[Cause]) -> dict[str, list[Cause]]:
    """Stack -> its causes, in order."""
    told: dict[str, list[Cause]] = {}
    for cause in found:
        told.setdefault(cause.stack, []).append(cause)
    return told


def parts(runs: Sequence[Run]) -> dict[str, Any]:
    """What both documents show: faults and divergences by stack, conventions, counts, and of what."""
    every = causes(runs)
    faults = [cause for cause in every if cause.severity != DIVERGENCE]
    chosen = [cause for cause in every if cause.severity == DIVERGENCE]
    counts = Counter(cause.severity for cause in faults)
    asked = {name: versions(run.described(name)) for run in runs for name in run.subjects}
    checked = sum(len(run.verdicts) for run in runs)
    return {
        "faults": grouped(faults), "divergences": grouped(chosen), "conventions": conventions(runs), "subjects": asked,
        "headline": f"{several(len(faults), 'fault')} and {several(len(chosen), 'divergence')}, in {several(checked, 'check')}",
        "severities": [(name, counts[name]) for name in sorted(counts, key=_rank)],
        "gaps": [gap for run in runs for gap in run.gaps()],
        "times": ", ".join(dict.fromkeys(run.header.time[:10] for run in runs)),
    }


def markdown(runs: Sequence[Run]) -> str:
    """The text of FINDINGS.md."""
    said = parts(runs)
    lines = [
        "# Findings", "", f"**{said['headline']}.** Generated by `python -m reports findings` from records of",
        f"{said['times']}. Each entry was checked by hand, against the equations and another stack,",
        "before it was entered into `suite/known.toml`.", "",
        *(f"> {gap}\n" for gap in said["gaps"]),
        *(f"- {name}: {told}" for name, told in said["subjects"].items()), "",
        "| severity, worst first | root causes |", "| --- | --- |", *(f"| {name} | {n} |" for name, n in said["severities"]), "",
    ]
    for name, found in said["faults"].items():
        lines += [f"## {name}", "", *(line for cause in found for line in _told(cause))]
    lines += ["# Divergences", "", CHOICES, ""]
    for name, found in said["divergences"].items():
        lines += [f"## {name}", "", *(line for cause in found for line in _told(cause))]
    if said["conventions"]:
        lines += ["## Declared conventions", "", "Each subject declares these, and is held to them.", ""]
        lines += [f"- {each}" for each in said["conventions"]] + [""]
    return "\n".join(lines).rstrip() + "\n"


def _told(cause: Cause) -> list[str]:
    counts = ", ".join(f"{name} {number(count)}" for name, count in cause.counts.items()) or "none in this run"
    lines = [f"### {cause.title}", "", f"`{cause.key}`", ""]
    lines += [f"- {name}: {_line(text)}" for name, text in (
        ("severity", cause.severity), ("versions", cause.versions), ("condition", cause.condition), ("checks that fail", counts),
        ("reason", cause.reason), ("upstream", cause.reported),
    ) if text]
    if cause.example is not None:
        lines.append(f"- example: `{cause.example.id}`: {_line(cause.numbers)}")
    if cause.script:
        lines += ["", f"<details><summary>A script that shows it: {cause.place}</summary>", "", "```python",
                  cause.script.rstrip(), "```", "", "</details>"]
    else:
        lines.append(f"- script: none ({cause.why})")
    return [*lines, ""]


def _line(text: str) -> str:
    return " ".join(str(text).split())


def html(runs: Sequence[Run], index: str = "index.html") -> str:
    """The page of findings. `index`: the page of the run, beside it."""
    here = jinja2.Environment(
        loader=jinja2.PackageLoader("reports.pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return here.get_template(PAGE).render(index=index, number=number, **parts(runs))


def write(runs: Sequence[Run], path: str | os.PathLike) -> Path:
    """Write FINDINGS.md. Raises NotWritable."""
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(markdown(runs), encoding="utf-8", errors="replace")
    except OSError as problem:
        raise NotWritable(f"Findings cannot be written to {target}: {(problem.strerror or str(problem)).lower()}.") from None
    return target
