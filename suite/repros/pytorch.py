"""PyTorch's words: how a described layer is built, called and differentiated by a user. Text only."""

from __future__ import annotations

from cases.layers import Layer
from cases.requests import Request
from suite.repros.question import Question, calls

KINDS = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


class PyTorch:
    """Writes nn.RNN, nn.LSTM and nn.GRU with packed sequences, and the loop over their cells. `device`: cpu or cuda."""

    convention = "torch"

    def __init__(self, device: str = "cpu"):
        self.device = device

    def refused(self, request: Request) -> str | None:
        """None, or why this cannot be written."""
        layer, execution = request.layer, request.execution
        if execution.kernel == "generic" and (layer.layers > 1 or layer.direction == "bidirectional"):
            return "the loop over the cells of a stack, or of two directions, is the suite's own code and not PyTorch's"
        some = len({b.initial_states is None for b in calls(request)}) > 1 or self.by_hand(request)
        if execution.kernel == "compiled" and some:
            return "TorchScript with states in some calls and not in others is not written in scripts yet"
        if execution.origin != "built" and execution.kernel in ("generic", "compiled"):
            return "saving a loop over cells, or what TorchScript made, is not written in scripts yet"
        return None

    def head(self, request: Request, gradients: bool, questions: list[Question]) -> list[str]:
        """Everything up to the data."""
        files = any(q.request.execution.origin == "reloaded" for q in questions)
        packs = any(q.masked and q.request.execution.kernel != "generic" for q in questions)
        return [*["import io"] * files, "import sys", "import numpy as np", "import torch", "from torch import nn",
                *["from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence"] * packs]

    def traced(self, request: Request) -> bool:
        """Nothing is compiled after the function is there: TorchScript takes the module."""
        return False

    def real(self, layer: Layer) -> str:
        """The dtype of the arrays that are handed in."""
        return layer.dtype if layer.dtype in ("float64", "float16") else "float32"

    def build(self, q: Question, copy_of: str | None, weights: bool = True) -> list[str]:
        """The module; if `weights`, random ones or those of another."""
        layer, execution, name = q.request.layer, q.request.execution, q.layer
        made = construct(layer, execution.kernel, self.device)
        lines = [f"{name} = {made}"]
        if copy_of:
            lines.append(f"{name}.load_state_dict({copy_of}.state_dict())")
        elif weights:
            lines += [f"for p in {name}.parameters():",
                      f"    p.data = torch.as_tensor(draw(*p.shape) / 2{self.place(layer)})"]
        if execution.origin == "reloaded":
            lines += [f"torch.save({name}.state_dict(), file := io.BytesIO())", "file.seek(0)",
                      f"{name} = {made}", f"{name}.load_state_dict(torch.load(file))"]
        elif execution.origin == "from_config":
            lines += [f"state, {name} = {name}.state_dict(), {made}", f"{name}.load_state_dict(state)"]
        if not execution.trainable:
            lines.append(f"{name}.requires_grad_(False)")
        if execution.mode == "inference":
            lines.append(f"{name}.eval()")
        return lines

    def place(self, layer: Layer) -> str:
        """The rest of the arguments of a tensor: device and dtype, where they are not what is to be expected."""
        half = f", dtype=torch.{layer.dtype}" if "16" in layer.dtype else ""
        return half + (f', device="{self.device}"' if self.device != "cpu" else "")

    def function(self, q: Question) -> list[str]:
        """`q.function(x, mask, states)`: the list of outputs and final states."""
        layer, execution = q.request.layer, q.request.execution
        if execution.kernel == "generic":
            return self.loop(q)
        there = self.place(layer)
        lines = [f"def {q.function}({', '.join(q.parameters)}):", f"    x = torch.as_tensor(x{there})"]
        call, lstm, compiled = "x", layer.cell == "lstm", execution.kernel == "compiled"
        if q.given_states:
            stacked = lambda n: f"torch.stack([torch.as_tensor(s{there}) for s in states{n}])"  # noqa: E731
            given = f"({stacked('[0::2]')}, {stacked('[1::2]')})" if lstm else stacked("")
            lines.append(f"    start = {f'None if states is None else {given}' if q.sometimes_states else given}")
        start = ", start" if q.given_states else ""
        if q.masked and compiled:
            call = "x, torch.as_tensor(mask.sum(1))"
        elif q.masked:
            call = "packed"
            lines.append("    lengths = torch.as_tensor(mask.sum(1))")
            lines.append("    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)")
        lines.append(f"    y, {'(h, c)' if lstm else 'h'} = {q.layer}({call}{start})")
        if q.masked and not compiled:
            lines.append("    y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])")
        states = "*[s for pair in zip(h, c) for s in pair]" if lstm else "*h"
        lines.append(f"    return [y, {states}]" if layer.return_state or layer.stateful else "    return [y]")
        if execution.entry == "predict":
            lines.append(f"{q.function} = torch.inference_mode()({q.function})")
        return [*self.scripted(q), *lines] if compiled else lines

    def scripted(self, q: Question) -> list[str]:
        """The module that TorchScript takes: it calls neither nn.LSTM by itself nor packing from outside."""
        state = "tuple[torch.Tensor, torch.Tensor]" if q.request.layer.cell == "lstm" else "torch.Tensor"
        given = ["x: torch.Tensor", *["lengths: torch.Tensor"] * q.masked, *[f"start: {state}"] * q.given_states]
        lines = ["class Model(nn.Module):", "    def __init__(self, rnn):", "        super().__init__()",
                 "        self.rnn = rnn", "", f"    def forward(self, {', '.join(given)}):"]
        start = ", start" if q.given_states else ""
        if q.masked:
            lines += ["        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)",
                      f"        y, last = self.rnn(packed{start})",
                      "        y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])",
                      "        return y, last"]
        else:
            lines.append(f"        return self.rnn(x{start})")
        return [*lines, "", f"{q.layer} = torch.jit.script(Model({q.layer}))", ""]

    def loop(self, q: Question) -> list[str]:
        """The loop over one cell, with any mask."""
        layer, there = q.request.layer, self.place(q.request.layer)
        names, lstm = list(layer.state_names), layer.cell == "lstm"
        lines = [f"def {q.function}({', '.join(q.parameters)}):", f"    x, ys = torch.as_tensor(x{there}), []"]
        zeros = f"x.new_zeros(len(x), {layer.units})"
        start = ", ".join([zeros] * len(names))
        if q.given_states:
            given = f"[torch.as_tensor(s{there}) for s in states]"
            if q.sometimes_states:
                given += f" if states else [{start}]"
            lines.append(f"    {', '.join(names)}{',' * (not lstm)} = {given}")
        else:
            lines.append(f"    {', '.join(names)} = {start}")
        order = "reversed(range(x.shape[1]))" if layer.direction == "backward" else "range(x.shape[1])"
        lines.append(f"    for t in {order}:")
        step = "x[:, t]"
        if q.masked:
            lines.append(f"        v = torch.as_tensor(mask[:, t, None]{self.place(layer.but(dtype='float32'))})")
            step = "torch.where(v, x[:, t], 0)"
        new = "h1, c1" if lstm else "h1"
        lines.append(f"        {new} = {q.layer}({step}, {'(h, c)' if lstm else 'h'})")
        if q.masked:
            lines.append(f"        {', '.join(names)} = {', '.join(f'torch.where(v, {s}1, {s})' for s in names)}")
            lines.append("        ys.append(torch.where(v, h1, 0))")
        else:
            lines += [f"        {', '.join(names)} = {new}", "        ys.append(h)"]
        output = "torch.stack(ys, 1)" if layer.return_sequences else "h"
        return [*lines, f"    return [{', '.join([output, *names])}]"]

    def compiled(self, q: Question) -> list[str]:
        """Nothing: see `traced`."""
        return []

    def by_hand(self, request: Request) -> bool:
        """Whether states are carried from call to call by who calls: no layer of PyTorch is stateful."""
        return request.layer.stateful and bool(request.before)

    def result(self, q: Question, name: str, results: str = "results") -> str:
        """The array `name` in the list of results."""
        order = ["outputs", *(f"states/{key}" for key in q.request.layer.state_keys())]
        return f"{results}[{order.index(name)}]"

    def numpy(self, tensor: str, layer: Layer) -> str:
        """A tensor as an array."""
        return f"{tensor}.detach().cpu(){'.float()' if '16' in layer.dtype else ''}.numpy()"

    def dtype(self, tensor: str) -> str:
        """The name of a tensor's dtype."""
        return f'str({tensor}.dtype).removeprefix("torch.")'

    def weights(self, q: Question) -> str:
        """The line that makes `w`: the weights as float64 arrays."""
        return f"w = [np.float64({self.numpy('p', q.request.layer)}) for p in {q.layer}.parameters()]"

    def weighted(self) -> list[str]:
        """`weighted(results)`: the loss."""
        return ["def weighted(results):",
                "    return sum((r * torch.as_tensor(k).to(r)).sum() for r, k in zip(results, cotangents))"]

    def gradient(self, q: Question, name: str) -> list[str]:
        """`q.gradient(x, mask, states)`: the gradient of the loss by an array (`gradients/inputs` …), or the loss."""
        layer = q.request.layer
        lines = [f"def {q.gradient}({', '.join(q.parameters)}):"]
        call = f"weighted({q.function}({', '.join(q.parameters)}))"
        if name == "loss":
            return [*lines, f"    return {self.numpy(call, layer)}"]
        kind, _, rest = name.removeprefix("gradients/").partition("/")
        tensor = f"torch.as_tensor({{}}{self.place(layer)}).requires_grad_()"
        if kind == "inputs":
            source = "x"
            lines.append(f"    x = {tensor.format('x')}")
        elif kind == "states":
            source = f"states[{layer.state_keys().index(rest)}]"
            lines.append(f"    states = [{tensor.format('s')} for s in states]")
        else:
            source = f"list({q.layer}.parameters())[{self.weight_index(layer, rest)}]"
        lines.append(f"    found, = torch.autograd.grad({call}, [{source}], materialize_grads=True)")
        return [*lines, f"    return {self.numpy('found', layer)}"]

    def weight_index(self, layer: Layer, name: str) -> int:
        """Which of `w` a weight is."""
        index, direction, kind = name.split("/")
        place = int(index) * len(layer.directions) + layer.directions.index(direction)
        return place * (4 if layer.bias else 2) + ("kernel", "recurrent_kernel", "bias", "recurrent_bias").index(kind)


def construct(layer: Layer, kernel: str, device: str) -> str:
    """The constructor's call, with the options that are not PyTorch's defaults."""
    options = [] if layer.bias else ["bias=False"]
    if layer.cell == "simple_rnn" and layer.activation != "tanh":
        options.append(f'nonlinearity="{layer.activation}"')
    if layer.dtype != "float32":
        options.append(f"dtype=torch.{layer.dtype}")
    if device != "cpu":
        options.append(f'device="{device}"')
    name = KINDS[layer.cell]
    if kernel == "generic":
        return f"nn.{name}Cell({', '.join([str(layer.features), str(layer.units), *options])})"
    wide = [f"num_layers={layer.layers}"] * (layer.layers > 1)
    wide += ["bidirectional=True"] * (layer.direction == "bidirectional")
    return f"nn.{name}({', '.join([str(layer.features), str(layer.units), *wide, 'batch_first=True', *options])})"
