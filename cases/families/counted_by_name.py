"""What losses and metrics that are called by name count: of masked sequences the valid steps, of weighted rows each by its
weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cases.batches import draw_mask
from cases.families.base import statement
from cases.families.losses_by_name import CLASSES, EQUATIONS, SLACK, drawn
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare


def overlap(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    """One for all steps together: 1 - 2 |t p| / (|t| + |p|), which Tversky's with alpha = beta = 1/2 is too."""
    return np.array(1 - 2 * (t * p).sum() / (t.sum() + p.sum()))


LOSSES = EQUATIONS | {
    "dice": ("Dice", "flags", {}, overlap), "tversky": ("Tversky", "flags", {}, overlap),
    "sparse_categorical_crossentropy": (
        "SparseCategoricalCrossentropy", "class", {}, lambda t, p: -np.log((t * p).sum(axis=-1))),
}
FILLS: Mapping[str, float | None] = {"minus_one": -1.0, "usual": None, "zero": 0.0}
"""What targets hold at masked steps; usual: what others hold."""


ALONE = ("sum", "mean_with_sample_weight")
"""Reductions of a loss that is called by itself: the sum over valid steps; their weighted sum, divided by their weights."""


@statement("A loss of masked sequences is that of their valid steps, whichever loss it is and whatever targets hold at masked "
           "steps, as a mean, a sum, or a mean by weights of steps.",
           {"name": tuple(LOSSES), "fill": tuple(FILLS)}, strength=(1, 2, 2), sparing=4,
           usual={"fill": ("minus_one", "usual")}, source="Keras: losses; compile(loss), masks")
def losses_by_name_count_valid_steps(ask, name, fill) -> list[Deviation]:
    kind, numbers, options, equation = LOSSES[name]
    targets, outputs = drawn(numbers, (3, 5, CLASSES), "masked")
    valid = draw_mask(generator("masked losses by name"), "gaps", 3, 5)
    steps = equation(targets[valid], outputs[valid])
    weights = generator("weights of steps").uniform(0.5, 2.0, valid.shape)
    due = {"value": steps.mean()}
    reductions = ALONE if steps.ndim else ()  # one for all steps is not summed
    if reductions:
        due |= {"sum": steps.sum(), "mean_with_sample_weight": (weights[valid] * steps).sum() / weights[valid].sum()}
    if name.startswith("sparse"):
        targets = targets.argmax(axis=-1)
    if FILLS[fill] is not None:
        targets = np.where(valid if targets.ndim == 2 else valid[:, :, None], targets, FILLS[fill])
    arguments = {"class": kind, "options": options, "targets": targets, "outputs": outputs, "mask": valid, "weights": weights,
                 "reductions": reductions}
    seen = ask(FunctionRequest("masked_loss_by_name", tuple(arguments.items())))
    return [d for each, one in due.items() for d in compare(each, seen[each], np.array(one), SLACK * max(1.0, abs(float(one))))]


METRICS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "MeanIoU": ("classes", {"num_classes": CLASSES, "sparse_y_pred": False}), "Precision": ("flags", {"thresholds": 0.25}),
    "Recall": ("flags", {"top_k": 2}), "AUC": ("flags", {"num_thresholds": 9}), "F1Score": ("flags", {"threshold": 0.25}),
    "CategoricalAccuracy": ("class", {}), "SparseTopKCategoricalAccuracy": ("classes", {"k": 2}),
    "RootMeanSquaredError": ("numbers", {}), "R2Score": ("numbers", {}), "MeanAbsoluteError": ("numbers", {}),
    "SensitivityAtSpecificity": ("flags", {"specificity": 0.4}),
    "OneHotMeanIoU": ("class", {"num_classes": CLASSES}), "FBetaScore": ("flags", {"threshold": 0.25, "beta": 2.0}),
    "CosineSimilarity": ("numbers", {}), "BinaryAccuracy": ("flags", {"threshold": 0.25}), "TopKCategoricalAccuracy": (
        "class", {"k": 2}), "LogCoshError": ("numbers", {}), "BinaryCrossentropy": ("flags", {}),
}
"""Keras' metrics -> what they are of, and their options. classes: targets are numbers of classes."""


BEST = 2
"""Classes that are told, of which one is to be the right one."""
STEPWISE = {"BinaryAccuracy": {}, "Accuracy": {}, "SparseCategoricalAccuracy": {}, "MeanAbsoluteError": {},
            "CategoricalAccuracy": {}, "TopKCategoricalAccuracy": {"k": BEST}, "SparseTopKCategoricalAccuracy": {"k": BEST},
            "SparseTopKCategoricalAccuracy of sorted classes": {"k": BEST, "from_sorted_ids": True}}
"""Keras' metrics of which each step has a value, with other options behind a space, and their options."""
WEIGHED = ("steps", "column", "masked")
"""Weights of steps; weights of rows, in a column, for steps; weights of steps that are masked too."""


@statement("A metric of weighted steps is their weighted mean: weights are given for steps, or in a column for all steps of a "
           "row, and masked steps have none.", {"metric": tuple(STEPWISE), "weighed": WEIGHED}, strength=(1, 2, 2), sparing=3,
           eager=9, source="Keras: metrics, update_state(sample_weight), masks")
def metrics_weigh_steps(ask, metric, weighed) -> list[Deviation]:
    random = generator("weighted steps", metric)
    targets, hits = random.integers(0, CLASSES, (3, 4)), random.permutation(12).reshape(3, 4) < 5
    weights, valid = random.uniform(0.5, 2.0, (3, 1 if weighed == "column" else 4)), draw_mask(random, "gaps", 3, 4)
    valid = valid if weighed == "masked" else np.ones_like(valid)
    if metric == "BinaryAccuracy":
        targets = targets % 2
        none = np.where(np.arange(4) % 2, 0.25, 0.5)  # at the threshold, and below it
        outputs, each = np.where(hits == (targets > 0), 0.75, none), hits
    elif "CategoricalAccuracy" in metric:
        own, other = np.eye(CLASSES)[targets], np.eye(CLASSES)[(targets + 1) % CLASSES]
        place = BEST if "TopK" in metric else 1  # of the right class, where it is told
        outputs, each = np.where(hits[:, :, None], (3.5 - place) * own + 2 * other, 2 * other - own), hits
        targets = targets if metric.startswith("Sparse") else own
        outputs = np.argsort(-outputs, axis=-1, kind="stable") if metric.endswith("sorted classes") else outputs
    else:
        outputs, each = np.where(hits, targets, targets + 1), hits if metric == "Accuracy" else ~hits
    if metric == "MeanAbsoluteError":
        targets, outputs = targets[:, :, None], outputs[:, :, None]
    masks = (valid if weighed == "masked" else None,)
    seen = averaged(ask, metric, targets[None], outputs[None], masks, weights[None], each[None])
    counts = weights * valid
    return compare("value", seen, np.array((counts * each).sum() / counts.sum()), SLACK)


def averaged(ask, metric: str, targets: np.ndarray, outputs: np.ndarray, masks: Sequence[np.ndarray | None], weights: np.ndarray,
             each: np.ndarray) -> np.ndarray:
    """What a metric comes to that is told the first batch, is reset, and is told all, one after another; `each` (batches, rows,
    steps): steps' values."""
    kind = metric.partition(" ")[0]
    arguments = {"metric": kind, "options": STEPWISE.get(metric, {}), "targets": targets, "outputs": outputs, "masks": masks,
                 "weights": weights, "each": each}
    return ask(FunctionRequest("metric_over_batches", tuple(arguments.items())))["value"]


@statement("A metric of weighted rows is that of rows which stand there as often as they weigh, also where weights are no whole "
           "numbers.", {"metric": tuple(METRICS), "weights": ("quarters", "whole")}, strength=(1, 1, 2), sparing=3, eager=3,
           usual={"weights": ("quarters",)}, source="Keras: metrics, update_state(sample_weight)")
def metrics_count_by_weights(ask, metric, weights) -> list[Deviation]:
    numbers, options = METRICS[metric]
    targets, outputs = drawn("class" if numbers == "classes" else numbers, (9, CLASSES), "weighted rows")
    targets = targets.argmax(axis=-1) if numbers == "classes" else targets
    times = generator("weighted rows").permutation(np.arange(9) % 5 + 1)
    arguments = {"metric": metric, "options": options, "targets": targets, "outputs": outputs, "times": times,
                 "weights": times / 4 if weights == "quarters" else times}
    seen = ask(FunctionRequest("weighted_metric", tuple(arguments.items())))
    if np.array_equal(seen["repeated"], seen["plain"]):
        return [Deviation("plain", "the weights make no difference to the metric")]
    return compare("weighted", seen["weighted"], seen["repeated"], SLACK * np.maximum(1.0, np.abs(seen["repeated"])))


REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight")


PLACES = {"steps": (3, 4), "movies": (3, 4, 5), "square": (3, 3, 3)}
"""(rows, steps, places, if any) of what is weighed; of square ones each axis could be taken for another."""


def beside_a_mask(values: np.ndarray, valid: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """A weighted loss of valid steps, by its reduction, and the metric: of values (rows, steps, …)."""
    further = (1,) * (values.ndim - 2)
    counts, valid = (np.broadcast_to(one.reshape(*one.shape, *further), values.shape) for one in (valid * weights, valid))
    total = (counts * values).sum()
    by = {"sum": 1.0, "mean_with_sample_weight": counts.sum(), "metric": counts.sum()}
    return {name: np.array(total / by.get(name, valid.sum())) for name in (*REDUCTIONS, "metric")}


@statement("Weights beside a mask, or without one, count valid steps alone, however the loss is reduced, in a batch and in one "
           "row: one for each step, with an axis of its own too, or one for each row in a column; of movies a step's weight, and "
           "its mask, is that of all its places; so do metrics count.",
           {"weights": ("steps", "column", "axis", "none"), "mask": ("gaps", "right", "none"), "of": tuple(PLACES),
            "by": ("loss", "metric", "hits")},
           strength=(1, 1, 3), sparing=5, source="Keras: Loss(reduction), Loss.__call__(sample_weight), Metric.update_state",
           met=tuple(dict(zip(("weights", "mask", "of", "by"), row.split(), strict=True)) for row in (
               "column none steps loss", "none right movies loss", "steps none movies loss", "steps none square loss",
               "column none square loss", "steps none square hits",
               "steps gaps movies metric", "steps right steps loss", "steps gaps steps metric", "axis none movies hits")),
           senseless=((("weights", "mask"), lambda weights, mask: weights == mask == "none"),
                      (("by", "mask"), lambda by, mask: by == "hits" and mask != "none")))
def weights_count_beside_masks(ask, weights, mask, of, by) -> list[Deviation]:
    random = generator("weights beside masks")
    targets, outputs = random.normal(size=(2, *PLACES[of], 2))
    every, steps = PLACES[of][:2]
    valid = draw_mask(random, mask, every, steps)
    valid = np.ones((every, steps), bool) if valid is None else valid
    given = random.uniform(0.5, 2.0, (every, 1 if weights == "column" else steps))
    given = np.ones_like(given) if weights == "none" else given
    found = []
    for rows in (slice(None), slice(0, 1)):
        arguments = {
            "targets": targets[rows], "outputs": outputs[rows], "mask": None if mask == "none" else valid[rows], "by": by,
            "reductions": REDUCTIONS if of == "steps" else REDUCTIONS[:3],
            "weights": None if weights == "none" else given[rows, :, None] if weights == "axis" else given[rows]}
        seen = ask(FunctionRequest("weights_beside_masks", tuple(arguments.items())))
        due = weighed(arguments, valid[rows], given[rows])
        found += [d for name, value in due.items() for d in compare(name, seen[name], value, SLACK * (1.0 + abs(value)))]
    return found


def weighed(arguments: Mapping, valid: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """What is due, by name: losses by their reduction, the metric, or the weight of all hits."""
    targets, outputs = arguments["targets"], arguments["outputs"]
    if arguments["by"] == "hits":
        return {"hits": beside_a_mask(np.sum((targets > 0) & (outputs > 0), axis=-1), valid, weights)["sum"]}
    due = beside_a_mask(((targets - outputs) ** 2).mean(axis=-1), valid, weights)
    return {name: due[name] for name in (("metric",) if arguments["by"] == "metric" else arguments["reductions"])}


@statement("A mean, or sum, that is told batch after batch, each with its mask and with weights of steps, is that over the valid "
           "steps of all of them since its last reset, also where weights have an axis of their own.",
           {"metric": ("MeanAbsoluteError", "Mean", "CosineSimilarity", "Sum")}, strength=(1, 1, 1), sparing=2,
           source="Keras: metrics.Mean, MeanMetricWrapper, masks; sums by hand")
def means_go_over_batches(ask, metric) -> list[Deviation]:
    random = generator("means over batches", metric)
    size = (2, 3, 5) if metric == "Mean" else (2, 3, 5, CLASSES)
    targets, outputs = (random.normal(size=size) for _ in range(2))
    masks = np.stack([draw_mask(random, mask, 3, 5) for mask in ("right", "gaps")])
    weights = random.uniform(0.5, 2.0, (2, 3, 5)) * np.array([1.0, 3.0])[:, None, None]  # of the second batch more
    lengths = np.linalg.norm(targets, axis=-1) * np.linalg.norm(outputs, axis=-1)
    values = {"Mean": lambda: outputs, "Sum": lambda: outputs.sum(axis=-1),
              "MeanAbsoluteError": lambda: np.abs(targets - outputs).mean(axis=-1),
              "CosineSimilarity": lambda: (targets * outputs).sum(axis=-1) / lengths}[metric]()
    due = (values * weights * masks).sum() / (1.0 if metric == "Sum" else (weights * masks).sum())
    given = weights[..., None] if metric in ("Mean", "Sum") else weights
    seen = averaged(ask, metric, targets, outputs, tuple(masks), given, values)
    return compare("value", seen, np.array(due), SLACK * max(1.0, abs(float(due))))
