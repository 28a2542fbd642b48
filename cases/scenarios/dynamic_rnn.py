"""`dynamic-rnn` (document 0): a batch of five short sequences, and what an RNN over lengths promises.

Five rows of 3 steps and 3 features, float32, with lengths [3, 1, 3, 2, 2], through a SimpleRNN and an LSTM of 6 units:

    [[0,1,2],[9,8,7],[3,6,8]], [[3,4,5],[0,10,110],[0,0,0]], [[6,7,8],[6,5,4],[1,7,4]], [[9,0,1],[3,7,4],[0,0,0]],
    [[9,0,1],[3,3,4],[0,0,0]]

Row 1 has length 1 although its step 1 is [0, 10, 110]: it is the length, not the zeros, that decides.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from cases.batches import Batch, rows, steps, with_cotangents, with_padding_content
from cases.invariants.base import against_reference, alike, exactly_zero
from cases.layers import Layer, draw_states, draw_weights
from cases.requests import Deviation, Observation, Request
from cases.scenarios import base
from cases.tolerance import compare, expect

INPUTS = np.array([
    [[0, 1, 2], [9, 8, 7], [3, 6, 8]],
    [[3, 4, 5], [0, 10, 110], [0, 0, 0]],
    [[6, 7, 8], [6, 5, 4], [1, 7, 4]],
    [[9, 0, 1], [3, 7, 4], [0, 0, 0]],
    [[9, 0, 1], [3, 3, 4], [0, 0, 0]],
], dtype=float)
LENGTHS = np.array([3, 1, 3, 2, 2])
MASK = np.arange(3) < LENGTHS[:, None]
UNITS = 6
CELLS = [{"cell": "simple_rnn"}, {"cell": "lstm"}]
FEW = CELLS[1:]
NAME = "dynamic-rnn"

claim = partial(base.claim, depth="smoke")


def question(cell: str, states: bool = False, **changes) -> Request:
    """The document's batch for one cell, with random weights."""
    layer = Layer(cell, features=3, units=UNITS)
    batch = Batch(INPUTS, MASK, draw_states(layer, len(INPUTS)) if states else None)
    weights = {n: w / 4 if n.endswith("/kernel") else w for n, w in draw_weights(layer).items()}  # inputs are up to 9
    return replace(Request(layer, weights, with_cotangents(layer, batch)), **changes)


def last_valid(outputs: np.ndarray) -> np.ndarray:
    """(batch, units): each row's output at its last valid step."""
    return outputs[np.arange(len(LENGTHS)), LENGTHS - 1]


@claim(NAME, "Outputs are (batch, time, units), each state (batch, units); an LSTM has two states.", CELLS,
       says="outputs are (batch, time, units), a state is (batch, units), and an LSTM has the two states c and h.")
def shapes(ask, cell):
    seen = ask(question(cell))
    wanted = {"outputs": (5, 3, UNITS)} | {f"states/0/forward/{s}": (5, UNITS) for s in (["h", "c"] if cell == "lstm" else ["h"])}
    found = {name: array.shape for name, array in seen.arrays.items()}
    return [] if found == wanted else [Deviation("shapes", f"found {found}, expected {wanted}")]


@claim(NAME, "Outputs and states at valid steps are those of the equations.", CELLS, sparing=FEW)
def values(ask, cell):
    request = question(cell, states=True)
    return against_reference(ask(request), request, "outputs", "states")


@claim(NAME, "For every row the output at its last valid step equals the final state.", CELLS,
       says="The last output is the state: of an LSTM, its h.")
def last_output_is_state(ask, cell):
    request = question(cell)
    seen = ask(request)
    last = Observation({"states/0/forward/h": last_valid(seen["outputs"])})
    state = Observation({"states/0/forward/h": seen["states/0/forward/h"]}, facts=seen.facts)
    return alike(state, last, request, "states", what="state against last valid output")


@claim(NAME, "Beyond a row's length its state does not change.", CELLS, sparing=FEW,
       says="Beyond a sequence's length the state is copied through.")
def state_stays(ask, cell):
    request = question(cell, states=True)
    whole = ask(request)
    found = []
    for row in (1, 3, 4):
        alone = replace(request, batch=steps(rows(request.batch, [row]), 0, LENGTHS[row]).but(mask=None))
        mine = Observation({n: a[[row]] for n, a in whole.named("states").items()}, facts=whole.facts)
        found += alike(mine, ask(alone), alone, "states", what=f"row {row} against the row cut to its length")
    return found


@claim(NAME, "Beyond a row's length the outputs are what the backend declares: zeros, or the last output repeated.", CELLS,
       document="it states zeros as a fact of RNNs; it is a convention: PyTorch gives zeros, Keras repeats the last output",
       says="Beyond a sequence's length the outputs are zero vectors.")
def outputs_beyond_length(ask, cell):
    seen = ask(question(cell))
    beyond = ~MASK[:, :, None]
    held = np.broadcast_to(last_valid(seen["outputs"])[:, None], seen["outputs"].shape)
    wanted = np.where(beyond, held, 0.0) if seen.facts["padding"] == "hold" else np.zeros_like(held)
    return compare(f"outputs beyond the lengths ({seen.facts['padding']})", np.where(beyond, seen["outputs"], 0.0), wanted, 0.0)


@claim(NAME, "Where zeros are asked for, the outputs beyond a row's length are zero vectors.", CELLS, sparing=FEW,
       says="Beyond a sequence's length the outputs are zero vectors.")
def zeros_when_asked(ask, cell):
    request = question(cell)
    request = replace(request, layer=request.layer.but(padding_output="zero"))
    return exactly_zero("outputs beyond the lengths", np.where(MASK[:, :, None], 0.0, ask(request)["outputs"]), "asked for")


@claim(NAME, "Whatever stands in the padding changes neither outputs nor states.",
       [{**c, "content": x} for c in CELLS for x in ("zeros", "110", "1e6", "inf", "nan")],
       says="Steps beyond the length are not computed, whatever stands there: here [0, 10, 110].")
def padding_content(ask, cell, content):
    request = question(cell)
    value = 0.0 if content == "zeros" else float(content)
    other = replace(request, batch=with_padding_content(request.batch, value))
    return alike(ask(other), ask(request), request, "outputs", "states", what=f"{content} in padding")


@claim(NAME, "The gradient at padded inputs is exactly zero.", CELLS,
       says="Padding takes no part in back-propagation.")
def no_gradient_at_padding(ask, cell):
    seen = ask(question(cell, wants=("gradients",)))["gradients/inputs"]
    return exactly_zero("gradients/inputs", np.where(MASK[:, :, None], 0.0, seen), "a padded step")


@claim(NAME, "The weight gradients equal those of the unpadded sequences, added up.", CELLS, sparing=FEW,
       says="Padding takes no part in back-propagation.")
def gradients_of_unpadded(ask, cell):
    request = question(cell, wants=("gradients",))
    total: dict[str, np.ndarray] = {}
    for row, length in enumerate(LENGTHS):
        alone = replace(request, batch=steps(rows(request.batch, [row]), 0, length).but(mask=None))
        for name, array in ask(alone).named("gradients/weights").items():
            total[name] = total.get(name, 0.0) + array
    return alike(ask(request), Observation(total), request, "gradients/weights", what="rows alone, added up")


@claim(NAME, "outputs[:, -1, :] equals the state for every row only where the last output is held; else exactly for the "
             "rows of full length.", CELLS,
       document="it reads outputs[:, -1] as the final state; under its own convention that is false for rows 1, 3 and 4",
       says="outputs[:, -1, :] is the final state.")
def last_column_is_not_the_state(ask, cell):
    request = question(cell)
    seen = ask(request)
    equal = np.all(np.isclose(seen["outputs"][:, -1], seen["states/0/forward/h"], rtol=1e-5, atol=1e-6), axis=1)
    wanted = np.ones(5, bool) if seen.facts["padding"] == "hold" else LENGTHS == 3
    return rows_equal(equal, wanted)


@claim(NAME, "Where zeros are asked for, outputs[:, -1, :] is the state, number for number, in rows of full length alone.", CELLS,
       document="it reads outputs[:, -1] as the final state; under its own convention that is false for rows 1, 3 and 4",
       says="outputs[:, -1, :] is the final state.", sparing=FEW)
def last_column_of_zeros(ask, cell):
    request = question(cell)
    seen = ask(replace(request, layer=request.layer.but(padding_output="zero")))
    return rows_equal(np.all(seen["outputs"][:, -1] == seen["states/0/forward/h"], axis=1), LENGTHS == 3)


def rows_equal(equal: np.ndarray, wanted: np.ndarray) -> list[Deviation]:
    """A deviation where the last column is the state in other rows than these. Both (batch,) bool."""
    if np.array_equal(equal, wanted):
        return []
    return [Deviation("outputs[:, -1]", f"equal to the state in rows {np.flatnonzero(equal)}, expected {np.flatnonzero(wanted)}")]


@claim(NAME, "Equal input and equal previous state give equal output: rows 3 and 4 share their first step.",
       [*CELLS, *({**c, "states": "given"} for c in CELLS)], sparing=[*CELLS, {**FEW[0], "states": "given"}],
       says="Sequences that begin alike have equal outputs there.")
def equal_prefixes_agree(ask, cell, states="zero"):
    request = question(cell, states=states == "given")
    if states == "given":
        first = {name: np.where((np.arange(5) == 4)[:, None], array[3], array) for name, array in
                 request.batch.initial_states.items()}
        request = replace(request, batch=request.batch.but(initial_states=first))
    outputs = ask(request)["outputs"]
    allowed = 2 * expect(request)["outputs"].allowed[3, 0]  # of equal rows, the place in the batch decides the last bit
    alike_first = compare("outputs of row 4 against row 3, step 0", outputs[4, 0], outputs[3, 0], allowed)
    if np.any(outputs[3, 1] != outputs[4, 1]):
        return alike_first
    return [*alike_first, Deviation("outputs[:, 1]", "rows 3 and 4 differ at step 1, their outputs do not")]
