"""`padded-classifier` (document 0): X of 45 steps, padded to 100 at the end.

Masking(0) → LSTM(128, input dropout 0.5, recurrent dropout 0.5) → Dense(13, softmax); categorical cross-entropy, Adam,
batches of 10. Here with 20 rows and 6 held out, an LSTM of 12 units, and a fifth of the steps wherever it is trained.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from cases.invariants.base import ROUNDINGS
from cases.layers import Layer, generator
from cases.models import FunctionRequest, Model, ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation, Execution, Note
from cases.scenarios.base import ADAM, claim, curve, falls, followed, minibatches, predicted, shaped, untrained
from cases.tolerance import compare, expect_model, unit_roundoff

NAME = "padded-classifier"
ROWS, FEATURES, CLASSES, STEPS = 20, 6, 13, 10
VALID, PADDED = 9, 12
THEIRS = 45, 100
"""The document's steps, and to how many they are padded."""
HELD_OUT, EPOCHS = 6, 5
HYPER = (("learning_rate", 0.06), *ADAM[1:])


def model(dropout: float = 0.0, features: int = FEATURES, units: int = 12, time: int | None = None) -> Model:
    """The document's model, with its dropout and its widths if asked."""
    layer = Layer(
        "lstm", features, units, return_sequences=False, return_state=False, dropout=dropout, recurrent_dropout=dropout
    )
    return sequential(
        NAME,
        node("input", "input", shape=(time, features)),
        node("masking", "masking", value=0.0),
        node("lstm", "recurrent", layer=layer),
        node("dense", "dense", units=CLASSES, activation="softmax"),
    )


@lru_cache(maxsize=4)
def question(length: int = PADDED, valid: int = VALID) -> ModelRequest:
    """Rows of `valid` steps padded at the end to `length`; a class is told by a feature that is larger than the others."""
    random = generator(NAME)
    labels = random.integers(0, CLASSES, ROWS + HELD_OUT)
    inputs = random.normal(0, 0.5, (ROWS + HELD_OUT, valid, FEATURES))
    inputs[np.arange(ROWS + HELD_OUT), :, labels % FEATURES] += labels[:, None] / 6 - 1
    inputs = np.pad(inputs, ((0, 0), (0, length - valid), (0, 0)))
    training = Training("adam", HYPER, "categorical_crossentropy", minibatches(NAME, ROWS, 10, STEPS // EPOCHS),
                        epochs=EPOCHS, validation=tuple(range(ROWS, ROWS + HELD_OUT)))
    labels[ROWS:] = (labels[ROWS:] + 6) % CLASSES  # the rows held out are told wrong, so that the best epoch is not the last
    return ModelRequest(model(), draw_model_weights(model()), inputs, None, np.eye(CLASSES)[labels], training)


TABLE = {"input": (100, 20), "masking": (100, 20), "lstm": (128,), "dense": (CLASSES,)}


@claim(NAME, "Every layer of the document's widths has its shape: 100 steps of 20 features, an LSTM of 128, 13 classes.",
       says="X of (1920, 45, 20), padded to (1920, 100, 20); LSTM(128); Dense(13).")
def shapes(ask):
    made = model(features=20, units=128, time=100)
    return shaped(ask, ModelRequest(made, draw_model_weights(made), np.ones((1, 100, 20))), TABLE)


@claim(NAME, "The predictions are those of the equations.")
def values(ask):
    return predicted(ask, question())


@claim(
    NAME,
    f"Padding from 45 steps to 100, or from {VALID} to {PADDED}, changes no prediction of the masked model.",
    [{"length": THEIRS[1]}, {"length": PADDED}], sparing=[{"length": THEIRS[1]}],
    says="Sequences of 45 steps are padded to 100 with zeros, and Masking(0) skips them.",
)
def padding_amount(ask, length):
    valid = VALID if length == PADDED else THEIRS[0]
    plain = untrained(question(valid, valid))
    allowed = 2 * expect_model(plain)["predictions"].allowed
    seen = ask(question() if length == PADDED else untrained(question(length, valid)))["predictions"]
    return compare(f"predictions ({length} steps against {valid})", seen, ask(plain)["predictions"], allowed)


@claim(NAME, "From equal weights the first 3 losses of training are those of the equations.", depth="full")
def trajectory(ask):
    return followed(ask, question(), 3)


@claim(NAME, "The history has one finite loss for each batch, and one for each epoch on the rows held out.",
       says="A callback records the loss of every batch.")
def history(ask):
    seen = ask(question())
    found = []
    for name, due in (("losses", STEPS), ("validation", EPOCHS)):
        losses = seen.arrays.get(name, np.zeros(0))
        if losses.shape != (due,) or not np.isfinite(losses).all():
            found.append(Deviation(name, f"{name}: found {losses.shape} of {losses}, expected {due} finite numbers"))
        else:
            found.append(curve(name, losses, f"Loss of each {'batch' if name == 'losses' else 'epoch, on the rows held out'}"))
    return found


@lru_cache(maxsize=1)
def fitted() -> FunctionRequest:
    """The same training by the framework's own loop and its callbacks.

    The observation's arrays: `told` (batches,), what a callback is told as the loss after each batch; `validation` (epochs,), the
    history's loss of the rows held out; `away` (epochs,), how far the weights in the checkpoint's file are from those at the end
    of each epoch.
    """
    request = question()
    return FunctionRequest("fit", (
        ("model", request.model), ("weights", dict(request.weights)), ("inputs", request.inputs), ("targets", request.targets),
        ("training", request.training),
    ))


@claim(NAME, "In fit a callback is told one loss for each batch, which is the mean of the epoch so far, and the history holds "
             "one for each epoch.", sparing=(), says="A callback records the loss of every batch.",
       document="its callback records the loss of every batch; what Keras tells a callback today is the mean of the epoch so far")
def callbacks(ask):
    seen = ask(fitted())
    found = [Deviation(name, f"{name}: found {seen[name].shape} of {seen[name]}, expected {due} finite numbers")
             for name, due in (("told", STEPS), ("validation", EPOCHS))
             if seen[name].shape != (due,) or not np.isfinite(seen[name]).all()]
    if found:
        return found
    losses = ask(question())["losses"].reshape(EPOCHS, -1)
    means = (np.cumsum(losses, axis=1) / np.arange(1, losses.shape[1] + 1)).ravel()
    # the same steps of the same stack, in a loop of its own: only their rounding may differ
    return compare("losses told to the callback", seen["told"], means, ROUNDINGS * unit_roundoff("float32") * means)


@claim(NAME, "In fit the file of ModelCheckpoint holds the weights of the epoch with the least loss held out.",
       sparing=(), says="ModelCheckpoint keeps the model with the best validation loss.")
def checkpoint_of_fit(ask):
    seen = ask(fitted())
    best, holds = int(np.argmin(seen["validation"])), np.flatnonzero(seen["away"] == 0)
    if best == EPOCHS - 1:
        return [Deviation("validation", f"the best epoch is the last of {EPOCHS}: nothing is told of what is kept")]
    if holds.tolist() == [best]:
        return []
    return [Deviation("checkpoint", f"epoch {best + 1} was the best; the file has the weights of epochs {(holds + 1).tolist()}")]


@claim(NAME, "The weights with the least loss on rows held out, loaded again, give the predictions that they had when saved.",
       says="ModelCheckpoint keeps the model with the best validation loss.")
def best_checkpoint(ask):
    seen = ask(question())
    least = int(np.argmin(seen["validation"])) + 1
    weights = {name.removeprefix("weights/"): w for name, w in seen.named("weights").items()}
    for name in question().weights:
        weights.setdefault(name, np.zeros_like(question().weights[name]))
    allowed = 2 * expect_model(replace(untrained(question()), weights=weights))["predictions"].allowed
    found = compare("predictions (the best weights, loaded again)", seen["loaded"], seen["saved"], allowed)
    if not compare("", seen["saved"], seen["trained"], allowed):
        found.append(Deviation("saved", f"epoch {least} of {EPOCHS} was the best, and what was saved is what came last"))
    return [*found, Note("the best epoch", f"{least} of {EPOCHS}")]


@claim(NAME, "It trains, also with its dropout of 0.5 in inputs and states.", [{"dropout": 0.0}, {"dropout": 0.5}],
       says="Dropout of 0.5 at inputs and states is used in training.", sparing=[{"dropout": 0.0}])
def it_trains(ask, dropout):
    request = question()
    if dropout:
        request = replace(request, model=model(dropout), training=replace(request.training, validation=()))
    losses = ask(request)["losses"]
    return [*falls(losses, 0.9), curve(f"dropout {dropout:g}", losses, "Loss of each step, with dropout and without")]


MANY, UNSEEN, SHORT, ENOUGH = 120, 100, 12, 0.3
"""Rows to learn from, others, their steps; which share of the others must be told: the commonest class is 11 %."""


@lru_cache(maxsize=2)
def dropping(chance: bool = False) -> tuple[ModelRequest, np.ndarray]:
    """More and shorter rows, trained with the document's dropout, then asked about others; and what those are. If by `chance`,
    its labels are those of other rows."""
    random = generator(NAME, "many")
    labels = random.integers(0, CLASSES, MANY + UNSEEN)
    inputs = random.normal(0, 0.5, (MANY + UNSEEN, SHORT, FEATURES))
    inputs[np.arange(MANY + UNSEEN), :, labels % FEATURES] += labels[:, None] / 6 - 1
    inputs = np.pad(inputs, ((0, 0), (0, PADDED - VALID), (0, 0)))
    told = np.eye(CLASSES)[random.permutation(labels[:MANY]) if chance else labels[:MANY]]
    hyper = tuple({**dict(ADAM), "learning_rate": 0.03}.items())
    training = Training("adam", hyper, "categorical_crossentropy", minibatches(NAME + " many", MANY, 10, MANY))
    made = model(0.5)
    return ModelRequest(made, draw_model_weights(made), inputs[:MANY], None, told, training, inputs[MANY:], ()), labels[MANY:]


@claim(NAME, "With its dropout it tells rows that it has not seen far better than by guessing; trained on labels of other rows "
             "it does not.", [{"labels": "right"}, {"labels": "chance"}], depth="full",
       says="Dropout of 0.5 at inputs and states is used in training.")
def it_generalizes(ask, labels):
    request, due = dropping(labels == "chance")
    seen = ask(request)
    right = float(np.mean(seen["trained"].argmax(axis=1) == due))
    told = [Note(f"unseen rows told right, with {labels} labels", f"{right:.1%}"),
            curve(f"{labels} labels", seen["losses"], "Loss of each step, with dropout, 120 rows")]
    if (right > ENOUGH) == (labels == "right"):
        return told
    words = f"{'over' if labels == 'right' else 'at most'} {ENOUGH:.0%}"
    return [Deviation("accuracy", f"{right:.1%} of unseen rows right, expected {words}"), *told]


@claim(NAME, "Saved and loaded again, trained weights give the same outputs, and the same masking.",
       says="The final model is saved to a file, to be used later.")
def saved_and_loaded(ask):
    request = question()
    after = ask(request)
    weights = {name.removeprefix("weights/"): w for name, w in after.named("weights").items()}
    for name in request.weights:  # a stack that keeps one bias a cell has put it all into `bias`
        weights.setdefault(name, np.zeros_like(request.weights[name]))
    loaded = replace(untrained(request), weights=weights, execution=Execution(origin="reloaded"))
    allowed = 2 * expect_model(replace(untrained(request), weights=weights))["predictions"].allowed
    found = compare("predictions (loaded again)", ask(loaded)["predictions"], after["trained"], allowed)
    longer = replace(loaded, inputs=question(2 * PADDED).inputs)
    return found + compare(
        f"predictions (loaded again, padded to {2 * PADDED})", ask(longer)["predictions"], after["trained"], allowed
    )
