"""PyTorch's layers with another number of initial states than they have."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment


def run_counted_states(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the requests of `cases.families.numbers_of_states`."""
    options = dict(request.arguments)
    part, units = options["part"], options["units"]
    if part == "stack_by_hand":
        return Unsupported("PyTorch has no cell made of cells")
    if options.get("mask") is not None:
        return Unsupported("PyTorch's recurrent layers take no mask")
    inputs = torch.tensor(options["inputs"].astype("float32"))
    states = np.array(options["states"], "float32")
    states = torch.tensor(states if "mask" in options else states.reshape(-1, len(inputs), units))
    with moment("build"):
        kind = nn.LSTM if part.endswith("lstm") else nn.RNN if part == "simple_rnn" else nn.GRU
        both = part.startswith("bidirectional")
        one = kind(inputs.shape[2], units, num_layers=2 if part == "stacked" else 1, bidirectional=both, batch_first=True)
    given = states[0] if options["bare"] else states
    if kind is nn.LSTM and not options["bare"]:  # a pair: of each layer and direction first h, then c
        given = (states[::2], states[1::2]) if both else tuple(state[None] for state in states)
    with moment("run"):
        return Observation({"outputs": one(inputs, given)[0].detach().numpy()})
