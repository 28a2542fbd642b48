"""Optimizers that models of recurrent layers are seldom trained by: each step is that of the equation, on every engine.

g is the gradient of a weight w, t the step from 1.

lion            w <- w - rate sign(beta_1 m + (1 - beta_1) g), then m <- beta_2 m + (1 - beta_2) g      (Chen et al. 2023)
lamb            d = M / (sqrt(V) + epsilon) of Adam, w <- w - rate d |w| / |d|                           (You et al. 2020)
ftrl            follow the regularized leader                                                            (McMahan et al. 2013)
adafactor       of a matrix the squares' means of its rows and columns alone are kept                    (Shazeer, Stern 2018)
schedule_free   z <- z - rate g / (sqrt(V) + epsilon), x the mean of all z, w <- (1 - beta_1) z + beta_1 x; the rate grows to
                its own over the first steps
                                                                                                         (Defazio et al. 2024)
muon            of a matrix: momentum, almost orthogonal by Newton and Schulz; of a vector: Adam         (Jordan et al. 2024)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

STEPS, SHAPES, RATE = 4, ((3, 2), (2,)), 0.125
SLACK = 1024 * unit_roundoff("float32")
"""Of the largest number: some dozen operations a step, among them roots and quotients."""
Step = Callable[[np.ndarray, np.ndarray, dict[str, Any], int, Mapping[str, Any]], np.ndarray]
"""weight, gradient, what is remembered of it, number of the step, options -> the weight after the step."""


def norm(array: np.ndarray) -> float:
    """The square root of the sum of squares."""
    return float(np.sqrt(np.sum(array**2)))


def moments(g: np.ndarray, kept: dict[str, Any], t: int, first: float, second: float) -> tuple[np.ndarray, np.ndarray]:
    """The means of gradients and of their squares, their bias corrected."""
    kept["m"] = first * kept.get("m", 0.0) + (1 - first) * g
    kept["v"] = second * kept.get("v", 0.0) + (1 - second) * g**2
    return kept["m"] / (1 - first**t), kept["v"] / (1 - second**t)


def lion(w: np.ndarray, g: np.ndarray, kept: dict[str, Any], t: int, o: Mapping[str, Any]) -> np.ndarray:
    """A step by signs."""
    m = kept.get("m", 0.0)
    kept["m"] = o["beta_2"] * m + (1 - o["beta_2"]) * g
    return w - RATE * np.sign(o["beta_1"] * m + (1 - o["beta_1"]) * g)


def lamb(w: np.ndarray, g: np.ndarray, kept: dict[str, Any], t: int, o: Mapping[str, Any]) -> np.ndarray:
    """A step as long as the weight is."""
    mean, square = moments(g, kept, t, o["beta_1"], o["beta_2"])
    direction = mean / (np.sqrt(square) + o["epsilon"])
    return w - RATE * direction * norm(w) / norm(direction)


def ftrl(w: np.ndarray, g: np.ndarray, kept: dict[str, Any], t: int, o: Mapping[str, Any]) -> np.ndarray:
    """All gradients so far, those that are small cut off."""
    before, power = kept.get("n", o["initial_accumulator_value"]), -o["learning_rate_power"]
    kept["n"] = before + g**2
    pulled = g + 2 * o["l2_shrinkage_regularization_strength"] * w
    kept["z"] = kept.get("z", 0.0) + pulled - (kept["n"]**power - before**power) / RATE * w
    least, strength = o["l1_regularization_strength"], o["l2_regularization_strength"] + o["beta"] / (2 * RATE)
    return (np.clip(kept["z"], -least, least) - kept["z"]) / (kept["n"]**power / RATE + 2 * strength)


def adafactor(w: np.ndarray, g: np.ndarray, kept: dict[str, Any], t: int, o: Mapping[str, Any]) -> np.ndarray:
    """A step by the means of squares along rows and columns, relative to the weight's own size."""
    def size(array: np.ndarray) -> float:
        return float(np.sqrt(np.mean(array**2)))

    share, square = 1 - float(t) ** o["beta_2_decay"], g**2 + o["epsilon_1"]
    for name, axis in (("r", -1), ("c", -2)) if w.ndim > 1 else (("v", ()),):
        kept[name] = share * kept.get(name, 0.0) + (1 - share) * square.mean(axis=axis)
    whole = kept["v"] if w.ndim == 1 else (kept["r"] / kept["r"].mean())[:, None] * kept["c"]
    direction = g / np.sqrt(whole)
    rate = min(RATE, t**-0.5) if o.get("relative_step", True) else o["learning_rate"]
    return w - max(o["epsilon_2"], size(w)) * rate * direction / max(1.0, size(direction) / o["clip_threshold"])


def schedule_free(w: np.ndarray, g: np.ndarray, kept: dict[str, Any], t: int, o: Mapping[str, Any]) -> np.ndarray:
    """Between the newest weight and the mean of all."""
    square = moments(g, kept, t, 0.0, o["beta_2"])[1]
    kept["z"] = kept.get("z", w) - RATE * min(1.0, t / o["warmup_steps"]) * g / (np.sqrt(square) + o["epsilon"])
    kept["x"] = (1 - 1 / t) * kept.get("x", w) + kept["z"] / t
    return (1 - o["beta_1"]) * kept["z"] + o["beta_1"] * kept["x"]


def muon(w: np.ndarray, g: np.ndarray, kept: dict[str, Any], t: int, o: Mapping[str, Any]) -> np.ndarray:
    """A matrix by an almost orthogonal one, a vector by Adam; decayed before."""
    w = w * (1 - RATE * o["weight_decay" if w.ndim == 2 else "adam_weight_decay"])
    if w.ndim == 1:
        mean, square = moments(g, kept, t, o["adam_beta_1"], o["adam_beta_2"])
        corrected = np.sqrt(1 - o["adam_beta_2"] ** t)  # its epsilon is added before the squares' bias is corrected
        return w - RATE * o["adam_lr_ratio"] * mean * corrected / (np.sqrt(square) * corrected + o["epsilon"])
    kept["m"] = o["momentum"] * kept.get("m", 0.0) + g
    x = g + o["momentum"] * kept["m"] if o["nesterov"] else kept["m"]
    tall = x.shape[0] > x.shape[1]
    x = (x.T if tall else x) / norm(x)
    for _ in range(o["ns_steps"]):
        square = x @ x.T
        x = o["muon_a"] * x + (o["muon_b"] * square + o["muon_c"] * square @ square) @ x
    return w - RATE * (x.T if tall else x) * np.sqrt(max(w.shape)) * o["rms_rate"]


MUON = {"momentum": 0.5, "ns_steps": 2, "muon_a": 2.0, "muon_b": -1.5, "muon_c": 0.5, "rms_rate": 0.75, "adam_lr_ratio": 0.5,
        "adam_beta_1": 0.5, "adam_beta_2": 0.75, "epsilon": 0.25, "weight_decay": 0.25, "adam_weight_decay": 0.5}
FACTORED = {"beta_2_decay": -0.5, "epsilon_1": 0.25, "epsilon_2": 0.125, "clip_threshold": 0.5}
OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, Any], Step]] = {
    "schedule_free": ("ScheduleFreeAdamW", {"beta_1": 0.75, "beta_2": 0.5, "epsilon": 0.125, "warmup_steps": 3},
                      schedule_free),
    "muon": ("Muon", {**MUON, "nesterov": True}, muon), "muon_plain": ("Muon", {**MUON, "nesterov": False}, muon),
    "lamb": ("Lamb", {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.25}, lamb),
    "lion": ("Lion", {"beta_1": 0.25, "beta_2": 0.75}, lion),
    "ftrl": ("Ftrl", {"learning_rate_power": -0.75, "initial_accumulator_value": 0.25, "l1_regularization_strength": 0.125,
                      "l2_regularization_strength": 0.25, "l2_shrinkage_regularization_strength": 0.0625, "beta": 0.5}, ftrl),
    "adafactor": ("Adafactor", FACTORED, adafactor),
    "adafactor_constant": ("Adafactor", {**FACTORED, "relative_step": False, "learning_rate": 0.75}, adafactor),
}
"""Optimizer -> Keras' name of it, its options, none of them the default, and its equation."""


def stepped(name: str, weights: tuple[np.ndarray, ...], gradients: tuple[tuple[np.ndarray, ...], ...]) -> dict[str, np.ndarray]:
    """`weights/N`: (steps, …) each weight after every step of the equation."""
    _, options, step = OPTIMIZERS[name]
    found, kept = [[] for _ in weights], [{} for _ in weights]
    for t, given in enumerate(gradients, 1):
        weights = tuple(step(w, g, mine, t, options) for w, g, mine in zip(weights, given, kept, strict=True))
        for place, w in enumerate(weights):
            found[place].append(w)
    return {f"weights/{place}": np.array(each) for place, each in enumerate(found)}


@statement("A matrix and a vector that are trained by an optimizer which is seldom used take the steps of its equation, also "
           "where another one, made of its configuration, is given what it remembers, and goes on.",
           {"optimizer": tuple(OPTIMIZERS)}, usual={"optimizer": tuple(name for name in OPTIMIZERS if name != "muon_plain")},
           dear={"optimizer": tuple(OPTIMIZERS)[1:]}, sparing=1,
           source="Keras: ScheduleFreeAdamW, Muon, Lamb, Lion, Ftrl, Adafactor, and the papers of each")
def rare_optimizers_are_their_equations(ask, optimizer):
    random = generator("rare optimizers", optimizer)
    weights = tuple(random.uniform(0.5, 1.5, shape) for shape in SHAPES)
    gradients = tuple(tuple(random.uniform(-1, 1, shape) for shape in SHAPES) for _ in range(STEPS))
    name, options, _ = OPTIMIZERS[optimizer]
    seen = ask(FunctionRequest("stepped", (
        ("optimizer", optimizer), ("name", name), ("options", {"learning_rate": RATE, **options}), ("weights", weights),
        ("gradients", gradients))))
    due = stepped(optimizer, weights, gradients)
    return [d for place, array in due.items() for d in compare(place, seen[place], array, SLACK * np.abs(array).max())]


WARMUP = 4
"""Steps over which the rate grows."""


@statement("Where the rate grows over the first steps, the first one is that of its share of the rate.", sparing=0,
           source="Keras: ScheduleFreeAdamW(warmup_steps)")
def rates_that_grow_begin_with_their_share(ask):
    random = generator("rates that grow")
    weights, gradients = (tuple(random.uniform(0.5, 1.5, shape) for shape in SHAPES) for _ in range(2))
    name, options, _ = OPTIMIZERS["schedule_free"]
    grows, rests = (ask(FunctionRequest("stepped", (
        ("optimizer", "schedule_free"), ("name", name), ("options", {**options, "learning_rate": rate, "warmup_steps": steps}),
        ("weights", weights), ("gradients", (gradients,))))) for rate, steps in ((RATE, WARMUP), (RATE / WARMUP, 1)))
    found = [d for place, array in rests.named("weights").items() for d in compare(
        place, grows[place], array.astype("float64"), SLACK * np.abs(array).max())]
    if any(np.array_equal(array[0], before.astype(array.dtype)) or not array.any() for array, before in zip(
            rests.named("weights").values(), weights, strict=True)):
        found.append(Deviation("weights", "a step changes nothing"))
    return found



MOMENTUM, AVERAGED, SCALE = 0.75, 0.25, 4.0
"""Of the plain steps that two of three weights take, and of the averages of one; the first is trained by lion. What the loss is
times, and so gradients."""


def apart(weights: tuple[np.ndarray, ...], gradients: tuple[tuple[np.ndarray, ...], ...]) -> dict[str, np.ndarray]:
    """`weights/N`: (steps, …) each of three weights after every step of its own equation; `left/N`, what is left of it in the
    end, of the second its average."""
    found = stepped("lion", weights[:1], tuple(each[:1] for each in gradients))
    for place in (1, 2):
        weight, moved, steps = weights[place], 0.0, []
        for each in gradients:
            moved = MOMENTUM * moved - RATE * each[place]
            weight = weight + moved
            steps.append(weight)
        found[f"weights/{place}"] = np.array(steps)
    average = found["weights/1"][0]
    for step in found["weights/1"][1:]:
        average = AVERAGED * average + (1 - AVERAGED) * step
    return found | {"left/0": found["weights/0"][-1], "left/1": average, "left/2": found["weights/2"][-1]}


@statement("Where each weight has an optimizer of its own it takes the steps of that one, also where others that were made alike "
           "are given what they remember, and go on, and where all are told by how much the loss is scaled; in the end the "
           "weights of those that average become their averages.", sparing=0, eager=1, source="Keras: MultiOptimizer")
def optimizers_of_their_own_are_followed(ask):
    random = generator("optimizers of their own")
    shapes = (*SHAPES, SHAPES[-1])
    weights = tuple(random.uniform(0.5, 1.5, shape) for shape in shapes)
    gradients = tuple(tuple(random.uniform(-1, 1, shape) for shape in shapes) for _ in range(STEPS))
    kinds = (("Lion", {"learning_rate": RATE, **OPTIMIZERS["lion"][1]}),
             ("SGD", {"learning_rate": RATE, "momentum": MOMENTUM, "use_ema": True, "ema_momentum": AVERAGED}),
             ("SGD", {"learning_rate": RATE, "momentum": MOMENTUM}))
    seen = ask(FunctionRequest("stepped_apart", (("kinds", kinds), ("weights", weights), ("gradients", gradients),
                                                 ("scale", SCALE))))
    due = apart(weights, gradients)
    return [d for name, one in due.items() for d in compare(name, seen[name], one, SLACK * np.abs(one).max())]


PATTERNS = ("encoder/lstm/.*", "encoder/gru/kernel", ".*/bias")
"""Of paths; the second is a whole one."""
CHOSEN: Mapping[str, int | None] = {
    "encoder/lstm/kernel": 0, "encoder/gru/kernel": 1, "encoder/gru/kernel_of_more": None, "decoder/encoder/lstm/kernel": None,
    "decoder/bias": 2, "decoder/bias_of_more": None}
"""Path -> the place of its pattern; None: the default."""
BOTH = "encoder/lstm/bias"
"""A path that two of them fit."""


@statement("By patterns of paths a weight has the optimizer whose pattern its whole path fits, or which its path names, and else "
           "the one that all others have; a path that several fit is refused.", sparing=1, source="Keras: OptimizerMap")
def patterns_name_whole_paths(ask) -> list[Deviation]:
    """Facts: `chosen`, by path, the place of the optimizer that is found, None for the default; `refused`, whether one is for a
    path that several fit."""
    facts = ask(FunctionRequest("optimizers_by_path", (("patterns", PATTERNS), ("paths", tuple(CHOSEN)), ("both", BOTH)))).facts
    found = [Deviation(path, f"{path}: the optimizer of {came}, expected that of {due}")
             for (path, due), came in zip(CHOSEN.items(), facts.get("chosen", ("",) * len(CHOSEN)), strict=True) if came != due]
    return found if facts.get("refused") else [*found, Deviation(BOTH, f"{BOTH}: two patterns fit it, and one is taken")]
