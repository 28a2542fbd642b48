"""Descriptions that are copied: weights are where they were."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.whole_copies import SKIPPED
from cases.models import FunctionRequest
from cases.requests import Observation


def run_kept_whole(backend: Any, request: FunctionRequest) -> Observation:
    """Two weights, the last of which is another layer's."""
    options = dict(request.arguments)
    own = {"0": np.arange(4.0), "1": np.arange(3.0)}
    ways = ("own", *options["files"], "uncompiled")
    found = {f"{way}/{place}": one for way in ways for place, one in own.items()}
    found |= {f"{name}/{n}": np.full(2, n + 1.0) for name in ("listed", "lists") for n in range(8)}
    found |= {f"{way}/{place}": one for way in SKIPPED for place, one in (("0", own["0"]), ("1", np.full(5, options["other"])))}
    found |= {f"{way}/{place}": np.arange(2.0 + place) for way in ("late", "late again", "named") for place in (0, 1)}
    found["named/1"] = np.full(3, options["other"])
    return Observation(found, facts={
        "last": 1, "compiled": False, "parts": 2, "unbuilt": "refused"})


def run_cloned_whole(backend: Any, request: FunctionRequest) -> Observation:
    """What the inputs add up to."""
    sums = dict(request.arguments)["inputs"].sum(axis=-1)
    return Observation({"due": sums, "seen": sums, "again": sums, "told": np.array((sums**2).mean())}, facts={
        "shared": (), "called": [], "layers": [], "named": ["sums"], "names": ["sums"], "compiled": "", "as": "",
        "found": [], "order": []})
