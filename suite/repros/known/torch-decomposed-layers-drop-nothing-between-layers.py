"""PyTorch: a stack that is exported in training mode, and decomposed, has no dropout between its layers."""

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
print("expected: two calls in training differ, as the stack's own do:", not torch.equal(stack(inputs), stack(inputs)))
differ = not torch.equal(program(inputs), program(inputs))
print("found:    two calls of the exported program differ:", differ)
sys.exit(0 if differ else 1)
