"""Sequences of several dtypes are padded in one that holds them all, in whatever order.

pad_sequence and pack_sequence make the result of the first one's dtype, and cut the others to it.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch

from torch.nn.utils.rnn import pad_sequence

whole, parts = torch.tensor([1, 2]), torch.tensor([0.5, 1.7])
expected, found = pad_sequence([parts, whole], batch_first=True)[0], pad_sequence([whole, parts], batch_first=True)[1]
print("expected", expected.tolist())
print("found   ", found.tolist())
sys.exit(int(found.tolist() != expected.tolist()))
