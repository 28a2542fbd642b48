"""Which invariant is checked on which of the cases (`cases.arrays`) at which depth.

Ids are made from what is checked, never from a counter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

from cases.arrays import CORNERS, GROUPS, NAMES, cases
from cases.batches import MASKS
from cases.invariants import INVARIANTS, Case, Invariant
from cases.layers import generator

MET = ("cell", "mask", "kernel", "direction", "layers", "states", "return_sequences")
"""Features whose every value, with every way of execution, every invariant meets at `default`; invariants that hold
everywhere meet all pairs."""
OPTIONS = ("merge", "bias", "activation", "recurrent_activation", "reset_after", "implementation", "padding_output", "dtype")
"""Features whose every value those on options meet besides."""
BY_CELL = ("dropout", "state", "calls", "direction", "refusals")
"""Groups of invariants that meet these values with every cell: of what they say the values against the reference say nothing."""
SHORT = 12
"""Longer sequences are for the invariants that hold everywhere, and where nothing shorter has a value: what is wrong in them
alone is wrong in values."""
ALONE = frozenset(("mask", name) for name in MASKS if name not in ("none", "right"))
"""Values that they meet once, with any cell."""
Item = tuple[tuple[str, object], ...]
"""One or two (feature, value) of a case, to be met together."""

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


def chosen(invariant: Invariant, among: tuple[Case, ...], depth: str) -> list[Case]:
    """The cases on which an invariant is checked.

    At `full`, and for one that holds everywhere: all to which it applies. Else, of what all frameworks have and of
    the rest, so many that the invariant meets every value of every feature in `MET` that it can meet there; with every
    cell, where its group is one of `BY_CELL`.
    """
    applying = [case for case in among if concerns(invariant, case)]
    if depth == "full" or invariant.everywhere:
        return applying
    short = [case for case in applying if case.plan.time <= SHORT]
    core, options = ([case for case in short if case.array == array] for array in ("core", "options"))
    found: list[Case] = []
    more = OPTIONS if invariant.options else ()
    together = 0 if depth == "default" and invariant.group in BY_CELL else 1
    for pool in (core, options, short, applying):
        met = {item for case in found for item in items_of(case, (), together, more)}
        found += meeting(invariant.group, pool, met, together=together, cost=work, more=more)
    return found


def work(case: Case) -> float:
    """What it takes to run a case, next to one of no steps: about as many times as its loops have steps."""
    return 1 + price(case) * case.plan.time / 12


def sparing_choice(among: tuple[Case, ...]) -> list[tuple[Invariant, Case]]:
    """The pairs of a sparing plan: outputs and states meet all pairs of the values of `MET`; every other invariant each of
    those values but the `SPARED` ones once, on one layer in a loop, and on cases that others are asked of wherever it can: each
    new one is dear to compile."""
    pairs, known = [], set()

    def dearness(case: Case) -> float:
        return price(case) / (4 if case in known else 1)

    for one in sorted(INVARIANTS, key=lambda each: not each.in_pairs):
        applying = [case for case in among if concerns(one, case)]
        if one.in_pairs:
            found = meeting("sparing", applying, spared=(PATH,), together=2)
        else:
            cheap = [case for case in applying if case.layer.layers == 1 and case.execution.kernel != "unrolled"]
            spared = (PATH,) if one.everywhere else (*SPARED, PATH)
            found = meeting("sparing", cheap or applying, spared=spared, together=1, cost=dearness)
        if one.everywhere:
            found += [case for case in applying if str(case) in CORNERS and case not in found]
        pairs += [(one, case) for case in found]
        known.update(found)
    return pairs


def price(case: Case) -> float:
    """What it takes to compile a case, next to one layer of one direction: about as many times as it has loops."""
    layer = case.layer
    loops = layer.layers * (2 if layer.direction == "bidirectional" else 1)
    return loops * (2 if layer.dtype == "float64" else 1) * (2 if layer.convolution else 1)


def meeting(
    group: str, applying: list[Case], met: Collection[Item] = (), spared: Collection[str] = (), together: int = 0,
    cost: Callable[[Case], float] = lambda case: 1.0, more: Collection[str] = (),
) -> list[Case]:
    """Some of the cases, in which every item of `items_of` stands that stands in any and is not `met`.

    The order of choice is the invariant's group's own, so that different groups meet different pairs, and invariants of
    one group share cases, and so answers. What a case adds is weighed against its `cost`.
    """
    order = generator("order of cases", group).permutation(len(applying))
    items = [items_of(case, spared, together, more) - frozenset(met) for case in applying]
    costs = [cost(case) for case in applying]
    left = frozenset().union(*items)
    picked = set()
    while left:
        best = max(order, key=lambda index: len(left & items[index]) / costs[index])
        picked.add(int(best))
        left -= items[best]
    return [applying[index] for index in sorted(picked)]


def items_of(case: Case, spared: Collection[str] = (), together: int = 0, more: Collection[str] = ()) -> frozenset[Item]:
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


def plan(depth: str, seed: int = 0, kernel: str | None = None, sparing: bool = False) -> list[Planned]:
    """Every check of a depth, in the order of the cases, so that equal requests are near each other; what asks for everything
    comes first, so that a backend that compiles may serve later questions from that.

    With `kernel`, every case runs with that kernel. A `sparing` plan makes fewer checks of the same cases at `default`, for a
    framework that compiles every layer and shape that is new.
    """
    sparing = sparing and depth == "default"
    among = tuple(case for case in cases(depth, seed) if not (sparing and case.array in NAMES))
    if kernel:
        among = tuple({str(c): c for c in (replace(c, execution=c.execution.but(kernel=kernel)) for c in among)}.values())
    places = {str(case): number for number, case in enumerate(among)}
    if sparing:
        pairs = sparing_choice(among)
    else:
        pairs = [(one, case) for one in INVARIANTS for case in chosen(one, among, depth)]
    return [planned(*pair) for pair in sorted(pairs, key=lambda pair: (places[str(pair[1])], not pair[0].everywhere))]
