"""Optimizers that only PyTorch has: their steps are their rules. What is called around an optimizer's steps and states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare

Array = np.ndarray
STEPS, FEW, ROWS = 9, 6, 4
"""How many steps are taken, where the variance is known late and elsewhere; rows of the weight, of which a sparse gradient has
some."""
SLACK = 1e-9
"""Of weights in float64."""


def radam(slopes: Sequence[Array], weight: Array, lr: float, betas: tuple[float, float], eps: float, weight_decay: float,
          decoupled_weight_decay: bool = False) -> list[Array]:
    """Liu et al. 2020: as Adam once the variance is known well enough, and by the mean alone before."""
    mean, square, found, most = 0.0 * weight, 0.0 * weight, [], 2 / (1 - betas[1]) - 1
    for t, slope in enumerate(slopes, start=1):
        slope = slope if decoupled_weight_decay else slope + weight_decay * weight
        weight = weight * (1 - lr * weight_decay) if decoupled_weight_decay else weight
        mean, square = betas[0] * mean + (1 - betas[0]) * slope, betas[1] * square + (1 - betas[1]) * slope**2
        known = most - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        step = lr * mean / (1 - betas[0] ** t)
        if known > 5:
            part = (known - 4) * (known - 2) * most / ((most - 4) * (most - 2) * known)
            step = step * np.sqrt(part) * np.sqrt(1 - betas[1] ** t) / (np.sqrt(square) + eps)
        weight = weight - step
        found.append(weight)
    return found


def nadam(slopes: Sequence[Array], weight: Array, lr: float, betas: tuple[float, float], eps: float, weight_decay: float,
          momentum_decay: float, decoupled_weight_decay: bool) -> list[Array]:
    """Dozat 2016: Adam by Nesterov's momentum, which grows; decoupled, weights decay before the step."""
    mean, square, product, found = 0.0 * weight, 0.0 * weight, 1.0, []
    for t, slope in enumerate(slopes, 1):
        now, then = (betas[0] * (1 - 0.5 * 0.96 ** (step * momentum_decay)) for step in (t, t + 1))
        product *= now
        weight = weight * (1 - lr * weight_decay) if decoupled_weight_decay else weight
        slope = slope if decoupled_weight_decay else slope + weight_decay * weight
        mean = betas[0] * mean + (1 - betas[0]) * slope
        square = betas[1] * square + (1 - betas[1]) * slope**2
        ahead = (1 - now) * slope / (1 - product) + then * mean / (1 - product * then)
        weight = weight - lr * ahead / (np.sqrt(square / (1 - betas[1]**t)) + eps)
        found.append(weight)
    return found


def rprop(slopes: Sequence[Array], weight: Array, lr: float, etas: tuple[float, float], step_sizes: tuple[float, float]
          ) -> list[Array]:
    """Riedmiller and Braun 1993: by the sign alone, further where it stays, and not where it has turned."""
    size, before, found = np.full_like(weight, lr), 0.0 * weight, []
    for slope in slopes:
        turn = np.sign(slope * before)
        size = np.clip(size * np.where(turn > 0, etas[1], np.where(turn < 0, etas[0], 1.0)), *step_sizes)
        before = np.where(turn < 0, 0.0, slope)
        weight = weight - np.sign(before) * size
        found.append(weight)
    return found


def asgd(slopes: Sequence[Array], weight: Array, lr: float, lambd: float, alpha: float, t0: float, weight_decay: float
         ) -> list[Array]:
    """Polyak and Juditsky 1992: beside the weights their average, from step `t0` on."""
    rate, share, average, found = lr, 1.0, 0.0 * weight, []
    for t, slope in enumerate(slopes, start=1):
        weight = weight * (1 - lambd * rate) - rate * (slope + weight_decay * weight)
        average = average + share * (weight - average)
        rate, share = lr / (1 + lambd * lr * t) ** alpha, 1 / max(1.0, t - t0)
        found.append(np.stack([weight, average]))
    return found


def sparse_adam(slopes: Sequence[Array], weight: Array, lr: float, betas: tuple[float, float], eps: float) -> list[Array]:
    """Adam of the rows that have a gradient; the others stay as they are, and so does what is remembered of them."""
    mean, square, found = 0.0 * weight, 0.0 * weight, []
    for t, slope in enumerate(slopes, start=1):
        here = (slope != 0).any(axis=-1, keepdims=True)
        mean = np.where(here, betas[0] * mean + (1 - betas[0]) * slope, mean)
        square = np.where(here, betas[1] * square + (1 - betas[1]) * slope**2, square)
        step = lr * np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t) * mean / (np.sqrt(square) + eps)
        weight = weight - np.where(here, step, 0.0)
        found.append(weight)
    return found


def adagrad(slopes: Sequence[Array], weight: Array, lr: float, lr_decay: float, eps: float, weight_decay: float) -> list[Array]:
    """Duchi et al. 2011, with a rate that falls."""
    total, found = 0.0 * weight, []
    for t, slope in enumerate(slopes):
        slope = slope + weight_decay * weight
        total = total + slope**2
        weight = weight - lr / (1 + t * lr_decay) * slope / (np.sqrt(total) + eps)
        found.append(weight)
    return found


def adafactor(slopes: Sequence[Array], weight: Array, lr: float, beta2_decay: float, eps: tuple[float, float], d: float,
              weight_decay: float) -> list[Array]:
    """Shazeer and Stern 2018: of the squares the means of rows and columns, and steps relative to the weight."""
    rows, columns, found = np.zeros((len(weight), 1)), np.zeros((1, weight.shape[1])), []
    for t, slope in enumerate(slopes, start=1):
        share, size = t**beta2_decay, max(eps[1], np.sqrt(np.mean(weight**2)))
        weight = weight * (1 - lr * weight_decay)
        rows = rows + share * ((slope**2).mean(axis=1, keepdims=True) - rows)
        columns = columns + share * ((slope**2).mean(axis=0, keepdims=True) - columns)
        update = slope / np.sqrt(np.maximum(rows @ columns / max(rows.mean(), eps[0]), eps[0] ** 2))
        weight = weight - size * min(lr, t**-0.5) * update / max(1.0, np.sqrt(np.mean(update**2)) / d)
        found.append(weight)
    return found


def sgd(slopes: Sequence[Array], weight: Array, lr: float, momentum: float, dampening: float = 0.0, weight_decay: float = 0.0,
        nesterov: bool = False) -> list[Array]:
    """Sutskever et al. 2013, with a momentum that is the first gradient first, and dampened from then on."""
    mean, found = None, []
    for slope in slopes:
        slope = slope + weight_decay * weight
        mean = slope if mean is None else momentum * mean + (1 - dampening) * slope
        weight = weight - lr * (slope + momentum * mean if nesterov else mean)
        found.append(weight)
    return found


def rmsprop(slopes: Sequence[Array], weight: Array, lr: float, alpha: float, eps: float, momentum: float, weight_decay: float,
            centered: bool) -> list[Array]:
    """Tieleman and Hinton 2012; Graves 2013 where it is centered."""
    square, mean, kept, found = 0.0 * weight, 0.0 * weight, 0.0 * weight, []
    for slope in slopes:
        slope = slope + weight_decay * weight
        square, mean = alpha * square + (1 - alpha) * slope**2, alpha * mean + (1 - alpha) * slope
        kept = momentum * kept + slope / (np.sqrt(square - mean**2 if centered else square) + eps)
        weight = weight - lr * kept
        found.append(weight)
    return found


def adam(slopes: Sequence[Array], weight: Array, lr: float, betas: tuple[float, float], eps: float, weight_decay: float,
         amsgrad: bool, decoupled_weight_decay: bool) -> list[Array]:
    """Kingma and Ba 2015; Reddi et al. 2018 with the greatest square; Loshchilov and Hutter 2019 where the decay is apart."""
    mean, square, most, found = 0.0 * weight, 0.0 * weight, 0.0 * weight, []
    for t, slope in enumerate(slopes, start=1):
        slope = slope if decoupled_weight_decay else slope + weight_decay * weight
        weight = weight * (1 - lr * weight_decay) if decoupled_weight_decay else weight
        mean, square = betas[0] * mean + (1 - betas[0]) * slope, betas[1] * square + (1 - betas[1]) * slope**2
        most = np.maximum(most, square)
        root = np.sqrt((most if amsgrad else square) / (1 - betas[1] ** t)) + eps
        weight = weight - lr * mean / (1 - betas[0] ** t) / root
        found.append(weight)
    return found


def muon(slopes: Sequence[Array], weight: Array, lr: float, weight_decay: float, momentum: float, nesterov: bool,
         ns_coefficients: tuple[float, float, float], ns_steps: int, adjust_lr_fn: str) -> list[Array]:
    """Jordan et al. 2024: the momentum, made almost orthogonal by Newton and Schulz, in half precision."""
    a, b, c = ns_coefficients
    mean, found = 0.0 * weight, []
    sizes = weight.shape
    scale = 0.2 * np.sqrt(max(sizes)) if adjust_lr_fn == "match_rms_adamw" else np.sqrt(max(1, sizes[0] / sizes[1]))
    for slope in slopes:
        mean = momentum * mean + (1 - momentum) * slope
        x = momentum * mean + (1 - momentum) * slope if nesterov else mean
        x = x.T if len(x) > len(x.T) else x
        x = x / np.sqrt(np.sum(x**2))
        for _ in range(ns_steps):
            square = x @ x.T
            x = a * x + (b * square + c * square @ square) @ x
        weight = weight * (1 - lr * weight_decay) - lr * scale * (x.T if x.shape != weight.shape else x)
        found.append(weight)
    return found


ADAM = {"lr": 0.25, "betas": (0.75, 0.9), "eps": 0.01}
NADAM = {**ADAM, "weight_decay": 0.125, "momentum_decay": 0.5}
RMS = {"lr": 0.25, "alpha": 0.75, "eps": 0.25, "momentum": 0.5, "weight_decay": 0.125}
MUON = {"lr": 0.25, "weight_decay": 0.125, "momentum": 0.75, "ns_coefficients": (2.0, -1.5, 0.5), "ns_steps": 2}
RULES: Mapping[str, tuple[str, Callable[..., list[Array]], Mapping[str, Any]]] = {
    "radam": ("RAdam", radam, {**ADAM, "weight_decay": 0.125}),
    "radam_decoupled": ("RAdam", radam, {**ADAM, "weight_decay": 0.125, "decoupled_weight_decay": True}),
    "nadam": ("NAdam", nadam, {**NADAM, "decoupled_weight_decay": False}),
    "nadam_decoupled": ("NAdam", nadam, {**NADAM, "decoupled_weight_decay": True}),
    "rprop": ("Rprop", rprop, {"lr": 0.25, "etas": (0.5, 1.5), "step_sizes": (0.0625, 0.5)}),
    "asgd": ("ASGD", asgd, {"lr": 0.25, "lambd": 0.5, "alpha": 0.75, "t0": 3.0, "weight_decay": 0.125}),
    "sparse_adam": ("SparseAdam", sparse_adam, ADAM),
    "adafactor": ("Adafactor", adafactor, {"lr": 0.25, "beta2_decay": -0.5, "eps": (0.125, 0.0625), "d": 1.125,
                                           "weight_decay": 0.125}),
    "muon": ("Muon", muon, {**MUON, "nesterov": True, "adjust_lr_fn": "original"}),
    "muon_plain": ("Muon", muon, {**MUON, "nesterov": False, "adjust_lr_fn": "match_rms_adamw"}),
    "adagrad_decay": ("Adagrad", adagrad, {"lr": 0.25, "lr_decay": 0.5, "eps": 0.01, "weight_decay": 0.125}),
    "sgd": ("SGD", sgd, {"lr": 0.25, "momentum": 0.75, "dampening": 0.25, "weight_decay": 0.125}),
    "sgd_nesterov": ("SGD", sgd, {"lr": 0.25, "momentum": 0.75, "nesterov": True}),
    "rmsprop": ("RMSprop", rmsprop, {**RMS, "centered": False}),
    "rmsprop_centered": ("RMSprop", rmsprop, {**RMS, "centered": True}),
    "adam": ("Adam", adam, {**ADAM, "weight_decay": 0.125, "amsgrad": True, "decoupled_weight_decay": False}),
    "adam_decoupled": ("Adam", adam, {**ADAM, "weight_decay": 0.125, "amsgrad": False, "decoupled_weight_decay": True}),
    "adagrad_sparse": ("Adagrad", adagrad, {"lr": 0.25, "lr_decay": 0.5, "eps": 0.01, "weight_decay": 0.0}),
}
"""Name of a variant -> the optimizer, its rule, its options."""
SPARSE = ("sparse_adam", "adagrad_sparse")
"""Rules that are asked for gradients of some rows."""
ONE_WAY = ("sparse_adam", "muon", "muon_plain")
"""Rules of optimizers that have one way to go about their steps."""
ROUGH = {"asgd": 1e-6, "nadam": 1e-6, "nadam_decoupled": 1e-6, "muon": 0.02, "muon_plain": 0.02}
"""Slack where something is kept in float32, or computed in half precision."""


@statement("An optimizer's steps are its rule, of each weight from its first gradient on, however it goes about them, up in "
           "one group of weights and down in another; and it tells its options.",
           {"rule": tuple(RULES), "foreach": (True, False)}, strength=(1, 2, 2), sparing=0,
           senseless=((("rule", "foreach"), lambda rule, foreach: foreach and rule in ONE_WAY),),
           source="PyTorch: torch.optim.RAdam, NAdam, Rprop, ASGD, SparseAdam, SGD, RMSprop, Adam, Adagrad, Adafactor, Muon")
def rarer_optimizers_are_their_rules(ask, rule, foreach) -> list[Deviation]:
    kind, steps, options = RULES[rule]
    random = generator("rules of optimizers", rule)
    weights = tuple(draw_values(random, (ROWS, width)) for width in (2, 3, 2, 3))
    up = (False, False, True, True) if rule not in ("muon", "muon_plain") else (False,) * len(weights)
    slopes = [tuple(draw_values(random, one.shape) for one in weights) for _ in range(STEPS if "radam" in rule else FEW)]
    if rule in SPARSE:
        slopes = [tuple(one * (np.arange(ROWS) % 3 != t % 3)[:, None] for one in each) for t, each in enumerate(slopes)]
    seen = ask(FunctionRequest("steps_by_rule", (
        ("kind", kind), ("options", dict(options)), ("weights", weights), ("slopes", tuple(slopes)), ("foreach", foreach),
        ("maximize", up), ("rule", rule))))
    found = []
    for n, weight in enumerate(weights):
        due = np.stack(steps([(-1 if up[n] else 1) * each[n] for each in slopes[n:]], weight, **options))
        found += compare(f"weight {n}", seen[f"weight/{n}"], due, ROUGH.get(rule, SLACK) * max(1.0, np.abs(due).max()))
    return found + [Deviation("told", f"{name}: {value} is not told in {seen.facts['told']}") for name, value in options.items()
                    if f"{name}: {value}" not in seen.facts["told"]]


KEPT, SIZE, MOST = 3, 5, 3
"""How many steps LBFGS remembers; unknowns; how often a step may ask for the loss, and once more where a search begins."""


def lbfgs(matrix: Array, target: Array, start: Array, lr: float, steps: int) -> list[Array]:
    """Nocedal 1980, without a search along the line, on x A x / 2 - b x."""
    x, pairs, found = start, [], []
    slope = matrix @ x - target
    step = -slope * min(1.0, 1 / np.abs(slope).sum()) * lr
    for _ in range(steps):
        x = x + step
        found.append(x)
        new = matrix @ x - target
        moved, turned, slope = step, new - slope, new
        pairs = [*pairs, (moved, turned)][-KEPT:]
        direction, shares = -slope, []
        for s, y in reversed(pairs):
            shares.append(s @ direction / (s @ y))
            direction = direction - shares[-1] * y
        direction = direction * (moved @ turned) / (turned @ turned)
        for (s, y), share in zip(pairs, reversed(shares), strict=True):
            direction = direction + (share - y @ direction / (s @ y)) * s
        step = lr * direction
    return found


@statement("LBFGS goes where its rule says, over as many steps as it remembers and more, in one call or several; with a search "
           "along the line it comes to the least value; and it asks for the loss no more often than it may.",
           {"search": (None, "strong_wolfe"), "each": (1, 4)},
           strength=(1, 2, 2), sparing=0, source="PyTorch: torch.optim.LBFGS; Nocedal 1980")
def lbfgs_goes_by_its_rule(ask, search, each) -> list[Deviation]:
    """each: how many steps are taken in one call."""
    random = generator("rules of optimizers", "lbfgs")
    turned = np.linalg.qr(random.normal(size=(SIZE, SIZE)))[0]
    matrix = turned @ np.diag(np.linspace(1.0, 3.0, SIZE)) @ turned.T
    target, start = (draw_values(random, (SIZE,)) for _ in range(2))
    given = {"matrix": matrix, "target": target, "start": start, "search": search, "each": each, "kept": KEPT,
             "calls": (12 if search else 8) // each, "lr": 1.0 if search else 0.75}
    seen = ask(FunctionRequest("lbfgs", (*given.items(), ("most", MOST))))
    path, asked = seen["path"], seen.facts["asked"]
    found = [] if asked <= MOST + 1 else [
        Deviation("asked", f"the loss is asked for {asked} times in a step, at most {MOST} allowed")]
    if search is None:
        due = np.stack(lbfgs(matrix, target, start, given["lr"], 8))[each - 1::each]
        return [*found, *compare("path", path, due, 1e-7)]
    return [*found, *compare("end", path[-1], np.linalg.solve(matrix, target), 1e-4)]


CALLED = ("before every step", "before a step", "after a step", "after every step", "before saving", "after saving",
          "before loading", "after loading")


@statement("What is registered around an optimizer's steps and states is called there, once each, in its order, and may change "
           "what is saved and loaded; when it was taken away it is called no more.", sparing=0, strength=(1, 1, 1),
           source="PyTorch: Optimizer.register_step_pre_hook, register_state_dict_post_hook and the like")
def hooks_of_optimizers_are_called(ask) -> list[Deviation]:
    seen = ask(FunctionRequest("optimizer_hooks", ()))
    found = [] if tuple(seen.facts["called"]) == CALLED else [
        Deviation("called", f"called: {list(seen.facts['called'])}, expected {list(CALLED)}")]
    return found + equal("rates", seen["rates"], np.array([0.5, 0.25, 0.125]), "saved, told to load, loaded")
