"""The reference's layers side by side: each by itself."""

from __future__ import annotations

from typing import Any

from cases.models import FunctionRequest
from cases.requests import Observation


def run_side_by_side(backend: Any, request: FunctionRequest) -> Observation:
    """Each layer's own answer, in full precision."""
    options, arrays = dict(request.arguments), {}
    for number, one in enumerate(options["requests"]):
        whole = one.but(layer=one.layer.but(dtype=one.layer.dtype.replace("mixed_float16", "float32")))
        arrays |= {f"{number}/{name}": array for name, array in backend.run(whole).arrays.items()}
    return Observation(arrays)
