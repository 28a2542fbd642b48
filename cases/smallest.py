"""The plainest row of a covering array that still shows what a row has shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cases.covering import Row, Senseless, together


def smallest(row: Row, factors: Mapping[str, tuple], senseless: Sequence[Senseless], fails: Callable[[Row], bool]) -> Row:
    """The row, with every value that can be the first of its factor, one after another, such that it still `fails`; twice, for
    one that is plainer may let another be."""
    checks = [together(*one) for one in senseless]
    for name in (*reversed(factors), *reversed(factors)):
        plainer = {**row, name: factors[name][0]}
        if plainer[name] != row[name] and not any(check(plainer) for check in checks) and fails(plainer):
            row = plainer
    return row
