"""Mistakes of Keras 3.14 in layers, functions of tensors and the engine on torch, put back: each was mended in 3.15."""

from tests.faults.base import faults

LAYERS, OPS, TORCH = "keras.src.layers.", "keras.src.ops.", "keras.src.backend.torch."
FAMILY = "past releases"

ALL = faults(FAMILY, LAYERS + "attention.attention", {
    "3.14: attention takes keys of rank three alone": (
        "ops.swapaxes(key, -2, -1)", "ops.transpose(key, axes=[0, 2, 1])"),
    "3.14: the shape of attention needs a key": (
        "        query_shape = input_shape[0]\n        value_shape = input_shape[1]\n",
        "        query_shape, value_shape, _ = input_shape\n"),
    "3.14: scores are told of the value's width": (
        "                key.shape[-2],\n            )  # (*batch_dims, Tq, Tv)\n",
        "                key.shape[-1],\n            )  # (*batch_dims, Tq, Tv)\n"),
    "3.14: what is masked multiplies the scores": (
        "            scores = ops.where(padding_mask, scores - max_value, scores)\n",
        "            scores -= max_value * ops.cast(padding_mask, dtype=scores.dtype)\n"),
}, {"3.14: what is masked multiplies the scores": "as much is taken from what is masked, and nothing from the rest"}) + faults(FAMILY, LAYERS + "convolutional.base_conv_transpose", {
    "3.14: transposed convolutions forget their output_padding": ('                "output_padding": self.output_padding,\n', ""),
}) + faults(FAMILY, LAYERS + "convolutional.base_conv", {
    "3.14: adapted kernels of convolutions are not cast": (
        "                dtype=self.compute_dtype,\n            )\n        return kernel\n",
        "                dtype=self.variable_dtype,\n            )\n        return kernel\n"),
}) + faults(FAMILY, LAYERS + "normalization.batch_normalization", {
    "3.14: masked statistics multiply what is masked": (
        "        masked_inputs = ops.where(mask_broadcasted, inputs, 0)\n",
        "        masked_inputs = inputs * ops.cast(mask_broadcasted, inputs.dtype)\n"),
    "3.14: differences of masked steps are multiplied": (
        "        difference = ops.where(mask_broadcasted, inputs - mean, 0)\n",
        "        difference = (inputs - mean) * ops.cast(mask_broadcasted, inputs.dtype)\n"),
}) + faults(FAMILY, LAYERS + "normalization.group_normalization", {
    "3.14: group normalization computes in half precision": ("        self.autocast = False\n", ""),
    "3.14: group normalization gives float32": (
        "        return ops.cast(outputs, self.compute_dtype)\n", "        return outputs\n"),
    "3.14: no groups are taken": (
        "        if not isinstance(groups, int) or (groups <= 0 and groups != -1):\n", "        if False:\n"),
}) + faults(FAMILY, LAYERS + "reshaping.reshape", {
    "3.14: Reshape takes sizes below -1": (
        '        validate_reshape_shape(target_shape, newshape_arg_name="target_shape")\n', ""),
}) + faults(FAMILY, LAYERS + "core.lambda_layer", {
    "3.14: safe_mode=False is not heard where the scope is safe": (
        "            safe_mode\n            if safe_mode is not None\n            else serialization_lib.in_safe_mode()\n",
        "            safe_mode or serialization_lib.in_safe_mode()\n"),
}) + faults(FAMILY, LAYERS + "core.einsum_dense", {
    "3.14: EinsumDense tells the shape of its first input": (
        "        _, _, full_output_shape, _, _ = _analyze_einsum_string(\n            self.equation,\n            self.bias_axes,\n"
        "            input_shape,\n            self.partial_output_shape,\n        )\n        return tuple(full_output_shape)\n",
        '        if not hasattr(self, "_told_shape"):\n            object.__setattr__(self, "_told_shape", _analyze_einsum_string(\n'
        "                self.equation, self.bias_axes, input_shape, self.partial_output_shape)[2])\n"
        "        return tuple(self._told_shape)\n"),
    "3.14: EinsumDense counts no axes for its initializer": (
        "        if isinstance(self.kernel_initializer, VarianceScaling) and (\n", "        if False and (\n"),
}) + faults(FAMILY, LAYERS + "layer", {
    "3.14: trainable may be a word": ("        if not isinstance(trainable, bool):\n", "        if False:\n"),
}) + faults(FAMILY, LAYERS + "preprocessing.discretization", {
    "3.14: bins begin a step late": ("    start = step - 1\n", "    start = increment\n"),
}) + faults(FAMILY, "keras.src.constraints.constraints", {
    "3.14: NonNeg multiplies": ("        return ops.maximum(w, 0)\n", "        return ops.multiply(w, ops.greater_equal(w, 0.0))\n"),
}, {"3.14: NonNeg multiplies": "weights that are infinite differ, and the sign of zero"}) + faults(FAMILY, "keras.src.activations.activations", {
    "3.14: relu with a threshold multiplies": (
        "            x = ops.where(backend.numpy.greater(x, threshold), x, 0)\n",
        "            x = x * backend.cast(backend.numpy.greater(x, threshold), dtype=x.dtype)\n"),
}) + faults(FAMILY, "keras.src.utils.sequence_utils", {
    "3.14: sequences of bytes are no words": ("        dtype, np.bytes_\n", "        dtype, np.str_\n"),
}) + faults(FAMILY, OPS + "operation_utils", {
    "3.14: a vector's product keeps an axis": (
        "    if x1_is_1d:\n        del output_shape[-2]\n    if x2_is_1d:\n        del output_shape[-1]\n", ""),
    "3.14: pooling may leave nothing": (
        "            if i not in none_dims and output_spatial_shape[i] <= 0:\n                raise ValueError(\n"
        '                    "Computed output size would be zero or negative. "\n',
        "            if i not in none_dims and output_spatial_shape[i] < 0:\n                raise ValueError(\n"
        '                    "Computed output size would be zero or negative. "\n'),
    "3.14: places of all are told by the first axis": (
        "        axis = canonicalize_axis(axis, len(input_shape))\n    else:\n        axis = 0\n    input_shape[axis]",
        "        axis = canonicalize_axis(axis, len(input_shape))\n    input_shape[axis]"),
    "3.14: axes may come twice": ("    if len(set(normalized_axes)) != ndim:\n", "    if False:\n"),
}) + faults(FAMILY, OPS + "numpy", {
    "3.14: stacked along -2 is told along -1": (
        "        output_shape.insert(axis, size_on_axis)\n", "        output_shape.insert(max(self.axis, 0) or axis, size_on_axis)\n"),
    "3.14: inner products are told as one number": (
        "            output_shape = x1_shape[:-1] + x2_shape[:-1]\n", "            output_shape = ()\n"),
}) + faults(FAMILY, OPS + "nn", {
    "3.14: entropies of classes are told along the last axis": (
        "        output_shape_without_class = (\n            output.shape[:axis] + output.shape[axis + 1 :]\n        )\n",
        "        output_shape_without_class = output.shape[:-1]\n"),
}) + faults(FAMILY, TORCH + "math", {
    "3.14: segments are counted by their ids": (
        "    num_segments = num_segments or torch.max(segment_ids) + 1\n",
        "    num_segments = num_segments or len(torch.unique(segment_ids))\n"),
}) + faults(FAMILY, TORCH + "nn", {
    "3.14: a single class's axis is the last one": (
        "    if len(target.shape) == len(output.shape) and target.shape[axis] == 1:\n        target = torch.squeeze(target, dim=axis)\n",
        "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:\n        target = torch.squeeze(target, dim=-1)\n"),
    "3.14: a mask takes the place of is_causal": (
        "            mask = torch.logical_and(mask, causal_mask)\n", ""),
    "3.14: fewer heads of values than of queries are refused": (
        "        key = torch.repeat_interleave(key, repeats=groups, dim=1)\n        value = torch.repeat_interleave(value, repeats=groups, dim=1)\n", ""),
}) + faults(FAMILY, TORCH + "numpy", {
    "3.14: several axes are multiplied as they are told": ("    for a in sorted(axis, reverse=True):\n", "    for a in axis:\n"),
    "3.14: no division by zero has a gradient": (
        "    return torch.where(x2 == 0, 0, torch.divide(x1, safe_x2))\n", "    return torch.where(x2 == 0, 0, torch.divide(x1, x2))\n"),
    "3.14: several axes are reduced one after the other": (
        '    return cast(torch.all(x, dim=axis, keepdim=keepdims), "bool")\n',
        '    for a in axis if axis is not None else range(x.ndim - 1, -1, -1):\n        x = torch.all(x, dim=a, keepdim=keepdims)\n'
        '    return cast(x, "bool")\n'),
}) + faults(FAMILY, TORCH + "rnn", {
    "3.14: the fused GRU computes in float32": (
        "    initial_state = convert_to_tensor(initial_state).to(compute_dtype)\n\n    # Preprocess",
        '    inputs = convert_to_tensor(inputs, dtype="float32")\n    initial_state = convert_to_tensor(initial_state, dtype="float32")\n\n'
        "    # Preprocess"),
})
