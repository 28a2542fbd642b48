"""What failures have in common: conditions on layer, batch and execution under which checks fail, and hardly any without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from reports.findings import new_failures, number, several
from reports.lines import Verdict
from reports.records import Run

GROUPS, CONDITIONS = 3, 3
"""At most so many groups a subject, and conditions each."""
FEWEST = 3
"""So many failures have something in common, if anything; of fewer a reader sees it without help."""
GAIN = 0.02
"""What a further condition must add to the F-measure."""
APART = 4
"""So many times as often as the others checks fail that meet the conditions."""
NOT_SAID = ("family",)
"""Features that say where a check stands, and nothing of what it asks."""

Condition = tuple[str, str]


@dataclass(frozen=True)
class Shared:
    """Conditions under which checks of one subject fail.

    conditions   feature -> value, as text
    failing      how many checks that meet them fail, of `asked` that meet them and were told to pass or to fail
    others       how many fail of the `others_asked` that do not meet them, of the same invariants
    simplest     of those that fail, one with few uncommon options
    """

    subject: str
    conditions: Mapping[str, str]
    failing: int
    asked: int
    others: int
    others_asked: int
    simplest: Verdict

    @property
    def told(self) -> str:
        """In words."""
        said = ", ".join(f"{name}={value}" for name, value in self.conditions.items())
        beside = f", {number(self.others)} of {number(self.others_asked)} without" if self.others_asked else ""
        return f"{said}: {number(self.failing)} of {several(self.asked, 'such check')} fail{beside}"


@lru_cache(maxsize=1)
def shared_in(run: Run) -> list[Shared]:
    """What the failures of a run share: terminal, summary and page tell it."""
    return shared(run.verdicts)


def shared(verdicts: Iterable[Verdict]) -> list[Shared]:
    """What the new failures of each subject share, in groups, the largest first; of the checks of other invariants than those
    that failed nothing is said. Fixed findings are no failures here."""
    by_subject: dict[str, list[Verdict]] = {}
    for each in verdicts:
        by_subject.setdefault(each.subject, []).append(each)
    return [group for own in by_subject.values() for group in _groups(own)]


def _groups(verdicts: list[Verdict]) -> list[Shared]:
    failed = {each.id for each in new_failures(verdicts) if each.verdict != "fixed"}
    names = {each.invariant for each in verdicts if each.id in failed}
    asked = [each for each in verdicts if each.invariant in names and (each.verdict == "pass" or each.id in failed)]
    found: list[Shared] = []
    while len(found) < GROUPS:
        failing = {place for place, each in enumerate(asked) if each.id in failed}
        conditions, met = _conditions(asked, failing)
        if len(failing) < FEWEST or not conditions:
            break
        inside, outside = failing & met, failing - met
        others = len(asked) - len(met)
        if len(inside) < FEWEST or len(inside) * others < APART * len(outside) * len(met):
            break
        found.append(Shared(asked[0].subject, dict(conditions), len(inside), len(met), len(outside), others,
                            _simplest([asked[place] for place in inside], verdicts)))
        asked = [each for place, each in enumerate(asked) if place not in met]
    return found


def _conditions(asked: list[Verdict], failing: set[int]) -> tuple[list[Condition], set[int]]:
    """The conditions that tell the failing ones from the others best, by the F-measure, found one after another, and the places
    that meet them; none where no feature tells them apart."""
    places: dict[Condition, set[int]] = {}
    for place, each in enumerate(asked):
        for condition in _features(each):
            places.setdefault(condition, set()).add(place)
    chosen: list[Condition] = []
    met = set(range(len(asked)))
    while places and len(chosen) < CONDITIONS:
        measured = {condition: _measure(failing, met & there) for condition, there in places.items()}
        condition = max(measured, key=lambda one: (measured[one], one))
        if measured[condition] < _measure(failing, met) + GAIN:
            break
        chosen.append(condition)
        met &= places[condition]
    return chosen, met


def _measure(failing: set[int], met: set[int]) -> float:
    """The F-measure of taking all that are met for failing."""
    return 2 * len(failing & met) / (len(failing) + len(met))


def _features(verdict: Verdict) -> list[Condition]:
    return [(name, str(value)) for name, value in verdict.features.items() if name not in NOT_SAID]


def _simplest(failing: list[Verdict], verdicts: list[Verdict]) -> Verdict:
    """Of the invariant that fails most often, the check whose options are the commonest ones of all, but for the fewest; with a
    script before one without."""
    counted: dict[str, Counter] = {}
    for each in verdicts:
        for name, value in _features(each):
            counted.setdefault(name, Counter())[value] += 1
    usual = {(name, values.most_common(1)[0][0]) for name, values in counted.items()}
    often = Counter(each.invariant for each in failing).most_common(1)[0][0]
    return min((each for each in failing if each.invariant == often),
               key=lambda one: (not one.repro, len(set(_features(one)) - usual), len(one.id), one.id))
