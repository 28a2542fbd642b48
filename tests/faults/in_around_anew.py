"""Faults around Keras' recurrent layers, on torch: losses, metrics, merging, convolutions, attention, models, files, optimizers,
callbacks, functions of tensors. Written from the framework's source alone; half of them show only where two conditions meet."""

from tests.faults.base import faults

LAYERS = "keras.src.layers."
TORCH = "keras.src.backend.torch."
FAMILY = "judged, around_anew"

PARTS = faults(FAMILY, LAYERS + "core.einsum_dense", {
    "EinsumDense whose last axes are elided has a bias along them": (
        "        if not left_elided:\n            for _ in range(elided):\n                bias_shape.append(1)\n", ""),
}) + faults(FAMILY, LAYERS + "convolutional.conv1d", {
    "Conv1D that is causal and channels first pads channels": (
        "            causal_padding = [[0, 0], [0, 0], [left_pad, 0]]\n", "            causal_padding = [[0, 0], [left_pad, 0], [0, 0]]\n"),
}) + faults(FAMILY, LAYERS + "attention.multi_head_attention", {
    "MultiHeadAttention: a sliding window forgets the other masks": (
        "            mask = self._compute_sliding_window_mask(query, value)\n            auto_mask = mask if auto_mask is None else auto_mask & mask\n",
        "            auto_mask = self._compute_sliding_window_mask(query, value)\n"),
}) + faults(FAMILY, LAYERS + "reshaping.reshape", {
    "Reshape of whole numbers tells numbers": (
        "            shape=output_shape, dtype=inputs.dtype, sparse=inputs.sparse\n",
        "            shape=output_shape, dtype=self.compute_dtype, sparse=inputs.sparse\n"),
}) + faults(FAMILY, LAYERS + "reshaping.zero_padding1d", {
    "ZeroPadding1D, channels first, tells more channels": (
        '        padding_dim = 2 if self.data_format == "channels_first" else 1\n', "        padding_dim = 1\n"),
}) + faults(FAMILY, LAYERS + "reshaping.up_sampling3d", {
    "UpSampling3D of three sizes takes the last two for each other": (
        "            inputs, self.size[0], self.size[1], self.size[2], self.data_format\n",
        "            inputs, self.size[0], self.size[2], self.size[1], self.data_format\n"),
}) + faults(FAMILY, LAYERS + "regularization.spatial_dropout", {
    "SpatialDropout3D, channels first, drops columns": (
        "            return (input_shape[0], input_shape[1], 1, 1, 1)\n", "            return (input_shape[0], 1, 1, 1, input_shape[4])\n"),
}) + faults(FAMILY, LAYERS + "core.reversible_embedding", {
    "ReversibleEmbedding made again has no soft cap": (
        '                "logit_soft_cap": self.logit_soft_cap,\n', ""),
}) + faults(FAMILY, LAYERS + "pooling.base_adaptive_pooling", {
    "adaptive pooling, channels first, tells channels last": (
        "            return (batch_size, channels, *self.output_size)\n", "            return (batch_size, *self.output_size, channels)\n"),
})
LOSSES = faults(FAMILY, "keras.src.losses.losses", {
    "CosineSimilarity along another axis normalizes targets along the last": (
        "    y_true = normalize(y_true, axis=axis)\n    return -ops.sum", "    y_true = normalize(y_true, axis=-1)\n    return -ops.sum"),
    "BinaryFocalCrossentropy with balanced classes takes logits for probabilities": (
        "    if from_logits:\n        y_pred = ops.sigmoid(y_pred)\n", "    if from_logits and not apply_class_balancing:\n        y_pred = ops.sigmoid(y_pred)\n"),
    "KLDivergence takes targets of zero as they are": (
        "    y_true = ops.clip(y_true, backend.epsilon(), 1)\n", ""),
})
METRICS = faults(FAMILY, "keras.src.metrics.confusion_metrics", {
    "AUC of several labels does not weigh them where it is interpolated under precision": (
        "            by_label_auc = ops.sum(pr_auc_increment, axis=0)\n            if self.label_weights is None:\n",
        "            by_label_auc = ops.sum(pr_auc_increment, axis=0)\n            if True:\n"),
    "SpecificityAtSensitivity: a sensitivity that is just reached does not count": (
        "            sensitivities, specificities, ops.greater_equal\n", "            sensitivities, specificities, ops.greater\n"),
}) + faults(FAMILY, TORCH + "math", {
    "the last of the top k is not among them": ("    mask = targets_values >= topk_values\n", "    mask = targets_values > topk_values\n"),
})
MODELS = faults(FAMILY, "keras.src.models.functional", {
    "a model of several inputs takes named ones by the alphabet where more are given": (
        "                    inputs = [inputs[i.name] for i in self._inputs_struct]\n",
        "                    inputs = [inputs[name] for name in (sorted(expected_keys) if keys - expected_keys else [i.name for i in self._inputs_struct])]\n"),
}) + faults(FAMILY, "keras.src.saving.serialization_lib", {
    "an array within a graph comes back as numbers": (
        '                    "value": obj.tolist(),\n                    "dtype": backend.standardize_dtype(obj.dtype),\n',
        '                    "value": obj.tolist(),\n                    "dtype": backend.floatx(),\n'),
}) + faults(FAMILY, "keras.src.saving.saving_api", {
    "weights of other shapes in a whole model's file are not skipped": (
        "            model, filepath, skip_mismatch=skip_mismatch\n", "            model, filepath\n"),
}) + faults(FAMILY, "keras.src.ops.operation_utils", {
    "an open axis beside a known one is told as open": (
        "            output_shape[i] = None if shape2[i] == 1 else shape2[i]\n", "            output_shape[i] = None\n"),
})
OPTIMIZERS = faults(FAMILY, "keras.src.optimizers.adafactor", {
    "Adafactor clips at one whatever is asked": (
        "ops.maximum(one, ops.divide(self._rms(u_t), self.clip_threshold))", "ops.maximum(one, self._rms(u_t))"),
}) + faults(FAMILY, "keras.src.optimizers.schedules.learning_rate_schedule", {
    "CosineDecay that warms up begins to decay where it would without": (
        "                    global_step_recomp - warmup_steps,\n", "                    global_step_recomp,\n"),
}) + faults(FAMILY, "keras.src.optimizers.multi_optimizer", {
    "MultiOptimizer: weights that are set begin anew for the third": (
        "                opt.set_weights(opt_weights)\n                idx += num_opt_vars\n",
        "                opt.set_weights(opt_weights)\n                idx = own_var_count + num_opt_vars\n"),
}) + faults(FAMILY, "keras.src.regularizers.regularizers", {
    "penalties below zero are not refused": (
        "        or value < 0\n", ""),
}) + faults(FAMILY, "keras.src.initializers.random_initializers", {
    "LecunUniform goes by both fans": (
        '            scale=1.0,\n            mode="fan_in",\n            distribution="uniform",\n',
        '            scale=1.0,\n            mode="fan_avg",\n            distribution="uniform",\n'),
    "fans of convolutions count no places on the way out": (
        "        fan_out = shape[-1] * receptive_field_size\n", "        fan_out = shape[-1]\n"),
})
CALLBACKS = faults(FAMILY, "keras.src.callbacks.csv_logger", {
    "CSVLogger has no columns for validation that comes later": (
        '                self.keys.extend([f"val_{k}" for k in self.keys])\n', "                pass\n"),
    "CSVLogger that appends writes its header again": (
        "                    self.append_header = not bool(len(f.readline()))\n", "                    self.append_header = True\n"),
})
TENSORS = faults(FAMILY, TORCH + "core", {
    "fori_loop that begins later counts from nothing": (
        "    for i in range(lower, upper):\n", "    for i in range(upper - lower):\n"),
}) + faults(FAMILY, TORCH + "nn", {
    "categorical_crossentropy of logits along another axis normalizes the last": (
        "        log_prob = tnn.log_softmax(output, dim=axis)\n", "        log_prob = tnn.log_softmax(output, dim=-1)\n"),
}) + faults(FAMILY, TORCH + "numpy", {
    "expand_dims of several axes counts from the end of the old ones": (
        "    out_ndim = len(x.shape) + len(axis)\n    axis = sorted", "    out_ndim = len(x.shape) + 1\n    axis = sorted"),
    "quantiles over several axes that are kept are kept behind": (
        "            for i in sorted(axis):\n                i = i + 1 if q.ndim > 0 else i\n                y = expand_dims(y, axis=i)\n\n    return cast(y, result_dtype)\n\n\ndef ravel",
        "            for i in sorted(axis):\n                y = expand_dims(y, axis=i)\n\n    return cast(y, result_dtype)\n\n\ndef ravel"),
    "argmin that keeps its axis loses it": (
        "    return cast(torch.argmin(x, dim=axis, keepdim=keepdims), dtype=\"int32\")\n", "    return cast(torch.argmin(x, dim=axis), dtype=\"int32\")\n"),
    "the least number that is begun with does not count": (
        "        return torch.minimum(result, initial)\n", "        return result\n"),
}) + faults(FAMILY, TORCH + "random", {
    "truncated_normal draws up to three deviations": ("    valid = (x > -2) & (x < 2)\n", "    valid = (x > -3) & (x < 3)\n"),
})
ALL = (*PARTS, *LOSSES, *METRICS, *MODELS, *OPTIMIZERS, *CALLBACKS, *TENSORS)
