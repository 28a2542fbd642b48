"""Keras' recurrent layers and cells that are told one option alone, and what they still have of it when they are made again."""

from __future__ import annotations

from typing import Any

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.keras_told import LATE, LOOP, at, gated, said

CONVOLVED = {"strides": (2,), "padding": "same", "data_format": "channels_first", "dilation_rate": (2,)}


def of_weights(keras: Any, option: str, value: Any, *layers: Any) -> list[tuple[str, ...]]:
    """What bounds or punishes each weight of both layers, of which one weight's alone was given: a row as of an option."""
    weight, _, what = option.rpartition("_")
    weight, rows = {"recurrent": "recurrent_kernel"}.get(weight, weight), []
    for one in layers:
        one.build((None, 4, 3) if hasattr(one, "cell") else (None, 3))
    for name in ("kernel", "recurrent_kernel", "bias"):
        held = [getattr(getattr(getattr(one, "cell", one), name), what) for one in layers]
        due = value if name == weight else None
        rows.append((f"{what} of the {name}", *(said(keras, option, each) for each in (due, *held))))
    return rows


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
            if option.endswith(("_regularizer", "_constraint")) and not option.startswith("activity"):
                rows += of_weights(keras, option, value, one, again)
    return Observation({}, facts={"options": tuple(rows)})
