"""Metrics that count hits and misses of flags at thresholds, by hand: counts, rates, one rate where another is enough, areas
under curves.

Sources: Fawcett 2006 (ROC); Davis and Goadrich 2006 (areas between points of precision and recall); Flach and Kull 2015 (gains);
Jaccard 1912 (overlap).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cases.families.base import statement
from cases.families.feeding import differing
from cases.layers import generator
from cases.models import FunctionRequest

ROWS, LABELS = (4, 7), 3
"""Of two batches; labels of a row."""
THRESHOLDS, EVEN, UNEVEN = [0.25, 0.625], 6, [0.125, 0.375, 0.75]
"""Of counts; of a curve, how many at even distances from 0 to 1, or those between 0 and 1."""
LABEL_WEIGHTS = [1.0, 3.0, 0.5]
TARGET, TOP, BEYOND = 0.6, 2, 1e-7
"""The rate that is enough; how many of a row may be told; how far the first and last threshold of a curve are beyond 0 and 1."""


def over(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The quotient; 0 where there is nothing to divide by."""
    return np.divide(x, y, out=np.zeros(np.broadcast(x, y).shape), where=y != 0)


class Counts:
    """True and false positives and negatives at thresholds (thresholds,), or by label (thresholds, labels): sums of weights
    (rows, labels)."""

    def __init__(self, t: np.ndarray, p: np.ndarray, w: np.ndarray, thresholds: Any, by_label: bool = False):
        told, axis = p > np.array(thresholds)[:, None, None], 1 if by_label else (1, 2)
        self.tp, self.fp = (told * w * t).sum(axis=axis), (told * w * (1 - t)).sum(axis=axis)
        self.fn, self.tn = (~told * w * t).sum(axis=axis), (~told * w * (1 - t)).sum(axis=axis)
        self.precision, self.recall = over(self.tp, self.tp + self.fp), over(self.tp, self.tp + self.fn)
        self.spared = over(self.tn, self.tn + self.fp)


def enough(dependent: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The greatest number where the other is enough."""
    return np.array(dependent[other >= TARGET].max(initial=0.0))


def area(x: np.ndarray, y: np.ndarray, height: Callable[..., np.ndarray]) -> np.ndarray:
    """Under a curve, by pieces of this height."""
    return ((x[:-1] - x[1:]) * height(y[:-1], y[1:])).sum(axis=0)


def middle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a + b) / 2


def between(c: Counts) -> np.ndarray:
    """Under precision over recall, where false positives grow in proportion to true ones from point to point."""
    told = c.tp + c.fp
    slope = over(c.tp[:-1] - c.tp[1:], told[:-1] - told[1:])
    begins = c.tp[1:] - slope * told[1:]
    ratio = np.where((told[:-1] > 0) & (told[1:] > 0), over(told[:-1], told[1:]), 1.0)
    return over(slope * (c.tp[:-1] - c.tp[1:] + begins * np.log(ratio)), c.tp[1:] + c.fn[1:]).sum(axis=0)


def gains(c: Counts) -> np.ndarray:
    """Under the gain of precision over that of recall."""
    share = over(c.tp + c.fn, c.tn + c.fp)
    there = c.tp != 0
    recall = np.maximum(np.where(there, 1 - share * over(c.fn, c.tp), 0.0), 0.0)
    return area(recall, np.where(there, 1 - share * over(c.fp, c.tp), 1.0), middle)


def highest(p: np.ndarray) -> np.ndarray:
    """Probabilities (rows, labels), of each row those that may be told; nothing of the others."""
    return np.where(p >= np.sort(p, axis=-1)[:, -TOP][:, None], p, -np.inf)


def curve(thresholds: Any = None) -> list[float]:
    """The thresholds of a curve."""
    inner = np.linspace(0, 1, EVEN)[1:-1].tolist() if thresholds is None else thresholds
    return [-BEYOND, *inner, 1 + BEYOND]


def counted(t: np.ndarray, p: np.ndarray, w: np.ndarray, thresholds: Any) -> dict[str, np.ndarray]:
    c = Counts(t, p, w, thresholds)
    return {"TruePositives": c.tp, "FalsePositives": c.fp, "TrueNegatives": c.tn, "FalseNegatives": c.fn,
            "Precision": c.precision, "Recall": c.recall}


def by_label(t: np.ndarray, p: np.ndarray, w: np.ndarray, **own: Any) -> Counts:
    return Counts(t, p, w, curve(**own), by_label=True)


def overlap(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Of flags and of their absence, the mean."""
    c = Counts(t, p, w, [TARGET - 1e-9])
    return np.array((over(c.tp, c.tp + c.fp + c.fn) + over(c.tn, c.tn + c.fp + c.fn)).mean() / 2)


def scored(t: np.ndarray, p: np.ndarray, w: np.ndarray, threshold: float, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """The F-score of each label; how many there are of it."""
    c = Counts(t, p, w, [threshold], by_label=True)
    return over((1 + beta**2) * c.tp, (1 + beta**2) * c.tp + beta**2 * c.fn + c.fp)[0], (c.tp + c.fn)[0]


def explained(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share of each label's variance that is explained (Draper and Smith 1998); the variance, times the weights."""
    spread = (w * (t - np.average(t, axis=0, weights=w)) ** 2).sum(axis=0)
    return 1 - (w * (t - p) ** 2).sum(axis=0) / spread, spread


def agreeing(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Lin's concordance of the labels of each row; the mean by weights of rows."""
    off = t.mean(axis=1) - p.mean(axis=1)
    both = ((t - t.mean(axis=1, keepdims=True)) * (p - p.mean(axis=1, keepdims=True))).mean(axis=1)
    return np.average(2 * both / (t.var(axis=1) + p.var(axis=1) + off**2), weights=w[:, 0])


def of_classes(t: np.ndarray, p: np.ndarray, ids: Any, ignored: int | None = None) -> np.ndarray:
    """The mean overlap of these classes, of classes that are told by number; those of one do not count."""
    there = t != ignored if ignored is not None else np.full(t.shape, True)
    parts = [((t == n) & there, (p == n) & there) for n in ids]
    return np.mean([(one & other).sum() / (one | other).sum() for one, other in parts if (one | other).any()])


AT, CURVE = {"num_thresholds": EVEN}, {"num_thresholds": EVEN}
Rule = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]
METRICS: Mapping[str, tuple[str, dict[str, Any], Rule]] = {
    **{f"{name} at thresholds": (name, {"thresholds": THRESHOLDS}, lambda t, p, w, n=name: counted(t, p, w, THRESHOLDS)[n])
       for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives", "Precision", "Recall")},
    "FalsePositives": ("FalsePositives", {}, lambda t, p, w: counted(t, p, w, [0.5])["FalsePositives"][0]),
    **{f"{name} of a label": (name, {"class_id": 1, "thresholds": THRESHOLDS}, lambda t, p, w, n=name: counted(
        t[:, 1:2], p[:, 1:2], w[:, 1:2], THRESHOLDS)[n]) for name in ("Precision", "Recall")},
    **{f"{name} of the highest": (name, {"top_k": TOP, "thresholds": THRESHOLDS}, lambda t, p, w, n=name: counted(
        t, highest(p), w, THRESHOLDS)[n]) for name in ("Precision", "Recall")},
    "SensitivityAtSpecificity": ("SensitivityAtSpecificity", {"specificity": TARGET, **AT}, lambda t, p, w: enough(
        (c := Counts(t, p, w, [0, *curve()[1:-1], 1])).recall, c.spared)),
    "SpecificityAtSensitivity": ("SpecificityAtSensitivity", {"sensitivity": TARGET, **AT}, lambda t, p, w: enough(
        (c := Counts(t, p, w, [0, *curve()[1:-1], 1])).spared, c.recall)),
    "PrecisionAtRecall of a label": ("PrecisionAtRecall", {"recall": TARGET, "class_id": 2, **AT}, lambda t, p, w: enough(
        (c := Counts(t[:, 2:], p[:, 2:], w[:, 2:], [0, *curve()[1:-1], 1])).precision, c.recall)),
    "RecallAtPrecision": ("RecallAtPrecision", {"precision": TARGET, **AT}, lambda t, p, w: enough(
        (c := Counts(t, p, w, [0, *curve()[1:-1], 1])).recall, c.precision)),
    "AUC": ("AUC", CURVE, lambda t, p, w: area(1 - (c := Counts(t, p, w, curve())).spared, c.recall, middle)),
    **{f"{name} of a label among the highest": (name, {"top_k": TOP, "class_id": 1}, lambda t, p, w, n=name: counted(
        t[:, 1:2], highest(p)[:, 1:2], w[:, 1:2], [-1.0])[n][0]) for name in ("Precision", "Recall")},
    "AUC from below": ("AUC", {"summation_method": "minoring", "thresholds": UNEVEN[::-1]}, lambda t, p, w: area(
        1 - (c := Counts(t, p, w, curve(UNEVEN))).spared, c.recall, np.minimum)),
    "AUC of precision": ("AUC", {"curve": "PR", **CURVE}, lambda t, p, w: between(Counts(t, p, w, curve()))),
    "AUC of precision from above": ("AUC", {"curve": "PR", "summation_method": "majoring", **CURVE}, lambda t, p, w: area(
        (c := Counts(t, p, w, curve())).recall, c.precision, np.maximum)),
    "AUC of gains": ("AUC", {"curve": "PRGAIN", **CURVE}, lambda t, p, w: gains(Counts(t, p, w, curve()))),
    "AUC of labels": ("AUC", {"multi_label": True, "thresholds": UNEVEN}, lambda t, p, w: area(
        1 - (c := by_label(t, p, w, thresholds=UNEVEN)).spared, c.recall, middle).mean()),
    "AUC of weighted labels": ("AUC", {"curve": "PR", "multi_label": True, "num_labels": LABELS, "label_weights": LABEL_WEIGHTS,
                                       **CURVE}, lambda t, p, w: np.average(between(by_label(t, p, w)), weights=LABEL_WEIGHTS)),
    "AUC of weighted labels at thresholds": (
        "AUC", {"multi_label": True, "label_weights": LABEL_WEIGHTS, "thresholds": UNEVEN}, lambda t, p, w: np.average(area(
            1 - (c := by_label(t, p, w, thresholds=UNEVEN)).spared, c.recall, middle), weights=LABEL_WEIGHTS)),
    **{f"AUC of all by weights of labels{where}": ("AUC", {"label_weights": LABEL_WEIGHTS, **given}, lambda t, p, w, at=at: area(
        1 - (c := Counts(t, p, w * LABEL_WEIGHTS, curve(at))).spared, c.recall, middle)) for where, given, at in (
            ("", CURVE, None), (" at thresholds", {"thresholds": UNEVEN}, UNEVEN))},
    "BinaryIoU": ("BinaryIoU", {"threshold": TARGET}, overlap),
    "SensitivityAtSpecificity at a half": ("SensitivityAtSpecificity", {"specificity": 0.25, "num_thresholds": 1},
                                           lambda t, p, w: (c := Counts(t, p, w, [0.5])).recall[0] * (c.spared[0] >= 0.25)),
    "AUC of logits": ("AUC", {"from_logits": True, **CURVE}, lambda t, p, w: area(
        1 - (c := Counts(t, 1 / (1 + np.exp(-p)), w, curve())).spared, c.recall, middle)),
    "FBetaScore of each": ("FBetaScore", {"beta": 2.0, "threshold": 0.375}, lambda t, p, w: scored(t, p, w, 0.375, 2.0)[0]),
    "FBetaScore by counts": ("FBetaScore", {"beta": 0.5, "threshold": 0.375, "average": "weighted"}, lambda t, p, w: np.average(
        scored(t, p, w, 0.375, 0.5)[0], weights=scored(t, p, w, 0.375, 0.5)[1])),
    **{f"F1Score of {which}": ("F1Score", {"threshold": 0.375, "average": "micro"}, lambda t, p, w: scored(
        *(one.reshape(-1, 1) for one in (t, p, w)), 0.375, 1.0)[0][0]) for which in ("all", "all by a column")},
    "R2Score of each": ("R2Score", {"class_aggregation": None}, lambda t, p, w: explained(t, p, w)[0]),
    "R2Score by variance": ("R2Score", {"class_aggregation": "variance_weighted_average"}, lambda t, p, w: np.average(
        explained(t, p, w)[0], weights=explained(t, p, w)[1])),
    **{f"R2Score for regressors of {which}": ("R2Score", {"num_regressors": 3}, lambda t, p, w: 1 - (
        1 - explained(t, p, w[:, : t.shape[1]])[0].mean()) * ((n := (w[:, 0] > 0).sum()) - 1) / (n - 3 - 1))
        for which in ("one", "several")},
    "R2Score of a number that never changes": ("R2Score", {}, lambda t, p, w: 1.0 * (t == p).all()),
    "PearsonCorrelation": ("PearsonCorrelation", {"axis": -1}, lambda t, p, w: np.average(
        [np.corrcoef(*pair)[0, 1] for pair in zip(t, p, strict=True)], weights=w[:, 0])),
    "ConcordanceCorrelation": ("ConcordanceCorrelation", {"axis": -1}, agreeing),
    "MeanIoU": ("MeanIoU", {"num_classes": 4, "ignore_class": 1}, lambda t, p, w: of_classes(t, p, range(4), 1)),
    "MeanIoU of fewer": ("MeanIoU", {"num_classes": 3}, lambda t, p, w: of_classes(
        *(one[(t < 3) & (p < 3)] for one in (t, p)), range(3))),
    "IoU": ("IoU", {"num_classes": 4, "target_class_ids": [0, 3]}, lambda t, p, w: of_classes(t, p, (0, 3))),
}
"""What it is called here -> Keras' metric, its options, the rule over flags, probabilities and weights (rows, labels)."""
UNWEIGHTED = ("BinaryIoU", "MeanIoU", "MeanIoU of fewer", "IoU", "R2Score of a number that never changes")
"""Whose weights the ledger says to be cut to whole numbers; or whose sums are exact without weights."""
READ: Mapping[str, tuple[str, str]] = {"AUC of logits": ("flags", "logits"), "ConcordanceCorrelation": ("numbers", "shares"),
                                       "PearsonCorrelation": ("numbers", "shares"),
                                       **{name: ("numbers", "shares") for name in METRICS if name.startswith("R2Score")},
                                       "R2Score for regressors of one": ("number", "share"),
                                       "R2Score of a number that never changes": ("constant", "constant"),
                                       **{name: ("classes", "others") for name in METRICS if name in (
                                           "MeanIoU", "MeanIoU of fewer", "IoU")}}
"""What a metric reads, where it is not flags and probabilities."""
STATELESS = ("Precision at thresholds", "AUC", "BinaryIoU")
"""What is told without being changed, too."""


def drawn() -> dict[str, np.ndarray]:
    """Flags, probabilities and their logits, numbers and classes (rows, labels), and weights of rows, of one row none; both
    batches one after the other."""
    random = generator("confusion")
    size = sum(ROWS) * LABELS
    flags, shares = random.permutation(np.arange(size) % 2), random.permutation(np.arange(1.0, size + 1)) / (size + 1.5)
    arrays = {"flags": flags, "shares": shares, "logits": np.log(shares / (1 - shares)), "numbers": random.uniform(0, 1, size),
              "classes": random.permutation(np.arange(size) % 4), "others": random.permutation(np.arange(size) % 4)}
    arrays = {name: one.reshape(-1, LABELS) for name, one in arrays.items()}
    weights = random.uniform(0.5, 2.0, sum(ROWS))
    weights[2] = 0
    return {**arrays, "number": arrays["numbers"][:, :1], "share": arrays["shares"][:, :1], "weights": weights,
            "column": weights[:, None], "constant": np.full((sum(ROWS), 1), 0.75)}


def just_enough() -> dict[str, tuple[str, dict[str, Any], Rule]]:
    """Metrics of the best rate where another one is enough, which is what it is at a threshold, and not more; without weights."""
    data, thresholds = drawn(), [0, *curve()[1:-1], 1]
    at = Counts(data["flags"], data["shares"], np.ones(data["shares"].shape), thresholds)
    rates = {"sensitivity": at.recall, "specificity": at.spared, "recall": at.recall, "precision": at.precision}

    def rule(best: str, other: str) -> Rule:
        return lambda t, p, w: np.array(rates[best][rates[other] >= rates[other][EDGE]].max())

    return {f"{best} just met": (f"{best.title()}At{other.title()}", {other: float(np.float32(rates[other][EDGE])), **AT},
                                 rule(best, other)) for best, other in PAIRS.items()}


EDGE = 2
"""The place of the threshold at which a rate is what is enough."""
PAIRS = {"sensitivity": "specificity", "specificity": "sensitivity", "precision": "recall", "recall": "precision"}
"""The best rate, and the one that is enough."""
METRICS = {**METRICS, **just_enough()}


def due() -> dict[str, np.ndarray]:
    """What each metric comes to: `NAME`, and of some `NAME/stateless`."""
    data = drawn()
    weights = np.repeat(data["weights"][:, None], LABELS, axis=1)
    found = {}
    for name, (_, _, rule) in METRICS.items():
        t, p = (data[one].astype(float) for one in READ.get(name, ("flags", "shares")))
        found[name] = np.asarray(rule(t, p, weights ** (weights_of(name) is not None)))
    return found | {f"{name}/stateless": found[name] for name in STATELESS}


def weights_of(name: str) -> str | None:
    """The name of the weights that a metric is told: of rows, or of rows in a column; None where it is told none."""
    return None if name in UNWEIGHTED or name.endswith("just met") else "column" if name.endswith("column") else "weights"


@statement("What is hit and missed of flags is counted by hand at each threshold, by its weight, of all labels, of one, or of "
           "the highest of a row, over batches since the last reset; rates, scores and areas under curves are those of these "
           "counts, overlaps those of classes, and correlations those of numbers.",
           sparing=0, source="Keras: metrics, confusion metrics, AUC; Fawcett 2006; Davis and Goadrich 2006; Flach and Kull 2015")
def flags_are_counted(ask):
    asked = tuple((name, kind, options, READ.get(name, ("flags", "shares")), weights_of(name), name in STATELESS)
                  for name, (kind, options, _) in METRICS.items())
    seen = ask(FunctionRequest("confusion", (("metrics", asked), ("rows", ROWS[0]), *drawn().items())))
    return differing(seen, due())
