"""Whole numbers and truth values as what sequences hold."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, FEATURES, UNITS = 2, 4, 3, 2


@statement("Sequences of whole numbers, truth values or half numbers give what the same numbers give in float32, whichever layer "
           "reads them, with dropout that rests or acts too.",
           {"part": ("conv_lstm", "lstm", "stack", "gru", "simple_rnn", "loop", "bidirectional"),
            "dtype": ("int32", "bool", "float16", "uint8", "int64"), "dropout": (False, True)}, strength=(1, 2, 3), sparing=5,
           usual={"part": ("conv_lstm", "lstm", "gru", "stack"), "dtype": ("int32", "bool")},
           source="Keras: LSTM(sequences), ConvLSTM1D")
def whole_numbers_are_numbers(ask, part, dtype, dropout) -> list[Deviation]:
    random = generator("whole numbers", part)
    shape = (ROWS, STEPS, 5, FEATURES) if part == "conv_lstm" else (ROWS, STEPS, FEATURES)
    inputs = random.integers(0, 2, shape)
    seen = ask(FunctionRequest("numbers_as", (("part", part), ("rate", 0.5 if dropout else 0.0), ("units", UNITS),
                                              ("inputs", inputs), ("dtype", dtype))))
    slack = 64 * unit_roundoff("float32") * (1 + np.abs(seen["due"]))
    found = [] if np.isfinite(seen["trained"]).all() else [Deviation("trained", "outputs in training that are not finite")]
    return found + compare("outputs", seen["outputs"], seen["due"], slack)


CLASSES, HIGH = 2304, 2049
"""Classes; a number that no half precision holds."""
BOUNDS = (HIGH - 0.5, HIGH + 0.5, HIGH + 2.0)
"""Of the ranges that numbers are put into."""


@statement("Classes, and numbers in ranges, are encoded under a policy of half precision as under any, in a call and in predict.",
           {"policy": ("mixed_bfloat16", "mixed_float16")}, usual={"policy": ("mixed_bfloat16",)}, sparing=0, eager=1,
           source="Keras: CategoryEncoding, Discretization, mixed precision")
def classes_stay_whole(ask, policy) -> list[Deviation]:
    """Arrays: `encoded` (1, classes) and `ranges` (1, numbers), of predict; of a call with `called/` before the name."""
    ids = np.array([[HIGH, HIGH + 1, CLASSES - 1]])
    numbers = np.array([[HIGH - 1.0, HIGH, HIGH + 1.0, HIGH + 3.0]])
    seen = ask(FunctionRequest("whole_classes", (("ids", ids), ("classes", CLASSES), ("numbers", numbers), ("bounds", BOUNDS),
                                                 ("policy", policy))))
    due = {"encoded": np.isin(np.arange(CLASSES), ids)[None].astype("float64"), "ranges": np.digitize(numbers, BOUNDS)}
    return [d for name, one in due.items() for how in ("", "called/") for d in equal(how + name, seen[how + name], one)]
