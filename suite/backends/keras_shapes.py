"""What Keras' layers tell before they are called: the shape of what comes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.told_shapes import APART, OPEN, with_open_axes
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def run_told_shapes(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.told_shapes`: told by a layer that was not called yet, by a call on symbolic tensors,
    and what came."""
    options, keras = dict(request.arguments), backend.keras
    dtype = "int32" if options["ids"] else "float32"
    inputs = [one.astype(dtype) for one in options["inputs"]]
    shapes = with_open_axes(inputs, options["open"])

    def made() -> Any:
        return getattr(keras.layers, options["layer"])(**options["options"])

    def called(function: Any, given: list) -> Any:
        return function(*given) if options["layer"] in APART or len(given) == 1 else function(given)

    with moment("build"):
        layer = made()
        symbolic = called(layer, [keras.Input(shape, dtype=dtype) for shape in shapes]).shape
        other = made()
        computed, listed = (called(other.compute_output_shape, [of((None, *shape)) for shape in shapes]) for of in (tuple, list))
    with moment("run"):
        outputs = called(layer, [backend.engine.tensor(one) for one in inputs])
    told = {"symbolic": symbolic, "computed": computed, "listed": listed, "came": outputs.shape}
    shapes = {name: np.array([OPEN if size is None else int(size) for size in shape]) for name, shape in told.items()}
    return Observation(shapes | {"outputs": backend.engine.numpy(outputs)})
