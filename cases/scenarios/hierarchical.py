"""`mnist-hierarchical-rnn` (document 3): an image read by rows, its rows read by pixels.

(28, 28, 1) → TimeDistributed(LSTM 128) over the pixels of a row → (28, 128) → LSTM 128 over the rows → Dense 10.
Trained on the 8 × 8 digits that scikit-learn carries.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from sklearn.datasets import load_digits

from cases.layers import Layer, generator
from cases.models import Model, ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation
from cases.scenarios.base import ADAM, claim, minibatches, model_claims
from cases.tolerance import compare, expect_model

NAME = "mnist-hierarchical-rnn"
ROWS, UNSEEN, STEPS = 256, 150, 50


def model(side: int, units: int) -> Model:
    """The document's model, for images of side × side pixels."""

    def reader(features: int) -> Layer:
        return Layer("lstm", features, units, return_sequences=False, return_state=False)

    return sequential(
        NAME,
        node("image", "input", shape=(side, side, 1)),
        node("rows", "time_distributed", layer=node("pixels", "recurrent", layer=reader(1))),
        node("columns", "recurrent", layer=reader(units)),
        node("dense", "dense", units=10, activation="softmax"),
    )


@lru_cache(maxsize=1)
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Images (rows, 8, 8, 1) between 0 and 1, labels (rows, 10)."""
    found = load_digits()
    chosen = generator(NAME).permutation(len(found.images))[: ROWS + UNSEEN]
    return found.images[chosen][..., None] / 16.0, np.eye(10)[found.target[chosen]]


@lru_cache(maxsize=1)
def small() -> ModelRequest:
    images, labels = digits()
    made = model(8, 16)
    training = Training(
        "adam", (("learning_rate", 0.02), *ADAM[1:]), "categorical_crossentropy", minibatches(NAME, ROWS, 32, STEPS)
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
    made = model(28, 128)
    return ModelRequest(made, draw_model_weights(made), generator(NAME, "image").random((1, 28, 28, 1)))


model_claims(NAME, small, whole, {"rows": (28, 128), "columns": (128,), "dense": (10,)}, first=3, equations="full")


@claim(NAME, "Unseen digits are told apart three times as well as by guessing.",
       says="It classifies digits.")
def accuracy(ask):
    labels = digits()[1][ROWS:]
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
    each = ask(ModelRequest(alone, weights, images.reshape(24, 8, 1)))["predictions"].reshape(3, 8, 16)
    allowed = 2 * expect_model(together)["predictions"].allowed
    return compare("outputs of TimeDistributed(LSTM)", ask(together)["predictions"], each, allowed)
