"""Covering arrays, made by covertable and remembered: rows in which every so many values of different factors stand together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import covertable

Row = Mapping[str, Any]
Senseless = tuple[Sequence[str], Callable[..., bool]]
"""Factors, and whether values of them, in this order, mean nothing together."""
ROWS: dict[str, tuple[tuple[tuple[str, int], ...], ...]] = {}
"""What was made, by what was asked -> rows of (factor, number of its value). It may be kept as long as no line of `cases`
changes, for what is senseless is code."""


def covering(whose: str, factors: Mapping[str, tuple], strength: int, senseless: Sequence[Senseless]) -> list[Row]:
    """Rows in which every `strength` values of different factors that may stand together do; `whose` tells arrays of equal
    factors apart."""
    key = repr((whose, strength, factors))
    if key not in ROWS:
        constraints = [
            {"operator": "not", "condition": {"operator": "fn", "requires": list(names), "evaluate": together(names, holds)}}
            for names, holds in senseless
        ]
        made = covertable.make({n: list(v) for n, v in factors.items()}, strength=strength, constraints=constraints)
        ROWS[key] = tuple(tuple((n, place(value, factors[n])) for n, value in row.items()) for row in made)
    return [{name: factors[name][number] for name, number in row} for row in ROWS[key]]


def together(names: Sequence[str], holds: Callable[..., bool]) -> Callable[[Row], bool]:
    """Whether a row has values that mean nothing together."""
    return lambda row: holds(*(row[name] for name in names))


def place(value: Any, among: Sequence[Any]) -> int:
    """Where this very value stands."""
    return next(number for number, one in enumerate(among) if one is value)
