"""The update rules of the optimizers, as equations. g is the gradient, w the weight, t the step, counted from 1.

sgd       m <- momentum m - rate g                      (Polyak 1964; Keras and PyTorch agree at a constant rate)
                                                        w <- w + m
          nesterov                                      w <- w + momentum m - rate g
rmsprop   v <- rho v + (1 - rho) g^2                    (Tieleman and Hinton 2012)
          epsilon_place="inside"  (Keras)               w <- w - rate g / sqrt(v + epsilon)
          epsilon_place="outside" (PyTorch)             w <- w - rate g / (sqrt(v) + epsilon)
adam      m <- beta_1 m + (1 - beta_1) g                (Kingma and Ba 2015, algorithm 1)
          v <- beta_2 v + (1 - beta_2) g^2
          M = m / (1 - beta_1^t), V = v / (1 - beta_2^t)
          epsilon_place="outside" (PyTorch)             w <- w - rate M / (sqrt(V) + epsilon)
          epsilon_place="inside"  (Keras)               w <- w - rate M sqrt(1 - beta_2^t) / (sqrt(v) + epsilon)
                                                        (the paper's "epsilon hat", added before v is corrected)

Read from Keras 3.15.1 (`keras/src/optimizers`) and PyTorch 2.13.0 (`torch/optim`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = Any
Slots = Mapping[str, Array]

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "sgd": {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
    "rmsprop": {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7, "epsilon_place": "inside"},
    "adam": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "epsilon_place": "inside"},
}
"""Optimizer -> hyper-parameter -> value where none is given (Keras' defaults)."""
EPSILON_PLACES = ("inside", "outside")


def hyper_parameters(optimizer: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All hyper-parameters of `optimizer`. Raises ValueError for an unknown optimizer, name or place of epsilon."""
    if optimizer not in DEFAULTS:
        raise ValueError(f"optimizer={optimizer!r}: expected one of {', '.join(DEFAULTS)}")
    if unknown := sorted(set(given) - set(DEFAULTS[optimizer])):
        raise ValueError(f"{optimizer} with {', '.join(unknown)}: expected some of {', '.join(DEFAULTS[optimizer])}")
    found = {**DEFAULTS[optimizer], **given}
    if found.get("epsilon_place", "inside") not in EPSILON_PLACES:
        raise ValueError(f"epsilon_place={found['epsilon_place']!r}: expected one of {', '.join(EPSILON_PLACES)}")
    return found


def slots(optimizer: str, weight: Array) -> dict[str, Array]:
    """What the optimizer remembers about a weight before the first step: zeros of its shape."""
    names = {"sgd": ("m",), "rmsprop": ("v",), "adam": ("m", "v")}[optimizer]
    return {name: np.zeros_like(weight) for name in names}


def update(
    optimizer: str, hyper: Mapping[str, Any], weight: Array, gradient: Array, remembered: Slots, step: int
) -> tuple[Array, dict[str, Array]]:
    """The weight after step number `step` (from 1), and what is remembered; any shape, elementwise."""
    return _RULES[optimizer](hyper_parameters(optimizer, hyper), weight, gradient, remembered, step)


def _sgd(hyper: Mapping[str, Any], w: Array, g: Array, remembered: Slots, step: int) -> tuple[Array, dict[str, Array]]:
    rate, momentum = hyper["learning_rate"], hyper["momentum"]
    m = momentum * remembered["m"] - rate * g
    return w + (momentum * m - rate * g if hyper["nesterov"] else m), {"m": m}


def _rmsprop(
    hyper: Mapping[str, Any], w: Array, g: Array, remembered: Slots, step: int
) -> tuple[Array, dict[str, Array]]:
    v = hyper["rho"] * remembered["v"] + (1 - hyper["rho"]) * g**2
    inside = hyper["epsilon_place"] == "inside"
    root = np.sqrt(v + hyper["epsilon"]) if inside else np.sqrt(v) + hyper["epsilon"]
    return w - hyper["learning_rate"] * g / root, {"v": v}


def _adam(hyper: Mapping[str, Any], w: Array, g: Array, remembered: Slots, step: int) -> tuple[Array, dict[str, Array]]:
    m = hyper["beta_1"] * remembered["m"] + (1 - hyper["beta_1"]) * g
    v = hyper["beta_2"] * remembered["v"] + (1 - hyper["beta_2"]) * g**2
    first, second = 1 - hyper["beta_1"] ** step, 1 - hyper["beta_2"] ** step
    if hyper["epsilon_place"] == "inside":
        change = np.sqrt(second) / first * m / (np.sqrt(v) + hyper["epsilon"])
    else:
        change = m / first / (np.sqrt(v / second) + hyper["epsilon"])
    return w - hyper["learning_rate"] * change, {"m": m, "v": v}


_RULES = {"sgd": _sgd, "rmsprop": _rmsprop, "adam": _adam}
