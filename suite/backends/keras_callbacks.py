"""Keras' callbacks: told of epochs by hand, and in `fit`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from cases.callbacks import scheduled
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment

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
            own = {"save": {"filepath": str(file), "save_weights_only": True}, "schedule": {"schedule": scheduled}}
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
                found = watched(model, callback, told, file, options["rate"])
                arrays |= {f"{name}/{what}": np.array(values) for what, values in found.items()}
    return Observation(arrays)


def first(model: Any) -> float:
    """A weight."""
    return float(model.get_weights()[0].ravel()[0])


def watched(model: Any, callback: Any, told: tuple[float, ...], file: Path, rate: float) -> dict[str, list[float]]:
    """What the callback does of these numbers."""
    found: dict[str, list[float]] = {"epochs": [], "rates": [], "files": [], "left": []}
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
    callback.on_train_end()
    found["left"].append(first(model))
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

    def fit(model: Any, *callbacks: Any) -> None:
        model.fit(x, y, batch_size=2, epochs=4, shuffle=False, verbose=0, callbacks=list(callbacks))

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
            fit(parts, after, keras.callbacks.BackupAndRestore(folder))
            arrays |= {"weights due": flat(whole), "weights after": flat(parts), "epochs before": np.array(before.epochs),
                       "epochs after": np.array(after.epochs)}
            stopped = Seen(4, stop)
            fit(whole, stopped)
            arrays |= {"stopped epochs": np.array(stopped.epochs), "stopped batches": np.array(stopped.batches),
                       "ended epochs": np.array(stopped.ended)}
    return Observation(arrays)


def flat(model: Any) -> np.ndarray:
    """All weights in one row."""
    return np.concatenate([one.ravel() for one in model.get_weights()])
