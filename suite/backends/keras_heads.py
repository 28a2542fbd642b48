"""Keras' attention of several heads, with weights that are given."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from cases.families.heads import PENALTIES, SIZE
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_attention import carrying


def run_heads(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.heads.heads_are_their_equation`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if options["numbers"]:
        return Unsupported("masks of Keras' layers are of truth values")
    if options["further"] != "none" or options["bare"] or options["scores"] == "mean" or options["time_first"]:
        return Unsupported("Keras' layers of attention have no further keys, no mean scores, and read batches, rows first")
    asking, kept = options["heads"]
    given, weights, layers = options["given"], options["weights"], keras.layers
    kind = layers.MultiHeadAttention if asking == kept else layers.GroupQueryAttention
    more = {"sliding_window": options["window"]} if options["window"] else {}
    more |= {"use_gate": True} if options["gated"] else {}
    if missing := more.keys() - inspect.signature(kind.__init__).parameters:
        return Unsupported(f"{kind.__name__} of this release of Keras has no {sorted(missing)[0]}")
    if more:
        more |= {f"{name}_regularizer": keras.regularizers.L2(size) for name, size in PENALTIES.items()}
        more |= {f"{name}_constraint": bound(keras, name) for name in PENALTIES}
    more |= {"use_bias": options["bias"], "dropout": 0.0 if options["scores"] == "none" else 0.4}  # 0.0: a fast kernel may run
    with moment("build"):
        wide = weights["value/kernel"].shape[-1]
        one = kind(asking, SIZE, wide, **more) if asking == kept else kind(SIZE, asking, kept, **more)
        one.build(given["query"].shape, given["value"].shape, given["key"].shape)
        for variable in one.trainable_weights:
            *_, part, name = variable.path.split("/")
            variable.assign(weights[f"{part.removeprefix('attention_')}/{name}"].astype("float32"))

    def call() -> Any:
        query, value, key = (engine.tensor(given[name].astype("float32")) for name in ("query", "value", "key"))
        if options["reads"] == "itself":
            key = value = query
        whose = "key_mask" if options["causal"] and options["scores"] == "none" else "value_mask"
        masks = {} if options["valid"] is None else {whose: engine.tensor(options["valid"])}
        if masks and options["reads"] != "itself":  # each hides some, and together they hide what is padding
            even = np.arange(options["valid"].shape[1]) % 2 == 0
            masks = {f"{n}_mask": engine.tensor(options["valid"] | half) for n, half in (("value", even), ("key", ~even))}
        if options["asking"] is not None and asking != kept:
            masks["query_mask"] = engine.tensor(options["asking"])
        elif options["asking"] is not None:  # what is given is not read there, a finding of its own
            query = carrying(keras, query, options["asking"], engine)
        if options["causal"]:
            masks["use_causal_mask"] = True
        if options["own"] is not None:
            masks["attention_mask"] = engine.tensor(options["own"])
        return one(query, value, key, training=False, return_attention_scores=options["scores"] != "none", **masks)

    with moment("run"):
        found = call()
    outputs, scores = found if options["scores"] != "none" else (found, None)
    arrays = {"outputs": engine.numpy(outputs)} | ({} if scores is None else {"scores": engine.numpy(scores)})
    if options["window"] or options["gated"]:
        arrays["penalties"] = engine.numpy(sum(one.losses))
    bounds = tuple((weight.path, getattr(weight.constraint, "kind", "none")) for weight in one.trainable_weights)
    wider = ()
    if asking == kept and options["reads"] == "others":  # results of a width of their own
        every = [engine.tensor(given[name].astype("float32")) for name in ("query", "value", "key")]
        other = layers.MultiHeadAttention(asking, SIZE, output_shape=5 if options["scores"] == "none" else (2, 5))
        wider = (tuple(other(*(keras.KerasTensor(tuple(each.shape)) for each in every)).shape), tuple(other(*every).shape))
    shown = {name: part for name in ("query", "key", "value", "output") if (part := getattr(one, f"{name}_dense", None))}
    others = tuple(name for name, part in shown.items()
                   if not np.array_equal(engine.numpy(part.kernel.value), weights[f"{name}/kernel"].astype("float32")))
    asked = {"return_attention_scores": True} if options["scores"] != "none" else {}
    told = one(*(keras.KerasTensor(given[name].shape) for name in ("query", "value", "key")), **asked)
    return Observation(arrays, facts={"constraints": bounds, "wider": wider, "others": others, "told": tuple(
        (name, tuple(each.shape)) for name, each in zip(("outputs", "scores"), keras.tree.flatten(told), strict=False))})


def bound(keras: Any, kind: str) -> Any:
    """A constraint that says what it is for."""
    class Bound(keras.constraints.Constraint):
        def __init__(self) -> None:
            self.kind = kind

        def __call__(self, weight: Any) -> Any:
            return weight

    return Bound()


def run_dropped_scores(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.heads.attention_drops_its_share`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    rows, steps = options["sizes"]
    values = np.broadcast_to(np.eye(steps, dtype="float32"), (rows, steps, steps))
    kinds = {"MultiHeadAttention": {"num_heads": 1, "key_dim": steps, "use_bias": False},
             "GroupQueryAttention": {"head_dim": steps, "num_query_heads": 1, "num_key_value_heads": 1, "use_bias": False}}
    own = kinds.get(options["layer"], {})
    with moment("build"):
        one = getattr(keras.layers, options["layer"])(**own, dropout=options["rate"], seed=3)
        given = [values.shape] * 2
        one.build(*given) if own else one.build(given)
        for weight in one.weights if own else ():
            identity = "value" in weight.path or "output" in weight.path
            weight.assign(np.eye(steps).reshape(weight.shape) * identity)
    asking = {"return_attention_scores": True} if options["scored"] else {}
    query, value = engine.tensor(np.zeros_like(values)), engine.tensor(np.array(values))
    key = {"key": query} if own else {}
    with moment("run"):
        def called() -> Any:
            more = {"training": True, **asking}
            found = one(query, value, **key, **more) if own else one([query, value, query], **more)
            return engine.numpy(found[0] if options["scored"] else found)

        return Observation({"first": called(), "second": called()})


def run_framed_heads(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.heads.frames_are_as_alone`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    given = {name: one.astype("float32") for name, one in options["given"].items()}
    frames = range(given["query"].shape[1])

    def call(one: Any, which: Any) -> np.ndarray:
        """On these frames."""
        more = {"use_causal_mask": True} if options["causal"] else {}
        valid = options["valid"]
        carried = (carrying(keras, engine.tensor(x[:, which]), valid[name][:, which], engine) for name, x in given.items())
        return engine.numpy(one(*carried, **more))

    with moment("build"):
        together, alone = (keras.layers.MultiHeadAttention(2, SIZE, attention_axes=axes) for axes in (2, None))
        together.build(*(one.shape for one in given.values()))
        alone.build(*(one[:, 0].shape for one in given.values()))
        random = np.random.default_rng(1)
        together.set_weights([random.uniform(-1.0, 1.0, a.shape).astype(a.dtype) for a in together.get_weights()])
        alone.set_weights(together.get_weights())
    with moment("run"):
        return Observation({"outputs": call(together, slice(None)), **{f"alone/{n}": call(alone, n) for n in frames}})
