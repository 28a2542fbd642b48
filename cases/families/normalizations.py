"""Normalizations beside recurrent layers, over steps, over features, or over both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS = 2, 4
AXES = {"features": (2,), "steps": (1,), "both": (1, 2), "both_turned": (2, 1), "both_mixed": (1, -1)}
"""Of weights the shape is that of the axes in order, in whichever order they are given."""
CENTERED = ("layer", "batch", "group")
SMALL, LEVEL = 1e-3, 2048
"""What is added to a variance; where numbers lie that are far from zero."""


ALONE = ("none", "scale", "offset")
"""What there is of a scale and an offset where there are not both."""


def one_alone(which: str, scale: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scale or the offset, without the other one, or none of them."""
    return scale if which == "scale" else np.ones_like(scale), offset if which == "offset" else np.zeros_like(offset)


def normalized(kind: str, inputs: np.ndarray, axes: tuple[int, ...], scale: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The equation. Batch normalization, in training, normalizes over all other axes; group normalization, of one group, over all
    but the batch. What is centered has an offset."""
    axes = tuple(a % 3 for a in axes)
    over = {"batch": tuple(a for a in range(3) if a not in axes), "group": (1, 2)}.get(kind, axes)
    centered = inputs - (inputs.mean(over, keepdims=True) if kind in CENTERED else 0.0)
    size = np.square(centered)
    size = size.sum(over, keepdims=True) if kind == "unit" else size.mean(over, keepdims=True) + SMALL
    shape = [n if a in axes else 1 for a, n in enumerate(inputs.shape)]
    found = centered / np.sqrt(size) * (1.0 if kind == "unit" else scale.reshape(shape))
    return found + (offset.reshape(shape) if kind in CENTERED else 0.0)


@statement("A normalization is its equation over whichever axes it is asked for, each number with its own scale and "
           "offset, one of them or none, also where there are as many steps as features, where the numbers are far from zero and "
           "near each other, and where statistics are taken over all devices.",
           {"kind": ("unit", "batch", "layer", "rms", "group"), "axes": tuple(AXES), "features": (STEPS, STEPS + 1),
            "level": (0, LEVEL)},
           strength=(1, 2, 3), sparing=4, eager=5,
           senseless=((("kind", "axes"), lambda kind, axes: kind in ("batch", "group") and axes.startswith("both")),
                      (("axes", "features"), lambda axes, features: axes == "both_turned" and features == STEPS),
                      (("kind", "level"), lambda kind, level: level and kind not in ("layer", "batch"))),
           source="Keras: LayerNormalization, RMSNormalization, UnitNormalization, BatchNormalization (axis), GroupNormalization")
def normalizations_are_their_equations(ask, kind, axes, features, level) -> list[Deviation]:
    random = generator("normalizations", kind, features)
    inputs, over = level + draw_values(random, (ROWS, STEPS, features)), AXES[axes]
    scale, offset = (draw_values(random, tuple(inputs.shape[a] for a in sorted(a % 3 for a in over))) for _ in range(2))
    seen = ask(FunctionRequest("normalized", (("kind", kind), ("inputs", inputs), ("axes", over), ("scale", scale),
                                              ("offset", offset), ("small", SMALL))))
    given = [np.float32(one).astype("float64") for one in (inputs, scale, offset)]
    full = normalized(kind, given[0], over, *given[1:])
    dues = {"outputs": full, "synchronized": full}
    if kind in CENTERED:
        dues |= {f"alone/{one}": normalized(kind, given[0], over, *one_alone(one, *given[1:])) for one in ALONE}
    asked = [name for name in dues if name in seen.arrays or name != "synchronized"]
    rounded = 2 * inputs.size * level * (1 + np.abs(scale).max())  # a mean, added number by number
    slack = unit_roundoff("float32") * (256 + rounded)
    found = [d for name in asked for d in compare(name, seen[name], dues[name], slack * (1 + np.abs(dues[name])))]
    for name, count in seen.facts.get("counted", ()):
        due = {"rms": 1, "unit": 0}.get(kind, {"alone/none": 0, "alone/scale": 1, "alone/offset": 1}.get(name, 2))
        if count != due:
            found.append(Deviation("weights", f"{name}: {count} weights are trained, expected {due}"))
    return found


CHANNELS, BATCHES, MOMENTUM = 4, 3, 0.25
"""Features; batches of training before the call that is looked at, that one included; how much a new one counts."""
NORMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "layer": ("layer", {}), "layer_plain": ("layer", {"elementwise_affine": False}),
    "layer_without_bias": ("layer", {"bias": False}),
    "rms": ("rms", {}), "rms_plain": ("rms", {"elementwise_affine": False}),
    "group": ("group", {}), "group_plain": ("group", {"affine": False}),
    "instance": ("instance", {"affine": True}), "instance_tracked": ("instance", {"track_running_stats": True}),
    "batch": ("batch", {}), "batch_plain": ("batch", {"affine": False}),
    "batch_untracked": ("batch", {"track_running_stats": False}),
    "batch_cumulative": ("batch", {"momentum": None}), "batch_unmoved": ("batch", {"momentum": 0.0}),
    "batch_without_bias": ("batch", {"bias": False}), "batch_of_nothing_small": ("batch", {"eps": 0.0}),
}
"""A normalization of features -> its kind, its options, epsilon that of inference; a group has half of the features."""
DEFAULTS = {"instance": {"affine": False, "track_running_stats": False}, "batch": {"affine": True, "track_running_stats": True}}


def weights_of(name: str) -> tuple[np.ndarray, np.ndarray]:
    """What each feature is multiplied by, and what is added to it."""
    kind, options = NORMS[name]
    given = {**DEFAULTS.get(kind, {}), **options}
    affine = given.get("affine", given.get("elementwise_affine", True))
    random = generator("norms")
    scale, shift = draw_values(random, (CHANNELS,)), draw_values(random, (CHANNELS,))
    none = not affine or kind == "rms" or given.get("bias") is False
    return scale if affine else np.ones(CHANNELS), np.zeros(CHANNELS) if none else shift


def moments(kind: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance, of x (rows, steps, features), that may be broadcast to it."""
    if kind == "group":
        halves = x.reshape(*x.shape[:2], 2, -1)
        mean, variance = (np.repeat(of(halves, (1, 3), keepdims=True), CHANNELS // 2, axis=3).reshape(len(x), 1, -1)
                          for of in (np.mean, np.var))
        return mean, variance
    over = {"layer": 2, "rms": 2, "instance": 1, "batch": (0, 1)}[kind]
    mean = np.zeros(()) if kind == "rms" else x.mean(over, keepdims=True)
    return mean, ((x - mean) ** 2).mean(over, keepdims=True)


def norms_by_hand(name: str, batches: Sequence[np.ndarray], training: bool) -> dict[str, np.ndarray]:
    """`outputs` of the last batch, after all the others in training; `mean` and `variance` (features,) that are kept, if any."""
    kind, options = NORMS[name]
    given = {**DEFAULTS.get(kind, {}), "momentum": MOMENTUM, "eps": SMALL, **options}
    tracked, kept, (scale, shift) = given.get("track_running_stats", False), None, weights_of(name)
    if tracked:
        mean, variance = np.zeros(CHANNELS), np.ones(CHANNELS)
        for number, x in enumerate(batches if training else batches[:-1], start=1):
            count = x.shape[1] * (len(x) if kind == "batch" else 1)
            own = [one.mean(axis=(0, 1)) for one in moments(kind, x)]
            part = 1 / number if given["momentum"] is None else given["momentum"]
            mean = (1 - part) * mean + part * own[0]
            variance = (1 - part) * variance + part * own[1] * count / (count - 1)
        kept = {"mean": mean, "variance": variance}
    x = batches[-1]
    mean, variance = (kept["mean"], kept["variance"]) if kept and not training else moments(kind, x)
    return {"outputs": (x - mean) / np.sqrt(variance + given["eps"]) * scale + shift, **(kept or {})}


@statement("A normalization of features is its equation with each of its options, in training and in inference, of sequences and "
           "of rows, and keeps the means and variances that it is to keep, also where a state that counts no batches is loaded, "
           "or it becomes one that shares them.",
           {"name": tuple(NORMS), "training": (True, False), "rows": (False, True)}, strength=(1, 2, 3), sparing=0,
           senseless=((("name", "rows"), lambda name, rows: rows and NORMS[name][0] == "instance"),
                      (("name", "training"), lambda name, training: training and "eps" in NORMS[name][1])),
           source="PyTorch: nn.LayerNorm, RMSNorm, GroupNorm, InstanceNorm1d, BatchNorm1d, SyncBatchNorm")
def norms_are_their_equations(ask, name, training, rows) -> list[Deviation]:
    """rows: of inputs (rows, features), else (rows, steps, features)."""
    batches = draw_values(generator("norms", name), (BATCHES, 5, 1 if rows else 3, CHANNELS)).astype("float32")
    scale, shift = weights_of(name)
    kind, options = NORMS[name]
    seen = ask(FunctionRequest("norms", (
        ("name", name), ("kind", kind), ("options", tuple(options.items())), ("scale", scale), ("shift", shift),
        ("training", training), ("rows", rows), ("batches", batches), ("momentum", MOMENTUM), ("small", SMALL))))
    due = norms_by_hand(name, batches.astype("float64"), training)
    found = [] if {*seen.arrays} == {*due} else [Deviation("kept", f"{sorted(seen.arrays)} are kept, expected {sorted(due)}")]
    return found + [d for what in {*due} & {*seen.arrays}
                    for d in compare(what, seen[what], due[what], 256 * unit_roundoff("float32") * (1 + np.abs(due[what])))]


KEPT, KEPT_BESIDE, POWERS = 0.75, 0.5, 2
"""How much of the statistics of inference is kept, and of those that training is corrected by; how often a matrix is
multiplied."""
CLIPPED = {"none": {}, "clipped": {"rmin": 0.75, "rmax": 1.25, "dmax": 0.375}}


def renormed(batches: Sequence[np.ndarray], valid: np.ndarray, scale: np.ndarray, offset: np.ndarray,
             clipping: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Outputs of each batch (rows, steps, features) in training, of its valid steps alone, by the correction to statistics that
    move; then of the first in inference. `valid` (rows, steps)."""
    found, mean, size, told = {}, np.zeros(CHANNELS), np.ones(CHANNELS), [np.zeros(CHANNELS), np.ones(CHANNELS)]
    for number, x in enumerate(batches):
        own, spread = x[valid].mean(axis=0), np.sqrt(x[valid].var(axis=0) + SMALL)
        by = np.clip(spread / size, clipping.get("rmin", 0.0), clipping.get("rmax", np.inf))
        plus = np.clip((own - mean) / size, -clipping.get("dmax", np.inf), clipping.get("dmax", np.inf))
        found[f"training/{number}"] = ((x - own) / spread * by + plus) * scale + offset
        mean, size = (KEPT_BESIDE * old + (1 - KEPT_BESIDE) * new for old, new in ((mean, own), (size, spread)))
        told = [KEPT * old + (1 - KEPT) * new for old, new in zip(told, (own, spread), strict=True)]
    found["inference"] = (batches[0] - told[0]) / told[1] * scale + offset
    return found


@statement("A batch normalization whose batches are corrected to statistics that move is its equation, over valid steps, in "
           "training, batch after batch, and in inference, with an offset or without.",
           {"clipping": tuple(CLIPPED), "masked": (False, True)}, strength=(1, 1, 2), sparing=0,
           source="Ioffe 2017; Keras: BatchNormalization(renorm, renorm_clipping)")
def corrected_batches_are_their_equation(ask, clipping, masked) -> list[Deviation]:
    random = generator("corrected batches")
    batches = draw_values(random, (BATCHES, 3, STEPS, CHANNELS)) + np.array([0.0, 0.75, -1.0])[:, None, None, None]
    valid = np.arange(STEPS) < np.array([STEPS, 2, 3])[:, None] if masked else np.ones((3, STEPS), bool)
    scale, offset = draw_values(random, (CHANNELS,)), draw_values(random, (CHANNELS,)) * (not masked)
    given = {"batches": batches, "scale": scale, "offset": offset}
    seen = ask(FunctionRequest("corrected", (*given.items(), ("valid", valid if masked else None), ("small", SMALL), (
        "clipping", tuple(CLIPPED[clipping].items())), ("kept", (KEPT, KEPT_BESIDE)))))
    due = renormed(valid=valid, clipping=CLIPPED[clipping], **given)
    return [d for name, one in due.items() for d in compare(name, seen[name], one, 1024 * unit_roundoff("float32") * (
        1 + np.abs(one)))]


def of_length_one(inputs: np.ndarray, kernel: np.ndarray, vector: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs (rows, units) of calls, in training but for the last; `vector` (1, units) is what the powers begin with."""
    found = {}
    for call in range(BATCHES):
        if call < BATCHES - 1:
            for _ in range(POWERS):
                other = vector @ kernel.T
                other /= np.sqrt((other**2).sum())
                vector = other @ kernel
                vector /= np.sqrt((vector**2).sum())
            kernel = kernel / (other @ kernel @ vector.T).item()
        found[f"outputs/{call}"] = inputs @ kernel
    return found


@statement("A layer whose matrix is to be of length one has it divided by its greatest singular value, as powers of it tell, in "
           "training, step by step, and stays as it is in inference, of sequences of any length; one of zeros stays zeros; so "
           "has a table, whose rows come.", {"of": ("kernel", "table")}, sparing=0,
           source="Miyato et al. 2018; Keras: SpectralNormalization(power_iterations)")
def matrices_become_of_length_one(ask, of) -> list[Deviation]:
    """Arrays: `outputs/N` of calls, in training but for the last; `vector`, what the powers begin with (1, units); `longer`, of
    the inputs in each of two steps, after all; `zeros`, of a matrix of zeros in training. Of a table: the first
    alone, of rows of the matrix."""
    random = generator("length of matrices")
    inputs, kernel = draw_values(random, (ROWS, CHANNELS)), draw_values(random, (CHANNELS, STEPS))
    inputs = np.eye(CHANNELS)[::-1] if of == "table" else inputs
    seen = ask(FunctionRequest("spectral", (("of", of), ("inputs", inputs), ("kernel", kernel), ("powers", POWERS),
                                            ("calls", BATCHES))))
    due = of_length_one(inputs, kernel, seen["vector"].astype("float64"))
    due |= {"longer": np.stack(2 * [due[f"outputs/{BATCHES - 1}"]], axis=1), "zeros": np.zeros((ROWS, STEPS))}
    due = {"outputs/0": due["outputs/0"]} if of == "table" else due
    return [d for name, one in due.items() for d in compare(name, seen[name], one, 1024 * unit_roundoff("float32") * (
        1 + np.abs(one)))]


ADAPTED = {"features": -1, "steps": (1,), "both": (1, -1), "nothing": None}
"""Along which axes the statistics are kept."""


@statement("A layer that normalizes by statistics of rows that it was shown takes those of all of them along every axis that "
           "it keeps, whether they come at once or in batches of any size, and none of those that it was shown before; out of a "
           "file too; and turned round it gives back what it was given.", {"axis": tuple(ADAPTED)}, strength=(1, 1, 1), sparing=1,
           usual={"axis": ("both",)},
           source="Keras: Normalization.adapt(data)")
def shown_statistics_are_of_all_rows(ask, axis) -> list[Deviation]:
    """Arrays: outputs of one that was shown `array`, `tensor`, or, where these may be, `batches`, of one row, three and one;
    `file`, of one out of a file; `back`, of one that is turned round, for the outputs that are due."""
    random = generator("shown", axis)
    shown = draw_values(random, (5, STEPS, CHANNELS)) * np.linspace(0.5, 2.0, 5)[:, None, None] + np.arange(5.0)[:, None, None]
    over = tuple(a for a in range(3) if a not in {n % 3 for n in np.ravel(ADAPTED[axis] if ADAPTED[axis] is not None else ())})
    due = (shown - shown.mean(axis=over, keepdims=True)) / shown.std(axis=over, keepdims=True)
    seen = ask(FunctionRequest("shown", (("shown", shown), ("axis", ADAPTED[axis]), ("due", due), ("before", random.normal(
        size=shown.shape)))))
    right = dict.fromkeys(("array", "tensor", "file", *({"batches"} & {*seen.arrays})), due) | {"back": shown}
    return [d for name, one in right.items() for d in compare(name, seen[name], one, 1024 * unit_roundoff("float32") * (
        1 + np.abs(one)))]
