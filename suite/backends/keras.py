"""Keras 3 on its three engines: one adapter, three backends.

Keras binds one engine per process (`KERAS_BACKEND`), so each of these classes needs an interpreter of its own.
`keras_support`: what cannot be asked · `keras_layers`: what is built and called · `keras_engines`: how each engine runs it ·
`keras_watch`: how it is known which kernel ran · `keras_models`: whole models, and functions on data.
"""

from __future__ import annotations

import importlib
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.layers import Layer, draw_weights
from cases.layouts import from_keras, to_keras
from cases.models import FunctionRequest, ModelRequest
from cases.requests import Execution, Inferred, Observation, Request, Reset, Unsupported
from cases.steps import OptimizerRequest
from suite.backends import Backend, moment, xla
from suite.backends import keras_layers as stacks
from suite.backends.keras_engines import ENGINES, Answer, Call
from suite.backends.keras_moments import mark_traces
from suite.backends.keras_support import unconvolved, unsupported
from suite.backends.keras_watch import Watch
from suite.backends.strided import laid_out
from suite.cache import compiled_programs

KEPT = 128  # stacks that are kept between requests

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1", "TF_FORCE_GPU_ALLOW_GROWTH": "true",
         "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


class Keras(Backend):
    """What the three have in common. `engine` is the value of `KERAS_BACKEND`.

    Keras imports scikit-learn for its wrappers, and on another engine TensorFlow too, to look at any configuration or error:
    more than two seconds in every interpreter, for what its users may not even have installed.
    """

    engine_name = ""
    spared: tuple[str, ...] = ("sklearn", "tensorflow")

    def __init__(self, device: str = "cpu", threads: int = 1):
        super().__init__(device, threads)
        for name, value in self.environment.items():
            os.environ.setdefault(name, value)
        if device == "cpu":
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
            xla.ask_for(self.distributions)
        self._limit_threads()
        self.keras = importlib.import_module("keras")
        if (found := self.keras.backend.backend()) != self.engine_name:
            raise RuntimeError(f"{self.name} needs KERAS_BACKEND={self.engine_name}, but Keras is bound to {found} in "
                               "this process: start it in an interpreter of its own")
        self.engine = ENGINES[self.engine_name](self.keras, device)
        self.watch = Watch(self.engine_name, device)
        mark_traces(self.keras, bool(self.engine.compiling))
        self._stacks: OrderedDict[Any, stacks.Stack] = OrderedDict()
        self._apart = False

    def _limit_threads(self) -> None:
        """Tell the engine how many threads it may use; called before Keras is imported."""

    def versions(self) -> dict[str, str]:
        """Keras (as it says itself: a development copy is not what is installed), its engine and numpy."""
        found = {"keras": self.keras.__version__}
        for name in (*self.distributions, "numpy"):
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
        return found

    distributions: tuple[str, ...] = ()

    def devices(self) -> tuple[str, ...]:
        """A process that was started for the CPU hides the GPU from itself, so it looks for the driver's file."""
        there = os.path.exists("/dev/nvidiactl") and self.engine.built_for_gpu()
        return ("cpu", "gpu") if (self.engine.has_gpu() if self.device == "gpu" else there) else ("cpu",)

    @classmethod
    def lacks(cls, layer: Layer, mask: str, execution: Execution) -> bool:
        return layer.convolution is not None and unconvolved(layer, execution) is not None

    def padding(self, layer: Layer) -> str:
        """Keras repeats the last output at masked steps, but `Bidirectional` sets `zero_output_for_mask`."""
        forced = layer.direction == "bidirectional" and layer.return_sequences
        return "zero" if forced or layer.padding_output == "zero" else "hold"

    def supports(self, request: Request) -> str | None:
        """None, or the reason why not: see `keras_support`."""
        why = unsupported(request, bool(self.engine.compiling))
        return why or stacks.unknown_option(self.keras, request.layer, request.execution.kernel)

    def run(self, request: Request) -> Observation:
        """Build or reuse the layers, do the earlier calls, answer the one that is asked about."""
        key = self._key(request)
        with self.engine.precision(request.layer.dtype):
            try:
                with moment("build"):
                    stack = self._stack(request, key)
                if request.execution.entry == "predict":
                    return self._predict(stack, request)
                return self._direct(stack, request)
            except BaseException:
                self._stacks.pop(key, None)  # what an error left half done must not reach the next request
                raise

    def run_apart(self, request: Request) -> Observation:
        """The same with layers that are made for this request alone, and called as they are where no gradients are wanted: what
        is kept may have been compiled elsewhere."""
        kept, self._stacks, self._apart = self._stacks, OrderedDict(), True
        try:
            return self.run(request)
        finally:
            self._stacks, self._apart = kept, False

    def _key(self, request: Request) -> Any:
        """What a kept stack depends on. A loaded or rebuilt one is never kept."""
        kernel = "fused" if request.execution.kernel == "compiled" else request.execution.kernel
        size = request.batch.size if request.layer.stateful else None
        return request.layer, kernel, size, request.execution.mask_from, request.execution.trainable

    def _stack(self, request: Request, key: Any) -> stacks.Stack:
        """The layers of the request, with its weights, seeds and carried states as new."""
        layer, execution, size = request.layer, request.execution, first_size(request)
        stack = self._stacks.get(key)
        if stack is None:
            stack = self._stacks[key] = stacks.build(self.keras, layer, key[1], size, execution.mask_from)
            for one in stack.layers if not execution.trainable else ():
                one.trainable = False
        self._stacks.move_to_end(key)
        while len(self._stacks) > KEPT:
            self._stacks.popitem(last=False)
        stack.assign(to_keras(layer, request.weights))
        stack.forget()
        if execution.mask_from == "embedding":
            stack.source.embeddings.assign(stacks.table(request))
        if execution.origin == "from_config":
            return stacks.from_config(stack, size)
        if execution.origin == "reloaded":
            batch = request.batch
            masked, states = batch.mask is not None and stack.source is None, stacks.counts(layer, batch)
            return stacks.reloaded(self.keras, stack, size, batch.time, key[1], masked, states)
        return stack

    def _call(self, request: Request, batch: Batch, gradients: bool) -> Call:
        """The batch as tensors of the engine."""
        layer, execution = request.layer, request.execution
        real, tensor, given = stacks.real_dtype(layer), self.engine.tensor, batch.initial_states
        if execution.layout != "usual":
            tensor = partial(laid_out, layout=execution.layout)
        inputs, mask = stacks.masked_inputs(request, batch)

        def results(array: np.ndarray) -> Any:
            return tensor(stacks.to_axes(layer, array.astype(real), state=True))

        return Call(
            inputs=tensor(stacks.to_axes(layer, inputs)),
            mask=None if mask is None else tensor(mask),
            states=given and [[results(s) for s in one] for one in stacks.states_of(layer, given)],
            cotangents=[results(batch.cotangents[name]) for name in layer.result_names] if gradients else None,
            training=execution.mode == "training",
            compiled=execution.kernel == "compiled",
            eager=(self._apart or layer.stateful or bool(request.before) or execution.origin != "built"
                   or execution.layout != "usual"),
        )

    def _direct(self, stack: stacks.Stack, request: Request) -> Observation:
        """Call the layers: first on the earlier batches, then on the one that is asked about."""
        for earlier in request.before:
            with moment("run"):
                if isinstance(earlier, Reset):
                    stack.reset()
                elif isinstance(earlier, Inferred):
                    self._observed(stack, replace(self._call(request, earlier.batch, False), training=False))
                else:
                    self._observed(stack, self._call(request, earlier, False))
        call = self._call(request, request.batch, "gradients" in request.wants)
        if not call.eager and call.cotangents is None and request.batch.cotangents is not None:
            both = self._call(request, request.batch, True)
            if both.shapes in stack.kernels:
                call = both  # the program with gradients is compiled already: its outputs are these
        with moment("run"):
            answer, kernel = self._observed(stack, call)
        arrays, facts = self._arrays(request, answer)
        named = {f"weights/{number}": variable for number, variable in enumerate(stack.variables)}
        facts["dtypes"].update({n: self.keras.backend.standardize_dtype(v.dtype) for n, v in named.items()})
        return Observation(arrays, kernel, facts={**facts, "call": answer.how})

    def _observed(self, stack: stacks.Stack, call: Call) -> tuple[Answer, str]:
        """One call, and the words for what ran. A compiled function is seen when it is traced; later calls of it run
        what was traced then."""
        with self.watch.listen() as words:
            answer = self.engine.call(stack, call)
        if answer.how == "eager":
            return answer, " + ".join(words)
        if words or call.shapes not in stack.kernels:
            stack.kernels[call.shapes] = " + ".join(words)
        return answer, f"{stack.kernels[call.shapes]}, in {answer.how}"

    def _arrays(self, request: Request, answer: Answer) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        layer, wants = request.layer, request.wants

        def numpy(tensor: Any) -> np.ndarray:
            return stacks.from_axes(layer, self.engine.numpy(tensor))

        arrays: dict[str, np.ndarray] = {}
        facts: dict[str, Any] = {"dtype": self.keras.backend.standardize_dtype(answer.outputs[0].dtype)}
        states = answer.states if layer.return_state else ()
        tensors = dict(zip(layer.result_names, (*answer.outputs, *states), strict=True))
        facts["dtypes"] = {name: self.keras.backend.standardize_dtype(tensor.dtype) for name, tensor in tensors.items()}
        arrays.update({name: numpy(tensor) for name, tensor in tensors.items() if name.partition("/")[0] in wants})
        if "mask" in wants:
            if answer.mask is None:
                facts["mask"] = "none"
            else:
                arrays["mask"] = self.engine.numpy(answer.mask)
        if "gradients" in wants:
            arrays["loss"] = self.engine.numpy(answer.loss)
            arrays.update(self._gradients(request, answer, facts))
        return arrays, facts

    def _gradients(self, request: Request, answer: Answer, facts: dict[str, Any]) -> dict[str, np.ndarray]:
        """Gradients by name. Where the engine finds no path at all it gives None: zeros, and said in the facts."""
        layer, batch = request.layer, request.batch
        inputs, states, weights = answer.gradients
        unconnected = []

        def numpy(name: str, gradient: Any, shape: tuple[int, ...]) -> np.ndarray:
            if gradient is None:
                unconnected.append(name)
                return np.zeros(shape, stacks.real_dtype(layer))
            found = self.engine.numpy(gradient)
            return found if name.startswith("weight") else stacks.from_axes(layer, found)

        arrays = {"gradients/inputs": numpy("inputs", inputs, batch.inputs.shape)}
        if batch.initial_states is not None:
            for key, state in zip(layer.state_keys(), states, strict=True):
                arrays[f"gradients/states/{key}"] = numpy(key, state, (batch.size, layer.units))
        shapes = [a.shape for one in to_keras(layer, request.weights).values() for a in one]
        flat = [numpy(f"weight {i}", g, shape) for i, (g, shape) in enumerate(zip(weights, shapes, strict=True))]
        named = from_keras(layer, stacks.grouped(layer, flat))
        arrays.update({f"gradients/weights/{name}": array for name, array in named.items()})
        if unconnected:
            facts["unconnected"] = ", ".join(unconnected)
        return arrays

    def _predict(self, stack: stacks.Stack, request: Request) -> Observation:
        """Through `predict` of a functional model around the layers: all rows as one batch."""
        layer, batch, kernel = request.layer, request.batch, request.execution.kernel
        for earlier in (*request.before, batch):
            if isinstance(earlier, Reset):
                with moment("run"):
                    stack.reset()
                continue
            if isinstance(earlier, Inferred):
                earlier = earlier.batch
            with moment("build"):
                model, key = self._model(stack, earlier, kernel)
            with moment("run"), self.watch.listen() as words:
                found = model.predict(stacks.arguments(request, earlier), batch_size=max(earlier.size, 1), verbose=0)
            if words:
                stack.kernels[key] = " + ".join(words)
        found = found if isinstance(found, (list, tuple)) else [found]
        named = zip(layer.result_names, found, strict=True)
        arrays = {n: stacks.from_axes(layer, plain(a)) for n, a in named if n.partition("/")[0] in request.wants}
        facts = {"dtype": str(found[0].dtype), "call": "predict"}
        return Observation(arrays, f"{stack.kernels[key]}, in predict", facts=facts)

    def _model(self, stack: stacks.Stack, batch: Batch, kernel: str) -> tuple[Any, Any]:
        """The functional model for batches of this form, kept with its stack, and its key."""
        masked, states = batch.mask is not None and stack.source is None, stacks.counts(stack.layer, batch)
        key = "model", masked, states, batch.time if kernel == "unrolled" else None
        if key not in stack.programs:
            stack.programs[key] = stacks.functional(self.keras, stack, batch.size, batch.time, kernel, masked, states)
        return stack.programs[key], key

    def run_model(self, request: ModelRequest) -> Observation | Unsupported:
        """Answer a model request: see `keras_models`."""
        from suite.backends.keras_models import run_model

        return run_model(self, request)

    def run_optimizer(self, request: OptimizerRequest) -> Observation | Unsupported:
        from suite.backends.keras_optimizers import run_optimizer

        return run_optimizer(self, request)

    def run_function(self, request: FunctionRequest) -> Observation | Unsupported:
        """Answer a function request: see `keras_probes`, `keras_models`."""
        from suite.backends.keras_models import run_function
        from suite.backends.keras_probes import PROBES

        if request.name in PROBES:
            return PROBES[request.name](self, request)
        return run_function(self, request) or super().run_function(request)

    def stepper(self, request: Request, backward: bool) -> Callable[[], str]:
        """What a training step would run: `tf.function`, `jax.jit`, or torch as it is."""
        if reason := self.supports(request):
            raise ValueError(f"{self.name} cannot be timed on {request.layer}: {reason}")
        precision = self.engine.precision
        with precision(request.layer.dtype):
            stack = self._stack(request, self._key(request))
            call = self._call(request, request.batch, backward)
            call = replace(call, compiled=bool(self.engine.compiling), eager=False, timed=True)
            answer, kernel = self._observed(stack, call)
            self.engine.wait(answer)

        def step() -> str:
            with precision(request.layer.dtype):
                self.engine.wait(self.engine.call(stack, call))
            return kernel

        return step

    def smoke(self) -> None:
        """Set the weights of an LSTM, read them back, run it."""
        layer = Layer("lstm", 3, 4)
        weights = to_keras(layer, draw_weights(layer))
        stack = stacks.build(self.keras, layer, "fused", None)
        stack.assign(weights)
        names = ("kernel", "recurrent_kernel", "bias")
        for prefix, arrays in weights.items():
            for name, wanted, variable in zip(names, arrays, stack.weights(prefix), strict=True):
                found = self.engine.numpy(variable.value)
                if not np.array_equal(found, wanted.astype("float32")):
                    raise RuntimeError(f"{self.name}: {prefix}/{name} was set, and read back it is another")
        answer = self.engine.call(stack, Call(self.engine.tensor(np.ones((2, 5, 3), "float32")), eager=True))
        if (shape := self.engine.numpy(answer.outputs[0]).shape) != (2, 5, 4):
            raise RuntimeError(f"{self.name}: an LSTM with 4 units on (2, 5, 3) gave outputs of shape {shape}")


class KerasTensorFlow(Keras):
    """Keras on TensorFlow."""

    name, engine_name, compiles, eager = "keras-tensorflow", "tensorflow", True, True
    spared = ("sklearn",)
    environment: Mapping[str, str] = {"KERAS_BACKEND": "tensorflow", **QUIET}
    requires = ("keras", "tensorflow")
    distributions = ("tensorflow", "tensorflow-cpu")

    def _limit_threads(self) -> None:
        import tensorflow

        tensorflow.get_logger().setLevel("ERROR")
        tensorflow.config.threading.set_intra_op_parallelism_threads(self.threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)


class KerasJax(Keras):
    """Keras on JAX."""

    name, engine_name, compiles = "keras-jax", "jax", True
    environment: Mapping[str, str] = {"KERAS_BACKEND": "jax", **QUIET, **compiled_programs()}
    requires = ("keras", "jax")
    distributions = ("jax", "jaxlib")

    def _limit_threads(self) -> None:
        if self.device == "cpu":
            os.environ["JAX_PLATFORMS"] = "cpu"
            if self.threads == 1:
                single = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
                os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {single}".strip()


class KerasTorch(Keras):
    """Keras on PyTorch."""

    name, engine_name = "keras-torch", "torch"
    imports, adapters = ("keras", "torch"), ("suite.backends.keras_probes",)
    spared = ("jax", "pandas", *Keras.spared)
    environment: Mapping[str, str] = {"KERAS_BACKEND": "torch", **QUIET}
    requires = ("keras", "torch")
    distributions = ("torch",)

    @classmethod
    def lacks(cls, layer: Layer, mask: str, execution: Execution) -> bool:
        return execution.kernel == "compiled" or super().lacks(layer, mask, execution)

    def _limit_threads(self) -> None:
        import torch

        torch.set_num_threads(self.threads)


def first_size(request: Request) -> int:
    """The batch size that the first call has: what a stateful layer is bound to."""
    for earlier in request.before:
        if isinstance(earlier, Batch):
            return earlier.size
    return request.batch.size


def plain(array: Any) -> np.ndarray:
    """An array that numpy knows by itself: bfloat16 as float32."""
    array = np.array(array)
    return array.astype("float32") if array.dtype.name == "bfloat16" else array
