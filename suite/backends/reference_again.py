"""What the reference answers of parts that are made again, of masks of one call, of half precision, and of few rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.batches import Batch
from cases.families.found_by_name import HELD, PLACES
from cases.families.half_ranges import LAYERS
from cases.families.rare_optimizers import apart, stepped
from cases.layers import Layer
from cases.models import FunctionRequest
from cases.requests import Observation, Request, Unsupported
from suite.backends import moment


def run_made_again(backend: Any, request: FunctionRequest) -> Observation:
    """A number of the options, which are all there is to a part."""
    value = np.array(len(str(dict(request.arguments)["options"])), "float32")
    return Observation({"made": value, "again/configuration": value, "again/words": value, "plain": np.zeros_like(value)})


def run_found_parts(backend: Any, request: FunctionRequest) -> Observation:
    """One part, which is found."""
    return Observation({}, facts={"asked": 1, "classes": (), "functions": ()})


def run_own_names(backend: Any, request: FunctionRequest) -> Observation:
    """What is to come."""
    return Observation({}, facts={"came": tuple(("activations", *each) for each in PLACES.items())})


def run_own_parts_named(backend: Any, request: FunctionRequest) -> Observation:
    """What is named."""
    return Observation({}, facts={"parts": tuple((way, part, "own") for way, parts in HELD.items() for part in parts)})


def run_stateless_steps(backend: Any, request: FunctionRequest) -> Observation:
    """Steps along the gradients."""
    options = dict(request.arguments)
    steps = options["weights"] - np.cumsum(options["gradients"], axis=0)
    return Observation({"steps": steps, "due": steps, "given": options["weights"], "kept": options["weights"]})


def run_typed_again(backend: Any, request: FunctionRequest) -> Observation:
    """Every part computes in the dtype that it is given."""
    return Observation({}, facts=dict.fromkeys(("made", "configuration", "words"), dict(request.arguments)["dtype"]))


def run_given_mask(backend: Any, request: FunctionRequest) -> Observation:
    """The sum of valid steps."""
    options = dict(request.arguments)
    fresh, masked = (options["inputs"] * each for each in (1.0, options["mask"][:, :, None]))
    return Observation({"fresh": fresh.sum(axis=1), "masked": masked.sum(axis=1), "again": fresh.sum(axis=1),
                        "carried": np.array(False)})


def run_judged_halves(backend: Any, request: FunctionRequest) -> Observation:
    """How far predictions are from targets, of the same numbers twice."""
    options, arrays = dict(request.arguments), {}
    for place, (targets, predictions) in ((n, options["shares"]) for n in options["names"]):
        arrays |= {f"{which}/{place}": np.array(np.mean(np.abs(targets - predictions))) for which in ("half", "full")}
    for name in options["numbers"]:
        targets, predictions = options["far"]
        arrays |= {f"{which}/far/{name}": np.array(np.mean(np.square(targets - predictions))) for which in ("half", "full")}
    return Observation(arrays)


def run_half_range(backend: Any, request: FunctionRequest) -> Observation:
    """The equation, rounded once."""
    options = dict(request.arguments)
    masked = options["valid"] < options["inputs"].shape[1]
    equation = next(each for layer, more, partly, each in LAYERS.values()
                    if (layer, more, partly) == (options["layer"], options["options"], masked))
    outputs = np.array(equation(options["inputs"]), "float16")
    return Observation({"outputs": outputs, "of float32": outputs})


def run_attending_nothing(backend: Any, request: FunctionRequest) -> Observation:
    """The mean of what may be read, of nothing zero."""
    options = dict(request.arguments)
    mask = options["mask"][:, :, None]
    mean = (options["inputs"] * mask).sum(axis=1, keepdims=True) / np.maximum(1, mask.sum(axis=1, keepdims=True))
    return Observation({"outputs": mean + 0 * options["inputs"], "gradients": mask + 0 * options["inputs"]})


def run_few_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Sums over steps, of inputs of which every other feature is dropped in training, another half in each call."""
    inputs = dict(request.arguments)["inputs"]
    kept = np.arange(inputs.shape[2]) % 2
    plain, first, second = ((inputs * each).sum(axis=1) for each in (1, 2 * kept, 2 - 2 * kept))
    return Observation({"plain": plain, "idle": plain, "first": first, "second": second})


def run_optional(backend: Any, request: FunctionRequest) -> Observation:
    """Two numbers, and the square of one."""
    return Observation({f"{who}/{name}": np.array(value) for who in ("made", "again", "between")
                        for name, value in (("with", 2.0), ("without", 3.0))}
                       | {"told": np.array(9.0), "needed": np.ones(2, "int32")})


def run_alone(backend: Any, request: FunctionRequest) -> Observation:
    """A description keeps an option that is given alone."""
    return Observation({}, facts={"options": (("bias", "False", "False", "False"),), "own": ("bias",)})


def run_whole_configurations(backend: Any, request: FunctionRequest) -> Observation:
    """A description has every option that it is made with."""
    made = Layer("lstm", 3, 5, bias=False)
    told = tuple(("LSTM", name, *(str(getattr(one, name)) for one in (made, made, made.but()))) for name in ("units", "bias"))
    return Observation({}, facts={"lost": (), "kept": told, "left": (("LSTM", "use_cudnn", "a description has no kernel"),),
                                   "named": (("LSTM", "cases.layers"),)})


def run_adapted_again(backend: Any, request: FunctionRequest) -> Observation:
    """The same numbers twice."""
    trained = np.array(2 + (dict(request.arguments)["layer"] != "Embedding"))
    arrays = {"": np.ones((2, 3)), "moved/": np.full((2, 3), 0.5), "trained/": trained}
    found = {f"{place}{name}": array for place, array in arrays.items() for name in ("made", "again")}
    return Observation(found | {"read": arrays[""]})


def run_adapted_thawed(backend: Any, request: FunctionRequest) -> Observation:
    """Two weights are trained, or none."""
    return Observation({"trained/before": np.array(2), "trained/frozen": np.array(0), "trained/thawed": np.array(2),
                        "matrix/before": np.ones((2, 3)), "matrix/after": np.ones((2, 3)), "moved": np.ones(2)})


def run_cut_model(backend: Any, request: FunctionRequest) -> Observation:
    """A sum, and its parts."""
    given = np.arange(6.0).reshape(2, 3)
    parts = given[:, :1].sum(axis=1) + given[:, 1:].sum(axis=1)
    return Observation({"whole": given.sum(axis=1), "parts": parts, "function": parts, "refused": np.array(1)},
                       facts=dict.fromkeys(("begins", "ends"), "float64"))


def run_own_steps(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers by their place, 10 more in a test."""
    names = dict(request.arguments)["names"]
    starts = {"fit": 0.0, "validated": 10.0, "evaluated": 10.0}
    return Observation({how: start + np.arange(len(names)) for how, start in starts.items()},
                       facts={how: tuple(f"val_{n}" if how == "validated" else n for n in names) for how in starts})


def run_later_policy(backend: Any, request: FunctionRequest) -> Observation:
    """What a policy of mixed dtypes says."""
    policy = dict(request.arguments)["dtype"]
    return Observation({}, facts={"policy": policy, "outputs": policy.removeprefix("mixed_"), "weights": "float32"})


def run_wrong_table(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError where sizes are others."""
    options = dict(request.arguments)
    with moment("build"):
        if np.shape(options["weights"]) != options["sizes"]:
            raise ValueError(f"a table of {np.shape(options['weights'])}, expected {options['sizes']}")
    return Observation({"table": np.array(options["weights"])})


def run_turned_halves(backend: Any, request: FunctionRequest) -> Observation:
    """Each layer alone, the backward one's outputs in the order of time."""
    options, found = dict(request.arguments), []
    for way, weights in zip(("backward", "forward"), options["weights"], strict=True):
        layer = Layer(options["cell"], options["inputs"].shape[2], options["units"], direction=way)
        seen = backend.run(Request(layer, weights, Batch(options["inputs"]), wants=("outputs",)))["outputs"]
        found.append(seen[:, ::-1] if way == "backward" else seen)
    return Observation({"outputs": np.concatenate(found, axis=-1)})


def run_mask_goes_first(backend: Any, request: FunctionRequest) -> Observation:
    """Every step times what is valid."""
    options = dict(request.arguments)
    outputs = options["inputs"] * options["mask"][:, :, None]
    return Observation({"outputs": outputs, "due": outputs, "mask": options["mask"]})


def run_cast_mask(backend: Any, request: FunctionRequest) -> Observation:
    """The mask as it is."""
    return Observation({"mask": dict(request.arguments)["mask"]})


def run_frozen_model(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is trained."""
    return Observation({"weights": np.array(3), "trained": np.array(0), "again": np.array(0)})


def run_frozen_drop(backend: Any, request: FunctionRequest) -> Observation:
    """Every other number is dropped, another half in each call."""
    kept, plain = np.arange(6) % 2, np.arange(1.0, 7.0)
    return Observation({"plain": plain, "idle": plain, "first": 2 * kept * plain, "second": (2 - 2 * kept) * plain})


def run_frozen_file(backend: Any, request: FunctionRequest) -> Observation:
    """Three weights, as they were."""
    return Observation({f"{name}/{n}": np.arange(2.0) + n for name in ("saved", "loaded") for n in range(3)})


def run_adapted_scaled(backend: Any, request: FunctionRequest) -> Observation:
    """The equation."""
    options = dict(request.arguments)
    inputs = np.array([0, 2, 1]) if options["layer"] == "Embedding" else np.arange(6.0).reshape(2, 3)
    a, b = np.linspace(-1.0, 1.0, 6).reshape(3, 2), np.linspace(0.5, 1.0, 8).reshape(2, 4)
    moved = (a[inputs] if options["layer"] == "Embedding" else inputs @ a) @ b
    trained = np.array(2 + (options["layer"] != "Embedding"))
    return Observation({"trained": trained, "inputs": inputs, "a": a, "b": b,
                        "moved": options["alpha"] / options["rank"] * moved})


def run_three_masks(backend: Any, request: FunctionRequest) -> Observation:
    """The greatest or smallest valid number, a product of the valid ones, or a sum; valid where any is."""
    options = dict(request.arguments)
    masks, inputs = options["masks"], options["inputs"].astype("float32")
    valid = np.stack([np.ones(inputs.shape[1:3], bool) if mask is None else mask if mask.ndim == 2 else mask.any(axis=2)
                      for mask in masks])
    far = np.where(valid[..., None], inputs, np.inf if options["kind"] == "Minimum" else -np.inf)
    outputs = {"Maximum": far.max(axis=0), "Minimum": far.min(axis=0),
               "Multiply": np.where(valid[..., None], inputs, 1.0).prod(axis=0)}.get(options["kind"], inputs.sum(axis=0))
    return Observation({"outputs": outputs} | ({} if any(m is None for m in masks) else {"mask": valid.any(axis=0)}))


def run_masked_numbers(backend: Any, request: FunctionRequest) -> Observation:
    """Steps of nothing but the number are zero, and masked."""
    options = dict(request.arguments)
    valid = (options["inputs"] != options["number"]).any(axis=2)
    return Observation({"outputs": options["inputs"] * valid[:, :, None], "mask": valid, "given": options["inputs"]})


def run_both_reset(backend: Any, request: FunctionRequest) -> Observation:
    """Sums, that are carried once."""
    first = dict(request.arguments)["inputs"].sum(axis=1)
    each = {"first": first, "carried": 2 * first, "reset": first}
    runs = {f"{start}{name}": one for start in ("", "last/") for name, one in each.items()}
    return Observation({**runs, "told": first, "held": first})


def run_one_row(backend: Any, request: FunctionRequest) -> Observation:
    """Half of the features, steps or numbers."""
    options = dict(request.arguments)
    rows, columns = np.indices(options["inputs"].shape[1:]) % 2
    kept = {"steps": rows, "numbers": rows * columns}.get(options["kind"], columns)
    return Observation({"outputs": 2 * kept * options["inputs"]})


def run_rows_alone(backend: Any, request: FunctionRequest) -> Observation:
    """A sum of each row."""
    sums = dict(request.arguments)["inputs"][0].reshape(3, -1).sum(axis=1)
    return Observation({"batch": sums} | {f"alone/{row}": sums[row : row + 1] for row in (0, 2)})


def run_named_inputs(backend: Any, request: FunctionRequest) -> Observation:
    """Each result is its own number."""
    return Observation({f"{due}{name}": np.array(value) for due in ("", "due/") for name, value in (("z", 1.0), ("b", 2.0))})


def run_losses_added(backend: Any, request: FunctionRequest) -> Observation:
    """The mean over valid steps, and the sum of what is added."""
    options = dict(request.arguments)
    valid = np.arange(options["inputs"].shape[1]) < options["lengths"][:, None]
    own = sum(sum(added) + options["penalty"] for added in options["added"])
    loss = np.array((options["inputs"][valid] ** 2).mean() + own)
    return Observation({"loss": loss, "trained": loss, "once": np.array(own),
                        "twice": np.array(2 * sum(options["added"][0]) + options["penalty"])})


def run_added_by_models(backend: Any, request: FunctionRequest) -> Observation:
    """The mean over steps that are not padding, and the penalty of all."""
    options = dict(request.arguments)
    inputs = options["inputs"]
    valid = (inputs != options["fill"]).any(axis=-1)
    loss = np.array((inputs[valid] ** 2).mean() + options["penalty"] * inputs.sum() / len(inputs))
    arrays = {"loss": loss, "inside": np.array(inputs.mean()), "held": np.array(2 * inputs.mean()),
              "half": np.array(inputs.mean())}
    return Observation(arrays, facts={"read": "float64", "due": "float64", "names": tuple(sorted(arrays)), "trains": (False,)})


def run_nested_masks(backend: Any, request: FunctionRequest) -> Observation:
    """Every sequence where its mask is, and the mask."""
    options, found = dict(request.arguments), {}
    for number, (one, mask) in enumerate(zip(options["inputs"], options["masks"], strict=True)):
        found |= {f"outputs/{number}": one if mask is None else one * mask[:, :, None]}
        found |= {} if mask is None else {f"mask/{number}": mask}
    return Observation(found | {"turned": ~options["masks"][0], "bare": np.zeros(2, bool)})


def run_stepped(backend: Any, request: FunctionRequest) -> Observation:
    """The steps of the equation."""
    options = dict(request.arguments)
    return Observation(stepped(options["optimizer"], options["weights"], options["gradients"]))


def run_stepped_apart(backend: Any, request: FunctionRequest) -> Observation:
    """The steps of each equation."""
    options = dict(request.arguments)
    return Observation(apart(options["weights"], options["gradients"]))


def run_distilled(backend: Any, request: FunctionRequest) -> Observation:
    """Sums over steps: the student's are those of the teacher, a half more."""
    options = dict(request.arguments)
    teacher, penalty = options["inputs"].sum(axis=1), 0.5 * (options["of"] == "penalty")
    student, of = 1.5 * teacher, options["of"]
    own = np.mean((student - options["targets"]) ** 2, axis=1) * (options["samples"] if of == "samples" else 1.0)
    apart = np.mean((student - teacher) ** 2) * (options["worth"] if of == "worth" else 1.0)
    arrays = {f"{kind}/{name}": array for kind in ("features", "outputs") for name, array in
              (("student", student), ("teacher", teacher))}
    loss = options["share"] * np.mean(own) + (1 - options["share"]) * apart + penalty
    return Observation({**arrays, "loss": np.array(loss), "penalty": np.array(penalty)})


def run_lent_weights(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers, and their averages, lent for one sum."""
    weights, averages = np.arange(2.0), np.arange(2.0) / 2
    return Observation({"answer": averages, "due": averages, "weights/before": weights, "weights/after": weights,
                        "averages/before": averages, "averages/after": averages})


def run_edited_file(backend: Any, request: FunctionRequest) -> Observation:
    """The same numbers twice."""
    return Observation({f"{name}/{n}": np.arange(2.0) + n for name in ("written", "read") for n in range(3)})


def run_without_card(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """The layer's own answer, from one kernel that is called where its conditions hold."""
    asked = dict(request.arguments)["request"]
    if isinstance(asked, Request) and asked.layer.dtype.startswith("mixed"):
        return Unsupported("the reference computes in one precision")
    seen = backend.run(asked) if isinstance(asked, Request) else backend.run_function(asked)
    fits = not isinstance(asked, Request) or (
        asked.execution.kernel == "fused" and asked.layer.bias and asked.layer.reset_after
        and (asked.layer.activation, asked.layer.recurrent_activation) == ("tanh", "sigmoid"))
    return Observation(seen.arrays, seen.kernel, facts={**seen.facts, "calls": int(fits)})
