"""Losses of every step and feature, as they are: each by its equation, with the weights and options that it takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

SHAPE = (3, 4, 2)
"""Rows, steps, features."""
SLACK = 64 * unit_roundoff("float32")
KINDS = ("mse", "mae", "huber", "smooth_mae", "binary", "binary_logits", "soft_margin", "gaussian", "poisson", "divergence",
         "classes", "gaussian_full", "gaussian_over_steps", "poisson_full", "divergence_of_logs")
"""gaussian_full: with the constant, and one variance for all features; over_steps: one for all steps; poisson_full: of rates and
not of their logarithms, with Stirling's terms for targets beyond 1; divergence_of_logs: the target is a logarithm too."""
WEIGHTED = ("mse", "mae", "huber", "binary", "binary_logits", "classes")
"""What takes a weight of each number; of `classes`: of each class."""
SPREAD = ("binary", "binary_logits")
"""Of these a weight may be one for each row, as functions are given it."""
BARE = ("mse", "mae", "huber")
"""Of these the modules take no weights."""
BOUND = 0.625
"""Where huber and smooth_mae turn from squares to sizes."""
IGNORED = 1
"""Of three classes."""
ALONE = 1.5
"""One variance for all numbers."""

SMALL, LEAST = 0.5, 0.75
"""The least variance that gaussian_full is given, and the least that it takes; what poisson_full adds to rates."""
OLD_WORDS: Mapping[str, Mapping[str, bool]] = {"none": {"reduce": False}, "mean": {"size_average": True},
                                               "sum": {"size_average": False}}
"""How a reduction was told once, and may be."""
NEW = ("huber", "gaussian", "gaussian_full", "gaussian_over_steps")
"""Losses that never knew these words."""


def variance_of(kind: str, target: np.ndarray) -> np.ndarray:
    """The variances of a Gaussian loss: the target's size, and at least one, or `LEAST`; of one feature, or one step, for all."""
    own = {"gaussian_full": target[..., :1], "gaussian_over_steps": target[:, :1]}.get(kind, target)
    return np.maximum(np.abs(own), LEAST if kind == "gaussian_full" else 1.0)


def equation(kind: str, given: np.ndarray, target: np.ndarray, positive: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The loss of each number, and its slope by what was given."""
    off = given - target
    if kind in ("mse", "mae"):
        return (off**2, 2 * off) if kind == "mse" else (np.abs(off), np.sign(off))
    if kind in ("huber", "smooth_mae"):
        near, by = np.abs(off) < BOUND, 1.0 if kind == "huber" else BOUND
        loss = np.where(near, off**2 / 2, BOUND * (np.abs(off) - BOUND / 2)) / by
        return loss, np.where(near, off, BOUND * np.sign(off)) / by
    if kind == "binary":
        return -(target * np.log(given) + (1 - target) * np.log1p(-given)), (given - target) / (given * (1 - given))
    if kind == "binary_logits":
        share, more = 1 / (1 + np.exp(-given)), np.ones(SHAPE[2]) if positive is None else positive
        loss = -(more * target * np.log(share) + (1 - target) * np.log1p(-share))
        return loss, (1 - target) * share - more * target * (1 - share)
    if kind == "soft_margin":
        return np.log1p(np.exp(-target * given)), -target / (1 + np.exp(target * given))
    if kind.startswith("gaussian"):
        variance = variance_of(kind, target)
        return (np.log(variance) + off**2 / variance + (kind == "gaussian_full") * np.log(2 * np.pi)) / 2, off / variance
    if kind == "poisson_full":
        many = np.where(target > 1, target, 1.0)
        stirling = (target > 1) * (many * np.log(many) - many + np.log(2 * np.pi * many) / 2)
        return given - target * np.log(given + LEAST) + stirling, 1 - target / (given + LEAST)
    if kind == "divergence_of_logs":
        return np.exp(target) * (target - given), -np.exp(target)
    if kind == "poisson":
        return np.exp(given) - target * given, np.exp(given) - target
    return target * (np.log(target) - given), -target  # divergence, of logarithms


def of_variance(given: np.ndarray, target: np.ndarray, kind: str) -> np.ndarray:
    """The slope of a Gaussian loss by its variances."""
    variance = variance_of(kind, target)
    slopes = (1 / variance - (given - target) ** 2 / variance**2) / 2
    return {"gaussian_full": slopes.sum(axis=-1), "gaussian_over_steps": slopes.sum(axis=1, keepdims=True)}.get(kind, slopes)


@statement("A loss of numbers is its equation for each of them, times its weight, reduced as it says; its gradient is the "
           "equation's, that by variances too; a reduction told in old words is the same, and weights are saved.",
           {"kind": KINDS, "reduction": ("none", "mean", "sum", "batchmean"), "weighted": (True, False),
            "positive": (True, False), "called": ("function", "module")},
           senseless=((("kind", "weighted"), lambda kind, weighted: weighted and kind not in WEIGHTED),
                      (("kind", "reduction"), lambda kind, reduction: reduction == "batchmean" and "div" not in kind),
                      (("kind", "weighted", "called"),
                       lambda kind, weighted, called: weighted and called == "module" and kind in BARE),
                      (("kind", "positive"), lambda kind, positive: positive and kind != "binary_logits")),
           strength=(1, 3, 3), sparing=0, source="PyTorch: torch.nn.functional, losses")
def losses_of_numbers_are_equations(ask, kind, reduction, weighted, positive, called) -> list[Deviation]:
    random = generator("losses of steps", kind)
    given, weights = draw_values(random, SHAPE), random.uniform(0.5, 2.0, SHAPE)
    weights = weights[:, :1, :1] if kind in SPREAD and called == "function" else weights
    target = draw_values(random, SHAPE)
    more = np.array([2.0, 0.5]) if positive else None
    if kind in ("binary", "binary_logits", "divergence"):
        target = random.uniform(0.1, 0.9, SHAPE)
        given = random.uniform(0.1, 0.9, SHAPE) if kind == "binary" else given
    if kind == "soft_margin":
        target = np.sign(target)
    if kind.startswith("poisson"):
        target = np.abs(target) * (1 + 2 * (kind == "poisson_full"))
        given = np.abs(given) + 0.25 if kind == "poisson_full" else given
    if kind == "classes":  # logarithms of shares, classes along axis 1; some are ignored
        given, weights, target = draw_values(random, (3, 3, 4)), random.uniform(0.5, 2.0, 3), (np.arange(12) % 3).reshape(3, 4)
    arguments = {"kind": kind, "given": given, "target": target, "weights": weights if weighted else None, "positive": more,
                 "reduction": reduction, "bound": BOUND, "ignored": IGNORED, "called": called}
    seen = ask(FunctionRequest("loss_of_numbers", tuple(arguments.items())))
    if kind == "classes":
        by_class = (weights if weighted else np.ones(3)) * (np.arange(3) != IGNORED)
        own = by_class[target]
        picked = np.take_along_axis(given, target[:, None], axis=1)[:, 0]
        values, slopes = -own * picked, -own[:, None] * (np.arange(3)[None, :, None] == target[:, None])
    else:
        own = np.broadcast_to(weights if weighted else 1.0, SHAPE)
        values, slopes = (own * each for each in equation(kind, given, target, more))
    total = own.sum() if kind == "classes" or (weighted and kind in ("mse", "mae")) else values.size
    by = {"mean": total, "batchmean": SHAPE[0]}.get(reduction, 1.0)
    due = values if reduction == "none" else np.array(values.sum() / by)
    size = SLACK * (np.abs(values) + 1.0) if reduction == "none" else SLACK * (np.abs(values).sum() + 1.0) / by
    found = compare("loss", seen["loss"], due, size)
    found += compare("gradients", seen["gradients"], slopes / by, SLACK * (np.abs(slopes) + 1.0) / by)
    found += equal("again", seen["again"], seen["loss"], "in old words")
    named = [name for name, there in (("weight", weighted), ("pos_weight", positive)) if there] * (called == "module")
    if list(seen.facts["saved"]) != named:
        found.append(Deviation("saved", f"{list(seen.facts['saved'])} is saved, expected {named}"))
    if kind == "smooth_mae":
        sizes = np.abs(given - target)
        due = sizes if reduction == "none" else np.array(sizes.sum() / by)
        found += compare("without a bound", seen["unbounded"], due, size)
    if kind.startswith("gaussian"):
        slopes = of_variance(given, target, kind)
        found += compare("gradients/variance", seen["gradients/variance"], slopes / by, SLACK * (np.abs(slopes) + 1.0) / by)
        alone = (np.log(ALONE) + (given - target) ** 2 / ALONE) / 2
        found += compare("of one variance", seen["alone"], alone, SLACK * (alone + 1.0))
    return found
