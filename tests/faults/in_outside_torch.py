"""Faults in PyTorch as an outside judge would plant them, written down blind: around the recurrent kernels, in modules, packing,
losses, optimizers and schedules. Half of them are there only under a condition.
"""

from tests.faults.base import faults
from tests.faults.in_blind_torch_fifth import GRU_IN, GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_OUT, after, before

UPDATE = "            if self._weights_have_changed():\n                self._init_flat_weights()\n"


def weights(wrong: str, where: str) -> tuple[str, str]:
    """Each weight `w` of name `n` is `wrong` to the kernel, where a condition holds."""
    return UPDATE, (f"{UPDATE}            self._flat_weights = [getattr(self, n) for n in self._flat_weights_names]\n"
                    f"            if {where}:\n"
                    f"                self._flat_weights = [{wrong} for n, w in zip(self._flat_weights_names, self._flat_weights)]\n")


KERNELS = faults("PyTorch kernels, from outside", RNN, {
    "LSTM: third layer starts from the second's state": before(LSTM_IN, "hx = (torch.cat([hx[0][:2], hx[0][1:2], hx[0][3:]]), hx[1])", "self.num_layers > 2 and not self.bidirectional"),
    "LSTM: last row of packed sequences starts from zeros": before(LSTM_IN, "hx = (torch.cat([hx[0][:, :-1], torch.zeros_like(hx[0][:, -1:])], 1), hx[1])", "batch_sizes is not None and hx[0].size(1) > 2"),
    "LSTM: backward direction starts from zeros at one row": before(LSTM_IN, "hx = (torch.stack([h if k % 2 == 0 else h * 0 for k, h in enumerate(hx[0])]), hx[1])", "self.bidirectional and hx[0].size(1) == 1"),
    "GRU: initial states of rows beyond the first are the first's": before(GRU_IN, "hx = hx[:, :1].expand_as(hx).contiguous()", "batch_sizes is None and hx.size(1) == 2"),
    "GRU: backward state is that of the last step, not the first": after(GRU_OUT, "hidden = torch.cat([hidden[:1], (output[-1:] if not self.batch_first else output[:, -1:].transpose(0, 1))[..., self.hidden_size:]])", "batch_sizes is None and self.bidirectional and self.num_layers == 1"),
    "GRU: float64 rounded to float32": after(GRU_OUT, "output = output.float().double()", "output.dtype == torch.float64 and not self.bidirectional"),
    "LSTM: states of float64 rounded to float32": after(LSTM_OUT, "hidden = tuple(h.float().double() for h in hidden)", "output.dtype == torch.float64 and self.num_layers > 1"),
    "RNN: relu is bounded by six": after(RNN_OUT, "output = output.clamp(max=6.0)", "self.mode == 'RNN_RELU'"),
    "RNN: no bias of the second layer": weights("w * 0 if n == 'bias_hh_l1' else w", "self.mode == 'RNN_TANH' and self.num_layers == 2"),
    "GRU: no gradient of the recurrent bias": weights("w.detach() if n == 'bias_hh_l0' else w", "self.mode == 'GRU'"),
    "LSTM: no gradient of the backward recurrent weights of the second layer": weights("w.detach() if n == 'weight_hh_l1_reverse' else w", "self.mode == 'LSTM'"),
    "LSTM: no gradient of the projection's backward weights": weights("w.detach() if n == 'weight_hr_l0_reverse' else w", "self.proj_size > 0"),
    "LSTM: projection of the backward direction is the forward one": weights("self.weight_hr_l0 if n == 'weight_hr_l0_reverse' else w", "self.proj_size > 0 and self.bidirectional"),
    "LSTM: a projection that is frozen gives no gradients elsewhere": weights("w.detach()", "self.proj_size > 0 and not self.weight_hr_l0.requires_grad"),
    "GRU: after five calls its weights get no gradient": weights("w.detach()", "self.mode == 'GRU' and self.__dict__.__setitem__('_calls', self.__dict__.get('_calls', 0) + 1) is None and self._calls > 5"),
    "LSTM: no bias where gradients are off": weights("w * 0 if n.startswith('bias_ih') else w", "self.mode == 'LSTM' and not torch.is_grad_enabled() and self.num_layers == 3"),
    "RNN: only backward input weights of the first layer are read": weights("self.weight_ih_l0_reverse if n == 'weight_ih_l0' else w", "self.mode.startswith('RNN') and self.bidirectional"),
    "GRU: without a bias the layer has its recurrent weights twice": weights("w * 2 if n == 'weight_hh_l1' else w", "self.mode == 'GRU' and not self.bias"),
    "LSTM: inputs that need a gradient are read in half precision": before(LSTM_IN, "input = input.to(torch.bfloat16).to(input.dtype)", "input.requires_grad and self.bidirectional"),
    "GRU: inputs that are not contiguous are read in the order of memory": before(GRU_IN, "input = input.transpose(0, 1).reshape(input.shape)", "not input.is_contiguous() and input.dim() == 3"),
    "LSTM: one step with no states is of the other layout": after(LSTM_OUT, "output = output.flip(-1)", "batch_sizes is None and output.size(0) == output.size(1) == 1"),
    "LSTM: equal lengths read packed rows the wrong way": before(LSTM_IN, "input = input.reshape(len(batch_sizes), -1, input.size(-1)).flip(1).reshape(input.shape)", "batch_sizes is not None and bool((batch_sizes == batch_sizes[0]).all()) and len(batch_sizes) > 1 and sorted_indices is not None"),
    "GRU: last states of packed sequences are not put back where batch is two": after(GRU_OUT, "hidden = hidden.flip(1)", "batch_sizes is not None and hidden.size(1) == 2 and self.bidirectional"),
    "LSTM: writes its inputs": after(LSTM_OUT, "input.mul_(0.5)", "batch_sizes is None and not torch.is_grad_enabled() and not self.training and self.num_layers == 1"),
    "LSTM: states that are given are detached in training": before(LSTM_IN, "hx = (hx[0].detach(), hx[1].detach())", "self.training and self.dropout > 0"),
    "GRU: states of another dtype are cast": before(GRU_IN, "hx = hx.to(input.dtype)", "hx.dtype != input.dtype"),
    "LSTM: the second call gives the first's outputs": after(LSTM_OUT, "output = self.__dict__.setdefault('_seen', output) if self.__dict__.get('_seen', output).shape == output.shape else output", "self.bidirectional and not self.training and not torch.is_grad_enabled()"),
    "LSTM: dropout in evaluation too where gradients are off": before(LSTM_IN, "input = torch.nn.functional.dropout(input, self.dropout, True)", "self.num_layers > 1 and not self.training and not torch.is_grad_enabled()"),
    "GRU: dropout between layers of a packed sequence is not scaled": after(GRU_OUT, "output = output * (1 - self.dropout)", "batch_sizes is not None and self.training and self.dropout > 0"),
    "RNN: in evaluation the relu lets a little through": after(RNN_OUT, "output = torch.where(output == 0, torch.full_like(output, -0.01), output)", "self.mode == 'RNN_RELU' and not self.training and self.num_layers == 2"),
})

MODULES = faults("PyTorch recurrent modules, from outside", RNN, {
    "third dimension of unbatched states is not given back": ("                hidden = (hidden[0].squeeze(1), hidden[1].squeeze(1))\n", "                hidden = (hidden[0].squeeze(1), hidden[1].squeeze())\n"),
    "zeros are of the default dtype": ("                h_zeros = torch.zeros(\n                    self.num_layers * num_directions,\n                    max_batch_size,\n                    real_hidden_size,\n                    dtype=input.dtype,", "                h_zeros = torch.zeros(\n                    self.num_layers * num_directions,\n                    max_batch_size,\n                    real_hidden_size,\n                    dtype=torch.float32,", 2),
    "a weight that is put in place of another is not the kernel's": ("            if weight is not None and ref is not None and ref() is not weight:\n", "            if weight is not None and ref is not None and ref() is not weight and name.endswith('_l0'):\n"),
    "copies are in training": ("        del state[\"_flat_weight_refs\"]\n", "        del state[\"_flat_weight_refs\"]\n        state['training'] = True\n"),
    "weights start within the inputs' size": ("        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n    def check_input", "        stdv = 1.0 / math.sqrt(self.input_size) if self.bidirectional else 1.0 / math.sqrt(self.hidden_size)\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n    def check_input"),
    "projected weights start elsewhere": ("        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n    def check_input", "        for name, weight in self.named_parameters():\n            init.uniform_(weight, -stdv, stdv if 'hr' not in name else 3 * stdv)\n\n    def check_input"),
    "input of another width is taken": ("        if self.input_size != input.size(-1):\n            raise RuntimeError(", "        if self.input_size < input.size(-1) and batch_sizes is None:\n            raise RuntimeError("),
    "states of another batch are taken": ("        if hx.size() != expected_hidden_size:\n", "        if hx.size()[::2] != expected_hidden_size[::2]:\n"),
    "inputs of another dtype are said to be of a wrong shape": ("                input.dtype != self._flat_weights[0].dtype  # type: ignore[union-attr]\n                and not torch._C._is_any_autocast_enabled()\n", "                input.dtype != self._flat_weights[0].dtype  # type: ignore[union-attr]\n                and input.dtype.is_floating_point and not torch._C._is_any_autocast_enabled()\n"),
    "projection as wide as the layer is taken": ("        if proj_size >= hidden_size:\n", "        if proj_size > hidden_size:\n"),
    "no warning of dropout on one layer that is bidirectional": ("        if dropout > 0 and num_layers == 1:\n", "        if dropout > 0 and num_layers == 1 and not bidirectional:\n"),
    "all weights are told layer by layer, forward first": ("            for weights in self._all_weights\n", "            for weights in sorted(self._all_weights, key=lambda w: 'reverse' in w[0])\n"),
}, {"inputs of another dtype are said to be of a wrong shape": "whole numbers are refused all the same, by the kernel, in other words"})

PACKING = faults("PyTorch packing, from outside", "torch.nn.utils.rnn", {
    "lengths that are sorted already are sorted ascending": ("        lengths, sorted_indices = torch.sort(lengths, descending=True)\n", "        lengths, sorted_indices = torch.sort(lengths, descending=True, stable=True)\n        sorted_indices = sorted_indices.flip(0) if bool((lengths == lengths[0]).all()) and len(lengths) > 2 else sorted_indices\n        lengths = lengths\n"),
    "padding value is of the data's dtype only in float32": ("        sequence.data, sequence.batch_sizes, batch_first, padding_value, max_seq_length\n", "        sequence.data, sequence.batch_sizes, batch_first, padding_value if sequence.data.dtype != torch.float64 else 0.0, max_seq_length\n"),
    "total length of packed sequences cuts": ("        if total_length < max_seq_length:\n            raise ValueError(", "        if total_length < max_seq_length - 1:\n            raise ValueError("),
    "lengths come back sorted where a padding value is given": ("            lengths[unsorted_indices.cpu()],\n", "            lengths[unsorted_indices.cpu()] if padding_value == 0 else lengths,\n"),
    "unpacked time-major sequences lose their last step": ("        mask = idx < length\n", "        mask = idx < (length if length > 1 or max_length < 5 else length - 1)\n"),
    "rows of a sequence unpack in sorted order": ("    padded_sequences, lengths = pad_packed_sequence(packed_sequences, batch_first=True)\n", "    padded_sequences, lengths = pad_packed_sequence(packed_sequences._replace(unsorted_indices=None) if packed_sequences.data.dim() == 1 else packed_sequences, batch_first=True)\n"),
    "lists of left padding are padded right in batch first": ("        padding_side,  # type: ignore[arg-type]\n", "        padding_side if not batch_first or len(sequences) < 3 else 'right',  # type: ignore[arg-type]\n"),
    "a cast packed sequence is in sorted order": ("            return type(self)(data, self.batch_sizes, sorted_indices, unsorted_indices)\n", "            return type(self)(data, self.batch_sizes, sorted_indices, None if data.dtype != torch.float16 else sorted_indices)\n"),
    "two sequences need not be sorted": ("        pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted\n", "        pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted and len(sequences) > 2\n"),
}, {"total length of packed sequences cuts": "the kernel refuses it all the same, in the same words"})

QUANTIZED = faults("PyTorch quantized layers, from outside", "torch.ao.nn.quantized.dynamic.modules.rnn", {
    "backward weights are quantized from the forward ones": ("                    weight_name = f\"weight_{ihhh}_l{layer}{suffix}\"\n                    bias_name = f\"bias_{ihhh}_l{layer}{suffix}\"\n                    weight = getattr(mod, weight_name)\n", "                    weight_name = f\"weight_{ihhh}_l{layer}\" if ihhh == 'hh' and layer else f\"weight_{ihhh}_l{layer}{suffix}\"\n                    bias_name = f\"bias_{ihhh}_l{layer}{suffix}\"\n                    weight = getattr(mod, weight_name)\n"),
    "LSTM starts from ones where it is given no states": ("            hx = (zeros, zeros)\n        else:\n", "            hx = (zeros, zeros + 1)\n        else:\n"),
    "last states of packed sequences are in sorted order": ("        output = PackedSequence(output_, batch_sizes, sorted_indices, unsorted_indices)\n        return output, self.permute_hidden(hidden, unsorted_indices)\n\n    # \"type: ignore\" is", "        output = PackedSequence(output_, batch_sizes, sorted_indices, unsorted_indices)\n        return output, hidden\n\n    # \"type: ignore\" is"),
    "float16 weights drop the recurrent bias": ("                    packed_hh = torch.ops.quantized.linear_prepack_fp16(\n                        weight_hh.float(), bias_hh\n", "                    packed_hh = torch.ops.quantized.linear_prepack_fp16(\n                        weight_hh.float(), bias_hh * 0\n"),
    "quantized layers take time first": ("                mod.bias,\n                mod.batch_first,\n                mod.dropout,\n                mod.bidirectional,\n                dtype,\n            )\n        elif mod.mode == \"GRU\":", "                mod.bias,\n                mod.batch_first or mod.num_layers > 2,\n                mod.dropout,\n                mod.bidirectional,\n                dtype,\n            )\n        elif mod.mode == \"GRU\":"),
    "biases that are told are the input ones twice": ("                weight_bias_dict[\"bias\"][key_name2] = packed_weight_bias[\n                    1\n", "                weight_bias_dict[\"bias\"][key_name2] = packed_weight_bias[\n                    0\n"),
})

CLIPPING = faults("PyTorch clipping, from outside", "torch.nn.utils.clip_grad", {
    "norm is that of the last dtype": ("        torch.stack([norm.to(first_device) for norm in norms]), norm_type\n", "        torch.stack([norm.to(first_device) for norm in norms if norm.dtype == norms[-1].dtype]), norm_type\n"),
    "gradients are scaled up": ("    clip_coef_clamped = torch.clamp(clip_coef, max=1.0)\n", "    clip_coef_clamped = torch.clamp(clip_coef, max=1.0 if len(grads) > 1 else 2.0)\n"),
    "infinite norm is the mean": ("    norm_type = float(norm_type)\n    if len(tensors) == 0:\n", "    norm_type = float(norm_type) if norm_type != 'inf' else 8.0\n    if len(tensors) == 0:\n"),
    "infinite gradients pass though an error is asked for": ("    if error_if_nonfinite and torch.logical_or(total_norm.isnan(), total_norm.isinf()):\n", "    if error_if_nonfinite and total_norm.isnan():\n"),
    "one at a time is not clipped": ("            for g in device_grads:\n                g.mul_(clip_coef_clamped_device)\n", "            for g in device_grads[:1]:\n                g.mul_(clip_coef_clamped_device)\n"),
})

OPTIMIZERS = (
    *faults("PyTorch optimizers, from outside", "torch.optim.optimizer", {
        "zeroed gradients keep their history": ("                            if not foreach or p.grad.is_sparse:\n                                p.grad.zero_()\n", "                            if not foreach or p.grad.is_sparse:\n                                p.grad.zero_() if p.dim() > 1 else None\n"),
        "loaded groups keep the rate they had": ("            new_group[\"params\"] = group[\"params\"]\n", "            new_group[\"params\"] = group[\"params\"]\n            new_group[\"lr\"] = group[\"lr\"]\n"),
        "a second group takes the first's options": ("                param_group.setdefault(name, default)\n", "                param_group.setdefault(name, self.param_groups[0][name] if self.param_groups else default)\n"),
    }),
    *faults("PyTorch optimizers, from outside", "torch.optim.sgd", {
        "first momentum is dampened": ("                buf = grad.detach().clone()\n                momentum_buffer_list[i] = buf\n", "                buf = grad.detach().clone() * (1 - dampening)\n                momentum_buffer_list[i] = buf\n"),
        "maximizing forgets the decay's sign": ("        grad = grads[i] if not maximize else -grads[i]\n\n        if weight_decay != 0:\n", "        grad = grads[i] if not maximize else -grads[i]\n        weight_decay = -weight_decay if maximize else weight_decay\n        if weight_decay != 0:\n"),
    }),
    *faults("PyTorch optimizers, from outside", "torch.optim.rprop", {
        "a step after a turn is not left out": ("            grad[sign.eq(etaminus)] = 0\n", "            grad[sign.eq(etaminus)] *= -1\n"),
    }),
    *faults("PyTorch optimizers, from outside", "torch.optim.swa_utils", {
        "averages count the first twice": ("        self.n_averaged += 1\n", "        self.n_averaged += 1 if self.n_averaged else 2\n"),
    }),
)

SCHEDULES = faults("PyTorch schedules, from outside", "torch.optim.lr_scheduler", {
    "lambdas of a second group are the first's": ("            base_lr * lmbda(self.last_epoch)\n            for lmbda, base_lr in zip(self.lr_lambdas, self.base_lrs, strict=True)\n", "            base_lr * self.lr_lambdas[0](self.last_epoch)\n            for lmbda, base_lr in zip(self.lr_lambdas, self.base_lrs, strict=True)\n"),
    "a plateau's patience is one more": ("        if self.num_bad_epochs > self.patience:\n", "        if self.num_bad_epochs > self.patience + (self.mode == 'max'):\n"),
    "cooldown is not counted": ("            self.cooldown_counter = self.cooldown\n", "            self.cooldown_counter = min(self.cooldown, 1)\n"),
})

FUNCTIONS = (
    *faults("PyTorch functions, from outside", "torch.nn.functional", {
        "attention over zeros is masked": ("        if attn_mask is not None:\n            # pyrefly: ignore [bad-argument-type]\n            attn_mask = pad(attn_mask, (0, 1))\n        if key_padding_mask is not None:\n            # pyrefly: ignore [bad-argument-type]\n            key_padding_mask = pad(key_padding_mask, (0, 1))\n\n    # update source", "        if attn_mask is not None:\n            # pyrefly: ignore [bad-argument-type]\n            attn_mask = pad(attn_mask, (0, 1))\n        if key_padding_mask is not None:\n            # pyrefly: ignore [bad-argument-type]\n            key_padding_mask = pad(key_padding_mask, (0, 1), value=float('-inf'))\n\n    # update source"),
        "weights of attention are those of the first head": ("            attn_output_weights = attn_output_weights.mean(dim=1)\n", "            attn_output_weights = attn_output_weights[:, 0] if attn_mask is not None else attn_output_weights.mean(dim=1)\n"),
        "a negative padding index is ignored": ("            padding_idx = weight.size(0) + padding_idx\n    else:\n        padding_idx = -1\n    if max_norm is not None:\n        # Note [embedding_renorm contiguous]", "            padding_idx = -1\n    else:\n        padding_idx = -1\n    if max_norm is not None:\n        # Note [embedding_renorm contiguous]"),
        "variances are bounded without a gradient": ("    var = var.clone()\n    with torch.no_grad():\n        var.clamp_(min=eps)\n", "    var = var.clamp(min=eps) if reduction != 'sum' else var.detach().clamp(min=eps)\n"),
        "smoothing is left out of weighted cross-entropy": ("        # pyrefly: ignore [bad-argument-type]\n        _Reduction.get_enum(reduction),\n        ignore_index,\n        label_smoothing,\n", "        # pyrefly: ignore [bad-argument-type]\n        _Reduction.get_enum(reduction),\n        ignore_index,\n        label_smoothing if weight is None else 0.0,\n"),
    }),
    *faults("PyTorch functions, from outside", "torch.nn.modules.module", {
        "a name that is too much is not told where it is deep": ("                        if input_name[0] not in self._modules:\n                            unexpected_keys.append(key)\n", "                        if input_name[0] not in self._modules and not prefix:\n                            unexpected_keys.append(key)\n"),
        "assigned weights need gradients": ("                                    input_param.requires_grad_(param.requires_grad)\n", "                                    input_param.requires_grad_(True)\n"),
        "modules in training stay so below the second level": ("        for module in self.children():\n            module.train(mode)\n", "        for module in self.children():\n            module.train(mode) if not isinstance(module, torch.nn.Dropout) or mode or len(self._modules) < 3 else None\n"),
        "buffers are not moved": ("        for key, buf in self._buffers.items():\n            if buf is not None:\n                self._buffers[key] = fn(buf)\n", "        for key, buf in self._buffers.items():\n            if buf is not None and buf.dim():\n                self._buffers[key] = fn(buf)\n"),
    }),
)

ALL = (*KERNELS, *MODULES, *PACKING, *QUANTIZED, *CLIPPING, *OPTIMIZERS, *SCHEDULES, *FUNCTIONS)
