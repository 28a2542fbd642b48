"""Half precision and mixed precision: the numbers are those of the equations within the rounding of the computing dtype, and
every array has the dtype that the policy says; numbers may come in other dtypes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.batches import BatchPlan, draw_values, rows
from cases.families.base import equal, statement
from cases.families.loops import one_far
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Execution, Observation, Request
from cases.tolerance import compare, unit_roundoff

FACTORS = {
    "dtype": ("mixed_bfloat16", "bfloat16", "mixed_float16", "float16"), "cell": ("lstm", "gru", "simple_rnn"),
    "mask": ("right", "none", "gaps"), "states": (True, False), "direction": ("forward", "bidirectional"),
    "kernel": ("fused", "generic", "compiled"), "return_sequences": (True, False), "gradients": (True, False),
    "bias": (True, False),
}
OPTIONS = {"factors": FACTORS, "usual": {
    "dtype": ("mixed_bfloat16", "bfloat16", "mixed_float16"), "cell": ("lstm", "gru"), "kernel": ("fused",),
    "gradients": (False,), "mask": ("right", "none"), "direction": ("forward",)}, "strength": (1, 2, 2),
    "met": tuple({
        "dtype": "mixed_bfloat16", "cell": cell, "mask": mask, "states": False, "direction": "forward", "kernel": "fused",
        "return_sequences": True, "gradients": False, "bias": False} for cell, mask in (("gru", "none"), ("lstm", "right")))}
POLICIES = "Keras: DTypePolicy; Micikevicius et al. 2018"


def asked(dtype, cell, mask, states, direction, kernel, return_sequences, gradients, bias) -> Request:
    """A layer of this dtype, or of this policy."""
    layer = Layer(cell, 3, 5, direction=direction, return_sequences=return_sequences, dtype=dtype, bias=bias)
    wants = ("outputs", "states", *(("gradients",) if gradients else ()))
    batch = BatchPlan(4, 5, mask, states).draw(layer)
    if states:
        batch = batch.but(initial_states=one_far(batch.initial_states))
    return Request(layer, draw_weights(layer), batch, wants=wants, execution=Execution(kernel))


@statement("In half precision outputs, states and gradients are those of the equations, within the rounding of that precision.",
           **OPTIONS, source=POLICIES)
def half_precision_matches_reference(ask, **variant):
    request = asked(**variant)
    return against_reference(ask(request), request, "outputs", "states", "loss", "gradients")


@statement("Outputs and states have the policy's dtype of computing, weights its dtype of variables.", **OPTIONS, source=POLICIES)
def dtypes_are_those_of_the_policy(ask, dtype, **variant):
    seen = ask(asked(dtype, **variant))
    computing, kept = dtype.removeprefix("mixed_"), "float32" if dtype.startswith("mixed_") else dtype
    dtypes = seen.facts.get("dtypes", {})
    found = [Deviation("dtypes", "nothing is said of dtypes")] if not dtypes else []
    for name, given in dtypes.items():
        if "autocast" in seen.facts and not name.startswith("weights"):
            continue  # autocast promises a dtype for operations, and not for layers
        due = kept if name.startswith("weights") else computing
        if given != due:
            found.append(Deviation(name, f"{name}: dtype {given}, expected {due}"))
    return found


@statement("Inputs and masks of another dtype give what the same numbers give in the usual one, also in a batch of one row.", {
    "given": ("inputs-int32", "mask-int32", "mask-float32", "inputs-float64", "mask-uint8", "inputs-float16"),
    "cell": ("lstm", "gru", "simple_rnn"), "mask": ("right", "none", "gaps"), "direction": ("forward", "bidirectional"),
}, usual={"mask": ("right", "none"), "direction": ("forward",)}, strength=(1, 2, 2), sparing=1, senseless=(
    (("given", "mask"), lambda given, mask: mask == "none" and given.startswith("mask")),
), source="Keras: Layer.__call__, mask")
def other_dtypes_are_taken(ask, given, cell, mask, direction):
    what, dtype = given.split("-")
    layer = Layer(cell, 3, 5, direction=direction, return_state=False)
    batch = BatchPlan(4, 5, mask).draw(layer).but(cotangents=None)
    if what == "inputs" and dtype in ("int32", "float16"):
        batch = batch.but(inputs=np.round((2 if dtype == "int32" else 16) * batch.inputs) / (1 if dtype == "int32" else 16))
    request = Request(layer, draw_weights(layer), batch, wants=("outputs",))
    arguments = (("request", request), ("what", what), ("dtype", dtype))
    seen, first = ask(FunctionRequest("other_dtype", arguments)), request.but(batch=rows(batch, slice(1)))
    found = against_reference(seen, request, "outputs")
    if "row" in seen.arrays:
        row = Observation({"outputs": seen["row"]}, facts=seen.facts)
        found += [replace(d, where="row") for d in against_reference(row, first, "outputs")]
    return found


@statement("In half precision a layer masks the steps that hold the number it was asked to mask, whatever number that is, and "
           "the mask goes on through layers of other precisions.", {
    "dtype": ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16"), "number": (-999.0, 0.1, 0.0, -1.0, float("inf"))},
           usual={"dtype": ("mixed_bfloat16", "mixed_float16")}, strength=(1, 2, 2), sparing=4, eager=4,
           source="Keras: Masking(mask_value)")
def numbers_are_masked_in_half_precision(ask, dtype, number):
    valid = BatchPlan(4, 5, "gaps").draw(Layer("gru", 3, 2)).valid
    inputs = np.where(valid[:, :, None], BatchPlan(4, 5).draw(Layer("gru", 3, 2)).inputs, number)
    seen = ask(FunctionRequest("masked_number", (("dtype", dtype), ("number", number), ("inputs", inputs))))
    return [*equal("mask", seen["mask"].astype(bool), valid),
            *compare("outputs", seen["outputs"], (due := np.where(valid[:, :, None], inputs, 0.0)), 2.0**-7 * np.abs(due))]


TYPED = ("lstm", "cells", "conv_lstm", "bidirectional", "embedding", "inner")
"""`inner`: a float32 layer in a wrapper of the policy."""


@statement("Every kind of layer has its policy's dtypes, weights, outputs and states, and so has one that comes from a "
           "configuration or a file; a layer inside a wrapper of another policy keeps its own.",
           {"kind": TYPED, "policy": ("mixed_bfloat16", "mixed_float16", "bfloat16"), "way": ("made", "configuration", "file")},
           usual={"policy": ("mixed_bfloat16", "bfloat16"), "way": ("made", "file")}, strength=(1, 2, 2), sparing=0,
           source=POLICIES)
def layers_keep_their_policy(ask, kind, policy, way):
    seen = ask(FunctionRequest("typed", (("kind", kind), ("policy", policy), ("way", way))))
    computing, kept = policy.removeprefix("mixed_"), "float32" if policy.startswith("mixed_") else policy
    dtypes = seen.facts.get("dtypes", {})
    found = [] if dtypes else [Deviation("dtypes", "nothing is said of dtypes")]
    for name, given in dtypes.items():
        due = kept if name.startswith("weights") else computing
        if kind == "inner" and name not in ("outputs", "inside"):
            due = "float32"
        if given != due:
            found.append(Deviation(name, f"{name}: dtype {given}, expected {due}"))
    if kind == "inner":
        due = seen["due"].astype("float64")
        found += compare("states", seen["states"], due, 64 * unit_roundoff("float32") * np.ones_like(due))
    return found


@statement("A model of the policy mixed_float16 scales its loss by itself, where nothing scales it yet and unless it is told not "
           "to, and none of another policy does.",
           {"policy": ("mixed_float16", "mixed_bfloat16", "float32"), "given": ("plain", "scaled", "told_not_to")},
           usual={"policy": ("mixed_float16", "float32")}, strength=(1, 2, 2), sparing=1,
           source="Keras: Model.compile(auto_scale_loss), LossScaleOptimizer")
def half_models_scale_their_loss(ask, policy, given):
    seen = ask(FunctionRequest("scaled_model", (("policy", policy), ("given", given))))
    due = int(given == "scaled" or given == "plain" and policy == "mixed_float16")
    return equal("scales", seen["scales"], np.array(due), f"{policy}, {given}")


@statement("Under autocast a layer takes what one before it gives in the low precision, packed or not, and states in either, and "
           "gives what the equations give within the rounding of that precision, in it where nothing is in another.",
           {"cell": ("lstm", "gru", "simple_rnn"), "mask": ("right", "none"), "states": ("none", "low", "float32"),
            "layers": (1, 2)}, strength=(1, 2, 3), sparing=0, source="PyTorch: torch.autocast, nn.LSTM")
def low_inputs_are_taken_under_autocast(ask, cell, mask, states, layers) -> list[Deviation]:
    layer = Layer(cell, 3, 5, layers, dtype="mixed_bfloat16")
    batch = BatchPlan(4, 5, mask, states != "none").draw(layer)
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "states"))
    seen = ask(FunctionRequest("low_inputs", (("request", request), ("states", states))))
    found = [] if states == "float32" else [Deviation("dtypes", f"{name}: {dtype}, expected bfloat16")
                                            for name, dtype in seen.facts.get("dtypes", ()) if dtype != "bfloat16"]
    return found + against_reference(seen, request, "outputs", "states")


@statement("Where one of two optimizers that share a scale meets gradients that are not finite, its step alone is left out, and "
           "the scale is halved, or is what is given for it.", {"broken": ("none", "first", "second")}, sparing=0,
           source="PyTorch: torch.amp.GradScaler.step, update")
def scales_are_shared(ask, broken) -> list[Deviation]:
    random = generator("shared scales")
    weights, gradients = ({name: draw_values(random, (3,)) for name in ("first", "second")} for _ in range(2))
    seen = ask(FunctionRequest("shared_scale", (("weights", tuple(weights.items())), ("gradients", tuple(gradients.items())),
                                                ("broken", broken), ("scale", 8.0))))
    found = equal("scale", seen["scale"], np.array(8.0 if broken == "none" else 4.0))
    found += equal("told", seen["told"], np.array([16.0, 2.0]), "scales that are given")
    for name, weight in weights.items():
        due = weight - gradients[name] * (name != broken)
        found += compare(name, seen[name], due, 8 * unit_roundoff("float32") * (1 + np.abs(due)))
    return found
