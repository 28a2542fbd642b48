"""`masked-regression` (document 1): a mask that a Lambda loses on its way to the loss.

x (100, 362, 24) padded at the end, y (100, 357, 1), which is shifted by 5; Masking(0) → LSTM(128) → LSTM(64) → LSTM(1),
all sequences → Lambda(x[:, 5:, :]); Adam, mean absolute error. Parameters: 78 336 + 49 408 + 264 = 128 008.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from cases.layers import Layer, generator
from cases.models import Model, ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation, Note
from cases.scenarios.base import ADAM, built, claim, curve, falls, minibatches, model_claims, untrained
from cases.tolerance import compare

NAME = "masked-regression"
SHIFT, ROWS, TIME = 5, 30, 9
PARAMETERS = 78_336 + 49_408 + 264


def model(time: int, features: int, units: tuple[int, int, int], masked: bool = True, cut: bool = True) -> Model:
    """The document's model; without its mask or its Lambda if asked."""
    widths = (features, *units)
    stack = [
        node(f"lstm_{n}", "recurrent", layer=Layer("lstm", widths[n], units[n], return_state=False)) for n in range(3)
    ]
    first = [node("masking", "masking", value=0.0)] if masked else []
    last = [node("lambda", "slice", start=SHIFT, stop=None, form="lambda")] if cut else []
    return sequential(NAME, node("input", "input", shape=(time, features)), *first, *stack, *last)


@lru_cache(maxsize=1)
def small() -> ModelRequest:
    """Rows of 6 to 9 steps; the target is the running mean of the first feature, at its shifted steps."""
    random = generator(NAME)
    valid = np.arange(TIME) < random.integers(6, TIME + 1, ROWS)[:, None]
    inputs = np.where(valid[:, :, None], random.uniform(0.1, 1, (ROWS, TIME, 3)), 0.0)
    targets = (np.cumsum(inputs[:, :, :1], axis=1) / np.arange(1, TIME + 1)[:, None])[:, SHIFT:]
    training = Training("adam", (("learning_rate", 0.06), *ADAM[1:]), "mae", minibatches(NAME, ROWS, 15, 8))
    made = model(TIME, 3, (8, 6, 1))
    return ModelRequest(made, draw_model_weights(made), inputs, None, targets, training)


@lru_cache(maxsize=1)
def whole() -> ModelRequest:
    made = model(362, 24, (128, 64, 1))
    return ModelRequest(made, draw_model_weights(made), generator(NAME, "x").uniform(0.1, 1, (1, 362, 24)))


model_claims(
    NAME,
    small,
    whole,
    {
        "input": (362, 24),
        "masking": (362, 24),
        "lstm_0": (362, 128),
        "lstm_1": (362, 64),
        "lstm_2": (362, 1),
        "lambda": (357, 1),
    },
    first=3,
)


@claim(
    NAME,
    "The model has 78 336 + 49 408 + 264 = 128 008 parameters; with two biases a cell, as in PyTorch, 4 more a unit.",
    says="78 336 + 49 408 + 264 = 128 008 parameters.",
)
def parameters(ask):
    seen = ask(built(whole())).facts
    due = PARAMETERS + (0 if seen["one_bias"] else 4 * (128 + 64 + 1))
    return [] if seen["parameters"] == due else [Deviation("parameters", f"found {seen['parameters']}, expected {due}")]


OF_LAYERS = {"lstm_0": (78_336, 128), "lstm_1": (49_408, 64), "lstm_2": (264, 1)}
"""Layer -> its parameters in the document, and its units."""


@claim(NAME, "Each LSTM has the document's number of parameters; with two biases a cell, as in PyTorch, 4 more a unit.",
       [{"layer": name} for name in OF_LAYERS], says="78 336 + 49 408 + 264 parameters.")
def parameters_of_a_layer(ask, layer):
    seen, (due, units) = ask(built(whole())).facts, OF_LAYERS[layer]
    due += 0 if seen["one_bias"] else 4 * units
    found = seen["parameters_by_node"][layer]
    return [] if found == due else [Deviation("parameters", f"{layer}: found {found}, expected {due}")]


def errors(request: ModelRequest, predictions: np.ndarray) -> np.ndarray:
    """Absolute errors (batch, time) of the rows of one step over everything."""
    return np.abs(predictions - request.targets)[:, :, 0]


def once(**changes) -> ModelRequest:
    """The small model, one step on all rows."""
    request = small()
    return replace(request, training=replace(request.training, batches=(tuple(range(ROWS)),)), **changes)


def valid() -> np.ndarray:
    """(batch, time) bool"""
    return (small().inputs != 0).any(axis=-1)


@claim(NAME, "After the Lambda the loss is the mean over all steps, padded ones too: the mask has not reached it.",
       says="The printed loss is 0.1034, which is the loss without the mask, and not 0.1624, which is the loss with it.")
def loss_is_unmasked(ask):
    request = small()
    seen, rows = ask(request), list(request.training.batches[0])
    off = errors(request, seen["predictions"])[rows]
    plain, masked = off.mean(), off[valid()[rows, SHIFT:]].mean()
    printed = float(seen["losses"][0])
    found = compare("losses (the first)", seen["losses"][:1], np.array([plain]), 1e-5 * plain)
    if not found and abs(plain - masked) <= 0.01 * plain:
        found = [Deviation("losses", "masked and plain are alike: nothing is told")]
    told = {"printed": printed, "by hand, over all steps": plain, "by hand, over the valid steps": masked}
    padding = seen.facts["padding"]
    kept = set(padding.values()) if isinstance(padding, dict) else {padding}
    words = {"hold": "the last valid output, held", "zero": "zeros"}
    return [*found, *(Note(f"loss, {name}", f"{value:.4f}") for name, value in told.items()),
            Note("outputs at padded steps, which count in the loss", " and ".join(words.get(one, one) for one in sorted(kept)))]


@claim(NAME, "Without the Lambda the loss is the mean over the valid steps, by hand.",
       says="With the mask taken into account by hand the loss would be 0.1624.", sparing=())
def loss_is_masked_without_lambda(ask):
    request = small()
    ahead = np.concatenate([np.full((ROWS, SHIFT, 1), 0.3), request.targets], axis=1)
    request = once(model=model(TIME, 3, (8, 6, 1), cut=False), targets=ahead)
    seen = ask(request)
    due = errors(request, seen["predictions"])[valid()].mean()
    return compare("losses", seen["losses"], np.array([due]), 1e-5 * due)


@claim(
    NAME,
    "The mask does act inside the LSTMs: without it the outputs at padded steps are others.",
    document='it concludes that "the mask seems to do nothing"; it acts in every LSTM, and only the loss has lost it',
    says="The mask seems to do nothing.",
)
def mask_acts(ask):
    with_mask = ask(small())["predictions"]
    without = ask(untrained(replace(small(), model=model(TIME, 3, (8, 6, 1), masked=False))))["predictions"]
    padded = ~valid()[:, SHIFT:]
    if np.all(np.abs(with_mask - without)[padded].max(axis=-1) > 1e-5):
        return []
    return [Deviation("predictions", "with and without Masking some padded steps are equal")]


@lru_cache(maxsize=1)
def as_written() -> ModelRequest:
    """The document's sizes: 100 rows of 362 steps, 3 epochs of batches of 15; a target like that of the small rows."""
    random, made, rows = generator(NAME, "as written"), model(362, 24, (128, 64, 1)), 100
    steps = np.arange(362) < random.integers(100, 363, rows)[:, None]
    inputs = np.where(steps[:, :, None], random.uniform(0.1, 1, (rows, 362, 24)), 0.0)
    targets = (np.cumsum(inputs[:, :, :1], axis=1) / np.arange(1, 363)[:, None])[:, SHIFT:]
    epoch = [tuple(range(start, min(start + 15, rows))) for start in range(0, rows, 15)]
    return ModelRequest(made, draw_model_weights(made), inputs, None, targets, Training("adam", ADAM, "mae", tuple(epoch) * 3))


@claim(NAME, "With the document's sizes, 100 rows in batches of 15 for 3 epochs are 21 steps, and the loss falls.", depth="full",
       says="x (100, 362, 24), y (100, 357, 1); Adam, MAE, batch 15, 3 epochs.")
def trained_as_written(ask):
    losses = ask(replace(as_written(), wants=()))["losses"]
    told = curve("loss, at the document's sizes", losses, "Loss of each step of training")
    if len(losses) != 21 or not np.isfinite(losses).all():
        return [told, Deviation("losses", f"found {len(losses)} losses: {losses[:5]} …; expected 21, all finite")]
    return [told, *falls(losses, 0.9)]
