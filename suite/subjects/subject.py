"""A subject: what the suite asks. It knows its interpreter, remembers answers, and counts where time goes."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

from cases.invariants.base import settled
from cases.models import FunctionRequest, recurrent_layers
from cases.requests import Observation, Refusal, Request, Unsupported, digest, from_bytes, to_bytes
from suite.subjects.ahead import nursery_of
from suite.subjects.inline import Inline
from suite.subjects.interpreter import Broken, Died, Interpreter, TimedOut
from suite.subjects.nursery import Nursery
from suite.subjects.patience import Patience
from suite.subjects.specification import Specification

REMEMBERED = 600
"""How many answers are kept: checks of one case are near each other, so a few cases' worth is enough."""


STEPS, LOOPED = 500, 10_000
"""So many steps of training, or runs of a cell in them, are what the time-out of one request is meant for."""


def lots(request: Any) -> int:
    """How many times the time-out a request may take: a long training has it for every `STEPS` steps, or for every `LOOPED` runs
    of a cell, one after the other, whichever is more."""
    training = getattr(request, "training", None)
    if training is None:
        return 1
    inputs = request.inputs.values() if isinstance(request.inputs, Mapping) else [request.inputs]
    time, loops = max(array.shape[1] for array in inputs), len(recurrent_layers(request.model))
    return 1 + max(len(training.steps) // STEPS, len(training.steps) * time * loops // LOOPED)


class Subject:
    """One subject on one device. `ask` is what invariants call; thread safe, one request at a time.

    After a death or a time-out the next request starts a new interpreter; `seconds` is the time inside the framework,
    `waited` the time the suite waited for answers. `quickly`: what is compiled is compiled quickly (`suite.backends.xla`).
    """

    def __init__(self, specification: Specification, device: str = "cpu", threads: int = 1, timeout: float = 60.0,
                 inline: bool = False, quickly: bool = False, nursery: Nursery | None = None, patience: Patience | None = None):
        self.specification, self.device, self.threads, self.timeout = specification, device, threads, timeout
        self.patience = patience or Patience(timeout)
        self.name = specification.name if device == "cpu" else f"{specification.name}[{device}]"
        kind, place = specification.kind, "gpu" if device == "cuda" else device  # a backend's word for it
        self.quickly = quickly
        self.nursery = None if inline else nursery or nursery_of(specification, place, threads, quickly)
        self._interpreter = Inline(kind, place, threads, quickly) if inline else Interpreter(
            kind, place, threads, specification.python, specification.path, quickly, self.nursery
        )
        self._answers: OrderedDict[str, Any] = OrderedDict()
        self._lacking: dict[str, Unsupported] = {}
        self._lock = Lock()
        self.requests = self.remembered = self.restarts = 0
        self.seconds = self.waited = self.starting = 0.0
        self.doubted, self.recovered = inline, False  # this process is not started again: what ends its patience is believed
        self.broken: str | None = None
        self.absent: str | None = None

    def double(self) -> Subject:
        """The same in an interpreter of its own."""
        return Subject(self.specification, self.device, self.threads, self.timeout, quickly=self.quickly, nursery=self.nursery,
                       patience=self.patience)

    @property
    def about(self) -> dict[str, Any]:
        """Versions, devices, python: known after `start`."""
        return self._interpreter.about

    def start(self) -> None:
        """Start the interpreter and try the adapter on the simplest layer. Raises Broken, Died or TimedOut."""
        with self._lock:
            if self.about:
                return
            began = time.perf_counter()
            about = self._interpreter.start()
            if self.device == "cuda" and "gpu" not in about["devices"]:
                self.absent = f"{self.specification.name} as installed here cannot use the GPU"
                return
            self._interpreter.ask("smoke", None, self.timeout)
            self.starting = time.perf_counter() - began

    def answer(self, request: Request) -> Observation | Refusal | Unsupported:
        """Whatever comes back, from memory where the same was asked before, or a function that the backend has not. Raises Died,
        TimedOut or Broken."""
        function = request.name if isinstance(request, FunctionRequest) else None
        if function in self._lacking:
            return self._lacking[function]
        key = digest(request)
        with self._lock:
            self.requests += 1
            if key in self._answers:
                self.remembered += 1
                self._answers.move_to_end(key)
            else:
                self._answers[key] = self._ask(key, request)
                if len(self._answers) > REMEMBERED:
                    self._answers.popitem(last=False)
            answer = self._answers[key]
        if isinstance(answer, (Died, TimedOut)):
            raise type(answer)(*answer.args)
        if function and isinstance(answer, Unsupported) and answer.always:
            self._lacking[function] = answer
        return answer

    def _ask(self, key: str, request: Request) -> Observation | Refusal | Unsupported | Died | TimedOut:
        """The answer of the interpreter. A death is an answer too: who asks the same again would wait for it again. The first
        time that none comes is not believed, unless a fault ended it, for an interpreter may hang, or be ended from outside, by
        chance: it is asked once more, and `recovered` says whether an answer came then."""
        answer = self._asked(key, request)
        if (isinstance(answer, TimedOut) or isinstance(answer, Died) and not answer.by_fault) and not self.doubted:
            self.doubted = True
            answer = self._asked(key, request)
            self.recovered = not isinstance(answer, (Died, TimedOut))
        return answer

    def _asked(self, key: str, request: Request) -> Observation | Refusal | Unsupported | Died | TimedOut:
        """The answer of the interpreter, asked once."""
        began = time.perf_counter()
        try:
            with self.patience.watching(request):
                seconds = self.patience.limit(request) * lots(request)
                answer = from_bytes(self._interpreter.ask("observe", (key, to_bytes(request)), seconds))
        except (Died, TimedOut) as error:
            self.restarts += 1
            return error.with_traceback(None)
        finally:
            self.waited += time.perf_counter() - began
        self.seconds += getattr(answer, "seconds", 0.0)
        for array in getattr(answer, "arrays", {}).values():
            array.flags.writeable = False  # it is what the next check sees, too
        return answer

    def __call__(self, request: Request) -> Observation:
        """The observation. Raises Refused or NotSupported, or what `answer` raises."""
        return settled(self.answer(request))

    def ready(self) -> None:
        """Start, once. What goes wrong is kept in `broken`: every check then says so."""
        if self.broken:
            return
        try:
            self.start()
        except Broken as error:
            last = next((line for line in reversed(str(error).splitlines()) if line.strip()), "")
            self.broken = f"the adapter's smoke check failed, so nothing is said of the framework: {last}"
        except (Died, TimedOut) as error:
            self.broken = f"it does not start: {error}"

    def measure(self, request: Any, seconds: float) -> Any:
        """A timing request, never from memory."""
        with self._lock:
            return from_bytes(self._interpreter.ask("time", to_bytes(request), seconds))

    def prepare(self, request: Any, seconds: float) -> None:
        """Let a timing request be prepared: what is compared and compiled before anything is timed."""
        with self._lock:
            self._interpreter.ask("prepare", to_bytes(request), seconds)

    def halt(self) -> None:
        """End it now, from any thread: whoever waits for an answer gets Died, and nothing is asked any more."""
        self._interpreter.halt()

    def stop(self) -> None:
        """End it when it has answered."""
        with self._lock:
            self._interpreter.stop()

