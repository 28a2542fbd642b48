"""Functions of tensors that are rarer, and of rarer shapes and numbers: each gives what NumPy gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.families.base import statement
from cases.families.functions_of_tensors import asked
from cases.function_calls import FEATURES, IDS, ROWS, STEPS, Call, M, N, S, X, attended, one_hot
from cases.requests import Deviation


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sqrt(((x[:, None] - y[None].astype("float64")) ** 2).sum(axis=-1))


def spread(x: np.ndarray, taps: np.ndarray, strides: int = 2, **_: Any) -> np.ndarray:
    """The depthwise convolution of (rows, steps, features) by two taps, two steps apart: behind the last step are zeros."""
    later = np.concatenate([x[:, 2:], np.zeros_like(x[:, :2])], axis=1)
    return (x * taps[0, :, 0] + later * taps[1, :, 0])[:, ::strides]


TAPS = S[:2, :, None]
WIDE = {"strides": 2, "dilation_rate": 2}
SHORT = np.full((ROWS, STEPS), 100, "int8")
SQUARE = X[:, :FEATURES]
PLACES = np.array([[5, 7], [3, 11]], "int32")
ENDLESS = np.where(X > 0, np.inf, X)
HEADS = np.stack([X, X[:, ::-1]], axis=2)
READ = (M[:, None, :, :1].swapaxes(2, 3) | np.eye(STEPS, dtype=bool)).repeat(2, axis=1)
"""(rows, heads, queries, values): every query may read itself, and the values that are no padding."""
CORNERS: Mapping[str, list[Call]] = {
    "attended": [Call("dot_product_attention", (HEADS, HEADS[::-1], -HEADS), {"mask": READ, "is_causal": True}, attended,
                      told=False),
                 Call("dot_product_attention", (HEADS[:, 1:], HEADS[::-1], -HEADS),
                      {"mask": READ[:, :, :-1], "is_causal": True}, attended, told=False),
                 Call("dot_product_attention", (np.concatenate([HEADS, 1 - HEADS], axis=2), HEADS[::-1], -HEADS),
                      {"mask": READ[:, :1], "is_causal": False}, attended, told=False)],
    "of_two_kinds": [Call(name, ((X.astype("float16"), X), 1), told=False) for name in ("concatenate", "stack")] + [
        Call("where", (M, X.astype("float16"), 2 * X), told=False), Call("maximum", (N, X), told=False),
        Call("concatenate", ((N, X), 2), told=False)],
    "over_all_axes": [Call("softmax", (X,), {"axis": None}, lambda x, axis: np.exp(x) / np.exp(x).sum(), told=False),
                      Call("log_softmax", (X,), {"axis": None}, lambda x, axis: x - np.log(np.exp(x).sum()), told=False)],
    "added_by_steps": [Call("add", (SQUARE, SQUARE[:1, :, :1])), Call("add", (SQUARE, SQUARE[0, :, :1]), told=False)],
    "places": [Call("unravel_index", (PLACES, (ROWS * 2, FEATURES)), told=False)],
    "close": [Call("isclose", (ENDLESS, np.where(M, ENDLESS, -ENDLESS)), told=False)],
    "searched": [Call("searchsorted", (np.sort(X[0, :, 0]), X[1]), told=False)],
    "apart": [Call("cdist", (N[0], N[1]), {}, distances, told=False)],
    "whole_quotients": [Call("floor_divide", (np.array([4.2, -4.2, 7.0], "float32"), np.array([1.4, 1.4, -2.0], "float32")),
                             told=False)],
    "among_the_best_of_steps": [Call("in_top_k", (IDS[:, :3] % FEATURES, X[:, :3], 2), {}, lambda best, x, k: (
        np.argsort(np.argsort(-x, axis=-1), axis=-1) < k)[*np.indices(best.shape), best], told=False)],
    "hot_truths": [Call("one_hot", (IDS, 5), {"dtype": "bool"}, lambda ids, n, dtype: one_hot(ids, n) > 0, told=False)],
    "sums_of_short": [Call("sum", (SHORT,), {"axis": 1}, told=False), Call("arange", (0, 3, 0.5), told=False)],
    "from_the_end": [Call("flip", (X,), {"axis": (0, -1)}, told=False),
                     Call("take", (X, np.array([0, -1, 1], "int32")), {"axis": 1}, told=False),
                     Call("take_along_axis", (X, np.array([[[-1]], [[2]]], "int32")), {"axis": 1}, told=False)],
    "spread": [Call("depthwise_conv", (X, TAPS), {**WIDE, "padding": "same"}, spread, told=False),
               Call("depthwise_conv", (X.swapaxes(1, 2), TAPS), {"dilation_rate": 2, "data_format": "channels_first"},
                    lambda x, taps, **_: spread(x.swapaxes(1, 2), taps, 1)[:, :2].swapaxes(1, 2), told=False)],
    "attended_in_groups": [Call("dot_product_attention", (np.concatenate([HEADS, -HEADS], axis=2), HEADS, HEADS[::-1]), {},
                                lambda q, k, v: attended(q, k, v, True, False), told=False)],
    "attended_in_halves": [Call("dot_product_attention", (HEADS.astype("float16"), HEADS, -HEADS), {},
                                lambda q, k, v: attended(q, k, v, True, False), told=False)],
}
"""What is asked -> the calls. They are cheap where calls are not compiled."""


@statement("A function of tensors gives what NumPy's gives in its corners, too: columns added where sizes coincide, places in "
           "several axes, infinite numbers, distances of whole ones, quotients near a whole one, two "
           "kinds of numbers in one, shares of all.", {"group": tuple(CORNERS)},
           sparing=0, eager=len(CORNERS), source="Keras: ops; NumPy")
def corners_of_functions_are_numpys(ask, group) -> list[Deviation]:
    return asked(ask, group, CORNERS[group])
