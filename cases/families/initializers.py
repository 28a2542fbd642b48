"""Initializers by name: between which bounds, how wide, orthogonal or constant what they draw is, of matrices and of windows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from scipy.special import kolmogorov, ndtr

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.families.initial_weights import RARE
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

SHAPES: Mapping[str, tuple[int, ...]] = {"tall": (90, 12), "wide": (12, 90), "windows": (3, 36, 10), "heads": (12, 3, 30)}
"""Of a kernel: inputs, outputs; in front of them the places of a window. heads: inputs, and what goes to each of three heads."""
HEADED = ("glorot_uniform", "he_normal", "he_normal_of_outputs")
"""What a kernel of heads is asked with."""
GAIN, MEAN, WIDTH, LOW, HIGH = 1.5, 0.25, 0.375, -0.25, 0.75
TANH, SLOPE = 5 / 3, 0.25
DRAWN: Mapping[str, tuple[str, Callable[[int, int], float]]] = {
    "glorot_uniform": ("even", lambda inner, outer: math.sqrt(6 / (inner + outer))),
    "glorot_normal": ("normal", lambda inner, outer: math.sqrt(2 / (inner + outer))),
    "he_uniform": ("even", lambda inner, outer: math.sqrt(6 / inner)),
    "he_normal": ("normal", lambda inner, outer: math.sqrt(2 / inner)),
    "lecun_uniform": ("even", lambda inner, outer: math.sqrt(3 / inner)),
    "lecun_normal": ("normal", lambda inner, outer: math.sqrt(1 / inner)),
    "he_uniform_of_outputs": ("even", lambda inner, outer: math.sqrt(6 / outer)),
    "he_normal_of_outputs": ("normal", lambda inner, outer: math.sqrt(2 / outer)),
    "uniform_for_tanh": ("even", lambda inner, outer: TANH * math.sqrt(6 / (inner + outer))),
    "normal_for_tanh": ("normal", lambda inner, outer: TANH * math.sqrt(2 / (inner + outer))),
    "uniform_for_slopes": ("even", lambda inner, outer: math.sqrt(6 / inner / (1 + SLOPE**2))),
    "random_uniform": ("between", lambda inner, outer: HIGH),
    "random_normal": ("around", lambda inner, outer: WIDTH),
    "truncated_normal": ("cut", lambda inner, outer: WIDTH),
}
"""Name -> the distribution, and its bound or its width, given how many numbers go into an output, and come from an input.

even     between minus and plus the bound · between  LOW and HIGH
normal   around zero; a framework may cut off what lies beyond two widths, and widen it to keep the variance (fact `cut`)
around   MEAN, of that width · cut  the same, without what lies beyond two widths
`for_tanh`: times the gain of tanh; `for_slopes`: of leaky rectifiers with slope SLOPE
"""
FAR = 7.0
FIXED = ("orthogonal", "identity", "constant", "zeros", "ones")
EDGE = 2.0
CUT = 0.87962566103423978
"""Standard deviation of a normal distribution of width one without what lies beyond `EDGE` widths."""


def fans(shape: str) -> tuple[int, int]:
    """How many numbers go into an output, and come from an input."""
    *places, inner, outer = SHAPES[shape]
    return (places[0], inner * outer) if shape == "heads" else (inner * math.prod(places), outer * math.prod(places))


def normal(x: np.ndarray, mean: float, width: float, edge: float) -> np.ndarray:
    """The distribution function of a normal distribution without what lies beyond `edge` widths (which may be infinite)."""
    return np.clip((ndtr((x - mean) / width) - ndtr(-edge)) / (ndtr(edge) - ndtr(-edge)), 0.0, 1.0)


def chance(array: np.ndarray, distribution: Callable[[np.ndarray], np.ndarray]) -> float:
    """How probable it is that numbers of this distribution lie as far from it (Kolmogorov and Smirnov)."""
    ordered = np.sort(array.ravel())
    due, count = distribution(ordered), ordered.size
    off = max(np.abs(due - np.arange(count) / count).max(), np.abs(due - np.arange(1, count + 1) / count).max())
    return float(kolmogorov(math.sqrt(count) * off))


def fixed(name: str, array: np.ndarray) -> list[Deviation]:
    """Deviations of what is not drawn, or drawn to be orthogonal."""
    slack = 256 * unit_roundoff("float32")
    if name == "orthogonal":
        flat = array.reshape(-1, array.shape[-1])
        product = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
        return compare("products", product, GAIN**2 * np.eye(len(product)), slack)
    due = np.eye(*array.shape) if name == "identity" else np.full(array.shape, {"constant": MEAN, "ones": 1.0}.get(name, 0.0))
    return compare(name, array, due, 0.0 * due)


@statement("An initializer that is called by name draws as it is documented: evenly between its bounds, or normally, as wide as "
           "the sizes say; orthogonal to its gain; or one number everywhere; from one seed the same.",
           {"name": (*DRAWN, *FIXED), "shape": tuple(SHAPES)}, strength=(1, 2, 2), dear={"shape": ("tall", "windows", "heads")},
           senseless=((("name", "shape"), lambda name, shape: name == "identity" and shape == "windows"),
                      (("name", "shape"), lambda name, shape: shape == "heads" and name not in HEADED)),
           source="Keras: initializers; PyTorch: torch.nn.init")
def initializers_draw_as_documented(ask, name, shape) -> list[Deviation]:
    sizes = SHAPES[shape]
    seen = ask(FunctionRequest("initialized", (("name", name), ("shape", sizes), ("fans", fans(shape)), ("seed", 11),
                                               ("heads", shape == "heads"))))
    array = seen["first"].astype("float64")
    if array.shape != sizes:
        return [Deviation("shape", f"{array.shape}, expected {sizes}")]
    found = [] if np.array_equal(array, seen["again"]) else [Deviation("again", "one seed drew two different arrays")]
    if name in FIXED:
        found += [] if name != "orthogonal" or not np.array_equal(array, seen["other"]) else [
            Deviation("other", "another seed drew the same")]
        return found + fixed(name, array)
    kind, size = DRAWN[name]
    wide = size(*fans(shape))
    low, high = (LOW, HIGH) if kind == "between" else (-wide, wide)
    if kind in ("normal", "around", "cut"):
        cut = kind == "cut" or (kind == "normal" and seen.facts["cut"])
        drawn = wide / CUT if kind == "normal" and cut else wide  # as it was drawn, before anything was cut off
        by = partial(normal, mean=0.0 if kind == "normal" else MEAN, width=drawn, edge=EDGE if cut else math.inf)
        due = (drawn * CUT if cut else drawn) ** 2
        beyond = np.abs(array - (0.0 if kind == "normal" else MEAN)).max() - EDGE * drawn
        if cut and beyond > 1e-6:
            found.append(Deviation("bounds", f"a number lies {beyond:.3g} beyond the {EDGE:g} widths at which it is cut"))
    else:
        edge = max(low - array.min(), array.max() - high)
        if edge > 1e-6:
            found.append(Deviation("bounds", f"{array.min():.6g} to {array.max():.6g}, documented {low:.6g} to {high:.6g}"))
        by, due = (lambda x: np.clip((x - low) / (high - low), 0.0, 1.0)), (high - low) ** 2 / 12
    share = chance(array, by)
    apart = abs(array.var() / due - 1) / math.sqrt(2 / array.size)  # at most so many standard deviations of what is estimated
    if share < RARE or apart > FAR:
        found.append(Deviation("spread", f"not as documented: mean {array.mean():.3g}, standard deviation {array.std():.3g}, "
                                         f"chance {share:.1g}"))
    return found + ([Deviation("other", "another seed drew the same")] if np.array_equal(array, seen["other"]) else [])


GAINS: tuple[tuple[str, float | None, float], ...] = (
    ("linear", None, 1.0), ("sigmoid", None, 1.0), ("tanh", None, TANH), ("relu", None, math.sqrt(2.0)), ("selu", None, 0.75),
    ("leaky_relu", None, math.sqrt(2 / (1 + 0.01**2))), ("leaky_relu", 0.0, math.sqrt(2.0)),
    ("leaky_relu", SLOPE, math.sqrt(2 / (1 + SLOPE**2))), ("conv1d", None, 1.0),
)
"""What follows a layer, its slope, and the gain that is documented."""


@statement("The gain of what follows a layer is as documented, whatever its slope.", sparing=0,
           source="PyTorch: torch.nn.init.calculate_gain")
def gains_are_documented(ask) -> list[Deviation]:
    seen = ask(FunctionRequest("gains", (("of", tuple((name, slope) for name, slope, _ in GAINS)),)))
    due = np.array([gain for *_, gain in GAINS])
    return compare("gains", seen["gains"], due, 1e-12 * due)


SHARE, SPARSE, KERNEL = 0.3, (60, 40), (4, 2, 3)
"""How much of each column of a sparse matrix is zero; its rows and columns; outputs, inputs of a group, places of a window."""
BELOW, ABOVE = MEAN + WIDTH, MEAN + 4 * WIDTH
"""Between which bounds, both on one side of its mean, a normal distribution is cut."""


@statement("A sparse matrix has as many zeros in each column as is asked for, and else is drawn normally; what is cut on both "
           "ends lies between them as it would; a window that passes on what it sees does, in each group; and from one "
           "generator the same is drawn, whatever others draw.", strength=(1, 1, 1), sparing=0,
           source="PyTorch: torch.nn.init.sparse_, trunc_normal_, dirac_")
def rare_initializers_draw_as_documented(ask) -> list[Deviation]:
    inputs = draw_values(generator("rare initializers"), (2, KERNEL[0], 5))
    seen = ask(FunctionRequest("rarely_initialized", (
        ("share", SHARE), ("low", BELOW), ("high", ABOVE), ("shape", SPARSE), ("kernel", KERNEL), ("inputs", inputs))))
    found = [d for name in ("sparse", "cut")
             for d in equal(name, seen[f"{name}/again"], seen[f"{name}/first"], "of one generator")]
    sparse, cut = (seen[f"{name}/first"].astype("float64") for name in ("sparse", "cut"))
    zeros = math.ceil(SHARE * SPARSE[0])
    found += equal("zeros", (sparse == 0).sum(axis=0), np.full(SPARSE[1], zeros), "in each column")
    for name, array, by in (
            ("sparse", sparse[sparse != 0], lambda x: ndtr(x / WIDTH)),
            ("cut", cut, lambda x: (ndtr((x - MEAN) / WIDTH) - ndtr(1.0)) / (ndtr(4.0) - ndtr(1.0)))):
        if (share := chance(array, by)) < RARE:
            found.append(Deviation("spread", f"{name}: not as documented, chance {share:.1g}"))
    if cut.min() < BELOW - 1e-6 or cut.max() > ABOVE + 1e-6:
        found.append(Deviation("bounds", f"{cut.min():.6g} to {cut.max():.6g}, expected {BELOW:.6g} to {ABOVE:.6g}"))
    for groups in (1, 2):
        due = np.zeros((2, KERNEL[0], 5))
        own = KERNEL[0] // groups
        for group in range(groups):
            due[:, group * own : group * own + KERNEL[1]] = inputs[:, group * KERNEL[1] : (group + 1) * KERNEL[1]]
        found += compare(f"passed/{groups}", seen[f"passed/{groups}"], due, 1e-6)
    return found
