"""Described models as PyTorch modules: prediction, gradients, training; and PyTorch's functions for padding.

No PyTorch layer carries a mask, so this does what a user's `forward` does: `masking` and `embedding` nodes yield
(batch, time) masks (a step is valid where some value differs from the masking value; an id where it is not 0), every
recurrent layer after them is given that mask, and where it reaches the output, the loss is the mean over the valid
steps. A mask that is right-padded in every row goes in as a packed sequence; else every recurrent node is the loop
over cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence

from cases.layers import Layer
from cases.layouts import from_pytorch
from cases.models import FunctionRequest, Model, ModelRequest, Node, Training
from cases.requests import Observation, Unsupported
from suite.backends import Moment, moment
from suite.backends.pytorch import unsupported_layer
from suite.backends.pytorch_layers import DTYPES, build, parameters, reload, set_weights, to_numpy, watch

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x, "softmax": lambda x: functional.softmax(x, dim=-1), "sigmoid": torch.sigmoid,
    "tanh": torch.tanh, "relu": torch.relu, "softsign": functional.softsign, "elu": functional.elu,
    "softplus": functional.softplus,
}

HYPER: Mapping[str, tuple[Any, Mapping[str, str], tuple[str, ...]]] = {
    "sgd": (torch.optim.SGD, {"learning_rate": "lr", "momentum": "momentum", "nesterov": "nesterov"}, ("learning_rate",)),
    "rmsprop": (
        torch.optim.RMSprop,
        {"learning_rate": "lr", "rho": "alpha", "epsilon": "eps", "momentum": "momentum", "centered": "centered"},
        ("learning_rate", "rho", "epsilon"),
    ),
    "adam": (
        torch.optim.Adam,
        {"learning_rate": "lr", "beta_1": "betas", "beta_2": "betas", "epsilon": "eps", "amsgrad": "amsgrad"},
        ("learning_rate", "beta_1", "beta_2", "epsilon"),
    ),
}
"""Optimizer -> PyTorch's class, the names of its hyper-parameters, and those that have no neutral value."""


class NotPacked(Exception):
    """A mask came up that no packed sequence describes."""


class Answer(NamedTuple):
    """What a network gives: the output, (batch, n) or (batch, time, n); the same before the activation of a dense node
    that comes last; the mask (batch, time) that reaches the output, or None."""

    output: Tensor
    logits: Tensor
    mask: Tensor | None


class Network(nn.Module):
    """The nodes of a model. `forward` gives an `Answer`."""

    def __init__(self, model: Model, loop: bool, widths: Mapping[str, int], dtype: torch.dtype, device: torch.device):
        super().__init__()
        self.model, self.loop = model, loop
        self.parts = nn.ModuleList([self._part(n, widths, dtype, device) for n in model.nodes])

    def _part(self, n: Node, widths: Mapping[str, int], dtype: torch.dtype, device: torch.device) -> nn.Module:
        if n.op == "recurrent":
            return build(n["layer"], "generic" if self.loop else "fused", device)
        if n.op == "dense":
            return nn.Linear(widths[n.name], n["units"], dtype=dtype, device=device)
        if n.op == "embedding":
            reserved = 0 if dict(n.options).get("mask_zero") else None
            return nn.Embedding(n["ids"], n["width"], padding_idx=reserved, dtype=dtype, device=device)
        return nn.Dropout(n["rate"]) if n.op == "dropout" else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor | None) -> Answer:
        """x: what the input node describes; mask: (batch, time) bool for the first recurrent node, or None."""
        values: dict[str, tuple[Tensor, Tensor | None]] = {}
        for n, part in zip(self.model.nodes, self.parts, strict=False):
            x, own = values[n.inputs[0]] if n.inputs else (x, None)
            before = None
            if n.op == "masking":
                own = (x != n["value"]).any(dim=-1)
            elif n.op == "embedding":
                own = x != 0 if dict(n.options).get("mask_zero") else None
                x = part(x)
            elif n.op == "recurrent":
                own, mask = (mask if own is None else own), None
                x, own = self._recurrent(part, n["layer"], x, own)
            elif n.op == "dense":
                before = part(x)
                x = ACTIVATIONS[n["activation"]](before)
            elif n.op == "dropout":
                x = part(x)
            values[n.name] = x, own
        return Answer(x, x if before is None else before, own if x.ndim == 3 else None)

    def _recurrent(self, part: nn.Module, layer: Layer, x: Tensor, mask: Tensor | None):
        """The outputs of a recurrent node, and the mask for the node after it."""
        if self.loop:
            outputs, _ = part(x, mask, None)
            flipped = mask is not None and layer.direction == "backward" and layer.layers % 2
            return outputs, (mask.flip(1) if flipped else mask) if layer.return_sequences else None
        lengths = None
        if mask is not None:
            lengths = mask.sum(dim=1).cpu()
            if bool((mask[:, 1:] > mask[:, :-1]).any()) or bool((lengths < 1).any()):
                raise NotPacked
        outputs, last = part(x, lengths, None)
        if layer.return_sequences:
            return outputs, mask
        hidden = last[0] if layer.cell == "lstm" else last
        return torch.cat(list(hidden[-len(layer.directions):]), dim=1), None


def run_model(request: ModelRequest, device: torch.device) -> Observation | Unsupported:
    """The observation of a model request, as `cases.models.ModelRequest` describes it."""
    reason = unsupported(request)
    if device.type == "cuda" and "gradients" in request.wants and request.execution.mode == "inference":
        reason = reason or "cudnn RNN backward can only be called in training mode: ask with mode='training'"
    if reason:
        return Unsupported(reason)
    loop = request.execution.kernel == "generic" or any(layer.direction == "backward" for layer in layers(request.model))
    try:
        return _run(request, loop, device)
    except Moment as problem:
        if isinstance(problem.error, NotPacked):
            return _run(request, True, device)
        raise


def layers(model: Model) -> list[Layer]:
    """The layers of the recurrent nodes."""
    return [n["layer"] for n in model.nodes if n.op == "recurrent"]


def unsupported(request: ModelRequest) -> str | None:
    """None, or why this model request cannot be asked of PyTorch."""
    nodes, execution, training = request.model.nodes, request.execution, request.training
    if execution.kernel not in ("fused", "generic"):
        return f"a model is asked for by fused or generic kernels here; {execution.kernel} is asked of a layer"
    if execution.origin == "from_config":
        return "a PyTorch model is a program; it keeps no configuration"
    if len([n for n in nodes if n.op == "input"]) != 1 or any(len(n.inputs) > 1 for n in nodes):
        return "a model request gives one array of inputs, so its model has one input node, and no node that joins two"
    for n in nodes:
        if n.op == "dense" and n["activation"] not in ACTIVATIONS:
            return f"node {n.name}: PyTorch has no activation {n['activation']}"
    for layer in layers(request.model):
        if layer.stateful:
            return "a PyTorch model carries no state from call to call; ask the layer"
        # Models take the last state themselves where a node returns no sequences, so that alone is no obstacle.
        if reason := unsupported_layer(layer, "generic"):
            return reason
    if len({layer.dtype for layer in layers(request.model)}) > 1:
        return "the layers of a PyTorch model that are wired directly have one dtype"
    if "gradients" in request.wants and (training is None or request.targets is None):
        return "gradients of a model are those of its loss: give `training` and `targets`"
    if training is not None and training.frozen:
        return "frozen weights are not asked of PyTorch models here"
    if training is not None:
        _, names, needed = HYPER[training.optimizer]
        given = dict(training.hyper)
        if given.pop("epsilon_place", "outside") != "outside":
            return f"PyTorch's {training.optimizer} adds epsilon outside the root"
        if strange := set(given) - set(names):
            return f"PyTorch's {training.optimizer} has no {', '.join(sorted(strange))}"
        if missing := set(needed) - set(given):
            return f"{training.optimizer} without {', '.join(sorted(missing))}: PyTorch's default would decide; give it"
        last = nodes[-1]
        if training.loss == "categorical_crossentropy" and not (last.op == "dense" and last["activation"] == "softmax"):
            return "nn.CrossEntropyLoss is that of a softmax: the last node must be dense with softmax"
    return None


def _run(request: ModelRequest, loop: bool, device: torch.device) -> Observation:
    """The whole answer, every recurrent node by the loop or none."""
    torch.manual_seed(0)  # dropout draws the same for the same request
    model, training, arrays = request.model, request.training, {}
    dtype = DTYPES[next((layer.dtype for layer in layers(model)), "float32")]
    ids = any(n.op == "embedding" and _is_input(model, n.inputs[0]) for n in model.nodes)

    def tensor(array: np.ndarray, dtype: torch.dtype = dtype) -> Tensor:
        return torch.tensor(np.array(array, order="C"), dtype=dtype, device=device)

    def given(array: np.ndarray) -> Tensor:
        return tensor(array, torch.int64) if ids else tensor(array)

    with moment("build"):
        widths = {n.name: request.weights[f"{n.name}/kernel"].shape[0] for n in model.nodes if n.op == "dense"}
        network = Network(model, loop, widths, dtype, device)
        load(network, request.weights)
        if request.execution.origin == "reloaded":
            network = reload(network)
    x = given(request.inputs)
    mask = None if request.mask is None else tensor(request.mask, torch.bool)
    unseen = x if request.unseen is None else given(request.unseen)
    unseen_mask = mask if request.unseen is None else None  # the mask given is that of `inputs`
    quiet = torch.inference_mode if request.execution.entry == "predict" else torch.no_grad

    def predict(inputs: Tensor, mask: Tensor | None) -> np.ndarray:
        network.eval()
        with quiet():
            return to_numpy(network(inputs, mask).output)

    with moment("run"):
        with watch() as kernels:
            arrays["predictions"] = predict(x, mask)
        if unseen is not x and training is not None:
            predict(unseen, unseen_mask)  # whether its mask can be packed must be known before training
        targets = None if request.targets is None else tensor(request.targets)
        if "gradients" in request.wants:
            network.train(request.execution.mode == "training")
            found = torch.autograd.grad(
                loss_of(training, network(x, mask), targets), list(network.parameters()), allow_unused=True,
                materialize_grads=True,
            )
            slopes = {id(p): g for p, g in zip(network.parameters(), found, strict=False)}
            arrays |= {f"gradients/{n}": a for n, a in read(network, lambda p: slopes[id(p)]).items()}
        if training is not None and targets is not None:
            optimizer = make_optimizer(training, network.parameters())
            losses = []
            network.train()
            for batch in training.batches:
                rows = torch.tensor(batch, device=device)
                optimizer.zero_grad()
                loss = loss_of(training, network(x[rows], None if mask is None else mask[rows]), targets[rows])
                loss.backward()
                optimizer.step()
                losses.append(to_numpy(loss))
            arrays["losses"] = np.array(losses)
            arrays["trained"] = predict(unseen, unseen_mask)
            arrays |= {f"weights/{n}": a for n, a in read(network, lambda p: p).items()}
    facts = {
        "epsilon_place": "outside",
        "one_bias": False,
        "mask": "none, PyTorch layers carry no mask; handed from node to node by the model",
        "masking": "torch.where in a loop over cells" if loop else "packed sequence where there is a mask",
        "loss": "mean over all steps, or over the valid ones, chosen by hand, where a mask reaches the output",
        "predict": f"module.eval() under torch.{quiet.__name__}()",
    }
    return Observation(arrays, " + ".join(dict.fromkeys(kernels)), facts=facts)


def _is_input(model: Model, name: str) -> bool:
    return next(n for n in model.nodes if n.name == name).op == "input"


def load(network: Network, weights: Mapping[str, np.ndarray]) -> None:
    """Copy `weights` (`NODE/NAME`) into the network. Raises ValueError when names or shapes do not match."""
    left = dict(weights)
    with torch.no_grad():
        for n, part in zip(network.model.nodes, network.parts, strict=False):
            own = {name: left.pop(name) for name in list(left) if name.startswith(f"{n.name}/")}
            if n.op == "recurrent":
                set_weights(part, n["layer"], {name.removeprefix(f"{n.name}/"): array for name, array in own.items()})
                continue
            targets = _plain(n, part)
            if set(own) != set(targets):
                raise ValueError(f"node {n.name}: weights {sorted(own)} given, {sorted(targets)} expected")
            for name, (parameter, transposed) in targets.items():
                array = own[name].T if transposed else own[name]
                if tuple(parameter.shape) != array.shape:
                    raise ValueError(f"{name}: shape {array.shape} given, {tuple(parameter.shape)} expected")
                parameter.copy_(torch.tensor(np.array(array, order="C")))
    if left:
        raise ValueError(f"weights {sorted(left)}: no node is called that")


def read(network: Network, value: Callable[[nn.Parameter], Tensor]) -> dict[str, np.ndarray]:
    """`NODE/NAME` -> `value` of that parameter (itself, its gradient), in this project's layouts."""
    found = {}
    for n, part in zip(network.model.nodes, network.parts, strict=False):
        if n.op == "recurrent":
            arrays = {name: to_numpy(value(p)) for name, p in parameters(part).items()}
            found |= {f"{n.name}/{name}": array for name, array in from_pytorch(n["layer"], arrays).items()}
        for name, (parameter, transposed) in _plain(n, part).items():
            array = to_numpy(value(parameter))
            found[name] = array.T if transposed else array
    return found


def _plain(n: Node, part: nn.Module) -> dict[str, tuple[nn.Parameter, bool]]:
    """Name -> parameter of a node that is not recurrent, and whether it is the transpose of ours."""
    if n.op == "dense":
        return {f"{n.name}/kernel": (part.weight, True), f"{n.name}/bias": (part.bias, False)}
    return {f"{n.name}/embeddings": (part.weight, False)} if n.op == "embedding" else {}


def loss_of(training: Training, answer: Answer, targets: Tensor) -> Tensor:
    """The mean loss as a PyTorch user takes it: cross-entropy on logits; valid steps picked out where there is a mask.

    targets: of the shape of the output.
    """
    output, logits, mask = answer
    if mask is not None:
        output, logits, targets = output[mask], logits[mask], targets[mask]
    if training.loss == "mse":
        return functional.mse_loss(output, targets)
    if training.loss == "mae":
        return functional.l1_loss(output, targets)
    if training.loss == "categorical_crossentropy":
        return functional.cross_entropy(logits.flatten(0, -2), targets.flatten(0, -2))
    return functional.binary_cross_entropy(output, targets)


def make_optimizer(training: Training, weights) -> torch.optim.Optimizer:
    """PyTorch's optimizer with the hyper-parameters given."""
    kind, names, _ = HYPER[training.optimizer]
    given = dict(training.hyper)
    options = {names[name]: value for name, value in given.items() if names.get(name, "betas") != "betas"}
    if training.optimizer == "adam":
        options["betas"] = (given["beta_1"], given["beta_2"])
    for flag in ("nesterov", "centered", "amsgrad"):
        if flag in options:
            options[flag] = bool(options[flag])
    return kind(weights, **options)


def run_function(request: FunctionRequest) -> Observation | None:
    """`pad_sequence`: the padded tensor. `pack_unpack`: sequences packed by `pack_sequence` (not sorted beforehand,
    unless the arguments say so) and unpacked by `pad_packed_sequence`; `lengths` is what came back with them. Both batch
    first, unless the arguments say otherwise. None for another name."""
    arguments = dict(request.arguments)
    if request.name not in ("pad_sequence", "pack_unpack"):
        return None
    with moment("run"):
        sequences = [torch.tensor(sequence) for sequence in arguments.pop("sequences")]
        arguments.setdefault("batch_first", True)
        if request.name == "pad_sequence":
            result, more = pad_sequence(sequences, **arguments), {}
        else:
            packed = pack_sequence(sequences, enforce_sorted=arguments.pop("enforce_sorted", False))
            result, lengths = pad_packed_sequence(packed, **arguments)
            more = {"lengths": to_numpy(lengths)}
    facts = {"dtype": str(result.dtype).removeprefix("torch.")}
    return Observation({"result": to_numpy(result), **more}, facts=facts)
