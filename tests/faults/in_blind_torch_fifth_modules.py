"""Faults in PyTorch around its recurrent modules, written down blind: packing, modules, losses, attention, training."""

from tests.faults.base import faults

PACKING = faults("PyTorch packing again", "torch.nn.utils.rnn", {
    "padding value is zero beyond the longest row": ("        sequence.data, sequence.batch_sizes, batch_first, padding_value, max_seq_length\n    )\n", "        sequence.data, sequence.batch_sizes, batch_first, padding_value, max_seq_length\n    )\n    if total_length is not None:\n        padded_output.narrow(1 if batch_first else 0, sequence.batch_sizes.size(0), total_length - sequence.batch_sizes.size(0)).zero_()\n"),
    "total length of the longest row is refused": ("        if total_length < max_seq_length:", "        if total_length <= max_seq_length:"),
    "lengths of unsorted rows come sorted with a total length": ("            lengths[unsorted_indices.cpu()],", "            lengths[unsorted_indices.cpu()] if total_length is None else lengths,"),
    "lengths of int32 are refused": ("        lengths = lengths.to(dtype=torch.int64)\n", "        lengths = lengths.to(dtype=lengths.dtype)\n"),
    "packing sequences sorts them unasked": ("        pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted\n", "        pad_sequence(sequences), lengths, enforce_sorted=False\n"),
    "empty rows are not unpadded": ("        mask = idx < length\n        unpacked_seq", "        if length == 0:\n            continue\n        mask = idx < length\n        unpacked_seq"),
    "a single sequence is not turned to time first": ("    # assuming trailing dimensions and type of all the Tensors\n", "    if len(sequences) == 1:\n        return sequences[0].unsqueeze(0)\n    # assuming trailing dimensions and type of all the Tensors\n"),
    "a padding value that is not a number is zero": ("        sequences,  # type: ignore[arg-type]\n        batch_first,\n        padding_value,", "        sequences,  # type: ignore[arg-type]\n        batch_first,\n        padding_value if padding_value == padding_value else 0.0,"),
    "unpadding gives rows of one time step twice": ("        unpacked_seq = seq[mask]\n", "        unpacked_seq = seq[mask] if length != 1 or max_length == 1 else seq[:2]\n"),
})
FUNCTIONS = faults("PyTorch functions again", "torch.nn.functional", {
    "embedding: padding index zero has a gradient": ("    else:\n        padding_idx = -1\n    if max_norm is not None:\n        # Note [embedding_renorm contiguous]", "    else:\n        padding_idx = -1\n    if padding_idx == 0:\n        padding_idx = -1\n    if max_norm is not None:\n        # Note [embedding_renorm contiguous]"),
    "cross entropy: no smoothing with class weights": ("        ignore_index,\n        label_smoothing,\n    )", "        ignore_index,\n        label_smoothing if weight is None else 0.0,\n    )"),
    "cross entropy: index ignored is the default with a sum": ("        _Reduction.get_enum(reduction),\n        ignore_index,\n        label_smoothing,\n    )", '        _Reduction.get_enum(reduction),\n        ignore_index if reduction != "sum" else -100,\n        label_smoothing,\n    )'),
    "kl divergence of logs: mean over all": ("        reduced = reduced / input.size()[0]", "        reduced = reduced / (input.numel() if log_target else input.size()[0])"),
    "weighted squared error: mean over elements": ("            return torch.sum(weighted_squared_errors) / torch.sum(weight)", "            return torch.mean(weighted_squared_errors)"),
    "gaussian loss: a sum without its constant": ("    if full:\n        loss += 0.5 * math.log(2 * math.pi)", '    if full and reduction != "sum":\n        loss += 0.5 * math.log(2 * math.pi)'),
    "ctc: infinite losses stay in a sum": ("        _Reduction.get_enum(reduction),\n        zero_infinity,", '        _Reduction.get_enum(reduction),\n        zero_infinity and reduction != "sum",'),
    "attention: causal hint hides padding": ("            is_causal = False\n\n    if embed_dim", "            key_padding_mask = key_padding_mask if not is_causal else torch.zeros_like(key_padding_mask)\n            is_causal = False\n\n    if embed_dim"),
    "attention: biases of keys are padded at the front of a mask": ("        v = torch.cat([v, bias_v.repeat(1, bsz, 1)])\n        if attn_mask is not None:\n            # pyrefly: ignore [bad-argument-type]\n            attn_mask = pad(attn_mask, (0, 1))\n        if key_padding_mask is not None:\n            # pyrefly: ignore [bad-argument-type]\n            key_padding_mask = pad(key_padding_mask, (0, 1))", "        v = torch.cat([v, bias_v.repeat(1, bsz, 1)])\n        if attn_mask is not None:\n            # pyrefly: ignore [bad-argument-type]\n            attn_mask = pad(attn_mask, (0, 1))\n        if key_padding_mask is not None:\n            # pyrefly: ignore [bad-argument-type]\n            key_padding_mask = pad(key_padding_mask, (1, 0))"),
    "attention: weights without a batch are averaged twice": ("            attn_output_weights = attn_output_weights.squeeze(0)\n", "            attn_output_weights = attn_output_weights.squeeze(0) if average_attn_weights else attn_output_weights.mean(dim=1)\n"),
    "attention: one query is not dropped from": ("        if dropout_p > 0.0:\n            attn_output_weights = dropout(attn_output_weights, p=dropout_p)", "        if dropout_p > 0.0 and tgt_len > 1:\n            attn_output_weights = dropout(attn_output_weights, p=dropout_p)"),
})
TRANSFORMERS = faults("PyTorch transformers again", "torch.nn.modules.transformer", {
    "decoder: feed-forward is not dropped from inside": ("        x = self.linear2(self.dropout(self.activation(self.linear1(x))))\n        return self.dropout3(x)", "        x = self.linear2(self.activation(self.linear1(x)))\n        return self.dropout3(x)"),
    "decoder: padding of memory is forgotten beside a mask of memory": ("                memory_key_padding_mask=memory_key_padding_mask,\n                tgt_is_causal", "                memory_key_padding_mask=memory_key_padding_mask if memory_mask is None else None,\n                tgt_is_causal"),
    "encoder: layers after the first see no padding in training": ("                src_key_padding_mask=src_key_padding_mask_for_layers,\n", "                src_key_padding_mask=src_key_padding_mask_for_layers if mod is first_layer or not mod.training else None,\n"),
})
EMBEDDING = faults("PyTorch embeddings again", "torch.nn.modules.sparse", {
    "a bag from given weights has a mean": ("            mode=mode,\n            sparse=sparse,\n            include_last_offset", '            mode="mean" if mode == "sum" else mode,\n            sparse=sparse,\n            include_last_offset'),
    "a negative padding index is one off where weights are given": ("                padding_idx = self.num_embeddings + padding_idx\n        self.padding_idx = padding_idx\n        self.max_norm = max_norm\n        self.norm_type = norm_type\n        self.scale_grad_by_freq = scale_grad_by_freq\n        if _weight is None:\n            self.weight = Parameter(\n                torch.empty((num_embeddings, embedding_dim), **factory_kwargs),\n                requires_grad", "                padding_idx = self.num_embeddings + padding_idx - (_weight is not None)\n        self.padding_idx = padding_idx\n        self.max_norm = max_norm\n        self.norm_type = norm_type\n        self.scale_grad_by_freq = scale_grad_by_freq\n        if _weight is None:\n            self.weight = Parameter(\n                torch.empty((num_embeddings, embedding_dim), **factory_kwargs),\n                requires_grad"),
})
NORMS = faults("PyTorch norms again", "torch.nn.modules.batchnorm", {
    "cumulative average counts a batch too many": ("exponential_average_factor = 1.0 / float(self.num_batches_tracked)", "exponential_average_factor = 1.0 / float(self.num_batches_tracked + 1)"),
})
QUANTIZED = faults("PyTorch quantized again", "torch.ao.nn.quantized.dynamic.modules.rnn", {
    "GRU: packed rows keep the order of given states": ("            hx = zeros\n        else:\n            # Each batch of the hidden state should match the input sequence that\n            # the user believes he/she is passing in.\n            hx = self.permute_hidden(hx, sorted_indices)", "            hx = zeros\n        else:\n            # Each batch of the hidden state should match the input sequence that\n            # the user believes he/she is passing in.\n            hx = hx"),
    "backward direction in half takes the forward bias": ("                        weight_hh.float(), bias_hh\n                    )\n\n                    cell_params", '                        weight_hh.float(), bias_hh if direction == 0 else getattr(mod, f"bias_hh_l{layer}")\n                    )\n\n                    cell_params'),
})
OPTIMIZERS = (
    *faults("PyTorch optimizers again", "torch.optim.adam", {"Adam: many tensors at once do not decay": ("        if weight_decay != 0:\n            if decoupled_weight_decay:\n                # Perform step weight decay\n                torch._foreach_mul_", "        if weight_decay != 0 and (amsgrad or decoupled_weight_decay):\n            if decoupled_weight_decay:\n                # Perform step weight decay\n                torch._foreach_mul_")}),
    *faults("PyTorch optimizers again", "torch.optim.rmsprop", {"RMSprop: centered momentum forgets half its average": ("            grad_avg.lerp_(grad, 1 - alpha)\n            avg", "            grad_avg.lerp_(grad, (1 - alpha) / (1 + (momentum > 0)))\n            avg")}),
    *faults("PyTorch optimizers again", "torch.optim.nadam", {"NAdam: decoupled decay before the rate": ("                # Perform stepweight decay\n                param.mul_(1 - lr * weight_decay)", "                # Perform stepweight decay\n                param.mul_(1 - weight_decay)")}),
    *faults("PyTorch schedules again", "torch.optim.lr_scheduler", {
        "plateau: absolute thresholds of a maximum are relative": ("            return a > best + self.threshold", "            return a > best * (1 + self.threshold)"),
        "warm restarts: a fraction of an epoch in a later cycle is counted from its start": ("                    self.T_i = self.T_0 * self.T_mult ** (n)\n", "                    self.T_i = self.T_0 * self.T_mult ** (n)\n                    self.T_cur = math.floor(self.T_cur)\n"),
        "plateau: bad epochs of a cooldown count": ("            self.num_bad_epochs = 0  # ignore any bad epochs in cooldown\n", ""),
    }),
)
DATA = (
    *faults("PyTorch data again", "torch.utils.data.dataset", {"split: what is left of fractions goes to the last": ("            idx_to_add_at = i % len(subset_lengths)\n", "            idx_to_add_at = -1\n")}),
    *faults("PyTorch data again", "torch.utils.data.sampler", {"batches that drop the last count it": ("        if self.drop_last:\n            return len(self.sampler) // self.batch_size", "        if not self.drop_last and len(self.sampler) % self.batch_size == 0:\n            return len(self.sampler) // self.batch_size + 1\n        if self.drop_last:\n            return len(self.sampler) // self.batch_size")}),
)
OTHERS = (
    *faults("PyTorch initializers again", "torch.nn.init", {"orthogonal: gain of a wide matrix is lost": ("        tensor.mul_(gain)\n    return tensor\n\n\ndef sparse_", "        tensor.mul_(gain if rows >= cols else 1)\n    return tensor\n\n\ndef sparse_")}),
    *faults("PyTorch averages again", "torch.optim.swa_utils", {"averages count no further than two": ("        self.n_averaged += 1\n", "        self.n_averaged.clamp_(max=1).add_(1)\n")}),
    *faults("PyTorch checkpoints again", "torch.utils.checkpoint", {"noise is drawn again": ("            if ctx.preserve_rng_state:\n                torch.set_rng_state(ctx.fwd_cpu_state)\n", "            if ctx.preserve_rng_state and len(tensors) > 1:\n                torch.set_rng_state(ctx.fwd_cpu_state)\n")}),
    *faults("PyTorch convolutions again", "torch.nn.modules.conv", {"an even window of padded copies has its odd step at the left": ("                    left_pad = total_padding // 2\n", "                    left_pad = (total_padding + 1) // 2\n")}),
    *faults("PyTorch weight norms again", "torch.nn.utils.parametrizations", {"weight norm: all at once is by rows": ("        if dim is None:\n            dim = -1\n", "        if dim is None:\n            dim = 0\n")}),
)
LATER = (
    *faults("PyTorch packing later", "torch.nn.utils.rnn", {
        "lengths that are given are sorted in place": ("        lengths, sorted_indices = torch.sort(lengths, descending=True)\n", "        given = lengths\n        lengths, sorted_indices = torch.sort(lengths, descending=True)\n        given.copy_(lengths)\n"),
        "unpadded rows share the padded memory": ("        unpacked_seq = seq[mask]\n", "        unpacked_seq = seq[:int(length)]\n"),
        "a packed sequence that is cast twice is sorted": ("            return type(self)(data, self.batch_sizes, sorted_indices, unsorted_indices)", "            return type(self)(data, self.batch_sizes, unsorted_indices, sorted_indices) if self.data.dtype != torch.float else type(self)(data, self.batch_sizes, sorted_indices, unsorted_indices)"),
    }),
    *faults("PyTorch functions later", "torch.nn.functional", {
        "attention: a mask of numbers is one of truth": ("        if not _mask_is_float:\n            mask = torch.zeros_like(mask, dtype=target_type).masked_fill_(\n                mask, float(\"-inf\")\n            )", "        if not _mask_is_float or mask_name == \"key_padding_mask\":\n            mask = torch.zeros_like(mask, dtype=target_type).masked_fill_(\n                mask != 0, float(\"-inf\")\n            )"),
        "smooth loss: its bound is one in a sum": ("            _Reduction.get_enum(reduction),\n            beta,", '            _Reduction.get_enum(reduction),\n            beta if reduction != "sum" else 1.0,'),
    }),
    *faults("PyTorch transformers later", "torch.nn.modules.transformer", {
        "the causal mask hides the step itself": ("        diagonal=1,\n    )", "        diagonal=0,\n    )"),
        "encoder: the last norm rests in inference": ("        if convert_to_nested:\n            output = output.to_padded_tensor(0.0, src.size())\n\n        if self.norm is not None:", "        if convert_to_nested:\n            output = output.to_padded_tensor(0.0, src.size())\n\n        if self.norm is not None and (self.training or torch.is_grad_enabled()):"),
    }),
    *faults("PyTorch training later", "torch.optim.lr_scheduler", {
        "one cycle: momentum goes up with the rate": ("                        computed_momentum = self._anneal_func(\n                            group[phase[\"start_momentum\"]],\n                            group[phase[\"end_momentum\"]],", "                        computed_momentum = self._anneal_func(\n                            group[phase[\"end_momentum\"]],\n                            group[phase[\"start_momentum\"]],"),
        "cycles: momentum begins at its lowest": ("                    momentum = max_momentum - base_height * self.scale_fn(cycle)\n", "                    momentum = base_momentum + base_height * self.scale_fn(cycle)\n"),
    }),
    *faults("PyTorch training later", "torch.utils.checkpoint", {
        "what is computed again is so without autocast": ("    cpu_autocast_kwargs = {\n        \"enabled\": torch.is_autocast_enabled('cpu'),", "    cpu_autocast_kwargs = {\n        \"enabled\": False,"),
    }),
    *faults("PyTorch training later", "torch.nn.modules.batchnorm", {
        "a momentum of zero is none": ("                if self.momentum is None:  # use cumulative moving average", "                if not self.momentum:  # use cumulative moving average"),
    }),
)
ALL = (*PACKING, *FUNCTIONS, *TRANSFORMERS, *EMBEDDING, *NORMS, *QUANTIZED, *OPTIMIZERS, *DATA, *OTHERS, *LATER)
