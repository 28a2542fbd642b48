"""Which invariant is checked on which of the cases (`cases.arrays`) at which depth.

Ids are made from what is checked, never from a counter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import combinations

from cases.arrays import CORNERS, GROUPS, NAMES, cases, told_cases
from cases.batches import MASKS
from cases.invariants import INVARIANTS, Case, Invariant
from cases.meeting import meeting

MET = ("cell", "mask", "kernel", "direction", "layers", "states", "return_sequences")
"""Features whose every value, with every way of execution, every invariant meets at `default`; invariants that hold
everywhere meet all pairs."""
OPTIONS = ("merge", "bias", "activation", "recurrent_activation", "reset_after", "implementation", "padding_output", "dtype")
"""Features whose every value those on options meet besides."""
BY_CELL = ("dropout", "refusals")
"""Groups of invariants that meet these values with every cell: of what they say neither the values against the reference nor
crossed conditions say anything."""
SHORT = 12
"""Longer sequences are for the invariants that hold everywhere, and where nothing shorter has a value: what is wrong in them
alone is wrong in values."""
ALONE = frozenset(("mask", name) for name in MASKS if name not in ("none", "right"))
"""Values that they meet once, with any cell."""
Item = tuple[tuple[str, object], ...]
"""One or two (feature, value) of a case, to be met together."""
FINDING = "finding"
"""What hides something, as a feature: every invariant that it concerns meets it."""
Hidden = Callable[[Invariant, Case], Collection[str] | None]
"""What stands before what an invariant would tell on a case: the keys of what is known to fail there, none where nothing is; None
where a subject has no such case."""

SHARED = 3
"""How many times less a case costs that others of the group are asked of."""
SPARED = ("mask", "return_sequences")
"""Those of them that a sparing plan does not ask of every invariant: those on values meet them."""

PATH = "path"
"""A cell for which nothing stands in the way of a fast kernel, as a feature: what is wrong with such a kernel alone shows only
where all its conditions hold together. A sparing plan does not ask this of each invariant."""


@dataclass(frozen=True)
class Planned:
    """One check: a statement, what it is checked on, and how. `identity` is stable between runs and versions.

    `run(ask)` gives the deviations, and notes; a check across two subjects is `run(ask, other)`. `says` is what a document
    says of it.
    """

    identity: str
    name: str
    group: str
    statement: str
    source: str
    layer: str
    batch: str
    features: Mapping[str, object]
    run: Callable
    scenario: str | None = None
    across: bool = False
    says: str = ""


def planned(invariant: Invariant, case: Case) -> Planned:
    """The check of one invariant on one case."""

    def run(*asks):
        return invariant.check(*asks, case)

    return Planned(
        f"{invariant.name}::{case}", invariant.name, invariant.group, invariant.statement, invariant.source,
        str(case.layer), str(case.plan), case.features, run, across=invariant.across,
    )


def concerns(invariant: Invariant, case: Case) -> bool:
    """Whether an invariant says something of a case, and is asked on the array that the case comes from."""
    named = invariant.name in NAMES.get(case.array, (invariant.name,))
    return named and invariant.group in GROUPS.get(case.array, (invariant.group,)) and invariant.applies(case)


def concerned(depth: str, names: Callable[[str], bool], seed: int = 0) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The name of the invariant and the features of every check that a deeper plan may make of the cases of this depth, of the
    invariants that `names` speaks of."""
    return ((i.name, case.features) for i in INVARIANTS if names(i.name) for case in cases(depth, seed) if concerns(i, case))


def nothing(invariant: Invariant, case: Case) -> Collection[str]:
    """Nothing is hidden."""
    return ()


def hidden_from_all(hidden: Hidden, case: Case) -> Collection[str]:
    """The findings that are hidden on a case from what holds everywhere; one without a name where a subject has no such case."""
    found: set[str] = set()
    for one in INVARIANTS:
        if one.everywhere and not one.across and concerns(one, case):
            found.update([""] if (keys := hidden(one, case)) is None else keys)
    return found


def chosen(
    invariant: Invariant, among: tuple[Case, ...], depth: str, hidden: Hidden = nothing, asked: Container[Case] = (),
) -> list[Case]:
    """The cases on which an invariant is checked that is not checked on all of them.

    Of what all frameworks have and of the rest, so many that the invariant meets every value of every feature in `MET` that it
    can meet there; with every cell, where its group is one of `BY_CELL`. As far as it can, it meets them where nothing is
    `hidden`; then what is left of them, and every finding. What a subject does not have is met where it has nothing of what
    the invariant speaks of, to say so. Cases that others of its group are `asked` of cost less: layers and answers are there.
    """
    applying = [case for case in among if concerns(invariant, case)]
    more = OPTIONS if invariant.options else ()
    together = 0 if depth == "default" and invariant.group in BY_CELL else 1

    def cost(case: Case) -> float:
        return work(case) / (SHARED if case in asked else 1)

    def pools(some: list[Case]) -> tuple[list[Case], ...]:
        short = [case for case in some if case.plan.time <= SHORT]
        core, options = ([case for case in short if case.array == array] for array in ("core", "options"))
        return core, options, short, some

    behind = {case: hidden(invariant, case) for case in applying}
    return clearest(invariant.group, behind, pools, lambda case: items_of(case, (), together, more), cost)


def clearest(
    group: str, behind: Mapping[Case, Collection[str] | None], pools: Callable[[list[Case]], Iterable[list[Case]]],
    items: Callable[[Case], frozenset[Item]], cost: Callable[[Case], float], shown: Collection[str] = (),
) -> list[Case]:
    """Some of the cases, in which every item stands, pool after pool: first of those that have nothing `behind` them, then of
    those that the subject has. Each finding is an item too, but for those that are `shown` elsewhere."""
    there = [case for case in behind if behind[case] is not None] or list(behind)
    all_items = {
        case: items(case).union(((FINDING, key),) for key in behind[case] or () if key not in shown) for case in there
    }
    found: list[Case] = []
    for some in ([case for case in there if not behind[case]], there):
        for pool in pools(some):
            met = frozenset().union(*(all_items[case] for case in found))
            found += meeting(group, pool, lambda case: all_items[case], met, cost)
    return found


def work(case: Case) -> float:
    """What it takes to run a case, next to one of no steps: about as many times as its loops have steps."""
    return 1 + price(case) * case.plan.time / 12


def sparing_choice(among: tuple[Case, ...], hidden: Hidden = nothing) -> list[tuple[Invariant, Case]]:
    """The pairs of a sparing plan: outputs and states meet all pairs of the values of `MET`; every other invariant each of
    those values but the `SPARED` ones once, on one layer in a loop, and on cases that others are asked of wherever it can: each
    new one is dear to compile. Each finding is shown once."""
    pairs, known, shown = [], set(), set()

    def dearness(case: Case) -> float:
        return price(case) / (4 if case in known else 1)

    for one in sorted(INVARIANTS, key=lambda each: not each.in_pairs):
        applying = [case for case in among if concerns(one, case)]
        behind = {case: hidden(one, case) for case in applying}
        if one.in_pairs:
            found = clearest("sparing", behind, lambda some: [some], lambda case: items_of(case, (PATH,), 2), lambda case: 1,
                             shown)
        else:
            spared = (PATH,) if one.everywhere else (*SPARED, PATH)
            found = clearest("sparing", behind, cheap, lambda case, spared=spared: items_of(case, spared, 1), dearness, shown)
        if one.everywhere:
            found += [case for case in applying if str(case) in CORNERS and case not in found]
        pairs += [(one, case) for case in found]
        known.update(found)
        shown.update(key for case in found for key in behind[case] or ())
    return pairs


def cheap(some: list[Case]) -> list[list[Case]]:
    """Those of one layer in a loop, if there are any."""
    return [[case for case in some if case.layer.layers == 1 and case.execution.kernel != "unrolled"] or some]


def price(case: Case) -> float:
    """What it takes to compile a case, next to one layer of one direction: about as many times as it has loops."""
    layer = case.layer
    loops = layer.layers * (2 if layer.direction == "bidirectional" else 1)
    return loops * (2 if layer.dtype == "float64" else 1) * (2 if layer.convolution else 1)


@lru_cache(maxsize=8192)
def items_of(case: Case, spared: tuple[str, ...] = (), together: int = 0, more: tuple[str, ...] = ()) -> frozenset[Item]:
    """What of a case is to be met: its values of the features in `MET` that are not `spared`, each beside its cell, but some
    `ALONE`; with `together` 1 or 2, each value alone, or each pair of them; of features of which `more` is asked each value,
    where every framework answers."""
    more = more if case.execution.kernel != "compiled" else ()
    alone = frozenset(((name, case.features[name]),) for name in more if name in case.features)
    values = sorted((value for value in values_of(case) if value[0] not in spared), key=str)
    if together:
        return alone | frozenset(combinations(values, together))
    return alone | frozenset((value,) if value in ALONE else (("cell", case.layer.cell), value) for value in values)


@lru_cache(maxsize=4096)
def values_of(case: Case) -> frozenset[tuple[str, object]]:
    """The (feature, value) pairs of a case."""
    values = {(name, value) for name, value in case.features.items() if name in MET}
    return frozenset(values | {("execution", str(case.execution))} | ({(PATH, case.layer.cell)} if fast(case) else set()))


def fast(case: Case) -> bool:
    """Whether a fast kernel may run: the usual activations, a bias, no mask, no dropout."""
    layer = case.layer
    return (
        case.execution.kernel == "fused" and case.plan.mask == "none" and layer.bias and layer.reset_after
        and layer.activation == "tanh" and layer.recurrent_activation == "sigmoid" and layer.dtype == "float32"
        and not layer.dropout and not layer.recurrent_dropout
    )


def distinct(some: Iterable[Case], kernel: str | None) -> tuple[Case, ...]:
    """The cases without repetition, with that kernel if one is given."""
    asked = (replace(case, execution=case.execution.but(kernel=kernel)) if kernel else case for case in some)
    return tuple({str(case): case for case in asked}.values())


def plan(
    depth: str, seed: int = 0, kernel: str | None = None, sparing: bool = False, hidden: Hidden = nothing,
) -> list[Planned]:
    """Every check of a depth, in the order of the cases, so that equal requests are near each other; what asks for everything
    comes first, so that a backend that compiles may serve later questions from that.

    With `kernel`, every case runs with that kernel. A `sparing` plan makes fewer checks of the same cases at `default`, for a
    framework that compiles every layer and shape that is new. What is `hidden` there is the subject's own.
    """
    sparing = sparing and depth == "default"
    among = tuple(case for case in cases(depth, seed) if not (sparing and case.array in NAMES))
    own = told_cases(seed, partial(hidden_from_all, hidden)) if depth == "default" and not sparing else among
    own, among = (distinct(some, kernel) for some in (own, (*own, *among)))
    places = {str(case): number for number, case in enumerate(among)}
    if sparing:
        pairs = sparing_choice(among, hidden)
    else:
        pairs, asked = [], defaultdict(set)
        for one in INVARIANTS:
            if depth == "full" or one.everywhere:
                found = [case for case in own if concerns(one, case)]
            else:
                found = chosen(one, among, depth, hidden, asked[one.group])
            pairs += [(one, case) for case in found]
            asked[one.group].update(found)
    return [planned(*pair) for pair in sorted(pairs, key=lambda pair: (places[str(pair[1])], not pair[0].everywhere))]
