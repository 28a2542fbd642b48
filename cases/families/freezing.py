"""Layers that are frozen, and then not any more."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan
from cases.convolutions import Convolution
from cases.families.base import equal, statement
from cases.families.configurations import WAYS
from cases.invariants.base import EVERYTHING, against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Execution, Request
from cases.tolerance import compare, unit_roundoff

FACTOR = 0.25
"""Of the L2 regularizer of the layer's kernel."""
PARTS = ("lstm", "bidirectional", "loop", "stack", "time_distributed", "conv_lstm", "attention", "model", "embedding", "cells",
         "gru", "simple_rnn")
"""What is frozen. loop, stack: one cell in a loop, or two; cells: StackedRNNCells; model: a model inside a model."""
ALIKE = ("gru", "simple_rnn")
"""Those that only differ from an LSTM in how they are made frozen."""


@statement("A layer that was frozen, when it was made or later, alone or with the model around it, keeps its weights and is "
           "not punished for them; when it is not frozen any more all its weights move, and it is; each of its variables is "
           "listed as one that is trained, or as one that is not.",
           {"how": ("made", "later", "model"), "cell": ("lstm", "gru", "simple_rnn")}, sparing=0,
           usual={"cell": ("lstm",), "how": ("made", "model")}, source="Keras: Layer.trainable")
def thawed_layers_learn(ask, how, cell):
    seen = ask(FunctionRequest("thawed", (("how", how), ("cell", cell), ("factor", FACTOR))))
    names = sorted(n.split("/", 1)[1] for n in seen.named("made"))
    found = [d for n in names for d in equal(n, seen[f"frozen/{n}"], seen[f"made/{n}"], "frozen")]
    found += [Deviation(n, f"{n}: not frozen any more, and did not move") for n in names
              if np.array_equal(seen[f"thawed/{n}"], seen[f"frozen/{n}"])]
    for when, trained in (("frozen", 0), ("thawed", len(names))):
        every = int(seen[f"listed {when}"][2])
        found += equal(f"variables, {when}", seen[f"listed {when}"], np.array([trained, every - trained, every]))
    due = FACTOR * np.sum(np.square(seen["frozen/kernel"], dtype="float64"))
    for when, wanted in (("frozen", 0.0), ("thawed", due)):
        found += compare(f"penalty, {when}", seen[f"penalty {when}"], np.array(wanted), 64 * unit_roundoff("float32") * due)
    return found if names else [Deviation("weights", "no weight was looked at")]


@statement("A part that was frozen keeps its weights where a model around it is trained, and everything else moves, before it "
           "and where its first states come from, too, in the model and in one made from its configuration.",
           {"how": ("made", "later", "inside"), "part": PARTS, "way": ("itself", "configuration")}, sparing=5, strength=(1, 2, 3),
           senseless=((("how", "part"), lambda how, part: how == "inside" and part not in (
               "lstm", "bidirectional", "loop", "time_distributed")),
                      (("how", "part"), lambda how, part: how == "later" and part in ("conv_lstm", *ALIKE)),
                      (("way", "part"), lambda way, part: way == "configuration" and part in ALIKE)),
           usual={"part": ("conv_lstm", "bidirectional", "lstm", "attention", "gru", "simple_rnn")},
           source="Keras: Layer(trainable=False), Layer.trainable")
def frozen_parts_stay(ask, how, part, way):
    """how: it was made frozen, or frozen then, or what it holds was (of Bidirectional the forward layer alone)."""
    seen = ask(FunctionRequest("frozen_part", (("how", how), ("part", part), ("way", way))))
    frozen = sorted(n.removeprefix("before/") for n in seen.arrays if n.startswith("before/frozen"))
    moving = sorted(n.removeprefix("before/") for n in seen.arrays if n.startswith("before/moving"))
    found = [d for n in frozen for d in equal(n, seen[f"after/{n}"], seen[f"before/{n}"], f"{part}, {how}")]
    found += [Deviation(n, f"{n}: not frozen, and did not move") for n in moving
              if np.array_equal(seen[f"after/{n}"], seen[f"before/{n}"])]
    return found if frozen and moving else [Deviation("weights", f"{len(frozen)} weights are frozen, {len(moving)} are not")]


@statement("A model that was made frozen trains no weight, and none is trained in one that is made of it.",
           {"kind": ("sequential", "functional"), "way": WAYS}, strength=(1, 2, 2), usual={"way": ("configuration", "clone")},
           source="Keras: Sequential(trainable=False), Model(trainable=False), from_config, load_model, clone_model")
def frozen_models_stay_frozen(ask, kind, way) -> list[Deviation]:
    """Arrays: how many weights there are, how many of them are trained in the model, and `again`, in the other one."""
    seen = ask(FunctionRequest("frozen_model", (("kind", kind), ("way", way))))
    found = [d for name in ("trained", "again") for d in equal(name, seen[name], np.array(0), f"weights of a {kind} model")]
    return found if seen["weights"] > 0 else [Deviation("weights", "there are no weights")]


@statement("A layer that is frozen draws its dropout in training as any other, in a model, and nothing in inference.",
           {"part": ("lstm", "bidirectional", "stack", "model", "dropout"), "how": ("made", "later", "model")},
           strength=(1, 1, 2), usual={"part": ("lstm", "bidirectional"), "how": ("made", "later")}, sparing=0,
           source="Keras: Layer.trainable, training")
def frozen_parts_drop(ask, part, how) -> list[Deviation]:
    """Arrays: `first`, `second`, of a model in training; `idle`, `plain`, in inference, with dropout and without."""
    seen = ask(FunctionRequest("frozen_drop", (("part", part), ("how", how))))
    slack = 64 * unit_roundoff("float32")
    found = compare("idle", seen["idle"], seen["plain"].astype("float64"), slack)
    return found + [Deviation(name, f"{name}: in training it gives what {other} is") for name, other in (
        ("first", "plain"), ("second", "first")) if np.abs(seen[name] - seen[other]).max() <= 10 * slack]


@statement("A layer that is frozen gives the outputs and states of the equations, and hands on gradients to inputs and to "
           "the states that it is given.",
           {"cell": ("lstm", "gru", "simple_rnn", "conv_lstm"), "direction": ("forward", "backward", "bidirectional"),
            "kernel": ("fused", "generic"), "mask": ("none", "right", "gaps"), "sequences": (True, False),
            "given": (False, True)}, strength=(1, 2, 2), sparing=0, eager=2,
           senseless=((("cell", "kernel"), lambda cell, kernel: cell == "conv_lstm" and kernel == "fused"),),
           source="Keras: Layer.trainable; PyTorch: Module.requires_grad_")
def frozen_layers_hand_on_gradients(ask, cell, direction, kernel, mask, sequences, given) -> list[Deviation]:
    """given: whether it is given states."""
    convolution = Convolution((3,), (2,)) if cell == "conv_lstm" else None
    layer = Layer(cell, 6, 6, direction=direction, return_sequences=sequences, convolution=convolution)
    request = Request(layer, draw_weights(layer), BatchPlan(4, 5, mask, states=given).draw(layer), wants=EVERYTHING,
                      execution=Execution(kernel, trainable=False))
    return against_reference(ask(request), request, "outputs", "states", "gradients/inputs", "gradients/states")


@statement("A file of weights gives each its own in a model of which another part is frozen than of the one that wrote it.",
           {"part": ("bidirectional", "normalization", "cells"), "frozen": ("whole", "inside"), "which": ("first", "second"),
            "file": ("h5", "weights", "keras")}, strength=(1, 2, 3), sparing=0, usual={
               "which": ("first",), "part": ("bidirectional", "normalization"), "file": ("h5", "weights")},
           senseless=((("part", "frozen"), lambda part, frozen: part == "normalization" and frozen == "inside"),),
           source="Keras: Layer.trainable, Model.save_weights, save, load_weights")
def files_fit_what_is_frozen(ask, part, frozen, file, which) -> list[Deviation]:
    """which: the first model, which writes the file, or the second is the one of which a part is frozen. Arrays: `saved/N`,
    `loaded/N`, the weights of both."""
    seen = ask(FunctionRequest("frozen_file", (("part", part), ("frozen", frozen), ("file", file), ("which", which))))
    names = sorted(seen.named("saved"))
    found = [d for n in names for d in equal(n, seen[n.replace("saved", "loaded")], seen[n], f"{frozen} {part}, {file}")]
    return found if names else [Deviation("weights", "no weight was looked at")]
