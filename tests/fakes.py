"""Backends with telling names: each does one thing that a real one may do, so that every path of the harness is walked.

Use one as `--subject tests.fakes:NAME`. All answer with the reference but where their name says otherwise.
`FAKE_LOG` in the environment names a file to which each writes a line a request.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from cases.models import FunctionRequest, ModelRequest
from cases.requests import Observation, Request, Unsupported
from suite.backends import moment
from suite.backends.reference import Reference


class AlwaysRight(Reference):
    """The reference, under another name."""

    name = "fake"

    def observe(self, request):
        if path := os.environ.get("FAKE_LOG"):
            with open(path, "a") as log:
                log.write(f"{type(self).__name__} {os.getpid()}\n")
        return super().observe(request)


class Crashes(AlwaysRight):
    """Dies of a segmentation fault when it is asked for a GRU."""

    def run(self, request: Request) -> Observation:
        if request.layer.cell == "gru":
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().run(request)


class Hangs(AlwaysRight):
    """Never answers when it is asked for a GRU."""

    def run(self, request: Request) -> Observation:
        while request.layer.cell == "gru":
            time.sleep(60)
        return super().run(request)


class HangsOnce(AlwaysRight):
    """Never answers the first request of all, and every other one."""

    def run(self, request: Request) -> Observation:
        while len(Path(os.environ["FAKE_LOG"]).read_text().splitlines()) == 1:
            time.sleep(60)
        return super().run(request)


class EndsOnce(AlwaysRight):
    """Is ended from outside at the first request of all, and at no other one."""

    def run(self, request: Request) -> Observation:
        if len(Path(os.environ["FAKE_LOG"]).read_text().splitlines()) == 1:
            os._exit(1)
        return super().run(request)


class Draws(AlwaysRight):
    """Says what NumPy's generator, which nobody has given a seed, draws."""

    def run(self, request: Request) -> Observation:
        return Observation({"outputs": np.random.random(3)})


class HangsWithAChild(Hangs):
    """Has started a process of its own before it hangs."""

    def __init__(self, device: str = "cpu", threads: int = 1):
        super().__init__(device, threads)
        subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])


class ExitsOnStart(AlwaysRight):
    """Leaves while it is made."""

    def __init__(self, device: str = "cpu", threads: int = 1):
        print("no licence found", file=sys.stderr, flush=True)
        os._exit(3)


class WritesToStderrThenDies(AlwaysRight):
    """Says why, and exits, when it is asked for a GRU."""

    def run(self, request: Request) -> Observation:
        if request.layer.cell == "gru":
            print("the kernel panicked\nout of cuteness", file=sys.stderr, flush=True)
            os._exit(7)
        return super().run(request)


class Talks(AlwaysRight):
    """Writes to stdout and stderr all the time, through Python and past it."""

    def run(self, request: Request) -> Observation:
        print("CHATTER")
        print("CHATTER", file=sys.stderr)
        os.write(1, b"CHATTER\n")
        os.write(2, b"CHATTER\n")
        return super().run(request)


class BrokenAdapter(AlwaysRight):
    """Has a mistake of its own."""

    def smoke(self) -> None:
        """Too simple to meet the mistake."""

    def run(self, request: Request) -> Observation:
        raise KeyError("the adapter mixed up its weights")


class RaisesValueError(AlwaysRight):
    """Its framework refuses a GRU."""

    def run(self, request: Request) -> Observation:
        with moment("build"):
            if request.layer.cell == "gru":
                raise ValueError("GRU is not my cup of tea")
        return super().run(request)


class NoMasks(AlwaysRight):
    """Declares that it takes no masks."""

    def supports(self, request: Request) -> str | None:
        if any(batch.mask is not None for batch in (request.batch, *request.before) if hasattr(batch, "mask")):
            return "it takes no masks"
        return super().supports(request)


class AlwaysUnsupported(AlwaysRight):
    """Supports nothing."""

    def supports(self, request: Request) -> str | None:
        return "it supports nothing"

    def run_model(self, request: ModelRequest):
        return self.unsupported()

    def run_optimizer(self, request):
        return self.unsupported()

    def run_function(self, request):
        return self.unsupported()

    @staticmethod
    def unsupported():
        from cases.requests import Unsupported

        return Unsupported("it supports nothing")


class GivesNaN(AlwaysRight):
    """Every number is NaN."""

    def run(self, request: Request) -> Observation:
        return self.lost(super().run(request))

    def run_function(self, request: FunctionRequest) -> Observation:
        return self.lost(super().run_function(request))

    @staticmethod
    def lost(seen: Observation | Unsupported) -> Observation | Unsupported:
        """The answer without its numbers."""
        if isinstance(seen, Unsupported):
            return seen
        arrays = {name: np.full_like(a, np.nan) if a.dtype.kind == "f" else a for name, a in seen.arrays.items()}
        return Observation(arrays, seen.kernel, seen.warnings, seen.facts)


class WrongOutputs(AlwaysRight):
    """Its outputs are too large by a thousandth."""

    def run(self, request: Request) -> Observation:
        seen = super().run(request)
        arrays = {n: a + np.float32(1e-3) if n.startswith("outputs") else a for n, a in seen.arrays.items()}
        return Observation(arrays, seen.kernel, seen.warnings, seen.facts)


class SmokeFails(AlwaysRight):
    """Its adapter does not fit the framework that is installed."""

    def smoke(self) -> None:
        raise AttributeError("module 'fake' has no attribute 'LSTM'")


class Slow(AlwaysRight):
    """Takes its time."""

    def observe(self, request):
        time.sleep(0.1)
        return super().observe(request)


class ReportsVersion(AlwaysRight):
    """Tells the version of `tiny_dependency`, whichever copy is found first, and the environment it sees."""

    def versions(self) -> dict[str, str]:
        tiny = importlib.import_module("tiny_dependency")
        return {"tiny_dependency": tiny.__version__, "threads": os.environ.get("OMP_NUM_THREADS", "")}


class NoVersions(AlwaysRight):
    """Its version is none that can be compared."""

    def versions(self) -> dict[str, str]:
        return {"fake": "built from main"}


class WrongInOneCorner(AlwaysRight):
    """Forgets its bias where a GRU runs backwards for more than one step."""

    def run(self, request: Request) -> Observation:
        layer, batch = request.layer, request.batch
        if layer.cell == "gru" and layer.direction != "forward" and batch.time > 1 and layer.bias:
            none = {n: w * 0 if n.endswith("bias") else w for n, w in request.weights.items()}
            return super().run(request.but(weights=none))
        return super().run(request)
