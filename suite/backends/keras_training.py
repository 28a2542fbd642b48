"""What Keras' `fit`, `evaluate` and their like tell of losses and metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cases.families.training_logs import CALLS, CLASS_WEIGHTS, CLASSES, LOSS_WEIGHTS, PENALTY, SMOOTHING, SPLIT, WEIGHTED_ALONE
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment


def made(keras: Any, options: Mapping[str, Any], optimizer: Any, jit_compile: bool | str) -> Any:
    """The model of `cases.families.training_logs`, compiled: a masked recurrent layer, two readers of its mean."""
    layers, layer, names = keras.layers, options["layer"], options["names"]
    inputs = keras.Input(options["inputs"].shape[1:])
    one = getattr(layers, stacks.LAYERS[layer.cell])(layer.units, return_sequences=True)
    steps = one(layers.Masking()(inputs))
    stacks.give(one, layer, options["weights"])
    mean = layers.GlobalAveragePooling1D()(steps)
    outputs = []
    for name in names:
        if name == "steps":
            outputs.append(layers.Activation("linear", name=name)(steps))
            continue
        reader = layers.Dense(CLASSES if name == "classes" else 1, "softmax" if name == "classes" else "sigmoid", name=name,
                              kernel_regularizer=keras.regularizers.L2(PENALTY))
        outputs.append(reader(mean))
        reader.set_weights([options["heads"][f"{name}/{kind}"].astype("float32") for kind in ("kernel", "bias")])
    model, losses, metrics = keras.Model(inputs, outputs if len(names) > 1 else outputs[0]), keras.losses, keras.metrics
    kinds = {"steps": losses.MeanSquaredError, "classes": losses.CategoricalCrossentropy, "flag": losses.BinaryCrossentropy}
    given = {n: kinds[n](**({"label_smoothing": SMOOTHING[n]} if n in SMOOTHING else {})) for n in names}
    plain, weighted = ({n: [kind(name=word)] for n in names} for kind, word in
                       ((metrics.MeanSquaredError, "plain"), (metrics.MeanAbsoluteError, "metric")))
    plain = {n: one for n, one in plain.items() if n not in WEIGHTED_ALONE}
    by = {n: LOSS_WEIGHTS[n] for n in names} if options["loss_weights"] else None
    if len(names) == 1:
        given = given if names == ("classes",) else given[names[0]]  # by name, or the only one
        plain, weighted = plain.get(names[0]), weighted[names[0]]
        by = by and list(by.values())
    model.compile(optimizer, given, loss_weights=by, metrics=plain, weighted_metrics=weighted, jit_compile=jit_compile)
    return model


def run_logs(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.training_logs.logs_are_sums_by_hand`."""
    options, keras = dict(request.arguments), backend.keras
    names, inputs = options["names"], options["inputs"].astype("float32")
    targets, weights = dict(options["targets"]), dict(options["sample_weights"] or {})
    with moment("build"):
        model = made(keras, options, keras.optimizers.SGD(0.0), backend.engine.plain)
    classes = {"class_weight": CLASS_WEIGHTS} if options["by_class"] else {}
    arrays: dict[str, np.ndarray] = {}

    def of(start: int, stop: int) -> tuple[Any, Any, Any]:
        rows = slice(start, stop)
        y, w = ([given[n][rows].astype("float32") for n in names] if given else None for given in (targets, weights))
        return inputs[rows], y if len(names) > 1 else y[0], w if w is None or len(names) > 1 else w[0]

    def keep(call: str, time: int, logs: Mapping[str, Any]) -> None:
        arrays.update({f"logs/{call}/{time}/{name}": np.array(float(value)) for name, value in logs.items()})

    def history(call: str, found: Any) -> None:
        for name, values in found.history.items():
            where = f"{call}_val" if name.startswith("val_") else call
            for time, value in enumerate(values):
                keep(where, time, {name.removeprefix("val_"): value})

    def batches() -> Iterator[tuple[Any, ...]]:
        for epoch in CALLS["generator"]:
            for start, stop in epoch:
                x, y, w = of(start, stop)
                yield (x, y if len(names) == 1 else tuple(y)) + (() if w is None else (w if len(names) == 1 else tuple(w),))

    with moment("run"):
        came = model(backend.engine.tensor(inputs))
        for name, tensor in zip(names, came if len(names) > 1 else [came], strict=True):
            arrays[f"outputs/{name}"] = backend.engine.numpy(tensor)
        for time, ((start, stop),) in enumerate(CALLS["train_on_batch"]):
            x, y, w = of(start, stop)
            keep("train_on_batch", time, model.train_on_batch(x, y, w, return_dict=True, **classes))
        for time, ((start, stop),) in enumerate(CALLS["test_on_batch"]):
            keep("test_on_batch", time, model.test_on_batch(*of(start, stop), return_dict=True))
        x, y, w = of(2, 7)
        keep("evaluate", 0, model.evaluate(x, y, batch_size=3, sample_weight=w, verbose=0, return_dict=True))
        x, y, w = of(0, len(inputs))
        history("fit", model.fit(x, y, batch_size=3, sample_weight=w, verbose=0, shuffle=False, **classes))
        history("split", model.fit(x, y, batch_size=3, sample_weight=w, validation_split=SPLIT, validation_batch_size=2,
                                   verbose=0, shuffle=False, **classes))
        epochs, held = CALLS["generator"], tuple(one for one in of(*CALLS["generator_val"][0][0]) if one is not None)
        history("generator", model.fit(batches(), steps_per_epoch=len(epochs[0]), epochs=len(epochs), validation_data=held,
                                       verbose=0))
    return Observation(arrays)
