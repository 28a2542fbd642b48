"""Mistakes of past releases of PyTorch, put back: optimizers, schedules, averages, loaders and what is computed again, read off the
differences from 2.0.1 to 2.14.1. The name begins with the last release that has the mistake."""

from tests.faults.base import faults

OPTIMIZER = faults("past optimizers", "torch.optim.optimizer", {
    "2.6: a rate in a list is no number": ("        return x.squeeze()\n", "        return x\n"),
    "2.0: nested states keep their dtype": (
        "                return {\n                    k: _cast(\n                        param, v, param_id=param_id, "
        "param_groups=param_groups, key=k\n                    )\n                    for k, v in value.items()\n                }\n",
        "                return {k: v for k, v in value.items()}\n"),
    "2.0: gradients set to zero together stay": ("                        torch._foreach_zero_(grads)\n", "                        pass\n"),
    "2.5: names of weights are lost where they are loaded": (
        "                new_group[\"param_names\"] = group[\"param_names\"]\n", "                pass\n"),
    "2.5: named weights come without their names": (
        "                param_group[\"param_names\"] = extracted_param_names\n", "                pass\n"),
    "2.0: steps of fused optimizers are loaded as weights are": (
        "                return value.to(dtype=torch.float32, device=param.device)\n",
        "                return value.to(dtype=param.dtype, device=param.device)\n"),
    "2.5: named and nameless groups together": (
        "            if (\"param_names\" in param_group) != (\"param_names\" in group):\n", "            if False:\n"),
}, {
    "2.0: steps of fused optimizers are loaded as weights are": "the kernel of the CPU reads a step of either type",
})
RULES = (*faults("past optimizers", "torch.optim.adamw", {
    "2.7: old states make it Adam": ("            group[\"decoupled_weight_decay\"] = True\n", "            pass\n"),
}), *faults("past optimizers", "torch.optim.asgd", {
    "2.3: together the power is taken of the step alone": (
        "                torch.as_tensor(lr / ((1 + lambd * lr * step) ** alpha), device=device)\n",
        "                torch.as_tensor(lr / (1 + lambd * lr * step**alpha), device=device)\n"),
    "2.2: together every weight has the first one's step": (
        "                torch.as_tensor(lr / ((1 + lambd * lr * step) ** alpha), device=device)\n                for step in grouped_state_steps\n",
        "                torch.as_tensor(lr / ((1 + lambd * lr * grouped_state_steps[0]) ** alpha), device=device)\n"
        "                for step in grouped_state_steps\n"),
}), *faults("past optimizers", "torch.optim.adagrad", {
    "2.10: weights that are added later have no state": ("                if len(state) == 0:\n", "                if False:\n"),
    "2.3: together sparse gradients are always followed down": (
        "                has_sparse_grad=True,\n                maximize=maximize,\n", "                has_sparse_grad=True,\n                maximize=False,\n"),
}), *faults("past optimizers", "torch.optim.adam", {
    "2.8: betas in lists are no numbers": (
        "        beta1 = _to_scalar(beta1)\n        beta2 = _to_scalar(beta2)\n", "        pass\n"),
    "2.8: betas are kept in lists": ("        betas = tuple(map(_to_scalar, betas))\n", ""),
}, {
    "2.8: betas in lists are no numbers": "a tensor of one number computes as the number",
    "2.8: betas are kept in lists": "a tensor of one number computes as the number",
}), *faults("past optimizers", "torch.optim.sgd", {
    "2.3: without momentum a momentum is kept": (
        "            if group[\"momentum\"] != 0:\n                # update momentum_buffers in state\n", "            if True:\n"),
}), *faults("past optimizers", "torch.optim.lbfgs", {
    "2.8: a search goes on for ever": ("                        max_ls=max_eval - current_evals,\n", ""),
}))
SCHEDULES = faults("past schedules", "torch.optim.lr_scheduler", {
    "2.6: exponential: going on from an epoch decays again": (
        "        if self._is_initial:\n            return _param_groups_val_list(self.optimizer, \"lr\")\n        return [group[\"lr\"] * self.gamma",
        "        if self.last_epoch == 0:\n            return _param_groups_val_list(self.optimizer, \"lr\")\n        return [group[\"lr\"] * self.gamma"),
    "2.6: cosine: going on from an epoch decays again": (
        "        if self._is_initial:\n            return _param_groups_val_list(self.optimizer, \"lr\")\n        elif self._step_count == 1",
        "        if self.last_epoch == 0:\n            return _param_groups_val_list(self.optimizer, \"lr\")\n        elif self._step_count == 1"),
    "2.6: lines and powers: going on from an epoch decays again": (
        "        if self._is_initial or self.last_epoch > self.total_iters:\n",
        "        if self.last_epoch == 0 or self.last_epoch > self.total_iters:\n", 2),
    "2.6: products: going on from an epoch decays again": (
        "        if not self._is_initial:\n", "        if self.last_epoch > 0:\n"),
    "2.3: the first rate is the one in use": (
        "                if isinstance(initial_lr, Tensor):\n                    initial_lr = initial_lr.clone()\n", ""),
    "2.8: the first rates are shared": (
        "        group[key].clone() if isinstance(group[key], Tensor) else group[key]\n", "        group[key]\n"),
    "2.3: a rate that is a tensor is replaced": (
        "        param_group[key].fill_(_to_scalar(val))\n", "        param_group[key] = val\n"),
    "2.8: a plateau replaces the tensor": (
        "                _update_param_group_val(param_group, \"lr\", new_lr)\n", "                param_group[\"lr\"] = new_lr\n"),
    "2.8: restarts replace the tensor": (
        "            ):\n                _update_param_group_val(param_group, \"lr\", lr)\n", "            ):\n                param_group[\"lr\"] = lr\n"),
    "2.8: a sequence puts the first rate in use": (
        "            _update_param_group_val(group, \"lr\", group[\"initial_lr\"])\n", "            group[\"lr\"] = group[\"initial_lr\"]\n"),
    "2.12: a sequence begins with a schedule of no epochs": (
        "        idx = bisect_right(self._milestones, 0)\n", "        idx = 0\n"),
    "2.4: a plateau's least rates are those of the groups there were": (
        "                self.min_lrs = [self.default_min_lr] * len(self.optimizer.param_groups)\n", "                pass\n"),
    "2.4: restarts that come late are missed": (
        "                self.T_cur = self.T_cur % self.T_i\n", "                self.T_cur = self.T_cur - self.T_i\n"),
    "2.3: one cycle takes epochs without their steps": (
        "        elif epochs is not None and steps_per_epoch is not None:\n", "        elif epochs is not None:\n            steps_per_epoch = steps_per_epoch or 1\n"),
    "2.3: a sequence of nothing": (
        "        if len(schedulers) < 1:\n", "        if False:\n", 2),
    "2.4: a sequence takes a plateau": ("            if isinstance(scheduler, ReduceLROnPlateau):\n", "            if False:\n", 2),
    "2.6: what multiplies need not be a function": ("            if not callable(lr_lambda):\n", "            if False:\n"),
}, {
    "2.6: cosine: going on from an epoch decays again": "the equation of the epoch gives the same",
    "2.3: a sequence of nothing": "what comes next raises another error",
})
AVERAGES = faults("past averages", "torch.optim.swa_utils", {
    "2.3: more than all may be kept": ("    if decay < 0.0 or decay > 1.0:\n", "    if False:\n", 2),
    "2.8: how rates go is saved as a function": ("            if key not in (\"optimizer\", \"anneal_func\")\n", "            if key != \"optimizer\"\n"),
    "2.0: whole numbers are averaged by parts": (
        "        if torch.is_floating_point(ema_param_list[0]) or torch.is_complex(\n            ema_param_list[0]\n        ):\n", "        if True:\n"),
    "2.3: averages of whole numbers count one less": (
        "                    [num_averaged + 1] * len(averaged_param_list),\n", "                    [num_averaged] * len(averaged_param_list),\n"),
}, {
    "2.3: averages of whole numbers count one less": "AveragedModel counts in a tensor, which goes another way",
})
DATA = (*faults("past loaders", "torch.utils.data.dataset", {
    "2.10: tensors of other lengths lie together": (
        "        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):\n",
        "        if all(tensors[0].size(0) != tensor.size(0) for tensor in tensors):\n"),
    "2.0: a stack is as long as its first set": (
        "            if any(self._length != len(dataset) for dataset in args):  # type: ignore[arg-type]\n", "            if False:\n"),
}), *faults("past loaders", "torch.utils.data.sampler", {
    "2.6: a sampler names tensors": (
        "        for i in torch.randperm(len(self.indices), generator=self.generator).tolist():\n            yield self.indices[i]\n",
        "        for i in torch.randperm(len(self.indices), generator=self.generator):\n            yield i\n"),
}), *faults("past loaders", "torch.utils.data._utils.collate", {
    "2.0: dictionaries with a default become plain": (
        "            if isinstance(elem, collections.abc.MutableMapping):\n", "            if False:\n"),
    "2.0: sparse rows are put together": ("    if elem.layout in {\n", "    if elem.layout in set() and {\n"),
}), *faults("past loaders", "torch.utils.data._utils.fetch", {
    "2.0: rows that come by many are asked for one by one": (
        "            if hasattr(self.dataset, \"__getitems__\") and self.dataset.__getitems__:\n", "            if False:\n"),
}))
AGAIN = faults("past checkpoints", "torch.utils.checkpoint", {
    "2.0: keywords are lost where it is computed again": (
        "                nested_fx_trace_ctx,\n            ):  # type: ignore[attr-defined]\n                fn(*args, **kwargs)\n",
        "                nested_fx_trace_ctx,\n            ):  # type: ignore[attr-defined]\n                fn(*args)\n"),
    "2.8: it is computed to its end": (
        "        _enable_checkpoint_early_stop if _enable_checkpoint_early_stop is not None else early_stop,\n", "        False,\n"),
    "2.10: devices are forgotten where it is computed again": ("                device_ctx,\n", ""),
    "2.0: autocast is forgotten where it is computed again": (
        "                torch.amp.autocast(\"cpu\", **cpu_autocast_kwargs),\n                recompute_context,\n",
        "                recompute_context,\n"),
}, {
    "2.8: it is computed to its end": "it gives the same, later",
    "2.10: devices are forgotten where it is computed again": "there is one device alone",
    "2.0: autocast is forgotten where it is computed again": "where the device is the CPU its autocast is entered twice",
})
ALL = (*OPTIMIZER, *RULES, *SCHEDULES, *AVERAGES, *DATA, *AGAIN)
