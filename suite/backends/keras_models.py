"""Whole models in Keras: described graphs built as functional models, trained step by step; and functions on data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cases.models import FunctionRequest, ModelRequest, Training, named_inputs, rows_of
from cases.requests import Observation, Unsupported
from suite.backends import keras_optimizers as optimizers
from suite.backends import moment
from suite.backends.keras_again import remade
from suite.backends.keras_crf import kinds, run_crf
from suite.backends.keras_layers import construct, passed_mask
from suite.backends.keras_nodes import Part
from suite.backends.memory import growth

LOSSES: Mapping[str, str] = {
    "mse": "MeanSquaredError", "mae": "MeanAbsoluteError", "categorical_crossentropy": "CategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
}


class Graph:
    """A described model as a functional Keras model, its variables known by the project's names.

    A mask that is given is one more input of the model, and an argument of the first recurrent node. All other masks
    are Keras' own: made by Masking and Embedding, passed on with the tensors. `shapes` and `masked` say what Keras
    itself knows of the tensors between the nodes: their shapes without the batch, and which of them carry a mask.
    """

    def __init__(self, keras: Any, request: ModelRequest):
        self.keras, self.names = keras, list(named_inputs(request.model, request.inputs))
        self.parts: dict[str, Part] = {}
        self.shapes: dict[str, tuple[int | None, ...]] = {}
        self.masked: list[str] = []
        tensors: dict[str, Any] = {}
        inputs: list[Any] = []
        mask, rows = None, None
        for node in request.model.nodes:
            if node.op == "input":
                array = named_inputs(request.model, request.inputs)[node.name]
                shape, ids = tuple(node["shape"]), np.issubdtype(array.dtype, np.integer)
                rows = dict(node.options).get("rows")
                tensors[node.name] = keras.Input(shape, rows, dtype="int32" if ids else "float32")
                inputs.append(tensors[node.name])
                if request.mask is not None and mask is None:
                    mask = keras.Input(shape[:1], dtype="bool")
                    self.mask_input = mask
            else:
                made = self.parts[node.name] = Part(keras, node, request.execution.kernel, rows)
                wanted = mask if node.op == "recurrent" else None
                tensors[node.name] = made.call([tensors[name] for name in node.inputs], wanted)
                mask = None if node.op == "recurrent" else mask
            self.shapes[node.name] = tuple(tensors[node.name].shape[1:])
            if passed_mask(tensors[node.name]) is not None:
                self.masked.append(node.name)
        if request.mask is not None:
            inputs.append(self.mask_input)
        tagger = request.training is not None and request.training.loss == "crf"
        kind = kinds(keras)[1] if tagger else keras.Model
        self.model = kind(inputs if len(inputs) > 1 else inputs[0], tensors[request.model.nodes[-1].name])

    def given(self, inputs: Any, mask: np.ndarray | None) -> Any:
        """What the model is called with: copies, ids as int32, numbers as float32, the mask where there is one."""
        arrays = [inputs[name] for name in self.names] if isinstance(inputs, Mapping) else [inputs]
        found = [np.array(a, "int32" if np.issubdtype(a.dtype, np.integer) else "float32") for a in arrays]
        found += [] if mask is None else [np.array(mask)]
        return found if len(found) > 1 else found[0]

    def assign(self, weights: Mapping[str, np.ndarray]) -> None:
        """Set every weight by its name."""
        for name, part in self.parts.items():
            part.assign({key[len(name) + 1 :]: w for key, w in weights.items() if key.startswith(f"{name}/")})

    def variables(self) -> list[Any]:
        """Every weight, frozen or not, node by node."""
        return [v for part in self.parts.values() for v in part.variables]

    def freeze(self, frozen: Sequence[str]) -> str | None:
        """Switch whole layers off for training, which is how Keras freezes; None, or the reason why it cannot."""
        known = self.blank()
        if unknown := set(frozen) - set(known):
            return f"Keras keeps no weights named {', '.join(sorted(unknown))}"
        for name, part in self.parts.items():
            own = {key for key in known if key.startswith(f"{name}/")}
            if own & set(frozen):
                if own - set(frozen):
                    return f"Keras freezes whole layers, and of {name} only some weights are to be frozen"
                for one in part.layers:
                    one.trainable = False
        return None

    def blank(self) -> dict[str, np.ndarray]:
        """Zeros for every weight, by the project's names."""
        return self.named([np.zeros(v.shape) for v in self.variables()])

    def named(self, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays in the order of `variables`, by the project's names."""
        found: dict[str, np.ndarray] = {}
        rest = list(arrays)
        for name, part in self.parts.items():
            own, rest = rest[: len(part.variables)], rest[len(part.variables) :]
            found.update({f"{name}/{key}": array for key, array in part.named(own).items()})
        return found


CONVENTIONS = {"stack": "keras", "one_bias": True, "moving_variance": "biased"}
"""What Keras' training does in its own way: its optimizers' definitions, that a cell's two biases are one weight, and which
variance batch_norm keeps."""


WAYS: Mapping[str, Mapping[str, bool]] = {
    "usual": {}, "eager": {"run_eagerly": True}, "traced": {"jit_compile": False}, "xla": {"jit_compile": True},
}
"""How a model's steps run -> the options of `Model.compile`."""


def compiled(keras: Any, model: Any, training: Training) -> None:
    """Compile with every hyper-parameter that is given; how its steps run is left to Keras, unless it is said."""
    optimizer = optimizers.make(keras, training.optimizer, dict(training.hyper))
    loss = None if training.loss == "crf" else getattr(keras.losses, LOSSES[training.loss])()  # a Tagger has its own
    model.compile(optimizer=optimizer, loss=loss, **WAYS[training.run])


def run_model(backend: Any, request: ModelRequest) -> Observation | Unsupported:
    """Build the model, predict, differentiate, train and predict again: what the request asks for.

    The losses are of one step each: later releases reset the running mean in `train_on_batch`, for the others it is
    reset here. Gradients need `training`: it names the loss.
    """
    keras, engine = backend.keras, backend.engine
    if any(dict(n.options).get("padding_idx") for n in request.model.nodes):
        return Unsupported("Keras' Embedding has no padding_idx")
    if request.execution.kernel == "compiled":
        return Unsupported("Keras compiles a model's steps by its own choice: ask for the fused kernel")
    if request.training and (reason := optimizers.unsupported(request.training.optimizer, dict(request.training.hyper))):
        return Unsupported(reason)
    if request.training and request.training.run == "xla" and engine.name == "torch":
        return Unsupported("on the torch backend jit_compile=True is torch.compile, which takes about 15 s a layer here; not run")
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
            engine.hasten(graph.model, None if request.training.loss == "crf" else request.targets)
        if request.execution.origin != "built":
            if request.training is not None:
                return Unsupported("a model that was loaded again is asked for its predictions alone")
            file = request.execution.origin == "reloaded"
            other = remade(keras, graph.model, "file" if file else "configuration")
            if not file:
                other.set_weights(graph.model.get_weights())
            graph.model = other
    with moment("run"), backend.watch.listen() as words:
        if "predictions" in request.wants:
            arrays["predictions"] = predict(graph, request.inputs, request.mask)
        if "gradients" in request.wants:
            arrays.update(gradients(engine, graph, request))
        if request.training is not None and request.training.batches:
            arrays.update(train(keras, graph, request))
            unseen = request.inputs if request.unseen is None else request.unseen
            mask = request.mask if request.unseen is None else None
            if request.mask is not None and mask is None:
                mask = np.ones(named_inputs(request.model, unseen)[graph.names[0]].shape[:2], bool)
            arrays["trained"] = predict(graph, unseen, mask)
            values = [engine.numpy(v.value) for v in graph.variables()]
            arrays.update({f"weights/{name}": value for name, value in graph.named(values).items()})
    paddings = {name: backend.padding(part.inner["layer"]) for name, part in graph.parts.items() if part.stack}
    known = {
        "padding": paddings, "parameters": graph.model.count_params(), "shapes": graph.shapes, "masked": tuple(graph.masked),
        "weight_shapes": {name: array.shape for name, array in graph.blank().items()},
        "parameters_by_node": {name: sum(one.count_params() for one in part.layers) for name, part in graph.parts.items()},
    }
    return Observation(arrays, " + ".join(words), facts={**known, **CONVENTIONS})


def predict(graph: Graph, inputs: Any, mask: np.ndarray | None) -> np.ndarray:
    """Through `predict`, all rows as one batch."""
    given = graph.given(inputs, mask)
    rows = len(given[0] if isinstance(given, list) else given)
    return np.array(graph.model.predict(given, batch_size=max(rows, 1), verbose=0))


def train(keras: Any, graph: Graph, request: ModelRequest) -> dict[str, np.ndarray]:
    """One `train_on_batch` a batch; the loss of each step. After each epoch Keras' ModelCheckpoint is told the loss of the
    rows of validation; the file that it wrote last is loaded at the end."""
    losses, looked, saved, model, training = [], [], None, graph.model, request.training

    def on_batch(call: Any, rows: tuple[int, ...]) -> float:
        which = list(rows)
        mask = None if request.mask is None else request.mask[which]
        model.reset_metrics()
        found = call(graph.given(rows_of(request.inputs, which), mask), np.array(request.targets[which], "float32"))
        return float(np.ravel(found)[0])

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "best.keras")
        best = keras.callbacks.ModelCheckpoint(path, monitor="val_loss", save_best_only=True)
        best.set_model(model)
        for rows in training.steps:
            losses.append(on_batch(model.train_on_batch, rows))
            if training.validation and len(losses) % len(training.batches) == 0:
                looked.append(on_batch(model.test_on_batch, training.validation))
                before = os.stat(path).st_mtime_ns if os.path.exists(path) else None
                best.on_epoch_end(len(looked) - 1, {"val_loss": looked[-1]})
                if os.path.exists(path) and os.stat(path).st_mtime_ns != before:
                    saved = predict(graph, request.inputs, request.mask)
        if saved is None:
            return {"losses": np.array(losses)}
        graph.model, model = keras.models.load_model(path), graph.model
        loaded = predict(graph, request.inputs, request.mask)
        graph.model = model
    return {"losses": np.array(losses), "validation": np.array(looked), "saved": saved, "loaded": loaded}


def gradients(engine: Any, graph: Graph, request: ModelRequest) -> dict[str, np.ndarray]:
    """The loss that Keras would train on, over all rows, without dropout, and its gradients."""
    model = graph.model
    inputs = graph.given(request.inputs, request.mask)
    tensors = [engine.tensor(a) for a in inputs] if isinstance(inputs, list) else engine.tensor(inputs)
    targets = engine.tensor(np.array(request.targets, "float32"))

    def loss() -> Any:
        found = model(tensors, training=False)
        return model.compute_loss(x=tensors, y=targets, y_pred=found, sample_weight=None)

    variables = graph.variables()
    trained = [v for v in variables if v.trainable]
    value, slopes = engine.differentiate(loss, trained)
    found = dict(zip(map(id, trained), slopes, strict=True))
    pathless = [found.get(id(v)) is None for v in variables]
    named = graph.named(
        [np.zeros(v.shape, "float32") if none else engine.numpy(found[id(v)])
         for v, none in zip(variables, pathless, strict=True)]
    )
    slopes = {f"gradients/{name}": named[name] for name in named if name not in request.training.frozen}
    return {"loss": engine.numpy(value), **slopes}


def run_function(backend: Any, request: FunctionRequest) -> Observation | Unsupported | None:
    """Call one of Keras' functions on data, `pad_sequences` or, as `batch`, `convert_to_tensor`; or make a layer of any
    options, `construct`; or look at the card's memory, `memory_growth`. None for any other."""
    if request.name == "construct":
        options = dict(request.arguments)
        if "layers" in options:
            return Unsupported("a Keras layer has no number of layers")
        with moment("build"):
            made = construct(backend.keras, options)
        return Observation({"parameters": np.array(made.count_params())})
    if request.name == "memory_growth":
        return growth(backend.device, lambda: backend.engine.numpy(backend.engine.tensor(np.ones((256, 256), "float32"))))
    if request.name == "batch":
        sequences = [np.array(one).tolist() for one in dict(request.arguments)["sequences"]]
        with moment("run"):
            result = backend.keras.ops.convert_to_tensor(sequences)
        return Observation({"result": backend.engine.numpy(result)})
    if request.name == "crf":
        return run_crf(backend, dict(request.arguments))
    if request.name != "pad_sequences":
        return None
    options = dict(request.arguments)
    words, sequences = options.pop("words", False), [np.array(one).tolist() for one in options.pop("sequences")]
    sequences = [[str(number) for number in one] for one in sequences] if words else sequences
    options |= {"dtype": object} if options.get("dtype") == "object" else {}
    with moment("run"):
        result = backend.keras.utils.pad_sequences(sequences, **options)
    return Observation({"result": result.astype("float64") if words else np.array(result)}, facts={"dtype": str(result.dtype)})
