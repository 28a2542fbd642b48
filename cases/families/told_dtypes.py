"""Dtypes that are told beforehand, where a wrapper and what it holds compute in two."""

from __future__ import annotations

import numpy as np

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation

NOISE = ("GaussianNoise", "GaussianDropout", "SpatialDropout1D")
PARTS = ("bidirectional", "lstm", "last", "gru", "conv_lstm", "time_distributed", "loop", "sequences", "own", *NOISE)
WRAPPERS = ("bidirectional", "time_distributed", "loop", "sequences")
"""What holds a layer or a cell. loop, sequences: over one cell, the last output alone or all of them. Of the other parts `last`
gives one result, its last output, and `own`, the user's own, several; noise is asked for in training."""
DEAR = tuple(part for part in PARTS if part not in ("loop", "own"))


@statement("The dtypes of outputs and states that a layer tells beforehand are those that it gives, and those of arrays made "
           "of these, though it and what it holds compute in two.",
           {"part": PARTS, "dtype": ("mixed_bfloat16", "mixed_float16", "float32"), "where": ("outside", "inside")},
           strength=(1, 2, 3), sparing=2, dear={"part": DEAR, "dtype": ("float32",)}, usual={
               "part": tuple(part for part in PARTS if part not in ("gru", "conv_lstm")), "dtype": ("mixed_bfloat16", "float32")},
           senseless=((("part", "where"), lambda part, where: where == "inside" and part not in WRAPPERS),
                      (("dtype", "where"), lambda dtype, where: where == "inside" and dtype == "float32")),
           source="Keras: Layer.compute_output_spec, dtype policies")
def told_dtypes_are_given(ask, part, dtype, where) -> list[Deviation]:
    seen = ask(FunctionRequest("told_dtypes", (("part", part), ("dtype", dtype), ("where", where))))
    if not np.isfinite(seen["outputs"]).all():
        return [Deviation("outputs", "outputs that are not finite")]
    return [Deviation(f"results/{n}", f"results/{n}: told {told}, given {given}, as an array {array}")
            for n, (told, given, array) in enumerate(seen.facts["dtypes"]) if {told, given, array} != {told}]


@statement("A policy of dtypes that a layer is given later, by name or as an object, before or after its first call, is the one "
           "it computes in.", {"part": ("dense", "lstm", "bidirectional", "loop", "normalization"), "named": (True, False),
                            "called": (True, False)}, strength=(1, 1, 2), sparing=0, source="Keras: Layer.dtype_policy")
def later_policies_hold(ask, part, named, called) -> list[Deviation]:
    seen = ask(FunctionRequest("later_policy", (("part", part), ("named", named), ("called", called),
                                                  ("dtype", "mixed_bfloat16"))))
    due = {"policy": "mixed_bfloat16", "outputs": "bfloat16", "weights": "float32"}
    return [Deviation(name, f"{name}: {seen.facts.get(name)}, expected {one}") for name, one in due.items()
            if seen.facts.get(name) != one]


POLICIES = ("float32", "bfloat16", "mixed_bfloat16", "mixed_float16")
BY_PATH = {"around/inner": "mixed_bfloat16", "around/.*_table": "mixed_float16", "around/a_table": "bfloat16"}
"""Paths, or expressions of them -> policies."""
PATHS = {"around/inner": 2, "around/inner/dense": 0, "all_around/inner": 0, "around/other_table": 3, "around/a_table": 1,
         "around/other_table/dense": 0, "inner": 0}
"""Path -> the place of its policy."""


@statement("A policy by path is that of the whole path, as it is written first, and of no part of it.", sparing=1,
           source="Keras: dtype_policies.DTypePolicyMap")
def policies_are_of_whole_paths(ask) -> list[Deviation]:
    """Arrays: `places`, by path, of the policies that are found in `POLICIES`."""
    given = (("policies", POLICIES), ("by", tuple(BY_PATH.items())), ("paths", tuple(PATHS)))
    seen = ask(FunctionRequest("policies_by_path", given))
    return [Deviation("places", f"{path}: found {POLICIES[int(place)]}, expected {POLICIES[due]}")
            for (path, due), place in zip(PATHS.items(), seen["places"], strict=True) if not place == due]
