"""What the reference answers of rows that are given in many ways, of modules that are called in every mode, and of layers where
conditions meet."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.families.crossed_dropout import Dropping, each_of, rates_of
from cases.families.crossed_packing import due
from cases.families.kept_digits import due as passed
from cases.layers import Layer
from cases.layouts import from_keras, to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Request
from suite.backends.apart import apart
from suite.backends.reference_answers import run_chain

KINDS = ("outputs", "states", "gradients/inputs", "gradients/states", "gradients/weights")


def run_rows_in_every_way(backend: Any, request: FunctionRequest) -> Observation:
    """Rows have one way in: each way has the same answer."""
    arrays: dict[str, np.ndarray] = {}
    for place, (one, _, ways) in enumerate(dict(request.arguments)["each"]):
        seen = backend.run(one) if isinstance(one, Request) else run_chain(backend, one)
        named = {kind: np.concatenate([np.ravel(array) for array in found.values()])
                 for kind in KINDS if (found := seen.named(kind))}
        arrays |= {f"{place}/{way}/{kind}": array for way in ways for kind, array in named.items()}
    return Observation(arrays)


def run_called_in_every_mode(backend: Any, request: FunctionRequest) -> Observation:
    """What was given."""
    options = dict(request.arguments)
    numbers = {name: np.asarray(one, "float64") for name, one in options["given"].items() if one is not None}
    return Observation({f"{place}/{way}/{name}": numbers[name] for place, (*_, given, ways) in enumerate(options["kinds"])
                        for way in ways for name in given if name in numbers}, facts={"drew": (), "changed": ()})


def run_crossed(backend: Any, request: FunctionRequest) -> Observation:
    """The reference has one way: what came and what is due are numbers that were given."""
    options = dict(request.arguments)
    return Observation({f"{place}/{side}/outputs": options["numbers"]["float32"][place : place + 8]
                        for place in range(len(options["rows"])) for side in ("came", "due")}, facts={"odd": ()})


def run_kept_digits(backend: Any, request: FunctionRequest) -> Observation:
    """What is due."""
    arrays = {}
    for place, row in enumerate(dict(request.arguments)["rows"]):
        arrays |= {f"{place}/{name}": row[name] for name in ("x", "states")}
        arrays |= {f"{place}/came/{name}": one for name, one in passed(row, row["x"], row["states"]).items()}
    return Observation(arrays)


def run_crossed_packing(backend: Any, request: FunctionRequest) -> Observation:
    """What is due."""
    rows = dict(request.arguments)["rows"]
    return Observation({f"{place}/{name}": array for place, row in enumerate(rows) for name, array in due(row).items()},
                       facts={"odd": ()})


def run_crossed_chains(backend: Any, request: FunctionRequest) -> Observation:
    """A chain has one way to be made."""
    return apart(partial(run_chain, backend, one) for one in dict(request.arguments)["each"])


def run_crossed_calls(backend: Any, request: FunctionRequest) -> Observation:
    """Each call after those before it."""
    def answer(asked: Request, calls: tuple, training: tuple, _: float) -> Observation:
        arrays: dict[str, np.ndarray] = {}
        for number, one in enumerate(calls):
            if isinstance(one, Batch):
                seen = backend.run(asked.but(batch=one, before=calls[:number]))
                drawn = number if training[number] else 0
                arrays |= {f"{number}/{name}": array + drawn for name, array in seen.arrays.items()}
        return Observation(arrays, facts={"padding": "hold"})

    return apart(partial(answer, *one) for one in dict(request.arguments)["each"])


def run_crossed_conditions(backend: Any, request: FunctionRequest) -> Observation:
    """Layers are made, told and asked in one way, in float32."""
    options = dict(request.arguments)

    def answer(one: Request, row: Mapping[str, Any]) -> Observation:
        layer = one.layer.but(dtype="float32")
        gone = {name for name in one.weights if name.rsplit("/", 1)[-1] in row["before"] and row["told"] == "dropped"}
        weights = {name: np.zeros_like(weight) if name in gone else weight for name, weight in one.weights.items()}
        seen = backend.run(one.but(layer=layer, weights=weights))
        named = {name: np.zeros_like(array) if name.removeprefix("gradients/weights/") in gone else array
                 for name, array in seen.arrays.items()}
        kept, penalized = from_keras(layer, to_keras(layer, one.weights)), row["told"] == "penalties"
        if penalized:
            named["penalty"] = options["factor"] * sum(np.sum(weight**2) for weight in kept.values())
        if row["told"] == "activity":
            given = [array for name, array in named.items() if name.startswith(("outputs", "states"))]
            named["penalty"] = options["factor"] * sum(np.sum(array**2) for array in given) / one.batch.size
        if row["way"] == "test":
            counted = [named[name] * one.batch.cotangents[name] for name in layer.result_names]
            named = {"tested": named.get("penalty", 0.0) + sum(map(np.sum, counted))}
        if row["way"] == "train":
            moved = {name: weight - named[f"gradients/weights/{name}"] - penalized * 2 * options["factor"] * weight
                     for name, weight in kept.items()}
            named = {f"trained/{name}": np.maximum(weight, 0.0) if penalized else weight for name, weight in moved.items()}
        arrays = {name: np.asarray(array, "float32" if np.asarray(array).dtype.kind == "f" else None)
                  for name, array in named.items()}
        return Observation(arrays, facts={"padding": backend.padding(layer)})

    return apart(partial(answer, one, dict(row)) for one, row in options["each"])


def run_crossed_dropout(backend: Any, request: FunctionRequest) -> Observation:
    """What is dropped is drawn here: of each row of a batch alone, by gate, as factors of the rows of its kernels."""
    random, arrays = np.random.default_rng(5), {}
    for place, given in enumerate(dict(request.arguments)["each"]):
        one, carried = Dropping(*given), {}
        for call, batch in enumerate(one.calls):
            outputs = []
            for number, (half, weights) in enumerate(zip(one.halves, one.weights, strict=True)):
                starts = {name: (batch.initial_states or carried).get(f"{number}/{name}", np.zeros((batch.size, half.units)))
                          for name in half.state_names}
                seen = [backend.run(one_row(random, half, weights, batch, starts, row)) for row in range(batch.size)]
                turned = slice(None, None, -1 if len(one.halves) > 1 and number and half.return_sequences else 1)
                outputs.append(np.concatenate([each["outputs"][:, turned] for each in seen] if half.return_sequences
                                              else [each["outputs"] for each in seen]))
                arrays |= {f"{place}/{call}/states/{number}/{name}": np.concatenate(
                    [each[f"states/0/{half.direction}/{name}"] for each in seen]) for name in half.state_names}
            arrays[f"{place}/{call}/outputs"] = np.concatenate(outputs, axis=-1)
            ends = f"{place}/{call}/states/"
            carried = {n.removeprefix(ends): a for n, a in arrays.items() if n.startswith(ends)} if one.halves[0].stateful else {}
    return Observation(arrays)


def one_row(random: np.random.Generator, half: Layer, weights: Mapping[str, np.ndarray], batch: Batch,
            starts: Mapping[str, np.ndarray], row: int) -> Request:
    """One row in inference, its kernels as its draw leaves them."""
    scaled = {}
    for draws, rate, name, width in zip(each_of(half).values(), rates_of(half), ("kernel", "recurrent_kernel"),
                                        (half.features, half.units), strict=True):
        kernel = weights[name].reshape(*weights[name].shape[:-1], len(half.gates), half.units)
        kept = random.random((width, max(1, draws))) >= rate
        scaled[name] = (kernel * kept[..., None] / (1 - rate)).reshape(weights[name].shape)
    layer = half.but(dropout=0.0, recurrent_dropout=0.0, stateful=False, dtype="float32")
    states = {f"0/{half.direction}/{name}": array[row : row + 1] for name, array in starts.items()}
    alone = Batch(batch.inputs[row : row + 1], None if batch.mask is None else batch.mask[row : row + 1], states)
    named = {f"0/{half.direction}/{name}": array for name, array in {**weights, **scaled}.items()}
    return Request(layer, named, alone, wants=("outputs", "states"))
