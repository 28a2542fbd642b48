"""Keras' recurrent layers, called again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from cases.batches import Batch
from cases.models import FunctionRequest
from cases.requests import Observation, Request, Reset
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.apart import apart
from suite.backends.keras_crossed import SEED, Crossed, call_of, results

PLAIN = {"loop": "layer", "inside": "nothing"}


def called(
    backend: Any, request: Request, calls: Sequence[Batch | Reset], training: Sequence[bool], rate: float,
) -> Observation:
    """The outputs and states of each call of one layer, and how it pads."""
    keras, layer = backend.keras, request.layer
    told = {"dropout": rate, "recurrent_dropout": rate, "seed": SEED} if rate else {}
    with moment("build"):
        made = stacks.make(keras, layer, request.execution.kernel, True, told)
        made.build((request.batch.size if layer.stateful else None, None, *stacks.step_shape(layer)))
        one = Crossed(keras, request, PLAIN, made, None, True)
        one.assign()
    answers: dict[int, list] = {}
    with moment("run"):
        for number, (each, trains) in enumerate(zip(calls, training, strict=True)):
            if isinstance(each, Reset):
                made.reset_state()
                continue
            one.request = replace(request, batch=each)
            answer = backend.engine.call(one, replace(call_of(backend, one), training=trains))
            answers[number] = [*answer.outputs, *answer.states]
        found = {number: results(backend, one, answer) for number, answer in answers.items()}  # as they are after the last call
    arrays = {f"{number}/{name}": array for number, each in found.items() for name, array in each.items()}
    return Observation(arrays, facts={"padding": backend.padding(layer)})


def run_crossed_calls(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.crossed_calls`."""
    with backend.engine.step_by_step():
        return apart(partial(called, backend, *one) for one in dict(request.arguments)["each"])
