"""Faults in Keras' TensorFlow and JAX engines, written down line by line before anyone looked at what is asked there: loops, trainers,
tensors and optimizers. Most show where two or three conditions meet: a mask that is not at the end beside one output, a model that was
not built before it predicts, several inputs at once, the second epoch, a wholly frozen model."""

from __future__ import annotations

from tests.faults.base import Fault, faults
from tests.faults.in_sparing_again import JAX, TENSORFLOW

ENGINE_OF_TENSORFLOW = (
    *faults("deep: TensorFlow's loop", TENSORFLOW + "rnn", {
        "d1t unrolled, all outputs: padding holds the first output": (
            "                    prev_output = successive_outputs[-1]\n", "                    prev_output = successive_outputs[0]\n"),
        "d1t one output: the loop runs as often as rows have steps that count": (
            "        if mask is not None:\n            if go_backwards:\n                mask = tf.reverse(mask, [0])\n",
            "        if mask is not None:\n            if not return_all_outputs:\n                while_loop_kwargs[\"maximum_iterations\"] = tf.reduce_max(\n"
            "                    tf.reduce_sum(tf.cast(mask, \"int32\"), axis=0)\n                )\n"
            "            if go_backwards:\n                mask = tf.reverse(mask, [0])\n"),
        "d1t states of one's own cells are not put into the structure they came in": (
            "                new_states = tree.pack_sequence_as(\n                    initial_states, flat_new_state\n                )\n                return (time + 1, output_ta_t)",
            "                return (time + 1, output_ta_t)"),
        "d1t unrolled: outputs that are held give no gradient": (
            "output = tf.where(tiled_mask_t, output, prev_output)", "output = tf.where(tiled_mask_t, output, tf.stop_gradient(prev_output))"),
        "d1t masked loop: outputs that are held give no gradient": (
            "                return tuple(\n                    tf.where(m, o, fm)\n                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n                )",
            "                return tuple(\n                    tf.where(m, o, tf.stop_gradient(fm) if time_steps is None else fm)\n                    for m, o, fm in zip(tiled_mask_t, flat_out, flat_mask)\n                )"),
        "d1t unrolled: a single step is not masked where zeros are due": (
            "            if zero_output_for_mask:\n                last_output = tf.where(", "            if zero_output_for_mask and time_steps > 1:\n                last_output = tf.where("),
        "d1t unrolled, zeroed: only the last output is": (
            "                outputs = tf.where(\n                    _expand_mask(mask, outputs, fixed_dim=2),\n                    outputs,\n                    tf.zeros_like(outputs),\n                )\n", ""),
        "d1t zeroed: states of stacks move on through padding": (
            "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )",
            "                flat_final_state = compute_masked_output(\n                    mask_t, flat_new_state, flat_state\n                )\n"
            "                if zero_output_for_mask and tree.is_nested(states[0]):\n                    flat_final_state = flat_new_state"),
        "d1t masks in whole numbers count where they are one alone": (
            "            mask = tf.cast(mask, tf.bool)\n", "            mask = tf.equal(mask, tf.cast(1, mask.dtype)) & (tf.shape(mask)[1] > 1)\n"),
        "d1t the kind of outputs is asked of the last step": (
            "            inputs, [inp[0] for inp in flattened_inputs]\n", "            inputs, [inp[-1] for inp in flattened_inputs]\n"),
    }, {"d1t the kind of outputs is asked of the last step": "the value of the first step is thrown away",
        "d1t unrolled: a single step is not masked where zeros are due": "what stands before the first step is zero, and is held",
        "d1t states of one's own cells are not put into the structure they came in":
            "loops of TensorFlow take a tuple for a list"}),
    *faults("deep: TensorFlow's trainer", TENSORFLOW + "trainer", {
        "d1t a wholly frozen model cannot be fitted": ("        if self.trainable_weights:\n", "        if True:\n"),
        "d1t unrolled executions take the last batch again": (
            "                next_optional_outputs = tf.cond(\n                    tf.logical_and(\n                        tf.less(execution_step, self.steps_per_execution),\n                        next_optional_inputs.has_value(),\n                    ),",
            "                next_optional_outputs = tf.cond(\n                    next_optional_inputs.has_value(),"),
        "d1t predict_on_batch of several inputs takes the first": (
            "        batch_outputs = self.predict_function([(x,)])", "        batch_outputs = self.predict_function([x])"),
        "d1t test_on_batch forgets the weights of samples": (
            "        self._assert_compile_called(\"test_on_batch\")\n\n        def data():\n            yield (x, y, sample_weight)",
            "        self._assert_compile_called(\"test_on_batch\")\n\n        def data():\n            yield (x, y)"),
        "d1t predictions of scalars a batch are one": (
            "        if _is_scalar(tensors[0]):\n            return tf.stack(tensors, axis=0)\n        else:\n            return tf.concat(tensors, axis=0)\n\n    # First",
            "        return tf.concat(tensors, axis=0)\n\n    # First"),
        "d1t the loss of a batch is of the last input's rows": (
            "            self._loss_tracker.update_state(\n                loss_module.unscale_loss_for_distribution(loss),\n                sample_weight=tf.shape(\n                    next(i for i in tree.flatten(x) if i is not None)\n                )[0],\n            )\n            if",
            "            self._loss_tracker.update_state(\n                loss_module.unscale_loss_for_distribution(loss),\n                sample_weight=tf.shape(\n                    [i for i in tree.flatten(x) if i is not None][-1]\n                )[-1],\n            )\n            if"),
        "d1t weighted metrics get no weights in evaluate": (
            "                next(i for i in tree.flatten(x) if i is not None)\n            )[0],\n        )\n        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)",
            "                next(i for i in tree.flatten(x) if i is not None)\n            )[0],\n        )\n        return self.compute_metrics(x, y, y_pred)"),
        "d1t a stop in the first batch of predict gives nothing": (
            "                outputs = append_to_outputs(batch_outputs, outputs)\n                callbacks.on_predict_batch_end(\n                    end_step, {\"outputs\": batch_outputs}\n                )\n                if self.stop_predicting:\n                    break\n",
            "                callbacks.on_predict_batch_end(\n                    end_step, {\"outputs\": batch_outputs}\n                )\n                if self.stop_predicting:\n                    break\n                outputs = append_to_outputs(batch_outputs, outputs)\n"),
        "d1t evaluate is never stopped by a callback": (
            "                if self.stop_evaluating:\n                    break\n", ""),
    }),
    *faults("deep: TensorFlow's optimizer", TENSORFLOW + "optimizer", {
        "d1t what an optimizer keeps begins at zero": (
            "                reference_variable, name=name, initializer=initializer\n", "                reference_variable, name=name\n"),
        "d1t weights decay by the rate that was first": (
            "                    wd = tf.cast(self.weight_decay, variable.dtype)\n                    variable.assign_sub(variable * wd * lr)",
            "                    wd = tf.cast(self.weight_decay, variable.dtype)\n                    variable.assign_sub(variable * wd * tf.sqrt(lr))"),
    }),
    *faults("deep: TensorFlow's tensors", TENSORFLOW + "core", {
        "d1t what is told of whole numbers has a fraction": (
            "                        x.shape, x.dtype, sparse=isinstance(x, tf.SparseTensor)\n",
            "                        x.shape, x.dtype if x.dtype.is_floating else \"float32\", sparse=isinstance(x, tf.SparseTensor)\n"),
        "d1t a map of several tensors gives the kind of the first": (
            "        fn_output_signature = get_fn_output_signature(input)\n        return tf.map_fn(f, xs, fn_output_signature=fn_output_signature)\n    else:",
            "        fn_output_signature = get_fn_output_signature(input)\n        return tf.map_fn(f, xs, dtype=tree.map_structure(lambda s: input[0].dtype, fn_output_signature))\n    else:"),
        "d1t numbers are not made truth values": (
            "        if dtype == \"bool\" or is_int_dtype(dtype):", "        if is_int_dtype(dtype):"),
    }),
    *faults("deep: TensorFlow's tensors", TENSORFLOW + "nn", {
        "d1t classes of one step in a column stay a column in a trace": (
            "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:\n        target = tf.squeeze(target, axis=-1)\n",
            "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:\n        target = tf.squeeze(target)\n"),
        "d1t means of half precision are not kept in range": (
            "        mean = tf.clip_by_value(mean, tf.float16.min, tf.float16.max)\n", "        mean = tf.clip_by_value(mean, -1.0, 1.0)\n"),
        "d1t softmax remembers itself": ("    output._keras_logits = logits\n    return output\n\n\ndef log_softmax", "    output._keras_logits = output\n    return output\n\n\ndef log_softmax"),
    }, {"d1t softmax remembers itself": "activations.softmax, which layers use, writes down itself what it was made of"}),
    *faults("deep: TensorFlow's tensors", TENSORFLOW + "numpy", {
        "d1t the mean of half precision runs over": (
            "    compute_dtype = dtypes.result_type(x.dtype, \"float32\")\n    # `tf.reduce_mean` does not handle low precision (e.g., float16) overflow\n    # correctly, so we compute with float32 and cast back to the original type.\n    if \"int\" in ori_dtype",
            "    compute_dtype = ori_dtype if ori_dtype == \"float16\" else dtypes.result_type(x.dtype, \"float32\")\n    if \"int\" in ori_dtype"),
        "d1t biases of channels first go to the last axis": (
            "        if x1.shape[-1] == x2_squeeze_shape[0]:\n            data_format = \"NHWC\"", "        if x1.shape[-1] == x2_squeeze_shape[0] or len(x2.shape) == 3:\n            data_format = \"NHWC\""),
    }),
)
ENGINE_OF_JAX = (
    *faults("deep: JAX's loop", JAX + "rnn", {
        "d1j masked: variables in a scope of its own": (
            "        if stateless_scope.in_stateless_scope():\n            # Reuse", "        if stateless_scope.in_stateless_scope() and (mask is None or not go_backwards):\n            # Reuse"),
        "d1j unrolled, all outputs: padding holds the first output": (
            "                    prev_output = successive_outputs[-1]\n", "                    prev_output = successive_outputs[0]\n"),
        "d1j unrolled: states that are held give no gradient": (
            "                    jnp.where(m, s, ps)\n", "                    jnp.where(m, s, lax.stop_gradient(ps))\n"),
        "d1j unrolled: outputs that are held give no gradient": (
            "output = jnp.where(tiled_mask_t, output, prev_output)", "output = jnp.where(tiled_mask_t, output, lax.stop_gradient(prev_output))"),
        "d1j GRU: units as many as features swap the products": (
            "    x_all = jnp.matmul(inputs, kernel) + input_bias\n",
            "    x_all = jnp.matmul(inputs, recurrent_kernel if kernel.shape == recurrent_kernel.shape and bias is None else kernel) + input_bias\n"),
        "d1j GRU: in half precision the state is kept in full": (
            "        h_new = z * h + (1 - z) * hh\n        return h_new, h_new", "        h_new = h + (1 - z) * (hh - h)\n        h_new = h_new if h_new.dtype != jnp.float16 else z * h + (z * 0 + 1 - z) * (hh * 0 + h)\n        return h_new, h_new"),
        "d1j GRU, one output of one step, backwards: the inputs are not turned": (
            "    if go_backwards:\n        inputs = jnp.flip(inputs, axis=1)\n\n    # Precompute",
            "    if go_backwards and (return_sequences or inputs.shape[0] > 1):\n        inputs = jnp.flip(inputs, axis=1)\n\n    # Precompute"),
        "d1j masks in whole numbers stay numbers": (
            "        if mask.dtype != \"bool\":\n            mask = mask.astype(\"bool\")\n", ""),
        "d1j unmasked loop backwards over two steps goes forwards": (
            "                reverse=go_backwards,\n", "                reverse=go_backwards and (mask is not None or time_steps > 2),\n"),
        "d1j zeroed: states of stacks move on through padding": (
            "                    lambda s, ns: jnp.where(is_masked, s, ns),\n                    states,\n                    new_states,\n                )",
            "                    lambda s, ns: jnp.where(is_masked & ~jnp.array(zero_output_for_mask and tree.is_nested(states[0])), s, ns),\n                    states,\n                    new_states,\n                )"),
    }, {"d1j masks in whole numbers stay numbers": "jnp.logical_not takes whole numbers for truth values"}),
    *faults("deep: JAX's trainer", JAX + "trainer", {
        "d1j losses of layers stay behind after training": (
            "        if losses:\n            self._losses_override.clear()\n        (trainable_variables", "        if losses and not training:\n            self._losses_override.clear()\n        (trainable_variables"),
        "d1j predict of an unbuilt model in some steps leaves the first batch out": (
            "                        self(x)\n                break\n            epoch_iterator.reset()\n", "                        self(x)\n                break\n"),
        "d1j predict of an unbuilt model takes a step with what it keeps": (
            "                if is_nnx_enabled():\n                    self(x)\n                else:\n                    with backend.StatelessScope():\n                        self(x)\n",
            "                self(x)\n"),
        "d1j predict_on_batch of an unbuilt model takes a step with what it keeps": (
            "            # Build model\n            with backend.StatelessScope():\n                self(x)\n", "            self(x)\n"),
        "d1j predict_on_batch of several inputs takes the first": (
            "        def data():\n            yield (x,)\n", "        def data():\n            yield x\n"),
        "d1j test_on_batch forgets the weights of samples": (
            "        self._assert_compile_called(\"test_on_batch\")\n\n        def data():\n            yield _distribute_data((x, y, sample_weight))",
            "        self._assert_compile_called(\"test_on_batch\")\n\n        def data():\n            yield _distribute_data((x, y))"),
        "d1j what layers add to the loss is left out of evaluate": (
            "        if losses:\n            # Make", "        if losses and training:\n            # Make"),
        "d1j batches of predict in one execution: a shorter last one is left out": (
            "                            _outputs, state = step_function(state, data)\n                            outputs.append(_outputs)\n",
            "                            _outputs, state = step_function(state, data)\n                            if tree.flatten(_outputs)[0].shape == tree.flatten(outputs)[0].shape:\n                                outputs.append(_outputs)\n"),
        "d1j evaluate is never stopped by a callback": (
            "                if self.stop_evaluating:\n                    break\n", ""),
        "d1j a stop in the first batch of predict gives nothing": (
            "                outputs = append_to_outputs(batch_outputs, outputs)\n\n                # Dispatch callbacks. This takes care of async dispatch.\n                callbacks.on_predict_batch_end(\n                    end_step, {\"outputs\": batch_outputs}\n                )\n\n                if self.stop_predicting:\n                    break\n",
            "                callbacks.on_predict_batch_end(\n                    end_step, {\"outputs\": batch_outputs}\n                )\n\n                if self.stop_predicting:\n                    break\n                outputs = append_to_outputs(batch_outputs, outputs)\n"),
        "d1j averages are put into the weights before those are put back": (
            "        finally:\n            self.jax_state_sync()\n            if (\n                isinstance(self.optimizer, optimizers_module.Optimizer)\n                and epochs > 0\n            ):",
            "        finally:\n            self.jax_state_sync()\n            if (\n                isinstance(self.optimizer, optimizers_module.Optimizer)\n                and epochs > 1\n            ):"),
        "d1j metrics of one's own, not compiled, are not kept": (
            "            new_v = scope.get_current_value(ref_v)\n            if new_v is None:\n                new_v = ref_v.value\n            new_metrics_variables.append(new_v)",
            "            new_v = scope.get_current_value(ref_v)\n            if new_v is None or len(ref_v.shape) > 0:\n                new_v = ref_v.value\n            new_metrics_variables.append(new_v)"),
    }),
    *faults("deep: JAX's optimizer", JAX + "optimizer", {
        "d1j what was accumulated is put back to what it was": (
            "            for value, v in zip(new_opt_vars, self.variables):\n                v.assign(value)\n\n            for n_g_acc, g_acc in zip(new_g_accs, acc_grads):\n                g_acc.assign(n_g_acc)\n",
            "            for n_g_acc, g_acc in zip(new_g_accs, acc_grads):\n                g_acc.assign(n_g_acc)\n\n            for value, v in zip(new_opt_vars, self.variables):\n                v.assign(value)\n"),
        "d1j averages that overwrite do so from the second step on": (
            "                        average_var * should_overwrite_model_vars_int\n                        + var.value * should_not_overwrite_model_vars_int\n",
            "                        average_var * should_overwrite_model_vars_int\n                        + (var.value if len(var.shape) > 1 else average_var) * should_not_overwrite_model_vars_int\n"),
    }),
    *faults("deep: JAX's tensors", JAX + "core", {
        "d1j what is told of half precision is of full": (
            "                return KerasTensor(shape, x.dtype)\n            elif", "                return KerasTensor(shape, \"float32\" if x.dtype in (\"float16\", \"bfloat16\") else x.dtype)\n            elif"),
        "d1j loops with one variable give a list": (
            "    is_tuple = isinstance(loop_vars, (tuple, list))\n    loop_vars = tuple(loop_vars) if is_tuple else (loop_vars,)\n    if maximum",
            "    is_tuple = isinstance(loop_vars, (tuple, list)) or maximum_iterations is not None\n    loop_vars = tuple(loop_vars) if isinstance(loop_vars, (tuple, list)) else (loop_vars,)\n    if maximum"),
    }),
    *faults("deep: JAX's tensors", JAX + "nn", {
        "d1j sparse classes in a column of one step": (
            "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:\n        target = jnp.squeeze(target, axis=-1)\n",
            "    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:\n        target = jnp.squeeze(target)\n"),
        "d1j means of half precision are not kept in range": (
            "            mean, jnp.finfo(jnp.float16).min, jnp.finfo(jnp.float16).max\n", "            mean, -1.0, 1.0\n"),
        "d1j averages of padded windows count their padding": (
            "    if padding == \"valid\":\n        # Avoid the extra reduce_window.\n        return pooled / math.prod(pool_size)\n", "    if True:\n        return pooled / math.prod(pool_size)\n"),
    }),
    *faults("deep: JAX's tensors", JAX + "random", {
        "d1j draws over several classes are over the second axis' size": ("    output_shape[1] = num_samples\n", "    output_shape[-1] = output_shape[1] * 0 + num_samples\n    output_shape[0] = 1 if num_samples == 1 else output_shape[0]\n"),
    }),
)
ALL: tuple[Fault, ...] = (*ENGINE_OF_TENSORFLOW, *ENGINE_OF_JAX)
