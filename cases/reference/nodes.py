"""What each node of a model computes: values, and the masks that go with them.

An array is (..., batch, *shape): leading axes stand for independent copies of the computation, and weights have them
too. A mask is (batch, time) or None. It is made by `masking` (any feature differs from the value) or `embedding` (id is
not 0), and passed on by a recurrent node that returns sequences and by the nodes in `cases.models.KEEPS_MASK`: by a
node that joins several where all its inputs have one (valid where any is: an input without a mask is valid everywhere).
Every other node drops it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import autograd.numpy as np
import numpy as onp

from cases.layers import Layer
from cases.models import KEEPS_MASK, Node

from .arithmetic import activate, part, product, rounded, softmax
from .stack import forward

Array = Any
Padding = str | Mapping[str, str]


class Value(NamedTuple):
    """What a node gives: an array whose last `rank` axes are (batch, *shape), and the mask (batch, time) or None."""

    array: Any
    mask: onp.ndarray | None
    rank: int

    @property
    def lead(self) -> tuple[int, ...]:
        """The sizes of the leading axes."""
        return self.array.shape[: self.array.ndim - self.rank]

    @property
    def shape(self) -> tuple[int, ...]:
        """(batch, *shape)"""
        return self.array.shape[self.array.ndim - self.rank :]

    def shaped(self, *shape: int, mask: onp.ndarray | None = None) -> Value:
        """The same numbers as (batch, *shape)."""
        return Value(np.reshape(self.array, (*self.lead, *shape)), mask, len(shape))


Moments = dict[str, tuple[Array, Array]]
"""Node -> mean and biased variance of the batch, (..., features) each."""


def compute(
    node: Node, name: str, weights: Mapping[str, Array], sources: Sequence[Value], padding: Padding,
    moments: Moments | None = None,
) -> Value:
    """The value of a node called `name`, that is not an input or a masking one. `moments`: given in training; batch_norm
    nodes take the statistics of the batch, and leave them there.

    Raises ValueError for what has no place in a model: a stateful layer, two unmerged outputs, ids without a row.
    """
    own = {key[len(name) + 1 :]: w for key, w in weights.items() if key.startswith(name + "/")}
    if node.op == "recurrent":
        return _recurrent(node, own, sources, padding if isinstance(padding, str) else padding[name])
    if node.op == "time_distributed":
        return _time_distributed(node, name, weights, sources[0], padding)
    if node.op in _JOINS:
        return _JOINS[node.op](node, *sources)
    if node.op == "batch_norm" and moments is not None:
        own |= _moments(sources[0])
        moments[name] = own["moving_mean"], own["moving_variance"]
    found = _PLAIN[node.op](node, own, sources[0])
    return found._replace(mask=sources[0].mask) if node.op in KEEPS_MASK else found


def masked(node: Node, source: Value, raw: onp.ndarray) -> Value:
    """Masked steps are set to 0, as Keras' Masking does. raw: the inputs as they were given."""
    mask = (raw != node["value"]).any(axis=-1)
    return Value(cleaned(source.array, mask), mask, source.rank)


def cleaned(array: Array, mask: onp.ndarray) -> Array:
    """The array (..., batch, time, n) with 0 at masked steps."""
    return array if mask.all() else np.where(mask[..., None], array, 0.0)


def _embedding(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    table, ids = own["embeddings"], onp.asarray(source.array).astype(int)
    if ids.size and (ids.min() < 0 or ids.max() >= node["ids"]):
        raise ValueError(f"node {node.name}: ids from {ids.min()} to {ids.max()}: expected 0 to {node['ids'] - 1}")
    options = dict(node.options)
    looked_up = table[..., ids, :]
    if options.get("padding_idx"):  # row 0 has no part in the gradient
        still = onp.asarray(getattr(table, "_value", table))[..., ids, :]
        looked_up = np.where((ids == 0)[..., None], still, looked_up)
    return Value(looked_up, ids != 0 if options.get("mask_zero") else None, ids.ndim + 1)


def _recurrent(node: Node, own: Mapping[str, Array], sources: Sequence[Value], padding: str) -> Value:
    layer, source = node["layer"], sources[0]
    if layer.stateful or len(layer.output_names) > 1:
        raise ValueError(f"node {node.name}: a stateful or unmerged layer has no place in a model; use a Request")
    if layer.convolution is not None:
        return _convolutional(node, own, sources, padding)
    if source.rank != 3:
        raise ValueError(
            f"node {node.name}: a recurrent layer reads 3 axes (batch, time, features), found {source.shape}"
        )
    return _over_steps(layer, own, sources, padding)


def _convolutional(node: Node, own: Mapping[str, Array], sources: Sequence[Value], padding: str) -> Value:
    """Channels go before the places, and both into one axis; and back."""
    layer, source, of = node["layer"], sources[0], node["layer"].convolution
    if source.rank != 3 + of.rank or len(sources) > 1:
        raise ValueError(f"node {node.name} reads one input (batch, time, {of.space}, channels), found {source.shape}")
    channels_first = np.moveaxis(source.array, -1, -1 - of.rank)
    flat = Value(channels_first, None, source.rank).shaped(*source.shape[:2], layer.features, mask=source.mask)
    found = _over_steps(layer, own, [flat], padding)
    image = found.shaped(*found.shape[:-1], of.channels(layer.width, of.places), *of.places)
    return Value(np.moveaxis(image.array, -1 - of.rank, -1), found.mask, image.rank)


def _over_steps(layer: Layer, own: Mapping[str, Array], sources: Sequence[Value], padding: str) -> Value:
    source = sources[0]
    array = source.array if source.mask is None else cleaned(source.array, source.mask)
    time = range(source.shape[1])
    steps = [part(array, (Ellipsis, t, slice(None))) for t in time]
    example = own["0/" + layer.directions[0] + "/kernel"]
    lead = example.shape[: example.ndim - 2 - len(layer.window)]
    zeros = onp.zeros((*lead, source.shape[0], layer.units), example.dtype)
    initial = {key: zeros for key in layer.state_keys()}
    if len(sources) > 1:
        initial = {key: one.array for key, one in zip(layer.state_keys(), sources[1:], strict=True)}
    valid = None if source.mask is None else [source.mask[:, t, None] for t in time]
    found = forward(layer, own, steps, valid, initial, padding)
    outputs = found.outputs["outputs"]
    if not layer.return_sequences:
        return Value(outputs, None, 2)
    mask = None if found.valid is None else onp.concatenate(found.valid, axis=1)
    return Value(np.stack(outputs, axis=-2), mask, 3)


def _time_distributed(node: Node, name: str, weights: Mapping[str, Array], source: Value, padding: Padding) -> Value:
    """Time is folded into the batch: every step is a row of its own."""
    rows, time, *rest = source.shape
    inner = compute(node["layer"], name, weights, [source.shaped(rows * time, *rest)], padding)
    return inner.shaped(rows, time, *inner.shape[1:], mask=source.mask)


def _affine(node: Node, own: Mapping[str, Array], x: Array, kernel: Array) -> Array:
    """The activation of x W + b, for x (..., rows, n) and W (..., n, units)."""
    z = rounded(product(x, kernel) + np.expand_dims(own["bias"], -2))
    return softmax(z) if node["activation"] == "softmax" else activate(z, node["activation"])


def _dense(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    *rows, width = source.shape
    found = _affine(node, own, source.shaped(prod(rows), width).array, own["kernel"])
    return Value(found, None, 2).shaped(*rows, node["units"])


def _activation(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    if node["activation"] == "softmax":
        return source._replace(array=softmax(source.array))
    return source._replace(array=activate(source.array, node["activation"]))


def _batch_norm(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    """gamma (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015)."""
    lead = source.lead

    def broad(array: Array) -> Array:
        return np.reshape(array, (*lead, *[1] * (source.rank - 1), -1))

    scale = rounded(own["gamma"] / np.sqrt(own["moving_variance"] + node["epsilon"]))
    centred = rounded(source.array - broad(own["moving_mean"]))
    return source._replace(array=rounded(centred * broad(scale) + broad(own["beta"])))


def _moments(source: Value) -> dict[str, Array]:
    """Mean and biased variance of the batch, over all axes but the last, by the names of the moving ones."""
    rows = source.shaped(prod(source.shape[:-1]), source.shape[-1]).array
    mean = rounded(np.mean(rows, axis=-2))
    variance = rounded(np.mean(rounded(rows - np.expand_dims(mean, -2)) ** 2, axis=-2))
    return {"moving_mean": mean, "moving_variance": variance}


def moved(node: Node, old: tuple[Array, Array], batch: tuple[Array, Array], count: int) -> tuple[Array, Array]:
    """The moving mean and variance after a step on a batch of `count` numbers a feature."""
    options = dict(node.options)
    keep = options.get("momentum", 0.99)
    unbiased = count / (count - 1) if options.get("moving_variance", "biased") == "unbiased" else 1.0
    return tuple(rounded(keep * o + (1 - keep) * b * f) for o, b, f in zip(old, batch, (1.0, unbiased), strict=True))


def _convolution(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    """Cross-correlation, as frameworks do: windows (rows, places, size * inputs) times the kernel."""
    rows, *places, inputs = source.shape
    size, x = tuple(node["size"]), source.array
    if len(places) != len(size):
        raise ValueError(f"node {node.name} reads {len(size) + 2} axes, found {source.rank}: {source.shape}")
    if node["padding"] == "same":
        ahead = [(0, 0)] * (x.ndim - 1 - len(size)) + [((k - 1) // 2, k // 2) for k in size] + [(0, 0)]
        x = np.pad(x, ahead, mode="constant")
    left = [d if node["padding"] == "same" else d - k + 1 for d, k in zip(places, size, strict=True)]
    if min(left) < 1:
        raise ValueError(f"node {node.name}: a kernel of {size} does not fit into {tuple(places)}")
    windows = [
        part(x, (Ellipsis, *(slice(o, o + n) for o, n in zip(offset, left, strict=True)), slice(None)))
        for offset in onp.ndindex(*size)
    ]
    gathered = Value(np.concatenate(windows, axis=-1), None, source.rank)
    flat = gathered.shaped(rows * prod(left), prod(size) * inputs).array
    kernel = np.reshape(own["kernel"], (*source.lead, prod(size) * inputs, node["filters"]))
    return Value(_affine(node, own, flat, kernel), None, 2).shaped(rows, *left, node["filters"])


def _max_pool(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    """The largest of each window; windows lie side by side, and what is left over at the end is dropped."""
    size, places = tuple(node["size"]), source.shape[1:-1]
    whole = [d // k * k for d, k in zip(places, size, strict=True)]
    stepped = [
        part(
            source.array,
            (Ellipsis, *(slice(o, w, k) for o, w, k in zip(offset, whole, size, strict=True)), slice(None)),
        )
        for offset in onp.ndindex(*size)
    ]
    return Value(np.max(np.stack(stepped), axis=0), None, source.rank)


def _flatten(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    return source.shaped(source.shape[0], prod(source.shape[1:]))


def _reshape(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    return source.shaped(source.shape[0], *node["shape"])


def _permute(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    before = len(source.lead) + 1
    order = (*range(before), *(before + d - 1 for d in node["dims"]))
    return Value(np.transpose(source.array, order), None, source.rank)


def _repeat_vector(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    return Value(np.stack([source.array] * node["times"], axis=-2), None, 3)


def _slice(node: Node, own: Mapping[str, Array], source: Value) -> Value:
    index = (Ellipsis, slice(node["start"], node["stop"]), *[slice(None)] * (source.rank - 2))
    return Value(part(source.array, index), None, source.rank)


_PLAIN: Mapping[str, Callable[[Node, Mapping[str, Array], Value], Value]] = {
    "embedding": _embedding,
    "dense": _dense,
    "activation": _activation,
    "batch_norm": _batch_norm,
    "crf": lambda node, own, source: source,
    "dropout": lambda node, own, source: source,  # the identity outside training, and training refuses it
    "conv1d": _convolution,
    "conv2d": _convolution,
    "conv3d": _convolution,
    "max_pool1d": _max_pool,
    "max_pool2d": _max_pool,
    "flatten": _flatten,
    "reshape": _reshape,
    "permute": _permute,
    "repeat_vector": _repeat_vector,
    "slice": _slice,
}


def _add(node: Node, *sources: Value) -> Value:
    total = sources[0].array
    for one in sources[1:]:
        total = rounded(total + one.array)
    return Value(total, _any(sources), sources[0].rank)


def _multiply(node: Node, *sources: Value) -> Value:
    total = sources[0].array
    for one in sources[1:]:
        total = rounded(total * one.array)
    return Value(total, _any(sources), sources[0].rank)


def _any(sources: Sequence[Value]) -> onp.ndarray | None:
    masks = [one.mask for one in sources]
    return None if any(mask is None for mask in masks) else onp.logical_or.reduce(masks)


def _concatenate(node: Node, *sources: Value) -> Value:
    rank = sources[0].rank
    axis = node["axis"] - rank if node["axis"] >= 0 else node["axis"]
    mask = _any(sources) if axis == -1 and rank == 3 else None
    if axis == -2 and rank == 3 and all(one.mask is not None for one in sources):
        mask = onp.concatenate([one.mask for one in sources], axis=1)
    return Value(np.concatenate([one.array for one in sources], axis=axis), mask, rank)


def _dot(node: Node, first: Value, second: Value) -> Value:
    """(batch, a, n) and (batch, b, n) -> (batch, a, b), for axes (2, 2); the summed axis may be another one."""
    mine, its = node["axes"]
    if (first.rank, second.rank) != (3, 3):
        raise ValueError(
            f"node {node.name}: dot joins two inputs of three axes, found {first.shape} and {second.shape}"
        )
    a = first.array if mine == 2 else np.swapaxes(first.array, -1, -2)
    b = second.array if its == 1 else np.swapaxes(second.array, -1, -2)
    return Value(product(a, b), None, 3)


_JOINS: Mapping[str, Callable[..., Value]] = {
    "add": _add,
    "multiply": _multiply,
    "concatenate": _concatenate,
    "dot": _dot,
}
