"""A model whose steps are left open, on batches of other lengths one after another."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import equal, statement
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Request
from cases.tolerance import compare, expect, unit_roundoff

SLACK = 256 * unit_roundoff("float32")
LENGTHS = (1, 3, 4)
"""Steps of the batches, of one row more each time."""


def looked_back(x: np.ndarray) -> np.ndarray:
    """Of x (rows, steps, features) with its last step first: the mean of the valid steps so far, by the softmax of their products
    with each valid step; a step of zeros is none, and gives zeros."""
    x = x[:, ::-1]
    valid, steps = x.any(axis=2), x.shape[1]
    read = np.tri(steps, dtype=bool) & valid[:, None, :] | np.eye(steps, dtype=bool)
    scores = np.where(read, x @ x.swapaxes(1, 2), -np.inf)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True) @ x * valid[:, :, None]


def mean_of_valid(x: np.ndarray) -> np.ndarray:
    """The mean over the steps that are not zeros."""
    return x.sum(axis=1) / x.any(axis=2).sum(axis=1, keepdims=True)


@statement("A model of any number of steps, with layers that run backwards behind one that reads how many there are, predicts "
           "batches of other lengths, of one step too, each as alone, all outputs and the last, this one also where no row has "
           "all steps, and attention to the valid steps behind each, and their mean; where rows of other lengths can be one "
           "answer, also in one call.",
           {"cell": ("simple_rnn", "gru", "lstm")}, strength=(1, 1, 1), sparing=0, eager=1, usual={"cell": ("simple_rnn",)},
           source="Keras: Input((None, features)), Model.predict, tf.RaggedTensor")
def open_lengths_are_predicted(ask, cell) -> list[Deviation]:
    """Arrays: `batch/N`, `last/N`, `back/N` and `mean/N`, all outputs, the last ones, what attention gives and the mean, of the
    batch alone; `row/N`, of every row of one call, where such an answer there is, and `features`, their last axis as its shape
    tells it."""
    layer = Layer(cell, 3, 2, direction="backward")
    random, weights = generator("open lengths", cell), draw_weights(layer)
    masks = [np.arange(steps) < [[max(steps - row - 1, 1)] for row in range(n + 1)] for n, steps in enumerate(LENGTHS)]
    batches = tuple(draw_values(random, (*valid.shape, 3)) * valid[:, :, None] for valid in masks)
    given = {"layer": layer, "weights": weights, "batches": batches}
    seen = ask(FunctionRequest("open_lengths", tuple(given.items())))
    found, rows = [], []
    for number, (batch, valid) in enumerate(zip(batches, masks, strict=True)):
        whole = BatchPlan(*valid.shape).draw(layer).but(inputs=batch * batch.shape[1], cotangents=None)
        due, masked = (expect(Request(layer, weights, one, wants=("outputs",)), "hold")["outputs"]
                       for one in (whole, whole.but(mask=valid)))
        found += compare(f"batch/{number}", seen[f"batch/{number}"], due.value, due.allowed)
        found += compare(f"last/{number}", seen[f"last/{number}"], masked.value[:, -1], masked.allowed[:, -1])
        for name, of in (("back", looked_back), ("mean", mean_of_valid)):
            one = of(batch.astype("float32").astype("float64"))
            found += compare(f"{name}/{number}", seen[f"{name}/{number}"], one, SLACK * (1 + np.abs(one)))
        rows += zip(due.value, due.allowed, strict=True)
    together = seen.named("row")
    if together and len(together) != len(rows):
        found.append(Deviation("rows", f"{len(together)} rows came in one call, expected {len(rows)}"))
    if together and seen["features"] != layer.units:
        found.append(Deviation("features", f"of {seen['features']} features by their shape, expected {layer.units}"))
    if together:
        due = [np.concatenate([row, np.zeros((LENGTHS[-1] - len(row), layer.units))]) for row in together.values()]
        for name in ("dense", "numbers"):
            found += equal(name, seen[name], np.stack(due).astype("float32"), "of all rows, with zeros behind them")
    return found + [d for number, (value, allowed) in enumerate(rows) if f"row/{number}" in together
                    for d in compare(f"row/{number}", together[f"row/{number}"], value, allowed)]
