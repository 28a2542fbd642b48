"""A layer that is applied to every step: at each it is what it is alone, in whatever precision, with its losses and its masks."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_mask, draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, WORDS, FEATURES = 4, 4, 3, 3
STEPWISE = ("dense", "activity", "policy", "quantized", "adapted", "several_inputs")
"""Layers of one step of features.

activity        with a regularizer of its outputs
policy          of a policy of its own, bfloat16
quantized       of a policy that keeps its weights in 8 bits
adapted         with weights of a lower rank beside its own (LoRA)
several_inputs  takes two
"""
OF_WORDS = ("lstm", "sequences", "bidirectional", "several_results", "embedding", "convolution")
"""Layers of one step of words, each with features; `several_results` gives its states, too, `embedding` takes numbers."""
MASKED = ("lstm", "sequences", "bidirectional", "several_results", "embedding")
"""Those of them that read, or make, a mask of words."""
INSIDE = (*STEPWISE, *OF_WORDS)
MASKS = (True, False, "steps")
"""steps: of steps that are made of words, a mask without words, (batch, time)."""


def inputs_of(inside: str, mask: bool | str) -> tuple[tuple[np.ndarray, ...], np.ndarray | None]:
    """What the wrapper is given, and the mask (batch, time), or (batch, time, words) where there are words and they are masked. A
    row has a step without a valid word."""
    random = generator("each step", inside)
    shape = (ROWS, STEPS) if inside in STEPWISE else (ROWS, STEPS, WORDS)
    valid = np.stack([draw_mask(random, "right", ROWS, shape[-1]) for _ in range(STEPS)], axis=1)
    valid = draw_mask(random, "right", ROWS, STEPS) if inside in STEPWISE else valid
    if inside in OF_WORDS:
        valid[1, 3:] = False
    if mask == "steps":
        valid = valid.any(axis=2)
    if inside == "embedding":
        return (np.where(valid, random.integers(1, 7, shape), 0),), None
    count = 2 if inside == "several_inputs" else 1
    return tuple(draw_values(random, (*shape, FEATURES)) for _ in range(count)), valid if mask else None


@statement("A layer that is applied to every step gives at each what it gives there alone, results, losses and the dtype of its "
           "policy, and tells which steps are masked.",
           {"inside": INSIDE, "mask": MASKS}, strength=(1, 1, 2), sparing=0,
           usual={"inside": ("activity", "policy", "quantized", "several_inputs", "lstm", "several_results", "embedding")},
           senseless=((("inside", "mask"), lambda inside, mask: inside not in OF_WORDS or inside == "embedding" if mask == "steps"
                       else (inside not in MASKED and inside != "dense") if mask else inside == "embedding"),
                      (("inside", "mask"), lambda inside, mask: inside == "lstm" and mask is not True)),
           source="Keras: TimeDistributed; Keras 2: TimeDistributed.compute_mask")
def every_step_is_as_alone(ask, inside, mask):
    inputs, valid = inputs_of(inside, mask)
    seen = ask(FunctionRequest("each_step", (("inside", inside), ("inputs", inputs), ("mask", valid))))
    alone = seen.named("alone")
    read = slice(None) if mask != "steps" else valid
    roundoff = unit_roundoff(seen.facts.get("dtype_alone", "float32"))
    found = [] if alone else [Deviation("alone", "no result came")]
    for name, due in alone.items():
        name = name.partition("/")[2]
        if f"together/{name}" not in seen.arrays:
            found.append(Deviation(f"together/{name}", f"result {name} is missing"))
        else:
            allowed = 64 * roundoff * np.maximum(1.0, np.abs(due))
            found += compare(f"together/{name}", seen[f"together/{name}"][read], due[read], allowed[read])
    found += compare("losses", seen["losses/together"], seen["losses/alone"], 1e-4 * np.abs(seen["losses/alone"]))
    if (seen.facts["dtype"], seen.facts["count"]) != (seen.facts["dtype_alone"], len(alone)):
        found.append(Deviation("dtype", f"{seen.facts['count']} results of {seen.facts['dtype']}, expected {len(alone)} of "
                                        f"{seen.facts['dtype_alone']}"))
    if inside == "embedding":
        valid = inputs[0] != 0
    if valid is None:
        return found
    if valid.ndim == 3 and inside not in ("sequences", "embedding"):
        valid = valid.any(axis=2)
    if "mask" not in seen.arrays:
        return [*found, Deviation("mask", "the result carries no mask")]
    return found + equal("mask", seen["mask"].astype(bool), valid)


@statement("A layer that is applied to every step takes any number of steps where their number is left open: fewer than rows, as "
           "many, and more.", {"inside": ("dense", "lstm", "convolution", "adapted", "sequences")},
           usual={"inside": ("dense",)}, strength=(1, 1, 2), source="Keras: TimeDistributed, Input((None, features))")
def any_number_of_steps_is_taken(ask, inside):
    whole = inputs_of(inside, False)[0][0]
    whole = np.concatenate([whole, whole[:, ::-1]], axis=1)
    lengths = (ROWS, ROWS - 1, ROWS + 2)
    seen = ask(FunctionRequest("open_steps", (("inside", inside), ("inputs", whole), ("lengths", lengths))))
    due, found = seen["alone"], []
    for length in lengths:
        allowed = 64 * unit_roundoff("float32") * np.maximum(1.0, np.abs(due[:, :length]))
        found += compare(f"together/{length}", seen[f"together/{length}"], due[:, :length], allowed)
    return found


@statement("A layer that is applied to every step is told at each of them the mask of that step, and that it trains, as well "
           "where the number of steps is left open.", sparing=0, eager=1,
           source="Keras: TimeDistributed, Layer.call(mask, training)")
def open_steps_are_told(ask):
    """As many steps as rows. Arrays: `told`, of a layer that gives what it reads, twice where it is told that it trains, nothing
    where it is told that a row is masked."""
    random = generator("open steps")
    inputs, valid = draw_values(random, (STEPS, STEPS, FEATURES)), draw_mask(random, "gaps", STEPS, STEPS)
    seen = ask(FunctionRequest("told_steps", (("inputs", inputs), ("mask", valid))))
    return equal("told", seen["told"], 2 * inputs.astype("float32") * valid[:, :, None])


@statement("A layer that draws, applied to every step, draws anew at each, as well where the number of steps is left open.",
           {"open_axis": (True, False), "inside": ("dropout", "noise")}, strength=(1, 1, 2), sparing=0,
           usual={"inside": ("dropout",), "open_axis": (True,)}, source="Keras: TimeDistributed, Dropout")
def every_step_draws_anew(ask, open_axis, inside):
    seen = ask(FunctionRequest("drawn_steps", (("open_axis", open_axis), ("inside", inside), ("shape", (STEPS, STEPS, 32)))))
    drawn = seen["drawn"]
    alike = [step for step in range(1, drawn.shape[1]) if np.array_equal(drawn[:, step], drawn[:, 0])]
    if drawn.shape != (STEPS, STEPS, 32) or not np.isfinite(drawn).all() or np.array_equal(drawn, seen["given"]):
        return [Deviation("drawn", f"of shape {drawn.shape}, not finite, or nothing was drawn")]
    return [Deviation("drawn", f"{inside}: steps {alike} were drawn as step 0 was")] if alike else []
