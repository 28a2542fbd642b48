"""PyTorch's attention, and its dropout between recurrent layers: what they read and draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy

HEADS = 2


def run_attending(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.attention.attended`, with nn.MultiheadAttention."""
    options = dict(request.arguments)
    if options["layer"] != "MultiHeadAttention":
        return Unsupported(f"PyTorch has no layer like {options['layer']}")
    if options["query_mask"] is not None:
        return Unsupported("nn.MultiheadAttention has no mask of queries: what padding asks is answered, and nobody reads it")
    query, value = (torch.tensor(np.array(options[name], "float32")) for name in ("query", "value"))
    key = value if options["key"] is None else torch.tensor(np.array(options["key"], "float32"))
    with moment("build"):
        torch.manual_seed(2)
        module = nn.MultiheadAttention(query.shape[-1], HEADS, batch_first=True).eval()
    allowed = torch.ones(query.shape[1], value.shape[1], dtype=torch.bool)
    if options["own"] is not None:
        allowed &= torch.tensor(options["own"])
    if options["causal"]:
        allowed = allowed.tril()
    masks = [options[name] for name in ("value_mask", "key_mask") if options[name] is not None]
    padding = ~torch.tensor(np.logical_and.reduce(masks)).expand(len(value), -1) if masks else None
    given = {"key_padding_mask": padding, "attn_mask": None if allowed.all() else ~allowed,
             "is_causal": options["causal"] and options["own"] is None}
    with moment("run"), torch.no_grad():
        outputs, _ = module(query, key, value, need_weights=False, **given)
        scored, scores = module(query, key, value, need_weights=True, average_attn_weights=False, **given)
    tensors = {"outputs": outputs, "scored/outputs": scored, "scores": scores}
    return Observation({name: to_numpy(tensor) for name, tensor in tensors.items()}, facts={"carries_masks": False})


def run_between(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Dropout, of single numbers or of whole features over all steps, or to the value that SELU tends to."""
    options = dict(request.arguments)
    made = {"Dropout": nn.Dropout, "SpatialDropout1D": nn.Dropout1d, "AlphaDropout": nn.AlphaDropout}.get(options["layer"])
    if made is None or not options["mask"].all():
        return Unsupported("PyTorch's layers between recurrent ones know no masks, and none of them is noise but dropout")
    with moment("run"), torch.random.fork_rng():
        torch.manual_seed(4)
        inputs = torch.tensor(np.array(options["inputs"], "float32"))
        inputs = inputs.transpose(1, 2) if made is nn.Dropout1d else inputs  # (rows, features, steps)
        module = made(options["options"]["rate"]).train(options["training"])
        found = {"outputs": module(inputs), "alone": torch.stack([module(one) for one in inputs])}  # alone: rows without a batch
        torch.manual_seed(4)
        made(options["options"]["rate"], inplace=True).train(options["training"])(written := inputs.clone())
        found |= {"given": inputs, "in_place": written}
    return Observation({n: to_numpy(one.transpose(1, 2) if made is nn.Dropout1d else one) for n, one in found.items()})


def run_dropped_features(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.noise_and_statistics.features_are_dropped_whole`."""
    options, arrays = dict(request.arguments), {}
    with moment("run"), torch.random.fork_rng():
        torch.manual_seed(4)
        for kind, (axes, _) in options["kinds"].items():
            function, rate = getattr(functional, kind), options["rate"]
            module = getattr(nn, "".join(map(str.capitalize, kind.split("_"))))(rate)
            ones, written = (torch.ones(32, 12, *(2,) * axes) for _ in range(2))
            function(written, rate, True, inplace=True)
            found = {"function": function(ones, rate, True), "module": module.train()(ones), "in_place": written}
            if kind[-2:] in ("1d", "3d"):  # three axes are rows of one to dropout2d
                found["alone"] = torch.stack([function(one, rate, True) for one in ones])
            arrays |= {f"{kind}/{way}": to_numpy(one) for way, one in found.items()}
    return Observation(arrays)
