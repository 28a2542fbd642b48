"""Faults around Keras' recurrent layers, on torch, as a judge from outside would plant them, a fifth time: beside those before."""

from tests.faults.base import faults

FAMILY = "judged again, around: beside"
LAYERS = "keras.src.layers."
TORCH = "keras.src.backend.torch."

TENSORS = faults(FAMILY, "keras.src.backend.common.keras_tensor", {
    "tensors of graphs: a number less a tensor is turned about": (
        "        return ops.Subtract().symbolic_call(other, self)\n", "        return ops.Subtract().symbolic_call(self, other)\n"),
    "tensors of graphs: at least is more than": (
        "        return ops.GreaterEqual().symbolic_call(self, other)\n", "        return ops.Greater().symbolic_call(self, other)\n"),
}) + faults(FAMILY, "keras.src.backend.common.variables", {
    "variables: a number over one is one over the number": (
        "        return backend.numpy.true_divide(other, self.value)\n", "        return backend.numpy.true_divide(self.value, other)\n"),
    "variables: a matrix times one is turned about": (
        "        return backend.numpy.matmul(other, self.value)\n", "        return backend.numpy.matmul(self.value, other)\n"),
}, {"variables: a matrix times one is turned about": "a tensor or an array on the left multiplies by itself"})
NUMPY = faults(FAMILY, TORCH + "numpy", {
    "quantile: kept axes from the end are kept elsewhere": (
        "            for i in sorted(axis):\n                i = i + 1 if q.ndim > 0 else i\n", "            for i in sorted(axis):\n                i = i + 1 if q.ndim > 0 or len(axis) > 1 else i\n", 2),
    "prod: of truth values is one": (
        "        if dtype == \"bool\":\n            dtype = \"int32\"\n        elif dtype in (\"int8\", \"int16\"):\n            dtype = \"int32\"\n        # TODO: torch.prod",
        "        if dtype in (\"int8\", \"int16\"):\n            dtype = \"int32\"\n        # TODO: torch.prod"),
    "split: at places along an axis from the end": (
        "        end_size = dim - indices_or_sections[-1:]\n", "        end_size = x.shape[max(axis, 0)] - indices_or_sections[-1:]\n"),
    "select: the last condition that holds": (
        "    for c, v in reversed(list(zip(condlist, choicelist))):\n", "    for c, v in list(zip(condlist, choicelist)):\n"),
    "std: of whole numbers is corrected": (
        "    if \"int\" in ori_dtype or ori_dtype == \"bool\":\n        x = cast(x, \"float32\")\n    # Remove",
        "    if \"int\" in ori_dtype or ori_dtype == \"bool\":\n        return torch.std(cast(x, \"float32\"), dim=axis, keepdim=keepdims)\n    # Remove"),
}, {"split: at places along an axis from the end": "axes come counted from the start"})
OPS = faults(FAMILY, TORCH + "core", {
    "switch: beyond the last way the first is gone": (
        "    index = torch.clamp(index, 0, len(branches) - 1)\n", "    index = index if 0 <= index < len(branches) else 0\n"),
    "slice_update: at places that are tensors: from the start": (
        "        dim_indices = dim_indices + start_indices[dim]\n", "        dim_indices = dim_indices + start_indices[min(dim, 0)]\n"),
}) + faults(FAMILY, TORCH + "math", {
    "segments: rows of no segment are of the last": (
        "    segment_ids = torch.where(segment_ids >= 0, segment_ids, num_segments)\n", "    segment_ids = torch.where(segment_ids >= 0, segment_ids, num_segments - 1)\n"),
    "segments: products begin with nought where there are rows of features": (
        "    elif reduction_method == \"prod\":\n        result = torch.ones(*shape, device=get_device())\n", "    elif reduction_method == \"prod\" and len(shape) == 1:\n        result = torch.ones(*shape, device=get_device())\n"),
    "extract_sequences: a stride of its own is one": ("size=sequence_length, step=sequence_stride\n", "size=sequence_length, step=min(sequence_stride, 2)\n"),
}) + faults(FAMILY, TORCH + "nn", {
    "separable convolution: the second one has strides too": (
        "        pointwise_kernel,\n        strides=1,\n", "        pointwise_kernel,\n        strides=strides,\n"),
    "multi-hot: of one row is over its classes": (
        "    reduction_axis = 1 if len(x.shape) > 1 else 0\n", "    reduction_axis = 1\n"),
})
OPTIMIZERS = faults(FAMILY, "keras.src.optimizers.lamb", {
    "Lamb: is not relative to the weight's length": (
        "            ops.where(ops.greater(g_norm, 0), (w_norm / g_norm), 1.0),\n", "            ops.where(ops.greater(g_norm, 0), 1.0 / g_norm, 1.0),\n"),
}) + faults(FAMILY, "keras.src.optimizers.muon", {
    "Muon: layers that are told are not left out": (
        "            if re.search(keyword, variable.path):\n", "            if keyword == variable.path:\n"),
}) + faults(FAMILY, "keras.src.optimizers.multi_optimizer", {
    "MultiOptimizer: the scale of losses reaches the first alone": (
        "            for opt in self._inner_optimizers:\n                opt.loss_scale_factor = value\n", "            for opt in self._inner_optimizers[:1]:\n                opt.loss_scale_factor = value\n"),
    "MultiOptimizer: averages of the first alone become weights": (
        "            if variables:\n                opt.finalize_variable_values(variables)\n", "            if variables and opt is self._inner_optimizers[0]:\n                opt.finalize_variable_values(variables)\n"),
})
METRICS = faults(FAMILY, "keras.src.metrics.correlation_metrics", {
    "Pearson: targets are not centred": (
        "    y_true_norm = y_true - ops.mean(y_true, axis=axis, keepdims=True)\n", "    y_true_norm = y_true\n"),
}, {"Pearson: targets are not centred": "outputs are, and so is the product of both, in the mean"}) + faults(FAMILY, "keras.src.metrics.iou_metrics", {
    "overlaps: classes that are none count as the first": (
        "            sample_weight = ops.where(bounds_mask, sample_weight, 0)\n", ""),
}) + faults(FAMILY, "keras.src.metrics.confusion_metrics", {
    "AUC: a reset leaves true negatives": (
        "            self.true_negatives.assign(ops.zeros(variable_shape))\n            self.false_negatives", "            self.false_negatives"),
}) + faults(FAMILY, "keras.src.losses.losses", {
    "Dice: over one axis the sum of targets is that of all": (
        "        ops.sum(y_true, axis=axis)\n        + ops.sum(y_pred, axis=axis)\n", "        ops.sum(y_true)\n        + ops.sum(y_pred, axis=axis)\n"),
    "cosine: targets of length nought": ("    y_true = normalize(y_true, axis=axis)\n", "    y_true = y_true / ops.norm(y_true, axis=axis, keepdims=True)\n"),
})
BETWEEN = faults(FAMILY, LAYERS + "core.einsum_dense", {
    "EinsumDense: the bias comes after the activation": (
        "        x = ops.einsum(self.equation, inputs, self.kernel)\n        if self.bias is not None:\n            x = ops.add(x, self.bias)\n        if self.activation is not None:\n            x = self.activation(x)\n",
        "        x = ops.einsum(self.equation, inputs, self.kernel)\n        if self.activation is not None:\n            x = self.activation(x)\n        if self.bias is not None:\n            x = ops.add(x, self.bias)\n"),
}) + faults(FAMILY, LAYERS + "activations.leaky_relu", {
    "LeakyReLU: its slope is that of the default": (
        "            inputs, negative_slope=self.negative_slope\n", "            inputs\n"),
}) + faults(FAMILY, LAYERS + "normalization.group_normalization", {
    "GroupNormalization: rows of groups are normalized by the batch": (
        "        group_reduction_axes = list(range(1, len(reshaped_inputs.shape)))\n", "        group_reduction_axes = list(range(0, len(reshaped_inputs.shape)))\n"),
}) + faults(FAMILY, LAYERS + "core.dense", {
    "Dense: thin matrices are not divided by their rank": (
        "                    (self.lora_alpha / self.lora_rank)\n                    * ops.matmul(self.lora_kernel_a, self.lora_kernel_b),\n", "                    self.lora_alpha\n                    * ops.matmul(self.lora_kernel_a, self.lora_kernel_b),\n"),
})
FEEDING = faults(FAMILY, "keras.src.trainers.data_adapters.torch_data_loader_adapter", {
    "torch loaders: a last batch that is full counts once more": (
        "            self._num_batches = len(dataloader)\n", "            self._num_batches = len(dataloader.dataset) // (dataloader.batch_size or 1) + 1\n"),
}) + faults(FAMILY, "keras.src.models.variable_mapping", {
    "map of variables: what dictionaries hold is left out": (
        "    if isinstance(container, dict):\n        container = list(container.values())\n", "    if isinstance(container, dict):\n        container = []\n"),
}, {"map of variables: what dictionaries hold is left out": "nobody reads this map"})
ALL = (*TENSORS, *NUMPY, *OPS, *OPTIMIZERS, *METRICS, *BETWEEN, *FEEDING)
