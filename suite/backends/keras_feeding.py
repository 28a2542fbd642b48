"""Keras' `fit`, `evaluate` and `predict` of a linear model, fed in every way."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cases.families.feeding import DECAY, EPOCHS, HELD, KINDS, RATE, ROWS, SIZE, Kind, drawn
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment

SEED = 3
GIVEN = "_given"
"""What the names of inputs end with: those of outputs are those of their layers."""
IMPORTED = "tf.data is TensorFlow, which is not imported into a process of another engine here"
SHUFFLED = "`shuffle=True` was passed"
"""How the warning begins that is due where what shuffles by itself, or not at all, is to be shuffled."""


def nested(kind: Kind, parts: dict[str, Any], more: str = "") -> Any:
    """The parts as the kind nests them, by their names and `more`."""
    if kind.nest == "dict":
        return {f"{name}{more}": one for name, one in parts.items()}
    return {"one": lambda every: every[0], "tuple": tuple, "list": list}[kind.nest](list(parts.values()))


def made(backend: Any, kind: Kind) -> Any:
    """The model, compiled."""
    keras, layers, data = backend.keras, backend.keras.layers, drawn(kind)
    inputs = {n: keras.Input(one.shape[1:], name=n + GIVEN) for n, one in data.inputs.items()}
    outputs = {}
    for name, given in inputs.items():
        masked = layers.Masking()(given) if name == "steps" else given
        outputs[name] = layers.Dense(data.targets[name].shape[-1], use_bias=False, name=name)(masked)
    model = keras.Model(nested(kind, inputs, GIVEN), nested(kind, outputs))
    metrics = {name: [keras.metrics.MeanAbsoluteError(name="metric")] if name == "rows" else [] for name in outputs}
    losses = dict.fromkeys(outputs, "mse")
    if kind.nest != "dict":
        losses, metrics = list(losses.values()), list(metrics.values())
    if kind.nest == "one":
        losses, metrics = losses[0], metrics[0]
    optimizer = keras.optimizers.SGD(RATE, weight_decay=DECAY if kind.decayed else None)
    if kind.decayed:
        optimizer.exclude_from_weight_decay([model.get_layer(name).kernel for name in kind.inputs if name not in kind.decayed])
    eager = backend.engine.name == "tensorflow"  # where each source of batches would be traced anew
    model.compile(optimizer, losses, weighted_metrics=metrics, run_eagerly=eager,
                  steps_per_execution=1 if backend.engine.name == "torch" else kind.at_once)
    return model


def rows_of(structure: Any, rows: Any) -> Any:
    """These rows of every array."""
    if isinstance(structure, dict):
        return {name: one[rows] for name, one in structure.items()}
    return type(structure)(one[rows] for one in structure) if isinstance(structure, (list, tuple)) else structure[rows]


class Numbers:
    """The numbers of batches that callbacks are told: of each pass over rows, the first and the last of every execution."""

    def __init__(self, keras: Any):
        self.passes: list[tuple[str, list[list[int]]]] = []
        self.callback = keras.callbacks.Callback()
        for what, begins in (("train", "epoch"), ("test", "test"), ("predict", "predict")):
            setattr(self.callback, f"on_{begins}_begin", lambda *_, what=what, **__: self.passes.append((what, [])))
            for of, part in enumerate(("begin", "end")):
                setattr(self.callback, f"on_{what}_batch_{part}", lambda number, logs=None, what=what, of=of: self.hear(
                    what, number, of))

    def hear(self, what: str, number: int, ends: int) -> None:
        """What a pass is told, also of one that is within another."""
        executions = next(each for name, each in reversed(self.passes) if name == what)
        if ends:
            executions[-1].append(int(number))
        else:
            executions.append([int(number)])

    def told(self) -> tuple[tuple[str, tuple[tuple[int, ...], ...]], ...]:
        """By pass, those that ended: where nobody knows how many batches there are one more begins."""
        return tuple((what, tuple(tuple(one) for one in each if len(one) > 1)) for what, each in self.passes)


def source(backend: Any, way: str, given: tuple, rows: slice) -> Any:
    """What a model is fed with: these rows of (inputs, targets, weights), or the first of them."""
    given = tuple(rows_of(one, rows) for one in given)
    count = len(range(*rows.indices(ROWS)))
    parts = [slice(start, start + SIZE) for start in range(0, count, SIZE)]
    batches = [tuple(rows_of(one, part) for one in given) for part in parts]

    def generated() -> Iterator[tuple]:
        for batch in batches:  # what is not there may be None
            yield (*batch, *(None,) * (3 - len(batch))) if isinstance(batch[0], dict) else batch

    class Batches(backend.keras.utils.PyDataset):
        def __len__(self) -> int:
            return len(batches)

        def __getitem__(self, index: int) -> tuple:
            return batches[index]

    if way == "generator":
        return generated()
    if way == "dataset":
        return Batches()
    if way == "loader":
        from torch.utils.data import DataLoader

        every = [tuple(rows_of(one, row) for one in given) for row in range(count)]
        return DataLoader(every if len(given) > 1 else [row for row, in every], batch_size=SIZE)
    import tensorflow

    as_tuples = tuple(tuple(one) if isinstance(one, list) else one for one in given)
    return tensorflow.data.Dataset.from_tensor_slices(as_tuples if len(given) > 1 else as_tuples[0]).batch(SIZE)


def run_feeding(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.feeding`."""
    options = dict(request.arguments)
    kind, way = KINDS[options["kind"]], options["way"]
    if way == "tf_data" and backend.engine.name != "tensorflow":
        return Unsupported(IMPORTED)
    data = drawn(kind)
    with moment("build"):
        model = made(backend, kind)
        for name in kind.inputs:
            model.get_layer(name).set_weights([data.kernels[name].astype("float32")])
    parts = ({n: one.astype("float32") for n, one in each.items()} for each in (data.inputs, data.targets, data.weights))
    x, y, w = (nested(kind, part, more) for part, more in zip(parts, (GIVEN, "", ""), strict=True))
    given = (x,) if options["alone"] else (x, y) if kind.by_class else (x, y, w)
    by_class = {"class_weight": dict(kind.by_class)} if kind.by_class else {}

    def fed(rows: slice = slice(None)) -> dict[str, Any]:
        """The arguments of a call that is given these rows."""
        if way != "arrays":
            return {"x": source(backend, way, given, rows)}
        return dict(zip(("x", "y", "sample_weight"), (rows_of(one, rows) for one in given), strict=False)) | {"batch_size": SIZE}

    arrays: dict[str, np.ndarray] = {}
    numbers = Numbers(backend.keras)
    with moment("run"), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        if not options["alone"]:
            arrays |= trained(model, kind, fed, by_class, numbers.callback)
            if kind.at_once > 1:
                arrays |= predicted(model, kind, fed(slice(SIZE * kind.at_once)), numbers.callback, "whole")
        arrays |= predicted(model, kind, fed(), numbers.callback)
    words = dict.fromkeys(str(one.message) for one in warned if issubclass(one.category, UserWarning))
    return Observation(arrays, facts={"warned": tuple(each for each in words if not each.startswith(SHUFFLED)),
                                      "numbers": numbers.told()})


def trained(model: Any, kind: Kind, fed: Callable[..., dict[str, Any]], by_class: dict[str, Any],
            heard: Any) -> dict[str, np.ndarray]:
    """What `fit` and then `evaluate` tell, and the weights; at last an epoch that changes none. What callbacks are told is
    `heard`."""
    epochs, held = EPOCHS[kind.by_steps], fed(HELD)
    batch = {"validation_batch_size": SIZE} if "y" in held else {}
    held = tuple(held[name] for name in ("x", "y", "sample_weight") if name in held) if "y" in held else held["x"]
    steps = {"steps_per_epoch": len(epochs[0])} if kind.by_steps else {}
    told = model.fit(**fed(), **by_class, **steps, **batch, initial_epoch=len(epochs), epochs=2 * len(epochs), shuffle=False,
                     verbose=0, validation_data=held, validation_freq=len(epochs), callbacks=[heard]).history
    found = {f"validation/{name.removeprefix('val_')}": values[0] for name, values in told.items() if name.startswith("val_")}
    for epoch in range(len(epochs)):
        found |= {f"fit/{epoch}/{name}": values[epoch] for name, values in told.items() if not name.startswith("val_")}
    logs = model.evaluate(**fed(), verbose=0, return_dict=True, callbacks=[heard])
    found |= {f"evaluate/{name}": value for name, value in logs.items()}
    found |= {f"weights/{name}": model.get_layer(name).get_weights()[0] for name in kind.inputs}
    if "steps" not in kind.inputs:
        model.optimizer.learning_rate = 0.0
        told = model.fit(**fed(), **by_class, shuffle=True, verbose=0).history
        model.optimizer.learning_rate = RATE
        found |= {f"shuffled/{name}": values[0] for name, values in told.items()}
    return {name: np.asarray(value) for name, value in found.items()}


def predicted(model: Any, kind: Kind, given: dict[str, Any], heard: Any, call: str = "predict") -> dict[str, np.ndarray]:
    """What `predict` gives, by input."""
    came = model.predict(given["x"], given.get("batch_size"), verbose=0, callbacks=[heard])
    came = list(came.values()) if isinstance(came, dict) else came if isinstance(came, (list, tuple)) else [came]
    return {f"{call}/{name}": np.asarray(one) for name, one in zip(kind.inputs, came, strict=True)}


def run_numbered_batches(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.feeding.datasets_feed_every_batch_once`: the loss of batch n, whose rows are of class
    n % 2, is 2 n times the weight of that class. A batch that is not to be recognized is -1."""
    options, keras = dict(request.arguments), backend.keras
    count, epochs, weights = options["batches"], options["epochs"], dict(enumerate(options["weights"]))
    threads = {"workers": options["threads"]} if options["threads"] else {}

    class Numbers(keras.utils.PyDataset):
        def __len__(self) -> int:
            return count

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            if index >= len(self):
                raise IndexError(index)
            return np.full((2, 1), 2 * index + index % 2, "float32"), np.full((2, 1), index % 2, "float32")

        def on_epoch_begin(self) -> None:
            heard["begin"] += 1

        def on_epoch_end(self) -> None:
            heard["end"] += 1

    class One(Numbers):
        def __len__(self) -> int:
            return 1

    class Listening(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            sums.append([0.0])

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            sums[-1].append(float(logs["loss"]) * (batch + 1))

    sums: list[list[float]] = []
    heard = {"begin": 0, "end": 0}
    with moment("build"):
        model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
        slow = backend.engine.name == "tensorflow"
        model.compile(keras.optimizers.SGD(0.0), "mean_absolute_error", run_eagerly=slow)
    with moment("run"):
        keras.utils.set_random_seed(SEED)  # of Python's own generator, which shuffles
        predicted, alone = (model.predict(each(**threads), verbose=0)[::2, 0] // 2 for each in (Numbers, One))
        before = tuple(heard.values())
        model.fit(Numbers(**threads), epochs=epochs, shuffle=options["shuffled"], verbose=0, callbacks=[Listening()],
                  class_weight=weights)
    told = {round(2 * n * weights[n % 2]): n for n in range(count)}
    came = {f"epoch {n}": np.array([told.get(round(loss), -1) for loss in np.diff(one)]) for n, one in enumerate(sums)}
    return Observation({"predicted": predicted, "alone": alone, **came}, facts={
        "heard": tuple(now - then for now, then in zip(heard.values(), before, strict=True))})


def run_fed_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.feeding.rows_are_fed_once`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    rows, epochs = np.arange(options["rows"], dtype="float32")[:, None], []

    class Looking(keras.Sequential):
        def train_step(self, *given: Any) -> Any:
            epochs[-1].append(engine.numpy(given[-1][0])[:, 0])
            logs = {"loss": 0.0}
            return logs if len(given) == 1 else (logs, given[0])  # JAX gives the model's state, and takes it back

    class Counting(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            epochs.append([])

    with moment("build"):
        model = Looking([keras.Input((1,)), keras.layers.Identity()])
        model.compile("sgd", "mean_absolute_error", run_eagerly=True)
    with moment("run"):
        keras.utils.set_random_seed(SEED)
        model.fit(rows, rows, batch_size=options["size"], epochs=2, verbose=0, callbacks=[Counting()],
                  shuffle={"within": "batch", "rows": True, "nothing": False}[options["shuffle"]])
    return Observation({f"epoch/{n}": np.concatenate(each) for n, each in enumerate(epochs)})
