"""Covering arrays, made by covertable and remembered: rows in which every so many values of different factors stand together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import covertable

Row = Mapping[str, Any]
Senseless = tuple[Sequence[str], Callable[..., bool]]
"""Factors, and whether values of them, in this order, mean nothing together."""
Rows = tuple[tuple[tuple[str, int], ...], ...]
"""Rows of (factor, number of its value)."""
ROWS: dict[str, Rows] = {}
"""What was made, by what was asked."""
AT_ONCE: list[Callable[[], list[Row]]] = []
"""What makes the arrays that statements ask as a whole."""
FILE = Path(__file__).with_name("covering_arrays.txt")
"""The arrays of the plan, which take seconds to make: `python -m cases.covering_arrays` writes them. A line each: what was asked,
hashed, and rows of the numbers of values, in the order of the factors."""


def covering(whose: str, factors: Mapping[str, tuple], strength: int, senseless: Sequence[Senseless],
             closer: Sequence[str] = ()) -> list[Row]:
    """Rows in which every `strength` values of different factors that may stand together do, and one more of the `closer` ones;
    `whose` tells arrays of equal factors apart."""
    key = repr((whose, strength, factors, tuple(closer), *(table(factors, *one) for one in senseless)))
    if key not in ROWS:
        ROWS[key] = read(key, factors) or make(factors, strength, senseless, closer)
    return [{name: factors[name][number] for name, number in row} for row in ROWS[key]]


def at_once(whose: str, factors: Mapping[str, tuple], strength: int, senseless: Sequence[Senseless],
            closer: Sequence[str] = ()) -> Callable[[], list[Row]]:
    """What makes the rows of an array that is asked as a whole, by one statement, so that its rows are kept too."""
    AT_ONCE.append(lambda: covering(whose, factors, strength, senseless, closer))
    return AT_ONCE[-1]


def make(factors: Mapping[str, tuple], strength: int, senseless: Sequence[Senseless], closer: Sequence[str] = ()) -> Rows:
    """The rows, made anew."""
    constraints = [
        {"operator": "not", "condition": {"operator": "fn", "requires": list(names), "evaluate": together(names, holds)}}
        for names, holds in senseless
    ]
    made = covertable.make({n: list(v) for n, v in factors.items()}, strength=strength, constraints=constraints,
                           sub_models=[{"fields": list(closer), "strength": strength + 1}] if closer else [])
    return tuple(tuple((n, place(row[n], values)) for n, values in factors.items()) for row in made)


def table(factors: Mapping[str, tuple], names: Sequence[str], holds: Callable[..., bool]) -> tuple[Sequence[str], str]:
    """What means nothing together, value by value: rows that were made for other ones are not taken."""
    return names, "".join("01"[bool(holds(*values))] for values in product(*(factors[name] for name in names)))


def read(key: str, factors: Mapping[str, tuple]) -> Rows:
    """The rows as they stand in the file; none where they do not."""
    return tuple(tuple(zip(factors, map(int, row.split(",")), strict=True)) for row in lines().get(hashed(key), "").split())


@cache
def lines() -> Mapping[str, str]:
    """The file, by what was asked."""
    return dict(line.split(" ", 1) for line in FILE.read_text().splitlines()) if FILE.exists() else {}


def hashed(key: str) -> str:
    """A short hash of what is asked."""
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()


def together(names: Sequence[str], holds: Callable[..., bool]) -> Callable[[Row], bool]:
    """Whether a row has values that mean nothing together."""
    return lambda row: holds(*(row[name] for name in names))


def place(value: Any, among: Sequence[Any]) -> int:
    """Where this very value stands."""
    return next(number for number, one in enumerate(among) if one is value)
