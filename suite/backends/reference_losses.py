"""What the reference answers about losses: CTC over all paths, one by one, and losses of single numbers."""

from __future__ import annotations

from itertools import groupby, product
from typing import Any

import numpy as np

from cases.families import confusion, unit_lengths
from cases.families.counted_by_name import CLASSES, LOSSES, weighed
from cases.families.functions_by_name import ACTIVATIONS, RESHAPED, STANDING
from cases.families.losses_by_name import EQUATIONS
from cases.families.losses_of_steps import ALONE, equation, of_variance
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def run_ctc(backend: Any, request: FunctionRequest) -> Observation:
    """The loss by going through every path; its gradient by the logits, (shares - shares of the paths that count)."""
    options = dict(request.arguments)
    logits, blank = options["logits"], options["blank"]
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    values, slopes = np.zeros(len(logits)), np.zeros_like(logits)
    for row, (length, count) in enumerate(zip(options["lengths"], options["target_lengths"], strict=True)):
        labels = tuple(int(label) for label in options["targets"][row, :count])
        paths = np.array([path for path in product(range(logits.shape[2]), repeat=int(length))
                          if tuple(c for c, _ in groupby(path) if c != blank) == labels])
        if not len(paths):  # infinite
            values[row] = 0.0 if options["zero_infinity"] else np.inf
            continue
        chances = shares[row, np.arange(length), paths].prod(axis=1)
        there = np.eye(logits.shape[2])[paths] * chances[:, None, None]
        values[row] = -np.log(chances.sum())
        slopes[row, :length] = shares[row, :length] - there.sum(axis=0) / chances.sum()
    by = len(values) * options["target_lengths"] if options["reduction"] == "mean" else np.ones(len(values))
    loss = values if options["reduction"] == "none" else np.array((values / by).sum())
    return Observation({"loss": loss, "gradients": slopes / by[:, None, None]})


def run_loss_of_numbers(backend: Any, request: FunctionRequest) -> Observation:
    """The equations, weighted and reduced."""
    options = dict(request.arguments)
    given, target, weights, kind = (options[name] for name in ("given", "target", "weights", "kind"))
    if kind == "classes":
        counts = (np.ones(3) if weights is None else weights) * (np.arange(3) != options["ignored"])
        own, rows = counts[target], target[:, None]
        values = -own * np.take_along_axis(given, rows, axis=1)[:, 0]
        slopes = -np.where(np.arange(3)[None, :, None] == rows, own[:, None], 0.0)
        total = own.sum()
    else:
        own = np.ones(given.shape) if weights is None else weights
        values, slopes = (own * each for each in equation(kind, given, target, options["positive"]))
        total = own.sum() if kind in ("mse", "mae") else values.size
    by = {"mean": total, "batchmean": len(values)}.get(options["reduction"], 1.0)
    loss = values if options["reduction"] == "none" else np.array(values.sum() / by)
    more = {"gradients/variance": of_variance(given, target, kind) / by} if kind.startswith("gaussian") else {}
    more |= {"alone": (np.log(ALONE) + (given - target) ** 2 / ALONE) / 2} if more else {}
    if kind == "smooth_mae":
        sizes = np.abs(given - target)
        more["unbounded"] = sizes if options["reduction"] == "none" else np.array(sizes.sum() / by)
    saved = [name for name, one in (("weight", weights), ("pos_weight", options["positive"])) if one is not None]
    return Observation({"loss": loss, "again": loss, "gradients": slopes / by, **more},
                       facts={"saved": tuple(saved if options["called"] == "module" else ())})


def run_loss_by_name(backend: Any, request: FunctionRequest) -> Observation:
    """The equation, weighted; the mean of a metric."""
    options = dict(request.arguments)
    if "due" in options:
        return Observation({"value": options["due"]})
    if options["targets"].size == options["weights"].size:  # one number a row
        options |= {n: options[n].reshape(-1, *[1] * (n != "weights")) for n in ("targets", "outputs", "weights")}
    value = EQUATIONS[options["name"]][3](options["targets"], options["outputs"])
    if options["form"] != "function":
        value = value * options["weights"]
    mean = value.sum() / options["weights"].sum() * (-1.0 if options["name"] == "cosine_similarity" else 1.0)
    if options["form"] == "metric":
        value = mean
    if options["form"] == "compiled":
        value = [value.mean(), mean][: 1 + bool(options["metric"])]
    return Observation({"value": np.array(value)})


def run_scaled_model(backend: Any, request: FunctionRequest) -> Observation:
    """As it is documented."""
    options = dict(request.arguments)
    return Observation({"scales": np.array(int(options["given"] == "scaled" or (
        options["policy"] == "mixed_float16" and options["given"] == "plain")))})


def run_activation(backend: Any, request: FunctionRequest) -> Observation:
    """The equation; raises ValueError where a mask does not fit."""
    options = dict(request.arguments)
    with moment("run"):
        if options["mask"] is not None and options["mask"].shape != options["inputs"].shape:
            raise ValueError(f"a mask {options['mask'].shape} for {options['inputs'].shape}")
    given = options["inputs"]
    return Observation({"outputs": ACTIVATIONS[options["name"]][2](given), "given": given.astype("float32")})


def run_reshaped(backend: Any, request: FunctionRequest) -> Observation:
    """What it says, and its shape."""
    options = dict(request.arguments)
    outputs = RESHAPED[options["name"]][2](options["inputs"].astype("float32"))
    return Observation({"called": outputs, "predicted": outputs, "told": np.array(outputs.shape)},
                       facts={"dtypes": ("int32", "int32")})


def run_standing(backend: Any, request: FunctionRequest) -> Observation:
    """The equation of each."""
    options = dict(request.arguments)
    return Observation({f"{name}/{way}": STANDING[name][2](options["inputs"]) for name, *_ in options["layers"]
                        for way in ("called", "in_a_model", "made_again")})


def run_attending_long(backend: Any, request: FunctionRequest) -> Observation:
    """The equation."""
    options = dict(request.arguments)
    scores = options["inputs"] @ options["inputs"].swapaxes(1, 2)
    powers = np.exp(scores) * (np.tri(scores.shape[1]) if options["causal"] else 1.0)
    outputs = powers @ options["inputs"] / powers.sum(axis=-1, keepdims=True)
    return Observation({"outputs": outputs, "predicted": outputs})


def run_masked_loss_by_name(backend: Any, request: FunctionRequest) -> Observation:
    """The mean of the equation over valid steps."""
    options = dict(request.arguments)
    valid, targets = options["mask"], options["targets"]
    equation = next(one[3] for one in LOSSES.values() if one[0] == options["class"])
    targets = np.eye(CLASSES)[targets[valid].astype(int)] if targets.ndim == 2 else targets[valid]
    steps, weights = equation(targets, options["outputs"][valid]), options["weights"][valid]
    found = {"value": steps.mean(), "sum": steps.sum(), "mean_with_sample_weight": (steps * weights).sum() / weights.sum()}
    return Observation({name: np.array(one) for name, one in found.items() if name == "value" or name in options["reductions"]})


def run_weighted_metric(backend: Any, request: FunctionRequest) -> Observation:
    """A mean of rows."""
    options = dict(request.arguments)
    rows = options["outputs"].max(axis=1) + options["targets"].reshape(len(options["times"]), -1).max(axis=1)
    weighted, repeated = (np.array((rows * w).sum() / w.sum()) for w in (options["weights"], options["times"]))
    return Observation({"weighted": weighted, "repeated": repeated, "plain": np.array(rows.mean())})


def run_weights_beside_masks(backend: Any, request: FunctionRequest) -> Observation:
    """The sums."""
    options = dict(request.arguments)
    steps, weights = options["targets"].shape[:2], options["weights"]
    valid = np.ones(steps, bool) if options["mask"] is None else options["mask"]
    return Observation(weighed(options, valid, np.ones(steps) if weights is None else weights.reshape(len(valid), -1)))


def run_metric_over_batches(backend: Any, request: FunctionRequest) -> Observation:
    """A weighted mean, or sum, of valid steps."""
    options = dict(request.arguments)
    valid = np.array([np.ones(one.shape, bool) if mask is None else mask
                      for one, mask in zip(options["each"], options["masks"], strict=True)])
    weights = options["weights"]
    counts = (weights[..., 0] if weights.ndim > valid.ndim else weights) * valid
    by = 1.0 if options["metric"] == "Sum" else counts.sum()
    return Observation({"value": np.array((counts * options["each"]).sum() / by)})


def run_unit_lengths(backend: Any, request: FunctionRequest) -> Observation:
    """The equation, and its slopes."""
    options = dict(request.arguments)
    name, inputs, other = options["name"], options["inputs"], options["other"]
    return Observation({"outputs": unit_lengths.EQUATIONS[name](inputs, other),
                        "gradients": unit_lengths.slopes(name, inputs, other, options["cotangents"])})


def run_turned(backend: Any, request: FunctionRequest) -> Observation:
    """The mean cross-entropy of the classes last, and along an axis before the last, where there is one more too."""
    options = dict(request.arguments)
    t, p = (x - x.min() + 1.0 for x in (options["targets"], options["outputs"]))
    t = t if t.ndim == 3 else np.eye(p.shape[-1])[options["targets"]]
    return Observation({"usual": np.array((t * np.log(p)).sum(axis=-1).mean()),
                        **{name: np.array((t * np.log(p)).swapaxes(1, 2).sum(axis=1).mean()) for name in ("turned", "deeper")}})


def run_confusion(backend: Any, request: FunctionRequest) -> Observation:
    """The counts."""
    return Observation(confusion.due())
