"""Layers that stand in a model in a mode of their own: inference, so that what was trained before stays as it is, or training,
so that predictions are drawn with dropout."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.models import FunctionRequest
from cases.requests import Deviation

PARTS = ("lstm", "dropout", "model", "bidirectional", "cells", "statistics")
"""What stands in the model. model: a model inside the model; cells: two cells in a loop; statistics: a batch normalization."""
ASKED = ("inference-fit", "training-predict", "inference-call", "training-call")
"""The mode that the layer was made to stand in, and how the model then runs, in the other one."""
WAYS = ("built", "configuration", "file", "clone")


@statement("A layer that a model was made with in training or in inference, as its own argument says, stays in it however the "
           "model is run, also in a model that is made of it.", {"part": PARTS, "asked": ASKED, "way": WAYS},
           strength=(1, 2, 2), sparing=4,
           senseless=((("part", "asked"), lambda part, asked: part == "statistics" and not asked.startswith("inference")),),
           usual={"way": ("built", "file")},
           source="Keras: guide on transfer learning, `base_model(inputs, training=False)`; functional models")
def own_modes_are_kept(ask, part, asked, way):
    """Arrays: `first`, `second`, what two runs give, outputs or losses; `alone`, the same of the layer in inference, called by
    hand; `kept/before`, `kept/after`, statistics of the layer, if any."""
    seen = ask(FunctionRequest("kept_mode", (("part", part), ("asked", asked), ("way", way))))
    same = np.array_equal(seen["first"], seen["second"])
    if asked.startswith("training"):
        name = "outputs of inference" if np.allclose(seen["first"], seen["alone"], rtol=1e-5, atol=1e-6) else "outputs"
        return [Deviation(name, "in training by its own argument, and nothing is drawn")] if same else []
    how = "is drawn" if not same and np.isfinite(seen["first"]).all() else "is another one"
    found = [Deviation(name, f"in inference by its own argument, and {how}: found {seen[name].ravel()[0]:.6g}, alone it gives "
                       f"{seen['alone'].ravel()[0]:.6g}") for name in ("first", "second")
             if not np.allclose(seen[name], seen["alone"], rtol=1e-5, atol=1e-6)]
    return found + (equal("statistics", seen["kept/after"], seen["kept/before"]) if "kept/after" in seen.arrays else [])


BEHIND = ("dropout", "lstm", "statistics")
"""What stands behind, and is told nothing of its own; statistics: whether they move."""


@statement("A layer that is called in training or in inference by its own argument, inside a layer or model of the user's own, "
           "is in that mode, or in that of the whole where its argument is None, and leaves the layers behind it in that of "
           "the whole.", {
               "part": ("dropout", "lstm", "statistics"), "behind": BEHIND, "whole": ("layer", "model", "inner", "told"),
               "own": ("training", "inference", "none")}, sparing=1,
           usual={"part": ("dropout",), "behind": ("dropout", "statistics"), "whole": ("layer", "told")},
           source="Keras: Layer.__call__, `training` of an outer call")
def modes_stay_with_their_layer(ask, part, behind, whole, own):
    """whole: what holds both; inner: the first one in a layer inside it; told: it tells the mode to what is behind. Arrays:
    `front/0`, `front/1`, `behind/0`, `behind/1`, what each gives, or its statistics, in two calls of the whole, which is in the
    other mode, or in training."""
    seen = ask(FunctionRequest("mode_behind", (("part", part), ("behind", behind), ("whole", whole), ("own", own))))
    told = f"is in {own} by its own argument, the whole is not" if own != "none" else "is told None, the whole is in training"
    found = []
    for place, trains in (("front", own != "inference"), ("behind", own != "training")):
        acts = not np.array_equal(seen[f"{place}/0"], seen[f"{place}/1"])
        if acts != trains:
            words = "acts as in training" if acts else "does nothing that it does in training"
            found.append(Deviation(place, f"the layer in front {told}, and the one {'in ' * (place == 'front')}{place} {words}"))
    return found
