"""Scripts of known findings, written by hand: KEY.py shows the fault that the ledger calls KEY.

Each needs nothing but the framework and numpy, prints what is expected and what is found, exits 1 while the fault is there and 0
when it is not, and says on one line of its own which engine Keras runs on; for another stack that line is changed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).parent
ENGINE = re.compile(r'^os\.environ\["KERAS_BACKEND"\] = "\w+"$', re.MULTILINE)


@lru_cache
def keys() -> frozenset[str]:
    """The entries of the ledger that have a script here."""
    return frozenset(path.stem for path in HERE.glob("*.py") if path.name != "__init__.py")


@lru_cache
def written(key: str, backend: str) -> str | None:
    """The script of a finding for a stack (`torch`, `keras-ENGINE`), or None."""
    if key not in keys():
        return None
    text = (HERE / f"{key}.py").read_text(encoding="utf-8")
    return ENGINE.sub(f'os.environ["KERAS_BACKEND"] = "{backend.removeprefix("keras-")}"', text)
