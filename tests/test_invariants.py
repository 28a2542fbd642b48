"""Each invariant is one sentence, has a name of its own, and can fail: shown on subjects that are wrong on purpose."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from planted import InProcess

from cases.arrays import cases
from cases.invariants import INVARIANTS
from cases.invariants.base import REGISTRY, invariant
from cases.invariants.ragged import padded
from cases.models import FunctionRequest
from cases.plan import planned
from cases.requests import Observation, Refusal, Request, Unsupported
from suite.backends.reference import Reference
from suite.subjects.interpreter import Died, TimedOut
from suite.verdicts import judge


class Wrong:
    """Answers as the reference does, and changes what it says. Nothing is remembered: each answer is made anew."""

    seconds, broken, absent = 0.0, None, None

    def __init__(self):
        self.reference, self.random = Reference(), np.random.default_rng(0)

    def answer(self, request: Request | FunctionRequest) -> Observation | Refusal:
        if isinstance(request, FunctionRequest) and request.name in ("pad_sequences", "pad_sequence", "pack_unpack"):
            return self.changed(padded_in_some_way(**dict(request.arguments)))
        seen = self.reference.observe(self.understood(request) if isinstance(request, Request) else request)
        return self.changed(seen) if isinstance(seen, Observation) else seen

    def understood(self, request: Request) -> Request:
        return request

    def changed(self, seen: Observation) -> Observation:
        return replace(seen, arrays={name: self.array(name, array) for name, array in seen.arrays.items()})

    def array(self, name: str, array: np.ndarray) -> np.ndarray:
        return array


def padded_in_some_way(sequences, **options) -> Observation:
    """What the framework's helpers give when nothing is asked of them."""
    lengths = np.array([len(one) for one in sequences])
    return Observation({"result": padded(sequences, max(lengths), 0.0, front=False), "lengths": lengths})


class Noisy(Wrong):
    """Adds noise to every array, other noise each time; masks are inverted."""

    def array(self, name, array):
        if array.dtype == bool:
            return ~array
        return array + self.random.normal(size=array.shape).astype(array.dtype)


class Silent(Wrong):
    """Says zero, whatever is asked."""

    def array(self, name, array):
        return np.zeros_like(array)


class NotANumber(Wrong):
    """Says NaN, whatever is asked."""

    def array(self, name, array):
        return array if array.dtype == bool else array * np.nan


class Transposed(Wrong):
    """Has the last axis first."""

    def array(self, name, array):
        return np.moveaxis(array, -1, 0) if array.ndim else array


class Narrow(Wrong):
    """Gives float16."""

    def array(self, name, array):
        return array.astype("float16")


class Unmasked(Wrong):
    """Does not see the mask."""

    def understood(self, request):
        return request.but(batch=request.batch.but(mask=None))


class Raising(Wrong):
    """Raises an error in the framework's name."""

    def answer(self, request):
        return Refusal("ValueError", "no, thank you", "run")


class Declining(Wrong):
    """Declares that it cannot be asked."""

    def answer(self, request):
        return Unsupported("it was not built for this")


class Careless(Wrong):
    """Takes whatever it is given."""

    def answer(self, request):
        return Observation({"outputs": np.zeros((2, 2))})


class Undropped(Wrong):
    """Drops nothing, and answers in training with what inference gives."""

    def understood(self, request):
        layer = request.layer.but(dropout=0.0, recurrent_dropout=0.0)
        return request.but(layer=layer, execution=request.execution.but(mode="inference"))


class Overdropping(Undropped):
    """Sets every other feature and state to zero, in training and in inference, other ones each time."""

    def array(self, name, array):
        return array * (self.random.random(array.shape) < 0.7)


class Forgotten(Undropped):
    """Says that no input has a gradient, so that all seem dropped, in every call and direction."""

    def array(self, name, array):
        return array * 0 if name == "gradients/inputs" else array


WRONG = (Noisy, Silent, NotANumber, Transposed, Narrow, Unmasked, Careless, Raising, Undropped, Overdropping, Forgotten)
PERMITTED_NAN = {"mask_is_passed_on", "shapes_and_dtypes", "given_states_are_used", "nothing_is_detached"} | {
    one.name for one in INVARIANTS if one.group == "refusals"
}
"""Invariants that say nothing about numbers: of the mask, of shapes, of whether something changes or is zero, of errors."""


def first_checks(one, count: int = 4):
    """The checks of an invariant on the first cases of the default plan to which it applies."""
    return [planned(one, case) for case in cases("default") if one.applies(case)][:count]


def outcomes(one, subject) -> list:
    """The outcomes of an invariant's first checks on a subject; one across two asks the reference too."""
    others = (InProcess(),) if one.across else ()
    return [judge(check, subject, *others) for check in first_checks(one)]


by_name = pytest.mark.parametrize("one", INVARIANTS, ids=lambda one: one.name)


@by_name
def test_some_wrong_subject_makes_it_deviate(one):
    found = {kind.__name__: outcomes(one, kind()) for kind in WRONG}
    deviating = [
        name for name, seen in found.items() if any(o.verdict == "fail" and o.worst.where != "error" for o in seen)
    ]
    assert deviating, {name: [(o.verdict, o.message) for o in seen][:1] for name, seen in found.items()}


@by_name
def test_not_a_number_never_passes(one):
    found = [outcome.verdict for outcome in outcomes(one, NotANumber())]
    assert one.name in PERMITTED_NAN or "pass" not in found


@pytest.mark.parametrize("one", [i for i in INVARIANTS if i.group != "refusals"], ids=lambda one: one.name)
def test_an_error_of_the_framework_is_a_failure(one):
    assert {(o.verdict, o.worst.where) for o in outcomes(one, Raising())} == {("fail", "error")}


@by_name
def test_what_is_declared_unsupported_is_neither_pass_nor_failure(one):
    assert {o.verdict for o in outcomes(one, Declining())} == {"unsupported"}


@by_name
def test_wrong_answers_never_break_the_check_itself(one):
    broken = [
        (kind.__name__, outcome.message)
        for kind in (Noisy, Silent, NotANumber, Narrow, Unmasked)
        for outcome in outcomes(one, kind())
        if outcome.verdict == "crash"
    ]
    assert broken == []


@by_name
def test_it_is_one_sentence_with_a_group(one):
    assert one.statement[0].isupper() or one.statement[0] == "`"
    assert one.statement.endswith(".") and ". " not in one.statement and "\n" not in one.statement
    assert one.group and one.name.isidentifier() and REGISTRY[one.name] is one


def test_names_and_statements_are_unique():
    for taken in (Counter(i.name for i in INVARIANTS), Counter(i.statement for i in INVARIANTS)):
        assert [text for text, count in taken.items() if count > 1] == []


def test_a_name_or_a_statement_that_is_taken_is_refused():
    taken = INVARIANTS[0]

    def other(ask, case):
        return []

    other.__module__ = "cases.invariants.other"
    with pytest.raises(ValueError, match=f"its name or statement is that of {taken.name}"):
        invariant(taken.statement)(other)
    other.__name__ = taken.name
    with pytest.raises(ValueError, match=f"its name or statement is that of {taken.name}"):
        invariant("Nothing holds.")(other)
    assert REGISTRY[taken.name] is taken and "other" not in REGISTRY


@pytest.mark.parametrize(
    ("error", "verdict"), [(Died("gone"), "crash"), (TimedOut("slow"), "timeout"), (KeyError("x"), "crash")]
)
def test_a_subject_that_breaks_is_no_pass(error, verdict):
    class Breaking(Wrong):
        def answer(self, request):
            raise error

    assert {o.verdict for one in INVARIANTS[:5] for o in outcomes(one, Breaking())} == {verdict}


def test_numbers_of_lines_and_nodes_are_not_what_a_refusal_says():
    said = " ".join(f'Detected at node add_{size} defined at: File "/place/{size}.py", line {size}' for size in range(40))

    class Tracing(Wrong):
        def answer(self, request):
            return Refusal("InvalidArgumentError", said)

    class Saying(Wrong):
        def answer(self, request):
            return Refusal("ValueError", f"{said}: found {list(range(40))}")

    assert {o.verdict for o in outcomes(REGISTRY["refusals_name_the_number"], Tracing())} == {"fail"}
    assert {o.verdict for o in outcomes(REGISTRY["refusals_name_the_number"], Saying())} == {"pass"}
