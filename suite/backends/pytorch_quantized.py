"""PyTorch's recurrent modules and cells, quantized dynamically by `torch.ao.quantization.quantize_dynamic`."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.ao.nn import quantizable
from torch.ao.quantization import default_qconfig, quantize_dynamic

from cases.layouts import to_pytorch
from cases.models import FunctionRequest
from cases.requests import Execution, Observation, Request, Unsupported
from suite.backends import moment
from suite.backends import pytorch_layers as layers
from suite.backends.pytorch import unpackable, unsupported_layer

DTYPES = {"int8": torch.qint8, "float16": torch.float16}


def run_quantized(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.quantized.quantized_layers_give_what_they_gave`: of the module before and after."""
    options = dict(request.arguments)
    layer, batch, kernel, width = options["layer"], options["batch"], options["kernel"], options["projected"]
    if reason := unsupported_layer(layer, kernel) or unpackable(batch):
        return Unsupported(reason)
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        return Unsupported("PyTorch has no fbgemm here: no layer is quantized dynamically without")
    if kernel == "fused" and layer.cell == "simple_rnn":
        return Unsupported("PyTorch quantizes nn.RNNCell, nn.LSTM and nn.GRU, and not nn.RNN")
    arguments = backend._arguments(Request(layer, options["weights"], batch, execution=Execution(kernel)), batch, None)[0]
    with moment("build"):
        module = layers.build(layer, kernel, backend.place, 0.5 if layer.layers > 1 else 0.0)
        layers.set_weights(module, layer, options["weights"])
        if width:
            whole, torch_layer = module.rnn, nn.LSTM(layer.features, layer.units, layer.layers, layer.bias, batch_first=True,
                                                     bidirectional=layer.direction == "bidirectional", proj_size=width)
            with torch.no_grad():
                for name, one in torch_layer.named_parameters():  # parts of what was drawn
                    drawn = getattr(whole, name.replace("hr", "hh"))
                    one.copy_(drawn[:one.shape[0], :one.shape[1]] if one.ndim == 2 else drawn)
            module.rnn = torch_layer
        module.eval()
        other = quantized(module, options["way"])
        told = told_of(module, other)
    found = {}
    with moment("run"), torch.no_grad():
        for name, one in (("before", module), ("after", other)):
            outputs, states = one(*arguments)
            parts = [s for s in (states if isinstance(states, (tuple, list)) else (states,)) if isinstance(s, torch.Tensor)]
            found |= {f"{name}/outputs": layers.to_numpy(outputs)}
            found |= {f"{name}/states/{n}": layers.to_numpy(s) for n, s in enumerate(parts)}
        x, lengths, states = arguments
        states = tuple(s[:, :1] for s in states) if isinstance(states, tuple) else None if states is None else states[:, :1]
        found["alone/outputs"] = layers.to_numpy(other(x[:1], None if lengths is None else lengths[:1], states)[0])
        if layer.layers == 1:
            fresh = quantized(layers.forget(module), options["way"])
            fresh.load_state_dict(copy.deepcopy(other.state_dict()))
            found["loaded/outputs"] = layers.to_numpy(fresh(*arguments)[0])
    return Observation(found, facts={"told": told})


def quantized(module: nn.Module, way: str) -> nn.Module:
    """A module whose layers and cells hold whole numbers, or halves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao is to move to another package
        return quantize_dynamic(module, {nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell, nn.RNNCell}, dtype=DTYPES[way])


def told_of(module: nn.Module, other: nn.Module) -> tuple[tuple[str, str], ...]:
    """What the parts of a module that were quantized tell otherwise than those of the one that was not: their options; their
    biases, which stay as they were; weights that are off by more than two hundredths of the largest of them."""
    found = []
    for name, one in other.named_modules():
        if not hasattr(one, "get_bias"):
            continue
        before = module.get_submodule(name)
        words, due = (repr(each)[repr(each).index("("):] for each in (one, before))
        found += [(name, f"{words} is told, expected {due}")] if words != due else []
        own = dict(before.named_parameters())
        for key, weight in {**one.get_weight(), **one.get_bias()}.items():
            if key in own:
                off = (weight.dequantize() if weight.is_quantized else weight).sub(own[key]).abs().max()
                if off > (0.02 * own[key].abs().max() if key.startswith("weight") else 0.0):
                    found.append((key, f"found another {key} than before, off by {off:.3g}"))
        missing = {key for key in own if "weight_hr" not in key} - {*one.get_weight(), *one.get_bias()}
        found += [(name, f"nothing is told of {sorted(missing)}")] if missing else []
    return tuple(found)


def run_made_ready(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.quantized.layers_made_ready_give_what_they_gave`."""
    options = dict(request.arguments)
    asked, first = options["request"], options["batch_first"]
    layer, batch = asked.layer, asked.batch
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao is to move to another package
        module = nn.LSTM(layer.features, layer.units, layer.layers, layer.bias, first,
                         bidirectional=layer.direction == "bidirectional").eval()
        module.load_state_dict(layers.named_tensors(layer, asked.weights))
        module.qconfig = default_qconfig
        ready = quantizable.LSTM.from_float(module, split_gates=options["split"])
    inputs = torch.tensor(np.array(batch.inputs, "float32"))
    given = {n: torch.tensor(np.array(a, "float32")) for n, a in (batch.initial_states or {}).items()}
    with moment("run"), torch.no_grad():
        states = layers.stack_states(layer, given) if given else None
        return Observation(layers.read(ready, layer, inputs, first, states), facts={"padding": "zero"})


def run_quantizable(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.quantized.layers_to_be_quantized_are_the_usual`."""
    asked = dict(request.arguments)["request"]
    layer = asked.layer
    with moment("build"):
        module = quantizable.LSTM(layer.features, layer.units, layer.layers, layer.bias, batch_first=True,
                                  bidirectional=layer.direction == "bidirectional").eval()
        named = {}
        for name, array in to_pytorch(layer, asked.weights).items():  # weight_ih_l0_reverse: layers.0.layer_bw.cell.igates.weight
            kind, place, number, *back = name.split("_")
            half = f"layers.{number[1:]}.layer_{'bw' if back else 'fw'}.cell"
            named[f"{half}.{'igates' if place == 'ih' else 'hgates'}.{kind}"] = torch.tensor(array.astype("float32"))
        module.load_state_dict(named)
    with moment("run"), torch.no_grad():
        outputs, _ = module(torch.tensor(asked.batch.inputs.astype("float32")))
        return Observation({"outputs": layers.to_numpy(outputs)})


def run_quantized_bare(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.quantized.quantized_layers_take_what_they_took`: outputs (time, units)."""
    options = dict(request.arguments)
    layer, batch = options["layer"], options["batch"]
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        return Unsupported("PyTorch has no fbgemm here: no layer is quantized dynamically without")
    named = layers.named_tensors(layer, options["weights"])
    one_step = options["kind"].endswith("_cell")
    kinds = {"lstm": (nn.LSTM, nn.LSTMCell), "gru": (nn.GRU, nn.GRUCell), "simple_rnn": (nn.RNN, nn.RNNCell)}[layer.cell]
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao is to move to another package
        module = kinds[one_step](layer.features, layer.units)
        module.load_state_dict({name.removesuffix("_l0") if one_step else name: tensor for name, tensor in named.items()})
        module = quantize_dynamic(nn.Sequential(module), {kinds[one_step]}, dtype=DTYPES[options["way"]])[0]
    inputs = torch.tensor(np.array(batch.inputs[0], "float32"))  # (time, features)
    given = {n: torch.tensor(np.array(a, "float32")) for n, a in (batch.initial_states or {}).items()}
    with moment("run"), torch.no_grad():
        states = layers.stack_states(layer, given) if given else None  # each (1, 1, units)
        if states is not None:
            parts = tuple(s[0, 0] if one_step else s[0] for s in (states if isinstance(states, tuple) else (states,)))
            states = parts if len(parts) > 1 else parts[0]
        seen = module(inputs[0] if one_step else inputs, states)
    outputs = seen[0] if isinstance(seen, tuple) else seen
    return Observation({"outputs": layers.to_numpy(outputs[None] if one_step else outputs)})
