"""What is wrong is refused, by every way to run a layer, and the message says the number that is wrong.

A wrong mask or state that is broadcast to the right shape in silence gives an answer to another question than the one
that was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import NamedTuple

import numpy as np

from cases.batches import Batch, rows
from cases.invariants.base import Case, invariant
from cases.layers import Layer
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Refusal, Request, Unsupported, numbers_told

UNNAMED = 0


class Wrong(NamedTuple):
    """One wrong request: what is wrong in words, the number that a message about it must name (or none), the
    request."""

    what: str
    number: int
    request: Request | FunctionRequest


def mask_that_is_longer(case: Case) -> Iterator[Wrong]:
    size, time = case.batch.inputs.shape[:2]
    yield mask_of(case, size, time + 2, time + 2)


def mask_that_is_shorter(case: Case) -> Iterator[Wrong]:
    size, time = case.batch.inputs.shape[:2]
    yield mask_of(case, size, time - 2, time - 2)


def mask_of_another_batch(case: Case) -> Iterator[Wrong]:
    size, time = case.batch.inputs.shape[:2]
    for wrong in (size + 3, size - 1):
        yield mask_of(case, wrong, time, wrong)


def mask_of_one_row(case: Case) -> Iterator[Wrong]:
    yield mask_of(case, 1, case.batch.time, 1)


def mask_of_one_step(case: Case) -> Iterator[Wrong]:
    yield mask_of(case, case.batch.size, 1, 1)


def asking(case: Case, batch: Batch, **changes) -> Request:
    """The request for outputs and states alone: `predict` gives no mask."""
    return case.request(batch, wants=("outputs", "states"), **changes)


def mask_of(case: Case, size: int, time: int, number: int) -> Wrong:
    """A right-padded mask of another shape."""
    mask = np.arange(time)[None, :] < np.maximum(time - np.arange(size)[:, None] % 3, 1)
    words = f"a mask of shape {mask.shape} for inputs of shape {case.batch.inputs.shape}"
    return Wrong(words, number, asking(case, case.batch.but(mask=mask, cotangents=None)))


def state_of_another_batch(case: Case) -> Iterator[Wrong]:
    for wrong in (case.batch.size + 3, case.batch.size - 1):
        yield states_of(case, wrong, case.layer.units, wrong)
    yield from last_state_of(case, case.batch.size - 1, case.layer.units, case.batch.size - 1)


def state_of_one_row(case: Case) -> Iterator[Wrong]:
    yield states_of(case, 1, case.layer.units, 1)
    yield from last_state_of(case, 1, case.layer.units, 1)


def state_of_another_width(case: Case) -> Iterator[Wrong]:
    for wrong in (case.layer.units + 2, case.layer.units - 1):
        yield states_of(case, case.batch.size, wrong, wrong)
    yield from last_state_of(case, case.batch.size, case.layer.units - 1, case.layer.units - 1)


def state_of_one_unit(case: Case) -> Iterator[Wrong]:
    yield states_of(case, case.batch.size, 1, 1)


def states_of(case: Case, size: int, units: int, number: int) -> Wrong:
    """Initial states, all of another shape."""
    random = case.random("wrong states", size, units)
    states = {name: random.uniform(0.2, 0.9, (size, units)) for name in case.layer.state_keys()}
    words = f"initial states of shape {(size, units)} for {case.batch.size} rows and {case.layer.units} units"
    return Wrong(words, number, asking(case, case.batch.but(initial_states=states, cotangents=None)))


def last_state_of(case: Case, size: int, units: int, number: int) -> Iterator[Wrong]:
    """The last of several initial states alone of another shape."""
    if len(case.layer.state_names) > 1:
        last = f"/{case.layer.state_names[-1]}"
        wrong, right = states_of(case, size, units, number), case.batch.initial_states
        states = {name: value if name.endswith(last) else right[name]
                  for name, value in wrong.request.batch.initial_states.items()}
        batch = wrong.request.batch.but(initial_states=states)
        yield Wrong(f"in {last[1:]} alone, {wrong.what}", number, wrong.request.but(batch=batch))


def too_few_states(case: Case) -> Iterator[Wrong]:
    given = case.batch.initial_states
    if len(case.layer.state_names) > 1:
        states = {name: value for name, value in given.items() if name.endswith("/h")}
        yield Wrong("no state c", UNNAMED, asking(case, case.batch.but(initial_states=states, cotangents=None)))


def too_many_states(case: Case) -> Iterator[Wrong]:
    given = case.batch.initial_states
    extra = {f"{name[:-1]}extra": value + 0.5 for name, value in given.items() if name.endswith("/h")}
    states = {**given, **extra}
    words = f"{len(states)} initial states where the layer has {len(given)}"
    yield Wrong(words, UNNAMED, asking(case, case.batch.but(initial_states=states, cotangents=None)))


def inputs_of_another_rank(case: Case) -> Iterator[Wrong]:
    # Of the new axis two: Keras' models document that they drop a last axis of one.
    for wrong in (case.batch.inputs[:, :, 0], np.stack([case.batch.inputs, -case.batch.inputs], axis=3)):
        batch = Batch(wrong, None, case.batch.initial_states)
        yield Wrong(f"inputs of shape {wrong.shape}", UNNAMED, asking(case, batch))


def inputs_of_another_width(case: Case) -> Iterator[Wrong]:
    for wrong in (np.concatenate([case.batch.inputs, case.batch.inputs[:, :, :2]], axis=2), case.batch.inputs[:, :, :1]):
        batch = case.batch.but(inputs=wrong, cotangents=None)
        words = f"inputs of {wrong.shape[2]} features for a layer that was built for {case.layer.features}"
        yield Wrong(words, wrong.shape[2], asking(case, batch))


def stateful_batch_change(case: Case) -> Iterator[Wrong]:
    batch = case.batch.but(initial_states=None, cotangents=None)
    layer = case.layer.but(stateful=True)
    for first, then in ((batch, rows(batch, slice(0, 3))), (rows(batch, slice(0, 3)), batch)):
        words = f"{then.size} rows given to a stateful layer after a call on {first.size}"
        yield Wrong(words, then.size, asking(case, then, layer=layer, before=(first,)))


def stateful_batch_of_one(case: Case) -> Iterator[Wrong]:
    batch = case.batch.but(initial_states=None, cotangents=None)
    layer = case.layer.but(stateful=True)
    one = rows(batch, slice(0, 1))
    for first, then in ((batch, one), (one, batch)):
        words = f"{then.size} rows given to a stateful layer after a call on {first.size}"
        yield Wrong(words, then.size, asking(case, then, layer=layer, before=(first,)))
    if case.execution.entry == "direct":
        words = f"1 row given in training to a stateful layer after a call on {batch.size}"
        training = case.execution.but(mode="training")
        yield Wrong(words, 1, asking(case, one, layer=layer, before=(batch,)).but(execution=training))


WRONG: dict[str, tuple[str, Callable[[Case], Iterator[Wrong]]]] = {
    make.__name__: (what, make) for what, make in (
        ("A mask that is longer than the sequences", mask_that_is_longer),
        ("A mask that is shorter than the sequences", mask_that_is_shorter),
        ("A mask with more or fewer rows than the batch", mask_of_another_batch),
        ("A mask of one row for a batch of several", mask_of_one_row),
        ("A mask of one step for sequences of several", mask_of_one_step),
        ("An initial state with more or fewer rows than the batch", state_of_another_batch),
        ("An initial state of one row for a batch of several", state_of_one_row),
        ("An initial state that is wider or narrower than the layer", state_of_another_width),
        ("An initial state of one unit for a layer of several", state_of_one_unit),
        ("Fewer initial states than the cell has", too_few_states),
        ("More initial states than the cell has", too_many_states),
        ("Inputs with an axis too few or too many", inputs_of_another_rank),
        ("Inputs with other features than the layer was built for", inputs_of_another_width),
        ("A batch of another size for a stateful layer, with no reset between", stateful_batch_change),
        ("A batch of one row for a stateful layer that carries several, or the other way round", stateful_batch_of_one),
    )
}
"""Name -> what is wrong, and the wrong requests of a case."""


def refused(ask, wrong: Wrong) -> Refusal | str | None:
    """The refusal, or what came instead in words; None where the subject cannot be asked."""
    answer = ask.answer(wrong.request)
    if isinstance(answer, Unsupported):
        return None
    if isinstance(answer, Observation):
        shape = next(iter(answer.arrays.values())).shape
        return f"{wrong.what}: taken in silence, and outputs of shape {shape} came back"
    return answer


def asked(ask, wrongs: Iterator[Wrong]) -> list[tuple[Wrong, Refusal | str]]:
    """Every wrong request with what came of it. Raises NotSupported where none can be asked."""
    found = [(wrong, refused(ask, wrong)) for wrong in wrongs]
    if found and all(answer is None for _, answer in found):
        ask(found[0][0].request)  # says why not
    return [(wrong, answer) for wrong, answer in found if answer is not None]


def register(name: str, what: str, make: Callable[[Case], Iterator[Wrong]]) -> None:
    """The invariant that these wrong requests are refused."""

    def check(ask, case):
        return [Deviation(name, answer) for _, answer in asked(ask, make(case)) if isinstance(answer, str)]

    check.__name__, check.__module__ = f"{name}_is_refused", __name__
    invariant(f"{what} is refused.", has(make))(check)


def has(make: Callable[[Case], Iterator[Wrong]]) -> Callable[[Case], bool]:
    """Whether a case of the array of refusals has such wrong requests."""
    return lambda case: case.array == "refusals" and next(iter(make(case)), None) is not None


for _name, (_what, _make) in WRONG.items():
    register(_name, _what, _make)


@invariant("A refusal over a size says the wrong size.",
           lambda case: case.array == "refusals")
def refusals_name_the_number(ask, case):
    found = []
    wrongs = (wrong for _, make in WRONG.values() for wrong in make(case) if wrong.number > 1)
    for wrong, answer in asked(ask, wrongs):
        if isinstance(answer, Refusal) and str(wrong.number) not in numbers_told(answer.message):
            said = " ".join(answer.message.split())[:160]
            words = f"{wrong.what}: {answer.error} at {answer.moment} names no {wrong.number}: {said}"
            found.append(Deviation("message", words))
    return found


OPTIONS: tuple[tuple[str, object], ...] = (
    ("units", 0), ("units", -3), ("units", 2.5), ("activation", "no such"), ("recurrent_activation", "no such"),
    ("merge", "no such"), ("layers", 0), ("layers", -1),
)
RATES: tuple[tuple[str, object], ...] = (("dropout", -0.25), ("dropout", 1.5), ("recurrent_dropout", 1.5))


def made_with(ask, case: Case, options: tuple[tuple[str, object], ...]) -> list[Deviation]:
    """Deviations where a layer with one of these options is made, or refused only later."""
    found, wrongs, base = [], [], {"cell": case.layer.cell, "features": 3, "units": 4}
    made = ask(FunctionRequest("construct", tuple(base.items())))  # one that can be: else all are refused for nothing
    if float(made["parameters"]) not in counts(Layer(**base)):
        found.append(Deviation("parameters", f"a layer of 3 features and 4 units has {float(made['parameters']):g} parameters"))
    for name, value in options:
        if name != "recurrent_activation" or case.layer.cell != "simple_rnn":
            more = {"direction": "bidirectional"} if name == "merge" else {}
            request = FunctionRequest("construct", tuple({**base, **more, name: value}.items()))
            wrongs.append(Wrong(f"{name}={value!r}", UNNAMED, request))
    for wrong, answer in asked(ask, iter(wrongs)):
        if isinstance(answer, str):
            found.append(Deviation("options", f"{wrong.what}: a layer was made, and nothing said"))
        elif answer.moment != "build":
            found.append(Deviation("options", f"{wrong.what}: refused at {answer.moment}, not when the layer was made"))
    return found


def counts(layer: Layer) -> tuple[int, int]:
    """How many parameters a layer has, with a bias for inputs and one for states, and with one bias."""
    shapes = layer.weight_shapes()
    every, second = (sum(prod(s) for n, s in shapes.items() if end in n) for end in ("", "recurrent_bias"))
    return every, every - second


def once(case: Case) -> bool:
    return case.array == "refusals" and case.execution.kernel == "fused"


@invariant("A layer that cannot be is refused when it is made: units below 1 or broken, activations and merges that there are "
           "not.", once)
def impossible_options_are_refused(ask, case):
    return made_with(ask, case, OPTIONS)


@invariant("Rates of dropout outside 0 to 1 are refused when the layer is made.", once)
def impossible_rates_are_refused(ask, case):
    return made_with(ask, case, RATES)
