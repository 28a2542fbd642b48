"""Chains of cells: the scan over time of `cases.chains`, its masks, directions, states and gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import autograd.numpy as np
import numpy as onp
from autograd.core import make_vjp
from autograd.tracer import getval

from cases.batches import Batch
from cases.chains import UNEVEN, Cell, Chain
from cases.requests import Observation, Reset

from .answer import _clean_inputs, _mask, _steps, _valid_steps, _weighted_sum
from .arithmetic import activate, part, product, rounded
from .cells import _from_input, _from_state, _row, step

Array = Any


def run_chain(
    chain: Chain, weights: Mapping[str, onp.ndarray], batch: Batch, gradients: bool = True,
    before: tuple[Batch | Reset, ...] = (),
    origin: str = "built", padding: str = "hold", dtype: str = "float64", given: Callable | None = None,
) -> Observation:
    """The observation that is right; `padding`, `dtype` and `given` as in `answer.run`. A stateful chain carries its states from
    the calls of `before`."""
    given = given or (lambda array: onp.asarray(array, dtype))
    fixed = {f"weights/{name}": given(array) for name, array in weights.items()}
    carried: dict[str, Array] = {}
    for call in before:
        if isinstance(call, Reset):
            carried = {}
        elif chain.stateful:
            variables = {**fixed, **_states(chain, call, carried, given)}
            carried = _pass(chain, variables, _inputs(chain, call, given), call, padding)[1]
    variables = {**fixed, **_states(chain, batch, carried, given), "inputs": _inputs(chain, batch, given)}
    arrays: dict[str, Array] = {}

    def loss(variables: Mapping[str, Array]) -> Array:
        outputs, states = _pass(chain, variables, variables["inputs"], batch, padding)
        results = {"outputs": outputs, **{f"states/{name}": value for name, value in states.items()}}
        arrays.update({name: onp.asarray(getval(value)) for name, value in results.items()})
        return _weighted_sum(results, batch, given) if gradients else 0.0

    if gradients:
        back, value = make_vjp(loss, variables)
        found = back(onp.ones_like(value))
        arrays["loss"] = onp.asarray(value)
        kept = {n: g for n, g in found.items() if batch.initial_states is not None or not n.startswith("states/")}
        arrays.update({f"gradients/{name}": onp.asarray(g) for name, g in kept.items()})
    else:
        loss(variables)
    valid = _valid_steps(batch)
    if chain.return_sequences and valid is not None:
        arrays["mask"] = _mask(valid[::-1] if chain.direction == "backward" else valid, batch)
    return Observation(arrays, kernel="reference")


def _inputs(chain: Chain, batch: Batch, given: Callable) -> Array:
    return _clean_inputs(chain, batch, given)


def _states(chain: Chain, batch: Batch, carried: Mapping[str, Array], given: Callable) -> dict[str, Array]:
    """The batch's own initial states before the carried ones before those that the cells begin with."""
    own = batch.initial_states or {}
    return {f"states/{name}": given(own[name]) if name in own else carried.get(name, given(state))
            for name, state in chain.beginnings(batch.size).items()}


def _pass(chain: Chain, variables: Mapping[str, Array], inputs: Array, batch: Batch, padding: str):
    """The outputs, and the final states by name."""
    every, states = range(len(chain.cells)), {}
    loops = [(index,) for index in every] if chain.around == "layers" else [tuple(every)]
    for indices in loops:
        halves = []
        for direction in chain.directions:
            outputs, last, own = _loop(chain, indices, direction, variables, inputs, batch, padding)
            states.update(own)
            if chain.return_sequences or indices != loops[-1]:
                outputs = outputs[::-1] if direction == "backward" and chain.direction == "bidirectional" else outputs
                halves.append(np.stack(outputs, axis=-2))
            else:
                halves.append(last)
        inputs = np.concatenate(halves, axis=-1) if len(halves) > 1 else halves[0]
    return inputs, {name: states[name] for name in chain.state_shapes(0)}


def _loop(chain: Chain, indices: tuple[int, ...], direction: str, variables: Mapping[str, Array], inputs: Array, batch: Batch,
          padding: str):
    """Outputs in the order of processing, the last one, and the final states, of the cells with these indices."""
    padding = "zero" if chain.padding_output == "zero" else padding
    steps, valid = _steps(inputs), _valid_steps(batch)
    order = slice(None, None, -1) if direction == "backward" else slice(None)
    prefixes = {index: f"{direction}/{index}/" for index in indices}
    state = {n: variables[f"states/{n}"] for n in chain.state_shapes(0) if n.startswith(tuple(prefixes.values()))}
    outputs, last = [], None
    for number, x in enumerate(steps[order]):
        new = {}
        for index, prefix in prefixes.items():
            cell = chain.cells[index]
            own = {n[len("weights/" + prefix):]: v for n, v in _items(variables) if n.startswith("weights/" + prefix)}
            held = [state[f"{prefix}{n}"] for n in range(len(cell.state_sizes))]
            x, now = cell_step(cell, own, x, held)
            new.update({f"{prefix}{n}": value for n, value in enumerate(now)})
        nothing = np.zeros_like(x)
        last = nothing if last is None else last
        if valid is None:
            state, last = new, x
            outputs.append(x)
            continue
        here = valid[order][number]
        state = {n: np.where(here, new[n], state[n]) for n in state}
        last = np.where(here, x, last)
        outputs.append(last if padding == "hold" else np.where(here, last, nothing))
    return outputs, last, state


def _items(variables: Mapping[str, Array]) -> list[tuple[str, Array]]:
    return [(name, variables[name]) for name in variables]


def cell_step(cell: Cell, w: Mapping[str, Array], x: Array, states: list[Array]) -> tuple[Array, list[Array]]:
    """One step of one cell: its output, and its new states."""
    if cell.kind in UNEVEN:
        _, q = states
        p = activate(rounded(product(x, w["W"]) + product(q, w["U"]) + _row(w["b"])), "tanh")
        q = activate(rounded(product(p, w["V"]) + product(q, w["R"])), "tanh")
        return rounded(product(p, w["O"]) + product(q, w["Q"])), [p, q]
    if cell.kind == "projected":
        h, c = states
        gates = rounded(_from_input(w, x) + _from_state(w, h))
        i, f, n, o = (part(gates, (Ellipsis, slice(k * cell.units, (k + 1) * cell.units))) for k in range(4))
        c = rounded(activate(f, "sigmoid") * c) + rounded(activate(i, "sigmoid") * activate(n, "tanh"))
        h = product(rounded(activate(o, "sigmoid") * activate(c, "tanh")), w["projection"])
        return h, [h, c]
    layer = cell.layer(x.shape[-1])
    new = step(layer, w, x, dict(zip(layer.state_names, states, strict=True)))
    return new["h"], [new[name] for name in layer.state_names]
