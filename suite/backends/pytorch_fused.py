"""PyTorch's steps in one kernel, with a scaled loss."""

from __future__ import annotations

from typing import Any

import torch

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy


def run_fused_steps(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.fused_steps.fused_steps_are_those_of_loops`. What is not written in memory is NaN."""
    options = dict(request.arguments)
    weights = [torch.nn.Parameter(torch.tensor(one)) for one in options["weights"]]
    how = {"fused": True} if options["kernel"] == "fused" else {"foreach": options["kernel"] == "foreach"}
    held = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        with moment("run"):
            optimizer = getattr(torch.optim, options["rule"])(weights, **options["options"], **how)
            scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
            for step, slopes in enumerate(options["slopes"]):
                scaler.scale(torch.ones(()))
                scale = float("inf") if step == options["left_out"] else scaler.get_scale()
                for weight, slope in zip(weights, slopes, strict=True):
                    weight.grad = None if slope is None else torch.tensor(slope) * scale
                scaler.step(optimizer)
                scaler.update()
    finally:
        torch.use_deterministic_algorithms(held)
    return Observation({f"weights/{number}": to_numpy(one) for number, one in enumerate(weights)})
