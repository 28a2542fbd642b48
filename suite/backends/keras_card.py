"""The code that Keras has for a card's fused kernels, run without a card: each engine is told that it has one, and where it would
call cuDNN the kernel's twin on the CPU answers.

    torch        `torch._VF.lstm` and `gru`, which take the same arguments on every device
    jax          `jax.experimental.rnn.lstm_ref`, JAX's own description of what `lstm` computes; there is no GRU
    tensorflow   `tf.raw_ops.CudnnRNNV3` has no other device: `cudnn_rnn` computes what NVIDIA documents of it

What a card itself does is not seen here.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from cases.models import FunctionRequest
from cases.requests import Observation, Request, Unsupported

ON_CARDS = ("lstm", "gru", "bidirectional_lstm", "bidirectional_gru")
"""The functions of Keras' engine on torch that ask whether their tensors are on a card."""


def run_without_card(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the requests of `cases.families.kernels_of_cards`: what another request's answer is there, and how often the kernel
    was called for it."""
    asked = dict(request.arguments)["request"]
    if backend.device == "gpu":
        return Unsupported("a card is there: every other question meets its kernels")
    if backend.engine_name == "jax" and isinstance(asked, Request) and asked.layer.cell == "gru":
        return Unsupported("Keras has no kernel of a card for a GRU on JAX")
    with ExitStack() as stack:
        calls = stack.enter_context(STAND_INS[backend.engine_name]())
        if calls is None:
            return Unsupported("this release has no code for a card's kernel on this engine, or asks for a card in another way")
        seen = backend.run_apart(asked) if isinstance(asked, Request) else backend.run_function(asked)
    return Observation(seen.arrays, seen.kernel, facts={**seen.facts, "calls": len(calls)})


@contextmanager
def on_torch() -> Iterator[list[str] | None]:
    """Within, Keras on torch treats the CPU as a card; the names of the kernels that were called."""
    import torch

    own, calls = importlib.import_module("keras.src.backend.torch.rnn"), []
    asking = [function for name in ON_CARDS if (function := getattr(own, name, None)) and "cuda" in function.__code__.co_consts]
    if not asking or not hasattr(own, "_is_cuda_cudnn_available"):
        yield None
        return

    def counted(name: str) -> Any:
        kernel = getattr(torch._VF, name)

        def call(*arguments: Any) -> Any:
            found = kernel(*arguments)  # an error, which Keras passes over in silence, is no call
            calls.append(name)
            return found

        return call

    codes = [function.__code__ for function in asking]
    with ExitStack() as stack:
        stack.enter_context(patch.object(own, "_is_cuda_cudnn_available", lambda: True))
        for name in ("lstm", "gru"):
            stack.enter_context(patch.object(torch._VF, name, counted(name), create=True))
        try:
            for function, code in zip(asking, codes, strict=True):
                function.__code__ = code.replace(co_consts=tuple("cpu" if one == "cuda" else one for one in code.co_consts))
            yield calls
        finally:
            for function, code in zip(asking, codes, strict=True):
                function.__code__ = code


@contextmanager
def on_jax() -> Iterator[list[str] | None]:
    """The same for JAX."""
    from jax.experimental import rnn as kernels

    own, calls = importlib.import_module("keras.src.backend.jax.rnn"), []
    if not hasattr(own, "_is_gpu_available"):
        yield None
        return

    def lstm(x, h_0, c_0, weights, seq_lengths, input_size, hidden_size, num_layers, dropout, bidirectional):
        sizes = input_size, hidden_size, num_layers, bidirectional
        unpacked = kernels.unpack_lstm_weights(weights, *sizes)
        found = kernels.lstm_ref(x, h_0, c_0, *unpacked, seq_lengths, *sizes[:3], dropout, bidirectional)
        calls.append("lstm")
        return found

    with patch.object(own, "_is_gpu_available", lambda: True), patch.object(kernels, "lstm", lstm):
        yield calls


@contextmanager
def on_tensorflow() -> Iterator[list[str] | None]:
    """The same for TensorFlow."""
    import tensorflow as tf

    own, calls = importlib.import_module("keras.src.backend.tensorflow.rnn"), []
    if not hasattr(own, "_is_gpu_available"):
        yield None
        return
    built = {**tf.sysconfig.get_build_info(), "is_cuda_build": True, "is_rocm_build": False}

    def kernel(*, rnn_mode: str, **given: Any) -> Any:
        found = cudnn_rnn(tf, rnn_mode, **given)
        calls.append(rnn_mode)
        return found

    with patch.object(own, "_is_gpu_available", lambda: True), patch.object(tf.sysconfig, "get_build_info", lambda: built), \
            patch.object(tf.raw_ops, "CudnnRNNV3", kernel):
        yield calls


STAND_INS = {"torch": on_torch, "jax": on_jax, "tensorflow": on_tensorflow}


def cudnn_rnn(tf: Any, mode: str, input: Any, input_h: Any, input_c: Any, params: Any, sequence_lengths: Any, time_major: bool,
              is_training: bool) -> tuple:
    """One layer of one direction as cuDNN documents it (cudnnRNNMode_t: CUDNN_LSTM, CUDNN_GRU), on rows that end at their
    lengths; behind them outputs are zeros and states stay.

    input: (batch, time, features), or time first; input_h, input_c: with an axis of layers behind the batch, or before it.
    params: of every gate its matrix (units, features), then of every gate its matrix (units, units), then both lists of biases;
    gates are i, f, g, o of an LSTM, r, z, n of a GRU. Returns outputs, h, c, and two that nobody reads.
    """
    axis = 0 if time_major else 1
    x = input if time_major else tf.transpose(input, (1, 0, 2))
    h = tf.squeeze(input_h, axis)
    units, features, gates = h.shape[-1], x.shape[-1], 4 if mode == "lstm" else 3
    c = tf.squeeze(input_c, axis) if mode == "lstm" else tf.zeros_like(h)
    sizes = [units * features] * gates + [units * units] * gates + [units] * 2 * gates
    parts = tf.split(params, sizes)
    w = [tf.reshape(part, (units, features)) for part in parts[:gates]]
    r = [tf.reshape(part, (units, units)) for part in parts[gates : 2 * gates]]
    b = parts[2 * gates :]

    outputs = []
    for step in range(int(x.shape[0])):
        read = [x[step] @ tf.transpose(one) + bias for one, bias in zip(w, b[:gates], strict=True)]
        carried = [h @ tf.transpose(one) + bias for one, bias in zip(r, b[gates:], strict=True)]
        moved = _lstm(tf, read, carried, c) if mode == "lstm" else _gru(tf, read, carried, h)
        valid = (step < sequence_lengths)[:, None]
        h, c = tf.where(valid, moved[0], h), tf.where(valid, moved[1], c)
        outputs.append(tf.where(valid, h, tf.zeros_like(h)))
    found = tf.stack(outputs)
    found = found if time_major else tf.transpose(found, (1, 0, 2))
    return found, tf.expand_dims(h, axis), tf.expand_dims(c, axis), None, None


def _lstm(tf: Any, read: Sequence[Any], carried: Sequence[Any], c: Any) -> tuple[Any, Any]:
    """h and c after a step: c' = f c + i g, h' = o tanh(c')."""
    i, f, g, o = (a + b for a, b in zip(read, carried, strict=True))
    new = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(o) * tf.tanh(new), new


def _gru(tf: Any, read: Sequence[Any], carried: Sequence[Any], h: Any) -> tuple[Any, Any]:
    """h after a step, and h: n = tanh(W x + b + r (R h + b')), h' = (1 - z) n + z h."""
    r, z = (tf.sigmoid(a + b) for a, b in zip(read[:2], carried[:2], strict=True))
    n = tf.tanh(read[2] + r * carried[2])
    return (1.0 - z) * n + z * h, h
