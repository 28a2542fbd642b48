"""Faults in what stands around the recurrent layers of Keras on torch: calls, masks that are passed on, graphs, joins, shapes."""

from tests.faults.base import Fault, faults

ALL: tuple[Fault, ...] = (
    *faults("around layers", "keras.src.layers.core.embedding", {
        "embedding: indices are taken in 16 bits": (
            'if inputs.dtype != "int32" and inputs.dtype != "int64":\n            inputs = ops.cast(inputs, "int32")',
            'if inputs.dtype != "int32" and inputs.dtype != "int64":\n            inputs = ops.cast(inputs, "int16")',
        ),
        "embedding: factors of low rank are scaled by rank over alpha": (
            "                    (self.lora_alpha / self.lora_rank)\n                    * ops.matmul(\n",
            "                    (self.lora_rank / self.lora_alpha)\n                    * ops.matmul(\n",
        ),
        "embedding: what factors of low rank add is not saved": (
            '        if self.dtype_policy.quantization_mode in (None, "gptq", "awq"):\n            return self.embeddings, None, None\n',
            '        if self.dtype_policy.quantization_mode in (None, "gptq", "awq"):\n            return self._embeddings, None, None\n',
        ),
    }),
    *faults("around layers", "keras.src.layers.core.lambda_layer", {
        "lambda: an open axis of the shape that is told is not read back": (
            "isinstance(e, (int, type(None))) for e in output_shape", "isinstance(e, int) for e in output_shape",
        ),
        "lambda: what it is called with stays among its arguments": (
            "kwargs = {k: v for k, v in self.arguments.items()}", "kwargs = self.arguments",
        ),
    }),
    *faults("around layers", "keras.src.layers.core.dense", {
        "dense: the bias is constrained after reloading as the kernel is": (
            '"bias_constraint": constraints.serialize(self.bias_constraint),', '"bias_constraint": constraints.serialize(self.kernel_constraint),',
        ),
        "dense: the bias is regularized as the kernel is": (
            "regularizer=self.bias_regularizer,\n                constraint=self.bias_constraint,",
            "regularizer=self.kernel_regularizer,\n                constraint=self.bias_constraint,",
        ),
    }),
    *faults("around layers", "keras.src.layers.core.einsum_dense", {
        "einsum dense: an axis that is not named is told in front": (
            "            output_shape.append(input_shape[i])\n", "            output_shape.insert(1, input_shape[i])\n",
        ),
        "einsum dense: the bias of a middle axis is spread from the right": (
            "            idx_map[char] if char in bias_axes else 1\n            for char in bias_output_spec\n",
            "            idx_map[char]\n            for char in bias_output_spec\n            if char in bias_axes\n",
        ),
    }),
    *faults("around layers", "keras.src.layers.merging.base_merge", {
        "merging: of three masked inputs the greatest has the mask of the last": (
            "output_mask = ops.logical_or(output_mask, mask)\n            else:", "output_mask = mask\n            else:",
        ),
        "merging: inputs of fewer axes are spread behind time": (
            "                        x = ops.expand_dims(x, axis=1)\n", "                        x = ops.expand_dims(x, axis=-2)\n",
        ),
        "merging: where time is open it is told as one where one input has one step": (
            "            if i is None or j is None:\n                output_shape.append(None)\n            elif i == 1:\n",
            "            if i is None and j is None:\n                output_shape.append(None)\n            elif i == 1 or i is None:\n",
        ),
    }),
    *faults("around layers", "keras.src.layers.merging.concatenate", {
        "concatenate: masks are joined along features where time is counted from the end": (
            "concatenated = ops.concatenate(masks, axis=self.axis)",
            "concatenated = ops.concatenate(\n            masks, axis=self.axis if self.axis > 0 else -1\n        )",
        ),
        "concatenate: an open axis is told as the sum of the others": (
            "            if output_shape[self.axis] is None or shape[self.axis] is None:\n                output_shape[self.axis] = None\n                break\n",
            "            if output_shape[self.axis] is None or shape[self.axis] is None:\n                output_shape[self.axis] = shape[self.axis]\n"
            "                continue\n",
        ),
    }),
    *faults("around layers", "keras.src.layers.layer", {
        "calls: a mask that is given by name gives way to the one at the tensor": (
            "                    if call_spec.arguments_dict[expected_mask_arg_name] is None:\n"
            "                        mask = tree.map_structure(backend.get_keras_mask, v)\n"
            "                        kwargs[expected_mask_arg_name] = mask\n",
            "                    mask = tree.map_structure(backend.get_keras_mask, v)\n"
            "                    kwargs[expected_mask_arg_name] = mask\n",
        ),
        "calls: losses of layers within layers are not told": (
            "        for layer in self._flatten_layers(include_self=False):\n            losses.extend(layer._get_own_losses())\n",
            "        for layer in self._flatten_layers(\n            include_self=False, recursive=False\n        ):\n"
            "            losses.extend(layer._get_own_losses())\n",
        ),
        "dtypes: weights are cast where the layer asks that they are not": (
            "                trainable=trainable,\n                autocast=autocast,\n                aggregation=aggregation,\n",
            "                trainable=trainable,\n                aggregation=aggregation,\n",
        ),
        "calls: of several inputs a mask is taken where the first has one": (
            "                        mask = tree.map_structure(backend.get_keras_mask, v)\n"
            "                        kwargs[expected_mask_arg_name] = mask\n",
            "                        mask = tree.map_structure(backend.get_keras_mask, v)\n"
            "                        if backend.get_keras_mask(call_spec.first_arg) is not None:\n"
            "                            kwargs[expected_mask_arg_name] = mask\n",
        ),
        "calls: what is given by name is not converted": (
            "            kwargs = tree.map_structure(maybe_convert, kwargs)\n", "",
        ),
        "calls: of several shapes that it was built with the first alone is kept": (
            "            if len(self._build_shapes_dict) == 1:\n                return {", "            if len(self._build_shapes_dict) >= 1:\n                return {",
        ),
        "calls: dtypes of several outputs that are told are those of the weights": (
            "lambda s: KerasTensor(s, dtype=self.compute_dtype), output_shape", "lambda s: KerasTensor(s, dtype=self.variable_dtype), output_shape",
        ),
        "calls: without state a layer's other variables are those of before": (
            "            new_v = scope.get_current_value(v)\n            non_trainable_variables.append(new_v)\n",
            "            non_trainable_variables.append(v.value)\n",
        ),
    }),
    *faults("around layers", "keras.src.layers.input_spec", {
        "input specs: the least number of axes is not read beside a size of an axis": (
            "        if spec.min_ndim is not None:\n", "        if spec.min_ndim is not None and not spec.axes:\n",
        ),
        "input specs: sizes of axes from the end are not read": (
            "                if value is not None and shape[axis] not in {\n", "                if axis >= 0 and value is not None and shape[axis] not in {\n",
        ),
    }),
    *faults("around layers", "keras.src.models.functional", {
        "graphs: a layer that was called elsewhere is saved with that call": (
            "operation, node_index - irrelevant_node_count, tensor_index\n", "operation, node_index, tensor_index\n",
        ),
        "graphs: a part that begins within takes floats": (
            "                dtype=kt_input.dtype,\n                sparse=kt_input.sparse,\n", "                sparse=kt_input.sparse,\n",
        ),
        "graphs: inputs by name are read in the order that they come in": (
            "inputs = [inputs[i.name] for i in self._inputs_struct]",
            "inputs = [v for k, v in inputs.items() if k in expected_keys]",
        ),
        "graphs: inputs keep the dtype that they come in": (
            "                        x,\n                        dtype=input_tensor.dtype,\n                        sparse=input_tensor.sparse,\n",
            "                        x,\n                        sparse=input_tensor.sparse,\n",
        ),
        "graphs: outputs by name that are one are told without their name": (
            "    if isinstance(x, (list, tuple)) and len(x) == 1:\n        return x[0]\n    return x\n",
            "    if isinstance(x, dict) and len(x) == 1:\n        return next(iter(x.values()))\n"
            "    if isinstance(x, (list, tuple)) and len(x) == 1:\n        return x[0]\n    return x\n",
        ),
        "graphs: read back, a model trains that does not": (
            "        name=name,\n        trainable=trainable,\n        **config,\n", "        name=name,\n        **config,\n",
        ),
    }),
    *faults("around layers", "keras.src.ops.function", {
        "graphs: the last input alone says whether shapes are those of the graph": (
            "            if x.shape != x_ref.shape:\n                shortcut = False\n                break\n",
            "            shortcut = x.shape == x_ref.shape\n",
        ),
        "graphs: of a model in a model shapes alone are told": (
            "lambda x: KerasTensor(shape=x.shape, dtype=x.dtype),", "lambda x: KerasTensor(shape=x.shape),",
        ),
    }),
    *faults("around layers", "keras.src.ops.symbolic_arguments", {
        "graphs: options by name that hold no tensor are not kept": (
            "            not self.kwargs\n            and len(self.args) == 1\n", "            len(self.args) == 1\n            and len(self._flat_arguments) <= 2\n",
        ),
    }),
    *faults("around layers", "keras.src.models.sequential", {
        "sequential: its shape is told with the batch of the layer that was built": (
            "        for layer in self.layers:\n            output_shape = layer.compute_output_shape(input_shape)\n            input_shape = output_shape\n",
            "        for layer in self.layers[:1]:\n            output_shape = layer.compute_output_shape(input_shape)\n            input_shape = output_shape\n",
        ),
    }),
    *faults("around layers", "keras.src.models.cloning", {
        "cloning: a sequential model's input has no dtype of its own": ("                dtype=input_dtype,\n", ""),
    }),
    *faults("around layers", "keras.src.models.model", {
        "models: other variables are told as tensors where arrays are asked for": (
            "            self.non_trainable_variables, value_format\n", '            self.non_trainable_variables, "backend_tensor"\n',
        ),
    }),
    *faults("around layers", "keras.src.layers.reshaping.flatten", {
        "flatten: told, its dtype is that of the layer": (
            "shape=output_shape, dtype=inputs.dtype, sparse=inputs.sparse", "shape=output_shape, dtype=self.compute_dtype, sparse=inputs.sparse",
        ),
        "flatten: channels first, steps are swapped with channels of four axes alone": (
            "axes=(0, *range(2, rank), 1)", "axes=(0, *range(rank - 1, 0, -1))",
        ),
    }),
    *faults("around layers", "keras.src.layers.reshaping.up_sampling1d", {
        "up sampling: steps are repeated as a whole": (
            "return ops.repeat(x=inputs, repeats=self.size, axis=1)", "return ops.tile(inputs, (1, self.size, 1))",
        ),
    }),
    *faults("around layers", "keras.src.layers.reshaping.cropping1d", {
        "cropping: nothing is cut at the end where nothing is at the start": (
            "        if self.cropping[1] == 0:\n", "        if self.cropping[1] == 0 or self.cropping[0] == 0:\n",
        ),
    }),
    *faults("around layers", "keras.src.layers.reshaping.zero_padding1d", {
        "zero padding: channels first, both sides are padded as the first": (
            "all_dims_padding = ((0, 0), (0, 0), self.padding)", "all_dims_padding = ((0, 0), (0, 0), (self.padding[0],) * 2)",
        ),
    }),
)
