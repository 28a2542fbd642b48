"""Where the interpreters of one stack come from, and its scripts are run: a process that has imported the framework, and forks.

To import a framework takes seconds, to fork a process that has it takes milliseconds. What is forked has run nothing of the
framework yet, and is a session of its own (`forks`).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

FORKS = Path(__file__).with_name("forks.py")
CONNECT = """
import json, os, signal, socket, sys
os.setsid()
os.dup2(os.open(sys.argv[1], os.O_WRONLY), 2)
line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
line.connect(sys.argv[2])
socket.send_fds(line, [json.dumps({"code": sys.argv[-1]}).encode()], [0, 1, 2])
for number in (0, 1):
    os.close(number)
told = line.recv(1 << 16)
status = json.loads(told)["status"] if told else 1
if status < 0:
    signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
    os.kill(os.getpid(), -status)
os._exit(status)
"""
"""What stands for a forked interpreter where a process is expected: its streams are the other's, and it ends as the other ends.
Where it is killed, the other is. argv: the file for its stderr, the socket, and what execnet appends."""


class Nursery:
    """A process that has imported `modules` (see `forks`) in this environment, and forks others; started when it is first needed.

    `address` is None where nothing can be forked: on systems that cannot, or where an import has started threads.
    """

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str], python: str | None = None):
        self.modules, self.environment, self.python = tuple(modules), dict(environment), python
        self._process: subprocess.Popen | None = None
        self._lock = Lock()
        self._address: str | None = None
        self._place: tempfile.TemporaryDirectory | None = None

    def begin(self) -> None:
        """Start it, and do not wait until it has imported anything."""
        with self._lock:
            self._begin()

    @property
    def address(self) -> str | None:
        """The socket on which processes are asked for."""
        with self._lock:
            if self._place is None or (self._process is not None and self._process.poll() is not None):
                self._begin()
            if self._process is not None and not self._process.stdout.closed:
                line = self._process.stdout.readline()
                self._process.stdout.close()
                self._address = str(self._socket) if line and json.loads(line)["ready"] else None
            return self._address

    @property
    def _socket(self) -> Path:
        return Path(self._place.name) / "socket"

    @property
    def pid(self) -> int | None:
        """The process that forks, where it runs."""
        return self._process.pid if self._process else None

    def _begin(self) -> None:
        self._place, self._process, self._address = tempfile.TemporaryDirectory(prefix="forks-"), None, None
        if not Path("/proc/self/task").is_dir():
            return
        command = [self.python or sys.executable, "-c", FORKS.read_text(encoding="utf-8"), str(self._socket), *self.modules]
        with suppress(OSError):
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env=self.environment, start_new_session=True,
            )

    def launch(self, stderr: str) -> list[str] | None:
        """The command of a forked interpreter, to which execnet appends; None where nothing can be forked."""
        return [sys.executable, "-I", "-S", "-c", CONNECT, stderr, address] if (address := self.address) else None

    def run(self, script: Path, place: str, seconds: float) -> dict[str, Any] | None:
        """`status` of a script that ran in the folder `place`, None in it after too long; None where nothing can be forked."""
        if not (address := self.address):
            return None
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(seconds)
            try:
                line.connect(address)
                line.send(json.dumps({"script": str(script), "place": place}).encode())
                told = line.recv(1 << 16)
            except TimeoutError:
                return {"status": None}
            except OSError:
                return None
        return json.loads(told) if told else None

    def stop(self) -> None:
        """End it, and all that it has forked. Asked again, it starts anew."""
        with self._lock:
            if self._process is not None:
                if not self._process.stdout.closed:  # it still imports, and has forked nothing
                    self._process.stdout.close()
                    self._process.kill()
                with suppress(OSError):
                    self._process.stdin.close()
                try:
                    self._process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
            if self._place is not None:
                self._place.cleanup()
            self._process = self._address = self._place = None

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def quiet(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a user, without those of pytest."""
    return {name: value for name, value in environment.items() if not name.startswith(("PYTEST_", "COV_"))}
