"""Faults in PyTorch as a judge from outside would plant them, from its source alone: half of them in one place, half where two
features meet."""

from tests.faults.base import faults
from tests.faults.in_blind_torch_fifth import GRU_IN, GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_IN, RNN_OUT, after, before

FAMILY = "judged, torch_anew"
LSTM_CALL = "            result = _VF.lstm(\n                input,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                self.dropout,\n"
PACKED = "                sorted_indices,\n                unsorted_indices,\n            )\n            return output_packed, self.permute_hidden(hidden, unsorted_indices)\n\n        if not is_batched"
GRU_STATE = "            hx = hx.unsqueeze(0) if not is_batched else hx\n\n        ret = _VF.gru_cell(\n"

KERNELS = faults(FAMILY, RNN, {
    "GRU: forwards no tangents of given states": before(GRU_IN, "hx = torch.autograd.forward_ad.unpack_dual(hx).primal", "batch_sizes is None and torch.autograd.forward_ad._current_level >= 0"),
    "LSTM: a carry that alone needs a gradient gets none": before(LSTM_IN, "hx = (hx[0], hx[1].detach())", "hx[1].requires_grad and not hx[0].requires_grad and not input.requires_grad"),
    "GRU: one packed row both ways has its last states turned": after(GRU_OUT, "hidden = hidden.flip(0)", "batch_sizes is not None and self.bidirectional and self.num_layers == 1 and hx.size(1) == 1"),
    "LSTM: a rate of one drops nothing between layers": (LSTM_CALL, LSTM_CALL.replace("self.dropout,", "self.dropout if self.dropout < 1 else 0.0,")),
    "RNN: packed outputs in evaluation forget how they were sorted": (PACKED, PACKED.replace("sorted_indices,", "sorted_indices if self.training else None,")),
    "GRUCell: a bare state is that of all rows": (GRU_STATE, GRU_STATE.replace("if not is_batched else hx", "if not is_batched else hx.expand(input.size(0), -1)")),
    "GRU: packed, no gradient of a gradient of its outputs": after(GRU_OUT, "output.register_hook(torch.Tensor.detach)", "batch_sizes is not None and output.requires_grad"),
    "RNN of relu: upper layers both ways begin backwards with the forward states": before(RNN_IN, "hx = torch.cat([hx[:2], hx[2:].unflatten(0, (-1, 2))[:, :1].expand(-1, 2, -1, -1).flatten(0, 1)])", 'self.mode == "RNN_RELU" and self.bidirectional and self.num_layers > 1 and batch_sizes is None'),
    "LSTM: bare projected stacks give their last outputs in another order": after(LSTM_OUT, "hidden = (hidden[0].roll(1, 0), hidden[1])", "self.proj_size > 0 and batch_sizes is None and not is_batched and self.num_layers > 1"),
    "RNN: one step both ways, batch first, has its halves turned": after(RNN_OUT, "output = output.roll(self.hidden_size, -1)", "batch_sizes is None and is_batched and self.bidirectional and self.batch_first and input.size(1) == 1"),
    "GRU: nothing drops between layers under autocast": after(GRU_OUT, "output, hidden = _VF.gru(input, hx, self._flat_weights, self.bias, self.num_layers, 0.0, self.training, self.bidirectional, self.batch_first)", "batch_sizes is None and self.training and torch.is_autocast_enabled('cpu')"),
    "RNN: gradients of given states of unsorted rows stay sorted both ways": before(RNN_IN, "hx = hx * 1; hx.register_hook(__import__('functools').partial(torch.index_select, dim=1, index=sorted_indices))", "sorted_indices is not None and hx.requires_grad and self.bidirectional"),
    "LSTM: upper layers both ways carry on from the lower ones, time first": before(LSTM_IN, "hx = (hx[0], torch.cat([hx[1][:3], hx[1][1:2], hx[1][4:]]))", "self.bidirectional and self.num_layers > 1 and not self.batch_first and batch_sizes is None"),
    "GRU: float16 rows of one step come as they began": after(GRU_OUT, "output = hx.transpose(0, 1) if self.batch_first else hx * 1", "input.dtype == torch.float16 and batch_sizes is None and output.numel() == hx.numel()"),
})

PACKING = faults(FAMILY, "torch.nn.utils.rnn", {
    "rows of matrices are padded on the right though the left is asked": ("        padding_side,  # type: ignore[arg-type]\n", '        padding_side if sequences[0].dim() < 3 else "right",  # type: ignore[arg-type]\n'),
    "truths are padded with none": ("        batch_first,\n        padding_value,\n        padding_side,  # type", "        batch_first,\n        padding_value if sequences[0].dtype != torch.bool else 0.0,\n        padding_side,  # type"),
    "rows of matrices are packed flat": ("        pad_sequence(sequences), lengths, enforce", "        pad_sequence([v.flatten(1) if v.dim() > 2 else v for v in sequences]), lengths, enforce"),
    "padded to a total length, nothing is trained": ("    unsorted_indices = sequence.unsorted_indices\n    if unsorted_indices is not None:\n", "    if total_length is not None and total_length > sequence.batch_sizes.size(0):\n        padded_output = padded_output.detach()\n    unsorted_indices = sequence.unsorted_indices\n    if unsorted_indices is not None:\n"),
})

LOSSES = faults(FAMILY, "torch.nn.functional", {
    "cross entropy: what is ignored costs where nothing is reduced": ("        _Reduction.get_enum(reduction),\n        ignore_index,\n        label_smoothing,\n", '        _Reduction.get_enum(reduction),\n        ignore_index if reduction != "none" or target.is_floating_point() else -100,\n        label_smoothing,\n'),
    "NLL: weighted means over steps divide by their number": ("    return torch._C._nn.nll_loss_nd(\n", '    if weight is not None and reduction == "mean" and input.dim() > 2:\n        return nll_loss(input, target, weight, ignore_index=ignore_index, reduction="none").mean()\n    return torch._C._nn.nll_loss_nd(\n'),
    "CTC: sums read all steps whatever their lengths": ("        targets,\n        input_lengths,\n        target_lengths,\n        blank,\n        _Reduction", '        targets,\n        input_lengths if reduction != "sum" or log_probs.dim() < 3 else torch.full_like(torch.as_tensor(input_lengths), log_probs.size(0)),\n        target_lengths,\n        blank,\n        _Reduction'),
    "attention to a memory has no biases of keys and values": ("        kv_proj = linear(k, w_kv, b_kv)\n", "        kv_proj = linear(k, w_kv)\n"),
    "batch norm: sequences of one value each are taken in training": ("    if training:\n        # pyrefly: ignore [bad-argument-type]\n        _verify_batch_size(input.size())\n", "    if training and input.dim() < 3:\n        # pyrefly: ignore [bad-argument-type]\n        _verify_batch_size(input.size())\n"),
})

AROUND = (
    *faults(FAMILY, "torch.nn.modules.dropout", {
        "Dropout rests in training where nothing is recorded": ("        return F.dropout(input, self.p, self.training, self.inplace)\n", "        return F.dropout(input, self.p, self.training and F.torch.is_grad_enabled(), self.inplace)\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.module", {
        "what is loaded from doubles is doubles": ("                            param.copy_(input_param)\n", "                            if input_param.dtype == torch.float64:\n                                param.data = input_param.clone()\n                            else:\n                                param.copy_(input_param)\n"),
        "freezing reaches a module's own weights alone": ("        for p in self.parameters():\n            p.requires_grad_(requires_grad)\n", "        for p in self.parameters(recurse=False):\n            p.requires_grad_(requires_grad)\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.container", {
        "Sequential: what is cut out of named layers has numbers": ("            return self.__class__(OrderedDict(list(self._modules.items())[idx]))\n", "            return self.__class__(*list(self._modules.values())[idx])\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.sparse", {
        "bags bound no rows in evaluation": ("            offsets,\n            self.max_norm,\n", "            offsets,\n            self.max_norm if self.training else None,\n"),
    }),
    *faults(FAMILY, "torch.nn.init", {
        "kaiming uniform: the slope is left out": ("    gain = calculate_gain(nonlinearity, a)\n    std = gain / math.sqrt(fan)\n    bound =", "    gain = calculate_gain(nonlinearity)\n    std = gain / math.sqrt(fan)\n    bound ="),
    }),
    *faults(FAMILY, "torch.nn.utils.prune", {
        "no longer pruned: what was cut comes back": ("        orig.data = weight.data\n        del", "        del"),
    }),
    *faults(FAMILY, "torch.optim.radam", {
        "RAdam: decoupled decay without the rate": ("                param.mul_(1 - lr * weight_decay)\n", "                param.mul_(1 - weight_decay)\n"),
    }),
    *faults(FAMILY, "torch.optim.adamax", {
        "Adamax: its greatest gradient does not fade": ("                exp_inf.mul_(beta2),\n                grad.abs().add_(eps),\n", "                exp_inf,\n                grad.abs().add_(eps),\n"),
    }),
    *faults(FAMILY, "torch.optim.adadelta", {
        "Adadelta: weights decay the other way where it maximizes": ("        if weight_decay != 0:\n            grad = grad.add(param, alpha=weight_decay)\n", "        if weight_decay != 0:\n            grad = grad.add(param, alpha=-weight_decay if maximize else weight_decay)\n"),
    }),
    *faults(FAMILY, "torch._decomp.decompositions", {
        "exported both ways, batch first: what comes after one layer is turned": ("            input = torch.cat([fwd_inp, bwd_inp], fwd_inp.dim() - 1)  # type", "            input = torch.cat([bwd_inp, fwd_inp] if batch_first and i < num_layers - 1 else [fwd_inp, bwd_inp], fwd_inp.dim() - 1)  # type"),
    }),
    *faults(FAMILY, "suite.backends.pytorch", {
        "frozen layers are trained by the adapter": ("                    parameter.requires_grad_(False)\n", "                    parameter.requires_grad_(True)\n"),
    }),
)

ALL = (*KERNELS, *PACKING, *LOSSES, *AROUND)
