"""`mnist-hierarchical-rnn` (document 3): an image read by rows, its rows read by pixels.

(28, 28, 1) → TimeDistributed(LSTM 128) over the pixels of a row → (28, 128) → LSTM 128 over the rows → Dense 10.
Trained on the 8 × 8 digits that scikit-learn carries, every two rows averaged to one; where MNIST lies on disk, on its
digits too.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from cases import datafiles
from cases.layers import Layer, generator
from cases.models import FunctionRequest, Model, ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation
from cases.scenarios.base import ADAM, claim, minibatches, model_claims
from cases.scenarios.files import on_real_data, there
from cases.tolerance import compare, expect_model

NAME = "mnist-hierarchical-rnn"
ROWS, UNSEEN, STEPS = 160, 120, 32


def model(rows: int, pixels: int, units: int) -> Model:
    """The document's model, for images of rows × pixels."""

    def reader(features: int) -> Layer:
        return Layer("lstm", features, units, return_sequences=False, return_state=False)

    return sequential(
        NAME,
        node("image", "input", shape=(rows, pixels, 1)),
        node("rows", "time_distributed", layer=node("pixels", "recurrent", layer=reader(1))),
        node("columns", "recurrent", layer=reader(units)),
        node("dense", "dense", units=10, activation="softmax"),
    )


@lru_cache(maxsize=1)
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Images (rows, 4, 8, 1) between 0 and 1, labels (rows, 10)."""
    images, labels = datafiles.small_digits()
    chosen = generator(NAME).permutation(len(images))[: ROWS + UNSEEN]
    return images[chosen].reshape(-1, 4, 2, 8, 1).mean(axis=2) / 16.0, np.eye(10)[labels[chosen]]


@lru_cache(maxsize=1)
def small() -> ModelRequest:
    images, labels = rows()
    made = model(4, 8, 16)
    training = Training(
        "adam", (("learning_rate", 0.03), *ADAM[1:]), "categorical_crossentropy", minibatches(NAME, ROWS, 32, STEPS)
    )
    return ModelRequest(
        made,
        draw_model_weights(made),
        images[:ROWS],
        None,
        labels[:ROWS],
        training,
        images[ROWS:],
    )


def whole() -> ModelRequest:
    made = model(28, 28, 128)
    return ModelRequest(made, draw_model_weights(made), generator(NAME, "image").random((1, 28, 28, 1)))


TABLE = {"image": (28, 28, 1), "rows": (28, 128), "columns": (128,), "dense": (10,)}
model_claims(NAME, small, whole, TABLE, first=3, equations="full")


REAL = 160


@lru_cache(maxsize=1)
def real(path: Path) -> ModelRequest:
    """The small model for the first of the real digits, 28 × 28."""
    images, labels = datafiles.digits(path)
    made, (images, labels) = model(28, 28, 16), (images[:REAL, ..., None] / 255.0, np.eye(10)[labels[:REAL]])
    training = replace(small().training, batches=minibatches(NAME, REAL, 32, STEPS))
    return ModelRequest(made, draw_model_weights(made), images, None, labels, training)


@claim(NAME, f"With {datafiles.FILES['mnist']} on disk the model trains on the real digits: the first losses are those of the "
             "equations, and the loss falls.", says="It is trained on MNIST.")
def real_data(ask):
    return on_real_data(ask, "mnist", real, 2, 0.95)


@claim(NAME, f"{datafiles.FILES['mnist']} is read here as the framework's own loader reads it.",
       says="The data are those of mnist.load_data.")
def as_loaded(ask):
    try:
        images, labels = datafiles.digits(there("mnist"))
    except datafiles.BadData as problem:
        return [Deviation("data file", str(problem))]
    seen = ask(FunctionRequest("load_data", (("name", "mnist"), ("rows", REAL))))
    return compare("first images", seen["first"], images[:REAL], 0.0) + compare("labels", seen["labels"], labels[:REAL], 0.0)


@claim(NAME, "Unseen digits are told apart three times as well as by guessing.",
       says="It classifies digits.")
def accuracy(ask):
    labels = rows()[1][ROWS:]
    right = np.mean(ask(small())["trained"].argmax(axis=1) == labels.argmax(axis=1))
    base = labels.mean(axis=0).max()
    return [] if right > 3 * base else [Deviation("accuracy", f"{right:.1%} right; the commonest digit is {base:.1%}")]


@claim(NAME, "TimeDistributed(LSTM) is the LSTM applied to every row of the image on its own.",
       says="TimeDistributed applies the LSTM to each row of pixels.")
def row_by_row(ask):
    request = small()
    made = Model(NAME + " rows", request.model.nodes[:2])
    weights = {name: w for name, w in request.weights.items() if name.startswith("rows/")}
    images = request.inputs[:3]
    together = ModelRequest(made, weights, images)
    alone = sequential(
        NAME + " row",
        node("row", "input", shape=(8, 1)),
        node("rows", "recurrent", layer=made.nodes[1]["layer"]["layer"]),
    )
    each = ask(ModelRequest(alone, weights, images.reshape(12, 8, 1)))["predictions"].reshape(3, 4, 16)
    allowed = 2 * expect_model(together)["predictions"].allowed
    return compare("outputs of TimeDistributed(LSTM)", ask(together)["predictions"], each, allowed)
