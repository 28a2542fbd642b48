"""Writes the covering arrays of the plan beside these sources: `python -m cases.covering_arrays`."""

from __future__ import annotations

from cases import covering
from cases.arrays import rows_of
from cases.families import REGISTRY


def lines() -> list[str]:
    """The file's lines: every array that a run asks for, at `smoke` and at `default`, whole or sparing."""
    for depth in ("smoke", "default"):
        list(rows_of(depth))
        for family in REGISTRY.values():
            for sparing in (False, True):
                family.variants(depth, sparing, eager=True)
    for rows in covering.AT_ONCE:
        rows()
    return sorted(line(key, rows) for key, rows in covering.ROWS.items())


def line(key: str, rows: covering.Rows) -> str:
    """One array: what was asked, hashed, and its rows."""
    return " ".join([covering.hashed(key), *(",".join(str(number) for _, number in row) for row in rows)])


if __name__ == "__main__":
    covering.FILE.unlink(missing_ok=True)  # what is senseless may be other than it was
    covering.FILE.write_text("\n".join([*lines(), ""]))
