"""What the reference answers about loops of one's own, decoding, and numbers of states."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.corners_of_functions import CORNERS, WAVES
from cases.families.functions_in_one_graph import CALLS, precision
from cases.families.functions_of_tensors import SLOPES, differences
from cases.families.further_functions import FURTHER
from cases.families.numbers_of_states import STATES
from cases.families.operators import due as written_due
from cases.families.scans import pieces
from cases.function_calls import GROUPS, shares
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def run_counted_states(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError for any other number of states, and for states and masks of other shapes."""
    options = dict(request.arguments)
    rows, steps = options["inputs"].shape[:2]
    with moment("run"):
        if "mask" in options:
            given = [(one.shape, (rows, options["units"])) for one in options["states"]]
            for shape, due in [*given, *([] if options["mask"] is None else [(options["mask"].shape, (rows, steps))])]:
                if shape != due:
                    raise ValueError(f"a shape of {shape}: expected {due}")
            return Observation({"outputs": options["states"][0]})
        if options["bare"] or len(options["states"]) != STATES[options["part"]]:
            raise ValueError(f"{len(options['states'])} states: expected a list of {STATES[options['part']]}")
    return Observation({"outputs": options["states"][0]})


def run_associative_scan(backend: Any, request: FunctionRequest) -> Observation:
    """Step after step."""
    options = dict(request.arguments)
    elements = [np.moveaxis(one, options["axis"], 0)[:: -1 if options["backwards"] else 1] for one in options["elements"]]
    rows = [[one[0] for one in elements]]
    with moment("run"):
        for t in range(1, len(elements[0])):
            last, now = rows[-1], [one[t] for one in elements]
            rows.append([last[0] * now[0], now[0] * last[1] + now[1]] if len(now) == 2 else
                        [last[0] | now[0] if now[0].dtype == bool else last[0] + now[0]])
    stacked = [np.stack(one)[:: -1 if options["backwards"] else 1] for one in zip(*rows, strict=True)]
    return Observation({f"results/{n}": np.moveaxis(one, 0, options["axis"]) for n, one in enumerate(stacked)},
                       facts={"dtype": str(options["elements"][0].dtype)})


def run_ctc_decoded(backend: Any, request: FunctionRequest) -> Observation:
    """The best class at each step; or all beginnings, each with the probability that it ends in a blank or in its last label."""
    options = dict(request.arguments)
    blank, width = options["blank"] % options["scores"].shape[2], options["scores"].shape[1]
    labels, scores, others = [], [], []
    with moment("run"):
        for each, length in zip(options["scores"], options["lengths"], strict=True):
            each = each[:length]
            if options["strategy"] == "greedy":
                best = each.argmax(axis=1)
                kept = [c for t, c in enumerate(best) if c != blank and not (options["merge"] and t and best[t - 1] == c)]
                score = -each.max(axis=1).sum()
            else:
                beams = {(): (1.0, 0.0)}
                for shares in np.exp(each) / np.exp(each).sum(axis=1, keepdims=True):
                    grown: dict[tuple, tuple[float, float]] = {}
                    for prefix, (ended, going) in beams.items():
                        for c, share in enumerate(shares):
                            if c == blank:
                                parts = [(prefix, (ended + going) * share, 0.0)]
                            elif prefix and prefix[-1] == c:
                                parts = [(prefix, 0.0, going * share), ((*prefix, c), 0.0, ended * share)]
                            else:
                                parts = [((*prefix, c), 0.0, (ended + going) * share)]
                            for one, b, n in parts:
                                before = grown.get(one, (0.0, 0.0))
                                grown[one] = (before[0] + b, before[1] + n)
                    beams = grown
                kept = max(beams, key=lambda one: sum(beams[one]))
                score = np.log(sum(beams[kept]))
                other = sorted(beams, key=lambda one: sum(beams[one]))[-2:][0]
                others.append(([*other, *[-1] * (width - len(other))], np.log(sum(beams[other]))))
            labels.append([*kept, *[-1] * (width - len(kept))])
            scores.append(score)
    second = {"second": np.array([one for one, _ in others]), "second_scores": np.array([score for _, score in others])}
    return Observation({"labels": np.array(labels), "scores": np.array(scores)} | (second if options["paths"] > 1 else {}))


def run_scan(backend: Any, request: FunctionRequest) -> Observation:
    """Step after step."""
    options = dict(request.arguments)
    carry, results = options["first"], np.zeros_like(options["inputs"])
    for step in range(len(results))[:: -1 if options["backwards"] else 1]:
        carry = 0.5 * carry + options["inputs"][step]
        results[step] = carry * options["inputs"][step]
    halves = 0.5 ** np.arange(len(results) + 1.0)[:, None] * options["first"]
    return Observation({"carry": carry, "results": results, "halved": halves[-1],
                        "halves": halves[:-1][:: -1 if options["backwards"] else 1]})


def run_mapped(backend: Any, request: FunctionRequest) -> Observation:
    """Squares."""
    squares = dict(request.arguments)["inputs"] ** 2
    return Observation({"results": squares, "products": 2 * squares}, facts={"told": (squares.shape, "bool")})


def run_loop(backend: Any, request: FunctionRequest) -> Observation:
    """Round after round."""
    options = dict(request.arguments)
    now, rounds = options["first"], options["begins"] if options["kind"] == "numbers" else 0
    while rounds < options["bound"] if options["kind"] != "while" else now <= options["most"]:
        now, rounds = options["factor"] * now + (rounds if options["kind"] == "numbers" else 0), rounds + 1
    return Observation({"last": np.array(now), **({"rounds": np.array(rounds)} if options["several"] else {})})


def run_tensors(backend: Any, request: FunctionRequest) -> Observation:
    """What is due."""
    results = [call.expected() for call in {**GROUPS, **CORNERS, **WAVES, **FURTHER}[dict(request.arguments)["group"]]]
    kinds = tuple(tuple((one.shape, str(one.dtype)) for one in each) for each in results)
    return Observation({f"{way}/{number}/{n}": one for way in ("came", "graph") for number, each in enumerate(results)
                        for n, one in enumerate(each)},
                       facts={"raised": (), "told": kinds, "given": kinds})


def run_tensors_at_once(backend: Any, request: FunctionRequest) -> Observation:
    """What is due."""
    results = [(call.expected(), precision(call)) for call in CALLS]
    return Observation({f"{number}/{n}": one.astype(kind) if kind and one.dtype.kind == "f" else one
                        for number, (each, kind) in enumerate(results) for n, one in enumerate(each)},
                       facts={"raised": (), "lacking": ()})


def run_activated_entropies(backend: Any, request: FunctionRequest) -> Observation:
    """By the shares themselves."""
    options, found = dict(request.arguments), {}
    x = options["inputs"].astype("float64")
    for kind, targets in dict(options["targets"]).items():
        made = 1 / (1 + np.exp(-x)) if kind == "binary" else shares(x)
        found[kind] = {"binary": lambda t, p: -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(axis=-1),
                       "categorical": lambda t, p: -(t * np.log(p)).sum(axis=-1),
                       "sparse_categorical": lambda t, p: -np.log(np.take_along_axis(p, t[..., None], axis=-1)[..., 0])}[kind](
                           targets, made)
    return Observation(found | {f"own {kind}": one for kind, one in found.items()})


def run_operators(backend: Any, request: FunctionRequest) -> Observation:
    """What is due."""
    return Observation(written_due(), facts={"raised": ()})


def run_quantized_model(backend: Any, request: FunctionRequest) -> Observation:
    """A table that is kept in so many steps."""
    options = dict(request.arguments)
    table = np.sin(np.arange(options["words"] * 4.0)).reshape(-1, 4)
    steps = {"int8": 127, "float8": 15}.get(options["mode"], 7)
    before, after = table[options["ids"]], (np.round(table * steps) / steps)[options["ids"]]
    return Observation({"before": before, "after": after, "file": after, "configuration": after}, facts={"raised": ()})


def run_grouped_weights(backend: Any, request: FunctionRequest) -> Observation:
    """Sixteen steps from zero to the farthest weight."""
    weights = dict(request.arguments)["weights"].astype("float64")
    step = np.ptp(np.append(weights, 0.0)) / 15
    return Observation({"weights": np.round(weights / step) * step})


def run_changed_model(backend: Any, request: FunctionRequest) -> Observation:
    """A sum, and another one."""
    total = dict(request.arguments)["inputs"].sum(axis=1)
    return Observation({"before": total, "found": total + 1, "due": total + 1})


def run_stateless_call(backend: Any, request: FunctionRequest) -> Observation:
    """The same numbers twice."""
    total = dict(request.arguments)["inputs"].sum(axis=2)
    return Observation({"outputs": total, "due": total, "moved/0": total, "moved/due/0": total}, facts={
        "dtype": "float32", "due_dtype": "float32", "losses": 1, "due_losses": 1, "wrong": ()})


def run_stateless_metric(backend: Any, request: FunctionRequest) -> Observation:
    """Weighted sums over sums of weights."""
    options = dict(request.arguments)
    totals, weights = (options["values"] * options["weights"]).sum(axis=1), options["weights"].sum(axis=1)
    return Observation({"given": np.array(totals.sum() / weights.sum()), "own": np.array(totals[0] / weights[0]),
                        "begun": np.zeros(2), "copied": np.array(totals[0] / weights[0]), "steps": np.array(1.0)})


def run_names_of_no_input(backend: Any, request: FunctionRequest) -> Observation:
    """Raises KeyError."""
    with moment("run"):
        raise KeyError("expected inputs named words and tags")
def run_pieces(backend: Any, request: FunctionRequest) -> Observation:
    """Where they are told."""
    return Observation(pieces(**dict(request.arguments)))


def run_slopes(backend: Any, request: FunctionRequest) -> Observation:
    """Differences, of larger steps."""
    options = dict(request.arguments)
    return Observation({"gradients": differences(SLOPES[options["of"]], options["weights"], 1e-3)})
