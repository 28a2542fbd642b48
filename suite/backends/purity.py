"""The calls by which it is seen whether a framework changes what it is given, what a layer holds, or what comes later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.backends import moment

Arrays = dict[str, np.ndarray]


def watched(
    options: Mapping[str, Any], fresh: Callable[[], Any], given: Callable[[Any], Any], seen: Callable[[Any], Arrays],
    held: Callable[[Any], Arrays], call: Callable[[Any, Any], Arrays],
) -> Arrays:
    """What `cases.families.purity.watched` asks for: a layer is called on a batch, on another one and on the first again; a
    `fresh` one on the other alone. What was `given` is `seen`, and what the layer `held` is told, before and after."""
    with moment("build"):
        layer, untouched = fresh(), fresh()
        batch, other = given(options["batch"]), given(options["other"])
    found: Arrays = {}

    def note(what: str, arrays: Mapping[str, np.ndarray]) -> None:
        found.update({f"{what}/{name}": array for name, array in arrays.items()})

    def look(when: str) -> None:
        note(f"arguments/{when}", seen(batch))
        note(f"held/{when}", held(layer))

    with moment("run"):
        look("before")
        note("calls/first", call(layer, batch))
        note("calls/other", call(layer, other))
        note("calls/again", call(layer, batch))
        look("after")
        note("calls/fresh", call(untouched, other))
    return found
