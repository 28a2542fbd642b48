"""`bucketing` (document 2): one batch for each length, in place of padding.

Five rows of 6 and of 3 steps, 3 features: LSTM(5) → Dense(2), mean squared error. Asked once as one batch, padded at the end and
masked, and once as two batches without padding or mask.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.layers import Layer, generator
from cases.models import ModelRequest, Training, draw_model_weights, node, rows_of, sequential
from cases.scenarios.base import claim, differentiated
from cases.tolerance import compare, expect_model

NAME = "bucketing"


def uneven() -> tuple[ModelRequest, np.ndarray]:
    """A masked model, five rows padded at the end, and their lengths: two buckets."""
    lengths = np.array([6, 3, 6, 3, 3])
    made = sequential(
        NAME,
        node("input", "input", shape=(None, 3)),
        node("lstm", "recurrent", layer=Layer("lstm", 3, 5, return_sequences=False, return_state=False)),
        node("dense", "dense", units=2, activation="linear"),
    )
    mask = np.arange(6) < lengths[:, None]
    random = generator(NAME)
    inputs = np.where(mask[:, :, None], random.normal(0, 1, (5, 6, 3)), 0.0)
    training = Training("sgd", (("learning_rate", 0.01),), "mse")
    return ModelRequest(
        made,
        draw_model_weights(made),
        inputs,
        mask,
        random.normal(0, 1, (5, 2)),
        training,
        wants=("gradients",),
    ), lengths


def buckets(request: ModelRequest, lengths: np.ndarray) -> list[tuple[int, ModelRequest]]:
    """How many rows, and the question about them unpadded, for each length."""
    found = []
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        bucket = replace(request, inputs=rows_of(request.inputs, rows)[:, :length], mask=None, targets=request.targets[rows])
        found.append((len(rows), bucket))
    return found


@claim(NAME, "One batch a length gives the loss of one padded and masked batch: the means, weighted by their rows.",
       says="In place of padding, sequences of one length go into one batch.")
def losses(ask):
    request, lengths = uneven()
    total = sum(rows * ask(bucket)["loss"] for rows, bucket in buckets(request, lengths))
    return compare("loss", ask(request)["loss"], total / len(lengths), 2 * expect_model(request)["loss"].allowed)


@claim(NAME, "One batch a length gives the gradients of one padded and masked batch, weighted by their rows.",
       says="In place of padding, sequences of one length go into one batch.")
def gradients(ask):
    request, lengths = uneven()
    seen, expected = ask(request), expect_model(request)
    answers = [(rows, ask(bucket)) for rows, bucket in buckets(request, lengths)]
    found = []
    for name, array in seen.named("gradients").items():
        total = sum(rows * answer[name] for rows, answer in answers) / len(lengths)
        found += compare(name, array, total, 2 * float(np.max(expected[name].allowed)))
    return found


@claim(NAME, "The padded and masked batch has the loss and the gradients of the equations.")
def of_the_equations(ask):
    request, _ = uneven()
    seen = ask(request)
    due = expect_model(request, seen.facts["padding"])["loss"]
    return compare("loss", seen["loss"], due.value, due.allowed) + differentiated(ask, request)
