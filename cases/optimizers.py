"""The update rules of the optimizers, as equations. g is the gradient, w the weight, t the step, counted from 1.

sgd       m <- momentum m - rate g                      (Polyak 1964)
                                                        w <- w + m
          nesterov                                      w <- w + momentum m - rate g
          dampening (PyTorch)                           after the first step g is multiplied by 1 - dampening in m
          rate_place="outside" (PyTorch)                m <- momentum m - g, and w <- w + rate (…): the same while the
                                                        rate is constant, another path where it changes
rmsprop   v <- rho v + (1 - rho) g^2                    (Tieleman and Hinton 2012)
          centered: a <- rho a + (1 - rho) g, and v - a^2 in the place of v under the root
          epsilon_place="inside"  (Keras)               d = g / sqrt(v + epsilon)
          epsilon_place="outside" (PyTorch)             d = g / (sqrt(v) + epsilon)
          m <- momentum m + rate d                      w <- w - m; rate_place as in sgd
adagrad   v <- v + g^2, from initial_accumulator_value  (Duchi, Hazan and Singer 2011); epsilon_place as in rmsprop
                                                        w <- w - rate g / sqrt(v + epsilon)
adadelta  v <- rho v + (1 - rho) g^2                    (Zeiler 2012)
          d = g sqrt(a + epsilon) / sqrt(v + epsilon), then a <- rho a + (1 - rho) d^2
                                                        w <- w - rate d
adam      m <- beta_1 m + (1 - beta_1) g                (Kingma and Ba 2015, algorithm 1)
          v <- beta_2 v + (1 - beta_2) g^2
          amsgrad (Reddi, Kale and Kumar 2018)          the largest v so far, before its bias is corrected, for v
          M = m / (1 - beta_1^t), V = v / (1 - beta_2^t)
          epsilon_place="outside" (PyTorch)             w <- w - rate M / (sqrt(V) + epsilon)
          epsilon_place="inside"  (Keras)               w <- w - rate M sqrt(1 - beta_2^t) / (sqrt(v) + epsilon)
                                                        (the paper's "epsilon hat", added before v is corrected)
adamw     adam, with a weight_decay that is not zero where none is given (Loshchilov and Hutter 2019)
adamax    u <- max(beta_2 u, |g|), m as in adam         (Kingma and Ba 2015, algorithm 2)
          epsilon_place="outside" (Keras)               w <- w - rate M / (u + epsilon)
          epsilon_place="inside"  (PyTorch)             u <- max(beta_2 u, |g| + epsilon), w <- w - rate M / u
nadam     m, v, V as in adam                            (Dozat 2016, with the schedule of his report)
          s_t = beta_1 (1 - 0.96^(t momentum_decay) / 2), P_t = s_1 … s_t
                                                        w <- w - rate (s_(t+1) m / (1 - P_(t+1)) + (1 - s_t) g / (1 - P_t))
                                                                      / (sqrt(V) + epsilon)

Around each of them, in this order:

schedule         rate = learning_rate decay_rate^(t - 1)
scale            loss_scale_factor: the gradients are those of the loss times it, and are divided by it: nothing else changes
                 dynamic_scale: as well, from this scale on; a step of which a gradient is not finite is left out
accumulation     gradient_accumulation_steps: every so many steps their mean gradient is taken, and else nothing happens
clipping         clipvalue: each element · clipnorm: each weight's norm, g min(1, clipnorm / (|g| + clip_epsilon)) ·
                 global_clipnorm: the norm of all gradients together
maximize         (PyTorch): the gradients are those of minus the loss
implementation   foreach, fused (PyTorch): the same by other code
weight decay     decay_place="weights" (Keras; AdamW): w <- w - rate weight_decay w
                 decay_place="gradient" (PyTorch): g <- g + weight_decay w; no weight named in undecayed decays
the update
moving average   use_ema: e <- ema_momentum e + (1 - ema_momentum) w, e = w after the first step;
                 every ema_overwrite_frequency steps, and where training ends, w <- e

Read from Keras 3.15.1 (`keras/src/optimizers`) and PyTorch 2.13.0 (`torch/optim`, `torch/nn/utils/clip_grad.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = Any
Slots = Mapping[str, Array]
Rounded = Callable[[Array], Array]

_AROUND: Mapping[str, Any] = {
    "decay_rate": 1.0, "gradient_accumulation_steps": 1, "clipvalue": 0.0, "clipnorm": 0.0, "global_clipnorm": 0.0,
    "clip_epsilon": 0.0, "weight_decay": 0.0, "undecayed": (), "decay_place": "weights", "use_ema": False, "ema_momentum": 0.99,
    "ema_overwrite_frequency": 0, "loss_scale_factor": 1.0, "dynamic_scale": 0.0, "maximize": False, "implementation": "",
}
_ADAM = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}

OWN: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "keras": {
        "sgd": {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
        "rmsprop": {"learning_rate": 0.001, "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
        "adagrad": {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
        "adadelta": {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-7},
        "adam": {**_ADAM, "amsgrad": False},
        "adamax": dict(_ADAM),
        "nadam": dict(_ADAM),
        "adamw": {**_ADAM, "amsgrad": False, "weight_decay": 0.004},
    },
    "torch": {
        "sgd": {"learning_rate": 0.001, "momentum": 0.0, "nesterov": False},
        "rmsprop": {"learning_rate": 0.01, "rho": 0.99, "momentum": 0.0, "epsilon": 1e-8, "centered": False},
        "adagrad": {"learning_rate": 0.01, "initial_accumulator_value": 0.0, "epsilon": 1e-10},
        "adadelta": {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6},
        "adam": {**_ADAM, "epsilon": 1e-8, "amsgrad": False},
        "adamax": {**_ADAM, "learning_rate": 0.002, "epsilon": 1e-8},
        "nadam": {**_ADAM, "learning_rate": 0.002, "epsilon": 1e-8, "momentum_decay": 0.004},
        "adamw": {**_ADAM, "epsilon": 1e-8, "amsgrad": False, "weight_decay": 0.01},
    },
}
"""Stack -> optimizer -> hyper-parameter -> the framework's own default, by Keras' names."""

DEFINITIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "keras": {
        "sgd": {"rate_place": "inside", "dampening": 0.0}, "rmsprop": {"epsilon_place": "inside", "rate_place": "inside"},
        "adagrad": {"epsilon_place": "inside"}, "adadelta": {}, "adam": {"epsilon_place": "inside"},
        "adamax": {"epsilon_place": "outside"}, "nadam": {"momentum_decay": 1.0}, "adamw": {"epsilon_place": "inside"},
    },
    "torch": {
        "sgd": {"rate_place": "outside"}, "rmsprop": {"epsilon_place": "outside", "rate_place": "outside"},
        "adagrad": {"epsilon_place": "outside"}, "adadelta": {}, "adam": {"epsilon_place": "outside"},
        "adamax": {"epsilon_place": "inside"}, "nadam": {}, "adamw": {"epsilon_place": "outside"},
    },
}
"""Stack -> optimizer -> what its definition fixes: no option of the framework changes it. See `definitions`."""

BIAS_CORRECTION: Mapping[str, str] = {
    "sgd": "none", "rmsprop": "none", "adagrad": "none", "adadelta": "none", "adam": "both moments", "adamax": "the first moment",
    "nadam": "both moments, the first by its schedule", "adamw": "both moments",
}
"""Optimizer -> which of its averages are divided by what they lack for having begun at zero: alike in all stacks."""
PLACES_OF_EPSILON: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("rmsprop", "adagrad"), {"inside": "under the root", "outside": "added to the root"}),
    **dict.fromkeys(("adam", "adamw"), {"inside": "added to the root of v, before v's bias is corrected",
                                        "outside": "added to the root of v, after v's bias is corrected"}),
    "adamax": {"inside": "inside the maximum", "outside": "added to the maximum"},
}
"""Optimizer -> what `epsilon_place` says in words."""

OPTIMIZERS: tuple[str, ...] = tuple(OWN["keras"])
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    name: {**_AROUND, **DEFINITIONS["keras"][name], **own} for name, own in OWN["keras"].items()
}
"""Optimizer -> hyper-parameter -> value where none is given: Keras' defaults and definitions."""
_PLACES: Mapping[str, tuple[str, ...]] = {
    "epsilon_place": ("inside", "outside"), "rate_place": ("inside", "outside"), "decay_place": ("weights", "gradient"),
}


def definitions(stack: str, optimizer: str) -> dict[str, Any]:
    """All that the definition of a stack's optimizer fixes, with what goes on around the update."""
    if stack == "keras":
        around = {"decay_place": "weights", "clip_epsilon": 0.0, "maximize": False, "implementation": ""}
    else:
        around = {"decay_place": "weights" if optimizer == "adamw" else "gradient", "clip_epsilon": 1e-6}
    return {**around, **DEFINITIONS[stack][optimizer]}


def hyper_parameters(optimizer: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All hyper-parameters of `optimizer`. Raises ValueError for an unknown optimizer, name or place."""
    if optimizer not in DEFAULTS:
        raise ValueError(f"optimizer={optimizer!r}: expected one of {', '.join(DEFAULTS)}")
    if unknown := sorted(set(given) - set(DEFAULTS[optimizer])):
        raise ValueError(f"{optimizer} with {', '.join(unknown)}: expected some of {', '.join(DEFAULTS[optimizer])}")
    found = {**DEFAULTS[optimizer], **given}
    for name, places in _PLACES.items():
        if found.get(name, places[0]) not in places:
            raise ValueError(f"{name}={found[name]!r}: expected one of {', '.join(places)}")
    return found


_SLOTS: Mapping[str, tuple[str, ...]] = {
    "sgd": ("m",), "rmsprop": ("v", "a", "m"), "adagrad": ("v",), "adadelta": ("v", "a"), "adam": ("m", "v", "largest"),
    "adamax": ("m", "u"), "nadam": ("m", "v"), "adamw": ("m", "v", "largest"),
}


def slots(optimizer: str, weight: Array, hyper: Mapping[str, Any] | None = None) -> dict[str, Array]:
    """What is remembered about a weight before the first step: zeros of its shape, but for Adagrad's accumulator; and
    the accumulated gradient, and the moving average."""
    found = {name: np.zeros_like(weight) for name in (*_SLOTS[optimizer], "accumulated", "average")}
    if optimizer == "adagrad":
        found["v"] = found["v"] + hyper_parameters(optimizer, hyper or {})["initial_accumulator_value"]
    return found


def exactly(value: Array) -> Array:
    """No rounding."""
    return value


def step(
    optimizer: str, hyper: Mapping[str, Any], weights: Slots, gradients: Slots, memory: Mapping[str, Slots], number: int,
    rounded: Rounded = exactly, lead: int = 0,
) -> tuple[dict[str, Array], dict[str, dict[str, Array]]]:
    """The weights after step `number` (from 1), and what is remembered of each: all that is told above.

    `rounded` is applied to what arithmetic of limited precision rounds; `lead` is the number of axes that stand before
    each weight's own, over which no norm is taken.
    """
    full = hyper_parameters(optimizer, hyper)
    memory = {name: dict(memory[name]) for name in weights}
    gradients = {name: gradients[name] for name in weights}
    every = full["gradient_accumulation_steps"]
    if every > 1:
        totals = {name: memory[name]["accumulated"] + gradients[name] for name in weights}
        done = number % every == 0
        for name in weights:
            memory[name]["accumulated"] = totals[name] * (not done)
        if not done:
            return dict(weights), memory
        gradients, number = {name: rounded(total / every) for name, total in totals.items()}, number // every
    gradients = _clipped(full, gradients, rounded, lead)
    rate = full["learning_rate"] * full["decay_rate"] ** (number - 1)
    moved = {}
    for name, weight in weights.items():
        gradient = -gradients[name] if full["maximize"] else gradients[name]
        if full["weight_decay"] and name not in full["undecayed"]:
            if full["decay_place"] == "weights":
                weight = rounded(weight - rate * full["weight_decay"] * weight)
            else:
                gradient = rounded(gradient + full["weight_decay"] * weight)
        weight, slots_now = update(optimizer, {**full, "learning_rate": rate}, weight, gradient, memory[name], number, rounded)
        memory[name].update(slots_now)
        moved[name] = rounded(weight)
        frequency = full["ema_overwrite_frequency"]
        if full["use_ema"] or frequency:
            keep = full["ema_momentum"] * (number > 1)
            memory[name]["average"] = rounded(keep * memory[name]["average"] + (1 - keep) * moved[name])
            if frequency and number % frequency == 0:
                moved[name] = memory[name]["average"]
    return moved, memory


def _clipped(full: Mapping[str, Any], gradients: Slots, rounded: Rounded, lead: int) -> dict[str, Array]:
    """The gradients after clipping."""
    if most := full["clipvalue"]:
        return {name: np.clip(g, -most, most) for name, g in gradients.items()}
    squares = {name: np.sum(g**2, axis=tuple(range(lead, g.ndim)), keepdims=True) for name, g in gradients.items()}
    if most := full["clipnorm"]:
        norms = {name: np.sqrt(square) for name, square in squares.items()}
    elif most := full["global_clipnorm"]:
        flat = [square.reshape(square.shape[:lead]) for square in squares.values()]
        total = np.sqrt(sum(flat[1:], flat[0]))
        norms = {name: total.reshape(total.shape + (1,) * (g.ndim - lead)) for name, g in gradients.items()}
    else:
        return dict(gradients)
    return {
        name: rounded(g * rounded(np.minimum(1.0, most / (norms[name] + full["clip_epsilon"])) * np.ones_like(g)))
        for name, g in gradients.items()
    }


def update(
    optimizer: str, hyper: Mapping[str, Any], weight: Array, gradient: Array, remembered: Slots, number: int,
    rounded: Rounded = exactly,
) -> tuple[Array, dict[str, Array]]:
    """The weight after the update of step `number` (from 1), and what is remembered; any shape, elementwise, without
    what goes on around it."""
    return _RULES[optimizer](hyper_parameters(optimizer, hyper), weight, gradient, remembered, number, rounded)


Hyper = Mapping[str, Any]
Moved = tuple[Array, dict[str, Array]]


def _sgd(hyper: Hyper, w: Array, g: Array, remembered: Slots, number: int, rounded: Rounded) -> Moved:
    inner, outer = _rates(hyper)
    kept = 1.0 if number == 1 else 1.0 - hyper["dampening"]
    m = rounded(hyper["momentum"] * remembered["m"] - inner * g * kept)
    return w + outer * (hyper["momentum"] * m - inner * g if hyper["nesterov"] else m), {"m": m}


def _rmsprop(hyper: Hyper, w: Array, g: Array, remembered: Slots, number: int, rounded: Rounded) -> Moved:
    inner, outer = _rates(hyper)
    v = rounded(hyper["rho"] * remembered["v"] + (1 - hyper["rho"]) * g**2)
    a = rounded(hyper["rho"] * remembered["a"] + (1 - hyper["rho"]) * g)
    spread = v - rounded(a**2) if hyper["centered"] else v
    m = rounded(hyper["momentum"] * remembered["m"] + inner * g / _root(hyper, spread, rounded))
    return w - outer * m, {"v": v, "a": a, "m": m}


def _adagrad(hyper: Hyper, w: Array, g: Array, remembered: Slots, number: int, rounded: Rounded) -> Moved:
    v = rounded(remembered["v"] + g**2)
    return w - rounded(hyper["learning_rate"] * g / _root(hyper, v, rounded)), {"v": v}


def _adadelta(hyper: Hyper, w: Array, g: Array, remembered: Slots, number: int, rounded: Rounded) -> Moved:
    rho, epsilon = hyper["rho"], hyper["epsilon"]
    v = rounded(rho * remembered["v"] + (1 - rho) * g**2)
    d = rounded(g * rounded(np.sqrt(remembered["a"] + epsilon)) / rounded(np.sqrt(v + epsilon)))
    a = rounded(rho * remembered["a"] + (1 - rho) * d**2)
    return w - hyper["learning_rate"] * d, {"v": v, "a": a}


def _adam(hyper: Hyper, w: Array, g: Array, remembered: Slots, number: int, rounded: Rounded) -> Moved:
    m, v = _moments(hyper, g, remembered, rounded)
    first, second = (_corrected(hyper[name], number, w, rounded) for name in ("beta_1", "beta_2"))
    largest = np.maximum(remembered["largest"], v) if hyper["amsgrad"] else v
    if hyper["epsilon_place"] == "inside":
        change = np.sqrt(second) / first * m / rounded(np.sqrt(largest) + hyper["epsilon"])
    else:
        change = m / first / rounded(np.sqrt(largest / second) + hyper["epsilon"])
    return w - rounded(hyper["learning_rate"] * change), {"m": m, "v": v, "largest": largest}


def _adamax(hyper: Hyper, w: Array, g: Array, remembered: Slots, number: int, rounded: Rounded) -> Moved:
    m = rounded(hyper["beta_1"] * remembered["m"] + (1 - hyper["beta_1"]) * g)
    inside = hyper["epsilon_place"] == "inside"
    u = np.maximum(rounded(hyper["beta_2"] * remembered["u"]), np.abs(g) + (hyper["epsilon"] if inside else 0.0))
    change = m / _corrected(hyper["beta_1"], number, w, rounded) / (u if inside else rounded(u + hyper["epsilon"]))
    return w - rounded(hyper["learning_rate"] * change), {"m": m, "u": u}


def _nadam(hyper: Hyper, w: Array, g: Array, remembered: Slots, number: int, rounded: Rounded) -> Moved:
    m, v = _moments(hyper, g, remembered, rounded)
    schedule = [hyper["beta_1"] * (1 - 0.5 * 0.96 ** (t * hyper["momentum_decay"])) for t in range(1, number + 2)]
    ahead = rounded(schedule[-1] * m / rounded((1 - math.prod(schedule)) * np.ones_like(w)))
    here = rounded((1 - schedule[-2]) * g / rounded((1 - math.prod(schedule[:-1])) * np.ones_like(w)))
    root = rounded(np.sqrt(v / _corrected(hyper["beta_2"], number, w, rounded)) + hyper["epsilon"])
    return w - rounded(hyper["learning_rate"] * (ahead + here) / root), {"m": m, "v": v}


def _rates(hyper: Hyper) -> tuple[float, float]:
    """The factors of what is added to the momentum, and of the momentum where it is added to the weight."""
    rate = hyper["learning_rate"]
    return (rate, 1.0) if hyper["rate_place"] == "inside" else (1.0, rate)


def _root(hyper: Hyper, v: Array, rounded: Rounded) -> Array:
    """The root of v, with epsilon in its place."""
    return rounded(np.sqrt(v + hyper["epsilon"]) if hyper["epsilon_place"] == "inside" else np.sqrt(v) + hyper["epsilon"])


def _moments(hyper: Hyper, g: Array, remembered: Slots, rounded: Rounded) -> tuple[Array, Array]:
    m = rounded(hyper["beta_1"] * remembered["m"] + (1 - hyper["beta_1"]) * g)
    return m, rounded(hyper["beta_2"] * remembered["v"] + (1 - hyper["beta_2"]) * g**2)


def _corrected(beta: float, number: int, like: Array, rounded: Rounded) -> Array:
    """1 - beta^t, of the shape of a weight: where beta itself is rounded, the difference loses digits."""
    return rounded(1.0 - rounded(rounded(beta * np.ones_like(like)) ** number))


_RULES = {
    "sgd": _sgd, "rmsprop": _rmsprop, "adagrad": _adagrad, "adadelta": _adadelta, "adam": _adam, "adamax": _adamax,
    "nadam": _nadam, "adamw": _adam,
}
