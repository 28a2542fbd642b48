"""What surrounds Keras models: one model given sequences of many lengths, and how often it is traced; `fit` and its callbacks;
data files, fetched and loaded; a column taken out of a tensor."""

from __future__ import annotations

import contextlib
import importlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import numpy as np

from cases.datafiles import FILES, located
from cases.models import FunctionRequest, ModelRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_models import CONVENTIONS, Graph, compiled


def made(keras: Any, options: Mapping[str, Any], inputs: np.ndarray) -> Graph:
    """The model of `options` with its weights, compiled for its training. `inputs`: of the kind that it is given."""
    graph = Graph(keras, ModelRequest(options["model"], options["weights"], inputs))
    graph.assign(options["weights"])
    compiled(keras, graph.model, options["training"])
    return graph


def run_lengths(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.scenarios.lengths.many`. A trace is a call of the model's own Python code: compiled, it runs
    when it is traced alone; eager, at every call. A model that Keras does not give to XLA has no program compiled."""
    options, keras = dict(request.arguments), backend.keras
    inputs, targets, training = (options[name] for name in ("inputs", "targets", "training"))
    traces: list[int] = []
    with moment("build"):
        graph = made(keras, options, inputs[0])
        called = counted(graph.model, traces)
    arrays, counts, programs, before = {}, {}, {}, [id(v) for v in graph.model.weights]

    def count(call: str, compiled: list[str] | None) -> None:
        """Note what was traced and compiled for a call, and begin anew. Of the programs only those of the model's steps count."""
        counts[call] = len(traces)
        traces.clear()
        if compiled is None:
            programs[call] = None if graph.model.jit_compile else 0
        else:
            programs[call] = sum("step" in name for name in compiled)
            compiled.clear()

    with moment("run"), backend.engine.compilations() as compiled:
        for number, one in enumerate(inputs):
            arrays[f"predictions/{number}"] = np.array(called.predict(graph.given(one, None), batch_size=len(one), verbose=0))
            count(f"predict/{number}", compiled)
        for number in range(options["steps"]):
            called.reset_metrics()
            loss = called.train_on_batch(graph.given(inputs[number], None), np.array(targets[number], "float32"))
            arrays[f"losses/{number}"] = np.array(float(np.ravel(loss)[0]))
            count(f"train/{number}", compiled)
    same = before == [id(v) for v in graph.model.weights]
    return Observation(arrays, facts={
        "traces": counts, "programs": programs, "eager": not backend.engine.compiling, "same_weights": same, "padding": "hold",
        "stack": "keras", "one_bias": True, "parameters": graph.model.count_params(),
    })


def run_stateful(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.scenarios.lengths.carried`: the model's stateful layer carries its state."""
    options, keras = dict(request.arguments), backend.keras
    calls = options["calls"]
    with moment("build"):
        graph = made(keras, options, calls[0][1])
    losses = []
    with moment("run"):
        for what, inputs, targets in calls:
            if what == "reset":
                for layer in graph.model.layers:
                    if getattr(layer, "stateful", False):
                        layer.reset_states()
                continue
            graph.model.reset_metrics()
            call = graph.model.train_on_batch if what == "train" else graph.model.test_on_batch
            losses.append(float(np.ravel(call(graph.given(inputs, None), np.array(targets, "float32")))[0]))
    return Observation({"losses": np.array(losses)}, facts={"padding": "hold", **CONVENTIONS})


def run_fit(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.scenarios.padded_classifier.fitted` by `fit`: a callback of the user's own keeps what it is
    told after each batch and each epoch, Keras' ModelCheckpoint the best weights."""
    keras, options = backend.keras, dict(request.arguments)
    inputs, targets, training = (options[name] for name in ("inputs", "targets", "training"))
    order, held = [row for batch in training.batches for row in batch], list(training.validation)
    told: list[float] = []
    kept: list[list[np.ndarray]] = []

    class LossHistory(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            told.append(float(logs["loss"]))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kept.append([np.array(weight) for weight in self.model.get_weights()])

    with moment("build"):
        graph = made(keras, options, inputs)
    with moment("run"), tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "best.keras")
        given, due = graph.given(inputs, None), np.array(targets, "float32")
        seen = graph.model.fit(
            given[order], due[order], batch_size=len(training.batches[0]), epochs=training.epochs, shuffle=False, verbose=0,
            validation_data=(given[held], due[held]),
            callbacks=[LossHistory(), keras.callbacks.ModelCheckpoint(path, monitor="val_loss", save_best_only=True)],
        )
        best = keras.models.load_model(path).get_weights()
    away = [max(float(np.max(np.abs(a - b), initial=0.0)) for a, b in zip(best, one, strict=True)) for one in kept]
    return Observation({"told": np.array(told), "validation": np.array(seen.history["val_loss"]), "away": np.array(away)})


def counted(model: Any, traces: list[int]) -> Any:
    """The model; each call of its Python code adds to `traces`."""
    call = model.call

    def counting(*args: Any, **options: Any) -> Any:
        traces.append(1)
        return call(*args, **options)

    model.call = counting
    return model


def run_column(backend: Any, request: FunctionRequest) -> Observation:
    """A column of a tensor. JAX, which cannot raise from compiled code, documents that it takes the last one there is."""
    options = dict(request.arguments)
    rows = backend.engine.tensor(np.array(options["rows"], "float32"))
    with moment("run"):
        found = backend.engine.numpy(rows[:, options["column"]])
    return Observation({"result": found}, facts={"out_of_range": "clamped"} if backend.engine_name == "jax" else {})


def run_fetch(backend: Any, request: FunctionRequest) -> Observation:
    """`keras.utils.get_file` on a file of this machine that holds `content`, told the hash of the whole one, or none."""
    options = dict(request.arguments)
    with tempfile.TemporaryDirectory() as folder:
        path, cache = os.path.join(folder, "there"), os.path.join(folder, "cache")
        os.mkdir(cache)  # where there is none, Keras takes /tmp/.keras
        with open(path, "wb") as file:
            file.write(options["content"])
        with moment("run"), quiet():
            found = backend.keras.utils.get_file(
                "fetched", f"file://{path}", cache_dir=cache, file_hash=options["sha256"] or None,
                hash_algorithm="sha256",
            )
        with open(found, "rb") as file:
            return Observation({"result": np.frombuffer(file.read(), "uint8").copy()})


def run_load(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Keras' own loader on the file that is there. It never fetches one: what would be fetched is an error here."""
    options = dict(request.arguments)
    name = options["name"]
    if located(name) is None:
        return Unsupported(f"no {FILES[name]} in Keras' folder of data sets: generated data stand in for it")

    def refuse(url: str, *_: Any, **__: Any) -> None:
        raise OSError(f"{FILES[name]} is not the file that Keras knows, and is not fetched again here (from {url})")

    files = importlib.import_module("keras.src.utils.file_utils")
    with moment("run"), quiet(), mock.patch.object(files, "urlretrieve", refuse):
        if name == "babi":
            found = backend.keras.utils.get_file(FILES[name], "file:///nowhere")
            return Observation({"size": np.array(os.path.getsize(found))})
        loader = getattr(backend.keras.datasets, name).load_data
        (x, y), (test, _) = loader(num_words=options["words"]) if name == "imdb" else loader()
    rows = options["rows"]
    first = np.array(x[0]) if name == "imdb" else np.array(x[:rows])
    return Observation({"first": first, "labels": np.array(y[:rows]), "counts": np.array([len(x), len(test)])})


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keras' bar of progress goes nowhere: the process speaks its own language on standard output."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
