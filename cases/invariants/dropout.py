"""Dropout in training: what is dropped, how often, what is kept of it, and that inference draws nothing.

A feature that is dropped has a gradient of exactly zero, so the draw is read off the gradient of the inputs. Rates are
1/2, so that what is kept is doubled, which is exact.
"""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr, bdtrc

from cases.batches import BatchPlan, with_cotangents
from cases.invariants.base import EVERYTHING, Case, alike, invariant
from cases.layers import draw_weights
from cases.requests import Deviation, Inferred, Observation, Refusal, Request

RATE = 0.5
WIDE = 24
"""Features and units: enough for statistics."""
ROWS, STEPS = 16, 3
RARE = 1e-9
"""How improbable an honest draw may be that is still called wrong."""

FORM = ("outputs", "states")


def drawn(case: Case) -> bool:
    """A case of the array of dropout."""
    return case.array == "dropout"


def one_way(case: Case) -> bool:
    """One direction, whose gates share one draw."""
    return drawn(case) and case.layer.direction == "forward" and case.layer.implementation == 2


def wide(case: Case, wants: tuple[str, ...] = EVERYTHING, mask: str = "none", **options) -> Request:
    """The case's layer, wide enough for statistics, on a batch of its own."""
    layer = case.layer.but(features=WIDE, units=WIDE, **options)
    batch = BatchPlan(ROWS, STEPS, mask, states=True).draw(layer, case.seed)
    plain = layer.but(dropout=0.0, recurrent_dropout=0.0)
    return Request(layer, draw_weights(plain, case.seed), batch, wants=wants, execution=case.execution)


def dropped(seen: Observation) -> np.ndarray:
    """(batch, time, features) bool: which inputs were dropped."""
    return seen["gradients/inputs"] == 0


def some(lost: np.ndarray, when: str) -> list[Deviation]:
    """A deviation where no input is dropped, or every one."""
    share = "every" if lost.all() else "no" if not lost.any() else ""
    return [Deviation("gradients/inputs", f"{when}: {share} input is dropped")] if share else []


def without(request: Request, **changes) -> Request:
    """The same in inference, without dropout, with other arrays if given."""
    layer = request.layer.but(dropout=0.0, recurrent_dropout=0.0)
    execution = request.execution.but(mode="inference")
    return request.but(layer=layer, execution=execution, **changes)


def without_recurrence(request: Request) -> dict[str, np.ndarray]:
    """The weights, every recurrent kernel zero."""
    return {n: a * (not n.endswith("recurrent_kernel")) for n, a in request.weights.items()}


def improbable(count: int, of: int, rate: float) -> bool:
    """Whether an honest draw gives so few or so many less often than `RARE`."""
    return bool(2 * min(bdtr(count, of, rate), bdtrc(count - 1, of, rate) if count else 1.0) < RARE)


@invariant("Dropout of the inputs draws once a call: what is dropped at one step of a row is dropped at all of them.", drawn,
           "Gal & Ghahramani 2016; Keras: DropoutRNNCell, `the same mask is used for every step`", everywhere=True)
def same_draw_at_every_step(ask, case):
    lost = dropped(ask(wide(case, dropout=RATE)))
    found = []
    if not lost.any():
        found.append(Deviation("gradients/inputs", f"dropout={RATE}: no input is dropped"))
    if not np.array_equal(lost, np.broadcast_to(lost[:, :1], lost.shape)):
        row, step, feature = np.argwhere(lost != lost[:, :1])[0]
        found.append(Deviation("gradients/inputs", f"row {row}, feature {feature}: step {step} is drawn otherwise than step 0"))
    if lost.any() and (lost[1:, 0] == lost[:1, 0]).all():
        found.append(Deviation("gradients/inputs", "all rows share one draw"))
    return found


@invariant("Dropout acts on masked sequences too: what is dropped at one valid step of a row is dropped at all of them.", drawn,
           "Gal & Ghahramani 2016; Keras: DropoutRNNCell")
def masked_sequences_drop(ask, case):
    return [d for bias in (case.layer.bias, not case.layer.bias) for d in masked_draw(ask, case, bias)]


def masked_draw(ask, case: Case, bias: bool) -> list[Deviation]:
    """Deviations of a layer with or without bias."""
    request = wide(case, dropout=RATE, mask="right", bias=bias)
    valid = request.batch.mask[:, :, None]
    lost = dropped(ask(request))
    anywhere, everywhere = (lost & valid).any(axis=1), (lost | ~valid).all(axis=1)
    if not anywhere.any() or everywhere.all():
        share = "every" if anywhere.any() else "no"
        return [Deviation("gradients/inputs", f"dropout={RATE}: {share} input of masked sequences is dropped")]
    if (lost[1:, 0] == lost[:1, 0]).all():  # the first step, which is valid in every row
        return [Deviation("gradients/inputs", "all rows of masked sequences share one draw")]
    if (anywhere == everywhere).all():
        return []
    row, feature = np.argwhere(anywhere != everywhere)[0]
    return [Deviation("gradients/inputs", f"row {row}, feature {feature}: dropped at some valid steps, and kept at others")]


@invariant("The share of inputs that are dropped is the rate.", one_way, "binomial, false alarm less than once in 1e9")
def rate_is_the_share(ask, case):
    lost = dropped(ask(wide(case, dropout=RATE)))[:, 0]
    count, of = int(lost.sum()), lost.size
    if not improbable(count, of, RATE):
        return []
    return [Deviation("gradients/inputs", f"dropout={RATE}: {count} of {of} inputs are dropped", abs(count / of - RATE))]


@invariant("Dropout of the inputs multiplies them: dropped ones by 0, others by 1 / (1 - rate), and nothing else changes, "
           "masked or not.",
           one_way, "Srivastava et al. 2014, inverted dropout: the expectation is kept")
def dropout_scales_what_it_keeps(ask, case):
    return scaled(ask, wide(case, dropout=RATE)) + scaled(ask, wide(case, dropout=RATE, mask="right"))


def scaled(ask, request: Request) -> list[Deviation]:
    """Deviations from what comes, without dropout, of the inputs that are kept, divided by their share."""
    seen = ask(request)
    inputs = request.batch.inputs * ~dropped(seen) / (1 - RATE)
    plain = without(request, batch=request.batch.but(inputs=inputs))
    return alike(seen, ask(plain), plain, *FORM, what="against inputs multiplied by hand")


@invariant("With a dropout rate of 1 nothing of the inputs is used, if such a rate is taken at all.", drawn,
           "Keras: dropout, fraction of the units to drop for the linear transformation of the inputs")
def rate_one_uses_no_input(ask, case):
    request = wide(case, FORM, dropout=1.0)
    answer = ask.answer(request)
    if isinstance(answer, Refusal) and answer.moment == "build":
        return []
    plain = without(request, batch=request.batch.but(inputs=np.zeros_like(request.batch.inputs)))
    return alike(ask(request), ask(plain), plain, *FORM, what="rate 1 against inputs of zero")


@invariant("With a recurrent dropout rate of 1 nothing of the state enters the recurrent product, if such a rate is taken.",
           drawn, "Keras: recurrent_dropout, fraction of the units to drop for the linear transformation of the state")
def recurrent_rate_one_uses_no_state(ask, case):
    request = wide(case, FORM, recurrent_dropout=1.0)
    answer = ask.answer(request)
    if isinstance(answer, Refusal) and answer.moment == "build":
        return []
    plain = without(request, weights=without_recurrence(request))
    return alike(ask(request), ask(plain), plain, *FORM, what="recurrent rate 1 against a recurrent kernel of zero")


@invariant("Recurrent dropout acts on what enters the recurrent product, and scales no state that is carried on.", drawn,
           "Semeniuta et al. 2016: dropping the carried cell loses it for good")
def carried_states_are_not_scaled(ask, case):
    request = wide(case, FORM, recurrent_dropout=RATE)
    idle = request.but(weights=without_recurrence(request))
    plain = without(idle)
    found = alike(ask(idle), ask(plain), plain, *FORM, what="recurrent dropout with a recurrent kernel of zero")
    if all(np.array_equal(ask(request)[n], ask(without(request))[n]) for n in request.layer.output_names):
        found.append(Deviation("outputs", f"recurrent_dropout={RATE}: training gives what inference gives"))
    return found


@invariant("Dropout of the inputs and recurrent dropout act beside each other: inputs are dropped, and states are too, by a draw "
           "of their own.", drawn, "Keras: DropoutRNNCell, a mask each")
def both_dropouts_act(ask, case):
    request = wide(case, dropout=RATE, recurrent_dropout=RATE)
    found, seen = [], ask(request)
    lost = dropped(seen)
    if not lost.any():
        found.append(Deviation("gradients/inputs", "with both rates no input is dropped"))
    first = seen.arrays.get(f"gradients/states/{'0/forward' if request.layer.direction != 'backward' else '0/backward'}/h")
    if first is not None and (first == 0).any() and np.array_equal(first == 0, lost[:, 0]) and request.layer.layers == 1:
        found.append(Deviation("gradients/states", "what is dropped of the first state is what is dropped of the inputs"))
    nothing = request.but(batch=request.batch.but(inputs=np.zeros_like(request.batch.inputs)), wants=FORM)
    if all(np.array_equal(ask(nothing)[n], ask(without(nothing))[n]) for n in request.layer.output_names):
        found.append(Deviation("outputs", "with both rates and inputs of zero, training gives what inference gives"))
    return found


@invariant("Recurrent dropout draws once a call: a unit that is dropped at one step is dropped at all of them.",
           lambda c: drawn(c) and c.layer.cell == "simple_rnn" and c.layer.direction == "forward",
           "Gal & Ghahramani 2016; Keras: DropoutRNNCell")
def same_recurrent_draw_at_every_step(ask, case):
    request = wide(case, FORM, recurrent_dropout=RATE, activation="linear")
    weights = {n: np.zeros_like(a) for n, a in request.weights.items()}
    weights["0/forward/recurrent_kernel"] = np.eye(WIDE)
    seen = ask(request.but(weights=weights))["outputs"]
    kept = seen != 0
    if (kept == kept[:, :1]).all() and 0 < kept.sum() < kept.size:
        return []
    row, step, unit = np.argwhere(kept != kept[:, :1])[0] if (kept != kept[:, :1]).any() else (0, 0, 0)
    shares = ", ".join(f"{share:.2f}" for share in kept.mean(axis=(0, 2)))
    return [Deviation("outputs", f"row {row}, unit {unit}, step {step}: the share of units kept at each step is {shares}")]


@invariant("Two calls draw each their own dropout.", drawn)
def calls_draw_anew(ask, case):
    request = wide(case, dropout=RATE)
    first, second = dropped(ask(request)), dropped(ask(request.but(before=(request.batch,))))
    if not np.array_equal(first, second):
        return some(second, "in the second call")
    return [Deviation("gradients/inputs", "the second call dropped the same inputs as the first"), *some(first, "in either call")]


@invariant("From the same seed the same is drawn, whatever the loss reads.", drawn, everywhere=True)
def same_seed_same_draw(ask, case):
    request = wide(case, dropout=RATE)
    doubled = {name: 2 * value for name, value in request.batch.cotangents.items()}
    again = request.but(batch=request.batch.but(cotangents=doubled))
    first, second = dropped(ask(request)), dropped(ask(again))
    if np.array_equal(first, second):
        return some(first, "from a seed")
    return [Deviation("gradients/inputs", "the same layer with the same seed dropped other inputs"),
            *some(first, "from a seed"), *some(second, "from the same seed, for another loss")]


@invariant("The two directions draw each their own dropout.", lambda c: drawn(c) and c.layer.direction == "bidirectional")
def directions_draw_for_themselves(ask, case):
    request = wide(case, dropout=RATE)
    lost = []
    for direction in request.layer.directions:
        name = f"states/0/{direction}/h"
        every = with_cotangents(request.layer, request.batch).cotangents
        mine = {n: a if n == name else np.zeros_like(a) for n, a in every.items()}
        lost.append(dropped(ask(request.but(batch=request.batch.but(cotangents=mine))))[:, 0])
    same, of = int((lost[0] == lost[1]).sum()), lost[0].size
    found = [d for each, direction in zip(lost, request.layer.directions, strict=True) for d in some(each, direction)]
    return found if same < of else [
        *found, Deviation("gradients/inputs", f"both directions dropped the same inputs ({same} of {of})")]


@invariant("A call in inference draws nothing: training after it drops what it drops without it.", drawn)
def inference_draws_nothing(ask, case):
    request = wide(case, dropout=RATE, recurrent_dropout=RATE)
    after = request.but(before=(Inferred(request.batch),))
    lost, later = dropped(ask(request)), dropped(ask(after))
    if np.array_equal(lost, later):
        return some(lost, "without such a call")
    return [Deviation("gradients/inputs", "after a call in inference, training dropped other inputs than without it"),
            *some(later, "after a call in inference")]
