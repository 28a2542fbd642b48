"""Functions of tensors, of which cells, losses and layers of one's own are made: each gives what NumPy gives, and tells its shape
and dtype beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cases.differences import gradient
from cases.families.base import statement
from cases.function_calls import CHEAP, GROUPS, Call, M, X, Z
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

SLACK = 64 * unit_roundoff("float32")


@statement("A function of tensors gives what NumPy's gives, of numbers, whole numbers and truth values, along each axis, of that "
           "shape and kind of numbers; of symbols it tells what comes, of any batch, and a graph of it gives the same.",
           {"group": tuple(GROUPS)}, dear={"group": tuple(group for group in GROUPS if group not in CHEAP)},
           source="Keras: ops; NumPy")
def functions_of_tensors_are_numpys(ask, group) -> list[Deviation]:
    return asked(ask, group, GROUPS[group])


def asked(ask, group: str, calls: Sequence[Call]) -> list[Deviation]:
    """Where the calls of a group do not give what is due, at once, in a graph, or told beforehand."""
    given = tuple((each.function, each.arguments, dict(each.options), each.told, each.arrays) for each in calls)
    seen = ask(FunctionRequest("tensors", (("group", group), ("calls", given))))
    raised, found = dict(seen.facts["raised"]), []
    for number, call in enumerate(calls):
        options = ", ".join(f"{n}={'array' if isinstance(v, np.ndarray) else v}" for n, v in call.options.items())
        words = f"{number}/{call.function}({', '.join((of(call.arguments[0]), options)) if options else of(call.arguments[0])})"
        for way in ("came", "graph") if call.told and f"came/{number}" not in raised else ("came",):
            if error := raised.get(f"{'told' if way == 'graph' else way}/{number}"):
                found.append(Deviation(words, f"{words}{', of symbols' if way == 'graph' else ''}: {error}"))
            else:
                found += differing(f"{words}, of symbols" if way == "graph" else words, seen.named(f"{way}/{number}"), call)
        told, given = seen.facts["told"][number], seen.facts["given"][number]
        kinds = ["bool" if one.dtype.kind == "b" else "float" if one.dtype.kind == "f" else "int" for one in call.expected()]
        found += [Deviation(words, f"{words}: of {dtype}, expected {kind}")
                  for (_, dtype), kind in zip(given, kinds, strict=False) if kind not in dtype]
        if call.told and f"told/{number}" not in raised and told != given:
            found.append(Deviation(words, f"{words}: told {told} beforehand, {given} came"))
    return found


def differing(words: str, came: Mapping[str, np.ndarray], call: Call) -> list[Deviation]:
    """Where the results are not what is due."""
    due = call.expected()
    if len(came) != len(due):
        return [Deviation(words, f"{words}: {len(came)} results, expected {len(due)}")]
    found = []
    for each, right in zip(came.values(), due, strict=True):
        if each.shape != right.shape:
            found.append(Deviation(words, f"{words}: found shape {each.shape}, expected {right.shape}"))
        else:
            wide = right.astype("float64")
            allowed = SLACK * np.maximum(1.0, np.abs(wide)) * (right.dtype.kind == "f")
            found += compare(words, call.read(each).astype("float64"), wide, allowed)
    return found


SLOPES: Mapping[str, Call] = {
    "written": next(call for call in GROUPS["picked"] if call.function == "slice_update"),
    "multiplied": Call("cumprod", (Z,), {"axis": 1}),
    "log_added": Call("logaddexp", (X, np.where(M, X, -X))),
    "picked": Call("take", (X, np.array([0, -1, 0], "int32")), {"axis": 1}), "sorted": Call("sort", (X,), {"axis": 1}),
    "divided": next(call for call in GROUPS["products"] if call.function == "divide_no_nan"),
    "bent": Call("celu", (Z,), due=lambda x: np.where(x > 0, x, np.expm1(x))), "hill": Call("sinc", (Z,)),
    "bent_too": Call("elu", (Z,), due=lambda x: np.where(x > 0, x, np.expm1(x))),
    "gated": Call("silu", (Z,), due=lambda x: x / (1 + np.exp(-x))),
}
NUDGE = 1e-4


@statement("The gradient of a function of tensors, through what is written into one too, of products with zeros, and at zero "
           "where it is smooth there, is that of NumPy's.", {"of": tuple(SLOPES)},
           usual={"of": ("written", "multiplied", "log_added", "divided", "bent", "hill")},
           strength=(1, 1, 1),
           source="Keras: ops; differences of NumPy")
def gradients_of_functions_are_differences(ask, of) -> list[Deviation]:
    call = SLOPES[of]
    weights = generator("slopes", of).uniform(0.5, 1.5, call.expected()[0].shape)
    due = differences(call, weights, NUDGE)
    seen = ask(FunctionRequest("slopes", (("of", of), ("function", call.function), ("arguments", call.arguments),
                                          ("options", dict(call.options)), ("weights", weights))))
    return compare("gradients", seen["gradients"], due, 1e-3 * np.maximum(1.0, np.abs(due)))


def differences(call: Call, weights: np.ndarray, nudge: float) -> np.ndarray:
    """The gradient of a call's results, weighed and added up, by its first argument: of steps of `nudge` to either side."""
    def value(x: np.ndarray) -> float:
        return float((replace(call, arguments=(x, *call.arguments[1:])).expected()[0] * weights).sum())

    return gradient(value, call.arguments[0].astype("float64"), nudge)


def of(argument: Any) -> str:
    """The kind of an argument in words."""
    kinds = {"f": "numbers", "i": "whole numbers", "b": "truth values"}
    return kinds[argument.dtype.kind] if isinstance(argument, np.ndarray) else "several"
