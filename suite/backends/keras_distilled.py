"""Keras models that learn from another model, or are lent the averages of their weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_again import loaded


def small(keras: Any, shape: tuple[int, ...], seed: int, rate: float = 0.0, **options: Any) -> Any:
    """A recurrent model of two numbers a row, and of two within, with weights of this seed."""
    layers = keras.layers
    model = keras.Sequential([keras.Input(shape[1:]), *([layers.Dropout(rate)] if rate else []),
                              layers.SimpleRNN(2, name="inside", **options), layers.Dense(2)])
    random = np.random.default_rng(seed)
    model.set_weights([one if "int" in str(one.dtype) else random.uniform(-0.9, 0.9, one.shape) for one in model.get_weights()])
    return model


def run_distilled(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.distillation.distilled_losses_are_sums_by_hand`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if not hasattr(keras, "distillation"):
        return Unsupported("this Keras distils nothing")
    of, x, y = options["of"], options["inputs"].astype("float32"), options["targets"].astype("float32")
    inside = {"teacher_layer_name": "inside", "student_layer_name": "inside"}
    places = {"features": inside, "dropout": inside, "student_features": {"student_layer_name": "inside"}}.get(of, {})
    with moment("build"):
        teacher = small(keras, x.shape, 0)
        student = small(keras, x.shape, 1, 0.5 * (of == "dropout"),
                        kernel_regularizer=keras.regularizers.L2(0.5) if of == "penalty" else None)
        model = keras.distillation.Distiller(
            teacher, student, keras.distillation.FeatureDistillation("mse", **places), student_loss_weight=options["share"],
            **({"distillation_loss_weights": [options["worth"]]} if of == "worth" else {}))
        model.compile("sgd", "mse")
        model = loaded(keras, model) if of == "loaded" else model
    with moment("run"):
        weights = {"sample_weight": options["samples"].astype("float32")} if of == "samples" else {}
        arrays = {"loss": np.array(np.ravel(model.test_on_batch(x, y, **weights))[0])}
        for name, one in (("teacher", teacher), ("student", student)):
            features = one.get_layer("inside")(engine.tensor(x), training=False)
            arrays |= {f"features/{name}": engine.numpy(features), f"outputs/{name}": engine.numpy(one.layers[-1](features))}
        arrays["penalty"] = np.array(sum(float(loss) for loss in student.losses))
    return Observation(arrays)


def run_lent_weights(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.lent_weights.lent_weights_are_given_back`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    x, y = (options[name].astype("float32") for name in ("inputs", "targets"))

    def answer(**more: Any) -> np.ndarray:
        asked = model.predict(x, verbose=0, **more) if options["way"] == "predict" else model.evaluate(x, y, verbose=0, **more)
        return np.array(asked)

    def flat(variables: Any) -> np.ndarray:
        return np.concatenate([np.ravel(engine.numpy(each.value)) for each in variables])

    with moment("build"):
        model = small(keras, x.shape, 0)
        model.compile(keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.5), "mse")
    with moment("run"):
        for _ in range(2):
            model.train_on_batch(x, y)
        weights, averages = model.trainable_variables, model.optimizer._model_variables_moving_average
        found = {"weights/before": flat(weights), "averages/before": flat(averages)}
        found["answer"] = answer(callbacks=[keras.callbacks.SwapEMAWeights()])
        found |= {"weights/after": flat(weights), "averages/after": flat(averages)}
        lent = np.split(found["averages/before"], np.cumsum([int(np.prod(each.shape)) for each in weights])[:-1])
        for each, numbers in zip(weights, lent, strict=True):
            each.assign(numbers.reshape(each.shape))
        return Observation({**found, "due": answer()})
