"""What a subject says it supports: what it answers with an option more, it answers without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cases.batches import BatchPlan
from cases.families.base import answered, statement
from cases.layers import Layer, draw_weights
from cases.requests import Deviation, Execution, Request, Unsupported


def plain(cell: str, mask: str = "none", states: bool = False, kernel: str = "fused", **options) -> Request:
    """A layer with nothing but what every framework has."""
    layer = Layer(cell, 3, 4, **options)
    return Request(layer, draw_weights(layer), BatchPlan(3, 4, mask, states).draw(layer), execution=Execution(kernel))


MORE: Mapping[str, Callable[[str], Request]] = {
    "kernel": lambda cell: plain(cell, kernel="generic"), "direction": lambda cell: plain(cell, direction="bidirectional"),
    "layers": lambda cell: plain(cell, layers=2), "mask": lambda cell: plain(cell, "right"),
    "states": lambda cell: plain(cell, states=True), "gradients": lambda cell: plain(cell).but(wants=("outputs", "gradients")),
}
"""What is asked for besides: to run in a loop over the cell, both directions, a second layer, a mask, states, gradients."""


@statement("What is answered with an option more is answered without it: a layer that runs in a loop over its cell by the usual "
           "kernel too, both ways and forward, above another and alone, with and without a mask, states and gradients.",
           {"cell": ("lstm", "gru", "simple_rnn"), "more": tuple(MORE)}, strength=(1, 2, 2))
def less_is_supported_too(ask, cell, more):
    base = ask.answer(plain(cell))
    if not isinstance(base, Unsupported):
        return []
    if answered(ask.answer(MORE[more](cell))) is None:
        ask(plain(cell))  # says why not
    words = f"{cell} is answered where {more} is asked for besides, and declared unsupported without: {base.reason}"
    return [Deviation("support", words)]
