"""Activations with their options, and layers that bend, pool, cut, pad and turn sequences: each is its equation, and tells the
shape that comes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import ndtr

from cases.batches import draw_values
from cases.families.base import equal, refused, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

SLACK = 256 * unit_roundoff("float32")
KEPT = np.random.default_rng(2).random((3, 4, 5)) < 0.5
KEPT[0, 1] = KEPT[1, :, 2] = KEPT[2] = False
"""The mask of what is shared: of some features, steps and rows nothing is."""
WIDE = 4.0
"""How much farther from zero these numbers are than others: beyond every bend."""
OPEN = -1
"""An axis whose size is left open."""


def powers(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


def shares(x: np.ndarray, axis: int | tuple[int, ...] = -1) -> np.ndarray:
    """Of what `KEPT` keeps; nothing of nothing."""
    parts = np.exp(np.where(KEPT, x, 0.0)) * KEPT
    total = parts.sum(axis=axis, keepdims=True)
    return parts / np.where(total, total, 1.0)


def bent(slope: float = 0.0, most: float = np.inf, threshold: float = 0.0) -> Callable[[np.ndarray], np.ndarray]:
    """Keras' relu: what is below the threshold counts by the slope, from there on; nothing is more than the most."""
    return lambda x: np.where(x >= most, most, np.where(x >= threshold, x, slope * (x - threshold)))


def gated(x: np.ndarray) -> np.ndarray:
    """The first half of the steps, by the sigmoid of the second half."""
    first, second = np.split(x, 2, axis=1)
    return first / (1 + np.exp(-second))


def by_tanh(x: np.ndarray) -> np.ndarray:
    """x times how much of the normal distribution is below it, about (Hendrycks and Gimpel 2016)."""
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def normed(x: np.ndarray) -> np.ndarray:
    """What keeps means and variances (Klambauer et al. 2017)."""
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))


def sparse_shares(x: np.ndarray) -> np.ndarray:
    """The point of the simplex that is nearest to each row (Martins and Astudillo 2016)."""
    ordered = -np.sort(-x, axis=-1)
    over = (ordered.cumsum(axis=-1) - 1) / np.arange(1, x.shape[-1] + 1)
    counted = (ordered > over).sum(axis=-1, keepdims=True)
    return np.maximum(x - np.take_along_axis(over, counted - 1, axis=-1), 0)


ACTIVATIONS: Mapping[str, tuple[str, dict[str, Any], Callable[[np.ndarray], np.ndarray]]] = {
    "relu": ("relu", {}, bent()), "relu_bent": ("relu", {"negative_slope": 0.25}, bent(0.25)),
    "relu_late": ("relu", {"negative_slope": 0.25, "threshold": 0.5}, bent(0.25, threshold=0.5)),
    "relu_full": ("relu", {"negative_slope": 0.25, "threshold": 0.25, "max_value": 0.75}, bent(0.25, 0.75, 0.25)),
    "relu_capped": ("relu", {"negative_slope": 0.5, "max_value": 0.75}, bent(0.5, 0.75)),
    "leaky_relu": ("leaky_relu", {"negative_slope": 0.125}, bent(0.125)), "tanh": ("tanh", {}, np.tanh),
    "sigmoid": ("sigmoid", {}, lambda x: 1 / (1 + np.exp(-x))),
    "hard_sigmoid": ("hard_sigmoid", {}, lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    "elu": ("elu", {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    "softplus": ("softplus", {}, lambda x: np.log1p(np.exp(x))), "softsign": ("softsign", {}, lambda x: x / (1 + np.abs(x))),
    "silu": ("silu", {}, lambda x: x / (1 + np.exp(-x))), "exponential": ("exponential", {}, np.exp),
    "relu6": ("relu6", {}, bent(most=6.0)), "gelu": ("gelu", {}, lambda x: x * ndtr(x)),
    "gelu_by_tanh": ("gelu", {"approximate": True}, by_tanh), "selu": ("selu", {}, normed),
    "celu": ("celu", {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x / 0.5))), "glu": ("glu", {"axis": 1}, gated),
    "hard_silu": ("hard_silu", {}, lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    "hard_tanh": ("hard_tanh", {}, lambda x: np.clip(x, -1, 1)), "tanh_shrink": ("tanh_shrink", {}, lambda x: x - np.tanh(x)),
    "soft_shrink": ("soft_shrink", {"threshold": 0.75}, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.75, 0)),
    "hard_shrink": ("hard_shrink", {"threshold": 0.75}, lambda x: np.where(np.abs(x) > 0.75, x, 0)),
    "threshold": ("threshold", {"threshold": 0.25, "default_value": -2.0}, lambda x: np.where(x > 0.25, x, -2)),
    "sparse_plus": ("sparse_plus", {}, lambda x: np.where(x > 1, x, np.maximum(x + 1, 0) ** 2 / 4)),
    "sparse_sigmoid": ("sparse_sigmoid", {}, lambda x: np.clip((x + 1) / 2, 0, 1)),
    "sparsemax": ("sparsemax", {}, sparse_shares), "squareplus": ("squareplus", {"b": 3}, lambda x: (x + np.sqrt(x**2 + 3)) / 2),
    "log_sigmoid": ("log_sigmoid", {}, lambda x: -np.log1p(np.exp(-x))),
    "mish": ("mish", {}, lambda x: x * np.tanh(np.log1p(np.exp(x)))), "linear": ("linear", {}, lambda x: x),
    "softmax": ("softmax", {}, powers), "softmax_of_steps": ("softmax", {"axis": 1},
                                                              lambda x: powers(x.swapaxes(1, 2)).swapaxes(1, 2)),
    "log_softmax": ("log_softmax", {}, lambda x: np.log(powers(x))),
    "softmax_of_some": ("Softmax", {}, shares), "softmax_of_some_steps": ("Softmax", {"axis": 1}, lambda x: shares(x, 1)),
    "softmax_of_some_parts": ("Softmax", {"axis": (1, 2)}, lambda x: shares(x, (1, 2))),
}
"""Name -> Keras' function, or layer, which is given a mask; options, equation."""
KINKS = (0.25, 0.5, 0.75, -0.75, 1.0, -1.0, 3.0, -3.0)
"""Where one of them turns from one rule to another."""
BY_NUMBERS = ("softmax_of_some_steps",)
"""Those whose mask is of numbers: what is above a half is kept."""
RESHAPED: Mapping[str, tuple[str, dict[str, Any], Callable[[np.ndarray], np.ndarray]]] = {
    "cropped": ("Cropping1D", {"cropping": (1, 2)}, lambda x: x[:, 1:-2]),
    "cropped_at_the_end": ("Cropping1D", {"cropping": (0, 2)}, lambda x: x[:, :-2]),
    "cropped_at_the_start": ("Cropping1D", {"cropping": (2, 0)}, lambda x: x[:, 2:]),
    "padded": ("ZeroPadding1D", {"padding": (2, 1)}, lambda x: np.pad(x, ((0, 0), (2, 1), (0, 0)))),
    "padded_features": ("ZeroPadding1D", {"padding": (2, 1), "data_format": "channels_first"},
                        lambda x: np.pad(x, ((0, 0), (0, 0), (2, 1)))),
    "repeated": ("UpSampling1D", {"size": 3}, lambda x: np.repeat(x, 3, axis=1)),
    "turned": ("Permute", {"dims": (2, 1)}, lambda x: x.swapaxes(1, 2)),
    "in_pairs": ("Reshape", {"target_shape": (-1, 2)}, lambda x: x.reshape(len(x), -1, 2)),
    "flat": ("Flatten", {}, lambda x: x.reshape(len(x), -1)),
    "flat_by_features": ("Flatten", {"data_format": "channels_first"}, lambda x: x.swapaxes(1, 2).reshape(len(x), -1)),
}
EACH, STEPS = (-1.5, 0.25, 0.75, 2.0), np.arange(6.0)[:, None] / 4
"""A number for each feature; one for each step (steps, 1)."""
MATRIX = np.random.default_rng(3).uniform(-1, 1, (4, 2))
OFFSETS = np.linspace(-1.0, 1.0, 12).reshape(6, 2)
"""A number for each step and result (steps, 2)."""
WEIGHTS = {"sloped": (np.array([[0.375]]),), "einsum_by_steps": (MATRIX, OFFSETS),
           "sloped_by_features": (np.array([EACH]),), "sloped_by_steps": (STEPS,),
           "einsum_over_steps": (OFFSETS, MATRIX[:2, :1]),
           **{name: (MATRIX, MATRIX[0]) for name in ("dense", "einsum", "einsum_of_features")}}
"""The weights of layers that have some."""


def sloped(x: np.ndarray) -> np.ndarray:
    """Each feature below zero by its own slope."""
    return np.where(x > 0, x, np.array(EACH) * x)


STANDING: Mapping[str, tuple[str, dict[str, Any], Callable[[np.ndarray], np.ndarray]]] = {
    "bent": ("ReLU", {"negative_slope": 0.25, "max_value": 0.75, "threshold": 0.25}, bent(0.25, 0.75, 0.25)),
    "bent_late": ("ReLU", {"threshold": 0.5}, bent(threshold=0.5)),
    "leaking": ("LeakyReLU", {"negative_slope": 0.125}, bent(0.125)),
    "bent_by_powers": ("ELU", {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    "sloped_by_features": ("PReLU", {"shared_axes": (1,)}, sloped),
    "sloped_by_steps": ("PReLU", {"shared_axes": (2,)}, lambda x: np.where(x > 0, x, STEPS * x)),
    "sloped": ("PReLU", {"shared_axes": (1, 2)}, lambda x: np.where(x > 0, x, 0.375 * x)),
    "shared_by_both": ("Softmax", {"axis": (1, 2)}, lambda x: powers(x.reshape(len(x), -1)).reshape(x.shape)),
    "shared": ("Softmax", {}, powers), "shared_by_steps": ("Softmax", {"axis": 1},
                                                           lambda x: powers(x.swapaxes(1, 2)).swapaxes(1, 2)),
    "named": ("Activation", {"activation": "softplus"}, lambda x: np.log1p(np.exp(x))),
    "dense": ("Dense", {"units": 2, "activation": "tanh"}, lambda x: np.tanh(x @ MATRIX + MATRIX[0])),
    "einsum": ("EinsumDense", {"equation": "btf,fg->btg", "output_shape": (None, 2), "bias_axes": "g", "activation": "tanh"},
               lambda x: np.tanh(x @ MATRIX + MATRIX[0])),
    "einsum_by_steps": ("EinsumDense", {"equation": "btf,fg->btg", "output_shape": (6, 2), "bias_axes": "tg"},
                        lambda x: x @ MATRIX + OFFSETS),
    "einsum_over_steps": ("EinsumDense", {"equation": "bt...,tu->bu...", "output_shape": 2, "bias_axes": "u"},
                          lambda x: np.einsum("btf,tu->buf", x, OFFSETS) + MATRIX[:2, :1]),
    "einsum_of_features": ("EinsumDense", {"equation": "...f,fg->...g", "output_shape": 2, "bias_axes": "g"},
                           lambda x: x @ MATRIX + MATRIX[0]),
    "scaled": ("Rescaling", {"scale": 0.5, "offset": list(EACH)}, lambda x: x / 2 + EACH),
    "moved": ("Normalization", {"axis": -1, "mean": list(EACH), "variance": [0.25, 1.0, 2.25, 4.0]},
              lambda x: (x - EACH) / (0.5, 1.0, 1.5, 2.0)),
    "moved_back": ("Normalization", {"axis": -1, "mean": list(EACH), "variance": [0.25, 1.0, 2.25, 4.0], "invert": True},
                   lambda x: x * (0.5, 1.0, 1.5, 2.0) + EACH),
    "moved_as_one": ("Normalization", {"axis": None, "mean": 0.5, "variance": 2.25}, lambda x: (x - 0.5) / 1.5),
    "moved_by_steps": ("Normalization", {"axis": (1,), "mean": STEPS[:, 0].tolist(), "variance": 6 * [0.25]},
                       lambda x: (x - STEPS) / 0.5),
    "moved_by_both": ("Normalization", {"axis": (1, 2), "mean": (STEPS + EACH).tolist(), "variance": 6 * [4 * [0.25]]},
                      lambda x: (x - STEPS - EACH) / 0.5),
    "of_unit_length": ("UnitNormalization", {"axis": 1}, lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)),
    "greatest_of_three": ("MaxPooling1D", {"pool_size": 3, "strides": 1, "padding": "same"},
                          lambda x: np.stack([x[:, max(0, t - 1):t + 2].max(axis=1) for t in range(x.shape[1])], axis=1)),
    "mean_of_three": ("AveragePooling1D", {"pool_size": 3, "strides": 1, "padding": "same"},
                      lambda x: np.stack([x[:, max(0, t - 1):t + 2].mean(axis=1) for t in range(x.shape[1])], axis=1)),
    "means_of_parts": ("AdaptiveAveragePooling1D", {"output_size": 3}, lambda x: x.reshape(len(x), 3, 2, -1).mean(axis=2)),
    "greatest_of_parts": ("AdaptiveMaxPooling1D", {"output_size": 2}, lambda x: x.reshape(len(x), 2, 3, -1).max(axis=2)),
    "greatest": ("GlobalMaxPooling1D", {"keepdims": True}, lambda x: x.max(axis=1, keepdims=True)),
    "means": ("GlobalAveragePooling1D", {"keepdims": True}, lambda x: x.mean(axis=1, keepdims=True)),
}
"""Name -> Keras' layer, its options, its equation."""
SHAPES = {"distinct": (3, 6, 4), "square": (4, 6, 4), "single": (1, 6, 4)}


@statement("An activation is its equation, with each of its options; of what a mask leaves nothing it gives nothing, and what is "
           "masked is not read; what it is given stays as it was.",
           {"name": tuple(ACTIVATIONS)}, sparing=28, eager=11, dear={"name": ("softmax_of_some_parts",)},
           source="Keras: activations")
def activations_are_equations(ask, name):
    function, options, equation = ACTIVATIONS[name]
    inputs = WIDE * draw_values(generator("activations"), KEPT.shape)
    if not options.get("threshold") or function != "relu":  # which is documented, and computed, in two ways just there
        inputs[0].flat[: len(KINKS)] = KINKS
    masked = function[0].isupper()
    inputs = np.where(KEPT, inputs, np.nan) if masked else inputs
    due = equation(inputs)
    given = (("name", name), ("function", function), ("options", options), ("inputs", inputs),
             ("mask", None if not masked else np.where(KEPT, 0.75, 0.25).astype("float32") if name in BY_NUMBERS else KEPT))
    seen = ask(FunctionRequest("activation", given))
    found = equal("given", seen["given"], inputs.astype("float32"), "after the call")
    return found + compare("outputs", seen["outputs"], due, SLACK * np.maximum(1.0, np.abs(due)))


WRONG = {"more_axes": np.stack([KEPT, KEPT]), "fewer_features": KEPT[..., :-1]}
"""Masks that do not fit what is given."""


@statement("Softmax refuses a mask that has more axes than what it reads, or other lengths.", {"mask": tuple(WRONG)},
           strength=(1, 1, 1), sparing=1, source="Keras: layers.Softmax, mask")
def masks_that_do_not_fit_are_refused(ask, mask) -> list[Deviation]:
    inputs = WIDE * draw_values(generator("activations"), KEPT.shape)
    given = (("name", "softmax"), ("function", "Softmax"), ("options", {}), ("inputs", inputs), ("mask", WRONG[mask]))
    return refused(ask, FunctionRequest("activation", given), lambda seen: Deviation(
        "mask", f"a mask {WRONG[mask].shape} was taken, and {seen['outputs'].shape} came of {inputs.shape}"))


@statement("A layer that cuts, pads, repeats, turns or flattens sequences gives what it says, of any batch, called at once or in "
           "a model, and tells the shape that comes; an axis that is open stays so; of whole numbers it tells the dtype that "
           "comes.",
           {"name": tuple(RESHAPED), "of": tuple(SHAPES), "time": ("known", "open")}, strength=(1, 2, 2), sparing=2,
           usual={"of": ("square", "single")},
           source="Keras: Cropping1D, ZeroPadding1D, UpSampling1D, Permute, Reshape, Flatten")
def sequences_are_reshaped(ask, name, of, time):
    layer, options, equation = RESHAPED[name]
    inputs = draw_values(generator("reshaped"), SHAPES[of])
    due = equation(inputs).astype("float32")
    seen = ask(FunctionRequest("reshaped", (("name", name), ("layer", layer), ("options", options), ("inputs", inputs),
                                            ("open", time == "open"))))
    found = [d for way in ("called", "predicted") for d in equal(way, seen[way], due)]
    told = tuple(int(size) for size in seen["told"])
    if len(told) != due.ndim or any(a not in (b, OPEN) or (a == OPEN and n and time == "known")
                                    for n, (a, b) in enumerate(zip(told, due.shape, strict=True))):
        found.append(Deviation("told", f"told beforehand: {told}, and {due.shape} came"))
    before, came = seen.facts["dtypes"]
    if of == "single" and before != came:  # it is the same of any batch
        found.append(Deviation("dtype", f"dtype of whole numbers: {before} is told beforehand, and {came} came"))
    return found


@statement("Layers that bend, share, sum, scale or pool numbers are their equations with each of their options, called at "
           "once, in a model, and in one that is made of its configuration.", sparing=0, eager=1,
           source="Keras: ReLU, LeakyReLU, ELU, PReLU, Softmax, Rescaling, Normalization, UnitNormalization, pooling")
def layers_that_stand_alone_are_equations(ask) -> list[Deviation]:
    inputs, found = draw_values(generator("layers alone"), SHAPES["distinct"]), []
    asked = tuple((name, layer, options, WEIGHTS.get(name, ())) for name, (layer, options, _) in STANDING.items())
    seen = ask(FunctionRequest("standing", (("layers", asked), ("inputs", inputs))))
    for name, (layer, _, equation) in STANDING.items():
        due = equation(inputs)
        for way in ("called", "in_a_model", "made_again"):
            found += compare(f"{layer}/{name}/{way}", seen[f"{name}/{way}"], due, SLACK * np.maximum(1.0, np.abs(due)))
    return found
