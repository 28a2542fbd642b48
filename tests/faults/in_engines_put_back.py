"""Faults that Keras once had on TensorFlow and JAX, put back where its releases mended them: training, variables, optimizers,
numbers and saving of these engines.

Each is named after the release that mended it.
"""

from tests.faults.base import Fault, faults

TF, JX = "keras.src.backend.tensorflow.", "keras.src.backend.jax."
TOLD = "        logs = pythonify_logs(self._get_metrics_result_or_logs(logs))\n        callbacks.on_test_end(logs)"
FIRST = "next(i for i in tree.flatten(x) if i is not None)"
OPEN_SCAN = "            lambda: _scan_dynamic(_max_num_levels, elems),"

TENSORFLOW = faults("put back: TensorFlow's trainer", TF + "trainer", {
    "3.14: evaluate tells tensors": (TOLD, TOLD.replace("pythonify_logs(self._get_metrics_result_or_logs(logs))", "self._get_metrics_result_or_logs(logs)")),
    "3.14: train_on_batch and test_on_batch tell arrays": (
        "        logs = pythonify_logs(logs)\n", "        logs = tree.map_structure(lambda x: x.numpy(), logs)\n", 2),
    "3.15: train_on_batch goes on with metrics": (
        "        self.make_train_function()\n        self.reset_metrics()\n", "        self.make_train_function()\n"),
    "3.15: test_on_batch on TensorFlow goes on with metrics": (
        "        self.make_test_function()\n        self.reset_metrics()\n", "        self.make_test_function()\n"),
    "3.12: the first of several inputs may not be left out": ("                    " + FIRST, "                    tree.flatten(x)[0]"),
    "3.12: in evaluate the first of several inputs may not be left out": (
        "                " + FIRST + "\n            )[0],\n        )\n        return self.compute_metrics", "                tree.flatten(x)[0]\n            )[0],\n        )\n        return self.compute_metrics"),
    "3.12: inputs that are left out come as optionals": (
        "        one_step_on_data = self._autoconvert_optionals(one_step_on_data)\n", "", 2),
    "3.7: several steps at once take one batch more": (
        "                        lambda: next_optional_inputs,\n", "                        lambda: iterator.get_next_as_optional(),\n"),
    "3.7: generators are begun twice": ("        epoch_iterator.reset()\n", "", 2),
    "3.7: a last execution of fewer steps is not run": (
        "                opt_outputs = multi_step_on_iterator(iterator)\n                if not opt_outputs.has_value():\n                    raise StopIteration\n",
        "                opt_outputs = multi_step_on_iterator(iterator)\n                if not opt_outputs.has_value() or (self.steps_per_execution > 1 and not iterator.get_next_as_optional().has_value()):\n                    raise StopIteration\n"),
    "3.6: outputs of predict cannot be sparse": ("    elif isinstance(x, tf.SparseTensor):\n        return x\n", ""),
    "3.8: penalties are not added to the loss": (
        "        loss = super()._aggregate_additional_loss(loss)\n        return loss_module.scale_loss_for_distribution(loss)", "        super()._aggregate_additional_loss(loss)\n        return loss_module.scale_loss_for_distribution(loss.dtype.as_numpy_dtype(0))"),
}, {"3.6: outputs of predict cannot be sparse": "no layer of sequences gives sparse outputs"}) + faults("put back: TensorFlow's tensors", TF + "core", {
    "3.14: an associative scan of open length never ends": (OPEN_SCAN, "            lambda: _scan(reduced_elems),"),
    "3.14: an associative scan of open length drops an end": (
        "        elif stop < 0:\n            stop = stop + axis_len\n        return tf.gather(x, tf.range(start, stop, delta=step), axis=axis)",
        "        elif stop < 0:\n            stop = axis_len\n        return tf.gather(x, tf.range(start, stop, delta=step), axis=axis)"),
    "3.7: numbers with a fraction do not become whole ones": ('if dtype == "bool" or is_int_dtype(dtype):', 'if dtype == "bool":'),
    "3.6: both branches of a condition run": (
        "    return tf.__internal__.smart_cond.smart_cond(\n        pred, true_fn=true_fn, false_fn=false_fn\n    )", "    return tf.cond(tf.convert_to_tensor(pred), true_fn=true_fn, false_fn=false_fn)"),
}) + faults("put back: TensorFlow's tensors", TF + "layer", {
    "3.5: saved by TensorFlow, ids are numbers with a fraction": (
        "lambda x: tf.TensorSpec(x.shape, x.dtype), inputs", "lambda x: tf.TensorSpec(x.shape, self.compute_dtype), inputs"),
    "3.5: saved by TensorFlow, a model of one's own has one shape of all": (
        "                for value in self._build_shapes_dict.values()\n", "                for value in [self._build_shapes_dict]\n"),
    "3.14: saved by TensorFlow, ordered dictionaries of layers are lost": (
        "            elif isinstance(tracked_item, tracking.TrackedOrderedDict):\n                children[tracked_attr] = collections.OrderedDict(tracked_item)\n", ""),
    "3.13: saved by TensorFlow, lists of layers break the file": (
        "            self._convert_tracked_collections(children)\n", "            pass\n"),
    "3.13: models tell no signature": (
        "        inputs = getattr(self, \"inputs\", None)\n        if inputs is None:\n            return None\n", "        return None\n"),
}) + faults("put back: TensorFlow's tensors", TF + "random", {
    "3.14: on TensorFlow a dropout of everything is refused": (
        "    if rate == 1.0:\n        return tf.zeros_like(inputs)\n", ""),
}) + faults("put back: TensorFlow's tensors", TF + "nn", {
    "3.15: depthwise convolutions with strides and dilation are refused": (
        "    return any(s > 1 for s in strides) and any(d > 1 for d in dilation_rate)", "    return False"),
    "3.15: depthwise convolutions of channels first are refused": (
        '        need_transpose = data_format == "channels_first" and _cpu_only()\n        if need_transpose:\n            inputs = _transpose_spatial_inputs(inputs)\n        if need_transpose or data_format == "channels_last":\n            strides = (1,) + strides * 2 + (1,)\n            spatial_start_dim = 1\n        else:\n            strides = (1, 1) + strides * 2\n            spatial_start_dim = 2\n        inputs = tf.expand_dims(inputs, spatial_start_dim)\n        kernel = tf.expand_dims(kernel, axis=0)',
        '        need_transpose = False\n        if need_transpose:\n            inputs = _transpose_spatial_inputs(inputs)\n        if need_transpose or data_format == "channels_last":\n            strides = (1,) + strides * 2 + (1,)\n            spatial_start_dim = 1\n        else:\n            strides = (1, 1) + strides * 2\n            spatial_start_dim = 2\n        inputs = tf.expand_dims(inputs, spatial_start_dim)\n        kernel = tf.expand_dims(kernel, axis=0)'),
    "3.15: padding of strided and dilated convolutions lies before": (
        "        pad_before = total_pad // 2\n", "        pad_before = total_pad - total_pad // 2\n"),
    "3.5: one-hot of truth values is refused": ('(True, False) if dtype == "bool" else (None, None)', "(None, None)"),
    "3.12: attention does not promote its halves": (
        "    query = cast(query, compute_dtype)\n    key = cast(key, compute_dtype)\n    value = cast(value, compute_dtype)\n\n    num_query", "    num_query"),
    "3.8: attention in half precision multiplies in half precision": (
        "tf.nn.softmax(tf.cast(padded_logits, probs_dtype), axis=-1), key.dtype", "tf.nn.softmax(tf.cast(padded_logits, key.dtype), axis=-1), key.dtype"),
    "3.15: grouped queries on TensorFlow are of the first groups": (
        "tf.repeat(key,", "tf.repeat(key[:, :, :1],"),
}, {"3.15: depthwise convolutions of channels first are refused": "TensorFlow 2.21 computes them on a CPU as they are"}) + faults("put back: TensorFlow's tensors", TF + "numpy", {
    "3.12: arange takes the dtype of its start": (
        "        if step is not None:\n            dtypes_to_resolve.append(getattr(step, \"dtype\", type(step)))\n", ""),
    "3.12: sums of short whole numbers are short": (
        '    if dtype in ("bool", "int8", "int16"):\n        dtype = "int32"\n    elif dtype in ("uint8", "uint16"):\n        dtype = "uint32"\n    x = cast(x, dtype)\n    if isinstance',
        '    if dtype in ("bool",):\n        dtype = "int32"\n    x = cast(x, dtype)\n    if isinstance'),
    "3.14: flipped along several axes, the first alone is": ("        return tf.reverse(x, axis)\n\n\ndef fliplr", "        return tf.reverse(x, axis[:1])\n\n\ndef fliplr"),
    "3.10: places from the end are those of the beginning": (
        "return tf.where(i < 0, i + tf.cast(tf.shape(x)[axis], i.dtype), i)", "return tf.where(i < 0, i * 0, i)"),
})

JAX = faults("put back: JAX's trainer", JX + "trainer", {
    "3.14: evaluate on JAX tells arrays": (TOLD, TOLD.replace("pythonify_logs(self._get_metrics_result_or_logs(logs))", "self._get_metrics_result_or_logs(logs)")),
    "3.14: train_on_batch and test_on_batch on JAX tell arrays": (
        "        logs = pythonify_logs(logs)\n", "        logs = tree.map_structure(lambda x: np.array(x), logs)\n", 2),
    "3.15: train_on_batch on JAX goes on with metrics": (
        "        self.make_train_function()\n        self.reset_metrics()\n", "        self.make_train_function()\n"),
    "3.12: on JAX the first of several inputs may not be left out": (
        "next(\n                    i for i in tree.flatten(x) if i is not None\n                ).shape[0]", "tree.flatten(x)[0].shape[0]"),
    "3.10: a training that raises leaves no weights": (
        "        finally:\n            self.jax_state_sync()\n", "        finally:\n"),
    "3.9: predict leaves no weights": (
        '                    "trainable_variables": trainable_variables,\n                    # I would', "                    # I would"),
    "3.9: predict_on_batch leaves no weights": (
        '            "trainable_variables": trainable_variables,\n            "non_trainable_variables": non_trainable_variables,\n        }\n        self.jax_state_sync()\n        batch_outputs', '            "non_trainable_variables": non_trainable_variables,\n        }\n        self.jax_state_sync()\n        batch_outputs'),
    "3.5: evaluate of no batch raises": (
        "        logs = {}\n        self.reset_metrics()\n\n        self._jax_state_synced", "        logs = None\n        self.reset_metrics()\n\n        self._jax_state_synced"),
    "3.7: fit on JAX begins generators twice": ("        epoch_iterator.reset()\n\n        # Container", "        # Container", 2),
}, {"3.9: predict_on_batch leaves no weights": "nothing takes its weights away"}) + faults("put back: JAX's optimizer", JX + "optimizer", {
    "3.5: accumulated steps are counted in updates": ("                self._iterations + 1\n", "                self.iterations + 1\n"),
    "3.5: accumulated gradients are not clipped": (
        "            # Apply clipping and weight decay.\n            grads = self._clip_gradients(grads)\n            self._apply_weight_decay(trainable_variables)\n\n            self._backend_update_step(\n                grads, trainable_variables, self.learning_rate\n            )\n            new_trainable",
        "            self._backend_update_step(\n                grads, trainable_variables, self.learning_rate\n            )\n            new_trainable"),
    "3.10: every step on JAX counts twice": (
        "        if self.use_ema:\n            self._update_model_variables_moving_average", "        self._iterations.assign_add(1)\n        if self.use_ema:\n            self._update_model_variables_moving_average"),
    "3.4: averages accumulate between updates": (
        "self._accumulated_gradients[self._get_variable_index(v)]\n                for v in trainable_variables", "self._accumulated_gradients[i]\n                for i, v in enumerate(trainable_variables)"),
}) + faults("put back: JAX's tensors", JX + "core", {
    "3.14: gradients of one's own take no variables": ("            lambda x: x.value if isinstance(x, KerasVariable) else x,\n", "            lambda x: x,\n"),
    "3.6: gradients of variables cannot be stopped": (
        "    if isinstance(variable, Variable):\n        variable = variable.value\n    return jax.lax.stop_gradient", "    return jax.lax.stop_gradient"),
    "3.5: what is told beforehand draws": ("StatelessScope(), SymbolicScope():", "StatelessScope():"),
    "3.12: open axes are told as sizes": ("d if isinstance(d, int) else None for d in x.shape", "d if isinstance(d, int) else 83 for d in x.shape", 2),
    "3.12: open axes may be of one": ('constraints=["dynamic_dimension>=2"]', "constraints=[]"),
}) + faults("put back: JAX's tensors", JX + "export", {
    "3.9: exported: what is kept has the dtype that it is given": ("var.assign(tf.cast(new_value, var.dtype))", "var.assign(new_value)"),
}) + faults("put back: JAX's tensors", JX + "random", {
    "3.14: on JAX a dropout of everything divides by zero": (
        "    if rate == 1.0:\n        return jax.numpy.zeros_like(inputs)\n", ""),
}) + faults("put back: JAX's tensors", JX + "nn", {
    "3.12: CTC in half precision is float32": (
        "        target, num_classes=num_classes, dtype=logprobs.dtype\n", "        target, num_classes=num_classes\n"),
    "3.12: attention on JAX does not promote its halves": (
        "    query = cast(query, compute_dtype)\n    key = cast(key, compute_dtype)\n    value = cast(value, compute_dtype)\n    if bias", "    if bias"),
    "3.13: convolutions of nothing give nothing": ("if result.size == 0 and inputs.size != 0:", "if False:"),
}) + faults("put back: JAX's loop", JX + "rnn", {
    "3.10: masked stacks hold the first cell's output": ("output_tm1 = states[-1][0]", "output_tm1 = states[0][0]"),
    "3.10: masked stacks hold the first cell's states alone": (
        "                new_states = tree.map_structure(\n                    lambda s, ns: jnp.where(is_masked, s, ns),\n                    states,\n                    new_states,\n                )",
        "                new_states = [tree.map_structure(lambda s, ns: jnp.where(is_masked, s, ns), states[0], new_states[0]), *new_states[1:]]"),
})
ALL: tuple[Fault, ...] = (*TENSORFLOW, *JAX)
