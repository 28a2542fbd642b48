"""The reviews of document 3: good or bad? Three models, each a scenario of its own, described in `ABOUT`."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from cases import datafiles
from cases.layers import Layer, generator
from cases.models import FunctionRequest, Model, ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation, Note, Observation
from cases.scenarios.base import ADAM, claim, curve, falls, minibatches, model_claims
from cases.scenarios.files import on_real_data, there
from cases.tolerance import compare

WORDS, ROWS, UNSEEN, STEPS = 40, 128, 128, 24
HYPER = (("learning_rate", 0.03), *ADAM[1:])
_DATA = """
The shapes are asked of that model; numbers and training of the same with 16 steps, 8 features and {units} units. Its reviews are
generated: ids by Zipf's law, lengths by a log-normal one, as in the real ones; cut and padded in front, as pad_sequences does;
a few words speak for a good review, a few for a bad one. Where the real ones lie on disk, the model is trained on them too. Like
the document's, it has no mask: it reads its padding.
"""
ABOUT = {
    "imdb-lstm": """`imdb-lstm` (document 3): is a review good or bad? One LSTM over its words.

Ids (80) → Embedding 128 → LSTM 128 → Dense 1, sigmoid; binary cross-entropy, Adam.
""" + _DATA.format(units=8),
    "imdb-cnn-lstm": """`imdb-cnn-lstm` (document 3): is a review good or bad? A convolution before the LSTM.

Ids (100) → Embedding 128 → Dropout 0.25 → Conv1D(64, 5) → (96, 64) → MaxPool(4) → (24, 64) → LSTM 70 → Dense 1, sigmoid; binary
cross-entropy, Adam.
""" + _DATA.format(units=8),
    "imdb-bidirectional-lstm": """`imdb-bidirectional-lstm` (document 3): is a review good or bad? Read from both ends.

Ids (100) → Embedding 128 → Bidirectional(LSTM 64) → 128 → Dropout 0.5 → Dense 1, sigmoid; binary cross-entropy, Adam.
""" + _DATA.format(units=6),
}
"""Scenario -> its title, and what it is."""


def reviews(rows: int, time: int, words: int, seed: str) -> tuple[np.ndarray, np.ndarray]:
    """Ids (rows, time), 0 in front; labels (rows, 1). Ids 1 to 4 speak for a label of 1, ids 5 to 8 for one of 0."""
    random = generator("reviews", seed)
    chances = 1 / np.arange(1, words - 8)
    labels = random.integers(0, 2, rows)
    ids = np.zeros((rows, time), "int64")
    for row, label in enumerate(labels):
        length = int(np.clip(random.lognormal(np.log(0.7 * time), 0.4), 3, time))
        found = random.choice(np.arange(9, words), length, p=chances / chances.sum())
        telling = random.random(length) < 0.3
        found[telling] = random.integers(1, 5, telling.sum()) + (0 if label else 4)
        ids[row, time - length :] = found
    return ids, labels[:, None].astype(float)


def last_state(width: int, units: int, **options) -> Layer:
    return Layer("lstm", width, units, return_sequences=False, return_state=False, **options)


def plain(time: int, words: int, width: int, units: int) -> Model:
    """`imdb-lstm`"""
    return sequential(
        "imdb-lstm",
        node("ids", "input", shape=(time,)),
        node("embedding", "embedding", ids=words, width=width, mask_zero=False),
        node("lstm", "recurrent", layer=last_state(width, units)),
        node("dense", "dense", units=1, activation="sigmoid"),
    )


def convolved(time: int, words: int, width: int, units: int, filters: int) -> Model:
    """`imdb-cnn-lstm`"""
    return sequential(
        "imdb-cnn-lstm",
        node("ids", "input", shape=(time,)),
        node("embedding", "embedding", ids=words, width=width, mask_zero=False),
        node("dropout", "dropout", rate=0.0),
        node("conv", "conv1d", filters=filters, size=(5,), padding="valid", activation="relu"),
        node("pool", "max_pool1d", size=(4,)),
        node("lstm", "recurrent", layer=last_state(filters, units)),
        node("dense", "dense", units=1, activation="sigmoid"),
    )


def both_ways(time: int, words: int, width: int, units: int) -> Model:
    """`imdb-bidirectional-lstm`"""
    return sequential(
        "imdb-bidirectional-lstm",
        node("ids", "input", shape=(time,)),
        node("embedding", "embedding", ids=words, width=width, mask_zero=False),
        node("lstm", "recurrent", layer=last_state(width, units, direction="bidirectional")),
        node("dropout", "dropout", rate=0.0),
        node("dense", "dense", units=1, activation="sigmoid"),
    )


def whole(model: Model, time: int) -> ModelRequest:
    """One review for the model of the document's widths."""
    return ModelRequest(model, draw_model_weights(model), reviews(1, time, 40, model.name)[0])


@lru_cache(maxsize=4)
def small(model: Model, time: int) -> ModelRequest:
    """The small model, trained; then asked about reviews that it has not seen."""
    ids, labels = reviews(ROWS + UNSEEN, time, WORDS, model.name)
    training = Training("adam", HYPER, "binary_crossentropy", minibatches(model.name, ROWS, 16, STEPS))
    return ModelRequest(
        model,
        draw_model_weights(model),
        ids[:ROWS],
        None,
        labels[:ROWS],
        training,
        ids[ROWS:],
    )


TIME, ENOUGH = 16, 0.75
"""How many steps small reviews have; which share of unseen ones must be told apart: random labels give 50 ± 9 % (two sigma)."""


def share_right(seen: Observation, model: Model) -> float:
    """The share of unseen reviews that are told apart."""
    labels = reviews(ROWS + UNSEEN, TIME, WORDS, model.name)[1][ROWS:]
    return float(np.mean((seen["trained"] > 0.5) == labels))


def tells(ask, model: Model, request: ModelRequest) -> list[Deviation]:
    """A deviation where too few of unseen reviews are told apart."""
    right = share_right(ask(request), model)
    return [] if right > ENOUGH else [Deviation("accuracy", f"{right:.1%} of unseen reviews right, expected over {ENOUGH:.0%}")]


MODELS = (
    (
        plain(TIME, WORDS, 8, 8),
        plain(80, 40, 128, 128),
        {"ids": (80,), "embedding": (80, 128), "lstm": (128,), "dense": (1,)},
        80,
    ),
    (
        convolved(TIME, WORDS, 8, 8, 8),
        convolved(100, 40, 128, 70, 64),
        {"ids": (100,), "embedding": (100, 128), "dropout": (100, 128), "conv": (96, 64), "pool": (24, 64), "lstm": (70,),
         "dense": (1,)},
        100,
    ),
    (
        both_ways(TIME, WORDS, 8, 6),
        both_ways(100, 40, 128, 64),
        {"ids": (100,), "embedding": (100, 128), "lstm": (128,), "dropout": (128,), "dense": (1,)},
        100,
    ),
)

for _small, _whole, _table, _time in MODELS:
    model_claims(_small.name, partial(small, _small, TIME), partial(whole, _whole, _time), _table)

    @claim(_small.name, "Unseen reviews are told apart far better than by guessing.",
           says="It classifies reviews as good or bad.")
    def accuracy(ask, model=_small):
        return tells(ask, model, small(model, TIME))


REAL, KNOWN, REAL_STEPS = 320, 1000, 100


@lru_cache(maxsize=3)
def real(name: str, path: Path) -> ModelRequest:
    """A small model for the first of the real reviews: their last words, padded in front, as `pad_sequences` cuts them."""
    rows, labels = datafiles.reviews(path, KNOWN)
    time = 80 if name == "imdb-lstm" else 100
    made = {"imdb-lstm": plain(time, KNOWN, 16, 16), "imdb-cnn-lstm": convolved(time, KNOWN, 16, 16, 16),
            "imdb-bidirectional-lstm": both_ways(time, KNOWN, 16, 12)}[name]
    ids = np.array([[0] * (time - len(row[-time:])) + row[-time:] for row in rows[:REAL]])
    training = Training("adam", ADAM, "binary_crossentropy", minibatches(name, REAL, 32, REAL_STEPS))
    return ModelRequest(made, draw_model_weights(made), ids, None, labels[:REAL, None].astype(float), training)


def as_the_loader(ask) -> list[Deviation]:
    """Deviations of the first review and the labels, as read here, from those of the framework's own loader."""
    path = there("imdb")
    try:
        rows, labels = datafiles.reviews(path, KNOWN)
    except datafiles.BadData as problem:
        return [Deviation("data file", str(problem))]
    seen = ask(FunctionRequest("load_data", (("name", "imdb"), ("words", KNOWN), ("rows", REAL))))
    return compare("first review", seen["first"], np.array(rows[0]), 0.0) + compare(
        "labels", seen["labels"], labels[:REAL], 0.0)


for _small, *_ in MODELS:
    @claim(_small.name, f"With {datafiles.FILES['imdb']} on disk the model trains on the real reviews: the first losses are "
                        "those of the equations, and the loss falls.", says="It is trained on the reviews of IMDB.")
    def real_data(ask, name=_small.name):
        return on_real_data(ask, "imdb", partial(real, name), 3, 0.95)


@claim("imdb-lstm", f"{datafiles.FILES['imdb']} is read here as the framework's own loader reads it.",
       says="The data are those of imdb.load_data.")
def as_loaded(ask):
    return as_the_loader(ask)


def dropping(model: Model, telling: bool = True) -> ModelRequest:
    """The small question with the model's dropout; if not `telling`, half of the good and half of the bad reviews have a label
    of 1, so that there is nothing to learn."""
    option = (("rate", {"imdb-cnn-lstm": 0.25, "imdb-bidirectional-lstm": 0.5}[model.name]),)
    nodes = tuple(replace(n, options=option) if n.op == "dropout" else n for n in model.nodes)
    request = small(model, TIME)
    labels = request.targets.copy()
    for one in (0.0, 1.0) if not telling else ():
        rows = np.flatnonzero(request.targets[:, 0] == one)
        labels[rows, 0] = np.arange(len(rows)) % 2
    return replace(request, model=replace(model, nodes=nodes), targets=labels)


for _small, *_ in MODELS[1:]:
    @claim(_small.name, "With its dropout the model trains, and tells unseen reviews apart.", says="It has Dropout, and learns.",
           sparing=())
    def dropout(ask, model=_small):
        losses = ask(dropping(model))["losses"]
        told = curve("with dropout", losses, "Loss of each step of training, with dropout")
        return [*falls(losses, 0.8, over=10), *tells(ask, model, dropping(model)), told]

    @claim(_small.name, "Trained on labels that have nothing to do with the reviews, it does not tell unseen ones apart: what it "
                        "does with the right ones is not chance.", says="It learns.", depth="full")
    def labels_of_chance(ask, model=_small):
        right = share_right(ask(dropping(model, telling=False)), model)
        told = Note("unseen reviews right after labels of chance", f"{right:.1%}")
        return [told] if right <= ENOUGH else [told, Deviation("accuracy", f"{right:.1%} right, expected at most {ENOUGH:.0%}")]
