"""Layers as parts of a model: shapes told beforehand, dropout in every kind of cell, masks in wrappers and pooling."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.convolutions import Convolution
from cases.families.base import equal, refused, statement
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

IMAGE = Convolution((4, 3), (3, 2))
PARTS: dict[str, tuple[Layer, ...]] = {
    "lstm": (Layer("lstm", 3, 5),), "gru": (Layer("gru", 3, 5),), "simple_rnn": (Layer("simple_rnn", 3, 5),),
    "conv_lstm": (Layer("conv_lstm", 24, 36, convolution=IMAGE),),
    "cells": (Layer("lstm", 3, 5), Layer("gru", 5, 6), Layer("simple_rnn", 6, 4)),
}
"""What a loop runs, by name: one layer's cell; or the cells of several, stacked in one loop, of different sizes."""
FIRST = Convolution((4, 3), (3, 2), data_format="channels_first")
TOLD = {**PARTS, "conv_lstm": (Layer("conv_lstm", 24, 36, convolution=FIRST),),
        "alike_cells": (Layer("lstm", 3, 5), Layer("lstm", 5, 4))}
"""The same, movies channels first, and cells that have the same number of states."""
ROWS, STEPS, DROPPED = 4, 5, 8
"""DROPPED: rows where some of their numbers are dropped: of three numbers each no two draws at a half are alike, but for one in
ten million."""
OPEN = -1
"""An axis whose size is left open."""


@statement("The shapes that a layer tells beforehand, for sizes and for an open batch, are those of its results in every other "
           "axis, and for a batch of one row, and those that one tells that is stateful, unrolled and gives zeros in padding.", {
    "part": tuple(TOLD), "direction": ("forward", "bidirectional", "backward"),
    "merge": ("concat", "sum", "ave", "mul", "none"),
    "return_sequences": (True, False), "return_state": (True, False), "inside": ("nothing", "time_distributed"),
}, usual={"part": ("cells", "lstm", "conv_lstm", "alike_cells"), "merge": ("concat", "none", "mul"),
          "direction": ("bidirectional", "forward")},
           senseless=(
    (("direction", "merge"), lambda direction, merge: merge != "concat" and direction != "bidirectional"),
    (("inside", "return_state"), lambda inside, state: state and inside != "nothing"),
    (("inside", "part"), lambda inside, part: inside != "nothing" and part == "alike_cells"),
    (("inside", "merge"), lambda inside, merge: merge == "none" and inside != "nothing"),
), strength=(1, 2, 2), dear={"part": ("alike_cells",)}, source="Keras: Layer.compute_output_shape, and calls on symbolic tensors")
def declared_shapes_come(ask, part, direction, merge, return_sequences, return_state, inside):
    seen = ask(FunctionRequest("declared_shapes", (
        ("part", part), ("direction", direction), ("merge", merge), ("return_sequences", return_sequences),
        ("return_state", return_state), ("inside", inside), ("rows", ROWS), ("steps", STEPS))))
    shapes = {n: tuple(int(size) for size in a) for n, a in seen.named("came").items()}
    found = [] if shapes else [Deviation("came", "no result came")]
    for how in ("computed", "symbolic", "flagged", "row"):
        told = {n.partition("/")[2]: tuple(int(size) for size in a) for n, a in seen.named(how).items()}
        for name in sorted({*told, *(n.partition("/")[2] for n in shapes)}):
            came, one = shapes.get(f"came/{name}"), told.get(name)
            batch = {"symbolic": OPEN, "row": 1}.get(how, ROWS)
            told_as = one and (came[:1] + one[1:] if came and one[0] == batch else one)
            if came is None or told_as != came:
                words = f"result {name}: told {one} beforehand ({how}), and {came} came"
                found.append(Deviation(f"{how}/{name}", words.replace(str(OPEN), "open")))
    return found


@statement("Dropout acts in training alone, on inputs and on states, in every cell of a loop, and draws anew in each call, "
           "from the layer's own seed: another layer with that seed drops the same, one with another seed does not.", {
    "part": tuple(PARTS), "which": ("dropout", "recurrent_dropout"), "loop": ("forward", "unrolled", "backward"),
}, strength=(1, 2, 3), sparing=4, senseless=(
    (("part", "loop"), lambda part, loop: part == "conv_lstm" and loop != "forward"),
    (("which", "loop"), lambda which, loop: which == "recurrent_dropout" and loop == "backward"),  # as where it is unrolled
    (("part", "which", "loop"), lambda part, which, loop: part in ("simple_rnn", "cells") and loop != "forward" and
     which == "recurrent_dropout")), source="Keras: dropout, recurrent_dropout; Srivastava et al. 2014")
def every_cell_drops(ask, part, which, loop):
    layers = PARTS[part]
    batch = BatchPlan(DROPPED, STEPS).draw(layers[0]).but(cotangents=None)
    place = {"forward": len(layers) - 1, "unrolled": len(layers) // 2, "backward": 0}[loop]
    seeds = loop == "forward"
    seen = ask(FunctionRequest("dropping", (
        ("part", part), ("which", which), ("loop", loop), ("cell", place),
        ("rate", 0.5), ("batch", batch), ("seeds", seeds),
        ("weights", tuple(draw_weights(layer) for layer in layers)))))
    plain, idle, training = (seen[name].astype("float64") for name in ("plain", "inference", "training"))
    slack = STEPS * 32 * unit_roundoff("float32")  # the order of some dozen products and sums may differ, at every step
    found = compare("inference", idle, plain, slack * np.maximum(1.0, np.abs(plain)))
    if training.shape != plain.shape or not np.isfinite(training).all():
        found.append(Deviation("training", f"training: not finite, or of shape {training.shape}"))
    elif np.abs(training - plain).max() <= 1e3 * slack:
        found.append(Deviation("training", f"{which}=0.5: training gives what inference gives"))
    elif np.array_equal(seen["again"], seen["training"]):
        found.append(Deviation("again", f"{which}=0.5: the second call in training drops what the first one dropped"))
    elif seeds:
        found += compare("twin", seen["twin"], training, slack * np.maximum(1.0, np.abs(training)))
        if np.array_equal(seen["stranger"], seen["training"]):
            found.append(Deviation("stranger", f"{which}=0.5: a layer with another seed drops the same"))
    return found


WRONG = {"longer": (0, 2), "shorter": (0, -2), "more_rows": (2, 0), "fewer_rows": (-2, 0)}


@statement("A wrapper refuses a mask of another length or batch than its inputs.",
           {"wrong": tuple(WRONG), "inside": ("dense", "lstm")}, usual={"inside": ("dense",)},
           source="https://github.com/keras-team/keras/issues/22037")
def wrappers_refuse_other_masks(ask, wrong, inside):
    rows, steps = ROWS + WRONG[wrong][0], STEPS + WRONG[wrong][1]
    arguments = (("inside", inside), ("inputs", draw_values(generator("wrapped", inside), (ROWS, STEPS, 3, 2))),
                 ("mask", np.ones((rows, steps), bool)))
    words = f"a mask of shape ({rows}, {steps}) for {ROWS} rows of {STEPS} steps: taken in silence"
    return refused(ask, FunctionRequest("wrapped_mask", arguments), lambda seen: Deviation("error", words))


BUILT = ("backward_layer", "time_distributed", "loop", "stacked", "sequential", "model")
"""What is put around a layer or cell that is built: a Bidirectional layer, behind another layer; a wrapper; a loop over the cell,
or over two; models."""


@statement("What is built, and has weights, keeps them in whatever is put around it, which has the same among its own.",
           {"around": BUILT}, strength=(1, 1, 1),
           usual={"around": BUILT[:4]}, sparing=0,
           source="Keras: Bidirectional(backward_layer), TimeDistributed, RNN, Layer.build")
def built_parts_keep_their_weights(ask, around):
    seen = ask(FunctionRequest("built_part", (("around", around), ("rows", ROWS), ("steps", STEPS))))
    before, after = seen.named("before"), seen.named("after")
    found = [] if before and len(before) == len(after) else [
        Deviation("weights", f"{len(before)} weights before, {len(after)} afterwards")]
    return found + [d for n in before for d in equal(n, seen.arrays.get(n.replace("before", "after", 1), np.zeros(0)), before[n])]


HALVES = {"return_sequences": (True, False), "return_state": (True, False), "stateful": (True, False),
          "go_backwards": (True, True), "units": (3, 1), "reset": (False, False)}
"""Option -> what it is of the first half and of the second; or both halves carry no states, and are reset."""


@statement("Two halves of a wrapper that give other kinds of results, run the same way, or are of other sizes and to be added "
           "up, are refused, at the latest when they are called; so is a reset of two that carry no states.",
           {"option": tuple(HALVES), "first": (True, False)}, strength=(1, 1, 2), dear={"option": ("units",)},
           source="Keras: Bidirectional, backward_layer",
           senseless=((("option", "first"), lambda option, first: option in ("go_backwards", "reset") and not first),))
def other_halves_are_refused(ask, option, first):
    values = HALVES[option] if first else HALVES[option][::-1]
    words = f"halves with {option}={values[0]} and {values[1]}: taken in silence"
    request = FunctionRequest("other_halves", (("option", option), ("values", values)))
    return refused(ask, request, lambda seen: Deviation("error", words))


IMPOSSIBLE = {
    "strides_with_dilation": {"strides": 2, "dilation_rate": 2}, "no_filters": {"filters": 0}, "no_window": {"kernel_size": 0},
    "padding": {"padding": "around"}, "data_format": {"data_format": "between"}, "stride_of_nothing": {"strides": 0},
    "window_of_other_axes": {}, "strides_beside_dilation": {"strides": (2, 1), "dilation_rate": (1, 2)},
}
"""Options of a convolutional cell that cannot be; a window of other axes has one number more than there are axes.
beside: over two axes, each along another one."""


@statement("A convolutional recurrent layer that cannot be is refused when it is made: strides with dilation, no filters, windows"
           " of nothing or of other axes, unknown words.", {"wrong": tuple(IMPOSSIBLE), "axes": (1, 2, 3)},
           senseless=((("wrong", "axes"), lambda wrong, axes: wrong == "strides_beside_dilation" and axes != 2),),
           strength=(1, 1, 2), source="https://github.com/keras-team/keras/issues/22474")
def impossible_convolutions_are_refused(ask, wrong, axes):
    request = FunctionRequest("made_convolution", (("axes", axes), ("wrong", wrong)))
    return refused(ask, request, lambda seen: Deviation("options", f"{wrong}: a layer was made, and nothing said"))


@statement("Pooling over time is the mean of the valid steps, whatever masked ones hold, and so are its gradients; of no rows "
           "it is of no rows.", {
    "mask": ("right", "gaps", "left", "none"), "padding": ("numbers", "nan", "inf"), "layout": ("last", "first", "kept"),
}, usual={"mask": ("right", "gaps")}, strength=(1, 1, 2),
           source="Keras: GlobalAveragePooling1D, mask; data_format, keepdims")
def pooling_counts_valid_steps(ask, mask, padding, layout):
    batch = BatchPlan(ROWS, STEPS, mask).draw(Layer("gru", 3, 2))
    fill = {"nan": np.nan, "inf": np.inf}.get(padding)
    inputs = batch.inputs if fill is None else np.where(batch.valid[:, :, None], batch.inputs, fill)
    kept = np.where(batch.valid[:, :, None], inputs, 0.0)
    cotangents = draw_values(generator("pooled"), (ROWS, 3))
    seen = ask(FunctionRequest("pooled", (
        ("inputs", inputs), ("mask", batch.mask), ("cotangents", cotangents), ("layout", layout))))
    counts = batch.valid.sum(axis=1)[:, None]
    slack = 16 * unit_roundoff("float32")  # some sums of six numbers, and a quotient
    due = kept.sum(axis=1) / counts
    slope = batch.valid[:, :, None] * (cotangents / counts)[:, None, :]
    return [*compare("outputs", seen["outputs"], due, slack * np.abs(kept).sum(axis=1) / counts),
            *equal("of no rows", seen["of no rows"], np.zeros((0, 3))),
            *compare("gradients/inputs", seen["gradients/inputs"], slope, slack * np.abs(slope))]
