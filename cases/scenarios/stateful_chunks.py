"""`stateful-chunks` (document 2): a long sequence in parts, its state carried from part to part.

Three rows of 9 steps go through one LSTM, GRU or SimpleRNN, whole, and cut in halves, in thirds, after the first step, and into
single steps. In Keras the layer is stateful; in PyTorch (h, c) is passed by hand.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from cases.batches import Batch, BatchPlan, steps, with_cotangents
from cases.invariants.base import against_reference, alike, exactly_zero
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest, ModelRequest, draw_model_weights, node, sequential
from cases.requests import Deviation, Observation, Request, Reset
from cases.scenarios.base import claim, refused
from cases.tolerance import expect

NAME = "stateful-chunks"
TIME = 9
CELLS = [{"cell": c} for c in ("lstm", "gru", "simple_rnn")]
CUTS = {"halves": (4,), "thirds": (3, 6), "ones": tuple(range(1, TIME)), "first": (1,)}
AT = 4
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


@claim(NAME, "Another batch size than the one that the model's input declares is an error that names both sizes.",
       says="A stateful layer needs a fixed batch size: batch_input_shape declares it.", sparing=CELLS[:1], variants=CELLS)
def declared_batch_size(ask, cell):
    request = asked(cell)
    made = sequential(NAME, node("input", "input", shape=request.batch.inputs.shape[1:], rows=ROWS),
                      node("layer", "recurrent", layer=request.layer.but(return_state=False)))
    whole = ModelRequest(made, draw_model_weights(made), request.batch.inputs)
    outputs = ask(replace(request, layer=request.layer.but(stateful=False)))["outputs"]
    found = [] if ask(whole)["predictions"].shape == outputs.shape else [Deviation("predictions", "the declared size fails")]
    answer = ask.answer(replace(whole, inputs=whole.inputs[:OTHER]))
    return [*found, *refused(answer, f"{cell}: two rows where three are declared", {str(ROWS)}, {str(OTHER)})]


@cache
def states_by_hand(cell: str, detached: bool) -> FunctionRequest:
    """A sequence in two parts, the second begun with the states of the first, passed by hand, detached or not; the loss is of
    the second part's outputs alone.

    The observation's arrays: `gradients/inputs` (batch, time, features), of both parts, and `gradients/weights/NAME`.
    """
    layer = asked(cell, stateful=False).layer.but(return_state=False)
    batch = with_cotangents(layer, asked(cell).batch)
    return FunctionRequest("states_by_hand", (("layer", layer), ("weights", draw_weights(layer)), ("batch", batch), ("at", AT),
                                           ("detached", detached)))


HOW = [{**c, "passed": how} for c in CELLS for how in ("detached", "attached")]


@claim(NAME, "Passed on detached, the states stop the gradient: it is exactly zero at the first part, and at the second that of "
             "a run from given states; not detached, the gradients are those of one run.", HOW, sparing=HOW[:2],
       says="PyTorch: (h, c) is passed by hand; gradients stop at the cut only if it is detached.")
def gradients_stop_only_if_detached(ask, cell, passed):
    request = states_by_hand(cell, passed == "detached")
    options, seen = dict(request.arguments), ask(request)
    layer, batch = options["layer"], options["batch"]
    if passed == "attached":
        late = {"outputs": batch.cotangents["outputs"] * (np.arange(TIME) >= AT)[:, None]}
        whole = Request(layer, options["weights"], batch.but(cotangents=late), wants=("gradients",))
        return against_reference(seen, whole, "gradients")
    first = Request(layer.but(return_state=True), options["weights"], steps(batch, 0, AT).but(cotangents=None))
    states = {name.removeprefix("states/"): due.value for name, due in expect(first).items() if name.startswith("states/")}
    alone = Request(layer, options["weights"], steps(batch, AT, TIME).but(initial_states=states), wants=("gradients",))
    here = Observation(dict(seen.arrays) | {"gradients/inputs": seen["gradients/inputs"][:, AT:]}, facts=seen.facts)
    return [*exactly_zero("gradients/inputs", seen["gradients/inputs"][:, :AT], "before the cut"),
            *against_reference(here, alone, "gradients/inputs", "gradients/weights")]
