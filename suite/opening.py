"""From the settings to a session: the subjects that there are, the ledger, what an earlier part of the run has done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cases.arrays import cases
from cases.families import features as family_features
from cases.scenarios import claims
from reports.lines import Verdict
from reports.records import read as read_run
from suite.ledger import BadLedger, Known, read, written_for
from suite.near import hint
from suite.session import ROOT, Session
from suite.settings import BadUse, Settings
from suite.subjects.specification import BadSubject, Specification, discover, missing, parse
from suite.subjects.subject import Subject

LEDGER = ROOT / "suite" / "known.toml"
CONSTRAINTS = ROOT / "suite" / "constraints.txt"


def open_session(settings: Settings) -> Session:
    """The session that the settings describe. Raises BadUse, in one sentence, or RecordsError."""
    earlier: Mapping[str, Verdict] = {}
    explored: set[str] = set()
    if settings.resume is not None:
        if settings.record is not None:
            raise BadUse("--resume goes on in the run's own folder: leave out --record")
        run = read_run(settings.resume)
        settings, earlier = settings.resumed(run.header.settings), {v.id: v for v in run.verdicts}
        explored = {each.subject for each in run.explorations}
    settings.check()
    ledger = all_ledgers(settings)
    specifications, absent = chosen(settings)
    subjects = [
        Subject(specification, device, settings.threads, settings.timeout, settings.inline, settings.depth != "full")
        for specification in specifications
        for device in settings.devices
        if not (device == "cuda" and specification.backend in ("reference", "keras-tensorflow"))
    ]
    if gone := {v.subject for v in earlier.values()} - {s.name for s in subjects}:
        raise BadUse(f"--resume {settings.resume}: that run asked {sorted(gone)[0]!r}, which is not asked now")
    session = Session(settings, subjects, absent, ledger, earlier, explored)
    speaks_of_features(ledger, session)
    return session


def all_ledgers(settings: Settings) -> tuple[Known, ...]:
    """The suite's own ledger and those that are named. Raises BadUse."""
    try:
        ledger = read(LEDGER, newest=written_for(CONSTRAINTS))
        for path in map(Path, settings.ledgers):
            ledger = (*ledger, *read(path, {known.key for known in ledger}))
    except BadLedger as error:
        raise BadUse(str(error)) from None
    return ledger


def chosen(settings: Settings) -> tuple[Sequence[Specification], Mapping[str, str]]:
    """Whom to ask, and (name -> reason) who cannot be asked here. Raises BadUse."""
    try:
        if settings.subjects:
            specifications, absent = [parse(text) for text in settings.subjects], {}
        else:
            specifications, absent = discover()
        lacking = {s.name: missing(s.kind, s.path) for s in specifications if s.python is None}
    except BadSubject as error:
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
    return specifications, absent


def speaks_of_features(ledger: Sequence[Known], session: Session) -> None:
    """Raises BadUse where a condition of the ledger names a feature that no check has."""
    settings = session.settings
    invariants = (case.features for case in cases(settings.depth, settings.seed))
    features = {"other", "device"}.union(*invariants, *(claim.features for claim in claims("full")), family_features())
    for known in ledger:
        for name in (*known.when, *(name for no in known.unless for name in no)):
            if name not in features:
                raise BadUse(f"ledger entry {known.key!r}: no check has a feature {name!r}{hint(name, features)}")
