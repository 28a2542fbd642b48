"""Models of several results, some of them without a loss: what is given for them by name and what is given in their order is the
same, however they lie in each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import equal, statement, worded
from cases.invariants.base import settled
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Refusal
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, UNITS = 5, 4, 2
NAMES = ("steps", "last", "first")
"""The results, in their order: of every step, and twice of one."""
OFFSETS = {"steps": 0.0, "last": 0.25, "first": 1.0}
"""What is added to the layer's results, so that no two are alike."""
WEIGHTS = {"steps": 0.5, "last": 3.0, "first": 0.25}
LOSSES = {"all": NAMES, "two": ("last", "first"), "one": ("first",)}
"""Which of the results have a loss, a metric and a target."""
SLACK = 256 * unit_roundoff("float32")
MADE = {"results": ("list", "list_by_name", "dict"), "losses": tuple(LOSSES), "targets": ("all", "with_losses"),
        "compiled": ("order", "names", "weights_by_name", "one_word"), "metrics": (True, False), "by_row": (False, True)}
"""results   in a list, with targets in a list or by name; or in a dictionary, as the targets then are, too
compiled  all in order, all by name; losses in order and their weights by name; one loss for all of them
by_row    rows (of the result of every step: steps) have weights, which are given as the targets are, or none; with metrics each
          is asked for without and with weights, under one name, and all are told again by weights of rows that all results share
"""
ORDERED = ("order", "weights_by_name")


def results(outputs: Any, moved: Callable[[Any, str], Any] = lambda part, name: part + OFFSETS[name]) -> dict[str, Any]:
    """Every result by its name, of the outputs (rows, steps, units) of a layer."""
    return {name: moved(part, name) for name, part in
            (("steps", outputs), ("last", outputs[:, -1]), ("first", outputs[:, 0]))}


def told(outputs: np.ndarray, targets: dict[str, np.ndarray], names: tuple[str, ...], by: dict[str, np.ndarray] | None = None,
         ) -> dict[str, float]:
    """What an evaluation is to tell: the sum of squared errors by their weights, and the absolute error of each result; where
    rows have weights, the error by these, too."""
    off = {name: results(outputs)[name] - targets[name] for name in names}
    errors = {f"{name}_mae": float(np.abs(part).mean()) for name, part in off.items()}
    if by:
        errors |= {f"{name}_weighted_mae": float(np.average(np.abs(part).mean(axis=-1), weights=by[name]))
                   for name, part in off.items()}
    squares = {name: (part**2).mean(axis=-1) * (by[name] if by else 1.0) for name, part in off.items()}
    return {"loss": sum(WEIGHTS[name] * float(part.mean()) for name, part in squares.items()), **errors}


def every(outputs: np.ndarray, targets: dict[str, np.ndarray], names: tuple[str, ...], by: dict[str, np.ndarray] | None,
          rows: np.ndarray | None) -> dict[str, float]:
    """What is told, and told again where all results share the weights of rows."""
    due = told(outputs, targets, names, by)
    if rows is None:
        return due
    column = {name: np.broadcast_to(rows[:, None], (ROWS, STEPS)) if name == "steps" else rows for name in names}
    return due | {f"shared_{name}": value for name, value in told(outputs, targets, names, column).items()}


@statement("Losses, their weights, metrics and targets of several results may be given by name or in order, for all of them or "
           "for some: the loss that is told is that of the results that have one, each metric that of its result.", MADE,
           senseless=((("results", "compiled"), lambda results, compiled: results == "dict" and compiled in ORDERED),
                      (("compiled", "losses"),
                       lambda compiled, losses: losses != "all" and compiled in ("weights_by_name", "one_word")),
                      (("results", "compiled", "losses"), lambda results, compiled, losses:  # refused, with a word
                       results != "dict" and compiled == "names" and losses != "all"),
                      (("targets", "losses"), lambda targets, losses: targets != "all" and losses == "all"),
                      (("results", "targets", "losses"), lambda results, targets, losses:  # nothing to be taken for another
                       results == "list_by_name" and targets != "all" and losses == "one"),
                      (("targets", "results", "metrics", "by_row"), lambda targets, results, metrics, by_row:  # refused: KeyError
                       targets != "all" and (results != "list" and metrics or results == "list_by_name" and by_row))),
           strength=(1, 2, 2), sparing=2, source="Keras: Model.compile(loss, loss_weights, metrics), evaluate")
def results_have_names_and_places(ask, **ways):
    layer = Layer("gru", 3, UNITS, return_state=False)
    batch = BatchPlan(ROWS, STEPS).draw(layer).but(cotangents=None)
    random = generator("named outputs")
    targets = {name: draw_values(random, part.shape) for name, part in results(np.zeros((ROWS, STEPS, UNITS))).items()}
    by = {name: random.uniform(0.5, 2.0, part.shape[:-1]) for name, part in targets.items()} if ways["by_row"] else None
    shared = by["last"] if by and ways["metrics"] else None
    names = LOSSES[ways["losses"]]
    given = tuple(name for name in NAMES if ways["targets"] == "all" or name in names)
    seen = ask(FunctionRequest("named_outputs", tuple({
        **ways, "layer": layer, "weights": draw_weights(layer), "batch": batch, "names": names,
        "targets": tuple((n, targets[n]) for n in given), "by": tuple((n, by[n]) for n in given) if by else None,
        "shared": shared}.items())))
    outputs = seen["outputs"].astype("float64")
    due = every(outputs, targets, names, by, shared)
    due = due if ways["metrics"] else {"loss": due["loss"]}
    found = [d for name, value in due.items()
             for d in compare(name, seen.arrays.get(f"told/{name}", np.array(np.nan)), np.array(value), SLACK * (1 + value))]
    if "told/shared_loss" in seen.arrays:  # the same numbers in a list, the loss first
        by_name = np.sort([value for name, value in seen.arrays.items() if name.startswith("told/shared_")])
        found += equal("listed", np.sort(seen["listed"]), by_name) + equal("first", seen["listed"][0], seen["told/shared_loss"])
    return found


PARTS = {"one": (0.25, "mse", 2.0), "two": (0.5, "mae", 0.5), "three": (1.0, "mse", 3.0)}
"""Result of one layer each -> what it adds to the inputs, its loss, the weight of that."""
NESTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "list": lambda of: [of["one"], of["two"], of["three"]],
    "list_in_list": lambda of: [of["one"], [of["two"], of["three"]]],
    "tuple_in_list": lambda of: [of["one"], (of["two"], of["three"])],
    "list_in_dict": lambda of: {"first": of["one"], "rest": [of["two"], of["three"]]},
    "dicts_in_list": lambda of: [{"first": of["one"]}, {"second": of["two"], "third": of["three"]}],
    "dict_in_dict": lambda of: {"first": of["one"], "rest": {"second": of["two"], "third": of["three"]}},
}
"""How the results of a model lie in each other."""


def loss_of(nest: str, weighted: bool, inputs: np.ndarray, targets: dict[str, np.ndarray], by: dict[str, np.ndarray]) -> float:
    """The sum of the losses of all results, or of all three losses of the first; each step by its weight."""
    total = 0.0
    for name, (_, kind, weight) in PARTS.items():
        own = "one" if nest == "several_of_one" else name
        off = inputs + PARTS[own][0] - targets[own]
        steps = (off**2 if kind == "mse" else np.abs(off)).mean(axis=-1)
        total += (steps * by[name]).mean() * (weight if weighted else 1.0)
    return float(total)


def sizes_of(inputs: np.ndarray, targets: dict[str, np.ndarray]) -> np.ndarray:
    """The mean size of what each result is off, the least first."""
    return np.sort([np.abs(inputs + offset - targets[name]).mean() for name, (offset, _, _) in PARTS.items()])


@statement("However the results of a model lie in each other, its loss is the sum over all of them by their weights, and each "
           "has its metric; so it is over several losses of one result, unless they are refused.",
           {"nest": (*NESTS, "several_of_one"), "weighted": (True, False), "rows": (5, 1), "by_step": (False, True)},
           senseless=((("nest", "by_step"), lambda nest, by_step: by_step and nest == "several_of_one"),),
           strength=(1, 2, 3), sparing=1, source="Keras: Model.compile(loss, loss_weights)")
def nested_results_add_up(ask, nest, weighted, rows, by_step):
    random = generator("nested results", nest)
    inputs, targets = draw_values(random, (rows, 3, 2)), {name: draw_values(random, (rows, 3, 2)) for name in PARTS}
    by = {name: random.uniform(0.5, 2.0, (rows, 3)) if by_step else np.ones((rows, 3)) for name in PARTS}
    arguments = {"nest": nest, "weighted": weighted, "inputs": inputs, "targets": tuple(targets.items()),
                 "by_step": tuple(by.items()) if by_step else None}
    due = loss_of(nest, weighted, inputs, targets, by)
    answer = ask.answer(FunctionRequest("nested_results", tuple(arguments.items())))
    if nest == "several_of_one" and isinstance(answer, Refusal):
        return worded(answer)
    seen = settled(answer)
    found = compare("loss", seen["loss"], np.array(due), SLACK * (1 + due))
    return found + ([] if nest == "several_of_one" else compare("metrics", seen["metrics"], sizes_of(inputs, targets), SLACK * 8))


@statement("The loss of each result is told beside their sum, whether the results have names of their own, one name, or none.",
           {"names": ("own", "one", "none"), "form": ("list", "dict")}, strength=(1, 1, 2), sparing=0,
           source="Keras: Model.evaluate, metrics_names")
def every_result_is_told(ask, names, form):
    random = generator("results of one name")
    inputs, targets = draw_values(random, (ROWS, 3)), [draw_values(random, (ROWS, 3)) for _ in range(2)]
    given = {"names": names, "form": form, "inputs": inputs, "targets": tuple(targets)}
    seen = ask(FunctionRequest("told_results", tuple(given.items())))
    losses = [np.abs(inputs + number - target).mean() for number, target in enumerate(targets)]
    return compare("told", np.sort(seen["told"].astype("float64")), np.sort([sum(losses), *losses]), SLACK * (1 + sum(losses)))
