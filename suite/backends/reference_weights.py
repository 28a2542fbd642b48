"""Fresh weights, a step of training and losses, as the documentation says: for the reference as a subject."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.embeddings import shortened
from cases.families.initial_weights import documented, expected_bias, glorot
from cases.layers import generator
from cases.models import FunctionRequest, ModelRequest, Training, node, sequential
from cases.requests import Observation, Request

INITIALIZERS = {"kernel": "kernel_initializer", "recurrent_kernel": "recurrent_initializer"}


def run_fresh(backend: Any, request: FunctionRequest) -> Observation:
    """Weights drawn as Keras documents."""
    options = dict(request.arguments)
    layer, asked = options["layer"], options["options"]
    arrays = {}
    for name, shape in layer.weight_shapes().items():
        random = generator("fresh", name, options["seed"])
        kind = name.rsplit("/", 1)[1]
        constant = asked.get(INITIALIZERS.get(kind, "bias_initializer"))
        if constant is not None:
            array = random.uniform(*constant, shape) if isinstance(constant, tuple) else np.full(shape, constant)
        elif kind == "kernel":
            array = random.uniform(-1, 1, shape) * glorot(shape)
        elif kind == "recurrent_kernel":
            array = np.linalg.qr(random.normal(size=(shape[-1], np.prod(shape[:-1]))))[0].T.reshape(shape)
        else:
            array = expected_bias(layer, name)
        if asked.get("unit_forget_bias") and kind == "bias":
            array[layer.units : 2 * layer.units] = 1.0
        arrays[f"weights/{name}"] = array
    merged = not (layer.cell == "gru" and layer.reset_after)
    arrays = {n: a for n, a in arrays.items() if not (merged and n.endswith("/recurrent_bias"))}
    return Observation(arrays, facts={"initial": "keras", "own": tuple(documented(layer, "keras"))})


def run_parameters(backend: Any, request: FunctionRequest) -> Observation:
    """Parameters drawn as PyTorch documents."""
    options = dict(request.arguments)
    layer, bound = options["layer"], 1 / np.sqrt(options["layer"].units)
    named = {name.removesuffix("_l0") if options["form"] == "cell" else name: shape
             for name, shape in documented(layer, "pytorch", options["width"])}
    return Observation({name: generator("parameter", name, options["seed"]).uniform(-bound, bound, shape)
                        for name, shape in named.items()})


def run_embedding(backend: Any, request: FunctionRequest) -> Observation:
    """Rows of a table, and what is added up in them: as PyTorch documents."""
    options = dict(request.arguments)
    ids, table, longest = options["ids"], np.array(options["table"]), options["longest"]
    padding = [] if options["padding"] is None else [options["padding"] % len(table)]
    if options["origin"] == "fresh":
        table = generator("fresh embedding").normal(size=table.shape)
        table[padding] = 0.0
    after, counts = shortened(table, longest, options["norm"]), np.bincount(ids.ravel(), minlength=len(table))[:, None]
    slopes = np.zeros_like(table)
    np.add.at(slopes, ids, options["cotangents"])
    slopes = slopes / (np.maximum(counts, 1) if options["by_frequency"] else 1)
    slopes[padding] = 0.0
    return Observation({"outputs": after[ids], "gradients": slopes, "table": table, "after": after},
                       facts={"frozen": options["origin"] == "pretrained", "sparse": options["sparse"]})


def run_read_back(backend: Any, request: FunctionRequest) -> Observation:
    """What is given."""
    return Observation({f"weights/{n}": a for n, a in dict(request.arguments)["weights"].items()})


def run_bounds(backend: Any, request: FunctionRequest) -> Observation:
    """The equations of NonNeg, of MaxNorm along axis 0, and of L2, on the weights of one cell."""
    options, random = dict(request.arguments), np.random.default_rng(5)
    before = {f"{name} 0": random.normal(size=shape) for name, shape in
              (("kernel", (3, 20)), ("recurrent_kernel", (5, 20)), ("bias", (20,)))}
    after = {name: np.maximum(array, 0.0) for name, array in before.items()}
    norms = np.linalg.norm(before["recurrent_kernel 0"], axis=0)
    after["recurrent_kernel 0"] = before["recurrent_kernel 0"] * np.minimum(1.0, options["most"] / norms)
    loss = sum(options["factors"][name.split(" ")[0]] * np.sum(array**2) for name, array in before.items())
    first = {f"first/{n}": np.full(a.shape, options["filled"][n.split(" ")[0]]) for n, a in before.items()}
    return Observation({"loss": np.array(loss), **first, **{f"before/{n}": a for n, a in before.items()},
                        **{f"after/{n}": a for n, a in after.items()}})


def run_step(backend: Any, request: FunctionRequest) -> Observation:
    """The gradients of the described model, a step against them, and what bounds the weights. An LSTM's and a SimpleRNN's biases
    are one weight here, as in Keras."""
    options = dict(request.arguments)
    layers, batch, punished = options["layers"], options["batch"], options["punished"]
    names = [f"layer{index}" for index in range(len(layers))]
    model = sequential("step", node("x", "input", shape=(batch.time, layers[0].features)),
                       *(node(n, "recurrent", layer=layer) for n, layer in zip(names, layers, strict=True)))
    weights = {f"{n}/{key}": a for n, own in zip(names, options["weights"], strict=True) for key, a in own.items()}
    asked = ModelRequest(model, weights, batch.inputs, batch.mask, options["targets"], Training(), wants=("gradients",))
    seen = backend.reference.run_model(asked, "hold", "float64")
    error = np.mean((seen["predictions"] - options["targets"]) ** 2, axis=-1)[batch.valid].mean()
    arrays, losses = {}, []
    for index, layer in enumerate(layers):
        prefix, merged = f"{names[index]}/0/forward/", layer.cell != "gru"
        for kind in ("kernel", "recurrent_kernel", "bias", *(() if merged else ("recurrent_bias",))):
            before, slope = weights[prefix + kind], seen[f"gradients/{prefix}{kind}"]
            if kind == "bias" and merged:
                before = before + weights[prefix + "recurrent_bias"]
            after = before
            if index:
                factor = punished.get(kind.removesuffix("_kernel"), punished["bias"]) if punished else 0.0
                losses += [factor * np.sum(before**2)] if punished else []
                after = before - options["rate"] * (slope + 2 * factor * before)
                if punished and kind == "recurrent_kernel":
                    after = after * np.minimum(1.0, 0.5 / np.sqrt(np.sum(after**2, axis=0)))
                elif punished:
                    after = np.maximum(after, 0.0)
            arrays |= {f"before/{index}/{kind}": before, f"after/{index}/{kind}": after}
    if len(losses) == 4:  # both biases are one weight of Keras' GRU
        losses = [*losses[:2], losses[2] + losses[3]]
    for when in ("before", "after"):
        for index in range(len(layers)):
            if f"{when}/{index}/recurrent_bias" in arrays:
                pair = [arrays.pop(f"{when}/{index}/{n}") for n in ("bias", "recurrent_bias")]
                arrays[f"{when}/{index}/bias"] = np.stack(pair)
    return Observation({**arrays, "loss": np.array(error + sum(losses)), "error": np.array(error), "losses": np.array(losses)})


def run_masked_loss(backend: Any, request: FunctionRequest) -> Observation:
    """Sums over valid steps, and the layer's gradients of their slopes."""
    options = dict(request.arguments)
    layer, batch, weight = options["layer"], options["batch"], options["sample_weight"]
    valid = batch.valid
    w = np.ones(valid.shape) if weight is None else np.broadcast_to(weight if weight.ndim == 2 else weight[:, None], valid.shape)
    outputs = backend.run(Request(layer, options["weights"], batch))["outputs"].astype("float64")
    off = np.where(valid[:, :, None], outputs - options["targets"], 0.0)
    squares, sizes = np.mean(off**2, axis=-1), np.mean(np.abs(off), axis=-1)
    by = {"sum": 1.0, "sum_over_batch_size": valid.sum(), "mean_with_sample_weight": (w * valid).sum()}[options["reduction"]]
    values, slopes = (sizes, np.sign(off)) if options["loss"] == "mae" else (squares, 2 * off)
    cotangents = {"outputs": slopes * w[:, :, None] / by / layer.units}
    asked = Request(layer, options["weights"], batch.but(cotangents=cotangents), wants=("gradients",))
    found = backend.run(asked).named("gradients/weights")
    arrays = {"outputs": outputs, "loss": np.array((values * w).sum() / by), "plain": np.array(squares.sum() / valid.sum()),
              "metric": np.array((squares * w).sum() / (w * valid).sum())}
    arrays |= {} if weight is None else {"weights": weight.astype("float32")}
    arrays |= {f"{name} on a batch": arrays[name] for name in ("loss", "plain", "metric")}
    return Observation({**arrays, **{f"gradients/{n}": a for n, a in enumerate(found.values())}})
