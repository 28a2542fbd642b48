"""What noticed a planted fault when that was last written down is asked first; where it does not any more, all others are asked.

`NOTICED=write python -m pytest tests/test_planted_faults.py tests/test_families.py -k notice` writes `noticed_by.json` anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from planted import Fault

from cases.plan import Planned

FILE = Path(__file__).with_name("noticed_by.json")
WRITES = os.environ.get("NOTICED") == "write"


@cache
def noticed_by() -> dict[str, str]:
    """Fault -> the identity of a check."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def most_likely_first(fault: Fault, checks: Iterable[Planned]) -> list[Planned]:
    """The checks, what noticed the fault before them all."""
    known = None if WRITES else noticed_by().get(str(fault))
    return sorted(checks, key=lambda check: check.identity != known)


def note(fault: Fault, check: Planned) -> None:
    """Write down what noticed a fault, where that is asked for."""
    if WRITES:
        FILE.write_text(json.dumps({**(json.loads(FILE.read_text()) if FILE.exists() else {}), str(fault): check.identity},
                                   indent=1, sort_keys=True) + "\n")
