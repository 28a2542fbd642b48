"""A cell refuses a matrix of states for one bare row of features.

nn.LSTMCell with a square one ends the process by a segmentation fault: the states get a further axis, (1, 5,
5), the kernel compares the second one with hidden_size, which it happens to be, and reads beyond the memory.
It runs in a process of its own here.
Exits 1 while the fault is there, else 0.
"""
import sys
import multiprocessing

import torch

cell = torch.nn.LSTMCell(3, 5)
cell(torch.ones(3), (torch.ones(5), torch.ones(5)))  # as it should be called


def call():
    try:
        cell(torch.ones(3), (torch.ones(5, 5), torch.ones(5, 5)))
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__, error)
        sys.exit(0)
    sys.exit(2)


process = multiprocessing.get_context("fork").Process(target=call)
process.start()
process.join()
if process.exitcode == 1:
    sys.exit("another error")
print("expected an error: inputs of shape (3,) with states of shape (5, 5)")
found = {0: "an error", 2: "no error"}.get(process.exitcode, f"the process ended by signal {-process.exitcode}")
print("found   ", found)
sys.exit(int(process.exitcode != 0))
