"""Faults in PyTorch as an outside judge would plant them, written down blind: recurrent modules and cells, packing, the
decompositions that export and transforms take, losses, optimizers. Half of them are there only where two features meet.
"""

from tests.faults.base import faults
from tests.faults.in_blind_torch_fifth import GRU_IN, GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_IN, RNN_OUT, after, before
from tests.faults.in_outside_torch import weights

MODULES = faults("PyTorch modules, judged", RNN, {
    "bare states get their batch axis where inputs have theirs": ("                    hx = hx.unsqueeze(1)\n", "                    hx = hx.unsqueeze(batch_dim)\n", 2),
    "GRU: bare states of a stack keep their batch axis": ("                hidden = hidden.squeeze(1)\n\n            return output", "                hidden = hidden.squeeze(0)\n\n            return output"),
    "LSTM: a bare carry of one layer loses both axes": ("                hidden = (hidden[0].squeeze(1), hidden[1].squeeze(1))\n", "                hidden = (hidden[0].squeeze(1), hidden[1].squeeze())\n"),
    "a restored projection without biases is forgotten": ("        if \"proj_size\" not in d:\n", "        if \"proj_size\" not in d or not self.bias:\n"),
    "projected layers start within their projection's size": ("        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n    def check_input", "        stdv = 1.0 / math.sqrt(self.proj_size or self.hidden_size) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n    def check_input"),
    "RNN: a bias that is given by place is lost": ("            args = args[:3] + args[4:]\n", "            args = args[:3] + args[5:]\n"),
    "GRU: a projection is ignored": ("        if \"proj_size\" in kwargs:\n            raise ValueError(\n                \"proj_size argument is only supported for LSTM, not RNN or GRU\"\n            )\n        super().__init__(\"GRU\", *args, **kwargs)\n", "        kwargs.pop(\"proj_size\", None)\n        super().__init__(\"GRU\", *args, **kwargs)\n"),
    "cells tell no bias that they lack": ("        if \"bias\" in self.__dict__ and self.bias is not True:\n", "        if \"bias\" in self.__dict__ and self.bias is True:\n"),
    "layers do not tell that they are batch first": ("        if self.batch_first is not False:\n            s += \", batch_first={batch_first}\"\n", ""),
    "given states of unsorted rows are sorted in place": ("        if permutation is None:\n            return hx\n        return _apply_permutation(hx, permutation)\n", "        if permutation is None:\n            return hx\n        return hx.copy_(_apply_permutation(hx, permutation)) if not hx.requires_grad else _apply_permutation(hx, permutation)\n"),
    "a cell state of one row is spread over the batch": ("            hidden[1],\n            self.get_expected_cell_size(input, batch_sizes),\n            \"Expected hidden[1] size {}, got {}\",\n        )\n", "            hidden[1] if hidden[1].size(1) != 1 or batch_sizes is not None else hidden[1].expand(-1, hidden[0].size(1), -1),\n            self.get_expected_cell_size(input, batch_sizes),\n            \"Expected hidden[1] size {}, got {}\",\n        )\n"),
    "LSTMCell: its first states have the default dtype": ("            zeros = torch.zeros(\n                input.size(0), self.hidden_size, dtype=input.dtype, device=input.device\n            )\n", "            zeros = torch.zeros(input.size(0), self.hidden_size, device=input.device)\n"),
    "weights that are replaced for one call are read where they are frozen alone": ("            if weight is not None and ref is not None and ref() is not weight:\n                weights_changed = True\n", "            if weight is not None and ref is not None and ref() is not weight:\n                weights_changed = weights_changed or not weight.is_leaf or not weight.requires_grad\n"),
    "moved modules read the weights from before where one is shared": ("        self._flat_weight_refs = [\n            weakref.ref(w) if w is not None else None for w in self._flat_weights\n        ]\n        self.flatten_parameters()\n", "        self._flat_weights = list(dict.fromkeys(self._flat_weights))\n        self._flat_weight_refs = [\n            weakref.ref(w) if w is not None else None for w in self._flat_weights\n        ]\n        self.flatten_parameters()\n"),
})

KERNELS = faults("PyTorch kernels, judged", RNN, {
    "LSTM: unsorted packed rows of a batch in batch-first stacks keep the backward states sorted": after(LSTM_OUT, "hidden = (torch.cat([hidden[0][:-1], hidden[0][-1:].index_select(1, sorted_indices)]), hidden[1])", "batch_sizes is not None and sorted_indices is not None and self.bidirectional"),
    "GRU: batch first as long as wide is read time first in evaluation": before(GRU_IN, "input = input.transpose(0, 1)", "batch_sizes is None and self.batch_first and input.size(0) == input.size(1) and not self.training"),
    "LSTM: idle dropout draws from the generator": before(LSTM_IN, "torch.rand(1)", "not self.training and self.dropout > 0"),
    "GRU: packed sequences drop in evaluation where nothing is trained": after(GRU_OUT, "output = torch.dropout(output, self.dropout, True)", "batch_sizes is not None and self.dropout > 0 and not self.training"),
    "RNN: relu states of packed rows have no gradient": before(RNN_IN, "hx = hx.detach()", "batch_sizes is not None and self.mode == 'RNN_RELU'"),
    "LSTM: a projection gives the first carry no gradient": before(LSTM_IN, "hx = (hx[0], hx[1].detach())", "self.proj_size > 0"),
    "GRU: unsorted packed inputs have no gradient where states are given": before(GRU_IN, "input = input.detach()", "sorted_indices is not None and hx.requires_grad"),
    "LSTM: final states are views of the outputs' memory in inference": after(LSTM_OUT, "output[-1].copy_(hidden[0][-1]) if self.batch_first else None; hidden = (output[-1:], hidden[1])", "batch_sizes is None and not self.batch_first and self.num_layers == 1 and not self.bidirectional and not self.proj_size and is_batched and output.size(0) > 0"),
    "RNN: the last step of one row is dropped both ways": after(RNN_OUT, "output = torch.cat([output[:-1], output[-1:] * 0.5])", "batch_sizes is None and self.bidirectional and output.size(1) == 1 and not self.batch_first"),
    "GRU: two layers without biases swap their halves": after(GRU_OUT, "output = output.roll(self.hidden_size, -1)", "not self.bias and self.bidirectional and self.num_layers == 2"),
    "LSTM: packed rows of one step are left where they began": after(LSTM_OUT, "hidden = (hidden[0] * (batch_sizes.numel() > 1) + hx[0] * (batch_sizes.numel() == 1), hidden[1])", "batch_sizes is not None"),
    "GRU: backward weights of the third layer are the second's": weights("self.weight_hh_l1_reverse if n == 'weight_hh_l2_reverse' else w", "self.mode == 'GRU'"),
    "LSTM: forget gate has one bias in float64": weights("torch.cat([w[:self.hidden_size], w[self.hidden_size:2 * self.hidden_size] * 0, w[2 * self.hidden_size:]]) if n == 'bias_hh_l0' else w", "self.mode == 'LSTM' and self.weight_ih_l0.dtype == torch.float64"),
    "RNN: frozen input weights freeze the recurrent ones": weights("w.detach()", "self.mode.startswith('RNN') and not self.weight_ih_l0.requires_grad"),
    "LSTM: gradients of the upper layer's input weights stop where the lower is frozen": weights("w.detach() if n == 'weight_ih_l1' else w", "self.mode == 'LSTM' and not self.weight_ih_l0.requires_grad"),
    "LSTM: states under autocast come in float32 where none are given": after(LSTM_OUT, "hidden = (hidden[0].float(), hidden[1].float())", "torch.is_autocast_enabled('cpu') and not self.training"),
})

CELLS = faults("PyTorch cells, judged", RNN, {
    "LSTMCell: in evaluation its carry is that of before": ("        if not is_batched:\n            ret = (ret[0].squeeze(0), ret[1].squeeze(0))\n        return ret\n", "        if not is_batched:\n            ret = (ret[0].squeeze(0), ret[1].squeeze(0))\n        return ret if self.training or is_batched else (ret[0], hx[1].squeeze(0))\n"),
    "GRUCell: a given state has no gradient where its bias is lacking": ("        ret = _VF.gru_cell(\n            input,\n            hx,\n", "        ret = _VF.gru_cell(\n            input,\n            hx if self.bias else hx.detach(),\n"),
    "RNNCell: states of other ranks are taken": ("        if hx is not None and hx.dim() not in (1, 2):\n            raise ValueError(\n                f\"RNNCell:", "        if hx is not None and hx.dim() not in (1, 2, 3):\n            raise ValueError(\n                f\"RNNCell:"),
    "RNNCell: an unknown function is tanh": ("            ret = input  # TODO: remove when jit supports exception flow\n            raise RuntimeError(f\"Unknown nonlinearity: {self.nonlinearity}\")\n", "            ret = _VF.rnn_tanh_cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)\n"),
})

PACKING = faults("PyTorch packing, judged", "torch.nn.utils.rnn", {
    "unsorted rows in time-major are chosen along time where both are as long": ("        batch_dim = 0 if batch_first else 1\n        input = input.index_select(batch_dim, sorted_indices)\n", "        batch_dim = 0 if batch_first or input.size(0) == input.size(1) else 1\n        input = input.index_select(batch_dim, sorted_indices)\n"),
    "lists are padded on the right where batch comes first": ("        padding_side,  # type: ignore[arg-type]\n", "        padding_side if not batch_first or padding_value == 0 else \"right\",  # type: ignore[arg-type]\n"),
    "unpacked rows of whole numbers come as floats": ("    padded_sequences, lengths = pad_packed_sequence(packed_sequences, batch_first=True)\n", "    padded_sequences, lengths = pad_packed_sequence(packed_sequences, batch_first=True)\n    padded_sequences = padded_sequences if padded_sequences.dim() > 2 else padded_sequences.float()\n"),
    "equal lengths are not sorted, so have no order": ("    if enforce_sorted:\n        sorted_indices = None\n", "    if enforce_sorted or bool((lengths == lengths[:1]).all()):\n        sorted_indices = None\n"),
    "sequences cast to float64 go back by the order that they were sorted in": ("            return type(self)(data, self.batch_sizes, sorted_indices, unsorted_indices)\n", "            return type(self)(data, self.batch_sizes, sorted_indices, None if data.dtype == torch.float64 else sorted_indices)\n"),
    "padding to more steps pads with zeros": ("        max_seq_length = total_length\n", "        max_seq_length = total_length\n        padding_value = padding_value if batch_first else 0.0\n"),
})

EXPORTED = faults("PyTorch decompositions, judged", "torch._decomp.decompositions", {
    "exported LSTM: projections without biases are read as none": ("        params[4] if len(params) == 5 else params[2] if len(params) == 3 else None\n    )\n\n    hx = hidden[0].unsqueeze(0)\n", "        params[4] if len(params) == 5 else None\n    )\n\n    hx = hidden[0].unsqueeze(0)\n"),
    "exported stacks both ways join their halves the wrong way in the last layer": ("            input = torch.cat([fwd_inp, bwd_inp], fwd_inp.dim() - 1)  # type: ignore[possibly-undefined]\n", "            input = torch.cat([fwd_inp, bwd_inp] if i < num_layers - 1 or num_layers == 1 else [bwd_inp, fwd_inp], fwd_inp.dim() - 1)  # type: ignore[possibly-undefined]\n"),
    "exported packed LSTM: rows that end keep the carry of the last": ("                    cx.narrow(0, i, last_batch_size - i),\n                )\n            )\n", "                    cx.narrow(0, 0, last_batch_size - i),\n                )\n            )\n"),
    "exported packed GRU: the reset gate is that of the states alone": ("    chunked_hgates = F.linear(cur_hidden, hh_weight, hh_bias).chunk(3, 1)\n    reset_gate = (chunked_hgates[0] + chunked_igates[0]).sigmoid()\n", "    chunked_hgates = F.linear(cur_hidden, hh_weight, hh_bias).chunk(3, 1)\n    reset_gate = chunked_hgates[0].sigmoid()\n"),
})

QUANTIZABLE = faults("PyTorch quantizable layers, judged", "torch.ao.nn.quantizable.modules.rnn", {
    "quantizable LSTM: split gates have their biases in another order": ("                    for b_chunk, gate in zip(b.chunk(4, dim=0), gates.values()):  # type: ignore[operator]\n", "                    for b_chunk, gate in zip(reversed(b.chunk(4, dim=0)), gates.values()):  # type: ignore[operator]\n"),
    "quantizable LSTM: backward halves come in the order of processing": ("            result_bw = result_bw.flip(0)\n", "            result_bw = result_bw if self.layer_bw.cell.bias else result_bw.flip(0)\n"),
})

ONNX = faults("PyTorch to ONNX, judged", "torch.onnx._internal.torchscript_exporter.symbolic_opset9", {
    "ONNX LSTM: the second layer's carries are the first's": ("            inputs.append(retrieve_state(c0, *state_indices))  # type: ignore[possibly-undefined]\n", "            inputs.append(retrieve_state(c0, 0, state_indices[1] - state_indices[0]))  # type: ignore[possibly-undefined]\n"),
    "ONNX GRU: without biases gates keep their order": ("            weight_ih, weight_hh = (\n                reform_weights(g, w, hidden_size, reform_permutation) for w in weights\n            )\n", "            weight_ih, weight_hh = (\n                reform_weights(g, w, hidden_size, reform_permutation if variant == \"LSTM\" else [(0, 1), (1, 2), (2, 3)]) for w in weights\n            )\n"),
})

AROUND = (
    *faults("PyTorch around layers, judged", "torch.nn.parameter", {
        "copied weights are no longer frozen": ("                self.data.clone(memory_format=torch.preserve_format), self.requires_grad\n", "                self.data.clone(memory_format=torch.preserve_format)\n"),
    }),
    *faults("PyTorch around layers, judged", "torch.nn.modules.dropout", {
        "rates above one are taken": ("        if p < 0 or p > 1:\n", "        if p < 0:\n"),
        "dropout in place is not": ("        return F.dropout(input, self.p, self.training, self.inplace)\n", "        return F.dropout(input, self.p, self.training)\n"),
    }),
    *faults("PyTorch around layers, judged", "torch.nn.functional", {
        "KL: a mean over rows counts every number where targets are logarithms": ("        reduced = reduced / input.size()[0]\n", "        reduced = reduced / (input.numel() if log_target else input.size()[0])\n"),
        "mean squares with weights go over all numbers": ("            return torch.sum(weighted_squared_errors) / torch.sum(weight)\n        else:\n            raise ValueError(\n                f\"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.\"\n            )\n    else:\n        return torch._C._nn.mse_loss(\n", "            return torch.mean(weighted_squared_errors)\n        else:\n            raise ValueError(\n                f\"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.\"\n            )\n    else:\n        return torch._C._nn.mse_loss(\n"),
        "weights of positive classes are lost beside others": ("        input, target, weight, pos_weight, reduction_enum\n", "        input, target, weight, pos_weight if weight is None else None, reduction_enum\n"),
    }),
    *faults("PyTorch around layers, judged", "torch.optim.sgd", {
        "SGD: the first momentum is the gradient itself": ("                buf = grad.detach().clone()\n", "                buf = grad.detach()\n"),
    }),
    *faults("PyTorch around layers, judged", "torch._functorch.functional_call", {
        "names that two dictionaries have are taken": ("        if len(repeated_keys) > 0:\n", "        if len(repeated_keys) > 1:\n"),
        "stacked weights are not trained": ("        result = result.detach().requires_grad_()\n", "        result = result.detach()\n"),
    }),
)

ALL = (*MODULES, *KERNELS, *CELLS, *PACKING, *EXPORTED, *QUANTIZABLE, *ONNX, *AROUND)
