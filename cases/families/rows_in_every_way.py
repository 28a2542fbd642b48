"""Rows of different lengths in every way in which a recurrent module takes them: packed or not, sorted or not, time first or
batch first, each by itself, without a batch axis, and cell by cell. All of them are the same rows.

A kernel that is wrong where four conditions meet is right in most of these ways: one against another shows it, without equations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from cases.batches import Batch, BatchPlan
from cases.chains import Cell, Chain, chain_request
from cases.families.base import statement
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Request
from cases.tolerance import compare, unit_roundoff

WAYS = ("packed", "packed_time_first", "sorted", "sorted_time_first", "alone", "alone_time_first", "packed_alone", "bare",
        "bare_time_first", "whole", "whole_time_first", "cells", "decomposed", "decomposed_alone",
        "frozen_first", "frozen_second", "frozen_matrices", "frozen_biases",
        "only_inputs", "only_outputs", "only_carry", "forward_mode",
        "traced", "cells_only_inputs", "cells_only_outputs", "cells_only_carry", "cells_mapped", "cells_forward_mode",
        "bare_only_inputs", "bare_only_outputs", "bare_only_carry")
"""All rows packed, with their order found for them, or sorted before; each row by itself, cut to its length, as a batch of one,
packed or not, or without a batch axis; all rows as they are, where none is shorter; cells called step by step; as the operations
that a program has, packed or each row by itself; packed, every second weight being frozen, the first or the second one, or every
second pair of weights; packed, gradients being taken of the inputs alone, of the outputs that are given, or of the
carry (the last of the states that are given): of what is left out the gradients are those of the first way; each
row by itself in forward mode, and what is asked then is the derivative along a direction of inputs, states and weights; each
row by itself, by a program that was traced of another one; the same of cells, and these mapped over the rows; without a
batch axis, gradients being taken of one of what is given."""
CELLS = {"lstm": ("lstm", "tanh"), "gru": ("gru", "tanh"), "simple_rnn": ("simple_rnn", "tanh"), "relu": ("simple_rnn", "relu"),
         "projected": ("projected", "tanh")}
LENGTHS = ((2, 1, 3), (2, 4, 1, 4), (3, 3), (1, 1, 2))
"""Of the rows of a batch: three whose order is no swap, as many as steps; equal ones."""
MODES = ("training", "inference", "unrecorded")
"""In training; in inference, with gradients and without, with dropout between layers, which rests."""
SLACK = 128
"""Roundings of the largest number: sums of some dozen products, in another order."""


@dataclass(frozen=True)
class Rows:
    """A module and its rows; in which mode it is called, and in which ways."""

    one: Request | FunctionRequest
    mode: str
    ways: tuple[str, ...]


def asked(cell: str) -> Iterator[Rows]:
    """Modules forward and both ways, of one layer and two, from given states and from none, half of them with biases, so that
    three of these meet in each way; what else there is goes round: lengths, modes, dtypes, sizes of one."""
    kind, activation = CELLS[cell]
    first = list(CELLS).index(cell)
    for number, bits in enumerate(product((0, 1), repeat=3)):
        place, bias = number + first, sum(bits) % 2 == 0
        direction, states = ("forward", "bidirectional")[bits[0]], bits[2] == 0
        layers = 1 + bits[1] * (1 + (place + number // 4) % 2)
        pairs = bits[0] ^ bits[1], bits[0] ^ bits[2], bits[1] ^ bits[2]
        sorted_too = ("sorted", "sorted_time_first")[place % 2]
        ways = WAYS[0], *(way for n, way in enumerate(WAYS[1:], first) if way == sorted_too or pairs[n % 3] == n // 3 % 2
                            and (way != "traced" or place % 4 == 0))
        lengths, mode = np.array(LENGTHS[(place + place // 4) % len(LENGTHS)]), MODES[place % len(MODES)]
        features, units = 1 if place % 7 == 3 else 2, 1 if place % 5 == 1 and cell != "projected" else 3
        plan = BatchPlan(len(lengths), lengths.max(), "full", states)
        valid = np.arange(plan.time) < lengths[:, None]
        if cell == "projected":
            one = Chain((Cell("projected", units, width=2),) * layers, features, "layers", direction)
            weights = {name: array for name, array in one.draw_weights().items() if bias or not name.endswith("bias")}
            batch = masked(one.draw_batch(plan.batch, plan.time, "full", states), valid)
            yield Rows(chain_request(one, weights, batch, mode != "unrecorded"), mode, ways)
        else:
            layer = Layer(kind, features, units, layers, direction, bias=bias, activation=activation,
                          dtype="float64" if place % 5 in (0, 3) else "float32")
            wants = ("outputs", "states", *(() if mode == "unrecorded" else ("gradients",)))
            yield Rows(Request(layer, draw_weights(layer), masked(plan.draw(layer), valid), wants=wants), mode, ways)


def masked(batch: Batch, valid: np.ndarray) -> Batch:
    """The batch with these steps alone, in its loss too."""
    return batch.but(mask=valid, cotangents=batch.cotangents | {"outputs": batch.cotangents["outputs"] * valid[:, :, None]})


@statement("Rows of different lengths give the same outputs, final states and gradients in every way in which they can be given, "
           "in the dtype of the module, draw nothing, drop nothing in inference, and stay as they were.",
           {"cell": tuple(CELLS)}, strength=(1, 1, 1), sparing=0,
           source="PyTorch: nn.LSTM, nn.GRU, nn.RNN, their cells, pack_padded_sequence")
def rows_are_the_same_in_every_way(ask, cell) -> list[Deviation]:
    """Arrays: `PLACE/WAY/NAME`, NAME being outputs (zeros at padding), states, gradients/inputs, gradients/states,
    gradients/weights; `along`, the derivative along a direction, where gradients were taken and in forward mode."""
    every = list(asked(cell))
    seen = ask(FunctionRequest("rows_in_every_way", (("each", tuple((rows.one, rows.mode, rows.ways) for rows in every)),)))
    found = [Deviation("rows", words) for words in dict.fromkeys(seen.facts.get("odd", ()))]
    came: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for key, array in seen.arrays.items():
        place, way, name = key.split("/", 2)
        came.setdefault((place, way), {})[name] = array
    for number, rows in enumerate(every):
        told = f"{rows.one.layer if isinstance(rows.one, Request) else dict(rows.one.arguments)['chain']}, {rows.mode}"
        first = came.get((str(number), rows.ways[0]), {})
        found += [] if "outputs" in first else [Deviation("outputs", f"{told}: nothing came")]
        for way in rows.ways[1:] if first else ():
            for name, array in came.get((str(number), way), {}).items():
                due = first[name]
                slack = SLACK * unit_roundoff(str(due.dtype)) * max(1.0, float(np.abs(due).max(initial=0.0)))
                found += [Deviation(name, f"{way}, {told}: {d.message}", d.deviation, d.allowed)
                          for d in compare(name, array, due, slack)]
    return found
