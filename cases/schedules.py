"""The learning rate at step t, counted from 0, by every schedule, as equations.

exponential        rate decay_rate^p, p = t / decay_steps; by stairs: p is rounded down
inverse_time       rate / (1 + decay_rate p), p as above
polynomial         (rate - end) (1 - min(t, decay_steps) / decay_steps)^power + end
                   in cycles: decay_steps is multiplied by the least whole number that reaches t, and at least 1
piecewise          values[n], n the number of boundaries that are less than t
cosine             rate ((1 - alpha) (1 + cos(pi min(t, decay_steps) / decay_steps)) / 2 + alpha)
                   warmed up: first from rate to warmup_target, in a line of warmup_steps steps, and then the cosine from there
cosine_restarts    the cosine begins again after decay_steps, each time t_mul times as long and m_mul times as high

Read from Keras 3.15.1 (`keras/src/optimizers/schedules/learning_rate_schedule.py`); cosine: Loshchilov and Hutter 2017.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Options = Mapping[str, Any]


def rate(kind: str, options: Options, step: int) -> float:
    """The rate at `step`."""
    return _KINDS[kind](options, step)


def _exponential(options: Options, step: int) -> float:
    return options["initial_learning_rate"] * options["decay_rate"] ** _decays(options, step)


def _inverse_time(options: Options, step: int) -> float:
    return options["initial_learning_rate"] / (1 + options["decay_rate"] * _decays(options, step))


def _decays(options: Options, step: int) -> float:
    decays = step / options["decay_steps"]
    return math.floor(decays) if options.get("staircase") else decays


def _polynomial(options: Options, step: int) -> float:
    first, last, steps = options["initial_learning_rate"], options["end_learning_rate"], options["decay_steps"]
    if options.get("cycle"):
        steps *= max(1, math.ceil(step / steps))
    return (first - last) * (1 - min(step, steps) / steps) ** options["power"] + last


def _piecewise(options: Options, step: int) -> float:
    return options["values"][sum(boundary < step for boundary in options["boundaries"])]


def _cosine(options: Options, step: int) -> float:
    first, steps, warm = options["initial_learning_rate"], options["decay_steps"], options.get("warmup_steps", 0)
    if step < warm:
        return first + (options["warmup_target"] - first) * step / warm
    begins = options.get("warmup_target", first)
    return begins * _lowered(options, min(step - warm, steps) / steps)


def _cosine_restarts(options: Options, step: int) -> float:
    length, height, since = options["first_decay_steps"], 1.0, step
    while since >= length:
        since, length, height = since - length, length * options["t_mul"], height * options["m_mul"]
    return options["initial_learning_rate"] * ((1 - options["alpha"]) * height * _wave(since / length) + options["alpha"])


def _lowered(options: Options, part: float) -> float:
    return (1 - options["alpha"]) * _wave(part) + options["alpha"]


def _wave(part: float) -> float:
    return (1 + math.cos(math.pi * part)) / 2


_KINDS = {"exponential": _exponential, "inverse_time": _inverse_time, "polynomial": _polynomial, "piecewise": _piecewise,
          "cosine": _cosine, "cosine_restarts": _cosine_restarts}
