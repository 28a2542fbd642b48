"""Whole numbers and truth values as what sequences hold."""

from __future__ import annotations

import numpy as np

from cases.families.base import statement
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
