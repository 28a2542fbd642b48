"""Keras' losses and metrics over masked sequences, through compile and evaluate; and ignored classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.keras_attention import carrying

LOSSES = {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError"}


def own_loss(keras: Any) -> type:
    """Squared errors as a class of a user's own."""
    class Squares(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return keras.ops.mean(keras.ops.square(y_pred - y_true), axis=-1)

    return Squares


def run_masked_loss(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.losses.trained`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layer, batch = options["layer"], options["batch"]
    with moment("build"):
        inputs = keras.Input((batch.time, layer.features))
        mask = None if batch.mask is None else keras.Input((batch.time,), dtype="bool")
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units, return_sequences=True)
        outputs = one(inputs, **({} if mask is None else {"mask": mask}))
        stacks.give(one, layer, options["weights"])
        model = keras.Model(inputs if mask is None else [inputs, mask], outputs)
        metric = keras.metrics.MeanSquaredError
        kind = own_loss(keras) if options["loss"] == "own" else getattr(keras.losses, LOSSES[options["loss"]])
        said = options["loss"] != "own" or options["reduction"] != "sum_over_batch_size"  # which is the documented default
        model.compile(loss=kind(**({"reduction": options["reduction"]} if said else {})),
                      metrics=[metric(name="plain")], weighted_metrics=[metric(name="metric")])
    x = batch.inputs.astype("float32")
    x = x if mask is None else [x, np.array(batch.mask)]
    y, weight = options["targets"].astype("float32"), options["sample_weight"]
    weight = None if weight is None else weight.astype("float32")
    with moment("run"):
        found = model.evaluate(x, y, batch_size=batch.size, sample_weight=weight, verbose=0, return_dict=True)
        arrays = {name: np.array(found[name]) for name in ("loss", "metric", "plain")}
        again = model.test_on_batch(x, y, sample_weight=weight, return_dict=True)
        arrays |= {f"{name} on a batch": np.array(again[name]) for name in ("loss", "metric", "plain")}
        arrays["outputs"] = np.array(model.predict(x, verbose=0))
        tensors = [engine.tensor(a) for a in x] if mask is not None else engine.tensor(x)

        weights = None if weight is None else engine.tensor(weight)

        def loss() -> Any:
            return model.compute_loss(x=tensors, y=engine.tensor(y), y_pred=model(tensors), sample_weight=weights)

        found = engine.differentiate(loss, one.trainable_variables)[1]
    arrays.update({f"gradients/{n}": engine.numpy(g) for n, g in enumerate(found)})
    arrays.update({} if weights is None else {"weights": engine.numpy(weights)})
    return Observation(arrays)


def run_probabilities(backend: Any, request: FunctionRequest) -> Observation:
    """A cross-entropy of every step, of probabilities."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    kind, classes = options["kind"], options["classes"]
    given = options["probabilities"].astype("float32")
    due = {"categorical": np.eye(3, dtype="float32")[classes] if kind == "categorical" else None,
           "sparse": classes.astype("int32"), "binary": classes[:, :, None].astype("float32")}[kind]
    names = {"categorical": "Categorical", "sparse": "SparseCategorical", "binary": "Binary"}
    with moment("run"):
        loss = getattr(keras.losses, f"{names[kind]}Crossentropy")(reduction=None)
        return Observation({"loss": engine.numpy(loss(engine.tensor(due), engine.tensor(given)))})


def run_ctc(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """`keras.ops.ctc_loss`, which takes logits, and reduces nothing."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if options["labels"] == "joined" or options["reduction"] != "none" or options["zero_infinity"]:
        return Unsupported("Keras' CTC loss takes labels as a padded array, gives one loss a row, and knows no zero_infinity")
    with moment("run"):
        logits = keras.Variable(options["logits"].astype("float32"))
        rest = [engine.tensor(options[n].astype("int32")) for n in ("targets", "target_lengths", "lengths")]

        def loss() -> Any:
            return keras.ops.ctc_loss(rest[0], logits.value + 0.0, rest[1], rest[2], mask_index=options["blank"])

        slope = engine.differentiate(lambda: keras.ops.sum(loss()), [logits])[1][0]
        return Observation({"loss": engine.numpy(engine.at_once(loss)), "gradients": engine.numpy(slope)})


def run_ignored(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """SparseCategoricalCrossentropy(ignore_class=...) on logits."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if "smoothing" in options:
        return Unsupported("Keras' sparse cross-entropy, which can ignore a class, has no weights of classes, no smoothing")
    kind = {"mean": "sum_over_batch_size", "sum": "sum", "none": None}[options["reduction"]]
    with moment("run"):
        logits = keras.Variable(options["logits"].astype("float32"))
        classes = engine.tensor(options["classes"].astype("int32"))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=options["ignored"], reduction=kind)

        def given() -> Any:
            return carrying(keras, logits.value + 0.0, options["mask"], engine)

        value, column = (engine.numpy(loss(each, given())) for each in (classes, classes[:, :, None]))
        slope = engine.differentiate(lambda: keras.ops.sum(loss(classes, given())), [logits])[1][0]
    return Observation({"loss": value, "column": column, "gradients": engine.numpy(slope)})


def run_whole_sequences(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.losses.losses_of_whole_sequences_take_masks`: evaluated by a model, with a layer in
    front that makes a mask, and without."""
    options, keras = dict(request.arguments), backend.keras
    inputs, named = options["inputs"].astype("float32"), {}
    for name in ("plain", "masked"):
        with moment("build"):
            given = keras.Input(inputs.shape[1:])
            scores = keras.layers.Masking(-7.5)(given) if name == "masked" else given
            model = keras.Model(given, keras.layers.Activation("linear")(scores))
            model.compile(loss=keras.losses.CTC())
        with moment("run"):
            model.test_on_batch(inputs, options["targets"])
            named[name] = np.array(model.evaluate(inputs, options["targets"], verbose=0), "float64")
    return Observation(named)


def run_masked_metric(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.losses.every_metric_counts_valid_steps`: of a model that evaluates, and of the metric
    itself on the valid steps, and on all."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    scores, targets, mask = options["scores"].astype("float32"), options["targets"], options["mask"]
    made = lambda: getattr(keras.metrics, options["metric"])(**dict(options["options"]))  # noqa: E731
    with moment("build"):
        given = keras.Input(scores.shape[1:])
        moved = keras.layers.Rescaling(1.0, options["offset"])(keras.layers.Masking(-7.5)(given))
        model, classes = keras.Model(given, moved), targets.ndim == 2
        model.compile(loss="sparse_categorical_crossentropy" if classes else "mse",
                      **{"weighted_metrics" if options["weighted"] else "metrics": [made()]})
    found = {}
    with moment("run"):
        answers = model.test_on_batch(np.where(mask[:, :, None], scores, np.float32(-7.5)), targets)
        scores = np.where(mask[:, :, None], scores, np.float32(0))  # as Masking leaves them
        found["metric"] = np.array(answers[-1], "float64")
        for name, rows in (("valid", mask), ("all", np.ones_like(mask))):
            by_hand = made()
            by_hand.update_state(engine.tensor(targets[rows]), engine.tensor(scores[rows] + np.float32(options["offset"])))
            found[name] = np.array(engine.numpy(by_hand.result()), "float64")
    return Observation(found)
