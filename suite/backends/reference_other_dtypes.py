"""The reference on numbers of another dtype, and on batches of other lengths: it computes in one, each by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.batches import BatchPlan
from cases.families.open_lengths import looked_back, mean_of_valid
from cases.models import FunctionRequest
from cases.requests import Observation, Request
from suite.backends.reference_losses import run_ctc


def run_states_of_other_dtypes(backend: Any, request: FunctionRequest) -> Observation:
    """The layer's own answer, of states as they are."""
    seen = backend.run(dict(request.arguments)["request"])
    return Observation(seen.arrays, facts={**seen.facts, "dtypes": (("outputs", str(seen["outputs"].dtype)),)})


def run_converted_variable(backend: Any, request: FunctionRequest) -> Observation:
    """The numbers, and the whole ones among them."""
    numbers, dtypes = (dict(request.arguments)[name] for name in ("numbers", "dtypes"))
    named = {name: np.trunc(numbers) if name == "int32" else numbers for name in (*dtypes, "float32")}
    named |= {name: np.trunc(numbers) for name in ("listed", "gathered", "kept")}
    named |= {name: numbers for name in ("stopped", "halves", "widened")}
    kinds = {**dict.fromkeys(("listed", "gathered", "kept"), "int32"),
             "stopped": "float32", "halves": "bfloat16", "widened": "float32"}
    return Observation(named | {"assigned": numbers, "added": 2 * numbers},
                       facts={"dtypes": tuple((name, kinds.get(name, name)) for name in named), "whole": "int32"})


def run_half_moments(backend: Any, request: FunctionRequest) -> Observation:
    """The mean of the numbers, and of their squares around it."""
    numbers, dtype = (dict(request.arguments)[name] for name in ("numbers", "dtype"))
    mean = numbers.mean()
    return Observation({"mean": np.array(mean), "variance": np.array(((numbers - mean) ** 2).mean())},
                       facts={"dtypes": (("mean", dtype), ("variance", dtype))})


def run_half_ctc(backend: Any, request: FunctionRequest) -> Observation:
    """The loss by going through every path."""
    options = dict(request.arguments)
    count, steps = len(options["scores"]), options["scores"].shape[1]
    whole = {"logits": options["scores"], "blank": 0, "lengths": np.full(count, steps), "targets": options["labels"],
             "target_lengths": np.full(count, options["labels"].shape[1]), "zero_infinity": False, "reduction": "none",
             "labels": "padded"}
    seen = run_ctc(backend, FunctionRequest("ctc", tuple(whole.items())))
    return Observation({"loss": seen["loss"]}, facts={"dtypes": (("loss", "float32"),)})


def run_open_lengths(backend: Any, request: FunctionRequest) -> Observation:
    """Each batch, times its number of steps; the last outputs without the steps of zeros."""
    options, arrays, rows = dict(request.arguments), {}, []
    for number, batch in enumerate(options["batches"]):
        whole = BatchPlan(*batch.shape[:2]).draw(options["layer"]).but(inputs=batch * batch.shape[1], cotangents=None)
        outputs, last = (backend.run(Request(options["layer"], options["weights"], one, wants=("outputs",)))["outputs"]
                         for one in (whole, whole.but(mask=batch.any(axis=2))))
        arrays |= {f"batch/{number}": outputs, f"last/{number}": last[:, -1], f"back/{number}": looked_back(batch),
                   f"mean/{number}": mean_of_valid(batch)}
        rows += list(outputs)
    arrays["features"], longest = np.array(options["layer"].units), max(map(len, rows))
    rows = [row.astype("float32") for row in rows]
    arrays["dense"] = arrays["numbers"] = np.stack([np.pad(row, ((0, longest - len(row)), (0, 0))) for row in rows])
    return Observation(arrays | {f"row/{number}": row for number, row in enumerate(rows)})


def run_default_precision(backend: Any, request: FunctionRequest) -> Observation:
    """NumPy's, which knows no default precision."""
    options = dict(request.arguments)
    whole, truths, scaled = options["whole"], options["truths"], options["whole"] * options["factor"]
    named = {"array": whole, "list": whole, "truths": truths, "list_of_truths": truths, "list_of_numbers": scaled,
             "added": whole.sum(axis=1), "scaled": scaled, "picked": options["numbers"][:, whole % 4]}
    return Observation({name: one.astype("float64") for name, one in named.items()},
                       facts={"raised": (), "kinds": tuple((name, str(one.dtype)) for name, one in named.items())})
