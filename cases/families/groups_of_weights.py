"""Weights in groups and in containers of their own: what an optimizer does with each, and whose they are."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.families.taken_over import OPTIMIZERS
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

FIRST, STEPS = 2, 3
"""Of three weights the first two are there from the beginning; how many steps are taken."""
ALL_IN_ONE = ("LBFGS",)
"""Optimizers that take one group alone."""


@statement("A group of weights has the options that it is given and of the rest the optimizer's, also one that is added later, "
           "and its weights step as alone, whether a rate is a number or a tensor; what is loaded has the dtype of the weights, "
           "leaves them their names, and goes on as it would have, also where options are not in it that came later, and steps "
           "are counted by numbers; steps that are differentiated are the same ones.",
           {"optimizer": tuple(name for name in OPTIMIZERS if name not in ALL_IN_ONE)}, strength=(1, 1, 1), sparing=0,
           source="PyTorch: Optimizer.add_param_group, Optimizer.load_state_dict")
def groups_step_as_alone(ask, optimizer) -> list[Deviation]:
    random = generator("groups of weights", optimizer)
    weights = tuple(draw_values(random, (2, n + 2)) for n in range(FIRST + 1))
    slopes = tuple(tuple(draw_values(random, one.shape) for one in weights) for _ in range(STEPS))
    seen = ask(FunctionRequest("groups", (("optimizer", optimizer), ("weights", weights), ("slopes", slopes), ("first", FIRST))))
    found = [Deviation("dtype", f"{name}: {told}, expected float64") for name, told in seen.facts["dtypes"] if told != "float64"]
    found += [Deviation("remembered", f"{name}: nothing, and is kept") for name in seen.facts["empty"]]
    if seen.facts["named"] != seen.facts["names"]:
        found.append(Deviation("names", f"{seen.facts['named']}, expected {seen.facts['names']}"))
    for number, given in enumerate(weights):
        found += equal(f"weight {number}", seen[f"grouped/{number}"], seen[f"alone/{number}"], "in a group, and alone")
        found += equal(f"weight {number}", seen[f"older/{number}"], seen[f"later/{number}"], "of an older state too")
        if np.array_equal(seen[f"alone/{number}"], np.float32(given)):
            found.append(Deviation(f"weight {number}", f"weight {number}: no step was taken"))
    if "differentiated" in seen.arrays:
        due = seen["alone/0"].astype("float64")
        found += compare("differentiated", seen["differentiated"], due, 256 * unit_roundoff("float32") * (1 + np.abs(due)))
    return found


HELD = {
    "list": {"made": (0, 1, 2), "cut": (1, 2), "turned": (2, 1, 0), "last": (2,), "appended": (0, 1, 2, 3),
             "replaced": (4, 1, 2, 3, 4), "listed": (4, 1, 2, 3), "trained": (1,)},
    "dictionary": {"made": (0, 1), "copied": (0, 1), "updated": (0, 1, 2), "taken_out": (0,), "left": (1, 2), "joined": (1, 2, 3),
                   "listed": (1, 2)},
    "modules": {"made": (0, 1), "updated": (0, 1, 2, 3), "replaced": (4, 1, 2, 3), "taken_out": (1,), "left": (4, 2, 3),
                "listed": (4, 2, 3), "cleared": ()},
    "sequence": {"named": (0, 4), "times": (0, 1, 0, 1, 0, 1), "cut_by_steps": (1, 3)},
}
"""Container -> which parameters, or modules of a dictionary of such, by their numbers, are held after each of these, one after
the other; -1 is none of them; of a tensor that is put in place whether it is a weight that is trained."""


@statement("A list or a dictionary of parameters, or of modules, that is cut, joined or copied holds these themselves, in their "
           "order.",
           {"container": tuple(HELD)}, strength=(1, 1, 1), sparing=0,
           source="PyTorch: nn.ParameterList, nn.ParameterDict, nn.ModuleDict")
def parameters_are_held_themselves(ask, container) -> list[Deviation]:
    seen = ask(FunctionRequest("held_parameters", (("container", container),)))
    return [d for name, due in HELD[container].items() for d in equal(name, seen[name], np.array(due), "parameters held")]


@statement("A weight that is frozen between steps, and has no gradient any more, stays where it is, whatever the optimizer "
           "remembers of it, and the others go on.", {"optimizer": OPTIMIZERS}, strength=(1, 1, 1), sparing=0,
           source="PyTorch: torch.optim; Tensor.requires_grad_")
def weights_frozen_later_stay(ask, optimizer) -> list[Deviation]:
    seen = ask(FunctionRequest("frozen_later", (("optimizer", optimizer), *regression("frozen", optimizer))))
    found = equal("bias", seen["after/bias"], seen["before/bias"], "before and after steps without it")
    if np.array_equal(seen["after/weight"], seen["before/weight"]):
        found.append(Deviation("weight", "weight: no step was taken"))
    return found


@statement("An optimizer that is copied together with its weights goes on as it would have, and leaves the others; so does one "
           "that is given the state of another while a weight is frozen, which steps later.",
           {"optimizer": OPTIMIZERS, "way": ("deep_copied", "pickled")}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: copy.deepcopy, pickle, torch.save of (module, optimizer)")
def copied_optimizers_go_on(ask, optimizer, way) -> list[Deviation]:
    seen = ask(FunctionRequest("copied_optimizer", (("optimizer", optimizer), ("way", way), *regression("copied", optimizer))))
    pairs = (("kept", "before", "of the one that was copied"), ("copy", "after", "of the copy, as of the other"),
             ("loaded", "after", "of one that was given the state of the other"))
    found = [d for one, due, why in pairs for name in ("weight", "bias")
             for d in equal(name, seen[f"{one}/{name}"], seen[f"{due}/{name}"], why)]
    if np.array_equal(seen["copy/weight"], seen["before/weight"]):
        found.append(Deviation("weight", "weight: no step was taken"))
    return found


def regression(*seed: str) -> tuple[tuple[str, np.ndarray], ...]:
    """Inputs (rows, features) and targets (rows, units) of a linear layer."""
    random = generator("groups of weights", *seed)
    return ("inputs", draw_values(random, (6, 3))), ("targets", draw_values(random, (6, 2)))
