"""`python -m reports`: show, compare, gate, page, merge, findings. Bad use is one line on stderr and exit status 2."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from reports import compare as comparing
from reports import pages, rootcauses, summary
from reports.findings import amount, new_failures, several
from reports.gate import gate
from reports.lines import SEVERITY, VERDICTS, Verdict
from reports.merge import merge
from reports.records import RecordsError, Run, read

BAD_USE = 2


class BadUse(RecordsError):
    """A command was given what it cannot use."""


class _Parser(argparse.ArgumentParser):
    """One line, not the usage as well."""

    def error(self, message: str):
        print(f"{self.prog}: {message} (try --help)", file=sys.stderr)
        raise SystemExit(BAD_USE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status."""
    given = _parser().parse_args(arguments)
    try:
        return given.command(given)
    except RecordsError as problem:
        print(f"reports: {problem}", file=sys.stderr)
        return BAD_USE
    except BrokenPipeError:  # `| head` closed the pipe: nothing more to say, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="reports", description="Read the records of runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    show = commands.add_parser("show", help="the summary of a run, some of its checks, or the script of one")
    show.add_argument("run", metavar="RUN")
    show.add_argument("--subject", help="only this subject")
    show.add_argument("--invariant", help="only this invariant")
    show.add_argument("--verdict", choices=VERDICTS, help="only checks with this verdict")
    show.add_argument("--repro", metavar="ID", help="print the script that shows this failure")
    show.set_defaults(command=_show)

    for name, command, help_ in (
        ("compare", _compare, "what changed between two runs, or subjects of them"),
        ("gate", _gate, "exit 0: nothing got worse, 1: a regression, 3: nothing could be judged"),
    ):
        two = commands.add_parser(name, help=help_)
        two.add_argument("base", metavar="BASE", help="a run, or RUN:SUBJECT")
        two.add_argument("new", metavar="NEW", help="a run, or RUN:SUBJECT")
        two.set_defaults(command=command)
        if name == "gate":
            two.add_argument("--only-common", action="store_true", help="checks that only BASE holds are no regression")
        else:
            two.add_argument("--most", type=int, default=20, metavar="N", help="checks to list of each kind (20)")

    for name, command, help_ in (
        ("page", _page, "write the explorer, static files"), ("merge", _merge, "put runs together into one"),
        ("findings", _findings, "write the findings by root cause, as Markdown"),
    ):
        many = commands.add_parser(name, help=help_)
        many.add_argument("runs", metavar="RUN", nargs="+")
        where = {"metavar": "FILE", "default": "FINDINGS.md"} if name == "findings" else {"metavar": "DIR", "required": True}
        many.add_argument("-o", "--output", **where)
        many.set_defaults(command=command)
    return parser


def _show(given: argparse.Namespace) -> int:
    run = read(given.run)
    if given.repro:
        print(_script(run, given.repro))
    elif given.subject or given.invariant or given.verdict:
        if run.cut_off:
            print(*run.gaps(), sep="\n")
        print(*_checks(run, given.subject, given.invariant, given.verdict), sep="\n")
    else:
        print(*summary.terminal(run), sep="\n")
    return 0


def _checks(run: Run, subject: str | None, invariant: str | None, verdict: str | None) -> list[str]:
    """Lines about the checks that fit, worst first."""
    if subject:
        run = comparing.only(run, subject)
    if invariant and invariant not in (known := {each.invariant for each in run.verdicts}):
        here = ", ".join(sorted(known)) or "none"
        raise BadUse(f"No check of invariant {invariant!r} in {run.folder} (available: {here}).")
    fitting = [
        each for each in run.verdicts
        if (not invariant or each.invariant == invariant) and (not verdict or each.verdict == verdict)
    ]
    first = {each.id: place for place, each in enumerate(new_failures(fitting))}
    fitting.sort(key=lambda each: (SEVERITY.index(each.verdict), first.get(each.id, 0), each.id))
    return [several(len(fitting), "check"), *(line for each in fitting for line in _lines(each))]


def _lines(each: Verdict) -> list[str]:
    told = " ".join(filter(None, (each.message, f"[{amount(each)}]" if each.deviation is not None else "")))
    known = f" ({each.known})" if each.known else ""
    if each.verdict == "pass":
        return [f"pass  {each.id}"]
    return [f"{each.verdict}{known}  {each.id}", f"    {told}", *([f"    {each.repro}"] if each.repro else [])]


def _script(run: Run, ident: str) -> str:
    found = [each for each in run.verdicts if ident in (each.id, each.check)]
    if not found:
        raise BadUse(f"No check {ident!r} in {run.folder}.")
    with_script = [each for each in found if each.repro]
    if not with_script:
        raise BadUse(f"{found[0].id} has no script: its verdict is {found[0].verdict}.")
    if len(with_script) > 1:
        raise BadUse(f"{ident!r} failed on several subjects: name one of {', '.join(each.id for each in with_script)}.")
    path = run.folder / str(with_script[0].repro)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise BadUse(f"{path} cannot be read: {(problem.strerror or str(problem)).lower()}.") from None


def _compare(given: argparse.Namespace) -> int:
    compared = comparing.compare(comparing.side(given.base), comparing.side(given.new))
    print(*comparing.told(compared, max(given.most, 1)), sep="\n")
    return 0


def _gate(given: argparse.Namespace) -> int:
    try:
        compared = comparing.compare(comparing.side(given.base), comparing.side(given.new))
    except comparing.NothingInCommon as problem:
        print(f"not judged: {problem}")
        return 3
    judged = gate(compared, given.only_common)
    word = {0: "passed", 1: "regression", 3: "not judged"}[judged.status]
    print(*(f"{word}: {reason}" for reason in judged.reasons), *(f"note: {note}" for note in judged.notes), sep="\n")
    return judged.status


def _page(given: argparse.Namespace) -> int:
    runs = [read(each) for each in given.runs]
    if len(runs) == 1:
        print(pages.write_page(runs[0], given.output))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        print(pages.write_page(read(merge(runs, Path(folder) / "merged")), given.output))
    return 0


def _findings(given: argparse.Namespace) -> int:
    print(rootcauses.write([read(each) for each in given.runs], given.output))
    return 0


def _merge(given: argparse.Namespace) -> int:
    folder = merge([read(each) for each in given.runs], given.output)
    pages.write(folder)
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
