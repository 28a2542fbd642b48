"""Keras' recurrent layers with dropout, in training, called several times."""

from __future__ import annotations

from typing import Any

from cases.batches import Batch
from cases.families.crossed_dropout import Dropping
from cases.layouts import to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment


def made_of(keras: Any, one: Dropping, seed: int) -> Any:
    """The layer, built, with its weights; two halves in a wrapper, which makes the backward one itself where it is another
    forward one."""
    parts = [stacks.make(keras, half, one.kernel, True, {"seed": seed}) for half in one.halves]
    made, rows = parts[0], one.calls[0].size if one.halves[0].stateful else None
    if len(parts) > 1:
        other = {} if one.halves[0].cell == one.halves[1].cell else {"backward_layer": parts[1]}
        made = keras.layers.Bidirectional(made, dtype=one.halves[0].dtype, **other)
    made.build((rows, None, *stacks.step_shape(one.halves[0])))
    for part, half, weights in zip(stacks.halves(made), one.halves, one.weights, strict=True):
        flat, = to_keras(half, {f"0/{half.direction}/{name}": array for name, array in weights.items()}).values()
        for variable, array in zip((part.cell.kernel, part.cell.recurrent_kernel, part.cell.bias), flat, strict=False):
            variable.assign(array.astype("float32"))
    return made


def called(backend: Any, one: Dropping, made: Any, batch: Batch) -> dict[str, Any]:
    """Outputs and states of a call in training."""
    tensor, first = backend.engine.tensor, one.halves[0]
    real = stacks.real_dtype(first)
    given = {} if batch.mask is None else {"mask": tensor(batch.mask)}
    if batch.initial_states is not None:
        given["initial_state"] = [tensor(stacks.to_axes(first, state.astype(real), state=True))
                                  for state in batch.initial_states.values()]
    outputs, *states = made(tensor(stacks.to_axes(first, batch.inputs.astype(real))), training=True, **given)
    names = [f"states/{number}/{name}" for number, half in enumerate(one.halves) for name in half.state_names]
    return {name: stacks.from_axes(first, backend.engine.numpy(array))
            for name, array in zip(("outputs", *names), (outputs, *states), strict=True)}


def run_crossed_dropout(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.crossed_dropout`."""
    if backend.engine.name == "jax":
        return Unsupported("JAX compiles the loop of every layer here")
    arrays = {}
    for place, given in enumerate(dict(request.arguments)["each"]):
        one = Dropping(*given)
        with moment("build"):
            made = made_of(backend.keras, one, place)
        for call, batch in enumerate(one.calls):
            with moment("run"):
                arrays |= {f"{place}/{call}/{name}": array for name, array in called(backend, one, made, batch).items()}
    return Observation(arrays)
