"""Described models as PyTorch modules: prediction, gradients, training; and PyTorch's functions for padding.

No PyTorch layer carries a mask, so this does what a user's `forward` does: `masking` and `embedding` nodes yield
(batch, time) masks (a step is valid where some value differs from the masking value; an id where it is not 0), every
recurrent layer after them is given that mask, and where it reaches the output, the loss is the mean over the valid
steps. A mask that is right-padded in every row goes in as a packed sequence; else every recurrent node is the loop
over cells.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence, unpack_sequence, unpad_sequence

from cases.layouts import from_pytorch
from cases.models import (
    KEEPS_MASK,
    FunctionRequest,
    Model,
    ModelRequest,
    Node,
    Training,
    named_inputs,
    recurrent_layers,
    rows_of,
)
from cases.requests import Observation, Unsupported
from suite.backends import Moment, moment
from suite.backends import pytorch_optimizers as optimizers
from suite.backends.pytorch import unsupported_layer
from suite.backends.pytorch_crf import run_crf
from suite.backends.pytorch_layers import DTYPES, parameters, reload, set_weights, stack_states, to_numpy, watch
from suite.backends.pytorch_nodes import ACTIVATIONS, apply, inner, last, make, named


class NotPacked(Exception):
    """A mask came up that no packed sequence describes."""


class Answer(NamedTuple):
    """What a network gives: the output, (batch, n) or (batch, time, n); the same before the activation of a dense node
    that comes last; the mask (batch, time) that reaches the output, or None."""

    output: Tensor
    logits: Tensor
    mask: Tensor | None
    last: nn.Module | None = None  # the module of the last node


class Network(nn.Module):
    """The nodes of a model. `forward` gives an `Answer`; `shapes` are those of the nodes' last outputs."""

    def __init__(self, model: Model, loop: bool, weights: Mapping[str, np.ndarray], dtype: torch.dtype, device):
        super().__init__()
        self.model, self.loop = model, loop
        self.shapes: dict[str, tuple[int, ...]] = {}
        kernels = [weights.get(f"{n.name}/kernel", weights.get(f"{n.name}/gamma", np.zeros(0))).shape for n in model.nodes]
        self.parts = nn.ModuleList([make(n, k, loop, dtype, device) for n, k in zip(model.nodes, kernels, strict=False)])

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor | None) -> Answer:
        """inputs: input node -> tensor; mask: (batch, time) bool for the first recurrent node, or None."""
        values: dict[str, tuple[Tensor, Tensor | None]] = {}
        for n, part in zip(self.model.nodes, self.parts, strict=False):
            given = [values[name][0] for name in n.inputs]
            masks = [values[name][1] for name in n.inputs]
            if n.op == "recurrent":
                own, mask = (mask if masks[0] is None else masks[0]), None
                x, own = self._recurrent(part, n, given, own)
                before = x
            elif n.op == "input":
                x = before = inputs[n.name]
                own = None
            else:
                x, before = apply(n, part, given)
                own = self._mask(n, given, masks)
            values[n.name] = x, own
            self.shapes[n.name] = tuple(x.shape[1:])
        return Answer(x, before, own if x.ndim == 3 else None, part)

    def _mask(self, n: Node, given: list[Tensor], masks: list[Tensor | None]) -> Tensor | None:
        """The mask that a user hands on by hand: as long as the time axis stays where it is."""
        if n.op == "masking":
            return (given[0] != n["value"]).any(dim=-1)
        if n.op == "embedding":
            return given[0] != 0 if dict(n.options).get("mask_zero") else None
        there = [mask for mask in masks if mask is not None]
        if n.op not in KEEPS_MASK or len(there) < len(masks):  # a step of an input without a mask is always valid
            return None
        if n.op == "concatenate" and (n["axis"] not in (-1, 2) or given[0].ndim != 3):
            return None
        return torch.stack(there).any(dim=0)

    def _recurrent(self, part: nn.Module, n: Node, given: list[Tensor], mask: Tensor | None):
        """The outputs of a recurrent node, and the mask for the node after it."""
        layer, x, of = n["layer"], given[0], n["layer"].convolution
        if of is not None:  # the cell is flat: channels before places, in one axis
            outputs, _ = part(x.movedim(-1, 2).flatten(2), mask, None)
            channels = of.channels(layer.width, of.places)
            image = outputs.unflatten(-1, (channels, *of.places)).movedim(-1 - of.rank, -1)
            return image, mask if layer.return_sequences else None
        states = stack_states(layer, dict(zip(layer.state_keys(), given[1:], strict=True))) if given[1:] else None
        if self.loop:
            outputs, _ = part(x, mask, states)
            flipped = mask is not None and layer.direction == "backward" and layer.layers % 2
            return outputs, (mask.flip(1) if flipped else mask) if layer.return_sequences else None
        lengths = None
        if mask is not None:
            lengths = mask.sum(dim=1).cpu()
            if bool((mask[:, 1:] > mask[:, :-1]).any()) or bool((lengths < 1).any()):
                raise NotPacked
        return last(n, *part(x, lengths, states)), mask if layer.return_sequences else None


def run_model(request: ModelRequest, device: torch.device) -> Observation | Unsupported:
    """The observation of a model request, as `cases.models.ModelRequest` describes it."""
    reason = unsupported(request)
    if device.type == "cuda" and "gradients" in request.wants and request.execution.mode == "inference":
        reason = reason or "cudnn RNN backward can only be called in training mode: ask with mode='training'"
    if reason:
        return Unsupported(reason)
    backwards = any(layer.direction == "backward" for layer in recurrent_layers(request.model))
    loop = request.execution.kernel == "generic" or backwards
    if backwards and any(layer.convolution for layer in recurrent_layers(request.model)):
        return Unsupported("a model with a ConvLSTM that runs backwards is not written here")
    try:
        return _run(request, loop, device)
    except Moment as problem:
        if isinstance(problem.error, NotPacked):
            return _run(request, True, device)
        raise


def unsupported(request: ModelRequest) -> str | None:
    """None, or why this model request cannot be asked of PyTorch."""
    nodes, execution, training = request.model.nodes, request.execution, request.training
    if execution.kernel not in ("fused", "generic"):
        return f"a model is asked for by fused or generic kernels here; {execution.kernel} is asked of a layer"
    if execution.origin == "from_config":
        return "a PyTorch model is a program; it keeps no configuration"
    for n in map(inner, nodes):
        name = dict(n.options).get("activation", "linear")
        if name not in ACTIVATIONS:
            return f"node {n.name}: PyTorch has no activation {name}"
    for layer in recurrent_layers(request.model):
        if layer.stateful:
            return "a PyTorch model carries no state from call to call; ask the layer"
        # Models take the last state themselves where a node returns no sequences, so that alone is no obstacle.
        if reason := unsupported_layer(layer, "generic"):
            return reason
    if len({layer.dtype for layer in recurrent_layers(request.model)}) > 1:
        return "the layers of a PyTorch model that are wired directly have one dtype"
    if training is not None and training.run in ("traced", "xla"):
        return "a PyTorch module runs its own code; torch.compile takes about 15 s a layer here, and is not run"
    if "gradients" in request.wants and (training is None or request.targets is None):
        return "gradients of a model are those of its loss: give `training` and `targets`"
    if training is not None and (unknown := set(training.frozen) - set(request.weights)):
        return f"frozen weights {', '.join(sorted(unknown))}: the model has none of that name"
    if training is not None and any(f"{n.name}/0/" in name for n in nodes for name in training.frozen):
        return "PyTorch packs the weights of a recurrent layer by its own layout; freezing single ones is not asked here"
    if training is not None:
        if reason := optimizers.unsupported(training.optimizer, dict(training.hyper), training.own):
            return reason
        last = nodes[-1]
        if training.loss == "categorical_crossentropy" and not (last.op == "dense" and last["activation"] == "softmax"):
            return "nn.CrossEntropyLoss is that of a softmax: the last node must be dense with softmax"
    return None


def _run(request: ModelRequest, loop: bool, device: torch.device) -> Observation:
    """The whole answer, every recurrent node by the loop or none."""
    torch.manual_seed(0)  # dropout draws the same for the same request
    model, training, arrays = request.model, request.training, {}
    dtype = DTYPES[next((layer.dtype for layer in recurrent_layers(model)), "float32")]
    ids = {n.inputs[0] for n in model.nodes if n.op == "embedding"}

    def tensor(array: np.ndarray, dtype: torch.dtype = dtype) -> Tensor:
        return torch.tensor(np.array(array, order="C"), dtype=dtype, device=device)

    def given(inputs: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, Tensor]:
        arrays = named_inputs(model, inputs)
        return {name: tensor(array, torch.int64 if name in ids else dtype) for name, array in arrays.items()}

    with moment("build"):
        network = Network(model, loop, request.weights, dtype, device)
        load(network, request.weights)
        if request.execution.origin == "reloaded":
            network = reload(network)
        freeze(network, training.frozen if training else ())
        trained = [p for p in network.parameters() if p.requires_grad]
    x = given(request.inputs)
    mask = None if request.mask is None else tensor(request.mask, torch.bool)
    unseen = x if request.unseen is None else given(request.unseen)
    unseen_mask = mask if request.unseen is None else None  # the mask given is that of `inputs`
    quiet = torch.inference_mode if request.execution.entry == "predict" else torch.no_grad

    def predict(inputs: dict[str, Tensor], mask: Tensor | None) -> np.ndarray:
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
            loss = loss_of(training, network(x, mask), targets)
            found = torch.autograd.grad(loss, trained, allow_unused=True, materialize_grads=True)
            arrays["loss"] = to_numpy(loss)
            slopes = {id(p): g for p, g in zip(trained, found, strict=False)}
            arrays |= {f"gradients/{n}": a for n, a in read(network, lambda p: slopes.get(id(p))).items()}
        if training is not None and targets is not None:
            stepper = optimizers.Stepper(training.optimizer, dict(training.hyper), trained)
            losses, best = [], Best(request, network)
            network.train()
            for batch in training.steps:
                rows = torch.tensor(batch, device=device)
                stepper.optimizer.zero_grad()
                loss = loss_of(training, network(rows_of(x, rows), None if mask is None else mask[rows]), targets[rows])
                loss.backward()
                stepper.step()
                losses.append(to_numpy(loss))
                if training.validation and len(losses) % len(training.batches) == 0:
                    best.look(network, x, mask, targets)
                    network.train()
            arrays |= best.arrays(x, mask)
            arrays["losses"] = np.array(losses)
            arrays["trained"] = predict(unseen, unseen_mask)
            arrays |= {f"weights/{n}": a for n, a in read(network, lambda p: p).items()}
    facts = {
        "stack": "torch",
        "padding": "zero",
        "parameters": sum(p.numel() for p in network.parameters()) + sum(
            b.numel() for name, b in network.named_buffers() if name.rsplit(".", 1)[-1] in ("running_mean", "running_var")
        ),
        "parameters_by_node": {
            n.name: sum(p.numel() for p in part.parameters()) for n, part in zip(model.nodes, network.parts, strict=False)
        },
        "shapes": dict(network.shapes),
        "weight_shapes": {name: array.shape for name, array in read(network, lambda p: p).items()},
        "one_bias": False,
        "moving_variance": "unbiased",
        "mask": "none, PyTorch layers carry no mask; handed from node to node by the model",
        "masking": "torch.where in a loop over cells" if loop else "packed sequence where there is a mask",
        "loss": "mean over all steps, or over the valid ones, chosen by hand, where a mask reaches the output",
        "predict": f"module.eval() under torch.{quiet.__name__}()",
    }
    return Observation(arrays, " + ".join(dict.fromkeys(kernels)), facts=facts)


class Best:
    """The weights with the least loss on the rows of validation, in a file: as a user keeps them by hand."""

    def __init__(self, request: ModelRequest, network: Network):
        self.training, self.losses, self.saved = request.training, [], None
        self.file, self.again = io.BytesIO(), network

    def look(self, network: Network, x: dict[str, Tensor], mask: Tensor | None, targets: Tensor) -> None:
        """Look at the loss; save the weights where it is the least so far."""
        rows = torch.tensor(self.training.validation, device=targets.device)
        network.eval()
        with torch.no_grad():
            answer = network(rows_of(x, rows), None if mask is None else mask[rows])
            self.losses.append(float(loss_of(self.training, answer, targets[rows])))
            if self.losses[-1] == min(self.losses):
                self.file.seek(0)
                self.file.truncate()
                torch.save(network.state_dict(), self.file)
                self.saved = to_numpy(network(x, mask).output)

    def arrays(self, x: dict[str, Tensor], mask: Tensor | None) -> dict[str, np.ndarray]:
        """The losses, and the predictions when the best weights were saved, and with them loaded into a copy; empty where
        nothing was looked at."""
        if self.saved is None:
            return {}
        other = copy.deepcopy(self.again).eval()
        self.file.seek(0)
        other.load_state_dict(torch.load(self.file, weights_only=True))
        with torch.no_grad():
            return {"validation": np.array(self.losses), "saved": self.saved, "loaded": to_numpy(other(x, mask).output)}


def load(network: Network, weights: Mapping[str, np.ndarray]) -> None:
    """Copy `weights` (`NODE/NAME`) into the network. Raises ValueError when names or shapes do not match."""
    left = dict(weights)
    with torch.no_grad():
        for n, part in zip(network.model.nodes, network.parts, strict=False):
            own = {name: left.pop(name) for name in list(left) if name.startswith(f"{n.name}/")}
            if inner(n).op == "recurrent":
                set_weights(part, inner(n)["layer"], {name.removeprefix(f"{n.name}/"): array for name, array in own.items()})
                continue
            targets = named(n, part)
            if set(own) != set(targets):
                raise ValueError(f"node {n.name}: weights {sorted(own)} given, {sorted(targets)} expected")
            for name, (parameter, axes) in targets.items():
                array = own[name].transpose(np.argsort(axes))
                if tuple(parameter.shape) != array.shape:
                    raise ValueError(f"{name}: shape {array.shape} given, {tuple(parameter.shape)} expected")
                parameter.copy_(torch.tensor(np.array(array, order="C")))
    if left:
        raise ValueError(f"weights {sorted(left)}: no node is called that")


def freeze(network: Network, frozen: Sequence[str]) -> None:
    """`requires_grad_(False)` for the parameters that are not to be trained."""
    for n, part in zip(network.model.nodes, network.parts, strict=False):
        for name, (parameter, _) in named(n, part).items():
            if name in frozen:
                parameter.requires_grad_(False)


def read(network: Network, value: Callable[[Tensor], Tensor | None]) -> dict[str, np.ndarray]:
    """`NODE/NAME` -> `value` of that parameter or buffer (itself, its gradient), in this project's layouts; without
    those that have None."""
    found = {}
    for n, part in zip(network.model.nodes, network.parts, strict=False):
        if inner(n).op == "recurrent":
            arrays = {name: to_numpy(value(p)) for name, p in parameters(part).items()}
            found |= {f"{n.name}/{name}": array for name, array in from_pytorch(inner(n)["layer"], arrays).items()}
        for name, (parameter, axes) in named(n, part).items():
            if (tensor := value(parameter)) is not None:
                found[name] = to_numpy(tensor).transpose(axes)
    return found


def loss_of(training: Training, answer: Answer, targets: Tensor) -> Tensor:
    """The mean loss as a PyTorch user takes it: cross-entropy on logits; valid steps picked out where there is a mask.

    targets: of the shape of the output.
    """
    output, logits, mask, last = answer
    if training.loss == "crf":
        return -last.log_likelihood(output, mask, targets).mean()
    if mask is not None:
        output, logits, targets = output[mask], logits[mask], targets[mask]
    if training.loss == "mse":
        return functional.mse_loss(output, targets)
    if training.loss == "mae":
        return functional.l1_loss(output, targets)
    if training.loss == "categorical_crossentropy":
        return functional.cross_entropy(logits.flatten(0, -2), targets.flatten(0, -2))
    return functional.binary_cross_entropy(output, targets)


def run_function(request: FunctionRequest) -> Observation | None:
    """`pad_sequence`: the padded tensor. `pack_unpack`: sequences packed by `pack_sequence` (not sorted beforehand, unless the
    arguments say so), with `dtype` cast, and unpacked by `pad_packed_sequence`; `lengths` is what came back with them. Both batch
    first, unless the arguments say otherwise. `unpad`, `unpack`: the sequences, result/NUMBER. `batch`: `torch.stack`. None for
    another name."""
    arguments = dict(request.arguments)
    if request.name == "batch":
        with moment("run"):
            return Observation({"result": to_numpy(torch.stack([torch.tensor(one) for one in arguments["sequences"]]))})
    if request.name == "crf":
        return run_crf(arguments, torch.device("cpu"))
    if request.name in ("unpad", "unpack"):
        with moment("run"):
            if request.name == "unpad":
                inputs, lengths = (torch.tensor(np.array(arguments[name])) for name in ("inputs", "lengths"))
                parts = unpad_sequence(inputs, lengths, arguments["batch_first"])
            else:
                sequences = [torch.tensor(one) for one in arguments["sequences"]]
                parts = unpack_sequence(pack_sequence(sequences, enforce_sorted=False))
            return Observation({f"result/{number}": to_numpy(one) for number, one in enumerate(parts)})
    if request.name not in ("pad_sequence", "pack_unpack"):
        return None
    with moment("run"):
        sequences = [torch.tensor(sequence) for sequence in arguments.pop("sequences")]
        arguments.setdefault("batch_first", True)
        if request.name == "pad_sequence":
            result, more = pad_sequence(sequences, **arguments), {}
        else:
            packed = pack_sequence(sequences, enforce_sorted=arguments.pop("enforce_sorted", False))
            if "dtype" in arguments:
                packed = packed.to(DTYPES[arguments.pop("dtype")])
            result, lengths = pad_packed_sequence(packed, **arguments)
            more = {"lengths": to_numpy(lengths), "order": np.zeros(0, int) if packed.sorted_indices is None else to_numpy(
                packed.sorted_indices)}
    facts = {"dtype": str(result.dtype).removeprefix("torch.")}
    return Observation({"result": to_numpy(result), **more}, facts=facts)
