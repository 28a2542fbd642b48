"""`cumulative-sum-tagging` (document 1): at which step does the sum of a sequence pass a quarter of its length?

T = 10 uniform numbers; y = 0 while their cumulative sum is below T / 4, else 1. LSTM(20, sequences), or both
directions, → TimeDistributed(Dense(1, sigmoid)); binary cross-entropy, Adam, fresh sequences at every step.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from cases.layers import Layer, generator
from cases.models import Model, ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation
from cases.scenarios.base import ADAM, claim, differentiated, followed, predicted, untrained
from cases.tolerance import compare, expect_model

NAME = "cumulative-sum-tagging"
TIME, STEPS, BATCH = 10, 70, 16
UNSEEN = STEPS * BATCH
WAYS = [{"direction": "forward"}, {"direction": "bidirectional"}]


def sequences(count: int, seed: str) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and tags, (count, 10, 1) each."""
    x = generator(NAME, seed).random((count, TIME, 1))
    return x, (np.cumsum(x, axis=1) >= TIME / 4).astype(float)


def model(direction: str, wrapped: bool = True) -> Model:
    """The document's model, its last layer under TimeDistributed or not."""
    layer = Layer("lstm", 1, 20, return_state=False, direction=direction)
    dense = node("dense", "dense", units=1, activation="sigmoid")
    return sequential(
        NAME,
        node("input", "input", shape=(TIME, 1)),
        node("lstm", "recurrent", layer=layer),
        node("dense", "time_distributed", layer=dense) if wrapped else dense,
    )


@lru_cache(maxsize=2)
def question(direction: str) -> ModelRequest:
    """Trained on fresh sequences, then asked about others."""
    x, y = sequences(STEPS * BATCH, "seen")
    batches = tuple(tuple(range(s * BATCH, (s + 1) * BATCH)) for s in range(STEPS))
    training = Training("adam", (("learning_rate", 0.02), *ADAM[1:]), "binary_crossentropy", batches)
    made = model(direction)
    return ModelRequest(made, draw_model_weights(made), x, None, y, training, sequences(UNSEEN, "unseen")[0])


@lru_cache(maxsize=2)
def few(direction: str, wrapped: bool = True) -> ModelRequest:
    """A batch of sequences, without training."""
    x, y = sequences(BATCH, "seen")
    training = Training("adam", ADAM, "binary_crossentropy")
    return ModelRequest(model(direction, wrapped), draw_model_weights(model(direction)), x, None, y, training)


@claim(NAME, "From equal weights the outputs are those of the equations.", WAYS, sparing=[{"direction": "forward"}])
def values(ask, direction):
    return predicted(ask, question(direction), BATCH)


@claim(NAME, "From equal weights the first 4 losses of training are those of the equations.", WAYS,
       sparing=[{"direction": "forward"}])
def training(ask, direction):
    return followed(ask, question(direction), 4)


@claim(NAME, "From equal weights the gradients are those of the equations.", WAYS, depth="full")
def gradients(ask, direction):
    return differentiated(ask, replace(few(direction), wants=("gradients",)))


@claim(NAME, "TimeDistributed(Dense) is Dense on an input of three axes.", WAYS,
       says="TimeDistributed(Dense(1)) gives one tag for every step.", sparing=[{"direction": "forward"}])
def time_distributed(ask, direction):
    one, other = ask(question(direction))["predictions"][:BATCH], ask(untrained(few(direction, False)))["predictions"]
    return compare("predictions", one, other, 2 * expect_model(untrained(few(direction)))["predictions"].allowed)


@claim(
    NAME, "It learns: 9 of 10 tags of fresh sequences are right, and more than by the commonest tag of each step.", WAYS,
    says="1000 epochs of one fresh sequence each teach it to tag when the sum has passed its threshold.",
    sparing=[{"direction": "forward"}],
)
def it_learns(ask, direction):
    tags = sequences(UNSEEN, "unseen")[1]
    right = np.mean((ask(question(direction))["trained"] > 0.5) == tags)
    base = np.mean(np.maximum(tags.mean(axis=0), 1 - tags.mean(axis=0)))
    if right > 0.9 and right > base + 0.02:
        return []
    return [Deviation("accuracy", f"{right:.1%} of the tags right; by the commonest tag of each step {base:.1%}")]
