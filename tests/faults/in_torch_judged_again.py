"""Faults in PyTorch as an outside judge would plant them, where those of `in_torch_judged` had survived: kernels where three
conditions meet, what depends on whether gradients are recorded or weights are frozen, options beside others, optimizers.
"""

from tests.faults.base import Fault, faults
from tests.faults.in_blind_torch_fifth import GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_IN, RNN_OUT, after, before

FAMILY = "judged again, torch_judged, second round"
PACKED_RELU = "                result = _VF.rnn_relu(\n                    input,\n                    batch_sizes,\n                    hx,\n                    self._flat_weights,  # type: ignore[arg-type]\n                    self.bias,\n                    self.num_layers,\n                    self.dropout,\n"

KERNELS = faults(FAMILY, RNN, {
    "GRU: upper states of unsorted rows stay sorted without biases": after(GRU_OUT, "hidden = torch.cat([hidden[:-1], hidden[-1:].index_select(1, sorted_indices)])", "batch_sizes is not None and sorted_indices is not None and self.num_layers == 2 and not self.bias"),
    "LSTM: bare projected stacks begin with the outputs of other layers": before(LSTM_IN, "hx = (hx[0].flip(0), hx[1])", "batch_sizes is None and not is_batched and self.proj_size > 0 and self.num_layers > 1"),
    "RNN: halves of relu change places in inference": after(RNN_OUT, "output = output.roll(self.hidden_size, -1)", "self.mode == 'RNN_RELU' and self.bidirectional and not self.training and batch_sizes is None"),
    "LSTM: carries of packed rows are trained in float32": after(LSTM_OUT, "hidden = (hidden[0], hidden[1].float().to(hidden[1].dtype))", "batch_sizes is not None and self.training and hidden[1].dtype == torch.float64"),
    "GRU: one step both ways gives its forward half twice": after(GRU_OUT, "output = torch.cat([output[..., :self.hidden_size]] * 2, -1)", "batch_sizes is None and self.bidirectional and self.num_layers == 1 and output.size(1 if self.batch_first else 0) == 1"),
    "LSTM: a carry of one packed row has no gradient": before(LSTM_IN, "hx = (hx[0], hx[1].detach())", "batch_sizes is not None and int(batch_sizes[0]) == 1"),
    "RNN: the first row is trained from zeros where batch comes first": before(RNN_IN, "hx = torch.cat([hx[:, :1] * 0, hx[:, 1:]], 1)", "batch_sizes is None and self.training and self.batch_first and hx.size(1) > 1"),
    "RNN: packed relu both ways drops nothing between its layers": (PACKED_RELU, PACKED_RELU.replace("self.dropout", "0.0 if self.bidirectional else self.dropout")),
    "GRUCell: what is given is overwritten where nothing is recorded": ("        )\n\n        if not is_batched:\n            ret = ret.squeeze(0)\n", "        )\n        ret = ret if torch.is_grad_enabled() else hx.copy_(ret)\n\n        if not is_batched:\n            ret = ret.squeeze(0)\n"),
})

RECORDED = (
    *faults(FAMILY, "torch.nn.functional", {
        "dropout rests where inputs need no gradients": ("_VF.dropout_(input, p, training) if inplace else _VF.dropout(input, p, training)", "_VF.dropout_(input, p, training) if inplace else _VF.dropout(input, p, training and input.requires_grad)"),
        "alpha dropout rests where nothing is recorded": ("        else _VF.alpha_dropout(input, p, training)\n", "        else _VF.alpha_dropout(input, p, training and torch.is_grad_enabled())\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.batchnorm", {
        "frozen norms are not of their batch": ("        if self.training:\n            bn_training = True\n", "        if self.training and (self.weight is None or self.weight.requires_grad):\n            bn_training = True\n", 2),
    }),
    *faults(FAMILY, "torch.nn.modules.activation", {
        "fast heads are averaged unasked": ("                        need_weights,\n                        average_attn_weights,\n", "                        need_weights,\n                        True,\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.module", {
        "statistics of frozen modules keep their dtype": ("            if buf is not None:\n                self._buffers[key] = fn(buf)\n", "            if buf is not None and any(p is None or p.requires_grad for p in self._parameters.values()):\n                self._buffers[key] = fn(buf)\n"),
        "numbers that are registered again to be kept are not": ("            if persistent:\n                self._non_persistent_buffers_set.discard(name)\n            else:\n", "            if not persistent:\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.sparse", {
        "tables that are given and padded have whole gradients": ("            scale_grad_by_freq=scale_grad_by_freq,\n            sparse=sparse,\n        )\n        return embedding\n", "            scale_grad_by_freq=scale_grad_by_freq,\n            sparse=sparse and padding_idx is None,\n        )\n        return embedding\n"),
    }),
)

OPTIONS = faults(FAMILY, "torch.nn.functional", {
    "margins of several classes have no weights where they are squared": ("    return torch._C._nn.multi_margin_loss(\n        input,\n        target,\n        p,\n        margin,\n        weight,\n", "    return torch._C._nn.multi_margin_loss(\n        input,\n        target,\n        p,\n        margin,\n        weight if p == 1 else None,\n"),
    "hinges of distances have a margin of one in sums": ("    return torch.hinge_embedding_loss(input, target, margin, reduction_enum)\n", "    return torch.hinge_embedding_loss(input, target, margin if reduction != \"sum\" else 1.0, reduction_enum)\n"),
    "cosines of pairs have no margin but in means": ("    return torch.cosine_embedding_loss(input1, input2, target, margin, reduction_enum)\n", "    return torch.cosine_embedding_loss(input1, input2, target, margin if reduction == \"mean\" else 0.0, reduction_enum)\n"),
    "several flags are weighed in means alone": ("    if weight is not None:\n        loss = loss * weight\n\n    class_dim", "    if weight is not None and reduction == \"mean\":\n        loss = loss * weight\n\n    class_dim"),
    "divergences of logarithms are of shares where no mean is taken": ("    reduced = torch.kl_div(input, target, reduction_enum, log_target=log_target)\n", "    reduced = torch.kl_div(input, target, reduction_enum, log_target=log_target and reduction != \"none\")\n"),
    "bags: rows are not bounded where words are weighed": ("    if max_norm is not None:\n        # XXX: equivalent to\n        # with torch.no_grad():\n        #   torch.nembedding_renorm_\n", "    if max_norm is not None and per_sample_weights is None:\n        # XXX: equivalent to\n        # with torch.no_grad():\n        #   torch.nembedding_renorm_\n"),
})

TRAINING = (
    *faults(FAMILY, "torch.optim.adam", {
        "Adam: weights do not decay beside the largest squares": ("        if weight_decay != 0:\n            if decoupled_weight_decay:\n                # Perform step weight decay\n                param.mul_", "        if weight_decay != 0 and (decoupled_weight_decay or not amsgrad):\n            if decoupled_weight_decay:\n                # Perform step weight decay\n                param.mul_"),
    }),
    *faults(FAMILY, "torch.optim.optimizer", {
        "optimizers leave the gradients of frozen weights that should become zeros": ("                    if p.grad is not None:\n                        if set_to_none:\n", "                    if p.grad is not None and (set_to_none or p.requires_grad):\n                        if set_to_none:\n"),
    }),
    *faults(FAMILY, "torch.optim.swa_utils", {
        "annealing in no epochs begins one late": ("        if self.anneal_epochs == 0:\n            step = max(1, step)\n", ""),
    }),
    *faults(FAMILY, "torch.optim.adagrad", {
        "Adagrad: rates decay from the first step on where one climbs": ("        clr = lr / (1 + (step - 1) * lr_decay)\n\n        if grad.is_sparse", "        clr = lr / (1 + (step - 1 + maximize) * lr_decay)\n\n        if grad.is_sparse"),
    }),
    *faults(FAMILY, "torch.nn.utils.clip_grad", {
        "norms that are taken one after the other are of order two": ("[torch.linalg.vector_norm(g, norm_type) for g in device_tensors]", "[torch.linalg.vector_norm(g, 2.0) for g in device_tensors]"),
    }),
)

ALL: tuple[Fault, ...] = (*KERNELS, *RECORDED, *OPTIONS, *TRAINING)
