"""Answers a Request: calls before it, outputs, states, mask, loss and gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import autograd.numpy as np
import numpy as onp
from autograd.core import make_vjp
from autograd.tracer import getval

from cases.batches import Batch
from cases.layers import Layer
from cases.requests import Inferred, Observation, Request, Reset

from .arithmetic import part, product
from .stack import forward

Array = Any
Given = Callable[[onp.ndarray], onp.ndarray]


def run(request: Request, padding: str = "hold", dtype: str = "float64", given: Given | None = None) -> Observation:
    """The observation that is right: the arrays named in `cases.requests` for what `request.wants` names.

    padding   what stands in the outputs at masked steps, `hold` or `zero`, where the layer itself does not say
    dtype     everything is computed in it: float64, or float32 for a look at the effect of rounding
    given     how each array is taken (usually cast to `dtype`). It may add leading axes; the answer has them too.

    States are in the answer where the layer returns them. The mask that is passed on is there where the layer returns
    sequences and was given one. The loss is the sum over `batch.cotangents` of the named array times its cotangent.
    Whatever stands at masked steps is replaced by 0 before anything is computed, so its gradient is exactly 0.

    Raises ValueError for what has no one right answer or is contradictory: dropout in training, gradients without
    cotangents, unknown cotangents, missing weights or states, shapes that do not fit.
    """
    layer, batch = request.layer, request.batch
    if request.execution.mode == "training" and (layer.dropout or layer.recurrent_dropout):
        raise ValueError("dropout in training: the reference draws no dropout masks; ask for inference or a rate of 0")
    given = given or (lambda array: onp.asarray(array, dtype))
    weights = {name: given(array) for name, array in _checked_weights(request).items()}
    carried: dict[str, Array] = {}
    for call in request.before:
        call = call.batch if isinstance(call, Inferred) else call
        carried = {} if isinstance(call, Reset) else _after(layer, weights, call, carried, padding, given)

    fixed = _initial_states(layer, batch, carried, given)
    variables = {f"weights/{name}": value for name, value in weights.items()}
    variables["inputs"] = _clean_inputs(layer, batch, given)
    variables.update({f"states/{name}": fixed.pop(name) for name in batch.initial_states or {}})

    arrays: dict[str, Array] = {}

    def loss(variables: Mapping[str, Array]) -> Array:
        variables = {name: variables[name] for name in variables}
        initial = {**fixed, **_named(variables, "states/")}
        found = forward(
            layer, _named(variables, "weights/"), _steps(variables["inputs"]), _valid_steps(batch), initial, padding
        )
        results = {name: _stacked(layer, value, variables["inputs"]) for name, value in found.outputs.items()}
        results.update({f"states/{name}": value for name, value in found.states.items()})
        arrays.update({name: onp.asarray(getval(value)) for name, value in results.items()})
        if layer.return_sequences and found.valid is not None:
            arrays["mask"] = _mask(found.valid, batch)
        return _weighted_sum(results, batch, given) if "gradients" in request.wants else 0.0

    if "gradients" in request.wants:
        if batch.cotangents is None:
            raise ValueError("gradients wanted of a batch without cotangents: use cases.batches.with_cotangents")
        back, value = make_vjp(loss, variables)
        gradients = back(onp.ones_like(value))
        arrays["loss"] = onp.asarray(value)
        arrays.update({f"gradients/{name}": onp.asarray(g) for name, g in gradients.items()})
    else:
        loss(variables)
    return Observation({name: value for name, value in arrays.items() if _wanted(request, name)}, kernel="reference")


def _after(
    layer: Layer, weights: Mapping[str, Array], batch: Batch, carried: Mapping[str, Array], padding: str, given: Given
):
    """The states carried after a call on `batch`: none, unless the layer is stateful."""
    if not layer.stateful:
        return {}
    initial = _initial_states(layer, batch, carried, given)
    return forward(
        layer, weights, _steps(_clean_inputs(layer, batch, given)), _valid_steps(batch), initial, padding
    ).states


def _initial_states(layer: Layer, batch: Batch, carried: Mapping[str, Array], given: Given) -> dict[str, Array]:
    """The batch's own initial states before the carried ones before zeros, (..., batch, units) each."""
    own = batch.initial_states or {}
    if own and set(own) != set(layer.state_keys()):
        keys = layer.state_keys()
        found, wanted = ", ".join(sorted(own)), ", ".join(sorted(keys))
        raise ValueError(f"{len(own)} initial states ({found}): expected {len(keys)} ({wanted})")
    shape, states = (batch.size, layer.units), {}
    for name in layer.state_keys():
        if name in own:
            if own[name].shape != shape:
                raise ValueError(f"initial state {name} of shape {own[name].shape}: expected {shape}")
            states[name] = given(own[name])
        elif name in carried:
            if carried[name].shape[-2:] != shape:
                raise ValueError(f"batch of {batch.size} rows on states carried from {carried[name].shape[-2]} rows")
            states[name] = carried[name]
        else:
            states[name] = given(onp.zeros(shape))
    return states


def _checked_weights(request: Request) -> dict[str, onp.ndarray]:
    """The weights of the layer, each of the shape it must have."""
    found = {}
    for name, shape in request.layer.weight_shapes().items():
        if name not in request.weights:
            raise ValueError(f"weights without {name}: expected {', '.join(request.layer.weight_shapes())}")
        if request.weights[name].shape != shape:
            raise ValueError(f"weight {name} of shape {request.weights[name].shape}: expected {shape}")
        found[name] = request.weights[name]
    return found


def _clean_inputs(layer: Layer, batch: Batch, given: Given) -> Array:
    """The inputs (..., batch, time, features) with 0 at masked steps: what stands in padding must reach nothing."""
    if batch.inputs.ndim != 3 or batch.inputs.shape[2] != layer.features:
        raise ValueError(f"inputs of shape {batch.inputs.shape}: expected (batch, time, {layer.features})")
    if batch.mask is not None and batch.mask.shape != batch.inputs.shape[:2]:
        raise ValueError(f"mask of shape {batch.mask.shape}: expected {batch.inputs.shape[:2]}")
    return given(onp.where(batch.valid[:, :, None], batch.inputs, 0.0))


def _steps(inputs: Array) -> list[Array]:
    """(..., batch, time, features) as a list of steps."""
    return [part(inputs, (Ellipsis, t, slice(None))) for t in range(inputs.shape[-2])]


def _valid_steps(batch: Batch) -> list[onp.ndarray] | None:
    return None if batch.mask is None else [batch.mask[:, t, None].astype(bool) for t in range(batch.time)]


def _mask(valid: list[onp.ndarray], batch: Batch) -> onp.ndarray:
    return onp.concatenate(valid, axis=1) if valid else onp.zeros((batch.size, 0), bool)


def _stacked(layer: Layer, value: Any, inputs: Array) -> Array:
    """A list of steps as (..., batch, time, width); one array as it is."""
    if not isinstance(value, list):
        return value
    if value:
        return np.stack(value, axis=-2)
    width = layer.units if layer.merge == "none" else layer.width
    return onp.zeros((*inputs.shape[:-1], width), inputs.dtype)


def _weighted_sum(results: Mapping[str, Array], batch: Batch, given: Given) -> Array:
    """The loss: the sum over names of array times cotangent, as one inner product a name."""
    total = 0.0
    for name, cotangent in batch.cotangents.items():
        if name not in results:
            raise ValueError(f"cotangent of {name}, which the layer does not have; it has {', '.join(results)}")
        weight, value = given(cotangent), results[name]
        if weight.shape != value.shape:
            raise ValueError(f"cotangent {name} of shape {weight.shape}: expected {value.shape}")
        lead = weight.shape[: weight.ndim - onp.ndim(cotangent)]
        inner = product(np.reshape(value, (*lead, 1, -1)), onp.reshape(weight, (*lead, -1, 1)))
        total = total + part(inner, (Ellipsis, 0, 0))
    return total


def _wanted(request: Request, name: str) -> bool:
    """Whether the array `name` is in the answer."""
    kind = name.split("/")[0]
    if kind == "states":
        return "states" in request.wants and request.layer.return_state
    return ("gradients" if kind == "loss" else kind) in request.wants


def _named(variables: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name[len(prefix) :]: value for name, value in variables.items() if name.startswith(prefix)}
