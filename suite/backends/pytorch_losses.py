"""PyTorch's cross-entropy with ignored classes; of masked sequences its users take the loss by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy


def run_masked_loss(backend: Any, request: FunctionRequest) -> Unsupported:
    """Not PyTorch's."""
    return Unsupported("PyTorch's losses know no masks and no sample weights: what their users write says nothing of PyTorch")


def run_ignored(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """CrossEntropyLoss(ignore_index=...): classes along axis 1."""
    options = dict(request.arguments)
    if options["mask"] is not None:
        return Unsupported("PyTorch's losses know no masks")
    with moment("run"):
        logits = torch.tensor(np.array(options["logits"], "float32"), requires_grad=True)
        classes = torch.tensor(np.array(options["classes"], "int64"))
        loss = torch.nn.CrossEntropyLoss(ignore_index=options["ignored"], reduction=options["reduction"])
        value = loss(logits.transpose(1, 2), classes)
        (slope,) = torch.autograd.grad(value.sum(), logits)
    return Observation({"loss": to_numpy(value), "gradients": to_numpy(slope)})
