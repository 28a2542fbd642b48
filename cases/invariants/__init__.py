"""The invariants: one named, stated function each, grouped in modules. Importing this package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

from cases.invariants.base import REGISTRY, Case, Invariant

for _module in sorted(m.name for m in iter_modules(__path__) if m.name != "base"):
    import_module(f"{__name__}.{_module}")

INVARIANTS: tuple[Invariant, ...] = tuple(sorted(REGISTRY.values(), key=lambda i: (i.group, i.name)))

__all__ = ["INVARIANTS", "Case", "Invariant"]
