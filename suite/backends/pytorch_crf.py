"""A linear-chain CRF in PyTorch, as its users write it: the module, its loss, its decoding. PyTorch has none of its own.

Shapes: emissions (batch, time, tags), mask (batch, time) bool, right-padded, tags (batch, time) int.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy

NAMES = ("emissions", "transitions", "start", "end")


class CRF(nn.Module):
    """Holds transitions, start and end; passes emissions on."""

    def __init__(self, tags: int, dtype: torch.dtype, device: torch.device):
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(tags, tags, dtype=dtype, device=device))
        self.start = nn.Parameter(torch.zeros(tags, dtype=dtype, device=device))
        self.end = nn.Parameter(torch.zeros(tags, dtype=dtype, device=device))

    def forward(self, emissions: Tensor) -> Tensor:
        """The emissions."""
        return emissions

    def log_likelihood(self, emissions: Tensor, mask: Tensor | None, tags: Tensor) -> Tensor:
        """(batch,) log-likelihoods of the tags."""
        mask = torch.ones(emissions.shape[:2], dtype=torch.bool, device=emissions.device) if mask is None else mask
        return log_likelihood(emissions, self.transitions, self.start, self.end, mask, tags.long())


def log_likelihood(emissions: Tensor, transitions: Tensor, start: Tensor, end: Tensor, mask: Tensor, tags: Tensor) -> Tensor:
    """(batch,) log-likelihoods of the tags, by the forward algorithm."""
    lengths = mask.sum(dim=1)
    chosen = emissions.gather(2, tags[:, :, None])[:, :, 0]
    moves = transitions[tags[:, :-1], tags[:, 1:]]
    zero = emissions.new_zeros(())
    score = start[tags[:, 0]] + torch.where(mask, chosen, zero).sum(dim=1) + torch.where(mask[:, 1:], moves, zero).sum(dim=1)
    score = score + end[tags.gather(1, lengths[:, None] - 1)[:, 0]]
    alpha = start + emissions[:, 0]
    for step in range(1, emissions.shape[1]):
        new = torch.logsumexp(alpha[:, :, None] + transitions, dim=1) + torch.where(mask[:, step, None], emissions[:, step], zero)
        alpha = torch.where(mask[:, step, None], new, alpha)
    return score - torch.logsumexp(alpha + end, dim=1)


def decode(emissions: Tensor, transitions: Tensor, start: Tensor, end: Tensor, mask: Tensor) -> Tensor:
    """(batch, time) the best path of each row (Viterbi), -1 at padded steps."""
    best, pointers = start + emissions[:, 0], []
    for step in range(1, emissions.shape[1]):
        highest, pointer = (best[:, :, None] + transitions).max(dim=1)
        pointers.append(pointer)
        best = torch.where(mask[:, step, None], highest + emissions[:, step], best)
    path = [(best + end).argmax(dim=1)]
    for step in reversed(range(1, emissions.shape[1])):
        before = pointers[step - 1].gather(1, path[-1][:, None])[:, 0]
        path.append(torch.where(mask[:, step], before, path[-1]))
    return torch.stack(path[::-1], dim=1).masked_fill(~mask, -1)


def run_crf(arguments: Mapping[str, np.ndarray], device: torch.device) -> Observation:
    """What `cases.reference.crf.run_crf` answers, in float32."""
    held = [torch.tensor(arguments[name], dtype=torch.float32, device=device, requires_grad=True) for name in NAMES]
    mask, tags = torch.tensor(arguments["mask"], device=device), torch.tensor(arguments["tags"], device=device).long()
    with moment("run"):
        likelihood = log_likelihood(*held, mask, tags)
        slopes = torch.autograd.grad(likelihood.sum(), held)
        with torch.no_grad():
            path = decode(*held, mask)
    arrays = {"log_likelihood": to_numpy(likelihood), "path": to_numpy(path)}
    arrays |= {f"gradients/{name}": to_numpy(slope) for name, slope in zip(NAMES, slopes, strict=True)}
    return Observation(arrays, "torch operations")
