"""Models within models, made again with their weights: through files of every kind, and as clones. Every weight
differs, so that each says where it comes from.

The model: a sequence and a graph within a graph, both with layers of one name; a layer that is called twice; a loop over three
cells of a kind. Each clone holds all of it, each file the loop.
"""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare

ROWS, STEPS, FEATURES = 2, 3, 2
OTHER = 9.0
"""What every weight is of a model that is to be given others."""
FILES = ("weights.json", "keras")
"""Of weights in parts, each of so many bytes at most; of a whole model, of which the weights are loaded."""
PART, LISTED = 128, 8


SKIPPED = ("skipped", "skipped in a whole model", "skipped by name")
"""Of a file of weights, of that of a whole model, and where a layer that would fit is to be skipped."""


def inputs() -> np.ndarray:
    """(rows, steps, features)."""
    return generator("whole copies").uniform(0.5, 1.5, (ROWS, STEPS, FEATURES))


@statement("A file of weights, in one piece, in parts, or within that of a whole model, gives a model made of the text of its "
           "own each of its weights, of layers in lists within lists, a set or a tuple, too; layers of other sizes, where they "
           "are to be passed over, stay what they were; a model that is loaded without being compiled has them too, and "
           "so has a sequence that was built by its first call.",
           sparing=0, source="Keras: save_weights(max_shard_size), load_weights(skip_mismatch), load_model(compile=False)")
def files_hold_every_weight(ask) -> list[Deviation]:
    """Arrays: `own/N`, the weights; `WAY/N`, those of the other model; `WAY/N` of each way in `SKIPPED`, of one whose last
    layer is passed over;
    `listed/N` and `lists/N`, of one that holds lists within lists and a set, and of the other.
    `late/N`, of a sequence that was built by its first call, `late again/N`, once it is loaded, and `named/N`, of one whose last
    layer is of another size, by the names of layers.
    Facts: `last`, how many of the weights are the last layer's; `compiled`, whether the loaded model is; `parts`, files;
    `unbuilt`, whether weights of a model that has none yet are saved or refused."""
    seen = ask(FunctionRequest("kept_whole", (("inputs", inputs()), ("files", FILES), ("other", OTHER), ("part", PART))))
    own, last = seen.named("own"), seen.facts["last"]
    found = [] if own and last else [Deviation("own", "no weight came")]
    for way in (*FILES, "uncompiled"):
        found += [d for name, due in own.items() for place in [name.partition("/")[2]]
                  for d in equal(f"{way}/{place}", seen[f"{way}/{place}"], due)]
    for place in range(len(own)):
        for way in SKIPPED:
            given, kept = seen[f"own/{place}"], seen[f"{way}/{place}"]
            passed = place >= len(own) - last
            found += equal(f"{way}/{place}", kept, np.full_like(kept, OTHER) if passed else given)
    for name, due in seen.named("listed").items():
        found += equal(name, seen[name.replace("listed", "lists")], due)
    late = seen.named("late")
    for place, due in enumerate(late.values()):
        kept = seen[f"named/{place}"]
        found += equal(f"late again/{place}", seen[f"late again/{place}"], due)
        found += equal(f"named/{place}", kept, due if place < len(late) // 2 else np.full_like(kept, OTHER))
    found += [] if len(seen.named("listed")) == LISTED else [Deviation("listed", f"{len(seen.named('listed'))} weights came")]
    if seen.facts["unbuilt"] != "refused":
        found.append(Deviation("unbuilt", "a file of no weights was written of a model that has none yet, and nothing said"))
    if seen.facts["compiled"]:
        found.append(Deviation("compiled", "a model that was to be loaded uncompiled is compiled"))
    return found if seen.facts["parts"] > 1 else [*found, Deviation("parts", f"{seen.facts['parts']} files, expected several")]


CLONES = ("whole", "recursive", "sequence", "on_other_inputs", "by_function", "pickled", "copied")
"""The model cloned as it is, and with what is within it; a sequence, compiled; the sequence on other inputs; a graph of which the
user's function makes each layer, and another calls it; the sequence by Python's own pickle and deep copies."""


@statement("A clone computes what its model does once it has its weights, has layers of its own, and is compiled as its model "
           "is; with all that is within it where that is asked for, on the inputs that are given, and by the functions that make "
           "and call its layers; so is what Python copies, which has its weights.", {"kind": CLONES},
           strength=(1, 1, 1), sparing=0,
           usual={"kind": ("recursive", "on_other_inputs", "by_function", "pickled")},
           source="Keras: clone_model(input_tensors, clone_function, call_function, recursive)")
def clones_are_whole(ask, kind) -> list[Deviation]:
    """Arrays: `due`, `seen`, predictions; `again`, the model's after the clone was given other weights; `told`, the clone's loss.
    Facts: `compiled`, how the clone is, `as`, how its model is; `shared`, the names of layers that both have; `called`, what the
    user's functions were asked for, and `layers`, what they were to be asked for; `named` and `names`, of both; `found`, its
    layers as they are asked for by number and by name, `order`, as they are."""
    seen = ask(FunctionRequest("cloned_whole", (("inputs", inputs()), ("kind", kind), ("other", OTHER))))
    slack = 1e-6 * (1 + np.abs(seen["due"]).max())
    found = [] if np.ptp(seen["due"]) > slack else [Deviation("due", "every prediction is the same number")]
    for name in ("seen", "again"):
        if seen[name].shape != seen["due"].shape or np.abs(seen[name] - seen["due"]).max() > slack:
            found.append(Deviation(name, f"{name}: {seen[name].ravel()[:4]}, expected {seen['due'].ravel()[:4]}"))
    if kind == "recursive":  # without penalties, targets zero
        found += compare("told", seen["told"], np.array(np.mean(seen["due"].astype("float64") ** 2)), 1e-5)
    if seen.facts["shared"] and kind != "whole":
        found.append(Deviation("shared", f"layers of both: {sorted(seen.facts['shared'])}"))
    if seen.facts["as"] == "null":
        found.append(Deviation("as", "a model that is not compiled tells no configuration, where an empty one is documented"))
    for name, due in (("called", "layers"), ("named", "names"), ("found", "order"), ("compiled", "as")):
        if seen.facts[name] != seen.facts[due]:
            found.append(Deviation(name, f"{name}: {seen.facts[name]}, expected {seen.facts[due]}"))
    return found
