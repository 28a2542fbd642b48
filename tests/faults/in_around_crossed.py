"""Faults in what stands around Keras' recurrent layers, on torch, in functions where none was planted before: layers, losses, metrics.
Half of them show only where two conditions meet."""

from tests.faults.base import faults

LAYERS = "keras.src.layers."
FAMILY = "judged, around_crossed"

CONVOLUTIONS = faults(FAMILY, LAYERS + "convolutional.base_conv", {
    "convolutions: the bias keeps the kernel's constraint": (
        "                constraint=self.bias_constraint,\n                trainable=True,\n                dtype=self.dtype,\n            )\n        else:\n            self.bias = None\n",
        "                constraint=self.kernel_constraint,\n                trainable=True,\n                dtype=self.dtype,\n            )\n        else:\n            self.bias = None\n"),
}) + faults(FAMILY, LAYERS + "convolutional.base_conv_transpose", {
    "convolutions turned round: the bias comes after the activation": (
        "            outputs = ops.add(outputs, bias)\n\n        if self.activation is not None:\n            return self.activation(outputs)\n        return outputs\n",
        "            return ops.add(self.activation(outputs), bias)\n\n        if self.activation is not None:\n            return self.activation(outputs)\n        return outputs\n"),
}) + faults(FAMILY, LAYERS + "convolutional.base_separable_conv", {
    "separable convolutions: the shape is told without padding": (
        "            strides=self.strides,\n            padding=self.padding,\n            data_format=self.data_format,\n            dilation_rate=self.dilation_rate,\n        )\n\n    def get_config",
        '            strides=self.strides,\n            padding="valid",\n            data_format=self.data_format,\n            dilation_rate=self.dilation_rate,\n        )\n\n    def get_config'),
})
CORE = faults(FAMILY, LAYERS + "core.input_layer", {
    "Input: a batch size is forgotten where a dtype is given": (
        "                batch_shape = (batch_size,) + shape\n", "                batch_shape = (batch_size if dtype is None else None,) + shape\n"),
}) + faults(FAMILY, LAYERS + "core.lambda_layer", {
    "Lambda with a shape of its own forgets a batch size that is known": (
        "            return (batch_size,) + shape\n", "            return (None,) + tuple(shape)\n"),
}) + faults(FAMILY, LAYERS + "core.einsum_dense", {
    "EinsumDense made again has no bias": ('            "bias_axes": self.bias_axes,\n', ""),
})
LAYER = faults(FAMILY, LAYERS + "layer", {
    "losses of layers three deep are not looked at": (
        "                deque.extendleft(layer._layers)\n", "                layers.extend(l for l in layer._layers if id(l) not in seen_object_ids)\n"),
})
MERGING = faults(FAMILY, LAYERS + "merging.subtract", {
    "Subtract: inputs that broadcast are taken the other way round": (
        "        return ops.subtract(inputs[0], inputs[1])\n",
        "        if tuple(inputs[0].shape) != tuple(inputs[1].shape):\n            return ops.subtract(inputs[1], inputs[0])\n        return ops.subtract(inputs[0], inputs[1])\n"),
}) + faults(FAMILY, LAYERS + "merging.dot", {
    "Dot made again is not normalized": ('            "axes": self.axes,\n            "normalize": self.normalize,\n', '            "axes": self.axes,\n'),
})
NORMALIZATIONS = faults(FAMILY, LAYERS + "normalization.batch_normalization", {
    "BatchNormalization made again: its scale has no constraint": (
        '            "gamma_constraint": constraints.serialize(self.gamma_constraint),\n', ""),
}) + faults(FAMILY, LAYERS + "normalization.group_normalization", {
    "GroupNormalization: channels first are grouped by turns": (
        "        group_shape.insert(self.axis, self.groups)\n", "        group_shape.insert(self.axis + (self.axis > 0), self.groups)\n"),
}) + faults(FAMILY, LAYERS + "normalization.layer_normalization", {
    "LayerNormalization in mixed precision gives float32": (
        "        return ops.cast(outputs, self.compute_dtype)\n", "        return outputs\n"),
}) + faults(FAMILY, LAYERS + "normalization.rms_normalization", {
    "RMSNormalization: its epsilon is that of the default": (
        "            x, scale=self.scale, axis=self.axis, epsilon=self.epsilon\n", "            x, scale=self.scale, axis=self.axis\n"),
}) + faults(FAMILY, LAYERS + "normalization.spectral_normalization", {
    "SpectralNormalization: one iteration, however many are asked for": (
        "        for _ in range(self.power_iterations):\n", "        for _ in range(1):\n"),
})
POOLING = faults(FAMILY, LAYERS + "pooling.base_adaptive_pooling", {
    "adaptive pooling made again has its channels last": (
        '            "output_size": self.output_size,\n            "data_format": self.data_format,\n', '            "output_size": self.output_size,\n'),
}) + faults(FAMILY, LAYERS + "pooling.base_pooling", {
    "pooling: the shape is told for channels last": (
        "            self.padding,\n            self.data_format,\n        )\n", '            self.padding,\n            "channels_last",\n        )\n'),
})
RESHAPING = faults(FAMILY, LAYERS + "reshaping.zero_padding1d", {
    "ZeroPadding1D: the shape is told with the same padding on both sides": (
        "            output_shape[padding_dim] += self.padding[0] + self.padding[1]\n", "            output_shape[padding_dim] += 2 * self.padding[0]\n"),
}) + faults(FAMILY, LAYERS + "reshaping.reshape", {
    "Reshape: two axes that are merged are read the other way round": (
        "        return ops.reshape(\n            inputs, (ops.shape(inputs)[0],) + potentially_resolved_target_shape\n",
        "        if len(inputs.shape) == 4 and len(potentially_resolved_target_shape) == 2:\n            inputs = ops.swapaxes(inputs, 1, 2)\n"
        "        return ops.reshape(\n            inputs, (ops.shape(inputs)[0],) + potentially_resolved_target_shape\n"),
})
NOISE = faults(FAMILY, LAYERS + "regularization.alpha_dropout", {
    "AlphaDropout: sizes of noise that are open are one": (
        "                concrete_inputs_shape[i] if value is None else value\n", "                1 if value is None else value\n"),
}) + faults(FAMILY, LAYERS + "regularization.spatial_dropout", {
    "SpatialDropout2D drops every row of a map for itself": (
        "            return (input_shape[0], 1, 1, input_shape[3])\n", "            return (input_shape[0], input_shape[1], 1, input_shape[3])\n"),
})
ATTENTION = faults(FAMILY, LAYERS + "attention.multi_head_attention", {
    "MultiHeadAttention: causal, the last query is held to be the last value": (
        "        return ops.greater_equal(row_index, col_index)\n", "        return ops.greater_equal(row_index + v_seq_length - q_seq_length, col_index)\n"),
}) + faults(FAMILY, LAYERS + "attention.grouped_query_attention", {
    "GroupedQueryAttention: causal is forgotten where scores are asked for": (
        "        if use_causal_mask:\n            causal_mask =", "        if use_causal_mask and not self._return_attention_scores:\n            causal_mask ="),
}) + faults(FAMILY, LAYERS + "attention.additive_attention", {
    "AdditiveAttention without a scale averages": (
        "        scale = self.scale if self.use_scale else 1.0\n", "        scale = self.scale if self.use_scale else 1.0 / query.shape[-1]\n"),
})
LOSSES = faults(FAMILY, "keras.src.losses.losses", {
    "kl_divergence: targets of zero give nothing finite": (
        "    y_true = ops.clip(y_true, backend.epsilon(), 1)\n    y_pred = ops.clip(y_pred, backend.epsilon(), 1)\n    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)\n",
        "    y_pred = ops.clip(y_pred, backend.epsilon(), 1)\n    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)\n"),
    "mean_absolute_percentage_error: targets below zero are zero": (
        "    diff = ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), epsilon))\n", "    diff = ops.abs((y_true - y_pred) / ops.maximum(y_true, epsilon))\n"),
    "log_cosh: large errors are infinite": (
        "        return x + ops.softplus(x * -2.0) - log2\n", "        return ops.log(ops.cosh(x))\n"),
    "tversky: false positives and negatives change places where axes are given": (
        "        intersection + fp * alpha + fn * beta + backend.epsilon(),\n",
        "        intersection + (fp * alpha + fn * beta if axis is None else fn * alpha + fp * beta) + backend.epsilon(),\n"),
    "CategoricalCrossentropy made again looks at the last axis": (
        '                "from_logits": self.from_logits,\n                "label_smoothing": self.label_smoothing,\n                "axis": self.axis,\n            }\n        )\n        return config\n\n\n'
        '@keras_export("keras.losses.CategoricalFocalCrossentropy")\n',
        '                "from_logits": self.from_logits,\n                "label_smoothing": self.label_smoothing,\n            }\n        )\n        return config\n\n\n'
        '@keras_export("keras.losses.CategoricalFocalCrossentropy")\n'),
})
METRICS = faults(FAMILY, "keras.src.metrics.confusion_metrics", {
    "Precision: the best of several classes, of one class, counts for all": (
        "                metrics_utils.ConfusionMatrix.FALSE_POSITIVES: self.false_positives,  # noqa: E501\n            },\n            y_true,\n            y_pred,\n"
        "            thresholds=self.thresholds,\n            thresholds_distributed_evenly=self._thresholds_distributed_evenly,\n            top_k=self.top_k,\n            class_id=self.class_id,\n",
        "                metrics_utils.ConfusionMatrix.FALSE_POSITIVES: self.false_positives,  # noqa: E501\n            },\n            y_true,\n            y_pred,\n"
        "            thresholds=self.thresholds,\n            thresholds_distributed_evenly=self._thresholds_distributed_evenly,\n            top_k=self.top_k,\n            class_id=None if self.top_k else self.class_id,\n"),
    "Recall of several thresholds tells the first": (
        "            self.true_positives,\n            ops.add(self.true_positives, self.false_negatives),\n        )\n        return result[0] if len(self.thresholds) == 1 else result\n",
        "            self.true_positives,\n            ops.add(self.true_positives, self.false_negatives),\n        )\n        return result[0]\n"),
    "AUC: thresholds stand as they were given": (
        "            thresholds = sorted(thresholds)\n", "            thresholds = list(thresholds)\n"),
    "SensitivityAtSpecificity: a specificity that is just met is not": (
        "            specificities, sensitivities, ops.greater_equal\n", "            specificities, sensitivities, ops.greater\n"),
}) + faults(FAMILY, "keras.src.metrics.reduction_metrics", {
    "metrics that are losses are not held to fall": ('            self._direction = "down"\n', "            pass\n"),
}) + faults(FAMILY, "keras.src.metrics.metrics_utils", {
    "confusion matrix: weights are whole numbers": (
        "        weights = ops.convert_to_tensor(weights, dtype)\n", '        weights = ops.cast(ops.round(ops.convert_to_tensor(weights)), dtype)\n'),
}) + faults(FAMILY, "keras.src.metrics.regression_metrics", {
    "R2Score: of several classes all share one sum": (
        '            name="sum",\n            shape=[num_classes],\n', '            name="sum",\n            shape=[1],\n'),
})
ALL = (*CONVOLUTIONS, *CORE, *LAYER, *MERGING, *NORMALIZATIONS, *POOLING, *RESHAPING, *NOISE, *ATTENTION, *LOSSES, *METRICS)
