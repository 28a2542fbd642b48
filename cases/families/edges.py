"""Sizes at their edges: no rows, no steps, one of anything, and axes that happen to be of one size."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from cases.batches import BatchPlan
from cases.convolutions import Convolution
from cases.families.base import equal, refused, statement
from cases.families.loops import one_far
from cases.invariants.base import NotSupported, against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Execution, Refusal, Request, first_line

SIZES: dict[str, tuple[int, int, int, int]] = {  # batch, time, features, units
    "no_rows": (0, 4, 3, 5), "no_steps": (4, 0, 3, 5), "all_one": (1, 1, 1, 1), "batch_is_time": (4, 4, 3, 5),
    "one_row": (1, 4, 3, 5), "one_step": (4, 1, 3, 5), "one_feature": (4, 3, 1, 5), "one_unit": (4, 3, 5, 1),
    "batch_is_units": (5, 4, 3, 5), "time_is_units": (4, 5, 3, 5), "time_is_features": (4, 3, 3, 5),
    "features_are_units": (4, 3, 5, 5), "one_row_one_step": (1, 1, 3, 5), "no_rows_no_steps": (0, 0, 3, 5),
    "gates_are_features": (2, 3, 20, 5),
}
COINCIDING: dict[str, tuple[int, int, int, int]] = {  # each gate's units together as wide as the inputs, and what is else alike
    **{name: size for name, size in SIZES.items() if "_is_" in name or "_are_" in name},
    "three_gates_are_features": (2, 3, 15, 5), "batch_is_features": (3, 4, 3, 5), "batch_is_gates": (20, 2, 3, 5),
    "batch_is_three_gates": (15, 2, 3, 5),
}
LONG = 61
"""Steps."""
FACTORS = {
    "size": tuple(SIZES), "cell": ("lstm", "gru", "simple_rnn"), "mask": ("none", "right"), "states": (True, False),
    "direction": ("forward", "bidirectional", "backward"), "kernel": ("fused", "generic"), "return_sequences": (True, False),
    "entry": ("direct", "predict"), "layers": (1, 2),
}


@statement("Whatever the sizes, outputs and states have the right shapes and numbers, or the framework refuses; nothing is "
           "broadcast or squeezed in silence.", FACTORS,
           usual={"size": ("no_rows", "no_steps", "all_one"), "layers": (1,), "entry": ("direct",), "direction": ("forward",)},
           senseless=((("entry", "kernel"), lambda entry, kernel: entry == "predict" and kernel != "fused"),))
def edges_match_reference(ask, size, cell, mask, states, direction, kernel, return_sequences, entry, layers):
    batch, time, features, units = SIZES[size]
    layer = Layer(cell, features, units, layers, direction, return_sequences=return_sequences)
    given = BatchPlan(batch, time, mask, states).draw(layer).but(cotangents=None)
    request = Request(layer, draw_weights(layer), given, execution=Execution(kernel, entry=entry))
    answer = ask.answer(request)
    if isinstance(answer, Refusal) and not (batch and time):
        if not answer.message.strip():
            return [Deviation("error", f"{answer.error} at {answer.moment}, without a word")]
        said = first_line(answer.message, 150)
        raise NotSupported(f"{batch} rows of {time} steps are refused: {answer.error}: {said}")
    return against_reference(ask(request), request, "outputs", "states")


@statement("Axes that happen to be of one size are not taken for each other, in outputs, states and gradients.",
           {"size": tuple(COINCIDING), "cell": ("lstm", "gru", "simple_rnn"), "mask": ("none", "right"),
            "direction": ("forward", "bidirectional", "backward")},
           usual={"direction": ("forward", "bidirectional")}, strength=(1, 2, 3), sparing=2)
def coinciding_sizes_match_reference(ask, size, cell, mask, direction):
    batch, time, features, units = COINCIDING[size]
    layer = Layer(cell, features, units, direction=direction, bias=size != "features_are_units")
    given = BatchPlan(batch, time, mask, True).draw(layer)
    request = Request(layer, draw_weights(layer), given, wants=("outputs", "states", "gradients"))
    return against_reference(ask(request), request, "outputs", "states", "loss", "gradients")


MOVIES: Mapping[str, tuple[int, int, int, tuple[int, ...]]] = {
    "channels": (3, 4, 2, (5, 4)), "all": (3, 3, 3, (3, 3)), "places": (2, 4, 3, (4, 4))}
"""What is of one size -> rows, steps, channels and filters, and places."""


@statement("Movies whose channels are as many as filters, rows, steps or places give the outputs, states and gradients of the "
           "equations.", {"size": tuple(MOVIES), "format": ("channels_first", "channels_last"), "bias": (True, False)},
           strength=(1, 2, 3), usual={"bias": (True,), "size": ("channels",)}, sparing=1, source="Shi et al. 2015")
def coinciding_movies_match_reference(ask, size, format, bias):
    rows, time, channels, space = MOVIES[size]
    places = channels * space[0] * space[1]
    layer = Layer("conv_lstm", places, places, bias=bias, convolution=Convolution(space, (2, 1), data_format=format))
    batch = BatchPlan(rows, time, "none", True).draw(layer)
    batch = batch.but(initial_states=one_far(batch.initial_states))
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "states", "gradients"))
    return against_reference(ask(request), request, "outputs", "states", "gradients")


VOLUME = (2, 3, 2)
"""The places of a frame that is no plane."""
FURTHER = (1, 1, 2)
"""How far its windows are from each other, along each axis, where its channels come first."""


@statement("Volumes of which some are masked give the outputs and states of the equations, wherever their channels stand, also "
           "where windows are not as far from each other along every axis.",
           {"mask": ("right", "gaps"), "format": ("channels_last", "channels_first")}, usual={"mask": ("right",)},
           strength=(1, 1, 2), sparing=0, eager=1, source="Shi et al. 2015; Keras: ConvLSTM3D, strides, data_format")
def masked_volumes_match_reference(ask, mask, format):
    windows = Convolution(VOLUME, (2, 2, 2), strides=FURTHER if format == "channels_first" else (), data_format=format)
    layer = Layer("conv_lstm", 2 * prod(VOLUME), 2 * prod(windows.places), convolution=windows)
    batch = BatchPlan(2, 2 if mask == "right" else 3, mask, True).draw(layer).but(cotangents=None)
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "states"))
    return against_reference(ask(request), request, "outputs", "states")


@statement("The two directions of a movie are joined channel by channel, wherever its channels stand.",
           {"format": ("channels_last", "channels_first"), "last": (False, True)}, strength=(1, 2, 2), sparing=1,
           source="Keras: Bidirectional, merge_mode; ConvLSTM, data_format")
def directions_of_movies_are_joined(ask, format, last):
    rows, time, channels, space = 2, 3, 3, (4, 5)
    places = channels * space[0] * space[1]
    layer = Layer("conv_lstm", places, places, direction="bidirectional", return_sequences=not last,
                  convolution=Convolution(space, (2, 2), data_format=format))
    request = Request(layer, draw_weights(layer), BatchPlan(rows, time, "none", False).draw(layer).but(cotangents=None),
                      wants=("outputs",))
    return against_reference(ask(request), request, "outputs")


@statement("Sequences of many steps give the outputs, last states and gradients of the equations, at every step and through "
           "all of them.",
           {"cell": ("lstm", "gru", "simple_rnn"), "mask": ("none", "right"), "direction": ("forward", "bidirectional")},
           usual={"direction": ("forward",)}, strength=(1, 1, 2), sparing=0)
def long_sequences_match_reference(ask, cell, mask, direction):
    layer = Layer(cell, 3, 4, direction=direction)
    request = Request(layer, draw_weights(layer), BatchPlan(2, LONG, mask, True).draw(layer),
                      wants=("outputs", "states", "gradients"))
    return against_reference(ask(request), request, "outputs", "states", "gradients")


@statement("Sequences of more or fewer features than a layer was made for are refused by every cell, with states or none.", {
    "cell": ("lstm", "gru", "simple_rnn"), "given": ("nothing", "states", "mask", "cells"),
    "direction": ("forward", "bidirectional"),
}, usual={"direction": ("forward",)}, strength=(1, 2, 2), sparing=3, source="https://github.com/pytorch/pytorch/issues/114874")
def other_widths_are_refused(ask, cell, given, direction):
    """More features to the layer alone, with a mask to a GRU, with states to others."""
    layer, states = Layer(cell, 3, 5, direction=direction), given == "states"
    kernel, mask = "generic" if given == "cells" else "fused", "right" if given == "mask" else "none"
    features = 4 if given == "nothing" or (given == "mask") == (cell == "gru") else 2
    batch = BatchPlan(4, 6, mask, states).draw(layer).but(cotangents=None)
    batch = batch.but(inputs=np.resize(batch.inputs, (4, 6, features)))
    request = Request(layer, draw_weights(layer), batch, wants=("outputs",), execution=Execution(kernel))
    words = f"{features} features for a layer of 3: taken in silence"
    return refused(ask, request, lambda seen: Deviation("error", f"{words}, and {seen['outputs'].shape} came"))


@statement("A model of series with one feature takes them without that axis, and a model of ids takes them with one "
           "more, of one.",
           {"entry": ("direct", "predict"), "cell": ("lstm", "gru", "simple_rnn")}, usual={"cell": ("lstm",)},
           source="Keras: InputSpec(allow_last_axis_squeeze)")
def last_axes_of_one_are_optional(ask, entry, cell):
    layer = Layer(cell, 1, 4, return_sequences=False, return_state=False)
    batch = BatchPlan(3, 5).draw(layer).but(cotangents=None)
    ids, weights = np.arange(6).reshape(2, 3), draw_weights(layer)
    given = {"layer": layer, "weights": weights, "inputs": batch.inputs, "ids": ids, "entry": entry}
    seen = ask(FunctionRequest("last_axis", tuple(given.items())))
    found = against_reference(seen, Request(layer, weights, batch, wants=("outputs",)), "outputs")
    return found + equal("words", seen["words more"], seen["words"], "with one axis more")
