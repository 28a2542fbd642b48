"""Keras' scans over associative functions, and its decoding of CTC outputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families import scans as case
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_nests import leaves


def run_associative_scan(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.scans.associative_scans_are_loops`."""
    options, ops = dict(request.arguments), backend.keras.ops
    if not hasattr(ops, "associative_scan"):
        return Unsupported("this release of Keras has no associative_scan")
    elements = [backend.engine.tensor(one) for one in options["elements"]]
    if len(elements) == 2:
        step = lambda p, q: (p[0] * q[0], q[0] * p[1] + q[1])  # noqa: E731
    else:
        step = ops.logical_or if options["elements"][0].dtype == bool else ops.add
    with moment("run"):
        found = backend.engine.at_once(lambda *given: ops.associative_scan(
            step, given if len(given) == 2 else given[0], reverse=options["backwards"], axis=options["axis"]), *elements)
    found = leaves([found])
    return Observation({f"results/{n}": backend.engine.numpy(one) for n, one in enumerate(found)},
                       facts={"dtype": backend.keras.backend.standardize_dtype(found[0].dtype)})


def run_ctc_decoded(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.scans.decoded_labels_are_the_most_probable`."""
    options, ops, engine = dict(request.arguments), backend.keras.ops, backend.engine
    if not hasattr(ops, "ctc_decode"):
        return Unsupported("this release of Keras has no ctc_decode")
    with moment("run"):
        try:
            labels, scores = engine.at_once(lambda scores, lengths: ops.ctc_decode(
                scores, lengths, strategy=options["strategy"], merge_repeated=options["merge"], mask_index=options["blank"],
                top_paths=options["paths"]),
                engine.tensor(options["scores"].astype("float32")), engine.tensor(options["lengths"].astype("int32")))
        except NotImplementedError as said:
            return Unsupported(f"this release of Keras declares: {said}")
    found = {"labels": engine.numpy(labels)[0], "scores": engine.numpy(scores)[:, 0]}
    if options["paths"] > 1:
        found |= {"second": engine.numpy(labels)[1], "second_scores": engine.numpy(scores)[:, 1]}
    return Observation(found)


def run_scan(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.scans.scans_of_any_length_are_loops`."""
    options, ops, engine = dict(request.arguments), backend.keras.ops, backend.engine
    if not hasattr(ops, "scan"):
        return Unsupported("this release of Keras has no scan")

    def alone(carry, now):
        carry = 0.5 * carry + now
        return carry, carry * now

    def pair(carries, now):
        carry, result = alone(carries[0], now[0])
        return (carry, carries[1]), (result, now[0])

    first, given = (engine.tensor(options[name].astype("float32")) for name in ("first", "inputs"))
    with moment("run"):
        if options["pair"]:
            (carry, _), (results, _) = ops.scan(pair, (first, first), (given, given), reverse=options["backwards"])
        else:
            carry, results = ops.scan(alone, first, given, reverse=options["backwards"])
        arrays = {"carry": engine.numpy(carry), "results": engine.numpy(results)}
        if len(given) and not options["pair"]:
            carry, results = ops.scan(lambda one, _: (0.5 * one, one * 1.0), first, None, len(given), options["backwards"])
            arrays |= {"halved": engine.numpy(carry), "halves": engine.numpy(results)}
        return Observation(arrays)


def run_mapped(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.scans.scans_of_any_length_are_loops` for steps that carry nothing."""
    ops, engine = backend.keras.ops, backend.engine
    if not hasattr(ops, "map"):
        return Unsupported("this release of Keras has no map")
    given = engine.tensor(dict(request.arguments)["inputs"].astype("float32"))
    with moment("run"):
        arrays = {"results": engine.numpy(ops.map(ops.square, given))}
        if len(given):
            arrays["products"] = engine.numpy(ops.map(lambda pair: pair[0] * pair[1], (given, 2.0 * given)))
        if not len(given):
            return Observation(arrays)
        symbol = ops.map(lambda one: one > 0, backend.keras.KerasTensor(tuple(given.shape)))
        return Observation(arrays, facts={"told": (tuple(symbol.shape), symbol.dtype)})


def run_loop(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.scans.loops_end_where_they_are_told`."""
    options, ops, engine = dict(request.arguments), backend.keras.ops, backend.engine
    first, factor = engine.tensor(np.float32(options["first"])), options["factor"]
    if not hasattr(ops, "fori_loop"):
        return Unsupported("this release of Keras has no fori_loop")
    with moment("run"):
        if options["kind"] == "numbers":
            last = ops.fori_loop(options["begins"], options["bound"], lambda n, now: factor * now + ops.cast(n, "float32"), first)
            return Observation({"last": engine.numpy(last)})
        bound = {"maximum_iterations": options["bound"]} if options["kind"] == "bounded" else {}
        if not options["several"]:
            last = ops.while_loop(lambda now: now <= options["most"], lambda now: factor * now, first, **bound)
            return Observation({"last": engine.numpy(last)})
        last, rounds = ops.while_loop(lambda now, n: now <= options["most"], lambda now, n: (factor * now, n + 1),
                                      (first, engine.tensor(np.int32(0))), **bound)
    return Observation({"last": engine.numpy(last), "rounds": engine.numpy(rounds)})


def run_pieces(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.scans.pieces_are_where_they_are_told`."""
    ops, engine = backend.keras.ops, backend.engine
    whole, rows, piece = (engine.tensor(one.astype("float32")) for one in dict(request.arguments).values())
    places = engine.tensor(np.array(case.PLACES, "int32"))

    def pieces(whole: Any, rows: Any, piece: Any, places: Any) -> dict[str, Any]:
        found = {f"apart/{n}": one for n, one in enumerate(ops.unstack(whole, axis=1))}
        found |= {f"joined/{rule}": ops.scatter_update(whole, places, rows, reduction=rule) for rule in case.RULES}
        found |= {"put": ops.scatter(places, rows, whole.shape), "taken": ops.slice(whole, case.PLACE, piece.shape),
                  "replaced": ops.slice_update(whole, case.PLACE, piece)}
        for first in (True, False):
            found[f"chosen/{first}"] = ops.cond(ops.convert_to_tensor(first), lambda: whole * 1.0, lambda: -whole)
        ways = [lambda one: one * 1.0, lambda one: -one]
        return found | {f"way/{place}": ops.switch(ops.convert_to_tensor(place), ways, whole) for place in case.WAYS}

    with moment("run"):
        found = engine.at_once(pieces, whole, rows, piece, places)
    return Observation({name: engine.numpy(one) for name, one in found.items()})
