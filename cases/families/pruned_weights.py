"""Weights that are pruned in any of the ways that there are, and layers into which the normalization behind them is folded; words
that are told by clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cases.batches import draw_values
from cases.differences import slope
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

Array = np.ndarray
SHAPE = (4, 6)
"""Of each of two matrices: rows, columns."""
SLACK = 64 * unit_roundoff("float32")


def least(sizes: Array, count: int) -> Array:
    """What is left where so many of the least go."""
    return sizes > np.sort(sizes.ravel())[count - 1]


def rows(sizes: Array, count: int) -> Array:
    return np.broadcast_to(least(sizes.sum(axis=1), count)[:, None], sizes.shape)


def columns(sizes: Array, count: int) -> Array:
    return np.broadcast_to(least(np.sqrt((sizes**2).sum(axis=0)), count), sizes.shape)


def twice(sizes: Array) -> Array:
    """A sixth of them, and then a half of what is left."""
    kept = least(sizes, 4)
    return kept & least(np.where(kept, sizes, 0.0), 4 + 10)


PRUNED: Mapping[str, Callable[[Array], Array]] = {
    "by share": lambda w: least(np.abs(w), 6), "by number": lambda w: least(np.abs(w), 5),
    "by what is told": lambda w: least(np.abs(w.T.reshape(w.shape)), 5), "twice": lambda w: twice(np.abs(w)),
    "rows": lambda w: rows(np.abs(w), 2), "columns": lambda w: columns(np.abs(w), 2), "by mask": lambda w: w > 0,
    "rows of what is left": lambda w: least(np.abs(w), 6) & rows(np.abs(w) * least(np.abs(w), 6), 1),
}
"""How the first matrix is pruned -> what of it is left. By share: a quarter; by what is told: by the sizes of other numbers; rows
by the sums of sizes, columns by the root of the sum of squares."""
RANDOM = {"anywhere": 6, "whole rows": 2 * 6}
"""How it is pruned at random -> how many of its numbers go."""


@statement("Pruned are as many of the least numbers, rows or columns of a matrix as was asked for, or of several matrices "
           "together, or any; what was pruned before stays so, and no longer computed it is the matrix that is left.",
           strength=(1, 1, 1), sparing=0, source="PyTorch: torch.nn.utils.prune")
def pruned_is_what_was_asked_for(ask) -> list[Deviation]:
    first, second = (draw_values(generator("pruned", n), SHAPE) + np.arange(24).reshape(SHAPE) / 1e3 for n in range(2))
    seen = ask(FunctionRequest("pruned_as", (("first", first), ("second", second))))
    found = []
    for way, kept in PRUNED.items():
        due = np.where(kept(first), first, 0.0).astype("float32")
        found += [d for when in ("computed", "left") for d in equal(f"{way}/{when}", seen[f"{way}/{when}"], due)]
    both = least(np.abs(np.stack([first, second])), 12)
    for name, matrix, kept in (("first", first, both[0]), ("second", second, both[1])):
        found += equal(f"together/{name}", seen[f"together/{name}"], np.where(kept, matrix, 0.0).astype("float32"))
    for way, gone in RANDOM.items():
        zero = seen[way] == 0
        found += equal(way, np.where(zero, 0.0, seen[way]), np.where(zero, 0.0, first).astype("float32"), "what is left")
        if zero.sum() != gone or (way == "whole rows" and zero.all(axis=1).sum() * SHAPE[1] != gone):
            found.append(Deviation(way, f"{way}: {int(zero.sum())} numbers are gone, expected {gone}"))
    told = (seen.facts["told_before"], seen.facts["told_after"])
    return found + ([] if told == (True, False) else [Deviation("told", f"told to be pruned: {told}, expected (True, False)")])


@statement("A layer into which the normalization behind it is folded gives what both gave, with biases and scales or without, "
           "in the dtype of the layer, and leaves both as they were.", {"bias": (True, False), "scale": (True, False)},
           strength=(1, 2, 2), sparing=0,
           source="PyTorch: torch.nn.utils.fusion")
def folded_layers_give_what_both_gave(ask, bias, scale) -> list[Deviation]:
    inputs = draw_values(generator("folded"), (2, 3, 5))
    seen = ask(FunctionRequest("folded", (("inputs", inputs), ("bias", bias), ("scale", scale))))
    raised = dict(seen.facts["raised"])
    found = [Deviation(kind, f"{kind}: {error}") for kind, error in raised.items()]
    found += [Deviation("dtypes", f"{name}: {told} of a layer in half precision") for name, told in seen.facts["halves"]
              if "float16" not in told]
    for kind in (kind for kind in ("convolution", "turned", "linear") if kind not in raised):
        due = seen[f"{kind}/before"].astype("float64")
        found += compare(f"{kind}/after", seen[f"{kind}/after"], due, 16 * SLACK * np.abs(due).max())
        found += equal(f"{kind}/again", seen[f"{kind}/again"], seen[f"{kind}/before"], "of both, afterwards")
    return found


CUTS, WORDS, WIDTH = (2, 3), 6, 4
"""Words below the first are told at once, the others by the cluster they are in."""


def chances(x: Array, weights: Mapping[str, Array]) -> Array:
    """The logarithm of each word's share (rows, words)."""
    def logs(scores: Array) -> Array:
        off = scores - scores.max(axis=-1, keepdims=True)
        return off - np.log(np.exp(off).sum(axis=-1, keepdims=True))

    head = logs(x @ weights["head.weight"].T + weights.get("head.bias", 0.0))
    parts = [head[:, :CUTS[0]]]
    for n in range(len(CUTS)):
        own = logs(x @ weights[f"tail.{n}.0.weight"].T @ weights[f"tail.{n}.1.weight"].T)
        parts.append(own + head[:, CUTS[0] + n:CUTS[0] + n + 1])
    return np.concatenate(parts, axis=1)


@statement("Words that are told by clusters have the shares of their cluster and of themselves in it, wherever they are, in one "
           "row and in several; the loss is the mean of the targets', its gradient the equation's, and what is predicted is the "
           "likeliest.",
           {"bias": (True, False), "rows": ("each_word", "one_cluster", "one_row", "no_batch")}, strength=(1, 1, 2), sparing=0,
           source="PyTorch: nn.AdaptiveLogSoftmaxWithLoss; Grave et al. 2017")
def clusters_are_shares_of_shares(ask, bias, rows) -> list[Deviation]:
    classes = np.array({"each_word": [*range(WORDS)] * 4, "one_cluster": (3, 5, 4), "one_row": (4,), "no_batch": (2,)}[rows])
    classes = classes[np.argsort((classes * 5) % 7)]
    x = 2 * draw_values(generator("clusters", rows), (len(classes), WIDTH))
    seen = ask(FunctionRequest("clusters", (("inputs", x), ("classes", classes), ("bias", bias), ("bare", rows == "no_batch"))))
    weights = {name.removeprefix("weights/"): array.astype("float64") for name, array in seen.named("weights").items()}
    logs = chances(x, weights)
    own = logs[np.arange(len(classes)), classes]
    size = SLACK * np.abs(logs).max()
    found = compare("outputs", seen["outputs"].reshape(-1), own, size)
    found += compare("loss", seen["loss"], np.array(-own.mean()), size)
    found += compare("shares", seen["shares"], logs, size) + equal("predicted", seen["predicted"], logs.argmax(axis=1))
    along = generator("clusters", "direction").normal(size=x.shape)
    due = slope(clustered(classes, weights), x, along, 1e-6)
    return found + compare("gradients", np.array((seen["gradients"].reshape(x.shape) * along).sum()), np.array(due), 16 * SLACK)


def clustered(classes: np.ndarray, weights: Mapping[str, np.ndarray]) -> Callable[[np.ndarray], float]:
    """The loss of these words, by the inputs (words, features)."""
    return lambda x: -chances(x, weights)[np.arange(len(classes)), classes].mean()
