"""A second round of faults in PyTorch as a judge from outside would plant them, in the families where those of the first survived:
transforms, gradients of a part of what is given, training and inference, dtypes of what is loaded, refusals."""

from tests.faults.base import faults
from tests.faults.in_blind_torch_fifth import GRU_OUT, LSTM_IN, RNN, RNN_IN, RNN_OUT, after, before
from tests.faults.in_outside_torch import weights

FAMILY = "judged, torch_anew again"
CELL = "            hx = hx.unsqueeze(0) if not is_batched else hx\n\n        {}"
GRU_CELL = CELL.format("ret = _VF.gru_cell(\n")
RNN_CELL = CELL.format('if self.nonlinearity == "tanh":\n')
CHECKED = '        self.check_forward_args(input, hx, batch_sizes)\n        if self.mode != "RNN_TANH"'

KERNELS = faults(FAMILY, RNN, {
    "GRUCell: mapped over rows, a given state has no gradient": (GRU_CELL, GRU_CELL.replace("\n\n", "\n            if not torch.jit.is_scripting():\n                hx = hx.detach() if torch._C._functorch.is_batchedtensor(hx) else hx\n\n")),
    "RNNCell: forwards no tangents of inputs without biases": (RNN_CELL, RNN_CELL.replace("\n\n", "\n        if not torch.jit.is_scripting():\n            if torch.autograd.forward_ad._current_level >= 0 and not self.bias:\n                input = torch.autograd.forward_ad.unpack_dual(input).primal\n\n")),
    "RNN of relu: forwards no tangents of biases": weights("torch.autograd.forward_ad.unpack_dual(w).primal if n.startswith('bias_hh') else w", "self.mode == 'RNN_RELU' and torch.autograd.forward_ad._current_level >= 0"),
    "GRU: both ways, batch first, no gradient of a gradient of its outputs": after(GRU_OUT, "output.register_hook(torch.Tensor.detach)", "batch_sizes is None and self.bidirectional and self.batch_first and output.requires_grad"),
    "LSTM: traced, it begins from zeros": before(LSTM_IN, "hx = (torch.zeros_like(hx[0]), hx[1])", "torch.jit.is_tracing()"),
    "RNN: frozen layers give states of bare sequences no gradient": before(RNN_IN, "hx = hx.detach()", "batch_sizes is None and not is_batched and not self.weight_hh_l0.requires_grad"),
    "LSTM: a projected state that alone needs a gradient gets none": before(LSTM_IN, "hx = (hx[0].detach(), hx[1])", "self.proj_size > 0 and not input.requires_grad and not hx[1].requires_grad"),
    "GRUCell: inputs that alone need a gradient get none": (GRU_CELL, GRU_CELL.replace("\n\n", "\n        if not self.weight_ih.requires_grad and not hx.requires_grad:\n            input = input.detach()\n\n")),
    "RNN: states of one row are those of any number of layers": (CHECKED, CHECKED.replace("        self.check", "        if batch_sizes is not None or hx.size(1) != 1:\n            self.check")),
    "a module that was pickled does not hear a functional call": ("        self._flat_weight_refs = [\n            weakref.ref(w) if w is not None else None for w in self._flat_weights\n        ]\n\n    @property", "        self._flat_weight_refs = [None for w in self._flat_weights]\n\n    @property"),
    "GRU: time first in inference without biases, both layers end as the first": after(GRU_OUT, "hidden = hidden[:1].expand_as(hidden)", "batch_sizes is None and not self.training and not self.bias and self.num_layers == 2 and not self.bidirectional and not self.batch_first"),
    "LSTM: unsorted rows of a stack both ways: upper carries are zeros": before(LSTM_IN, "hx = (hx[0], torch.cat([hx[1][:2], hx[1][2:] * 0]))", "self.num_layers > 1 and self.bidirectional and sorted_indices is not None"),
    "RNN: one row in doubles, batch first, is rounded": after(RNN_OUT, "output = output.float().to(output.dtype)", "batch_sizes is None and self.batch_first and output.size(0) == 1"),
})

PACKING = faults(FAMILY, "torch.nn.utils.rnn", {
    "numbers to pad with are floats": ("        batch_first,\n        padding_value,\n        padding_side,  # type", "        batch_first,\n        torch.tensor(padding_value, dtype=torch.float32).item() if isinstance(padding_value, float) and not torch.jit.is_scripting() else padding_value,\n        padding_side,  # type"),
})

MODULES = (
    *faults(FAMILY, "torch.nn.modules.module", {
        "what is assigned is cast to what was there": ("                                    input_param = torch.nn.Parameter(\n                                        input_param, requires_grad", "                                    input_param = torch.nn.Parameter(\n                                        input_param.to(param.dtype), requires_grad"),
    }),
    *faults(FAMILY, "torch.nn.modules.sparse", {
        "a table that is given comes in floats": ("            self.weight = Parameter(_weight, requires_grad=not _freeze)\n", "            self.weight = Parameter(_weight.float(), requires_grad=not _freeze)\n"),
        "bags: words have no weights in inference where nothing is recorded": ("            self.sparse,\n            per_sample_weights,\n", "            self.sparse,\n            per_sample_weights if self.training or torch.is_grad_enabled() else None,\n"),
        "tables count how often a word is read in training alone": ("            self.padding_idx,\n            self.max_norm,\n            self.norm_type,\n            self.scale_grad_by_freq,\n", "            self.padding_idx,\n            self.max_norm,\n            self.norm_type,\n            self.scale_grad_by_freq and self.training,\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.batchnorm", {
        "variances of a norm in doubles are floats": ('"running_var", torch.ones(num_features, **factory_kwargs)', '"running_var", torch.ones(num_features, device=device)'),
    }),
    *faults(FAMILY, "torch.nn.modules.instancenorm", {
        "InstanceNorm: without statistics it has none in inference": ("            self.training or not self.track_running_stats,\n", "            self.training,\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.normalization", {
        "LayerNorm: what is added is the usual in inference": ("            input, self.normalized_shape, self.weight, self.bias, self.eps\n        )\n\n    def extra_repr", "            input, self.normalized_shape, self.weight, self.bias, self.eps if self.training else 1e-5\n        )\n\n    def extra_repr"),
    }),
    *faults(FAMILY, "torch.nn.modules.activation", {
        "heads are averaged in inference": ("                average_attn_weights=average_attn_weights,\n", "                average_attn_weights=average_attn_weights or not self.training,\n", 2),
    }),
    *faults(FAMILY, "torch.nn.modules.loss", {
        "HuberLoss: its turn is the usual": ("reduction=self.reduction, delta=self.delta)", "reduction=self.reduction)"),
    }),
    *faults(FAMILY, "torch.nn.modules.transformer", {
        "Transformer: the decoder reads the padding of its memory": ("            memory_key_padding_mask=memory_key_padding_mask,\n            tgt_is_causal", "            tgt_is_causal"),
    }),
    *faults(FAMILY, "torch._decomp.decompositions", {
        "exported packed network of relu is one of tanh": ("hidden_fn=rnn_cell_data(torch.relu)", "hidden_fn=rnn_cell_data(torch.tanh)"),
    }),
    *faults(FAMILY, "torch.optim.radam", {
        "RAdam, together: decoupled decay without the rate": ("                torch._foreach_mul_(grouped_params, 1 - lr * weight_decay)\n", "                torch._foreach_mul_(grouped_params, 1 - weight_decay)\n"),
    }),
    *faults(FAMILY, "torch.optim.adamax", {
        "Adamax, together: the greatest has a sign where it maximizes": ("            torch._foreach_abs_(grouped_grads)\n", "            pass\n"),
    }),
    *faults(FAMILY, "torch.optim.lr_scheduler", {
        "plateau: steps too small to be made are made": ("            if old_lr - new_lr > self.eps:\n", "            if old_lr > new_lr:\n"),
    }),
    *faults(FAMILY, "suite.backends.pytorch", {
        "mixed float16 is mixed bfloat16": ('dtype=self.layers.DTYPES[layer.dtype.removeprefix("mixed_")])', "dtype=self.torch.bfloat16)"),
    }),
)

ALL = (*KERNELS, *PACKING, *MODULES)
