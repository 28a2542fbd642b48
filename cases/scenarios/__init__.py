"""The documented scenarios: a module each, every claim a function. Importing this package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

from cases.scenarios.base import claims, described

for _module in sorted(m.name for m in iter_modules(__path__) if m.name not in ("base", "files")):
    import_module(f"{__name__}.{_module}")

__all__ = ["claims", "described"]
