"""Layers that encode whole numbers as classes, and numbers by the range that they lie in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

CLASSES, BOUNDS = 5, (-0.5, 0.25, 1.0, 1.75)
"""Of the whole numbers; between the ranges."""
IDS = np.array([[0, 2, 2, 4], [3, 0, 1, 1], [4, 4, 4, 2]])
NUMBERS = np.array([[-0.75, 2.5, 0.0, 0.25], [1.0, 0.5, -0.5, 1.25], [3.0, 2.0, 0.75, -2.0]])
"""(rows, steps), some of them the bounds themselves."""
WEIGHTS = generator("encoders").uniform(0.5, 1.5, IDS.shape).astype("float32")


def each(ids: np.ndarray) -> np.ndarray:
    """Ones at the classes (..., classes)."""
    return (ids[..., None] == np.arange(CLASSES)).astype("float32")


ENCODED: Mapping[str, tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]] = {
    "multi_hot": (IDS, lambda x: each(x).max(axis=1)), "one_hot": (IDS, each),
    "one_hot of a column": (IDS[:, :1], lambda x: each(x[:, 0])),
    "count": (IDS, lambda x: each(x).sum(axis=1)),
    "count by weights": (IDS, lambda x: (each(x) * WEIGHTS[..., None]).sum(axis=1)),
}
"""Mode of CategoryEncoding, and of Discretization but by weights -> whole numbers, what comes of them."""


@statement("Classes, and the ranges that numbers lie in, are encoded by their number, by a one each, one for any, or their "
           "count, by weights too where these are given; called at once and in a model; the shape "
           "is told.",
           sparing=0, source="Keras: CategoryEncoding(output_mode), Discretization(output_mode)")
def classes_are_encoded(ask) -> list[Deviation]:
    """Arrays: `LAYER/MODE/WAY` of the ways `called` and `model`. Facts: `told`, shapes by `LAYER/MODE`."""
    asked = tuple((mode, ids) for mode, (ids, _) in ENCODED.items())
    seen = ask(FunctionRequest("encoders", (("ids", asked), ("numbers", NUMBERS), ("weights", WEIGHTS), ("classes", CLASSES),
                                            ("bounds", BOUNDS))))
    places = np.digitize(NUMBERS, BOUNDS)
    due = {f"CategoryEncoding/{mode}": of(ids) for mode, (ids, of) in ENCODED.items()}
    due |= {f"Discretization/{mode}": of(places[:, :1] if "column" in mode else places)
            for mode, (_, of) in ENCODED.items() if "weights" not in mode} | {"Discretization/int": places}
    told, found = dict(seen.facts.get("told", ())), []
    for name, right in due.items():
        found += [d for way in ("called", "model")
                  for d in equal(f"{name}/{way}", seen.arrays.get(f"{name}/{way}", ()), right)]
        if told.get(name) != (None, *right.shape[1:]):
            found.append(Deviation(f"{name}/told", f"{name}: told {told.get(name)}, {right.shape} came"))
    return found
