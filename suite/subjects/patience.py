"""How long an answer is waited for: the whole time-out, until some requests have used it up.

A framework that hangs where it is asked for one thing hangs in hundreds of checks; a minute for each would be hours. After
`TRUSTED` time-outs it is known that it hangs, and what takes many times longer than what it has answered is ended sooner.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from cases.models import FunctionRequest
from suite.subjects.interpreter import TimedOut

TRUSTED = 3
"""So many time-outs take all of the time that is allowed."""
TIMES, LEAST = 8, 5.0
"""Afterwards: so many times what the longest answer to a question of the kind took, of any kind where none of it was answered,
and never less than so many seconds."""


class Patience:
    """What is known of one subject, in all of its interpreters. seconds: the time-out of one request."""

    def __init__(self, seconds: float):
        self.seconds, self.spent = seconds, 0
        self._longest: dict[str, float] = {}
        self._lock = Lock()

    def limit(self, request: Any) -> float:
        """How many seconds a request may take."""
        with self._lock:
            if self.spent < TRUSTED or not self._longest:
                return self.seconds
            longest = self._longest.get(kind(request), max(self._longest.values()))
            return min(self.seconds, max(LEAST, round(TIMES * longest, 1)))

    @contextmanager
    def watching(self, request: Any) -> Iterator[None]:
        """Inside: an answer comes, or an error. A `TimedOut` that leaves it counts."""
        began = time.perf_counter()
        try:
            yield
        except TimedOut:
            with self._lock:
                self.spent += 1
            raise
        with self._lock:
            taken = time.perf_counter() - began
            self._longest[kind(request)] = max(taken, self._longest.get(kind(request), 0.0))


def kind(request: Any) -> str:
    """The function that is asked for, or what sort of request it is."""
    return request.name if isinstance(request, FunctionRequest) else type(request).__name__
