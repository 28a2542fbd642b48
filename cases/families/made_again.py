"""Losses, metrics, initializers, regularizers, constraints, schedules and optimizers that are made of their configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

CLASSES, WAYS = 6, ("configuration", "words")
"""words: by way of text, as in a file; of metrics and optimizers by calls that are given their state."""
SMOOTH = {"from_logits": True, "label_smoothing": 0.25}
FOCAL = {**SMOOTH, "gamma": 3.0, "alpha": 0.375}
RATE = {"initial_learning_rate": 0.5}
MADE: Mapping[str, tuple[str, dict[str, Any]]] = {
    "losses.Huber": ("numbers", {"delta": 0.625}), "losses.CosineSimilarity": ("numbers", {"axis": 1}),
    "losses.KLDivergence": ("shares", {"reduction": "sum"}), "losses.MeanSquaredError": ("numbers", {"reduction": "none"}),
    "losses.Poisson": ("shares", {"reduction": "sum"}),
    "losses.BinaryCrossentropy": ("flags", {**SMOOTH, "axis": 1, "reduction": "none"}),
    "losses.CategoricalCrossentropy": ("class", {**SMOOTH, "axis": 1, "reduction": "sum"}),
    "losses.SparseCategoricalCrossentropy": ("numbers_of_classes", {"from_logits": True, "ignore_class": 1}),
    "losses.SparseCategoricalCrossentropy of steps": ("numbers_of_steps", {"axis": 1}),
    "losses.BinaryFocalCrossentropy": ("flags", {**FOCAL, "apply_class_balancing": True, "axis": 1, "reduction": "none"}),
    "losses.CategoricalFocalCrossentropy": ("class", {**FOCAL, "axis": 1, "reduction": "sum"}),
    "losses.CategoricalGeneralizedCrossEntropy": ("numbers_of_classes", {"q": 0.25}),
    "losses.Dice": ("flags", {"axis": -1}), "losses.Tversky": ("flags", {"alpha": 0.25, "beta": 0.75, "axis": -1}),
    "losses.Circle": ("numbers_of_rows", {"gamma": 3.0, "margin": 0.25, "remove_diagonal": False}),
    "metrics.CosineSimilarity": ("numbers", {"axis": 1}), "metrics.BinaryAccuracy": ("flags", {"threshold": 0.25}),
    "metrics.BinaryCrossentropy": ("flags", SMOOTH), "metrics.CategoricalCrossentropy": ("class", {**SMOOTH, "axis": 1}),
    "metrics.SparseCategoricalCrossentropy": ("numbers_of_steps", {"axis": 1}),
    "metrics.TopKCategoricalAccuracy": ("class", {"k": 2}),
    "metrics.SparseTopKCategoricalAccuracy": ("numbers_of_classes", {"k": 2}),
    "metrics.Precision": ("flags", {"thresholds": 0.25, "class_id": 1}), "metrics.Recall": ("flags", {"top_k": 2}),
    "metrics.AUC": ("flags", {"num_thresholds": 20, "curve": "PR", "from_logits": True, "summation_method": "majoring"}),
    "metrics.SensitivityAtSpecificity": ("flags", {"specificity": 0.5, "num_thresholds": 5}),
    "metrics.F1Score": ("class_rows", {"average": "macro", "threshold": 0.25}),
    "metrics.FBetaScore": ("class_rows", {"average": "weighted", "beta": 2.0, "threshold": 0.25}),
    "metrics.MeanIoU": ("class", {"num_classes": CLASSES, "sparse_y_true": False, "sparse_y_pred": False, "ignore_class": 1}),
    "metrics.R2Score": ("rows", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}),
    "metrics.MeanMetricWrapper": ("numbers", {"fn": "losses.huber", "delta": 0.625}),
    "metrics.PearsonCorrelation": ("numbers", {"axis": 1}), "metrics.ConcordanceCorrelation": ("numbers", {"axis": 1}),
    **{f"initializers.{name}": ("shape", options) for name, options in {
        "Identity": {"gain": 0.5}, "Orthogonal": {"gain": 0.5, "seed": 3}, "Constant": {"value": 0.25},
        "RandomNormal": {"mean": 1.0, "stddev": 0.5, "seed": 3}, "RandomUniform": {"minval": 1.0, "maxval": 2.0, "seed": 3},
        "TruncatedNormal": {"mean": 1.0, "stddev": 0.5, "seed": 3}, "GlorotUniform": {"seed": 3}, "HeNormal": {"seed": 3},
        "VarianceScaling": {"scale": 2.0, "mode": "fan_out", "distribution": "uniform", "seed": 3}}.items()},
    "regularizers.L1": ("weight", {"l1": 0.25}), "regularizers.L2": ("weight", {"l2": 0.25}),
    "regularizers.L1L2": ("weight", {"l1": 0.25, "l2": 0.5}),
    "regularizers.OrthogonalRegularizer": ("weight", {"factor": 0.25, "mode": "columns"}),
    "constraints.MaxNorm": ("weight", {"max_value": 0.5, "axis": 1}), "constraints.UnitNorm": ("weight", {"axis": 1}),
    "constraints.MinMaxNorm": ("weight", {"min_value": 0.25, "max_value": 0.5, "rate": 0.75, "axis": 1}),
    **{f"schedules.{name}": ("steps", options) for name, options in {
        "ExponentialDecay": {**RATE, "decay_steps": 3, "decay_rate": 0.5, "staircase": True},
        "InverseTimeDecay": {**RATE, "decay_steps": 3, "decay_rate": 0.5, "staircase": True},
        "PolynomialDecay": {**RATE, "decay_steps": 3, "end_learning_rate": 0.125, "power": 2.0, "cycle": True},
        "PiecewiseConstantDecay": {"boundaries": [2, 4], "values": [0.5, 0.25, 0.125]},
        "CosineDecay": {"initial_learning_rate": 0.125, "decay_steps": 4, "alpha": 0.25, "warmup_target": 0.5, "warmup_steps": 2},
        "CosineDecayRestarts": {**RATE, "first_decay_steps": 2, "t_mul": 1.5, "m_mul": 0.5, "alpha": 0.25}}.items()},
    **{f"optimizers.{name}": ("gradients", options) for name, options in {
        "SGD": {"learning_rate": 0.5, "momentum": 0.5, "nesterov": True, "clipnorm": 0.25},
        "Adam": {"learning_rate": 0.5, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.25, "amsgrad": True, "global_clipnorm": 0.25},
        "AdamW": {"learning_rate": 0.5, "weight_decay": 0.25, "beta_1": 0.5, "clipvalue": 0.125},
        "RMSprop": {"learning_rate": 0.5, "rho": 0.5, "momentum": 0.5, "epsilon": 0.25, "centered": True},
        "Adagrad": {"learning_rate": 0.5, "initial_accumulator_value": 0.5, "epsilon": 0.25, "weight_decay": 0.25},
        "Adadelta": {"learning_rate": 0.5, "rho": 0.5, "epsilon": 0.25},
        "Adamax": {"learning_rate": 0.5, "beta_1": 0.5, "beta_2": 0.75},
        "Nadam": {"learning_rate": 0.5, "beta_1": 0.5, "gradient_accumulation_steps": 2},
        "Ftrl": {"learning_rate": 0.5, "learning_rate_power": -0.75, "l1_regularization_strength": 0.125, "beta": 0.25},
        "Lion": {"learning_rate": 0.5, "beta_1": 0.25, "use_ema": True, "ema_momentum": 0.5,
                 "ema_overwrite_frequency": 2}}.items()},
}
"""Module and class -> what it reads; its options, none of them the default; a function is told by its name."""
RARE = tuple(f"optimizers.{name}" for name in ("Adagrad", "Adadelta", "Adamax", "Ftrl", "AdamW"))
"""What is asked at full depth alone."""
LENGTH = 4
"""Of schedules, and of the training by an optimizer, in steps."""


def read(what: str) -> tuple[np.ndarray, ...]:
    """The arrays that it reads: targets and outputs, a square weight, gradients, or the numbers of steps."""
    random = generator("made again", what)
    if what == "shape":
        return ()
    if what == "steps":
        return (np.arange(LENGTH),)
    if what == "weight":
        return (draw_values(random, (CLASSES, CLASSES)),)
    if what == "gradients":
        return draw_values(random, (CLASSES,)), draw_values(random, (LENGTH, CLASSES))
    shape = (5, CLASSES) if what.endswith("rows") else (3, 5, CLASSES)
    targets, outputs = draw_values(random, shape), draw_values(random, shape)
    shares = [np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True) for x in (targets, outputs)]
    if what == "numbers_of_rows":
        return np.arange(5) % 2, outputs / np.sqrt((outputs**2).sum(axis=1, keepdims=True))
    if what in ("numbers", "rows"):
        return targets, outputs
    if what == "numbers_of_steps":
        outputs = np.exp(draw_values(random, (3, CLASSES, CLASSES)))
        return np.arange(3 * CLASSES).reshape(3, CLASSES) * 5 % 7 % CLASSES, outputs / outputs.sum(axis=1, keepdims=True)
    classes = np.arange(np.prod(shape[:-1])).reshape(shape[:-1]) % CLASSES
    drawn = {"shares": shares[0], "flags": (targets > 0) * 1.0, "numbers_of_classes": classes}
    return drawn.get(what, np.eye(CLASSES)[classes]), shares[1]


@statement("A loss, metric, initializer, regularizer, constraint, schedule or optimizer that is made of its configuration, as it "
           "is or out of a text, gives what the one gives that it is of, whatever its options are.", {"name": tuple(MADE)},
           usual={"name": tuple(name for name in MADE if name not in RARE)}, sparing=0, eager=4, strength=(1, 1, 1),
           source="Keras: get_config, from_config, serialize_keras_object")
def parts_are_made_again(ask, name) -> list[Deviation]:
    """Arrays: `made`; `again/WAY`; `plain`, of one with no option but those that it needs, where it needs none."""
    what, options = MADE[name]
    seen = ask(FunctionRequest("made_again", (("name", name.partition(" ")[0]), ("options", options), ("read", read(what)))))
    left = {way: "plain" in seen.arrays and np.array_equal(seen[f"again/{way}"], seen["plain"]) for way in WAYS}
    found = [d for way in WAYS for d in equal("value without options" if left[way] else "value", seen[f"again/{way}"],
                                              seen["made"], f"made again, by way of {way}")]
    if "plain" in seen.arrays and np.array_equal(seen["plain"], seen["made"]):
        found.append(Deviation("options", f"with options {options} it gives what it gives without"))
    return found


STEPS = {"plain": {}, "gathered": {"gradient_accumulation_steps": 2},
         "overwritten": {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}}
"""Options of an optimizer beside its rate and its momentum."""


@statement("An optimizer that is given weights and its own state takes the step that it takes by itself, and leaves what it was "
           "given as it was.", {"options": tuple(STEPS)}, strength=(1, 1, 1), sparing=0,
           source="Keras: Optimizer.stateless_apply, apply_gradients")
def steps_leave_what_they_are_given(ask, options) -> list[Deviation]:
    """Arrays: `steps`, `due`, the weights after each step (steps, weights); `given`, what each step was given, after it, and
    `kept`, before."""
    weights, gradients = read("gradients")
    given = {"name": "optimizers.SGD", "options": {"learning_rate": 0.5, "momentum": 0.5, **STEPS[options]},
             "weights": weights, "gradients": gradients}
    seen = ask(FunctionRequest("stateless_steps", tuple(given.items())))
    found = [] if np.ptp(seen["due"]) else [Deviation("due", "no step changes anything")]
    return found + equal("steps", seen["steps"], seen["due"]) + equal("given", seen["given"], seen["kept"])


TYPED = ("losses.MeanSquaredError", "losses.CategoricalCrossentropy", "losses.Dice", "metrics.MeanSquaredError", "metrics.Mean",
         "metrics.AUC", "metrics.TopKCategoricalAccuracy")


@statement("A loss or metric of a dtype of its own computes in it, and so does one that is made of its configuration.",
           {"name": TYPED}, strength=(1, 1, 1), source="Keras: Loss(dtype), Metric(dtype)")
def dtypes_are_made_again(ask, name) -> list[Deviation]:
    seen = ask(FunctionRequest("typed_again", (("name", name), ("dtype", "float16"))))
    return [Deviation(which, f"{which}: dtype {seen.facts.get(which)}, expected float16") for which in ("made", *WAYS)
            if seen.facts.get(which) != "float16"]
