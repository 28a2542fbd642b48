"""Steps of training and evaluation of a user's own, which tell what they like."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.models import FunctionRequest
from cases.requests import Deviation

TOLD = {"less": ("own",), "more": ("loss", "own", "score"), "other": ("first", "second")}
"""What the steps tell, by name: less than a model that is compiled so has, more, or nothing of it."""


@statement("What a train_step or test_step of one's own tells is what fit and evaluate tell, all of it and nothing else, "
           "whatever metrics the model is compiled with.", {"told": tuple(TOLD), "metrics": (True, False)},
           strength=(1, 1, 2), sparing=0, source="Keras: guide on customizing fit(), train_step, test_step")
def own_steps_tell(ask, told, metrics) -> list[Deviation]:
    """Facts: `fit`, `validated`, `evaluated`, the names that were told; arrays of the same names: their numbers, in order."""
    names = tuple(sorted(TOLD[told]))
    seen = ask(FunctionRequest("own_steps", (("names", names), ("metrics", metrics))))
    found = []
    for how, start in (("fit", 0), ("validated", 10), ("evaluated", 10)):
        due = tuple(f"val_{name}" for name in names) if how == "validated" else names
        if seen.facts.get(how) != due:
            found.append(Deviation(how, f"{how}: told {seen.facts.get(how)}, expected {due}"))
        else:
            found += equal(how, seen[how], start + np.arange(len(names), dtype="float64"))
    return found
