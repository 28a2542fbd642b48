"""Scripts of models: a graph of Keras layers as its user writes it, and the one array of it that is wrong.

The script draws small numbers of its own; what is due of them is computed here, by the reference, and written out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cases.layouts import NODE_WEIGHTS, from_keras, prefixes, to_keras
from cases.models import ModelRequest, Node, named_inputs, recurrent_layers, rows_of
from cases.optimizers import definitions
from cases.requests import Deviation, Observation, Refusal
from cases.scenarios.base import as_claimed, beginning
from cases.tolerance import Expected, compare, expect_model
from suite.repros.finding import Asked, NoScript
from suite.repros.keras import MODULES
from suite.repros.keras_model import arrays, written
from suite.repros.lines import ANSWERED, erring, tidy

ROWS, STEPS, LARGEST, SHOWN = 6, 4, 20_000, 4
"""The most rows of a script, steps of training, numbers among weights or inputs, and numbers that are printed."""
LOSSES = {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError", "categorical_crossentropy": "CategoricalCrossentropy",
          "binary_crossentropy": "BinaryCrossentropy"}
RANK = ("predictions", "loss", "gradients", "losses")
"""Plainer first; what comes after training follows from its losses."""


@dataclass(frozen=True, eq=False)
class Wrong:
    """An array of an answer that the reference does not agree with, and by how much it may be off."""

    request: ModelRequest
    answer: Observation
    name: str
    deviation: Deviation


def of_model(asked: Sequence[Asked], deviations: Sequence[Deviation], verdict: str, backend: str) -> list[str]:
    """The lines of the script. Raises NoScript."""
    if not backend.startswith("keras-"):
        raise NoScript("in PyTorch a model is a program of its user's: none is written here")
    engine = backend.removeprefix("keras-")
    worst = deviations[0] if deviations else Deviation("", "")
    refusal = next((a for a in asked if isinstance(a.answer, Refusal)), None)
    if verdict in ("crash", "timeout"):
        return failing(asked[-1].request, engine, "")
    if refusal is not None and worst.where == "error" and worst.message.startswith("raised "):
        return failing(refusal.request, engine, refusal.answer.error)
    found = min(wrong_ones(asked), key=lambda one: (RANK.index(one.name.split("/")[0]), size(one.request)), default=None)
    if found is None:
        raise NoScript("each answer by itself is what the equations allow: only the check's own comparison shows the fault")
    return valued(found, engine)


def size(request: ModelRequest) -> int:
    """How many numbers a question holds."""
    return sum(a.size for a in (*request.weights.values(), *named_inputs(request.model, request.inputs).values()))


def wrong_ones(asked: Sequence[Asked]) -> list[Wrong]:
    """Every array of the answers that the equations do not allow, of those that scripts show."""
    found = []
    for each in asked:
        if not isinstance(each.answer, Observation) or size(each.request) > LARGEST or drops(each.request):
            continue
        request, seen = each.request, each.answer
        if refused := unwritten(request):
            raise NoScript(refused)
        names = [name for name in seen.arrays if name.split("/")[0] in RANK]
        due = dict(due_of(replace(request, training=plain(request)), seen)) if set(names) - {"losses"} else {}
        if "losses" in names and request.training.steps:
            due["losses"] = due_of(beginning(request, STEPS), seen)["losses"]
        for name in names:
            array = seen[name][:STEPS] if name == "losses" else seen[name]
            if name in due and (off := compare(name, array, due[name].value, due[name].allowed)):
                found.append(Wrong(request, seen, name, off[0]))
    return found


def plain(request: ModelRequest) -> Any:
    """The training of a question without its steps: the loss alone."""
    return request.training and replace(request.training, batches=(), epochs=1, validation=())


def due_of(request: ModelRequest, seen: Observation) -> Mapping[str, Expected]:
    """What the equations give, as the stack that answered defines its optimizer and fills padding."""
    return expect_model(as_claimed(request, seen) if request.training else request, seen.facts["padding"])


def drops(request: ModelRequest) -> bool:
    """Whether training would draw at random."""
    rates = [dict(n.options).get("rate", 0.0) for n in request.model.nodes if n.op == "dropout"]
    rates += [rate for layer in recurrent_layers(request.model) for rate in (layer.dropout, layer.recurrent_dropout)]
    return bool(request.training and request.training.steps and any(rates))


def unwritten(request: ModelRequest) -> str:
    """Why a model has no script, or nothing."""
    execution = request.execution
    if any(layer.convolution or layer.stateful or layer.layers > 1 for layer in recurrent_layers(request.model)):
        return "a model with a ConvLSTM, a stateful layer or a stack in one node: not written in scripts yet"
    if any(n.op in ("crf",) or dict(n.options).get("padding_idx") for n in request.model.nodes):
        return "a model with a CRF, or an embedding without a gradient for padding: not written in scripts yet"
    ops = {n.op for n in request.model.nodes}
    masked = request.mask is not None or "masking" in ops or any(dict(n.options).get("mask_zero") for n in request.model.nodes)
    if "batch_norm" in ops and masked and request.training:
        return "a normalization behind a mask, whose statistics are of valid steps: not written in scripts yet"
    if execution.origin != "built" or execution.kernel != "fused":
        return f"a model asked as {execution}: not written in scripts yet"
    if request.training and (request.training.frozen or request.training.own or request.training.loss == "crf"):
        return "training of some weights, or with the framework's own defaults: not written in scripts yet"
    return ""


def node_weights(n: Node, weights: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The weights of a node in Keras' order."""
    inner = n["layer"] if n.op == "time_distributed" else n
    own = {name.removeprefix(f"{n.name}/"): w for name, w in weights.items() if name.startswith(f"{n.name}/")}
    if inner.op == "recurrent":
        return [w for each in to_keras(inner["layer"], own).values() for w in each]
    return [own[name] for name in NODE_WEIGHTS.get(inner.op, ())]


def in_project(n: Node, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """The inverse, by the project's names: where Keras has one bias, the other is zero."""
    inner = n["layer"] if n.op == "time_distributed" else n
    if inner.op != "recurrent":
        return {f"{n.name}/{name}": a for name, a in zip(NODE_WEIGHTS.get(inner.op, ()), arrays, strict=True)}
    layer, each = inner["layer"], len(arrays) // len(prefixes(inner["layer"]))
    found = from_keras(layer, {p: list(arrays[i * each : (i + 1) * each]) for i, p in enumerate(prefixes(layer))})
    zeros = {name: np.zeros(shape) for name, shape in layer.weight_shapes().items() if name.endswith("recurrent_bias")}
    return {f"{n.name}/{name}": a for name, a in {**zeros, **found}.items()}


class Drawn:
    """The data of a script: every array is drawn here as the script will draw it."""

    def __init__(self, request: ModelRequest):
        self.random = np.random.default_rng(0)
        weights: dict[str, np.ndarray] = {}
        for n in request.model.nodes:
            norm = n.op == "batch_norm"
            drawn = [self.draw(w.shape) for w in node_weights(n, request.weights)]
            weights.update(in_project(n, [abs(a) + 0.5 if norm else a / 2 for a in drawn]))
        self.lines: list[str] = []
        self.masks: dict[str, np.ndarray] = {}
        called = arrays(request)
        inputs = {name: self.array(name, called[name], a, request)
                  for name, a in named_inputs(request.model, request.inputs).items()}
        if request.mask is not None:
            self.lines.append(f"mask = np.array({request.mask.astype(int).tolist()}, bool)")
        self.due: list[str] = []
        targets = None if request.targets is None else self.targets(request)
        self.request = replace(
            request, weights=weights, inputs=inputs if len(inputs) > 1 else next(iter(inputs.values())), targets=targets)

    def draw(self, shape: tuple[int, ...]) -> np.ndarray:
        """As `draw` in the script."""
        return self.random.uniform(-1, 1, shape).round(2).astype("float32").astype("float64")

    def array(self, node: str, name: str, given: np.ndarray, request: ModelRequest) -> np.ndarray:
        """An input: ids as they are, numbers drawn, zero at the steps where they were zero."""
        if np.issubdtype(given.dtype, np.integer):
            self.lines.append(f"{name} = np.array({given.tolist()})")
            return given
        if not np.isfinite(given).all():
            raise NoScript("inputs that are not finite: not written in scripts of models yet")
        values = [n["value"] for n in request.model.nodes if n.op == "masking" and n.inputs == (node,)]
        fill, found = (values or [0.0])[0], self.draw(given.shape)
        still = np.all(given == fill, axis=tuple(range(2, given.ndim))) if given.ndim > 2 else np.zeros(given.shape[:1], bool)
        line = f"{name} = draw{given.shape}"
        if still.any():
            self.lines.append(f"{name}_padded = np.array({still.astype(int).tolist()}, bool)")
            found[still] = fill
            self.lines += [line, f"{name}[{name}_padded] = {fill:g}"]
        else:
            self.lines.append(line)
        return found

    def targets(self, request: ModelRequest) -> np.ndarray:
        """Numbers, truth values or classes, as the loss reads them."""
        shape = request.targets.shape
        if request.training is None or request.training.loss in ("mse", "mae"):
            self.due.append(f"y = draw{shape}")
            return self.draw(shape)
        if request.training.loss == "binary_crossentropy":
            self.due.append(f"y = rng.integers(0, 2, {shape})")
            return self.random.integers(0, 2, shape)
        self.due.append(f"y = np.eye({shape[-1]})[rng.integers(0, {shape[-1]}, {shape[:-1]})]")
        return np.eye(shape[-1])[self.random.integers(0, shape[-1], shape[:-1])]


def few(request: ModelRequest) -> ModelRequest:
    """The question about its first rows."""
    rows = slice(ROWS)
    return replace(
        request, inputs=rows_of(request.inputs, rows), mask=None if request.mask is None else request.mask[rows],
        targets=None if request.targets is None else request.targets[rows], training=plain(request), unseen=None)


def begin(request: ModelRequest) -> ModelRequest:
    """The first steps of training; where they read many rows, as many steps on halves of the first rows."""
    begun = beginning(request, STEPS)
    if len(begun.targets) <= ROWS:
        return begun
    halves = tuple(range(ROWS // 2)), tuple(range(ROWS // 2, ROWS))
    return replace(few(begun), training=replace(begun.training, batches=(halves * STEPS)[:STEPS]))


def begun(found: Wrong) -> tuple[ModelRequest, Drawn]:
    """The question as the script asks it, before its numbers are drawn and after."""
    request = found.request
    request = begin(request) if found.name == "losses" else few(request)
    if size(request) > LARGEST:
        raise NoScript(f"{size(request)} numbers: too many for a script")
    return request, Drawn(request)


def head(engine: str, gradient: bool) -> list[str]:
    """Imports, and how numbers are drawn."""
    return ["import os", "import sys", f'os.environ["KERAS_BACKEND"] = "{engine}"', "import keras", "import numpy as np",
            *([MODULES[engine]] if gradient else []), "", "rng = np.random.default_rng(0)",
            'draw = lambda *shape: rng.uniform(-1, 1, shape).round(2).astype("float32")', ""]


def valued(found: Wrong, engine: str) -> list[str]:
    """An array that is not what the equations say."""
    request, drawn = begun(found)
    due = due_of(drawn.request, found.answer)
    if found.name not in due:
        raise NoScript(f"the equations say nothing of {found.name}")
    expected = due[found.name]
    kind, _, rest = found.name.partition("/")
    lines = [*head(engine, kind == "gradients"), *written(request), *drawn.lines]
    lines += [*([] if kind == "predictions" else drawn.due), ""]
    given = given_to(request)
    loss = request.training and f"keras.losses.{LOSSES[request.training.loss]}()"
    if kind == "predictions":
        lines.append(f"found = model.predict({given}, verbose=0)")
    elif kind == "loss":
        lines.append(f"found = keras.ops.convert_to_numpy({loss}(y, model({given})))")
    elif kind == "losses":
        lines += trained(drawn.request, loss)
    else:
        lines += differentiated(drawn.request, rest, loss, given, engine)
    value = np.atleast_1d(expected.value)
    places = np.argsort(-np.abs(value).ravel(), kind="stable")[:SHOWN] if value.size > SHOWN else np.arange(value.size)
    return tidy([*lines, *compared(value, places, most(found, expected))])


def given_to(request: ModelRequest, rows: str = "") -> str:
    """What the model is called with; of some `rows` of it."""
    names = [f"{name}{rows}" for name in (*arrays(request).values(), *["mask"] * (request.mask is not None))]
    return f"[{', '.join(names)}]" if len(names) > 1 else names[0]


def compared(value: np.ndarray, places: np.ndarray, allowed: float) -> list[str]:
    """What is due, and whether it came."""
    whole = value.size <= 24
    shown = np.arange(value.size) if whole else np.sort(places)
    numbers = [float(f"{v:.6g}") for v in value.ravel()[shown]]
    picked = "np.ravel(found)" if whole else f"np.ravel(found)[{shown.tolist()}]"
    return ["# what the equations give, in float64", f"expected = np.array({numbers})", f"found = {picked}",
            f"wrong = ~(np.abs(found - expected) <= {allowed:.0e})",
            f'print("expected", expected[wrong][:{SHOWN}])',
            f'print("found   ", found[wrong][:{SHOWN}], f"({{wrong.sum()}} of {{wrong.size}} are wrong)")',
            "sys.exit(int(wrong.any()))"]


def most(found: Wrong, expected: Expected) -> float:
    """By how much a number of the script may be off: between what is allowed and what was seen."""
    allowed = float(np.max(expected.allowed, initial=0.0))
    off = found.deviation.deviation
    off = 1e-3 if not math.isfinite(off) else off
    scale = float(np.max(np.abs(expected.value), initial=0.0))
    return max(2 * allowed, 1e-6 * scale, min(math.sqrt(off * max(allowed, 1e-12)), 1e-3 * max(scale, 1e-3)))


def trained(request: ModelRequest, loss: str) -> list[str]:
    """The losses of the first steps."""
    training, hyper = request.training, dict(request.training.hyper)
    kinds = {"sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adadelta": "Adadelta", "adam": "Adam", "adamax": "Adamax",
             "nadam": "Nadam", "adamw": "AdamW"}
    fixed = definitions("keras", training.optimizer)  # what Keras has no option for
    options = ", ".join(f"{name}={value}" for name, value in hyper.items() if name not in fixed)
    rows = given_to(request, "[rows]")
    return [f"model.compile(keras.optimizers.{kinds[training.optimizer]}({options}), {loss})", "found = []",
            f"for rows in np.array({[list(batch) for batch in training.batches]}):", "    model.reset_metrics()",
            f"    found.append(float(np.ravel(model.train_on_batch({rows}, y[rows]))[0]))"]


def differentiated(request: ModelRequest, name: str, loss: str, given: str, engine: str) -> list[str]:
    """`found`: the gradient of the loss by the weight that the project calls `name`."""
    at = 0
    for n in request.model.nodes:
        own = node_weights(n, request.weights)
        names = {key: index for index in range(len(own)) for key, array in in_project(
            n, [np.full(w.shape, float(index == number)) for number, w in enumerate(own)]).items() if array.any()}
        if name in names:
            at += names[name]
            break
        at += len(own)
    else:
        raise NoScript(f"Keras has no weight {name} of its own")
    both = "bias" in name and own[names[name]].ndim == 2 and name.split("/")[-1] in ("bias", "recurrent_bias")
    row = f"[{int(name.endswith('recurrent_bias'))}]" if both else ""
    by = f"weight = weights[{at}]"
    if engine == "tensorflow":
        return [by, "with tf.GradientTape() as tape:", f"    loss = {loss}(y, model({given}))",
                f"found = tf.convert_to_tensor(tape.gradient(loss, weight.value)).numpy(){row}"]
    if engine == "torch":
        return [by, f"{loss}(y, model({given})).backward()", f"found = weight.value.grad.numpy(){row}"]
    return [by, "def by_weight(value):", "    weight.assign(value)", f"    return {loss}(y, model({given}))",
            f"found = np.array(jax.grad(by_weight)(weight.value)){row}"]


def failing(request: ModelRequest, engine: str, error: str) -> list[str]:
    """An error where none is due, or the end of the process."""
    if refused := unwritten(request):
        raise NoScript(refused)
    request = few(request)
    if size(request) > LARGEST:
        raise NoScript(f"{size(request)} numbers: too many for a script")
    drawn = Drawn(request)
    given = given_to(request)
    lines = [*written(request), *drawn.lines, f"model.predict({given}, verbose=0)"]
    if request.training is not None:
        loss = f"keras.losses.{LOSSES[request.training.loss]}()"
        lines += [*drawn.due, f'model.compile("sgd", {loss})', f"model.train_on_batch({given}, y)"]
    if not error:
        return [*head(engine, False), *lines, ANSWERED]
    return [*head(engine, False), *erring(lines, "Exception")]
