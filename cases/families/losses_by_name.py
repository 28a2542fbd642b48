"""Losses and metrics that are called by name: each is its equation, at every step, as a function, a loss, a metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.families.ctc import likelihood
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

CLASSES = 4
SHAPES = {"steps": (3, 5, CLASSES), "rows": (5, CLASSES), "square": (CLASSES, CLASSES), "one_row": (1, CLASSES),
          "steps_of_one_row": (1, 5, CLASSES), "cube": (CLASSES, CLASSES, CLASSES)}
"""What the losses are of, by name; the last axis is that of the classes."""
STEPPED = SHAPES | {"one_step": (3, 1, CLASSES), "frames": (2, 3, 5, CLASSES)}
"""Those of cross-entropies: an axis of one step is no axis of one class, and each step may be a frame."""
SLACK = 512 * unit_roundoff("float32")
DELTA, SMOOTHING, GAMMA, ALPHA = 0.625, 0.25, 3.0, 0.375


def smoothed(t: np.ndarray, parts: int) -> np.ndarray:
    return t * (1 - SMOOTHING) + SMOOTHING / parts


def binary(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return -(t * np.log(p) + (1 - t) * np.log1p(-p))


def normal(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).sum(axis=-1, keepdims=True))


def turned(off: np.ndarray) -> np.ndarray:
    size = np.abs(off)
    return np.where(size <= DELTA, off**2 / 2, DELTA * (size - DELTA / 2))


def hinge(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.where(t > 0, 1, -1) * p, 0)


Equation = Callable[[np.ndarray, np.ndarray], np.ndarray]
EQUATIONS: Mapping[str, tuple[str, str, dict[str, Any], Equation]] = {
    "mean_squared_error": ("MeanSquaredError", "numbers", {}, lambda t, p: ((t - p) ** 2).mean(axis=-1)),
    "mean_absolute_error": ("MeanAbsoluteError", "numbers", {}, lambda t, p: np.abs(t - p).mean(axis=-1)),
    "mean_absolute_percentage_error": ("MeanAbsolutePercentageError", "numbers", {},
                                       lambda t, p: 100 * (np.abs(t - p) / np.abs(t)).mean(axis=-1)),
    "mean_squared_logarithmic_error": ("MeanSquaredLogarithmicError", "shares", {},
                                       lambda t, p: ((np.log1p(t) - np.log1p(p)) ** 2).mean(axis=-1)),
    "cosine_similarity": ("CosineSimilarity", "numbers", {}, lambda t, p: -(normal(t) * normal(p)).sum(axis=-1)),
    "huber": ("Huber", "numbers", {"delta": DELTA}, lambda t, p: turned(t - p).mean(axis=-1)),
    "log_cosh": ("LogCosh", "numbers", {}, lambda t, p: np.log(np.cosh(p - t)).mean(axis=-1)),
    "hinge": ("Hinge", "flags", {}, lambda t, p: hinge(t, p).mean(axis=-1)),
    "squared_hinge": ("SquaredHinge", "flags", {}, lambda t, p: (hinge(t, p) ** 2).mean(axis=-1)),
    "categorical_hinge": ("CategoricalHinge", "class", {},
                          lambda t, p: np.maximum(((1 - t) * p).max(axis=-1) - (t * p).sum(axis=-1) + 1, 0)),
    "kl_divergence": ("KLDivergence", "shares", {}, lambda t, p: (t * np.log(t / p)).sum(axis=-1)),
    "poisson": ("Poisson", "shares", {}, lambda t, p: (p - t * np.log(p)).mean(axis=-1)),
    "binary_crossentropy": ("BinaryCrossentropy", "flags", {"label_smoothing": SMOOTHING},
                            lambda t, p: binary(smoothed(t, 2), p).mean(axis=-1)),
    "categorical_crossentropy": ("CategoricalCrossentropy", "class", {"label_smoothing": SMOOTHING},
                                 lambda t, p: -(smoothed(t, CLASSES) * np.log(p)).sum(axis=-1)),
    "binary_focal_crossentropy": (
        "BinaryFocalCrossentropy", "flags", {"gamma": GAMMA, "alpha": ALPHA, "apply_class_balancing": True},
        lambda t, p: (np.where(t > 0, ALPHA * (1 - p) ** GAMMA, (1 - ALPHA) * p**GAMMA) * binary(t, p)).mean(axis=-1)),
    "categorical_focal_crossentropy": (
        "CategoricalFocalCrossentropy", "class", {"gamma": GAMMA, "alpha": ALPHA, "label_smoothing": SMOOTHING},
        lambda t, p: (-ALPHA * (1 - p) ** GAMMA * smoothed(t, CLASSES) * np.log(p)).sum(axis=-1)),
}
"""Function -> the class of the loss; what it is of; its options; its equation over the last axis.

numbers  any · shares  of one, targets too · flags, class  targets are 0 and 1, one of each row in `class`; outputs are shares
"""
METRICS = {name: {"LogCosh": "LogCoshError"}.get(one[0], one[0]) for name, one in EQUATIONS.items()
           if name != "huber" and "focal" not in name}
"""Function -> the class of its metric, where there is one."""


def drawn(of: str, shape: tuple[int, ...], *words: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets and outputs."""
    random = generator("losses by name", of, *words)
    t, p = (draw_values(random, shape) for _ in range(2))
    if of == "numbers":
        return t, p
    shares = [np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True) for x in (t, p)]
    classes = np.eye(CLASSES)[np.arange(int(np.prod(shape[:-1]))).reshape(shape[:-1]) % CLASSES]
    return {"shares": shares[0], "flags": (t > 0) * 1.0, "class": classes}[of], shares[1]


@statement("A loss that is called by name is its equation over the last axis, as a function, as a loss by the weights of its "
           "steps, and as a metric, in the mean over them; so is what a model tells that is compiled with both, "
           "made of their configurations.",
           {"name": tuple(EQUATIONS), "form": ("function", "loss", "metric", "compiled"), "of": tuple(SHAPES)},
           senseless=((("name", "form"), lambda name, form: form == "metric" and name not in METRICS),),
           strength=(1, 2, 3), sparing=3, eager=9, source="Keras: losses, metrics, Model.compile")
def losses_by_name_are_equations(ask, name, form, of) -> list[Deviation]:
    kind, numbers, options, equation = EQUATIONS[name]
    targets, outputs = drawn(numbers, SHAPES[of], of)
    due = equation(targets, outputs)
    weights = generator("losses by name", "weights").uniform(0.5, 2.0, due.shape)
    mean = (-1.0 if name == "cosine_similarity" else 1.0) * (due * weights).sum() / weights.sum()
    if form == "metric":
        kind, due = METRICS[name], np.array(mean)
    elif form == "loss":
        due = due * weights
    elif form == "compiled":
        due = np.array([(due * weights).mean(), mean][: 1 + (name in METRICS)])
    arguments = {"name": name, "class": kind, "options": options, "form": form, "targets": targets, "outputs": outputs,
                 "weights": weights, "metric": METRICS.get(name)}
    return compare("value", ask(FunctionRequest("loss_by_name", tuple(arguments.items())))["value"], due,
                   SLACK * max(1.0, float(np.abs(due).max())))


RARE = ("huber", "log_cosh", "hinge", "squared_hinge", "kl_divergence", "poisson", "binary_focal_crossentropy",
        "mean_absolute_error")
"""Losses of which a sparing plan asks in hardly any other way."""


@statement("Losses that are seldom used are their equations, row by row, one after another on one batch.", sparing=0, eager=1,
           source="Keras: losses; Huber 1964; Lin et al. 2018")
def rare_losses_are_equations(ask) -> list[Deviation]:
    found = []
    for name in RARE:
        for deviation in losses_by_name_are_equations(ask, name, "function", "rows"):
            found.append(Deviation(name, f"{name}: {deviation.message}", deviation.deviation, deviation.allowed))
    return found


CROSSED = {name: (EQUATIONS[name][0], EQUATIONS[name][1]) for name in EQUATIONS if name.endswith("crossentropy")}
"""Cross-entropies, but that of classes by their number -> the class of the loss; what their targets are."""
SPARSE = "sparse_categorical_crossentropy"
IGNORED = 1
"""The class that does not count, of classes by their number."""


def crossed(name: str, t: np.ndarray, p: np.ndarray, smoothing: float) -> np.ndarray:
    """A cross-entropy of these shares; where it is focal, each term by what is missing of its share, to the power of GAMMA,
    and by the balance of classes."""
    soft = smoothed(t, CLASSES if "categorical" in name else 2) if smoothing else t
    if "categorical" in name:
        return -(soft * np.log(p) * (ALPHA * (1 - p) ** GAMMA if "focal" in name else 1.0)).sum(axis=-1)
    missing = 1 - (soft * p + (1 - soft) * (1 - p))
    by = missing**GAMMA * (soft * ALPHA + (1 - soft) * (1 - ALPHA)) if "focal" in name else 1.0
    return (binary(soft, p) * by).mean(axis=-1)


@statement("A cross-entropy, focal or not, is its equation of each step, of logits or shares, with labels that are smoothed or "
           "not; that of classes by their number too, of which one may be ignored, whatever is predicted there.",
           {"name": (*CROSSED, SPARSE), "of": tuple(STEPPED), "logits": (True, False), "soft": (True, False),
            "form": ("function", "loss", "compiled")},
           strength=(1, 2, 3), sparing=2, eager=3,
           source="Keras: losses(from_logits, label_smoothing, ignore_class); Lin et al. 2018")
def cross_entropies_are_equations(ask, name, of, logits, soft, form) -> list[Deviation]:
    kind, numbers = CROSSED.get(name, ("SparseCategoricalCrossentropy", "class"))
    targets, outputs = drawn(numbers, STEPPED[of], of)
    counts = np.ones(targets.shape[:-1], bool)
    options = {"from_logits": logits}
    if name == SPARSE and soft:
        counts, options = targets[..., IGNORED] == 0, options | {"ignore_class": IGNORED}
        soft = False
    due = crossed(name, targets, outputs, SMOOTHING if soft else 0.0) * counts
    options |= {"label_smoothing": SMOOTHING} if soft else {}
    options |= {"gamma": GAMMA} if "focal" in name else {}
    options |= {"alpha": ALPHA} if "focal" in name else {}
    options |= {"apply_class_balancing": True} if name == "binary_focal_crossentropy" else {}
    if logits:  # the same shares whatever is added to the logits of all classes
        outputs = np.log(outputs) + 0.5 if "categorical" in name else np.log(outputs / (1 - outputs))
    outputs = np.where(counts[..., None], outputs, np.nan)
    weights = generator("losses by name", "weights").uniform(0.5, 2.0, due.shape)
    due = {"loss": due * weights, "compiled": (due * weights).sum().reshape(1) / counts.sum()}.get(form, due)
    arguments = {"name": name, "class": kind, "options": options, "form": form, "outputs": outputs, "weights": weights,
                 "targets": targets.argmax(axis=-1) if name == SPARSE else targets, "metric": None, "due": due}
    return compare("value", ask(FunctionRequest("loss_by_name", tuple(arguments.items())))["value"], due,
                   SLACK * max(1.0, float(np.abs(due).max())))


@statement("Cross-entropies of logits, with labels that are smoothed, or a class that does not count, are their equations, one "
           "after another on one batch.", sparing=1, source="Keras: losses(from_logits, label_smoothing, ignore_class)")
def cross_entropies_are_equations_in_turn(ask) -> list[Deviation]:
    found = []
    for name in (*CROSSED, SPARSE):
        for deviation in cross_entropies_are_equations(ask, name, "rows", True, True, "function"):
            found.append(Deviation(name, f"{name}: {deviation.message}", deviation.deviation, deviation.allowed))
    return found


@statement("A loss of one number a row, or a step, is the same whether targets, outputs or weights have an axis of one or not.",
           {**dict.fromkeys(("targets", "outputs", "weights"), ("bare", "column")), "of": ("rows", "steps")},
           strength=(1, 2, 3), senseless=(
               (("targets", "outputs"), lambda targets, outputs: targets == outputs == "bare"),
               (("targets", "outputs", "of"), lambda targets, outputs, of: targets == outputs and of == "steps")),
           source="Keras: Loss.__call__")
def axes_of_one_change_no_loss(ask, targets, outputs, weights, of) -> list[Deviation]:
    random, shape = generator("axes of one"), (5,) if of == "rows" else (5, 3)
    t, p, w = (random.uniform(0.5, 2.0, size) for size in (shape, shape, 5))
    given = {"targets": t if targets == "bare" else t[..., None], "outputs": p if outputs == "bare" else p[..., None],
             "weights": w if weights == "bare" else w[:, None]}
    name, due = "mean_squared_error", w * ((t - p) ** 2).reshape(5, -1).mean(axis=1)
    arguments = {"name": name, "class": EQUATIONS[name][0], "options": {}, "form": "loss", **given}
    arguments |= {"due": due} if of == "steps" else {}
    seen = ask(FunctionRequest("loss_by_name", tuple(arguments.items())))["value"]
    return compare("value", seen.reshape(-1), due, SLACK * due.max())


@statement("A loss that measures how far two sets overlap is its equation over all axes, or over those that are told.",
           {"name": ("dice", "tversky"), "of": tuple(SHAPES), "axis": (None, -1)}, strength=(1, 2, 3), sparing=3, eager=9,
           source="Keras: Dice, Tversky; Salehi et al. 2017")
def overlaps_are_equations(ask, name, of, axis) -> list[Deviation]:
    t, p = drawn("flags", SHAPES[of], of)
    both, missed, wrong = ((a * b).sum(axis=axis) for a, b in ((t, p), (t, 1 - p), (1 - t, p)))
    first, second = (0.25, 0.75) if name == "tversky" else (0.5, 0.5)
    due = np.asarray(1 - both / (both + first * wrong + second * missed))
    options = {"axis": axis} | ({"alpha": first, "beta": second} if name == "tversky" else {})
    arguments = {"name": name, "class": name.title(), "options": options, "form": "function", "targets": t, "outputs": p,
                 "weights": np.ones(1), "metric": None, "due": due}
    seen = ask(FunctionRequest("loss_by_name", tuple(arguments.items())))
    return compare("value", seen["value"], due, np.full(due.shape, 1e-5))


FORMS = {"default": {}, "options": {"gamma": GAMMA, "margin": ALPHA}}
"""Options of a circle loss; the first are the documented ones."""


def circles(labels: np.ndarray, x: np.ndarray, itself: bool, gamma: float = 80.0, margin: float = 0.4) -> np.ndarray:
    """Of each row: log(1 + Σ exp(γ αn (sn - m)) Σ exp(-γ αp (sp - 1 + m))), of those of its own label p, and of other labels n
    (Sun et al. 2020); s similarities, αn = max(s + m, 0), αp = max(1 + m - s, 0); p is also the row `itself`."""
    s = x @ x.T
    alike = labels[:, None] == labels
    own = alike if itself else alike & ~np.eye(len(labels), dtype=bool)
    near = np.where(own, -gamma * np.maximum(1 + margin - s, 0) * (s - 1 + margin), -np.inf)
    far = np.where(alike, -np.inf, gamma * np.maximum(s + margin, 0) * (s - margin))
    return np.logaddexp(0, np.logaddexp.reduce(near, axis=1) + np.logaddexp.reduce(far, axis=1))


@statement("A circle loss is its equation of each row, with the documented constants and with others, with the row itself among "
           "those of its label and without; a CTC loss by its name takes 0 for the blank and for padding; the generalized "
           "cross-entropy is (1 - p^q) / q of the share p of each row's class.",
           {"loss": ("circle", "circle_with_itself", "ctc", "generalized"), "form": ("function", "loss")}, strength=(1, 2, 2),
           sparing=0, source="Keras: losses.Circle, losses.CTC, losses.CategoricalGeneralizedCrossEntropy; Sun et al. 2020; "
                             "Graves et al. 2006; Zhang and Sabuncu 2018")
def circle_and_ctc_losses_are_equations(ask, loss, form) -> list[Deviation]:
    random = generator("rarer losses")
    given = FORMS["default" if form == "function" else "options"]
    if loss == "ctc":
        name, kind, options = "ctc", "CTC", {}
        targets, outputs = np.array([[1, 2, 2], [3, 0, 0]]), 2 * draw_values(random, (2, 6, CLASSES))
        parts = np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)
        due = np.array([-np.log(likelihood(one, tuple(row[row > 0]), 0)[0]) for one, row in zip(parts, targets, strict=True)])
    elif loss == "generalized":
        name, kind, options = "categorical_generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy", {"q": DELTA}
        t, outputs = drawn("class", SHAPES["rows"], loss)
        targets, due = t.argmax(axis=-1), (1 - (t * outputs).sum(axis=-1) ** DELTA) / DELTA
    else:
        name, kind, options = "circle", "Circle", {**given, "remove_diagonal": loss == "circle"}
        targets, outputs = np.array([0, 1, 0, 2, 1, 2, 0]), normal(draw_values(random, (7, 3)))
        due = circles(targets, outputs, loss != "circle", **given)
    weights = generator("losses by name", "weights").uniform(0.5, 2.0, due.shape)
    due = due * weights if form == "loss" else due
    arguments = {"name": name, "class": kind, "options": options, "form": form, "targets": targets, "outputs": outputs,
                 "weights": weights, "metric": None, "due": due}
    seen = ask(FunctionRequest("loss_by_name", tuple(arguments.items())))
    return compare("value", seen["value"], due, 8 * SLACK * np.maximum(1.0, np.abs(due)))


TURNED: Mapping[str, tuple[str, dict[str, Any]]] = {
    "losses.CategoricalCrossentropy": ("class", {}), "losses.SparseCategoricalCrossentropy": ("classes", {}),
    "losses.CategoricalFocalCrossentropy": ("class", {}), "losses.BinaryCrossentropy": ("flags", {}),
    "losses.SparseCategoricalCrossentropy in a column": ("column", {"ignore_class": IGNORED}),
    **{f"losses.Categorical{kind} smoothed": ("class", {"label_smoothing": SMOOTHING}) for kind in (
        "Crossentropy", "FocalCrossentropy")},
    "losses.BinaryFocalCrossentropy": ("flags", {}), "losses.CosineSimilarity": ("numbers", {}),
    "metrics.CategoricalCrossentropy": ("class", {}), "metrics.SparseCategoricalCrossentropy": ("classes", {}),
    "metrics.CosineSimilarity": ("numbers", {}), "metrics.MeanIoU": ("classes", {"num_classes": CLASSES, "sparse_y_pred": False}),
    "metrics.IoU": ("classes", {"num_classes": CLASSES, "sparse_y_pred": False, "target_class_ids": (0, 2)}),
    "metrics.OneHotMeanIoU": ("class", {"num_classes": CLASSES}),
    "metrics.OneHotIoU": ("class", {"num_classes": CLASSES, "target_class_ids": (0, 2)}),
}
"""Keras' losses and metrics that are told the axis of the classes, with other options behind a space -> what they are of, and
their options."""


@statement("A loss or a metric that is told the axis of the classes, before that of the steps, is that of the classes last, also "
           "where rows have one axis more.",
           {"part": tuple(TURNED), "steps": (5, CLASSES)}, usual={"steps": (5,)}, strength=(1, 1, 2), sparing=3,
           source="https://github.com/keras-team/keras/issues/23667")
def classes_lie_along_any_axis(ask, part, steps) -> list[Deviation]:
    numbers, options = TURNED.get(part, ("class", {"from_logits": True}))
    targets, outputs = drawn("class" if numbers in ("classes", "column") else numbers, (3, steps, CLASSES), "turned")
    targets = targets.argmax(axis=-1, keepdims=numbers == "column") if numbers in ("classes", "column") else targets
    arguments = {"part": part.partition(" ")[0], "options": options, "targets": targets, "outputs": outputs}
    seen = ask(FunctionRequest("turned", tuple(arguments.items())))
    slack = SLACK * np.maximum(1.0, np.abs(seen["usual"]))
    return [d for way in ("turned", "deeper") for d in compare(way, seen[way], seen["usual"], slack)]


OF_LOGITS = "losses.CategoricalCrossentropy of logits"
"""What else is told the axis of the classes."""


@statement("A cross-entropy of classes is its equation of one step, of steps that are frames, by their number too, and along "
           "another axis, of logits as of shares.", sparing=1, source="Keras: losses(from_logits, axis)")
def cross_entropies_of_one_step_are_equations(ask) -> list[Deviation]:
    asked = [(name, cross_entropies_are_equations(ask, name, "one_step", logits, False, "function"))
             for name, logits in ((SPARSE, False), ("categorical_crossentropy", True))]
    asked += [(f"{SPARSE} of frames", cross_entropies_are_equations(ask, SPARSE, "frames", True, False, "function"))]
    asked += [(OF_LOGITS, classes_lie_along_any_axis(ask, OF_LOGITS, 5))]
    return [Deviation(name, f"{name}: {one.message}", one.deviation, one.allowed) for name, found in asked for one in found]
