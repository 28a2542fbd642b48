"""Recurrent layers where several conditions meet that have little to do with each other: how the layer was made, what it is told,
what it is given, in which precision, what is asked of it and in which way. Whatever meets, it gives what the equations say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cases.batches import BatchPlan
from cases.convolutions import Convolution
from cases.covering import Row, at_once
from cases.families.base import statement
from cases.invariants.base import against_reference, handed_on
from cases.layers import Layer, draw_weights
from cases.layouts import from_keras, to_keras
from cases.models import FunctionRequest
from cases.requests import Deviation, Execution, Observation, Request, Reset
from cases.tolerance import compare, expect, unit_roundoff

PARTS = 3
"""So many checks share the rows."""
SIZES = {"distinct": (4, 5, 2, 3), "equal": (3, 3, 3, 3), "one_row": (1, 4, 3, 2), "two": (2, 2, 3, 4)}
"""Batch, time, features, units."""
FILMS = (Convolution((4, 3), (3, 2)), Convolution((5,), (3,), strides=(2,), data_format="channels_first"))
"""What a convolutional layer convolves, in turn; two channels, three filters."""
FACTOR = 0.125
"""Of a penalty: of the squares of weights, or of outputs, by the number of rows."""
RATE = 0.25
"""Of dropout, where it must not drop anything: in inference."""
STATEFUL = ("carried", "reset")
FACTORS = {
    "mask": ("none", "right", "gaps", "left", "empty_row"), "cell": ("lstm", "gru", "simple_rnn", "conv_lstm"),
    "size": tuple(SIZES), "loop": ("layer", "generic", "unrolled", "cells"),
    "told": ("nothing", "penalties", "activity", "rates"), "way": ("call", "train", "predict"),
    "made": ("new", "configuration"), "dtype": ("float32", "mixed_bfloat16", "mixed_float16"),
    "start": ("zeros", "given", "carried", "reset"), "direction": ("forward", "bidirectional", "backward"),
    "activation": ("tanh", "relu", "softsign"), "merge": ("concat", "none", "mul"), "return_sequences": (True, False),
    "return_state": (True, False), "zero": (False, True), "source": ("argument", "masking"),
    "inside": ("nothing", "time_distributed"), "training": (False, True), "frozen": (False, True), "bias": (True, False),
    "variant": (False, True),
}
"""loop: `cells`, two of them in one loop · told: what else is said of its weights, which have bounds too, or of its outputs; or
`rates` of dropout, in inference · way: called, with gradients; a step of training of a model around it, or a prediction · start:
of states; `carried` over from a call before, or forgotten after it · zero: outputs at masked steps · variant: the reset before
the product, one gate at a time, hard gates."""
SENSELESS = tuple((names, holds) for names, holds in (
    (("merge", "direction"), lambda merge, direction: merge != "concat" and direction != "bidirectional"),
    (("zero", "direction"), lambda zero, direction: zero and direction == "bidirectional"),
    (("zero", "return_sequences"), lambda zero, sequences: zero and not sequences),  # which the documentation excludes
    (("zero", "mask"), lambda zero, mask: zero and mask == "none"),
    (("mask", "size"), lambda mask, size: size == "one_row" and mask == "empty_row" or size == "two" and mask == "gaps"),
    (("source", "mask"), lambda source, mask: source != "argument" and mask == "none"),
    (("source", "start"), lambda source, start: source != "argument" and start == "given"),  # a finding of its own
    (("source", "cell"), lambda source, cell: source != "argument" and cell == "conv_lstm"),
    (("cell", "loop"), lambda cell, loop: cell == "conv_lstm" and loop in ("generic", "cells")),
    (("cell", "variant"), lambda cell, variant: variant and cell == "simple_rnn"),
    (("cell", "told"), lambda cell, told: told == "activity" and cell == "simple_rnn"),  # a finding of its own
    (("loop", "direction"), lambda loop, direction: loop == "cells" and direction != "forward"),
    (("loop", "told"), lambda loop, told: loop in ("cells", "generic") and told == "activity"),
    (("loop", "start"), lambda loop, start: loop == "cells" and start != "zeros"),
    (("loop", "direction", "mask"),  # a finding of its own
     lambda loop, direction, mask: loop == "unrolled" and direction != "forward" and mask != "none"),
    (("inside", "mask"), lambda inside, mask: inside != "nothing" and mask != "none"),
    (("inside", "start"), lambda inside, start: inside != "nothing" and start != "zeros"),
    (("inside", "return_state"), lambda inside, state: inside != "nothing" and state),
    (("inside", "merge"), lambda inside, merge: inside != "nothing" and merge == "none"),
    (("inside", "told"), lambda inside, told: inside != "nothing" and told == "activity"),
    (("start", "direction", "return_state"),  # a finding of its own
     lambda start, direction, state: start in STATEFUL and direction == "bidirectional" and state),
    (("start", "way"), lambda start, way: start in STATEFUL and way == "train"),  # a finding of its own
    (("start", "dtype"), lambda start, dtype: start == "carried" and dtype != "float32"),  # a finding of its own, on torch
    (("start", "told"), lambda start, told: start in STATEFUL and told == "activity"),
    (("told", "merge"), lambda told, merge: told == "activity" and merge != "concat"),
    (("told", "training"), lambda told, training: told == "rates" and training),
    (("told", "way"), lambda told, way: told == "rates" and way == "train" or told == "activity" and way != "call"),
    (("frozen", "way"), lambda frozen, way: frozen and way == "train"),
    (("frozen", "told"), lambda frozen, told: frozen and told == "penalties"),
    (("way", "training"), lambda way, training: way == "train" and not training or way == "predict" and training),
))
"""What is left out besides what means nothing: what is known to go wrong, and asked of by itself."""


@dataclass(frozen=True)
class Crossing:
    """A layer, its batch and what is asked of it; and the row that says the rest."""

    one: Request
    row: Row

    def __str__(self) -> str:
        words = [name if value is True else str(value) for name, value in self.row.items()
                 if name in ("loop", "way", "made", "told", "inside", "source", "start", "training", "frozen") and value
                 and value not in ("nothing", "new", "argument", "zeros", "layer")]
        return f"{self.one.layer}-{self.row['mask']}: {', '.join(words)}"


rows = at_once("crossed conditions", FACTORS, 2, SENSELESS)
"""Makes the rows: every two values of different factors that may meet, meet in one."""


def crossing(number: int, row: Row) -> Crossing:
    """The row as a layer and its batch."""
    batch, time, features, units = SIZES[row["size"]]
    joined = row["direction"] == "bidirectional" and row["merge"] == "concat"  # of channels in front the last axis is another
    film = FILMS[0 if joined else number % len(FILMS)] if row["cell"] == "conv_lstm" else None
    if film is not None:
        features, units = 2 * int(np.prod(film.space)), 3 * int(np.prod(film.places))
    hard, carried = row["variant"], row["start"] in STATEFUL
    layer = Layer(
        row["cell"], features, units, 2 if row["loop"] == "cells" else 1, row["direction"], row["merge"], row["return_sequences"],
        row["return_state"], carried, row["activation"], "hard_sigmoid" if hard else "sigmoid", row["bias"],
        reset_after=not (hard and row["cell"] == "gru"), implementation=1 if hard and film is None else 2,
        padding_output="zero" if row["zero"] else "default", dtype=row["dtype"], convolution=film,
    )
    plan = BatchPlan(batch, time, row["mask"], row["start"] == "given")
    drawn = plan.draw(layer)
    execution = Execution("fused" if row["loop"] in ("layer", "cells") else row["loop"],
                          mode="training" if row["training"] else "inference", mask_from=row["source"])
    wants = ("outputs", "states", "mask", *(() if carried or row["way"] == "predict" else ("gradients",)))
    before = {"carried": (drawn,), "reset": (drawn, Reset())}.get(row["start"], ())
    return Crossing(Request(layer, draw_weights(layer), drawn, before, wants, execution), row)


def crossings(part: int) -> Iterator[Crossing]:
    """Those of one check."""
    return (crossing(number, row) for number, row in enumerate(rows()) if number % PARTS == part)


@statement("Whatever meets of how a layer is made, what it is told and given, its precision and the way in which it is asked: it "
           "gives the outputs, states, masks, gradients, penalties and trained weights that the equations say.",
           {"part": tuple(range(PARTS))}, strength=(1, 1, 1), sparing=0,
           source="Keras: LSTM, GRU, SimpleRNN, ConvLSTM1D, ConvLSTM2D, RNN, Bidirectional, TimeDistributed")
def crossed_conditions_are_right(ask, part) -> list[Deviation]:
    """Arrays: `PLACE/NAME`, named as those of a request; `PLACE/penalty`, the layer's losses; `PLACE/trained/NAME`, its weights
    after a step of gradient descent at a rate of one."""
    every = list(crossings(part))
    each = tuple((one.one, tuple(one.row.items())) for one in every)
    seen = ask(FunctionRequest("crossed_conditions", (("each", each), ("factor", FACTOR), ("rate", RATE))))
    return [Deviation(d.where, f"{one}: {d.message}", d.deviation, d.allowed)
            for place, one in enumerate(every) for d in told(one, place, seen)]


def told(one: Crossing, place: int, seen: Observation) -> list[Deviation]:
    """What is wrong with the answer to one crossing."""
    start, row, request = f"{place}/", one.row, one.one
    arrays = {name.removeprefix(start): array for name, array in seen.arrays.items() if name.startswith(start)}
    if not arrays:
        return [Deviation("outputs", "nothing came")]
    mine = Observation(arrays, facts=seen.facts.get(str(place), {}))
    due = expect(request, mine.facts.get("padding", "hold"))
    if row["way"] == "train":
        return trained(one, due, mine)
    found = against_reference(mine, request, "states", "loss", *(("gradients",) if not row["frozen"] else ("gradients/inputs",)))
    for name in request.layer.output_names:
        found += compare(name, mine[name], due[name].value, due[name].allowed)
    if row["way"] == "call" and row["mask"] != "none" and passes(row):
        found += handed_on(mine, request)
    if "mask" in arrays and not row["return_sequences"]:
        found.append(Deviation("mask", "the last output alone carries a mask"))
    dtype, computing = mine.facts.get("dtype"), request.layer.dtype.removeprefix("mixed_")
    found += [] if dtype in (None, computing) else [Deviation("dtype", f"outputs of {dtype}, expected {computing}")]
    if row["way"] == "call" and row["told"] in ("penalties", "activity"):
        value, allowed = penalty(one, due)
        found += compare("penalty", mine["penalty"], np.array(value), allowed)
    return found


def passes(row: Row) -> bool:
    """Whether its outputs carry a mask; in which order those of a backward layer do is asked by itself."""
    return row["return_sequences"] and row["merge"] != "none" and row["direction"] != "backward"


def kept(one: Crossing) -> dict[str, np.ndarray]:
    """The weights as Keras keeps them, by name."""
    return from_keras(one.one.layer, to_keras(one.one.layer, one.one.weights))


def penalty(one: Crossing, due: dict) -> tuple[float, float]:
    """The losses of the layer, and by how much they may be off."""
    if one.row["told"] == "penalties":
        value = FACTOR * sum(float(np.sum(np.square(w, dtype="float64"))) for w in kept(one).values())
        return value, 64 * unit_roundoff("float32") * value
    given = [e for name, e in due.items() if name.startswith(("outputs", "states"))]
    rows = len(one.one.batch.inputs)
    value = FACTOR * sum(float(np.sum(e.value**2)) for e in given) / rows
    moved = sum(float(np.sum(2 * abs(e.value) * e.allowed + unit_roundoff(one.one.layer.dtype) * 8 * e.value**2)) for e in given)
    return value, FACTOR * moved / rows + 64 * unit_roundoff(one.one.layer.dtype) * value


def trained(one: Crossing, due: dict, seen: Observation) -> list[Deviation]:
    """Weights after a step against their gradients, with those of the penalty; beside it no weight may be negative."""
    found, penalized = [], one.row["told"] == "penalties"
    for name, weight in kept(one).items():
        gradient = due[f"gradients/weights/{name}"]
        value = weight.astype("float64") - gradient.value - penalized * 2 * FACTOR * weight
        slack = 8 * unit_roundoff("float32") * (np.abs(weight) + np.abs(gradient.value))
        value = np.maximum(value, 0.0) if penalized else value
        found += compare(f"trained/{name}", seen[f"trained/{name}"], value, gradient.allowed + slack)
    return found
