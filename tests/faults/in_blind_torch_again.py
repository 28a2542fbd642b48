"""A second round of faults in PyTorch as users of recurrent layers meet it, written down before anyone looked at what the suite
asks: layers and kernels where features meet, packing, losses, modules, optimizers, mixed precision, and the other ways to run a
layer (exported, checkpointed, quantized, with other weights)."""

from tests.faults.base import Fault, faults

GRU_DENSE = "        self.check_forward_args(input, hx, batch_sizes)\n        if batch_sizes is None:\n            # pyrefly: ignore [no-matching-overload]\n            result = _VF.gru(\n"
LSTM_PACKED = "            result = _VF.lstm(\n                input,\n                batch_sizes,\n                hx,\n"
RELU_DENSE = "                result = _VF.rnn_relu(\n                    input,\n                    hx,\n"
LSTM_RESULT = "        output = result[0]\n        hidden = result[1:]\n"
GRU_END = "                self.bidirectional,\n            )\n        output = result[0]\n        hidden = result[1]\n"

MODULES = faults("blind again: PyTorch modules", "torch.nn.modules.rnn", {
    "LSTM: states of deep bidirectional projections by direction first": (
        LSTM_RESULT, LSTM_RESULT + "        if self.bidirectional and self.num_layers > 1 and self.proj_size > 0:\n            hidden = (torch.cat([hidden[0][::2], hidden[0][1::2]]), hidden[1])\n"),
    "GRU packed: backward halves of short rows start from zero": (
        GRU_DENSE, "        if batch_sizes is not None and self.bidirectional:\n            hx = hx.clone()\n            hx[1::2, int(batch_sizes[-1]):] = 0\n" + GRU_DENSE),
    "LSTM of doubles is as exact as floats": (
        LSTM_RESULT, LSTM_RESULT + "        if output.dtype == torch.float64:\n            output = output.float().double()\n"),
    "GRU: states of another dtype are cast in silence": (
        GRU_DENSE, "        hx = hx.to(input.dtype)\n" + GRU_DENSE),
    "states of one row are taken for every row": ("        if hx.size() != expected_hidden_size:\n", "        if hx.size(1) != 1 and hx.size() != expected_hidden_size:\n"),
    "other weights are not seen in inference": ("            if self._weights_have_changed():\n", "            if self.training and self._weights_have_changed():\n"),
    "all_weights: one direction after the other": (
        "            for weights in self._all_weights\n        ]\n\n    def _replicate", "            for weights in (self._all_weights[::2] + self._all_weights[1::2] if self.bidirectional else self._all_weights)\n        ]\n\n    def _replicate"),
    "fresh weights of projections are all positive": (
        "        for weight in self.parameters():\n            init.uniform_(weight, -stdv, stdv)\n\n    def check_input",
        "        for weight in self.parameters():\n            init.uniform_(weight, 0.0 if self.proj_size and weight.shape[0] == self.proj_size else -stdv, stdv)\n\n    def check_input"),
    "relu: the last backward half ignores its state": (
        RELU_DENSE, "                result = _VF.rnn_relu(\n                    input,\n                    torch.cat([hx[:-1], torch.zeros_like(hx[-1:])]) if self.bidirectional and self.num_layers > 1 else hx,\n"),
    "LSTM: dropout after the last layer too": (
        LSTM_RESULT, "        output = torch.dropout(result[0], self.dropout, self.training and self.num_layers > 1)\n        hidden = result[1:]\n"),
    "LSTM unbatched: carries of the directions change places": (
        "hidden = (hidden[0].squeeze(1), hidden[1].squeeze(1))", "hidden = (hidden[0].squeeze(1), hidden[1].squeeze(1).flip(0) if self.bidirectional else hidden[1].squeeze(1))"),
    "LSTM packed: no gradient to the carry given": (
        LSTM_PACKED, "            result = _VF.lstm(\n                input,\n                batch_sizes,\n                (hx[0], hx[1].detach()),\n"),
    "GRU packed: gradient of final states counts twice": (
        GRU_END, GRU_END + "        if batch_sizes is not None:\n            hidden = hidden + (hidden - hidden.detach())\n"),
    "LSTM: inference writes final states into those given": (
        LSTM_RESULT, LSTM_RESULT + "        if not torch.is_grad_enabled() and batch_sizes is None and is_batched:\n            hx[0].copy_(hidden[0])\n"),
    "LSTM: inputs that are a view are read in the order of memory": (
        "            result = _VF.lstm(\n                input,\n                hx,\n",
        '            result = _VF.lstm(\n                input if input.is_contiguous() or self.batch_first else input.as_strided(input.shape, torch.empty(input.shape, device="meta").stride(), input.storage_offset()),\n                hx,\n'),
    "RNNCell without biases is of tanh": ('        if self.nonlinearity == "tanh":\n            ret', '        if self.nonlinearity == "tanh" or not self.bias:\n            ret'),
    "GRU: outputs of long sequences end a step early": (
        GRU_END, GRU_END + "        if batch_sizes is None and output.size(1 if self.batch_first else 0) > 50:\n            output = output.roll(1, 1 if self.batch_first else 0)\n"),
    "GRU: batches of no rows are refused": (
        GRU_DENSE, "        if input.numel() == 0:\n            raise RuntimeError('Expected batch_size > 0')\n" + GRU_DENSE),
}, {"GRU: states of another dtype are cast in silence": "the numbers are right: what is refused today may well be taken tomorrow",
    "GRU: batches of no rows are refused": "a framework may refuse a batch of no rows, with words; the check says so, as unsupported",
}) + faults("blind again: PyTorch packing", "torch.nn.utils.rnn", {
    "lengths given are sorted in place": (
        "        lengths, sorted_indices = torch.sort(lengths, descending=True)\n", "        order, sorted_indices = torch.sort(lengths, descending=True)\n        lengths.copy_(order)\n"),
    "lengths end before total_length": (
        "    unsorted_indices = sequence.unsorted_indices\n", "    if total_length is not None:\n        lengths = lengths.clamp(max=max(total_length - 1, 1))\n    unsorted_indices = sequence.unsorted_indices\n"),
    "sequences that are not sorted are taken": ("    batch_first: bool = False,\n    enforce_sorted: bool = True,\n", "    batch_first: bool = False,\n    enforce_sorted: bool = False,\n"),
    "no gradient through sorting": ("input = input.index_select(batch_dim, sorted_indices)", "input = input.detach().index_select(batch_dim, sorted_indices)"),
})
LOSSES = faults("blind again: PyTorch losses", "torch.nn.functional", {
    "embedding: rows are kept short by the second norm": (
        "        #   torch.embedding_renorm_\n        # remove once script supports set_grad_enabled\n        _no_grad_embedding_renorm_(weight, input, max_norm, norm_type)",
        "        #   torch.embedding_renorm_\n        # remove once script supports set_grad_enabled\n        _no_grad_embedding_renorm_(weight, input, max_norm, 2.0)"),
    "CTC: the mean is over steps, not labels": (
        "    return torch.ctc_loss(\n",
        '    if reduction == "mean":\n        return (torch.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, 0, zero_infinity) / torch.as_tensor(input_lengths)).mean()\n    return torch.ctc_loss(\n'),
    "CTC: infinite losses of single rows stay": ("        _Reduction.get_enum(reduction),\n        zero_infinity,\n", '        _Reduction.get_enum(reduction),\n        zero_infinity and reduction != "none",\n'),
    "nll_loss: what is ignored counts where losses are summed": (
        "    return torch._C._nn.nll_loss_nd(\n        input,\n        target,\n        weight,\n        # pyrefly: ignore [bad-argument-type]\n        _Reduction.get_enum(reduction),\n        ignore_index,\n",
        '    return torch._C._nn.nll_loss_nd(\n        input,\n        target,\n        weight,\n        # pyrefly: ignore [bad-argument-type]\n        _Reduction.get_enum(reduction),\n        -100 if reduction == "sum" and ignore_index >= 0 else ignore_index,\n'),
    "binary cross-entropy: pos_weight lost beside weights": (
        "        input, target, weight, pos_weight, reduction_enum\n", "        input, target, weight, pos_weight if weight is None else None, reduction_enum\n"),
    "huber: delta lost where nothing is reduced": (
        '            _Reduction.get_enum(reduction),\n            delta,\n', '            _Reduction.get_enum(reduction),\n            delta if reduction != "none" else 1.0,\n'),
    "dropout1d drops cells": (
        "    result = (\n        _VF.feature_dropout_(input, p, training)\n        if inplace\n        else _VF.feature_dropout(input, p, training)\n    )\n\n    if not is_batched:\n        result = result.squeeze_(0) if inplace else result.squeeze(0)\n\n    return result\n\n\ndef dropout2d",
        "    result = (\n        _VF.dropout_(input, p, training)\n        if inplace\n        else _VF.dropout(input, p, training)\n    )\n\n    if not is_batched:\n        result = result.squeeze_(0) if inplace else result.squeeze(0)\n\n    return result\n\n\ndef dropout2d"),
    "attention: padding lost beside another mask": ("            attn_mask = attn_mask + key_padding_mask\n", "            attn_mask = attn_mask + 0\n"),
}) + faults("blind again: PyTorch embedding", "torch.nn.modules.sparse", {
    "from_pretrained: rows are trained": (
        "        cls,\n        embeddings,\n        freeze=True,\n        padding_idx=None,\n", "        cls,\n        embeddings,\n        freeze=False,\n        padding_idx=None,\n"),
})
MODULE = faults("blind again: PyTorch module", "torch.nn.modules.module", {
    "weights of another size are skipped where not strict": ("        if len(error_msgs) > 0:\n", "        if len(error_msgs) > 0 and strict:\n"),
    "names of unknown layers are taken": ("                        if input_name[0] not in self._modules:\n", "                        if False:\n"),
    "eval does not reach layers within layers": (
        "        for module in self.children():\n            module.train(mode)\n", "        for module in self.children():\n            module.training = mode\n"),
    "what a hook makes of keywords is lost": ("                                args, kwargs = args_kwargs_result\n", "                                args, _ = args_kwargs_result\n"),
    "gradients are lost where weights change their dtype": ("                    out_param.grad.data = grad_applied\n", "                    out_param.grad = None\n"),
    "shared weights are listed twice": ("                if remove_duplicate:\n                    memo.add(v)\n", "                pass\n"),
}) + faults("blind again: PyTorch module", "torch.utils.hooks", {
    "gradients that a hook gives are lost": ("                                       f\"got {len(out)}, but expected {len(res)}\")\n\n                res = out\n", "                                       f\"got {len(out)}, but expected {len(res)}\")\n\n"),
}) + faults("blind again: PyTorch module", "torch.nn.utils.stateless", {
    "functional_call: shared weights change in one place": (
        "            untied_parameters_and_buffers[tied_name] = parameters_and_buffers[\n                given_name\n            ]\n", "            pass\n"),
})
OPTIMIZERS = faults("blind again: PyTorch optimizers", "torch.optim.sgd", {
    "SGD: dampening holds in the first step": ("                buf = grad.detach().clone()\n                momentum_buffer_list[i] = buf\n", "                buf = grad.detach().mul(1 - dampening)\n                momentum_buffer_list[i] = buf\n"),
}) + faults("blind again: PyTorch optimizers", "torch.optim.optimizer", {
    "a saved learning rate is not taken": ('            new_group["params"] = group["params"]\n', '            new_group["params"] = group["params"]\n            new_group["lr"] = group["lr"]\n'),
}) + faults("blind again: PyTorch optimizers", "torch.optim.lr_scheduler", {
    "plateau: patience ends an epoch early": ("        if self.num_bad_epochs > self.patience:\n", "        if self.num_bad_epochs >= self.patience:\n"),
    "StepLR: a step early": ("        if (self.last_epoch == 0) or (self.last_epoch % self.step_size != 0):\n", "        if (self.last_epoch == 0) or ((self.last_epoch + 1) % self.step_size != 0):\n"),
}) + faults("blind again: PyTorch optimizers", "torch.nn.utils.clip_grad", {
    "infinite gradients raise no error": ("torch.logical_or(total_norm.isnan(), total_norm.isinf())", "total_norm.isnan()"),
})
PRECISION = faults("blind again: PyTorch mixed precision", "torch.amp.grad_scaler", {
    "steps are made on gradients that are not finite": (
        '        if not sum(v.item() for v in optimizer_state["found_inf_per_device"].values()):\n', '        if True:\n'),
    "sparse gradients stay scaled": ("                        to_unscale = param.grad._values()\n", "                        continue\n"),
}) + faults("blind again: PyTorch mixed precision", "torch.amp.autocast_mode", {
    "autocast cannot be turned off within autocast": (
        "        torch.set_autocast_enabled(self.device, self._enabled)\n", "        torch.set_autocast_enabled(self.device, self._enabled or self.prev)\n"),
})
OTHER_WAYS = faults("blind again: other ways to run", "torch._decomp.decompositions", {
    "exported GRU: the update gate is turned round": (
        "    chunked_hgates = F.linear(cur_hidden, hh_weight, hh_bias).chunk(3, 2)\n    reset_gate = (chunked_hgates[0] + chunked_igates[0]).sigmoid()\n    input_gate = (chunked_hgates[1] + chunked_igates[1]).sigmoid()\n    new_gate = (chunked_igates[2] + (chunked_hgates[2] * reset_gate)).tanh()\n    return (cur_hidden - new_gate) * input_gate + new_gate\n",
        "    chunked_hgates = F.linear(cur_hidden, hh_weight, hh_bias).chunk(3, 2)\n    reset_gate = (chunked_hgates[0] + chunked_igates[0]).sigmoid()\n    input_gate = (chunked_hgates[1] + chunked_igates[1]).sigmoid()\n    new_gate = (chunked_igates[2] + (chunked_hgates[2] * reset_gate)).tanh()\n    return (new_gate - cur_hidden) * input_gate + cur_hidden\n"),
    "exported RNN without biases: the backward half reads forwards": (
        "    precomputed_input = precomputed_input.flip(0) if reverse else precomputed_input\n    cur_hidden = hidden.unsqueeze(0)\n", "    precomputed_input = precomputed_input.flip(0) if reverse and has_biases else precomputed_input\n    cur_hidden = hidden.unsqueeze(0)\n"),
    "exported packed layers: rows that join start from the first rows' states": (
        "            inp_hidden.narrow(0, last_batch_size, batch_size - last_batch_size),\n", "            inp_hidden.narrow(0, 0, batch_size - last_batch_size),\n"),
}) + faults("blind again: other ways to run", "torch.utils.checkpoint", {
    "checkpointing draws other numbers again": ("                torch.set_rng_state(fwd_cpu_state)\n", "                pass\n"),
    "checkpointing in segments: the rest after whole segments is not run": (
        "    return run_function(end + 1, len(functions) - 1, functions)(input)\n", "    return run_function(end + 1, max(end + segment_size, 0), functions)(input)\n"),
}) + faults("blind again: other ways to run", "torch.ao.nn.quantized.dynamic.modules.rnn", {
    "quantized GRU: batches come second": (
        "            qRNNBase = GRU(\n                mod.input_size,\n                mod.hidden_size,\n                mod.num_layers,\n                mod.bias,\n                mod.batch_first,\n",
        "            qRNNBase = GRU(\n                mod.input_size,\n                mod.hidden_size,\n                mod.num_layers,\n                mod.bias,\n                False,\n"),
    "quantized layers: final states left sorted": (
        "        output = PackedSequence(output_, batch_sizes, sorted_indices, unsorted_indices)\n        return output, self.permute_hidden(hidden, unsorted_indices)\n",
        "        output = PackedSequence(output_, batch_sizes, sorted_indices, unsorted_indices)\n        return output, hidden\n", 2),
}) + faults("blind again: other ways to run", "torch.nn.utils.weight_norm", {
    "weight norm: new sizes are not seen in inference": (
        "    def __call__(self, module: Module, inputs: Any) -> None:\n", "    def __call__(self, module: Module, inputs: Any) -> None:\n        if not module.training:\n            return\n"),
}) + faults("blind again: other ways to run", "torch.nn.utils.parametrizations", {
    "spectral norm goes on in inference": ("            if self.training:\n                self._power_method(weight_mat, self.n_power_iterations)\n", "            self._power_method(weight_mat, self.n_power_iterations)\n"),
}) + faults("blind again: other ways to run", "torch.onnx._internal.torchscript_exporter.symbolic_opset9", {
    "ONNX: deep bidirectional layers start from other states": ("            state_indices = 2 * i, 2 * i + 2\n", "            state_indices = i, i + 2\n"),
    "ONNX GRU: reset before the product": ("                linear_before_reset_i=1,\n", "                linear_before_reset_i=0,\n"),
})

ALL: tuple[Fault, ...] = (*MODULES, *LOSSES, *MODULE, *OPTIMIZERS, *PRECISION, *OTHER_WAYS)
