"""Numbers far from zero, and the shortest sequences: where kernels take short cuts."""

from __future__ import annotations

import numpy as np

from cases.batches import steps
from cases.invariants.base import against_reference, invariant
from cases.invariants.values import drawless

FAR = 16.0
"""A power of two, so that inputs remain exact in float32; it saturates sigmoid and tanh."""


@invariant(
    "Inputs far from zero, which saturate the gates, and given states as far, give the outputs and states of the reference.",
    drawless,
)
def far_inputs_match_reference(ask, case):
    states = case.batch.initial_states and {name: array * FAR for name, array in case.batch.initial_states.items()}
    request = case.request(case.batch.but(inputs=case.batch.inputs * FAR, initial_states=states))
    return against_reference(ask(request), request, "outputs", "states")


@invariant(
    "A sequence of one step holds the given states of every row whose step is masked, and moves those of the others.",
    lambda c: drawless(c) and c.plan.states and c.layer.return_state and c.batch.time > 0,
)
def one_masked_step(ask, case):
    masked = np.arange(case.batch.size)[:, None] % 2 == 0
    request = case.request(steps(case.batch, 0, 1).but(mask=~masked, cotangents=None))
    return against_reference(ask(request), request, "outputs", "states")
