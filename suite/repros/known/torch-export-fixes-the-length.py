"""A program that was exported with an open axis of steps runs sequences of any length.

torch.export unrolls the loop of nn.LSTM, nn.GRU and nn.RNN over the steps of the example: the axis, marked
Dim.AUTO, becomes a constant, and the program refuses any other length. The batch stays open.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch

torch.manual_seed(0)
lstm = torch.nn.LSTM(2, 3, batch_first=True)
shapes = ({0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO},)
program = torch.export.export(lstm, (torch.ones(2, 4, 2),), dynamic_shapes=shapes).module()
x = torch.ones(2, 5, 2)
expected = lstm(x)[0][0, -1].detach()
print("expected", expected.double().round(decimals=4).tolist(), "after 5 steps, and with 4 in the example")
try:
    found = program(x)[0][0, -1].detach()
except (AssertionError, RuntimeError) as error:
    if "Guard failed" not in str(error):
        raise
    print("found   ", type(error).__name__, error)
    sys.exit(1)
print("found   ", found.double().round(decimals=4).tolist())
sys.exit(int(not torch.allclose(found, expected, atol=1e-5)))
