"""Dropout where there is one row alone, and in layers that carry their states from call to call."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.families.told_shapes import APART, LAYERS
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

WIDE, STEPS = 24, 3
"""Features, and units: that none of them is dropped at a rate of one half, or the same twice, happens once in 1e7."""


@statement("A batch of one row is dropped from as any other, anew in each call, in layers that carry their states too, and "
           "nothing is dropped in inference.",
           {"cell": ("lstm", "gru", "simple_rnn"), "which": ("dropout", "recurrent_dropout"), "kernel": ("fused", "generic"),
            "rows": (1, 2), "stateful": (True, False), "mask": (False, True)}, strength=(1, 2, 3), sparing=0,
           usual={"rows": (1,), "mask": (False,), "kernel": ("fused",)},
           source="Keras: dropout, recurrent_dropout, stateful; Srivastava et al. 2014")
def few_rows_are_dropped_from(ask, cell, which, kernel, rows, stateful, mask) -> list[Deviation]:
    """Arrays: `plain`, of a layer without dropout; `idle`, in inference; `first`, `second`, of two calls in training, each of
    which begins with zeros."""
    random = generator("few rows", cell)
    arguments = {"cell": cell, "options": {which: 0.5}, "kernel": kernel, "stateful": stateful, "units": WIDE,
                 "inputs": draw_values(random, (rows, STEPS, WIDE)), "mask": np.arange(STEPS) < STEPS - 1 if mask else None}
    seen = ask(FunctionRequest("few_rows", tuple(arguments.items())))
    slack = 64 * STEPS * unit_roundoff("float32")
    found = compare("idle", seen["idle"], seen["plain"].astype("float64"), slack)
    for name, other in (("first", "plain"), ("second", "plain"), ("second", "first")):
        if np.abs(seen[name].astype("float64") - seen[other]).max() <= 10 * slack:
            found.append(Deviation(name, f"{name}: in training it gives what {other} is"))
    return found


@statement("A layer for both directions tells the states of both, the forward ones first, and forgets them where it is reset, "
           "however their outputs are joined, all of them or the last ones.",
           {"merge": ("concat", "sum", "ave", "mul", "none"), "cell": ("lstm", "gru", "simple_rnn")},
           strength=(1, 1, 2), sparing=0, eager=1,
           source="Keras: Bidirectional.reset_state")
def resets_reach_both_directions(ask, merge, cell) -> list[Deviation]:
    """Arrays: `first`, `carried`, `reset`, of three calls, the last one after a reset, and `last/...` of a layer that gives its
    last outputs alone; `told`, the states that it tells before that, and `held`, those of its two halves."""
    inputs = draw_values(generator("both reset", cell), (2, STEPS, 3))
    seen = ask(FunctionRequest("both_reset", (("merge", merge), ("cell", cell), ("inputs", inputs))))
    found = equal("told", seen["told"], seen["held"])
    for start in ("", "last/"):
        found += equal(f"{start}reset", seen[f"{start}reset"], seen[f"{start}first"], "after a reset")
        if np.array_equal(seen[f"{start}carried"], seen[f"{start}first"]):
            found.append(Deviation(f"{start}carried", "the second call gives what the first one gave: nothing is carried"))
    return found


@statement("What is dropped in a batch of one row is what is dropped in any: whole features by spatial dropout, and by "
           "dropout what its own shape of noise says.", {"kind": ("spatial", "features", "steps", "numbers")},
           strength=(1, 1, 1), source="Keras: SpatialDropout1D, Dropout(noise_shape)")
def one_row_is_dropped_from(ask, kind) -> list[Deviation]:
    """Arrays: `outputs`, of ones, in training, (1, steps, features)."""
    seen = ask(FunctionRequest("one_row", (("kind", kind), ("inputs", np.ones((1, WIDE, WIDE))))))
    kept = seen["outputs"] != 0
    alike = {name: bool((kept == np.take(kept, [0], axis)).all()) for name, axis in (("steps", 1), ("features", 2))}
    due = {"steps": kind in ("spatial", "features"), "features": kind == "steps"}
    found = [Deviation(name, f"{name}: {'are' if alike[name] else 'are not'} dropped alike")
             for name in due if alike[name] != due[name]]
    return found if 0 < kept.sum() < kept.size else [*found, Deviation("outputs", f"{int(kept.sum())} of {kept.size} are kept")]


ALONE = tuple(name for name in LAYERS if name != "dropped")
"""Layers around recurrent ones, as `told_shapes` describes them, that draw nothing."""
USUAL = ("dense", "einsum", "table", "products", "convolved", "causal", "separable", "transposed", "greatest_of_two", "mean",
         "normalized", "attended", "attended_by_sums", "heads", "joined_in_time")


@statement("A row alone gives what it gives in a batch, whichever layer reads it.", {"name": ALONE}, strength=(1, 1, 1),
           usual={"name": USUAL}, sparing=0, source="Keras: every layer maps its batch row by row")
def rows_are_as_alone(ask, name) -> list[Deviation]:
    """Arrays: `batch`, of three rows; `alone/ROW`, of a row alone."""
    layer, options, shapes, _ = LAYERS[name]
    random = generator("rows alone", name)
    drawn = (lambda size: random.integers(1, 9, size)) if layer == "Embedding" else (lambda size: draw_values(random, size))
    inputs = tuple(drawn((3, *shape)).astype("float64") for shape in shapes)
    arguments = {"layer": layer, "options": options, "inputs": inputs, "apart": layer in APART}
    seen = ask(FunctionRequest("rows_alone", tuple(arguments.items())))
    batch = seen["batch"].astype("float64")
    return [d for row in (0, 2) for d in compare(f"alone/{row}", seen[f"alone/{row}"], batch[row : row + 1],
                                                 256 * unit_roundoff("float32") * (1 + np.abs(batch[row : row + 1])))]
