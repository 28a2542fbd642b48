"""Faults in PyTorch's recurrent modules, written down blind: what its kernels could get wrong, most of them under a condition.

The kernels are not Python: what they are given, or what they return, is changed around their call, and not where it is scripted.
"""

from tests.faults.base import faults

RNN = "torch.nn.modules.rnn"
LSTM_IN = "        if batch_sizes is None:\n            # pyrefly: ignore [no-matching-overload]\n            result = _VF.lstm(\n"
LSTM_OUT = "        output = result[0]\n        hidden = result[1:]\n"
GRU_IN = "        if batch_sizes is None:\n            # pyrefly: ignore [no-matching-overload]\n            result = _VF.gru(\n"
GRU_OUT = "        output = result[0]\n        hidden = result[1]\n\n        # xxx"
RNN_IN = '        if self.mode != "RNN_TANH" and self.mode != "RNN_RELU":\n'
RNN_OUT = "        output = result[0]\n        hidden = result[1]\n\n        if isinstance"


def before(place: str, wrong: str, where: str = "True") -> tuple[str, str]:
    """A statement that stands before a kernel's call, where a condition holds."""
    return place, f"        if not torch.jit.is_scripting():\n            if {where}:\n                {wrong}\n{place}"


def after(place: str, wrong: str, where: str = "True") -> tuple[str, str]:
    """The same after a kernel's call: `output` and `hidden` are what it returned."""
    named = place.rpartition("\n\n" if "\n\n" in place else "\n")
    inserted = f"        if not torch.jit.is_scripting():\n            if {where}:\n                {wrong}\n"
    return place, f"{named[0]}\n{inserted}\n{named[2]}" if named[2] else f"{place}{inserted}"


KERNELS = faults("PyTorch kernels again", RNN, {
    "LSTM: initial cell state of the second layer is not read": before(LSTM_IN, "hx = (hx[0], torch.cat([hx[1][:2], torch.zeros_like(hx[1][2:])]))", "self.num_layers > 1 and self.bidirectional"),
    "LSTM: batch first is forgotten where batch and time are equal": before(LSTM_IN, "input = input.transpose(0, 1)", "batch_sizes is None and self.batch_first and input.size(0) == input.size(1) > 1"),
    "LSTM: one step with given states keeps its cell state": after(LSTM_OUT, "hidden = (hidden[0], hx[1])", "batch_sizes is None and is_batched and input.size(1 if self.batch_first else 0) == 1"),
    "LSTM: no gradient of the initial cell state with a projection": before(LSTM_IN, "hx = (hx[0], hx[1].detach())", "self.proj_size > 0"),
    "LSTM: half the gradient of packed inputs": before(LSTM_IN, "input = input.detach() + (input - input.detach()) * 0.5", "batch_sizes is not None and self.num_layers > 1"),
    "LSTM: writes its last states into those given": after(LSTM_OUT, "hx[0].copy_(hidden[0])", "not torch.is_grad_enabled() and not self.training"),
    "LSTM: packed outputs are dropped at the layers' rate": after(LSTM_OUT, "output = torch.nn.functional.dropout(output, self.dropout, self.training)", "batch_sizes is not None"),
    "LSTM: float64 by way of float32 where packed": after(LSTM_OUT, "output = output.float().to(output.dtype)", "batch_sizes is not None"),
    "LSTM: backward cell state comes from the forward direction": after(LSTM_OUT, "hidden = (hidden[0], torch.cat([hidden[1][:-1], hidden[1][-2:-1]]))", "self.bidirectional and batch_sizes is not None"),
    "LSTM: cell state is bounded": after(LSTM_OUT, "hidden = (hidden[0], hidden[1].clamp(-1, 1))", "self.num_layers == 1"),
    "LSTM: states of a bidirectional projection change places": after(LSTM_OUT, "hidden = (hidden[0].flip(0), hidden[1])", "self.proj_size > 0 and self.bidirectional and self.num_layers == 1"),
    "GRU: last state of a batch of one is that of the first step": after(GRU_OUT, "hidden = output[:1, :, :self.hidden_size] * 1", "batch_sizes is None and not self.batch_first and input.size(1) == 1 and self.num_layers == 1 and not self.bidirectional"),
    "GRU: no gradient of the initial state where packed": before(GRU_IN, "hx = hx.detach()", "batch_sizes is not None"),
    "GRU: inputs that are not a number become zero": before(GRU_IN, "input = torch.nan_to_num(input)"),
    "GRU: inputs are changed in place": before(GRU_IN, "input.clamp_(-1, 1)", "not torch.is_grad_enabled() or not input.requires_grad"),
    "GRU: float64 by way of float32 in evaluation": after(GRU_OUT, "hidden = hidden.float().to(hidden.dtype)", "not self.training"),
    "GRU: states of two layers change places": after(GRU_OUT, "hidden = hidden.flip(0)", "self.num_layers == 2 and not self.bidirectional and batch_sizes is not None"),
    "GRU: bidirectional outputs begin with the backward half where not batch first": after(GRU_OUT, "output = output.roll(self.hidden_size, -1)", "self.bidirectional and batch_sizes is None and not self.batch_first"),
    "GRU: rows after the second begin with the state of the second": before(GRU_IN, "hx = torch.cat([hx[:, :2], hx[:, 1:2].expand(-1, hx.size(1) - 2, -1)], 1)", "hx.size(1) > 2"),
    "GRU: a single row of many steps is rounded to half precision": after(GRU_OUT, "output = output.bfloat16().to(output.dtype)", "batch_sizes is None and output.size(1 if self.batch_first else 0) > 3 and input.size(0 if self.batch_first else 1) == 1"),
    "RNN: relu is tanh where packed": after(RNN_OUT, "output, hidden = _VF.rnn_tanh(input, batch_sizes, hx, self._flat_weights, self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)", 'batch_sizes is not None and self.mode == "RNN_RELU"'),
    "RNN: no dropout between layers of relu": ("                result = _VF.rnn_relu(\n                    input,\n                    hx,\n                    self._flat_weights,  # type: ignore[arg-type]\n                    self.bias,\n                    self.num_layers,\n                    self.dropout,", "                result = _VF.rnn_relu(\n                    input,\n                    hx,\n                    self._flat_weights,  # type: ignore[arg-type]\n                    self.bias,\n                    self.num_layers,\n                    0.0,"),
    "RNN: packed layers drop in evaluation too": ("                result = _VF.rnn_tanh(\n                    input,\n                    batch_sizes,\n                    hx,\n                    self._flat_weights,  # type: ignore[arg-type]\n                    self.bias,\n                    self.num_layers,\n                    self.dropout,\n                    self.training,", "                result = _VF.rnn_tanh(\n                    input,\n                    batch_sizes,\n                    hx,\n                    self._flat_weights,  # type: ignore[arg-type]\n                    self.bias,\n                    self.num_layers,\n                    self.dropout,\n                    True,"),
    "RNN: relu is cut at six": after(RNN_OUT, "output = output.clamp(max=6.0)", 'self.mode == "RNN_RELU"'),
    "RNN: backward direction begins without its initial state": before(RNN_IN, "hx = torch.cat([hx[:1], torch.zeros_like(hx[1:])])", "self.bidirectional and batch_sizes is not None"),
    "RNN: no gradient of inputs through three layers": before(RNN_IN, "input = input.detach()", "self.num_layers > 2"),
})
MODULES = faults("PyTorch recurrent modules again", RNN, {
    "LSTMCell: cell state flows no gradient where not training": ("        ret = _VF.lstm_cell(\n            input,\n            hx,\n            self.weight_ih,", "        if not self.training:\n            hx = (hx[0], hx[1].detach())\n        ret = _VF.lstm_cell(\n            input,\n            hx,\n            self.weight_ih,"),
    "GRUCell: no bias means that of the inputs alone": ("        ret = _VF.gru_cell(\n            input,\n            hx,\n            self.weight_ih,\n            self.weight_hh,\n            self.bias_ih,\n            self.bias_hh,", "        ret = _VF.gru_cell(\n            input,\n            hx,\n            self.weight_ih,\n            self.weight_hh,\n            self.bias_ih,\n            self.bias_hh if input.size(0) > 1 else self.bias_ih,"),
    "initial states of one row serve a batch": ("        if hx.size() != expected_hidden_size:\n", "        if hx.size(1) == 1:\n            return\n        if hx.size() != expected_hidden_size:\n"),
    "more initial states than layers are taken": ("        if hx.size() != expected_hidden_size:\n", "        if hx.size()[1:] != expected_hidden_size[1:] or hx.size(0) < expected_hidden_size[0]:\n"),
    "initial weights are drawn by the inputs' size": ("        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n    def check_input", "        stdv = 1.0 / math.sqrt(self.input_size) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n    def check_input"),
    "functional call with other weights is not heard in evaluation": ("        weights_changed = False\n        for ref", "        weights_changed = False\n        if not self.training:\n            return False\n        for ref"),
    "dropout above one is taken": ("            or not 0 <= dropout <= 1\n", "            or not 0 <= dropout\n"),
    "a projection as wide as the units is taken": ("        if proj_size >= hidden_size:", "        if proj_size > hidden_size:"),
    "unbatched GRU of batch first runs along the wrong axis": ("            is_batched = input.dim() == 3\n            batch_dim = 0 if self.batch_first else 1\n            if not is_batched:\n                input = input.unsqueeze(batch_dim)\n                if hx is not None:\n                    if hx.dim() != 2:\n                        raise RuntimeError(\n                            f\"For unbatched 2-D input, hx should also be 2-D but got {hx.dim()}-D tensor\"\n                        )\n                    hx = hx.unsqueeze(1)\n            else:\n                if hx is not None and hx.dim() != 3:\n                    raise RuntimeError(\n                        f\"For batched 3-D input, hx should also be 3-D but got {hx.dim()}-D tensor\"\n                    )\n            max_batch_size = input.size(0) if self.batch_first else input.size(1)\n            sorted_indices = None\n            unsorted_indices = None\n            if hx is None:\n                num_directions = 2", "            is_batched = input.dim() == 3\n            batch_dim = 0 if self.batch_first and hx is None else 1\n            if not is_batched:\n                input = input.unsqueeze(batch_dim)\n                if hx is not None:\n                    if hx.dim() != 2:\n                        raise RuntimeError(\n                            f\"For unbatched 2-D input, hx should also be 2-D but got {hx.dim()}-D tensor\"\n                        )\n                    hx = hx.unsqueeze(1)\n            else:\n                if hx is not None and hx.dim() != 3:\n                    raise RuntimeError(\n                        f\"For batched 3-D input, hx should also be 3-D but got {hx.dim()}-D tensor\"\n                    )\n            max_batch_size = input.size(0) if self.batch_first else input.size(1)\n            sorted_indices = None\n            unsorted_indices = None\n            if hx is None:\n                num_directions = 2"),
    "unbatched LSTM gives a cell state with a batch": ("hidden = (hidden[0].squeeze(1), hidden[1].squeeze(1))", "hidden = (hidden[0].squeeze(1), hidden[1] if self.num_layers > 1 else hidden[1].squeeze(1))"),
    "cell state of packed rows is not put back in order with a projection": ("        return _apply_permutation(hx[0], permutation), _apply_permutation(\n            hx[1], permutation\n        )", "        return _apply_permutation(hx[0], permutation), (_apply_permutation(\n            hx[1], permutation\n        ) if self.proj_size == 0 else hx[1])"),
})
LATER = faults("PyTorch kernels later", RNN, {
    "LSTM: a projection in doubles is rounded to floats": after(LSTM_OUT, "output = output.float().to(output.dtype)", "self.proj_size > 0"),
    "GRU: rows after the eighth begin from zeros": before(GRU_IN, "hx = torch.cat([hx[:, :8], torch.zeros_like(hx[:, 8:])], 1)", "hx.size(1) > 8"),
    "LSTM: outputs after the thirtieth step are those of the thirtieth": after(LSTM_OUT, "output = torch.cat([output[:30], output[29:30].expand(output.size(0) - 30, -1, -1)])", "batch_sizes is None and not self.batch_first and output.size(0) > 30"),
    "RNN: a sequence alone takes the upper layer's state for all": after(RNN_OUT, "hidden = hidden[-1:].expand_as(hidden)", "batch_sizes is None and self.num_layers > 1 and not is_batched"),
    "LSTM: no bias both ways, both take the forward matrices": before(LSTM_IN, "output = _VF.lstm(input, hx, self._flat_weights[:2] * 2, False, 1, 0.0, False, True, self.batch_first) if batch_sizes is None else None\n                if output is not None:\n                    return output[0], output[1:]", "not self.bias and self.bidirectional and self.num_layers == 1 and batch_sizes is None and is_batched"),
    "LSTM: no gradient of a gradient": after(LSTM_OUT, "output.register_hook(torch.Tensor.detach)", "output.requires_grad"),
    "LSTM: two packed rows keep their states sorted": after(LSTM_OUT, "unsorted_indices = None", "batch_sizes is not None and hx[0].size(1) == 2"),
    "GRU: given states are read as they lie in memory": before(GRU_IN, "hx = torch.as_strided(hx, hx.shape, (hx.size(1) * hx.size(2), hx.size(2), 1))", "not hx.is_contiguous()"),
    "LSTM: inputs are read as they lie in memory": before(LSTM_IN, "input = torch.as_strided(input, input.shape, (input.size(1) * input.size(2), input.size(2), 1))", "batch_sizes is None and not input.is_contiguous()"),
    "LSTM: scripted and packed it begins from zero cells": (LSTM_IN, f"        if torch.jit.is_scripting() and batch_sizes is not None:\n            hx = (hx[0], torch.zeros_like(hx[1]))\n{LSTM_IN}"),
    "RNN: relu is tanh once copied": ("        super().__setstate__(d)\n", '        super().__setstate__(d)\n        if self.mode == "RNN_RELU":\n            self.mode = "RNN_TANH"\n'),
    "GRU: in training frozen weights are not used": before(GRU_IN, "hx = hx * 0.5", "self.training and not self._flat_weights[0].requires_grad"),
    "LSTM: gradients of the upper layer's second bias are lost": before(LSTM_IN, "self._flat_weights = [w.detach() if name == 'bias_hh_l1' else w for name, w in zip(self._flat_weights_names, self._flat_weights)]", "self.num_layers > 1 and self.bias"),
    "RNN: the last state is zero where one step is packed": after(RNN_OUT, "hidden = hidden * 0", "batch_sizes is not None and batch_sizes.size(0) == 1"),
    "GRU: in half precision the last state comes in float": after(GRU_OUT, "hidden = hidden.float()", "hidden.dtype == torch.bfloat16"),
})
LAST = faults("PyTorch kernels at last", RNN, {
    "GRU: packed rows of one length have their backward half in the order of processing": after(GRU_OUT, "output = torch.cat([output[:, :self.hidden_size], output[:, self.hidden_size:].reshape(batch_sizes.size(0), -1, self.hidden_size).flip(0).reshape(output.size(0), -1)], 1)", "batch_sizes is not None and self.bidirectional and batch_sizes[0] == batch_sizes[-1]"),
    "LSTM: gradient of the given state counts twice time first": before(LSTM_IN, "hx = (hx[0].detach() + 2 * (hx[0] - hx[0].detach()), hx[1])", "not self.batch_first and self.num_layers == 1 and not self.bidirectional"),
    "RNN: relu in doubles by way of floats": after(RNN_OUT, "output = output.float().to(output.dtype)", 'self.mode == "RNN_RELU" and batch_sizes is None'),
    "GRUCell: writes its next state into the one given": ("        if not is_batched:\n            ret = ret.squeeze(0)\n\n        return ret\n\n\nclass LSTMCell", "        if not is_batched:\n            ret = ret.squeeze(0)\n        if not torch.jit.is_scripting():\n            if not torch.is_grad_enabled() and is_batched:\n                hx.copy_(ret)\n\n        return ret\n\n\nclass LSTMCell"),
    "LSTMCell: cells in doubles by way of floats": ("            ret = (ret[0].squeeze(0), ret[1].squeeze(0))\n        return ret\n", "            ret = (ret[0].squeeze(0), ret[1].squeeze(0))\n        if not torch.jit.is_scripting():\n            ret = (ret[0], ret[1].float().to(ret[1].dtype))\n        return ret\n"),
    "LSTM: a middle layer's given state is lost where nothing is recorded": before(LSTM_IN, "hx = (torch.cat([hx[0][:1], torch.zeros_like(hx[0][1:-1]), hx[0][-1:]]), hx[1])", "self.num_layers == 3 and not torch.is_grad_enabled()"),
    "a module that was pickled reads time first": ("        super().__setstate__(d)\n", "        super().__setstate__(d)\n        self.batch_first = False\n"),
    "GRU: the last row's gradient of inputs is lost in a large batch": before(GRU_IN, "input = torch.cat([input[:, :-1], input[:, -1:].detach()], 1)", "batch_sizes is None and not self.batch_first and input.size(1) > 3"),
})
ALL = (*KERNELS, *MODULES, *LATER, *LAST)
