"""As many lengths as rows are wanted, and fewer are refused.

pack_padded_sequence with enforce_sorted=False drops the rows without one in silence: the rows are selected by
the sorted lengths before sizes are compared. With enforce_sorted=True the same lengths are refused.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

x = torch.ones(4, 3, 1)
try:
    packed = pack_padded_sequence(x, torch.tensor([3, 1, 2]), batch_first=True, enforce_sorted=False)
    found = f"no error, and {len(pad_packed_sequence(packed)[1])} rows"
except (RuntimeError, ValueError) as error:
    found = f"{type(error).__name__} {error}"
print("expected an error: 3 lengths for 4 rows")
print("found   ", found)
sys.exit(int(found.startswith("no error")))
