"""Faults in PyTorch's recurrent modules and in its helpers for packed and padded sequences, as far as they are Python."""

from tests.faults.base import faults

MODULES = faults("PyTorch modules", "torch.nn.modules.rnn", {
    "LSTM: cell state not permuted": (
        "return _apply_permutation(hx[0], permutation), _apply_permutation(\n            hx[1], permutation\n        )",
        "return _apply_permutation(hx[0], permutation), hx[1]"),
    "final states left sorted": (
        "return output_packed, self.permute_hidden(hidden, unsorted_indices)",
        "return output_packed, self.permute_hidden(hidden, None)", 3),
    "final states permuted twice": (
        "return output_packed, self.permute_hidden(hidden, unsorted_indices)",
        "return output_packed, self.permute_hidden(hidden, sorted_indices)", 3),
    "initial states permuted the wrong way": (
        "hx = self.permute_hidden(hx, sorted_indices)", "hx = self.permute_hidden(hx, unsorted_indices)", 6),
    "batch_first ignored": ("self.bidirectional,\n                self.batch_first,\n", "self.bidirectional,\n                False,\n", 2),
    "biases named the wrong way": ('["bias_ih_l{}{}", "bias_hh_l{}{}"]', '["bias_hh_l{}{}", "bias_ih_l{}{}"]'),
    "weights named the wrong way": ('["weight_ih_l{}{}", "weight_hh_l{}{}"]', '["weight_hh_l{}{}", "weight_ih_l{}{}"]'),
    "relu is tanh": ("result = _VF.rnn_relu(", "result = _VF.rnn_tanh(", 2),
    "states of any size": ("if hx.size() != expected_hidden_size:", "if False:"),
    "dropout in inference": ("                self.training,\n", "                True,\n", 8),
    "gradient to the states cut": ("            result = _VF.lstm(\n                input,\n                hx,\n",
                                   "            result = _VF.lstm(\n                input,\n                tuple(s.detach() for s in hx),\n"),
})
PACKING = faults("PyTorch packing", "torch.nn.utils.rnn", {
    "inputs not sorted": ("input = input.index_select(batch_dim, sorted_indices)", "input = input.clone()"),
    "outputs left sorted": ("padded_output.index_select(batch_dim, unsorted_indices),", "padded_output,"),
    "outputs sorted twice": (
        "padded_output.index_select(batch_dim, unsorted_indices),", "padded_output.index_select(batch_dim, sequence.sorted_indices),"),
    "lengths left sorted": ("lengths[unsorted_indices.cpu()],", "lengths,"),
    "padding_value ignored": ("batch_first, padding_value, max_seq_length", "batch_first, 0.0, max_seq_length"),
    "total_length ignored": ("        max_seq_length = total_length\n", "        pass\n"),
    "total_length may be short": ("if total_length < max_seq_length:", "if False:"),
    "padding_side ignored": ("        padding_side,  # type: ignore[arg-type]\n", '        "right",\n'),
    "one step too many unpadded": ("mask = idx < length", "mask = idx <= length"),
    "enforce_sorted not passed on": ("lengths, enforce_sorted=enforce_sorted\n", "lengths, enforce_sorted=True\n"),
}, {"total_length may be short": "torch._C refuses the same, with other words"})

ALL = (*MODULES, *PACKING)
