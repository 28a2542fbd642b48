"""Keras' layers under the function transforms of their engines: forward mode, mapping over rows, the gradients of each row."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from cases.layouts import from_keras, to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Request, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.apart import apart


def run_transformed(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.transforms.transformed`."""
    options = dict(request.arguments)
    asked, transform = options["request"], options["transform"]
    if transform == "second order":
        return Unsupported("second derivatives are asked of PyTorch's modules alone")
    if reason := backend.supports(asked):
        return Unsupported(reason)
    stack, call = backend._stack(asked, backend._key(asked)), backend._call(asked, asked.batch, True)
    if transform == "torch.compile":
        if backend.engine_name != "torch":
            return Unsupported("torch.compile compiles PyTorch; what this engine compiles is the kernel `compiled`")
        with moment("run"):
            arrays, facts = backend._arrays(asked, backend.engine.call(stack, replace(call, compiled=True)))
        return Observation(arrays, facts={**facts, "padding": backend.padding(asked.layer)})
    program = Program(backend, asked, stack)
    with moment("run"):
        if transform == "forward mode":
            mode = {"tensorflow": with_accumulator, "jax": with_jvp, "torch": with_jvp}[backend.engine_name]
            return Observation({"derivative": backend.engine.numpy(mode(program, call, options["tangents"]))})
        if backend.engine_name == "tensorflow":
            return Unsupported("tf.vectorized_map rewrites a loop operation by operation; layers with loops are not asked")
        facts = {"padding": backend.padding(asked.layer)}
        return Observation((rows if transform == "mapping over rows" else gradients_of_rows)(program, call), facts=facts)


def run_crossed_transforms(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.crossed_transforms`."""
    if backend.engine_name == "tensorflow":
        return Unsupported("tf.vectorized_map rewrites a loop operation by operation; layers with loops are not asked")
    return apart(partial(run_transformed, backend, one) for one in dict(request.arguments)["each"])


class Program:
    """The stack as a function of its arrays, its variables among them, as `jax.grad` and `torch.func` want it."""

    def __init__(self, backend: Any, asked: Request, stack: stacks.Stack):
        self.backend, self.asked, self.stack, self.engine = backend, asked, stack, backend.engine
        jax = backend.engine_name == "jax"
        self.of = backend.engine.jax if jax else backend.engine.torch.func if backend.engine_name == "torch" else None
        self.compiled = backend.engine.jax.jit if jax else lambda function: function
        self.weights = [v.value for v in stack.variables]
        if not jax:
            self.weights = [w.detach() for w in self.weights] if self.of else self.weights

    def run(self, weights: Any, inputs: Any, states: Any, mask: Any) -> tuple:
        """Outputs and final states."""
        pairs = [*zip(self.stack.variables, weights, strict=True), *((v, v.value) for v in self.stack.hidden)]
        with self.backend.keras.StatelessScope(pairs):
            outputs, finals, _ = stacks.forward(self.stack, inputs, mask, states)
        return tuple(outputs), tuple(finals)

    def loss(self, weights: Any, inputs: Any, states: Any, mask: Any, cotangents: Any) -> Any:
        """The sum of outputs and states times their cotangents."""
        return stacks.loss(self.backend.keras, *self.run(weights, inputs, states, mask), cotangents)

    def tangents(self, named: Any) -> tuple[list, Any, Any]:
        """A direction by name -> as weights, inputs and states are given."""
        layer, tensor = self.asked.layer, self.engine.tensor
        weights = to_keras(layer, {n.removeprefix("weights/"): a for n, a in named.items() if n.startswith("weights/")})
        states = {n.removeprefix("states/"): a.astype("float32") for n, a in named.items() if n.startswith("states/")}
        return ([tensor(a.astype("float32")) for one in weights.values() for a in one], tensor(named["inputs"].astype("float32")),
                [[tensor(a) for a in one] for one in stacks.states_of(layer, states)] if states else None)


def with_jvp(program: Program, call: Any, tangents: Any) -> Any:
    """The derivative, by `jax.jvp` or `torch.func.jvp`."""
    weights, inputs, states = program.tangents(tangents)
    given, along = [program.weights, call.inputs], [weights, inputs]
    if call.states is not None:
        given, along = [*given, call.states], [*along, states]

    def loss(weights: Any, inputs: Any, states: Any = None) -> Any:
        return program.loss(weights, inputs, states, call.mask, call.cotangents)

    return program.compiled(lambda given, along: program.of.jvp(loss, given, along))(tuple(given), tuple(along))[1]


def with_accumulator(program: Program, call: Any, tangents: Any) -> Any:
    """The derivative, by `tf.autodiff.ForwardAccumulator`."""
    tf, stack = program.engine.tf, program.stack
    weights, inputs, states = program.tangents(tangents)

    def flat(states: Any) -> list:
        return [s for one in states or () for s in one]

    variables = [v.value for v in stack.variables]
    primals, along = [call.inputs, *flat(call.states), *variables], [inputs, *flat(states), *weights]
    with tf.autodiff.ForwardAccumulator(primals, along) as accumulator:
        outputs, finals, _ = stacks.forward(stack, call.inputs, call.mask, call.states)
        total = stacks.loss(program.backend.keras, outputs, finals, call.cotangents)
    return accumulator.jvp(total)


def rows(program: Program, call: Any) -> dict[str, np.ndarray]:
    """Outputs and states of each row, mapped."""

    def one(inputs: Any, states: Any, mask: Any) -> Any:
        outputs, finals = program.run(program.weights, *as_rows(inputs, states, mask))
        return [t[0] for t in (*outputs, *finals)]

    found = program.compiled(program.of.vmap(one, in_axes_of(call)))(call.inputs, call.states, call.mask)
    return {n: program.engine.numpy(t) for n, t in zip(program.asked.layer.result_names, found, strict=True)}


def gradients_of_rows(program: Program, call: Any) -> dict[str, np.ndarray]:
    """(batch, ...) the gradients of each row's loss by the weights, mapped."""

    def one(weights: Any, inputs: Any, states: Any, mask: Any, cotangents: Any) -> Any:
        return program.loss(weights, *as_rows(inputs, states, mask), [c[None] for c in cotangents])

    mapped = program.of.vmap(program.of.grad(one), (None, *in_axes_of(call), 0))
    found = program.compiled(mapped)(program.weights, call.inputs, call.states, call.mask, list(call.cotangents))
    layer, arrays = program.asked.layer, [program.engine.numpy(t) for t in found]
    named = [from_keras(layer, stacks.grouped(layer, [a[row] for a in arrays])) for row in range(len(arrays[0]))]
    return {f"gradients/weights/{n}": np.stack([each[n] for each in named]) for n in named[0]}


def as_rows(inputs: Any, states: Any, mask: Any) -> tuple[Any, Any, Any]:
    """One row as a batch of one."""
    return inputs[None], states and [[s[None] for s in one] for one in states], None if mask is None else mask[None]


def in_axes_of(call: Any) -> tuple:
    """What is mapped: inputs, states, the mask, each where there is one."""
    return 0, None if call.states is None else 0, None if call.mask is None else 0


def run_recomputed(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.transforms.recomputed_layers_are_trained_alike`: a model of the layer, made inside
    `RematScope` or not, after a step of training that begins at the same seeds."""
    options, keras, found = dict(request.arguments), backend.keras, {}
    if not hasattr(keras, "RematScope"):
        return Unsupported("Keras has RematScope from 3.9 on")
    layer = options["layer"].but(return_state=False, dropout=options["rate"])
    inputs, mask = options["batch"].inputs.astype("float32"), options["batch"].mask
    inputs = inputs if mask is None else np.where(mask[..., None], inputs, 0)
    for name in ("plain", "recomputed"):
        mode = options["mode"] if name == "recomputed" else None
        given = keras.Input(inputs.shape[1:])
        read = given if mask is None else keras.layers.Masking()(given)
        with moment("build"), keras.RematScope(mode, output_size_threshold=1, layer_names=["of_this_name"]):
            made = stacks.make(keras, layer, "fused", True)
            made = type(made).from_config({**made.get_config(), "name": "of_this_name"})
            model = keras.Model(given, made(read))
            model.compile(keras.optimizers.SGD(0.125), "mse", run_eagerly=options["eager"])
            made.set_weights([a.astype("float32") for own in to_keras(layer, options["weights"]).values() for a in own]
                             + made.get_weights()[len(made.trainable_weights):])
            targets = np.zeros((*inputs.shape[:2], layer.width), "float32")
            backend.engine.hasten(model, targets)
            for state in made.non_trainable_variables:  # building draws too, and with RematScope once more
                state.assign(np.arange(7, 7 + state.shape[0]))
        with moment("run"):
            model.train_on_batch(inputs, targets)
        found |= {f"{name}/{n}": backend.engine.numpy(a.value) for n, a in enumerate(made.trainable_weights)}
    return Observation(found)
