"""Answers a ModelRequest: predictions, gradients, training.

A node's value is a list of steps (..., batch, n) where it has a time axis, else one array (..., batch, n). A mask goes
with it, (batch, time) or None: made by `masking` (any feature differs from the value) or `embedding` (id is not 0),
passed on by dense, dropout and by a recurrent node that returns sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import autograd.numpy as np
import numpy as onp
from autograd.core import make_vjp

from cases.models import ModelRequest, Node
from cases.optimizers import slots, update
from cases.requests import Observation

from .arithmetic import activate, part, product, rounded, softmax
from .stack import forward

Array = Any
Given = Callable[[onp.ndarray], onp.ndarray]
Padding = str | Mapping[str, str]


class Value(NamedTuple):
    """What a node gives: steps or one array, and the mask (batch, time) that goes with it."""

    array: Any
    mask: onp.ndarray | None


def run_model(
    request: ModelRequest, padding: Padding = "hold", dtype: str = "float64", given: Given | None = None
) -> Observation:
    """The observation that is right: the arrays named in `cases.models.ModelRequest`.

    padding   the convention at masked steps, one for all recurrent nodes or by node name
    dtype, given   as in `run`

    Losses: the mean over the last axis (mse, mae, binary_crossentropy), or minus the sum of target times logarithm of
    the prediction (categorical_crossentropy: predictions are probabilities that sum to 1; nothing is clipped); then the
    mean over the batch and, where predictions have a time axis, over its steps: all of them, or the valid ones where a
    mask reaches the output.

    Raises ValueError for what has no one right answer or is contradictory: dropout in training, a stateful node, two
    unmerged outputs, a mask made from something else than the inputs, training or gradients without targets.
    """
    given = given or (lambda array: onp.asarray(array, dtype))
    training = request.training
    if training is not None:
        _refuse_dropout(request)
    if request.targets is None and (training is not None or "gradients" in request.wants):
        raise ValueError("training or gradients without targets: give the request targets")
    if training is None and "gradients" in request.wants:
        raise ValueError(
            "gradients without a loss: give the request a training, with no batches if nothing is to be trained"
        )
    weights = {name: given(array) for name, array in request.weights.items()}

    def predict(weights: Mapping[str, Array], inputs: onp.ndarray, mask: onp.ndarray | None) -> Value:
        return _predict(request, weights, inputs, mask, padding, given)

    def loss_and_gradients(weights: Mapping[str, Array], rows: Any) -> tuple[Array, dict[str, Array]]:
        mask = None if request.mask is None else request.mask[rows]
        targets = given(request.targets[rows])

        def loss(weights: Mapping[str, Array]) -> Array:
            weights = {name: weights[name] for name in weights}
            return _loss(training.loss, predict(weights, request.inputs[rows], mask), targets)

        back, value = make_vjp(loss, weights)
        return onp.asarray(value), back(onp.ones_like(value))

    arrays = {"predictions": _stacked(predict(weights, request.inputs, request.mask).array)}
    if "gradients" in request.wants:
        gradients = loss_and_gradients(weights, slice(None))[1]
        arrays.update({f"gradients/{name}": onp.asarray(g) for name, g in gradients.items()})
    if training is not None:
        losses = []
        memory = {name: slots(training.optimizer, weight) for name, weight in weights.items()}
        for number, rows in enumerate(training.batches, start=1):
            value, gradients = loss_and_gradients(weights, list(rows))
            losses.append(value)
            for name, weight in list(weights.items()):
                if name in training.frozen:
                    continue
                moved, memory[name] = update(
                    training.optimizer, dict(training.hyper), weight, gradients[name], memory[name], number
                )
                weights[name] = rounded(moved)
        arrays["losses"] = onp.stack(losses, axis=-1) if losses else onp.zeros(0)
        arrays.update({f"weights/{name}": weight for name, weight in weights.items()})
        unseen = request.inputs if request.unseen is None else request.unseen
        mask = request.mask if request.unseen is None else None
        arrays["trained"] = _stacked(predict(weights, unseen, mask).array)
    return Observation(arrays, kernel="reference")


def _predict(
    request: ModelRequest,
    weights: Mapping[str, Array],
    inputs: onp.ndarray,
    mask: onp.ndarray | None,
    padding: Padding,
    given: Given,
) -> Value:
    """The value of the last node."""
    values: dict[str, Value] = {}
    spare = mask
    for node in request.model.nodes:
        if node.op == "input":
            steps = inputs if onp.issubdtype(inputs.dtype, onp.integer) else _as_steps(given(inputs))
            values[node.name] = Value(steps, None)
            continue
        source = values[node.inputs[0]]
        if node.op == "masking":
            values[node.name] = _masking(request, node, source, inputs)
        elif node.op == "embedding":
            values[node.name] = _embedding(node, weights, inputs)
        elif node.op == "recurrent":
            if source.mask is None and spare is not None:
                source = source._replace(mask=spare)
            spare = None
            values[node.name] = _recurrent(node, weights, source, padding)
        elif node.op == "dense":
            values[node.name] = source._replace(array=_dense(node, weights, source.array))
        else:
            values[node.name] = source  # dropout: the identity outside training, and training refuses it
    return values[request.model.nodes[-1].name]


def _masking(request: ModelRequest, node: Node, source: Value, inputs: onp.ndarray) -> Value:
    """Masked steps are set to 0, as Keras' Masking does."""
    above = {n.name: n.op for n in request.model.nodes}[node.inputs[0]]
    if above != "input":
        raise ValueError(
            f"node {node.name} makes a mask from {node.inputs[0]}: the reference makes one from the inputs only"
        )
    mask = (inputs != node["value"]).any(axis=-1)
    return Value(_cleaned(source.array, mask), mask)


def _embedding(node: Node, weights: Mapping[str, Array], ids: onp.ndarray) -> Value:
    table = weights[f"{node.name}/embeddings"]
    ids = ids.astype(int)
    if ids.size and (ids.min() < 0 or ids.max() >= node["ids"]):
        raise ValueError(f"node {node.name}: ids from {ids.min()} to {ids.max()}: expected 0 to {node['ids'] - 1}")
    steps = [table[..., ids[:, t], :] for t in range(ids.shape[1])]
    return Value(steps, ids != 0 if dict(node.options).get("mask_zero") else None)


def _recurrent(node: Node, weights: Mapping[str, Array], source: Value, padding: Padding) -> Value:
    layer = node["layer"]
    if layer.stateful or len(layer.output_names) > 1:
        raise ValueError(f"node {node.name}: a stateful or unmerged layer has no place in a model; use a Request")
    steps = source.array if source.mask is None else _cleaned(source.array, source.mask)
    own = {name[len(node.name) + 1 :]: w for name, w in weights.items() if name.startswith(node.name + "/")}
    example = own["0/" + layer.directions[0] + "/kernel"]
    rows = steps[0].shape[-2]
    zeros = onp.zeros((*example.shape[:-2], rows, layer.units), example.dtype)
    valid = None if source.mask is None else [source.mask[:, t, None] for t in range(len(steps))]
    convention = padding if isinstance(padding, str) else padding[node.name]
    found = forward(layer, own, steps, valid, {name: zeros for name in layer.state_keys()}, convention)
    mask = onp.concatenate(found.valid, axis=1) if layer.return_sequences and found.valid is not None else None
    return Value(found.outputs["outputs"], mask)


def _dense(node: Node, weights: Mapping[str, Array], x: Any) -> Any:
    """x W + b and its activation, at every step where there are steps."""
    if isinstance(x, list):
        return [_dense(node, weights, one) for one in x]
    bias = np.expand_dims(weights[f"{node.name}/bias"], -2)
    z = rounded(product(x, weights[f"{node.name}/kernel"]) + bias)
    return softmax(z) if node["activation"] == "softmax" else activate(z, node["activation"])


def _loss(name: str, predictions: Value, targets: Array) -> Array:
    """The loss, a scalar (or one a leading axis)."""
    if _stacked_shape(predictions.array) != targets.shape:
        raise ValueError(f"targets of shape {targets.shape}: expected {_stacked_shape(predictions.array)}")
    if not isinstance(predictions.array, list):
        return _mean(_ELEMENT[name](predictions.array, targets))
    mask = predictions.mask
    valid = onp.ones(targets.shape[-3:-1], bool) if mask is None else mask
    total = 0.0
    for t, x in enumerate(predictions.array):
        here = valid[:, t]
        x = np.where(
            here[:, None], x, 0.5
        )  # what stands in padding must not reach the loss, not even as 0 times infinity
        total = total + np.sum(_ELEMENT[name](x, targets[..., t, :]) * here, axis=-1)
    return total / float(max(valid.sum(), 1))


def _mean(values: Array) -> Array:
    return np.mean(values, axis=-1)


_ELEMENT: Mapping[str, Callable[[Array, Array], Array]] = {
    "mse": lambda p, y: np.mean(rounded(p - y) ** 2, axis=-1),
    "mae": lambda p, y: np.mean(np.abs(rounded(p - y)), axis=-1),
    "categorical_crossentropy": lambda p, y: -np.sum(y * rounded(np.log(p)), axis=-1),
    "binary_crossentropy": lambda p, y: (
        -np.mean(y * rounded(np.log(p)) + (1.0 - y) * rounded(np.log(1.0 - p)), axis=-1)
    ),
}


def _refuse_dropout(request: ModelRequest) -> None:
    for node in request.model.nodes:
        options = dict(node.options)
        layer = options.get("layer")
        if options.get("rate") or (layer is not None and (layer.dropout or layer.recurrent_dropout)):
            raise ValueError(
                f"node {node.name}: dropout in training; the reference draws no dropout masks, use a rate of 0"
            )


def _as_steps(inputs: Array) -> Any:
    """(..., batch, time, features) as steps; an array (batch, n) as it is."""
    return inputs if inputs.ndim == 2 else [part(inputs, (Ellipsis, t, slice(None))) for t in range(inputs.shape[-2])]


def _cleaned(steps: list[Array], mask: onp.ndarray) -> list[Array]:
    """The steps with 0 at masked ones."""
    return [x if mask[:, t].all() else np.where(mask[:, t, None], x, 0.0) for t, x in enumerate(steps)]


def _stacked(value: Any) -> onp.ndarray:
    return onp.asarray(onp.stack(value, axis=-2) if isinstance(value, list) else value)


def _stacked_shape(value: Any) -> tuple[int, ...]:
    return (*value[0].shape[:-1], len(value), value[0].shape[-1]) if isinstance(value, list) else value.shape
