"""Faults that were reported of Keras, tf.keras and PyTorch, put back where today's code has the same place. Each is named after its
report; `upstream.md` beside this module lists all that were read, also those that cannot be put back."""

from tests.faults.base import Fault, faults

FAMILY = "upstream again"

ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "keras.src.layers.rnn.bidirectional", {
        "tensorflow 38403: Bidirectional resets no states": (
            "        self.forward_layer.reset_state()\n"
            "        self.backward_layer.reset_state()",
            "        pass"),
        "tensorflow 34055: Bidirectional resets the forward states alone": (
            "        self.forward_layer.reset_state()\n"
            "        self.backward_layer.reset_state()",
            "        self.forward_layer.reset_state()"),
        "keras 7695: padding is zero in the forward half": (
            "        y = ops.cast(y, self.compute_dtype)\n"
            "        y_rev = ops.cast(y_rev, self.compute_dtype)\n"
            "\n"
            "        if self.return_sequences:\n"
            "            y_rev = ops.flip",
            "        y = ops.cast(y, self.compute_dtype)\n"
            "        if mask is not None and self.return_sequences:\n"
            "            y = y * ops.cast(mask, y.dtype)[..., None]\n"
            "        y_rev = ops.cast(y_rev, self.compute_dtype)\n"
            "\n"
            "        if self.return_sequences:\n"
            "            y_rev = ops.flip"),
    }),
    *faults(FAMILY, "keras.src.backend.torch.rnn", {
        "keras 4192: backwards the mask is read forward": (
            "        if mask is not None:\n"
            "            if go_backwards:\n"
            "                mask = torch.flip(mask, [0])\n",
            "        if mask is not None:\n"),
        "keras 11498: masks are tiled along one axis alone": (
            "                tiled_mask_t = tuple(\n"
            "                    _expand_mask(mask_t, o, fixed_dim=len(mask_t.shape))\n"
            "                    for o in flat_out\n"
            "                )",
            "                tiled_mask_t = tuple(\n"
            "                    _expand_mask(mask_t, o, fixed_dim=len(mask_t.shape))\n"
            "                    if o.ndim == 2 else torch.ones_like(o, dtype=torch.bool)\n"
            "                    for o in flat_out\n"
            "                )"),
        "tensorflow 23632: a masked step repeats the first state": (
            "                    else tree.flatten(prev_output)\n", "                    else tree.flatten(states)[:1]\n"),
        "tensorflow 30423: padding is zero in every output, the last one too": (
            "                    if zero_output_for_mask\n"
            "                    else tree.flatten(prev_output)",
            "                    if zero_output_for_mask or go_backwards\n"
            "                    else tree.flatten(prev_output)"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.time_distributed", {
        "keras 13176: a mask is lost where the batch is fixed": (
            "            if self.layer._call_has_mask_arg and mask is not None:",
            "            if self.layer._call_has_mask_arg and mask is not None and input_shape[0] is None:"),
        "keras 4786: TimeDistributed hands the mask of the first step to all": (
            "kwargs[\"mask\"] = mask[i]", "kwargs[\"mask\"] = mask[0]"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.stacked_rnn_cells", {
        "keras 11021: states of stacked cells in reverse order": (
            "            inputs, states = cell_call_fn(inputs, states, **kwargs)\n"
            "            if len(states) == 1 and not state_is_list:\n"
            "                states = states[0]\n"
            "            new_states.append(states)\n",
            "            inputs, states = cell_call_fn(inputs, states, **kwargs)\n"
            "            if len(states) == 1 and not state_is_list:\n"
            "                states = states[0]\n"
            "            new_states.insert(0, states)\n"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.rnn", {
        "keras 8833: all stacked cells tell the size of the last": (
            "                states_shape.append([(batch_size, s) for s in state_size])",
            "                states_shape.append([(batch_size, self.cell.output_size) for s in state_size])"),
        "keras 14905: nested states are told flat": (
            "                states_shape.append([(batch_size, s) for s in state_size])",
            "                states_shape.extend([(batch_size, s) for s in state_size])"),
        "tensorflow 29391: dropout masks are kept from call to call": (
            "        if isinstance(cell, DropoutRNNCell):\n"
            "            cell.reset_dropout_mask()\n"
            "            cell.reset_recurrent_dropout_mask()\n",
            "        if isinstance(cell, DropoutRNNCell):\n"
            "            pass\n"),
        "tensorflow 32543: masks of stacked cells are kept from call to call": (
            "            for c in cell.cells:\n"
            "                self._maybe_reset_dropout_masks(c)",
            "            pass"),
        "keras 19482: shapes of states are not told": (
            "            return output_shape, *states_shape\n"
            "        return output_shape\n"
            "\n"
            "    def compute_mask",
            "            return output_shape, *[(None, None)] * len(states_shape)\n"
            "        return output_shape\n"
            "\n"
            "    def compute_mask"),
        "keras 19615: the cell is built anew by the layer": (
            "        if isinstance(self.cell, Layer) and not self.cell.built:", "        if isinstance(self.cell, Layer):"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.conv_lstm", {
        "keras 8513: a state has as many channels as the inputs": (
            "        state_shape = self.compute_output_shape(input_shape)[0]\n"
            "        return [",
            "        state_shape = self.compute_output_shape(input_shape)[0]\n"
            "        if self.data_format != 'channels_last':\n"
            "            state_shape = (state_shape[0], self.input_dim, *state_shape[2:])\n"
            "        return ["),
        "keras 13299: ConvLSTM does not take initial states": (
            "        return super().call(\n"
            "            sequences, initial_state=initial_state, mask=mask, training=training\n"
            "        )",
            "        return super().call(\n"
            "            sequences, initial_state=None, mask=mask, training=training\n"
            "        )"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.dropout_rnn_cell", {
        "tensorflow 38922: dropout is drawn at every step": (
            "        if self._dropout_mask is None and self.dropout > 0:\n"
            "            self._dropout_mask = self._create_dropout_mask(",
            "        if self.dropout > 0:\n"
            "            self._dropout_mask = self._create_dropout_mask("),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.lstm", {
        "tensorflow 11650: recurrent dropout acts on the carry too": (
            "                rec_dp_mask = self.get_recurrent_dropout_mask(h_tm1)\n",
            "                rec_dp_mask = self.get_recurrent_dropout_mask(h_tm1)\n"
            "                c_tm1 = c_tm1 * rec_dp_mask[0]\n"),
    }),
    *faults(FAMILY, "keras.src.losses.loss", {
        "keras 15323: a masked loss is divided by all steps": (
            "            mask_weight = ops.divide_no_nan(total, valid)\n", "            mask_weight = ops.ones_like(valid)\n"),
    }),
    *faults(FAMILY, "keras.src.metrics.reduction_metrics", {
        "tensorflow 34158: metrics count masked steps": (
            "        mask = backend.get_keras_mask(y_pred)\n"
            "        values = self._fn(y_true, y_pred, **self._fn_kwargs)\n",
            "        mask = None\n"
            "        values = self._fn(y_true, y_pred, **self._fn_kwargs)\n"),
        "keras 1642: accuracy without the weights": (
            "            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n"
            "        )\n"
            "        return super()",
            "            None, mask, dtype=self.dtype, reduction=\"sum\"\n"
            "        )\n"
            "        return super()"),
        "keras 10267: a mask beside weights is lost in metrics": (
            "            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n"
            "        )\n"
            "        return super()",
            "            sample_weight, mask if sample_weight is None else None, dtype=self.dtype, reduction=\"sum\"\n"
            "        )\n"
            "        return super()"),
    }),
    *faults(FAMILY, "keras.src.layers.core.masking", {
        "keras 3086: any feature that is the masked value masks a step": (
            "        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)",
            "        return ops.all(ops.not_equal(inputs, self.mask_value), axis=-1)"),
    }),
    *faults(FAMILY, "torch.nn.modules.transformer", {
        "pytorch 81832: a copied encoder layer computes ReLU": (
            "        super().__setstate__(state)\n"
            "        if not hasattr(self, \"activation\"):\n"
            "            self.activation = F.relu",
            "        if \"activation\" not in state:\n"
            "            state[\"activation\"] = F.relu\n"
            "        super().__setstate__(state)"),
        "pytorch 97111: padding of all rows is cut from the outputs": (
            "            output = output.to_padded_tensor(0.0, src.size())", "            output = output.to_padded_tensor(0.0)"),
    }),
    *faults(FAMILY, "torch.nn.modules.activation", {
        "pytorch 97409: masks of heads are those of rows": (
            "                attn_mask_expanded = attn_mask.view(batch_size, -1, seq_len, seq_len)",
            "                attn_mask_expanded = attn_mask.view(-1, batch_size, seq_len, seq_len).transpose(0, 1)"),
        "pytorch 97128: an odd number of heads by the fast path": (
            "        elif (self.num_heads % 2) != 0:\n"
            "            why_not_fast_path = \"self.num_heads is not even\"\n",
            ""),
    }, {
        "pytorch 97128: an odd number of heads by the fast path":
            "the fast path on CPU gives the same for odd numbers of heads today; it was the path on CUDA that did not",
    }),
    *faults(FAMILY, "torch.nn.modules.sparse", {
        "pytorch 46585: the vector of padding is set to zero": (
            "            self.weight = Parameter(_weight, requires_grad=not _freeze)\n",
            "            self.weight = Parameter(_weight, requires_grad=not _freeze)\n"
            "            self._fill_padding_idx_with_zero()\n"),
        "pytorch 7947: vectors of a bag have any length": (
            "            offsets,\n"
            "            self.max_norm,\n"
            "            self.norm_type,",
            "            offsets,\n"
            "            None,\n"
            "            self.norm_type,"),
    }),
    *faults(FAMILY, "torch.onnx._internal.torchscript_exporter.symbolic_opset9", {
        "pytorch 34800: ONNX without biases": (
            "            if weights_per_layer == 4:\n"
            "                weight_ih, weight_hh, bias_concat = transform_weights(i)",
            "            if True:\n"
            "                weight_ih, weight_hh, bias_concat = transform_weights(i)"),
        "pytorch 10838: ONNX, halves between the features": (
            "perm_i=[0, 2, 1, 3]", "perm_i=[0, 2, 3, 1]"),
        "onnx 921: ONNX, second layers begin with a state of another layer": (
            "            state_indices = i, i + 1\n", "            state_indices = 0, 1\n"),
    }),
    *faults(FAMILY, "torch.nn.utils.rnn", {
        "pytorch 4757: packed by rows where time is first": (
            "    data, batch_sizes = _VF._pack_padded_sequence(input, lengths, batch_first)",
            "    data, batch_sizes = _VF._pack_padded_sequence(input, lengths, batch_first and not enforce_sorted)"),
    }),
    *faults(FAMILY, "torch.optim.lr_scheduler", {
        "pytorch 23480: warm restarts begin an epoch late": (
            "            if self.T_cur >= self.T_i:\n", "            if self.T_cur > self.T_i:\n"),
        "pytorch 52911: a loaded schedule keeps its own scaling": (
            "            self._scale_fn_custom.__dict__.update(fn)\n"
            "        self._init_scale_fn()",
            "            self._scale_fn_custom.__dict__.update(fn)"),
    }),
    *faults(FAMILY, "torch.nn.modules.rnn", {
        "pytorch 82282: weights that are swapped are not heard": (
            "        self._update_flat_weights()\n"
            "\n"
            "        num_directions",
            "        num_directions"),
    }),
)
