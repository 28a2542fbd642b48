"""Faults in PyTorch's recurrent modules and in what stands around them, as a judge from outside would plant them: half of them in one
place, half where two features meet."""

from tests.faults.base import faults

FAMILY = "judged, torch_afresh"

GRU_PACKED = ("            input, batch_sizes, sorted_indices, unsorted_indices = input\n            max_batch_size = batch_sizes[0]\n"
              "            if hx is None:\n                num_directions = 2 if self.bidirectional else 1\n")
GRU_CALL = "        if batch_sizes is None:\n            # pyrefly: ignore [no-matching-overload]\n            result = _VF.gru(\n"
RNN_CHECK = "        if hx is None:\n            raise AssertionError(\"hx must not be None\")\n"
LSTM_AFTER = "        output = result[0]\n        hidden = result[1:]\n"

RECURRENT = faults(FAMILY, "torch.nn.modules.rnn", {
    "RNN: an unknown nonlinearity is relu": (
        "        else:\n            raise ValueError(\n                f\"Unknown nonlinearity '{self.nonlinearity}'. Select from 'tanh' or 'relu'.\"\n            )\n",
        "        else:\n            mode = \"RNN_RELU\"\n"),
    "GRUCell: batches without rows are refused": (
        "                f\"GRUCell: Expected hidden to be 1D or 2D, got {hx.dim()}D instead\"\n            )\n        is_batched = input.dim() == 2\n",
        "                f\"GRUCell: Expected hidden to be 1D or 2D, got {hx.dim()}D instead\"\n            )\n        is_batched = input.dim() == 2\n"
        "        if input.size(0) == 0:\n            raise ValueError(\"GRUCell: Expected input to have rows\")\n"),
    "GRUCell: bare rows in float64 are rounded": (
        "        ret = _VF.gru_cell(\n            input,\n", "        ret = _VF.gru_cell(\n            input if is_batched else input.float().to(input.dtype),\n"),
    "GRU: exported both ways its last states change places": (
        "        output = result[0]\n        hidden = result[1]\n\n        # xxx: isinstance check",
        "        output = result[0]\n        hidden = result[1]\n        if not torch.jit.is_scripting():\n"
        "            if torch.compiler.is_compiling() and self.bidirectional:\n                hidden = hidden.flip(0)\n\n        # xxx: isinstance check"),
    "LSTM: a projection has the usual dtype whatever is asked": (
        "                        torch.empty((proj_size, hidden_size), **factory_kwargs)\n", "                        torch.empty((proj_size, hidden_size), device=device)\n"),
    "cells: the recurrent bias has the usual dtype whatever is asked": (
        "            self.bias_hh = Parameter(\n                torch.empty(num_chunks * hidden_size, **factory_kwargs)\n            )\n",
        "            self.bias_hh = Parameter(torch.empty(num_chunks * hidden_size, device=device))\n"),
    "GRU: given states of unsorted rows are sorted for the first layer alone where no biases are": (
        GRU_PACKED,
        GRU_PACKED.replace("            if hx is None:\n", "            if hx is not None and sorted_indices is not None and not self.bias:\n"
                           "                hx = torch.cat([hx[:1], hx[1:].index_select(1, unsorted_indices)])\n            if hx is None:\n")),
    "LSTM: three layers both ways drop nothing between them": (
        "                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                self.dropout,\n"
        "                self.training,\n                self.bidirectional,\n                self.batch_first,\n            )\n        else:\n"
        "            # pyrefly: ignore [no-matching-overload]\n            result = _VF.lstm(\n",
        "                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n"
        "                0.0 if self.bidirectional and self.num_layers > 2 else self.dropout,\n"
        "                self.training,\n                self.bidirectional,\n                self.batch_first,\n            )\n        else:\n"
        "            # pyrefly: ignore [no-matching-overload]\n            result = _VF.lstm(\n"),
    "GRU: in evaluation given states of both ways have no gradient": (
        GRU_CALL, "        if not self.training and self.bidirectional:\n            hx = hx.detach()\n" + GRU_CALL),
    "RNN: the state of one row has no gradient where time comes first": (
        RNN_CHECK, RNN_CHECK + "        if batch_sizes is None and not self.batch_first and hx.size(1) == 1:\n            hx = hx.detach()\n"),
    "packed rows are counted as if they were padded where batch comes first": (
        "    def get_expected_hidden_size(\n        self, input: Tensor, batch_sizes: Tensor | None\n    ) -> tuple[int, int, int]:\n        if batch_sizes is not None:\n",
        "    def get_expected_hidden_size(\n        self, input: Tensor, batch_sizes: Tensor | None\n    ) -> tuple[int, int, int]:\n        if batch_sizes is not None and not self.batch_first:\n"),
    "LSTM: both ways with a projection the outputs of bare sequences have their halves turned": (
        LSTM_AFTER, LSTM_AFTER + "        if not torch.jit.is_scripting():\n            if isinstance(orig_input, Tensor) and orig_input.dim() == 2 and self.proj_size and self.bidirectional:\n"
        "                output = torch.cat(output.chunk(2, -1)[::-1], -1)\n"),
    "LSTM: a carry that grew large is cut in training": (
        LSTM_AFTER, "        output = result[0]\n        hidden = (result[1], result[2].clamp(-3.0, 3.0)) if self.training else result[1:]\n"),
    "LSTM: unsorted packed rows have no gradient of their carries without a bias": (
        "            return output_packed, self.permute_hidden(hidden, unsorted_indices)\n        else:\n            if not is_batched:  # type: ignore[possibly-undefined]\n"
        "                output = output.squeeze(batch_dim)  # type: ignore[possibly-undefined]\n                hidden = (hidden[0]",
        "            if not self.bias and unsorted_indices is not None:\n                hidden = (hidden[0], hidden[1].detach())\n"
        "            return output_packed, self.permute_hidden(hidden, unsorted_indices)\n        else:\n            if not is_batched:  # type: ignore[possibly-undefined]\n"
        "                output = output.squeeze(batch_dim)  # type: ignore[possibly-undefined]\n                hidden = (hidden[0]"),
    "RNN: infinite numbers are cut where relu is packed": (
        RNN_CHECK, RNN_CHECK + "        if batch_sizes is not None and self.mode == \"RNN_RELU\":\n            input = input.nan_to_num()\n"),
}) + faults(FAMILY, "torch.nn.utils.rnn", {
    "lengths in a tuple or an array are refused": ("    if not isinstance(lengths, torch.Tensor):\n        if torch._C", "    if isinstance(lengths, list):\n        if torch._C"),
    "packed: float() casts to nothing": ("        return self.to(dtype=torch.float)\n", "        return self.to()\n"),
    "unpadding refuses rows that are all full": (
        "    max_length = padded_sequences.shape[1]\n", "    max_length = padded_sequences.shape[1]\n    if bool((lengths >= max_length).all()):\n        raise ValueError(\"lengths\")\n"),
})
AROUND = faults(FAMILY, "torch.nn.functional", {
    "feature alpha dropout drops single numbers": ("        else _VF.feature_alpha_dropout(input, p, training)\n", "        else _VF.alpha_dropout(input, p, training)\n"),
    "attention: a causal hint is refused where weights are asked for": (
        "    if is_causal and key_padding_mask is None and not need_weights:\n", "    if is_causal and key_padding_mask is None:\n"),
}) + faults(FAMILY, "torch.nn.modules.dropout", {
    "AlphaDropout rests in training": ("        return F.alpha_dropout(input, self.p, self.training)\n", "        return F.alpha_dropout(input, self.p)\n"),
}) + faults(FAMILY, "torch.nn.modules.sparse", {
    "given tables are bounded by the second norm": (
        "            padding_idx=padding_idx,\n            max_norm=max_norm,\n            norm_type=norm_type,\n", "            padding_idx=padding_idx,\n            max_norm=max_norm,\n"),
}) + faults(FAMILY, "torch.nn.modules.loss", {
    "LinearCrossEntropyLoss: what is ignored counts": ("            ignore_index=self.ignore_index,\n            label_smoothing=self.label_smoothing,\n            options=self.options,\n",
                                                       "            label_smoothing=self.label_smoothing,\n            options=self.options,\n"),
    "KLDivLoss: logarithms are taken for shares in sums": ("log_target=self.log_target\n", "log_target=self.log_target and self.reduction != \"sum\"\n"),
}) + faults(FAMILY, "torch.nn.modules.transformer", {
    "Transformer: weights begin as those of its layers": ("        self._reset_parameters()\n\n        self.d_model", "        self.d_model"),
}) + faults(FAMILY, "torch.nn.modules.container", {
    "ModuleDict: layers that come in a dictionary are sorted by name": ("            for key, module in modules.items():\n                self[key] = module\n",
                                                                        "            for key, module in sorted(modules.items()):\n                self[key] = module\n"),
}) + faults(FAMILY, "torch.nn.modules.instancenorm", {
    "InstanceNorm: tracked statistics are not used": ("            self.training or not self.track_running_stats,\n", "            True,\n"),
}) + faults(FAMILY, "torch.nn.init", {
    "xavier normal: the gain is that of one": ("    return _no_grad_normal_(tensor, 0.0, std, generator)\n", "    return _no_grad_normal_(tensor, 0.0, std / gain, generator)\n"),
}) + faults(FAMILY, "torch.optim.lbfgs", {
    "LBFGS: what is remembered is the first steps": ("                        old_dirs.pop(0)\n                        old_stps.pop(0)\n                        ro.pop(0)\n",
                                                     "                        old_dirs.pop()\n                        old_stps.pop()\n                        ro.pop()\n"),
}) + faults(FAMILY, "torch.optim.lr_scheduler", {
    "cycles: an exponential range is scaled by the cycle": ("            self.scale_mode = \"iterations\"\n", "            self.scale_mode = \"cycle\"\n"),
}) + faults(FAMILY, "torch.nn.utils.spectral_norm", {
    "spectral norm by a hook iterates in evaluation": ("do_power_iteration=module.training", "do_power_iteration=True"),
}) + faults(FAMILY, "torch.nn.utils.prune", {
    "pruned twice: the first mask is forgotten": ("            default_mask = (\n                getattr(module, name + \"_mask\")\n                .detach()\n                .clone(memory_format=torch.contiguous_format)\n            )\n",
                                                  "            default_mask = torch.ones_like(orig)\n"),
}) + faults(FAMILY, "torch.nn.modules.adaptive", {
    "adaptive softmax: clusters after the first are reached as the first is": ("                :, self.shortlist_size + i\n", "                :, self.shortlist_size\n"),
}) + faults(FAMILY, "torch.optim.rprop", {
    "Rprop: steps have no upper bound": ("        step_size.mul_(sign).clamp_(step_size_min, step_size_max)\n", "        step_size.mul_(sign).clamp_(step_size_min)\n"),
}) + faults(FAMILY, "torch.amp.grad_scaler", {
    "scaled gradients may be unscaled twice": ("        if optimizer_state[\"stage\"] is OptState.UNSCALED:\n            raise RuntimeError(\n                \"unscale_() has",
                                               "        if optimizer_state[\"stage\"] is None:\n            raise RuntimeError(\n                \"unscale_() has"),
})
ALL = RECURRENT + AROUND
