"""Naming subjects: `[alias=]backend[@requirement | @/path/to/python]`, and finding those that are here."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cases.layers import Layer
from cases.requests import Execution
from suite.backends import BACKENDS, Backend
from suite.cache import cache_folder
from suite.near import hint

SHORT = {"tf": "tensorflow", "pytorch": "torch", "pt": "torch"}
"""What people call frameworks, for near misses."""


class BadSubject(ValueError):
    """A subject was named that cannot be asked here."""


@dataclass(frozen=True)
class Specification:
    """Which subject: its name in reports, the backend's MODULE:CLASS, and the interpreter and path it runs with."""

    name: str
    backend: str
    kind: str
    python: str | None = None
    path: tuple[str, ...] = ()

    @property
    def sparing(self) -> bool:
        """Whether `default` asks it a sparing plan, because it compiles every layer and shape that is new."""
        return backend_class(self.kind).compiles

    @property
    def eager(self) -> bool:
        """Whether that plan is not so sparing where calls are made, because training and prediction alone are compiled."""
        return backend_class(self.kind).eager

    def lacks(self, layer: Layer, mask: str, execution: Execution) -> bool:
        """Whether the framework has no such layer, mask or execution."""
        return backend_class(self.kind).lacks(layer, mask, execution)


def parse(text: str) -> Specification:
    """The subject that `text` names. Raises BadSubject with what was asked, what was found, and what to do."""
    alias, equals, rest = text.partition("=")
    if not equals or "@" in alias or ":" in alias:
        alias, rest = "", text
    backend, _, where = rest.partition("@")
    if ":" in backend:
        kind = backend
    elif backend in BACKENDS:
        kind = BACKENDS[backend]
    else:
        meant = "-".join(SHORT.get(word, word) for word in re.split("[-_]", backend.lower()))
        known = f"(available: {', '.join(BACKENDS)}, or MODULE:CLASS)"
        raise BadSubject(f"no subject named {backend!r} here{hint(meant, BACKENDS)} {known}")
    name = alias or rest
    if not where:
        return Specification(name, backend, kind)
    if where.startswith(("/", "./", "../", "~")):
        python = Path(where).expanduser()
        if not python.is_file() or not os.access(python, os.X_OK):
            raise BadSubject(f"subject {text!r}: no interpreter at {where}; give the path of a python")
        return Specification(name, backend, kind, python=str(python.absolute()))
    return Specification(name, backend, kind, path=(str(install(where)),))


def install(requirement: str) -> Path:
    """A folder with `requirement` (pip's words, such as `keras==3.12.0`, or several: `keras==3.3.3 numpy==1.26.4`) and nothing
    that it needs, installed once and kept in the user's cache. Put first on the path, it replaces the version that is installed.
    Raises BadSubject."""
    cache = cache_folder() / f"python{sys.version_info.major}.{sys.version_info.minor}" / re.sub("[/ ]+", "_", requirement)
    if (cache / ".complete").exists():
        return cache
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(cache), *requirement.split()]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BadSubject(f"subject @{requirement}: pip could not install it: {said}")
    (cache / ".complete").touch()
    return cache


def backend_class(kind: str) -> type[Backend]:
    """The class that MODULE:CLASS names. Raises BadSubject where there is no such backend."""
    module, _, name = kind.partition(":")
    try:
        backend = getattr(importlib.import_module(module), name)
    except Exception as error:  # whatever a user's module raises when it is imported
        raise BadSubject(f"subject {kind!r}: {type(error).__name__}: {error}; give MODULE:CLASS of a backend") from None
    if not (isinstance(backend, type) and issubclass(backend, Backend)):
        raise BadSubject(f"subject {kind!r}: {name} is no suite.backends.Backend; give MODULE:CLASS of a backend")
    return backend


def missing(kind: str, path: tuple[str, ...] = ()) -> list[str]:
    """The modules that the backend MODULE:CLASS requires and that are neither importable here nor in the folders of
    `path`. Raises BadSubject where there is no such backend."""
    return [
        required for required in backend_class(kind).requires
        if importlib.util.find_spec(required) is None
        and importlib.machinery.PathFinder.find_spec(required, list(path)) is None
    ]


def discover() -> tuple[list[Specification], dict[str, str]]:
    """Every framework that is importable here, and for the others (name -> reason) why not."""
    found, absent = [], {}
    for name, kind in BACKENDS.items():
        if name == "reference":
            continue
        if lacking := missing(kind):
            absent[name] = f"not installed here: {', '.join(lacking)}"
        else:
            found.append(Specification(name, name, kind))
    return found, absent
