"""What an argument is, and not how it lies in memory, decides: transposed arrays, slices, reversed views, other precision."""

from __future__ import annotations

from cases.batches import BatchPlan
from cases.families.base import statement
from cases.invariants.base import EVERYTHING, FORWARD, alike
from cases.layers import Layer, draw_weights
from cases.requests import LAYOUTS, Deviation, Execution, Request

FACTORS = {
    "layout": LAYOUTS[1:], "cell": ("lstm", "gru", "simple_rnn"), "mask": ("none", "right", "gaps"), "states": (True, False),
    "direction": ("forward", "bidirectional", "backward"), "kernel": ("fused", "generic"), "layers": (1, 2),
}
OPTIONS = {"usual": {"direction": ("forward", "bidirectional"), "mask": ("none", "right"), "layers": (1,)},
           "strength": (1, 2, 2), "sparing": 1}
SOURCES = "numpy: strides; PyTorch: Tensor.is_contiguous"


def deviations(
    ask, wants: tuple[str, ...], cell, layout, mask, states, direction, kernel, layers, entry: str = "direct"
) -> list[Deviation]:
    """Between what is given in this layout and what is given in C order."""
    layer = Layer(cell, 3, 5, layers, direction, return_state=entry == "direct")
    execution = Execution(kernel, entry=entry)
    batch = BatchPlan(4, 6, mask, states).draw(layer)
    usual = Request(layer, draw_weights(layer), batch, wants=wants, execution=execution)
    seen = ask(usual.but(execution=execution.but(layout=layout)))
    named = ("outputs", "states", "loss", "gradients") if "gradients" in wants else ("outputs", "states")
    return alike(seen, ask(usual), usual, *named, what=f"{layout} against C order")


@statement("How inputs, masks and states lie in memory changes neither outputs nor states.", FACTORS, **OPTIONS, source=SOURCES)
def layouts_change_no_output(ask, **variant):
    return deviations(ask, FORWARD, **variant)


@statement("How arrays lie in memory changes no prediction.", FACTORS, **OPTIONS, source=SOURCES)
def layouts_change_no_prediction(ask, **variant):
    return deviations(ask, ("outputs",), entry="predict", **variant)


@statement("How inputs, states and the gradients that come back lie in memory changes no gradient.", FACTORS, **OPTIONS,
           source=SOURCES)
def layouts_change_no_gradient(ask, **variant):
    return deviations(ask, EVERYTHING, **variant)
