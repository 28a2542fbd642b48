"""Steps of training and evaluation of a user's own, which tell what they like."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

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


LONG = 301
"""Steps of a row: more than half precision counts."""


ADDED = {"one": ((0.5,),), "several": ((0.25, 0.5), (1.0,)), "nothing": ((),)}
"""What each layer of a model adds to its loss."""
PENALTY = 0.125
"""Of the square of each layer's weight, which is 1."""


@statement("The loss that a model is trained by is the mean over its valid steps, however many, and the sum of what its layers "
           "add, each of them at each call, numbers one by one or several at once, and of the penalties of their weights.",
           {"masked": (True, False), "added": tuple(ADDED)},
           strength=(1, 1, 2), sparing=1, source="Keras: Layer.add_loss, losses of masked sequences")
def losses_add_up(ask, masked, added) -> list[Deviation]:
    """Arrays: `loss`, of a model that gives what it reads, by the squares of what it reads; `once`, what a stateless call of it
    collects; `twice`, that of a model whose only layer, the first of those, is called twice."""
    inputs = generator("losses add up").uniform(0.5, 1.5, (3, LONG, 2))
    lengths = np.array([LONG, LONG - 44, LONG - 2]) if masked else np.full(3, LONG)
    more = ADDED[added]
    seen = ask(FunctionRequest("losses_added", (("inputs", inputs), ("lengths", lengths), ("added", more), ("penalty", PENALTY))))
    valid = np.arange(LONG) < lengths[:, None]
    due = np.array((inputs**2).mean(axis=2)[valid].mean() + sum(map(sum, more)) + PENALTY * len(more))
    found = [d for name in ("loss", "trained") for d in compare(name, seen[name], due, 64 * unit_roundoff("float32") * due)]
    given = np.array(sum(map(sum, more)) + PENALTY * len(more))
    found += compare("once", seen["once"], given, 64 * unit_roundoff("float32") * given)
    return found + compare("twice", seen["twice"], np.array(2 * sum(more[0]) + PENALTY), 64 * unit_roundoff("float32"))


STEPS, FILL = 3, 4.0
"""Of a row; what its padding holds, which a mask of zeros would not find."""


@statement("What a model class adds to its call counts in a test and in predict as it does in a call: the mask that its "
           "compute_mask makes, the penalty of its outputs, the dtype in which it reads its inputs, the metrics that it and its "
           "layers update, and none that a model in it was compiled with.",
           source="Keras: Layer.compute_mask, activity_regularizer, Layer.autocast, metrics of layers")
def what_models_add_counts(ask) -> list[Deviation]:
    """Arrays: `loss`, of a model that gives what it reads, by the squares of what it reads, with a mean of absolute
    outputs as penalty; `inside`, the metric of it that averages what it reads, as it is told of a test; `held`, that of a layer
    in a layer of it, of twice as much, which tells `half` of it too.
    Facts: `read`, the dtype in which `predict` gives a model its inputs; `due`, that of a call; `names`, of all that is told;
    `trains`, whether its loss is told that it trains."""
    random = generator("what models add")
    lengths = np.array([STEPS, STEPS - 1, STEPS - 2])
    valid = np.arange(STEPS) < lengths[:, None]
    inputs = np.where(valid[:, :, None], random.integers(1, 8, (len(lengths), STEPS, 2)) / 4, FILL)  # exact in half precision
    seen = ask(FunctionRequest("added_by_models", (("inputs", inputs), ("fill", FILL), ("penalty", PENALTY))))
    due = np.array((inputs**2).mean(axis=2)[valid].mean() + PENALTY * np.abs(inputs).sum() / len(inputs))
    found = compare("loss", seen["loss"], due, 64 * unit_roundoff("float32") * due)
    mean = np.array(inputs.mean())
    for name, times in (("inside", 1), ("held", 2), ("half", 1)):
        found += compare(name, seen.arrays.get(name, np.array(np.nan)), times * mean, 64 * unit_roundoff("float32") * mean)
    if seen.facts["names"] != ("half", "held", "inside", "loss"):
        found.append(Deviation("names", f"a test tells {seen.facts['names']}"))
    if seen.facts["trains"] != (False,):
        found.append(Deviation("trains", f"its loss is told that it trains: {seen.facts['trains']}"))
    if seen.facts["read"] != seen.facts["due"]:
        found.append(Deviation("read", f"read: predict gives {seen.facts['read']}, a call {seen.facts['due']}"))
    return found
