"""Modules around recurrent ones that have no states: activations, padding, pooling, distances and losses of pairs. Each is its
equation, as a module, as a function and in place; its gradients are those of the equation; and it tells its options."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit, ndtr

from cases.batches import draw_values
from cases.differences import slope
from cases.families.base import statement
from cases.families.functions_by_name import by_tanh, normed
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

Array = np.ndarray
SHAPE = (2, 4, 6)
"""Rows, channels, steps; or rows, steps, features."""
SLACK = 256 * unit_roundoff("float32")
STEP = 1e-6
"""Of differences, in float64."""
REDUCTIONS = ("none", "mean", "sum")


@dataclass(frozen=True)
class Module:
    """A module of the framework, by its name and options, of which `weight` is a tensor; `function`: the function that does the
    same, by name, with these `more` options beside the module's, or in their place where `apart`.

    equation(*inputs, **weights) -> outputs
    inputs   how many tensors it takes; drawn as `drawn` says: numbers, signs, one class or flags of classes
    untold   options that its description does not tell
    """

    name: str
    options: Mapping[str, Any]
    equation: Callable[..., Array]
    function: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    apart: bool = False
    drawn: tuple[str, ...] = ("numbers",)
    untold: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name, and what tells it from another of that name."""
        telling = ("mode", "reduction", "approximate", "dtype", "p", "norm_type", "label_smoothing", "bias")
        words = [str(self.options[name]) for name in telling if name in self.options]
        words += ["weighted"] * ("weight" in self.options)
        return "-".join((self.name, *words))


def shares(x: Array) -> Array:
    """Softmax over the channels."""
    return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


def soft(x: Array) -> Array:
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


ACTIVATIONS = (
    Module("ReLU", {}, lambda x: np.maximum(x, 0), "relu"), Module("ReLU6", {}, lambda x: np.clip(x, 0, 6), "relu6"),
    Module("Threshold", {"threshold": 0.25, "value": -0.5}, lambda x: np.where(x > 0.25, x, -0.5), "threshold"),
    Module("Hardtanh", {"min_val": -0.5, "max_val": 0.75}, lambda x: np.clip(x, -0.5, 0.75), "hardtanh"),
    Module("LeakyReLU", {"negative_slope": 0.25}, lambda x: np.where(x > 0, x, 0.25 * x), "leaky_relu"),
    Module("RReLU", {"lower": 0.125, "upper": 0.375}, lambda x: np.where(x > 0, x, 0.25 * x), "rrelu"),
    Module("PReLU", {"num_parameters": 4, "init": 0.125}, lambda x, weight: np.where(x > 0, x, weight[:, None] * x),
           untold=("init",)),
    Module("ELU", {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)), "elu"),
    Module("CELU", {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x / 0.5)), "celu"),
    Module("SELU", {}, normed, "selu"),
    Module("GELU", {"approximate": "none"}, lambda x: x * ndtr(x), "gelu"),
    Module("GELU", {"approximate": "tanh"}, by_tanh, "gelu"),
    Module("SiLU", {}, lambda x: x * expit(x), "silu"), Module("Mish", {}, lambda x: x * np.tanh(soft(x)), "mish"),
    Module("Hardsigmoid", {}, lambda x: np.clip(x / 6 + 0.5, 0, 1), "hardsigmoid"),
    Module("Hardswish", {}, lambda x: x * np.clip(x / 6 + 0.5, 0, 1), "hardswish"),
    Module("Hardshrink", {"lambd": 0.375}, lambda x: np.where(np.abs(x) > 0.375, x, 0), "hardshrink"),
    Module("Softshrink", {"lambd": 0.375}, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.375, 0), "softshrink"),
    Module("Tanhshrink", {}, lambda x: x - np.tanh(x), "tanhshrink"),
    Module("Softplus", {"beta": 2.0, "threshold": 3.0}, lambda x: np.where(2 * x > 3, x, soft(2 * x) / 2), "softplus"),
    Module("Softsign", {}, lambda x: x / (1 + np.abs(x)), "softsign"),
    Module("LogSigmoid", {}, lambda x: -soft(-x), "logsigmoid"), Module("Sigmoid", {}, expit, "sigmoid"),
    Module("Tanh", {}, np.tanh, "tanh"),
)
SHARES = (
    Module("GLU", {"dim": 1}, lambda x: x[:, :2] * expit(x[:, 2:]), "glu"),
    Module("Softmax", {"dim": 1}, shares, "softmax"), Module("Softmin", {"dim": 1}, lambda x: shares(-x), "softmin"),
    Module("LogSoftmax", {"dim": 1}, lambda x: np.log(shares(x)), "log_softmax"),
    Module("Softmax2d", {}, lambda x: np.exp(x) / np.exp(x).sum(axis=0), "softmax", {"dim": -3}),
    Module("CosineSimilarity", {"dim": 1, "eps": 1e-6},
           lambda a, b: (a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1)), "cosine_similarity",
           drawn=("numbers", "numbers"), untold=("dim", "eps")),
    Module("PairwiseDistance", {"p": 3.0, "eps": 0.25, "keepdim": True},
           lambda a, b: (np.abs(a - b + 0.25) ** 3).sum(axis=-1, keepdims=True) ** (1 / 3), "pairwise_distance",
           drawn=("numbers", "numbers"), untold=("p", "eps", "keepdim")),
    Module("Bilinear", {"in1_features": 6, "in2_features": 6, "out_features": 2},
           lambda a, b, weight, bias: np.einsum("btf,ofg,btg->bto", a, weight, b) + bias, drawn=("numbers", "numbers")),
    Module("LocalResponseNorm", {"size": 3, "alpha": 0.5, "beta": 0.75, "k": 2.0},
           lambda x: x / (2 + 0.5 / 3 * sum(np.pad(x**2, ((0, 0), (1, 1), (0, 0)))[:, k:k + 4] for k in range(3))) ** 0.75,
           "local_response_norm"),
)


def padded(kind: str, **more: Any) -> Callable[[Array], Array]:
    """One step before and two behind."""
    return lambda x: np.pad(x, ((0, 0), (0, 0), (1, 2)), kind, **more)


def pooled(rule: Callable[[Array], Array], size: int, stride: int, around: int = 0, last: bool = False
           ) -> Callable[[Array], Array]:
    """The rule over windows of steps, padding left out; with `last` over what is left behind the others too."""
    def found(x: Array) -> Array:
        time = x.shape[-1]
        count = (time + 2 * around - size) / stride
        count = math.ceil(count) if last else math.floor(count)
        begins = [stride * k - around for k in range(count + 1)]
        return np.stack([rule(x[..., max(begin, 0):min(begin + size, time)]) for begin in begins if begin < time], axis=-1)

    return found


def adapted(rule: Callable[[Array], Array], count: int) -> Callable[[Array], Array]:
    """The rule over so many windows that cover all steps."""
    return lambda x: np.stack([rule(x[..., math.floor(k * x.shape[-1] / count):math.ceil((k + 1) * x.shape[-1] / count)])
                               for k in range(count)], axis=-1)


def mean(x: Array) -> Array:
    return x.mean(axis=-1)


def most(x: Array) -> Array:
    return x.max(axis=-1)


def in_line(x: Array) -> Array:
    """Twice as many steps, each a mean of its neighbours, three quarters of the nearer one."""
    held = np.pad(x, ((0, 0), (0, 0), (1, 1)), "edge")
    return np.stack([0.25 * held[..., :-2] + 0.75 * held[..., 1:-1], 0.75 * held[..., 1:-1] + 0.25 * held[..., 2:]],
                    axis=-1).reshape(*x.shape[:2], -1)


def unpooled(x: Array) -> Array:
    """What is greatest of two steps, where it was."""
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    return np.where(pairs == pairs.max(axis=-1, keepdims=True), pairs, 0).reshape(x.shape)


PADDING = {"padding": (1, 2)}
PAD = {"pad": (1, 2)}
STEPS = (
    Module("ConstantPad1d", {**PADDING, "value": 0.5}, padded("constant", constant_values=0.5), "pad",
           {**PAD, "value": 0.5}, True),
    Module("ZeroPad1d", PADDING, padded("constant"), "pad", PAD, True),
    Module("ReflectionPad1d", PADDING, padded("reflect"), "pad", {**PAD, "mode": "reflect"}, True),
    Module("ReplicationPad1d", PADDING, padded("edge"), "pad", {**PAD, "mode": "replicate"}, True),
    Module("CircularPad1d", PADDING, padded("wrap"), "pad", {**PAD, "mode": "circular"}, True),
    Module("MaxPool1d", {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, pooled(most, 3, 2, 1, True),
           "max_pool1d"),
    Module("AvgPool1d", {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
           pooled(mean, 3, 2, 1, True), "avg_pool1d", untold=("ceil_mode", "count_include_pad")),
    Module("LPPool1d", {"norm_type": 2.0, "kernel_size": 2, "stride": 3, "ceil_mode": True},
           pooled(lambda x: np.sqrt((x**2).sum(axis=-1)), 2, 3), "lp_pool1d"),
    Module("LPPool1d", {"norm_type": math.inf, "kernel_size": 3, "stride": 2}, pooled(lambda x: most(np.abs(x)), 3, 2),
           "lp_pool1d"),
    Module("LPPool1d", {"norm_type": -math.inf, "kernel_size": 3, "stride": 2}, pooled(lambda x: np.abs(x).min(axis=-1), 3, 2),
           "lp_pool1d"),
    Module("AdaptiveAvgPool1d", {"output_size": 4}, adapted(mean, 4), "adaptive_avg_pool1d"),
    Module("AdaptiveMaxPool1d", {"output_size": 4}, adapted(most, 4), "adaptive_max_pool1d"),
    Module("MaxUnpool1d", {"kernel_size": 2}, unpooled),
    Module("Upsample", {"scale_factor": 2.0, "mode": "nearest"}, lambda x: np.repeat(x, 2, axis=-1), "interpolate"),
    Module("Upsample", {"scale_factor": 2.0, "mode": "linear"}, in_line, "interpolate"),
    Module("Flatten", {"start_dim": 0, "end_dim": 1}, lambda x: x.reshape(-1, x.shape[-1])),
    Module("Unflatten", {"dim": 2, "unflattened_size": (2, 3)}, lambda x: x.reshape(*x.shape[:2], 2, 3)),
)


def reduced(loss: Callable[..., Array], reduction: str) -> Callable[..., Array]:
    rule: Callable[[Array], Array] = {"none": lambda x: x, "mean": np.mean, "sum": np.sum}[reduction]
    return lambda *given: np.asarray(rule(loss(*given)))


def cosine(a: Array, b: Array, sign: Array) -> Array:
    alike = (a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    return np.where(sign > 0, 1 - alike, np.maximum(alike - 0.25, 0))


def triple(a: Array, near: Array, far: Array, power: float = 2.0, swap: bool = True) -> Array:
    """The far one from whichever is nearer to it, or from the first."""
    def off(one: Array, other: Array) -> Array:
        return (np.abs(one - other) ** power).sum(axis=-1) ** (1 / power)

    return np.maximum(off(a, near) - (np.minimum(off(a, far), off(near, far)) if swap else off(a, far)) + 3.5, 0)


OF_CLASSES = (0.5, 2.0, 1.25, 0.75)
"""The weight of each class."""


def beside(scores: Array, classes: Array, power: int = 2, weights: tuple[float, ...] = (1.0,) * 4) -> Array:
    """The powers of what other classes are too near, over the number of classes, times the weight of one's own."""
    own = np.take_along_axis(scores, classes[:, None], axis=1)
    near = np.maximum(2.5 - own + scores, 0) ** power * (np.arange(scores.shape[1]) != classes[:, None])
    return near.sum(axis=1) * np.array(weights)[classes] / scores.shape[1]


def flagged(scores: Array, flags: Array, weights: tuple[float, ...] = (1.0,) * 4) -> Array:
    return ((flags * soft(-scores) + (1 - flags) * soft(scores)) * np.array(weights)).mean(axis=-1)


PAIRS = tuple(
    Module(name, {**options, "reduction": reduction}, reduced(loss, reduction), function, drawn=drawn,
           untold=(*options, "reduction"))
    for name, options, loss, function, drawn in (
        ("MarginRankingLoss", {"margin": 0.25}, lambda a, b, sign: np.maximum(0.25 - sign * (a - b), 0), "margin_ranking_loss",
         ("numbers", "numbers", "signs")),
        ("HingeEmbeddingLoss", {"margin": 0.75}, lambda x, sign: np.where(sign > 0, x, np.maximum(0.75 - x, 0)),
         "hinge_embedding_loss", ("numbers", "signs")),
        ("CosineEmbeddingLoss", {"margin": 0.25}, cosine, "cosine_embedding_loss", ("rows", "rows", "row_signs")),
        ("TripletMarginLoss", {"margin": 3.5, "p": 3.0, "swap": True, "eps": 0.0}, partial(triple, power=3.0),
         "triplet_margin_loss", ("numbers", "numbers", "numbers")),
        ("TripletMarginWithDistanceLoss", {"margin": 3.5, "swap": True}, triple, "triplet_margin_with_distance_loss",
         ("numbers", "numbers", "numbers")),
        ("TripletMarginLoss", {"margin": 3.5, "eps": 0.0}, partial(triple, swap=False), "triplet_margin_loss",
         ("numbers", "numbers", "numbers")),
        ("MultiMarginLoss", {"p": 2, "margin": 2.5}, beside, "multi_margin_loss", ("rows", "classes")),
        ("MultiMarginLoss", {"p": 2, "margin": 2.5, "weight": OF_CLASSES}, partial(beside, weights=OF_CLASSES),
         "multi_margin_loss", ("rows", "classes")),
        ("MultiMarginLoss", {"margin": 2.5, "weight": OF_CLASSES}, partial(beside, power=1, weights=OF_CLASSES),
         "multi_margin_loss", ("rows", "classes")),
        ("MultiLabelSoftMarginLoss", {}, flagged, "multilabel_soft_margin_loss", ("rows", "flags")),
        ("MultiLabelSoftMarginLoss", {"weight": OF_CLASSES}, partial(flagged, weights=OF_CLASSES), "multilabel_soft_margin_loss",
         ("rows", "flags")))
    for reduction in REDUCTIONS)


def entropy(reduction: str, ignored: int, smoothing: float, weights: tuple[float, ...], x: Array, classes: Array,
            **own: Array) -> Array:
    """The cross-entropy of classes that a linear map scores; that of smoothed labels is a part of it."""
    scores = x @ own["linear.weight"].T + own.get("linear.bias", 0.0)
    logs, by = np.log(shares(scores)), np.array(weights)
    counts = by[classes] * (classes != ignored)
    loss = -(1 - smoothing) * counts * np.take_along_axis(logs, classes[:, None], axis=1)[:, 0]
    loss = loss - smoothing / scores.shape[1] * (classes != ignored) * (by * logs).sum(axis=1)
    return loss if reduction == "none" else np.asarray(loss.sum() / (counts.sum() if reduction == "mean" else 1.0))


SCORED = tuple(
    Module("LinearCrossEntropyLoss", {"in_features": 4, "num_classes": 4, "bias": bias, "reduction": reduction, **more,
                                      "ignore_index": 1, "label_smoothing": smoothing},
           partial(entropy, reduction, 1, smoothing, more.get("weight", (1.0,) * 4)), drawn=("rows", "classes"),
           untold=("weight", "ignore_index"))
    for number, reduction in enumerate(REDUCTIONS) for more in ({}, {"weight": OF_CLASSES})
    for bias in ((number + len(more)) % 2 == 0,) for smoothing in (0.25 * (number != len(more)),))
GROUPS: Mapping[str, tuple[Module, ...]] = {
    "activations": ACTIVATIONS, "shares": SHARES, "steps": STEPS, "pairs": PAIRS, "scored": SCORED}
DISCRETE = ("signs", "row_signs", "classes", "flags")


def drawn(one: Module) -> tuple[Array, ...]:
    """The inputs of a module."""
    random = generator("equations of modules", one.name)
    rows = (SHAPE[0] + 1, SHAPE[1])
    made: Mapping[str, Callable[[], Array]] = {
        "numbers": lambda: 2 * draw_values(random, SHAPE), "rows": lambda: 2 * draw_values(random, rows),
        "signs": lambda: random.choice([-1.0, 1.0], SHAPE), "row_signs": lambda: np.array([1.0, -1.0, 1.0]),
        "classes": lambda: random.integers(0, rows[1], rows[0]), "flags": lambda: random.choice([0.0, 1.0], rows)}
    return tuple(made[kind]() for kind in one.drawn)


def weighed(outputs: Array) -> float:
    """The sum of the outputs, each times a number of its own."""
    return float((outputs * np.cos(np.arange(outputs.size)).reshape(outputs.shape)).sum())


def slopes(one: Module, operands: Mapping[str, Array]) -> Iterator[tuple[str, Array, float]]:
    """Of each operand that has a gradient, its name; a direction, and the slope of the weighed outputs along it."""
    for name in graded(one, operands):
        along = generator("direction", one.name, name).normal(size=operands[name].shape)
        yield name, along, slope(valued(one, operands, name), operands[name], along, STEP)


def graded(one: Module, operands: Mapping[str, Array]) -> list[str]:
    """The operands that have a gradient: weights, and inputs that are numbers."""
    return [name for place, name in enumerate(operands) if place >= len(one.drawn) or one.drawn[place] not in DISCRETE]


def valued(one: Module, operands: Mapping[str, Array], name: str) -> Callable[[Array], float]:
    """The weighed outputs by an operand, the others being what they are."""
    return lambda array: weighed(answer(one, {**operands, name: array}))


def answer(one: Module, operands: Mapping[str, Array]) -> Array:
    """The outputs of a module; operands are its inputs, by their place, and its weights, by their name."""
    given = [operands[str(place)] for place in range(len(one.drawn))]
    return np.asarray(one.equation(*given, **{name: array for name, array in operands.items() if not name.isdigit()}))


@statement("A module without states is its equation, as a module, as the function of that name and in place; its gradients by "
           "its inputs and its weights are those of the equation; and it tells each of its options.", {"group": tuple(GROUPS)},
           strength=(1, 1, 1), sparing=0, source="PyTorch: torch.nn, torch.nn.functional")
def modules_without_states_are_equations(ask, group) -> list[Deviation]:
    """Arrays, each under the key of its module: `outputs`, `gradients` by each operand, `weights`. Facts: `unlike`, what differs
    from the module called plainly; `told`, each description."""
    modules = GROUPS[group]
    inputs = {one.key: drawn(one) for one in modules}
    seen = ask(FunctionRequest("equations_of_modules", (("group", group), ("inputs", inputs))))
    found = [Deviation(key, f"{key}: {way} gives something else") for key, way in seen.facts["unlike"]]
    told = dict(seen.facts["told"])
    for one in modules:
        found += [Deviation("told", f"{one.key}: {name}={value} is not told in {told[one.key]}")
                  for name, value in one.options.items() if name not in one.untold and str(value) not in told[one.key]]
        operands = {str(n): array.astype("float64") if one.drawn[n] != "classes" else array
                    for n, array in enumerate(inputs[one.key])}
        prefix = f"{one.key}/weights/"
        operands |= {name.removeprefix(prefix): a.astype("float64") for name, a in seen.arrays.items() if name.startswith(prefix)}
        due = answer(one, operands)
        found += compare(f"{one.key}/outputs", seen[f"{one.key}/outputs"], due, SLACK * max(1.0, np.abs(due).max()))
        for name, along, rise in slopes(one, operands):
            came = seen.arrays.get(f"{one.key}/gradients/{name}", np.zeros(along.shape))
            size = np.abs(along).sum() * max(1.0, np.abs(came).max())
            found += compare(f"{one.key}/gradients/{name}", np.array((came * along).sum()), np.array(rise), SLACK * size)
    return found
