"""Models whose inputs and outputs have names, in an order that is none of the alphabet."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.families.configurations import WAYS
from cases.models import FunctionRequest
from cases.requests import Deviation

GIVEN = ("names", "turned", "list")
"""How inputs are given to a model of a list of inputs: by their names, by their names in the other order, in their own order."""


@statement("A model of several inputs gives each layer its own, by name in any order or in their own order, with the masks that "
           "are given for them; results that have names keep theirs, in a model that is made of it too.",
           {"given": GIVEN, "way": ("built", *WAYS), "masks": (True, False)}, strength=(1, 1, 3), sparing=0,
           usual={"way": ("configuration",)}, source="Keras: functional models, Input(name), Model(outputs={...})")
def named_inputs_go_to_their_layers(ask, given, way, masks) -> list[Deviation]:
    """Arrays: `z`, `b`, the results of the model by their names; `due/z`, `due/b`, of its layers alone."""
    seen = ask(FunctionRequest("named_inputs", (("given", given), ("way", way), ("masks", masks))))
    found = [d for name in "zb" for d in equal(name, seen[name], seen[f"due/{name}"], f"{given}, {way}")]
    return found + ([] if not np.array_equal(seen["due/z"], seen["due/b"]) else [Deviation("due", "both results are alike")])
