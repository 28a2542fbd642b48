"""Sequences by hand: cast, padded; gradients clipped by hand; a layer of its sizes alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.packed import CASTS
from cases.models import FunctionRequest
from cases.requests import Observation, Request
from suite.backends import moment


def run_packed_as(backend: Any, request: FunctionRequest) -> Observation:
    """NumPy's cast."""
    options = dict(request.arguments)
    dtypes = {"cast": CASTS[options["way"]], "kept": "float32", "back": CASTS[options["way"]]}
    arrays = {f"{name}/{n}": one.astype(dtype).astype("float64") for name, dtype in dtypes.items()
              for n, one in enumerate(options["sequences"])}
    return Observation(arrays, facts={"dtypes": tuple(dtypes.items())})


def run_padded_from(backend: Any, request: FunctionRequest) -> Observation:
    """Zeros after every sequence."""
    options = dict(request.arguments)
    longest = max(map(len, options["sequences"]))
    rows = np.stack([np.pad(one, ((0, longest - len(one)), (0, 0))) for one in options["sequences"]])
    rows = rows if options["batch_first"] else np.swapaxes(rows, 0, 1)
    slopes = options["slopes"] if options["batch_first"] else np.swapaxes(options["slopes"], 0, 1)
    back = {f"slopes/{name}/{n}": slopes[n, : len(one)].astype("float32")
            for name in ("padded", "packed") for n, one in enumerate(options["sequences"])}
    return Observation({"padded": rows, "packed": rows, **back})


def run_clipped(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError where the norm is not finite and that is not wanted."""
    options = dict(request.arguments)
    if not options["order"]:
        return Observation({f"clipped/{n}": np.clip(g, -options["most"], options["most"])
                            for n, g in enumerate(options["gradients"])})
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in options["gradients"]]), ord=options["order"])
    with moment("run"):
        if options["strict"] and not np.isfinite(norm):
            raise ValueError(f"the norm of the gradients is {norm}")
    factor = min(1.0, options["most"] / norm)
    return Observation({"norm": np.array(norm), **{f"clipped/{n}": g * factor for n, g in enumerate(options["gradients"])}})


def run_bare(backend: Any, request: FunctionRequest) -> Observation:
    """The description as it is."""
    options = dict(request.arguments)
    seen = backend.run(Request(options["layer"], options["weights"], options["batch"]))
    shapes = {n: a[:0].shape for n, a in seen.arrays.items() if n == "outputs" or n.startswith("states/")}
    return Observation(seen.arrays, facts={**seen.facts, "of_no_rows": tuple(shapes.items())})


def run_packed_by(backend: Any, request: FunctionRequest) -> Observation:
    """What was given."""
    options = dict(request.arguments)
    return Observation({"padded": options["padded"], "lengths": options["lengths"]})


def run_by_position(backend: Any, request: FunctionRequest) -> Observation:
    """A description has no positions."""
    options, layer = dict(request.arguments), dict(request.arguments)["layer"]
    seen = run_bare(backend, request)
    return Observation(seen.arrays, facts={"padding": "hold", "dropout": 0.5, "told": _words(options),
                                            "told_of_others": f"nonlinearity={layer.activation}, proj_size=2, bias={layer.bias}",
                                            "plain": "3, 4", "mode": {"lstm": "LSTM", "gru": "GRU"}.get(
                                                layer.cell, f"RNN_{layer.activation.upper()}")})


def _words(options: dict[str, Any]) -> str:
    """What options say of themselves."""
    layer = options["layer"]
    return (f"bias={layer.bias}, batch_first={options['batch_first']}, dropout=0.5, "
            f"bidirectional={layer.direction == 'bidirectional'}, num_layers={layer.layers}")


def run_of_a_dtype(backend: Any, request: FunctionRequest) -> Observation:
    """A sum, and the same one."""
    options = dict(request.arguments)
    outputs = options["inputs"].sum(axis=-1)
    return Observation({"made": outputs, "cast": outputs}, facts={"dtypes": (("weight", options["dtype"]),), "results": ()})
