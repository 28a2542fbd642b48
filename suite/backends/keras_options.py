"""Keras layers' options: as given, through a configuration, a file, a clone; left out; and models run some rows at a time."""

from __future__ import annotations

import inspect
from functools import wraps
from types import SimpleNamespace
from typing import Any

import numpy as np

from cases.families.configurations import BESIDE
from cases.layouts import to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.keras_again import remade

LOOP = {"return_sequences": True, "return_state": True, "go_backwards": True, "stateful": True, "unroll": True,
        "zero_output_for_mask": True, "trainable": False}
OTHERS: dict[str, tuple[str, dict[str, Any], int]] = {
    "dropout": ("Dropout", {"rate": 0.25, "noise_shape": (None, 1, None), "seed": 3}, 1),
    "attention": ("Attention", {"use_scale": True, "score_mode": "concat", "dropout": 0.25, "seed": 3}, 2),
    "heads": ("MultiHeadAttention", {"num_heads": 3, "key_dim": 2, "value_dim": 5, "dropout": 0.25, "use_bias": False,
                                     "output_shape": (7,), "seed": 3}, 2),
    "additive": ("AdditiveAttention", {"use_scale": False, "dropout": 0.25}, 2),
    "dense": ("Dense", {"units": 5, "activation": "softsign", "use_bias": False}, 1),
    "einsum_dense": ("EinsumDense", {"equation": "btf,fg->btg", "output_shape": (None, 5), "activation": "softsign",
                                     "bias_axes": "g"}, 1),
    "concatenate": ("Concatenate", {"axis": 1}, 2), "dot": ("Dot", {"axes": [1, 1], "normalize": True}, 2),
    "pooling": ("GlobalAveragePooling1D", {"data_format": "channels_first", "keepdims": True}, 1),
    "normalization": ("LayerNormalization", {"axis": [1], "epsilon": 0.25, "center": False}, 1),
}
"""Layers around recurrent ones: Keras' name, options, none of them the default, and how many tensors it is called with."""

COMMON = {"name": "given", "dtype": "bfloat16", "trainable": False}
"""What every layer takes; a loop over cells, whose dtype is that of its cells, and a wrapper around loops only some of it."""

FLAGS = {"return_sequences": False, "return_state": False, "go_backwards": False, "stateful": False, "unroll": False,
         "zero_output_for_mask": False, "trainable": True, "use_bias": True, "unit_forget_bias": True, "reset_after": True,
         "mask_zero": False, "keepdims": False, "center": True, "normalize": False}
"""What is not a value but a yes or no -> what it is where it is left out, as documented."""
SIZES = {"units": 1, "filters": 1, "output_dim": 1}
"""A layer's own size where flags are left out: one is a size that is easily taken for none."""

LATE = ("activity_regularizer", "seed", "forward_layer.use_cudnn", "backward_layer.use_cudnn", "use_cudnn", "cell.implementation")
"""Told after all others: what is known to be lost must not hide what is not."""


def cell_options(keras: Any) -> dict[str, Any]:
    """Options of a cell, none of them the default."""
    return {
        "activation": "softsign", "use_bias": False, "dropout": 0.25, "recurrent_dropout": 0.5, "seed": 11,
        "kernel_initializer": keras.initializers.HeNormal(3), "recurrent_initializer": keras.initializers.GlorotNormal(4),
        "bias_initializer": keras.initializers.Constant(0.5), "kernel_regularizer": keras.regularizers.L2(0.25),
        "recurrent_regularizer": keras.regularizers.L1(0.5), "bias_regularizer": keras.regularizers.L2(0.125),
        "kernel_constraint": keras.constraints.NonNeg(), "recurrent_constraint": keras.constraints.MaxNorm(3),
        "bias_constraint": keras.constraints.UnitNorm(),
    }


def gated(keras: Any, cell: str) -> dict[str, Any]:
    """The same, and what this cell has beside them."""
    more = {"lstm": {"recurrent_activation": "hard_sigmoid", "unit_forget_bias": False},
            "gru": {"recurrent_activation": "hard_sigmoid", "reset_after": False}, "simple_rnn": {}}[cell]
    return {**cell_options(keras), **more}


def made(keras: Any, kind: str, flags: bool = True) -> tuple[Any, dict[str, Any], tuple[int, ...]]:
    """A layer; path of an attribute -> what was given there; the shape of one row of its inputs. Without `flags` the layer, and
    all within it, is told values alone, its size is one, and what is due of a flag is what is documented."""
    if flags:
        return told(keras, keras.layers, kind)
    left = {n: v for n, v in FLAGS.items() if n != "go_backwards" or kind != "bidirectional"}  # which takes no other halves

    def without(name: str) -> Any:
        one = getattr(keras.layers, name)
        return wraps(one)(lambda *args, **named: one(*args, **{n: SIZES.get(n, v) for n, v in named.items() if n not in left}))

    layer, given, row = told(keras, SimpleNamespace(**{n: without(n) for n in dir(keras.layers) if n[0].isupper()}), kind)
    due = {path: left.get(path.rpartition(".")[2], value) for path, value in given.items()}
    return layer, due | {size: one for size, one in SIZES.items() if size in due}, row


def told(keras: Any, layers: Any, kind: str) -> tuple[Any, dict[str, Any], tuple[int, ...]]:
    """A layer of `layers` with every option, and the same two things of it."""
    if kind in OTHERS:
        name, given = OTHERS[kind][0], OTHERS[kind][1] | COMMON
        if kind in ("dense", "einsum_dense", "heads"):
            given |= {n: v for n, v in cell_options(keras).items() if n.startswith(("kernel_", "bias_"))}
        return getattr(layers, name)(**given), {n: v for n, v in given.items() if n != "output_shape"}, (4, 3)
    if kind in stacks.LAYERS and kind != "conv_lstm":
        given = {"units": 5, **gated(keras, kind), **LOOP, "name": "given", "activity_regularizer": keras.regularizers.L2(0.0625)}
        return getattr(layers, stacks.LAYERS[kind])(**given), given, (4, 3)
    if kind.endswith("_loop"):
        loop = getattr(layers, stacks.LAYERS[kind.removesuffix("_loop")])
        more = {"use_cudnn": False} if stacks.accepts(loop, "use_cudnn") else {}
        made = loop(units=5, implementation=1, **more)
        return made, {"units": 5, "cell.implementation": 1, **more}, (4, 3)
    if kind == "bidirectional":
        more = {"use_cudnn": False} if stacks.accepts(layers.LSTM, "use_cudnn") else {}
        ahead = layers.LSTM(5, activation="softsign", return_sequences=True, name="ahead", **more)
        back = layers.LSTM(5, activation="relu", return_sequences=True, go_backwards=True, use_bias=False, name="back", **more)
        given = {"merge_mode": "mul", "forward_layer.cell.activation": "softsign", "backward_layer.cell.activation": "relu",
                 "backward_layer.cell.use_bias": False, "backward_layer.go_backwards": True,
                 "forward_layer.return_sequences": True,
                 **{f"{half}_layer.{n}": v for half in ("forward", "backward") for n, v in more.items()}}
        named = {"name": "given", "trainable": False}
        return layers.Bidirectional(ahead, "mul", backward_layer=back, **named), given | named, (4, 3)
    if kind == "stacked":
        cells = [layers.LSTMCell(5, **gated(keras, "lstm")), layers.GRUCell(4, **gated(keras, "gru")),
                 layers.SimpleRNNCell(3, **gated(keras, "simple_rnn"))]
        given = {f"cell.cells.{n}.{name}": value for n, cell in enumerate(("lstm", "gru", "simple_rnn"))
                 for name, value in gated(keras, cell).items()}
        loop = {"name": "given", **{n: v for n, v in LOOP.items() if n != "stateful"}}
        return layers.RNN(layers.StackedRNNCells(cells), **loop), {**given, **loop}, (4, 3)
    if kind.startswith("conv_lstm"):
        axes = int(kind[-2])
        apart = {"dilation_rate": (2,)} if axes == 1 else {"strides": (2, 1, 2)[:axes]}
        given = {"filters": 4, "kernel_size": (2, 3, 2)[:axes], **apart, "padding": "same", "data_format": "channels_first",
                 **gated(keras, "lstm"), "name": "given", "activity_regularizer": keras.regularizers.L2(0.0625),
                 **{n: v for n, v in LOOP.items() if n not in ("unroll", "zero_output_for_mask")}}
        return getattr(layers, f"ConvLSTM{axes}D")(**given), given, (4, 2, *(5, 6, 4)[:axes])
    if kind == "time_distributed":
        inner = layers.Dense(5, activation="softsign", use_bias=False, kernel_regularizer=keras.regularizers.L2(0.25))
        given = {"layer.units": 5, "layer.activation": "softsign", "layer.use_bias": False,
                 "layer.kernel_regularizer": keras.regularizers.L2(0.25)}
        return layers.TimeDistributed(inner, **COMMON), given | COMMON, (4, 3)
    if kind == "masking":
        return layers.Masking(-7.5, **COMMON), {"mask_value": -7.5, **COMMON}, (4, 3)
    given = {"input_dim": 9, "output_dim": 4, "mask_zero": True, "embeddings_initializer": keras.initializers.HeNormal(3),
             "embeddings_regularizer": keras.regularizers.L2(0.25), "embeddings_constraint": keras.constraints.NonNeg(),
             **COMMON}
    return layers.Embedding(**given), given, (4,)


def said(keras: Any, name: str, value: Any) -> str:
    """A value of an option in words that are the same in every layer."""
    if name.endswith("activation") and not callable(value):
        value = keras.activations.get(value)
    if hasattr(value, "get_config"):
        return f"{type(value).__name__} {sorted((n, str(v)) for n, v in value.get_config().items())}"
    return getattr(value, "__name__", None) or str(value)


def at(layer: Any, path: str) -> Any:
    """An attribute by its path; the cell's, where its constructor takes one of this name. A marker where there is none."""
    for name in path.split("."):
        cell = getattr(layer, "cell", None)
        taken = cell is not None and name in inspect.signature(type(cell).__init__).parameters
        owner = cell if taken else layer
        layer = layer[int(name)] if name.isdigit() else getattr(owner, name, getattr(owner, f"_{name}", "nothing"))
    return layer


def strange(value: Any, path: str = "") -> list[str]:
    """Where a configuration holds what is neither a number, a word, True, False or None, nor a list or a mapping of such."""
    if isinstance(value, dict):
        return [words for name, one in value.items() for words in strange(one, f"{path}/{name}")]
    if isinstance(value, (list, tuple)):
        return [words for one in value for words in strange(one, path)]
    plain = value is None or isinstance(value, (bool, int, float, str))
    return [] if plain else [f"{path} holds an object of {type(value).__name__}"]


def parts(layer: Any) -> list[Any]:
    """A layer, what it wraps, and its cells."""
    inner = [getattr(layer, name) for name in ("layer", "forward_layer", "backward_layer", "cell") if hasattr(layer, name)]
    inner += getattr(layer, "cells", [])
    return [layer, *(part for one in inner for part in parts(one))]


def run_options(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.configurations.options_survive`."""
    options, keras = dict(request.arguments), backend.keras
    with moment("build"):
        both = [made_again(keras, options["kind"], options["way"], flags) for flags in (True, False)]
    rows = [(name, said(keras, name, value), said(keras, name, at(layer, name)), said(keras, name, at(again, name)))
            for layer, again, given in both for name, value in given.items()]
    rows.sort(key=lambda row: LATE.index(row[0]) if row[0] in LATE else -1)
    configured = [one for layer, *_ in both for one in parts(layer)]
    objects = tuple(f"{type(one).__name__}{words}" for one in configured for words in strange(one.get_config()))
    return Observation({}, facts={"options": tuple(rows), "objects": objects})


def made_again(keras: Any, kind: str, way: str, flags: bool) -> tuple[Any, Any, dict[str, Any]]:
    """A layer, the one that comes of it by this way, and what was given."""
    layer, given, row = made(keras, kind, flags)
    if way == "configuration":
        return layer, type(layer).from_config(layer.get_config()), given
    rows = 2 if getattr(layer, "stateful", False) else None
    start = keras.Input(batch_shape=(rows, *row), dtype="int32" if kind == "embedding" else "float32")
    given_to = [start] * (OTHERS[kind][2] if kind in OTHERS else 1)
    apart = kind == "heads" or len(given_to) == 1  # others are called with a list
    model = keras.Model(start, layer(*given_to) if apart else layer(given_to))
    return layer, remade(keras, model, way).layers[-1], given


def run_shared(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.configurations.shared_layers_stay_shared`."""
    options, keras = dict(request.arguments), backend.keras
    with moment("build"):
        one, start = keras.layers.LSTM(3, return_sequences=True), keras.Input((4, 3), name="series")
        ids = keras.Input((None,), 2, dtype="int32", name="ids")
        model = keras.Model([start, ids], [keras.layers.LSTM(2)(one(one(start))), keras.layers.Embedding(9, 2)(ids)])
        both = {"made": model, "again": remade(keras, model, options["way"])}
        beside = keras.Model(start, keras.layers.Concatenate()([getattr(keras.layers, kind)(2)(start) for kind in BESIDE]))
        listed = {name: tuple(type(layer).__name__ for layer in each.layers[1:-1])
                  for name, each in (("made", beside), ("again", remade(keras, beside, options["way"])))}
    told = {name: tuple(f"{i.name} {tuple(i.shape)} {i.dtype}" for i in each.inputs) for name, each in both.items()}
    return Observation({name: np.array([len(each.layers), each.count_params()]) for name, each in both.items()},
                       facts={"inputs": told, "beside": listed})


def run_chosen_kernel(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.configurations.chosen_kernels_are_right_or_refused`."""
    options, keras, tensor = dict(request.arguments), backend.keras, backend.engine.tensor
    layer, batch = options["request"].layer, options["request"].batch
    kind = getattr(keras.layers, stacks.LAYERS[layer.cell])
    if not stacks.accepts(kind, "use_cudnn"):
        return Unsupported("layers of this release have no use_cudnn")
    choice = {"never": False, "always": True}.get(options["choice"], options["choice"])
    with moment("build"):
        made = kind(layer.units, return_sequences=True, return_state=True, use_cudnn=choice)
        made = keras.layers.Bidirectional(made) if layer.direction == "bidirectional" else made
        made.build((None, None, layer.features))
        stack = stacks.Stack(keras, layer, [made])
        stack.assign(to_keras(layer, options["request"].weights))
    with moment("run"), backend.watch.listen() as words:
        mask = None if batch.mask is None else tensor(batch.mask)
        outputs, states, _ = stacks.forward(stack, tensor(batch.inputs.astype("float32")), mask)
    found = dict(zip(layer.result_names, (*outputs, *states), strict=True))
    return Observation({name: backend.engine.numpy(one) for name, one in found.items()}, " + ".join(words),
                       facts={"padding": backend.padding(layer)})


def run_compiled_by_default(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.kernels.recurrent_models_are_compiled`."""
    options, layers = dict(request.arguments), backend.keras.layers
    if backend.device == "gpu":
        return Unsupported("on a card TensorFlow runs layers in cuDNN, which is not compiled")
    with moment("build"):
        one = getattr(layers, stacks.LAYERS[options["cell"]])(3)
        one = layers.Bidirectional(one) if options["direction"] == "bidirectional" else one
        both = {name: backend.keras.Sequential([backend.keras.Input((4, 2)), layer])
                for name, layer in (("with", one), ("without", layers.Dense(3)))}
        for model in both.values():
            model.compile(loss="mse")
    return Observation({name: np.array(bool(model.jit_compile)) for name, model in both.items()})


def engine_array(backend: Any, variable: Any) -> np.ndarray:
    """A copy of what a variable holds."""
    return np.array(backend.engine.numpy(variable.value))


def run_bounds(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.configurations.bounds_reach_every_weight`: a layer whose weights are all bounded and
    punished, its losses, and its weights around a step of training whose gradients do not count."""
    options, keras = dict(request.arguments), backend.keras
    kind, factors, random = options["kind"], options["factors"], np.random.default_rng(5)
    given = {f"{name.replace('recurrent_kernel', 'recurrent')}_regularizer": keras.regularizers.L2(factor)
             for name, factor in factors.items() if name != "embeddings"}
    filled = {name: keras.initializers.Constant(value) for name, value in options["filled"].items()}
    given |= {f"{name.replace('recurrent_kernel', 'recurrent')}_initializer": value for name, value in filled.items()
              if name != "embeddings"}
    given |= {"kernel_constraint": keras.constraints.NonNeg(), "bias_constraint": keras.constraints.NonNeg(),
              "recurrent_constraint": keras.constraints.MaxNorm(options["most"], axis=0)}
    gates = {**given, "unit_forget_bias": False}
    row, ids = (4, 3), kind == "embedding"
    with moment("build"):
        if ids:
            row = (4,)
            layer = keras.layers.Embedding(9, 4, embeddings_regularizer=keras.regularizers.L2(factors["embeddings"]),
                                           embeddings_constraint=keras.constraints.NonNeg(),
                                           embeddings_initializer=filled["embeddings"])
        elif kind.startswith("conv_lstm"):
            axes = int(kind[-2])
            row = (3, *(4, 5, 3)[:axes], 2)
            layer = getattr(keras.layers, f"ConvLSTM{axes}D")(3, (2, 3, 2)[:axes], **gates)
        elif kind == "stacked":
            layer = keras.layers.RNN([keras.layers.LSTMCell(5, **gates), keras.layers.GRUCell(4, **given)])
        elif kind == "bidirectional":
            layer = keras.layers.Bidirectional(keras.layers.LSTM(5, **gates))
        else:
            layer = getattr(keras.layers, stacks.LAYERS[kind])(5, **(gates if kind == "lstm" else given))
        start = keras.Input(row, dtype="int32" if ids else "float32")
        model = keras.Model(start, layer(start))
        model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
        first = {f"first/{v.name} {n}": engine_array(backend, v) for n, v in enumerate(layer.trainable_variables)}
        layer.set_weights([random.normal(size=w.shape).astype("float32") for w in layer.get_weights()])

    def weights() -> dict[str, np.ndarray]:
        return {f"{v.name} {n}": engine_array(backend, v) for n, v in enumerate(layer.trainable_variables)}

    with moment("run"):
        before, loss = weights(), sum(float(backend.engine.numpy(one)) for one in model.losses)
        x = random.integers(0, 9, (2, *row)) if ids else random.normal(size=(2, *row)).astype("float32")
        model.train_on_batch(x, np.zeros((2, *model.output_shape[1:]), "float32"))
        after = weights()
    return Observation({"loss": np.array(loss), **first, **{f"before/{n}": a for n, a in before.items()},
                        **{f"after/{n}": a for n, a in after.items()}})


def run_bound(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.bounds_of_weights`: a regularizer or a constraint of a matrix."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    kinds = keras.regularizers if hasattr(keras.regularizers, options["name"]) else keras.constraints
    with moment("run"):
        found = getattr(kinds, options["name"])(**options["options"])(engine.tensor(options["weight"].astype("float32")))
        return Observation({"value": np.array(engine.numpy(found))})


def run_activity(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.configurations.losses_are_of_the_last_call`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layer, punished = options["layer"], keras.regularizers.L2(options["factor"])
    with moment("build"):
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(
            layer.units, return_sequences=True, return_state=layer.return_state, activity_regularizer=punished)
        start = keras.Input((None, layer.features))
        model = keras.Sequential([start, one]) if options["inside"] == "sequential" else keras.Model(start, one(start))
        if options["inside"] == "model":
            model = keras.Model(outer := keras.Input((None, layer.features)), model(outer))
        stacks.give(one, layer, options["weights"])
    arrays = {}
    with moment("run"):
        for number, batch in enumerate(options["batches"]):
            model(engine.tensor(batch.inputs.astype("float32")))
            arrays[f"losses/{number}"] = np.array([engine.numpy(loss) for loss in model.losses], "float64")
    return Observation(arrays)


def run_defaults(backend: Any, request: FunctionRequest) -> Observation:
    """Layers with nothing but what must be given, behind Masking and beside Embedding."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layer, batch = options["layer"], options["batch"]
    with moment("build"):
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units)
        one = keras.layers.Bidirectional(one) if layer.direction == "bidirectional" else one
        one.build((None, None, layer.features))
        stacks.give(one, layer, options["weights"])
    with moment("run"):
        inputs = np.where(batch.mask[:, :, None], batch.inputs, 0.0).astype("float32")
        outputs = engine.numpy(one(keras.layers.Masking()(engine.tensor(inputs))))
        ids = keras.layers.Embedding(9, 4)(engine.tensor(np.array([[0, 3, 0]], "int32")))
        masks = (("Embedding", "no mask" if stacks.passed_mask(ids) is None else "a mask", "no mask"),)
    return Observation({"outputs": outputs}, facts={"padding": "hold", "masks": masks})


def run_last_axis(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.edges.last_axes_of_one_are_optional`: series of one feature, and ids."""
    options, keras = dict(request.arguments), backend.keras
    layer, inputs, ids = options["layer"], options["inputs"].astype("float32"), options["ids"].astype("int32")
    with moment("build"):
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units)
        series = keras.Sequential([keras.Input((None, 1)), one])
        stacks.give(one, layer, options["weights"])
        words = keras.Sequential([keras.Input((ids.shape[1],), dtype="int32"), keras.layers.Embedding(9, 2)])
    call = (lambda model, given: model.predict(given, verbose=0)) if options["entry"] == "predict" else (
        lambda model, given: backend.engine.numpy(model(backend.engine.tensor(given))))
    with moment("run"):
        arrays = {"outputs": call(series, inputs[:, :, 0]), "words": call(words, ids), "words more": call(words, ids[:, :, None])}
    return Observation(arrays, facts={"padding": "hold"})


def run_in_parts(backend: Any, request: FunctionRequest) -> Observation:
    """Predicted, two parts at once, and evaluated some rows at a time, and twice trained on all at once, with dropout in front;
    and fitted some rows at a time without dropout, with a rate of 0, and then on the first of them."""
    options, keras = dict(request.arguments), backend.keras
    layer, batch = options["layer"], options["batch"]
    with moment("build"):
        start = keras.Input((batch.time, layer.features))
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units, return_sequences=True)
        punished = keras.layers.ActivityRegularization(l2=options["factor"])
        mask = None if batch.mask is None else keras.Input((batch.time,), dtype="bool")
        outputs = one(keras.layers.Dropout(options["dropout"])(start), **({} if mask is None else {"mask": mask}))
        stacks.give(one, layer, options["weights"])
        model = keras.Model(start if mask is None else [start, mask], punished(outputs))
        plain = keras.Model(model.inputs, punished(one(start, **({} if mask is None else {"mask": mask}))))
        model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
        slow = False if backend.engine.name == "tensorflow" else "auto"  # there a model runs without XLA too
        plain.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse", jit_compile=slow)
    x = batch.inputs.astype("float32")
    x = x if mask is None else [x, np.array(batch.mask)]
    y, size = options["targets"].astype("float32"), options["size"]
    with moment("run"):
        model.steps_per_execution = 1 if backend.engine.name == "torch" else 2  # the torch backend has no other
        found = np.array(model.predict(x, batch_size=size, verbose=0))
        model.steps_per_execution = 1
        loss = model.evaluate(x, y, batch_size=size, verbose=0)
        trained, again = model.train_on_batch(x, y), model.train_on_batch(x, y)
        fitted = plain.fit(x, y, batch_size=size, shuffle=False, verbose=0).history["loss"]
        part = x[:size] if mask is None else [one[:size] for one in x]
        first = plain.train_on_batch(part, y[:size])
    named = {"loss": loss, "trained": trained, "again": again, "fitted": fitted, "first": first}
    losses = {name: np.array(float(np.ravel(value)[0])) for name, value in named.items()}
    return Observation({"outputs": found, **losses}, facts={"padding": "hold"})
