"""PyTorch's modules without states, the functions of the same name, and the same in place."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cases.families.equations_of_modules import DISCRETE, GROUPS, Module
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy


def operand(array: np.ndarray, kind: str) -> torch.Tensor:
    """A tensor of whole numbers for classes, else of float32, of which gradients are taken where that makes sense."""
    if kind == "classes":
        return torch.tensor(array)
    return torch.tensor(np.array(array, "float32"), requires_grad=kind not in DISCRETE)


def words_of(one: Module) -> dict[str, Any]:
    """The options of a module, weights as a tensor."""
    return {name: torch.tensor(value) if name == "weight" else value for name, value in one.options.items()}


def unpooled(module: nn.MaxUnpool1d) -> Callable[[torch.Tensor], torch.Tensor]:
    """Pooling, and what undoes it."""
    return lambda x: module(*nn.MaxPool1d(module.kernel_size, return_indices=True)(x))


def tells_its_place(one: Module) -> bool:
    """Whether a module that tells its options, and may work in place, tells that it does, and not where it does not."""
    kind = getattr(nn, one.name)
    if "inplace" not in inspect.signature(kind).parameters or kind.extra_repr is nn.Module.extra_repr:
        return True
    return "inplace=True" in repr(kind(**one.options, inplace=True)) and "inplace=True" not in repr(kind(**one.options))


def others(one: Module, given: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """What other ways to call it give: the function, in place, without a batch of gradients."""
    found = {}
    if one.function:
        options = one.more if one.apart else {**words_of(one), **one.more}
        found["the function"] = getattr(functional, one.function)(*given, **options)
    if "inplace" in inspect.signature(getattr(nn, one.name)).parameters:
        changed = given[0].detach().clone()
        getattr(nn, one.name)(**one.options, inplace=True).eval()(changed)
        found["in place"] = changed
    return found


def run_equations_of_modules(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.equations_of_modules`."""
    options = dict(request.arguments)
    if absent := [one.name for one in GROUPS[options["group"]] if not hasattr(nn, one.name)]:
        return Unsupported(f"this PyTorch has no nn.{absent[0]}")
    arrays, unlike, told = {}, [], []
    with moment("run"):
        torch.manual_seed(5)
        for one in GROUPS[options["group"]]:
            module = getattr(nn, one.name)(**words_of(one)).eval()
            given = [operand(*pair) for pair in zip(options["inputs"][one.key], one.drawn, strict=True)]
            outputs = (unpooled(module) if one.name == "MaxUnpool1d" else module)(*given)
            weights = dict(module.named_parameters())
            known = {str(n): each for n, each in enumerate(given) if each.requires_grad} | weights
            cotangents = torch.cos(torch.arange(outputs.numel(), dtype=torch.float64)).reshape(outputs.shape).float()
            gradients = torch.autograd.grad((outputs * cotangents).sum(), list(known.values()))
            arrays |= {f"{one.key}/weights/{name}": to_numpy(weight) for name, weight in weights.items()}
            arrays |= {f"{one.key}/gradients/{name}": to_numpy(g) for name, g in zip(known, gradients, strict=True)}
            arrays[f"{one.key}/outputs"] = to_numpy(outputs)
            unlike += [(one.key, way) for way, result in others(one, given).items() if not torch.equal(result, outputs)]
            unlike += [(one.key, "what is told of it in place")] if not tells_its_place(one) else []
            told.append((one.key, repr(module)))
    return Observation(arrays, facts={"unlike": tuple(unlike), "told": tuple(told)})
