"""`digits`: real images as sequences. A masked, variable-length classifier over the rows of handwritten digits.

8 × 8 images that scikit-learn carries; an image is a sequence of 5 to 8 rows of 8 pixels, padded at the end; the mask is
given. LSTM(32) → Dense(10, softmax), categorical cross-entropy, Adam, from equal weights on every stack.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from cases.datafiles import small_digits
from cases.layers import Layer, generator
from cases.models import ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation, Note
from cases.scenarios.base import ADAM, claim, curve, followed, predicted
from cases.tolerance import compare, expect_model

NAME = "digits"
TRAINED, UNSEEN, BATCH, EPOCHS = 480, 240, 32, 3
FIRST = 3
HYPER = (("learning_rate", 0.03), *ADAM[1:])
MODEL = sequential(
    NAME, node("input", "input", shape=(8, 8)),
    node("lstm", "recurrent", layer=Layer("lstm", 8, 32, return_sequences=False, return_state=False)),
    node("dense", "dense", units=10, activation="softmax"),
)


@lru_cache(maxsize=1)
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images (n, 8, 8) with zeros after each one's last row, masks (n, 8), labels (n, 10)."""
    images, labels = small_digits()
    random = generator("digits")
    chosen = random.permutation(len(images))[: TRAINED + UNSEEN]
    lengths = random.integers(5, 9, len(chosen))
    mask = np.arange(8) < lengths[:, None]
    return images[chosen] / 16.0 * mask[:, :, None], mask, np.eye(10)[labels[chosen]]


def question(count: int, **changes) -> ModelRequest:
    images, mask, labels = data()
    weights = draw_model_weights(MODEL, {"dense": 32})
    return replace(ModelRequest(MODEL, weights, images[:count], mask[:count], labels[:count]), **changes)


def batches(count: int, steps: int) -> tuple[tuple[int, ...], ...]:
    """`steps` batches of BATCH of the first `count` rows, in a random order, epoch after epoch."""
    random = generator("digits batches")
    order = np.concatenate([random.permutation(count) for _ in range(-(-steps * BATCH // count))])
    return tuple(tuple(int(i) for i in order[s * BATCH : (s + 1) * BATCH]) for s in range(steps))


@lru_cache(maxsize=1)
def trained() -> ModelRequest:
    """All images; trained on the first of them."""
    training = Training("adam", HYPER, "categorical_crossentropy", batches(TRAINED, EPOCHS * TRAINED // BATCH))
    return question(TRAINED + UNSEEN, training=training)


@claim(NAME, "The predictions are those of the equations.")
def values(ask):
    return predicted(ask, trained(), BATCH)


@claim(NAME, "What stands in the padding changes no prediction.", [{"content": "110"}, {"content": "nan"}])
def padding_content(ask, content):
    request = question(BATCH)
    other = replace(request, inputs=np.where(request.mask[:, :, None], request.inputs, float(content)))
    allowed = 2 * expect_model(request)["predictions"].allowed
    plain = ask(trained())["predictions"][:BATCH]
    return compare(f"predictions ({content} in padding)", ask(other)["predictions"], plain, allowed)


@claim(NAME, f"From equal weights the first {FIRST} losses of training are those of the equations.")
def trajectory(ask):
    return followed(ask, trained(), FIRST)


@claim(NAME, "It learns: the loss falls to a half, and unseen digits are told apart three times as well as by guessing.")
def it_learns(ask):
    labels, seen = data()[2], ask(trained())
    losses = seen["losses"]
    right = np.mean(seen["trained"][TRAINED:].argmax(axis=1) == labels[TRAINED:].argmax(axis=1))
    base = labels[TRAINED:].mean(axis=0).max()
    found: list[Deviation | Note] = [curve("loss", losses, "Loss of each step of training")]
    if not losses[-10:].mean() < losses[:5].mean() / 2:
        found.append(Deviation("losses", f"from {losses[:5].mean():.3g} to {losses[-10:].mean():.3g}: not a half"))
    if not right > 3 * base:
        found.append(Deviation("accuracy", f"{right:.1%} of unseen digits right; the commonest digit is {base:.1%}"))
    return [*found, Note("unseen digits that are told right, and the commonest digit", f"{right:.1%}, {base:.1%}")]
