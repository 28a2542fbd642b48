"""Faults around Keras' recurrent layers, on torch, as a judge from outside would plant them, a fourth time: layers, losses, functions."""

from tests.faults.base import faults

FAMILY = "judged again, around"
LAYERS = "keras.src.layers."
TORCH = "keras.src.backend.torch."

ATTENTION = faults(FAMILY, LAYERS + "attention.attention", {
    "Attention: drops weights out when it does not train": (
        "        if training and self.dropout > 0:\n", "        if self.dropout > 0:\n"),
    "Attention: concat with a scale scales what tanh gave": (
        "ops.tanh(self.scale * (q_reshaped + k_reshaped)), axis=-1", "self.scale * ops.tanh(q_reshaped + k_reshaped), axis=-1"),
    "Attention: causal with as many queries as values alone": (
        "            mask_shape = (1, score_shape[-2], score_shape[-1])\n", "            mask_shape = (1, score_shape[-2], score_shape[-2])\n"),
}) + faults(FAMILY, LAYERS + "attention.additive_attention", {
    "AdditiveAttention: its configuration forgets dropout": (
        '        del base_config["score_mode"]\n', '        del base_config["score_mode"]\n        base_config.pop("dropout")\n'),
}) + faults(FAMILY, LAYERS + "attention.multi_head_attention", {
    "MultiHeadAttention: causal alone, and scores returned: sees the future": (
        "        if use_causal_mask:\n            causal_mask = self._compute_causal_mask(query, value)\n",
        "        if use_causal_mask and attention_mask is not None:\n            causal_mask = self._compute_causal_mask(query, value)\n"),
})
BETWEEN = faults(FAMILY, LAYERS + "reshaping.cropping1d", {
    "Cropping1D: cuts at the start alone lose everything": (
        "        if self.cropping[1] == 0:\n", "        if self.cropping == (0, 0):\n"),
}) + faults(FAMILY, LAYERS + "regularization.spatial_dropout", {
    "SpatialDropout: its configuration forgets the seed": (
        '            "seed": self.seed,\n            "name": self.name,\n', '            "name": self.name,\n'),
}) + faults(FAMILY, LAYERS + "regularization.gaussian_noise", {
    "GaussianNoise: noise of mixed precision is of float32": (
        "                dtype=self.compute_dtype,\n", "                dtype=self.variable_dtype,\n"),
}) + faults(FAMILY, LAYERS + "core.lambda_layer", {
    "Lambda: its configuration forgets what it hands to its function": (
        "        config[\"arguments\"] = serialization_lib.serialize_keras_object(\n            self.arguments\n        )\n", ""),
}) + faults(FAMILY, LAYERS + "activations.relu", {
    "ReLU: a threshold is not looked at": ("            threshold=self.threshold,\n        )\n\n    def get_config", "        )\n\n    def get_config"),
}) + faults(FAMILY, LAYERS + "activations.prelu", {
    "PReLU: shared over the axis beside": ("                param_shape[i - 1] = 1\n", "                param_shape[i - 2] = 1\n"),
})
LAYER = faults(FAMILY, LAYERS + "layer", {
    "layers of several tensors: the last one's mask is not handed in": (
        "            for k, v in call_spec.tensor_arguments_dict.items():\n                expected_mask",
        "            for k, v in list(call_spec.tensor_arguments_dict.items())[:-1]:\n                expected_mask"),
    "stateless call: losses are not returned": (
        "            state_mapping=mapping, collect_losses=return_losses\n", "            state_mapping=mapping, collect_losses=False\n"),
    "weights of a layer that is held twice are listed twice": (
        "            for w in layer.weights:\n                if id(w) not in seen_ids:\n", "            for w in layer.weights:\n                if True:\n"),
}) + faults(FAMILY, "keras.src.utils.tracking", {
    "lists of layers: what they are extended by is not tracked": (
        "            values = [self.tracker.track(v) for v in values]\n        super().extend(values)\n", "            values = list(values)\n        super().extend(values)\n"),
    "dictionaries of layers: what they are updated by is not tracked": (
        "            mapping = {k: self.tracker.track(v) for k, v in mapping.items()}\n", "            mapping = dict(mapping)\n"),
}) + faults(FAMILY, "keras.src.backend.common.keras_tensor", {
    "tensors of graphs: a number over a tensor is the tensor over the number": (
        "        return ops.TrueDivide().symbolic_call(other, self)\n", "        return ops.TrueDivide().symbolic_call(self, other)\n"),
    "tensors of graphs: a number to the power of a tensor is turned about": (
        "        return ops.Power().symbolic_call(other, self)\n", "        return ops.Power().symbolic_call(self, other)\n"),
})
LOSSES = faults(FAMILY, "keras.src.losses.losses", {
    "Huber: far from one the delta is taken to be one": (
        "            delta * abs_error - half * ops.square(delta),\n", "            delta * abs_error - half * delta,\n"),
    "categorical hinge: the best of the wrong classes is that of all": (
        "    neg = ops.max((1.0 - y_true) * y_pred, axis=-1)\n", "    neg = ops.max(y_pred, axis=-1)\n"),
    "generalized cross-entropy: as if q were one": ("    gce_loss = (1 - ops.power(p, q)) / q\n", "    gce_loss = 1 - ops.power(p, q)\n"),
}) + faults(FAMILY, "keras.src.metrics.reduction_metrics", {
    "metrics of functions: with weights the mask is not looked at": (
        "        sample_weight = losses.loss.apply_mask(\n            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n        )\n        return super()",
        "        if sample_weight is None:\n            sample_weight = losses.loss.apply_mask(\n                sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n            )\n        return super()"),
    "metrics of functions: what the function was given is not in the configuration": (
        "        config.update(serialization_lib.serialize_keras_object(self._fn_kwargs))\n        return {**base_config, **config}",
        "        return {**base_config, **config}"),
}) + faults(FAMILY, "keras.src.metrics.accuracy_metrics", {
    "top k of steps: matches are not of steps": (
        "    matches = ops.cast(\n        ops.in_top_k(ops.cast(y_true, \"int32\"), y_pred, k=k),\n        dtype=backend.floatx(),\n    )\n\n    # returned matches is expected to have same shape as y_true input\n    if reshape_matches:\n",
        "    matches = ops.cast(\n        ops.in_top_k(ops.cast(y_true, \"int32\"), y_pred, k=k),\n        dtype=backend.floatx(),\n    )\n\n    # returned matches is expected to have same shape as y_true input\n    if reshape_matches and y_true_rank == 1:\n"),
}) + faults(FAMILY, "keras.src.metrics.f_score_metrics", {
    "F score: weights of rows do not weigh what it averages by": (
        "            self.intermediate_weights + _weighted_sum(y_true, sample_weight)\n", "            self.intermediate_weights + _weighted_sum(y_true, None)\n"),
}) + faults(FAMILY, "keras.src.metrics.correlation_metrics", {
    "concordance: the means' distance is not squared": (
        "ops.square(y_true_mean - y_pred_mean)", "ops.abs(y_true_mean - y_pred_mean)"),
})
FUNCTIONS = faults(FAMILY, TORCH + "random", {
    "seeded dropout: a shape of noise without its first axis is one for all rows": (
        "            concrete_inputs_shape[i] if value is None else value\n", "            concrete_inputs_shape[i] if value is None and i else value or 1\n"),
}) + faults(FAMILY, TORCH + "nn", {
    "sparse cross-entropy: classes of frames of sequences trade places with their steps": (
        "            output = output.movedim(class_axis, 1)\n", "            output = output.transpose(class_axis, 1)\n"),
    "cross-entropy: probabilities that do not add up are not normalized": (
        "        output = output / torch.sum(output, dim=axis, keepdim=True)\n", ""),
    "softmax: of all axes is that of the last": (
        "        output = torch.reshape(x, [-1])\n        output = tnn.softmax(output, dim=-1)\n", "        output = tnn.softmax(x, dim=-1)\n"),
    "one-hot: what is below nought is the first class": (
        "    output = where(expand_dims(x, axis=-1) >= 0, output, zero)\n", ""),
    "average pooling: what is put around steps counts": (
        "        outputs = tnn.avg_pool1d(\n            inputs,\n            kernel_size=pool_size,\n            stride=strides,\n            padding=padding,\n            count_include_pad=False,\n",
        "        outputs = tnn.avg_pool1d(\n            inputs,\n            kernel_size=pool_size,\n            stride=strides,\n            padding=padding,\n            count_include_pad=True,\n"),
}) + faults(FAMILY, TORCH + "numpy", {
    "take: from the end in tables of more than two axes": (
        "    x_dim = x.shape[axis] if axis is not None else x.shape[0]\n    indices = torch.where(\n        indices < 0,\n        indices + x_dim,\n        indices,\n    )\n    if x.ndim == 2",
        "    x_dim = x.shape[0]\n    indices = torch.where(\n        indices < 0,\n        indices + x_dim,\n        indices,\n    )\n    if x.ndim == 2"),
    "pad: stops at the first axis that has none": (
        "        if pad_width_sum == 0:  # early break when no padding in higher order\n", "        if pad_width_sum == 0 or not sum(pad):  # early break when no padding in higher order\n"),
    "repeat: an axis from the end is the last": ("            axis = x.ndim + axis\n        shape = list(x.shape)\n", "            axis = x.ndim - 1\n        shape = list(x.shape)\n"),
    "mean: of whole numbers is a whole number": (
        "    if \"int\" in ori_dtype or ori_dtype == \"bool\":\n        result_dtype = compute_dtype\n    else:\n        result_dtype = ori_dtype\n\n    # [NB]",
        "    if ori_dtype == \"bool\":\n        result_dtype = compute_dtype\n    else:\n        result_dtype = ori_dtype\n\n    # [NB]"),
}) + faults(FAMILY, TORCH + "core", {
    "scan: backwards, what came is in the order of the steps taken": (
        "        lambda *ys: torch.stack(ys), *maybe_reversed(ys)\n", "        lambda *ys: torch.stack(ys), *ys\n"),
    "while_loop: one iteration more than the most": (
        "        maximum_iterations is None or iter < maximum_iterations\n", "        maximum_iterations is None or iter <= maximum_iterations\n"),
    "associative_scan: backwards along another axis is turned back along the first": (
        "        scans = [torch.flip(scanned, (axis,)) for scanned in scans]\n", "        scans = [torch.flip(scanned, (0,)) for scanned in scans]\n"),
})
ALL = (*ATTENTION, *BETWEEN, *LAYER, *LOSSES, *FUNCTIONS)
