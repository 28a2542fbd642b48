"""Faults in what stands around recurrent layers when they are trained and kept: masks through other layers, regularizers,
constraints, losses, metrics, optimizers, training loops."""

from tests.faults.base import faults

LAYERS, OPTIMIZERS, TORCH = "keras.src.layers.", "keras.src.optimizers.", "keras.src.backend.torch.optimizers."
BEARS = ("        self.supports_masking = True\n", "")

MASKS = faults("masks on the way", LAYERS + "regularization.dropout", {
    "Dropout loses the mask": BEARS,
}) + faults("masks on the way", LAYERS + "normalization.layer_normalization", {
    "LayerNormalization loses the mask": BEARS,
}) + faults("masks on the way", LAYERS + "activations.activation", {
    "Activation loses the mask": BEARS,
}) + faults("masks on the way", LAYERS + "core.dense", {
    "Dense loses the mask": BEARS,
}) + faults("masks on the way", LAYERS + "regularization.gaussian_noise", {
    "GaussianNoise loses the mask": BEARS,
}) + faults("masks on the way", LAYERS + "layer", {
    "one result with a mask is enough": ("        mask_already_computed = all(", "        mask_already_computed = any("),
    "activity losses of inner layers pile up": ("        for layer in self._layers:\n            layer._clear_losses()\n", ""),
}) + faults("masks on the way", LAYERS + "core.masking", {
    "told mask looks at all features": ("return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)", "return ops.all(ops.not_equal(inputs, self.mask_value), axis=-1)"),
}) + faults("masks on the way", LAYERS + "core.embedding", {
    "ids of floats refused": ('        if inputs.dtype != "int32" and inputs.dtype != "int64":\n            inputs = ops.cast(inputs, "int32")\n        outputs = ops.take(self.embeddings, inputs, axis=0)', "        outputs = ops.take(self.embeddings, inputs, axis=0)"),
    "embeddings_constraint lost": ("                constraint=self.embeddings_constraint,\n", ""),
}, {"ids of floats refused": "on torch, take makes whole numbers of them itself"}) + faults("masks on the way", LAYERS + "merging.base_merge", {
    "greatest and least read padding": ("                x = ops.where(mask, x, output)", "                pass"),
    "greatest and least pass no mask on": ("            backend.set_keras_mask(output, output_mask)", "            pass"),
}, {"greatest and least pass no mask on": "compute_mask of every join sets the same mask afterwards"}) + faults("masks on the way", LAYERS + "merging.concatenate", {
    "an unmasked input counts as padding": ('masks.append(ops.ones_like(input_i, dtype="bool"))', 'masks.append(ops.zeros_like(input_i, dtype="bool"))'),
}) + faults("masks on the way", LAYERS + "attention.multi_head_attention", {
    "several heads attend masked values": ("            auto_mask = mask if auto_mask is None else auto_mask & mask\n        if key_mask", "            auto_mask = auto_mask\n        if key_mask"),
}) + faults("masks on the way", LAYERS + "pooling.global_average_pooling1d", {
    "pooling, features first: mask on another axis": ('mask, 2 if self.data_format == "channels_last" else 1', "mask, 2"),
})
BOUNDS = faults("regularizer", "keras.src.regularizers.regularizers", {
    "L1L2 without sizes": ("        if self.l1 != 0.0:", "        if self.l1 != 0.0 and self.l2 == 0.0:"),
    "L2 halved": ("return ops.cast(self.l2, dtype=x.dtype) * ops.sum(ops.square(x))", "return 0.5 * ops.cast(self.l2, dtype=x.dtype) * ops.sum(ops.square(x))"),
    "orthogonality of columns by rows": ("            product = ops.matmul(ops.transpose(inputs), inputs)\n            size = inputs.shape[1]", "            product = ops.matmul(inputs, ops.transpose(inputs))\n            size = inputs.shape[0]"),
}) + faults("constraint", "keras.src.constraints.constraints", {
    "MaxNorm over the other axis": ("        self.max_value = max_value\n        self.axis = axis\n\n    def __call__", "        self.max_value = max_value\n        self.axis = 1 - axis\n\n    def __call__"),
    "MinMaxNorm: rate ignored": ("            + (1 - self.rate) * norms\n", "            + (1 - self.rate) * 0 * norms\n"),
    "UnitNorm over all axes": ("        norms = ops.sqrt(ops.sum(ops.square(w), axis=self.axis, keepdims=True))\n        return ops.cast(w, norms.dtype) / (", "        norms = ops.sqrt(ops.sum(ops.square(w), keepdims=True))\n        return ops.cast(w, norms.dtype) / ("),
}) + faults("constraint", OPTIMIZERS + "base_optimizer", {
    "constraint on the first weight alone": ("                for variable in trainable_variables:\n                    if variable.constraint", "                for variable in trainable_variables[:1]:\n                    if variable.constraint"),
})
STEPS = faults("optimizer, in corners", OPTIMIZERS + "base_optimizer", {
    "moving average left out at the end": ("            self._overwrite_model_variables_with_average_value(var_list)\n", "            pass\n"),
    "state not restored": ("            variable.assign(store[str(i)])\n", "            pass\n"),
    "global norm of the largest gradient": ("    squared_norm = ops.sum(ops.stack(squared_norms))", "    squared_norm = ops.max(ops.stack(squared_norms))"),
    "scale of the loss not taken back": ("grads = [g if g is None else g / scale for g in grads]", "grads = [g if g is None else g for g in grads]"),
}) + faults("optimizer, in corners", OPTIMIZERS + "schedules.learning_rate_schedule", {
    "ExponentialDecay: no stairs": ("                p = ops.floor(p)\n            return ops.multiply(initial_learning_rate, ops.power(decay_rate, p))", "                p = ops.add(p, 0)\n            return ops.multiply(initial_learning_rate, ops.power(decay_rate, p))"),
}) + faults("optimizer, in corners", OPTIMIZERS + "adagrad", {
    "Adagrad: starts from nothing": ("initializers.Constant(self.initial_accumulator_value)", "initializers.Constant(0.0)"),
}) + faults("optimizer, in corners", TORCH + "torch_optimizer", {
    "excluded weights decay": ("[v.value for v in variables if self._use_weight_decay(v)]", "[v.value for v in variables]"),
    "decay with the first rate": ("1 - self.weight_decay * self._get_current_learning_rate()", "1 - self.weight_decay * (self._learning_rate(0) if callable(self._learning_rate) else self._learning_rate)"),
}) + faults("optimizer, in corners", TORCH + "torch_parallel_optimizer", {
    "all at once: accumulator not emptied": ("torch._foreach_mul_(acc_list, 0.0)", "torch._foreach_mul_(acc_list, 1.0)"),
    "all at once: the last gradient alone is accumulated": ("torch._foreach_add_(acc_list, grads, alpha=1.0)", "torch._foreach_copy_(acc_list, grads)"),
}) + faults("optimizer, in corners", TORCH + "torch_adam", {
    "Adam at once: amsgrad forgets": ("            torch._foreach_maximum_(v_hat_list, v_list)\n", "            torch._foreach_copy_(v_hat_list, v_list)\n"),
    "Adam at once: step not corrected": ("local_step = ops.cast(self.iterations + 1, dtype)", "local_step = ops.cast(self.iterations + 2, dtype)"),
}) + faults("optimizer, in corners", TORCH + "torch_sgd", {
    "SGD at once: nesterov by the whole momentum": ("torch._foreach_add_(variables, bufs, alpha=self.momentum)", "torch._foreach_add_(variables, bufs)"),
}) + faults("optimizer, in corners", TORCH + "torch_rmsprop", {
    "RMSprop at once: not centred": ("                torch._foreach_mul(average_grads, average_grads),\n                alpha=-1,", "                torch._foreach_mul(average_grads, average_grads),\n                alpha=0,"),
}) + faults("optimizer, in corners", TORCH + "torch_nadam", {
    "Nadam at once: momentum of this step": ("torch._foreach_mul(m_list, u_t_1),", "torch._foreach_mul(m_list, u_t),"),
}) + faults("optimizer, in corners", TORCH + "torch_adamax", {
    "Adamax at once: epsilon lost": ("torch._foreach_add(u_list, self.epsilon)", "torch._foreach_add(u_list, 0.0)"),
}) + faults("optimizer, in corners", TORCH + "torch_adadelta", {
    "Adadelta at once: rate ignored": ("torch._foreach_add_(variables, delta_vars, alpha=lr)", "torch._foreach_add_(variables, delta_vars)"),
})
LOSSES = faults("loss, in corners", "keras.src.trainers.compile_utils", {
    "loss_weights ignored with one output": ("                if loss_weight is not None:\n                    value = ops.multiply(value, loss_weight)\n                loss_values.append(value)\n            return loss_values[0]", "                loss_values.append(value)\n            return loss_values[0]"),
    "loss_weights ignored with several outputs": ("            if loss_weight is not None:\n                value = ops.multiply(value, loss_weight)\n            loss_values.append(value)\n\n        if loss_values:", "            loss_values.append(value)\n\n        if loss_values:"),
}) + faults("loss, in corners", "keras.src.losses.losses", {
    "ignored class counts in the mean": ("        backend.set_keras_mask(res, mask=valid_mask)\n", ""),
    "label smoothing to one side": ("y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing", "y_true = y_true * (1.0 - label_smoothing)", 2),
}) + faults("loss, in corners", "keras.src.metrics.reduction_metrics", {
    "count not reset": ("        self.total.assign(0)\n        self.count.assign(0)\n\n    def result(self):\n        return ops.divide_no_nan(", "        self.total.assign(0)\n\n    def result(self):\n        return ops.divide_no_nan("),
    "unweighted metric counts steps of masked rows": ("            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"", "            sample_weight, mask, dtype=self.dtype, reduction=\"mean\""),
})
TRAINING = faults("training loop, in corners", "keras.src.backend.torch.trainer", {
    "weights of validation not used": ("                        sample_weight=val_sample_weight,\n                        batch_size=validation_batch_size or batch_size,\n                        steps_per_execution", "                        batch_size=validation_batch_size or batch_size,\n                        steps_per_execution"),
    "class_weight ignored": ("            class_weight=class_weight,\n", ""),
    "metrics go on between batches": ("        self.reset_metrics()\n\n        logs = self.train_function([data])", "        logs = self.train_function([data])"),
    "evaluation goes on from training": ("        logs = {}\n        self.reset_metrics()\n", "        logs = {}\n"),
    "epochs go on from the one before": ("            self.reset_metrics()\n            callbacks.on_epoch_begin(epoch)", "            callbacks.on_epoch_begin(epoch)"),
}) + faults("training loop, in corners", "keras.src.trainers.data_adapters.array_slicing", {
    "validation of the first rows": ("lambda x: _split(x, start=split_at, end=batch_dim), sliceables", "lambda x: _split(x, start=0, end=batch_dim - split_at), sliceables"),
}) + faults("training loop, in corners", "keras.src.utils.sequence_utils", {
    "empty sequences refused": ("        if not len(s):\n            continue  # empty list/array was found\n", ""),
    "cut at the start when asked for the end": ("            trunc = s[:maxlen]\n", "            trunc = s[-maxlen:]\n"),
})

ALL = (*MASKS, *BOUNDS, *STEPS, *LOSSES, *TRAINING)
