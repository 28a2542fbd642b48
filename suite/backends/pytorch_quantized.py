"""PyTorch's recurrent modules and cells, quantized dynamically by `torch.ao.quantization.quantize_dynamic`."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.ao.quantization import quantize_dynamic

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
    if kernel == "fused" and layer.cell == "simple_rnn":
        return Unsupported("PyTorch quantizes nn.RNNCell, nn.LSTM and nn.GRU, and not nn.RNN")
    arguments = backend._arguments(Request(layer, options["weights"], batch, execution=Execution(kernel)), batch, None)[0]
    with moment("build"):
        module = layers.build(layer, kernel, backend.place)
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
        kinds = {nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell, nn.RNNCell}
        other = quantize_dynamic(module, kinds, dtype=DTYPES[options["way"]])
    found = {}
    with moment("run"), torch.no_grad():
        for name, one in (("before", module), ("after", other)):
            outputs, states = one(*arguments)
            parts = [s for s in (states if isinstance(states, (tuple, list)) else (states,)) if isinstance(s, torch.Tensor)]
            found |= {f"{name}/outputs": layers.to_numpy(outputs)}
            found |= {f"{name}/states/{n}": layers.to_numpy(s) for n, s in enumerate(parts)}
    return Observation(found)
