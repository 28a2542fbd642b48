"""Cells of one's own that hold layers: a cell around another one, dropout, normalization, a regularizer of outputs; or cells that
compute in several precisions. What they hold acts at every step once, in the loop as by hand."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, FEATURES = 4, 5, 3
DRAWING, COUNTING = ("residual", "dropout"), ("normalization", "activity")
HELD = (*DRAWING, *COUNTING, "precisions")
"""What a cell holds.

residual       a GRUCell with dropout, to whose output the input is added
dropout        a layer of dropout
normalization  a layer of batch normalization, which counts the batches that it sees
activity       a dense layer that punishes its outputs
precisions     (two cells in one loop) the first one of the policy mixed_bfloat16, the other float32
"""
SLACK = 256 * unit_roundoff("float32")


def inputs_of(held: str) -> np.ndarray:
    """(batch, time, features)."""
    return draw_values(generator("held layers", held), (ROWS, STEPS, FEATURES))


@statement("A cell whose parts drop draws them anew in every call, for batches of any size.",
           {"held": DRAWING, "unroll": (False, True)}, usual={"unroll": (False,)}, strength=(1, 2, 2), sparing=0,
           source="Keras: RNN(cell), DropoutRNNCell")
def parts_of_cells_draw_anew(ask, held, unroll):
    inputs = np.ones_like(inputs_of(held))
    seen = ask(FunctionRequest("held_drawn", (("held", held), ("unroll", unroll), ("inputs", inputs))))
    found = []
    for name, rows in (("first", ROWS), ("again", ROWS), ("fewer", ROWS - 1)):
        if len(seen[name]) != rows or not np.isfinite(seen[name]).all():
            found.append(Deviation(name, f"{name}: {len(seen[name])} rows, expected {rows}, or not finite"))
    if not found and np.array_equal(seen["first"], seen["again"]):
        found.append(Deviation("again", "another call dropped the same"))
    if not found and np.array_equal(seen["first"], seen["inference"]):
        found.append(Deviation("first", "nothing was dropped"))
    return found


@statement("What a cell holds acts at every step once: the loop leaves the losses and statistics that its steps leave by hand.",
           {"held": COUNTING, "unroll": (False, True)}, usual={"unroll": (False,)}, strength=(1, 2, 2), sparing=0,
           source="Keras: RNN(cell), BatchNormalization, activity_regularizer")
def parts_of_cells_act_once_a_step(ask, held, unroll):
    seen = ask(FunctionRequest("held_counted", (("held", held), ("unroll", unroll), ("inputs", inputs_of(held)))))
    found = []
    for name in ("outputs", "losses", "statistics"):
        due = seen[f"by_hand/{name}"].astype("float64")
        found += compare(name, seen[f"loop/{name}"], due, SLACK * np.maximum(1.0, np.abs(due)))
    moved = seen["by_hand/losses" if held == "activity" else "by_hand/statistics"] - seen["before"]
    if not np.abs(moved).max(initial=0.0) > SLACK:
        found.append(Deviation("by_hand", "by hand nothing was counted"))
    return found


@statement("A model around a cell that holds layers is trained, with a batch that is not full, and evaluated.",
           {"held": HELD}, strength=(1, 1, 2), depth="full", source="Keras: RNN(cell), Model.fit")
def cells_with_parts_are_trained(ask, held):
    inputs = inputs_of(held)
    targets = draw_values(generator("targets", held), (ROWS, FEATURES))
    seen = ask(FunctionRequest("held_trained", (("held", held), ("inputs", inputs), ("targets", targets), ("rows", 3))))
    found = [Deviation("trained", "a weight is not finite")] if not np.isfinite(seen["after"]).all() else []
    if np.array_equal(seen["before"], seen["after"]):
        found.append(Deviation("trained", "no weight was changed"))
    if seen["predictions"].shape != targets.shape or not np.isfinite(seen["predictions"]).all():
        found.append(Deviation("predictions", f"of shape {seen['predictions'].shape}, expected {targets.shape}, or not finite"))
    return found
