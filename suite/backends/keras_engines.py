"""What differs between Keras' engines: tensors, devices, threads, compiling, gradients.

How each engine runs a request, and why (Keras 3.15.1, one CPU core, an LSTM on (4, 6, 3)):

    tensorflow   eager, 20 ms a call, 35 ms with gradients; `compiled` is `tf.function`: 0.3 s a shape to trace, then
                 1 to 4 ms
    torch        eager, 1 ms a call, 5 ms with gradients
    jax          `jax.jit` of the layers within `keras.StatelessScope`, which is how `fit` and `predict` run them:
                 0.3 s a shape to compile, 0.8 s with gradients, then under 1 ms. The plain eager call compiles its scan
                 every time again: 0.15 to 0.2 s a layer. It is made where a call may leave something behind: stateful
                 layers, requests with earlier calls, layers that were loaded or built again

Gradients come from `tf.GradientTape`, `torch.autograd.grad`, `jax.value_and_grad`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.backends import moment, xla
from suite.backends.keras_layers import Stack, forward, loss


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a stack, its arrays as tensors of the engine. `cotangents` are there when gradients are wanted. What is `timed`
    is compiled as users compile it."""

    inputs: Any
    mask: Any = None
    states: Any = None
    cotangents: Any = None
    training: bool = False
    compiled: bool = False
    eager: bool = False
    timed: bool = False

    @property
    def shapes(self) -> tuple:
        """What a compiled function depends on."""
        absent = (self.mask is None, self.states is None, self.cotangents is None)
        return (tuple(self.inputs.shape), *absent, self.training)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a call gave. Gradients, where wanted: (inputs, states in one flat list, variables); None is no path."""

    outputs: Sequence[Any]
    states: Sequence[Any]
    mask: Any = None
    loss: Any = None
    gradients: tuple[Any, list, list] | None = None
    how: str = "eager"


def show(model: Any, targets: np.ndarray | None) -> None:
    """Let the loss of a compiled model see a target, where time is to be spared: one that has not seen any makes the first step
    of training run through the whole model symbolically, before anything is trained."""
    if targets is not None and xla.hurried():
        target = np.array(targets[:1], "float32")
        model.compute_loss(y=target, y_pred=target)


class Engine:
    """The parts that one engine of Keras has of its own. Subclasses import the engine when they are made."""

    name = ""
    compiling = ""
    plain: bool | str = "auto"
    """`jit_compile` of a model whose steps are to be traced as cheaply as the engine can."""

    def __init__(self, keras: Any, device: str):
        self.keras, self.device = keras, device

    def precision(self, dtype: str) -> Any:
        """A context in which arrays of this dtype exist."""
        return contextlib.nullcontext()

    def tensor(self, array: np.ndarray) -> Any:
        """A copy of `array` on the device."""
        return self.keras.ops.convert_to_tensor(np.array(array))

    def numpy(self, tensor: Any) -> np.ndarray:
        """A copy of `tensor` as an array; bfloat16, which numpy has not, as float32 (exact)."""
        if self.keras.backend.standardize_dtype(tensor.dtype) == "bfloat16":
            tensor = self.keras.ops.cast(tensor, "float32")
        return np.array(self.keras.ops.convert_to_numpy(tensor))

    def has_gpu(self) -> bool:
        """Whether this engine sees a GPU in this process."""
        raise NotImplementedError

    def built_for_gpu(self) -> bool:
        """Whether the engine that is installed could use a GPU."""
        raise NotImplementedError

    def hasten(self, model: Any, targets: np.ndarray | None) -> None:
        """Do beforehand what would let a compiled model's first step of training run through the model twice."""

    def call(self, stack: Stack, call: Call) -> Answer:
        """Run the stack; with `call.cotangents`, differentiate it as well."""
        raise NotImplementedError

    def differentiate(self, loss: Callable[[], Any], variables: Sequence[Any]) -> tuple[Any, list]:
        """`loss`, and its gradients by Keras variables; None where there is no path."""
        raise NotImplementedError

    def at_once(self, function: Callable[..., Any], *tensors: Any) -> Any:
        """What a function of tensors gives: as one program where each of its parts would be compiled by itself."""
        return function(*tensors)

    @contextlib.contextmanager
    def compilations(self) -> Iterator[list[str] | None]:
        """Inside: the names of the programs that XLA compiles, one by one; None where the engine does not tell."""
        yield None

    def step_by_step(self) -> contextlib.AbstractContextManager:
        """A context in which what the engine would compile as a whole runs operation by operation, where it can be told so."""
        return contextlib.nullcontext()

    def wait(self, answer: Answer) -> None:
        """Return when the device has finished."""


class TensorFlow(Engine):
    """TensorFlow: eager, or `tf.function`."""

    name, compiling = "tensorflow", "tf.function"
    plain = False  # here a model runs without XLA too

    def __init__(self, keras: Any, device: str):
        super().__init__(keras, device)
        import tensorflow

        self.tf = tensorflow

    def has_gpu(self) -> bool:
        """Whether a GPU is visible here."""
        return bool(self.tf.config.list_physical_devices("GPU"))

    def built_for_gpu(self) -> bool:
        """Whether the installed build can use one."""
        return self.tf.test.is_built_with_cuda()

    def hasten(self, model: Any, targets: np.ndarray | None) -> None:
        """Make the optimizer's variables, where programs are compiled quickly: a `tf.function` that makes some itself is traced
        once more, which is a third of what a short training takes."""
        show(model, targets)
        if xla.quick():
            model.optimizer.build(model.trainable_variables)

    def call(self, stack: Stack, call: Call) -> Answer:
        """Run the stack, and differentiate it where cotangents are given."""
        arguments = call.inputs, call.mask, call.states, call.cotangents
        if not call.compiled:
            return Answer(*self._run(stack, call.training, *arguments))
        program = stack.programs.get(call.training)
        if program is None:
            def run(*arguments):
                return self._run(stack, call.training, *arguments)

            program = stack.programs[call.training] = self.tf.function(run, autograph=False)
        with moment("run" if call.shapes in stack.kernels else "trace"):
            if not call.timed:  # answers any steps, and any rows where no state is kept of each
                kept = any(getattr(one, "stateful", False) for one in stack.layers)
                program.get_concrete_function(*self._opened(*arguments, rows=call.inputs.shape[0] if kept else None))
            return Answer(*program(*arguments), how=self.compiling)

    def _opened(self, inputs, mask, states, cotangents, rows: int | None = None) -> tuple:
        """The arguments of a call with any number of steps, and of rows where it is not told, as of a model whose `Input` says no
        more."""
        def spec(tensor, axes: int):
            return self.tf.TensorSpec([rows, None, *tensor.shape[2:]][:axes] + list(tensor.shape[axes:]), tensor.dtype)

        carried = states and [[spec(state, 1) for state in one] for one in states]
        return (spec(inputs, 2), None if mask is None else spec(mask, 2), carried,
                cotangents and [self.tf.TensorSpec([rows] + [None] * (len(c.shape) - 1), c.dtype) for c in cotangents])

    def _run(self, stack: Stack, training: bool, inputs, mask, states, cotangents) -> tuple:
        if cotangents is None:
            return forward(stack, inputs, mask, states, training)
        given = [state for one in states or () for state in one]
        variables = [v.value for v in stack.variables]
        with self.tf.GradientTape() as tape:
            tape.watch([inputs, *given])
            outputs, finals, passed = forward(stack, inputs, mask, states, training)
            total = loss(self.keras, outputs, finals, cotangents)
        found = tape.gradient(total, [inputs, *given, *variables])
        split = 1 + len(given)
        return outputs, finals, passed, total, (found[0], found[1:split], found[split:])

    def differentiate(self, loss: Callable[[], Any], variables: Sequence[Any]) -> tuple[Any, list]:
        """`loss`, and its gradients by the variables."""
        with self.tf.GradientTape() as tape:
            total = loss()
        found = tape.gradient(total, [v.value for v in variables])
        return total, [None if g is None else self.tf.convert_to_tensor(g) for g in found]

    def wait(self, answer: Answer) -> None:
        """Return when the device has finished."""
        if self.device == "gpu":
            self.tf.test.experimental.sync_devices()


class Torch(Engine):
    """PyTorch: eager; `torch.compile` where a call is to be compiled, without its code generator."""

    name = "torch"

    def __init__(self, keras: Any, device: str):
        super().__init__(keras, device)
        import torch

        self.torch = torch

    def has_gpu(self) -> bool:
        """Whether a GPU is visible here."""
        return self.torch.cuda.is_available()

    def built_for_gpu(self) -> bool:
        """Whether the installed build can use one."""
        return self.torch.version.cuda is not None

    def hasten(self, model: Any, targets: np.ndarray | None) -> None:
        """Let the loss see a target."""
        show(model, targets)

    def numpy(self, tensor: Any) -> np.ndarray:
        """Torch's own way: Keras' one warns about numpy 2 at every call."""
        tensor = tensor.detach().cpu()
        return np.array(tensor.float().numpy() if tensor.dtype == self.torch.bfloat16 else tensor.numpy())

    def call(self, stack: Stack, call: Call) -> Answer:
        """Run the stack, and differentiate it where cotangents are given. Where they are not, inference records no gradients."""
        run = self.torch.compile(forward, backend="aot_eager") if call.compiled else forward
        if call.cotangents is None:
            with contextlib.nullcontext() if call.training else self.torch.no_grad():
                return Answer(*run(stack, call.inputs, call.mask, call.states, call.training))
        given = [state for one in call.states or () for state in one]
        for tensor in (call.inputs, *given):
            tensor.requires_grad_(True)
        outputs, finals, passed = run(stack, call.inputs, call.mask, call.states, call.training)
        total = loss(self.keras, outputs, finals, call.cotangents)
        variables = [v.value for v in stack.variables]
        wanted = [call.inputs, *given, *(v for v in variables if v.requires_grad)]
        found = self.torch.autograd.grad(total, wanted, allow_unused=True)
        split = 1 + len(given)
        trained = iter(found[split:])
        weights = [next(trained) if v.requires_grad else None for v in variables]
        return Answer(outputs, finals, passed, total, (found[0], list(found[1:split]), weights))

    def differentiate(self, loss: Callable[[], Any], variables: Sequence[Any]) -> tuple[Any, list]:
        """`loss`, and its gradients by the variables."""
        total = loss()
        return total, list(self.torch.autograd.grad(total, [v.value for v in variables], allow_unused=True))

    def wait(self, answer: Answer) -> None:
        """Return when the device has finished."""
        if self.device == "gpu":
            self.torch.cuda.synchronize()


class Jax(Engine):
    """JAX: `jax.jit`, or eager."""

    name, compiling = "jax", "jax.jit"
    MAPS = 40_000  # of the 65 530 memory maps a Linux process may have; every compiled function takes some

    def __init__(self, keras: Any, device: str):
        super().__init__(keras, device)
        import jax

        self.jax = jax
        xla.share_contexts()

    def precision(self, dtype: str) -> Any:
        """JAX has float64 only where it is switched on."""
        if dtype != "float64":
            return contextlib.nullcontext()
        if hasattr(self.jax, "enable_x64"):
            return self.jax.enable_x64(True)
        from jax.experimental import enable_x64

        return enable_x64(True)

    def step_by_step(self) -> contextlib.AbstractContextManager:
        """Loops and functions run as Python, and each operation is compiled once for its shapes."""
        return self.jax.disable_jit()

    def has_gpu(self) -> bool:
        """Whether a GPU is visible here."""
        return self.jax.default_backend() == "gpu"

    def built_for_gpu(self) -> bool:
        """Whether the installed build can use one."""
        from importlib.metadata import distributions

        return any((d.name or "").lower().startswith(("jax-cuda", "jax_cuda")) for d in distributions())

    def call(self, stack: Stack, call: Call) -> Answer:
        """Run the stack, and differentiate it where cotangents are given."""
        self._spare_maps()
        if call.eager and call.cotangents is None and not call.compiled:
            return Answer(*forward(stack, call.inputs, call.mask, call.states, call.training))
        key = call.training, call.cotangents is None, call.timed
        if key not in stack.programs:
            program = self._program(stack, call.training, call.cotangents is not None)
            options = {"compiler_options": dict(xla.USERS)} if call.timed and xla.quick() else {}
            stack.programs[key] = self.jax.jit(program, **options)
        values = [v.value for v in stack.variables]
        hidden = [v.value for v in stack.hidden]
        with moment("run" if call.shapes in stack.kernels else "trace"):
            found = stack.programs[key](call.inputs, call.states, values, hidden, call.mask, call.cotangents)
        if call.cotangents is None:
            return Answer(*found, how=self.compiling)
        (total, (outputs, finals, passed)), (inputs, states, weights) = found
        flat = [state for one in states or () for state in one]
        return Answer(outputs, finals, passed, total, (inputs, flat, weights), self.compiling)

    def _program(self, stack: Stack, training: bool, backward: bool) -> Any:
        """The stack as a function of its arrays, its variables among them; updates of variables stay inside."""

        def run(inputs, states, values, hidden, mask, cotangents):
            mapping = [*zip(stack.variables, values, strict=True), *zip(stack.hidden, hidden, strict=True)]
            with self.keras.StatelessScope(mapping):
                found = forward(stack, inputs, mask, states, training)
                if not backward:
                    return found
                return loss(self.keras, *found[:2], cotangents), found

        return self.jax.value_and_grad(run, argnums=(0, 1, 2), has_aux=True) if backward else run

    @contextlib.contextmanager
    def compilations(self) -> Iterator[list[str] | None]:
        """As JAX tells its listeners; a program that is read from the cache of compiled ones counts too."""
        names: list[str] = []

        def heard(event: str, _: float, **more: Any) -> None:
            if event == "/jax/core/compile/backend_compile_duration":
                names.append(str(more.get("fun_name")))

        if not hasattr(self.jax.monitoring, "unregister_event_duration_listener"):
            yield None
            return
        self.jax.monitoring.register_event_duration_secs_listener(heard)
        try:
            yield names
        finally:
            self.jax.monitoring.unregister_event_duration_listener(heard)

    def _spare_maps(self) -> None:
        """Drop what was compiled before the process runs out of memory maps, which would end it."""
        self._calls = getattr(self, "_calls", 0) + 1
        if self._calls % 50 == 0:
            with contextlib.suppress(OSError), open("/proc/self/maps") as maps:
                if sum(1 for _ in maps) > self.MAPS:
                    self.jax.clear_caches()

    def differentiate(self, loss: Callable[[], Any], variables: Sequence[Any]) -> tuple[Any, list]:
        """`loss`, and its gradients by the variables."""
        def run(values):
            with self.keras.StatelessScope(zip(variables, values, strict=True)):
                return loss()

        return self.jax.jit(self.jax.value_and_grad(run))([v.value for v in variables])

    def at_once(self, function: Callable[..., Any], *tensors: Any) -> Any:
        """One program: of thirty small ones each takes as long."""
        return self.jax.jit(function)(*tensors)

    def wait(self, answer: Answer) -> None:
        """Return when the device has finished."""
        self.jax.block_until_ready((answer.outputs, answer.states, answer.loss, answer.gradients))


ENGINES = {kind.name: kind for kind in (TensorFlow, Jax, Torch)}
