"""Cells of the user's own that say no more than they must: they run, tell their shapes, and come back where their class is
named; and configurations, which are the user's too."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.families.configurations import KINDS as LAYERS
from cases.models import FunctionRequest
from cases.requests import Deviation

AROUND = ("rnn", "pair", "stacked", "one_state", "time_distributed", "model", "wide", "backward")
"""What is around the cell: a loop; a loop over one that reads several rows of features and has its states in a tuple; over
an LSTM's and it; over one of a single state, whose size is a number, and a wider output, below an LSTM's and above, last, another
such one; over such a one alone (`wide`); over words in sentences; a model, where it stands between an LSTM's and one of a single
state; a Bidirectional layer whose backward half it is: for a forward one it takes no class that is not registered, and says so.
All but those around words and models and both directions give their last states too."""
WAYS = ("from_config", "deserialize", "file")
FORMS = ("named", "in_place", "in_place_with_defaults")
"""How a function is written: with a name, which is told to what makes it again, or in place, with a default or without."""


@statement("A cell of the user's own that names only the sizes of its states, the first that of its output, gives outputs "
           "of the shape told beforehand, and what is around it comes back, with it, where its class is named.",
           {"around": AROUND, "way": WAYS}, strength=(1, 1, 2), sparing=2, dear={"around": ("backward",)},
           senseless=((("around", "way"), lambda around, way: around == "backward" and way != "from_config"),),
           source="Keras: RNN(cell), custom_objects, compute_output_shape")
def own_cells_are_found(ask, around, way):
    seen = ask(FunctionRequest("own_cell", (("around", around), ("way", way))))
    found = equal("outputs", seen["outputs/again"], seen["outputs/made"], f"after {way}")
    for how in ("computed", "symbolic"):
        found += equal(f"shapes, {how}", seen[f"shape/{how}"], seen["shape/came"])
    return found if np.ptp(seen["outputs/made"]) else [*found, Deviation("outputs", "every output is the same number")]


INSIDE = ("loop", "unrolled", "masked", "stateful", "stacked", "mixed", "above", "both", "of_two_kinds", "each_step", "model")
"""Where the cell stands, forward but for `unrolled`: a loop; above an LSTM's cell; twice, below and above a cell that knows of no
training and changes nothing; above such a one alone; a Bidirectional layer; one whose backward half is a GRU; words in sentences;
a model."""


@statement("A cell of the user's own is told whether it trains, in whatever loop, wrapper or model it stands; a layer that tells "
           "its own is followed, whatever it is told itself.",
           sparing=0, source="Keras: Layer.call(training), RNN(cell)")
def own_cells_are_told_of_training(ask):
    seen = ask(FunctionRequest("told_training", (("inside", INSIDE),)))
    found = []
    for name in INSIDE:
        idle = seen[f"inference/{name}"]
        times = 4 if name == "mixed" else 2
        found += equal(name, seen[f"training/{name}"], times * idle, "in training a cell doubles what it gives in inference")
        if not np.abs(idle).max(initial=0.0) > 0:
            found.append(Deviation(name, f"{name}: in inference the cell gave nothing"))
    loop = seen["inference/loop"]
    for mode in ("inference", "training"):
        for told, due in (("trains", 2 * loop), ("rests", loop)):
            found += equal(f"{told}/{mode}", seen[f"{told}/{mode}"], due, "a loop within a layer that tells it so")
    return found


BEGINNINGS = ("tensor", "list", "tuple")
"""What a cell's states come in, of which it has one."""
BEGUN = ("backward", "stateful", "above", "below_unrolled", "both", "row_below")
"""Where such a cell stands: in a loop of one direction, with a mask; above or below an LSTM's cell, and says the size of no
output, below one also for a batch of one row; in both directions. It gives its state back as it begins with it, a tensor or a
list or tuple of one."""


@statement("A cell of the user's own begins with what it says, be it a tensor or a list of one, wherever it stands, as with "
           "these states given; its last states lie in each other as the first did, and are of their shapes, for one row too.",
           {"begins": BEGINNINGS},
           usual={"begins": ("tensor",)}, strength=(1, 1, 1), sparing=0, eager=1,
           source="Keras: RNN(cell), cell.get_initial_state")
def own_cells_begin_as_they_say(ask, begins) -> list[Deviation]:
    """Arrays: `begun/NAME`, the outputs and last states of a call; `given/NAME`, of one from these states."""
    seen = ask(FunctionRequest("own_beginnings", (("begins", begins), ("inside", BEGUN))))
    found = []
    for name in BEGUN:
        found += equal(name, seen[f"begun/{name}"], seen[f"given/{name}"], f"it says so in a {begins}")
    return found + [Deviation("nests", f"{name}: last states are {seen_as}, expected {due}")
                    for name, (seen_as, due) in seen.facts["nests"] if seen_as != due]


@statement("A cell that is no layer runs in a loop as any other, alone, or in a list of one; one that tells no size of its "
           "outputs stands below another one, whatever the sizes of its states.", {"around": ("alone", "listed", "below")},
           strength=(1, 1, 1), sparing=0, eager=1, source="Keras: RNN(cell): a class with a call method and a state_size")
def cells_need_be_no_layers(ask, around) -> list[Deviation]:
    """Arrays: `outputs`, of a cell that gives what it is given; `inputs`, or what a cell above it gives alone."""
    seen = ask(FunctionRequest("cell_without_layer", (("around", around),)))
    return equal("outputs", seen["outputs"], seen["inputs"], "of a cell that gives what it is given")


@statement("A configuration is as it was after a layer was made of it, and another one can be made of it.", {"kind": LAYERS},
           usual={"kind": ("lstm", "bidirectional", "stacked", "time_distributed", "conv_lstm_2d")}, sparing=2,
           source="Keras: Layer.from_config")
def configurations_are_left_as_they_were(ask, kind):
    seen = ask(FunctionRequest("configured_twice", (("kind", kind),)))
    if "changed" not in seen.facts:
        return [Deviation("configuration", "nothing is said of it")]
    return [Deviation("configuration", f"{name}: {words}") for name, words in seen.facts["changed"]]


@statement("A function that a Lambda layer was given (the one it computes, that of its mask, that of its shape), and what it is "
           "to be called with, is the same in a layer that is made of its configuration, by way of text too, as in a file; of "
           "several results the shapes are told, and what makes its mask is given the one that comes.", {
               "part": ("function", "mask", "output_shape"), "form": FORMS, "way": ("words", "configuration")},
           strength=(1, 2, 2), usual={"way": ("words",)}, sparing=3, source="Keras: layers.Lambda")
def own_functions_survive(ask, part, form, way):
    """Arrays: what the layer and the one made of it give: `outputs/...`, `mask/...`, `shape/...`; `arguments/...`, whether what
    they are to be called with is told after a call as before; `due/mask`, of the steps that are not masked those that are low."""
    seen = ask(FunctionRequest("own_functions", (("part", part), ("form", form), ("way", way))))
    several = seen.facts.get("several", ("", ""))
    found = [Deviation("several", f"several results: told {several[0]}, {several[1]} came")] if several[0] != several[1] else []
    told = found + [d for name in ("made", "again") for d in equal(
        f"arguments/{name}", seen[f"arguments/{name}"], np.array(True), "told after a call as before")]
    if part == "mask":
        told += equal("mask/made", seen.arrays.get("mask/made", ()), seen["due/mask"], "of the mask that comes")
    return told + [d for name in ("outputs", "mask", "shape") for d in equal(
        f"{name}/again", seen.arrays.get(f"{name}/again", ()), seen.arrays.get(f"{name}/made", ()), f"by way of {way}")]
