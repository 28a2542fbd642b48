"""Consecutive calls, in any direction: what a later one takes over from those before it."""

from __future__ import annotations

from dataclasses import replace

from cases.invariants.base import EVERYTHING, Case, alike, invariant, output_valid
from cases.invariants.values import drawless


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
        by_hand = batch.but(initial_states={name: seen[f"states/{name}"] for name in plain.state_keys()})
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


@invariant(
    "States that are given go before those that a stateful layer carries.",
    lambda c: carries(c) and c.plan.states,
    "Keras: RNN(stateful=True) called with initial_state",
)
def given_states_go_first(ask, case):
    request = case.request(layer=case.layer.but(stateful=False))
    stateful = case.layer.but(stateful=True)
    seen = ask(case.request(layer=stateful, before=(case.batch.but(initial_states=None),)))
    return alike(
        seen,
        ask(request),
        request,
        "outputs",
        "states",
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
    plain, stateful = case.layer.but(stateful=False), case.layer.but(stateful=True)
    batch = case.batch.but(initial_states=None)
    first = ask(case.request(batch, layer=plain))
    states = {name: first[f"states/{name}"] for name in plain.state_keys()}
    by_hand = case.request(batch.but(initial_states=states), layer=plain, wants=EVERYTHING)
    second = ask(case.request(batch, layer=stateful, before=(batch,), wants=EVERYTHING))
    due = ask(by_hand)
    kept = {name: array for name, array in due.arrays.items() if not name.startswith("gradients/states/")}
    return alike(second, replace(due, arrays=kept), by_hand, "loss", "gradients", what="second run against states given by hand")
