"""The reference's answers from one run to the next: a third of the harness's time is to find the same numbers again.

They are kept for exactly these sources of `cases`, this numpy and this kind of machine; whoever changes a line of the reference
begins anew. `--cache-clear` does too.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import platform
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

import cases
from cases import tolerance
from cases.tolerance import Expected
from suite.cache import cache_folder

FILES = 3
"""So many files stay, the newest: one for each state of the sources."""
MARK = hashlib.blake2b().digest_size


def place() -> Path:
    """The file for these sources and this machine."""
    root = Path(cases.__file__).parent
    seen = hashlib.blake2b(digest_size=12)
    for path in sorted(root.rglob("*.py")):
        seen.update(f"{path.relative_to(root)};".encode())
        seen.update(path.read_bytes())
    seen.update(repr((sys.version_info, version("numpy"), version("autograd"), version("scipy"), platform.machine())).encode())
    return cache_folder() / "reference" / seen.hexdigest()


def recall(path: Path) -> int:
    """Let the reference know the answers of a file, and how many they are: none of one that is not there, or not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return 0
    if hashlib.blake2b(data[MARK:]).digest() != data[:MARK]:
        return 0
    tolerance.remember({key: {name: _read(one) for name, one in arrays.items()}
                        for key, arrays in marshal.loads(data[MARK:]).items()})
    return len(tolerance.remembered())


def keep(path: Path, known: int = 0) -> None:
    """Write what the reference has found, if it is more than the `known` answers; of older files the newest stay. Where that
    cannot be written nothing is lost but time."""
    answers = tolerance.remembered()
    if len(answers) <= known:
        return
    data = marshal.dumps({key: {name: _written(one) for name, one in arrays.items()} for key, arrays in answers.items()})
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent.parent) as folder:  # renamed when it is whole: others may read it
            (made := Path(folder) / path.name).write_bytes(hashlib.blake2b(data).digest() + data)
            os.replace(made, path)
        for old in sorted(path.parent.iterdir(), key=lambda one: one.stat().st_mtime)[:-FILES]:
            old.unlink()


def _written(one: Expected) -> tuple[tuple[int, ...], bytes, bytes]:
    return one.value.shape, one.value.tobytes(), one.allowed.tobytes()


def _read(kept: tuple[tuple[int, ...], bytes, bytes]) -> Expected:
    """Both arrays, read-only."""
    shape, value, allowed = kept
    return Expected(*(np.frombuffer(data, "float64").reshape(shape) for data in (value, allowed)))
