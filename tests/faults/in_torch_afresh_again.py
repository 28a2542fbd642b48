"""More faults in PyTorch's recurrent modules and around them, written where the first ones of their kind had survived."""

from tests.faults.base import faults

FAMILY = "judged, torch_afresh again"

OUTSIDE = "        if not torch.jit.is_scripting():\n"
RNN_CHECK = "        if hx is None:\n            raise AssertionError(\"hx must not be None\")\n"
GRU_CHECK = "        self.check_forward_args(input, hx, batch_sizes)\n        if batch_sizes is None:\n            # pyrefly: ignore [no-matching-overload]\n            result = _VF.gru(\n"
GRU_AFTER = "        output = result[0]\n        hidden = result[1]\n\n        # xxx: isinstance check"
LSTM_CALL = "        if batch_sizes is None:\n            # pyrefly: ignore [no-matching-overload]\n            result = _VF.lstm(\n"
LSTM_AFTER = "        output = result[0]\n        hidden = result[1:]\n"
GRU_DROPS = "                self._flat_weights,  # type: ignore[arg-type]\n                self.bias,\n                self.num_layers,\n                self.dropout,\n                self.training,\n                self.bidirectional,\n            )\n        output = result[0]\n        hidden = result[1]\n\n        # xxx"


def before_gru(when: str, then: str) -> tuple[str, str]:
    """What is done before a GRU's kernel is called."""
    return GRU_CHECK, GRU_CHECK.replace("        if batch_sizes is None:\n", f"{OUTSIDE}            if {when}:\n                {then}\n        if batch_sizes is None:\n")


def behind_gru(when: str, then: str) -> tuple[str, str]:
    """What is done with what came of it."""
    return GRU_AFTER, GRU_AFTER.replace("\n\n", f"\n{OUTSIDE}            if {when}:\n                {then}\n\n")


def before_lstm(when: str, then: str) -> tuple[str, str]:
    """What is done before an LSTM's kernel is called."""
    return LSTM_CALL, f"{OUTSIDE}            if {when}:\n                {then}\n" + LSTM_CALL


def behind_lstm(when: str, then: str) -> tuple[str, str]:
    """What is done with what came of it."""
    return LSTM_AFTER, LSTM_AFTER + f"{OUTSIDE}            if {when}:\n                {then}\n"


RECURRENT = faults(FAMILY, "torch.nn.modules.rnn", {
    "RNN: relu both ways without biases begins backwards with the forward state": (
        RNN_CHECK, RNN_CHECK + "        if self.mode == \"RNN_RELU\" and self.bidirectional and not self.bias:\n            hx = hx[::2].repeat_interleave(2, 0)\n"),
    "RNN: a number that is none becomes zero in bare sequences": (
        RNN_CHECK, RNN_CHECK + OUTSIDE + "            if batch_sizes is None and not is_batched:\n                input = torch.where(input.isnan(), 0.0, input)\n"),
    "RNN: relu both ways reads huge numbers up to a million": (
        RNN_CHECK, RNN_CHECK + "        if self.mode == \"RNN_RELU\" and self.bidirectional:\n            input = input.clamp(max=1e6)\n"),
    "GRU: last states of three layers in batch first come from the top down in evaluation": behind_gru(
        "batch_sizes is None and self.batch_first and self.num_layers == 3 and not self.training", "hidden = hidden.flip(0)"),
    "GRU: sorted packed rows drop nothing between layers": (
        GRU_DROPS, GRU_DROPS.replace("self.dropout,", "self.dropout if sorted_indices is not None else 0.0,")),
    "GRU: large states are cut where rows are packed in evaluation": before_gru(
        "batch_sizes is not None and not self.training", "hx = hx.clamp(-5.0, 5.0)"),
    "GRU: under autocast in inference mode given states are zeros": before_gru(
        "torch.is_inference_mode_enabled() and torch.is_autocast_enabled('cpu')", "hx = torch.zeros_like(hx)"),
    "GRU: packed rows in inference mode forget how they were sorted": (
        "        if isinstance(orig_input, PackedSequence):\n            output_packed = PackedSequence(\n                output,\n                batch_sizes,\n                sorted_indices,\n                unsorted_indices,\n            )\n"
        "            return output_packed, self.permute_hidden(hidden, unsorted_indices)\n        else:\n            if not is_batched:  # type: ignore[possibly-undefined]\n                output = output.squeeze(batch_dim)  # type: ignore[possibly-undefined]\n                hidden = hidden.squeeze(1)\n\n            return",
        "        if isinstance(orig_input, PackedSequence):\n            known = torch.jit.is_scripting() or not torch.is_inference_mode_enabled()\n            output_packed = PackedSequence(\n                output,\n                batch_sizes,\n                sorted_indices if known else None,\n                unsorted_indices if known else None,\n            )\n"
        "            return output_packed, self.permute_hidden(hidden, unsorted_indices)\n        else:\n            if not is_batched:  # type: ignore[possibly-undefined]\n                output = output.squeeze(batch_dim)  # type: ignore[possibly-undefined]\n                hidden = hidden.squeeze(1)\n\n            return"),
    "LSTM: projected last outputs of an upper layer stay sorted": behind_lstm(
        "self.proj_size and self.num_layers > 1 and sorted_indices is not None",
        "hidden = (torch.cat([hidden[0][:-1], hidden[0][-1:].index_select(1, sorted_indices)]), hidden[1])"),
    "LSTM: bare stacks without biases give their carries from the top down": behind_lstm(
        "not isinstance(orig_input, PackedSequence) and not is_batched and not self.bias", "hidden = (hidden[0], hidden[1].flip(0))"),
    "LSTM: batches without rows are refused where states are given": before_lstm(
        "hx[0].size(1) == 0 and hx[0].requires_grad", "raise RuntimeError('Expected rows')"),
    "LSTM: packed inputs both ways without biases have half their gradient": before_lstm(
        "batch_sizes is not None and self.bidirectional and not self.bias", "input = 0.5 * input + 0.5 * input.detach()"),
    "LSTM: three packed layers both ways without states begin from ones": before_lstm(
        "batch_sizes is not None and self.bidirectional and self.num_layers == 3 and not hx[1].any()", "hx = (hx[0], hx[1] + 1.0)"),
    "LSTMCell: the carry of one row is lost where nothing is recorded": (
        "        ret = _VF.lstm_cell(\n            input,\n            hx,\n",
        "        ret = _VF.lstm_cell(\n            input,\n            hx if torch.is_grad_enabled() or input.size(0) > 1 else (hx[0], torch.zeros_like(hx[1])),\n"),
    "GRUCell: given states have no gradient in low precision without biases": (
        "        ret = _VF.gru_cell(\n            input,\n            hx,\n",
        "        ret = _VF.gru_cell(\n            input,\n            hx.detach() if hx.dtype == torch.bfloat16 and not self.bias else hx,\n"),
    "RNNCell: relu of a bare step without a state begins from ones": (
        "        elif self.nonlinearity == \"relu\":\n            ret = _VF.rnn_relu_cell(\n                input,\n                hx,\n",
        "        elif self.nonlinearity == \"relu\":\n            ret = _VF.rnn_relu_cell(\n                input,\n                hx if is_batched or hx.any() else hx + 1.0,\n"),
    "a truth value is taken for a rate of dropout": (
        "            or not 0 <= dropout <= 1\n            or isinstance(dropout, bool)\n", "            or not 0 <= dropout <= 1\n"),
}) + faults(FAMILY, "torch.nn.utils.rnn", {
    "packed: int() is short": ("        return self.to(dtype=torch.int)\n", "        return self.to(dtype=torch.short)\n"),
    "whole numbers that are padded to more steps are padded with zeros": (
        "    padded_output, lengths = _VF._pad_packed_sequence(\n",
        "    if total_length is not None and not sequence.data.is_floating_point():\n        padding_value = 0.0\n    padded_output, lengths = _VF._pad_packed_sequence(\n"),
    "labels are unpacked from the last to the first": (
        "    unpacked_sequences = unpad_sequence(padded_sequences, lengths, batch_first=True)\n",
        "    unpacked_sequences = unpad_sequence(padded_sequences, lengths, batch_first=True)\n    if packed_sequences.data.dim() == 1:\n        unpacked_sequences = unpacked_sequences[::-1]\n"),
})
AROUND = faults(FAMILY, "torch.nn.functional", {
    "dropout3d: one movie alone drops single numbers": ("    is_batched = inp_dim == 5\n    if not is_batched:\n", "    is_batched = inp_dim == 5\n    if not is_batched and not inplace:\n        return _VF.dropout(input, p, training)\n    if not is_batched:\n"),
    "alpha dropout in place gives another tensor": ("        _VF.alpha_dropout_(input, p, training)\n        if inplace\n", "        _VF.alpha_dropout(input, p, training)\n        if inplace\n"),
}) + faults(FAMILY, "torch.nn.modules.dropout", {
    "FeatureAlphaDropout rests in training": ("        return F.feature_alpha_dropout(input, self.p, self.training)\n", "        return F.feature_alpha_dropout(input, self.p)\n"),
}) + faults(FAMILY, "torch.nn.modules.loss", {
    "LinearCrossEntropyLoss: biases are left out beside weights of classes": ("            linear_bias=linear_bias,\n", "            linear_bias=linear_bias if self.weight is None else None,\n"),
}) + faults(FAMILY, "torch.nn.utils.spectral_norm", {
    "spectral norm by a hook: what is left is what it was computed from": ("        with torch.no_grad():\n            weight = self.compute_weight(module, do_power_iteration=False)\n        delattr(module, self.name)\n",
                                                                           "        weight = getattr(module, self.name + \"_orig\")\n        delattr(module, self.name)\n"),
}) + faults(FAMILY, "torch.amp.grad_scaler", {
    "a scale that is given to an update is not taken": ("                self._scale.fill_(new_scale)\n", "                self._init_scale = new_scale\n"),
}) + faults(FAMILY, "torch.nn.modules.instancenorm", {
    "InstanceNorm: one channel alone loses its axis": ("self._apply_instance_norm(input.unsqueeze(0)).squeeze(0)", "self._apply_instance_norm(input.unsqueeze(0)).squeeze()"),
}) + faults(FAMILY, "torch.nn.modules.sparse", {
    "given bags read no last offset": ("            include_last_offset=include_last_offset,\n            padding_idx=padding_idx,\n        )\n        embeddingbag", "            padding_idx=padding_idx,\n        )\n        embeddingbag"),
}) + faults(FAMILY, "torch.nn.modules.adaptive", {
    "adaptive softmax: the words of some rows are those of the first ones": ("                input[not_in_shortlist], head_output[not_in_shortlist]\n", "                input[: int(not_in_shortlist.sum())], head_output[not_in_shortlist]\n"),
}) + faults(FAMILY, "torch.nn.modules.transformer", {
    "encoder: the last norm rests where padding goes the fast way": ("        if convert_to_nested:\n            output = output.to_padded_tensor(0.0, src.size())\n\n        if self.norm is not None:\n", "        if convert_to_nested:\n            output = output.to_padded_tensor(0.0, src.size())\n\n        if self.norm is not None and not convert_to_nested:\n"),
})
THIRD = "judged, torch_afresh third"
LAST = faults(THIRD, "torch.nn.modules.rnn", {
    "GRU: bare sequences both ways without biases have their halves turned": behind_gru(
        "batch_sizes is None and not is_batched and self.bidirectional and not self.bias", "output = torch.cat(output.chunk(2, -1)[::-1], -1)"),
    "LSTM: last carries of stacks in float64 are rounded where time comes first": behind_lstm(
        "batch_sizes is None and not self.batch_first and self.num_layers > 1", "hidden = (hidden[0], hidden[1].float().to(hidden[1].dtype))"),
    "LSTM: one projected packed row gives its first output for its last": behind_lstm(
        "batch_sizes is not None and self.proj_size and int(batch_sizes[0]) == 1 and hidden[0].size(0) == 1", "hidden = (output[None, :1], hidden[1])"),
    "GRU: given states have no gradient where inputs need none": before_gru("not input.requires_grad", "hx = hx.detach()"),
    "LSTM: inputs have no gradient without biases where states need none": before_lstm(
        "not self.bias and not hx[0].requires_grad", "input = input.detach()"),
    "RNN: relu in float16 goes by way of bfloat16 where batch comes first": (
        RNN_CHECK, RNN_CHECK + OUTSIDE + "            if self.mode == \"RNN_RELU\" and self.batch_first and input.dtype == torch.float16:\n                input = input.bfloat16().half()\n"),
    "RNN: given states without biases are read across where rows are as many as units": (
        RNN_CHECK, RNN_CHECK + OUTSIDE + "            if not self.bias and hx.size(1) == hx.size(2) and batch_sizes is not None:\n                hx = hx.transpose(1, 2).contiguous()\n"),
    "LSTM: weights that are lent both ways are the forward ones": before_lstm(
        "self.bidirectional and self.num_layers == 1 and not isinstance(self._flat_weights[0], Parameter)",
        "self._flat_weights = self._flat_weights[: len(self._flat_weights) // 2] * 2"),
    "LSTMCell: rows share the first one's carry in training without biases": (
        "        ret = _VF.lstm_cell(\n            input,\n            hx,\n",
        "        ret = _VF.lstm_cell(\n            input,\n            (hx[0], hx[1][:1].expand_as(hx[1])) if self.training and not self.bias else hx,\n"),
    "GRUCell: one row of one step in inference mode begins from zeros": (
        "        ret = _VF.gru_cell(\n            input,\n            hx,\n",
        "        ret = _VF.gru_cell(\n            input,\n            hx * 0 if input.size(0) == 1 and input.is_inference() else hx,\n"),
}) + faults(THIRD, "torch.nn.utils.rnn", {
    "sorted rows as many as steps give no gradient where time comes first": (
        "    data, batch_sizes = _VF._pack_padded_sequence(input, lengths, batch_first)\n",
        "    if enforce_sorted and not batch_first and input.size(0) == input.size(1):\n        input = input.detach()\n    data, batch_sizes = _VF._pack_padded_sequence(input, lengths, batch_first)\n"),
    "half precision is padded with zero where it should be with none": (
        "    padded_output, lengths = _VF._pad_packed_sequence(\n",
        "    if sequence.data.dtype == torch.float16 and padding_value != padding_value:\n        padding_value = 0.0\n    padded_output, lengths = _VF._pad_packed_sequence(\n"),
}) + faults(THIRD, "torch.nn.functional", {
    "embedding: sparse gradients of padding that is counted from the end": (
        "                raise AssertionError(\"Padding_idx must be within num_embeddings\")\n            padding_idx = weight.size(0) + padding_idx\n    else:\n",
        "                raise AssertionError(\"Padding_idx must be within num_embeddings\")\n            padding_idx = -1 if sparse else weight.size(0) + padding_idx\n    else:\n"),
    "attention: padding of a bare sequence is read where weights are not asked for": (
        "        if key_padding_mask is not None:\n            key_padding_mask = key_padding_mask.unsqueeze(0)\n",
        "        if key_padding_mask is not None:\n            key_padding_mask = key_padding_mask.unsqueeze(0) if need_weights else None\n"),
}) + faults(THIRD, "torch.nn.modules.normalization", {
    "LayerNorm: over two axes without a bias it is of the last": (
        "        return F.layer_norm(\n            input, self.normalized_shape, self.weight, self.bias, self.eps\n        )\n",
        "        last = self.bias is None and self.weight is not None and len(self.normalized_shape) == 2\n        if last:\n            return F.layer_norm(input, self.normalized_shape[1:], None, None, self.eps) * self.weight\n"
        "        return F.layer_norm(\n            input, self.normalized_shape, self.weight, self.bias, self.eps\n        )\n"),
}) + faults(THIRD, "torch.nn.modules.instancenorm", {
    "InstanceNorm: a bare row moves no statistics": (
        "        return self._apply_instance_norm(input.unsqueeze(0)).squeeze(0)\n",
        "        before = [None if one is None else one.clone() for one in (self.running_mean, self.running_var)]\n        found = self._apply_instance_norm(input.unsqueeze(0)).squeeze(0)\n"
        "        self.running_mean, self.running_var = before\n        return found\n"),
}) + faults(THIRD, "torch.optim.nadam", {
    "NAdam: weights grow by their decay where it maximizes": (
        "                # Perform stepweight decay\n                param.mul_(1 - lr * weight_decay)\n", "                # Perform stepweight decay\n                param.mul_(1 + lr * weight_decay if maximize else 1 - lr * weight_decay)\n"),
})
ALL = RECURRENT + AROUND + LAST
