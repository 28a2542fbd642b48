"""PyTorch's nested tensors, and its reductions with masks."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy


def done(of: str, x: Any, matrix: Any) -> Any:
    """What `of` names, done to a nested tensor (rows, steps, features)."""
    function, _, axis = of.partition("_of_")
    if axis:
        return getattr(x, function)(dim=1 if axis == "steps" else -1)
    if of == "attended":
        heads = x.unflatten(-1, [1, -1]).transpose(1, 2)
        return functional.scaled_dot_product_attention(heads, heads, heads).transpose(1, 2).flatten(2)
    return {
        "level": lambda: functional.layer_norm(x, x.shape[-1:]), "linear": lambda: x @ matrix, "gated": lambda: x * x.tanh(),
        "padded": lambda: torch.nested.to_padded_tensor(x, 0.0), "joined": lambda: torch.cat([x, 2 * x], dim=-1),
        "bent": lambda: torch.relu(x),
    }[of]()


def run_nested(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.nested_rows.nested_rows_are_as_alone`."""
    options = dict(request.arguments)
    rows = [torch.tensor(row) for row in options["rows"]]
    with moment("run"):
        x = torch.nested.nested_tensor(rows, layout=torch.jagged, requires_grad=options["wanted"] == "gradients")
        outputs = done(options["of"], x, torch.tensor(options["matrix"])).unbind()
        if options["wanted"] == "gradients":
            sum((one * torch.tensor(by)).sum() for one, by in zip(outputs, options["cotangents"], strict=True)).backward()
            outputs = x.grad.unbind()
    return Observation({f"{options['wanted']}/{number}": to_numpy(one) for number, one in enumerate(outputs)})


def run_masked(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.nested_rows.masked_reductions_are_of_what_is_left`."""
    options = dict(request.arguments)
    x, by = torch.tensor(options["rows"], requires_grad=True), torch.tensor(options["cotangents"])
    mask = torch.tensor(options["mask"])[..., None].expand(x.shape)
    order = (2.0,) if options["of"] in ("norm", "normalize") else ()
    kind = {"unbiased": False} if options["of"] in ("var", "std") else {}
    with moment("run"):
        outputs = getattr(torch.masked, options["of"])(x, *order, dim=1, mask=mask, **kind)
        torch.where(by != 0, outputs * by, 0.0).sum().backward()
    return Observation({"outputs": to_numpy(outputs), "gradients": to_numpy(x.grad)})
