"""Faults in Keras that were written down before anyone looked at what the suite asks, half of them only where several features
meet: the first run of this list measures how much the suite finds that nobody had in mind."""

from dataclasses import replace

from tests.faults.base import faults

LAYERS, RNN, LOOP = "keras.src.layers.", "keras.src.layers.rnn.", "keras.src.backend.torch.rnn"

STATES = faults("states, blind", RNN + "rnn", {
    "mixed precision: final states come in the type of the weights": (
        "            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n",
        "            lambda x: ops.cast(x, dtype=self.variable_dtype), states\n"),
    "stateful with a mask: another batch size is taken": (
        "                self._expected_batch_size is not None\n",
        "                self._expected_batch_size is not None\n                and mask is None\n"),
    "a mask goes on with the last output where states are returned": (
        "output_mask = mask if self.return_sequences else None",
        "output_mask = mask if self.return_sequences or self.return_state else None"),
    "stateful: padding holds though zeros are asked for": (
        "zero_output_for_mask=self.zero_output_for_mask,\n            return_all",
        "zero_output_for_mask=self.zero_output_for_mask and not self.stateful,\n            return_all"),
    "masked sequences are not trained with dropout": (
        "            mask=mask,\n            training=training,\n        )\n        last_output",
        "            mask=mask,\n            training=training and mask is None,\n        )\n        last_output"),
    "a call in inference leaves its dropout behind": (
        "        self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful",
        "        if training:\n            self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful"),
    "stateful of an open batch size": (
        "                if sequences_shape[0] is None:\n", "                if sequences_shape[0] is None and not self.unroll:\n"),
}, {"stateful of an open batch size": "it still raises, in other words"}) + faults("states, blind", LOOP, {
    "without gradients the given carry is overwritten": (
        "        new_c = recurrent_activation(z_f) * c + recurrent_activation(\n            z_i\n        ) * activation(z_c)\n",
        "        keep, fresh = recurrent_activation(z_f), recurrent_activation(z_i) * activation(z_c)\n"
        "        new_c = keep * c + fresh if torch.is_grad_enabled() else c.mul_(keep).add_(fresh)\n"),
    "long sequences: gradients of the carry end every eight steps": (
        "        c = new_c\n        outputs", "        c = new_c.detach() if t % 8 == 7 else new_c\n        outputs"),
    "last output alone: padding holds though zeros are asked for": (
        "                    if zero_output_for_mask\n                    else",
        "                    if zero_output_for_mask and return_all_outputs\n                    else"),
    "backwards, zeros in padding: mask not reversed": (
        "            if go_backwards:\n                mask = torch.flip(mask, [0])",
        "            if go_backwards and not zero_output_for_mask:\n                mask = torch.flip(mask, [0])"),
    "unrolled: states of masked steps by the first state's mask": (
        "                    _expand_mask(mask_t, s) for s in flat_states\n",
        "                    _expand_mask(mask_t | (i > 6), s) for s in flat_states\n"),
}, {"last output alone: padding holds though zeros are asked for": "it mends what the ledger knows of the only output where padding gives zero"})
CELLS = faults("cells, blind", RNN + "lstm", {
    "LSTM: both dropouts, the recurrent one is lost": (
        "        if self.recurrent_dropout != 0.0:\n", "        if self.recurrent_dropout != 0.0 and self.dropout == 0.0:\n"),
    "LSTM: fused backwards without dropout": (
        "                    if training and self.dropout:", "                    if training and self.dropout and not self.go_backwards:"),
    "LSTM implementation 1: activation of the candidate is that of the gates": (
        "        c = f * c_tm1 + i * self.activation(\n", "        c = f * c_tm1 + i * self.recurrent_activation(\n"),
    "LSTM: trainable not given to the cell": ('            trainable=kwargs.get("trainable", True),\n', ""),
}) + faults("cells, blind", RNN + "gru", {
    "GRU reset before, no bias: update gate by the reset gate's columns": (
        "            recurrent_z = matrix_inner[:, : self.units]\n",
        "            recurrent_z = matrix_inner[:, : self.units] if self.use_bias or self.reset_after else matrix_inner[:, self.units : 2 * self.units]\n"),
    "GRU implementation 1, reset before: dropped state forgotten": (
        "                    r * h_tm1_h, self.recurrent_kernel[:, self.units * 2 :]",
        "                    r * h_tm1, self.recurrent_kernel[:, self.units * 2 :]"),
    "GRU: use_cudnn=True where it cannot be": ("        if self.use_cudnn is True:\n", "        if self.use_cudnn is True and mask is None:\n"),
    "GRU: units of zero": ("        if units <= 0:\n", "        if units < 0:\n"),
}) + faults("cells, blind", RNN + "simple_rnn", {
    "SimpleRNN: activation not saved by the cell": (
        '            "activation": activations.serialize(self.activation),\n            "use_bias": self.use_bias,\n            "kernel_initializer": initializers.serialize(\n                self.kernel_initializer\n            ),\n            "recurrent_initializer": initializers.serialize(\n                self.recurrent_initializer\n            ),\n            "bias_initializer": initializers.serialize(self.bias_initializer),\n            "kernel_regularizer": regularizers.serialize(\n                self.kernel_regularizer\n            ),\n            "recurrent_regularizer": regularizers.serialize(\n                self.recurrent_regularizer\n            ),\n            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n            "kernel_constraint"',
        '            "use_bias": self.use_bias,\n            "kernel_initializer": initializers.serialize(\n                self.kernel_initializer\n            ),\n            "recurrent_initializer": initializers.serialize(\n                self.recurrent_initializer\n            ),\n            "bias_initializer": initializers.serialize(self.bias_initializer),\n            "kernel_regularizer": regularizers.serialize(\n                self.kernel_regularizer\n            ),\n            "recurrent_regularizer": regularizers.serialize(\n                self.recurrent_regularizer\n            ),\n            "bias_regularizer": regularizers.serialize(self.bias_regularizer),\n            "kernel_constraint"'),
}) + faults("cells, blind", RNN + "dropout_rnn_cell", {
    "one draw for all rows of a batch": ("ones = ops.ones_like(step_input)", "ones = ops.ones_like(step_input[:1])"),
}) + faults("cells, blind", RNN + "stacked_rnn_cells", {
    "a list of one cell: its states stay in a list": ("        if len(new_states) == 1:\n            new_states = new_states[0]\n", ""),
    "stacked cells of one state: unpacked though they came in a list": (
        "            if len(states) == 1 and not state_is_list:\n", "            if len(states) == 1:\n"),
}, {"stacked cells of one state: unpacked though they came in a list": "numbers are the same, and how states are nested depends on masks as it is",
    "a list of one cell: its states stay in a list": "it mends what the ledger knows of RNN over a list of one cell"})
CONVOLUTIONS = faults("convolutional cells, blind", RNN + "conv_lstm", {
    "dilation of the states too": (
        'padding="same", data_format=self.data_format\n', 'padding="same", data_format=self.data_format,\n            dilation_rate=self.dilation_rate,\n'),
    "strides of the first axis for all": (
        "            strides=self.strides,\n            padding=padding,\n", "            strides=self.strides[0],\n            padding=padding,\n"),
    "dtype not given to the cell": ('            dtype=kwargs.get("dtype"),\n', ""),
    "dropout without recurrent dropout: one gate keeps all": (
        "            inputs_c = inputs * dp_mask[2]\n", "            inputs_c = inputs * dp_mask[2] if self.recurrent_dropout else inputs\n"),
    "mask goes on with the last frame": (
        "        output_mask = mask if self.return_sequences else None\n        if self.return_state:\n            state_mask = [None, None]",
        "        output_mask = mask\n        if self.return_state:\n            state_mask = [None, None]"),
}) + faults("convolutional cells, blind", RNN + "conv_lstm1d", {
    "ConvLSTM1D: dilation_rate not passed on": ("            dilation_rate=dilation_rate,\n", ""),
}) + faults("convolutional cells, blind", RNN + "conv_lstm2d", {
    "ConvLSTM2D: bias_regularizer not passed on": ("            bias_regularizer=bias_regularizer,\n", ""),
}) + faults("convolutional cells, blind", RNN + "conv_lstm3d", {
    "ConvLSTM3D: stateful not passed on": ("            stateful=stateful,\n", ""),
    "ConvLSTM3D: data_format not passed on": ("            data_format=data_format,\n", ""),
})
WRAPPERS = faults("wrappers, blind", RNN + "bidirectional", {
    "initial states taken in turn": (
        "            forward_state = initial_state[:half]\n            backward_state = initial_state[half:]\n",
        "            forward_state = initial_state[::2]\n            backward_state = initial_state[1::2]\n"),
    "halves of other kinds of results": (
        'common_attributes = ("stateful", "return_sequences", "return_state")', 'common_attributes = ("stateful", "return_sequences")'),
    "unmerged last outputs carry the mask": (
        "            output_mask = (None, None) if not self.merge_mode else None\n", "            output_mask = (mask, mask) if not self.merge_mode else None\n"),
    "given weights: the backward half gets the forward half's": (
        "self.backward_layer.initial_weights = weights[nw // 2 :]", "self.backward_layer.initial_weights = weights[: nw // 2]"),
    "use_cudnn of the forward half alone": (
        "            self.forward_layer.use_cudnn = layer.use_cudnn\n            self.backward_layer.use_cudnn = layer.use_cudnn\n",
        "            self.forward_layer.use_cudnn = layer.use_cudnn\n"),
}, {"use_cudnn of the forward half alone": "without a GPU the numbers are the same to rounding",
    "given weights: the backward half gets the forward half's": "nothing reads initial_weights: what is given as weights= is ignored as it is"}) + faults("wrappers, blind", RNN + "time_distributed", {
    "masked sequences are not trained": (
        "            if self.layer._call_has_training_arg:\n", "            if self.layer._call_has_training_arg and mask is None:\n"),
})
PASSING = faults("passing through layers, blind", LAYERS + "layer", {
    "a mask that was given is not passed on": (
        '            previous_mask = kwargs["mask"]\n',
        "            previous_mask = tree.map_structure(\n                backend.get_keras_mask, call_spec.first_arg\n            )\n"),
    "activity of the first result alone": (
        "                    for output in tree.flatten(outputs):\n", "                    for output in tree.flatten(outputs)[:1]:\n"),
    "freezing stops at the first level": (
        "        for layer in self._layers:\n            layer.trainable = value\n", ""),
    "inner layers compute in the outer's type": (
        "                    elif current_scope.dtype != self.compute_dtype:\n                        new_scope = backend.AutocastScope(self.compute_dtype)\n", ""),
    "mixed precision saved as the type of computing": (
        '"dtype": dtype_policies.serialize(self.dtype_policy),', '"dtype": dtype_policies.serialize(dtype_policies.get(self.compute_dtype)),'),
    "frozen layers come back trainable": ('            "trainable": self.trainable,\n', ""),
    "frozen weights have no penalty left": (
        "            if variable.regularizer is None:\n                continue\n",
        "            if variable.regularizer is None or len(self.trainable_weights) < len(self.weights):\n                continue\n"),
}) + faults("passing through layers, blind", "keras.src.models.functional", {
    "a mask given to a model is ignored": ("                    backend.set_keras_mask(x, mask)\n        outputs", "                    pass\n        outputs"),
}) + faults("passing through layers, blind", "keras.src.models.cloning", {
    "shared layers are cloned apart": ("        clone = clone_function(layer)\n        cache[id(layer)] = clone\n", "        clone = clone_function(layer)\n"),
}) + faults("passing through layers, blind", "keras.src.saving.saving_lib", {
    "weights of equal cells in one file": ('        return f"{name}_{used_names[name]}"\n', '        return f"{name}_{min(used_names[name], 1)}"\n'),
}) + faults("passing through layers, blind", "keras.src.dtype_policies.dtype_policy", {
    "numbers of less precision are not cast": (
        "if autocast and backend.is_float_dtype(x_dtype) and x_dtype != dtype:",
        'if autocast and backend.is_float_dtype(x_dtype) and x_dtype != dtype and (dtype != "float32" or x_dtype == "float64"):'),
}, {"numbers of less precision are not cast": "on torch operations promote: numbers and their types are the same"}) + faults("passing through layers, blind", LAYERS + "core.embedding", {
    "embeddings in the type of the weights": (
        "        outputs = ops.take(self.embeddings, inputs, axis=0)\n        return ops.cast(outputs, dtype=self.compute_dtype)\n",
        "        return ops.take(self.embeddings, inputs, axis=0)\n"),
})
GRAPHS = faults("graphs, blind", LAYERS + "attention.attention", {
    "with scores: padded queries are answered": (
        "        if q_mask is not None:\n            # Mask", "        if q_mask is not None and not return_attention_scores:\n            # Mask"),
    "causal: padded values are attended": ("                return ops.logical_and(v_mask, causal_mask)\n", "                return causal_mask\n"),
    "keys of one's own ignored": ("        k = inputs[2] if len(inputs) > 2 else v\n", "        k = v\n"),
    "score_mode not saved": ('            "score_mode": self.score_mode,\n            "dropout"', '            "score_mode": "dot",\n            "dropout"'),
}) + faults("graphs, blind", LAYERS + "attention.multi_head_attention", {
    "a mask of one's own instead of those of sequences": (
        "                else attention_mask & auto_mask\n", "                else attention_mask | auto_mask\n"),
}) + faults("graphs, blind", LAYERS + "merging.concatenate", {
}) + faults("graphs, blind", LAYERS + "merging.base_merge", {
    "a vector added to a sequence: along the features": (
        "                        x = ops.expand_dims(x, axis=1)\n", "                        x = ops.expand_dims(x, axis=-1)\n"),
}) + faults("graphs, blind", LAYERS + "merging.dot", {
    "cosines along the first input's axis": ("            x2 = normalize(x2, axis=axes[1])\n", "            x2 = normalize(x2, axis=axes[0])\n"),
}) + faults("graphs, blind", LAYERS + "pooling.global_average_pooling1d", {
    "NaN in padding reaches the average": (
        "            inputs = ops.where(mask_expanded, inputs, 0)\n", "            inputs = inputs * ops.cast(mask_expanded, inputs.dtype)\n"),
}) + faults("graphs, blind", LAYERS + "normalization.batch_normalization", {
    "variance over padding too": (
        "        difference = ops.where(mask_broadcasted, inputs - mean, 0)\n", "        difference = inputs - mean\n"),
    "frozen statistics move": ("        if training and self.trainable:\n", "        if training:\n"),
}) + faults("graphs, blind", LAYERS + "core.masking", {
    "what is masked is multiplied by zero": (
        "        outputs = ops.where(boolean_mask, inputs, 0)\n", "        outputs = inputs * ops.cast(boolean_mask, inputs.dtype)\n"),
}) + faults("graphs, blind", LAYERS + "regularization.spatial_dropout", {
    "all rows lose the same features": (
        "        return (input_shape[0], 1, input_shape[2])\n", "        return (1, 1, input_shape[2])\n"),
}) + faults("graphs, blind", LAYERS + "regularization.gaussian_dropout", {
    "variance taken for deviation": ("stddev = math.sqrt(self.rate / (1.0 - self.rate))", "stddev = self.rate / (1.0 - self.rate)"),
}) + faults("graphs, blind", LAYERS + "regularization.dropout", {
    "noise_shape not saved": ('            "noise_shape": self.noise_shape,\n', ""),
})
TRAINING = faults("training, blind", "keras.src.losses.loss", {
    "ignored classes count where padding is masked": ("                mask = in_mask & out_mask\n", "                mask = in_mask | out_mask\n"),
}) + faults("training, blind", "keras.src.trainers.compile_utils", {
    "losses of several outputs: every batch weighs the same": (
        "                    loss_module.unscale_loss_for_distribution(value),\n                    sample_weight=tree.flatten(y_p)[0].shape[0],\n",
        "                    loss_module.unscale_loss_for_distribution(value),\n"),
}) + faults("training, blind", "keras.src.backend.torch.trainer", {
    "the loss of a smaller batch weighs the same": (
        "            loss,\n            sample_weight=next(\n                i for i in tree.flatten(x) if i is not None\n            ).shape[0],\n",
        "            loss,\n", 2),
    "shuffled though not to be": (
        "            shuffle=shuffle,\n            class_weight", "            shuffle=bool(shuffle) or batch_size is not None,\n            class_weight"),
}) + faults("training, blind", "keras.src.trainers.trainer", {
    "evaluation without penalties": (
        "        del x\n        del training\n        losses = []\n        if self._compile_loss is not None:\n            loss = self._compile_loss(y, y_pred, sample_weight)\n            if loss is not None:\n                losses.append(loss)\n        for loss in self.losses:\n",
        "        del x\n        losses = []\n        if self._compile_loss is not None:\n            loss = self._compile_loss(y, y_pred, sample_weight)\n            if loss is not None:\n                losses.append(loss)\n        for loss in self.losses if training else ():\n"),
}) + faults("training, blind", "keras.src.trainers.data_adapters.data_adapter_utils", {
    "classes without a weight count nothing": ("class_weight.get(int(y_numpy[i]), 1.0)", "class_weight.get(int(y_numpy[i]), 0.0)"),
}) + faults("training, blind", "keras.src.trainers.data_adapters.array_slicing", {
    "validation_split rounds the other way": ("int(math.floor(batch_dim * (1.0 - validation_split)))", "int(math.ceil(batch_dim * (1.0 - validation_split)))"),
}) + faults("training, blind", "keras.src.optimizers.base_optimizer", {
    "moving average begins at zero": (
        "                    not_first_step = ops.not_equal(self.iterations, 0)\n", "                    not_first_step = ops.not_equal(self.iterations, -1)\n"),
    "accumulated gradients are not saved in the config": (
        '            "gradient_accumulation_steps": self.gradient_accumulation_steps,\n', ""),
}) + faults("training, blind", "keras.src.optimizers.loss_scale_optimizer", {
    "steps with infinite gradients are taken": (
        "        finite = self.check_finite(grads)\n        ops.cond(\n            finite,\n            lambda: self._stateful",
        "        finite = True\n        ops.cond(\n            finite,\n            lambda: self._stateful"),
}) + faults("training, blind", "keras.src.optimizers.schedules.learning_rate_schedule", {
    "PiecewiseConstantDecay: a step early": (
        "                step <= boundaries[0], result_dtype\n", "                step < boundaries[0], result_dtype\n"),
    "CosineDecay: alpha ignored": ("            decayed = (1 - self.alpha) * cosine_decayed + self.alpha\n            return ops.multiply(decay_from_lr, decayed)\n", "            return ops.multiply(decay_from_lr, cosine_decayed)\n"),
})
HELPERS = faults("helpers, blind", "keras.src.utils.sequence_utils", {
    "padding is a whole number": (
        "x = np.full((num_samples, maxlen) + sample_shape, value, dtype=dtype)",
        "x = np.full((num_samples, maxlen) + sample_shape, value if isinstance(value, str) else int(value), dtype=dtype)"),
    "items of other widths": ("        if trunc.shape[1:] != sample_shape:\n", "        if len(trunc.shape[1:]) != len(sample_shape):\n"),
}) + tuple(replace(fault, asked="keras-tensorflow") for fault in faults("helpers, blind", "keras.src.utils.timeseries_dataset_utils", {
    "windows of every other step reach beyond the end": (
        "num_seqs = end_index - start_index - (sequence_length - 1) * sampling_rate", "num_seqs = end_index - start_index - (sequence_length - 1)", 2),
    "targets from the start of the data": (
        "            targets, indices, start_index, end_index\n", "            targets, indices, 0, end_index\n"),
}))

ALL = (*STATES, *CELLS, *CONVOLUTIONS, *WRAPPERS, *PASSING, *GRAPHS, *TRAINING, *HELPERS)
