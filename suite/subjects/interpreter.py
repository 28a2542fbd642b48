"""An interpreter of a subject's own: start, ask, time out, die, start again.

Built on execnet. The interpreter inherits the environment, so a development copy of a framework on PYTHONPATH is
what is tested. It is a session of its own: Ctrl-C at the terminal reaches the suite alone, which then ends it.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import execnet

from suite.backends.xla import COMPILE
from suite.subjects.nursery import Nursery
from suite.subjects.worker import BOOT

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180.0
TRIES = 3
"""So often a process is started that ends before its first word."""
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)
LAUNCH = """
import os, sys
os.setsid()
os.dup2(os.open(sys.argv[1], os.O_WRONLY), 2)
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""What becomes the interpreter. Its stderr is a file from its first moment on: so its last words can be told."""

FAULTS = frozenset(-number for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL))
"""The exit codes of a process that such a signal ended."""

LAST_WORDS = "; its last words: "
"""Behind what is said of a process that died: the end of what it wrote, maybe of other checks."""


class Died(Exception):
    """The interpreter ended while it was asked; `by_fault`: by a signal for what it did itself, as for a fault of memory."""

    def __init__(self, words: str, by_fault: bool = False):
        super().__init__(words)
        self.by_fault = by_fault


class TimedOut(Exception):
    """The interpreter gave no answer in time, and was killed."""


class Broken(Exception):
    """The adapter raised an error of its own: this says nothing about the framework."""


@dataclass
class Interpreter:
    """One process with one backend in it.

    backend   MODULE:CLASS · python: the interpreter, or None for this one · path: folders put first on its path
    quickly   what is compiled is compiled quickly, where the backend can tell its framework so
    nursery   what forks it, where the backend allows that; else it is a process of its own from the beginning
    """

    backend: str
    device: str = "cpu"
    threads: int = 1
    python: str | None = None
    path: tuple[str, ...] = ()
    quickly: bool = False
    nursery: Nursery | None = None

    def __post_init__(self):
        self._group = self._channel = self._process = None
        self._log: Path | None = None
        self._halted = False
        self.about: dict[str, Any] = {}

    @property
    def running(self) -> bool:
        """Whether it was started, and not ended by us."""
        return self._group is not None

    def start(self) -> dict[str, Any]:
        """Start the process and its backend; what the backend says of itself. Raises Died, TimedOut or Broken."""
        for tries in range(1, TRIES + 1):
            try:
                self._open()
                break
            except (OSError, AssertionError) as error:  # execnet asserts that what it started speaks its protocol
                if self._halted or tries == TRIES:
                    raise self._death(error) from None
                self.stop()
        kind, payload = self._receive(START_SECONDS)
        if kind == "broken":
            self.stop()
            raise Broken(payload)
        self.about = payload
        return payload

    def _open(self) -> None:
        """A process that has heard what it is to be. Raises OSError or AssertionError where it ends before: that says nothing of
        the framework, and a busy machine may do it."""
        descriptor, name = tempfile.mkstemp(prefix="subject-", suffix=".stderr")
        os.close(descriptor)
        self._log = Path(name)
        self._group = execnet.Group()
        launch = (self.nursery and self.nursery.launch(name)) or [
            sys.executable, "-I", "-S", "-c", LAUNCH, name, self.python or sys.executable
        ]
        gateway = self._group.makegateway("popen//python=" + shlex.join(launch))
        self._process = gateway._io.popen  # execnet tells the exit code of a process nowhere else
        if self._halted:
            raise self._death()
        self._channel = gateway.remote_exec(BOOT)
        self._channel.send([*self.path, str(ROOT)])
        self._channel.send(variables(self.threads, self.quickly))
        self._channel.send({"backend": self.backend, "device": self.device, "threads": self.threads})

    def ask(self, kind: str, payload: Any, seconds: float) -> Any:
        """The reply to one message, starting the process if it is not running. Raises Died, TimedOut or Broken."""
        if self._halted:
            raise Died("the run was stopped")
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

    def halt(self) -> None:
        """Kill the process, from any thread, and let no other be started: what waits for an answer gets Died."""
        self._halted = True
        process = self._process
        if process is not None and process.poll() is None:
            kill_session(process.pid)

    def stop(self) -> None:
        """End the process, if it runs, and all that it started."""
        group, self._group, self._channel = self._group, None, None
        process, self._process = self._process, None
        if group is not None:
            group.terminate(timeout=0.2)  # a moment to leave by itself, then killed
        if process is not None:
            kill_session(process.pid)
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

    def _death(self, error: Exception | None = None) -> Died:
        """What is raised for a process that ended; `error`: what was met by who spoke to it, told where it left no exit code."""
        if self._halted:
            self.stop()
            return Died("the run was stopped")
        try:
            code = self._process.wait(timeout=5) if self._process is not None else None
        except subprocess.TimeoutExpired:
            code = None
        said = self._last_words()
        self.stop()
        met = f" ({type(error).__name__}: {error})" if error and code is None else ""
        return Died(f"the interpreter ended, {exit_words(code)}{met}{said}", by_fault=code in FAULTS)

    def _last_words(self) -> str:
        """The end of the process' stderr, ready to append to a sentence."""
        try:
            lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        except OSError:
            return ""
        return LAST_WORDS + " | ".join(lines[-6:])[-1200:] if lines else ""


def variables(threads: int, quickly: bool) -> dict[str, str]:
    """What the environment of an interpreter says, whatever its framework."""
    return {**dict.fromkeys(THREAD_VARIABLES, str(threads)), COMPILE: "quickly" if quickly else ""}


def kill_session(pid: int) -> None:
    """Kill a process that leads a session, and the processes that it started there."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


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
