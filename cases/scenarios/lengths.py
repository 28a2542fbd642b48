"""`one-model-many-lengths` and `bucketing` (document 2): variable length without padding.

LSTM(100, sequences, time None, 100 features) → LSTM(100) → Dense(2, softmax), given 50, then 10, then 60 steps. Here
with 8 features and 10 units; the document's widths for the counts. Bucketing: a batch a length, in place of padding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.invariants.base import settled
from cases.layers import Layer, generator
from cases.models import FunctionRequest, Model, ModelRequest, Training, draw_model_weights, node, rows_of, sequential
from cases.requests import Deviation, Note, Refusal
from cases.scenarios.base import claim, differentiated, predicted
from cases.tolerance import compare, expect_model

NAME, BUCKETS = "one-model-many-lengths", "bucketing"
LENGTHS = [{"length": n} for n in (50, 10, 60)]


def model(features: int, units: int, first: int | None = None) -> Model:
    """The document's model; its first layer with other units if asked."""
    first = first or units
    return sequential(
        NAME,
        node("input", "input", shape=(None, features)),
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
        wants=("predictions", "gradients"),
    )


@claim(NAME, "One set of weights serves every length: predictions and gradients are those of the equations.", LENGTHS,
       says="One model is fit on sequences of 50, then of 10, then of 60 steps: time is None.")
def values(ask, length):
    return predicted(ask, question(length)) + differentiated(ask, question(length))


@claim(NAME, "The number of parameters does not depend on the length.",
       says="The length of the sequences does not enter the weights.", sparing=())
def parameters(ask):
    due = 4 * 100 * (100 + 100 + 1) * 2 + 100 * 2 + 2
    made, found = model(100, 100), {}
    for length in (10, 3):
        facts = ask(replace(question(length, made), training=None, targets=None, wants=("predictions",))).facts
        found[length] = facts["parameters"] - (0 if facts["one_bias"] else 4 * 100 * 2)
    return (
        []
        if set(found.values()) == {due}
        else [Deviation("parameters", f"found {found}, expected {due} for every length")]
    )


@claim(NAME, "The units are free of the length: LSTM(78) gives 78 features, for 50 steps and for 10.",
       says="The units have nothing to do with the length: LSTM(78) is as good.", sparing=())
def units_are_free(ask):
    found = []
    for length in (50, 10):
        made = model(8, 10, first=78)
        shape = ask(replace(question(length, made), training=None, targets=None, wants=("predictions",))).facts[
            "shapes"
        ]["first"]
        if shape[-1] != 78 or shape[0] not in (None, length):
            found.append(Deviation("shape of first", f"{length} steps: found {shape}, expected ({length}, 78)"))
    return found


@claim(NAME, "Lengths mixed inside one batch, without padding, are an error that speaks of shapes or lengths.",
       says="Sequences of one batch must be of one length; each batch may have its own.")
def mixed_lengths(ask):
    sequences = tuple(generator(NAME, "mixed").normal(0, 1, (length, 3)) for length in (5, 3, 4))
    answer = ask.answer(FunctionRequest("batch", (("sequences", sequences),)))
    if not isinstance(answer, Refusal):
        shape = settled(answer)["result"].shape
        return [Deviation("error", f"5, 3 and 4 steps in one batch: no error was raised, and a batch of shape {shape} was made")]
    alike = ask(FunctionRequest("batch", (("sequences", sequences[:1] * 2),)))["result"]
    found = compare("batch of equal lengths", alike, np.stack(sequences[:1] * 2), 1e-6 * np.abs(np.stack(sequences[:1] * 2)))
    told = Note("error", f"{answer.error}: {answer.message.strip().splitlines()[0][:200]}")
    if not any(word in answer.message.lower() for word in ("shape", "length", "rectangular", "size", "dimension")):
        found.append(Deviation("error", f"{answer.error} speaks of no shape or length: {answer.message[:200]}"))
    return [*found, told]


def uneven() -> tuple[ModelRequest, np.ndarray]:
    """A masked model, five rows padded at the end, and their lengths: three buckets."""
    lengths = np.array([6, 3, 6, 2, 3])
    made = sequential(
        BUCKETS,
        node("input", "input", shape=(None, 3)),
        node("lstm", "recurrent", layer=Layer("lstm", 3, 5, return_sequences=False, return_state=False)),
        node("dense", "dense", units=2, activation="linear"),
    )
    mask = np.arange(6) < lengths[:, None]
    random = generator(BUCKETS)
    inputs = np.where(mask[:, :, None], random.normal(0, 1, (5, 6, 3)), 0.0)
    training = Training("sgd", (("learning_rate", 0.01),), "mse", ((0, 1, 2, 3, 4),))
    return ModelRequest(
        made,
        draw_model_weights(made),
        inputs,
        mask,
        random.normal(0, 1, (5, 2)),
        training,
        wants=("predictions", "gradients"),
    ), lengths


def buckets(request: ModelRequest, lengths: np.ndarray) -> list[tuple[int, ModelRequest]]:
    """How many rows, and the question about them unpadded, for each length."""
    found = []
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        training = replace(request.training, batches=(tuple(range(len(rows))),))
        found.append(
            (
                len(rows),
                replace(
                    request,
                    inputs=rows_of(request.inputs, rows)[:, :length],
                    mask=None,
                    targets=request.targets[rows],
                    training=training,
                ),
            )
        )
    return found


@claim(BUCKETS, "One batch a length gives the loss of one padded and masked batch: the means, weighted by their rows.",
       says="In place of padding, sequences of one length go into one batch.")
def losses(ask):
    request, lengths = uneven()
    total = sum(rows * ask(bucket)["losses"][0] for rows, bucket in buckets(request, lengths))
    allowed = 2 * expect_model(request)["losses"].allowed
    return compare("losses", ask(request)["losses"], np.array([total / len(lengths)]), allowed)


@claim(BUCKETS, "One batch a length gives the gradients of one padded and masked batch, weighted by their rows.",
       says="In place of padding, sequences of one length go into one batch.")
def gradients(ask):
    request, lengths = uneven()
    seen, expected = ask(request), expect_model(request)
    answers = [(rows, ask(bucket)) for rows, bucket in buckets(request, lengths)]
    found = []
    for name, array in seen.named("gradients").items():
        total = sum(rows * answer[name] for rows, answer in answers) / len(lengths)
        found += compare(name, array, total, 2 * float(np.max(expected[name].allowed)))
    return found
