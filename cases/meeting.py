"""Choosing rows and cases, so that what is to stand together does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from cases.covering import Row, Senseless, together
from cases.layers import generator


def meeting(
    whose: str, among: Sequence[Any], items: Callable[[Any], frozenset], met: Collection = (),
    cost: Callable[[Any], float] = lambda one: 1.0,
) -> list:
    """Some of the cases (or rows), in which every item stands that stands in any and is not `met`.

    The order of choice is one's own, so that different ones meet different pairs, and equal ones share cases, and so answers.
    What a case adds is weighed against its `cost`.
    """
    order = generator("order of cases", whose).permutation(len(among))
    new = [items(one) - frozenset(met) for one in among]
    costs = [cost(one) for one in among]
    left = frozenset().union(*new)
    picked = set()
    while left:
        best = max(order, key=lambda index: len(left & new[index]) / costs[index])
        picked.add(int(best))
        left -= new[best]
    return [among[index] for index in sorted(picked)]


def standing(rows: Iterable[Row], strength: int) -> frozenset:
    """The values, so many at a time, that stand together in some row."""
    values = ([named(name, row[name]) for name in sorted(row)] for row in rows)
    return frozenset(item for some in values for item in combinations(some, strength))


@lru_cache(maxsize=8192, typed=True)
def named(name: str, value: Any) -> tuple[str, str]:
    """A value in words, with its factor's name."""
    return name, repr(value)


def told(
    whose: str, rows: Sequence[Row], hidden: Callable[[Row], Collection[str]], factors: Mapping[str, tuple],
    senseless: Sequence[Senseless], strength: int,
) -> list[Row]:
    """The rows for a subject that shows findings in some of them, whose keys are `hidden` there: values that stand together,
    `strength` at a time, in such rows alone do so in further ones, like these but for one or two values, where nothing is
    hidden, as far as they can. Of the hidden rows those are left that hold what nothing else holds, or a finding; where all are
    hidden, each value stands in one of them."""
    behind = [row for row in rows if hidden(row)]
    if not behind:
        return list(rows)
    clear = [row for row in rows if row not in behind]
    left = standing(behind, strength) - standing(clear, strength)
    others = [row for row in near(behind, factors, senseless, left) if not hidden(row)]
    further = meeting(whose, others, lambda row: standing([row], strength) & left)
    met = standing([*clear, *further], strength)
    strength = strength if met else 1
    kept = meeting(whose, behind, lambda row: standing([row], strength).union(hidden(row)), met)
    return [row for row in rows if row in clear or row in kept] + further


def near(
    rows: Sequence[Row], factors: Mapping[str, tuple], senseless: Sequence[Senseless], items: Collection[tuple],
) -> Iterator[Row]:
    """Rows that have one or two other values than one of these, hold one of the items and mean something."""
    names = list(rows[0])
    if not items or not names:
        return
    values = {name: [*factors.get(name, ()), *(row[name] for row in rows)] for name in names}  # a row may have one of its own
    places: dict[tuple[str, str], int] = {}
    for name, some in values.items():
        for place, value in enumerate(some):
            places.setdefault(named(name, value), place)

    table = np.array([[places[named(name, row[name])] for name in names] for row in rows])
    single = [(column, places[named(name, value)]) for column, name in enumerate(names) for value in factors.get(name, ())]
    pairs = np.array([(one, one) for one in single] + list(combinations(single, 2)))
    changed = np.repeat(table, len(pairs), axis=0)
    for one in (0, 1):
        columns, new = np.tile(pairs[:, one], (len(table), 1)).T
        changed[np.arange(len(changed)), columns] = new
    changed = changed[np.sort(np.unique(changed, axis=0, return_index=True)[1])]
    holding = np.zeros(len(changed), bool)
    for item in items:
        wanted = [(names.index(one[0]), places[one]) for one in item]
        holding |= np.all([changed[:, column] == place for column, place in wanted], axis=0)
    checks = [together(*one) for one in senseless]
    for one in changed[holding]:
        row = {name: values[name][place] for name, place in zip(names, one, strict=True)}
        if not any(check(row) for check in checks):
            yield row
