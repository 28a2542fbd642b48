"""Search: Hypothesis draws cases from the space of the plan, every invariant that applies is checked, and what fails is shrunk.

One sweep makes all draws, and they depend on the seed alone. Then each failure that no smaller one explains is shrunk,
to the smallest layer and batch that fail in the same way; it is kept in a database of examples, and the next run asks it
first. A failure that the ledger knows is counted and one example of it is shown, and the search goes on.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random

from cases.batches import BatchPlan
from cases.invariants import Case, Invariant
from cases.plan import Planned, planned
from cases.requests import from_wire, to_wire
from cases.space import EXPLORED, SIZES, as_unusual, asked, drawn, sized, spaces, unusual, usual, values
from suite.verdicts import BAD

OFTEN = {EXPLORED: 4, "core": 2}
"""How often a case is drawn from a space, where not as often as from any other."""
ODD = 4
"""One in so many: how often a factor that is mostly left alone is not."""
MOST_FOUND = 20
"""How many failures are shrunk; further ones are counted, and the smallest draw of each invariant is shown as it is."""
MOST_STEPS = 300
"""How many smaller cases are tried for one failure."""
AGAIN = 4
"""Hypothesis also draws near what it drew, and so the same case again: it may draw so many times more."""


@dataclass(frozen=True)
class Judged:
    """What one check came to: its verdict, with the ledger consulted, and the entry that explains it."""

    verdict: str
    known: str | None = None


@dataclass(frozen=True)
class Failure:
    """A check that failed on a case; `verdict` as judged; `also` names further invariants that fail there."""

    case: Case
    invariant: Invariant
    verdict: str
    also: tuple[str, ...] = ()

    @property
    def check(self) -> Planned:
        """The check, as the plan would make it."""
        return planned(self.invariant, self.case)

    @property
    def size(self) -> tuple:
        """Smaller first: fewer unusual options, then fewer numbers."""
        layer, batch = self.case.layer, self.case.plan
        return len(unusual(self.case)), layer.units * layer.features * layer.layers * batch.batch * batch.time, str(self.case)

    def covers(self, other: Failure) -> bool:
        """Whether everything unusual about this case is so in that of another failure with the same verdict."""
        here, there = unusual(self.case), unusual(other.case)
        return self.verdict == other.verdict and all(
            name in there and as_unusual(name, value, there[name]) for name, value in here.items()
        )


@dataclass(frozen=True)
class Explored:
    """What came of a search: how many draws were made, how often each invariant came to which verdict, the failures to
    record (new ones shrunk, then one of each entry of the ledger), how many of them were replayed, and how many were left
    as they were drawn."""

    draws: int
    counts: Mapping[str, Mapping[str, int]]
    new: tuple[Failure, ...]
    known: tuple[Failure, ...]
    replayed: int
    unshrunk: int
    seconds: float


@dataclass(eq=False)
class Search:
    """Explores one subject. `judge` gives the verdict of a check; what it said is remembered by the check's id."""

    judge: Callable[[Planned], Judged]
    stopped: Callable[[], bool] = lambda: False
    seen: dict[str, Judged] = field(default_factory=dict)

    def verdict(self, invariant: Invariant, case: Case) -> Judged:
        """The verdict of an invariant on a case, asked once."""
        check = planned(invariant, case)
        if check.identity not in self.seen:
            self.seen[check.identity] = self.judge(check)
        return self.seen[check.identity]

    def explained(self, failure: Failure, found: list[Failure]) -> bool:
        """Whether a failure is likely to be one of those found again: what is unusual there is so here, and its invariant
        fails there, too. It is then noted there."""
        for place, smaller in enumerate(found):
            if not smaller.covers(failure):
                continue
            if smaller.invariant == failure.invariant or failure.invariant.name in smaller.also:
                return True
            if failure.invariant in asked(smaller.case):
                judged = self.verdict(failure.invariant, smaller.case)
                if judged.verdict == failure.verdict and (judged.known is None or judged.verdict == "fixed"):
                    found[place] = replace(smaller, also=(*smaller.also, failure.invariant.name))
                    return True
        return False

    def failures(self, case: Case, counts: Counter | None = None) -> Iterator[tuple[Failure, str | None]]:
        """What fails on a case, known or not, with the ledger's key; counts verdicts by invariant."""
        for invariant in asked(case):
            judged = self.verdict(invariant, case)
            if counts is not None:
                counts[invariant.name, judged.verdict] += 1
            if judged.verdict in (*BAD, "known"):
                yield Failure(case, invariant, judged.verdict), judged.known


def explore(judge: Callable[[Planned], Judged], draws: int, seed: int, database: Path | None, name: str,
            stopped: Callable[[], bool] = lambda: False) -> Explored:
    """Explore one subject, named `name` in the database of examples (a folder, or None: keep nothing)."""
    began, search = time.perf_counter(), Search(judge, stopped)
    with hypothesis_at_home(database):
        kept = Kept(database, name)
        replayed = kept.replay(search, seed)
        counts: Counter = Counter()
        cases: dict[str, Case] = {}
        met: list[Failure] = []
        known: dict[str, Failure] = {}

        def sweep(case: Case) -> bool:
            if len(cases) < draws and str(case) not in cases and not stopped():
                cases[str(case)] = case
                for failure, key in search.failures(case, counts):
                    if key is None or failure.verdict == "fixed":
                        met.append(failure)
                    elif key not in known or failure.size < known[key].size:
                        known[key] = failure
            return False

        find(sweep, draws, seed)
        new: list[Failure] = []
        for failure in replayed:
            if not search.explained(failure, new):
                new.append(failure)
        unshrunk: dict[str, Failure] = {}
        for failure in sorted(met, key=lambda failure: failure.size):
            if search.explained(failure, new):
                continue
            if len(new) < MOST_FOUND and not stopped():
                smallest = shrunk(search, failure, draws, seed)
                kept.add(smallest.case)
                if not search.explained(smallest, new):
                    new.append(smallest)
            else:
                unshrunk.setdefault(failure.invariant.name, failure)
    by_invariant: dict[str, dict[str, int]] = {}
    for (invariant, verdict), count in sorted(counts.items()):
        by_invariant.setdefault(invariant, {})[verdict] = count
    every = {failure.check.identity: failure for failure in (*new, *unshrunk.values())}
    return Explored(
        len(cases), by_invariant, tuple(every.values()), tuple(known[key] for key in sorted(known)), len(replayed),
        len(unshrunk), time.perf_counter() - began,
    )


class Kept:
    """What was found, kept in a Hypothesis database of examples: each case as JSON, whatever draws it. `folder`: None keeps
    nothing."""

    def __init__(self, folder: Path | None, name: str):
        from hypothesis.database import DirectoryBasedExampleDatabase, InMemoryExampleDatabase

        self._database = InMemoryExampleDatabase() if folder is None else DirectoryBasedExampleDatabase(folder)
        self._key = name.encode()

    def add(self, case: Case) -> None:
        """Keep a case."""
        told = json.dumps({"space": case.array, "parts": [to_wire(part) for part in parts(case)]})
        self._database.save(self._key, told.encode())

    def replay(self, search: Search, seed: int) -> list[Failure]:
        """The failures of the cases that are kept, smallest first; those that fail no more are forgotten."""
        failing = []
        for text in self._database.fetch(self._key):
            if search.stopped():
                break
            case = read_case(text, seed)
            failures = [] if case is None else [failure for failure, known in search.failures(case) if known is None]
            if not failures:
                self._database.delete(self._key, text)
            failing += failures
        return sorted(failing, key=lambda failure: failure.size)


def parts(case: Case) -> tuple:
    """What a case is made of, as values that travel."""
    return case.layer, asdict(case.plan), case.execution


def read_case(text: bytes, seed: int) -> Case | None:
    """The case that was kept, or None where this version knows no such case."""
    try:
        named = json.loads(text)
        layer, plan, execution = map(from_wire, named["parts"])
        return Case(layer, BatchPlan(**plan), execution, seed, named["space"])
    except (ValueError, KeyError, TypeError):
        return None


def shrunk(search: Search, failure: Failure, draws: int, seed: int) -> Failure:
    """The smallest failure of the same invariant and verdict to which Hypothesis can shrink this one.

    The draws of the sweep come again up to this one, unasked.
    """
    begun, steps = False, 0

    def fails(case: Case) -> bool:
        nonlocal begun, steps
        begun = begun or str(case) == str(failure.case)
        if not begun or failure.invariant not in asked(case):
            return False
        check = planned(failure.invariant, case)
        if check.identity not in search.seen:
            steps += 1
            if steps > MOST_STEPS or search.stopped():
                return False
        judged = search.verdict(failure.invariant, case)
        return judged.verdict == failure.verdict and (judged.known is None or judged.verdict == "fixed")

    smallest = find(fails, draws, seed)
    return failure if smallest is None else Failure(smallest, failure.invariant, failure.verdict)


def find(condition: Callable[[Case], bool], draws: int, seed: int) -> Case | None:
    """The smallest case that Hypothesis finds for a condition. What is drawn depends on `draws` and `seed` alone."""
    import hypothesis
    from hypothesis.errors import NoSuchExample

    phases = [hypothesis.Phase.generate, hypothesis.Phase.shrink]
    # Hypothesis uses no database where it is given a seed: what is found is `Kept`.
    settings = hypothesis.settings(max_examples=draws * AGAIN, deadline=None, phases=phases, print_blob=False, database=None)
    try:
        return hypothesis.find(strategy(seed), condition, settings=settings, random=Random(seed))
    except NoSuchExample:
        return None


def strategy(seed: int):
    """Cases, plainer ones first: a Hypothesis strategy. `seed` is that of the arrays in them."""
    from hypothesis import assume
    from hypothesis import strategies as st

    places = spaces()

    @st.composite
    def cases(draw) -> Case:
        space = draw(st.sampled_from([name for name in places for _ in range(OFTEN.get(name, 1))]))
        row: dict[str, object] = {}
        for name in places[space]:
            here = values(places[space], name, row)
            assume(here)
            if usual(name) or not sized(space):
                row[name] = draw(st.sampled_from(here))
            else:
                odd = len(here) > 1 and draw(st.integers(0, ODD - 1)) == ODD - 1
                row[name] = draw(st.sampled_from(here[1:])) if odd else here[0]
        sizes = {name: draw(st.integers(*ends)) for name, ends in SIZES.items()} if sized(space) else None
        case = drawn(space, row, sizes, seed)
        assume(case is not None)
        return case

    return cases()


@contextmanager
def hypothesis_at_home(database: Path | None) -> Iterator[None]:
    """Let Hypothesis write nothing but its database of examples, and nothing anywhere else."""
    from hypothesis import configuration

    if database is not None:
        configuration.set_hypothesis_home_dir(database)
    yield
