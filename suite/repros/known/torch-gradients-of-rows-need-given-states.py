"""Gradients of each row, by vmap of grad, are those of the rows alone.

nn.GRU and nn.RNN raise an internal error unless each row is given its initial state: the zeros that the
module makes are not mapped, and the step writes a mapped sum into them in place. nn.LSTM gives the gradients.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch

x = torch.arange(6.0).reshape(2, 3, 1) / 10
wrong = False
for kind in (torch.nn.LSTM, torch.nn.GRU):
    layer = kind(1, 2, batch_first=True)
    slope = torch.func.grad(lambda row, layer=layer: layer(row[None])[0].sum())
    expected = torch.stack([slope(row) for row in x])
    print(kind.__name__)
    print("expected", expected[1].flatten())
    try:
        found = torch.func.vmap(slope)(x)
    except RuntimeError as error:
        if "doesn't match the broadcast shape" not in str(error):
            raise
        print("found    RuntimeError", error)
        wrong = True
        continue
    print("found   ", found[1].flatten())
    wrong |= not torch.allclose(found, expected, atol=1e-5)
sys.exit(int(wrong))
