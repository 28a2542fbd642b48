"""Numbers that are drawn by the name of their distribution: where they lie, how often, of which shape and dtype, from which
seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import bdtr, betainc, gammainc, kolmogorov, ndtr

from cases.families.base import equal, statement
from cases.families.initial_weights import RARE
from cases.models import FunctionRequest
from cases.requests import Deviation

COUNT, SEED = 1024, 37
SHAPE = (COUNT, 2)
"""Of what is drawn: each column by parameters of its own."""
MEAN, WIDE, CUT = 0.25, 0.375, 2.0
LOGITS = np.array([[0.0, 1.0, -1.0, 0.5], [2.0, 0.0, 0.25, -0.5]])
ALPHA, BETA = np.array([0.75, 3.0]), np.array([2.0, 0.5])
COUNTS, CHANCES = np.array([5, 12]), np.array([0.25, 0.625])
EVEN, WHOLE = (1.0, 2.0), (-2, 5)


@dataclass(frozen=True)
class Draw:
    """A distribution and how it is asked for.

    given     the arguments by name, besides shape, dtype and seed
    share     how probable it is that a number of this column is at most x
    least     the least and the greatest number that may come, the greatest left out where `open`
    whole     whether only whole numbers come
    dtype     in which it is drawn
    """

    given: Mapping[str, Any]
    share: Callable[[np.ndarray, int], np.ndarray]
    bounds: tuple[Any, Any]
    open: bool = False
    whole: bool = False
    dtype: str = "float32"


def cut(x: np.ndarray, column: int) -> np.ndarray:
    """Of a normal distribution without what lies beyond two widths."""
    return np.clip((ndtr((x - MEAN) / WIDE) - ndtr(-CUT)) / (ndtr(CUT) - ndtr(-CUT)), 0.0, 1.0)


def of_classes(x: np.ndarray, row: int) -> np.ndarray:
    """Of the numbers of classes, by the powers of their logits."""
    shares = np.exp(LOGITS[row]) / np.exp(LOGITS[row]).sum()
    return np.array([shares[: int(math.floor(one)) + 1].sum() if one >= 0 else 0.0 for one in x])


DRAWS: Mapping[str, Draw] = {
    "truncated_normal": Draw({"mean": MEAN, "stddev": WIDE}, cut, (MEAN - CUT * WIDE, MEAN + CUT * WIDE), dtype="float16"),
    "normal": Draw({"mean": MEAN, "stddev": WIDE}, lambda x, column: ndtr((x - MEAN) / WIDE), (-np.inf, np.inf),
                   dtype="float16"),
    "uniform": Draw({"minval": EVEN[0], "maxval": EVEN[1]}, lambda x, column: np.clip(x - EVEN[0], 0, 1), EVEN, open=True,
                    dtype="float16"),
    "randint": Draw({"minval": WHOLE[0], "maxval": WHOLE[1]},
                    lambda x, column: np.clip((np.floor(x) - WHOLE[0] + 1) / (WHOLE[1] - WHOLE[0]), 0, 1), WHOLE, open=True,
                    whole=True, dtype="int8"),
    "categorical": Draw({"logits": LOGITS}, of_classes, (0, LOGITS.shape[1]), open=True, whole=True, dtype="int32"),
    "gamma": Draw({"alpha": ALPHA}, lambda x, column: gammainc(ALPHA[column], np.maximum(x, 0)), (0, np.inf)),
    "beta": Draw({"alpha": ALPHA, "beta": BETA}, lambda x, column: betainc(ALPHA[column], BETA[column], np.clip(x, 0, 1)), (0, 1),
                 dtype="float16"),
    "binomial": Draw({"counts": COUNTS, "probabilities": CHANCES},
                     lambda x, column: np.where(x < 0, 0.0, bdtr(np.clip(np.floor(x), 0, COUNTS[column]), COUNTS[column],
                                                                CHANCES[column])), (0, COUNTS), whole=True),
}
"""By the names that Keras has for them."""


def chance(numbers: np.ndarray, share: Callable[[np.ndarray], np.ndarray], whole: bool) -> float:
    """How probable it is that numbers of this distribution lie as far from it (Kolmogorov and Smirnov; of whole numbers less)."""
    found, counts = np.unique(numbers, return_counts=True)
    until = counts.cumsum() / numbers.size
    below = share(found - 1.0 if whole else found)
    off = max(np.abs(share(found) - until).max(), np.abs(below - until + counts / numbers.size).max())
    return float(kolmogorov(math.sqrt(numbers.size) * off))


@statement("Numbers that are drawn by the name of their distribution lie within its bounds, as often as it says, each column by "
           "its own parameters, in the shape and dtype that are asked for, and are told so of symbols; from one seed they are "
           "the same, from another not, and so are those that a generator draws one after the other; what has a seed moves no "
           "other draw.", {"name": tuple(DRAWS)},
           strength=(1, 1, 1), sparing=0, eager=2,
           dear={"name": ("uniform", "randint", "categorical", "gamma", "beta", "binomial")},
           source="Keras: random.truncated_normal, randint, categorical, gamma, beta, binomial and the like")
def numbers_are_drawn_as_named(ask, name) -> list[Deviation]:
    draw, dtype = DRAWS[name], DRAWS[name].dtype
    seen = ask(FunctionRequest("drawn_by_name", (("name", name), ("given", dict(draw.given)), ("shape", SHAPE), ("dtype", dtype),
                                                 ("seed", SEED))))
    array, found = seen["first"].astype("float64"), []
    if array.shape != SHAPE:
        return [Deviation("shape", f"{array.shape}, expected {SHAPE}")]
    for where in ("told", "came"):
        if tuple(seen.facts[where]) != (*SHAPE, dtype):
            found.append(Deviation(where, f"{where}: {seen.facts[where]}, expected {(*SHAPE, dtype)}"))
    low, high = draw.bounds
    slack = 0.0 if draw.open or draw.whole else 1e-3 if dtype == "float16" else 1e-6
    if not ((array >= low - slack) & ((array < high) if draw.open else (array <= high + slack))).all():
        found.append(Deviation("bounds", f"{array.min():.6g} to {array.max():.6g}, documented {low} to {high}"
                                         f"{', which is left out' if draw.open else ''}"))
    if draw.whole and (array != np.floor(array)).any():
        found.append(Deviation("whole", "numbers that are not whole"))
    for column in range(SHAPE[1]):
        if not (share := chance(array[:, column], lambda x, column=column: draw.share(x, column), draw.whole)) >= RARE:
            found.append(Deviation("spread", f"column {column}: not as documented: mean {array[:, column].mean():.3g}, standard "
                                             f"deviation {array[:, column].std():.3g}, chance {share:.1g}"))
    found += equal("again", seen["again"], seen["seeded"], "from the same seed")
    found += equal("generated again", seen["generated again"], seen["generated"], "by another generator of the same seed")
    found += equal("beside", seen["beside/after"], seen["beside/alone"], "without a seed, after numbers with one")
    for one, other in (("seeded", "other"), ("generated", "generated on"), ("loose", "looser"), ("a column", "the other")):
        pair = array.T if one == "a column" else (seen[one], seen[other])
        if np.array_equal(*pair):
            found.append(Deviation(other, f"{other}: the same as {one}"))
    return found
