"""Dropout where several conditions meet: cell, loop, direction, mask, states, precision, one row. What a layer gives in training
is what the equations give with some inputs and states dropped, and the rest scaled: of few features and units every choice of
them can be tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

import numpy as np

from cases.batches import Batch, BatchPlan
from cases.convolutions import Convolution
from cases.covering import Row, at_once
from cases.families.base import statement
from cases.families.gates import CLOSE
from cases.invariants.dropout import improbable
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.reference.arithmetic import activate
from cases.requests import Deviation

STEPS = 3
ROWS = {"lstm": 4, "gru": 9, "simple_rnn": 3, "conv_lstm": 3}
"""Of a batch: so many that gates that draw apart do not draw the same by chance."""
RARE = 1e-6
"""How improbable it may be that gates that draw apart drop the same. Seeds are given: only a new generator draws anew."""
RATES = {False: {"inputs": 0.5, "recurrent": 0.375}, True: {"inputs": 0.75, "recurrent": 0.625}}
"""By whether most is dropped."""
PLACES = ("inputs", "recurrent")
CHOICES = 9
"""So many numbers of one half may be kept or not: every choice of them is tried."""
SIZES = ((2, 2), (1, 2), (2, 1), (1, 1))
"""Features and units; the first ones that leave no more choices."""
OTHER = {"lstm": "gru", "gru": "simple_rnn", "simple_rnn": "lstm"}
"""What runs backwards in one wrapper with it."""
FACTORS = {
    "dropped": (*(f"{cell} {place}" for cell in ("lstm", "gru") for place in ("both", *PLACES)), "simple_rnn both",
                "simple_rnn recurrent", "gru_before both", "conv_lstm both"), "direction": ("forward", "backward"),
    "kernel": ("fused", "loop"), "bias": (True, False), "return_sequences": (True, False), "stateful": (False, True),
    "apart": (False, True), "most": (False, True), "dtype": ("float32", "mixed_float16"),
}
"""dropped: of which cell, and where · kernel: `loop`, over the cell or unrolled, in turn · apart: gate by gate ·
most: of the rates."""
MASKS = ("right", "left", "gaps")
"""Of one of the calls, in turn."""
SENSELESS = (
    (("dropped", "kernel"), lambda dropped, kernel: "conv" in dropped and kernel != "fused"),
    (("dropped", "apart"), lambda dropped, apart: apart and ("rnn" in dropped or "conv" in dropped)),
    (("dropped", "apart", "kernel"),  # a finding of its own
     lambda dropped, apart, kernel: apart and "inputs" in dropped and kernel == "fused"),
    (("stateful", "dtype"), lambda stateful, dtype: stateful and dtype != "float32"),  # a finding of its own, on torch
    (("dropped", "dtype"), lambda dropped, dtype: "conv" in dropped and dtype != "float32"),
    (("return_sequences", "dtype"), lambda sequences, dtype: not sequences and dtype != "float32"),  # too few digits
)
USUAL = {"bias": True, "return_sequences": True, "stateful": False, "apart": False, "most": False, "dtype": "float32"}
JOINED = tuple({**USUAL, "dropped": dropped, "direction": direction, "kernel": kernel} for dropped, direction, kernel in (
    ("lstm inputs", "bidirectional", "fused"), ("gru both", "bidirectional", "loop"), ("lstm inputs", "two", "fused"),
    ("simple_rnn recurrent", "two", "loop")))
"""Two directions: of one cell, and of two different ones."""
MORE = tuple({**USUAL, "dropped": dropped, "direction": "forward", "kernel": "loop", "apart": True, "stateful": True}
             for dropped in ("gru_before recurrent", "gru inputs"))
"""Of these the array has too few draws to tell gates apart."""
array = at_once("crossed dropout", FACTORS, 2, SENSELESS)


@dataclass(frozen=True)
class Dropping:
    """One layer, and what it is called with, call after call.

    halves    one direction each, and their weights without the direction's prefix: a forward and a backward one are wrapped
    calls     batches; their initial states are named `HALF/NAME`
    """

    halves: tuple[Layer, ...]
    weights: tuple[Mapping[str, np.ndarray], ...]
    kernel: str
    calls: tuple[Batch, ...]

    def __str__(self) -> str:
        return f"{' and '.join(map(str, self.halves))}-{self.kernel}"


def rows() -> list[Row]:
    """All of them."""
    return [*array(), *JOINED, *MORE]


def each_of(layer: Layer) -> dict[str, int]:
    """Place -> how many draws there are, one for all gates or one each."""
    gates = len(layer.gates)
    apart = layer.implementation == 1 or layer.recurrent_dropout > 0 or layer.convolution is not None
    count = gates if apart and layer.cell != "simple_rnn" else 1
    return {"inputs": count * (layer.dropout > 0), "recurrent": count * (layer.recurrent_dropout > 0)}


def rates_of(layer: Layer) -> tuple[float, float]:
    """Of inputs and of states."""
    return layer.dropout, layer.recurrent_dropout


def bits(layer: Layer) -> int:
    """How many numbers are kept or not."""
    each = each_of(layer)
    return each["inputs"] * layer.features + each["recurrent"] * layer.units


def half_of(row: Row, kind: str, direction: str) -> Layer:
    """One direction, of the first size that leaves few choices."""
    cell, place = kind.removesuffix("_before"), row["dropped"].split()[1]
    rates = {name: RATES[row["most"]][at] for name, at in zip(("dropout", "recurrent_dropout"), PLACES, strict=True)
             if place in (at, "both")}
    options = {**{name: row[name] for name in ("return_sequences", "stateful", "bias", "dtype")}, "direction": direction,
               "reset_after": cell == kind, "implementation": 1 if row["apart"] else 2,
               "convolution": Convolution((1,), (1,)) if cell == "conv_lstm" else None, **rates}
    layers = (Layer(cell, features, units, **options) for features, units in SIZES)
    return next(one for one in layers if bits(one) <= CHOICES)


def dropping(number: int, row: Row) -> Dropping:
    """The row as a layer and its batches: a row alone and some with a mask, or some and a row alone that
    begins somewhere."""
    cell, joined = row["dropped"].split()[0], row["direction"] in ("bidirectional", "two")
    halves = (half_of(row, cell, "forward"), half_of(row, OTHER[cell] if row["direction"] == "two" else cell, "backward")) \
        if joined else (half_of(row, cell, row["direction"]),)
    if joined:  # of one width of features
        halves = tuple(one.but(features=1, units=1) for one in halves)
    drawn = (draw_weights(one.but(dropout=0.0, recurrent_dropout=0.0)) for one in halves)
    weights = tuple({name.rsplit("/", 1)[1]: array for name, array in one.items()} for one in drawn)
    cells = row["apart"] and "inputs" in row["dropped"]  # as above
    kernel = "fused" if row["kernel"] == "fused" else ("generic", "unrolled")[number % 2 and not cells]
    many = ROWS[halves[0].cell]
    few = many if row["stateful"] else 1
    masked = kernel != "unrolled" or row["direction"] == "forward"  # else a finding of its own
    plans = (BatchPlan(few, STEPS), BatchPlan(many, STEPS, MASKS[number % len(MASKS)])) if masked and number // 2 % 2 else (
        BatchPlan(few if number % 2 else many, STEPS), BatchPlan(few, STEPS, states=row["direction"] != "two"))
    return Dropping(halves, weights, kernel, tuple(called(plan, halves) for plan in plans))


def called(plan: BatchPlan, halves: tuple[Layer, ...]) -> Batch:
    """The batch of a call."""
    drawn = [plan.draw(one) for one in halves]
    states = {f"{half}/{name.rsplit('/', 1)[1]}": array for half, one in enumerate(drawn)
              for name, array in (one.initial_states or {}).items()}
    return Batch(drawn[0].inputs, drawn[0].mask, states or None)


@lru_cache(maxsize=64)
def choices(each: int, width: int, after: int, other: int) -> tuple[np.ndarray, np.ndarray]:
    """(choice, each, width) and (choice, after, other) bool: every choice of what is kept of inputs, and of states."""
    every = np.array(list(product((True, False), repeat=each * width + after * other)), bool)
    first, second = every[:, : each * width], every[:, each * width :]
    return first.reshape(len(every), each, width), second.reshape(len(every), after, other)


def scaled(kept: np.ndarray, rate: float, gates: int) -> np.ndarray:
    """(choice, gates, 1, width): what numbers are multiplied with; 1 where none is dropped."""
    if kept.shape[1] == 0:
        return np.ones((len(kept), gates, 1, 1))
    return np.broadcast_to((kept / (1 - rate))[:, :, None], (len(kept), gates, 1, kept.shape[2]))


@dataclass(frozen=True)
class Half:
    """One direction of a layer, its weights by gate: kernels (gate, width, units), biases (gate, 1, units)."""

    layer: Layer
    weights: dict[str, np.ndarray]

    @classmethod
    def of(cls, layer: Layer, weights: Mapping[str, np.ndarray]) -> Half:
        nothing = np.zeros(len(layer.gates) * layer.units)
        return cls(layer, {name: weights.get(name, nothing).reshape(-1, len(layer.gates), layer.units).swapaxes(0, 1)
                           for name in ("kernel", "recurrent_kernel", "bias", "recurrent_bias")})

    def step(self, x: np.ndarray, states: dict[str, np.ndarray], inputs: np.ndarray, recurrent: np.ndarray) -> dict:
        """The states (choice, row, units) after a step (row, features), dropped as `inputs` and `recurrent` say."""
        layer, w, h = self.layer, self.weights, states["h"]
        given = (x * inputs) @ w["kernel"] + w["bias"]
        held = (h[:, None] * recurrent) @ w["recurrent_kernel"] + w["recurrent_bias"]
        if layer.cell == "simple_rnn":
            return {"h": activate((given + held)[:, 0], layer.activation)}
        if layer.cell != "gru":
            i, f, o = (activate((given + held)[:, gate], layer.recurrent_activation) for gate in (0, 1, 3))
            c = f * states["c"] + i * activate((given + held)[:, 2], layer.activation)
            return {"h": o * activate(c, layer.activation), "c": c}
        z, r = (activate((given + held)[:, gate], layer.recurrent_activation) for gate in (0, 1))
        past = r * held[:, 2] if layer.reset_after else (
            (r * h * recurrent[:, 2]) @ w["recurrent_kernel"][2] + w["recurrent_bias"][2])
        return {"h": z * h + (1 - z) * activate(given[:, 2] + past, layer.activation)}


def off(half: Half, batch: Batch, outputs: np.ndarray, last: Mapping[str, np.ndarray], start: Mapping[str, np.ndarray],
        turned: bool) -> np.ndarray:
    """(choice, row): how far what came of one direction is from what each choice of the dropped ones gives. `turned`: backward
    outputs are in the order of time."""
    layer, each = half.layer, each_of(half.layer)
    kept = choices(each["inputs"], layer.features, each["recurrent"], layer.units)
    inputs, recurrent = (scaled(one, rate, len(layer.gates)) for one, rate in zip(kept, rates_of(layer), strict=True))
    states = {name: np.broadcast_to(array, (len(kept[0]), *array.shape)) for name, array in start.items()}
    found = np.zeros((len(kept[0]), batch.size))
    for place, time in enumerate(range(batch.time)[:: -1 if layer.direction == "backward" else 1]):
        here = batch.valid[:, time]
        new = half.step(batch.inputs[:, time], states, inputs, recurrent)
        states = {name: np.where(here[:, None], new[name], states[name]) for name in states}
        if layer.return_sequences:
            there = outputs[:, time if turned else place]
            found = np.maximum(found, here * np.abs(states["h"] - there).max(axis=2))
    ends = [(last[name], states[name]) for name in states] + ([] if layer.return_sequences else [(outputs, states["h"])])
    for come, due in ends:
        found = np.maximum(found, np.abs(come - due).max(axis=2))
    return found


@dataclass
class Drawn:
    """What was kept, over all rows: numbers of inputs and states, by their rate; and of those that gates draw apart, whether two
    gates, or all, drew the same, and how probable that is."""

    kept: dict[tuple[str, float], list[bool]]
    alike: dict[str, list[tuple[bool, float]]]

    def take(self, layer: Layer, alone: bool, choice: int) -> None:
        """Of one row of a batch, or a row alone."""
        each, kind = each_of(layer), layer.cell if layer.reset_after else f"{layer.cell} that resets before"
        kept = choices(each["inputs"], layer.features, each["recurrent"], layer.units)
        for place, rate, one in zip(PLACES, rates_of(layer), kept, strict=True):
            if rate:
                self.kept.setdefault((place, rate), []).extend(one[choice].flatten())
            for gates in combinations(range(each[place]), 2) if not alone else [range(each[place])] if each[place] > 1 else []:
                own = one[choice][list(gates)]
                where = "rows alone, all gates" if alone else f"{place} of {kind}, gates {gates[0]} and {gates[1]}"
                self.alike.setdefault(where, []).extend(
                    (same, rate ** len(own) + (1 - rate) ** len(own)) for same in (own == own[:1]).all(axis=0))

    def told(self) -> Iterator[Deviation]:
        """What is improbable of these draws."""
        for (place, rate), numbers in self.kept.items():
            count = numbers.count(False)
            if improbable(count, len(numbers), rate):
                yield Deviation("rate", f"{place}: {count} of {len(numbers)} are dropped at a rate of {rate}")
        for where, alike in self.alike.items():
            if all(same for same, _ in alike) and np.prod([chance for _, chance in alike]) < RARE:
                yield Deviation("gates", f"{where}: all {len(alike)} numbers are dropped by each of them, or by none")


@statement("Whatever meets in training with dropout: a layer gives what the equations give with some of the inputs and states "
           "dropped at every step of a row and the rest scaled; at the rates that were told, and gates that draw apart do not "
           "drop the same.", strength=(1, 1, 1), sparing=0,
           source="Gal & Ghahramani 2016; Keras: dropout, recurrent_dropout, `the same mask is used for every step`")
def crossed_dropout_is_right(ask) -> list[Deviation]:
    """Arrays: `PLACE/CALL/outputs` and `PLACE/CALL/states/HALF/NAME` of every layer."""
    found, drawn = [], Drawn({}, {})
    every = tuple(dropping(number, row) for number, row in enumerate(rows()))
    each = tuple((one.halves, one.weights, one.kernel, one.calls) for one in every)
    seen = ask(FunctionRequest("crossed_dropout", (("each", each),)))
    for place, one in enumerate(every):
        for number in range(len(one.halves)):
            found += told(one, number, seen.named(str(place)), drawn)
    return [*found, *drawn.told()]


def told(one: Dropping, number: int, seen: Mapping[str, np.ndarray], drawn: Drawn) -> Iterator[Deviation]:
    """What is wrong with one half of a layer; what was dropped there is kept."""
    layer, place = one.halves[number], next(iter(seen)).split("/")[0]
    half, close = Half.of(layer, one.weights[number]), CLOSE[layer.dtype]
    before = sum(other.units for other in one.halves[:number])
    last: dict[str, np.ndarray] = {}
    for call, batch in enumerate(one.calls):
        start = {name: np.zeros((batch.size, layer.units)) for name in layer.state_names} | last
        start |= {name: batch.initial_states[f"{number}/{name}"] for name in start if batch.initial_states}
        came = {name: seen[f"{place}/{call}/states/{number}/{name}"].astype("float64") for name in start}
        outputs = seen[f"{place}/{call}/outputs"].astype("float64")[..., before : before + layer.units]
        far = off(half, batch, outputs, came, start, len(one.halves) > 1)
        for row, least in enumerate(far.min(axis=0)):
            if not least <= close:
                words = f"{one}, call {call}, {layer.direction}, row {row}: nothing that may be dropped gives this"
                yield Deviation("outputs", words, float(least), close)
            elif len(one.halves) == 1 and layer.dtype == "float32" and (far[:, row] <= close).sum() == 1:
                drawn.take(layer, batch.size == 1, int(far[:, row].argmin()))
        last = came if layer.stateful else {}
