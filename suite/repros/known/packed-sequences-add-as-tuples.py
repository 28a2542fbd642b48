"""Packed sequences are added as sequences, or that is refused.

PackedSequence is a named tuple and defines neither __add__ nor __mul__: x + x, a residual connection, and x *
2 are tuples of eight tensors, in silence.
Exits 1 while the fault is there, else 0.
"""
import sys

import torch
from torch.nn.utils.rnn import pack_padded_sequence
from torch.nn.utils.rnn import PackedSequence

x = pack_padded_sequence(torch.ones(2, 3, 1), torch.tensor([3, 2]), batch_first=True)
wrong = False
for words, way in {"x + x": lambda: x + x, "x * 2": lambda: x * 2}.items():
    try:
        result = way()
        found = f"a {type(result).__name__} of {len(result)}"
        wrong |= not isinstance(result, PackedSequence)
    except (RuntimeError, TypeError) as error:
        found = f"{type(error).__name__} {error}"
    print("expected a PackedSequence, or an error, of", words)
    print("found   ", found)
sys.exit(int(wrong))
