"""Gradients that are clipped by a norm of all of them: whichever norm, and what is not finite."""

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


def clipped(order: float, most: float, gradients: tuple[np.ndarray, ...], strict: bool = False) -> FunctionRequest:
    """Gradients that are clipped together; `strict`: an error is due where their norm is not finite."""
    return FunctionRequest("clipped", (("gradients", gradients), ("order", order), ("most", most), ("strict", strict)))


def drawn(order: float) -> tuple[np.ndarray, ...]:
    """A kernel's, a bias' and a small matrix' gradient."""
    random = generator("clipping", order)
    return tuple(draw_values(random, shape) for shape in SHAPES)


@statement("Clipped by a norm, gradients are those that came, divided so that the norm of them all is the largest allowed, or as "
           "they came where it is smaller; what is told is the norm before.",
           {"order": (1.0, 3.0, math.inf, 2.0), "share": (0.5, 2.0)}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: torch.nn.utils.clip_grad_norm_")
def any_norm_clips(ask, order, share):
    gradients = drawn(order)
    norm = float(np.linalg.norm(np.concatenate([g.ravel() for g in gradients]), ord=order))
    seen = ask(clipped(order, share * norm, gradients))
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
