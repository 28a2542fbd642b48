"""The convolutions of a ConvLSTM, as matrix products of the windows with the kernel.

Arrays are flat: inputs (..., batch, channels * places), results (..., batch, gates * filters * places), so that the
block of one gate is one piece of the last axis, as in every other cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import autograd.numpy as np
import numpy as onp

from cases.convolutions import Convolution
from cases.layers import Layer

from .arithmetic import part, product

Array = Any


def from_input(layer: Layer, weights: Mapping[str, Array], x: Array) -> Array:
    """x W + b"""
    return convolved(layer.convolution, x, weights["kernel"], weights.get("bias"))


def from_state(layer: Layer, weights: Mapping[str, Array], h: Array) -> Array:
    """h U + d"""
    return convolved(layer.convolution.of_state, h, weights["recurrent_kernel"], weights.get("recurrent_bias"))


def convolved(convolution: Convolution, x: Array, kernel: Array, bias: Array | None) -> Array:
    """Cross-correlation of x (..., batch, channels * places) with the kernel (..., *size, channels, filters), and the bias
    (..., filters) added: (..., batch, filters * places')."""
    rank, places = convolution.rank, convolution.places
    channels, filters = kernel.shape[-2:]
    lead, batch = x.shape[:-2], x.shape[-2]
    images = np.reshape(x, (*lead, batch, channels, *convolution.space))
    if any(map(any, convolution.zeros)):
        images = np.pad(images, [(0, 0)] * (len(lead) + 2) + list(convolution.zeros), mode="constant")
    windows = [
        part(images, (Ellipsis, slice(None), *(
            slice(at * d, at * d + (n - 1) * s + 1, s)
            for at, d, n, s in zip(offset, convolution.dilation, places, convolution.strides, strict=True)
        )))
        for offset in onp.ndindex(*convolution.size)
    ]  # each (..., batch, channels, *places')
    gathered = np.reshape(np.stack(windows, axis=len(lead) + 1), (*lead, batch, len(windows) * channels, prod(places)))
    rows = np.reshape(np.swapaxes(gathered, -1, -2), (*lead, batch * prod(places), len(windows) * channels))
    flat = np.reshape(kernel, (*kernel.shape[: kernel.ndim - rank - 2], len(windows) * channels, filters))
    found = product(rows, flat)
    if bias is not None:
        found = found + np.expand_dims(bias, -2)
    found = np.swapaxes(np.reshape(found, (*lead, batch, prod(places), filters)), -1, -2)
    return np.reshape(found, (*lead, batch, filters * prod(places)))
