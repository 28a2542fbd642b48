"""Where rows come from: arrays, generators, datasets, loaders.

A linear model over masked steps and over rows, whose gradients are written down, so that only the feeding counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import equal, statement
from cases.layers import Layer, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation
from cases.tolerance import compare, unit_roundoff

ROWS, SIZE, STEPS, FEATURES, CLASSES = 5, 2, 4, 3, 3
"""Three batches, the last of them of one row."""
HELD = slice(2, ROWS)
"""The rows for validation: two batches."""
RATE, DECAY = 0.125, 0.5
EPOCHS = {True: ((0,), (1,), (2,)), False: ((0, 1, 2),)}
"""Whether epochs have a number of steps -> the batches of each."""
WAYS = ("arrays", "generator", "dataset", "loader", "tf_data")
"""Arrays; a generator; a dataset that gives batches by number; PyTorch's loader; tf.data."""


@dataclass(frozen=True)
class Kind:
    """What rows consist of.

    inputs      steps (rows, steps, features), where zeros are masked, or rows (rows, features), each with an output of its own
    nest        of inputs, outputs and weights: one, tuple, list or dict
    labels      of the output of rows: "" numbers, ids in a column, or one_hot, of two classes, the fewest that there can be
    by_class    class -> its weight, 1 where there is none; else samples have weights, and steps where they have a target
    at_once     batches in one execution, where an engine can do that
    by_steps    whether epochs have a number of steps, fewer than there are batches
    decayed     of which inputs the kernel decays, those of the others being excluded from it
    """

    inputs: tuple[str, ...]
    nest: str = "one"
    labels: str = ""
    by_class: tuple[tuple[int, float], ...] = ()
    at_once: int = 1
    by_steps: bool = False
    decayed: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "masked": Kind(("steps",), by_steps=True), "named": Kind(("rows", "steps"), "dict"),
    "pair": Kind(("steps", "rows"), "tuple", at_once=2, decayed=("rows",)),
    "listed": Kind(("steps", "rows"), "list", by_steps=True),
    "classes": Kind(("rows",), labels="ids", by_class=((1, 3.0),)),
    "one_hot": Kind(("rows",), labels="one_hot", by_class=((1, 0.25),), by_steps=True),
}
BATCHES, AGAIN = 5, 2
"""Of a dataset that is fed in so many epochs."""


@dataclass(frozen=True, eq=False)
class Data:
    """By input: `inputs`, `targets` (rows, steps, 1) or (rows, width), `weights` (rows, steps) or (rows,), the `kernels` that the
    model begins with (features, width); `valid` (rows, steps)."""

    inputs: Mapping[str, np.ndarray]
    targets: Mapping[str, np.ndarray]
    weights: Mapping[str, np.ndarray]
    kernels: Mapping[str, np.ndarray]
    valid: np.ndarray


def drawn(kind: Kind) -> Data:
    """The data of a kind."""
    random = generator("feeding")
    valid = BatchPlan(ROWS, STEPS, "right").draw(Layer("gru", FEATURES, 2)).valid
    inputs = {"steps": draw_values(random, (ROWS, STEPS, FEATURES)) * valid[:, :, None], "rows": draw_values(random, (ROWS, 2))}
    ids = (np.arange(ROWS) * 2 + 1) % CLASSES % (2 if kind.labels == "one_hot" else CLASSES)
    labels = {"": draw_values(random, (ROWS, 1)), "ids": ids[:, None].astype(float), "one_hot": np.eye(2)[ids % 2]}[kind.labels]
    targets = {"steps": draw_values(random, (ROWS, STEPS, 1)), "rows": labels}
    weights = {"steps": random.uniform(0.5, 2.0, (ROWS, STEPS)), "rows": random.uniform(0.5, 2.0, ROWS)}
    kernels = {name: draw_values(random, (inputs[name].shape[-1], targets[name].shape[-1])) for name in ("steps", "rows")}
    if kind.by_class:
        weights["rows"] = np.array([dict(kind.by_class).get(int(one), 1.0) for one in ids])
    return Data(*({name: one[name] for name in kind.inputs} for one in (inputs, targets, weights, kernels)), valid)


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, array.shape[-1])


def read(data: Data, kernels: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs, by input."""
    return {name: data.inputs[name] @ kernels[name] for name in data.inputs}


def batch_of(data: Data, kernels: Mapping[str, np.ndarray], rows: slice, weighted: bool) -> tuple[dict, dict]:
    """Of these rows: what is told, as name -> (value, how much it counts), and the gradients of the kernels."""
    told: dict[str, tuple[float, float]] = {}
    gradients, total, outputs = {}, 0.0, read(data, kernels)
    count = outputs[next(iter(outputs))][rows].shape[0]
    for name, output in outputs.items():
        off = (output - data.targets[name])[rows]
        there = (data.valid if name == "steps" else np.ones(ROWS))[rows].astype(float)
        w = there * (data.weights[name][rows] if weighted else 1.0)
        total += float((w * np.mean(off**2, axis=-1)).sum() / there.sum())
        pulls = 2 * w[..., None] * off / there.sum() / off.shape[-1]
        gradients[name] = _flat(data.inputs[name][rows]).T @ _flat(pulls)
        if name == "rows":
            sizes = float((w * np.mean(np.abs(off), axis=-1)).sum())
            told["rows_metric" if len(data.inputs) > 1 else "metric"] = (sizes / w.sum(), w.sum())
    return {"loss": (total, count), **told}, gradients


def mean(batches: Sequence[Mapping[str, tuple[float, float]]]) -> dict[str, float]:
    """What is told of some batches together."""
    every = {name: np.array([one[name] for one in batches]) for name in batches[0]}
    return {name: float(values @ counts / counts.sum()) for name, (values, counts) in ((n, e.T) for n, e in every.items())}


def by_hand(kind: Kind) -> dict[str, np.ndarray]:
    """fit/EPOCH/NAME, validation/NAME, evaluate/NAME, shuffled/NAME, weights/INPUT after the fit, predict/INPUT: by input.

    `whole`: of one execution, where several batches are one. `shuffled`: an epoch that changes no weights, in any order, where
    no batch depends on its other rows.
    """
    data, found = drawn(kind), {}
    kernels = dict(data.kernels)
    for epoch, numbers in enumerate(EPOCHS[kind.by_steps]):
        told = []
        for number in numbers:
            seen, gradients = batch_of(data, kernels, slice(SIZE * number, SIZE * (number + 1)), True)
            pulls = {name: gradients[name] + DECAY * kernel * (name in kind.decayed) for name, kernel in kernels.items()}
            kernels = {name: kernel - RATE * pulls[name] for name, kernel in kernels.items()}
            told.append(seen)
        found |= {f"fit/{epoch}/{name}": value for name, value in mean(told).items()}

    def over(rows: slice, weighted: bool) -> dict[str, float]:
        starts = range(rows.start or 0, ROWS, SIZE)
        return mean([batch_of(data, kernels, slice(at, at + SIZE), weighted)[0] for at in starts])

    found |= {f"validation/{name}": value for name, value in over(HELD, not kind.by_class).items()}
    found |= {f"evaluate/{name}": value for name, value in over(slice(None), not kind.by_class).items()}
    if "steps" not in kind.inputs:
        found |= {f"shuffled/{name}": value for name, value in over(slice(None), True).items()}
    found |= {f"weights/{name}": kernel for name, kernel in kernels.items()}
    found |= {f"predict/{name}": output for name, output in read(data, kernels).items()}
    if kind.at_once > 1:
        found |= {f"whole/{name}": output[: SIZE * kind.at_once] for name, output in read(data, kernels).items()}
    return {name: np.asarray(value) for name, value in found.items()}


def differing(seen: Observation, due: Mapping[str, np.ndarray]) -> list[Deviation]:
    """What is told otherwise than is due, or not at all."""
    found: list[Deviation] = []
    for name, value in due.items():
        slack = 256 * unit_roundoff("float32") * (1 + np.abs(value))
        absent = Deviation(name, f"{name}: nothing is told of it")
        found += compare(name, seen[name], value, slack) if name in seen.arrays else [absent]
    return found


def fed(ask, kind: str, way: str, due: Mapping[str, np.ndarray], alone: bool = False) -> list[Deviation]:
    """What is told otherwise than is due, and what is warned of, though nothing is wrong."""
    seen = ask(asked(kind, way, alone))
    return differing(seen, due) + miscounted(seen) + [
        Deviation("warned", f"warned: {words}") for words in seen.facts.get("warned", ())]


def miscounted(seen: Observation) -> list[Deviation]:
    """Where a pass over rows tells callbacks numbers of batches that do not follow one another from 0 on: an execution, of one
    batch or of several, begins with the number behind that with which the one before it ends."""
    found = []
    for what, executions in seen.facts.get("numbers", ()):
        due = 0
        for first, last in executions:
            if first != due or last < first:
                found.append(Deviation(f"numbers of {what}", f"{what}: executions from batch to batch {executions}"))
                break
            due = last + 1
    return found


def asked(kind: str, way: str, alone: bool) -> FunctionRequest:
    """The question; of inputs `alone` a model that was just made predicts, and does nothing else."""
    given = {"kind": kind, "way": way, "alone": alone, "inputs": tuple(drawn(KINDS[kind]).inputs.items())}
    return FunctionRequest("feeding", tuple(given.items()))


FED = ("A model that is fed by arrays, a generator, a dataset, a loader or tf.data trains, validates and predicts as by hand, "
       "without a warning, and tells callbacks the numbers of batches in their order: ")
SOURCE = "Keras: Model.fit, evaluate, predict; sums by hand"


@statement(FED + "by masked steps and their weights, one batch an epoch, and by names.",
           {"way": WAYS, "kind": ("masked", "named")}, strength=(1, 1, 2), sparing=2, source=SOURCE)
def every_way_feeds_masked_steps(ask, way, kind):
    return fed(ask, kind, way, by_hand(KINDS[kind]))


@statement(FED + "by two inputs, two targets and two weights, in tuples, several batches at once, and in lists.",
           {"way": WAYS, "kind": ("pair", "listed")}, usual={"way": ("loader", "generator", "arrays")}, strength=(1, 1, 2),
           sparing=3, costly=True, source=SOURCE)
def every_way_feeds_several_inputs(ask, way, kind):
    return fed(ask, kind, way, by_hand(KINDS[kind]))


@statement(FED + "with weights of classes, and 1 for a class that has none.",
           {"way": ("tf_data", "arrays", "dataset"), "kind": ("classes", "one_hot")}, usual={"way": ("tf_data", "arrays")},
           strength=(1, 2, 2), sparing=2, source=SOURCE)
def every_way_weighs_classes(ask, way, kind):
    return fed(ask, kind, way, by_hand(KINDS[kind]))


@statement("A model predicts from a generator, a dataset, a loader or tf.data that gives inputs alone, or None in place of what "
           "would follow.",
           {"way": ("loader", "generator", "dataset", "tf_data"), "kind": ("masked", "named")}, strength=(1, 1, 2),
           sparing=2, source="Keras: Model.predict")
def inputs_alone_are_taken(ask, kind, way):
    data = drawn(KINDS[kind])
    due = read(data, data.kernels)
    return fed(ask, kind, way, {f"predict/{name}": output for name, output in due.items()}, alone=True)


@statement("A dataset that gives batches by number feeds each of them once an epoch, in their order unless they are shuffled, "
           "with the weights of their classes, from the first call of a model on, from threads of its own too, and one batch "
           "alone; it is told when each epoch begins and ends.",
           {"threads": (2, 0), "shuffled": (True, False)}, strength=(1, 1, 2), sparing=1, costly=True,
           source="Keras: PyDataset(workers)")
def datasets_feed_every_batch_once(ask, threads, shuffled):
    given = {"threads": threads, "shuffled": shuffled, "batches": BATCHES, "epochs": AGAIN, "weights": (3.0, 5.0)}
    seen = ask(FunctionRequest("numbered_batches", tuple(given.items())))
    found = equal("alone", seen["alone"], [0.0], "the batch of a dataset that has no other")
    for name in ("predicted", *(f"epoch {n}" for n in range(AGAIN))):
        came = sorted(seen[name].tolist()) if shuffled and name != "predicted" else seen[name].tolist()
        if came != list(range(BATCHES)):
            found.append(Deviation(name, f"{name}: batches {seen[name].tolist()} came, expected {list(range(BATCHES))}"))
    return found + [Deviation(what, f"the dataset is told of the {what} of {count} epochs, there were {AGAIN}")
                    for what, count in zip(("begin", "end"), seen.facts["heard"], strict=True) if count < AGAIN]


MANY, PART = 40, 16
"""Rows, and how many of them make a batch."""


@statement("Rows of arrays are fed once an epoch: in their order where they are not shuffled, in another one each epoch where "
           "they are, and shuffled within their batches each batch holds the rows that are its own.",
           {"shuffle": ("within", "rows", "nothing")}, usual={"shuffle": ("within", "rows")}, strength=(1, 1, 1),
           source="Keras: fit(shuffle)")
def rows_are_fed_once(ask, shuffle) -> list[Deviation]:
    """Arrays: `epoch/0`, `epoch/1`, the numbers of the rows as they came."""
    seen = ask(FunctionRequest("fed_rows", (("shuffle", shuffle), ("rows", MANY), ("size", PART))))
    found, orders = [], [seen[f"epoch/{n}"].tolist() for n in range(2)]
    for n, order in enumerate(orders):
        parts = [order[at: at + PART] for at in range(0, len(order), PART)] if shuffle == "within" else [order]
        kept = order if shuffle == "nothing" else [row for part in parts for row in sorted(part)]
        if kept != list(range(MANY)):
            found.append(Deviation(f"epoch/{n}", f"epoch {n}: rows {order} came"))
        elif (order == list(range(MANY))) != (shuffle == "nothing"):
            found.append(Deviation(f"epoch/{n}", f"epoch {n}: the rows came in their order"))
    alike = shuffle != "nothing" and orders[0] == orders[1]
    return [*found, Deviation("epochs", "both epochs have one order")] if alike else found
