"""What is the same in every run, from one to the next: the reference's answers and the plan's covering arrays, half of the
harness's time.

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
from typing import Any

import numpy as np

import cases
from cases import covering, tolerance
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
    versions = [version(name) for name in ("numpy", "autograd", "scipy", "covertable")]
    seen.update(repr((sys.version_info, platform.machine(), versions)).encode())
    return cache_folder() / "reference" / seen.hexdigest()


def recall(path: Path) -> frozenset[Any]:
    """Let the reference and the plan know what is in a file; returns what they know then. A file that is not there, or not
    whole, tells nothing."""
    with suppress(OSError):
        data = path.read_bytes()
        if hashlib.blake2b(data[MARK:]).digest() == data[:MARK]:
            answers, rows = marshal.loads(data[MARK:])
            tolerance.remember({key: {name: _read(one) for name, one in arrays.items()} for key, arrays in answers.items()})
            covering.ROWS.update(rows)
    return known()


def known() -> frozenset[Any]:
    """The keys of all answers and arrays that there are."""
    return frozenset(tolerance.remembered()) | frozenset(covering.ROWS)


def keep(path: Path, recalled: frozenset[Any] = frozenset()) -> None:
    """Write what was found, if there is more in it than what was `recalled`; of older files the newest stay. Where that cannot
    be written nothing is lost but time."""
    if known() <= recalled:
        return
    answers = {key: {name: _written(one) for name, one in arrays.items()} for key, arrays in tolerance.remembered().items()}
    data = marshal.dumps((answers, covering.ROWS))
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
