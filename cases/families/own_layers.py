"""Layers of the user's own that say no more than they must: what they are told when they are built, and what stands in
their configuration."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.base import equal, statement
from cases.models import FunctionRequest
from cases.requests import Deviation

ROWS, STEPS, FEATURES, MORE = 2, 4, 3, 5
SHAPES = {"parts_shape": ((ROWS, STEPS, FEATURES), None, (ROWS, STEPS, MORE)), "keys_shape": (ROWS, MORE),
          "keys_mask_shape": (ROWS, MORE)}
"""What a layer is called with: a list of sequences, of which one is missing, keys of its own, and a mask of these."""
UNITS, SCALE, FURTHER = 3, 2.5, 7
"""Of a layer that is made with numbers of units, a scale, which is not given, and any further numbers by their places."""


@statement("A layer of the user's own is told the shape of each of its arguments when it is built, by its name, that of a mask "
           "too, and none of one that is missing; called on arrays, or in a model; and so is one that is made of its "
           "configuration.", sparing=0,
           source="Keras: Layer.build, Layer.call")
def own_layers_are_told_shapes(ask) -> list[Deviation]:
    """Arrays: `called/NAME`, `model/NAME`, the lengths that came by each name, as `lengths` writes them; rows of a model are of
    any number; `called, again/NAME`, `model, again/NAME`, of one that is made of the configuration; `alone`, those of one that is
    called with an empty list besides."""
    seen = ask(FunctionRequest("own_shapes", (("shapes", tuple(SHAPES.items())),)))
    found = equal("alone", seen["alone"], lengths(SHAPES["keys_shape"], ROWS), "beside an empty list")
    return found + [d for how, rows in (("called", ROWS), ("model", None)) for who in (how, f"{how}, again")
                    for name, due in SHAPES.items()
                    for d in equal(f"{who}/{name}", seen.arrays.get(f"{who}/{name}", ()), lengths(due, rows))]


def lengths(shape: Any, rows: int | None) -> np.ndarray:
    """A shape, or several, one after the other, for any number of rows; -1 for any length, -2 for no shape."""
    if shape is None:
        return np.array([-2])
    if not all(one is None or isinstance(one, int) for one in shape):
        return np.concatenate([lengths(one, rows) for one in shape])
    return np.array([-1 if one is None else one for one in (rows, *shape[1:])])


@statement("A layer of the user's own without a configuration of its own has one of what it was made with, defaults too, and is "
           "made of it again; one that cannot be says so.", sparing=0, source="Keras: Layer.get_config")
def own_configurations_are_whole(ask) -> list[Deviation]:
    """Arrays: `config`, units and scale in the configuration of a layer made of units alone, 0 for none; `again`, what a layer
    was made with that is made of the configuration of one with further numbers, unless that is refused."""
    due = (UNITS, SCALE, FURTHER)
    seen = ask(FunctionRequest("own_configurations", (("made_with", due),)))
    return equal("config", seen["config"], np.array(due[:2])) + equal("again", seen.arrays.get("again", due), np.array(due))
