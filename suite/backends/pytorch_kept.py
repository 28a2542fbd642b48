"""PyTorch's recurrent modules with open gates, or with ones and zeros for weights."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cases.families.kept_digits import UNITS
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_crossed import given_to, row_by_row

Tensor = torch.Tensor
KINDS = {"gru": nn.GRU, "lstm": nn.LSTM, "projected": nn.LSTM, "relu": nn.RNN}
OPEN = 100.0
"""Where a gate is one to the last digit, and minus that where it is closed."""
GATES = {"gru": (0.0, OPEN, 0.0), "lstm": (-OPEN, OPEN, 0.0, OPEN), "projected": (-OPEN, OPEN, 0.0, OPEN), "relu": (0.0,)}
CONTEXTS = {"inference": torch.inference_mode, "nothing": torch.no_grad, "all": nullcontext}


def made(row: Mapping[str, Any]) -> nn.RNNBase:
    """The module: all weights are zero but the biases of gates, projections, and what relu reads its inputs by."""
    cell = row["cell"]
    words = {"proj_size": UNITS - 1} if cell == "projected" else {"nonlinearity": "relu"} if cell == "relu" else {}
    module = KINDS[cell](UNITS, UNITS, row["layers"], batch_first=row["batch_first"], bidirectional=row["both"],
                         dtype=getattr(torch, row["dtype"]), **words)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            weight.zero_()
            if name.startswith("weight_hr") or (cell == "relu" and name.startswith("weight_ih")):
                weight.fill_diagonal_(1.0)
            elif name.startswith("bias_ih"):
                weight.copy_(torch.tensor(GATES[cell]).repeat_interleave(UNITS))
    return module.train(row["training"])


def called(module: nn.RNNBase, row: Mapping[str, Any], x: Tensor, states: list[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Outputs, rows first, zeros at padding, and last states."""
    first = row["batch_first"]
    if row["form"] == "bare":
        return row_by_row(module, x, states)
    x = x if first else x.transpose(0, 1)
    if row["packed"]:
        x = pack_padded_sequence(x, row["lengths"], first, enforce_sorted=row["form"] == "sorted")
    outputs, last = given_to(module, x, states)
    outputs = pad_packed_sequence(outputs, first)[0] if row["packed"] else outputs
    return outputs if first else outputs.transpose(0, 1), last


def run_kept_digits(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.kept_digits.what_gates_keep_is_whole`."""
    arrays = {}
    with moment("run"):
        for place, row in enumerate(dict(request.arguments)["rows"]):
            dtype = getattr(torch, row["dtype"])
            x, far = (torch.tensor(row[name]).to(dtype) for name in ("x", "states"))
            near = far[..., : UNITS - 1] if row["cell"] == "projected" else far
            near = near if row["sharing"] else near.clone()
            module = made(row)
            with CONTEXTS[row["recorded"]]():
                outputs, last = called(module, row, x, [near, far] if isinstance(module, nn.LSTM) else [far])
            found = {"came/outputs": outputs, **{f"came/states/{n}": one for n, one in enumerate(last)}, "x": x, "states": far}
            arrays |= {f"{place}/{name}": np.asarray(one.detach().double()) for name, one in found.items()}
    return Observation(arrays)
