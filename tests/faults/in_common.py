"""Faults in what all of Keras' layers share, and in its torch engine, written blind: cells, wrappers, masks, states, losses, models."""

from tests.faults.base import Fault, faults

LAYERS = "keras.src.layers."
STATES, WRAPPERS, MASKS, DROPOUT = "common states", "common wrappers", "common masks", "common dropout"
AGAIN = "common, again"
CALLS, GRAPHS, LOSSES, TRAINING = "common calls", "common graphs", "common losses", "common training"

ALL: tuple[Fault, ...] = (
    *faults(STATES, LAYERS + "rnn.rnn", {
        "stateful: a cell's own initial state is zero": (
            "                lambda value: backend.Variable(\n                    value,",
            "                lambda value: backend.Variable(\n                    ops.zeros_like(value),"),
        "stateful: a batch of one is taken for any": (
            "                and actual_batch_size != self._expected_batch_size\n",
            "                and actual_batch_size not in (1, self._expected_batch_size)\n"),
        "states of a cell in another precision stay so": (
            "            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n",
            "            lambda x: ops.convert_to_tensor(x), states\n"),
        "states carry the mask of the sequence": (
            "            state_mask = [None for _ in self.state_size]\n", "            state_mask = [mask for _ in self.state_size]\n"),
        "reset: the first state alone, where there are two": (
            "            for v in self.states:\n", "            for v in self.states[:1]:\n"),
        "told: the states of several stacked cells are as wide as their own first": (
            "states_shape.append([(batch_size, s) for s in state_size])",
            "states_shape.append([(batch_size, state_size[0]) for _ in state_size])"),
    }),
    *faults(DROPOUT, LAYERS + "rnn.rnn", {
        "masks drawn by an inference live on": (
            "        self._maybe_reset_dropout_masks(self.cell)\n",
            "        if training:\n            self._maybe_reset_dropout_masks(self.cell)\n"),
        "a stack within a stack keeps its masks": (
            "            for c in cell.cells:\n                self._maybe_reset_dropout_masks(c)\n",
            "            for c in cell.cells:\n                if not isinstance(c, StackedRNNCells):\n"
            "                    self._maybe_reset_dropout_masks(c)\n"),
    }),
    *faults(STATES, LAYERS + "rnn.stacked_rnn_cells", {
        "stack: the last cell's own output size is not told": (
            '        if getattr(self.cells[-1], "output_size", None) is not None:\n            return self.cells[-1].output_size\n        elif',
            "        if"),
        "stack: a cell's own initial state is zero where it has one state": (
            "            if get_initial_state_fn:\n", "            if get_initial_state_fn and not isinstance(cell.state_size, int):\n"),
    }),
    *faults(WRAPPERS, LAYERS + "rnn.bidirectional", {
        "Bidirectional: states of one each are given to the other": (
            "            forward_state = initial_state[:half]\n            backward_state = initial_state[half:]\n",
            "            forward_state = initial_state[:half]\n            backward_state = initial_state[half:]\n"
            "            if half == 1 and mask is not None:\n                forward_state, backward_state = backward_state, forward_state\n"),
        "Bidirectional: a backward layer of its own keeps its padding's outputs": (
            "        force_zero_output_for_mask(self.backward_layer)\n",
            "        if backward_layer is None:\n            force_zero_output_for_mask(self.backward_layer)\n"),
        "Bidirectional: directions that are not merged are merged again once made from a configuration": (
            '{"merge_mode": self.merge_mode}', '{"merge_mode": self.merge_mode or "concat"}'),
        "Bidirectional: the average of both in half precision is their sum": (
            'elif self.merge_mode == "ave":\n            output = (y + y_rev) / 2',
            'elif self.merge_mode == "ave":\n            output = (y + y_rev) / (1 if self.compute_dtype == "bfloat16" else 2)', 3),
    }),
    *faults(WRAPPERS, LAYERS + "rnn.time_distributed", {
        "TimeDistributed: beside a mask the layer is not told that it trains": (
            "            if self.layer._call_has_training_arg:\n", "            elif self.layer._call_has_training_arg:\n"),
    }),
    *faults(MASKS, LAYERS + "core.masking", {
        "Masking: what is masked in half precision is compared in float32": (
            "ops.not_equal(inputs, self.mask_value)", 'ops.not_equal(ops.cast(inputs, "float32"), self.mask_value)', 2),
    }),
    *faults(MASKS, LAYERS + "core.lambda_layer", {
        "Lambda: its own function of the mask is told of none": ("return self.mask(inputs, mask)", "return self.mask(inputs, None)"),
    }),
    *faults(CALLS, LAYERS + "layer", {
        "a mask that is given does not replace the one that inputs carry, in what is handed on": (
            '        if "mask" in kwargs and kwargs["mask"] is not None:\n            # Case 1',
            '        if "mask" in kwargs and kwargs["mask"] is not None and (\n'
            "            backend.get_keras_mask(tree.flatten(call_spec.first_arg)[0]) is None\n        ):\n            # Case 1"),
        "activity is counted of the first output alone": (
            "                    for output in tree.flatten(outputs):\n                        if backend.is_tensor(output):",
            "                    for output in tree.flatten(outputs)[:1]:\n                        if backend.is_tensor(output):"),
        "training=False is not heard inside what trains": (
            "        if arg_name in call_spec.user_arguments_dict:\n",
            "        if call_spec.user_arguments_dict.get(arg_name):\n"),
    }),
    *faults(LOSSES, "keras.src.losses.loss", {
        "the reduction mean does not count the valid steps": (
            '        if reduction in ("mean", "sum_over_batch_size"):\n            # Valid', '        if reduction == "sum_over_batch_size":\n            # Valid'),
        "a mask of the loss's own is lost beside one of padding": ("mask = in_mask & out_mask", "mask = in_mask"),
        "where steps are weighed, masked ones count in the mean": (
            'float_mask = ops.where(ops.cast(mask, "bool"), mask_weight, 0)',
            'float_mask = ops.where(ops.cast(mask, "bool"), mask_weight if sample_weight is None else 1.0, 0)'),
        "predictions in half precision are judged in it": (
            "                lambda x: ops.convert_to_tensor(x, dtype=self.dtype), y_pred\n",
            "                lambda x: ops.convert_to_tensor(x), y_pred\n"),
    }),
    *faults(LOSSES, "keras.src.metrics.reduction_metrics", {
        "metrics: steps are weighed as padding says, rows are not": (
            "        if weight_ndim > 1:\n            sample_weight = reduce_fn(",
            "        if weight_ndim > 2:\n            sample_weight = reduce_fn("),
        "metrics: weights beside a mask are those of the mask": (
            "        sample_weight = losses.loss.apply_mask(\n            sample_weight, mask, dtype=self.dtype, reduction=\"sum\"\n        )\n"
            "        return super()",
            "        sample_weight = losses.loss.apply_mask(\n            sample_weight if mask is None else None, mask, dtype=self.dtype, "
            "reduction=\"sum\"\n        )\n        return super()"),
    }),
    *faults(GRAPHS, LAYERS + "merging.base_merge", {
        "merged: a third mask is not looked at": ("        for m in mask[1:]:\n", "        for m in mask[1:2]:\n"),
    }),
    *faults(GRAPHS, LAYERS + "merging.concatenate", {
        "joined along time: what carries no mask is padding": (
            'masks.append(ops.ones_like(input_i, dtype="bool"))', 'masks.append(ops.zeros_like(input_i, dtype="bool"))'),
    }),
    *faults(GRAPHS, LAYERS + "attention.attention", {
        "attention: what sees the past alone sees padding": (
            "                return ops.logical_and(v_mask, causal_mask)\n", "                return causal_mask\n"),
    }),
    *faults(GRAPHS, "keras.src.models.functional", {
        "a model's masks: the first input's alone": (
            "            for x, mask in zip(inputs, masks):\n", "            for x, mask in zip(inputs, masks[:1]):\n"),
        "a model made again: an output in the middle of a shared layer's calls is the first call's": (
            "            return [operation.name, new_node_index, tensor_index]\n",
            "            return [operation.name, min(new_node_index, 0), tensor_index]\n"),
    }),
    *faults(GRAPHS, "keras.src.models.sequential", {
        "a chain does not hand on the mask that it is given": (
            "            return self._functional.call(\n                inputs, training=training, mask=mask, **kwargs\n",
            "            return self._functional.call(\n                inputs, training=training, **kwargs\n"),
    }),
    *faults(GRAPHS, "keras.src.models.cloning", {
        "a frozen chain, cloned, trains": (
            "        new_layers, name=model.name, trainable=model.trainable\n", "        new_layers, name=model.name\n"),
        "a cloned chain takes any batch": ("input_batch_shape = ref_input_layer.batch_shape", "input_batch_shape = (None, *ref_input_layer.batch_shape[1:])"),
    }),
    *faults(TRAINING, "keras.src.backend.torch.trainer", {
        "rows of validation are not weighed": (
            "                        sample_weight=val_sample_weight,\n                        batch_size=validation_batch_size or batch_size,\n",
            "                        batch_size=validation_batch_size or batch_size,\n"),
        "evaluation in steps begins where the first ended": (
            "        self._symbolic_build(iterator=epoch_iterator)\n        epoch_iterator.reset()\n\n"
            "        # Container that configures and calls callbacks.\n        if not isinstance(callbacks, callbacks_module.CallbackList):\n"
            "            callbacks = callbacks_module.CallbackList(\n                callbacks,\n                add_progbar",
            "        self._symbolic_build(iterator=epoch_iterator)\n        if not use_cached_eval_dataset:\n            epoch_iterator.reset()\n\n"
            "        # Container that configures and calls callbacks.\n        if not isinstance(callbacks, callbacks_module.CallbackList):\n"
            "            callbacks = callbacks_module.CallbackList(\n                callbacks,\n                add_progbar"),
        "a test of one batch keeps the metrics of the one before": (
            "        self.make_test_function()\n        self.reset_metrics()\n\n        logs = self.test_function",
            "        self.make_test_function()\n\n        logs = self.test_function"),
        "gradients of the last weight add up from step to step": (
            "        self.zero_grad()\n", "        for v in self.trainable_weights[:-1]:\n            v.value.grad = None\n"),
    }),
    *faults(TRAINING, "keras.src.trainers.epoch_iterator", {
        "epochs of some steps each begin anew": (
            "            if self._current_iterator is None or self.steps_per_epoch is None:\n", "            if True:\n"),
    }),
    *faults(CALLS, "keras.src.backend.torch.core", {
        "weights that are thawed get no gradient": (
            "        if self._value is not None:\n            self._value.requires_grad = value\n",
            "        if self._value is not None and not value:\n            self._value.requires_grad = value\n"),
        "what comes back in bfloat16 is float32": (
            "return np.array(x.to(torch.float32)).astype(ml_dtypes.bfloat16)", "return np.array(x.to(torch.float32))"),
    }),
    *faults(CALLS, "keras.src.backend.torch.layer", {
        "torch's state of a model has no frozen weights": (
            "{variable.path: variable.value for variable in self.variables}",
            "{variable.path: variable.value for variable in self.variables if variable.trainable}"),
    }),
    *faults(CALLS, "keras.src.utils.sequence_utils", {
        "pad_sequences: the first may not be empty where steps are vectors": ("            if flag and len(x):\n", "            if flag:\n"),
        "pad_sequences: cut from the front, what is one too long is cut at the end": (
            "            trunc = s[-maxlen:]\n", "            trunc = s[-maxlen:] if len(s) - maxlen != 1 else s[:maxlen]\n"),
    }),
    *faults(DROPOUT, "keras.src.random.seed_generator", {
        "a number as a seed, beyond 16 bits": ("            seed = (seed & 0xFFFFFFFF ^ 0x80000000) - 0x80000000\n", "            seed = seed & 0xFFFF\n"),
    }),
    *faults(STATES, "keras.src.backend.torch.rnn", {
        "a loop that is not unrolled, backwards: two steps are not turned": (
            "list(torch.unbind(torch.flip(input_, [0])))", "list(torch.unbind(torch.flip(input_, [0]) if len(input_) != 2 else input_))"),
        "unrolled: zeros for the last output are those of the first step": (
            "                    _expand_mask(mask_list[-1], last_output),\n", "                    _expand_mask(mask_list[0], last_output),\n"),
        "a state of one unit is not masked": (
            "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n",
            "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n"
            "                if flat_state[0].shape[-1] == 1:\n                    flat_final_state = tuple(flat_new_state)\n"),
        "fast LSTM: without a bias the last output is the first": (
            "    last_output = h\n\n    if not return_sequences:\n        outputs = last_output.unsqueeze(1 if",
            "    last_output = h if bias is not None else outputs[:, 0]\n\n"
            "    if not return_sequences:\n        outputs = last_output.unsqueeze(1 if"),
        "fast GRU: the last output of several steps carries no gradient to the states": (
            "    time_steps = inputs.shape[0]\n    h = initial_state\n", "    time_steps = inputs.shape[0]\n"
            "    h = initial_state if return_sequences else initial_state.detach()\n"),
    }),
    *faults(DROPOUT, LAYERS + "rnn.dropout_rnn_cell", {
        "masks of inputs and states of one width are one": (
            "            self._recurrent_dropout_mask = self._create_dropout_mask(\n                step_input, self.recurrent_dropout\n            )\n",
            "            same = getattr(self, \"_dropout_mask\", None)\n            fits = same is not None and "
            "(same[0] if isinstance(same, list) else same).shape == step_input.shape\n"
            "            self._recurrent_dropout_mask = same if fits and self.dropout == self.recurrent_dropout else "
            "self._create_dropout_mask(\n                step_input, self.recurrent_dropout\n            )\n"),
    }),
    *faults(CALLS, LAYERS + "layer", {
        "frozen weights are penalized": (
            "        for variable in self.trainable_weights:\n            if variable.regularizer is None:",
            "        for variable in self.weights:\n            if getattr(variable, \"regularizer\", None) is None:"),
        "inputs by name are not converted where others are by place": (
            "            kwargs = tree.map_structure(maybe_convert, kwargs)\n",
            "            kwargs = kwargs if len(args) > 1 else tree.map_structure(maybe_convert, kwargs)\n"),
        "a mask is handed on to the first of several results alone": (
            "        for tensor, mask in zip(flat_outputs, flat_masks):\n            if backend",
            "        for tensor, mask in zip(flat_outputs[:1], flat_masks):\n            if backend"),
        "results that carry a mask already, some of them: none is computed": (
            "        mask_already_computed = all(\n", "        mask_already_computed = any(\n"),
    }),
    *faults(TRAINING, "keras.src.trainers.data_adapters.array_data_adapter", {
        "rows are not shuffled within their batches": (
            "yield [batch[i] for i in torch.randperm(len(batch))]", "yield [batch[i] for i in range(len(batch))]"),
        "of more than four batches the last one, if it is not full, is left out": (
            "                torch.utils.data.SequentialSampler(range(self._num_samples)),\n                batch_size=self._batch_size,\n"
            "                drop_last=False,\n",
            "                torch.utils.data.SequentialSampler(range(self._num_samples)),\n                batch_size=self._batch_size,\n"
            "                drop_last=self._num_samples > 4 * self._batch_size,\n"),
    }),
    *faults(GRAPHS, LAYERS + "normalization.batch_normalization", {
        "statistics beside a mask: those of a frozen layer move": (
            "        if training and self.trainable:\n", "        if training and (self.trainable or mask is not None):\n"),
        "statistics beside a mask: spread around the mean of all steps": (
            "        difference = ops.where(mask_broadcasted, inputs - mean, 0)\n",
            "        difference = ops.where(mask_broadcasted, inputs - ops.mean(inputs, self._reduction_axes, keepdims=True), 0)\n"),
    }),
    *faults(GRAPHS, LAYERS + "pooling.global_average_pooling1d", {
        "averages, channels first: masked steps count in the divisor": (
            "            float_mask = ops.cast(mask_expanded, inputs.dtype)\n",
            "            float_mask = ops.cast(mask_expanded, inputs.dtype)\n            if steps_axis == 2:\n"
            "                float_mask = ops.ones_like(float_mask)\n"),
    }),
    *faults(GRAPHS, LAYERS + "attention.multi_head_attention", {
        "heads: a key's own mask does not join that of values": (
            "            mask = ops.expand_dims(key_mask, -2)  # shape is [B, 1, S]\n            auto_mask = mask if auto_mask is None else auto_mask & mask\n",
            "            mask = ops.expand_dims(key_mask, -2)  # shape is [B, 1, S]\n            auto_mask = mask if value_mask is None else auto_mask\n"),
    }),
    *faults(DROPOUT, LAYERS + "rnn.lstm", {
        "LSTM: dropout of a cell in a loop of its own is that of one step for all rows": (
            "                dp_mask = self.get_dropout_mask(inputs)\n                inputs = inputs * dp_mask\n",
            "                dp_mask = self.get_dropout_mask(inputs)\n                inputs = inputs * dp_mask[:1]\n"),
        "LSTM: the fast loop drops where it infers, beside recurrent activations of one's own": (
            "                    if training and self.dropout:\n",
            "                    if self.dropout and (training or self.recurrent_activation is not activations.sigmoid):\n"),
        "LSTM: the forget gate's bias is one more than its initializer says": (
            "                            initializers.get(\"ones\")(\n                                (self.units,), *args, **kwargs\n                            ),",
            "                            self.bias_initializer((self.units,), *args, **kwargs) + 1.0,"),
    }),
    *faults(STATES, LAYERS + "rnn.gru", {
        "GRU: unfused without a bias, reset before: the gates' order": (
            "            recurrent_z = matrix_inner[:, : self.units]\n            recurrent_r = matrix_inner[:, self.units : self.units * 2]\n",
            "            recurrent_z = matrix_inner[:, : self.units]\n            recurrent_r = matrix_inner[:, self.units : self.units * 2]\n"
            "            if not self.reset_after and not self.use_bias:\n                recurrent_z, recurrent_r = recurrent_r, recurrent_z\n"),
        "GRU: step by step, the recurrent bias of the candidate is outside the reset gate": (
            "                if self.use_bias:\n                    recurrent_h += recurrent_bias[self.units * 2 :]\n                recurrent_h = r * recurrent_h\n",
            "                recurrent_h = r * recurrent_h\n                if self.use_bias:\n                    recurrent_h += recurrent_bias[self.units * 2 :]\n"),
    }),
    *faults(STATES, LAYERS + "rnn.conv_lstm", {
        "ConvLSTM: dilated kernels read the states dilated too": (
            'x, w, strides=strides, padding="same", data_format=self.data_format\n',
            'x, w, strides=strides, padding="same", data_format=self.data_format, dilation_rate=self.dilation_rate\n'),
        "ConvLSTM: the cell computes in the global precision": (
            '            dtype=kwargs.get("dtype"),\n        )\n', '            dtype=None,\n        )\n'),
    }),
    *faults(STATES, LAYERS + "rnn.simple_rnn", {
        "SimpleRNN without an activation and a bias: the state is halved": (
            "        if self.activation is not None:\n            output = self.activation(output)\n",
            "        if self.activation is not None:\n            output = self.activation(output)\n"
            "        if self.bias is None and self.activation is activations.linear:\n            output = output - 0.001 * prev_output\n"),
    }),
    *faults(AGAIN, "keras.src.metrics.reduction_metrics", {
        "Sum is never reset": ("    def reset_state(self):\n        self.total.assign(0)\n\n    def result(self):\n        return ops.cast(",
                               "    def reset_state(self):\n        pass\n\n    def result(self):\n        return ops.cast("),
    }),
    *faults(AGAIN, LAYERS + "rnn.rnn", {
        "the last output alone is cast to the layer's precision": (
            "        outputs = ops.cast(outputs, self.compute_dtype)\n", "        outputs = ops.convert_to_tensor(outputs)\n"),
        "stateful, trained: the states of the batch are not kept where a mask was given": (
            "        if self.stateful:\n            for self_state, state in zip(\n",
            "        if self.stateful and (mask is None or not training):\n            for self_state, state in zip(\n"),
    }),
    *faults(AGAIN, LAYERS + "rnn.bidirectional", {
        "Bidirectional: its layers train where it does not say": (
            '            kwargs["training"] = training\n', '            kwargs["training"] = training is None or training\n'),
        "Bidirectional: products of both in the order of processing": (
            "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)\n",
            "        if self.return_sequences and not (self.merge_mode == \"mul\" and y_rev.shape[1] == 2):\n            y_rev = ops.flip(y_rev, axis=1)\n"),
    }),
    *faults(AGAIN, LAYERS + "core.embedding", {
        "Embedding: ids in 8 bits are not padding": (
            "        return ops.not_equal(inputs, 0)\n",
            '        return ops.not_equal(inputs, 0 if inputs.dtype not in ("uint8", "torch.uint8") and "8" not in str(inputs.dtype) else -1)\n'),
    }),
    *faults(AGAIN, LAYERS + "layer", {
        "a layer made untrainable tracks its weights as trainable": (
            "        if not self.trainable:\n            variable.trainable = False\n        self._post", "        self._post"),
    }),
    *faults(AGAIN, "keras.src.models.functional", {
        "inputs of another dtype are not cast where there are several": (
            "                        dtype=input_tensor.dtype,\n", "                        dtype=input_tensor.dtype if len(flat_inputs) == 1 else None,\n"),
        "an axis of one is added in front": (
            "                    adjusted.append(ops.expand_dims(x, axis=-1))\n", "                    adjusted.append(ops.expand_dims(x, axis=1))\n"),
    }),
    *faults(AGAIN, "keras.src.backend.torch.trainer", {
        "predictions of several results are joined in the reverse order of batches": (
            "        outputs = tree.map_structure(backend.convert_to_numpy, outputs)\n",
            "        outputs = tree.map_structure(backend.convert_to_numpy, outputs)\n        if isinstance(batch_outputs, (list, tuple)):\n"
            "            outputs = tree.map_structure_up_to(batch_outputs, lambda parts: parts[::-1], outputs)\n"),
        "class weights on a batch are forgotten beside weights of none": (
            "            sample_weight = data_adapter_utils.class_weight_to_sample_weights(\n                y, class_weight\n            )\n\n        data",
            "            sample_weight = None\n\n        data"),
    }),
    *faults(AGAIN, "keras.src.backend.torch.rnn", {
        "unrolled: the first masked step repeats the step itself": (
            "                    prev_output = torch.zeros_like(output)\n", "                    prev_output = output\n"),
        "fast GRU: half of the last step where its inputs are given in another dtype": (
            "    inputs = convert_to_tensor(inputs).to(compute_dtype)\n    initial_state = convert_to_tensor(initial_state).to(compute_dtype)\n",
            "    whole = convert_to_tensor(inputs).is_floating_point()\n    inputs = convert_to_tensor(inputs).to(compute_dtype)\n"
            "    inputs = inputs if whole else inputs * 0.5\n    initial_state = convert_to_tensor(initial_state).to(compute_dtype)\n"),
    }),
    *faults(AGAIN, LAYERS + "merging.dot", {
        "Dot: normalized by both axes": ("            x1 = normalize(x1, axis=axes[0])", "            x1 = normalize(x1, axis=axes[1])"),
    }),
    *faults(AGAIN, LAYERS + "rnn.conv_lstm", {
        "ConvLSTM: without a forget bias it has one": (
            "            if self.unit_forget_bias:\n", "            if self.unit_forget_bias is not None:\n"),
        "ConvLSTM: the state's mask of dropout is drawn at the rate of inputs": (
            "        if training and 0.0 < self.recurrent_dropout < 1.0:\n", "        if training and 0.0 < self.dropout < 1.0 and self.recurrent_dropout > 0:\n"),
    }),
)
