"""The float64 reference as a backend: a subject that must pass everything, so that invariants can be tested on it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType

import numpy as np

from cases import optimizers
from cases.batches import BatchPlan
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest, ModelRequest, recurrent_layers
from cases.requests import Observation, Request, Unsupported
from cases.steps import OptimizerRequest, follow
from suite.backends import Backend, moment
from suite.backends.reference_probes import PROBES

DTYPES = ("float32", "float64")


class Reference(Backend):
    """Answers with `cases.reference`, in the layer's dtype. Its kernel is `reference`, whichever is asked for.

    `package` (class attribute, or argument) names the reference package, or is it: a faulty copy can stand there.
    """

    name = "reference"
    requires = ("numpy", "scipy", "autograd")
    package: str | ModuleType = "cases.reference"

    def __init__(self, device: str = "cpu", threads: int = 1, package: str | ModuleType | None = None):
        super().__init__(device, threads)
        package = package or self.package
        self.optimizers = optimizers
        self.reference = importlib.import_module(package) if isinstance(package, str) else package

    def versions(self) -> dict[str, str]:
        """The versions of NumPy and its kin."""
        return {name: version(name) for name in self.requires}

    def padding(self, layer: Layer) -> str:
        """The previous output is held, unless the layer asks for zeros."""
        return "zero" if layer.padding_output == "zero" else "hold"

    def supports(self, request: Request) -> str | None:
        """All but 16-bit dtypes, dropout in training and stacks of unmerged halves."""
        layer = request.layer
        if layer.dtype not in DTYPES:
            return f"the reference computes in {' or '.join(DTYPES)}, not in {layer.dtype}"
        if request.execution.mode == "training" and (layer.dropout or layer.recurrent_dropout):
            return "the reference draws no dropout masks"
        if layer.layers > 1 and len(layer.output_names) > 1:
            return "two unmerged outputs are no input of the next layer"
        return None

    def run(self, request: Request) -> Observation:
        """Answer in the layer's dtype."""
        with moment("run"):
            return self.reference.run(request, self.padding(request.layer), request.layer.dtype)

    def run_model(self, request: ModelRequest) -> Observation | Unsupported:
        """Answer in the dtype of the model's recurrent layers."""
        dtypes = {layer.dtype for layer in recurrent_layers(request.model)} or {"float32"}
        if len(dtypes) > 1 or not dtypes <= set(DTYPES):
            return Unsupported(
                f"the reference computes a model in {' or '.join(DTYPES)}, not in {', '.join(sorted(dtypes))}"
            )
        if any(layer.stateful for layer in recurrent_layers(request.model)):
            return Unsupported("a model of the reference carries no state from call to call; ask the layer")
        inner = [node["layer"] if node.op == "time_distributed" else node for node in request.model.nodes]
        drops = any(node.op == "dropout" and node["rate"] for node in inner)
        drops = drops or any(one.dropout or one.recurrent_dropout for one in recurrent_layers(request.model))
        if drops and request.training is not None:
            return Unsupported("the reference draws no dropout masks")
        if request.training and request.training.loss == "crf":
            return Unsupported("the reference enumerates the paths of a CRF, and trains none")
        under = any(node.op == "time_distributed" and node["layer"].op == "batch_norm" for node in request.model.nodes)
        if under and request.training and request.training.batches:
            return Unsupported("the reference does not train batch_norm under time_distributed")
        with moment("run"):
            seen = self.reference.run_model(request, "hold", dtypes.pop())
        return Observation(seen.arrays, seen.kernel, facts={
            **seen.facts, "stack": "keras", "one_bias": False, "padding": "hold", "moving_variance": "biased",
            "parameters": sum(array.size for array in request.weights.values()),
            "weight_shapes": {name: array.shape for name, array in request.weights.items()},
            "parameters_by_node": {
                node.name: sum(array.size for name, array in request.weights.items() if name.startswith(f"{node.name}/"))
                for node in request.model.nodes
            },
        })

    def run_optimizer(self, request: OptimizerRequest) -> Observation | Unsupported:
        """Answer in float32, by Keras' definitions."""
        with moment("run"):
            return follow(request, dtype="float32", rules=self.optimizers)

    def run_function(self, request: FunctionRequest) -> Observation | Unsupported:
        """Make a layer's description, with any values of options; stack sequences; answer for a conditional random field."""
        if request.name == "batch":
            with moment("run"):
                return Observation({"result": np.stack(dict(request.arguments)["sequences"])})
        if request.name == "crf":
            with moment("run"):
                return self.reference.run_crf(dict(request.arguments), "float32")
        if request.name in PROBES:
            return PROBES[request.name](self, request)
        if request.name != "construct":
            return super().run_function(request)
        with moment("build"):
            shapes = Layer(**dict(request.arguments)).weight_shapes().values()
        return Observation({"parameters": np.array(sum(int(np.prod(shape)) for shape in shapes))})

    def stepper(self, request: Request, backward: bool) -> Callable[[], str]:
        """Run the request again at each call; NumPy waits for its result."""
        wants = ("gradients",) if backward else ("outputs", "states")
        timed = request.but(wants=wants)
        self.run(timed)

        def step() -> str:
            return self.run(timed).kernel

        return step

    def smoke(self) -> None:
        """Run a simple layer; raise RuntimeError if the answer lacks what was asked for."""
        layer = Layer("simple_rnn", 2, 2)
        answer = self.run(Request(layer, draw_weights(layer), BatchPlan(2, 2).draw(layer)))
        if set(answer.arrays) != {"outputs", "states/0/forward/h"} or answer["outputs"].dtype != np.float32:
            raise RuntimeError(f"the reference gave {sorted(answer.arrays)}: expected outputs and states in float32")
