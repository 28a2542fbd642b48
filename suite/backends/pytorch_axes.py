"""PyTorch's modules called with one row, with two, and without an axis of rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_called import parts
from suite.backends.pytorch_layers import to_numpy

CLASSES = {"class": (), "classes": (1,)}


def tensor(shape: Any) -> torch.Tensor:
    """Of that shape, of one row: ones for classes, else numbers of which none is zero."""
    return torch.ones(CLASSES[shape], dtype=torch.int64) if shape in CLASSES else torch.rand(shape) + 0.25


def rows_of(module: nn.Module, one: Mapping[str, Any], given: list[torch.Tensor], count: int) -> list[np.ndarray]:
    """The first row of each result of so many that are alike."""
    many = [torch.stack([x] * count, at) for x, at in zip(given, one["given_at"], strict=False)]
    results = parts(module(*many))[: len(one["gives"])]
    return [to_numpy(r.select(at, 0)) if r.ndim > at and r.shape[at] == count else np.full(2, np.nan)
            for r, at in zip(results, one["gives_at"], strict=False)]


def run_one_of_each(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.axes_of_one.axes_of_one_stay`."""
    arrays = {}
    with moment("run"), torch.random.fork_rng(), warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.manual_seed(3)
        for place, one in enumerate(dict(request.arguments)["modules"]):
            module = getattr(nn, one["name"])(*one["sizes"], **one["options"]).eval()
            given = [tensor(shape) for shape in one["given"]]
            found = {way: rows_of(module, one, given, count) for way, count in (("one", 1), ("two", 2))}
            if one["bare"]:
                found["bare"] = [to_numpy(result) for result in parts(module(*given))[: len(one["gives"])]]
            arrays |= {f"{place}/{way}/{n}": result for way, each in found.items() for n, result in enumerate(each)}
    return Observation(arrays)
