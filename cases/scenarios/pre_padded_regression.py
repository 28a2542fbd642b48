"""`pre-padded-regression` (document 4): three short sequences, padded in front, masked, regressed.

x = [[1], [2, 5], [3, 9, 9, 4, 8]], y = [2, 4, 6]; `pad_sequences` to 15; Masking(0) → LSTM(100, sequences) → LSTM(20) →
Dropout(0.2) → Dense(1); mean squared error, RMSprop, batches of 1; predict for [[1.5]].
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.invariants.base import settled
from cases.layers import Layer
from cases.models import FunctionRequest, Model, ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation, Note
from cases.scenarios.base import claim, curve, falls, followed, shaped
from cases.tolerance import compare, expect_model

NAME = "pre-padded-regression"
SEQUENCES = ((1.0,), (2.0, 5.0), (3.0, 9.0, 9.0, 4.0, 8.0))
TARGETS = np.array([[2.0], [4.0], [6.0]])
STEPS, LEARNED = 4, 16


def model(masked: bool = True, dropout: float = 0.0, time: int | None = None) -> Model:
    """The document's model; without its mask, or with its dropout, or for so many steps alone, if asked."""
    first = [node("masking", "masking", value=0.0)] if masked else []
    return sequential(
        NAME, node("input", "input", shape=(time, 1)), *first,
        node("lstm_100", "recurrent", layer=Layer("lstm", 1, 100, return_state=False)),
        node("lstm_20", "recurrent", layer=Layer("lstm", 100, 20, return_sequences=False, return_state=False)),
        node("dropout", "dropout", rate=dropout), node("dense", "dense", units=1, activation="linear"),
    )


def padded(length: int, sequences=SEQUENCES) -> np.ndarray:
    """(batch, length, 1): the sequences, zeros in front."""
    return np.array([[0.0] * (length - len(s)) + list(s) for s in sequences])[:, :, None]


def question(inputs: np.ndarray, masked: bool = True, made: Model | None = None, **changes) -> ModelRequest:
    """The model, with random weights, asked to predict `inputs`."""
    weights = draw_model_weights(model(), {"dense": 20})
    return replace(ModelRequest(made or model(masked), weights, inputs), **changes)


def every() -> ModelRequest:
    """The model asked for the three sequences, for [1] once more, and for [1.5], all padded to 15."""
    return question(padded(15, (*SEQUENCES, (1.0,), (1.5,))))


def function(ask, name: str, **arguments):
    return settled(ask.answer(FunctionRequest(name, tuple(arguments.items()))))


@claim(NAME, "pad_sequences pads and truncates in front unless told otherwise.",
       says="pad_sequences pads in front.")
def default_sides(ask):
    found = function(ask, "pad_sequences", sequences=tuple(np.array(s) for s in SEQUENCES), maxlen=3)["result"]
    wanted = np.array([[0, 0, 1], [0, 2, 5], [9, 4, 8]])
    if np.array_equal(found, wanted):
        return []
    return [Deviation("pad_sequences", f"found {found.tolist()}, expected {wanted.tolist()}")]


@claim(NAME, "pad_sequences to 15 gives (3, 15): zeros in front, and the sequences at the end.",
       says="pad_sequences to 15, value 0: with the axis of features (3, 15, 1).")
def padded_to_15(ask):
    found = function(ask, "pad_sequences", sequences=tuple(np.array(s) for s in SEQUENCES), maxlen=15)["result"]
    return compare("pad_sequences(maxlen=15)", found, padded(15)[:, :, 0], 0.0)


@claim(NAME, "The prediction for [[1.5]] by way of pad_sequences is that for [[1]], and not that for 1.5.",
       document="its prediction for [[1.5]] is the prediction for [[1]]: pad_sequences has cut the number to an integer",
       says="predict(pad_sequences([[1.5]])) is the prediction for 1.5.")
def prediction_of_1_5(ask):
    whole, exact = (function(ask, "pad_sequences", sequences=(np.array([1.5]),), maxlen=15, **more)["result"]
                    for more in ({}, {"dtype": "float32"}))
    request = replace(every(), inputs=np.concatenate([padded(15), np.stack([whole[0], exact[0]]).astype(float)[:, :, None]]))
    (one, *_, cut, kept), allowed = ask(request)["predictions"], expect_model(request)["predictions"].allowed
    found = compare("prediction for 1.5, padded to integers, against that for 1", cut, one, 2 * allowed[0])
    if not np.all(np.abs(kept - cut) > 4 * allowed[-2:].sum(axis=0)):
        found.append(Deviation("predictions", f"1.5 padded to integers predicts {cut}, padded to floats {kept}: the same"))
    told = (("1.5, padded to integers", cut[0]), ("1", one[0]), ("1.5, padded to floats", kept[0]))
    return [*found, Note("What is predicted for 1.5, before training",
                         {"head": ["sequence", "prediction"], "rows": [[name, f"{value:.6f}"] for name, value in told]})]


@claim(NAME, "pad_sequences' default dtype is an integer: 1.5 becomes 1, in silence.",
       document="its prediction for [[1.5]] is the prediction for [[1]]: pad_sequences has cut the number to an integer",
       says="predict(pad_sequences([[1.5]])) is the prediction for 1.5.")
def integer_padding(ask):
    seen = function(ask, "pad_sequences", sequences=(np.array([1.5]),), maxlen=15)
    if seen["result"][0, -1] == 1 and "int" in str(seen.facts.get("dtype")):
        return []
    return [Deviation("pad_sequences", f"1.5 became {seen['result'][0, -1]} of {seen.facts.get('dtype')}, expected 1 of int32")]


@claim(NAME, "With a float dtype pad_sequences keeps 1.5.")
def float_padding(ask):
    seen = function(ask, "pad_sequences", sequences=(np.array([1.5]),), maxlen=15, dtype="float32")
    return compare("pad_sequences(dtype='float32')", seen["result"], np.array([[0.0] * 14 + [1.5]]), 0.0)


@claim(NAME, "PyTorch's pad_sequence pads at the end and keeps the dtype.")
def pad_sequence(ask):
    seen = function(ask, "pad_sequence", sequences=tuple(np.array(s) for s in SEQUENCES))
    wanted = np.array([list(s) + [0.0] * (5 - len(s)) for s in SEQUENCES])
    found = compare("pad_sequence", seen["result"], wanted, 0.0)
    dtype = str(seen.facts.get("dtype"))
    return found if "float64" in dtype else [*found, Deviation("dtype", f"found {dtype}, expected float64")]


@claim(NAME, "Every layer has the shape that the document's model has.", says="(3, 15, 1) → LSTM(100) → LSTM(20) → Dense(1).")
def shapes(ask):
    nodes = ("input", "masking", "lstm_100", "lstm_20", "dropout", "dense")
    return shaped(ask, question(padded(15), made=model(time=15)),
                  dict(zip(nodes, ((15, 1), (15, 1), (15, 100), (20,), (20,), (1,)), strict=True)))


@claim(NAME, "The prediction is that of the equations.")
def values(ask):
    request = every()
    expected = expect_model(request)["predictions"]
    return compare("predictions", ask(request)["predictions"], expected.value, expected.allowed)


@claim(NAME, "Padding to 15 or to 150, or not at all, changes no prediction.", [{"length": 150}, {"length": 0}],
       sparing=[{"length": 150}],
       says="Masked, the padded zeros are skipped.")
def padding_amount(ask, length):
    request = every()
    allowed = 2 * expect_model(request)["predictions"].allowed[:3]
    base = ask(request)["predictions"][:3]
    if length:
        return compare(f"predictions (padded to {length})", ask(question(padded(length)))["predictions"], base, allowed)
    found = []
    for row, sequence in enumerate(SEQUENCES):
        alone = ask(question(np.array(sequence)[None, :, None]))["predictions"]
        found += compare(f"predictions (row {row} unpadded)", alone, base[[row]], allowed[[row]])
    return found


@claim(NAME, "A real 0 inside a sequence is masked away by Masking(0): it is as if the step were not there.",
       document="it pads with a value that its data may hold; a true 0 is then lost",
       says="Masking(0) skips steps whose value is 0.")
def real_zero_is_masked(ask):
    request = question(padded(15, ((3.0, 0.0, 9.0, 4.0), (3.0, 9.0, 4.0), SEQUENCES[2])))
    expected = expect_model(request)["predictions"]
    seen = ask(request)["predictions"]
    return compare("predictions (a real 0 inside)", seen[:1], seen[1:2], 2 * expected.allowed[:1])


@claim(NAME, "Without the mask padded values take part: the prediction differs, and more padding changes it further.",
       says="Without Masking the padded values take part in the computation.")
def unmasked_differs(ask):
    masked = ask(every())["predictions"][:3]
    plain, longer = (ask(question(padded(n), masked=False))["predictions"] for n in (15, 150))
    if np.all(np.abs(masked - plain) > 1e-3) and np.all(np.abs(plain - longer) > 1e-5):
        return []
    return [Deviation("predictions", f"masked {masked.ravel()}, unmasked {plain.ravel()}, with more padding {longer.ravel()}")]


def training(optimizer: str, steps: int) -> Training:
    hyper = {"sgd": {"learning_rate": 0.003}, "rmsprop": {"learning_rate": 0.004, "rho": 0.9, "epsilon": 1e-7}}[optimizer]
    return Training(optimizer, tuple(hyper.items()), "mse", tuple((i % 3,) for i in range(steps)))


def trained(optimizer: str, steps: int = STEPS) -> ModelRequest:
    """The three sequences, each a batch."""
    return question(padded(6), targets=TARGETS, training=training(optimizer, steps))


@claim(NAME, f"From equal weights the first {STEPS} losses of training are those of the equations.",
       [{"optimizer": "sgd"}, {"optimizer": "rmsprop"}], sparing=[{"optimizer": "rmsprop"}])
def trajectory(ask, optimizer):
    return followed(ask, trained(optimizer), STEPS)


@claim(NAME, "The model learns its three sequences, with its dropout: the loss falls to a third.", [{"dropout": 0.2}],
       says="100 epochs of batches of one teach it three sequences.")
def it_learns(ask, dropout):
    losses = ask(replace(trained("rmsprop", LEARNED), model=model(dropout=dropout)))["losses"]
    first, last = losses[:3].mean(), losses[-6:].mean()
    told = curve("loss", losses, f"Loss of each step of training, dropout {dropout:g}")
    return [told] if last < first / 3 else [
        told, Deviation("losses", f"mean of the first 3 is {first:.3g}, of the last 6 {last:.3g}: expected below a third")
    ]


@claim(NAME, "For the document's 100 epochs of batches of one, padded to 15, with its dropout, the loss falls to a third.",
       depth="full", says="100 epochs of batches of one, padded to 15.")
def whole_training(ask):
    request = question(padded(15), made=model(dropout=0.2), targets=TARGETS, training=training("rmsprop", 300))
    losses = ask(request)["losses"]
    return [*falls(losses, 1 / 3, 15), curve("loss", losses, "Loss of each step of 100 epochs, padded to 15, dropout 0.2", 3)]
