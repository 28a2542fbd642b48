"""The plainest row of a covering array that still shows what a row has shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from cases.apart import raised
from cases.covering import Row, Senseless, together
from cases.invariants.base import Refused
from cases.requests import Deviation


def smallest(
    row: Row, factors: Mapping[str, tuple], senseless: Sequence[Senseless], fails: Callable[[Row], bool],
    plain: Row | None = None,
) -> Row:
    """The row, with every value that can be `plain`, the first of its factor if that is not told, one after another, such that
    it still `fails`; twice, for one that is plainer may let another be."""
    checks = [together(*one) for one in senseless]
    usual = {**{name: values[0] for name, values in factors.items()}, **(plain or {})}
    for name in (*reversed(factors), *reversed(factors)):
        plainer = {**row, name: usual[name]}
        if plainer[name] != row[name] and not any(check(plainer) for check in checks) and fails(plainer):
            row = plainer
    return row


def plainest_first(
    rows: Sequence[Row], factors: Mapping[str, tuple], senseless: Sequence[Senseless],
    told: Callable[[list[Row]], Iterable[Deviation]], words: Callable[[Row], str], plain: Row | None = None,
    then: Callable[[Row], object] = lambda row: None,
) -> list[Deviation]:
    """What is `told` of rows that are asked at once; and in front of it, what is of the plainest row that shows something, made
    of the first that does so by itself, which is handed to `then`. Where the framework raises an error that is told of a row, in
    `words`."""

    def alone(row: Row) -> list[Deviation]:
        try:
            return list(told([row]))
        except Refused as error:
            one = raised(error.refusal)
            return [Deviation(one.where, f"{one.message}: {words(row)}")]

    error = None
    try:
        found = list(told(list(rows)))
    except Refused as refused:
        found, error = [], refused
    first = next((row for row in rows if alone(row)), None) if found or error else None
    if first is not None:
        least = smallest(first, factors, senseless, lambda row: bool(alone(row)), plain)
        then(least)
        return alone(least) + found
    if error is not None:
        raise error
    return found
