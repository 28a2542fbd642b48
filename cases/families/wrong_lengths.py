"""Lengths that no sequence has, and masks that are no truth values: refused, or understood; never misunderstood in silence."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan
from cases.families.base import refused, statement, worded
from cases.invariants.base import alike, settled
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Execution, Refusal, Request

LENGTHS: dict[str, tuple[tuple, bool]] = {  # for four rows of five steps; and whether they must be sorted
    "too_long": ((5, 4, 7, 2), False), "negative": ((5, 4, -1, 2), False), "zero": ((5, 4, 0, 2), False),
    "fractional": ((5, 4, 2.5, 2), False), "unsorted": ((2, 5, 4, 1), True), "too_few": ((5, 4, 2), False),
    "too_many": ((5, 4, 2, 1, 1), False), "none_at_all": ((), False), "not_finite": ((5, 4, float("nan"), 2), False),
    "in_a_column": (((5,), (4,), (2,), (1,)), True),
}


@statement("Lengths that the sequences cannot have are refused.", {"lengths": tuple(LENGTHS), "batch_first": (True, False)},
           strength=(1, 2, 2), source="PyTorch: pack_padded_sequence")
def impossible_lengths_are_refused(ask, lengths, batch_first):
    values, ordered = LENGTHS[lengths]
    rows = BatchPlan(4, 5).draw(Layer("gru", 3, 2)).inputs
    request = FunctionRequest("pack_padded", (("inputs", rows), ("lengths", values), ("batch_first", batch_first),
                                              ("enforce_sorted", ordered)))
    words = f"lengths {list(values)} for 4 sequences of 5 steps: taken in silence"
    return refused(ask, request, lambda seen: Deviation(
        "lengths", f"{words}, as {seen.arrays.get('lengths', np.zeros(0)).tolist()}"))


@statement("Lengths that padded sequences cannot have are refused where the padding is taken off.",
           {"lengths": ("too_long", "negative", "fractional", "too_few", "too_many", "not_finite"), "batch_first": (True, False)},
           strength=(1, 1, 2), source="PyTorch: unpad_sequence")
def impossible_lengths_are_not_unpadded(ask, lengths, batch_first):
    rows = BatchPlan(4, 5).draw(Layer("gru", 3, 2)).inputs
    rows = rows if batch_first else np.swapaxes(rows, 0, 1)
    values = LENGTHS[lengths][0]
    request = FunctionRequest("unpad", (("inputs", rows), ("lengths", np.array(values)), ("batch_first", batch_first)))
    words = f"lengths {list(values)} for 4 sequences of 5 steps: taken in silence"
    return refused(ask, request, lambda seen: Deviation("lengths", f"{words}, as {[len(a) for a in seen.arrays.values()]}"))


@statement("Sequences whose items have other widths than those of the rest are refused, and not stretched.", {"width": (1, 4)},
           source="Keras: pad_sequences")
def uneven_items_are_refused(ask, width):
    sequences = (np.ones((2, 3), "float32"), np.ones((3, width), "float32"))
    request = FunctionRequest("pad_sequences", (("sequences", sequences), ("dtype", "float32")))
    return refused(ask, request, lambda seen: Deviation("widths", f"items of 3 and of {width} numbers: taken in silence"))


@statement("A mask of numbers 0 and 1 is the mask of truth values, or is refused.",
           {"form": ("int32", "float32", "uint8", "int64"), "mask": ("right", "gaps", "empty_row"),
            "kernel": ("fused", "generic", "unrolled", "compiled"), "cell": ("lstm", "gru", "simple_rnn"),
            "direction": ("forward", "bidirectional")}, strength=(1, 1, 2),
           usual={"form": ("int32",), "kernel": ("fused",), "cell": ("lstm",), "direction": ("forward",), "mask": ("right",)})
def masks_of_numbers_are_masks(ask, form, mask, kernel, cell, direction):
    layer = Layer(cell, 3, 5, direction=direction)
    batch = BatchPlan(4, 5, mask).draw(layer).but(cotangents=None)
    request = Request(layer, draw_weights(layer), batch, execution=Execution(kernel))
    answer = ask.answer(request.but(batch=batch.but(mask=batch.mask.astype(form))))
    if isinstance(answer, Refusal):
        return worded(answer)
    return alike(ask(request), settled(answer), request, "outputs", "states", what=f"a mask of {form}")
