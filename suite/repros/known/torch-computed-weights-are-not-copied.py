"""A module with a parametrized weight can be copied, whether it was called before or not.

After a call that records gradients copy.deepcopy of a recurrent one raises an error: it keeps the tensors
that it computed with last in the list _flat_weights, and a computed one is no leaf. nn.Linear is copied.
Exits 1 while the fault is there, else 0.
"""
import sys
import copy

import torch

wrong = False
for module, name in ((torch.nn.Linear(2, 3), "weight"), (torch.nn.LSTM(2, 3), "weight_hh_l0")):
    torch.nn.utils.parametrizations.weight_norm(module, name)
    module(torch.ones(1, 2))
    print("expected a copy of", type(module).__name__)
    try:
        copy.deepcopy(module)
        print("found    a copy")
    except RuntimeError as error:
        if "Only Tensors created explicitly by the user" not in str(error):
            raise
        print("found    RuntimeError", str(error).splitlines()[0])
        wrong = True
sys.exit(int(wrong))
