"""One step of one cell, from the equations.

Shapes: x (..., batch, features), each state (..., batch, units). W is the kernel, U the recurrent kernel, b the bias,
d the recurrent bias; subscripts name gates; s is the recurrent activation, a the activation; * is elementwise.

    SimpleRNN   h' = a(x W + b + h U + d)
    LSTM        i, f, o = s(x W + b + h U + d)_i,f,o    c' = f * c + i * a(x W + b + h U + d)_c    h' = o * a(c')
    GRU         z, r = s(x W + b + h U + d)_z,r         h' = z * h + (1 - z) * n
                n = a((x W + b)_h + r * (h U + d)_h)    reset_after=True  (cuDNN, Keras' default, PyTorch)
                n = a((x W + b)_h + (r * h) U_h + d_h)  reset_after=False (Cho et al., version 3)
    ConvLSTM    the LSTM, x W and h U being convolutions (cross-correlations, as frameworks compute them)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import autograd.numpy as np

from cases.layers import Layer

from .arithmetic import activate, part, product, rounded
from .convolution import from_input, from_state

Array = Any
States = Mapping[str, Array]


def step(layer: Layer, weights: Mapping[str, Array], x: Array, state: States) -> dict[str, Array]:
    """The states after one step, whose output is `h`. `weights`: kernel, recurrent_kernel and the two biases."""
    return _CELLS[layer.cell](layer, weights, x, state)


def simple_rnn(layer: Layer, weights: Mapping[str, Array], x: Array, state: States) -> dict[str, Array]:
    """Elman's network."""
    h = activate(rounded(_from_input(weights, x) + _from_state(weights, state["h"])), layer.activation)
    return {"h": h}


def lstm(layer: Layer, weights: Mapping[str, Array], x: Array, state: States) -> dict[str, Array]:
    """Long short-term memory, without peepholes."""
    gates = rounded(_from_input(weights, x) + _from_state(weights, state["h"]))
    return _lstm_of(layer, gates, state)


def conv_lstm(layer: Layer, weights: Mapping[str, Array], x: Array, state: States) -> dict[str, Array]:
    """Shi et al. 2015, without peepholes, as Keras has it. Inputs and states are flat, see `cases.convolutions`."""
    gates = rounded(from_input(layer, weights, x) + from_state(layer, weights, state["h"]))
    return _lstm_of(layer, gates, state)


def _lstm_of(layer: Layer, gates: Array, state: States) -> dict[str, Array]:
    """The states from the sums of each gate, (..., batch, gates * units)."""
    i = activate(_gate(layer, gates, "i"), layer.recurrent_activation)
    f = activate(_gate(layer, gates, "f"), layer.recurrent_activation)
    o = activate(_gate(layer, gates, "o"), layer.recurrent_activation)
    candidate = activate(_gate(layer, gates, "c"), layer.activation)
    c = rounded(f * state["c"]) + rounded(i * candidate)
    h = rounded(o * activate(c, layer.activation))
    return {"h": h, "c": c}


def gru(layer: Layer, weights: Mapping[str, Array], x: Array, state: States) -> dict[str, Array]:
    """Gated recurrent unit; `layer.reset_after` says where the reset gate acts."""
    h = state["h"]
    given, held = _from_input(weights, x), _from_state(weights, h)
    z = activate(rounded(_gate(layer, given, "z") + _gate(layer, held, "z")), layer.recurrent_activation)
    r = activate(rounded(_gate(layer, given, "r") + _gate(layer, held, "r")), layer.recurrent_activation)
    if layer.reset_after:
        past = rounded(r * _gate(layer, held, "h"))
    else:
        past = product(rounded(r * h), _gate(layer, weights["recurrent_kernel"], "h"))
        if "recurrent_bias" in weights:
            past = past + _row(_gate(layer, weights["recurrent_bias"], "h"))
    candidate = activate(rounded(_gate(layer, given, "h") + past), layer.activation)
    return {"h": rounded(z * h) + rounded((1.0 - z) * candidate)}


_CELLS = {"simple_rnn": simple_rnn, "lstm": lstm, "gru": gru, "conv_lstm": conv_lstm}


def _from_input(weights: Mapping[str, Array], x: Array) -> Array:
    """x W + b, (..., batch, gates * units)."""
    found = product(x, weights["kernel"])
    return found + _row(weights["bias"]) if "bias" in weights else found


def _from_state(weights: Mapping[str, Array], h: Array) -> Array:
    """h U + d, (..., batch, gates * units)."""
    found = product(h, weights["recurrent_kernel"])
    return found + _row(weights["recurrent_bias"]) if "recurrent_bias" in weights else found


def _row(bias: Array) -> Array:
    """A bias (..., n) as a row (..., 1, n) that is added to every row of a batch."""
    return np.expand_dims(bias, -2)


def _gate(layer: Layer, blocks: Array, gate: str) -> Array:
    """The block of one gate along the last axis."""
    start = layer.gates.index(gate) * layer.units
    return part(blocks, (Ellipsis, slice(start, start + layer.units)))
