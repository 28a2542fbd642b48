"""Keras' layers on whole numbers; weights of classes; normalizations; tables of embeddings that are quantized or adapted."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from cases.families.normalizations import ALONE, CENTERED
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_again import loaded
from suite.backends.keras_refused import reader


def run_numbers_as(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.whole_numbers.whole_numbers_are_numbers`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    with moment("build"):
        one = reader(keras, options["part"], options["units"], options["rate"])
        one.build(options["inputs"].shape)
    with moment("run"):
        given = engine.tensor(options["inputs"].astype(options["dtype"]))
        outputs, trained = one(given), one(given, training=True)
        due = one(engine.tensor(options["inputs"].astype("float32")))
    return Observation({"outputs": engine.numpy(outputs), "trained": engine.numpy(trained), "due": engine.numpy(due)})


def run_class_weights(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.weights_of_classes.weights_of_classes_weigh_steps`, and of streamed steps."""
    options, keras = dict(request.arguments), backend.keras
    streamed = options.get("streamed", False)
    if streamed and backend.engine_name != "tensorflow":
        return Unsupported("TensorFlow alone is asked of its own data")
    inputs, classes, form = options["inputs"].astype("float32"), options["classes"], options["targets"]
    count = len(options["weights"])
    targets = {"ids": classes, "ids_in_a_column": classes[..., None], "one_hot": np.eye(count, dtype="float32")[classes]}[form]
    with moment("build"):
        model = keras.Sequential([keras.Input(inputs.shape[1:]), keras.layers.GRU(3, return_sequences=True),
                                  keras.layers.Dense(count, activation="softmax")])
        model.compile(keras.optimizers.SGD(0.0), f"{'' if form == 'one_hot' else 'sparse_'}categorical_crossentropy",
                      run_eagerly=streamed)  # its data are a graph of their own
        shares = model.predict(inputs, verbose=0)
    with moment("run"):
        given, size = (inputs, targets), {"batch_size": len(inputs)}
        if streamed:
            import tensorflow

            given, size = (tensorflow.data.Dataset.from_tensors(given),), {}
        history = model.fit(*given, class_weight=dict(enumerate(options["weights"])), verbose=0, **size)
    return Observation({"shares": shares, "loss": np.array(history.history["loss"][0])})


def run_class_keys(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.weights_of_classes.weights_of_no_class_are_refused`: the inputs are logits."""
    options, keras = dict(request.arguments), backend.keras
    inputs = options["inputs"].astype("float32")
    with moment("build"):
        model = keras.Sequential([keras.Input(inputs.shape[1:]), keras.layers.Softmax()])
        shares = options["classes"].dtype.kind == "f"
        model.compile(keras.optimizers.SGD(0.0), f"{'' if shares else 'sparse_'}categorical_crossentropy")
    with moment("run"):
        classes = backend.engine.tensor(options["classes"])
        told = model.fit(inputs, classes, class_weight=dict(options["weights"]), batch_size=len(inputs), verbose=0)
    return Observation({"loss": np.array(told.history["loss"][0])})


def run_normalized(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.normalizations.normalizations_are_their_equations`."""
    options, layers, engine = dict(request.arguments), backend.keras.layers, backend.engine
    name = {"layer": "LayerNormalization", "rms": "RMSNormalization", "unit": "UnitNormalization", "batch": "BatchNormalization",
            "group": "GroupNormalization"}
    kind, axes = options["kind"], options["axes"]
    if not hasattr(layers, name[kind]):
        return Unsupported(f"this release of Keras has no {name[kind]}")

    def made(**more: Any) -> Any:
        groups = {"groups": 1} if kind == "group" else {}
        one = getattr(layers, name[kind])(axis=axes if len(axes) > 1 else axes[0], **groups, **more)
        one.build(options["inputs"].shape)
        own = {"rms": ("scale",), "unit": ()}.get(kind, ("gamma", "beta"))
        for weight, given, flag in zip(own, ("scale", "offset"), ("scale", "center"), strict=False):
            if more.get(flag, True):
                getattr(one, weight).assign(options[given].astype("float32"))
        return one

    with moment("build"):
        small = {} if kind == "unit" else {"epsilon": options["small"]}
        each = {"outputs": made(**small)}
        if kind in CENTERED:
            each |= {f"alone/{one}": made(**small, center=one == "offset", scale=one == "scale") for one in ALONE}
        if kind == "batch" and engine.name == "tensorflow":  # torch wants processes for it, and JAX has none
            each["synchronized"] = made(**small, synchronized=True)
    with moment("run"):
        inputs = engine.tensor(options["inputs"].astype("float32"))
        training = {"training": True} if kind == "batch" else {}
        counted = tuple((name, len(one.trainable_variables)) for name, one in each.items())
        found = {name: engine.numpy(one(inputs, **training)) for name, one in each.items()}
        return Observation(found, facts={"counted": counted})


def kept_table(keras: Any, layer: str, kept: str, adapted: bool, sizes: tuple[int, int]) -> Any:
    """An embedding whose table is kept so, built; `int4_rows`: in 4 bits, with a scale for each row, not for parts of it."""
    one = getattr(keras.layers, layer)(*sizes, mask_zero=True)
    one.build()
    if kept == "int4_rows":
        one.quantize("int4", config=keras.quantizers.Int4QuantizationConfig(block_size=None))
    elif kept != "plain":
        one.quantize(kept)
    if adapted:
        one.enable_lora(2)
        one.lora_embeddings_b.assign(np.linspace(-1.0, 1.0, 2 * sizes[1]).reshape(2, -1).astype("float32"))
    return one


def stored(backend: Any, layer: str, kept: str, adapted: bool, sizes: tuple[int, int]) -> dict[str, np.ndarray]:
    """All vectors of such a table, and of one that is made of its configuration and of what it saves."""
    one, store = kept_table(backend.keras, layer, kept, adapted, sizes), {}
    one.save_own_variables(store)
    other = type(one).from_config(one.get_config())
    other.build()
    other.load_own_variables({name: backend.keras.ops.convert_to_numpy(each) for name, each in store.items()})
    ids = backend.engine.tensor(np.arange(sizes[0]).astype("int32"))
    return {f"{name}/{kept}": backend.engine.numpy(each(ids)) for name, each in (("table", one), ("stored", other))}


def run_kept_mask(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.tables.kept_tables_mask`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if not hasattr(keras.layers, options["layer"]):
        return Unsupported(f"this release of Keras has no {options['layer']}")
    ids = options["ids"].astype("int32")
    with moment("build"):
        table = kept_table(keras, options["layer"], options["kept"], options["adapted"], options["sizes"])
        behind, given = keras.layers.GRU(2), keras.Input(ids.shape[1:], dtype="int32")
        model = keras.Model(given, behind(table(given)))
    with moment("run"):
        outputs = model.predict(ids, verbose=0) if options["entry"] == "predict" else engine.numpy(model(engine.tensor(ids)))
        vectors = table(engine.tensor(ids))
        mask = getattr(vectors, "_keras_mask", None)
        due = behind(engine.tensor(engine.numpy(vectors)), mask=engine.tensor(ids != 0))
        rows = ("int4_rows",) if options["kept"] == "int4" and hasattr(keras.quantizers, "Int4QuantizationConfig") else ()
        twice = {name: one for kept in (options["kept"], *rows)
                 for name, one in stored(backend, options["layer"], kept, options["adapted"], options["sizes"]).items()}
    carried = {} if mask is None else {"mask": engine.numpy(mask)}
    return Observation(twice | carried | {"outputs": outputs, "due": engine.numpy(due)})


def run_both_ways(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.tables.tables_are_the_same_both_ways`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if not hasattr(keras.layers, "ReversibleEmbedding"):
        return Unsupported("this release of Keras has no ReversibleEmbedding")
    with moment("build"):
        table = kept_table(keras, "ReversibleEmbedding", options["kept"], options["adapted"], options["sizes"])
    with moment("run"):
        vectors = table(engine.tensor(np.arange(options["sizes"][0]).astype("int32")))
        scores = table(engine.tensor(options["given"].astype("float32")), reverse=True)
    return Observation({"vectors": engine.numpy(vectors), "scores": engine.numpy(scores)})


def run_shown(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.normalizations.shown_statistics_are_of_all_rows`. Batches are looked at by
    TensorFlow, which is not imported into a process of another engine."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    rows, axis = options["shown"].astype("float32"), options["axis"]
    ways = {"array": rows, "tensor": engine.tensor(rows)}
    if engine.name == "tensorflow":
        ways["batches"] = [rows[:1], rows[1:4], rows[4:]]
    with moment("build"):
        layers = {way: keras.layers.Normalization(axis) for way in ways}
        back = keras.layers.Normalization(axis, invert=True)
        back.adapt(rows)
        layers["array"].adapt(options["before"].astype("float32"))
        for way, given in ways.items():
            layers[way].adapt(given)
        layers["file"] = loaded(keras, keras.Sequential([keras.Input(rows.shape[1:]), layers["array"]]))
    with moment("run"):
        found = {way: engine.numpy(layer(engine.tensor(rows))) for way, layer in layers.items()}
        found["back"] = engine.numpy(back(engine.tensor(options["due"].astype("float32"))))
    return Observation(found)


def run_scores(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.tables.scores_of_tables_are_their_equations`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if not hasattr(keras.layers, "ReversibleEmbedding"):
        return Unsupported("this release of Keras has no ReversibleEmbedding")
    kind, given = keras.layers.ReversibleEmbedding, engine.tensor(options["given"].astype("float32"))
    with moment("build"):
        made = {"own": kind(*options["sizes"], tie_weights=False), "half": kind(*options["sizes"], reverse_dtype="float16"),
                "bounded": kind(*options["sizes"], logit_soft_cap=options["bound"], embeddings_initializer="orthogonal")}
        for name, table in [*made.items()]:
            table.build()
            made[f"{name} again"] = kind.from_config(table.get_config())
            made[f"{name} again"].build()
            made[f"{name} again"].set_weights(table.get_weights())
    with moment("run"):
        scores = {name: table(given, reverse=True) for name, table in made.items()}
        vectors = made["bounded"](engine.tensor(np.arange(options["sizes"][0]).astype("int32")))
    found = {name: engine.numpy(one) for name, one in scores.items() if "half" not in name}
    found |= {"vectors": engine.numpy(vectors), "matrix": made["own"].get_weights()[1]}
    dtypes = {keras.backend.standardize_dtype(scores[name].dtype) for name in ("half", "half again")}
    return Observation(found, facts={"dtype": " and ".join(sorted(dtypes))})


def adapted(keras: Any, layer: str, thin: dict[str, Any]) -> tuple[Any, np.ndarray]:
    """A model of one layer with two thin matrices, and what it reads."""
    random, ids = np.random.default_rng(6), layer == "Embedding"
    start = keras.Input((4,), dtype="int32") if ids else keras.Input((4, 3))
    one = {"Embedding": lambda: keras.layers.Embedding(6, 5, **thin), "Dense": lambda: keras.layers.Dense(5, **thin),
           "Conv1D": lambda: keras.layers.Conv1D(5, 1, **thin),
           "EinsumDense": lambda: keras.layers.EinsumDense("btf,fg->btg", (None, 5), bias_axes="g", **thin)}[layer]()
    model = keras.Model(start, one(start))
    model.set_weights([random.normal(size=a.shape).astype("float32") for a in model.get_weights()])
    return model, random.integers(0, 6, (2, 4)).astype("int32") if ids else random.normal(size=(2, 4, 3)).astype("float32")


def run_adapted_again(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.tables.adapted_layers_are_made_again`. A file holds what is adapted in one matrix:
    its layer is given the thin ones again."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    with moment("build"):
        model, inputs = adapted(keras, options["layer"], {"lora_rank": options["rank"], "lora_alpha": options["alpha"]})
        other = loaded(keras, model) if options["way"] == "file" else keras.Model.from_config(model.get_config())
    x, arrays = engine.tensor(inputs), {}
    with moment("run"):
        if options["way"] == "file":
            arrays["read"] = engine.numpy(other(x))
        other.set_weights(model.get_weights())
        for name, each in (("made", model), ("again", other)):
            outputs = engine.numpy(each(x))
            first = next(v for v in each.trainable_variables if "lora" in v.path and "_a" in v.path)
            first.assign(engine.numpy(first.value) * 2)
            arrays |= {name: outputs, f"moved/{name}": engine.numpy(each(x)) - outputs,
                       f"trained/{name}": np.array(len(each.trainable_variables))}
    return Observation(arrays)


def run_adapted_thawed(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.tables.adapted_layers_are_thawed`."""
    options, keras = dict(request.arguments), backend.keras
    with moment("build"):
        thin = {"lora_rank": options["rank"], "lora_alpha": options["alpha"], "dtype": "mixed_bfloat16"}
        model, inputs = adapted(keras, options["layer"], thin)
        one, counts = model.layers[-1], {}
        for name, trainable in (("before", None), ("frozen", False), ("thawed", True)):
            if trainable is not None:
                (model if options["around"] else one).trainable = trainable
            counts[f"trained/{name}"] = np.array(len(model.trainable_variables))
        model.compile(keras.optimizers.SGD(0.5), "mse", run_eagerly=True)
        targets = np.zeros((2, 4, 5), "float32")
        backend.engine.hasten(model, targets)
    arrays = {}
    with moment("run"):
        for name in ("before", "after"):
            outputs = model.predict_on_batch(inputs).astype("float32")
            arrays |= {f"matrix/{name}": one.get_weights()[0], f"outputs/{name}": outputs}
            model.train_on_batch(inputs, targets)
    moved = arrays.pop("outputs/after") - arrays.pop("outputs/before")
    return Observation(arrays | counts | {"moved": moved})


def run_adapted_scaled(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.tables.thin_matrices_are_scaled`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    made = options["how"] == "made"
    with moment("build"):
        thin = {"lora_rank": options["rank"], "lora_alpha": options["alpha"]}
        model, inputs = adapted(keras, options["layer"], thin if made else {})
        one = model.layers[-1]
        if not made:
            one.enable_lora(options["rank"], lora_alpha=options["alpha"])
        a, b = (next(v for v in one.trainable_variables if "lora" in v.path and f"_{name}" in v.path) for name in "ab")
        b.assign(np.linspace(-1.0, 1.0, int(np.prod(b.shape))).reshape(b.shape))
    with moment("run"):
        arrays, before = {"a": engine.numpy(a.value), "b": engine.numpy(b.value)}, engine.numpy(model(engine.tensor(inputs)))
        a.assign(2 * arrays["a"])
        arrays["trained"] = np.array(len(one.trainable_variables))
        return Observation(arrays | {"inputs": inputs, "moved": engine.numpy(model(engine.tensor(inputs))) - before})


def run_corrected(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.normalizations.corrected_batches_are_their_equation`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    kind, (kept, beside) = keras.layers.BatchNormalization, options["kept"]
    if "renorm" not in inspect.signature(kind.__init__).parameters:
        return Unsupported("this release of Keras corrects no batches")
    with moment("build"):
        one = kind(momentum=kept, epsilon=options["small"], renorm=True, renorm_momentum=beside,
                   renorm_clipping=dict(options["clipping"]) or None, center=bool(options["offset"].any()))
        one.build(options["batches"].shape[1:])
        one.gamma.assign(options["scale"].astype("float32"))
        if one.center:
            one.beta.assign(options["offset"].astype("float32"))
    masks = {} if options["valid"] is None else {"mask": engine.tensor(options["valid"])}
    batches = [engine.tensor(each.astype("float32")) for each in options["batches"]]
    with moment("run"):
        found = {f"training/{n}": engine.numpy(one(each, training=True, **masks)) for n, each in enumerate(batches)}
        return Observation({**found, "inference": engine.numpy(one(batches[0], training=False, **masks))})


def run_spectral(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.normalizations.matrices_become_of_length_one`."""
    options, layers, engine = dict(request.arguments), backend.keras.layers, backend.engine
    kernel = options["kernel"].astype("float32")
    with moment("build"):
        of_rows = options["of"] == "table"
        inner = layers.Embedding(*kernel.shape) if of_rows else layers.Dense(kernel.shape[1], use_bias=False)
        one = layers.SpectralNormalization(inner, power_iterations=options["powers"])
        one.build((None, len(kernel)) if of_rows else (None, 1, len(kernel)))
        (inner.embeddings if of_rows else inner.kernel).assign(kernel)
    found = {"vector": np.array(engine.numpy(one.vector_u.value))}
    with moment("run"):
        if options["of"] == "table":
            ids = engine.tensor(options["inputs"].argmax(axis=1).astype("int32")[None])
            return Observation(found | {"outputs/0": engine.numpy(one(ids, training=True))[0]})
        for call in range(options["calls"]):
            inputs, training = engine.tensor(options["inputs"].astype("float32")), call < options["calls"] - 1
            found[f"outputs/{call}"] = np.array(engine.numpy(one(inputs[:, None], training=training)))[:, 0]
        found["longer"] = engine.numpy(one(engine.tensor(np.stack(2 * [options["inputs"].astype("float32")], axis=1))))
        inner.kernel.assign(0 * kernel)
        found["zeros"] = engine.numpy(one(inputs[:, None], training=True))[:, 0]
    return Observation(found)


def run_whole_classes(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.whole_numbers.classes_stay_whole`."""
    options, keras = dict(request.arguments), backend.keras
    given = {"encoded": options["ids"].astype("int32"), "ranges": options["numbers"].astype("float32")}
    with moment("build"):
        layers = {"encoded": keras.layers.CategoryEncoding(options["classes"], dtype=options["policy"]),
                  "ranges": keras.layers.Discretization(bin_boundaries=list(options["bounds"]), dtype=options["policy"])}
        starts = {name: keras.Input(one.shape[1:], dtype=one.dtype.name, name=name) for name, one in given.items()}
        model = keras.Model(starts, {name: layer(starts[name]) for name, layer in layers.items()})
    with moment("run"):
        found = model.predict_on_batch(given)
        called = {f"called/{name}": backend.engine.numpy(layer(given[name])) for name, layer in layers.items()}
    return Observation({name: np.asarray(one).astype("float64") for name, one in (found | called).items()})


def run_encoders(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.encoders.classes_are_encoded`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layers, numbers, arrays, told = keras.layers, options["numbers"].astype("float32"), {}, []
    made = []
    for mode, ids in options["ids"]:
        how, by = mode.partition(" ")[0], {"count_weights": options["weights"]} if "weights" in mode else {}
        made.append((f"CategoryEncoding/{mode}", layers.CategoryEncoding(options["classes"], how), ids.astype("int32"), by))
        if not by:
            given = numbers[:, :1] if "column" in mode else numbers
            made.append((f"Discretization/{mode}", layers.Discretization(list(options["bounds"]), output_mode=how), given, by))
    made.append(("Discretization/int", layers.Discretization(list(options["bounds"])), numbers, {}))
    for name, layer, given, by in made:
        with moment("build"):
            start = keras.Input(given.shape[1:], dtype=str(given.dtype))
            more = {n: keras.Input(w.shape[1:]) for n, w in by.items()}
            results = layer(start, **more)
            model = keras.Model([start, *more.values()], results)
        with moment("run"):
            tensors, weights = engine.tensor(given), {n: engine.tensor(w) for n, w in by.items()}
            ways = {"called": layer(tensors, **weights), "model": model([tensors, *weights.values()])}
        arrays |= {f"{name}/{way}": engine.numpy(one) for way, one in ways.items()}
        told.append((name, tuple(results.shape)))
    return Observation(arrays, facts={"told": tuple(told)})
