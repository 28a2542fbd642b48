"""What the reference answers about layers as parts of a model."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from cases.batches import Batch, BatchPlan
from cases.families.halves import HALVES
from cases.families.handed_in import TWICE, WAYS
from cases.families.wrappers import IMPOSSIBLE, PARTS, TOLD
from cases.invariants.base import final_states
from cases.layers import draw_weights
from cases.models import FunctionRequest
from cases.requests import Observation, Request, Reset, Unsupported
from suite.backends import moment


def run_declared(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """The reference tells no shapes; those that came are compared with those of the layer's description."""
    options = dict(request.arguments)
    layers = TOLD[options["part"]]
    if len(layers) > 1 or options["merge"] == "none" or options["inside"] != "nothing":
        return Unsupported("asked of the reference for one merged layer")
    layer = layers[0].but(direction=options["direction"], merge=options["merge"], return_state=False,
                          return_sequences=options["return_sequences"])
    batch = BatchPlan(options["rows"], options["steps"]).draw(layer)
    with moment("run"):
        came = backend.run(Request(layer, draw_weights(layer), batch))["outputs"].shape
    told = (options["rows"], *([options["steps"]] if layer.return_sequences else []), layer.width)
    return Observation({"computed/0": np.array(told), "symbolic/0": np.array(told),
                        "flagged/0": np.array(told), "row/0": np.array((1, *told[1:])), "came/0": np.array(came)})


def run_carried_masks(backend: Any, request: FunctionRequest) -> Observation:
    """The mask of the input on every sequence; the results are counted."""
    options = dict(request.arguments)
    states = sum(len(layer.state_names) for layer in PARTS[options["part"]]) * (1 + (options["direction"] == "bidirectional"))
    count = 2 if options["merge"] == "none" else 1
    masks = {f"masks/{n}": options["mask"].copy() for n in range(count)} if options["return_sequences"] else {}
    total = count + (states if options["return_state"] else 0)
    valid, last = options["mask"], {}
    if options["own"]:
        masks |= {"own/0": valid, "own/1": ~valid, "kept/0": valid[:, ::-1], "kept/1": ~valid}
    if options["return_state"] and (options["merge"] == "none" or not options["return_sequences"]):
        half = states // count
        before = sum(len(layer.state_names) for layer in PARTS[options["part"]][:-1])
        numbers = {place: count + place * half + before for place in range(count)}  # a last output is a state
        shape = valid.shape if options["return_sequences"] else valid.shape[:1]
        last = {f"results/{n}": np.full(shape if n < count else valid.shape[:1], float(numbers.get(n, n))) for n in range(total)}
    return Observation(masks | last, facts={"results": total})


def run_listed_states(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """The second batch after the first, and with the first one's final states given."""
    options = dict(request.arguments)
    if len(PARTS[options["part"]]) > 1:
        return Unsupported("asked of the reference for one layer")
    layer = PARTS[options["part"]][0].but(direction=options["direction"], return_sequences=False, stateful=True)
    first, second = (Batch(inputs) for inputs in options["batches"])
    once, weights = layer.but(stateful=False), draw_weights(layer)
    with moment("run"):
        given = final_states(backend.run(Request(once, weights, first)), layer)
        found = {"carried": Request(layer, weights, second, before=(first,)), "fresh": Request(once, weights, second),
                 "given": Request(once, weights, second.but(initial_states=given)),
                 "after/reset": Request(layer, weights, second, before=(first, Reset()))}
        return Observation({name: backend.run(asked)["outputs"] for name, asked in found.items()})


def run_dropping(backend: Any, request: FunctionRequest) -> Observation:
    """A draw for all rows and steps: dropped inputs, or states, have no weights."""
    options = dict(request.arguments)
    layers, arrays = PARTS[options["part"]], {}
    kind = "/kernel" if options["which"] == "dropout" else "/recurrent_kernel"
    for mode in ("plain", "inference", "training", "again", "twin", "stranger"):
        batch = options["batch"]
        for number, (layer, own) in enumerate(zip(layers, options["weights"], strict=True)):
            if mode in ("training", "again", "twin", "stranger") and number == options["cell"]:
                own = {n: a * ((np.arange(a.shape[-2]) + (mode in ("again", "stranger"))) % 2)[:, None] / options["rate"]
                       if n.endswith(kind) else a for n, a in own.items()}
            with moment("run"):
                outputs = backend.run(Request(layer, own, batch))["outputs"]
            batch = batch.but(inputs=outputs)
        arrays[mode] = outputs
    return Observation(arrays)


def run_built_part(backend: Any, request: FunctionRequest) -> Observation:
    """A weight that stays."""
    return Observation({"before/0": np.ones(3), "after/0": np.ones(3)})


def run_halves(backend: Any, request: FunctionRequest) -> Observation:
    """Each layer alone, the backward one's outputs in the order of time; what is told beforehand is what comes."""
    options, outputs, states = dict(request.arguments), [], []
    sequences = options["return_sequences"]
    for number, (layer, direction) in enumerate(zip(HALVES[options["halves"]], ("forward", "backward"), strict=True)):
        layer = layer.but(direction=direction, return_sequences=sequences, padding_output="zero" if sequences else "default")
        batch = options["batch"].but(initial_states=options["states"][number] or None)
        with moment("run"):
            seen = backend.run(Request(layer, options["weights"][number], batch))
        outputs.append(seen["outputs"][:, ::-1] if number and sequences else seen["outputs"])
        states += [seen[f"states/{name}"] for name in layer.state_keys()]
    join = {"concat": lambda a, b: np.concatenate([a, b], axis=-1), "sum": np.add, "mul": np.multiply,
            "ave": lambda a, b: (a + b) / 2}.get(options["merge"])
    named = {"outputs": join(*outputs)} if join else {f"outputs/{n}": one for n, one in enumerate(outputs)}
    named |= {f"states/{n}": one for n, one in enumerate(states)}
    told = {f"{how}/{n}": np.array(one.shape) for how in ("computed", "symbolic") for n, one in named.items()}
    return Observation({**named, **told})


def run_saved(backend: Any, request: FunctionRequest) -> Observation:
    """A matrix behind the mean of all steps, with a momentum: trained, written to bytes, read, and trained on."""
    options = dict(request.arguments)
    means, targets = options["inputs"].reshape(len(options["inputs"]), -1).astype("float64"), options["targets"]
    arrays: dict[str, np.ndarray] = {}

    def step(matrix: np.ndarray, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moved = 0.5 * moved + means.T @ (means @ matrix - targets)
        return matrix - 1e-3 * moved, moved

    with moment("run"):
        state = (np.ones((means.shape[1], targets.shape[1])), np.zeros((means.shape[1], targets.shape[1])))
        arrays["predictions/fresh"] = means @ state[0]
        state = step(*step(*state))
        file = io.BytesIO()
        np.savez(file, *state)
        file.seek(0)
        loaded = np.load(file)
        for when, one in (("before", state), ("after", (loaded["arr_0"], loaded["arr_1"]))):
            arrays[f"predictions/{when}"] = means @ one[0]
            one = step(*one)
            arrays[f"loss/{when}"] = np.array(np.mean((means @ one[0] - targets) ** 2))
            arrays[f"trained/{when}"] = means @ step(*one)[0]
    return Observation(arrays)


def run_state_tree(backend: Any, request: FunctionRequest) -> Observation:
    """Some numbers, kept, moved, and given back."""
    options = dict(request.arguments)
    inputs = options["inputs"]
    kept = {n: row.copy() for n, row in enumerate(inputs)}
    return Observation({f"{when}/{n}": row + (when == "between") for n, row in kept.items() for when in (
        "before", "between", "after")}, facts={"of_metrics": 4 * options["compiled"], "kinds": ("ndarray",), "refused": True})


def run_written_beside(backend: Any, request: FunctionRequest) -> Observation:
    """The inputs and a number, written to bytes and read."""
    kept = dict(request.arguments)["inputs"]
    file = io.BytesIO()
    np.save(file, kept)
    file.seek(0)
    return Observation({"due/predictions": kept, "found/predictions": np.load(file)})


def run_wrapped_mask(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError where mask and inputs differ in rows or steps."""
    options = dict(request.arguments)
    shape, mask = options["inputs"].shape[:2], options["mask"].shape
    with moment("run"):
        if shape != mask:
            raise ValueError(f"a mask of shape {mask} for {shape[0]} rows of {shape[1]} steps")
    return Observation({"outputs": options["inputs"]})


def run_pooled(backend: Any, request: FunctionRequest) -> Observation:
    """The mean over valid steps, and its gradient."""
    options = dict(request.arguments)
    inputs, mask = options["inputs"], options["mask"]
    with moment("run"):
        valid = np.ones(inputs.shape[:2], bool) if mask is None else mask
        weights = (valid / valid.sum(axis=1, keepdims=True))[:, :, None]
        outputs = (np.where(valid[:, :, None], inputs, 0.0) * weights).sum(axis=1)
    slope = weights * options["cotangents"][:, None, :]
    return Observation({"outputs": outputs, "of no rows": outputs[:0], "gradients/inputs": slope})


def run_cell_states(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError where states are not (rows of the inputs, units)."""
    options = dict(request.arguments)
    layer, inputs = options["layer"], options["inputs"]
    with moment("run"):
        for state in options["states"]:
            if inputs.ndim != 2 or state.shape != (len(inputs), layer.units):
                raise ValueError(f"a state of shape {state.shape} for inputs of shape {inputs.shape} and {layer.units} units")
    return Observation({"outputs": options["states"][0]})


def run_made_convolution(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError: each of them is one of those that cannot be."""
    options = dict(request.arguments)
    with moment("build"):
        if options["wrong"] in IMPOSSIBLE:
            raise ValueError(f"{IMPOSSIBLE[options['wrong']]}: no convolution over {options['axes']} axes is like that")
    return Observation({"made": np.array(1)})


def run_handed_in(backend: Any, request: FunctionRequest) -> Observation:
    """Twice the inputs in training, of the other sign where they are masked."""
    options = dict(request.arguments)
    signs = {"masked": np.where(options["mask"], 1.0, -1.0)[..., None], "unmasked": 1.0}
    return Observation({f"{way}/{mode}/{mask}": options["inputs"] * (TWICE if mode == "training" else 1.0) * sign
                        for way in WAYS for mode in ("training", "inference") for mask, sign in signs.items()})
