"""`one-model-many-lengths` (document 2): one model for sequences of any length, without padding.

LSTM(100, sequences, stateful, batch 200, time None, 100 features) → LSTM(100) → Dense(2, softmax), fit on 50, then on 10, then
on 60 steps; RMSprop. Here with batches of 4 rows, 8 features and 10 units, by SGD; the document's widths where parameters and
shapes are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.layers import Layer, generator
from cases.models import FunctionRequest, Model, ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation, Note, Refusal, Request
from cases.scenarios.base import as_claimed, built, claim, curve, differentiated, refused, shaped, untrained
from cases.tolerance import compare, expect, expect_model

NAME = "one-model-many-lengths"
GIVEN, STEPS = (50, 10, 60, 10), 2
LENGTHS = [{"length": n} for n in GIVEN[:3]]


def model(features: int, units: int, first: int | None = None, time: int | None = None) -> Model:
    """The document's model; its first layer with other units, its input for one length alone, if asked."""
    first = first or units
    return sequential(
        NAME,
        node("input", "input", shape=(time, features)),
        node("first", "recurrent", layer=Layer("lstm", features, first, return_state=False)),
        node("second", "recurrent", layer=Layer("lstm", first, units, return_sequences=False, return_state=False)),
        node("dense", "dense", units=2, activation="softmax"),
    )


def question(length: int, made: Model | None = None) -> ModelRequest:
    """One set of weights, whatever the length."""
    made = made or model(8, 10)
    features = made.nodes[0]["shape"][1]
    inputs = generator(NAME, length).normal(0, 1, (4, length, features))
    training = Training("sgd", (("learning_rate", 0.01),), "categorical_crossentropy")
    return ModelRequest(
        made,
        draw_model_weights(made),
        inputs,
        None,
        np.eye(2)[[0, 1, 1, 0]],
        training,
    )


@lru_cache(maxsize=1)
def many() -> FunctionRequest:
    """One model: it predicts 50, 10, 60 and again 10 steps, and is then trained on the first two of them.

    The observation's arrays: `predictions/N` of each, `losses/N` of each step; its facts: `traces`, how often the model's own
    code was called for it, `programs`, how many XLA compiled for it (None: not told), `eager`, whether it is called every time,
    `same_weights`, whether the variables are the ones before.
    """
    made = model(8, 10)
    batches = [question(length).inputs for length in GIVEN]
    targets = question(10).targets
    return FunctionRequest("many_lengths", (
        ("model", made), ("weights", draw_model_weights(made)), ("inputs", tuple(batches)),
        ("targets", (targets,) * len(batches)),
        ("training", Training("sgd", (("learning_rate", 0.01),), "categorical_crossentropy")), ("steps", STEPS),
    ))


@claim(NAME, "One model serves every length: its predictions are those of the equations.", LENGTHS,
       says="One model is fit on sequences of 50, then of 10, then of 60 steps: time is None.")
def values(ask, length):
    seen, place = ask(many()), GIVEN.index(length)
    due = expect_model(untrained(question(length)), seen.facts["padding"])["predictions"]
    return compare(f"predictions ({length} steps)", seen[f"predictions/{place}"], due.value, due.allowed)


@claim(NAME, "Trained on one length and then on another, the model goes on from its weights: its first loss is that of the "
             "equations, and so is the second, of the length that comes new.",
       says="One model is fit on sequences of 50, then of 10, then of 60 steps: time is None.")
def fit_on_several_lengths(ask):
    seen, weights, found = ask(many()), draw_model_weights(model(8, 10)), []
    for number, length in enumerate(GIVEN[:STEPS]):
        training = replace(question(length).training, batches=((0, 1, 2, 3),))
        step = as_claimed(replace(question(length), weights=weights, training=training, wants=("predictions",)), seen)
        due = expect_model(step, seen.facts["padding"])
        # the weights before the second step have been rounded themselves: by far less than the loss of a step may differ
        found += compare(f"loss ({length} steps)", seen[f"losses/{number}"], due["losses"].value[0], 2 * due["losses"].allowed[0])
        weights = {name.removeprefix("weights/"): e.value for name, e in due.items() if name.startswith("weights/")}
    return found


@lru_cache(maxsize=1)
def carried() -> FunctionRequest:
    """The model with its first layer stateful, for batches of 4 rows: trained on 50, 10 and 60 steps, other rows of 50 looked at
    after the second, and begun again at the end, after a reset.

    The observation's array: `losses`, one for each call but the reset; its facts: the stack's conventions. `by_hand` is the
    model without a stateful layer, which reads the first layer's states.
    """
    layer = Layer("lstm", 8, 10, return_state=False)
    first, *rest = model(8, 10).nodes[1:]
    states = node("h", "input", shape=(10,)), node("c", "input", shape=(10,))
    by_hand = Model(NAME + " by hand", (model(8, 10).nodes[0], *states, replace(first, inputs=("input", "h", "c")), *rest))
    made = sequential(NAME, node("input", "input", shape=(None, 8), rows=4),
                      node("first", "recurrent", layer=layer.but(stateful=True)), *rest)
    plain = {length: question(length) for length in GIVEN}
    calls = [("train", plain[length].inputs, plain[length].targets) for length in GIVEN[:3]]
    calls.insert(2, ("test", generator(NAME, "validation").normal(0, 1, plain[50].inputs.shape), plain[50].targets))
    calls += [("reset", plain[10].inputs, plain[10].targets), ("train", plain[10].inputs, plain[10].targets)]
    return FunctionRequest("stateful_lengths", (
        ("model", made), ("by_hand", by_hand), ("weights", draw_model_weights(model(8, 10))), ("calls", tuple(calls)),
        ("training", question(10).training),
    ))


@claim(NAME, "With its first layer stateful the model goes on from its state through 50, 10 and 60 steps, each loss that of the "
             "equations from the state before; rows of validation in between change no weight, but go through the same state; "
             "after a reset it begins anew.", sparing=(),
       document="it validates between its epochs: the state that the next batch goes on from is then that of the validation rows",
       says="LSTM(100, sequences, stateful, batch 200, time None): fit on 50, then on 10, then on 60 steps; validation of 50.")
def stateful_many_lengths(ask):
    seen, options = ask(carried()), dict(carried().arguments)
    weights, by_hand = options["weights"], options["by_hand"]
    layer, zero = next(n["layer"] for n in by_hand.nodes if n.op == "recurrent"), np.zeros((4, 10))
    h, c, found, number = zero, zero, [], 0
    for what, inputs, targets in options["calls"]:
        if what == "reset":
            h, c = zero, zero
            continue
        training = replace(options["training"], batches=((0, 1, 2, 3),))
        step = ModelRequest(by_hand, weights, {"input": inputs, "h": h, "c": c}, None, targets, training)
        due = expect_model(as_claimed(step, seen), seen.facts["padding"])
        # weights and states before a step have been rounded at each step before it
        found += compare(f"loss {number + 1} ({what}, {inputs.shape[1]} steps)", seen["losses"][number], due["losses"].value[0],
                         (number + 2) * due["losses"].allowed[0])
        own = {name.removeprefix("first/"): array for name, array in weights.items() if name.startswith("first/")}
        before = Batch(inputs, None, {"0/forward/h": h, "0/forward/c": c})
        after = expect(Request(layer.but(return_state=True), own, before))
        h, c = after["states/0/forward/h"].value, after["states/0/forward/c"].value
        if what == "train":
            weights = {name.removeprefix("weights/"): e.value for name, e in due.items() if name.startswith("weights/")}
        number += 1
    return [*found, curve("50, 10, (50 held out,) 60, and after a reset 10 steps", seen["losses"], "Loss of each call, stateful")]


@claim(NAME, "A new length rebuilds nothing, and for a length that was seen before nothing is traced and nothing compiled again.",
       says="A model with time None takes any length.")
def traces(ask):
    facts = ask(many()).facts
    calls = [(f"predict/{n}", f"predict, call {n + 1}", length) for n, length in enumerate(GIVEN)]
    calls += [(f"train/{n}", f"train, step {n + 1}", GIVEN[n]) for n in range(STEPS)]
    rows = [[words, f"{length} steps", "eager" if facts["eager"] else in_numbers(facts, call)] for call, words, length in calls]
    found: list[Deviation | Note] = [
        Note("What a new length costs: traces, and programs of XLA", {"head": ["call", "length", "cost"], "rows": rows}),
        Note("what is counted", "traces: calls of the model's own Python code; a step may call it twice, for the shapes and to "
             "compile, and traced for any length it is not called again. Programs: those of the model's steps that XLA compiles; "
             "none, where Keras does not give the model to XLA"),
    ]
    again = f"predict/{len(GIVEN) - 1}"
    if not facts["traces"]["predict/0"]:
        found.append(Deviation("traces", "the first call has not run the model's code at all: nothing was counted"))
    for what in ("traces", "programs") if not facts["eager"] else ():
        if count := facts[what][again]:
            found.append(Deviation(what, f"{GIVEN[-1]} steps, seen before: {count} {what} again", float(count)))
    if not facts["same_weights"]:
        found.append(Deviation("weights", "another length has made other variables: the layer was built again"))
    return found


def in_numbers(facts: Mapping[str, Any], call: str) -> str:
    """How often the model was traced for a call, and how many programs were compiled."""
    traced, programs = int(facts["traces"][call]), facts["programs"][call]
    told = "not told" if programs is None else f"{programs} program{'s' * (programs != 1)}"
    return f"{traced} trace{'s' * (traced != 1)}, {told}"


@claim(NAME, "One set of weights serves every length: gradients are those of the equations.", LENGTHS, depth="full")
def gradients_of_every_length(ask, length):
    return differentiated(ask, replace(question(length), wants=("gradients",)))


@claim(NAME, "Neither the number of parameters nor the shape of any weight depends on the length: made for 50 steps, for 10, or "
             "for any, the model is the same.", says="The length of the sequences does not enter the weights.")
def parameters(ask):
    due = 4 * 100 * (100 + 100 + 1) * 2 + 100 * 2 + 2
    counts, shapes = {}, {}
    for time in (50, 10, None):
        request = built(question(time or 3, model(100, 100, time=time)))
        facts = ask(request).facts
        counts[time] = facts["parameters"] - (0 if facts["one_bias"] else 4 * 100 * 2)
        shapes[time] = {name: tuple(shape) for name, shape in facts["weight_shapes"].items()}
    wanted = {name: array.shape for name, array in request.weights.items() if name in shapes[None] or not facts["one_bias"]}
    found = [Deviation("parameters", f"for {time or 'any'} steps: found {count}, expected {due}")
             for time, count in counts.items() if count != due]
    return found + [Deviation("weights", f"for {time or 'any'} steps: found {shape}, expected {wanted}")
                    for time, shape in shapes.items() if shape != wanted]


@claim(NAME, "Every layer has the shape that the document's model has, for any length.",
       says="LSTM(100, sequences), time None, 100 features; LSTM(100); Dense(2).")
def layer_shapes(ask):
    found = []
    for length in (50, 10):
        made = model(100, 100, time=length)
        table = {"input": (length, 100), "first": (length, 100), "second": (100,), "dense": (2,)}
        found += shaped(ask, question(length, made), table, f", made for {length} steps")
    return found


@claim(NAME, "The units are free of the length: LSTM(78) gives 78 features, for 50 steps and for 10.",
       says="The units have nothing to do with the length: LSTM(78) is as good.")
def units_are_free(ask):
    found = []
    for length in (50, 10):
        made = model(8, 10, first=78)
        shape = ask(built(question(length, made))).facts["shapes"]["first"]
        if shape[-1] != 78 or shape[0] not in (None, length):
            found.append(Deviation("shape of first", f"{length} steps: found {shape}, expected ({length}, 78)"))
    return found


@claim(NAME, "Lengths mixed inside one batch, without padding, are an error that speaks of shapes or lengths.",
       says="Sequences of one batch must be of one length; each batch may have its own.")
def mixed_lengths(ask):
    sequences = tuple(generator(NAME, "mixed").normal(0, 1, (length, 3)) for length in (5, 3, 4))
    answer = ask.answer(FunctionRequest("batch", (("sequences", sequences),)))
    found = refused(answer, "5, 3 and 4 steps in one batch")
    if not isinstance(answer, Refusal):
        return found
    alike = ask(FunctionRequest("batch", (("sequences", sequences[:1] * 2),)))["result"]
    found += compare("batch of equal lengths", alike, np.stack(sequences[:1] * 2), 1e-6 * np.abs(np.stack(sequences[:1] * 2)))
    if not any(word in answer.message.lower() for word in ("shape", "length", "rectangular", "size", "dimension")):
        found.append(Deviation("error", f"{answer.error} speaks of no shape or length: {answer.message[:200]}"))
    return found
