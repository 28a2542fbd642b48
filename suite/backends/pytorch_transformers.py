"""PyTorch's layers of transformers, however they are come by."""

from __future__ import annotations

import copy
import io
import warnings
from typing import Any

import numpy as np
import torch
from torch import nn

from cases.families.transformers import HEADS, INNER, WIDE, WIDTH
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy

LAYERS = {"encoder": (nn.TransformerEncoderLayer, nn.TransformerEncoder),
          "decoder": (nn.TransformerDecoderLayer, nn.TransformerDecoder)}
MODULES = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh}


def given(name: str) -> Any:
    """What a layer is given for its activation: a word, a function or a module."""
    kind, _, what = name.partition("-")
    functions = {"relu": nn.functional.relu, "gelu": nn.functional.gelu, "tanh": torch.tanh}
    return {"word": lambda: kind, "function": lambda: functions[kind], "module": lambda: MODULES[kind]()}[what]()


def come_by(options: dict[str, Any]) -> nn.Module:
    """A layer, or a stack of two that was made of one, with its weights."""
    kind, way = options["kind"], options["way"]
    made, stack = LAYERS[kind]
    more = {"batch_first": options["batch_first"], "norm_first": options["norm_first"], "bias": options["bias"]}
    more |= {"layer_norm_eps": WIDE} if options["batch_first"] else {}
    state = {name: torch.tensor(np.array(array, "float32")) for name, array in options["weights"].items()}
    if way == "whole":
        whole = nn.Transformer(WIDTH, HEADS, 1, 1, INNER, 0.0, given(options["activation"]), **more)
        layer = (whole.encoder if kind == "encoder" else whole.decoder).layers[0]
        layer.load_state_dict(state)
        return layer
    layer = made(WIDTH, HEADS, INNER, 0.0, given(options["activation"]), **more)
    layer.load_state_dict(state)
    if way == "copied":
        return copy.deepcopy(layer)
    if way == "pickled":
        torch.save(layer, kept := io.BytesIO())
        kept.seek(0)
        return torch.load(kept, weights_only=False)
    return stack(layer, 2) if way == "stacked" else layer


def drop_all(layer: nn.Module, what: str) -> None:
    """Let a layer drop all of one thing; see `cases.families.transformers.DROPPED`."""
    if not isinstance(layer, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
        return
    last = layer.dropout3 if isinstance(layer, nn.TransformerDecoderLayer) else layer.dropout2
    places = {"inside": layer.dropout, "block1": layer.dropout1, "block2": layer.dropout2, "last": last}
    if what in places:
        places[what].p = 1.0
    for one in layer.children():
        if what == "weights" and isinstance(one, nn.MultiheadAttention):
            one.dropout = 1.0


def run_transformer(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.transformers.transformer_layers_are_their_equations`."""
    options = dict(request.arguments)
    first, arrays, masked, way = options["batch_first"], options["given"], options["masked"], options["way"]
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what no nested tensors are made
        module = come_by(options).train(options["dropped"] != "nothing")
        for layer in module.modules():
            drop_all(layer, options["dropped"])

    def sequence(name: str) -> torch.Tensor:
        found = torch.tensor(np.array(arrays[name], "float32"))
        return found if first else found.transpose(0, 1)

    biased = bool(arrays["added"].any())

    def padding(name: str) -> torch.Tensor | None:
        """Of truth values; where numbers are added to the scores, of numbers too."""
        if not masked:
            return None
        may = torch.tensor(np.array(arrays[name]))
        return torch.zeros(may.shape).masked_fill(~may, -torch.inf) if biased and name == "valid" else ~may

    x, calls, watched = sequence("x"), [], {}
    own, crossed = (None if arrays[name].all() else ~torch.tensor(np.array(arrays[name])) for name in ("own", "crossed"))
    own = torch.tensor(np.array(arrays["added"], "float32")) if biased else own
    with moment("run"), torch.set_grad_enabled(options["gradients"]):
        if options["kind"] == "encoder":
            name = "mask" if way == "stacked" else "src_mask"
            given = {name: own, "src_key_padding_mask": padding("valid")}
            outputs = module(x, **given)
            if way == "made" and options["dropped"] == "nothing":  # what is watched is not fast, and gives the same
                module.linear1.register_forward_hook(lambda *_: calls.append("called"))
                watched["watched"] = module(x, **given)
        else:
            outputs = module(x, sequence("memory"), tgt_mask=own, memory_mask=crossed, tgt_key_padding_mask=padding("valid"),
                             memory_key_padding_mask=padding("memory_valid"))
    found = {"outputs": outputs, **watched}
    return Observation({name: to_numpy(one if first else one.transpose(0, 1)) for name, one in found.items()},
                       facts={"calls": len(calls)})


def run_whole_transformer(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.transformers.whole_transformers_are_their_parts`."""
    options = dict(request.arguments)
    first, arrays, said = options["batch_first"], options["given"], options["said"]
    with moment("build"), torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(6)
        whole = nn.Transformer(WIDTH, HEADS, 2, 2, INNER, 0.0, batch_first=first, norm_first=options["norm_first"],
                               bias=not options["norm_first"])
        whole.train(options["gradients"])
        for parameter in whole.parameters():
            if parameter.ndim == 1:  # norms of which two do not come to the same as one, and biases
                nn.init.uniform_(parameter, 0.5, 1.5)
    source, target = (torch.tensor(np.array(arrays[name], "float32")) for name in ("source", "target"))
    steps, long = target.shape[1], source.shape[1]
    source, target = (one if first else one.transpose(0, 1) for one in (source, target))
    may = {"src": torch.ones(long, long).tril(1) > 0, "tgt": torch.ones(steps, steps).tril() > 0,
           "memory": torch.ones(steps, long).tril(2) > 0}
    which = {"each": ("src", "tgt", "memory"), "crossed": ("memory",), "causal": ("tgt",), "none": ()}[said]
    masks = {name: ~may[name] if name in which else None for name in may}
    padded = {name: ~torch.tensor(np.array(arrays[f"{name}_valid"])) if options["masked"] else None
              for name in ("source", "target")}
    causal = whole.generate_square_subsequent_mask(steps) if said == "causal" else masks["tgt"]
    with moment("run"), torch.set_grad_enabled(options["gradients"]):
        outputs = whole(source, target, src_mask=masks["src"], tgt_mask=causal, memory_mask=masks["memory"],
                        src_key_padding_mask=padded["source"], tgt_key_padding_mask=padded["target"],
                        memory_key_padding_mask=padded["source"])
    with moment("run"), torch.enable_grad():
        memory, due = source, target
        for layer in whole.encoder.layers:
            memory = layer(memory, masks["src"], padded["source"])
        memory = whole.encoder.norm(memory)
        for layer in whole.decoder.layers:
            due = layer(due, memory, masks["tgt"], masks["memory"], padded["target"], padded["source"])
        due = whole.decoder.norm(due)
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        made = whole.generate_square_subsequent_mask(steps)
    finally:
        torch.set_default_dtype(before)
    return Observation({"outputs": to_numpy(outputs), "due": to_numpy(due), "mask": to_numpy(made)})
