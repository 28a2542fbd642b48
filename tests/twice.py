"""Runs pytest, and what failed once more, alone and in a new process, where what several tests share is made anew:

    python -m tests.twice tests -n 2

On a busy machine an interpreter may miss its time, or be ended from outside. What fails twice fails.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

FAILED = 1
"""pytest's exit status where tests ran and some failed."""


def main(arguments: Sequence[str]) -> int:
    """The exit status of the last run."""
    command = [sys.executable, "-m", "pytest", *arguments]
    status = subprocess.run(command).returncode
    if status != FAILED:
        return status
    print("once more what failed:", flush=True)
    return subprocess.run([*command, "--last-failed"]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
