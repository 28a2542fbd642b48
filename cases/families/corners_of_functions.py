"""Functions of tensors that are rarer, and of rarer shapes and numbers: each gives what NumPy gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.families.base import statement
from cases.families.functions_by_name import sparse_shares
from cases.families.functions_of_tensors import asked
from cases.function_calls import (
    FEATURES,
    GROUPS,
    IDS,
    KERNEL,
    QUARTERS,
    ROWS,
    STEPS,
    Call,
    M,
    N,
    S,
    X,
    attended,
    one_hot,
    widened,
    windows,
)
from cases.requests import Deviation


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sqrt(((x[:, None] - y[None].astype("float64")) ** 2).sum(axis=-1))


def spread(x: np.ndarray, taps: np.ndarray, strides: int = 2, **_: Any) -> np.ndarray:
    """The depthwise convolution of (rows, steps, features) by two taps, two steps apart: behind the last step are zeros."""
    later = np.concatenate([x[:, 2:], np.zeros_like(x[:, :2])], axis=1)
    return (x * taps[0, :, 0] + later * taps[1, :, 0])[:, ::strides]


def biased(query: np.ndarray, key: np.ndarray, value: np.ndarray, bias: np.ndarray, is_causal: bool, scale: float) -> np.ndarray:
    """Of (rows, steps, heads, features), with a bias (rows, heads, queries, values)."""
    may = np.tri(query.shape[1], key.shape[1], dtype=bool) if is_causal else True
    powers = np.exp(np.einsum("bqhf,bkhf->bhqk", query, key) * scale + bias) * may
    return np.einsum("bhqk,bkhf->bqhf", powers / powers.sum(axis=-1, keepdims=True), value)


def parted(kth: int, axis: int) -> Call:
    """Places of the least `kth` + 1 numbers, and behind them of the others: read as if both were in order."""
    def read(places: np.ndarray) -> np.ndarray:
        both = [np.take_along_axis(part, np.argsort(np.take_along_axis(X, part.astype(int), axis=axis), axis=axis), axis=axis)
                for part in np.split(places, [kth + 1], axis=axis)]
        return np.concatenate(both, axis=axis)

    return Call("argpartition", (X, kth), {"axis": axis}, read=read, told=False)


def waves(x: np.ndarray, size: int, stride: int, length: int, window: str, center: bool) -> list[np.ndarray]:
    """The short-time Fourier transform of signals (rows, time), by windows of one period in the middle of `length`."""
    shares = {"hann": 0.5, "hamming": 0.54}[window]
    taps = shares - (1 - shares) * np.cos(2 * np.pi * np.arange(size) / size)
    before = (length - size) // 2
    x = np.pad(x, ((0, 0), (length // 2, length // 2)), mode="reflect") if center else x
    found = np.fft.rfft(windows(x[..., None], length, stride)[:, :, 0] * np.pad(taps, (before, length - size - before)))
    return [found.real, found.imag]


def turned(size: int, stride: int, window: Any = None) -> Call:
    """Signals from the Fourier transforms of windows that change nothing; where these overlap, but for the ends."""
    found = np.fft.rfft(windows(SIGNAL[..., None], size, stride)[:, :, 0]).astype("complex64")
    ends = size - stride
    return Call("istft", ([found.real, found.imag], size, stride, size), {"window": window, "center": False},
                lambda *_, **__: SIGNAL, told=False,
                read=lambda x: np.pad(x[:, ends:x.shape[1] - ends], ((0, 0), (ends, ends))))


def level(x: np.ndarray, axis: int, middle: bool = True) -> np.ndarray:
    """Divided by the root of the mean square along an axis, as it is or from the mean."""
    x = x - x.mean(axis=axis, keepdims=True) * middle
    return x / np.sqrt((x**2).mean(axis=axis, keepdims=True) + 1e-3)


def ahead(how: Any) -> Any:
    """The function that pools windows of two, one apart, that begin at every place of (rows, ..., features): what there is of
    each."""
    def pooled(x: np.ndarray, *_: Any, **__: Any) -> np.ndarray:
        every = [x]
        for axis in range(1, x.ndim - 1):
            gap = np.full_like(x.take([0], axis), np.nan)
            every += [np.concatenate([one.take(range(1, x.shape[axis]), axis), gap], axis) for one in every]
        return how(every, axis=0)

    return pooled


def first(call: Call) -> Call:
    """The same call of windows, channels before steps."""
    def due(x: np.ndarray, *rest: Any, data_format: str, **options: Any) -> np.ndarray:
        return call.due(x.swapaxes(1, 2), *rest, **options).swapaxes(1, 2)

    turned_over = (call.arguments[0].swapaxes(1, 2), *call.arguments[1:])
    return Call(call.function, turned_over, {**call.options, "data_format": "channels_first"}, due, told=False)


def lengthened(x: np.ndarray, kernel: np.ndarray, strides: int, output_padding: int) -> np.ndarray:
    """A sequence that is widened, and steps of nothing behind it."""
    return np.pad(widened(x, kernel, strides), ((0, 0), (0, output_padding), (0, 0)))


def sparse_along_steps(x: np.ndarray, axis: int) -> np.ndarray:
    """The shares of the steps, which are the second axis."""
    return sparse_shares(x.swapaxes(1, 2)).swapaxes(1, 2)


def entropies_of_logits(t: np.ndarray, x: np.ndarray, **_: Any) -> np.ndarray:
    return np.maximum(x, 0.0) - t * x + np.log1p(np.exp(-np.abs(x)))


def entropies_of_powers(t: np.ndarray, x: np.ndarray, **_: Any) -> np.ndarray:
    highest = x.max(axis=-1, keepdims=True)
    powers = highest + np.log(np.exp(x - highest).sum(axis=-1, keepdims=True)) - x
    return (t * powers).sum(axis=-1) if t.ndim == x.ndim else np.take_along_axis(powers, t[..., None], axis=-1)[..., 0]


SIGNAL = np.arange(1.0, 17.0, dtype="float32").reshape(2, 8) ** 2 / 64
TAPS = S[:2, :, None]
POINT = KERNEL[:1].swapaxes(1, 2)
"""A kernel (1, features, results)."""
PAIRS = np.stack([S[:2], -S[1:]], axis=-1)
"""Two filters of each feature."""
WIDE = {"strides": 2, "dilation_rate": 2}
SHORT = np.full((ROWS, STEPS), 100, "int8")
BELOW = -0.125 - np.abs(X)
SQUARE = X[:, :FEATURES]
PLACES = np.array([[5, 7], [3, 11]], "int32")
ENDLESS = np.where(X > 0, np.inf, X)
APART = 2 * N.astype("float32")
"""Numbers so far apart that one alone has a share of what is shared sparsely; of more Keras 3.15 is known to give too little."""
FAR = 80 * X
"""Logits whose exponentials are nothing beside each other, or beyond float32."""
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
    "spread_and_joined": [
        Call("separable_conv", (X, TAPS, POINT), {"dilation_rate": 2}, lambda x, taps, point, dilation_rate: np.einsum(
            "btf,fg->btg", spread(x, taps, 1)[:, :2], point[0]), told=False),
        Call("separable_conv", (X.swapaxes(1, 2), TAPS, POINT), {"dilation_rate": 2, "data_format": "channels_first"},
             lambda x, taps, point, **_: np.einsum("btf,fg->bgt", spread(x.swapaxes(1, 2), taps, 1)[:, :2], point[0]),
             told=False)],
    "attended_in_groups": [Call("dot_product_attention", (np.concatenate([HEADS, -HEADS], axis=2), HEADS, HEADS[::-1]), {},
                                lambda q, k, v: attended(q, k, v, True, False), told=False)],
    "parted": [parted(0, 2), parted(1, 1)],
    "parted_rows": [Call("argpartition", (np.array([0.9, 0.1, 0.5], "float32"), 0), told=False,
                         read=lambda places: np.append(places[0], np.sort(places[1:])))],
    "level_steps": [Call("layer_normalization", (SQUARE,), {"axis": 1, "epsilon": 1e-3}, lambda x, axis, epsilon: level(x, axis)),
                    Call("rms_normalization", (SQUARE,), {"axis": 1, "epsilon": 1e-3},
                         lambda x, axis, epsilon: level(x, axis, False))],
    "channels_first": [first(call) for group in ("windowed", "averaged_windows", "told") for call in GROUPS[group]
                       if "_pool" in call.function],
    "several_a_channel": [Call("depthwise_conv", (X, PAIRS), {}, lambda x, taps: np.einsum(
        "btfk,kfm->btfm", windows(x, len(taps), 1), taps).reshape(ROWS, -1, 2 * FEATURES), told=False)],
    "longer_by_one": [Call("conv_transpose", (X, KERNEL, 2), {"output_padding": 1}, lengthened, told=False)],
    "shared_sparsely": [Call("sparsemax", (APART,), {"axis": 1}, sparse_along_steps, told=False)],
    "far_logits": [Call("binary_crossentropy", (M.astype("float32"), FAR), {"from_logits": True}, entropies_of_logits,
                        told=False),
                   Call("categorical_crossentropy", (one_hot(IDS % FEATURES, FEATURES), FAR), {"from_logits": True},
                        entropies_of_powers, told=False),
                   Call("sparse_categorical_crossentropy", (IDS % FEATURES, FAR), {"from_logits": True}, entropies_of_powers,
                        told=False)],
    "level_whole": [Call("rms_normalization", (N,), {"epsilon": 1e-3}, lambda x, epsilon: level(x.astype("float64"), -1, False))],
    "windows_at_the_edge": [Call(f"{name}_pool", (below, 2, 1), {"padding": "same"}, ahead(how))
                            for below in (BELOW, BELOW.reshape(ROWS, 2, 2, FEATURES))
                            for name, how in (("max", np.nanmax), ("average", np.nanmean))],
    "rows_at_the_edge": [Call("max_pool", (BELOW, 2, 1), {"padding": "same"}, ahead(np.nanmax))],
    "running_in_halves": [Call(name, (QUARTERS,), {"axis": 1}) for name in ("cumsum", "sum", "max", "flip")],
    "shuffled_steps": [Call("random.shuffle", (X,), {"axis": 1, "seed": 1}, lambda x, axis, seed: x,
                            lambda x: np.sort(x, axis=1), told=False)],
    "repeated_by_lists": [Call("repeat", (X, [2, 0, 1, 3]), {"axis": 1}), Call("repeat", (X, [3]), {"axis": 2}),
                          Call("repeat", (S, [1, 0, 2, 0, 3, 1, 0, 1, 2]))],
    "tiled": [Call("tile", (X, repeats)) for repeats in ([2, 3], [3], 2)] + [Call("tile", (S, [2, 1, 3]))],
    "told_by_place": [
        Call("take", (X, np.array([0, 2], "int32")), {"axis": -2}), Call("take", (X, np.array([[0, 2]], "int32")), {"axis": -1}),
        Call("where", (M[:, :1, :1], X[:, :1], X)), Call("where", (M[:, :1, :1], X[:, :1], S[0])),
        Call("moveaxis", (X, (1, 2), (2, 1))), Call("moveaxis", (X, (0, -1), (1, 0))), Call("stack", ((X, -X),), {"axis": -1}),
        Call("stack", ((X, -X),), {"axis": -2}), Call("unstack", (X,), {"axis": -1}, lambda x, axis: [*np.moveaxis(x, axis, 0)]),
        Call("expand_dims", (X,), {"axis": (1, -1)}), Call("swapaxes", (X, 0, -1)), Call("concatenate", ((X, -X),), {"axis": -2}),
        Call("max", (X,), {"axis": 1, "initial": 0.5, "keepdims": True}),
    ],
    "attended_by_bias": [Call("dot_product_attention", (HEADS, HEADS[::-1], -HEADS),
                              {"bias": np.einsum("bqhf,bk->bhqk", HEADS[..., :1], X[..., 0]), "is_causal": causal, "scale": 0.25},
                              biased, told=False) for causal in (True, False)],
    "hot_first": [Call("one_hot", (IDS, 5), {"axis": axis}, one_hot) for axis in (0, 1)],
    "searched_on_the_right": [Call("searchsorted", (np.array([0, 1, 1, 2], "float32"), np.array([1, 2, 0.5], "float32")),
                                   {"side": "right"})],
    "sparse_along_steps": [Call("sparsemax", ((N[:, :3] + 20).astype("float32"),), {"axis": 1}, sparse_along_steps, told=False)],
    "rearranged_of_any_batch": [Call("rearrange", (X, "b t f -> b f t"), {}, lambda x, *_: x.swapaxes(1, 2))],
    "rearranged": [
        Call("rearrange", (X.reshape(-1, 3), "(b t) f -> t b f"), {"t": 4}, lambda x, *_, t: X.swapaxes(0, 1)),
        Call("rearrange", (X.reshape(2, -1), "b (t f) -> f b t"), {"f": 3}, lambda x, *_, f: X.transpose(2, 0, 1)),
        Call("rearrange", (X.reshape(2, -1), "b (t f) -> b t f"), {"t": 4}, lambda x, *_, t: X),
        Call("rearrange", (X, "b t f -> f (t b)"), {}, lambda x, *_: x.transpose(2, 1, 0).reshape(3, -1), told=False),
        Call("rearrange", (X.reshape(2, 2, 2, 3), "b t n f -> b (n f) t"), {},
             lambda x, *_: x.transpose(0, 2, 3, 1).reshape(2, -1, 2), told=False)],
    "attended_in_halves": [Call("dot_product_attention", (HEADS.astype("float16"), HEADS, -HEADS), {},
                                lambda q, k, v: attended(q, k, v, True, False), told=False)],
}
"""What is asked -> the calls. They are cheap where calls are not compiled."""
TOLD = ("windows_at_the_edge", "rows_at_the_edge", "shuffled_steps", "spread_and_joined", "running_in_halves", "tiled",
        "rearranged", "rearranged_of_any_batch", "told_by_place", "hot_first",
        "searched_on_the_right", "sparse_along_steps", "attended_by_bias")
"""What is the same code on every engine, or that of one alone."""


@statement("A function of tensors gives what NumPy's gives in its corners, too: columns added where sizes coincide, places in "
           "several axes, infinite numbers, distances of whole ones, quotients near a whole one, two "
           "kinds of numbers in one, shares of all, the least of some.", {"group": tuple(CORNERS)},
           sparing=0, eager=len(CORNERS), dear={"group": TOLD}, source="Keras: ops; NumPy")
def corners_of_functions_are_numpys(ask, group) -> list[Deviation]:
    return asked(ask, group, CORNERS[group])


WAVES: Mapping[str, list[Call]] = {
    "back_apart": [turned(4, 4, np.ones(4, "float32"))], "back_unwindowed": [turned(4, 2)],
    "waves": [Call("stft", (SIGNAL, size, 3, length), {"window": window, "center": center}, waves, told=False)
              for size, length, window, center in ((4, 4, "hann", False), (4, 8, "hamming", True))],
    "waves_of_odd_lengths": [Call("stft", (SIGNAL, 5, 3, 8), {"window": "hann", "center": False}, waves, told=False)],
    "back": [turned(4, 2, np.ones(4, "float32"))],
}
"""What is asked of signals -> the calls."""


@statement("The Fourier transform of a signal's windows is that of each window, which goes on with its period, and the signal "
           "comes back from it, windowed or not, overlapping or not.", {"group": tuple(WAVES)}, sparing=0, eager=len(WAVES),
           source="Keras: ops.stft, ops.istft")
def signals_come_back_from_their_waves(ask, group) -> list[Deviation]:
    return asked(ask, group, WAVES[group])
