"""Keras' means over no steps, attention to nothing, weights given in making, and recurrent layers that drop everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.told_dtypes import NOISE
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_refused import reader


def run_meant(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.rows_without_steps.rows_without_steps_are_finite`."""
    options, layers, engine = dict(request.arguments), backend.keras.layers, backend.engine
    given, mask, name = engine.tensor(options["inputs"].astype("float32")), engine.tensor(options["mask"]), options["layer"]
    scores = {"return_attention_scores": True} if options["scored"] else {}
    with moment("run"):
        if name == "GlobalAveragePooling1D":
            found = layers.GlobalAveragePooling1D()(given, mask=mask)
        elif name in ("Attention", "AdditiveAttention"):
            found = getattr(layers, name)()([given, given], mask=[None, mask], **scores)
        else:
            found = (layers.MultiHeadAttention(2, 2) if name == "MultiHeadAttention" else layers.GroupQueryAttention(2, 2, 1))(
                given, given, value_mask=mask, **scores)
        return Observation({"outputs": engine.numpy(found[0] if options["scored"] else found)})


def run_unread(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.rows_without_steps.queries_that_read_nothing_are_constants`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layers, ops, name, may = keras.layers, keras.ops, options["layer"], options["may"]
    query, key, value, others = (engine.tensor(options[one].astype("float32")) for one in ("query", "key", "value", "others"))
    valid = {"padding": engine.tensor(may.any(axis=1)), "own": engine.tensor(may)}[options["by"]]
    heads = {"MultiHeadAttention": lambda: layers.MultiHeadAttention(2, 2),
             "GroupQueryAttention": lambda: layers.GroupQueryAttention(2, 2, 1)}
    with moment("build"):
        one = heads[name]() if name in heads else getattr(layers, name)()
        held = [keras.Variable(each, dtype="float32") for each in (query, key)]

    def called(query: Any, key: Any, **more: Any) -> Any:
        if name in heads:
            mask = {"value_mask" if options["by"] == "padding" else "attention_mask": valid}
            return one(query, value, key, **mask, **more)
        return one([query, value, key], mask=[None, valid], **more)

    with moment("run"):
        plain, turned = engine.numpy(called(query, key)), engine.numpy(called(others, others))
        scored = engine.numpy(called(query, key, return_attention_scores=True)[0])
        idle = engine.tensor(~may.any(axis=2, keepdims=True) * np.ones(plain.shape, "float32"))
        _, slopes = engine.differentiate(lambda: ops.sum(called(*map(ops.convert_to_tensor, held)) * idle), held)
    named = {n: np.zeros(plain.shape) if slope is None else engine.numpy(slope)
             for n, slope in zip(("slopes/query", "slopes/key"), slopes, strict=True)}
    return Observation({"outputs": plain, "turned/outputs": turned, "scored/outputs": scored, **named})


def run_made_with_weights(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.initial_weights.weights_given_in_making_are_used`."""
    options, layers = dict(request.arguments), backend.keras.layers

    def made(**given):
        if options["layer"] == "Embedding":
            one = layers.Embedding(4, options["units"], **given)
            one.build()
        else:
            one = layers.Bidirectional(layers.GRU(options["units"]), **given)
            one.build((None, 4, 2))
        return one

    with moment("build"):
        weights = made().get_weights()
        one = made(weights=weights)
        found = one.get_weights()
    named = {"given": weights, "found": found}
    return Observation({f"{name}/{n}": np.array(one) for name, all_of_them in named.items() for n, one in enumerate(all_of_them)}
                       | {"trained": np.array(len(one.trainable_weights))})


def run_dropped_all(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.noise_and_statistics.recurrent_dropout_of_everything_leaves_zeros`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs = options["inputs"].astype("float32")
    with moment("build"):
        one, plain = (reader(keras, options["part"], options["units"], rate) for rate in (1.0, 0.0))
        for each in (one, plain):
            each.build(inputs.shape)
        plain.set_weights(one.get_weights())
    with moment("run"):
        nothing = keras.layers.Dropout(1.0, dtype="mixed_bfloat16")(engine.tensor(inputs), training=True)
        return Observation({"outputs": engine.numpy(one(engine.tensor(inputs), training=True)),
                            "due": engine.numpy(plain(engine.tensor(np.zeros_like(inputs))))},
                           facts={"nothing": keras.backend.standardize_dtype(nothing.dtype)})


def run_scaled_dropout(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.noise_and_statistics.dropout_is_scaled_in_every_precision`. What is the gradient of
    the cotangents are the outputs, of the same draw."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    with engine.precision("float64"):
        with moment("build"):
            given = {dtype: [keras.Variable(options[name].astype(dtype), dtype=dtype) for name in ("inputs", "cotangents")]
                     for dtype in options["precisions"]}
            both = {(share, dtype): keras.layers.Dropout(share, dtype=dtype) for share in options["shares"] for dtype in given}
        with moment("run"):
            arrays = {}
            for share in options["shares"]:
                def loss(share: float = share) -> Any:
                    return sum(keras.ops.cast(keras.ops.sum(both[share, dtype](x.value, training=True) * by.value), "float64")
                               for dtype, (x, by) in given.items())

                _, slopes = engine.differentiate(loss, [one for pair in given.values() for one in pair])
                for n, dtype in enumerate(given):
                    for name, one in (("gradients", slopes[2 * n]), ("outputs", slopes[2 * n + 1])):
                        arrays[f"{name}/{share}/{dtype}"] = np.zeros_like(options["inputs"]) if one is None else engine.numpy(one)
            return Observation(arrays)


def run_sparse_step(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.sparse_steps.tables_are_trained_as_kernels`."""
    options, keras = dict(request.arguments), backend.keras
    layers, table, ids = keras.layers, options["table"].astype("float32"), options["ids"]
    found = {}
    for name in ("table", "kernel"):
        with moment("build"):
            given = keras.Input(ids.shape[1:], dtype="int32") if name == "table" else keras.Input((ids.shape[1], len(table)))
            reader = layers.Embedding(*table.shape) if name == "table" else layers.Dense(table.shape[1], use_bias=False)
            model = keras.Model(given, layers.GlobalAveragePooling1D()(reader(given)))
            reader.set_weights([table])
            of_scale = {n: value for n, value in options["options"].items() if n == "initial_scale"}
            optimizer = keras.optimizers.SGD(0.5, **({} if of_scale else options["options"]))
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, **of_scale) if of_scale else optimizer
            model.compile(optimizer, "mse", run_eagerly=backend.engine_name == "tensorflow")
            backend.engine.hasten(model, options["targets"])
        inputs = ids.astype("int32") if name == "table" else np.eye(len(table), dtype="float32")[ids]
        with moment("run"):
            for _ in range(options["steps"]):
                model.train_on_batch(inputs, options["targets"].astype("float32"))
            found[name] = backend.engine.numpy(reader.weights[0].value)
    return Observation(found)


def run_stepped_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.sparse_steps.every_rule_steps_rows`: TensorFlow alone has gradients of rows."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    table, found = options["table"].astype("float32"), {}

    def gradient(name: str, pulls: np.ndarray, read: tuple[int, ...]) -> Any:
        if name == "rows" and engine.name == "tensorflow":
            return engine.tf.IndexedSlices(*(engine.tensor(one) for one in (pulls, np.array(read), np.array(table.shape))))
        whole = np.zeros_like(table)
        whole[list(read)] = pulls
        return engine.tensor(whole)

    for rule, more in options["rules"]:
        for name in ("rows", "whole"):
            variable, optimizer = keras.Variable(table), getattr(keras.optimizers, rule)(0.125, **more)
            with moment("run"):
                for pulls, read in zip(options["pulls"].astype("float32"), options["read"], strict=True):
                    optimizer.apply([gradient(name, pulls, read)], [variable])
                found[f"{name}/{rule}"] = engine.numpy(variable.value)
    return Observation(found)


def run_told_dtypes(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.told_dtypes.told_dtypes_are_given`."""
    options, keras = dict(request.arguments), backend.keras
    layers, part = keras.layers, options["part"]

    class Several(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return keras.ops.argmax(inputs, axis=-1), keras.ops.cast(inputs, "float16")

    inner, outer = ({}, {"dtype": options["dtype"]}) if options["where"] == "outside" else ({"dtype": options["dtype"]}, {})
    with moment("build"):
        one = {"bidirectional": lambda: layers.Bidirectional(layers.LSTM(2, return_state=True, **inner), **outer),
               "time_distributed": lambda: layers.TimeDistributed(layers.Dense(2, **inner), **outer),
               "lstm": lambda: layers.LSTM(2, return_state=True, **outer), "last": lambda: layers.LSTM(2, **outer),
               "gru": lambda: layers.GRU(2, return_state=True, **outer),
               "conv_lstm": lambda: layers.ConvLSTM1D(2, 2, return_state=True, **outer), "own": lambda: Several(**outer),
               **{name: lambda n=name: layers.RNN(layers.GRUCell(2, **(inner or outer)), n == "sequences", True, **outer)
                 for name in ("loop", "sequences")},
               **{name: lambda n=name: getattr(layers, n)(0.25, **outer) for name in NOISE}}[part]()
        shape = (2, 3, 5, 4) if part == "conv_lstm" else (2, 3, 4)
        told = keras.tree.flatten(one(keras.Input(batch_shape=shape)))
    with moment("run"):
        noisy = {"training": True} if part in NOISE else {}
        given = keras.tree.flatten(one(backend.engine.tensor(np.ones(shape, "float32")), **noisy))
        three = zip(told, given, map(keras.ops.convert_to_numpy, given), strict=True)
        names = [tuple(keras.backend.standardize_dtype(each.dtype) for each in one) for one in three]
    return Observation({"outputs": backend.engine.numpy(given[0]).astype("float64")}, facts={"dtypes": tuple(names)})


def run_seeds(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.noise_and_statistics.draws_are_told_by_their_seeds`. It sets the global seeds of
    Python, numpy and the engine."""
    options, keras = dict(request.arguments), backend.keras
    first, other = options["seeds"][0], options["others"]

    def drawn(seed: Any) -> np.ndarray:
        return np.array(backend.engine.numpy(keras.random.normal((options["many"],), seed=seed)))

    with moment("run"):
        arrays = {f"number {seed}": drawn(seed) for seed in options["seeds"]} | {f"number {first} again": drawn(first)}
        generator = keras.random.SeedGenerator(other)
        made = {"generator": generator, "twin": keras.random.SeedGenerator(other), "unseeded": keras.random.SeedGenerator(),
                "other": keras.random.SeedGenerator(),
                "configured": keras.random.SeedGenerator.from_config(generator.get_config())}
        arrays |= {f"{name} {n}": drawn(one) for n in (1, 2) for name, one in made.items() if name != "generator"}
        arrays |= {f"generator {n}": drawn(generator) for n in (1, 2)}
        for name, draws in (("global", 9), ("global again", 2)):
            keras.utils.set_random_seed(other)
            arrays |= {f"{name} {n}": drawn(None) for n in range(1, draws + 1)}
        for name in ("filled", "filled again"):
            arrays[name] = np.ravel(backend.engine.numpy(keras.initializers.GlorotUniform(seed=0)((1, options["many"]))))
        return Observation(arrays, facts={"names": (generator.name, made["configured"].name)})


def run_neighbouring_seeds(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.noise_and_statistics.neighbouring_seeds_draw_apart`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    many = options["many"]
    ones = engine.tensor(np.ones((1, 1, many), "float32"))

    def drawing(seed: int) -> Any:
        if options["part"] == "generator":
            generator = keras.random.SeedGenerator(seed)
            return lambda: keras.random.uniform((many,), seed=generator)
        layer = keras.layers.LSTM(1, dropout=0.5, seed=seed, use_bias=False)
        layer.build((1, 1, many))
        layer.set_weights([np.linspace(-2e-3, 1e-3, a.size).reshape(a.shape) for a in layer.get_weights()])
        return lambda: layer(ones, training=True)

    with moment("run"):
        return Observation({name: np.stack([np.ravel(engine.numpy(draw())) for _ in range(options["draws"])])
                            for name, draw in (("one", drawing(options["seed"])), ("other", drawing(options["seed"] + 1)))})


def run_later_policy(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.told_dtypes.later_policies_hold`."""
    options, keras, layers = dict(request.arguments), backend.keras, backend.keras.layers
    x, name = backend.engine.tensor(np.ones((2, 3, 4), "float32")), options["dtype"]
    with moment("build"):
        one = {"dense": lambda: layers.Dense(2), "lstm": lambda: layers.LSTM(2), "normalization": layers.LayerNormalization,
               "bidirectional": lambda: layers.Bidirectional(layers.GRU(2)),
               "loop": lambda: layers.RNN(layers.GRUCell(2))}[options["part"]]()
        if options["called"]:
            one(x)
        one.dtype_policy = name if options["named"] else keras.DTypePolicy(name)
    with moment("run"):
        outputs = one(x)
    dtypes = {"outputs": outputs.dtype, "weights": one.weights[0].dtype}
    return Observation({}, facts={"policy": one.dtype_policy.name} | {
        place: keras.backend.standardize_dtype(dtype) for place, dtype in dtypes.items()})


def run_wrong_table(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.initial_weights.tables_of_other_sizes_are_refused`."""
    options = dict(request.arguments)
    with moment("build"):
        one = backend.keras.layers.Embedding(*options["sizes"], weights=options["weights"])
    return Observation({"table": np.array(one.get_weights()[0])})
