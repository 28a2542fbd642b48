"""Bags of ids: the sum, mean or maximum of the vectors of each, and bags that there cannot be."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import refused, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

IDS, WIDTH = 5, 3
SIZES = {"several": (2, 2), "one_empty": (0, 3), "all_empty": (0, 0)}
"""How many ids each bag has."""
WRONG = {"no_bags": (), "late": (1, 2), "beyond": (0, 9), "backwards": (0, 2, 1)}
"""Where bags begin that there cannot be, of three ids."""


def table() -> np.ndarray:
    """(ids, width)"""
    return draw_values(generator("bags"), (IDS, WIDTH))


@statement("A bag of ids is the sum, mean or maximum of their vectors, and zero without ids, whether bags are told by rows, by "
           "where they begin, or by that and where the last one ends.",
           {"form": ("rows", "offsets", "last_offset"), "sizes": tuple(SIZES), "mode": ("sum", "mean", "max")},
           strength=(1, 2, 3), sparing=0, source="PyTorch: nn.EmbeddingBag",
           senseless=((("form", "sizes"), lambda form, sizes: form == "rows" and sizes == "one_empty"),))
def bags_are_of_their_ids(ask, form, sizes, mode) -> list[Deviation]:
    counts = SIZES[sizes]
    ids = generator("ids in bags", sizes).integers(0, IDS, sum(counts))
    seen = ask(FunctionRequest("bags", (("table", table()), ("ids", ids), ("counts", counts), ("form", form), ("mode", mode))))
    ends = np.cumsum(counts)
    each = [table()[ids[end - count : end]] for end, count in zip(ends, counts, strict=True)]
    due = np.stack([getattr(one, mode)(axis=0) if len(one) else np.zeros(WIDTH) for one in each])
    return compare("outputs", seen["outputs"], due, 16 * unit_roundoff("float32") * (1 + np.abs(due)))


@statement("Bags that begin behind the first id, behind the last, or before the one in front of them, and no bags for ids, are "
           "refused.", {"begins": tuple(WRONG), "dtype": ("float64", "float32")}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: nn.EmbeddingBag; https://github.com/pytorch/pytorch/issues/175370")
def impossible_bags_are_refused(ask, begins, dtype) -> list[Deviation]:
    request = FunctionRequest("wrong_bags", (("table", table()), ("ids", np.array([1, 2, 3])), ("begins", WRONG[begins]),
                                             ("dtype", dtype)))
    return refused(ask, request, lambda seen: Deviation(
        "bags", f"{begins}: bags that begin at {list(WRONG[begins])} of 3 ids were taken, outputs {np.shape(seen['outputs'])}"))
