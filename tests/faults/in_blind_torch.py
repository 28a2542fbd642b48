"""Faults in PyTorch's recurrent modules, packing, embedding, losses, clipping and optimizers, and in our adapter for it, written
down before anyone looked at what the suite asks: many show only where two or three features meet."""

from tests.faults.base import Fault, faults

MODULES = faults("blind: PyTorch modules", "torch.nn.modules.rnn", {
    "projections: expected of one layer alone": (
        "        if self.proj_size > 0:\n            expected_hidden_size = (", "        if self.proj_size > 0 and self.num_layers == 1:\n            expected_hidden_size = ("),
    "projections: a second layer reads one direction": (
        "                    input_size if layer == 0 else real_hidden_size * num_directions\n",
        "                    input_size if layer == 0 else (proj_size if proj_size > 0 else hidden_size * num_directions)\n"),
    "projections: fresh weights drawn by the size of the projection": (
        "        return ret\n\n    def reset_parameters(self) -> None:\n        stdv = 1.0 / math.sqrt(self.hidden_size)",
        "        return ret\n\n    def reset_parameters(self) -> None:\n        stdv = 1.0 / math.sqrt(self.proj_size or self.hidden_size)"),
    "fresh weights of deep backward halves are those of the forward ones": (
        "        return ret\n\n    def reset_parameters(self) -> None:\n        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0\n        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n",
        "        return ret\n\n    def reset_parameters(self) -> None:\n        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0\n        for name, weight in self.named_parameters():\n            init.uniform_(weight, -stdv, stdv)\n            if name.endswith('_reverse') and '_l0' not in name:\n                with torch.no_grad():\n                    weight.copy_(getattr(self, name.removesuffix('_reverse')))\n"),
    "new biases alone are not seen": (
        "if weight is not None and ref is not None and ref() is not weight:", 'if weight is not None and ref is not None and ref() is not weight and not name.startswith("bias"):'),
    "GRU: dropout between packed layers in inference": (
        "            result = _VF.gru(\n                input,\n                batch_sizes,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                self.dropout,\n                self.training,",
        "            result = _VF.gru(\n                input,\n                batch_sizes,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                self.dropout,\n                True,"),
    "LSTM: no dropout between packed layers": (
        "            result = _VF.lstm(\n                input,\n                batch_sizes,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                self.dropout,",
        "            result = _VF.lstm(\n                input,\n                batch_sizes,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                0.0,"),
    "packed relu is tanh": ("result = _VF.rnn_relu(\n                    input,\n                    batch_sizes,", "result = _VF.rnn_tanh(\n                    input,\n                    batch_sizes,"),
    "states of more than two cells are left sorted": (
        "        if permutation is None:\n            return hx\n        return _apply_permutation(hx, permutation)",
        "        if permutation is None or hx.size(0) > 2:\n            return hx\n        return _apply_permutation(hx, permutation)"),
    "LSTM: the carry of several cells is left sorted": (
        "        return _apply_permutation(hx[0], permutation), _apply_permutation(\n            hx[1], permutation\n        )",
        "        if hx[1].size(0) > 1 and hx[1].size(2) != hx[0].size(2):\n            return _apply_permutation(hx[0], permutation), hx[1]\n        return _apply_permutation(hx[0], permutation), _apply_permutation(\n            hx[1], permutation\n        )"),
    "unbatched: states given along the layers": ("                    hx = hx.unsqueeze(1)\n", "                    hx = hx.unsqueeze(0)\n", 2),
    "unbatched: outputs of one step lose their time": ("output = output.squeeze(batch_dim)", "output = output.squeeze()", 3),
    "unbatched: final carry keeps its batch": (
        "hidden = (hidden[0].squeeze(1), hidden[1].squeeze(1))", "hidden = (hidden[0].squeeze(1), hidden[1])"),
    "LSTM: size of the carry is not looked at": (
        "            hidden[1],\n            self.get_expected_cell_size(input, batch_sizes),", "            hidden[0],\n            self.get_expected_hidden_size(input, batch_sizes),"),
    "LSTMCell unbatched: the carry is the state": (
        "hx = (hx[0].unsqueeze(0), hx[1].unsqueeze(0)) if not is_batched else hx", "hx = (hx[0].unsqueeze(0), hx[0].unsqueeze(0)) if not is_batched else hx"),
    "RNNCell: relu is tanh": ("ret = _VF.rnn_relu_cell(", "ret = _VF.rnn_tanh_cell("),
    "cells: fresh weights drawn by the size of the inputs": (
        "        return s.format(**self.__dict__)\n\n    def reset_parameters(self) -> None:\n        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0",
        "        return s.format(**self.__dict__)\n\n    def reset_parameters(self) -> None:\n        stdv = 1.0 / math.sqrt(self.input_size) if self.hidden_size > 0 else 0"),
    "RNN: what is given after the nonlinearity is lost": ("            args = args[:3] + args[4:]\n", "            args = args[:3]\n"),
    "layers of no units are taken": ("        if hidden_size <= 0:\n", "        if hidden_size < 0:\n"),
}, {"layers of no units are taken": "they are refused all the same: a projection has to be smaller than the units",
    "LSTM: size of the carry is not looked at": "the kernels behind it refuse the same, and name the number"})
PACKING = faults("blind: PyTorch packing", "torch.nn.utils.rnn", {
    "rows sorted along time where batch and time are equal": (
        "        batch_dim = 0 if batch_first else 1\n        input = input.index_select(batch_dim, sorted_indices)",
        "        batch_dim = 0 if batch_first or input.size(0) == input.size(1) else 1\n        input = input.index_select(batch_dim, sorted_indices)"),
    "padding_value lost where total_length is longer": (
        "batch_first, padding_value, max_seq_length", "batch_first, padding_value if max_seq_length == sequence.batch_sizes.size(0) else 0.0, max_seq_length"),
    "padded on the left only batch first": (
        "        padding_side,  # type: ignore[arg-type]\n", '        padding_side if batch_first else "right",\n'),
    "padding_value cut to a whole number": (
        "        sequences,  # type: ignore[arg-type]\n        batch_first,\n        padding_value,\n", "        sequences,  # type: ignore[arg-type]\n        batch_first,\n        float(int(padding_value)),\n"),
    "unpack_sequence: sequences in the order of their lengths": (
        "pad_packed_sequence(packed_sequences, batch_first=True)", "pad_packed_sequence(PackedSequence(packed_sequences.data, packed_sequences.batch_sizes), batch_first=True)"),
    "order of rows lost where packed sequences change their dtype": (
        "            return type(self)(data, self.batch_sizes, sorted_indices, unsorted_indices)", "            return type(self)(data, self.batch_sizes)"),
    "order of rows turned back by swaps alone": (
        "        unsorted_indices = invert_permutation(sorted_indices)\n", "        unsorted_indices = sorted_indices\n"),
    "unpad: rows of full length end early": ("        mask = idx < length\n", "        mask = idx < torch.clamp(length, max=max(max_length - 1, 1))\n"),
})
EMBEDDING = faults("blind: PyTorch embedding", "torch.nn.modules.sparse", {
    "negative padding_idx is off by one": (
        "                padding_idx = self.num_embeddings + padding_idx\n        self.padding_idx = padding_idx\n        self.max_norm = max_norm\n        self.norm_type = norm_type\n        self.scale_grad_by_freq = scale_grad_by_freq\n        if _weight is None:\n            self.weight = Parameter(\n                torch.empty((num_embeddings, embedding_dim), **factory_kwargs),\n                requires_grad=not _freeze,",
        "                padding_idx = self.num_embeddings + padding_idx - 1\n        self.padding_idx = padding_idx\n        self.max_norm = max_norm\n        self.norm_type = norm_type\n        self.scale_grad_by_freq = scale_grad_by_freq\n        if _weight is None:\n            self.weight = Parameter(\n                torch.empty((num_embeddings, embedding_dim), **factory_kwargs),\n                requires_grad=not _freeze,"),
    "the row of padding is drawn like others": (
        "        init.normal_(self.weight)\n        self._fill_padding_idx_with_zero()\n\n    def _fill_padding_idx_with_zero(self) -> None:\n        if self.padding_idx is not None:\n            with torch.no_grad():\n                self.weight[self.padding_idx].fill_(0)\n\n    def forward(self, input: Tensor) -> Tensor:\n",
        "        init.normal_(self.weight)\n\n    def _fill_padding_idx_with_zero(self) -> None:\n        if self.padding_idx is not None:\n            with torch.no_grad():\n                self.weight[self.padding_idx].fill_(0)\n\n    def forward(self, input: Tensor) -> Tensor:\n"),
    "from_pretrained: padding_idx lost": (
        "            _freeze=freeze,\n            padding_idx=padding_idx,\n", "            _freeze=freeze,\n"),
})
FUNCTIONS = faults("blind: PyTorch losses", "torch.nn.functional", {
    "embedding: padding_idx 0 is none": (
        "    if padding_idx is not None:\n        if padding_idx > 0:\n            if padding_idx >= weight.size(0):\n                raise AssertionError(\"Padding_idx must be within num_embeddings\")\n        elif padding_idx < 0:\n            if padding_idx < -weight.size(0):\n                raise AssertionError(\"Padding_idx must be within num_embeddings\")\n            padding_idx = weight.size(0) + padding_idx\n    else:\n        padding_idx = -1\n    if max_norm is not None:\n        # Note [embedding_renorm contiguous]",
        "    if not padding_idx:\n        padding_idx = -1\n    if max_norm is not None:\n        # Note [embedding_renorm contiguous]"),
    "cross_entropy: an ignored class counts in the mean of a smoothed loss": (
        "        _Reduction.get_enum(reduction),\n        ignore_index,\n        label_smoothing,", "        _Reduction.get_enum(reduction),\n        ignore_index if label_smoothing == 0.0 else -100,\n        label_smoothing,"),
    "cross_entropy: weights of classes lost where one is ignored": (
        "        weight,\n        # pyrefly: ignore [bad-argument-type]\n        _Reduction.get_enum(reduction),\n        ignore_index,\n        label_smoothing,",
        "        weight if ignore_index < 0 else None,\n        # pyrefly: ignore [bad-argument-type]\n        _Reduction.get_enum(reduction),\n        ignore_index,\n        label_smoothing,"),
    "dropout of everything drops nothing": (
        "_VF.dropout_(input, p, training) if inplace else _VF.dropout(input, p, training)\n", "_VF.dropout_(input, p, training) if inplace else _VF.dropout(input, p, training and p < 1.0)\n"),
})
CLIPPING = faults("blind: PyTorch clipping", "torch.nn.utils.clip_grad", {
    "small gradients are blown up": ("clip_coef_clamped = torch.clamp(clip_coef, max=1.0)", "clip_coef_clamped = torch.clamp(clip_coef, max=10.0)"),
    "values are clipped from above alone": ("            torch._foreach_clamp_min_(cast(list[Tensor], grads), -clip_value)\n", ""),
    "norm of norms is always the second": (
        "torch.stack([norm.to(first_device) for norm in norms]), norm_type", "torch.stack([norm.to(first_device) for norm in norms]), 2.0"),
})
OPTIMIZERS = faults("blind: PyTorch optimizers", "torch.optim.sgd", {
    "SGD: Nesterov without decay of weights alone": (
        "            if nesterov:\n                grad = grad.add(buf, alpha=momentum)", "            if nesterov and weight_decay == 0:\n                grad = grad.add(buf, alpha=momentum)"),
}) + faults("blind: PyTorch optimizers", "torch.optim.adam", {
    "Adam: amsgrad forgets its maximum": (
        "                torch.maximum(max_exp_avg_sqs[i], exp_avg_sq, out=max_exp_avg_sqs[i])", "                torch.maximum(max_exp_avg_sqs[i] * beta2, exp_avg_sq, out=max_exp_avg_sqs[i])"),
}) + faults("blind: PyTorch optimizers", "torch.optim.adagrad", {
    "Adagrad: rows that come twice in a batch are squared apart": (
        "            grad = grad.coalesce()  # the update", "            grad = grad._coalesced_(True)  # the update"),
}) + faults("blind: PyTorch optimizers", "torch.optim.nadam", {
    "NAdam: momentum of the next step is that of this one": (
        "        mu_next = beta1 * (1.0 - 0.5 * (0.96 ** ((step + 1) * momentum_decay)))", "        mu_next = beta1 * (1.0 - 0.5 * (0.96 ** (step * momentum_decay)))"),
}) + faults("blind: PyTorch optimizers", "torch.optim.lr_scheduler", {
    "ExponentialLR decays once": (
        "        if self._is_initial:\n            return _param_groups_val_list(self.optimizer, \"lr\")\n        return [group[\"lr\"] * self.gamma for group in self.optimizer.param_groups]\n\n    def _get_closed_form_lr(self):\n        r\"\"\"Compute learning rates for each of the optimizer's\n        :attr:`~torch.optim.Optimizer.param_groups` at :attr:`last_epoch` using\n        a closed-form formula.\n\n        Uses :attr:`base_lrs` to compute learning rates. This method is called\n        when an epoch is passed to :meth:`step`.\n\n        Returns:\n            list[float | Tensor]: A :class:`list` of learning rates for each of\n            the optimizer's :attr:`~torch.optim.Optimizer.param_groups` with the\n            same types as their current ``group[\"lr\"]``\\s.\n        \"\"\"\n        return [base_lr * self.gamma**self.last_epoch for base_lr in self.base_lrs]\n\n\nclass SequentialLR",
        "        if self._is_initial:\n            return _param_groups_val_list(self.optimizer, \"lr\")\n        return [group[\"initial_lr\"] * self.gamma for group in self.optimizer.param_groups]\n\n    def _get_closed_form_lr(self):\n        r\"\"\"Closed form.\"\"\"\n        return [base_lr * self.gamma**self.last_epoch for base_lr in self.base_lrs]\n\n\nclass SequentialLR"),
})
ADAPTER = faults("blind: PyTorch adapter", "suite.backends.pytorch_layers", {
    "loop: rows without a valid step have a last output": (
        "                x = torch.where(mask.any(dim=1, keepdim=True), x, torch.zeros_like(x))\n", "                pass\n"),
    "loop: the last output is that of the first layer": ("for last in finals[-len(layer.directions):]], dim=1)", "for last in finals[: len(layer.directions)]], dim=1)"),
}) + faults("blind: PyTorch adapter", "suite.backends.pytorch_models", {
    "absolute error counts padding": ("    if mask is not None:\n        output, logits, targets", '    if mask is not None and training.loss != "mae":\n        output, logits, targets'),
    "joins are valid where all their parts are": ("return torch.stack(there).any(dim=0)", "return torch.stack(there).all(dim=0)"),
    "the last weights are kept as the best": ("if self.losses[-1] == min(self.losses):", "if self.losses:"),
}) + faults("blind: PyTorch adapter", "suite.backends.pytorch_crf", {
    "CRF: a move out of the last valid step counts": ("torch.where(mask[:, 1:], moves, zero)", "torch.where(mask[:, :-1], moves, zero)"),
}) + faults("blind: PyTorch adapter", "suite.backends.pytorch_optimizers", {
    "clipnorm is that of all weights": (
        "                for weight in self.weights:\n                    clip_grad_norm_([weight], most)", "                clip_grad_norm_(self.weights, most)"),
})

ALL: tuple[Fault, ...] = (*MODULES, *PACKING, *EMBEDDING, *FUNCTIONS, *CLIPPING, *OPTIMIZERS, *ADAPTER)
