"""PyTorch's bags of ids, numbers to pad with, modules made elsewhere, attention of rows without a valid step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import skip_init
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.pytorch_layers import named_tensors, read, to_numpy


def of_lengths(ids: Any, weights: Any, counts: Any, form: str) -> tuple[Any, Any]:
    """Nested tensors of the ids in each bag and of their weights, or one of the ids that are the first ones of padded rows."""
    if form == "narrowed":
        rows = pad_sequence(ids.split(list(counts)), batch_first=True, padding_value=1)
        begin = torch.zeros(len(counts), dtype=torch.int64)
        return torch.nested.narrow(rows, 1, begin, torch.tensor(counts), layout=torch.jagged), None
    offsets = torch.tensor([0, *counts]).cumsum(0)
    return tuple(None if one is None else torch.nested.nested_tensor_from_jagged(one, offsets) for one in (ids, weights))


def run_bags(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.bags.bags_are_of_their_ids`."""
    options = dict(request.arguments)
    counts, form, weights = options["counts"], options["form"], options["weights"]
    ids, ends = torch.tensor(options["ids"], dtype=torch.int64), np.cumsum((0, *counts))
    weights = None if weights is None else torch.tensor(weights.astype("float32"), requires_grad=True)
    last = form == "last_offset" or (form == "rows" and options["mode"] == "mean")  # which rows need not
    given = {"mode": options["mode"], "include_last_offset": last, "padding_idx": options["padding"],
             "max_norm": options["longest"] or None, "norm_type": options["norm"],
             "sparse": options["sparse"], "scale_grad_by_freq": options["by_frequency"]}
    table = torch.tensor(options["table"].astype("float32"))
    with moment("build"):
        torch.manual_seed(5)
        bag = nn.EmbeddingBag.from_pretrained(table, **given) if options["origin"] == "pretrained" else nn.EmbeddingBag(
            *table.shape, **given)
        if options["origin"] == "given":
            bag.load_state_dict({"weight": table})
    held = to_numpy(bag.weight)
    with moment("run"):
        bag.weight.requires_grad_(True)
        if form == "rows":
            shape = (len(counts), -1 if counts[0] else 0)
            outputs = bag(ids.reshape(shape), per_sample_weights=None if weights is None else weights.reshape(shape))
        elif form in ("nested", "narrowed"):
            nested, by = of_lengths(ids, weights, counts, form)
            outputs = bag(nested, per_sample_weights=by)
        else:
            outputs = bag(ids, torch.tensor(ends if form == "last_offset" else ends[:-1]), weights)
        (outputs * torch.tensor(options["cotangents"].astype("float32"))).sum().backward()
    slope = bag.weight.grad
    return Observation({"outputs": to_numpy(outputs), "table": held, "gradients": to_numpy(
        slope.to_dense() if slope.is_sparse else slope), **({} if weights is None else {
            "worth": to_numpy(torch.zeros_like(weights) if weights.grad is None else weights.grad)})},
                       facts={"sparse": slope.is_sparse})


def run_wrong_bags(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.bags.impossible_bags_are_refused`."""
    options = dict(request.arguments)
    table, begins = torch.tensor(options["table"].astype(options["dtype"])), torch.tensor(options["begins"], dtype=torch.int64)
    with moment("run"):
        return Observation({"outputs": to_numpy(functional.embedding_bag(torch.tensor(options["ids"]), table, begins))})


def run_padded_with(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.packed.numbers_pad_as_they_are`."""
    options = dict(request.arguments)
    given, number = [torch.tensor(one) for one in options["sequences"]], options["number"]
    with moment("run"):
        if options["helper"] == "padded":
            padded = pad_sequence(given, True, number)
        else:
            padded = pad_packed_sequence(pack_sequence(given), True, number)[0]
        return Observation({"padded": padded.numpy().astype("float64")})


def run_made_elsewhere(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.made_elsewhere.modules_made_elsewhere_compute`."""
    options = dict(request.arguments)
    asked, way = options["request"], options["way"]
    layer = asked.layer
    weights = named_tensors(layer, asked.weights)
    kind = {"lstm": nn.LSTM, "gru": nn.GRU, "simple_rnn": nn.RNN}[layer.cell]
    sizes = {"batch_first": True, "bidirectional": layer.direction == "bidirectional"}
    with moment("build"):
        if way == "uninitialized":
            module = skip_init(kind, layer.features, layer.units, **sizes)
        else:
            module = kind(layer.features, layer.units, device="meta", **sizes)
        module = module.to_empty(device="cpu") if way == "nowhere" else module
        module.load_state_dict(weights, assign=way == "assigned")
    with moment("run"):
        return Observation(read(module, layer, torch.tensor(asked.batch.inputs.astype("float32")), True))


def run_meant(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.rows_without_steps.rows_without_steps_are_finite`."""
    options = dict(request.arguments)
    if options["layer"] != "MultiHeadAttention":
        return Unsupported(f"PyTorch has no layer like {options['layer']}")
    given = torch.tensor(options["inputs"].astype("float32"))
    with moment("run"):
        module = nn.MultiheadAttention(given.shape[-1], 2, batch_first=True)
        mask = {"key_padding_mask": ~torch.tensor(options["mask"]), "need_weights": options["scored"]}
        found = {"outputs": module(given, given, given, **mask)[0]}
        with torch.no_grad():  # by a fast kernel
            found["idle/outputs"] = module.eval()(given, given, given, **mask)[0]
        return Observation({name: to_numpy(tensor) for name, tensor in found.items()})


def run_unread(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.rows_without_steps.queries_that_read_nothing_are_constants`."""
    options = dict(request.arguments)
    if options["layer"] != "MultiHeadAttention":
        return Unsupported(f"PyTorch has no layer like {options['layer']}")
    query, key, value, others = (torch.tensor(options[n].astype("float32")) for n in ("query", "key", "value", "others"))
    barred = ~torch.tensor(options["may"])
    with moment("run"):
        module = nn.MultiheadAttention(query.shape[-1], 2, batch_first=True)
        mask = ({"key_padding_mask": barred.any(dim=1)} if options["by"] == "padding"
                else {"attn_mask": barred.repeat_interleave(2, dim=0)})
        asking, asked = query.clone().requires_grad_(), key.clone().requires_grad_()
        outputs = module(asking, asked, value, **mask, need_weights=False)[0]
        idle = barred.all(dim=2, keepdim=True)
        slopes = torch.autograd.grad((outputs * idle).sum(), [asking, asked])
        found = {"outputs": outputs, "slopes/query": slopes[0], "slopes/key": slopes[1],
                 "turned/outputs": module(others, others, value, **mask, need_weights=False)[0],
                 "scored/outputs": module(query, key, value, **mask)[0]}
        return Observation({name: to_numpy(tensor) for name, tensor in found.items()})
