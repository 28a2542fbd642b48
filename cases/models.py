"""Small graphs of layers, as data: the documented models, and how they are trained.

A `Model` is a chain or a graph of `Node`s. Weights are named `NODE/NAME`: for a recurrent node `NODE/` and the
layer's own names (`lstm/0/forward/kernel`), for a dense one `NODE/kernel` (inputs, units) and `NODE/bias` (units,),
for a convolution `NODE/kernel` (*size, inputs, filters) and `NODE/bias` (filters,), for an embedding `NODE/embeddings`
(ids, width), for a crf `NODE/transitions` (tags, tags), `NODE/start` and `NODE/end` (tags,), for a batch_norm `NODE/gamma`,
`NODE/beta`, `NODE/moving_mean`, `NODE/moving_variance` (features,). A
time_distributed node's weights have the names of the layer inside. Images are (height, width, channels).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases.layers import Layer, draw_weights, generator, on_grid
from cases.optimizers import OPTIMIZERS
from cases.requests import Execution, wired

OPS = (
    "input", "masking", "embedding", "recurrent", "dense", "dropout", "activation", "batch_norm", "time_distributed",
    "conv1d", "conv2d", "conv3d", "max_pool1d", "max_pool2d", "flatten", "reshape", "permute", "repeat_vector", "slice",
    "add", "multiply", "concatenate", "dot", "crf",
)
JOINS = ("add", "multiply", "concatenate", "dot")
KEEPS_MASK = ("dense", "dropout", "activation", "batch_norm", "time_distributed", *JOINS[:3], "crf")
"""Nodes that leave the time axis where it is, and pass its mask on."""
RUNS = ("usual", "eager", "traced", "xla")
LOSSES = ("mse", "mae", "categorical_crossentropy", "binary_crossentropy", "crf")


@wired
@dataclass(frozen=True)
class Node:
    """One layer of a model.

    op                options (as (name, value) pairs)             inputs -> output
    input             shape, without the batch; rows, where their  -> (batch, *shape)
                      number is declared
    masking           value                                        (batch, time, features) -> the same, and a mask
    embedding         ids, width, mask_zero, padding_idx (row 0    (batch, time) -> (batch, time, width), and a mask
                      gets no gradient; PyTorch's, False)          where mask_zero
    recurrent         layer: a `Layer`, return_state False         (batch, time, features) -> its outputs; further
                                                                   inputs are its initial states, (batch, units)
                                                                   each, in the order of `Layer.state_keys()`.
                                                                   A ConvLSTM: (batch, time, *space, channels) ->
                                                                   (batch, time, *places, filters)
    dense             units, activation                            (..., n) -> (..., units)
    dropout           rate                                         the same
    activation        activation                                   the same
    batch_norm        epsilon, momentum (0.99): how much of the    the same. In training the statistics of the batch, all
                      moving averages a step keeps,                axes but the last; the moving ones follow them. Else
                      moving_variance: biased (Keras), or          the moving ones
                      unbiased (PyTorch)
    time_distributed  layer: a `Node`, without inputs              (batch, time, ...) -> (batch, time, *its output)
    conv1d            filters, size (k,), padding, activation      (batch, time, n) -> (batch, time', filters)
    conv2d            filters, size (h, w), padding, activation    (batch, h, w, n) -> (batch, h', w', filters)
    conv3d            filters, size (t, h, w), padding, activation (batch, t, h, w, n) -> (batch, t', h', w', filters)
    max_pool1d        size (k,): windows side by side              (batch, time, n) -> (batch, time // k, n)
    max_pool2d        size (h, w)                                  (batch, h, w, n) -> (batch, h', w', n)
    flatten                                                        (batch, ...) -> (batch, n)
    reshape           shape, without the batch                     (batch, ...) -> (batch, *shape)
    permute           dims: axes counted from 1                    (batch, a, b) -> (batch, b, a) for (2, 1)
    repeat_vector     times                                        (batch, n) -> (batch, times, n)
    slice             start, stop (None: to the end), form:        (batch, time, ...) -> (batch, stop - start, ...)
                      getitem, or lambda (a layer of its own)
    add, multiply                                                  equal shapes -> the same
    concatenate       axis: the batch's is 0                       equal but for this axis -> joined
    dot               axes: (of the first, of the second)          (batch, a, n), (batch, b, n) -> (batch, a, b): (2, 2)
    crf               tags: holds a linear-chain CRF, which the  the emissions (batch, time, tags) as they are
                      loss `crf` reads; the last node

    padding is `valid` or `same`; convolutions have stride 1.
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


def recurrent_layers(model: Model) -> list[Layer]:
    """The layers of the recurrent nodes, those inside time_distributed ones among them."""
    inner = [n["layer"] if n.op == "time_distributed" else n for n in model.nodes]
    return [n["layer"] for n in inner if n.op == "recurrent"]


@wired
@dataclass(frozen=True)
class Training:
    """How a model is trained: the optimizer and its hyper-parameters, all of them given, so that no framework's default
    decides, or none where the framework's `own` defaults are what is asked about; the loss (mean over the batch, and over
    time steps where targets have them); batches in the order of `batches`, one step each, `epochs` times over. Weights named
    in `frozen` stay as they are. With rows of `validation`, which are those of the inputs that it looks at after each
    epoch, the weights with the least loss there are saved to a file, and loaded from it at the end. `run`: as the framework
    usually does, eagerly, traced and not compiled further, or compiled by XLA.
    """

    optimizer: str = "sgd"
    hyper: tuple[tuple[str, float], ...] = (("learning_rate", 0.01),)
    loss: str = "mse"
    batches: tuple[tuple[int, ...], ...] = ()
    frozen: tuple[str, ...] = ()
    own: bool = False
    epochs: int = 1
    validation: tuple[int, ...] = ()
    run: str = "usual"

    @property
    def steps(self) -> tuple[tuple[int, ...], ...]:
        """The rows of every step, in order."""
        return self.batches * self.epochs

    def __post_init__(self):
        if self.own and self.hyper:
            raise ValueError(f"hyper={self.hyper}: the framework's own defaults decide, so give none")
        for name, known in (("optimizer", OPTIMIZERS), ("loss", LOSSES), ("run", RUNS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)!r}: expected one of {', '.join(known)}")


@wired
@dataclass(frozen=True, eq=False)
class ModelRequest:
    """One question about a model: build it, give it `weights`, predict `inputs`; if `training`, then train it on
    (`inputs`, `targets`) and predict `inputs` (or `unseen`, if given) again.

    The observation's arrays: `predictions` (before training) when they are wanted, `losses` (steps,), `trained` (predictions
    after training), `weights/NAME` (after training); when "gradients" is wanted, `loss`, that of all inputs before training,
    and its `gradients/NAME`. Where there are rows of validation: `validation` (epochs,), the losses there, `saved`, the
    predictions of `inputs` when the best weights were saved, and `loaded`, with these loaded again. Dropout acts in training
    only.

    inputs, unseen: one array, or node -> array where the model has several input nodes.
    mask: (batch, time) bool given to the first recurrent node, where no node makes one; or None.
    wants: predictions, gradients; or nothing, where the facts alone are asked for (shapes, parameters), and no training is.
    """

    model: Model
    weights: Mapping[str, np.ndarray]
    inputs: np.ndarray | Mapping[str, np.ndarray]
    mask: np.ndarray | None = None
    targets: np.ndarray | None = None
    training: Training | None = None
    unseen: np.ndarray | Mapping[str, np.ndarray] | None = None
    wants: tuple[str, ...] = ("predictions",)
    execution: Execution = field(default_factory=Execution)


def named_inputs(model: Model, inputs: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Input node -> its array. Raises ValueError where the names are not those of the model's input nodes."""
    names = [n.name for n in model.nodes if n.op == "input"]
    found = dict(inputs) if isinstance(inputs, Mapping) else {names[0]: inputs}
    if sorted(found) != sorted(names):
        raise ValueError(f"inputs for {', '.join(found)}: the model's input nodes are {', '.join(names)}")
    return {name: found[name] for name in names}


def rows_of(inputs: np.ndarray | Mapping[str, np.ndarray], rows: Any) -> np.ndarray | dict[str, np.ndarray]:
    """Some rows of the batch, of every input."""
    if isinstance(inputs, Mapping):
        return {name: array[rows] for name, array in inputs.items()}
    return inputs[rows]


@wired
@dataclass(frozen=True, eq=False)
class FunctionRequest:
    """One question about a function of the framework that users call on data, by its own name.

    name        `pad_sequences` (Keras), `pad_sequence` (PyTorch) …; `batch`: sequences joined to one tensor as they are
    arguments   name -> value; sequences are tuples of arrays or numbers
    The observation's array: `result`; `facts["dtype"]` its type as the framework gave it.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...]


def draw_model_weights(model: Model, widths: Mapping[str, int] | None = None, seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights for every node. `widths`: node name -> the size of the last axis of what a node reads, where it
    does not follow from the shapes."""
    known = output_shapes(model)
    weights: dict[str, np.ndarray] = {}
    for n in model.nodes:
        random = generator("model", model.name, n.name, seed)
        inputs = (widths or {}).get(n.name) or (known[n.inputs[0]][-1] if n.inputs and known[n.inputs[0]] else None)
        weights.update(_drawn(n.name, n, inputs, random, seed))
    return weights


def _drawn(name: str, n: Node, inputs: int | None, random: np.random.Generator, seed: int) -> dict[str, np.ndarray]:
    """The weights of one node, called `name`; `inputs` is the size of the last axis that it reads."""
    if n.op == "time_distributed":
        return _drawn(name, n["layer"], inputs, random, seed)
    if n.op == "recurrent":
        return {f"{name}/{k}": v for k, v in draw_weights(n["layer"], seed).items()}
    if n.op == "embedding":
        return {f"{name}/embeddings": on_grid(random.normal(0, 0.5, (n["ids"], n["width"])), 14)}
    if n.op == "batch_norm":
        ranges = {"gamma": (0.5, 1.5), "beta": (-0.3, 0.3), "moving_mean": (-0.3, 0.3), "moving_variance": (0.5, 1.5)}
        return {f"{name}/{k}": on_grid(random.uniform(*between, inputs), 14) for k, between in ranges.items()}
    if n.op == "crf":
        shapes = {"transitions": (n["tags"], n["tags"]), "start": (n["tags"],), "end": (n["tags"],)}
        return {f"{name}/{k}": on_grid(random.normal(0, 0.5, shape), 14) for k, shape in shapes.items()}
    if n.op in ("dense", "conv1d", "conv2d", "conv3d"):
        units = n["units"] if n.op == "dense" else n["filters"]
        shape = (inputs, units) if n.op == "dense" else (*n["size"], inputs, units)
        return {
            f"{name}/kernel": on_grid(random.normal(0, 1 / np.sqrt(np.prod(shape[:-1])), shape), 14),
            f"{name}/bias": on_grid(random.uniform(0.05, 0.3, (units,)), 14),
        }
    return {}


Shape = tuple[int | None, ...]


def output_shapes(model: Model) -> dict[str, Shape]:
    """Node -> the shape of its output, without the batch; None where it is open. Raises ValueError, with both shapes,
    where a node cannot read what it is given."""
    shapes: dict[str, Shape] = {}
    for n in model.nodes:
        shapes[n.name] = output_shape(n, *(shapes[name] for name in n.inputs))
    return shapes


def output_shape(n: Node, *given: Shape) -> Shape:
    """The shape of what a node gives for what it is given, both without the batch."""
    if n.op == "input":
        return tuple(n["shape"])
    first = given[0]
    axes = {"recurrent": 2, "conv1d": 2, "max_pool1d": 2, "conv2d": 3, "max_pool2d": 3, "conv3d": 4, "repeat_vector": 1}
    needed = axes.get(n.op)
    needed = 2 + n["layer"].convolution.rank if n.op == "recurrent" and n["layer"].convolution else needed
    if needed is not None and len(first) != needed:
        raise ValueError(f"node {n.name} reads {needed + 1} axes with the batch: found {('batch', *first)}")
    if n.op == "embedding":
        return (*first, n["width"])
    if n.op == "recurrent":
        layer: Layer = n["layer"]
        width = (layer.width,)
        if layer.convolution is not None:
            width = (*layer.convolution.places, layer.convolution.channels(layer.width, layer.convolution.places))
        return (first[0], *width) if layer.return_sequences else width
    if n.op == "dense":
        return (*first[:-1], n["units"])
    if n.op == "time_distributed":
        return (first[0], *output_shape(n["layer"], first[1:]))
    if n.op in ("conv1d", "conv2d", "conv3d"):
        lost = [k - 1 if n["padding"] == "valid" else 0 for k in n["size"]]
        return (*(d if d is None else d - less for d, less in zip(first, lost, strict=False)), n["filters"])
    if n.op in ("max_pool1d", "max_pool2d"):
        return (*(d if d is None else d // k for d, k in zip(first, n["size"], strict=False)), first[-1])
    if n.op == "flatten":
        return (None if None in first else int(np.prod(first)),)
    if n.op == "reshape":
        if None not in first and np.prod(first) != np.prod(n["shape"]):
            raise ValueError(f"node {n.name}: {first} does not reshape to {tuple(n['shape'])}")
        return tuple(n["shape"])
    if n.op == "permute":
        return tuple(first[d - 1] for d in n["dims"])
    if n.op == "repeat_vector":
        return (n["times"], *first)
    if n.op == "slice":
        return (None if first[0] is None else len(range(first[0])[n["start"] : n["stop"]]), *first[1:])
    if n.op == "concatenate":
        axis = n["axis"] - 1 if n["axis"] > 0 else n["axis"] + len(first)
        sizes = [one[axis] for one in given]
        return (*first[:axis], None if None in sizes else sum(sizes), *first[axis + 1 :])
    if n.op == "dot":
        (one, other), (mine, its) = given, n["axes"]
        return (*_without(one, mine - 1), *_without(other, its - 1)) or (1,)
    return first


def _without(shape: Shape, axis: int) -> Shape:
    return shape[:axis] + shape[axis + 1 :]
