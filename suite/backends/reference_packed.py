"""Sequences by hand: cast, padded, packed and taken apart again; gradients clipped by hand; a layer of its sizes alone."""

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
    order = np.argsort([len(one) for one in options["sequences"]])[::-1]
    arrays |= {f"order/{name}": order for name in dtypes}
    devices = ("data", "meta"), ("batch_sizes", "cpu")
    return Observation(arrays, facts={"dtypes": (*dtypes.items(), ("back", "float32")), "devices": devices})


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
    return Observation({"padded": options["padded"], "labels": options["padded"][:, :, 0].astype(int),
                        "lengths": options["lengths"]})


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


def run_pack(backend: Any, request: FunctionRequest) -> Observation:
    """Lengths as they are, where sequences can have them. Raises ValueError elsewhere."""
    options = dict(request.arguments)
    lengths, (rows, steps) = np.array(options["lengths"], "float64"), options["inputs"].shape[:2]
    with moment("run"):
        whole = lengths == np.round(lengths)
        if lengths.shape != (rows,) or not (whole & (lengths > 0) & (lengths <= steps)).all():
            raise ValueError(f"lengths {lengths.tolist()} for {rows} sequences of {steps} steps")
        if options["enforce_sorted"] and (np.diff(lengths) > 0).any():
            raise ValueError(f"lengths {lengths.tolist()} are not sorted")
    return Observation({"lengths": lengths})


def run_pad(backend: Any, request: FunctionRequest) -> Observation:
    """Sequences of rows, each as long as the longest one."""
    options = dict(request.arguments)
    sequences, value = options["sequences"], options.get("padding_value", 0.0)
    left, longest = options.get("padding_side") == "left", max(map(len, sequences))
    missing = [(longest - len(one), 0) if left else (0, longest - len(one)) for one in sequences]
    padded = np.stack([np.pad(one, (by, *[(0, 0)] * (one.ndim - 1)), constant_values=value)
                       for one, by in zip(sequences, missing, strict=True)])
    return Observation({"result": padded if options.get("batch_first", True) else np.swapaxes(padded, 0, 1)},
                       facts={"dtype": str(padded.dtype)})


def run_unpad(backend: Any, request: FunctionRequest) -> Observation:
    """The sequences, without what was added to them."""
    options = dict(request.arguments)
    parts = options.get("sequences", ())
    if not parts:
        rows = options["inputs"] if options["batch_first"] else np.swapaxes(options["inputs"], 0, 1)
        with moment("run"):
            if any(n != n or n != int(n) or not 0 <= n <= rows.shape[1] for n in options["lengths"]):
                raise ValueError(f"lengths {list(options['lengths'])} of sequences of {rows.shape[1]} steps")
            if len(options["lengths"]) != len(rows):
                raise ValueError(f"{len(options['lengths'])} lengths of {len(rows)} sequences")
        parts = [row[:length] for row, length in zip(rows, options["lengths"], strict=True)]
    return Observation({f"result/{number}": one for number, one in enumerate(parts)})


def run_helper(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is changed; what comes is the sequences."""
    given = {str(n): one for n, one in enumerate(dict(request.arguments)["sequences"])}
    return Observation({f"{place}/{n}": one.copy() for place in (
        "arguments/before", "arguments/after", "calls/first", "calls/again") for n, one in given.items()})


def run_mixed_dtypes(backend: Any, request: FunctionRequest) -> Observation:
    """The sequences, in the dtype that holds all of their numbers."""
    options = dict(request.arguments)
    dtypes = [dtype.replace("bfloat16", "float16") for dtype in options["dtypes"]]
    given = [one.astype(dtype) for one, dtype in zip(options["sequences"], dtypes, strict=True)]
    whole = np.concatenate(given)
    parts = np.split(whole, [len(given[0])])
    return Observation({f"{name}/{n}": one.astype("float64") for name, each in (("given", given), ("result", parts))
                        for n, one in enumerate(each)})
