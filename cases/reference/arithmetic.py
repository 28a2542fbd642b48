"""The elementary operations that the reference is written with, and how they may be computed otherwise.

`product`, `rounded` and `activate` are the only places where the reference rounds in a way that matters. An
`Arithmetic` says how: the usual one adds nothing to NumPy; others compute in lower precision, or move every result by
a random amount of the size of a rounding error, forward and backward alike. Tolerances are made with the latter.

Arrays may have leading axes: (..., batch, n). They stand for independent copies of the computation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as onp
from autograd.core import SparseObject, VSpace, vspace
from autograd.extend import defvjp, primitive
from scipy.special import expit


class Arithmetic:
    """NumPy's own arithmetic. Subclasses override what they compute in another way."""

    def product(self, a: onp.ndarray, b: onp.ndarray) -> onp.ndarray:
        """The matrix product (..., m, n) x (..., n, k): of values in the forward, of gradients in the backward pass."""
        return a @ b

    def rounded(self, value: onp.ndarray) -> onp.ndarray:
        """The result of an elementwise operation, `value` being the exact one."""
        return value

    def activated(self, name: str, value: onp.ndarray) -> onp.ndarray:
        """The result of the activation `name`, `value` being the exact one."""
        return value


_USUAL = Arithmetic()
_arithmetic: ContextVar[Arithmetic] = ContextVar("arithmetic", default=_USUAL)


@contextmanager
def using(arithmetic: Arithmetic) -> Iterator[None]:
    """Everything inside is computed with `arithmetic`."""
    token = _arithmetic.set(arithmetic)
    try:
        yield
    finally:
        _arithmetic.reset(token)


@primitive
def product(a, b):
    """The matrix product (..., m, n) x (..., n, k)."""
    return _arithmetic.get().product(a, b)


def _turned(a):
    return onp.swapaxes(a, -1, -2)


defvjp(
    product,
    lambda ans, a, b: lambda g: _arithmetic.get().product(g, _turned(b)),
    lambda ans, a, b: lambda g: _arithmetic.get().product(_turned(a), g),
)


@primitive
def rounded(value):
    """`value` as an elementwise operation returns it; the gradient that comes back through it is such a result too."""
    return _arithmetic.get().rounded(value)


defvjp(rounded, lambda ans, value: lambda g: _arithmetic.get().rounded(g))


def _hard_sigmoid(x):
    return onp.clip(x + 3.0, 0.0, 6.0) / 6.0  # Keras 3: relu6(x + 3) / 6


# The derivatives are written by the result y where frameworks do so: its rounding error is part of theirs.
_ACTIVATIONS = {
    "linear": (lambda x: x, lambda x, y: onp.ones_like(x)),
    "tanh": (onp.tanh, lambda x, y: 1.0 - y * y),
    "sigmoid": (expit, lambda x, y: y * (1.0 - y)),
    "hard_sigmoid": (_hard_sigmoid, lambda x, y: ((x > -3.0) & (x < 3.0)) / x.dtype.type(6.0)),
    "relu": (lambda x: onp.maximum(x, 0.0), lambda x, y: (x > 0.0).astype(x.dtype)),
    "elu": (
        lambda x: onp.where(x > 0.0, x, onp.expm1(onp.minimum(x, 0.0))),
        lambda x, y: onp.where(x > 0.0, 1.0, y + 1.0),
    ),
    "softplus": (lambda x: onp.logaddexp(x, x.dtype.type(0.0)), lambda x, y: expit(x)),
    "softsign": (lambda x: x / (1.0 + onp.abs(x)), lambda x, y: 1.0 / (1.0 + onp.abs(x)) ** 2),
}


@primitive
def activate(x, name):
    """The activation `name` of `x`, elementwise. The derivative at a kink (relu, hard_sigmoid) is 0."""
    return _arithmetic.get().activated(name, _ACTIVATIONS[name][0](x))


defvjp(
    activate,
    lambda ans, x, name: (
        lambda g: _arithmetic.get().rounded(g * _ACTIVATIONS[name][1](x, ans).astype(g.dtype, copy=False))
    ),
    argnums=(0,),
)


@primitive
def part(array, index):
    """`array[index]`, for an index that names each element once: autograd may not assume so, and its own is slow."""
    return array[index]


def _part_back(ans, array, index):
    space: VSpace = vspace(array)

    def add(g):
        def into(total):
            total[index] += g
            return total

        return SparseObject(space, into)

    return add


defvjp(part, _part_back, argnums=(0,))


@primitive
def softmax(x):
    """exp(x) / sum exp(x) along the last axis."""
    powers = onp.exp(x - onp.max(x, axis=-1, keepdims=True))
    return _arithmetic.get().activated("softmax", powers / onp.sum(powers, axis=-1, keepdims=True))


defvjp(
    softmax, lambda ans, x: lambda g: _arithmetic.get().rounded(ans * (g - onp.sum(g * ans, axis=-1, keepdims=True)))
)
