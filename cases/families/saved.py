"""Models with recurrent layers that are saved, copied or made again, in every way that a framework offers: they predict what they
predicted, and go on training as they would have."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_mask, draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

PARTS = ("lstm", "gru", "simple_rnn", "bidirectional", "unmerged", "cells", "conv_lstm", "words", "stateful", "embedded", "loops")
"""What is in the model: a layer of this kind; a Bidirectional one, merged or not; a loop of two cells; a ConvLSTM2D; a layer over
the words of sentences, in TimeDistributed; a stateful layer; one behind an Embedding that masks; a loop over one cell,
both ways."""
WAYS = ("keras", "h5", "json", "weights", "weights_of_another_kind", "clone", "pickle", "deepcopy", "folder")
"""How another model is made of it:

keras, h5    a file of the whole model, in either format
folder       the same as files in a folder, which is not zipped
json         its architecture as JSON, then its weights
weights      a file of weights, loaded into a model that was made in the same way and has other ones
weights_of_another_kind   the same, into one that was made functional where this one is sequential, or the other way
clone        `clone_model`, then its weights
pickle, deepcopy          what Python has for it
"""
KINDS = ("functional", "sequential", "deferred", "nested", "own")
"""How the model is made: deferred is a sequential one without an Input, built by its first call; nested is a model in a model;
own, one of a class of the user's own, which says how it is made and builds nothing itself."""
WHOLE = ("keras", "h5", "pickle", "deepcopy", "folder")
"""Ways that keep the optimizer, so that training goes on."""
BEFORE = ("nothing", "h5", "keras", "weights.h5")
"""What is written of the model before: a file that nobody reads, which leaves the model as it was."""
LOSSES = ("object", "mean_squared_error", "mse")
"""How the model's loss is told when it is compiled: an object, or a word."""
ROWS, STEPS = 4, 5


OF_METRICS = 4
"""A total and a count, of the loss and of the metric."""
FACTORS = {"part": PARTS, "way": WAYS, "kind": KINDS}
USUAL = {"part": ("cells", "embedded"), "kind": ("deferred", "own", "functional")}
SENSELESS = (
    (("part", "kind"), lambda part, kind: kind in ("sequential", "deferred") and part == "unmerged"),
    (("way", "kind"), lambda way, kind: way == "weights_of_another_kind" and kind in ("nested", "deferred")),
    (("way", "part"), lambda way, part: way == "weights_of_another_kind" and part == "unmerged"),
    (("part", "kind"), lambda part, kind: part == "stateful" and kind == "deferred"),
    (("part", "kind"), lambda part, kind: kind == "own" and part in ("unmerged", "stateful")),
    (("way", "kind"), lambda way, kind: kind == "own" and way in ("h5", "clone", "weights_of_another_kind", "json")),
)
"""What is of a user's own class is not written as HDF5, cloned or made of words alone."""


def asked(part: str, way: str, kind: str, on: bool, before: str = "nothing", loss: str = "object",
          policy: str = "float32") -> FunctionRequest:
    """A model that is trained, then made again in this way; and with `on` both are trained two steps further.

    Arrays: `predictions/`, `fresh`, `before` and `after`; with `on`, `loss/` and `trained/`, `before` and `after`.
    """
    random = generator("saved", part)
    shape = {"conv_lstm": (4, 3, 2), "words": (3, 3)}.get(part, (3,))
    inputs = draw_values(random, (ROWS, STEPS, *shape))
    if part == "embedded":
        inputs = np.where(draw_mask(random, "right", ROWS, STEPS), random.integers(1, 9, (ROWS, STEPS)), 0)
    given = {"part": part, "way": way, "kind": kind, "inputs": inputs, "targets": draw_values(random, (ROWS, 2)), "on": on,
             "before": before, "loss": loss, "policy": policy}
    return FunctionRequest("saved", tuple(given.items()))


@statement("A model that was trained, then saved and loaded, copied or made again with its weights, predicts the same.",
           {**FACTORS, "loss": LOSSES}, senseless=SENSELESS, strength=(1, 1, 2),
           usual={**USUAL, "way": ("keras", "h5"), "loss": LOSSES[1:2]}, sparing=1,
           source="Keras: save, load_model, to_json, save_weights, clone_model")
def saved_models_predict_the_same(ask, part, way, kind, loss):
    seen = ask(asked(part, way, kind, False, loss=loss))
    found = same("predictions", seen["predictions/before"], seen["predictions/after"], f"after {way}")
    fresh = np.abs(seen["predictions/fresh"] - seen["predictions/before"]).max()
    return found if fresh > 0 else [*found, Deviation("predictions", "training changed nothing: nothing was to be kept")]


@statement("A model that was trained, then saved and loaded with its optimizer, or copied, goes on training as it would have, "
           "whatever was written of it before, and whatever policy it was made in.",
           {**FACTORS, "way": WHOLE, "before": BEFORE, "policy": ("float32", "mixed_float16")},
           senseless=(SENSELESS[0], *SENSELESS[3:]), strength=(1, 1, 2),
           usual={"part": ("loops", "bidirectional"), "kind": ("functional",), "way": ("keras",),
                  "before": ("h5", "nothing"), "policy": ("float32",)}, sparing=0, source="Keras: save, load_model")
def saved_models_train_on(ask, part, way, kind, before, policy):
    seen = ask(asked(part, way, kind, True, before, policy=policy))
    found = same("loss", seen["loss/before"], seen["loss/after"], f"a second step of training after {way}")
    return found + same("predictions", seen["trained/before"], seen["trained/after"], f"after {way} and two steps of training")


@statement("What layers of one's own write beside their weights is in the file, layer by layer, and given back: files, arrays "
           "under names of their own, and what they are built from.", {"way": ("keras", "folder")}, strength=(1, 1, 1), sparing=0,
           source="Keras: Layer.save_assets, save_own_variables, get_build_config")
def files_hold_what_layers_write(ask, way):
    """Arrays, each of two layers, one of them within another: `due/` and `found/`: `text`, the bytes of a file that it wrote;
    `own`, what it wrote as array; `built`, the shape that it was built for."""
    inputs = draw_values(generator("written beside"), (ROWS, STEPS, 3))
    seen = ask(FunctionRequest("written_beside", (("way", way), ("inputs", inputs))))
    due = {name.partition("/")[2]: array for name, array in seen.named("due").items()}
    return [d for name, array in due.items() for d in equal(name, seen[f"found/{name}"], array, f"in the model of the {way}")]


@statement("A file of weights that an editor of files read and wrote, and changed in nothing, holds the weights of every layer.",
           {"part": ("bidirectional", "cells", "words", "normalized", "unmerged")}, usual={"part": ("cells",)}, sparing=0,
           source="Keras: KerasFileEditor")
def edited_files_are_whole(ask, part):
    inputs = draw_values(generator("edited file"), (ROWS, STEPS, *((3, 3) if part == "words" else (3,))))
    seen = ask(FunctionRequest("edited_file", (("part", part), ("inputs", inputs))))
    return [d for name, array in seen.named("written").items() for short in [name.partition("/")[2]]
            for d in equal(short, seen[f"read/{short}"], array)]


@statement("The tree of a model's state holds every number that it has, of weights, statistics, seeds, its optimizer and its "
           "metrics, and gives it back; also of one that is not compiled; where two weights have one path it is refused.",
           {"part": ("bidirectional", "cells", "words", "normalized"), "compiled": (True, False)}, strength=(1, 2, 2),
           usual={"part": ("bidirectional", "normalized")}, sparing=0, source="Keras: Model.get_state_tree, set_state_tree")
def state_trees_hold_everything(ask, part, compiled):
    inputs = draw_values(generator("state tree"), (ROWS, STEPS, *((3, 3) if part == "words" else (3,))))
    seen = ask(FunctionRequest("state_tree", (("part", part), ("compiled", compiled), ("inputs", inputs))))
    before, after, moved = (seen.named(when) for when in ("before", "after", "between"))
    found = [] if before and all((moved[f"between/{n.partition('/')[2]}"] != a).any() for n, a in before.items()) else [
        Deviation("state", "nothing was to be given back")]
    told, due = seen.facts["of_metrics"], OF_METRICS if compiled else 0
    found += [] if told == due else [Deviation("metrics", f"{told} numbers of metrics, expected {due}")]
    if (kinds := set(seen.facts["kinds"])) != {"ndarray"}:
        found.append(Deviation("kinds", f"the tree holds {sorted(kinds)}, expected arrays alone"))
    if not seen.facts["refused"]:
        found.append(Deviation("refused", "a tree is told of a model of which two weights have one path"))
    return found + [d for n, a in before.items() for name in [n.partition("/")[2]]
                    for d in equal(name, after[f"after/{name}"], a)]


def same(name: str, due: np.ndarray, seen: np.ndarray, why: str) -> list[Deviation]:
    """A deviation where two arrays of one model are not the same to some roundings: another graph may add in another order."""
    if due.shape != seen.shape:
        return [Deviation(name, f"{name} ({why}): shape {seen.shape}, expected {due.shape}")]
    off, most = float(np.abs(seen - due).max()), float(1e-5 * np.abs(due).max())
    if off <= most:
        return []
    return [Deviation(name, f"{name} ({why}): off by {off:.3g}, allowed {most:.1e}", off, most)]
