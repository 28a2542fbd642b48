"""Keras' recurrent layers and cells that are told one option alone, and what they still have of it when they are made again."""

from __future__ import annotations

from typing import Any

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.keras_told import LATE, LOOP, at, gated, said

CONVOLVED = {"strides": (2,), "padding": "same", "data_format": "channels_first", "dilation_rate": (2,)}


def run_alone(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.configurations.single_options_survive`."""
    kind, keras = dict(request.arguments)["kind"], backend.keras
    cell, convolved = kind.removesuffix("_cell"), kind == "conv_lstm"
    name = f"{stacks.LAYERS[cell]}Cell" if kind != cell else "ConvLSTM1D" if convolved else stacks.LAYERS[cell]
    sizes = {"filters": 3, "kernel_size": (2,)} if convolved else {"units": 3}
    given = [*gated(keras, "lstm" if convolved else cell).items(), ("activation", None)]
    given += [("recurrent_activation", None)] if cell != "simple_rnn" else []
    if kind == cell:
        beside = {n: v for n, v in LOOP.items() if not convolved or n not in ("unroll", "zero_output_for_mask")}
        given += [*beside.items(), ("activity_regularizer", keras.regularizers.L2(0.25))]
    given += [*CONVOLVED.items()] if convolved else []
    rows = []
    with moment("build"):
        for option, value in sorted(given, key=lambda one: one[0] in LATE):
            one = getattr(keras.layers, name)(**sizes, **{option: value})
            again = type(one).from_config(one.get_config())
            due = "linear" if value is None else value
            rows.append((option, *(said(keras, option, each) for each in (due, at(one, option), at(again, option)))))
    return Observation({}, facts={"options": tuple(rows)})
