"""Calls of a model in a row: on batches, over batches, and a training that is stopped within an epoch. A normalized linear model,
whose statistics, penalty and gradients are written down."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.families.feeding import differing
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation

ROWS, SIZE, FEATURES = 6, 2, 3
"""Three batches."""
RATE, MOMENTUM, KEPT, EPSILON, PENALTY, AVERAGED = 0.125, 0.5, 0.75, 0.0625, 0.25, 0.5
DECAY, UNDECAYED = 0.5, "bia"
"""Of the optimizer; of the statistics, how much of them is kept, and what is added to the variance; of the squared outputs; how
much of the weights' average is kept; how much weights decay, times the rate, and a part of the names of those that do not."""
BY_CLASS = {1: 3.0}
FIRST, LAST, STOPPED = 3, 6, (4, 0)
"""The numbers of the first epoch and of that after the last; the epoch and the batch after which training is stopped."""
SPLIT, HELD = 0.4, 3
"""Of six rows 3.6 are for training: three are, and three for validation, from this one on."""
UNEVEN, ODD = (4, 2), 5
"""Rows of two batches; of two steps together."""
HELD_SIZE, HELD_STEPS = 1, 2
"""Of a batch for validation; how many are taken."""
SOME = 2
"""Of three batches, where no more are asked for."""
LEFT = 0.75
"""What a callback leaves of the kernel after each batch."""


def drawn() -> dict[str, np.ndarray]:
    """Inputs (rows, features), targets (rows, 1), which are classes too, weights of samples (rows,), and what the model begins
    with: kernel (features, 1) and bias (1,)."""
    random = generator("single calls")
    return {"inputs": draw_values(random, (ROWS, FEATURES)), "targets": ((np.arange(ROWS) * 2 + 1) % 3)[:, None].astype(float),
            "kernel": draw_values(random, (FEATURES, 1)), "bias": draw_values(random, (1,)),
            "samples": random.uniform(0.5, 2.0, ROWS)}


@dataclass
class ByHand:
    """The model: a batch normalization (Ioffe and Szegedy 2015) without scale and center, a kernel and a bias, trained by SGD
    with momentum (Polyak 1964); their averages."""

    kernel: np.ndarray
    bias: np.ndarray
    mean: np.ndarray = field(default_factory=lambda: np.zeros(FEATURES))
    variance: np.ndarray = field(default_factory=lambda: np.ones(FEATURES))

    def __post_init__(self):
        self.velocity = {name: np.zeros_like(one) for name, one in self.weights().items()}
        self.average, self.begun = self.weights(), False

    def weights(self) -> dict[str, np.ndarray]:
        """Those that are trained."""
        return {"kernel": self.kernel, "bias": self.bias}

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """In inference."""
        return (x - self.mean) / np.sqrt(self.variance + EPSILON) @ self.kernel + self.bias

    def told(self, out: np.ndarray, y: np.ndarray, weights: np.ndarray | float = 1.0) -> tuple[float, float]:
        """Loss, with the penalty, and absolute error."""
        return float(np.mean(weights * (out - y) ** 2) + PENALTY * np.sum(out**2) / len(out)), float(np.mean(np.abs(out - y)))

    def step(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | float = 1.0) -> tuple[float, float]:
        """One batch of training; what is told of it."""
        mean, variance = x.mean(axis=0), x.var(axis=0)
        normal = (x - mean) / np.sqrt(variance + EPSILON)
        out = normal @ self.kernel + self.bias
        pulls = (2 * weights * (out - y) + 2 * PENALTY * out) / len(x)
        keep, gradients = AVERAGED if self.begun else 0.0, {"kernel": normal.T @ pulls, "bias": pulls.sum(axis=0)}
        for name, one in self.weights().items():
            one = one * (1 - RATE * DECAY * (UNDECAYED not in name))
            self.velocity[name] = MOMENTUM * self.velocity[name] - RATE * gradients[name]
            setattr(self, name, one + self.velocity[name])
            self.average[name] = keep * self.average[name] + (1 - keep) * self.weights()[name]
        self.begun = True
        self.mean, self.variance = KEPT * self.mean + (1 - KEPT) * mean, KEPT * self.variance + (1 - KEPT) * variance
        return self.told(out, y, weights)

    def state(self, where: str) -> dict[str, np.ndarray]:
        """The weights, by name."""
        every = {**self.weights(), "mean": self.mean, "variance": self.variance}
        return {f"{where}/{name}": one for name, one in every.items()}


def pairs(name: str, told: tuple[float, float]) -> dict[str, np.ndarray]:
    """Loss and metric, by name."""
    return {f"{name}/loss": np.array(told[0]), f"{name}/metric": np.array(told[1])}


def batches(stop: int = ROWS) -> list[slice]:
    """The rows of each batch, up to a row."""
    return [slice(start, min(start + SIZE, stop)) for start in range(0, stop, SIZE)]


def calls_by_hand() -> dict[str, np.ndarray]:
    """Two batches trained on, the first by weights of rows, the second by those of classes, two tested, the second with weights,
    which a metric counts too, one evaluated and predicted from (`cut`: a callback stops it; `next`: nothing does), all rows
    evaluated twice, first with weights, what callbacks are told of the second time, after each batch and at the end, two
    batches of them (`some`), what the layers' own losses are after that, what a training left that a callback's error ended after
    a batch, and one of two batches (`some`), and the validation of one after another that one
    ended when it had been validated, on other rows; what is told of each epoch of
    one that is stopped, and of one that is not."""
    data, found = drawn(), {}
    x, y, model = data["inputs"], data["targets"], ByHand(data["kernel"], data["bias"])
    for number, rows in enumerate(batches()[:2]):
        weights = np.vectorize(lambda one: BY_CLASS.get(int(one), 1.0))(y[rows]) if number else data["samples"][rows, None]
        found |= pairs(f"train/{number}", model.step(x[rows], y[rows], weights)) | model.state(f"train/{number}")
    for number, rows in enumerate(batches()[:2]):
        weights = data["samples"][rows, None] if number else 1.0
        found |= pairs(f"test/{number}", model.told(model.outputs(x[rows]), y[rows], weights))
    errors = np.abs(model.outputs(x[rows]) - y[rows])
    found["test/1/weighed"] = np.array(np.average(errors, weights=weights))
    each = np.array([model.told(model.outputs(x[rows]), y[rows]) for rows in batches()])
    for number in range(len(each)):
        found |= pairs(f"heard/{number}", tuple(each[: number + 1].mean(axis=0)))
    found |= pairs("cut", tuple(each[0])) | {"cut/outputs": model.outputs(x)[:SIZE], "next/outputs": model.outputs(x)}
    for name in ("heard/end", "evaluate/1"):
        found |= pairs(name, tuple(each.mean(axis=0)))
    found |= pairs("some", tuple(each[:SOME].mean(axis=0)))
    w = data["samples"][:, None]
    weighed = [model.told(model.outputs(x[rows]), y[rows], w[rows]) for rows in batches()]
    found |= pairs("evaluate/0", tuple(np.mean(weighed, axis=0)))
    found["evaluate/0/weighed"] = np.array(np.average(np.abs(model.outputs(x) - y), weights=w))
    found |= model.state("evaluated")
    found |= {"outputs": model.outputs(x), "losses": np.array(PENALTY * np.sum(model.outputs(x) ** 2) / ROWS)}
    first, *others = batches()
    model.step(x[first], y[first])
    found |= model.state("interrupted")
    for rows in batches()[:SOME]:
        model.step(x[rows], y[rows])
    found |= model.state("some")
    for _ in others:
        model.step(x[first], y[first])
    found |= pairs("validation", model.told(model.outputs(x[others[1]]), y[others[1]]))
    for name, epochs in (("cut", 1), ("next", 2)):
        found[f"{name}/epochs"] = np.arange(epochs)
        for epoch in range(epochs):
            found |= pairs(f"{name}/{epoch}", model.step(x[first], y[first]))
    return found


def events() -> list[str]:
    """What a callback is told of in such a training, and in a prediction afterwards, in order."""
    def of(what: str, numbers: range) -> list[str]:
        return [f"{what} {when} {number}" for number in numbers for when in ("begins", "ends")]

    found = ["train begins"]
    for epoch in range(FIRST, STOPPED[0] + 1):
        taken = STOPPED[1] + 1 if epoch == STOPPED[0] else len(batches(HELD))
        found += [f"epoch begins {epoch}", *of("train batch", range(taken)), "test begins", *of("test batch", range(HELD_STEPS)),
                  "test ends", f"epoch ends {epoch}"]
    return [*found, "train ends", "predict begins", *of("predict batch", range(len(batches()))), "predict ends"]


def stopped_by_hand(averaged: bool) -> dict[str, np.ndarray]:
    """Epochs from FIRST on, stopped after a batch, each validated on some of the rows that are split off, all with weights; with
    averages only the last one is validated."""
    data, found = drawn(), {}
    x, y, w, model = data["inputs"], data["targets"], data["samples"][:, None], ByHand(data["kernel"], data["bias"])
    epochs = range(FIRST, STOPPED[0] + 1)
    for epoch in epochs:
        taken = batches(HELD)[: STOPPED[1] + 1] if epoch == STOPPED[0] else batches(HELD)
        told = []
        for number, rows in enumerate(taken):
            told.append(model.step(x[rows], y[rows], w[rows]))
            found |= model.state(f"seen/{epoch}/{number}")
            model.kernel = model.kernel * LEFT
        found |= pairs(f"fit/{epoch}", tuple(np.average(told, axis=0, weights=[rows.stop - rows.start for rows in taken])))
        if averaged and epoch != STOPPED[0]:
            continue
        held = [slice(at, at + HELD_SIZE) for at in range(HELD, ROWS, HELD_SIZE)][:HELD_STEPS]
        told = [model.told(model.outputs(x[rows]), y[rows], w[rows]) for rows in held]
        found |= pairs(f"validation/{epoch}", tuple(np.mean(told, axis=0)))
    for name in ("fit", "validation"):
        found |= {f"ended/{name}/{one}": found[f"{name}/{epochs[-1]}/{one}"] for one in ("loss", "metric")}
    if averaged:
        model.kernel, model.bias = model.average["kernel"], model.average["bias"]
    return found | model.state("end") | {"epochs": np.array(epochs), "held": np.array([
        0 if averaged and epoch != STOPPED[0] else HELD_STEPS for epoch in epochs])}


@statement("Calls on single batches and evaluations begin anew, tell of their own rows alone, callbacks too, and keep what they "
           "change: weights, what the optimizer remembers, statistics; what they give back are plain numbers, nothing "
           "of a trace is left in the model's losses, and what a callback stops, or ends by an error, ends with that batch, its "
           "validation data too.",
           source="Keras: train_on_batch, test_on_batch, evaluate, stop_evaluating, Layer.losses; Ioffe and Szegedy 2015")
def calls_begin_anew(ask):
    seen = ask(FunctionRequest("single_calls", tuple(drawn().items())))
    return differing(seen, calls_by_hand()) + [Deviation("given back", f"{name} gives back {kind}, expected float")
                                               for name, kind in seen.facts["kinds"] if kind != "float"]


@statement("A training that is stopped within an epoch ends with that batch: the epoch is validated, on as many batches as were "
           "asked for of the rows that are split off, and told of, and the average of the weights takes their place; callbacks "
           "are told of each beginning and end once, in order, see the weights of after each batch, which they may change, and "
           "in the end what was told of the last epoch.",
           {"averaged": (True, False)}, sparing=1,
           source="Keras: fit(initial_epoch, validation_split, validation_steps), stop_training, use_ema")
def stopped_training_ends_there(ask, averaged):
    seen = ask(FunctionRequest("stopped_training", (*drawn().items(), ("averaged", averaged))))
    found = differing(seen, stopped_by_hand(averaged))
    due = [one for one in events() if not averaged or one.startswith(("train", "epoch"))]
    if (told := list(seen.facts.get("events", ()))) != due:
        place = next((n for n, (one, other) in enumerate(zip(told, due, strict=False)) if one != other), min(len(told), len(due)))
        words = f"event {place} of {len(due)}: {told[place : place + 2]}, expected {due[place : place + 2]}"
        found.append(Deviation("events", words))
    return found


def left_out_by_hand() -> dict[str, np.ndarray]:
    """A model whose inputs are scaled, by weights that begin at one, and may be added to: trained by SGD on rows that nothing is
    added to, evaluated and predicted from. The gradient of its scale is that of one that is doubled, and of the scale itself,
    less the scale with a gradient that is stopped."""
    data = drawn()
    x, y, scale = data["inputs"], data["inputs"][::-1] / 2, np.ones(FEATURES)
    told = float(np.mean((x - y) ** 2))
    scale -= (2 + 1) * RATE * 2 * np.mean((x - y) * x, axis=0) / FEATURES
    after = np.array(np.mean((x * scale - y) ** 2))
    return {"fit": np.array(told), "evaluate": after, "outputs": x * scale, "batch": x * scale, "frozen": after,
            "still": scale}


@statement("An optional input that is left out, the first of several, is left out in training, in evaluation and in prediction, "
           "of a batch alone too; a gradient of its layer's own is followed, one that is stopped is not, and where all of the "
           "model is frozen training tells its loss and moves nothing.",
           source="Keras: Input(optional=True), Model.fit([None, inputs]), ops.custom_gradient, stop_gradient, Model.trainable")
def first_inputs_may_be_left_out(ask):
    data = drawn()
    given = {"inputs": data["inputs"], "targets": data["inputs"][::-1] / 2}
    return differing(ask(FunctionRequest("left_out_inputs", tuple(given.items()))), left_out_by_hand())


def counted_by_hand() -> dict[str, np.ndarray]:
    """A model that adds to its inputs how many batches it has seen: predictions of two batches, of which the second has fewer
    rows, and of two alone, one after the other, by a model that had not seen any, then of two of three batches, and of all of
    five rows in two steps, whose batches are as small as they can be; what was counted; and the number of the last one, which
    callbacks are told."""
    x = drawn()["inputs"]
    return {"outputs": x + np.repeat([1, 2], UNEVEN)[:, None], "count": np.array(2), "batch": x[:SIZE] + 1,
            "next": x[SIZE : 2 * SIZE] + 2, "some": x[: 2 * SIZE] + np.repeat([3, 4], SIZE)[:, None],
            "parted": x[:ODD] + np.repeat([5, 6], [ODD - ODD // 2, ODD // 2])[:, None], "counted": np.array(6),
            "last": np.array(1)}


@statement("A model that is not built before it predicts begins with the first batch and counts each once, in as many steps "
           "as are asked for and no more, several of them at once, a last one of fewer rows too, and on batches alone, and tells "
           "callbacks the number of each; what it predicts are arrays of numpy.",
           source="Keras: Model.predict(steps), predict_on_batch, Layer.add_weight")
def models_are_built_by_predictions(ask):
    seen = ask(FunctionRequest("counted_batches", (("inputs", drawn()["inputs"]),)))
    return differing(seen, counted_by_hand()) + [Deviation(name, f"{name}: given as {kind}, expected ndarray")
                                                 for name, kind in seen.facts["kinds"] if kind != "ndarray"]


REFUSED = {
    "trained_on_a_batch": "weights of classes beside those of samples", "fitted": "weights of classes beside those of samples",
    "fitted_with_fewer": "fewer targets than inputs", "fitted_by_fewer": "fewer weights than inputs",
    "fitted_beside": "targets beside a generator", "fitted_by": "weights beside a dataset",
    "parted": "a share of a generator for validation", "held": "all rows for validation",
    "streamed_by_classes": "weights of classes beside a generator",
    "fitted_by_both": "weights of classes beside those of a dataset", "listed": "a generator of lists",
    "bare": "a generator of what is no tuple", "bare_predicted": "a generator of what is no tuple",
    "empty": "a generator of nothing", "unknown": "a word that nobody knows",
    "fitted_uncompiled": "a model without a loss", "evaluated_uncompiled": "a model without a loss",
    "trained_on_a_batch_uncompiled": "a model without a loss", "tested_on_a_batch_uncompiled": "a model without a loss",
}
"""A call -> what it is given that means nothing there."""


@statement("What a model cannot train on, or be evaluated on, is refused in words, and changes no weight: weights given twice, "
           "or beside what brings its own, other numbers of rows, a share of what has no end, nothing, a model that is not "
           "compiled.", sparing=1, source="Keras: fit, evaluate, train_on_batch, test_on_batch")
def calls_for_nothing_are_refused_by_models(ask):
    """Facts: `said`, by call, the error's words, or None where it was taken. Arrays: `before` and `after`, the kernel."""
    seen = ask(FunctionRequest("training_for_nothing", tuple(drawn().items())))
    said = dict(seen.facts["said"])
    found = [Deviation(name, f"{name}: {words} {'is taken' if said[name] is None else 'is refused without a word'}")
             for name, words in REFUSED.items() if not (said[name] or "").strip()]
    return found + equal("kernel", seen["after"], seen["before"], "after calls that were refused")
