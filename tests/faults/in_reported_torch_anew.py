"""Faults that were reported of PyTorch, fourth reading: put back where today's code has the same place, or one that does the same,
some of them only where a further condition meets. Each is named after its report."""

from tests.faults.base import Fault, faults

FAMILY = "reported torch anew"

ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "torch.nn.functional", {
        "pytorch 100709: padding is not merged into a causal mask": (
            "            # We have the attn_mask, and use that to merge kpm into it.\n",
            "            key_padding_mask = None if is_causal else key_padding_mask\n"),
        "pytorch 99282: a causal mask is left out where weights are asked for": (
            "    if is_causal and key_padding_mask is None and not need_weights:\n",
            "    if is_causal and key_padding_mask is None:\n"),
        "pytorch 118025: a mask of the pairs is left out beside one of padding, where no weights are asked for": (
            "            attn_mask = attn_mask + key_padding_mask\n",
            "            attn_mask = attn_mask + key_padding_mask if need_weights else key_padding_mask.expand_as(attn_mask + key_padding_mask)\n"),
        "pytorch 27968: weights are told as they were before anything was dropped": (
            "            attn_output_weights = dropout(attn_output_weights, p=dropout_p)\n\n        attn_output = torch.bmm(attn_output_weights, v)\n",
            "            attn_output = torch.bmm(dropout(attn_output_weights, p=dropout_p), v)\n        else:\n"
            "            attn_output = torch.bmm(attn_output_weights, v)\n"),
        "pytorch 178588: a hint of a causal mask replaces any mask": (
            "        # Otherwise, we use the is_causal hint go as is_causal\n", "        is_causal = attn_mask.dim() == 2\n"),
    }, {"pytorch 27968: weights are told as they were before anything was dropped":
        "no document says which of both is told: Keras tells them as they were before"}),
    *faults(FAMILY, "torch.nn.modules.transformer", {
        "pytorch 86120: padding is kept, and steps are left out": (
            "                output, src_key_padding_mask.logical_not(), mask_check=False\n",
            "                output, src_key_padding_mask.bool(), mask_check=False\n"),
        "pytorch 79927: padding that comes first is taken for padding that comes last": (
            "        elif do_mask_check and not torch._nested_tensor_from_mask_left_aligned(\n            src, src_key_padding_mask.logical_not()\n        ):\n",
            "        elif do_mask_check and src.shape[0] == 1 and not torch._nested_tensor_from_mask_left_aligned(\n"
            "            src, src_key_padding_mask.logical_not()\n        ):\n"),
    }),
    *faults(FAMILY, "torch.nn.utils.rnn", {
        "pytorch 6327: a total length that is too short is taken": (
            "        if total_length < max_seq_length:\n", "        if total_length < max_seq_length and batch_first:\n"),
        "pytorch 36448: steps of the batch are counted in the order that they are given": (
            "        lengths, sorted_indices = torch.sort(lengths, descending=True)\n",
            "        sorted_indices = torch.argsort(lengths, descending=True)\n"),
        "pytorch 144207: steps beyond the longest row are kept": (
            "        max_seq_length = total_length\n", "        max_seq_length = max(total_length, max_seq_length + 1)\n"),
        "pytorch 131884: rows are padded on the left where time comes first alone": (
            "    return torch._C._nn.pad_sequence(\n        sequences,  # type: ignore[arg-type]\n        batch_first,\n        padding_value,\n        padding_side,  # type: ignore[arg-type]\n",
            "    return torch._C._nn.pad_sequence(\n        sequences,  # type: ignore[arg-type]\n        batch_first,\n        padding_value,\n        \"right\" if batch_first else padding_side,  # type: ignore[arg-type]\n"),
    }),
    *faults(FAMILY, "torch.optim.adam", {
        "pytorch 78807: the greatest second moment is not kept where all weights step at once": (
            "                torch._foreach_maximum_(device_max_exp_avg_sqs, device_exp_avg_sqs)\n\n"
            "                # Use the max. for normalizing running avg. of gradient\n"
            "                exp_avg_sq_sqrt = torch._foreach_sqrt(device_max_exp_avg_sqs)\n",
            "                exp_avg_sq_sqrt = torch._foreach_sqrt(\n"
            "                    torch._foreach_maximum(device_max_exp_avg_sqs, device_exp_avg_sqs)\n                )\n"),
        "pytorch 5501: an old file without amsgrad cannot be loaded": (
            "            group.setdefault(\"amsgrad\", False)\n", ""),
    }),
    *faults(FAMILY, "torch.optim.adamw", {
        "pytorch 144972: weights of an old file decay as those of Adam": (
            "            group[\"decoupled_weight_decay\"] = True\n",
            "            group.setdefault(\"decoupled_weight_decay\", True)\n"),
    }),
    *faults(FAMILY, "torch.optim.swa_utils", {
        "pytorch 84053: buffers are those of the first model, where there is one alone": (
            "                b_swa.detach().copy_(b_model.detach().to(b_swa.device))\n",
            "                if b_swa.is_floating_point():\n                    b_swa.detach().copy_(b_model.detach().to(b_swa.device))\n"),
        "pytorch 66686: buffers that are averaged count from the model's first state": (
            "            if copy_param:\n", "            if copy_param and p_model.requires_grad:\n"),
        "pytorch 35032: statistics of the averaged model go on from those of training": (
            "            module.reset_running_stats()\n", ""),
        "pytorch 94820: the average moves by the wrong share": (
            "            torch._foreach_lerp_(ema_param_list, current_param_list, 1 - decay)\n",
            "            torch._foreach_lerp_(ema_param_list, current_param_list, decay)\n"),
    }),
    *faults(FAMILY, "torch.nn.utils.clip_grad", {
        "pytorch 46849: a norm that is not a number is no error": (
            "torch.logical_or(total_norm.isnan(), total_norm.isinf()):", "total_norm.isinf():"),
    }),
    *faults(FAMILY, "torch.optim.lr_scheduler", {
        "pytorch 78003: a cosine that begins anew goes on from the last rate": (
            "                for base_lr, group in zip(\n                    self.base_lrs, self.optimizer.param_groups, strict=True\n                )\n            ]\n"
            "        elif (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:\n",
            "                for base_lr, group in zip(\n                    _param_groups_val_list(self.optimizer, \"lr\"), self.optimizer.param_groups, strict=True\n                )\n            ]\n"
            "        elif (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:\n"),
    }, {"pytorch 78003: a cosine that begins anew goes on from the last rate":
        "a schedule that is made anew leaves the rates as they are, and never comes there"}),
    *faults(FAMILY, "torch.ao.nn.quantized.dynamic.modules.rnn", {
        "pytorch 40102: a quantized cell with ReLU is one with tanh": (
            "            ret = torch.ops.quantized.quantized_rnn_relu_cell_dynamic(\n",
            "            ret = torch.ops.quantized.quantized_rnn_tanh_cell_dynamic(\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.rnn", {
        "pytorch 23700: states of a packed GRU are given in packed order": (
            "            return output_packed, self.permute_hidden(hidden, unsorted_indices)\n        else:\n"
            "            if not is_batched:  # type: ignore[possibly-undefined]\n                output = output.squeeze(batch_dim)"
            "  # type: ignore[possibly-undefined]\n                hidden = hidden.squeeze(1)\n",
            "            return output_packed, self.permute_hidden(hidden, sorted_indices)\n        else:\n"
            "            if not is_batched:  # type: ignore[possibly-undefined]\n                output = output.squeeze(batch_dim)"
            "  # type: ignore[possibly-undefined]\n                hidden = hidden.squeeze(1)\n"),
    }),
)
