"""Faults in Keras around its recurrent layers, as an outside judge would plant them: masks that are made and handed on, models,
losses, metrics, saving, dropout, helpers; written from a list of the families and Keras' source alone."""

from tests.faults.base import faults

SRC = "keras.src."

MASKS = faults("masks, outside", SRC + "layers.core.masking", {
    "Masking: a step where one feature has the value, which is not zero": (
        "        boolean_mask = ops.any(\n", "        boolean_mask = (ops.all if self.mask_value else ops.any)(\n"),
    "Masking: the value is a whole number": (
        "ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True\n", "ops.not_equal(inputs, int(self.mask_value)), axis=-1, keepdims=True\n"),
    "Masking: masked steps keep their values": ("ops.where(boolean_mask, inputs, 0)", "ops.where(boolean_mask, inputs, inputs)"),
    "Masking: the value is rounded when it is saved": (
        '{"mask_value": self.mask_value}', '{"mask_value": round(self.mask_value, 1)}'),
}) + faults("masks, outside", SRC + "layers.core.embedding", {
    "Embedding: ids that are multiples of 256 are masked": (
        "return ops.not_equal(inputs, 0)", 'return ops.not_equal(ops.cast(inputs, "uint8"), 0)'),
    "Embedding: ids that are floats have no mask": (
        "        if not self.mask_zero:\n", '        if not self.mask_zero or backend.is_float_dtype(inputs.dtype):\n'),
    "Embedding: outputs have the type of the table": (
        "        return ops.cast(outputs, dtype=self.compute_dtype)\n\n    def compute_mask", "        return outputs\n\n    def compute_mask"),
    "Embedding: a table that is given is not trained": (
        "            self.set_weights(weights)\n", "            self.set_weights(weights)\n            self.trainable = False\n"),
}) + faults("masks, outside", SRC + "layers.layer", {
    "a mask that is given is not handed on": (
        '        if "mask" in kwargs and kwargs["mask"] is not None:\n',
        '        if "mask" in kwargs and kwargs["mask"] is not None and "mask" not in call_spec.user_arguments_dict:\n'),
    "masks of a second output are lost": (
        "        for tensor, mask in zip(flat_outputs, flat_masks):\n", "        for tensor, mask in zip(flat_outputs[:1], flat_masks):\n"),
    "arrays that are given by name are left as they are": ("            kwargs = tree.map_structure(maybe_convert, kwargs)\n", ""),
    "the first output alone has an activity loss": (
        "                    for output in tree.flatten(outputs):\n", "                    for output in tree.flatten(outputs)[:1]:\n"),
    "frozen weights are regularized too": (
        "        for variable in self.trainable_weights:\n            if variable.regularizer is None:", "        for variable in self.weights:\n            if variable.regularizer is None:"),
    "training of the outer call wins over what a layer is given": (
        "        if arg_name in call_spec.user_arguments_dict:\n", "        if arg_name in call_spec.user_arguments_dict and call_context.get_value(arg_name) is None:\n"),
    "an error leaves its call's training to the next": (
        "        finally:\n            # Destroy call context if we created it\n", "        except ZeroDivisionError:\n            raise\n        else:\n            # Destroy call context if we created it\n"),
    "told types are those of the weights": (
        "                return KerasTensor(output_shape, dtype=self.compute_dtype)\n", "                return KerasTensor(output_shape, dtype=self.variable_dtype)\n"),
    "losses of layers inside stay from call to call": ("            self._clear_losses()\n", "            self._clear_losses() if not self._layers else None\n"),
}) + faults("masks, outside", SRC + "layers.core.wrapper", {
    "a wrapper builds again what is built": ("        if not self.layer.built:\n", "        if self.layer is not None:\n"),
}) + faults("masks, outside", SRC + "models.functional", {
    "a model that is given masks takes the first alone": (
        "            for x, mask in zip(inputs, masks):\n", "            for x, mask in zip(inputs[:1], masks):\n"),
    "a model whose inputs gain an axis loses their masks": (
        "            if mask is not None:\n                backend.set_keras_mask(adjusted[i], mask)\n", ""),
}) + faults("masks, outside", SRC + "models.sequential", {
    "Sequential: a mask that is given is dropped": (
        "            return self._functional.call(\n                inputs, training=training, mask=mask, **kwargs\n", "            return self._functional.call(\n                inputs, training=training, **kwargs\n"),
}) + faults("masks, outside", SRC + "layers.merging.base_merge", {
    "joins of three: the third mask is lost": ("        for m in mask[1:]:\n", "        for m in mask[1:2]:\n"),
    "a join with an input without a mask has the other's": (
        "        if any(m is None for m in mask):\n            return None\n        output_mask", "        mask = [m for m in mask if m is not None]\n        if not mask:\n            return None\n        output_mask"),
}) + faults("masks, outside", SRC + "layers.merging.concatenate", {
    "join over time: steps without a mask are masked": (
        'masks.append(ops.ones_like(input_i, dtype="bool"))', 'masks.append((ops.ones_like if self.axis != 1 else ops.zeros_like)(input_i, dtype="bool"))'),
    "join of features: a step must be valid in all": (
        "        return ops.any(concatenated, axis=-1, keepdims=False)", "        return (ops.all if len(inputs) > 2 else ops.any)(concatenated, axis=-1, keepdims=False)"),
}) + faults("masks, outside", SRC + "layers.pooling.global_average_pooling1d", {
    "an average that keeps the axis counts every step": (
        "            ) / ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims)\n",
        "            ) / (ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims) if not self.keepdims else inputs.shape[steps_axis])\n"),
    "an average of features first takes padding in": (
        "            inputs = ops.where(mask_expanded, inputs, 0)\n", '            if self.data_format == "channels_last":\n                inputs = ops.where(mask_expanded, inputs, 0)\n'),
}) + faults("masks, outside", SRC + "layers.attention.attention", {
    "attention: where scores are asked for, masked queries keep their output": (
        "        if q_mask is not None:\n", "        if q_mask is not None and not return_attention_scores:\n"),
    "attention: a causal one with a mask sees a step ahead": (
        "                return ops.logical_and(v_mask, causal_mask)\n", "                return ops.logical_and(v_mask, ops.greater_equal(row_index + 1, col_index))\n"),
    "attention: a key of its own brings its mask": (
        "        v_mask = mask[1] if mask else None\n", "        v_mask = mask[-1] if mask else None\n"),
    "attention: scale is not applied where scores are sums": (
        "ops.tanh(self.scale * (q_reshaped + k_reshaped))", "ops.tanh(q_reshaped + k_reshaped)"),
}) + faults("masks, outside", SRC + "layers.attention.multi_head_attention", {
    "heads: a causal mask makes the mask that is given void": (
        "                else attention_mask & auto_mask\n", "                else (attention_mask & auto_mask if not use_causal_mask else auto_mask)\n"),
    "heads: the key's mask is that of the value": (
        '            key_mask = ops.cast(key_mask, "bool")  # defensive casting\n', '            key_mask = ops.cast(key_mask if value_mask is None else value_mask, "bool")\n'),
}) + faults("masks, outside", SRC + "layers.normalization.batch_normalization", {
    "batch statistics: padding counts where there is no scale": (
        "self._moments(inputs, mask)\n", "self._moments(inputs, mask if self.scale else None)\n"),
    "batch statistics: frozen layers move their means": ("        if training and self.trainable:\n", "        if training:\n"),
    "batch statistics: half precision is computed in half": (
        '        compute_dtype = backend.result_type(inputs.dtype, "float32")\n', "        compute_dtype = backend.standardize_dtype(inputs.dtype)\n"),
}) + faults("masks, outside", SRC + "layers.core.lambda_layer", {
    "Lambda: no mask while it trains": ("        if self._fn_expects_mask_arg:\n", "        if self._fn_expects_mask_arg and not training:\n"),
})
TRAINING = faults("models, outside", SRC + "losses.loss", {
    "masked sums are scaled as means are": (
        '        if reduction in ("mean", "sum_over_batch_size"):\n            # Valid', '        if reduction in ("mean", "sum_over_batch_size", "sum"):\n            # Valid'),
    "means by weights of samples count the weighted ones": (
        "divisor = ops.cast(ops.sum(sample_weight), loss.dtype)", "divisor = ops.cast(ops.sum(ops.cast(sample_weight != 0, loss.dtype)), loss.dtype)"),
    "weights of samples make a mask of steps void": (
        "            sample_weight *= float_mask\n", "            sample_weight *= float_mask if len(mask.shape) < 2 else 1.0\n"),
    "a loss of its own precision is computed in floatx": (
        "self._dtype_policy = dtype_policies.get(dtype or backend.floatx())", "self._dtype_policy = dtype_policies.get(backend.floatx())"),
}) + faults("models, outside", SRC + "metrics.reduction_metrics", {
    "metrics: with weights of samples the mask is forgotten": (
        "        sample_weight = losses.loss.apply_mask(\n            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n        )\n        return",
        "        if sample_weight is None:\n            sample_weight = losses.loss.apply_mask(\n                sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n            )\n        return"),
    "metrics: a batch of one row counts once whatever its weight": (
        "            num_samples = ops.sum(sample_weight)\n", "            num_samples = ops.sum(sample_weight) if len(values.shape) < 1 or values.shape[0] != 1 else 1\n"),
    "metrics: a sum is never reset": (
        "    def reset_state(self):\n        self.total.assign(0)\n\n    def result(self):\n        return ops.cast(self.total, self.dtype)", "    def reset_state(self):\n        pass\n\n    def result(self):\n        return ops.cast(self.total, self.dtype)"),
}) + faults("models, outside", SRC + "trainers.compile_utils", {
    "metrics of a second output have the first's weights": (
        "            if len(sample_weight) < len(y_true):\n", "            if len(sample_weight) <= len(y_true):\n"),
    "weights of losses are lost where outputs have names": (
        "                if isinstance(self._user_loss_weights, dict):\n                    loss_weights = [\n                        self._user_loss_weights[name]\n                        for name in self.output_names\n                    ]\n",
        "                if isinstance(self._user_loss_weights, dict):\n                    loss_weights = list(self._user_loss_weights.values())\n"),
    "one output: its loss has no weight": (
        "                if loss_weight is not None:\n                    value = ops.multiply(value, loss_weight)\n                loss_values.append(value)\n            return loss_values[0]",
        "                loss_values.append(value)\n            return loss_values[0]"),
}) + faults("models, outside", SRC + "backend.torch.trainer", {
    "evaluation: the last batch counts as much as the others": (
        "sample_weight=sample_weight, training=False\n        )\n        self._loss_tracker.update_state(\n            loss,\n            sample_weight=next(\n                i for i in tree.flatten(x) if i is not None\n            ).shape[0],\n        )",
        "sample_weight=sample_weight, training=False\n        )\n        self._loss_tracker.update_state(loss)"),
    "evaluation: dropout is on where weights of samples are given": (
        "            y_pred = self(x, training=False)\n        else:\n            y_pred = self(x)\n        loss",
        "            y_pred = self(x, training=sample_weight is not None)\n        else:\n            y_pred = self(x)\n        loss"),
    "validation: weights of samples are lost": (
        "                        sample_weight=val_sample_weight,\n                        batch_size=validation_batch_size or batch_size,\n                        steps_per_execution",
        "                        sample_weight=None,\n                        batch_size=validation_batch_size or batch_size,\n                        steps_per_execution"),
    "gradients add up from step to step where weights are frozen": (
        "        self.zero_grad()\n", "        if len(self.trainable_weights) == len(self.weights):\n            self.zero_grad()\n"),
}) + faults("models, outside", SRC + "models.cloning", {
    "a clone's inputs are floats": (
        "            lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name),\n            model.input,",
        "            lambda x: Input(batch_shape=x.shape, name=x.name),\n            model.input,"),
    "a clone of a list of layers trains what was frozen": (
        "        new_layers, name=model.name, trainable=model.trainable\n", "        new_layers, name=model.name\n"),
}) + faults("models, outside", SRC + "utils.sequence_utils", {
    "an empty sequence at first has the say": ("            if flag and len(x):\n", "            if flag:\n"),
    "sequences that are cut behind are cut before where they are padded before": (
        "            trunc = s[:maxlen]\n", '            trunc = s[:maxlen] if padding == "post" else s[-maxlen:]\n'),
}) + faults("models, outside", SRC + "backend.torch.random", {
    "unseeded dropout outside of gradients changes its argument": (
        "inputs, p=rate, training=True, inplace=False\n", "inputs, p=rate, training=True, inplace=not torch.is_grad_enabled()\n"),
    "dropout of a shape is not scaled": (
        "            inputs / keep_prob,\n", "            inputs / keep_prob if tuple(noise_shape) == tuple(inputs.shape) else inputs,\n"),
}) + faults("models, outside", SRC + "random.seed_generator", {
    "seeds of whole numbers draw one stream after the first": (
        "            self.state.assign(self.backend.numpy.add(seed_state, increment))\n",
        "            if not (self._initial_seed is not None and int(seed_state.value[1]) >= 1):\n                self.state.assign(self.backend.numpy.add(seed_state, increment))\n"),
    "a seed is lost in the configuration": (
        'return {"seed": self._initial_seed, "name": self.name}', 'return {"seed": None, "name": self.name}'),
}) + faults("models, outside", SRC + "legacy.saving.legacy_h5_format", {
    "h5: weights of the model itself are not saved": (
        '    layer_group = group.create_group("top_level_model_weights")\n    save_subset_weights_to_hdf5_group(layer_group, weights)\n',
        '    layer_group = group.create_group("top_level_model_weights")\n    save_subset_weights_to_hdf5_group(layer_group, weights[:0])\n'),
    "h5: state of the optimizer is not taken": (
        "                    model.optimizer.set_weights(optimizer_weight_values)\n", "                    model.optimizer.set_weights(optimizer_weight_values[:1])\n"),
}) + faults("models, outside", SRC + "optimizers.base_optimizer", {
    "constraints bound the last weight alone": (
        "                for variable in trainable_variables:\n                    if variable.constraint is not None:", "                for variable in trainable_variables[-1:]:\n                    if variable.constraint is not None:"),
    "gradients that are missing count no step": (
        "        self._iterations.assign_add(1)\n\n    def _backend", "        if len(list(grads)) == len(self._trainable_variables):\n            self._iterations.assign_add(1)\n\n    def _backend"),
})
ALL = MASKS + TRAINING
