"""Sequences that are padded, packed, cast and taken apart again, wherever two of the ways to do so meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cases.covering import Row, Senseless, at_once
from cases.families.base import equal, statement
from cases.families.crossed_modules import told
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.smallest import plainest_first

Array = np.ndarray
FLOATS = ("float32", "float64", "bfloat16", "float16")
LENGTHS: Mapping[str, tuple[int, ...]] = {
    "mixed": (2, 4, 1, 3), "falling": (3, 2, 1), "equal": (2, 2), "rising": (1, 2, 4), "one": (3,), "one_step": (1, 1, 1),
    "square": (3, 1, 3), "with_none": (2, 0, 3)}
"""Of the sequences; those among which one has no steps are padded, and not packed."""
OTHER: Mapping[str, str] = {"float32": "float64", "float64": "float32", "bfloat16": "float32", "float16": "float64",
                            "int64": "int32", "int32": "float32", "uint8": "int64", "bool": "uint8"}
"""To what packed sequences are cast."""
FACTORS: Mapping[str, tuple] = {
    "lengths": tuple(LENGTHS), "dtype": tuple(OTHER), "given": ("list", "tuple", "generator", "rows"),
    "trailing": ((3,), (), (2, 2), (1,)), "told": ("list", "int64", "tuple", "int32"),
    "recorded": ("all", "nothing", "inference", "autocast"), "value": ("zero", "other", "nan"),
    "total": ("none", "same", "more"), "side": ("right", "left"), "batch_first": (True, False), "told_sorted": (False, True)}
"""`told`: in what the lengths are; `value`: to pad with; `total`: steps that are asked for once they are unpacked; `side`: of a
second padding, which is not packed."""
SENSELESS: tuple[Senseless, ...] = (
    (("lengths", "told_sorted"), lambda lengths, told_sorted: told_sorted and lengths in ("mixed", "rising", "square")),
    (("lengths", "given"), lambda lengths, given: given == "rows" and len(set(LENGTHS[lengths])) > 1),
    (("dtype", "value"), lambda dtype, value: value == "nan" and dtype not in FLOATS),
    (("dtype", "recorded"), lambda dtype, recorded: recorded == "all" and dtype not in FLOATS),
    (("dtype", "recorded"), lambda dtype, recorded: recorded == "autocast" and dtype == "float16"),  # two low dtypes
)
ROWS = at_once("crossed packing", FACTORS, 2, SENSELESS)


def sequences(row: Row) -> list[Array]:
    """Numbers from 1 to 47, of a dtype of floating point parts of them, exact in any, or truths."""
    random = generator("crossed packing", row["lengths"], row["trailing"])
    drawn = [random.integers(1, 48, (time, *row["trailing"])) for time in LENGTHS[row["lengths"]]]
    return [one % 2 if row["dtype"] == "bool" else one / (32 if row["dtype"] in FLOATS else 1) for one in drawn]


def number(row: Row) -> float:
    """What padding is."""
    other = {"bool": 1.0, "float64": 0.1}.get(row["dtype"], 0.5 if row["dtype"] in FLOATS else 2.0)
    return {"zero": 0.0, "nan": float("nan"), "other": other}[row["value"]]


def padded(each: list[Array], steps: int, value: float, left: bool = False) -> Array:
    """(rows, steps, ...)."""
    found = np.full((len(each), steps, *each[0].shape[1:]), value)
    for place, one in enumerate(each):
        found[place, slice(steps - len(one), None) if left else slice(len(one))] = one
    return found


def due(row: Row) -> dict[str, Array]:
    """What comes, rows first, by name: `padded`, `other_side`, `rows/PLACE`, `gradients/PLACE`, and what was packed: `data`,
    `batch_sizes`, `unpacked`, `lengths`, `listed/PLACE`, `cast/PLACE`."""
    each, value, lengths = sequences(row), number(row), LENGTHS[row["lengths"]]
    steps = max(lengths)
    found = {"padded": padded(each, steps, value), "other_side": padded(each, steps, value, row["side"] == "left")}
    found |= {f"rows/{place}": one for place, one in enumerate(each)}
    if min(lengths):
        order = sorted(range(len(each)), key=lambda place: -lengths[place])  # equal ones stay as they are in either order
        sizes = np.array([sum(length > step for length in lengths) for step in range(steps)])
        found |= {"batch_sizes": sizes, "lengths": np.array(lengths),
                  "unpacked": padded(each, steps + (row["total"] == "more"), value)}
        if len(set(lengths)) in (1, len(lengths)) and (row["told_sorted"] or len(set(lengths)) == len(lengths)):
            found["data"] = np.stack([each[place][step] for step in range(steps) for place in order if step < lengths[place]])
        found |= {f"{name}/{place}": one for place, one in enumerate(each) for name in ("listed", "cast")}
    if row["recorded"] == "all":
        counts = 3 if min(lengths) else 2
        found |= {f"gradients/{place}": counts * one for place, one in enumerate(each)}
    return found


@statement("Sequences that are padded, packed, cast and taken apart again are what they were, in dtype, order and gradients, "
           "whichever two of their sizes, dtypes, numbers to pad with and ways of giving them and their lengths meet; what is "
           "given stays what it was.", sparing=0,
           source="PyTorch: torch.nn.utils.rnn")
def sequences_are_what_they_were_wherever_ways_meet(ask) -> list[Deviation]:
    """The loss is that of each number times itself, of constants, in each of the results: gradients are so many times it. Where
    something is wrong it is told first of the plainest row that shows it."""
    def wrong(rows: list[Row]) -> Iterator[Deviation]:
        each = tuple({**row, "sequences": tuple(sequences(row)), "number": number(row), "other": OTHER[row["dtype"]]}
                     for row in rows)
        return deviations(ask(FunctionRequest("crossed_packing", (("rows", each),))), rows)

    return plainest_first(ROWS(), FACTORS, SENSELESS, wrong, told)


def deviations(seen: Any, rows: list[Row]) -> Iterator[Deviation]:
    """What came of each row against what is due; arrays: `PLACE/NAME`."""
    for place, words in seen.facts["odd"]:
        yield Deviation("sequences", f"{words}: {told(rows[place])}")
    for place, row in enumerate(rows):
        for name, array in due(row).items():
            yield from equal(name, seen.arrays.get(f"{place}/{name}", np.zeros(0)), array, told(row))
