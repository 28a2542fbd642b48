"""Plant every fault in turn, run the suite on it, and say which were found, by what, and in what time.

A fault counts as killed only if a `fail`, `crash`, `timeout` or `fixed` verdict is there, where none is without it. With
`--in DIR` what was run is kept, and not run again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from tests.faults.asking import FORK, NotClean, Outcome, clean, kept, prepare, tried
from tests.faults.base import Fault
from tests.faults.together import LOOK, tried_together

HERE = Path(__file__).parent
FAULTS: tuple[Fault, ...] = tuple(fault for path in sorted(HERE.glob("in_*.py"))
                                  for fault in import_module(f"tests.faults.{path.stem}").ALL)
WHAT = ("killed", "survived", "explained", "void")


def told(outcomes: list[Outcome], seconds: float) -> str:
    """The score, family by family."""
    families = dict.fromkeys(o.family for o in outcomes)
    width = max(map(len, families))
    lines = [f"{'family':<{width}}  " + "  ".join(WHAT)]
    for family in (*families, "all"):
        counts = [sum(o.what == what for o in outcomes if family in (o.family, "all")) for what in WHAT]
        lines.append(f"{family:<{width}}  " + "  ".join(f"{n:>{len(what)}}" for n, what in zip(counts, WHAT, strict=True)))
    lines += [f"{o.what}: {o.subject}: {o.family}: {o.name} {o.by}".rstrip() for o in outcomes if o.what != "killed"]
    killed, survived = (sum(o.what == what for o in outcomes) for what in WHAT[:2])
    lines.append(f"{killed} of {killed + survived} that can be found are killed; {len(outcomes)} faults in {seconds:.0f} s")
    return "\n".join(lines)


def measure(subject: str, chosen: list[Fault], folder: Path, asked: argparse.Namespace) -> None:
    """In a process of its own: one subject's faults, each outcome printed as it comes."""
    try:
        plan = clean(subject, folder, asked.most, asked.check or ())
    except NotClean as error:
        sys.stderr.write(f"nothing can be measured: {error}\n")
        sys.exit(2)
    prepare(subject)
    outcomes = (tried_together(chosen, folder, plan, asked.together, asked.jobs, asked.again) if asked.together else
                tried(chosen, folder, plan, float("inf"), asked.jobs, asked.again))
    for o in outcomes:
        print(f"{o.what:<9}  {o.seconds:>5} s  {o.family}: {o.name}  {o.by[:150]}", flush=True)


def main() -> int:
    """The command; exit status 1 where a fault survived or a run was void."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--family", action="append", help="only this family, repeatable")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this fault, repeatable")
    parser.add_argument("--subject", action="append", help="only faults of which this subject is asked, repeatable")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side (default: 1)")
    parser.add_argument("--together", type=int, metavar="N",
                        help=f"each fault alone meets the nearest checks for {LOOK:.0f} s, then N at a time the whole plan")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="a sample: every Nth fault")
    parser.add_argument("--in", dest="folder", type=Path, help="keep what was run here, and go on from there")
    parser.add_argument("--again", action="store_true", help="with --in: survivors meet the checks that are new since")
    parser.add_argument("--most", type=float, default=float("inf"), metavar="S",
                        help="a first look: only checks that take at most S seconds")
    parser.add_argument("--check", action="append", metavar="WORD",
                        help="only checks that have this in their ids, repeatable: whether these tell what others do not")
    asked = parser.parse_args()
    chosen = [f for f in FAULTS if (not asked.family or f.family in asked.family) and (not asked.only or f.name in asked.only)
              and (not asked.subject or f.subject in asked.subject)][:: asked.every]
    if not chosen:
        families = ", ".join(dict.fromkeys(f.family for f in FAULTS))
        parser.error(f"no such fault (families: {families})")
    began = time.monotonic()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        folder = (asked.folder or Path(temporary)).resolve()
        for subject in sorted({f.subject for f in chosen}):  # Keras has one engine a process
            mine = [f for f in chosen if f.subject == subject]
            child = FORK.Process(target=measure, args=(subject, mine, folder, asked))
            child.start()
            child.join()
            outcomes += [outcome for f in mine if (outcome := kept(f, folder, False))]
            if child.exitcode:
                return child.exitcode
    print(told(outcomes, time.monotonic() - began))
    return int(any(o.what in ("survived", "void") for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
