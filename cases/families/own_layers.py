"""Layers of the user's own that say no more than they must: what they are told when they are built, and what stands in
their configuration."""

from __future__ import annotations

from collections.abc import Mapping
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


KINDS = ("float32", "int32", "uint8", "bool")
GIVEN = ("array", "tensor", "symbol", "named", "listed")
"""How a layer is given something: NumPy's array, a tensor, a symbol of a graph, an array by the name of its argument, or in a
list."""
POLICIES: Mapping[str, bool] = {"mixed_bfloat16": True, "mixed_float16": False}
"""Policy -> whether inputs are cast."""


@statement("A layer is given numbers with a fraction in the precision that it computes in, unless it wants them as they are; "
           "whole numbers and truth values as they are; whether they come in an array, a tensor, a symbol, a list, or by name; "
           "and its weights in that precision, but for one that asks to be as it is, or is of whole numbers.",
           sparing=0, source="Keras: Layer(dtype, autocast), DTypePolicy.convert_input")
def arguments_come_in_their_precision(ask) -> list[Deviation]:
    """Facts: `came`, (policy, way, kind, dtype that came); `weights`, (policy, name, dtype), of `cast`, `kept` and `whole`."""
    seen = ask(FunctionRequest("arguments", (("policies", tuple(POLICIES.items())), ("ways", GIVEN), ("kinds", KINDS))))
    told, found = seen.facts.get("came", ()), []
    for policy, way, kind, came in told:
        due = policy.removeprefix("mixed_") if kind == "float32" and POLICIES[policy] else kind
        if came != due:
            found.append(Deviation(f"{policy}/{way}/{kind}", f"{kind} to a layer of {policy}, {way}: came as {came}, not {due}"))
    for policy, name, came in seen.facts.get("weights", ()):
        due = {"kept": "float32", "whole": "int32"}.get(name, policy.removeprefix("mixed_"))
        if POLICIES[policy] and came != due:
            found.append(Deviation(f"{policy}/{name}", f"the weight {name} of a layer of {policy}: came as {came}, not {due}"))
    missing = len(POLICIES) * len(GIVEN) * len(KINDS) - len(told)
    return [*found, *([Deviation("came", f"nothing is said of {missing} of them")] if missing else [])]


BUILT = ("LSTM", "Dense", "GRUCell", "Bidirectional", "own")
"""Layers; `own`: one of the user's."""


@statement("A layer that is built takes no further weight and no further layer, and says so; it stays as it was.",
           sparing=0, source="Keras: Layer.add_weight, Layer.build")
def built_layers_take_nothing_more(ask) -> list[Deviation]:
    """Facts: `taken`, what each layer took, by its name; `weights`, of each how many it had and has."""
    facts = ask(FunctionRequest("built", (("layers", BUILT),))).facts
    taken, weights = (facts.get(name, ()) for name in ("taken", "weights"))
    found = [Deviation(name, f"{name}: after it was built it took a {what}") for name, what in taken]
    found += [Deviation(name, f"{name}: {after} weights, expected {before}") for name, before, after in weights
              if before != after]
    return found + ([] if len(weights) == len(BUILT) else [Deviation("weights", "nothing is said of some layers")])


OLDER: Mapping[str, tuple[str, ...]] = {
    "layer": ("shape", "dtype", "trainable", "regularizer", "constraint", "name", "value"),
    "places": ("shape", "dtype", "trainable", "regularizer", "constraint", "name", "value"),
    "metric": ("shape", "dtype", "name", "value"),
    "specification": ("shape", "dtype", "axes", "optional")}
"""Who has a weight by two methods -> what is told of it: add_weight and add_variable of a layer, and of a metric;
add_weight that is told its first three options by name or by place; and a specification of inputs, made again."""
CHANNELS = ("Conv1D", "SeparableConv1D", "Conv1DTranspose", "MaxPooling1D", "GlobalAveragePooling1D", "AveragePooling2D",
            "Flatten", "ZeroPadding2D", "UpSampling2D", "Cropping2D", "SpatialDropout2D", "ConvLSTM1D")
"""Layers that heed where channels stand."""


@statement("A weight made by the other of two methods is the same weight, with each of its options, as a specification of "
           "inputs is that is made again; where channels are set to stand first, layers told nothing of it have them there.",
           sparing=1, source="Keras: Layer.add_variable, Metric.add_weight, config.set_image_data_format")
def other_names_do_the_same(ask) -> list[Deviation]:
    """Facts: `differ` (who, what, by one method, by the other), `told`, how many were compared; `places` (layer, data format)."""
    facts = ask(FunctionRequest("other_names", (("older", tuple(OLDER.items())), ("channels", CHANNELS)))).facts
    found = [Deviation(f"{who} {what}", f"{who}: {what} is {one} by one method, {other} by the other")
             for who, what, one, other in facts.get("differ", ())]
    places = facts.get("places", ())
    found += [Deviation(name, f"{name}: {place}, expected channels_first") for name, place in places if place != "channels_first"]
    whole = facts.get("told") == sum(map(len, OLDER.values())) and len(places) == len(CHANNELS)
    return found if whole else [*found, Deviation("told", "nothing is said of some")]
