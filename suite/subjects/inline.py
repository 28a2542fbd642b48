"""The backend in the suite's own process, for a debugger: an interpreter's messages without an interpreter."""

from __future__ import annotations

import os
import traceback
from typing import Any

from suite.backends.xla import COMPILE
from suite.subjects.interpreter import Broken
from suite.subjects.worker import about, answer, make


class Inline:
    """Answers as `Interpreter` does, in this process: no time-out, and a crash takes everything down."""

    def __init__(self, backend: str, device: str, threads: int, quickly: bool = False):
        self._settings, self._backend, self.about = (backend, device, threads), None, {}
        self._quickly = quickly

    def start(self) -> dict[str, Any]:
        """Make the backend; what it says of itself. Raises Broken."""
        os.environ[COMPILE] = "quickly" if self._quickly else ""
        try:
            self._backend = make(*self._settings)
            self.about = about(self._backend)
        except Exception:
            raise Broken(traceback.format_exc()) from None
        return self.about

    def ask(self, kind: str, payload: Any, seconds: float) -> Any:
        """The reply to one message. Raises Broken. `seconds` is not looked at."""
        if self._backend is None:
            self.start()
        said, reply = answer(self._backend, kind, payload)
        if said == "broken":
            raise Broken(reply)
        return reply

    def halt(self) -> None:
        """Nothing to kill: what runs here ends by itself."""

    def stop(self) -> None:
        """Forget the backend."""
        self._backend = None
