"""One run of the suite: its settings, its subjects, its plan, its ledger, its lanes, its records."""

from __future__ import annotations

import os
import platform
import secrets
import subprocess
import time
from collections import deque
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from threading import Thread
from typing import Any

from cases.plan import Planned
from cases.requests import uncoloured
from cases.scenarios import claims, described
from cases.space import catalogue
from reports.lines import Exploration, Header, Verdict, plain
from suite import repros
from suite.checks import Check, Exploring, asked_of, units
from suite.exploration import Explored, Judged, explore
from suite.lanes import Dealt, Lanes
from suite.ledger import Known, Named, consult, told_first
from suite.plans import Plans
from suite.repros.known import written
from suite.settings import Settings
from suite.subjects.interpreter import Broken, Died, TimedOut
from suite.subjects.subject import Subject
from suite.subjects.worker import spare_collections
from suite.timing.comparison import Preparing
from suite.verdicts import FAILED, Outcome, Replayed, judge

ROOT = Path(__file__).resolve().parents[1]
ALONE = 200
"""So many checks are not worth a further interpreter."""


@dataclass(eq=False)
class Session:
    """What a run needs; nothing is started until `start`."""

    settings: Settings
    subjects: list[Subject] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    ledger: tuple[Known, ...] = ()
    earlier: Mapping[str, Verdict] = field(default_factory=dict)  # of the run that is gone on with, by id
    explored: Container[str] = ()  # the subjects that the run that is gone on with has searched
    examples: Path | None = None  # where Hypothesis keeps what it found
    scripts: dict[str, str] = field(default_factory=dict)  # file -> text, of failures whose record was just made
    handed: dict[str, Verdict] = field(default_factory=dict)  # line -> record, from a test to the writer in the same process

    def __post_init__(self):
        if self.settings.explore:  # it meets sizes where a known finding shows otherwise than in the plan, as it was measured
            self.ledger = tuple(replace(known, deviates=()) for known in self.ledger)
        self.lanes = Lanes(self.judge)
        self.doubles: list[Subject] = []  # further interpreters of a subject, where there are cores for them
        self._ahead: dict[str, list[Subject]] = {}  # those of them that were started before it was known what they are for
        self.plans = Plans(self.settings, self.subjects, self.ledger)
        self._concerning: dict[tuple, Named] = {}
        self.began = time.time()

    @cached_property
    def checks(self) -> list[Check]:
        """Every invariant's check, subject by subject; then those across two subjects, each against the first one."""
        if not self.settings.planned:
            return []
        own = [Check(p, s) for s in self.subjects for p in self.plans.invariants(s, s.specification.sparing) if not p.across]
        first = self.subjects[0] if self.subjects else None
        pairs = [Check(p, s, first) for s in self.subjects[1:] for p in self.plans.invariants(s, s.specification.sparing)
                 if p.across]
        return own + pairs

    @cached_property
    def claims(self) -> list[Check]:
        """Every claim of every scenario, subject by subject."""
        if not self.settings.planned:
            return []
        return [Check(p, s) for s in self.subjects for p in claims(self.settings.depth, s.specification.sparing)]

    @cached_property
    def searches(self) -> list[Exploring]:
        """A random search of each subject, where that is asked for; none of those that an earlier part of the run has made."""
        done = self.explored
        return [Exploring(s) for s in self.subjects if s.name not in done] if self.settings.explore else []

    @cached_property
    def families(self) -> list[Check]:
        """Every statement of every family, subject by subject."""
        if not self.settings.planned:
            return []
        return [Check(p, s) for s in self.subjects for p in self.plans.statements(s)]

    @property
    def all_checks(self) -> tuple[Check, ...]:
        """Invariants, statements of families, claims of scenarios."""
        return (*self.checks, *self.families, *self.claims)

    def start(self, names: Container[str]) -> None:
        """Start the interpreters of the subjects that are named, side by side."""
        spare_collections()
        asked = [subject for subject in self.subjects if subject.name in names]
        with ThreadPoolExecutor(max_workers=max(len(asked), 1)) as pool:
            starts = [pool.submit(subject.ready) for subject in asked]
            try:
                for start in starts:
                    start.result()
            except BaseException:  # Ctrl-C, above all: do not wait for those that still start
                self.halt()
                raise

    def start_ahead(self, everything: bool) -> None:
        """Begin to start the subjects' interpreters in the background: it takes as long as collecting the checks. With
        `everything` to be asked, also the further ones of one subject alone, where there are cores for them."""
        further = (self.lanes.cores + 1) // max(len(self.subjects), 1) - 1 if everything else 0
        for subject in self.subjects:
            if subject.device == "cpu":
                self.doubles += (ahead := [subject.double() for _ in range(further)])
                self._ahead[subject.name] = ahead
        for subject in self.interpreters:
            Thread(target=subject.ready, daemon=True).start()

    def another(self, subject: Subject) -> Subject:
        """A further interpreter of a subject, one that was started ahead if there is one left."""
        if ahead := self._ahead.get(subject.name):
            return ahead.pop()
        self.doubles.append(double := subject.double())
        return double

    def run_ahead(self, checks: list[Check | Exploring], timings: Sequence[Preparing] = ()) -> None:
        """Begin the lanes for the checks and searches that were selected: one a subject, and where there are more cores than
        that, several of one subject, each with its own interpreter. One that compiles has two in any case: it takes as long as
        the others together. What is timed later is prepared by a subject's own interpreter before all else: at the end the others
        would wait for it."""
        asked: dict[str, list[Check | Exploring]] = {}
        for check in checks:
            asked.setdefault("across" if getattr(check, "other", None) else check.subject.name, []).append(check)
        free = (self.lanes.cores + 1) // max(len(asked), 1)
        lanes: dict[str, Dealt] = {}
        for name in sorted(asked, key=lambda name: (asked[name][0].compiled, len(asked[name])), reverse=True):
            hand = deque(units(asked[name]))
            mine = tuple(timing for timing in timings if timing.subject.name == name)
            lanes[name] = Dealt(hand, first=mine)
            subject = next((s for s in self.subjects if s.name == name and s.device == "cpu"), None)
            if subject is None:
                continue
            parts = max(free, 2) if subject.specification.sparing and self.lanes.cores > 1 else free
            for number in range(2, 1 + min(parts, len(hand), 1 + len(asked[name]) // ALONE)):
                lanes[f"{name} {number}"] = Dealt(hand, partial(asked_of, self.another(subject)))
        for timing in timings:
            if timing.subject.name not in asked:
                lanes[str(timing)] = Dealt(deque(), first=(timing,))
        self.lanes.begin(lanes)

    def judge(self, check: Check | Exploring | Preparing) -> Outcome | Explored | None:
        """The outcome of one check, before the ledger is asked; of a search, what it explored."""
        if isinstance(check, Exploring):
            return self.explore(check.subject)
        if isinstance(check, Preparing):
            return self.prepare(check)
        asked = (check.subject,) if check.other is None else (check.subject, check.other)
        for subject in asked:
            subject.ready()
        outcome = judge(check.planned, *asked)
        if outcome.verdict not in FAILED:
            return outcome
        verdict, known = consult(self.speaking(check), check.names, check.features, outcome)
        by_hand = known and verdict == "known" and self.by_hand(known.key, check.subject)
        again = None if check.other or by_hand else lambda asked: judge(check.planned, Replayed(asked)).deviations
        return with_script(check, outcome, self.told(check, outcome), again)

    def by_hand(self, key: str, subject: Subject) -> str:
        """The script of a known finding that somebody wrote; nothing where there is none."""
        return written(key, subject.specification.backend, f"{versions_in_words(subject)}; {subject.device}")

    def prepare(self, timing: Preparing) -> None:
        """Let a timing be prepared. What goes wrong here goes wrong again when it is measured, and is told then."""
        timing.subject.ready()
        if not timing.subject.broken:
            with suppress(Died, TimedOut, Broken):
                timing.prepare(self.settings)

    def concerning(self, subject: Subject) -> Named:
        """The ledger's entries for this subject in its versions."""
        backend, versions = subject.specification.backend, subject.about.get("versions", {})
        key = backend, *versions.items()
        if key not in self._concerning:
            self._concerning[key] = Named(place for known in self.ledger if (place := known.at(backend, versions)))
        return self._concerning[key]

    def speaking(self, check: Check) -> tuple[Known, ...]:
        """Those of them that speak of checks with this one's name, on some conditions; of two subjects, either's."""
        own, other = (self.concerning(one).speaking(check.names) if one else () for one in (check.subject, check.other))
        return (*own, *(known for known in other if known not in own))

    def verdict(self, check: Check) -> Verdict:
        """The record of one check: its outcome, with the ledger consulted; the earlier record where there is one."""
        if str(check) in self.earlier:
            return self.earlier[str(check)]
        return self.recorded(check, self.lanes.outcome(str(check), check))

    def told(self, check: Check, outcome: Outcome) -> Outcome:
        """An outcome as it is told: what the ledger does not know comes first."""
        return told_first(self.speaking(check), check.names, check.features, outcome)

    def explore(self, subject: Subject) -> Explored:
        """A random search of one subject."""
        subject.ready()

        def judged(planned: Planned) -> Judged:
            check = Check(planned, subject)
            verdict, known = consult(self.speaking(check), check.names, check.features, judge(planned, subject))
            return Judged(verdict, known.key if known and verdict not in FAILED else None)

        return explore(judged, self.settings.explore, self.settings.seed, self.examples, subject.name, self.lanes.stopping)

    def found(self, search: Exploring) -> tuple[Exploration, list[Verdict]]:
        """What a search came to: its record, and the records of what it found, with scripts as always."""
        explored: Explored = self.lanes.outcome(str(search), search)
        settings, subject = self.settings, search.subject
        records: dict[bool, list[Verdict]] = {True: [], False: []}
        asked = {str(check) for check in self.checks}
        for new, failures in ((True, explored.new), (False, explored.known)):
            for failure in failures:
                check = Check(failure.check, subject)
                if str(check) in asked or str(check) in self.earlier:
                    continue  # the plan has it, and says it
                record = self.recorded(check, self.judge(check))
                if failure.also:
                    record = replace(record, more={**record.more, "also": list(failure.also)})
                records[new].append(replace(record, more={**record.more, "explored": True}))
        new, known = ([record.id for record in records[kind]] for kind in (True, False))
        return Exploration(
            subject.name, settings.explore, explored.draws, settings.seed, explored.counts, tuple(new), tuple(known),
            explored.replayed, explored.unshrunk, round(explored.seconds, 2),
        ), [*records[True], *records[False]]

    def recorded(self, check: Check, outcome: Outcome) -> Verdict:
        """The record of an outcome, with the ledger consulted."""
        verdict, known = consult(self.speaking(check), check.names, check.features, outcome)
        beside = known if verdict in FAILED else None
        outcome = self.told(check, outcome) if beside else outcome
        message = uncoloured(outcome.message)
        if verdict == "fixed":
            message = f"the ledger says that this fails ({known.key}), and it passes: mend the ledger"
        subject, planned, worst = check.subject, check.planned, outcome.worst
        specification = subject.specification
        repro, more = None, {"framework_seconds": round(outcome.framework_seconds, 4)}
        if beside:
            known, more["beside"] = None, beside.key
        if outcome.script:
            repro = repros.file_name(str(check))
            self.scripts[repro] = outcome.script
        elif known and verdict == "known" and (script := self.by_hand(known.key, subject)):
            repro = repros.file_name(f"{subject.name}::{known.key}")
            self.scripts[repro] = script
        elif outcome.no_script:
            more["no_repro"] = outcome.no_script
        return Verdict(
            id=str(check), subject=subject.name, invariant=planned.name, verdict=verdict, backend=specification.backend,
            version=versions_in_words(subject), device=subject.device, kernel=str(planned.features.get("kernel", "")),
            kernel_ran=", ".join(outcome.kernels), alias=specification.name, group=planned.group,
            statement=planned.statement, scenario=planned.scenario, layer=planned.layer, batch=planned.batch,
            features=plain(planned.features), deviation=worst.deviation, allowed=worst.allowed,
            message=message, deviations=tuple({**asdict(d), "message": uncoloured(d.message)} for d in outcome.deviations[:5]),
            known=known.key if known else None, repro=repro, seconds=round(outcome.seconds, 4), more=more,
            source=planned.source, says=planned.says,
            notes=tuple({"name": n.name, "value": n.value, "figure": n.figure} for n in outcome.notes),
        )

    def header(self) -> Header:
        """The first line of the records."""
        subjects = tuple(
            {"name": s.name, "alias": s.specification.name, "backend": s.specification.backend, "device": s.device,
             "threads": s.threads, "versions": s.about.get("versions", {}), "python": s.about.get("python", ""),
             "padding": s.about.get("padding", ""), "compiled": s.about.get("compiled", ""),
             **({"broken": s.broken} if s.broken else {})}
            for s in self.subjects
        )
        return Header(
            time=time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(self.began)), machine=machine(),
            settings={**asdict(self.settings), "ledgers": list(self.settings.ledgers)}, commit=commit(),
            subjects=subjects,
            more={"catalogue": {**catalogue(), "scenarios": sorted({c.scenario for c in claims("full") if c.scenario})}},
            missing=tuple({"name": n, "reason": r} for n, r in self.missing.items()),
            ledger={
                k.key: {**asdict(replace(k, newest={})),
                        "subjects": sorted({s for p in self.ledger if p.key == k.key for s in p.subject}),
                        "condition": " — or ".join(condition(p) for p in self.ledger if p.key == k.key),
                        "deviates": sorted({d for p in self.ledger if p.key == k.key for d in p.deviates})}
                for k in reversed(self.ledger)  # the first place of an entry stands for it
            },
            scenarios=described(),
        )

    @property
    def interpreters(self) -> tuple[Subject, ...]:
        """Every subject, as often as it has an interpreter."""
        return (*self.subjects, *self.doubles)

    def halt(self) -> None:
        """Kill every subject, whatever it does."""
        for subject in self.interpreters:
            subject.halt()

    def stop(self) -> None:
        """End every subject; what still runs ahead is given up."""
        self.lanes.stop(hurry=self.halt)
        with ThreadPoolExecutor(max_workers=max(len(self.interpreters), 1)) as pool:
            list(pool.map(lambda subject: subject.stop(), self.interpreters))

    def close(self) -> None:
        """End what forks interpreters, and scripts after them."""
        for subject in self.subjects:
            if subject.nursery:
                subject.nursery.stop()


def with_script(check: Check, outcome: Outcome, told: Outcome, again: repros.Again | None) -> Outcome:
    """The outcome of a failed check, with the script that shows it, as it is `told`, or the reason why there is none; what was
    asked is let go of. `again`: what the check says of other answers, where the lines that ask may be cut out."""
    script, why = "", ""
    began = time.perf_counter()
    if not outcome.asked:
        why = "nothing was asked of the framework, or the fault is not the framework's"
    else:
        try:
            script = repros.script(
                outcome.asked, told.deviations, outcome.verdict,
                [subject.specification.backend for subject in (check.subject, check.other) if subject],
                versions_in_words(check.subject), check.subject.device, check.planned.statement, told.message, str(check),
                again,
            )
        except repros.NoScript as reason:
            why = str(reason)
        except Exception as error:  # ours: a failure must be recorded even so
            why = f"writing the script failed, which is our mistake: {type(error).__name__}: {error}"
    seconds = outcome.seconds + time.perf_counter() - began
    return replace(outcome, asked=(), script=script, no_script=why, seconds=seconds)


def condition(known: Known) -> str:
    """An entry's condition in words."""
    words = [f"{n} {v}" for n, v in known.versions.items()]
    words += [f"{n} = {v if not isinstance(v, list) else ' or '.join(map(str, v))}" for n, v in known.when.items()]
    words += ["not (" + " and ".join(f"{n} = {v}" for n, v in no.items()) + ")" for no in known.unless]
    return "; ".join(words)


def versions_in_words(subject: Subject) -> str:
    """As in `keras 3.15.1, jax 0.10.2`."""
    return ", ".join(f"{name} {version}" for name, version in subject.about.get("versions", {}).items())


def default_folder() -> Path:
    """results/<time>-<short id>"""
    return Path("results") / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def machine() -> dict[str, Any]:
    """What the run ran on."""
    model = ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        pass
    return {"system": platform.platform(), "processor": model or platform.processor(),
            "cores": len(os.sched_getaffinity(0)), "python": platform.python_version()}


def commit() -> str:
    """The project's own commit, or nothing outside a checkout."""
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip()
