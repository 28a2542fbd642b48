"""What the reference answers about layers that are applied to every step, and about cells that hold layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Request
from suite.backends import moment


def run_each_step(backend: Any, request: FunctionRequest) -> Observation:
    """A matrix, in place of each of the layers: of one step at a time, and of all steps as further rows."""
    options = dict(request.arguments)
    inside, valid = options["inside"], options["mask"]
    inputs = np.concatenate([a.astype("float64") for a in options["inputs"]], axis=-1)
    if inside == "embedding":
        valid, inputs = inputs != 0, np.eye(7)[inputs.astype(int)]
    matrix = np.cos(np.arange(inputs.shape[-1] * 4.0)).reshape(-1, 4)
    words = inputs.ndim == 4 and inside not in ("sequences", "embedding")

    def layer(given: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, float]:
        kept = given if mask is None or given.ndim == 2 else given * mask[..., None]
        outputs = np.tanh((kept.sum(axis=-2) if words else kept) @ matrix)
        return outputs.astype("float32"), float(np.sum(outputs**2)) if inside == "activity" else 0.0

    with moment("run"):
        masks = [None if valid is None or valid.ndim == 2 else valid[:, t] for t in range(inputs.shape[1])]
        steps = [layer(inputs[:, t], mask) for t, mask in enumerate(masks)]
        folded = inputs.reshape(-1, *inputs.shape[2:])
        together, loss = layer(folded, None if masks[0] is None else valid.reshape(-1, valid.shape[2]))
    together = together.reshape(*inputs.shape[:2], *together.shape[1:])
    count = 3 if inside == "several_results" else 1
    named = {f"alone/{n}": np.stack([one for one, _ in steps], axis=1) for n in range(count)}
    named |= {f"together/{n}": together for n in range(count)}
    named |= {"losses/alone": np.array(sum(loss for _, loss in steps)), "losses/together": np.array(loss)}
    if valid is not None:
        named["mask"] = valid.any(axis=2) if words and valid.ndim == 3 else valid.copy()
    return Observation(named, facts={"dtype": "float32", "dtype_alone": "float32", "count": count})


def run_open_steps(backend: Any, request: FunctionRequest) -> Observation:
    """Sums of what a step holds, of every step and of the first ones alone."""
    options = dict(request.arguments)
    inputs = options["inputs"].reshape(*options["inputs"].shape[:2], -1).sum(axis=-1)
    return Observation({"alone": inputs, **{f"together/{n}": inputs[:, :n] for n in options["lengths"]}})


def run_told_steps(backend: Any, request: FunctionRequest) -> Observation:
    """Twice, where they are valid."""
    options = dict(request.arguments)
    return Observation({"told": 2 * options["inputs"].astype("float32") * options["mask"][:, :, None]})


def run_drawn_steps(backend: Any, request: FunctionRequest) -> Observation:
    """Numbers drawn for every element."""
    shape = dict(request.arguments)["shape"]
    return Observation({"drawn": np.random.default_rng(0).integers(0, 2, shape) * 2.0, "given": np.ones(shape)})


def run_held_drawn(backend: Any, request: FunctionRequest) -> Observation:
    """The last inputs, some of them dropped."""
    last, random = dict(request.arguments)["inputs"][:, -1], np.random.default_rng(0)
    drawn = {name: last[:rows] * random.integers(0, 2, last[:rows].shape) * 2.0
             for name, rows in (("first", len(last)), ("again", len(last)), ("fewer", len(last) - 1))}
    return Observation({"inference": last, **drawn})


def run_held_counted(backend: Any, request: FunctionRequest) -> Observation:
    """Sums of squares and means, of one step after the other and of all together."""
    options = dict(request.arguments)
    inputs = options["inputs"].astype("float64")
    loss = options["held"] == "activity"
    steps = [(np.sum(inputs[:, t] ** 2), inputs[:, t].mean(axis=0)) for t in range(inputs.shape[1])]
    by_hand = {"losses": sum(one for one, _ in steps) if loss else 0.0, "statistics": sum(mean for _, mean in steps)}
    loop = {"losses": np.sum(inputs**2) if loss else 0.0, "statistics": inputs.sum(axis=1).mean(axis=0)}
    named = {f"{how}/{n}": np.array(a) for how, each in (("by_hand", by_hand), ("loop", loop)) for n, a in each.items()}
    return Observation({**named, "by_hand/outputs": inputs[:, -1], "loop/outputs": inputs[:, -1], "before": np.zeros(1)})


def run_held_trained(backend: Any, request: FunctionRequest) -> Observation:
    """A matrix behind the last step, trained once."""
    options = dict(request.arguments)
    last, targets = options["inputs"][:, -1].astype("float64"), options["targets"]
    before = np.eye(last.shape[1])
    after = before - 0.1 * last.T @ (last @ before - targets)
    return Observation({"before": before, "after": after, "predictions": last @ after})


def run_masked_number(backend: Any, request: FunctionRequest) -> Observation:
    """Every step whose features are all the number is masked."""
    options = dict(request.arguments)
    mask = (options["inputs"] != options["number"]).any(axis=2)
    return Observation({"outputs": np.where(mask[:, :, None], options["inputs"], 0.0), "mask": mask})


def run_whole_sequences(backend: Any, request: FunctionRequest) -> Observation:
    """Alignments counted one by one: the sum of the probabilities of all that give the labels."""
    options, losses = dict(request.arguments), []
    for scores, targets in zip(options["inputs"], options["targets"], strict=True):
        chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        sums: dict[tuple[int, ...], float] = {(): 1.0}
        for each in chances:
            further: dict[tuple[int, ...], float] = {}
            for read, chance in sums.items():
                last = read[-1] if read else 0
                for label, one in enumerate(each):
                    now = read if label == last and read else (*read, label)
                    further[now] = further.get(now, 0.0) + chance * one
            sums = further
        wanted = tuple(t for t in targets if t)
        losses.append(-np.log(sum(chance for read, chance in sums.items() if tuple(n for n in read if n) == wanted)))
    return Observation({name: np.array(np.mean(losses)) for name in ("plain", "masked")})


def run_quantized(backend: Any, request: FunctionRequest) -> Observation:
    """Weights rounded to 127 parts of the largest one, before and after."""
    options, found = dict(request.arguments), {}
    for name in ("before", "after"):
        weights = options["weights"] if name == "before" else {
            n: np.round(127 * a / np.abs(a).max()) / 127 * np.abs(a).max() for n, a in options["weights"].items()}
        with moment("run"):
            seen = backend.run(Request(options["layer"], weights, options["batch"], wants=("outputs", "states")))
        found |= {f"{name}/{n}": a for n, a in seen.arrays.items() if n == "outputs" or n.startswith("states")}
    return Observation({**found, "alone/outputs": found["after/outputs"][:1]})


def run_recomputed(backend: Any, request: FunctionRequest) -> Observation:
    """A layer trained once, and once more from the start."""
    options = dict(request.arguments)
    found = {}
    for name in ("plain", "recomputed"):
        with moment("run"):
            seen = backend.run(Request(options["layer"], options["weights"], options["batch"], wants=("gradients",)))
        found |= {f"{name}/{n}": options["weights"][n] - 0.1 * g for n, g in seen.named("gradients/weights").items()
                  for n in [n.removeprefix("gradients/weights/")]}
    return Observation(found)


def run_masked_metric(backend: Any, request: FunctionRequest) -> Observation:
    """Mean squares of differences, of the valid steps and of all."""
    options = dict(request.arguments)
    scores, targets, mask = options["scores"] + options["offset"], options["targets"], options["mask"]
    squares = ((scores - (targets if targets.ndim == 3 else targets[:, :, None])) ** 2).mean(axis=2)
    weights = mask / mask.sum()
    return Observation({"metric": np.array((squares * weights).sum()), "valid": np.array(squares[mask].mean()),
                        "all": np.array(squares.mean())})


def run_quantized_bare(backend: Any, request: FunctionRequest) -> Observation:
    """The first row of the layer."""
    options = dict(request.arguments)
    seen = backend.run(Request(options["layer"], options["weights"], options["batch"], wants=("outputs",)))
    return Observation({"outputs": seen["outputs"][0]})
