"""Consecutive calls, in any direction: what a later one takes over from those before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.batches import with_cotangents
from cases.invariants.base import EVERYTHING, FORWARD, Case, alike, final_states, invariant, output_valid
from cases.invariants.values import drawless
from cases.requests import Deviation, Observation, Request, Reset


def carries(case: Case) -> bool:
    """Layers that can be asked to be stateful, and whose states can be seen."""
    return drawless(case) and case.layer.return_state


@invariant(
    "Every further run of a stateful layer, in any direction, goes on from the final states of the run before it.",
    carries,
    "stateful-chunks",
)
def runs_go_on(ask, case):
    plain, stateful = case.layer.but(stateful=False), case.layer.but(stateful=True)
    batch = by_hand = case.batch.but(initial_states=None)
    for _ in range(2):
        seen = ask(case.request(by_hand, layer=plain))
        by_hand = batch.but(initial_states=final_states(seen, plain))
    request = case.request(by_hand, layer=plain)
    third = ask(case.request(batch, layer=stateful, before=(batch, batch)))
    return alike(
        third,
        ask(request),
        request,
        "outputs",
        "states",
        what="third run against states given by hand",
        where=output_valid(request),
    )


def unseen(case: Case) -> bool:
    """Layers whose states can be given by hand."""
    return drawless(case) and case.layer.return_state and case.batch.time > 0 and case.plan.mask != "empty"


def silent_run(ask, case: Case, before: tuple, training: bool = False) -> tuple[Observation, Request]:
    """The last of some runs of a stateful layer that returns no states, and what it was asked."""
    layer = case.layer.but(stateful=True, return_state=False)
    batch = with_cotangents(layer, case.batch.but(initial_states=None), case.seed)
    execution = case.execution.but(mode="training" if training else case.execution.mode)
    request = case.request(batch, layer=layer, before=tuple(batch if b is None else b for b in before), execution=execution)
    return ask(request), request


def by_hand(ask, case: Case) -> Observation:
    """The second of two runs, the final states of the first given to it by hand."""
    plain = case.layer.but(stateful=False)
    first = ask(case.request(case.batch.but(initial_states=None), layer=plain))
    states = final_states(first, plain)
    return ask(case.request(case.batch.but(initial_states=states), layer=plain))


@invariant(
    "A stateful layer that returns no states goes on from them all the same, in any direction, in training as in inference.",
    unseen,
    "stateful-chunks",
)
def unseen_states_go_on(ask, case):
    due, found = by_hand(ask, case), []
    drops = case.layer.dropout or case.layer.recurrent_dropout
    for training in (False,) if drops else (False, True):
        seen, request = silent_run(ask, case, (None,), training)
        what = f"second run{' in training' if training else ''} against states given by hand"
        found += alike(seen, due, request, "outputs", what=what, where=output_valid(request))
    return found


@invariant(
    "A stateful layer that returns no states gives in its first run what one gives that is not stateful, in padding too, "
    "and again after a reset, in any direction.",
    unseen,
    "stateful-chunks",
)
def reset_forgets_unseen_states(ask, case):
    first, request = silent_run(ask, case, ())
    again, _ = silent_run(ask, case, (None, Reset()))
    found = alike(first, again, request, "outputs", what="after a run and a reset")
    plain = ask(case.request(case.batch.but(initial_states=None), layer=case.layer.but(stateful=False)))
    found += alike(first, plain, request, "outputs", what="first run against a layer that is not stateful")
    after, _ = silent_run(ask, case, (None,))
    if repeats(first, after, request) and not repeats(first, by_hand(ask, case), request):
        found.append(Deviation("outputs", "without a reset the second run is the first: nothing is carried"))
    return found


def repeats(one: Observation, other: Observation, request: Request) -> bool:
    """Whether the outputs are the same numbers."""
    return all(np.array_equal(one[name], other[name]) for name in request.layer.output_names)


def second_run(ask, case, batch, layer, states):
    """The gradients of the second run of the layer on the batch, stateful, against those with the states given by hand."""
    by_hand = case.request(batch.but(initial_states=states), layer=layer, wants=EVERYTHING)
    second = ask(case.request(batch, layer=layer.but(stateful=True), before=(batch,), wants=EVERYTHING))
    due = ask(by_hand)
    kept = {name: array for name, array in due.arrays.items() if not name.startswith("gradients/states/")}
    return alike(second, replace(due, arrays=kept), by_hand, "loss", "gradients", what="second run against states given by hand")


@invariant(
    "The gradients of a stateful layer's second run are those with the carried states given by hand, which are cut off there.",
    lambda c: unseen(c) and c.layer.direction == "forward" and c.execution.kernel == "fused",
    "stateful-chunks",
)
def carried_states_are_cut(ask, case):
    plain, batch = case.layer.but(stateful=False), case.batch.but(initial_states=None)
    first = ask(case.request(batch, layer=plain))
    unseen = plain.but(return_state=False)
    return second_run(ask, case, with_cotangents(unseen, batch, case.seed), unseen, final_states(first, plain))


@invariant(
    "States that are given go before those that a stateful layer carries, and have gradients there too.",
    lambda c: carries(c) and c.plan.states,
    "Keras: RNN(stateful=True) called with initial_state",
)
def given_states_go_first(ask, case):
    layer = case.layer
    wants = EVERYTHING if (layer.cell, layer.layers) == ("lstm", 1) and layer.direction != "bidirectional" else FORWARD
    request = case.request(layer=layer.but(stateful=False), wants=wants)
    seen = ask(case.request(layer=layer.but(stateful=True), wants=wants, before=(case.batch.but(initial_states=None),)))
    return alike(
        seen,
        ask(request),
        request,
        "outputs",
        "states",
        "gradients",
        what="given after a run against given at once",
        where=output_valid(request),
    )


@invariant(
    "Gradients are those of the call that they are asked of, whatever was called before it.",
    lambda c: drawless(c) and not c.layer.stateful,
    "bucketing: gradients are cleared between steps",
)
def gradients_are_of_this_call(ask, case):
    request = case.request(wants=EVERYTHING)
    after = ask(case.request(wants=EVERYTHING, before=(case.batch,)))
    return alike(ask(request), after, request, "loss", "gradients", what="after another call")


@invariant(
    "The gradients of a stateful layer's run are those of the same call with its states given by hand; none flows on into "
    "the run before.",
    lambda c: carries(c) and c.layer.direction == "forward" and c.batch.time > 0 and c.batch.size > 0,
    "stateful-chunks: truncated backpropagation through time",
)
def stateful_runs_have_gradients(ask, case):
    plain, batch = case.layer.but(stateful=False), case.batch.but(initial_states=None)
    first = ask(case.request(batch, layer=plain))
    return second_run(ask, case, batch, plain, final_states(first, plain))
