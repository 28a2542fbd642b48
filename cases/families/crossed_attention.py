"""Attention of several heads wherever two of its options meet: how it is made, who asks whom, which masks there are, in which
dtype and mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from cases.covering import Row, Senseless, at_once
from cases.families.base import statement
from cases.families.crossed_modules import deviations, numbers, told
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.smallest import plainest_first

SIZES: Mapping[str, tuple[int, int, int]] = {
    "distinct": (3, 4, 2), "alike": (3, 3, 3), "one_query": (2, 1, 3), "one_row": (1, 4, 4), "one_key": (2, 3, 1),
    "two": (2, 2, 2)}
"""Rows, queries and keys."""
FACTORS: Mapping[str, tuple] = {
    "mask": ("none", "bool", "float", "bool_of_heads", "float_of_heads", "hinted"), "size": tuple(SIZES),
    "dtype": ("float32", "float64", "bfloat16", "autocast"), "added": ("nothing", "bias", "zeros", "both"),
    "recorded": ("all", "inputs", "nothing", "inference"), "who": ("self", "memory", "apart"), "heads": (2, 1, 3),
    "padding": ("none", "bool", "float"), "weights": ("averaged", "of_heads", "none"), "call": ("first", "second", "copied"),
    "form": ("rows", "bare"), "bias": (True, False), "batch_first": (True, False), "training": (True, False),
    "dropout": ("none", "rests")}
"""`who`: one tensor asks itself; keys that are values; keys and values of other widths each. `added`: a learned key, one of
zeros. `mask`: of queries and keys, for all heads or each; `hinted`: causal, and said to be. `weights`: what comes of them."""
SENSELESS: tuple[Senseless, ...] = (
    (("who", "size"), lambda who, size: who == "self" and SIZES[size][1] != SIZES[size][2]),
    (("mask", "size"), lambda mask, size: mask == "hinted" and SIZES[size][1] != SIZES[size][2]),
    (("form", "size"), lambda form, size: form == "bare" and size == "one_row"),
    (("dropout", "training"), lambda dropout, training: dropout == "rests" and training),
)
ROWS = at_once("crossed attention", FACTORS, 2, SENSELESS)


@statement("Attention of several heads is its equations, in outputs, weights, gradients and dtypes, whichever two of its "
           "options, masks, sizes, dtypes and modes meet; what is given stays what it was, and nothing is drawn.",
           sparing=0, source="PyTorch: nn.MultiheadAttention")
def attention_is_its_equations_wherever_options_meet(ask) -> list[Deviation]:
    """Where something is wrong it is told first of the plainest row that shows it."""
    given = {dtype: numbers(dtype) for dtype in ("float32", "float64")}

    def wrong(rows: list[Row]) -> Iterator[Deviation]:
        each = tuple({**row, "sizes": SIZES[row["size"]], "masked": masked(place, row["size"], row["heads"])}
                     for place, row in enumerate(rows))
        return deviations(ask(FunctionRequest("crossed_attention", (("rows", each), ("numbers", given)))), rows)

    return plainest_first(ROWS(), FACTORS, SENSELESS, wrong, told, {"heads": 1})


def masked(place: int, size: str, heads: int) -> Mapping[str, np.ndarray]:
    """What is not attended: `padding` (rows, keys), `all` (queries, keys), `heads` (rows * heads, queries, keys). The first key
    always is."""
    random, (rows, queries, keys) = np.random.default_rng(place), SIZES[size]
    shapes = {"padding": (rows, keys), "all": (queries, keys), "heads": (rows * heads, queries, keys)}
    return {name: (random.random(shape) < 0.4) & (np.arange(keys) > 0) for name, shape in shapes.items()}
