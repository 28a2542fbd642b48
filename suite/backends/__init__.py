"""One module per framework; this one holds what they share: the interface of a backend.

Only `suite/backends/X.py` imports framework X, and only inside that framework's interpreter. A backend translates, it
does not repair: if a framework needs a work-around to give the right answer, the request is answered without it.
"""

from __future__ import annotations

import random
import sys
import time
import warnings
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cases import chains  # noqa: F401  what it describes travels between interpreters
from cases.layers import Layer
from cases.models import FunctionRequest, ModelRequest
from cases.requests import Execution, Observation, Refusal, Request, Unsupported
from cases.steps import OptimizerRequest

BACKENDS: Mapping[str, str] = {
    "reference": "suite.backends.reference:Reference",
    "torch": "suite.backends.pytorch:PyTorch",
    "keras-tensorflow": "suite.backends.keras:KerasTensorFlow",
    "keras-jax": "suite.backends.keras:KerasJax",
    "keras-torch": "suite.backends.keras:KerasTorch",
}
"""Name of the backend -> where its class is (MODULE:CLASS). Nothing here is imported until a subject starts."""


def said(call: Callable[[], Any]) -> str | None:
    """What is said where it is called; None where it is taken."""
    try:
        call()
    except Exception as error:  # whatever its class
        return str(error)
    return None


def refuses(call: Callable[[], Any], kind: type[Exception] | tuple[type[Exception], ...] = ValueError) -> bool:
    """Whether a call raises an error of this kind, or of one of these."""
    try:
        call()
    except kind:
        return True
    return False


class Moment(Exception):
    """Raised by a backend around a framework's error, to say when it came: build, trace or run."""

    def __init__(self, moment: str, error: BaseException):
        super().__init__(str(error))
        self.moment, self.error = moment, error


class moment:
    """Context manager: an error inside came at this moment (the innermost one counts), unless the error itself says when it
    `came_at`."""

    def __init__(self, name: str):
        self.name = name

    def __enter__(self) -> moment:
        return self

    def __exit__(self, kind, error, trace) -> None:
        if error is not None and isinstance(error, Exception) and not isinstance(error, Moment):
            raise Moment(getattr(error, "came_at", self.name), error) from error


class Backend(ABC):
    """Builds, runs, trains and differentiates described layers in one framework, on one device.

    `environment` (class attribute) holds the variables that must be set before the framework is imported.
    `device` is `cpu` or `gpu`; `threads` is how many threads the framework may use inside one operation.
    `imports` names modules that may be imported before anything else is done, its environment set: interpreters are then forked
    from a process that has them.
    `adapters` names modules of this project that its interpreters need, and that may be imported right after those.
    `spared` names modules that the framework would import, where they are installed, though nothing here is asked of them: in its
    own interpreter it is as if they were not.
    `compiles` says that every new layer or shape costs a compilation, a hundred times what a call costs: at `default` such a
    framework is asked a sparing plan. `eager`: but a call that is neither training nor prediction is not compiled.
    """

    name: str = ""
    environment: Mapping[str, str] = {}
    requires: tuple[str, ...] = ()  # distributions that must be installed, by the names pip knows
    imports: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    compiles: bool = False
    eager: bool = False

    def __init__(self, device: str = "cpu", threads: int = 1):
        self.device, self.threads = device, threads

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Distribution -> version, of everything that may change an answer."""

    def devices(self) -> tuple[str, ...]:
        """The devices that can be asked here: `cpu`, and `gpu` where there is one."""
        return ("cpu",)

    @classmethod
    def lacks(cls, layer: Layer, mask: str, execution: Execution) -> bool:
        """Whether the framework has no such layer, mask (one of `cases.batches.MASKS`) or execution, as far as that can be told
        without it: a statement then meets what it is to meet elsewhere. What is left is for `supports`."""
        return False

    @abstractmethod
    def padding(self, layer: Layer) -> str:
        """The declared convention at masked steps of the outputs: `hold` (the previous output is repeated, zeros
        before the first valid step) or `zero`."""

    @abstractmethod
    def supports(self, request: Request) -> str | None:
        """None, or the reason why this request cannot be asked of this framework. Must not run it."""

    @abstractmethod
    def run(self, request: Request) -> Observation:
        """Answer a layer request. Errors of the framework propagate, wrapped in `moment`s.

        `request.before` is done first on the same layer object. Only what `request.wants` names is computed.
        Outputs and states are copied out; arrays of the request are never handed to code that may write to them.
        """

    def run_model(self, request: ModelRequest) -> Observation | Unsupported:
        """Answer a model request."""
        return Unsupported(f"{self.name} builds no models")

    def run_optimizer(self, request: OptimizerRequest) -> Observation | Unsupported:
        """Answer a question about an optimizer, on gradients that are handed in."""
        return Unsupported(f"{self.name} has no optimizers")

    def run_function(self, request: FunctionRequest) -> Observation | Unsupported:
        """Answer a function request."""
        return Unsupported(f"{self.name} has no {request.name}", always=True)

    def stepper(self, request: Request, backward: bool) -> Callable[[], str]:
        """For timing: a callable that runs the forward (and backward) pass once on data that is already on the device,
        waits until the device has finished, and returns the kernel that ran. Built and compiled before it is returned.
        """
        raise NotImplementedError(f"{self.name} is not timed")

    @abstractmethod
    def smoke(self) -> None:
        """Raise if the adapter itself is broken here: build the simplest layer, set its weights, read the same weights
        back, run it. Must not judge numbers."""

    def observe(self, request: Any) -> Observation | Refusal | Unsupported:
        """Answer any request: an observation, a refusal for the framework's own errors, or unsupported."""
        started = time.perf_counter()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                if isinstance(request, ModelRequest):
                    answer = self.run_model(request)
                elif isinstance(request, OptimizerRequest):
                    answer = self.run_optimizer(request)
                elif isinstance(request, FunctionRequest):
                    answer = self.run_function(request)
                elif reason := self.supports(request):
                    return Unsupported(reason)
                else:
                    answer = self.run(request)
            except Moment as problem:
                return refusal(problem.error, problem.moment, time.perf_counter() - started)
        if isinstance(answer, Unsupported):
            return answer
        facts = dict(answer.facts)
        if isinstance(request, Request):
            facts["padding"] = self.padding(request.layer)
        told = tuple(dict.fromkeys(f"{w.category.__name__}: {w.message}"[:500] for w in caught))
        return Observation(answer.arrays, answer.kernel, told, facts, time.perf_counter() - started)


def seed(key: str) -> None:
    """Let the process's own generators begin anew: what a layer without a seed draws depends on what is asked, and on nothing
    that was asked before. `key`: the digest of the question."""
    number = int(key[:8], 16)
    random.seed(number)
    np.random.seed(number)
    if (torch := sys.modules.get("torch")) is not None:
        torch.default_generator.manual_seed(number)  # `torch.manual_seed` looks for devices of every kind, which takes longer
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(number)


def refusal(error: BaseException, at: str, seconds: float) -> Refusal:
    """The framework's error as an answer."""
    return Refusal(type(error).__name__, str(error)[:2000], at, seconds)


def generators() -> dict[str, np.ndarray]:
    """A number for the state of each of the process's own generators: Python's and NumPy's."""
    states = {"Python's generator": random.getstate(), "NumPy's generator": np.random.get_state(legacy=False)["state"]}
    return {name: np.array(zlib.crc32(repr([np.array(part).tolist() for part in _parts(state)]).encode()))
            for name, state in states.items()}


def _parts(state: Any) -> list[Any]:
    return list(state.values()) if isinstance(state, dict) else [part for part in state if part is not None]
