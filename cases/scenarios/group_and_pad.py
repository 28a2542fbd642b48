"""`group-and-pad` (document 0): rows grouped by a column into sequences, each batch padded to its own longest.

[[1,2,3],[3,0,2],[1,1,4],[2,1,2],[0,1,1],[2,0,3]]; rows keep their order within a group.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.batches import Batch
from cases.invariants.base import alike, settled
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Note, Observation, Request, Unsupported
from cases.scenarios.base import MISTAKES, claim, refused
from cases.tolerance import compare

NAME = "group-and-pad"
ROWS = np.array([[1, 2, 3], [3, 0, 2], [1, 1, 4], [2, 1, 2], [0, 1, 1], [2, 0, 3]])
GROUPS = {
    1: {2: [[1, 2, 3]], 0: [[3, 0, 2], [2, 0, 3]], 1: [[1, 1, 4], [2, 1, 2], [0, 1, 1]]},
    2: {3: [[1, 2, 3], [2, 0, 3]], 2: [[3, 0, 2], [2, 1, 2]], 4: [[1, 1, 4]], 1: [[0, 1, 1]]},
}
COLUMNS = [{"column": 1}, {"column": 2}]


def group(rows: np.ndarray, column: int) -> dict[int, np.ndarray]:
    """Value of the column -> its rows (time, features), in order. Raises IndexError where there is no such column."""
    if not 0 <= column < rows.shape[1]:
        raise IndexError(f"column {column}: the rows have columns 0 to {rows.shape[1] - 1}")
    return {int(value): rows[rows[:, column] == value] for value in dict.fromkeys(rows[:, column].tolist())}


def padded(sequences: list[np.ndarray], length: int) -> tuple[np.ndarray, np.ndarray]:
    """(batch, length, features), zeros at the end, and the mask (batch, length)."""
    mask = np.arange(length) < np.array([len(s) for s in sequences])[:, None]
    return np.stack([np.pad(s, ((0, length - len(s)), (0, 0))) for s in sequences]).astype(float), mask


def batched(ask, column: int) -> tuple[np.ndarray, np.ndarray]:
    """The groups of a column as the framework's own function pads them at the end, (groups, longest, 3), and their lengths.
    Keras: `pad_sequences`; PyTorch: `pad_sequence`."""
    sequences = tuple(rows.astype("float32") for rows in group(ROWS, column).values())
    options = (("maxlen", max(map(len, sequences))), ("padding", "post"), ("dtype", "float32"))
    answer = ask.answer(FunctionRequest("pad_sequences", (("sequences", sequences), *options)))
    if isinstance(answer, Unsupported):
        answer = ask.answer(FunctionRequest("pad_sequence", (("sequences", sequences),)))
    return settled(answer)["result"], np.array([len(rows) for rows in sequences])


@claim(
    NAME,
    "Grouped by a column and padded by the framework's own function, the rows are those that the document lists, then zeros.",
    COLUMNS,
    document="it prints the groups of index 1, and its code asks for index 2",
    says="Grouped by index 1: 2 has [1,2,3]; 0 has [3,0,2], [2,0,3]; 1 has [1,1,4], [2,1,2], [0,1,1].",
)
def groups(ask, column):
    seen, lengths = batched(ask, column)
    listed = list(GROUPS[column].values())
    due = np.zeros((len(listed), max(map(len, listed)), 3))
    for number, rows in enumerate(listed):
        due[number, : len(rows)] = rows
    if list(group(ROWS, column)) != list(GROUPS[column]):
        return [Deviation("groups", f"found the groups {list(group(ROWS, column))}, expected {list(GROUPS[column])}")]
    return compare(f"groups of column {column} (lengths {lengths.tolist()})", seen, due, 0.0)


@claim(NAME, "In the padded batch no row is lost, none doubled, and none reordered within its group.", COLUMNS,
       says="Rows keep their order within a group.")
def rows_stay(ask, column):
    seen, lengths = batched(ask, column)
    places = {tuple(row): place for place, row in enumerate(ROWS.tolist())}
    found = [[places.get(tuple(int(x) for x in row), -1) for row in one[:n]] for one, n in zip(seen, lengths, strict=True)]
    ordered = all(one == sorted(one) for one in found)
    if ordered and sorted(sum(found, [])) == list(range(len(ROWS))):
        return []
    return [Deviation("rows", f"groups hold the rows {found}")]


def asked_column(number: int) -> FunctionRequest:
    """A column of the rows as a tensor of the framework's own."""
    return FunctionRequest("column", (("rows", ROWS), ("column", number)))


OUTSIDE = {3: 2, -4: 0}
"""Column out of range -> the nearest one that there is."""


@claim(
    NAME,
    "Taken out of the framework's own tensor, a column out of range is an error that names it; JAX alone, as it documents, "
    "gives the nearest column there is.",
    [{"column": outside} for outside in OUTSIDE],
    says="A column out of range is to be a clear error.",
    document="its code checks nothing, and uses a variable that it never defines; nor does JAX: without a check of one's own it "
    "groups by another column, in silence",
)
def column_out_of_range(ask, column):
    answer, mistake = ask.answer(asked_column(column)), f"column {column} of a tensor with columns 0 to 2"
    if not isinstance(answer, Observation) or answer.facts.get("out_of_range") != "clamped":
        return refused(answer, mistake, {str(abs(column))})
    told = Note(MISTAKES, {"head": ["mistake", "error"], "rows": [[mistake, "no error (clamped, as documented)"]]})
    return [told, *compare(f"column {column}, clamped", answer["result"], ROWS[:, OUTSIDE[column]].astype(float), 0.0)]


@claim(
    NAME,
    "Taken out of the framework's own tensor, columns 0 to 2 are those of the rows, and -1 is the last, in silence.",
    [{"column": number} for number in (0, 1, 2, -1)],
    says="The rows are grouped by a column that the caller names.",
)
def column_of_a_tensor(ask, column):
    return compare(f"column {column}", ask(asked_column(column))["result"], ROWS[:, column].astype(float), 0.0)


@claim(
    NAME,
    "Padded to its own longest, or to a longer common length, a batch gives the same results.",
    [{**c, "cell": cell} for c in COLUMNS for cell in ("lstm", "gru", "simple_rnn")],
    says="Each batch is padded to the longest of its own sequences.",
)
def own_or_common_length(ask, column, cell):
    layer = Layer(cell, 3, 4)
    sequences = [rows / 4.0 for rows in group(ROWS, column).values()]
    own, common = max(map(len, sequences)), len(ROWS)
    requests = [
        Request(layer, draw_weights(layer), Batch(*padded(sequences, length)), wants=("outputs", "states"))
        for length in (own, common)
    ]
    short, long = map(ask, requests)
    cut = replace(long, arrays={n: a[:, :own] if n == "outputs" else a for n, a in long.arrays.items()})
    return alike(
        short,
        cut,
        requests[0],
        "outputs",
        "states",
        what=f"padded to {own} against {common}",
        where=requests[0].batch.mask,
    )
