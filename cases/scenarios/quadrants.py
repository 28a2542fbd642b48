"""`cnn-lstm-quadrants` (document 1): images cut into quadrants, put together in four orders: four time steps.

28 × 28 images, four quadrants of 14 × 14, stacked in the orders 1234, 4321, 1324, 4231: the document's (N, 4, 1, 56, 14), its
one channel in front; here (N, 4, 56, 14, 1), the channel last. Under TimeDistributed: Conv 3×3 (32), relu, Conv 3×3 (32),
relu, 2×2 max pool, flatten, Dropout 0.25; → LSTM(5) → Dense(50) → Dense(10), softmax. The shapes and the mistakes are asked of
that model. Trained on scikit-learn's digits, real ones of 8 × 8 pixels, every pixel doubled to 16 × 16, so that a step is
32 × 8, with fewer filters; where MNIST lies on disk, on its 28 × 28 digits too.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from cases import datafiles
from cases.layers import Layer, generator
from cases.models import Model, ModelRequest, Node, Training, draw_model_weights, node, sequential
from cases.requests import Deviation, Note, Refusal
from cases.scenarios.base import ADAM, claim, curve, falls, minibatches, model_claims, refused
from cases.scenarios.files import on_real_data
from cases.tolerance import compare, expect_model

NAME = "cnn-lstm-quadrants"
ORDERS = ((0, 1, 2, 3), (3, 2, 1, 0), (0, 2, 1, 3), (3, 1, 2, 0))
ROWS, STEPS = 128, 18
HYPER = (("learning_rate", 0.03), *ADAM[1:])


def cut(images: np.ndarray) -> np.ndarray:
    """(n, side, side) -> (n, 4, 2 side, side / 2, 1): quadrants below each other, an order a step."""
    half = images.shape[1] // 2
    parts = [images[:, a : a + half, b : b + half] for a in (0, half) for b in (0, half)]
    return np.stack([np.concatenate([parts[q] for q in order], axis=1) for order in ORDERS], axis=1)[..., None]


def every(name: str, op: str, **options) -> Node:
    """A layer under TimeDistributed."""
    return node(name, "time_distributed", layer=node(f"{name}_inside", op, **options))


def model(high: int, filters: int, units: int, dense: int) -> Model:
    """The document's model, for steps of high × high / 4 pixels."""
    conv = {"filters": filters, "size": (3, 3), "padding": "valid", "activation": "relu"}
    flat = filters * ((high - 4) // 2) * ((high // 4 - 4) // 2)
    return sequential(
        NAME,
        node("input", "input", shape=(4, high, high // 4, 1)),
        every("conv_1", "conv2d", **conv),
        every("conv_2", "conv2d", **conv),
        every("pool", "max_pool2d", size=(2, 2)),
        every("flat", "flatten"),
        every("dropout", "dropout", rate=0.0),
        node("lstm", "recurrent", layer=Layer("lstm", flat, units, return_sequences=False, return_state=False)),
        node("dense", "dense", units=dense, activation="linear"),
        node("output", "dense", units=10, activation="softmax"),
    )


@lru_cache(maxsize=1)
def small() -> ModelRequest:
    images, labels = datafiles.small_digits()
    chosen = generator(NAME).permutation(len(images))[:ROWS]
    images = cut(np.kron(images[chosen] / 16.0, np.ones((1, 2, 2))))
    made = model(32, 4, 12, 16)
    training = Training("adam", HYPER, "categorical_crossentropy", minibatches(NAME, ROWS, 32, STEPS))
    return ModelRequest(
        made,
        draw_model_weights(made),
        images,
        None,
        np.eye(10)[labels[chosen]],
        training,
    )


@lru_cache(maxsize=1)
def whole() -> ModelRequest:
    made = model(56, 32, 5, 50)
    return ModelRequest(made, draw_model_weights(made), cut(generator(NAME, "images").random((1, 28, 28))))


model_claims(
    NAME,
    small,
    whole,
    {
        "input": (4, 56, 14, 1),
        "conv_1": (4, 54, 12, 32),
        "conv_2": (4, 52, 10, 32),
        "pool": (4, 26, 5, 32),
        "flat": (4, 32 * 26 * 5),
        "dropout": (4, 32 * 26 * 5),
        "lstm": (5,),
        "dense": (50,),
        "output": (10,),
    },
    first=2,
    to=0.9, equations="full",
)


@lru_cache(maxsize=1)
def real(path: Path) -> ModelRequest:
    """The small model for the first of the real digits, 28 × 28, in the document's quadrants."""
    images, labels = datafiles.digits(path)
    made, labels = model(56, 4, 12, 16), np.eye(10)[labels[:ROWS]]
    return ModelRequest(made, draw_model_weights(made), cut(images[:ROWS] / 255.0), None, labels, small().training)


@claim(NAME, f"With {datafiles.FILES['mnist']} on disk the model trains on the real digits: the first losses are those of the "
             "equations, and the loss falls.", says="It is trained on MNIST.")
def real_data(ask):
    return on_real_data(ask, "mnist", real, 2, 0.97)


@claim(NAME, "Four steps of 56 × 14 pixels, and each reads its four quadrants in its own order: 1234, 4321, 1324, 4231.",
       says="Four quadrants of 14 x 14 are put together in four orders, 1234, 4321, 1324 and 4231, to four time steps: "
            "(N, 4, 1, 56, 14).")
def quadrants(ask):
    image = np.kron([[1.0, 2.0], [3.0, 4.0]], np.ones((14, 14)))
    chain = node("input", "input", shape=(4, 56, 14, 1)), every("quadrant", "max_pool2d", size=(14, 14))
    seen = ask(ModelRequest(sequential(NAME + " quadrants", *chain), {}, cut(image[None])))
    orders = np.array([[1, 2, 3, 4], [4, 3, 2, 1], [1, 3, 2, 4], [4, 2, 3, 1]])
    shape = tuple(seen.facts["shapes"]["quadrant"])
    found = [] if shape == (4, 4, 1, 1) else [Deviation("shape", f"quadrants of {shape}, expected (4, 4, 1, 1)")]
    return found + compare("largest pixels of the quadrants", seen["predictions"], orders[None, :, :, None, None], 0.0)


@claim(
    NAME,
    "TimeDistributed(Conv2D) is the convolution applied to every step, and to all steps folded into the batch.",
    [{"how": "steps"}, {"how": "folded"}],
    says="TimeDistributed applies the convolutions to each of the four quadrants.",
)
def time_distributed(ask, how):
    request = small()
    images = request.inputs[:2]
    weights = {name: w for name, w in request.weights.items() if name.startswith("conv_1/")}
    together = ModelRequest(Model(NAME + " over time", request.model.nodes[:2]), weights, images)
    inside = replace(request.model.nodes[1]["layer"], name="conv_1")
    alone = sequential(NAME + " step", node("input", "input", shape=images.shape[2:]), inside)
    seen, allowed = ask(together)["predictions"], 2 * expect_model(together)["predictions"].allowed
    if how == "folded":
        each = ask(ModelRequest(alone, weights, images.reshape(8, *images.shape[2:])))["predictions"].reshape(
            seen.shape
        )
    else:
        each = np.stack([ask(ModelRequest(alone, weights, images[:, t]))["predictions"] for t in range(4)], axis=1)
    return compare("outputs of TimeDistributed(Conv2D)", seen, each, allowed)


RANKS = {"lstm_of_2d": (3, 2), "conv_of_5d": (4, 5)}
"""Mistake -> how many axes are expected, and how many are found."""


def told_ranks(message: str) -> set[int]:
    """Every number of axes that a message speaks of, in words or by a shape that it prints."""
    words = [int("".join(found)) for found in re.findall(r"ndim=(\d+)|\b(\d+)-?D\b|\b(\d+) axes", message)]
    shapes = re.findall(r"[(\[]([^()\[\]]*,[^()\[\]]*)[)\]]", message)
    return {*words, *(len(re.findall(r"\w+", shape)) for shape in shapes)}


def mistaken(which: str) -> tuple[ModelRequest, tuple[set[str], ...]]:
    """The model with one of the document's mistakes, and the numbers that the error must name: one of each set."""
    request = whole()
    nodes = {n.name: n for n in request.model.nodes}
    inside = replace(nodes["conv_1"]["layer"], name="conv_1")
    if which.startswith("reshape"):  # the document asks for 56 · 14 where 32 · 26 · 5 numbers are, a step or four of them
        wrong = (4, 56 * 14) if which == "reshape_of_4_steps" else (56 * 14,)
        chain = [*request.model.nodes[:5], node("reshape", "reshape", shape=wrong)]
        return replace(request, model=sequential(NAME, *chain)), ({"784"}, {"4160", "16640"})
    if which == "lstm_of_2d":
        chain = [node("input", "input", shape=(4160,)), nodes["lstm"]]
        return replace(request, model=sequential(NAME, *chain), inputs=np.full((2, 4160), 0.5)), ({"4160"},)
    return replace(request, model=sequential(NAME, nodes["input"], inside)), ({"56"}, {"14"})


@claim(
    NAME,
    "The document's three mistakes each raise an error that names what was found and what was expected: the sizes that do not "
    "match, or both numbers of axes.",
    [{"mistake": m} for m in ("reshape", "reshape_of_4_steps", "lstm_of_2d", "conv_of_5d")],
    document="its Reshape asks for 56 · 14 = 784 numbers a step where two valid convolutions and the pool leave 32 · 26 · 5 = "
             "4160; and Keras 3 tells of five axes in a Conv2D by the shapes of kernel and input, no longer by the two ndim",
    says="Reshape to 56 x 14, or an LSTM on two axes, or a Conv2D on five: each was tried, and failed.",
)
def mistakes(ask, mistake):
    request, numbers = mistaken(mistake)
    weights = {
        name: w for name, w in request.weights.items() if name.split("/")[0] in {n.name for n in request.model.nodes}
    }
    answer, called = ask.answer(replace(request, weights=weights)), mistake.replace("_", " ")
    found = refused(answer, called, *numbers)
    if isinstance(answer, Refusal) and (silent := set(RANKS.get(mistake, ())) - told_ranks(answer.message)):
        words = f"{called}: no word of {' or '.join(map(str, sorted(silent)))} axes in {answer.message[:200]}"
        found = [Deviation("error", words), *found]
    return found


ENOUGH = 0.4
"""The share of unseen digits that must be told: by the commonest one 14 % are, after labels of chance up to 23 %."""


@lru_cache(maxsize=2)
def dropping(chance: bool = False) -> ModelRequest:
    """The small question with the document's dropout, then asked about digits that it has not seen; if by `chance`, its labels
    are those of other digits."""
    request = small()
    nodes = tuple(every("dropout", "dropout", rate=0.25) if n.name == "dropout" else n for n in request.model.nodes)
    nodes = tuple(replace(n, inputs=("flat",)) if n.name == "dropout" else n for n in nodes)
    labels = generator(NAME, "chance").permutation(request.targets) if chance else request.targets
    return replace(request, model=replace(request.model, nodes=nodes), targets=labels, unseen=unseen()[0], wants=())


@lru_cache(maxsize=1)
def unseen() -> tuple[np.ndarray, np.ndarray]:
    """As many other digits, cut alike, and what they are."""
    images, labels = datafiles.small_digits()
    others = generator(NAME).permutation(len(images))[ROWS : 2 * ROWS]
    return cut(np.kron(images[others] / 16.0, np.ones((1, 2, 2)))), labels[others]


def share_right(ask, chance: bool = False) -> float:
    """The share of unseen digits that are told right."""
    return float(np.mean(ask(dropping(chance))["trained"].argmax(axis=1) == unseen()[1]))


@claim(NAME, "With its dropout the model trains on real digits, and tells unseen ones far better than by guessing.",
       says="With Dropout 0.25 it trains on digits.", sparing=())
def dropout(ask):
    losses, right = ask(dropping())["losses"], share_right(ask)
    told = [curve("with dropout", losses, "Loss of each step of training, with dropout"),
            Note("unseen digits told right", f"{right:.1%}")]
    wrong = [] if right > ENOUGH else [Deviation("accuracy", f"{right:.1%} of unseen digits right, expected over {ENOUGH:.0%}")]
    return [*falls(losses, 0.8), *wrong, *told]


@claim(NAME, "Trained on labels of other digits, it does not tell unseen ones: what it does with the right ones is not chance.",
       says="With Dropout 0.25 it trains on digits.", depth="full")
def labels_of_chance(ask):
    right = share_right(ask, chance=True)
    told = Note("unseen digits told right after labels of chance", f"{right:.1%}")
    return [told] if right <= ENOUGH else [told, Deviation("accuracy", f"{right:.1%} right, expected at most {ENOUGH:.0%}")]
