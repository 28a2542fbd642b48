"""Loops over time in their corners, on every engine: one unit, one row, one step, no biases, an activation of its own."""

from __future__ import annotations

from cases.batches import BatchPlan
from cases.families.base import statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.requests import Deviation, Execution, Request

PARTS = {"gru_parts": "gru", "gru_before_parts": "gru_before"}
"""Cells that compute gate by gate."""
LINEAR = "simple_rnn_linear"
"""A simple RNN without an activation and a bias: nothing but two products."""
FACTORS = {
    "cell": ("gru", "lstm", "simple_rnn", "gru_before", *PARTS, LINEAR), "kernel": ("fused", "generic", "unrolled"),
    "direction": ("backward", "forward"), "mask": ("none", "right", "gaps"), "units": (1, 3), "rows": (1, 3), "steps": (1, 4),
    "bias": (False, True), "activation": ("relu", "tanh"), "sequences": (False, True),
}
SENSELESS = (
    (("kernel", "direction", "mask"), lambda kernel, direction, mask: kernel == "unrolled" and direction == "backward" and (
        mask != "none")),
    (("mask", "steps"), lambda mask, steps: mask != "none" and steps == 1),
    (("activation", "steps"), lambda activation, steps: activation == "relu" and steps == 1),
    (("cell", "kernel"), lambda cell, kernel: cell == LINEAR and kernel == "fused"),
    (("cell", "bias"), lambda cell, bias: cell == LINEAR and bias),
    (("cell", "activation"), lambda cell, activation: cell == LINEAR and activation != "tanh"),
)
"""gru_before: resets before the product. What other statements ask is left out; a mask of one step is no corner of a loop."""


@statement("A loop over time is the equations in its corners: of one unit, one row or one step, without biases, with another "
           "activation, whether it gives all outputs or the last, masked or not, in either direction.", FACTORS,
           senseless=SENSELESS, strength=(1, 2, 2), sparing=13, source="the equations of the cells")
def loops_are_right_in_their_corners(ask, cell, kernel, direction, mask, units, rows, steps, bias, activation,
                                     sequences) -> list[Deviation]:
    whole = PARTS.get(cell, cell)
    activation = "linear" if cell == LINEAR else activation
    layer = Layer(whole.removesuffix("_before").removesuffix("_linear"), 2, units, direction=direction, bias=bias,
                  activation=activation, return_sequences=sequences, reset_after=not whole.endswith("_before"),
                  implementation=1 + (whole == cell))
    batch = BatchPlan(rows, steps, mask, True).draw(layer)
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "states", "gradients"), execution=Execution(kernel))
    return against_reference(ask(request), request, "outputs", "states", "gradients")


@statement("A loop that nothing keeps from being fast is the equations with or without biases and given states, in either "
           "direction, whether it gives all outputs or the last, also of one row, and where its activations are one.",
           {"cell": ("gru", "lstm", "gru_before"), "bias": (False, True), "direction": ("backward", "forward"),
            "sequences": (False, True), "states": (True, False), "units": (3, 1), "activation": ("tanh", "sigmoid"),
            "rows": (2, 1)},
           strength=(1, 2, 2), source="the equations of the cells")
def fast_loops_are_right_in_their_corners(ask, cell, bias, direction, sequences, states, units, activation,
                                          rows) -> list[Deviation]:
    layer = Layer(cell.removesuffix("_before"), 2, units, direction=direction, bias=bias, return_sequences=sequences,
                  activation=activation, reset_after=not cell.endswith("_before"))
    batch = BatchPlan(rows, 3, "none", states).draw(layer)
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "states", "gradients"), execution=Execution("fused"))
    return against_reference(ask(request), request, "outputs", "states", "gradients")
