"""Faults in PyTorch as an outside judge would plant them, written down blind a third time: kernels, packing, tables, programs,
attention, losses, parametrizations, weights that are lent.
"""

from tests.faults.base import Fault, faults
from tests.faults.in_blind_torch_fifth import GRU_IN, GRU_OUT, LSTM_IN, LSTM_OUT, RNN, RNN_OUT, after, before
from tests.faults.in_outside_torch import weights

FAMILY = "judged again, torch_judged, third round"

KERNELS = faults(FAMILY, RNN, {
    "LSTM: strides of states are not read": before(LSTM_IN, "hx = tuple(h.as_strided(h.shape, torch.empty(h.shape).stride()) for h in hx)", "batch_sizes is None and not hx[0].is_contiguous()"),
    "LSTM: packed outputs under autocast are in float32": after(LSTM_OUT, "output = output.float()", "batch_sizes is not None and torch.is_autocast_enabled('cpu')"),
    "RNN: the last backward state is that of the last step where batch comes first": after(RNN_OUT, "hidden = torch.cat([hidden[:-1], output[:, -1:, self.hidden_size:].transpose(0, 1)])", "batch_sizes is None and self.bidirectional and self.batch_first and self.num_layers == 1 and is_batched"),
    "GRU: bfloat16 goes by way of float16": after(GRU_OUT, "output = output.half().to(output.dtype)", "output.dtype == torch.bfloat16"),
    "LSTM: a frozen recurrent matrix freezes its bias": weights("w.detach() if n == 'bias_hh_l0' else w", "self.mode == 'LSTM' and not self.weight_hh_l0.requires_grad"),
    "LSTMCell: one row has no biases": ("            self.weight_hh,\n            self.bias_ih,\n            self.bias_hh,\n        )\n\n        if not is_batched:\n            ret = (ret[0]", "            self.weight_hh,\n            self.bias_ih if input.size(0) > 1 else None,\n            self.bias_hh if input.size(0) > 1 else None,\n        )\n\n        if not is_batched:\n            ret = (ret[0]"),
    "GRU: gradients of states of two packed layers are those of one": before(GRU_IN, "hx = torch.cat([hx[:1], hx[1:].detach()])", "batch_sizes is not None and self.num_layers == 2 and not self.bidirectional"),
    "LSTM: bare sequences of one step without states give no gradient": before(LSTM_IN, "input = input.detach()", "batch_sizes is None and not is_batched and input.numel() == input.size(-1) and not bool(hx[0].any())"),
    "RNN: last states of three packed layers both ways are mixed": after(RNN_OUT, "hidden = torch.cat([hidden[:-2], hidden[-2:-1], hidden[-1:] * 1.0 + hidden[-2:-1] * 0.25])", "self.num_layers == 3 and self.bidirectional and batch_sizes is not None"),
}, explained={
    "GRU: bfloat16 goes by way of float16": "states of a GRU lie between -1 and 1, where float16 holds what bfloat16 tells apart",
})

AROUND = (
    *faults(FAMILY, "torch.nn.modules.sparse", {
        "bags of the greatest forget where the last one ends": ("            include_last_offset=include_last_offset,\n            padding_idx=padding_idx,\n        )\n        embeddingbag.weight", "            include_last_offset=include_last_offset and mode != \"max\",\n            padding_idx=padding_idx,\n        )\n        embeddingbag.weight"),
    }),
    *faults(FAMILY, "torch.nn.functional", {
        "features are all dropped in inference at a rate of one": ("        else _VF.feature_dropout(input, p, training)\n", "        else _VF.feature_dropout(input, p, training or p == 1.0)\n", 3),
        "attention: masks of heads are not read where keys are padded": ("            attn_mask = attn_mask + key_padding_mask\n", "            attn_mask = attn_mask + key_padding_mask if attn_mask.size(0) == 1 else key_padding_mask\n"),
        "binary losses: weights of rows are those of the first": ("        weight = weight.expand(new_size)\n", "        weight = weight.expand(new_size) if weight.size() == target.size() else weight[:1].expand(new_size)\n"),
        "embeddings: what pads has a gradient where gradients are by rows": ("    return torch.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)\n", "    return torch.embedding(weight, input, -1 if sparse else padding_idx, scale_grad_by_freq, sparse)\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.transformer", {
        "encoders that are told of padding do not normalise": ("        if self.norm is not None:\n            output = self.norm(output)\n\n        return output\n\n\nclass TransformerDecoder(", "        if self.norm is not None and src_key_padding_mask is None:\n            output = self.norm(output)\n\n        return output\n\n\nclass TransformerDecoder("),
    }),
    *faults(FAMILY, "torch._decomp.decompositions", {
        "exported layers both ways begin backwards with the forward state": ("        if bidirectional:\n            bwd_inp, bwd_hidden = layer_fn(\n                input, bidir_hidden, bidir_params, has_biases, reverse=True\n", "        if bidirectional:\n            bwd_inp, bwd_hidden = layer_fn(\n                input, bidir_hidden if i == 0 else cur_hidden, bidir_params, has_biases, reverse=True\n"),
        "exported layers without biases keep their steps reversed": ("    if reverse:\n        step_output.reverse()\n\n    out = torch.cat(step_output, 0)\n\n    return out, cur_hidden.squeeze(0)\n\n\ndef mkldnn", "    if reverse and has_biases:\n        step_output.reverse()\n\n    out = torch.cat(step_output, 0)\n\n    return out, cur_hidden.squeeze(0)\n\n\ndef mkldnn"),
    }),
    *faults(FAMILY, "torch.nn.utils.parametrize", {
        "values go back through parametrizations in their order": ("            # See https://github.com/pytorch/pytorch/issues/53103\n            for module in reversed(self):", "            for module in list(self):"),
    }),
    *faults(FAMILY, "torch.nn.utils.rnn", {
        "sequences of one step are packed without gradients": ("    data, batch_sizes = _VF._pack_padded_sequence(input, lengths, batch_first)\n", "    data, batch_sizes = _VF._pack_padded_sequence(input, lengths, batch_first)\n    data = data.detach() if batch_sizes.numel() == 1 else data\n"),
        "what pads unpacked rows is zero where they were sorted": ("        sequence.data, sequence.batch_sizes, batch_first, padding_value, max_seq_length\n", "        sequence.data, sequence.batch_sizes, batch_first, padding_value if sequence.sorted_indices is not None else 0.0, max_seq_length\n"),
    }),
    *faults(FAMILY, "torch.optim.sgd", {
        "SGD: momentum that looks ahead decays twice": ("                grad = grad.add(buf, alpha=momentum)\n            else:\n                grad = buf\n\n        # Nested", "                grad = grad.add(buf, alpha=momentum * momentum if dampening == 0 and weight_decay != 0 else momentum)\n            else:\n                grad = buf\n\n        # Nested"),
    }),
)

ALL: tuple[Fault, ...] = (*KERNELS, *AROUND)
