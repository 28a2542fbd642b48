"""Where the suite keeps what is dear to make again: compiled programs, other versions of a framework."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The suite's folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "rnn-conformance"
