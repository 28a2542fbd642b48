"""A call is pure: it changes neither what it is given nor what a later call sees, and gives the same again, bit for bit."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import equal, statement
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation

FACTORS = {
    "cell": ("lstm", "gru", "simple_rnn"), "direction": ("forward", "bidirectional", "backward"),
    "mask": ("right", "none", "gaps"), "states": (True, False),
    "given": ("numpy", "tensor"), "mode": ("inference", "training"), "dropout": (0.0, 0.4),
    "layers": (1, 2), "padding_output": ("default", "zero"),
}
SENSELESS = (
    (("dropout", "mode"), lambda dropout, mode: dropout > 0 and mode == "training"),
    (("padding_output", "mask"), lambda output, mask: output == "zero" and mask == "none"),
    (("padding_output", "direction"), lambda output, direction: output == "zero" and direction == "bidirectional"),
)
OPTIONS = {"factors": FACTORS, "senseless": SENSELESS,
           "usual": {"cell": ("lstm", "gru"), "layers": (1,), "direction": ("forward",), "padding_output": ("default",),
                     "mask": ("right", "none")}}
"""All statements but the first ask the same questions."""
DRAWING = {**OPTIONS, "senseless": SENSELESS[1:], "usual": {**OPTIONS["usual"], "dropout": (0.4,)}}
"""Nothing that is given may be changed by a call that draws, either."""


def watched(ask, cell, direction, mask, states, given, mode, dropout, layers, padding_output, idle=False) -> Observation:
    """A layer called on a batch, on another one of another shape, on the first again; and a fresh one on the other batch; where
    it is `idle`, in the framework's mode without gradients, if it has one.

    Arrays: `calls/first`, `calls/other`, `calls/again`, `calls/fresh` (each with its outputs and states below it);
    `arguments/before/NAME` and `arguments/after/NAME`, what was given; `held/before/NAME` and `held/after/NAME`, what
    the layer, the framework and the process hold around the calls: weights, seeds, carried states, generators, losses.
    """
    layer = Layer(cell, 3, 5, layers, direction, dropout=dropout, recurrent_dropout=dropout, padding_output=padding_output)
    plain = layer.but(dropout=0.0, recurrent_dropout=0.0)
    batch, other = (BatchPlan(rows, steps, mask, states).draw(layer) for rows, steps in ((4, 5), (3, 7)))
    return ask(FunctionRequest("purity", (("layer", layer), ("weights", draw_weights(plain)), ("batch", batch), ("other", other),
                                          ("given", given), ("mode", mode), ("idle", idle))))


def unchanged(seen: Observation, what: str) -> list[Deviation]:
    """Deviations between what was before the calls and what was after them; nothing seen at all is one."""
    before, after = ({n.split("/", 2)[2]: a for n, a in seen.named(f"{what}/{when}").items()} for when in ("before", "after"))
    found = [Deviation(what, f"{name}: there before the calls or after them, not both") for name in sorted({*before} ^ {*after})]
    if not before:
        found.append(Deviation(what, f"{what}: nothing was looked at"))
    return found + [d for n in sorted({*before} & {*after}) for d in equal(n, after[n], before[n], "before and after calls")]


def same(seen: Observation, one: str, other: str, why: str) -> list[Deviation]:
    """Deviations between two of the calls."""
    a, b = ({n.split("/", 2)[2]: x for n, x in seen.named(f"calls/{call}").items()} for call in (one, other))
    if not a or {*a} != {*b}:
        return [Deviation("calls", f"{one}: {sorted(a)}, {other}: {sorted(b)}: two calls gave arrays of other names, or none")]
    return [d for n in sorted(a) for d in equal(n, b[n], a[n], why)]


@statement("A call changes nothing that it is given: inputs, mask, states, the list that holds them, weights' arrays.", **DRAWING)
def arguments_are_not_changed(ask, **variant):
    return unchanged(watched(ask, **variant), "arguments")


@statement("A call of which no gradients will be taken changes nothing that it is given, and what is written into one of its "
           "results changes no other.", {
    "cell": ("lstm", "gru", "simple_rnn"), "mask": ("none", "right"), "direction": ("forward", "bidirectional", "backward"),
}, usual={"direction": ("forward",)}, strength=(1, 2, 2), sparing=0, source="torch.no_grad")
def idle_calls_change_no_arguments(ask, cell, mask, direction):
    more = {"states": True, "given": "tensor", "mode": "inference", "dropout": 0.0, "padding_output": "default"}
    return unchanged(watched(ask, cell, direction, mask, idle=True, layers=2 if mask == "none" else 1, **more), "arguments")


@statement("A call that draws nothing changes nothing that a later call sees: weights, seeds, generators, carried states, "
           "losses.", **OPTIONS)
def a_call_leaves_nothing_behind(ask, **variant):
    return unchanged(watched(ask, **variant), "held")


@statement("The same call again gives the same numbers, bit for bit.", **OPTIONS)
def calls_repeat_bit_for_bit(ask, **variant):
    return same(watched(ask, **variant), "first", "again", "the same call after one of another shape")


@statement("A layer called on one shape gives on another what a fresh layer gives there, bit for bit.", **OPTIONS)
def another_shape_is_as_fresh(ask, **variant):
    return same(watched(ask, **variant), "fresh", "other", "after a call of another shape, against a fresh layer")


LENGTHS = (2, 5, 1, 3)
HELPERS = ("pad", "pack", "unpack", "unpad")


@statement("A helper that pads, packs or takes apart changes nothing that it is given, neither numbers nor shapes nor lists, nor "
           "does who writes into what it gives; and it gives the same again.",
           {"helper": HELPERS, "batch_first": (True, False), "gradients": (False, True)},
           usual={"gradients": (False,)}, strength=(1, 2, 2), source="https://github.com/pytorch/pytorch/issues/98499")
def helpers_change_no_arguments(ask, helper, batch_first, gradients):
    sequences = tuple(draw_values(generator("helpers", length), (length, 3)) for length in LENGTHS)
    padded = np.stack([np.pad(one, ((0, max(LENGTHS) - len(one)), (0, 0))) for one in sequences])
    padded = padded if batch_first else np.swapaxes(padded, 0, 1)
    seen = ask(FunctionRequest("helper", (
        ("helper", helper), ("sequences", sequences), ("padded", padded), ("lengths", np.array(LENGTHS)),
        ("batch_first", batch_first), ("gradients", gradients))))
    return [*unchanged(seen, "arguments"), *same(seen, "first", "again", "of the same arguments")]


@statement("Sequences of one dtype or several are joined in one that holds the numbers of all, whichever comes first.",
           {"helper": ("pad", "pack"), "dtypes": ("int32-float32", "float32-float64", "bfloat16-float32", "int32-int64",
                                                        "int64-int64")},
           strength=(1, 2, 2), source="PyTorch: pad_sequence, pack_sequence; torch.cat, torch.result_type")
def order_of_dtypes_is_nothing(ask, helper, dtypes):
    sequences = (np.array([1.0, 2.0, 3.0]), np.array([2.0**40 + 1] if dtypes.endswith("int64") else [0.1, 1.7]))
    found, due = [], {0: sequences[0], 1: sequences[1]}
    for order in ((0, 1), (1, 0)):
        seen = ask(FunctionRequest("mixed_dtypes", (
            ("helper", helper), ("sequences", tuple(sequences[n] for n in order)),
            ("dtypes", tuple(dtypes.split("-")[n] for n in order)))))
        for place, number in enumerate(order):
            exact = seen[f"given/{place}"]
            found += equal(f"sequence {number}", seen[f"result/{place}"], exact, f"given in the order {order}")
            if not np.allclose(exact, due[number], rtol=0.01):
                found.append(Deviation(f"given/{place}", "other numbers were given"))
    return found


METHODS = {"predict": False, "evaluate": False, "predict_on_batch": False, "test_on_batch": False, "fit": True,
           "train_on_batch": True, "own/predict": False, "own/evaluate": False, "own/fit": True}
"""A method of a model, or of one of one's own that is not told whether it trains -> whether what it computes is recorded for
gradients."""


@statement("What a model computes to predict or to evaluate is not recorded for gradients, what it computes in training is.",
           {"cell": ("lstm", "gru", "simple_rnn")}, usual={"cell": ("lstm",)}, sparing=0,
           source="torch.no_grad; Keras: Model.predict")
def inference_records_nothing(ask, cell):
    seen = ask(FunctionRequest("recorded", (("cell", cell), ("methods", tuple(METHODS)))))
    return [d for name, due in METHODS.items() for d in equal(name, seen[name], np.array(due), "recorded")]
