"""`group-and-pad` (document 0): rows grouped by a column into sequences, each batch padded to its own longest.

[[1,2,3],[3,0,2],[1,1,4],[2,1,2],[0,1,1],[2,0,3]]; rows keep their order within a group.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.batches import Batch
from cases.invariants.base import alike
from cases.layers import Layer, draw_weights
from cases.requests import Deviation, Request
from cases.scenarios.base import claim

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


@claim(
    NAME,
    "Grouped by a column, the rows are those that the document lists.",
    COLUMNS,
    document="it prints the groups of index 1, and its code asks for index 2",
    says="Grouped by index 1: 2 has [1,2,3]; 0 has [3,0,2], [2,0,3]; 1 has [1,1,4], [2,1,2], [0,1,1].",
)
def groups(ask, column):
    found = {value: rows.tolist() for value, rows in group(ROWS, column).items()}
    return [] if found == GROUPS[column] else [Deviation("groups", f"found {found}, expected {GROUPS[column]}")]


@claim(NAME, "No row is lost, none doubled, and none reordered within its group.", COLUMNS)
def rows_stay(ask, column):
    places = {tuple(row): place for place, row in enumerate(ROWS.tolist())}
    found = [[places[tuple(row)] for row in rows.tolist()] for rows in group(ROWS, column).values()]
    ordered = all(one == sorted(one) for one in found)
    if ordered and sorted(sum(found, [])) == list(range(len(ROWS))):
        return []
    return [Deviation("rows", f"groups hold the rows {found}")]


@claim(
    NAME,
    "A column out of range is a clear error that names it.",
    [{"column": 3}, {"column": -1}],
    document="its code checks nothing, and uses a variable that it never defines",
)
def column_out_of_range(ask, column):
    try:
        group(ROWS, column)
    except IndexError as error:
        return [] if str(column) in str(error) else [Deviation("error", f"does not name {column}: {error}")]
    return [Deviation("error", f"column {column}: no error was raised")]


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
