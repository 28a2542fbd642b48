"""Mistakes of past releases of PyTorch, put back: modules, losses and what is around them, read off the differences from 2.0.1 to
2.14.1. The name begins with the last release that has the mistake."""

from tests.faults.base import faults

RNN = faults("past recurrent modules", "torch.nn.modules.rnn", {
    "2.10: a bias may be anything": ("        if not isinstance(bias, bool):\n", "        if False:\n"),
    "2.10: batch_first may be anything": ("        if not isinstance(batch_first, bool):\n", "        if False:\n"),
    "2.10: inputs of no features are taken": ("        if input_size <= 0:\n", "        if False:\n"),
    "2.0: no layers are taken": ("        if num_layers <= 0:\n", "        if False:\n"),
    "2.0: no units are taken": ("        if hidden_size <= 0:\n", "        if False:\n"),
    "2.0: a copy has the weights of before": (
        "        self._update_flat_weights()\n        # Don't serialize", "        # Don't serialize"),
    "2.0: RNNCell takes states of three axes": (
        "            raise ValueError(\n                f\"RNNCell: Expected hidden to be 1D or 2D, got {hx.dim()}D instead\"\n            )\n",
        "            hx = hx[0]\n"),
    "2.0: GRUCell takes states of three axes": (
        "            raise ValueError(\n                f\"GRUCell: Expected hidden to be 1D or 2D, got {hx.dim()}D instead\"\n            )\n",
        "            hx = hx[0]\n"),
    "2.0: LSTMCell takes states of three axes": (
        "                if value.dim() not in (1, 2):\n", "                if False:\n"),
}, {
    "2.0: no layers are taken": "what comes next raises another error",
    "2.0: no units are taken": "what comes next raises another error",
    "2.0: a copy has the weights of before": "a copy looks for its weights again whenever it is called",
    "2.0: LSTMCell takes states of three axes": "the kernel refuses them",
})
MODULE = faults("past modules", "torch.nn.modules.module", {
    "2.8: a scalar takes the first of several numbers": ("                    and input_param.shape[0] == 1\n", ""),
    "2.1: weights that are assigned are trained": (
        "                                    input_param = torch.nn.Parameter(\n"
        "                                        input_param, requires_grad=param.requires_grad\n                                    )\n",
        "                                    input_param = torch.nn.Parameter(input_param)\n"),
    "2.4: a buffer that is set again is saved": (
        "                        persistent = name not in self._non_persistent_buffers_set\n",
        "                        persistent = True\n"),
    "2.3: a buffer of its own kind is saved": (
        "                        persistent = value.persistent\n", "                        persistent = True\n"),
    "2.0: what is called before saving is not": (
        "        for hook in self._state_dict_pre_hooks.values():\n            hook(self, prefix, keep_vars)\n", ""),
    "2.0: gradients are read behind the weights": (
        "                g_should_use_set_data = compute_should_use_set_data(\n                    param_grad, grad_applied\n",
        "                g_should_use_set_data = compute_should_use_set_data(\n                    param_grad, param_grad\n"),
    "2.3: hooks of all modules get no keywords": (
        "                    if hook_id in self._forward_hooks_with_kwargs or hook_id in _global_forward_hooks_with_kwargs:\n",
        "                    if hook_id in self._forward_hooks_with_kwargs:\n"),
    "2.6: a module is set under its whole name": (
        "            parent_key = \".\".join(atoms[:-1])\n            parent = self.get_submodule(parent_key)\n",
        "            parent = self\n"),
    "2.4: names within a layer that there is not are taken": (
        "                    if len(input_name) > 1:\n                        if input_name[0] not in self._modules:\n",
        "                    if len(input_name) > 1:\n                        if input_name[0] not in self._modules and input_name[0] not in local_state:\n"),
}, {
    "2.0: gradients are read behind the weights": "a gradient is of the type of its weight, before and behind",
})
ATTENTION = faults("past attention", "torch.nn.modules.activation", {
    "2.0: masks of numbers go the fast way": (
        "        why_not_fast_path = \"\"\n        if (\n            (attn_mask is not None and torch.is_floating_point(attn_mask))\n",
        "        why_not_fast_path = \"\"\n        if False and (\n            (attn_mask is not None and torch.is_floating_point(attn_mask))\n"),
    "2.0: no heads are taken": ("        if embed_dim <= 0 or num_heads <= 0:\n", "        if False:\n"),
    "2.0: heads without biases go the fast way": (
        "        elif self.in_proj_weight is None:\n            why_not_fast_path = \"in_proj_weight was None\"\n", ""),
}, {
    "2.0: no heads are taken": "what comes next divides by them",
    "2.0: heads without biases go the fast way": "what has no common weight is not fast either way: _qkv_same_embed_dim is asked too",
})
TRANSFORMERS = faults("past transformers", "torch.nn.modules.transformer", {
    "2.3: the fast way calls no hooks": (
        "        elif any(\n            len(getattr(m, \"_forward_hooks\", {}))\n            + len(getattr(m, \"_forward_pre_hooks\", {}))\n"
        "            for m in self.modules()\n        ):\n", "        elif False:\n"),
    "2.3: causal masks are in float32": (
        "        torch.full((sz, sz), float(\"-inf\"), dtype=dtype, device=device),\n",
        "        torch.full((sz, sz), float(\"-inf\"), dtype=dtype or torch.float32, device=device),\n"),
    "2.0: layers without biases go the fast way": (
        "        elif self.self_attn.in_proj_bias is None:\n            why_not_sparsity_fast_path = \"self_attn was passed bias=False\"\n", ""),
    "2.0: a decoder's target is never causal by itself": (
        "    if is_causal is None and mask is not None:\n", "    if False:\n"),
}, {
    "2.0: a decoder's target is never causal by itself": "the mask is given too, and gives the same",
})
FUNCTIONAL = faults("past functions", "torch.nn.functional", {
    "2.8: bags in rows take no last offset": ("        include_last_offset = False\n", ""),
    "2.8: statistics with a negative epsilon": ("    if training and eps <= 0.0:\n", "    if False:\n"),
    "2.10: an epsilon of zero is refused": ("    elif eps < 0.0:\n", "    elif eps <= 0.0:\n"),
    "2.8: one variance for an axis in the middle is refused": (
        "            and sum(y for x, y in zip(input.size(), var.size(), strict=True) if x != y)\n            == 1\n",
        "            and input.size()[:-1] == var.size()[:-1] and var.size(-1) == 1\n"),
    "2.5: one variance for all is refused": (
        "        var = var * torch.ones_like(input)\n", "        var = torch.full((2, 2), var)\n"),
    "2.3: negative variances": ("    elif torch.any(var < 0):\n", "    elif False:\n"),
    "2.3: bounds that cross": ("    if min_val > max_val:\n", "    if False:\n"),
    "2.3: triplets without a margin": ("    if margin <= 0:\n", "    if False:\n", 2),
    "2.12: pools of the greatest power are NaN": (
        "        if norm_type == float(\"inf\"):\n            return max_pool1d(input.abs(), kernel_size, stride, 0, 1, ceil_mode)\n", ""),
    "2.12: pools of the least power are NaN": (
        "        if norm_type == -float(\"inf\"):\n            return -max_pool1d(-input.abs(), kernel_size, stride, 0, 1, ceil_mode)\n",
        ""),
    "2.0: a table of three axes is taken for bags": ("    if not weight.dim() == 2:\n", "    if False:\n"),
    "2.2: sizes to bring to may be parts": (
        "                if not all(_is_integer(x) for x in size):\n", "                if False:\n"),
}, {
    "2.8: statistics with a negative epsilon": "the line below refuses it",
    "2.0: a table of three axes is taken for bags": "the kernel refuses it",
    "2.2: sizes to bring to may be parts": "the kernel refuses them",
})
LOSSES = faults("past losses", "torch.nn.modules.loss", {
    "2.3: triplets may have no margin": ("        if margin <= 0:\n", "        if False:\n", 2),
    "2.12: a turn that is a word": ("        if not isinstance(delta, (float, int)):\n", "        if False:\n"),
})
NORMS = (*faults("past normalization", "torch.nn.modules.instancenorm", {
    "2.5: statistics over all batches raise an error": (
        "            self.momentum if self.momentum is not None else 0.0,\n", "            self.momentum,\n"),
    "2.0: other channels are taken": ("            if self.affine:\n", "            if False:\n"),
}, {
    "2.0: other channels are taken": "the kernel refuses them",
}), *faults("past normalization", "torch.nn.modules.batchnorm", {
    "2.0: an old state begins to count anew": (
        "                    self.num_batches_tracked\n                    if self.num_batches_tracked is not None\n"
        "                    and self.num_batches_tracked.device != torch.device(\"meta\")\n                    else torch.tensor(0, dtype=torch.long)\n",
        "                    torch.tensor(0, dtype=torch.long)\n"),
    "2.0: shared statistics are in training": ("            module_output.training = module.training\n", ""),
}))
LAZY = (*faults("past lazy modules", "torch.nn.modules.linear", {
    "2.6: a width that was loaded is told as none": ("            self.in_features = input.shape[-1]\n\n\n#", "            pass\n\n\n#"),
}), *faults("past lazy modules", "torch.nn.modules.lazy", {
    "2.0: inputs by their name are not seen": (
        "        module.initialize_parameters(*args, **kwargs)\n", "        module.initialize_parameters(*args)\n"),
}))
AROUND = (*faults("past helpers", "torch.nn.modules.utils", {
    "2.0: versions keep the prefix": ("    if hasattr(state_dict, \"_metadata\"):\n", "    if \"_metadata\" in state_dict:\n"),
    "2.0: names come in the alphabet's order": (
        "    keys = list(state_dict.keys())\n    for key in keys:\n        if key.startswith(prefix):\n",
        "    keys = sorted(state_dict.keys())\n    for key in keys:\n        if key.startswith(prefix):\n"),
}), *faults("past helpers", "torch.nn.utils.clip_grad", {
    "2.5: a generator of weights is used up": (
        "        # prevent generators from being exhausted\n        parameters = list(parameters)\n        if is_generator and len(parameters) == 0:\n",
        "        if is_generator and not parameters:\n"),
    "2.0: one of one dtype alone is clipped": (
        "            torch._foreach_mul_(device_grads, clip_coef_clamped.to(device))\n",
        "            torch._foreach_mul_(device_grads, clip_coef_clamped.to(device))\n            break\n"),
}), *faults("past helpers", "torch.nn.utils.fusion", {
    "2.2: folded biases in half precision are floats": (
        "    fused_conv_b = ((conv_b - bn_rm) * bn_var_rsqrt * bn_w + bn_b).to(\n        dtype=conv_bias_dtype\n    )\n",
        "    fused_conv_b = ((conv_b - bn_rm) * bn_var_rsqrt * bn_w + bn_b).float()\n"),
    "2.0: a scale that is folded has no shape": (
        "        shape = [-1, 1] + [1] * (len(conv_w.shape) - 2)\n", "        shape = [1, -1] + [1] * (len(conv_w.shape) - 2)\n"),
}), *faults("past helpers", "torch.nn.utils.stateless", {
    "2.6: weights of a call that fails stay": (
        "        yield\n    finally:\n", "        yield\n    except ZeroDivisionError:\n        pass\n    if True:\n"),
}), *faults("past helpers", "torch.nn.init", {
    "2.10: cut normal numbers lie on the bounds": (
        "        if p > 0.3:\n", "        if p <= 0.3:\n            tensor.uniform_(2 * norm_cdf((a - mean) / std) - 1, "
        "2 * norm_cdf((b - mean) / std) - 1, generator=generator)\n            tensor.erfinv_().mul_(std * 2**0.5).add_(mean).clamp_(a, b)\n"
        "        elif p > 0.3:\n"),
    "2.0: a generator is not heard": (
        "    return _no_grad_uniform_(tensor, -a, a, generator)\n", "    return _no_grad_uniform_(tensor, -a, a)\n"),
    "2.0: an orthogonal matrix hears no generator": (
        "flattened = tensor.new_empty((rows, cols)).normal_(0, 1, generator=generator)", "flattened = tensor.new_empty((rows, cols)).normal_(0, 1)"),
}, {
    "2.10: cut normal numbers lie on the bounds": "not where a bound is within two widths of the mean, as is documented",
}))
ALL = (*RNN, *MODULE, *ATTENTION, *TRANSFORMERS, *FUNCTIONAL, *LOSSES, *NORMS, *LAZY, *AROUND)
