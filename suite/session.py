"""One run of the suite: its settings, its subjects, its plan, its ledger, its lanes, its records."""

from __future__ import annotations

import difflib
import math
import os
import platform
import secrets
import subprocess
import time
from collections.abc import Container, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cases.families import checks as families
from cases.plan import DEPTHS, Planned, concerned, plan
from cases.requests import KERNELS
from cases.scenarios import claims, described
from cases.space import catalogue
from reports.lines import Exploration, Header, Verdict
from reports.records import read as read_run
from suite import repros
from suite.exploration import Explored, Judged, explore
from suite.lanes import Lanes
from suite.ledger import BadLedger, Known, consult, read
from suite.subjects.specification import BadSubject, discover, missing, parse
from suite.subjects.subject import Subject
from suite.verdicts import Outcome, judge

ROOT = Path(__file__).resolve().parents[1]
LEDGER = ROOT / "suite" / "known.toml"
EXPLORE = "explore"
DEVICES = ("cpu", "cuda", "all")


class BadUse(ValueError):
    """The command asks for something that cannot be: one sentence for the user."""


@dataclass(frozen=True)
class Settings:
    """Every option of a run."""

    subjects: tuple[str, ...] = ()
    device: str = "all"
    kernel: str = "all"
    depth: str = "default"
    seed: int = 0
    threads: int = 1
    timeout: float = 60.0
    inline: bool = False
    ledgers: tuple[str, ...] = ()
    record: str | None = None
    resume: str | None = None
    repro_check: bool = True
    explore: int = 0
    planned: bool = True


@dataclass(frozen=True)
class Check:
    """A planned check and whom it asks: one subject, or one and another. Prints itself as its id."""

    planned: Planned
    subject: Subject
    other: Subject | None = None

    def __str__(self) -> str:
        return f"{self.subject.name}::{self.planned.identity}" + (f"::{self.other.name}" if self.other else "")

    @property
    def names(self) -> tuple[str, ...]:
        """What the ledger may call it."""
        plain = self.planned.name
        return (plain, f"{self.planned.scenario}/{plain}") if self.planned.scenario else (plain,)

    @property
    def features(self) -> Mapping[str, object]:
        """What the ledger's conditions speak of."""
        return {**self.planned.features, "device": self.subject.device,
                **({"other": self.other.specification.backend} if self.other else {})}


@dataclass(frozen=True)
class Exploring:
    """A planned search of one subject. Prints itself as its id."""

    subject: Subject

    def __str__(self) -> str:
        return f"{self.subject.name}::{EXPLORE}"


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

    def __post_init__(self):
        self.lanes = Lanes(self.judge)
        self.began = time.time()

    @cached_property
    def planned(self) -> list[Planned]:
        """Every invariant's check of the plan."""
        return self._plan(False)

    def _plan(self, sparing: bool) -> list[Planned]:
        kernel = None if self.settings.kernel == "all" else self.settings.kernel
        return plan(self.settings.depth, self.settings.seed, kernel, sparing)

    @cached_property
    def checks(self) -> list[Check]:
        """Every invariant's check, subject by subject; then those across two subjects, each against the first one."""
        if not self.settings.planned:
            return []
        plans = {sparing: self._plan(sparing) for sparing in {s.specification.sparing for s in self.subjects}}
        own = [Check(p, s) for s in self.subjects for p in plans[s.specification.sparing] if not p.across]
        first = self.subjects[0] if self.subjects else None
        pairs = [Check(p, s, first) for s in self.subjects[1:] for p in plans[s.specification.sparing] if p.across]
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
        return [] if not self.settings.planned else [Check(p, s) for s in self.subjects for p in families(self.settings.depth)]

    @property
    def all_checks(self) -> tuple[Check, ...]:
        """Invariants, statements of families, claims of scenarios."""
        return (*self.checks, *self.families, *self.claims)

    def start(self, names: Container[str]) -> None:
        """Start the interpreters of the subjects that are named, side by side."""
        asked = [subject for subject in self.subjects if subject.name in names]
        with ThreadPoolExecutor(max_workers=max(len(asked), 1)) as pool:
            starts = [pool.submit(subject.ready) for subject in asked]
            try:
                for start in starts:
                    start.result()
            except BaseException:  # Ctrl-C, above all: do not wait for those that still start
                self.halt()
                raise

    def run_ahead(self, checks: list[Check | Exploring]) -> None:
        """Begin the lanes for the checks and searches that were selected."""
        lanes: dict[str, list[tuple[str, Check | Exploring]]] = {}
        for check in checks:
            lane = "across" if getattr(check, "other", None) else check.subject.name
            lanes.setdefault(lane, []).append((str(check), check))
        self.lanes.begin(lanes)

    def judge(self, check: Check | Exploring) -> Outcome | Explored:
        """The outcome of one check, before the ledger is asked; of a search, what it explored."""
        if isinstance(check, Exploring):
            return self.explore(check.subject)
        asked = (check.subject,) if check.other is None else (check.subject, check.other)
        for subject in asked:
            subject.ready()
        outcome = judge(check.planned, *asked)
        return outcome if outcome.verdict not in ("fail", "crash", "timeout") else with_script(check, outcome)

    def concerning(self, subject: Subject) -> tuple[Known, ...]:
        """The ledger's entries for this subject in its versions."""
        versions = subject.about.get("versions", {})
        return tuple(k for k in self.ledger if k.concerns(subject.specification.backend, versions))

    def verdict(self, check: Check) -> Verdict:
        """The record of one check: its outcome, with the ledger consulted; the earlier record where there is one."""
        if str(check) in self.earlier:
            return self.earlier[str(check)]
        return self.recorded(check, self.lanes.outcome(str(check), check))

    def explore(self, subject: Subject) -> Explored:
        """A random search of one subject."""
        subject.ready()
        entries = self.concerning(subject)

        def judged(planned: Planned) -> Judged:
            check = Check(planned, subject)
            verdict, known = consult(entries, check.names, check.features, judge(planned, subject))
            return Judged(verdict, known.key if known else None)

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
        verdict, known = consult(self.concerning(check.subject), check.names, check.features, outcome)
        message = outcome.message
        if verdict == "fixed":
            message = f"the ledger says that this fails ({known.key}), and it passes: mend the ledger"
        subject, planned, worst = check.subject, check.planned, outcome.worst
        specification = subject.specification
        repro, more = None, {"framework_seconds": round(outcome.framework_seconds, 4)}
        if outcome.script:
            repro = repros.file_name(str(check))
            self.scripts[repro] = outcome.script
        elif outcome.no_script:
            more["no_repro"] = outcome.no_script
        return Verdict(
            id=str(check), subject=subject.name, invariant=planned.name, verdict=verdict, backend=specification.backend,
            version=versions_in_words(subject), device=subject.device, kernel=str(planned.features.get("kernel", "")),
            kernel_ran=", ".join(outcome.kernels), alias=specification.name, group=planned.group,
            statement=planned.statement, scenario=planned.scenario, layer=planned.layer, batch=planned.batch,
            features=dict(planned.features), deviation=worst and worst.deviation, allowed=worst and worst.allowed,
            message=message, deviations=tuple(asdict(d) for d in outcome.deviations[:5]),
            known=known.key if known else None, repro=repro, seconds=round(outcome.seconds, 4), more=more,
            source=planned.source, says=planned.says,
            notes=tuple({"name": n.name, "value": n.value, "figure": n.figure} for n in outcome.notes),
        )

    def stale(self, failed: Container[tuple[str, str]]) -> list[Verdict]:
        """For a run of the whole plan: the entries that concern a subject and match none of its checks, or only such as
        pass. `failed`: (subject, key) of the entries that explain some failure."""
        found = []
        full = (*families("full"), *claims("full"))
        among = (*concerned(self.settings.depth, self.settings.seed), *((p.name, p.features) for p in full))
        deeper = [(n, {**f, "device": "cpu"}) for n, f in among]
        for subject in self.subjects:
            mine = [c for c in self.all_checks if c.subject is subject]
            whole = [Check(p, subject) for p in (*self.planned, *claims(self.settings.depth))]
            spared = {str(c): c for c in whole if subject.specification.sparing}
            for check in mine:
                spared.pop(str(check), None)
            entries: dict[str, list[Known]] = {}
            for known in self.concerning(subject):
                entries.setdefault(known.key, []).append(known)
            for key, places in entries.items():
                if (subject.name, key) in failed:
                    continue
                matched = any(place.covers(c.names, c.features) for place in places for c in mine)
                if not matched and any(place.covers((name,), seen) for place in places for name, seen in deeper):
                    continue  # a deeper plan will tell
                if any(place.covers(c.names, c.features) for place in places for c in spared.values()):
                    continue  # so will the plan that is not sparing
                if any(place.covers(c.names, c.features) and place.always(c.names) for place in places for c in mine):
                    continue  # each of those says for itself if it passes
                wrong = "matches only checks that pass" if matched else "matches no planned check"
                found.append(Verdict(
                    id=f"{subject.name}::ledger::{key}", subject=subject.name, invariant="ledger", group="ledger",
                    verdict="fixed", backend=subject.specification.backend, version=versions_in_words(subject), known=key,
                    statement="Every entry of the ledger matches some check that fails.",
                    message=f"the ledger's entry {key!r} {wrong}: mend the ledger",
                ))
        return found

    def header(self) -> Header:
        """The first line of the records."""
        subjects = tuple(
            {"name": s.name, "alias": s.specification.name, "backend": s.specification.backend, "device": s.device,
             "threads": s.threads, "versions": s.about.get("versions", {}), "python": s.about.get("python", ""),
             "padding": s.about.get("padding", ""),
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
                k.key: {**asdict(k), "subjects": sorted({s for p in self.ledger if p.key == k.key for s in p.subject}),
                        "condition": " — or ".join(condition(p) for p in self.ledger if p.key == k.key)}
                for k in reversed(self.ledger)  # the first place of an entry stands for it
            },
            scenarios=described(),
        )

    def halt(self) -> None:
        """Kill every subject, whatever it does."""
        for subject in self.subjects:
            subject.halt()

    def stop(self) -> None:
        """End every subject; what still runs ahead is given up."""
        self.lanes.stop(hurry=self.halt)
        for subject in self.subjects:
            subject.stop()


def with_script(check: Check, outcome: Outcome) -> Outcome:
    """The outcome of a failed check, with the script that shows it or the reason why there is none; what was asked is let
    go of."""
    script, why = "", ""
    began = time.perf_counter()
    if check.planned.scenario:
        why = "a claim of a scenario: scripts are written for invariants"
    elif not outcome.asked:
        why = "nothing was asked of the framework, or the fault is not the framework's"
    else:
        try:
            script = repros.script(
                outcome.asked, outcome.deviations, outcome.verdict,
                [subject.specification.backend for subject in (check.subject, check.other) if subject],
                versions_in_words(check.subject), check.subject.device, check.planned.statement, outcome.message, str(check),
            )
        except repros.NoScript as reason:
            why = str(reason)
        except Exception as error:  # ours: a failure must be recorded even so
            why = f"writing the script failed, which is our mistake: {type(error).__name__}: {error}"
    seconds = outcome.seconds + time.perf_counter() - began
    return replace(outcome, asked=(), script=script, no_script=why, seconds=seconds)


def open_session(settings: Settings) -> Session:
    """The session that the settings describe. Raises BadUse, in one sentence, or RecordsError."""
    earlier, explored = {}, set()
    if settings.resume is not None:
        if settings.record is not None:
            raise BadUse("--resume goes on in the run's own folder: leave out --record")
        run = read_run(settings.resume)
        settings, earlier = resumed(settings, run.header.settings), {v.id: v for v in run.verdicts}
        explored = {each.subject for each in run.explorations}
    for name, value, known in (
        ("--depth", settings.depth, DEPTHS), ("--kernel", settings.kernel, (*KERNELS, "all")),
        ("--device", settings.device, DEVICES),
    ):
        if value not in known:
            near = difflib.get_close_matches(value, known, 1, 0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise BadUse(f"{name} {value}: unknown value{hint} (known: {', '.join(known)})")
    if not (settings.timeout > 0 and math.isfinite(settings.timeout)):
        raise BadUse(f"--timeout {settings.timeout:g}: must be more than 0 seconds")
    if settings.explore < 0:
        raise BadUse(f"--explore {settings.explore}: must be at least 1 draw")
    if settings.threads < 1:
        raise BadUse(f"--threads {settings.threads}: must be at least 1")
    try:
        ledger = read(LEDGER)
        for path in map(Path, settings.ledgers):
            ledger = (*ledger, *read(path, {known.key for known in ledger}))
        if settings.subjects:
            specifications, absent = [parse(text) for text in settings.subjects], {}
        else:
            specifications, absent = discover()
        lacking = {s.name: missing(s.kind, s.path) for s in specifications if s.python is None}
    except (BadLedger, BadSubject) as error:
        raise BadUse(str(error)) from None
    for name, modules in lacking.items():
        if modules:
            raise BadUse(f"subject {name!r}: not installed here: {', '.join(modules)}")
    if not specifications:
        raise BadUse(
            f"no framework is installed here: install one of {', '.join(absent)} (python -m pip install -e '.[cpu]'), "
            "or ask the reference with --subject reference"
        )
    names = [s.name for s in specifications]
    if twice := {n for n in names if names.count(n) > 1}:
        raise BadUse(f"subject {sorted(twice)[0]!r} is named twice: give one an alias, as in other={sorted(twice)[0]}")
    if settings.inline and len(specifications) != 1:
        here = ", ".join(names)
        raise BadUse(f"--inline asks one subject in pytest's own process; name one with --subject (here: {here})")
    devices = chosen_devices(settings.device)
    subjects = [
        Subject(specification, device, settings.threads, settings.timeout, settings.inline)
        for specification in specifications
        for device in devices
        if not (device == "cuda" and specification.backend in ("reference", "keras-tensorflow"))
    ]
    session = Session(settings, subjects, absent, ledger, earlier, explored)
    if session.earlier and (gone := {v.subject for v in earlier.values()} - {s.name for s in subjects}):
        raise BadUse(f"--resume {settings.resume}: that run asked {sorted(gone)[0]!r}, which is not asked now")
    every = (*session.planned, *families("full"), *claims("full"))
    features = set().union(*(check.features for check in every), {"other", "device"})
    for known in ledger:
        for name in (*known.when, *(name for no in known.unless for name in no)):
            if name not in features:
                near = difflib.get_close_matches(name, features, 1, 0.5)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise BadUse(f"ledger entry {known.key!r}: no check has a feature {name!r}{hint}")
    return session


def resumed(settings: Settings, begun: Mapping[str, Any]) -> Settings:
    """The settings of a run that is gone on with: those it was begun with. Raises BadUse where another one is asked."""
    same = {}
    for name in ("subjects", "device", "kernel", "depth", "seed", "threads", "ledgers", "explore", "planned"):
        default = getattr(Settings(), name)
        asked, earlier = getattr(settings, name), begun.get(name, default)
        earlier = tuple(earlier) if isinstance(default, tuple) else earlier
        if asked not in (default, earlier):
            option, words = name.removesuffix("s") if isinstance(default, tuple) else name, earlier
            if isinstance(default, tuple):
                words = ", ".join(earlier) or "none"
            raise BadUse(f"--resume {settings.resume}: that run has another --{option} ({words}): leave the option out")
        same[name] = earlier
    return replace(settings, **same)


def chosen_devices(asked: str) -> tuple[str, ...]:
    """The devices to ask. Raises BadUse where a device is named that is not here."""
    gpu = any(Path("/dev").glob("nvidia[0-9]*"))
    if asked == "cuda" and not gpu:
        raise BadUse("--device cuda: no CUDA device here (no /dev/nvidia0); use --device cpu")
    return ("cpu", "cuda") if asked == "all" and gpu else ("cpu",) if asked == "all" else (asked,)


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
