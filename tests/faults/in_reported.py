"""Faults that were reported of Keras and tf.keras, of layers and of what stands around them, put back where today's code has the same
place, or one that does the same. Each is named after its report."""

from dataclasses import replace

from tests.faults.base import Fault, faults

FAMILY = "reported"

READ: tuple[Fault, ...] = tuple(replace(one, asked="keras-tensorflow") for one in (
    *faults(FAMILY, "keras.src.layers.preprocessing.text_vectorization", {
        "keras 18576: ragged ids are not cut": (
            "        elif self._output_sequence_length is not None:\n            # Maybe trim",
            "        elif self._output_sequence_length is not None and not self._ragged:\n            # Maybe trim"),
        "tensorflow 52109: a layer that is made again does not pad": (
            "            \"output_sequence_length\": self._output_sequence_length,\n", ""),
        "tensorflow 47954: ids are padded to the longest of the batch": (
            "            shape[-1] = self._output_sequence_length\n", "            shape[-1] = None\n"),
    }),
    *faults(FAMILY, "keras.src.utils.timeseries_dataset_utils", {
        "keras 17392: the last windows of spread steps are missed": (
            "    num_seqs = end_index - start_index - (sequence_length - 1) * sampling_rate\n",
            "    num_seqs = end_index - start_index - sequence_length * sampling_rate + 1\n", 2),
    }),
))
"""Of what reads text and series, which is asked on TensorFlow alone."""
ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "keras.src.layers.rnn.rnn", {
        "tensorflow 34541: a cell of several states does not say how they begin": (
            "        if get_initial_state_fn:\n", "        if get_initial_state_fn and self.single_state:\n"),
        "keras 11615: outputs are told in the size of the first state": (
            '        output_size = getattr(self.cell, "output_size", None)\n', "        output_size = None\n"),
        "keras 10965: states that are given to a stateful layer are not read": (
            "        if initial_state is None:\n            if self.stateful:\n                initial_state = self.states\n",
            "        if initial_state is None or self.stateful:\n            if self.stateful:\n"
            "                initial_state = self.states\n"),
        "keras 11148: a reset leaves every state but the first": (
            "            for v in self.states:\n                v.assign", "            for v in self.states[:1]:\n                v.assign"),
        "tensorflow 48863: a stateful layer that is not built cannot be reset": (
            "        if self.states is not None:\n            for v in self.states:",
            "        if self.stateful:\n            for v in self.states:"),
        "tensorflow 86310: a stateful layer takes fewer rows than it holds": (
            "                and actual_batch_size != self._expected_batch_size",
            "                and actual_batch_size > self._expected_batch_size"),
        "keras 15140: states are kept in the precision of the computing": (
            "                    dtype=self.variable_dtype,\n", "                    dtype=self.compute_dtype,\n"),
        "keras 8976: one dropout mask is kept by a stack for all calls": (
            "            for c in cell.cells:\n                self._maybe_reset_dropout_masks(c)",
            "            for c in cell.cells[1:]:\n                self._maybe_reset_dropout_masks(c)"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.bidirectional", {
        "keras 11183: both directions begin with the forward states, where there are four": (
            "            backward_state = initial_state[half:]",
            "            backward_state = initial_state[half:] if half == 1 else initial_state[:half]"),
        "tensorflow 39497: a backward layer that is given is made again": (
            "            self.backward_layer = backward_layer\n",
            "            self.backward_layer = type(backward_layer).from_config(backward_layer.get_config())\n"),
        "keras 1001: outputs of the backward half stay in reverse, where they are added": (
            "            y_rev = ops.flip(y_rev, axis=1)\n        if self.merge_mode == \"concat\":",
            "            y_rev = ops.flip(y_rev, axis=1) if self.merge_mode != \"sum\" else y_rev\n"
            "        if self.merge_mode == \"concat\":"),
        "keras 8977: states come in the order of the kinds": (
            "            states = tuple(y[1:] + y_rev[1:])",
            "            states = tuple(s for pair in zip(y[1:], y_rev[1:]) for s in pair)"),
        "keras 9248: the shape of states is told as that of the joined outputs": (
            "            output_shape, state_shape = output_shape[0], output_shape[1:]\n",
            "            output_shape, state_shape = output_shape[0], output_shape[1:]\n"
            "            if self.merge_mode == \"concat\":\n"
            "                state_shape = tuple((*s[:-1], 2 * s[-1]) for s in state_shape)\n"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.stacked_rnn_cells", {
        "keras 9765: a cell is told to read the size of the first input": (
            "            input_shape = (batch_size, output_dim)", "            pass"),
        "keras 15794: cells of a stack are made again without their own classes": (
            "                    cell_config, custom_objects=custom_objects\n", "                    cell_config\n"),
        "keras 3709: a stack gives the size of its last cell's state": (
            "        if getattr(self.cells[-1], \"output_size\", None) is not None:\n            return self.cells[-1].output_size\n"
            "        elif", "        if"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.dropout_rnn_cell", {
        "keras 17612: the recurrent mask is drawn before the other one": (
            "        if self._dropout_mask is None and self.dropout > 0:\n",
            "        if self._dropout_mask is None and self.dropout > 0 and self.recurrent_dropout > 0:\n"
            "            self._create_dropout_mask(step_input, self.recurrent_dropout)\n"
            "        if self._dropout_mask is None and self.dropout > 0:\n"),
    }, {
        "keras 17612: the recurrent mask is drawn before the other one":
            "other numbers are drawn, as likely ones: no document says which",
    }),
    *faults(FAMILY, "keras.src.layers.rnn.conv_lstm", {
        "tensorflow 50599: what is carried is convolved with the layer's strides where it has one axis": (
            "            1, self.rank, \"strides\", allow_zero=True\n",
            "            self.strides if self.rank == 1 else 1, self.rank, \"strides\", allow_zero=True\n"),
        "keras 13859: what is carried is convolved with the layer's padding where its kernel is one wide": (
            "            x, w, strides=strides, padding=\"same\", data_format=self.data_format\n",
            "            x, w, strides=strides, padding=\"same\", data_format=self.data_format,\n"
            "            dilation_rate=self.dilation_rate,\n"),
    }),
    *faults(FAMILY, "keras.src.layers.rnn.time_distributed", {
        "keras 5542: the mask of the whole is handed to a layer that reads one": (
            "                kwargs[\"mask\"] = mask[i]", "                kwargs[\"mask\"] = mask[0]"),
        "keras 2347: steps that are masked are not stepped over where the mask has two axes": (
            "            if self.layer._call_has_mask_arg and mask is not None:",
            "            if self.layer._call_has_mask_arg and mask is not None and len(mask.shape) > 2:"),
    }),
    *faults(FAMILY, "keras.src.backend.torch.rnn", {
        "keras 13078: an unrolled layer of one step does not read its mask": (
            "                mask_t = mask_list[i]\n",
            "                mask_t = mask_list[i] if time_steps > 1 else torch.ones_like(mask_list[i])\n"),
        "tensorflow 32570: an unrolled layer's mask is that of the first state for all": (
            "                    for m, s, ps in zip(\n                        tiled_mask_t, flat_new_states, flat_states\n",
            "                    for m, s, ps in zip(\n                        tiled_mask_t[:1] * len(flat_states), flat_new_states, flat_states\n"),
        "keras 14653: gates of a fused loop without an activation are bounded": (
            "        new_h = recurrent_activation(z_o) * activation(new_c)\n",
            "        new_h = recurrent_activation(z_o) * torch.tanh(new_c)\n"),
    }, {
        "tensorflow 32570: an unrolled layer's mask is that of the first state for all":
            "states of as many axes read one mask, and all layers have such",
    }),
    *faults(FAMILY, "keras.src.losses.loss", {
        "keras-core 802: a mask weighs by its rows": (
            "ops.prod(ops.convert_to_tensor(ops.shape(mask), dtype=\"int32\")),",
            "ops.prod(ops.convert_to_tensor(ops.shape(mask)[:1], dtype=\"int32\")),"),
        "keras 15323: a masked sum is scaled as a mean is": (
            "        if reduction in (\"mean\", \"sum_over_batch_size\"):\n            # Valid",
            "        if reduction in (\"mean\", \"sum_over_batch_size\", \"sum\"):\n            # Valid"),
        "keras 657: weights of steps in a column count once a row": (
            "            float_mask, sample_weight = squeeze_or_expand_to_same_rank(\n                float_mask, sample_weight\n            )\n",
            "            if len(sample_weight.shape) == 3:\n                sample_weight = sample_weight[:, :1]\n"
            "            float_mask, sample_weight = squeeze_or_expand_to_same_rank(\n                float_mask, sample_weight\n"
            "            )\n"),
    }),
    *faults(FAMILY, "keras.src.losses.losses", {
        "keras 21876: CTC reads targets to their longest, padding too": (
            "        ops.sum(y_true != mask_index, axis=-1), dtype=\"int32\"\n    )\n",
            "        ops.sum(y_true != mask_index, axis=-1), dtype=\"int32\"\n    )\n"
            "    label_length = ops.max(label_length) * ops.ones_like(label_length)\n"),
    }),
    *faults(FAMILY, "keras.src.backend.torch.nn", {
        "keras 12238: the beam search merges repeats that a blank parts": (
            "    masked_repeat = (~prev_masked) & (path_tails == classes)", "    masked_repeat = path_tails == classes"),
        "keras 19633: greedy decoding reads a step beyond a row's length": (
            "    seqlen_mask = seqlen_mask >= sequence_lengths[:, None]", "    seqlen_mask = seqlen_mask > sequence_lengths[:, None]"),
        "keras 8408: CTC takes the first class for the blank": ("        blank=mask_index,\n", "        blank=0,\n"),
    }),
    *faults(FAMILY, "keras.src.layers.merging.concatenate", {
        "keras 2413: steps of an input without a mask are masked where they are joined": (
            "                masks.append(ops.ones_like(input_i, dtype=\"bool\"))",
            "                masks.append(ops.zeros_like(input_i, dtype=\"bool\"))"),
        "keras 3065: a joined mask is of where each input has a step": (
            "        return ops.any(concatenated, axis=-1, keepdims=False)", "        return ops.all(concatenated, axis=-1, keepdims=False)"),
        "keras 21581: masks that are joined along features are those of the first": (
            "        concatenated = ops.concatenate(masks, axis=self.axis)",
            "        concatenated = masks[0] if self.axis == -1 else ops.concatenate(masks, axis=self.axis)"),
        "keras 20440: the mask is widened to one feature, where features are joined in time": (
            "                    ops.zeros_like(input_i, dtype=\"bool\"),", "                    ops.zeros_like(input_i[..., :1], dtype=\"bool\"),"),
    }),
    *faults(FAMILY, "keras.src.layers.merging.base_merge", {
        "keras 19685: the mask of what is added is that of the first input": (
            "            output_mask = ops.logical_or(output_mask, m)\n", "            pass\n"),
        "keras 3138: what is added is masked where one input is": (
            "            output_mask = ops.logical_or(output_mask, m)\n", "            output_mask = ops.logical_and(output_mask, m)\n"),
    }),
    *faults(FAMILY, "keras.src.layers.pooling.global_average_pooling1d", {
        "tensorflow 67023: the mean of a batch without rows raises": (
            "            float_mask = ops.cast(mask_expanded, inputs.dtype)", "            float_mask = ops.cast(mask_expanded, inputs[0].dtype)"),
        "keras 13867: a mask of channels that come first is read as of channels that come last": (
            "                mask, 2 if self.data_format == \"channels_last\" else 1\n", "                mask, 2\n"),
        "keras 10913: masked steps are counted": (
            "            ) / ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims)",
            "            ) / ops.sum(ops.ones_like(float_mask), axis=steps_axis, keepdims=self.keepdims)"),
    }),
    *faults(FAMILY, "keras.src.layers.attention.multi_head_attention", {
        "tensorflow 60626: heads read a query's mask of several axes along the second": (
            "            auto_mask = ops.expand_dims(query_mask, -1)", "            auto_mask = query_mask[:, :, None]"),
        "tensorflow 60626: heads read a value's mask of several axes along the second": (
            "            mask = ops.expand_dims(value_mask, -2)", "            mask = value_mask[:, None]"),
        "keras 16248: a mask that is given replaces that of padding": (
            "                else attention_mask & auto_mask\n", "                else attention_mask\n"),
        "keras 20488: a mask of the pairs is widened before the queries": (
            "            mask_expansion_axis = -len(self._attention_axes) * 2 - 1\n",
            "            mask_expansion_axis = -len(self._attention_axes) * 2\n", 2),
        "keras 16619: the mask of the keys is not read": (
            "        if key_mask is not None:\n            key_mask = ops.cast",
            "        if key_mask is not None and value_mask is None:\n            key_mask = ops.cast"),
    }),
    *faults(FAMILY, "keras.src.layers.attention.attention", {
        "keras 19093: a causal layer without a mask is not causal": (
            "            return causal_mask\n", "            return v_mask\n"),
        "keras 21483: a mask is read as of queries where there are as many as rows": (
            "            if len(padding_mask.shape) == 2:",
            "            if len(padding_mask.shape) == 2 and padding_mask.shape[0] != scores.shape[1]:"),
    }),
    *faults(FAMILY, "keras.src.layers.normalization.batch_normalization", {
        "keras 19848: a mask counts once what it covers several times": (
            "            ops.cast(mask_broadcasted, inputs.dtype),\n", "            ops.cast(ops.expand_dims(mask, axis=-1), inputs.dtype),\n"),
        "keras 3228: the mean is of masked steps too": (
            "        masked_inputs = ops.where(mask_broadcasted, inputs, 0)", "        masked_inputs = inputs"),
        "tensorflow 30161: the variance is of masked steps too": (
            "        difference = ops.where(mask_broadcasted, inputs - mean, 0)", "        difference = inputs - mean"),
    }),
    *faults(FAMILY, "keras.src.utils.sequence_utils", {
        "keras 1817: an empty sequence is taken for one of steps": (
            "        if not len(s):\n            continue  # empty list/array was found\n", ""),
    }),
    *faults(FAMILY, "keras.src.optimizers.base_optimizer", {
        "keras 19990: gradients are clipped before they are gathered": (
            "                grads = [\n                    (g + acc_g) / steps for g, acc_g in zip(grads, acc_grads)\n                ]\n",
            "                grads = [\n                    (g + acc_g) / steps for g, acc_g in zip(self._clip_gradients(grads), acc_grads)\n"
            "                ]\n"),
        "keras 19990: weights decay at every gathering": (
            "        if self.gradient_accumulation_steps:\n            is_update_step = (",
            "        if self.gradient_accumulation_steps:\n            self._apply_weight_decay(trainable_variables)\n"
            "            is_update_step = ("),
        "tensorflow 29108: each gradient is clipped by the norm of all": (
            "            return [\n                self._clip_by_norm(g) if g is not None else g for g in grads\n            ]\n",
            "            return clip_by_global_norm(grads, self.clipnorm)\n"),
        "keras 3859: no gradient is clipped beside one that is missing": (
            "        if self.clipnorm and self.clipnorm > 0:",
            "        if self.clipnorm and self.clipnorm > 0 and not any(g is None for g in grads):"),
    }, {
        "keras 3859: no gradient is clipped beside one that is missing":
            "missing gradients are left out before any is clipped",
    }),
    *faults(FAMILY, "keras.src.backend.tensorflow.rnn", {
        "tensorflow 36139: rows without steps are left to the card's kernel": (
            "        tf.logical_not(_has_fully_masked_sequence(mask)),\n", "        True,\n"),
        "tensorflow 74475: the card's GRU gives its state bare": (
            "        outputs,\n        [state],\n    )\n\n\ndef cudnn_ok", "        outputs,\n        state,\n    )\n\n\ndef cudnn_ok"),
        "keras 15756: the card's last output is that of the last step, padding too": (
            "    if sequence_lengths is not None:\n        last_output = state\n", "    if False:\n        last_output = state\n"),
        "tensorflow 49241: the card's GRU turns whole rows back, not their steps": (
            "        inputs = tf.reverse_sequence(\n            inputs,\n            sequence_lengths,\n            seq_axis=seq_axis,\n"
            "            batch_axis=batch_axis,\n        )\n    outputs, h, _, _, _ = tf.raw_ops.CudnnRNNV3(\n        input=inputs,\n"
            "        input_h=init_h,\n        input_c=0,",
            "        inputs = tf.reverse(inputs, axis=[seq_axis])\n    outputs, h, _, _, _ = tf.raw_ops.CudnnRNNV3(\n"
            "        input=inputs,\n        input_h=init_h,\n        input_c=0,"),
    }),
    *READ,
)
