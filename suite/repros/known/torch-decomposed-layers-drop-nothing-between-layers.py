"""A stack with dropout between its layers, exported in training mode and decomposed, drops as the stack does.

_rnn_helper of torch/_decomp/decompositions.py keeps dropout where num_layers < i - 1, which no index i of a layer is.
torch.compile with torch._dynamo.config.allow_rnn loses it in the same way.
Exits 1 while the fault is there, else 0.
"""
import sys
import warnings

import torch

warnings.simplefilter("ignore")
torch.manual_seed(0)


class Outputs(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(3, 4, num_layers=2, dropout=0.5, batch_first=True)

    def forward(self, inputs):
        return self.gru(inputs)[0]


stack, inputs = Outputs().train(), torch.rand(2, 5, 3)
program = torch.export.export(stack, (inputs,)).run_decompositions().module()
print("expected two calls in training differ, as those of the stack itself:", not torch.equal(stack(inputs), stack(inputs)))
print("found    two calls of the exported program differ:", not torch.equal(program(inputs), program(inputs)))
sys.exit(int(torch.equal(program(inputs), program(inputs))))
