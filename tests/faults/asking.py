"""Ask a framework with a fault in it: every fault in a process of its own, forked from one that knows the plan.

The parent runs nothing of the framework. It has imported Keras, and keeps the plan and what the reference expects, so that a
fault costs the answers up to the first that is wrong. The checks that took least time on the framework
as it is come first.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import multiprocessing.connection
import os
import pickle
import re
import shutil
import signal
import time
import traceback
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path

from cases import tolerance
from suite.checks import Check
from suite.opening import open_session
from suite.session import Session
from suite.settings import Settings
from suite.subjects.interpreter import TimedOut
from suite.verdicts import BAD, judge
from tests.faults.base import Fault, plant

SECONDS = 900
"""How long one fault may take."""
PATIENCE = 60
"""How many seconds of work one check may take: on a machine that others use too, the clock says nothing."""
DEADLY = 5
"""How many checks may end the process of the framework as it is. They are not asked: a fault's process would end too."""
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: killed, survived, explained (survived, and nothing can fail), or void (the run says nothing).
    `by`: the check that found it, and what it said."""

    name: str
    family: str
    what: str
    by: str
    seconds: float
    subject: str = ""


@dataclass(frozen=True)
class Plan:
    """The suite on one subject, its checks in order of their time, and the seconds that each took without any fault."""

    session: Session
    checks: tuple[Check, ...]
    seconds: Mapping[str, float]

    def nearest(self, fault: Fault, met: Container[str], look: float) -> list[Check]:
        """The checks that are not met yet, those that speak of the fault first; so many as take `look` seconds together, or
        one."""
        ordered = sorted((c for c in self.checks if str(c) not in met), key=lambda check: -near(fault, check))
        total = list(accumulate(self.seconds[str(check)] for check in ordered))
        return ordered[: max(1, bisect_right(total, look))]


class NotClean(RuntimeError):
    """Checks fail without any fault: nothing can be measured."""


def opened(subject: str) -> Session:
    """The suite on one subject, in this process. It starts nothing."""
    tolerance.CACHED = 10**6
    return open_session(Settings(subjects=(subject,), inline=True, repro_check=False))


def place_of(fault: Fault, folder: Path) -> Path:
    """Where what is known of a fault is kept."""
    return folder / f"{fault.family} {fault.name}".replace(" ", "-").replace(":", "").replace("/", "-")


def late(*_: object) -> None:
    """What a check gets that takes too long."""
    raise TimedOut(f"no end within {PATIENCE} s of work")


def asked(session: Session, checks: Iterable[Check], place: Path, faults: Sequence[Fault], bad_ones: float = 1) -> None:
    """In a process of its own: ask the checks, in order, until so many are bad.

    Writes into `place`: `now`, the check that is being asked · `met`, a line for each that was not bad, with its seconds ·
    `bad`, a line for each that was, with its verdict · `said`, what anyone printed.
    """
    said = os.open(place / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    signal.signal(signal.SIGPROF, late)
    try:
        plant(faults, place)
        with open(place / "met", "a") as met, open(place / "bad", "a") as bad:
            for check in checks:
                (place / "now").write_text(str(check))
                began = time.perf_counter()
                signal.setitimer(signal.ITIMER_PROF, PATIENCE)
                check.subject.ready()
                verdict = session.recorded(check, judge(check.planned, check.subject))
                signal.setitimer(signal.ITIMER_PROF, 0)
                if verdict.verdict in BAD:
                    print(str(check), " ".join(f"{verdict.verdict}: {verdict.message}".split()), sep="\t", file=bad, flush=True)
                    bad_ones -= 1
                    if bad_ones <= 0:
                        break
                else:
                    print(str(check), round(time.perf_counter() - began, 4), sep="\t", file=met, flush=True)
        if not faults:
            with open(place / "expected", "wb") as file:
                pickle.dump(tolerance.remembered(), file)
        (place / "end").touch()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)  # no framework's clearing up


def read(place: Path, name: str) -> dict[str, str]:
    """Check -> the rest of its line."""
    file = place / name
    return dict(line.split("\t", 1) for line in file.read_text().splitlines()) if file.exists() else {}


def clean(subject: str, folder: Path, most: float, words: Sequence[str] = ()) -> Plan:
    """The plan of one subject, without checks that take `most` seconds or more, and with those alone that have one of the `words`
    in their ids, if there are any, after all of them were asked without any fault (but those that were in an earlier run); those
    that end the process are left out, also where they are known to. Raises NotClean."""
    session, place = opened(subject), folder / f"clean-{subject}"
    place.mkdir(parents=True, exist_ok=True)
    every = [check for check in session.all_checks if not words or any(word in str(check) for word in words)]
    if (place / "expected").exists():
        tolerance.remember(pickle.loads((place / "expected").read_bytes()))
    if not (place / "end").exists() or set(map(str, every)) - {*read(place, "met"), *read(place, "deadly")}:
        for name in ("bad", "end"):
            (place / name).unlink(missing_ok=True)
        while not (place / "end").exists():
            spared = {*read(place, "met"), *(deadly := read(place, "deadly"))}
            left = [check for check in every if str(check) not in spared]
            child = FORK.Process(target=asked, args=(session, left, place, (), float("inf")))
            child.start()
            child.join()
            if not (place / "end").exists():
                if len(deadly) == DEADLY or (child.exitcode or 0) >= 0:
                    raise NotClean(f"{subject}: {ended(child, place)}")
                with open(place / "deadly", "a") as file:
                    print((place / "now").read_text(), child.exitcode, sep="\t", file=file)
        tolerance.remember(pickle.loads((place / "expected").read_bytes()))
    if bad := read(place, "bad"):
        raise NotClean(f"{subject}: {len(bad)} checks fail without any fault: {' · '.join(next(iter(bad.items())))}")
    known = {check: float(seconds) for check, seconds in read(place, "met").items()}
    checks = [check for check in every if str(check) in known and known[str(check)] <= most]
    return Plan(session, tuple(sorted(checks, key=lambda check: known[str(check)])), known)


def prepare(subject: str) -> None:
    """Import Keras on its engine, and run nothing: processes that are forked from this one have it."""
    if subject.startswith("keras-"):
        os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": subject.removeprefix("keras-"), "CUDA_VISIBLE_DEVICES": ""}
        importlib.import_module("keras")


def ended(child: multiprocessing.Process, place: Path) -> str:
    """How a process ended that did not come to its end, in words."""
    code = child.exitcode
    how = f"died of {signal.Signals(-code).name}" if code and code < 0 else "ended early"
    now = (place / "now").read_text() if (place / "now").exists() else "nothing yet"
    return f"{how}, asked {now}: {(place / 'said').read_text()[-300:].strip()}"


def near(fault: Fault, check: Check) -> int:
    """How many words of the fault a check speaks of: such checks come first."""
    words = {word.rstrip("s") for word in re.findall("[a-z]{3,}", f"{fault.family} {fault.name} {fault.module}".lower())}
    return len(words & {w.rstrip("s") for w in re.findall("[a-z]{3,}", f"{check} {check.planned.group}".lower())})


def begun(fault: Fault, folder: Path, plan: Plan, look: float, again: bool) -> multiprocessing.Process:
    """The process that asks of a fault, for `look` seconds. A survivor that is tried again meets only what it has not met."""
    place = place_of(fault, folder)
    met = read(place, "met") if again and (place / "outcome.json").exists() else {}
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / "met").write_text("".join(f"{check}\t{seconds}\n" for check, seconds in met.items()))
    child = FORK.Process(target=asked, args=(plan.session, plan.nearest(fault, met, look), place, (fault,)))
    child.start()
    return child


def became(fault: Fault, place: Path, child: multiprocessing.Process, seconds: float) -> Outcome:
    """What became of a fault whose process has ended, or was ended."""
    bad = read(place, "bad")
    now = (place / "now").read_text() if (place / "now").exists() else ""
    died = child.exitcode is not None and child.exitcode < 0
    if bad:
        what, by = "killed", " · ".join(next(iter(bad.items())))
    elif died and now:
        what, by = "killed", f"{now} · {'timeout' if seconds >= SECONDS else 'crash'}: {ended(child, place)}"
    elif not (place / "end").exists():
        what, by = "void", ended(child, place)
    elif not (place / "planted").exists():
        what, by = "void", "the changed module was never imported"
    else:
        what, by = survived(fault, place)
    return entered(Outcome(fault.name, fault.family, what, by, round(seconds, 1), fault.subject), place)


def survived(fault: Fault, place: Path) -> tuple[str, str]:
    """What a fault is called that no check told, and why."""
    return ("explained", fault.explained) if fault.explained else ("survived", f"{len(read(place, 'met'))} checks")


def entered(outcome: Outcome, place: Path) -> Outcome:
    """An outcome that is kept."""
    (place / "outcome.json").write_text(json.dumps(asdict(outcome)))
    return outcome


def kept(fault: Fault, folder: Path, again: bool) -> Outcome | None:
    """What is known of a fault from an earlier run, unless it is to be tried again; explained only as it says now."""
    file = place_of(fault, folder) / "outcome.json"
    if not file.exists():
        return None
    outcome = Outcome(**json.loads(file.read_text()))
    if outcome.what in ("survived", "explained"):
        outcome = Outcome(outcome.name, outcome.family, *survived(fault, file.parent), outcome.seconds, fault.subject)
    return None if again and outcome.what in ("survived", "void") else outcome


def tried(chosen: Iterable[Fault], folder: Path, plan: Plan, look: float, jobs: int, again: bool) -> Iterator[Outcome]:
    """The outcome of each fault as it comes, `jobs` side by side, each asked for `look` seconds."""
    waiting, alive = list(chosen), {}
    while waiting or alive:
        while waiting and len(alive) < jobs:
            fault = waiting.pop(0)
            if (known := kept(fault, folder, again)) is not None:
                yield known
                continue
            alive[fault] = (begun(fault, folder, plan, look, again), time.monotonic())
        multiprocessing.connection.wait([child.sentinel for child, _ in alive.values()], timeout=1.0)
        for fault, (child, since) in list(alive.items()):
            seconds = time.monotonic() - since
            if child.is_alive() and seconds >= SECONDS:
                child.kill()
                child.join()
            if not child.is_alive():
                child.join()
                del alive[fault]
                yield became(fault, place_of(fault, folder), child, seconds)
