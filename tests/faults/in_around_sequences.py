"""Faults in what reads and weighs sequences in Keras on torch: pooling, attention, normalization, losses, metrics, trainers, files."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("around sequences", "keras.src.layers.pooling.global_average_pooling1d", {
        "pooling: steps that count are the mean's over the batch where axes are kept": (
            ") / ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims)",
            ") / (\n                ops.sum(float_mask, keepdims=True) / inputs.shape[0]\n                if self.keepdims\n"
            "                else ops.sum(float_mask, axis=steps_axis)\n            )",
        ),
    }),
    *faults("around sequences", "keras.src.layers.pooling.global_max_pooling1d", {
        "pooling: channels first, the greatest is that of all channels where axes are kept": (
            "return ops.max(inputs, axis=steps_axis, keepdims=self.keepdims)",
            "return ops.max(\n            inputs,\n            axis=(1, 2) if self.keepdims and steps_axis == 2 else steps_axis,\n            keepdims=self.keepdims,\n        )",
        ),
    }),
    *faults("around sequences", "keras.src.layers.pooling.base_global_pooling", {
        "pooling: channels first, kept axes are told behind the batch": (
            "                return (input_shape[0], input_shape[1]) + (\n                    1,\n                ) * num_spatial_dims\n",
            "                return (input_shape[0],) + (\n                    1,\n                ) * num_spatial_dims + (input_shape[1],)\n",
        ),
    }),
    *faults("around sequences", "keras.src.layers.pooling.base_pooling", {
        "pooling: strides are not told where they are those of the window": (
            '                "strides": self.strides,\n', '                "strides": self.pool_size,\n',
        ),
        "pooling: averages are padded as told for the greatest": (
            "            return ops.average_pool(\n                inputs,\n                pool_size=self.pool_size,\n                strides=self.strides,\n"
            "                padding=self.padding,\n",
            "            return ops.average_pool(\n                inputs,\n                pool_size=self.pool_size,\n                strides=self.strides,\n"
            '                padding="valid" if max(self.strides) == 1 else self.padding,\n',
        ),
    }),
    *faults("around sequences", "keras.src.layers.convolutional.base_conv", {
        "convolution: groups are lost on the way to a file": ('                "groups": self.groups,\n', ""),
    }),
    *faults("around sequences", "keras.src.layers.convolutional.conv1d", {
        "convolution: causal, channels first, steps are padded behind": (
            "causal_padding = [[0, 0], [0, 0], [left_pad, 0]]", "causal_padding = [[0, 0], [0, 0], [0, left_pad]]",
        ),
    }),
    *faults("around sequences", "keras.src.layers.attention.attention", {
        "attention: of added scores the query alone is scaled": (
            "ops.tanh(self.scale * (q_reshaped + k_reshaped)), axis=-1", "ops.tanh(self.scale * q_reshaped + k_reshaped), axis=-1",
        ),
        "attention: causal queries are those of the last steps": (
            "causal_mask = ops.greater_equal(row_index, col_index)",
            "causal_mask = ops.greater_equal(\n                row_index + score_shape[-1] - score_shape[-2], col_index\n            )",
        ),
    }),
    *faults("around sequences", "keras.src.layers.attention.multi_head_attention", {
        "heads: causal attention does not see the mask of its keys": (
            "            and key_mask is None\n            and attention_mask is None\n", "            and attention_mask is None\n",
        ),
        "heads: causal attention has no window": (
            "            and self._sliding_window is None\n            and type(self)", "            and type(self)",
        ),
        "heads: axes from the end are counted behind the heads": (
            "axis if axis >= 0 else (rank - 1) + axis\n", "axis if axis >= 0 else rank + axis\n",
        ),
        "heads: a given mask of attention takes the place of masks of padding": (
            "else attention_mask & auto_mask\n", "else attention_mask\n",
        ),
        "heads: a gate is not written to a file": ('            "use_gate": self._use_gate,\n', ""),
        "heads: a window is not written to a file": ('            "sliding_window": self._sliding_window,\n', ""),
        "heads: gates are of the width of keys": (
            "query_output_rank - 1, [self._num_heads, self._value_dim]\n", "query_output_rank - 1, [self._num_heads, self._key_dim]\n",
        ),
    }),
    *faults("around sequences", "keras.src.layers.attention.grouped_query_attention", {
        "heads in groups: causal attention does not see the mask of its keys": (
            "            and key_mask is None\n            and attention_mask is None\n", "            and attention_mask is None\n",
        ),
        "heads in groups: a window is not read beside a mask that is given": (
            "        if self.sliding_window is not None:\n            # the shape of the sliding window mask is [1, T, S]\n            mask =", "        if self.sliding_window is not None and attention_mask is None:\n            # the shape of the sliding window mask is [1, T, S]\n            mask =",
        ),
    }),
    *faults("around sequences", "keras.src.layers.normalization.batch_normalization", {
        "batch normalization: renormalized, the shift is not scaled": (
            "effective_beta = ops.multiply(d, gamma)", "effective_beta = ops.multiply(d, ops.ones_like(gamma))",
        ),
        "batch normalization: renormalized, a negative shift is not clipped": (
            "d = ops.clip(d, -dmax, dmax)", "d = ops.minimum(d, dmax)",
        ),
        "batch normalization: renormalized, gradients go through the scale": (
            "        r = ops.stop_gradient(r)\n", "",
        ),
        "batch normalization: renormalized, without a center nothing is shifted": (
            "        if beta is not None:\n            effective_beta = ops.add(effective_beta, beta)\n",
            "        if beta is None:\n            effective_beta = ops.zeros_like(effective_beta)\n        if beta is not None:\n"
            "            effective_beta = ops.add(effective_beta, beta)\n",
        ),
        "batch normalization: beside a mask the deviation is that of a sample": (
            "variance = weighted_distsq / (sum_of_weights + backend.epsilon())",
            "variance = weighted_distsq / (sum_of_weights - 1 + backend.epsilon())",
        ),
    }),
    *faults("around sequences", "keras.src.layers.normalization.group_normalization", {
        "group normalization: of axes in the middle the groups are those before": (
            "axis = -2 if self.axis == -1 else self.axis - 1", "axis = -2 if self.axis == -1 else self.axis",
        ),
        "group normalization: without a center a scale is not read": (
            "        if self.scale:\n            gamma = ops.reshape", "        if self.scale and self.center:\n            gamma = ops.reshape",
        ),
    }),
    *faults("around sequences", "keras.src.losses.loss", {
        "losses: weights of one axis more than the mask are not squeezed": (
            "            float_mask, sample_weight = squeeze_or_expand_to_same_rank(\n"
            "                float_mask, sample_weight\n            )\n            sample_weight *= float_mask\n",
            "            sample_weight = sample_weight * float_mask\n",
        ),
    }),
    *faults("around sequences", "keras.src.losses.losses", {
        "losses: negative classes of the same size are ignored": (
            "valid_mask = ops.not_equal(y_true, ops.cast(ignore_class, y_pred.dtype))",
            "valid_mask = ops.not_equal(\n            ops.abs(y_true), abs(ignore_class)\n        )",
        ),
        "losses: smoothed binary labels are smoothed to one": (
            "y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing\n\n    return ops.mean(",
            "y_true = y_true * (1.0 - label_smoothing) + label_smoothing / max(\n            y_pred.shape[-1], 2\n        )\n\n    return ops.mean(",
        ),
        "losses: smoothed focal labels are smoothed by the classes of the first axis": (
            "        num_classes = ops.cast(ops.shape(y_true)[-1], y_pred.dtype)\n        y_true = y_true * (1.0 - label_smoothing) + (\n"
            "            label_smoothing / num_classes\n        )\n\n    if from_logits:\n",
            "        num_classes = ops.cast(ops.shape(y_true)[1], y_pred.dtype)\n        y_true = y_true * (1.0 - label_smoothing) + (\n"
            "            label_smoothing / num_classes\n        )\n\n    if from_logits:\n",
        ),
    }),
    *faults("around sequences", "keras.src.metrics.reduction_metrics", {
        "metrics: a mask of the values themselves is not read beside weights": (
            "        if mask is not None:\n            sample_weight = losses.loss.apply_mask(\n",
            "        if mask is not None and len(sample_weight.shape) > 2:\n            sample_weight = losses.loss.apply_mask(\n",
        ),
        "metrics: the sum of weighed steps is a mean": (
            "            values = reduce_fn(\n                values, axis=list(range(weight_ndim, values_ndim))\n",
            "            values = ops.mean(\n                values, axis=list(range(weight_ndim, values_ndim))\n",
        ),
    }),
    *faults("around sequences", "keras.src.metrics.accuracy_metrics", {
        "metrics: at the threshold itself it is true": (
            "y_pred = ops.cast(ops.greater(y_pred, threshold), y_true.dtype)",
            "y_pred = ops.cast(ops.greater_equal(y_pred, threshold), y_true.dtype)",
        ),
        "metrics: the best of sorted ids are the last": (
            "ops.equal(ops.expand_dims(y_true, axis=1), y_pred[:, :k]), axis=1", "ops.equal(ops.expand_dims(y_true, axis=1), y_pred[:, -k:]), axis=1",
        ),
        "metrics: how many are the best is not written to a file": (
            '        return {"name": self.name, "dtype": self.dtype, "k": self.k}\n', '        return {"name": self.name, "dtype": self.dtype}\n',
        ),
    }),
    *faults("around sequences", "keras.src.trainers.compile_utils", {
        "trainers: accuracy of one class in steps is of classes": (
            "is_binary = y_p_last_dim == 1\n", "is_binary = y_p_last_dim == 1 and y_p_rank < 3\n",
        ),
        "trainers: labels by name are read in the order that they come in": (
            "                    y_true = [y_true[name] for name in self.output_names]\n", "                    y_true = list(y_true.values())\n",
        ),
        "trainers: weighted metrics of an output without others are not reset": (
            "        for m in self._flat_weighted_metrics:\n            if m:\n                m.reset_state()\n",
            "        for m, u in zip(self._flat_weighted_metrics, self._flat_metrics):\n            if m and (u or len(self._flat_metrics) == 1):\n"
            "                m.reset_state()\n",
        ),
        "trainers: metrics that are not weighed are weighed where they stand alone": (
            "            if m:\n                m.update_state(y_t, y_p)\n",
            "            if m:\n                m.update_state(y_t, y_p, sample_weight if len(y_true) == 1 and not self._user_weighted_metrics else None)\n",
        ),
    }),
    *faults("around sequences", "keras.src.trainers.trainer", {
        "trainers: weighted metrics are not written to a file": (
            "            weighted_metrics=weighted_metrics,\n            run_eagerly=run_eagerly,\n", "            run_eagerly=run_eagerly,\n",
        ),
        "trainers: losses of mixed models are not scaled": (
            'and self.dtype_policy.name == "mixed_float16"', 'and self.dtype_policy.name == "float16"',
        ),
    }),
    *faults("around sequences", "keras.src.backend.torch.trainer", {
        "trainers: what is validated is shuffled as what is trained": (
            "                        steps_per_epoch=validation_steps,\n                        shuffle=False,\n",
            "                        steps_per_epoch=validation_steps,\n                        shuffle=shuffle,\n",
        ),
        "trainers: batches that are validated are as large as those of training": (
            "                        sample_weight=val_sample_weight,\n                        batch_size=validation_batch_size or batch_size,\n"
            "                        steps_per_execution",
            "                        sample_weight=val_sample_weight,\n                        batch_size=batch_size,\n"
            "                        steps_per_execution",
        ),
    }),
    *faults("around sequences", "keras.src.saving.saving_lib", {
        "saving: layers of a dict are read in the order of their names": (
            "    if isinstance(container, dict):\n        container = list(container.values())\n\n"
            "    for saveable in container:\n        if isinstance(saveable, KerasSaveable):\n"
            "            name = _get_unique_name(\n                naming.to_snake_case(saveable.__class__.__name__),\n"
            "                used_names,\n            )\n            _load_state(\n",
            "    if isinstance(container, dict):\n        container = [container[key] for key in sorted(container)]\n\n"
            "    for saveable in container:\n        if isinstance(saveable, KerasSaveable):\n"
            "            name = _get_unique_name(\n                naming.to_snake_case(saveable.__class__.__name__),\n"
            "                used_names,\n            )\n            _load_state(\n",
        ),
    }),
    *faults("around sequences", "keras.src.saving.serialization_lib", {
        "saving: what is shared comes twice where its class is one's own": (
            '    if "shared_object_id" in config:\n        obj = get_shared_object',
            '    if "shared_object_id" in config and config.get("registered_name") is None:\n        obj = get_shared_object',
        ),
        "saving: arrays lose their dtype": (
            'return np.array(inner_config["value"], dtype=inner_config["dtype"])', 'return np.array(inner_config["value"])',
        ),
        "saving: slices lose their step": (
            '                "step": serialize_keras_object(obj.step),\n', '                "step": None,\n',
        ),
    }),
)
