"""Weights of classes, where every step has a class of its own, and where what they are given for is no class."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement, worded
from cases.invariants.base import settled
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Refusal
from cases.tolerance import compare, unit_roundoff

CLASSES, ROWS = 3, 4
WEIGHTS = (1.0, 2.0, 5.0)


@statement("Weights of classes weigh every step by its own class, or are refused where outputs have a time axis.",
           {"steps": (ROWS, ROWS + 1), "targets": ("ids", "ids_in_a_column", "one_hot")}, strength=(1, 2, 2), sparing=1,
           usual={"targets": ("ids", "one_hot")}, source="Keras: fit(class_weight)")
def weights_of_classes_weigh_steps(ask, steps, targets) -> list[Deviation]:
    return weighed(ask, steps, targets, may_refuse=True)


@statement("Weights of classes weigh every step of a stream of batches by its own class, where a class is told by an axis of its "
           "own.", {"targets": ("one_hot", "ids_in_a_column")}, usual={"targets": ("one_hot",)}, strength=(1, 1, 1), sparing=0,
           eager=1, source="Keras: fit(tf.data.Dataset, class_weight)")
def weights_of_classes_weigh_streamed_steps(ask, targets) -> list[Deviation]:
    return weighed(ask, ROWS, targets, ("streamed", True))


def weighed(ask, steps: int, targets: str, *more: tuple[str, bool], may_refuse: bool = False) -> list[Deviation]:
    """Where the loss of sequences is not the sum by hand."""
    random = generator("weights of classes", steps)
    inputs, classes = draw_values(random, (ROWS, steps, 2)), random.integers(0, CLASSES, (ROWS, steps))
    classes[0, :CLASSES] = range(CLASSES)
    request = FunctionRequest("class_weights", (("inputs", inputs), ("classes", classes), ("targets", targets),
                                                ("weights", WEIGHTS), *more))
    if may_refuse and isinstance(ask.answer(request), Refusal):
        return []
    seen = ask(request)
    taken = np.take_along_axis(seen["shares"].astype("float64"), classes[..., None], axis=2)[..., 0]
    weighted = -np.log(np.maximum(taken, 1e-30)) * np.array(WEIGHTS)[classes]
    due = weighted.sum() / weighted.size
    return compare("loss", seen["loss"], np.array(due), 256 * unit_roundoff("float32") * (1 + due))


@statement("The weight of its class weighs the loss of a single row as it does in a batch, whatever form its class has.",
           {"targets": ("ids_in_a_column", "ids", "one_hot")}, usual={"targets": ("ids_in_a_column",)},
           strength=(1, 1, 1), sparing=0, source="Keras: fit(class_weight)")
def weights_of_classes_weigh_one_row(ask, targets) -> list[Deviation]:
    inputs, classes = draw_values(generator("weight of one row"), (1, CLASSES)), np.array([2])
    given = {"ids": classes, "ids_in_a_column": classes[:, None], "one_hot": np.eye(CLASSES)[classes]}[targets]
    seen = ask(FunctionRequest("class_keys", (("inputs", inputs), ("classes", given), ("weights", tuple(enumerate(WEIGHTS))))))
    due = WEIGHTS[2] * (np.log(np.exp(inputs).sum()) - inputs[0, 2])
    return compare("loss", seen["loss"], np.array(due), 256 * unit_roundoff("float32") * (1 + due))


KEYS = {"words": ("rare", "usual", "often"), "numbers_in_words": ("0", "1", "2"), "halves": (0.5, 1.5, 2.5)}
"""What weights are given for, in place of 0, 1, 2."""


@statement("Weights that are given for what is no number of a class are refused, and not forgotten; those for a number in words "
           "may be taken for that number's.", {"keys": tuple(KEYS)}, strength=(1, 1, 1), sparing=1,
           usual={"keys": ("words", "numbers_in_words")}, source="https://github.com/keras-team/keras/issues/23220")
def weights_of_no_class_are_refused(ask, keys) -> list[Deviation]:
    random = generator("weights of no class")
    inputs, classes = draw_values(random, (ROWS, CLASSES)), np.arange(ROWS) % CLASSES
    answer = ask.answer(FunctionRequest("class_keys", (("inputs", inputs), ("classes", classes),
                                                       ("weights", tuple(zip(KEYS[keys], WEIGHTS, strict=True))))))
    if isinstance(answer, Refusal):
        return worded(answer)
    shares = np.exp(inputs) / np.exp(inputs).sum(axis=-1, keepdims=True)
    losses = -np.log(shares[np.arange(ROWS), classes])
    due, told = float((losses * np.array(WEIGHTS)[classes]).mean()), float(settled(answer)["loss"])
    if keys == "numbers_in_words" and abs(told - due) < 1e-4:
        return []
    words = f"weights for {KEYS[keys]} are taken in silence: the loss is {told:.4g}, {losses.mean():.4g} without weights"
    return [Deviation("loss", words)]
