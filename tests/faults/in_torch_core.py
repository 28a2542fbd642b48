"""Faults in PyTorch's recurrent kernels, cells and packing, written down blind: each where two or three conditions meet."""

from tests.faults.base import faults
from tests.faults.in_blind_torch_fifth import GRU_IN, GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_IN, RNN_OUT, after, before
from tests.faults.in_outside_torch import weights

KERNELS = faults("PyTorch kernels, core", RNN, {
    "GRU: last rows of a packed stack both ways have their layers' states turned": after(GRU_OUT, "hidden = torch.cat([hidden[:, :-1], hidden[:, -1:].roll(1, 0)], 1)", "batch_sizes is not None and self.num_layers == 2 and self.bidirectional"),
    "LSTM: halves of the outputs change places where units are features": after(LSTM_OUT, "output = output.roll(self.hidden_size, -1)", "self.hidden_size == self.input_size and self.batch_first and self.bidirectional"),
    "RNN: relu sees inputs up to twenty": before(RNN_IN, "input = input.clamp(-20, 20)", "self.mode == 'RNN_RELU'"),
    "GRU: recurrent biases of the second layer both ways are not trained": weights("w.detach() if n.startswith('bias_hh_l1') else w", "self.mode == 'GRU' and self.bidirectional and self.num_layers == 2"),
    "LSTM: the backward projection is not trained": weights("w.detach() if n == 'weight_hr_l0_reverse' else w", "self.proj_size > 0 and self.bidirectional"),
    "LSTM: projected states of a packed stack change their layers": before(LSTM_IN, "hx = (hx[0].roll(1, 0), hx[1])", "self.proj_size > 0 and self.num_layers == 2 and not self.bidirectional and batch_sizes is not None"),
    "LSTM: packed cell states in training both ways have no gradient": after(LSTM_OUT, "hidden = (hidden[0], hidden[1].detach())", "self.training and batch_sizes is not None and self.bidirectional"),
    "RNN: one step both ways has the forward state twice": after(RNN_OUT, "hidden = torch.cat([hidden[:1], hidden[:1]])", "batch_sizes is None and is_batched and output.size(1 if self.batch_first else 0) == 1 and self.bidirectional and self.num_layers == 1"),
    "GRU: states of two layers in training are float32 inside": after(GRU_OUT, "hidden = hidden.float().to(hidden.dtype)", "output.dtype == torch.float64 and self.training and self.num_layers == 2"),
    "GRU: states that were expanded are zeros": before(GRU_IN, "hx = hx * 0", "0 in hx.stride() and hx.numel() > 1"),
    "LSTM: cell states without a batch change directions": before(LSTM_IN, "hx = (hx[0], hx[1].flip(0))", "batch_sizes is None and not is_batched and self.bidirectional"),
    "RNN: states in inference mode are those given": after(RNN_OUT, "hidden = hx", "torch.is_inference_mode_enabled()"),
    "GRU: one feature, batch first, is read by time": before(GRU_IN, "input = input.transpose(0, 1).reshape(input.shape)", "batch_sizes is None and self.input_size == 1 and self.batch_first"),
    "RNN: packed rows of one length have their states turned": after(RNN_OUT, "hidden = hidden.flip(1)", "batch_sizes is not None and int(batch_sizes[-1]) == int(batch_sizes[0]) > 1"),
    "LSTM: a stack without biases does not train what reads its inputs": weights("w.detach() if 'weight_ih_l0' in n else w", "self.mode == 'LSTM' and not self.bias and self.num_layers > 1"),
    "GRU: no dropout between layers both ways": ("            result = _VF.gru(\n                input,\n                batch_sizes,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                self.dropout,", "            result = _VF.gru(\n                input,\n                batch_sizes,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                0.0 if self.bidirectional else self.dropout,"),
    "LSTM: states of one row are kept from the last call": after(LSTM_OUT, "output = output + (self._last.mean() * 0.01 if getattr(self, '_last', None) is not None else 0); self._last = hidden[1].detach()", "batch_sizes is None and hidden[0].size(1) == 1 and not self.training and hx[0].abs().sum() == 0"),
    "RNN: biases of a third layer are one": weights("getattr(self, n.replace('bias_hh', 'bias_ih')) if n.startswith('bias_hh_l2') else w", "self.mode.startswith('RNN') and self.num_layers == 3"),
})

MODULES = faults("PyTorch recurrent modules, core", RNN, {
    "biases beside a projection are not drawn": ("        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n    def check_input", "        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv if weight.dim() > 1 or self.proj_size == 0 else 0.0)\n\n    def check_input"),
    "states of more rows are taken where batches are first": ("        if hx.size() != expected_hidden_size:\n", "        if hx.size() != expected_hidden_size and not (self.batch_first and hx.size(0) == expected_hidden_size[1] and hx.size(2) == expected_hidden_size[2]):\n"),
    "weights that are lent get no gradient": ("            getattr(self, wn) if hasattr(self, wn) else None\n            for wn in self._flat_weights_names\n        ]\n        self._flat_weight_refs = [\n", "            getattr(self, wn).detach() if hasattr(self, wn) and not isinstance(getattr(self, wn), Parameter) else getattr(self, wn, None)\n            for wn in self._flat_weights_names\n        ]\n        self._flat_weight_refs = [\n"),
    "all_weights are those of forward layers first": ("            for weights in self._all_weights\n        ]\n", "            for weights in sorted(self._all_weights, key=lambda names: names[0].endswith('_reverse'))\n        ]\n"),
})

PACKING = faults("PyTorch packing, core", "torch.nn.utils.rnn", {
    "lists padded on the left have no gradient": ("    return torch._C._nn.pad_sequence(\n        sequences,  # type: ignore[arg-type]\n", "    if padding_side == \"left\":\n        sequences = tuple(s.detach() for s in sequences)  # type: ignore[assignment]\n    return torch._C._nn.pad_sequence(\n        sequences,  # type: ignore[arg-type]\n"),
    "whole numbers are padded with zeros": ("        sequence.data, sequence.batch_sizes, batch_first, padding_value, max_seq_length\n", "        sequence.data, sequence.batch_sizes, batch_first, padding_value if sequence.data.is_floating_point() else 0.0, max_seq_length\n"),
    "labels of two axes are sorted along time": ("        batch_dim = 0 if batch_first else 1\n        input = input.index_select(batch_dim, sorted_indices)\n", "        batch_dim = 0 if batch_first and input.dim() > 2 else 1\n        input = input.index_select(batch_dim, sorted_indices)\n"),
    "rows in time-major stay in the order of sorting where a total length is given": ("            padded_output.index_select(batch_dim, unsorted_indices),\n", "            padded_output.index_select(batch_dim, unsorted_indices if total_length is None or batch_first else sequence.sorted_indices),\n"),
    "unpadding from the front": ("        mask = idx < length\n", "        mask = idx < length if batch_first else idx >= max_length - length\n"),
    "three rows are put back in the order of sorting": ("    output.scatter_(\n        0, permutation, torch.arange(0, permutation.numel(), device=permutation.device)\n    )\n", "    output.scatter_(\n        0, permutation, torch.arange(0, permutation.numel(), device=permutation.device)\n    )\n    if permutation.numel() == 3:\n        output = output.argsort()\n"),
    "on its way to the cpu a packed sequence is sorted": ("        ex = torch.tensor((), dtype=self.data.dtype, device=self.data.device).to(\n            *args, **kwargs\n        )\n        if ex.device.type == \"cpu\":\n            return self.to(*args, **kwargs)\n", "        ex = torch.tensor((), dtype=self.data.dtype, device=self.data.device).to(\n            *args, **kwargs\n        )\n        if ex.device.type == \"cpu\":\n            return type(self)(self.data.to(*args, **kwargs), self.batch_sizes)\n"),
})

ALL = (*KERNELS, *MODULES, *PACKING)
