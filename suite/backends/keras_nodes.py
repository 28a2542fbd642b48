"""One node of a described model as a Keras layer: built, called, its weights set and read by the project's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cases.layouts import NODE_WEIGHTS, from_keras, prefixes, to_keras
from cases.models import JOINS, Node
from suite.backends import keras_layers as stacks
from suite.backends.keras_crf import kinds

LAYERS: Mapping[str, Callable[[Any, Node], Any]] = {
    "masking": lambda layers, n: layers.Masking(n["value"]),
    "embedding": lambda layers, n: layers.Embedding(
        n["ids"], n["width"], mask_zero=n["mask_zero"], embeddings_initializer="zeros"
    ),
    "dense": lambda layers, n: layers.Dense(n["units"], activation=n["activation"], kernel_initializer="zeros"),
    "dropout": lambda layers, n: layers.Dropout(n["rate"], seed=stacks.SEED if n["rate"] else None),
    "activation": lambda layers, n: layers.Activation(n["activation"]),
    "batch_norm": lambda layers, n: layers.BatchNormalization(
        epsilon=n["epsilon"], momentum=dict(n.options).get("momentum", 0.99)
    ),
    "conv1d": lambda layers, n: layers.Conv1D(
        n["filters"], n["size"], padding=n["padding"], activation=n["activation"], kernel_initializer="zeros"
    ),
    "conv2d": lambda layers, n: layers.Conv2D(
        n["filters"], n["size"], padding=n["padding"], activation=n["activation"], kernel_initializer="zeros"
    ),
    "conv3d": lambda layers, n: layers.Conv3D(
        n["filters"], n["size"], padding=n["padding"], activation=n["activation"], kernel_initializer="zeros"
    ),
    "max_pool1d": lambda layers, n: layers.MaxPooling1D(n["size"]),
    "max_pool2d": lambda layers, n: layers.MaxPooling2D(n["size"]),
    "flatten": lambda layers, n: layers.Flatten(),
    "reshape": lambda layers, n: layers.Reshape(n["shape"]),
    "permute": lambda layers, n: layers.Permute(n["dims"]),
    "repeat_vector": lambda layers, n: layers.RepeatVector(n["times"]),
    "add": lambda layers, n: layers.Add(),
    "multiply": lambda layers, n: layers.Multiply(),
    "concatenate": lambda layers, n: layers.Concatenate(axis=n["axis"]),
    "dot": lambda layers, n: layers.Dot(axes=tuple(n["axes"])),
}
"""Every weight is given afterwards, so none is drawn."""


class Part:
    """A node's Keras layers, for batches of so many `rows` where they are stateful. `call` applies them to tensors; `variables`
    are its weights in Keras' order."""

    def __init__(self, keras: Any, node: Node, kernel: str, rows: int | None = None):
        self.keras, self.node = keras, node
        inner = node["layer"] if node.op == "time_distributed" else node
        self.inner = inner
        self.stack = stacks.build(keras, inner["layer"], kernel, rows) if inner.op == "recurrent" else None
        if self.stack is not None:
            self.layers = list(self.stack.layers)
        elif node.op == "slice":
            cut = slice(node["start"], node["stop"])
            self.layers = [keras.layers.Lambda(lambda x: x[:, cut])] if node["form"] == "lambda" else []
        elif node.op == "crf":
            self.layers = [kinds(keras)[0](node["tags"])]
        else:
            self.layers = [LAYERS[inner.op](keras.layers, inner)]
        if node.op == "time_distributed":
            if len(self.layers) != 1:
                raise ValueError(
                    f"node {node.name}: TimeDistributed wraps one layer, not a stack of {len(self.layers)}"
                )
            self.layers = [keras.layers.TimeDistributed(self.layers[0])]

    def call(self, given: Sequence[Any], mask: Any = None) -> Any:
        """The node's output tensor. A mask goes to a recurrent node, as an argument."""
        node = self.node
        if node.op == "recurrent":
            (found, *_), _, _ = stacks.forward(self.stack, given[0], mask, self._states(given[1:]))
            return found
        if node.op == "slice" and not self.layers:
            return given[0][:, node["start"] : node["stop"]]
        return self.layers[0](list(given) if node.op in JOINS else given[0])

    def _states(self, tensors: Sequence[Any]) -> list[list[Any]] | None:
        """Initial states, one list a layer of the stack; None where none are given."""
        if not tensors:
            return None
        each = len(tensors) // len(self.stack.layers)
        return [list(tensors[i * each : (i + 1) * each]) for i in range(len(self.stack.layers))]

    @property
    def variables(self) -> list[Any]:
        """Every weight, trainable or not."""
        if self.stack is not None:
            return self.stack.variables
        return self.layers[0].weights if self.inner.op in NODE_WEIGHTS else []

    def assign(self, own: Mapping[str, np.ndarray]) -> None:
        """Set every weight. `own`: without the node's name."""
        if self.stack is not None:
            layer = self.inner["layer"]
            self.stack.assign(to_keras(layer, {key: own[key] for key in layer.weight_shapes()}))
        elif self.inner.op in NODE_WEIGHTS:
            self.layers[0].set_weights([own[key] for key in NODE_WEIGHTS[self.inner.op]])

    def named(self, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays in the order of `variables`, by the project's names."""
        if self.stack is None:
            return dict(zip(NODE_WEIGHTS.get(self.inner.op, ()), arrays, strict=True))
        layer = self.inner["layer"]
        each = len(arrays) // len(prefixes(layer))
        return from_keras(layer, {p: list(arrays[i * each : (i + 1) * each]) for i, p in enumerate(prefixes(layer))})
