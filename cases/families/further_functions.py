"""Functions of tensors that the other tables do not call, and options of theirs that these do not name: each gives what NumPy
gives, and tells its shape and dtype beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.families.base import statement
from cases.families.corners_of_functions import entropies_of_logits
from cases.families.functions_of_tensors import asked
from cases.function_calls import FEATURES, GAPS, IDS, SHARES, STEPS, Call, M, N, S, X, Z, shares
from cases.requests import Deviation

POSITIVE = (0.25 + np.abs(X)).astype("float32")
SMALL = (X / 2.5).astype("float32")
"""Numbers between minus one and one."""
NATURAL = np.abs(N) + 1
ROW = X[0, :, 0]
WAYS: tuple[dict[str, Any], ...] = ({"axis": -1}, {"axis": (0, -1), "keepdims": True})


def calls(names: str, *arguments: Any, told: bool = True, **options: Any) -> list[Call]:
    """A call of each function with these arguments."""
    return [Call(name, arguments, options, told=told) for name in names.split()]


def entropies(targets: np.ndarray, x: np.ndarray, from_logits: bool, axis: int = -1) -> np.ndarray:
    """By the number of the class."""
    x = np.log(shares(x, axis) if from_logits else x / x.sum(axis=axis, keepdims=True))
    return -np.take_along_axis(x, np.expand_dims(targets, axis), axis=axis).squeeze(axis)


PARTS = np.array([0.25, 0.75], "float32")
FURTHER: Mapping[str, list[Call]] = {
    "each_number": calls("absolute abs exp exp2 expm1 square sign signbit sin cos sinh cosh arctan arcsinh ceil floor trunc "
                         "negative cbrt deg2rad rad2deg fabs reciprocal isfinite logical_not", X, told=False)
    + calls("log log2 log10 log1p sqrt", POSITIVE, told=False) + calls("arcsin arccos arctanh tan", SMALL, told=False)
    + [Call("rsqrt", (POSITIVE,), {}, lambda x: 1 / np.sqrt(x)), Call("arccosh", (1 + POSITIVE,)), Call("copy", (X,))],
    "each_whole_number": calls("absolute square sign negative bitwise_not", N) + calls("logical_not", M),
    "each_gap": calls("isnan isinf isfinite isposinf isneginf", GAPS) + [
        Call("nan_to_num", (GAPS,), {"nan": 0.5, "posinf": 2.0, "neginf": -2.0})],
    "of_two": calls("power", POSITIVE, X) + calls("hypot fmax fmin arctan2 true_divide", X, -X[:, ::-1]) + calls(
        "greater less not_equal greater_equal less_equal logical_xor", N, N[:, :1]) + calls("fmod", X, 0.75)
    + calls("bitwise_and bitwise_or bitwise_xor", N, N[:, :1]) + calls("gcd lcm", NATURAL, NATURAL[:, :1])
    + calls("left_shift right_shift", NATURAL, 2) + calls("heaviside", Z, X)
    + calls("vdot", S[0], S[1]) + calls("kron", S, S[:2]),
    "joined_and_parted": calls("hstack vstack dstack", [X, -X]) + calls("append", X, -X, axis=1) + calls("append", X, S[0])
    + calls("hsplit vsplit", X, 2) + calls("array_split", X, 3, axis=1) + calls("flipud fliplr ravel", X)
    + calls("reshape", X, (-1, 2)) + calls("reshape", X, (2, -1)) + calls("split", X, [1, 2], axis=-1),
    "reduced": [Call(name, (X,), way) for name in "amax amin max min sum mean var std".split() for way in WAYS] + [
        Call(name, (M,), way) for name in ("all", "any") for way in WAYS] + calls("ptp", X, axis=-1)
    + calls("percentile", X, 25.0, axis=-1) + calls("quantile", X, 0.75, axis=(0, 1), keepdims=True)
    + calls("quantile", X, PARTS, axis=(0, 1), keepdims=True) + calls("percentile", X, 100 * PARTS, axis=(-1, 0))
    + calls("argmax argmin", X, axis=-1, keepdims=True) + [
        Call("logsumexp", (X,), {"axis": -2, "keepdims": True}, lambda x, **how: np.log(np.exp(x).sum(**how)))],
    "past_gaps_further": [Call(f"nan{name}", (GAPS[1:],), {"axis": -1}) for name in ("sum", "mean", "min", "max", "var", "std")]
    + calls("nanquantile", np.where(X > -0.5, X, np.nan), PARTS, axis=(-1, 0), keepdims=True),
    "running_further": calls("cumsum cumprod", N, axis=-1, dtype="float32") + calls("diff", X, n=2, axis=1)
    + calls("trapezoid", X, axis=1) + calls("trapezoid", X, dx=0.5),
    "matrices": calls("diag", S, k=1) + calls("diag", S[0], k=-1) + calls("diagonal trace", X, offset=1, axis1=1, axis2=2)
    + calls("tril triu", X, k=-1) + calls("rot90", X, axes=(1, 2)) + calls("vander", S[0], N=4) + calls("diagflat", S[0], k=1),
    "solved": [Call(name, (S + 3 * np.eye(3, dtype="float32"),), {}, getattr(np.linalg, name)) for name in ("inv", "det")]
    + [Call("solve", (S + 3 * np.eye(3, dtype="float32"), S), {}, np.linalg.solve),
       Call("cholesky", (S @ S.T + np.eye(3, dtype="float32"),), {}, np.linalg.cholesky)],
    "made": [Call(name, arguments, options, told=False) for name, arguments, options in (
        ("eye", (3,), {"M": 4, "k": 1}), ("tri", (3,), {"M": 4, "k": -1}), ("identity", (3,), {}), ("full", ((2, 3), 0.5), {}),
        ("zeros", ((2, 3),), {"dtype": "int32"}), ("ones", ((2, 3),), {}),
        ("linspace", (0.0, 1.0), {"num": 5, "endpoint": False}),
        ("linspace", (0.0, 1.0), {"num": 5}), ("logspace", (0.0, 1.0), {"num": 4}), ("hanning", (5,), {}), ("hamming", (5,), {}),
        ("blackman", (5,), {}), ("bartlett", (5,), {}), ("arange", (1, 7, 2), {"dtype": "float32"}))],
    "like_others": calls("ones_like zeros_like", X, dtype="int32") + calls("full_like", X, 0.5)
    + [Call("cast", (X, "int32"), {}, lambda x, kind: np.trunc(x).astype(kind)),
       Call("cast", (M, "float32"), {}, lambda x, kind: x * 1.0),
       Call("broadcast_to", (S[0], (2, 3)))],
    "found": calls("isclose", GAPS, GAPS, equal_nan=True) + calls("isclose", X, X + 0.01, atol=0.02) + calls(
        "isin", N, np.array([1, 2, 3], "int32"), invert=True) + calls("round", X, decimals=1) + [
        Call("digitize", (X, np.array([-0.5, 0.0, 1.0], "float32"))), Call("argsort", (X,), {"axis": -2})]
    + calls("correlate", ROW, ROW[::-1].copy(), mode="full") + calls("correlate", ROW, ROW[:3], mode="same"),
    "by_options": [
        Call("softmax", (X,), {"axis": -2}, shares),
        Call("log_softmax", (X,), {"axis": -2}, lambda x, axis: np.log(shares(x, axis))),
        Call("multi_hot", (IDS, 5), {"dtype": "int32"},
             lambda ids, n, dtype: (ids[..., None] == np.arange(n)).any(axis=1).astype(dtype)),
        Call("moments", (X, (0, 1)), {"keepdims": True},
             lambda x, over, keepdims: [x.mean(over, keepdims=True), x.var(over, keepdims=True)]),
        Call("normalize", (X,), {"axis": -2, "order": 1}, lambda x, axis, order: x / np.abs(x).sum(axis=axis, keepdims=True)),
        Call("binary_crossentropy", (M.astype("float32"), X), {"from_logits": True}, entropies_of_logits),
        Call("categorical_crossentropy", (SHARES, X), {"from_logits": True, "axis": -2},
             lambda t, x, from_logits, axis: -(t * np.log(shares(x, axis))).sum(axis=axis), told=False),
        Call("sparse_categorical_crossentropy", (IDS % FEATURES, X), {"from_logits": True}, entropies, told=False),
        Call("sparse_categorical_crossentropy", (IDS[:, :FEATURES] % STEPS, SHARES), {"from_logits": False, "axis": 1},
             entropies, told=False),
        Call("layer_normalization", (X, S[0], S[1]), {"epsilon": 1e-3}, lambda x, scale, offset, epsilon: scale * (
            x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon) + offset),
        Call("rms_normalization", (X, S[0]), {"epsilon": 1e-3}, lambda x, scale, epsilon: scale * x / np.sqrt(
            (x**2).mean(-1, keepdims=True) + epsilon)),
    ],
}
"""What is asked -> the calls."""


@statement("A function of tensors gives what NumPy's gives also where the tables of others do not call it: of each number, of "
           "two, over axes that are counted from the end, joined, parted, made, found; with the options that it documents.",
           {"group": tuple(FURTHER)}, strength=(1, 1, 1), sparing=0, source="Keras: ops; NumPy")
def further_functions_are_numpys(ask, group) -> list[Deviation]:
    return asked(ask, group, FURTHER[group])
