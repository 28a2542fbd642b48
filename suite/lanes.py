"""Subjects side by side: the plan is known before the first test, so each subject's checks run ahead in its own lane.

As many lanes move at once as there are cores; pytest then only waits for outcomes, in its own order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Any

from suite.verdicts import Outcome


class Lanes:
    """Runs checks ahead. `outcome(key)` waits for one."""

    def __init__(self, judge: Callable[[Any], Outcome], cores: int | None = None):
        self._judge = judge
        self.cores = cores or len(os.sched_getaffinity(0))
        self._stop = Event()
        self._pool: ThreadPoolExecutor | None = None
        self._futures: dict[str, Future] = {}

    def begin(self, lanes: Mapping[str, Iterable[tuple[str, Any]]]) -> None:
        """Start the lanes: name -> (key, check) in order."""
        self._pool = ThreadPoolExecutor(max_workers=self.cores, thread_name_prefix="lane")
        for checks in lanes.values():
            checks = list(checks)
            self._futures.update({key: Future() for key, _ in checks})
            self._pool.submit(self._run, checks)

    def outcome(self, key: str, check: Any) -> Outcome:
        """The outcome of a check: waited for where a lane has it, else found now."""
        if key in self._futures:
            return self._futures[key].result()
        return self._judge(check)

    def wait(self) -> None:
        """Return when every lane has come to its end: what is timed is timed alone."""
        wait(self._futures.values())

    @property
    def busy(self) -> bool:
        """Whether some check has no outcome yet."""
        return any(not future.done() for future in self._futures.values())

    def stopping(self) -> bool:
        """Whether no further check begins."""
        return self._stop.is_set()

    def stop(self, hurry: Callable[[], None] = lambda: None) -> None:
        """Let no further check begin, and wait for those that run; `hurry` is called first where some do."""
        self._stop.set()
        if self.busy:
            hurry()
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    def _run(self, checks: list[tuple[str, Any]]) -> None:
        for key, check in checks:
            future = self._futures[key]
            if self._stop.is_set():
                future.cancel()
                continue
            try:
                future.set_result(self._judge(check))
            except BaseException as error:  # ours: raised again where the test waits
                future.set_exception(error)
