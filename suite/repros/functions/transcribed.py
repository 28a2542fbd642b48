"""Scripts of questions that nobody has put in words: the lines that ask them, cut out of the adapter, the numbers as they were
given, and the number that is wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Refusal, digest
from suite.backends import BACKENDS
from suite.repros.cut import Bare, Cut, read
from suite.repros.finding import Asked, NoScript
from suite.repros.functions.told import Told, head, whole
from suite.repros.lines import folded, refusal
from suite.subjects.worker import kind_of

TABLES = {"torch": "suite.backends.pytorch_probes", "keras": "suite.backends.keras_probes"}
"""Framework -> the module whose `PROBES` say which function asks a question."""
MOST_LINES, MOST_NUMBERS = 160, 1000
"""A script of more is of no use in an issue."""
TO_NUMPY = {
    "torch": "lambda t: np.array(t.detach().float() if t.dtype == torch.bfloat16 else t.detach())",
    "tensorflow": "lambda t: np.array(keras.ops.convert_to_numpy(t))", "jax": "lambda t: np.array(t)",
}
"""Engine -> what makes an array of a tensor of it."""
MODULES = {"torch": ("torch", "torch"), "tensorflow": ("tf", "tensorflow"), "jax": ("jax", "jax")}
"""Engine -> its framework, as the adapter calls it, and as it is imported."""
CLASSES = {"torch": "Torch", "tensorflow": "TensorFlow", "jax": "Jax"}
"""Engine -> its class in `suite.backends.keras_engines`."""
METHODS = ("differentiate", "at_once", "step_by_step")
"""What of these classes is cut out where it is used."""
ENGINE = {"name", "numpy", "tensor", "plain", "hasten", "keras", "device", *METHODS}
BACKEND = {"keras", "torch", "engine", "engine_name", "device", "place"}
"""What a script's own `engine` and `backend` have."""
Again = Callable[[Sequence[Asked]], Sequence[Deviation]]
"""What a check says of other answers."""
SHAKEN = 3e-7
"""How much larger other numbers are made, to see whether what is due follows from them: little for a tolerance, but no rounding
error of float32."""
GIVEN = ("Observation", "moment", "Unsupported", "FunctionRequest")
FOUND = re.compile(r"(?:at \((?P<at>[^)]*)\)|\[(?P<index>[^\]]*)\]:|:) found (?P<found>\S+?), "
                   r"expected (?P<due>\S+?)(?:,|;| \(|$)")
SHAPES = re.compile(r"found shape (?P<found>\([^)]*\)), expected (?P<due>\([^)]*\))")


@cache
def probes(framework: str) -> Mapping[str, tuple[str, str]]:
    """Name of a question -> the module and the function that ask it."""
    table = read(TABLES[framework])
    rows = table.defined["PROBES"].value
    return {key.value: table.imported[value.id] for key, value in zip(rows.keys, rows.values, strict=True)
            if isinstance(value, ast.Name) and value.id in table.imported}


def as_asked(
    asked: Sequence[Asked], deviations: Sequence[Deviation], verdict: str, backend: str, again: Again,
) -> list[str]:
    """The lines for the question to which the wrong answer came. Raises NoScript, with the reason."""
    deviation = deviations[0] if deviations else Deviation("", "")
    refusals = [each for each in asked if isinstance(each.answer, Refusal)]
    answered = [each for each in asked if isinstance(each.answer, Observation)]
    if verdict in ("crash", "timeout"):
        return written(asked[-1], deviations, verdict, backend, [])
    if deviation.where == "error" and not refusals and answered:
        return written(answered[-1], deviations, verdict, backend, None)
    if deviation.where == "error" and refusals:
        return written(refusals[0], deviations, verdict, backend, [])
    reason = NoScript(f"{asked[0].request.name}: what is wrong is not one number of an answer that is due whatever else comes")
    for each in reversed(answered):
        for name, index, then in shown(deviation, each.answer.arrays):
            try:
                if stands(deviation, name, index, each, asked, again):
                    return written(each, deviations, verdict, backend, then)
                if other := beside(deviation, name, index, each, asked, again):
                    first = f"{then[0].rpartition(', ')[0]}, {other}"
                    return written(each, deviations, verdict, backend, [first, *then[1:]])
            except NoScript as one:
                reason = one
    raise reason


@cache
def reference() -> Any:
    """What is right, of whatever is asked."""
    return kind_of(BACKENDS["reference"])()


def stands(
    deviation: Deviation, name: str, index: tuple[int, ...], each: Asked, asked: Sequence[Asked], again: Again,
) -> bool:
    """Whether what is due there is due whatever else was answered: the reference answers it too, where it can, and asked `again`,
    with all other numbers a little larger, the check says the same of it. Of an array that is compared bit for bit all numbers
    stay."""
    right = reference().observe(each.request)
    if isinstance(right, Observation) and not agrees(right, deviation, name, index):
        return False

    def shaken(one: Asked, array: np.ndarray, mine: bool) -> np.ndarray:
        array = np.asarray(array)
        if array.dtype.kind != "f" or mine and "found" in deviation.message.partition("at (")[2]:
            return array
        moved = np.array(array.astype("float64") * (1 + SHAKEN))
        if mine:
            moved[index] = array[index]
        return moved

    others = [
        replace(one, answer=replace(one.answer, arrays={
            key: shaken(one, array, one is each and key == name) for key, array in one.answer.arrays.items()}))
        if isinstance(one.answer, Observation) else one for one in asked
    ]
    return any(same(d, deviation) for d in again(others))


def agrees(right: Observation, deviation: Deviation, name: str, index: tuple[int, ...]) -> bool:
    """Whether in the right answer there is what is due."""
    if name not in right.arrays:
        return False
    if shapes := SHAPES.search(deviation.message):
        return str(np.shape(right[name])) == shapes["due"]
    return is_there(right[name], index, FOUND.search(deviation.message)["due"])


def same(one: Deviation, other: Deviation) -> bool:
    """Whether two deviations are, to the last digit."""
    return (one.where, one.message, repr(one.deviation)) == (other.where, other.message, repr(other.deviation))


def beside(
    deviation: Deviation, name: str, index: tuple[int, ...], each: Asked, asked: Sequence[Asked], again: Again,
) -> str:
    """The number of the same answer that is due there: what the check says changes with it. Nothing where there is none."""
    due, right = FOUND.search(deviation.message), reference().observe(each.request)
    there = right.arrays if isinstance(right, Observation) else each.answer.arrays
    for other, array in each.answer.arrays.items():
        if (due is not None and other != name and np.asarray(array).dtype.kind == "f" and is_there(array, index, due["due"])
                and all(np.shape(there.get(one)) == np.shape(each.answer[one]) for one in (name, other))):
            arrays = {**each.answer.arrays, other: np.array(np.asarray(array, "float64") * (1 + SHAKEN))}
            moved = [replace(one, answer=replace(one.answer, arrays=arrays)) if one is each else one for one in asked]
            if not any(same(d, deviation) for d in again(moved)):
                return f"np.asarray(answer[{other!r}]){at(index)}"
    return ""


def at(index: tuple[int, ...]) -> str:
    """A place in an array."""
    return f"[{', '.join(map(str, index))}]" if index else ""


def shown(deviation: Deviation, arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, tuple[int, ...], list[str]]]:
    """For each array in which a deviation may have found its number, or its shape: name, place, and the lines that compare it."""
    names = sorted(arrays, key=lambda name: (name != deviation.where, not name.endswith(deviation.where), len(name)))
    if told := SHAPES.search(deviation.message):
        for name in names:
            if str(np.shape(arrays[name])) == told["found"]:
                yield name, (), [f"found, expected = np.shape(answer[{name!r}]), {told['due']}", 'print("expected", expected)',
                       'print("found   ", found)', "sys.exit(int(found != expected))"]
    if told := FOUND.search(deviation.message):
        index = tuple(map(int, re.findall(r"-?\d+", told["at"] or told["index"] or "")))
        for name in names:
            if is_there(arrays[name], index, told["found"]):
                yield name, index, [f"found, expected = np.asarray(answer[{name!r}]){at(index)}, {number(told['due'])}",
                       'print("expected", expected)', 'print("found   ", found)',
                       "sys.exit(int(not abs(float(found) - float(expected)) <= TOLERANCE))"]


def is_there(array: np.ndarray, index: tuple[int, ...], told: str) -> bool:
    """Whether an array has this number at this place, as nearly as it was told."""
    array = np.asarray(array)
    if array.ndim != len(index) or any(not 0 <= i < n for i, n in zip(index, array.shape, strict=True)):
        return False
    try:
        seen, due = float(array[index]), float(number(told))
    except ValueError:  # words
        return False
    return seen == due or seen != seen and due != due or bool(np.isclose(seen, due, rtol=2e-3, atol=0))


def number(told: str) -> str:
    """A number of a message, as Python writes it."""
    return {"True": "1", "False": "0"}.get(told, f'float("{told}")' if told in ("nan", "inf", "-inf") else told)


def written(
    each: Asked, deviations: Sequence[Deviation], verdict: str, backend: str, then: list[str] | None,
) -> list[str]:
    """The lines that ask this question, and `then` compare; None: where an error is due. Raises NoScript, where they would be
    many, or need what a script has not."""
    told = Told(each.request, each.answer, tuple(deviations), verdict, backend, (each,))
    first, answer = asking(each.request, backend)
    asked = [f"answer = {answer}"]
    if then is None:
        lines = [*first, "", *refusal(asked, told.worst.message)]
    else:
        tolerance = told.tolerance
        lines = whole(told, first, asked, [line.replace("TOLERANCE", tolerance) for line in then])
    if len(lines) > MOST_LINES:
        raise NoScript(f"{each.request.name}: the lines that ask it are {len(lines)}, too many for a script")
    return lines


def asking(request: FunctionRequest, backend: str) -> tuple[list[str], str]:
    """The lines up to the question, and the expression that is its answer: arrays by name."""
    keras, engine = backend != "torch", backend.removeprefix("keras-")
    place = probes("keras" if keras else "torch").get(request.name)
    if place is None:
        raise NoScript(f"{request.name}: not written in scripts yet")
    cut = Cut(GIVEN)
    cut.take(*place, dict(request.arguments))
    literal = Literal(cut)
    arguments = [f"    {key!r}: {literal.of(value)}," for key, value in request.arguments]
    text = "\n".join(cut.lines())
    if re.search(r"\b(?:suite|cases)\.", text):
        raise NoScript(f"{request.name}: the lines that ask it need this project")
    of_engine = cut.attributes("engine", "backend.engine")
    if lacking := of_engine - ENGINE - {MODULES[engine][0]} | cut.attributes("backend") - BACKEND:
        raise NoScript(f"{request.name}: the lines that ask it need the adapter's {', '.join(sorted(lacking))}")
    methods_used = methods(engine, of_engine) if keras else []
    there = {"import numpy as np", "import torch", "import keras", "import sys", "import os"}
    imports = sorted({*cut.imports.values(), "import random", "from types import SimpleNamespace",
                      *["import contextlib"] * bool(re.search(r"\bmoment\b", text)),
                      *["import functools"] * bool(methods_used)} - there, key=lambda line: (line.startswith("from"), line))
    seed = int(digest(request)[:8], 16)
    return [
        *head(backend, *([f"import {MODULES[engine][1]}"] if keras else []), *imports), "",
        *stubs(text, engine, keras), *methods_used, *cut.lines(), "",
        f"random.seed({seed}), np.random.seed({seed})" + (f", torch.manual_seed({seed})" if engine == "torch" else ""),
        "arguments = {", *(line for one in arguments for line in folded(one)), "}",
        f"request = SimpleNamespace(name={request.name!r}, arguments=tuple(arguments.items()))",
    ], f"{place[1]}(backend, request).arrays"


def methods(engine: str, used: set[str]) -> list[str]:
    """What the adapter does by itself with this engine, of what is `used`."""
    source = read("suite.backends.keras_engines")
    lines = []
    for name in METHODS:
        if name in used:
            of = [node for kind in (CLASSES[engine], "Engine") for node in source.defined[kind].body
                  if isinstance(node, ast.FunctionDef) and node.name == name]
            lines += ["", *ast.unparse(Bare(source, lambda module, name: name).visit(of[0])).splitlines(), "",
                      f"engine.{name} = functools.partial({name}, engine)"]
    return lines


def stubs(text: str, engine: str, keras: bool) -> list[str]:
    """What of this project stands in a script by other, shorter lines, as far as it is used."""
    def used(name: str) -> bool:
        return re.search(rf"\b{name}\b", text) is not None

    lines = ["moment = lambda name: contextlib.nullcontext()"] * used("moment")
    lines += ['Observation = lambda arrays, kernel="", facts={}, **more: SimpleNamespace(arrays=arrays, facts=facts)']
    lines += ["Unsupported = lambda reason, **more: sys.exit(reason)"] * used("Unsupported")
    if not keras:
        return [*lines, 'backend = SimpleNamespace(torch=torch, device="cpu", place="cpu")']
    if not used("engine"):
        return [*lines, f'backend = SimpleNamespace(keras=keras, engine_name="{engine}", device="cpu", place="cpu")']
    plain = {"torch": '"auto"', "jax": '"auto"', "tensorflow": "False"}[engine]
    known, imported = MODULES[engine]
    lines.append(f'engine = SimpleNamespace(name="{engine}", keras=keras, {known}={imported}, plain={plain}, device="cpu")')
    lines += ["engine.hasten = lambda *given: None"] * used("hasten")
    lines += [f"engine.numpy = {TO_NUMPY[engine]}"] * used("numpy")
    lines += ["engine.tensor = lambda a: keras.ops.convert_to_tensor(np.array(a))"] * used("tensor")
    return [*lines, f'backend = SimpleNamespace(keras=keras, engine=engine, engine_name="{engine}", device="cpu", place="cpu")']


class Literal:
    """Values as Python writes them; what they are made of is cut out too."""

    def __init__(self, cut: Cut):
        self.cut, self.numbers = cut, 0

    def of(self, value: Any) -> str:
        """Raises NoScript, where there are too many numbers, or a thing that cannot be written."""
        if isinstance(value, np.ndarray):
            self.numbers += value.size
            if self.numbers > MOST_NUMBERS:
                raise NoScript("the question holds too many numbers for a script")
            listed = value.tolist() if value.dtype != "float32" else np.array([float(str(v)) for v in value.flat]).reshape(
                value.shape).tolist()
            return f'np.array({self.of(listed)}, "{value.dtype}")' + f".reshape{value.shape}" * (not value.size)
        if isinstance(value, (list, tuple, Mapping)) or is_dataclass(value):
            return self.listed(value)
        if isinstance(value, (float, np.floating)) and not np.isfinite(value):
            return f'float("{float(value)}")'
        if isinstance(value, np.generic):
            return repr(value.item())
        if value is None or isinstance(value, (bool, int, float, str, bytes)):
            return repr(value)
        raise NoScript(f"the question holds a {type(value).__name__}, which cannot be written")

    def listed(self, value: Any) -> str:
        """Of something that has parts."""
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{self.of(key)}: {self.of(one)}" for key, one in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self.of, value)) + "]"
        if isinstance(value, tuple):
            return "(" + "".join(f"{self.of(one)}, " for one in value).removesuffix(" " if len(value) == 1 else ", ") + ")"
        self.cut.take(type(value).__module__, type(value).__name__)
        given = (f"{f.name}={self.of(getattr(value, f.name))}" for f in fields(value) if f.init)
        return f"{type(value).__name__}({', '.join(given)})"
