"""Scripts of questions that are no recurrent layer and no model: cells in loops, masks, losses, files and refusals, one writer
for each name of a `FunctionRequest`.

A writer gets `Told` and returns the lines of the script, without its docstring; it raises NoScript, with the reason, where it
cannot say what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cases.requests import Deviation
from suite.repros.finding import Asked, NoScript
from suite.repros.functions.told import Told

WRITERS: Mapping[str, Callable[[Told], list[str]]] = {}
"""Name of a function request -> who writes its script."""


def of_function(asked: Sequence[Asked], deviations: Sequence[Deviation], verdict: str, backend: str) -> list[str]:
    """The lines for the first question that a writer knows. Raises NoScript."""
    known = [each for each in asked if each.request.name in WRITERS]
    if not known:
        raise NoScript(f"{asked[0].request.name}: not written in scripts yet")
    return WRITERS[known[0].request.name](Told(known[0].request, known[0].answer, tuple(deviations), verdict, backend))
