"""PyTorch: nn.RNN, nn.LSTM, nn.GRU, and the loop over their cells.

What PyTorch users do by hand is done here as they do it, and said in the facts:

    masks      no layer takes one. fused, compiled: right padding, as a packed sequence. generic: any mask, in the loop
    stateful   (h, c) of one call are passed to the next, detached, so gradients stop at the cut; a reset passes none
    predict    there is none: `module.eval()` under `torch.inference_mode()`
    inference  `module.eval()` under `torch.no_grad()`, unless gradients are wanted
    from_config   a new module from the attributes of the old one (`input_size`, `hidden_size` …)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from cases.batches import Batch, BatchPlan
from cases.layers import Layer, draw_weights
from cases.layouts import from_pytorch
from cases.models import FunctionRequest, ModelRequest
from cases.requests import Execution, Inferred, Observation, Request, Reset, Unsupported
from cases.steps import OptimizerRequest
from suite.backends import Backend, moment
from suite.backends.memory import growth
from suite.backends.strided import laid_out

MODULES = 64
"""How many built modules are kept."""

KERNELS = 1024
"""For how many (layer, execution, shapes) the kernel that ran is remembered."""


class PyTorch(Backend):
    """Answers layer, model and function requests with PyTorch on one device.

    Raises RuntimeError when `device` is not there.
    """

    name = "torch"
    requires = ("torch",)
    imports, adapters = ("torch", "torch._dynamo"), ("suite.backends.pytorch_probes",)
    environment: Mapping[str, str] = {"KINETO_LOG_LEVEL": "6"}  # the profiler, asked for proof, writes to stderr else

    def __init__(self, device: str = "cpu", threads: int = 1):
        super().__init__(device, threads)
        import torch

        torch.set_num_threads(threads)
        if torch.get_num_interop_threads() != threads:  # may be set once, and only before the first parallel work
            torch.set_num_interop_threads(threads)
        from suite.backends import pytorch_layers, pytorch_models, pytorch_optimizers

        self.torch, self.layers, self.models, self.optimizers = torch, pytorch_layers, pytorch_models, pytorch_optimizers
        if device not in self.devices():
            raise RuntimeError(f"device {device!r}: not here; PyTorch sees {', '.join(self.devices())}")
        self.place = torch.device("cuda" if device == "gpu" else "cpu")
        self._modules: OrderedDict[Any, Any] = OrderedDict()
        self._kernels: OrderedDict[Any, str] = OrderedDict()

    def versions(self) -> dict[str, str]:
        found = {}
        for name in ("torch", "numpy"):
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = "absent"
        found["torch"] = self.torch.__version__
        if self.device == "gpu":
            found["cuda"] = str(self.torch.version.cuda)
            found["cudnn"] = str(self.torch.backends.cudnn.version())
        return found

    def devices(self) -> tuple[str, ...]:
        return ("cpu", "gpu") if self.torch.cuda.is_available() else ("cpu",)

    @classmethod
    def lacks(cls, layer: Layer, mask: str, execution: Execution) -> bool:
        unpackable = execution.kernel != "generic" and mask not in ("none", "full", "right")
        return unpackable or execution.mask_from != "argument" or unsupported_layer(layer, execution.kernel) is not None

    def padding(self, layer: Layer) -> str:
        return "zero"

    def supports(self, request: Request) -> str | None:
        execution = request.execution
        if reason := unsupported_layer(request.layer, execution.kernel):
            return reason
        if execution.layout == "reversed":
            return "a tensor has no negative strides"
        if execution.layout == "double":
            return "PyTorch's layers take tensors of their own dtype alone"
        if execution.layout != "usual" and request.layer.dtype not in ("float32", "float64"):
            return "layouts are asked of the dtypes that numpy knows"
        if request.batch.mask is not None and request.batch.mask.dtype != bool:
            return "PyTorch layers take no mask, of whatever dtype: their users make lengths of it"
        shape = request.batch.inputs.shape
        if request.batch.mask is not None and request.batch.mask.shape != shape[:2]:
            if execution.kernel == "generic":
                return "the loop over cells is this project's own: what it does with a wrong mask says nothing of PyTorch"
            if request.batch.mask.shape[1] < shape[1]:
                return "packing takes lengths, and those of a shorter mask are lengths like others"
        if execution.kernel != "generic":
            for batch in (*request.before, request.batch):
                if isinstance(batch, Batch) and (reason := unpackable(batch)):
                    return reason
        if execution.mask_from != "argument":
            return "PyTorch layers carry no mask: none in front can make one"
        if execution.entry == "predict":
            if execution.mode == "training":
                return "predicting is inference; module.train() is for the direct call"
            if "gradients" in request.wants:
                return "torch.inference_mode() records no gradients"
        if "gradients" in request.wants:
            if not request.batch.cotangents:
                return "gradients are those of the outputs times their cotangents, and the batch has none"
            if self.device == "gpu" and execution.kernel != "generic" and execution.mode == "inference":
                return "cudnn RNN backward can only be called in training mode: ask with mode='training'"
        return None

    def run(self, request: Request) -> Observation:
        layer, execution, wanted = request.layer, request.execution, request.wants
        differentiate = "gradients" in wanted
        module = self._module(request)
        with moment("run"), self._grad_mode(execution, differentiate), self._autocast(layer):
            carried = None
            for step in request.before:
                if isinstance(step, Reset):
                    carried = None
                    continue
                module.train(execution.mode == "training" and not isinstance(step, Inferred))
                given = step.batch if isinstance(step, Inferred) else step
                _, states = module(*self._arguments(request, given, carried)[0])
                carried = self.layers.detach(states) if layer.stateful else None
            module.train(execution.mode == "training")
            arguments, leaves = self._arguments(request, request.batch, carried, differentiate)
            (outputs, stacked), kernel = self._proven(request, module, arguments)
            states = self.layers.name_states(layer, stacked) if layer.return_state else {}
            arrays = {}
            if differentiate:
                arrays |= self._gradients(request, module, leaves, outputs, states)
        numpy = self.layers.to_numpy
        if "outputs" in wanted:
            arrays["outputs"] = numpy(outputs)
        if "states" in wanted:
            arrays |= {f"states/{name}": numpy(value) for name, value in states.items()}
        facts = self._facts(request, outputs)
        tensors = {"outputs": outputs, **{f"states/{n}": s for n, s in states.items()},
                   **{f"weights/{n}": p for n, p in self.layers.parameters(module).items()}}
        facts["dtypes"] = {name: str(tensor.dtype).removeprefix("torch.") for name, tensor in tensors.items()}
        return Observation(arrays, kernel, facts=facts)

    def run_model(self, request: ModelRequest) -> Observation | Unsupported:
        return self.models.run_model(request, self.place)

    def run_optimizer(self, request: OptimizerRequest) -> Observation | Unsupported:
        return self.optimizers.run_optimizer(request, self.place)

    def run_function(self, request: FunctionRequest) -> Observation | Unsupported:
        if request.name == "construct":
            return self._construct(dict(request.arguments))
        if request.name == "memory_growth":
            return growth(self.device, lambda: self.torch.zeros(256, 256, device=self.place).sum().item())
        from suite.backends.pytorch_probes import PROBES

        if request.name in PROBES:
            return PROBES[request.name](self, request)
        return self.models.run_function(request) or super().run_function(request)

    def _construct(self, options: dict[str, Any]) -> Observation | Unsupported:
        """Make a layer with any values of options."""
        for name in ("merge", "recurrent_dropout", "recurrent_activation"):
            if name in options:
                return Unsupported(f"PyTorch's recurrent layers have no option for {name}")
        if "activation" in options and options["cell"] != "simple_rnn":
            return Unsupported("nn.LSTM and nn.GRU have no option for the activation")
        with moment("build"):
            made = self.layers.construct(options)
        return Observation({"parameters": np.array(sum(p.numel() for p in made.parameters()))})

    def stepper(self, request: Request, backward: bool) -> Callable[[], str]:
        """As `Backend.stepper`. Packing and unpacking are part of the call, as in a user's program; gradients are those
        of inputs, given initial states and all weights. Raises ValueError for what is not supported."""
        request = request.but(wants=("outputs", "gradients") if backward else ("outputs",))
        if reason := self.supports(request):
            raise ValueError(reason)
        module, layer, torch = self._module(request), request.layer, self.torch
        arguments, leaves = self._arguments(request, request.batch, None, backward)
        sources = [*leaves.values(), *self.layers.parameters(module).values()] if backward else []
        cotangents = {n: self._tensor(a, layer) for n, a in (request.batch.cotangents or {}).items()} if backward else {}

        def step() -> str:
            with self._grad_mode(request.execution, backward):
                outputs, stacked = module(*arguments)
                if backward:
                    results = self._results(layer, outputs, stacked)
                    used = [name for name in results if name in cotangents]
                    torch.autograd.grad([results[n] for n in used], sources, [cotangents[n] for n in used])
            if self.device == "gpu":
                torch.cuda.synchronize()
            return kernel

        with self._grad_mode(request.execution, backward):
            _, kernel = self._proven(request, module, arguments)
        for _ in range(3):  # TorchScript specialises in its first calls
            step()
        return step

    def smoke(self) -> None:
        layer = Layer("simple_rnn", 2, 3)
        batch = BatchPlan(2, 3, "right").draw(layer)
        for seed in (0, 1):  # twice: the second layer is the first one, with other weights
            request = Request(layer, draw_weights(layer, seed), batch, wants=("outputs", "states", "gradients"),
                              execution=Execution(mode="training"))
            for name, value in self.layers.get_weights(self._module(request), layer).items():
                if not np.array_equal(value, request.weights[name].astype(value.dtype)):
                    raise RuntimeError(f"{name}: the weights read back are not the weights that were set")
            seen = self.run(request)
            if seen["outputs"].shape != (2, 3, 3) or not seen.kernel:
                raise RuntimeError(f"outputs of shape {seen['outputs'].shape}, kernel {seen.kernel!r}: the adapter is broken")

    def _module(self, request: Request):
        """The module that answers, with the weights of the request: kept from earlier requests, or new."""
        layer, execution = request.layer, request.execution
        plain = layer.but(stateful=False, return_state=True, padding_output="default")
        key = plain, execution.kernel, execution.origin == "from_config", execution.trainable
        module = self._modules.pop(key, None)
        if module is None:
            with moment("build"):
                module = self.layers.build(plain, execution.kernel, self.place)
                if execution.origin == "from_config":
                    module = self.layers.rebuild(module)
            if execution.kernel == "compiled":
                with moment("trace"):
                    module = self.torch.jit.script(module)
        remember(self._modules, key, module, MODULES)
        with moment("build"):
            self.layers.set_weights(module, layer, request.weights)
            if execution.origin == "reloaded":
                module = self.layers.reload(module)
            if not execution.trainable:
                for parameter in module.parameters():
                    parameter.requires_grad_(False)
            return module.train(execution.mode == "training")

    def _grad_mode(self, execution: Execution, differentiate: bool):
        """The context in which a PyTorch user makes this call."""
        if execution.entry == "predict":
            return self.torch.inference_mode()
        return nullcontext() if differentiate or execution.mode == "training" else self.torch.no_grad()

    def _autocast(self, layer: Layer):
        """PyTorch's mixed precision: parameters stay as they are, and operations choose."""
        if not layer.dtype.startswith("mixed_"):
            return nullcontext()
        return self.torch.autocast(self.place.type, dtype=self.layers.DTYPES[layer.dtype.removeprefix("mixed_")])

    def _tensor(self, array: np.ndarray, layer: Layer, requires_grad: bool = False, layout: str = "usual"):
        """A copy on the device, in the layer's dtype, with the strides of this layout."""
        dtype = self.layers.DTYPES[layer.dtype]
        if layout != "usual":
            return self.torch.from_numpy(laid_out(array.astype(layer.dtype), layout)).to(self.place).requires_grad_(requires_grad)
        copy = np.array(array, order="C")  # a reversed view is not taken, even of one step, which is contiguous
        return self.torch.tensor(copy, dtype=dtype, device=self.place, requires_grad=requires_grad)

    def _arguments(self, request: Request, batch: Batch, carried, differentiate: bool = False):
        """What the module is called with, and the tensors that gradients are taken of, by name."""
        layer, layout = request.layer, request.execution.layout
        x = self._tensor(batch.inputs, layer, differentiate, layout)
        leaves, states = {"inputs": x}, carried if layer.stateful else None
        if batch.initial_states is not None:
            given = in_order(layer, batch.initial_states)
            named = {name: self._tensor(array, layer, differentiate, layout) for name, array in given.items()}
            leaves |= {f"states/{name}": value for name, value in named.items()}
            states = self.layers.stack_states(layer, named, 0 if layout == "usual" else 1)
            if batch.size > 1 and not differentiate and all(np.array_equal(a, a[:1].repeat(len(a), 0)) for a in given.values()):
                states = self.layers.shared_by_rows(states)
        mask = None
        if batch.mask is not None and request.execution.kernel == "generic":
            mask = self.torch.tensor(np.array(batch.mask, order="C"), dtype=self.torch.bool, device=self.place)
        elif batch.mask is not None:
            mask = self.torch.tensor(batch.lengths)  # packing wants lengths on the CPU, wherever the data is
        return (x, mask, states), leaves

    def _proven(self, request: Request, module, arguments):
        """The module's answer, and the kernel that ran: watched the first time for these layers, shapes and modes."""
        batch, execution = request.batch, request.execution
        key = (request.layer, execution, batch.inputs.shape, batch.mask is None, "gradients" in request.wants)
        kernel = self._kernels.pop(key, None)
        if kernel is None:
            with self.layers.watch() as seen:
                answer = module(*arguments)
            kernel = ("TorchScript: " if execution.kernel == "compiled" else "") + " + ".join(seen)
        else:
            answer = module(*arguments)
        remember(self._kernels, key, kernel, KERNELS)
        return answer, kernel

    def _results(self, layer: Layer, outputs, stacked) -> dict[str, Any]:
        named = self.layers.name_states(layer, stacked) if layer.return_state else {}
        return {"outputs": outputs} | {f"states/{name}": value for name, value in named.items()}

    def _gradients(self, request: Request, module, leaves, outputs, states) -> dict[str, np.ndarray]:
        """The loss, and its gradients by autograd; zero where the loss does not depend on a tensor."""
        layer, numpy = request.layer, self.layers.to_numpy
        results = {"outputs": outputs} | {f"states/{name}": value for name, value in states.items()}
        terms = [
            (results[name] * self._tensor(cotangent, layer, layout=request.execution.layout)).sum()
            for name, cotangent in request.batch.cotangents.items() if name in results
        ]
        loss = sum(terms[1:], terms[0])
        own = {name: p for name, p in self.layers.parameters(module).items() if p.requires_grad}
        sources = [*leaves.values(), *own.values()]
        if loss.requires_grad:
            found = self.torch.autograd.grad(loss, sources, allow_unused=True, materialize_grads=True)
        else:  # no step, no states: nothing that was computed depends on anything
            found = [self.torch.zeros_like(source) for source in sources]
        arrays = {"loss": numpy(loss)}
        arrays |= {f"gradients/{name}": numpy(value) for name, value in zip(leaves, found, strict=False)}
        weights = {name: numpy(value) for name, value in zip(own, found[len(leaves):], strict=False)}
        return arrays | {f"gradients/weights/{n}": value for n, value in from_pytorch(layer, weights).items()}

    def _facts(self, request: Request, outputs) -> dict[str, Any]:
        layer, execution = request.layer, request.execution
        facts = {
            "dtype": str(outputs.dtype).removeprefix("torch."),
            "mask": "none, PyTorch layers carry no mask", "carries_masks": False,
        }
        if layer.dtype.startswith("mixed_"):
            facts["autocast"] = "torch.autocast: each operation has the dtype of its list"
        if request.batch.mask is not None:
            facts["masking"] = "torch.where in a loop over cells" if execution.kernel == "generic" else "packed sequence"
        if layer.stateful:
            facts["stateful"] = "states passed from call to call by hand, detached"
        if execution.entry == "predict":
            facts["predict"] = "module.eval() under torch.inference_mode(); PyTorch has no predict"
        if execution.origin == "from_config":
            facts["from_config"] = "a new module from the attributes of the old one; PyTorch keeps no configuration"
        if self.device == "gpu":
            facts["tf32"] = bool(self.torch.backends.cudnn.allow_tf32)
        return facts


def unsupported_layer(layer: Layer, kernel: str) -> str | None:
    """None, or why PyTorch has no such layer by that kernel."""
    if layer.convolution is not None and kernel != "generic":
        return "PyTorch has no ConvLSTM: it is a loop over cells that its users write (generic)"
    own = {"simple_rnn": "nn.RNN", "lstm": "nn.LSTM", "gru": "nn.GRU", "conv_lstm": "a loop over ConvLSTM cells"}[layer.cell]
    if kernel == "unrolled":
        return "PyTorch has no option that unrolls a layer"
    if layer.dtype.removeprefix("mixed_") not in ("float32", "float64", "bfloat16", "float16"):
        return f"{own} computes in float32, float64, bfloat16 or float16, not in {layer.dtype}"
    if layer.cell == "simple_rnn" and layer.activation not in ("tanh", "relu"):
        return f"nn.RNN has tanh and relu only, not {layer.activation}"
    if layer.cell in ("lstm", "gru") and (layer.activation, layer.recurrent_activation) != ("tanh", "sigmoid"):
        return f"{own} has tanh and sigmoid only, not {layer.activation} and {layer.recurrent_activation}"
    if layer.cell == "gru" and not layer.reset_after:
        return "nn.GRU applies the reset gate after the recurrent product; it has no reset_after=False"
    if layer.dropout:
        return f"{own}(dropout=…) acts between the layers of a stack; it has no dropout of a layer's inputs"
    if layer.recurrent_dropout:
        return f"{own} has no recurrent dropout"
    if layer.implementation != 2:
        return "`implementation` is an option of Keras"
    if layer.direction == "bidirectional" and layer.merge != "concat":
        return f"{own}(bidirectional=True) concatenates the directions; it has no merge {layer.merge!r}"
    if kernel != "generic" and layer.direction == "backward":
        return f"{own} has no go_backwards: it runs forward, or both ways"
    if kernel != "generic" and not layer.return_sequences:
        return f"{own} always returns the sequence"
    return None


def in_order(layer: Layer, named: Mapping[str, Any]) -> dict[str, Any]:
    """States in the order of the layer's, then those that it does not have."""
    own = [name for name in layer.state_keys() if name in named]
    return {name: named[name] for name in (*own, *(name for name in named if name not in own))}


def unpackable(batch: Batch) -> str | None:
    """None, or why no packed sequence describes the batch's mask."""
    if batch.mask is None:
        return None
    if not batch.right_padded:
        found = "has a masked step before a valid one"
    elif np.any(batch.lengths < 1):
        found = "has a row without any"
    else:
        return None
    return f"packed sequences describe right padding with at least one valid step; this mask {found}"


def remember(kept: OrderedDict, key: Any, value: Any, most: int) -> None:
    """Put `value` at the fresh end of `kept`; drop the stalest beyond `most`."""
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
