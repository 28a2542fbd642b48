"""Lengths that sequences cannot have are refused where padding is taken off.

unpad_sequence keeps the steps whose number is smaller than the length, whatever that is.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch

from torch.nn.utils.rnn import unpad_sequence

wrong = False
for length in (7, -1, 2.5):
    try:
        found = f"no error, and {len(unpad_sequence(torch.ones(1, 5), torch.tensor([length]), True)[0])} steps"
    except (RuntimeError, ValueError) as error:
        found = f"{type(error).__name__} {error}"
    print(f"expected an error: length {length} of 5 steps")
    print("found   ", found)
    wrong |= found.startswith("no error")
sys.exit(int(wrong))
