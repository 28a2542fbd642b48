"""The batch is a set of independent rows."""

from __future__ import annotations

import numpy as np

from cases.batches import rows
from cases.invariants.base import Case, alike, invariant, output_valid
from cases.invariants.values import drawless
from cases.layers import Layer
from cases.requests import Deviation, Observation


def several(case: Case) -> bool:
    return drawless(case) and case.batch.size > 1 and not case.layer.stateful


def taken(seen: Observation, which) -> Observation:
    """The rows `which` of everything that has rows."""
    arrays = {n: a[which] for n, a in seen.arrays.items() if n.startswith(("outputs", "states"))}
    return Observation(arrays, seen.kernel, facts=seen.facts)


@invariant("Rows in another order give the same answers in that order.", several)
def batch_order(ask, case):
    order = case.random("order").permutation(case.batch.size)
    if np.array_equal(order, np.arange(case.batch.size)):
        order = order[::-1]
    request = case.request()
    moved = ask(case.request(rows(case.batch, order)))
    return alike(taken(ask(request), order), moved, request, "outputs", "states", what="rows in another order",
                 where=None if (valid := output_valid(request)) is None else valid[order])


def shows(layer: Layer) -> bool:
    """Whether NaN goes through its activations: some that cut numbers off give a number for it."""
    return layer.activation == "tanh" and layer.recurrent_activation == "sigmoid"


@invariant("A row's answer does not depend on what else is in the batch, nor on NaN there, which shows in the row that has it.",
           several, "scenarios: batch mates")
def batch_mates(ask, case):
    row = int(np.argmin(np.where(case.batch.lengths > 0, case.batch.lengths, case.batch.time + 1)))
    other = case.plan.draw(case.layer, case.seed + 7)
    keep = np.arange(case.batch.size) == row
    mix = lambda a, b: np.where(keep.reshape((-1,) + (1,) * (a.ndim - 1)), a, b)  # noqa: E731
    batch = case.batch
    mixed = batch.but(
        inputs=mix(batch.inputs, other.inputs),
        mask=None if batch.mask is None else mix(batch.mask, other.mask),
        initial_states=batch.initial_states and {n: mix(v, other.initial_states[n]) for n, v in batch.initial_states.items()},
    )
    request, lost = case.request(), next(other for other in range(case.batch.size) if other != row)
    loud = mixed.inputs.copy()
    loud[lost, valid_step := int(np.argmax(mixed.valid[lost]))] = np.nan
    seen, valid = ask(case.request(mixed.but(inputs=loud))), output_valid(request)
    found = alike(taken(ask(request), [row]), taken(seen, [row]), request, "outputs", "states",
                  what=f"row {row} among other rows", where=None if valid is None else valid[[row]])
    if mixed.valid[lost, valid_step] and shows(case.layer):
        found += [Deviation(name, f"{name}: row {lost} was given NaN, and nothing of it shows")
                  for name, state in seen.named("states").items() if not np.isnan(state[lost]).any()]
    return found


@invariant("A row alone in its batch gives what it gives among others.", several)
def row_alone(ask, case):
    row = int(np.argmax(case.batch.lengths))
    request = case.request()
    valid = output_valid(request)
    alone = ask(case.request(rows(case.batch, [row])))
    return alike(taken(ask(request), [row]), alone, request, "outputs", "states", what=f"row {row} alone",
                 where=None if valid is None else valid[[row]])


@invariant("Equal rows give equal answers, wherever they stand.", several, "dynamic-rnn, claim 8")
def equal_rows_agree(ask, case):
    which = np.arange(case.batch.size)
    which[-1] = 0
    batch = rows(case.batch, which)
    request = case.request(batch)
    seen = ask(request)
    valid = output_valid(request)
    return alike(taken(seen, [0]), taken(seen, [-1]), request, "outputs", "states", what="first row against its copy",
                 where=None if valid is None else valid[[0]])
