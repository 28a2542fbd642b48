"""Families of statements that are not about one described layer on one batch: cells, edges, purity, precision, initial
weights, losses and the like. A module each; importing this package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

from cases.families.base import REGISTRY, Family, checks, features, of_subject

for _module in sorted(m.name for m in iter_modules(__path__) if m.name != "base"):
    import_module(f"{__name__}.{_module}")

__all__ = ["REGISTRY", "Family", "checks", "features", "of_subject"]
