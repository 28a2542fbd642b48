"""What stands inside a wrapper or a loop is handed the mask of its step, and is told whether it trains."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, PLACES, FEATURES = 3, 3, 4, 2
"""Each step is a sequence of places. There are as many rows as steps: a wrapper of an open time axis is known to take no other
number of them."""
WAYS = ("known", "open", "around_both")
"""Of a wrapper: the time axis is known, is left open, or the wrapper is in another one."""
TWICE = 2.0
"""By what the wrapped layer multiplies what it is given while it trains; where its mask is false it turns the sign."""


@statement("What a wrapper holds is handed the mask of its step, and told whether it trains, where the time axis is left open "
           "and in a wrapper around that one too.", source="Keras: TimeDistributed, Layer.__call__")
def wrapped_layers_are_handed_masks_and_modes(ask) -> list[Deviation]:
    """Arrays by WAY/MODE/MASK."""
    random = generator("handed in")
    inputs, mask = draw_values(random, (ROWS, STEPS, PLACES, FEATURES)), random.random((ROWS, STEPS, PLACES)) < 0.6
    seen, found = ask(FunctionRequest("handed_in", (("inputs", inputs), ("mask", mask)))), []
    for way in WAYS:
        for training in (True, False):
            for masked in (True, False):
                due = inputs * (TWICE if training else 1.0) * (np.where(mask, 1.0, -1.0)[..., None] if masked else 1.0)
                name = f"{way}/{'training' if training else 'inference'}/{'masked' if masked else 'unmasked'}"
                found += compare(name, seen[name], due, 8 * unit_roundoff("float32") * np.abs(due))
    return found
