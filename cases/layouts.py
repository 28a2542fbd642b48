"""Weight layouts and gate orders of the frameworks, written once. Users port models with it.

             this project                     Keras                              PyTorch
    LSTM     gates i f c o                    i f c o                            i f g o   (g is Keras' c)
    GRU      gates z r h                      z r h                              r z n     (n is Keras' h)
    kernel   kernel (features, gates·units)   kernel, the same                   weight_ih_lK (gates·units, features)
    state    recurrent_kernel (units, g·u)    recurrent_kernel, the same         weight_hh_lK (gates·units, units)
    biases   bias, recurrent_bias (g·u,)      one bias, their sum; for a GRU     bias_ih_lK, bias_hh_lK
                                              with reset_after: (2, gates·units)
    names    INDEX/forward, INDEX/backward    a layer each                       suffix _lK, _lK_reverse

A Keras bias is a sum, so it cannot be taken apart again: `from_keras` returns it as `bias` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cases.layers import Layer

NODE_WEIGHTS: Mapping[str, tuple[str, ...]] = {
    "dense": ("kernel", "bias"),
    "crf": ("transitions", "start", "end"),
    "conv1d": ("kernel", "bias"),
    "conv2d": ("kernel", "bias"),
    "conv3d": ("kernel", "bias"),
    "embedding": ("embeddings",),
    "batch_norm": ("gamma", "beta", "moving_mean", "moving_variance"),
}
"""Op of a node -> the names of its weights, in the order of Keras' layer."""

PYTORCH_GATES: Mapping[str, str] = {"simple_rnn": "h", "lstm": "ifco", "gru": "rzh", "conv_lstm": "ifco"}
"""PyTorch's gate order in this project's letters. It has no ConvLSTM: that of its LSTM, (filters, channels, *size)."""


def reorder(array: np.ndarray, units: int, found: str, wanted: str) -> np.ndarray:
    """The blocks of `units` along the last axis, from gate order `found` to gate order `wanted`."""
    return np.concatenate([array[..., found.index(g) * units : (found.index(g) + 1) * units] for g in wanted], axis=-1)


def to_keras(layer: Layer, weights: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """`INDEX/DIRECTION` -> that Keras layer's weights: kernel, recurrent_kernel and, if there is one, bias."""
    found = {}
    for prefix in prefixes(layer):
        arrays = [weights[f"{prefix}/kernel"], weights[f"{prefix}/recurrent_kernel"]]
        if layer.bias:
            pair = weights[f"{prefix}/bias"], weights[f"{prefix}/recurrent_bias"]
            arrays.append(np.stack(pair) if keeps_both_biases(layer) else pair[0] + pair[1])
        found[prefix] = arrays
    return found


def from_keras(layer: Layer, arrays: Mapping[str, Sequence[np.ndarray]]) -> dict[str, np.ndarray]:
    """The inverse of `to_keras`, for weights or their gradients. Where Keras has one bias, there is no
    `recurrent_bias` in the result."""
    weights = {}
    for prefix in prefixes(layer):
        parts = arrays[prefix]
        weights[f"{prefix}/kernel"], weights[f"{prefix}/recurrent_kernel"] = parts[0], parts[1]
        if layer.bias and keeps_both_biases(layer):
            weights[f"{prefix}/bias"], weights[f"{prefix}/recurrent_bias"] = parts[2][0], parts[2][1]
        elif layer.bias:
            weights[f"{prefix}/bias"] = parts[2]
    return weights


def to_pytorch(layer: Layer, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state dict of `nn.RNN`, `nn.LSTM` or `nn.GRU`: parameter name -> array."""
    found = {}
    for prefix in prefixes(layer):
        for name, parameter in _PARAMETERS.items():
            if f"{prefix}/{name}" in weights:
                array = reorder(weights[f"{prefix}/{name}"], layer.filters, layer.gates, PYTORCH_GATES[layer.cell])
                ends = ((-1, -2), (0, 1)) if array.ndim > 1 else (0, 0)
                found[parameter + suffix(prefix)] = np.ascontiguousarray(np.moveaxis(array, *ends))
    return found


def from_pytorch(layer: Layer, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The inverse of `to_pytorch`, for weights or their gradients."""
    weights = {}
    for prefix in prefixes(layer):
        for name, parameter in _PARAMETERS.items():
            if parameter + suffix(prefix) in arrays:
                array = arrays[parameter + suffix(prefix)]
                array = np.moveaxis(array, (0, 1), (-1, -2)) if array.ndim > 1 else array
                weights[f"{prefix}/{name}"] = reorder(array, layer.filters, PYTORCH_GATES[layer.cell], layer.gates)
    return weights


_PARAMETERS = {
    "kernel": "weight_ih", "recurrent_kernel": "weight_hh", "bias": "bias_ih", "recurrent_bias": "bias_hh",
}


def prefixes(layer: Layer) -> list[str]:
    """`INDEX/DIRECTION` of every cell of the stack, in order."""
    return [f"{index}/{direction}" for index in range(layer.layers) for direction in layer.directions]


def suffix(prefix: str) -> str:
    """PyTorch's suffix of a parameter for `INDEX/DIRECTION`."""
    index, direction = prefix.split("/")
    return f"_l{index}" + ("_reverse" if direction == "backward" else "")


def keeps_both_biases(layer: Layer) -> bool:
    """Whether Keras keeps the two biases of this cell apart."""
    return layer.cell == "gru" and layer.reset_after
