"""Where the suite keeps what is dear to make again: compiled programs, other versions of a framework."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The suite's folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "rnn-conformance"


def compiled_programs() -> dict[str, str]:
    """The variables that let JAX keep what it compiles, nearly all of its time here, by the program, the compiler and its
    version."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(cache_folder() / "jax"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }
