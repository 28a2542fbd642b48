"""Rows without a valid step, in layers that take a mean over steps."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

ROWS, STEPS, FEATURES = 2, 3, 4


@statement("A row without a valid step gives finite numbers where a mean over steps is taken, whether scores are asked for or "
           "not.",
           {"layer": ("GlobalAveragePooling1D", "MultiHeadAttention", "Attention", "AdditiveAttention", "GroupQueryAttention"),
            "scored": (False, True)}, strength=(1, 2, 2), sparing=2,
           senseless=((("layer", "scored"), lambda layer, scored: scored and layer == "GlobalAveragePooling1D"),),
           source="Keras: GlobalAveragePooling1D, Attention; PyTorch: nn.MultiheadAttention(need_weights)")
def rows_without_steps_are_finite(ask, layer, scored) -> list[Deviation]:
    inputs = draw_values(generator("rows without steps"), (ROWS, STEPS, FEATURES))
    mask = np.array([[True] * STEPS, [False] * STEPS])
    seen = ask(FunctionRequest("meant", (("layer", layer), ("scored", scored), ("inputs", inputs), ("mask", mask))))
    found = {"outputs": seen["outputs"], **seen.named("idle")}  # of a call without gradients, where that is another one
    return [Deviation(name, f"{name} of {layer}: row {row} is not finite, valid steps {int(mask[row].sum())}")
            for name, outputs in found.items() for row in range(ROWS) if not np.isfinite(outputs[row]).all()]
