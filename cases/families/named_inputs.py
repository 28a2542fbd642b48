"""Models whose inputs and outputs have names, in an order that is none of the alphabet."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.families.configurations import WAYS
from cases.models import FunctionRequest
from cases.requests import Deviation

GIVEN = ("names", "turned", "list", "more")
"""How inputs are given to a model: by their names, by their names in the other order, in the model's own order, by their names
with others besides, which the model has not. Masks too, but the last way."""


@statement("A model of several inputs gives each layer its own, by name in any order or in their own order, with the masks that "
           "are given for them, and passes over what has another name; results that have names keep theirs, in its copies too.",
           {"given": GIVEN, "way": ("built", *WAYS), "masks": ("list", *GIVEN[:2], "none", "second"), "made": ("list", "dict")},
           strength=(1, 2, 3), sparing=0, senseless=(
    (("made", "given"), lambda made, given: made == "dict" and given == "list"),
    (("made", "masks"), lambda made, masks: made == "dict" and masks in ("list", "second")),
    (("given", "masks"), lambda given, masks: given == "list" and masks in GIVEN[:2] or given == "more" and masks != "none"),
), usual={"way": ("configuration",), "given": GIVEN[1:], "masks": ("second", "turned", "none")},
           source="Keras: functional models, Input(name), Model(outputs={...})")
def named_inputs_go_to_their_layers(ask, given, way, masks, made) -> list[Deviation]:
    """masks: of `second` a list, with none for the first input. The model is made of a list or a dictionary of inputs.

    Arrays: `z`, `b`, the results of the model by their names; `due/z`, `due/b`, of its layers alone.
    """
    seen = ask(FunctionRequest("named_inputs", (("given", given), ("way", way), ("masks", masks), ("made", made))))
    found = [d for name in "zb" for d in equal(name, seen[name], seen[f"due/{name}"], f"{given}, {way}")]
    return found + ([] if not np.array_equal(seen["due/z"], seen["due/b"]) else [Deviation("due", "both results are alike")])
