"""The script of a finding: the same order for every framework. Data, layers, one call or two, the comparison."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.requests import Request, Reset
from suite.repros import equations
from suite.repros.data import Data
from suite.repros.finding import Finding, NoScript
from suite.repros.lines import ANSWERED, erring, refusal, tidy
from suite.repros.question import Question, question

MIXED = "mixed_"


def body(finding: Finding, framework: Any) -> list[str]:
    """The lines of the script, without its docstring. Raises NoScript."""
    by_hand = framework.by_hand(finding.request)
    main = question(finding.request, 0, by_hand)
    questions = [main]
    if finding.against is not None:
        shared = alike(finding.request, finding.against)
        other = question(finding.against, 0 if shared else 1)
        if shared:  # one layer and one function, called twice: it takes whatever either call gives
            wide = dict(masked=main.masked or other.masked, given_states=main.given_states or other.given_states,
                        sometimes_states=main.sometimes_states or main.given_states != other.given_states)
            main, other = (Question(q.request, q.layer, q.function, q.gradient, **wide) for q in (main, other))
        questions = [main, other]
    for q in questions:
        if reason := framework.refused(q.request):
            raise NoScript(reason)
    name = finding.name
    gradients = name == "loss" or name.startswith("gradients")
    data = Data(framework.real(finding.request.layer))
    calls = [arguments(main, batch, data) for batch in main.batches]
    if by_hand:
        calls = [re.sub("None$", "carried", call) for call in calls]
    expected_call = None
    if finding.against is not None:
        expected_call = arguments(questions[1], finding.against.batch, data, like=(main, calls[-1]))
    if gradients:
        if finding.request.batch.cotangents is None:
            raise NoScript("the check asked for gradients of no loss")
        data.lines += cotangents(finding.request)
    lines = [*framework.head(finding.request, gradients and name != "loss", questions), "", *data.lines, ""]
    risky: list[str] = []  # what may raise the error that is shown
    functions = list({q.layer: q for q in questions}.values())
    for number, q in enumerate(functions):
        risky += framework.build(q, functions[0].layer if number else None, finding.kind not in ("error", "no error"))
    single = None
    for q in functions:
        function = framework.function(q)
        traced = framework.traced(q.request) and name != "mask"
        if len(calls) == len(questions) == 1 and not gradients and not traced:
            single = inlined(function, f"{q.function}({calls[0]})")
        if not single:
            risky += ["", *function, ""]
        if traced and not gradients:
            risky += framework.compiled(q)
    if gradients:
        risky += [*framework.weighted(), ""]
        for q in functions:
            risky += [*framework.gradient(q, name if finding.kind == "value" else "gradients/inputs"), ""]
    risky += before(main, calls[:-1], framework, by_hand)
    call = single or f"{main.gradient if gradients else main.function}({calls[-1]})"
    if finding.kind in ("error", "no error", "death"):
        return tidy([*lines, *ended(finding, risky, call)])
    lines += risky
    layer = finding.request.layer
    if name == "mask":
        flipped = "[:, ::-1]" if layer.direction == "backward" and layer.layers % 2 else ""
        return tidy([*lines, f"results = {call}", *framework.passed_mask(main), f"expected = mask{flipped}",
                     'print("expected", expected.astype(int).tolist())',
                     'print("found   ", None if found is None else found.astype(int).tolist())',
                     "sys.exit(int(found is None or not np.array_equal(found, expected)))"])
    if finding.kind in ("dtype", "shape"):
        return tidy([*lines, f"results = {call}", *described(finding, main, framework)])
    if gradients:
        lines.append(f"found = {call}")
    else:
        lines += [f"results = {call}", f"found = {framework.numpy(framework.result(main, name), layer)}"]
    if finding.zero:
        lines += [f"found = found[~{main_mask(calls[-1])}]", "expected = np.zeros_like(found)"]
    elif finding.against is not None:
        other = questions[1]
        if gradients:
            lines.append(f"expected = {other.gradient}({expected_call})")
        else:
            lines += [f"results = {other.function}({expected_call})",
                      f"expected = {framework.numpy(framework.result(other, name), finding.against.layer)}"]
    elif finding.finite:
        lines += ["wrong = ~np.isfinite(found)", 'print("expected finite numbers")',
                  'print("found   ", found[wrong][:5], f"({wrong.sum()} of {wrong.size} are not finite)")',
                  "sys.exit(int(wrong.any()))"]
        return tidy(lines)
    else:
        lines += by_equations(finding, main, calls, framework)
    wrong = "found != 0" if finding.zero else f"~(np.abs(found - expected) <= {finding.tolerance:g})"
    lines.append(f"wrong = {wrong}")
    masked = finding.request.batch.mask is not None and layer.return_sequences
    if finding.where == "valid" and masked and not finding.zero:
        flipped = "[:, ::-1]" if layer.direction == "backward" and layer.layers % 2 else ""
        lines.append(f"wrong &= {main_mask(calls[-1])}{flipped}[..., None]  # valid steps alone")
    lines += ['print("expected", expected[wrong][:5])',
              'print("found   ", found[wrong][:5], f"({wrong.sum()} of {wrong.size} are wrong)")',
              "sys.exit(int(wrong.any()))"]
    return tidy(lines)


def alike(one: Request, other: Request) -> bool:
    """Whether two requests are calls of one layer, run in one way."""
    return one.layer == other.layer and one.execution == other.execution


def arguments(q: Question, batch: Batch, data: Data, like: tuple[Question, str] | None = None) -> str:
    """The arguments of a call, by name; their data is made on the way."""
    mask = data.mask(batch)
    base = like[1].split(", ")[0] if like else None
    where = mask or (main_mask(like[1]) if like and like[0].masked else None)
    given = [data.inputs(batch, where if where != "None" else None, base)]
    if q.masked:
        given.append(mask or "None")
    if q.given_states:
        given.append(data.states(batch, q.request.layer.state_keys()) or "None")
    return ", ".join(given)


def main_mask(call: str) -> str:
    """The mask among the arguments of a call."""
    return call.split(", ")[1]


def before(q: Question, calls: Sequence[str], framework: Any, by_hand: bool) -> list[str]:
    """The calls and resets that come first."""
    lines, number = ["carried = None"] * by_hand, 0
    for one in q.request.before:
        if isinstance(one, Reset):
            lines += ["carried = None"] if by_hand else framework.reset(q)
        else:
            call = f"{q.function}({calls[number]})"
            lines.append(f"carried = [s.detach() for s in {call}[1:]]" if by_hand else call)
            number += 1
    return lines


def cotangents(request: Request) -> list[str]:
    """`cotangents`: what each result is weighted with in the loss, zero where it is so in the request."""
    made, layer = [], request.layer
    order = layer.result_names
    for name in order:
        array = request.batch.cotangents[name]
        drawn = f"draw({', '.join(map(str, array.shape))})"
        kept = np.any(array != 0, axis=-1)
        if kept.all():
            made.append(drawn)
        elif not kept.any():
            made.append(f"0 * {drawn}")
        elif array.ndim == 3 and request.batch.mask is not None and np.array_equal(kept, request.batch.mask):
            made.append(f"{drawn} * mask[..., None]")
        elif array.ndim == 3 and request.batch.mask is not None and np.array_equal(kept, request.batch.mask[:, ::-1]):
            made.append(f"{drawn} * mask[:, ::-1, None]")
        else:
            made.append(f"{drawn} * np.array({kept.astype(int).tolist()}, 'int8')[..., None]".replace("'", '"'))
    return ["cotangents = [", *(f"    {one}," for one in made), "]"]


def ended(finding: Finding, risky: list[str], call: str) -> list[str]:
    """The call in `try`, or as it is where it ends the process."""
    if finding.kind == "death":
        return [*risky, call, ANSWERED]
    asked = [*risky, f"results = {call}"]
    return refusal(asked, finding.error) if finding.kind == "no error" else erring(asked, finding.error)


def described(finding: Finding, q: Question, framework: Any) -> list[str]:
    """The comparison of a dtype or of a shape."""
    layer, batch = finding.request.layer, finding.request.batch
    result = framework.result(q, finding.name)
    if finding.kind == "dtype":
        lines = [f'found, expected = {framework.dtype(result)}, "{layer.dtype.removeprefix(MIXED)}"']
    else:
        width = layer.units if layer.merge == "none" and layer.direction == "bidirectional" else layer.width
        outputs = (batch.size, batch.time, width) if layer.return_sequences else (batch.size, width)
        due = outputs if finding.name.startswith("outputs") else (batch.size, layer.units)
        lines = [f"found, expected = tuple({result}.shape), {due}"]
    return [*lines, f'print("expected {finding.name} of {finding.kind}", expected)', 'print("found   ", found)',
            "sys.exit(int(found != expected))"]


def by_equations(finding: Finding, q: Question, calls: Sequence[str], framework: Any) -> list[str]:
    """`expected`, from the equations in float64."""
    request = finding.request
    layer = request.layer
    if request.batch.time == 0:
        raise NoScript("a sequence without steps: not written in scripts yet")
    zeros = f"[np.zeros(({request.batch.size}, {layer.units}))] * {len(layer.state_keys())}"
    written = equations.written(layer, q.masked, finding.padding, framework.convention)
    lines = ["", "# the equations, in float64", framework.weights(q), *written, ""]
    states = zeros
    if layer.stateful and request.before:
        lines.append(f"carried = {zeros}")
        states, number = "carried", 0
        for one in request.before:
            if isinstance(one, Reset):
                lines.append(f"carried = {zeros}")
                continue
            x, mask, own = split(q, calls[number])
            given = f"{clean(x, mask)}, {mask}, {own or 'carried'}"
            lines.append(f"carried = equations({given})[{len(layer.output_names)}:]")
            number += 1
    x, mask, own = split(q, calls[-1])
    order = [*layer.output_names, *(f"states/{key}" for key in layer.state_keys())]
    if finding.name in order:
        return [*lines, f"expected = equations({clean(x, mask)}, {mask}, {own or states})[{order.index(finding.name)}]"]
    lines += [f"x64 = np.float64({clean(x, mask)})",
              f"states64 = [np.float64(s) for s in {own}]" if own else f"states64 = {states}",
              "def loss():",
              f"    return sum((r * k).sum() for r, k in zip(equations(x64, {mask}, states64), cotangents))"]
    if finding.name == "loss":
        return [*lines, "expected = loss()", "found, expected = np.atleast_1d(found), np.atleast_1d(expected)"]
    kind, _, rest = finding.name.removeprefix("gradients/").partition("/")
    at = layer.state_keys().index(rest) if kind == "states" else 0
    array = {"inputs": "x64", "states": f"states64[{at}]"}.get(kind) or f"w[{framework.weight_index(layer, rest)}]"
    return [*lines, f"a = {array}", "expected = np.zeros_like(a)",
            "for i in np.ndindex(a.shape):  # central differences", "    here = a[i]", "    a[i] = here + 1e-5",
            "    more = loss()", "    a[i] = here - 1e-5",
            "    expected[i] = (more - loss()) / 2e-5", "    a[i] = here"]


def split(q: Question, call: str) -> tuple[str, str, str | None]:
    """x, mask and states of a call; the mask is `None` where there is none."""
    given = dict(zip(q.parameters, call.split(", "), strict=True))
    states = given.get("states")
    return given["x"], given.get("mask", "None"), None if states in ("None", "carried") else states


def clean(x: str, mask: str) -> str:
    """The inputs, zero where nothing may be read."""
    return x if mask == "None" else f"np.where({mask}[..., None], {x}, 0)"


def inlined(function: list[str], call: str) -> str | None:
    """What a function of one line returns, where it is called with arguments of its parameters' names; else None."""
    if len(function) == 2 and function[0] == f"def {call}:" and function[1].startswith("    return "):
        return function[1].removeprefix("    return ")
    return None
