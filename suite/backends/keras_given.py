"""A Keras model of a layer that computed with other weights, given new ones in one of many ways."""

from __future__ import annotations

import copy
import os
import pickle
import tempfile
from typing import Any

import numpy as np

from cases.layouts import to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment

ELSEWHERE = {"swapped": "Keras gives its variables other values", "shared": "a Keras layer has its variables to itself",
             "assigned": "Keras has no way to load that keeps the arrays of the file", "data": "a Keras variable has no data",
             "cast": "a Keras layer keeps the dtype it was made with", "averaged": "Keras averages weights in its optimizers",
             "registered": "Keras' weights have no names by which others are registered",
             **dict.fromkeys(("computed", "computed_copied", "normed", "pruned", "uncomputed"),
                             "Keras' weights are variables, not computed")}


def run_wrong_weights(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.modules.wrong_weights_are_refused`: all to the layer, or one to a variable."""
    options, keras = dict(request.arguments), backend.keras
    wrong, layer = options["wrong"], options["layer"]
    if wrong in ("wider_not_strict", "unknown_layer"):
        return Unsupported("weights are given to a layer in their order, without names")
    with moment("build"):
        one = stacks.build(keras, layer, "fused", None).layers[0]
        arrays, others = (to_keras(options[of], options[name])["0/forward"]
                          for of, name in (("layer", "weights"), ("other", "others")))
    arrays = {"missing": arrays[:-1], "unknown": [*arrays, arrays[-1]]}.get(wrong, others)
    with moment("run"):
        if wrong.endswith("axes"):
            square = next((v for v in one.weights if v.shape[0] == v.shape[-1] > 1), one.weights[0])  # its rows would fit all
            square.assign(np.zeros(tuple(square.shape)[:-1] if wrong == "fewer_axes" else (*square.shape, 1), "float32"))
        else:
            one.set_weights([a.astype("float32") for a in arrays])
    return Observation({}, facts={"taken": wrong})  # without the weights: of another shape they may not be readable any more


def run_given(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.given_weights.given`."""
    options, keras = dict(request.arguments), backend.keras
    layer, batch, way = options["layer"], options["batch"], options["way"]
    if way in ELSEWHERE:
        return Unsupported(ELSEWHERE[way])
    given = [batch.inputs.astype("float32"), *([] if batch.mask is None else [np.array(batch.mask)])]
    given = [backend.engine.tensor(one) for one in given]

    def made(weights: Any) -> tuple[stacks.Stack, Any]:
        stack = stacks.build(keras, layer, "fused", None)
        stack.assign(to_keras(layer, weights))
        return stack, stacks.functional(keras, stack, batch.size, batch.time, "fused", batch.mask is not None, ())

    def call(model: Any) -> dict[str, np.ndarray]:
        found = model(given if len(given) > 1 else given[0])
        return {name: backend.engine.numpy(tensor) for name, tensor in zip(layer.result_names, found, strict=True)}

    with moment("build"):
        (stack, model), other = made(options["others"]), made(options["weights"])[1]
    with moment("run"):
        before = call(model)["outputs"]
        if way == "copied":
            stack.assign(to_keras(layer, options["weights"]))
        elif way == "replaced":
            model.set_weights(other.get_weights())
        elif way == "loaded":
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "model.weights.h5")
                other.save_weights(path)
                model.load_weights(path)
        elif way == "pickled":
            model = pickle.loads(pickle.dumps(other))
        elif way == "deep_copied":
            original, model = other, copy.deepcopy(other)
            original.set_weights([a * 0.5 for a in original.get_weights()])
        else:
            fixed = [v.value for v in model.non_trainable_variables]
            values, called = [v.value for v in other.trainable_variables], model
            model = lambda inputs: called.stateless_call(values, fixed, inputs)[0]  # noqa: E731
        return Observation({**call(model), "before/outputs": before}, "eager", facts={"padding": backend.padding(layer)})
