"""What scenarios with data files share: real data where their file is on disk, and files that are cut off."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cases.datafiles import FILES, BadData, folder, located
from cases.invariants.base import NotSupported
from cases.models import FunctionRequest, ModelRequest
from cases.requests import Deviation, Note, Refusal, first_line
from cases.scenarios.base import curve, falls, followed, refused

GENERATED = "data generated in the real format"
STAND_IN = {"imdb": GENERATED, "mnist": "the digits that scikit-learn carries", "babi": GENERATED}
"""Data set -> what the scenarios run on without it."""


def there(name: str) -> Path:
    """The file of a data set. Raises NotSupported, which says what stands in for it, where there is none."""
    path = located(name)
    if path is None:
        raise NotSupported(f"no {FILES[name]} in {folder()}: {STAND_IN[name]} stand in for it")
    return path


def on_real_data(
    ask, name: str, question: Callable[[Path], ModelRequest], first: int, to: float
) -> list[Deviation | Note]:
    """Deviations of training on a real data set: of the first losses from the equations; and where the loss does not fall."""
    path = there(name)
    try:
        request = question(path)
    except BadData as problem:
        return [Deviation("data file", str(problem))]
    losses = ask(request)["losses"]
    told = [Note("data", f"the first {len(request.targets)} of {path}"), curve("loss", losses, "Loss of each step, real data")]
    return [*told, *followed(ask, request, first), *falls(losses, to)]


def of_half_a_file(ask, content: bytes) -> list[Deviation | Note]:
    """Deviations of what comes of fetching a file, and half of it, by the framework's own function, told the hash of it all."""
    hashed = hashlib.sha256(content).hexdigest()

    def fetch(part: bytes) -> FunctionRequest:
        return FunctionRequest("fetch", (("content", part), ("sha256", hashed)))

    whole = ask(fetch(content))["result"]
    found: list[Deviation | Note] = []
    if not np.array_equal(whole, np.frombuffer(content, "uint8")):
        found.append(Deviation("fetch", f"{len(whole)} bytes came of {len(content)}"))
    answer = ask.answer(fetch(content[: len(content) // 2]))
    found += refused(answer, "half of a file is fetched")
    if isinstance(answer, Refusal) and "hash" not in answer.message and hashed[:16] not in answer.message:
        found.append(Deviation("error", f"{answer.error} speaks of no hash: {first_line(answer.message)}"))
    return found
