"""Keras' recurrent layers side by side in one model."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.layouts import from_keras, to_keras
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment


def run_side_by_side(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.side_by_side.layers_side_by_side_match_reference`. Outputs leave their masks
    behind, so that a loss is theirs alone."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    requests = options["requests"]
    states = [array.astype("float32") for one in requests if one.batch.initial_states is not None
              for array in stacks.states_of(one.layer, one.batch.initial_states)[0]]
    given = [requests[0].batch.inputs.astype("float32"), options["mask"], *states]

    class Along(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return y_true * y_pred

    with moment("build"):
        built = [stacks.build(keras, one.layer, one.execution.kernel, None) for one in requests]
        steps = None if options["open"] else given[0].shape[1]
        inputs = [keras.Input((steps, given[0].shape[2])), keras.Input((steps,), dtype="bool"),
                  *(keras.Input(array.shape[1:]) for array in states)]
        left, results = iter(inputs[2:]), {}
        for number, (one, stack) in enumerate(zip(requests, built, strict=True)):
            own = [[next(left) for _ in one.layer.state_keys()]] if one.batch.initial_states is not None else None
            outputs, finals, _ = stacks.forward(stack, inputs[0], None if one.batch.mask is None else inputs[1], own)
            for name, tensor in zip(one.layer.result_names, (*outputs, *finals), strict=True):
                results[f"{number}/{name}"] = keras.ops.multiply(keras.ops.cast(tensor, "float32"), 1.0)
            stack.assign(to_keras(one.layer, one.weights))
        words = {name: name.replace("/", "_") for name in results}
        model = keras.Model(inputs, {words[name]: tensor for name, tensor in results.items()})
        model.compile(keras.optimizers.SGD(1.0), {word: Along(reduction="sum") for word in words.values()},
                      jit_compile=engine.plain)
    arrays: dict[str, np.ndarray] = {}
    with moment("run"):
        if options["way"] == "predict":
            found = model.predict(given, verbose=0)
            return Observation({name: np.array(found[word]) for name, word in words.items()})
        targets = {words[f"{number}/{name}"]: one.batch.cotangents[name].astype("float32")
                   for number, one in enumerate(requests) for name in one.layer.result_names}
        before = [[stacks.kept(v.value) for v in stack.variables] for stack in built]
        model.train_on_batch(given, targets)
        for number, (one, stack, old) in enumerate(zip(requests, built, before, strict=True)):
            lost = [each - engine.numpy(v.value) for each, v in zip(old, stack.variables, strict=True)]
            named = from_keras(one.layer, stacks.grouped(one.layer, lost))
            arrays |= {f"{number}/gradients/weights/{name}": array for name, array in named.items()}
    return Observation(arrays)
