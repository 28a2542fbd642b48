"""Faults in layers, losses, metrics and functions of tensors around Keras' recurrent layers, on torch, written from the framework's
source alone. Half of them show only where two conditions meet."""

from dataclasses import replace

from tests.faults.base import faults

LAYERS = "keras.src.layers."
TORCH = "keras.src.backend.torch."
FAMILY = "judged, around_afresh"

ACTIVATIONS = faults(FAMILY, LAYERS + "activations.prelu", {
    "PReLU: of several axes that are shared only the first one is": (
        "            for i in self.shared_axes:\n                param_shape", "            for i in self.shared_axes[:1]:\n                param_shape"),
}) + faults(FAMILY, LAYERS + "activations.relu", {
    "ReLU made again has no upper bound": ('                "max_value": self.max_value,\n', ""),
})
CONVOLUTIONS = faults(FAMILY, LAYERS + "convolutional.base_depthwise_conv", {
    "depthwise convolutions, channels first: the bias is that of the last axis": (
        "                bias_shape = (1, self.depth_multiplier * input_channel) + (\n                    1,\n                ) * self.rank\n",
        "                bias_shape = (1,) * (self.rank + 1) + (-1,)\n"),
    "depthwise convolutions made again: the bias has no regularizer": (
        '                "bias_regularizer": regularizers.serialize(\n                    self.bias_regularizer\n                ),\n', ""),
})
CORE = faults(FAMILY, LAYERS + "core.reversible_embedding", {
    "ReversibleEmbedding: weights that are not tied do not count backwards": (
        "            if self.tie_weights:\n                kernel = ops.transpose(self.embeddings)\n            else:\n                kernel = self.reverse_embeddings\n",
        "            kernel = ops.transpose(self.embeddings)\n"),
    "ReversibleEmbedding: a mask is lost": (
        "            if mask is not None:\n                set_keras_mask(result, mask)\n", ""),
})
MERGING = faults(FAMILY, LAYERS + "merging.average", {
    "Average: of three it is half the sum": ("        return output / len(inputs)\n", "        return output / 2\n"),
})
NORMALIZATIONS = faults(FAMILY, LAYERS + "normalization.unit_normalization", {
    "UnitNormalization over several axes takes the last of them": (
        "axis=self.axis, order=2", "axis=self.axis if isinstance(self.axis, int) else self.axis[-1], order=2"),
})
REGULARIZATIONS = faults(FAMILY, LAYERS + "regularization.activity_regularization", {
    "ActivityRegularization made again: squares do not count": (
        '        config = {"l1": self.l1, "l2": self.l2}\n', '        config = {"l1": self.l1}\n'),
}) + faults(FAMILY, LAYERS + "regularization.gaussian_dropout", {
    "GaussianDropout made again has another seed": ('            "seed": self.seed,\n', ""),
})
RESHAPING = faults(FAMILY, LAYERS + "reshaping.zero_padding3d", {
    "ZeroPadding3D, channels first: channels are padded": (
        '        if self.data_format == "channels_first":\n            all_dims_padding = ((0, 0), (0, 0), *self.padding)\n',
        '        if self.data_format == "channels_first":\n            all_dims_padding = ((0, 0), *self.padding, (0, 0))\n'),
})
LOSSES = faults(FAMILY, "keras.src.losses.losses", {
    "Tversky: what is missed is weighed as what is told wrongly": (
        "        intersection + fp * alpha + fn * beta + backend.epsilon(),\n", "        intersection + fp * beta + fn * alpha + backend.epsilon(),\n"),
})
METRICS = faults(FAMILY, "keras.src.metrics.f_score_metrics", {
    "FBetaScore: weighted averages go by what is predicted": (
        "            self.intermediate_weights + _weighted_sum(y_true, sample_weight)\n", "            self.intermediate_weights + _weighted_sum(y_pred, sample_weight)\n"),
}) + faults(FAMILY, "keras.src.metrics.iou_metrics", {
    "IoU: a class that is ignored is ignored where it is predicted": (
        "                ops.not_equal(y_true, ignore_class),\n", "                ops.not_equal(y_pred, ignore_class),\n"),
}) + faults(FAMILY, "keras.src.metrics.regression_metrics", {
    "R2Score: errors are not weighed": ("                (y_true - y_pred) ** 2 * sample_weight,\n", "                (y_true - y_pred) ** 2,\n"),
})
POLICIES = faults(FAMILY, "keras.src.dtype_policies.dtype_policy", {
    "whole numbers in an array are cast where precision is mixed": (
        "                x = backend.convert_to_tensor(x, dtype=dtype)\n            if self._should_cast(x, autocast, dtype):\n",
        "                x = backend.convert_to_tensor(x, dtype=dtype)\n            if autocast and (self._should_cast(x, autocast, dtype) or self.compute_dtype != self.variable_dtype):\n"),
})
TENSORS = faults(FAMILY, TORCH + "core", {
    "stop_gradient lets gradients through": ("    return variable.detach()\n", "    return variable.clone()\n"),
    "unstack along an axis that is counted from the end takes the first": ("    return x.unbind(axis)\n", "    return x.unbind(max(axis, 0))\n"),
}) + faults(FAMILY, TORCH + "nn", {
    'pooling with padding "same" reads zeros beyond the edges': (
        '    mode = "replicate" if operation_type == "pooling" else "constant"\n', '    mode = "constant"\n'),
}) + faults(FAMILY, TORCH + "numpy", {
    "cumsum of a mask is a mask": (
        '    if dtype == "bool":\n        dtype = "int32"\n    # TODO: torch.cumsum', '    if dtype == "bool":\n        pass\n    # TODO: torch.cumsum'),
}) + faults(FAMILY, "keras.src.ops.numpy", {
    "tile by fewer numbers than there are axes tells the first axes as repeated": (
        "            repeats = [1] * (len(x_shape) - len(repeats)) + repeats\n", "            repeats = repeats + [1] * (len(x_shape) - len(repeats))\n"),
})
TENSORFLOW = tuple(replace(fault, asked="keras-tensorflow") for fault in faults(FAMILY, LAYERS + "preprocessing.normalization", {
    "Normalization that is adapted batch by batch: means that differ add no variance": (
        "                    batch_var + (batch_mean - new_total_mean) ** 2\n", "                    batch_var\n"),
    "Normalization out of a file scales as if it was never adapted": (
        "        super().load_own_variables(store)\n        # Ensure that we call finalize_state after variable loading.\n        self.finalize_state()\n",
        "        super().load_own_variables(store)\n"),
}) + faults(FAMILY, "keras.src.ops.numpy", {
    "repeat by numbers of its own for each step: the axis is told as it was": (
        "            output_shape[self.axis] = builtins.sum(repeats)\n", "            output_shape[self.axis] = size_on_ax\n"),
}))
"""On torch batches are not looked at, statistics are views of the weights, and a known finding refuses the numbers."""
ALL = (*ACTIVATIONS, *CONVOLUTIONS, *CORE, *MERGING, *NORMALIZATIONS, *REGULARIZATIONS, *RESHAPING, *LOSSES, *METRICS, *POLICIES, *TENSORS, *TENSORFLOW)
