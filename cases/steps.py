"""Steps of an optimizer on gradients that are handed in: the question, how it is drawn, and the answer of the equations.

No model stands behind it, so that nothing but the update rule is asked about. See `cases.optimizers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from cases import optimizers
from cases.layers import generator, on_grid
from cases.reference.arithmetic import rounded
from cases.requests import Observation, wired
from cases.tolerance import Expected, expect_by

SHAPES: Mapping[str, tuple[int, ...]] = {"kernel": (4, 3), "bias": (3,)}
SIZES = (1.0, 0.3, 0.05, 0.6)
"""How large the gradients of the steps are: they shrink, so that a largest value so far is not the present one, and grow."""
GIVEN: Mapping[str, Any] = {
    "learning_rate": 0.02, "momentum": 0.9, "rho": 0.8, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.05,
    "initial_accumulator_value": 0.2, "momentum_decay": 1.0, "weight_decay": 0.1,
}
"""Hyper-parameters at which every part of a rule is seen within four steps: epsilon is of the size of the gradients'
roots, the decays forget within the run."""
GROWTH = 2
"""After so many steps in a row whose gradients are finite a dynamic scale is doubled."""


@wired
@dataclass(frozen=True, eq=False)
class Rows:
    """A gradient by rows, as an embedding's may come: `values` (n, width) belong to the rows `indices` (n,) of a table of
    `rows`. A row that is named twice has the sum of both; one that is not named has a gradient of zero."""

    indices: np.ndarray
    values: np.ndarray
    rows: int

    @property
    def dense(self) -> np.ndarray:
        """The same as an array (rows, width)."""
        found = np.zeros((self.rows, self.values.shape[1]), self.values.dtype)
        np.add.at(found, self.indices, self.values)
        return found


@wired
@dataclass(frozen=True, eq=False)
class OptimizerRequest:
    """One question about an optimizer: give it `weights`, and the gradients of each step.

    hyper       hyper-parameters by the names of `cases.optimizers.DEFAULTS`; the framework's own defaults decide what is
                not given, where it has an optimizer of that name
    gradients   a mapping for each step, name -> array of the weight's shape, or `Rows`; a weight that is not named has none
    resumed     after so many steps another optimizer, made from this one's configuration and given what it remembers, goes on
    broken      the step, from 1, whose gradients are infinite; 0: none
    ended       training is over after the last step: what an optimizer does then, it does
    The observation's arrays: `weights/NAME` (steps, *shape), after each step; `facts["hyper"]`: the hyper-parameters
    that the framework's optimizer has, `facts["stack"]`: whose definitions it follows, in `cases.optimizers`,
    `facts["scales"]`: the dynamic scale of the loss after each step, where it has one.
    """

    optimizer: str
    hyper: tuple[tuple[str, Any], ...]
    weights: Mapping[str, np.ndarray]
    gradients: tuple[Mapping[str, Any], ...] = ()
    resumed: int = 0
    broken: int = 0
    ended: bool = False


def drawn(optimizer: str, hyper: Mapping[str, Any], by_rows: bool = False, idle: bool = False, **more: Any) -> OptimizerRequest:
    """Four steps on a kernel and a bias, or on a table whose gradients come by rows, one of them named twice; besides them an
    `idle` weight may have no gradients. `more`: further fields of the request."""
    random = generator("steps")
    values = lambda shape: on_grid(random.uniform(0.2, 1.0, shape) * random.choice([-1.0, 1.0], shape), 14)  # noqa: E731
    if by_rows:
        weights = {"embeddings": values((5, 3))}
        named = ((0, 3, 0, 1), (3, 1, 3), (0, 4, 4), (3, 0, 4))
        gradients = tuple(
            {"embeddings": Rows(np.array(rows), on_grid(size * values((len(rows), 3)), 18), 5)}
            for rows, size in zip(named, SIZES, strict=True)
        )
    else:
        weights = {name: values(shape) for name, shape in SHAPES.items()}
        gradients = tuple({n: on_grid(size * values(s), 18) for n, s in SHAPES.items()} for size in SIZES)
    weights |= {"idle": values((2,))} if idle else {}
    return OptimizerRequest(optimizer, tuple({**given(optimizer), **hyper}.items()), weights, gradients, **more)


def scales(request: OptimizerRequest) -> tuple[float, ...]:
    """The dynamic scale of the loss after each step; none where it has none."""
    scale, finite, found = dict(request.hyper).get("dynamic_scale", 0.0), 0, []
    for number in range(1, len(request.gradients) + 1):
        finite = 0 if number == request.broken else finite + 1
        scale = scale / 2 if number == request.broken else scale * 2 if finite == GROWTH else scale
        finite %= GROWTH
        found.append(scale)
    return tuple(found) if scale else ()


def given(optimizer: str) -> dict[str, Any]:
    """The values of `GIVEN` for what the optimizer has; no momentum, which is asked for by name."""
    known = {**optimizers.OWN["keras"][optimizer], **optimizers.OWN["torch"][optimizer]}
    return {name: value for name, value in GIVEN.items() if name in known and name != "momentum"}


def follow(
    request: OptimizerRequest, stack: str = "keras", dtype: str = "float64",
    tensor: Callable[[np.ndarray], np.ndarray] | None = None, rounded: Callable = optimizers.exactly, lead: int = 0,
    rules: ModuleType = optimizers,
) -> Observation:
    """The observation that is right for a stack's definitions: a faulty copy of the equations can stand in for `rules`.

    dtype, tensor, lead, as in `cases.reference.run_model`: arrays may have leading axes.
    """
    tensor = tensor or (lambda array: np.asarray(array, dtype))
    hyper = {**rules.definitions(stack, request.optimizer), **rules.OWN[stack][request.optimizer], **dict(request.hyper)}
    weights = {name: tensor(array) for name, array in request.weights.items()}
    memory = {name: rules.slots(request.optimizer, weight, hyper) for name, weight in weights.items()}
    path: dict[str, list[np.ndarray]] = {name: [] for name in weights}
    done = 0
    for number, gradients in enumerate(request.gradients, start=1):
        if number == request.broken:
            for name, weight in weights.items():
                path[name].append(weight)
            continue
        done += 1
        dense = {name: tensor(g.dense if isinstance(g, Rows) else g) for name, g in gradients.items()}
        stepping = {name: weights[name] for name in dense}
        moved, slots = rules.step(request.optimizer, hyper, stepping, dense, memory, done, rounded, lead)
        weights, memory = {**weights, **moved}, {**memory, **slots}
        if request.ended and number == len(request.gradients) and hyper.get("use_ema"):
            weights = {name: memory[name]["average"] for name in weights}
        for name, weight in weights.items():
            path[name].append(weight)
    arrays = {f"weights/{name}": np.stack(found, axis=lead) for name, found in path.items() if found}
    told = rules.OWN[stack][request.optimizer] | dict(request.hyper)
    return Observation(arrays, kernel="reference", facts={
        "stack": stack, "hyper": told, "spoiled": 0, "scales": scales(request)})


def expected(request: OptimizerRequest, stack: str) -> dict[str, Expected]:
    """What must come back, and how exactly, from a stack with these definitions, in float32."""
    size = sum(array.size for array in request.weights.values()) * max(len(request.gradients), 1)

    def ask(dtype: str = "float64", given: Callable | None = None) -> Observation:
        return follow(request, stack, dtype, given, rounded, lead=0 if given is None else 1)

    return expect_by(("optimizer", stack), request, ask, "float32", size)
