"""The reference's layers side by side: each by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation


def run_side_by_side(backend: Any, request: FunctionRequest) -> Observation:
    """Each layer's own answer, and the sums of its results times their cotangents."""
    options, arrays = dict(request.arguments), {}
    for number, one in enumerate(options["requests"]):
        seen = backend.run(one.but(wants=(*one.wants, "gradients")))
        arrays |= {f"{number}/{name}": array for name, array in seen.arrays.items()}
        arrays |= {f"{number}/losses/{name}": np.array((seen[name] * one.batch.cotangents[name]).sum())
                   for name in one.layer.result_names}
    return Observation(arrays)
