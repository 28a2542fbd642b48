"""Rows that a loader puts into batches: every row once, all its parts together, in the kinds that they came in; sets of rows that
are split and joined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.families.base import equal, refused, statement
from cases.models import FunctionRequest
from cases.requests import Deviation

ROWS, SIZE = 7, 3
"""Three batches, the last of them of one row."""
FORMS: Mapping[str, Mapping[str, str]] = {
    "pair": {"x": "tensor", "id": "int"}, "listed": {"x": "array", "y": "float"},
    "named": {"x": "array", "y": "float", "flag": "bool"}, "nested": {"x": "tensor", "id": "int", "y": "number"},
    "named_tuple": {"x": "tensor", "id": "whole_number", "word": "word"},
}
"""How the parts of a row lie together -> part -> what it is: a tensor or an array of numpy (2,), a number of Python's or numpy's,
a word. nested: {"x": x, "rest": [id, (y,)]}."""
DTYPES = {"tensor": "float32", "array": "float32", "int": "int64", "float": "float64", "bool": "bool", "number": "float32",
          "whole_number": "int64"}


def parts_of(row: int) -> dict[str, Any]:
    """The parts of a row; its number is the first number of x."""
    return {"x": np.array([row, row / 4 + 0.5], "float32"), "id": 2**40 + row, "y": row / 3, "flag": row % 2 == 1,
            "word": f"word {row}"}


def gathered(form: str, rows: list[int]) -> tuple[dict[str, np.ndarray], tuple[tuple[str, str], ...]]:
    """The arrays of a batch of these rows, by part, and its words."""
    arrays, words = {}, []
    for name, kind in FORMS[form].items():
        if kind == "word":
            words += [(name, parts_of(row)[name]) for row in rows]
        else:
            arrays[name] = np.array([parts_of(row)[name] for row in rows], DTYPES[kind])
    return arrays, tuple(words)


@statement("A loader gives every row once, in batches of which the last may be smaller or is left out, in order or in another "
           "one each time, with all its parts together, in the dtypes and the nest that they came in, and leaves the rows as "
           "they were.", {"form": tuple(FORMS), "last": ("kept", "dropped"), "shuffled": (False, True),
                            "streamed": (False, True)}, strength=(1, 2, 3),
           senseless=((("shuffled", "streamed"), lambda shuffled, streamed: shuffled and streamed),),
           sparing=0, source="PyTorch: torch.utils.data.DataLoader, IterableDataset, default_collate")
def loaders_give_every_row_once(ask, form, last, shuffled, streamed) -> list[Deviation]:
    """streamed: the rows come one after the other, and none is asked for by its number.

    Arrays: `EPOCH/BATCH/PART` of two epochs. Facts: `counts`, how many batches there are said to be, `counts_of_full`, of two
    that are full; `nest`, that of a batch, and `due_nest`; `words` by `EPOCH/BATCH`; `left`, whether rows are as they were."""
    seen = ask(FunctionRequest("loaded_rows", (("form", form), ("last", last), ("shuffled", shuffled), ("rows", ROWS),
                                               ("size", SIZE), ("streamed", streamed))))
    count = ROWS // SIZE + (last == "kept")
    found = [] if seen.facts["counts"] == count else [Deviation("count", f"{seen.facts['counts']} batches, expected {count}")]
    if seen.facts["counts_of_full"] != 2:
        found.append(Deviation("count", f"{seen.facts['counts_of_full']} batches of two that are full, expected 2"))
    if seen.facts["nest"] != seen.facts["due_nest"]:
        found.append(Deviation("nest", f"a batch is {seen.facts['nest']}, expected {seen.facts['due_nest']}"))
    found += [] if seen.facts["left"] else [Deviation("rows", "the rows are others afterwards")]
    orders = [[int(n) for batch in range(count) for n in seen.arrays.get(f"{epoch}/{batch}/x", np.zeros((0, 2)))[:, 0]]
              for epoch in range(2)]
    total = ROWS if last == "kept" else count * SIZE
    for epoch, order in enumerate(orders):
        if len(order) != total or len(set(order)) != total or (not shuffled and order != sorted(order)):
            return [*found, Deviation("order", f"epoch {epoch}: rows {order}, of {ROWS}")]
        for batch in range(count):
            arrays, words = gathered(form, order[batch * SIZE : (batch + 1) * SIZE])
            for name, due in arrays.items():
                came = seen.arrays.get(f"{epoch}/{batch}/{name}", np.zeros(0))
                found += equal(name, came, due)
                found += [] if came.dtype == due.dtype else [Deviation(name, f"{name}: {came.dtype}, expected {due.dtype}")]
            if (told := tuple(dict(seen.facts["words"]).get(f"{epoch}/{batch}", ()))) != words:
                found.append(Deviation("words", f"{told}, expected {words}"))
    return [*found, Deviation("order", "two epochs have one order")] if shuffled and orders[0] == orders[1] else found


@statement("Rows whose parts are not as many as those of others, or not of one size, are refused.",
           {"unequal": ("longer", "shorter", "sizes")}, strength=(1, 1, 1), sparing=0,
           source="PyTorch: torch.utils.data.default_collate")
def unequal_rows_are_refused(ask, unequal) -> list[Deviation]:
    return refused(ask, FunctionRequest("unequal_rows", (("unequal", unequal),)),
                   lambda seen: Deviation("error", f"rows that are not alike ({unequal}) were put together in silence"))


PARTED, TIMES, WEIGHED = 11, 4, (1, 4, 6, 7)
"""Rows of what is split: so many that no share of it is a whole number of them; how many times as many are drawn and put back;
which are drawn by weights."""
SHARES: Mapping[str, tuple[tuple[float, ...], tuple[int, ...]]] = {
    "numbers": ((4, 5, 2), (4, 5, 2)), "fractions": ((0.5, 0.25, 0.25), (6, 3, 2)), "uneven": ((0.2, 0.3, 0.5), (3, 3, 5))}
"""What a split is told -> the rows of each part: what is left of fractions goes to the parts in their order."""


@statement("Rows that are split stand in one part each, of as many as was told, the same from the same seed; rows of several "
           "sets that are joined stand one after the other, also counted from the end, and those of sets that lie side by side "
           "together; a sampler names the rows that it was told, each once unless it puts back; rows that may be asked for by "
           "many are.", {"share": tuple(SHARES)},
           strength=(1, 1, 1), sparing=0,
           source="PyTorch: torch.utils.data.random_split, ConcatDataset, StackDataset, TensorDataset, Subset, Sampler")
def rows_are_parted_and_joined(ask, share) -> list[Deviation]:
    """Arrays of numbers of rows: `split/N`, `again/N`, `joined` and `joined/back` of all parts but the last, `chosen`; `drawn`,
    `in_rounds`, four more than there are, `put_back`, `weighted`, `of_some` and `of_a_range`, what samplers name; `full`, the
    batches of a stream that are; `tensors`, `stacked`, what lies side by side; `chained`, two
    streams; `one_by_one`, without batches; `by_many`. Facts: `kinds` of what a sampler names; `asked`, numbers by many."""
    told, sizes = SHARES[share]
    seen = ask(FunctionRequest("parted_rows", (("told", told), ("rows", PARTED))))
    parts = [seen[f"split/{number}"] for number in range(len(told))]
    found = equal("sizes", np.array([len(part) for part in parts]), np.array(sizes), share)
    found += equal("split", np.sort(np.concatenate(parts)), np.arange(PARTED))
    found += [d for number, part in enumerate(parts) for d in equal(f"again/{number}", seen[f"again/{number}"], part, "one seed")]
    found += [Deviation("split", "rows are not mixed")] if np.array_equal(np.concatenate(parts), np.arange(PARTED)) else []
    joined = np.concatenate(parts[:-1])
    found += equal("joined", seen["joined"], joined) + equal("joined/back", seen["joined/back"], joined)
    found += equal("chosen", seen["chosen"], parts[0][[2, 0, 2]], "of the first part the third, the first, and the third")
    found += equal("drawn", np.sort(seen["drawn"]), np.arange(PARTED))
    found += equal("weighted", np.sort(seen["weighted"]), np.array(WEIGHED))
    found += equal("of_a_range", np.sort(seen["of_a_range"]), np.arange(5, 9)) + equal("full", seen["full"], np.arange(3))
    first, rest = seen["in_rounds"][:PARTED], seen["in_rounds"][PARTED:]
    found += equal("in_rounds", np.sort(first), np.arange(PARTED)) + equal("in_rounds", [len(rest), len(set(rest))], [4, 4])
    found += [Deviation("in_rounds", "a round that is not whole is in order")] if np.array_equal(rest, np.sort(rest)) else []
    found += equal("of_some", np.sort(seen["of_some"]), np.array([1, 5, 8]))
    if seen.facts["kinds"] != ("int",):
        found.append(Deviation("of_some", f"a sampler names {seen.facts['kinds']}, expected whole numbers"))
    every = np.arange(PARTED)
    found += equal("tensors", seen["tensors"], np.stack([every, every * 2.5], axis=1))
    found += equal("stacked", seen["stacked"], np.stack([parts[0], parts[0], every[: len(parts[0])] * 2.5], axis=1))
    found += equal("chained", seen["chained"], np.delete(every, [2, 3, 4])) + equal("one_by_one", seen["one_by_one"], every * 1.0)
    found += equal("by_many", seen["by_many"], every)
    if (asked := tuple(seen.facts["asked"])) != (due := tuple(tuple(range(n, min(n + 4, PARTED))) for n in range(0, PARTED, 4))):
        found.append(Deviation("asked", f"rows are asked for as {asked}, expected {due}"))
    put_back = seen["put_back"]
    if len(put_back) != TIMES * PARTED or not set(put_back.tolist()) <= set(range(PARTED)):
        found.append(Deviation("put_back", f"{put_back.tolist()}: expected {TIMES * PARTED} rows of {PARTED}"))
    return found
