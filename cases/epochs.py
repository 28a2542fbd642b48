"""The learning rate at epoch t, from 0, by PyTorch's schedulers, as equations. `rate` is what the optimizer was made with.

step             rate gamma^floor(t / step_size)
multi_step       rate gamma^n, n the number of milestones that t has reached
exponential      rate gamma^t
constant         rate factor, until total_iters, and then rate
linear           rate (start + (end - start) min(t, total_iters) / total_iters)
polynomial       rate (1 - min(t, total_iters) / total_iters)^power
cosine           eta_min + (rate - eta_min) (1 + cos(pi t / T_max)) / 2, which rises again after T_max
warm_restarts    the cosine of t_c / T, which begins again after T epochs; T is T_0 first, and then T_mult times as long
one_cycle        from max / div up to max in a half cosine that ends at pct_start total - 1, then down to max / (div final)
                 at total - 1; in straight lines where they are asked for; in three phases down as fast to max / div first
swa              rate, in half a cosine or a line to swa_lr over anneal_epochs, or at once in none, which stays
triangular       base + (max - base) times a triangle that rises for `up` epochs and falls for `down`; triangular2: half as high
                 in each cycle, exp_range: gamma^t as high
lambda           rate factor_t, by a function
multiplicative   the rate before times a factor, by a function
one_after_another   linear until the milestone, and then exponential, which counts from there
chained          the product of a constant's factor and an exponential's
first_SCHEDULE   one of these until `change`, and then exponential; later_SCHEDULE: the other way round; each counts from where it
                 begins
plateau          `factor` times the rate before, and not less than `min_lr`, after more than `patience` epochs without a better
                 value, then `cooldown` epochs do not count; better: less than (1 - threshold) best, or best - threshold, or
                 where more is better more than (1 + threshold) best, or best + threshold, also where the best is negative; a
                 change of no more than `eps` is none

A group of weights may have a number of its own, of the highest and the lowest rate, and a function of its own.

Read from PyTorch 2.13.0 (`torch/optim/lr_scheduler.py`); Loshchilov and Hutter 2017, Smith 2017, Smith and Topin 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Options = Mapping[str, Any]
FACTORS = (1.0, 0.5, 0.75, 0.75, 0.25, 1.5)
"""What the functions of `lambda` and `multiplicative` give, again and again."""
VALUES = (1.0, 0.9, 0.95, 0.9, 0.95, 0.93, 0.94, 0.86, -0.5, -0.48, -0.46, -0.44, -0.42, -0.4, -0.4, -0.4, -0.4, -0.4)
GAINS = (0.1, 0.104, 0.13, 0.15, 0.14, 0.15, 0.151, 0.3, 0.29, 0.32, 0.31, 0.5, 0.52, 0.51, 0.53, 0.6, 0.6, 0.6)
"""What a plateau is told of, epoch by epoch, in a cooldown worse ones too; the second where more is better."""


def measured(mode: str) -> Sequence[float]:
    """What a plateau of this mode is told of."""
    return GAINS if mode == "max" else VALUES


def rates(kind: str, options: Options, rate: float, epochs: int) -> list[float]:
    """The rates of so many epochs."""
    if kind == "plateau":
        return _plateau(options, rate, measured(options["mode"])[: epochs - 1])
    return [_KINDS[kind](options, rate, t) for t in range(epochs)]


def factor(epoch: int, group: int = 0) -> float:
    """The factor of an epoch, by the function of this group of weights."""
    return FACTORS[(epoch + 2 * group) % len(FACTORS)]


def own(options: Options, name: str) -> float:
    """The number of an option that may have one for each group, of which `options` says the number."""
    value = options[name]
    return value[options["group"]] if isinstance(value, tuple) else value


def _step(options: Options, rate: float, t: int) -> float:
    return rate * options["gamma"] ** (t // options["step_size"])


def _multi_step(options: Options, rate: float, t: int) -> float:
    return rate * options["gamma"] ** sum(t >= milestone for milestone in options["milestones"])


def _exponential(options: Options, rate: float, t: int) -> float:
    return rate * options["gamma"] ** t


def _constant(options: Options, rate: float, t: int) -> float:
    return rate * (options["factor"] if t < options["total_iters"] else 1.0)


def _linear(options: Options, rate: float, t: int) -> float:
    first, last, total = options["start_factor"], options["end_factor"], options["total_iters"]
    return rate * (first + (last - first) * min(t, total) / total)


def _polynomial(options: Options, rate: float, t: int) -> float:
    return rate * (1 - min(t, options["total_iters"]) / options["total_iters"]) ** options["power"]


def _cosine(options: Options, rate: float, t: int) -> float:
    return options["eta_min"] + (rate - options["eta_min"]) * (1 + math.cos(math.pi * t / options["T_max"])) / 2


def restarted(options: Options, rate: float, t: float) -> float:
    """The rate of warm restarts at epoch t, or in it."""
    length = options["T_0"]
    while t >= length:
        t, length = t - length, length * options["T_mult"]
    return _cosine({"eta_min": options["eta_min"], "T_max": length}, rate, t)


def _one_cycle(options: Options, rate: float, t: int) -> float:
    most = own(options, "max_lr")
    first = most / options["div_factor"]
    return _cycle(options, t, first, most, first / options["final_div_factor"])


def _cycle(options: Options, t: int, first: float, middle: float, last: float) -> float:
    """From the first value to the middle one, back to the first where there are three phases, and to the last."""
    total = options["total_steps"] if "total_steps" in options else options["epochs"] * options["steps_per_epoch"]
    turn = options["pct_start"] * total - 1
    between = _along if options.get("anneal_strategy") == "linear" else _between
    if t <= turn:
        return between(first, middle, t / turn)
    if options.get("three_phase"):
        if t <= 2 * turn:
            return between(middle, first, (t - turn) / turn)
        return between(first, last, (t - 2 * turn) / (total - 1 - 2 * turn))
    return between(middle, last, (t - turn) / (total - 1 - turn))


MOMENTA = (0.8, 0.95)
"""The lowest and the highest momentum of what cycles: where the rate is highest and lowest."""


def momenta(kind: str, options: Options, epochs: int) -> list[float]:
    """The momentum of each epoch, against the rate; none of a schedule that does not cycle it."""
    least, most = MOMENTA
    if kind == "one_cycle":
        return [_cycle(options, t, most, least, most) for t in range(epochs)]
    if kind == "cyclic":
        return [_triangular({**options, "base_lr": most, "max_lr": least}, 0.0, t) for t in range(epochs)]
    return []


def _swa(options: Options, rate: float, t: int) -> float:
    between = _along if options["anneal_strategy"] == "linear" else _between
    whole = options["anneal_epochs"]
    return between(rate, options["swa_lr"], min(1.0, t / whole) if whole else 1.0)


def _along(first: float, last: float, part: float) -> float:
    """Along a line."""
    return first + (last - first) * part


def _between(first: float, last: float, part: float) -> float:
    """Along half a cosine."""
    return last + (first - last) * (1 + math.cos(math.pi * part)) / 2


def _triangular(options: Options, rate: float, t: int) -> float:
    up = options["step_size_up"]
    whole = up + options.get("step_size_down", up)
    cycle, since = divmod(t, whole)
    height = since / up if since <= up else (whole - since) / (whole - up)
    height *= {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": options.get("gamma", 1.0) ** t}[options["mode"]]
    least = own(options, "base_lr")
    return least + (own(options, "max_lr") - least) * height


def _multiplicative(options: Options, rate: float, t: int) -> float:
    return rate * math.prod(factor(epoch, options["group"]) for epoch in range(1, t + 1))


def _one_after_another(options: Options, rate: float, t: int) -> float:
    milestone = options["milestone"]
    return _linear(options, rate, t) if t < milestone else _exponential(options, rate, t - milestone)


def _chained(options: Options, rate: float, t: int) -> float:
    return _constant(options, rate, t) * options["gamma"] ** t


def _around(name: str) -> Callable[[Options, float, int], float]:
    """A schedule made of others, in a sequence with an exponential: before it, or behind it."""
    def found(options: Options, rate: float, t: int) -> float:
        inner = {"sequence": _one_after_another, "chain": _chained}[name.partition("_")[2]]
        begun = t >= options["change"]
        here = inner if begun == name.startswith("later") else _exponential
        return here(options, rate, t - options["change"] if begun else t)

    return found


def _plateau(options: Options, rate: float, values: Sequence[float]) -> list[float]:
    sign = 1.0 if options["mode"] == "min" else -1.0
    best, bad, cooling = sign * math.inf, 0, 0
    found = [rate]
    for value in values:
        share = options["threshold"]
        bound = best * (1 - sign * share) if options["threshold_mode"] == "rel" else best - sign * share
        best, bad = (value, 0) if sign * value < sign * bound else (best, bad + 1)
        if cooling:
            cooling, bad = cooling - 1, 0
        if bad > options["patience"]:
            lower, bad, cooling = max(rate * options["factor"], own(options, "min_lr")), 0, options["cooldown"]
            rate = lower if rate - lower > options.get("eps", 1e-8) else rate
        found.append(rate)
    return found


_KINDS: Mapping[str, Callable[[Options, float, int], float]] = {
    "step": _step, "multi_step": _multi_step, "exponential": _exponential, "constant": _constant, "linear": _linear,
    "polynomial": _polynomial, "cosine": _cosine, "warm_restarts": restarted, "one_cycle": _one_cycle, "swa": _swa,
    "cyclic": _triangular, "lambda": lambda options, rate, t: rate * factor(t, options["group"]),
    "multiplicative": _multiplicative,
    "one_after_another": _one_after_another, "chained": _chained,
    **{name: _around(name) for name in ("first_sequence", "first_chain", "later_sequence", "later_chain")},
}
