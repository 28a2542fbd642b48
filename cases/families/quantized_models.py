"""Models whose weights were quantized after they were made: saved, and made again of their configuration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare

ROWS, STEPS, WORDS = 3, 5, 7
MODELS: Mapping[str, tuple[str, float]] = {
    "int8": ("int8", 0.05), "int4": ("int4", 0.5), "float8": ("float8", 0.25), "heads": ("int8", 0.05),
    "shared_heads": ("int4", 0.5), "calibrated": ("gptq", 0.25), "calibrated_wide": ("gptq", 0.25),
    "calibrated_by_the_model": ("gptq_in_groups", 0.25), "weighed": ("awq", 0.25),
}
"""Name -> how its weights are kept; how far outputs may move by that, as a part of the largest.
int8, heads: a layer is the activation of the last one.
heads, shared_heads: with attention of heads, or of heads that share keys and values, over the words; else without.
calibrated, weighed: a layer over each word alone, by what it reads of some words; of more inputs than are done at a time; which
layer it is says the configuration, or the model."""
WAYS = ("file", "configuration")
"""How a model is made again; one whose layers were calibrated by its configuration alone."""


@statement("A model of masked words that is quantized gives what it gave, within the steps of its quantization; saved and "
           "loaded, or made of its configuration and given its weights, it gives the same.", {"model": tuple(MODELS)},
           strength=(1, 1, 1), usual={"model": ("float8", "heads", "calibrated_by_the_model")}, sparing=0,
           source="Keras: Model.quantize, save, Model.from_config, set_weights")
def quantized_models_are_made_again(ask, model) -> list[Deviation]:
    mode, moved = MODELS[model]
    ids = generator("quantized models").integers(1, WORDS, (ROWS, STEPS))
    ids[1:, -2:] = 0
    ways = WAYS[1:] if model.startswith(("calibrated", "weighed")) else WAYS
    given = {"model": model, "mode": mode, "ids": ids, "words": WORDS, "ways": ways}
    seen = ask(FunctionRequest("quantized_model", tuple(given.items())))
    raised, found = dict(seen.facts["raised"]), []
    before, after = seen["before"], seen["after"]
    off = np.abs(after - before).max() if after.shape == before.shape else np.inf
    if not off <= moved * np.abs(before).max():
        words = f"quantized, outputs moved by {off:.2g}, expected {moved} of the largest at most"
        found.append(Deviation("after", words, float(off)))
    found += [Deviation("left", f"left: {name} is as it was") for name in seen.facts.get("left", ())]
    if np.array_equal(before, after):
        found.append(Deviation("after", "quantized, it gives bit for bit what it gave: nothing was quantized"))
    for way in ways:
        error = raised.get(way)
        found += [Deviation(way, f"made again by its {way}: {error}")] if error else equal(way, seen[way], after, "made again")
    return found


GROUPED = ("Dense", "EinsumDense", "Embedding")
INPUTS, UNITS, GROUP = 4, 3, 2


@statement("A layer whose weights are kept in 4 bits, a few inputs in a group, has each of them within a step of its group, from "
           "zero to the farthest of them, whatever their signs are.", {"kind": GROUPED}, strength=(1, 1, 1), sparing=0,
           source="Keras: Int4QuantizationConfig(block_size)")
def grouped_weights_are_near(ask, kind) -> list[Deviation]:
    """Weights (inputs, units), of an embedding (words, inputs), of which the groups of one output are all positive, all negative,
    or of both signs."""
    random = generator("grouped weights", kind)
    weights = random.uniform(0.875, 1.125, (INPUTS, UNITS)) * [1, -1, 1] * np.where(np.arange(UNITS) < 2, 1, [[1], [-1]] * GROUP)
    weights = (weights.T if kind == "Embedding" else weights).astype("float32")
    seen = ask(FunctionRequest("grouped_weights", (("kind", kind), ("weights", weights), ("group", GROUP))))
    spread = np.ptp(np.append(weights, 0.0))
    return compare("weights", seen["weights"], weights.astype("float64"), np.full(weights.shape, spread / 15))
