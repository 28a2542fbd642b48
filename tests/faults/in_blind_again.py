"""Another round of faults in Keras, written from its sources before anyone looked at what the suite asks: they stand where its
users stand, from the layer over its neighbours to training, saving and feeding. Most show only where two options meet."""

from dataclasses import replace

from tests.faults.base import faults

LAYERS, RNN, TORCH = "keras.src.layers.", "keras.src.layers.rnn.", "keras.src.backend.torch."

RECURRENT = faults("recurrent, blind again", RNN + "rnn", {
    "a cell that names no output size has that of its last state": (
        "            output_size = self.state_size[0]\n        if not isinstance(output_size, int)",
        "            output_size = self.state_size[-1]\n        if not isinstance(output_size, int)"),
    "stateful: a state is kept in the usual type": (
        "                    dtype=self.variable_dtype,\n                    name=\"rnn_state\"",
        "                    dtype=backend.floatx(),\n                    name=\"rnn_state\""),
    "the caller's classes do not reach the cell": (
        'config.pop("cell"), custom_objects=custom_objects', 'config.pop("cell")'),
}, {"stateful: a state is kept in the usual type":
    "on torch a float64 layer computes in float32 (see the ledger), and float32 holds every number of half precision"}) + faults("recurrent, blind again", RNN + "stacked_rnn_cells", {
    "stacked cells: only the first trains": (
        "if isinstance(cell, Layer) and cell._call_has_training_arg:",
        "if isinstance(cell, Layer) and cell._call_has_training_arg and not new_states:"),
}, {"stacked cells: only the first trains": "a cell that is not told takes it from the call around it"}) + faults("recurrent, blind again", RNN + "bidirectional", {
    "Bidirectional: from_config eats its config": ("        config = copy.deepcopy(config)\n", ""),
}) + faults("recurrent, blind again", RNN + "gru", {
    "GRU: every step drops inputs of its own": (
        "dp_sequences = sequences * dp_mask",
        "dp_sequences = backend.random.dropout(sequences, self.dropout, seed=self.cell.seed_generator)"),
}) + faults("recurrent, blind again", RNN + "lstm", {
    "LSTM: the output gate drops what the candidate drops": ("h_tm1_o = h_tm1 * rec_dp_mask[3]", "h_tm1_o = h_tm1 * rec_dp_mask[2]"),
    "LSTM: no recurrent dropout backwards": (
        "            if not self.recurrent_dropout:\n", "            if not self.recurrent_dropout or self.go_backwards:\n"),
}) + faults("recurrent, blind again", RNN + "conv_lstm", {
    "ConvLSTM: padded, it does not dilate": (
        "            padding=padding,\n            data_format=self.data_format,\n            dilation_rate=self.dilation_rate,\n"
        "        )\n        if b is not None",
        '            padding=padding,\n            data_format=self.data_format,\n            dilation_rate=self.dilation_rate if '
        'padding == "valid" else 1,\n        )\n        if b is not None'),
    "ConvLSTM: the input gate begins with ones": (
        "                            self.bias_initializer(\n                                (self.filters,), *args, **kwargs\n"
        "                            ),\n                            initializers.get(\"ones\")(\n"
        "                                (self.filters,), *args, **kwargs\n                            ),\n",
        "                            initializers.get(\"ones\")(\n                                (self.filters,), *args, **kwargs\n"
        "                            ),\n                            self.bias_initializer(\n"
        "                                (self.filters,), *args, **kwargs\n                            ),\n"),
}) + faults("recurrent, blind again", TORCH + "rnn", {
    "torch: GRU runs backwards by the slow loop": (
        "if not reset_after or mask is not None:", "if not reset_after or mask is not None or go_backwards:"),
})

NEIGHBOURS = faults("neighbours, blind again", LAYERS + "core.embedding", {
    "Embedding loses its regularizer": (
        'regularizers.serialize(\n                self.embeddings_regularizer\n            ),\n            "activity',
        'None,\n            "activity'),
}) + faults("neighbours, blind again", LAYERS + "normalization.batch_normalization", {
    "BatchNormalization counts padding": ("self._moments(inputs, mask)", "self._moments(inputs, None)"),
}) + faults("neighbours, blind again", LAYERS + "pooling.global_average_pooling1d", {
    "GlobalAveragePooling1D: kept axes are not kept in the count": (
        "ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims)", "ops.sum(float_mask, axis=steps_axis)"),
}) + faults("neighbours, blind again", LAYERS + "convolutional.conv1d", {
    "a causal convolution pads as if it were dense": (
        "left_pad = self.dilation_rate[0] * (self.kernel_size[0] - 1)", "left_pad = self.kernel_size[0] - 1"),
}) + faults("neighbours, blind again", LAYERS + "layer", {
    "the regularizer of a frozen layer still counts": (
        "for variable in self.trainable_weights:\n            if variable.regularizer",
        "for variable in self.weights:\n            if variable.regularizer"),
    "a mixed policy comes back as one type": (
        '"dtype": dtype_policies.serialize(self.dtype_policy)', '"dtype": self.dtype'),
}) + faults("neighbours, blind again", TORCH + "core", {
    "torch: what was frozen stays so": (
        "            self._value.requires_grad = value\n", "            self._value.requires_grad &= value\n"),
}) + faults("neighbours, blind again", TORCH + "random", {
    "torch: a seeded layer drops the same at each call": (
        "    generator.manual_seed(int(first_seed + second_seed) & 0xFFFFFFFF)", "    generator.manual_seed(int(first_seed) & 0xFFFFFFFF)"),
})

TRAINING = faults("training, blind again", "keras.src.optimizers.base_optimizer", {
    "clipping by value lets negative gradients be": ("return [ops.clip(g, -v, v) if", "return [ops.minimum(g, v) if"),
    "clipping by the global norm lets small gradients grow": (
        "scale_for_finite = clip_norm * ops.minimum(1.0 / use_norm, 1.0 / clip_norm)", "scale_for_finite = clip_norm / use_norm"),
}) + faults("training, blind again", "keras.src.trainers.compile_utils", {
    "losses of several outputs are logged with their weight": (
        "loss_module.unscale_loss_for_distribution(value),", "value if loss_weight is None else value * loss_weight,"),
}) + faults("training, blind again", "keras.src.trainers.data_adapters.array_slicing", {
    "a split trains on what it validates": (
        "lambda x: _split(x, start=0, end=split_at), sliceables", "lambda x: _split(x, start=0, end=batch_dim), sliceables"),
}) + faults("training, blind again", "keras.src.callbacks.model_checkpoint", {
    "ModelCheckpoint forgets the best": ("                    self.best = current\n", ""),
}) + faults("training, blind again", TORCH + "trainer", {
    "torch: predict keeps the graph": (
        "            with torch.no_grad():\n                return self.predict_step(data)",
        "            with torch.enable_grad():\n                return self.predict_step(data)"),
}) + faults("training, blind again", "keras.src.trainers.epoch_iterator", {
    "with steps_per_epoch every epoch begins anew": (
        "            if self._current_iterator is None or self.steps_per_epoch is None:\n", "            if True:\n"),
}) + faults("training, blind again", "keras.src.callbacks.early_stopping", {
    "EarlyStopping begins an epoch late": ("epoch < self.start_from_epoch", "epoch <= self.start_from_epoch"),
}) + faults("training, blind again", "keras.src.callbacks.reduce_lr_on_plateau", {
    "ReduceLROnPlateau goes below its least rate": ("            new_lr = max(new_lr, self.min_lr)\n", ""),
}) + faults("training, blind again", "keras.src.callbacks.backup_and_restore", {
    "BackupAndRestore repeats the last epoch": ("self._current_epoch = epoch + 1", "self._current_epoch = epoch"),
})

FEEDING = faults("feeding, blind again", "keras.src.models.functional", {
    "a series without its one feature is taken for one step": ("ops.expand_dims(x, axis=-1)", "ops.expand_dims(x, axis=1)"),
}) + faults("feeding, blind again", "keras.src.models.cloning", {
    "a clone takes floats where ids went in": (
        "Input(batch_shape=x.shape, dtype=x.dtype, name=x.name)", "Input(batch_shape=x.shape, name=x.name)"),
}) + faults("feeding, blind again", "keras.src.utils.sequence_utils", {
    "pad_sequences ends at an empty sequence": ("            continue  # empty list", "            break  # empty list"),
}) + tuple(replace(fault, asked="keras-tensorflow") for fault in faults("feeding, blind again", "keras.src.utils.timeseries_dataset_utils", {
    "sampled windows: the last ones are missing": (
        "end_index - start_index - (sequence_length - 1) * sampling_rate", "end_index - start_index - (sequence_length * sampling_rate - 1)", 2),
}) + faults("feeding, blind again", LAYERS + "preprocessing.text_vectorization", {
    "TextVectorization loses its length": (
        '"output_sequence_length": self._output_sequence_length', '"output_sequence_length": None'),
}))

TENSORFLOW = faults("TensorFlow, blind again", "keras.src.backend.tensorflow.rnn", {
    "TF: unrolled, zeroed: the last output is not": (
        "                last_output = tf.where(\n                    _expand_mask(mask_list[-1], last_output),\n"
        "                    last_output,\n                    tf.zeros_like(last_output),\n                )\n", ""),
}, {"TF: unrolled, zeroed: the last output is not":
    "the option is documented for whole sequences alone, and there it is not given"}) + faults(
    "TensorFlow, blind again", "keras.src.backend.tensorflow.trainer", {
    "TF: several steps in one execution: one is left out": (
        "                return tf.logical_and(\n                    tf.less(execution_step, self.steps_per_execution),",
        "                return tf.logical_and(\n                    tf.less(execution_step + 1, self.steps_per_execution),"),
    "TF: after one epoch the averages are not taken over": (
        "            and epochs > 0\n", "            and epochs > 1\n"),
    "TF: predicted in several steps, batches are lost": ("for single_step_data in data[1:]:", "for single_step_data in data[2:]:"),
}) + faults("TensorFlow, blind again", "keras.src.backend.tensorflow.optimizer", {
    "TF: of several gradients only the last is kept": ("            var.assign(var + grad)", "            var.assign(grad)"),
    "TF: rows of an embedding are replaced, not moved": ("            variable.scatter_sub(value)", "            variable.scatter_update(value)"),
}) + faults("TensorFlow, blind again", "keras.src.backend.tensorflow.random", {
    "TF: the shape of the noise is not looked at": ("        noise_shape=noise_shape,\n", ""),
}) + tuple(replace(fault, asked="keras-tensorflow") for fault in faults("TensorFlow, blind again", RNN + "lstm", {
    "TF: a model with an LSTM is never compiled": (
        "            and backend.cudnn_ok(\n                cell.activation,\n                cell.recurrent_activation,\n"
        "                self.unroll,\n                cell.use_bias,\n            )\n", ""),
}, {"TF: a model with an LSTM is never compiled":
    "on a CPU TensorFlow compiles no model by itself, and on a card the layer runs in cuDNN"}) + faults(
    "TensorFlow, blind again", "keras.src.export.export_utils", {
    "TF: exported, a model of ids takes floats": (
        "        dtype = backend.standardize_dtype(x.dtype)\n        input_spec = layers.InputSpec(dtype=dtype, shape=shape, name=x.name)",
        "        dtype = backend.floatx()\n        input_spec = layers.InputSpec(dtype=dtype, shape=shape, name=x.name)"),
}))

JAX = faults("JAX, blind again", "keras.src.backend.jax.rnn", {
    "JAX: GRU: the state it is given gets no gradient": (
        "    h_0 = jnp.asarray(initial_state)\n\n    if go_backwards", "    h_0 = lax.stop_gradient(jnp.asarray(initial_state))\n\n    if go_backwards"),
}) + faults("JAX, blind again", "keras.src.backend.jax.trainer", {
    "JAX: train_on_batch leaves statistics and seeds as they were": (
        '            "trainable_variables": trainable_variables,\n            "non_trainable_variables": non_trainable_variables,\n'
        '            "optimizer_variables"',
        '            "trainable_variables": trainable_variables,\n            "optimizer_variables"'),
    "JAX: weighted metrics are not": (
        "logs = self.compute_metrics(x, y, y_pred, sample_weight)", "logs = self.compute_metrics(x, y, y_pred)"),
    "JAX: several steps in one execution: one is left out": (
        "for _ in range(self.steps_per_execution - 1):", "for _ in range(self.steps_per_execution - 2):", 2),
    "JAX: the optimizer forgets what it did in fit": (
        "        if optimizer_variables:\n            for ref_v, v in zip(self.optimizer.variables, optimizer_variables):\n"
        "                ref_v.assign(v)\n        if metrics_variables:\n            for ref_v, v in zip(self.metrics_variables,",
        "        if metrics_variables:\n            for ref_v, v in zip(self.metrics_variables,"),
    "JAX: predict is not compiled": (
        "            predict_step = jit(\n                predict_step,\n                donate_argnums=0,\n"
        "                out_shardings=out_shardings,\n            )\n", ""),
    "JAX: the scale of the loss stays in it": (
        "            unscaled_loss,\n            y_pred,\n            non_trainable_variables,\n            metrics_variables,\n        )\n\n    def _update",
        "            loss,\n            y_pred,\n            non_trainable_variables,\n            metrics_variables,\n        )\n\n    def _update"),
}) + faults("JAX, blind again", "keras.src.backend.jax.optimizer", {
    "JAX: what was accumulated is not cleared": (
        "lambda: [jnp.zeros(g.shape, dtype=g.dtype) for g in acc_grads]", "lambda: [g.value for g in acc_grads]"),
}) + tuple(replace(fault, asked="keras-jax") for fault in faults("JAX, blind again", RNN + "rnn", {
    "JAX: stacked cells: only the first prepares what it drops": (
        "            for c, s in zip(cell.cells, input_state):\n", "            for c, s in zip(cell.cells[:1], input_state):\n"),
}))

ALL = (*RECURRENT, *NEIGHBOURS, *TRAINING, *FEEDING, *TENSORFLOW, *JAX)
