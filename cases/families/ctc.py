"""Connectionist temporal classification: the loss of labels that are fewer than the steps of the sequences they belong to."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, CLASSES = 5, 7, 4
LENGTHS = np.array([7, 4, 6, 3, 5])
"""Of the sequences of logits."""
LABELS = ((1, 2, 2), (3,), (1, 1), (2, 3), (3, 3, 1))
"""Before the blank takes its place; some stand twice in a row, which needs a blank between them."""
IMPOSSIBLE = ((2, 2, 3, 1, 2),)
"""More than three steps hold; instead of the fourth row's."""
SLACK = 256 * unit_roundoff("float32")
"""Of the sum of the sizes of logarithms that a path adds up."""


def likelihood(shares: np.ndarray, labels: tuple[int, ...], blank: int) -> tuple[float, np.ndarray]:
    """The probability of all alignments of the labels, given each step's shares (time, classes); and (time, classes), the share
    of that probability whose alignments have this class at this step (Graves et al. 2006, equations 5 to 14)."""
    path = [blank, *(symbol for label in labels for symbol in (label, blank))]
    steps, places = len(shares), len(path)
    skips = [s >= 2 and path[s] != blank and path[s] != path[s - 2] for s in range(places)]
    ahead, behind = np.zeros((steps, places)), np.zeros((steps, places))
    ahead[0, :2] = shares[0, path[:2]]
    behind[-1, -2:] = 1.0
    for t in range(1, steps):
        for s in range(places):
            before = ahead[t - 1, s] + (ahead[t - 1, s - 1] if s else 0.0) + (ahead[t - 1, s - 2] if skips[s] else 0.0)
            ahead[t, s] = before * shares[t, path[s]]
    for t in range(steps - 2, -1, -1):
        after = behind[t + 1] * shares[t + 1, path]
        for s in range(places):
            behind[t, s] = after[s] + (after[s + 1] if s + 1 < places else 0.0) + (
                after[s + 2] if s + 2 < places and skips[s + 2] else 0.0)
    total = float(ahead[-1, -2:].sum())
    there = np.zeros_like(shares)
    if total > 0:
        np.add.at(there, (slice(None), path), ahead * behind / total)
    return total, there


@statement("A CTC loss is minus the logarithm of the probability of all alignments of a row's labels with its valid steps; "
           "padding of logits and labels counts nowhere; the gradient is the equations', and a loss that is infinite is zero "
           "where that is asked for.",
           {"blank": (0, 3, 1), "reduction": ("none", "mean", "sum"), "zero_infinity": (False, True),
            "labels": ("padded", "joined")}, strength=(1, 2, 3), sparing=8,
           source="Graves et al. 2006; PyTorch: CTCLoss; Keras: ops.ctc_loss")
def ctc_losses_are_sums_over_alignments(ask, blank, reduction, zero_infinity, labels) -> list[Deviation]:
    random = generator("ctc")
    logits = draw_values(random, (ROWS, STEPS, CLASSES)) * 2.0
    moved = [c for c in range(CLASSES) if c != blank]
    rows = [tuple(moved[label - 1] for label in row) for row in LABELS]
    if zero_infinity:
        rows[3] = tuple(moved[label - 1] for label in IMPOSSIBLE[0])
    padded = np.full((ROWS, max(map(len, rows))), moved[-1])
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    seen = ask(FunctionRequest("ctc", (
        ("logits", logits), ("lengths", LENGTHS), ("targets", padded), ("target_lengths", np.array([len(r) for r in rows])),
        ("blank", blank), ("reduction", reduction), ("zero_infinity", zero_infinity), ("labels", labels))))
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    values, slopes, sizes = np.zeros(ROWS), np.zeros_like(logits), np.zeros(ROWS)
    for number, (row, length) in enumerate(zip(rows, LENGTHS, strict=True)):
        total, there = likelihood(shares[number, :length], row, blank)
        if total > 0:
            values[number] = -np.log(total)
            slopes[number, :length] = shares[number, :length] - there
        sizes[number] = np.abs(np.log(shares[number, :length])).max(axis=-1).sum()
    by = {"none": np.ones(ROWS), "sum": np.ones(ROWS), "mean": ROWS * np.array([len(r) for r in rows])}[reduction]
    due = values if reduction == "none" else np.array((values / by).sum())
    allowed = SLACK * (sizes if reduction == "none" else (sizes / by).sum())
    found = compare("loss", seen["loss"], due, allowed)
    valid = (np.arange(STEPS) < LENGTHS[:, None])[:, :, None]
    return found + compare("gradients", seen["gradients"], slopes / by[:, None, None], SLACK * valid / by[:, None, None])


@statement("A loss of whole sequences takes predictions with a mask, and is the plain one where every step is valid.",
           {"classes": (4, 6)}, usual={"classes": (4,)}, strength=(1, 1, 1), sparing=0,
           source="Keras: losses.CTC; Graves et al. 2006")
def losses_of_whole_sequences_take_masks(ask, classes):
    scores = draw_values(generator("whole sequences", classes), (3, 7, classes))
    targets = np.array([[1, 2, 0], [3, 0, 0], [2, 1, 3]])
    seen = ask(FunctionRequest("whole_sequences", (("inputs", scores), ("targets", targets))))
    shares = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    due = np.mean([-np.log(likelihood(each, tuple(label for label in row if label), 0)[0])
                   for each, row in zip(shares, targets, strict=True)])
    allowed = 1024 * unit_roundoff("float32") * due
    return [d for name in ("plain", "masked") for d in compare(name, seen[name], np.array(due), allowed)]
