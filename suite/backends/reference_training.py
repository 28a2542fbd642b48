"""What the reference answers about training: schedules, logs, attention."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases import epochs, schedules
from cases.batches import Batch
from cases.families import metrics_by_word, named_outputs
from cases.families.attention import scored
from cases.families.configurations import BESIDE, TELLS
from cases.families.training_logs import CALLS, PENALTY, Data, due
from cases.models import FunctionRequest
from cases.requests import Observation, Request
from suite.backends import moment


def run_steps_given(backend: Any, request: FunctionRequest) -> Observation:
    """Gradients by their rates."""
    options = dict(request.arguments)
    rates, gradients = options["rates"], np.array(options["gradients"])
    due = {"function": -(gradients @ rates), "gathered": -rates[0] * gradients.mean(), "scaled": -rates[0] * gradients.sum()}
    return Observation({name: np.full(2, one) for name, one in due.items()}, facts={"numbers": (1, 1)})


def run_schedule(backend: Any, request: FunctionRequest) -> Observation:
    """The equations, twice."""
    options = dict(request.arguments)
    rates = np.array([schedules.rate(options["kind"], dict(options["options"]), step) for step in range(options["steps"])])
    return Observation({"rates": rates, "again": rates})


def run_epochs(backend: Any, request: FunctionRequest) -> Observation:
    """The equations, however they are come by."""
    asked = dict(request.arguments)
    options = dict(asked["options"])
    rates = np.array([epochs.rates(asked["kind"], {**options, "group": n}, rate, asked["epochs"])
                      for n, rate in enumerate(asked["rates"])])
    momenta = np.array([epochs.momenta(asked["kind"], options, asked["epochs"]) for _ in asked["rates"]])
    return Observation({"rates": rates, "again": rates, "told": rates, "gone_on": rates, "momenta": momenta},
                       facts={"replaced": False, "odd": (), "betas": ()})


def run_restarts(backend: Any, request: FunctionRequest) -> Observation:
    """The equation, at each epoch that is told."""
    asked = dict(request.arguments)
    rates = [epochs.restarted(dict(asked["options"]), asked["rate"], epoch) for epoch in asked["told"]]
    return Observation({"rates": np.array(rates)})


def run_logs(backend: Any, request: FunctionRequest) -> Observation:
    """The sums over the outputs of the described layer and its two readers."""
    options = dict(request.arguments)
    layer, names, heads = options["layer"], options["names"], options["heads"]
    batch = Batch(options["inputs"], None if options["mask"].all() else options["mask"])
    with moment("run"):
        steps = backend.run(Request(layer, options["weights"], batch, wants=("outputs",)))["outputs"].astype("float64")
    there = options["mask"][:, :, None]
    mean = (steps * there).sum(axis=1) / there.sum(axis=1)
    outputs = {"steps": steps}
    for name in ("classes", "flag"):
        reads = mean @ heads[f"{name}/kernel"] + heads[f"{name}/bias"]
        powers = np.exp(reads)
        outputs[name] = powers / powers.sum(axis=-1, keepdims=True) if name == "classes" else powers / (1 + powers)
    outputs = {name: outputs[name] for name in names}
    weights = None if options["sample_weights"] is None else dict(options["sample_weights"])
    data = Data(options["inputs"], options["mask"], dict(options["targets"]), weights)
    penalty = PENALTY * sum(float(np.sum(heads[f"{name}/kernel"] ** 2)) for name in names if name != "steps")
    logs = {f"logs/{call}/{time}/{name}": np.array(value) for call, times in CALLS.items() for time in range(len(times))
            for name, value in due(outputs, data, call, time, options["loss_weights"], options["by_class"], penalty).items()}
    return Observation({f"outputs/{name}": array for name, array in outputs.items()} | logs)


def run_attending(backend: Any, request: FunctionRequest) -> Observation:
    """Attention by dot products, zero for padded queries, under whatever name; by other scores where options say so."""
    options = dict(request.arguments)
    query, value = options["query"], options["value"]
    key = value if options["key"] is None else options["key"]
    rows, steps = query.shape[1], value.shape[1]
    may = np.ones((rows, steps), bool) if options["value_mask"] is None else np.tile(options["value_mask"], (rows, 1))
    may &= True if options["key_mask"] is None else options["key_mask"]
    may &= np.tri(rows, steps, dtype=bool) if options["causal"] else True
    may &= True if options["own"] is None else options["own"]
    more = options.get("options", {})
    additive = options["layer"] == "AdditiveAttention"
    weights = {"scale": np.full(query.shape[-1:], 0.5) if additive else np.array(0.5), "concat_score_weight": np.array(0.75)}
    weights = weights if more.get("use_scale") else {"concat_score_weight": np.array(0.75)}
    kind = options["layer"] if more else "Attention"
    powers = np.exp(scored(kind, query, key, weights, more.get("score_mode", "dot"))) * may
    scores = powers / np.maximum(powers.sum(axis=2, keepdims=True), 1e-30)
    asking = np.ones(rows, bool) if options["query_mask"] is None else options["query_mask"]
    outputs = np.where(asking[:, None], scores @ value, 0.0)
    kept = {f"kept/{name}": options[f"{name}_mask"] for name in ("query", "value") if options[f"{name}_mask"] is not None}
    if "dropout" in more:
        dropped = scores * (np.indices(scores.shape).sum(axis=0) % 2) / (1 - more["dropout"])
        kept |= {"dropped/scores": dropped, "dropped/outputs": dropped @ value}
    kept |= {} if options["query_mask"] is None else {"handed_on": options["query_mask"]}
    return Observation({"outputs": outputs, "scored/outputs": outputs, "as_many": outputs[:1], "scores": scores, **kept,
                        **{f"weights/{name}": array for name, array in weights.items()}})


def run_typed(backend: Any, request: FunctionRequest) -> Observation:
    """The reference has no policies, and says what one would."""
    options = dict(request.arguments)
    policy = options["policy"]
    computing, kept = policy.removeprefix("mixed_"), "float32" if policy.startswith("mixed_") else policy
    inner = options["kind"] == "inner"
    dtypes = {"outputs": computing, "weights/0": "float32" if inner else kept}
    return Observation({"states": np.ones(3), "due": np.ones(3)} if inner else {}, facts={"dtypes": dtypes})


def run_named_outputs(backend: Any, request: FunctionRequest) -> Observation:
    """Sums over the results that have a loss, however they are named."""
    options = dict(request.arguments)
    outputs = backend.run(Request(options["layer"], options["weights"], options["batch"], wants=("outputs",)))["outputs"]
    told = named_outputs.every(outputs, dict(options["targets"]), options["names"], dict(options["by"] or ()) or None,
                               options["shared"])
    listed = np.array([value for name, value in told.items() if name.startswith("shared_")])
    return Observation({"outputs": outputs, "listed": listed, **{f"told/{n}": np.array(value) for n, value in told.items()}})


def run_told_results(backend: Any, request: FunctionRequest) -> Observation:
    """The sum, and each."""
    options = dict(request.arguments)
    losses = [np.abs(options["inputs"] + number - target).mean() for number, target in enumerate(options["targets"])]
    return Observation({"told": np.array([sum(losses), *losses])})


def run_metric_by_word(backend: Any, request: FunctionRequest) -> Observation:
    """The means by hand."""
    options = dict(request.arguments)
    found = metrics_by_word.due(options["outputs"], options["classes"])
    kind = "accuracy" if options["word"].startswith("acc") else "crossentropy"
    return Observation({"loss": np.array(found["crossentropy"]), "metric": np.array(found[kind])})


def run_shared(backend: Any, request: FunctionRequest) -> Observation:
    """A description that is copied is the same."""
    return Observation({"made": np.array([3, 124]), "again": np.array([3, 124]), "outputs/made": np.ones(2),
                        "outputs/again": np.ones(2)},
                       facts={"inputs": {"made": ("ids",), "again": ("ids",)}, "beside": {"made": BESIDE, "again": BESIDE},
                              "paths": {"made": ("read",), "again": ("read",)}, "owned": (),
                              "tells": {"made": TELLS, "again": TELLS},
                              "cells": {"made": 54, "again": 54}, "first": ("input", "output")})


def run_other_halves(backend: Any, request: FunctionRequest) -> Observation:
    """Raises ValueError: a description has one set of options for both directions."""
    with moment("build"):
        raise ValueError(f"{dict(request.arguments)['option']}: one for both directions")


def run_nested_results(backend: Any, request: FunctionRequest) -> Observation:
    """The sum by hand."""
    options = dict(request.arguments)
    targets = dict(options["targets"])
    by = dict(options["by_step"] or {name: np.ones(options["inputs"].shape[:2]) for name in targets})
    loss = named_outputs.loss_of(options["nest"], options["weighted"], options["inputs"], targets, by)
    return Observation({"loss": np.array(loss), "metrics": named_outputs.sizes_of(options["inputs"], targets)})
