"""`lstm-regression-optimizers` (document 1): which optimizer is the fastest?

400 points X = linspace(-1, 2), y = 3.3 X + 2 + N(0, 0.5), shuffled, two thirds for training; input (N, 1, 1);
LSTM(128, sequences) → Dropout 0.01 → LSTM(128, sequences) → Dropout 0.01 → LSTM(128) → Dropout 0.01 → Dense(1); mean
squared error; 2 000 steps of `train_on_batch` on all rows, one loss kept every 30. It says that Adadelta is the fastest, SGD
the slowest, and the rest alike. Here without dropout where numbers are compared; with 6 units at `default`, as written at
`full`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from cases.layers import Layer, generator
from cases.models import Model, ModelRequest, Training, draw_model_weights, node, sequential
from cases.optimizers import DEFINITIONS, OPTIMIZERS, OWN
from cases.requests import Deviation, Note
from cases.scenarios.base import claim, curve, followed, predicted, shaped
from cases.scenarios.optimizer_steps import NAME
from cases.steps import OptimizerRequest, given
from cases.tolerance import compare

POINTS, STEPS, EVERY, FIRST = 400, 2000, 30, 5
KEPT = 67
"""How many of 2 000 losses are kept: every thirtieth, the first among them."""
DOCUMENT = ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam")
NOISE = 0.5**2
"""The loss of the line itself: the variance of the noise."""
_THEN = {"epsilon": 1e-8}
AT_ITS_TIME = {
    "sgd": {"learning_rate": 0.01}, "rmsprop": {"learning_rate": 0.001, **_THEN},
    "adagrad": {"learning_rate": 0.01, "initial_accumulator_value": 0.0, **_THEN},
    "adadelta": {"learning_rate": 1.0, **_THEN}, "adam": dict(_THEN), "adamax": {"learning_rate": 0.002, **_THEN},
    "nadam": {"learning_rate": 0.002, **_THEN},
}
"""Where Keras' defaults were others when the document was written: in Keras 2.0 Adadelta's learning rate was 1. Nadam's
schedule_decay was 0.004: today's Keras has no option for it, PyTorch's momentum_decay is the same."""
SCHEDULE = {"keras": DEFINITIONS["keras"]["nadam"]["momentum_decay"], "torch": 0.004}
"""Stack -> what can be given as Nadam's schedule_decay of the time."""
COMMON = 0.01
"""One learning rate for all: what is left of the ranking then are the rules."""


def model(units: int, rate: float = 0.0) -> Model:
    """The document's model, with its dropout if asked."""
    nodes = [node("input", "input", shape=(1, 1))]
    for number in range(3):
        layer = Layer("lstm", units if number else 1, units, return_sequences=number < 2, return_state=False)
        nodes.append(node(f"lstm_{number}", "recurrent", layer=layer))
        nodes += [node(f"dropout_{number}", "dropout", rate=rate)] if rate else []
    return sequential(NAME, *nodes, node("dense", "dense", units=1, activation="linear"))


@lru_cache(maxsize=1)
def every_point() -> tuple[np.ndarray, np.ndarray]:
    """All 400 x and y, shuffled."""
    random = generator(NAME, "points")
    x = np.linspace(-1, 2, POINTS)
    random.shuffle(x)
    return x, 3.3 * x + 2 + random.normal(0, 0.5, POINTS)


def points(validation: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (rows, 1, 1) and targets (rows, 1) of the two thirds that it trains on, or of the rest."""
    x, y = every_point()
    rows = slice(int(POINTS * 0.67), None) if validation else slice(int(POINTS * 0.67))
    return np.float32(x[rows, None, None]).astype(float), np.float32(y[rows, None]).astype(float)


@lru_cache(maxsize=4)
def weights(units: int) -> dict[str, np.ndarray]:
    """Small weights, as initializers give. The second bias of a cell is zero: where a stack has but one, weight decay and
    updates that are not linear act on one, and the paths are the same from equal sums only."""
    random, found = generator(NAME, "weights", units), {}
    for name, array in draw_model_weights(model(units)).items():
        limit = np.sqrt(6 / sum(array.shape)) if array.ndim == 2 else 0.1
        found[name] = np.zeros(array.shape) if name.endswith("recurrent_bias") else random.uniform(-limit, limit, array.shape)
    return {name: np.round(array * 2**14) / 2**14 for name, array in found.items()}


def question(optimizer: str, hyper: dict[str, Any], units: int, rows: int, steps: int, own: bool = False) -> ModelRequest:
    """`steps` steps, each on the same `rows`."""
    x, y = points()
    training = Training(optimizer, tuple(hyper.items()), "mse", (tuple(range(rows)),) * steps, own=own)
    return ModelRequest(model(units), weights(units), x[:rows], None, y[:rows], training)


FEW = [{"optimizer": "nadam"}]


def trajectory_of(ask, optimizer: str, units: int, rows: int) -> list[Deviation | Note]:
    hyper = {"momentum": 0.9} if optimizer in ("sgd", "rmsprop") else {}
    request = question(optimizer, {**given(optimizer), **hyper, "learning_rate": 0.01}, units, rows, FIRST)
    found = followed(ask, request, FIRST)
    return [*found, curve(optimizer, ask(request)["losses"], f"Losses from equal weights and hyper-parameters, {units} units")]


@claim(NAME, f"From equal weights and hyper-parameters the first {FIRST} losses are those of the equations, on every stack.", FEW,
       sparing=())
def trajectory(ask, optimizer):
    return trajectory_of(ask, optimizer, 6, 24)


@claim(NAME, f"The first {FIRST} losses are those of the equations, with every optimizer.",
       [{"optimizer": o} for o in OPTIMIZERS if {"optimizer": o} not in FEW], depth="full")
def every_trajectory(ask, optimizer):
    return trajectory_of(ask, optimizer, 6, 24)


@claim(NAME, f"With the document's sizes the first {FIRST} losses are those of the equations.",
       [{"optimizer": o} for o in ("sgd", "adam")], depth="full")
def whole_trajectory(ask, optimizer):
    return trajectory_of(ask, optimizer, 128, len(points()[0]))


WHOLE = {"input": (1, 1), "lstm_0": (1, 128), "lstm_1": (1, 128), "lstm_2": (128,), "dense": (1,),
         **{f"dropout_{number}": (1, 128) if number < 2 else (128,) for number in range(3)}}


@claim(NAME, "With 128 units every layer has the shape that the document gives.",
       says="Input (N, 1, 1); LSTM(128, sequences), LSTM(128, sequences), LSTM(128), each with Dropout; Dense(1).")
def shapes(ask):
    made = model(128, 0.01)
    return shaped(ask, ModelRequest(made, weights(128), points()[0][:1]), WHOLE)


@claim(NAME, "400 points are split into 268 for training and 132, which the model predicts too, each point once.",
       says="400 points, split 67 to 33.", sparing=())
def split(ask):
    (x, _), (rest, due) = points(), points(validation=True)
    request = ModelRequest(model(6), weights(6), np.concatenate([x, rest]))
    seen = ask(request)["predictions"]
    found = predicted(ask, request)
    sizes = len(x), len(rest), len(seen[len(x):])
    if sizes != (268, 132, len(due)):
        found.append(Deviation("rows", f"found {sizes}: expected 268 for training, 132 others, and 132 predictions of those"))
    every = np.sort(np.concatenate([x, rest]).ravel())
    return [*found, *compare("x of both parts, in order", every, np.linspace(-1, 2, POINTS), 1e-7 * 2)]


FIGURES = {
    "own": "Losses with the framework's own defaults",
    "at_its_time": "Losses with Keras' defaults of the document's time, as far as they can be given",
    "common": f"Losses with one learning rate for all, {COMMON:g}",
}
HYPER = [{"hyper": name} for name in FIGURES]
FIRST_AND_LAST: Mapping[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("own", "keras"): (("rmsprop",), ("adagrad", "adadelta")),
    ("own", "torch"): (("adadelta",), ("sgd",)),
    ("at_its_time", "keras"): (("adagrad",), ("sgd",)),
    ("at_its_time", "torch"): (("adagrad",), ("sgd",)),
    ("common", "keras"): (("rmsprop", "nadam"), ("sgd", "adadelta")),
    ("common", "torch"): (("rmsprop", "nadam"), ("sgd", "adadelta")),
}
"""(hyper-parameters, stack) -> which optimizers may be the first below the bound, and which the last or never: what is not
told apart within the dropout's chance stands together."""


def hyper_of(hyper: str, optimizer: str, stack: str) -> dict[str, Any]:
    """The hyper-parameters that are given: none where the framework's own decide."""
    if hyper == "own":
        return {}
    schedule = {"momentum_decay": SCHEDULE[stack]} if optimizer == "nadam" else {}
    changed = {"learning_rate": COMMON} if hyper == "common" else AT_ITS_TIME[optimizer]
    return {**OWN["keras"][optimizer], **schedule, **changed}


@claim(
    NAME, "Which optimizer is the fastest is a matter of the learning rate: with Keras' and PyTorch's own defaults as they are "
    "found here, with those of Keras when the document was written, and with one rate for all, others are first and last.",
    HYPER, depth="full", says="Adadelta is the fastest, SGD is the slowest, and the rest are alike.",
    document="it is true of learning rates, not of optimizers: Adadelta had 1.0 where Adam had 0.001, as still in PyTorch; in "
    "Keras it has 0.001 now. With Keras' defaults of the time Adagrad is first, and with one rate for all Nadam or RMSprop",
)
def ranking(ask, hyper):
    """Held: every curve is finite and falls, 67 of its losses are kept, and the first and the last, or those that never come
    below the bound, are as declared."""
    reached, notes, found = {}, [], []
    stack = ask(OptimizerRequest("sgd", (), {"bias": np.array([0.5])})).facts["stack"]
    for optimizer in DOCUMENT:
        options = hyper_of(hyper, optimizer, stack)
        request = question(optimizer, options, 128, len(points()[0]), STEPS, own=hyper == "own")
        losses = ask(replace(request, model=model(128, 0.01)))["losses"]
        below = np.flatnonzero(losses < 1.5 * NOISE)
        reached[optimizer] = int(below[0]) + 1 if below.size else STEPS + 1
        notes.append(curve(optimizer, losses, FIGURES[hyper], EVERY))
        if len(losses[::EVERY]) != KEPT:
            found.append(Deviation("losses", f"{optimizer}: {len(losses[::EVERY])} losses are kept, expected {KEPT}"))
        if not np.isfinite(losses).all() or losses[-EVERY:].mean() > losses[:EVERY].mean():
            words = f"{optimizer}: from {losses[0]:.3g} to {losses[-1]:.3g}: expected finite and falling"
            found.append(Deviation("losses", words))
    order = sorted(reached, key=reached.get)
    words = ", ".join(f"{o} {reached[o] if reached[o] <= STEPS else 'never'}" for o in order)
    notes.append(Note(f"step at which the loss is first below {1.5 * NOISE:g}, the fastest first", words))
    agrees = order[0] == "adadelta" and order[-1] == "sgd"
    notes.append(Note("the document's ranking", "is found here" if agrees else "is not found here"))
    firsts, lasts = FIRST_AND_LAST[hyper, stack]
    for place, step, due in (("first", min(reached.values()), firsts), ("last", max(reached.values()), lasts)):
        wrong = [one for one in order if reached[one] == step and one not in due]
        found += [Deviation("ranking", f"{one} is {place}, expected {' or '.join(due)}: {words}") for one in wrong]
    return [*found, *notes]
