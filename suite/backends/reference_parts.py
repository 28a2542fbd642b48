"""What the reference answers about parts of models: refused calls, frozen parts, other kinds of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families import engine_modules, held_lists
from cases.families.encoders import ENCODED
from cases.families.normalizations import ALONE, CENTERED, normalized, norms_by_hand, of_length_one, one_alone, renormed
from cases.families.options_of_nothing import asked
from cases.families.told_shapes import EQUATIONS, LAYERS, MORE_ROWS, ROWS, STEPS, tellable
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def run_refused_call(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is kept of a call."""
    outputs = dict(request.arguments)["inputs"].sum(axis=1)
    ones = np.ones_like(dict(request.arguments)["inputs"])
    return Observation({"before": outputs, "after": outputs, "trained": outputs, "bystander": ones}, facts={"taken": False})


def run_frozen_part(backend: Any, request: FunctionRequest) -> Observation:
    """One weight stays, another moves."""
    return Observation({"before/frozen/0": np.ones(3), "after/frozen/0": np.ones(3),
                        "before/moving/1": np.ones(2), "after/moving/1": np.zeros(2)})


def run_numbers_as(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers are numbers."""
    outputs = dict(request.arguments)["inputs"].astype("float64").sum(axis=1)
    return Observation({"outputs": outputs, "due": outputs, "trained": outputs})


def run_class_weights(backend: Any, request: FunctionRequest) -> Observation:
    """The mean of the weighted cross-entropies."""
    options = dict(request.arguments)
    weights, classes = np.array(options["weights"]), options["classes"]
    shares = np.exp(options["inputs"].sum(axis=2, keepdims=True) * np.linspace(-1.0, 1.0, len(weights)))
    shares /= shares.sum(axis=2, keepdims=True)
    rows, steps = np.indices(classes.shape)
    return Observation({"shares": shares, "loss": np.array(np.mean(-np.log(shares[rows, steps, classes]) * weights[classes]))})


def run_class_keys(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError where a weight is for no number of a class."""
    options = dict(request.arguments)
    with moment("run"):
        weights = {}
        for key, weight in options["weights"]:
            if not str(key).isdecimal():
                raise ValueError(f"{key!r} is no number of a class")
            weights[int(key)] = weight
    shares = np.exp(options["inputs"]) / np.exp(options["inputs"]).sum(axis=-1, keepdims=True)
    classes = options["classes"]
    classes = classes.argmax(axis=1) if classes.dtype.kind == "f" else classes.reshape(-1)
    losses = [-np.log(shares[row, name]) * weights[name] for row, name in enumerate(classes)]
    return Observation({"loss": np.array(np.mean(losses))})


def run_corrected(backend: Any, request: FunctionRequest) -> Observation:
    """The equation."""
    options = dict(request.arguments)
    batches = options["batches"]
    valid = np.ones(batches.shape[1:3], bool) if options["valid"] is None else options["valid"]
    return Observation(renormed(batches, valid, options["scale"], options["offset"], dict(options["clipping"])))


def run_spectral(backend: Any, request: FunctionRequest) -> Observation:
    """The powers, from ones on."""
    options = dict(request.arguments)
    vector = np.ones((1, options["kernel"].shape[1]))
    found = of_length_one(options["inputs"], options["kernel"], vector)
    last = found[f"outputs/{options['calls'] - 1}"]
    return Observation({"vector": vector, **found, "longer": np.stack([last, last], axis=1), "zeros": 0 * last})


def run_normalized(backend: Any, request: FunctionRequest) -> Observation:
    """The equation."""
    options = dict(request.arguments)
    kind, inputs, axes, scale, offset = (options[n] for n in ("kind", "inputs", "axes", "scale", "offset"))
    arrays = {"outputs": normalized(kind, inputs, axes, scale, offset)}
    if kind in CENTERED:
        arrays |= {f"alone/{one}": normalized(kind, inputs, axes, *one_alone(one, scale, offset)) for one in ALONE}
    return Observation(arrays)


def run_norms(backend: Any, request: FunctionRequest) -> Observation:
    """The equations."""
    options = dict(request.arguments)
    return Observation(norms_by_hand(options["name"], options["batches"].astype("float64"), options["training"]))


def run_kept_mask(backend: Any, request: FunctionRequest) -> Observation:
    """The valid ids are summed."""
    ids = dict(request.arguments)["ids"]
    outputs = ids.sum(axis=1, keepdims=True).astype("float64")
    return Observation({"outputs": outputs, "due": outputs, "mask": ids != 0})


def run_both_ways(backend: Any, request: FunctionRequest) -> Observation:
    """One table."""
    options = dict(request.arguments)
    table = generator("a table").normal(size=options["sizes"])
    return Observation({"vectors": table, "scores": options["given"] @ table.T})


def run_shown(backend: Any, request: FunctionRequest) -> Observation:
    """As it is due."""
    options = dict(request.arguments)
    return Observation(dict.fromkeys(("array", "tensor", "batches", "file"), options["due"]) | {"back": options["shown"]})


def run_encoders(backend: Any, request: FunctionRequest) -> Observation:
    """By the definitions."""
    options = dict(request.arguments)
    places, found = np.digitize(options["numbers"], options["bounds"]), {}
    for mode, ids in options["ids"]:
        found[f"CategoryEncoding/{mode}"] = ENCODED[mode][1](ids)
        if "weights" not in mode:
            found[f"Discretization/{mode}"] = ENCODED[mode][1](places[:, :1] if "column" in mode else places)
    found["Discretization/int"] = places
    return Observation({f"{name}/{way}": one for name, one in found.items() for way in ("called", "model")},
                       facts={"told": tuple((name, (None, *one.shape[1:])) for name, one in found.items())})


def run_scores(backend: Any, request: FunctionRequest) -> Observation:
    """By the equations."""
    options = dict(request.arguments)
    table, matrix = generator("a table").normal(size=options["sizes"]), generator("scores").normal(size=options["sizes"][::-1])
    bound = options["bound"]
    found = {"own": options["given"] @ matrix, "bounded": bound * np.tanh(options["given"] @ table.T / bound)}
    return Observation({**found, **{f"{name} again": one for name, one in found.items()}, "vectors": table, "matrix": matrix},
                       facts={"dtype": "float16"})


def run_meant(backend: Any, request: FunctionRequest) -> Observation:
    """A mean of nothing is zero."""
    options = dict(request.arguments)
    there = options["mask"][:, :, None]
    return Observation({"outputs": (options["inputs"] * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)})


def run_unread(backend: Any, request: FunctionRequest) -> Observation:
    """The mean of the values that may be read, by the softmax of products; nothing, where none may."""
    options = dict(request.arguments)
    query, key, value, may = (options[name] for name in ("query", "key", "value", "may"))

    def attended(query: np.ndarray, key: np.ndarray) -> np.ndarray:
        powers = np.exp(query @ np.swapaxes(key, 1, 2)) * may
        return powers / np.maximum(powers.sum(axis=2, keepdims=True), 1e-9) @ value

    outputs = attended(query, key)
    return Observation({"outputs": outputs, "scored/outputs": outputs,
                        "turned/outputs": attended(options["others"], options["others"]),
                        "slopes/query": np.zeros(query.shape), "slopes/key": np.zeros(key.shape)})


def run_made_with_weights(backend: Any, request: FunctionRequest) -> Observation:
    """The array itself."""
    return Observation({"given/0": np.ones(3), "found/0": np.ones(3), "trained": np.array(1)})


def run_dropped_all(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is left."""
    outputs = np.ones((2, 2))
    return Observation({"outputs": outputs, "due": outputs}, facts={"nothing": "bfloat16"})


def run_bags(backend: Any, request: FunctionRequest) -> Observation:
    """One bag after the other, and what each number of the table adds to them, found by moving it."""
    options = dict(request.arguments)
    table, padding, longest = options["table"].astype("float32").astype("float64"), options["padding"], options["longest"]
    if options["origin"] == "fresh" and padding is not None:
        table[padding] = 0.0
    norms = np.linalg.norm(table, options["norm"], axis=1, keepdims=True)
    short = np.where(norms > longest, table * longest / np.maximum(norms, 1e-9), table) if longest else table

    def outputs(rows: np.ndarray, weights: np.ndarray | None = options["weights"]) -> np.ndarray:
        begin, found = 0, []
        for count in options["counts"]:
            span = [n for n in range(begin, begin + count) if padding is None or options["ids"][n] != padding % len(rows)]
            begin += count
            parts = rows[options["ids"][span]] * (1.0 if weights is None else weights[span][:, None])
            found.append(getattr(parts, options["mode"])(axis=0) if span else np.zeros(rows.shape[1]))
        return np.stack(found)

    slopes, step = np.zeros_like(short), 1e-6
    for place in np.ndindex(*short.shape):
        moved = short.copy()
        moved[place] += step
        slopes[place] = ((outputs(moved) - outputs(short)) * options["cotangents"]).sum() / step
    if options["by_frequency"]:
        slopes /= np.maximum(np.bincount(options["ids"], minlength=len(slopes)), 1)[:, None]
    arrays = {"outputs": outputs(short), "table": table.astype("float32"), "gradients": slopes.round(7)}
    if options["weights"] is not None:
        moved = options["weights"] + step * np.eye(len(options["ids"]))
        arrays["worth"] = np.array([((outputs(short, one) - outputs(short)) * options["cotangents"]).sum() / step
                                    for one in moved]).round(7)
    return Observation(arrays, facts={"sparse": options["sparse"]})


def run_wrong_bags(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError."""
    with moment("run"):
        raise ValueError(f"bags begin at {dict(request.arguments)['begins']}")


def run_padded_with(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError where the dtype cannot hold the number."""
    options = dict(request.arguments)
    number, given = options["number"], options["sequences"]
    with moment("run"):
        if not np.isclose(float(np.array(number).astype(given[0].dtype)), number):
            raise ValueError(f"{number} is no {given[0].dtype}")
    padded = np.full((len(given), max(map(len, given))), number)
    for row, one in enumerate(given):
        padded[row, : len(one)] = one
    return Observation({"padded": padded})


def run_scaled_dropout(backend: Any, request: FunctionRequest) -> Observation:
    """A draw of each precision and share."""
    options, random, arrays = dict(request.arguments), np.random.default_rng(8), {}
    for share in options["shares"]:
        for dtype in options["precisions"]:
            factor = (random.random(options["inputs"].shape) >= share) / (1 - share or 1)
            for name, of in (("outputs", "inputs"), ("gradients", "cotangents")):
                arrays[f"{name}/{share}/{dtype}"] = (options[of].astype(dtype) * factor).astype(dtype)
    return Observation(arrays)


def run_sparse_step(backend: Any, request: FunctionRequest) -> Observation:
    """One and the same thing."""
    table = dict(request.arguments)["table"] / 2
    return Observation({"table": table, "kernel": table})


def run_stepped_rows(backend: Any, request: FunctionRequest) -> Observation:
    """One and the same thing."""
    options = dict(request.arguments)
    return Observation({f"{name}/{rule}": options["table"] / 2 for rule, _ in options["rules"] for name in ("rows", "whole")})


def run_told_dtypes(backend: Any, request: FunctionRequest) -> Observation:
    """What is told."""
    return Observation({"outputs": np.ones(())}, facts={"dtypes": (("float32", "float32", "float32"),)})


def run_told_shapes(backend: Any, request: FunctionRequest) -> Observation:
    """The documented shape; beforehand with every axis open that depends on one that is."""
    options = dict(request.arguments)
    told = np.array([sizes[0] for sizes in tellable(options["name"], options["open"])])
    of = EQUATIONS.get(options["name"], lambda *_: np.zeros(()))
    due = LAYERS[options["name"]][3](STEPS)
    return Observation({"came": np.array([ROWS, *due]), **dict.fromkeys(("symbolic", "computed", "listed", "series"), told),
                        "again": np.array([MORE_ROWS, *due]), "outputs": of(*options["inputs"]),
                        **{f"given/{n}": one.astype("int32" if options["ids"] else "float32")
                           for n, one in enumerate(options["inputs"])}})


def run_options_of_nothing(backend: Any, request: FunctionRequest) -> Observation:
    """Every option that is given means nothing."""
    each = asked(dict(request.arguments)["group"])
    said = [f"no {name} is {value!r}" if name else "" for _, name, value in each]
    return Observation({"made": np.array([not words for words in said], "int32")}, facts={"said": said})


def run_seeds(backend: Any, request: FunctionRequest) -> Observation:
    """Numpy's generators, by number and by place."""
    options = dict(request.arguments)
    first = options["seeds"][0]
    keys = {f"number {seed}": (seed,) for seed in options["seeds"]} | {f"number {first} again": (first,)}
    for name, key in (("generator", 1), ("twin", 1), ("configured", 1), ("global", 2), ("global again", 2), ("unseeded", 3),
                      ("other", 4)):
        keys |= {f"{name} {n}": (key, n, 0) for n in (1, 2)}
    keys |= dict.fromkeys(("filled", "filled again"), (5, 0, 0))
    return Observation({name: np.random.default_rng(key).normal(size=options["many"]) for name, key in keys.items()},
                       facts={"names": ("numpy", "numpy")})


def run_kept_mode(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers that are drawn in training, and are not in inference."""
    drawn = dict(request.arguments)["asked"].startswith("training")
    return Observation({"first": np.ones(2), "second": np.full(2, 2.0 if drawn else 1.0), "alone": np.ones(2)})


def run_fed_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers of rows, in orders that numpy draws."""
    options, arrays = dict(request.arguments), {}
    parts = {"within": options["size"], "rows": options["rows"], "nothing": 1}[options["shuffle"]]
    for n in range(2):
        pieces = np.split(np.arange(options["rows"]), range(parts, options["rows"], parts))
        arrays[f"epoch/{n}"] = np.concatenate([np.random.default_rng(n).permutation(one) for one in pieces]).astype("float64")
    return Observation(arrays)


def run_engine_module(backend: Any, request: FunctionRequest) -> Observation:
    """Two weights, one of which is trained."""
    both, one = ("0 kernel", "1 bias"), ("0 kernel",)
    outputs = dict(request.arguments)["inputs"].sum(axis=-1)
    return Observation({"outputs": outputs, "loaded": outputs, "called": 2 * outputs, "doubled": 2 * outputs}, facts={
        "weights": both, "parameters": both, "state": both, "trained": one, "moved": one, "graded": one})


def run_mode_behind(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers that are drawn in training: of the layer in front by its own argument, if any, of the one behind by that of the
    whole."""
    own, part = (dict(request.arguments)[name] for name in ("own", "part"))
    drawn = {"front": own != "inference" and part != "activation", "behind": own != "training"}
    return Observation({f"{place}/{n}": np.full(2, 1.0 + n * acts) for place, acts in drawn.items() for n in range(2)})


def run_neighbouring_seeds(backend: Any, request: FunctionRequest) -> Observation:
    """Numpy's generators, whose seeds are keys."""
    options = dict(request.arguments)
    return Observation({name: np.random.default_rng(options["seed"] + n).uniform(size=(options["draws"], options["many"]))
                        for n, name in enumerate(("one", "other"))})


def run_own_functions(backend: Any, request: FunctionRequest) -> Observation:
    """A function of numbers, and one of their mask, as they are and once more."""
    numbers = np.linspace(-1.0, 1.0, 6).reshape(1, 3, 2)
    arrays = {"outputs": -3.0 * numbers, "shape": np.array(numbers.shape), "arguments": np.array(True)}
    arrays |= {"mask": numbers[:, :, 0] > 0.0} if dict(request.arguments)["part"] == "mask" else {}
    found = {f"{name}/{which}": array for which in ("made", "again") for name, array in arrays.items()}
    return Observation({**found, "due/mask": numbers[:, :, 0] > 0.0})


def run_exported_model(backend: Any, request: FunctionRequest) -> Observation:
    """Sums, which are of all calls so far where there is a state; whatever is exported of them gives the same."""
    options = dict(request.arguments)
    sums = np.cumsum([sum(float(one.sum()) for one in call) for call in options["calls"]])
    arrays = {f"{name}/{n}": np.array(one) for name in ("due", "outputs") for n, one in enumerate(sums)}
    return Observation(arrays, facts={"trained": 1, "due_trained": 1, "endpoints": ()})


def run_checkpoint(backend: Any, request: FunctionRequest) -> Observation:
    """One number, which another one becomes."""
    return Observation({"before/model/0": np.ones(2), "between/model/0": np.zeros(2), "after/model/0": np.ones(2)})


def run_held_lists(backend: Any, request: FunctionRequest) -> Observation:
    """What Python's own hold."""
    options, found = dict(request.arguments), {}
    of, numbers = options["of"], list(range(options["layers"]))
    for name, change in held_lists.changes(of).items():
        change(held := held_lists.begun(of, numbers), numbers)
        found[name] = (tuple(sorted(held_lists.places(held))), tuple(held_lists.places(held)))
    return Observation({}, facts=found)


def run_engine_modes(backend: Any, request: FunctionRequest) -> Observation:
    """As it is due."""
    arrays = {"new": np.zeros(2), "told": np.array([5, 4, 2])} | dict.fromkeys(("made", "again", "written", "read"), np.ones(2))
    return Observation(arrays, facts=dict.fromkeys(("wrapped", "held"), engine_modules.DUE) | {"trained": ("bias",)})


def run_whole_classes(backend: Any, request: FunctionRequest) -> Observation:
    """A place for each class, and how many bounds are below a number."""
    options = dict(request.arguments)
    encoded = np.zeros((1, options["classes"]))
    encoded[0, options["ids"][0]] = 1.0
    ranges = (options["numbers"][:, :, None] >= np.array(options["bounds"])).sum(axis=-1)
    due = {"encoded": encoded, "ranges": ranges}
    return Observation(due | {f"called/{name}": one for name, one in due.items()})
