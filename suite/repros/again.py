"""Runs scripts of failures again, each in an interpreter of its own, and says which of them do not show their fault."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.lines import Verdict
from suite.subjects.specification import Specification

FAILED = ("fail", "crash", "timeout")
NEW = 3
"""How many failures that the ledger does not know are tried."""
EACH = 60.0
"""Seconds that one script may take."""
TOTAL: Mapping[str, float] = {"smoke": 20.0, "default": 20.0, "full": 120.0}
"""Seconds for all scripts of a run, by depth: none is begun in the last `LAST` of them."""
LAST = 5.0
SIDE_BY_SIDE = 2


@dataclass(frozen=True)
class Again:
    """What came of a script: whether it showed the fault (None: there was no time to tell), and what it said."""

    id: str
    repro: str
    shown: bool | None
    said: str = ""
    seconds: float = 0.0


def sample(records: Iterable[Verdict], folder: Path) -> list[Verdict]:
    """The failures whose scripts are tried: up to `NEW` that the ledger does not know, of different invariants where
    there are, and one for each entry of the ledger, the shortest script each."""
    sizes = {}
    for each in records:
        if each.repro and each.verdict in (*FAILED, "known"):
            try:
                sizes[each.id] = (folder / each.repro).stat().st_size, each
            except OSError:
                continue
    shortest = [each for _, each in sorted(sizes.values(), key=lambda pair: (pair[0], pair[1].id))]
    first: dict[tuple, Verdict] = {}
    for each in shortest:
        first.setdefault(("known", each.known) if each.verdict == "known" else ("new", each.invariant), each)
    new = [each for (kind, _), each in first.items() if kind == "new"][:NEW]
    return new + [each for (kind, _), each in first.items() if kind == "known"]


def run(
    chosen: Sequence[Verdict], folder: Path, specification: Callable[[Verdict], Specification], seconds: float,
    each: float = EACH,
) -> list[Again]:
    """Try the scripts, two at a time, for about `seconds` in all. `specification`: of the subject of a failure."""
    until = time.monotonic() + seconds - LAST

    def one(record: Verdict) -> Again:
        if time.monotonic() > until:
            return Again(record.id, str(record.repro), None, "there was no time left")
        return again(record, folder, specification(record), each)

    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        return list(pool.map(one, chosen))


def again(record: Verdict, folder: Path, specification: Specification, seconds: float) -> Again:
    """Run one script in a clean interpreter, outside this project."""
    began = time.monotonic()
    script = (folder / str(record.repro)).resolve()
    command = [specification.python or sys.executable, str(script)]
    with tempfile.TemporaryDirectory() as place:
        try:
            done = subprocess.run(
                command, cwd=place, capture_output=True, text=True, errors="replace", timeout=seconds,
                stdin=subprocess.DEVNULL, env=environment(record, specification),
            )
        except subprocess.TimeoutExpired:
            told, took = f"no end after {seconds:.0f} s", round(time.monotonic() - began, 1)
            return Again(record.id, str(record.repro), True if record.verdict == "timeout" else None, told, took)
        except OSError as error:
            return Again(record.id, str(record.repro), None, f"it did not start: {error}")
    shown, said = judged(record.verdict, done.returncode, done.stdout, done.stderr)
    return Again(record.id, str(record.repro), shown, said, round(time.monotonic() - began, 1))


def judged(verdict: str, status: int, out: str, err: str) -> tuple[bool, str]:
    """Whether a script showed its fault, and what it said. One that fails by a mistake of its own did not."""
    told = [line for line in out.splitlines() if line.startswith(("expected", "found"))]
    if status == 0:
        return False, "it exits 0"
    if status == 1 and any(line.startswith("expected") for line in told):
        return True, "; ".join(" ".join(line.split()) for line in told)[:400]
    last = next((line for line in reversed(err.splitlines()) if line.strip()), "no word")
    if "Traceback (most recent call last)" not in err and status != 1:
        return True, f"it ended with status {status}: {last}"[:400]
    return False, f"the script itself fails: {last}"[:400]


def environment(record: Verdict, specification: Specification) -> dict[str, str]:
    """The environment of a user, but quiet, on the device that was asked, with the version that was asked."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    found |= {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    if record.device == "cpu":
        found |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    if specification.path:
        found["PYTHONPATH"] = os.pathsep.join([*specification.path, *filter(None, [found.get("PYTHONPATH")])])
    return found


def told(records: Iterable[Verdict], results: Sequence[Again] | None) -> dict[str, Any]:
    """What the last line of the records says about scripts. `results` is None where none was tried."""
    failed = [each for each in records if each.verdict in (*FAILED, "known")]
    found: dict[str, Any] = {
        "written": sum(bool(each.repro) for each in failed), "without": sum(not each.repro for each in failed),
    }
    if results is not None:
        found["tried"] = [vars(each) for each in results]
    return found
