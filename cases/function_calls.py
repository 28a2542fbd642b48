"""Calls of functions of tensors, of which cells, losses and layers of one's own are made, and what NumPy gives for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases.layers import generator

ROWS, STEPS, FEATURES = 2, 4, 3


@dataclass(frozen=True)
class Call:
    """One call: the function and its arguments.

    due     what must come: of the same arguments; NumPy's function of that name where it is left out
    read    what of the results is compared
    told    whether shape and dtype can be told beforehand
    arrays  whether it is given NumPy's arrays, not tensors
    """

    function: str
    arguments: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    due: Callable[..., Any] | None = None
    read: Callable[[np.ndarray], np.ndarray] = np.asarray
    told: bool = True
    arrays: bool = False

    def expected(self) -> list[np.ndarray]:
        """The results, in float64 where they are numbers with a fraction."""
        wide = [a.astype("float64") if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in self.arguments]
        due = (self.due or getattr(np, self.function))(*wide, **self.options)
        return [self.read(np.asarray(one)) for one in (due if isinstance(due, (list, tuple)) else [due])]


def drawn() -> tuple[np.ndarray, ...]:
    """Numbers, whole numbers with zeros and negative ones among them, and a mask, (rows, steps, features)."""
    random, shape = generator("functions of tensors"), (ROWS, STEPS, FEATURES)
    numbers = random.uniform(-2, 2, shape).astype("float32")
    whole = random.permutation(np.arange(-8, 16))[: numbers.size].reshape(shape).astype("int32")
    mask = random.random(shape) < 0.6
    mask[0, 0], mask[:, 1] = True, False
    return numbers, whole, mask


NUMBERS, WHOLE, MASK = drawn()
SHARES = (0.125 + np.abs(NUMBERS) / 3).astype("float32")
"""Numbers between zero and one."""
GAPS = np.where(MASK, NUMBERS, np.nan).astype("float32")
GAPS[:, 1, 0], GAPS[0, 0, 0], GAPS[1, 2] = 0.5, np.inf, NUMBERS[1, 2]
"""Numbers, some of which are none, and one of which is infinite."""
KERNEL = generator("functions of tensors", "kernel").uniform(-2, 2, (3, 5, FEATURES)).astype("float32")
QUARTERS = (np.round(4 * NUMBERS) / 4).astype("float16")
IDS = np.array([[0, 2, 1, 4], [3, 0, 0, 1]], "int32")
X, N, M = NUMBERS, WHOLE, MASK
S = X[0, :3]
LAST = np.full((ROWS, 1), FEATURES - 1, "int32")
"""The number of the last class, in a column."""
BEST = (X[0].argmax(axis=1) + [0, 1, FEATURES, -FEATURES]).astype("int32")
"""The greatest of each step's features, another one, and two that there are not: beyond the last, and before the first."""


Z = np.where(np.arange(STEPS)[:, None] == 1, 0.0, X).astype("float32")
"""Numbers, one step of which is nothing but zeros."""
NOTHING, LEAST = np.where(np.arange(STEPS)[:, None] == 1, -np.inf, X).astype("float32"), 1e-30
"""Numbers, one step of which holds nothing but minus infinity, whose sum of powers is taken for this."""


def shares(x: np.ndarray, axis: Any = -1) -> np.ndarray:
    """The softmax: exponentials, as shares of their sum."""
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def one_hot(ids: np.ndarray, classes: int, axis: int = -1) -> np.ndarray:
    """Ones at the numbers of classes, zeros elsewhere; the classes along `axis`."""
    return np.moveaxis((ids[..., None] == np.arange(classes)).astype("float32"), -1, axis)


def summed(x: np.ndarray, places: np.ndarray, num_segments: int | None = None) -> np.ndarray:
    """The sums of the entries of each segment, by number; as many as are said, or as there are."""
    total = np.zeros((num_segments or places.max() + 1, *x.shape[1:]))
    np.add.at(total, places, x)
    return total


def logsumexp(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    """The logarithm of the sum of exponentials."""
    return np.log(np.exp(x.astype("float64")).sum(axis=axis, keepdims=keepdims))


def reductions(names: str, x: np.ndarray, *ways: dict[str, Any]) -> list[Call]:
    """A call of each function in each way."""
    return [Call(name, (x,), way) for name in names.split() for way in ways]


def attended(query: np.ndarray, key: np.ndarray, value: np.ndarray, mask: np.ndarray, is_causal: bool) -> np.ndarray:
    """Of (rows, steps, heads, features), each query's mean of the values that its mask, causal or not, allows it; a head of
    values may serve several heads of queries."""
    may = mask & (np.tri(query.shape[1], key.shape[1], dtype=bool) if is_causal else True)
    key, value = (one.repeat(query.shape[2] // one.shape[2], axis=2) for one in (key, value))
    powers = np.exp(np.einsum("bqhf,bkhf->bhqk", query, key) / np.sqrt(query.shape[-1])) * may
    return np.einsum("bhqk,bkhf->bqhf", powers / powers.sum(axis=-1, keepdims=True), value)


def widened(x: np.ndarray, kernel: np.ndarray, strides: int) -> np.ndarray:
    """The transposed convolution of (rows, steps, features) by a kernel (size, results, features): steps that lie `strides`
    apart, each spread by the kernel."""
    spread = np.zeros((len(x), (x.shape[1] - 1) * strides + len(kernel), kernel.shape[1]))
    for step in range(x.shape[1]):
        spread[:, step * strides:step * strides + len(kernel)] += np.einsum("bf,kgf->bkg", x[:, step], kernel)
    return spread


def convolved(x: np.ndarray, kernel: np.ndarray, strides: int) -> np.ndarray:
    """Of (rows, steps, features) by a kernel (size, features, results)."""
    return np.einsum("btfk,kfg->btg", windows(x, len(kernel), strides), kernel)


def windows(x: np.ndarray, size: int, strides: int) -> np.ndarray:
    """(rows, windows, features, size)."""
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=1)[:, ::strides]


def normed(x: np.ndarray, mean: np.ndarray, variance: np.ndarray, axis: int, **more: np.ndarray) -> np.ndarray:
    """Batch normalization of the last axis."""
    return (x - mean) / np.sqrt(variance + 1e-3) * more.get("scale", 1.0) + more.get("offset", 0.0)


def unit_lengths(x: np.ndarray, axis: int, order: int) -> np.ndarray:
    """Vectors along `axis`, by their norms."""
    return x / np.linalg.norm(x, order, axis, keepdims=True)


def named_entropies(classes: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Of shares (..., classes), by the number of the class, in a column."""
    return -np.log(np.take_along_axis(x, classes, axis=-1)[..., 0])


def averaged_windows(x: np.ndarray, size: int, strides: int, padding: str) -> np.ndarray:
    """Means of windows (rows, steps, features) around each step, of the steps that there are."""
    total, count = (np.apply_along_axis(np.convolve, 1, one, np.ones(size), padding) for one in (x, np.ones_like(x)))
    return (total / count)[:, ::strides]


def crossed_entropies(targets: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The binary cross-entropy of shares."""
    return -np.where(targets, np.log(x), np.log(1 - x))


def upwards(x: np.ndarray) -> np.ndarray:
    """Which way numbers went from `X`."""
    return np.sign(x.astype("float64") - X)


def endless(x: np.ndarray) -> np.ndarray:
    """Numbers, and 100 for infinity."""
    return np.where(np.isinf(x), 100 * np.sign(x), x)


def stepped(x: np.ndarray, low: Any, high: Any, num_bits: int, narrow_range: bool = False, axis: int = -1) -> np.ndarray:
    """Rounded to steps from the least to the greatest number, which are moved so that zero is one of them (Jacob et al. 2018)."""
    first, last = int(narrow_range), 2**num_bits - 1
    step = (np.asarray(high) - low) / (last - first)
    zero = np.round(np.clip(first - low / step, first, last))
    return (np.clip(np.floor(x / step + 0.5) + zero, first, last) - zero) * step


ENDS = np.array([1.0, 1.25, 1.5], "float32")
TWICE = np.concatenate([X, -X], axis=1)
"""Twice as many steps."""
GROUPS: Mapping[str, list[Call]] = {
    "sums": [
        *reductions("sum mean std", X, {}, {"axis": 1}, {"axis": (0, -1), "keepdims": True}),
        *reductions("prod var", X, {"axis": (1, 2)}), *reductions("sum mean all", M, {"axis": 1}),
        *reductions("all any", M, {"axis": (1, 2)}, {"keepdims": True}), *reductions("mean var", X, {"keepdims": True}),
        *reductions("sum prod", N, {"axis": -2}), *reductions("sum max", N, {"axis": (-1, -2)}),
        Call("logsumexp", (X,), {"axis": (0, 2), "keepdims": True}, logsumexp),
        Call("average", (X,), {"axis": -1, "weights": np.abs(X)}), Call("count_nonzero", (N[:, :, 0],), {"axis": 1}),
    ],
    "extremes": [
        *reductions("max min", X, {}, {"axis": (0, -1), "keepdims": True}, {"axis": -1, "initial": 0.5}),
        *reductions("argmax argmin", X, {"axis": 1}, {"axis": -1, "keepdims": True}), Call("argmax", (X,)),
        *reductions("max min", N, {"axis": 1}), Call("max", (M,), {"axis": 1}),
        Call("median", (X,), {"axis": (1, 2), "keepdims": True}),
        Call("clip", (X, -0.5, 1.0)), Call("maximum", (X, X[:, :1])),
        Call("minimum", (N, 0.5)),
    ],
    "orders": [
        Call("sort", (X,), {"axis": 1}), Call("sort", (X,), {"axis": None}),
        Call("argsort", (N,), {"axis": -2}), Call("flip", (X,), {"axis": 1}),
        Call("flip", (X,), {"axis": (0, -1)}), Call("roll", (X, 1), {"axis": 1}), Call("roll", (X, 2)),
        Call("roll", (X, (1, -1)), {"axis": (1, 2)}), Call("top_k", (X, 2), {}, lambda x, k: [
            -np.sort(-x, axis=-1)[..., :k], np.argsort(-x, axis=-1)[..., :k]]),
        Call("searchsorted", (np.sort(X[0, :, 0]), X[1, :, 0])),
        Call("digitize", (X, np.array([-1.0, 0.0, 1.0], "float32")), told=False), Call("diff", (X,), {"axis": 1}),
    ],
    "picked": [
        Call("take", (X, np.array([0, -1, 1], "int32")), {"axis": 1}), Call("take", (X, IDS[:, :2]), {"axis": -2}),
        Call("take", (X[0], np.array([-1, 0], "int32")), {"axis": 0}), Call("take", (X, np.array([5, 0], "int32")), {}),
        Call("take_along_axis", (X, np.array([[[-1, 0, 1]], [[2, 1, 0]]], "int32")), {"axis": 1}),
        Call("where", (M, X, 0.0)), Call("where", (M, N, 0.5)), Call("where", (M[:, :, :1], X, -X)),
        Call("one_hot", (IDS, 5), {}, one_hot), Call("one_hot", (IDS, 5), {"axis": 1}, one_hot),
        Call("one_hot", (IDS, 5), {"axis": 0}, one_hot),
        Call("slice", (X, (0, 1, 0), (2, 2, 3)), {}, lambda x, at, size: x[:2, 1:3, :3], told=False),
        Call("slice_update", (X, (0, 2, 0), -X[:, :2]), {}, lambda x, at, new: np.concatenate([x[:, :2], new], axis=1)),
        Call("scatter_update", (X[0], np.array([[0, 1], [3, 2]], "int32"), np.array([5.0, 6.0], "float32")), {},
             lambda x, at, new: np.where(summed(np.ones(2), np.array([1, 11]), 12).reshape(4, 3) > 0,
                                         summed(new, np.array([1, 11]), 12).reshape(4, 3), x)),
        Call("take_along_axis", (X, np.array([5, 1], "int32")), {"axis": None}),
        Call("trace", (X,), {"axis1": -2, "axis2": -1}),
        Call("scatter_update", (X[0], np.array([[0, 1]], "int32"), np.array([5], "int32")), {},
             lambda x, at, new: np.where(np.arange(12).reshape(4, 3) == 1, 5.0, x), told=False),
        Call("diagonal", (X,), {"axis1": 1, "axis2": 2}), Call("tril", (X,), {"k": -1}), Call("clip", (N, -2, 4)),
        Call("nan_to_num", (np.where(M, X, np.nan),)),
    ],
    "joined": [
        Call("concatenate", ([X, N],), {"axis": 1}), Call("concatenate", ([M, N],), {"axis": -1}),
        Call("stack", ([X, -X],), {"axis": -2}),
        Call("split", (X, [1, 3]), {"axis": 1}), Call("split", (X, [1]), {"axis": 0}),
        Call("split", (X, 2), {"axis": -2}), Call("tile", (X, (1, 2, 1))),
        Call("repeat", (X, 2), {"axis": 1}), Call("repeat", (X, np.array([2, 0, 1, 3], "int32")), {"axis": 1}, told=False),
        Call("pad", (X, ((0, 0), (2, 1), (0, 0))), {"constant_values": -1}), Call("pad", (M, ((0, 0), (1, 0), (0, 0)))),
        Call("pad", (X, ((0, 0), (2, 1), (0, 0))), {"mode": "reflect"}), Call("expand_dims", (X, (1, -1))),
        Call("squeeze", (X[:, :1],), {"axis": 1}), Call("transpose", (X, (0, 2, 1))), Call("swapaxes", (X, 1, -1)),
        Call("moveaxis", (X, 1, -1)), Call("broadcast_to", (X[:, :1], (ROWS, STEPS, FEATURES)), told=False),
        Call("unstack", (X,), {"axis": 1}, lambda x, axis: [x[:, t] for t in range(STEPS)]),
    ],
    "running": [
        Call("cumsum", (X,), {"axis": 1}), Call("cumsum", (M,), {"axis": -2}), Call("cumprod", (X,), {"axis": -1}),
        Call("cumsum", (N,)), Call("arange", (2.5,), told=False), Call("arange", (1, 3, 0.5), told=False),
        Call("logsumexp", (NOTHING,), {"axis": -1}, lambda x, axis: np.log(np.exp(x).sum(axis=axis, initial=LEAST)),
             read=lambda x: np.maximum(x, np.log(LEAST)), told=False),
        Call("softmax", (X,), {"axis": 1}, shares),
        Call("log_softmax", (X,), {"axis": -2}, lambda x, axis: np.log(shares(x, axis))),
        Call("segment_sum", (X[:, 0].T, np.array([1, 0, 1], "int32"), 4), {}, summed),
        Call("segment_max", (X[0], np.array([1, 0, 1, 0], "int32"), 2), {},
             lambda x, at, n: np.stack([np.maximum(x[1], x[3]), np.maximum(x[0], x[2])])),
        Call("bincount", (IDS[0],), {"minlength": 7}, told=False),
        Call("bincount", (IDS[0],), {"weights": X[0, :, 0]}, told=False),
        Call("moments", (X, (0, 1)), {}, lambda x, axes: [x.mean(axis=axes), x.var(axis=axes)]),
        Call("norm", (X,), {"axis": 1}, np.linalg.norm),
        Call("norm", (X,), {"axis": -1, "ord": 1, "keepdims": True}, np.linalg.norm),
    ],
    "products": [
        Call("matmul", (X, S)), Call("matmul", (M, S)), Call("matmul", (X, S[0])),
        Call("matmul", (S[0], X.swapaxes(1, 2))), Call("dot", (X, S)), Call("einsum", ("btf,bt->bf", X, X[:, :, 0])),
        Call("tensordot", (X, X), {"axes": ((0, 1), (0, 1))}), Call("outer", (X[0, 0], X[0, 1])),
        Call("cross", (X, -X[:, ::-1])), Call("multiply", (X, M)), Call("add", (N, X)), Call("subtract", (N, 0.5)),
        Call("divide", (N, 2)), Call("floor_divide", (X, 0.3)), Call("floor_divide", (N, 3)), Call("mod", (N, 3)),
        Call("mod", (X, 0.7)), Call("round", (np.array([0.5, 1.5, -0.5, 2.5], "float32"),)), Call("arctan2", (X, -X[:, ::-1])),
        Call("logaddexp", (X, 40 * X)), Call("logical_and", (M, ~M[:, :1])), Call("logical_or", (N, M)),
        Call("equal", (N, N[:, :1])),
        Call("divide_no_nan", (X, M.astype("float32")), {}, lambda x, y: np.where(y == 0, 0.0, x)),
    ],
    "counted": [Call("count_nonzero", (N,), {"axis": axis}) for axis in (1, -1)],
    "kept_axes": reductions("sum max min prod nanprod", X, {"keepdims": True}),
    "picked_of_all": [Call("take", (X, np.array([-1, -5], "int32"))),
                      Call("take_along_axis", (X, np.array([-1, -5], "int32")), {"axis": None})],
    "padded_alike": [Call("pad", (X, 1)), Call("pad", (X, ((1, 2),)))],
    "mirrored": [Call("pad", (X, ((0, 0), (2, 2), (0, 0))), {"mode": "symmetric"})],
    "stepped": [
        Call("quantizers.fake_quant_with_min_max_vars", (X, -1.5, 1.25), {"num_bits": 3, "narrow_range": True}, stepped),
        Call("quantizers.fake_quant_with_min_max_vars", (X, -ENDS[::-1], ENDS), {"num_bits": 4, "axis": -1}, stepped),
    ],
    "crossed": [Call("cross", (S, S[::-1]))],
    "with_a_number": [Call("max", (X,), {"axis": 1, "initial": 0.5}), Call("where", (M, N, X)),
                      Call("pad", (S, ((1, 0), (0, 2))), {"constant_values": 0.5})],
    "weighed_steps": [Call("average", (X[:, :3],), {"axis": 1, "weights": np.abs(X[:, :3])}),
                      Call("average", (X,), {"axis": 1, "weights": np.abs(X[0, :, 0])})],
    "segments_counted": [Call("segment_sum", (X[0], np.array([0, 2, 2, 0], "int32")), {}, summed, told=False)],
    "shared_over_axes": [Call("softmax", (X,), {"axis": (0, 2)}, shares),
                         Call("log_softmax", (X,), {"axis": (1, 2)}, lambda x, axis: np.log(shares(x, axis)))],
    "inner_products": [Call("inner", (X[:, 0], S))], "quantiles": [Call("quantile", (X, 0.25), {"axis": 1})],
    "among_the_best": [Call("in_top_k", (BEST, X[0], 1), {}, lambda best, x, k: np.array([
        0 <= b < len(row) and (row > row[b]).sum() < k for b, row in zip(best, x, strict=True)]), told=False)],
    "found_among": [Call("isin", (N, np.array([1, 2, 3, 7], "int32")))],
    "classes_counted": [Call("utils.to_categorical", (IDS,), {}, lambda ids: one_hot(ids, 5), told=False)],
    "classes_of_arrays": [
        *(Call("utils.to_categorical", (ids,), {"num_classes": 7}, lambda ids, num_classes: one_hot(
            ids.reshape(IDS.shape), num_classes), told=False, arrays=True) for ids in (IDS, IDS[..., None])),
        Call("utils.to_categorical", (IDS[0][:, None],), {}, lambda ids: one_hot(ids[:, 0], 5), told=False, arrays=True),
    ],
    "of_no_length": [Call("utils.normalize", (Z,), {"axis": -1, "order": 2}, lambda x, **options: np.where(
        Z == 0, 0, unit_lengths(np.where(Z == 0, 1, x), **options)), told=False, arrays=arrays) for arrays in (True, False)],
    "like_nothing": [Call("losses.cosine_similarity", (Z, X), {}, lambda x, y: -np.where(
        Z == 0, 0, unit_lengths(np.where(Z == 0, 1, x), -1, 2) * unit_lengths(y, -1, 2)).sum(axis=-1), told=False)],
    "of_length_one": [Call("utils.normalize", (S,), {"axis": axis, "order": order}, unit_lengths, told=False, arrays=True)
                      for axis, order in ((-1, 1), (0, 2))],
    "hot": [Call("multi_hot", (IDS, 5), {}, lambda ids, n: one_hot(ids, n).max(axis=1))],
    "hot_of_none": [Call("one_hot", (IDS - 1, 5), {}, one_hot)],
    "counted_back": [
        Call("sort", (X,), {"axis": -2}), Call("roll", (X, 1), {"axis": -2}), Call("diff", (X,), {"axis": -2}),
        Call("squeeze", (X[:, :1],), {"axis": -2}), Call("repeat", (X, 2), {"axis": -2}), Call("flip", (X,), {"axis": -2}),
        Call("unstack", (X,), {"axis": -2}, lambda x, axis: [x[:, t] for t in range(STEPS)]), Call("argmin", (X,), {"axis": -2}),
        Call("take_along_axis", (X, np.array([[[-1, 0, 1]], [[2, 1, 0]]], "int32")), {"axis": -2}),
        Call("repeat", (X, np.array([2, 0, 1, 3], "int32")), {"axis": -2}, told=False),
        Call("split", (X, [1, 3]), {"axis": -2}), Call("median", (X,), {"axis": (-1, -2), "keepdims": True}),
    ],
    "chosen_first": [Call("select", ([M, X > 0], [X, -X], 0.5))],
    "segments_joined": [
        Call("segment_prod", (X[0], np.array([1, 0, 1, 0], "int32"), 2), {},
             lambda x, at, n: np.stack([x[1] * x[3], x[0] * x[2]])),
        Call("segment_min", (X[0], np.array([1, 0, 1, 0], "int32"), 2), {},
             lambda x, at, n: np.stack([np.minimum(x[1], x[3]), np.minimum(x[0], x[2])])),
    ],
    "cut_in_windows": [Call("extract_sequences", (X.reshape(2, -1), 4, 3), {}, lambda x, size, stride: np.lib.stride_tricks.
                            sliding_window_view(x, size, axis=-1)[:, ::stride])],
    "hot_of_one": [Call("multi_hot", (IDS[0], 5), {}, lambda ids, n: one_hot(ids, n).max(axis=0), told=False)],
    "written_at": [Call("slice_update", (X, np.array([0, 2, 0], "int32"), -X[:, :2]), {}, lambda x, at, new: np.concatenate(
        [x[:, :2], new], axis=1), told=False)],
    "windowed_apart": [Call("separable_conv", (TWICE, KERNEL[:, :1].swapaxes(1, 2), KERNEL[:1].swapaxes(1, 2)), {"strides": 2},
                            lambda x, own, kernel, strides: np.einsum("btfk,kf,fg->btg", windows(x, len(own), strides),
                                                                      own[:, :, 0], kernel[0]))],
    "means_of_whole": [*reductions("mean var std", N, {"axis": 1}), *reductions("prod", M, {"axis": 1}, {}),
                       Call("average", (N,), {"axis": -1})],
    "shared_over_all": [Call("softmax", (X,), {"axis": None}, lambda x, axis: shares(x, (0, 1, 2))),
                        Call("log_softmax", (X,), {"axis": None}, lambda x, axis: np.log(shares(x, (0, 1, 2))))],
    "rolled": [Call("roll", (X, 1), {"axis": (1, 2)})], "correlated": [Call("correlate", (X[0, 0], X[0, 1]))],
    "running_past_gaps": [Call("nancumsum", (GAPS,), {"axis": 1}, read=endless),
                          Call("nancumprod", (GAPS,), {"axis": -1}, read=endless)],
    "past_gaps": [*reductions("nansum nanmean nanmax", GAPS[1:], {"axis": (0, 1), "keepdims": True}),
                  *reductions("nanmin nanvar", GAPS[1:], {"axis": 2})],
    "dotted": [Call("dot", (X, X.swapaxes(1, 2)))], "next": [Call("nextafter", (X, -X), {}, read=upwards)],
    "hot_elsewhere": [Call("one_hot", (IDS, 5), {"axis": -2}, one_hot)],
    "windowed": [
        Call("conv", (X, KERNEL.swapaxes(1, 2)), {"strides": 1}, convolved),
        Call("max_pool", (X, 2, 2), {}, lambda x, size, strides: windows(x, size, strides).max(axis=-1)),
        Call("average_pool", (X, 3, 1), {}, lambda x, size, strides: windows(x, size, strides).mean(axis=-1)),
        Call("depthwise_conv", (X, KERNEL[:, :1].swapaxes(1, 2)), {},
             lambda x, kernel: np.einsum("btfk,kf->btf", windows(x, len(kernel), 1), kernel[:, :, 0])),
    ],
    "widened": [Call("conv_transpose", (X, KERNEL, 2), {}, widened)],
    "normed": [Call("batch_normalization", (X, S[0], np.abs(S[1])), {"axis": -1, "scale": S[2], "offset": -S[0]}, normed)],
    "normed_unscaled": [Call("batch_normalization", (X, S[0], np.abs(S[1])), {"axis": -1, "offset": S[2]}, normed)],
    "entropies": [Call("binary_crossentropy", (M.astype("int32"), SHARES), {}, crossed_entropies)],
    "entropies_of_one": [Call("sparse_categorical_crossentropy", (LAST[:1], shares(X)[:1, 0]), {}, named_entropies, told=False)],
    "averaged_windows": [Call("average_pool", (X, 3, 1), {"padding": "same"}, averaged_windows),
                         Call("max_pool", (X, 3, 1), {}, lambda x, size, strides: windows(x, size, strides).max(axis=-1))],
    "drawn_once": [Call("random.categorical", (100 * S, 1), {"seed": 1}, lambda x, count, seed: x.argmax(axis=1)[:, None],
                        told=False)],
    "products_of_kinds": [Call("einsum", ("btf,bsf->bts", X, N))],
    "columns_added": [Call("add", (S, S[:, :1] - 2))],
    "one_of_another_kind": [Call(name, (QUARTERS, np.array(0.5, "float32"))) for name in ("add", "multiply")],
    "bent_whole": [Call("leaky_relu", (N,), {"negative_slope": 0.25}, lambda x, negative_slope: np.where(x > 0, x, x / 4)),
                   Call("hard_sigmoid", (N,), {}, lambda x: np.clip(x / 6 + 0.5, 0, 1))],
    "told": [
        Call("corrcoef", (X[0],)), Call("rot90", (X,), {"k": 2}), Call("bitwise_and", (N[:, :1], N)),
        Call("left_shift", (np.abs(N[:, :1]), np.abs(N[:, :, :1]))), Call("average", (X,), {"axis": (0, 2)}),
        Call("select", ([M, ~M], [N, X]), {}), Call("slogdet", (np.stack([S, S.T + np.eye(3, dtype="float32")]),), {},
             lambda x: list(np.linalg.slogdet(x))),
        Call("logsumexp", (X.astype("float64"),), {"axis": 1}, logsumexp),
        Call("categorical_crossentropy", (SHARES, SHARES), {"axis": 1},
             lambda t, x, axis: -(t * np.log(x / x.sum(axis=axis, keepdims=True))).sum(axis=axis)),
        Call("adaptive_average_pool", (X, 2), {}, lambda x, size: x.reshape(len(x), size, -1, FEATURES).mean(axis=2)),
        Call("polar", (np.abs(X[:, :, :1]), X), {}, lambda x, angle: x * np.exp(1j * angle), np.abs),
    ],
    "shuffled": [Call("random.shuffle", (X,), {"axis": axis, "seed": 1}, lambda x, axis, seed: x,
                      lambda x, axis=axis: np.sort(x, axis=axis), told=False) for axis in (1, -1, -2)],
}
"""What is asked -> the calls. The short ones are apart, for some stack is known to give something else."""
CHEAP = ("columns_added", "entropies_of_one", "averaged_windows", "drawn_once", "padded_alike", "segments_counted",
         "inner_products", "quantiles", "found_among", "among_the_best", "classes_counted", "hot",
         "shared_over_axes", "rolled", "hot_elsewhere", "next", "of_length_one", "weighed_steps",
         "with_a_number")
"""What frameworks that compile are asked."""
