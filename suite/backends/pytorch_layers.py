"""The PyTorch modules that a described layer becomes, their weights and states, and which kernel they ran.

Three ways to run one layer:

    fused     `Fused` around nn.RNN, nn.LSTM or nn.GRU; lengths go in as a packed sequence
    compiled  the same module through `torch.jit.script`. `torch.compile` does not compile these layers: it breaks the
              graph at them and runs them as they are ("Dynamo does not support RNN, GRU, or LSTM"), and with
              `torch._dynamo.config.allow_rnn` it took 3 to 9 s a layer (forward; PyTorch 2.13, 2 cores)
    generic   `CellLoop`, the loop over nn.RNNCell, nn.LSTMCell or nn.GRUCell that a PyTorch user writes for a mask

The loop is our own code. Two `torch.where` make it safe: one puts zeros into masked inputs *before* the cell, because
choosing afterwards would still send 0 * NaN back through the cell; one keeps the state at masked steps.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cases.convolutions import Convolution
from cases.layers import Layer
from cases.layouts import from_pytorch, prefixes, suffix, to_pytorch

LAYERS = {"simple_rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS = {"simple_rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}
DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "float16": torch.float16}
DTYPES |= dict.fromkeys(("mixed_bfloat16", "mixed_float16"), torch.float32)
"""What is kept in; mixed precision computes under `torch.autocast`."""
LIBRARIES = {
    "aten::mkldnn_rnn_layer": "oneDNN", "aten::_cudnn_rnn": "cuDNN", "aten::miopen_rnn": "MIOpen",
    "aten::_thnn_fused_lstm_cell": "fused cell", "aten::_thnn_fused_gru_cell": "fused cell",
}
"""The operators that a recurrent call may hand over to -> whose kernel that is."""

ENTRIES = ("lstm", "gru", "rnn_tanh", "rnn_relu")


class FusedLSTM(nn.Module):
    """nn.LSTM on padded inputs (batch, time, features); with `lengths`, (batch,) on the CPU, through packing."""

    def __init__(self, rnn: nn.Module):
        super().__init__()
        self.rnn = rnn

    def forward(self, x: Tensor, lengths: Tensor | None, states: tuple[Tensor, Tensor] | None):
        """Outputs (batch, time, width) and the final (h, c), (layers * directions, batch, units) each."""
        if lengths is None:
            outputs, last = self.rnn(x, states)
            return outputs, last
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        result, last = self.rnn(packed, states)
        outputs, _ = pad_packed_sequence(result, batch_first=True, total_length=x.shape[1])
        return outputs, last


class Fused(nn.Module):
    """nn.RNN or nn.GRU, as `FusedLSTM`. TorchScript wants one type for the states, hence the second class."""

    def __init__(self, rnn: nn.Module):
        super().__init__()
        self.rnn = rnn

    def forward(self, x: Tensor, lengths: Tensor | None, states: Tensor | None):
        """Outputs (batch, time, width) and the final h, (layers * directions, batch, units)."""
        if lengths is None:
            outputs, last = self.rnn(x, states)
            return outputs, last
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        result, last = self.rnn(packed, states)
        outputs, _ = pad_packed_sequence(result, batch_first=True, total_length=x.shape[1])
        return outputs, last


ACTIVATIONS = {
    "linear": lambda x: x, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu, "elu": functional.elu,
    "softplus": functional.softplus, "softsign": functional.softsign, "hard_sigmoid": functional.hardsigmoid,
}


class ConvLSTMCell(nn.Module):
    """The ConvLSTM cell that PyTorch users write, with the parameters of nn.LSTMCell: weights (4 * filters, channels,
    *size), gates i f g o. Inputs and states come and go flat, (batch, channels * places)."""

    CONVOLVE = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}

    def __init__(self, layer: Layer, channels: int, bias: bool, dtype: torch.dtype, device: torch.device):
        super().__init__()
        self.layer, self.channels = layer, channels
        self.convolve, wide = self.CONVOLVE[layer.convolution.rank], 4 * layer.filters
        shapes = {"weight_ih": (wide, channels, *layer.window), "weight_hh": (wide, layer.filters, *layer.window)}
        shapes |= {"bias_ih": (wide,), "bias_hh": (wide,)} if bias else {}
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape, dtype=dtype, device=device)))

    def forward(self, x: Tensor, states: tuple[Tensor, Tensor]):
        """(h, c) after one step."""
        layer, of = self.layer, self.layer.convolution
        h, c = (s.reshape(-1, layer.filters, *of.places) for s in states)
        given = self._product(x.reshape(-1, self.channels, *of.space), of, "ih")
        i, f, g, o = (given + self._product(h, of.of_state, "hh")).chunk(4, dim=1)
        gate, squash = ACTIVATIONS[layer.recurrent_activation], ACTIVATIONS[layer.activation]
        c = gate(f) * c + gate(i) * squash(g)
        return (gate(o) * squash(c)).flatten(1), c.flatten(1)

    def _product(self, x: Tensor, of: Convolution, name: str) -> Tensor:
        zeros = [n for pair in reversed(of.zeros) for n in pair]
        weight, bias = getattr(self, f"weight_{name}"), getattr(self, f"bias_{name}", None)
        return self.convolve(functional.pad(x, zeros), weight, bias, stride=of.strides, dilation=of.dilation)


class CellLoop(nn.Module):
    """A stack of cells, stepped one by one under any mask. Outputs are zero at masked steps.

    A `backward` layer gives outputs (and hands the mask on) in the order of processing; the backward half of a
    bidirectional one is put back into the order of time.
    """

    def __init__(self, layer: Layer, cells: Mapping[str, nn.Module]):
        super().__init__()
        self.layer = layer
        self.cells = nn.ModuleDict(cells)

    def forward(self, x: Tensor, mask: Tensor | None, states):
        """Outputs (batch, time, width), or (batch, width) without `return_sequences`; final states as nn.LSTM's.

        mask: (batch, time) bool on the device of x, or None.
        """
        layer, finals = self.layer, []
        for index in range(layer.layers):
            halves = []
            for direction in layer.directions:
                place = len(finals)
                outputs, last = self._run(self.cells[_key(f"{index}/{direction}")], x, mask, _pick(layer, states, place),
                                          direction == "backward")
                finals.append(last)
                if direction == "backward" and layer.direction == "bidirectional":
                    outputs = outputs.flip(1)
                halves.append(outputs)
            x = torch.cat(halves, dim=2)
            if layer.direction == "backward" and mask is not None:
                mask = mask.flip(1)
        if not layer.return_sequences:
            x = torch.cat([last[0] for last in finals[-len(layer.directions):]], dim=1)
            if mask is not None:  # a row without a valid step has no last output
                x = torch.where(mask.any(dim=1, keepdim=True), x, torch.zeros_like(x))
        stacked = tuple(torch.stack([last[n] for last in finals]) for n in range(len(layer.state_names)))
        return x, stacked if len(stacked) > 1 else stacked[0]

    def _run(self, cell: nn.Module, x: Tensor, mask: Tensor | None, states, backward: bool):
        """One cell over all steps: outputs in the order of processing, and the last states."""
        batch, time = x.shape[0], x.shape[1]
        if states is None:
            states = tuple(x.new_zeros(batch, self.layer.units) for _ in self.layer.state_names)
        outputs = []
        for step in reversed(range(time)) if backward else range(time):
            here = x[:, step]
            if mask is not None:
                valid = mask[:, step, None]
                here = torch.where(valid, here, torch.zeros_like(here))
            stepped = cell(here, states) if len(states) > 1 else (cell(here, states[0]),)
            if mask is None:
                states = stepped
                outputs.append(stepped[0])
            else:
                states = tuple(torch.where(valid, new, old) for new, old in zip(stepped, states, strict=False))
                outputs.append(torch.where(valid, stepped[0], torch.zeros_like(stepped[0])))
        return torch.stack(outputs, dim=1) if outputs else x.new_zeros(batch, 0, self.layer.units), states


def _pick(layer: Layer, states, place: int):
    """The states of one cell out of the stacked ones, or None."""
    if states is None:
        return None
    return tuple(part[place] for part in (states if len(layer.state_names) > 1 else (states,)))


def _key(prefix: str) -> str:
    """`INDEX/DIRECTION` -> the name of that cell in a `CellLoop`: PyTorch's suffix, `l0` or `l0_reverse`."""
    return suffix(prefix)[1:]


def build(layer: Layer, kernel: str, device: torch.device, dropout: float = 0.0) -> nn.Module:
    """The module for `layer`: a `CellLoop` for `generic`, else a `Fused`. Its weights are PyTorch's random ones.
    `dropout` is a rate between the layers of a fused one."""
    common = {"bias": layer.bias, "dtype": DTYPES[layer.dtype], "device": device}
    if layer.cell == "simple_rnn":
        common["nonlinearity"] = layer.activation
    if layer.convolution is not None:
        made = {_key(p): ConvLSTMCell(layer, layer.input_channels(int(p.split("/")[0])), **common) for p in prefixes(layer)}
        return CellLoop(layer, made)
    if kernel == "generic":
        made = {_key(p): CELLS[layer.cell](layer.input_width(int(p.split("/")[0])), layer.units, **common)
                for p in prefixes(layer)}
        return CellLoop(layer, made)
    both = layer.direction == "bidirectional"
    common |= {"batch_first": True, "bidirectional": both, "dropout": dropout}
    rnn = LAYERS[layer.cell](layer.features, layer.units, layer.layers, **common)
    return (FusedLSTM if layer.cell == "lstm" else Fused)(rnn)


def construct(options: Mapping[str, object]) -> nn.Module:
    """A PyTorch layer from options by this project's names, whatever their values. Raises KeyError for another name."""
    names = {"features": "input_size", "units": "hidden_size", "layers": "num_layers", "activation": "nonlinearity",
             "dropout": "dropout"}
    given = {names[name]: value for name, value in options.items() if name != "cell"}
    return LAYERS[options["cell"]](**given)


def rebuild(module: nn.Module) -> nn.Module:
    """A new module from what the old one says about itself: PyTorch keeps constructor arguments as attributes."""
    if isinstance(module, CellLoop):
        return CellLoop(module.layer, {key: _again(cell) for key, cell in module.cells.items()})
    return type(module)(_again(module.rnn))


def _again(module: nn.Module) -> nn.Module:
    if isinstance(module, ConvLSTMCell):
        one = module.weight_ih
        return ConvLSTMCell(module.layer, module.channels, hasattr(module, "bias_ih"), one.dtype, one.device)
    names = ["input_size", "hidden_size", "bias"]
    if isinstance(module, nn.RNNBase):
        names += ["num_layers", "batch_first", "dropout", "bidirectional"]
    if isinstance(module, (nn.RNN, nn.RNNCell)):
        names.append("nonlinearity")
    one = next(module.parameters())
    return type(module)(**{n: getattr(module, n) for n in names}, dtype=one.dtype, device=one.device)


def reload(module: nn.Module) -> nn.Module:
    """The module after a round trip through a file: its state dict, or all of it for TorchScript."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved.pt"
        if isinstance(module, torch.jit.ScriptModule):
            torch.jit.save(module, str(path))
            return torch.jit.load(str(path))
        torch.save(module.state_dict(), path)
        fresh = rebuild(module) if isinstance(module, (CellLoop, Fused, FusedLSTM)) else forget(copy.deepcopy(module))
        fresh.load_state_dict(torch.load(path, weights_only=True))
        return fresh


def forget(module: nn.Module) -> nn.Module:
    """`module`, every parameter set to NaN: what was not loaded again shows."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(float("nan"))
    return module


def parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """PyTorch's name in nn.LSTM (`weight_ih_l0_reverse`) -> parameter, whichever way the layer is run."""
    if isinstance(module, CellLoop):
        return {f"{name}_{key}": p for key, cell in module.cells.items() for name, p in cell.named_parameters()}
    return dict(module.rnn.named_parameters())


def set_weights(module: nn.Module, layer: Layer, weights: Mapping[str, np.ndarray]) -> None:
    """Copy `weights` (this project's names and layouts) into the module. Raises ValueError when names do not match."""
    given, own = to_pytorch(layer, weights), parameters(module)
    if set(given) != set(own) or len(weights) != len(given):
        raise ValueError(f"weights {sorted(weights)} for parameters {sorted(own)}: the names do not match")
    with torch.no_grad():
        for name, array in given.items():
            if own[name].shape != array.shape:
                raise ValueError(f"{name}: shape {array.shape} given, {tuple(own[name].shape)} expected")
            own[name].copy_(torch.tensor(np.array(array, order="C")))


def named_tensors(layer: Layer, weights: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Copies of `weights` in the layer's dtype, as its plain module names them."""
    return {name: torch.tensor(np.array(array, order="C"), dtype=DTYPES[layer.dtype])
            for name, array in to_pytorch(layer, weights).items()}


def read(module: nn.Module, layer: Layer, inputs: Tensor, batch_first: bool, states=None) -> dict[str, np.ndarray]:
    """Outputs and final states, by name, of a plain module that is called with inputs (batch, time, features)."""
    outputs, last = module(inputs if batch_first else inputs.transpose(0, 1), states)
    named = {"outputs": outputs if batch_first else outputs.transpose(0, 1)}
    named |= {f"states/{name}": state for name, state in name_states(layer, last).items()}
    return {name: to_numpy(tensor) for name, tensor in named.items()}


def get_weights(module: nn.Module, layer: Layer) -> dict[str, np.ndarray]:
    """The module's weights by this project's names and layouts."""
    return from_pytorch(layer, {name: to_numpy(p) for name, p in parameters(module).items()})


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A copy as an array; bfloat16 and float16 as float32, which holds each of their numbers."""
    half = tensor.dtype in (torch.bfloat16, torch.float16)
    return np.array(tensor.detach().to("cpu", torch.float32 if half else tensor.dtype).numpy())


def stack_states(layer: Layer, named: Mapping[str, Tensor], axis: int = 0):
    """States by name -> PyTorch's stacked (layers * directions, batch, units): (h, c) for an LSTM, else h. Too
    few or too many are handed on as they are. `axis` is that of the layers in memory."""
    names = {name: [key for key in named if key.endswith(f"/{name}")] for name in (*layer.state_names, "extra")}
    parts = tuple(torch.stack([named[key] for key in keys], axis).movedim(axis, 0) for keys in names.values() if keys)
    return parts if len(layer.state_names) > 1 or len(parts) > 1 else parts[0]


def shared_by_rows(stacked):
    """States that are the same for all rows, as their users give them: one row's, expanded."""
    return tuple(map(shared_by_rows, stacked)) if isinstance(stacked, tuple) else stacked[:, :1].expand_as(stacked)


def name_states(layer: Layer, stacked) -> dict[str, Tensor]:
    """The inverse of `stack_states`: `INDEX/DIRECTION/STATE` -> (batch, units)."""
    parts = stacked if len(layer.state_names) > 1 else (stacked,)
    each = len(layer.state_names)
    return {name: parts[n % each][n // each] for n, name in enumerate(layer.state_keys())}


def detach(stacked):
    """The states, cut off from the graph that made them."""
    return tuple(part.detach() for part in stacked) if isinstance(stacked, tuple) else stacked.detach()


@contextmanager
def watch() -> Iterator[list[str]]:
    """Collects the kernels that recurrent calls inside ran, in PyTorch's own words. Costs about 1 ms.

    The profiler is asked, not a dispatch mode: under `inference_mode` a dispatch mode sees `aten::lstm` alone.
    """
    words: list[str] = []
    # Without kineto: its start and stop write lines to stderr.
    with torch.autograd.profiler.profile(use_kineto=False) as profile:
        yield words
    words += kernels(dict.fromkeys(event.name for event in profile.function_events))


def kernels(names) -> list[str]:
    """Operator names, as the profiler saw them -> `aten::lstm → aten::mkldnn_rnn_layer (oneDNN)` and the like."""
    ran = [n for n in names if n.startswith("aten::")]
    inner = [f"{n} ({LIBRARIES[n]})" for n in ran if n in LIBRARIES]
    found = []
    for entry in ran:
        word = entry.removeprefix("aten::")
        if word.removesuffix("_cell") in ENTRIES:
            loop = "loop over " if word.endswith("_cell") else ""
            found.append(loop + entry + (f" → {' + '.join(inner)}" if inner else " (native, step by step)"))
    return found
