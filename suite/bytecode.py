"""Compiled modules of this project, kept in its cache where Python was told to write none.

PYTHONDONTWRITEBYTECODE keeps trees clean; every interpreter then compiles the project's sources anew, which is half a second of
each. Frameworks are left to Python: what pip installs, it compiles.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from suite.cache import cache_folder

ROOT = Path(__file__).resolve().parents[1]
OURS = ("cases", "reports", "suite")


class Kept(SourceFileLoader):
    """Loads a module of ours, from the cache where that is as new as its source."""

    def get_code(self, fullname: str) -> CodeType | None:
        """As Python does, with a folder of our own for what is compiled."""
        before = sys.pycache_prefix, sys.dont_write_bytecode
        sys.pycache_prefix, sys.dont_write_bytecode = str(cache_folder() / "bytecode"), False
        try:
            return super().get_code(fullname)
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = before


class Finder:
    """Finds the modules of this project."""

    @staticmethod
    def find_spec(fullname: str, *where: Any) -> ModuleSpec | None:
        """As `PathFinder.find_spec`, of ours alone."""
        if fullname.partition(".")[0] not in OURS:
            return None
        spec = PathFinder.find_spec(fullname, *where)
        if spec is not None and type(spec.loader) is SourceFileLoader and Path(spec.origin or "").is_relative_to(ROOT):
            spec.loader = Kept(spec.loader.name, spec.loader.path)
        return spec


def keep() -> None:
    """Keep what is compiled from now on, where Python keeps nothing."""
    if sys.dont_write_bytecode and sys.pycache_prefix is None and Finder not in sys.meta_path:
        paths = (place for place, each in enumerate(sys.meta_path) if isinstance(each, type) and issubclass(each, PathFinder))
        sys.meta_path.insert(next(paths, len(sys.meta_path)), Finder)  # after those that rewrite what they find
