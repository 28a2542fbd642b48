"""Keras' models that are compiled and evaluated by name or in order; losses and metrics by one word."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from cases.families.functions_by_name import OPEN
from cases.families.named_outputs import NAMES, NESTS, OFFSETS, PARTS, WEIGHTS, results
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.keras_attention import carrying


def run_named_outputs(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.named_outputs`."""
    options, keras = dict(request.arguments), backend.keras
    inputs, layers = options["batch"].inputs.astype("float32"), keras.layers
    with moment("build"):
        start, one = keras.Input(inputs.shape[1:]), layers.GRU(options["layer"].units, return_sequences=True)
        of = "of_" if options["results"] == "dict" else ""  # who has a name for each result needs none of its layer
        parts = results(one(start), lambda part, name: layers.Activation(lambda x: x + OFFSETS[name], name=of + name)(part))
        stacks.give(one, options["layer"], options["weights"])
        model = keras.Model(start, parts if options["results"] == "dict" else list(parts.values()))
        way = "names" if options["compiled"] == "names" or options["results"] == "dict" else "order"
        own = options["losses"] == "two"  # functions, under the same names
        loss, metrics = (given(way, dict.fromkeys(NAMES, of), options["names"]) for of in (
            keras.losses.mean_squared_error if own else "mse",
            {"two": [mae(keras)], "one": "mae"}.get(options["losses"], ["mae"])))
        by = given("names" if options["compiled"] == "weights_by_name" else way, WEIGHTS, options["names"])
        by = dict(reversed(by.items())) if isinstance(by, dict) else by  # names in another order than the results
        model.compile("sgd", "mse" if options["compiled"] == "one_word" else loss, loss_weights=by,
                      metrics=metrics if options["metrics"] else None,
                      weighted_metrics=metrics if options["metrics"] and options["by"] else None)
    turn = -1 if options["results"] == "list_by_name" else 1  # names say whose it is, their order does not
    fed = [{name: a.astype("float32") for name, a in of[::turn]} for of in (options["targets"], options["by"]) if of]
    listed = {}
    with moment("run"):
        fed = [[of[n] for n in NAMES if n in of] for of in fed] if options["results"] == "list" else fed
        told = model.evaluate(inputs, *fed[:1], batch_size=len(inputs), verbose=0, return_dict=True,
                              sample_weight=fed[1] if options["by"] else None)
        if options["shared"] is not None:
            shared = options["shared"].astype("float32")[:, None]
            again = model.test_on_batch(inputs, fed[0], sample_weight=shared, return_dict=True)
            told |= {f"shared_{name}": value for name, value in again.items()}
            listed["listed"] = np.array(model.test_on_batch(inputs, fed[0], sample_weight=shared), "float64")
        outputs = backend.engine.numpy(one(backend.engine.tensor(inputs)))
    return Observation({"outputs": outputs, **listed, **{f"told/{n}": np.array(float(v)) for n, v in told.items()}})


def mae(keras: Any) -> Any:
    """The mean absolute error, as a function of the user's own."""

    def mae(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(keras.ops.absolute(y_pred - y_true), axis=-1)

    return mae


def run_nested_results(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.named_outputs.nested_results_add_up`: each result is the inputs and a number."""
    options, keras = dict(request.arguments), backend.keras
    several = options["nest"] == "several_of_one"
    nested = NESTS["list" if several else options["nest"]]
    inputs, targets, weights = (
        given if given is None else {n: np.array(a, "float32") for n, a in dict(given).items()}
        for given in ({"all": options["inputs"]}, options["targets"], options["by_step"]))
    with moment("build"):
        start = keras.Input(inputs["all"].shape[1:])
        parts = {n: keras.layers.Rescaling(1.0, offset, name=n)(start) for n, (offset, _, _) in PARTS.items()}
        model = keras.Model(start, parts["one"] if several else nested(parts))
        model.compile("sgd", nested({n: loss for n, (_, loss, _) in PARTS.items()}),
                      loss_weights=nested({n: by for n, (_, _, by) in PARTS.items()}) if options["weighted"] else None,
                      metrics=None if several else nested({n: [keras.metrics.MeanAbsoluteError("size")] for n in PARTS}))
    with moment("run"):
        told = model.test_on_batch(inputs["all"], targets["one"] if several else nested(targets),
                                   None if weights is None else nested(weights), return_dict=True)
    metrics = sorted(float(value) for name, value in told.items() if name.endswith("size"))
    return Observation({"loss": np.array(float(told["loss"])), "metrics": np.array(metrics)})


def run_told_results(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.named_outputs.every_result_is_told`: results are the inputs, and one more."""
    options, keras = dict(request.arguments), backend.keras
    inputs, *targets = (a.astype("float32") for a in (options["inputs"], *options["targets"]))
    with moment("build"):
        if options["names"] == "none":
            class Pair(keras.Model):
                def call(self, x: Any) -> tuple[Any, Any]:
                    return x + 0.0, x + 1.0

            model = Pair()
        else:
            start, layer = keras.Input(inputs.shape[1:]), keras.layers.Activation("linear", name="part")
            other = layer if options["names"] == "one" else keras.layers.Activation("linear", name="other")
            model = keras.Model(start, [layer(start), other(start + 1.0)])
        model.compile("sgd", "mae")
    with moment("run"):
        told = model.evaluate(inputs, tuple(targets) if options["names"] == "none" else targets, batch_size=len(inputs),
                              verbose=0, return_dict=options["form"] == "dict")
    return Observation({"told": np.array(list(told.values()) if options["form"] == "dict" else told, "float64")})


def given(way: str, of: dict[str, Any], names: tuple[str, ...]) -> Any:
    """Something for some results: by name, or in the order of all results, None where there is nothing."""
    return {n: of[n] for n in names} if way == "names" else [of[n] if n in names else None for n in NAMES]


def run_metric_by_word(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.metrics_by_word`: the outputs are the inputs, three rows at a time."""
    options, keras = dict(request.arguments), backend.keras
    outputs = options["outputs"].astype("float32")
    with moment("build"):
        start = keras.Input(outputs.shape[1:])
        model = keras.Model(start, keras.layers.Activation("linear")(start))
        model.compile("sgd", options["loss"], metrics=[options["word"]])
    with moment("run"):
        told = model.evaluate(outputs, options["targets"].astype("float32"), batch_size=3, verbose=0, return_dict=True)
    loss = told.pop("loss")
    (metric,) = told.values()
    return Observation({"loss": np.array(float(loss)), "metric": np.array(float(metric))})


def run_loss_by_name(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.losses_by_name`."""
    options, keras = dict(request.arguments), backend.keras
    arrays = tuple(options[n].astype("float32") for n in ("targets", "outputs", "weights"))
    if options["form"] == "compiled":
        return Observation({"value": compiled_loss(keras, options, *arrays)})
    targets, outputs, weights = map(backend.engine.tensor, arrays)
    with moment("run"):
        if options["form"] == "function":
            value = getattr(keras.losses, options["name"])(targets, outputs, **options["options"])
        elif options["form"] == "loss":
            value = getattr(keras.losses, options["class"])(reduction="none", **options["options"])(targets, outputs, weights)
        else:
            metric = getattr(keras.metrics, options["class"])(**options["options"])
            metric.update_state(targets, outputs, weights)
            value = metric.result()
    return Observation({"value": backend.engine.numpy(value)})


def compiled_loss(keras: Any, options: dict[str, Any], targets: np.ndarray, outputs: np.ndarray, weights: np.ndarray) -> Any:
    """What a model tells whose outputs are its inputs: of its loss, by name where it has no options, and its metric; both out of
    a configuration."""
    with moment("build"):
        start = keras.Input(outputs.shape[1:])
        model = keras.Model(start, keras.layers.Activation("linear")(start))
        kinds = [(keras.losses, options["class"]), *[(keras.metrics, options["metric"])] * bool(options["metric"])]
        made = [getattr(where, kind)(**options["options"]) for where, kind in kinds]
        loss, *metrics = [type(one).from_config(one.get_config()) for one in made]
        model.compile("sgd", loss if options["options"] else options["name"], weighted_metrics=metrics)
    with moment("run"):
        return np.array(model.test_on_batch(outputs, targets, weights), "float64").reshape(-1)


def run_activation(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.functions_by_name.activations_are_equations`."""
    options, keras = dict(request.arguments), backend.keras
    tensor, numpy, mask = backend.engine.tensor, backend.engine.numpy, options["mask"]
    inputs = tensor(options["inputs"].astype("float32"))
    if mask is None and not hasattr(keras.activations, options["function"]):
        return Unsupported(f"this release of Keras has no activation {options['function']}")
    with moment("run"):
        if mask is not None:
            outputs = getattr(keras.layers, options["function"])(**options["options"])(inputs, tensor(mask))
        else:
            outputs = getattr(keras.activations, options["function"])(inputs, **options["options"])
        return Observation({"outputs": numpy(outputs), "given": numpy(inputs)})


def run_reshaped(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.functions_by_name.sequences_are_reshaped`."""
    options, keras = dict(request.arguments), backend.keras
    inputs = options["inputs"].astype("float32")
    with moment("build"):
        one = getattr(keras.layers, options["layer"])(**options["options"])
        start = keras.Input((None if options["open"] else inputs.shape[1], inputs.shape[2]))
        model = keras.Model(start, one(start))
    with moment("run"):
        called = backend.engine.numpy(one(backend.engine.tensor(inputs)))
        predicted = model.predict(inputs, verbose=0)
        whole = one(backend.engine.tensor(inputs.astype("int32")))
    told = [OPEN if size is None else size for size in model.output_shape]
    dtypes = (one(keras.Input(inputs.shape[1:], dtype="int32")).dtype, keras.backend.standardize_dtype(whole.dtype))
    return Observation({"called": called, "predicted": predicted, "told": np.array(told)}, facts={"dtypes": dtypes})


def run_standing(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.functions_by_name.layers_that_stand_alone_are_equations`: a model of all of them."""
    options, keras, numpy = dict(request.arguments), backend.keras, backend.engine.numpy
    if lacking := [layer for _, layer, *_ in options["layers"] if not hasattr(keras.layers, layer)]:
        return Unsupported(f"this release of Keras has no {lacking[0]}")
    inputs = backend.engine.tensor(options["inputs"].astype("float32"))
    with moment("build"):
        start = keras.Input(tuple(inputs.shape[1:]))
        layers = [getattr(keras.layers, layer)(**more) for _, layer, more, _ in options["layers"]]
        model = keras.Model(start, [layer(start) for layer in layers])
        for layer, (*_, weights) in zip(layers, options["layers"], strict=True):
            if weights:
                layer.set_weights([one.astype("float32") for one in weights])
        again = keras.Model.from_config(model.get_config())
        again.set_weights(model.get_weights())
    with moment("run"):
        ways = {"called": [layer(inputs) for layer in layers], "in_a_model": model(inputs), "made_again": again(inputs)}
        return Observation({f"{name}/{way}": numpy(one) for way, outputs in ways.items()
                            for (name, *_), one in zip(options["layers"], outputs, strict=True)})


def run_masked_loss_by_name(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.counted_by_name.losses_by_name_count_valid_steps`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    outputs, targets = options["outputs"].astype("float32"), options["targets"].astype("float32")
    with moment("build"):
        given = keras.Input(outputs.shape[1:])
        masked = keras.layers.Masking(-7.5)(given)  # gives zeros, which are no shares of one
        model = keras.Model(given, keras.layers.Rescaling(1.0, 0.25)(masked))
        model.compile(loss=getattr(keras.losses, options["class"])(**options["options"]))
        engine.hasten(model, None if targets.shape != outputs.shape else targets)
    with moment("run"):
        shown = np.where(options["mask"][:, :, None], outputs - np.float32(0.25), np.float32(-7.5))
        found = {"value": np.array(model.test_on_batch(shown, targets), "float64")}
        predicted, due = model(engine.tensor(shown)), engine.tensor(targets)
        for reduction in options["reductions"]:
            loss = getattr(keras.losses, options["class"])(**options["options"], reduction=reduction)
            weights = {} if reduction == "sum" else {"sample_weight": engine.tensor(options["weights"].astype("float32"))}
            found[reduction] = np.array(engine.numpy(loss(due, predicted, **weights)), "float64")
        return Observation(found)


def run_weights_beside_masks(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.counted_by_name.weights_count_beside_masks`: every call has tensors of its own."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    hits = options["by"] == "hits"

    def given() -> list[Any]:
        targets, outputs, weights = (options[n] for n in ("targets", "outputs", "weights"))
        targets, outputs = (targets > 0, outputs > 0) if hits else (targets, outputs)
        outputs = engine.tensor(outputs.astype("float32"))
        return [engine.tensor(targets.astype("float32")),
                carrying(keras, outputs, options["mask"], engine),
                None if weights is None else engine.tensor(weights.astype("float32"))]

    with moment("run"):
        if options["by"] == "loss":
            found = {name: keras.losses.MeanSquaredError(reduction=name)(*given()) for name in options["reductions"]}
        else:
            metric = keras.metrics.TruePositives() if hits else keras.metrics.MeanSquaredError()
            metric.update_state(*given())
            found = {options["by"]: metric.result()}
    return Observation({name: engine.numpy(one) for name, one in found.items()})


def run_weighted_metric(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.counted_by_name.metrics_count_by_weights`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    targets, outputs, times = options["targets"].astype("float32"), options["outputs"].astype("float32"), options["times"]

    def metric(repeats: Any, weights: Any = None) -> np.ndarray:
        one = getattr(keras.metrics, options["metric"])(**options["options"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one.update_state(engine.tensor(targets), engine.tensor(outputs[::-1].copy()))
            one.reset_state()  # of which nothing may be left
            one.update_state(engine.tensor(np.repeat(targets, repeats, axis=0)),
                             engine.tensor(np.repeat(outputs, repeats, axis=0)), sample_weight=weights)
        return np.array(engine.numpy(one.result()), "float64")

    with moment("run"):
        weights = engine.tensor(options["weights"].astype("float32"))
        return Observation({"weighted": metric(1, weights), "repeated": metric(times), "plain": metric(1)})


def run_metric_over_batches(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the requests of `cases.families.counted_by_name.averaged`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    with moment("build"):
        one = getattr(keras.metrics, options["metric"])(**options["options"])
    with moment("run"):
        batches = list(zip(*(options[name] for name in ("targets", "outputs", "masks", "weights")), strict=True))
        for number, (targets, outputs, mask, weights) in enumerate([batches[0], *batches]):
            if number == 1:
                one.reset_state()
            told = carrying(keras, engine.tensor(outputs.astype("float32")), mask, engine)
            given = () if options["metric"] in ("Mean", "Sum") else (engine.tensor(targets.astype("float32")),)
            one.update_state(*given, told, sample_weight=engine.tensor(weights.astype("float32")))
        return Observation({"value": np.array(engine.numpy(one.result()), "float64")})


def run_turned(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.losses_by_name.classes_lie_along_any_axis`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    where, name = options["part"].split(".")
    targets, outputs = options["targets"].astype("float32"), options["outputs"].astype("float32")

    def value(axis: int) -> np.ndarray:
        given = [a[:, None] if axis == 2 else a for a in (targets, outputs)]
        turns = axis > 0 and targets.ndim == 3, axis > 0
        t, p = (engine.tensor(a.swapaxes(axis, axis + 1) if turn else a) for a, turn in zip(given, turns, strict=True))
        more = {} if where == "metrics" else {"reduction": "none"}
        one = getattr(getattr(keras, where), name)(**options["options"], axis=axis, **more)
        return np.array(engine.numpy(one(t, p)), "float64")

    with moment("run"):
        usual = value(-1)
        return Observation({"turned": value(1), "usual": usual, "deeper": value(2).reshape(usual.shape)})
