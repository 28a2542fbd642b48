"""Runs scripts of failures again, each in a process of its own, and says which of them do not show their fault.

The scripts of one stack are forked from a process that has imported its framework (`suite.subjects.nursery`); where that
cannot be, each has a fresh interpreter.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reports.lines import Verdict
from suite.cache import compiled_programs
from suite.subjects.nursery import Nursery, quiet
from suite.subjects.specification import Specification
from suite.verdicts import FAILED

NEW = 3
"""How many failures that the ledger does not know are tried."""
KNOWN = 16
"""How many known findings are tried, unless all are."""
EACH = 60.0
"""Seconds that one script may take."""
TOTAL: Mapping[str, float] = {"smoke": 15.0, "default": 15.0, "full": 120.0}
"""Seconds for all scripts of a run, by depth: none is begun in the last `LAST` of them."""
LAST = 2.0
SIDE_BY_SIDE = 2
IMPORTED: Mapping[str, tuple[str, ...]] = {
    "torch": ("numpy", "torch"), "keras-torch": ("!tensorflow", "keras", "torch"), "keras-jax": ("!tensorflow", "keras", "jax"),
    "keras-tensorflow": ("keras", "tensorflow"),
}
"""Backend -> what its scripts import, and one interpreter for all of them. On the other engines Keras imports TensorFlow, where
there is one, to report any error, which takes seconds a script: they run as where there is none."""


@dataclass(frozen=True)
class Again:
    """What came of a script: whether it showed the fault (None: there was no time to tell), and what it said."""

    id: str
    repro: str
    shown: bool | None
    said: str = ""
    seconds: float = 0.0


def sample(records: Iterable[Verdict], folder: Path, everyone: bool = True, seed: int = 0) -> list[Verdict]:
    """The failures whose scripts are tried: up to `NEW` that the ledger does not know, of different invariants where
    there are, and one for each entry of the ledger, the shortest script each.

    Unless of `everyone`, `KNOWN` entries at most, others with another `seed` until all had their turn; and those alone that the
    ledger knows of one subject, which has the most of them: each subject's interpreter takes seconds to start.
    """
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
    known = [each for (kind, _), each in first.items() if kind == "known"]
    if known and not everyone:
        [(most, _)] = Counter(each.subject for each in known).most_common(1)
        known = [each for each in known if each.subject == most]
        if len(known) > KNOWN:
            known.sort(key=lambda each: str(each.known))
            known = [known[(seed * KNOWN + n) % len(known)] for n in range(KNOWN)]
    return new + known


def run(
    chosen: Sequence[Verdict], folder: Path, specification: Callable[[Verdict], Specification], seconds: float,
    each: float = EACH, nurseries: Mapping[str, Nursery | None] = MappingProxyType({}),
) -> list[Again]:
    """Try the scripts, two at a time, for about `seconds` in all. `specification`: of the subject of a failure.
    `nurseries`: subject -> what its interpreters are forked from, and its scripts too."""
    until = time.monotonic() + seconds - LAST
    found: dict[str, Again] = {}
    stacks: dict[str, list[Verdict]] = {}
    for record in chosen:
        stacks.setdefault(record.subject, []).append(record)

    def tried(records: list[Verdict]) -> None:
        waiting = list(records)
        if time.monotonic() < until:
            own = nurseries.get(records[0].subject)
            with nullcontext(own) if own else forking(records[0], specification(records[0])) as nursery:
                while waiting and time.monotonic() < until:
                    record = waiting.pop(0)
                    found[record.id] = again(record, folder, specification(record), each, nursery)
        for record in waiting:
            found[record.id] = Again(record.id, str(record.repro), None, "there was no time left")

    shares = [records[start::step] for name, records in stacks.items()
              for step in [min(SIDE_BY_SIDE, len(records)) if nurseries.get(name) else 1] for start in range(step)]
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        list(pool.map(tried, shares))
    return [found[record.id] for record in chosen]


def forking(record: Verdict, specification: Specification) -> AbstractContextManager[Nursery | None]:
    """What runs the scripts of one stack; None where nobody says what they import, and each has an interpreter of its own."""
    modules = IMPORTED.get(record.backend or specification.backend)
    if modules is None:
        return nullcontext()
    variables = environment(record, specification) | {"OPENBLAS_NUM_THREADS": "1"}
    if "keras" in modules:
        variables["KERAS_BACKEND"] = modules[-1]
    return Nursery(modules, variables, specification.python)


def again(
    record: Verdict, folder: Path, specification: Specification, seconds: float, nursery: Nursery | None = None
) -> Again:
    """Run one script in a process of its own, outside this project: forked, or in a fresh interpreter."""
    began = time.monotonic()
    script = (folder / str(record.repro)).resolve()
    with tempfile.TemporaryDirectory() as place:
        answer = nursery.run(script, place, seconds) if nursery else None
        if answer is not None:
            status = answer["status"]
            out, err = ((Path(place) / name).read_text(errors="replace") for name in ("out", "err"))
        else:
            try:
                done = subprocess.run(
                    [specification.python or sys.executable, str(script)], cwd=place, capture_output=True, text=True,
                    errors="replace", timeout=seconds, stdin=subprocess.DEVNULL, env=environment(record, specification),
                )
                status, out, err = done.returncode, done.stdout, done.stderr
            except subprocess.TimeoutExpired:
                status = None
            except OSError as error:
                return Again(record.id, str(record.repro), None, f"it did not start: {error}")
    took = round(time.monotonic() - began, 1)
    if status is None:
        return Again(record.id, str(record.repro), True if record.verdict == "timeout" else None,
                     f"no end after {seconds:.0f} s", took)
    shown, said = judged(record.verdict, status, out, err)
    return Again(record.id, str(record.repro), shown, said, took)


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
    found = quiet()
    found |= {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    if record.device == "cpu":
        found |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    if (record.backend or specification.backend) == "keras-jax":
        found |= compiled_programs()
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
