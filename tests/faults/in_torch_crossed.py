"""Faults in PyTorch as an outside judge would plant them, written down blind: recurrent modules and cells, packing, tables of words,
attention, losses, clipping, computed weights, containers, files, optimizers. Half of them are there only where two features meet.
"""

from tests.faults.base import faults
from tests.faults.in_blind_torch_fifth import GRU_IN, GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_IN, RNN_OUT, after, before
from tests.faults.in_outside_torch import weights

FAMILY = "torch_crossed"

MODULES = faults(FAMILY, RNN, {
    "weights that are replaced for one call are seen where the first one is": ("            self._flat_weight_refs, self._flat_weights_names, strict=True\n", "            self._flat_weight_refs[:1], self._flat_weights_names[:1], strict=True\n"),
    "RNNCell: one row of a relu cell is tanh": ("        if self.nonlinearity == \"tanh\":\n            ret = _VF", "        if self.nonlinearity == \"tanh\" or (is_batched and input.size(0) == 1):\n            ret = _VF"),
    "cells: a bare given state has no gradient": ("            hx = hx.unsqueeze(0) if not is_batched else hx\n", "            hx = hx.unsqueeze(0).detach() if not is_batched else hx\n", 2),
    "LSTMCell: a bare carry keeps its axis": ("            ret = (ret[0].squeeze(0), ret[1].squeeze(0))\n", "            ret = (ret[0].squeeze(0), ret[1])\n"),
    "LSTM: both ways a carry as narrow as the projection is asked for": ("            mini_batch,\n            self.hidden_size,\n        )\n        return expected_hidden_size\n\n    # In the future", "            mini_batch,\n            self.proj_size if self.proj_size and self.bidirectional else self.hidden_size,\n        )\n        return expected_hidden_size\n\n    # In the future"),
    "LSTMCell: without biases carries have no gradient": ("        ret = _VF.lstm_cell(\n            input,\n            hx,\n", "        ret = _VF.lstm_cell(\n            input,\n            hx if self.bias or not is_batched else (hx[0], hx[1].detach()),\n"),
    "GRUCell: states of as many rows as units are read across": ("        ret = _VF.gru_cell(\n            input,\n            hx,\n", "        ret = _VF.gru_cell(\n            input,\n            hx.t().contiguous() if hx.size(0) == hx.size(1) else hx,\n"),
    "LSTM: the third layer of projections is as wide as what is projected": ("                    input_size if layer == 0 else real_hidden_size * num_directions\n", "                    input_size if layer == 0 else (real_hidden_size if layer < 2 else hidden_size) * num_directions\n"),
})

KERNELS = faults(FAMILY, RNN, {
    "GRU: unsorted rows of a stack both ways come with the forward states twice": after(GRU_OUT, "hidden = hidden.index_select(0, torch.arange(hidden.size(0)) // 2 * 2)", "self.bidirectional and sorted_indices is not None and self.num_layers > 1"),
    "LSTM: bare sequences have no gradient where states are trained": before(LSTM_IN, "input = input.detach()", "batch_sizes is None and not is_batched and hx[0].requires_grad"),
    "RNN: the second relu layer starts where the first does in batch first": before(RNN_IN, "hx = torch.cat([hx[:1], hx[:1]])", "self.mode == 'RNN_RELU' and self.batch_first and self.num_layers == 2 and not self.bidirectional"),
    "LSTM: one row of projections in batch first comes time first": after(LSTM_OUT, "output = output.transpose(0, 1)", "batch_sizes is None and is_batched and self.proj_size > 0 and self.batch_first and output.size(0) == 1"),
    "LSTM: packed outputs in float16 come in float32": after(LSTM_OUT, "output = output.float()", "batch_sizes is not None and output.dtype == torch.float16"),
    "GRU: in evaluation the second layer is not trained": weights("w.detach() if '_l1' in n else w", "self.mode == 'GRU' and not self.training"),
    "RNN: one step both ways in batch first has its halves turned": after(RNN_OUT, "output = output.roll(self.hidden_size, -1)", "batch_sizes is None and is_batched and self.bidirectional and self.batch_first and output.size(1) == 1"),
    "GRU: sorted packed rows start three layers from the top": before(GRU_IN, "hx = hx.flip(0)", "batch_sizes is not None and sorted_indices is None and hx.size(0) == 3"),
    "LSTM: the carry given to a bare sequence has twice its gradient": before(LSTM_IN, "hx = (hx[0], hx[1] * 2 - hx[1].detach())", "batch_sizes is None and not is_batched"),
    "GRU: outputs after sixteen steps have no gradient": after(GRU_OUT, "output = torch.cat([output[:16], output[16:].detach()])", "batch_sizes is None and not self.batch_first and output.size(0) > 16"),
    "LSTM: frozen weights give states no gradient in batch first": before(LSTM_IN, "hx = (hx[0].detach(), hx[1])", "not self.weight_hh_l0.requires_grad and self.batch_first"),
    "RNN: given states have no gradient both ways in batch first without biases": before(RNN_IN, "hx = hx.detach()", "not self.bias and self.bidirectional and self.batch_first"),
})

PACKING = faults(FAMILY, "torch.nn.utils.rnn", {
    "lengths of rows that are padded further are short integers": ("    return padded_output, lengths\n\n\n", "    return padded_output, lengths if total_length is None else lengths.int()\n\n\n"),
    "sequences are unpacked across where rows are as many as steps": ("    unpacked_sequences = unpad_sequence(padded_sequences, lengths, batch_first=True)\n", "    square = padded_sequences.size(0) == padded_sequences.size(1)\n    unpacked_sequences = unpad_sequence(padded_sequences, lengths, batch_first=not square)\n"),
})

WORDS = (
    *faults(FAMILY, "torch.nn.modules.sparse", {
        "given vectors have dense gradients": ("            sparse=sparse,\n        )\n        return embedding\n", "        )\n        return embedding\n"),
    }),
    *faults(FAMILY, "torch.nn.functional", {
        "bags with a last offset read padding": ("        include_last_offset,\n        padding_idx,\n    )\n    return ret\n", "        include_last_offset,\n        None if include_last_offset else padding_idx,\n    )\n    return ret\n"),
    }),
)

ATTENTION = (
    *faults(FAMILY, "torch.nn.modules.transformer", {
        "a decoder that normalizes first has relu whatever is named": ("            self.activation = _get_activation_fn(activation)\n", "            self.activation = F.relu if norm_first else _get_activation_fn(activation)\n"),
    }),
)

AROUND = (
    *faults(FAMILY, "torch.nn.functional", {
        "gaussian losses bound the variances that were given": ("    var = var.clone()\n    with torch.no_grad():\n", "    with torch.no_grad():\n"),
        "weighed absolute errors have the mean of all numbers": ("            return torch.sum(weighted_absolute_errors) / torch.sum(weight)\n", "            return weighted_absolute_errors.mean()\n"),
    }),
    *faults(FAMILY, "torch.nn.utils.parametrizations", {
        "weight norm has a length for each row whatever axis is asked": ("        weight_g = torch.norm_except_dim(weight, 2, self.dim)\n", "        weight_g = torch.norm_except_dim(weight, 2, 0)\n"),
    }),
    *faults(FAMILY, "torch.nn.utils.parametrizations", {
        "spectral norm along the last axis is along the first": ("        self.dim = dim if dim >= 0 else dim + ndim\n", "        self.dim = max(dim, 0)\n"),
    }, {"spectral norm along the last axis is along the first": "a matrix has the singular values of its transpose: kernels of convolutions alone have others"}),
    *faults(FAMILY, "torch.nn.modules.container", {
        "lists of weights are cut without a step": ("            for i in range(start, stop, step):\n", "            for i in range(start, stop):\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.module", {
        "hooks that ask for keywords are given none": ("                        hook_result = hook(self, args, kwargs, result)\n                    else:\n                        hook_result = hook(self, args, result)\n\n                    if", "                        hook_result = hook(self, args, {}, result)\n                    else:\n                        hook_result = hook(self, args, result)\n\n                    if"),
    }),
    *faults(FAMILY, "torch.optim.sgd", {
        "SGD at once: decay goes the other way where it climbs": ("                torch._foreach_add_(device_grads, device_params, alpha=weight_decay)\n", "                torch._foreach_add_(device_grads, device_params, alpha=-weight_decay)\n"),
    }),
    *faults(FAMILY, "torch.optim.optimizer", {
        "numbers of weights begin anew in each group": ("            start_index += len(packed[\"params\"])\n", ""),
        "gradients of the first dtype alone are zeroed at once": ("                    for grads in per_dtype_grads.values():\n", "                    for grads in list(per_dtype_grads.values())[:1]:\n"),
    }),
    *faults(FAMILY, "torch.nn.init", {
        "orthogonal weights that are wide are filled as if they were tall": ("    if rows < cols:\n        q.t_()\n", "    if rows < cols:\n        q = q.contiguous()\n"),
    }),
)

ALL = (*MODULES, *KERNELS, *PACKING, *WORDS, *ATTENTION, *AROUND)
