"""Faults in PyTorch that were written down before anyone looked at what the suite asks there: modules, cells, packing, and what
stands around them."""

from tests.faults.base import faults

GRU_PACKED = "            result = _VF.gru(\n                input,\n                batch_sizes,\n                hx,\n"
GRU_PACKED += "                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n"
RELU_PACKED = "                result = _VF.rnn_relu(\n                    input,\n                    batch_sizes,\n                    hx,\n"
RELU_PACKED += "                    self._flat_weights,  # type: ignore[arg-type]\n                    self.bias,\n"
RELU_PACKED += "                    self.num_layers,\n                    self.dropout,\n"
GRU_OUT = "        output = result[0]\n        hidden = result[1]\n\n        # xxx: isinstance check needs to be in conditional for "
GRU_OUT += "TorchScript to compile\n        if isinstance(orig_input, PackedSequence):\n            output_packed = PackedSequence(\n"
GRU_OUT += "                output,\n                batch_sizes,\n"
RELU_CELL = "            ret = _VF.rnn_relu_cell(\n                input,\n                hx,\n                self.weight_ih,\n"
RELU_CELL += "                self.weight_hh,\n                self.bias_ih,\n"

MODULES = faults("PyTorch modules, blind 8", "torch.nn.modules.rnn", {
    "unbatched output keeps its batch where batch is first": ("output.squeeze(batch_dim)", "output.squeeze(1)", 3),
    "unbatched GRU of two layers: states keep a batch": (
        "output.squeeze(batch_dim)  # type: ignore[possibly-undefined]\n                hidden = hidden.squeeze(1)\n\n            return",
        "output.squeeze(batch_dim)  # type: ignore[possibly-undefined]\n                hidden = hidden.squeeze(0)\n\n            return"),
    "new biases alone are not seen by functional_call": (
        "if weight is not None and ref is not None and ref() is not weight:",
        "if weight is not None and ref is not None and not name.startswith('bias') and ref() is not weight:"),
    "new weights of the reverse direction alone are not seen": (
        "if weight is not None and ref is not None and ref() is not weight:",
        "if weight is not None and ref is not None and not name.endswith('reverse') and ref() is not weight:"),
    "half inputs are refused under autocast": (
        "                and not torch._C._is_any_autocast_enabled()\n", ""),
    "packed GRU drops nothing between its layers": (GRU_PACKED + "                self.dropout,", GRU_PACKED + "                0.0,"),
    "packed relu network drops at inference": (
        RELU_PACKED + "                    self.training,", RELU_PACKED + "                    True,"),
    "relu cell: one bias twice": (RELU_CELL + "                self.bias_hh,", RELU_CELL + "                self.bias_ih,"),
    "packed output of a GRU forgets how it was sorted": (
        GRU_OUT + "                sorted_indices,", GRU_OUT + "                None,"),
    "repr forgets projections": ("if self.proj_size != 0:\n            s +=", "if False:\n            s +="),
    "cells without states start from ones in a batch of one": (
        "            zeros = torch.zeros(\n                input.size(0), self.hidden_size, dtype=input.dtype, device=input.device\n            )",
        "            zeros = torch.zeros(\n                input.size(0), self.hidden_size, dtype=input.dtype, device=input.device\n"
        "            )\n            if input.size(0) == 1 and not is_batched:\n                zeros = zeros + 1"),
    "new weights are not seen where no gradient is taken": (
        "    def _update_flat_weights(self) -> None:\n        if not torch.jit.is_scripting():\n            if self._weights_have_changed():",
        "    def _update_flat_weights(self) -> None:\n        if not torch.jit.is_scripting():\n"
        "            if torch.is_grad_enabled() and self._weights_have_changed():"),
    "dropout of one is refused": ("or not 0 <= dropout <= 1", "or not 0 <= dropout < 1"),
    "projections without biases are frozen": (
        "layer_params = (w_ih, w_hh, w_hr)", "layer_params = (w_ih, w_hh, w_hr.requires_grad_(False))"),
    "pickled networks forget their dropout": (
        "        del state[\"_flat_weight_refs\"]\n", "        del state[\"_flat_weight_refs\"]\n        state[\"dropout\"] = 0.0\n"),
    "pickled networks train again": (
        "        super().__setstate__(d)\n        if \"all_weights\" in d:", "        super().__setstate__(d)\n"
        "        self.training = True\n        if \"all_weights\" in d:"),
})
PACKING = faults("PyTorch packing, blind 8", "torch.nn.utils.rnn", {
    "padding on the left is forgotten where time is first": (
        "        padding_side,  # type: ignore[arg-type]\n", '        padding_side if batch_first else "right",  # type: ignore[arg-type]\n'),
    "padding value is lost where the total length is given": (
        "batch_first, padding_value, max_seq_length", "batch_first, padding_value if total_length is None else 0.0, max_seq_length"),
    "a packed sequence that is cast has its order inverted": (
        "return type(self)(data, self.batch_sizes, sorted_indices, unsorted_indices)",
        "return type(self)(data, self.batch_sizes, unsorted_indices, sorted_indices)"),
    "double of a packed sequence is float": ("return self.to(dtype=torch.double)", "return self.to(dtype=torch.float)"),
    "taken for sorted where the first is the longest": (
        "    if enforce_sorted:\n", "    if enforce_sorted or bool(lengths[0] == lengths.max()):\n"),
    "sorted sequences of one step count two where the total is given": (
        "            lengths[unsorted_indices.cpu()],\n        )\n    return padded_output, lengths",
        "            lengths[unsorted_indices.cpu()],\n        )\n"
        "    return padded_output, lengths if total_length is None else lengths.clamp(min=2)"),
    "a sequence of one step is empty once unpadded": (
        "        mask = idx < length\n", "        mask = idx < (length if length > 1 else length - 1)\n"),
    "packed from a list with its gradients cut where unsorted": (
        "        pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted\n",
        "        pad_sequence(sequences if enforce_sorted else [s.detach() for s in sequences]), lengths, enforce_sorted=enforce_sorted\n"),
    "unpacked in the order of sorting": (
        "padded_sequences, lengths = pad_packed_sequence(packed_sequences, batch_first=True)\n    unpacked",
        "padded_sequences, lengths = pad_packed_sequence(packed_sequences._replace(unsorted_indices=packed_sequences.sorted_indices), "
        "batch_first=True)\n    unpacked"),
})

GRU_QUANTIZED = "            result = torch.quantized_gru(\n                input,\n                batch_sizes,\n                hx,\n"
GRU_QUANTIZED += "                _all_params,\n                self.bias,\n                self.num_layers,\n                self.dropout,\n"
QUANTIZED = faults("PyTorch quantized recurrence, blind 8", "torch.ao.nn.quantized.dynamic.modules.rnn", {
    "packed GRU: states are not put in order": (
        "hx = self.permute_hidden(hx, sorted_indices)\n\n        self.check_forward_args(input, hx, batch_sizes)\n\n"
        "        _all_params = [m.param for m in self._all_weight_values]\n        if batch_sizes is None:\n"
        "            result = torch.quantized_gru(",
        "pass\n\n        self.check_forward_args(input, hx, batch_sizes)\n\n"
        "        _all_params = [m.param for m in self._all_weight_values]\n        if batch_sizes is None:\n"
        "            result = torch.quantized_gru("),
    "packed GRU drops while it does not train": (
        GRU_QUANTIZED + "                self.training,", GRU_QUANTIZED + "                True,"),
    "half floats: the bias of the recurrence is that of the input": (
        "packed_hh = torch.ops.quantized.linear_prepack_fp16(\n                        weight_hh.float(), bias_hh",
        "packed_hh = torch.ops.quantized.linear_prepack_fp16(\n                        weight_hh.float(), bias_ih"),
    "reverse directions are quantized like forward ones above the first": (
        'suffix = "_reverse" if direction == 1 else ""\n\n                def retrieve',
        'suffix = "_reverse" if direction == 1 and layer == 0 else ""\n\n                def retrieve'),
    "cell: relu is tanh": (
        "ret = torch.ops.quantized.quantized_rnn_relu_cell_dynamic(", "ret = torch.ops.quantized.quantized_rnn_tanh_cell_dynamic("),
    "LSTM takes its input for time first": (
        "                mod.batch_first,\n                mod.dropout,\n                mod.bidirectional,\n                dtype,\n            )\n"
        "        elif", "                False,\n                mod.dropout,\n                mod.bidirectional,\n                dtype,\n"
        "            )\n        elif"),
    "LSTMCell: two states are one": (
        "        self.check_forward_hidden(input, hx[0], \"[0]\")\n        self.check_forward_hidden(input, hx[1], \"[1]\")\n        return",
        "        self.check_forward_hidden(input, hx[0], \"[0]\")\n        self.check_forward_hidden(input, hx[1], \"[1]\")\n"
        "        hx = (hx[0], hx[1] if input.size(0) > 1 else hx[0])\n        return"),
})
ATTENTION = faults("PyTorch attention, blind 8", "torch.nn.functional", {
    "unbatched weights keep a batch": (
        "            attn_output = attn_output.squeeze(1)\n            attn_output_weights = attn_output_weights.squeeze(0)\n",
        "            attn_output = attn_output.squeeze(1)\n"),
    "the padding of keys is lost beside a mask of heads": (
        "            attn_mask = attn_mask + key_padding_mask\n",
        "            attn_mask = attn_mask + key_padding_mask if attn_mask.size(0) == 1 else attn_mask\n"),
    "a bias of keys is masked where a mask is given": (
        "        v = torch.cat([v, bias_v.repeat(1, bsz, 1)])\n        if attn_mask is not None:\n"
        "            # pyrefly: ignore [bad-argument-type]\n            attn_mask = pad(attn_mask, (0, 1))\n",
        "        v = torch.cat([v, bias_v.repeat(1, bsz, 1)])\n        if attn_mask is not None:\n"
        "            attn_mask = pad(attn_mask, (0, 1), value=float('-inf'))\n"),
    "zero attention comes first where keys are padded": (
        "            [v, torch.zeros(zero_attn_shape, dtype=v.dtype, device=v.device)],\n            dim=1,\n",
        "            [v, torch.zeros(zero_attn_shape, dtype=v.dtype, device=v.device) + (0. if key_padding_mask is None else 1.)],\n"
        "            dim=1,\n"),
    "causal hint stays beside padding": (
        "            # We have the attn_mask, and use that to merge kpm into it.\n            # Turn off use of is_causal hint, as the merged "
        "mask is no\n            # longer causal.\n            is_causal = False\n", "            attn_mask = None if is_causal else attn_mask\n"
        "            is_causal = False\n"),
    "weights are averaged after the first head": (
        "attn_output_weights = attn_output_weights.mean(dim=1)", "attn_output_weights = attn_output_weights[:, :2].mean(dim=1)"),
    "attention drops half as often where weights are asked for": (
        "        if dropout_p > 0.0:\n            attn_output_weights = dropout(attn_output_weights, p=dropout_p)",
        "        if dropout_p > 0.0:\n            attn_output_weights = dropout(attn_output_weights, p=dropout_p / 2)"),
    "bags forget their weights where they are two-dimensional": (
        "            per_sample_weights = per_sample_weights.reshape(-1)\n    elif input.dim() == 1:",
        "            per_sample_weights = per_sample_weights.t().reshape(-1)\n    elif input.dim() == 1:"),
    "batchmean of sequences divides by their steps too": (
        "        reduced = reduced / input.size()[0]\n\n    return reduced", "        reduced = reduced / (input.size()[0] if input.dim() < 3 "
        "else input.size()[0] * input.size()[1])\n\n    return reduced"),
    "a variance for all features is left as it is": (
        "            var = torch.unsqueeze(var, -1)\n", "            var = torch.unsqueeze(var, 0).transpose(0, -1)\n"),
    "Gaussian loss in full lacks half the constant": ("loss += 0.5 * math.log(2 * math.pi)", "loss += 0.5 * math.log(math.pi)"),
    "CTC loss of infinities is kept where it is summed": (
        "        _Reduction.get_enum(reduction),\n        zero_infinity,\n    )",
        "        _Reduction.get_enum(reduction),\n        zero_infinity and reduction != 'sum',\n    )"),
    "weights of classes are lost with an ignored index of zero": (
        "    return torch._C._nn.cross_entropy_loss(\n        input,\n        target,\n        weight,\n",
        "    return torch._C._nn.cross_entropy_loss(\n        input,\n        target,\n        weight if ignore_index != 0 else None,\n"),
    "spatial dropout of one sequence without a batch drops steps": (
        "    if not is_batched:\n        input = input.unsqueeze_(0) if inplace else input.unsqueeze(0)\n\n    result = (\n"
        "        _VF.feature_dropout_(input, p, training)\n        if inplace\n        else _VF.feature_dropout(input, p, training)\n    )\n\n"
        "    if not is_batched:\n        result = result.squeeze_(0) if inplace else result.squeeze(0)\n\n    return result\n\n\ndef dropout2d",
        "    result = (\n        _VF.feature_dropout_(input, p, training)\n        if inplace\n"
        "        else _VF.dropout(input, p, training) if not is_batched else _VF.feature_dropout(input, p, training)\n    )\n\n"
        "    return result\n\n\ndef dropout2d"),
})
TRANSFORMERS = faults("PyTorch transformers, blind 8", "torch.nn.modules.transformer", {
    "decoder, norm first: memory is normalized twice": (
        "            x = x + self._mha_block(\n                self.norm2(x),\n                memory,\n",
        "            x = x + self._mha_block(\n                self.norm2(x),\n                self.norm2(memory),\n"),
    "decoder layer: padding of memory is that of the target": (
        "                x\n                + self._mha_block(\n                    x, memory, memory_mask, memory_key_padding_mask, memory_is_causal\n",
        "                x\n                + self._mha_block(\n                    x, memory, memory_mask, tgt_key_padding_mask if "
        "memory.shape == tgt.shape and tgt_key_padding_mask is not None else memory_key_padding_mask, memory_is_causal\n"),
    "the fast path fills padding with ones": ("output = output.to_padded_tensor(0.0, src.size())", "output = output.to_padded_tensor(1.0, src.size())"),
    "a fast path for layers that read time first": ("        elif not self.self_attn.batch_first:\n", "        elif False:\n"),
    "masks are taken for causal that are so in shape": (
        "            make_causal = bool((mask == causal_comparison).all())", "            make_causal = bool((mask[0] == causal_comparison[0]).all())"),
    "feed forward drops once": (
        "        x = self.linear2(self.dropout(self.activation(self.linear1(x))))\n        return self.dropout2(x)",
        "        x = self.linear2(self.activation(self.linear1(x)))\n        return self.dropout2(x)"),
    "transformer: the mask of memory is lost": (
        "            memory_mask=memory_mask,\n            tgt_key_padding_mask=tgt_key_padding_mask,\n            memory_key_padding_mask="
        "memory_key_padding_mask,\n            tgt_is_causal=tgt_is_causal,\n            memory_is_causal=memory_is_causal,\n        )\n        return output\n\n    @staticmethod",
        "            tgt_key_padding_mask=tgt_key_padding_mask,\n            memory_key_padding_mask="
        "memory_key_padding_mask,\n            tgt_is_causal=tgt_is_causal,\n            memory_is_causal=memory_is_causal,\n        )\n        return output\n\n    @staticmethod"),
}, {"the fast path fills padding with ones": "what an encoder gives at padding is promised nowhere, and not zero on the slow path"})
COLLATION = faults("PyTorch batches, blind 8", "torch.utils.data._utils.collate", {
    "names of a batch share the first row's dictionary": (
        "                clone = copy.copy(elem)\n                clone.update(", "                clone = elem\n                clone.update("),
    "floats of a batch are single": ("return torch.tensor(batch, dtype=torch.float64)", "return torch.tensor(batch, dtype=torch.float32)"),
    "pairs of unequal size are cut": (
        "        if not all(len(elem) == elem_size for elem in it):\n", "        if not all(len(elem) >= elem_size for elem in it):\n"),
    "named tuples become lists": ('    elif isinstance(elem, tuple) and hasattr(elem, "_fields"):  # namedtuple\n        return elem_type(\n            *(\n',
                                  '    elif isinstance(elem, tuple) and hasattr(elem, "_fields"):  # namedtuple\n        return list(\n            (\n'),
    "scalars of numpy lose their kind": ("    return torch.as_tensor(batch)\n", "    return torch.as_tensor([float(b) for b in batch])\n"),
})
UTILITIES = (
    *faults("PyTorch clipping, blind 8", "torch.nn.utils.clip_grad", {
        "norm of infinity is that of two where they are joined": (
            "        torch.stack([norm.to(first_device) for norm in norms]), norm_type\n",
            "        torch.stack([norm.to(first_device) for norm in norms]), norm_type if norm_type != float('inf') else 2.0\n"),
        "gradients of two dtypes: only the first is scaled": (
            "            clip_coef_clamped_device = clip_coef_clamped.to(device)\n            for g in device_grads:\n                g.mul_",
            "            clip_coef_clamped_device = clip_coef_clamped.to(device)\n            for g in device_grads[:1]:\n                g.mul_"),
        "values below are not clipped one by one": (
            "cast(Tensor, grad).clamp_(min=-clip_value, max=clip_value)", "cast(Tensor, grad).clamp_(max=clip_value)"),
        "the norm that is told is the clipped one": (
            "    _clip_grads_with_norm_(parameters, max_norm, total_norm, foreach)\n    return total_norm",
            "    _clip_grads_with_norm_(parameters, max_norm, total_norm, foreach)\n    return total_norm.clamp(max=float(max_norm) * 4)"),
    }),
    *faults("PyTorch averages, blind 8", "torch.optim.swa_utils", {
        "buffers lag behind": (
            "        if not self.use_buffers:\n", "        if not self.use_buffers and self.n_averaged > 0:\n"),
        "statistics: the model trains after": ("    model.train(was_training)", "    model.train(True)"),
        "moving average of half floats": ("torch._foreach_lerp_(ema_param_list, current_param_list, 1 - decay)",
                                          "torch._foreach_lerp_(ema_param_list, current_param_list, 1 - decay if len(ema_param_list) > 1 else decay)"),
    }),
    *faults("PyTorch weight norm, blind 8", "torch.nn.utils.weight_norm", {
        "removed with the weight of before": (
            "        weight = self.compute_weight(module)\n        delattr(module, self.name)\n",
            "        weight = getattr(module, self.name)\n        delattr(module, self.name)\n"),
        "norm of all is that of rows": ("        if dim is None:\n            dim = -1\n\n        fn", "        if dim is None:\n            dim = 0\n\n        fn"),
    }),
    *faults("PyTorch vectors of parameters, blind 8", "torch.nn.utils.convert_parameters", {
        "all from the front where equal in size": ("        pointer += num_param\n", "        pointer += num_param if num_param > 1 else 0\n"),
    }),
    *faults("PyTorch checkpoints, blind 8", "torch.utils.checkpoint", {
        "segments: the last layer of each is left out": ("        end = start + segment_size - 1\n", "        end = start + max(segment_size - 2, 0)\n"),
        "random state is not kept in sequences": (
            '    preserve = kwargs.pop("preserve_rng_state", True)\n    if kwargs:\n        raise ValueError(\n            "Unexpected keyword arguments: " + ",".join(arg for arg in kwargs)\n        )\n\n    def run_function',
            '    preserve = not kwargs.pop("preserve_rng_state", True)\n    if kwargs:\n        raise ValueError(\n            "Unexpected keyword arguments: " + ",".join(arg for arg in kwargs)\n        )\n\n    def run_function'),
    }),
)

MORE = (
    *faults("PyTorch tables, blind 8", "torch.nn.modules.sparse", {
        "bags of pretrained rows forget where they are padded": (
            "            include_last_offset=include_last_offset,\n            padding_idx=padding_idx,\n        )\n"
            "        embeddingbag.weight", "            include_last_offset=include_last_offset,\n        )\n        embeddingbag.weight"),
        "pretrained rows are scaled by frequency where they are frozen": (
            "            scale_grad_by_freq=scale_grad_by_freq,\n            sparse=sparse,\n        )\n        return embedding",
            "            scale_grad_by_freq=scale_grad_by_freq and freeze,\n            sparse=sparse,\n        )\n        return embedding"),
        "bags are never sparse with weights": (
            "            self.mode,\n            self.sparse,\n            per_sample_weights,", "            self.mode,\n            "
            "self.sparse and per_sample_weights is None,\n            per_sample_weights,"),
    }),
    *faults("PyTorch initial weights, blind 8", "torch.nn.init", {
        "wide orthogonal weights have a sign": ("    if rows < cols:\n        q.t_()\n\n    with torch.no_grad():", "    if rows < cols:\n        q = q.abs().t()\n\n    with torch.no_grad():"),
        "gain of tanh is that of relu": ("        return 5.0 / 3\n", "        return math.sqrt(2.0)\n"),
        "cut normal numbers go beyond one side": ("                mask = (result < lo) | (result > hi)\n", "                mask = result > hi\n"),
        "gain of a leaky relu of slope zero": ("        if param is None:\n            negative_slope = 0.01", "        if not param:\n            negative_slope = 0.01"),
    }),
    *faults("PyTorch statistics, blind 8", "torch.nn.modules.batchnorm", {
        "cumulative mean counts one batch less": ("exponential_average_factor = 1.0 / float(self.num_batches_tracked)", "exponential_average_factor = 1.0 / max(1.0, float(self.num_batches_tracked) - 1)"),
        "statistics that are not tracked are of the batch in training alone": (
            "            bn_training = (self.running_mean is None) and (self.running_var is None)\n\n        r\"\"\"\n        Buffers are only updated if they are to be tracked and we are in training mode. Thus they only need to be\n        passed when the update should occur (i.e. in training mode when they are tracked), or when buffer stats are\n        used for normalization (i.e. in eval mode when buffers are not None).\n        \"\"\"\n        return F.batch_norm(",
            "            bn_training = False\n\n        r\"\"\"\n        Buffers are only updated if they are to be tracked and we are in training mode. Thus they only need to be\n        passed when the update should occur (i.e. in training mode when they are tracked), or when buffer stats are\n        used for normalization (i.e. in eval mode when buffers are not None).\n        \"\"\"\n        return F.batch_norm("),
        "reset leaves the count": ("            self.num_batches_tracked.zero_()  # type: ignore[union-attr,operator]\n", "            pass\n"),
    }),
    *faults("PyTorch scaled losses, blind 8", "torch.amp.grad_scaler", {
        "loaded: growth is counted anew": (
            "        if self._growth_tracker is not None:\n            self._growth_tracker.fill_(state_dict[\"_growth_tracker\"])",
            "        if self._growth_tracker is not None:\n            self._growth_tracker.fill_(0)"),
        "loaded before use: growth is counted anew": (
            "        self._init_growth_tracker = cast(int, state_dict[\"_growth_tracker\"])", "        self._init_growth_tracker = 0"),
        "backs off by what it grows": ("                self._growth_factor,\n                self._backoff_factor,\n", "                self._growth_factor,\n                1.0 / self._growth_factor / 2,\n"),
        "two optimizers: the second one's infinities do not count": ("            if len(found_infs) > 1:\n", "            if len(found_infs) > 2:\n"),
    }),
    *faults("PyTorch computed weights, blind 8", "torch.nn.utils.parametrize", {
        "removed: not what was computed is left": ("            with torch.no_grad():\n                t = getattr(module, tensor_name)\n", "            with torch.no_grad():\n                t = original\n"),
        "two computations run in the other order": (
            "        curr_idx = 1\n        while hasattr(self, str(curr_idx)):\n            x = self[curr_idx](x)\n            curr_idx += 1\n        return x",
            "        curr_idx = 1\n        while hasattr(self, str(curr_idx + 1)):\n            x = self[curr_idx](x)\n            curr_idx += 1\n        return x"),
        "a cache outlives what it is for": ("        if not _cache_enabled:\n            _cache = {}\n", "        if not _cache_enabled:\n            pass\n"),
        "frozen weights thaw where they are computed from two": ("                            originali = Parameter(originali, original.requires_grad)\n                        originali.requires_grad_(original.requires_grad)", "                            originali = Parameter(originali)\n                        originali.requires_grad_(True)"),
    }),
    *faults("PyTorch calls with other weights, blind 8", "torch.nn.utils.stateless", {
        "buffers that a call changes are not told": ("        parameters_and_buffers.update(\n", "        dict(parameters_and_buffers).update(\n"),
        "names that nobody has are taken": ("        if len(unexpected_keys) > 0:\n", "        if len(unexpected_keys) > 1:\n"),
    }),
    *faults("PyTorch samplers, blind 8", "torch.utils.data.sampler", {
        "batches without the last: the count": ("            return len(self.sampler) // self.batch_size  # type: ignore[arg-type]\n        else:", "            return (len(self.sampler) - 1) // self.batch_size  # type: ignore[arg-type]\n        else:"),
        "a batch that is not full is dropped where it is one row": ("            while batch:\n", "            while len(batch) > 1 or (batch and self.batch_size == 1):\n"),
    }),
)

ALL = (*MODULES, *PACKING, *QUANTIZED, *ATTENTION, *TRANSFORMERS, *COLLATION, *UTILITIES, *MORE)
