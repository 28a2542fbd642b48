"""Whole models in Keras: described graphs built as functional models, trained step by step; and functions on data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cases.layouts import from_keras, prefixes, to_keras
from cases.models import FunctionRequest, ModelRequest, Node, Training
from cases.requests import Observation, Unsupported
from suite.backends import keras_layers as stacks
from suite.backends import moment

OPTIMIZERS: Mapping[str, str] = {"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam"}
LOSSES: Mapping[str, str] = {
    "mse": "MeanSquaredError", "mae": "MeanAbsoluteError", "categorical_crossentropy": "CategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
}


class Graph:
    """A described model as a functional Keras model, its variables known by the project's names.

    A recurrent node is its stack of layers; a mask that is given is a second input of the model, and an argument of
    the first recurrent node. All other masks are Keras' own: made by Masking and Embedding, passed on with the tensors.
    """

    def __init__(self, keras: Any, request: ModelRequest):
        self.keras = keras
        self.parts: dict[str, tuple[Node, Any]] = {}
        tensors: dict[str, Any] = {}
        inputs: list[Any] = []
        mask = None
        for node in request.model.nodes:
            if node.op == "input":
                shape, ids = tuple(node["shape"]), np.issubdtype(request.inputs.dtype, np.integer)
                tensors[node.name] = keras.Input(shape, dtype="int32" if ids else "float32")
                inputs.append(tensors[node.name])
                if request.mask is not None and mask is None:
                    mask = keras.Input(shape[:1], dtype="bool")
                continue
            given = tensors[node.inputs[0]]
            if node.op == "recurrent":
                stack = stacks.build(keras, node["layer"], request.execution.kernel, None)
                self.parts[node.name] = node, stack
                (tensors[node.name], *_), _, _ = stacks.forward(stack, given, mask)
                inputs, mask = inputs + ([mask] if mask is not None else []), None
            else:
                made = layer(keras, node)
                self.parts[node.name] = node, made
                tensors[node.name] = made(given)
        self.model = keras.Model(inputs if len(inputs) > 1 else inputs[0], tensors[request.model.nodes[-1].name])

    def assign(self, weights: Mapping[str, np.ndarray]) -> None:
        """Set every weight by its name."""
        for name, (node, made) in self.parts.items():
            if node.op == "recurrent":
                inner = {key: weights[f"{name}/{key}"] for key in node["layer"].weight_shapes()}
                made.assign(to_keras(node["layer"], inner))
            elif node.op == "dense":
                made.set_weights([weights[f"{name}/kernel"], weights[f"{name}/bias"]])
            elif node.op == "embedding":
                made.set_weights([weights[f"{name}/embeddings"]])

    def variables(self) -> list[Any]:
        """Every weight, frozen or not, node by node."""
        return [v for node, made in self.parts.values()
                for v in (made.variables if node.op == "recurrent" else made.weights)]

    def freeze(self, frozen: Sequence[str]) -> str | None:
        """Switch whole layers off for training, which is how Keras freezes; None, or the reason why it cannot."""
        known = self.named([np.zeros(v.shape) for v in self.variables()])
        if unknown := set(frozen) - set(known):
            return f"Keras keeps no weights named {', '.join(sorted(unknown))}"
        for name, (node, made) in self.parts.items():
            own = {key for key in known if key.startswith(f"{name}/")}
            if own & set(frozen):
                if own - set(frozen):
                    return f"Keras freezes whole layers, and of {name} only some weights are to be frozen"
                for one in made.layers if node.op == "recurrent" else [made]:
                    one.trainable = False
        return None

    def named(self, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays in the order of `variables`, by the project's names."""
        found: dict[str, np.ndarray] = {}
        rest = list(arrays)
        for name, (node, made) in self.parts.items():
            count = len(made.variables) if node.op == "recurrent" else len(made.weights)
            own, rest = rest[:count], rest[count:]
            if node.op == "recurrent":
                each = len(own) // len(prefixes(node["layer"]))
                cells = {p: own[i * each : (i + 1) * each] for i, p in enumerate(prefixes(node["layer"]))}
                found.update({f"{name}/{key}": array for key, array in from_keras(node["layer"], cells).items()})
            else:
                names = {"dense": ("kernel", "bias"), "embedding": ("embeddings",)}.get(node.op, ())
                found.update({f"{name}/{key}": array for key, array in zip(names, own, strict=True)})
        return found


CONVENTIONS = {"epsilon_place": "inside", "one_bias": True}
"""What Keras' training does in its own way: where epsilon is added, and that a cell's two biases are one weight."""


def layer(keras: Any, node: Node) -> Any:
    """The Keras layer of a node that is not recurrent."""
    if node.op == "masking":
        return keras.layers.Masking(node["value"])
    if node.op == "embedding":
        return keras.layers.Embedding(node["ids"], node["width"], mask_zero=node["mask_zero"])
    if node.op == "dense":
        return keras.layers.Dense(node["units"], activation=node["activation"])
    if node.op == "dropout":
        return keras.layers.Dropout(node["rate"])
    raise ValueError(f"node {node.name}: op={node.op!r} is not built here")


def compiled(keras: Any, model: Any, training: Training) -> None:
    """Compile with every hyper-parameter that is given; `jit_compile` is left to Keras, as users leave it."""
    hyper = {name: value for name, value in training.hyper if name != "epsilon_place"}
    optimizer = getattr(keras.optimizers, OPTIMIZERS[training.optimizer])(**hyper)
    model.compile(optimizer=optimizer, loss=getattr(keras.losses, LOSSES[training.loss])())


def run_model(backend: Any, request: ModelRequest) -> Observation | Unsupported:
    """Build the model, predict, differentiate, train and predict again: what the request asks for.

    The losses are of one step each: later releases reset the running mean in `train_on_batch`, for the others it is
    reset here. Gradients need `training`: it names the loss.
    """
    keras, engine = backend.keras, backend.engine
    if request.execution.kernel == "compiled":
        return Unsupported("Keras compiles a model's steps by its own choice: ask for the fused kernel")
    if request.training and dict(request.training.hyper).get("epsilon_place", "inside") != "inside":
        return Unsupported("Keras adds epsilon in its own place, and has no other")
    if "gradients" in request.wants and (request.training is None or request.targets is None):
        return Unsupported("gradients of a model are of its training loss, and the request has none")
    arrays: dict[str, np.ndarray] = {}
    with moment("build"):
        graph = Graph(keras, request)
        graph.assign(request.weights)
        if request.training is not None:
            if reason := graph.freeze(request.training.frozen):
                return Unsupported(reason)
            compiled(keras, graph.model, request.training)
    with moment("run"), backend.watch.listen() as words:
        arrays["predictions"] = predict(graph.model, request.inputs, request.mask)
        if "gradients" in request.wants:
            arrays.update(gradients(engine, graph, request))
        if request.training is not None and request.training.batches:
            arrays["losses"] = train(graph.model, request)
            unseen = request.inputs if request.unseen is None else request.unseen
            mask = request.mask if request.unseen is None else None
            if request.mask is not None and mask is None:
                mask = np.ones(unseen.shape[:2], bool)
            arrays["trained"] = predict(graph.model, unseen, mask)
            values = [engine.numpy(v.value) for v in graph.variables()]
            arrays.update({f"weights/{name}": value for name, value in graph.named(values).items()})
    return Observation(arrays, " + ".join(words), facts={"parameters": graph.model.count_params(), **CONVENTIONS})


def given(inputs: np.ndarray, mask: np.ndarray | None) -> Any:
    """What the model is called with: copies, ids as int32, numbers as float32, the mask where there is one."""
    inputs = np.array(inputs, "int32" if np.issubdtype(inputs.dtype, np.integer) else "float32")
    return inputs if mask is None else [inputs, np.array(mask)]


def predict(model: Any, inputs: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Through `predict`, all rows as one batch."""
    return np.array(model.predict(given(inputs, mask), batch_size=max(len(inputs), 1), verbose=0))


def train(model: Any, request: ModelRequest) -> np.ndarray:
    """One `train_on_batch` a batch; the loss of each step."""
    losses = []
    for rows in request.training.batches:
        which = list(rows)
        mask = None if request.mask is None else request.mask[which]
        model.reset_metrics()
        found = model.train_on_batch(given(request.inputs[which], mask), np.array(request.targets[which], "float32"))
        losses.append(float(np.ravel(found)[0]))
    return np.array(losses)


def gradients(engine: Any, graph: Graph, request: ModelRequest) -> dict[str, np.ndarray]:
    """Gradients of the loss that Keras would train on, over all rows, without dropout."""
    model = graph.model
    inputs = given(request.inputs, request.mask)
    tensors = [engine.tensor(a) for a in inputs] if isinstance(inputs, list) else engine.tensor(inputs)
    targets = engine.tensor(np.array(request.targets, "float32"))

    def loss() -> Any:
        found = model(tensors, training=False)
        return model.compute_loss(x=tensors, y=targets, y_pred=found, sample_weight=None)

    variables = graph.variables()
    trained = [v for v in variables if v.trainable]
    found = dict(zip(map(id, trained), engine.differentiate(loss, trained), strict=True))
    pathless = [found.get(id(v)) is None for v in variables]
    named = graph.named(
        [np.zeros(v.shape, "float32") if none else engine.numpy(found[id(v)])
         for v, none in zip(variables, pathless, strict=True)]
    )
    return {f"gradients/{name}": named[name] for name in named if name not in request.training.frozen}


def run_function(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Call one of Keras' functions on data: `pad_sequences`."""
    if request.name == "construct":
        options = dict(request.arguments)
        if "layers" in options:
            return Unsupported("a Keras layer has no number of layers")
        with moment("build"):
            made = stacks.construct(backend.keras, options)
        return Observation({"parameters": np.array(made.count_params())})
    if request.name != "pad_sequences":
        return Unsupported(f"{backend.name} has no {request.name}")
    options = dict(request.arguments)
    sequences = [np.array(one).tolist() for one in options.pop("sequences")]
    with moment("run"):
        result = backend.keras.utils.pad_sequences(sequences, **options)
    return Observation({"result": np.array(result)}, facts={"dtype": str(result.dtype)})
