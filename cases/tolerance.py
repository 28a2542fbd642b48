"""How far an answer in the layer's dtype may be from the float64 reference: derived, not chosen by taste.

The difference is estimated by running the reference itself, in float64, with every operation moved by a random amount
of the size of its rounding error, in the forward and in the backward pass (Monte Carlo arithmetic: Vignes 1993, Parker
1997). So the condition of the problem, the number of steps and of accumulated terms, cancellation, saturation and kinks
(a relu whose argument is within rounding error of 0) enter by themselves. u is the unit roundoff of the dtype, 2^-p
for a significand of p bits.

    operation            moved by, at most                why
    matrix product a b   u ||a_row|| ||b_column||         The bound is n u |a||b| to first order (Higham, Accuracy and
                                                          Stability of Numerical Algorithms, 2002, section 3.5). Errors
                                                          have random signs, so sqrt(n) u |a||b| holds in practice
                                                          (Higham and Mary 2019); sums in blocks, as in BLAS, have far
                                                          less. |a||b| <= ||a|| ||b|| by Cauchy and Schwarz.
    elementwise result   u |value|                        One rounding (Higham, section 2.2).
    activation           8 u max(|value|, floor)          Fast tanh, sigmoid and exp of XLA, Eigen and oneDNN are within
                                                          4 units in the last place, that is 8 u. The errors of one
                                                          approximation share a sign, so half of the move is one and
                                                          the same for the whole run. The floor is for formulas that
                                                          cancel: 1/2 + tanh(x/2)/2, exp(x) - 1, log(1 + exp(x)),
                                                          x + 3. In 16 bits: u; computed in more, and rounded once.
    a given array        u |value|                        Where it is not exact in the dtype.

Each of these is multiplied by `SAFETY`, the one factor that is chosen. It must be above 1, for honest arithmetic, and
well below the ratio of the roundoffs that must be told apart: 2^13 for TF32 or float16 products in a float32 layer,
2^16 for bfloat16 ones. tests/test_tolerance.py holds it to both sides. Measured over 900 random layers, from one unit
on: float32 in any order and with activations 4 units off uses at most 0.6 of what is allowed. In outputs and states
alone, bfloat16 products exceed it 40-fold or more, TF32 ones 100-fold in the median and 4-fold or more but for one
layer of one unit on a single valid step (1.4-fold): a single number may by chance be hit by little rounding.

What is allowed at an element is the largest move among the copies, and not less than the copies' mean move along its
last axis, for a single element may by chance have moved little in all of them. Where no copy moves at all the value is
exact (a gradient at padding, an output that is zero), and nothing is allowed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cases.models import FunctionRequest, ModelRequest, named_inputs, recurrent_layers
from cases.reference import run, run_chain, run_model
from cases.reference.arithmetic import Arithmetic, using
from cases.requests import Deviation, Execution, Observation, Request, digest

SAFETY = 8.0
COPIES = 12
CACHED = 16_384
BITS: Mapping[str, int] = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
"""dtype -> bits of its significand, the hidden one included (IEEE 754; bfloat16: the upper half of a float32)."""
SMALLEST: Mapping[str, float] = {
    "float64": 2.0**-1022,
    "float32": 2.0**-126,
    "float16": 2.0**-14,
    "bfloat16": 2.0**-126,
}
"""dtype -> its smallest normal number: what is below may be flushed to zero."""
FLOORS: Mapping[str, float] = {"sigmoid": 0.5, "hard_sigmoid": 0.5, "elu": 1.0, "softplus": 1.0}
EXACT = ("linear", "relu")


@dataclass(frozen=True, eq=False)
class Expected:
    """The float64 value, and by how much an answer may differ from it at each element (same shape)."""

    value: np.ndarray
    allowed: np.ndarray


def arithmetic_dtype(dtype: str) -> str:
    """The dtype whose roundoff counts: `mixed_bfloat16` computes in bfloat16. Raises ValueError for an unknown name."""
    name = dtype.removeprefix("mixed_")
    if name not in BITS or (dtype != name and BITS[name] > 11):
        known = ", ".join((*BITS, "mixed_float16", "mixed_bfloat16"))
        raise ValueError(f"dtype={dtype!r}: expected one of {known}")
    return name


def unit_roundoff(dtype: str) -> float:
    """u, the largest relative error of one rounding to nearest."""
    return 2.0 ** -BITS[arithmetic_dtype(dtype)]


class Perturbed(Arithmetic):
    """Moves every result by a random amount, `scale` times its rounding error in `dtype`; arrays lead with `copies`, before
    which stand `exact` ones that nothing moves."""

    def __init__(self, dtype: str, copies: int, seed: int, scale: float = SAFETY, exact: int = 0):
        self.unit = scale * unit_roundoff(dtype)
        self.activation_units = 8.0 if BITS[arithmetic_dtype(dtype)] > 11 else 1.0
        self.copies, self.exact, self.random = copies, exact, np.random.default_rng(seed)
        self.common: dict[str, np.ndarray] = {}

    def _noise(self, shape: tuple[int, ...]) -> np.ndarray:
        """Uniform between -1 and 1."""
        noise = np.zeros(shape, np.float32)
        moved = noise[self.exact :]
        self.random.random(dtype=np.float32, out=moved)
        moved *= 2.0
        moved -= 1.0
        return noise

    def product(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The product, each element moved in proportion to the sizes of its row and column."""
        exact = a @ b
        sizes = np.sqrt(np.sum(a * a, axis=-1, keepdims=True)) * np.sqrt(np.sum(b * b, axis=-2, keepdims=True))
        return exact + self.unit * sizes * self._noise(exact.shape)

    def rounded(self, value: np.ndarray) -> np.ndarray:
        """The value, moved in proportion to itself."""
        return value * (1.0 + self.unit * self._noise(value.shape))

    def activated(self, name: str, value: np.ndarray) -> np.ndarray:
        """The value, moved half at random and half in the direction that `name` has in this copy."""
        if name in EXACT:
            return value
        if name not in self.common:
            self.common[name] = np.concatenate([np.zeros(self.exact), self.random.choice([-1.0, 1.0], self.copies)])
        common = self.common[name].reshape(-1, *[1] * (value.ndim - 1))
        sizes = np.maximum(np.abs(value), FLOORS.get(name, 0.0))
        return value + self.unit * self.activation_units * sizes * (self._noise(value.shape) + common) / 2

    def given(self, array: np.ndarray, dtype: str) -> np.ndarray:
        """Copies of an array of the request, moved where it is not exact in `dtype`."""
        array = np.asarray(array, "float64")
        copies = np.broadcast_to(array, (self.exact + self.copies, *array.shape))
        inexact = array != rounded_to(array, dtype)
        return copies * (1.0 + self.unit * inexact * self._noise(copies.shape)) if inexact.any() else copies.copy()


def rounded_to(array: np.ndarray, dtype: str) -> np.ndarray:
    """`array` rounded to the significand of `dtype`, to nearest, ties to even. Exponents are not limited."""
    significand, exponent = np.frexp(np.asarray(array, "float64"))
    bits = float(BITS[arithmetic_dtype(dtype)])
    return np.ldexp(np.round(np.ldexp(significand, int(bits))), exponent - int(bits))


def expect(request: Request, padding: str = "hold") -> dict[str, Expected]:
    """Name -> what must come back and how exactly, for every array that `request` wants.

    padding: the convention of the one who answers, `hold` or `zero`. How the request is executed makes no difference,
    except that dropout in training raises ValueError, as everything does that the reference has no one answer to.
    """
    plain = request.but(execution=Execution(mode=request.execution.mode))
    layer = request.layer
    size = (
        request.batch.inputs.shape[0]
        * request.batch.inputs.shape[1]
        * layer.units
        * layer.layers
        * len(layer.directions)
    )
    return _cached(
        ("layer", padding, digest(plain)),
        lambda: _expected(lambda **how: run(plain, padding, **how), layer.dtype, size),
    )


def expect_model(request: ModelRequest, padding: str | Mapping[str, str] = "hold") -> dict[str, Expected]:
    """The same for a model. Its dtype is the coarsest of its recurrent layers'; padding may be given by node name."""
    plain = replace(request, execution=Execution(mode=request.execution.mode))
    layers = recurrent_layers(request.model)
    dtype = max((layer.dtype for layer in layers), key=unit_roundoff, default="float32")
    steps = 1 + (len(request.training.batches) if request.training else 0)
    rows, time, *_ = max((a.shape for a in named_inputs(request.model, request.inputs).values()), key=np.prod)
    size = steps * rows * time * max(16, sum(layer.units * layer.layers for layer in layers))
    key = padding if isinstance(padding, str) else tuple(sorted(padding.items()))
    return _cached(
        ("model", key, digest(plain)), lambda: _expected(lambda **how: run_model(plain, padding, **how), dtype, size)
    )


def expect_by(kind: tuple, request: Any, ask: Callable[..., Observation], dtype: str, size: int) -> dict[str, Expected]:
    """The same for any other question that `ask(dtype=…)` and `ask(given=…)` answer as the reference does, in the
    arithmetic in use. `size`: about how many numbers are computed."""
    return _cached((kind, digest(request)), lambda: _expected(ask, dtype, size))


def expect_chain(request: FunctionRequest, padding: str = "hold", dtype: str = "float32") -> dict[str, Expected]:
    """The same for a chain of cells (`cases.chains.chain_request`)."""
    options = dict(request.arguments)
    size = options["batch"].inputs.size * sum(cell.units for cell in options["chain"].cells)
    return _cached(
        ("chain", padding, dtype, digest(request)),
        lambda: _expected(lambda **how: run_chain(**options, padding=padding, **how), dtype, size),
    )


def _expected(ask: Callable[..., Observation], dtype: str, size: int) -> dict[str, Expected]:
    """Runs the reference on moved copies, fewer at a time the larger the work, the first time together with an exact one."""
    copies = COPIES if size <= 200_000 else COPIES // 2
    together = max(1, min(copies, 2_000_000 // max(size, 1)))
    exact: dict[str, np.ndarray] = {}
    moves: dict[str, list[np.ndarray]] = {}
    fixed: set[str] = set()  # whole numbers and truth values: what moves by rounding alone does not move them
    for start in range(0, copies, together):
        moved = Perturbed(dtype, min(together, copies - start), seed=start, exact=int(not start))
        with using(moved):
            found = ask(given=lambda array, moved=moved: moved.given(array, dtype)).arrays
        if not start:
            fixed = {name for name, value in found.items() if value.dtype.kind != "f" or len(value) != 1 + moved.copies}
            exact = {name: value if name in fixed else value[0] for name, value in found.items()}
            found = {name: value[1:] for name, value in found.items() if name not in fixed}
        for name, value in exact.items():
            if name not in fixed:
                moves.setdefault(name, []).append(np.abs(found[name] - value))
    return {name: _with_allowed(np.asarray(value, "float64"), moves.get(name, []), dtype) for name, value in exact.items()}


def _with_allowed(value: np.ndarray, moves: list[np.ndarray], dtype: str) -> Expected:
    """The value and what is allowed there, both read-only."""
    allowed = np.zeros_like(value)
    if moves and value.size:
        move = np.concatenate(moves)
        mean = move.mean(axis=(0, -1) if value.ndim else 0, keepdims=True)[0]
        largest = move.max(axis=0)
        allowed = np.where(largest > 0, np.maximum(largest, mean) + SMALLEST[arithmetic_dtype(dtype)], 0.0)
    allowed = np.asarray(allowed)
    for array in (value, allowed):
        array.setflags(write=False)
    return Expected(value, allowed)


_answers: OrderedDict[Any, Future[dict[str, Expected]]] = OrderedDict()
_lock = threading.Lock()


def _cached(key: Any, make: Callable[[], dict[str, Expected]]) -> dict[str, Expected]:
    """The answer for `key`, made once while it is among the last `CACHED` that were used; another thread that asks for it
    meanwhile waits. What `make` raises is raised, and not kept."""
    with _lock:
        if mine := key not in _answers:
            _answers[key] = Future()
            while len(_answers) > CACHED:
                _answers.popitem(last=False)
        _answers.move_to_end(key)
        answer = _answers[key]
    if mine:
        try:
            answer.set_result(make())
        except BaseException as error:
            with _lock:
                _answers.pop(key, None)
            answer.set_exception(error)
    return dict(answer.result())


def remembered() -> dict[Any, dict[str, Expected]]:
    """Every answer that is kept, by its key."""
    with _lock:
        return {key: answer.result() for key, answer in _answers.items() if answer.done()}


def remember(answers: Mapping[Any, dict[str, Expected]]) -> None:
    """Keep answers that another process has found."""
    with _lock:
        for key, answer in answers.items():
            _answers[key] = Future()
            _answers[key].set_result(answer)


_AXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("gradients/inputs", ("batch", "time", "feature")),
    ("recurrent_kernel", ("unit", "column")),
    ("kernel", ("feature", "column")),
    ("bias", ("column",)),
    ("embeddings", ("id", "column")),
    ("states", ("batch", "unit")),
    ("mask", ("batch", "time")),
    ("losses", ("step",)),
)


def axes_of(where: str, dimensions: int) -> tuple[str, ...]:
    """The names of the axes of the array `where`, in the field's terms."""
    for word, axes in _AXES:
        if word in where and len(axes) == dimensions:
            return axes
    return {2: ("batch", "unit"), 3: ("batch", "time", "unit")}.get(
        dimensions, tuple(f"axis {n}" for n in range(dimensions))
    )


def place(where: str, index: tuple[int, ...]) -> str:
    """`outputs[batch 1, time 3, unit 0]`."""
    words = ", ".join(f"{axis} {int(i)}" for axis, i in zip(axes_of(where, len(index)), index, strict=True))
    return f"{where}[{words}]" if words else where


@dataclass
class Nearest:
    """How near the comparisons of a check came to what is allowed: the largest share of it, and the two numbers; None before the
    first comparison of finite numbers."""

    share: float = -1.0
    deviation: float | None = None
    allowed: float | None = None

    def note(self, difference: np.ndarray, allowed: np.ndarray) -> None:
        """Keep the element that used the largest share. Where nothing is allowed there is nothing to be near to."""
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.where(allowed > 0, difference / allowed, 0.0)
        index = int(np.argmax(shares))
        if shares.flat[index] > self.share:
            self.share, self.deviation, self.allowed = (float(a.flat[index]) for a in (shares, difference, allowed))


_NEAREST: ContextVar[Nearest | None] = ContextVar("nearest", default=None)


@contextmanager
def measuring() -> Iterator[Nearest]:
    """Within, `compare` notes how near what passes comes to what is allowed. Contexts of other threads are their own."""
    nearest = Nearest()
    token = _NEAREST.set(nearest)
    try:
        yield nearest
    finally:
        _NEAREST.reset(token)


def compare(where: str, seen: np.ndarray, expected: np.ndarray, allowed: np.ndarray | float) -> list[Deviation]:
    """The deviations of `seen` from `expected`: none, or one that names the worst element (most often too much).

    A wrong shape is one; so is anything not finite in `seen` or in `expected`, also where both agree: NaN never passes.
    """
    seen, expected = np.asarray(seen), np.asarray(expected, "float64")
    if seen.shape != expected.shape:
        return [Deviation(where, f"{where}: found shape {seen.shape}, expected {expected.shape}", float("nan"), 0.0)]
    if not seen.size:
        return []
    seen = seen.astype("float64")
    allowed = np.broadcast_to(np.asarray(allowed, "float64"), expected.shape)
    for array, what in ((seen, "found"), (expected, "expected")):
        if not np.isfinite(array).all():
            index = tuple(np.argwhere(~np.isfinite(array))[0])
            count = int(array.size - np.isfinite(array).sum())
            text = f"found {seen[index]:.6g}, expected {expected[index]:.6g}"
            if what == "expected":
                text += ": there is no finite value to expect"
            text += f" ({count} of {array.size} elements are not finite)"
            return [Deviation(where, f"{place(where, index)}: {text}", float("nan"), float(allowed[index]))]
    difference = np.abs(seen - expected)
    bad = ~(difference <= allowed)
    if not bad.any():
        if nearest := _NEAREST.get():
            nearest.note(difference, allowed)
        return []
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        excess = np.where(bad, difference / allowed, -1.0)
    excess = np.where(np.isinf(excess), np.finfo("float64").max / 2 * (difference / difference.max()), excess)
    index = np.unravel_index(int(np.argmax(excess)), excess.shape)
    found, due, off, most = (float(array[index]) for array in (seen, expected, difference, allowed))
    digits = _digits(max(abs(found), abs(due)), off)
    numbers = f"found {found:.{digits}g}, expected {due:.{digits}g}, differs by {off:.1e}, allowed {most:.1e}"
    return [Deviation(where, f"{place(where, index)}: {numbers}", off, most)]


def _digits(size: float, difference: float) -> int:
    """How many significant digits show that two numbers of this size differ."""
    return int(np.clip(np.ceil(np.log10(size / difference)) + 2, 4, 17))
