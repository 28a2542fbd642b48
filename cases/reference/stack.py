"""The scan over time with its mask, directions, merges and stacks.

A sequence is a list with one array (..., batch, features) a step; its validity is a list with one (batch, 1) bool a
step, or None where every step is valid. At a masked step the states are held. What stands in the outputs there is a
convention:

    hold   the previous output is repeated; zeros before the first valid step in the order of processing
    zero   zeros

Without return_sequences the output is the last valid one in the order of processing, zeros where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import autograd.numpy as np

from cases.layers import Layer

from .arithmetic import rounded
from .cells import step

Array = Any
PADDINGS = ("hold", "zero")


class Pass(NamedTuple):
    """What one direction of one layer gives: the outputs in the order of processing, the last valid one, the states."""

    outputs: list[Array]
    last: Array
    states: dict[str, Array]


class Forward(NamedTuple):
    """What a stack gives: name -> the outputs' steps (or the one array without return_sequences), the final states, and
    the validity that goes with the outputs."""

    outputs: dict[str, Any]
    states: dict[str, Array]
    valid: list[Array] | None


def scan(
    layer: Layer,
    weights: Mapping[str, Array],
    steps: Sequence[Array],
    valid: Sequence[Array] | None,
    initial: Mapping[str, Array],
    padding: str,
) -> Pass:
    """One cell over `steps`, in the order given. Raises ValueError for an unknown padding convention."""
    if padding not in PADDINGS:
        raise ValueError(f"padding={padding!r}: expected one of {', '.join(PADDINGS)}")
    states, outputs = dict(initial), []
    nothing = np.zeros_like(initial["h"])
    last = nothing
    for index, x in enumerate(steps):
        new = step(layer, weights, x, states)
        if valid is None or valid[index].all():
            states, last = new, new["h"]
            outputs.append(last)
        else:
            here = valid[index]
            states = {name: np.where(here, new[name], states[name]) for name in states}
            last = np.where(here, new["h"], last)
            outputs.append(last if padding == "hold" else np.where(here, last, nothing))
    return Pass(outputs, last, states)


def forward(
    layer: Layer,
    weights: Mapping[str, Array],
    steps: Sequence[Array],
    valid: Sequence[Array] | None,
    initial: Mapping[str, Array],
    padding: str,
) -> Forward:
    """The whole stack. `weights` and `initial` have the names of `Layer.weight_shapes()` and `Layer.state_keys()`.

    `direction="backward"` processes the last step first and leaves its outputs, and their validity, in the order of
    processing; the backward half of a bidirectional layer is put back into the order of time.

    Raises ValueError for a stack whose two directions are not merged: the next layer reads one sequence.
    """
    if layer.layers > 1 and layer.merge == "none" and layer.direction == "bidirectional":
        raise ValueError(
            f"merge='none' with layers={layer.layers}: two outputs are no input; use layers=1 or another merge"
        )
    padding = "zero" if layer.padding_output == "zero" else padding
    states: dict[str, Array] = {}
    outputs: dict[str, Any] = {}
    for index in range(layer.layers):
        passes = {}
        for direction in layer.directions:
            prefix = f"{index}/{direction}/"
            order = slice(None, None, -1) if direction == "backward" else slice(None)
            passes[direction] = scan(
                layer,
                _under(weights, prefix),
                steps[order],
                None if valid is None else valid[order],
                _under(initial, prefix),
                padding,
            )
            states.update({prefix + name: value for name, value in passes[direction].states.items()})
        if layer.direction == "backward" and valid is not None:
            valid = valid[::-1]
        if index < layer.layers - 1 or layer.return_sequences:
            outputs = _merged_sequences(layer, passes)
            steps = outputs.get("outputs", [])
        else:
            outputs = _merged(layer, {direction: found.last for direction, found in passes.items()})
    return Forward(outputs, states, valid)


def _merged_sequences(layer: Layer, passes: Mapping[str, Pass]) -> dict[str, list[Array]]:
    """Name of the output -> its steps, both halves in the order of time."""
    if layer.direction != "bidirectional":
        return {"outputs": next(iter(passes.values())).outputs}
    ahead, back = passes["forward"].outputs, passes["backward"].outputs[::-1]
    if layer.merge == "none":
        return {"outputs/forward": ahead, "outputs/backward": back}
    pairs = zip(ahead, back, strict=True)
    return {"outputs": [_merged(layer, {"forward": a, "backward": b})["outputs"] for a, b in pairs]}


def _merged(layer: Layer, halves: Mapping[str, Array]) -> dict[str, Array]:
    """Name of the output -> one step of it."""
    if layer.direction != "bidirectional":
        return {"outputs": next(iter(halves.values()))}
    ahead, back = halves["forward"], halves["backward"]
    if layer.merge == "none":
        return {"outputs/forward": ahead, "outputs/backward": back}
    if layer.merge == "concat":
        return {"outputs": np.concatenate([ahead, back], axis=-1)}
    if layer.merge == "mul":
        return {"outputs": rounded(ahead * back)}
    total = rounded(ahead + back)
    return {"outputs": total / 2.0 if layer.merge == "ave" else total}


def _under(named: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name[len(prefix) :]: value for name, value in named.items() if name.startswith(prefix)}
