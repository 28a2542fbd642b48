"""Subjects side by side: the plan is known before the first test, so each subject's checks run ahead in its own lane.

One lane more than there are cores moves at once, for a lane often waits: for its subject, or for this process, in which all of
them compute what is due. pytest then only waits for outcomes, in its own order.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain
from threading import Event
from typing import Any

from suite.verdicts import Outcome


@dataclass(frozen=True)
class Dealt:
    """The checks of one lane where several deal with the same ones: each takes the next of the `units` when it has nothing else
    to do, and makes its checks `own`; what comes `first` is its alone. Iterated over: all that it may come to take."""

    units: deque[list[Any]]
    own: Callable[[Any], Any] = lambda check: check
    first: Sequence[Any] = ()

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable((self.first, *self.units))

    def taken(self) -> Iterator[Any]:
        """What it takes, as it takes it."""
        yield from self.first
        while self.units:
            try:
                unit = self.units.popleft()
            except IndexError:  # another lane was faster
                break
            yield from map(self.own, unit)


def taken(checks: Iterable[Any]) -> Iterator[Any]:
    """The checks of a lane, one by one."""
    return checks.taken() if isinstance(checks, Dealt) else iter(checks)


class Lanes:
    """Runs checks ahead. `outcome(key)` waits for one."""

    def __init__(self, judge: Callable[[Any], Outcome], cores: int | None = None):
        self._judge = judge
        self.cores = cores or len(os.sched_getaffinity(0))
        self._stop = Event()
        self._pool: ThreadPoolExecutor | None = None
        self._futures: dict[str, Future] = {}

    def begin(self, lanes: Mapping[str, Iterable[Any]]) -> None:
        """Start the lanes: name -> its checks in order, whose keys are what they print. Lanes may have one `Dealt` hand of checks
        between them."""
        self._pool = ThreadPoolExecutor(max_workers=self.cores + 1, thread_name_prefix="lane")
        for checks in lanes.values():
            self._futures.update({str(check): self._futures.get(str(check)) or Future() for check in checks})
        for checks in lanes.values():
            self._pool.submit(self._run, taken(checks))

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

    def _run(self, checks: Iterable[Any]) -> None:
        for check in checks:
            future = self._futures[str(check)]
            if self._stop.is_set():
                future.cancel()
                continue
            try:
                future.set_result(self._judge(check))
            except BaseException as error:  # ours: raised again where the test waits
                future.set_exception(error)
