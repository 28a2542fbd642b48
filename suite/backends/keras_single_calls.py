"""Keras' calls on batches, and a training that is stopped."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from cases.families import single_calls as case
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment, said


def made(backend: Any, given: Mapping[str, np.ndarray], **options: Any) -> Any:
    """The model, compiled."""
    keras, layers = backend.keras, backend.keras.layers
    normal = layers.BatchNormalization(momentum=case.KEPT, epsilon=case.EPSILON, center=False, scale=False)
    dense = layers.Dense(1, activity_regularizer=keras.regularizers.L2(case.PENALTY))
    model = keras.Sequential([keras.Input((case.FEATURES,)), normal, dense])
    dense.set_weights([given[name].astype("float32") for name in ("kernel", "bias")])
    optimizer = keras.optimizers.SGD(case.RATE, case.MOMENTUM, weight_decay=case.DECAY, **options)
    optimizer.exclude_from_weight_decay(var_names=[case.UNDECAYED])
    model.compile(optimizer, "mse",
                  metrics=[keras.metrics.MeanAbsoluteError(name="metric")],
                  weighted_metrics=[keras.metrics.MeanAbsoluteError(name="weighed")],
                  jit_compile=backend.engine.plain)
    return model


def told(name: str, logs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Loss and metric, by name."""
    return {f"{name}/{one}": np.array(float(logs[one])) for one in ("loss", "metric") if one in logs}


def state(model: Any, where: str) -> dict[str, np.ndarray]:
    """The weights, by name."""
    weights = model.layers[0].get_weights() + model.layers[1].get_weights()
    return {f"{where}/{name}": one for name, one in zip(("mean", "variance", "kernel", "bias"), weights, strict=True)}


def hearing(keras: Any, events: list[str], functions: bool = False) -> Any:
    """A callback that writes down everything that it is told of, of batches in training by older names of its methods; or one
    made of functions, which hear of training alone."""
    def hear(what: str) -> Any:
        def heard(self: Any, *args: Any, **_: Any) -> None:
            events.append(" ".join([what, *(str(one) for one in args if isinstance(one, int))]))

        return heard

    def each(*every: str) -> dict[str, Any]:
        return {f"on_{of}_{part}": hear(f"{of.replace('_', ' ')} {part}s") for of in every for part in ("begin", "end")}

    if functions:
        return keras.callbacks.LambdaCallback(**{name: partial(one, None) for name, one in each(
            "train", "epoch", "train_batch").items()})
    older = {name.replace("train_batch", "batch"): one for name, one in each("train_batch").items()}
    return type("Hearing", (keras.callbacks.Callback,), older | each(
        "train", "test", "predict", "epoch", "test_batch", "predict_batch"))()


def run_single_calls(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.single_calls.calls_begin_anew`."""
    options = dict(request.arguments)
    x, y = options["inputs"].astype("float32"), options["targets"].astype("float32")
    found: dict[str, np.ndarray] = {}
    kinds: list[tuple[str, str]] = []

    def given_back(name: str, logs: dict[str, Any]) -> dict[str, np.ndarray]:
        kinds.extend((f"{name}/{one}", type(value).__name__) for one, value in logs.items())
        return told(name, logs)

    class Interrupted(Exception):
        pass

    class Interrupting(backend.keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise Interrupted

    class Ending(backend.keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise Interrupted

    class Hearing(backend.keras.callbacks.Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            found.update(given_back(f"heard/{batch}", logs or {}))

        def on_test_end(self, logs: Any = None) -> None:
            found.update(given_back("heard/end", logs or {}))

    class Stopping(backend.keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            model.stop_training = True

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            model.stop_evaluating = True  # not the callback's model: on JAX that one is in step with its weights

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            model.stop_predicting = True

    with moment("build"):
        model = made(backend, options)
    with moment("run"):
        for number, rows in enumerate(case.batches()[:2]):
            weights = {"class_weight": case.BY_CLASS} if number else {"sample_weight": options["samples"][rows].astype("float32")}
            found |= given_back(f"train/{number}", model.train_on_batch(x[rows], y[rows], return_dict=True, **weights))
            found |= state(model, f"train/{number}")
        for number, rows in enumerate(case.batches()[:2]):
            weights = {"sample_weight": options["samples"][rows].astype("float32")} if number else {}
            logs = model.test_on_batch(x[rows], y[rows], return_dict=True, **weights)
            found |= given_back(f"test/{number}", logs)
        found["test/1/weighed"] = np.array(float(logs["weighed"]))
        found |= told("cut", model.evaluate(x, y, case.SIZE, verbose=0, return_dict=True, callbacks=[Stopping()]))
        for name, callbacks in (("cut", [Stopping()]), ("next", [])):
            found[f"{name}/outputs"] = np.array(model.predict(x, case.SIZE, verbose=0, callbacks=callbacks))
        for number in range(2):
            more = {"callbacks": [Hearing()]} if number else {"sample_weight": options["samples"].astype("float32")}
            logs = model.evaluate(x, y, case.SIZE, verbose=0, return_dict=True, **more)
            found.update(given_back(f"evaluate/{number}", logs))
            found[f"evaluate/{number}/weighed"] = np.array(float(logs["weighed"]))
        found |= told("some", model.evaluate(x, y, case.SIZE, verbose=0, return_dict=True, steps=case.SOME))
        for one in model.get_weights():
            one += 1.0  # what was got is the caller's
        found |= state(model, "evaluated")
        found["outputs"] = backend.engine.numpy(model(backend.engine.tensor(x)))
        found["losses"] = np.array(sum(float(backend.engine.numpy(one)) for one in model.losses))
        with contextlib.suppress(Interrupted):
            model.fit(x, y, batch_size=case.SIZE, shuffle=False, verbose=0, callbacks=[Interrupting()])
        found |= state(model, "interrupted")
        model.fit(x, y, batch_size=case.SIZE, shuffle=False, verbose=0, steps_per_epoch=case.SOME)
        found |= state(model, "some")
        first, *others = case.batches()
        for rows, more in zip(others, ([Ending()], []), strict=True):
            with contextlib.suppress(Interrupted):
                history = model.fit(x[first], y[first], verbose=0, validation_data=(x[rows], y[rows]), callbacks=more)
        found |= told("validation", {name.removeprefix("val_"): value[-1] for name, value in history.history.items()
                                     if name.startswith("val_")})
        for name, callbacks in (("cut", [Stopping()]), ("next", [])):
            history = model.fit(x[first], y[first], epochs=2, verbose=0, callbacks=callbacks)
            found[f"{name}/epochs"] = np.array(history.epoch)
            for epoch in history.epoch:
                found |= told(f"{name}/{epoch}", {metric: values[epoch] for metric, values in history.history.items()})
    return Observation(found, facts={"kinds": tuple(kinds)})


def run_left_out_inputs(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.single_calls.first_inputs_may_be_left_out`."""
    options, keras = dict(request.arguments), backend.keras
    x, y = ([None, options["inputs"].astype("float32")], options["targets"].astype("float32"))

    @keras.ops.custom_gradient
    def doubled(one: Any) -> Any:
        def gradient(*given: Any, upstream: Any = None) -> Any:
            return 2.0 * (given[0] if upstream is None else upstream)

        return one * 1.0, gradient

    class Scaled(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(shape=shape[-1:], initializer="ones")

        def call(self, inputs: Any, more: Any = None) -> Any:
            number = self.scale * 1.0
            scale = doubled(self.scale if backend.engine.name == "jax" else number)  # the others take tensors alone
            outputs = inputs * (scale + number - keras.ops.stop_gradient(number))
            return outputs if more is None else outputs + more

    with moment("build"):
        more, start = keras.Input((case.FEATURES,), optional=True), keras.Input((case.FEATURES,))
        model = keras.Model([more, start], Scaled()(start, more=more))
        model.compile(keras.optimizers.SGD(case.RATE), "mse", run_eagerly=backend.engine.name == "tensorflow")
    with moment("run"):
        history = model.fit(x, y, batch_size=case.ROWS, verbose=0).history
        found = {"fit": history["loss"][0], "evaluate": model.evaluate((batch for batch in [(tuple(x), y)]), verbose=0),
                 "outputs": model.predict(x, batch_size=case.ROWS, verbose=0), "batch": model.predict_on_batch(x)}
        model.trainable = False
        model.compile("sgd", "mse", run_eagerly=backend.engine.name == "tensorflow")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nothing can be trained, and Keras says so
            found["frozen"] = model.fit(x, y, batch_size=case.ROWS, verbose=0).history["loss"][0]
        found["still"] = model.get_weights()[0]
    return Observation({name: np.array(one) for name, one in found.items()})


def run_counted_batches(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.single_calls.models_are_built_by_predictions`."""
    x, layers = dict(request.arguments)["inputs"].astype("float32"), backend.keras.layers
    ended: list[int] = []
    hearing_ends = backend.keras.callbacks.LambdaCallback()
    hearing_ends.on_predict_batch_end = lambda batch, logs=None: ended.append(batch)

    class Counting(layers.Layer):
        def build(self, shape: Any) -> None:
            self.count = self.add_weight(initializer="zeros", trainable=False)

        def call(self, inputs: Any) -> Any:
            self.count.assign_add(1.0)
            return inputs + self.count

    with moment("run"):
        model, other = (backend.keras.Sequential([Counting()]) for _ in range(2))
        model.run_eagerly = backend.engine.name == "tensorflow"
        model.steps_per_execution = 1 if backend.engine.name == "torch" else 2  # the torch backend has no other
        outputs = model.predict(x, batch_size=case.UNEVEN[0], steps=len(case.UNEVEN), verbose=0, callbacks=[hearing_ends])
        found = {"outputs": outputs} | {name: other.predict_on_batch(rows) for name, rows in (
            ("batch", x[: case.SIZE]), ("next", x[case.SIZE : 2 * case.SIZE]))}
        found["some"] = other.predict(x, batch_size=case.SIZE, steps=2, verbose=0)
        found["parted"] = other.predict(x[: case.ODD], steps=2, verbose=0)
        kinds = tuple((name, type(one).__name__) for name, one in found.items())
        found |= {"count": model.get_weights()[0], "counted": other.get_weights()[0], "last": ended[-1]}
    return Observation({name: np.array(one) for name, one in found.items()}, facts={"kinds": kinds})


def run_stopped_training(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.single_calls.stopped_training_ends_there`."""
    options, keras = dict(request.arguments), backend.keras
    x, y = options["inputs"].astype("float32"), options["targets"].astype("float32")

    class Stopping(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch, self.held = epoch, 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            found.update(state(self.model, f"seen/{self.epoch}/{batch}"))
            kernel = self.model.layers[1].kernel
            kernel.assign(kernel.value * case.LEFT)
            self.model.stop_training = (self.epoch, batch) >= case.STOPPED

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            self.held += 1

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            counted.append(self.held)

        def on_train_end(self, logs: Any = None) -> None:
            found.update(told("ended/fit", logs))
            held = {name.removeprefix("val_"): one for name, one in logs.items() if "val_" in name}
            found.update(told("ended/validation", held))

    counted: list[int] = []
    events: list[str] = []
    found: dict[str, np.ndarray] = {}
    with moment("build"):
        averaged = {"use_ema": True, "ema_momentum": case.AVERAGED} if options["averaged"] else {}
        model = made(backend, options, **averaged)
    with moment("run"):
        often = {"validation_freq": [case.STOPPED[0] + 1]} if options["averaged"] else {}
        history = model.fit(x, y, batch_size=case.SIZE, initial_epoch=case.FIRST, epochs=case.LAST, shuffle=False, verbose=0,
                            sample_weight=options["samples"].astype("float32"), validation_split=case.SPLIT,
                            validation_batch_size=case.HELD_SIZE, validation_steps=case.HELD_STEPS,
                            callbacks=[Stopping(), hearing(keras, events, options["averaged"])], **often)
        found |= {"epochs": np.array(history.epoch), "held": np.array(counted), **state(model, "end")}
        if not options["averaged"]:
            model.predict(x, batch_size=case.SIZE, verbose=0, callbacks=[hearing(keras, events)])
    for place, epoch in enumerate(history.epoch):
        logs = {name: values[place - len(history.epoch)] for name, values in history.history.items()
                if len(values) + place >= len(history.epoch)}  # the last ones
        found |= told(f"fit/{epoch}", logs)
        found |= told(f"validation/{epoch}", {name.removeprefix("val_"): one for name, one in logs.items() if "val_" in name})
    return Observation(found, facts={"events": tuple(events)})


def run_training_for_nothing(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.single_calls.calls_for_nothing_are_refused_by_models`."""
    given, keras = dict(request.arguments), backend.keras
    x, y, w = (given[name].astype("float32") for name in ("inputs", "targets", "samples"))

    class Rows(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            return x, y

    class Weighed(Rows):
        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            return x, y, w

    with moment("build"):
        model, bare = made(backend, given), keras.Sequential([keras.Input((case.FEATURES,)), keras.layers.Dense(1)])
    twice, quiet = {"sample_weight": w, "class_weight": case.BY_CLASS}, {"verbose": 0}
    calls = {
        "trained_on_a_batch": lambda: model.train_on_batch(x, y, **twice), "fitted": lambda: model.fit(x, y, **twice, **quiet),
        "fitted_with_fewer": lambda: model.fit(x, y[1:], **quiet),
        "fitted_by_fewer": lambda: model.fit(x, y, sample_weight=w[1:], **quiet),
        "fitted_beside": lambda: model.fit(iter([(x, y)]), y, **quiet),
        "fitted_by": lambda: model.fit(Rows(), sample_weight=w, **quiet),
        "parted": lambda: model.fit(iter([(x, y)]), validation_split=case.SPLIT, **quiet),
        "held": lambda: model.fit(x, y, validation_split=1.0, **quiet), "bare": lambda: model.fit(iter([x, x]), **quiet),
        "streamed_by_classes": lambda: model.fit(iter([(x, y)]), class_weight=case.BY_CLASS, **quiet),
        "fitted_by_both": lambda: model.fit(Weighed(), class_weight=case.BY_CLASS, **quiet),
        "listed": lambda: model.fit(iter([[x, y], [x, y]]), **quiet),
        "bare_predicted": lambda: model.predict(iter([x, x]), **quiet),
        "empty": lambda: model.fit(iter([]), **quiet), "unknown": lambda: model.evaluate(x, y, unknown=1, **quiet),
        "fitted_uncompiled": lambda: bare.fit(x, y, **quiet), "evaluated_uncompiled": lambda: bare.evaluate(x, y, **quiet),
        "trained_on_a_batch_uncompiled": lambda: bare.train_on_batch(x, y),
        "tested_on_a_batch_uncompiled": lambda: bare.test_on_batch(x, y),
    }
    with moment("run"):
        before = model.layers[1].get_weights()[0]
        found = tuple((name, said(call)) for name, call in calls.items())
    return Observation({"before": before, "after": model.layers[1].get_weights()[0]}, facts={"said": found})
