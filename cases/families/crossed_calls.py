"""One layer, called again and again: with states that are given or without, behind a reset, with other masks, lengths, numbers of
rows, in training or not. What it was called with before shows in what it carries, if it carries states, and in nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cases.apart import wrong_together
from cases.batches import Batch, BatchPlan
from cases.covering import Row, at_once
from cases.families.base import statement
from cases.layers import Layer, draw_weights
from cases.requests import Deviation, Execution, Observation, Request, Reset
from cases.smallest import plainest_first
from cases.tolerance import compare, expect

ROWS, STEPS, FEATURES, UNITS = 3, 3, 2, 3
NONE, HALF = 1e-9, 0.5
"""A rate at which nothing is dropped, though it could be; and that of what `drop`s in training."""
PARTS = ("all", "alike")
"""A framework that compiles is asked `alike`: fewer, without what is known to go wrong on JAX."""
CALLS = {
    "given": ("plain", "given", "plain"), "reset": ("given", "reset", "plain"), "lengths": ("long", "one step", "plain"),
    "modes": ("drop", "drop", "drop", "given"), "rows": ("plain", "one row", "given"),
}
"""What comes after what. Sizes differ where the kind of call says so."""
SIZES = {"one step": (ROWS, 1), "long": (ROWS, STEPS + 1), "one row": (1, STEPS)}
MASKS = {"none": ("none",), "right": ("right", "none", "gaps"), "left": ("none", "left", "right"),
         "empty": ("empty_row", "empty", "none")}
"""Of the calls, in turn."""
FACTORS = {
    "calls": tuple(CALLS), "cell": ("lstm", "gru", "simple_rnn"), "mask": tuple(MASKS),
    "direction": ("forward", "bidirectional", "backward"), "loop": ("layer", "generic", "unrolled"), "stateful": (True, False),
    "return_sequences": (True, False), "return_state": (False, True), "rates": (False, True), "variant": (False, True),
    "zero": (False, True), "merge": ("concat", "mul", "ave"),
}
"""rates: nothing is dropped, though it could be · variant: the reset before the product, one gate at a time, no biases · zero:
outputs at masked steps."""
SENSELESS = tuple((names, holds) for names, holds in (
    (("calls", "stateful"), lambda calls, stateful: stateful and calls == "rows" or not stateful and "reset" in calls),
    (("merge", "direction"), lambda merge, direction: merge != "concat" and direction != "bidirectional"),
    (("zero", "direction"), lambda zero, direction: zero and direction == "bidirectional"),
    (("zero", "return_sequences"), lambda zero, sequences: zero and not sequences),  # which the documentation excludes
    (("zero", "mask"), lambda zero, mask: zero and mask == "none"),
    (("loop", "direction", "mask"),  # a finding of its own
     lambda loop, direction, mask: loop == "unrolled" and direction != "forward" and mask != "none"),
    (("stateful", "direction", "return_state"),  # a finding of its own
     lambda stateful, direction, state: stateful and direction == "bidirectional" and state),
    (("rates", "calls"), lambda rates, calls: rates and calls == "modes"),  # which has its own
    (("rates", "calls", "variant", "cell"),  # a finding of its own
     lambda rates, calls, variant, cell: (rates or calls == "modes") and variant and cell in ("lstm", "gru")),
))
"""What is left out besides what means nothing: what is known to go wrong, and asked of by itself."""
FEW = 8
"""One of so many is asked of a framework that compiles."""
rows = at_once("crossed calls", FACTORS, 2, SENSELESS)
"""Makes the rows: every two values of different factors that may meet, meet in one."""


@dataclass(frozen=True)
class Calling:
    """A layer and what it is called with, in this order; and the row that says so. `training`: which of the calls are."""

    asked: Request
    calls: tuple[Batch | Reset, ...]
    training: tuple[bool, ...]
    row: Row

    @property
    def rate(self) -> float:
        """Of what may be dropped."""
        return HALF if any(self.training) else NONE if self.row["rates"] else 0.0

    def __str__(self) -> str:
        words = [name if value is True else str(value) for name, value in self.row.items()
                 if name in ("calls", "mask", "loop", "rates") and value and value != "layer"]
        return ", ".join([str(self.asked.layer), *words])

    def at(self, place: int) -> Request:
        """The call at a place, as a request."""
        return replace(self.asked, batch=self.calls[place], before=self.calls[:place])


def calling(row: Row) -> Calling:
    """The row as a layer and its batches."""
    other, kinds = row["variant"], CALLS[row["calls"]]
    apart = other and row["cell"] in ("lstm", "gru")
    layer = Layer(
        row["cell"], FEATURES, UNITS, 1, row["direction"], row["merge"] if row["direction"] == "bidirectional" else "concat",
        row["return_sequences"], row["return_state"], row["stateful"], bias=not other,
        reset_after=not (other and row["cell"] == "gru"), implementation=1 if apart else 2,
        padding_output="zero" if row["zero"] else "default",
    )
    batches = tuple(Reset() if kind == "reset" else drawn(layer, row, place, kind) for place, kind in enumerate(kinds))
    execution = Execution("fused" if row["loop"] == "layer" else row["loop"])
    asked = Request(layer, draw_weights(layer), batches[0], (), ("outputs", "states"), execution)
    return Calling(asked, batches, tuple(kind == "drop" for kind in kinds), row)


def drawn(layer: Layer, row: Row, place: int, kind: str) -> Batch:
    """What the call at a place is given."""
    size, steps = SIZES.get(kind, (ROWS, STEPS))
    masks = MASKS[row["mask"]]
    mask = masks[place % len(masks)] if steps > 1 and size > 1 else "none"
    drops = kind == "drop"  # all of them are given the same
    plan = BatchPlan(size, steps, masks[0] if drops else mask, kind == "given" or drops)
    return plan.draw(layer, seed=0 if drops else place).but(cotangents=None)


def callings(part: str) -> Iterator[Calling]:
    """Those of one check; `alike`, without a mask: on JAX a state is kept at the first steps if these are masked."""
    if part == "all":
        return map(calling, rows())
    few = [row for row in rows() if row["loop"] != "unrolled"][::FEW]
    return map(calling, [{**row, "mask": "none", "zero": False} for row in few])


@statement("What a layer gives depends on what it was called with before through the states that it carries, and through nothing "
           "else: whether states were given, forgotten or other ones before, whatever was masked, however long and however many "
           "the sequences were, in training or not.", {"part": PARTS}, strength=(1, 1, 2), dear={"part": PARTS[:1]},
           instead={"part": PARTS[1:]},
           source="Keras: RNN(stateful=True), RNN.reset_state, LSTM, GRU, SimpleRNN, Bidirectional")
def crossed_calls_are_right(ask, part) -> list[Deviation]:
    """Where something is wrong the first row that shows it is made as plain as it can be. Arrays: `PLACE/CALL/NAME`, outputs and
    states as a request's."""
    return plainest_first([one.row for one in callings(part)], FACTORS, SENSELESS, lambda some: wrong(ask, some),
                          lambda row: str(calling(row)))


def wrong(ask, some: Sequence[Row]) -> list[Deviation]:
    """What is wrong with the answers to some layers, asked at once."""
    return wrong_together(ask, "crossed_calls", [*map(calling, some)],
                          lambda one: (one.asked, one.calls, one.training, one.rate), told)


def told(one: Calling, mine: Observation) -> list[Deviation]:
    """What is wrong with the answers of one layer."""
    found = drawn_anew(one, mine) if any(one.training) else []
    for number, call in enumerate(one.calls):
        if isinstance(call, Reset) or one.training[number]:
            continue
        for name, due in expect(one.at(number), mine.facts.get("padding", "hold")).items():
            full = f"{number}/{name}"
            if name.startswith(("outputs", "states")):
                found += compare(full, mine[full], due.value, due.allowed) if full in mine.arrays else [
                    Deviation(full, f"{full}: nothing came back where the equations have a value")]
    return found


def drawn_anew(one: Calling, seen: Observation) -> list[Deviation]:
    """What is wrong where calls drop, which are given the same: that all of them drop the same."""
    which = [number for number, trains in enumerate(one.training) if trains]
    first, *others = ({name.partition("/")[2]: array for name, array in seen.named(str(number)).items()} for number in which)
    same = all(np.array_equal(array, other[name]) for other in others for name, array in first.items())
    return [Deviation("calls", f"{len(which)} calls in training dropped the same")] if same else []
