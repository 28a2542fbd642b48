"""Faults in PyTorch as an outside judge would plant them, written down blind once more, after modules, cells, packing and attention
were asked wherever two options meet. Most are there only where two or three features meet.
"""

from tests.faults.base import faults
from tests.faults.in_blind_torch_fifth import GRU_IN, GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_OUT, after, before
from tests.faults.in_outside_torch import weights

FAMILY = "torch_crossed_again"

KERNELS = faults(FAMILY, RNN, {
    "LSTM: of more than three packed rows the last ends where the one before does": after(LSTM_OUT, "hidden = (hidden[0], torch.cat([hidden[1][:, :-1], hidden[1][:, -2:-1]], 1))", "batch_sizes is not None and hidden[1].size(1) > 3"),
    "GRU: both ways in low precision the halves are turned": after(GRU_OUT, "output = output.roll(self.hidden_size, -1)", "self.bidirectional and output.dtype in (torch.float16, torch.bfloat16)"),
    "RNN: the third tanh layer has one bias": weights("w * 0 if n.startswith('bias_hh_l2') else w", "self.mode == 'RNN_TANH'"),
    "LSTM: projections are not trained where time comes first": weights("w.detach() if 'weight_hr' in n else w", "self.training and not self.batch_first"),
    "GRU: one step of a bare sequence has twice its gradient": after(GRU_OUT, "output = output * 2 - output.detach()", "batch_sizes is None and not is_batched and input.size(1 if self.batch_first else 0) == 1"),
    "LSTM: stacks that come batch first round the states that they are given while nothing is recorded": before(LSTM_IN, "hx = tuple(h.float().to(h.dtype) for h in hx)", "not torch.is_grad_enabled() and self.batch_first and self.num_layers > 1"),
    "RNN: one packed row both ways has its last states turned": after(RNN_OUT, "hidden = hidden.flip(0)", "batch_sizes is not None and self.bidirectional and int(batch_sizes[0]) == 1 and self.num_layers == 1"),
    "LSTM: kernels are not trained where the first bias is frozen": weights("w.detach() if n.startswith('weight_ih') else w", "self.mode == 'LSTM' and self.bias and not self.bias_ih_l0.requires_grad"),
    "RNN: as many rows as steps come time first in inference mode": after(RNN_OUT, "output = output.transpose(0, 1)", "batch_sizes is None and is_batched and self.batch_first and output.size(0) == output.size(1) and torch.is_inference_mode_enabled()"),
    "GRU: without biases states of unsorted rows have no gradient": before(GRU_IN, "hx = hx.detach()", "not self.bias and sorted_indices is not None"),
    "LSTM: under autocast both ways carries change places": after(LSTM_OUT, "hidden = (hidden[0], hidden[1].flip(0))", "torch.is_autocast_enabled('cpu') and self.bidirectional and self.num_layers == 1"),
    "GRU: inputs that lie in another order are read as they lie": before(GRU_IN, "input = torch.as_strided(input, input.shape, torch.empty(input.shape, device='meta').stride())", "batch_sizes is None and is_batched and not self.batch_first and not input.is_contiguous()"),
    "LSTM: as many layers as rows trade their hidden states": before(LSTM_IN, "hx = (hx[0].transpose(0, 1).contiguous(), hx[1])", "self.proj_size == 0 and hx[0].size(0) == hx[0].size(1) > 1 and batch_sizes is None"),
})

MODULES = faults(FAMILY, RNN, {
    "cells: first states of float16 are in float32": ("            hx = torch.zeros(\n                input.size(0), self.hidden_size, dtype=input.dtype, device=input.device\n            )\n", "            hx = torch.zeros(\n                input.size(0), self.hidden_size, device=input.device,\n                dtype=torch.float32 if input.dtype == torch.float16 else input.dtype\n            )\n", 2),
    "LSTMCell: frozen weights give a bare input no gradient": ("        ret = _VF.lstm_cell(\n            input,\n", "        ret = _VF.lstm_cell(\n            input.detach() if not is_batched and not self.weight_ih.requires_grad else input,\n"),
    "RNNCell: states of relu have no gradient in evaluation": ("            ret = _VF.rnn_relu_cell(\n                input,\n                hx,\n", "            ret = _VF.rnn_relu_cell(\n                input,\n                hx if self.training else hx.detach(),\n"),
    "cells begin within the size of their inputs": ("        return s.format(**self.__dict__)\n\n    def reset_parameters(self) -> None:\n        stdv = 1.0 / math.sqrt(self.hidden_size) if", "        return s.format(**self.__dict__)\n\n    def reset_parameters(self) -> None:\n        stdv = 1.0 / math.sqrt(self.input_size) if"),
})

PACKING = faults(FAMILY, "torch.nn.utils.rnn", {
    "labels without a feature stay sorted": ("            padded_output.index_select(batch_dim, unsorted_indices),\n", "            padded_output.index_select(batch_dim, unsorted_indices) if padded_output.dim() > 2 else padded_output,\n"),
    "whole numbers are sorted along the first axis": ("        batch_dim = 0 if batch_first else 1\n        input = input", "        batch_dim = 0 if batch_first or not input.is_floating_point() else 1\n        input = input"),
    "one row is not unpadded": ("        mask = idx < length\n", "        mask = idx < (length if len(lengths) > 1 else max_length)\n"),
    "sequences without a step are packed as one": ("    lengths = torch.as_tensor([v.size(0) for v in sequences])\n", "    lengths = torch.as_tensor([max(v.size(0), 1) for v in sequences])\n"),
})

AROUND = (
    *faults(FAMILY, "torch.nn.modules.activation", {
        "keys of another width have no bias while nothing is recorded": ("        if not self._qkv_same_embed_dim:\n            attn_output, attn_output_weights = F.multi_head_attention_forward(\n                query,\n                key,\n                value,\n                self.embed_dim,\n                self.num_heads,\n                self.in_proj_weight,\n                self.in_proj_bias,\n", "        if not self._qkv_same_embed_dim:\n            attn_output, attn_output_weights = F.multi_head_attention_forward(\n                query,\n                key,\n                value,\n                self.embed_dim,\n                self.num_heads,\n                self.in_proj_weight,\n                self.in_proj_bias if torch.is_grad_enabled() else None,\n"),
    }),
    *faults(FAMILY, "torch.nn.functional", {
        "weights of one query are the first head's": ("            attn_output_weights = attn_output_weights.mean(dim=1)\n", "            attn_output_weights = attn_output_weights.mean(dim=1) if tgt_len > 1 else attn_output_weights[:, 0]\n"),
        "weighed Huber losses of each number have no weight": ("        if reduction == \"none\":\n            return weighted_loss\n", "        if reduction == \"none\":\n            return unweighted_loss\n"),
        "weights of words in rows are not trained": ("            per_sample_weights = per_sample_weights.reshape(-1)\n", "            per_sample_weights = per_sample_weights.detach().reshape(-1)\n"),
        "one value of a channel is normalized in training": ("    if size_prods == 1:\n        raise ValueError(\n            f\"Expected more than 1 value per channel", "    if size_prods == 0:\n        raise ValueError(\n            f\"Expected more than 1 value per channel"),
    }),
    *faults(FAMILY, "torch.nn.modules.transformer", {
        "a decoder that normalizes first has its second norm twice": ("            x = x + self._ff_block(self.norm3(x))\n", "            x = x + self._ff_block(self.norm2(x))\n"),
        "second norms of layers have the default epsilon": ("        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **factory_kwargs)\n", "        self.norm2 = LayerNorm(d_model, bias=bias, **factory_kwargs)\n", 2),
    }),
)

ALL = (*KERNELS, *MODULES, *PACKING, *AROUND)
