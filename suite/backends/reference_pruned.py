"""What the reference answers about pruned weights, folded layers and clusters: the equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.differences import gradient
from cases.families.pruned_weights import CUTS, PRUNED, RANDOM, WIDTH, WORDS, chances, clustered, least
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Observation


def run_pruned_as(backend: Any, request: FunctionRequest) -> Observation:
    """What is left of the matrices."""
    first, second = (dict(request.arguments)[name] for name in ("first", "second"))
    arrays = {f"{way}/{when}": np.where(kept(first), first, 0.0).astype("float32") for way, kept in PRUNED.items()
              for when in ("computed", "left")}
    kept = least(np.abs(np.stack([first, second])), 12)
    arrays |= {f"together/{name}": np.where(kept[n], one, 0.0).astype("float32")
               for n, (name, one) in enumerate((("first", first), ("second", second)))}
    arrays |= {way: np.where(np.arange(first.size).reshape(first.shape) >= gone, first, 0.0).astype("float32")
               for way, gone in RANDOM.items()}
    return Observation(arrays, facts={"told_before": True, "told_after": False})


def run_folded(backend: Any, request: FunctionRequest) -> Observation:
    """One and the same thing."""
    inputs = dict(request.arguments)["inputs"]
    return Observation({f"{kind}/{when}": inputs for kind in ("convolution", "turned", "linear")
                        for when in ("before", "after", "again")}, facts={"raised": (), "halves": ()})


def run_clusters(backend: Any, request: FunctionRequest) -> Observation:
    """The equations, with weights that are drawn, and differences."""
    options = dict(request.arguments)
    x, classes, random = options["inputs"], options["classes"], generator("weights of clusters")
    sizes = {"head.weight": (CUTS[0] + len(CUTS), WIDTH), "tail.0.0.weight": (3, WIDTH), "tail.0.1.weight": (1, 3),
             "tail.1.0.weight": (2, WIDTH), "tail.1.1.weight": (WORDS - CUTS[1], 2)}
    weights = {name: random.normal(size=size) for name, size in sizes.items()}
    logs, rows = chances(x, weights), np.arange(len(classes))
    slopes = gradient(clustered(classes, weights), x, 1e-6)
    return Observation({"outputs": logs[rows, classes], "loss": np.array(-logs[rows, classes].mean()), "gradients": slopes,
                        "shares": logs, "predicted": logs.argmax(axis=1), **{f"weights/{n}": w for n, w in weights.items()}})
