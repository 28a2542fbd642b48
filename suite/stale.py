"""Whether every entry of the ledger still meets a check that fails: what is mended must leave the ledger."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import chain

from cases.families import REGISTRY as FAMILIES
from cases.families import checks as families
from cases.families.base import planned
from cases.plan import concerned
from cases.scenarios import claims
from reports.lines import Verdict
from suite.checks import Check
from suite.ledger import Known
from suite.session import Session, versions_in_words
from suite.subjects.subject import Subject


def stale(session: Session, failed: Container[tuple[str, str]]) -> list[Verdict]:
    """For a run of the whole plan: the entries that concern a subject and match none of its checks, or only such as pass.
    `failed`: (subject, key) of the entries that explain some failure."""
    found = []
    for subject in session.subjects:
        mine = [c for c in session.all_checks if c.subject is subject]
        asked = by_names(mine)
        spared = by_names(unasked(session, subject, {str(c) for c in mine}))
        entries: dict[str, list[Known]] = {}
        for known in session.concerning(subject).entries:
            if "other" in known.when or known.newer:  # what two stacks do to each other depends on which of them comes first
                continue
            entries.setdefault(known.key, []).append(known)
        for key, places in entries.items():
            if (subject.name, key) in failed:
                continue
            matched = [(place, names) for place in places for names in covered(place, asked)]
            if any(place.always(names) for place, names in matched):
                continue  # each of those says for itself if it passes
            if any(covered(place, spared) for place in places):
                continue  # the plan that is not sparing will tell
            if not matched and any(place.covers(*check) for place in places for check in deeper(session, place)):
                continue  # a deeper plan will
            wrong = "matches only checks that pass" if matched else "matches no planned check"
            found.append(Verdict(
                id=f"{subject.name}::ledger::{key}", subject=subject.name, invariant="ledger", group="ledger",
                verdict="fixed", backend=subject.specification.backend, version=versions_in_words(subject), known=key,
                statement="Every entry of the ledger matches some check that fails.",
                message=f"the ledger's entry {key!r} {wrong}: mend the ledger",
            ))
    return found


def by_names(checks: Iterable[Check]) -> dict[tuple[str, ...], list[Mapping[str, object]]]:
    """The features of the checks of each name."""
    found: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for check in checks:
        found.setdefault(check.names, []).append(check.features)
    return found


def covered(place: Known, asked: Mapping[tuple[str, ...], list[Mapping[str, object]]]) -> list[tuple[str, ...]]:
    """The names of the checks that an entry of the ledger speaks of."""
    return [names for names, each in asked.items() if place.names(names) and any(place.holds(features) for features in each)]


def outlived(session: Session, failed: Container[tuple[str, str]]) -> list[dict[str, object]]:
    """Of each subject that is newer than the ledger: which findings show there still, and which do not, though a check asked."""
    found = []
    for subject in session.subjects:
        places = [known for known in session.concerning(subject).entries if known.newer]
        still = dict.fromkeys(place.key for place in places if (subject.name, place.key) in failed)
        asked = by_names(c for c in session.all_checks if c.subject is subject) if places else {}
        gone = dict.fromkeys(
            place.key for place in places if place.key not in still
            and any(place.always(names) for names in covered(place, asked))
        )
        if places:
            found.append({"subject": subject.name, "still": list(still), "gone": list(gone)})
    return found


def deeper(session: Session, known: Known) -> Iterator[tuple[tuple[str], dict[str, object]]]:
    """The names and features of what a deeper plan asks, as far as an entry of the ledger speaks of such names."""
    def names(name: str) -> bool:
        return known.names((name,))

    among: Iterator[tuple[str, Mapping[str, object]]] = chain(
        concerned(session.settings.depth, names, session.settings.seed),
        ((one.name, one.features) for one in claims("full") if names(one.name)),
        ((one.name, planned(one, row).features) for one in FAMILIES.values() if names(one.name) for row in one.variants("full")),
    )
    return (((name,), {**features, "device": "cpu"}) for name, features in among)


def unasked(session: Session, subject: Subject, asked: Container[str]) -> list[Check]:
    """What a sparing plan leaves out for this subject."""
    if not subject.specification.sparing:
        return []
    depth = session.settings.depth
    whole = [Check(p, subject) for p in (*session.plans.invariants(subject, sparing=False), *families(depth), *claims(depth))]
    return [check for check in whole if str(check) not in asked]
