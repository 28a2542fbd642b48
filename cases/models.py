"""Small graphs of layers, as data: the documented models, and how they are trained.

A `Model` is a chain or a graph of `Node`s. Weights are named `NODE/NAME`: for a recurrent node `NODE/` and the
layer's own names (`lstm/0/forward/kernel`), for a dense one `NODE/kernel` (inputs, units) and `NODE/bias` (units,),
for an embedding `NODE/embeddings` (ids, width).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases.layers import Layer, draw_weights, generator, on_grid
from cases.requests import Execution, wired

OPS = ("input", "masking", "embedding", "recurrent", "dense", "dropout")
LOSSES = ("mse", "mae", "categorical_crossentropy", "binary_crossentropy")
OPTIMIZERS = ("sgd", "rmsprop", "adam")


@wired
@dataclass(frozen=True)
class Node:
    """One layer of a model.

    op            options (as (name, value) pairs)             inputs -> output
    input         shape: (time, features) or (time,) for ids    -> (batch, *shape)
    masking       value                                         (batch, time, features) -> the same, and a mask
    embedding     ids, width, mask_zero                         (batch, time) -> (batch, time, width), and a mask
    recurrent     layer: a `Layer`, return_state False          (batch, time, features) -> its outputs
    dense         units, activation                             (..., n) -> (..., units)
    dropout       rate                                          the same
    """

    name: str
    op: str
    options: tuple[tuple[str, Any], ...] = ()
    inputs: tuple[str, ...] = ()

    def __post_init__(self):
        if self.op not in OPS:
            raise ValueError(f"node {self.name}: op={self.op!r}: expected one of {', '.join(OPS)}")

    def __getitem__(self, option: str) -> Any:
        return dict(self.options)[option]


def node(name: str, op: str, *inputs: str, **options: Any) -> Node:
    """A node, its options by keyword."""
    return Node(name, op, tuple(options.items()), inputs)


@wired
@dataclass(frozen=True)
class Model:
    """A graph of nodes in the order of computation; the last node is the output."""

    name: str
    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return self.name


def sequential(name: str, *nodes: Node) -> Model:
    """A chain: each node reads the one before it."""
    chained = [nodes[0]]
    for n in nodes[1:]:
        chained.append(Node(n.name, n.op, n.options, (chained[-1].name,)))
    return Model(name, tuple(chained))


@wired
@dataclass(frozen=True)
class Training:
    """How a model is trained: the optimizer and its hyper-parameters, all of them given, so that no framework's
    default decides; the loss (mean over the batch, and over time steps where targets have them); batches in the
    order of `batches`, one step each. Weights named in `frozen` stay as they are.
    """

    optimizer: str = "sgd"
    hyper: tuple[tuple[str, float], ...] = (("learning_rate", 0.01),)
    loss: str = "mse"
    batches: tuple[tuple[int, ...], ...] = ()
    frozen: tuple[str, ...] = ()

    def __post_init__(self):
        for name, known in (("optimizer", OPTIMIZERS), ("loss", LOSSES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)!r}: expected one of {', '.join(known)}")


@wired
@dataclass(frozen=True, eq=False)
class ModelRequest:
    """One question about a model: build it, give it `weights`, predict `inputs`; if `training`, then train it on
    (`inputs`, `targets`) and predict `inputs` (or `unseen`, if given) again.

    The observation's arrays: `predictions` (before training), `losses` (steps,), `trained` (predictions after
    training), `weights/NAME` (after training), `gradients/NAME` (of the loss over all inputs, before training) when
    "gradients" is wanted. Dropout acts in training only.

    mask: (batch, time) bool given to the first recurrent node, where no node makes one; or None.
    """

    model: Model
    weights: Mapping[str, np.ndarray]
    inputs: np.ndarray
    mask: np.ndarray | None = None
    targets: np.ndarray | None = None
    training: Training | None = None
    unseen: np.ndarray | None = None
    wants: tuple[str, ...] = ("predictions",)
    execution: Execution = field(default_factory=Execution)


@wired
@dataclass(frozen=True, eq=False)
class FunctionRequest:
    """One question about a function of the framework that users call on data, by its own name.

    name        `pad_sequences` (Keras), `pad_sequence` (PyTorch) …
    arguments   name -> value; sequences are tuples of arrays or numbers
    The observation's array: `result`; `facts["dtype"]` its type as the framework gave it.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...]


def draw_model_weights(model: Model, widths: Mapping[str, int], seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights for every node. `widths`: node name -> the size of the last axis of what a dense node reads."""
    weights: dict[str, np.ndarray] = {}
    for n in model.nodes:
        random = generator("model", model.name, n.name, seed)
        if n.op == "recurrent":
            layer: Layer = n["layer"]
            weights.update({f"{n.name}/{k}": v for k, v in draw_weights(layer, seed).items()})
        elif n.op == "dense":
            inputs, units = widths[n.name], n["units"]
            weights[f"{n.name}/kernel"] = on_grid(random.normal(0, 1 / np.sqrt(inputs), (inputs, units)), 14)
            weights[f"{n.name}/bias"] = on_grid(random.uniform(0.05, 0.3, (units,)), 14)
        elif n.op == "embedding":
            weights[f"{n.name}/embeddings"] = on_grid(random.normal(0, 0.5, (n["ids"], n["width"])), 14)
    return weights
