"""PyTorch's weights that are pruned, layers with a normalization folded into them, and words that are told by clusters."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import fusion, prune

from cases.families.pruned_weights import CUTS, WORDS
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_cells import leaf
from suite.backends.pytorch_layers import to_numpy


def linear(matrix: np.ndarray) -> nn.Linear:
    """A layer with this matrix."""
    made = nn.Linear(matrix.shape[1], matrix.shape[0])
    made.weight.data = torch.tensor(np.array(matrix, "float32"))
    return made


def run_pruned_as(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.pruned_weights.pruned_is_what_was_asked_for`."""
    first, second = (dict(request.arguments)[name] for name in ("first", "second"))
    others = torch.tensor(first.T.reshape(first.shape).copy())

    def twice(one: nn.Module) -> None:
        prune.l1_unstructured(one, "weight", 1 / 6)
        prune.l1_unstructured(one, "weight", 0.5)

    def left(one: nn.Module) -> None:
        prune.l1_unstructured(one, "weight", 0.25)
        prune.ln_structured(one, "weight", 0.25, 1, 0)

    ways = {
        "by share": lambda one: prune.l1_unstructured(one, "weight", 0.25),
        "by number": lambda one: prune.l1_unstructured(one, "weight", 5),
        "by what is told": lambda one: prune.l1_unstructured(one, "weight", 5, importance_scores=others.abs()),
        "twice": twice, "rows": lambda one: prune.ln_structured(one, "weight", 0.5, 1, 0),
        "columns": lambda one: prune.ln_structured(one, "weight", 2, 2, -1),
        "by mask": lambda one: prune.custom_from_mask(one, "weight", torch.tensor(first > 0)), "rows of what is left": left}
    arrays = {}
    with moment("run"), torch.no_grad():
        for way, apply in ways.items():
            one = linear(first)
            apply(one)
            one(torch.zeros(1, first.shape[1]))
            arrays[f"{way}/computed"], before = to_numpy(one.weight), prune.is_pruned(nn.Sequential(one))
            prune.remove(one, "weight")
            arrays[f"{way}/left"], after = to_numpy(one.weight), prune.is_pruned(one)
        both = linear(first), linear(second)
        prune.global_unstructured([(one, "weight") for one in both], prune.L1Unstructured, amount=12)
        arrays |= {f"together/{name}": to_numpy(one.weight) for name, one in zip(("first", "second"), both, strict=True)}
        torch.manual_seed(5)
        arrays["anywhere"] = to_numpy(prune.random_unstructured(linear(first), "weight", 0.25).weight)
        arrays["whole rows"] = to_numpy(prune.random_structured(linear(first), "weight", 2, 0).weight)
    return Observation(arrays, facts={"told_before": before, "told_after": after})


def run_folded(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.pruned_weights.folded_layers_give_what_both_gave`."""
    options = dict(request.arguments)
    bias, arrays, raised, halves = options["bias"], {}, [], set()
    x = torch.tensor(np.array(options["inputs"], "float32"))
    with moment("build"), torch.random.fork_rng():
        torch.manual_seed(5)
        norm = nn.BatchNorm1d(4, eps=0.25, affine=options["scale"])
        for tensor in (*norm.parameters(), norm.running_mean, norm.running_var):
            nn.init.uniform_(tensor, 0.5, 2.0)
        kinds = {"convolution": nn.Conv1d(3, 4, 2, bias=bias), "turned": nn.ConvTranspose1d(3, 4, 2, bias=bias),
                 "linear": nn.Linear(3, 4, bias=bias)}
    with moment("run"), torch.no_grad():
        for name, one in kinds.items():
            given, pair = x[..., 0] if name == "linear" else x, nn.Sequential(one, copy.deepcopy(norm)).eval()
            turned = partial(fusion.fuse_conv_bn_eval, transpose=name == "turned")
            fold = fusion.fuse_linear_bn_eval if name == "linear" else turned
            arrays[f"{name}/before"] = to_numpy(pair(given))
            try:
                folded = fold(*pair)
            except Exception as error:
                raised.append((name, f"raised {type(error).__name__}: {error}"))
                continue
            arrays[f"{name}/after"], arrays[f"{name}/again"] = to_numpy(folded(given)), to_numpy(pair(given))
            half = fold(copy.deepcopy(one).eval().half(), pair[1])
            halves |= {(f"{name}/{own}", str(each.dtype)) for own, each in half.named_parameters()}
    return Observation(arrays, facts={"raised": tuple(raised), "halves": tuple(sorted(halves))})


def run_clusters(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.pruned_weights.clusters_are_shares_of_shares`."""
    options = dict(request.arguments)
    x, classes = leaf(options["inputs"]), torch.tensor(options["classes"])
    with moment("build"), torch.random.fork_rng():
        torch.manual_seed(5)
        module = nn.AdaptiveLogSoftmaxWithLoss(x.shape[1], WORDS, list(CUTS), div_value=1.25, head_bias=options["bias"])
    with moment("run"):
        outputs, loss = module(x[0], classes[0]) if options["bare"] else module(x, classes)
        (slopes,) = torch.autograd.grad(loss, x)
        arrays = {"outputs": outputs, "loss": loss, "gradients": slopes, "shares": module.log_prob(x)}
        arrays["predicted"] = module.predict(x)
    arrays |= {f"weights/{name}": parameter for name, parameter in module.named_parameters()}
    return Observation({name: to_numpy(tensor) for name, tensor in arrays.items()})
