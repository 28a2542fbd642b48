"""An interpreter of a subject's own: start, ask, time out, die, start again.

Built on execnet. The interpreter inherits the environment, so a development copy of a framework on PYTHONPATH is
what is tested.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

import execnet

from suite.subjects.worker import BOOT

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180.0
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)


class Died(Exception):
    """The interpreter ended while it was asked."""


class TimedOut(Exception):
    """The interpreter gave no answer in time, and was killed."""


class Broken(Exception):
    """The adapter raised an error of its own: this says nothing about the framework."""


@dataclass
class Interpreter:
    """One process with one backend in it.

    backend   MODULE:CLASS · python: the interpreter, or None for this one · path: folders put first on its path ·
    environment: variables set for it
    """

    backend: str
    device: str = "cpu"
    threads: int = 1
    python: str | None = None
    path: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self._group = self._channel = None
        self._log: Path | None = None
        self.about: dict[str, Any] = {}

    @property
    def running(self) -> bool:
        return self._group is not None

    def start(self) -> dict[str, Any]:
        """Start the process and its backend; what the backend says of itself. Raises Died, TimedOut or Broken."""
        variables = {name: str(self.threads) for name in THREAD_VARIABLES} | dict(self.environment)
        spec = execnet.XSpec(f"popen//python={shlex.quote(self.python or sys.executable)}")
        spec.env = variables
        descriptor, name = tempfile.mkstemp(prefix="subject-", suffix=".stderr")
        os.close(descriptor)
        self._log = Path(name)
        self._group = execnet.Group()
        gateway = self._group.makegateway(spec)
        self._process = gateway._io.popen  # execnet tells the exit code of a process nowhere else
        self._channel = gateway.remote_exec(BOOT)
        self._channel.send([*self.path, str(ROOT)])
        self._channel.send({"backend": self.backend, "device": self.device, "threads": self.threads, "stderr": name})
        kind, payload = self._receive(START_SECONDS)
        if kind == "broken":
            self.stop()
            raise Broken(payload)
        self.about = payload
        return payload

    def ask(self, kind: str, payload: Any, seconds: float) -> Any:
        """The reply to one message, starting the process if it is not running. Raises Died, TimedOut or Broken."""
        if not self.running:
            self.start()
        try:
            self._channel.send((kind, payload))
        except OSError:
            raise self._death() from None
        kind, reply = self._receive(seconds)
        if kind == "broken":
            raise Broken(reply)
        return reply

    def stop(self) -> None:
        """End the process, if it runs."""
        group, self._group, self._channel = self._group, None, None
        if group is not None:
            group.terminate(timeout=0.2)  # a moment to leave by itself, then killed
        if self._log is not None:
            self._log.unlink(missing_ok=True)
            self._log = None

    def _receive(self, seconds: float) -> tuple[str, Any]:
        try:
            return self._channel.receive(timeout=seconds)
        except self._channel.TimeoutError:
            last = self._last_words()
            self.stop()
            raise TimedOut(f"no answer within {seconds:g} s; killed{last}") from None
        except self._channel.RemoteError as error:
            self.stop()
            raise Broken(str(error)) from None
        except (EOFError, OSError):
            raise self._death() from None

    def _death(self) -> Died:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = None
        said = self._last_words()
        self.stop()
        return Died(f"the interpreter ended, {exit_words(code)}{said}")

    def _last_words(self) -> str:
        """The end of the process' stderr, ready to append to a sentence."""
        try:
            lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        except OSError:
            return ""
        return "; its last words: " + " | ".join(lines[-6:])[-1200:] if lines else ""


def exit_words(code: int | None) -> str:
    """An exit code in words: `killed by SIGSEGV` or `exit status 3`."""
    if code is None:
        return "exit status unknown"
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"exit status {code}"
