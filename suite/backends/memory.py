"""How much of a card's memory is taken once a process has used it: every backend asks its framework not to reserve it all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np

from cases.requests import Observation, Unsupported
from suite.backends import moment


def growth(device: str, touch: Callable[[], Any]) -> Observation | Unsupported:
    """`before` and `after` `touch` has put something small on the card: the bytes in use there, of `total`; by all processes,
    as the driver counts them."""
    if device != "gpu":
        return Unsupported("there is no card's memory to reserve on a CPU")
    with moment("run"):
        before, total = used()
        touch()
        after, _ = used()
    return Observation({"before": np.array(before), "after": np.array(after), "total": np.array(total)})


def used() -> tuple[float, float]:
    """Bytes in use and in all, of the first card. Raises CalledProcessError or FileNotFoundError where the driver's
    tool fails."""
    told = subprocess.run(
        ["nvidia-smi", "--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"],
        capture_output=True, text=True, check=True, timeout=20,
    ).stdout
    now, total = told.splitlines()[0].split(",")
    return float(now) * 2**20, float(total) * 2**20
