"""Models as their engine sees them: a Keras model on torch is a module of PyTorch, which PyTorch's own tools train and store."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

PARTS = ("lstm", "bidirectional", "stacked", "statistics", "adapted", "alike", "remade")
"""What the model holds, in front of a frozen layer: recurrent layers; batch statistics; a dense layer with LoRA; cells of one
name in a loop; a loop both ways that was made of another one's configuration."""


@statement("A model is a module of its engine: its parameters, each once, and its state are all its weights, frozen ones too; "
           "those that train alone have gradients and are moved by the engine's own optimizer; a state that another one loads is "
           "in use, and so are parameters that it is called with.", {"part": PARTS}, sparing=0,
           usual={"part": ("statistics",)}, strength=(1, 1, 1), source="Keras: torch backend, Layer is a torch.nn.Module")
def models_are_modules_of_their_engine(ask, part) -> list[Deviation]:
    """Facts: `weights`, `trained`, `parameters`, `state`, `graded`, `moved`: names of weights; a state may hold one in several
    places. Arrays: `outputs`, what the model gives, `loaded`, what one gives that loads its state; `called`, what the model gives
    that is called with twice its weights, and `doubled`, what one gives that has these."""
    inputs = draw_values(generator("engine modules", part), (2, 4, 3))
    seen = ask(FunctionRequest("engine_module", (("part", part), ("inputs", inputs))))
    facts, found = {name: sorted(paths) for name, paths in seen.facts.items()}, []
    for name, due in (("parameters", "weights"), ("state", "weights"), ("moved", "trained"), ("graded", "trained")):
        if facts[name] != facts[due]:
            lost, more = set(facts[due]) - set(facts[name]), set(facts[name]) - set(facts[due])
            found.append(Deviation(name, f"{name}: {len(facts[name])} of {len(facts[due])}, without {sorted(lost)[:2]}, "
                                   f"with {sorted(more)[:2]}"))
    return found + equal("loaded", seen["loaded"], seen["outputs"]) + equal("called", seen["called"], seen["doubled"])


DUE = (True, True, False, True, True, False, False, False, False)
"""Whether a module trains: in two epochs of two batches, each validated, an evaluation and a prediction of one, and a call."""


@statement("A module of the engine within a model trains while the model is fitted, and at no other time, in a wrapper or in a "
           "layer of one's own; a wrapper that is made of its configuration has the module in it, with its weights, and one "
           "that is given a file of weights has its statistics too.", sparing=0,
           source="Keras: torch backend, TorchModuleWrapper, Model.fit")
def modules_train_with_their_model(ask) -> list[Deviation]:
    """Arrays: `made`, `again`, what a wrapper gives and one that is made of its configuration; `written`, `read`, the state of a
    module that counted what it saw, and of another one that was given its file; `new`, the other one's before; `told`, the shape
    that the wrapper made again tells, as it was told."""
    seen = ask(FunctionRequest("engine_modes", ()))
    told = seen.facts
    found = equal("again", seen["again"], seen["made"]) + equal("read", seen["read"], seen["written"])
    found += equal("told", seen["told"], np.array([5, 4, 2]), "the shape that it was made with, which comes")
    if (trained := told.get("trained")) != ("bias",):
        found.append(Deviation("trained", f"of a wrapped module whose kernel is frozen {trained} is trained, expected its bias"))
    if np.isclose(seen["new"], seen["written"]).any():
        found.append(Deviation("new", "some of the state is the same by itself"))
    return found + [
        Deviation(name, f"{name}: it trained: {told.get(name)}, expected {DUE}") for name in ("wrapped", "held")
        if tuple(told.get(name, ())) != DUE]
