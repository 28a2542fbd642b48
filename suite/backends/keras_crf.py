"""A linear-chain CRF in `keras.ops`, as Keras users write it: the layer, its loss in training, its decoding.

Keras has none of its own, so what is asked about are its operations and the engine's automatic differentiation.
Shapes: emissions (batch, time, tags), mask (batch, time) bool, right-padded, tags (batch, time) int.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_layers import passed_mask

NAMES = ("emissions", "transitions", "start", "end")


def log_likelihood(ops: Any, emissions: Any, transitions: Any, start: Any, end: Any, mask: Any, tags: Any) -> Any:
    """(batch,) log-likelihoods of the tags, by the forward algorithm."""
    count, time = emissions.shape[-1], emissions.shape[1]
    valid = ops.cast(mask, emissions.dtype)
    once = ops.one_hot(tags, count, dtype=emissions.dtype) * valid[:, :, None]
    last = once * (valid - ops.concatenate([valid[:, 1:], ops.zeros_like(valid[:, :1])], axis=1))[:, :, None]
    moves = ops.einsum("bti,btj->bij", once[:, :-1], once[:, 1:])
    score = ops.sum(once * ops.where(mask[:, :, None], emissions, 0.0), axis=(1, 2)) + ops.sum(moves * transitions, axis=(1, 2))
    score = score + ops.sum(once[:, 0] * start, axis=1) + ops.sum(ops.sum(last, axis=1) * end, axis=1)
    alpha = start + emissions[:, 0]
    for step in range(1, time):
        new = ops.logsumexp(alpha[:, :, None] + transitions, axis=1) + ops.where(mask[:, step, None], emissions[:, step], 0.0)
        alpha = ops.where(mask[:, step, None], new, alpha)
    return score - ops.logsumexp(alpha + end, axis=1)


def decode(ops: Any, emissions: Any, transitions: Any, start: Any, end: Any, mask: Any) -> Any:
    """(batch, time) the best path of each row (Viterbi), -1 at padded steps."""
    best, pointers = start + emissions[:, 0], []
    for step in range(1, emissions.shape[1]):
        scores = best[:, :, None] + transitions
        pointers.append(ops.argmax(scores, axis=1))
        best = ops.where(mask[:, step, None], ops.max(scores, axis=1) + emissions[:, step], best)
    tag = ops.argmax(best + end, axis=-1)
    path = [tag]
    for step in reversed(range(1, emissions.shape[1])):
        before = ops.take_along_axis(pointers[step - 1], tag[:, None], axis=1)[:, 0]
        tag = ops.where(mask[:, step], before, tag)
        path.append(tag)
    found = ops.cast(ops.stack(path[::-1], axis=1), "int32")
    return ops.where(mask, found, -1)


@cache
def kinds(keras: Any) -> tuple[type, type]:
    """The layer, and a model that is trained on it. Classes of Keras, so made when it is there."""

    class CRF(keras.layers.Layer):
        """Holds transitions, start and end; passes emissions and their mask on."""

        def __init__(self, tags: int):
            super().__init__()
            self.supports_masking = True
            self.transitions, self.start, self.end = (
                self.add_weight(shape=shape, name=name)
                for name, shape in (("transitions", (tags, tags)), ("start", (tags,)), ("end", (tags,)))
            )

        def call(self, emissions: Any) -> Any:
            return emissions

    class Tagger(keras.Model):
        """A functional model that ends in a CRF; its loss is the mean negative log-likelihood of the tags."""

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            ops, crf = keras.ops, self.layers[-1]
            known = passed_mask(y_pred)
            mask = ops.ones(ops.shape(y_pred)[:2], "bool") if known is None else known
            found = log_likelihood(ops, y_pred, crf.transitions, crf.start, crf.end, mask, ops.cast(y, "int32"))
            return -ops.mean(found)

    return CRF, Tagger


@cache
def program(keras: Any, engine: Any) -> Any:
    """What gives log-likelihoods, paths and gradients of NAMES from them, a mask and tags; on JAX compiled once a shape."""
    ops = keras.ops

    def forward(values: Any, mask: Any, tags: Any) -> tuple[Any, Any]:
        return log_likelihood(ops, *values, mask, tags), decode(ops, *values, mask)

    def eager(values: Any, mask: Any, tags: Any) -> tuple[Any, Any, Any]:
        held = [keras.Variable(value) for value in values]
        slopes = engine.differentiate(lambda: ops.sum(log_likelihood(ops, *(v.value for v in held), mask, tags)), held)[1]
        return *forward([v.value for v in held], mask, tags), slopes

    def traced(values: Any, mask: Any, tags: Any) -> tuple[Any, Any, Any]:
        slopes = engine.jax.grad(lambda values: ops.sum(log_likelihood(ops, *values, mask, tags)))(values)
        return *forward(values, mask, tags), slopes

    return engine.jax.jit(traced) if engine.name == "jax" else eager


def run_crf(backend: Any, arguments: Mapping[str, np.ndarray]) -> Observation:
    """What `cases.reference.crf.run_crf` answers, in float32."""
    engine = backend.engine
    values = [engine.tensor(arguments[name].astype("float32")) for name in NAMES]
    mask, tags = engine.tensor(arguments["mask"]), engine.tensor(arguments["tags"].astype("int32"))
    with moment("run"):
        likelihood, path, slopes = program(backend.keras, engine)(values, mask, tags)
    arrays = {"log_likelihood": engine.numpy(likelihood), "path": engine.numpy(path)}
    arrays |= {f"gradients/{name}": engine.numpy(slope) for name, slope in zip(NAMES, slopes, strict=True)}
    return Observation(arrays, "keras.ops")
