"""Recurrent layers where several conditions meet that have little to do with each other: how the layer was made, what it is told,
what it is given, in which precision, what is asked of it and in which way. Whatever meets, it gives what the equations say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np

from cases.apart import wrong_together
from cases.batches import BatchPlan
from cases.convolutions import Convolution
from cases.covering import Row, at_once
from cases.families.base import statement
from cases.families.edges import COINCIDING
from cases.invariants.base import handed_on, mergeable
from cases.layers import Layer, draw_weights
from cases.layouts import from_keras, to_keras
from cases.requests import Deviation, Execution, Observation, Request, Reset
from cases.smallest import plainest_first
from cases.tolerance import Expected, compare, expect, unit_roundoff

CELLS = ("lstm", "gru", "simple_rnn", "conv_lstm")
UNROLLED = ("unrolled", "generic_unrolled")
CLASSES = {**{cell: ((cell,), ("layer", "unrolled")) for cell in CELLS},
           "rnn": (CELLS[:3], ("generic", "generic_unrolled", "cells"))}
"""What has an array of its own, each class -> its cells, and its loops: the layers of a cell, and the loop over any of them."""
PARTS = ("even", "odd", "alike")
"""Two checks share the rows of a class. A framework that compiles is asked a third of them, `alike`: of one size, and without
what is known to go wrong on JAX, of the cells that do not convolve."""
SIZES = {"distinct": (4, 5, 2, 3), "equal": (3, 3, 3, 3), "one_row": (1, 4, 3, 2), "two": (2, 2, 3, 4), "one_step": (3, 1, 2, 4),
         **COINCIDING}
"""Batch, time, features, units."""
FILMS = (Convolution((3, 2), (2, 2)), Convolution((5,), (3,), strides=(2,), data_format="channels_first"))
"""What a convolutional layer convolves; two channels, three filters."""
FACTOR = 0.125
"""Of a penalty: of the squares of weights, or of outputs, by the number of rows."""
RATE = 0.25
"""Of dropout, where it must not drop anything: in inference."""
NONE = 1e-9
"""A rate in training at which nothing is dropped, though it could be: then too the equations say what comes."""
ALL = 1 - 1e-7
"""A rate at which everything is dropped, and which is below one: then the equations say what is left, without any draw."""
STATEFUL = ("carried", "reset")
OTHERS = {
    "mask": ("full", "single", "empty"), "activation": ("elu", "linear", "hard_sigmoid", "sigmoid"),
    "gates": ("tanh", "softsign"), "merge": ("none", "mul", "sum", "ave"),
    "told": (("kernel", "recurrent_kernel"), ("kernel",), ("recurrent_kernel",)), "size": tuple(COINCIDING),
}
"""What takes turns where a row says `other`, and in front of which kernels everything is `dropped`."""
FACTORS = {
    "mask": ("none", "right", "gaps", "left", "empty_row", "other"),
    "size": ("distinct", "equal", "one_row", "two", "one_step", "other"),
    "loop": ("layer", "unrolled", "generic", "generic_unrolled", "cells"),
    "told": ("nothing", "penalties", "activity", "rates", "dropped"),
    "way": ("call", "train", "predict", "test", "stateless"), "made": ("new", "configuration"),
    "dtype": ("float32", "mixed_bfloat16", "mixed_float16"), "start": ("zeros", "given", "carried", "reset"),
    "direction": ("forward", "bidirectional", "backward"), "activation": ("tanh", "relu", "softsign", "other"),
    "gates": ("sigmoid", "hard_sigmoid", "other"), "merge": ("concat", "other"), "return_sequences": (True, False),
    "return_state": (True, False), "zero": (False, True), "source": ("argument", "masking"),
    "inside": ("nothing", "time_distributed"), "training": (False, True), "frozen": (False, True), "bias": (True, False),
    "variant": (False, True),
}
"""loop: `generic`, over a cell, and `cells`, over two · told: what else is said of its weights, which have bounds too, or of
its outputs; or `rates` of dropout, in inference, or so low that nothing is dropped; or such that everything is `dropped`, in
training · way: called, with gradients; a step of training of a model around it, a prediction, the loss of a test; or a call
that is given the variables · start: of states; `carried` over from a call before, or forgotten after it · zero: outputs at
masked steps · variant: the reset before the product, one gate at a time."""
UNFIT = {"one_row": ("empty_row",), "two": ("gaps",), "one_step": ("right", "left", "gaps")}
"""Masks of which there is none in a size."""
SENSELESS = tuple((names, holds) for names, holds in (
    (("film", "direction", "merge"),  # of channels in front the last axis, which is joined, is another
     lambda film, direction, merge: film and direction == "bidirectional" and merge == "concat"),
    (("merge", "direction"), lambda merge, direction: merge != "concat" and direction != "bidirectional"),
    (("zero", "direction"), lambda zero, direction: zero and direction == "bidirectional"),
    (("zero", "return_sequences"), lambda zero, sequences: zero and not sequences),  # which the documentation excludes
    (("zero", "mask"), lambda zero, mask: zero and mask == "none"),
    (("mask", "size"), lambda mask, size: mask in UNFIT.get(size, ())),
    (("source", "mask"), lambda source, mask: source != "argument" and mask == "none"),
    (("source", "start"), lambda source, start: source != "argument" and start == "given"),  # a finding of its own
    (("source", "cell"), lambda source, cell: source != "argument" and cell == "conv_lstm"),
    (("cell", "variant"), lambda cell, variant: variant and cell == "simple_rnn"),
    (("cell", "told"), lambda cell, told: told == "activity" and cell == "simple_rnn"),  # a finding of its own
    (("loop", "direction"), lambda loop, direction: loop == "cells" and direction != "forward"),
    (("loop", "told"), lambda loop, told: loop not in ("layer", "unrolled") and told == "activity"),
    (("loop", "start"), lambda loop, start: loop == "cells" and start != "zeros"),
    (("loop", "direction", "mask"),  # a finding of its own
     lambda loop, direction, mask: loop in UNROLLED and direction != "forward" and mask != "none"),
    (("inside", "mask"), lambda inside, mask: inside != "nothing" and mask != "none"),
    (("inside", "start"), lambda inside, start: inside != "nothing" and start != "zeros"),
    (("inside", "return_state"), lambda inside, state: inside != "nothing" and state),
    (("inside", "merge"), lambda inside, merge: inside != "nothing" and merge != "concat"),
    (("inside", "told"), lambda inside, told: inside != "nothing" and told == "activity"),
    (("start", "direction", "return_state"),  # a finding of its own
     lambda start, direction, state: start in STATEFUL and direction == "bidirectional" and state),
    (("start", "way"), lambda start, way: start in STATEFUL and way == "train"),  # a finding of its own
    (("start", "dtype"), lambda start, dtype: start == "carried" and dtype != "float32"),  # a finding of its own, on torch
    (("cell", "gates"), lambda cell, gates: cell == "simple_rnn" and gates != "sigmoid"),
    (("activation", "dtype", "way"),  # at the kink one rounding is a gradient more or less
     lambda activation, dtype, way: activation == "relu" and dtype != "float32" and way in ("call", "train")),
    (("told", "bias"), lambda told, bias: told == "dropped" and not bias),  # nothing would be left
    (("told", "dtype"), lambda told, dtype: told == "dropped" and dtype != "float32"),  # what is kept would be infinite
    (("told", "variant", "training", "cell"),  # a finding of its own
     lambda told, variant, training, cell: told in ("dropped", "rates") and variant and training and cell in ("lstm", "gru")),
    (("start", "told"), lambda start, told: start in STATEFUL and told == "activity"),
    (("told", "merge"), lambda told, merge: told == "activity" and merge != "concat"),
    (("told", "training"), lambda told, training: told == "dropped" and not training),
    (("told", "way"), lambda told, way: told == "activity" and way != "call"),
    (("way", "start", "source", "dtype"),  # findings of their own
     lambda way, start, source, dtype: way == "stateless" and (start in STATEFUL or source != "argument" or dtype != "float32")),
    (("frozen", "way"), lambda frozen, way: frozen and way == "train"),
    (("frozen", "told"), lambda frozen, told: frozen and told == "penalties"),
    (("way", "training"), lambda way, training: way == "train" and not training or way in ("predict", "test") and training),
))
"""What is left out besides what means nothing: what is known to go wrong, and asked of by itself."""


@dataclass(frozen=True)
class Crossing:
    """A layer, its batch and what is asked of it; and the row that says the rest."""

    asked: Request
    row: Row

    def __str__(self) -> str:
        words = [name if value is True else str(value) for name, value in self.row.items()
                 if name in ("loop", "way", "made", "told", "inside", "source", "start", "training", "frozen") and value
                 and value not in ("nothing", "new", "argument", "zeros", "layer", "call")]
        return ", ".join([f"{self.asked.layer}-{self.row['mask']}", *words])

    def is_dropped(self, name: str) -> bool:
        """Whether everything in front of the weight of this name is."""
        return self.row["told"] == "dropped" and name.rsplit("/", 1)[-1] in self.row["before"]

    def due(self, padding: str) -> dict[str, Expected]:
        """What the equations say, by name: in front of a kernel of zeros all is as if it were dropped, but for its gradient."""
        weights = {name: np.zeros_like(w) if self.is_dropped(name) else w for name, w in self.asked.weights.items()}
        found = expect(self.asked.but(weights=weights), padding)
        nothing = {name: Expected(np.zeros_like(e.value), np.zeros_like(e.value)) for name, e in found.items()
                   if name.startswith("gradients/weights") and self.is_dropped(name)}
        return {**found, **nothing}


ARRAYS = {
    kind: at_once(f"crossed conditions of {kind}", {
        **FACTORS, "cell": cells, "loop": loops, "film": tuple(range(len(FILMS) if kind == "conv_lstm" else 1)),
    }, 2, SENSELESS) for kind, (cells, loops) in CLASSES.items()
}
"""Makes the rows of a class: every two values of different factors that may meet, meet in one."""


def concrete(kind: str) -> list[Row]:
    """The rows of a class, others taking their turns; with `before` which kernels everything is dropped."""
    first = 3 * tuple(CLASSES).index(kind)  # so that each of many stands in the rows of some class
    turns = {name: islice(cycle(some), first, None) for name, some in OTHERS.items()}
    return [{**{name: next(turns[name]) if value == "other" else value for name, value in row.items()},
             "before": next(turns["told"]) if row["told"] == "dropped" else ()} for row in ARRAYS[kind]()]


def crossing(row: Row) -> Crossing:
    """The row as a layer and its batch."""
    batch, time, features, units = SIZES[row["size"]]
    film = FILMS[row["film"]] if row["cell"] == "conv_lstm" else None
    if film is not None:
        features, units = 2 * int(np.prod(film.space)), 3 * int(np.prod(film.places))
    other, carried = row["variant"], row["start"] in STATEFUL
    layer = Layer(
        row["cell"], features, units, 2 if row["loop"] == "cells" else 1, row["direction"], row["merge"], row["return_sequences"],
        row["return_state"], carried, row["activation"], row["gates"], row["bias"],
        reset_after=not (other and row["cell"] == "gru"), implementation=1 if other and film is None else 2,
        padding_output="zero" if row["zero"] else "default", dtype=row["dtype"], convolution=film,
    )
    drawn = BatchPlan(batch, time, row["mask"], row["start"] == "given").draw(layer)
    execution = Execution({"layer": "fused", "cells": "fused", "generic_unrolled": "generic"}.get(row["loop"], row["loop"]),
                          mode="training" if row["training"] else "inference", mask_from=row["source"])
    wants = ("outputs", "states", "mask", *(("gradients",) if row["way"] in ("call", "train") and not carried else ()))
    before = {"carried": (drawn,), "reset": (drawn, Reset())}.get(row["start"], ())
    return Crossing(Request(layer, draw_weights(layer), drawn, before, wants, execution), row)


def lost(row: Row) -> bool:
    """Whether JAX has findings there: a model loses states, and an unrolled loop the zeros of masked steps; what stands before
    the first valid step is its state; or whether it keeps no losses of outputs, which only a call that is not differentiated
    does."""
    return (row["start"] in STATEFUL and row["way"] != "call" or row["loop"] in UNROLLED and row["zero"]
            or row["start"] in ("given", "carried") and row["mask"] not in ("none", "full") or row["told"] == "activity")


def crossings(kind: str, part: str) -> Iterator[Crossing]:
    """Those of one check."""
    every = concrete(kind)
    if part == "alike":
        return (crossing({**row, "size": "distinct"}) for row in every[::3] if not lost(row))
    return map(crossing, every[PARTS.index(part)::2])


@statement("Whatever meets of how a layer is made, what it is told and given, its precision and the way in which it is asked: it "
           "gives the outputs, states, masks, gradients, penalties, losses and trained weights that the equations say.",
           {"kind": tuple(CLASSES), "part": PARTS}, strength=(1, 2, 2), dear={"part": PARTS[:2], "kind": CELLS[3:]},
           instead={"part": PARTS[2:]},
           source="Keras: LSTM, GRU, SimpleRNN, ConvLSTM1D, ConvLSTM2D, RNN, Bidirectional, TimeDistributed")
def crossed_conditions_are_right(ask, kind, part) -> list[Deviation]:
    """Where something is wrong the first row that shows it is made as plain as it can be, and if a call shows it, that too is
    asked by itself. Arrays: `PLACE/NAME`, named as those of a request; `PLACE/penalty`, the layer's losses;
    `PLACE/trained/NAME`, its weights after a step of gradient descent at a rate of one; `PLACE/tested`, the loss of a model
    around it."""
    def then(row: Row) -> None:
        if all(row[name] in values for name, values in PLAIN.items()):
            ask.answer(alone(crossing(row)))

    return plainest_first([one.row for one in crossings(kind, part)], FACTORS, SENSELESS, lambda rows: wrong(ask, rows),
                          lambda row: str(crossing(row)), then=then)


def wrong(ask, rows: Sequence[Row]) -> list[Deviation]:
    """What is wrong with the answers to some crossings, asked at once."""
    return wrong_together(ask, "crossed_conditions", [*map(crossing, rows)], lambda one: (one.asked, tuple(one.row.items())),
                          told, factor=FACTOR, rate=RATE, none=NONE, all=ALL)


PLAIN = {"way": ("call", "predict"), "told": ("nothing", "rates"), "inside": ("nothing",),
         "loop": ("layer", "generic", "unrolled")}
"""What a question about a layer can say of a crossing."""


def alone(one: Crossing) -> Request:
    """The crossing as such a question."""
    layer, row = one.asked.layer, one.row
    rate = NONE if row["training"] else RATE
    layer = layer.but(dropout=rate, recurrent_dropout=rate) if row["told"] == "rates" else layer
    execution = one.asked.execution.but(origin="from_config" if row["made"] == "configuration" else "built",
                                        entry="predict" if row["way"] == "predict" else "direct", trainable=not row["frozen"])
    return one.asked.but(layer=layer, execution=execution)


def told(one: Crossing, mine: Observation) -> list[Deviation]:
    """What is wrong with the answer to one crossing."""
    row, request = one.row, one.asked
    due = one.due(mine.facts.get("padding", "hold"))
    if row["way"] == "train":
        return trained(one, due, mine)
    if row["way"] == "test":
        return compare("loss", mine["tested"], *tested(one, due))
    wanted = ("outputs", "states", "loss", "gradients/inputs" if row["frozen"] else "gradients")
    found = []
    for name in due:
        if name.startswith(wanted) and not mergeable(name, mine.arrays):
            found += compare(name, mine[name], due[name].value, due[name].allowed) if name in mine.arrays else [
                Deviation(name, f"{name}: nothing came back where the equations have a value")]
    if row["way"] == "call" and row["mask"] != "none" and passes(request.layer):
        found += handed_on(mine, request)
    if "mask" in mine.arrays and not row["return_sequences"]:
        found.append(Deviation("mask", "the last output alone carries a mask"))
    dtype, computing = mine.facts.get("dtype"), request.layer.dtype.removeprefix("mixed_")
    found += [] if dtype in (None, computing) else [Deviation("dtype", f"outputs of {dtype}, expected {computing}")]
    if "penalty" in mine.arrays or row["way"] in ("call", "stateless") and row["told"] in ("penalties", "activity"):
        found += compare("penalty", mine["penalty"], *penalty(one, due))
    return found


def passes(layer: Layer) -> bool:
    """Whether its outputs carry a mask; in which order those of a backward layer do is asked by itself."""
    return layer.return_sequences and layer.merge != "none" and layer.direction != "backward"


def kept(one: Crossing) -> dict[str, np.ndarray]:
    """The weights as Keras keeps them, by name."""
    return from_keras(one.asked.layer, to_keras(one.asked.layer, one.asked.weights))


def penalty(one: Crossing, due: Mapping[str, Expected]) -> tuple[np.ndarray, float]:
    """The losses of the layer, and by how much they may be off."""
    if one.row["told"] == "penalties":
        value = FACTOR * sum(float(np.sum(np.square(w, dtype="float64"))) for w in kept(one).values())
        return np.array(value), 64 * unit_roundoff("float32") * value
    if one.row["told"] != "activity":
        return np.array(0.0), 0.0
    given = [e for name, e in due.items() if name.startswith(("outputs", "states"))]
    rows = len(one.asked.batch.inputs)
    value = FACTOR * sum(float(np.sum(e.value**2)) for e in given) / rows
    rounded = unit_roundoff(one.asked.layer.dtype)
    moved = sum(float(np.sum(2 * abs(e.value) * e.allowed + rounded * 8 * e.value**2)) for e in given)
    return np.array(value), FACTOR * moved / rows + 64 * rounded * value


def tested(one: Crossing, due: Mapping[str, Expected]) -> tuple[np.ndarray, float]:
    """The loss of a test: results times what each counts, and the penalty."""
    value, allowed = penalty(one, due)
    for name in one.asked.layer.result_names:
        counted, result = one.asked.batch.cotangents[name], due[name]
        value = value + np.sum(result.value * counted)
        size = np.abs(result.value * counted)
        allowed += float(np.sum(result.allowed * np.abs(counted) + (size + size.sum()) * 8 * unit_roundoff("float32")))
    return value, allowed


def trained(one: Crossing, due: Mapping[str, Expected], seen: Observation) -> list[Deviation]:
    """Weights after a step against their gradients, with those of the penalty; beside it no weight may be negative."""
    found, penalized = [], one.row["told"] == "penalties"
    for name, weight in kept(one).items():
        gradient = due[f"gradients/weights/{name}"]
        value = weight.astype("float64") - gradient.value - penalized * 2 * FACTOR * weight
        slack = 8 * unit_roundoff("float32") * (np.abs(weight) + np.abs(gradient.value))
        value = np.maximum(value, 0.0) if penalized else value
        found += compare(f"trained/{name}", seen[f"trained/{name}"], value, gradient.allowed + slack)
    return found
