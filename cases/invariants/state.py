"""States: what is carried, what is forgotten, what is returned."""

from __future__ import annotations

import numpy as np

from cases.batches import Batch, steps, with_cotangents
from cases.invariants.base import Case, alike, final_states, handed_on, invariant, output_valid
from cases.invariants.values import drawless
from cases.requests import Deviation, Observation, Reset

NEVER_FLAT = ("tanh", "sigmoid", "softsign", "linear", "elu", "softplus")
"""Activations that let every change through; a relu may not, nor may many steps, where the change is rounded away."""


def one_way(case: Case) -> bool:
    return drawless(case) and case.layer.direction == "forward"


def sequences(case: Case) -> bool:
    return drawless(case) and case.layer.return_sequences and case.layer.return_state


def other_batch(case: Case) -> Batch:
    """Another batch of the same shape, mask and kind."""
    return case.plan.draw(case.layer, case.seed + 1)


def joined(layer, parts: list[Observation]) -> Observation:
    """The outputs of consecutive calls side by side, and the states of the last."""
    arrays = dict(parts[-1].arrays)
    for name in layer.output_names:
        arrays[name] = np.concatenate([part[name] for part in parts], axis=1)
    return Observation(arrays, parts[-1].kernel, facts=parts[-1].facts)


@invariant("The output at a row's last valid step is its final state.",
           lambda c: sequences(c) and c.layer.merge in ("concat", "none") and c.plan.mask != "empty",
           "dynamic-rnn, claim 2")
def last_output_is_final_state(ask, case):
    layer, request = case.layer, case.request()
    seen = ask(request)
    valid = output_valid(request)
    nonempty = np.flatnonzero(valid.any(axis=1))
    found = {}
    for number, direction in enumerate(layer.directions):
        name = f"outputs/{direction}" if layer.merge == "none" and len(layer.directions) == 2 else "outputs"
        outputs = seen[name]
        if len(layer.directions) == 2 and layer.merge == "concat":
            outputs = outputs[..., number * layer.units : (number + 1) * layer.units]
        first = direction == "backward" and layer.direction == "bidirectional"
        last = valid.argmax(axis=1) if first else valid.shape[1] - 1 - valid[:, ::-1].argmax(axis=1)
        found[f"states/{layer.layers - 1}/{direction}/h"] = outputs[nonempty, last[nonempty]]
    states = Observation({name: seen[name][nonempty] for name in found}, facts=seen.facts)
    return alike(states, Observation(found), request, "states", what="state against last valid output")


@invariant("A row's state is frozen from its last valid step on.",
           lambda c: one_way(c) and sequences(c) and c.plan.mask == "right", "dynamic-rnn, claims 3 and 7")
def state_is_frozen(ask, case):
    row = int(np.argmin(case.batch.lengths))
    stop = int(case.batch.lengths[row])
    request = case.request()
    whole, short = ask(request), ask(case.request(steps(case.batch, 0, stop)))
    pick = lambda seen: Observation({n: a[[row]] for n, a in seen.named("states").items()}, facts=seen.facts)  # noqa: E731
    return alike(pick(whole), pick(short), request, "states", what=f"row {row}: at its end against at step {stop}")


@invariant("Without initial states a layer starts from zeros.", lambda c: drawless(c) and not c.plan.states)
def no_states_are_zeros(ask, case):
    request = case.request()
    zeros = {name: np.zeros((case.batch.size, case.layer.units)) for name in case.layer.state_keys()}
    return alike(ask(request), ask(case.request(case.batch.but(initial_states=zeros))), request,
                 "outputs", "states", what="zeros given", where=output_valid(request))


@invariant("A sequence cut in two, the final states given to the second part by hand, is the whole sequence.",
           lambda c: one_way(c) and sequences(c) and c.batch.time >= 2 and not c.layer.stateful, "stateful-chunks")
def chunks_by_hand(ask, case):
    cut = case.batch.time // 2
    request = case.request()
    first = ask(case.request(steps(case.batch, 0, cut)))
    states = final_states(first, case.layer)
    second = ask(case.request(steps(case.batch, cut, case.batch.time).but(initial_states=states)))
    return alike(ask(request), joined(case.layer, [first, second]), request, "outputs", "states",
                 what=f"cut at step {cut}", where=output_valid(request))


def carried(case: Case) -> bool:
    """Layers that can be asked to be stateful: one way, and with the whole answer to compare."""
    return one_way(case) and sequences(case) and case.batch.time >= 2


@invariant("A stateful layer fed a sequence in parts gives what one run over the whole gives.", carried, "stateful-chunks")
def stateful_chunks(ask, case):
    layer = case.layer.but(stateful=True)
    batch = case.batch.but(initial_states=None)
    cut = batch.time // 2
    first, second = steps(batch, 0, cut), steps(batch, cut, batch.time)
    request = case.request(batch, layer=layer)
    whole = ask(request)
    parts = [ask(case.request(first, layer=layer)), ask(case.request(second, layer=layer, before=(first,)))]
    return alike(whole, joined(layer, parts), request, "outputs", "states", what=f"cut at step {cut}",
                 where=output_valid(request))


@invariant("After a reset a stateful layer gives the first run's results again.", carried, "stateful-chunks")
def reset_restores(ask, case):
    layer, batch = case.layer.but(stateful=True), case.batch.but(initial_states=None)
    request = case.request(batch, layer=layer)
    again = case.request(batch, layer=layer, before=(other_batch(case).but(initial_states=None), Reset()))
    return alike(ask(request), ask(again), request, "outputs", "states", what="after another batch and a reset")


@invariant("Without a reset a stateful layer's second run goes on from the first one's states, and hands its mask on.",
           carried, "stateful-chunks")
def stateful_carries(ask, case):
    layer, batch = case.layer.but(stateful=True), case.batch.but(initial_states=None)
    request = case.request(batch, layer=layer)
    first = ask(request)
    states = final_states(first, layer)
    by_hand = case.request(batch.but(initial_states=states), layer=case.layer.but(stateful=False))
    second = ask(case.request(batch, layer=layer, before=(batch,)))
    masks = handed_on(second, by_hand) if batch.mask is not None else []
    return masks + alike(second, ask(by_hand), by_hand, "outputs", "states", what="second run against states given by hand")


@invariant("A call changes nothing that a later call sees: a layer that is not stateful carries nothing.",
           lambda c: drawless(c) and not c.layer.stateful, "stateful-chunks")
def stateless_carries_nothing(ask, case):
    request = case.request()
    after = case.request(before=(other_batch(case), case.batch))
    return alike(ask(request), ask(after), request, "outputs", "states", what="after two other calls")


@invariant("The layer's last output is what its whole sequence ends with.",
           lambda c: drawless(c) and c.layer.return_sequences and c.layer.layers == 1 and c.plan.mask != "empty"
           and (c.layer.direction != "bidirectional" or c.layer.merge in ("concat", "none")))
def last_of_sequence(ask, case):
    layer = case.layer.but(return_sequences=False)
    request = case.request(with_cotangents(layer, case.batch, case.seed), layer=layer)
    last, sequence = ask(request), ask(case.request())
    valid = output_valid(case.request())
    nonempty = np.flatnonzero(valid.any(axis=1))
    found = {}
    for name in layer.output_names:
        width = sequence[name].shape[-1]
        picked = np.empty((nonempty.size, width))
        at_end = valid.shape[1] - 1 - valid[:, ::-1].argmax(axis=1)
        at_start = valid.argmax(axis=1)
        if layer.direction != "bidirectional":
            picked = sequence[name][nonempty, at_end[nonempty]]
        elif layer.merge == "none":
            picked = sequence[name][nonempty, (at_end if name.endswith("forward") else at_start)[nonempty]]
        else:
            half = layer.units
            picked = np.concatenate([sequence[name][nonempty, at_end[nonempty], :half],
                                     sequence[name][nonempty, at_start[nonempty], half:]], axis=-1)
        found[name] = picked
    ends = Observation({name: last[name][nonempty] for name in found}, facts=last.facts)
    return alike(ends, Observation(found), request, "outputs", what="against the end of the sequence")


@invariant("Asking for states or for the whole sequence changes no value.",
           lambda c: drawless(c) and c.layer.return_state)
def return_state_changes_nothing(ask, case):
    layer = case.layer.but(return_state=False)
    request = case.request()
    bare = ask(case.request(with_cotangents(layer, case.batch, case.seed), layer=layer))
    return alike(ask(request), bare, request, "outputs", what="without return_state")


@invariant("Other initial states give other outputs and final states: given states are used.",
           lambda c: drawless(c) and c.plan.states and c.plan.mask in ("none", "full", "right") and c.batch.time > 0
           and c.layer.activation in NEVER_FLAT and (c.layer.return_sequences or c.batch.time <= 8))
def given_states_are_used(ask, case):
    request = case.request()
    plain = ask(request)
    found = []
    for name, value in case.batch.initial_states.items():
        index, direction, _ = name.split("/")
        changed = dict(case.batch.initial_states) | {name: -value}
        seen = ask(case.request(case.batch.but(initial_states=changed)))
        output = "outputs" if "outputs" in plain.arrays else f"outputs/{direction}"
        if not np.isfinite(seen[output]).all():
            found.append(Deviation(output, f"{output}: not finite where the initial state {name} was negated"))
        elif np.array_equal(seen[output], plain[output]):
            found.append(Deviation(f"states/{name}", f"the initial state {name} was negated, and no output changed", 0.0))
    return found
