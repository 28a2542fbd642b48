"""Answers that a check cannot read: which arrays did not come, or came in another shape than the reference's."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from cases.requests import Deviation, Observation
from suite.repros.finding import Asked


def malformed(asked: Iterable[Asked]) -> tuple[Deviation, ...]:
    """What is wrong with the form of these answers; nothing where they have the names and the shapes of the reference's, or where
    it has no answer: then it is the check that cannot read them."""
    return tuple(deviation for each in asked if isinstance(each.answer, Observation)
                 for deviation in of_another_form(each.answer, reference(each.request)))


def of_another_form(seen: Observation, due: Observation | None) -> Iterable[Deviation]:
    """The arrays of `due` that did not come, or of another shape."""
    for name, right in due.arrays.items() if due else ():
        if name not in seen.arrays:
            yield Deviation(name, f"{name}: it did not come")
        elif (shape := seen.arrays[name].shape) != right.shape:
            yield Deviation(name, f"{name}: found shape {shape}, expected {right.shape}")


def reference(request: Any) -> Observation | None:
    """The reference's answer; None where it has none."""
    from suite.backends.reference import Reference

    with suppress(Exception):
        answer = Reference().observe(request)
        return answer if isinstance(answer, Observation) else None
    return None
