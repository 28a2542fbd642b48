"""Layers under the function transforms of their framework: forward mode, mapping over rows, the gradients of each row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cases.batches import BatchPlan, rows
from cases.families.base import statement
from cases.invariants.base import NotSupported, against_reference, settled
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.reference import run
from cases.requests import Deviation, Execution, Observation, Refusal, Request, first_line
from cases.tolerance import compare, expect, unit_roundoff

FACTORS = {
    "cell": ("lstm", "gru", "simple_rnn"), "mask": ("right", "none", "gaps"), "states": (True, False),
    "direction": ("forward", "bidirectional"), "kernel": ("fused", "generic"),
}
OPTIONS: dict[str, Any] = {"factors": FACTORS, "usual": {
    "mask": ("right", "none"), "direction": ("forward",)}, "strength": (1, 2, 2), "sparing": 1}
ABSENT = ("not implemented", "does not support", "not supported", "unsupported")
"""The words by which a framework says that a transform is not offered for a kernel."""


def asked(cell: str, mask: str, states: bool, direction: str, kernel: str) -> Request:
    """A layer on four rows of five steps."""
    layer = Layer(cell, 3, 4, direction=direction)
    batch = BatchPlan(4, 5, mask, states).draw(layer)
    return Request(layer, draw_weights(layer), batch, wants=("outputs", "states", "gradients"), execution=Execution(kernel))


def transformed(ask, request: Request, transform: str, **more: Any) -> Observation:
    """What the transformed layer gives. Raises NotSupported where the framework says that it does not offer that."""
    arguments = {"request": request, "transform": transform, **more}
    answer = ask.answer(FunctionRequest("transformed", tuple(arguments.items())))
    if isinstance(answer, Refusal) and any(word in answer.message.lower() for word in ABSENT):
        raise NotSupported(f"{transform} is not offered: {first_line(answer.message, 150)}")
    return settled(answer)


def tangents(request: Request) -> dict[str, np.ndarray]:
    """A direction in inputs, initial states and weights, each named as its gradient is; zero at masked steps."""
    random = generator("tangents", request.layer)
    batch = request.batch
    given = {"inputs": batch.inputs, **{f"states/{n}": a for n, a in (batch.initial_states or {}).items()},
             **{f"weights/{n}": a for n, a in request.weights.items()}}
    drawn = {name: random.uniform(-1.0, 1.0, array.shape) for name, array in given.items()}
    drawn["inputs"] = drawn["inputs"] * batch.valid[:, :, None]
    return drawn


@statement("The derivative along a direction, in forward mode, is the sum of the gradients times that direction.", **OPTIONS,
           source="PyTorch: torch.func.jvp; JAX: jax.jvp; TensorFlow: tf.autodiff.ForwardAccumulator")
def forward_mode_is_reverse_mode(ask, **variant):
    request = asked(**variant)
    along = tangents(request)
    return derived(transformed(ask, request, "forward mode", tangents=along), request, along)


def derived(seen: Observation, request: Request, along: Mapping[str, np.ndarray]) -> list[Deviation]:
    """What is wrong with a derivative along a direction."""
    expected = expect(request)
    terms = {name: expected[f"gradients/{name}"].value * array for name, array in along.items()}
    allowed = sum(np.sum(expected[f"gradients/{name}"].allowed * np.abs(array)) for name, array in along.items())
    allowed += 64 * unit_roundoff("float32") * sum(np.abs(term).sum() for term in terms.values())
    due = np.array(sum(term.sum() for term in terms.values()))
    return compare("derivative", seen["derivative"], due, allowed)


STEP = 1e-5
"""By which all that is given moves, there and back, in float64: what is cut off is of its square."""


def moved(request: Request, along: Mapping[str, np.ndarray], far: float) -> Request:
    """The request with all that is given moved so far along a direction."""
    batch, states = request.batch, request.batch.initial_states
    batch = batch.but(inputs=batch.inputs + far * along["inputs"], initial_states=None if states is None else {
        name: array + far * along[f"states/{name}"] for name, array in states.items()})
    return request.but(batch=batch, weights={n: array + far * along[f"weights/{n}"] for n, array in request.weights.items()})


def change(request: Request, along: Mapping[str, np.ndarray], answer: Callable[[Request], Observation] = run) -> dict[str, Any]:
    """How the gradients of half the sum of squares of the results, each times its cotangent, change along a direction."""
    found = []
    for far in (STEP, -STEP):
        there = moved(request, along, far)
        results = answer(there.but(wants=("outputs", "states")))
        squares = {name: array * results[name] for name, array in there.batch.cotangents.items()}
        found.append(answer(there.but(batch=there.batch.but(cotangents=squares))))
    return {name: (found[0][name] - found[1][name]) / (2 * STEP) for name in (f"gradients/{name}" for name in along)}


@statement("The gradient of the gradients' sum along a direction is how the gradients change along it.",
           **{**OPTIONS, "sparing": 0, "usual": {"mask": ("right", "none")}},
           source="PyTorch: torch.autograd.grad(create_graph=True), double backward")
def gradients_have_gradients(ask, **variant):
    request = asked(**variant)
    along = tangents(request)
    seen = transformed(ask, request, "second order", tangents=along)
    found = []
    for name, due in change(request, along).items():
        found += compare(name, seen[name], due, 256 * unit_roundoff("float32") * max(1.0, np.abs(due).max()))
    return found


@statement("Mapped over the rows of a batch, a layer gives what it gives on the batch.", **OPTIONS,
           source="PyTorch: torch.vmap; JAX: jax.vmap")
def mapped_rows_are_the_batch(ask, **variant):
    request = asked(**variant).but(wants=("outputs", "states"))
    return against_reference(transformed(ask, request, "mapping over rows"), request, "outputs", "states")


@statement("The gradients of each row, mapped, are those of that row alone.", **OPTIONS,
           source="PyTorch: torch.vmap of torch.func.grad, per-sample gradients; JAX: jax.vmap of jax.grad")
def mapped_gradients_are_those_of_rows(ask, **variant):
    request = asked(**variant)
    seen = transformed(ask, request, "gradients of each row")
    found: list[Deviation] = []
    for row in range(request.batch.size):
        alone = request.but(batch=rows(request.batch, [row]))
        named = {name: array[row] for name, array in seen.arrays.items()}
        found += [replace(d, message=f"row {row}: {d.message}")
                  for d in against_reference(Observation(named, facts=seen.facts), alone, "gradients/weights")]
    return found


@statement("What torch.compile traced gives, at one length and then at another, the outputs, final states and gradients of the "
           "equations.",
           {"cell": ("lstm", "gru", "simple_rnn"), "mask": ("right", "none"), "kernel": ("generic", "fused")},
           strength=(1, 1, 2), depth="full", source="PyTorch: torch.compile")
def traced_layers_match_reference(ask, cell, mask, kernel):
    found = []
    for steps in (2, 3):
        layer = Layer(cell, 3, 4)
        request = Request(layer, draw_weights(layer), BatchPlan(3, steps, mask, True).draw(layer),
                          wants=("outputs", "states", "gradients"), execution=Execution(kernel))
        seen = transformed(ask, request, "torch.compile")
        found += against_reference(seen, request, "outputs", "states", "loss", "gradients")
    return found


@statement("A layer that is computed again for its gradients, in place of keeping what it computed, is trained as the plain one, "
           "with the same dropout; where the model is computed again as a whole, with the same mask.", {
    "mode": ("list_of_layers", "larger_than", "activations", "full"), "rate": (0.5, 0.0), "eager": (True, False),
    "cell": ("lstm", "gru", "simple_rnn"), "direction": ("forward", "bidirectional"),
}, strength=(1, 2, 3), usual={"direction": ("forward",), "cell": ("lstm", "gru"), "eager": (True,)}, sparing=1,
           source="Keras: RematScope; PyTorch: torch.utils.checkpoint")
def recomputed_layers_are_trained_alike(ask, cell, direction, **how):
    layer = Layer(cell, 3, 4, direction=direction)
    batch = BatchPlan(4, 3, "gaps" if how["mode"] == "full" and not how["rate"] else "none").draw(layer)
    arguments = {"layer": layer, "weights": draw_weights(layer), "batch": batch, **how}
    seen = ask(FunctionRequest("recomputed", tuple(arguments.items())))
    plain = seen.named("plain")
    found = [] if plain else [Deviation("plain", "no weights came")]
    for name, due in plain.items():
        other, due = f"recomputed/{name.partition('/')[2]}", due.astype("float64")
        found += compare(other, seen[other], due, 64 * unit_roundoff("float32") * np.maximum(1.0, np.abs(due)))
    return found
