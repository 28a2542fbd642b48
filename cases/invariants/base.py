"""What an invariant is, what it is checked on, and how checks find them.

An invariant is a function `check(ask, case) -> deviations`, with a statement of one sentence, registered by
`@invariant`. It asks requests of one subject and compares what comes back: with each other (metamorphic), or with
the float64 reference. It never knows which framework answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from cases.batches import Batch, BatchPlan
from cases.layers import Layer, draw_weights, generator
from cases.requests import Deviation, Execution, Observation, Refusal, Request, Unsupported
from cases.tolerance import Expected, compare, expect, unit_roundoff

FORWARD = ("outputs", "states", "mask")
EVERYTHING = (*FORWARD, "gradients")
"""What invariants ask for: one of these two, so that equal questions are equal requests."""
ROUNDINGS = 32
"""How many roundings of its own size a number may be off by, whatever the reference says: still 2000 times less than
what a product in bfloat16 costs."""


class Refused(Exception):
    """The framework raised an error where an observation was due."""

    def __init__(self, refusal: Refusal):
        super().__init__(f"{refusal.error} at {refusal.moment}: {refusal.message}")
        self.refusal = refusal


class NotSupported(Exception):
    """The backend declares that it cannot be asked this."""


class Ask(Protocol):
    """How an invariant asks the subject."""

    def __call__(self, request: Request) -> Observation:
        """The observation. Raises Refused or NotSupported."""

    def answer(self, request: Request) -> Observation | Refusal | Unsupported:
        """Whatever came back, errors included."""


def final_states(seen: Observation, layer: Layer) -> dict[str, np.ndarray]:
    """The final states of an answer by the layer's names of them, as the initial states of another call: (batch, units) each."""
    return {name: seen[f"states/{name}"] for name in layer.state_keys()}


def settled(answer: Observation | Refusal | Unsupported) -> Observation:
    """The observation, or the exception that says why there is none."""
    if isinstance(answer, Refusal):
        raise Refused(answer)
    if isinstance(answer, Unsupported):
        raise NotSupported(answer.reason)
    return answer


@dataclass(frozen=True)
class Case:
    """One point of the plan: a layer, how its batch is drawn, how it is executed, the seed of every array, and the covering
    array that it comes from."""

    layer: Layer
    plan: BatchPlan
    execution: Execution = field(default_factory=Execution)
    seed: int = 0
    array: str = ""

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Made once: a plan looks cases up a hundred thousand times."""
        return hash((self.layer, self.plan, self.execution, self.seed, self.array))

    @cached_property
    def batch(self) -> Batch:
        return self.plan.draw(self.layer, self.seed)

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        return draw_weights(self.layer, self.seed)

    @property
    def masked(self) -> bool:
        """Whether some step is masked."""
        return self.plan.mask not in ("none", "full")

    def request(self, batch: Batch | None = None, **changes) -> Request:
        """The request of this case, for another batch or with other fields if given."""
        given = {"layer": self.layer, "weights": self.weights, "execution": self.execution, "wants": FORWARD}
        return Request(batch=self.batch if batch is None else batch, **{**given, **changes})

    def random(self, *words: object) -> np.random.Generator:
        """A generator of this case's own, for what an invariant draws."""
        return generator(self, *words)

    @cached_property
    def features(self) -> Mapping[str, object]:
        """Every feature by name: what conditions of the ledger and filters of the report speak of."""
        layer = {name: getattr(self.layer, name) for name in Layer.__dataclass_fields__ if name != "convolution"}
        layer |= self.layer.convolution.features if self.layer.convolution else {}
        plan = {name: getattr(self.plan, name) for name in BatchPlan.__dataclass_fields__}
        execution = {name: getattr(self.execution, name) for name in Execution.__dataclass_fields__}
        return layer | plan | execution

    def __str__(self) -> str:
        return f"{self.layer}-{self.plan}-{self.execution}"


Check = Callable[[Ask, Case], Iterable[Deviation]]


@dataclass(frozen=True)
class Invariant:
    """A named statement, and how it is checked. `applies` says on which cases it says anything; one that holds
    `everywhere` is checked on all of them at any depth, and in a sparing plan, where it stands `in_pairs`, on cases that have
    all pairs of features. One on `options` meets every value that a layer can be told, whatever else it meets."""

    name: str
    group: str
    statement: str
    check: Check
    applies: Callable[[Case], bool]
    source: str = ""
    across: bool = False
    everywhere: bool = False
    in_pairs: bool = False
    options: bool = False


REGISTRY: dict[str, Invariant] = {}


def invariant(
    statement: str, applies: Callable[[Case], bool] = lambda case: True, source: str = "", across: bool = False,
    everywhere: bool = False, in_pairs: bool = False, options: bool = False,
):
    """Register the decorated function as an invariant, named after it, grouped by its module.

    One that is `across` asks two subjects: `check(ask, other, case)`.

    Raises ValueError when the name or the statement is taken.
    """

    def register(check: Check) -> Check:
        group = check.__module__.rsplit(".", 1)[1]
        taken = [i for i in REGISTRY.values() if i.name == check.__name__ or i.statement == statement]
        if taken:
            raise ValueError(f"invariant {check.__name__}: its name or statement is that of {taken[0].name}")
        REGISTRY[check.__name__] = Invariant(
            check.__name__, group, statement, check, applies, source, across, everywhere, in_pairs, options
        )
        return check

    return register


def against_reference(seen: Observation, request: Request, *prefixes: str) -> list[Deviation]:
    """Deviations of the arrays named by `prefixes` from the float64 reference, at valid steps of the outputs."""
    expected = expect(request, seen.facts.get("padding", "hold"))
    valid = output_valid(request)
    found: list[Deviation] = []
    wanted = [n for n in expected if any(n == p or n.startswith(p + "/") for p in prefixes)]
    for name in wanted:
        if name not in seen.arrays:
            if mergeable(name, seen.arrays):
                continue
            found.append(Deviation(name, f"{name}: nothing came back where the reference has a value"))
        elif name.startswith("outputs") and valid is not None:
            found += compare_at(name, seen[name], expected[name], valid)
        else:
            found += compare(name, seen[name], expected[name].value, expected[name].allowed)
    return found


def mergeable(name: str, arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether `name` is the gradient of a recurrent bias that the framework keeps in one sum with the bias."""
    return name.startswith("gradients/weights") and name.endswith("/recurrent_bias") and (
        name.removesuffix("recurrent_bias") + "bias" in arrays
    )


def output_valid(request: Request) -> np.ndarray | None:
    """(batch, time) bool, true where a step of the outputs is valid, in the order of the outputs; None if the outputs
    have no time axis."""
    if not request.layer.return_sequences:
        return None
    valid = request.batch.valid
    flipped = request.layer.direction == "backward" and request.layer.layers % 2
    return valid[:, ::-1] if flipped else valid


def handed_on(seen: Observation, request: Request) -> list[Deviation]:
    """Deviations of the mask that outputs carry, which have a time axis, from what is valid of them."""
    if "mask" not in seen.arrays:
        carries = seen.facts.get("carries_masks", True)
        return [Deviation("mask", "a mask went in, and the outputs carry none")] if carries else []
    valid = output_valid(request)
    if seen["mask"].shape != valid.shape:
        return [Deviation("mask", f"mask of shape {seen['mask'].shape}, expected {valid.shape}")]
    wrong = np.argwhere(seen["mask"].astype(bool) != valid)
    name = "mask, turned" if np.array_equal(seen["mask"], valid[:, ::-1]) else "mask"
    return [
        Deviation(at := f"{name}[batch {b}, time {t}]", f"{at}: found {not valid[b, t]}, expected {valid[b, t]}", 1.0)
        for b, t in wrong[:3]
    ]


def compare_at(name: str, seen: np.ndarray, expected: Expected, where: np.ndarray) -> list[Deviation]:
    """Deviations at the steps `where` (batch, time) alone."""
    if seen.shape != expected.value.shape:
        return compare(name, seen, expected.value, expected.allowed)
    there = where.reshape(where.shape + (1,) * (seen.ndim - 2))
    return compare(name, np.where(there, seen, 0.0), np.where(there, expected.value, 0.0), expected.allowed)


def alike(
    first: Observation, second: Observation, request: Request, *prefixes: str, what: str = "", where: np.ndarray | None = None
) -> list[Deviation]:
    """Deviations between two observations that must agree, in the arrays named by `prefixes`.

    Each may be off by what the reference allows for `request`, so twice that between them, and by some roundings of its
    own size. `where`, (batch, time)
    bool, limits the outputs to some steps.
    """
    expected = expect(request, first.facts.get("padding", "hold"))
    found: list[Deviation] = []
    for name in sorted({n for p in prefixes for n in (*first.named(p), *second.named(p))}):
        label = f"{name}{f' ({what})' if what else ''}"
        if name not in first.arrays or name not in second.arrays:
            missing = "first" if name not in first.arrays else "second"
            found.append(Deviation(label, f"{label}: missing in the {missing} of two answers that must agree"))
            continue
        a, b = first[name], second[name]
        allowed = 2 * np.max(expected[name].allowed, initial=0.0) if name in expected else 0.0
        if a.shape == b.shape:  # where the reference is exact and both answers are not, they may differ by their rounding
            size = np.nan_to_num(np.minimum(np.abs(a), np.abs(b)))
            allowed = np.maximum(allowed, ROUNDINGS * unit_roundoff(request.layer.dtype) * size)
        if where is not None and name.startswith("outputs") and a.ndim >= 3 and a.shape == b.shape:
            there = where.reshape(where.shape + (1,) * (a.ndim - 2))
            a, b = np.where(there, a, 0.0), np.where(there, b, 0.0)
        found += compare(label, a, b, allowed)
    return found


def exactly_zero(name: str, seen: np.ndarray, why: str) -> list[Deviation]:
    """Deviations of `seen` from 0, none allowed; NaN is one."""
    return [
        Deviation(d.where, f"{d.message} ({why})", d.deviation, d.allowed)
        for d in compare(name, seen, np.zeros_like(seen, dtype=float), 0.0)
    ]
