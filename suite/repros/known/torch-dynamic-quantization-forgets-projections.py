"""nn.LSTM with a projection can be quantized dynamically.

The quantized module takes over four weights a layer, and not weight_hr: it is made, and then raises.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch

from torch.ao.quantization import quantize_dynamic

model = torch.nn.Sequential(torch.nn.LSTM(3, 4, proj_size=2))
expected = tuple(model(torch.ones(5, 1, 3))[0].shape)
try:
    found = tuple(quantize_dynamic(model, {torch.nn.LSTM})(torch.ones(5, 1, 3))[0].shape)
except RuntimeError as error:
    found = f"RuntimeError {error}"
print("expected", expected)
print("found   ", found)
sys.exit(int(found != expected))
