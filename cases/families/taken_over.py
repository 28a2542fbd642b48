"""What takes over another's state: weights, memories of optimizers, averages, a vector of all weights."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation

OPTIMIZERS = ("SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "AdamW", "ASGD", "Rprop", "LBFGS")
LOADED = ("step", "cyclic", "lambda", "one_after_another", "chained", "plateau", "warm_restarts", "optimizer", "module", "parts")
"""What loads a state: a schedule, by its kind; an optimizer; a module, and one that takes what fits."""
WAYS = ("weights", "weights_after_assigning", "vector", "averages", *OPTIMIZERS)
"""What is taken over: the weights of a module; the same from what another module was given to hold, not to copy, before; a vector
of all weights; averages of weights; what an optimizer remembers."""


@statement("What takes over another's state goes on alone: it has the same numbers first, and what it does then changes neither "
           "the other nor what was handed over.", {"way": WAYS, "cell": ("gru", "lstm", "simple_rnn")}, usual={"cell": ("gru",)},
           strength=(1, 1, 2), sparing=0,
           source="PyTorch: Module.load_state_dict, Optimizer.load_state_dict, vector_to_parameters, swa_utils.AveragedModel")
def states_taken_over_are_copies(ask, way, cell) -> list[Deviation]:
    layer = Layer(cell, 2, 3)
    seen = ask(FunctionRequest("taken_over", (("layer", layer), ("weights", draw_weights(layer)),
                                              ("others", draw_weights(layer, 1)), ("way", way))))
    before, after, taken, moved = (seen.named(name) for name in ("before", "after", "taken", "moved"))
    found = [] if before else [Deviation("before", "nothing was handed over")]
    for name in before:
        own = name.partition("/")[2]
        found += equal(own, taken[f"taken/{own}"], before[name], "as it was taken over")
        found += equal(own, after[f"after/{own}"], before[name], "of the other, after that went on")
    if before and all(np.array_equal(moved[f"moved/{n.partition('/')[2]}"], before[n]) for n in before):
        found.append(Deviation("moved", "what took over did not go on"))
    return found


@statement("A state that was loaded is what it was before, and can be loaded again.", {"what": LOADED}, strength=(1, 1, 1),
           sparing=0, source="PyTorch: LRScheduler.load_state_dict, Optimizer.load_state_dict, Module.load_state_dict")
def loaded_states_stay_whole(ask, what) -> list[Deviation]:
    layer = Layer("gru", 2, 3)
    seen = ask(FunctionRequest("loaded_twice", (("what", what), ("layer", layer), ("weights", draw_weights(layer)),
                                                ("others", draw_weights(layer, 1)))))
    before, after = ({name.partition("/")[2]: one for name, one in seen.named(when).items()} for when in ("before", "after"))
    found = [] if before else [Deviation("before", "the state is empty")]
    found += [Deviation(name, f"{name}: there before loading or after, not both") for name in {*before} ^ {*after}]
    both = {*before} & {*after}
    return found + [d for name in both for d in equal(name, after[name], before[name], "before and after loading")]
