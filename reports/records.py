"""The store of records: a run is a folder with `records.jsonl`, written a line at a time and read as a `Run`.

The first line says where and with what (`Header`), then come verdicts and timings in the order in which they were
reached, and the last line holds the counts (`End`). A file without that last line is a run that was cut off:
`Run.cut_off` says so, and so does everything that reads it. The lines themselves are described in `reports.lines`.
"""

from __future__ import annotations

import json
import os
import threading
import typing
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from reports.lines import KINDS, SCHEMA, End, Exploration, Header, Record, Timing, Verdict

FILE = "records.jsonl"


class RecordsError(Exception):
    """Records cannot be written or read."""


class NotWritable(RecordsError):
    """The folder of a run cannot be written."""


class NoRun(RecordsError):
    """A folder holds no run."""


class Damaged(RecordsError):
    """A file of records holds a line that is no record."""


class UnknownSchema(RecordsError):
    """A file of records was written by another version of this project."""


@dataclass(frozen=True, eq=False)
class Run:
    """A run as it was read. `end` is None for one that was cut off.

    An id that was recorded more than once counts with its last line; `repeated` says how many
    lines were replaced so.
    """

    folder: Path
    header: Header
    verdicts: tuple[Verdict, ...] = ()
    timings: tuple[Timing, ...] = ()
    end: End | None = None
    repeated: int = 0
    explorations: tuple[Exploration, ...] = ()

    @property
    def cut_off(self) -> bool:
        """Whether the last line is missing: checks may be, too."""
        return self.end is None

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The subjects' names: those of the header in its order, then any that only records name."""
        named = [str(each.get("name", "")) for each in self.header.subjects]
        return tuple(dict.fromkeys([*named, *(v.subject for v in self.verdicts), *(t.subject for t in self.timings)]))

    def described(self, subject: str) -> Mapping[str, Any]:
        """What the header says about a subject; empty where it says nothing."""
        return next((each for each in self.header.subjects if each.get("name") == subject), {})

    def counts(self) -> dict[str, Counter]:
        """subject -> verdict -> number of checks."""
        counted = {subject: Counter() for subject in self.subjects}
        for verdict in self.verdicts:
            counted[verdict.subject][verdict.verdict] += 1
        return counted

    def gaps(self) -> list[str]:
        """Sentences about what is missing from this run: cut off, counts that do not add up. Empty for a whole run."""
        if self.end is None:
            return ["The run was cut off: its last line is missing, and so may be checks."]
        told, found = [], self.counts()
        if self.repeated:
            told.append(f"{self.repeated} records stand twice in the file: the last line of each counts.")
        for subject in dict.fromkeys([*self.end.planned, *self.end.counts]):
            here = found.get(subject, Counter()).total()
            planned = self.end.planned.get(subject, here)
            if planned != here:
                told.append(f"{subject}: {planned} checks were planned, {here} are recorded.")
            written = sum(self.end.counts.get(subject, {}).values())
            if subject in self.end.counts and written != here and not self.repeated:
                told.append(f"{subject}: the last line counts {written} checks, the file holds {here}.")
        for subject in self.end.explored:
            made = next((each for each in self.explorations if each.subject == subject), None)
            if made is None:
                told.append(f"{subject}: a search was planned, and none is recorded.")
            elif made.draws < made.planned:
                told.append(f"{subject}: {made.planned} draws were planned, {made.draws} were made.")
        return told

    def newer(self) -> list[str]:
        """Sentences about subjects that are newer than the ledger: how much of what it knows shows there still."""
        told = []
        for each in self.end.more.get("newer", ()) if self.end else ():
            still, gone = len(each["still"]), each["gone"]
            names = f": {', '.join(gone)}" if gone else ""
            told.append(f"{each['subject']} is newer than the ledger of known findings: {still} of them show there still, "
                        f"{len(gone)} that were asked for do not{names}.")
        return told


class Writer:
    """Appends records to `folder/records.jsonl`, a line at a time; each line is handed to the system at once.

    One writer a run; any thread may call it.

    `resume=True` goes on with a run that is there: an unfinished last line and the `end` line are taken away first, and
    the header stays. Raises NotWritable where the folder cannot be written or holds another run.
    """

    def __init__(self, folder: str | os.PathLike, resume: bool = False):
        self.folder = Path(folder)
        self.path = self.folder / FILE
        self._lock = threading.Lock()
        self._counts: dict[str, Counter] = {}
        self._records: list[Record] = []
        kept: list[str] = []
        begun = self.path.exists() and self.path.stat().st_size > 0
        if resume and begun:
            run = read(self.folder)
            self._records = [run.header, *run.verdicts, *run.timings, *run.explorations]
            kept = [each.to_line() for each in self._records]
            for verdict in run.verdicts:
                self._counts.setdefault(verdict.subject, Counter())[verdict.verdict] += 1
        elif begun:
            raise NotWritable(f"{self.folder} already holds a run: choose another folder, or resume that run.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if kept:  # to a file of its own first: a crash here must not cost the records that are there
                beside = self.path.with_suffix(".part")
                beside.write_text("".join(line + "\n" for line in kept), encoding="utf-8", errors="replace")
                beside.replace(self.path)
            self._file = self.path.open("a", encoding="utf-8", errors="replace")
        except OSError as problem:
            raise self._refused(problem) from None

    def begin(self, header: Header) -> None:
        """Write the first line. A resumed run keeps its own."""
        if not self._records:
            self._append(Header.from_json(header.to_json()))

    def add(self, record: Verdict | Timing | Exploration, line: str | None = None) -> None:
        """Write a verdict, a timing or an exploration; `line` is what its `to_line` gave, if that is known."""
        if not self._records:
            raise RecordsError("A record came before the header: call begin() first.")
        self._append(record, line)

    def end(self, end: End | None = None, **known: Any) -> End:
        """Write the last line and close. Counts are the writer's own; everything else is given (fields of `End`)."""
        counts = {subject: dict(counted) for subject, counted in self._counts.items()}
        last = replace(end or End(), **{"counts": counts, **known})
        self._append(last)
        self.close()
        return last

    def close(self) -> None:
        """Close the file. Without `end`, the run counts as cut off."""
        self._file.close()

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, record: Record, line: str | None = None) -> None:
        line = line or record.to_line()
        with self._lock:
            try:
                self._file.write(line + "\n")
                self._file.flush()
            except OSError as problem:
                raise self._refused(problem) from None
            self._records.append(record)
            if isinstance(record, Verdict):
                self._counts.setdefault(record.subject, Counter())[record.verdict] += 1

    def run(self) -> Run:
        """What `read` finds in the file, if what was added is plain."""
        return _run(self.folder, self._records)

    def _refused(self, problem: OSError) -> NotWritable:
        return NotWritable(f"Records cannot be written to {self.path}: {(problem.strerror or str(problem)).lower()}.")


def read(folder: str | os.PathLike) -> Run:
    """The run in `folder` (or in the file of records itself).

    An unfinished last line is what a killed run leaves, and is left out. Raises NoRun where there is none, Damaged for
    any other line that is no record, UnknownSchema for a file of another version.
    """
    path = Path(folder)
    path = path if path.is_file() else path / FILE
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as problem:
        raise NoRun(f"No run in {folder}: {path.name}: {(problem.strerror or str(problem)).lower()}.") from None
    lines = text.split("\n")
    torn = lines.pop()  # after the last line's end: empty, or a line that was never finished
    records: list[Record] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            records.append(_parse(line, number, path, first=not records))
    if torn.strip():
        try:
            records.append(_parse(torn, len(lines) + 1, path, first=not records))
        except Damaged:
            pass
    if not records:
        raise NoRun(f"No run in {folder}: {path.name} is empty.")
    ends = [index for index, each in enumerate(records) if isinstance(each, End)]
    if ends and ends[0] != len(records) - 1:
        raise Damaged(f"{path}: records follow the last line of the run.")
    return _run(path.parent, records)


def _run(folder: Path, records: list[Record]) -> Run:
    """The run whose lines these are, header first; of lines with one id the last counts."""
    checks = [each for each in records[1:] if isinstance(each, Verdict)]
    timed = [each for each in records[1:] if isinstance(each, Timing)]
    explored = {(each.subject, each.seed, each.planned): each for each in records[1:] if isinstance(each, Exploration)}
    verdicts, timings = ({each.id: each for each in group} for group in (checks, timed))
    return Run(
        folder, typing.cast(Header, records[0]), tuple(verdicts.values()), tuple(timings.values()),
        records[-1] if isinstance(records[-1], End) else None, len(checks) + len(timed) - len(verdicts) - len(timings),
        tuple(explored.values()),
    )


def to_frame(run: Run):
    """The verdicts as a pandas frame, a row each; the features in columns of their own (`features.NAME`)."""
    import pandas

    return pandas.json_normalize([{**asdict(each), **each.more} for each in run.verdicts], max_level=1)


def timings_frame(run: Run):
    """The timings as a pandas frame, a row each."""
    import pandas

    return pandas.json_normalize([{**asdict(each), **each.more} for each in run.timings], max_level=0)


def write_lines(folder: str | os.PathLike, records: Iterable[Record]) -> Path:
    """Write a whole run at once: header, verdicts, timings, end. Raises NotWritable."""
    with Writer(folder) as writer:
        for record in records:
            if isinstance(record, Header):
                writer.begin(record)
            elif isinstance(record, End):
                writer.end(record)
            else:
                writer.add(typing.cast(Verdict, record))
    return writer.path


def _parse(line: str, number: int, path: Path, first: bool) -> Record:
    try:
        value = json.loads(line)
        kind = value["kind"]
    except (ValueError, TypeError, KeyError):
        raise Damaged(f"{path}, line {number}: not a record: {line[:60]!r}.") from None
    if first != (kind == "run"):
        wrong = "the first line must describe the run." if first else "a second header."
        raise Damaged(f"{path}, line {number}: {wrong}")
    if first and value.get("schema") != SCHEMA:
        raise UnknownSchema(f"{path} has schema {value.get('schema')!r}: this version reads schema {SCHEMA}.")
    if kind not in KINDS:
        raise Damaged(f"{path}, line {number}: unknown kind {kind!r}; expected one of {', '.join(KINDS)}.")
    try:
        return KINDS[kind].from_json(value)
    except ValueError as problem:
        raise Damaged(f"{path}, line {number}: {problem}.") from None
