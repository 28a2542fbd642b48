"""Layers around recurrent ones, by their equations: joins, pooling, attention, wrappers; and the masks that they pass on.

Every input is (batch, time, features) behind a layer that makes its mask and an exponential: exp(x) at valid steps, and 1 at
masked ones, so that padding is read where somebody reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.layers import Layer
from cases.requests import Observation, Request

from .answer import run

Array = np.ndarray
ARITHMETIC = {"add": np.add, "multiply": np.multiply, "subtract": np.subtract, "average": lambda a, b: (a + b) / 2}
EXTREME = {"maximum": np.maximum, "minimum": np.minimum}


def run_graph(
    kind: str, inputs: Sequence[Array], masks: Sequence[Array | None], layer: Layer | None = None,
    weights: Mapping[str, Array] | None = None, training: bool = False, origin: str = "built", value: float = 0.0,
) -> Observation:
    """The observation that is right: `outputs`, and `mask` where one is passed on.

    add, multiply, subtract, average   of two inputs; a step is valid where either is; a vector stands at every step
    maximum, minimum                   of two inputs, of the valid one where one is; valid where either is
    concatenate, concatenate_time      along features: a step is valid where either is; along time: one mask after the other
    concatenate_from_the_end           along time, too
    …_movies                           the same of movies of one place, along channels: (batch, time, 1, channels)
    cosine, cosine_time                sums over the features, or the steps, of one and the first, or last, axis of the
                                       other, both of norm one along it
    dot_before, dot_behind             the product of every step with a vector, which is the first or the second input
    masking                            zeros at steps whose features are all `value`; the mask says which
    embedding                          rows of a table by id; a step is valid whose id is not 0
    pool                               the mean over the valid steps of each row; no mask
    attend, attend_back                softmax(q k') v over the valid steps of v, in the second case not later than the query;
                                       zero where the query is masked, whose mask is passed on
    words                              `layer` over the words inside each sentence, (batch, sentences, words, features): it gets
                                       the words' mask
    given                              `layer` inside a model that is called with a mask; `inside`, of another model
    """
    kind, movies = kind.removesuffix("_movies"), kind.endswith("_movies")
    seen = [values(x, m) for x, m in zip(inputs, masks, strict=True)] if kind != "embedding" else []
    valid = [np.ones(x.shape[:2], bool) if m is None else m for x, m in zip(inputs, masks, strict=True)]
    mask: Array | None = None
    if kind in (*ARITHMETIC, *EXTREME) and seen[0].ndim != seen[1].ndim:
        return Observation({"outputs": {**ARITHMETIC, **EXTREME}[kind](seen[0], seen[1][:, None])}, kernel="reference")
    if kind.startswith("dot"):
        return Observation({"outputs": np.einsum("btf,bf->bt", *seen)}, kernel="reference")
    if kind.startswith("cosine"):
        axes = ("btf,bfo->bto", 2, 1) if kind == "cosine" else ("btf,bot->bfo", 1, 2)
        units = [one / np.sqrt((one**2).sum(axis=axis, keepdims=True)) for one, axis in zip(seen, axes[1:], strict=True)]
        return Observation({"outputs": np.einsum(axes[0], *units)}, kernel="reference")
    if kind in ARITHMETIC:
        outputs, mask = ARITHMETIC[kind](*seen), valid[0] | valid[1]
        outputs = np.where(mask[:, :, None] | (kind != "multiply"), outputs, 0.0)
    elif kind in EXTREME:
        first, second = (np.where(here[:, :, None], one, other) for one, other, here in zip(seen, seen[::-1], valid, strict=True))
        outputs, mask = EXTREME[kind](first, second), valid[0] | valid[1]
    elif kind == "concatenate":
        outputs, mask = np.concatenate(seen, axis=2), valid[0] | valid[1]
    elif kind in ("concatenate_time", "concatenate_from_the_end"):
        outputs, mask = np.concatenate(seen, axis=1), np.concatenate(valid, axis=1)
    elif kind == "masking":
        mask = (inputs[0] != value).any(axis=2)
        outputs = np.where(mask[:, :, None], inputs[0], 0.0)
    elif kind == "embedding":
        outputs, mask = weights["embeddings"][inputs[0].astype(int)], inputs[0] != 0
    elif kind == "pool":
        there = valid[0][:, :, None]
        outputs = (seen[0] * there).sum(axis=1) / there.sum(axis=1)
    elif kind in ("attend", "attend_back"):
        outputs, mask = attended(seen[0], seen[1], valid[0], valid[1], kind == "attend_back"), valid[0]
    elif kind == "words":
        outputs = sentences(layer, weights, seen[0], valid_words(masks[0], seen[0]))
    else:
        outputs = answer(layer, weights, inputs[0], masks[0])
    if kind in (*ARITHMETIC, *EXTREME) and any(one is None for one in masks):
        mask = None
    more = {"inside": outputs} if kind == "given" else {} if mask is None else {"mask": mask}
    more |= {"told": mask, "told beside another": mask} if kind == "masking" else {}
    return Observation({"outputs": outputs[:, :, None] if movies else outputs, **more}, kernel="reference")


def values(array: Array, mask: Array | None) -> Array:
    """What a layer reads behind the one that makes the mask."""
    return np.exp(array) if mask is None else np.where(mask[..., None], np.exp(array), 1.0)


def valid_words(mask: Array | None, array: Array) -> Array:
    """(batch, sentences, words) bool: the mask, or all true."""
    return np.ones(array.shape[:3], bool) if mask is None else mask


def attended(query: Array, value: Array, asked: Array, there: Array, back: bool) -> Array:
    """Dot-product attention, keys being the values."""
    scores = query @ np.swapaxes(value, 1, 2)
    allowed = np.broadcast_to(there[:, None, :], scores.shape)
    if back:
        allowed = allowed & np.tri(scores.shape[1], scores.shape[2], dtype=bool)
    scores = np.where(allowed, scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=2, keepdims=True))
    return np.where(asked[:, :, None], powers / powers.sum(axis=2, keepdims=True) @ value, 0.0)


def answer(layer: Layer, weights: Any, inputs: Array, mask: Array | None) -> Array:
    """The outputs of a recurrent layer."""
    return run(Request(layer, weights, Batch(inputs, mask), wants=("outputs",)), "hold", "float64")["outputs"]


def sentences(layer: Layer, weights: Any, words: Array, valid: Array) -> Array:
    """(batch, sentences, units): the last output of the layer over the words of each sentence."""
    found = [answer(layer, weights, words[:, s], valid[:, s]) for s in range(words.shape[1])]
    return np.stack(found, axis=1)
