"""Mistakes of Keras 3.9 to 3.13, put back on the torch engine: each was mended by the release that it is named after."""

from tests.faults.base import Fault, faults

LAYERS, FAMILY = "keras.src.layers.", "past releases again"

EXPLAINED = {
    "3.13: values are assigned in the type of computing":
        "on torch what a call of a layer of mixed precision writes is lost whatever its type, which is known",
    "3.13: inputs of a model from its middle may not be missing": "inputs are kept as they are, and what is none has no such option",
    "3.13: an input that is needed may be missing": "it is looked at before, and once more",
    "3.13: a graph begins behind its inputs": "what stands before a cut is passed over when it runs",
    "3.12: a mask of numbers is one of truth": "of zeros and ones it is the same; what others mean is documented nowhere",
    "3.13: several axes in a tuple are none": "the layer makes a list of them before",
    "3.13: a dense layer's configuration is changed by making it": "it is given the option that it has already, with the same value",
    "3.13: the first batches of several at once count one less": "the torch engine refuses several steps at once",
    "3.13: what is wrong with inputs is told as another error": "the words are the same, and no document says which error it is",
    "3.13: negative seeds are none": "torch's generators take negative seeds, as other ones",
    "3.13: axes from back to front do not hang together": "axes are sorted before",
}


def put_back(module: str, edits: dict[str, tuple]) -> tuple[Fault, ...]:
    """The faults in one module, those that change nothing with the reason."""
    return faults(FAMILY, module, edits, {name: EXPLAINED[name] for name in edits if name in EXPLAINED})


CALLS = put_back(LAYERS + "layer", {
    "3.14: a mask is lost where inputs are cast": (
        "            if mask is not None:\n                backend.set_keras_mask(y, mask)\n            return y\n", "            return y\n"),
    "3.14: shapes of masks do not reach build": (
        '        if k == "mask":\n', '        if k == "mask" or k.endswith("_mask"):\n'),
    "3.13: an argument of None in a list has a shape": (
        "        return None if x is None else backend.standardize_shape(x.shape)\n", "        return backend.standardize_shape(x.shape)\n"),
}) + put_back("keras.src.ops.operation", {
    "3.12: a layer's own arguments by position are lost in its configuration": (
        "                if len(varargs) > 0:\n                    auto_config = False\n", "                if len(varargs) > 0:\n"),
    "3.12: defaults do not stand in the configuration": (
        "            bound_parameters.apply_defaults()\n", ""),
}) + put_back("keras.src.backend.common.variables", {
    "3.13: values are assigned in the type of computing": (
        "        value = self._convert_to_tensor(value, dtype=self._dtype)\n        if not shape_equal(value.shape, self.shape):\n",
        "        value = self._convert_to_tensor(value, dtype=self.dtype)\n        if not shape_equal(value.shape, self.shape):\n"),
}) + put_back("keras.src.utils.tracking", {
    "3.14: what a dict does not hold is popped as None": (
        "            if args:\n                return args[0]\n            raise\n\n    def popitem(self):\n",
        "            return args[0] if args else None\n\n    def popitem(self):\n"),
    "3.14: ordered layers are held in the order of the alphabet": (
        "        elif isinstance(attr, OrderedDict):\n            return TrackedOrderedDict(attr, self)\n", ""),
}) + put_back("keras.src.dtype_policies.dtype_policy_map", {
    "3.12: a policy is found by a part of the path": (
        "            if re.fullmatch(pattern, key)\n", "            if re.search(pattern, key)\n"),
})
MODELS = put_back("keras.src.models.cloning", {
    "3.13: a cloned sequence's input may not be missing": (
        "        input_optional = ref_input_layer.optional\n", "        input_optional = False\n"),
    "3.14: what is nested twice is not cloned": ("                    recursive=True,\n", "", 2),
}) + put_back(LAYERS + "core.input_layer", {
    "3.13: an input that may be missing may not once made again": ('            "optional": self.optional,\n', ""),
}) + put_back("keras.src.models.functional", {
    "3.13: inputs of a model from its middle may not be missing": (
        "                optional = original_op.optional\n", "                optional = False\n"),
    "3.13: an input that is needed may be missing": ("                    if not input_layer.optional:\n", "                    if False:\n"),
}) + put_back("keras.src.ops.function", {
    "3.13: an output without an input is found in the call alone": (
        "        self._run_through_graph(\n            [None] * len(self._inputs), call_fn=empty_op_outputs\n        )\n", ""),
    "3.13: a graph begins behind its inputs": (
        "    if not node.is_input and tensor in flat_inputs:\n        finished_nodes.add(node)\n        return\n", ""),
    "3.13: nodes outside a graph count in it": (
        "            if node_dep not in nodes_in_graph:\n                continue\n", ""),
}) + put_back("keras.src.models.model", {
    "3.13: a tree of states needs an optimizer": (
        '                if hasattr(self, "optimizer") and self.optimizer is not None:\n', "                if True:\n"),
})
LAYERS_OF_SEQUENCES = put_back(LAYERS + "activations.softmax", {
    "3.12: what is masked is added to": (
        "            inputs = backend.numpy.where(\n                mask, inputs, _large_negative_number(inputs.dtype)\n            )\n",
        "            inputs += (1.0 - backend.cast(mask, inputs.dtype)) * _large_negative_number(inputs.dtype)\n"),
    "3.13: a mask of more axes is taken": ("            if len(mask.shape) > len(inputs.shape):\n", "            if False:\n"),
    "3.12: a mask of numbers is one of truth": (
        '            if backend.standardize_dtype(mask.dtype) != "bool":\n', "            if False:\n"),
    "3.13: where all is masked all is even": ("            outputs = backend.numpy.where(mask, outputs, 0.0)\n", "            pass\n"),
}) + put_back(LAYERS + "normalization.layer_normalization", {
    "3.13: several axes in a tuple are none": ("        if isinstance(self.axis, (list, tuple)):\n", "        if isinstance(self.axis, list):\n"),
    "3.13: axes in any order have weights in that order": ("            self.axis = sorted(self.axis)\n", "            self.axis = list(self.axis)\n"),
}) + put_back(LAYERS + "normalization.rms_normalization", {
    "3.13: several axes in a tuple are none, mean square": (
        "        if isinstance(self.axis, (list, tuple)):\n", "        if isinstance(self.axis, list):\n"),
    "3.13: axes in any order have weights in that order, mean square": (
        "            self.axis = sorted(self.axis)\n", "            self.axis = list(self.axis)\n"),
}) + put_back(LAYERS + "attention.multi_head_attention", {
    "3.11: axes of attention do not count from the back": (
        "                axis if axis >= 0 else (rank - 1) + axis\n", "                axis\n"),
}) + put_back(LAYERS + "core.dense", {
    "3.13: a dense layer's configuration is changed by making it": (
        '        config = config.copy()\n        config["quantization_config"] = (\n', '        config["quantization_config"] = (\n'),
}) + put_back(LAYERS + "regularization.dropout", {
    "3.12: a shape of noise with a zero is taken": ("                if dim <= 0:\n", "                if dim < 0:\n"),
}) + put_back(LAYERS + "reshaping.reshape", {
    "3.11: two lengths are open": (
        '        validate_reshape_shape(target_shape, newshape_arg_name="target_shape")\n', ""),
})
TRAINING = put_back("keras.src.callbacks.model_checkpoint", {
    "3.13: the first batches of several at once count one less": (
        "        self._last_batch_seen = None\n", "        self._last_batch_seen = 0\n"),
}) + put_back("keras.src.trainers.compile_utils", {
    "3.11: results are flattened by the layers' names": (
        "        if isinstance(y, dict) and self._resolved_output_names is not None:\n            return [y[name] for name in self._resolved_output_names]\n",
        "        if isinstance(y, dict) and self.output_names:\n            return [y[name] for name in self.output_names if name in y]\n"),
    "3.11: names of layers go before the keys of results": (
        "        if y_pred_is_flat and isinstance(y_pred, dict):\n", "        if y_pred_is_flat and isinstance(y_pred, dict) and not self.output_names:\n"),
    "3.13: nested results have no numbers of their own": (
        "                    tree.lists_to_tuples(metrics),\n", "                    metrics,\n"),
}) + put_back("keras.src.backend.torch.trainer", {
    "3.11: a first input that is missing has no rows": (
        "            sample_weight=next(\n                i for i in tree.flatten(x) if i is not None\n            ).shape[0],\n",
        "            sample_weight=tree.flatten(x)[0].shape[0],\n", 2),
    "3.13: an evaluation's logs are tensors": (
        "        logs = pythonify_logs(self._get_metrics_result_or_logs(logs))\n        callbacks.on_test_end(logs)\n",
        "        logs = self._get_metrics_result_or_logs(logs)\n        callbacks.on_test_end(logs)\n"),
    "3.13: a batch's evaluation is of tensors": (
        "        logs = self.test_function([data])\n        logs = pythonify_logs(logs)\n", "        logs = self.test_function([data])\n"),
}) + put_back("keras.src.trainers.trainer", {
    "3.13: what is wrong with inputs is told as another error": (
        "                if isinstance(e, ValueError):\n                    raise\n", ""),
}) + put_back("keras.src.optimizers.loss_scale_optimizer", {
    "3.11: what the scaler itself cannot do is taken": (
        "            ) or arg_value != default_value:\n", "            ) and arg_value != default_value and False:\n"),
}) + put_back("keras.src.metrics.probabilistic_metrics", {
    "3.13: a class that does not count does once made again": ('            "ignore_class": self.ignore_class,\n', ""),
})
DRAWN = put_back("keras.src.utils.rng_utils", {
    "3.12: a seed for all leaves the next numbers as they were to be": (
        "    global_state.set_global_attribute(\n        seed_generator.GLOBAL_SEED_GENERATOR, None\n    )\n", ""),
}) + put_back("keras.src.backend.torch.random", {
    "3.13: all dropped is not a number": (
        "    if rate == 1.0:\n        return torch.zeros_like(inputs, device=get_device())\n", ""),
    "3.13: negative seeds are none": (
        "    generator.manual_seed(int(first_seed + second_seed) & 0xFFFFFFFF)\n", "    generator.manual_seed(int(first_seed + second_seed))\n"),
}) + put_back("keras.src.random.seed_generator", {
    "3.13: a generator forgets its name": (
        '        return {"seed": self._initial_seed, "name": self.name}\n', '        return {"seed": self._initial_seed}\n'),
})
OPERATIONS = put_back("keras.src.backend.torch.core", {
    "3.12: what is computed again loses its keywords": (
        "            f, *args, use_reentrant=False, **kwargs\n", "            f, *args, use_reentrant=False\n"),
    "3.13: large numbers are of 32 bits": (
        "            dt = torch.int64 if x < -(2**31) or x >= 2**31 else torch.int32\n", "            dt = torch.int32\n"),
}) + put_back("keras.src.backend.torch.numpy", {
    "3.13: sorted without an axis": (
        "    if axis is None:\n        x = x.reshape(-1)\n        axis = 0\n    # TODO: torch.sort", "    # TODO: torch.sort"),
    "3.11: a range of floats of whole numbers is one of whole numbers": (
        '        dtypes_to_resolve = [getattr(start, "dtype", type(start))]\n        if stop', '        dtypes_to_resolve = [int]\n        if stop'),
}) + put_back("keras.src.backend.torch.nn", {
    "3.11: queries and keys of two types": (
        "    query = cast(query, compute_dtype)\n    key = cast(key, compute_dtype)\n    value = cast(value, compute_dtype)\n\n    mask = mask if", "    mask = mask if"),
    "3.13: classes along another axis": (
        "        if class_axis != 1:\n            output = output.movedim(class_axis, 1)\n", "        if class_axis > 1:\n            output = output.movedim(-1, 1)\n"),
}) + put_back("keras.src.ops.operation_utils", {
    "3.11: reduced axes do not count from the back": (
        "    axis = tuple(canonicalize_axis(a, len(shape)) for a in axis)\n", ""),
    "3.13: a convolution without a step is told": (
        '            if i not in none_dims and output_spatial_shape[i] <= 0:\n                raise ValueError(\n'
        '                    "Computed output size would be zero or negative. Received "\n',
        '            if i not in none_dims and output_spatial_shape[i] < 0:\n                raise ValueError(\n'
        '                    "Computed output size would be zero or negative. Received "\n'),
}) + put_back("keras.src.ops.numpy", {
    "3.13: the largest place is told without its axis": (
        "    def compute_output_spec(self, x):\n        return KerasTensor(\n            reduce_shape(x.shape, axis=self.axis, keepdims=self.keepdims),\n            dtype=\"int32\",\n        )\n\n\n@keras_export([\"keras.ops.argmax\"",
        "    def compute_output_spec(self, x):\n        return KerasTensor(\n            x.shape if self.keepdims else reduce_shape(x.shape, axis=self.axis),\n            dtype=\"int32\",\n        )\n\n\n@keras_export([\"keras.ops.argmax\""),
    "3.12: an open length is repeated": (
        "            if isinstance(x_size, int):\n                output_shape.append(x_size * repeat)\n", "            if True:\n                output_shape.append(x_size * repeat)\n"),
    "3.13: parts of an open length are told": (
        "        if start is None or end is None:\n            output_size = None\n        else:\n            output_size = end - start\n", "        output_size = end - start\n"),
}) + put_back("keras.src.utils.python_utils", {
    "3.13: axes from back to front do not hang together": (
        "    if step not in (1, -1):\n", "    if step != 1:\n"),
})
ALL: tuple[Fault, ...] = (*CALLS, *MODELS, *LAYERS_OF_SEQUENCES, *TRAINING, *DRAWN, *OPERATIONS)
