"""What the reference answers to questions that are no layer and no model, each by plain numpy."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from cases.batches import Batch, rows, steps
from cases.families.bounds_of_weights import EQUATIONS
from cases.families.configurations import punished
from cases.families.noise_and_statistics import KEPT, SATURATED
from cases.families.transforms import change
from cases.invariants.base import final_states
from cases.layers import Layer
from cases.models import FunctionRequest, ModelRequest
from cases.requests import Observation, Request, Unsupported
from suite.backends import generators, moment
from suite.backends.apart import apart


def run_chain(backend: Any, request: FunctionRequest, dtype: str = "float32") -> Observation:
    """A chain of cells."""
    with moment("run"):
        seen = backend.reference.run_chain(**dict(request.arguments), dtype=dtype)
    return Observation(seen.arrays, seen.kernel, facts={"padding": "hold"})


def run_projected(backend: Any, request: FunctionRequest) -> Observation:
    """A chain of cells has one form."""
    options = dict(request.arguments)
    return run_chain(backend, options["request"], options["dtype"])


def run_stateful_calls(backend: Any, request: FunctionRequest) -> Observation:
    """Batches one after another are parts of longer sequences."""
    options = dict(request.arguments)
    layer, inputs, steps, factor = options["layer"].but(stateful=False), options["inputs"], options["steps"], options["factor"]
    with moment("run"):
        whole = backend.run(Request(layer, options["weights"], Batch(inputs, options["mask"]), wants=("outputs",)))["outputs"]
    arrays, first, valid = {}, 0, np.ones(inputs.shape[:2]) if options["mask"] is None else options["mask"]
    for start in range(0, inputs.shape[1], steps):  # in front of the first valid step of a batch there are zeros
        part = slice(start, start + steps)
        whole[:, part] = whole[:, part] * np.maximum.accumulate(valid[:, part], axis=1)[..., None]
    for place, (name, count) in enumerate(options["calls"]):
        span = slice(first * steps, (first + count) * steps)
        first += count
        outputs, errors = whole[:, span], whole[:, span] - options["targets"][:, span]
        if name.startswith("predict"):
            arrays[f"outputs/{place}"] = outputs
        else:
            parts = [np.split(a, count, axis=1) for a in ((errors**2).mean(axis=-1) * valid[:, span], valid[:, span])]
            means = [one.sum() / steps_valid.sum() for one, steps_valid in zip(*parts, strict=True)]
            arrays[f"loss/{place}"] = np.array(np.mean(means) + factor * np.sum(outputs**2) / len(outputs) / count)
    return Observation(arrays, facts={"padding": "hold"})


def run_form(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """The reference has one form of every layer."""
    asked = dict(request.arguments)["request"]
    seen = backend.run(asked)
    return Observation(seen.arrays, seen.kernel, facts={"padding": "hold"})


def run_stacks(backend: Any, request: FunctionRequest) -> Observation:
    """Every stack by itself."""
    answers = [run_form(backend, each) for each in dict(request.arguments)["each"]]
    named = {f"{place}/{name}": array for place, answer in enumerate(answers) for name, array in answer.arrays.items()}
    return Observation(named, facts={"padding": "hold"})


def run_graph(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Layers around recurrent ones."""
    options = dict(request.arguments)
    if options["kind"].endswith("dropout"):
        return Unsupported("the reference draws no dropout masks")
    with moment("run"):
        seen = backend.reference.run_graph(**options)
    return Observation({n: a if a.dtype == bool else a.astype("float32") for n, a in seen.arrays.items()}, seen.kernel)


def run_options(backend: Any, request: FunctionRequest) -> Observation:
    """A description keeps what it was made with."""
    options = {"units": 5, "bias": False, "activation": "relu", "padding_output": "zero", "dropout": 0.25, "dtype": "float64"}
    layer = Layer("lstm", 3, **options)
    again = layer.but()
    told = tuple((n, str(v), str(getattr(layer, n)), str(getattr(again, n))) for n, v in options.items())
    return Observation({}, facts={"options": told})


def run_chosen_kernel(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers are what they are; raises ValueError for a choice that means nothing."""
    options = dict(request.arguments)
    with moment("build"):
        if options["choice"] == "nonsense":
            raise ValueError(f"choice={options['choice']!r}: expected never, always or auto")
    return backend.run(options["request"])


def run_request(backend: Any, request: FunctionRequest) -> Observation:
    """The layer's own answer: in other numbers, exported, in segments, with weights that are halved or loaded it is the same."""
    return backend.run(dict(request.arguments)["request"])


def run_segments(backend: Any, request: FunctionRequest) -> Observation:
    """The stack's own answer; nothing is dropped."""
    seen = run_request(backend, request)
    slopes = {name: seen["gradients/inputs"] for name in ("plainly", "dropped")}
    return Observation({**seen.arrays, **slopes}, seen.kernel, facts=seen.facts)


def run_called_apart(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is held."""
    names = ("outputs", "mean", "count", "due/outputs", "due/mean", "due/count", "before", "after")
    each = {name: np.arange(3.0) for name in names}
    return Observation({**each, "calls": np.zeros(1), "refused": np.ones(4), "stacked": np.ones(2)})


def run_low_inputs(backend: Any, request: FunctionRequest) -> Observation:
    """The equations, exactly."""
    asked = dict(request.arguments)["request"]
    return backend.run(asked.but(layer=asked.layer.but(dtype="float64")))


def run_activity(backend: Any, request: FunctionRequest) -> Observation:
    """The sum of squares of each result, by the batch."""
    options = dict(request.arguments)
    layer = options["layer"]
    with moment("run"):
        seen = [backend.run(Request(layer, options["weights"], b)) for b in options["batches"]]
    losses = [[np.sum(part**2) / len(part) for part in punished(layer, one)] for one in seen]
    return Observation({f"losses/{n}": options["factor"] * np.array(one) for n, one in enumerate(losses)})


def run_defaults(backend: Any, request: FunctionRequest) -> Observation:
    """A description with nothing but what must be given, and no sequences."""
    options = dict(request.arguments)
    given = options["layer"]
    layer = Layer(given.cell, given.features, given.units, direction=given.direction, return_sequences=False)
    seen = backend.run(Request(layer, options["weights"], options["batch"], wants=("outputs",)))
    return Observation(seen.arrays, facts={"padding": "hold"})


def run_given(backend: Any, request: FunctionRequest) -> Observation:
    """The reference holds no weights: it is given them with each call."""
    options = dict(request.arguments)
    seen, before = (backend.run(Request(options["layer"], options[name], options["batch"])) for name in ("weights", "others"))
    return Observation({**seen.arrays, "before/outputs": before["outputs"]}, seen.kernel, facts=seen.facts)


def run_between(backend: Any, request: FunctionRequest) -> Observation:
    """Every step as it is, with its mask; noise where it is asked for, and the statistics of valid steps."""
    options = dict(request.arguments)
    inputs, mask, kind, statistics = options["inputs"], options["mask"], options["options"], {}
    if options["training"] and options["layer"] in ("Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise"):
        random = np.random.default_rng(0)
        shape = (len(inputs), 1, inputs.shape[2]) if options["layer"].startswith("Spatial") else inputs.shape
        if "stddev" in kind:
            inputs = inputs + random.normal(0, kind["stddev"], shape)
        elif options["layer"].startswith("Gaussian"):
            inputs = inputs * random.normal(1, np.sqrt(kind["rate"] / (1 - kind["rate"])), shape)
        else:
            inputs = inputs * (random.uniform(size=shape) >= kind["rate"]) / max(1 - kind["rate"], 1e-9)
    elif options["training"] and options["layer"] == "AlphaDropout":
        rate, far = kind["rate"], SATURATED
        drawn = np.where(np.random.default_rng(0).uniform(size=inputs.shape) < rate, far, inputs)
        inputs = (drawn - rate * far) / np.sqrt((1 - rate) * (1 + rate * far**2))
    elif options["training"] and options["layer"] == "BatchNormalization":
        own = not kind.get("trainable", True)
        over = (0, 2) if kind.get("axis") == 1 else (0, 1)
        kept = np.where(mask[:, :, None], inputs, np.nan)
        mean, variance = (0.0, 1.0) if own else (of(kept, axis=over, keepdims=True) for of in (np.nanmean, np.nanvar))
        inputs = (inputs - mean) / np.sqrt(variance + 1e-3)
        for name, start, moved in (("moving_mean", 0.0, mean), ("moving_variance", 1.0, variance)):
            statistics[name] = np.full(inputs.shape[2], start) if own else np.ravel(KEPT * start + (1 - KEPT) * moved)
    return Observation({"outputs": inputs, "plain": inputs, "mask": mask, **statistics})


def run_bound(backend: Any, request: FunctionRequest) -> Observation:
    """The equation."""
    options = dict(request.arguments)
    return Observation({"value": np.array(EQUATIONS[options["bound"]][2](options["weight"]), "float32")})


def run_in_parts(backend: Any, request: FunctionRequest) -> Observation:
    """Rows some at a time; training drops every other feature."""
    options = dict(request.arguments)
    batch, size = options["batch"], options["size"]

    def outputs(part: Any) -> np.ndarray:
        return backend.run(Request(options["layer"], options["weights"], part, wants=("outputs",)))["outputs"]

    def loss(found: np.ndarray, part: slice) -> float:
        errors = np.mean((found - options["targets"][part]) ** 2, axis=-1)[batch.valid[part]]
        return errors.mean() + options["factor"] * np.sum(found**2) / len(found)

    parts = [slice(start, min(start + size, batch.size)) for start in range(0, batch.size, size)]
    found = [outputs(rows(batch, part)) for part in parts]
    total = sum(loss(each, part) * len(each) for each, part in zip(found, parts, strict=True)) / batch.size
    kept = np.arange(batch.inputs.shape[-1]) % 2
    dropped, other = (batch.but(inputs=batch.inputs * 2 * each) for each in (kept, 1 - kept))
    together = np.concatenate(found)
    return Observation({"outputs": together, "heard": together, "loss": np.array(total), "fitted": np.array(total),
                        "first": np.array(loss(found[0], parts[0])),
                        "trained": np.array(loss(outputs(dropped), slice(None))),
                        "again": np.array(loss(outputs(other), slice(None)))}, facts={"padding": "hold"})


def run_ignored(backend: Any, request: FunctionRequest) -> Observation:
    """The cross-entropy over the classes that count."""
    options = dict(request.arguments)
    logits, classes = options["logits"], options["classes"]
    counts = (classes != options["ignored"]) & (True if options["mask"] is None else options["mask"].astype(bool))
    with moment("run"):
        logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        number, smoothing = logits.shape[-1], options.get("smoothing", 0.0)
        weights = np.array(options.get("weights") or np.ones(number))
        picked = np.where(counts, classes, 0)
        hot = ((1 - smoothing) * np.eye(number)[picked] + smoothing / number) * weights * counts[:, :, None]
        by = (weights[picked] * counts).sum() if options["reduction"] == "mean" else 1.0
        values = -(hot * logs).sum(axis=-1)
        slopes = (np.exp(logs) * hot.sum(axis=-1, keepdims=True) - hot) / by
    more = {}
    if "shares" in options:
        mixed = -(((1 - smoothing) * options["shares"] + smoothing / number) * weights * logs).sum(axis=-1)
        more["of_shares"] = np.array({"none": lambda x: x, "mean": np.mean}.get(options["reduction"], np.sum)(mixed))
    loss = values if options["reduction"] == "none" else np.array(values.sum() / by)
    return Observation({"loss": loss, "gradients": slopes, **more})


def run_probabilities(backend: Any, request: FunctionRequest) -> Observation:
    """The logarithms, as Keras documents them."""
    options = dict(request.arguments)
    given, classes = options["probabilities"], options["classes"]
    if options["kind"] == "binary":
        own = np.where(classes == 1, given[:, :, 0], 1 - given[:, :, 0])
    else:
        own = np.take_along_axis(given / given.sum(axis=-1, keepdims=True), classes[:, :, None], axis=2)[:, :, 0]
    return Observation({"loss": -np.log(np.maximum(own, 1e-7))})


def run_transformed(backend: Any, request: FunctionRequest) -> Observation:
    """Forward mode as the sum of gradients times the direction; mapped rows as so many batches of one row; traced, itself."""
    options = dict(request.arguments)
    asked, transform = options["request"], options["transform"]
    with moment("run"):
        if transform == "forward mode":
            seen = backend.run(asked)
            terms = [np.sum(seen[f"gradients/{name}"] * along) for name, along in options["tangents"].items()]
            return Observation({"derivative": np.array(sum(terms))})
        if transform == "second order":
            return Observation(change(asked, options["tangents"], backend.reference.run))
        if transform in ("mapping over rows", "torch.compile"):
            return backend.run(asked)
        each = [backend.run(asked.but(batch=rows(asked.batch, [row]))) for row in range(asked.batch.size)]
    names = [name for name in each[0].arrays if name.startswith("gradients/weights")]
    return Observation({name: np.stack([row[name] for row in each]) for name in names}, facts=each[0].facts)


def run_crossed_transforms(backend: Any, request: FunctionRequest) -> Observation:
    """Each transform by itself."""
    return apart(partial(run_transformed, backend, one) for one in dict(request.arguments)["each"])


def run_dropout_between(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Layer after layer, with inverted dropout of what each hands on. Where all of that is dropped, also the last layer's
    gradients by its states, of the sum of the squares of its outputs."""
    options = dict(request.arguments)
    slopes = "gradients" in options["request"].wants
    if slopes and options["rate"] < 1:
        return Unsupported("the reference takes no gradients through dropout that it draws")
    asked, rate, random = options["request"], options["rate"], np.random.default_rng(options["seed"])
    layer, batch, arrays = asked.layer, asked.batch, {}
    with moment("run"):
        given = batch.inputs
        for index in range(layer.layers):
            def own(named: Any, index: int = index) -> Any:
                return {f"0{n[1:]}": a for n, a in (named or {}).items() if n.startswith(f"{index}/")}

            alone = layer.but(layers=1, features=given.shape[2])
            one = batch.but(inputs=given, initial_states=own(batch.initial_states), cotangents=None)
            seen = backend.run(Request(alone, own(asked.weights), one, wants=("outputs", "states")))
            arrays |= {f"states/{index}{n[8:]}": a for n, a in seen.arrays.items() if n.startswith("states/")}
            given = arrays["outputs"] = seen["outputs"]
            if slopes and index == layer.layers - 1:
                one = one.but(cotangents={"outputs": 2 * given * batch.valid[:, :, None]})
                back = backend.run(Request(alone, own(asked.weights), one, wants=("gradients",)))
                arrays |= {f"gradients/states/{index}{n[18:]}": a for n, a in back.named("gradients/states").items()}
            if options["training"]:
                kept = random.uniform(size=given.shape) >= rate
                given = np.where(kept, given / (1 - rate if rate < 1 else 1.0), 0.0)
    return Observation(arrays, facts=seen.facts)


def run_purity(backend: Any, request: FunctionRequest) -> Observation:
    """The reference holds nothing, and copies what it is given; its calls are looked at even so."""
    options = dict(request.arguments)

    def call(batch: Any, name: str) -> dict[str, np.ndarray]:
        layer = options["layer"]
        asked = Request(layer.but(dropout=0.0, recurrent_dropout=0.0), options["weights"], batch)
        return {f"calls/{name}/{n}": a for n, a in backend.run(asked).arrays.items()}

    def looked(when: str) -> dict[str, np.ndarray]:
        batch = options["batch"]
        given = {"inputs": batch.inputs, **({} if batch.mask is None else {"mask": batch.mask}), **(batch.initial_states or {})}
        every = {**{f"arguments/{when}/{n}": a for n, a in given.items()},
                 **{f"held/{when}/{n}": a for n, a in {**generators(), **options["weights"]}.items()}}
        return {name: np.array(array) for name, array in every.items()}

    batch, other = options["batch"], options["other"]
    with moment("run"):
        arrays = looked("before") | call(batch, "first") | call(other, "other") | call(batch, "again")
        arrays |= looked("after") | call(other, "fresh")
    return Observation(arrays, "reference")


def run_lengths(backend: Any, request: FunctionRequest) -> Observation:
    """One set of weights on sequences of many lengths. Nothing is traced."""
    options = dict(request.arguments)
    arrays, weights = {}, dict(options["weights"])
    with moment("run"):
        for number, one in enumerate(options["inputs"]):
            asked = ModelRequest(options["model"], options["weights"], one)
            arrays[f"predictions/{number}"] = backend.run_model(asked)["predictions"]
        for number in range(options["steps"]):
            one = options["inputs"][number]
            training = replace(options["training"], batches=(tuple(range(len(one))),))
            seen = backend.run_model(ModelRequest(options["model"], weights, one, None, options["targets"][number], training))
            arrays[f"losses/{number}"] = np.array(seen["losses"][0])
            weights = {name.removeprefix("weights/"): array for name, array in seen.named("weights").items()}
    counts = {f"{what}/{n}": 1 for what, times in (("predict", len(options["inputs"])), ("train", options["steps"]))
              for n in range(times)}
    return Observation(arrays, "reference", facts={
        "traces": counts, "eager": True, "same_weights": True, "padding": "hold", "stack": "keras", "one_bias": False,
        "parameters": sum(array.size for array in weights.values()),
    })


def run_cut(backend: Any, request: FunctionRequest) -> Observation:
    """A sequence in two parts: the second from the states of the first as they are, or as one run."""
    options = dict(request.arguments)
    layer, weights, batch, at = (options[name] for name in ("layer", "weights", "batch", "at"))
    first, second = steps(batch, 0, at), steps(batch, at, batch.inputs.shape[1])
    if options["detached"]:
        ended = backend.run(Request(layer.but(return_state=True), weights, first.but(cotangents=None), wants=("states",)))
        given = final_states(ended, layer)
        seen = backend.run(Request(layer, weights, second.but(initial_states=given), wants=("gradients",)))
        inputs = np.concatenate([np.zeros_like(first.inputs), seen["gradients/inputs"]], axis=1)
        return Observation({**seen.named("gradients/weights"), "gradients/inputs": inputs}, facts=seen.facts)
    late = {"outputs": batch.cotangents["outputs"] * (np.arange(batch.inputs.shape[1]) >= at)[:, None]}
    seen = backend.run(Request(layer, weights, batch.but(cotangents=late), wants=("gradients",)))
    return Observation(seen.named("gradients"), facts=seen.facts)


def run_column(backend: Any, request: FunctionRequest) -> Observation:
    """A column of an array. Raises IndexError where there is none."""
    options = dict(request.arguments)
    with moment("run"):
        return Observation({"result": np.array(options["rows"])[:, options["column"]]})


def run_fetch(backend: Any, request: FunctionRequest) -> Observation:
    """The content, if it has the hash, or none is told. Raises ValueError for another."""
    options = dict(request.arguments)
    with moment("run"):
        if options["sha256"] and hashlib.sha256(options["content"]).hexdigest() != options["sha256"]:
            raise ValueError(f"the file is cut off: its hash is not {options['sha256']}")
    return Observation({"result": np.frombuffer(options["content"], "uint8").copy()})
