"""Faults that were reported of PyTorch's recurrent modules and of what stands around them, third reading: put back where today's code
has the same place, or one that does the same, some of them only where a further condition meets. Each is named after its report."""

from tests.faults.base import Fault, faults

FAMILY = "judged torch reports"

ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "torch.nn.modules.rnn", {
        "pytorch 114874: features of another number are taken where no states are given": (
            "                hx = (h_zeros, c_zeros)\n                self.check_forward_args(input, hx, batch_sizes)\n",
            "                hx = (h_zeros, c_zeros)\n"),
        "pytorch 651: a projection that is replaced is not seen": (
            "            if weight is not None and ref is not None and ref() is not weight:",
            "            if weight is not None and ref is not None and ref() is not weight and \"_hr\" not in name:"),
        "pytorch 4074: a state of one row is taken for all of a batch": (
            "        if hx.size() != expected_hidden_size:\n            raise RuntimeError(",
            "        if hx.size(1) == 1 and hx.size(0) == 1:\n            return\n        if hx.size() != expected_hidden_size:\n            raise RuntimeError("),
        "pytorch 90168: dropout between layers rests where one row is trained": (
            "        if batch_sizes is None:\n            # pyrefly: ignore [no-matching-overload]\n            result = _VF.gru(\n"
            "                input,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n"
            "                self.bias,\n                self.num_layers,\n                self.dropout,\n                self.training,\n",
            "        if batch_sizes is None:\n            # pyrefly: ignore [no-matching-overload]\n            result = _VF.gru(\n"
            "                input,\n                hx,\n                self._flat_weights,  # type: ignore[arg-type]\n"
            "                self.bias,\n                self.num_layers,\n                self.dropout,\n"
            "                self.training and max_batch_size > 1,\n"),
        "pytorch 180744: dropout that was drawn once is drawn in inference too": (
            "                self.num_layers,\n                self.dropout,\n                self.training,\n                self.bidirectional,\n"
            "            )\n        output = result[0]\n        hidden = result[1:]\n",
            "                self.num_layers,\n                self.dropout,\n                self.dropout > 0,\n                self.bidirectional,\n"
            "            )\n        output = result[0]\n        hidden = result[1:]\n"),
        "pytorch 16779: the carried memory of a projecting module is of its outputs' size": (
            "                c_zeros = torch.zeros(\n                    self.num_layers * num_directions,\n                    max_batch_size,\n"
            "                    self.hidden_size,\n                    dtype=input.dtype,\n                    device=input.device,\n                )\n"
            "                hx = (h_zeros, c_zeros)\n            else:",
            "                c_zeros = torch.zeros(\n                    self.num_layers * num_directions,\n                    max_batch_size,\n"
            "                    real_hidden_size,\n                    dtype=input.dtype,\n                    device=input.device,\n                )\n"
            "                hx = (h_zeros, c_zeros)\n            else:"),
        "pytorch 45048: autocast inputs are taken of any dtype": (
            "                and not torch._C._is_any_autocast_enabled()\n", "                and torch._C._is_any_autocast_enabled()\n"),
        "pytorch 106769: cells take states of any rank beside one bare row": (
            "                if value.dim() not in (1, 2):",
            "                if value.dim() not in (1, 2) and input.dim() == 2:"),
        "pytorch 1538: states of rows that come first are permuted": (
            "                hidden = hidden.squeeze(1)\n\n            return output, self.permute_hidden(hidden, unsorted_indices)",
            "                hidden = hidden.squeeze(1)\n            elif self.batch_first and output.size(0) == 1:\n"
            "                hidden = hidden.flip(0)\n\n            return output, self.permute_hidden(hidden, unsorted_indices)"),
    }),
    *faults(FAMILY, "torch.nn.utils.rnn", {
        "pytorch 5974: rows that are padded are taken to be sorted": (
            "        sequences = tuple(sequences)  # type: ignore[assignment]\n",
            "        sequences = tuple(sequences)  # type: ignore[assignment]\n        sequences = tuple(\n"
            "            s[: len(sequences[0])] if padding_side == \"left\" else s for s in sequences\n        )\n"),
        "pytorch 25497: lengths come in the order of packing where a total length is told": (
            "            lengths[unsorted_indices.cpu()],\n", "            lengths if total_length is not None else lengths[unsorted_indices.cpu()],\n"),
        "pytorch 13324: rows that grow are taken where they are two": (
            "    if enforce_sorted:\n        sorted_indices = None\n", "    if enforce_sorted and len(lengths) != 2:\n        sorted_indices = None\n"),
    }),
    *faults(FAMILY, "torch.nn.functional", {
        "pytorch 63271: padding is read where a mask is told for each head": (
            "            attn_mask = attn_mask + key_padding_mask\n",
            "            attn_mask = attn_mask + (key_padding_mask if attn_mask.size(0) == 1 or need_weights else key_padding_mask * 0)\n"),
        "pytorch 16199: infinite losses stay infinite where no mean is taken": (
            "        blank,\n        _Reduction.get_enum(reduction),\n        zero_infinity,\n",
            "        blank,\n        _Reduction.get_enum(reduction),\n        zero_infinity and reduction != \"none\",\n"),
        "pytorch 49237: padding counts in means of bags": (
            "        per_sample_weights,\n        include_last_offset,\n        padding_idx,\n    )\n    return ret",
            "        per_sample_weights,\n        include_last_offset,\n        padding_idx if mode != \"mean\" or include_last_offset else None,\n    )\n    return ret"),
        "pytorch 18799: weights of ids are cut off from what computed them": (
            "            per_sample_weights = per_sample_weights.reshape(-1)\n    elif input.dim() == 1:",
            "            per_sample_weights = per_sample_weights.detach().reshape(-1)\n    elif input.dim() == 1:"),
        "pytorch 111276: numbers that mask are of the precision of the module": (
            "            attn_mask = attn_mask + key_padding_mask\n",
            "            attn_mask = attn_mask.to(torch.bfloat16).to(attn_mask.dtype) + key_padding_mask\n"),
    }),
    *faults(FAMILY, "torch.nn.utils.parametrizations", {
        "pytorch 103001: length and direction of old files change places": (
            "            original0 = state_dict.pop(g_key)\n            original1 = state_dict.pop(v_key)\n",
            "            original1 = state_dict.pop(g_key)\n            original0 = state_dict.pop(v_key)\n"),
        "pytorch 13350: norms are taken anew in inference": (
            "            if self.training:\n                self._power_method(", "            if True:\n                self._power_method("),
    }),
    *faults(FAMILY, "torch.ao.nn.quantized.dynamic.modules.rnn", {
        "pytorch 25157: a quantized module both ways has the forward weights twice": (
            "                suffix = \"_reverse\" if direction == 1 else \"\"\n\n                def retrieve_weight_bias(ihhh):",
            "                suffix = \"_reverse\" if direction == 1 and layer == 0 else \"\"\n\n                def retrieve_weight_bias(ihhh):"),
        "pytorch 31468: packed weights are not in the state": (
            "        destination[prefix + \"param\"] = self.param\n", ""),
        "pytorch 38891: packed weights are not loaded": (
            "        self.param = state_dict[prefix + \"param\"]\n", "        state_dict[prefix + \"param\"]\n"),
        "pytorch 39920: a quantized GRU drops nothing between its layers": (
            "            qRNNBase = GRU(\n                mod.input_size,\n                mod.hidden_size,\n                mod.num_layers,\n"
            "                mod.bias,\n                mod.batch_first,\n                mod.dropout,\n                mod.bidirectional,\n"
            "                dtype,\n            )\n        else:\n            raise NotImplementedError(\n"
            "                \"Only LSTM/GRU is supported for QuantizedRNN for now\"\n            )\n\n        num_directions = 2 if mod",
            "            qRNNBase = GRU(\n                mod.input_size,\n                mod.hidden_size,\n                mod.num_layers,\n"
            "                mod.bias,\n                False,\n                mod.dropout,\n                mod.bidirectional,\n"
            "                dtype,\n            )\n        else:\n            raise NotImplementedError(\n"
            "                \"Only LSTM/GRU is supported for QuantizedRNN for now\"\n            )\n\n        num_directions = 2 if mod"),
        "pytorch 27954: states that are given in packed order stay so": (
            "            hx = self.permute_hidden(hx, sorted_indices)\n\n        self.check_forward_args(input, hx, batch_sizes)\n\n"
            "        _all_params = [m.param for m in self._all_weight_values]\n        if batch_sizes is None:\n            result = torch.quantized_lstm(",
            "            hx = hx\n\n        self.check_forward_args(input, hx, batch_sizes)\n\n"
            "        _all_params = [m.param for m in self._all_weight_values]\n        if batch_sizes is None:\n            result = torch.quantized_lstm("),
    }),
    *faults(FAMILY, "torch.optim.nadam", {
        "pytorch 106615: the step that is differentiated takes the gradient twice": (
            "            exp_avg = exp_avg * (-lr * mu_next / (1.0 - mu_product_next))\n",
            "            exp_avg = grad * (-lr * mu_next / (1.0 - mu_product_next))\n"),
    }),
    *faults(FAMILY, "torch.optim.radam", {
        "pytorch 117912: steps are rectified one too soon where many weights step at once": (
            "                if rho_t > 5\n                else 0\n                for rho_t in rho_t_list\n",
            "                if rho_t > 4\n                else 0\n                for rho_t in rho_t_list\n"),
    }),
    *faults(FAMILY, "torch.optim.adam", {
        "pytorch 118326: the number of steps of an old file is forgotten": (
            "                    step_val = float(p_state[\"step\"])\n", "                    step_val = float(p_state[\"step\"] > 0)\n"),
    }),
    *faults(FAMILY, "torch.optim.lr_scheduler", {
        "pytorch 121183: the turn of a cosine is passed by": (
            "        elif (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:\n            return [\n                group[\"lr\"]\n",
            "        elif (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0 and self.eta_min == 0:\n            return [\n                group[\"lr\"]\n"),
    }),
)
