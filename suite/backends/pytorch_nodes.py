"""One node of a described model as the PyTorch module that a user would take, applied and its weights named.

Between nodes images are (batch, height, width, channels) and sequences (batch, time, features), as this project has
them; convolutions and pools get PyTorch's order, channels first, and give it back. Time-distributed nodes fold time
into the batch. `same` padding is PyTorch's own `padding="same"`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from cases.models import Node
from suite.backends.pytorch_crf import CRF
from suite.backends.pytorch_layers import build

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "softmax": lambda x: functional.softmax(x, dim=-1),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softsign": functional.softsign,
    "elu": functional.elu,
    "softplus": functional.softplus,
}

CONVOLUTIONS = {"conv1d": nn.Conv1d, "conv2d": nn.Conv2d, "conv3d": nn.Conv3d}
WEIGHTS: Mapping[str, Mapping[str, tuple[str, tuple[int, ...]]]] = {
    "dense": {"kernel": ("weight", (1, 0)), "bias": ("bias", (0,))},
    "conv1d": {"kernel": ("weight", (2, 1, 0)), "bias": ("bias", (0,))},
    "conv2d": {"kernel": ("weight", (2, 3, 1, 0)), "bias": ("bias", (0,))},
    "conv3d": {"kernel": ("weight", (2, 3, 4, 1, 0)), "bias": ("bias", (0,))},
    "crf": {"transitions": ("transitions", (0, 1)), "start": ("start", (0,)), "end": ("end", (0,))},
    "embedding": {"embeddings": ("weight", (0, 1))},
    "batch_norm": {
        "gamma": ("weight", (0,)),
        "beta": ("bias", (0,)),
        "moving_mean": ("running_mean", (0,)),
        "moving_variance": ("running_var", (0,)),
    },
}
"""Op -> this project's name -> PyTorch's, and the order of PyTorch's axes that makes it ours."""


def inner(n: Node) -> Node:
    """The node itself, or the one that a time_distributed node applies to every step."""
    return n["layer"] if n.op == "time_distributed" else n


def make(n: Node, kernel_shape: tuple[int, ...], loop: bool, dtype: torch.dtype, device: torch.device) -> nn.Module:
    """The module of a node. kernel_shape: of its kernel, or of gamma, which say how many features it reads."""
    one, where = inner(n), {"dtype": dtype, "device": device}
    if one.op == "recurrent":
        return build(one["layer"], "generic" if loop else "fused", device)
    if one.op == "dense":
        return nn.Linear(kernel_shape[0], one["units"], **where)
    if one.op in CONVOLUTIONS:
        kind = CONVOLUTIONS[one.op]
        return kind(kernel_shape[-2], one["filters"], tuple(one["size"]), padding=one["padding"], **where)
    if one.op == "crf":
        return CRF(one["tags"], **where)
    if one.op == "embedding":
        options = dict(one.options)
        reserved = 0 if options.get("mask_zero") or options.get("padding_idx") else None
        return nn.Embedding(one["ids"], one["width"], padding_idx=reserved, **where)
    if one.op == "batch_norm":
        kept = dict(one.options).get("momentum", 0.99)  # PyTorch's is of the new, not of the old
        return nn.BatchNorm1d(kernel_shape[0], eps=one["epsilon"], momentum=1 - kept, **where)
    if one.op in ("max_pool1d", "max_pool2d"):
        return (nn.MaxPool1d if one.op == "max_pool1d" else nn.MaxPool2d)(tuple(one["size"]))
    return nn.Dropout(one["rate"]) if one.op == "dropout" else nn.Identity()


def apply(n: Node, part: nn.Module, given: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The output of a node that is not recurrent, and what it is before its activation."""
    if n.op == "time_distributed":
        folded = given[0].flatten(0, 1)
        if inner(n).op == "recurrent":
            found = before = last(inner(n), *part(folded, None, None))
        else:
            found, before = apply(inner(n), part, [folded])
        return tuple(x.unflatten(0, given[0].shape[:2]) for x in (found, before))
    x = given[0]
    if n.op == "batch_norm" and x.ndim > 3:  # the places of an image are rows like others: nn.BatchNorm2d and 3d do no more
        x = part(x.movedim(-1, 1).flatten(2)).unflatten(2, x.shape[1:-1]).movedim(1, -1)
    elif n.op in (*CONVOLUTIONS, "max_pool1d", "max_pool2d", "batch_norm"):
        x = part(x.movedim(-1, 1)).movedim(1, -1) if x.ndim > 2 else part(x)
    elif n.op in ("dense", "embedding", "dropout"):
        x = part(x)
    else:
        x = _SHAPES[n.op](n, given) if n.op in _SHAPES else x
    name = dict(n.options).get("activation")
    return (ACTIVATIONS[name](x) if name else x), x


def last(n: Node, outputs: Tensor, states) -> Tensor:
    """What a recurrent node gives: all outputs, or the last ones, which are the last layer's final states."""
    layer = n["layer"]
    if layer.return_sequences or outputs.ndim == 2:  # the loop over cells takes the last ones itself
        return outputs
    hidden = states[0] if layer.cell == "lstm" else states
    return torch.cat(list(hidden[-len(layer.directions) :]), dim=1)


def _product(n: Node, xs: Sequence[Tensor]) -> Tensor:
    found = xs[0]
    for x in xs[1:]:
        found = found * x
    return found


def _dot(n: Node, xs: Sequence[Tensor]) -> Tensor:
    mine, its = n["axes"]
    first = xs[0] if mine == 2 else xs[0].transpose(1, 2)
    return torch.bmm(first, xs[1] if its == 1 else xs[1].transpose(1, 2))


_SHAPES: Mapping[str, Callable[[Node, Sequence[Tensor]], Tensor]] = {
    "flatten": lambda n, xs: xs[0].flatten(1),
    "reshape": lambda n, xs: xs[0].reshape(xs[0].shape[0], *n["shape"]),
    "permute": lambda n, xs: xs[0].permute(0, *n["dims"]),
    "repeat_vector": lambda n, xs: xs[0].unsqueeze(1).expand(-1, n["times"], -1),
    "slice": lambda n, xs: xs[0][:, n["start"] : n["stop"]],
    "add": lambda n, xs: sum(xs[1:], xs[0]),
    "multiply": _product,
    "concatenate": lambda n, xs: torch.cat(list(xs), dim=n["axis"]),
    "dot": _dot,
}


def named(n: Node, part: nn.Module) -> dict[str, tuple[Tensor, tuple[int, ...]]]:
    """`NODE/NAME` -> the tensor of a node that is not recurrent, and the order of its axes that makes it ours."""
    return {
        f"{n.name}/{ours}": (getattr(part, theirs), axes)
        for ours, (theirs, axes) in WEIGHTS.get(inner(n).op, {}).items()
    }
