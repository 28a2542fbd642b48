"""Faults that were reported of PyTorch's recurrent modules and of what stands around them, put back where today's code has the same
place, or one that does the same. Each is named after its report."""

from tests.faults.base import Fault, faults

FAMILY = "reported torch"

ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "torch.nn.modules.rnn", {
        "pytorch 3259: states of more layers than there are are taken": (
            "        if hx.size() != expected_hidden_size:",
            "        if hx.size()[1:] != torch.Size(expected_hidden_size)[1:] or hx.size(0) < expected_hidden_size[0]:"),
        "pytorch 5211: the words for features of another number raise an error": (
            "input.size(-1) must be equal to input_size. Expected {self.input_size}, got",
            "input.size(-1) must be equal to input_size. Expected {fn.input_size}, got"),
        "pytorch 107380: a cell takes states of three axes": (
            "                if value.dim() not in (1, 2):",
            "                if value.dim() not in (1, 2, 3):"),
        "pytorch 107223: a GRU cell takes states of three axes": (
            "        if hx is not None and hx.dim() not in (1, 2):\n            raise ValueError(\n                f\"GRUCell",
            "        if hx is not None and hx.dim() not in (1, 2, 3):\n            raise ValueError(\n                f\"GRUCell"),
        "pytorch 91111: biases that are lent are not seen": (
            "            if weight is not None and ref is not None and ref() is not weight:",
            "            if weight is not None and ref is not None and ref() is not weight and \"bias\" not in name:"),
        "pytorch 32989: a weight that is set is put in the first place": (
            "            idx = self._flat_weights_names.index(attr)\n",
            "            idx = [n[:9] for n in self._flat_weights_names].index(attr[:9])\n"),
        "pytorch 5985: nothing is said of dropout in one layer": (
            "        if dropout > 0 and num_layers == 1:", "        if dropout > 0 and num_layers == 0:"),
        "pytorch 65053: layers above one that projects read all its units": (
            "                    input_size if layer == 0 else real_hidden_size * num_directions\n",
            "                    input_size if layer == 0 else (hidden_size if layer > 1 else real_hidden_size) * num_directions\n"),
        "pytorch 70236: the state of one bare row keeps the axis of its batch": (
            "                hidden = (hidden[0].squeeze(1), hidden[1].squeeze(1))",
            "                hidden = (hidden[0].squeeze(1), hidden[1].squeeze(0))"),
        "pytorch 15225: memories are left in the order of lengths": (
            "            return hx\n        return _apply_permutation(hx[0], permutation), _apply_permutation(\n"
            "            hx[1], permutation\n        )",
            "            return hx\n        return _apply_permutation(hx[0], permutation), hx[1]"),
        "pytorch 1721: copies of modules have weights of two axes": (
            "        state = self.__dict__.copy()\n", "        state = self.__dict__.copy()\n        state[\"proj_size\"] = 0\n"),
        "pytorch 86457: flattened weights of a module that is cast stay": (
            "        self._init_flat_weights()\n\n        return ret", "        self.flatten_parameters()\n\n        return ret"),
    }, {
        "pytorch 32989: a weight that is set is put in the first place":
            "the next call compares all weights, and lists them anew",
    }),
    *faults(FAMILY, "torch.nn.utils.rnn", {
        "pytorch 27245: a packed sequence that is cast has its order cast": (
            "            sorted_indices = bind(self.sorted_indices, call_to)\n",
            "            sorted_indices = bind(self.sorted_indices, lambda t: t.to(*args, **kwargs))\n"),
        "pytorch 22251: a packed sequence leaves its order on the device where it was": (
            "                return t.to(\n                    data.device,\n", "                return t.to(\n                    t.device,\n"),
        "pytorch 22528: sequences that are packed are taken to have time second": (
            "        pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted\n",
            "        pad_sequence(sequences).transpose(0, 1) if not enforce_sorted and len(sequences) == max(lengths)"
            " else pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted\n"),
        "pytorch 25497: rows that are unpacked come by their length, and their lengths do not": (
            "            lengths[unsorted_indices.cpu()],\n", "            lengths,\n"),
        "pytorch 15567: lengths in growing order are sorted unasked": (
            "    if enforce_sorted:\n        sorted_indices = None\n",
            "    if enforce_sorted and (lengths[:-1] >= lengths[1:]).all():\n        sorted_indices = None\n"),
    }),
    *faults(FAMILY, "torch.nn.modules.sparse", {
        "pytorch 47184: vectors that are given have no padding": (
            "            _freeze=freeze,\n            padding_idx=padding_idx,\n            max_norm=max_norm,\n",
            "            _freeze=freeze,\n            padding_idx=None,\n            max_norm=max_norm,\n"),
        "pytorch 53368: padding that is counted from the end is kept so": (
            "                padding_idx = self.num_embeddings + padding_idx\n        self.padding_idx = padding_idx\n"
            "        self.max_norm = max_norm\n        self.norm_type = norm_type\n        self.scale_grad_by_freq = scale_grad_by_freq\n"
            "        if _weight is None:",
            "                pass\n        self.padding_idx = padding_idx\n        self.max_norm = max_norm\n"
            "        self.norm_type = norm_type\n        self.scale_grad_by_freq = scale_grad_by_freq\n        if _weight is None:"),
        "pytorch 3506: sparse gradients are of padding too": (
            "            self.padding_idx,\n            self.max_norm,\n",
            "            None if self.sparse else self.padding_idx,\n            self.max_norm,\n"),
    }, {"pytorch 53368: padding that is counted from the end is kept so":
        "the function counts from the end itself: the module tells -1, and does the same"}),
    *faults(FAMILY, "torch.nn.functional", {
        "pytorch 107084: numbers that are added to scores are taken for truth values": (
            "        if not _mask_is_float:\n            mask = torch.zeros_like(mask, dtype=target_type).masked_fill_(\n"
            "                mask, float(\"-inf\")\n",
            "        if True:\n            mask = torch.zeros_like(mask, dtype=target_type).masked_fill_(\n"
            "                mask.bool(), float(\"-inf\")\n"),
        "pytorch 26098: padding is read where no other mask is given": (
            "            attn_mask = attn_mask + key_padding_mask\n", "            pass\n"),
        "pytorch 18215: CTC divides by one length for all rows": (
            "        _Reduction.get_enum(reduction),\n        zero_infinity,\n    )",
            "        _Reduction.get_enum(reduction),\n        zero_infinity and reduction != \"sum\",\n    )"),
    }),
    *faults(FAMILY, "torch.ao.nn.quantized.dynamic.modules.rnn", {
        "pytorch 27963: a quantized module gives packed states by length": (
            "        output = PackedSequence(output_, batch_sizes, sorted_indices, unsorted_indices)\n"
            "        return output, self.permute_hidden(hidden, unsorted_indices)\n\n"
            "    # \"type: ignore\" is required due to issue #43072\n    def permute_hidden(  # type: ignore[override]\n        self,\n"
            "        hx: tuple",
            "        output = PackedSequence(output_, batch_sizes, sorted_indices, unsorted_indices)\n"
            "        return output, hidden\n\n"
            "    # \"type: ignore\" is required due to issue #43072\n    def permute_hidden(  # type: ignore[override]\n        self,\n"
            "        hx: tuple"),
        "pytorch 39105: a quantized cell loads the one matrix for the other": (
            "        self._packed_weight_hh = state_dict.pop(prefix + \"_packed_weight_hh\")",
            "        self._packed_weight_hh = state_dict.pop(prefix + \"_packed_weight_hh\") and self._packed_weight_hh"),
    }),
)
