"""Models that are cut in two, and called one part after the other."""

from __future__ import annotations

import numpy as np

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

BEHIND = ("embedding", "masked_embedding", "masking", "dense", "lstm", "masked_lstm", "masked_bidirectional")
"""The layer behind which the model is cut, the dense one of half precision; masked: the steps behind it are masked."""


@statement("A model that is cut behind any of its layers gives, one part after the other, what it gives as a whole, where steps "
           "are masked too, as a function of the operations behind the cut does, and takes the dtype that stands there; of "
           "another input it cannot be made.",
           {"behind": BEHIND}, strength=(1, 1, 1), sparing=0,
           source="Keras: Model(inputs, outputs) of tensors inside a model, Function")
def cut_models_are_whole(ask, behind) -> list[Deviation]:
    """Arrays: `whole`; `parts`, `function`, of the second part on what the first one gives; `refused`, 1 where no model is made
    of an input that its results do not hang on. Facts: `begins`, `ends`, the dtypes on both sides of the cut."""
    seen = ask(FunctionRequest("cut_model", (("behind", behind),)))
    found = [d for name in ("parts", "function")
             for d in compare(name, seen[name], seen["whole"].astype("float64"), 64 * unit_roundoff("float32"))]
    if seen.facts["begins"] != seen.facts["ends"]:
        found.append(Deviation("dtype", f"the second part takes {seen.facts['begins']}, expected {seen.facts['ends']}"))
    if seen["refused"] != 1:
        found.append(Deviation("refused", "a model was made of an input that its results do not hang on"))
    return found if np.ptp(seen["whole"]) else [*found, Deviation("whole", "every output is the same number")]
