"""Keras' layers that are told everything, values alone, or nothing; and what they still have in a copy."""

from __future__ import annotations

import inspect
from functools import wraps
from types import SimpleNamespace
from typing import Any

from cases.models import FunctionRequest
from cases.requests import Observation
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
TOLD = ("everything", "turned", "values", "nothing")
SIZES = {"units": 1, "filters": 1, "output_dim": 1}
"""A layer's own size where flags are left out: one is a size that is easily taken for none."""

LATE = ("activity_regularizer", "seed", "forward_layer.use_cudnn", "backward_layer.use_cudnn", "use_cudnn", "cell.implementation")
"""Told after all others: what is known to be lost must not hide what is not."""


def defaults(keras: Any) -> dict[str, Any]:
    """What is documented of values that are left out, where it is the same in every layer that has them."""
    names = ("kernel", "recurrent", "bias", "embeddings")
    weights = {f"{name}_{kind}": None for name in names for kind in ("regularizer", "constraint")}
    first = {"kernel_initializer": keras.initializers.GlorotUniform(), "bias_initializer": keras.initializers.Zeros()}
    return weights | first | {"dropout": 0.0, "recurrent_dropout": 0.0, "activity_regularizer": None, "seed": None,
                              "padding": "valid", "data_format": "channels_last", "mask_value": 0.0, "score_mode": "dot"}


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


def made(keras: Any, kind: str, what: str = "everything") -> tuple[Any, dict[str, Any], tuple[int, ...]]:
    """A layer; path of an attribute -> what is due there; the shape of one row of its inputs. The layer, and all within it, is
    told one of `TOLD`: what is due of all else is what is documented."""
    if what in ("everything", "turned"):
        return told(keras, keras.layers, kind, what == "turned")
    left = FLAGS if what == "values" else FLAGS | defaults(keras)
    left = {n: v for n, v in left.items() if n != "go_backwards" or kind != "bidirectional"}  # which takes no other halves

    def without(name: str) -> Any:
        one = getattr(keras.layers, name)
        return wraps(one)(lambda *args, **named: one(*args, **{n: SIZES.get(n, v) for n, v in named.items() if n not in left}))

    layers = SimpleNamespace(**{n: without(n) for n in dir(keras.layers) if n[0].isupper()})
    layer, given, row = told(keras, layers, kind, turned=True)
    due = {path: left.get(path.rpartition(".")[2], value) for path, value in given.items()}
    return layer, due | {size: one for size, one in SIZES.items() if size in due}, row


def told(keras: Any, layers: Any, kind: str, turned: bool = False) -> tuple[Any, dict[str, Any], tuple[int, ...]]:
    """A layer of `layers` with every option, and the same two things of it; of strides and dilation, which exclude each other,
    the other one where it is `turned`."""
    if kind in OTHERS:
        name, given = OTHERS[kind][0], OTHERS[kind][1] | COMMON
        if kind != "heads":  # which hands it to its dense layers
            given |= {"activity_regularizer": keras.regularizers.L2(0.0625)}
        if kind in ("dense", "einsum_dense", "heads"):
            given |= {n: v for n, v in cell_options(keras).items() if n.startswith(("kernel_", "bias_"))}
        return getattr(layers, name)(**given), {n: v for n, v in given.items() if n != "output_shape"}, (4, 3)
    if kind in stacks.LAYERS and kind != "conv_lstm":
        given = {"units": 5, **gated(keras, kind), **LOOP, "name": "given", "activity_regularizer": keras.regularizers.L2(0.0625)}
        policies = dict.fromkeys(("dtype_policy.name", "cell.dtype_policy.name"), "mixed_bfloat16")
        return getattr(layers, stacks.LAYERS[kind])(dtype="mixed_bfloat16", **given), given | policies, (4, 3)
    if kind.endswith("_loop"):
        loop = getattr(layers, stacks.LAYERS[kind.removesuffix("_loop")])
        more = {"use_cudnn": False} if stacks.accepts(loop, "use_cudnn") else {}
        made = loop(units=5, implementation=1, **more)
        return made, {"units": 5, "cell.implementation": 1, **more}, (4, 3)
    if kind == "bidirectional":
        more = {"use_cudnn": False} if stacks.accepts(layers.LSTM, "use_cudnn") else {}
        loop = {"return_sequences": True, "return_state": True, **more}
        ahead = layers.LSTM(5, activation="softsign", name="ahead", **loop)
        back = layers.GRU(5, activation="relu", go_backwards=True, use_bias=False, reset_after=False, name="back", **loop)
        given = {"merge_mode": None, "return_state": True,
                 "forward_layer.cell.activation": "softsign", "backward_layer.cell.activation": "relu",
                 "backward_layer.cell.use_bias": False, "backward_layer.cell.reset_after": False,
                 "backward_layer.go_backwards": True,
                 "forward_layer.return_sequences": True,
                 **{f"{half}_layer.{n}": v for half in ("forward", "backward") for n, v in more.items()}}
        named = {"name": "given", "trainable": False}
        return layers.Bidirectional(ahead, None, backward_layer=back, **named), given | named, (4, 3)
    if kind == "stacked":
        cells = [layers.LSTMCell(5, **gated(keras, "lstm")), layers.GRUCell(4, **gated(keras, "gru")),
                 layers.SimpleRNNCell(3, **gated(keras, "simple_rnn"))]
        given = {f"cell.cells.{n}.{name}": value for n, cell in enumerate(("lstm", "gru", "simple_rnn"))
                 for name, value in gated(keras, cell).items()}
        loop = {"name": "given", **{n: v for n, v in LOOP.items() if n != "stateful"}}
        return layers.RNN(layers.StackedRNNCells(cells), **loop), {**given, **loop}, (4, 3)
    if kind.startswith("conv_lstm"):
        axes = int(kind[-2])
        apart = {"dilation_rate" if (axes == 1) != turned else "strides": (2, 1, 2)[:axes]}
        given = {"filters": 4, "kernel_size": (2, 3, 2)[:axes], **apart, "padding": "same", "data_format": "channels_first",
                 **gated(keras, "lstm"), "name": "given", "activity_regularizer": keras.regularizers.L2(0.0625),
                 **{n: v for n, v in LOOP.items() if n not in ("unroll", "zero_output_for_mask")}}
        return getattr(layers, f"ConvLSTM{axes}D")(**given), given, (4, 3, *(5, 6, 4)[:axes])
    if kind == "time_distributed":
        inner = layers.Dense(5, activation="softsign", use_bias=False, kernel_regularizer=keras.regularizers.L2(0.25))
        given = {"layer.units": 5, "layer.activation": "softsign", "layer.use_bias": False,
                 "layer.kernel_regularizer": keras.regularizers.L2(0.25)}
        return layers.TimeDistributed(inner, **COMMON), given | COMMON, (4, 3)
    if kind == "masking":
        return layers.Masking(mask_value=-7.53125, **COMMON), {"mask_value": -7.53125, **COMMON}, (4, 3)
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
        both = [made_again(keras, options["kind"], options["way"], what) for what in TOLD]
    rows = [(name, said(keras, name, value), said(keras, name, at(layer, name)), said(keras, name, at(again, name)))
            for layer, again, given in both for name, value in given.items()]
    rows.sort(key=lambda row: LATE.index(row[0]) if row[0] in LATE else -1)
    configured = [one for layer, *_ in both for one in parts(layer)]
    objects = tuple(f"{type(one).__name__}{words}" for one in configured for words in strange(one.get_config()))
    return Observation({}, facts={"options": tuple(rows), "objects": objects})


def made_again(keras: Any, kind: str, way: str, what: str) -> tuple[Any, Any, dict[str, Any]]:
    """A layer, the one that comes of it by this way, and what was given."""
    layer, given, row = made(keras, kind, what)
    if way == "configuration":
        return layer, type(layer).from_config(layer.get_config()), given
    rows = 2 if getattr(layer, "stateful", False) else None
    start = keras.Input(batch_shape=(rows, *row), dtype="int32" if kind == "embedding" else "float32")
    given_to = [start] * (OTHERS[kind][2] if kind in OTHERS else 1)
    apart = kind == "heads" or len(given_to) == 1  # others are called with a list
    model = keras.Model(start, layer(*given_to) if apart else layer(given_to))
    return layer, remade(keras, model, way).layers[-1], given
