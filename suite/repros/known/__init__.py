"""Scripts of known findings, written by hand: KEY.repro shows the fault that the ledger calls KEY.

They are text that a run writes down for its reader, as `repros/ID.py`, and no part of this program: nothing here imports them.

Each needs nothing but the framework and numpy, prints what is expected and what is found, exits 1 while the fault is there and 0
when it is not. Those of Keras say on one line which engine it runs on: for another stack that line is changed, unless the key
begins with the name of an engine, whose own fault it is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).parent
ENGINE = re.compile(r'^os\.environ\["KERAS_BACKEND"\] = "(\w+)"$', re.MULTILINE)
ENGINES = ("tensorflow", "jax", "torch")
LAST = "Exits 1 while the fault is there, else 0."
"""The last line of each docstring: what was seen with goes before it."""


@lru_cache
def keys() -> frozenset[str]:
    """The entries of the ledger that have a script here."""
    return frozenset(path.stem for path in HERE.glob("*.repro"))


@lru_cache
def written(key: str, backend: str, seen: str = "") -> str | None:
    """The script of a finding for a stack (`torch`, `keras-ENGINE`), or None. `seen`: versions and device, in words."""
    if key not in keys():
        return None
    text = (HERE / f"{key}.repro").read_text(encoding="utf-8")
    engine, own = backend.removeprefix("keras-"), key.partition("-")[0]
    if (engine != backend) != bool(ENGINE.search(text)) or (own in ENGINES and own != engine):
        return None
    text = ENGINE.sub(f'os.environ["KERAS_BACKEND"] = "{engine}"', text)
    return text.replace(f"\n{LAST}", f"\nSeen with {seen}.\n{LAST}", 1) if seen else text
