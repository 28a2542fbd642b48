"""Runs put together into one: shards of one run, several machines, several versions."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reports.lines import End, Exploration, Header, Timing, Verdict
from reports.records import NotWritable, RecordsError, Run, Writer

IDENTITY = ("backend", "versions", "device", "python", "threads")


class NothingToMerge(RecordsError):
    """A merge was asked for without a run."""


def merge(runs: Sequence[Run], folder: str | os.PathLike) -> Path:
    """Write the records of all runs into a new run in `folder`; return it.

    A subject that is described alike in several runs is one subject (shards), and a check that several hold counts with
    the last one's line. A subject of the same name that is another one (version, device, machine) is renamed to
    `NAME@RUN`, RUN being the folder's name. The merged run is cut off if one of them is. Raises NotWritable.
    """
    if not runs:
        raise NothingToMerge("Name at least one run to merge.")
    target = Path(folder)
    subjects: dict[str, Mapping[str, Any]] = {}
    records: dict[str, Verdict | Timing] = {}
    machines: dict[str, Any] = {}
    planned: Counter = Counter()
    with Writer(target) as writer:
        for index, run in enumerate(runs):
            names = _names(run, subjects, machines)
            for each in run.header.subjects:
                subjects.setdefault(names[str(each.get("name"))], {**each, "name": names[str(each.get("name"))]})
            machines.update({name: run.header.machine for name in names.values() if name not in machines})
            for each in (*run.verdicts, *run.timings):
                moved = _moved(each, run, target, names, index)
                if moved.id in records and isinstance(moved, Verdict):
                    planned[moved.subject] -= 1  # planned in both runs, recorded once
                records[moved.id] = moved
            for each in run.explorations:
                name = names[each.subject]
                new, known = (tuple(f"{name}::{i.partition('::')[2]}" for i in ids) for ids in (each.new, each.known))
                moved = replace(each, subject=name, new=new, known=known)
                records[f"{name}::explore::{each.seed}::{each.planned}"] = moved
            for name, count in (run.end.planned if run.end else {}).items():
                planned[names.get(name, name)] += count
        writer.begin(_header(runs, subjects))
        for record in records.values():
            writer.add(record)
        if not any(run.cut_off for run in runs):
            explored = dict.fromkeys(each.subject for each in records.values() if isinstance(each, Exploration))
            writer.end(_end(runs, planned, tuple(explored)))
    return target


def _names(run: Run, subjects: Mapping[str, Mapping[str, Any]], machines: Mapping[str, Any]) -> dict[str, str]:
    """Subject -> its name in the merged run."""
    names = {}
    for name in run.subjects:
        described, there = run.described(name), subjects.get(name)
        alike = there is not None and all(there.get(key) == described.get(key) for key in IDENTITY)
        same = name not in machines or alike and machines[name] == run.header.machine
        new, count = name if same else f"{name}@{run.folder.name}", 2
        while not same and new in machines:
            new, count = f"{name}@{run.folder.name}-{count}", count + 1
        names[name] = new
    return names


def _moved(each: Any, run: Run, target: Path, names: Mapping[str, str], index: int) -> Any:
    """A record under its subject's new name, its script copied beside the merged records."""
    changes: dict[str, Any] = {"subject": names[each.subject], "id": f"{names[each.subject]}::{each.check}"}
    if isinstance(each, Verdict) and each.repro and (run.folder / each.repro).is_file():
        place = Path("repros") / f"run{index + 1}" / Path(each.repro).name
        try:
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.folder / each.repro, target / place)
        except OSError as problem:
            why = (problem.strerror or str(problem)).lower()
            raise NotWritable(f"{target / place} cannot be written: {why}.") from None
        changes["repro"] = place.as_posix()
    return replace(each, **changes)


def _header(runs: Sequence[Run], subjects: Mapping[str, Mapping[str, Any]]) -> Header:
    """What all runs share stays as it is; what differs is kept by run."""
    missing = {(str(each.get("name")), str(each.get("reason"))): each for run in runs for each in run.header.missing}
    return Header(
        min(run.header.time for run in runs), _common([run.header.machine for run in runs], runs),
        _common([run.header.settings for run in runs], runs),
        ", ".join(dict.fromkeys(run.header.commit for run in runs if run.header.commit)), tuple(subjects.values()),
        tuple(each for (name, _), each in missing.items() if name not in subjects),
        {key: entry for run in runs for key, entry in run.header.ledger.items()},
        {name: told for run in runs for name, told in run.header.scenarios.items()},
        more={"merged": [str(run.folder) for run in runs]},
    )


def _common(described: Sequence[Mapping[str, Any]], runs: Sequence[Run]) -> Mapping[str, Any]:
    told: dict[str, Any] = {}
    for name in dict.fromkeys(name for each in described for name in each):
        values = [each.get(name) for each in described]
        alike = all(value == values[0] for value in values)
        each_own = "; ".join(f"{run.folder.name}: {value}" for run, value in zip(runs, values, strict=True))
        told[name] = values[0] if alike else each_own
    return told


def _end(runs: Sequence[Run], planned: Mapping[str, int], explored: tuple[str, ...]) -> End:
    """The sums of the ends; the worst exit status."""
    ends = [run.end for run in runs if run.end]
    return End(
        {}, dict(planned), sum(each.seconds for each in ends), sum(each.seconds_frameworks for each in ends),
        sum(each.seconds_harness for each in ends), max(each.exit for each in ends), explored,
    )
