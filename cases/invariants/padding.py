"""What stands in padding, how much of it there is and on which side changes nothing; no gradient is from it or at it."""

from __future__ import annotations

import numpy as np

from cases.batches import Batch, pad, rows, steps, with_padding_content
from cases.invariants.base import EVERYTHING, FORWARD, Case, alike, exactly_zero, invariant, output_valid
from cases.invariants.values import drawless


def padded(case: Case) -> bool:
    return drawless(case) and case.masked


def forward(case: Case) -> bool:
    return case.layer.direction == "forward"


def same_with_content(ask, case: Case, content, what: str, wants=FORWARD):
    """Deviations between the case's batch and the same with `content` in its padding."""
    request = case.request(wants=wants)
    plain = ask(request)
    other = ask(case.request(with_padding_content(case.batch, content), wants=wants))
    return alike(other, plain, request, "outputs", "states", "loss", "gradients", what=what)


def other_values(case: Case) -> np.ndarray:
    """Finite values, large and of either sign, for every step."""
    random = case.random("padding content")
    return random.choice([110.0, -37.5, 1e6, 0.0], case.batch.inputs.shape) * random.uniform(0.5, 1, case.batch.inputs.shape)


@invariant("Finite values in padding, however large, change neither outputs nor states.", padded, "dynamic-rnn, claim 5")
def padding_content_finite(ask, case):
    return same_with_content(ask, case, other_values(case), "other numbers in padding")


@invariant("Infinity in padding changes neither outputs nor states.", padded, "dynamic-rnn, claim 5")
def padding_content_infinite(ask, case):
    return same_with_content(ask, case, np.inf, "inf in padding")


@invariant("NaN in padding changes neither outputs nor states.", padded, "dynamic-rnn, claim 5; nan-as-padding")
def padding_content_nan(ask, case):
    return same_with_content(ask, case, np.nan, "NaN in padding")


@invariant("Finite values in padding change no gradient.", padded, "dynamic-rnn, claim 6")
def padding_gradient_finite(ask, case):
    return same_with_content(ask, case, other_values(case), "other numbers in padding", EVERYTHING)


@invariant("NaN or infinity in padding reaches no gradient.", padded, "dynamic-rnn, claim 6; nan-as-padding")
def padding_gradient_nan(ask, case):
    mixed = np.where(case.random("nan or inf").random(case.batch.inputs.shape) < 0.5, np.nan, np.inf)
    return same_with_content(ask, case, mixed, "NaN and inf in padding", EVERYTHING)


@invariant("The gradient at padded inputs is exactly zero.", padded, "dynamic-rnn, claim 6")
def padding_gets_no_gradient(ask, case):
    seen = ask(case.request(wants=EVERYTHING))["gradients/inputs"]
    masked = ~case.batch.valid[:, :, None]
    return exactly_zero("gradients/inputs", np.where(masked, seen, 0.0), "a padded step")


@invariant("More padding at the end changes no valid output, no final state and no gradient.",
           lambda c: padded(c) and forward_or_both(c) and c.plan.mask in ("right", "left", "gaps", "empty_row", "single"),
           "padded-classifier: 45 → 100; pre-padded-regression: 15 or 150")
def padding_amount(ask, case):
    return compare_padded(ask, case, "right")


@invariant("Padding at the start changes no valid output, no final state and no gradient.",
           lambda c: padded(c) and forward_or_both(c) and c.plan.mask in ("right", "left", "gaps"), "pre-padded-regression")
def padding_side(ask, case):
    return compare_padded(ask, case, "left")


def forward_or_both(case: Case) -> bool:
    return case.layer.direction != "backward" or case.layer.layers == 1


def compare_padded(ask, case: Case, side: str):
    """Deviations of the same batch with two more masked steps at one side, compared step by step."""
    wants = EVERYTHING
    request, more = case.request(wants=wants), 2
    flipped = case.layer.direction == "backward"
    plain, wide = ask(request), ask(case.request(pad(case.batch, more, side, 0.7, flipped), wants=wants))
    start = more if (side == "left") != flipped else 0
    arrays = dict(wide.arrays)
    for name in case.layer.output_names if case.layer.return_sequences else ():
        arrays[name] = wide[name][:, start : start + case.batch.time]
    begin = more if side == "left" else 0
    arrays["gradients/inputs"] = wide["gradients/inputs"][:, begin : begin + case.batch.time]
    cut = type(wide)(arrays, wide.kernel, wide.warnings, wide.facts, wide.seconds)
    return alike(cut, plain, request, "outputs", "states", "loss", "gradients",
                 what=f"{more} more masked steps at the {'end' if side == 'right' else 'start'}", where=output_valid(request))


@invariant("Masked steps may be taken out: valid steps moved together give the same outputs and states.",
           lambda c: padded(c) and c.plan.mask in ("left", "gaps", "single") and c.layer.direction != "backward")
def compaction(ask, case):
    request = case.request()
    plain = ask(request)
    order = np.argsort(~case.batch.valid, axis=1, kind="stable")
    take = lambda array: np.take_along_axis(array, order.reshape(order.shape + (1,) * (array.ndim - 2)), axis=1)  # noqa: E731
    moved = case.batch.but(
        inputs=take(case.batch.inputs), mask=take(case.batch.valid),
        cotangents={n: take(v) if v.ndim == 3 else v for n, v in case.batch.cotangents.items()},
    )
    arrays = dict(plain.arrays)
    for name in case.layer.output_names if case.layer.return_sequences else ():
        arrays[name] = take(plain[name])
    together = ask(case.request(moved))
    plain = type(plain)(arrays, plain.kernel, plain.warnings, plain.facts)
    return alike(plain, together, request, "outputs", "states", what="valid steps moved together",
                 where=moved.valid if case.layer.return_sequences else None)


@invariant("A padded row gives what the same sequence gives alone, unpadded and unmasked.",
           lambda c: padded(c) and c.plan.mask in ("right", "left", "empty_row") and c.batch.lengths.any(),
           "bucketing; padded-classifier")
def unpadded_rows(ask, case):
    request = case.request()
    plain = ask(request)
    row = int(np.argmin(np.where(case.batch.lengths > 0, case.batch.lengths, case.batch.time + 1)))
    valid = np.flatnonzero(case.batch.valid[row])
    alone = steps(rows(case.batch, [row]), valid[0], valid[-1] + 1).but(mask=None)
    seen = ask(case.request(alone))
    arrays = {name: array[[row]] for name, array in plain.arrays.items()}
    for name in case.layer.output_names if case.layer.return_sequences else ():
        arrays[name] = arrays[name][:, output_valid(request)[row]]
    one = type(plain)(arrays, plain.kernel, plain.warnings, plain.facts)
    return alike(one, seen, case.request(alone), "outputs", "states", what=f"row {row} alone")


@invariant("A mask that is all true is no mask.", lambda c: drawless(c) and c.plan.mask == "full")
def full_mask_is_no_mask(ask, case):
    wants = EVERYTHING
    request = case.request(wants=wants)
    return alike(ask(request), ask(case.request(case.batch.but(mask=None), wants=wants)), request,
                 "outputs", "states", "loss", "gradients", what="without the mask")


@invariant("A step that only the mask tells from a valid one is ignored: with a mask, padding equal to data is no data.",
           lambda c: padded(c) and c.plan.mask != "empty")
def mask_decides_not_content(ask, case):
    random = case.random("plausible padding")
    plausible = np.take_along_axis(case.batch.inputs, random.integers(0, case.batch.time, case.batch.inputs.shape), axis=1)
    return same_with_content(ask, case, plausible, "data-like numbers in padding")


@invariant("A batch without any valid step returns its initial states.",
           lambda c: drawless(c) and c.plan.states and c.masked and c.layer.return_state)
def nothing_valid_keeps_states(ask, case):
    batch: Batch = case.batch.but(mask=np.zeros_like(case.batch.valid), cotangents=None)
    request = case.request(batch)
    seen = ask(request)
    given = type(seen)({f"states/{n}": v for n, v in case.batch.initial_states.items()}, facts=seen.facts)
    return alike(seen, given, request, "states", what="final against initial states")
