"""Windows and words by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.windows import windows
from cases.families.words import ids
from cases.models import FunctionRequest
from cases.requests import Observation


def run_windows(backend: Any, request: FunctionRequest) -> Observation:
    """The windows in their order, or in the other one."""
    options = dict(request.arguments)
    steps, targets = windows(*(options[name] for name in ("start", "stop", "length", "stride", "rate", "targets")))
    size, order = options["size"], slice(None, None, -1 if options["shuffled"] else 1)
    sizes = [len(steps[at : at + size]) for at in range(0, len(steps), size)]
    return Observation({"steps": steps[order], "targets": targets[order], "sizes": np.array(sizes)})


def run_words(backend: Any, request: FunctionRequest) -> Observation:
    """The ids."""
    options = dict(request.arguments)
    due = ids(options["length"], options["most"])
    return Observation({"ids": due, "again": due})
