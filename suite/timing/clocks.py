"""What time is read from, inside a subject's interpreter.

A backend may bring a clock of its own as its attribute `clock` (a device's event timer, a simulated clock): anything
that is a `Clock`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

Step = Callable[[], str]


class Clock(Protocol):
    """Times a call, and can wait."""

    name: str

    def time(self, step: Step) -> tuple[float, str]:
        """Seconds that `step` took until the device had finished, and what it returned: the kernel that ran."""

    def wait(self, seconds: float) -> None:
        """Be busy for so long, so that `time` around it sees these seconds."""


class WallClock:
    """The process' monotonic clock around a call that returns when the device has finished, as steppers do."""

    name = "time.perf_counter around the synchronized call"

    def time(self, step: Step) -> tuple[float, str]:
        """As `Clock.time`."""
        began = time.perf_counter()
        kernel = step()
        return time.perf_counter() - began, kernel

    def wait(self, seconds: float) -> None:
        """As `Clock.wait`: busy, not asleep, for sleeping is coarse and lets the speed of the processor drop."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass


def clock_of(backend: Any) -> Clock:
    """The backend's own clock, or the wall clock."""
    return getattr(backend, "clock", None) or WallClock()
