"""A recurrent module without biases can be quantized dynamically.

The quantized modules assert that there is a bias.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch

from torch.ao.quantization import quantize_dynamic

found = []
for bias in (True, False):
    model = torch.nn.Sequential(torch.nn.LSTM(3, 4, bias=bias))
    try:
        found.append(type(quantize_dynamic(model, {torch.nn.LSTM})[0]).__name__)
    except AssertionError as error:
        found.append(f"AssertionError {error}")
print("expected", found[0])
print("found   ", found[1])
sys.exit(int(found[0] != found[1]))
