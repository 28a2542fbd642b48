"""Many questions in one request, each answered by itself: an error is told of the question that raised it, and of no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from cases.requests import Observation
from suite.backends import Moment, refusal


def apart(answers: Iterable[Callable[[], Observation]]) -> Observation:
    """Arrays PLACE/NAME and facts by place, of what each gives when it is called. See `cases.apart`."""
    arrays: dict[str, np.ndarray] = {}
    facts: dict[str, Any] = {}
    for place, answer in enumerate(answers):
        try:
            seen = answer()
        except Moment as problem:
            said = refusal(problem.error, problem.moment, 0.0)
            seen = Observation({}, facts={"raised": (said.error, said.message, said.moment)})
        arrays |= {f"{place}/{name}": array for name, array in seen.arrays.items()}
        facts[str(place)] = seen.facts
    return Observation(arrays, facts=facts)
