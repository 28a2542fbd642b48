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
SIZES = {"several": (2, 2), "one_empty": (0, 4), "all_empty": (0, 0)}
"""How many ids each bag has."""
COUNTED = {"origin": "given", "longest": 0.0, "sizes": "several", "form": "offsets"}
"""What bags are else whose gradients are counted by id: each of these makes no difference to that."""
PLAIN = {"longest": 0.0, "origin": "given"}
"""What bags are else that are told by rows of different lengths."""
WRONG = {"no_bags": (), "late": (1, 2), "beyond": (0, 9), "backwards": (0, 2, 1)}
"""Where bags begin that there cannot be, of three ids."""


def table() -> np.ndarray:
    """(ids, width)"""
    return draw_values(generator("bags"), (IDS, WIDTH))


@statement("A bag of ids is the sum, mean or maximum of their vectors, each times its weight, the id of padding left out and no "
           "vector longer than allowed, and zero without ids, whether bags are told by rows, of one length or several, by "
           "the first ids of padded rows, by where they begin, or by that and where the last one ends; the gradient of a "
           "vector is that of the bags it lies in, over the number of times that it was looked up, where that is asked for, "
           "and that of a weight the product of its vector with its bag's.",
           {"form": ("rows", "offsets", "last_offset", "nested", "narrowed"), "sizes": tuple(SIZES),
            "mode": ("sum", "mean", "max"), "padding": (None, 2, -1), "weighted": (False, True), "longest": (0.0, 1.25),
            "norm": (2.0, 1.0), "origin": ("pretrained", "given", "fresh"), "gradients": ("dense", "sparse", "by_frequency")},
           strength=(1, 3, 3), sparing=0, source="PyTorch: nn.EmbeddingBag",
           senseless=(*((("gradients", name), lambda gradients, other, one=one: gradients == "by_frequency" and other != one)
                        for name, one in COUNTED.items()),
                      *((("form", name), lambda form, other, one=one: form in ("nested", "narrowed") and other != one)
                        for name, one in PLAIN.items()),
                      (("form", "weighted"), lambda form, weighted: form == "narrowed" and weighted),
                      (("form", "sizes"), lambda form, sizes: form == "rows" and sizes == "one_empty"),
                      (("mode", "gradients"), lambda mode, gradients: gradients != "dense" and mode == "max"),
                      (("mode", "weighted"), lambda mode, weighted: weighted and mode != "sum"),
                      (("longest", "norm"), lambda longest, norm: norm != 2.0 and not longest)))
def bags_are_of_their_ids(ask, form, sizes, mode, padding, weighted, longest, norm, origin, gradients) -> list[Deviation]:
    counts, random = SIZES[sizes], generator("ids in bags", sizes)
    ids = random.integers(0, IDS, sum(counts))
    if sum(counts):
        ids[:3] = (0, 0, 1) if gradients == "by_frequency" else ids[:3]
        ids[-1] = IDS - 1 if padding == -1 else 2  # which may be padding
    weights = random.uniform(0.5, 2.0, sum(counts)) if weighted else None
    cotangents = draw_values(random, (len(counts), WIDTH))
    seen = ask(FunctionRequest("bags", (
        ("table", table()), ("ids", ids), ("counts", counts), ("form", form), ("mode", mode), ("padding", padding),
        ("weights", weights), ("longest", longest), ("norm", norm), ("origin", origin), ("cotangents", cotangents),
        ("sparse", gradients == "sparse"), ("by_frequency", gradients == "by_frequency"))))
    rows = seen["table"].astype("float64")
    found = [] if seen.facts["sparse"] == (gradients == "sparse") else [
        Deviation("gradients", f"by rows: expected {gradients == 'sparse'}")]
    found += [] if origin == "fresh" else compare("table", rows, np.float32(table()), np.zeros(rows.shape))
    if origin == "fresh" and padding is not None:
        found += compare("row of padding", rows[padding], np.zeros(WIDTH), np.zeros(WIDTH))
    if longest:
        norms = np.linalg.norm(rows, norm, axis=1, keepdims=True)
        rows = np.where(norms > longest, rows * longest / np.maximum(norms, 1e-9), rows)
    due, slopes, begin = np.zeros((len(counts), WIDTH)), np.zeros_like(rows), 0
    for place, count in enumerate(counts):
        own = [n for n in range(begin, begin + count) if padding is None or ids[n] != padding % IDS]
        begin += count
        if own:
            by = np.ones(len(own)) if weights is None else weights[own]
            parts = rows[ids[own]] * by[:, None]
            due[place] = getattr(parts, mode)(axis=0)
            shares = parts == due[place] if mode == "max" else np.full(parts.shape, 1 / len(own) if mode == "mean" else 1.0)
            if mode == "max":  # of equal vectors the first
                shares = shares & (np.cumsum(shares, axis=0) == 1)
            np.add.at(slopes, ids[own], shares * by[:, None] * cotangents[place])
    if gradients == "by_frequency":
        slopes /= np.maximum(np.bincount(ids, minlength=IDS), 1)[:, None]
    slack = 16 * unit_roundoff("float32")
    if weighted:
        bag = np.repeat(np.arange(len(counts)), counts)
        worth = (rows[ids] * cotangents[bag]).sum(axis=1) * (ids != (-1 if padding is None else padding % IDS))
        found += compare("worth", seen["worth"], worth, slack * (1 + np.abs(cotangents[bag]).sum(axis=1)))
    found += compare("outputs", seen["outputs"], due, slack * (1 + np.abs(due)))
    return found + compare("gradients", seen["gradients"], slopes, slack * (1 + 4 * np.abs(cotangents).sum(axis=0)))


@statement("Bags that begin behind the first id, behind the last, or before the one in front of them, and no bags for ids, are "
           "refused.", {"begins": tuple(WRONG), "dtype": ("float64", "float32")}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: nn.EmbeddingBag; https://github.com/pytorch/pytorch/issues/175370")
def impossible_bags_are_refused(ask, begins, dtype) -> list[Deviation]:
    request = FunctionRequest("wrong_bags", (("table", table()), ("ids", np.array([1, 2, 3])), ("begins", WRONG[begins]),
                                             ("dtype", dtype)))
    return refused(ask, request, lambda seen: Deviation(
        "bags", f"{begins}: bags that begin at {list(WRONG[begins])} of 3 ids were taken, outputs {np.shape(seen['outputs'])}"))
