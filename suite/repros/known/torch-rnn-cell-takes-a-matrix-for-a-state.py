"""A cell refuses a matrix of states for one bare row of features.

nn.RNNCell takes a square one in silence, and gives a matrix: the ranks of inputs and states are not compared,
and what broadcasts is taken. nn.GRUCell refuses it.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch

cell = torch.nn.RNNCell(2, 3)
cell(torch.ones(2), torch.ones(3))  # as it should be called
try:
    found = f"no error, and an output of shape {tuple(cell(torch.ones(2), torch.ones(3, 3)).shape)}"
except (RuntimeError, ValueError) as error:
    found = f"{type(error).__name__} {error}"
print("expected an error: inputs of shape (2,) with a state of shape (3, 3)")
print("found   ", found)
sys.exit(int(found.startswith("no error")))
