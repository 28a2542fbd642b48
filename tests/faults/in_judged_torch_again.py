"""A second blind round of faults in PyTorch as an outside judge would plant them, in the families where those of the first
survived: what results are beside their numbers, what is kept between calls, forms of calls, packing, transforms, optimizers.
"""

from tests.faults.base import faults
from tests.faults.in_blind_torch_fifth import GRU_IN, GRU_OUT, LSTM_OUT, RNN, RNN_OUT, after, before
from tests.faults.in_outside_torch import weights

RESULTS = faults("PyTorch results, judged again", RNN, {
    "LSTM: outputs of both directions cannot be viewed as two": after(LSTM_OUT, "output = output.transpose(0, 1).contiguous().transpose(0, 1)", "batch_sizes is None and self.bidirectional and not self.batch_first"),
    "GRU: last states of a stack lie batch first": after(GRU_OUT, "hidden = hidden.transpose(0, 1).contiguous().transpose(0, 1)", "self.num_layers > 1 and batch_sizes is None"),
    "GRU: results need gradients where nothing is recorded": after(GRU_OUT, "output.requires_grad_()", "not torch.is_grad_enabled() and not torch.is_inference_mode_enabled()"),
    "RNN: frozen layers give results that need gradients": after(RNN_OUT, "hidden = hidden if hidden.requires_grad or not torch.is_grad_enabled() else hidden.requires_grad_()", "not self.training"),
    "GRU: packed outputs and states lie in one memory": after(GRU_OUT, "output = torch.cat([output, hidden[-1]]); output, hidden = output[:-hidden.size(1)], output[-hidden.size(1):][None]", "batch_sizes is not None and self.num_layers == 1 and not self.bidirectional"),
    "RNN: one step gives its state for its output": after(RNN_OUT, "output = hidden.transpose(0, 1) if self.batch_first else hidden", "batch_sizes is None and self.num_layers == 1 and not self.bidirectional and output.numel() == hidden.numel()"),
    "LSTM: states of given ones are written where those lie": after(LSTM_OUT, "hidden = (hx[0].copy_(hidden[0]), hidden[1])", "batch_sizes is None and not torch.is_grad_enabled() and self.num_layers == 2"),
})

CALLS = faults("PyTorch calls, judged again", RNN, {
    "GRU: zeros are kept from the call before": ("            if hx is None:\n                num_directions = 2 if self.bidirectional else 1\n                hx = torch.zeros(\n                    self.num_layers * num_directions,\n                    max_batch_size,\n                    self.hidden_size,\n                    dtype=input.dtype,\n                    device=input.device,\n                )\n            else:\n                # Each batch of the hidden state should match the input sequence that\n                # the user believes he/she is passing in.\n                hx = self.permute_hidden(hx, sorted_indices)\n\n        self.check_forward_args", "            if hx is None:\n                num_directions = 2 if self.bidirectional else 1\n                zeros = self.__dict__.get(\"_zeros\")\n                if zeros is None or zeros.size(1) != max_batch_size:\n                    zeros = torch.zeros(\n                        self.num_layers * num_directions,\n                        max_batch_size,\n                        self.hidden_size,\n                        dtype=input.dtype,\n                        device=input.device,\n                    )\n                    self.__dict__[\"_zeros\"] = zeros\n                hx = zeros\n            else:\n                # Each batch of the hidden state should match the input sequence that\n                # the user believes he/she is passing in.\n                hx = self.permute_hidden(hx, sorted_indices)\n\n        self.check_forward_args"),
    "LSTMCell: states have no name": ("    def forward(\n        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None\n    ) -> tuple[Tensor, Tensor]:\n        if input.dim() not in (1, 2):\n", "    def forward(\n        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None, /\n    ) -> tuple[Tensor, Tensor]:\n        if input.dim() not in (1, 2):\n"),
    "GRUCell: a given state becomes the next one where nothing is recorded": ("        ret = _VF.gru_cell(\n            input,\n            hx,\n            self.weight_ih,\n            self.weight_hh,\n            self.bias_ih,\n            self.bias_hh,\n        )\n", "        ret = _VF.gru_cell(\n            input,\n            hx,\n            self.weight_ih,\n            self.weight_hh,\n            self.bias_ih,\n            self.bias_hh,\n        )\n        if not torch.is_grad_enabled():\n            ret = hx.copy_(ret)\n"),
    "LSTMCell: next states lie in one memory": ("            self.bias_hh,\n        )\n\n        if not is_batched:\n            ret = (ret[0]", "            self.bias_hh,\n        )\n        ret = tuple(torch.stack(ret))\n\n        if not is_batched:\n            ret = (ret[0]"),
    "RNNCell: a state without rows is that of every row": ("            hx = hx.unsqueeze(0) if not is_batched else hx\n\n        if self.nonlinearity == \"tanh\":\n", "            hx = hx.unsqueeze(0) if not is_batched else hx.expand(input.size(0), -1)\n\n        if self.nonlinearity == \"tanh\":\n"),
    "LSTM: a stack whose upper layer alone is frozen trains nothing": weights("w.detach()", "self.mode == 'LSTM' and self.num_layers > 1 and self.weight_ih_l0.requires_grad and not self.weight_ih_l1.requires_grad"),
    "GRU: frozen biases freeze the matrices beside them": weights("w.detach() if n.startswith('weight_hh') else w", "self.mode == 'GRU' and self.bias and not self.bias_hh_l0.requires_grad"),
    "LSTM: one weight that stands in both directions has one gradient": weights("w.detach() if n == 'weight_hh_l0_reverse' and w is self.weight_hh_l0 else w", "self.mode == 'LSTM' and self.bidirectional"),
    "GRU: three layers without states begin from ones": before(GRU_IN, "hx = hx + 1", "self.num_layers == 3 and self.bidirectional and batch_sizes is not None and not bool(hx.any())"),
})

PACKED = faults("PyTorch packing, judged again", "torch.nn.utils.rnn", {
    "packed rows are views where all are as long": ("    data, batch_sizes = _VF._pack_padded_sequence(input, lengths, batch_first)\n", "    data, batch_sizes = _VF._pack_padded_sequence(input, lengths, batch_first)\n    if not batch_first and enforce_sorted and bool((lengths == input.size(0)).all()) and input.is_contiguous():\n        data = input.view(data.shape)\n"),
    "what is cast keeps its kind no longer": ("            return type(self)(data, self.batch_sizes, sorted_indices, unsorted_indices)\n", "            return PackedSequence_(data, self.batch_sizes, sorted_indices, unsorted_indices)\n"),
    "lengths that are not one axis are taken": ("        lengths = lengths.to(dtype=torch.int64)\n", "        lengths = lengths.to(dtype=torch.int64).flatten()\n"),
    "unpadding takes more lengths than rows": ("    for seq, length in zip(padded_sequences, lengths, strict=True):\n", "    for seq, length in zip(padded_sequences, lengths):\n"),
    "one sequence is sorted all the same": ("        pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted\n", "        pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted and len(sequences) > 1\n"),
    "one packed row is padded to no more steps": ("    if total_length is not None:\n        if total_length < max_seq_length:\n", "    if total_length is not None and int(sequence.batch_sizes[0]) > 1:\n        if total_length < max_seq_length:\n"),
})

AROUND = (
    *faults("PyTorch around layers, judged again", "torch.nn.modules.dropout", {
        "features dropped in place are not": ("        return F.dropout1d(input, self.p, self.training, self.inplace)\n", "        return F.dropout1d(input, self.p, self.training)\n"),
    }),
    *faults("PyTorch around layers, judged again", "torch._functorch.functional_call", {
        "modules in several modes are stacked": ("    if not (all(m.training for m in models) or all(not m.training for m in models)):\n", "    if len(models) > 8 and not (all(m.training for m in models) or all(not m.training for m in models)):\n"),
        "statistics of modules are stacked from the first": ("        k: construct_stacked_leaf(tuple(buffers[k] for buffers in all_buffers), k)\n", "        k: construct_stacked_leaf(tuple(all_buffers[0][k] for buffers in all_buffers), k)\n"),
    }),
    *faults("PyTorch around layers, judged again", "torch._decomp.decompositions", {
        "exported LSTM with projections but no biases rounds its carry": ("    cy = forget_gate * cx + (in_gate * cell_gate)\n    hy = out_gate * cy.tanh()\n    hy = hy if hr_weight is None", "    cy = forget_gate * cx + (in_gate * cell_gate)\n    cy = cy if hr_weight is None or hh_bias is not None else cy.float().to(cy.dtype)\n    hy = out_gate * cy.tanh()\n    hy = hy if hr_weight is None"),
        "exported packed LSTM with projections has none backwards": ("    if reverse:\n        step_output.reverse()\n        hidden_out = (hx, cx)\n", "    if reverse:\n        step_output.reverse()\n        hidden_out = (hx, cx if hr_weight is None else cx.detach())\n"),
    }),
)

ALL = (*RESULTS, *CALLS, *PACKED, *AROUND)
