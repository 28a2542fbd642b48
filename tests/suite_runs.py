"""Runs of `pytest suite` in a process of their own, for the tests of the harness: started, watched, read."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from reports.records import Run, read

ROOT = Path(__file__).resolve().parents[1]
MARK = "RNN_CONFORMANCE_TEST_RUN"


@dataclass
class SuiteRun:
    """One command `python -m pytest suite …`. `folder` is its records' folder, `temporary` its TMPDIR."""

    place: Path
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    record: bool = True
    name: str = "run"
    what: str = "suite"
    largest_file: int | None = None

    def __post_init__(self):
        self.folder = self.place / self.name
        self.temporary = Path(tempfile.mkdtemp(dir=self.place, prefix="tmp-"))
        self.mark = uuid.uuid4().hex
        self.status: int | None = None
        self.said = ""

    def begin(self) -> subprocess.Popen:
        """Start it, as the leader of a process group, which is what a terminal does."""
        command = [sys.executable, "-m", "pytest", self.what, "-q", "-p", "no:cacheprovider", *self.arguments]
        command += ["--record", str(self.folder)] if self.record else []
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=self.as_in_a_terminal,
            env={**variables, "TMPDIR": str(self.temporary), MARK: self.mark, "COLUMNS": "200", **self.environment},
        )
        return self.process

    def as_in_a_terminal(self) -> None:
        """Ctrl-C is heard, which jobs in the background inherit as ignored; and no file grows beyond `largest_file` bytes, where
        that is given: for a disk that is full."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self.largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.largest_file, self.largest_file))

    def end(self, seconds: float = 100) -> SuiteRun:
        """Wait for it."""
        try:
            self.said, _ = self.process.communicate(timeout=seconds)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, 9)
        self.status = self.process.returncode
        return self

    @property
    def records(self) -> Run:
        """What it recorded."""
        return read(self.folder)

    @property
    def verdicts(self) -> dict[str, str]:
        """Check -> verdict."""
        return {v.id: v.verdict for v in self.records.verdicts}

    @property
    def left_behind(self) -> list[str]:
        """Temporary files that are still there."""
        return [str(path.relative_to(self.temporary)) for path in self.temporary.rglob("*") if path.is_file()]

    @property
    def processes(self) -> list[int]:
        """The processes of this run that are alive, whoever is their parent now."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"{MARK}={self.mark}".encode() in environ.read_bytes():
                    found.append(int(environ.parent.name))
            except OSError:
                continue
        return found


def suite_run(place: Path, *arguments: str, **others) -> SuiteRun:
    """A run from beginning to end."""
    run = SuiteRun(place, arguments, **others)
    run.begin()
    return run.end()
