"""Plant every fault in turn, run the suite on it, and say which were found, by what, and in what time.

A fault counts as killed only if the run exits with status 1 and a `fail`, `crash`, `timeout` or `fixed` verdict is
there that the clean run does not have. With `--in DIR` what was run is kept, and not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from reports.records import RecordsError, read
from tests.faults import in_layers, in_loops, in_masks, in_torch
from tests.faults.base import Fault

ROOT = Path(__file__).resolve().parents[2]
FAULTS: tuple[Fault, ...] = (*in_loops.ALL, *in_layers.ALL, *in_masks.ALL, *in_torch.ALL)
BAD = ("fail", "crash", "timeout", "fixed")
SECONDS = 600


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: killed, survived, or void (the run says nothing). `by`: the first verdict that is new."""

    name: str
    family: str
    what: str
    by: str
    seconds: float


def suite(subject: str, record: Path, environment: dict[str, str], *options: str) -> tuple[int, str]:
    """Run the suite on one subject; its exit status and what it said."""
    command = [sys.executable, "-m", "pytest", "suite/test_invariants.py", "suite/test_families.py",
               "suite/test_scenarios.py", "--subject", subject,
               "-q", "-p", "no:cacheprovider", "--record", str(record), *options]
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True,
                              timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return -1, f"no end within {SECONDS} s"
    return done.returncode, done.stdout[-2000:] + done.stderr[-2000:]


def failing(record: Path) -> dict[str, str]:
    """Check -> verdict and message, of the verdicts that count."""
    return {v.id: f"{v.verdict}: {v.message}" for v in read(record).verdicts if v.verdict in BAD}


def clean(subject: str, folder: Path) -> set[str]:
    """The checks that fail without any fault: none, or there is nothing to measure."""
    record = folder / f"clean-{subject}"
    try:
        ended = read(record).end
    except RecordsError:
        ended = None
    if ended is None:
        shutil.rmtree(record, ignore_errors=True)
        status, said = suite(subject, record, {})
        if status != 0:
            raise SystemExit(f"{subject} is not clean (exit status {status}): nothing can be measured\n{said}")
    elif ended.exit != 0:
        raise SystemExit(f"{subject} is not clean (see {record}): nothing can be measured")
    return set(failing(record))


def tried(fault: Fault, folder: Path, usual: set[str]) -> Outcome:
    """Plant one fault and run the suite until something fails."""
    place = folder / f"{fault.family} {fault.name}".replace(" ", "-").replace(":", "").replace("/", "-")
    kept = place / "outcome.json"
    if kept.exists():
        return Outcome(**json.loads(kept.read_text()))
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    began = time.monotonic()
    status, said = suite(fault.subject, place / "record", fault.plant(place), "-x")
    (place / "said.txt").write_text(said)
    try:
        found = {check: why for check, why in failing(place / "record").items() if check not in usual}
    except RecordsError as error:
        found, said = {}, f"{error}: {said}"
    if not (place / "imported").exists():
        what, by = "void", "the changed module was never imported"
    elif status == 1 and found:
        what, by = "killed", " · ".join(next(iter(found.items())))
    elif status == 0:
        what, by = "survived", ""
    else:
        what, by = "void", f"exit status {status}: {said[-300:]}"
    outcome = Outcome(fault.name, fault.family, what, by, round(time.monotonic() - began, 1))
    kept.write_text(json.dumps(asdict(outcome)))
    return outcome


def told(outcomes: list[Outcome], seconds: float) -> str:
    """The score, family by family."""
    families = dict.fromkeys(o.family for o in outcomes)
    width = max(map(len, families))
    lines = [f"{'family':<{width}}  killed  survived  void"]
    for family in (*families, "all"):
        counts = [sum(o.what == what for o in outcomes if family in (o.family, "all"))
                  for what in ("killed", "survived", "void")]
        lines.append("{:<{}}  {:>6}  {:>8}  {:>4}".format(family, width, *counts))
    lines += [f"{o.what}: {o.family}: {o.name} {o.by}".rstrip() for o in outcomes if o.what != "killed"]
    return "\n".join([*lines, f"{len(outcomes)} faults in {seconds:.0f} s"])


def main() -> int:
    """The command; exit status 1 where a fault survived or a run was void."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--family", action="append", help="only this family, repeatable")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this fault, repeatable")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side (default: 1)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="a sample: every Nth fault")
    parser.add_argument("--in", dest="folder", type=Path, help="keep what was run here, and go on from there")
    asked = parser.parse_args()
    chosen = [f for f in FAULTS if (not asked.family or f.family in asked.family) and (not asked.only or f.name in asked.only)]
    chosen = chosen[:: asked.every]
    if not chosen:
        families = ", ".join(dict.fromkeys(f.family for f in FAULTS))
        parser.error(f"no such fault (families: {families})")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        folder = (asked.folder or Path(temporary)).resolve()
        usual = {subject: clean(subject, folder) for subject in dict.fromkeys(f.subject for f in chosen)}
        with ThreadPoolExecutor(max_workers=asked.jobs) as pool:
            outcomes = []
            for outcome in pool.map(lambda fault: tried(fault, folder, usual[fault.subject]), chosen):
                print(f"{outcome.what:<8}  {outcome.seconds:>5} s  {outcome.family}: {outcome.name}  {outcome.by[:150]}",
                      flush=True)
                outcomes.append(outcome)
    print(told(outcomes, time.monotonic() - began))
    return int(any(o.what != "killed" for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
