"""Loops over time in their corners, on every engine: one unit, one row, one step, no biases, an activation of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cases.batches import BatchPlan
from cases.families.base import statement
from cases.invariants.base import against_reference
from cases.layers import MERGES, Layer, draw_weights
from cases.requests import Deviation, Execution, Request, Reset
from cases.tolerance import compare, expect

PARTS = {"gru_parts": "gru", "gru_before_parts": "gru_before"}
"""Cells that compute gate by gate."""
LINEAR = "simple_rnn_linear"
"""A simple RNN without an activation and a bias: nothing but two products."""
FACTORS = {
    "cell": ("gru", "lstm", "simple_rnn", "gru_before", *PARTS, LINEAR), "kernel": ("fused", "generic", "unrolled"),
    "direction": ("backward", "forward"), "mask": ("none", "right", "gaps"), "units": (1, 2), "rows": (1, 3), "steps": (1, 4, 2),
    "bias": (False, True), "activation": ("relu", "tanh"), "sequences": (False, True), "mode": ("inference", "training"),
}
SENSELESS = (
    (("kernel", "direction", "mask"), lambda kernel, direction, mask: kernel == "unrolled" and direction == "backward" and (
        mask != "none")),
    (("mask", "steps"), lambda mask, steps: mask == "gaps" and steps < 3),
    (("activation", "steps"), lambda activation, steps: activation == "relu" and steps == 1),
    (("kernel", "mask", "steps"), lambda kernel, mask, steps: (kernel, mask, steps) == ("unrolled", "right", 1)),
    (("cell", "kernel"), lambda cell, kernel: cell == LINEAR and kernel == "fused"),
    (("cell", "bias"), lambda cell, bias: cell == LINEAR and bias),
    (("cell", "bias", "units"), lambda cell, bias, units: cell in PARTS and units == 2 and not bias),
    (("cell", "activation"), lambda cell, activation: cell == LINEAR and activation != "tanh"),
)
"""gru_before: resets before the product. What other statements ask is left out. Of one step a mask on the right leaves a row
nothing."""


@statement("A loop over time is the equations in its corners: of one unit, one row or one step, without biases, with other "
           "activations, whether it gives all outputs or the last, masked or not, with what stands at masked steps, in either "
           "direction, also where it trains.",
           FACTORS, senseless=SENSELESS, strength=(1, 2, 2), sparing=9, eager=6, dear={"kernel": ("unrolled",)},
           source="the equations of the cells")
def loops_are_right_in_their_corners(ask, cell, kernel, direction, mask, units, rows, steps, bias, activation,
                                     sequences, mode) -> list[Deviation]:
    whole = PARTS.get(cell, cell)
    activation = "linear" if cell == LINEAR else activation
    gates = {"recurrent_activation": "hard_sigmoid"} if activation == "relu" and not cell.startswith("simple") else {}
    held = mask != "none" and sequences
    zeros = held and rows == 1 and units == 2
    layer = Layer(whole.removesuffix("_before").removesuffix("_linear"), 4, units, direction=direction, bias=bias,
                  activation=activation, return_sequences=sequences, reset_after=not whole.endswith("_before"),
                  implementation=1 + (whole == cell), padding_output="zero" if zeros else "default", **gates)
    if mask == "right" and steps == 1:
        mask = "empty_row"
    elif mask == "gaps" and rows == 1:  # which begin with a valid step
        mask = "left"
    batch = BatchPlan(rows, steps, mask, True).draw(layer)
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "states", "gradients"),
                      execution=Execution(kernel, mode=mode))
    seen = ask(request)
    found = against_reference(seen, request, "outputs", "states", "gradients")
    if held and "outputs" in seen.arrays:  # what stands at masked steps, too
        due = expect(request, seen.facts.get("padding", "hold"))["outputs"]
        found = found or compare("outputs", seen["outputs"], due.value, due.allowed)
    return found


FAR = 1024.0


def one_far(states: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """States, by name, of which each has one number far from zero: outputs the last one, where there are several rows, for it
    shuts or opens every gate of its own, others the first."""
    found = {}
    for name, array in states.items():
        place = (array.size - 1) * name.endswith("h")
        alone = name.endswith("h") and len(array) == 1
        found[name] = array * np.where(np.arange(array.size) == place, 1.0 if alone else FAR, 1.0).reshape(array.shape)
    return found


@statement("A loop that nothing keeps from being fast is the equations with or without biases and given states, one of them far "
           "from zero, in either direction, whether it gives all outputs or the last, also of one row, where its activations are "
           "one, and where no gradients are wanted.",
           {"cell": ("gru", "lstm", "gru_before"), "bias": (False, True), "direction": ("backward", "forward"),
            "sequences": (False, True), "states": (True, False), "units": (2, 1), "activation": ("tanh", "sigmoid"),
            "rows": (2, 1), "mode": ("inference", "training", "unrecorded")},
           strength=(1, 2, 2), sparing=9, source="the equations of the cells")
def fast_loops_are_right_in_their_corners(ask, cell, bias, direction, sequences, states, units, activation,
                                          rows, mode) -> list[Deviation]:
    features = 2 if bias else units  # and the products with inputs and states are of one shape
    layer = Layer(cell.removesuffix("_before"), features, units, direction=direction, bias=bias, return_sequences=sequences,
                  activation=activation, reset_after=not cell.endswith("_before"))
    batch = BatchPlan(rows, 3, "none", states).draw(layer)
    if states:
        batch = batch.but(initial_states=one_far(batch.initial_states))
    wants = ("outputs", "states", "gradients")[: 3 - (mode == "unrecorded")]
    request = Request(layer, draw_weights(layer), batch, wants=wants,
                      execution=Execution("fused", mode="training" if mode == "training" else "inference"))
    return against_reference(ask(request), request, *wants)


@statement("A loop that is unrolled has the gradients of the equations where its last output is held over masked steps.",
           {"cell": ("lstm", "simple_rnn", "gru"), "mask": ("right", "gaps")}, strength=(1, 1, 2), sparing=0, eager=1,
           usual={"cell": ("lstm", "simple_rnn"), "mask": ("right",)}, source="the equations; Keras: unroll")
def unrolled_loops_hold_their_last_output(ask, cell, mask) -> list[Deviation]:
    layer = Layer(cell, 2, 3, return_sequences=False)
    request = Request(layer, draw_weights(layer), BatchPlan(3, 4, mask, True).draw(layer), execution=Execution("unrolled"),
                      wants=("outputs", "states", "gradients"))
    return against_reference(ask(request), request, "outputs", "states", "gradients")


CELLS = {"lstm": "lstm", "lstm_parts": "lstm", "gru": "gru", **PARTS, "gru_before": "gru_before", "simple_rnn": "simple_rnn"}
WAYS = ("backward", "forward", *MERGES)
"""Backwards, forward, or both ways, joined like this."""
CALLS = ("first", "second", "reset")
"""Of a layer that is not stateful; the second one of a stateful layer, which gives no states if it runs both ways; that after a
reset."""


@statement("A layer whose loop is unrolled, made again from its configuration, is the equations, whichever of its options meet: "
           "cell, gate by gate or at once, direction and merge, mask, biases, activations, given states, what stands at masked "
           "steps; also where a stateful one goes on from its last call or was reset, and where it trains.",
           {"cell": tuple(CELLS), "direction": WAYS, "mask": ("none", "gaps", "right", "left"), "bias": (False, True),
            "activation": ("tanh", "relu"), "recurrent_activation": ("sigmoid", "hard_sigmoid"), "sequences": (False, True),
            "states": (True, False), "calls": CALLS, "padding_output": ("default", "zero"), "kernel": ("unrolled",),
            "mode": ("training", "inference")},
           strength=(1, 1, 2), dense=2, sparing=14, source="the equations; Keras: unroll, from_config", senseless=(
               (("padding_output", "mask", "sequences"),
                lambda padding, mask, sequences: padding == "zero" and (mask == "none" or not sequences)),
               (("direction", "mask"), lambda direction, mask: mask != "none" and direction in MERGES),
               (("direction", "calls"), lambda direction, calls: direction in MERGES and calls == "first"),
               (("direction", "sequences"), lambda direction, sequences: direction in MERGES and not sequences),
               (("calls", "states"), lambda calls, states: calls != "first" and states)))
def loops_made_again_match_reference(ask, cell, direction, mask, bias, activation, recurrent_activation, sequences, states, calls,
                                     padding_output, kernel, mode) -> list[Deviation]:
    whole, stateful = CELLS[cell], calls != "first"
    direction, merge = ("bidirectional", direction) if direction in MERGES else (direction, "concat")
    layer = Layer(whole.removesuffix("_before"), 2, 3, direction=direction, merge=merge, bias=bias,
                  activation=activation, recurrent_activation=recurrent_activation, return_sequences=sequences,
                  reset_after=not whole.endswith("_before"), implementation=1 + (cell == whole), stateful=stateful,
                  return_state=not stateful or direction != "bidirectional", padding_output=padding_output)
    wants = ("outputs", "states")[: 1 + layer.return_state]
    batch, first = (BatchPlan(3, 4, mask, states).draw(layer, seed).but(cotangents=None) for seed in (0, 1))
    before = {"first": (), "second": (first,), "reset": (first, Reset())}[calls]
    request = Request(layer, draw_weights(layer), batch, wants=wants, before=before,
                      execution=Execution(kernel, mode, origin="from_config"))
    seen = ask(request)
    found = against_reference(seen, request, *wants)
    due = expect(request, seen.facts.get("padding", "hold"))
    for name in (name for name in due if name.startswith("outputs") and sequences):  # what stands at masked steps, too
        found = found or compare(name, seen[name], due[name].value, due[name].allowed)
    return found
