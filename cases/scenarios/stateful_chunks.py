"""`stateful-chunks` (document 2): a long sequence in parts, its state carried from part to part.

In Keras a stateful layer; in PyTorch (h, c) passed by hand.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.batches import Batch, BatchPlan, steps
from cases.invariants.base import alike
from cases.layers import Layer, draw_weights
from cases.requests import Deviation, Observation, Request, Reset
from cases.scenarios.base import claim, refused

NAME = "stateful-chunks"
TIME = 9
CELLS = [{"cell": c} for c in ("lstm", "gru", "simple_rnn")]
CUTS = {"halves": (4,), "thirds": (3, 6), "ones": tuple(range(1, TIME)), "first": (1,)}
ROWS, OTHER = 3, 2
"""The rows whose state is carried, and others: sizes that nothing else here has."""


def asked(cell: str, stateful: bool = True) -> Request:
    """A layer and one long sequence."""
    layer = Layer(cell, 5, 4, stateful=stateful)
    return Request(layer, draw_weights(layer), BatchPlan(ROWS, TIME).draw(layer))


def parts(batch: Batch, *cuts: int) -> list[Batch]:
    """The batch in parts, cut at these steps."""
    places = (0, *cuts, TIME)
    return [steps(batch, a, b) for a, b in zip(places, places[1:], strict=False)]


def last_part(ask, request: Request, before: tuple, part: Batch) -> Observation:
    return ask(replace(request, before=before, batch=part))


@claim(
    NAME,
    "The parts, one after the other, give the outputs and final states of one run, wherever they are cut.",
    [{**c, "cut": cut} for c in CELLS for cut in CUTS], sparing=[{**c, "cut": cut} for c in CELLS for cut in ("thirds", "first")],
    says="A stateful layer carries its state from batch to batch: a long sequence may be fed in parts.",
)
def chunks_are_one_run(ask, cell, cut):
    return in_parts(ask, asked(cell), CUTS[cut], f"cut into {cut}")


@claim(NAME, "A sequence cut once, at any of its steps, gives the outputs and final states of one run.",
       [{"at": step} for step in range(1, TIME)], depth="full",
       says="A stateful layer carries its state from batch to batch: a long sequence may be fed in parts.")
def any_cut(ask, at):
    return in_parts(ask, asked("lstm"), (at,), f"cut before step {at}")


def in_parts(ask, request: Request, cuts: tuple[int, ...], what: str) -> list[Deviation]:
    """Deviations of the parts, one after the other, from one run of a stateless layer."""
    pieces = parts(request.batch, *cuts)
    seen = [last_part(ask, request, tuple(pieces[:n]), piece) for n, piece in enumerate(pieces)]
    whole = ask(replace(request, layer=request.layer.but(stateful=False)))
    joined = dict(seen[-1].named("states")) | {"outputs": np.concatenate([s["outputs"] for s in seen], axis=1)}
    return alike(Observation(joined, facts=whole.facts), whole, request, "outputs", "states", what=what)


@claim(NAME, "After a reset the first run's results come again.", CELLS,
       says="reset_states() forgets the carried state.")
def reset_restores(ask, cell):
    request = asked(cell)
    again = ask(replace(request, before=(request.batch, Reset())))
    return alike(again, ask(request), request, "outputs", "states", what="after a reset")


@claim(NAME, "Without a reset the second run differs from the first.", CELLS,
       says="Without a reset the second sequence begins with the state of the first.")
def carries_without_reset(ask, cell):
    request = asked(cell)
    first, second = ask(request)["outputs"], ask(replace(request, before=(request.batch,)))["outputs"]
    same = [row for row in range(len(first)) if np.allclose(first[row, 0], second[row, 0], rtol=0, atol=1e-4)]
    return [Deviation("outputs", f"rows {same} begin again as if nothing had been carried")] if same else []


@claim(NAME, "A stateless layer carries nothing: its second run equals its first.", CELLS,
       says="A layer that is not stateful carries nothing from batch to batch.")
def stateless_carries_nothing(ask, cell):
    request = asked(cell, stateful=False)
    again = ask(replace(request, before=(request.batch,)))
    return alike(again, ask(request), request, "outputs", "states", what="called again")


@claim(NAME, "Another batch size than the one whose state is carried is an error that names both sizes.", CELLS,
       says="A stateful layer needs a fixed batch size.")
def another_batch_size(ask, cell):
    request = asked(cell)
    two = request.batch.but(inputs=request.batch.inputs[:OTHER])
    answer = ask.answer(replace(request, before=(request.batch,), batch=two))
    return refused(answer, f"{cell}: two rows after three", {str(ROWS)}, {str(OTHER)})
