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
from cases.requests import Deviation, Note, Observation
from cases.scenarios.base import ADAM, claim, curve, differentiated, followed, predicted, shaped, untrained
from cases.tolerance import compare, expect_model

NAME = "cumulative-sum-tagging"
TIME, STEPS, BATCH = 10, 32, 24
UNSEEN = STEPS * BATCH
ENOUGH = 0.93
"""Which share of fresh tags must be right; by the commonest tag of each step 89 % are, and as many after other tags."""
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
    training = Training("adam", (("learning_rate", 0.05), *ADAM[1:]), "binary_crossentropy", batches)
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


SHAPES = {"forward": 20, "bidirectional": 40}
"""Direction -> features of the LSTM's outputs."""


@claim(NAME, "Every layer has the shape that the document gives: one tag for each of 10 steps, from 20 features, or 40.", WAYS,
       says="LSTM(20, sequences), and its Bidirectional variant: (10, 20), or (10, 40), to (10, 1).")
def shapes(ask, direction):
    return shaped(ask, few(direction), {"input": (TIME, 1), "lstm": (TIME, SHAPES[direction]), "dense": (TIME, 1)})


def right_tags(seen: Observation) -> tuple[float, float]:
    """The share of the unseen sequences' tags that are right, and by the commonest tag of each step."""
    tags = sequences(UNSEEN, "unseen")[1]
    return float(np.mean((seen["trained"] > 0.5) == tags)), float(np.mean(np.maximum(tags.mean(axis=0), 1 - tags.mean(axis=0))))


@claim(
    NAME, "It learns: 93 of 100 tags of fresh sequences are right, far more than by the commonest tag of each step.", WAYS,
    says="1000 epochs of one fresh sequence each teach it to tag when the sum has passed its threshold.",
    sparing=[{"direction": "forward"}],
)
def it_learns(ask, direction):
    seen = ask(question(direction))
    right, base = right_tags(seen)
    notes = [curve(direction, seen["losses"], "Loss of each step of training"),
             Note(f"tags right, {direction}, and by the commonest tag of each step", f"{right:.1%}, {base:.1%}")]
    if right > ENOUGH and ENOUGH > base:
        return notes
    return [*notes, Deviation("accuracy", f"{right:.1%} of the tags right; by the commonest tag of each step {base:.1%}")]


@claim(NAME, "Trained on the tags of other sequences it stays below what it learns from its own.", WAYS, depth="full",
       says="It learns.")
def tags_of_others(ask, direction):
    request = question(direction)
    order = generator(NAME, "others").permutation(len(request.targets))
    right, _ = right_tags(ask(replace(request, targets=request.targets[order])))
    told = Note(f"tags right after training on the tags of other sequences, {direction}", f"{right:.1%}")
    return [told] if right <= ENOUGH else [told, Deviation("accuracy", f"{right:.1%} right, expected at most {ENOUGH:.0%}")]


@claim(NAME, "With the document's training, 1000 steps on one fresh sequence each, it learns as well.", WAYS, depth="full",
       says="1000 epochs of one fresh sequence each.")
def one_sequence_a_step(ask, direction):
    request, (x, y) = question(direction), sequences(1000, "one by one")
    one_by_one = tuple((row,) for row in range(1000))
    training = replace(request.training, batches=one_by_one, hyper=ADAM)
    seen = ask(replace(request, inputs=x, targets=y, training=training, wants=()))
    right, base = right_tags(seen)
    told = Note(f"tags right after 1000 single sequences, {direction}, and by the commonest tag", f"{right:.1%}, {base:.1%}")
    if len(seen["losses"]) == 1000 and right > ENOUGH:
        return [told]
    words = f"{right:.1%} right after {len(seen['losses'])} steps, expected over {ENOUGH:.0%} after 1000"
    return [told, Deviation("accuracy", words)]
