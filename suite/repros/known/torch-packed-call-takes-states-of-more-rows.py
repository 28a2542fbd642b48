"""Initial states of more rows than the batch are refused.

With a packed sequence that was not sorted they are taken in silence: index_select puts them in sorted order
before their size is compared, which picks the first rows. With padded inputs they are refused.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch
from torch.nn.utils.rnn import pack_padded_sequence

gru = torch.nn.GRU(1, 2, batch_first=True)
x, states = torch.ones(2, 3, 1), torch.ones(1, 4, 2)
packed = pack_padded_sequence(x, torch.tensor([1, 3]), batch_first=True, enforce_sorted=False)
taken = []
for name, inputs in {"padded": x, "packed": packed}.items():
    try:
        gru(inputs, states)
        taken.append(name)
    except (RuntimeError, ValueError) as error:
        print(name, "inputs are refused:", error)
print("expected an error: states of 4 rows for inputs of 2")
print("found   ", f"no error for {', '.join(taken)} inputs" if taken else "an error each time")
sys.exit(int(bool(taken)))
