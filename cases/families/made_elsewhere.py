"""Modules that are made without weights of their own, and given some then."""

from __future__ import annotations

from cases.batches import BatchPlan
from cases.families.base import statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Request

WAYS = ("uninitialized", "nowhere", "assigned")
"""How: no weight is drawn; on no device, and brought to one; on no device, and the given weights become its own."""


@statement("A module that was made without drawing its weights, or on no device, and was given weights then, computes with them.",
           {"way": WAYS, "cell": ("lstm", "gru", "simple_rnn"), "direction": ("forward", "bidirectional")}, strength=(1, 2, 2),
           usual={"cell": ("lstm", "gru"), "direction": ("bidirectional",)}, sparing=0,
           source="PyTorch: torch.nn.utils.skip_init, Module.to_empty, load_state_dict(assign=True)")
def modules_made_elsewhere_compute(ask, way, cell, direction) -> list[Deviation]:
    layer = Layer(cell, 3, 4, direction=direction)
    request = Request(layer, draw_weights(layer), BatchPlan(3, 5, "none", False).draw(layer), wants=("outputs", "states"))
    seen = ask(FunctionRequest("made_elsewhere", (("way", way), ("request", request))))
    return against_reference(seen, request, "outputs", "states")
