"""Models whose weights were quantized after they were made: saved, and made again of their configuration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

ROWS, STEPS, WORDS = 3, 5, 7
MODELS: Mapping[str, tuple[str, float]] = {
    "int8": ("int8", 0.05), "int4": ("int4", 0.5), "float8": ("float8", 0.25), "heads": ("int8", 0.05),
    "shared_heads": ("int4", 0.5),
}
"""Name -> how its weights are kept; how far outputs may move by that, as a part of the largest.
heads, shared_heads: with attention of heads, or of heads that share keys and values, over the words; else without."""
WAYS = ("file", "configuration")


@statement("A model of masked words that is quantized gives what it gave, within the steps of its quantization; saved and "
           "loaded, or made of its configuration and given its weights, it gives the same.", {"model": tuple(MODELS)},
           strength=(1, 1, 1), usual={"model": ("float8", "heads")}, sparing=0,
           source="Keras: Model.quantize, save, Model.from_config, set_weights")
def quantized_models_are_made_again(ask, model) -> list[Deviation]:
    mode, moved = MODELS[model]
    ids = generator("quantized models").integers(1, WORDS, (ROWS, STEPS))
    ids[1:, -2:] = 0
    seen = ask(FunctionRequest("quantized_model", (("model", model), ("mode", mode), ("ids", ids), ("words", WORDS))))
    raised, found = dict(seen.facts["raised"]), []
    before, after = seen["before"], seen["after"]
    off = np.abs(after - before).max() if after.shape == before.shape else np.inf
    if not off <= moved * np.abs(before).max():
        words = f"quantized, outputs moved by {off:.2g}, expected {moved} of the largest at most"
        found.append(Deviation("after", words, float(off)))
    if np.array_equal(before, after):
        found.append(Deviation("after", "quantized, it gives bit for bit what it gave: nothing was quantized"))
    for way in WAYS:
        error = raised.get(way)
        found += [Deviation(way, f"made again by its {way}: {error}")] if error else equal(way, seen[way], after, "made again")
    return found
