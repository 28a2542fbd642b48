"""The backend in the suite's own process, for a debugger: an interpreter's messages without an interpreter."""

from __future__ import annotations

import platform
from typing import Any

from suite.subjects.interpreter import Broken
from suite.subjects.worker import answer, make


class Inline:
    """Answers as `Interpreter` does, in this process: no time-out, and a crash takes everything down."""

    def __init__(self, backend: str, device: str, threads: int):
        self._settings, self._backend, self.about = (backend, device, threads), None, {}

    def start(self) -> dict[str, Any]:
        self._backend = make(*self._settings)
        self.about = {"versions": {n: str(v) for n, v in self._backend.versions().items()},
                      "devices": tuple(self._backend.devices()),
                      "python": platform.python_version()}
        return self.about

    def ask(self, kind: str, payload: Any, seconds: float) -> Any:
        if self._backend is None:
            self.start()
        said, reply = answer(self._backend, kind, payload)
        if said == "broken":
            raise Broken(reply)
        return reply

    def stop(self) -> None:
        self._backend = None
