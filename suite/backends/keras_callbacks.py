"""Keras' callbacks: told of epochs by hand, and in `fit`."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cases.callbacks import alone, part_of, scheduled
from cases.families import callbacks as case
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment, refuses

KINDS = {"stop": "EarlyStopping", "plateau": "ReduceLROnPlateau", "save": "ModelCheckpoint", "schedule": "LearningRateScheduler"}


def small(keras: Any, rate: float, cell: str = "") -> Any:
    """A model with one layer of one unit, compiled: a recurrent one, or a dense one, where no sequence is looked at."""
    layer = getattr(keras.layers, stacks.LAYERS[cell])(1) if cell else keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((3, 1) if cell else (1,)), layer])
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model


def fill(model: Any, value: float) -> None:
    """Every weight becomes this number."""
    model.set_weights([np.full(one.shape, value, "float32") for one in model.get_weights()])


def run_watching(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.callbacks.watchers_follow_their_rules`: one callback, series after series. Of a
    file it counts what is in it: the model writes its first weight."""
    options, keras, arrays = dict(request.arguments), backend.keras, {}
    kind, given = options["kind"], dict(options["options"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kept.weights.h5"
        with moment("build"):
            model = small(keras, options["rate"])
            model.save_weights = lambda filepath, **_: Path(filepath).write_text(str(first(model)))
            rule = alone if given.pop("alone", False) else scheduled
            own = {"save": {"filepath": str(file), "save_weights_only": True}, "schedule": {"schedule": rule}}
            given |= own.get(kind, {})

            def made() -> Any:
                one = getattr(keras.callbacks, KINDS[kind])(**given)
                one.set_model(model)
                return one

            callback = made()
        with moment("run"):
            for name, told in options["told"]:
                if kind == "save":  # what was best, and its file, outlive a training
                    callback = made()
                    file.unlink(missing_ok=True)
                found = watched(model, callback, told, file, options["rate"], name == case.HALTED)
                arrays |= {f"{name}/{what}": np.array(values) for what, values in found.items()}
    return Observation(arrays)


def first(model: Any) -> float:
    """A weight."""
    return float(model.get_weights()[0].ravel()[0])


def watched(model: Any, callback: Any, told: tuple[float, ...], file: Path, rate: float, halted: bool) -> dict[str, list[float]]:
    """What the callback does of these numbers; `halted`: something else stops the training in the end."""
    found: dict[str, list[float]] = {"epochs": [], "rates": [], "files": [], "left": [], "stopped": []}
    model.optimizer.learning_rate, model.stop_training = rate, False
    callback.on_train_begin()
    for epoch, value in enumerate(told):
        callback.on_epoch_begin(epoch)
        fill(model, epoch + 1.0)
        callback.on_epoch_end(epoch, {"val_loss": value})
        found["epochs"].append(first(model))
        found["rates"].append(float(model.optimizer.learning_rate))
        found["files"].append(float(file.read_text()) if file.exists() else 0.0)
        if model.stop_training:
            break
    model.stop_training = model.stop_training or halted
    callback.on_train_end()
    found["left"].append(first(model))
    found["stopped"].append(float(getattr(callback, "stopped_epoch", 0)))
    return found


def run_interrupted(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.callbacks.interrupted_training_goes_on`: two models that begin alike, one trained for
    four epochs, the other interrupted in the third and begun again."""
    keras, cell, arrays = backend.keras, dict(request.arguments)["cell"], {}
    random = np.random.default_rng(3)
    x, y = random.normal(size=(6, 3, 1)).astype("float32"), random.normal(size=(6, 1)).astype("float32")

    class Seen(keras.callbacks.Callback):
        """Keeps the epochs that begin and the batches that end; does something at the end of one batch."""

        def __init__(self, at: int = 0, act: Any = None):
            super().__init__()
            self.at, self.act, self.epochs, self.batches, self.ended = at, act, [], [], []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epochs.append(epoch)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.ended.append(epoch)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.batches.append(batch)
            if self.at == len(self.batches):
                self.act(self.model)

    def interrupt(model: Any) -> None:
        raise KeyboardInterrupt

    def stop(model: Any) -> None:
        model.stop_training = True

    def fit(model: Any, *callbacks: Any, begins: int = 0) -> None:
        model.fit(x, y, batch_size=2, epochs=4, shuffle=False, verbose=0, callbacks=list(callbacks), initial_epoch=begins)

    with moment("build"), tempfile.TemporaryDirectory() as folder:
        whole, parts = small(keras, 0.125, cell), small(keras, 0.125, cell)
        parts.set_weights(whole.get_weights())
        arrays["weights before"] = flat(whole)
        folder = str(Path(folder) / "backup")
        with moment("run"):
            fit(whole)
            before, after = Seen(8, interrupt), Seen()
            try:
                fit(parts, before, keras.callbacks.BackupAndRestore(folder))
            except KeyboardInterrupt:
                fill(parts, 9.0)
            fit(parts, after, keras.callbacks.BackupAndRestore(folder), begins=1)  # what is backed up goes first
            arrays |= {"weights due": flat(whole), "weights after": flat(parts), "epochs before": np.array(before.epochs),
                       "epochs after": np.array(after.epochs)}
            again = Seen(1, stop)
            fit(parts, again)
            arrays["epochs again"] = np.array(again.epochs)
            stopped = Seen(4, stop)
            fit(whole, stopped)
            arrays |= {"stopped epochs": np.array(stopped.epochs), "stopped batches": np.array(stopped.batches),
                       "ended epochs": np.array(stopped.ended),
                       "told": np.array([(stopped.params or {}).get(name, -1) for name in ("epochs", "steps")])}
    return Observation(arrays)


def flat(model: Any) -> np.ndarray:
    """All weights in one row."""
    return np.concatenate([one.ravel() for one in model.get_weights()])


def logged(keras: Any, file: Path) -> dict[str, Any]:
    """The rows of the file after two trainings, and its first line."""
    names, rows, first = case.LOGGED
    for append, part in ((False, rows[:first]), (True, rows[first:])):
        callback = keras.callbacks.CSVLogger(str(file), separator=";", append=append)
        callback.on_train_begin()
        for epoch, row in enumerate(part):
            callback.on_epoch_end(epoch, dict(reversed(list(zip(names, row, strict=True)))))
        callback.on_train_end()
    header, *lines = (tuple(line.split(";")) for line in file.read_text().splitlines())
    callback = keras.callbacks.CSVLogger(str(file))
    files = []
    for epochs in ([{"before": 1.0}], [{"val_after": 1.0}], [{"late": 1.0}, {"late": 2.0, "val_late": 3.0}]):
        callback.on_train_begin()
        for epoch, row in enumerate(epochs):
            callback.on_epoch_end(epoch, row)
        callback.on_train_end()
        files.append(tuple(file.read_text().splitlines()))
    return {"lines": np.array([[float(one) for one in line] for line in lines]), "header": header, "again": files[1],
            "late": files[2]}


def not_a_number(keras: Any, model: Any) -> dict[str, np.ndarray]:
    """Whether training is to stop after each of the losses, and whether one that is to raise an error does so."""
    found, raises = [], []
    for loss in case.LOSSES:
        raising = keras.callbacks.TerminateOnNaN(raise_error=True)
        raising.set_model(model)
        end = partial(raising.on_train_batch_end, 1, {"loss": loss})
        raises.append(float(refuses(end, RuntimeError)))
        callback, model.stop_training = keras.callbacks.TerminateOnNaN(), False
        callback.set_model(model)
        callback.on_train_begin()
        callback.on_train_batch_end(0, {"loss": 1.0})
        callback.on_train_batch_end(1, {"loss": loss})
        found.append(float(model.stop_training))
    return {"stops": np.array(found), "raises": np.array(raises)}


def by_metrics(keras: Any, model: Any) -> dict[str, np.ndarray]:
    """How long the model is trained by what is told of each metric."""
    model.compile("sgd", "mse", metrics=[keras.losses.huber if name == "huber" else name for name in case.WATCHED])
    model.test_on_batch(np.ones((1, 1), "float32"), np.ones((1, 1), "float32"))
    found = {}
    for name in case.WATCHED:
        callback, model.stop_training, epochs = keras.callbacks.EarlyStopping(f"val_{name}", patience=1), False, []
        callback.set_model(model)
        callback.on_train_begin()
        for epoch, value in enumerate(case.TOLD["wavy"]):
            epochs.append(epoch + 1.0)
            callback.on_epoch_end(epoch, {f"val_{name}": value})
            if model.stop_training:
                break
        found[name] = np.array(epochs)
    return found


def averaged(keras: Any, model: Any, kind: str) -> dict[str, np.ndarray]:
    """A weight and its average after each event, frozen since the optimizer knows it; by epoch within an optimizer that scales
    losses."""
    inner = keras.optimizers.SGD(use_ema=True)
    optimizer = keras.optimizers.LossScaleOptimizer(inner) if kind == "averaged_by_epoch" else inner
    model.compile(optimizer, "mse")
    optimizer.build(model.trainable_variables)
    model.trainable = False
    averages = [one for one in inner.variables if one.path.endswith("average")]
    callback = keras.callbacks.SwapEMAWeights(swap_on_epoch=kind == "averaged_by_epoch")
    callback.set_model(model)
    callback.set_params({"epochs": case.EPOCHS})
    callback.on_train_begin()
    found = {}
    for place, (event, epoch) in enumerate(case.EVENTS[kind]):
        if event == "epoch_end" or place == 0:  # as a batch leaves them
            fill(model, case.OWN[epoch])
            for one in averages:
                one.assign(np.full(one.shape, case.AVERAGE[epoch], "float32"))
        getattr(callback, f"on_{event}")(*(() if epoch is None else (epoch,)))
        found[f"{place} {event}"] = np.array([first(model), float(keras.ops.convert_to_numpy(averages[0].value).ravel()[0])])
    return found


def trained(model: Any, callback: Any, file: Path, epochs: int = case.EPOCHS, batches: int = case.BATCHES,
            at_once: int = 1) -> np.ndarray:
    """Which weights are in the file after each batch, or so many of them `at_once`."""
    found = []
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(epochs):
        callback.on_epoch_begin(epoch)
        for batch in range(at_once - 1, batches, at_once):
            callback.on_train_batch_begin(batch - at_once + 1)
            fill(model, part_of(epoch, batch, batches))
            callback.on_train_batch_end(batch, {"loss": 1.0})
            found.append(float(file.read_text()) if file.exists() else 0.0)
        callback.on_epoch_end(epoch, {"loss": 1.0})
    return np.array(found)


def backed_up(keras: Any, model: Any, folder: Path) -> dict[str, np.ndarray]:
    """Which weights and which epoch a training goes on with, that was interrupted behind the last batch of an epoch; and where
    the last file is broken."""
    file, options = folder / "backup" / "latest.weights.h5", {"save_freq": case.BATCHES, "double_checkpoint": True}
    trained(model, keras.callbacks.BackupAndRestore(str(file.parent), **options), file)
    found = {}
    for name in ("restored", "restored of the one before"):
        fill(model, 9.0)
        callback = keras.callbacks.BackupAndRestore(str(file.parent), **options)
        callback.set_model(model)
        callback.on_train_begin()
        found[name] = np.array([first(model), float(model._initial_epoch)])  # which no one but `fit` is told
        file.write_text("broken")
    ends = []
    for removes in (False, True):
        keras.callbacks.BackupAndRestore(str(file.parent), delete_checkpoint=removes).on_train_end()
        ends.append(float(file.exists()))
    return found | {"stay": np.array(ends)}


def counted(keras: Any, model: Any, folder: Path) -> dict[str, np.ndarray]:
    """Which weights are in the files after each epoch of one batch; the epoch and the batch that files are called after; the
    epochs of a training that begins late."""
    made, file, backup = keras.callbacks, folder / "kept.weights.h5", folder / "backup" / "latest.weights.h5"
    every, once = {"save_freq": case.EVERY}, {"epochs": case.SINGLE, "batches": 1}
    found = {"files": trained(model, made.ModelCheckpoint(str(file), save_weights_only=True, **every), file, **once),
             "backed up": trained(model, made.BackupAndRestore(str(backup.parent), **every), backup, **once)}
    pairs = {"batches": case.PAIRS, "at_once": 2}
    file.unlink(), backup.unlink(), (backup.parent / "training_metadata.json").unlink()
    found |= {"files of pairs": trained(model, made.ModelCheckpoint(str(file), save_weights_only=True, **every), file, **pairs),
              "backed up in pairs": trained(model, made.BackupAndRestore(str(backup.parent), **every), backup, **pairs)}
    named = folder / "named"
    trained(model, made.ModelCheckpoint(str(named / "{epoch}-{batch}.weights.h5"), save_weights_only=True, **every), file)
    found["named"] = np.array(sorted([int(n) for n in one.name.split(".")[0].split("-")] for one in named.iterdir()))
    ones = np.ones((2, 1), "float32")
    history = model.fit(ones, ones, initial_epoch=case.EPOCHS, epochs=case.SINGLE, verbose=0)
    return found | {"epochs": np.array(history.epoch)}


def told_further(keras: Any, model: Any) -> dict[str, np.ndarray]:
    """What the history holds that callbacks have added to the logs of epochs, and what one behind them has seen."""
    seen = []

    class Adding(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["own"] = float(epoch)

    class Seeing(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(logs.get("learning_rate", np.nan))

    each = [keras.callbacks.LearningRateScheduler(alone), Adding(), Seeing()]
    ones = np.ones((2, 1), "float32")
    told = model.fit(ones, ones, epochs=case.EPOCHS, verbose=0, callbacks=each).history
    return {"seen": np.array(seen)} | {name: np.array(told.get(name, ())) for name in ("learning_rate", "own")}


def run_kept_word(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.callbacks.callbacks_keep_to_their_word`. Of a file it counts what is in it: the model
    writes its first weight, and reads it."""
    keras, kind = backend.keras, dict(request.arguments)["kind"]

    def load(filepath: Any, **_: Any) -> None:
        if (text := Path(filepath).read_text()) == "broken":
            raise OSError("broken")
        fill(model, float(text))

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kept.weights.h5"
        with moment("run"):
            if kind == "logged":
                found = logged(keras, file)
                return Observation({"lines": found["lines"]}, facts={name: found[name] for name in ("header", "again", "late")})
            model = small(keras, 0.75)
            if kind == "not_a_number":
                return Observation(not_a_number(keras, model))
            if kind == "by_metrics":
                return Observation(by_metrics(keras, model))
            if kind in case.EVENTS:
                return Observation(averaged(keras, model, kind))
            if kind == "told_further":
                return Observation(told_further(keras, model))
            model.save_weights, model.load_weights = lambda filepath, **_: Path(filepath).write_text(str(first(model))), load
            if kind == "counted":
                return Observation(counted(keras, model, Path(folder)))
            if kind == "backed_up":
                return Observation(backed_up(keras, model, Path(folder)))
            saving = keras.callbacks.ModelCheckpoint(str(file), save_weights_only=True, save_freq=case.EVERY)
            return Observation({"files": trained(model, saving, file)})
