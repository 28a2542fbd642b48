"""PyTorch's layers of transformers, however they are come by."""

from __future__ import annotations

import copy
import io
import warnings
from typing import Any

import numpy as np
import torch
from torch import nn

from cases.families.transformers import HEADS, INNER, WIDTH
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


def run_transformer(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.transformers.transformer_layers_are_their_equations`."""
    options = dict(request.arguments)
    first, arrays, masked, way = options["batch_first"], options["given"], options["masked"], options["way"]
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what no nested tensors are made
        module = come_by(options).eval()

    def sequence(name: str) -> torch.Tensor:
        found = torch.tensor(np.array(arrays[name], "float32"))
        return found if first else found.transpose(0, 1)

    def padding(name: str) -> torch.Tensor | None:
        return ~torch.tensor(arrays[name]) if masked else None

    x = sequence("x")
    causal = torch.ones(arrays["x"].shape[1], arrays["x"].shape[1], dtype=torch.bool).triu(1) if arrays["causal"] else None
    with moment("run"), torch.set_grad_enabled(options["gradients"]):
        if options["kind"] == "encoder":
            name = "mask" if way == "stacked" else "src_mask"
            outputs = module(x, **{name: causal}, src_key_padding_mask=padding("valid"))
        else:
            outputs = module(x, sequence("memory"), tgt_mask=causal, tgt_key_padding_mask=padding("valid"),
                             memory_key_padding_mask=padding("memory_valid"))
    return Observation({"outputs": to_numpy(outputs if first else outputs.transpose(0, 1))})
