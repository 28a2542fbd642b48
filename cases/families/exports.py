"""Layers that are exported and run elsewhere: as a program of PyTorch, by ONNX Runtime, as a SavedModel of TensorFlow."""

from __future__ import annotations

from cases.batches import BatchPlan
from cases.families.base import statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Request

TRACED = (4, 5)
"""Rows and steps of the batch that is there when the layer is exported."""
SIZES = {"traced": TRACED, "longer": (4, 9), "shorter": (4, 3), "more_rows": (7, 5), "one_row": (1, 6)}


@statement("An exported layer, run elsewhere, gives the outputs of the equations, for other rows and steps than it was exported "
           "with too.", {
    "way": ("saved_model", "onnx", "program"), "size": tuple(SIZES), "cell": ("lstm", "gru", "simple_rnn"),
    "mask": ("none", "right"), "direction": ("forward", "bidirectional"),
}, usual={"size": ("longer",), "direction": ("forward",)}, strength=(1, 1, 2),
    source="torch.export, torch.onnx, keras.Model.export; https://github.com/pytorch/pytorch/issues/115092")
def exported_layers_are_right(ask, way, size, cell, mask, direction):
    layer = Layer(cell, 3, 4, direction=direction, return_state=False)
    rows, steps = SIZES[size]
    batch = BatchPlan(rows, steps, mask).draw(layer).but(cotangents=None)
    request = Request(layer, draw_weights(layer), batch, wants=("outputs",))
    seen = ask(FunctionRequest("exported", (("request", request), ("traced", TRACED), ("way", way))))
    return against_reference(seen, request, "outputs")
