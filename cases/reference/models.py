"""Answers a ModelRequest: predictions, gradients, training. What each node computes is in `nodes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import autograd.numpy as np
import numpy as onp
from autograd.core import make_vjp
from autograd.tracer import getval

from cases.models import ModelRequest, Node, named_inputs, rows_of
from cases.optimizers import slots, step
from cases.requests import Observation

from .arithmetic import rounded
from .crf import NAMES, log_likelihoods
from .nodes import Moments, Padding, Value, compute, masked, moved

Array = Any
Given = Callable[[onp.ndarray], onp.ndarray]
Inputs = onp.ndarray | Mapping[str, onp.ndarray]


def run_model(
    request: ModelRequest, padding: Padding = "hold", dtype: str = "float64", given: Given | None = None
) -> Observation:
    """The observation that is right: the arrays named in `cases.models.ModelRequest`.

    padding   the convention at masked steps, one for all recurrent nodes or by node name
    dtype, given   as in `run`

    Losses: the mean over the last axis (mse, mae, binary_crossentropy), or minus the sum of target times logarithm of
    the prediction (categorical_crossentropy: predictions are probabilities that sum to 1; nothing is clipped); then the
    mean over the batch and, where predictions have a time axis, over its steps: all of them, or the valid ones where a
    mask reaches the output. crf: minus the mean over the batch of the log-likelihood of the tags.

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

    def predict(weights: Mapping[str, Array], inputs: Inputs, mask: onp.ndarray | None, moments: Any = None) -> Value:
        return _values(request, weights, inputs, mask, padding, given, moments)[request.model.nodes[-1].name]

    def loss_and_gradients(weights: Mapping[str, Array], rows: Any, moments: Any = None) -> tuple[Array, dict[str, Array]]:
        mask = None if request.mask is None else request.mask[rows]
        targets = given(request.targets[rows])

        def loss(weights: Mapping[str, Array]) -> Array:
            weights = {name: weights[name] for name in weights}
            if training.loss == "crf":
                return _of_paths(request, weights, predict(weights, rows_of(request.inputs, rows), mask), request.targets[rows])
            return _loss(training.loss, predict(weights, rows_of(request.inputs, rows), mask, moments), targets)

        back, value = make_vjp(loss, weights)
        return onp.asarray(value), back(onp.ones_like(value))

    values = _values(request, weights, request.inputs, request.mask, padding, given)
    shapes = {name: value.shape[1:] for name, value in values.items()}
    arrays = {"predictions": onp.asarray(values[request.model.nodes[-1].name].array)}
    if "gradients" in request.wants:
        arrays["loss"], gradients = loss_and_gradients(weights, slice(None))
        still = (*(training.frozen), *(name for name in gradients if "/moving_" in name))
        arrays.update({f"gradients/{name}": onp.asarray(g) for name, g in gradients.items() if name not in still})
    if training is not None:
        losses, looked = [], []
        hyper, trained = dict(training.hyper), [
            name for name in weights if name not in training.frozen and "/moving_" not in name
        ]
        memory = {name: slots(training.optimizer, weights[name], hyper) for name in trained}
        lead = next((weights[name].ndim - onp.ndim(request.weights[name]) for name in trained), 0)
        for number, rows in enumerate(training.steps, start=1):
            moments: Moments = {}
            value, gradients = loss_and_gradients(weights, list(rows), moments)
            losses.append(value)
            moved, memory = step(
                training.optimizer, hyper, {name: weights[name] for name in trained}, gradients, memory, number, rounded, lead
            )
            weights.update(moved)
            weights.update(_moving(request, weights, moments, shapes, len(rows)))
            if training.validation and number % len(training.batches) == 0:
                looked.append(loss_and_gradients(weights, list(training.validation))[0])
                if min(looked, key=lambda loss: loss.mean()) is looked[-1]:
                    arrays["saved"] = arrays["loaded"] = onp.asarray(predict(weights, request.inputs, request.mask).array)
        arrays["losses"] = onp.stack(losses, axis=-1) if losses else onp.zeros(0)
        if looked:
            arrays["validation"] = onp.stack(looked, axis=-1)
        arrays.update({f"weights/{name}": weight for name, weight in weights.items()})
        unseen = request.inputs if request.unseen is None else request.unseen
        mask = request.mask if request.unseen is None else None
        arrays["trained"] = onp.asarray(predict(weights, unseen, mask).array)
    return Observation(arrays, kernel="reference", facts={"shapes": shapes})


def _values(
    request: ModelRequest,
    weights: Mapping[str, Array],
    inputs: Inputs,
    mask: onp.ndarray | None,
    padding: Padding,
    given: Given,
    moments: Moments | None = None,
) -> dict[str, Value]:
    """The value of every node; `moments` in training, see `compute`."""
    values: dict[str, Value] = {}
    raw = named_inputs(request.model, inputs)
    spare = mask
    for node in request.model.nodes:
        if node.op == "input":
            array = raw[node.name]
            array = array if onp.issubdtype(array.dtype, onp.integer) else given(array)
            values[node.name] = Value(array, None, raw[node.name].ndim)
            continue
        sources = [values[name] for name in node.inputs]
        if node.op == "masking":
            values[node.name] = _masking(node, sources[0], raw)
            continue
        if node.op == "recurrent":
            if sources[0].mask is None and spare is not None:
                sources[0] = sources[0]._replace(mask=spare)
            spare = None
        values[node.name] = compute(node, node.name, weights, sources, padding, moments)
    return values


def _moving(
    request: ModelRequest, weights: Mapping[str, Array], moments: Moments, shapes: Mapping[str, tuple[int, ...]], rows: int
) -> dict[str, Array]:
    """The moving averages after a step on `rows` rows."""
    found = {}
    for node in request.model.nodes:
        if node.op == "batch_norm":
            names = [f"{node.name}/moving_{what}" for what in ("mean", "variance")]
            batch = tuple(onp.asarray(getval(moment)) for moment in moments[node.name])
            count = rows * int(onp.prod(shapes[node.name][:-1]))
            found.update(zip(names, moved(node, tuple(weights[n] for n in names), batch, count), strict=True))
    return found


def _masking(node: Node, source: Value, raw: Mapping[str, onp.ndarray]) -> Value:
    if node.inputs[0] not in raw:
        raise ValueError(
            f"node {node.name} makes a mask from {node.inputs[0]}: the reference makes one from the inputs only"
        )
    return masked(node, source, raw[node.inputs[0]])


def _loss(name: str, predictions: Value, targets: Array) -> Array:
    """The loss, a scalar (or one a leading axis)."""
    shape = predictions.shape
    if shape != targets.shape[targets.ndim - len(shape) :]:
        raise ValueError(f"targets of shape {targets.shape}: expected {shape}")
    values = _ELEMENT[name](predictions.array, targets)
    places = tuple(range(-len(shape) + 1, 0))
    if predictions.mask is None or len(shape) < 3:
        return np.mean(values, axis=places)
    return np.sum(values * predictions.mask, axis=places) / float(max(predictions.mask.sum(), 1))


def _of_paths(request: ModelRequest, weights: Mapping[str, Array], emissions: Value, tags: onp.ndarray) -> Array:
    """Minus the mean log-likelihood of a CRF, which is the last node."""
    name = request.model.nodes[-1].name
    numbers = (weights[f"{name}/{each}"] for each in NAMES[1:])
    mask = onp.ones(tags.shape, bool) if emissions.mask is None else emissions.mask
    return -np.mean(log_likelihoods(emissions.array, *numbers, mask, tags), axis=-1)


_ELEMENT: Mapping[str, Callable[[Array, Array], Array]] = {
    "mse": lambda p, y: np.mean(rounded(p - y) ** 2, axis=-1),
    "mae": lambda p, y: np.mean(np.abs(rounded(p - y)), axis=-1),
    "categorical_crossentropy": lambda p, y: -np.sum(y * rounded(np.log(p)), axis=-1),
    "binary_crossentropy": lambda p, y: (
        -np.mean(y * rounded(np.log(p)) + (1.0 - y) * rounded(np.log(1.0 - p)), axis=-1)
    ),
}


def _refuse_dropout(request: ModelRequest) -> None:
    """Raise ValueError for what training does otherwise than prediction, and the reference does not do."""
    for node in request.model.nodes:
        options = dict(node.options)
        layer = options.get("layer")
        if isinstance(layer, Node):
            options, layer = dict(layer.options), dict(layer.options).get("layer")
        if options.get("rate") or (layer is not None and (layer.dropout or layer.recurrent_dropout)):
            raise ValueError(
                f"node {node.name}: dropout in training; the reference draws no dropout masks, use a rate of 0"
            )
        if node.op == "time_distributed" and node["layer"].op == "batch_norm" and request.training.batches:
            raise ValueError(f"node {node.name}: batch_norm in training under time_distributed; the reference has none")
