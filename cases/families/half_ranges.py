"""Half precision holds no number beyond 65504: what lies within is given, though a sum or a square on the way is beyond."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cases.families.attention import HEADS
from cases.families.attention import LAYERS as ATTENDING
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, VALID, FEATURES = 200, 200, 170, 3
"""As many rows as steps; of those that are masked the numbers are others."""


def standard(x: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    return (x - x.mean(axis=axis, keepdims=True)) / np.sqrt(x.var(axis=axis, keepdims=True) + 1e-3)


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).sum(axis=-1, keepdims=True))


LAYERS: Mapping[str, tuple[str, dict[str, Any], bool, Callable[[np.ndarray], np.ndarray]]] = {
    "mean": ("GlobalAveragePooling1D", {}, False, lambda x: x.mean(axis=1)),
    "mean_of_valid": ("GlobalAveragePooling1D", {}, True, lambda x: x[:, :VALID].mean(axis=1)),
    "mean_of_windows": ("AveragePooling1D", {"pool_size": STEPS}, False, lambda x: x.mean(axis=1, keepdims=True)),
    "layer": ("LayerNormalization", {}, False, lambda x: standard(x, 2)),
    "root": ("RMSNormalization", {"epsilon": 1e-3}, False, lambda x: x / np.sqrt((x**2).mean(axis=2, keepdims=True) + 1e-3)),
    "group": ("GroupNormalization", {"groups": 1}, False, lambda x: standard(x, (1, 2))),
    "unit": ("UnitNormalization", {}, False, unit),
    "batch": ("BatchNormalization", {}, False, lambda x: standard(x, (0, 1))),
    "batch_of_valid": ("BatchNormalization", {}, True, lambda x: (x - x[:, :VALID].mean(axis=(0, 1))) / np.sqrt(
        x[:, :VALID].var(axis=(0, 1)) + 1e-3)),
    "adapted": ("Normalization", {}, False, lambda x: (x - x.mean(axis=(0, 1))) / x.std(axis=(0, 1))),
    "loss": ("MeanAbsoluteError", {}, False, lambda x: x.mean()),
    "loss_of_valid": ("MeanAbsoluteError", {}, True, lambda x: x[:, :VALID].mean()),
}
"""Name -> Keras' layer, or loss, its options, whether its last steps are masked, and its equation; in training. What is adapted
is so to its inputs in float32, which are about zero, and wide; losses are of more steps than half precision counts, and small."""


@statement("In half precision a mean, or what is normalized, is what it is, in that precision, though the sum, the squares "
           "or the number of steps that it takes are beyond it.", {"name": tuple(LAYERS)}, strength=(1, 1, 1), sparing=5, eager=4,
           source="Keras: mixed_float16, GlobalAveragePooling1D, UnitNormalization, LayerNormalization")
def means_stay_in_range(ask, name) -> list[Deviation]:
    layer, options, masked, equation = LAYERS[name]
    random = generator("half ranges", name)
    many = name.startswith("loss")
    inputs = random.uniform(400.0, 500.0, (ROWS * (1 + many), STEPS, FEATURES))
    inputs[:, VALID:] -= 50.0 * masked
    inputs = 40.0 * (inputs - 450.0) if name == "adapted" else inputs / 1e4 if many else inputs
    inputs = inputs.astype("float16").astype("float64")
    seen = ask(FunctionRequest("half_range", (("layer", layer), ("options", options), ("inputs", inputs),
                                              ("valid", VALID if masked else STEPS))))
    due = equation(inputs)
    found = [Deviation(given, f"{given}: {layer} gives {seen[given].dtype}") for given in ("outputs", "of float32")
             if seen[given].dtype != np.float16]
    return found + compare("outputs", seen["outputs"].astype("float64"), due, 4 * unit_roundoff("float16") * np.abs(due).max())


@statement("A query that may read no value is answered with finite numbers, in every precision, beside others that may.",
           {"layer": ATTENDING, "dtype": ("float16", "float32", "bfloat16"), "causal": (False, True)},
           strength=(1, 2, 3), sparing=1,
           usual={"dtype": ("float16", "float32"), "layer": ("Attention", "AdditiveAttention", "MultiHeadAttention")},
           senseless=((("layer", "dtype"), lambda layer, dtype: layer in HEADS and dtype == "float16"),),
           source="Keras: Attention, 65504 as the largest number of float16")
def answers_of_nothing_are_finite(ask, layer, dtype, causal) -> list[Deviation]:
    """Those of heads are not asked in float16: on a CPU XLA has no product of it whose sums are in float32."""
    inputs = generator("answers of nothing").normal(size=(2, 3, 4))
    mask = np.array([[1, 1, 0], [0, 0, 0]], bool)
    seen = ask(FunctionRequest("attending_nothing", (("layer", layer), ("dtype", dtype), ("causal", causal), ("inputs", inputs),
                                                     ("mask", mask))))
    return [Deviation(name, f"{name}: {array[~np.isfinite(array)].size} of {array.size} numbers are not finite")
            for name, array in seen.arrays.items() if not np.isfinite(array).all()] if "outputs" in seen.arrays else [
        Deviation("outputs", "nothing came back")]


JUDGES = ("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "BinaryCrossentropy", "CosineSimilarity")
"""Of which Keras has a loss and a metric of one name."""


@statement("A loss, or a metric, of predictions in half precision is what it is of the same numbers in float32.",
           {"kind": ("losses", "metrics"), "dtype": ("float16", "bfloat16")}, strength=(1, 2, 2), sparing=1,
           usual={"dtype": ("float16",)}, source="Keras: Loss(dtype), Metric(dtype), whose default is float32")
def halves_are_judged_in_full(ask, kind, dtype) -> list[Deviation]:
    """Arrays: `half/NAME`, `full/NAME`, of shares, and of numbers whose squares are beyond float16 (`far/...`)."""
    random = generator("judged halves")
    shares = tuple(random.uniform(0.05, 0.95, (3, 4, 5)) for _ in range(2))
    far = tuple(random.uniform(-400.0, 400.0, (3, 4, 5)) for _ in range(2))
    seen = ask(FunctionRequest("judged_halves", (
        ("kind", kind), ("dtype", dtype), ("names", JUDGES), ("shares", shares), ("far", far), ("numbers", JUDGES[:1]))))
    full = {name.removeprefix("full/"): one for name, one in seen.arrays.items() if name.startswith("full/")}
    found = [] if len(full) == len(JUDGES) + 1 else [Deviation("full", f"{len(full)} were told")]
    return found + [d for name, one in full.items()
                    for d in compare(f"half/{name}", seen[f"half/{name}"], one, 16 * unit_roundoff("float32") * np.abs(one))]
