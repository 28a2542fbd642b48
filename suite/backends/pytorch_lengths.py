"""PyTorch's functions, and a loss, that divide by a length."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy


def run_unit_lengths(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.unit_lengths`; the loss of a cosine of one is 0."""
    options = dict(request.arguments)
    name, shape = options["name"], options["inputs"].shape[-1:]
    if name in ("dot", "penalty"):
        return Unsupported("PyTorch has no module that multiplies normalized sequences, and no penalties")
    inputs, other, cotangents = (torch.tensor(options[n], dtype=getattr(torch, options["dtype"]))
                                 for n in ("inputs", "other", "cotangents"))
    counts = torch.tensor(options["inputs"].any(axis=-1))
    inputs.requires_grad_(True)
    with moment("run"):
        if name == "cosine":
            ones = torch.ones(counts.numel())
            losses = functional.cosine_embedding_loss(inputs.flatten(0, 1), other.flatten(0, 1), ones, reduction="none")
            outputs = (losses.reshape(counts.shape) - 1) * counts
        elif name == "unit":
            outputs = functional.normalize(inputs, dim=-1)
        else:
            one = functional.layer_norm if name == "layer" else functional.rms_norm
            outputs = one(inputs, shape, eps=options["small"])
        (slope,) = torch.autograd.grad((outputs * cotangents).sum(), inputs)
        return Observation({"outputs": to_numpy(outputs).astype("float32"), "gradients": to_numpy(slope).astype("float32")})
