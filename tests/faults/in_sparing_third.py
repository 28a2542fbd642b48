"""Faults asked of Keras on TensorFlow and on JAX, whose plan at default depth is a sparing one, for the third time: function by
function through the engines' loops, trainers and cores, and in Keras' common code on either of the two."""

from __future__ import annotations

from tests.faults.base import faults
from tests.faults.in_sparing_again import JAX, TENSORFLOW, common

ENGINE_OF_TENSORFLOW = (
    *faults("TensorFlow's loop, function by function", TENSORFLOW + "rnn", {
        "h3t an open time axis has as many steps as rows": (
            "tf.shape(flattened_inputs[0])[0] if time_steps is None", "tf.shape(flattened_inputs[0])[1] if time_steps is None"),
        "h3t an unrolled loop begins with what it was given where its first step is masked": (
            "                    prev_output = tf.zeros_like(output)", "                    prev_output = tree.flatten(states)[0]"),
        "h3t unrolled last outputs are zero where the first step is masked": (
            "_expand_mask(mask_list[-1], last_output)", "_expand_mask(mask_list[0], last_output)"),
        "h3t a masked loop begins with the outputs of its first step": (
            "                tf.zeros_like(o) for o in tree.flatten(output_time_zero)\n", "                o for o in tree.flatten(output_time_zero)\n"),
        "h3t masks go backwards only where all outputs are returned": (
            "            if go_backwards:\n                mask = tf.reverse(mask, [0])",
            "            if go_backwards and return_all_outputs:\n                mask = tf.reverse(mask, [0])"),
        "h3t states of a masked loop are those of the step before where only the last output is returned": (
            "            # Skip final_outputs[2] which is the output for final timestep.\n            new_states = final_outputs[3:]",
            "            new_states = final_outputs[3:]\n            if not return_all_outputs and len(new_states) == 1:\n                new_states = (final_outputs[2][0],)"),
    }),
    *faults("TensorFlow's trainer, function by function", TENSORFLOW + "trainer", {
        "h3t evaluated losses count each batch once": (
            "        loss = self._compute_loss(\n            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False\n        )\n"
            "        self._loss_tracker.update_state(\n            loss_module.unscale_loss_for_distribution(loss),\n"
            "            sample_weight=tf.shape(\n                next(i for i in tree.flatten(x) if i is not None)\n            )[0],\n        )",
            "        loss = self._compute_loss(\n            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False\n        )\n"
            "        self._loss_tracker.update_state(\n            loss_module.unscale_loss_for_distribution(loss)\n        )"),
        "h3t an execution of several steps takes one batch more from the iterator": (
            "                        tf.less(execution_step + 1, self.steps_per_execution),", "                        tf.less(execution_step, self.steps_per_execution),"),
        "h3t predictions of one execution come in the order of last first": (
            "lambda t1, t2: concat([t1, t2]), outputs, step_outputs", "lambda t1, t2: concat([t2, t1]), outputs, step_outputs"),
        "h3t validation in fit adds to the metrics of training": (
            "        self.stop_evaluating = False\n        callbacks.on_test_begin()\n        logs = {}\n        self.reset_metrics()\n",
            "        self.stop_evaluating = False\n        callbacks.on_test_begin()\n        logs = {}\n        if not use_cached_eval_dataset:\n            self.reset_metrics()\n"),
        "h3t a validation's batches are as large as those of training": (
            "                        batch_size=validation_batch_size or batch_size,\n                        distribute_strategy",
            "                        batch_size=batch_size or validation_batch_size,\n                        distribute_strategy"),
        "h3t validation has as many steps as an epoch": (
            "                        steps_per_epoch=validation_steps,", "                        steps_per_epoch=steps_per_epoch or validation_steps,"),
        "h3t ragged predictions lose the size of their features": (
            "constant_dims.numpy().tolist()[::-1].index(False)", "constant_dims.numpy().tolist().index(False)"),
        "h3t callbacks of predictions see all outputs so far": (
            "                    end_step, {\"outputs\": batch_outputs}\n", "                    end_step, {\"outputs\": outputs}\n"),
        "h3t moving averages are not written after an early stop": (
            "            isinstance(self.optimizer, optimizers_module.Optimizer)\n            and epochs > 0\n",
            "            isinstance(self.optimizer, optimizers_module.Optimizer)\n            and epochs > 0\n            and not self.stop_training\n"),
    }),
    *faults("TensorFlow's core, function by function", TENSORFLOW + "core", {
        "h3t unstack takes the first axis whatever it is told": ("tf.unstack(x, num=num, axis=axis)", "tf.unstack(x, num=num)"),
        "h3t scans backwards put first what came first": (
            "            ys_array = [ys.write(i, v) for (ys, v) in zip(ys_array, flat_ys)]",
            "            ys_array = [\n                ys.write(n - 1 - i if reverse else i, v)\n                for (ys, v) in zip(ys_array, flat_ys)\n            ]"),
        "h3t a loop over a range begins at zero": ("        (lower, init_val),\n    )[1]", "        (0 * lower, init_val),\n    )[1]"),
        "h3t an open axis is mapped over as integers": ("    return tf.vectorized_map(function, elements)", "    return tf.map_fn(function, elements)"),
        "h3t a switch below its first branch takes its last": ("    index = tf.clip_by_value(index, 0, len(branches) - 1)\n", ""),
    }),
    *faults("TensorFlow's functions, one by one", TENSORFLOW + "nn", {
        "h3t entropies of probabilities are not made to add up to one": (
            "    output = output / tf.reduce_sum(output, axis, keepdims=True)\n", ""),
        "h3t integer classes of one step lose their time axis": (
            "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:", "    if target.shape[-1] == 1:"),
        "h3t normalization along another axis forgets its offset's place": (
            "        if offset is not None:\n            offset = tf.reshape(offset, shape)\n        if scale", "        if scale"),
        "h3t ctc in half precision": ('backend.result_type(output.dtype, "float32")\n    compute_dtype', 'output.dtype.name\n    compute_dtype'),
    }),
    *faults("TensorFlow's functions, one by one", TENSORFLOW + "random", {
        "h3t open axes of a noise's shape are one": ("concrete_inputs_shape[i] if value is None else value", "1 if value is None else value"),
        "h3t rows are shuffled along the first axis alone": ("return tf.gather(x, indices, axis=axis)", "return tf.gather(x, indices)"),
        "h3t both gammas of a beta are drawn with one seed": ("seed_2 = seed_1 + 12", "seed_2 = seed_1"),
    }),
    *faults("TensorFlow's functions, one by one", TENSORFLOW + "optimizer", {
        "h3t averages are written to the last variable alone": (
            "            trainable_variables, self._model_variables_moving_average\n        ):\n            self._distribution_strategy",
            "            trainable_variables[::-1], self._model_variables_moving_average[::-1][:1]\n        ):\n            self._distribution_strategy"),
    }),
    *faults("TensorFlow's functions, one by one", TENSORFLOW + "numpy", {
        "h3t indices below zero count from the whole": ("return tf.where(i < 0, i + tf.cast(tf.shape(x)[axis], i.dtype), i)", "return tf.where(i < 0, i + tf.cast(tf.shape(x)[0], i.dtype), i)"),
        "h3t means of half precision are added up in half": ('compute_dtype = dtypes.result_type(x.dtype, "float32")\n    # `tf.reduce_mean` does', 'compute_dtype = dtypes.result_type(x.dtype, float)\n    # `tf.reduce_mean` does'),
    }),
)

ENGINE_OF_JAX = (
    *faults("JAX's loop, function by function", JAX + "rnn", {
        "h3j every row is masked where the first is": ("jnp.all(\n                    jnp.logical_not(current_mask)", "jnp.all(\n                    jnp.logical_not(current_mask[:1])"),
        "h3j a masked step of a stack keeps the first cell's state alone": (
            "                new_states = tree.map_structure(\n                    lambda s, ns: jnp.where(is_masked, s, ns),\n                    states,\n                    new_states,\n                )",
            "                free = list(new_states)\n                new_states = tree.map_structure(\n                    lambda s, ns: jnp.where(is_masked, s, ns),\n                    states,\n                    new_states,\n                )\n"
            "                if tree.is_nested(states[0]):\n                    new_states = [new_states[0], *free[1:]]"),
    }),
    *faults("JAX's trainer, function by function", JAX + "trainer", {
        "h3j layers with states stand still while a model is evaluated": (
            "        state = (\n            trainable_variables,\n            non_trainable_variables,\n            metrics_variables,\n        )\n        return logs, state",
            "        state = (\n            trainable_variables,\n            state[1],\n            metrics_variables,\n        )\n        return logs, state"),
        "h3j layers with states stand still while a model predicts": (
            "            return outputs, (state[0], non_trainable_variables)", "            return outputs, state"),
        "h3j the second epoch begins with the metrics of the first": (
            "                callbacks.on_epoch_begin(epoch)\n\n                self._jax_state_synced = True\n", "                callbacks.on_epoch_begin(epoch)\n\n                self._jax_state_synced = epoch == initial_epoch\n"),
        "h3j predictions of one batch leave states as they were": (
            "            \"non_trainable_variables\": non_trainable_variables,\n        }\n        self.jax_state_sync()\n        batch_outputs",
            "            \"non_trainable_variables\": non_trainable_variables,\n        }\n        batch_outputs"),
        "h3j an execution of several steps ends one step early": (
            "                        for _ in range(self.steps_per_execution - 1):\n                            data = next(iterator)\n                            outputs, state",
            "                        for _ in range(self.steps_per_execution - 2):\n                            data = next(iterator)\n                            outputs, state"),
        "h3j the scaled loss is reported": ("        return loss, (\n            unscaled_loss,", "        return loss, (\n            loss,"),
        "h3j losses count each batch once": (
            "                unscaled_loss,\n                sample_weight=next(\n                    i for i in tree.flatten(x) if i is not None\n                ).shape[0],\n", "                unscaled_loss,\n"),
        "h3j callbacks of an evaluation get no logs": ("        callbacks.on_test_end(logs)\n        self._jax_state = None", "        callbacks.on_test_end()\n        self._jax_state = None"),
        "h3j training goes on from the epoch it is told although a backup has another": (
            "        initial_epoch = self._initial_epoch or initial_epoch\n", ""),
        "h3j tested batches change no state": (
            "        # State sync\n        trainable_variables, non_trainable_variables, metrics_variables = state\n        self._jax_state = {\n            \"trainable_variables\": trainable_variables,\n            \"non_trainable_variables\": non_trainable_variables,\n",
            "        # State sync\n        trainable_variables, non_trainable_variables, metrics_variables = state\n        self._jax_state = {\n            \"trainable_variables\": trainable_variables,\n"),
        "h3j weights by class are left out of single batches": (
            "            sample_weight = data_adapter_utils.class_weight_to_sample_weights(\n                y, class_weight\n            )\n\n        def data():", "            pass\n\n        def data():"),
        "h3j a loss tracker sees the batch's weights of the first input's last axis": (
            "i for i in tree.flatten(x) if i is not None\n                ).shape[0]", "i for i in tree.flatten(x) if i is not None\n                ).shape[-1]"),
    }),
    *faults("JAX's core, function by function", JAX + "core", {
        "h3j a loop takes one turn more than it may": ("return cond(*args[:-1]) & (args[-1] < maximum_iterations)", "return cond(*args[:-1]) & (args[-1] <= maximum_iterations)"),
        "h3j associative scans go along the first axis": ("return jax.lax.associative_scan(f, elems, reverse, axis)", "return jax.lax.associative_scan(f, elems, reverse)"),
        "h3j scattered values of one place replace each other": ("    return zeros.at[key].add(values)", "    return zeros.at[key].set(values)"),
        "h3j a shape of minus one leaves out the start": ("inputs.shape[i] - start_indices[i] if s == -1 else s", "inputs.shape[i] if s == -1 else s"),
    }),
    *faults("JAX's functions, one by one", JAX + "random", {
        "h3j truncated noise is cut at one deviation": ("lower=-2.0, upper=2.0", "lower=-1.0, upper=1.0"),
        "h3j dropped inputs are not scaled up": ("mask, inputs / keep_prob, jax", "mask, inputs, jax"),
        "h3j noise of one shape is drawn for all": ("concrete_inputs_shape[i] if value is None else value", "1 if value is None else value"),
    }),
    *faults("JAX's functions, one by one", JAX + "optimizer", {
        "h3j accumulated gradients belong to the first variables": ("                self._accumulated_gradients[self._get_variable_index(v)]\n                for v in trainable_variables",
                                                              "                g\n                for v, g in zip(trainable_variables, self._accumulated_gradients)"),
        "h3j averages overwrite one step early": ("                    self.iterations + 1\n                ) % self.ema_overwrite", "                    self.iterations + 2\n                ) % self.ema_overwrite"),
    }),
    *faults("JAX's functions, one by one", JAX + "export", {
        "h3j inputs with an open batch have a name each": ("                elif index == 0:\n                    poly_shape.append(\"batch\")\n", ""),
    }),
    *faults("JAX's functions, one by one", JAX + "nn", {
        "h3j entropies of integer classes are not made to add up to one": (
            "        output = output / jnp.sum(output, axis, keepdims=True)\n        output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n        log_prob = jnp.log(output)\n    target",
            "        output = jnp.clip(output, backend.epsilon(), 1.0 - backend.epsilon())\n        log_prob = jnp.log(output)\n    target"),
        "h3j ctc forgets the path of a padded step": ("next_phi = pad * prev_phi_orig", "next_phi = pad * prev_phi"),
        "h3j repeated labels need no blank": ("prev_phi = update_phi_score(prev_phi, prev_emit + log_epsilon * repeat)", "prev_phi = update_phi_score(prev_phi, prev_emit)"),
        "h3j decoded repeats are merged over a blank": ("indices = jnp.where(repeat_mask, mask_index, indices)\n", "indices = jnp.where(repeat_mask, mask_index, indices)\n        indices = jnp.where(jnp.pad((indices[:, 2:] == indices[:, :-2]), ((0, 0), (2, 0))), mask_index, indices)\n"),
    }),
)

COMMON_ON_TENSORFLOW = (
    *common("keras-tensorflow", "layers.rnn.rnn", {
        "h3t masks of returned states are those of the outputs": (
            "            state_mask = [None for _ in self.state_size]\n            return [output_mask] + state_mask", "            return [output_mask for _ in [None, *self.state_size]]"),
        "h3t the first state alone is cast to the layer's precision": (
            "        states = tree.map_structure(\n            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n        )",
            "        states = [ops.cast(states[0], self.compute_dtype) if not tree.is_nested(states[0]) else states[0], *states[1:]]"),
    }),
    *common("keras-tensorflow", "layers.rnn.bidirectional", {
        "h3t backwards outputs hold in padding where both are returned": (
            "        force_zero_output_for_mask(self.backward_layer)\n", "        if self.forward_layer.return_sequences and merge_mode is not None:\n            force_zero_output_for_mask(self.backward_layer)\n"),
    }),
    *common("keras-tensorflow", "layers.rnn.time_distributed", {
        "h3t steps of an open time axis are not told that they train": (
            "        outputs = backend.vectorized_map(\n            step_function, ops.arange(input_shape[0])", "        training = False\n        outputs = backend.vectorized_map(\n            step_function, ops.arange(input_shape[0])"),
    }),
    *common("keras-tensorflow", "layers.core.masking", {
        "h3t masked steps keep their values": ("        outputs = ops.where(boolean_mask, inputs, 0)\n", "        outputs = ops.where(boolean_mask, inputs, self.mask_value)\n"),
    }),
    *common("keras-tensorflow", "layers.pooling.global_average_pooling1d", {
        "h3t means over channels first count channels": (
            "            float_mask = ops.cast(mask_expanded, inputs.dtype)\n", "            float_mask = ops.cast(mask_expanded, inputs.dtype)\n            if self.data_format == \"channels_first\":\n                float_mask = ops.ones_like(inputs)\n"),
    }),
    *common("keras-tensorflow", "layers.attention.multi_head_attention", {
        "h3t a causal mask takes the place of the queries' and values'": (
            "            mask = self._compute_causal_mask(query, value)\n            auto_mask = mask if auto_mask is None else auto_mask & mask", "            auto_mask = self._compute_causal_mask(query, value)"),
        "h3t a window reaches one step less": ("ops.abs(row_index - col_index), self._sliding_window)", "ops.abs(row_index - col_index), self._sliding_window - 1)"),
    }),
    *common("keras-tensorflow", "losses.loss", {
        "h3t a mask's weights are not scaled where samples have weights": (
            "            mask_weight = ops.divide_no_nan(total, valid)\n", "            mask_weight = ops.divide_no_nan(total, valid)\n            if sample_weight is not None:\n                mask_weight = ops.ones_like(mask_weight)\n"),
    }),
    *common("keras-tensorflow", "metrics.reduction_metrics", {
        "h3t a metric's mask is left out where samples have weights": (
            "            sample_weight = losses.loss.apply_mask(\n                sample_weight, mask, dtype=dtype, reduction=\"sum\"\n            )", "            pass"),
    }),
    *common("keras-tensorflow", "trainers.compile_utils", {
        "h3t metrics of later outputs have the first output's weights": (
            "        for m, y_t, y_p, s_w in zip(\n            self._flat_weighted_metrics, y_true, y_pred, sample_weight\n        ):", "        for m, y_t, y_p, s_w in zip(\n            self._flat_weighted_metrics, y_true, y_pred, sample_weight[:1] * len(y_true)\n        ):"),
        "h3t the loss of an output is reported with its weight": (
            "            value = ops.cast(\n                loss_fn(y_t, y_p, _sample_weight), dtype=self.dtype\n            )\n            # Record *unweighted* individual losses.",
            "            value = ops.cast(\n                loss_fn(y_t, y_p, _sample_weight), dtype=self.dtype\n            )\n            if loss_weight is not None:\n                value, loss_weight = ops.multiply(value, loss_weight), None\n"),
    }),
    *common("keras-tensorflow", "layers.layer", {
        "h3t the mask of a second output is that of the first": (
            "        for tensor, mask in zip(flat_outputs, flat_masks):", "        for tensor, mask in zip(flat_outputs, [flat_masks[0]] * len(flat_masks)):"),
        "h3t a second argument's own mask is not found": ("                        kwargs[expected_mask_arg_name] = mask\n", "                        kwargs.setdefault(expected_mask_arg_name, None if k != next(iter(call_spec.tensor_arguments_dict)) else mask)\n"),
    }),
    *common("keras-tensorflow", "utils.sequence_utils", {
        "h3t sequences of vectors are cut at the other end": ("            trunc = s[:maxlen]", "            trunc = s[:maxlen] if not sample_shape else s[-maxlen:]"),
    }),
)
COMMON_ON_JAX = (
    *common("keras-jax", "layers.rnn.stacked_rnn_cells", {
        "h3j cells above the first are not told that they train": (
            "            if isinstance(cell, Layer) and cell._call_has_training_arg:\n                kwargs[\"training\"] = training", "            if isinstance(cell, Layer) and cell._call_has_training_arg:\n                kwargs[\"training\"] = training and not new_states"),
        "h3j a stack begins its second cell with the first's state": (
            "        return initial_states\n\n    def call", "        if len({str(s) for s in map(lambda c: c.state_size, self.cells)}) == 1 and batch_size == 1:\n            return [initial_states[0]] * len(initial_states)\n        return initial_states\n\n    def call"),
    }),
    *common("keras-jax", "layers.rnn.gru", {
        "h3j implementation 1 without reset after: all gates share the dropped state of the update": (
            "r * h_tm1_h, self.recurrent_kernel[:, self.units * 2 :]", "r * h_tm1_z, self.recurrent_kernel[:, self.units * 2 :]"),
        "h3j without a bias the reset after is one before": (
            "            if self.reset_after:\n                recurrent_h = r * recurrent_h\n", "            if self.reset_after and self.use_bias:\n                recurrent_h = r * recurrent_h\n"),
    }),
    *common("keras-jax", "layers.rnn.conv_lstm", {
        "h3j strides of the inputs go along the first axis alone": ("            strides=self.strides,\n            padding=padding,\n            data_format=self.data_format,", "            strides=self.strides[0],\n            padding=padding,\n            data_format=self.data_format,"),
        "h3j the recurrent convolution is as dilated as the first": ("x, w, strides=strides, padding=\"same\", data_format=self.data_format\n", "x, w, strides=strides, padding=\"same\", data_format=self.data_format, dilation_rate=self.dilation_rate\n"),
    }),
    *common("keras-jax", "layers.rnn.bidirectional", {
        "h3j weights that are given go to the way there alone": ("            self.backward_layer.initial_weights = weights[nw // 2 :]\n", "            self.backward_layer.initial_weights = weights[: nw // 2]\n"),
    }),
    *common("keras-jax", "layers.rnn.rnn", {
        "h3j a state of another precision keeps it": (
            "            lambda x: backend.convert_to_tensor(\n                x, dtype=self.cell.compute_dtype\n            ),\n            initial_state,", "            backend.convert_to_tensor,\n            initial_state,"),
        "h3j masks of dropped inputs are kept until the next call": (
            "            cell.reset_dropout_mask()\n            cell.reset_recurrent_dropout_mask()", "            cell.reset_recurrent_dropout_mask()"),
    }),
    *common("keras-jax", "layers.attention.attention", {
        "h3j scale is left out of scores of sums": ("ops.tanh(self.scale * (q_reshaped + k_reshaped)), axis=-1", "ops.tanh(q_reshaped + k_reshaped), axis=-1"),
    }),
    *common("keras-jax", "layers.merging.base_merge", {
        "h3j merged masks are those of all inputs": ("            output_mask = ops.logical_or(output_mask, m)\n        return", "            output_mask = ops.logical_and(output_mask, m)\n        return"),
        "h3j the greatest of masked inputs looks at the first one's padding": (
            "                x = ops.where(mask, x, output)\n", "                x = x\n"),
    }),
    *common("keras-jax", "losses.loss", {
        "h3j a mask's weights of rows with one weight each are spread along rows": (
            "            if x2_rank == 1 and expand_rank_1:\n                x2 = ops.expand_dims(x2, axis=-1)\n            else:\n                x1", "            if x2_rank == 1 and expand_rank_1:\n                x2 = ops.expand_dims(x2, axis=0)\n            else:\n                x1"),
    }),
    *common("keras-jax", "layers.layer", {
        "h3j losses of a layer called twice are those of its last call": ("                for x in losses:\n                    scope.add_loss(x)", "                self._loss_ids.clear()\n                for x in losses:\n                    scope.add_loss(x)"),
    }),
)

ALL = (*ENGINE_OF_TENSORFLOW, *ENGINE_OF_JAX, *COMMON_ON_TENSORFLOW, *COMMON_ON_JAX)
