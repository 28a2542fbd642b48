"""unpad_sequence leaves the tensor that it is given as it was.

padded_sequences.transpose_(0, 1) turns the caller's tensor, in place; the next call takes rows for steps.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch

from torch.nn.utils.rnn import pad_sequence, unpad_sequence

padded = pad_sequence([torch.ones(3), torch.ones(2)])
expected = tuple(padded.shape)
unpad_sequence(padded, torch.tensor([3, 2]))
print("expected", expected)
print("found   ", tuple(padded.shape))
sys.exit(int(tuple(padded.shape) != expected))
