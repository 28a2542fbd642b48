"""What single Keras layers do with the mask of a tensor that they are called on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cases.families.given_masks import LAMBDAS
from cases.models import FunctionRequest
from cases.requests import Observation, cause
from suite.backends import moment
from suite.backends.keras_attention import carrying
from suite.backends.keras_layers import passed_mask

OPERATIONS: Mapping[str, Callable[[Any], Callable]] = {
    "slicing": lambda keras: lambda x: x[:, 1:],
    "operator": lambda keras: lambda x: x * 2,
    "lambda": lambda keras: keras.layers.Lambda(lambda x: x[:, 1:]),
}
"""What is no layer of its own -> how its user writes it."""


def made(keras: Any, layer: str, options: Mapping[str, Any]) -> Callable:
    """The layer, or the operation; a layer inside another one is described by its name and its options."""
    if layer in OPERATIONS:
        return OPERATIONS[layer](keras)
    given = {name: made(keras, one["class_name"], one["config"]) if name == "layer" else one for name, one in options.items()}
    return getattr(keras.layers, layer)(**given)


def run_mask_table(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.scenarios.mask_table.table`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs, facts, arrays = options["inputs"].astype("float32"), {"warned": [], "errors": {}, "missing": [], "taken": []}, {}

    def seen(mask: Any) -> np.ndarray:
        return np.zeros(mask.shape, bool) if options["how"] == "built" else engine.numpy(mask)

    with moment("run"):
        plain = keras.Input(batch_shape=inputs.shape) if options["how"] == "built" else engine.tensor(inputs)
        nowhere_zero = keras.layers.Dense(3, activation="sigmoid")
        for name, layer, how, on in options["ways"]:
            if layer not in OPERATIONS and not hasattr(keras.layers, layer):
                facts["missing"].append(name)
                continue
            masked, other = keras.layers.Masking()(plain), keras.layers.Masking()(plain)
            before = passed_mask(masked), passed_mask(other)
            given = {"masked": masked, "two": [masked, other], "half": [masked, plain], "after_dense": nowhere_zero,
                     "last_state": keras.layers.LSTM(4) if on == "last_state" else None}[on]
            given = given(masked) if callable(given) else given
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    mask = passed_mask(made(keras, layer, how)(given))
                except Exception as error:
                    facts["errors"][name] = f"{type(error).__name__}: {cause(str(error), 100)}"
                    continue
            if any("mask" in str(warning.message).lower() for warning in caught):
                facts["warned"].append(name)
            if any(now is not then for now, then in zip((passed_mask(masked), passed_mask(other)), before, strict=True)):
                facts["taken"].append(name)
            if mask is not None:
                arrays[f"masks/{name}"] = seen(mask)
    return Observation(arrays, facts=facts)


def called_with_masks(keras: Any, kind: str) -> Any:
    """What is called with a mask, of 4 features."""
    layers = keras.layers

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.one = layers.LSTM(2)

        def call(self, inputs: Any, mask: Any = None) -> Any:
            return self.one(inputs, mask=mask)

    def functional() -> Any:
        start = keras.Input((4, 4))
        return keras.Model(start, layers.LSTM(2)(start))

    def nested() -> Any:
        start = keras.Input((4, 4))
        return keras.Model(start, functional()(start))

    def two_inputs() -> Any:
        starts = [keras.Input((4, 4)), keras.Input((4, 4))]
        model = keras.Model(starts, [layers.LSTM(2)(start) for start in starts])
        return lambda x, mask=None: model([x + 0, x + 0], mask=mask if mask is None else [mask, mask])[1]

    def valid(x: Any, mask: Any = None) -> Any:
        return x if mask is None else keras.ops.where(keras.ops.expand_dims(mask, -1), x, 0.0)

    def in_training(x: Any, mask: Any = None, training: Any = None) -> Any:
        return valid(x, mask) if training else x

    def by_word(x: Any, *, mask: Any = None) -> Any:
        return valid(x, mask)

    return {
        "functional": functional, "nested": nested, "two_inputs": two_inputs,
        "lambda": lambda: layers.Lambda(valid), "lambda_in_training": lambda: layers.Lambda(in_training),
        "lambda_by_word": lambda: layers.Lambda(by_word), "own_model": Own, "unbuilt": lambda: keras.Sequential([layers.LSTM(2)]),
        "sequential": lambda: keras.Sequential([keras.Input((4, 4)), layers.LSTM(2)]),
        "dropout": lambda: keras.Sequential([layers.Dropout(0.5), layers.GRU(2)]),
        "lstm": lambda: layers.LSTM(2), "bidirectional": lambda: layers.Bidirectional(layers.GRU(2)),
        "loop": lambda: layers.RNN(layers.LSTMCell(2)), "average": lambda: layers.GlobalAveragePooling1D(),
        "normalization": lambda: layers.BatchNormalization(),
    }[kind]()


def run_given_mask(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.given_masks.given_masks_are_of_their_call`."""
    options, engine = dict(request.arguments), backend.engine
    inputs, mask = engine.tensor(options["inputs"].astype("float32")), engine.tensor(options["mask"])
    more = {"training": True} if options["kind"] in ("normalization", *LAMBDAS) else {}
    with moment("build"):
        one = called_with_masks(backend.keras, options["kind"])
        one(engine.tensor(options["inputs"].astype("float32")))
    with moment("run"), warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        arrays = {"fresh": one(inputs, **more), "masked": one(inputs, mask=mask, **more), "again": one(inputs, **more)}
    said = [str(each.message) for each in heard if "destroy the mask" in str(each.message)]
    return Observation({name: engine.numpy(array) for name, array in arrays.items()} | {
        "carried": np.array(passed_mask(inputs) is not None)}, facts={"said": said[0][:120] if said else ""})


def run_mask_goes_first(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.given_masks.given_masks_go_first`."""
    options, layers, engine = dict(request.arguments), backend.keras.layers, backend.engine
    inputs, mask = options["inputs"].astype("float32"), engine.tensor(options["mask"])
    with moment("build"):
        one = {"lstm": lambda: layers.LSTM(2, return_sequences=True), "time_distributed": lambda: layers.TimeDistributed(
            layers.Dense(2)), "bidirectional": lambda: layers.Bidirectional(layers.GRU(2, return_sequences=True)),
               "loop": lambda: layers.RNN(layers.GRUCell(2), return_sequences=True),
               "simple_rnn": lambda: layers.SimpleRNN(2, return_sequences=True), "heads": lambda: layers.MultiHeadAttention(2, 3),
               "shared_heads": lambda: layers.GroupQueryAttention(3, 2, 1), "model": lambda: backend.keras.Model(
                   start := backend.keras.Input(inputs.shape[1:]), layers.LSTM(2, return_sequences=True)(start)),
               }[options["kind"]]()
        heads = options["kind"].endswith("heads")
        one.build(inputs.shape, inputs.shape) if heads else one.build(inputs.shape)
    count = {"lstm": 2, "simple_rnn": 1}.get(options["kind"], 0)
    states = [[engine.tensor(np.full((len(inputs), 2), 0.5, "float32")) for _ in range(count)]] if count else []
    named = {"initial_state": states[0]} if states else {}
    if heads:
        with moment("run"):
            plain, value = engine.tensor(inputs), engine.tensor(inputs[:, ::-1].copy())
            given = one(plain, value, query_mask=mask)
            carried = one(carrying(backend.keras, plain, options["mask"], engine), value)
        return Observation({"outputs": engine.numpy(given), "due": engine.numpy(carried)})
    with moment("run"):
        carried = carrying(backend.keras, engine.tensor(inputs), options["carried"], engine)
        outputs = one(carried, *states, mask=options["mask"] if states or options["kind"] == "model" else mask)
        arrays = {"outputs": outputs, "due": one(engine.tensor(inputs), mask=mask, **named)}
        if (handed := passed_mask(outputs)) is not None:
            arrays["mask"] = handed
    return Observation({name: engine.numpy(array) for name, array in arrays.items()})


def run_cast_mask(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.given_masks.cast_inputs_keep_their_masks`."""
    options, keras, layers, engine = dict(request.arguments), backend.keras, backend.keras.layers, backend.engine
    kind = options["kind"]
    with moment("build"):
        start, flat = keras.Input((None, 1)), [keras.Input((None,)) for _ in range(2)]
        one = {"add": layers.Add, "concatenate": layers.Concatenate, "attention": layers.Attention, "maximum": layers.Maximum,
               "lstm": lambda: layers.LSTM(2, return_sequences=True), "dense": lambda: layers.Dense(2),
               "fewer_axes": lambda: keras.Model(start, layers.Dense(2)(start)),
               "more_axes": lambda: keras.Model(flat, [layers.Activation("relu")(each) for each in flat])}[kind]()
    with moment("run"):
        half = keras.ops.cast(engine.tensor(options["inputs"].astype("float32")), options["dtype"])
        half = {"fewer_axes": half[:, :, 0], "more_axes": half[:, :, :1]}.get(kind, half)
        given = [carrying(keras, half, options["mask"], engine, dtype=options["dtype"]) for _ in range(2)]
        outputs = one(given[0] if kind in ("lstm", "dense", "fewer_axes") else given)
        handed = passed_mask(outputs[1] if kind == "more_axes" else outputs)
    return Observation({} if handed is None else {"mask": engine.numpy(handed)})


def run_three_masks(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.given_masks.three_masks_are_joined`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    with moment("run"):
        given = [carrying(keras, engine.tensor(one.astype("float32")), mask, engine)
                 for one, mask in zip(options["inputs"], options["masks"], strict=True)]
        outputs = getattr(keras.layers, options["kind"])()(given)
        handed = passed_mask(outputs)
    return Observation({"outputs": engine.numpy(outputs)} | ({} if handed is None else {"mask": engine.numpy(handed)}))


def run_masked_numbers(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.given_masks.whole_numbers_are_masked`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs = options["inputs"]
    with moment("build"):
        one = keras.layers.Masking(options["number"])
        start = keras.Input(inputs.shape[1:], dtype=str(inputs.dtype))
        model = keras.Model(start, one(start))
    with moment("run"):
        if options["entry"] == "predict":
            return Observation({"outputs": np.array(model.predict(inputs, verbose=0)), "given": inputs})
        given = engine.tensor(inputs)
        outputs = one(given)
        return Observation({"outputs": engine.numpy(outputs), "mask": engine.numpy(passed_mask(outputs)),
                            "given": engine.numpy(given)})


NESTED: Mapping[str, Callable[[list[Any]], Any]] = {
    "list": list, "dict": lambda of: dict(zip(("second", "first", "third"), of, strict=True)),
    "list_in_dict": lambda of: {"rest": of[:2], "first": of[2]}, "dict_in_list": lambda of: [of[0], {"z": of[1], "a": of[2]}],
}
"""How three tensors are nested."""
UNNESTED: Mapping[str, Callable[[Any], list[Any]]] = {
    "list": list, "dict": lambda nest: [nest["second"], nest["first"], nest["third"]],
    "list_in_dict": lambda nest: [*nest["rest"], nest["first"]],
    "dict_in_list": lambda nest: [nest[0], nest[1]["z"], nest[1]["a"]],
}


def run_nested_masks(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.given_masks.nests_of_masks_are_given`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    nest, back, way = NESTED[options["nest"]], UNNESTED[options["nest"]], options["way"]
    given = [one if mask is None else np.where(mask[:, :, None], one, -7.5)
             for one, mask in zip(options["inputs"], options["masks"], strict=True)]

    class Shown(keras.layers.Layer):
        """Gives every sequence where its mask is."""

        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, inputs: Any, mask: Any = None) -> Any:
            masks = [None] * 3 if mask is None else back(mask)
            return nest([x if m is None else keras.ops.where(m[:, :, None], x, 0.0)
                         for x, m in zip(back(inputs), masks, strict=True)])

    class Handing(keras.layers.Layer):
        """Hands its inputs on as they are; their mask turned, or none; or takes no masks at all."""

        def __init__(self, turns: bool, takes: bool = True):
            super().__init__()
            self.supports_masking, self.turns = takes, turns

        def call(self, inputs: Any) -> Any:
            return inputs

        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return keras.ops.logical_not(mask) if self.turns else None

    def handed(first: Any) -> list[Any]:
        return [Handing(*does)(keras.layers.Masking(-7.5)(first)) for does in ((True,), (False,), (False, False))]

    class Turned(keras.layers.Layer):
        """Turns the nest round, and its masks."""

        def call(self, inputs: Any) -> Any:
            return nest(back(inputs)[::-1])

        def compute_mask(self, inputs: Any, mask: Any) -> Any:
            return nest(back(mask)[::-1])

    def shown(tensors: list[Any]) -> list[Any]:
        series = keras.Sequential([Turned(), Shown(), Turned()]) if way == "called" else Shown()
        return back(series(nest([x if mask is None else keras.layers.Masking(-7.5)(x)
                                  for x, mask in zip(tensors, options["masks"], strict=True)])))

    with moment("run"):
        tensors = [engine.tensor(one.astype("float32")) for one in given]
        if way == "built":
            starts = [keras.Input(one.shape[1:]) for one in given]
            outputs, others = keras.Model(starts, [shown(starts), handed(starts[0])])(tensors)
        else:
            outputs, others = shown(tensors), handed(tensors[0])
        turned, *bare = (passed_mask(one) for one in others)
        masks = {f"mask/{n}": passed_mask(one) for n, one in enumerate(outputs)}
    named = {f"outputs/{n}": one for n, one in enumerate(outputs)} | {n: m for n, m in masks.items() if m is not None}
    named |= {} if turned is None else {"turned": turned}
    return Observation({name: engine.numpy(one) for name, one in named.items()} | {
        "bare": np.array([one is not None for one in bare])})
