"""Layers that are exported and run elsewhere: as a program of PyTorch, by ONNX Runtime, as a SavedModel of TensorFlow."""

from __future__ import annotations

from cases.batches import BatchPlan
from cases.families.base import statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Request

TRACED = (4, 5)
"""Rows and steps of the batch that is there when the layer is exported."""
SIZES = {"traced": TRACED, "longer": (4, 9), "shorter": (4, 3), "more_rows": (7, 5), "one_row": (1, 6), "fixed": (7, 5)}
"""Rows and steps that the exported layer is asked for; `fixed`: it was exported for these steps alone, and for any rows."""


def elsewhere(ask, way: str, size: str, cell: str, mask: str, direction: str, layers: int = 1, states: bool = False,
              bias: bool = True) -> list[Deviation]:
    """The layer's outputs, and its final states where it is given some, where it was exported to, against the equations."""
    layer = Layer(cell, 3, 4, layers, direction, bias=bias, return_state=states)
    rows, steps = SIZES[size]
    batch = BatchPlan(rows, steps, mask, states).draw(layer).but(cotangents=None)
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "states") if states else ("outputs",))
    fixed = size == "fixed"
    seen = ask(FunctionRequest("exported", (("request", request), ("traced", TRACED), ("way", way), ("fixed", fixed))))
    return against_reference(seen, request, "outputs", "states")


LAYERS = {"size": tuple(SIZES), "cell": ("lstm", "gru", "simple_rnn"), "mask": ("none", "right"),
          "direction": ("forward", "bidirectional")}


@statement("An exported layer, run elsewhere, gives the outputs of the equations, for other rows and steps than it was exported "
           "with too.", {"way": ("saved_model", "program"), **LAYERS},
           usual={"size": ("longer",), "direction": ("forward",), "cell": ("gru", "simple_rnn")}, strength=(1, 2, 2),
           source="torch.export, keras.Model.export; https://github.com/pytorch/pytorch/issues/115092")
def exported_layers_are_right(ask, way, size, cell, mask, direction):
    return elsewhere(ask, way, size, cell, mask, direction)


@statement("A layer exported to ONNX gives the outputs of the equations in ONNX Runtime, for other rows and steps than it was "
           "exported with too.", LAYERS, usual={"size": ("longer", "fixed"), "direction": ("forward",)}, strength=(1, 1, 2),
           source="torch.onnx, keras.Model.export; https://github.com/keras-team/keras/pull/23058")
def onnx_models_are_right(ask, size, cell, mask, direction):
    return elsewhere(ask, "onnx", size, cell, mask, direction)


@statement("A stack that is exported to ONNX starts from the states that it is given there, and gives its last ones.",
           {**LAYERS, "layers": (2, 1), "bias": (True, False)}, usual={"size": ("longer",), "mask": ("none",), "layers": (2,)},
           strength=(1, 2, 2), sparing=0, source="torch.onnx")
def onnx_stacks_are_right(ask, **variant):
    return elsewhere(ask, "onnx", states=True, **variant)
