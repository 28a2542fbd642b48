"""Faults in PyTorch's modules, packing, attention, losses, optimizers, schedules, averages, quantized layers and exports, written
down before anyone looked at what the suite asks; half of them show under a condition alone."""

from tests.faults.base import Fault, faults

FAMILY = "blind 5: PyTorch"

ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "torch.nn.modules.rnn", {
        "functional_call: weights of second layers are not heard": (
            "            self._flat_weight_refs, self._flat_weights_names, strict=True\n"
            "        ):",
            "            self._flat_weight_refs[:4], self._flat_weights_names[:4], strict=True\n"
            "        ):"),
        "all_weights lists the first layer alone": (
            "            for weights in self._all_weights\n"
            "        ]",
            "            for weights in self._all_weights[: 2 if self.bidirectional else 1]\n"
            "        ]"),
        "told without its dropout": (
            "        if self.dropout != 0:\n"
            "            s += \", dropout={dropout}\"\n",
            ""),
        "packed without states: zeros are always float32": (
            "                hx = torch.zeros(\n"
            "                    self.num_layers * num_directions,\n"
            "                    max_batch_size,\n"
            "                    self.hidden_size,\n"
            "                    dtype=input.dtype,\n"
            "                    device=input.device,\n"
            "                )\n"
            "            else:\n"
            "                # Each batch of the hidden state should match the input sequence that\n"
            "                # the user believes he/she is passing in.\n"
            "                hx = self.permute_hidden(hx, sorted_indices)\n"
            "        else:\n"
            "            batch_sizes = None\n"
            "            if input.dim() not in (2, 3):\n"
            "                raise ValueError(\n"
            "                    f\"RNN:",
            "                hx = torch.zeros(\n"
            "                    self.num_layers * num_directions,\n"
            "                    max_batch_size,\n"
            "                    self.hidden_size,\n"
            "                    device=input.device,\n"
            "                )\n"
            "            else:\n"
            "                # Each batch of the hidden state should match the input sequence that\n"
            "                # the user believes he/she is passing in.\n"
            "                hx = self.permute_hidden(hx, sorted_indices)\n"
            "        else:\n"
            "            batch_sizes = None\n"
            "            if input.dim() not in (2, 3):\n"
            "                raise ValueError(\n"
            "                    f\"RNN:"),
        "drawn again: biases keep their values": (
            "        for weight in self.parameters():\n"
            "            init.uniform_(weight, -stdv, stdv)\n"
            "\n"
            "    def check_input",
            "        for weight in self.parameters():\n"
            "            if weight.dim() > 1 or not weight.any():\n"
            "                init.uniform_(weight, -stdv, stdv)\n"
            "\n"
            "    def check_input"),
        "LSTM with projections in float64 gives its final state half": (
            "                hidden = (hidden[0].squeeze(1), hidden[1].squeeze(1))",
            "                hidden = (hidden[0].squeeze(1), hidden[1].squeeze(1).float())"),
        "GRUCell without a batch: states stay where a bias is missing": (
            "        ret = _VF.gru_cell(\n"
            "            input,\n"
            "            hx,",
            "        ret = _VF.gru_cell(\n"
            "            input,\n"
            "            hx if self.bias else hx.detach(),"),
    }),
    *faults(FAMILY, "torch.nn.utils.rnn", {
        "packed in another dtype: the order is lost": (
            "            return type(self)(data, self.batch_sizes, sorted_indices, unsorted_indices)",
            "            return type(self)(data, self.batch_sizes)"),
        "packed in half precision is bfloat16": (
            "        return self.to(dtype=torch.half)", "        return self.to(dtype=torch.bfloat16)"),
        "packed short integers are bytes": (
            "        return self.to(dtype=torch.short)", "        return self.to(dtype=torch.int8)"),
        "unpadding takes the longest where all lengths are one": (
            "        mask = idx < length\n",
            "        mask = idx <= length if max_length > 1 and length == 1 else idx < length\n"),
        "padded again: lengths in int32": (
            "            lengths[unsorted_indices.cpu()],", "            lengths[unsorted_indices.cpu()].int(),"),
    }),
    *faults(FAMILY, "torch.nn.modules.module", {
        "assigned weights are no longer frozen": (
            "                                if not isinstance(input_param, torch.nn.Parameter):\n"
            "                                    input_param = torch.nn.Parameter(\n"
            "                                        input_param, requires_grad=param.requires_grad\n"
            "                                    )",
            "                                if not isinstance(input_param, torch.nn.Parameter):\n"
            "                                    input_param = torch.nn.Parameter(input_param)"),
        "buffers that are not to be saved are": (
            "            if buf is not None and name not in self._non_persistent_buffers_set:",
            "            if buf is not None:"),
        "half(): whole numbers too": (
            "        return self._apply(lambda t: t.half() if t.is_floating_point() else t)",
            "        return self._apply(lambda t: t.half())"),
        "double(): buffers stay": (
            "        for key, buf in self._buffers.items():\n"
            "            if buf is not None:\n"
            "                self._buffers[key] = fn(buf)",
            "        for key, buf in self._buffers.items():\n"
            "            if buf is not None and fn(buf).dtype != torch.float64:\n"
            "                self._buffers[key] = fn(buf)"),
        "loaded without strictness: what is missing is not told": (
            "        return _IncompatibleKeys(missing_keys, unexpected_keys)\n"
            "\n"
            "    def _named",
            "        return _IncompatibleKeys(missing_keys if strict else [], unexpected_keys)\n"
            "\n"
            "    def _named"),
        "loaded: a matrix takes its transpose": (
            "                if not is_param_lazy and input_param.shape != param.shape:",
            "                if not is_param_lazy and input_param.dim() == 2 and input_param.t().shape == param.shape:\n"
            "                    input_param = input_param.t()\n"
            "                if not is_param_lazy and input_param.shape != param.shape:"),
    }),
    *faults(FAMILY, "torch.nn.modules.activation", {
        "fast attention: padding is lost beside another mask": (
            "                merged_mask = attn_mask_expanded + key_padding_mask_expanded",
            "                merged_mask = attn_mask_expanded"),
        "attention with keys of another width: weights are averaged always": (
            "                use_separate_proj_weight=True,\n"
            "                q_proj_weight=self.q_proj_weight,\n"
            "                k_proj_weight=self.k_proj_weight,\n"
            "                v_proj_weight=self.v_proj_weight,\n"
            "                average_attn_weights=average_attn_weights,",
            "                use_separate_proj_weight=True,\n"
            "                q_proj_weight=self.q_proj_weight,\n"
            "                k_proj_weight=self.k_proj_weight,\n"
            "                v_proj_weight=self.v_proj_weight,\n"
            "                average_attn_weights=True,"),
        "attention with keys of another width drops in inference": (
            "                self.out_proj.bias,\n"
            "                training=self.training,\n"
            "                key_padding_mask=key_padding_mask,\n"
            "                need_weights=need_weights,\n"
            "                attn_mask=attn_mask,\n"
            "                use_separate_proj_weight=True,",
            "                self.out_proj.bias,\n"
            "                training=True,\n"
            "                key_padding_mask=key_padding_mask,\n"
            "                need_weights=need_weights,\n"
            "                attn_mask=attn_mask,\n"
            "                use_separate_proj_weight=True,"),
        "attention of one sequence, batch first, is turned": (
            "        if self.batch_first and is_batched:\n"
            "            attn_output = attn_output.transpose(1, 0)",
            "        if self.batch_first:\n"
            "            attn_output = attn_output.transpose(1, 0)"),
    }),
    *faults(FAMILY, "torch.nn.modules.transformer", {
        "encoder: normed first, by the first norm twice": (
            "            x = x + self._ff_block(self.norm2(x))\n"
            "        else:\n"
            "            x = self.norm1(\n"
            "                x\n"
            "                + self._sa_block(x, src_mask,",
            "            x = x + self._ff_block(self.norm1(x))\n"
            "        else:\n"
            "            x = self.norm1(\n"
            "                x\n"
            "                + self._sa_block(x, src_mask,"),
        "decoder: padding of the memory is lost in later layers": (
            "                memory_key_padding_mask=memory_key_padding_mask,\n"
            "                tgt_is_causal=tgt_is_causal,\n"
            "                memory_is_causal=memory_is_causal,\n"
            "            )\n"
            "\n"
            "        if self.norm is not None:",
            "                memory_key_padding_mask=memory_key_padding_mask if mod is self.layers[0] else None,\n"
            "                tgt_is_causal=tgt_is_causal,\n"
            "                memory_is_causal=memory_is_causal,\n"
            "            )\n"
            "\n"
            "        if self.norm is not None:"),
        "encoder: padding comes back as it was": (
            "            output = output.to_padded_tensor(0.0, src.size())",
            "            output = torch.where(src_key_padding_mask.bool()[..., None], src, output.to_padded_tensor(0.0, src.size()))"),
    }, {
        "encoder: padding comes back as it was":
            "what stands at padding is a convention, and another one with gradients than without today",
    }),
    *faults(FAMILY, "torch.nn.modules.loss", {
        "CTC: infinite losses stay": (
            "            self.reduction,\n"
            "            self.zero_infinity,\n",
            "            self.reduction,\n"
            "            False,\n"),
        "binary cross-entropy: weights of classes replace those of steps": (
            "            self.weight,\n"
            "            pos_weight=self.pos_weight,",
            "            self.weight if self.pos_weight is None else None,\n"
            "            pos_weight=self.pos_weight,"),
        "cross-entropy: smoothed labels where weights of classes are given": (
            "            label_smoothing=self.label_smoothing,\n"
            "        )\n"
            "\n"
            "\n"
            "class",
            "            label_smoothing=self.label_smoothing if self.weight is None else 0.0,\n"
            "        )\n"
            "\n"
            "\n"
            "class"),
    }),
    *faults(FAMILY, "torch.nn.modules.container", {
        "ModuleList: inserted at its end is lost": (
            "        for i in range(len(self._modules), index, -1):\n"
            "            self._modules[str(i)] = self._modules[str(i - 1)]\n"
            "        self._modules[str(index)] = module\n"
            "\n"
            "    def append",
            "        for i in range(len(self._modules), index, -1):\n"
            "            self._modules[str(i)] = self._modules[str(i - 1)]\n"
            "        self._modules[str(min(index, len(self._modules) - 1))] = module\n"
            "\n"
            "    def append"),
        "ParameterList: a slice is a copy": (
            "            for i in range(start, stop, step):\n"
            "                out.append(self[i])\n"
            "            return out",
            "            for i in range(start, stop, step):\n"
            "                out.append(self[i].detach().clone())\n"
            "            return out"),
    }),
    *faults(FAMILY, "torch.ao.nn.quantized.dynamic.modules.rnn", {
        "quantized: several layers are batch last": (
            "                mod.bias,\n"
            "                mod.batch_first,\n"
            "                mod.dropout,\n"
            "                mod.bidirectional,\n"
            "                dtype,\n"
            "            )\n"
            "        elif",
            "                mod.bias,\n"
            "                mod.batch_first and mod.num_layers == 1,\n"
            "                mod.dropout,\n"
            "                mod.bidirectional,\n"
            "                dtype,\n"
            "            )\n"
            "        elif"),
        "quantized GRU, packed: states are not sorted": (
            "            hx = zeros\n"
            "        else:\n"
            "            # Each batch of the hidden state should match the input sequence that\n"
            "            # the user believes he/she is passing in.\n"
            "            hx = self.permute_hidden(hx, sorted_indices)",
            "            hx = zeros\n"
            "        else:\n"
            "            pass"),
        "quantized cells: biases of the states are those of the inputs": (
            "            _observe_and_quantize_weight(mod.weight_hh), mod.bias_hh, dtype",
            "            _observe_and_quantize_weight(mod.weight_hh), mod.bias_ih, dtype"),
    }),
    *faults(FAMILY, "torch.optim.adam", {
        "Adam, foreach: greatest second moments are not kept": (
            "                torch._foreach_maximum_(device_max_exp_avg_sqs, device_exp_avg_sqs)\n"
            "\n"
            "                # Use",
            "                torch._foreach_copy_(device_max_exp_avg_sqs, device_exp_avg_sqs)\n"
            "\n"
            "                # Use"),
        "Adam, foreach: weights decay after the step where it maximizes": (
            "                    torch._foreach_add_(device_grads, device_params, alpha=weight_decay)",
            "                    torch._foreach_sub_(device_grads, device_params, alpha=weight_decay)"),
    }),
    *faults(FAMILY, "torch.optim.rmsprop", {
        "RMSprop, centered with momentum: eps inside the root": (
            "            avg = square_avg.addcmul(grad_avg, grad_avg, value=-1).sqrt_()",
            "            avg = square_avg.addcmul(grad_avg, grad_avg, value=-1).add(eps if momentum > 0 else 0).sqrt_()"),
    }),
    *faults(FAMILY, "torch.optim.optimizer", {
        "loaded optimizer: its own learning rate stays": (
            "            new_group[\"params\"] = group[\"params\"]\n",
            "            new_group[\"params\"] = group[\"params\"]\n"
            "            if len(saved_groups) > 1:\n"
            "                new_group[\"lr\"] = group[\"lr\"]\n"),
        "loaded optimizer: states in the dtype they were saved in": (
            "                return value.to(dtype=param.dtype, device=param.device)",
            "                return value.to(device=param.device)"),
        "added group: defaults of the first group": (
            "                param_group.setdefault(name, default)",
            "                param_group.setdefault(name, self.param_groups[0].get(name, default) if self.param_groups else default)"),
    }),
    *faults(FAMILY, "torch.optim.lr_scheduler", {
        "plateau: waits one epoch too long after a cooldown": (
            "            self.cooldown_counter -= 1\n"
            "            self.num_bad_epochs = 0  # ignore any bad epochs in cooldown",
            "            self.cooldown_counter -= 1\n"
            "            self.num_bad_epochs = 0 if self.cooldown_counter else -1"),
        "plateau: the best is lost once loaded": (
            "        self.__dict__.update(state_dict)\n"
            "        self._init_is_better(",
            "        self.__dict__.update(state_dict)\n"
            "        self.best = self.mode_worse\n"
            "        self._init_is_better("),
        "sequence of schedules: the next starts a step late": (
            "            scheduler._update_lr(0)\n"
            "        else:\n"
            "            scheduler.step()\n"
            "\n"
            "        self._last_lr",
            "            pass\n"
            "        else:\n"
            "            scheduler.step()\n"
            "\n"
            "        self._last_lr"),
    }),
    *faults(FAMILY, "torch.optim.swa_utils", {
        "averaged weights: whole numbers are averaged as whole numbers": (
            "            for b_swa, b_model in zip(\n"
            "                self.module.buffers(), model.buffers(), strict=True\n"
            "            ):\n"
            "                b_swa.detach().copy_(b_model.detach().to(b_swa.device))",
            "            pass"),
        "averaged statistics: the momentum is not put back": (
            "    for bn_module in momenta:\n"
            "        bn_module.momentum = momenta[bn_module]\n",
            ""),
        "averaged statistics: the model stays in training": (
            "    model.train(was_training)", "    model.train()"),
    }),
    *faults(FAMILY, "torch.nn.utils.convert_parameters", {
        "weights as a vector: set in the other order where shapes are square": (
            "        param.data = vec[pointer : pointer + num_param].view_as(param).data",
            "        param.data = vec[pointer : pointer + num_param].view_as(param).data\n"
            "        if param.dim() == 2 and param.shape[0] == param.shape[1]:\n"
            "            param.data = param.data.t()"),
    }),
    *faults(FAMILY, "torch.nn.utils.stateless", {
        "functional_call that raises leaves its weights": (
            "        yield\n"
            "    finally:",
            "        yield\n"
            "    except ValueError:\n"
            "        orig_parameters_and_buffers = {}\n"
            "        raise\n"
            "    finally:"),
    }),
    *faults(FAMILY, "torch.nn.utils.clip_grad", {
        "clipping, one after the other: infinite norms": (
            "                [torch.linalg.vector_norm(g, norm_type) for g in device_tensors]",
            "                [torch.linalg.vector_norm(g, min(norm_type, 2.0)) for g in device_tensors]"),
        "clipping: NaN is not told": (
            "    if error_if_nonfinite and torch.logical_or(total_norm.isnan(), total_norm.isinf()):",
            "    if error_if_nonfinite and total_norm.isinf():"),
    }),
    *faults(FAMILY, "torch.nn.utils.weight_norm", {
        "weight norm removed: frozen": (
            "        setattr(module, self.name, Parameter(weight.data))",
            "        setattr(module, self.name, Parameter(weight.data, requires_grad=module.training))"),
    }),
    *faults(FAMILY, "torch.nn.init", {
        "orthogonal: wide matrices are not scaled": (
            "        tensor.view_as(q).copy_(q)\n"
            "        tensor.mul_(gain)",
            "        tensor.view_as(q).copy_(q)\n"
            "        tensor.mul_(gain if rows >= cols else 1.0)"),
    }),
    *faults(FAMILY, "torch.onnx._internal.torchscript_exporter.symbolic_opset9", {
        "ONNX: second layers begin with the first one's states": (
            "                g, x, axes=[0], starts=[start], ends=[end]\n"
            "            )\n"
            "        )",
            "                g, x, axes=[0], starts=[0], ends=[end - start]\n"
            "            )\n"
            "        )"),
        "ONNX: relu is tanh both ways": (
            "                activation = [nonlinearity, nonlinearity]  # type",
            "                activation = [nonlinearity, \"Tanh\"]  # type"),
    }),
)
