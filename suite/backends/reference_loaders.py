"""What the reference answers about rows in batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.loaders import SHARES, TIMES, WEIGHED, gathered
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def run_loaded_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Rows in order, or in two other orders."""
    options = dict(request.arguments)
    size, form, arrays, words = options["size"], options["form"], {}, []
    count = options["rows"] // size + (options["last"] == "kept")
    for epoch in range(2):
        order = list(np.random.default_rng(epoch).permutation(options["rows"]) if options["shuffled"] else range(options["rows"]))
        for batch in range(count):
            here, told = gathered(form, order[batch * size : (batch + 1) * size])
            arrays |= {f"{epoch}/{batch}/{name}": one for name, one in here.items()}
            words.append((f"{epoch}/{batch}", told))
    return Observation(arrays, facts={"counts": count, "counts_of_full": 2,
                                      "nest": form, "due_nest": form, "words": tuple(words), "left": True})


def run_unequal_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Refused."""
    with moment("run"):
        raise ValueError("rows are not alike")


def run_parted_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Rows in another order, cut into parts."""
    options = dict(request.arguments)
    sizes, order = dict(SHARES.values())[options["told"]], np.random.default_rng(0).permutation(options["rows"])
    parts = np.split(order, np.cumsum(sizes)[:-1])
    joined = np.concatenate(parts[:-1])
    named = {f"{name}/{number}": part for name in ("split", "again") for number, part in enumerate(parts)}
    named |= {"joined": joined, "joined/back": joined, "chosen": parts[0][[2, 0, 2]], "drawn": order,
              "weighted": np.array(WEIGHED[::-1]), "put_back": np.repeat(order, TIMES), "of_some": np.array([8, 1, 5]),
              "of_a_range": np.array([6, 5, 8, 7]), "full": np.arange(3), "in_rounds": np.append(order, [8, 1, 5, 4])}
    every = np.arange(len(order))
    named |= {"tensors": np.stack([every, every * 2.5], axis=1), "chained": np.delete(every, [2, 3, 4])}
    named |= {"one_by_one": every * 1.0, "by_many": every}
    named["stacked"] = np.stack([parts[0], parts[0], every[: sizes[0]] * 2.5], axis=1)
    return Observation(named, facts={
        "kinds": ("int",), "asked": tuple(tuple(each.tolist()) for each in np.split(every, range(4, len(every), 4)))})
