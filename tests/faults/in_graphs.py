"""Faults beside the recurrent layers: wrappers, masks at joins, pooling, attention, losses, metrics, optimizers, initial
weights, saving, training loops."""

from dataclasses import replace

from tests.faults.base import faults

LAYERS, OPTIMIZERS = "keras.src.layers.", "keras.src.optimizers."

WRAPPED = faults("TimeDistributed", LAYERS + "rnn.time_distributed", {
    "mask of the first step for all": ('kwargs["mask"] = mask[i]', 'kwargs["mask"] = mask[0]'),
    "training not passed on": ('kwargs["training"] = training', 'kwargs["training"] = False'),
    "mask of another length taken": ("if batch_mismatch or time_mismatch:", "if batch_mismatch:"),
    "mask not passed on": ("        self.supports_masking = True\n", ""),
    "last step repeats the one before, in long sequences": (
        "[step_function(i) for i in range(inputs.shape[0])]", "[step_function(i if i < 5 else 4) for i in range(inputs.shape[0])]"),
    "inner mask not given": ("if self.layer._call_has_mask_arg and mask is not None:", "if False:"),
})
MASKS = faults("masks in graphs", LAYERS + "merging.base_merge", {
    "merged mask by and": ("output_mask = ops.logical_or(output_mask, m)", "output_mask = ops.logical_and(output_mask, m)"),
    "merged mask of the first": ("        for m in mask[1:]:\n            output_mask = ops.logical_or(output_mask, m)\n", ""),
    "one mask is enough": ("        if any(m is None for m in mask):\n            return None\n        output_mask = mask[0]\n        for m in mask[1:]:", "        mask = [m for m in mask if m is not None]\n        if not mask:\n            return None\n        output_mask = mask[0]\n        for m in mask[1:]:"),
}) + faults("masks in graphs", LAYERS + "merging.concatenate", {
    "concatenated mask by and": ("return ops.any(concatenated, axis=-1, keepdims=False)", "return ops.all(concatenated, axis=-1, keepdims=False)"),
    "concatenated in time: mask lost": ("        if all(m is None for m in mask):\n", "        if self.axis == 1 or all(m is None for m in mask):\n"),
    "concatenated in time: masks swapped": ("concatenated = ops.concatenate(masks, axis=self.axis)", "concatenated = ops.concatenate(masks[::-1] if self.axis == 1 else masks, axis=self.axis)"),
}) + faults("masks in graphs", LAYERS + "layer", {
    "explicit mask not passed on": ('        if "mask" in kwargs and kwargs["mask"] is not None:\n            # Case 1', "        if False:\n            # Case 1"),
    "mask lost where the input is cast": ("            if mask is not None:\n                backend.set_keras_mask(y, mask)\n            return y", "            if mask is not None and y is x:\n                backend.set_keras_mask(y, mask)\n            return y"),
    "training of the outer layer not inherited": ("        elif call_context.get_value(arg_name) is not None:", "        elif False:"),
    "activity regularization not by the batch": ("                                loss = ops.divide_no_nan(loss, batch_size)\n", ""),
    "frozen layers train": ("        if not self.trainable:\n            return []\n        return [v for v in self.variables if v.trainable]", "        return [v for v in self.variables if v.trainable]"),
    "saved weights in another order": ('        for i, v in enumerate(all_vars):\n            store[f"{i}"] = v', '        for i, v in enumerate(all_vars[:1] + all_vars[:0:-1] if len({tuple(v.shape) for v in all_vars}) < len(all_vars) else all_vars):\n            store[f"{i}"] = v'),
    "no weights loaded where all fit": ('            v.assign(store[f"{i}"])', '            v.assign(store[f"{i}"] if len(v.shape) > 1 else v)'),
}) + faults("masks in graphs", "keras.src.models.functional", {
    "mask given to a model ignored": ("                if mask is not None:\n                    backend.set_keras_mask(x, mask)", "                pass"),
}) + faults("masks in graphs", LAYERS + "core.masking", {
    "configuration without mask_value": ('config = {"mask_value": self.mask_value}', "config = {}"),
    "another default of mask_value": ("def __init__(self, mask_value=0.0,", "def __init__(self, mask_value=1.0,"),
    "mask without a time axis of one": ("mask=ops.squeeze(boolean_mask, axis=-1)", "mask=ops.squeeze(boolean_mask)"),
}) + faults("masks in graphs", LAYERS + "core.embedding", {
    "configuration without mask_zero": ('            "mask_zero": self.mask_zero,\n', ""),
    "word 0 reads the last row": ("outputs = ops.take(self.embeddings, inputs, axis=0)", "outputs = ops.take(self.embeddings, ops.where(inputs == 0, self.input_dim - 1, inputs), axis=0)"),
    "another default of mask_zero": ("        mask_zero=False,\n", "        mask_zero=True,\n"),
}) + faults("masks in graphs", LAYERS + "pooling.global_average_pooling1d", {
    "mean over all steps": ("ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims)", "ops.sum(ops.ones_like(float_mask), axis=steps_axis, keepdims=self.keepdims)"),
    "padding pooled": ("inputs = ops.where(mask_expanded, inputs, 0)", "inputs = inputs"),
}) + faults("masks in graphs", LAYERS + "attention.attention", {
    "masked keys attended": ("scores = ops.where(padding_mask, scores - max_value, scores)", "scores = ops.where(padding_mask, scores, scores)"),
    "masked queries answer": ("attention_output = ops.where(q_mask, attention_output, 0)", "attention_output = ops.where(q_mask, attention_output, attention_output)"),
    "mask of the values passed on": ("return ops.convert_to_tensor(mask[0])", "return ops.convert_to_tensor(mask[-1])"),
    "causal mask without the present": ("causal_mask = ops.greater_equal(row_index, col_index)", "causal_mask = ops.greater(row_index, col_index)"),
}) + faults("masks in graphs", LAYERS + "normalization.batch_normalization", {
    "batch normalization counts padding": ("masked_inputs = ops.where(mask_broadcasted, inputs, 0)", "masked_inputs = inputs"),
    "moving mean by the wrong share": ("moving_mean * self.momentum + mean * (1.0 - self.momentum)\n                )\n                self.moving_variance", "moving_mean * (1.0 - self.momentum) + mean * self.momentum\n                )\n                self.moving_variance"),
}) + faults("masks in graphs", LAYERS + "reshaping.repeat_vector", {
    "repeated once too often": ("return ops.repeat(reshaped, self.n, axis=1)", "return ops.repeat(reshaped, self.n + 1, axis=1)"),
})
LOSSES = faults("loss, rarely", "keras.src.losses.loss", {
    "weights lost where there is a mask": ("            sample_weight *= float_mask\n", "            sample_weight = float_mask\n"),
    "nothing valid: not a number": ("mask_weight = ops.divide_no_nan(total, valid)", "mask_weight = total / valid"),
    "sum is a mean": ('if reduction in ("sum_over_batch_size", "mean", "mean_with_sample_weight"):', 'if reduction in ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight"):'),
    "mean of weights counts rows": ("divisor = ops.cast(ops.sum(sample_weight), loss.dtype)", "divisor = ops.cast(ops.sum(ops.ones_like(sample_weight)), loss.dtype)"),
}) + faults("loss, rarely", "keras.src.losses.losses", {
    "squares halved": ("    return ops.mean(ops.square(y_true - y_pred), axis=-1)", "    return ops.mean(ops.square(y_true - y_pred), axis=-1) / 2"),
}) + faults("loss, rarely", "keras.src.metrics.reduction_metrics", {
    "metric ignores the mask": ("        mask = backend.get_keras_mask(y_pred)\n", "        mask = None\n"),
    "metric counts rows, not weights": ("            num_samples = ops.sum(sample_weight)", "            num_samples = ops.shape(values)[0]"),
    "metric of the last batch alone": ("        self.total.assign_add(ops.sum(values))\n        if sample_weight is not None:", "        self.total.assign(ops.sum(values))\n        if sample_weight is not None:"),
})
RULES = faults("optimizer", OPTIMIZERS + "adam", {
    "Adam: one step too many": ("local_step = ops.cast(self.iterations + 1, variable.dtype)", "local_step = ops.cast(self.iterations + 2, variable.dtype)"),
    "Adam: largest velocity not kept": ("self.assign(v_hat, ops.maximum(v_hat, v))", "self.assign(v_hat, v)"),
    "Adam: epsilon under the root": ("ops.add(ops.sqrt(v), self.epsilon)", "ops.sqrt(ops.add(v, self.epsilon))"),
}) + faults("optimizer", OPTIMIZERS + "rmsprop", {
    "RMSprop: centred by the gradient": ("velocity - ops.square(average_grad) + self.epsilon", "velocity - ops.square(gradient) * 0 + self.epsilon"),
    "RMSprop: momentum without the rate": ("ops.add(ops.multiply(self.momentum, momentum), increment)", "ops.add(momentum, increment)"),
}) + faults("optimizer", OPTIMIZERS + "sgd", {
    "SGD: nesterov looks back": ("            if self.nesterov:\n", "            if False:\n"),
}) + faults("optimizer", OPTIMIZERS + "nadam", {
    "Nadam: product of the first step": ("u_product_t_1 = u_product_t * u_t_1", "u_product_t_1 = u_t * u_t_1"),
}) + faults("optimizer", OPTIMIZERS + "adadelta", {
    "Adadelta: steps not remembered": ("ops.multiply(1 - rho, ops.square(delta_var))", "ops.multiply(1 - rho, ops.square(grad))"),
})
"""What torch takes in steps of its own, for all weights at once."""
STEPS = tuple(replace(rule, asked="keras-tensorflow") for rule in RULES) + faults("optimizer", OPTIMIZERS + "base_optimizer", {
    "clipnorm by the sum of squares": ("ops.sqrt(l2sum_safe)", "l2sum_safe"),
    "accumulated gradients not divided": ("(g + acc_g) / steps for g", "(g + acc_g) for g"),
    "rate of the next step": ("return self._learning_rate(self._iterations)", "return self._learning_rate(self._iterations + 1)"),
    "weight decay without the rate": ("variable.assign(variable - variable * wd * lr)", "variable.assign(variable - variable * wd)"),
    "accumulator not emptied": ("                g_acc.assign(ops.zeros(g_acc.shape, dtype=g_acc.dtype))", "                pass"),
})
INITIAL = faults("initial weights", "keras.src.initializers.random_initializers", {
    "Glorot by the inputs alone": ("scale /= max(1.0, (fan_in + fan_out) / 2.0)", "scale /= max(1.0, fan_in)"),
    "fans of convolutions without the window": ("fan_in = shape[-2] * receptive_field_size", "fan_in = shape[-2]"),
    "orthogonal only where square": ("q, r = ops.qr(a)\n", "q, r = ops.qr(a) if num_rows == num_cols else (a, a[: min(a.shape), : min(a.shape)])\n"),
    "uniform from zero on": ("shape, minval=-limit, maxval=limit, dtype=dtype, seed=self.seed", "shape, minval=0.0, maxval=limit, dtype=dtype, seed=self.seed"),
})
TRAINING = faults("training loop", "keras.src.backend.torch.trainer", {
    "gradients not cleared": ("        self.zero_grad()\n\n        loss = self._compute_loss(", "        loss = self._compute_loss("),
    "weights of samples not used": ("x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True", "x=x, y=y, y_pred=y_pred, sample_weight=None, training=True"),
    "training without training mode": ("            y_pred = self(x, training=True)\n        else:\n            y_pred = self(x)\n\n        # Call torch", "            y_pred = self(x, training=False)\n        else:\n            y_pred = self(x)\n\n        # Call torch"),
    "prediction in training mode": ("            y_pred = self(x, training=False)\n        else:\n            y_pred = self(x)\n        return y_pred", "            y_pred = self(x, training=True)\n        else:\n            y_pred = self(x)\n        return y_pred"),
    "prediction shuffled": ("            batch_size=batch_size,\n            steps_per_epoch=steps,\n            shuffle=False,\n            steps_per_execution=self.steps_per_execution,\n        )\n\n        # Container that configures and calls callbacks.\n        if not isinstance(callbacks, callbacks_module.CallbackList):\n            callbacks = callbacks_module.CallbackList(\n                callbacks,\n                add_progbar=verbose != 0,\n                verbose=verbose,\n                epochs=1,\n                steps=epoch_iterator.num_batches,\n                model=self,\n            )\n\n        def append", "            batch_size=batch_size,\n            steps_per_epoch=steps,\n            shuffle=True,\n            steps_per_execution=self.steps_per_execution,\n        )\n\n        # Container that configures and calls callbacks.\n        if not isinstance(callbacks, callbacks_module.CallbackList):\n            callbacks = callbacks_module.CallbackList(\n                callbacks,\n                add_progbar=verbose != 0,\n                verbose=verbose,\n                epochs=1,\n                steps=epoch_iterator.num_batches,\n                model=self,\n            )\n\n        def append"),
    "batches joined in reverse": ("return tree.map_structure_up_to(batch_outputs, np.concatenate, outputs)", "return tree.map_structure_up_to(batch_outputs, lambda parts: np.concatenate(parts[::-1]), outputs)"),
    "evaluation in training mode": ("            y_pred = self(x, training=False)\n        else:\n            y_pred = self(x)\n        loss = self._compute_loss(", "            y_pred = self(x, training=True)\n        else:\n            y_pred = self(x)\n        loss = self._compute_loss("),
})

ALL = (*WRAPPED, *MASKS, *LOSSES, *STEPS, *INITIAL, *TRAINING)
