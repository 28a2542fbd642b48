"""A stateful model goes on from where the batch before left it, whichever of its methods saw that batch; what a layer writes
while it is called it keeps."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import equal, statement
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Request
from cases.tolerance import compare, expect, unit_roundoff

ROWS, STEPS = 2, 3
CALLS = (("predict", 3), ("fit", 2), ("predict_on_batch", 1), ("evaluate", 2), ("predict_on_batch", 1), ("train_on_batch", 1),
         ("predict", 1), ("test_on_batch", 1), ("predict_on_batch", 1))
"""A method, and how many batches it is given; in this order. Training has a rate of 0. `at_once`: how many of them a model may
take in one step of its program."""
EMPTY = ((1, 1), (0, 3))
"""A row and a batch in which nothing of it is valid: there it gives zeros, and keeps its states."""
FORMS = ("functional", "sequential-clone", "functional-clone", "sequential-configuration", "sequential-file")
"""What the model is, and how it was made of another one; one that was made of another masks steps, and leaves their number
open."""
TRAINING = ("fit", "train_on_batch")
OUTPUTS = ("predict", "predict_on_batch")
FACTOR = 0.125
"""Of the sum of squared outputs of a batch, by its rows: the regularizer of the layer's activity."""


@statement("A stateful model goes on from the states of the batch before, whether that was predicted, evaluated or trained on, "
           "alone or among others of one call, also where the model was made of another one, and masks steps of any number.",
           {"training": (True, False), "cell": ("lstm", "gru", "simple_rnn"), "at_once": (2, 1), "form": FORMS},
           usual={"cell": ("lstm", "simple_rnn"), "at_once": (1,), "form": ("functional", "sequential-clone")},
           strength=(1, 2, 2), sparing=0, costly=True, source="Keras: RNN(stateful=True), compile(steps_per_execution)")
def stateful_models_go_on(ask, training, cell, at_once, form):
    calls = tuple(call for call in CALLS if training or call[0] not in TRAINING)
    layer, number = Layer(cell, 3, 4, stateful=True), sum(count for _, count in calls)
    mask = "none" if form == "functional" else "gaps"
    whole = BatchPlan(ROWS, STEPS * number, mask).draw(layer).but(cotangents=None)
    if mask != "none":
        valid = whole.mask | (np.arange(STEPS * number) % STEPS == 0)
        for row, batch in EMPTY:
            valid[row, batch * STEPS : (batch + 1) * STEPS] = False
        whole = whole.but(mask=valid)
    targets = draw_values(generator("stateful calls", cell), (ROWS, STEPS * number, 4))
    weights = draw_weights(layer)
    arguments = {"layer": layer, "weights": weights, "inputs": whole.inputs, "mask": whole.mask, "targets": targets,
                 "steps": STEPS, "calls": calls, "at_once": at_once, "form": form, "factor": FACTOR}
    seen = ask(FunctionRequest("stateful_calls", tuple(arguments.items())))
    due = expect(Request(layer.but(stateful=False), weights, whole, wants=("outputs",)))["outputs"]
    begun = np.logical_or.accumulate(whole.valid.reshape(ROWS, number, STEPS), axis=2).reshape(ROWS, -1, 1)
    values, allowed = (np.where(begun, each, 0.0) for each in (due.value, due.allowed))
    found, start = [], 0
    for place, (name, count) in enumerate(calls):
        span = slice(start * STEPS, (start + count) * STEPS)
        start += count
        if name in OUTPUTS:
            found += compare(f"outputs/{place}", seen[f"outputs/{place}"], values[:, span], allowed[:, span])
            continue
        outputs, valid = values[:, span].astype("float64"), whole.valid[:, span]
        errors = np.mean((outputs - targets[:, span]) ** 2, axis=-1) * valid
        sums, counts = (np.array([part.sum() for part in np.split(a, count, axis=1)]) for a in (errors, valid))
        loss = np.mean(sums / counts) + FACTOR * np.sum(outputs**2) / ROWS / count
        found += compare(f"loss/{place}", seen[f"loss/{place}"], np.array(loss), 256 * unit_roundoff("float32") * (1 + loss))
    return found


FAR = 8.0
"""How much farther from zero the inputs of the first call are: an LSTM's cell state comes to more than 1."""
CARRYING = {"lstm": (False, True), "simple_rnn": (True, True), "stacked": (True, False), "bidirectional": (True, True)}
"""Stateful layers -> whether they train, and whether their loop is unrolled; stacked: of two cells."""
CHANGING = ("lstm", "simple_rnn")
"""Those whose weights are changed between two calls."""

@statement("What is written into a layer's weights, while it is called, states, counts, averages, or from outside, it keeps, in "
           "every precision, in training as in inference, unrolled or not: the next call goes on from it, and another reads it; "
           "states are kept in the precision of weights, and can be reset before there are any.",
           {"dtype": ("mixed_bfloat16", "mixed_float16", "float32", "float64")}, usual={"dtype": ("mixed_bfloat16", "float64")},
           strength=(1, 1, 1), sparing=0, eager=1, source="Keras: RNN(stateful=True), Variable.assign, DTypePolicy")
def calls_keep_what_they_write(ask, dtype) -> list[Deviation]:
    """Arrays: `second/NAME`, of a stateful layer's second call; `due/NAME`, of one that is given the first call's states;
    `precise/NAME`, whether each of its weights and states is of its dtype; `changed/NAME`, of a layer whose weights were changed
    since its first calls; `anew/NAME`, of one that was made with these; `count` after two calls, `average` (features,), `moved`,
    whether the vector of a spectral normalization did."""
    inputs = draw_values(generator("kept writes"), (2, ROWS, STEPS, 3)) * np.array([FAR, 1.0]).reshape(2, 1, 1, 1)
    seen = ask(FunctionRequest("kept_writes", (("dtype", dtype), ("inputs", inputs), ("carrying", tuple(CARRYING.items())),
                                              ("changing", CHANGING))))
    found = []
    for name in CARRYING:
        found += equal(name, seen[f"second/{name}"], seen[f"due/{name}"], "from the states that the first call gave")
        precise = seen[f"precise/{name}"]
        found += equal(f"precise/{name}", precise, np.ones(precise.shape, bool), "which weights and states are of their dtype")
    for name in CHANGING:
        found += equal(f"changed/{name}", seen[f"changed/{name}"], seen[f"anew/{name}"], "its weights were changed since")
    found += equal("count", seen["count"], np.array(2.0)) + equal("spectral", seen["moved"], np.array(True), "whether it moved")
    average = inputs[1].mean(axis=(0, 1)) / 2 + inputs[0].mean(axis=(0, 1)) / 4
    return found + compare("average", seen["average"], average, 0.02 * (1 + np.abs(average)))


WRITING = ("spectral", "own", "statistics")
"""Layers that write into their weights when they are called in training: a spectral normalization, one of the user's own that
halves a weight that is trained and counts its calls, and a batch normalization."""
WAYS = (*TRAINING, "by hand")
"""By hand: a call in training, and no step."""
STEPS_TRAINED = 2


@statement("What a layer writes into its weights, those that are trained too, while a model trains is what it writes when it is "
           "called in training, and the model goes on with it.", {"kind": WRITING, "way": WAYS},
           usual={"way": TRAINING}, strength=(1, 1, 2), sparing=1, eager=1,
           source="Keras: Variable.assign, SpectralNormalization, BatchNormalization")
def training_keeps_what_calls_write(ask, kind, way) -> list[Deviation]:
    """Arrays: `called/NAME`, what stands in each weight after calls in training, and `trained/NAME`, after as many steps at a
    rate of zero; `called/outputs` and `trained/outputs`, in inference after that."""
    random = generator("trained writes", kind)
    inputs, targets = (draw_values(random, (STEPS_TRAINED * ROWS, width)) for width in (4, 3))
    seen = ask(FunctionRequest("trained_writes", (("kind", kind), ("way", way), ("inputs", inputs), ("targets", targets),
                                                 ("rows", ROWS))))
    due, begun, found = seen.named("called"), seen.named("begun"), []
    if all(np.array_equal(one, due[f"called/{name.partition('/')[2]}"]) for name, one in begun.items()):
        found.append(Deviation("called", "calls in training write nothing"))
    for name, each in due.items():
        slack = 256 * unit_roundoff("float32") * (1 + np.abs(each.astype("float64")))
        trained = f"trained/{name.partition('/')[2]}"
        found += compare(trained, seen[trained], each.astype("float64"), slack)
    return found
