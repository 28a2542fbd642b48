"""Directions: forward, backward and both, per valid length."""

from __future__ import annotations

import numpy as np

from cases.batches import Batch, steps, with_cotangents
from cases.invariants.base import Case, alike, invariant, output_valid
from cases.invariants.values import drawless
from cases.layers import Layer
from cases.requests import Observation


def half(layer: Layer, direction: str, **changes) -> Layer:
    """The layer that one direction of a bidirectional one is, run forward."""
    return layer.but(direction="forward", merge="concat", **changes)


def half_of(mapping, direction: str):
    """The entries of one direction, renamed to forward."""
    return mapping and {n.replace(f"/{direction}/", "/forward/"): v for n, v in mapping.items() if f"/{direction}/" in n}


def reverse_valid(array: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """`array` (batch, time, …) with each row's valid steps in reversed order, masked steps where they were."""
    result = array.copy()
    for row in range(array.shape[0]):
        at = np.flatnonzero(valid[row])
        result[row, at] = array[row, at[::-1]]
    return result


@invariant("Both directions together are forward, merged with backward over each row's own valid steps.",
           lambda c: drawless(c) and c.layer.direction == "bidirectional" and c.layer.layers == 1,
           "Keras: Bidirectional; PyTorch: bidirectional=True")
def directions_compose(ask, case):
    layer, batch = case.layer, case.batch
    request = case.request()
    parts, arrays = {}, {}
    for direction in ("forward", "backward"):
        inputs = batch.inputs if direction == "forward" else reverse_valid(batch.inputs, batch.valid)
        one = half(layer, direction)
        own = with_cotangents(one, Batch(inputs, batch.mask, half_of(batch.initial_states, direction)), case.seed)
        seen = ask(case.request(own, layer=one, weights=half_of(case.weights, direction)))
        flip = direction == "backward" and layer.return_sequences
        parts[direction] = reverse_valid(seen["outputs"], batch.valid) if flip else seen["outputs"]
        arrays |= {n.replace("/forward/", f"/{direction}/"): v for n, v in seen.named("states").items()}
    ahead, back = parts["forward"], parts["backward"]
    if layer.merge == "none":
        arrays |= {"outputs/forward": ahead, "outputs/backward": back}
    else:
        arrays["outputs"] = {
            "concat": lambda: np.concatenate([ahead, back], axis=-1), "sum": lambda: ahead + back,
            "ave": lambda: (ahead + back) / 2, "mul": lambda: ahead * back,
        }[layer.merge]()
    whole = ask(request)
    return alike(whole, Observation(arrays), request, "outputs", "states", what="against its two directions",
                 where=output_valid(request))


@invariant("A backward layer is a forward one over the reversed sequence.",
           lambda c: drawless(c) and c.layer.direction == "backward" and c.layer.layers == 1, "Keras: go_backwards")
def backward_is_reversed(ask, case):
    ahead = case.layer.but(direction="forward")
    batch = case.batch
    flipped = Batch(
        batch.inputs[:, ::-1], None if batch.mask is None else batch.mask[:, ::-1], half_of(batch.initial_states, "backward"),
        half_of(batch.cotangents, "backward") | {"outputs": batch.cotangents["outputs"]},
    )
    request = case.request()
    seen = ask(case.request(flipped, layer=ahead, weights=half_of(case.weights, "backward")))
    arrays = {n.replace("/forward/", "/backward/"): v for n, v in seen.arrays.items()}
    return alike(ask(request), Observation(arrays), request, "outputs", "states", what="forward over the reversed",
                 where=output_valid(request))


def reads_one_way(case: Case) -> bool:
    return drawless(case) and case.layer.return_sequences and case.layer.direction != "bidirectional" and case.batch.time > 2 \
        and case.layer.layers == 1 and case.plan.mask != "empty"


@invariant("No output depends on a step that comes later in its direction.", reads_one_way)
def no_output_sees_the_future(ask, case):
    batch, cut = case.batch, case.batch.time // 2
    random = case.random("future")
    changed = batch.inputs.copy()
    later = slice(cut, None) if case.layer.direction == "forward" else slice(0, batch.time - cut)
    changed[:, later] = random.permutation(changed[:, later].ravel()).reshape(changed[:, later].shape) * 1.5
    request = case.request()
    early = np.zeros(batch.inputs.shape[:2], bool)
    early[:, :cut] = True
    return alike(ask(request), ask(case.request(batch.but(inputs=changed))), request, "outputs",
                 what="later steps changed", where=early & output_valid(request))


@invariant("The first steps of a sequence give what they give alone.",
           lambda c: reads_one_way(c) and c.layer.direction == "forward")
def prefix_is_the_same_alone(ask, case):
    cut = case.batch.time // 2
    prefix = steps(case.batch, 0, cut)
    request = case.request(prefix)
    whole = ask(case.request())
    arrays = {n: a[:, :cut] for n, a in whole.named("outputs").items()}
    return alike(Observation(arrays, facts=whole.facts), ask(request), request, "outputs", what=f"the first {cut} steps alone",
                 where=prefix.valid)
