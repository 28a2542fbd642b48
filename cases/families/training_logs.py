"""What training and evaluation tell of their losses and metrics: sums by hand over the model's own outputs, whatever the weights
of rows, steps, classes and outputs, and wherever the rows come from.

The learning rate is zero, so that the outputs are the same throughout; the rows differ from call to call, so that what is not
begun anew shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import statement
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, UNITS, CLASSES = 7, 4, 2, 3
SMOOTHING = {"classes": 0.25, "flag": 0.125}
PENALTY = 0.125
LOSS_WEIGHTS = {"steps": 0.5, "classes": 3.0, "flag": 2.0}
CLASS_WEIGHTS = {0: 0.5, 2: 4.0}
"""Class 1 has none, and counts once."""
WEIGHTED_ALONE = ("flag",)
"""Outputs of which no metric is told that is not weighted."""
OUTPUTS = {"all": ("steps", "classes", "flag"), "steps": ("steps",), "classes": ("classes",), "flag": ("flag",)}
SPLIT = 0.4
"""Of 7 rows 4.2 are for training: 4 are, and 3 for validation."""
CALLS: Mapping[str, tuple[tuple[tuple[int, int], ...], ...]] = {
    "train_on_batch": (((0, 3),), ((3, 7),)), "test_on_batch": (((1, 4),), ((4, 7),)), "evaluate": (((2, 5), (5, 7)),),
    "fit": (((0, 3), (3, 6), (6, 7)),), "split": (((0, 3), (3, 4)),), "split_val": (((4, 6), (6, 7)),),
    "generator": (((0, 3), (3, 5)), ((5, 7), (0, 2))), "generator_val": (((1, 4),), ((1, 4),)),
}
"""Call -> the rows from and to of its batches, of each time that it is told of. `fit` and `split` are `fit` of all rows in
batches of three, in the second case SPLIT of them for validation in batches of two; `generator` two epochs of two batches of
`fit`, other rows in each."""
SLACK = 256 * unit_roundoff("float32")
"""Of the sum of the sizes of what is added: some dozen numbers and their logarithms, added and divided in float32."""


@dataclass(frozen=True, eq=False)
class Data:
    """What a model is given: inputs (rows, steps, features) with zeros at masked steps, mask (rows, steps), targets by output,
    weights by output or None."""

    inputs: np.ndarray
    mask: np.ndarray
    targets: Mapping[str, np.ndarray]
    weights: Mapping[str, np.ndarray] | None


def drawn(layer: Layer, outputs: str, mask: str, weights: str) -> Data:
    """The data of a variant."""
    batch = BatchPlan(ROWS, STEPS, mask).draw(layer)
    random = generator("training logs", mask)
    targets = {"steps": draw_values(random, (ROWS, STEPS, UNITS)),
               "classes": np.eye(CLASSES)[(np.arange(ROWS) * 2 + 1) % CLASSES],
               "flag": (np.arange(ROWS) % 3 == 0).astype(float)[:, None]}
    given = {"steps": random.uniform(0.5, 2.0, (ROWS, STEPS)), "classes": random.uniform(0.5, 2.0, ROWS),
             "flag": random.uniform(0.5, 2.0, ROWS)}
    names = OUTPUTS[outputs]
    return Data(np.where(batch.valid[:, :, None], batch.inputs, 0.0), batch.valid, {n: targets[n] for n in names},
                {n: given[n] for n in names} if weights == "given" else None)


def head_weights() -> dict[str, np.ndarray]:
    """Kernel and bias of the two layers that read the mean over time."""
    random = generator("training logs", "heads")
    shapes = {"classes/kernel": (UNITS, CLASSES), "classes/bias": (CLASSES,), "flag/kernel": (UNITS, 1), "flag/bias": (1,)}
    return {name: draw_values(random, shape) for name, shape in shapes.items()}


def values(name: str, outputs: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """The loss and both metrics of each row, or of each step of each row."""
    off = outputs - targets
    found = {"plain": np.mean(off**2, axis=-1), "metric": np.mean(np.abs(off), axis=-1), "loss": np.mean(off**2, axis=-1)}
    if name != "steps":
        smoothing, parts = SMOOTHING[name], CLASSES if name == "classes" else 2
        soft = targets * (1 - smoothing) + smoothing / parts
        with np.errstate(divide="ignore", invalid="ignore"):
            powers, others = soft * np.log(outputs), (1 - soft) * np.log(1 - outputs)
        found["loss"] = -powers.sum(axis=-1) if name == "classes" else -(powers + others).mean(axis=-1)
    return found


def told(outputs: Mapping[str, np.ndarray], data: Data, batches: Sequence[tuple[int, int]], loss_weights: bool, by_class: bool,
         penalty: float) -> dict[str, float]:
    """What is due of these batches together: every batch's loss counts by its rows, every step's metric by its weight."""
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}

    def add(name: str, value: float, count: float) -> None:
        sums[name], counts[name] = sums.get(name, 0.0) + value, counts.get(name, 0.0) + count

    for start, stop in batches:
        total = penalty
        for name in outputs:
            rows = slice(start, stop)
            each = {n: v[rows] for n, v in values(name, outputs[name], data.targets[name]).items()}
            valid = (data.mask[rows] if name == "steps" else np.ones(stop - start)).astype(float)
            w = np.ones(valid.shape) if data.weights is None else data.weights[name][rows]
            if by_class:
                w = np.array([CLASS_WEIGHTS.get(int(c), 1.0) for c in data.targets[name][rows].argmax(axis=-1)])
            loss = (each["loss"] * w * valid).sum() / valid.sum()
            total += loss * (LOSS_WEIGHTS[name] if loss_weights else 1.0)
            prefix = f"{name}_" if len(outputs) > 1 else ""
            if prefix:
                add(f"{prefix}loss", loss * (stop - start), stop - start)
            if name not in WEIGHTED_ALONE:
                add(f"{prefix}plain", (each["plain"] * valid).sum(), valid.sum())
            add(f"{prefix}metric", (each["metric"] * w * valid).sum(), (w * valid).sum())
        add("loss", total * (stop - start), stop - start)
    return {name: sums[name] / counts[name] for name in sums}


def due(outputs: Mapping[str, np.ndarray], data: Data, call: str, time: int, loss_weights: bool, by_class: bool,
        penalty: float) -> dict[str, float]:
    """What is due of the `time`th time that a call tells something. Weights of classes are for training alone; rows of a
    generator's validation have none."""
    trains = call in ("train_on_batch", "fit", "split")
    data = Data(data.inputs, data.mask, data.targets, None) if by_class else data
    return told(outputs, data, CALLS[call][time], loss_weights, by_class and trains, penalty)


def asked(ask, outputs: str, mask: str, weights: str, loss_weights: bool, cell: str) -> list[tuple[str, bool, list[Deviation]]]:
    """Name of what is told -> whether it is a weighted metric of masked steps over batches of several sizes; its deviations."""
    layer = Layer(cell, 3, UNITS, return_state=False)
    data, heads = drawn(layer, outputs, mask, weights), head_weights()
    by_class = weights == "by_class"
    seen = ask(FunctionRequest("training_logs", (
        ("layer", layer), ("weights", draw_weights(layer)), ("heads", heads), ("names", OUTPUTS[outputs]),
        ("inputs", data.inputs), ("mask", data.mask), ("targets", tuple(data.targets.items())),
        ("sample_weights", None if data.weights is None else tuple(data.weights.items())), ("loss_weights", loss_weights),
        ("by_class", by_class))))
    came = {name: seen[f"outputs/{name}"].astype("float64") for name in OUTPUTS[outputs]}
    penalty = PENALTY * sum(float(np.sum(heads[f"{name}/kernel"] ** 2)) for name in came if name != "steps")
    found = []
    for call, times in CALLS.items():
        for time, batches in enumerate(times):
            for name, value in due(came, data, call, time, loss_weights, by_class, penalty).items():
                key = f"logs/{call}/{time}/{name}"
                masked = weights == "given" and not data.mask.all() and name in ("steps_metric", "metric") and "steps" in came
                told = compare(key, seen[key], np.array(value), SLACK * (1.0 + abs(value))) if key in seen.arrays else [
                    Deviation(key, f"{key}: nothing is told of it")]
                found.append((key, masked and len(batches) > 1, told))
    return found


@statement(
    "What training and evaluation tell of losses and metrics are sums by hand over the outputs: of each call alone, each valid "
    "step, row and class by its weight, each output's loss by its own, each batch by its rows, with the penalties of weights.",
    {"outputs": tuple(OUTPUTS), "mask": ("right", "left", "none", "gaps"), "weights": ("given", "none", "by_class"),
     "loss_weights": (True, False), "cell": ("lstm", "gru", "simple_rnn")},
    usual={"outputs": ("classes", "all"), "mask": ("right",), "weights": ("by_class", "given"), "loss_weights": (True,),
           "cell": ("gru",)},
    senseless=((("outputs", "weights"), lambda outputs, weights: weights == "by_class" and outputs != "classes"),),
    strength=(1, 1, 2), sparing=1, source="Keras: Model.fit, evaluate, train_on_batch, test_on_batch; sums by hand",
)
def logs_are_sums_by_hand(ask, **variant):
    return [d for _, apart, deviations in asked(ask, **variant) if not apart for d in deviations]


@statement(
    "A weighted metric over several batches of masked steps is the sum by hand over all of them.",
    {"mask": ("right", "left", "gaps"), "outputs": ("all", "steps"), "cell": ("gru", "lstm", "simple_rnn")},
    usual={"mask": ("right",), "outputs": ("all",), "cell": ("gru",)}, sparing=0,
    source="Keras: Model.evaluate, weighted_metrics; sums by hand",
)
def weighted_metrics_go_over_batches(ask, mask, outputs, cell):
    told = [deviations for _, apart, deviations in asked(ask, outputs, mask, "given", True, cell) if apart]
    return [d for deviations in told for d in deviations] if told else [Deviation("logs", "no such metric is told of")]
