"""The table of `mask-flow`: what one layer or operation, called on a masked tensor, does with the mask.

`mask_flow` asks the same of whole models, by their numbers, of fewer layers; here the mask itself is looked at. A step of the
result that comes from a step of the input is masked like that; where the steps are gone no mask is due; and nothing is lost in
silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from cases.invariants.base import NotSupported
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.scenarios.base import claim
from cases.scenarios.mask_flow import FEATURES, LAYERS, NAME, TIME, VALID, fate, question

DUE: Mapping[str, np.ndarray] = {
    "same": VALID, "cut": VALID[:, 1:], "cut on both sides": VALID[:, 1:-1], "joined": np.concatenate([VALID, VALID], axis=1),
    "every step twice": np.repeat(VALID, 2, axis=1), "two steps in one": VALID.reshape(len(VALID), -1, 2).any(axis=2),
    "one more on each side": np.pad(VALID, ((0, 0), (1, 1))),
}
"""What becomes of the steps -> the mask (batch, time) that is due after it."""


@dataclass(frozen=True)
class Way:
    """A call on a masked tensor.

    layer     Keras' name of the layer; of an operation on the tensor: slicing, operator, lambda
    on        masked: the tensor · two: a list of it and of another one with the same mask · half: a list of it and of one without
              a mask · after_dense: a Dense of it, nowhere zero · last_state: an LSTM's last output
    steps     what becomes of the steps, of `DUE`; None: they are gone
    passes    whether Keras says that the layer supports masks
    """

    layer: str
    options: Mapping[str, Any] = field(default_factory=dict)
    on: str = "masked"
    steps: str | None = "same"
    passes: bool = False


def alone(kind: str, **options: Any) -> Way:
    """A layer that works on each step, or passes every step on."""
    return Way(kind, options, passes=True)


def join(layer: str, on: str = "two", steps: str | None = "same", passes: bool = True, **options: Any) -> Way:
    """A layer that reads two tensors."""
    return Way(layer, options, on, steps, passes)


LAST, INSIDE = {"units": 4}, {"class_name": "Dense", "config": {"units": 5}}
SEQUENCES = {**LAST, "return_sequences": True}
WAYS: Mapping[str, Way] = {
    "Dense": alone("Dense", units=5), "Activation": alone("Activation", activation="tanh"),
    "Dropout": alone("Dropout", rate=0.25), "BatchNormalization": alone("BatchNormalization"),
    "LayerNormalization": alone("LayerNormalization"), "TimeDistributed_Dense": alone("TimeDistributed", layer=INSIDE),
    "SimpleRNN": alone("SimpleRNN", **SEQUENCES), "GRU": alone("GRU", **SEQUENCES), "LSTM": alone("LSTM", **SEQUENCES),
    "LSTM_last": Way("LSTM", LAST, steps=None),
    "Bidirectional": alone("Bidirectional", layer={"class_name": "LSTM", "config": SEQUENCES}),
    "Add": join("Add"), "Subtract": join("Subtract"), "Multiply": join("Multiply"), "Average": join("Average"),
    "Maximum": join("Maximum"), "Minimum": join("Minimum"), "Concatenate": join("Concatenate", axis=-1),
    "Concatenate_in_time": join("Concatenate", steps="joined", axis=1), "Dot": join("Dot", passes=False, axes=(2, 2)),
    "Add_one_masked": join("Add", on="half", passes=False),
    "Concatenate_one_masked": join("Concatenate", on="half", passes=False, axis=-1),
    "Masking_after_Dense": Way("Masking", {}, "after_dense"),
    "Lambda": Way("lambda", steps="cut"), "slicing": Way("slicing", steps="cut"), "operator": Way("operator"),
    "Reshape": Way("Reshape", {"target_shape": (TIME, FEATURES, 1)}), "Flatten": Way("Flatten", steps=None),
    "Permute": Way("Permute", {"dims": (2, 1)}, steps=None),
    "Conv1D": Way("Conv1D", {"filters": 5, "kernel_size": 2, "padding": "same"}),
    "MaxPooling1D": Way("MaxPooling1D", {"pool_size": 2}, steps="two steps in one"),
    "AveragePooling1D": Way("AveragePooling1D", {"pool_size": 2}, steps="two steps in one"),
    "UpSampling1D": Way("UpSampling1D", {"size": 2}, steps="every step twice"),
    "ZeroPadding1D": Way("ZeroPadding1D", {"padding": 1}, steps="one more on each side"),
    "Cropping1D": Way("Cropping1D", {"cropping": 1}, steps="cut on both sides"),
    "GlobalAveragePooling1D": Way("GlobalAveragePooling1D", steps=None),
    "GlobalMaxPooling1D": Way("GlobalMaxPooling1D", steps=None),
    "RepeatVector": Way("RepeatVector", {"n": 3}, "last_state", steps=None),
}
"""A name in the table -> the call."""


CALLED = [{"layer": name, "how": "called"} for name in WAYS]
BUILT = [{"layer": name, "how": "built"} for name in WAYS]


@lru_cache(maxsize=2)
def table(how: str) -> FunctionRequest:
    """Every way, once: called on the padded batch, or on a tensor without numbers, as when a model is built.

    The observation's arrays: `masks/NAME`, the mask that the result carries, where it carries one; of a built one its shape alone
    means anything. Its facts: `warned`, the names whose call gave a warning about masks, `errors`, name -> the error that it
    raised, `missing`, names that this release has no layer for, `taken`, those after which an input has another mask or none.
    """
    ways = tuple((name, way.layer, dict(way.options), way.on) for name, way in WAYS.items())
    return FunctionRequest("mask_table", (("ways", ways), ("inputs", question("Dense").inputs), ("how", how)))


@claim(NAME, "Called on a masked tensor, or built into a model, a layer passes the mask on as its steps go, or none are left; "
             "what loses a mask says so.", CALLED, says="The mask seems to do nothing.", sparing=BUILT)
def layer_by_layer(ask, layer, how):
    seen, way = ask(table(how)), WAYS[layer]
    if layer in seen.facts["missing"]:
        raise NotSupported(f"this release has no {way.layer}")
    error, found = seen.facts["errors"].get(layer), seen.arrays.get(f"masks/{layer}")
    due = None if way.steps is None else DUE[way.steps]
    if error is not None:
        told, wrong = f"error: {error}", way.passes
    elif found is not None:
        wrong = due is None or found.shape != due.shape or how == "called" and not np.array_equal(found.astype(bool), due)
        told = "another mask is passed on, in silence" if wrong else "passed on" + f", {way.steps}" * (way.steps != "same")
    elif due is None:
        told, wrong = "no steps are left", False
    else:
        warned = layer in seen.facts["warned"]
        told, wrong = f"dropped {'with a warning' if warned else 'in silence'}", way.passes or not warned
    row = fate(layer, told, LAYERS)
    return [Deviation("mask", f"{layer.replace('_', ' ')}: {told}"), row] if wrong else [row]


@claim(NAME, "No call takes the mask of its input away, or changes it: the same tensor may go into another layer.", sparing=())
def inputs_keep_their_masks(ask):
    taken = ask(table("called")).facts["taken"]
    return [Deviation("mask", f"{layer}: after the call an input has another mask, or none") for layer in taken]
