"""A linear-chain conditional random field (Lafferty et al. 2001), by enumeration of every path.

The score of a path p over the n steps of a row is

    start[p1] + sum_t emissions[t, pt] + sum_t transitions[p(t-1), pt] + end[pn]

Its log-likelihood is its score minus the logarithm of the sum over all paths of exp(score); the best path is the one
with the highest score. Rows are right-padded: steps after the n-th take no part. `forward` gives the same sum by the
forward algorithm, for rows too long to enumerate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product as tuples
from typing import Any

import autograd.numpy as np
import numpy as onp
from autograd.core import make_vjp
from autograd.tracer import getval

from cases.requests import Observation

from .arithmetic import part, product, rounded

Array = Any
NAMES = ("emissions", "transitions", "start", "end")


def counts(paths: onp.ndarray, tags: int) -> onp.ndarray:
    """(paths, steps * tags + tags * tags + 2 * tags): how often each number of emissions, transitions, start and end is in
    the score of each path. paths: (paths, steps)."""
    once = onp.eye(tags)[paths]
    moves = onp.einsum("pti,ptj->pij", once[:, :-1], once[:, 1:])
    return onp.concatenate([once.reshape(len(paths), -1), moves.reshape(len(paths), -1), once[:, 0], once[:, -1]], axis=1)


def row(given: Mapping[str, Array], index: int, length: int, chosen: onp.ndarray) -> tuple[Array, onp.ndarray]:
    """The log-likelihood of the tags `chosen` (length,) of one row, and its best path."""
    tags = given["transitions"].shape[-1]
    paths = onp.array(list(tuples(range(tags), repeat=length)))
    lead = given["transitions"].shape[:-2]
    emissions = part(given["emissions"], (Ellipsis, index, slice(0, length), slice(None)))
    numbers = np.concatenate([
        np.reshape(array, (*lead, 1, -1)) for array in (emissions, given["transitions"], given["start"], given["end"])
    ], axis=-1)
    scores = part(product(numbers, counts(paths, tags).T), (Ellipsis, 0, slice(None)))
    mine = part(product(numbers, counts(chosen[None, :length], tags).T), (Ellipsis, 0, 0))
    highest = onp.asarray(getval(scores)).max(axis=-1, keepdims=True)
    every = rounded(np.log(rounded(np.sum(rounded(np.exp(rounded(scores - highest))), axis=-1)))) + highest[..., 0]
    best = paths[onp.asarray(getval(scores)).reshape(-1, len(paths))[0].argmax()]
    return rounded(mine - rounded(every)), best


def run_crf(
    arguments: Mapping[str, onp.ndarray], dtype: str = "float64", given: Callable[[onp.ndarray], onp.ndarray] | None = None
) -> Observation:
    """Log-likelihood and best path of each row, and the gradients of the summed log-likelihood.

    arguments: emissions (batch, time, tags), transitions (tags, tags), start and end (tags,), mask (batch, time) bool,
    right-padded, tags (batch, time) int.
    The observation's arrays: `log_likelihood` (batch,), `path` (batch, time), -1 at padded steps, `gradients/NAME`.
    """
    given = given or (lambda array: onp.asarray(array, dtype))
    mask, tags = arguments["mask"], arguments["tags"]
    variables = {name: given(arguments[name]) for name in NAMES}
    paths, rows = onp.full(mask.shape, -1), []

    def total(variables: Mapping[str, Array]) -> Array:
        likelihoods = []
        for index, length in enumerate(mask.sum(axis=1)):
            likelihood, best = row(variables, index, int(length), tags[index])
            likelihoods.append(likelihood)
            rows.append(onp.asarray(getval(likelihood)))
            paths[index, :length] = best
        return sum(likelihoods[1:], likelihoods[0])

    back, value = make_vjp(total, variables)
    gradients = back(onp.ones_like(value))
    arrays = {"log_likelihood": onp.stack(rows, axis=-1), "path": paths}
    return Observation(arrays | {f"gradients/{name}": onp.asarray(gradients[name]) for name in NAMES}, kernel="reference")


def log_likelihoods(
    emissions: Array, transitions: Array, start: Array, end: Array, mask: onp.ndarray, tags: onp.ndarray
) -> Array:
    """(batch,) log-likelihoods by the forward algorithm, in any precision, with a path for gradients: the loss of a model.

    All arrays but mask and tags, (batch, time), may have leading axes.
    """
    once = onp.eye(transitions.shape[-1])[tags] * mask[:, :, None]
    moves = onp.einsum("bti,btj->bij", once[:, :-1], once[:, 1:])
    last = once[onp.arange(len(mask)), mask.sum(axis=1) - 1]
    start, end, wide = (np.expand_dims(array, axis) for array, axis in ((start, -2), (end, -2), (transitions, -3)))
    mine = np.sum(emissions * once, axis=(-2, -1)) + np.sum(wide * moves, axis=(-2, -1))
    mine = rounded(mine + np.sum(start * once[:, 0], axis=-1) + np.sum(end * last, axis=-1))
    steps = [part(emissions, (Ellipsis, t, slice(None))) for t in range(mask.shape[1])]
    alpha = rounded(start + steps[0])
    for t, step in enumerate(steps[1:], start=1):
        ahead = rounded(_log_sum(rounded(np.expand_dims(alpha, -1) + wide), -2) + step)
        alpha = np.where(mask[:, t, None], ahead, alpha)
    return rounded(mine - _log_sum(rounded(alpha + end), -1))


def _log_sum(x: Array, axis: int) -> Array:
    """The logarithm of the sum of exponentials over an axis."""
    highest = onp.asarray(getval(x)).max(axis=axis, keepdims=True)
    return rounded(np.log(rounded(np.sum(rounded(np.exp(rounded(x - highest))), axis=axis)))) + onp.squeeze(highest, axis)


def forward(
    emissions: onp.ndarray, transitions: onp.ndarray, start: onp.ndarray, end: onp.ndarray, mask: onp.ndarray,
    tags: onp.ndarray,
) -> onp.ndarray:
    """(batch,) log-likelihoods in float64, by the forward algorithm: for rows too long to enumerate."""
    found = []
    for scores, valid, chosen in zip(emissions.astype("float64"), mask, tags, strict=True):
        steps, path = scores[valid], chosen[valid]
        alpha = start + steps[0]
        for step in steps[1:]:
            alpha = onp.logaddexp.reduce(alpha[:, None] + transitions, axis=0) + step
        mine = start[path[0]] + steps[onp.arange(len(path)), path].sum() + transitions[path[:-1], path[1:]].sum() + end[path[-1]]
        found.append(mine - onp.logaddexp.reduce(alpha + end))
    return onp.array(found)
