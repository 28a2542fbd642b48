"""Recurrent modules and cells wherever two of their options meet: how they are made, what they are given, in which dtype, in
which mode, and how they are called. A covering array chooses what meets; all its rows are asked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cases.covering import Row, Senseless, at_once
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation
from cases.smallest import plainest_first
from cases.tolerance import compare, unit_roundoff

Array = np.ndarray
DTYPES: Mapping[str, str] = {"float32": "float32", "float64": "float64", "bfloat16": "bfloat16", "float16": "float16",
                             "autocast": "bfloat16"}
"""Of a module, or autocast in float32 -> in what it computes."""
SIZES: Mapping[str, tuple[int, int, int, int]] = {
    "distinct": (3, 4, 2, 5), "alike": (3, 3, 3, 3), "one_row": (1, 3, 2, 4), "one_step": (3, 1, 2, 4), "no_rows": (0, 2, 2, 3),
    "long": (2, 18, 2, 3)}
"""Rows, steps, features and units."""
RECORDED = ("all", "inputs", "some", "states", "weights", "nothing", "inference")
"""Of what gradients are taken: of all; of inputs and states, weights being frozen; also of every second weight; of states alone;
of weights alone; of nothing, under `no_grad`, or in inference mode."""
GRADED = RECORDED[:5]
CALLS = ("first", "second", "copied", "called_with", "strided")
"""The first call, or one after a call in the other mode; of a deep copy; with weights that are given with the call; of inputs in
another order of memory."""
LAYERS: Mapping[str, tuple] = {
    "cell": ("lstm", "gru", "tanh", "relu", "projected"), "size": tuple(SIZES),
    "form": ("whole", "cycled", "bare", "sorted", "swapped"), "call": CALLS, "dtype": tuple(DTYPES),
    "recorded": RECORDED, "layers": (2, 1, 3), "dropout": ("none", "rests", "all"), "states": ("given", "none", "large"),
    "both": (True, False), "bias": (True, False), "batch_first": (True, False), "training": (True, False)}
"""`form`: whole rows, or one without a batch axis; packed, in an order that was sorted before, or is found, and then is a swap
or a cycle. `dropout` between layers: in inference, where it rests, or of all in training. Large states are `LARGE` times those
that are given else."""
LARGE = 6.0
FORMS: tuple[tuple[str, ...], ...] = (("whole", "all_packed", "each"), ("sorted", "cycled", "swapped"))
"""Ways to give the same rows, which have the same equations: whole ones also packed, or each without a batch; others in another
order. One row may be bare, too."""
AGAIN, CELLS_AGAIN = 2, 4
"""How many times more the same numbers are given, to modules and to cells."""
CELLS: Mapping[str, tuple] = {
    "cell": ("lstm", "gru", "tanh", "relu"), "size": tuple(SIZES)[:-1], "form": ("whole", "bare"),
    "dtype": tuple(DTYPES), "recorded": ("all", "inputs", "nothing", "inference"), "call": (*CALLS, "mapped"),
    "states": ("given", "none", "large"), "bias": (True, False), "training": (True, False)}
"""`mapped`: row by row, over the batch."""
SENSELESS: tuple[Senseless, ...] = (
    (("dropout", "training"), lambda dropout, training: dropout == ("rests" if training else "all")),
    (("dropout", "layers"), lambda dropout, layers: dropout != "none" and layers == 1),
    (("cell", "size"), lambda cell, size: cell == "projected" and SIZES[size][3] == 1),
    (("cell", "states"), lambda cell, states: cell == "relu" and states == "large"),  # where it bends rounding decides
    (("form", "size"), lambda form, size: form in ("cycled", "swapped") and
        (min(SIZES[size][:2]) == 1 or (form == "cycled" and SIZES[size][0] < 3))),
    (("size", "form"), lambda size, form: form == "bare" and SIZES[size][0] == 1),  # one row is one row
    (("size", "form"), lambda size, form: size == "no_rows" and form != "whole"),
    (("size", "layers"), lambda size, layers: size == "long" and layers > 1),  # they are dear
    (("bias", "layers"), lambda bias, layers: layers == 3 and not bias),  # so that the third layer's are met in every cell
    (("size", "batch_first"), lambda size, batch_first: size == "long" and batch_first),
    (("size", "recorded"), lambda size, recorded: size == "long" and recorded in ("nothing", "inference")),
)
MAPPED: tuple[Senseless, ...] = (
    (("cell", "states"), lambda cell, states: cell == "relu" and states == "large"),
    (("call", "form"), lambda call, form: call == "mapped" and form == "bare"),
    (("call", "recorded"), lambda call, recorded: call == "mapped" and recorded == "inference"),
    (("call", "dtype"), lambda call, dtype: call == "mapped" and dtype not in ("float32", "float64")),
    (("call", "cell"), lambda call, cell: call == "mapped" and cell == "lstm"),
    (("size", "form"), lambda size, form: form == "bare" and size in ("no_rows", "one_row")),
    (("size", "call"), lambda size, call: size == "no_rows" and call == "mapped"),
)
MODULE_ROWS = at_once("crossed modules", LAYERS, 2, SENSELESS, ("cell", "layers", "both", "bias", "dropout"))
CELL_ROWS = at_once("crossed cells", CELLS, 2, MAPPED, ("cell", "bias", "states"))
STRANGE = (np.inf, np.nan, -np.inf, 1e30)
STRANGELY: Mapping[str, tuple] = {
    "cell": LAYERS["cell"], "form": ("sorted", "whole", "cycled", "bare"), "layers": (1, 2),
    "dtype": ("float32", "float64"), "both": (True, False), "bias": (True, False), "states": ("given", "none"),
    "batch_first": (True, False), "training": (True, False)}
STRANGE_ROWS = at_once("strange numbers", STRANGELY, 2, ())
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


def again(row: Row, time: int) -> Row:
    """How the same numbers are given once more, so that more features meet: in another way or order of rows, with the axes in the
    other order, in the other mode where nothing is dropped, in another dtype but of float64, whose numbers have more bits, with
    other gradients, and the last time without any, and by other calls."""
    def other(name: str, among: Sequence[str], by: int) -> str:
        return among[(among.index(row[name]) + by) % len(among)]

    layer, mapped, strange = "dropout" in row, row["call"] == "mapped", "strange" in row
    at, last = RECORDED.index(row["recorded"]), time == (AGAIN if layer else CELLS_AGAIN) - 1
    how = {**row, "recorded": RECORDED[5 + at % 2] if last or strange else GRADED[(at + 1 + time) % 5],
           "call": other("call", CALLS, (1, 3, 2, 4)[time]) if row["call"] in CALLS else "second"}
    if row["dtype"] != "float64" and not strange:
        how["dtype"] = other("dtype", [dtype for dtype in DTYPES if dtype != "float64"], 1 + time)
    if not (layer and row["dropout"] == "all" or mapped or time % 2):
        how["training"] = not row["training"]
    if layer and row["size"] != "no_rows":
        ways = next((ways for ways in FORMS if row["form"] in ways), ("bare", "all_packed", "whole"))
        how["form"] = other("form", ways, 1 + time)
    if layer:
        if row["size"] != "long":
            how["batch_first"] = row["batch_first"] if time else not row["batch_first"]
        if row["dropout"] != "all" and row["layers"] > 1:
            how["dropout"] = "none" if how["training"] else "rests"
    return how


def records(row: Row, name: str) -> bool:
    """Whether this array, `gradients/…` or another, comes of a row."""
    if not name.startswith("gradients/"):
        return True
    if not name.startswith("gradients/weights/"):
        return row["recorded"] in ("all", "some", "inputs", *(("states",) if name.startswith("gradients/states/") else ()))
    return row["recorded"] in ("all", "weights") or row["recorded"] == "some" and int(name.rpartition("/")[2]) % 2 == 0


def bends(row: Row) -> bool:
    """Whether it may be a matter of rounding that a number has a gradient."""
    return row.get("cell") == "relu" and unit_roundoff(DTYPES[row["dtype"]]) > unit_roundoff("float32")


def told(row: Row) -> str:
    """A row in words."""
    return ", ".join(f"{name} {value}" for name, value in row.items())


def deviations(seen: Any, rows: list[Row]) -> Iterator[Deviation]:
    """What came of each row against what is due there; arrays: `PLACE/came/NAME`, of what was given more than once
    `PLACE/again/TIME/NAME`, and `PLACE/due/NAME`; fact `again`: how many times more."""
    for place, words in seen.facts["odd"]:
        yield Deviation("module", f"{words}: {told(rows[place])}")
    for place, row in enumerate(rows):
        due = seen.named(f"{place}/due")
        if not due:
            yield Deviation("outputs", f"nothing came: {told(row)}")
        times = [(f"again/{time}", again(row, time)) for time in range(seen.facts.get("again", 0))]
        for side, how in (("came", row), *times):
            unit = SLACK * unit_roundoff(DTYPES[how["dtype"]])
            for name, array in ((n.partition("/due/")[2], a) for n, a in due.items()):
                came = seen.arrays.get(f"{place}/{side}/{name}", np.zeros(0))
                most = 1.0
                if name.startswith("gradients/weights/") and row.get("states") == "large":
                    most = LARGE**2  # gates of sums so much larger are off by so much more, times states that are larger, too
                if name.startswith("gradients/") and bends(how) and came.shape == array.shape:
                    came = array if came.any() or not array.any() else came  # on which side it is rounding decides
                for one in compare(name, came, array, unit * max(most, float(np.abs(array).max(initial=0.0)))):
                    if records(how, name):
                        yield Deviation(name, f"{one.message}: {told(how)}", one.deviation, one.allowed)


def asked(what: str, rows: list[Row], times: int = AGAIN) -> FunctionRequest:
    """The request for all rows."""
    each = tuple({**row, "sizes": SIZES[row["size"]], "lengths": lengths(row["form"], *SIZES[row["size"]][:2]), "large": LARGE,
                  "again": tuple(again(row, time) for time in range(times))} for row in rows)
    return FunctionRequest(what, (("rows", each), ("numbers", {dtype: numbers(dtype) for dtype in ("float32", "float64")})))


@statement("A recurrent module is its equations, in outputs, final states, gradients and dtypes, whichever two of its options, "
           "the ways of giving it rows and states, the dtypes, modes and kinds of calls meet; what is given stays what it was, "
           "and nothing is drawn where nothing is dropped.", sparing=0, source="PyTorch: nn.LSTM, nn.GRU, nn.RNN")
def modules_are_their_equations_wherever_options_meet(ask) -> list[Deviation]:
    """Where something is wrong it is told first of the plainest row that shows it."""
    return plainest_first(MODULE_ROWS(), LAYERS, SENSELESS, lambda rows: deviations(ask(asked("crossed_modules", rows)), rows),
                          told, {"layers": 1, "both": False})


@statement("A recurrent cell that is called by hand is its equations, in states, gradients and dtypes, whichever two of its "
           "options, sizes, dtypes, modes and kinds of calls meet; what is given stays what it was.", sparing=0,
           source="PyTorch: nn.LSTMCell, nn.GRUCell, nn.RNNCell")
def cells_are_their_equations_wherever_options_meet(ask) -> list[Deviation]:
    """Where something is wrong it is told first of the plainest row that shows it."""
    return plainest_first(CELL_ROWS(), CELLS, MAPPED,
                          lambda rows: deviations(ask(asked("crossed_cells", rows, CELLS_AGAIN)), rows), told)


@statement("A number that is infinite, not a number or huge reaches of its own row what the equations say, and nothing else; "
           "what stands in padding is not read.", sparing=0, source="PyTorch: nn.LSTM, nn.GRU, nn.RNN")
def strange_numbers_go_where_equations_take_them(ask) -> list[Deviation]:
    """Each row has another one, in its second step and in its padding."""
    usual = {"size": "distinct", "call": "first", "recorded": "nothing", "dropout": "none"}
    rows = [{**usual, **row, "strange": STRANGE[place % 4:] + STRANGE[:place % 4]} for place, row in enumerate(STRANGE_ROWS())]
    seen = ask(asked("crossed_modules", rows, 1))
    known: dict[str, Array] = {}
    for name, array in seen.arrays.items():  # what is not finite where it is due is told from all else, and then is a number
        due = seen.arrays.get(re.sub("/(came|again/.)/", "/due/", name), array)
        same = (array == due) | (np.isnan(array) & np.isnan(due)) if array.shape == due.shape else np.zeros(array.shape, bool)
        known[name] = np.where((same if "/due/" not in name else True) & ~np.isfinite(array), 0.0, array)
    return list(deviations(Observation(known, facts=seen.facts), rows))
