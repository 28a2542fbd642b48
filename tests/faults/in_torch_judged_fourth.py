"""Faults in PyTorch's recurrent kernels and cells as an outside judge would plant them, written down blind a fourth time: most
of them are there only where three conditions meet.
"""

from tests.faults.base import Fault, faults
from tests.faults.in_blind_torch_fifth import GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_IN, RNN_OUT, after, before

FAMILY = "judged again, torch_judged, fourth round"

ALL: tuple[Fault, ...] = faults(FAMILY, RNN, {
    "GRU: sorted rows both ways have their last rows' states swapped": after(GRU_OUT, "hidden = torch.cat([hidden[:, :-2], hidden[:, -1:], hidden[:, -2:-1]], 1)", "batch_sizes is not None and sorted_indices is None and self.bidirectional and hidden.size(1) > 2"),
    "LSTM: projected outputs of one packed row begin anew in inference": after(LSTM_OUT, "output = output - output.detach() * 0.5", "batch_sizes is not None and self.proj_size > 0 and not self.training and int(batch_sizes[0]) == 1"),
    "RNN: unsorted relu rows without states begin from ones": before(RNN_IN, "hx = hx + 1", "sorted_indices is not None and self.mode == 'RNN_RELU' and not bool(hx.any())"),
    "LSTM: the second layer's carry is that of the first where time comes first": after(LSTM_OUT, "hidden = (hidden[0], torch.cat([hidden[1][:1], hidden[1][:1]]))", "batch_sizes is None and not self.batch_first and self.num_layers == 2 and not self.bidirectional and not self.bias"),
    "GRU: bare sequences both ways have their halves in the order of processing": after(GRU_OUT, "output = torch.cat([output[..., :self.hidden_size], output[..., self.hidden_size:].flip(1 if self.batch_first else 0)], -1)", "batch_sizes is None and not is_batched and self.bidirectional"),
    "LSTM: one unit carries nothing over": before(LSTM_IN, "hx = (hx[0], hx[1] * 0)", "self.hidden_size == 1 and self.num_layers > 1"),
    "RNN: packed rows of one step both ways are given twice": after(RNN_OUT, "hidden = torch.cat([hidden[:1], hidden[:1]])", "batch_sizes is not None and batch_sizes.numel() == 1 and self.bidirectional and self.num_layers == 1"),
    "GRU: float64 rows by themselves are rounded without gradients": after(GRU_OUT, "output = output.float().to(output.dtype)", "not torch.is_grad_enabled() and output.dtype == torch.float64 and batch_sizes is not None"),
    "LSTM: given states of a batch as long as its rows are read across": before(LSTM_IN, "hx = (hx[0].transpose(1, 2).contiguous(), hx[1])", "batch_sizes is None and self.num_layers == 1 and hx[0].size(1) == hx[0].size(2) > 1 and not self.training"),
    "LSTMCell: a carry is lost in float64 without biases": ("        ret = _VF.lstm_cell(\n            input,\n            hx,\n", "        ret = _VF.lstm_cell(\n            input,\n            hx if self.bias or input.dtype != torch.float64 else (hx[0], hx[1] * 0),\n"),
    "GRUCell: one feature is read as zero": ("        ret = _VF.gru_cell(\n            input,\n", "        ret = _VF.gru_cell(\n            input if self.input_size > 1 else input * 0,\n"),
    "LSTM: two frozen biases are one": before(LSTM_IN, "hx = (hx[0] + 0.01, hx[1])", "self.bias and not self.bias_ih_l0.requires_grad and self.weight_ih_l0.requires_grad"),
})
"""Every one of them changes what a user sees: outputs, states or gradients."""
