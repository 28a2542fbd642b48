"""Rows without a valid step, in layers that take a mean over steps, and queries of attention that may read nothing."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

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


QUERIES, UNREAD = 3, 1
"""Queries of a row; which of them may read nothing by a mask of one's own; which row is all padding."""
SLACK = 1024 * unit_roundoff("float32")


@statement("What a query gives that may read nothing, by a mask of one's own or in a row that is all padding, does not depend on "
           "it, nor on the keys, nor on whether scores are asked for; so neither it nor they have a gradient from there.",
           {"layer": ("MultiHeadAttention", "Attention", "GroupQueryAttention", "AdditiveAttention"), "by": ("own", "padding")},
           strength=(1, 2, 2), sparing=2,
           dear={"layer": ("GroupQueryAttention", "AdditiveAttention"), "by": ("own",)},
           senseless=((("layer", "by"), lambda layer, by: by == "own" and layer in ("Attention", "AdditiveAttention")),),
           source="Keras: MultiHeadAttention, Attention; PyTorch: nn.MultiheadAttention(need_weights); Vaswani et al. 2017")
def queries_that_read_nothing_are_constants(ask, layer, by) -> list[Deviation]:
    """Arrays: `outputs` (rows, queries, features); `scored/outputs`, of a call that asks for scores; `turned/outputs`, of other
    queries and keys; `slopes/query` and `slopes/key`, the gradients of the sum of what the queries give that read nothing."""
    random = generator("nothing is read")
    query, key, value, others = (draw_values(random, (ROWS, QUERIES, FEATURES)) for _ in range(4))
    may = np.ones((ROWS, QUERIES, QUERIES), bool)
    may[UNREAD, slice(None) if by == "padding" else UNREAD] = False
    arguments = {"layer": layer, "by": by, "query": query, "key": key, "value": value, "others": others, "may": may}
    seen, idle = ask(FunctionRequest("unread", tuple(arguments.items()))), ~may.any(axis=2)
    due = seen["outputs"][idle].astype("float64")
    found = [d for name in ("scored", "turned")
             for d in compare(f"{name}/outputs", seen[f"{name}/outputs"][idle], due, SLACK * (1 + np.abs(due)))]
    for name in ("query", "key"):
        slopes = seen[f"slopes/{name}"]
        found += compare(f"slopes/{name}", slopes, np.zeros(slopes.shape), SLACK)
    return found
