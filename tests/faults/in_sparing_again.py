"""Faults asked of Keras on TensorFlow and on JAX, whose plan at default depth is a sparing one: in Keras' common code, each on one of
the two, and in the engines' own code. Most have an effect only under a condition."""

from __future__ import annotations

from dataclasses import replace

from tests.faults.base import Fault, faults

KERAS = "keras.src."
TENSORFLOW = "keras.src.backend.tensorflow."
JAX = "keras.src.backend.jax."


def common(subject: str, module: str, edits: dict[str, tuple]) -> tuple[Fault, ...]:
    """Faults in Keras' common code, asked of one engine."""
    family = f"common code on {'JAX' if subject == 'keras-jax' else 'TensorFlow'}"
    return tuple(replace(fault, asked=subject) for fault in faults(family, KERAS + module, edits))


ON_TENSORFLOW = (
    *common("keras-tensorflow", "layers.rnn.rnn", {
        "k2t a stateful layer ignores a state that is given": (
            "        if initial_state is None:\n            if self.stateful:\n                initial_state = self.states",
            "        if initial_state is None or self.stateful:\n            if self.stateful:\n                initial_state = self.states"),
        "k2t states of a layer in mixed precision are not cast back": (
            "            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n",
            "            lambda x: ops.cast(x, dtype=self.variable_dtype), states\n"),
        "k2t one step is never masked": (
            "            mask=mask,\n            unroll=self.unroll,",
            "            mask=None if sequences.shape[1] == 1 else mask,\n            unroll=self.unroll,"),
        "k2t a reset keeps all states but the first": (
            "            for v in self.states:\n                v.assign(ops.zeros_like(v.value))",
            "            for v in self.states[:1]:\n                v.assign(ops.zeros_like(v.value))"),
        "k2t zero output is lost on reload": (
            '            "zero_output_for_mask": self.zero_output_for_mask,', '            "zero_output_for_mask": False,'),
        "k2t dropout masks stay after a call that is not in training": (
            "        self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:",
            "        if not training:\n            self._maybe_reset_dropout_masks(self.cell)\n\n        if self.stateful:"),
    }),
    *common("keras-tensorflow", "layers.rnn.bidirectional", {
        "k2t states of both directions change places without sequences": (
            "            states = tuple(y[1:] + y_rev[1:])",
            "            states = tuple(y[1:] + y_rev[1:] if self.return_sequences else y_rev[1:] + y[1:])"),
        "k2t ave merges as a sum where states are returned": (
            "            output = (y + y_rev) / 2\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n"
            "        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
            "                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n",
            "            output = (y + y_rev) / (1 if self.return_state else 2)\n        elif self.merge_mode == \"mul\":\n"
            "            output = y * y_rev\n"
            "        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n"
            "                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n"),
        "k2t a reset is of the forward layer alone": ("        self.backward_layer.reset_state()\n", ""),
        "k2t a backward layer of one's own returns its sequences unmasked": (
            "        force_zero_output_for_mask(self.backward_layer)",
            "        if backward_layer is None:\n            force_zero_output_for_mask(self.backward_layer)"),
        "k2t the mask of a pair of sequences is one": (
            "                output_mask = (mask, mask)\n", "                output_mask = (mask, None)\n"),
    }),
    *common("keras-tensorflow", "layers.rnn.time_distributed", {
        "k2t every step gets the mask of the first": ('kwargs["mask"] = mask[i]', 'kwargs["mask"] = mask[0]'),
        "k2t steps are not in training": ('kwargs["training"] = training', 'kwargs["training"] = False'),
    }),
    *common("keras-tensorflow", "layers.rnn.stacked_rnn_cells", {
        "k2t a stack gives the output size of its first cell": (
            "        if getattr(self.cells[-1], \"output_size\", None) is not None:\n            return self.cells[-1].output_size",
            "        if getattr(self.cells[0], \"output_size\", None) is not None:\n            return self.cells[0].output_size"),
        "k2t cells of a stack but the first are never in training": (
            '                kwargs["training"] = training\n', '                kwargs["training"] = training and cell is self.cells[0]\n'),
    }),
    *common("keras-tensorflow", "layers.core.embedding", {
        "k2t the mask of ids is where they are positive": (
            "return ops.not_equal(inputs, 0)", "return ops.greater(inputs, 1)"),
    }),
    *common("keras-tensorflow", "layers.merging.base_merge", {
        "k2t a maximum with one mask keeps it": (
            "                output_mask = ops.logical_or(output_mask, mask)\n            else:\n                output_mask = None",
            "                output_mask = ops.logical_or(output_mask, mask)\n            else:\n                output_mask = output_mask"),
    }),
    *common("keras-tensorflow", "losses.loss", {
        "k2t a sum of losses does not see the mask": (
            "    # Merge mask and sample weight into sample weight.",
            "    mask = None if reduction == \"sum\" else mask\n    # Merge mask and sample weight into sample weight."),
        "k2t weights and mask together count each twice": (
            "            sample_weight *= float_mask\n", "            sample_weight *= float_mask * float_mask\n"),
    }),
    *common("keras-tensorflow", "layers.layer", {
        "k2t a mask given by name does not pass on": (
            "            previous_mask = kwargs[\"mask\"]\n",
            "            previous_mask = tree.map_structure(backend.get_keras_mask, call_spec.first_arg)\n"),
    }),
)
ON_JAX = (
    *common("keras-jax", "layers.rnn.rnn", {
        "k2j states are not carried where they are returned": (
            "        if self.stateful:\n            for self_state, state in zip(",
            "        if self.stateful and not self.return_state:\n            for self_state, state in zip("),
        "k2j a state that is given comes as zeros in a backwards layer": (
            "        initial_state = list(initial_state)\n",
            "        initial_state = list(initial_state)\n        if self.go_backwards and not self.return_sequences:\n"
            "            initial_state = tree.map_structure(ops.zeros_like, initial_state)\n"),
        "k2j the mask of a layer that returns states is lost": (
            "            return [output_mask] + state_mask\n", "            return [None] + state_mask\n"),
        "k2j a reload does not unroll backwards": (
            '            "go_backwards": self.go_backwards,', '            "go_backwards": self.go_backwards and not self.unroll,'),
    }),
    *common("keras-jax", "layers.rnn.bidirectional", {
        "k2j mul adds where states are returned": (
            "            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n"
            "            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n"
            "                f\"Received: {self.merge_mode}\"\n",
            "            output = y + y_rev if self.return_state else y * y_rev\n        elif self.merge_mode is None:\n"
            "            output = (y, y_rev)\n        else:\n"
            "            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n"
            "                f\"Received: {self.merge_mode}\"\n"),
        "k2j both directions start from the forward state": (
            "            backward_state = initial_state[half:]", "            backward_state = initial_state[:half]"),
        "k2j a pair of last outputs has the mask of its input": (
            "            output_mask = (None, None) if not self.merge_mode else None\n",
            "            output_mask = (mask, mask) if not self.merge_mode else None\n"),
        "k2j the backward layer is never in training": (
            "        y_rev = self.backward_layer(\n            backward_inputs, initial_state=backward_state, **kwargs\n        )",
            "        y_rev = self.backward_layer(\n            backward_inputs, initial_state=backward_state, **{**kwargs, \"training\": False}\n"
            "        )"),
    }),
    *common("keras-jax", "layers.rnn.time_distributed", {
        "k2j a layer of shapes that are not known gets no mask": (
            "        outputs = backend.vectorized_map(\n", "        mask = None\n        outputs = backend.vectorized_map(\n"),
        "k2j the shape that is told is of the input": (
            "        return (child_output_shape[0], input_shape[1], *child_output_shape[1:])",
            "        return (child_output_shape[0], input_shape[1], *input_shape[2:])"),
    }),
    *common("keras-jax", "layers.rnn.dropout_rnn_cell", {
        "k2j all gates share one mask": (
            "                for _ in range(count)\n            ]",
            "                for _ in range(1)\n            ] * count"),
        "k2j the recurrent mask has the rate of the inputs": (
            "                step_input, self.recurrent_dropout\n", "                step_input, self.dropout or self.recurrent_dropout\n"),
        "k2j a recurrent mask is kept for the next batch": (
            "        self._recurrent_dropout_mask = None", "        pass", 2),
    }),
    *common("keras-jax", "layers.pooling.global_average_pooling1d", {
        "k2j kept dimensions divide by all steps": (
            "            ) / ops.sum(float_mask, axis=steps_axis, keepdims=self.keepdims)",
            "            ) / (inputs.shape[steps_axis] if self.keepdims else ops.sum(float_mask, axis=steps_axis))"),
    }),
    *common("keras-jax", "losses.loss", {
        "k2j an average over all steps, of weights and mask": (
            "            mask_weight = ops.divide_no_nan(total, valid)",
            "            mask_weight = ops.divide_no_nan(total, valid) if sample_weight is None else ops.ones_like(valid)"),
    }),
    *common("keras-jax", "metrics.reduction_metrics", {
        "k2j a metric of weights does not see the mask": (
            "        mask = backend.get_keras_mask(y_pred)\n",
            "        mask = backend.get_keras_mask(y_pred) if sample_weight is None else None\n"),
    }),
    *common("keras-jax", "layers.merging.multiply", {
        "k2j masked steps of a product are ones": (
            "            output = ops.where(output_mask, output, ops.cast(0, output.dtype))\n", ""),
    }),
    *common("keras-jax", "models.functional", {
        "k2j a mask is lost where an input is adjusted": (
            "            mask = backend.get_keras_mask(flat_inputs[i])\n            if mask is not None:",
            "            mask = backend.get_keras_mask(flat_inputs[i])\n            if mask is not None and len(flat_inputs) == 1:"),
    }),
)
IN_TENSORFLOW = (
    *faults("TensorFlow at work", TENSORFLOW + "rnn", {
        "k2t the first output of an unrolled loop is not masked": (
            "                    prev_output = tf.zeros_like(output)\n", "                    prev_output = output\n"),
        "k2t states are masked by the step after unrolled backwards": (
            "                tiled_mask_t = tuple(\n                    _expand_mask(mask_t, s) for s in flat_states\n",
            "                mask_t = mask_list[max(i - 1, 0)] if go_backwards and len(mask_list) > 6 else mask_t\n"
            "                tiled_mask_t = tuple(\n                    _expand_mask(mask_t, s) for s in flat_states\n"),
        "k2t many steps stop at thirty two": (
            "            max_iterations = tf.reduce_max(input_length)", "            max_iterations = tf.minimum(tf.reduce_max(input_length), 32)"),
        "k2t output of a loop that begins with masked steps is that of step zero": (
            "            flat_zero_output = tuple(\n                tf.zeros_like(o) for o in tree.flatten(output_time_zero)\n            )",
            "            flat_zero_output = tuple(\n                tf.zeros_like(o) if zero_output_for_mask else o for o in tree.flatten(output_time_zero)\n            )"),
    }),
    *faults("TensorFlow at work", TENSORFLOW + "trainer", {
        "k2t the loss of evaluate counts batches alike": (
            "            loss_module.unscale_loss_for_distribution(loss),\n            sample_weight=tf.shape(\n"
            "                next(i for i in tree.flatten(x) if i is not None)\n            )[0],\n        )\n        return self.compute_metrics",
            "            loss_module.unscale_loss_for_distribution(loss),\n        )\n        return self.compute_metrics"),
        "k2t evaluate trains dropout": ("y_pred = self(x, training=False)", "y_pred = self(x, training=True)", 2),
        "k2t many steps per execution predict the first again": (
            "                    lambda t1, t2: concat([t1, t2]), outputs, step_outputs", "                    lambda t1, t2: concat([t1, t1]), outputs, step_outputs"),
        "k2t what is left over of many steps is dropped": (
            "                    if hasattr(data, \"__len__\") and len(data) > 0:", "                    if hasattr(data, \"__len__\") and len(data) > 1:"),
        "k2t class weights of one batch are not used": (
            "            sample_weight = data_adapter_utils.class_weight_to_sample_weights(\n                y, class_weight\n            )\n", "            sample_weight = None\n"),
        "k2t metrics are not reset between batches": (
            "        self.make_test_function()\n        self.reset_metrics()\n\n        logs", "        self.make_test_function()\n\n        logs"),
        "k2t validation uses the weights of none": ("                        sample_weight=val_sample_weight,\n                        batch_size", "                        batch_size"),
    }),
    *faults("TensorFlow at work", TENSORFLOW + "optimizer", {
        "k2t accumulated gradients are the last one": ("            var.assign(var + grad)", "            var.assign(grad)"),
        "k2t rows that come twice are added once": ("            variable.scatter_add(value)", "            variable.scatter_update(value)"),
        "k2t weight decay does not know the learning rate": (
            "                    variable.assign_sub(variable * wd * lr)", "                    variable.assign_sub(variable * wd)"),
    }),
    *faults("TensorFlow at work", TENSORFLOW + "core", {
        "k2t a variable restores from a checkpoint in part": (
            "            return self.value._restore_from_tensors(restored_tensors)", "            return self.value"),
        "k2t ragged input counts its padding": ("        x = x.to_tensor()\n    if dtype", "        x = x.to_tensor(default_value=1)\n    if dtype"),
        "k2t a told type is lost on conversion": ("        return tf.cast(x, dtype=dtype)\n    return x\n\n\ndef convert_to_numpy",
                                                   "        return tf.cast(x, dtype=dtype) if x.dtype.is_integer else x\n    return x\n\n\ndef convert_to_numpy"),
    }),
    *faults("TensorFlow at work", TENSORFLOW + "layer", {
        "k2t a served model takes one batch size": (
            "                    lambda x: tf.TensorSpec(x.shape, x.dtype), inputs", "                    lambda x: tf.TensorSpec((1, *x.shape[1:]), x.dtype), inputs"),
        "k2t a checkpoint of the model has no layers in lists": (
            "        children = super()._trackable_children(save_type, **kwargs)\n",
            "        children = super()._trackable_children(save_type, **kwargs)\n        children = {k: v for k, v in children.items() if k != \"_layers\"}\n"),
    }),
    *faults("TensorFlow at work", TENSORFLOW + "random", {
        "k2t dropout with a noise shape draws anew for each step": (
            "            concrete_inputs_shape[i] if value is None else value\n", "            concrete_inputs_shape[i]\n"),
        "k2t a truncated normal is not": ("tf.random.stateless_truncated_normal(", "tf.random.stateless_normal("),
        "k2t large seeds are one": ("seed = tf.cast(tf.math.floormod(seed, tf.int32.max - 1), dtype=\"int32\")", "seed = tf.cast(tf.clip_by_value(seed, 0, 99), dtype=\"int32\")"),
    }),
)
IN_JAX = (
    *faults("JAX at work", JAX + "rnn", {
        "k2j a row is masked where any of its mask is": (
            "                is_masked = jnp.all(\n                    jnp.logical_not(current_mask), axis=-1, keepdims=True\n                )",
            "                is_masked = jnp.logical_not(jnp.all(current_mask, axis=-1, keepdims=True)) & (current_mask.shape[0] > 1)"),
        "k2j held output of a stack is of its first cell": ("                        output_tm1 = states[-1][0]", "                        output_tm1 = states[0][0]"),
        "k2j zero output holds where the state is one": (
            "                if zero_output_for_mask:\n                    masked_outs", "                if zero_output_for_mask and len(states) > 1:\n                    masked_outs"),
        "k2j unrolled and masked backwards holds the output at the end": (
            "                    prev_output = jnp.zeros_like(output)\n", "                    prev_output = output if go_backwards else jnp.zeros_like(output)\n"),
        "k2j a fast kernel backwards gives sequences in order": (
            "    outputs = jnp.swapaxes(outputs, 0, 1)\n    last_output = h_last\n",
            "    outputs = jnp.swapaxes(outputs, 0, 1)\n    last_output = h_last\n    if go_backwards and outputs.shape[0] == 1:\n        outputs = jnp.flip(outputs, axis=1)\n"),
        "k2j a fast kernel without bias takes the wrong gate": (
            "        recurrent_bias = jnp.zeros(3 * hidden_size)\n",
            "        recurrent_bias = jnp.zeros(3 * hidden_size)\n        kernel = jnp.roll(kernel, hidden_size, axis=1)\n"),
        "k2j the last output of a loop without sequences is of the first step": (
            "        last_output = outputs[-1]\n\n    if", "        last_output = outputs[-1] if return_all_outputs or mask is None else outputs[0 if go_backwards else -1]\n\n    if"),
    }),
    *faults("JAX at work", JAX + "trainer", {
        "k2j evaluate keeps what the states become": (
            "        (unscaled_loss, y_pred, non_trainable_variables, metrics_variables) = (\n            aux\n        )\n\n        logs, metrics_variables = self._update_metrics_variables(\n"
            "            metrics_variables, unscaled_loss, x, y, y_pred, sample_weight\n        )\n\n        state = (\n            trainable_variables,\n            non_trainable_variables,\n            metrics_variables,",
            "        (unscaled_loss, y_pred, _, metrics_variables) = (\n            aux\n        )\n\n        logs, metrics_variables = self._update_metrics_variables(\n"
            "            metrics_variables, unscaled_loss, x, y, y_pred, sample_weight\n        )\n\n        state = (\n            trainable_variables,\n            non_trainable_variables,\n            metrics_variables,"),
        "k2j predict on a batch is in training": ('            kwargs["training"] = False\n', '            kwargs["training"] = True\n'),
        "k2j the loss that is told is scaled": ("            unscaled_loss,\n            y_pred,\n            non_trainable_variables,\n            metrics_variables,\n        )\n\n    def _update",
                                                "            loss,\n            y_pred,\n            non_trainable_variables,\n            metrics_variables,\n        )\n\n    def _update"),
        "k2j losses of layers are counted once a batch size": (
            "            self._losses_override = losses\n", "            self._losses_override = losses[:1]\n"),
        "k2j states of predict are not put back": (
            "            return outputs, (state[0], non_trainable_variables)", "            return outputs, (state[0], state[1])"),
        "k2j many steps per execution give the first outputs alone": (
            "                            outputs.append(_outputs)\n", "                            outputs.insert(0, _outputs)\n"),
        "k2j what is trained on one batch is not put back": (
            "            \"optimizer_variables\": optimizer_variables,\n            \"metrics_variables\": metrics_variables,\n        }\n        self.jax_state_sync()\n",
            "            \"metrics_variables\": metrics_variables,\n        }\n        self.jax_state_sync()\n"),
        "k2j evaluate counts batches alike": (
            "                ).shape[0],\n", "                ).shape[-1],\n"),
    }),
    *faults("JAX at work", JAX + "optimizer", {
        "k2j accumulated gradients are a sum": ("                    (g + acc_g.value) / steps\n", "                    (g + acc_g.value)\n"),
        "k2j an average of weights is written a step late": (
            "                    self.iterations + 1\n                ) % self.ema", "                    self.iterations\n                ) % self.ema"),
        "k2j weights decay also between updates": (
            "                lambda: current_trainable_vars_value,\n", "                lambda: [v.value * 0.999 for v in trainable_variables],\n"),
    }),
    *faults("JAX at work", JAX + "export", {
        "k2j an export with two unknown axes makes them one": ("                    poly_shape.append(next(dim_names))", "                    poly_shape.append(\"batch\")"),
        "k2j exported states stay as they are": ("                    var.assign(tf.cast(new_value, var.dtype))", "                    pass"),
    }),
    *faults("JAX at work", JAX + "core", {
        "k2j a variable in half precision converts to its own type": ("            return x.value.astype(dtype)\n        return x.value", "            return x.value\n        return x.value"),
        "k2j an array of half precision is a float": ("        return np.array(x, dtype=ml_dtypes.bfloat16)\n", "        return np.array(x, dtype=\"float16\")\n"),
    }),
    *faults("JAX at work", JAX + "random", {
        "k2j a truncated normal is wider": ("lower=-2.0, upper=2.0", "lower=-3.0, upper=3.0"),
        "k2j dropout with a noise shape draws one for all": ("            concrete_inputs_shape[i] if value is None else value\n", "            1 if value is None else value\n"),
        "k2j many samples of a mean are shifted": ("    sample = jax.random.normal(seed, shape=shape, dtype=dtype)\n    return sample * stddev + mean", "    sample = jax.random.normal(seed, shape=shape, dtype=dtype)\n    return (sample + mean) * stddev"),
    }),
)
ALL = (*ON_TENSORFLOW, *ON_JAX, *IN_TENSORFLOW, *IN_JAX)
