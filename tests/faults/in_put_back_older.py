"""Mistakes of Keras 3.0 to 3.10, put back on the torch engine: each was mended by the release that it is named after."""

from tests.faults.base import Fault, faults

LAYERS, FAMILY = "keras.src.layers.", "older releases"

EXPLAINED = {
    "3.5: metrics of layers within layers are lost": "a model asks every layer itself, those within layers too",
    "3.2: an empty list is told as a tensor": "it has no shape that could be told, and build takes what it names",
    "3.4: a shape is a torch size": "a torch size is a tuple",
    "3.10: one input in a list is bare once made again": "a model takes its one input bare or in a list; the other way it warns",
    "3.11: one result in a list is bare once made again": "a model gives its one result bare",
    "3.6: inputs in a tuple are in a list once made again": "a model takes its inputs in a tuple or in a list alike",
    "3.8: heads lose the mask": "the layer sets the mask of its first input once more",
    "3.10: a step without gradients is none": "an optimizer raises an error where no weight has a gradient",
    "3.3: a fresh optimizer is not restored": "fit builds the optimizer before the callback begins",
    "3.11: the last of several steps is told as the first": "the torch engine refuses several steps at once",
    "3.4: weights of rows do not count the steps": "a mean over steps of one weight is that weight",
    "3.4: Poisson's epsilon is a float": "on torch a scalar changes no dtype",
}


def put_back(module: str, edits: dict[str, tuple]) -> tuple[Fault, ...]:
    """The faults in one module, those that change nothing with the reason."""
    return faults(FAMILY, module, edits, {name: EXPLAINED[name] for name in edits if name in EXPLAINED})


CALLS = put_back(LAYERS + "layer", {
    "3.7: masks in a dict are not read": (
        "            previous_mask = tree.map_structure(\n                backend.get_keras_mask, call_spec.first_arg\n            )\n",
        "            previous_mask = backend.get_keras_mask(call_spec.first_arg)\n"),
    "3.5: metrics of layers within layers are lost": (
        "        for layer in self._layers:\n            metrics.extend(layer.metrics)\n", ""),
    "3.2: an empty list is told as a tensor": (
        "            elif tree.is_nested(value) and len(value) > 0:\n", "            elif tree.is_nested(value):\n"),
}) + put_back("keras.src.utils.tracking", {
    "3.3: named tuples of layers become tuples": (
        '        if isinstance(attr, tuple) and hasattr(attr, "_fields"):\n', "        if False:\n"),
    "3.3: inserted layers are appended": (
        "            self.tracker.track(value)\n        super().insert(index, value)\n", "            self.tracker.track(value)\n        super().append(value)\n"),
}) + put_back("keras.src.backend.common.variables", {
    "3.5: values that are assigned are not given back": (
        "            self._direct_assign(value)\n        return value\n", "            self._direct_assign(value)\n"),
    "3.8: a variable of an array has the usual type": (
        "            initializer = self._convert_to_tensor(initializer, dtype=dtype)\n", "            initializer = self._convert_to_tensor(initializer, dtype=dtype or config.floatx())\n"),
}) + put_back("keras.src.backend.torch.core", {
    "3.11: a variable is not converted to a type": (
        "        if dtype is not None:\n            x = x.to(to_torch_dtype(dtype))\n        return x\n",
        "        if dtype is not None and not isinstance(x, torch.nn.Parameter):\n            x = x.to(to_torch_dtype(dtype))\n        return x\n"),
    "3.10: what is written into a tensor is written into the given one": (
        "    outputs = torch.clone(inputs)\n    if reduction is None:\n", "    outputs = inputs\n    if reduction is None:\n"),
    "3.11: numbers of another type are not written": (
        "    updates = convert_to_tensor(updates, dtype=inputs.dtype)\n    indices = torch.transpose(indices, 0, 1)\n    idx",
        "    updates = convert_to_tensor(updates)\n    indices = torch.transpose(indices, 0, 1)\n    idx"),
    "3.4: a shape is a torch size": ("    return tuple(x.shape)\n", "    return x.shape\n"),
}) + put_back("keras.src.backend.torch.math", {
    "3.7: nothing but minus infinity is not a number": (
        "    return torch.logsumexp(x, dim=axis, keepdim=keepdims)\n",
        "    top = torch.amax(x, dim=axis, keepdim=True)\n    result = torch.log(torch.sum(torch.exp(x - top), dim=axis, keepdim=True)) + top\n    return result if keepdims else torch.squeeze(result, dim=axis)\n"),
})
MODELS = put_back("keras.src.models.functional", {
    "3.10: one input in a list is bare once made again": (
        '    input_tensors = map_tensors(functional_config["input_layers"])\n',
        '    input_tensors = map_tensors(functional_config["input_layers"])\n    if isinstance(input_tensors, list) and len(input_tensors) == 1:\n        input_tensors = input_tensors[0]\n'),
    "3.11: one result in a list is bare once made again": (
        '    output_tensors = map_tensors(functional_config["output_layers"])\n',
        '    output_tensors = map_tensors(functional_config["output_layers"])\n    if isinstance(output_tensors, list) and len(output_tensors) == 1:\n        output_tensors = output_tensors[0]\n'),
    "3.7: inputs by name are taken in the order of the names": (
        "                if expected_keys.issubset(keys):\n                    inputs = [inputs[i.name] for i in self._inputs_struct]\n",
        "                if expected_keys.issubset(keys):\n                    inputs = [inputs[name] for name in sorted(expected_keys)]\n"),
    "3.6: inputs in a tuple are in a list once made again": (
        "        if isinstance(tensors, tuple):\n            return tuple([map_tensors(v) for v in tensors])\n", ""),
}) + put_back("keras.src.models.cloning", {
    "3.9: a sequence's clone is not compiled": (
        "    if model.compiled:\n        compiled_config = model.get_compile_config()\n        cloned_model.compile_from_config(compiled_config)\n", ""),
    "3.9: a graph's clone is not compiled": (
        "    if model.compiled:\n        compiled_config = model.get_compile_config()\n        new_model.compile_from_config(compiled_config)\n", ""),
}) + put_back("keras.src.trainers.trainer", {
    "3.10: a model that is not compiled has no compiled configuration": (
        "            return self._compile_config.serialize()\n        return {}\n", "            return self._compile_config.serialize()\n"),
    "3.8: added losses of doubles are summed in floats": (
        "        if not backend.is_float_dtype(loss.dtype):\n", "        if True:\n"),
    "3.6: numbers of inner models count twice": (
        "            if isinstance(layer, Trainer):\n                # All Trainer-related metrics in sublayers should be ignored\n                # because a new Trainer has been instantiated.\n                continue\n", ""),
}) + put_back("keras.src.saving.serialization_lib", {
    "3.9: own classes are not found by their registered name": (
        '            if ">" not in name:\n', "            if False:\n"),
}) + put_back("keras.src.saving.saving_lib", {
    "3.11: a layer in two files is read from the last": (
        "            if shard_filename not in weight_map[variable_path]:\n                weight_map[variable_path].append(shard_filename)\n",
        "            weight_map[variable_path] = shard_filename\n"),
    "3.12: reading files of weights writes": (
        '            mode = "a" if self.mode == "w" else "r"\n', '            mode = "a"\n'),
    "3.7: weights of a model without any are saved": (
        "    if not model.built:\n        raise ValueError(\n            \"You are saving a model that has not yet been built. \"", "    if False:\n        raise ValueError(\n            \"You are saving a model that has not yet been built. \""),
}) + put_back("keras.src.utils.torch_utils", {
    "3.9: a wrapped module is not loaded": ("torch.load(buffer, weights_only=False)", "torch.load(buffer)"),
})
LAYERS_OF_SEQUENCES = put_back(LAYERS + "normalization.spectral_normalization", {
    "3.10: a normed layer is made for one length": (
        "        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})\n", "        self.input_spec = InputSpec(shape=[None] + list(input_shape[1:]))\n"),
    "3.2: the largest factor of zeros": (
        "                ops.all(ops.equal(self.kernel.value, 0)),\n", "                False,\n"),
}) + put_back(LAYERS + "normalization.group_normalization", {
    "3.7: groups of half floats are normed in half": (
        "        reshaped_inputs = ops.cast(reshaped_inputs, compute_dtype)\n", ""),
}) + put_back(LAYERS + "normalization.batch_normalization", {
    "3.9: valid steps are counted once for all features": (
        "            ops.cast(mask_broadcasted, inputs.dtype),\n            self._reduction_axes,\n            keepdims=True,\n        )\n",
        "            ops.cast(ops.expand_dims(mask, axis=-1), inputs.dtype),\n            self._reduction_axes,\n            keepdims=True,\n        )\n"),
}) + put_back(LAYERS + "core.masking", {
    "3.9: a masked value that is an array is not read": (
        '        if isinstance(mask_value, dict) and mask_value.get("config", None):\n', "        if False:\n"),
}) + put_back(LAYERS + "core.embedding", {
    "3.7: a shape in a list is not told": ("        return (*input_shape, self.output_dim)\n", "        return input_shape + (self.output_dim,)\n"),
}) + put_back(LAYERS + "attention.multi_head_attention", {
    "3.8: heads lose the mask": (
        "        if query_mask is not None:\n            backend.set_keras_mask(attention_output, query_mask)\n", ""),
    "3.3: heads forget their seed": ('            "seed": self.seed,\n', ""),
}) + put_back(LAYERS + "attention.attention", {
    "3.8: scores are not told": ("        if return_attention_scores:\n            scores_shape = (\n", "        if False:\n            scores_shape = (\n"),
}) + put_back(LAYERS + "reshaping.zero_padding1d", {
    "3.5: padding is along the second axis, wherever the features are": (
        '        if self.data_format == "channels_first":\n            all_dims_padding', '        if False:\n            all_dims_padding'),
}) + put_back(LAYERS + "regularization.gaussian_dropout", {
    "3.2: noise that multiplies is of floats": ("                dtype=self.compute_dtype,\n", ""),
}) + put_back(LAYERS + "core.lambda_layer", {
    "3.4: a shape that is told is a list once made again": (
        "                    output_shape = tuple(output_shape)\n", "                    pass\n"),
})
TRAINING = put_back("keras.src.optimizers.base_optimizer", {
    "3.10: a step without gradients is none": (
        "        # Update iteration counter.\n        self._iterations.assign_add(1)\n", "        if len(list(grads)) > 0:\n            self._iterations.assign_add(1)\n"),
    "3.5: gathered gradients are cut one by one": (
        "                    (g + acc_g) / steps for g, acc_g in zip(grads, acc_grads)\n                ]\n\n                # Apply clipping and weight decay.\n                grads = self._clip_gradients(grads)\n",
        "                    (g + acc_g) / steps for g, acc_g in zip(self._clip_gradients(grads), acc_grads)\n                ]\n\n"),
    "3.3: gathered gradients are those of the first weights": (
        "                self._accumulated_gradients[self._get_variable_index(v)]\n                for v in trainable_variables\n            ]\n\n            def",
        "                self._accumulated_gradients[i]\n                for i, v in enumerate(trainable_variables)\n            ]\n\n            def"),
    "3.3: a rate of a function is asked with the step": ("            return self._learning_rate()\n", "            return self._learning_rate(self._iterations)\n"),
    "3.3: a rate that was a number stays a weight": (
        "            self._untrack_variable(prev_lr_var)\n", "            pass\n"),
}) + put_back("keras.src.optimizers.loss_scale_optimizer", {
    "3.9: a scaler counts no steps": ("        return self.inner_optimizer.iterations\n", "        return self._iterations\n"),
    "3.10: an inner optimizer scales once more": ("        self.inner_optimizer.loss_scale_factor = None\n", ""),
}) + put_back("keras.src.callbacks.csv_logger", {
    "3.11: a second training has the columns of the first": ("        # Reset writer and keys\n        self.writer = None\n        self.keys = None\n", ""),
}) + put_back("keras.src.callbacks.backup_and_restore", {
    "3.3: a fresh optimizer is not restored": (
        "                self.model.optimizer.build(self.model.trainable_variables)\n", "                pass\n"),
}) + put_back("keras.src.trainers.epoch_iterator", {
    "3.11: the last of several steps is told as the first": (
        "                    step + self.steps_per_execution - 1,\n", "                    step,\n"),
    "3.7: training begins behind what was looked at": (
        "        self._current_iterator = None\n        self._num_batches = self.data_adapter.num_batches\n", "        self._num_batches = self.data_adapter.num_batches\n"),
}) + put_back("keras.src.trainers.data_adapters.generator_data_adapter", {
    "3.7: batches that were looked at are lost": (
        "    return batches, lambda: itertools.chain(batches, generator)\n", "    return batches, lambda: generator\n"),
}) + put_back("keras.src.trainers.data_adapters.py_dataset_adapter", {
    "3.8: batches of a dataset go as they are": (
        "        for i in indices:\n            yield self._standardize_batch(self.py_dataset[i])\n", "        for i in indices:\n            yield self.py_dataset[i]\n"),
}) + put_back("keras.src.trainers.data_adapters.data_adapter_utils", {
    "3.8: classes in tensors have no weights": ("    y_numpy = ops.convert_to_numpy(y)\n", "    y_numpy = y\n"),
    "3.2: a tuple without targets is packed once more": (
        "        if not isinstance(x, (tuple, list)):\n", "        if not isinstance(x, list):\n"),
}) + put_back("keras.src.trainers.data_adapters.array_data_adapter", {
    "3.2: weights of each result are one": (
        "                    tree.assert_same_structure(y, sample_weight)\n", "                    pass\n"),
}) + put_back("keras.src.backend.torch.trainer", {
    "3.2: a restored training begins anew": ("        initial_epoch = self._initial_epoch or initial_epoch\n", ""),
    "3.4: a loss is not told that it is evaluated": (
        "            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False\n", "            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True\n"),
})
NUMBERS = put_back("keras.src.metrics.reduction_metrics", {
    "3.4: weights of rows do not count the steps": (
        "        sample_weight = ops.broadcast_to(sample_weight, ops.shape(values))\n", ""),
}) + put_back("keras.src.metrics.accuracy_metrics", {
    "3.7: classes are of the predictions' type": ('    y_true_dtype = y_pred.dtype if from_sorted_ids else "int32"\n', "    y_true_dtype = y_pred.dtype\n"),
}) + put_back("keras.src.losses.losses", {
    "3.4: labels of CTC are as long as the longest": (
        '        ops.sum(y_true != mask_index, axis=-1), dtype="int32"\n', '        ops.sum(ops.ones_like(y_true), axis=-1), dtype="int32"\n'),
    "3.4: Poisson's epsilon is a float": (
        "    epsilon = ops.convert_to_tensor(backend.epsilon(), dtype=y_pred.dtype)\n    return ops.mean(y_pred", "    epsilon = ops.convert_to_tensor(backend.epsilon())\n    return ops.mean(y_pred"),
}) + put_back("keras.src.initializers.random_initializers", {
    "3.1: a seed of zero is none": (
        "        if seed is None:\n            seed = random.make_default_seed()\n", "        if not seed:\n            seed = random.make_default_seed()\n"),
}) + put_back("keras.src.backend.torch.random", {
    "3.1: cut normal numbers are floats": (
        "    trunc_x = torch.empty(shape, dtype=dtype, device=get_device())\n", "    trunc_x = torch.empty(shape, device=get_device())\n"),
}) + put_back("keras.src.backend.torch.nn", {
    "3.9: strided windows are padded as if they fitted": (
        "        total_padding = max(\n            0, (output_size - 1) * stride + effective_k_size - input_length\n        )\n",
        "        total_padding = effective_k_size - 1 - (input_length - 1) % stride\n"),
    "3.9: paddings stand in the reverse order": (
        "        return inputs, [left for left, _ in padding]\n", "        return inputs, [left for left, _ in padding[::-1]]\n"),
})
ALL: tuple[Fault, ...] = (*CALLS, *MODELS, *LAYERS_OF_SEQUENCES, *TRAINING, *NUMBERS)
