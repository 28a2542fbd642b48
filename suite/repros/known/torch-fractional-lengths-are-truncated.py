"""A length that is no whole number is refused.

pack_padded_sequence cuts what is behind the point (`lengths.to(dtype=torch.int64)`): 2.5 steps become 2.
Negative, zero, NaN and too long ones are refused.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

x = torch.ones(2, 3, 1)
try:
    packed = pack_padded_sequence(x, torch.tensor([2.5, 1.0]), batch_first=True)
    found = f"no error, and lengths of {pad_packed_sequence(packed)[1].tolist()}"
except (RuntimeError, TypeError, ValueError) as error:
    found = f"{type(error).__name__} {error}"
print("expected an error: lengths of [2.5, 1.0]")
print("found   ", found)
sys.exit(int(found.startswith("no error")))
