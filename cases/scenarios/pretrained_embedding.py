"""`pretrained-embedding` (document 1): given word vectors, row 0 reserved for padding, not trained.

A matrix of len(vocabulary) + 1 rows, row 0 zero; Embedding with those weights, frozen → LSTM → Dense.
Here 12 words, vectors of 5, an LSTM of 6 units, six rows of 2 to 7 words with zeros in front.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from cases.layers import Layer, generator
from cases.models import ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation
from cases.scenarios.base import claim, curve, differentiated, minibatches, predicted, untrained
from cases.tolerance import compare, expect_model

NAME = "pretrained-embedding"
WORDS, WIDTH = 12, 5


@lru_cache(maxsize=8)
def question(frozen: bool = True, steps: int = 6, **options) -> ModelRequest:
    """Ids (6, 7), zeros in front; the embedding has `options`, and is frozen or not."""
    model = sequential(
        NAME,
        node("ids", "input", shape=(None,)),
        node("embedding", "embedding", ids=WORDS + 1, width=WIDTH, **{"mask_zero": False, **options}),
        node("lstm", "recurrent", layer=Layer("lstm", WIDTH, 6, return_sequences=False, return_state=False)),
        node("dense", "dense", units=2, activation="softmax"),
    )
    random = generator(NAME)
    lengths = np.array([7, 5, 3, 6, 2, 4])
    ids = np.where(np.arange(7) >= 7 - lengths[:, None], random.integers(1, WORDS + 1, (6, 7)), 0)
    weights = draw_model_weights(model)
    weights["embedding/embeddings"] = np.concatenate([np.zeros((1, WIDTH)), weights["embedding/embeddings"][1:]])
    training = Training(
        "sgd",
        (("learning_rate", 0.2),),
        "categorical_crossentropy",
        minibatches(NAME, 6, 3, steps),
        ("embedding/embeddings",) if frozen else (),
    )
    targets = np.eye(2)[[0, 1, 0, 1, 1, 0]]
    return ModelRequest(model, weights, ids, None, targets, training)


@claim(NAME, "A look-up returns exactly the given vectors, row 0 zero.",
       says="The matrix has a row more than words: row 0 is all zero, and for padding.")
def lookup(ask):
    request = question()
    alone = sequential(NAME + " lookup", *request.model.nodes[:2])
    table = request.weights["embedding/embeddings"]
    ids = np.arange(WORDS + 1).reshape(1, -1)
    seen = ask(ModelRequest(alone, {"embedding/embeddings": table}, ids))["predictions"]
    return compare("embeddings", seen[0], table.astype("float32"), 0.0)


@claim(NAME, "After training the frozen matrix is the same, bit for bit, and the other weights are not.",
       says="With trainable=False the vectors stay as they are.")
def frozen(ask):
    request = question()
    seen = ask(request)
    found = compare(
        "embedding/embeddings",
        seen["weights/embedding/embeddings"],
        request.weights["embedding/embeddings"].astype("float32"),
        0.0,
    )
    moved = np.any(seen["weights/dense/kernel"] != request.weights["dense/kernel"].astype("float32"))
    found += [] if moved else [Deviation("dense/kernel", "training has not moved it")]
    return [*found, curve("frozen", seen["losses"], "Loss of each step of training")]


@claim(NAME, "Trained, the matrix moves in the rows that were looked up, and follows the equations.", sparing=())
def trained(ask):
    request = replace(question(frozen=False), wants=("predictions", "gradients"))
    seen, before = ask(request), request.weights["embedding/embeddings"].astype("float32")
    used = np.isin(np.arange(WORDS + 1), request.inputs)
    moved = np.any(seen["weights/embedding/embeddings"] != before, axis=1)
    told = curve("trained", seen["losses"], "Loss of each step of training")
    if np.array_equal(moved, used):
        return [told, *differentiated(ask, request)]
    return [told, Deviation("embedding/embeddings", f"rows {np.flatnonzero(moved)} moved, expected {np.flatnonzero(used)}")]


@claim(NAME, "With mask_zero (PyTorch: a mask from padding_idx, by hand) id 0 masks its step: padding changes nothing.",
       says="Id 0 is padding.")
def row_0_masks(ask):
    request = untrained(question(mask_zero=True))
    found = predicted(ask, request)
    base = ask(request)["predictions"]
    allowed = 2 * expect_model(request)["predictions"].allowed
    longer = np.pad(request.inputs, ((0, 0), (9, 0)))
    model = ModelRequest(request.model, request.weights, longer)
    return found + compare("predictions (nine more zeros in front)", ask(model)["predictions"], base, allowed)


@claim(NAME, "With padding_idx row 0 of a trainable matrix has a gradient of exactly zero, and stays as it was.")
def padding_idx(ask):
    request = replace(question(frozen=False, padding_idx=True), wants=("predictions", "gradients"))
    seen = ask(request)
    found = compare("gradient of row 0", seen["gradients/embedding/embeddings"][0], np.zeros(WIDTH), 0.0)
    return found + compare("row 0 after training", seen["weights/embedding/embeddings"][0], np.zeros(WIDTH), 0.0)
