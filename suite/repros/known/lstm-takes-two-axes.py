"""A batch that lacks its time axis is refused, or each of its rows is computed for itself.

nn.LSTM takes (batch, features) as one sequence without a batch, as is documented since PyTorch 1.11: the rows
are chained, and a forgotten axis is no error.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch

torch.manual_seed(0)
lstm = torch.nn.LSTM(2, 3, batch_first=True)
rows = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
expected = lstm(rows[1:, None])[0][0, 0].detach()
print("expected", expected.double().round(decimals=4).tolist(), "for the second row, or an error")
try:
    found = lstm(rows)[0][1].detach()
except (RuntimeError, ValueError) as error:
    print("found   ", type(error).__name__, error)
    sys.exit(0)
print("found   ", found.double().round(decimals=4).tolist())
sys.exit(int(not torch.allclose(found, expected, atol=1e-5)))
