"""Recurrent modules and cells wherever two of their options meet: how they are made, what they are given, in which dtype, in
which mode, and how they are called. A covering array chooses what meets; all its rows are asked at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cases.covering import Row, Senseless, at_once
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

Array = np.ndarray
DTYPES: Mapping[str, str] = {"float32": "float32", "float64": "float64", "bfloat16": "bfloat16", "float16": "float16",
                             "autocast": "bfloat16"}
"""Of a module, or autocast in float32 -> in what it computes."""
SIZES: Mapping[str, tuple[int, int, int, int]] = {
    "distinct": (3, 4, 2, 5), "alike": (3, 3, 3, 3), "one_row": (1, 3, 2, 4), "one_step": (3, 1, 2, 4), "long": (2, 18, 2, 3)}
"""Rows, steps, features and units."""
RECORDED = ("all", "inputs", "some", "nothing", "inference")
"""Of what gradients are taken: of all; of inputs and states, weights being frozen; also of every second weight; of nothing, under
`no_grad`, or in inference mode."""
CALLS = ("first", "second", "copied", "called_with", "strided")
"""The first call, or one after a call in the other mode; of a deep copy; with weights that are given with the call; of inputs in
another order of memory."""
LAYERS: Mapping[str, tuple] = {
    "cell": ("lstm", "gru", "tanh", "relu", "projected"), "size": tuple(SIZES),
    "form": ("whole", "cycled", "bare", "sorted", "swapped"), "call": CALLS, "dtype": tuple(DTYPES),
    "recorded": RECORDED, "layers": (2, 1, 3), "dropout": ("none", "rests", "all"), "states": ("given", "none"),
    "both": (True, False), "bias": (True, False), "batch_first": (True, False), "training": (True, False)}
"""`form`: whole rows, or one without a batch axis; packed, in an order that was sorted before, or is found, and then is a swap
or a cycle. `dropout` between layers: in inference, where it rests, or of all in training."""
CELLS: Mapping[str, tuple] = {
    "cell": ("lstm", "gru", "tanh", "relu"), "size": (*list(SIZES)[:-1], "no_rows"), "form": ("whole", "bare"),
    "dtype": tuple(DTYPES), "recorded": RECORDED, "call": (*CALLS, "mapped"),
    "states": ("given", "none"), "bias": (True, False), "training": (True, False)}
"""`mapped`: row by row, over the batch."""
SENSELESS: tuple[Senseless, ...] = (
    (("dropout", "training"), lambda dropout, training: dropout == ("rests" if training else "all")),
    (("dropout", "layers"), lambda dropout, layers: dropout != "none" and layers == 1),
    (("cell", "size"), lambda cell, size: cell == "projected" and SIZES[size][3] == 1),
    (("form", "size"), lambda form, size: form in ("cycled", "swapped") and
        (min(SIZES[size][:2]) == 1 or (form == "cycled" and SIZES[size][0] < 3))),
    (("size", "form"), lambda size, form: form == "bare" and SIZES[size][0] == 1),  # one row is one row
    (("size", "layers"), lambda size, layers: size == "long" and layers > 1),  # they are dear
    (("bias", "layers"), lambda bias, layers: layers == 3 and not bias),  # so that the third layer's are met in every cell
    (("size", "batch_first"), lambda size, batch_first: size == "long" and batch_first),
    (("size", "recorded"), lambda size, recorded: size == "long" and recorded in ("nothing", "inference")),
)
MAPPED: tuple[Senseless, ...] = (
    (("call", "form"), lambda call, form: call == "mapped" and form == "bare"),
    (("call", "recorded"), lambda call, recorded: call == "mapped" and recorded in ("inference", "some")),
    (("call", "dtype"), lambda call, dtype: call == "mapped" and dtype not in ("float32", "float64")),
    (("call", "cell"), lambda call, cell: call == "mapped" and cell == "lstm"),
    (("size", "form"), lambda size, form: form == "bare" and size in ("no_rows", "one_row")),
    (("size", "call"), lambda size, call: size == "no_rows" and call == "mapped"),
)
MODULE_ROWS = at_once("crossed modules", LAYERS, 2, SENSELESS)
CELL_ROWS = at_once("crossed cells", CELLS, 2, MAPPED)
SLACK = 24
"""Roundings of the largest number: sums of some dozen products, in another order; some more in three layers."""
NUMBERS = 4096


def numbers(dtype: str) -> Array:
    """So many numbers between 1/8 and 1.5, of either sign, exact in any dtype of floating point; for float64 with bits that
    float32 does not hold."""
    random = generator("crossed modules")
    drawn = np.round(random.uniform(4, 48, NUMBERS)) / 32 * random.choice([-1.0, 1.0], NUMBERS)
    return drawn + 2.0**-30 if dtype == "float64" else drawn


def lengths(form: str, rows: int, steps: int) -> tuple[int, ...]:
    """Of the rows; no row is empty, one has all steps."""
    falling = [max(1, steps - number) for number in range(rows)]
    if form == "swapped":
        return falling[1], falling[0], *falling[2:]
    return tuple(falling[1:] + falling[:1] if form == "cycled" else falling if form == "sorted" else [steps] * rows)


def again(row: Row) -> Row:
    """How the same numbers are given once more, so that three features meet more often: with the axes in the other order, in the
    other mode where nothing is dropped, in another dtype but of float64, whose numbers have more bits, with others of recording
    and of calls."""
    def next_one(name: str, among: Sequence[str], by: int) -> str:
        return among[(among.index(row[name]) + by) % len(among)]

    rests = row.get("dropout", "none") == "none" and row["call"] != "mapped"
    low = [dtype for dtype in DTYPES if dtype != "float64"]
    return {**row, "training": not row["training"] if rests else row["training"], "recorded": next_one("recorded", RECORDED, 2),
            **({"batch_first": not row["batch_first"]} if "batch_first" in row and row["size"] != "long" else {}),
            "call": next_one("call", CALLS, 1) if row["call"] in CALLS else "second",
            "dtype": row["dtype"] if row["dtype"] == "float64" else next_one("dtype", low, 1)}


def records(row: Row, name: str) -> bool:
    """Whether this array, `gradients/…` or another, comes of a row."""
    if not name.startswith("gradients/"):
        return True
    if not name.startswith("gradients/weights/"):
        return row["recorded"] in ("all", "some", "inputs")
    return row["recorded"] == "all" or row["recorded"] == "some" and int(name.rpartition("/")[2]) % 2 == 0


def told(row: Row) -> str:
    """A row in words."""
    return ", ".join(f"{name} {value}" for name, value in row.items())


def deviations(seen: Any, rows: list[Row]) -> Iterator[Deviation]:
    """What came of each row against what is due there; arrays: `PLACE/came/NAME`, of what was given once more, where it was,
    `PLACE/again/NAME`, and `PLACE/due/NAME`."""
    for place, words in seen.facts["odd"]:
        yield Deviation("module", f"{words}: {told(rows[place])}")
    for place, row in enumerate(rows):
        due = seen.named(f"{place}/due")
        if not due:
            yield Deviation("outputs", f"nothing came: {told(row)}")
        for side, how in (("came", row), *((("again", again(row)),) if seen.facts.get("again") else ())):
            unit = SLACK * unit_roundoff(DTYPES[how["dtype"]])
            for name, array in ((n.partition("/due/")[2], a) for n, a in due.items()):
                came = seen.arrays.get(f"{place}/{side}/{name}", np.zeros(0))
                for one in compare(name, came, array, unit * max(1.0, float(np.abs(array).max(initial=0.0)))):
                    if records(how, name):
                        yield Deviation(name, f"{one.message}: {told(how)}", one.deviation, one.allowed)


def asked(what: str, rows: list[Row]) -> FunctionRequest:
    """The request for all rows."""
    sizes = {**SIZES, "no_rows": (0, 1, 2, 3)}
    each = tuple({**row, "sizes": sizes[row["size"]], "lengths": lengths(row["form"], *sizes[row["size"]][:2]),
                  "again": again(row)} for row in rows)
    return FunctionRequest(what, (("rows", each), ("numbers", {dtype: numbers(dtype) for dtype in ("float32", "float64")})))


@statement("A recurrent module is its equations, in outputs, final states, gradients and dtypes, whichever two of its options, "
           "the ways of giving it rows and states, the dtypes, modes and kinds of calls meet; what is given stays what it was, "
           "and nothing is drawn where nothing is dropped.", sparing=0, source="PyTorch: nn.LSTM, nn.GRU, nn.RNN")
def modules_are_their_equations_wherever_options_meet(ask) -> Iterator[Deviation]:
    rows = MODULE_ROWS()
    return list(deviations(ask(asked("crossed_modules", rows)), rows))


@statement("A recurrent cell that is called by hand is its equations, in states, gradients and dtypes, whichever two of its "
           "options, sizes, dtypes, modes and kinds of calls meet; what is given stays what it was.", sparing=0,
           source="PyTorch: nn.LSTMCell, nn.GRUCell, nn.RNNCell")
def cells_are_their_equations_wherever_options_meet(ask) -> Iterator[Deviation]:
    rows = CELL_ROWS()
    return list(deviations(ask(asked("crossed_cells", rows)), rows))
