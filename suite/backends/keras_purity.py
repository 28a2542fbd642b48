"""What a Keras layer, Keras and the process hold around calls, and whether calls change it."""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.layouts import to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import generators, moment
from suite.backends import keras_layers as stacks
from suite.backends.purity import watched


def held(backend: Any, stack: stacks.Stack) -> dict[str, np.ndarray]:
    """Every variable of the layers, what they count and carry, and every generator of random numbers."""
    numpy, found = backend.engine.numpy, generators()
    for index, one in enumerate(stack.layers):
        kinds = (("variable", one.variables), ("trainable", one.trainable_variables))
        for kind, variables in kinds:
            found[f"layer {index}: number of {kind}s"] = np.array(len(variables))
            found.update({f"layer {index}: {kind} {n} {v.name}": numpy(v.value) for n, v in enumerate(variables)})
        found[f"layer {index}: number of losses"] = np.array(len(one.losses))
    for number, variable in enumerate(stack.hidden):
        found[f"seed or state {number}"] = numpy(variable.value)
    state = importlib.import_module("keras.src.backend.common.global_state").get_global_attribute("global_seed_generator")
    if state is not None:
        found["Keras' own seed generator"] = numpy(state.state.value)
    if backend.engine_name == "torch":
        found["torch's generator"] = backend.engine.torch.get_rng_state().numpy()
    return found


def run_purity(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.purity.watched`."""
    options = dict(request.arguments)
    layer, engine = options["layer"], backend.engine
    weights = to_keras(layer, options["weights"])

    def given(batch: Batch) -> tuple[Any, Any, Any]:
        put = (lambda a: np.array(a)) if options["given"] == "numpy" else engine.tensor
        states = batch.initial_states and [[put(s.astype("float32")) for s in one]
                                           for one in stacks.states_of(layer, batch.initial_states)]
        return put(batch.inputs.astype("float32")), None if batch.mask is None else put(batch.mask), states

    def seen(arguments: tuple) -> dict[str, np.ndarray]:
        look = lambda a: np.array(a) if isinstance(a, np.ndarray) else engine.numpy(a)  # noqa: E731
        inputs, mask, states = arguments
        found = {"inputs": look(inputs), **({} if mask is None else {"mask": look(mask)})}
        for index, one in enumerate(states or ()):
            found[f"states of layer {index}: number"] = np.array(len(one))
            found.update({f"states of layer {index}: {n}": look(s) for n, s in enumerate(one)})
        found.update({f"weights {place} {n}": np.array(a) for place, each in weights.items() for n, a in enumerate(each)})
        return found

    def fresh() -> stacks.Stack:
        made = stacks.build(backend.keras, layer, "fused", None)
        made.assign(weights)
        return made

    def call(stack: stacks.Stack, arguments: tuple) -> dict[str, np.ndarray]:
        idle = options["idle"] and backend.engine_name == "torch"
        with engine.torch.no_grad() if idle else contextlib.nullcontext():
            outputs, states, _ = stacks.forward(stack, *arguments, training=options["mode"] == "training")
        return {str(n): engine.numpy(t) for n, t in enumerate((*outputs, *states))}

    return Observation(watched(options, fresh, given, seen, lambda stack: held(backend, stack), call), "eager")


def run_recorded(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.purity.inference_records_nothing`: whether results of a layer know where they come
    from, as a layer behind it sees."""
    options, keras = dict(request.arguments), backend.keras
    if backend.engine_name != "torch":
        return Unsupported(f"{backend.engine_name} records nothing of itself: gradients are asked for beforehand")
    seen: list[bool] = []

    class Looking(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            seen.append(bool(inputs.requires_grad))
            return inputs

    class Untold(keras.Model):
        """A model of one's own that is not told whether it trains."""

        def __init__(self, inner: Any):
            super().__init__()
            self.inner = inner

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    with moment("build"):
        layers = keras.layers
        model = keras.Sequential([keras.Input((4, 2)), getattr(layers, stacks.LAYERS[options["cell"]])(3), Looking()])
        own = Untold(model)
        for each in (model, own):
            each.compile(keras.optimizers.SGD(0.0), "mse")
    x, y, found = np.ones((2, 4, 2), "float32"), np.ones((2, 3), "float32"), {}
    with moment("run"):
        for name in options["methods"]:
            one = own if name.startswith("own/") else model
            method = getattr(one, name.removeprefix("own/"))
            seen.clear()
            quiet = {} if name.endswith("on_batch") else {"verbose": 0}
            method(x, **quiet) if "predict" in name else method(x, y, **quiet)
            found[name] = np.array(any(seen))
    return Observation(found)
