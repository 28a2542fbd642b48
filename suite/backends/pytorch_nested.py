"""PyTorch's nested tensors, and its reductions with masks."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy


def along(of: str, x: Any, steps: int) -> Any:
    """A function that is named with its axis, along which x is reduced or shared out."""
    function, _, axis = of.partition("_of_")
    return getattr(x, function)(dim=steps if axis == "steps" else -1)


def done(of: str, x: Any, matrix: Any) -> Any:
    """What `of` names, done to a nested tensor (rows, steps, features)."""
    if of.endswith("heads"):
        heads = x.unflatten(-1, [2, -1]).transpose(1, 2)
        return {
            "joined_heads": lambda: heads.transpose(1, 2).flatten(2),
            "level_heads": lambda: functional.layer_norm(heads, heads.shape[-1:]), "amax_of_heads": lambda: heads.amax(dim=1),
        }.get(of, lambda: along(of.removesuffix("_of_heads"), heads, 2))()
    if "_of_" in of:
        return along(of, x, 1)
    if of == "attended":
        heads = x.unflatten(-1, [1, -1]).transpose(1, 2)
        return functional.scaled_dot_product_attention(heads, heads, heads).transpose(1, 2).flatten(2)
    return {
        "level": lambda: functional.layer_norm(x, x.shape[-1:]), "linear": lambda: x @ matrix, "gated": lambda: x * x.tanh(),
        "padded": lambda: torch.nested.to_padded_tensor(x, 0.0), "joined": lambda: torch.cat([x, 2 * x], dim=-1),
        "bent": lambda: torch.relu(x), "halved": lambda: x.chunk(2, dim=-1)[1], "split": lambda: x.split([3, 5], dim=-1)[1],
        "sliced": lambda: x[..., 1:4], "scaled": lambda: x * matrix[:, 0],
    }[of]()


def run_nested(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.nested_rows.nested_rows_are_as_alone`."""
    options = dict(request.arguments)
    rows = [torch.tensor(row) for row in options["rows"]]
    lengths = [len(row) for row in rows]
    with moment("run"):
        if options["made"] == "rows":
            leaf = x = torch.nested.nested_tensor(rows, layout=torch.jagged, requires_grad=options["wanted"] == "gradients")
        else:
            leaf = torch.cat(rows).requires_grad_(options["wanted"] == "gradients")
            x = torch.nested.nested_tensor_from_jagged(leaf, torch.tensor([0, *lengths]).cumsum(0))
        outputs = done(options["of"], x, torch.tensor(options["matrix"])).unbind()
        if options["wanted"] == "gradients":
            sum((one * torch.tensor(by)).sum() for one, by in zip(outputs, options["cotangents"], strict=True)).backward()
            outputs = leaf.grad.unbind() if options["made"] == "rows" else leaf.grad.split(lengths)
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
