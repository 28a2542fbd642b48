"""The weights that a layer was given last are those it computes with: however they were given, whatever it held before."""

from __future__ import annotations

from itertools import cycle

import numpy as np

from cases.batches import BatchPlan
from cases.families.base import equal, statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Request

WAYS = ("loaded", "copied", "replaced", "assigned", "data", "cast", "pickled", "deep_copied", "called_with", "averaged",
        "computed", "computed_copied", "normed", "pruned", "registered", "uncomputed", "swapped", "shared")
"""How a layer that computed with other weights is given new ones.

copied       into the arrays that it holds
replaced     by other arrays: PyTorch, a Parameter set as attribute; Keras, `set_weights`
loaded       from another layer's: PyTorch, `load_state_dict`; Keras, through a file of weights
assigned     PyTorch: `load_state_dict(assign=True)`
shared       PyTorch: the last recurrent matrix is set to be the first one, both are copied by `copy.deepcopy`, and the first
             one of the copy is given numbers
swapped      PyTorch: loaded where tensors are swapped, `torch.__future__.set_swap_module_params_on_conversion`
data         PyTorch: `parameter.data = …`
cast         copied in while the layer, which was called in float64 too, is cast to float64, and back
pickled      another layer that has them, through pickle
deep_copied  another layer that has them, through `copy.deepcopy`; the one that was copied is then given other weights
called_with  given with the call alone: PyTorch, `functional_call`; Keras, `stateless_call`
averaged     PyTorch: `swa_utils.AveragedModel`, updated once
computed     PyTorch: every matrix is computed from another parameter, `parametrize.register_parametrization`, then given
computed_copied   the same, called, then copied by `copy.deepcopy`; the one that was copied is then given other weights
normed       PyTorch: every matrix is length times direction, `parametrizations.weight_norm`, then loaded
pruned       PyTorch: every matrix is kept whole by `prune.identity`, then copied in
registered   PyTorch: `register_parameter`, under the name of the one that is there
uncomputed   PyTorch: every matrix was computed from another parameter, and no more is: `remove_parametrizations`; then copied in
"""
FACTORS = {
    "way": WAYS, "cell": ("lstm", "gru", "simple_rnn"), "layers": (1, 2), "direction": ("forward", "bidirectional"),
    "mask": ("none", "right"), "bias": (True, False), "part": ("all", "biases", "first", "last"),
}
SENSELESS = ((("part", "bias"), lambda part, bias: part == "biases" and not bias),
             (("part", "layers", "direction"),
              lambda part, layers, direction: part == "last" and (layers == 1 or direction == "forward")),
             (("way", "layers", "direction"),
              lambda way, layers, direction: way == "shared" and layers == 1 and direction == "forward"))
MET = tuple({"way": way, "cell": cell, "layers": 1, "direction": "bidirectional", "mask": mask, "bias": True, "part": part}
            for way, cell in zip(WAYS, cycle(FACTORS["cell"])) for part, mask in (("last", "none"), ("first", "right")))
"""Some of the weights alone, in every way."""
OPTIONS = {"sparing": 1, "senseless": SENSELESS, "strength": (1, 1, 2), "met": MET,
           "source": "PyTorch: RNNBase._flat_weights; Keras: Layer.set_weights, Model.load_weights, Model.__reduce__"}


def given(ask, way, cell, layers, direction, mask, bias, part) -> tuple[Observation, Request]:
    """A layer that was called with other weights, then given those of the request in this way, and called. And the request. Of
    its weights `part` are others than before: all, the biases, the first one, or the last one (of the upper layer, backward).

    Arrays: `outputs`, `states/NAME`; `before/outputs`, those of the first call; `left/outputs`, of one after all that were given
    weights of their own, if there were any.
    """
    layer = Layer(cell, 3, 5, layers, direction, bias=bias)
    batch = BatchPlan(4, 6, mask).draw(layer)
    others, drawn = draw_weights(layer, 1), draw_weights(layer)
    new = {"all": tuple(drawn), "first": tuple(drawn)[:1], "last": tuple(drawn)[-1:],
           "biases": tuple(n for n in drawn if n.endswith("bias"))}[part]
    weights = {name: array if name in new else others[name] for name, array in drawn.items()}
    if way == "shared":
        first, *_, last = (name for name in weights if name.endswith("recurrent_kernel"))
        weights[last] = weights[first]
    arguments = {"layer": layer, "batch": batch, "others": others, "weights": weights, "way": way}
    return ask(FunctionRequest("given_weights", tuple(arguments.items()))), Request(layer, arguments["weights"], batch)


@statement("A layer computes with the weights it was given last, in whatever way, though it computed with others before, and "
           "with those again if they were given to calls alone, and these failed; but for them it is what it was.",
           FACTORS, **OPTIONS)
def weights_given_are_used(ask, **variant) -> list[Deviation]:
    seen, request = given(ask, **variant)
    found = against_reference(seen, request, "outputs", "states")
    if not equal("outputs", seen["before/outputs"], seen["outputs"]):
        found.append(Deviation("outputs", "outputs: other weights gave the same before"))
    for name, left in seen.named("left").items():
        found += equal(name, left, seen["before/outputs"], "of its own weights, before and after calls with others")
    told = dict(seen.facts.get("told", ()))
    if told.get("after", told.get("before")) != told.get("before"):
        found.append(Deviation("told", f"it is {' '.join(told['after'].split())}, and was {' '.join(told['before'].split())}"))
    return found


@statement("A call with other weights and statistics computes with them, in every place where a weight stands that is given "
           "once, moves the statistics that were given and not its own, takes no name twice, and none that nobody has where all "
           "must fit; weights and statistics of several modules of one mode can be stacked, are theirs, and are trained.",
           {"tied": (True, False), "training": (True, False)}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: torch.func.functional_call(tie_weights, strict), stack_module_state")
def calls_with_others_are_apart(ask, tied, training) -> list[Deviation]:
    """Arrays: `outputs`, `mean` and `count`, what was given for these afterwards, and `due/` the same of a module that has what
    is given; `before`, `after`, the module's own mean; `calls`, its own count; `refused`, of a name too many and of one too few,
    where all must fit, of one given twice, and of modules of two modes that are stacked; `stacked`: whether these are what was
    stacked, and trained."""
    seen = ask(FunctionRequest("called_apart", (("tied", tied), ("training", training))))
    found = [d for name in ("outputs", "mean", "count") for d in equal(name, seen[name], seen[f"due/{name}"])]
    found += equal("after", seen["after"], seen["before"], "the module's own mean")
    found += equal("calls", seen["calls"], np.zeros(1), "the module's own count, which it sets anew in a call")
    found += equal("stacked", seen["stacked"], np.ones(2))
    return found + equal("refused", seen["refused"], np.ones(4))
