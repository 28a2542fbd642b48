"""Layers under function transforms, where several conditions meet: mapped over rows, and in forward mode, through every loop
that they have, they give what the equations say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cases.apart import wrong_together
from cases.batches import BatchPlan
from cases.covering import Row, at_once
from cases.families.base import statement
from cases.families.transforms import ABSENT, derived, tangents
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Execution, Observation, Request
from cases.smallest import plainest_first

LOOPS = {"fused": "fused", "masked": "fused", "generic": "generic", "unrolled": "unrolled"}
"""Where a layer's steps run -> the kernel that is asked for: without a mask a layer may have a faster one."""
FACTORS = {
    "transform": ("mapping over rows", "forward mode"),
    "kind": (*(f"{cell} {loop}" for cell in ("lstm", "gru", "simple_rnn") for loop in ("fused", "masked")), "gru_before fused",
             "lstm generic", "gru generic", "simple_rnn unrolled", "lstm unrolled"),
    "direction": ("forward", "bidirectional", "backward"), "states": (True, False), "bias": (True, False),
    "return_sequences": (True, False), "merge": ("concat", "mul"), "mask": ("right", "left", "gaps"),
}
"""kind: cell and loop · mask: where the loop reads one."""
SENSELESS = (
    (("merge", "direction"), lambda merge, direction: merge != "concat" and direction != "bidirectional"),
    (("mask", "kind"), lambda mask, kind: mask != "right" and not kind.endswith("masked")),
)
rows = at_once("crossed transforms", FACTORS, 2, SENSELESS)
"""Makes the rows: every two values of different factors that may meet, meet in one."""


@dataclass(frozen=True)
class Transform:
    """A layer, its batch, and a transform."""

    asked: Request
    row: Row

    def __str__(self) -> str:
        return f"{self.row['transform']}, {self.asked.layer}-{self.asked.batch.mask is not None and self.row['mask']}"

    @property
    def request(self) -> FunctionRequest:
        """As `cases.families.transforms` asks for it."""
        given = {"request": self.asked, "transform": self.row["transform"]}
        if self.row["transform"] == "forward mode":
            given["tangents"] = tangents(self.asked)
        return FunctionRequest("transformed", tuple(given.items()))


def transform(row: Row) -> Transform:
    """The row as a layer and its batch."""
    kind, loop = row["kind"].split()
    cell = kind.removesuffix("_before")
    layer = Layer(cell, 3, 4, direction=row["direction"], merge=row["merge"], bias=row["bias"], reset_after=kind == cell,
                  return_sequences=row["return_sequences"])
    batch = BatchPlan(4, 5, row["mask"] if loop == "masked" else "none", row["states"]).draw(layer)
    forward = row["transform"] == "forward mode"
    wants = ("outputs", "states", *(("gradients",) if forward else ()))
    return Transform(Request(layer, draw_weights(layer), batch, wants=wants, execution=Execution(LOOPS[loop])), row)


@statement("Through whichever loop its steps run, whatever it is told and given: mapped over the rows of a batch a layer gives "
           "what it gives on the batch, and its derivative along a direction is the gradients' sum times that direction.",
           sparing=0, source="PyTorch: torch.vmap, torch.func.jvp; JAX: jax.vmap, jax.jvp")
def crossed_transforms_are_right(ask) -> list[Deviation]:
    """Where something is wrong the first row that shows it is made as plain as it can be. Arrays: `PLACE/NAME`."""
    return plainest_first(rows(), FACTORS, SENSELESS, lambda some: wrong(ask, some), lambda row: str(transform(row)))


def wrong(ask, some: Sequence[Row]) -> list[Deviation]:
    """What is wrong with the answers to some transforms, asked at once."""
    return wrong_together(ask, "crossed_transforms", [*map(transform, some)], lambda one: one.request, told, ABSENT)


def told(one: Transform, mine: Observation) -> list[Deviation]:
    """What is wrong with the answer to one transform."""
    if one.row["transform"] == "forward mode":
        return derived(mine, one.asked, dict(one.request.arguments)["tangents"])
    return against_reference(mine, one.asked, "outputs", "states")
