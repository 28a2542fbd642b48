"""What "accuracy" and "crossentropy" stand for: the one that fits the shapes of targets and of outputs."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, CLASSES = 7, 3, 4
LOSSES = {"flags": "binary_crossentropy", "bare_flags": "binary_crossentropy", "shares": "categorical_crossentropy",
          "classes": "sparse_categorical_crossentropy", "column": "sparse_categorical_crossentropy"}
"""What the targets are, and the loss that fits.

flags, bare_flags  0 or 1, with and without an axis of one; the outputs have it
shares             a one for the class
classes, column    the number of the class, without and with an axis of one
"""
SLACK = 256 * unit_roundoff("float32")


def drawn(targets: str, of: str) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (rows, [steps,] classes or 1), and the true classes (rows, [steps])."""
    random = generator("metrics by word", targets, of)
    shape = (ROWS, STEPS) if of == "steps" else (ROWS,)
    if LOSSES[targets].startswith("binary"):
        return 1 / (1 + np.exp(-draw_values(random, (*shape, 1)))), random.integers(0, 2, shape)
    powers = np.exp(draw_values(random, (*shape, CLASSES)))
    return powers / powers.sum(axis=-1, keepdims=True), random.integers(0, CLASSES, shape)


def written(targets: str, classes: np.ndarray) -> np.ndarray:
    """The classes in the shape of these targets."""
    if targets == "shares":
        return np.eye(CLASSES)[classes]
    return classes if targets in ("bare_flags", "classes") else classes[..., None]


def due(outputs: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """The accuracy and the cross-entropy, means over all rows and steps."""
    each = np.concatenate([1 - outputs, outputs], axis=-1) if outputs.shape[-1] == 1 else outputs
    own = np.take_along_axis(each, classes[..., None], axis=-1)
    return {"accuracy": float((each.argmax(axis=-1) == classes).mean()), "crossentropy": float(-np.log(own).mean())}


@statement("A metric that is asked for as accuracy or as crossentropy is the one that fits: of flags, of classes by number, with "
           "and without an axis of one, or of shares; and a loss so too.",
           {"word": ("accuracy", "crossentropy", "acc", "ce"), "targets": tuple(LOSSES), "of": ("rows", "steps")},
           usual={"word": ("accuracy", "crossentropy")}, strength=(1, 2, 2), sparing=2,
           senseless=((("word", "targets", "of"), lambda word, targets, of:  # refused, see the ledger: asked once
                       not word.startswith("acc") and (targets, of) != ("shares", "rows")),),
           source='Keras: Model.compile(loss="crossentropy", metrics=["accuracy"])')
def words_name_the_metric_that_fits(ask, word, targets, of):
    outputs, classes = drawn(targets, of)
    loss = {"accuracy": "crossentropy", "acc": "ce"}.get(word, LOSSES[targets])
    arguments = {"outputs": outputs, "classes": classes, "targets": written(targets, classes), "loss": loss, "word": word}
    seen = ask(FunctionRequest("metric_by_word", tuple(arguments.items())))
    wanted = due(outputs, classes)
    metric = wanted["accuracy" if word.startswith("acc") else "crossentropy"]
    return [d for name, value in (("metric", metric), ("loss", wanted["crossentropy"]))
            for d in compare(name, seen[name], np.array(value), SLACK * (1 + value))]
