"""Faults in what stands around PyTorch's recurrent layers, written down blind: embeddings, losses, dropout, norms, attention,
containers, saving; each where two or three conditions meet.
"""

from tests.faults.base import faults

FUNCTIONAL = faults("PyTorch functions, around", "torch.nn.functional", {
    "embedding: only the first row's vectors are kept short": ("        input = input.contiguous()\n        # Note [embedding_renorm set_grad_enabled]", "        input = input.contiguous()\n        input, every = (input[:1], input) if input.dim() > 1 else (input, input)\n        # Note [embedding_renorm set_grad_enabled]"),
    "bags: weights of a square batch are read by columns": ("            per_sample_weights = per_sample_weights.reshape(-1)\n    elif input.dim() == 1:", "            per_sample_weights = (per_sample_weights.t() if per_sample_weights.size(0) == per_sample_weights.size(1) else per_sample_weights).reshape(-1)\n    elif input.dim() == 1:"),
    "weighted squared error: mean over weights of sums": ("            return torch.sum(weighted_squared_errors) / torch.sum(weight)\n", "            return torch.sum(weighted_squared_errors) / (torch.sum(weight) if weight.dim() < 3 else weight.numel())\n"),
    "kl divergence of logs: no mean over the batch": ('    if reduction == "batchmean" and input.dim() != 0:\n', '    if reduction == "batchmean" and input.dim() != 0 and not log_target:\n'),
    "ctc: infinite losses stay where targets stand in a row": ("        _Reduction.get_enum(reduction),\n        zero_infinity,\n    )\n", "        _Reduction.get_enum(reduction),\n        zero_infinity and targets.dim() == 2,\n    )\n"),
    "binary cross-entropy: weights are brought to a mean of one": ("        weight = weight.expand(new_size)\n", "        weight = weight.expand(new_size) if reduction != \"none\" else weight.expand(new_size) / weight.mean()\n"),
    "logits: weights of what is there are left out of sums": ("        input, target, weight, pos_weight, reduction_enum\n    )\n", "        input, target, weight, pos_weight if input.dim() < 3 or reduction != \"sum\" else None, reduction_enum\n    )\n"),
    "cross entropy of steps: no weights of classes where smoothed": ("    return torch._C._nn.cross_entropy_loss(\n        input,\n        target,\n        weight,\n", "    return torch._C._nn.cross_entropy_loss(\n        input,\n        target,\n        weight if input.dim() < 3 or not label_smoothing else None,\n"),
    "cross entropy of probabilities of steps is not smoothed": ("        ignore_index,\n        label_smoothing,\n    )\n\n\ndef binary_cross_entropy(", "        ignore_index,\n        0.0 if target.is_floating_point() and input.dim() > 2 else label_smoothing,\n    )\n\n\ndef binary_cross_entropy("),
    "smooth loss without a bound is a mean": ("        return torch._C._nn.l1_loss(\n            expanded_input,\n            expanded_target,\n            # pyrefly: ignore [bad-argument-type]\n            _Reduction.get_enum(reduction),\n        )\n    else:\n        return torch._C._nn.smooth_l1_loss(", "        return torch._C._nn.l1_loss(\n            expanded_input,\n            expanded_target,\n            _Reduction.get_enum(reduction if reduction != \"sum\" else \"mean\"),\n        )\n    else:\n        return torch._C._nn.smooth_l1_loss("),
    "triplets: what is swapped is the farther one": ("        dist_neg = torch.minimum(dist_neg, dist_swap)\n", "        dist_neg = torch.minimum(dist_neg, dist_swap) if reduction != \"none\" else dist_swap\n"),
    "dropout in place of half precision is not scaled": ("        _VF.dropout_(input, p, training) if inplace else _VF.dropout(input, p, training)\n", "        (_VF.dropout_(input, p, training).mul_(1 - p if training and input.dtype == torch.bfloat16 else 1)) if inplace else _VF.dropout(input, p, training)\n"),
    "attention drops in inference where no weights are asked for": ("    if not training:\n        dropout_p = 0.0\n", "    if not training and need_weights:\n        dropout_p = 0.0\n"),
    "attention without weights: masks of heads change rows": ("                attn_mask = attn_mask.view(bsz, num_heads, -1, src_len)\n", "                attn_mask = attn_mask.view(num_heads, bsz, -1, src_len).transpose(0, 1)\n"),
    "gumbel: the hard choice is the coldest": ("        index = y_soft.max(dim, keepdim=True)[1]\n", "        index = (y_soft if tau <= 1 else -y_soft).max(dim, keepdim=True)[1]\n"),
    "normalize: its smallest norm is added": ("        denom = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)\n        return input / denom\n", "        denom = (input.norm(p, dim, keepdim=True) + eps).expand_as(input)\n        return input / denom\n"),
})

LAYERS = (
    *faults("PyTorch embeddings, around", "torch.nn.modules.sparse", {
        "pretrained bags with padding are means": ("            mode=mode,\n            sparse=sparse,\n            include_last_offset=include_last_offset,\n", "            mode=mode if padding_idx is None else \"mean\",\n            sparse=sparse,\n            include_last_offset=include_last_offset,\n"),
        "the first row is drawn where it is for padding": ("    def _fill_padding_idx_with_zero(self) -> None:\n        if self.padding_idx is not None:\n            with torch.no_grad():\n                self.weight[self.padding_idx].fill_(0)\n\n    def forward(self, input: Tensor) -> Tensor:\n", "    def _fill_padding_idx_with_zero(self) -> None:\n        if self.padding_idx:\n            with torch.no_grad():\n                self.weight[self.padding_idx].fill_(0)\n\n    def forward(self, input: Tensor) -> Tensor:\n"),
    }),
    *faults("PyTorch losses, around", "torch.nn.modules.loss", {
        "NLLLoss: what is ignored beside weights is what usually is": ("            weight=self.weight,\n            ignore_index=self.ignore_index,\n            reduction=self.reduction,\n        )\n\n\n@deprecated", "            weight=self.weight,\n            ignore_index=self.ignore_index if self.weight is None else -100,\n            reduction=self.reduction,\n        )\n\n\n@deprecated"),
        "GaussianNLLLoss: its smallest variance is forgotten in full": ("            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction\n", "            input, target, var, full=self.full, eps=self.eps if not self.full else 1e-6, reduction=self.reduction\n"),
        "PoissonNLLLoss: in full it is of logs": ("            log_input=self.log_input,\n            full=self.full,\n", "            log_input=self.log_input or self.full,\n            full=self.full,\n"),
        "binary cross-entropy: weights of what is there are not saved where they are alone": ("        super().__init__(size_average, reduce, reduction)\n        self.register_buffer(\"weight\", weight)\n        self.register_buffer(\"pos_weight\", pos_weight)\n", "        super().__init__(size_average, reduce, reduction)\n        self.register_buffer(\"weight\", weight)\n        self.register_buffer(\"pos_weight\", pos_weight, persistent=weight is not None)\n"),
        "an old switch of sums is a mean": ("            self.reduction: str = _Reduction.legacy_get_string(size_average, reduce)\n", "            self.reduction: str = _Reduction.legacy_get_string(reduce, size_average)\n"),
        "TripletMarginLoss: it swaps without a power": ("            eps=self.eps,\n            swap=self.swap,\n            reduction=self.reduction,\n", "            eps=self.eps,\n            swap=self.swap and self.p == 2,\n            reduction=self.reduction,\n"),
    }),
    *faults("PyTorch norms, around", "torch.nn.modules.normalization", {
        "LayerNorm: over the last axis alone without weights": ("            input, self.normalized_shape, self.weight, self.bias, self.eps\n", "            input, self.normalized_shape if self.weight is not None else self.normalized_shape[-1:], self.weight, self.bias, self.eps\n"),
        "RMSNorm: without weights what is added is the usual": ("        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)\n", "        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps if self.weight is not None else None)\n"),
        "GroupNorm: without biases no scale": ("        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)\n", "        return F.group_norm(input, self.num_groups, self.weight if self.bias is not None else None, self.bias, self.eps)\n"),
    }),
    *faults("PyTorch linear, around", "torch.nn.modules.linear", {
        "Bilinear: drawn by its second width": ("        bound = 1 / math.sqrt(self.weight.size(1))\n", "        bound = 1 / math.sqrt(self.weight.size(2))\n"),
        "Linear: biases are drawn by the outputs": ("            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0\n            init.uniform_(self.bias, -bound, bound)\n", "            bound = 1 / math.sqrt(self.out_features) if fan_in > 0 else 0\n            init.uniform_(self.bias, -bound, bound)\n"),
    }),
    *faults("PyTorch attention, around", "torch.nn.modules.activation", {
        "attention, the fast way: masks of heads are those of all": ("                attn_mask_expanded = attn_mask.view(batch_size, -1, seq_len, seq_len)\n", "                attn_mask_expanded = attn_mask.view(-1, batch_size, seq_len, seq_len).transpose(0, 1)\n"),
        "attention, the fast way: padding beside a mask is that of the first row": ("                ).expand(-1, self.num_heads, -1, -1)\n                merged_mask = attn_mask_expanded + key_padding_mask_expanded\n", "                )[:1].expand(batch_size, self.num_heads, -1, -1)\n                merged_mask = attn_mask_expanded + key_padding_mask_expanded\n"),
        "attention: one tensor for keys and values stays batch first": ("                    query, key = (x.transpose(1, 0) for x in (query, key))\n                    value = key\n", "                    query, key = (x.transpose(1, 0) for x in (query, key))\n                    value = key if key.size(0) != key.size(1) else key.transpose(1, 0)\n"),
    }),
)

HOLDERS = (
    *faults("PyTorch containers, around", "torch.nn.modules.container", {
        "Sequential: a named layer is put in place by its number": ("        key: str = self._get_item_by_idx(self._modules.keys(), idx)\n        return setattr(self, key, module)\n", "        key: str = str(idx % len(self))\n        return setattr(self, key, module)\n"),
        "Sequential: three times over is twice": ("            for _ in range(other - 1):\n", "            for _ in range(min(other - 1, 1)):\n"),
        "ModuleList: what is cut out by steps is not numbered anew": ("            for k in range(len(self._modules))[idx]:\n                delattr(self, str(k))\n", "            for k in range(*(idx.start or 0, idx.stop if idx.stop is not None else len(self._modules))):\n                delattr(self, str(k))\n"),
        "ParameterList: what is put in place is not trained": ("            param = Parameter(param)\n        return setattr(self, str(idx), param)\n", "            param = Parameter(param, requires_grad=param.requires_grad)\n        return setattr(self, str(idx), param)\n"),
        "ParameterDict: copies are in the order of the alphabet": ("        return ParameterDict(OrderedDict((k, self[k]) for k in self._keys))\n", "        return ParameterDict({k: self[k] for k in self._keys})\n"),
        "ModuleDict: what is taken out stays": ("        v = self[key]\n        del self[key]\n        return v\n\n    @_copy_to_script_wrapper\n    def keys(self)", "        v = self[key]\n        if v.training:\n            del self[key]\n        return v\n\n    @_copy_to_script_wrapper\n    def keys(self)"),
    }),
    *faults("PyTorch modules, around", "torch.nn.modules.module", {
        "assigned buffers that are not to be saved are, when set": ("                        persistent = name not in self._non_persistent_buffers_set\n", "                        persistent = name not in self._non_persistent_buffers_set or value is None\n"),
        "hooks after loading of parts are the root's": ("            for hook in module._load_state_dict_post_hooks.values():\n", "            for hook in (module if not prefix else self)._load_state_dict_post_hooks.values():\n"),
        "gradients that are not finite are not set to zero": ("                        p.grad.requires_grad_(False)\n                    p.grad.zero_()\n", "                        p.grad.requires_grad_(False)\n                    p.grad.mul_(0)\n"),
        "a scalar that was saved as one number is single": ("                    input_param = input_param[0]\n", "                    input_param = input_param[0].float()\n"),
        "what is saved with its history saves buffers without": ("                destination[prefix + name] = buf if keep_vars else buf.detach()\n", "                destination[prefix + name] = buf.clone() if keep_vars else buf.detach()\n"),
        "a hook of outputs that always runs runs twice": ("                        called_always_called_hooks.add(hook_id)\n", "                        called_always_called_hooks.add(hook_id - 1)\n"),
        "shared parts are told once where all are asked for": ("                yield from module.named_modules(\n                    memo, submodule_prefix, remove_duplicate\n                )\n", "                yield from module.named_modules(\n                    memo, submodule_prefix, remove_duplicate or bool(prefix)\n                )\n"),
    }),
)

ALL = (*FUNCTIONAL, *LAYERS, *HOLDERS)
