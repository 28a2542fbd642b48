"""The space that the plan covers, for who draws from it at random: every factor of its arrays, all sizes in between.

A draw is a row, as in `cases.arrays`, made factor by factor: `values` says what may still stand there. The simplest value of
a factor comes first, so that whoever shrinks a row ends at the plainest layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from functools import lru_cache

import numpy as np

from cases.arrays import ARRAYS, GROUPS, SENSELESS, Row, case_of
from cases.batches import MASKS, BatchPlan
from cases.invariants import INVARIANTS, Case, Invariant
from cases.layers import ACTIVATIONS, DIRECTIONS, GATES, MERGES, Layer
from cases.plan import MET, concerns
from cases.requests import ENTRIES, KERNELS, MASK_SOURCES, MODES, ORIGINS, Execution

EXPLORED = "explored"
"""The array of a case that is drawn from all factors together: every invariant may be checked on it."""
SIZES: Mapping[str, tuple[int, int]] = {"batch": (1, 5), "time": (1, 4), "features": (1, 5), "units": (1, 5)}
"""The least and the most of each size."""
FURTHER: Mapping[str, tuple] = {"layers": (1, 2, 3), "mode": MODES, "entry": ENTRIES, "origin": ORIGINS}
"""Values that the arrays do not have, because invariants ask for them or because two say enough there."""
OWN_SIZE = {array.name: array.factors["size"][0] for array in ARRAYS if "size" in array.factors}
"""Name of an array -> its first size."""
SIMPLEST = {f.name: f.default for kind in (Layer, BatchPlan, Execution) for f in fields(kind) if f.default is not MISSING}


@lru_cache(maxsize=1)
def spaces() -> Mapping[str, Mapping[str, tuple]]:
    """Name -> factors: the first array, which every framework has; all factors of arrays for all invariants together; and
    each array that is for some invariants alone, by itself."""
    together: dict[str, dict] = {}
    for array in ARRAYS:
        if not array.groups:
            for name, values in array.factors.items():
                together.setdefault(name, {}).update(dict.fromkeys(values))
    for name, values in FURTHER.items():
        together.setdefault(name, {}).update(dict.fromkeys(values))
    for name in together.keys() & SIMPLEST.keys():  # an array may have the unusual values alone
        together[name][SIMPLEST[name]] = None
    found = {ARRAYS[0].name: ARRAYS[0].factors, EXPLORED: together}
    found |= {array.name: array.factors for array in ARRAYS if array.groups and array.factors}  # not what is chosen by hand
    return {
        name: {factor: simplest_first(factor, tuple(values)) for factor, values in factors.items() if factor != "size"}
        for name, factors in found.items()
    }


def catalogue() -> dict[str, dict]:
    """All that there is to be asked: invariant -> group, and feature -> values, those of the plan and those that a layer
    or a mask may have besides."""
    known = {"activation": ACTIVATIONS, "recurrent_activation": ACTIVATIONS, "merge": MERGES, "direction": DIRECTIONS,
             "mask": MASKS, "kernel": KERNELS, "cell": tuple(GATES), "mask_from": MASK_SOURCES}
    features: dict[str, dict] = {name: dict.fromkeys(values) for name, values in known.items()}
    for array in ARRAYS:
        for name, values in array.factors.items():
            if name != "size":
                features.setdefault(name, {}).update(dict.fromkeys(values))
    plain = {name: [v for v in values if isinstance(v, (str, int, bool))] for name, values in features.items()}
    return {"invariants": {i.name: i.group for i in INVARIANTS}, "features": plain}


def simplest_first(factor: str, values: tuple) -> tuple:
    """The values of a factor, the one that a description has by default first; cells with fewer gates first."""
    if factor == "cell":
        return tuple(sorted(values, key=lambda cell: len(GATES.get(cell, "") or "many")))
    return tuple(sorted(values, key=lambda value: value != SIMPLEST.get(factor)))


def values(factors: Mapping[str, tuple], name: str, row: Row) -> tuple:
    """The values of a factor that mean something together with those of `row`."""
    return tuple(value for value in factors[name] if sensible({**row, name: value}))


def sized(space: str) -> bool:
    """Whether cases of a space may have any size: an array for some invariants alone has sizes that suit them."""
    return space not in GROUPS


def usual(name: str) -> bool:
    """Whether a factor takes each of its values about as often: the others mostly keep their simplest one, or no framework
    had all that is drawn."""
    return name in MET and name != "layers"


def sensible(row: Row) -> bool:
    """Whether the values of a row mean something together."""
    return not any(
        set(no.factors) <= set(row) and no.holds(*(row[name] for name in no.factors)) for no in SENSELESS
    )


def drawn(space: str, row: Row, sizes: Mapping[str, int] | None, seed: int) -> Case | None:
    """The case of a row with sizes of its own, if any, or None where the two mean nothing together."""
    if sizes is None:
        return case_of({"size": OWN_SIZE.get(space, "distinct"), **row}, seed, space)
    named = {**row, "size": "one_step" if sizes["time"] == 1 else "distinct"}
    if not sensible(named):
        return None
    case = case_of(named, seed, space)
    layer = case.layer.but(features=sizes["features"], units=sizes["units"])
    case = replace(case, layer=layer, plan=replace(case.plan, batch=sizes["batch"], time=sizes["time"]))
    valid = case.batch.valid
    # Too short for its kind of mask: nothing is masked, or the mask is its own mirror image, which hides directions.
    hides = valid.all() or (case.plan.mask != "empty" and np.array_equal(valid, valid[:, ::-1]))
    return None if case.masked and hides else case


def asked(case: Case) -> list[Invariant]:
    """The invariants that say something of a case, for one subject: those that hold everywhere first."""
    found = [i for i in INVARIANTS if not i.across and concerns(i, case)]
    return sorted(found, key=lambda i: not i.everywhere)


def unusual(case: Case) -> dict[str, object]:
    """The features of a case that are not the simplest, sizes apart: the condition under which it is what it is."""
    without = {*SIZES, "return_state", "stateful"}
    return {
        name: value for name, value in case.features.items()
        if name not in without and value != SIMPLEST.get(name, "simple_rnn")
    }


def as_unusual(name: str, here: object, there: object) -> bool:
    """Whether a feature is as unusual `there` as `here`: in the same way, or in a way that has it within."""
    if name == "mask":
        return there == here or (here != "full" and there not in ("none", "full"))
    if name == "layers":
        return there >= here
    return there == here or (name, here, there) == ("direction", "backward", "bidirectional")
