"""PyTorch's helpers that pad, pack and take apart sequences, in any way."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch.nn.utils.rnn import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy

Tensor = torch.Tensor
CONTEXTS = {"inference": torch.inference_mode, "nothing": torch.no_grad,
            "autocast": lambda: torch.autocast("cpu", torch.bfloat16)}
FORMS = {"list": list, "tuple": tuple, "generator": lambda each: (one for one in each), "rows": torch.stack}


def run_crossed_packing(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.crossed_packing`."""
    arrays, odd = {}, []
    with moment("run"):
        for place, row in enumerate(dict(request.arguments)["rows"]):
            dtype = getattr(torch, row["dtype"])
            each = [torch.tensor(one, dtype=dtype, requires_grad=row["recorded"] == "all") for one in row["sequences"]]
            before = [one.detach().clone() for one in each]
            with CONTEXTS.get(row["recorded"], nullcontext)():
                found = taken_apart(row, each)
            kinds = {one.dtype for name, one in found.items() if name not in ("lengths", "batch_sizes")
                     and not name.startswith("cast")}
            odd += [(place, f"results are in {kind}") for kind in kinds if kind != dtype]
            odd += [(place, f"{n} in {found[n].dtype}") for n in ("lengths", "batch_sizes")
                    if n in found and found[n].dtype != torch.int64]
            odd += [(place, f"cast to {one.dtype}") for n, one in found.items() if n.startswith("cast")
                    and one.dtype != getattr(torch, row["other"])]
            if row["recorded"] == "all":
                every = [found["padded"], *([found["unpacked"]] if "unpacked" in found else ()),
                         *(one for name, one in found.items() if name.startswith("rows/"))]
                loss = sum((one.nan_to_num() * one.detach().nan_to_num()).sum() for one in every)
                slopes = torch.autograd.grad(loss, each, materialize_grads=True)
                found |= {f"gradients/{n}": one for n, one in enumerate(slopes)}
            odd += [(place, "what was given is changed")] * any(
                not torch.equal(a, b) for a, b in zip(before, each, strict=True))
            arrays |= {f"{place}/{name}": to_numpy(one) for name, one in found.items()}
    return Observation(arrays, facts={"odd": tuple(odd)})


def taken_apart(row: Mapping[str, Any], each: list[Tensor]) -> dict[str, Tensor]:
    """What comes, rows first."""
    first, value, lengths = row["batch_first"], row["number"], [len(one) for one in each]
    turned = (lambda one: one) if first else (lambda one: one.transpose(0, 1))
    padded = pad_sequence(FORMS[row["given"]](each), first, value)
    found = {"padded": turned(padded),
             "other_side": turned(pad_sequence(FORMS[row["given"]](each), batch_first=first, padding_value=value,
                                               padding_side=row["side"]))}
    apart, held = padded.clone(), torch.tensor(lengths)
    if min(lengths):
        told = {"list": lengths, "tuple": tuple(lengths), "int64": held, "int32": held.int()}[row["told"]]
        packed = pack_padded_sequence(padded, told, first, enforce_sorted=row["told_sorted"])
        total = {"none": None, "same": max(lengths), "more": max(lengths) + 1}[row["total"]]
        unpacked, held = pad_packed_sequence(packed, batch_first=first, padding_value=value, total_length=total)
        listed = pack_sequence(tuple(each) if row["given"] == "tuple" else each, enforce_sorted=row["told_sorted"])
        found |= {"data": packed.data, "batch_sizes": packed.batch_sizes, "unpacked": turned(unpacked), "lengths": held}
        found |= {f"listed/{n}": one for n, one in enumerate(unpack_sequence(listed))}
        found |= {f"cast/{n}": one for n, one in enumerate(unpack_sequence(listed.to(getattr(torch, row["other"]))))}
        apart = unpacked.clone()  # it is turned in place where time comes first
    return found | {f"rows/{n}": one for n, one in enumerate(unpad_sequence(apart, held, first))}
