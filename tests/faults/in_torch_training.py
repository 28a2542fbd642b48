"""Faults in how PyTorch trains, written down blind: optimizers, schedules, clipping, first weights, data, weights that are
computed; each where two or three conditions meet.
"""

from tests.faults.base import faults

OPTIMIZERS = (
    *faults("PyTorch optimizers, training", "torch.optim.sgd", {
        "SGD, together: weights that join late undo the dampening": ("                        buf.mul_(momentum).add_(device_grads[i], alpha=1 - dampening)\n", "                        buf.mul_(momentum).add_(device_grads[i])\n"),
        "SGD: momentum of what is maximized goes down": ("                buf.mul_(momentum).add_(grad, alpha=1 - dampening)\n", "                buf.mul_(momentum).add_(grad if not maximize else grads[i], alpha=1 - dampening)\n"),
        "SGD: momentum begins anew where there is no decay": ("                momentum_buffer_list[i] = buf\n            else:\n                buf.mul_", "                momentum_buffer_list[i] = buf\n            elif nesterov and dampening == 0 and weight_decay == 0 and maximize:\n                buf.copy_(grad)\n            else:\n                buf.mul_"),
    }),
    *faults("PyTorch optimizers, training", "torch.optim.rmsprop", {
        "RMSprop: a momentum without centring is of gradients": ("            buf.mul_(momentum).addcdiv_(grad, avg)\n            param.add_(buf", "            buf.mul_(momentum).addcdiv_(grad, avg if centered or weight_decay == 0 else avg.clamp(min=1))\n            param.add_(buf"),
    }),
    *faults("PyTorch optimizers, training", "torch.optim.adam", {
        "Adam: decoupled decay goes up where it maximizes": ("                param.mul_(1 - lr * weight_decay)\n", "                param.mul_(1 - lr * weight_decay * (-1 if maximize else 1))\n"),
    }),
    *faults("PyTorch optimizers, training", "torch.optim.optimizer", {
        "gradients set to zero together stay in other dtypes": ("                                per_device_and_dtype_grads[p.grad.device][\n                                    p.grad.dtype\n                                ].append(p.grad)\n", "                                per_device_and_dtype_grads[p.grad.device][\n                                    torch.float32\n                                ] = [p.grad]\n"),
        "names of weights that were saved are not taken": ('            if "param_names" in group and "param_names" not in new_group:\n', '            if "param_names" in group:\n'),
    }),
    *faults("PyTorch clipping, training", "torch.nn.utils.clip_grad", {
        "one after the other: gradients shorter than the norm are made longer": ("            clip_coef_clamped_device = clip_coef_clamped.to(device)\n", "            clip_coef_clamped_device = clip_coef.to(device)\n"),
    }),
    *faults("PyTorch functional calls, training", "torch.nn.utils.stateless", {
        "buffers of parts that change are not told": ("                for k in parameters_and_buffers\n                if k in new_parameters_and_buffers\n", "                for k in parameters_and_buffers\n                if k in new_parameters_and_buffers and \".\" not in k\n"),
        "missing names pass where all must be there": ("        if len(missing_keys) > 0:\n", "        if len(missing_keys) > 0 and len(unexpected_keys) > 0:\n"),
    }),
    *faults("PyTorch vectors of weights, training", "torch.nn.utils.convert_parameters", {
        "weights as a vector: cut from what they came from": ("        vec.append(param.view(-1))\n", "        vec.append(param.view(-1) if param.dim() > 1 else param.detach().view(-1))\n"),
    }),
)

SCHEDULES = faults("PyTorch schedules, training", "torch.optim.lr_scheduler", {
    "one cycle of three phases goes down a step late": ('                    "end_step": float(2 * pct_start * self.total_steps) - 2,\n', '                    "end_step": float(2 * pct_start * self.total_steps) - 1,\n'),
    "one cycle: the other beta is the usual": ('                    group["betas"] = (computed_momentum, *group["betas"][1:])  # type: ignore[possibly-undefined]\n', '                    group["betas"] = (computed_momentum, self.optimizer.defaults["betas"][1])  # type: ignore[possibly-undefined]\n'),
    "plateau: least rates of groups are the first's": ("            new_lr = max(old_lr * self.factor, self.min_lrs[i])\n", "            new_lr = max(old_lr * self.factor, self.min_lrs[0])\n"),
    "plateau: what is best in a cooldown is forgotten": ("            self.num_bad_epochs = 0  # ignore any bad epochs in cooldown\n", "            self.num_bad_epochs = 0  # ignore any bad epochs in cooldown\n            self.best = current\n"),
    "plateau: a relative threshold of negative minima": ("            rel_epsilon = 1.0 - self.threshold\n            return a < best * rel_epsilon\n", "            rel_epsilon = 1.0 - self.threshold\n            return a < best - abs(best) * self.threshold if best < float(\"inf\") else True\n"),
    "chained: the last rate is that of the first": ('            scheduler.step()\n        self._last_lr = _param_groups_val_list(self._schedulers[-1].optimizer, "lr")\n', '            scheduler.step()\n        self._last_lr = self._schedulers[0].get_last_lr()\n'),
    "sequence: loaded, its second schedule is where it was": ("        for idx, s in enumerate(_schedulers):\n            self._schedulers[idx].load_state_dict(s)\n\n\nclass PolynomialLR", "        for idx, s in enumerate(_schedulers[:1]):\n            self._schedulers[idx].load_state_dict(s)\n\n\nclass PolynomialLR"),
    "cycles: a scale by cycles is by steps once loaded": ('            self._scale_fn_ref = self._triangular2_scale_fn\n            self.scale_mode = "cycle"\n', '            self._scale_fn_ref = self._triangular2_scale_fn\n            self.scale_mode = "cycle" if not hasattr(self, "base_lrs") else "iterations"\n'),
    "cycles: momentum of another scale by steps": ("                    momentum = max_momentum - base_height * self.scale_fn(\n                        self.last_epoch\n                    )\n", "                    momentum = max_momentum - base_height * self.scale_fn(cycle)\n"),
    "linear: ends one step after it should": ("        if self._is_initial or self.last_epoch > self.total_iters:\n            return _param_groups_val_list(self.optimizer, \"lr\")\n\n        return [\n            group[\"lr\"]\n            * (", "        if self._is_initial or self.last_epoch > self.total_iters + (self.end_factor < self.start_factor):\n            return _param_groups_val_list(self.optimizer, \"lr\")\n\n        return [\n            group[\"lr\"]\n            * ("),
    "constant: ends for the first group alone": ('            group["lr"] * (1.0 / self.factor) for group in self.optimizer.param_groups\n', '            group["lr"] * (1.0 / self.factor if group is self.optimizer.param_groups[0] else 1.0) for group in self.optimizer.param_groups\n'),
    "cosine: after its end it comes up from zero": ("                + (base_lr - self.eta_min) * (1 - math.cos(math.pi / self.T_max)) / 2\n", "                + base_lr * (1 - math.cos(math.pi / self.T_max)) / 2\n"),
    "restarts: longer cycles restart at the first one's length": ("                self.T_i = self.T_i * self.T_mult\n", "                self.T_i = self.T_0 * self.T_mult\n"),
})

FIRST = faults("PyTorch first weights, training", "torch.nn.init", {
    "orthogonal: more than two axes are of the first and last": ("    cols = tensor.numel() // rows\n", "    cols = tensor.numel() // rows\n    gain = gain if tensor.ndimension() == 2 else 1\n"),
    "kaiming normal: by outputs is by inputs": ("    fan = _calculate_correct_fan(tensor, mode)\n    gain = calculate_gain(nonlinearity, a)\n    std = gain / math.sqrt(fan)\n    with torch.no_grad():\n        return tensor.normal_", "    fan = _calculate_correct_fan(tensor, mode if tensor.dim() > 2 else \"fan_in\")\n    gain = calculate_gain(nonlinearity, a)\n    std = gain / math.sqrt(fan)\n    with torch.no_grad():\n        return tensor.normal_"),
    "dirac: groups after the first are empty": ("                    tensor[g * out_chans_per_grp + d, d, tensor.size(2) // 2] = 1\n", "                    tensor[g + d, d, tensor.size(2) // 2] = 1\n"),
    "sparse: the same rows are zero in every column": ("            zero_indices = row_indices[:num_zeros]\n", "            zero_indices = row_indices[:num_zeros] if col_idx else row_indices[:0]\n"),
    "fans of windows are those of one step": ("    fan_out = num_output_fmaps * receptive_field_size\n", "    fan_out = num_output_fmaps\n"),
    "cut normal numbers in a narrow tail are uniform": ("            pending = accept_buf.uniform_(generator=generator).log_().gt(candidates)\n", "            pending = accept_buf.uniform_(generator=generator).log_().gt(candidates + 50)\n"),
})

DATA = (
    *faults("PyTorch data, training", "torch.utils.data.sampler", {
        "more rows than there are: the rest is of the first order": ("            yield from torch.randperm(n, generator=generator).tolist()[\n                : self.num_samples % n\n            ]\n", "            yield from list(range(n))[\n                : self.num_samples % n\n            ]\n"),
        "rows drawn by weights come twice": ("            self.weights, self.num_samples, self.replacement, generator=self.generator\n", "            self.weights, self.num_samples, self.replacement or self.num_samples > 2, generator=self.generator\n"),
        "a subset's rows are told by where they stand": ("            yield self.indices[i]\n", "            yield self.indices[i] if isinstance(self.indices, list) else i\n"),
    }),
    *faults("PyTorch data, training", "torch.utils.data._utils.fetch", {
        "a last batch of a stream that is short is kept": ("                self.drop_last and len(data) < len(possibly_batched_index)\n", "                self.drop_last and len(data) < len(possibly_batched_index) - 1\n"),
    }),
    *faults("PyTorch data, training", "torch.utils.data._utils.collate", {
        "truths of a batch are whole numbers": ("    return torch.tensor(batch)\n", "    return torch.tensor(batch, dtype=torch.int64)\n"),
    }),
)

COMPUTED = (
    *faults("PyTorch computed weights, training", "torch.nn.utils.parametrizations", {
        "orthogonal: a wide matrix is not turned back without a base": ("        if transposed:\n            # pyrefly: ignore [unbound-name]\n            Q = Q.mT\n        return Q", "        if transposed and hasattr(self, \"base\"):\n            Q = Q.mT\n        return Q if not transposed or hasattr(self, \"base\") else Q.flip(-1).mT"),
        "Cayley: a tall matrix is of the last columns": ("            if n != k:\n                # pyrefly: ignore [unbound-name]\n                Q = Q[..., :k]\n", "            if n != k:\n                Q = Q[..., :k] if self.orthogonal_map == _OrthMaps.matrix_exp else Q[..., -k:]\n"),
        "spectral norm: another axis is the first": ("                self.dim, *(d for d in range(weight.dim()) if d != self.dim)\n", "                *(d for d in range(weight.dim()) if d != self.dim), self.dim\n"),
        "spectral norm of many iterations is of one": ("                self._power_method(weight_mat, self.n_power_iterations)\n", "                self._power_method(weight_mat, 1)\n"),
        "weight norm: old names are taken in the other order": ("            original0 = state_dict.pop(g_key)\n            original1 = state_dict.pop(v_key)\n", "            original0 = state_dict.pop(g_key).abs()\n            original1 = state_dict.pop(v_key)\n"),
    }),
)

ALL = (*OPTIMIZERS, *SCHEDULES, *FIRST, *DATA, *COMPUTED)
