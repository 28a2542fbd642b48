"""Arrays as users have them: transposed, cut out of larger ones, backwards, of another precision."""

from __future__ import annotations

import numpy as np


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """The same numbers, in memory as `Execution.layout` says. What lies between those of a slice is NaN, or the other truth."""
    if layout == "usual":
        return np.array(array, order="C")
    if layout == "transposed":
        return np.array(array, order="F")
    if layout == "sliced":
        between = ~array if array.dtype == bool else np.full_like(array, np.nan)
        return np.stack([array, between], axis=-1).reshape(*array.shape[:-1], -1)[..., ::2]
    if layout == "reversed":
        return np.flip(np.flip(array).copy())
    return array.astype("float64") if array.dtype.kind == "f" else np.array(array)
