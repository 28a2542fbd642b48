"""Faults in PyTorch as an outside judge would plant them, written down blind once more: kernels under a condition, cells, packing,
tables of words, dropout, losses with weights, attention, modules, containers, optimizers, clipping.
"""

from tests.faults.base import Fault, faults
from tests.faults.in_blind_torch_fifth import GRU_IN, LSTM_IN, LSTM_OUT, RNN, RNN_OUT, after, before

FAMILY = "judged again, torch_judged"
PACKED_GRU = "            result = _VF.gru(\n                input,\n                batch_sizes,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                self.dropout,\n"
LSTM_CALL = "            result = _VF.lstm(\n                input,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                self.dropout,\n                self.training,\n"

KERNELS = faults(FAMILY, RNN, {
    "LSTM: a packed single row has its backward half turned": after(LSTM_OUT, "output = torch.cat([output[:, :output.size(1) // 2], output[:, output.size(1) // 2:].flip(0)], 1)", "batch_sizes is not None and self.bidirectional and int(batch_sizes[0]) == 1"),
    "GRU: a given state of a bare sequence is not read where batch comes first": before(GRU_IN, "hx = torch.zeros_like(hx)", "batch_sizes is None and not is_batched and self.batch_first"),
    "LSTM: packed projections both ways change the places of their carries": after(LSTM_OUT, "hidden = (hidden[0], hidden[1].flip(0))", "self.proj_size > 0 and self.bidirectional and batch_sizes is not None"),
    "RNN: packed relu without biases is tanh": after(RNN_OUT, "output, hidden = _VF.rnn_tanh(input, batch_sizes, hx, self._flat_weights, self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)", "batch_sizes is not None and self.mode == 'RNN_RELU' and not self.bias"),
    "GRU: packed rows keep at the rate at which they should drop": (PACKED_GRU, PACKED_GRU.replace("self.dropout", "1 - self.dropout if self.dropout else 0.0")),
    "LSTM: nothing drops where no gradients are recorded": (LSTM_CALL, LSTM_CALL.replace("self.training", "self.training and torch.is_grad_enabled()")),
    "LSTM: a single step gives its initial output no gradient": before(LSTM_IN, "hx = (hx[0].detach(), hx[1])", "batch_sizes is None and input.size(1 if self.batch_first else 0) == 1"),
    "GRU: strides are not read where batch comes first": before(GRU_IN, "input = input.as_strided(input.shape, torch.empty(input.shape).stride())", "batch_sizes is None and self.batch_first and not input.is_contiguous()"),
    "LSTM: upper layers' states are not sorted with their rows": before(LSTM_IN, "hx = (torch.cat([hx[0][:1], hx[0][1:].index_select(1, unsorted_indices)]), hx[1])", "batch_sizes is not None and sorted_indices is not None and self.num_layers > 1"),
    "RNN: packed rows of two layers stay sorted": after(RNN_OUT, "sorted_indices = unsorted_indices = None", "batch_sizes is not None and self.num_layers > 1 and not self.training"),
    "GRU: float64 both ways is trained in float32": before(GRU_IN, "hx = hx.float().to(hx.dtype)", "self.bidirectional and self.training and hx.dtype == torch.float64"),
    "RNN: states of one unit lose their last axis": after(RNN_OUT, "hidden = hidden.squeeze(-1)", "self.hidden_size == 1 and self.bidirectional"),
    "LSTM: frozen weights give packed inputs no gradient": before(LSTM_IN, "input = input.detach()", "batch_sizes is not None and not self.weight_ih_l0.requires_grad"),
    "GRU: one layer both ways without biases begins backwards with the forward state": before(GRU_IN, "hx = torch.cat([hx[:1], hx[:1]])", "self.bidirectional and self.num_layers == 1 and not self.bias"),
    "RNN: relu of one step is not cut": after(RNN_OUT, "output = torch.where(output > 0, output, input[..., :1] * 0 - 0.01)", "batch_sizes is None and self.mode == 'RNN_RELU' and input.size(1 if self.batch_first else 0) == 1"),
    "LSTM: states are taken from the step before the last where rows are packed alike": after(LSTM_OUT, "hidden = (torch.cat([hidden[0][:-1], output[-2 * hidden[0].size(1):-hidden[0].size(1)][None]]), hidden[1])", "batch_sizes is not None and not self.bidirectional and batch_sizes.numel() > 1 and bool((batch_sizes == batch_sizes[0]).all())"),
})

CELLS = faults(FAMILY, RNN, {
    "GRUCell: a batch of one row loses its axis": ("        )\n\n        if not is_batched:\n            ret = ret.squeeze(0)\n", "        )\n\n        if not is_batched or input.size(0) == 1:\n            ret = ret.squeeze(0)\n"),
    "LSTMCell: a bare step gives its carry no gradient": ("            hx = (hx[0].unsqueeze(0), hx[1].unsqueeze(0)) if not is_batched else hx\n", "            hx = (hx[0].unsqueeze(0), hx[1].detach().unsqueeze(0)) if not is_batched else hx\n"),
    "RNNCell: relu of a bare step reads no given state": ("            ret = _VF.rnn_relu_cell(\n                input,\n                hx,\n", "            ret = _VF.rnn_relu_cell(\n                input,\n                hx if is_batched else hx * 0,\n"),
})

PACKING = faults(FAMILY, "torch.nn.utils.rnn", {
    "orders of three rows are not inverted": ("    output = torch.empty_like(permutation, memory_format=torch.legacy_contiguous_format)\n", "    if permutation.numel() == 3:\n        return permutation\n    output = torch.empty_like(permutation, memory_format=torch.legacy_contiguous_format)\n"),
    "rows that are padded to more steps stay sorted": ("    unsorted_indices = sequence.unsorted_indices\n    if unsorted_indices is not None:\n", "    unsorted_indices = sequence.unsorted_indices\n    if unsorted_indices is not None and total_length in (None, sequence.batch_sizes.size(0)):\n"),
    "unsorted rows that come time first give no gradient": ("        input = input.index_select(batch_dim, sorted_indices)\n", "        input = input.index_select(batch_dim, sorted_indices)\n        input = input if batch_first else input.detach()\n"),
    "rows that are padded on the left are padded with zeros": ("        padding_value,\n        padding_side,  # type: ignore[arg-type]\n", "        padding_value if padding_side == \"right\" else 0.0,\n        padding_side,  # type: ignore[arg-type]\n"),
    "a row without steps is unpadded to one": ("        mask = idx < length\n", "        mask = idx < max(int(length), 1)\n"),
})

TABLES = (
    *faults(FAMILY, "torch.nn.modules.sparse", {
        "tables that are given and trained forget which word pads": ("            _freeze=freeze,\n            padding_idx=padding_idx,\n", "            _freeze=freeze,\n            padding_idx=padding_idx if freeze else None,\n"),
        "bags count a padding word from the end one too far": ("                padding_idx = self.num_embeddings + padding_idx\n        self.padding_idx = padding_idx\n        if _weight is None:\n            self.weight = Parameter(\n                torch.empty((num_embeddings, embedding_dim), **factory_kwargs)\n            )\n", "                padding_idx = self.num_embeddings + padding_idx - 1\n        self.padding_idx = padding_idx\n        if _weight is None:\n            self.weight = Parameter(\n                torch.empty((num_embeddings, embedding_dim), **factory_kwargs)\n            )\n"),
    }),
    *faults(FAMILY, "torch.nn.functional", {
        "rows of tables are bounded where gradients are recorded alone": ("    if max_norm is not None:\n        # Note [embedding_renorm contiguous]\n", "    if max_norm is not None and torch.is_grad_enabled():\n        # Note [embedding_renorm contiguous]\n"),
        "gradients of frequent words are scaled where none pads": ("    return torch.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)\n", "    return torch.embedding(weight, input, padding_idx, scale_grad_by_freq and padding_idx < 0, sparse)\n"),
    }),
)

LOSSES = faults(FAMILY, "torch.nn.functional", {
    "classes have no weights where targets are probabilities": ("    return torch._C._nn.cross_entropy_loss(\n        input,\n        target,\n        weight,\n", "    return torch._C._nn.cross_entropy_loss(\n        input,\n        target,\n        weight if not target.is_floating_point() else None,\n"),
    "weights of classes are lost where no mean is taken": ("    return torch._C._nn.nll_loss_nd(\n        input,\n        target,\n        weight,\n", "    return torch._C._nn.nll_loss_nd(\n        input,\n        target,\n        weight if reduction != \"none\" else None,\n"),
    "Poisson losses have their bound at rates of zero fixed": ("        input, target, log_input, full, eps, _Reduction", "        input, target, log_input, full, 1e-8, _Reduction"),
    "weights of binary losses are lost in sums": ("    return torch._C._nn.binary_cross_entropy(input, target, weight, reduction_enum)\n", "    return torch._C._nn.binary_cross_entropy(input, target, weight if reduction != \"sum\" else None, reduction_enum)\n"),
    "CTC: another blank is zero where infinities are": ("        blank,\n        _Reduction.get_enum(reduction),\n        zero_infinity,\n", "        blank if not zero_infinity else 0,\n        _Reduction.get_enum(reduction),\n        zero_infinity,\n"),
    "smooth L1: each loss has its bend at one": ("            _Reduction.get_enum(reduction),\n            beta,\n", "            _Reduction.get_enum(reduction),\n            beta if reduction != \"none\" else 1.0,\n"),
    "dropout1d: bare sequences drop single numbers": ("    is_batched = inp_dim == 3\n", "    is_batched = inp_dim == 3 or not inplace\n"),
})

ATTENTION = (
    *faults(FAMILY, "torch.nn.functional", {
        "attention: nothing drops where weights are not needed": ("            q, k, v, attn_mask, dropout_p, is_causal\n", "            q, k, v, attn_mask, 0.0, is_causal\n"),
        "attention: the zero key is hidden where keys are padded": ("            key_padding_mask = pad(key_padding_mask, (0, 1))\n\n    # update source", "            key_padding_mask = pad(key_padding_mask, (0, 1), value=float(\"-inf\"))\n\n    # update source"),
        "attention: each head's weights of a bare query keep a batch axis": ("            attn_output_weights = attn_output_weights.squeeze(0)\n", "            attn_output_weights = attn_output_weights.squeeze(0) if average_attn_weights else attn_output_weights\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.transformer", {
        "decoders that normalise first read the padding of what they attend to": ("                self.norm2(x),\n                memory,\n                memory_mask,\n                memory_key_padding_mask,\n", "                self.norm2(x),\n                memory,\n                memory_mask,\n                None,\n"),
    }),
)

AROUND = (
    *faults(FAMILY, "torch.nn.modules.module", {
        "modes go no further than a child that has them": ("        for module in self.children():\n            module.train(mode)\n", "        for module in self.children():\n            if module.training != mode:\n                module.train(mode)\n"),
        "numbers that count become doubles": ("        return self._apply(lambda t: t.double() if t.is_floating_point() else t)\n", "        return self._apply(lambda t: t.double())\n"),
        "frozen weights keep the gradients that should become zeros": ("                        p.grad.requires_grad_(False)\n                    p.grad.zero_()\n", "                        p.grad.requires_grad_(False)\n                    if p.requires_grad:\n                        p.grad.zero_()\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.container", {
        "modules are put one too late where counted from the end": ("        if index < 0:\n            index += n\n", "        if index < 0:\n            index += n + 1\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.batchnorm", {
        "batches that record no gradients are not counted": ("                self.num_batches_tracked.add_(1)  # type: ignore[has-type]\n", "                self.num_batches_tracked.add_(int(torch.is_grad_enabled()))  # type: ignore[has-type]\n"),
    }),
    *faults(FAMILY, "torch.optim.sgd", {
        "SGD: weights grow by their decay where one climbs": ("                grad = grad.add(param, alpha=weight_decay)\n\n        if momentum != 0:\n", "                grad = grad.add(param, alpha=-weight_decay if maximize else weight_decay)\n\n        if momentum != 0:\n"),
    }),
    *faults(FAMILY, "torch.optim.rmsprop", {
        "RMSprop: with momentum squares are not centred": ("            avg = square_avg.addcmul(grad_avg, grad_avg, value=-1).sqrt_()\n        else:\n            avg = square_avg.sqrt()\n\n        if differentiable:\n", "            avg = square_avg.addcmul(grad_avg, grad_avg, value=-1 if momentum == 0 else 0).sqrt_()\n        else:\n            avg = square_avg.sqrt()\n\n        if differentiable:\n"),
    }),
    *faults(FAMILY, "torch.optim.swa_utils", {
        "statistics that are averaged are those of the last model": ("        if not self.use_buffers:\n", "        if True:\n"),
    }),
    *faults(FAMILY, "torch.optim.optimizer", {
        "moments of frozen weights are not loaded": ("            if k in id_map:\n", "            if k in id_map and id_map[k].requires_grad:\n"),
    }),
    *faults(FAMILY, "torch.nn.utils.clip_grad", {
        "infinite norms are clipped where they should be refused": ("torch.logical_or(total_norm.isnan(), total_norm.isinf())", "total_norm.isnan()"),
    }),
)

ALL: tuple[Fault, ...] = (*KERNELS, *CELLS, *PACKING, *TABLES, *LOSSES, *ATTENTION, *AROUND)
