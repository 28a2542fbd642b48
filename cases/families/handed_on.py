"""What a layer hands on beside its numbers: the masks that its results carry, the states that it lists."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan
from cases.families.base import equal, statement
from cases.families.wrappers import PARTS
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS = 4, 5
SLACK = 256 * unit_roundoff("float32")
VALID = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0]], bool)
"""Alike from both ends: in which order a layer that runs backwards passes its mask on is a question of its own."""
OWN = ("lstm", "forward", True)
"""Where a layer of one's own is asked about, too: part, direction, whether sequences are returned."""
LOPSIDED = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 0], [0, 1, 1, 1, 1], [0, 1, 0, 0, 0]], bool)
"""For all others: results of both directions are in the order of the inputs."""


@statement("Every sequence among a layer's results carries the mask of its input, and nothing else carries one; last outputs "
           "that are not merged come in the order of their states; results of a layer of one's own carry the mask that each "
           "has, or else the one that it computes for each.", {
    "part": tuple(PARTS), "direction": ("forward", "bidirectional", "backward"), "merge": ("concat", "none", "sum", "ave", "mul"),
    "return_sequences": (True, False), "return_state": (True, False),
}, usual={"part": ("lstm", "gru", "cells", "conv_lstm"), "merge": ("concat", "none")}, strength=(1, 3, 3), sparing=5,
           dear={"part": ("gru", "cells", "conv_lstm")}, senseless=(
    (("direction", "merge"), lambda direction, merge: merge != "concat" and direction != "bidirectional"),
), source="Keras: RNN.compute_mask, Bidirectional.compute_mask")
def results_carry_their_masks(ask, part, direction, merge, return_sequences, return_state):
    valid, own = VALID if direction == "backward" else LOPSIDED, (part, direction, return_sequences) == OWN
    seen = ask(FunctionRequest("carried_masks", (
        ("part", part), ("direction", direction), ("merge", merge), ("return_sequences", return_sequences),
        ("return_state", return_state), ("mask", valid), ("own", own))))
    count = 2 if merge == "none" else 1
    found = [] if seen.facts.get("results", 0) >= count else [Deviation("results", "results are missing")]
    for place in range(seen.facts.get("results", 0)):
        name = f"masks/{place}"
        due = valid if return_sequences and place < count else None
        mask = seen.arrays.get(name)
        if (mask is None) != (due is None):
            words = f"result {place} carries {'no mask' if mask is None else f'a mask of shape {mask.shape}'}"
            found.append(Deviation(name, f"{words}, expected {'none' if due is None else 'that of the input'}"))
        elif due is not None and not np.array_equal(mask.astype(bool), due):
            words = [each.astype(int).tolist() for each in (mask, due)]
            found.append(Deviation(name, f"result {place}: found {words[0]}, expected {words[1]}"))
    due = (return_sequences, *(seen.facts.get("answer", 1) - 1) * (False,))
    if direction != "bidirectional" and seen.facts.get("told", due) != due:  # compute_mask
        found.append(Deviation("told", f"told, which result carries a mask: {seen.facts['told']}, expected {due}"))
    if own:
        masks = {"own/0": valid, "own/1": ~valid, "kept/0": valid[:, ::-1], "kept/1": ~valid}
        found += [d for name, due in masks.items() for d in equal(name, seen.arrays.get(name, np.array(np.nan)), due)]
    if merge == "none" and return_state:  # a last output is the first state of its last cell
        ends = STEPS - 1 - valid[:, ::-1].argmax(axis=1), valid.argmax(axis=1)
        half = (seen.facts["results"] - count) // count
        before = sum(len(layer.state_names) for layer in PARTS[part][:-1])
        for place in range(count):
            last = seen[f"results/{place}"]
            last = last[np.arange(ROWS), ends[place]] if return_sequences else last
            state = seen[f"results/{count + place * half + before}"]
            found += equal(f"results/{place}", last, state, "the state of its direction")
    return found


@statement("The states that a stateful layer lists are what it goes on from: given to a layer with its weights, in a tuple, they "
           "give what it gives; and there are none of them after either name of its reset, or where a loop is built again.",
           {"part": tuple(PARTS), "direction": ("forward", "bidirectional", "backward")},
           usual={"part": ("lstm", "gru")}, strength=(1, 2, 2), sparing=1, source="Keras: RNN.states, Bidirectional.states")
def listed_states_go_on(ask, part, direction):
    layer = PARTS[part][0]
    batches = tuple(BatchPlan(ROWS, STEPS).draw(layer, seed=seed).but(cotangents=None).inputs for seed in (0, 1))
    seen = ask(FunctionRequest("listed_states", (("part", part), ("direction", direction), ("batches", batches))))
    due = seen["carried"].astype("float64")
    found = compare("given", seen["given"], due, SLACK * np.maximum(1.0, np.abs(due)))
    new = seen["fresh"].astype("float64")
    found += [d for name, again in seen.named("after").items()
              for d in compare(name, again, new, SLACK * np.maximum(1.0, np.abs(new)))]
    if part != "cells" and not seen.named("after"):
        found.append(Deviation("after", "nothing was reset"))
    if np.abs(due - seen["fresh"]).max(initial=0.0) <= 16 * SLACK:
        found.append(Deviation("carried", "the states of the first batch make no difference to the second"))
    return found
