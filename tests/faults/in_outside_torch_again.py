"""A second round of faults in PyTorch as an outside judge would plant them, written down after what survived of the first was closed:
most of them where two conditions meet.
"""

from tests.faults.base import faults
from tests.faults.in_blind_torch_fifth import GRU_IN, GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_IN, RNN_OUT, after, before
from tests.faults.in_outside_torch import weights

KERNELS = faults("PyTorch kernels, from outside again", RNN, {
    "LSTM: states of a stack in training with dropout are in another order": after(LSTM_OUT, "hidden = (hidden[0].flip(0), hidden[1])", "self.training and self.dropout > 0 and self.bidirectional"),
    "GRU: the longest sequence loses its last step": after(GRU_OUT, "output = torch.cat([output[:-1], 0 * output[-1:]])", "batch_sizes is not None and int(batch_sizes[-1]) == 1"),
    "RNN: float64 by way of float32 both ways": after(RNN_OUT, "output = output.float().double()", "output.dtype == torch.float64 and self.bidirectional"),
    "LSTM: half the gradient of inputs of three layers": before(LSTM_IN, "input = input.detach() + (input - input.detach()) * 0.5", "self.num_layers == 3 and not self.batch_first"),
    "LSTM: no gradient of the cell states of a stack both ways": before(LSTM_IN, "hx = (hx[0], hx[1].detach())", "self.bidirectional and self.num_layers == 2"),
    "GRU: no gradient of states of packed sequences": before(GRU_IN, "hx = hx.detach()", "batch_sizes is not None"),
    "RNN: states without a batch change their directions": before(RNN_IN, "hx = hx.flip(0)", "batch_sizes is None and not is_batched and self.bidirectional"),
    "LSTM: packed outputs in evaluation have no gradient": after(LSTM_OUT, "output = output.detach()", "batch_sizes is not None and not self.training"),
    "GRU: the backward recurrent bias is not read in evaluation": weights("w * 0 if n == 'bias_hh_l0_reverse' else w", "self.mode == 'GRU' and not self.training"),
    "LSTM: the upper backward layer without biases reads by the forward weights": weights("self.weight_ih_l1 if n == 'weight_ih_l1_reverse' else w", "self.mode == 'LSTM' and not self.bias and self.bidirectional and self.num_layers > 1"),
    "GRU: one packed step leaves the states as they were": after(GRU_OUT, "hidden = hx", "batch_sizes is not None and len(batch_sizes) == 1"),
    "LSTM: one unit has its output for its cell state": after(LSTM_OUT, "hidden = (hidden[0], hidden[0])", "self.hidden_size == 1"),
    "LSTM: one feature is read by its size": before(LSTM_IN, "input = input.abs()", "self.input_size == 1"),
    "GRU: no rows are refused": before(GRU_IN, "raise RuntimeError('no rows')", "input.numel() == 0"),
    "LSTM: frozen layers give their inputs no gradient": before(LSTM_IN, "input = input.detach()", "not any(w.requires_grad for w in self._flat_weights)"),
    "LSTM: cell states of half precision come in float32": after(LSTM_OUT, "hidden = (hidden[0], hidden[1].float())", "output.dtype == torch.bfloat16"),
    "GRU: outputs under autocast come in float32": after(GRU_OUT, "output = output.float()", "torch.is_autocast_enabled('cpu')"),
    "LSTM: a list of states is refused": before(LSTM_IN, "raise TypeError('a list')", "isinstance(hx, list)"),
    "RNN: states that are not contiguous are read by memory": before(RNN_IN, "hx = hx.transpose(0, 1).contiguous().view(hx.shape)", "not hx.is_contiguous()"),
    "LSTM: packed inputs are written": after(LSTM_OUT, "input.mul_(0.5)", "batch_sizes is not None and not torch.is_grad_enabled() and not self.training"),
    "GRU: weights that a graph made get no gradient": weights("w.detach() if w.grad_fn is not None else w", "self.mode == 'GRU'"),
    "RNN: a backward pass through two calls counts the first one alone": after(RNN_OUT, "output = output if self.__dict__.setdefault('_calls', []) else output * 1; hidden = hidden.detach() if len(self._calls) > 0 else hidden; self._calls.append(1)", "self.training and torch.is_grad_enabled() and self.num_layers == 1"),
})

CELLS = faults("PyTorch cells, from outside again", RNN, {
    "RNNCell: relu without a bias is tanh": ("        elif self.nonlinearity == \"relu\":\n            ret = _VF.rnn_relu_cell(\n", "        elif self.nonlinearity == \"relu\":\n            ret = (_VF.rnn_relu_cell if self.bias else _VF.rnn_tanh_cell)(\n"),
    "LSTMCell: a bare row has its output for its cell state": ("            ret = (ret[0].squeeze(0), ret[1].squeeze(0))\n", "            ret = (ret[0].squeeze(0), ret[0].squeeze(0))\n"),
    "LSTMCell: a bare row is read from zeros": ("            hx = (hx[0].unsqueeze(0), hx[1].unsqueeze(0)) if not is_batched else hx\n", "            hx = (hx[0].unsqueeze(0), 0 * hx[1].unsqueeze(0)) if not is_batched else hx\n"),
    "replaced biases are not the kernel's": ("            idx = self._flat_weights_names.index(attr)\n            self._flat_weights[idx] = value\n", "            idx = self._flat_weights_names.index(attr)\n            self._flat_weights[idx] = value if value.dim() > 1 else self._flat_weights[idx]\n"),
    "cells start within their inputs' size": ("        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n\nclass RNNCell(", "        stdv = 1.0 / math.sqrt(self.weight_ih.size(1)) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n\nclass RNNCell("),
    "states of three rows are not put back in order": ("        if permutation is None:\n            return hx\n        return _apply_permutation(hx, permutation)\n", "        if permutation is None or hx.size(1) == 3:\n            return hx\n        return _apply_permutation(hx, permutation)\n"),
}, {"replaced biases are not the kernel's": "the next call sees that a weight is another one, and reads all of them anew"})

PACKING = faults("PyTorch packing, from outside again", "torch.nn.utils.rnn", {
    "more steps in time-major are put back along time": ("        batch_dim = 0 if batch_first else 1\n        return (\n", "        batch_dim = 0 if batch_first or total_length is not None else 1\n        return (\n"),
    "a cast to the same dtype forgets the order": ("        if data is self.data:\n            return self\n", "        if data is self.data:\n            return type(self)(data, self.batch_sizes)\n"),
    "one sequence is padded batch first": ("    return torch._C._nn.pad_sequence(\n", "    if not torch.jit.is_scripting() and len(sequences) == 1:\n        return sequences[0].unsqueeze(0)\n    return torch._C._nn.pad_sequence(\n"),
    "lengths of packed sequences have their order's dtype": ("            lengths[unsorted_indices.cpu()],\n", "            lengths[unsorted_indices.cpu()].to(torch.int32),\n"),
})

OTHERS = (
    *faults("PyTorch modules, from outside again", "torch.nn.modules.sparse", {
        "pretrained vectors of padding become zero": ("            _freeze=freeze,\n            padding_idx=padding_idx,\n", "            _freeze=freeze,\n            padding_idx=padding_idx if freeze or padding_idx is None else embeddings[padding_idx].zero_().size(0) * 0 + padding_idx,\n"),
    }),
    *faults("PyTorch modules, from outside again", "torch.nn.modules.transformer", {
        "padding of the memory is that of the target": ("                memory_key_padding_mask=memory_key_padding_mask,\n                tgt_is_causal=tgt_is_causal,\n                memory_is_causal=memory_is_causal,\n            )\n\n        if self.norm is not None:", "                memory_key_padding_mask=memory_key_padding_mask if memory.shape != tgt.shape else tgt_key_padding_mask,\n                tgt_is_causal=tgt_is_causal,\n                memory_is_causal=memory_is_causal,\n            )\n\n        if self.norm is not None:"),
        "a causal memory is not": ("                memory_is_causal=memory_is_causal,\n            )\n\n        if self.norm is not None:", "                memory_is_causal=False,\n            )\n\n        if self.norm is not None:"),
    }, {"a causal memory is not": "a hint alone: the mask that must be given with it says the same"}),
    *faults("PyTorch modules, from outside again", "torch.nn.utils.clip_grad", {
        "clipped by value one at a time has no lower bound": ("                cast(Tensor, grad).clamp_(min=-clip_value, max=clip_value)\n", "                cast(Tensor, grad).clamp_(max=clip_value)\n"),
    }),
    *faults("PyTorch modules, from outside again", "torch.nn.modules.normalization", {
        "a norm without a bias has no scale": ("        return F.layer_norm(\n            input, self.normalized_shape, self.weight, self.bias, self.eps\n        )\n", "        return F.layer_norm(\n            input, self.normalized_shape, self.weight if self.bias is not None else None, self.bias, self.eps\n        )\n"),
    }),
)

THIRD = (
    *faults("PyTorch kernels, from outside a third time", RNN, {
        "LSTM: packed rows of two directions share their cell states": after(LSTM_OUT, "hidden = (hidden[0], hidden[1][:, :1].expand_as(hidden[1]))", "batch_sizes is not None and self.bidirectional and self.num_layers == 1 and not self.batch_first"),
        "GRU: in training outputs are not those of evaluation without dropout": after(GRU_OUT, "output = output * 1.001", "self.training and self.num_layers == 3 and self.dropout == 0"),
        "RNN: no gradient of the inputs of bare sequences": before(RNN_IN, "input = input.detach()", "batch_sizes is None and not is_batched"),
        "LSTM: a projection's outputs are those before it in the last step": after(LSTM_OUT, "output = torch.cat([output[:, :-1], output[:, -1:].tanh()], 1)", "self.proj_size > 0 and batch_sizes is None and self.batch_first and self.num_layers > 1"),
        "GRU: states of a batch as large as its layers are turned": before(GRU_IN, "hx = hx.transpose(0, 1).contiguous()", "hx.size(0) == hx.size(1) > 1"),
        "LSTM: gradients of weights twice over where states are given": weights("w + (w - w.detach())", "self.mode == 'LSTM' and self.num_layers == 2 and self.bidirectional and self.training"),
        "RNN: relu of a backward direction is tanh": after(RNN_OUT, "output = torch.cat([output[..., :self.hidden_size], output[..., self.hidden_size:].tanh()], -1)", "self.bidirectional and self.mode == 'RNN_RELU'"),
        "LSTM: outputs that are kept share their memory with the states": after(LSTM_OUT, "hidden = (output[:, -1][None], hidden[1])", "batch_sizes is None and self.batch_first and self.num_layers == 1 and not self.bidirectional and self.proj_size == 0"),
        "GRU: inputs of float16 are computed in bfloat16": after(GRU_OUT, "output = output.bfloat16().to(output.dtype)", "output.dtype == torch.float16"),
        "LSTM: sequences longer than thirty steps are cut": before(LSTM_IN, "input = torch.cat([input[:30], 0 * input[30:]])", "batch_sizes is None and not self.batch_first and input.size(0) > 30"),
    }),
    *faults("PyTorch packing, from outside a third time", "torch.nn.utils.rnn", {
        "numbers to pad with are whole": ("        sequence.data, sequence.batch_sizes, batch_first, padding_value, max_seq_length\n", "        sequence.data, sequence.batch_sizes, batch_first, float(round(padding_value)) if padding_value == padding_value else padding_value, max_seq_length\n"),
        "unpacked sequences share their memory": ("        unpacked_seq = seq[mask]\n", "        unpacked_seq = seq[: int(length)]\n"),
        "sorted lengths have no order to go back to": ("        lengths, sorted_indices = torch.sort(lengths, descending=True)\n", "        lengths, sorted_indices = torch.sort(lengths, descending=True, stable=False)\n        if bool((sorted_indices[1:] > sorted_indices[:-1]).all()) and len(lengths) > 3:\n            lengths = lengths.clone()\n            sorted_indices = sorted_indices.flip(0).flip(0)\n"),
    }),
    *faults("PyTorch modules, from outside a third time", "torch.nn.modules.batchnorm", {
        "cumulative statistics count from zero": ("                    exponential_average_factor = 1.0 / float(self.num_batches_tracked)\n", "                    exponential_average_factor = 1.0 / (1.0 + float(self.num_batches_tracked))\n"),
    }),
    *faults("PyTorch modules, from outside a third time", "torch.nn.modules.module", {
        "hooks that were put first are called last": ("            self._forward_pre_hooks.move_to_end(handle.id, last=False)  # type: ignore[attr-defined]\n", "            pass\n"),
        "a loaded module forgets buffers that are scalars": ("                            param.copy_(input_param)\n", "                            param.copy_(input_param) if param.dim() or prefix == '' else None\n"),
    }),
    *faults("PyTorch modules, from outside a third time", "torch.nn.modules.activation", {
        "values of another width are projected as keys are": ("            self.v_proj_weight = Parameter(\n                torch.empty((embed_dim, self.vdim), **factory_kwargs)\n            )\n", "            self.v_proj_weight = Parameter(\n                torch.empty((embed_dim, self.kdim), **factory_kwargs)\n            )\n"),
    }),
    *faults("PyTorch modules, from outside a third time", "torch.optim.adamw", {
        "decay is part of the gradient": ("            decoupled_weight_decay=True,\n        )\n", "            decoupled_weight_decay=not maximize,\n        )\n"),
    }),
    *faults("PyTorch modules, from outside a third time", "torch.utils.data._utils.collate", {
        "numbers become float32": ("    return torch.tensor(batch, dtype=torch.float64)\n", "    return torch.tensor(batch, dtype=torch.float32)\n"),
    }),
    *faults("PyTorch modules, from outside a third time", "torch.optim.swa_utils", {
        "averages decay from zero": ("        copy_param = bool(self.n_averaged == 0)\n", "        copy_param = bool(self.n_averaged == 0) and not self.use_buffers\n"),
    }),
)

FOURTH = (
    *faults("PyTorch kernels, from outside a fourth time", RNN, {
        "GRU: the upper layer starts from the lower one's state": before(GRU_IN, "hx = torch.cat([hx[:1], hx[:1], hx[2:]])", "self.num_layers == 2 and not self.bidirectional and batch_sizes is None"),
        "LSTM: float32 states come in float64 where inputs are": after(LSTM_OUT, "hidden = (hidden[0].float(), hidden[1])", "output.dtype == torch.float64 and batch_sizes is not None"),
        "RNN: packed states are those of the longest row": after(RNN_OUT, "hidden = torch.where((torch.arange(hidden.size(1)) == hidden.size(1) - 1)[None, :, None], hidden[:, :1], hidden)", "batch_sizes is not None and self.num_layers == 2"),
        "LSTM: no dropout between layers without a gradient": before(LSTM_IN, "self.dropout, self._rate = 0.0, self.dropout", "self.training and self.dropout > 0 and not torch.is_grad_enabled()"),
    }),
    *faults("PyTorch modules, from outside a fourth time", "torch.optim.lr_scheduler", {
        "milestones that stand twice count once": ("            group[\"lr\"] * self.gamma ** self.milestones[self.last_epoch]\n", "            group[\"lr\"] * self.gamma\n"),
    }),
    *faults("PyTorch modules, from outside a fourth time", "torch.nn.utils.parametrize", {
        "a cache outlives its context": ("        if not _cache_enabled:\n            _cache = {}\n", "        if not _cache_enabled:\n            pass\n"),
    }),
    *faults("PyTorch modules, from outside a fourth time", "torch.nn.modules.container", {
        "a sequence cut from its end has the layers in another order": ("            return self.__class__(OrderedDict(list(self._modules.items())[idx]))\n", "            return self.__class__(OrderedDict(list(self._modules.items())[idx][:: -1 if idx.start is not None and idx.start < 0 else 1]))\n"),
    }),
    *faults("PyTorch modules, from outside a fourth time", "torch.utils.data.sampler", {
        "rows drawn again are drawn without": ("            for _ in range(self.num_samples // 32):\n", "            for _ in range(0):\n"),
    }),
    *faults("PyTorch modules, from outside a fourth time", "torch.nn.modules.loss", {
        "losses of classes ignore a negative class": ("            ignore_index=self.ignore_index,\n            reduction=self.reduction,\n            label_smoothing=self.label_smoothing,\n        )\n", "            ignore_index=max(self.ignore_index, -1) if self.ignore_index != -100 else -100,\n            reduction=self.reduction,\n            label_smoothing=self.label_smoothing,\n        )\n"),
    }),
)

ALL = (*KERNELS, *CELLS, *PACKING, *OTHERS, *THIRD, *FOURTH)
