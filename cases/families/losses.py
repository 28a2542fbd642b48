"""Losses and metrics over padded sequences: masks, weights of rows and of steps, ignored classes, against sums by hand."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, draw_mask, draw_values
from cases.families.base import equal, statement
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation
from cases.tolerance import compare, unit_roundoff

FACTORS = {
    "loss": ("mse", "mae", "own"), "reduction": ("sum_over_batch_size", "sum", "mean_with_sample_weight"),
    "mask": ("right", "none", "gaps", "left"), "weights": ("steps", "none", "rows"), "cell": ("lstm", "gru", "simple_rnn"),
}
USUAL = {"loss": ("mse",), "mask": ("right",), "cell": ("lstm",), "reduction": ("sum_over_batch_size",), "weights": ("steps",)}
SLACK = 64 * unit_roundoff("float32")
"""Of the sum of the sizes of what is added: some dozen numbers, added and divided in float32."""


def trained(
    ask, loss, reduction, mask, weights, cell, fill: float = 0.5
) -> tuple[Observation, np.ndarray, np.ndarray, np.ndarray]:
    """A layer's loss against targets that hold `fill` at masked steps; its targets, valid steps and weights (batch, time).

    Arrays: `outputs`, `loss` and `metric` (weighted mean squared error) of evaluating, `plain`, the metric that is not weighted,
    `gradients/N` of that loss by each of the layer's weights, `weights`, what was given as such, after it was used; loss and
    metrics again with ` on a batch` behind their names, from `test_on_batch`.
    """
    layer = Layer(cell, 3, 2)
    batch = BatchPlan(4, 5, mask).draw(layer).but(cotangents=None)
    random = generator("targets", mask)
    targets = np.where(batch.valid[:, :, None], draw_values(random, (4, 5, 2)), fill)
    given = {"steps": random.uniform(0.5, 2.0, (4, 5)), "rows": random.uniform(0.5, 2.0, (4,))}.get(weights)
    arguments = {"layer": layer, "weights": draw_weights(layer), "batch": batch, "targets": targets, "loss": loss,
                 "reduction": reduction, "sample_weight": given}
    seen = ask(FunctionRequest("masked_loss", tuple(arguments.items())))
    full = np.ones((4, 5)) if given is None else np.broadcast_to(given if given.ndim == 2 else given[:, None], (4, 5))
    return seen, targets, batch.valid, full


@statement("A loss over masked sequences counts the valid steps alone, each with its weight; so do weighted metrics.",
           FACTORS, usual={**USUAL, "loss": ("own", "mse")}, sparing=1,
           source="Keras: Loss, of one's own too (own), reduce_weighted_values; sums by hand")
def masked_losses_are_sums_by_hand(ask, **variant):
    seen, targets, valid, weights = trained(ask, **variant)
    outputs = seen["outputs"].astype("float64")

    def mean(values: np.ndarray, w: np.ndarray, kind: str = "mean_with_sample_weight") -> float:
        total = np.sum(values[valid] * w[valid])
        return total / {"sum": 1.0, "sum_over_batch_size": valid.sum(), "mean_with_sample_weight": w[valid].sum()}[kind]

    squares, sizes = np.mean((outputs - targets) ** 2, axis=-1), np.mean(np.abs(outputs - targets), axis=-1)
    due = {"loss": mean(sizes if variant["loss"] == "mae" else squares, weights, variant["reduction"]),
           "metric": mean(squares, weights), "plain": mean(squares, np.ones_like(weights))}
    return [d for name, value in due.items() for each in (name, f"{name} on a batch")
            for d in compare(each, seen[each], np.array(value), SLACK * abs(value))]


def same_with(ask, fill: float, why: str, **variant) -> list[Deviation]:
    """Deviations, in any array, that come with another number in the targets at masked steps; NaN is one anywhere."""
    first, other = (trained(ask, fill=number, **variant)[0] for number in (0.5, fill))
    found = [Deviation(n, f"{n}: not finite ({why})") for n, a in other.arrays.items() if not np.isfinite(a).all()]
    return found or [d for n in sorted(first.arrays) for d in equal(n, other.arrays.get(n, np.zeros(0)), first[n], why)]


@statement("What a target holds at a masked step reaches neither loss nor metric nor gradient.", FACTORS, usual=USUAL)
def masked_targets_do_not_count(ask, **variant):
    return same_with(ask, -3.0, "other targets at masked steps", **variant)


@statement("NaN in a target at a masked step reaches neither loss nor metric nor gradient.", FACTORS, usual=USUAL)
def masked_nan_targets_do_not_count(ask, **variant):
    return same_with(ask, float("nan"), "NaN in targets at masked steps", **variant)


@statement("A loss leaves the weights of rows and steps that it is given as they were.",
           {**FACTORS, "weights": ("steps",)}, usual=USUAL)
def losses_leave_their_weights(ask, **variant):
    seen, *_, due = trained(ask, **variant)
    return equal("weights", seen.arrays.get("weights", np.zeros(0)), due.astype("float32"), "after the loss was taken")


@statement("A cross-entropy of probabilities is minus the logarithm of the share of the class that was due; where that share is "
           "none it is large, and finite.", source="Keras: CategoricalCrossentropy(from_logits=False), keras.config.epsilon()")
def cross_entropies_of_probabilities(ask):
    return [deviation for kind in ("categorical", "sparse", "binary") for deviation in of_probabilities(ask, kind)]


def of_probabilities(ask, kind: str) -> list[Deviation]:
    """Deviations of one kind, over (4, 5) steps; in the first row the class that was due has no share."""
    random, number = generator("probabilities", kind), 2 if kind == "binary" else 3
    classes, shares = random.integers(0, number, (4, 5)), random.uniform(0.2, 1.0, (4, 5, number))
    wrong = np.roll(np.eye(number), 1, axis=1)[classes]  # exactly nothing for the class that was due
    found = []
    for name, given in (("shares", shares), ("nothing", np.where(np.arange(4)[:, None, None] == 0, wrong, shares))):
        powers = given / given.sum(axis=-1, keepdims=True)
        asked = powers[:, :, 1:] if kind == "binary" else given if name == "shares" else powers
        seen = ask(FunctionRequest("probabilities", (("kind", kind), ("probabilities", asked), ("classes", classes))))["loss"]
        own = np.take_along_axis(powers, classes[:, :, None], axis=2)[:, :, 0]
        found += compare(f"{kind}, {name}", seen, -np.log(np.maximum(own, 1e-7)), np.where(own > 0, SLACK, 0.2))
    return found


@statement("An ignored class adds nothing to the cross-entropy, is not counted in its mean, and has no gradient; nor does "
           "one at a masked step, whether the mask is of truth values or of whole numbers.",
           {"reduction": ("mean", "sum", "none"), "ignored": (-100, 0, 2, -2), "all_of_a_row": (False, True),
            "mask": ("none", "right", "right_in_numbers")}, strength=(1, 2, 3), usual={"ignored": (2, -2)}, sparing=3,
           source="PyTorch: CrossEntropyLoss(ignore_index); Keras: ignore_class")
def ignored_classes_do_not_count(ask, reduction, ignored, all_of_a_row, mask):
    return cross_entropy(ask, reduction, ignored, all_of_a_row, kind=mask)


@statement("With weights of classes, smoothed labels or both, a cross-entropy is the weighted sum by hand, without the ignored "
           "class.",
           {"smoothing": (0.2, 0.0), "weighted": (True, False), "reduction": ("mean", "sum", "none"),
            "ignored": (2, -100, 0, -2)},
           strength=(1, 2, 3), source="PyTorch: CrossEntropyLoss(weight, label_smoothing, ignore_index)",
           senseless=((("smoothing", "weighted"), lambda smoothing, weighted: not (smoothing or weighted)),))
def weighted_classes_are_sums_by_hand(ask, smoothing, weighted, reduction, ignored):
    return cross_entropy(ask, reduction, ignored, False, smoothing, (0.5, 2.0, 1.25) if weighted else None)


def cross_entropy(ask, reduction, ignored, all_of_a_row, smoothing=0.0, weights=None, kind="none") -> list[Deviation]:
    """Deviations of a cross-entropy over (4, 5) steps of three classes, and of its gradient by the logits, from sums by hand,
    with a mask of this kind, of whole numbers where it is told `in_numbers`.
    With weights w and smoothing e, class y of a step has loss -(1 - e) w[y] log p[y] - e/3 sum_c w[c] log p[c]; the mean divides
    by the sum of w[y] (PyTorch: CrossEntropyLoss)."""
    random = generator("classes", ignored)
    logits = draw_values(random, (4, 5, 3))
    plain = kind.removesuffix("_in_numbers")
    mask = draw_mask(generator("classes", plain), plain, 4, 5)
    given = mask if kind == plain else mask.astype("int32")
    classes = (np.arange(20).reshape(4, 5) + np.arange(4)[:, None]) % 3
    classes[1, 3:] = classes[2, 1] = ignored
    if all_of_a_row:
        classes[0] = ignored
    arguments = {"logits": logits, "classes": classes, "ignored": ignored, "reduction": reduction, "mask": given}
    shares = random.dirichlet(np.ones(3), (4, 5))
    if smoothing or weights:
        arguments |= {"smoothing": smoothing, "weights": weights, "shares": shares}
    seen = ask(FunctionRequest("ignored_class", tuple(arguments.items())))
    counts = (classes != ignored) & (True if mask is None else mask)
    powers = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    picked = np.where(counts, classes, 0)
    own = np.ones(3) if weights is None else np.array(weights)
    wanted = ((1 - smoothing) * np.eye(3)[picked] + smoothing / 3) * own * counts[:, :, None]
    values = -(wanted * np.log(powers)).sum(axis=-1)
    by = (own[picked] * counts).sum() if reduction == "mean" else 1.0
    due = values if reduction == "none" else np.array(values.sum() / by)
    slopes = (powers * wanted.sum(axis=-1, keepdims=True) - wanted) / by
    found = [d for name in ("loss", "column") if name in seen.arrays  # the same classes with an axis of one
             for d in compare(name, seen[name], due, SLACK * np.abs(values).sum() / by)]
    found += compare("gradients", seen["gradients"], slopes, SLACK * np.ones_like(slopes) * counts[:, :, None])
    if "shares" in arguments:
        mixed = -(((1 - smoothing) * shares + smoothing / 3) * own * np.log(powers)).sum(axis=-1)
        due = {"none": mixed, "mean": np.array(mixed.mean())}.get(reduction, np.array(mixed.sum()))
        count = mixed.size if reduction == "mean" else 1
        found += compare("of shares", seen["of_shares"], due, SLACK * np.abs(mixed).sum() / count)
    return found or ([] if counts.any() else [Deviation("classes", "every class is ignored")])


METRICS: dict[str, tuple[str, dict]] = {
    "Precision": ("truth", {}), "AUC": ("truth", {"num_thresholds": 9}), "RootMeanSquaredError": ("numbers", {}),
    "MeanAbsoluteError": ("numbers", {}), "SparseCategoricalAccuracy": ("classes", {}), "Recall": ("truth", {}),
    "TruePositives": ("truth", {}), "SensitivityAtSpecificity": ("truth", {"specificity": 0.4}), "BinaryAccuracy": ("truth", {}),
    "CosineSimilarity": ("numbers", {}), "KLDivergence": ("numbers", {}), "MeanSquaredError": ("numbers", {}),
    "SparseTopKCategoricalAccuracy": ("classes", {"k": 2}), "CategoricalCrossentropy": ("numbers", {}),
    "MeanIoU": ("classes", {"num_classes": 4, "sparse_y_pred": False}), "BinaryIoU": ("truth", {}),
}
"""Keras' metrics of steps -> what their targets are, truth values or numbers (batch, time, 4) or classes (batch, time)."""


@statement("A metric of masked sequences counts the valid steps alone, whichever metric it is.",
           {"metric": tuple(METRICS), "weighted": (False, True)}, strength=(1, 1, 2), sparing=0,
           usual={"metric": ("Precision", "AUC", "RootMeanSquaredError", "SparseCategoricalAccuracy")},
           source="Keras: compile(metrics, weighted_metrics); Keras 2: MetricsContainer, the mask as weights")
def every_metric_counts_valid_steps(ask, metric, weighted):
    kind, options = METRICS[metric]
    random = generator("metrics", metric)
    valid = draw_mask(random, "gaps", 3, 6)
    scores = random.uniform(-0.55, 0.35, (3, 6, 4)).round(3)
    targets = {"truth": lambda: random.integers(0, 2, (3, 6, 4)), "numbers": lambda: random.uniform(0.05, 0.95, (3, 6, 4)),
               "classes": lambda: random.integers(0, 4, (3, 6))}[kind]()
    seen = ask(FunctionRequest("masked_metric", (
        ("metric", metric), ("options", tuple(options.items())), ("weighted", weighted), ("scores", scores), ("mask", valid),
        ("offset", 0.6), ("targets", targets.astype("float32")))))
    if np.array_equal(seen["valid"], seen["all"]):
        return [Deviation("valid", "masked steps make no difference to the metric by hand")]
    slack = SLACK * np.maximum(1.0, np.abs(seen["valid"]))
    name = "metric" if compare("metric", seen["metric"], seen["all"], slack) else "metric of all steps"
    return compare(name, seen["metric"], seen["valid"], slack)
