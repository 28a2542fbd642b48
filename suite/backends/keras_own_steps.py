"""Keras' models with steps of a user's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment


def run_own_steps(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.own_steps.own_steps_tell`: numbers by their place, 10 more in a
    test."""
    options, keras = dict(request.arguments), backend.keras
    names = options["names"]
    if backend.engine_name == "jax":
        return Unsupported("on JAX a step of one's own takes the state of the model, and gives it back beside what it tells")

    class Own(keras.Model):
        def told(self, start: int) -> dict[str, Any]:
            return {name: keras.ops.convert_to_tensor(float(start + n)) for n, name in enumerate(names)}

        def train_step(self, *data: Any) -> Any:
            return self.told(0)

        def test_step(self, *data: Any) -> Any:
            return self.told(10)

    with moment("build"):
        start = keras.Input((4, 3))
        model = Own(start, keras.layers.SimpleRNN(2)(start))
        model.compile("sgd", "mse", metrics=["mae"] if options["metrics"] else None)
    x, y = np.ones((2, 4, 3), "float32"), np.ones((2, 2), "float32")
    with moment("run"):
        history = model.fit(x, y, validation_data=(x, y), verbose=0).history
        every = {"fit": {n: v[0] for n, v in history.items() if not n.startswith("val_")},
                 "validated": {n: v[0] for n, v in history.items() if n.startswith("val_")},
                 "evaluated": model.evaluate(x, y, return_dict=True, verbose=0)}
    return Observation({how: np.array([float(one[n]) for n in sorted(one)]) for how, one in every.items()},
                       facts={how: tuple(sorted(one)) for how, one in every.items()})


def run_losses_added(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_steps.losses_add_up`: a model of layers with one weight each,
    which is 1."""
    options, keras = dict(request.arguments), backend.keras
    inputs = options["inputs"].astype("float32")
    valid = np.arange(inputs.shape[1]) < options["lengths"][:, None]

    class Adding(keras.layers.Layer):
        def __init__(self, added: tuple[float, ...]) -> None:
            super().__init__()
            self.supports_masking, self.added = True, added
            self.weight = self.add_weight(shape=(), initializer="ones", regularizer=keras.regularizers.L2(options["penalty"]))

        def call(self, given: Any) -> Any:
            if added := self.added:
                self.add_loss(keras.ops.convert_to_tensor(added if len(added) > 1 else added[0], dtype="float32"))
            return given * self.weight

    with moment("build"):
        start = keras.Input(inputs.shape[1:])
        end = keras.layers.Masking(-7.0)(start)
        for added in options["added"]:
            end = Adding(added)(end)
        model = keras.Model(start, end)
        model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
        one = Adding(options["added"][0])
        twice = keras.Model(start, one(one(start)))
    x, y = np.where(valid[:, :, None], inputs, np.float32(-7.0)), np.zeros_like(inputs)
    with moment("run"):
        collected = {name: each.stateless_call([v.value for v in each.trainable_variables], [], backend.engine.tensor(inputs),
                                               return_losses=True)[2] for name, each in (("once", model), ("twice", twice))}
        return Observation({
            "loss": np.array(float(model.evaluate(x, y, verbose=0))), "trained": np.array(float(model.train_on_batch(x, y))),
            **{name: np.array(sum(float(backend.engine.numpy(each).sum()) for each in losses))
               for name, losses in collected.items()}})


def run_added_by_models(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_steps.what_models_add_counts`."""
    options, keras = dict(request.arguments), backend.keras
    inputs, fill = options["inputs"].astype("float32"), options["fill"]
    dtypes: list[str] = []
    trains: list[bool] = []

    class Several(keras.metrics.Mean):
        def result(self) -> dict[str, Any]:
            mean = super().result()
            return {"held": mean, "half": mean / 2}

    class Metered(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.supports_masking, self.held = True, Several(name="several")

        def call(self, given: Any) -> Any:
            self.held.update_state(2 * keras.ops.mean(given))
            return given

    class Around(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.supports_masking, self.inner = True, Metered()

        def call(self, given: Any) -> Any:
            return self.inner(given)

    class Reading(keras.Model):
        def __init__(self, dtype: str) -> None:
            super().__init__(dtype=dtype, activity_regularizer=keras.regularizers.L1(options["penalty"]))
            self.supports_masking, self.inside = True, keras.metrics.Mean(name="inside")
            self.around, self.judged = Around(), keras.Sequential([keras.layers.Identity()])
            self.judged.compile("sgd", "mse", metrics=["mae"])

        def call(self, given: Any, mask: Any = None) -> Any:
            dtypes.append(keras.backend.standardize_dtype(given.dtype))
            self.inside.update_state(keras.ops.mean(given))
            self.around(self.judged(given))
            return given * 1.0

        def compute_loss(self, *args: Any, training: bool = True, **more: Any) -> Any:
            trains.append(training)
            return super().compute_loss(*args, training=training, **more)

        def compute_mask(self, given: Any, mask: Any = None) -> Any:
            return keras.ops.any(keras.ops.not_equal(given, fill), axis=-1)

    with moment("build"):
        model, half = Reading("float32"), Reading("mixed_bfloat16")
        for each in (model, half):  # nothing here hangs on what TensorFlow traces
            each.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=backend.engine_name == "tensorflow")
    with moment("run"):
        found = model.test_on_batch(inputs, np.zeros_like(inputs), return_dict=True)
        half(inputs)
        due = dtypes[-1]
        half.predict_on_batch(inputs)
    return Observation({name: np.array(float(one)) for name, one in found.items()},
                       facts={"read": dtypes[-1], "due": due, "names": tuple(sorted(found)), "trains": tuple({*trains})})
