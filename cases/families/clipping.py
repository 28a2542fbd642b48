"""Gradients that are clipped by a norm of all of them, or one by one: whichever norm, however they are handed over, and what is
not finite."""

from __future__ import annotations

import math

import numpy as np

from cases.batches import draw_values
from cases.families.base import refused, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

SHAPES = ((3, 4), (4,), (2, 1))
SLACK = 32 * unit_roundoff("float32")


FORMS = ("list", "generator", "alone", "some_without", "two_dtypes", "two_calls", "one_after_the_other", "by_rows")
"""How weights are handed over: as a list; as what yields them once; one weight by itself; beside one that has no gradient; the
second one in float64; to one function that tells the norm, and another that is told it; as a list, and what is usually done with
all of them together is done one after the other; the first gradient by rows, as of an embedding that is sparse."""


def clipped(order: float, most: float, gradients: tuple[np.ndarray, ...], strict: bool = False, form: str = "list"
            ) -> FunctionRequest:
    """Gradients that are clipped together; `strict`: an error is due where their norm is not finite."""
    return FunctionRequest("clipped", (("gradients", gradients), ("order", order), ("most", most), ("strict", strict),
                                       ("form", form)))


def drawn(order: float) -> tuple[np.ndarray, ...]:
    """A kernel's, a bias' and a small matrix' gradient."""
    random = generator("clipping", order)
    return tuple(draw_values(random, shape) for shape in SHAPES)


@statement("Clipped by a norm, gradients are those that came, divided so that the norm of them all is the largest allowed, or as "
           "they came where it is smaller; what is told is the norm before.",
           {"order": (1.0, 3.0, math.inf, 2.0), "share": (0.125, 2.0), "form": FORMS}, strength=(1, 2, 3), sparing=0,
           source="PyTorch: torch.nn.utils.clip_grad_norm_, get_total_norm, clip_grads_with_norm_")
def any_norm_clips(ask, order, share, form):
    gradients = drawn(order)[: 1 if form == "alone" else None]
    norm = float(np.linalg.norm(np.concatenate([g.ravel() for g in gradients]), ord=order))
    seen = ask(clipped(order, share * norm, gradients, form=form))
    found = compare("norm", seen["norm"], np.array(norm), SLACK * norm)
    for n, one in enumerate(gradients):
        found += compare(f"clipped/{n}", seen[f"clipped/{n}"], one * min(share, 1.0), SLACK + 1e-5 * (share < 1))
    return found


@statement("Where that is asked for, gradients whose norm is not finite are refused, and those whose norm is finite are not.",
           {"number": ("nan", "inf", "-inf"), "order": (2.0, math.inf)}, strength=(1, 1, 2), sparing=0,
           source="PyTorch: torch.nn.utils.clip_grad_norm_(error_if_nonfinite)")
def norms_that_are_not_finite_are_refused(ask, number, order):
    gradients = drawn(order)
    ask(clipped(order, 1.0, gradients, True))
    broken = (gradients[0], np.where(np.arange(4) == 2, float(number), gradients[1]), gradients[2])
    return refused(ask, clipped(order, 1.0, broken, True),
                   lambda seen: Deviation("error", f"a gradient of {number}: taken, the norm is {seen.arrays.get('norm')}"))


@statement("Clipped by value, every number of the gradients that is beyond the largest allowed, on either side of zero, is that, "
           "and the others are as they came.", {"form": (*FORMS[:5], "one_after_the_other")}, strength=(1, 1, 1), sparing=0,
           source="PyTorch: torch.nn.utils.clip_grad_value_")
def values_are_clipped_on_both_sides(ask, form):
    gradients = drawn(math.inf)[: 1 if form == "alone" else None]
    most = float(np.median(np.abs(gradients[0])))
    seen = ask(clipped(0.0, most, gradients, form=form))
    return [d for n, one in enumerate(gradients)
            for d in compare(f"clipped/{n}", seen[f"clipped/{n}"], np.clip(one, -most, most), SLACK * np.abs(one).max())]
