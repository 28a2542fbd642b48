"""Windows of a series, and what is told of each: by hand, whatever their length, their stride and the part of the series."""

from __future__ import annotations

import numpy as np

from cases.families.base import equal, statement
from cases.models import FunctionRequest
from cases.requests import Deviation

LONG = 17
"""Steps of the series."""
FEW = 1
"""Targets that are fewer than the windows: of the first step."""
BOUNDS = {"all": (None, None), "from": (3, None), "to": (None, 14), "part": (2, 15)}
"""The first step, and the first one that is not looked at."""


def windows(start: int | None, stop: int | None, length: int, stride: int, rate: int,
            targets: str = "all") -> tuple[np.ndarray, np.ndarray]:
    """The steps of each window that lies within the part and has a target, if it is to have one, (windows, length), and the step
    of its target: its first one."""
    first, end = start or 0, LONG if stop is None else stop
    starts = np.array([at for at in range(first, min(end, FEW) if targets == "few" else end, stride)
                       if at + (length - 1) * rate < end])
    return starts[:, None] + np.arange(length) * rate, starts


@statement("Windows of a series are all those that lie within the part that is asked, in their order or shuffled, every one with "
           "its own target, in batches of which none is dropped.",
           {"length": (3, 1, 5), "stride": (1, 2, 3), "rate": (2, 1, 3), "bounds": tuple(BOUNDS), "shuffled": (False, True),
            "targets": ("all", "none", "few"), "size": (2, 4)}, strength=(1, 1, 2),
           usual={"length": (3, 5), "stride": (1, 2), "rate": (2, 3), "bounds": ("part", "to")},
           senseless=((("bounds", "targets"), lambda bounds, targets: targets == "few" and bounds not in ("all", "to")),),
           source="Keras: timeseries_dataset_from_array")
def windows_lie_within(ask, length, stride, rate, bounds, shuffled, targets, size):
    start, stop = BOUNDS[bounds]
    given = {"long": LONG, "start": start, "stop": stop, "length": length, "stride": stride, "rate": rate, "shuffled": shuffled,
             "targets": targets, "size": size}
    seen = ask(FunctionRequest("windows", tuple(given.items())))
    steps, own = windows(start, stop, length, stride, rate, targets)
    came, told = seen["steps"], seen["targets"]
    order = np.argsort(came[:, 0], kind="stable") if shuffled and came.ndim == 2 else slice(None)
    found = equal("windows", came[order], steps)
    found += equal("targets", told[order], own) if targets != "none" else []
    full, rest = divmod(len(steps), size)
    sizes = [size] * full + [rest] * bool(rest)
    return found + ([] if seen["sizes"].tolist() == sizes else
                    [Deviation("batches", f"batches of {seen['sizes'].tolist()} windows, expected {sizes}")])
