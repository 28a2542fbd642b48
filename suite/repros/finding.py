"""What a failed check comes down to: one question whose answer is wrong, and what shows that it is.

A check may ask many questions and compare their answers in its own way. A script must be plain, so it shows one of

    an error where none is due, or none where one is due
    an array that differs from that of another question, to which the float64 reference gives the same answer
    an array that is not finite, or not zero, where it must be
    an array that differs from the equations
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.invariants.base import compare_at, mergeable, output_valid
from cases.layers import Layer
from cases.requests import Deviation, Execution, Observation, Refusal, Request, Reset, digest
from cases.tolerance import compare, expect


class NoScript(Exception):
    """No script can be made, and why."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A question and its answer, None where none came. `place`: which of the check's subjects was asked."""

    request: Any
    answer: Any = None
    place: int = 0


@dataclass(frozen=True, eq=False)
class Finding:
    """One wrong answer.

    kind        error · no error · value · dtype · shape · death
    name        of the array that is wrong, as in cases.requests
    where       all, or where alone it is looked at: valid steps, masked steps
    against     the question whose answer it must equal, or None: the equations
    padding     what the equations put at masked steps of outputs: hold or zero
    finite      whether it is enough to look for numbers that are not finite
    error       the type of the error
    tolerance   between what the subject may be off and what it was off
    """

    kind: str
    request: Request
    name: str = ""
    where: str = "all"
    against: Request | None = None
    padding: str = "hold"
    finite: bool = False
    zero: bool = False
    error: str = ""
    tolerance: float = 0.0
    place: int = 0


@dataclass(frozen=True)
class Bad:
    """An array of one answer that the reference does not agree with."""

    name: str
    where: str
    deviation: Deviation
    zero: bool = False


LAYER = {
    "cell", "features", "units", "layers", "direction", "merge", "return_sequences", "return_state", "stateful",
    "activation", "recurrent_activation", "bias", "reset_after", "implementation", "padding_output", "dropout",
    "recurrent_dropout", "dtype",
}
EXECUTION = {"kernel", "mode", "origin", "entry", "mask_from", "trainable"}
BATCH = {"inputs", "mask", "initial_states", "cotangents"}
REQUEST = {"layer", "weights", "batch", "before", "wants", "execution"}
WRITTEN = ((Layer, LAYER), (Execution, EXECUTION), (Batch, BATCH), (Request, REQUEST))
"""What scripts can say. An option beyond these that is set to anything but its default cannot be put into one."""

RANK = ("outputs", "states", "mask", "gradients", "loss")
BLUNT = {"float64": 1e-9, "float32": 1e-3}
"""The most that a script forgives where nothing but NaN or a large error was seen; for 16 bits, 0.05."""


def find(asked: Sequence[Asked], deviations: Sequence[Deviation], verdict: str) -> Finding:
    """The finding behind a failed check. Raises NoScript."""
    if not asked:
        raise NoScript("the subject was asked nothing")
    if other := next((a.request for a in asked if not isinstance(a.request, Request)), None):
        raise NoScript(f"a {type(other).__name__}: this is for questions about recurrent layers")
    for each in asked:
        writable(each.request)
    if verdict in ("crash", "timeout"):
        return Finding("death", asked[-1].request, place=asked[-1].place)
    worst = deviations[0] if deviations else Deviation("", "")
    if worst.where == "error":
        refused = next((a for a in asked if isinstance(a.answer, Refusal)), None)
        if refused is None:
            raise NoScript("the error came from no question of this check")
        behind = "gradients" in refused.request.wants and not in_the_call(refused.answer)
        return Finding("error", refused.request, "gradients/inputs" if behind else "outputs", error=refused.answer.error,
                       place=refused.place)
    named = re.match(r"[\w/]*", worst.where).group()
    if described := re.search(r": (shape|dtype) ", worst.message):
        seen = next(a for a in asked if isinstance(a.answer, Observation))
        return Finding(described.group(1), seen.request, named, place=seen.place)
    return value(asked, named)


def writable(request: Request) -> None:
    """Raises NoScript where the question has something that no script says yet."""
    earlier = [batch for batch in request.before if isinstance(batch, Batch)]
    for part in (request, request.layer, request.execution, request.batch, *earlier):
        known = next((names for kind, names in WRITTEN if isinstance(part, kind)), None)
        if known is None:
            raise NoScript(f"{type(part).__name__}: not written in scripts yet")
        for field in fields(part):
            if field.name not in known and getattr(part, field.name) != field.default:
                raise NoScript(f"{field.name}={getattr(part, field.name)!r}: not written in scripts yet")
    if request.layer.cell not in ("lstm", "gru", "simple_rnn"):
        raise NoScript(f"a {request.layer.cell}: not written in scripts yet")
    if request.execution.mask_from == "embedding":
        raise NoScript("a mask from an Embedding: not written in scripts yet")
    if other := next((each for each in request.before if not isinstance(each, (Batch, Reset))), None):
        raise NoScript(f"an earlier {type(other).__name__} call: not written in scripts yet")
    if not request.batch.inputs.size:
        raise NoScript("a batch without steps or rows: not written in scripts yet")


def in_the_call(refusal: Refusal) -> bool:
    """Whether the error came while the layer was built or called, and not from what differentiates it."""
    return "when calling" in refusal.message or refusal.moment == "build"


def value(asked: Sequence[Asked], named: str) -> Finding:
    """The smallest question with a wrong array, preferably the one that the check names."""
    seen = [a for a in asked if isinstance(a.answer, Observation)]
    if not seen:
        raise NoScript("the fault is in the words of the error, which the message tells")
    for each in seen:
        if each.request.execution.mode == "training" and (each.request.layer.dropout or each.request.layer.recurrent_dropout):
            raise NoScript("dropout draws at random in training: one run of a script shows nothing")
    wrong: list[tuple[Asked, Bad]] = []
    answered = {}
    for each in {(digest(a.request), a.place): a for a in seen}.values():
        try:
            answered[each] = expect(each.request, each.answer.facts.get("padding", "hold"))
        except ValueError as reason:
            return Finding("no error", each.request, error=str(reason), place=each.place)
        wrong += [(each, bad) for bad in bad_arrays(each, answered[each])]
    if not wrong:
        return differing(answered)
    each, bad = min(wrong, key=lambda pair: (plainness(pair[1].name, named), size(pair[0].request)))
    bad_here = {(id(a), b.name) for a, b in wrong}
    others = [a for a in answered if a is not each and a.place == each.place and (id(a), bad.name) not in bad_here]
    equal = [a for a in others if same_due(each, a, answered, bad) and derivable(each.request, a.request)]
    return made(each, bad, equal[0].request if equal and not bad.zero else None)


def plainness(name: str, named: str) -> tuple:
    """Plainer first: outputs and states before gradients, which follow from them; then what the check names."""
    kind = name.split("/")[0]
    behind = kind in ("gradients", "loss")
    return behind, name != named, RANK.index(kind)


def made(each: Asked, bad: Bad, against: Request | None) -> Finding:
    """The finding that an array of an answer is wrong."""
    deviation = bad.deviation
    finite = math.isnan(deviation.deviation) and bad.name != "mask"
    return Finding(
        "value", each.request, bad.name, bad.where, against, each.answer.facts.get("padding", "hold"), finite, bad.zero,
        tolerance=tolerance(each.request, bad.name, deviation), place=each.place,
    )


def bad_arrays(each: Asked, expected: Any) -> Iterator[Bad]:
    """The arrays of an answer that are not what the reference allows."""
    request, seen = each.request, each.answer
    valid = output_valid(request)
    for name, due in expected.items():
        if name not in seen.arrays:
            silent = name == "mask" and not seen.facts.get("carries_masks", True)
            silent = silent or name == "mask" and request.layer.merge == "none"
            if not silent and not mergeable(name, seen.arrays):
                yield Bad(name, "all", Deviation(name, f"{name}: nothing came back"))
        elif name == "mask":
            if not np.array_equal(seen[name], due.value.astype(bool)):
                yield Bad(name, "all", Deviation(name, "another mask"))
        elif name.startswith("outputs") and valid is not None:
            for where, here in (("valid", valid), ("all", np.ones_like(valid))):
                if found := compare_at(name, seen[name], due, here):
                    yield Bad(name, where, found[0])
                    break
        else:
            found = compare(name, seen[name], due.value, due.allowed)
            masked = ~request.batch.valid[:, :, None]
            if name == "gradients/inputs" and found and seen[name].shape == due.value.shape:
                if there := compare(name, np.where(masked, seen[name], 0.0), np.zeros_like(due.value), 0.0):
                    yield Bad(name, "masked", there[0], zero=True)
                    continue
            if found:
                yield Bad(name, "all", found[0])


def differing(answered: dict[Asked, Any]) -> Finding:
    """Two answers, each of which the reference allows, that differ by more than both may."""
    every = list(answered)
    for later in every[1:]:
        for earlier in every[: every.index(later)]:
            if earlier.place != later.place or not derivable(later.request, earlier.request):
                continue
            for name, due in answered[later].items():
                bad = Bad(name, "all", Deviation(name, ""))
                if name == "mask" or not same_due(later, earlier, answered, bad):
                    continue
                if name in later.answer.arrays and name in earlier.answer.arrays:
                    allowed = 2 * due.allowed.max(initial=0.0)
                    if found := compare(name, later.answer[name], earlier.answer[name], allowed):
                        return made(later, Bad(name, "all", found[0]), earlier.request)
    raise NoScript("each answer by itself is what the equations allow: only the check's own comparison shows the fault")


def same_due(each: Asked, other: Asked, answered: dict[Asked, Any], bad: Bad) -> bool:
    """Whether the reference gives the same array for two questions."""
    mine, theirs = (answered[a].get(bad.name) for a in (each, other))
    if mine is None or theirs is None or mine.value.shape != theirs.value.shape or bad.name not in other.answer.arrays:
        return False
    a, b = mine.value, theirs.value
    valid = output_valid(each.request)
    if bad.name.startswith("outputs") and valid is not None:
        a, b = (np.where(valid[:, :, None], array, 0.0) for array in (a, b))
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-12))


def derivable(request: Request, other: Request) -> bool:
    """Whether a few words make the data of `other` out of that of `request`: other content in padding, no mask that is
    all true, zeros as states, other options or another execution."""
    mine, theirs = request.batch, other.batch
    if request.before or other.before or mine.inputs.shape != theirs.inputs.shape or mine.size == 0:
        return False
    if request.weights.keys() != other.weights.keys() or any(
        not np.array_equal(request.weights[n], other.weights[n]) for n in request.weights
    ):
        return False
    if not np.array_equal(mine.valid, theirs.valid):
        return False
    valid = mine.valid[:, :, None]
    if not np.array_equal(np.where(valid, mine.inputs, 0), np.where(valid, theirs.inputs, 0)):
        return False
    zeros = {name: np.zeros((mine.size, request.layer.units)) for name in request.layer.state_keys()}
    states = [b.initial_states or zeros for b in (mine, theirs)]
    if any(not np.array_equal(states[0][name], states[1][name]) for name in zeros):
        return False
    return all(np.array_equal((theirs.cotangents or {}).get(n, v), v) for n, v in (mine.cotangents or {}).items())


def tolerance(request: Request, name: str, deviation: Deviation) -> float:
    """Between what is allowed and what was seen, in one digit: other numbers are drawn in the script."""
    most = BLUNT.get(request.layer.dtype, 0.05)
    off, allowed = deviation.deviation, deviation.allowed
    if math.isnan(off) or math.isinf(off):
        chosen = most
    elif not allowed:
        chosen = min(off / 10, most)
    else:
        chosen = max(min(math.sqrt(off * allowed), most), 2 * allowed)
    if name.startswith("gradients"):  # central differences are no better
        chosen = max(chosen, 1e-8)
    return float(f"{chosen:.0e}")


def size(request: Request) -> tuple:
    """Smaller first: fewer earlier calls, fewer numbers, fewer options."""
    numbers = request.batch.inputs.size + sum(w.size for w in request.weights.values())
    return len(request.before), numbers, len(str(request.layer)), len(str(request.execution))
