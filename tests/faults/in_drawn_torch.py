"""Faults that a program drew in PyTorch, and that nothing told."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = faults("drawn: PyTorch", "torch.nn.utils.parametrizations", {
    "weights are normed by columns where nobody says by what": (
        'def weight_norm(module: Module, name: str = "weight", dim: int = 0):',
        'def weight_norm(module: Module, name: str = "weight", dim: int = 1):'),
})
