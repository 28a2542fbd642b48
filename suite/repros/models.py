"""Scripts of models: a graph of layers as its user writes it, and the one array of it that is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from cases.requests import Deviation
from suite.repros.finding import Asked, NoScript


def of_model(asked: Sequence[Asked], deviations: Sequence[Deviation], verdict: str, backend: str) -> list[str]:
    """The lines of the script. Raises NoScript."""
    raise NoScript("a model: not written in scripts yet")
