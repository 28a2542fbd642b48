"""The data inside the page: all checks, packed, and the scripts of failures, read by `explorer.js`."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping
from typing import Any

from reports.findings import new_failures, versions
from reports.lines import SEVERITY, Verdict
from reports.records import Run

SIGNS: Mapping[str, str] = {
    "crash": "!", "timeout": "◷", "fail": "✕", "fixed": "↺", "known": "◆", "unsupported": "–", "pass": "✓",
}
"""A sign for each verdict, so that colour is never the only difference."""
SCRIPTS_LIMIT = 4_000_000
"""How many characters of scripts a page carries; the others are linked."""


class _Table:
    """Values that recur, each kept once: `table[value]` is its index."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._index: dict[Hashable, int] = {}

    def __getitem__(self, value: Any) -> int:
        key = json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value
        if key not in self._index:
            self._index[key] = len(self.values)
            self.values.append(value)
        return self._index[key]


def embedded(run: Run) -> str:
    """The data as JSON that is safe inside a `script` element."""
    text = json.dumps(packed(run), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def packed(run: Run) -> dict[str, Any]:
    """The tables and the checks, a list each, in the order that `explorer.js` names as `FIELDS`."""
    words, options, rows = _Table(), _Table(), _Table()
    subjects = list(run.subjects)
    scripts = _scripts(run)
    checks = []
    for each in run.verdicts:
        row = rows[[each.scenario or "", each.group, each.invariant, each.statement]]
        checks.append([
            each.check, subjects.index(each.subject), row, SEVERITY.index(each.verdict), words[each.message],
            _number(each.deviation), _number(each.allowed), options[_options(each)], words[each.known or ""],
            each.repro or "", each.seconds,
            [[d.get("where", ""), d.get("message", ""), _number(d.get("deviation")), _number(d.get("allowed"))]
             for d in each.deviations],
        ])
    return {
        "verdicts": list(SEVERITY), "signs": dict(SIGNS), "rows": rows.values, "words": words.values,
        "options": options.values, "checks": checks, "scripts": scripts,
        "subjects": [{"name": name, "versions": versions(run.described(name))} for name in subjects],
    }


def _options(each: Verdict) -> dict[str, str]:
    """What was asked, as names and values: layer, batch, kernel, features."""
    named = {
        "layer": each.layer, "batch": each.batch, "kernel": each.kernel, "kernel that ran": each.kernel_ran,
        "device": each.device, **each.features,
    }
    return {name: str(value) for name, value in named.items() if value not in (None, "")}


def _scripts(run: Run) -> dict[str, str]:
    """File -> text of the scripts that are there, new failures first, up to `SCRIPTS_LIMIT` characters."""
    failed = new_failures(run.verdicts)
    wanted = dict.fromkeys(each.repro for each in (*failed, *run.verdicts) if each.repro)
    taken, room = {}, SCRIPTS_LIMIT
    for name in wanted:
        try:
            text = (run.folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if len(text) <= room:
            taken[name] = text
            room -= len(text)
    return taken


def _number(value: Any) -> float | str | None:
    """JSON has no NaN: the page gets the word."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    return value
