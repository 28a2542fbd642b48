"""Faults asked of Keras on TensorFlow and on JAX, whose plan at default depth is a sparing one, for the fourth time: two features
that meet, in the engines' loops, trainers and cores, and in Keras' common code on either of the two."""

from __future__ import annotations

from tests.faults.base import faults
from tests.faults.in_sparing_again import JAX, TENSORFLOW, common

ENGINE_OF_JAX = (
    *faults("JAX's loop, two features that meet", JAX + "rnn", {
        "h3d unrolled inputs go backwards only where all outputs are returned": (
            "            if go_backwards:\n                input_t.reverse()", "            if go_backwards and return_all_outputs:\n                input_t.reverse()"),
        "h3d masked steps of stacked cells give the first cell's state": (
            "                        output_tm1 = states[-1][0]", "                        output_tm1 = states[0][0]"),
        "h3d the last output of a loop backwards is that of its first step": (
            "        last_output = outputs[-1]\n\n    if not time_major", "        last_output = outputs[0 if go_backwards and mask is not None else -1]\n\n    if not time_major"),
        "h3d unrolled masked states after the first are not held": (
            "                        tiled_mask_t, flat_new_states, flat_states\n                    )\n                )",
            "                        tiled_mask_t, flat_new_states, flat_states\n                    )\n                )[:1] + tuple(flat_new_states[1:])"),
        "h3d unrolled loops with constants keep states of the first step": (
            "                output, states = step_function(\n                    inp, tuple(states) + tuple(constants)\n                )\n",
            "                output, new = step_function(\n                    inp, tuple(states) + tuple(constants)\n                )\n                states = states if i == 1 else new\n"),
        "h3d a mask of zero outputs is read where one row alone is there": (
            "                if zero_output_for_mask:", "                if zero_output_for_mask and current_mask.shape[0] > 1:"),
    }),
    *faults("JAX's trainer, two features that meet", JAX + "trainer", {
        "h3d validation in fit takes batches of training": (
            "                            batch_size=validation_batch_size or batch_size,\n                            steps_per_execution",
            "                            batch_size=batch_size,\n                            steps_per_execution"),
        "h3d three steps in one execution predict the last two": (
            "                    for next_output in outputs[1:]:", "                    for next_output in outputs[-1:]:"),
        "h3d losses in a batch are weighed by steps": (
            "                    i for i in tree.flatten(x) if i is not None\n                ).shape[0],",
            "                    i for i in tree.flatten(x) if i is not None\n                ).shape[-2],"),
        "h3d predictions on a batch leave the states of before": (
            "            \"trainable_variables\": trainable_variables,\n            \"non_trainable_variables\": non_trainable_variables,\n        }\n        self.jax_state_sync()\n        batch_outputs",
            "            \"trainable_variables\": trainable_variables,\n        }\n        self.jax_state_sync()\n        batch_outputs"),
        "h3d metrics of an epoch stopped early are lost": (
            "                self.jax_state_sync()\n\n                # Override with model metrics", "                if not self.stop_training:\n                    self.jax_state_sync()\n\n                # Override with model metrics"),
    }, explained={
        "h3d metrics of an epoch stopped early are lost":
            "what stops training within an epoch is a callback, and whoever reads Callback.model has it written back before",
    }),
    *faults("JAX's core, two features that meet", JAX + "core", {
        "h3d variables keep their dtype where another is asked": (
            "        if dtype is not None and x.dtype != dtype:\n            return x.value.astype(dtype)\n", ""),
    }),
    *faults("JAX's functions, two features that meet", JAX + "random", {
        "h3d dropout in half precision is not scaled": (
            "        mask, inputs / keep_prob,", "        mask, inputs / (keep_prob if inputs.dtype.itemsize > 2 else 1.0),"),
    }),
)
ENGINE_OF_TENSORFLOW = (
    *faults("TensorFlow's loop, two features that meet", TENSORFLOW + "rnn", {
        "h3d a loop over an open time axis holds its first state alone": (
            "                    mask_t, flat_new_state, flat_state\n                )\n                new_states",
            "                    mask_t, flat_new_state, flat_state\n                )\n                if time_steps is None:\n                    flat_final_state = flat_final_state[:1] + tuple(flat_new_state[1:])\n                new_states"),
        "h3d an open time axis backwards reads its inputs forwards where masked": (
            "                if not go_backwards\n", "                if not go_backwards or (time_steps is None and mask is not None)\n"),
        "h3d unrolled masks go forwards where the last output is returned": (
            "            if go_backwards:\n                mask_list.reverse()", "            if go_backwards and return_all_outputs:\n                mask_list.reverse()"),
        "h3d unrolled outputs are zero where the step before was masked": (
            "                    _expand_mask(mask, outputs, fixed_dim=2),", "                    _expand_mask(tf.concat([mask[:1], mask[:-1]], 0), outputs, fixed_dim=2),"),
        "h3d zero outputs are held where the last output alone is returned": (
            "                    flat_zero_output\n                    if zero_output_for_mask\n", "                    flat_zero_output\n                    if zero_output_for_mask and len(states) == 1\n"),
        "h3d a mask of numbers is inverted": (
            "            mask = tf.cast(mask, tf.bool)", "            mask = tf.cast(1 - mask, tf.bool)"),
    }),
    *faults("TensorFlow's trainer, two features that meet", TENSORFLOW + "trainer", {
        "h3d losses in training are weighed by steps": (
            "                    next(i for i in tree.flatten(x) if i is not None)\n                )[0],", "                    next(i for i in tree.flatten(x) if i is not None)\n                )[-2],"),
        "h3d three steps in one execution predict the first and last": (
            "            for single_step_data in data[1:]:", "            for single_step_data in data[-1:]:"),
        "h3d the loss of a model without training argument is told it trains": (
            "            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False\n", "            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True\n"),
    }),
)
COMMON = (
    *common("keras-tensorflow", "layers.rnn.rnn", {
        "h3d states after the first are not reset": ("            for v in self.states:\n", "            for v in self.states[:1]:\n"),
        "h3d layers that give their states pass their mask on for the first state": (
            "            state_mask = [None for _ in self.state_size]", "            state_mask = [output_mask] + [None for _ in self.state_size][1:]"),
        "h3d layers with several states in mixed precision keep the cell's": (
            "        states = tree.map_structure(\n            lambda x: ops.cast(x, dtype=self.compute_dtype), states\n        )",
            "        states = [ops.cast(states[0], dtype=self.compute_dtype)] + [ops.cast(x, self.variable_dtype) for x in states[1:]] if not tree.is_nested(states[0]) else states"),
    }),
    *common("keras-tensorflow", "layers.rnn.time_distributed", {
        "h3d an open time axis has the mask of its first step": (
            "                kwargs[\"mask\"] = mask[i]", "                kwargs[\"mask\"] = mask[i if isinstance(i, int) else 0]"),
    }),
    *common("keras-tensorflow", "layers.rnn.lstm", {
        "h3d recurrent dropout alone leaves the fused product": (
            "        if self.recurrent_dropout != 0.0:", "        if self.recurrent_dropout != 0.0 and self.dropout != 0.0:"),
    }),
    *common("keras-tensorflow", "layers.rnn.dropout_rnn_cell", {
        "h3d the state is dropped at the rate of the inputs where both are": (
            "            self._recurrent_dropout_mask = self._create_dropout_mask(\n                step_input, self.recurrent_dropout\n",
            "            self._recurrent_dropout_mask = self._create_dropout_mask(\n                step_input, self.dropout or self.recurrent_dropout\n"),
    }),
    *common("keras-tensorflow", "layers.core.masking", {
        "h3d a step is masked where one feature is the mask's value": (
            "        boolean_mask = ops.any(", "        boolean_mask = ops.all("),
    }),
    *common("keras-jax", "layers.rnn.gru", {
        "h3d a state that is reset before the product is not dropped": (
            "                    r * h_tm1_h, self.recurrent_kernel[:, self.units * 2 :]", "                    r * h_tm1, self.recurrent_kernel[:, self.units * 2 :]"),
        "h3d gate by gate without biases the reset gate takes the update's": (
            "                h_tm1_r, self.recurrent_kernel[:, self.units : self.units * 2]\n            )",
            "                h_tm1_r, self.recurrent_kernel[:, self.units : self.units * 2] if self.use_bias else self.recurrent_kernel[:, : self.units]\n            )"),
    }),
    *common("keras-jax", "layers.rnn.bidirectional", {
        "h3d outputs apart are not turned": (
            "        if self.return_sequences:\n            y_rev = ops.flip(y_rev, axis=1)", "        if self.return_sequences and self.merge_mode is not None:\n            y_rev = ops.flip(y_rev, axis=1)"),
        "h3d states of directions apart come the other way round": (
            "            if self.merge_mode is None:\n                return output + states\n            return (output,) + states\n        return output\n\n    def _can_attempt_fused_lstm",
            "            if self.merge_mode is None:\n                return output + tuple(y_states[::-1])\n            return (output,) + states\n        return output\n\n    def _can_attempt_fused_lstm".replace("y_states[::-1]", "states[len(states) // 2:] + states[: len(states) // 2]")),
    }),
    *common("keras-jax", "layers.rnn.rnn", {
        "h3d a given state is not cast where the layer is stateful": (
            "        if not tree.is_nested(initial_state):\n            initial_state = [initial_state]\n        initial_state = list(initial_state)\n",
            "        if not tree.is_nested(initial_state):\n            initial_state = [initial_state]\n        initial_state = list(initial_state)[::-1 if self.stateful and not self.return_sequences else 1]\n"),
        "h3d a stateful layer with a mask keeps its last state of the call before": (
            "        if self.stateful:\n            for self_state", "        if self.stateful and (mask is None or not self.unroll):\n            for self_state"),
    }),
    *common("keras-jax", "layers.rnn.conv_lstm", {
        "h3d inputs are not dilated": (
            "            dilation_rate=self.dilation_rate,\n        )\n        if b is not None", "            dilation_rate=1,\n        )\n        if b is not None"),
        "h3d recurrent convolutions are padded as inputs are": (
            "            x, w, strides=strides, padding=\"same\", data_format", "            x, w, strides=strides, padding=\"same\" if max(self.strides) == 1 else self.padding, data_format"),
    }),
    *common("keras-jax", "layers.rnn.stacked_rnn_cells", {
        "h3d the first cell alone is told that it trains": (
            "                kwargs[\"training\"] = training\n", "                kwargs[\"training\"] = training and not new_states\n"),
    }),
)
ALL = (*ENGINE_OF_JAX, *ENGINE_OF_TENSORFLOW, *COMMON)
AGAIN = (
    *faults("JAX's loop, two features that meet", JAX + "rnn", {
        "h3e a loop backwards over one step is not masked": (
            "                is_masked = jnp.all(\n                    jnp.logical_not(current_mask), axis=-1, keepdims=True\n                )",
            "                is_masked = jnp.all(\n                    jnp.logical_not(current_mask), axis=-1, keepdims=True\n                ) & (time_steps > 1)"),
        "h3e unrolled loops that give one output hold the output of the step before last": (
            "                if not successive_outputs:\n                    prev_output = jnp.zeros_like(output)\n",
            "                if not successive_outputs or not return_all_outputs:\n                    prev_output = jnp.zeros_like(output)\n"),
        "h3e states of a masked loop backwards are those of the first step": (
            "                    lambda s, ns: jnp.where(is_masked, s, ns),", "                    lambda s, ns: jnp.where(is_masked & (not go_backwards or s is states[0]), s, ns),"),
        "h3e outputs backwards are not turned where nothing is masked": (
            "            outputs = jnp.flip(outputs, axis=0)\n        last_output", "            outputs = jnp.flip(outputs, axis=0) if mask is not None or outputs.shape[1] > 1 else outputs\n        last_output"),
    }),
    *faults("TensorFlow's loop, two features that meet", TENSORFLOW + "rnn", {
        "h3e unrolled loops that give one output hold zeros": (
            "                if not successive_outputs:\n                    prev_output = tf.zeros_like(output)\n",
            "                if not successive_outputs or not return_all_outputs:\n                    prev_output = tf.zeros_like(output)\n"),
        "h3e one output of a masked loop is written at its step": (
            "                ta_index_to_write = time if return_all_outputs else 0\n                output_ta_t = tuple(\n                    ta.write(ta_index_to_write, out)\n                    for ta, out in zip(output_ta_t, flat_new_output)",
            "                ta_index_to_write = time if return_all_outputs else 0\n                output_ta_t = tuple(\n                    ta.write(ta_index_to_write, out)\n                    for ta, out in zip(output_ta_t, flat_output if go_backwards and not return_all_outputs else flat_new_output)"),
        "h3e states of unrolled masked loops are of the mask of the first step": (
            "                tiled_mask_t = tuple(\n                    _expand_mask(mask_t, s) for s in flat_states\n                )",
            "                tiled_mask_t = tuple(\n                    _expand_mask(mask_t if s is flat_states[0] else mask_list[0], s) for s in flat_states\n                )"),
    }),
    *common("keras-jax", "layers.rnn.lstm", {
        "h3e the cell's kernel of one gate is squeezed where its biases are none": (
            "            if self.use_bias:\n                b_i, b_f, b_c, b_o = ops.split(self.bias, 4, axis=0)\n                x_i += b_i\n",
            "            if self.use_bias:\n                b_i, b_f, b_c, b_o = ops.split(self.bias, 4, axis=0)\n                x_i += b_f\n"),
        "h3e gate by gate the output is of the cell before its activation": (
            "            c, o = self._compute_carry_and_output(x, h_tm1, c_tm1)\n", "            c, o = self._compute_carry_and_output(x, h_tm1, c_tm1)\n            o = o + 0.01 * c_tm1\n"),
    }),
    *common("keras-tensorflow", "layers.rnn.gru", {
        "h3e before the product the reset acts on what is dropped alone": (
            "                    r * h_tm1, self.recurrent_kernel[:, 2 * self.units :]", "                    r * r * h_tm1, self.recurrent_kernel[:, 2 * self.units :]"),
    }),
    *common("keras-jax", "layers.rnn.bidirectional", {
        "h3e a mean of directions is their sum where the last outputs are": (
            "        elif self.merge_mode == \"ave\":\n            output = (y + y_rev) / 2\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n",
            "        elif self.merge_mode == \"ave\":\n            output = (y + y_rev) / (1 + self.return_sequences)\n        elif self.merge_mode == \"mul\":\n            output = y * y_rev\n        elif self.merge_mode is None:\n            output = (y, y_rev)\n        else:\n            raise ValueError(\n                \"Unrecognized value for `merge_mode`. \"\n                f\"Received: {self.merge_mode}\"\n"),
        "h3e a layer made again merges by joining": (
            "        config = {\"merge_mode\": self.merge_mode}\n", "        config = {\"merge_mode\": self.merge_mode or \"concat\"}\n"),
    }),
    *common("keras-tensorflow", "layers.rnn.conv_lstm", {
        "h3e the recurrent convolution takes the channels last": (
            "            x, w, strides=strides, padding=\"same\", data_format=self.data_format\n", "            x, w, strides=strides, padding=\"same\", data_format=self.data_format if len(self.kernel_size) > 1 else None\n"),
        "h3e biases of channels first are of the last axis": (
            "                bias_shape = (1, self.filters) + (1,) * self.rank\n", "                bias_shape = (1, self.filters) + (1,) * self.rank if self.strides[0] == 1 else (1,) * (self.rank + 1) + (self.filters,)\n"),
    }),
    *common("keras-jax", "activations.activations", {
        "h3e a rectifier of a slope forgets its threshold": (
            "    return ReLU.static_call(\n        x,\n        negative_slope=negative_slope,\n        max_value=max_value,\n        threshold=threshold,\n    )",
            "    return ReLU.static_call(\n        x,\n        negative_slope=negative_slope,\n        max_value=max_value,\n        threshold=threshold if not negative_slope else 0.0,\n    )"),
    }),
    *faults("JAX's functions, two features that meet", JAX + "nn", {
        "h3e a softened rectifier is of twice its offset": ("def squareplus(x, b=4):\n    x = convert_to_tensor(x)\n", "def squareplus(x, b=4):\n    x = convert_to_tensor(x) + 0 * b\n    b = max(b, 4)\n"),
        "h3e a gate of halves takes the last axis": ("    return jnn.glu(x, axis=axis)", "    return jnn.glu(x, axis=-1)"),
    }),
)
ALL = (*ALL, *AGAIN)
