"""What a writer of scripts is told, and the lines that all of them share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cases.layers import Layer
from cases.models import FunctionRequest
from cases.requests import Deviation, Refusal
from suite.repros import equations
from suite.repros.data import same
from suite.repros.finding import Asked, NoScript
from suite.repros.lines import ANSWERED, erring, refusal, tidy

DRAW = [
    "rng = np.random.default_rng(0)",
    'draw = lambda *shape: rng.uniform(-1, 1, shape).round(2).astype("float32")',
]
"""What makes random arrays."""
MOST, LEAST = 1e-3, 1e-6
"""Between these a script forgives: other numbers are drawn in it than the check had."""


@dataclass(frozen=True, eq=False)
class Told:
    """A question, its answer (None where none came), what is wrong with it, and which backend was asked. `asked`: all questions
    of the check that have a writer, this one among them."""

    request: FunctionRequest
    answer: Any
    deviations: tuple[Deviation, ...]
    verdict: str
    backend: str
    asked: tuple[Asked, ...] = ()

    @property
    def options(self) -> Mapping[str, Any]:
        """The arguments of the question, by name."""
        return dict(self.request.arguments)

    @property
    def worst(self) -> Deviation:
        """What is shown."""
        return self.deviations[0] if self.deviations else Deviation("", "")

    @property
    def keras(self) -> bool:
        """Whether Keras was asked, on whatever engine."""
        return self.backend != "torch"

    @property
    def engine(self) -> str:
        """What Keras runs on."""
        return self.backend.removeprefix("keras-")

    @property
    def raised(self) -> bool:
        """Whether an error came where none was due."""
        return isinstance(self.answer, Refusal) and self.worst.where == "error"

    @property
    def tolerance(self) -> str:
        """Between what is allowed and what was seen, in one digit."""
        off, allowed = self.worst.deviation, self.worst.allowed
        if not math.isfinite(off):
            return f"{MOST:g}"
        chosen = max(min(math.sqrt(off * allowed), MOST), 2 * allowed) if allowed else min(off / 10, MOST)
        return f"{float(f'{max(chosen, LEAST):.0e}'):g}"

    def named(self, *prefixes: str) -> str:
        """Where the first deviation is that begins so; of those that do, in the order of the prefixes. Nothing where none is."""
        return next((d.where for prefix in prefixes for d in self.deviations if d.where.startswith(prefix)), "")


def head(backend: str, *more: str) -> list[str]:
    """The imports, on the stack that was asked; `more` modules after them."""
    if backend == "torch":
        return ["import sys", "import numpy as np", "import torch", *more]
    return ["import os", "import sys", f'os.environ["KERAS_BACKEND"] = "{backend.removeprefix("keras-")}"', "import keras",
            "import numpy as np", *more]


def whole(told: Told, first: Sequence[str], asked: Sequence[str], then: Sequence[str]) -> list[str]:
    """The script: `first` imports and data, `asked` calls the framework, `then` says what is due and compares. Where an error
    came, or the process died, that is shown instead."""
    if told.verdict in ("crash", "timeout"):
        return tidy([*first, "", *asked, ANSWERED])
    if told.raised:
        return tidy([*first, "", *erring(asked, told.answer.error)])
    return tidy([*first, "", *asked, "", *then])


def refused(told: Told, first: Sequence[str], asked: Sequence[str], due: str) -> list[str]:
    """The script where `asked` must raise an error, and does not: `due` says why it must. Raises NoScript."""
    if told.verdict in ("crash", "timeout"):
        return whole(told, first, asked, [])
    if isinstance(told.answer, Refusal):
        raise NoScript("the fault is in the words of the error, which the message tells")
    told_twice = refusal(list(asked), due)
    return [*tidy([*first, "", *told_twice[:-3]]), *told_twice[-3:]]


def compared(tolerance: str, where: str = "") -> list[str]:
    """The comparison of the arrays `found` and `expected`, of one shape, at all places or where the mask `where` says; it ends
    the script. NaN is wrong."""
    wrong = f"~(np.abs(found - expected) <= {tolerance})" if float(tolerance) else "found != expected"
    return [f"wrong = {wrong}{f' & {where}' if where else ''}", 'print("expected", expected[wrong][:5])',
            'print("found   ", found[wrong][:5], f"({wrong.sum()} of {wrong.size} are wrong)")', "sys.exit(int(wrong.any()))"]


def alike() -> list[str]:
    """The comparison of two arrays bit for bit, shapes included; it ends the script."""
    return ['print("expected", np.float64(expected).round(2).tolist())', 'print("found   ", np.float64(found).round(2).tolist())',
            "sys.exit(int(not np.array_equal(found, expected)))"]


def equal() -> list[str]:
    """The comparison of two plain values, `found` with `expected`; it ends the script."""
    return ['print("expected", expected)', 'print("found   ", found)', "sys.exit(int(found != expected))"]


def number(tolerance: str) -> list[str]:
    """The comparison of two numbers; it ends the script."""
    return ['print("expected", expected)', 'print("found   ", found)',
            f"sys.exit(int(not abs(found - expected) <= {tolerance}))"]


def numpy(told: Told, tensor: str) -> str:
    """A tensor as an array."""
    return f"keras.ops.convert_to_numpy({tensor})" if told.keras else f"{tensor}.detach().numpy()"


def mask_line(mask: np.ndarray | None, name: str = "mask") -> list[str]:
    """The line that makes a mask; none where there is none."""
    if mask is None:
        return []
    if same(mask, np.ones_like(mask)):
        return [f"{name} = np.ones({mask.shape}, bool)"]
    return [f"{name} = np.array({mask.astype(int).tolist()}, bool)"]


def drawn(name: str, shape: Sequence[int], more: str = "") -> str:
    """The line that draws an array."""
    return f"{name} = draw({', '.join(map(str, shape))}){more}"


def sizes(shape: Sequence[int]) -> str:
    """A shape as arguments."""
    return ", ".join(map(str, shape))


def by_equations(told: Told, layer: Layer, weights: str, masked: bool, padding: str, result: int, states: str = "",
                 x: str = "x", mask: str = "mask") -> list[str]:
    """Lines that make `expected`, one of the layer's results, by the equations in float64. weights: an expression of a list of
    tensors, as the framework orders its own; result: which; states: an expression, else zeros."""
    zeros = f"[np.zeros((len({x}), {layer.units}))] * {len(layer.state_keys())}"
    clean = f"np.where({mask}[..., None], {x}, 0)" if masked else x
    return ["# the equations, in float64", f"w = [np.float64({numpy(told, 'v')}) for v in {weights}]",
            *equations.written(layer, masked, padding, "keras" if told.keras else "torch"), "",
            f"expected = equations({clean}, {mask if masked else None}, {states or zeros})[{result}]"]
