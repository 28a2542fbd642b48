"""Embeddings in front of recurrent layers: what is looked up, what padding is, and the gradient of the table."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation
from cases.tolerance import compare, unit_roundoff

IDS, WIDTH = 6, 3
BATCH = np.array([[0, 3, 5, 5, 1], [2, 5, 0, 0, 3], [4, 0, 2, 5, 0]])
"""Three rows of ids; most stand there more than once."""
FACTORS = {
    "padding": (0, -1, 2, None), "origin": ("fresh", "given", "pretrained", "function", "thawed"), "by_frequency": (False, True),
    "sparse": (False, True), "longest": (0.0, 1.25), "norm": (2.0, 1.0),
}
SLACK = 64 * unit_roundoff("float32")
"""Of the sum of the sizes of what is added: some dozen numbers in float32."""


def looked_up(ask, padding, origin, by_frequency, sparse, longest, norm) -> tuple[Observation, np.ndarray, np.ndarray]:
    """An embedding of `BATCH`, the table that it was given, and the cotangents of its outputs.

    origin    `fresh`: made, and the table is its own; `given`: made, then given the table; `pretrained`: made of the table;
              `thawed`: so, not frozen;
              `function`: there is none, the table is given with the ids
    longest   the norm that no vector may exceed, or 0; `norm` is its order
    Arrays: `outputs` (batch, time, width), `gradients` (ids, width) of their sum with the cotangents, dense, `table` before the
    call, `after` it, and facts `frozen`, whether the table is trained, and `sparse`, whether its gradient is by rows.
    """
    random = generator("embedding")
    table, cotangents = draw_values(random, (IDS, WIDTH)), draw_values(random, (*BATCH.shape, WIDTH))
    arguments = {"ids": BATCH, "table": table, "cotangents": cotangents, "padding": padding, "origin": origin,
                 "by_frequency": by_frequency, "sparse": sparse, "longest": longest, "norm": norm}
    return ask(FunctionRequest("embedding", tuple(arguments.items()))), np.float32(table).astype("float64"), cotangents


def shortened(table: np.ndarray, longest: float, norm: float) -> np.ndarray:
    """The rows that are looked up, none longer than that."""
    norms = np.linalg.norm(table, norm, axis=1, keepdims=True)
    used = np.isin(np.arange(IDS), BATCH)[:, None]
    return np.where(used & (norms > longest), table * longest / np.where(norms > 0, norms, 1.0), table) if longest else table


@statement("An embedding looks up the rows of its table: the row of padding is zero in a fresh one, a row like others in a given "
           "one, and has no gradient; ids that stand there often are added up; no row is longer than allowed.",
           FACTORS, strength=(1, 2, 3), senseless=((("by_frequency", "sparse"), lambda frequent, sparse: frequent and sparse),
                      (("longest", "norm"), lambda longest, norm: norm != 2.0 and not longest)),
           source="PyTorch: nn.Embedding(padding_idx, max_norm, scale_grad_by_freq, sparse)")
def embeddings_are_tables(ask, **variant):
    seen, given, cotangents = looked_up(ask, **variant)
    padding, found = variant["padding"], []
    reserved = [] if padding is None else [padding % IDS]
    before = seen["table"].astype("float64")
    if variant["origin"] != "fresh":
        found += equal("table", before, given)
    elif reserved:
        found += equal(f"row {reserved[0]} of a fresh table", before[reserved[0]], np.zeros(WIDTH))
    silent = [row for row in range(IDS) if not np.any(before[row]) and row not in reserved]
    found += [Deviation("table", f"row {row} is zero") for row in silent]
    table = shortened(before, variant["longest"], variant["norm"])
    found += compare("outputs", seen["outputs"], table[BATCH], SLACK * np.abs(table[BATCH]))
    found += compare("the table after a call", seen["after"], table, SLACK * np.abs(table))
    slopes, sizes = np.zeros((IDS, WIDTH)), np.zeros((IDS, WIDTH))
    np.add.at(slopes, BATCH, cotangents)
    np.add.at(sizes, BATCH, np.abs(cotangents))
    if variant["by_frequency"]:
        counts = np.maximum(np.bincount(BATCH.ravel(), minlength=IDS), 1)[:, None]
        slopes, sizes = slopes / counts, sizes / counts
    slopes[reserved] = sizes[reserved] = 0.0
    found += compare("gradients", seen["gradients"], slopes, SLACK * sizes)
    frozen = variant["origin"] == "pretrained"
    if seen.facts["frozen"] != frozen:
        found.append(Deviation("table", f"the table is {'trained' if frozen else 'frozen'}, expected the other"))
    if seen.facts["sparse"] != variant["sparse"]:
        found.append(Deviation("gradients", f"by rows: {seen.facts['sparse']}, expected {variant['sparse']}"))
    return found
