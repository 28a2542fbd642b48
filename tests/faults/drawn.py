"""Faults that a program draws: one small change of a module's code each. They show what nobody thought of.

    python -m tests.faults.drawn keras.src.layers.rnn.gru --draw 40 --in DIR

First every check is asked once under a tracer (kept in `DIR`), so that a change is asked of the checks that come by its line,
the cheapest first, and then, a dozen at a time, of the whole plan. What survives is a gap of the plan, or makes no difference to
anyone: only a reader can tell which. Lines that no check comes by are told, too.
"""

from __future__ import annotations

import argparse
import pickle
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import coverage

from cases.requests import digest
from suite.checks import Check
from suite.subjects.subject import Subject
from tests.faults.asking import FORK, Plan, asked, clean, prepare
from tests.faults.base import Fault, installed, where
from tests.faults.changes import Change, Changes, fault
from tests.faults.together import tried_together

MOST_AT_A_LINE = 2
"""So many changes of one line are drawn."""


def drawn(module: str, lines: frozenset[int], count: int, seed: int) -> dict[Fault, range]:
    """So many faults of one module that compile, function after function in turn, of lines that are come by, no more than
    `MOST_AT_A_LINE` of a line; and the lines of their statements."""
    text = installed(module)
    by_function: dict[str, list[Change]] = defaultdict(list)
    for change in sorted(set(Changes(text).found), key=lambda c: (c.start, c.end, c.new)):
        if lines & set(change.statement):
            by_function[change.function].append(change)
    chance = random.Random(f"{seed} {module}")
    for own in by_function.values():
        chance.shuffle(own)
    turns = list(by_function.values())
    chance.shuffle(turns)
    found: dict[Fault, range] = {}
    at_line: dict[int, int] = defaultdict(int)
    while len(found) < count and any(turns):
        for own in turns:
            if own and len(found) < count:
                change = own.pop()
                one = fault(module, text, change)
                if at_line[change.line] < MOST_AT_A_LINE and one.old != one.new and compiles(one.changed()):
                    at_line[change.line] += 1
                    found.setdefault(one, change.statement)
    return found


def compiles(text: str) -> bool:
    try:
        compile(text, "changed", "exec")
    except SyntaxError:
        return False
    return True


def come_by(plan: Plan, modules: Sequence[str], folder: Path) -> Mapping[str, Mapping[int, frozenset[str]]]:
    """Module -> line -> the checks whose questions come by it, as `kept` says or after all were asked under a tracer."""
    kept = folder / f"lines-{plan.session.settings.subjects[0]}.pkl"
    known = pickle.loads(kept.read_bytes()) if kept.exists() else {}
    missing = [module for module in modules if module not in known]
    if missing:
        files = {str(where(module)): module for module in missing}
        child = FORK.Process(target=traced, args=(plan, list(files), folder / "traced"))
        child.start()
        child.join()
        asks, lines = pickle.loads((folder / "traced" / "lines").read_bytes())
        whose = defaultdict(set)
        for check, keys in asks.items():
            for key in keys:
                whose[key].add(check)
        for file, module in files.items():
            known[module] = {line: frozenset().union(*(whose[key] for key in keys)) for line, keys in lines.get(file, {}).items()}
        kept.write_bytes(pickle.dumps(known))
    return known


def traced(plan: Plan, files: Sequence[str], place: Path) -> None:
    """In a process of its own: ask every check, and write who asked what, and which lines each question came by."""
    place.mkdir(parents=True, exist_ok=True)
    tracer = coverage.Coverage(data_file=str(place / "data"), include=list(files), config_file=False)
    asks: dict[str, set[str]] = defaultdict(set)
    answer, ask = Subject.answer, Subject._ask

    def asked_by(self: Subject, request: object) -> object:
        asks[(place / "now").read_text()].add(digest(request))
        return answer(self, request)

    def switched(self: Subject, key: str, request: object) -> object:
        tracer.switch_context(key)
        return ask(self, key, request)

    def ended(check: Sequence[Check]) -> Iterator[Check]:
        yield from check
        tracer.stop()
        data = tracer.get_data()
        lines = {file: data.contexts_by_lineno(file) for file in data.measured_files()}
        (place / "lines").write_bytes(pickle.dumps((dict(asks), lines)))

    Subject.answer, Subject._ask = asked_by, switched
    tracer.start()
    asked(plan.session, ended(plan.checks), place, (), float("inf"))


@dataclass(frozen=True)
class Guided(Plan):
    """A plan that knows which checks come by a fault's lines: they are the nearest."""

    come_by: Mapping[str, frozenset[str]]

    def nearest(self, fault: Fault, met: object, look: float) -> list[Check]:
        own = self.come_by[fault.name]
        ordered = sorted((c for c in self.checks if str(c) not in met), key=lambda check: str(check) not in own)
        spent, chosen = 0.0, []
        for check in ordered:
            spent += self.seconds[str(check)]
            if chosen and spent > look:
                break
            chosen.append(check)
        return chosen


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.drawn", description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="+", metavar="MODULE")
    parser.add_argument("--subject", default="keras-torch")
    parser.add_argument("--draw", type=int, default=40, metavar="N", help="so many changes of each module (default: 40)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side (default: 1)")
    parser.add_argument("--together", type=int, default=12, metavar="N")
    parser.add_argument("--check", action="append", metavar="WORD", help="only checks that have this in their ids, repeatable")
    parser.add_argument("--most", type=float, default=10.0, metavar="SECONDS", help="leave out checks that take longer")
    parser.add_argument("--in", dest="folder", type=Path, help="keep here what was run")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="drawn-"))
    prepare(options.subject)
    plan = clean(options.subject, folder, options.most, options.check or ())
    lines = come_by(plan, options.modules, folder)
    chosen: dict[Fault, frozenset[str]] = {}
    for module in options.modules:
        here = frozenset(line for line, checks in lines[module].items() if checks)
        missed = {change.line for change in Changes(installed(module)).found if not here & set(change.statement)}
        print(f"{module}: no check comes by lines {sorted(missed)}", flush=True)
        for one, own in drawn(module, here, options.draw, options.seed).items():
            chosen[replace(one, asked=options.subject)] = frozenset().union(*(lines[module].get(line, ()) for line in own))
    guided = Guided(plan.session, plan.checks, plan.seconds, {one.name: checks for one, checks in chosen.items()})
    counts: dict[str, int] = defaultdict(int)
    for outcome in tried_together([*chosen], folder, guided, options.together, options.jobs, False):
        counts[outcome.what] += 1
        print(f"{outcome.what:<9}  {outcome.seconds:>5} s  {outcome.family}: {outcome.name}  {outcome.by[:110]}", flush=True)
    print(dict(counts), f"of {len(chosen)} drawn; kept in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
