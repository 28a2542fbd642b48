"""Many faults in one process: what no check tells of all of them together none tells of any.

A fault that the nearest checks do not tell costs the whole plan, a minute or more, and most of them survive it. Planted together
they cost it once; what fails is then asked of each alone. One fault can hide another, so a survivor is one that nobody told where
others stood beside it.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from suite.checks import Check
from tests.faults.asking import FORK, SECONDS, Outcome, Plan, asked, became, ended, entered, place_of, read, survived, tried
from tests.faults.base import Fault, changed

LOOK = 4.0
"""How many seconds' worth of checks a fault meets before it joins others."""
BAD_ONES = 30
"""So many failures are enough to ask whose they are."""


def tried_together(chosen: Sequence[Fault], folder: Path, plan: Plan, size: int, jobs: int, again: bool) -> Iterator[Outcome]:
    """The outcome of each fault: the nearest checks are asked of each alone, the whole plan of `size` faults at a time."""
    waiting = []
    by_name = {(fault.family, fault.name): fault for fault in chosen}
    for outcome in tried(chosen, folder, plan, LOOK, jobs, again):
        fault = by_name[outcome.family, outcome.name]
        if outcome.what in ("survived", "explained") and left_of(plan, [fault], folder):
            waiting.append(fault)
        else:
            yield outcome
    for group in groups(waiting, size):
        yield from tried_as_one(group, folder, plan)


def left_of(plan: Plan, group: Sequence[Fault], folder: Path) -> list[Check]:
    """The checks that some of the faults have not met."""
    met = set.intersection(*(set(read(place_of(fault, folder), "met")) for fault in group))
    return [check for check in plan.checks if str(check) not in met]


def groups(faults: Sequence[Fault], size: int) -> list[list[Fault]]:
    """At most `size` faults each, whose texts do not stand in each other's way."""
    made: list[list[Fault]] = []
    for fault in faults:
        for group in made:
            if len(group) < size and fits(group, fault):
                group.append(fault)
                break
        else:
            made.append([fault])
    return made


def fits(group: Sequence[Fault], fault: Fault) -> bool:
    """Whether the text to replace still stands in its module when the others' are replaced."""
    try:
        changed(fault.module, [*group, fault])
    except ValueError:
        return False
    return True


def tried_as_one(group: Sequence[Fault], folder: Path, plan: Plan) -> Iterator[Outcome]:
    """The outcomes of faults that are planted together. Each time enough checks failed, or one ended the process, these are asked
    of each fault alone, and the others go on without those that are told."""
    left, place, began = list(group), folder / "together", time.monotonic()
    checks = left_of(plan, group, folder)
    while left and checks:
        last = run(plan, checks, place, left, BAD_ONES)
        suspects = set(read(place, "bad"))
        if not (place / "end").exists() and (place / "now").exists():
            suspects.add((place / "now").read_text())
        met = set(read(place, "met")) | suspects
        if not met:  # they could not be planted, or nothing could be asked
            break
        of_them = [check for check in checks if str(check) in suspects]
        for fault in left[:] if of_them else ():
            own = place_of(fault, folder)
            outcome = became(fault, own, run(plan, of_them, own, [fault], 1), time.monotonic() - began)
            if outcome.what == "killed":
                left.remove(fault)
                yield outcome
        checks = [check for check in checks if str(check) not in met]
        for fault in left:
            add_met(place_of(fault, folder), met - suspects, plan)
    for fault in left:
        own = place_of(fault, folder)
        what, by = ("void", ended(last, place)) if checks else survived(fault, own)
        yield entered(Outcome(fault.name, fault.family, what, by, round(time.monotonic() - began, 1), fault.subject), own)


def add_met(place: Path, met: set[str], plan: Plan) -> None:
    """Enter what a fault met beside others."""
    known = read(place, "met")
    with open(place / "met", "a") as file:
        file.writelines(f"{check}\t{plan.seconds[check]}\n" for check in sorted(met - set(known)))


def run(plan: Plan, checks: Sequence[Check], place: Path, faults: Sequence[Fault], bad_ones: int) -> multiprocessing.Process:
    """A process that has ended: it asked the checks until so many were bad. What one fault met before stays in its place."""
    place.mkdir(parents=True, exist_ok=True)
    for name in ("bad", "end", "now", "planted", *(("met",) if place.name == "together" else ())):
        (place / name).unlink(missing_ok=True)
    child = FORK.Process(target=asked, args=(plan.session, checks, place, faults, bad_ones))
    child.start()
    child.join(SECONDS)
    if child.is_alive():
        child.kill()
        child.join()
    return child
