"""What Keras' layers tell before they are called: the shape of what comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.families.told_shapes import APART, MORE_ROWS, OPEN, with_open_axes
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment


def is_part(told: Any) -> bool:
    """Whether this is a name of a layer, and its options."""
    return isinstance(told, (tuple, list)) and len(told) == 2 and isinstance(told[1], Mapping)


def part(keras: Any, told: Any) -> Any:
    """A layer, or a list of such, of its name and its options, among which there may be other layers."""
    if is_part(told):
        return getattr(keras.layers, told[0], getattr(keras, told[0], None))(
            **{name: part(keras, one) for name, one in told[1].items()})
    return [part(keras, one) for one in told] if isinstance(told, (tuple, list)) and told and all(map(is_part, told)) else told


def run_told_shapes(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.told_shapes`: told by a layer that was not called yet, by a call on symbolic tensors,
    and, once it was called, of more rows; and what came."""
    options, keras = dict(request.arguments), backend.keras
    if not hasattr(keras.layers, options["layer"]):
        return Unsupported(f"this release has no {options['layer']}")
    dtype = "int32" if options["ids"] else "float32"
    inputs = [one.astype(dtype) for one in options["inputs"]]
    shapes = with_open_axes(inputs, options["open"])

    def made() -> Any:
        return part(keras, (options["layer"], options["options"]))

    def called(function: Any, given: list, **more: Any) -> Any:
        return function(*given, **more) if options["layer"] in APART or len(given) == 1 else function(given, **more)

    def result(given: list) -> Any:
        return called(layer, given, return_attention_scores=True)[1] if options["scored"] else called(layer, given)

    with moment("build"):
        layer = made()
        symbolic = result([keras.Input(shape, dtype=dtype) for shape in shapes]).shape
        other = made()
        computed, listed = (called(other.compute_output_shape, [of((None, *shape)) for shape in shapes]) for of in (tuple, list))
    with moment("run"):
        tensors = [backend.engine.tensor(np.array(one)) for one in inputs]  # a copy, of which nobody else reads
        outputs = result(tensors)
    told = {"symbolic": symbolic, "computed": computed, "listed": listed, "came": outputs.shape}
    if len(shapes) == 1:
        same = keras.layers.Identity
        told["series"] = keras.Sequential([same(), made(), same()]).compute_output_shape((None, *shapes[0]))
    if not options["scored"]:
        told["again"] = called(layer.compute_output_shape, [(MORE_ROWS, *one.shape[1:]) for one in inputs])
    shapes = {name: np.array([OPEN if size is None else int(size) for size in shape]) for name, shape in told.items()}
    given = {f"given/{n}": backend.engine.numpy(one) for n, one in enumerate(tensors)}
    return Observation(shapes | given | {"outputs": backend.engine.numpy(outputs)})


def run_told_of_both(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.told_shapes.open_axes_are_told_of_all_arguments`."""
    keras, told = backend.keras, []
    with moment("build"):
        for function, shapes in dict(request.arguments)["asked"]:
            first, *others = (keras.KerasTensor(shape) for shape in shapes)
            first = keras.ops.cast(first, "bool") if function == "where" else first
            told.append(tuple(getattr(keras.ops, function)(first, *others).shape))
    return Observation({}, facts={"told": tuple(told)})
