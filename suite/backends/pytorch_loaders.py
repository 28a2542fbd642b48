"""PyTorch's loader, given rows of many forms."""

from __future__ import annotations

import copy
from collections import defaultdict, namedtuple
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    DataLoader,
    IterableDataset,
    RandomSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)

from cases.families.loaders import FORMS, TIMES, WEIGHED, parts_of
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment

Row = namedtuple("Row", ("x", "id", "word"))
MADE: Mapping[str, Callable[[Any], Any]] = {"tensor": torch.tensor, "number": np.float32, "whole_number": np.int64}
NESTS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "pair": lambda of: (of["x"], of["id"]), "listed": lambda of: [of["x"], of["y"]], "named": lambda of: defaultdict(list, of),
    "nested": lambda of: {"x": of["x"], "rest": [of["id"], (of["y"],)]}, "named_tuple": lambda of: Row(**of),
}
"""How the parts of a row lie together."""
BACK: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "pair": lambda nest: {"x": nest[0], "id": nest[1]}, "listed": lambda nest: {"x": nest[0], "y": nest[1]}, "named": dict,
    "nested": lambda nest: {"x": nest["x"], "id": nest["rest"][0], "y": nest["rest"][1][0]},
    "named_tuple": lambda nest: {name: getattr(nest, name) for name in Row._fields},
}


def row_of(form: str, number: int) -> Any:
    """A row."""
    parts = parts_of(number)
    return NESTS[form]({name: MADE.get(kind, lambda part: part)(parts[name]) for name, kind in FORMS[form].items()})


def nest_of(one: Any) -> str:
    """The containers of a batch, in words. A tuple without names becomes a list."""
    if isinstance(one, dict):
        return f"{type(one).__name__}({', '.join(f'{name}: {nest_of(part)}' for name, part in one.items())})"
    if isinstance(one, tuple) and hasattr(one, "_fields"):
        return f"{type(one).__name__}({', '.join(map(nest_of, one))})"
    if isinstance(one, (list, tuple)) and not all(isinstance(part, str) for part in one):
        return f"list({', '.join(map(nest_of, one))})"
    return "part"


class Stream(IterableDataset):
    """Rows that come one after the other."""

    def __init__(self, rows: list[Any]):
        self.rows = rows

    def __iter__(self) -> Iterator[Any]:
        """Each of them."""
        return iter(self.rows)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rows)


class Many(list):
    """Rows that may be asked for by many at once."""

    def __init__(self, rows: list[Any]):
        super().__init__(rows)
        self.asked: list[tuple[int, ...]] = []

    def __getitems__(self, numbers: list[int]) -> list[Any]:
        """Those of these numbers."""
        self.asked.append(tuple(numbers))
        return [self[n] for n in numbers]


def run_loaded_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.loaders.loaders_give_every_row_once`."""
    options = dict(request.arguments)
    form = options["form"]
    rows = [row_of(form, number) for number in range(options["rows"])]
    before, arrays, words, nests = copy.deepcopy(rows), {}, [], set()
    with moment("run"):
        given, how = (Stream(rows), {}) if options["streamed"] else (rows, {"shuffle": options["shuffled"]})
        loader = DataLoader(given, options["size"], drop_last=options["last"] == "dropped",
                            generator=torch.Generator().manual_seed(5), **how)
        for epoch in range(2):
            for number, batch in enumerate(loader):
                nests.add(nest_of(batch))
                parts = BACK[form](batch)
                arrays |= {f"{epoch}/{number}/{n}": one.numpy() for n, one in parts.items() if isinstance(one, torch.Tensor)}
                words.append((f"{epoch}/{number}", tuple((n, word) for n, one in parts.items() if not isinstance(
                    one, torch.Tensor) for word in one)))
        full = rows[: 2 * options["size"]]
        full = DataLoader(Stream(full) if options["streamed"] else full, options["size"], drop_last=options["last"] == "dropped")
    return Observation(arrays, facts={"counts": len(loader), "counts_of_full": len(full),
                                      "nest": " or ".join(sorted(nests)), "due_nest": nest_of(rows[0]),
                                      "words": tuple(words), "left": repr(rows) == repr(before)})


def run_unequal_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.loaders.unequal_rows_are_refused`."""
    first, second = {"longer": ((1, 2), (1, 2, 3)), "shorter": ((1, 2, 3), (1, 2)),
                     "sizes": ((torch.ones(2),), (torch.ones(3),))}[dict(request.arguments)["unequal"]]
    with moment("run"):
        return Observation({"outputs": np.array([len(one) for one in default_collate([first, second])])})


def run_parted_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.loaders.rows_are_parted_and_joined`."""
    options = dict(request.arguments)
    rows = list(range(options["rows"]))

    def seeded() -> torch.Generator:
        return torch.Generator().manual_seed(5)

    with moment("run"):
        named = {}
        for name in ("split", "again"):
            parts = random_split(rows, options["told"], generator=seeded())
            named |= {f"{name}/{number}": list(part) for number, part in enumerate(parts)}
        joined = sum(parts[1:-1], parts[0])
        count = len(joined)
        named |= {"joined": [joined[n] for n in range(count)], "joined/back": [joined[n - count] for n in range(count)]}
        named["chosen"] = [each for batch in DataLoader(Subset(parts[0], [2, 0, 2]), 2) for each in batch.tolist()]
        named["drawn"] = list(RandomSampler(rows, generator=seeded()))
        named["put_back"] = list(RandomSampler(rows, replacement=True, num_samples=TIMES * len(rows), generator=seeded()))
        named["in_rounds"] = list(RandomSampler(rows, num_samples=len(rows) + 4, generator=seeded()))
        weights = [float(n in WEIGHED) for n in rows]
        named["weighted"] = list(WeightedRandomSampler(weights, len(WEIGHED), replacement=False, generator=seeded()))
        chosen = list(SubsetRandomSampler([5, 1, 8], seeded()))
        named["of_a_range"] = list(SubsetRandomSampler(range(5, 9), seeded()))
        named["full"] = [n for each in DataLoader(Stream(rows[:5]), 3, drop_last=True) for n in each.tolist()]
        named["of_some"] = chosen
        tensors = TensorDataset(torch.arange(len(rows)), torch.arange(len(rows)) * 2.5)
        stack = StackDataset(of=parts[0], beside=StackDataset(parts[0], Subset(tensors, range(len(parts[0])))))
        named["tensors"] = [[float(n), float(half)] for numbers, halves in DataLoader(tensors, 4)
                            for n, half in zip(numbers, halves, strict=True)]
        named["stacked"] = [[int(a), int(b), float(c)] for each in DataLoader(stack, 3) for a, b, c in zip(
            each["of"], each["beside"][0], each["beside"][1][1], strict=True)]
        named["chained"] = [each.tolist() for each in DataLoader(Stream(rows[:2]) + Stream(rows[5:]), 3)]
        named["one_by_one"] = [float(each) for each in DataLoader([np.float64(n) for n in rows], batch_size=None)]
        many = Many(rows)
        named["by_many"] = [n for each in DataLoader(many, 4) for n in each.tolist()]
    named["chained"] = [n for each in named["chained"] for n in each]
    return Observation({name: np.array(each) for name, each in named.items()},
                       facts={"kinds": tuple(sorted({type(n).__name__ for n in chosen})), "asked": tuple(many.asked)})
