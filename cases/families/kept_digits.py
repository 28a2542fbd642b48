"""Numbers that open gates, or ones and zeros for weights, let pass: they are what they were to the last digit of their dtype, in
their rows and places, however the rows are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

Array = np.ndarray
UNITS = 3
SIZES: Mapping[str, tuple[int, ...]] = {
    "whole": (3, 3), "bare": (2, 2), "sorted": (4, 3, 2), "cycled": (3, 2, 4), "one_row": (3,), "one_packed": (3,),
    "one_step": (1, 1, 1)}
"""A way to give rows -> how long each is: whole, or packed, sorted or not, or each without an axis of rows."""
PACKED = ("sorted", "cycled", "one_packed")
ROTATING: Mapping[str, tuple] = {
    "dtype": ("float32", "float16", "float64", "bfloat16"), "recorded": ("all", "inference", "nothing"), "layers": (1, 2),
    "batch_first": (True, False), "training": (False, True), "sharing": (False, True)}
"""What else goes round. `sharing`: all states are one memory."""


def rows() -> list[Mapping[str, Any]]:
    """Every cell in every way, one way and both."""
    every = product(("gru", "lstm", "projected", "relu"), SIZES, (True, False))
    found = []
    for place, (cell, form, both) in enumerate(every):
        turn = place // 2 + place // 14
        others = {name: values[(turn // (1 + n // 2) + n * both) % len(values)]
                  for n, (name, values) in enumerate(ROTATING.items())}
        found.append({"cell": cell, "form": form, "both": both, "lengths": SIZES[form], "packed": form in PACKED, **others})
    return found


def numbers(place: int, row: Mapping[str, Any]) -> dict[str, Array]:
    """`x` (rows, steps, units), of positive numbers, and `states` (layers * directions, rows, units), far from zero, of either
    sign; as long as float64."""
    random, count = generator("kept digits", place), row["layers"] * (1 + row["both"])
    shape = (len(row["lengths"]), max(row["lengths"]), UNITS)
    far = random.uniform(20, 40, (count, shape[0], UNITS)) * random.choice([-1.0, 1.0], (count, shape[0], UNITS))
    return {"x": random.uniform(0.5, 1.5, shape), "states": far}


def due(row: Mapping[str, Any], x: Array, states: Array) -> dict[str, Array]:
    """What comes of what was given: a GRU keeps its states; an LSTM its carry, and gives the carry's signs; relu gives x."""
    ways, lengths = 1 + row["both"], np.array(row["lengths"])
    valid = np.arange(x.shape[1]) < lengths[:, None]
    if row["cell"] == "relu":
        last = (x[np.arange(len(x)), lengths - 1], x[:, 0])
        each = [x] * ways
        found = {"states/0": np.stack([last[way] for _ in range(row["layers"]) for way in range(ways)])}
    else:
        kept = states if row["cell"] == "gru" else np.sign(states)[..., : UNITS - (row["cell"] == "projected")]
        each = [np.repeat(one[:, None], x.shape[1], 1) for one in kept[-ways:]]
        found = {"states/0": kept} | ({} if row["cell"] == "gru" else {"states/1": states})
    return {"outputs": np.concatenate(each, -1) * valid[:, :, None], **found}


@statement("What open gates keep, or weights of ones and zeros let pass, is to its last digit what was given, in its row, unit, "
           "layer and direction: of every cell, in every way of giving rows, in each dtype and mode.", sparing=0,
           source="PyTorch: nn.LSTM, nn.GRU, nn.RNN")
def what_gates_keep_is_whole(ask) -> Iterator[Deviation]:
    """Arrays `PLACE/x`, `PLACE/states`, as they were given, and `PLACE/came/NAME`."""
    each = rows()
    seen = ask(FunctionRequest("kept_digits", (("rows", tuple({**row, **numbers(n, row)} for n, row in enumerate(each))),)))
    for place, row in enumerate(each):
        known = due(row, seen[f"{place}/x"].astype("float64"), seen[f"{place}/states"].astype("float64"))
        words = ", ".join(f"{name} {value}" for name, value in row.items())
        for name, array in known.items():
            for one in equal(name, seen.arrays.get(f"{place}/came/{name}", np.zeros(0)).astype("float64"), array):
                yield Deviation(name, f"{one.message}: {words}", one.deviation)
