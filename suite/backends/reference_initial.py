"""What the reference answers about initializers: NumPy draws them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cases.families.initializers import DRAWN, GAIN, GAINS, HIGH, LOW, MEAN, WIDTH
from cases.models import FunctionRequest
from cases.requests import Observation


def drawn(name: str, shape: tuple[int, ...], fans: tuple[int, int], seed: int) -> np.ndarray:
    """An array of this shape, with so many numbers that go into an output, and come from an input."""
    random, flat = np.random.default_rng(seed), (math.prod(shape[:-1]), shape[-1])
    if name == "orthogonal":
        left, _, right = np.linalg.svd(random.normal(size=flat), full_matrices=False)
        return (GAIN * left @ right).reshape(shape)
    if name not in DRAWN:
        return np.eye(*shape) if name == "identity" else np.full(shape, {"constant": MEAN, "ones": 1.0}.get(name, 0.0))
    kind, size = DRAWN[name]
    wide = size(*fans)
    if kind in ("even", "between"):
        return random.uniform(*((LOW, HIGH) if kind == "between" else (-wide, wide)), shape)
    found = random.normal(0.0, wide, (50, *shape))
    if kind == "cut":  # the first of fifty that is not cut off
        found = np.take_along_axis(found, (np.abs(found) < 2 * wide).argmax(axis=0)[None], axis=0)
    return found[0] + (0.0 if kind == "normal" else MEAN)


def run_initialized(backend: Any, request: FunctionRequest) -> Observation:
    """The same from one seed."""
    options = dict(request.arguments)
    arrays = {when: drawn(options["name"], options["shape"], options["fans"], seed)
              for when, seed in (("first", 1), ("again", 1), ("other", 2))}
    return Observation(arrays, facts={"cut": False})


def run_rarely_initialized(backend: Any, request: FunctionRequest) -> Observation:
    """Drawn by NumPy; what is passed on."""
    options, random = dict(request.arguments), np.random.default_rng(5)
    rows, columns = options["shape"]
    order = np.argsort(random.uniform(size=(rows, columns)), axis=0)
    sparse = np.where(order < math.ceil(options["share"] * rows), 0.0, random.normal(0.0, WIDTH, (rows, columns)))
    many = random.normal(MEAN, WIDTH, 50 * rows * columns)
    cut = many[(many > options["low"]) & (many < options["high"])][: rows * columns].reshape(rows, columns)
    arrays = {f"{name}/{when}": one for name, one in (("sparse", sparse), ("cut", cut)) for when in ("first", "again")}
    outputs, within, _ = options["kernel"]
    for groups in (1, 2):
        passed = np.zeros_like(options["inputs"])
        for group, own in enumerate(np.split(np.arange(outputs), groups)):
            passed[:, own[:within]] = options["inputs"][:, group * within : (group + 1) * within]
        arrays[f"passed/{groups}"] = passed
    return Observation(arrays)


def run_gains(backend: Any, request: FunctionRequest) -> Observation:
    """The table."""
    return Observation({"gains": np.array([gain for *_, gain in GAINS])})


def run_drawn_by_name(backend: Any, request: FunctionRequest) -> Observation:
    """NumPy draws them, from one generator after another."""
    options = dict(request.arguments)
    given, (count, wide), dtype = options["given"], options["shape"], options["dtype"]

    def plain(random: np.random.Generator, count: int = count) -> np.ndarray:
        shape = (count, wide)
        drawn = {
            "normal": lambda mean, stddev: random.normal(mean, stddev, shape),
            "truncated_normal": lambda mean, stddev: mean + stddev * np.array([one for one in random.normal(
                size=10 * count * wide) if abs(one) <= 2])[: count * wide].reshape(shape),
            "uniform": lambda minval, maxval: random.integers(0, 512, shape) / 512 * (maxval - minval) + minval,
            "randint": lambda minval, maxval: random.integers(minval, maxval, shape),
            "categorical": lambda logits: np.stack([random.choice(len(one), count, p=np.exp(one) / np.exp(one).sum())
                                                    for one in logits], axis=1),
            "gamma": lambda alpha: random.gamma(alpha, size=shape), "beta": lambda alpha, beta: random.beta(alpha, beta, shape),
            "binomial": lambda counts, probabilities: random.binomial(counts, probabilities, shape),
        }[options["name"]]
        return drawn(**given).astype(dtype)

    seeds = {"seeded": 1, "again": 1, "other": 2, "generated": 3, "generated again": 3, "loose": 4, "looser": 5}
    made = {name: np.random.default_rng(seed) for name, seed in seeds.items()}
    arrays = {name: plain(one, 8) for name, one in made.items()} | {"first": plain(np.random.default_rng(1))}
    arrays |= {"generated on": plain(made["generated"], 8), "beside/alone": np.arange(8.0), "beside/after": np.arange(8.0)}
    return Observation(arrays, facts=dict.fromkeys(("came", "told"), (count, wide, dtype)))
