"""Several cells in one loop, and cells of one's own, where several conditions meet: what the cells are and what is around them,
what they are given and asked for, how the loop runs, how it was made. Whatever meets, the equations say what comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cases.apart import wrong_together
from cases.chains import chain_request
from cases.covering import Row, at_once
from cases.families.base import statement
from cases.families.cells import against, made
from cases.families.crossed_conditions import STATEFUL, UNFIT
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Reset
from cases.smallest import plainest_first
from cases.tolerance import expect_chain

PARTS = 2
"""So many checks share the rows."""
SIZES = {"distinct": (4, 5), "equal": (3, 3), "one_row": (1, 4), "one_step": (2, 1)}
"""Rows and steps; there are three features."""
FLAT = ("started", "one_gru", "uneven")
"""Chains whose states are not lists in a list."""
LISTED = ("one_lstm", "uneven_listed")
"""Those of one cell with several states, around which there is another loop over cells."""
FACTORS = {
    "chain": ("gru_lstm", "three", "uneven_between", "started", "one_lstm", "one_gru", "lstm_uneven", "uneven", "uneven_listed",
              "alike"),
    "mask": ("none", "right", "gaps", "left", "empty_row"), "size": tuple(SIZES), "start": ("zeros", "given", "carried", "reset"),
    "direction": ("forward", "bidirectional", "backward"), "origin": ("built", "from_config"),
    "return_sequences": (True, False), "unroll": (False, True), "zero": (False, True), "gradients": (False, True),
}
"""start: of states; `carried` over from a call before, or forgotten after it · zero: outputs at masked steps · gradients: taken,
in training."""
SENSELESS = tuple((names, holds) for names, holds in (
    (("mask", "size"), lambda mask, size: mask in UNFIT.get(size, ())),
    (("zero", "mask"), lambda zero, mask: zero and mask == "none"),
    (("zero", "return_sequences"), lambda zero, sequences: zero and not sequences),  # which the documentation excludes
    (("zero", "direction"), lambda zero, direction: zero and direction == "bidirectional"),
    (("unroll", "direction", "mask"),  # a finding of its own
     lambda unroll, direction, mask: unroll and direction != "forward" and mask != "none"),
    (("start", "chain"),  # findings of their own
     lambda start, chain: start in STATEFUL and chain not in FLAT or start == "reset" and chain != "uneven"),
    (("mask", "chain"), lambda mask, chain: mask != "none" and chain in LISTED),  # a finding of its own
    (("unroll", "chain"), lambda unroll, chain: unroll and chain in LISTED),  # the same
    (("mask", "unroll", "chain"),  # a finding of its own, on TensorFlow
     lambda mask, unroll, chain: mask != "none" and not unroll and chain == "one_gru"),
    (("start", "direction"),  # a finding of its own
     lambda start, direction: start in STATEFUL and direction == "bidirectional"),
))
"""What is left out besides what means nothing: what is known to go wrong, and asked of by itself."""
rows = at_once("crossed chains", FACTORS, 2, SENSELESS)
"""Makes the rows: every two values of different factors that may meet, meet in one."""


@dataclass(frozen=True)
class Crossing:
    """Cells in a loop, with what they are given; and the row that says so."""

    asked: FunctionRequest
    row: Row

    def __str__(self) -> str:
        return ", ".join(name if value is True else str(value) for name, value in self.row.items() if value is not False)


def crossing(row: Row) -> Crossing:
    """The row as a chain and its batch."""
    batch, time = SIZES[row["size"]]
    chain = made(row["chain"], row["direction"], return_sequences=row["return_sequences"], unroll=row["unroll"],
                 stateful=row["start"] in STATEFUL, padding_output="zero" if row["zero"] else "default")
    drawn = chain.draw_batch(batch, time, row["mask"], row["start"] == "given")
    before = {"carried": (drawn,), "reset": (drawn, Reset())}.get(row["start"], ())
    return Crossing(chain_request(chain, chain.draw_weights(), drawn, row["gradients"], before, row["origin"]), row)


@statement("Whatever meets of several cells in one loop, or of one's own, of how the loop runs and was made, of what it is given "
           "and asked for: it gives the outputs, states, masks and gradients that the equations say.",
           {"part": tuple(range(PARTS))}, strength=(1, 1, 1), sparing=1,
           source="Keras: RNN(cell), StackedRNNCells, Bidirectional")
def crossed_chains_match_reference(ask, part) -> list[Deviation]:
    """Where something is wrong the first row that shows it is made as plain as it can be, and asked by itself. Arrays:
    `PLACE/NAME`, named as those of `cases.chains.chain_request`."""
    return plainest_first(rows()[part::PARTS], FACTORS, SENSELESS, lambda some: wrong(ask, some), lambda row: str(crossing(row)),
                          then=lambda row: ask.answer(crossing(row).asked))


def wrong(ask, some: Sequence[Row]) -> list[Deviation]:
    """What is wrong with the answers to some crossings, asked at once."""
    return wrong_together(ask, "crossed_chains", [*map(crossing, some)], lambda one: one.asked, told)


def told(one: Crossing, mine: Observation) -> list[Deviation]:
    """What is wrong with the answer to one crossing."""
    found = against(mine, one.asked, "outputs", "states", "loss", "gradients")
    row, carries = one.row, mine.facts.get("carries_masks", True)
    if carries and row["mask"] != "none" and row["return_sequences"] and row["direction"] != "backward":  # whose is a finding
        valid = expect_chain(one.asked)["mask"].value.astype(bool)
        if "mask" not in mine.arrays or not np.array_equal(mine["mask"], valid):
            found.append(Deviation("mask", f"mask: found {mine.arrays.get('mask')}, expected {valid.tolist()}"))
    return found
