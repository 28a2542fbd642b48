"""Keras' layers applied to every step by `TimeDistributed`, and the same layers on each step alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_layers import passed_mask
from suite.backends.keras_nests import leaves

UNITS, FACTOR = 4, 0.25


def two_inputs(keras: Any, features: int) -> Any:
    """A model of two inputs."""
    given = [keras.Input((features,)), keras.Input((features,))]
    return keras.Model(given, keras.layers.Dense(UNITS)(keras.layers.Concatenate()(given)))


def made(keras: Any, inside: str, inputs: tuple[np.ndarray, ...]) -> Any:
    """The layer of this name, built for one step, with weights drawn."""
    layers, features = keras.layers, inputs[0].shape[-1]
    one = {
        "dense": lambda: layers.Dense(UNITS, activation="tanh"),
        "quantized": lambda: layers.Dense(UNITS, dtype="int8_from_float32"),
        "activity": lambda: layers.Dense(UNITS, activity_regularizer=keras.regularizers.L2(FACTOR)),
        "policy": lambda: layers.Dense(UNITS, dtype="mixed_bfloat16"), "adapted": lambda: layers.Dense(UNITS),
        "several_inputs": lambda: two_inputs(keras, features), "lstm": lambda: layers.LSTM(UNITS),
        "sequences": lambda: layers.LSTM(UNITS, return_sequences=True),
        "bidirectional": lambda: layers.Bidirectional(layers.GRU(UNITS)),
        "several_results": lambda: layers.LSTM(UNITS, return_state=True),
        "embedding": lambda: layers.Embedding(7, UNITS, mask_zero=True), "convolution": lambda: layers.Conv1D(UNITS, 2),
    }[inside]()
    if not one.built:
        one.build((inputs[0].shape[0], *inputs[0].shape[2:]))
    if inside == "adapted":
        one.enable_lora(2)
    random = np.random.default_rng(0)
    one.set_weights([random.uniform(-1, 1, a.shape).astype(a.dtype) if a.dtype.kind == "f" else
                     random.integers(-127, 128, a.shape).astype(a.dtype) for a in one.get_weights()])
    return one


def run_each_step(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.each_step.every_step_is_as_alone`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    needed = {"quantized": "quantize", "adapted": "enable_lora"}.get(options["inside"], "build")
    if not hasattr(keras.layers.Dense, needed):
        return Unsupported(f"layers of this release have no {needed}")
    arrays = tuple(a.astype("int32" if a.dtype.kind == "i" else "float32") for a in options["inputs"])
    masks = () if options["mask"] is None else (options["mask"],)
    with moment("build"):
        layer = made(keras, options["inside"], arrays)
        wrapper = keras.layers.TimeDistributed(layer)

    def call(one: Any, given: tuple, masks: tuple) -> tuple:
        tensors = [engine.tensor(a) for a in given]
        more = {"mask": engine.tensor(masks[0])} if masks else {}
        results = one(tensors[0] if len(tensors) == 1 else tensors, **more)
        return results, sum(float(loss) for loss in one.losses)

    with moment("run"):
        steps = []
        for t in range(arrays[0].shape[1]):
            read = tuple(m[:, t] for m in masks if m.ndim == 3)  # of words
            results, loss = call(layer, tuple(a[:, t] for a in arrays), read)
            steps.append((leaves([results]), loss))
        together, losses = call(wrapper, arrays, masks)
    named = {f"alone/{n}": np.stack([engine.numpy(results[n]) for results, _ in steps], axis=1) for n in range(len(steps[0][0]))}
    together = leaves([together])
    named |= {f"together/{n}": engine.numpy(one) for n, one in enumerate(together)}
    mask = passed_mask(together[0])
    named |= {"losses/alone": np.array(sum(loss for _, loss in steps)), "losses/together": np.array(losses)}
    named |= {} if mask is None else {"mask": engine.numpy(mask)}
    dtype = keras.backend.standardize_dtype
    return Observation(named, facts={
        "dtype": dtype(together[0].dtype), "dtype_alone": dtype(steps[0][0][0].dtype), "count": len(together)})


def opened(backend: Any, one: Any, shape: tuple, **options: Any) -> Any:
    """A layer as it is called in a program whose rows and steps are left open, where the engine has such programs."""
    engine = backend.engine
    if engine.name != "tensorflow":
        return lambda x: one(x, **options)
    spec = engine.tf.TensorSpec((None, None, *shape), "float32")
    return engine.tf.function(lambda x: one(x, **options), input_signature=[spec])


def run_open_steps(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.each_step.any_number_of_steps_is_taken`."""
    if backend.engine.name == "jax":
        return Unsupported("JAX compiles a program a shape: no number of steps is left open")
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs = options["inputs"].astype("float32")
    with moment("build"):
        layer = made(keras, options["inside"], (inputs,))
        one = keras.layers.TimeDistributed(layer)
        one.build((None, None, *inputs.shape[2:]))
        run = opened(backend, one, inputs.shape[2:])
    with moment("run"):
        alone = [engine.numpy(layer(engine.tensor(inputs[:, t]))) for t in range(max(options["lengths"]))]
        named = {f"together/{n}": engine.numpy(run(engine.tensor(inputs[:, :n]))) for n in options["lengths"]}
    return Observation({"alone": np.stack(alone, axis=1), **named})


def run_told_steps(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.each_step.open_steps_are_told`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs, mask = options["inputs"].astype("float32"), options["mask"]

    class Told(keras.layers.Layer):
        def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
            twice = inputs * (2.0 if training else 1.0)
            return twice if mask is None else twice * keras.ops.cast(mask[:, None], twice.dtype)

    one = keras.layers.TimeDistributed(Told())

    def run(given: Any, mask: Any) -> Any:
        return one(given, mask=mask, training=True)

    if engine.name == "tensorflow":
        run = engine.tf.function(run, input_signature=[
            engine.tf.TensorSpec((None, None, inputs.shape[-1]), "float32"), engine.tf.TensorSpec((None, None), "bool")])
    with moment("run"):
        return Observation({"told": engine.numpy(run(engine.tensor(inputs), engine.tensor(mask)))})


def run_drawn_steps(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.each_step.every_step_draws_anew`: in training, of a model whose number of steps is
    open or not."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    rows, steps, features = options["shape"]
    given = np.ones((rows, steps, features), "float32")
    with moment("build"):
        inside = keras.layers.Dropout(0.5) if options["inside"] == "dropout" else keras.layers.GaussianNoise(1.0)
        one = keras.layers.TimeDistributed(inside)
        one.build((None, None if options["open_axis"] else steps, features))
    with moment("run"):
        call = opened(backend, one, (features,), training=True) if options["open_axis"] else (lambda x: one(x, training=True))
        return Observation({"drawn": engine.numpy(call(engine.tensor(given))), "given": given})
